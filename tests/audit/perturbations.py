"""Documents with one figure changed, or one error corrected: which verdicts change.

`python tests/audit/perturbations.py` prints how many of the changes were noticed, and how many changed a
verdict on another line.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
import corpus

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.answer import Audit
    from whichgpu.audit.findings import Finding


class Outcome(NamedTuple):
    """A change, whether its own verdict is as it should be, and the verdicts that changed on other lines."""

    name: str
    was: str
    now: str
    noticed: bool
    elsewhere: tuple[str, ...]


def changed(case: corpus.Case, most: int) -> Iterator[Outcome]:
    """So many confirmed figures of a document, each changed in its first digit: it must be accused."""
    base = case.audit()
    confirmed = [
        each for each in base.findings
        if each.verdict == "confirmed" and each.kind == "specification" and re.search(r"\d", each.quote)
    ]  # fmt: skip
    for each in confirmed[:: max(1, len(confirmed) // most)][:most]:
        first = re.search(r"\d", each.quote)
        at = first.start()
        now = f"{each.quote[:at]}{int(first[0]) % 9 + 1}{each.quote[at + 1 :]}"
        yield _outcome(case, base, each, now, accused=True)


#: Units and what is written for them by a slip.
UNITS = (
    ("GB/s", "MB/s"), ("TB/s", "GB/s"), ("TFLOPS", "GFLOPS"), ("GB", "MB"), (" W", " kW"), ("-bit", "-byte"),
    (" nm", " mm"), ("MHz", "GHz"),
)  # fmt: skip


def in_another_unit(case: corpus.Case, most: int) -> Iterator[Outcome]:
    """So many confirmed figures of a document, each in a unit that it is not in: it must be accused."""
    base = case.audit()
    slips = [
        (each, each.quote.replace(*slip, 1))
        for each in base.findings
        if each.verdict == "confirmed" and each.kind == "specification"
        for slip in [next((one for one in UNITS if one[0] in each.quote), None)]
        if slip
    ]
    for each, now in slips[:: max(1, len(slips) // most)][:most]:
        yield _outcome(case, base, each, now, accused=True)


def corrected(case: corpus.Case, most: int) -> Iterator[Outcome]:
    """So many accused figures of a document, each put right: it must not be accused."""
    base = case.audit()
    wrong = [
        each for each in base.accusations if each.kind == "specification" and each.expected[:1].isdigit()
    ]
    for each in wrong[:most]:
        yield _outcome(case, base, each, each.expected, accused=False)


def _outcome(case: corpus.Case, base: Audit, each: Finding, now: str, *, accused: bool) -> Outcome:
    text = base.document.original
    again = audited(
        (text[: each.start] + now + text[each.end :]).encode(), case.name, catalogue(), corpus.TODAY
    )
    longer = len(now) - len(each.quote)
    here = [one for one in again.findings if one.start < each.start + len(now) and each.start < one.end]
    line = (text.rfind("\n", 0, each.start), text.find("\n", each.end) % (len(text) + 1))
    before = {(one.start, one.kind): one.verdict for one in base.findings}
    after = {(one.start - longer * (one.start > each.start), one.kind): one.verdict for one in again.findings}
    # A quotient of two columns rests on the cells of its table, and goes with them.
    results = ("quotient", "derived")
    rest = {(one.start, one.kind) for one in base.findings if one.attribute in results} - {*after}
    other = [
        f"{text[at : at + 30]!r}: {before.get((at, kind))} -> {after.get((at, kind))}"
        for at, kind in {*before, *after} - rest
        if before.get((at, kind)) != after.get((at, kind)) and not line[0] <= at <= line[1]
    ]
    return Outcome(case.name, each.quote, now, any(one.accuses for one in here) is accused, tuple(other))


if __name__ == "__main__":
    cases = [*corpus.own(), *corpus.articles()]
    kinds = (("changed", changed), ("in another unit", in_another_unit), ("corrected", corrected))
    for title, change in kinds:
        outcomes = [one for case in cases for one in change(case, 8)]
        right = sum(one.noticed for one in outcomes)
        beside = sum(bool(one.elsewhere) for one in outcomes)
        sys.stdout.write(f"{title}: {len(outcomes)}, as it should {right}, elsewhere too {beside}\n")
        for one in outcomes:
            if not one.noticed or one.elsewhere:
                said = "" if one.noticed else "not noticed "
                sys.stdout.write(f"  {one.name}: {one.was!r} -> {one.now!r} {said}{one.elsewhere or ''}\n")
