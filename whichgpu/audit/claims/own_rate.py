"""A device's rate in one format against its own in another: "FP8 at twice its FP16 rate", "fast FP64".

A format in which a device does a small part of what it does in FP32 is praised on no ground.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.multiple import Multiple, verdict_of
from whichgpu.audit.devices.roles import told
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import SPELLED, read_number
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: The dense rates on file that a format can mean.
_RATES = {
    "fp64": ("fp64", "fp64_tensor"), "fp32": ("fp32",), "tf32": ("tf32",), "fp8": ("fp8", "fp8_acc16"),
    "fp16": ("fp16", "fp16_acc16", "fp16_vector"), "bf16": ("fp16", "fp16_vector"), "fp4": ("fp4",),
    "int8": ("int8",), "int4": ("int4",),
}  # fmt: skip
_FORMAT = r"(?:FP ?(?:64|32|16|8|4)|TF32|BF16|INT ?[84]|(?:half|single|double)[ -]precision)\b"
_SPOKEN = {"half precision": "fp16", "single precision": "fp32", "double precision": "fp64"}
_SHARES = {"half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4, "eighth": 1 / 8, "sixteenth": 1 / 16,
           "twice": 2.0, "double": 2.0, "doubles": 2.0, "triple": 3.0, "triples": 3.0, "quadruple": 4.0,
           "quadruples": 4.0}  # fmt: skip
_HEDGES = {"about": "about", "roughly": "about", "around": "about", "nearly": "nearly", "almost": "nearly",
           "over": "over", "more than": "over", "less than": "under"}  # fmt: skip
#: A multiple or a share, and the format behind it that it is of.
_OF = re.compile(
    rf"(?:\b(?P<limit>{'|'.join(_HEDGES)})\s+)?(?P<at>\b(?:1/(?P<part>\d{{1,2}})|(?P<n>\d{{1,2}}(?:\.\d)?|"
    rf"{'|'.join(SPELLED)})(?:\s?[x\u00d7]|\s+times)|(?:(?:an?|one)[ -](?:full |whole |mere |good |"
    rf"proper )?)?(?P<word>{'|'.join(_SHARES)})))"
    r"(?:\s+(?:as (?:fast|quick|high|much|many)(?: as)?|the|its|their|of|that|dense|sparse|peak|rate|speed|"
    rf"throughput|performance|rated|own|plain)){{1,7}}\s+(?P<swap>in\s+)?(?P<base>{_FORMAT})",
    re.IGNORECASE,
)
_NAMED = re.compile(rf"\b{_FORMAT}", re.IGNORECASE)
#: "Twice its FP16 rate in FP8".
_BEHIND = re.compile(
    rf"(?:\s+(?:rate|speed|throughput|performance|peak|figure))?,?\s+(?:in|with|at|for)\s+"
    rf"(?P<first>{_FORMAT})",
    re.I,
)
#: What makes it a matter of rates.
_OF_RATES = re.compile(
    r"\b(?:rates?|throughput|peaks?|[TPG]FLOPS|TOPS|FLOPS|runs?|speed|fast|performance|crippled|executes?)\b",
    re.I,
)
#: What is measured, what takes room, what is of another device, and what is not said to be so.
_ELSE = re.compile(
    r"\b(?:measur\w+|practice|practical\w*|real\W?world|train\w*|inference|tokens?|models?|benchmark\w*|"
    r"weights?|memory|"
    r"vram|bytes?|bits?|size|space|footprint|cache|accura\w+|than|if|would|could|not|never|no|myth|spars\w+|"
    r"cards|gpus|generation|predecessor|older|newer|cost\w*|price\w*|watt|we|our|layers?|images?|"
    r"matri\w+)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every such ratio of the one device that a sentence speaks of, with its verdict; wrong praise."""
    yield from _praised(context)
    for passage, sentence, who in told(context, _OF):
        here = {each.named for each in who.here}
        about = who.here or (who.topic if who.certain else ())
        if len(here) > 1 or not about or any(each in who.against for each in who.here):
            continue
        gpus = [context.catalogue[key] for key in about[0].ids]
        for match in _OF.finditer(passage.text, sentence.start, sentence.end):
            formats = (_first(passage.text, sentence, match), match["base"])
            clause = _clause(passage.text, sentence, match)
            of_rates = _OF_RATES.search(sentence.text) or {*map(_key, formats)} == {"fp64", "fp32"}
            if _ELSE.search(clause) or not of_rates:
                continue
            # "65 TFLOPS in FP16 and twice that in INT8" begins with what it is a multiple of.
            formats = formats[::-1] if match["swap"] else formats
            yield from _judged(passage, match, formats, gpus, context)


#: Praise of a rate: "good FP16 performance", "strong in double precision".
_PRAISED = re.compile(
    r"\b(?:good|great|fast|strong|excellent|decent|solid|full[- ](?:speed|rate)|outstanding|impressive|high)"
    r"\s+"
    rf"(?P<format>{_FORMAT})(?:\s+(?:performance|throughput|speed|rate|compute|support))?",
    re.IGNORECASE,
)
#: As much of its FP32 rate as a device does at least in a format that may be praised.
_WORTH = 1 / 12


def _praised(context: Context) -> Iterator[Finding]:
    """Praise of a format in which no device that may be meant does more than a small part of FP32."""
    for passage, sentence, who in told(context, _PRAISED):
        about = who.here or (who.topic if who.certain else ())
        if len({each.named for each in who.here}) > 1 or not about or _ELSE.search(sentence.text):
            continue
        gpus = [context.catalogue[key] for key in about[0].named]
        for match in _PRAISED.finditer(passage.text, sentence.start, sentence.end):
            key = _key(match["format"])
            shares = [_ratios(gpu, key, "fp32") for gpu in gpus]
            if key not in ("fp64", "fp16") or not all(shares) or max(map(max, shares)) >= _WORTH:
                continue
            because = f"{gpus[0].id} does {max(shares[0]):.3g} times its FP32 rate in {match['format']}"
            yield made(
                context, passage, match.span(), "capability", "contradicted", subject=gpus[0].id,
                attribute=_RATES[key][0], because=because,
                evidence=(*(source_of(gpus[0], _RATES[each][0]) for each in (key, "fp32")),
                          Evidence(because)),
            )  # fmt: skip


def _clause(text: str, sentence: Sentence, match: re.Match[str]) -> str:
    """The words around a multiple, from where its clause begins to where the next one does."""
    named = [each.start() for each in _NAMED.finditer(text, sentence.start, match.start())]
    first = named[-1] if named else match.start()
    begins = [each.end() for each in _CLAUSES.finditer(text, sentence.start, first)]
    ends = _CLAUSES.search(text, match.end(), sentence.end)
    return text[begins[-1] if begins else sentence.start : ends.start() if ends else sentence.end]


_CLAUSES = re.compile(r"[,;:(]\s|\s(?:and|but|while|whereas|so)\s", re.IGNORECASE)


def _key(name: str) -> str:
    """A format by its usual name."""
    plain = name.lower().replace("-", " ")
    return _SPOKEN.get(plain, plain.replace(" ", ""))


def _first(text: str, sentence: Sentence, match: re.Match[str]) -> str:
    """The format whose rate is told: behind "in", else the last before the multiple; empty for none."""
    behind = _BEHIND.match(text, match.end(), sentence.end)
    # "Twice the FP8 rate and four times the FP16 rate": both of what stands before.
    bases = {each.start("base") for each in _OF.finditer(text, sentence.start, match.start())}
    before = [
        each[0]
        for each in _NAMED.finditer(text, sentence.start, match.start())
        if not (each.start() in bases and _RATE_AND.fullmatch(text, each.end(), match.start()))
        and not _LISTED_AND.fullmatch(text, each.end(), match.start())
    ]
    return behind["first"] if behind else before[-1] if before else ""


#: "Hardware FP4, and roughly 3x the FP16 throughput": two things that are told of a device.
_LISTED_AND = re.compile(r",\s+(?:and|plus)\s+(?:about\s+|roughly\s+|some\s+|nearly\s+|almost\s+)?$")
#: From what a multiple is of to the next one: both are told of one rate.
_RATE_AND = re.compile(r"(?:\s+(?:rate|speed|throughput|performance|peak))?,?\s+(?:and|or)\s+", re.IGNORECASE)


def _judged(
    passage: Passage, match: re.Match[str], formats: tuple[str, str], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    """Wrong where no rate of the format is so many times a rate of the other, on any of the devices."""
    one, other = map(_key, formats)
    known = [gpu for gpu in gpus if gpu.confidence != "low"]
    paired = one and other and one != other
    ratios = [ratio for gpu in known for ratio in _ratios(gpu, one, other)] if paired else []
    if not ratios:
        return
    limit = _HEDGES.get((match["limit"] or "").lower(), "")
    claim = Multiple(*match.span("at"), _times(match), limit)
    verdict = verdict_of(claim, ratios)
    real = min(ratios, key=lambda each: abs(each / claim.times - 1))
    because = f"{known[0].id} has {real:.3g} times the rate of {formats[1]} in {formats[0]}"
    yield made(
        context, passage, match.span("at"), "specification", verdict, subject=known[0].id,
        attribute=_RATES[one][0], because=because, expected="" if verdict == "confirmed" else f"{real:.3g}x",
        evidence=(*(source_of(known[0], _RATES[each][0]) for each in (one, other)), Evidence(because)),
    )  # fmt: skip


def _ratios(gpu: Gpu, one: str, other: str) -> list[float]:
    """What the rates of one format are of those of the other, where both are on file."""
    both = ([float(gpu.value(key) or 0.0) for key in _RATES[each]] for each in (one, other))
    return [a / b for a, b in product(*both) if a and b]


def _times(match: re.Match[str]) -> float:
    if match["part"]:
        return 1.0 / max(float(match["part"]), 1.0)
    if match["word"]:
        return _SHARES[match["word"].lower()]
    return read_number(match["n"])
