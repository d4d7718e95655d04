"""A use outside the cost model: what it is called, what a GPU must have for it, and what it goes by."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store
from whichgpu.hardware.fields import FIELDS
from whichgpu.units import number
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.hardware.gpu import Gpu

#: Outputs that carry 4K at 60 Hz, with the first version that does.
_FIRST_4K = {"displayport": 1.2, "mini-displayport": 1.2, "hdmi": 2.0, "mini-hdmi": 2.0}
_OUTPUT = r"(\d+)x\s+([A-Za-z-]+(?: Type-C)?)\s*(\d+\.\d+)?"


@immutable
class Use:
    """A use: its title, what a GPU must have, the specification it goes by, and what else decides.

    `desktop` is the memory of one desktop where users share the cards, as the data state it.
    """

    id: str
    title: str
    needs: tuple[str, ...]
    by: str
    specs: tuple[str, ...]
    notes: tuple[str, ...]
    term: str = "on-demand"
    desktop: str = ""

    @property
    def label(self) -> str:
        """The specification that it goes by, in words."""
        return _LABELS.get(self.by) or FIELDS[self.by].label

    @property
    def unit(self) -> str:
        """What the specification is counted in: TFLOPS, GB/s, GiB; nothing of a count."""
        return _UNITS.get(FIELDS[self.by].dimension, ("", 1.0))[0] if self.by in FIELDS else ""

    def amount(self, score: float) -> str:
        """So much of the specification in words: `82.6 TFLOPS of FP32`, `12 desktops`."""
        if self.unit:
            return f"{number(score, 3)} {self.unit} of {self.label}"
        return f"{score:g} {self.label if score != 1 else _ONE.get(self.by, self.label)}"


_LABELS = {
    "outputs_4k": "outputs that carry 4K at 60 Hz",
    "encoders": "video encoders",
    "desktops": "desktops",
}
#: The same of one.
_ONE = {"outputs_4k": "output that carries 4K at 60 Hz", "encoders": "video encoder", "desktops": "desktop"}
_UNITS = {
    "flop rate": ("TFLOPS", 1e12), "op rate": ("TOPS", 1e12), "bandwidth": ("GB/s", 1e9),
    "memory": ("GiB", 2.0**30),
}  # fmt: skip


def use(name: str) -> Use | None:
    """The use that a name means; None where it means none."""
    key = _key(name)
    spelled = {one: {one, *table["names"]} for one, table in _tables().items()}
    exact = [one for one, said in spelled.items() if key in said]
    found = next(iter(exact or _by_words(key, spelled)), None)
    if found is None:
        return None
    table = _tables()[found]
    return Use(
        found, table["title"], tuple(table["needs"]), table["by"], tuple(table["specs"]),
        tuple(table["notes"]), table.get("term", "on-demand"), table.get("desktop", [""])[0],
    )  # fmt: skip


#: Words around the name of a use that do not change it.
_AROUND = frozenset((
    "a", "an", "the", "for", "in", "with", "and", "of", "on", "some", "my", "work", "workstation", "pc",
    "4k", "8k", "remote", "cloud", "card", "gpu", "server",
))  # fmt: skip


def _by_words(key: str, spelled: Mapping[str, set[str]]) -> list[str]:
    """The one use of which every word is a name or part of one: `video-transcoding`."""
    left = [word for word in key.split("-") if word not in _AROUND and not word.isdigit()]
    if exact := [one for one, said in spelled.items() if "-".join(left) in said]:
        return exact
    words = set(left)
    found = [one for one, said in spelled.items()
             if words and words <= {part for name in said for part in (name, *name.split("-"))}]  # fmt: skip
    return found if len(found) == 1 else []


def names() -> tuple[str, ...]:
    """The uses by id."""
    return tuple(_tables())


def drivers(gpu: Gpu) -> str:
    """What drivers a card of its segment runs."""
    table = store.load("uses")["uses"]["drivers"]
    return str(table.get(gpu.segment, ""))


def score(one: Use, gpu: Gpu) -> float | None:
    """What a GPU has of the specification that a use goes by."""
    if one.by == "outputs_4k":
        return outputs_4k(str(gpu.value("display_outputs") or ""))
    value = gpu.value(one.by)
    if one.by == "encoders":
        counted = re.match(r"(\d+)", str(value or ""))
        return float(counted[1]) if counted else None
    if value is None:
        return None
    return float(value) / _UNITS.get(FIELDS[one.by].dimension, ("", 1.0))[1]


def outputs_4k(text: str) -> float | None:
    """How many outputs of `1x HDMI 2.1, 3x DisplayPort 1.4a` carry 4K at 60 Hz; None where none is read."""
    found = re.findall(_OUTPUT, text)
    if not found:
        return None
    able = (
        int(count)
        for count, kind, version in found
        if kind.lower().startswith("usb") or float(version or 0.0) >= _FIRST_4K.get(kind.lower(), 99.0)
    )
    return float(sum(able))


@cache
def _tables() -> Mapping[str, Any]:
    tables: Mapping[str, Any] = store.load("uses")["uses"]["use"]
    return tables


def _key(text: str) -> str:
    return "-".join(text.strip().lower().replace("_", " ").replace("-", " ").split())
