"""What is said of every device of a comparison: "both cards have 24 GB", "all three use HBM"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.audit.findings import made
from whichgpu.audit.judging import source_of
from whichgpu.audit.pairs import devices
from whichgpu.audit.sentences import sentences
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

_GROUP = re.compile(
    r"\s*(?P<who>Both|All (?:two|three|four|of them)|The (?:two|three|four))(?:\s+(?:of them|cards|gpus|"
    r"devices|models|chips|"
    r"accelerators))?\s+(?:have|come with|offer|use|ship with|feature|share|are equipped with|carry|"
    r"provide)\s+"
    r"(?:the same\s+|a generous\s+|exactly\s+)?",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(?P<n>\d{1,3})\s?GB\b(?!/)")
_TYPE = re.compile(r"\b(?P<type>GDDR\d[Xx]?|HBM\d?[eE]?)\b")
_COUNTS = {
    "both": 2,
    "all two": 2,
    "the two": 2,
    "all three": 3,
    "the three": 3,
    "all four": 4,
    "the four": 4,
}
_MOST = 4
_LIMIT = re.compile(r"\b(?:at least|more than|over|up to|less than|under|as much as)\s+$", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;.]|\b(?:while|whereas|but|in)\b")


def find(context: Context) -> Iterator[Finding]:
    """Every memory, or type of it, that is said of all devices of a comparison, with its verdict."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in ("paragraph", "item", "caption"):
            continue
        for sentence in sentences(passage.text):
            match = _GROUP.match(passage.text, sentence.start, sentence.end)
            compared = devices(context) if match else []
            count = _COUNTS.get(match["who"].lower(), len(compared)) if match else 0
            named = context.mentions.get(index, ())
            if match is None or not 2 <= len(compared) <= _MOST or len(compared) != count:
                continue
            if any(match.end() <= each.start < sentence.end for each in named):
                continue
            clause = _CLAUSE.search(passage.text, match.end(), sentence.end)
            place = (match.end(), clause.start() if clause else sentence.end)
            yield from _of_group(passage, place, compared, context)


def _of_group(
    passage: Passage, place: tuple[int, int], compared: list[tuple[str, ...]], context: Context
) -> Iterator[Finding]:
    groups = [[context.catalogue[key] for key in ids] for ids in compared]
    for pattern, field in ((_SIZE, "memory"), (_TYPE, "memory_type")):
        match = pattern.search(passage.text, *place)
        if match and _LIMIT.search(passage.text, place[0] - 1, match.start()):
            continue
        known = [[gpu for gpu in gpus if gpu.value(field)] for gpus in groups]
        if match is None or not all(known):
            continue
        wrong = [gpus for gpus in known if not any(_is(match, gpu) for gpu in gpus)]
        gpu = (wrong or known)[0][0]
        sure = not wrong or gpu.confidence != "low"
        verdict = "confirmed" if not wrong else "contradicted" if sure else "unverifiable"
        yield made(context, passage, match.span(), "specification", verdict, subject=gpu.id, attribute=field,
                   because=f"{gpu.id} has {gpu.display(field)}", expected=gpu.display(field) if wrong else "",
                   evidence=(source_of(gpu, field),))  # fmt: skip


def _is(match: re.Match[str], gpu: Gpu) -> bool:
    if "n" in match.groupdict():
        size = float(gpu.need("memory"))
        return int(match["n"]) in (nominal_gb(size), round(size / 1e9), round(size / 2**30))
    told, known = match["type"].lower(), str(gpu.value("memory_type")).lower()
    return known.startswith(told) if told == "hbm" else told == known
