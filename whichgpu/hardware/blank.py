"""Why a field of a device is blank: it does not apply, or its maker publishes none, or nobody read it.

The reasons are in `data/blank.toml`, the first that fits a field and a device.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store
from whichgpu.hardware.fields import FIELDS
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.hardware.gpu import Gpu

#: The answers, in the order in which they are told; `OPEN` is that of a blank without a reason.
APPLIES, PUBLISHED, OPEN = "does not apply", "not published", "not read"
_NOT = "not_"
#: The reason why a part has none.
NOT_IN_HARDWARE = "not in its hardware"


#: What the file tells of a blank.
_TOLD = ("answer", "why", "source", "has", "units", "sold")


class Blank(NamedTuple):
    """Why there is no value: the answer, the reason in a few words, and the source of the reason or ''.

    `has` is whether the part has what the field counts, where the reason settles that as well, and `units`
    what that is called; `sold` is false of a part that is let by the hour and sold to nobody.
    """

    answer: str
    why: str
    source: str = ""
    has: bool | None = None
    units: str = ""
    sold: bool = True

    def to_dict(self) -> dict[str, str]:
        """As plain data: why there is no value."""
        return {"answer": self.answer, "why": self.why, "source": self.source}


class _Rule(NamedTuple):
    of: Mapping[str, Sequence[Any]]
    blank: Blank


def blank(gpu: Gpu, field: str) -> Blank | None:
    """Why a field of a device has no value; None where it has one."""
    if gpu.glance(field) is not None:
        return None
    found = (rule.blank for rule in _rules().get(field, ()) if fits(rule.of, gpu))
    return next(found, Blank(OPEN, ""))


def is_not_in_hardware(gpu: Gpu, field: str) -> bool:
    """Whether a part surely lacks what a field is of."""
    found = blank(gpu, field)
    return found is not None and found.why == NOT_IN_HARDWARE


def blanks(gpu: Gpu) -> Iterator[tuple[str, Blank]]:
    """Every field of a device without a value, with the reason, in the order of the catalogue."""
    known = {*gpu.fields()}
    for field in FIELDS:
        if field not in known and (reason := blank(gpu, field)):
            yield field, reason


def fits(of: Mapping[str, Sequence[Any]], gpu: Gpu) -> bool:
    """Whether a device is of the parts that a rule is about: all that its keys say is true of it."""
    return all(
        (_told(gpu, key.removeprefix(_NOT)) in meant) != key.startswith(_NOT) for key, meant in of.items()
    )


def _told(gpu: Gpu, key: str) -> Any:
    """What a part of its identity or a field says of a device; `gpu` is its id."""
    if key == "gpu":
        return gpu.id
    return gpu.glance(key) if key in FIELDS else getattr(gpu, key)


@cache
def _rules() -> Mapping[str, tuple[_Rule, ...]]:
    """The reasons by field, in the order of the file."""
    found: dict[str, tuple[_Rule, ...]] = {}
    for row in store.load("blank")["blank"]["blank"]:
        told = {key: row[key] for key in _TOLD if key in row}
        rule = _Rule(row["of"], Blank(**told))
        for field in row["fields"]:
            found[field] = (*found.get(field, ()), rule)
    return found
