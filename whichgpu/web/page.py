"""A page: a file of `whichgpu/web/pages/` whose `PAGE` says its path, its question and how it is answered.

`handler` does for every page what is alike: it reads the question from the address, has it answered, shows
the answer or what is wrong with the question, or hands out one table or chart of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from whichgpu.errors import WhichGpuError
from whichgpu.report.svg import slug
from whichgpu.values import NamedTuple
from whichgpu.web import heard as heard_
from whichgpu.web import parts, saved, view
from whichgpu.web.address import Address
from whichgpu.web.asks import Ask
from whichgpu.web.forms import blamed, fields
from whichgpu.web.gate import Refused
from whichgpu.web.problems import told, unfit
from whichgpu.web.resource import ROOT, client
from whichgpu.web.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whichgpu.report.table import Report

#: Pages hold for a moment, so that a change is soon seen.
_CACHED = "public, max-age=60"


class Page(NamedTuple):
    """A page: `answer(ask, name)` is a report or, as text, where to go; `form` the fields that are seen.

    `order` is its place in the list of pages (0: not in it), `under` the page that it belongs to, whose tabs
    (`tab`, else the title) stand over both; `groups` are more fields under a name each; `api` is the same
    answer for programs, `command` the same in a terminal (`whichgpu.web.saved`); with a `task` a text is sent
    to it, at first `text` (`whichgpu.web.sent`). `named` is the field that holds what the path names;
    `unstated` what the page asks where a field is left empty, which programs and commands must say.
    """

    path: str
    title: str
    lead: str
    ask: type[Ask] = Ask
    answer: Callable[[Any, str], Report | str] | None = None
    form: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    order: int = 0
    command: str = ""
    under: str = ""
    tab: str = ""
    heavy: bool = False
    api: str = ""
    examples: tuple[tuple[str, str], ...] = ()
    always: bool = False
    button: str = "Show"
    task: str = ""
    text: str = ""
    named: str = ""
    unstated: tuple[tuple[str, str], ...] = ()


def pages() -> list[Page]:
    """Every page of the files in `pages/`."""
    files = sorted((Path(__file__).parent / "pages").glob("[!_]*.py"))
    found = [getattr(import_module(f"whichgpu.web.pages.{file.stem}"), "PAGE", ()) for file in files]
    return [page for one in found for page in ((one,) if isinstance(one, Page) else one)]


def handler(page: Page) -> Any:
    """What answers a request for a page."""

    async def handle(request: Request) -> Response:
        address = Address(request.url.path, tuple(request.query_params.multi_items()))
        name = str(request.path_params.get("name", ""))
        given = _given(address)
        try:
            ask = page.ask.model_validate(given) if given or page.always else None
            report = None if ask is None else await _report(request, page, ask, name)
        except ValidationError as fault:
            said = 422, unfit(fault, page.ask)
            return draw(request, page, address, given, fault=said, heard=await _heard(request, page, given))
        except (WhichGpuError, Refused) as fault:
            return draw(
                request, page, address, given, fault=told(fault), heard=await _heard(request, page, given)
            )
        if isinstance(report, str):
            return RedirectResponse(report, 303)
        if report is not None and address.value("as"):
            assert ask is not None
            return await _part(request, page, report, address, ask)
        return draw(request, page, address, given, report=report, ask=ask)

    return handle


async def _heard(request: Request, page: Page, given: Mapping[str, Any]) -> list[heard_.Door]:
    """The pages that can answer what stands in place of a model, if that is a whole question."""
    text = given.get("workload")
    # A page that reads a sentence itself says what it lacks.
    if not isinstance(text, str) or "measured" in page.ask.model_fields:
        return []
    with suppress(Refused):
        return await request.app.state.gate.run(  # type: ignore[no-any-return]
            client(request), lambda: heard_.doors(text, _every(request.app.state))
        )
    return []


def _every(state: Any) -> list[Page]:
    """Every page where one asks, those beside another among them."""
    return [door for one in state.pages for door in state.tabs.get(one.path, [one])]


def _given(address: Address) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in address.asked():
        given[name] = (
            [*given[name], value]
            if isinstance(given.get(name), list)
            else ([given[name], value] if name in given else value)
        )
    return {name: value for name, value in given.items() if value not in ("", [""])}


async def _report(request: Request, page: Page, ask: Ask, name: str) -> Report | str:
    """The answer, which is kept for a moment: its charts and tables are asked for by themselves."""
    known = request.app.state.reports
    key = page.path, name, ask.model_dump_json()
    if (found := known.get(key)) is None:
        answer = page.answer
        assert answer is not None
        found = await request.app.state.gate.run(client(request), lambda: answer(ask, name), heavy=page.heavy)
        known.put(key, found)
    return found  # type: ignore[no-any-return]


async def _part(request: Request, page: Page, report: Report, address: Address, ask: Ask) -> Response:
    try:
        body, kind, file = await request.app.state.gate.run(
            client(request),
            lambda: part(page, report, address, ask, name=str(request.path_params.get("name", ""))),
        )
    except (WhichGpuError, Refused) as fault:
        status, detail = told(fault)
        return Response(f"{detail}\n", status, media_type="text/plain")
    return Response(
        body, media_type=kind, headers={"Cache-Control": _CACHED, **parts.disposition(request.method, file)}
    )


def part(
    page: Page, report: Report, address: Address, ask: Ask, *, name: str = "", annotated: str = ""
) -> tuple[bytes, str, str]:
    """One table or chart of an answer, or all of it as a document: its bytes, media type and file name.

    Raises `WhichGpuError` where there is no such part, or the document would be too large.
    """
    if (address.value("as"), address.value("table"), address.value("chart")) != ("html", "", ""):
        return parts.part(report.blocks, address, Words(page.ask.model_fields, address).plain)
    title = _title(page, report, name)
    said = saved.script(page, ask, name)
    return saved.document(title, report, annotated, said), "text/html", f"{slug(title) or 'answer'}.html"


def _form(page: Page, given: Mapping[str, Any], wrong: str) -> dict[str, Any]:
    """The fields of a page, and in groups those that are folded; `opened` where one of these is `wrong`."""
    groups = page.groups or ((("", page.more),) if page.more else ())
    hidden = [one for _, names in groups for one in names]
    # What is stated is seen; what is not stays folded, so that the answer is not far below.
    stated = [] if page.task else [one for one in hidden if one in given]
    return {
        "form": fields(page.ask, (*page.form, *stated), given),
        "groups": [
            (legend, fields(page.ask, rest, given))
            for legend, names in groups
            if (rest := [one for one in names if one not in stated])
        ],
        "opened": wrong in hidden and wrong not in stated,
    }


def draw(
    request: Request, page: Page, address: Address, given: Mapping[str, Any], *,
    report: Report | None = None, fault: tuple[int, str] | None = None, annotated: str | None = None,
    pictures: Mapping[str, Mapping[str, str]] | None = None, ask: Ask | None = None, fresh: bool = False,
    heard: Sequence[heard_.Door] = (),
) -> Response:  # fmt: skip
    """The page with the answer, or with what is wrong with the question."""
    name = str(request.path_params.get("name", ""))
    state = request.app.state
    if page.named:
        given = {page.named: name.split("-vs-"), **given}
    said = fault[1] if fault else ""
    wrong = blamed(page.ask, said, given) if said else ""
    # A question in place of a name is no fault of its field.
    heard = heard if wrong == "workload" else ()
    wrong = "" if heard else wrong
    words = Words(page.ask.model_fields, address)
    fault_of = _sentence(_titled(said, page.ask, wrong), given)
    context = {
        **_form(page, given, wrong),
        **(_of_report(page, address, given, report, name) if report else _NO_REPORT),
        "page": page,
        "title": _title(page, report, name),
        "pages": state.pages,
        "tabs": _tabs(state.tabs, page),
        "doors": _every(state)[1:],
        "heard": heard,
        "given": given,
        "pieces": view.shown(report.blocks, address, pictures or {}) if report else [],
        "fault": words.instead(fault_of, wrong, _text(given.get(wrong, ""))) if said else "",
        "wrong": wrong,
        "words": words,
        "action": page.path if "{" not in page.path else address.path,
        "link": address.whole(),
        "here": address.with_(),
        "whole": address.with_(**{"as": "html"}),
        "command": saved.command(page, ask, name) if ask is not None and report else "",
        "static": state.static,
        "annotated": annotated or "",
    }
    text = state.templates.get_template("page.html").render(context)
    headers = {"Cache-Control": _CACHED if not fault and (annotated is None or fresh) else "no-store"}
    if fault and fault[0] in (429, 503):
        headers["Retry-After"] = "2"
    return Response(text, fault[0] if fault else 200, media_type="text/html", headers=headers)


#: What stands on a page beside an answer where there is none.
_NO_REPORT = {"complaint": "", "answered": False, "api": "", "moving": None, "pager": None, "carried": None}


def _of_report(
    page: Page, address: Address, given: Mapping[str, Any], report: Report, name: str
) -> dict[str, Any]:
    """What stands on a page beside its answer."""
    return {
        "complaint": _sentence(report.complaint, given) if report.exit_code else "",
        "answered": bool(given or name),
        "api": _api(page, name, address),
        "moving": _moving(page, address, given),
        "pager": _pager(report, address),
        "carried": address.asked() if address.carried else None,
    }


def _moving(page: Page, address: Address, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """What stands beside the table of prices that move: a form of one field, and the rest of the question."""
    if "change" not in page.ask.model_fields:
        return None
    (field,) = fields(page.ask, ("change",), given)
    rest = [pair for pair in address.asked() if pair[0] != "change"]
    return {**field, "pairs": rest}


def _pager(report: Report, address: Address) -> dict[str, str] | None:
    """Which part of a list this is, and where those beside it are."""
    data = report.data if isinstance(report.data, Mapping) else {}
    total, offset, limit = (data.get(name) for name in ("total", "offset", "limit"))
    if not (isinstance(total, int) and isinstance(offset, int) and isinstance(limit, int)) or total <= limit:
        return None
    last = min(offset + limit, total)
    return {
        "here": f"{min(offset + 1, total):,} to {last:,} of {total:,}",
        "before": address.with_(offset=str(max(offset - limit, 0))) if offset else "",
        "after": address.with_(offset=str(last)) if last < total else "",
    }


def _sentence(text: str, given: Mapping[str, Any]) -> str:
    """With a capital, unless a name stands first, which is written as it is."""
    first = text.partition(" ")[0].rstrip(":,;")
    named = first.lower() in re.split(r"[,:\s]+", " ".join(map(_text, given.values())).lower())
    return text if named or not (first.isalpha() and first.islower()) else text[:1].upper() + text[1:]


def _titled(text: str, model: Any, name: str) -> str:
    """A fault that begins with the name of its field, with what the form calls it."""
    field = model.model_fields.get(name)
    if field is None or not text.startswith(f"{name}:"):
        return text
    return (field.title or name) + text.removeprefix(name)


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _tabs(tabs: Mapping[str, list[Page]], page: Page) -> list[Page]:
    """The pages beside this one, where it has any."""
    return tabs.get(page.under or page.path, [])


def together(all_pages: list[Page]) -> dict[str, list[Page]]:
    """The pages that belong together, by the path of the one that they are under."""
    whole = [one for one in all_pages if "{" not in one.path]
    whole.sort(key=lambda one: not one.tab)
    roots = {one.under for one in all_pages if one.under}
    return {root: [one for one in whole if root in (one.path, one.under)] for root in roots}


def _title(page: Page, report: Report | None, name: str) -> str:
    if report is not None and isinstance(report.data, Mapping):
        own = str(report.data.get("name") or report.data.get("term") or report.data.get("gpu") or "")
        if name and own:
            return f"{page.title}: {own}" if page.path.startswith("/prices") else own
        if isinstance(names := report.data.get("names"), dict) and name:
            return " or ".join(map(str, names.values()))
    if name:
        return f"{page.title}: {name}"
    return page.title


def _api(page: Page, name: str, address: Address) -> str:
    """The address of the same answer for programs."""
    if not page.api:
        return ""
    stated = [pair for pair in address.asked() if pair[1] and pair[0] in page.ask.model_fields]
    query = urlencode([*(pair for pair in page.unstated if pair[0] not in dict(stated)), *stated])
    path = ROOT + page.api.replace("{name}", quote(name.replace("-vs-", ","), safe=","))
    if "?" in path:
        return f"{path}&{query}" if query else path
    return f"{path}?{query}" if query else path
