"""How well each field is known: of how many devices, from what, read when; what was decided in disputes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from whichgpu.facts import reading
from whichgpu.facts.model import KINDS
from whichgpu.hardware.blank import blank
from whichgpu.hardware.check import disagree
from whichgpu.hardware.fields import FIELDS
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.facts.model import Fact
    from whichgpu.hardware.catalogue import Catalogue


class Known(NamedTuple):
    """One field over the catalogue: `known` of `devices`, by kind, when read (ISO dates), how often disputed.

    `checked` counts the devices of which more than one source was read; `blank` those without a value, by
    answer: it does not apply, it is not published, or nobody read it.
    """

    field: str
    devices: int
    known: int
    kinds: Mapping[str, int]
    oldest: str
    newest: str
    checked: int
    disputed: int
    blank: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**self._asdict(), "kinds": dict(self.kinds), "blank": dict(self.blank)}


class Dispute(NamedTuple):
    """Two sources that differ on a figure: the fact in use, the other, and why this one was taken."""

    gpu: str
    field: str
    used: Fact
    other: Fact

    @property
    def why(self) -> str:
        """What the data file notes of the choice, else that the more trusted kind of source goes first."""
        if self.other.note:
            return f"the other is {self.other.note}" if self.other.note[:2] == "a " else self.other.note
        if self.used.note:
            return self.used.note
        if KINDS.index(self.used.kind) < KINDS.index(self.other.kind):
            return f"{self.used.kind} goes before {self.other.kind}"
        return "the first that was read"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in SI."""
        return {
            "gpu": self.gpu, "field": self.field, "why": self.why,
            "used": {"value": self.used.value, "text": self.used.text, "source": self.used.source},
            "other": {"value": self.other.value, "text": self.other.text, "source": self.other.source},
        }  # fmt: skip


def known(catalogue: Catalogue) -> tuple[Known, ...]:
    """Every field that any device has, in the order of the catalogue."""
    found = []
    for name in FIELDS:
        stated = [facts for gpu in catalogue.values() if (facts := gpu.stated(name))]
        if not stated:
            continue
        dates = sorted(date for facts in stated if (date := read_on(facts[0])))
        found.append(Known(
            name, len(catalogue), len(stated), dict(Counter(facts[0].kind for facts in stated).most_common()),
            dates[0] if dates else "", dates[-1] if dates else "",
            sum(len(facts) > 1 or len(facts[0].sources) > 1 for facts in stated),
            sum(any(disagree(facts[0], other) for other in facts[1:]) for facts in stated),
            Counter(reason.answer for gpu in catalogue.values() if (reason := blank(gpu, name))),
        ))  # fmt: skip
    return tuple(found)


def disputes(catalogue: Catalogue) -> Iterator[Dispute]:
    """Every figure on which two sources differ by more than 2 %, or in words."""
    for gpu in catalogue.values():
        for name in gpu.fields():
            used, *others = gpu.stated(name)
            yield from (Dispute(gpu.id, name, used, other) for other in others if disagree(used, other))


def read_on(fact: Fact) -> str:
    """When a fact was read: its own date, else the latest of its sources; empty for what is derived."""
    listed = reading.sources()
    return fact.as_of or max((listed[key].accessed for key in fact.sources if key in listed), default="")
