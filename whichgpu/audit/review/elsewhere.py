"""Accusations whose words are of something else, whichever rule made them: a quiz, a result, another device.

What a rule reads of one clause may be settled by the words around it: "True or false: the T4 supports BF16",
"So 1,000 W", "We measured an A100 there; its bandwidth is 1,935 GB/s, 2.24 times that of the L40S".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.agreement import place_of
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import withheld
from whichgpu.audit.text.expressions import is_written_out
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from whichgpu.audit.clauses.agreement import At
    from whichgpu.audit.findings import Context, Finding

_QUIZ = re.compile(r"\b(?:true or false|richtig oder falsch|vrai ou faux)\b[^.?!]*$", re.IGNORECASE)
_NEAR = 160
#: A sentence that is but the result of the one before: "So 1,000 W."
_RESULT = re.compile(
    r"\W*(?:so|thus|hence|together|in total|that(?:[\u2019']s| is| makes)|makes)\s+(?:about |some |only )?"
    r"[~$]?\d[\d.,]*\s?[A-Za-z/]{1,6}\W*",
    re.IGNORECASE,
)
#: What takes up the subject behind a device held against it: "the bandwidth of the 5090, and it's the".
_RESUMES = re.compile(r",?\s(?:and|but)\sit(?:[\u2019']s|\s(?:is|was|has|had|also))\b", re.IGNORECASE)
#: By which means something is done that no device is said to do: "and with FP8 the gap shrinks".
_MEANS = re.compile(r"(?:[,;]|\b(?:and|but|so))\s+$", re.IGNORECASE)
_GAP = re.compile(
    r"\s+the\s+(?:gap|difference|distance|lead|advantage|picture|result|ratio|speed|cost|price)\b",
    re.IGNORECASE,
)
#: Where not all of a model has to be held: it is streamed, each holds a copy, few of its parts are active.
_IN_PARTS = re.compile(
    r"\b(?:stream(?:s|ed|ing)|offload\w*|(?:its|their) own cop(?:y|ies)|"
    r"active (?:part|parameters|weights|experts)|of the weights (?:on|in|stay|live|sit))\b|"
    r"(?<!\bentirely )(?<!\bfully )(?<!\bcompletely )\bin (?:cpu|host|system) memory\b",
    re.IGNORECASE,
)
_OF_WEIGHTS = re.compile(r"\s+of (?:the|its) (?:weights|model|cache|layers)\b", re.IGNORECASE)
_PER_ONE = re.compile(r"\b(?:per|each) (?:gpu|card|accelerator|module)\b", re.IGNORECASE)
_PER_MACHINE = re.compile(r"\b(?:per|each) (?:machine|node|server|system|box|chassis)\b", re.IGNORECASE)
_WHOLE_MACHINE = re.compile(
    r"\b(?:full|whole|entire|complete)\s+(?:\w+\s+){0,2}(?:machine|node|server|system|box|chassis|rack)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")
#: GPUs of the smallest machine and of the largest.
_PAIR, _RACK = 2, 72
#: How far a sum is from what is told, as a share, and figures that are added at most.
_OFF, _MOST = 0.01, 12


def without_others(found: Iterable[Finding], context: Context) -> list[Finding]:
    """The findings as they are, or unverifiable where their words are of something else."""
    return withheld_for(_REASONS, found, context)


def withheld_for(
    reasons: Mapping[str, Callable[[Finding, At, Context], bool]], found: Iterable[Finding], context: Context
) -> list[Finding]:
    """The findings as they are, or unverifiable for the first reason that is so of an accusation's place."""

    def why(one: Finding) -> str:
        place = place_of(one, context) if one.accuses else None
        held = (reason for reason, test in reasons.items() if place and test(one, place, context))
        return next(held, "")

    return [withheld(each, reason) if (reason := why(each)) else each for each in found]


def _is_quiz(_: Finding, place: At, __: Context) -> bool:
    return _QUIZ.search(place.passage.text, max(0, place.at - _NEAR), place.at) is not None


def _is_result(found: Finding, place: At, context: Context) -> bool:
    """Whether a value is what a sentence without a device concludes from the one before."""
    sentence = place.sentence
    here = within(context.mentions.get(place.number, ()), sentence.start, sentence.end)
    return found.kind == "specification" and not here and _RESULT.fullmatch(sentence.text) is not None


def _is_of_subject(found: Finding, place: At, context: Context) -> bool:
    """Whether a sentence goes back to its first device behind the one that is accused."""
    sentence = place.sentence
    here = within(context.mentions.get(place.number, ()), sentence.start, place.at)
    accused = set(found.subject.split(", "))
    if len(here) < len(("one", "other")) or not accused & {*here[-1].named} or accused & {*here[0].named}:
        return False
    return _RESUMES.search(place.passage.text, here[-1].end, place.at) is not None


def _is_means(found: Finding, place: At, _: Context) -> bool:
    text, lead = place.passage.text, len(found.quote) - len(found.quote.lstrip(" ,"))
    at = place.at + lead
    return (
        found.kind == "capability"
        and found.quote.lstrip(" ,").lower().startswith("with ")
        and _MEANS.search(text, max(place.sentence.start, at - _NEAR), at) is not None
        and _GAP.match(text, at + len(found.quote.strip(" ,"))) is not None
    )


def _is_in_parts(found: Finding, place: At, _: Context) -> bool:
    """Whether a need is of a model that is not held whole, by the words of its passage up to there."""
    text, end = place.passage.text, place.sentence.end
    if found.attribute == "memory" and _OF_WEIGHTS.match(text, place.at + len(found.quote)):
        return True
    start = max(0, place.sentence.start - _NEAR)
    return found.kind == "memory" and _IN_PARTS.search(text, start, end) is not None


def _is_of_machines(found: Finding, place: At, _: Context) -> bool:
    text = place.sentence.text
    of_both = _PER_ONE.search(text) and _PER_MACHINE.search(text)
    if found.kind != "arithmetic" or of_both:
        return bool(of_both)
    told, real = (_FIGURE.search(words) for words in (found.quote, found.expected or found.because))
    if told is None or real is None or not _WHOLE_MACHINE.search(text):
        return False
    one, other = (float(each[0].replace(",", "")) for each in (told, real))
    times = one / other if other else 0.0
    # "A full node for a day costs EUR 134.40", of eight at EUR 0.70 an hour each.
    return _PAIR <= round(times) <= _RACK and abs(times / round(times) - 1) < _OFF / 2


def _is_sum(found: Finding, place: At, context: Context) -> bool:
    """Whether an amount is the sum of those of its kind right before it, however many."""
    if found.kind != "arithmetic" or is_written_out(found, context.document.original):
        return False
    text = place.passage.text
    every = quantities(text, context.fraction)
    told = next((each for each in every if each.start <= place.at < each.end), None)
    if told is None or not told.value:
        return False
    before = [each for each in every if each.end <= told.start and each.dimension == told.dimension]
    if not all(text[each.start : each.end] in found.because for each in before[-2:]):
        # What it is held against is no sum of the last two.
        return False
    total = 0.0
    for count, each in enumerate(reversed(before[-_MOST:]), 1):
        total += each.value
        if count > 1 and abs(total / told.value - 1) < _OFF:
            return True
    return False


#: Two figures right behind who is ahead, the first of which is the subject's.
_SET_AGAINST = re.compile(
    r",?\s+(?:at |with )?(?P<a>\d[\d.,]*)(?:\s?[A-Za-z/]{1,6})?\s"
    r"(?:against|versus|vs\.?|instead of|to)\s(?P<b>\d[\d.,]*\d)"
)
_LESS = re.compile(r"\b(?:slower|lower|less|fewer|smaller|narrower|behind|cheaper)\W*$", re.IGNORECASE)
_MORE = re.compile(r"\b(?:faster|higher|more|larger|bigger|wider|ahead|greater)\W*$", re.IGNORECASE)


def _is_borne_out(found: Finding, place: At, _: Context) -> bool:
    """Whether an order is that of the two figures that stand right behind it."""
    if found.kind != "ordering":
        return False
    told = _SET_AGAINST.match(place.passage.text, place.at + len(found.quote))
    if told is None:
        return False
    one, other = (float(told[key].replace(",", "").rstrip(".")) for key in ("a", "b"))
    less, more = _LESS.search(found.quote), _MORE.search(found.quote)
    return bool((less and one < other) or (more and one > other))


#: What several exchange, of which each sends a part, and more than once.
_EXCHANGED = re.compile(r"\ball-?reduc\w+|\breduce-scatter|\ball-?gather|\bring\b", re.IGNORECASE)


def _is_exchanged(found: Finding, place: At, _: Context) -> bool:
    return found.kind == "arithmetic" and _EXCHANGED.search(place.sentence.text) is not None


def _is_anothers(found: Finding, place: At, context: Context) -> bool:
    """Whether a value is right for a device named before it, and the accused one is named behind at most."""
    sentence, accused = place.sentence, set(found.subject.split(", "))
    every = context.mentions.get(place.number, ())
    if found.kind not in ("specification", "capability") or found.attribute not in _VALUED:
        return False
    heading = place.passage.section[-1:] if found.true_for else ()
    heads = [each for line in heading for each in mentions(line, context.catalogue)]
    if len({each.named for each in heads}) == 1 and found.true_for in heads[0].named:
        return True
    before, behind = (
        within(every, *stretch) for stretch in ((sentence.start, place.at), (place.at, sentence.end))
    )
    if any(accused & {*each.named} for each in before) or _OF_SEVERAL.search(sentence.text):
        return False
    # Of the sentence itself; of those before it where the accused is what the value is held against.
    near = before
    if any(accused & {*each.named} for each in behind):
        near = before or [each for each in every if each.end <= sentence.start][-1:]
    return any(_has(found, key, context) for each in near for key in each.named)


_OF_SEVERAL = re.compile(r"\b(?:both|all|each|every|either|they)\b", re.IGNORECASE)
_VALUED = ("memory_type", "memory", "bandwidth", "power", "cores", "memory_bus", "nvlink")


def _has(found: Finding, key: str, context: Context) -> bool:
    if found.attribute == "memory_type":
        return str(context.catalogue[key].value("memory_type") or "").upper() == found.quote.strip().upper()
    return bool(found.true_for) and key == found.true_for


#: Why an accusation does not stand, and where.
_REASONS: dict[str, Callable[[Finding, At, Context], bool]] = {
    "it stands in a question with its answer": _is_quiz,
    "it is what the sentence before comes to": _is_result,
    "its sentence has gone back to what it began with": _is_of_subject,
    "it says by which means something is so": _is_means,
    "not all of the model has to be held there": _is_in_parts,
    "it is of machines whose number of GPUs is not told": _is_of_machines,
    "it is the sum of the figures right before it": _is_sum,
    "it is right for a device that is named before it": _is_anothers,
    "the two figures behind it bear it out": _is_borne_out,
    "what is exchanged goes over the links more than once": _is_exchanged,
}
