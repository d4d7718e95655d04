"""Fits: "Llama 3 70B in FP16 runs on a single RTX 6000 Ada", held against the weights and the memory."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.judging import source_of
from whichgpu.audit.models import TRAINS, formats, models
from whichgpu.audit.roles import counted, spoken
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.models import Format, Model
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

_FITS = re.compile(
    r"\b(?:fit(?:s|ting)?\b(?=[^.;]{0,40}?\b(?:in|on|into|onto|within|inside)\b)|(?:runs?|loads?|hosts?|deploy|serves?|"
    r"holds?|handles?|load(?:ed)?|hosted|served|deployed|running|"
    r"enough (?:for|to)|sufficient (?:for|to)|room for)\b)",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"(?:\b(?:not|cannot|never|unable to|too (?:large|big) (?:for|to)|impossible to|fails? to)|n[\u2019']t)\b"
    r"[^.;]{0,24}$",
    re.IGNORECASE,
)
#: What makes a fit a condition, a comparison or another thing.
_HEDGED = re.compile(
    r"\b(?:if|unless|whether|faster|slower|tokens?/s|tokens per|batch|context|users?|speed|twice|"
    r"would|might|may|previously|per (?:gpu|card)|split|shard\w*|together with|plus)\b",
    re.IGNORECASE,
)
_TOO_LARGE = re.compile(r"\btoo (?:large|big)\b", re.IGNORECASE)
_CLAUSE = re.compile(r",\s+(?:but|so|and|while|whereas)\s|;\s")
_NODE = re.compile(r"\b(?:dgx|hgx)\s*$", re.IGNORECASE)
#: What the weights may take of the memory and still leave room to run, and beyond which they do not fit.
_ROOM, _FULL = 0.9, 1.0
#: Bytes of a weight of the smallest format in use (2.5 bits with its scales).
_LEAST = 0.34
_PER_NODE = 8


class _Claim(NamedTuple):
    """That a model fits, or does not, on so many of a device."""

    place: tuple[int, int]
    model: Model
    said: Format | None
    mention: Mention
    number: float
    fits: bool


def find(context: Context) -> Iterator[Finding]:
    """Every stated fit with its verdict."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in ("paragraph", "item", "caption") or not context.mentions.get(index):
            continue
        for sentence in sentences(passage.text):
            for claim in _claims(index, passage, sentence, context):
                yield from _judged(passage, claim, context)


def _claims(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[_Claim]:
    """The fits of a sentence that speaks of one model: each clause with one device and at most one format."""
    text = sentence.text
    if not _FITS.search(text) or TRAINS.search(text) or _HEDGED.search(text):
        return
    found = models(text)
    if len({each.parameters for each in found}) != 1:
        return
    who = spoken(index, passage, sentence, context)
    starts = [0, *(match.end() for match in _CLAUSE.finditer(text)), len(text)]
    for first, last in pairwise(starts):
        said = formats(text[first:last]) or formats(text)
        here = within(who.here, sentence.start + first, sentence.start + last)
        verb = _FITS.search(text, first, last)
        if verb is None or len({each.named for each in here}) != 1 or len(said) > 1:
            continue
        count = counted(passage.text, sentence.start + first, here[0].start)
        if _NODE.search(passage.text, sentence.start, here[0].start):
            count *= _PER_NODE
        denied = bool(_NOT.search(text[first : verb.start()]) or _TOO_LARGE.search(text, first, last))
        at = sentence.start + verb.start()
        place = (min(at, here[0].start), max(here[0].end, sentence.start + verb.end()))
        yield _Claim(place, found[0], said[0] if said else None, here[0], count, not denied)


def _judged(passage: Passage, claim: _Claim, context: Context) -> Iterator[Finding]:
    """Contradicted where the weights alone exclude it, or leave half of the memory free."""
    gpus = [context.catalogue[key] for key in claim.mention.ids]
    sized = [(float(gpu.value("memory") or 0.0), gpu) for gpu in gpus if gpu.value("memory")]
    if not sized:
        return
    size, gpu = max(sized, key=lambda each: each[0]) if claim.fits else min(sized, key=lambda each: each[0])
    total = size * claim.number
    weights = claim.model.parameters * (claim.said.least if claim.said else 2.0)
    least = weights if claim.said else claim.model.parameters * _LEAST
    verdict = _verdict(claim, (least, weights), total)
    form = claim.said.name if claim.said else "16 bit"
    many = f"{claim.number:g} x {gpu.id} have" if claim.number > 1 else f"{gpu.id} has"
    because = (
        f"{claim.model.name}: {weights / 1e9:,.3g} GB of weights in {form}; {many} {total / 1e9:,.4g} GB"
    )
    yield made(
        context, passage, claim.place, "memory", verdict, subject=claim.model.name, attribute="fits",
        because=because, expected="" if verdict == "confirmed" else ("no" if claim.fits else "yes"),
        evidence=(Evidence(because, "memory model"), source_of(gpu, "memory")),
    )  # fmt: skip


def _verdict(claim: _Claim, weights: tuple[float, float], total: float) -> str:
    """`weights` are the least that they can take in what is said, and what they take in it."""
    least, usual = weights
    if claim.fits:
        if least > _FULL * total:
            return "contradicted"
        return "confirmed" if usual < _ROOM * total else "unverifiable"
    if claim.said is None:
        return "confirmed" if least > _FULL * total else "unverifiable"
    if usual > _ROOM * total:
        return "confirmed"
    return "contradicted" if usual < 0.5 * total else "unverifiable"
