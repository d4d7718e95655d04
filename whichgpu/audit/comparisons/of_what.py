"""Of which attribute a multiple is: the one named right behind it, or before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.multiple import in_precision
from whichgpu.audit.comparisons.said import AFTER, BEFORE
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import RATES, attributes, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.comparisons.multiple import Multiple
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute, Named


#: Comparisons of speed: no field of the catalogue is one.
SPEED = re.compile(
    r"\b(?:fast|faster|slow|slower|speed\w*|performance|throughput|quick\w*|outperform\w*|latency)\b",
    re.IGNORECASE,
)
#: Attributes whose "three times as fast" is said of themselves.
_RATES_OF = ("bandwidth", "nvlink")
#: What is drawn, or read, so many times as much: "draws 1.75 times what an A100 does".
_DRAWN = re.compile(
    r"\b(?:draws?|drew|drawing|consumes?|consuming|pulls?|burns?)\s+(?:[\w-]+\s+){0,3}?$", re.I
)
#: "3x faster, NVLink": what goes on is of something else.
_JUST_FASTER = re.compile(r"\s+(?:as fast|faster|quicker|slower)\s*[,;]", re.IGNORECASE)
_AS_FAST = re.compile(r"\s+(?:as fast|faster|quicker|slower|the speed)\b", re.IGNORECASE)
#: "2x the bandwidth and 4x the throughput": of no attribute that stands before it.
_THE_SPEED = re.compile(r"\s+the\s+(?:[\w-]+\s+)?(?:throughput|performance|speed|compute)\b", re.IGNORECASE)
#: "1.74 times at 256 users": of what was measured there.
_AT_LOAD = re.compile(
    r"\s+(?:at|with|for)\s+(?:batch(?:\s+size)?\s+\d[\d,]*|\d[\d,]*\s+(?:concurrent\s+|parallel\s+)?"
    r"(?:users?|streams?|requests?|sequences|clients?))\b",
    re.IGNORECASE,
)
_CLAUSES = re.compile(r"[,;]\s|\band\s", re.IGNORECASE)
#: "3.5 times that of the V100": of the attribute that the sentence is about.
_THAT_OF = re.compile(
    r"\s+(?:(?:that|those|the one) of|de (?:celle|celui)|d[ea] (?:la|el)|del|der|von der|que la)\b",
    re.IGNORECASE,
)
#: Between an attribute and the multiple that is said of it: "its memory is 2.4 times larger".
_IS = re.compile(
    r"(?:\s+of\s+(?:the\s+|its\s+|both\s+)?[A-Za-z\d][\w -]{1,24}?)?(?:\s+(?:is|are|was|were|being|gets|"
    r"also|holds?|about|around|roughly|nearly|almost|over|more than|less than|up to|a|by|some|"
    r"(?:gr[eo]w|rose|went up|increased|fell|went down|shrank) by(?: a factor of)?))+"
    r"\s*~?",
    re.IGNORECASE,
)
_TURN = re.compile(r"\b(?:while|whereas|but)\b|[;:]|,\s+(?:and\s+)?(?:its|their)\s", re.IGNORECASE)
_YET = re.compile(r"\b(?:yet|but|though|still)\b", re.IGNORECASE)
_FASTER = re.compile(r"[^.;]{0,10}\b(?:faster|slower|quicker)\b", re.IGNORECASE)
_AS_MANY = re.compile(r"\s+as many\b")


def is_of_speed(text: str, sentence: Sentence, claim: Multiple, attribute: Attribute) -> bool:
    """Whether what is said beside a multiple makes it one of a speed that an attribute only brings about."""
    if _AT_LOAD.match(text, claim.end):
        return True
    if attribute.dimension in RATES and (OF_ONE_IN.match(text, claim.end) or in_precision(text, sentence)):
        return False
    before = [one for one in within(named(text), sentence.start, claim.start) if one.attribute == attribute]
    if before and _YET.search(text, before[-1].end, claim.start) and _FASTER.match(text, claim.end - 7):
        # "Has twice the bandwidth and yet is only 17 % faster".
        return True
    words = _clause(text, sentence, claim, attribute)
    if attribute.dimension == "count":
        # "2.7x more CUDA cores, 3x higher FP32 performance": no further than what it is of.
        words = text[claim.end : claim.end + BEFORE // 2]
    return attribute.key not in _RATES_OF and SPEED.search(words) is not None


def _clause(text: str, sentence: Sentence, claim: Multiple, attribute: Attribute) -> str:
    """What is said beside a multiple in its clause, without the names of its attribute."""
    start = max(sentence.start, claim.start - BEFORE)
    before = _CLAUSES.split(text[start : claim.start])[-1]
    beside = [each for each in within(named(text), start, claim.end + AFTER) if each.attribute == attribute]
    words = before + text[claim.start : min(sentence.end, claim.end + AFTER)]
    for each in beside:
        # "FP16 Tensor throughput" is a peak by its name.
        rate = re.own(text[each.start : each.end])
        beyond = rf"{rate}\s*(?:tensor\s+)?(?:core\s+)?(?:throughput|performance|compute)?"
        words = re.sub(beyond, "", words, flags=re.IGNORECASE)
    return words


def across_precisions(text: str, sentence: Sentence, claim: Multiple, attribute: Attribute) -> bool:
    """Whether a sentence sets rates of several precisions against each other: "TF32 .. FP32, a tenth"."""
    clauses = (match.end() for match in _CLAUSES.finditer(text, sentence.start, claim.start))
    start = max(clauses, default=sentence.start)
    if not any(each.attribute == attribute for each in within(named(text), start, sentence.end)):
        start = sentence.start
    keys = {each.attribute.key for each in within(named(text), start, sentence.end)
            if each.attribute.dimension in ("flop rate", "op rate")}  # fmt: skip
    # The rate of tensor cores is in one of the formats, and none beside them.
    return attribute.key in keys and len(keys - {"tensor"}) > 1


def attribute_of(text: str, sentence: Sentence, claim: Multiple) -> Attribute | None:
    """The attribute that a multiple is of: the first one named soon after it, else just before it."""
    # "Its memory delivers 2.5 times as many bytes per second".
    of_data = _DATA_RATE.match(text, claim.end) is not None
    meant = attributes()["bandwidth"] if of_data else named_attribute(text, sentence, claim)
    drawn = meant is None and _DRAWN.search(text, sentence.start, claim.start)
    if drawn or _CAPACITY.match(text, claim.end) or _ROOM.match(text, claim.end):
        return attributes()["power" if drawn else "memory"]
    if meant is None and _THE_SPEED.match(text, claim.end):
        # "As much VRAM and twice the compute": of no size.
        return None
    if meant is None and _AND_SO_MUCH.search(text, sentence.start, claim.start):
        # "30 % more bandwidth than the A and 7 % more than the B": of the same.
        every = {each.attribute for each in within(named(text), sentence.start, claim.start)}
        return every.pop() if len(every) == 1 else None
    if meant is None and _AS_FAST.match(text, claim.end) and in_precision(text, sentence):
        every = {each.attribute for each in within(named(text), sentence.start, sentence.end)}
        return every.pop() if len(every) == 1 else None
    rate = _AS_FAST.match(text, claim.end) or _THE_RATE.match(text, claim.end)
    if meant and meant.key in _RATE_OF_IT and rate:
        # "Reads its memory five times as fast", "run at twice the rate": of no size.
        return attributes()[_RATE_OF_IT[meant.key]]
    return meant


#: "It is memory that sets them apart: 76 % more of it".
_MORE_OF_IT = re.compile(
    r"(?:(?<=more)|(?<=less)|\s+as (?:much|many))\s+of (?:it|them|those)\b", re.IGNORECASE
)
#: "Five times the room", "twice as much space".
_ROOM = re.compile(
    r"\s+(?:as much|(?:of )?(?:the|its|that)) (?:room|space)\b(?! (?:in|inside|of) the (?:case|rack))",
    re.IGNORECASE,
)
#: "1.8 times its capacity", "twice the capacity of".
_CAPACITY = re.compile(r"\s+(?:(?:of\s+)?(?:its|the|their)|in)\s+(?:memory\s+)?capacity\b", re.IGNORECASE)
#: What is as fast of what has a size or a number: "the tensor cores are 2.5 times as fast".
_RATE_OF_IT = {"memory": "bandwidth", "tensor_cores": "tensor"}
_DATA_RATE = re.compile(
    r"\s+(?:as (?:many|much)|the|more)\s+(?:bytes|gigabytes|GB|data)\s+(?:per|a|each|every|in a)\s+second\b",
    re.IGNORECASE,
)
_THE_RATE = re.compile(r"\s+(?:the|that|its|their) (?:rate|speed|pace)\b", re.IGNORECASE)
#: "Twice the performance of the V100 in FP32".
OF_ONE_IN = re.compile(
    r"\s+the\s+(?:raw\s+|peak\s+)?(?:performance|throughput|compute(?: power)?)\s+of\s+[^.,;]{2,40}?\s+"
    r"(?:in|at|for)\s+(?:peak\s+)?",
    re.IGNORECASE,
)
_AND_SO_MUCH = re.compile(r"[^,;]{4}\band\s+(?:only\s+|just\s+|about\s+|even\s+)?$", re.IGNORECASE)
#: "On FP32 it does twice what the A5000 does".
_WHAT = re.compile(r"\s+what\b", re.IGNORECASE)
_ITS_VERB = re.compile(
    r"\b(?:does|do|has|offers?|manages?|delivers?|gets|reaches|achieves?|provides?)\s+(?:[\w-]+\s+){0,2}$",
    re.I,
)


def _is_beside(text: str, before: Named, claim: Multiple, after: Sequence[Named]) -> bool:
    """Whether a multiple is of what is named right before it: "made memory 76 % larger, bandwidth 43 %"."""
    beside = not text[before.end : claim.start].strip()
    return beside and (not after or _CLAUSES.search(text, claim.end, after[0].start) is not None)


def named_attribute(text: str, sentence: Sentence, claim: Multiple) -> Attribute | None:
    """The attribute that a multiple is of by its name; None where none is near enough."""
    found = [each for each in within(named(text), sentence.start, sentence.end) if each.end <= sentence.end]
    of_it = _MORE_OF_IT.match(text, claim.end) is not None
    peak = next((each for each in found if OF_ONE_IN.fullmatch(text, claim.end, each.start)), None)
    last = next((each for each in reversed(found) if of_it and each.end <= claim.start), peak)
    # "Ahead in memory (1.9x) and FP16 (2.2x)": of what stands before the bracket.
    opened = [each for each in found if _OPENS.fullmatch(text, each.end, claim.start)]
    opened = opened if text.startswith(")", claim.end) else []
    if opened or (last and (of_it or last.attribute.dimension in RATES)):
        return opened[-1].attribute if opened else last and last.attribute
    after = [each for each in found if claim.end <= each.start <= claim.end + BEFORE // 2]
    ahead = [each for each in found if each.end <= claim.start and claim.start - each.end < BEFORE]
    before = [each for each in ahead if claim.start - each.end < BEFORE // 2]
    said = ahead and _IS.fullmatch(text, ahead[-1].end, claim.start)
    if said or (before and _is_beside(text, before[-1], claim, after)):
        return ahead[-1].attribute
    ended = _JUST_FASTER.match(text, claim.end) or (after and _TURN.search(text, claim.end, after[0].start))
    if after and not ended and not _is_of_next(text, claim, after[0]):
        return after[0].attribute
    if not before and not after and _AS_MANY.match(text, claim.end):
        # "The Ada flagship has twice as many": of what the sentence before counts.
        earlier = [
            each for each in named(text) if each.end <= sentence.start and sentence.start - each.end < BEFORE
        ]
        return earlier[-1].attribute if earlier and earlier[-1].attribute.dimension == "count" else None
    if _THE_SPEED.match(text, claim.end):
        return None
    begins = not after and found and _IN_IT.fullmatch(text, sentence.start, found[0].start)
    # "In bandwidth the V100 has nearly four times as much."
    so_much = begins and _SO_MUCH.match(text, claim.end, sentence.end)
    what_it_does = _WHAT.match(text, claim.end) and _ITS_VERB.search(text, sentence.start, claim.start)
    if not before and (what_it_does or so_much or _THAT_OF.match(text, claim.end)):
        before = [each for each in found if each.end <= claim.start]
    rate = before and before[-1].attribute.dimension == "count" and _RATE_OF.search(text, 0, before[-1].start)
    return before[-1].attribute if before and not rate else None


def _is_of_next(text: str, claim: Multiple, after: Named) -> bool:
    """Whether an attribute behind a multiple has its own: "grew by a factor of 18, bandwidth by 8.6"."""
    listed = _AND_THE.fullmatch(text, claim.end, after.start)
    return listed is not None and _BY_ITS_OWN.match(text, after.end) is not None


_AND_THE = re.compile(r"(?:,|,?\s+(?:and|but|while))\s+(?:the\s+|its\s+|that\s+of\s+)*", re.IGNORECASE)
_BY_ITS_OWN = re.compile(
    r"\s+(?:(?:only|just|grew|rose|even|about|almost|nearly|is|was|are)\s+)*"
    r"(?:by\s|\d|twice|double|half|three|four)",
    re.IGNORECASE,
)
_OPENS = re.compile(r"\s?\(")
_IN_IT = re.compile(
    r"\s*(?:But\s+|And\s+)?(?:In|On|For|When it comes to|As for|In terms of)\s+(?:the\s+|its\s+|raw\s+)?",
    re.IGNORECASE,
)
_SO_MUCH = re.compile(r"\s+as (?:much|many|high|large)\s*[.,;]", re.IGNORECASE)
#: "The rate of the Tensor Cores, which is twice as high": not how many there are.
_RATE_OF = re.compile(
    r"\b(?:rate|speed|clock\w*|frequency|throughput|performance)s?\s+of\s+(?:the\s+|its\s+|all\s+)*$", re.I
)
