"""What small models take at so many bytes for each parameter: "16 bytes a parameter. 110 million make 18 GB".

The bytes are told in the passage, once and of one number, and the parameters stand in the sentence of the amount.
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_BYTES = re.compile(
    r"(?<![\w.,-])(?P<n>\d{1,2}(?:\.\d)?)\s+bytes?\s+(?:per|a|for (?:each|every|a))\s+(?:parameter|weight)\b",
    re.IGNORECASE,
)
_ANY_BYTES = re.compile(r"(?<![\w.,])(?P<n>\d{1,3}(?:\.\d)?)\s+bytes?\b", re.IGNORECASE)
#: Parameters, and what they make a little behind them.
_MAKE = re.compile(
    r"(?<![\w.,-])(?P<n>\d{1,4}(?:\.\d)?)[\s-](?P<scale>m|b)illion(?:s of)?[\s-]parameters?\b"
    r"(?:\s(?:of\s)?[A-Z][\w.-]{2,20})?\s(?:(?:thus|therefore|then|hence|so)\s)?"
    r"(?:needs?|takes?|makes?|comes? to|are|is|means?|add up to)\s"
    r"(?:(?:about|around|roughly|some|nearly|almost|just|only|over)\s)*~?(?P<gb>\d{1,4}(?:\.\d{1,2})?)\s?(?P<unit>[GM])B\b",
    re.IGNORECASE,
)
#: What comes on top of the parameters, or is of other bytes.
_MORE = re.compile(
    r"\b(?:with|including|plus|cache|context|overhead|peak|batch|users?|card|gpus?|each|between|if|unless|instead|"
    r"lora|adapters?|frozen|shard\w*|offload\w*|quanti[sz]\w+|half|quarter|saves?|from|to \d)\b|\d\s?bits?\b",
    re.IGNORECASE,
)
_BEHIND, _LEAST, _MOST = 40, 0.7, 1.7


def find(context: Context) -> Iterator[Finding]:
    """Every amount that is no such product."""
    for _, passage in context.document.running():
        counts = {float(each["n"]) for each in _BYTES.finditer(passage.text)}
        if len(counts) == 1:
            yield from _of_passage(passage, counts.pop(), context)


def _of_passage(passage: Passage, each: float, context: Context) -> Iterator[Finding]:
    text = passage.text
    for sentence in sentences(text):
        for match in _MAKE.finditer(text, sentence.start, sentence.end):
            told = _BYTES.search(text, 0, match.start())
            # Other bytes than these may be meant since.
            if told is None or {float(one["n"]) for one in _ANY_BYTES.finditer(text, 0, match.end())} != {
                each
            }:
                continue
            behind = text[match.end() : match.end() + _BEHIND].partition(". ")[0]
            if _MORE.search(f"{match[0]} {behind}"):
                continue
            real = float(match["n"]) * (1e9 if match["scale"].lower() == "b" else 1e6) * each
            stated = float(match["gb"]) * (1e9 if match["unit"].upper() == "G" else 1e6)
            if real and not _LEAST <= stated / real <= _MOST:
                many = f"{match['n']} {match['scale']}illion parameters"
                because = f"{many} of {each:g} bytes are {real / 1e9:,.3g} GB"
                yield made(
                    context, passage, match.span("gb"), "memory", "inconsistent", attribute="weights",
                    because=because, expected=f"{real / 1e9:,.3g} GB", evidence=(Evidence(because),),
                )  # fmt: skip
