"""Values that one device had and another has: "from the A100 to the H100, power went from 400 to 700 W".

Which two are meant is said beside the values ("37 TFLOPS on the B200"), before them, or by the first
value alone: that it is right of a device that the text named, and the second of none, shows that the
second is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import BY_UNIT, attributes, named
from whichgpu.audit.findings import made
from whichgpu.audit.judging import Verdict, judged
from whichgpu.audit.nearest import fitting
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import told
from whichgpu.audit.roundings import stated
from whichgpu.audit.sentences import within
from whichgpu.audit.subjects import model
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

_FILL = r"(?:a\s+|mere\s+|just\s+|only\s+|about\s+|roughly\s+|around\s+|some\s+|full\s+|over\s+)*"
_FROM = re.compile(
    rf"(?:\b(?:goes|went|going|grows?|grew|grown|rises?|rose|risen|falls?|fell|fallen|drops?|dropped|"
    rf"shrinks?|shrank|"
    rf"climbs?|climbed|jumps?|jumped|increases?|increased|decreases?|decreased|moves?|moved|doubles?|"
    rf"doubled|up|"
    rf"down|sinks?|sank|lifted|raised|cut|reduced)|(?:,|\band)\s+(?:the\s+|its\s+"
    rf")?[A-Za-z][\w ]{{2,20}}?)\s+(?:\w+\s+)?"
    rf"from\s+{_FILL}(?=\d)",
    re.IGNORECASE,
)
_TO = re.compile(rf"(?:\s+(?:up|down))?\s+to\s+{_FILL}", re.IGNORECASE)
_ON = re.compile(
    r"(?:\s+[\w-]+){0,2}?\s+(?:on|in|for|with|of|at)\s+(?:(?:the|an?|its|old|new|nvidia|amd)\s+"
    r")*",
    re.IGNORECASE,
)
#: What is set, measured, paid or run, and no value of a device as it is sold.
_ELSE = re.compile(
    r"\b(?:limit\w*|cap(?:ped)?|undervolt\w*|set|tun\w+|quanti\w+|our|we|tests?|measur\w+|load|cost\w*|"
    r"pric\w+|rent\w*|"
    r"tokens?|images?|models?|contexts?|batch\w*|per|weights?|clock\w*|drivers?|requests?|users?|if|"
    r"could|would|"
    r"range[sd]?|between|total|together|nodes?|servers?|racks?|slices?|sparsity)\b|[$\u20ac%]",
    re.IGNORECASE,
)


class _Change(NamedTuple):
    """Two values of an attribute, and the devices beside them where these are named."""

    attribute: Attribute
    values: tuple[Quantity, Quantity]
    beside: tuple[Mention | None, Mention | None]


def find(context: Context) -> Iterator[Finding]:
    """Every second value, and every first one beside its device, that is wrong."""
    for passage, sentence, who in told(context, _FROM):
        for match in _FROM.finditer(passage.text, sentence.start, sentence.end):
            change = _read(passage, sentence, match, who, context)
            if change is not None and not _ELSE.search(passage.text[sentence.start : change.values[1].end]):
                yield from _judged(passage, match.start(), change, who, context)


def _read(
    passage: Passage, sentence: Sentence, match: re.Match[str], who: Spoken, context: Context
) -> _Change | None:
    """The values from which and to which something goes, of what is named or what their unit says."""
    text = passage.text
    found = [
        each for each in within(quantities(text, context.fraction), match.end(), sentence.end)
        if not any(one.start <= each.start < one.end for one in who.here)
    ][:2]  # fmt: skip
    if found and (range_ := _RANGE.fullmatch(text, found[0].start, found[0].end)):
        # "From 24 to 32 GB" is read as a range.
        found = [_again(text, range_.span(part), range_["unit"] or "", context) for part in ("a", "b")]
    if len(found) < 2 or found[0].start != match.end() or any(each.high != each.value for each in found):
        return None
    one, other = found
    beside = _beside(text, one.end, other.start, who)
    if not _TO.fullmatch(text, beside.end if beside else one.end, other.start):
        return None
    if "number" in (one.dimension, other.dimension) and one.dimension != other.dimension:
        unit = one.unit or other.unit
        one, other = (_in_unit(text, each, unit, context) for each in (one, other))
    if one.dimension != other.dimension:
        return None
    before = [each for each in within(named(text), sentence.start, match.end()) if each.end <= match.end()]
    fits = [each for each in before if any(True for _ in fitting(each.attribute, [other]))]
    last = fits[-1].attribute if fits and fits[-1] is before[-1] else None
    by_unit = attributes()[other.dimension] if not before and other.dimension in BY_UNIT else None
    attribute = last or by_unit
    behind = _beside(text, other.end, sentence.end, who)
    return _Change(attribute, (one, other), (beside, behind)) if attribute else None


def _beside(text: str, at: int, end: int, who: Spoken) -> Mention | None:
    """The device right behind a value: "37 TFLOPS on the B200"."""
    each = next(iter(within(who.here, at, end)), None)
    return each if each and _ON.fullmatch(text, at, each.start) else None


def _in_unit(text: str, each: Quantity, unit: str, context: Context) -> Quantity:
    """A bare number in the unit of the other."""
    if each.dimension != "number":
        return each
    return _again(text, (each.start, each.end), unit, context)


def _again(text: str, place: tuple[int, int], unit: str, context: Context) -> Quantity:
    """A number at a place in a unit that stands elsewhere."""
    start, end = place
    return quantities(f"{text[start:end]} {unit}", context.fraction)[0]._replace(start=start, end=end)


_N = r"\d(?:[\d.,]*\d)?"
_RANGE = re.compile(
    rf"(?P<a>{_N})\s+(?:up\s+|down\s+)?to\s+(?P<b>{_N})(?:\s*(?P<unit>[A-Za-z].*))?", re.IGNORECASE
)


def _judged(passage: Passage, at: int, change: _Change, who: Spoken, context: Context) -> Iterator[Finding]:
    sides = list(change.beside)
    moved = [each for each in who.here if each.end <= at][-2:]
    if not any(sides) and len(moved) > 1 and _MOVED.fullmatch(passage.text, moved[0].end, moved[1].start):
        sides = list(moved)
    if any(sides):
        for value, side in zip(change.values, sides, strict=True):
            if side is not None:
                yield from _of(passage, value, change.attribute, side.ids, context)
        return
    owner = who.owner(at)
    topic = owner if owner and (owner in who.own or who.certain) else None
    if topic is None:
        return
    before = _told_of(passage, topic, context)
    first, second = (
        [_verdict(passage, each, change.attribute, ids, context) for ids in (*before, topic.ids)]
        for each in change.values
    )
    none = second[-1] == "contradicted" and "confirmed" not in second
    first_is_known = "confirmed" in first[:-1]
    if first_is_known and none:
        yield from _of(passage, change.values[1], change.attribute, topic.ids, context)


_MOVED = re.compile(r"\s*s?\s+to\s+(?:(?:the|an?|nvidia|amd|its)\s+)*", re.IGNORECASE)


def _told_of(passage: Passage, topic: Mention, context: Context) -> list[tuple[str, ...]]:
    """The other devices that the text named."""
    own = model(topic.named[0], context.catalogue)
    every = {
        model(each.named[0], context.catalogue): each.named
        for found in context.mentions.values()
        for each in found
    }
    return [ids for key, ids in every.items() if key != own][:_MOST]


_MOST = 12


def _found(
    passage: Passage, value: Quantity, attribute: Attribute, ids: Sequence[str], context: Context
) -> Verdict:
    words = _shown(passage.text[value.start : value.end], value)
    what = stated(value.value, words, value.limit, frozenset(), dimension=value.dimension, unit=value.unit)
    gpus = [context.catalogue[key] for key in ids]
    return judged(attribute, what, gpus, context.catalogue, context.spoken_of)


def _shown(words: str, value: Quantity) -> str:
    """A value with its unit, which may stand elsewhere."""
    return words if re.search(r"[A-Za-z]", words) or not value.unit else f"{words} {value.unit}"


def _verdict(
    passage: Passage, value: Quantity, attribute: Attribute, ids: Sequence[str], context: Context
) -> str:
    return str(_found(passage, value, attribute, ids, context).verdict)


def _of(
    passage: Passage, value: Quantity, attribute: Attribute, ids: Sequence[str], context: Context
) -> Iterator[Finding]:
    found = _found(passage, value, attribute, ids, context)
    yield made(
        context, passage, (value.start, value.end), "specification", found.verdict, subject=", ".join(ids),
        stated=_shown(passage.text[value.start : value.end], value), attribute=attribute.key,
        because=found.because, expected=found.expected, evidence=found.evidence,
        true_for=found.true_for,
    )  # fmt: skip
