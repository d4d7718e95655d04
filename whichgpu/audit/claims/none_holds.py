"""That no single device has room for what a text says is needed: "it takes 46 GB; no single GPU holds that".

Wrong where a device on file that one card of has as much came out before the text was written, and outdated
where one came out since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.only import segment_of
from whichgpu.audit.findings import made
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.attributes import attributes
from whichgpu.audit.values.fields import released
from whichgpu.audit.values.sourced import on_file
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_WHAT = r"(?:gpu|graphics card|card|accelerator)"
_NONE = re.compile(
    rf"\b(?:no (?:single|one)|not a single|no)\s+(?P<kind>(?:[\w-]+\s+){{0,2}}?){_WHAT}"
    r"(?:\s+(?:on the market|today|available|in existence|(?:that )?you can buy|currently))?\s+"
    r"(?:has|have|holds|offers|carries|comes with|fits|runs|"
    r"(?:can|could|will)\s+(?:hold|run|fit|load|serve))\s+"
    r"(?:enough (?:memory|vram|room)|it|(?:that|this)(?: much| many| model)?|them|(?:as|so) much)\b|"
    rf"\b(?:more|larger|bigger) than any (?:single\s+)?(?P<kind2>(?:[\w-]+\s+){{0,2}}?){_WHAT}\s+"
    r"(?:has|have|holds|offers|can (?:hold|offer))\b|"
    rf"\bwhich no (?:single\s+)?(?P<kind3>(?:[\w-]+\s+){{0,2}}?){_WHAT}\s+(?:has|can (?:hold|offer|fit))\b",
    re.IGNORECASE,
)
#: What a text says is needed, in front of an amount.
_NEEDED = re.compile(
    r"\b(?:needs?|requires?|takes?|uses?|wants?|occup(?:y|ies)|weighs?|comes? to|is|are|at least|over|"
    r"about)\s+(?:up to\s+|about\s+|around\s+|roughly\s+|at least\s+|some\s+|over\s+|~\s?)*$",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(?<![\d.,])(?P<n>\d{1,4}(?:\.\d+)?)\+?\s?(?P<unit>[GT])B\b(?!\s?/|ps)")
_IS_NEEDED = re.compile(
    r"\s*(?:of (?:vram|memory)\s+)?(?:is|are) (?:needed|required|recommended)\b", re.IGNORECASE
)
#: What leaves out some of all devices: those of a text, of a machine, of a price.
_SCOPED = re.compile(
    r"\b(?:here|our|we|us|my|these|those|of the (?:two|three|four|five)|listed|tested|in (?:this|the|our) "
    r"(?:list|table|comparison|guide|article|cluster|rack|box|lab)|under|below|budget|affordable|cheap|slot|laptop|"
    r"was|were|would|until|before|at the time|back then|if|unless|nvidia[\u2019']s|amd[\u2019']s)\b|\?",
    re.IGNORECASE,
)
#: Kinds of devices that words before the noun may name; other words narrow them to what is not known.
_KINDS = re.compile(
    r"(?:consumer|gaming|desktop|workstation|data[- ]?cent(?:er|re)|server|modern|current|\s)*", re.I
)
_MARKETS, _VENDORS = ("datacenter", "geforce", "workstation"), ("NVIDIA", "AMD", "Intel")
#: How much more than is needed leaves no doubt that it has room.
_SPARE = 1.15


def find(context: Context) -> Iterator[Finding]:
    """Every such denial with its verdict."""
    for _, passage in context.document.running():
        if "GB" not in passage.text or "no" not in passage.text.lower():
            continue
        before: Sentence | None = None
        for sentence in sentences(passage.text):
            match = _NONE.search(passage.text, sentence.start, sentence.end)
            if match and not _SCOPED.search(sentence.text):
                yield from _judged(passage, match, (before, sentence), context)
            before = sentence


def _judged(
    passage: Passage, match: re.Match[str], where: tuple[Sentence | None, Sentence], context: Context
) -> Iterator[Finding]:  # fmt: skip
    need = _need(passage, match.start(), where)
    kind = match["kind"] or match["kind2"] or match["kind3"] or ""
    if need is None or not _KINDS.fullmatch(kind):
        return
    every = sorted(_holding(need, segment_of(f"{kind} gpu"), context), key=_size)
    holding = [gpu for gpu in every if _size(gpu) >= _SPARE * need]
    if every and not holding:
        return
    written = context.document.written or context.today.isoformat()
    earlier = [gpu for gpu in holding if str(gpu.value("release_date")) <= written]
    one = next(iter(earlier or holding), None)
    verdict = "confirmed" if one is None else "contradicted" if earlier else "outdated"
    held = f"{one.id} ({released(one)}) has {_size(one):g} GB" if one else ""
    because = held or f"none on file has {need:g} GB"
    memory = attributes()["memory"]
    yield made(
        context, passage, match.span(), "absolute", verdict, subject=one.id if one else "",
        attribute="memory", because=because, evidence=(on_file(one, memory),) if one else (),
    )  # fmt: skip


def _need(passage: Passage, at: int, where: tuple[Sentence | None, Sentence]) -> float | None:
    """The gigabytes that a text says are needed, last before a place: in its sentence or the one before."""
    before, sentence = where
    start = before.start if before else sentence.start
    text = passage.text
    sizes = list(_SIZE.finditer(text, start, at))
    # Of the sentence itself where it tells one, or else of the one before.
    own = [each for each in sizes if each.start() >= sentence.start] or sizes
    if not own or not (_NEEDED.search(text, start, own[-1].start()) or _IS_NEEDED.match(text, own[-1].end())):
        return None
    return max(float(each["n"]) * (1000 if each["unit"] == "T" else 1) for each in own)


def _holding(need: float, segment: str, context: Context) -> Iterator[Gpu]:
    """The devices that have so many gigabytes, of a segment where one is named; no parts of a processor."""
    for gpu in context.catalogue.values():
        known = gpu.confidence != "low" and gpu.vendor in _VENDORS and gpu.value("release_date")
        own = gpu.segment in _MARKETS and not str(gpu.value("memory_type")).startswith("LPDDR")
        if known and own and gpu.segment == (segment or gpu.segment) and _size(gpu) >= need:
            yield gpu


def _size(gpu: Gpu) -> float:
    return float(nominal_gb(float(gpu.value("memory") or 0.0)) or 0.0)
