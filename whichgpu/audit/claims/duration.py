"""How long work takes: "90 epochs on 1.28 million images at 1,350 images per second take 24 hours"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

_AMOUNT = re.compile(
    r"(?<![\w.,$])(?P<n>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)\s*(?P<scale>million|billion|trillion|thousand|"
    r"[kKMBT](?=[ -]))?"
    r"[\s-]+(?P<what>images?|tokens?|samples?|requests?|pictures|sequences|prompts)\b(?!\s*(?:/|per\b|"
    r"a second|each))",
    re.IGNORECASE,
)
_EPOCHS = re.compile(r"\b(?P<n>\d{1,4})\s+epochs?\b", re.IGNORECASE)
_SCALES = {
    "thousand": 1e3,
    "k": 1e3,
    "million": 1e6,
    "m": 1e6,
    "billion": 1e9,
    "b": 1e9,
    "trillion": 1e12,
    "t": 1e12,
}
_TAKES = re.compile(
    r"\b(?:takes?|took|finish\w*|complet\w*|needs?|lasts?|done|runs? for|require\w*|in|is|would be|hours|"
    r"days|minutes)\b",
    re.IGNORECASE,
)
_APART = re.compile(
    r"\b(?:per (?:gpu|request|user|epoch)|each|latency|average|between|first token)\b", re.IGNORECASE
)
#: What rounding and pauses make of a duration, and what they cannot.
_WITHIN, _WRONG = 0.08, 0.2


def find(context: Context) -> Iterator[Finding]:
    """Every duration that a sentence states with the work and its rate, with its verdict."""
    for _, passage in context.document.running():
        for sentence in sentences(passage.text):
            found = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
            rates = [each for each in found if each.dimension == "rate" and each.value == each.high > 0]
            times = [
                each
                for each in found
                if each.dimension == "time" and each.high == each.value >= 60 and each.start > sentence.start
            ]
            if len(rates) == 1 and len(times) == 1 and not _APART.search(sentence.text):
                yield from _judged(passage, sentence, rates[0], times[0], context)


def _judged(
    passage: Passage, sentence: Sentence, rate: Quantity, time: Quantity, context: Context
) -> Iterator[Finding]:
    text = passage.text
    amounts = list(_AMOUNT.finditer(text, sentence.start, sentence.end))
    epochs = list(_EPOCHS.finditer(text, sentence.start, sentence.end))
    before = text[max(sentence.start, time.start - 40) : time.start]
    if len(amounts) != 1 or len(epochs) > 1 or not _TAKES.search(before):
        return
    work = float(amounts[0]["n"].replace(",", "")) * _SCALES.get((amounts[0]["scale"] or "").lower(), 1.0)
    if (amounts[0]["what"][:4].lower() == "toke") != ("tok" in rate.unit.lower()):
        return
    times = int(epochs[0]["n"]) if epochs else 1
    real = work * times / rate.value
    off = max(time.value / real, real / time.value) - 1
    within_it = off <= (2 * _WITHIN if time.limit else _WITHIN)
    words = f"{times} times {work:,.4g}" if epochs else f"{work:,.4g}"
    because = f"{words} at {rate.value:,.4g} a second take {_words(real)}"
    verdict = "confirmed" if within_it else "inconsistent" if off > _WRONG else "unverifiable"
    yield made(context, passage, (time.start, time.end), "arithmetic", verdict, attribute="duration",
               because=because, expected="" if within_it else _words(real),
               evidence=(Evidence(because),))  # fmt: skip


def _words(seconds: float) -> str:
    for name, length in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {name}"
    return f"{seconds:.3g} s"
