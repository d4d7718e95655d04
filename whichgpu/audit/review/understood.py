"""Accusations of sentences that do not state their premise: who is spoken of, against whom, and in what.

A value without a name is a device's where its clause begins with what goes on about one ("It has", "Its bus",
"Power:"), or has no verb at all. A multiple of two is theirs where the sentence names both, or where the text
compares no others. What is asked, and what stands between quotation marks, is nobody's statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import devices
from whichgpu.audit.premised import lacks_premise
from whichgpu.audit.review.unfounded import SAME, Place, chunk, is_unfounded
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentence_at, within
from whichgpu.audit.values.attributes import attributes, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

UNSTATED = "the sentence does not state of whom, or in what, it is"

#: What parts a clause from the one before it.
_CLAUSE = re.compile(
    r"[:;(\u2013\u2014]\s?|,\s+(?:and|but|so|yet|while|whereas|although|though)\s|"
    r"\b(?:because|since|although|though|while|whereas|if|when|where|unless)\s",
    re.IGNORECASE,
)
#: What begins a clause that goes on about the device that was spoken of.
_GOES_ON = re.compile(
    r"[\W\d_]*(?:(?:And|But|So|Yet|Still|Also|Here|Then|Thus|Now|On paper|In (?:return|exchange|all)),?\s+)?"
    r"(?:it(?:[\u2019']s)?\b|its\b|they\b|you(?:[\u2019'](?:ll|re))?\s(?:will\s)?(?:need|get|getting)\b|"
    r"(?:each|this|all|both)\s(?:[\w-]+\s){0,2}(?:card|GPU|board|module|accelerator)s?\b|"
    r"there (?:is|are)\b|two can\b|"
    r"(?:two|three|four|each|all|both|none|neither|either|one) of (?:them|these|those|the)\b|"
    r"(?:Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada|Hopper|Blackwell|[CR]DNA)\b|"
    r"(?:this|the|that|these|those|each|either|both|neither|all|our|my|your) "
    r"(?:(?-i:[a-z]\w*|\d+ ?GB|of (?:the|these|those)) ){0,3}?"
    r"(?:cards?|gpus?|boards?|chips?|accelerators?|modules?|models?|versions?|parts?|processors?|variants?|"
    r"newcomer|flagship|ones?|two|three)\b(?! and\b))|"
    r"\s*(?-i:With|At|Despite|Thanks to)\s(?:[^.;]|\.\d)*,\s(?:it|they)\b|"
    # The same in German, French and Spanish.
    r"[\W\d_]*(?-i:Sie|Er|Ihre?[mnr]?|Sein(?:e[mnr]?)?|Dies(?:e[rs]?)|Die(?: [\w-]{2,20})? (?:\w+-)?Karte|"
    r"(?:Beide|Alle)(?: Varianten| Karten| Modelle| Versionen)?|"
    r"Elle|Il|Sa|Son|Ses|La carte|Cette carte|Su|Sus|La tarjeta)\s",
    re.IGNORECASE,
)
#: "Their profiles have": what is theirs is spoken of, and is no attribute of a device.
_THEIRS = re.compile(r"[\W\d_]*their\s+(?=[a-z])", re.IGNORECASE)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|do|does|did|will|would|can|could|says?|said|gets?|got|gives?|gave|"
    r"needs?|takes?|makes?|made|means|helps?|wins?|runs?|costs?|comes?|came|began|fits?|works?|worked|"
    r"leaves?|draws?|recommends?|asks?|tells?|wants?|sells?|advises?|"
    r"shows?|lets?|brings?)\b|[\u2019']s (?:an?|the|not|no)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: What a clause without a subject begins with: a number, a chip, how something was made.
_FRAGMENT = re.compile(
    r"[\W_]*(?:(?:and|but|so|also|only|just|with|at|now|then|the|an?|[Uu]p to|about|around|plus)\s+)*"
    r"(?:[$\u20ac~]?\d|[A-Z]{1,3}\d{2,3}\b|PCI(?:e|[ -]Express)\b|(?i:launched|released|built|based|made|"
    r"fitted|equipped|announced|introduced|"
    r"unveiled|presented|powered|connected|rated|manufactured|supports|has|offers|comes|draws|features|"
    r"boasting|featuring|packing|sporting|offering|carrying|armed)\b|"
    r"[^.;]{0,40}[.;]?\s*$)"
)
#: What none of several has is no claim that they have it; memory that is a processor's.
_FROM_ONE = re.compile(r"\bfrom\s+[$\u20ac]?\d[\d.,]*(?:\s?[A-Za-z/]+)?\s+to\s+$")
_HOSTS_TYPE = re.compile(r"(?:LP)?DDR\d")
_NONE = re.compile(r"\W*(?:None|Neither|No|Nothing)\b")
_PLUGS = re.compile(r"\b(?:cables?|plugs?|connectors?)\b", re.IGNORECASE)
_OF_HOST = re.compile(r"\b(?:CPUs?|hosts?|Grace|system (?:memory|RAM))\b")
#: A value that does something itself: "HBM2 on a wide bus is simply wider", "HBM2 helps".
_ACTS = re.compile(
    r"\s+(?:(?:on|at|with)\s+[^.;,]{3,30}?\s)?(?:is (?:simply )?\w+er\b|helps?\b|wins?\b|matters?\b|makes?\b|"
    r"does\b|lets?\b)",
    re.IGNORECASE,
)
#: What a size is kept for beside what was put there: "with 6 GB for everything else".
KEPT_FOR = re.compile(
    r"\s+for\s+(?:(?:the|its|your|our|all|any)\s+)?(?:everything|rest|others?|cache|kv|context|activations|"
    r"anything|buffers?|overhead|longer)\b",
    re.IGNORECASE,
)
#: "Divide the launch price by the images and you get $62".
_WORKED = re.compile(r"\b(?:divid\w+|multipl\w+|you (?:get|arrive)|works? out|per (?!card\b|gpu\b))\b", re.I)
_OF_SPECIFICATIONS = ("specification", "identity")
#: Ratios that are of no attribute alone: images per joule, what several have together.
_PER = re.compile(
    r"\bper (?!cent\b|second\b|clock\b|hour\b|gpu\b|card\b|board\b|module\b|accelerator\b)[a-z]+",
    re.IGNORECASE,
)
_TOGETHER = re.compile(
    r"\b(?:together|combined|in total|taken as one|systems)\b|"
    r"\b(?:give|gives|giving|gave) up\b",
    re.IGNORECASE,
)
#: What says that of several one is spoken of.
_EACH_ONE = re.compile(r"\b(?:each|apiece|a single|per (?:card|gpu))\b", re.IGNORECASE)
#: "Twice the memory of the one and the bandwidth of the other": against whom is told by no name.
_OF_ONE_AND_OTHER = re.compile(
    r"[^.;:]{0,60}\bof the (?:one|other|first|second|former|latter)\b", re.IGNORECASE
)
_THAN_BOTH = re.compile(
    r"[^.;,]{0,30}\b(?:than|as|of)\s+(?:both|all|the (?:pair|two|three|four|others?|rest))\b", re.IGNORECASE
)
#: "Lower on the L4": whose the lesser value is stands behind it.
_LESS_ON = re.compile(
    r"\s*(?:less|lower|smaller|narrower|fewer|more|higher)?\s+(?:on|in|with|for) the\b", re.I
)


def _clause(place: Place) -> str:
    """The clause of a place, as far as its own end."""
    text, sentence, at = place.text, place.sentence, place.at
    starts = (
        each.end()
        for each in _CLAUSE.finditer(text, sentence.start, at)
        if not (each[0][0] == "(" and ")" in text[each.end() : at])
    )
    start = max(starts, default=sentence.start)
    end = next((each.start() for each in _CLAUSE.finditer(text, at, sentence.end)), sentence.end)
    return text[start:end]


def is_unstated(found: Finding, where: tuple[int, Passage, int], context: Context) -> bool:
    """Whether an accusation takes for granted what its sentence does not say."""
    index, passage, at = where
    sentence = sentence_at(passage.text, at)
    if sentence is None or passage.kind == "cell":
        # Whose a cell is, and in what, is told by the headers of its table.
        return False
    place = Place(passage.text, sentence, at, at + len(found.quote), context.mentions.get(index, ()))
    if _is_quoted(sentence, at) or lacks_premise(found, place, context):
        return True
    sides = [frozenset(each.split(", ")) for each in found.subject.split(" against ")]
    if found.kind in _OF_SPECIFICATIONS and sides[0] <= context.catalogue.keys():
        own = _is_named(found, place, sides[0])
        return is_of_else(found, place, context) or _is_unstated_value(found, place, own=own)
    if found.kind in ("capability", "memory") and sides[0] <= context.catalogue.keys():
        of_use = found.kind == "capability" and is_of_use(sentence, at)
        return not place.names(sides[0]) and (of_use or _is_of_unnamed(place, context))
    if found.kind == "memory" or found.attribute == "told before" or found.kind == "arithmetic":
        return _is_of_other_part(place) if found.kind == "memory" else is_unfounded(found, place, context)
    pair = found.kind in ("ratio", "ordering") and len(sides) == len(("first", "second"))
    return pair and _is_unstated_pair(found, place, sides, context)


#: What a sentence begins with that tells what is done, and not what does it: "For training in FP8, (2)".
_FOR_USE = re.compile(r"\W*(?:For|When|While|If|In case)\s[^.;,:]*$")


def is_of_use(sentence: Sentence, at: int) -> bool:
    """Whether a place is in what a sentence begins with on a use, and a comma parts from the rest."""
    before, behind = sentence.text[: at - sentence.start], sentence.text[at - sentence.start :]
    return _FOR_USE.match(before) is not None and "," in behind


def _is_named(found: Finding, place: Place, ids: frozenset[str]) -> bool:
    """Whether a sentence names a device, or goes on about several that the one before names."""
    here = place.here
    inside = any(place.at <= one.start < place.end for one in here)
    if place.names(ids) or inside or (found.kind == "identity" and here):
        return True
    if not _QUANTIFIED.search(place.text[place.sentence.start : place.at]):
        return False
    before = place.earlier(1)
    return any(
        {*each.ids, *each.named} & ids
        for one in before
        for each in within(place.mentions, one.start, one.end)
    )


#: "The 5090's PCIe 5.0 helps", "don't: 4060 Ti at 470".
_OTHER_PART = re.compile(
    r"[^.;]{0,24}[\u2019']s\s+(?:PCIe|slot|link|cooler|fan|price|NVLink|driver)\b", re.IGNORECASE
)
_DENIED = re.compile(r"n[\u2019']t\s?:\s{0,2}$")


def _is_of_other_part(place: Place) -> bool:
    """Whether a device is not named for its room, or not at all as what holds anything."""
    part = _OTHER_PART.match(place.text, place.at)
    return part is not None or _DENIED.search(place.text, 0, place.at) is not None


#: "On the Framework it worked", "the single card leaves 25 GB": on what no name says.
_ON_SOME = re.compile(
    r"[\W\d_]*(?:On|With|For|In) (?:the|an?|our|my|this|that) (?!(?:card|GPU|other)s?\b)(?-i:[A-Z])\w+"
)
_SOME = re.compile(
    r"\bthe (?:single|one|lone|other|bigger|larger|smaller|old|older|new|newer) (?:card|GPU|board|one)\b"
)


def _is_of_unnamed(place: Place, context: Context) -> bool:
    """Whether a sentence without a name the catalogue knows has one of its own, or means one of several."""
    several = len(devices(context)) > 1
    text = place.sentence.text
    return _ON_SOME.match(text) is not None or (several and _SOME.search(text) is not None)


#: What is said of several that the sentence before names.
_QUANTIFIED = re.compile(
    r"(?:^|[,;:]\s|\.\s)\s*(?:Both|All|Each|Neither|None|Their|The two)\b", re.IGNORECASE
)


def _is_quoted(sentence: Sentence, at: int) -> bool:
    """Whether something stands between the marks of a quotation."""
    before, whole = sentence.text[: at - sentence.start], sentence.text
    opened = before.count("\u201c") > before.count("\u201d") or before.count('"') % 2 == 1
    return opened and len(whole[at - sentence.start :].split()) > 1


def _is_unstated_value(found: Finding, place: Place, *, own: bool) -> bool:
    """Whether a value is of a device that its sentence neither names nor goes on about."""
    text, sentence, at = place.text, place.sentence, place.at
    clause = _clause(place)
    theirs = _THEIRS.match(clause)
    identity = found.kind == "identity" and (_BOTH_ARE.match(clause) or _IT.search(sentence.text))
    since = _GOES_ON.match(sentence.text) and not _SINCE.search(text, sentence.start, at)
    if own or "capability" in found.attribute or found.attribute in _OF_ITSELF or since or identity:
        return False
    if _FROM_ONE.search(text, sentence.start, at):
        return True
    if theirs and not _begins_with_attribute(clause[theirs.end() :], _NEAR):
        return True
    goes_on = _GOES_ON.match(clause) or _begins_with_attribute(clause) or _IT.search(text, sentence.start, at)
    return not goes_on and (_VERB.search(clause) is not None or not _FRAGMENT.match(clause))


#: What is of an instance type by its name, and parts of a package, whose claim asks itself whose they are.
_OF_ITSELF = ("instance", "package")


def is_of_else(found: Finding, place: Place, context: Context) -> bool:
    """Whether the words around a value say that it is of something else than the device's attribute."""
    text, said, end = place.text, place.sentence.text, place.end
    if found.attribute == "memory":
        return KEPT_FOR.match(text, end) is not None
    if found.attribute == "memory_type":
        host = _HOSTS_TYPE.match(found.quote) and _OF_HOST.search(said)
        return bool(_ACTS.match(text, end) or host)
    if _PLUGS.search(found.quote):
        return _NONE.match(said) is not None
    if "price" in found.attribute:
        return _WORKED.search(said) is not None
    return _is_in_another_precision(found, place, context)


_PRECISION = re.compile(r"\b(?:FP|BF|TF|INT)\d{1,2}\b|\b(?:single|double|half|tensor)\b", re.IGNORECASE)
_RATES_OF = ("fp64", "fp64_tensor", "fp32", "tf32", "fp16", "bf16", "fp8", "fp4", "int8")
_BESIDE = 16


def _is_in_another_precision(found: Finding, place: Place, context: Context) -> bool:
    """Whether a rate is the device's in another precision, and only what follows it names one."""
    text, end = place.text, place.end
    if found.attribute not in _RATES_OF or _PRECISION.search(text, place.sentence.start, place.at):
        return False
    beside = _PRECISION.search(text, end, min(len(text), end + _BESIDE))
    if beside or not _PRECISION.search(text, end, place.sentence.end):
        return False
    told = next(iter(quantities(found.stated, context.fraction)), None)
    gpus = [context.catalogue[key] for key in found.subject.split(", ") if key in context.catalogue]
    known = (gpu.value(key) for gpu in gpus for key in _RATES_OF)
    return told is not None and any(
        isinstance(value, int | float) and value and abs(told.value / value - 1) < SAME for value in known
    )


def _begins_with_attribute(clause: str, most: int = 5) -> bool:
    """Whether a clause begins with an attribute: "Memory bandwidth is 694 GB/s"."""
    words = clause.lstrip(" *_-\u2022#>")
    return any(each.start < most for each in named(words)) or _ALSO.match(words) is not None


#: What gives the reason of what goes on, of whatever it is.
_SINCE = re.compile(r"\b(?:because|since|as|while|whereas)\b", re.IGNORECASE)
_BOTH_ARE = re.compile(r"[\W\d_]*(?:both|all|all three)\s(?:are|is|use|share|sit)\b", re.IGNORECASE)
#: What goes on about the device somewhere before a value: "at 72 W it needs one plug".
_IT = re.compile(
    r"\bit (?:\w+ly )?(?:ha[sd]|needs|offers|comes|came|carries|uses|draws|takes|gets|"
    r"packs|brings|is|was|costs?|launched)\b|\b(?:NVIDIA|AMD|Intel) (?:then |first )?\w+(?:ed|wn|s) it\b|"
    r"\b(?:gives?|rates?|lists?|puts?) it\b",
    re.I,
)
_NEAR = 24
_ALSO = re.compile(r"(?:power|memory|vram|compute|bandwidth|process|architecture|chip|bus)\b", re.IGNORECASE)


def _is_unstated_pair(
    found: Finding, place: Place, sides: Sequence[frozenset[str]], context: Context
) -> bool:
    """Whether a comparison may be of others than the two that it is held against, or in something else."""
    clause, both = _clause(place), [place.names(side) for side in sides]
    many = any(counted(place.text, place.sentence.start, each.start) > 1 for each in place.here)
    if (
        many and found.kind == "ratio" and not _EACH_ONE.search(place.sentence.text)
    ) or _OF_ONE_AND_OTHER.match(place.text, place.end):
        return True
    if _PER.search(clause) or _TOGETHER.search(clause) or _THAN_BOTH.match(place.text, place.end):
        return True
    if (
        not all(both)
        and not _are_named_around(place, sides)
        and (
            len(place.here) > 1
            or (found.kind == "ratio" and _LESS_ON.match(place.text, place.end))
            or (len(devices(context)) != _TWO and not _goes_on(place, clause, other=both[1]))
        )
    ):
        return True
    of = {each.attribute.key for each in named(place.sentence.text)} or _told_dimensions(place, context)
    if found.kind != "ratio" or found.attribute not in attributes() or len(of) == 1:
        return False
    beside = chunk(place)
    return not named(beside) and not _PLAIN.search(beside)


def _are_named_around(place: Place, sides: Sequence[frozenset[str]]) -> bool:
    """Whether a sentence and the one before it name the two of a comparison, and no others."""
    named_ = within(place.mentions, place.since(1), place.sentence.end)
    of = [
        next((at for at, side in enumerate(sides) if side & {*each.ids, *each.named}), -1) for each in named_
    ]
    return {*of} == {0, 1} and len(place.here) == 1


def _told_dimensions(place: Place, context: Context) -> set[str]:
    """What the values of a sentence are of by their units, where no attribute is named."""
    told = {each.dimension for each in quantities(place.sentence.text, context.fraction)}
    return told - {"number", "times", "percent"}


def _goes_on(place: Place, clause: str, *, other: bool) -> bool:
    """Whether a sentence goes on about the first of two, or is set against the other by its name alone."""
    text, sentence = place.text, place.sentence
    alone = other and len(place.here) == 1 and _THAN.match(text, place.end, sentence.end)
    return bool(
        alone
        or _GOES_ON.match(clause)
        or _GOES_ON.match(sentence.text)
        or _ANY_IT.search(text, sentence.start, place.at)
    )


_TWO, _ANY_IT = 2, re.compile(r"\bit\b|\byou (?:lose|gain)\b|\bThe \d[\d,.]*\s?[A-Z]")
#: "2.2 times the capacity of the H100": of the one that was spoken of.
_THAN = re.compile(
    r"[^.;:,]{0,40}?\b(?:than|of|as)\s+(?:(?:the|an?|that|those|of|nvidia[\u2019']s)\s+)*[A-Z\d]"
)
_PLAIN = re.compile(
    r"\b(?:capacity|th(?:at|ose) of|draw\w*|pric\w+|expensive|costs?|dear\w*|cheap\w*|"
    r"fast|wide|large|big|much|many|memory|power|vram|cores|speed|[GT]B(?:/s)?|W|TFLOPS)\b",
    re.IGNORECASE,
)
