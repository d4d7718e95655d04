"""What came with which generation: "FP8 was introduced with Ampere", "Turing was the first with TF32".

The first generation with a capability is that of the oldest devices on file which have it. A claim is wrong
where the one that is named has none with it, or where one had it a year and more before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import of_architecture
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.capabilities import CAPABILITIES, named_in
from whichgpu.audit.values.fields import days_of, released
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.capabilities import Capability
    from whichgpu.hardware.gpu import Gpu

#: What every device of a generation has, or none: what is told to have come with one.
_WHAT = tuple(
    each
    for each in CAPABILITIES
    if each.key
    in ("fp8", "fp4", "bf16", "tf32", "mig", "nvlink", "tensor_cores", "ray_tracing", "sparsity",
        "transformer_engine")
)  # fmt: skip
_NAMES = "|".join(each.names for each in _WHAT)
_FAMILY = (
    r"(?:the\s+|nvidia[\u2019']?s?\s+)*"
    r"(?P<family>Pascal|Volta|Turing|Ampere|Ada(?: Lovelace)?|Hopper|Blackwell)\b"
)
_CAME = (
    r"(?:(?:was|were)\s+(?:first\s+)?(?:introduced|added|launched|presented)|"
    r"(?:first\s+)?(?:came|arrived|appeared|debuted)|"
    r"(?:is|was|are|were) new|made (?:its|their) (?:first appearance|debut))"
)
#: "FP8 arrived with Hopper", "this format, which NVIDIA introduced with Ampere".
_WITH = re.compile(
    rf"(?:\b(?P<what>{_NAMES})|\b(?:this|that|the|such an?)\s+(?:\w+\s+){{0,2}}?"
    rf"(?:format|feature|precision|technique|capability|mode|type))"
    rf"(?:\s+(?:format|support|precision|data type|cores?))?,?\s+(?:(?:which|that)\s+)?"
    rf"(?:(?:nvidia|they)\s+(?:had\s+)?(?:first\s+)?(?:introduced|added|brought|launched|presented)|"
    rf"{_CAME})\s+"
    rf"(?:only\s+|first\s+|back\s+)?(?:with|in|on|by|alongside)\s+{_FAMILY}",
    re.IGNORECASE,
)
#: "NVIDIA introduced TF32 with Turing".
_BY_MAKER = re.compile(
    rf"\bnvidia\s+(?:first\s+)?(?:introduced|brought|launched|presented)\s+(?:the\s+)?(?P<what>{_NAMES})"
    rf"(?:\s+(?:format|support|precision))?\s+(?:with|in|on|alongside)\s+{_FAMILY}",
    re.IGNORECASE,
)
#: "Turing was the first generation with TF32", "Ampere introduced FP8".
_FIRST = re.compile(
    rf"{_FAMILY}\s+(?:(?:generation|architecture|family|gpus?|cards?)\s+)?"
    r"(?:(?:is|was|were|are)\s+(?:nvidia[\u2019']s|the)\s+"
    r"(?:very\s+)?first\s+(?:nvidia\s+|gpu\s+)?(?P<kind>(?:geforce|consumer|gaming)\s+)?(?:architecture\s+|"
    r"generation\s+|family\s+|one\s+)?"
    r"(?:with|to (?:have|support|bring|offer|include|add|introduce|use|feature|get|carry))|introduced|"
    r"debuted|(?:is|was) the (?:\w+\s)?(?:architecture|generation|family|one) (?:that|which) (?:first )?"
    r"(?:introduced|brought|added|debuted))\s+"
    rf"(?:native\s+|hardware\s+|support for\s+|the\s+|an?\s+){{0,3}}(?P<what>{_NAMES})\b",
    re.IGNORECASE,
)
#: Behind a capability, that it is of a later or another form of it.
_FORM = re.compile(r"\s*(?:\d|v\d|version|training|switch|bridge|c2c|-c2c|for|on|at)\b", re.IGNORECASE)
#: The same before it: "INT4 tensor cores", "FP8 on tensor cores", "third-generation tensor cores".
_OF_FORM = re.compile(r"\b(?:(?:int|fp|bf|tf)\d+|on(?: the)?|[\w-]+[- ]gen(?:eration)?)\s+$", re.IGNORECASE)
#: What makes it of one kind of device, or of another maker's.
_OF_SOME = re.compile(
    r"\b(?:geforce|consumer|gaming|gamers?|workstations?|quadro|desktops?|laptops?|amd|intel|google|tpus?|"
    r"tenth|"
    r"not|n[\u2019']t|never|except|only (?:the|on)|second|third|fourth|fifth|improved|again)\b",
    re.IGNORECASE,
)
#: Days between two devices within which both are called the first; letters read before a claim.
_YEAR, _BESIDE = 366, 40


def find(context: Context) -> Iterator[Finding]:
    """Every such claim with its verdict."""
    for _, passage in context.document.running():
        if passage.kind in RUNNING:
            for sentence in sentences(passage.text):
                yield from _of_sentence(passage, sentence, context)


def _of_sentence(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    first = _FIRST.search(sentence.text)
    text = sentence.text.replace(first["kind"], "", 1) if first and first["kind"] else sentence.text
    if _OF_SOME.search(text) or not is_asserted(sentence.text):
        return
    for pattern in (_WITH, _BY_MAKER, _FIRST):
        for match in pattern.finditer(passage.text, sentence.start, sentence.end):
            if pattern is not _FIRST or not _FORM.match(passage.text, match.end()):
                what = (
                    None
                    if _OF_FORM.search(passage.text, max(0, match.start() - _BESIDE), match.start())
                    else _meant(passage, sentence, match)
                )
                yield from _judged(passage, match, what, context) if what else ()


def _meant(passage: Passage, sentence: Sentence, match: re.Match[str]) -> Capability | None:
    """The capability of a claim: by its name, or the one that the sentence before names alone."""
    place = match.span("what") if match["what"] else match.span()
    if not named_in(passage.text, *place):
        before = [each for each in sentences(passage.text) if each.start < sentence.start][-1:]
        place = (before[0].start, before[0].end) if before else (0, 0)
    found = [each for each in named_in(passage.text, *place) if each in _WHAT]
    # "Tensor cores" are named where a format's are.
    found = [each for each in found if each.key != "tensor_cores"] or found
    return found[0] if len(found) == 1 else None


def _is_geforce(gpu: Gpu) -> bool:
    return gpu.name.startswith(("GeForce", "NVIDIA GeForce"))


def _judged(passage: Passage, match: re.Match[str], what: Capability, context: Context) -> Iterator[Finding]:
    theirs = of_architecture(match["family"], context)
    of_kind = match.groupdict().get("kind")
    theirs = [gpu for gpu in theirs if not of_kind or _is_geforce(gpu)]
    having = [gpu for gpu in theirs if what.has(gpu)]
    every = [context.catalogue[key] for key in context.catalogue]
    every = [gpu for gpu in every if not of_kind or _is_geforce(gpu)]
    ever = sorted(
        (gpu for gpu in every if gpu.vendor == "NVIDIA" and gpu.value("release_date") and what.has(gpu)),
        key=released,
    )
    if not theirs or not ever or (not having and any(what.has(gpu) is None for gpu in theirs)):
        return
    oldest = ever[0]
    right = any(days_of(gpu)[0] - days_of(oldest)[1] < _YEAR for gpu in having if gpu.value("release_date"))
    name = match["what"] or what.key.replace("_", " ").upper()
    family = oldest.architecture.split("_")[0].title()
    because = f"the first on file with {name.strip()} is {oldest.id} ({family}, {released(oldest)[:7]})"
    yield made(
        context, passage, match.span("family"), "identity", "confirmed" if right else "contradicted",
        subject=name.strip(), attribute="first generation", because=because,
        expected="" if right else family,
        evidence=(Evidence(because), source_of(oldest, "release_date")),
    )  # fmt: skip
