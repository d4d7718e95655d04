"""Whole tables that became one line: "RTX 4090 RTX 4080 CUDA Cores 16384 9728 TGP 450W 320W".

The devices stand side by side first, and behind each name of an attribute as many values as there are of
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import names
from whichgpu.audit.document import Table
from whichgpu.audit.unmarked.aligned import runs
from whichgpu.audit.values.attributes import named, open_header
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.catalogue import Catalogue

#: Characters of such a line at least and of what is looked at; rows that show it; devices at most.
_SHORTEST, _LONGEST, _ROWS, _MOST = 100, 6000, 3, 6
#: Words of a name before a row of words.
_NAME = re.compile(r"(?:[^\s\d]\S*\s+){0,3}[^\s\d][^\s\d]+\s*$")
#: Where a name begins behind another, and a size that goes on with one.
_BEGINS = re.compile(
    r"(?<!GeForce)(?<!NVIDIA)(?<!Nvidia)(?<!Quadro)(?<!Radeon)(?<!AMD) "
    r"(?=(?:NVIDIA|Nvidia|GeForce|RTX|GTX|Radeon|Quadro|Tesla|AMD)\b)"
)
_SIZE = re.compile(r"\s?\d{1,3}\s?GB\b")
#: Between two names of a header, and between the name of an attribute and its values.
_BETWEEN = re.compile(r"[*\u2020]?\s*(?:[/|,]|vs\.?)?\s*(?:(?:NVIDIA|AMD|GeForce)\s+)*", re.IGNORECASE)
_BEHIND = re.compile(r"(?:\s?/\s?[A-Z]\w*|\s?[(\[][^()\[\]]{1,16}[)\]])?\s*:?")
#: Words before the name of an attribute, of which it may be a part.
_WORDS = re.compile(r"(?<!\w)(?:[A-Za-z]+ ){0,3}$")
#: Lines behind the first in which a table that a cell broke goes on.
_BROKEN = 6


class _Reading(NamedTuple):
    """How values are read: those behind a place of a line, and whether one can be an attribute's."""

    values: Callable[[Passage, int], list[Passage]]
    fits: Callable[[Passage, Attribute, str], bool]


def flat(
    every: Sequence[Passage],
    catalogue: Catalogue,
    values: Callable[[Passage, int], list[Passage]],
    fits: Callable[[Passage, Attribute, str], bool],
) -> Iterator[tuple[Table, Sequence[Passage]]]:
    """Every such table, with its lines; `values` and `fits` read what stands behind a name."""
    how = _Reading(values, fits)
    for index, line in enumerate(every):
        if not _SHORTEST <= len(line.text) <= _LONGEST:
            continue
        heads = _heads(line.text, catalogue)
        rows = list(_rows(line, heads[-1][1], len(heads), how)) if heads else []
        if not rows:
            continue
        words = list(_of_words(line, heads[-1][1], len(heads)))
        taken = [line]
        for more in every[index + 1 : index + 1 + _BROKEN]:
            # A cell with two lines of its own broke the table there.
            if _heads(more.text, catalogue):
                break
            behind = list(_rows(more, 0, len(heads), how))
            wordy = list(_of_words(more, 0, len(heads)))
            rows += behind
            words += wordy
            taken += [more] if behind or wordy else []
        if len(rows) >= _ROWS:
            # What has a mark is not sold yet, or not quite that.
            header = (line.part(*place) if line.text[place[1] :][:1] != "*" else None for place in heads)
            yield Table(((None, *header), *rows, *words)), taken


def _heads(text: str, catalogue: Catalogue) -> list[tuple[int, int]]:
    """The first names of a line that stand side by side, as a header has them, each with its size."""
    run: list[tuple[int, int]] = []
    for each in names(_BEGINS.sub("|", text), catalogue):
        if run and not _BETWEEN.fullmatch(text, run[-1][1], each.start):
            if len(run) > 1:
                break
            run = []
        size = _SIZE.match(text, each.end)
        run.append((each.start, size.end() if size else each.end))
    return run if 1 < len(run) <= _MOST else []


def _of_words(line: Passage, start: int, count: int) -> Iterator[tuple[Passage, ...]]:
    """Rows of architectures, chips and days, whatever they are called."""
    for run in runs(line.text, count, start):
        name = _NAME.search(line.text, start, run[0].start())
        if name:
            yield (line.part(*name.span()), *(line.part(*each.span()) for each in run))


def _rows(line: Passage, start: int, count: int, how: _Reading) -> Iterator[tuple[Passage, ...]]:
    """The names of attributes with as many values behind them as there are devices."""
    for each in named(line.text):
        behind = _BEHIND.match(line.text, each.end)
        if each.start < start or behind is None:
            continue
        # "Required System Power" is none of the card.
        words = _WORDS.search(line.text, start, each.start)
        if words and not open_header(words[0]):
            continue
        found = how.values(line, behind.end())
        name = line.part(each.start, behind.end())
        if len(found) == count and all(how.fits(cell, each.attribute, name.text) for cell in found):
            yield (name, *found)
