"""FP64 as a share of FP32: "FP64 runs at 1/64 of the FP32 rate", "half-rate FP64"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.pairs import devices
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences
from whichgpu.audit.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

_SHARE = (
    r"(?:(?:at\s+)?(?:an?\s+|only\s+|just\s+|the\s+)*"
    r"(?P<share>1\s?[/:]\s?\d{1,2}|half|full|(?:a )?(?:third|quarter|eighth|tenth)|"
    r"one[- ](?:half|64th|32nd|16th))\b)"
)
_FP64 = r"\b(?:FP64|double[- ]precision)\b"
_FP64_SAID = re.compile(_FP64, re.IGNORECASE)
_SAID = (
    re.compile(
        rf"{_FP64}[^.;,]{{0,45}}?\b(?:runs?|is|at|limited to|capped at|reduced to|rate of|of|"
        rf"ratio of)\s+{_SHARE}"
        r"(?=[^.;,]{0,12}\b(?:rate|of|the FP32|FP32|speed|single)|\s*(?:[.,;)]|$))",
        re.IGNORECASE,
    ),
    re.compile(rf"{_SHARE}[- ](?:rate|speed)\s+{_FP64}", re.IGNORECASE),
)
_ALL = re.compile(r"\b(?:all|both|each|every)\b", re.IGNORECASE)
#: Words of other devices between the name and what is said.
_OTHERS = re.compile(r"\b(?:cards|gpus|parts|chips|models|others?|rest)\b", re.IGNORECASE)
_TENSOR = re.compile(r"\b(?:tensor|matrix)\b", re.IGNORECASE)
_WORDS = {
    "half": 2.0, "third": 3.0, "quarter": 4.0, "eighth": 8.0, "tenth": 10.0, "full": 1.0, "one-half": 2.0,
    "one half": 2.0, "one-64th": 64.0, "one-32nd": 32.0, "one-16th": 16.0,
}  # fmt: skip
_AND_ANOTHER = re.compile(r"\s*(?:,|and|or|vs\.?|against)\s+1\s?[/:]")
_WITHIN, _HALF = 0.06, 2.1


def find(context: Context) -> Iterator[Finding]:
    """Every share that FP64 is said to have of FP32, with its verdict."""
    for index, passage in context.document.running():
        if not _FP64_SAID.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            for pattern in _SAID if not _TENSOR.search(sentence.text) else ():
                match = pattern.search(passage.text, sentence.start, sentence.end)
                if match is None or _AND_ANOTHER.match(passage.text, match.end("share")):
                    # "At 1/32 and 1/64": of one device each.
                    continue
                who = spoken(index, passage, sentence, context)
                mention = who.owner(match.start())
                start = mention.end if mention in who.here and mention else sentence.start
                if mention and _OTHERS.search(passage.text, start, match.start()):
                    continue
                if mention:
                    yield from _judged(
                        passage, match, [context.catalogue[key] for key in mention.ids], context
                    )
                elif _ALL.search(sentence.text):
                    yield from _of_all(passage, match, context)


def _of_all(passage: Passage, match: re.Match[str], context: Context) -> Iterator[Finding]:
    """What is said of every device that the document compares: wrong where it is so of none."""
    every = [list(_judged(passage, match, [context.catalogue[key] for key in ids], context))
             for ids in devices(context)]  # fmt: skip
    found = [each for some in every for each in some]
    if len(found) == len(every) and len({each.verdict for each in found}) == 1:
        yield found[0]


def _judged(
    passage: Passage, match: re.Match[str], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    known = [gpu for gpu in gpus if gpu.value("fp64") and gpu.value("fp32")]
    if not known:
        return
    word = match["share"].lower().removeprefix("a ")
    told = _WORDS.get(word) or float(re.split(r"[/:]", word)[1])
    real = [gpu.need("fp32") / gpu.need("fp64") for gpu in known]
    # "Full rate" is said of half of FP32 too, beside cards that have a 64th.
    right = any(abs(told / each - 1) <= _WITHIN or (word == "full" and each < _HALF) for each in real)
    because = f"{known[0].id} runs FP64 at 1/{real[0]:.3g} of FP32"
    yield made(context, passage, match.span("share"), "specification",
               "confirmed" if right else "contradicted", subject=known[0].id, attribute="fp64",
               because=because, expected="" if right else f"1/{real[0]:.3g}",
               evidence=(source_of(known[0], "fp64"), Evidence(because)))  # fmt: skip
