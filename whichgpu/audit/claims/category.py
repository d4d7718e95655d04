"""Errors of category: what a resource does not do, whatever the figures are. The patterns are data."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sentences import sentences
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding


@cache
def _rules() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str] | None, str], ...]:
    """Every error of category: its key, what says it, what excuses it, and why it is wrong."""
    rows = store.load("audit")["audit"]["category"]
    return tuple(
        (
            key,
            re.compile(row["pattern"], re.IGNORECASE),
            re.compile(row["unless"], re.IGNORECASE) if row.get("unless") else None,
            row["because"],
        )
        for key, row in rows.items()
    )


def find(context: Context) -> Iterator[Finding]:
    """Every error of category."""
    for passage in context.document.passages:
        if passage.kind not in ("paragraph", "item", "caption"):
            continue
        for sentence in sentences(passage.text):
            for key, pattern, unless, because in _rules():
                match = pattern.search(sentence.text)
                if match is None or (unless and unless.search(sentence.text)):
                    continue
                start = match.start("at") if match.groupdict().get("at") else match.start()
                place = (sentence.start + start, sentence.start + match.end())
                yield made(context, passage, place, "category", "contradicted", subject=key,
                           attribute="category", because=because, evidence=(Evidence(because),))  # fmt: skip
