"""A pen that remembers which cells it wrote: no sentence can state a number without naming its cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.comparison.model import Cell, Sentence
from whichgpu.planner.comparison.rows import cell
from whichgpu.planner.comparison.words import (
    EQUAL,
    amount,
    listed,
    more,
    quantity,
    ratio_words,
    sentence,
    unit,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whichgpu.planner.comparison.model import CellId, View


class Pen:
    """Writes one sentence; every value it gives out is noted as a cell that the sentence rests on."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.cells: dict[CellId, None] = {}

    def rests_on(self, field: str, *gpus: str) -> None:
        """Note cells whose absence or presence a sentence speaks of."""
        self.cells.update(((gpu, field), None) for gpu in gpus)

    def each(self, texts: Iterable[str]) -> Iterator[tuple[str, tuple[CellId, ...]]]:
        """Each of several texts that this pen writes, with the cells that it alone rests on."""
        before, self.cells = self.cells, {}
        for text in texts:
            yield text, tuple(self.cells)
            before.update(self.cells)
            self.cells = {}
        self.cells = {**before, **self.cells}

    def name(self, gpu: str) -> str:
        """What the GPU is called in a sentence."""
        if gpu in self.view.words:
            return self.view.words[gpu]
        from whichgpu.planner.comparison.words import short_name

        return short_name(self.view.others[gpu])

    def names(self, gpus: Iterable[str]) -> str:
        """`the A10 and the A100`."""
        return listed(f"the {self.name(gpu)}" for gpu in gpus)

    def value(self, gpu: str, field: str) -> float:
        """The number of a cell, 0 where there is none."""
        self.rests_on(field, gpu)
        known = self._cell(gpu, field)
        return float(known.value) if known and isinstance(known.value, int | float) else 0.0

    def amount(self, gpu: str, field: str) -> str:
        """A cell's number without its unit."""
        return amount(self.value(gpu, field), self._dimension(field))

    def quantity(self, gpu: str, field: str) -> str:
        """A cell's number with its unit."""
        return quantity(self.value(gpu, field), self._dimension(field))

    def text(self, gpu: str, field: str) -> str:
        """A cell's text."""
        self.rests_on(field, gpu)
        known = self._cell(gpu, field)
        return known.text if known else ""

    def ratio(self, gpu: str, other: str, field: str) -> str:
        """How many times the other's value: `2.66x`, or `the same` within what counts as equal."""
        ratio = self.value(gpu, field) / self.value(other, field)
        return ratio_words(ratio) if max(ratio, 1 / ratio) > EQUAL else "the same"

    def against(self, gpu: str, other: str, field: str) -> str:
        """`2,039 against 768 GB/s`."""
        return f"{self.amount(gpu, field)} against {self.quantity(other, field)}"

    def more(self, gpu: str, other: str, field: str, noun: str) -> str:
        """`2.66x the memory bandwidth of the A10`, `12 % more cores than the A10`."""
        ratio = self.value(gpu, field) / self.value(other, field)
        return f"{more(ratio, noun)} the {self.name(other)}"

    def lead(self, field: str, noun: str, *, few: str = "most") -> str:
        """Who has most (or least) of what all have, as a clause; of a pair with the ratio.

        Empty where fewer than two GPUs have a number. Equal values say so.
        """
        known = tuple(self.view.ranked(field))
        if len(known) < 2:
            return ""
        first, *rest = known
        if self._equal(known, field):
            who = "both" if len(known) == 2 else "all"
            return f"{who} have the same {noun} ({self._shared(known, field)})"
        if self.view.pair:
            return (
                f"the {self.name(first)} has {self.more(first, rest[0], field, noun)} "
                f"({self.against(first, rest[0], field)})"
            )
        behind = ", ".join(
            f"{self._how(first, key, field)} the {self.name(key)} ({self.amount(key, field)})" for key in rest
        )
        return f"the {self.name(first)} has the {few} {noun}, {self.quantity(first, field)}: {behind}"

    def _how(self, first: str, key: str, field: str) -> str:
        ratio = self.ratio(first, key, field)
        return "as much as" if ratio == "the same" else ratio

    def _equal(self, keys: tuple[str, ...], field: str) -> bool:
        values = [self.value(key, field) for key in keys]
        return max(values) / min(values) <= EQUAL

    def _shared(self, keys: tuple[str, ...], field: str) -> str:
        texts = dict.fromkeys(self.amount(key, field) for key in keys)
        return " and ".join(texts) + f" {unit(self._dimension(field))}".rstrip()

    def say(self, topic: str, text: str, gpu: str = "") -> Sentence:
        """The finished sentence with the cells written so far."""
        return Sentence(sentence(text), tuple(self.cells), topic, gpu)

    def _dimension(self, field: str) -> str:
        return self.view.rows[field].dimension

    def _cell(self, gpu: str, field: str) -> Cell | None:
        if gpu not in self.view.words:
            fact = self.view.others[gpu].fact(field)
            return cell(field, fact) if fact else None
        return self.view.cell(gpu, field)
