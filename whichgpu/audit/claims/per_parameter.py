"""Weights by the bytes that a text counts for each parameter: "two bytes per parameter, so 13B is 20 GB"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
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
    rf"|\b(?:every|each|a|per)\s+(?:parameter|weight)\s+(?:takes|needs|requires|is|costs|has|occupies)\s+(?:about\s+)?"
    rf"{_N.format('b')}\s+bytes?\b",
    re.IGNORECASE,
)
#: "A 7B model needs 56 GB", "7B is 14 GB"; "28 GB for 7B".
_OF = re.compile(
    r"(?<![\w.])(?P<size>\d{1,3}(?:\.\d)?)B\b(?:\s+(?:model|network|one|parameters))?\s+(?:is|are|needs?|takes?|requires?|makes?|"
    r"comes to|means|would (?:be|need|take)|=)\s+(?:about |around |roughly |only |just |some |then )*~?"
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
_WORDS = {**SPELLED, "one": 1, "half a": 0.5}
_BACK, _NEAR, _FAR = 2, 0.10, 6.0


def find(context: Context) -> Iterator[Finding]:
    """Every size of a model that is said to follow from its bytes per parameter, with its verdict."""
    for _, passage in context.document.running():
        every = list(_EACH.finditer(passage.text))
        for at, sentence in enumerate(sentences(passage.text) if every else ()):
            start = sentences(passage.text)[max(at - _BACK, 0)].start
            yield from _of_sentence(
                passage, sentence, [each for each in every if each.start() >= start], context
            )


def _of_sentence(
    passage: Passage, sentence: Sentence, told: list[re.Match[str]], context: Context
) -> Iterator[Finding]:
    for match in _OF.finditer(passage.text, sentence.start, sentence.end):
        before = [each for each in told if each.end() <= match.start()]
        bytes_each = {_bytes(each) for each in before}
        since = max(before[-1].end(), sentence.start) if before else sentence.start
        if len(bytes_each) != 1 or _ELSE.search(passage.text, since, match.start()):
            continue
        group = "gb" if match["gb"] else "gb2"
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


def _bytes(told: re.Match[str]) -> float:
    word = (told["a"] or told["b"]).lower()
    return float(_WORDS.get(word) or word)
