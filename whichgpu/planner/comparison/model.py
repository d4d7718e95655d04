"""What a comparison is made of: cells in rows, sentences that rest on cells, and the whole.

Named tuples rather than data classes: they are as frozen, and a cold start makes them faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.hardware.architecture import before
from whichgpu.planner.comparison.words import EQUAL, SI_UNITS
from whichgpu.software.features import compiled, unitless
from whichgpu.software.targets import device
from whichgpu.values import NamedTuple, Shown, immutable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.market import Market
    from whichgpu.planner.comparison.work import Work

#: Vendors whose architectures are on file with their predecessors.
LISTED = ("NVIDIA", "AMD")
#: What a sentence rests on: (GPU id, field of a row).
CellId = tuple[str, str]


class Cell(NamedTuple):
    """One value of one GPU: an SI number, a flag or text, as a person writes it, and its evidence."""

    value: Any
    text: str
    source: str
    kind: str

    @property
    def weak(self) -> bool:
        """Whether no source states it: it follows by formula, or is assumed."""
        return self.kind in ("derived", "assumed")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI."""
        return self._asdict()


class Row(NamedTuple):
    """One field of every GPU that has it; `better` is "higher", "lower" or "" where neither is."""

    field: str
    label: str
    group: str
    dimension: str
    better: str
    cells: Mapping[str, Cell]

    def numbers(self, ids: tuple[str, ...]) -> dict[str, float]:
        """The values above zero of the GPUs that have one, best first where one way is better."""
        known = {
            key: float(cell.value)
            for key in ids
            if (cell := self.cells.get(key)) and isinstance(cell.value, int | float) and cell.value > 0
        }
        ranked = sorted(known, key=lambda key: known[key], reverse=self.better != "lower")
        return {key: known[key] for key in ranked}

    def best(self, ids: tuple[str, ...]) -> str:
        """The one GPU that is ahead by more than what counts as equal; empty where none is."""
        known = self.numbers(ids)
        if not self.better or len(known) < 2:
            return ""
        first, second = tuple(known.values())[:2]
        return next(iter(known)) if max(first / second, second / first) > EQUAL else ""

    def ratio(self, ids: tuple[str, ...]) -> float | None:
        """The best over the last of those known, never below 1; None where fewer than two are."""
        known = tuple(self.numbers(ids).values())
        if not self.better or len(known) < 2:
            return None
        return max(known) / min(known)

    def to_dict(self, ids: tuple[str, ...]) -> dict[str, Any]:
        """The contract's shape of a row; a value that was not read is null."""
        return {
            "field": self.field, "label": self.label, "group": self.group,
            "unit": SI_UNITS.get(self.dimension, ""),
            "values": {key: self.cells[key].to_dict() if key in self.cells else None for key in ids},
            "better": self.best(ids) or None, "ratio": self.ratio(ids),
        }  # fmt: skip


class Sentence(NamedTuple):
    """A statement and the cells it rests on; `topic` says what it is about, `gpu` whom a verdict is for.

    `parts` has the cells of each condition of a verdict, in their order.
    """

    text: str
    cells: tuple[CellId, ...]
    topic: str
    gpu: str = ""
    parts: tuple[tuple[CellId, ...], ...] = ()

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        cells = [list(cell) for cell in self.cells]
        return {
            "text": self.text,
            "cells": cells,
            "topic": self.topic,
            **({"gpu": self.gpu} if self.gpu else {}),
        }


class View(NamedTuple):
    """What the sentences read: the GPUs, what to call them, and every cell by id and field.

    `others` are GPUs that are not compared but spoken of: the desktop card of a laptop part's name.
    """

    gpus: tuple[Gpu, ...]
    names: Mapping[str, str]
    words: Mapping[str, str]
    rows: Mapping[str, Row]
    others: Mapping[str, Gpu]
    today: date
    markets: Mapping[str, Market]
    works: tuple[Work, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the GPUs, in order."""
        return tuple(gpu.id for gpu in self.gpus)

    @property
    def one(self) -> str:
        """One of what is compared: `one GPU`, beside a processor `one part`."""
        return "one part" if any(gpu.segment == "cpu" for gpu in self.gpus) else "one GPU"

    @property
    def pair(self) -> bool:
        """Whether there are just two."""
        return len(self.gpus) == 2

    def cell(self, gpu: str, field: str) -> Cell | None:
        """A cell, or None where it was not read."""
        row = self.rows.get(field)
        return row.cells.get(gpu) if row else None

    def number(self, gpu: str, field: str) -> float | None:
        """The number of a cell; None where there is none."""
        cell = self.cell(gpu, field)
        return float(cell.value) if cell and isinstance(cell.value, int | float) else None

    def text(self, gpu: str, field: str) -> str:
        """The text of a cell, empty where it was not read."""
        cell = self.cell(gpu, field)
        return cell.text if cell else ""

    def ranked(self, field: str) -> dict[str, float]:
        """The numbers above zero of a row, best first."""
        row = self.rows.get(field)
        return row.numbers(self.ids) if row else {}

    def all_know(self, field: str) -> bool:
        """Whether every GPU has a number above zero."""
        return len(self.ranked(field)) == len(self.gpus)

    def has(self, gpu: Gpu, precision: str) -> bool | None:
        """Whether a GPU computes in a precision; None where nothing says.

        A peak rate says yes, a compute capability before the first that has it no, as does an architecture
        that is stated to have no matrix units, for what came with those. The list of what an
        architecture computes in says no only where it and the generations before it all lack the precision:
        a rate that was merely not read is missing there too.
        """
        if self.number(gpu.id, precision):
            return True
        if compiled(precision, device(gpu)) is False or unitless(precision, device(gpu)):
            return False
        if gpu.variant is None or not gpu.variant.native or gpu.vendor not in LISTED:
            return None
        earlier = {one for step in before(gpu.architecture) for v in step.variants for one in v.native}
        return None if precision in earlier or precision in gpu.variant.native else False


@immutable
class Comparison(Shown):
    """GPUs side by side: the rows, what follows from them in sentences, prices and workloads."""

    view: View
    answer: Sentence
    takeaways: tuple[Sentence, ...]
    verdicts: tuple[Sentence, ...]

    @property
    def gpus(self) -> tuple[str, ...]:
        """The ids compared."""
        return self.view.ids

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every field that any of them has."""
        return tuple(self.view.rows.values())

    @property
    def title(self) -> str:
        """`A10 or A100 80 GB PCIe`."""
        names = [self.view.names[key] for key in self.gpus]
        return f"{', '.join(names[:-1])} or {names[-1]}"

    def sentences(self) -> Iterator[Sentence]:
        """Every statement that the comparison makes."""
        yield self.answer
        yield from self.takeaways
        for work in self.view.works:
            yield from work.sentences
        yield from self.verdicts

    def __str__(self) -> str:
        lines = [f"{self.title}: {self.answer}", *(f"- {one}" for one in self.takeaways)]
        return "\n".join([*lines, *(str(one) for one in self.verdicts)])

    def _repr_markdown_(self) -> str:
        lines = [f"**{self.title}**", "", str(self.answer), ""]
        return "\n".join([*lines, *(f"- {one}" for one in (*self.takeaways, *self.verdicts))])

    def to_dict(self) -> dict[str, Any]:
        """The contract's shape of `compare`."""
        view = self.view
        return {
            "gpus": list(self.gpus), "names": dict(view.names), "title": self.title,
            "answer": self.answer.to_dict(),
            "rows": [row.to_dict(self.gpus) for row in self.rows],
            "takeaways": [one.to_dict() for one in self.takeaways],
            "verdicts": [one.to_dict() for one in self.verdicts],
            "prices": {key: market.to_dict() for key, market in view.markets.items()},
            "workloads": [work.to_dict() for work in view.works],
            "as_of": view.today.isoformat(),
        }  # fmt: skip
