"""Accusations that hold whoever of a text's devices is meant, though it is not certain which one is.

What a sentence says is held against one device, or two. Where its words leave open whether it is of them, the
accusation is withheld; it is raised again where what is said is so of none that the document speaks of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.agreement import OF_ELSE, OF_OTHERS, UNPROVEN, place_of
from whichgpu.audit.clauses.mood import is_indicative, is_its_own
from whichgpu.audit.clauses.parts import stretch
from whichgpu.audit.comparisons.multiple import OF_SLICES, Multiple, verdict_of
from whichgpu.audit.comparisons.pairs import sides_of
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.excluded.scope import headed_by, spoken_of
from whichgpu.audit.findings import withheld
from whichgpu.audit.known.said import claims
from whichgpu.audit.review.misjudged import OF_ANOTHER
from whichgpu.audit.review.settling import OF_SEVERAL
from whichgpu.audit.review.understood import UNSTATED
from whichgpu.audit.tables.variants import is_right
from whichgpu.audit.text.quantities import multiples, quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import attributes, named
from whichgpu.audit.values.capabilities import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from whichgpu.audit.clauses.agreement import At
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.gpu import Gpu

#: Characters before what a device is said to have.
_BEFORE = 60
_HAS = {each.key: each.has for each in CAPABILITIES}
_TWO = 2
#: Why an accusation is withheld that leaves open only of whom it is.
_OPEN = (OF_OTHERS, UNPROVEN, OF_SEVERAL, UNSTATED, OF_ANOTHER, OF_ELSE)


def raised(found: Sequence[Finding], accused: Iterable[Finding], context: Context) -> list[Finding]:
    """Findings with those raised again that were withheld for want of a subject and are so of no device."""
    first = {(each.start, each.end, each.kind, each.attribute): each for each in accused}
    # What another kind of claim read of the same words holds: "2.4x the memory" of what the text itself says.
    so = {(each.start, each.end) for each in found if each.verdict == "confirmed"}
    done = []
    for each in found:
        before = first.get((each.start, each.end, each.kind, each.attribute))
        open_ = each.because in _OPEN and (each.start, each.end) not in so
        again = before is not None and open_ and _is_of_none(before, each.because, context)
        done.append(before if again and before is not None else each)
    return done


def lowered(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings without accusations of a ratio that others have of which the sentence may speak as well."""
    return [withheld(each, OF_OTHERS) if _is_of_others(each, context) else each for each in found]


def _is_of_others(found: Finding, context: Context) -> bool:
    """Whether a ratio that is accused is so of two devices, one of which its sentence does not name."""
    sides = [set(side.split(", ")) for side in found.subject.split(" against ")]
    known = (
        found.attribute in attributes()
        and len(sides) > 1
        and all(side <= {*context.catalogue} for side in sides)
    )
    where = place_of(found, context) if found.kind == "ratio" and found.accuses and known else None
    if where is None:
        return False
    passage, at, sentence = where.passage, where.at, where.sentence
    here = [
        {*each.ids, *each.named}
        for each in context.mentions.get(where.number, ())
        if sentence.start <= each.start < sentence.end
    ]
    if all(any(side & one for one in here) for side in sides):
        return False
    end = at + len(found.stated)
    told = [
        one for one in claims(passage.text, sentence, context.fraction) if one.start < end and at < one.end
    ]
    ways = [way for one in told for way in one.ways]
    ways += [
        Multiple(each.start, each.end, each.value, each.limit)
        for each in multiples(passage.text)
        if each.start == at and not told
    ]
    # The two themselves are judged already.
    own = {model(key, context.catalogue) for side in sides for key in side}
    others = [gpu for gpu in spoken_of(context) if model(gpu.id, context.catalogue) not in own]
    values = [
        value
        for gpu in others
        for value in _between(found.attribute, [gpu, *spoken_of(context)], context, one=gpu)
    ]
    return bool(values) and any(verdict_of(way, values) == "confirmed" for way in ways)


def _is_of_none(found: Finding, why: str, context: Context) -> bool:
    test = _TESTS.get(found.kind)
    where = place_of(found, context)
    if (
        test is None
        or where is None
        or (why == OF_ANOTHER and found.kind not in ("specification", "capability"))
    ):
        return False
    return _has_it_too(found, where) if why == OF_ELSE else test(found, where, context)


#: Behind a value that another device has: of this one, too.
_TOO = re.compile(r"\s+(?:as well|too|likewise)\b(?! as)", re.IGNORECASE)


def _has_it_too(found: Finding, where: At) -> bool:
    """Whether a device is said to have what another one of the text has: "it has 12 GB as well"."""
    text = where.passage.text
    own = text.startswith(found.stated, where.at)
    told = _TOO.match(text, where.at + len(found.stated)) is not None
    return found.kind == "specification" and own and told and is_indicative(where.sentence.text)


def _spoken_of(passage: Passage, context: Context) -> list[Gpu]:
    """The devices that a passage may be about: that of its heading, else all that the text speaks of."""
    return headed_by(passage, context) or spoken_of(context)


def _capability(found: Finding, where: At, context: Context) -> bool:
    """Whether every device of the text has a capability, or none, as the accused one."""
    if _ELSE.search(where.passage.text[: where.at][-_BEFORE:]):
        return False
    has = _HAS.get(found.attribute)
    accused = [context.catalogue[key] for key in found.subject.split(", ") if key in context.catalogue]
    told = [match[0] for match in architectures().finditer(where.sentence.text)]
    of_others = bool(told) and not any(is_of(gpu, name) for gpu in accused for name in told)
    if has is None or not accused or of_others:
        # "Ada and Hopper are the first with FP8" is of them.
        return False
    of_all = {has(gpu) for gpu in (*_around(where, context), *accused)}
    return len(of_all) == 1 and of_all != {None}


#: A sentence that goes on about what the one before is about.
_GOES_ON = re.compile(
    r"\W*(?:(?:note|mind|remember)(?: that)?\s+|(?:and|but|so)\s+)?(?:it|they|these|this|its|their)\b",
    re.IGNORECASE,
)


def _around(where: At, context: Context) -> list[Gpu]:
    """The devices a sentence may be about: what its passage names before, where it goes on about that."""
    named = [each for each in context.mentions.get(where.number, ()) if each.start < where.at]
    one = len({model(each.named[0], context.catalogue) for each in named}) == 1
    if one and _GOES_ON.match(where.sentence.text):
        return [context.catalogue[key] for each in named for key in each.ids]
    return _spoken_of(where.passage, context)


def _identity(found: Finding, where: At, context: Context) -> bool:
    """Whether no device of the text is of a generation, or of an architecture."""
    gpus = _spoken_of(where.passage, context)
    if found.attribute == "architecture":
        if not _BASED_ON.search(where.passage.text, 0, where.at):
            return False
        return not any(is_of(gpu, found.stated) for gpu in gpus)
    told = next((n for word, n in _ORDINALS.items() if found.stated.lower().startswith(word)), None)
    if told is None or "generation" not in found.attribute:
        return False
    values = {gpu.value(found.attribute) for gpu in gpus}
    return told not in {int(value) for value in values if value is not None}


#: Before an architecture, words that tell it of what is spoken of.
_BASED_ON = re.compile(
    r"\b(?:(?:based|built) (?:up)?on(?: the)?|\bGPU of the|(?:is|as|being) an?)\s+(?:[\w\u2019']+\s+)?$",
    re.IGNORECASE,
)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6}
#: What a chip has, which no host and no limit has, and in which none of several differs by how it is used.
_OF_CHIP = (
    "memory_bus", "cores", "tensor_cores", "rt_cores", "sms", "l2", "l3", "transistors", "memory_type",
)  # fmt: skip


def _value(found: Finding, where: At, context: Context) -> bool:
    """Whether a value is not that of the device it can only be of: of two here, or of the heading above."""
    attribute = attributes().get(found.attribute)
    if attribute is None:
        return False
    return (
        _is_of_neither(attribute, where, context)
        or _is_of_no_chip(attribute, found, where, context)
        or _is_of_a_stranger(attribute, found, where, context)
    )


#: What a device has one of, whose numbers are told of nothing else.
_TELLING = frozenset({"bandwidth", "cores", "tensor_cores", "memory_bus"})
_IS_ANOTHERS = re.compile(r"; [\d.,]+\S*(?: \S+)? is the ")


def _is_of_a_stranger(attribute: Attribute, found: Finding, where: At, context: Context) -> bool:
    """Whether a value is one of a device that the text does not speak of, and of none that it does."""
    text, sentence = where.passage.text, where.sentence
    if attribute.key not in _TELLING or not _IS_ANOTHERS.search(found.because):
        return False
    if not is_indicative(sentence.text) or not is_its_own(
        text[slice(*stretch(text, where.at))].replace(found.stated, " ")
    ):
        return False
    told = next((one for one in quantities(text, context.fraction) if one.start == where.at), None)
    gpus = {gpu.id: gpu for gpu in (*spoken_of(context), *headed_by(where.passage, context))}
    gpus |= {key: context.catalogue[key] for key in context.spoken_of}
    return told is not None and not any(
        is_right(text, told, attribute, gpu, context) for gpu in gpus.values()
    )


def _is_of_neither(attribute: Attribute, where: At, context: Context) -> bool:
    """Whether of two values that a sentence tells of two devices one is right, and this one of neither."""
    sentence, text = where.sentence, where.passage.text
    here = within(context.mentions.get(where.number, ()), sentence.start, sentence.end)
    sides = {model(each.named[0], context.catalogue): each for each in here}
    told = [
        one
        for one in within(quantities(text, context.fraction), sentence.start, sentence.end)
        if one.dimension == attribute.dimension
    ]
    of_it = next((one for one in told if one.start == where.at), None)
    if of_it is None or not len(told) == len(sides) == _TWO or not is_indicative(sentence.text):
        return False
    other = next(one for one in told if one is not of_it)
    gpus = [[context.catalogue[key] for key in each.named] for each in sides.values()]
    right = [any(is_right(text, other, attribute, gpu, context) for gpu in side) for side in gpus]
    own = any(is_right(text, of_it, attribute, gpu, context) for side in gpus for gpu in side)
    return right.count(True) == 1 and not own


def _is_of_no_chip(attribute: Attribute, found: Finding, where: At, context: Context) -> bool:
    """Whether the device of the heading above has a value of a chip in nothing of its dimension."""
    passage, at = where.passage, where.at
    if found.attribute not in _OF_CHIP or _OF_HOST.search(passage.text):
        return False
    gpus = headed_by(passage, context)
    if found.attribute == "memory_type":
        word = found.stated.upper().split()[0]
        types = [str(gpu.value("memory_type") or word).upper() for gpu in gpus]
        return bool(types) and not any(each.startswith(word) for each in types)
    told = next((one for one in quantities(passage.text, context.fraction) if one.start == at), None)
    ways = [one for one in attributes().values() if one.dimension == attribute.dimension]
    if told is None or not gpus:
        return False
    return not any(is_right(passage.text, told, one, gpu, context) for one in ways for gpu in gpus)


_OF_HOST = re.compile(r"\b(?:sockets?|hosts?|CPUs?|Grace|LPDDR\w*|DDR\d|EPYC|Xeon|Ryzen)\b")


def _ratio(found: Finding, where: At, context: Context) -> bool:
    """Whether no two devices of the text have a ratio in what its words name."""
    passage, at, sentence = where.passage, where.at, where.sentence
    end = at + len(found.stated)
    told = [
        one for one in claims(passage.text, sentence, context.fraction) if one.start < end and at < one.end
    ]
    beside = {each.attribute.key for each in named(passage.text[max(sentence.start, at - 32) : end + 40])}
    if not told or found.attribute not in beside:
        return False
    ways = [way for one in told for way in one.ways]
    values = [*_between(found.attribute, _spoken_of(passage, context), context)]
    doubtful = _OWN_RATE.match(passage.text, end) or OF_SLICES.search(passage.text)
    if doubtful or found.stated.lower().endswith("ing") or not _names(where, context):
        return False
    return bool(ways and values) and all(verdict_of(way, values) == "contradicted" for way in ways)


#: What is set against the one other that there is.
_OF_THE_TWO = re.compile(r"\b(?:of|among|between) the (?:two|pair)\b|\bthan the other\b", re.IGNORECASE)


def _ordering(found: Finding, where: At, context: Context) -> bool:
    """Whether an order is told of the two of the title, one of which its sentence names."""
    both, sentence = sides_of(context), where.sentence
    here = within(context.mentions.get(where.number, ()), sentence.start, sentence.end)
    if both is None or len({each.named for each in here}) != 1 or not _OF_THE_TWO.search(sentence.text):
        return False
    sides = [set(side.split(", ")) for side in found.subject.split(" against ")]
    named_first = len(sides) == _TWO and bool(sides[0] & {*here[0].named})
    other = both.second if {*here[0].named} & {*both.first} else both.first
    return named_first and bool(sides[1] & {*other}) and is_indicative(sentence.text)


def _names(where: At, context: Context) -> bool:
    """Whether a sentence speaks of a device, by its name or by words for one of those told."""
    here, sentence = context.mentions.get(where.number, ()), where.sentence
    return any(sentence.start <= each.start < sentence.end for each in here) or bool(
        _CARDS.search(sentence.text)
    )


_CARDS = re.compile(
    r"\b(?:either|both|each|older|newer|the other|this) (?:card|gpu|board|part|one)s?\b", re.I
)


#: Before what a device is not said to have.
_ELSE = re.compile(
    r"\b(?:in place of|instead of|rather than|like|for|TensorRT\b[^.;]*) *$|\bno\s+(?:\w+\s+)?(?:and\s*)?$|"
    # "If a GPU lacks Tensor Cores": of no device of the text.
    r"\b(?:if|when|unless|where|whether)\s+(?:an?|any|your|some)\s+(?:[\w-]+\s+){1,3}$",
    re.IGNORECASE,
)
#: "Half as much in BF16": of its own rate in another format.
_OWN_RATE = re.compile(r"\s+(?:as|that)\s+(?:much|many|fast|rate)?\s*(?:in|with|for|at)\b", re.IGNORECASE)


def _between(key: str, gpus: Sequence[Gpu], context: Context, *, one: Gpu | None = None) -> Iterator[float]:
    attribute = attributes()[key]
    for field in attribute.fields:
        told = [(gpu, gpu.value(field)) for gpu in gpus]
        known = [(gpu, float(value)) for gpu, value in told if isinstance(value, int | float) and value]
        for gpu, value in known:
            for other, against in known:
                of_one = one is None or one in (gpu, other)
                if of_one and model(gpu.id, context.catalogue) != model(other.id, context.catalogue):
                    yield value / against


_TESTS: dict[str, Callable[[Finding, At, Context], bool]] = {
    "capability": _capability,
    "identity": _identity,
    "ordering": _ordering,
    "ratio": _ratio,
    "specification": _value,
}
