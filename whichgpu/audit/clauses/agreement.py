"""Accusations of prose that the reading by clauses bears out.

A value is held against the device that its own clause is about. A result that is worked out from what the
text tells is held against the sentence itself and the one before it, which must account for all it takes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from math import log10
from operator import attrgetter
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.clauses.parts import owner, stretch
from whichgpu.audit.clauses.premises import is_accounted_for, is_made_of_two
from whichgpu.audit.clauses.values import FAR, shares
from whichgpu.audit.comparisons.pairs import devices
from whichgpu.audit.devices.headed import is_line_of
from whichgpu.audit.devices.mentions import mentions, model
from whichgpu.audit.findings import withheld
from whichgpu.audit.statements.things import clause_at, subject, things
from whichgpu.audit.tables.variants import is_right
from whichgpu.audit.text.gloss import language_read
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes, named
from whichgpu.audit.values.instead import WITH_SPARSITY
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute

#: Kinds of claims that hold a value against one device.
_OF_ONE = frozenset({"capability", "compute_capability", "identity", "memory_type", "specification"})
#: A kind that finds what is right, and on articles that it was not made on accused without being right once.
_CONFIRM = frozenset({"relative"})
#: What is said of several.
_OF_SEVERAL = frozenset({"group"})
UNPROVEN = "claims of this kind in running text are confirmed, and not accused"
#: What is said of one device as well.
_OF_ANOTHER_TOO = frozenset({"likewise"})
#: Kinds that look for what an amount, or who leads, was worked out from, wherever the text tells it.
_WORKED_OUT = frozenset({"bills", "compared", "concluded"})
#: Kinds that hold what is said of memory and of laws against what the text, or everyone, knows.
_OF_ROOM = frozenset({"category", "holding"})
#: So many devices, each of which has the room.
_SO_MANY = re.compile(r"\b(?:two|three|four|six|both|together)\b", re.IGNORECASE)
_FOLLOWS = re.compile(r",\s+(?:so|which|and so)\s", re.IGNORECASE)
#: A plan in words that is told as a fact.
_WILL = re.compile(
    r"\bwill (?=(?:also |still |just |easily |comfortably )?"
    r"(?:do|hold|run|take|load|fit|handle|be (?:enough|plenty|sufficient))\b)",
    re.IGNORECASE,
)
#: A rule for whatever needs so much is as good as a statement: "if a model needs 30 GB, it will do".
_OF_WHATEVER = re.compile(
    r"\bif (?=(?:an?|the|your) (?:model|job|network|file|checkpoint) (?:needs?|takes?|requires?|has)\b)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;:]\s|,\s+(?:and|so|but)\s")
#: What will be is so, and what is so for whoever uses a thing.
_UNCONDITIONAL = re.compile(
    r"\bwill (?!be able\b|have to\b|want\b)|\bif (?=(?:you|we|one) (?:use|install|take|choose|pick|run|"
    r"work with)\b)",
    re.IGNORECASE,
)
#: A description that tells a size is as good as a name.
_A_SIZE = re.compile(r"\d ?GB\b", re.IGNORECASE)
#: Kinds that set two devices against each other by the catalogue.
_OF_TWO = frozenset({"ratio"})
_TWO = 2
#: Kinds that compare two things, one of which their clause is about.
_COMPARED = frozenset({"compared", "concluded", "ordering", "ratio", "shown"})
#: What is told of memory that is none of what a card has.
_IS_LEFT = re.compile(
    r"\b(?:left|remain(?:s|ed|ing)?|peaked|percent of the memory|to spare)\b", re.IGNORECASE
)
#: What a card draws that has nothing to do.
_RESTS = re.compile(r"\b(?:idl(?:e|es|ing)|stand-?by|at rest|doing nothing)\b", re.IGNORECASE)
#: Before what a device is not, or what others call it.
_SET_BESIDE = re.compile(
    r"\b(?:behind|ahead of|in place of|instead of|rather than|beside that|"
    r"beside) (?:the )?(?:[A-Z]\w+[\u2019']s )?$"
)
_SOLD_AS = re.compile(r"\b(?:sold|advertised|marketed) as [\"\u201c]$", re.IGNORECASE)
#: What begins a clause that what follows is said of, and what is no plain amount.
_WITH = re.compile(r"\s*(?:With|Offering|Featuring|Having)\b")
_THAT_FIGURE = re.compile(r"\s*(?:That|This) (?:last )?(?:figure|number|value)\b|[^.;]*\bthus\b")
_EVEN_IF = re.compile(r"\beven if\b", re.IGNORECASE)
_LINKS = re.compile(r"\b(?:links?|nvlink|bridges?|interconnect|mesh|fabric)\b", re.IGNORECASE)
_MEMORY = re.compile(r"\b(?:memory|vram|hbm\w*|gddr\w*)\b", re.IGNORECASE)
_SPARSE = re.compile(r"\bspars\w+|\bzero(?:s|ed|es)?\b|\b2:4\b", re.IGNORECASE)
#: Behind a value, the model that has it: "a 4.5 GB Llama 8B".
_OF_A_MODEL = re.compile(
    r"\s(?:\w+\s)?(?:Llama|Qwen|Mistral|Mixtral|Gemma|Phi|DeepSeek|model|file|checkpoint|GGUF)\b"
)
#: Behind a claim, its denial: "run it, yes; compute in FP8, no".
_IT_IS_NOT = re.compile(
    r"\s*,\s+(?:(?:obviously|of course|sadly|alas|unfortunately|naturally|certainly|clearly),?\s+)?"
    r"no(?:t|pe)?\b",
    re.IGNORECASE,
)
#: So near a power of ten a value is in another unit.
_A_DIGIT = 0.02
#: A line of a table that is meant by its place in it.
_OF_A_ROW = re.compile(
    r"\b(?:first|second|third|last|top|bottom|middle)\s(?:row|line|entry|column)\b", re.IGNORECASE
)
#: What is compared with several.
_OF_ANY = re.compile(
    r"\b(?:(?:either|any|both)\sof|(?:either|any|these|those|both)\s(?:card|gpu|one|device|model))",
    re.IGNORECASE,
)
_THAT_ONE = re.compile(r"\b(?:it|its|(?:that|this) one)\b", re.IGNORECASE)
#: Between devices of which one thing is said, and before the first of them.
_AND = re.compile(r"\s*(?:,|,?\s+and)\s+(?:the\s+)?", re.IGNORECASE)
_OPENS = re.compile(r"\W*(?:(?:and|but|both)\s+)?(?:the\s+)?", re.IGNORECASE)
OF_OTHERS = "its clause is not certainly about that device"
_TAKEN_BACK = "it is asked, denied right behind, or of what is named there"
OF_ELSE = "it is the device's in something else, or another's that the text speaks of"
_NOT_TOLD = "the sentences around it do not account for all that it takes"


class At(NamedTuple):
    """Where an accusation stands: the passage, its place among the document's, and the place in its text."""

    number: int
    passage: Passage
    at: int

    @property
    def sentence(self) -> Sentence:
        """The sentence of the place."""
        every = sentences(self.passage.text)
        return every[bisect_right(every, self.at, key=attrgetter("start")) - 1]


def agreed(kind: str, found: Iterable[Finding], context: Context) -> list[Finding]:
    """The findings of a kind as they are, or unverifiable where the clause does not bear them out."""
    if (kind not in _TESTS and kind not in _COMPARED) or language_read(context):
        return list(found)
    return list(_agreed(kind, list(found), context))


def _running(context: Context) -> Sequence[tuple[int, int]]:
    """Where the passages of running text begin, and their places among the document's, once for all kinds."""
    if "running" not in context.memo:
        context.memo["running"] = sorted(
            (each.span(0, 1)[0], index) for index, each in context.document.running() if each.text
        )
    known: Sequence[tuple[int, int]] = context.memo["running"]
    return known


def _agreed(kind: str, found: Sequence[Finding], context: Context) -> Iterator[Finding]:
    for each in found:
        place = place_of(each, context) if each.accuses else None
        if place is None:
            yield each
            continue
        why = _TESTS[kind](kind, each, place, context) if kind in _TESTS else ""
        stated = not each.subject and (
            kind == "ratio"
            or (each.attribute == "stated values" and not _THAT_FIGURE.match(place.sentence.text))
        )
        if not why and kind in _COMPARED and not stated and not _is_borne_out(each, place, found):
            why = "" if _is_of_subject(each, place, context) else OF_OTHERS
        yield withheld(each, why) if why else each


def _is_borne_out(accused: Finding, place: At, found: Sequence[Finding]) -> bool:
    """Whether another comparison of the same two, or of its subject in the same, holds in the sentence.

    "76 % more of this, 60 of that", "a third more than the A and 20 % more than the B".
    """
    start, end = place.passage.span(place.sentence.start, place.sentence.end)
    own = accused.subject.partition(" against ")
    return bool(own[1]) and any(
        each.verdict == "confirmed"
        and start <= each.start < end
        and (
            each.subject == accused.subject
            or (each.subject.partition(" against ")[0], each.attribute) == (own[0], accused.attribute)
        )
        for each in found
    )


def _unproven(kind: str, found: Finding, place: At, context: Context) -> str:
    return UNPROVEN


#: Both of two, who begin a clause.
_BOTH = re.compile(
    r"\b(?:both|neither)(?:\s+(?:cards?|gpus?|boards?|chips?|parts?|models?|accelerators?|of them|"
    r"of the two))?\s",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"(?:[\s\S]*[.:;,]\s+)?\W*(?:(?:and|but|so|unfortunately|sadly|luckily|yes),?\s+)*", re.IGNORECASE
)


def _of_both(kind: str, found: Finding, place: At, context: Context) -> str:
    """Why what is said of several is not certain: they are not the two that the text compares."""
    sentence = place.sentence
    text = place.passage.text
    said = [
        each
        for each in _BOTH.finditer(text, sentence.start, place.at)
        if _BEGINS.fullmatch(text, sentence.start, each.start())
    ]
    compared = devices(context)
    named = {
        model(each.named[0], context.catalogue)
        for each in within(context.mentions.get(place.number, ()), 0, place.at)
    }
    own = {model(ids[0], context.catalogue) for ids in compared}
    certain = said and len(own) == _TWO and named <= own and len(named) in (0, _TWO)
    return "" if certain else UNPROVEN


def _alike(kind: str, found: Finding, place: At, context: Context) -> str:
    """What is said of one device too is a capability: whose value a sentence goes on about is not certain."""
    return OF_ELSE if found.attribute in attributes() and found.kind != "capability" else ""


def _against_two(kind: str, found: Finding, place: At, context: Context) -> str:
    """Why two devices are not set against each other: the sentence names neither, or so many of one."""
    sides = [set(side.split(", ")) for side in found.subject.split(" against ")]
    if len(sides) != len(("first", "second")) or found.attribute not in attributes():
        return ""
    sentence = place.sentence
    here = within(context.mentions.get(place.number, ()), sentence.start, sentence.end)
    named = [each for each in here if any(True for _ in mentions(each.text, context.catalogue))]
    told = [any(side & {*each.named} for each in named) for side in sides]
    return OF_OTHERS if not any(told) or not is_indicative(sentence.text) else ""


def place_of(found: Finding, context: Context) -> At | None:
    """Where a finding stands in running text; None in tables."""
    running = _running(context)
    before = bisect_right(running, (found.start, len(context.document.passages))) - 1
    if before < 0:
        return None
    index = running[before][1]
    passage = context.document.passages[index]
    if found.start >= passage.span(0, len(passage.text))[1]:
        return None
    text = range(len(passage.text))
    return At(index, passage, bisect_left(text, found.start, key=passage.place))


#: Attributes of what is held against amounts that the text itself tells.
_TOLD = ("told before", "stated values")


def _unaccounted(kind: str, found: Finding, place: At, context: Context) -> str:
    mentioned = context.mentions.get(place.number, ())
    if kind == "compared" and (_is_against_any(place, mentioned) or _OF_A_ROW.search(place.sentence.text)):
        return OF_OTHERS
    if kind == "bills" and (
        _EVEN_IF.search(place.sentence.text) or is_made_of_two(found, place.passage, place.at)
    ):
        return _NOT_TOLD
    if is_accounted_for(found, place.passage, place.at, mentioned, money=kind == "bills"):
        return ""
    if kind == "compared" and found.attribute not in _TOLD:
        return ""
    # A ratio of two values on file needs no more of the text than their names.
    on_file = found.kind in ("ratio", "ordering") and found.attribute in attributes()
    return "" if on_file else _NOT_TOLD


def _is_against_any(place: At, mentioned: Sequence[Mention]) -> bool:
    """Whether what is compared is against no device that its sentence names, or against any of several."""
    sentence = place.sentence
    named = within(mentioned, sentence.start, sentence.end)
    told = named or _THAT_ONE.search(sentence.text)
    return not told or _OF_ANY.search(sentence.text) is not None


def _not_plain(kind: str, found: Finding, place: At, context: Context) -> str:
    text = place.sentence.text
    if kind == "holding":
        # What follows from it is told in a clause of its own: ", so it no longer has to be split".
        ends = _FOLLOWS.search(text, place.at - place.sentence.start + len(found.quote))
        text = _OF_WHATEVER.sub(" ", _WILL.sub(" ", text[: ends.start()] if ends else text))
    if kind == "category":
        # What never happens will not happen either; a condition is of its own clause.
        at = place.at - place.sentence.start
        begins = max((each.end() for each in _CLAUSE.finditer(text, 0, at)), default=0)
        ends = _CLAUSE.search(text, at + len(found.quote))
        text = _UNCONDITIONAL.sub(" ", text[begins : ends.start() if ends else len(text)])
    # The number of the devices that were counted is accounted for.
    counted = " x " in found.because
    several = len(_SO_MANY.findall(text)) > (counted and found.expected == "no")
    sure = kind != "holding" or (is_asserted(text) and not (several or _RESTS.search(text)))
    return "" if sure and is_indicative(text) else _NOT_TOLD


def _against_one(kind: str, found: Finding, place: At, context: Context) -> str:
    """Why a value is not held against a device; empty where it is."""
    accused = {key for side in found.subject.split(" against ") for key in side.split(", ")}
    if not accused <= context.catalogue.keys():
        return ""
    if _is_taken_back(found, place, context):
        return _TAKEN_BACK
    if _is_of_something_else(found, place) or _is_of_result(place):
        return OF_ELSE
    if found.kind == "capability" and _is_of_all_named(accused, place, context):
        return ""
    behind = right_behind(found, place, context)
    one = behind or owner(place.number, place.passage, place.at, context)
    if one is None or (behind is None and _is_open(place, context)) or not accused & {*one.named, *one.ids}:
        return OF_OTHERS
    return OF_ELSE if _is_of_another(found, place, one, accused, context) else ""


def right_behind(found: Finding, place: At, context: Context) -> Mention | None:
    """The device that is said to be based on an architecture by its adjective: "the Turing-based P100"."""
    behind = _BASED.match(place.passage.text, place.at + len(found.quote))
    named = context.mentions.get(place.number, ())
    based = found.attribute == "architecture" and behind is not None
    return next((each for each in named if based and behind and each.start == behind.end()), None)


_BASED = re.compile(r"[- ]based\s(?:nvidia\s|amd\s|tesla\s|geforce\s)?", re.IGNORECASE)
#: What "it" is behind a semicolon where the clause before tells a result: "the speed-up is 2.46; with FP8".
_RESULT = re.compile(
    r"\W*(?:the|this|that|its|our|a)\s(?:[\w-]+\s)?(?:speed-?up|ratio|factor|gap|lead|difference|advantage|"
    r"gain|throughput|result|figure|number|latency|bill|cost)\b",
    re.IGNORECASE,
)
_GOES = re.compile(
    r"\bit\s(?:grows|rises|becomes|is|was|falls|drops|goes|climbs|shrinks|reaches)\b", re.IGNORECASE
)


def _is_of_result(place: At) -> bool:
    """Whether a clause goes on about a result that the one before a semicolon tells."""
    every = sentences(place.passage.text)
    before = next((each for each in every if each.end == place.sentence.start), None)
    return (
        before is not None
        and before.text.rstrip().endswith(";")
        and _RESULT.match(before.text) is not None
        and _GOES.search(place.sentence.text) is not None
    )


def _is_of_all_named(accused: set[str], place: At, context: Context) -> bool:
    """Whether a clause begins with several devices joined by "and", of which this is one."""
    text = place.passage.text
    several = within(context.mentions.get(place.number, ()), place.sentence.start, place.at)
    gaps = [text[a.end : b.start] for a, b in pairwise(several)]
    joined = len(several) > 1 and all(_AND.fullmatch(gap) for gap in gaps)
    opens = joined and _OPENS.fullmatch(text, place.sentence.start, several[0].start) is not None
    return opens and any(accused & {*each.named} for each in several)


def _is_taken_back(found: Finding, place: At, context: Context) -> bool:
    """Whether a claim is what a heading asks, is denied right behind it, or is of a model named there."""
    asked = place.passage.kind == "heading" and "?" in place.passage.text
    original = context.document.original
    behind = _IT_IS_NOT.match(original, found.end) or _OF_A_MODEL.match(original, found.end)
    return asked or behind is not None


def _is_of_something_else(found: Finding, place: At) -> bool:
    """Whether a bandwidth is a link's, a price that of several, memory what is left of it or was used."""
    text = place.passage.text
    if found.attribute == "bandwidth":
        return _is_of_link(place)
    if found.attribute == "power" and _RESTS.search(place.sentence.text):
        return True
    if found.attribute == "memory" and _IS_LEFT.search(_with_the_one_before(place)):
        return True
    if _SET_BESIDE.search(text, max(0, place.at - 40), place.at) or _SOLD_AS.search(text, 0, place.at):
        return True
    start, _ = stretch(place.passage.text, place.at)
    return found.attribute == "launch_price" and bool(_SO_MANY.search(place.passage.text, start, place.at))


def _with_the_one_before(place: At) -> str:
    """The sentence of a place, with the one before it."""
    whole = sentences(place.passage.text)
    at = next(i for i, each in enumerate(whole) if each.start <= place.at < each.end)
    return " ".join(each.text for each in whole[max(0, at - 1) : at + 1])


def _is_open(place: At, context: Context) -> bool:
    """Whether a description that may mean any of several devices stands before a place in its sentence."""
    sentence = place.sentence
    unsettled = context.memo.get("open", {}).get(place.number, ())
    return any(sentence.start <= start < place.at for start, _ in unsettled)


def _is_of_link(place: At) -> bool:
    """Whether the sentence of a rate speaks of links before it, and of no memory."""
    sentence = place.sentence
    before = sentence.text[: place.at - sentence.start]
    return _LINKS.search(before) is not None and _MEMORY.search(sentence.text) is None


def _besides(place: At, accused: set[str], context: Context) -> set[str]:
    """The other devices that the sentence of a place names."""
    sentence = place.sentence
    here = within(context.mentions.get(place.number, ()), sentence.start, sentence.end)
    first, last = stretch(place.passage.text, place.at)
    if any(accused & {*each.named} for each in here if first <= each.start < last):
        return set()
    return {key for each in here if not accused & {*each.named} for key in each.named}


def _is_told_sparse(place: At) -> bool:
    """Whether the text around a rate that skips zeros says so, and its own sentence not that it is dense."""
    whole = sentences(place.passage.text)
    at = next(i for i, each in enumerate(whole) if each.start <= place.at < each.end)
    around = " ".join(each.text for each in whole[max(0, at - 1) : at + 3])
    return _SPARSE.search(around) is not None and "dense" not in whole[at].text.lower()


def _is_far(told: Quantity, attribute: Attribute, accused: set[str], context: Context) -> bool:
    """Whether a value is so far from what is on file that it is no other variant's, and of something else."""
    if told.dimension != attribute.dimension:
        return False
    found = shares(told, attribute, [context.catalogue[key] for key in accused])
    digits = [abs(log10(each) - round(log10(each))) for each in found if each > 0]
    # A thousand times too much is another unit.
    return bool(digits) and all(not 1 / FAR < each < FAR for each in found) and min(digits) > _A_DIGIT


#: What makes a rate one of other units than those of its format.
_MATRIX = re.compile(
    r"(?<!without )(?<!without the )\b(?:tensor|matrix|spars\w+|effective\w*|"
    r"equivalent)\b",
    re.I,
)


def _is_of_named_format(
    clause: str, attribute: Attribute, told: Quantity, accused: set[str], context: Context
) -> bool:
    """Whether a clause names one format and tells a rate that all of its devices have in another."""
    formats = {
        each.attribute.key for each in named(clause) if each.attribute.dimension == attribute.dimension
    }
    if attribute.dimension != "flop rate" or formats != {attribute.key} or _MATRIX.search(clause):
        return False
    gpus = [context.catalogue[key] for key in accused]
    return all(
        any(is_right(clause, told, other, gpu, context)
            for other in attributes().values() if other.dimension == told.dimension and other != attribute)
        for gpu in gpus
    )  # fmt: skip


_LABEL = re.compile(r"\W*[^.;:]{2,40}:\s*")


def _is_of_another(found: Finding, place: At, one: Mention, accused: set[str], context: Context) -> bool:
    """Whether a value is the device's in what its clause does not name, or one's that a description means."""
    text = place.passage.text
    described = not any(True for _ in mentions(one.text, context.catalogue)) and not _A_SIZE.search(one.text)
    described = described and not is_line_of(place.passage, accused, context)
    beside = _besides(place, accused, context)
    if found.true_for and found.true_for in (context.spoken_of if described else beside):
        return True
    if WITH_SPARSITY in found.because and _is_told_sparse(place):
        return True
    told = next((each for each in quantities(text, context.fraction) if each.start == place.at), None)
    attribute = attributes().get(found.attribute)
    start, end = stretch(text, place.at)
    if told is not None and attribute is not None and _is_far(told, attribute, accused, context):
        return not _is_of_named_format(text[start:end], attribute, told, accused, context)
    label = _LABEL.match(text)
    # "FP16 performance: 312 TFLOPS (sparse)" names what it is of before its colon.
    start = 0 if label and start <= label.end() else start
    if told is None or attribute is None:
        return False
    others = [
        each for each in attributes().values() if each.dimension == told.dimension and each != attribute
    ]
    if attribute.key in {each.attribute.key for each in named(text[start:end])}:
        # Matrix units take single precision as TF32.
        matrix = attribute.key == "fp32" and _MATRIX.search(text, start, end)
        others = [each for each in others if matrix and each.key == "tf32"]
    gpus = [context.catalogue[key] for key in accused]
    return any(is_right(text, told, other, gpu, context) for other in others for gpu in gpus)


def _is_of_subject(found: Finding, place: At, context: Context) -> bool:
    """Whether the clause of a comparison is certainly about one of the two that it is said to be of."""
    sentence = place.sentence
    start, end = clause_at(place.passage.text, sentence, place.at)
    every = things(place.number, place.passage, sentence, context)
    one = subject(place.number, place.passage, sentence, start, place.at, every, context)
    sides = [set(side.split(", ")) for side in found.subject.split(" against ")]
    # "With twice the memory, the H200", and a clause without a name, are of those of the whole sentence.
    led = _WITH.match(place.passage.text, start) or not any(start <= each.start < end for each in every)
    here = [each for each in every if led or start <= each.start < end]
    named_all = {key for each in here for key in each.ids}
    if len(sides) == len("ab") and all(side & named_all for side in sides):
        return True
    if led and len(sides) == len("ab") and (not here or any(side & named_all for side in sides)):
        return True
    if len(sides) < len("ab") and any(sides[0] & each.ids for each in here):
        return True
    if one is None:
        return False
    return len(sides) < len("ab") or any(side & one.ids for side in sides)


#: What an accusation of a kind must hold to; those of others stand as they are.
_TESTS: dict[str, Callable[[str, Finding, At, Context], str]] = {
    kind: test
    for kinds, test in (
        (_CONFIRM, _unproven), (_OF_SEVERAL, _of_both),
        (_OF_ONE, _against_one),
        (_OF_TWO, _against_two), (_OF_ANOTHER_TOO, _alike), (_OF_ROOM, _not_plain),
        (_WORKED_OUT, _unaccounted),
    )
    for kind in kinds
}  # fmt: skip
