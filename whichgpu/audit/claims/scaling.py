"""Speed-ups by more GPUs: "from 1 to 8 H100s the throughput rose 9.1x", faster than their number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import SPELLED, multiples, quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_NUMBER = rf"(?:\d{{1,4}}|an?|one|single|{'|'.join(SPELLED)})"
_FROM_TO = re.compile(
    rf"\bfrom\s+(?:a\s+)?(?P<a>{_NUMBER})\s+(?:(?!to\b)[\w-]+\s+){{0,4}}?to\s+(?P<b>{_NUMBER})\b"
    r"(?=\s*(?:x\s*)?(?:nvidia\s+|amd\s+)?(?:gpus?\b|cards\b|accelerators\b|[A-Z]+\w*\d\w*|of them\b|,|"
    r"gave|gives|"
    r"yields|rais|increas|improv|rose))",
    re.IGNORECASE,
)
_SPEED = re.compile(r"\b(?:throughput|faster|speed\w*|performance|images|tokens|samples|scal\w+)\b", re.I)
_EXCUSED = re.compile(
    r"\b(?:memory|capacity|vram|larger batch|bigger batch|super-?linear\w*|node|nodes|cache|price|cost)\b",
    re.I,
)
#: Beyond the number of GPUs by this share no noise explains it.
_SLACK = 1.03


def find(context: Context) -> Iterator[Finding]:
    """Every speed-up that is told of a number of GPUs, with its verdict."""
    for passage in context.document.passages:
        if passage.kind not in ("paragraph", "item", "caption"):
            continue
        for sentence in sentences(passage.text):
            match = _FROM_TO.search(passage.text, sentence.start, sentence.end)
            if match is None or not _SPEED.search(sentence.text) or _EXCUSED.search(sentence.text):
                continue
            few, many = _count(match["a"]), _count(match["b"])
            every = (quantities(passage.text, context.fraction), multiples(passage.text))
            told = [
                each
                for some in every
                for each in within(some, match.end(), sentence.end)
                if each.dimension == "times" and each.value > 1
            ]
            if many <= few or len(told) != 1:
                continue
            most = many / few
            because = f"{many} in place of {few} are {most:.3g} times as many"
            above = told[0].value > most * _SLACK
            yield made(context, passage, (told[0].start, told[0].end), "benchmark",
                       "contradicted" if above else "unverifiable", attribute="scaling",
                       because=because + (": nothing scales better than that" if above else ""),
                       expected=f"at most {most:.3g}x" if above else "",
                       evidence=(Evidence(because),))  # fmt: skip


def _count(word: str) -> int:
    return SPELLED.get(word.lower()) or (int(word) if word.isdigit() else 1)
