"""The most tokens a second of one request where a text tells the weights and the bandwidth itself.

"With 26 GB of weights, its 768 GB/s give a ceiling of 30 tokens per second": no token takes less than one
reading of the weights, so that what is called the most cannot be more than any bandwidth told by any amount.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.counting import counted
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.models import models
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence

#: Words of a bound, and a rate behind them.
_BOUND = re.compile(
    r"\b(?:ceiling|at (?:most|best)|(?:can(?:not|[\u2019']t| not)|could(?:n[\u2019']t|"
    r" not))\s+(?:[a-z]+\s+){0,2}"
    r"(?:exceed|over|beyond|above|better than|faster than|past)|"
    r"no more than|upper (?:bound|limit)|(?:theoretical|absolute|hard) (?:maximum|limit)|the most (?:it|"
    r"that))\b",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"(?<![\w.,])(?P<n>\d{1,3}(?:,\d{3})|\d{1,5}(?:\.\d)?)\s?(?:tok(?:en)?s?\s?(?:/|per\s|"
    r"a\s)\s?s(?:ec(?:ond)?)?\b|t/s\b)|"
    r"(?:(?<=than )|(?<=over ))\s*(?P<m>\d{1,4}(?:\.\d)?)(?=\s*(?:[.;]|$))",
    re.IGNORECASE,
)
#: Several requests, or several tokens of one reading.
_MANY = re.compile(
    r"\b(?:batch\w*|users|requests|concurren\w+|streams|parallel|speculat\w+|draft\w*|mtp|prefill|"
    r"prompts?|aggregate|total|"
    r"together|experts?|active|moe|images?|pictures|cards|gpus|two|four|eight|each)\b|\d\s?[x\u00d7]\s",
    re.IGNORECASE,
)
_TOKENS = re.compile(r"\btok(?:en)?s?\b|\bt/s\b", re.IGNORECASE)
#: "819 / 40, about 20 tokens a second": of what stands there, whoever it is of.
_WRITTEN_OUT = re.compile(r"\d\s?[/\u00f7:]\s?\d")
_SLACK, _LEAST, _FORMATS = 1.2, 1e9, 0.5


def find(context: Context) -> Iterator[Finding]:
    """Every rate that is called the most though it is more than what is told allows."""
    for index, passage in context.document.running():
        if not _TOKENS.search(passage.text) or not _BOUND.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            bound = _BOUND.search(sentence.text)
            if bound and not _MANY.search(sentence.text) and not _WRITTEN_OUT.search(sentence.text):
                who = spoken(index, passage, sentence, context)
                yield from _of_sentence(passage, sentence, who, context)


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    text = passage.text
    if any(counted(text, sentence.start, each.start) > 1 for each in who.here):
        # "With twenty T4s we managed at most 360": of all of them.
        return
    rates = list(_RATE.finditer(text, sentence.start, sentence.end))
    told = within(quantities(text, context.fraction), 0, sentence.end)
    sizes = [each.value for each in told if each.dimension == "memory" and each.value >= _LEAST]
    sizes += [_FORMATS * each.parameters for each in models(text[: sentence.end])] if not sizes else []
    widths = [each.value for each in told if each.dimension == "bandwidth"]
    widths += _of_devices(who, context)
    if len(rates) != 1 or not sizes or not widths:
        return
    group = "n" if rates[0]["n"] else "m"
    rate = float(rates[0][group].replace(",", ""))
    most = max(widths) / min(sizes)
    if rate <= most * _SLACK:
        return
    because = (
        f"{max(widths) / 1e9:,.4g} GB/s over {min(sizes) / 1e9:,.4g} GB, the least told, are {most:,.3g} "
        f"a second"
    )
    yield made(
        context, passage, rates[0].span(group), "benchmark", "inconsistent", attribute="throughput",
        because=because, expected=f"{most:,.3g}", evidence=(Evidence(because),),
    )  # fmt: skip


def _of_devices(who: Spoken, context: Context) -> Sequence[float]:
    """The bandwidths of the devices that a sentence speaks of."""
    return [
        float(width)
        for each in (*who.here, *who.topic)
        for key in each.ids
        if (width := context.catalogue[key].value("bandwidth"))
    ]
