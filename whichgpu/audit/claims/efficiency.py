"""Rates per watt, and prices per gigabyte: "0.25 TFLOPS per watt at 285 W for 44.1 TFLOPS"."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.sourced import source_of
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention
    from whichgpu.hardware.gpu import Gpu

_PER_WATT = re.compile(
    r"(?<![\w.,])(?P<n>\d{1,5}(?:\.\d{1,3})?)\s*(?P<unit>[TG]FLOP/?S?|TOPS|GB/s)\s*(?:per watt|per W\b|"
    r"/\s?W(?:att)?\b)",
    re.IGNORECASE,
)
_PER_GB = re.compile(
    r"\$\s?(?P<n>\d{1,5}(?:\.\d{1,2})?)\s*(?:per|/|a)\s?(?:GB|gigabyte)\b(?!\s*(?:/|per|a month|"
    r"of (?:storage|disk|egress|traffic)))",
    re.I,
)
_SCALES = {"t": 1e12, "g": 1e9}
_RATES = ("fp64", "fp64_tensor", "fp32", "tf32", "fp16", "fp16_acc16", "fp16_vector", "bf16", "fp8",
          "fp8_acc16", "fp4", "int8", "int4", "bandwidth")  # fmt: skip
_MEASURED = re.compile(r"\b(?:measured|observed|under load|idle|actual|system|wall)\b", re.IGNORECASE)
_WITHIN, _WRONG = 0.06, 0.2


def find(context: Context) -> Iterator[Finding]:
    """Every rate per watt with its verdict."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            if _PER_GB.search(passage.text, sentence.start, sentence.end):
                who = spoken(index, passage, sentence, context)
                yield from _per_gigabyte(passage, sentence, who, context)
            for match in _PER_WATT.finditer(passage.text, sentence.start, sentence.end):
                if _MEASURED.search(sentence.text):
                    continue
                mention = spoken(index, passage, sentence, context).owner(match.start())
                yield from _judged(passage, sentence, match, mention, context)


def _per_gigabyte(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """A price per gigabyte of memory, against the price before it and the memory of the device."""
    every = quantities(passage.text, context.fraction)
    for match in _PER_GB.finditer(passage.text, sentence.start, sentence.end):
        mention = who.owner(match.start())
        prices = [
            each
            for each in within(every, sentence.start, match.start())
            if each.dimension == "money" and each.high == each.value > 0
            if not _PER_GB.match(passage.text, each.start)
        ]
        sizes: set[float | None]
        sizes = {nominal_gb(float(value)) for key in mention.ids
                 if (value := context.catalogue[key].value("memory"))} if mention else set()  # fmt: skip
        # What the text says of the memory itself goes before what is on file: "12GB (per GPU)".
        first = mention.end if mention in who.here and mention else sentence.start
        own = [each for each in within(every, first, match.start()) if each.dimension == "memory"]
        sizes = {own[-1].value / 1e9} if own else sizes
        told = float(match["n"].replace(",", ""))
        if not prices or not told or len(sizes) != 1 or None in sizes:
            continue
        if (
            mention
            and prices[-1].end <= mention.start
            and _WHILE.search(passage.text, prices[-1].end, mention.start)
        ):
            # "$4,999 over 128 GB is $39, while the 5090 works out at $150 per gigabyte".
            continue
        size = float(next(iter(sizes)) or 1)
        real = prices[-1].value / size
        close = abs(told / real - 1) <= _WITHIN
        wrong = abs(told / real - 1) > _WRONG
        if wrong and mention not in who.here and _is_of_another(prices[-1].value / told, passage, context):
            # "At $8,500 it is $89 per gigabyte": of a device that the text spoke of before.
            continue
        because = f"{passage.text[prices[-1].start : prices[-1].end]} over {size:g} GB is {real:.4g}"
        verdict = "confirmed" if close else "inconsistent" if wrong else "unverifiable"
        yield made(context, passage, match.span("n"), "arithmetic", verdict, attribute="price per GB",
                   because=because, expected="" if close else f"{real:.3g}",
                   evidence=(Evidence(because),))  # fmt: skip


_WHILE = re.compile(r"\b(?:while|whereas|but)\b|;", re.IGNORECASE)


def _is_of_another(size: float, passage: Passage, context: Context) -> bool:
    """Whether any device that a passage names has about so many gigabytes of memory."""
    named = context.mentions.get(context.place(passage), ())
    sizes = (
        nominal_gb(float(context.catalogue[key].value("memory") or 0)) for each in named for key in each.ids
    )
    return any(known and abs(size / known - 1) <= _WITHIN for known in sizes)


def _judged(
    passage: Passage, sentence: Sentence, match: re.Match[str], mention: Mention | None, context: Context
) -> Iterator[Finding]:
    told = float(match["n"]) * _SCALES[match["unit"][0].lower()]
    digits = match["n"].partition(".")[2]
    rounding = 0.5 * 10 ** -len(digits) / (float(match["n"]) or 1.0)
    pairs = list(_stated(passage, sentence, match, context))
    evidence = [Evidence(words) for _, words in pairs]
    if not pairs and mention is not None:
        gpus = [context.catalogue[key] for key in mention.ids]
        pairs = [each for gpu in gpus for each in _on_file(gpu)]
        evidence = [source_of(gpus[0], "power")]
    if not pairs:
        return
    value, words = min(pairs, key=lambda one: abs(one[0] / told - 1) if told else 0.0)
    off = abs(told / value - 1)
    close = off <= max(_WITHIN, rounding)
    verdict = "confirmed" if close else "inconsistent" if off > _WRONG + rounding else "unverifiable"
    if verdict == "inconsistent" and not _stated_both(passage, sentence, match, context):
        verdict = "contradicted"
    scale = _SCALES[match["unit"][0].lower()]
    yield made(context, passage, match.span("n"), "arithmetic", verdict, attribute="efficiency",
               subject=", ".join(mention.ids) if mention else "", because=words,
               expected="" if close else f"{value / scale:.3g}",
               evidence=tuple(evidence[:2]))  # fmt: skip


def _stated_both(passage: Passage, sentence: Sentence, match: re.Match[str], context: Context) -> bool:
    return next(_stated(passage, sentence, match, context), None) is not None


def _stated(
    passage: Passage, sentence: Sentence, match: re.Match[str], context: Context
) -> Iterator[tuple[float, str]]:
    """The quotient of the one power and the one rate that the sentence states before it."""
    found = [
        each
        for each in within(quantities(passage.text, context.fraction), sentence.start, match.start())
        if each.high >= each.value > 0 and each.end <= match.start()
    ]
    powers = _of(found, ("power",))
    rates = _of(found, ("flop rate", "op rate", "bandwidth"))
    if len(powers) == 1 and len(rates) == 1:
        words = [passage.text[each.start : each.end] for each in (rates[0], powers[0])]
        # "34-67 TOPS at 7-25 W, 2-10 TOPS/W": either end over either end.
        for rate, power in product(*({each.value, each.high} for each in (rates[0], powers[0]))):
            yield rate / power, f"{words[0]} over {words[1]}"


def _of(found: Sequence[Quantity], dimensions: Sequence[str]) -> list[Quantity]:
    return [each for each in found if each.dimension in dimensions]


def _on_file(gpu: Gpu) -> Iterator[tuple[float, str]]:
    """Every peak of a device over its power, dense and sparse."""
    power = gpu.value("power")
    for field in _RATES if power and gpu.confidence != "low" else ():
        value = gpu.value(field)
        for times in {1.0, float(gpu.value("sparsity") or 1.0)} if value else ():
            words = f"{gpu.id}: {gpu.display(field)} ({field}) over {gpu.display('power')}"
            yield float(value or 0) * times / float(power or 1), words
