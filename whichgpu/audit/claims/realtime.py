"""Real-time factors of speech: "at 30x real time an hour of audio takes two minutes", "an RTF of 0.05".

A factor is audio over the time that it takes, or the reverse of it as papers write it. Of the three one
follows from the other two; several devices at once are so many times as fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import SPELLED, read_number
from whichgpu.audit.sentences import sentences
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_N = r"\d{1,3}(?:,\d{3})+|\d{1,6}(?:\.\d{1,4})?"
_SPEECH = re.compile(r"\b(?:real[- ]?time|rtfx?|transcri\w+|whisper|audio|speech)\b", re.IGNORECASE)
#: How many times as fast as it is spoken, and the part of that time that it takes.
_FACTOR = re.compile(
    rf"(?<![\w.,])(?P<x>{_N})\s?(?:x|\u00d7|times)\s*(?:faster than\s+)?(?:the\s+)?(?:real[- ]?time|"
    rf"realtime)\b|"
    rf"\brtfx\s*(?:of|=|:|is|was)?\s*(?P<rtfx>{_N})\b|"
    rf"\b(?:rtf|real[- ]time factor)\s*(?:\(rtf\)\s*)?(?:of|=|:|is|was)?\s*(?P<rtf>0?\.\d{{1,4}})\b(?!\s?x)|"
    rf"\bat (?:about |around |some )?(?P<at>{_N})\s?[x\u00d7](?=[\s,.;:])(?!\s+(?:the|faster|more))",
    re.IGNORECASE,
)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}


def _long(name: str) -> str:
    """The pattern of a length of time, in groups of this name."""
    return (
        rf"(?P<{name}>(?<![\w.,$])(?:{_N})|\b(?:half an|an?|one|{'|'.join(SPELLED)}))[\s-]*"
        rf"(?P<{name}_unit>hours?|hrs?|h|minutes?|mins?|seconds?|secs?|s)\b"
    )


_AUDIO = re.compile(
    _long("audio")
    + r"\s*(?:of\s+(?:\w+\s+){0,2}?(?:audio|speech|recordings?|podcasts?|archive\w*|calls|material|video)\b|"
    r"(?:\w+\s+)?(?:podcast|recording|interview|audio|file|meeting|lecture|episode|talk|call|video)\b|"
    r"(?=(?:takes?|needs?|is (?:done|finished|transcribed)|are (?:done|finished|transcribed))\b))",
    re.IGNORECASE,
)
_TAKES = re.compile(
    r"\b(?:takes?|took|needs?|done|finish\w*|in|is|within|requires?|means|processing|lasts?|transcribed)\b"
    r"[^.;\d]{0,30}$",
    re.IGNORECASE,
)
_LASTS = re.compile(
    _long("time") + r"(?!\s*(?:of (?!processing|compute|gpu)|long|podcast|recording))", re.IGNORECASE
)
_SEVERAL = re.compile(
    rf"\b(?:with|on|over|across|using)\s+(?P<n>{'|'.join(SPELLED)}|\d{{1,3}})\s+(?:\w+\s+){{0,2}}?"
    r"(?:gpus?|cards|of them|workers|[A-Z]\d{1,3}S?s)\b",
    re.IGNORECASE,
)
#: The price of an hour of the device, and that of so many hours of audio.
_RENT = re.compile(
    r"\$(?P<n>\d{1,3}(?:\.\d{1,4})?)\s*(?:/|per|an|a)\s*(?:gpu[- ])?(?:hour|hr|h)\b(?!\s+of\s+audio)",
    re.IGNORECASE,
)
_COST = re.compile(
    r"(?:\$(?P<usd>\d{1,4}(?:,\d{3})*(?:\.\d{1,4})?)|(?P<cents>\d{1,4}(?:\.\d{1,3})?)\s?cents?\b)",
    re.IGNORECASE,
)
#: What is a limit and no statement, or a price.
_EASED = re.compile(
    r"\b(?:under|less than|at most|up to|over|more than|below|above|at least)\s+(?:an?\s+)?$", re.I
)
#: How far rounding goes, and from where on it is wrong.
_NEAR, _WRONG = 0.12, 0.3


class _Run(NamedTuple):
    """What was told last: how many times as fast as real time, and how long the audio is, in seconds."""

    factor: float = 0.0
    audio: float = 0.0
    words: str = ""
    #: Dollars for an hour of the device.
    rent: float = 0.0


def find(context: Context) -> Iterator[Finding]:
    """Every time that audio is said to take at a factor, with its verdict."""
    for _, passage in context.document.running():
        if not _SPEECH.search(passage.text):
            continue
        run = _Run()
        for sentence in sentences(passage.text):
            factors = [
                (_factor(each), each) for each in _FACTOR.finditer(passage.text, sentence.start, sentence.end)
            ]
            audio = list(_AUDIO.finditer(passage.text, sentence.start, sentence.end))
            if len({value for value, _ in factors}) > 1 or len(audio) > 1:
                run = _Run()
                continue
            if factors:
                run = run._replace(factor=factors[0][0], words=f"{factors[0][0]:g}x real time")
            if audio:
                run = run._replace(audio=_seconds(audio[0], "audio"))
            rents = _RENT.findall(passage.text, sentence.start, sentence.end)
            run = run._replace(rent=float(rents[0])) if len(rents) == 1 else run
            if run.factor > 0 and run.audio > 0:
                if audio and run.rent > 0 and len(rents) < 2:
                    yield from _of_cost(passage, (sentence.start, sentence.end), run, context)
                yield from _of_sentence(passage, (sentence.start, sentence.end), run, audio, context)


def _of_sentence(
    passage: Passage, place: tuple[int, int], run: _Run, audio: list[re.Match[str]], context: Context
) -> Iterator[Finding]:
    text = passage.text
    taken = [
        each
        for each in _LASTS.finditer(text, *place)
        if _TAKES.search(text, place[0], each.start())
        and not any(one.start() < each.end() and each.start() < one.end() for one in audio)
    ]
    several = _SEVERAL.search(text, *place)
    if len(taken) != 1 or _EASED.search(text, place[0], taken[0].start()) or (not audio and not several):
        return
    told = _seconds(taken[0], "time")
    count = int(read_number(several["n"])) if several else 1
    real = run.audio / run.factor / max(count, 1)
    off = max(told / real, real / told) - 1 if told > 0 else 1.0
    verdict = "confirmed" if off <= _NEAR else "inconsistent" if off > _WRONG else "unverifiable"
    together = f", shared by {count}" if count > 1 else ""
    because = f"{_words(run.audio)} at {run.words}{together} take {_words(real)}"
    yield made(
        context,
        passage,
        taken[0].span(),
        "arithmetic",
        verdict,
        attribute="real-time factor",
        because=because,
        expected=_words(real) if verdict == "inconsistent" else "",
        evidence=(Evidence(because),),
    )


def _of_cost(passage: Passage, place: tuple[int, int], run: _Run, context: Context) -> Iterator[Finding]:
    """What audio costs at the price of the device."""
    told = [
        each
        for each in _COST.finditer(passage.text, *place)
        if not _RENT.match(passage.text, each.start(), place[1])
    ]
    if len(told) != 1 or _EASED.search(passage.text, place[0], told[0].start()):
        return
    stated = float(told[0]["usd"].replace(",", "")) if told[0]["usd"] else float(told[0]["cents"]) / 100.0
    real = run.rent * run.audio / run.factor / 3600.0
    off = max(stated / real, real / stated) - 1 if stated > 0 else 1.0
    verdict = "confirmed" if off <= _NEAR else "inconsistent" if off > _WRONG else "unverifiable"
    because = f"{_words(run.audio)} at {run.words} and ${run.rent:g} an hour cost ${real:.3g}"
    yield made(
        context,
        passage,
        told[0].span(),
        "arithmetic",
        verdict,
        attribute="price of audio",
        because=because,
        expected=f"${real:.3g}" if verdict == "inconsistent" else "",
        evidence=(Evidence(because),),
    )


def _factor(match: re.Match[str]) -> float:
    """How many times as fast as it is spoken."""
    if match["rtf"]:
        return 1.0 / float(match["rtf"]) if float(match["rtf"]) > 0 else 0.0
    return float((match["x"] or match["rtfx"] or match["at"]).replace(",", ""))


def _seconds(match: re.Match[str], name: str) -> float:
    return read_number(match[name]) * _UNITS[match[f"{name}_unit"][0].lower()]


def _words(seconds: float) -> str:
    unit, length = next(
        (each for each in (("hours", 3600.0), ("minutes", 60.0)) if seconds >= 1.5 * each[1]),
        ("seconds", 1.0),
    )
    return f"{seconds / length:.3g} {unit}"
