"""A whole question where a model is asked for: the pages that can answer it, with what it tells filled in.

A page is one of them where every field that it needs is told; those whose title or button has words of the
question come first.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from annotated_types import MinLen

from whichgpu.errors import WhichGpuError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from whichgpu.web.page import Page

#: Fewer words are a name, and more characters a text; the most pages, and GPUs.
_WORDS, _LONGEST, _MOST = 3, 400, 6
#: Words of titles and buttons that any question has.
_ANY = {"a", "does", "how", "is", "it", "of", "or", "what", "will", "gpu", "gpus", "job"}
#: Lists whose every GPU has a page of its own.
_EACH = ("/gpus", "/prices")


class Door(NamedTuple):
    """A page that answers: its title, what it would be asked, where that is."""

    title: str
    said: str
    url: str


def doors(text: str, pages: Iterable[Page]) -> list[Door]:
    """The pages that answer a question, what it tells in their addresses; none of what is only a name."""
    if len(text.split()) < _WORDS or len(text) > _LONGEST:
        return []
    told, said = _told(text), _words(text)
    found = [(page, stated) for page in pages if (stated := _stated(page, told))]
    found.sort(key=lambda one: -_near(one[0], one[1], told, said))
    return [_door(page, stated) for page, stated in found[:_MOST]]


def _near(page: Page, stated: Mapping[str, Any], told: Mapping[str, Any], said: set[str]) -> int:
    """How near a page is to a question: words of its own that are said, and what it alone can take."""
    own = ["quote" in stated, "framework" in stated, _fewest(page) > 1 < len(stated.get("gpu", ()))]
    own.append(stated.get("measured") not in (None, told.get("target")))
    return len((_words(f"{page.title} {page.button}") - _ANY) & said) + sum(own)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def _door(page: Page, stated: Mapping[str, Any]) -> Door:
    if page.path in _EACH:
        name = stated["gpu"][0].partition(":")[0]
        return Door(page.title, name, f"{page.path}/{quote(name)}")
    pairs = [
        (name, str(one))
        for name, value in stated.items()
        for one in (value if isinstance(value, list | tuple) else [value])
    ]
    said = ", ".join(f"{page.ask.model_fields[name].title} {value}" for name, value in pairs)
    return Door(page.title, said, f"{page.path}?{urlencode(pairs)}")


def _told(text: str) -> dict[str, Any]:
    """What a question tells, by the names of fields; what a page reads whole is the question."""
    from whichgpu.audit.measurement import heard
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.prices.quote import OpenVariant, read_quote
    from whichgpu.software.frameworks import mentioned

    found = heard(text, catalogue())
    speeds = [(said, one) for said, one in found.pop("quoted") if one.sense]
    if options := found.pop("options", ()):
        found["option"] = list(options)
    if "workload" not in found:
        with suppress(WhichGpuError):
            with suppress(OpenVariant):
                read_quote(text, catalogue())
            found["quote"] = text
        return found | {"framework": list(mentioned(text))}
    found["gpus"] = found.get("gpu", [])
    for said, one in reversed(speeds):
        if one.passes or one.metric != "throughput":
            found["measured"] = said
        elif _is_target(said, found["workload"]):
            found |= {"target": said, "measured": said}
    return found


def _is_target(figure: str, workload: str) -> bool:
    """Whether a figure is so much work of a workload, and no price or share of a day."""
    from whichgpu import api
    from whichgpu.planner.wishes import read_target
    from whichgpu.workloads.workload import resolve

    model = resolve(workload)
    with suppress(WhichGpuError):
        read_target(figure, model, model.complete(api.job(workload)))
        return True
    return False


def _stated(page: Page, told: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a page that are told; empty where one that it needs is not."""
    fields = page.ask.model_fields
    if page.path in _EACH:
        return {} if "workload" in told or len(told.get("gpu", ())) != 1 else {"gpu": told["gpu"]}
    stated = {name: value for name, value in told.items() if name in fields and value}
    if "gpu" in stated and not (_fewest(page) <= len(stated["gpu"]) <= _most(page)):
        del stated["gpu"]
    needed = {name for name, field in fields.items() if field.is_required()}
    needed |= {"gpu", "measured"} if "measured" in fields else set()
    return stated if needed and needed <= stated.keys() else {}


def _fewest(page: Page) -> int:
    """How many GPUs a page asks for at least."""
    field = page.ask.model_fields.get("gpu")
    return (
        max((one.min_length for one in field.metadata if isinstance(one, MinLen)), default=1) if field else 1
    )


def _most(page: Page) -> int:
    """How many GPUs a page takes."""
    return _MOST if "list" in str(page.ask.model_fields["gpu"].annotation) else 1
