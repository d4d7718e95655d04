"""Capabilities that are asked for: "FP8? The 4060 Ti has it", "Which GPUs support FP8? The L4 does"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.answered import asked
from whichgpu.audit.capabilities import CAPABILITIES
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.capable.words import capability_at
from whichgpu.audit.coordinated import JOINED
from whichgpu.audit.pairs import devices
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.subjects import Mention

_QUESTION = re.compile(
    rf"(?:^\s*|(?<=[.!?:]\s))(?P<what>{'|'.join(each.names for each in CAPABILITIES)})(?: support)?\?\s+",
    re.IGNORECASE,
)
#: The same as a question that is answered by devices.
_WHICH = re.compile(
    r"\s*(?:which|what)\s+(?:of\s+\w+\s+)?(?:\w+\s+){0,2}?(?:gpus?|cards?|accelerators?|ones?)\s+(?:can\s+)?"
    r"(?:supports?|ha(?:s|ve)|offers?|do|use|comes? with|handles?)\s+(?:native\s+|hardware\s+)*"
    rf"(?P<what>{'|'.join(each.names for each in CAPABILITIES)})(?:\s+support|\s+natively)?\s*\?",
    re.IGNORECASE,
)
_EVERY = re.compile(r"\b(?:on|in|with)\s+(?:both|all|neither|none)\b", re.IGNORECASE)
#: "BF16 works on both".
_ON_BOTH = re.compile(
    rf"(?:^\s*|(?<=[.!?:]\s))(?P<what>{'|'.join(each.names for each in CAPABILITIES)})(?: support)?\s+"
    r"(?:works|runs|is (?:supported|available|there|present|possible))\s+(?:fine\s+|natively\s+)?"
    r"(?:on|in|with)\s+"
    r"(?P<every>(?P<all>both|all)|neither|none)\b(?=(?:\s+of them|\s+cards|\s+gpus)?\s*(?:[.,;]|$))",
    re.IGNORECASE,
)
_ALL = re.compile(r"(?:(?P<all>both|all)|neither|none)\b(?! (?:of them )?(?:need|require)s?)", re.IGNORECASE)
#: Behind a device that has it, and has not; before one of which the same is said.
_HAS = re.compile(
    r"\s+(?:has (?:it|one|that)|does|can|supports? it|offers? it|handles? it|knows? it|is the one)\b"
    r"(?! not|n[\u2019']t)",
    re.IGNORECASE,
)
_HAS_NOT = re.compile(
    r"\s+(?:(?:does|do|can|has|have|is|are)(?:n[\u2019']t| not)|cannot|lacks? (?:it|that)|misses out)\b",
    re.IGNORECASE,
)
_SO = re.compile(r"\b(?:so|as) (?:does|can|has|is) (?:the\s+|nvidia\s+)*$", re.IGNORECASE)
_NEAR = 24


def find(context: Context) -> Iterator[Finding]:
    """Every answer to such a question, and what works on both, with its verdict."""
    yield from _of_question(context)
    for index, passage in context.document.running():
        for match in _QUESTION.finditer(passage.text) if "?" in passage.text else ():
            end = next((each.end for each in sentences(passage.text) if each.end > match.end()), match.end())
            every = _ALL.match(passage.text, match.end())
            if every:
                yield from _of_all(passage, match, ((match.end(), end), bool(every["all"])), context)
            for mention, told in _each(passage, within(context.mentions.get(index, ()), match.end(), end)):
                place = (mention.start, mention.end)
                yield from _judged(passage, match, (place, mention.ids, told), context)
        for match in _ON_BOTH.finditer(passage.text) if _EVERY.search(passage.text) else ():
            yield from _of_all(passage, match, (match.span(), bool(match["all"])), context)


def _of_question(context: Context) -> Iterator[Finding]:
    """What is said of devices in the answer to "Which GPUs support FP8?"."""
    passages = context.document.passages
    for one in asked(passages):
        question = _WHICH.match(passages[one.at].text, one.start, one.end)
        what = capability_at(passages[one.at].text, question.start("what")) if question else None
        passage = passages[one.answer]
        # What names another capability is about that, and so is what follows.
        end = next((each.start for each in sentences(passage.text) if each.end > one.begins
                    and _NAMES.search(each.text)), len(passage.text))  # fmt: skip
        named = within(context.mentions.get(one.answer, ()), one.begins, end)
        for mention, told in _each_of_lists(passage, named) if what else ():
            gpus = [context.catalogue[key] for key in mention.ids]
            place = (mention.start, mention.end)
            if what:
                yield from judged(passage, place, what[0], gpus, told=told, context=context)


_NAMES = re.compile("|".join(each.names for each in CAPABILITIES), re.IGNORECASE)


def _each_of_lists(passage: Passage, named: Sequence[Mention]) -> Iterator[tuple[Mention, bool]]:
    """The devices of lists that end with what they have, or have not: "the A100 and the A40 do not"."""
    found: list[tuple[Mention, bool]] = []
    last: tuple[Mention, bool] | None = None
    for mention in reversed(named):
        said = next((each for each in (_HAS_NOT, _HAVE) if each.match(passage.text, mention.end)), None)
        joined = last and JOINED.fullmatch(passage.text, mention.end, last[0].start)
        last = (mention, said is _HAVE) if said else (mention, last[1]) if last and joined else None
        if last:
            found.append(last)
    yield from reversed(found)


#: Behind the last of a list that has it: "all do", "have it too".
_HAVE = re.compile(
    r"\s+(?:all |both )?(?:ha(?:s|ve) (?:it|that)|does|do|can|supports? it)\b(?! not|n[\u2019']t)"
    r"(?=\s*(?:[.,;:)]|$|too\b|as well\b|and\b|but\b))",
    re.IGNORECASE,
)


def _of_all(
    passage: Passage, match: re.Match[str], said: tuple[tuple[int, int], bool], context: Context
) -> Iterator[Finding]:
    """What is said, at a place, of every device that the document compares."""
    for ids in devices(context):
        yield from _judged(passage, match, (said[0], ids, said[1]), context)


def _judged(
    passage: Passage, match: re.Match[str], said: tuple[tuple[int, int], tuple[str, ...], bool],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    place, ids, told = said
    what = capability_at(passage.text, match.start("what"))
    gpus = [context.catalogue[key] for key in ids]
    if what is not None:
        yield from judged(passage, place, what[0], gpus, told=told, context=context)


def _each(passage: Passage, named: Sequence[Mention]) -> Iterator[tuple[Mention, bool]]:
    """The devices that an answer names, and whether they are said to have it."""
    told: bool | None = None
    for mention in named:
        said = next((each for each in (_HAS, _HAS_NOT) if each.match(passage.text, mention.end)), None)
        same = _SO.search(passage.text, max(0, mention.start - _NEAR), mention.start)
        told = said is _HAS if said else told if same else None
        if told is not None:
            yield mention, told
