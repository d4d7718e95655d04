"""How many cores a multiprocessor has: "each A100 SM has 64 FP32 cores", "four tensor cores per SM"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import SPELLED
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.fields import owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_NUMBERS = {"one": 1, "a": 1, "a single": 1, **SPELLED}
_N = rf"(?P<n{{0}}>\d{{{{1,3}}}}|{'|'.join(_NUMBERS)})"
_UNITS = (
    r"(?P<tensor{0}>(?:\w+-gen(?:eration)? )?tensor cores?)|(?P<rt{0}>RT cores?|ray[- ]tracing cores?)"
    r"|(?P<cores{0}>(?:CUDA|FP32|shader) (?:cores?|units?|ALUs?))"
)
_SM = r"(?:SMs?|streaming multi-?processors?|multi-?processors?)\b"
_EACH = r"(?:\s?/\s?|,? (?:per|in (?:each|every|an?)|for (?:each|every)) )(?:GPU )?"
_HAS = r"(?:has|have|contains?|holds?|includes?|packs?|carries|comes with|features?|with)"
_TOLD = re.compile(
    # "64 CUDA cores per SM"
    rf"\b{_N.format(1)} (?:{_UNITS.format(1)}){_EACH}{_SM}"
    # "Each SM has 64 CUDA cores"
    rf"|\b(?:each|every) (?:[\w-]+ ){{0,3}}?{_SM}(?: (?:of|in|on) (?:the |an? )?[\w-]+)?\s+{_HAS}\s+(?:\w+ )?"
    rf"{_N.format(2)} (?:{_UNITS.format(2)})",
    re.IGNORECASE,
)
#: Behind such a number, of a part of a multiprocessor; in its sentence, of another that is beside it.
_OF_A_PART = re.compile(
    r"[ ,]*(?:per|in (?:each|every)|for (?:each|every)|/) ?(?:\w+ )?(?:partitions?|sub-?cores?|quadrants?|"
    r"(?:processing )?blocks?)\b", re.I,
)  # fmt: skip
_OF_ANOTHER = re.compile(r"\b(?:old(?:er)?|previous|twice|than|instead of|up from)\b", re.I)
_FIELDS = {"cores": "cores", "tensor": "tensor_cores", "rt": "rt_cores"}


def find(context: Context) -> Iterator[Finding]:
    """Every number of cores that a multiprocessor is said to have, with its verdict."""
    for index, passage in context.document.running():
        if not _TOLD.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            if not _OF_ANOTHER.search(sentence.text):
                who = spoken(index, passage, sentence, context)
                yield from _of_sentence(passage, sentence, who, context)


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for match in _TOLD.finditer(passage.text, sentence.start, sentence.end):
        if _OF_A_PART.match(passage.text, match.end()):
            continue
        inside = (one for one in who.here if match.start() <= one.start < match.end())
        mention = next(inside, None) or owner_of(match.start(), who)
        if mention is not None and (mention in who.here or who.certain):
            gpus = [context.catalogue[key] for key in mention.ids]
            yield from _judged(passage, match, gpus, context)


def _judged(
    passage: Passage, match: re.Match[str], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    told = {name.rstrip("12"): words for name, words in match.groupdict().items() if words}
    number = float(_NUMBERS.get(told["n"].lower(), 0) or told["n"])
    field = next(_FIELDS[name] for name in _FIELDS if name in told)
    real = {gpu.id: each for gpu in gpus if (each := _to_one(gpu, field))}
    if not real or len(real) < len(gpus):
        return
    verdict = "confirmed" if number in real.values() else "contradicted"
    because = "; ".join(f"{key} has {each:g}" for key, each in list(real.items())[:3])
    because += f": {_FIELDS_SAID[field]} over multiprocessors"
    yield made(
        context, passage, match.span(), "specification", verdict, subject=gpus[0].id, attribute=field,
        expected="" if verdict == "confirmed" else f"{next(iter(real.values())):g}", because=because,
        evidence=(Evidence(because),),
    )  # fmt: skip


_FIELDS_SAID = {"cores": "its cores", "tensor_cores": "its tensor cores", "rt_cores": "its RT cores"}


def _to_one(gpu: Gpu, field: str) -> float:
    """So many of them to a multiprocessor of NVIDIA's, 0 where that is not on file."""
    many, units = gpu.value(field), gpu.value("sms")
    return float(many) / float(units) if gpu.vendor == "NVIDIA" and many and units else 0.0
