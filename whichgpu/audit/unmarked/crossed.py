"""Tables that lost their marks with every cell on a line of its own, devices above: "Setup", "L40S", "A100".

Behind the names come runs of as many lines and one more: what was run, then a number for each device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import Table
from whichgpu.audit.unmarked.celled import is_device

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.hardware.catalogue import Catalogue

_LONGEST, _WIDEST, _CELL, _ROWS, _ABOVE, _WORDS = 90, 6, 28, 2, 160, 3
#: What stands in such a cell: a number with little around it, or that there is none.
_VALUE = re.compile(
    r"[~\u2248$\u20ac\u00a3]?\s?\d[\d.,]*\s?[^\d\s]?[^\d]{0,20}|[-\u2013\u2014]|n/?a|none|does not fit|"
    r"not supported|out of memory|oom|no|yes",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[~\u2248$\u20ac\u00a3]?\s?\d")


def crossed(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[Table, Sequence[Passage]]]:
    """Every such table, with the lines that it takes."""
    at = 0
    while at + 2 < len(every):
        width = 0
        if len(every[at].text) <= _CELL and not is_device(every[at], catalogue):
            while at + width + 1 < len(every) and is_device(every[at + width + 1], catalogue):
                width += 1
        if not 2 <= width <= _WIDEST:
            at += 1
            continue
        rows = [tuple(every[at : at + width + 1])]
        end = at + width + 1
        while end + width < len(every) and _is_row(every[end : end + width + 1]):
            rows.append(tuple(every[end : end + width + 1]))
            end += width + 1
        if len(rows) > _ROWS:
            above = every[at - 1].text if at and len(every[at - 1].text) <= _ABOVE else ""
            yield Table(tuple(rows), every[at].section, above), every[at:end]
            at = end
        else:
            at += 1


def _is_row(row: Sequence[Passage]) -> bool:
    label, *cells = (each.text for each in row)
    told = [each for each in cells if _NUMBER.match(each)]
    return (
        len(label) <= _LONGEST
        and (_VALUE.fullmatch(label) is None or len(label.split()) >= _WORDS)
        and re.search(r"[A-Za-z]{2}", label) is not None
        and bool(told)
        and all(len(each) <= _CELL and _VALUE.fullmatch(each) for each in cells)
    )
