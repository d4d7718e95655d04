"""Advice at a workload: "for BERT-large, choose the A100 over the A6000", asked of cost model and offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import Pair
from whichgpu.audit.comparisons.speed import Change, expected
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.offers import on_offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.comparisons.speed import Expected
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_CHOOSE = re.compile(
    r"\b(?:choose|pick|go with|opt for|prefer|recommend|buy|rent|use|get|"
    r"is (?:a |the )?better (?:choice|option|value)|"
    r"better choice|best choice|way to go|right choice)\b",
    re.IGNORECASE,
)
_OVER = re.compile(
    r"[^.;]{0,60}?\b(?:over|rather than|instead of|not|than|compared (?:to|with))\s+(?:an?|the)?\s*",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:don[\u2019']t|do not|never|avoid|why not|should you)\b", re.IGNORECASE)
_CHEAP = re.compile(
    r"\b(?:budget|cheap\w*|cost[- ]\w+|price|afford\w*|per dollar|value for money)\b", re.IGNORECASE
)
#: Changes of a job at which advice may flip: its batch, its precision.
_CHANGES: tuple[tuple[str, Change], ...] = (
    ("batch 1", Change(batch=1.0)),
    ("FP32", Change(precision="fp32")),
)


def find(context: Context) -> Iterator[Finding]:
    """Every choice of one device over another at a workload, with its verdict and where it flips."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in ("paragraph", "item") or not context.mentions.get(index):
            continue
        for sentence in sentences(passage.text):
            if _CHOOSE.search(sentence.text) and not _DENIED.search(sentence.text):
                yield from _of_sentence(index, passage, sentence, context)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    here = spoken(index, passage, sentence, context).here
    if len(here) != 2 or not _OVER.fullmatch(passage.text[here[0].end : here[1].start]):
        return
    both = Pair(here[0].named, here[1].named)
    model = expected(sentence.text, both, context)
    if model is None:
        return
    verdict, why = _verdict(model, both, cheap=_CHEAP.search(sentence.text) is not None)
    flips = _flips(sentence.text, model, both, context)
    range_of = f"{model.mid:.2g} times as fast ({model.low:.2g} to {model.high:.2g})"
    because = f"at {model.of} {both.first[0]} is {range_of}; {why}{flips}"
    yield made(context, passage, (here[0].start, here[1].end), "rule", verdict, subject=both.subject,
               attribute="advice", because=because, evidence=(Evidence(because, "cost model"),))  # fmt: skip


def _verdict(model: Expected, both: Pair, *, cheap: bool) -> tuple[str, str]:
    """Right where the chosen one is faster and cheaper for the work, wrong where it is neither."""
    own, other = on_offer(both.first), on_offer(both.second)
    words = f"per dollar it flips where the one costs {model.mid:.2g} times the other"
    if own is None or other is None:
        return ("confirmed" if model.low > 1 and not cheap else "unverifiable"), words
    ratio = own.low / other.low
    words += f", and at the cheapest offers it costs {ratio:.2g} times"
    if model.low > max(1.0, ratio) or (cheap and model.low > ratio):
        return "confirmed", words
    if model.high < min(1.0, ratio):
        return "contradicted", words
    return "unverifiable", words


def _flips(text: str, model: Expected, both: Pair, context: Context) -> str:
    """At which change of the job the other device is the faster one."""
    found = []
    for words, change in _CHANGES:
        again = expected(text, both, context, change)
        if again is not None and (again.mid > 1) != (model.mid > 1):
            found.append(f"{words} ({again.mid:.2g} times)")
    return f"; the other is faster at {' and '.join(found)}" if found and model.mid > 1 else ""
