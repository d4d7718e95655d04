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

_TENS = {"forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
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
    r"|[\s-]billion\b(?:[\s-]parameters?)?(?:\s+(?:model|network|version))?"
    r"(?:\s+(?:under|with) [A-Za-z]{2,8})?"
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
#: How many parameters a model has: "340 million parameters", "Seventy billion parameters".
_COUNT = re.compile(
    rf"(?<![\w.])(?P<n>\d{{1,4}}(?:\.\d{{1,2}})?|{'|'.join((*SPELLED, *_TENS))})\s+(?P<scale>m|b)illions?\s+"
    r"(?:of\s+)?parameters\b",
    re.IGNORECASE,
)
#: From there to what they take, and the bytes of each where it tells them.
_TO = re.compile(
    # "It has 340 million parameters. In FP32 the weights take"
    r"(?:[^.;:\d(]|\([^()]{0,30}\)|\d(?=[ -]?bits?\b)|(?<=[A-Za-z])\d+|"
    r"\.(?=\s+(?:(?:In|At|With|Stored in)\s+[A-Z]{2,4}\d|"
    r"The(?:se|ir)?\s(?:weights|model)\b|Its\sweights\b))){0,70}?"
    r"(?:\b(?:takes?|needs?|weighs?|occup(?:y|ies)|is|are|makes?|comes? to|so|that is|which is|then)\b|[:=])"
    r"[\s*_]+(?:(?:about|around|roughly|only|just|some|up|a good|nearly|almost|it takes|it needs|that is|in|"
    r"at|"
    r"[A-Z]{2,4}\d{1,2}|\d{1,2}[- ]bits?)\s+)*~?"
    r"(?P<told>\d{1,4}(?:\.\d{1,2})?)\s?(?P<unit>[GM])B\b"
    r"(?:\s+(?:in|at|with)\s+(?P<format>[A-Z]{2,4}\d{1,2}|\d{1,2}[- ]bits?|(?:four|eight|sixteen) bits?)\b)?",
    re.IGNORECASE,
)
_AT = re.compile(rf"\b(?:at|of) (?P<n>one|{'|'.join(SPELLED)}|\d(?:\.\d)?) bytes?\b", re.IGNORECASE)
_IN_BITS = re.compile(r"\b(?P<n>four|eight|sixteen)[ -]bits?\b", re.IGNORECASE)
#: Words for what comes beside the weights, and for other memory.
_BESIDE = re.compile(
    r"\b(?:caches?|contexts?|overheads?|activations?|with|including|users?|batch\w*|room|cards?|gpus?|free|left|"
    r"each|saved?s?|smaller|larger|disk|download|per)\b",
    re.IGNORECASE,
)
_TRAINS = re.compile(r"\b(?:train\w*|fine-?tun\w*|adam\w*|optimi[sz]er|gradients?|active|experts?)\b", re.I)
#: What comes beside the weights, as a share of them, and what is clearly not they.
_LEAST, _MORE, _BEHIND = 0.9, 1.7, 24
_WORDS = {**SPELLED, **_TENS, "one": 1, "half a": 0.5}
_BACK, _NEAR, _FAR, _MOST, _AROUND = 2, 0.10, 6.0, 12.0, 80


_OTHER_COUNT = re.compile(r"\b(?:\d+|two|four|eight|twelve|fourteen|sixteen) bytes\b", re.IGNORECASE)
_RANGE = re.compile(r"\d\s?(?:to|-|\u2013|or)\s?$")


def find(context: Context) -> Iterator[Finding]:
    """Every size of a model that is said to follow from its bytes per parameter, with its verdict."""
    for _, passage in context.document.running():
        every = list(_EACH.finditer(passage.text))
        for match in _COUNT.finditer(passage.text):
            yield from _counted(passage, match, context)
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
        if not real:
            continue
        # In binary gigabytes it is a little less.
        right = 0.93 * (1 - _NEAR / 2) <= stated / real <= 1 + _NEAR
        if right or not 1 / _FAR < stated / real < _FAR:
            continue
        because = f"{size:g} billion parameters of {real / size:g} bytes are {real:,.4g} GB"
        yield made(
            context, passage, match.span(group), "memory", "inconsistent", subject=f"{size:g}B",
            attribute="weights", because=because, expected=f"{real:,.4g} GB", evidence=(Evidence(because),),
        )  # fmt: skip


def _counted(passage: Passage, count: re.Match[str], context: Context) -> Iterator[Finding]:
    """What a model of so many parameters takes in a format: the bytes of its weights, and a little beside."""
    text = passage.text
    match = _TO.match(text, count.end())
    around = text[max(0, count.start() - _AROUND) : match.end()] if match else ""
    # What the next sentence adds is no more in it.
    around += text[match.end() : match.end() + _BEHIND].partition(". ")[0] if match else ""
    each, name = _told_bytes(match) if match else (0.0, "")
    if match is None or not each or _TRAINS.search(around):
        return
    weights = _number(count["n"]) * (1e9 if count["scale"].lower() == "b" else 1e6) * each
    if not weights:
        return
    share = float(match["told"]) * (1e9 if match["unit"].upper() == "G" else 1e6) / weights
    beside = _BESIDE.search(around[_AROUND:] if count.start() > _AROUND else around) is not None
    if _LEAST <= share <= _MORE or not 1 / _MOST < share < _MOST or (share > 1 and beside):
        return
    many = f"{count['n']} {count['scale']}illion parameters"
    because = f"{many} of {each:g} bytes ({name}) are {weights / 1e9:,.4g} GB"
    yield made(
        context, passage, match.span("told"), "memory", "inconsistent", attribute="weights", because=because,
        expected=f"{weights / 1e9:,.4g} GB", evidence=(Evidence(because),),
    )  # fmt: skip


def _told_bytes(match: re.Match[str]) -> tuple[float, str]:
    """The bytes of a parameter that stand between a count and an amount, or behind it, and the words."""
    words = match[0][: match.start("told") - match.start()]
    told = [(_number(each["n"]), each[0]) for each in _AT.finditer(words)]
    for where in (match["format"] or "", words):
        told += [(_number(each["n"]) / 8, each[0]) for each in _IN_BITS.finditer(where)]
        told += [(each.least, each.name) for each in formats(where)]
    sizes = {size for size, _ in told}
    return told[0] if len(sizes) == 1 else (0.0, "")


def _number(word: str) -> float:
    return float(_WORDS.get(word.lower(), 0.0) or word)


def _bytes(told: re.Match[str]) -> float:
    return _number(told["a"] or told["b"] or told["c"])
