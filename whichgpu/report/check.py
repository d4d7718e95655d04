"""The data held against itself, as a report: what does not fit, what is covered, how good prices are."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from whichgpu.hardware.blank import PUBLISHED
from whichgpu.hardware.fields import FIELDS
from whichgpu.hardware.sought import NOT_FOUND, NOT_SOUGHT
from whichgpu.report.table import Bullets, Report, Table
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.hardware.check import Coverage, Problem
    from whichgpu.prices import Offer
    from whichgpu.report.table import Block


#: What came of looking at a maker's for a figure that another source gives.
_SOUGHT = {
    PUBLISHED: "its maker's pages were read and do not state it",
    NOT_FOUND: "looked for, and no page of its maker's was found",
    NOT_SOUGHT: "not looked up at its maker's",
}


class Findings(NamedTuple):
    """Everything that the checks of the layers below say."""

    catalogue: Sequence[Problem]
    excused: Mapping[str, str]
    coverage: Coverage
    prices: Sequence[str]
    offers: Sequence[Offer]
    workloads: Sequence[str]


def report(found: Findings, *, everything: bool) -> Report:
    """Exit 4 where something new does not fit; with `everything` the known differences too."""
    errors = [str(problem) for problem in found.catalogue if problem.error]
    errors += [f"prices: {line}" for line in found.prices]
    errors += [f"workloads: {line}" for line in found.workloads]
    blocks: list[Block] = [_verdict(errors, found)]
    if errors:
        blocks.append(Bullets(tuple(errors)))
    if everything:
        blocks += _differences(found)
    blocks += [_kinds(found.coverage), _fields(found.coverage), _prices(found.offers)]
    complaint = f"{len(errors)} problems in the data; each line above says where" if errors else ""
    return Report(_document(errors, found), tuple(blocks), exit_code=4 if errors else 0, complaint=complaint)


def _document(errors: Sequence[str], found: Findings) -> dict[str, Any]:
    coverage = found.coverage
    return {
        "clean": not errors,
        "problems": list(errors),
        "disagreements": [str(problem) for problem in _disputed(found)],
        "exceptions": dict(found.excused),
        "coverage": {
            "devices": coverage.devices,
            "facts": coverage.facts,
            "sourced": coverage.sourced,
            "by_kind": dict(coverage.by_kind),
            "sought": {kind: dict(found) for kind, found in coverage.sought.items()},
            "by_field": dict(coverage.by_field),
        },
        "prices": {"offers": len(found.offers), "quarantined": dict(_quarantined(found.offers))},
    }


def _disputed(found: Findings) -> list[Problem]:
    return [problem for problem in found.catalogue if not problem.error]


def _verdict(errors: Sequence[str], found: Findings) -> str:
    state = f"{len(errors)} problems" if errors else "Clean"
    return (
        f"{state}: {found.coverage.devices} GPUs held against their derivations, each other and their "
        "sources. "
        f"{len(found.excused)} figures are known not to follow from the others, each with a reason; on "
        f"{len(_disputed(found))} the sources differ by more than 2 %, and all that they say is kept "
        "(--all lists both)."
    )


def _differences(found: Findings) -> list[Block]:
    disputed = [(f"{problem.gpu}.{problem.field}", problem.text) for problem in _disputed(found)]
    return [
        Table.of("Sources that differ", ["Figure", "What each says"], disputed),
        Table.of("Known exceptions", ["Figure", "Reason"], found.excused.items()),
    ]


def _kinds(coverage: Coverage) -> Table:
    rows = []
    for kind, count in coverage.by_kind.items():
        rows.append((kind, f"{count:,}", _share(count, coverage.facts)))
        looked = coverage.sought.get(kind, {})
        rows += [
            (f"  {_SOUGHT[answer]}", f"{looked[answer]:,}", _share(looked[answer], coverage.facts))
            for answer in _SOUGHT
            if looked.get(answer)
        ]
    note = (
        f"{coverage.sourced:,} of {coverage.facts:,} facts name a source that was read; "
        "the rest follow from those by a formula."
    )
    return Table.of("Facts by kind of source", ["Kind", ">Facts", ">Share"], rows, [note])


def _fields(coverage: Coverage) -> Table:
    rows = [
        (FIELDS[name].label, str(known), _share(known, coverage.devices))
        for name, known in coverage.by_field.items()
    ]
    unread = [FIELDS[name].label for name in FIELDS if name not in coverage.by_field]
    notes = [f"Of no GPU: {', '.join(unread)}."] if unread else []
    return Table.of("GPUs of which a field is known", ["Field", ">GPUs", ">Share"], rows, notes)


def _prices(offers: Sequence[Offer]) -> Table:
    sound = [row for row in offers if not row.quarantine]
    rows = [
        ("usable", len([row for row in sound if not row.ambiguous])),
        ("variant not stated by the seller", len([row for row in sound if row.ambiguous])),
        *_quarantined(offers).most_common(),
    ]
    dated = sorted(row.as_of.isoformat() for row in sound if row.as_of)
    undated = len(sound) - len(dated)
    notes = [f"Read from {dated[0]} to {dated[-1]}; {undated} without a date."] if dated else []
    return Table.of("Offers", ["State", ">Rows"], [(state, f"{n:,}") for state, n in rows], notes)


def _quarantined(offers: Sequence[Offer]) -> Counter[str]:
    return Counter(row.quarantine for row in offers if row.quarantine)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else ""
