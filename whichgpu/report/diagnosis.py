"""A diagnosis as a report: the verdict, what was measured of the like, causes, and how to tell them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.report.prediction import evidence_table
from whichgpu.report.table import Bullets, Report, Table
from whichgpu.units import number

if TYPE_CHECKING:
    from whichgpu.planner.diagnosis import Diagnosis
    from whichgpu.report.table import Block

#: Causes that are shown; a cause less likely than this is not.
_SHOWN, _LEAST = 8, 0.005

_MEANING = {
    "normal": "Nothing needs explaining; what would change it:",
    "slow": "What would make it so slow, the likeliest first:",
    "fast": "What would make it so fast, the likeliest first:",
    "impossible": "Its full peak gives the GPU {bound} {unit} at the most, so it is not what it says:",
    "low": "What would make it so low, the likeliest first:",
    "high": "What would make it so high, the likeliest first:",
}


def report(found: Diagnosis) -> Report:
    """The report of `diagnose`."""
    bound = "" if found.bound is None else number(found.bound)
    said = _MEANING[found.verdict].format(bound=bound, unit=found.predicted.unit)
    heard = [f"Read as: {found.read_as}"] if found.read_as else []
    # A verdict on another job than the one that was told is none without saying so.
    blocks: list[Block] = [
        *heard,
        f"{found}.",
        *(_sentence(one) for one in found.taken),
        said,
        _causes(found),
    ]
    if found.seen or found.denied:
        titles = {one.id: one.title.partition(":")[0] for one in found.causes}
        seen = [f"'{words}' points to {titles[cause]}" for cause, words in found.seen]
        seen += [f"'{words}' speaks against {titles[cause]}" for cause, words in found.denied]
        blocks.append(f"Seen beside it, and counted: {'; '.join(seen)}.")
    if found.pairs:
        said_ = tuple(
            f"{one.causes[0]}, and {one.causes[1]}: {number(one.would_be.mid)} {one.would_be.unit} "
            f"({number(one.would_be.low)} to {number(one.would_be.high)})"
            for one in found.pairs
        )
        blocks += ["No cause alone explains it; two together would:", Bullets(said_)]
    shown = [one for one in found.causes if one.share >= _LEAST][:_SHOWN]
    checks = tuple(f"{one.title}: {one.check}" for one in shown)
    if checks:
        blocks += ["How to tell:", Bullets(checks)]
    if found.known.rows:
        blocks.append(evidence_table(found.known))
    rest = tuple(one for one in found.answer.warnings if one not in found.taken)
    return Report(found.to_dict(), (*blocks, Bullets(rest)))


def _sentence(text: str) -> str:
    """A remark as a sentence."""
    return f"{text.rstrip('.')}."


def _times(factor: float) -> str:
    """A factor in two decimals; one that no column holds so, by its power of ten."""
    return f"{factor:.2f}" if factor < 1e5 else f"{factor:.1e}"


def _causes(found: Diagnosis) -> Table:
    rows = [
        (one.title, number(one.would_be.mid), f"{number(one.would_be.low)} to {number(one.would_be.high)}",
         _times(one.effect), _times(one.ratio), "yes" if one.inside else "no", f"{one.share:.0%}")
        for one in [one for one in found.causes if one.share >= _LEAST][:_SHOWN]
    ]  # fmt: skip
    columns = ("Cause", f">{found.predicted.unit}", ">90 % interval", ">Times predicted", ">Measured / it",
               "Explains it", ">Probability")  # fmt: skip
    notes = (f"That nothing is otherwise: {found.normal:.0%}.",)
    return Table.of("Causes", columns, rows, notes)
