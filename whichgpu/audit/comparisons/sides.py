"""What a change may be of: every pair of devices and values within reach of the words that state it.

A change is wrong only where no such pair gives it. So it need not be known for certain which two are meant.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.multiple import verdict_of
from whichgpu.audit.comparisons.pairs import Pair, ratios
from whichgpu.audit.devices.as_stated import as_stated
from whichgpu.audit.devices.mentions import mentions, model
from whichgpu.audit.findings import withheld
from whichgpu.audit.patterns import MANY
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import named
from whichgpu.audit.values.certainty import excludes
from whichgpu.audit.values.offers import usual
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.audit.comparisons.changes import Change
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute

    _Ids = tuple[str, ...]


class Sides(NamedTuple):
    """The ratios that a change may be, with the words for each; and the pair that is likeliest meant."""

    ratios: Sequence[tuple[float, str]]
    pair: Pair


#: Between an amount and the device behind it that it is set against.
_THAN = re.compile(
    r"(?:[^.;:,()]|,(?=\d)){0,60}?\b(?:than|of|over|above|below|as|on|to|with|against|versus|has|what|the|"
    r"an?|"
    r"nvidia|amd|single|one|does|offers|and)\s+|[^\w.;:,()]{1,3}",
    re.IGNORECASE,
)
_THAN_ON = re.compile(
    r"\s+(?:than|compared (?:to|with)|versus|vs\.?|against)\s+"
    r"(?:(?:on|for|in|with|the|an?|nvidia|amd)\s+){0,3}",
    re.I,
)
_THAN_IT = re.compile(r"\b(?:than|over|above|below|of)\s+(?:[\w'\u2019-]+\s+){0,4}$", re.IGNORECASE)
_FAR = 40
#: Before the device of another clause.
_WHILE = re.compile(r"\b(?:while|whereas|but)\s+(?:the\s+|an?\s+)?(?:nvidia\s+|amd\s+)*$", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_DIMENSIONS = ("memory", "bandwidth", "power")
_BACK, _BESIDE, _TWO, _NEAR, _LIKE = 2, 16, 2, 250, 20


def sides(
    passage: Passage, sentence: Sentence, change: Change, who: Spoken, context: Context
) -> Sides | None:
    """Every ratio within reach of a change; None where what it is set against is not told."""
    start, end = change.multiple.start, change.multiple.end
    attribute = change.attribute
    if attribute is None:
        return None
    second = second_of(passage.text, start, end, who)
    reach = _within_reach(passage, who, context)
    own = [each.ids for each in who.here if each.end <= start and each not in who.against]
    first = own[-1] if own else who.topic[0].ids if who.topic else None
    if second is not None:
        firsts = [each for each in reach if each != second]
        pairs = [Pair(each, second) for each in firsts]
    elif first is not None:
        others = [each for each in reach if each != first]
        pairs = [both for each in others for both in (Pair(first, each), Pair(each, first))]
        firsts = [first]
    else:
        return None
    if second is None and first is not None:
        # What is named behind an amount, in another clause, is not what it is set against.
        later = {each.ids for each in who.here if each.start >= end} - {first}
        later -= set(_within_reach(passage, who._replace(here=()), context, upto=sentence.start))
        pairs = [each for each in pairs if not later & {each.first, each.second}]
        if not any(_model(each.first, context) != _model(each.second, context) for each in pairs):
            return None
    if first == second:
        first = next(iter(firsts), None)
    likely = Pair(first, second) if first and second else pairs[0] if pairs else None
    if likely is None:
        return None
    found = [
        one for both in pairs
        for one in ratios(attribute, Pair(usual(both.first), usual(both.second)), context)
    ]  # fmt: skip
    found += _of_values(
        passage.text, sentence, attribute, [likely.second, *(each.second for each in pairs)], context
    )
    if any(not _sure(ids, attribute, context) for ids in (likely.first, likely.second)):
        return None
    return Sides(found, likely) if found else None


def gives(change: Change, found: Sides) -> str:
    """The verdict on a change by all that it may be of."""
    return verdict_of(change.multiple, [value for value, _ in found.ratios])


def second_of(text: str, start: int, end: int, who: Spoken) -> _Ids | None:
    """The device that an amount is set against: right behind it, or before it in words that say so."""
    behind = [each for each in who.here if each.start >= end]
    if len(behind) > 1 and _THAN_ON.fullmatch(text, behind[0].end, behind[1].start):
        # "2.4x more memory with the MI300X than the H100".
        return behind[1].ids
    if behind and _THAN.fullmatch(text, end, behind[0].start):
        return behind[0].ids
    before = [each for each in who.here if each.end <= start]
    beside = any(each in who.against for each in before[:-1])
    if (
        before
        and before[-1] in who.against
        and not beside
        and not re.search(r"[;:]|\.\s", text[before[-1].end : start])
    ):
        return before[-1].ids
    return None


def _model(ids: _Ids, context: Context) -> frozenset[str]:
    return model(ids[0], context.catalogue)


def _within_reach(passage: Passage, who: Spoken, context: Context, upto: int | None = None) -> list[_Ids]:
    """The devices of a passage up to a place, of its heading and of the passages before it, each once."""
    every = [each.ids for each in (*who.here, *who.topic)]
    for line in passage.section[-1:]:
        every += [each.ids for each in mentions(line, context.catalogue)]
    index = context.place(passage)
    if len(set(every)) < _TWO or not who.here:
        for place in range(max(index - _BACK, 0), index):
            # What another heading is about is not what this one is.
            if context.document.passages[place].section == passage.section:
                every += [each.ids for each in context.mentions.get(place, ())]
        own = context.mentions.get(index, ())
        every += [each.ids for each in own if upto is None or each.start < upto]
    return list(dict.fromkeys(every))


@lru_cache(maxsize=MANY)
def _is_behind_than(text: str, start: int) -> bool:
    """Whether what stands at a place is what something is compared with."""
    return _THAN_IT.search(text, max(0, start - _FAR), start) is not None


def stated_ratios(text: str, sentence: Sentence, change: Change, context: Context) -> list[tuple[float, str]]:
    """The ratios of the values told before an amount to the one behind it that it is said against."""
    against = change.against
    if against is None:
        return []
    every = quantities(text, context.fraction)
    before = within(every, max(sentence.start - _NEAR, 0), change.multiple.start)
    # "A quarter more than the 504 GB/s of the one": no value that the next amount is said of.
    before = [
        each
        for each in before
        if not _is_behind_than(text, each.start)
        and not (each.dimension == "number" and _YEAR.fullmatch(text[each.start : each.end]))
    ]
    # "A 5080 has 10,752, while the 3080 had 83 percent of": of the last one.
    named = context.mentions.get(context.place_of_text(text), ())
    own = [each.start for each in named if _WHILE.search(text, max(0, each.start - _FAR), each.start)]
    last = max((at for at in own if sentence.start <= at < change.multiple.start), default=0)
    before = [
        each
        for each in before
        if each.start >= last and not any(one.start <= each.start < one.end for one in named)
    ]
    found: list[tuple[int, tuple[float, str]]] = []
    for each in before:
        alike = each.dimension == against.dimension and each.unit == against.unit
        bare = against.dimension == "number" and each.dimension not in ("percent", "times", "number", "money")
        value = each.value if alike else _digits(text, each) if bare else 0.0
        if value and 1 / _LIKE < value / against.value < _LIKE:
            other = text[against.start : against.end]
            words = f"{text[each.start : each.end]} against {other}"
            found.append((each.start, (value / against.value, words)))
    # What the sentence itself states is meant, where it states any.
    here = [one for at, one in found if at >= sentence.start]
    return here or [one for _, one in found]


def _digits(text: str, each: Quantity) -> float:
    """The number of a quantity as it is written, without its unit."""
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", text[each.start : each.end])
    return float(digits[0].replace(",", "")) if digits else 0.0


def _of_values(
    text: str, sentence: Sentence, attribute: Attribute, seconds: Sequence[_Ids], context: Context
) -> Iterator[tuple[float, str]]:
    """The ratios of values that a sentence, or the one before, states, to each other and to a device's."""
    dimension = attribute.dimension if attribute.dimension in _DIMENSIONS else ""
    every = quantities(text, context.fraction)
    near = within(every, max(sentence.start - _NEAR, 0), sentence.end)
    if dimension:
        told = [x for each in near if each.dimension == dimension for x in {each.value, each.high} if x]
    else:
        # Only what stands before the name of the attribute is one of it.
        named_at = [each.start for each in named(text) if each.attribute == attribute]
        bare = [each for each in near if each.dimension in ("number", "count", "bits")]
        told = [each.value for each in bare if any(0 <= at - each.end < _BESIDE for at in named_at)]
    for one, other in permutations(dict.fromkeys(told), 2):
        yield one / other, f"{one:.4g} against {other:.4g}"
    for ids in dict.fromkeys(seconds):
        for key in as_stated(usual(ids), attribute.key, context):
            for field in attribute.fields:
                value = context.catalogue[key].value(field)
                if isinstance(value, int | float) and value:
                    size = (nominal_gb(value) or value / 1e9) * 1e9 if field == "memory" else value
                    for one in told:
                        shown = context.catalogue[key].display(field)
                        yield one / size, f"{key} has {shown}"


def unless_given(found: Iterable[Finding], context: Context) -> list[Finding]:
    """Findings, of which none accuses a change that a pair within reach gives, however it was read."""
    given: list[tuple[int, int]] = context.memo.get("given", [])
    return [
        withheld(each, "another pair that the text speaks of differs by so much")
        if each.accuses
        # What the text itself states is held against what it states.
        and not (each.subject and each.verdict == "inconsistent")
        and each.kind in ("ratio", "arithmetic", "specification")
        # A formula that is written out is what it is.
        and each.attribute != "formula"
        and any(each.start < end and start < each.end for start, end in given)
        else each
        for each in found
    ]


def _sure(ids: _Ids, attribute: Attribute, context: Context) -> bool:
    return any(excludes(context.catalogue[key], field, 1.0) for key in ids for field in attribute.fields)
