"""Devices that are said to be of one kind: "it shares its architecture with the V100"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.families import architectures, is_of
from whichgpu.audit.findings import made
from whichgpu.audit.roles import told
from whichgpu.audit.sourced import source_of
from whichgpu.hardware.architecture import families

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

#: Before a device, words by which another one is of its kind; the architecture of both may stand among them.
_WITH = re.compile(
    r"\b(?:shar(?:es?|ed|ing)\s+(?:(?:its|the|an?|the same|their)"
    r"\s+)?(?P<named>[A-Z]\w+\s+)?(?:(?:micro)?architecture|generation|family|"
    r"roots|heritage|lineage|design|DNA)\s+with|(?:of|from|uses?|has|have|belongs? to|part of|built on|"
    r"based on|comes? from)\s+"
    r"the (?:very |exact )?same\s+(?P<named2>[A-Z]\w+\s+)?(?:(?:micro)?architecture|generation|family)\s+as|"
    r"(?P<sibling>[A-Z]\w+)\s+(?:sibling|cousin|brother|sister|relative)\s+(?:of|to))\s+"
    r"(?:the\s+|an?\s+|nvidia\s+|amd\s+|older\s+|newer\s+|its\s+)*$",
    re.IGNORECASE,
)
_ANY = re.compile(r"\b(?:shar\w+|same|sibling|cousin|brother|sister|relative)\b", re.IGNORECASE)
_UNLIKE = re.compile(
    r"\b(?:not|never|no|unlike|whether|if|different|neither|nor|nearly|almost)\b|n[\u2019']t\b|\?", re.I
)
_FAR = 90


def find(context: Context) -> Iterator[Finding]:
    """Every such kinship with its verdict."""
    for passage, sentence, who in told(context, _ANY):
        if _ANY.search(sentence.text) and not _UNLIKE.search(sentence.text):
            yield from _of_sentence(passage, sentence, who, context)


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for at, other in enumerate(who.here):
        start = max(sentence.start, other.start - _FAR)
        match = _WITH.search(passage.text, start, other.start)
        one = _subject(match.start(), who.here[:at], who) if match else None
        if match and one and one.named != other.named:
            yield from _judged(passage, (match.start(), other.end), (one, other, match), context)


def _subject(start: int, before: Sequence[Mention], who: Spoken) -> Mention | None:
    """The device that stands before it as a subject, else the one that the text speaks of."""
    own = [each for each in before if each.end <= start and each not in who.against]
    if own:
        return own[0] if len({each.named for each in own}) == 1 else None
    return who.topic[0] if who.topic and who.certain else None


def _judged(
    passage: Passage, place: tuple[int, int], claim: tuple[Mention, Mention, re.Match[str]], context: Context
) -> Iterator[Finding]:
    """Contradicted where no form of the one is of a family of the other, or one is not of what is named."""
    one, other, match = claim
    first, second = ([context.catalogue[key] for key in each.named] for each in (one, other))
    named = (match["named"] or match["named2"] or match["sibling"] or "").strip()
    if named and not architectures().fullmatch(named):
        if match["sibling"]:
            return
        named = ""
    known = families()
    apart = not {gpu.family for gpu in first} & {gpu.family for gpu in second}
    wrong = apart or (named and not any(is_of(gpu, named) for gpu in (*first, *second)))
    words = [f"{gpus[0].id} is {known[gpus[0].family].name if gpus[0].family in known else gpus[0].family}"
             for gpus in (first, second)]  # fmt: skip
    yield made(
        context, passage, place, "identity", "contradicted" if wrong else "confirmed", subject=first[0].id,
        attribute="architecture", because="; ".join(words), evidence=(source_of(first[0], "chip"),),
    )  # fmt: skip
