"""What a sentence leaves a text speaking of: the subject that the next one goes on about without a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.sentences import Sentence, sentences, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context


def left_by(
    index: int, text: str, back: Sentence, own: Sequence[Mention], context: Context
) -> Sequence[Mention] | None:
    """What the text goes on about behind a sentence which names `own`; None where an earlier one tells."""
    here = within(context.mentions.get(index, ()), back.start, back.end)
    if not here and _UNKNOWN.search(text, back.start, back.end):
        # "Is the 4050 any good? It has 6 GB" goes on about what no catalogue knows.
        return ()
    if not own or _passed_over(text, back, own):
        return None
    several = len({each.named for each in own}) > 1
    # "While the H100 draws 700 W, the MI300X takes more. Its predecessor ..": of either.
    either = several and _CONTRASTS.match(text, back.start)
    if either or _is_open(index, text, back, own, context):
        return ()
    next_one = several and _BY_THE_NEXT.search(text, own[0].end, own[1].start) is not None
    told_of = next_one and text[own[1].end : own[1].end + 1] == ","
    if several and (told_of or _MOVED.fullmatch(text, own[0].end, own[1].start)):
        # "From the H100 to the H200" goes on about the latter, and so does "The MI100, followed in 2021 by
        # the MI250X, two dies on a package".
        return own[1:2]
    if several and _THAT_ONE.search(text, own[-1].end, back.end):
        # "And, when an A6000 turned up, that one as well".
        return own[-1:]
    return () if next_one or (several and (_joined(text, own) or _in_turn(text, own))) else own[:1]


#: Between two of which the same is told in turn, and behind the second: "the T4 has 16 GB, the A10G 24 GB".
_COMMA = re.compile(r"[^.;]*\d[^.;]*,\s+(?:and\s+)?(?:the\s+|an?\s+|nvidia\s+)*", re.IGNORECASE)
_VALUE = re.compile(r"\s+(?:(?:only|just|about|even)\s+)?[$\u20ac]?\d")


def _in_turn(text: str, own: Sequence[Mention]) -> bool:
    """Whether a sentence tells values of one device and then, without a verb, of another."""
    return (
        _COMMA.fullmatch(text, own[0].end, own[1].start) is not None
        # A size may be read as a part of the name: "the A10G 24 GB and 600 GB/s".
        and bool(_VALUE.match(text, own[1].end) or own[1].text.endswith("GB"))
    )


_JOINED = re.compile(r"\s*(?:,|/|&|and|or|,\s*and)\s*(?:the\s+|nvidia\s+)*", re.IGNORECASE)


def _passed_over(text: str, back: Sentence, own: Sequence[Mention]) -> bool:
    """Whether a sentence names what it is not about, so that the text goes on about what was before it."""
    return (
        # "Jobs in BF16 must go to the A100 nodes".
        all(_is_place(text, each) for each in own)
        # "It fits in our servers, since the T4 is as high".
        or _REASON.fullmatch(text, back.start, own[0].start) is not None
        # "At $1,599 it is a twentieth of what an H100 costs".
        or _OF_IT.search(text, back.start, own[0].start) is not None
    )


def _is_open(index: int, text: str, back: Sentence, own: Sequence[Mention], context: Context) -> bool:
    """Whether it is not certain of which device of a sentence the text goes on."""
    unsettled = context.memo["open"].get(index, ())
    # "The new card shares it with the RTX 4080; its bandwidth".
    if any(back.start <= at < own[0].start for at, _ in unsettled):
        return True
    return _other_clause(text, back, context.mentions.get(index, ()), own)


def _other_clause(text: str, back: Sentence, everywhere: Sequence[Mention], own: Sequence[Mention]) -> bool:
    """Whether a semicolon joins a clause to one that is about another device.

    "The A100 has 80 GB; the 4060 Ti makes do with 16. Its board power ..": of either.
    """
    before = [one for one in sentences(text) if one.end == back.start]
    if not before or text[back.start - 1] != ";":
        return False
    first = within(everywhere, before[0].start, before[0].end)[:1]
    return bool(first) and not set(first[0].named) & set(own[0].named)


#: One of several that were told before, by its place among them.
_BY_PLACE = re.compile(
    r"(?:^|[.!?]\s+)(?:The\s+(?:first|second|third|fourth|fifth|last|next)(?: one)?\s+of\s+"
    r"(?:these|those|them)|(?:That|This)\s+(?:last|first|second|third)(?:\s+(?:one|card|gpu|chip|part))?)\b"
)


def is_one_told(text: str, at: int, here: Sequence[Mention]) -> bool:
    """Whether a sentence goes on about one of a list: "The last of these tempts me. It draws 295 W"."""
    told = [each.end() for each in _BY_PLACE.finditer(text, 0, at)][-1:]
    return bool(told) and not within(here, told[0], at)


#: A number of a card, as a name by itself.
_UNKNOWN = re.compile(
    r"\bGrace[ -](?:Hopper|Blackwell)\b|\b(?:TPUs?|Trainium\d?|Inferentia\d?|Cerebras|Groq|Ascend)\b|"
    r"\b(?:[Tt]he|[Aa]n?|RTX|GTX|RX)\s+(?:[1-5]0[5-9]0|[67][1-9][05]0)(?:\s?(?:Ti|XT|Super|"
    r"M))?\b(?![.,]?\d)"
)
#: Machines by their GPUs, where something is sent or done.
_TO_THE = re.compile(r"\b(?:to|on|for|in|at|from)\s+(?:the|our|your|those|these)\s+$", re.IGNORECASE)
_ON_SEVERAL = re.compile(r"(?:^|[.!?]\s+)(?:On|With|For)\s+$")
_MACHINES = re.compile(r"[\s-]+(?:nodes?|servers?|partitions?|queues?|instances?|machines?)\b", re.IGNORECASE)


def _is_place(text: str, mention: Mention) -> bool:
    """Whether a name says of some machines which they are: "on the A100 nodes"."""
    before = _TO_THE.search(text, max(0, mention.start - 16), mention.start)
    if _ON_SEVERAL.search(text, max(0, mention.start - 8), mention.start) and mention.text.endswith("s"):
        # "On H100s you need two boxes" tells where, and not of what the text goes on.
        return True
    return before is not None and _MACHINES.match(text, mention.end) is not None


#: A pronoun's sentence up to the device that a reason for it names.
_REASON = re.compile(
    r"\s*(?:It|This card|The card)\s[^.;]*\b(?:since|because|as)\s+(?:the\s+|our\s+|an?\s+|nvidia\s+)*",
    re.IGNORECASE,
)
#: What sets the subject of one clause against that of the next.
_CONTRASTS = re.compile(r"\s*(?:While|Whereas|Where|Although|Though)\b")
#: Between two, that the second came behind the first.
_BY_THE_NEXT = re.compile(
    r"\b(?:followed|succeeded|replaced|superseded|joined|accompanied|inherited|overtaken|topped|outdone)\b"
    r"[^.;]{0,40}?\bby\s+(?:the\s+|an?\s+|its\s+|nvidia[\u2019']s\s+|nvidia\s+|amd\s+|\w+\s+)*$",
    re.IGNORECASE,
)
_THAT_ONE = re.compile(r"\bthat one,?\s+(?:as well|too|also)\s*[.!]*\s*$", re.IGNORECASE)
_MOVED = re.compile(r"\s+to\s+(?:the\s+|an?\s+|nvidia\s+|amd\s+|its\s+)*", re.IGNORECASE)
_OF_IT = re.compile(
    r"\b(?:it|the card|this card)\s+(?:(?:is|was)n[\u2019']t|is|was|has|costs?|offers?|comes|draws|needs|"
    r"delivers|does|did|reached|got|made|took|ran|gave|scored|managed|reaches|holds|supports|takes|"
    r"manages|carries)\b",
    re.IGNORECASE,
)


def _joined(text: str, own: Sequence[Mention]) -> bool:
    """Whether the first names are one subject: "the A100 and the H100"."""
    return _JOINED.fullmatch(text[own[0].end : own[1].start]) is not None
