"""Sources in the order in which they are cited, as numbers beside the cells that rest on them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.facts import reading, store
from whichgpu.planner.comparison.rows import rested_on
from whichgpu.report.table import Cited, Reference, References

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whichgpu.facts.model import Source
    from whichgpu.planner.comparison.model import Cell, CellId, Sentence, View

_OWN = {
    "user": "Your own file of GPUs",
    "derived": "Follows by formula from the other rows",
    "catalogue": "The catalogue of whichgpu",
    "architectures:": "The architecture tables of whichgpu",
    "software": "The software tables of whichgpu",
    "cost": "The cost model of whichgpu: rooflines fitted to published measurements, 90 % intervals",
}
_FITTED = "cost"
_MEASURED = "published measurement, read {read}; the rows of whichgpu/data/measured are said on each figure"


class Citations:
    """Numbers for sources, in the order in which they are first cited."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._measured: set[str] = set()

    def cell(self, text: str, cell: Cell | None) -> Cited:
        """The text of a cell with its source, in words, to be shown on it."""
        if cell is None:
            return Cited(text)
        kind = f"{cell.kind}: " if cell.kind else ""
        return Cited(text, f"{kind}{'; '.join(self._titles(cell))}")

    def numbers(self, cells: Iterable[Cell]) -> Cited:
        """The numbers of all that these cells rest on."""
        return self.keys(key for cell in cells for key in self._keys(cell))

    def sentence(self, one: Sentence, view: View) -> Cited:
        """A sentence with the numbers of what it rests on."""
        return self.said(one.text, one.cells, view)

    def said(self, text: str, cells: Sequence[CellId], *views: View) -> Cited:
        """A text with the numbers of what it rests on; that it also reckons needs no number beside them."""
        keys = {key for view in views for cell in rested_on(view, cells) for key in self._keys(cell)}
        return Cited(text, refs=self.keys(keys - {"derived"} or keys).refs)

    def keys(self, keys: Iterable[str]) -> Cited:
        """The numbers of sources by key."""
        each = sorted(set(keys))
        found = sorted(self._numbers.setdefault(key, len(self._numbers) + 1) for key in each)
        return Cited(", ".join(map(str, found)), refs=found)

    def references(self) -> References:
        """The list that the numbers are of."""
        known = self._known()
        return References(tuple(self._reference(key, known.get(key)) for key in self._numbers))

    def _reference(self, key: str, source: Source | None) -> Reference:
        if source is None or key == "user":
            return Reference(_OWN.get(key, key), "", self._own_date(key))
        read = f", read {source.accessed}" if source.accessed else ""
        return Reference(source.title, source.url, f"{source.kind}{read}")

    def _own_date(self, key: str) -> str:
        """When what whichgpu itself says of a source was read; nothing where the page's date is it."""
        if key == _FITTED:
            return f"measurements read by {_read()}"
        return _MEASURED.format(read=_read()) if key in self._measured else ""

    def _keys(self, cell: Cell) -> tuple[str, ...]:
        if cell.kind == "measured" and ", row " in cell.source:
            keys = tuple(dict.fromkeys(one.partition(", row ")[0] for one in cell.source.split("; ")))
            self._measured.update(keys)
            return keys
        return tuple(part for part in cell.source.partition(" ")[0].split(";") if part)

    def _titles(self, cell: Cell) -> list[str]:
        """Each source by its title with the place in it, and when it was read."""
        if cell.kind == "measured" and ", row " in cell.source:
            return [cell.source]
        known = self._known()
        place = cell.source.partition(" ")[2]
        told = []
        for key in self._keys(cell):
            source = known.get(key)
            title = source.title if source else _OWN.get(key, key)
            read = f", read {source.accessed}" if source and source.accessed else ""
            told.append(f"{title}{f', {place}' if place and key not in _OWN else ''}{read}")
        return told

    def _known(self) -> Mapping[str, Source]:
        return _sources(software=any("/" in key for key in self._numbers))


@cache
def _read() -> str:
    """Until when the published measurements were read."""
    return str(store.load("carried")["carried"]["measured"]["read"])


@cache
def _sources(*, software: bool) -> Mapping[str, Source]:
    """Every source by key; those of `software` are read where one is named."""
    from whichgpu.hardware.boxes import link_sources
    from whichgpu.prices.store import sources

    known = {**reading.sources(), **sources(), **link_sources()}
    if software:
        from whichgpu.software.frameworks import cited

        known.update(cited())
    return known
