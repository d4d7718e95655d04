"""What was looked up at its maker's and is not on file from there: a database or a shop is in use instead.

The look-ups are in `data/sought.toml`, the first that fits a field and a device.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store
from whichgpu.hardware.blank import PUBLISHED, fits
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.hardware.gpu import Gpu

#: The answers of a look-up, and that of a figure without one: `blank.PUBLISHED` where pages were read that do
#: not state it, and these where none was found, and where nobody looked.
NOT_FOUND, NOT_SOUGHT = "not found", "not looked up"
ANSWERS = (PUBLISHED, NOT_FOUND)
#: Kinds of facts that their maker may state as well.
SECOND_HAND = ("database", "reseller")


class Sought(NamedTuple):
    """A look-up at the maker's: its answer, what was read, the sources that stand for it, and the day."""

    answer: str
    read: str
    sources: tuple[str, ...]
    on: str


class _Rule(NamedTuple):
    of: Mapping[str, Sequence[Any]]
    sought: Sought


def sought(gpu: Gpu, field: str) -> Sought | None:
    """The look-up of a figure that is second-hand; None where its maker states it or nobody looked."""
    fact = gpu.fact(field)
    if fact is None or fact.kind not in SECOND_HAND:
        return None
    return next((rule.sought for rule in _rules().get(field, ()) if fits(rule.of, gpu)), None)


@cache
def _rules() -> Mapping[str, tuple[_Rule, ...]]:
    """The look-ups by field, in the order of the file."""
    found: dict[str, tuple[_Rule, ...]] = {}
    for row in store.load("sought")["sought"]["sought"]:
        rule = _Rule(row["of"], Sought(row["answer"], row["read"], tuple(row["source"]), row["on"]))
        for field in row["fields"]:
            found[field] = (*found.get(field, ()), rule)
    return found
