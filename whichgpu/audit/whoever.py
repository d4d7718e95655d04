"""Accusations that hold whoever of a text's devices is meant, though it is not certain which one is.

What a sentence says is held against one device, or two. Where its words leave open whether it is of them, the
accusation is withheld; it is raised again where what is said is so of none that the document speaks of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes, named
from whichgpu.audit.capabilities import CAPABILITIES
from whichgpu.audit.clauses.agreement import OF_OTHERS, UNPROVEN
from whichgpu.audit.families import is_of
from whichgpu.audit.known.said import claims
from whichgpu.audit.mentions import mentions, model
from whichgpu.audit.multiple import OF_SLICES, verdict_of
from whichgpu.audit.offers import usual
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences
from whichgpu.audit.settling import OF_SEVERAL
from whichgpu.audit.understood import UNSTATED
from whichgpu.audit.variants import is_right

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: Characters before what a device is said to have.
_BEFORE = 60
_HAS = {each.key: each.has for each in CAPABILITIES}
#: Why an accusation is withheld that leaves open only of whom it is.
_OPEN = (OF_OTHERS, UNPROVEN, OF_SEVERAL, UNSTATED)


def raised(found: Sequence[Finding], accused: Iterable[Finding], context: Context) -> list[Finding]:
    """Findings with those raised again that were withheld for want of a subject and are so of no device."""
    first = {(each.start, each.end, each.kind, each.attribute): each for each in accused}
    done = []
    for each in found:
        before = first.get((each.start, each.end, each.kind, each.attribute))
        again = before is not None and each.because in _OPEN and _is_of_none(before, context)
        done.append(before if again and before is not None else each)
    return done


def _is_of_none(found: Finding, context: Context) -> bool:
    test = _TESTS.get(found.kind)
    where = _where(found, context)
    return test is not None and where is not None and test(found, where, context)


def _where(found: Finding, context: Context) -> tuple[Passage, int] | None:
    """The passage of a finding in running text, and where in it its words begin."""
    for _, passage in context.document.running():
        if passage.text and passage.start <= found.start < passage.end:
            spans = (at for at in range(len(passage.text)) if passage.span(at, at + 1)[0] == found.start)
            at = next(spans, None)
            return None if at is None else (passage, at)
    return None


def _spoken_of(passage: Passage, context: Context) -> list[Gpu]:
    """The devices that a passage may be about: that of its heading, else all that the text speaks of.

    Each name is of those that it usually means.
    """
    if headed := _headed(passage, context):
        return headed
    if "usually spoken of" not in context.memo:
        every = (usual(each.ids) for found in context.mentions.values() for each in found if each.ids)
        context.memo["usually spoken of"] = sorted({key for ids in every for key in ids})
    return [context.catalogue[key] for key in context.memo["usually spoken of"]]


def _headed(passage: Passage, context: Context) -> list[Gpu]:
    """The device of the heading above a passage that names no other; none where there is none."""
    found = [each for line in passage.section[-1:] for each in mentions(line, context.catalogue)]
    own = context.mentions.get(context.place(passage), ())
    one = found and len({model(each.named[0], context.catalogue) for each in (*found, *own)}) == 1
    return [context.catalogue[key] for each in found for key in each.ids] if one else []


def _capability(found: Finding, where: tuple[Passage, int], context: Context) -> bool:
    """Whether every device of the text has a capability, or none, as the accused one."""
    if _ELSE.search(where[0].text[: where[1]][-_BEFORE:]):
        return False
    has = _HAS.get(found.attribute)
    accused = [context.catalogue[key] for key in found.subject.split(", ") if key in context.catalogue]
    if has is None or not accused:
        return False
    of_all = {has(gpu) for gpu in (*_spoken_of(where[0], context), *accused)}
    return len(of_all) == 1 and of_all != {None}


def _identity(found: Finding, where: tuple[Passage, int], context: Context) -> bool:
    """Whether no device of the text is of a generation, or of an architecture."""
    gpus = _spoken_of(where[0], context)
    if found.attribute == "architecture":
        if not _BASED_ON.search(where[0].text, 0, where[1]):
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


def _value(found: Finding, where: tuple[Passage, int], context: Context) -> bool:
    """Whether the device of the heading above has a value of a chip in nothing of its dimension."""
    passage, at = where
    attribute = attributes().get(found.attribute)
    if attribute is None or found.attribute not in _OF_CHIP or _OF_HOST.search(passage.text):
        return False
    gpus = _headed(passage, context)
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


def _ratio(found: Finding, where: tuple[Passage, int], context: Context) -> bool:
    """Whether no two devices of the text have a ratio in what its words name."""
    passage, at = where
    sentence = next(each for each in sentences(passage.text) if each.start <= at < each.end)
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
    if doubtful or found.stated.lower().endswith("ing") or not _names(passage, sentence, context):
        return False
    return bool(ways and values) and all(verdict_of(way, values) == "contradicted" for way in ways)


def _names(passage: Passage, sentence: Sentence, context: Context) -> bool:
    """Whether a sentence speaks of a device, by its name or by words for one of those told."""
    here = context.mentions.get(context.place(passage), ())
    return any(sentence.start <= each.start < sentence.end for each in here) or bool(
        _CARDS.search(sentence.text)
    )


_CARDS = re.compile(
    r"\b(?:either|both|each|older|newer|the other|this) (?:card|gpu|board|part|one)s?\b", re.I
)


#: Before what a device is not said to have.
_ELSE = re.compile(
    r"\b(?:in place of|instead of|rather than|like|for|TensorRT\b[^.;]*) *$|\bno\s+(?:\w+\s+)?(?:and\s*)?$",
    re.IGNORECASE,
)
#: "Half as much in BF16": of its own rate in another format.
_OWN_RATE = re.compile(r"\s+(?:as|that)\s+(?:much|many|fast|rate)?\s*(?:in|with|for|at)\b", re.IGNORECASE)


def _between(key: str, gpus: Sequence[Gpu], context: Context) -> Iterator[float]:
    attribute = attributes()[key]
    for field in attribute.fields:
        told = [(gpu, gpu.value(field)) for gpu in gpus]
        known = [(gpu, float(value)) for gpu, value in told if isinstance(value, int | float) and value]
        for gpu, value in known:
            for other, against in known:
                if model(gpu.id, context.catalogue) != model(other.id, context.catalogue):
                    yield value / against


_TESTS: dict[str, Callable[[Finding, tuple[Passage, int], Context], bool]] = {
    "capability": _capability,
    "identity": _identity,
    "ratio": _ratio,
    "specification": _value,
}
