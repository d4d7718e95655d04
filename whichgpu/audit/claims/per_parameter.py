"""Weights by the bytes that a text counts for each parameter: "two bytes per parameter, so 13B is 20 GB"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.models import formats
from whichgpu.audit.quantities import SPELLED
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

_N = rf"(?P<{{}}>\d{{{{1,2}}}}(?:\.\d)?|half a|one|{'|'.join(SPELLED)})"
#: "Two bytes per parameter", "each parameter takes 16 bytes".
_EACH = re.compile(
    rf"\b{_N.format('a')}\s+bytes?\s+(?:per|for (?:each|every|a)|(?:each )?of each|a)\s+(?:parameter|"
    rf"weight|param)\b"
    rf"|\b(?:every|each|a|per)\s+(?:parameter|weight)\s+(?:takes|needs|"
    r"requires|is|costs|has|occupies)\s+(?:about\s+)?"
    rf"{_N.format('b')}\s+bytes?\b"
    rf"|\bat\s+{_N.format('c')}\s+bytes?\s+(?:for\s+)?each\b",
    re.IGNORECASE,
)
#: "A 7B model needs 56 GB", "7B is 14 GB"; "28 GB for 7B".
_OF = re.compile(
    r"(?<![\w.])(?P<size>\d{1,3}(?:\.\d)?)(?:B\b(?:\s+(?:model|network|one|parameters))?"
    # "7 billion parameters under Adam, at 16 bytes for each,"
    r"|\s+billion\b(?:\s+parameters)?(?:\s+(?:under|with) [A-Za-z]{2,8})?"
    r"(?:,? at \w+ bytes (?:for )?each,?)?)"
    r"\s+(?:(?:therefore|thus|then|hence|already)\s+)?(?:is|are|needs?|takes?|requires?|makes?|asks for|"
    r"wants?|calls for|you (?:need|end up with|get|arrive at)|comes to|means|would (?:be|need|take)|=)\s+"
    r"(?:about |around |roughly |only |just |some |then )*~?"
    r"(?P<gb>\d{1,4}(?:\.\d)?)\s?GB\b"
    r"|(?<![\w.])(?P<gb2>\d{1,4}(?:\.\d)?)\s?GB\s+for\s+(?:an?\s+|the\s+)?(?P<size2>\d{1,3}(?:\.\d)?)B\b",
)
#: What makes it another count of bytes, or more than that of the parameters.
_ELSE = re.compile(
    r"\b(?:plus|overhead|cache|context|with activations|quarter|half(?! a byte)|instead|int\d|int-\d|"
    r"\d[ -]?bits?|fp8|fp4|q\d|"
    r"lora|qlora|if|unless|per (?:gpu|card))\b",
    re.IGNORECASE,
)
#: "BERT-Large with 340 million parameters takes around 1.4 GB in FP32".
_IN_FORMAT = re.compile(
    r"(?<![\w.])(?P<n>\d{1,4}(?:\.\d{1,2})?)\s+(?P<scale>m|b)illion\s+parameters\b[^.;:\d]{0,24}?"
    r"\b(?:takes?|needs?|weighs?|occup(?:y|ies)|is|are)\s+"
    r"(?:about |around |roughly |only |just |some |up )*~?"
    r"(?P<told>\d{1,4}(?:\.\d{1,2})?)\s?(?P<unit>[GM])B\s+(?:in|at|with)\s+"
    r"(?P<format>[A-Z]{2,4}\d{1,2}|\d{1,2}[- ]bits?)\b",
    re.IGNORECASE,
)
_TRAINS = re.compile(r"\b(?:train\w*|fine-?tun\w*|adam\w*|optimi[sz]er|gradients?|active|experts?)\b", re.I)
#: What comes beside the weights, as a share of them, and what is clearly not they.
_LEAST, _MORE, _OFF = 0.9, 1.7, 3.0
_WORDS = {**SPELLED, "one": 1, "half a": 0.5}
_BACK, _NEAR, _FAR, _AROUND = 2, 0.10, 6.0, 80


_OTHER_COUNT = re.compile(r"\b(?:\d+|two|four|eight|twelve|fourteen|sixteen) bytes\b", re.IGNORECASE)
_RANGE = re.compile(r"\d\s?(?:to|-|\u2013|or)\s?$")


def find(context: Context) -> Iterator[Finding]:
    """Every size of a model that is said to follow from its bytes per parameter, with its verdict."""
    for _, passage in context.document.running():
        every = list(_EACH.finditer(passage.text))
        for match in _IN_FORMAT.finditer(passage.text):
            yield from _in_format(passage, match, context)
        for at, sentence in enumerate(sentences(passage.text) if every else ()):
            start = sentences(passage.text)[max(at - _BACK, 0)].start
            yield from _of_sentence(
                passage, sentence, [each for each in every if each.start() >= start], context
            )


def _of_sentence(
    passage: Passage, sentence: Sentence, told: list[re.Match[str]], context: Context
) -> Iterator[Finding]:
    for match in _OF.finditer(passage.text, sentence.start, sentence.end):
        group = "gb" if match["gb"] else "gb2"
        before = [each for each in told if each.end() <= match.start(group)]
        bytes_each = {_bytes(each) for each in before}
        since = max(min(before[-1].end(), match.start()), sentence.start) if before else sentence.start
        if len(bytes_each) != 1 or _ELSE.search(passage.text, since, match.start()):
            continue
        if _OTHER_COUNT.search(passage.text, before[-1].end(), match.start(group)) or _RANGE.search(
            passage.text, sentence.start, before[-1].start()
        ):
            # "12 to 16 bytes per parameter, so with 14 bytes": of another count.
            continue
        size, stated = float(match["size"] or match["size2"]), float(match[group])
        real = size * bytes_each.pop()
        # In binary gigabytes it is a little less.
        right = 0.93 * (1 - _NEAR / 2) <= stated / real <= 1 + _NEAR
        if right or not 1 / _FAR < stated / real < _FAR:
            continue
        because = f"{size:g} billion parameters of {real / size:g} bytes are {real:,.4g} GB"
        yield made(
            context, passage, match.span(group), "memory", "inconsistent", subject=f"{size:g}B",
            attribute="weights", because=because, expected=f"{real:,.4g} GB", evidence=(Evidence(because),),
        )  # fmt: skip


def _in_format(passage: Passage, match: re.Match[str], context: Context) -> Iterator[Finding]:
    """What a model of so many parameters takes in a format: the bytes of its weights, and a little beside."""
    said = formats(match["format"])
    around = passage.text[max(0, match.start() - _AROUND) : match.end()]
    if len(said) != 1 or _TRAINS.search(around):
        return
    weights = float(match["n"]) * (1e9 if match["scale"].lower() == "b" else 1e6) * said[0].least
    share = float(match["told"]) * (1e9 if match["unit"].upper() == "G" else 1e6) / weights
    if _LEAST <= share <= _MORE or 1 / _LEAST < share < _OFF:
        return
    many = f"{match['n']} {match['scale']}illion parameters"
    because = f"{many} of {said[0].least:g} bytes are {weights / 1e9:,.4g} GB"
    yield made(
        context, passage, match.span("told"), "memory", "inconsistent", attribute="weights", because=because,
        expected=f"{weights / 1e9:,.4g} GB", evidence=(Evidence(because),),
    )  # fmt: skip


def _bytes(told: re.Match[str]) -> float:
    word = (told["a"] or told["b"] or told["c"]).lower()
    return float(_WORDS.get(word) or word)
