"""Which cells follow as their line does, and which one of a row is wrong where something does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from whichgpu.audit.derived.lines import Line
    from whichgpu.audit.derived.relations import Relation

#: Rows that show what a line is: where its heading says so, and where it does not.
_NAMED, _SHOWN = 2, 3
#: A number that rounding may move by more than this share shows nothing.
_SURE = 0.06
#: How far off a cell is at least that is wrong, as a share, beside its rounding.
_OFF = 0.004
#: By how much the highest of what shows a relation is above the lowest, as a share, and as so many times what
#: rounding does: what hardly varies seems to follow from anything that does not either.
_SPREAD, _TIMES = 0.03, 8


class Fit(NamedTuple):
    """A relation, the rows that show it, and those that do not follow."""

    relation: Relation
    right: frozenset[int]
    wrong: frozenset[int]


class Judged(NamedTuple):
    """A cell by its line and row: what it should be and why; `wrong` where it is not."""

    at: int
    row: int
    wrong: bool
    real: float
    words: str


def judged(
    read: Mapping[int, Line], relations: Iterable[Relation], *, known: Collection[tuple[int, int]],
    accused: Collection[tuple[int, int]], apart: Collection[int],
) -> list[Judged]:  # fmt: skip
    """Every cell that follows or does not.

    `known` cells, by line and row, are right by another source, `accused` ones wrong; the rows `apart` are of
    all others, of which nothing is accused here.
    """
    tried = [(one, _right(read[one.at], one)) for one in relations]
    fits = _best(
        read, [fit for one, right in tried if (fit := _fit(read[one.at], one, right, accused, known))]
    )
    fits = [fit._replace(wrong=fit.wrong - _otherwise(fit, tried)) for fit in fits]
    wrong: list[Judged] = []
    blamed = set(accused)
    open_ = [(fit, row) for fit in fits for row in sorted(fit.wrong) if row not in apart]
    while open_:
        open_ = [(fit, row) for fit, row in open_ if not _cells(fit.relation, row) & blamed]
        if not open_:
            break
        cell, (fit, row) = _culprit(open_, fits, known, read)
        if cell is None:
            open_.remove((fit, row))
            continue
        blamed.add(cell)
        if cell == (fit.relation.at, row):
            wrong.append(Judged(*cell, wrong=True, real=fit.relation.made[row][1], words=fit.relation.words))
    right = [
        Judged(fit.relation.at, row, wrong=False, real=fit.relation.made[row][1], words=fit.relation.words)
        for fit in fits
        for row in sorted(fit.right)
        if (fit.relation.at, row) not in blamed
    ]
    return [*wrong, *right]


def _right(told: Line, one: Relation) -> frozenset[int]:
    """The rows in which a line is what a relation makes of the others, but for rounding."""
    return frozenset(
        row
        for row, (low, _, high) in one.made.items()
        if low - told.halves[row] * 1.01 <= told.values[row] <= high + told.halves[row] * 1.01
    )


def _otherwise(fit: Fit, tried: Sequence[tuple[Relation, frozenset[int]]]) -> frozenset[int]:
    """The rows in which the same lines give a cell in another way: of power less is better, and 1.4x that."""
    own = fit.relation
    ways = (
        right
        for one, right in tried
        if one.at == own.at and {*one.inputs} == {*own.inputs} and (len(right) > 1 or one.named)
    )
    return frozenset().union(*ways)


def _fit(
    told: Line, one: Relation, right: frozenset[int], accused: Collection[tuple[int, int]],
    known: Collection[tuple[int, int]],
) -> Fit | None:  # fmt: skip
    """How a line follows a relation; nothing where too few of its rows show it."""
    exact = all(_is_exact(told, row, one.made[row][1]) for row in right)
    shown = {
        row
        for row in right - (set() if one.defined else {one.base})
        if _apart(one.made[row], exact) + told.halves[row]
        <= _SURE * (abs(one.made[row][1]) + one.over or 1.0)
    }
    wrong = set()
    for row in one.made.keys() - right:
        mid = one.made[row][1]
        slack = 2 * told.halves[row] + _apart(one.made[row], exact)
        if abs(told.values[row] - mid) > slack + _OFF * abs(mid) and not _cells(one, row) & {*accused}:
            wrong.add(row)
    varied = bool(shown) and _varies(told, one, shown, exact)
    # A cell of another row that all rest on shows nothing by itself.
    least = _NAMED if one.named else _SHOWN
    if not varied or len(shown) < max(least, len(wrong) + 1):
        return None
    # What follows from nothing but what is on file has no other cell that may be wrong.
    settled = one.named and (one.defined or all((at, row) in known for at in one.inputs for row in one.made))
    fewest = least if settled or one.free <= 1 else _SHOWN
    sure = len(shown) >= fewest and len(shown) >= 2 * len(wrong) - one.named
    return Fit(one, right, frozenset(wrong) if sure and not one.loose else frozenset())


def _varies(told: Line, one: Relation, shown: Collection[int], exact: bool) -> bool:
    """Whether what shows a relation varies by more than chance and rounding explain."""
    values = [abs(told.values[row]) for row in shown]
    if one.named:
        return max(values) > min(values)
    off = max(
        (_apart(one.made[row], exact) + told.halves[row]) / (abs(told.values[row]) or 1.0) for row in shown
    )
    return max(values) > min(values) * (1 + max(_SPREAD, _TIMES * off))


def _is_exact(told: Line, row: int, real: float) -> bool:
    """Whether a cell is what follows from the others as they stand, to its last digit."""
    return abs(told.values[row] - real) <= told.halves[row] * 1.05 + 1e-9 * (abs(real) or 1.0)


def _apart(made: tuple[float, float, float], exact: bool) -> float:
    """By how much rounding of the others may move what follows from them."""
    return 0.0 if exact else (made[2] - made[0]) / 2


def _best(read: Mapping[int, Line], fits: Sequence[Fit]) -> list[Fit]:
    """Of each line the relations that explain most of it: of many that are tried one fits by chance."""
    best = []
    for at in read:
        own = [fit for fit in fits if fit.relation.at == at]
        # What a heading says outright goes before what else its cells may happen to be.
        own = [fit for fit in own if fit.relation.defined] or own
        if own:
            most = max(len(fit.right) for fit in own)
            least = min(len(fit.wrong) for fit in own if len(fit.right) == most)
            best += [fit for fit in own if len(fit.right) == most and len(fit.wrong) == least]
    return best


def _cells(one: Relation, row: int) -> set[tuple[int, int]]:
    return {(one.at, row), *((at, row) for at in one.inputs)} | (
        {(at, one.base) for at in one.inputs} if one.base else set()
    )


def _culprit(
    wrong: Sequence[tuple[Fit, int]], fits: Sequence[Fit], known: Collection[tuple[int, int]],
    read: Mapping[int, Line],
) -> tuple[tuple[int, int] | None, tuple[Fit, int]]:  # fmt: skip
    """The cell that most of what does not follow in its row has, and least of what does; of some a result."""
    fit, row = wrong[0]
    here = [one for one, at in wrong if at == row]
    right = [one for one in fits if row in one.right]
    lines = {at for one in here for at in (one.relation.at, *one.relation.inputs) if at >= 0}
    named = {one.relation.at for one in here if one.relation.named}
    counted = {}
    for cell in ((at, row) for at in sorted(lines)):
        if cell not in known:
            off = sum(cell in _cells(one.relation, row) for one in here)
            fine = sum(cell in _cells(one.relation, row) for one in right)
            counted[cell] = (off - fine, cell[0] in named, read[cell[0]].result, cell[0])
    if not counted:
        return None, (fit, row)
    cell = max(counted, key=lambda each: counted[each])
    if fit.relation.even and [each[0] for each in counted.values()].count(counted[cell][0]) > 1:
        return None, (fit, row)
    own = next(((one, row) for one in here if (one.relation.at, row) == cell), (fit, row))
    return cell, own
