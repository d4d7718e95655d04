"""An audit as a report: the score card, what is wrong and why, as text, JSON, SARIF or a diff."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from whichgpu.audit.findings import VERDICTS
from whichgpu.planner.words import plural
from whichgpu.report.table import Column, Report, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.answer import Audit
    from whichgpu.audit.findings import Finding
    from whichgpu.report.table import Block

#: Characters of a quote that a table shows.
_QUOTED = 60
_LEVELS = {"contradicted": "error", "inconsistent": "warning", "outdated": "note"}
_MEANING = {
    "confirmed": "as a source on file, an arithmetic or a bound says",
    "unverifiable": "nothing on file settles it",
    "outdated": "true once",
    "inconsistent": "against the document itself or its own arithmetic",
    "contradicted": "a fact, an arithmetic or a bound excludes it",
}


def report(
    audits: Sequence[Audit], fail_on: Sequence[str], *, everything: bool, shown: bool = True
) -> Report:
    """What was found; exit 4 where a finding has one of the verdicts of `fail_on`.

    Where it is not shown (`--json`) there are no tables: of a large file they would take much memory.
    """
    blocks: list[Block] = []
    for each in audits if shown else ():
        blocks += _blocks(each, everything=everything)
    failed = [(each, finding) for each in audits for finding in each.findings if finding.verdict in fail_on]
    complaint = ""
    if failed:
        first, finding = failed[0]
        which = "one claim is" if len(failed) == 1 else f"{len(failed)} claims are"
        complaint = f"{which} {' or '.join(fail_on)}, the first: {first.name}:{first.line(finding)}"
    return Report(_data(audits), tuple(blocks), exit_code=4 if failed else 0, complaint=complaint)


def _data(audits: Sequence[Audit]) -> dict[str, Any]:
    return {
        "findings": [
            {"document": each.name, **finding.to_dict()} for each in audits for finding in each.findings
        ],
        "documents": [each.summary() for each in audits],
    }


def _blocks(found: Audit, *, everything: bool) -> list[Block]:
    wrong = found.accusations
    total = len(found.findings)
    claims = f"{plural(total, 'claim')}, {len(wrong)} of them wrong."
    blocks: list[Block] = [f"{found.name}: {claims if total else 'No claim about a GPU found.'}"]
    blocks += [f"Not read: {each}." for each in found.document.unread]
    if total:
        blocks.append(_card(found))
    listed = found.findings if everything else wrong
    if listed:
        blocks.append(_table(found, listed, "All claims" if everything else "What is wrong"))
    return blocks


def _card(found: Audit) -> Table:
    """The score card: claims by kind and verdict."""
    counted = Counter((each.kind, each.verdict) for each in found.findings)
    kinds = list(dict.fromkeys(each.kind for each in found.findings))
    rows = [
        (kind, *(str(counted[kind, verdict] or "") for verdict in VERDICTS), str(_sum(counted, kind)))
        for kind in sorted(kinds)
    ]
    totals = (str(found.score[verdict] or "") for verdict in VERDICTS)
    rows.append(("all", *totals, str(len(found.findings))))
    notes = [f"{verdict}: {_MEANING[verdict]}" for verdict in VERDICTS if found.score[verdict]]
    columns = ["Kind", *(f">{verdict.capitalize()}" for verdict in VERDICTS), ">All"]
    return Table.of("Score card", columns, rows, notes, strong=[len(rows) - 1])


def _sum(counted: Counter[tuple[str, str]], kind: str) -> int:
    return sum(counted[kind, verdict] for verdict in VERDICTS)


def _table(found: Audit, listed: Sequence[Finding], title: str) -> Table:
    titles = ("Line", "Claim", "Verdict", "Right would be", "Because")
    columns = [*map(Column, titles), Column("Source", optional=True)]
    rows = []
    for each in listed:
        source = "; ".join(dict.fromkeys(one.source for one in each.evidence if one.source))
        quote = " ".join(each.quote.split())
        short = quote if len(quote) <= _QUOTED else f"{quote[:_QUOTED]} .."
        about = f"{each.attribute.replace('_', ' ')} {short}" if each.kind == "specification" else short
        rows.append((str(found.line(each)), about, each.verdict, each.expected or None, each.because, source))
    return Table.of(title, columns, rows)


def sarif(audits: Sequence[Audit]) -> dict[str, Any]:
    """SARIF 2.1.0: every accusation as a result at its place, for code review."""
    from whichgpu import __version__

    kinds = sorted({each.kind for found in audits for each in found.accusations})
    rules = [{"id": kind, "shortDescription": {"text": f"A claim of kind {kind}"}} for kind in kinds]
    driver = {"name": "whichgpu audit", "version": __version__, "rules": rules}
    results = [_result(found, each) for found in audits for each in found.accusations]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def _result(found: Audit, each: Finding) -> dict[str, Any]:
    text = found.document.original
    last = max(each.end - 1, each.start)
    region = {
        "startLine": found.line(each), "startColumn": each.start - text.rfind("\n", 0, each.start),
        "endLine": text.count("\n", 0, last) + 1, "endColumn": last - text.rfind("\n", 0, last) + 1,
        "charOffset": each.start, "charLength": each.end - each.start, "snippet": {"text": each.quote},
    }  # fmt: skip
    right = f" Right would be: {each.expected}." if each.expected else ""
    return {
        "ruleId": each.kind,
        "level": _LEVELS[each.verdict],
        "message": {"text": f"{each.verdict}: {each.because}.{right}"},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": found.name or "stdin"}, "region": region}}
        ],
    }
