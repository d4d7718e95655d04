"""Whether a value, a chip or a capability is another's than the device that it is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import devices
from whichgpu.audit.premised.amounts import AGAINST, NEAR, NUMBER, SAME, WORDS
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.review.unfounded import Place


#: Between a name and a value: "more cores than the 5090: 188 multiprocessors against 170".
_THAN_IT = re.compile(r"\b(?:than|as) (?:the |an? )?$", re.IGNORECASE)
_COLON = re.compile(r"\s*:\s*$")
#: Behind an amount of money, what it comes on top of.
_ON_TOP = re.compile(
    r"\s+(?:on top of|extra\b|more than|less than|above|below|over (?:the|that|what)|cheaper|dearer|apart|"
    r"difference|saved|discount|off\b)",
    re.IGNORECASE,
)
_FLOAT = re.compile(r"(?:fp|bf|tf)\d", re.IGNORECASE)
_OPS = re.compile(r"\b[TPG]OPS\b")
#: So many of a device right before its name: "2\u00d7 P40", "four L4".
_MANY = re.compile(
    r"(?<![\w.])(?:(?P<n>\d{1,2})\s?(?:x|\u00d7|\*)?|(?P<w>two|three|four|five|six|eight))\s+"
    r"(?:(?:nvidia|used|tesla|geforce|quadro|amd|radeon|instinct)\s+){0,2}$",
    re.IGNORECASE,
)
_ADDED = frozenset({"memory", "power", "launch_price", "cuda_cores", "bandwidth", "tensor_cores", "slots"})


def of_value(found: Finding, place: Place, context: Context) -> bool:
    """Whether a value is the other's of two, a difference, a rate in integers, or that of several."""
    text, at, end, sentence = place.text, place.at, place.end, place.sentence
    ids = frozenset(found.subject.split(", "))
    here = [each for each in place.here if ids & {*each.ids, *each.named}]
    before = [each for each in here if each.end <= at]
    against = AGAINST.search(text, sentence.start, at)
    if against and len(before) == 1 and len(place.here) == 1 and found.attribute == "memory_type":
        return True
    if before and _COLON.match(text[before[-1].end : at]) and _THAN_IT.search(text, 0, before[-1].start):
        return True
    if "price" in found.attribute and _ON_TOP.match(text, end):
        return True
    if _FLOAT.match(found.attribute) and _OPS.search(found.quote):
        return True
    named = [each for each in before if re.search(r"\d", text[each.start : each.end])]
    if not named and _KIN.search(text, sentence.start, at):
        return True
    return is_of_many(found, place, ids)


#: One that is told by whose kin it is.
_KIN = re.compile(
    r"\b(?:its|their|the) (?:\w+ ){0,2}(?:sister|sibling|brother|cousin|twin|namesake)s?\b", re.IGNORECASE
)


def is_of_many(found: Finding, place: Place, ids: frozenset[str]) -> bool:
    """Whether a value is what the number of them that stands before the name have together."""
    if found.attribute not in _ADDED:
        return False
    told, real = NUMBER.search(found.quote), NUMBER.search(found.because.rpartition(" has ")[2])
    if told is None or real is None:
        return False
    one, other = (float(each[0].replace(",", "")) for each in (told, real))
    for each in place.mentions:
        if each.start < place.at and ids & {*each.ids, *each.named}:
            many = _MANY.search(place.text, max(0, each.start - NEAR), each.start)
            number = (
                int(many["n"]) if many and many["n"] else WORDS.get((many["w"] if many else "").lower(), 1)
            )
            if number > 1 and other and abs(one / other / number - 1) < SAME:
                return True
    return False


#: "The same AD102 chip as my card": the chip of what is named behind it.
_AS_MINE = re.compile(r"[^.;,]{0,16}\bas (?:in )?(?:my|our|your|this|that)\b", re.IGNORECASE)


def of_identity(found: Finding, place: Place, _: Context) -> bool:
    """Whether what something is is told of it and of one that is not named."""
    return found.attribute == "chip" and _AS_MINE.match(place.text, place.end) is not None


_IN_PLACE_OF = re.compile(
    r"\b(?:in (?:the )?(?:place|lieu|absence) of|for (?:want|lack) of|short of|as a substitute for|"
    r"(?:their|its|an?) (?:answer|equivalent|counterpart|alternative|rival) to)\s+(?:the\s+|an?\s+)?"
    r"(?:nvidia[\u2019']s\s+)?$",
    re.IGNORECASE,
)
_IS_THE_ONE = re.compile(r"\s+(?:is|are|was|were|means|would be)\s+(?:the|an?|only|called)\b", re.IGNORECASE)
_THE_CARDS = re.compile(r"(?<!of )\bthe (?:cards|GPUs|boards|modules|accelerators)\b", re.IGNORECASE)


def of_capability(found: Finding, place: Place, context: Context) -> bool:
    """Whether a capability tells which of several is meant, or is what something else stands in for."""
    text, at, end = place.text, place.at, place.end
    if _IN_PLACE_OF.search(text, 0, at):
        return True
    if re.match(r"with\b", found.quote) and _IS_THE_ONE.match(text, end):
        return True
    ids = frozenset(found.subject.split(", "))
    cards = _THE_CARDS.search(text, place.sentence.start, end)
    return bool(cards) and not place.here and any({key} - ids for key in _last_other(place, ids, context))


_OBLIQUE = re.compile(r"\b(?:than|like|th(?:at|ose) of)\s+(?:\w+\s+){0,4}$", re.IGNORECASE)


def _last_other(place: Place, ids: frozenset[str], context: Context) -> list[str]:
    """Other devices that the text compares, where a plural without a name may mean them."""
    before = within(place.mentions, 0, place.sentence.start)
    if before and _OBLIQUE.search(place.text, 0, before[-1].start) and len(devices(context)) > 1:
        # "Comparable to that of the pair of H100 NVL": not what is spoken of.
        return ["", *before[-1].ids]
    return [key for each in before for key in each.ids if not ids & {*each.ids, *each.named}] or (
        [key for one in devices(context) for key in one] if not before else []
    )
