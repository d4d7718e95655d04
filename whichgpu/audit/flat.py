"""Whole tables that became one line: "RTX 4090 RTX 4080 CUDA Cores 16384 9728 TGP 450W 320W".

The devices stand side by side first, and behind each name of an attribute as many values as there are of
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import named
from whichgpu.audit.document import Table
from whichgpu.audit.subjects import mentions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Passage
    from whichgpu.hardware.catalogue import Catalogue

#: Characters of such a line at least and of what is looked at; rows that show it; devices at most.
_SHORTEST, _LONGEST, _ROWS, _MOST = 100, 6000, 4, 6
#: Where a name begins behind another, and a size that goes on with one.
_BEGINS = re.compile(
    r"(?<!GeForce)(?<!NVIDIA)(?<!Quadro)(?<!Radeon)(?<!AMD) "
    r"(?=(?:NVIDIA|GeForce|RTX|GTX|Radeon|Quadro|Tesla|AMD)\b)"
)
_SIZE = re.compile(r"\s?\d{1,3}\s?GB\b")
#: Between two names of a header, and between the name of an attribute and its values.
_BETWEEN = re.compile(r"\s*(?:[/|,]|vs\.?)?\s*(?:(?:NVIDIA|AMD|GeForce)\s+)*", re.IGNORECASE)
_BEHIND = re.compile(r"(?:\s?[(\[][^()\[\]]{1,16}[)\]])?\s*:?")


def flat(
    every: Sequence[Passage],
    catalogue: Catalogue,
    values: Callable[[Passage, int], list[Passage]],
    fits: Callable[[Passage, Attribute, str], bool],
) -> Iterator[tuple[Table, Passage]]:
    """Every such table, with its line; `values` and `fits` read what stands behind a name."""
    for line in every:
        if not _SHORTEST <= len(line.text) <= _LONGEST:
            continue
        heads = _heads(line.text, catalogue)
        rows = list(_rows(line, heads, values, fits)) if heads else []
        if len(rows) >= _ROWS:
            header = (None, *(line.part(*place) for place in heads))
            yield Table((header, *rows)), line


def _heads(text: str, catalogue: Catalogue) -> list[tuple[int, int]]:
    """The first names of a line that stand side by side, as a header has them, each with its size."""
    run: list[tuple[int, int]] = []
    for each in mentions(_BEGINS.sub("|", text), catalogue):
        if run and not _BETWEEN.fullmatch(text, run[-1][1], each.start):
            if len(run) > 1:
                break
            run = []
        size = _SIZE.match(text, each.end)
        run.append((each.start, size.end() if size else each.end))
    return run if 1 < len(run) <= _MOST else []


def _rows(
    line: Passage,
    heads: Sequence[tuple[int, int]],
    values: Callable[[Passage, int], list[Passage]],
    fits: Callable[[Passage, Attribute, str], bool],
) -> Iterator[tuple[Passage, ...]]:
    """The names of attributes with as many values behind them as there are devices."""
    for each in named(line.text):
        behind = _BEHIND.match(line.text, each.end)
        if each.start < heads[-1][1] or behind is None:
            continue
        found = values(line, behind.end())
        name = line.part(each.start, behind.end())
        if len(found) == len(heads) and all(fits(cell, each.attribute, name.text) for cell in found):
            yield (name, *found)
