"""The answer of an audit: its findings, the score card, and a corrected copy."""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import ACCUSATIONS, VERDICTS
from whichgpu.audit.pipeline import audit
from whichgpu.audit.readers import read
from whichgpu.values import Shown, immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from whichgpu.audit.document import Document
    from whichgpu.audit.findings import Finding
    from whichgpu.hardware.catalogue import Catalogue

#: Kinds whose expected value may stand where the stated one does.
_REPLACED = ("specification", "identity", "capability", "arithmetic")
#: What is expected of these is no text for the place.
_KEPT = ("picture", "unit cost")


@immutable
class Audit(Shown):
    """What was found in one document."""

    name: str
    document: Document
    findings: tuple[Finding, ...]

    @property
    def score(self) -> Mapping[str, int]:
        """How many findings have each verdict."""
        counted = Counter(each.verdict for each in self.findings)
        return {verdict: counted[verdict] for verdict in VERDICTS}

    @property
    def accusations(self) -> tuple[Finding, ...]:
        """The findings that say that something is wrong."""
        return tuple(each for each in self.findings if each.verdict in ACCUSATIONS)

    def line(self, finding: Finding) -> int:
        """The line of the file on which a finding begins, from 1."""
        return bisect_left(_ends(self.document.original), finding.start) + 1

    def corrected(self) -> str:
        """The file with every wrong value for which the right one is known replaced by it."""
        text, at, pieces = self.document.original, 0, []
        for each in self.accusations:
            right = _right(each)
            if right and each.start >= at:
                pieces += [text[at : each.start], right]
                at = each.end
        return "".join([*pieces, text[at:]])

    def diff(self) -> str:
        """The corrections as a unified diff."""
        old, new = (_lines(text) for text in (self.document.original, self.corrected()))
        return "".join(difflib.unified_diff(old, new, self.name, f"{self.name} (corrected)", n=1))

    def to_dict(self) -> dict[str, Any]:
        """A JSON object: the document, its score, and its findings in the contract's shape."""
        return {**self.summary(), "findings": [each.to_dict() for each in self.findings]}

    def summary(self) -> dict[str, Any]:
        """The JSON object without its findings."""
        return {
            "document": self.name, "format": self.document.form, "title": self.document.title,
            "written": self.document.written, "score": dict(self.score), "unread": list(self.document.unread),
        }  # fmt: skip

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self.score.items() if count)
        wrong = "".join(
            f"\n{self.name}:{self.line(each)}: {each.verdict}: {each.stated!r} ({each.because})"
            for each in self.accusations
        )
        unread = "".join(f"\n{self.name}: not read: {each}" for each in self.document.unread)
        return f"{self.name}: {counts or 'no claim found'}{wrong}{unread}"


def audited(content: bytes, name: str, catalogue: Catalogue, today: date, form: str = "") -> Audit:
    """The audit of a file's bytes; raises `UsageError` for what cannot be read."""
    found = judged(name, read(content, name, form), catalogue, today)
    re.keep()
    return found


def judged(
    name: str, document: Document, catalogue: Catalogue, today: date,
    told: Callable[[str, int, int], None] | None = None,
) -> Audit:  # fmt: skip
    """The audit of a document that was read; `told` hears of each kind of claim before it is looked for.

    Nothing is written, as in `audited` what was made of patterns is: it serves who asks from afar.
    """
    failed: dict[str, None] = {}
    findings = audit(document, catalogue, today, told=told, failed=failed.setdefault)
    return Audit(name, document._replace(unread=(*document.unread, *failed)), findings)


@lru_cache(maxsize=2)
def _ends(text: str) -> tuple[int, ...]:
    """Where the lines of a text end."""
    return tuple(at for at, letter in enumerate(text) if letter == "\n")


def _lines(text: str) -> list[str]:
    """Lines that all end, with the mark that `patch` needs behind a last one that did not."""
    *whole, last = text.split("\n")
    return [f"{line}\n" for line in whole] + ([f"{last}\n\\ No newline at end of file\n"] if last else [])


def _right(finding: Finding) -> str:
    """What should stand in the place of a finding; empty where that is not certain."""
    if finding.kind not in _REPLACED or finding.attribute in _KEPT or not finding.expected:
        return ""
    if not re.search(r"[A-Za-z$]", finding.stated):
        number = re.match(r"[\d.,]+", finding.expected)
        return number[0] if number else ""
    return finding.expected
