"""What is said of an architecture: "Ampere supports FP8", "FP4, which Ada already had"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.audit.capabilities import CAPABILITIES
from whichgpu.audit.claims.capability import CLAIMS, of_architecture
from whichgpu.audit.claims.capability import judged as judged_of
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.capabilities import Capability
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_NAMES = r"(?P<kind>Maxwell|Pascal|Volta|Turing|Ampere|Ada(?: Lovelace)?|Hopper|Blackwell)"
_KIND = re.compile(
    rf"\b{_NAMES}\b(?:[- ](?:based|generation|class|era))?(?:\s+(?:gpus?|cards?|chips?|parts?|generation|"
    rf"architecture|tensor cores?))?"
    r",?\s*(?:(?:already|also|still|natively|itself|first|cannot|simply|finally|only|never|that|which|"
    r"and newer|and later)\s+){0,2}$",
    re.IGNORECASE,
)
_ANY_KIND = re.compile(rf"\b{_NAMES}\b")
#: Behind a capability, of an architecture: "FP4, which Ada already supported".
_WHICH = re.compile(
    rf"(?P<what>{'|'.join(each.names for each in CAPABILITIES)})(?:,|\s[\u2013\u2014-])\s*(?:which|"
    rf"something(?: that)?|a \w+(?: that| which)?)\s+"
    rf"{_NAMES}(?:\s+(?:gpus?|cards?|chips?))?\s+(?:already\s+|also\s+|still\s+)*"
    r"(?:(?P<not>lacks?|lacked|(?:did|does|do|could|can)(?:not|\s+not|n[\u2019']t))|had|has|supports?|supported|offers?|offered|introduced|brought|did|does)\b",
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
)


def find(context: Context) -> Iterator[Finding]:
    """Every capability that is said of an architecture, with its verdict."""
    for passage in context.document.passages:
        if passage.kind in ("paragraph", "item", "caption") and _ANY_KIND.search(passage.text):
            for sentence in sentences(passage.text):
                if _ANY_KIND.search(sentence.text) and not _HEDGED.search(sentence.text):
                    yield from _of_sentence(passage, sentence, context)


def _of_sentence(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text
    for match in _WHICH.finditer(text, sentence.start, sentence.end):
        what = next(each for each in CAPABILITIES if re.fullmatch(each.names, match["what"], re.IGNORECASE))
        gpus = of_architecture(match["kind"], context)
        place = (match.start("kind"), match.end())
        yield from _judged(passage, place, (what, not match["not"], match["kind"]), gpus, context)
    for each, told, pattern in CLAIMS:
        for match in pattern.finditer(text, sentence.start, sentence.end):
            kind = _KIND.search(text, max(sentence.start, match.start() - 60), match.start())
            if kind is None or (each.key in _OF_SOME and told):
                continue
            before = text[max(sentence.start, kind.start() - 12) : kind.start()]
            if re.search(
                r"\b(?:to|from|before|since|until|over|like|with|of|no|pre|post)[\s-]+(?:the\s+|nvidia\s+)*$",
                before,
                re.IGNORECASE,
            ):
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
