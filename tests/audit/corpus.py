"""The labelled documents, and how an audit's findings agree with them.

`python tests/audit/corpus.py` prints precision and recall by kind. A label stands in the text of a document:
`{{verdict kind|text}}`. Those of the articles in `../shared/articles` are places in files that are not here.
"""

from __future__ import annotations

import csv
import os
import re
import sys
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

from whichgpu.audit.answer import Audit, audited
from whichgpu.audit.findings import ACCUSATIONS
from whichgpu.hardware.catalogue import catalogue

HERE = Path(__file__).parent
DOCUMENTS = sorted((HERE / "documents").iterdir())
ARTICLES = Path(os.environ.get("ARTICLES") or HERE.parents[2] / "shared" / "articles")
TODAY = date(2026, 11, 20)
_LABEL = re.compile(r"\{\{(\w+) (\w+)\|(.*?)\}\}", re.DOTALL)


class Label(NamedTuple):
    """What is right about a stretch of a document."""

    start: int
    end: int
    verdict: str
    kind: str


class Case(NamedTuple):
    """A document with its labels."""

    name: str
    content: bytes
    labels: tuple[Label, ...]

    def audit(self) -> Audit:
        """What is found in it: several tests ask, and the longest take a second to read."""
        return _audited(self.name, self.content)


@cache
def _audited(name: str, content: bytes) -> Audit:
    return audited(content, name, catalogue(), TODAY)


class Scores(NamedTuple):
    """Accusations that are right and wrong by kind, errors found and missed, cells right and wrong."""

    right: Counter
    wrong: Counter
    found: Counter
    missed: Counter
    cells: Counter
    lines: list

    @property
    def precision(self) -> float:
        return _share(self.right.total(), self.wrong.total())

    @property
    def recall(self) -> float:
        return _share(self.found.total(), self.missed.total())

    @property
    def specifications(self) -> float:
        return _share(self.cells[True], self.cells[False])


def _share(a: int, b: int) -> float:
    return a / (a + b) if a + b else 1.0


def verdicts(text: str, name: str = "a.md") -> dict[str, str]:
    """The verdict of each value that a text states."""
    found = audited(text.encode(), name, catalogue(), TODAY)
    return {each.stated: each.verdict for each in found.findings}


def accused(text: str, name: str = "a.md") -> list[str]:
    """What of a text is said to be wrong."""
    return [each.quote for each in audited(text.encode(), name, catalogue(), TODAY).accusations]


def own() -> list[Case]:
    """The documents of this folder, their marks taken out."""
    return [_read(path) for path in DOCUMENTS]


def _read(path: Path) -> Case:
    text, plain, labels, at = path.read_text(encoding="utf-8"), "", [], 0
    for match in _LABEL.finditer(text):
        plain += text[at : match.start()]
        labels.append(Label(len(plain), len(plain) + len(match[3]), match[1], match[2]))
        plain += match[3]
        at = match.end()
    name = path.name.removesuffix(".txt") if path.name.endswith(".pdf.txt") else path.name
    return Case("print.txt" if name.endswith(".pdf") else name, (plain + text[at:]).encode(), tuple(labels))


def articles() -> list[Case]:
    """The known articles, where they are."""
    rows = list(csv.DictReader((HERE / "articles.csv").read_text(encoding="utf-8").splitlines()))
    found = []
    for path in sorted(ARTICLES.glob("*.txt")):
        mine = [row for row in rows if row["article"] == path.stem]
        labels = (Label(int(r["start"]), int(r["end"]), r["verdict"], r["kind"]) for r in mine)
        found.append(Case(path.name, path.read_bytes(), tuple(labels)))
    return found


def score(cases: list[Case]) -> Scores:
    """Every accusation held against the labels, and every label against the findings."""
    scores = Scores(Counter(), Counter(), Counter(), Counter(), Counter(), [])
    for case in cases:
        findings = case.audit().findings
        for each in findings:
            if each.verdict in ACCUSATIONS:
                true = any(_touch(label, each) and label.verdict in ACCUSATIONS for label in case.labels)
                (scores.right if true else scores.wrong)[each.kind] += 1
                if not true:
                    scores.lines.append(
                        f"{case.name}: wrongly {each.verdict}: {each.quote!r} ({each.because})"
                    )
        for label in case.labels:
            here = [each for each in findings if _touch(label, each)]
            accused = any(each.verdict in ACCUSATIONS for each in here)
            text = case.content.decode()[label.start : label.end]
            if label.verdict in ACCUSATIONS:
                (scores.found if accused else scores.missed)[label.kind] += 1
                if not accused:
                    scores.lines.append(f"{case.name}: missed {label.verdict} {label.kind}: {text!r}")
            if label.kind == "specification":
                good = (
                    accused if label.verdict in ACCUSATIONS else any(e.verdict == "confirmed" for e in here)
                )
                scores.cells[good] += 1
                if not good and label.verdict not in ACCUSATIONS:
                    scores.lines.append(f"{case.name}: not confirmed: {text!r}")
    return scores


def _touch(label: Label, each: object) -> bool:
    return each.start < label.end and label.start < each.end  # type: ignore[attr-defined]


def table(scores: Scores) -> str:
    """Precision and recall by kind."""
    kinds = sorted({*scores.right, *scores.wrong, *scores.found, *scores.missed})
    rows = [
        f"{'kind':14} {'right':>6} {'wrong':>6} {'precision':>10} {'found':>6} {'missed':>7} {'recall':>7}"
    ]
    for kind in kinds:
        a, b, c, d = (part[kind] for part in scores[:4])
        rows.append(f"{kind:14} {a:6} {b:6} {_share(a, b):10.1%} {c:6} {d:7} {_share(c, d):7.1%}")
    rows.append(f"all: precision {scores.precision:.1%}, recall {scores.recall:.1%}, "
                f"specifications {scores.specifications:.1%} of {scores.cells.total()}")  # fmt: skip
    return "\n".join(rows)


if __name__ == "__main__":
    for name, cases in (("own documents", own()), ("known articles", articles())):
        if not cases:
            sys.stdout.write(f"{name}: not here, not scored\n")
            continue
        result = score(cases)
        sys.stdout.write(
            f"{name}: {len(cases)}\n{table(result)}\n" + "".join(f"  {x}\n" for x in result.lines)
        )


_EITHER = re.compile(r"\{([^{}~]*)~([^{}~]*)\}")


def either(name: str) -> list[tuple[str, str]]:
    """The short texts of a file, one a line, each as it is wrong and as it is right: `{wrong~right}`."""
    lines = (line.replace("\\n", "\n") for line in (HERE / name).read_text().splitlines() if "~" in line)
    return [(_EITHER.sub(r"\1", line), _EITHER.sub(r"\2", line)) for line in lines]
