"""What is said of an architecture: "Ampere supports FP8", "FP4, which Ada already had"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import GENERATIONS, of_architecture
from whichgpu.audit.capable.verdict import judged as judged_of
from whichgpu.audit.capable.words import GIVEN_TO, said_in
from whichgpu.audit.claims.group import of_one
from whichgpu.audit.document import RUNNING
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.capabilities import CAPABILITIES, capability_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.capabilities import Capability
    from whichgpu.hardware.gpu import Gpu

_NAMES = rf"(?P<kind>{GENERATIONS}|[CR]DNA ?[1-4])"
_KIND = re.compile(
    rf"\b{_NAMES}\b(?:[\u2019']s)?(?:[- ](?:based|generation|class|era))?"
    rf"(?:\s+(?:gpus?|cards?|chips?|parts?|generation|architecture|tensor cores?))?"
    r",?\s*(?:(?:already|also|still|natively|itself|first|cannot|simply|finally|only|never|that|which|"
    r"and newer|and later)\s+){0,2}$",
    re.IGNORECASE,
)
_ANY_KIND = re.compile(rf"\b{_NAMES}\b")
#: Behind a capability, of an architecture: "FP4, which Ada already supported".
_WHICH = re.compile(
    rf"(?P<what>{'|'.join(each.names for each in CAPABILITIES)})(?:,|\s[\u2013\u2014-])\s*(?:which|"
    rf"something(?: that)?|a \w+(?: that| which)?)\s+"
    rf"(?:the\s+)?{_NAMES}(?:\s+(?:gpus?|cards?|chips?|generation))?\s+(?:already\s+|also\s+|still\s+)*"
    r"(?:(?P<not>lacks?|lacked|(?:did|does|do|could|can)(?:not|\s+not|n[\u2019']t))|had|has|supports?|"
    r"supported|offers?|offered|introduced|brought|did|does|"
    r"(?:can|could)(?=\s+(?:do\s+)?(?:too|as well|already)))\b"
    # "Which Volta could not use for that format" denies no more than that.
    r"(?!\s+(?:never|not?|neither)\b|\s+(?:\w+\s+){0,2}?(?:for|in|with|at)\s+(?:that|this|those|these|it)\b)",
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"\b(?:if|unless|whether|except|not all|some|most|emulat\w+|software|rumou?r\w*|unlike|than)\b",
    re.IGNORECASE,
)
#: What is of some of an architecture's devices only.
_OF_SOME = (
    "nvlink",
    "mig",
    "ecc",
    "vgpu",
    "av1_encode",
    "av1_decode",
    "ray_tracing",
    "tensor_cores",
    "cuda",
    "rocm",
    "tensorrt",
    "cudnn",
)

#: Software that is said to run on a maker's cards, and what else may be meant: a layer that translates it.
_OWN = "|".join(each.names for each in CAPABILITIES if each.field == "vendor")
_OF_MAKER = re.compile(
    rf"\b(?P<what>{_OWN})\s+"
    r"(?:itself )?(?:(?:is|are) (?:also )?(?:supported|available)|(?:also )?(?:runs?|works?)|can be "
    r"(?:installed|run))\s+(?:natively\s+)?(?:on|for)\s+(?P<kind>AMD|NVIDIA|Intel)(?:[\u2019']s)?"
    r"(?:\s+(?:\w+\s+)?(?:cards|gpus|accelerators)\b|(?=\s*[.,;]))",
    re.IGNORECASE,
)
_LAYER = re.compile(r"\b(?:zluda|hip\w*|scale|translat\w*|layers?|through|via|port\w*|only|not?)\b", re.I)


def find(context: Context) -> Iterator[Finding]:
    """Every capability that is said of an architecture, or of all of a maker's, with its verdict."""
    for _, passage in context.document.running():
        for match in _OF_MAKER.finditer(passage.text):
            sentence = next(each for each in sentences(passage.text) if match.start() < each.end)
            every = map(context.catalogue.__getitem__, context.catalogue)
            gpus = [gpu for gpu in every if gpu.vendor.lower() == match["kind"].lower()]
            said = (capability_of(match, "what"), True, match["kind"])
            if not _LAYER.search(sentence.text) and not _HEDGED.search(sentence.text):
                yield from _judged(passage, match.span(), said, gpus, context)
    for index, passage in enumerate(context.document.passages):
        if passage.kind in RUNNING and _ANY_KIND.search(passage.text):
            for sentence in sentences(passage.text):
                yield from _of_itself(index, passage, sentence, context)
                if _ANY_KIND.search(sentence.text) and not _HEDGED.search(sentence.text):
                    yield from _of_sentence(passage, sentence, context)


def _of_itself(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """A clause whose subject is an architecture, read as said of any device of it."""
    match = _SUBJECT.search(passage.text, sentence.start, sentence.end)
    if match is None:
        return
    clause = _CLAUSE.search(passage.text, match.end(), sentence.end)
    again = _SUBJECT.search(passage.text, match.end(), sentence.end)
    # "Turing added INT8, Ampere added TF32": of the next one from there.
    end = min(each.start() if each else sentence.end for each in (clause, again))
    here = context.mentions.get(index, ())
    words = passage.text[match.end() : end]
    if within(here, match.start(), end) or _HEDGED.search(words):
        return
    ids = tuple(gpu.id for gpu in of_architecture(match["kind"], context) if gpu.segment != "laptop")
    first = match.start("kind")
    text = "It".ljust(match.end("head") - first) + passage.text[match.end("head") : end]
    read = passage.part(first, end)._replace(text=text, kind="paragraph")
    for each in of_one(read, ids, context, ("capability",)) if ids else ():
        if each.attribute not in _OF_SOME or each.verdict == "contradicted":
            yield each._replace(subject=match["kind"])


_NOT = re.compile(r"\b(?:not|never|cannot|unable)\s|n[\u2019']t\s", re.IGNORECASE)
#: What turns to something else; "but" and "and" go on about it.
_CLAUSE = re.compile(
    r"[;:]\s|,\s+(?:while|whereas|although|though|unlike|as|which)\s|\b(?:while|whereas|unlike|than)\s"
)
#: An architecture at the start of a clause, with what is said of it.
_SUBJECT = re.compile(
    rf"(?:(?<=[.!?;,])|(?<![\s\S]))\s*(?:(?:and|but|while|whereas|since|though|"
    rf"although)\s+)?(?:nvidia[\u2019']s\s+)?"
    rf"(?P<head>{_NAMES}(?:(?:[- ]based|[- ]generation)?\s+(?:gpus|cards|chips|parts|generation))?)"
    r"(?:,\s+(?:(?:by|in) contrast|on the other hand|however|though|for example|meanwhile),)?\s+"
    rf"(?:already\s+|also\s+|still\s+|never\s+|only\s+|itself\s+|did\s+)*(?=(?:did|does|do|has|have|had|"
    rf"was|is|are|were|supports?|supported|"
    rf"introduce[sd]?|brought|brings?|lack(?:s|ed)?|knows?|knew|offer(?:s|ed)?|can|adds?|added|got|"
    rf"gained|dropped|drops)\b)",
)


#: Before an architecture that is not what something is said of; a card is "based on Turing".
_NO_SUBJECT = re.compile(
    r"\b(?:to|from|before|since|until|over|like|with|of|no|neither|nor|pre|post|"
    r"(?:based|built|designed|made|manufactured|rests|relies|running) (?:up)?(?:on|around|in))[\s-]+"
    r"(?:the\s+|nvidia(?:[\u2019']s)?\s+)*$",
    re.IGNORECASE,
)


def _of_sentence(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text
    for match in _WHICH.finditer(text, sentence.start, sentence.end):
        if GIVEN_TO.search(text, sentence.start, match.start("what")):
            # "FP8 support to the Tensor Cores, something that": of what is given, not of whom.
            continue
        what = capability_of(match, "what")
        gpus = of_architecture(match["kind"], context)
        place = (match.start("kind"), match.end())
        yield from _judged(passage, place, (what, not match["not"], match["kind"]), gpus, context)
    for each, told, pattern in said_in(text, sentence.start, sentence.end):
        for match in pattern.finditer(text, sentence.start, sentence.end):
            kind = _KIND.search(text, max(sentence.start, match.start() - 60), match.start())
            if kind is None or (each.key in _OF_SOME and told):
                continue
            if told and _NOT.search(text, kind.start(), match.start()):
                # "Turing cards cannot do BF16" denies it, whatever the verb is.
                continue
            if _NO_SUBJECT.search(text, max(sentence.start, kind.start() - 28), kind.start()):
                continue
            gpus = of_architecture(kind["kind"], context)
            # "Hopper has no NVLink" is said of all of them.
            gpus = gpus if not told or each.key not in _OF_SOME else []
            place = match.span("what") if match["list"] else match.span()
            yield from _judged(passage, place, (each, told, kind["kind"]), gpus, context)


def _judged(
    passage: Passage,
    place: tuple[int, int],
    said: tuple[Capability, bool, str],
    gpus: Sequence[Gpu],
    context: Context,
) -> Iterator[Finding]:
    """The verdict on all devices of an architecture, which is the finding's subject."""
    what, told, kind = said
    for each in judged_of(passage, place, what, gpus, told=told, context=context):
        yield each._replace(subject=kind)
