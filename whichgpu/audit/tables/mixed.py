"""Columns and rows of a name that several devices have, whose cells are each right of another one.

"A100 80GB | 1,935 GB/s | 400 W": the bandwidth is the PCIe card's, the power the SXM4 module's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Finding
    from whichgpu.audit.tables.cells import Cell

#: Attributes that makers of boards set, so that a value tells no device from its sister.
_SET = ("clock_boost", "clock_base", "clock", "launch_price", "power_min", "power_max")
_LEAST = 2


def unmixed(told: Sequence[tuple[Cell, Finding]]) -> Iterator[tuple[Cell, Finding]]:
    """The findings of a table, with a cell accused that no device has which the others of its name can mean.

    Of two cells that tell two devices apart the later one is, of more of them the one against the rest.
    """
    wrong: dict[int, str] = {}
    for group in _groups(told):
        owners = [(at, frozenset(told[at][1].true_for.split(", "))) for at in group]
        if frozenset.intersection(*(each for _, each in owners)):
            continue
        odd = [
            at
            for at, _ in reversed(owners)
            if frozenset.intersection(*(each for other, each in owners if other != at))
        ]
        if odd:
            rest = frozenset.intersection(*(each for other, each in owners if other != odd[0]))
            wrong[odd[0]] = ", ".join(sorted(rest))
    for at, (cell, found) in enumerate(told):
        if at not in wrong:
            yield cell, found
            continue
        because = f"it is the {found.true_for}'s; what else is told of it here is the {wrong[at]}'s"
        yield cell, found._replace(verdict="inconsistent", because=because, expected="")


def _groups(told: Sequence[tuple[Cell, Finding]]) -> Iterator[list[int]]:
    """The places of cells of one name that are each right of some of its devices alone."""
    for by in ("column", "row"):
        groups: dict[tuple[int, tuple[str, ...]], list[int]] = {}
        for at, (cell, found) in enumerate(told):
            several = len(cell.ids) >= _LEAST and found.verdict == "confirmed" and found.true_for
            if several and set(found.true_for.split(", ")) < set(cell.ids) and found.attribute not in _SET:
                groups.setdefault((getattr(cell, by), cell.ids), []).append(at)
        for group in groups.values():
            if len({told[at][1].attribute for at in group}) == len(group) >= _LEAST:
                yield group
