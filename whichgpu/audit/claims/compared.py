"""Changes of an attribute that nothing within reach gives: "memory grew by 75 percent", "two thirds of"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.ratio import OF_ITS_PART
from whichgpu.audit.comparisons.changes import changes
from whichgpu.audit.comparisons.multiple import OF_SLICES, TOGETHER, finding_on, is_per_other, verdict_of
from whichgpu.audit.comparisons.pairs import exact, facts
from whichgpu.audit.comparisons.said import OF_THEM, THAN_SEVERAL, UPGRADED, in_which
from whichgpu.audit.comparisons.sides import gives, second_of, sides, stated_ratios
from whichgpu.audit.devices.descriptions import OF_KIN
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import is_of_cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.comparisons.changes import Change
    from whichgpu.audit.comparisons.sides import Sides
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: What makes a change one of something else than two devices' specifications.
_ELSE = re.compile(
    r"\b(?:per (?:watt|dollar|euro|gpu|card|core|token|user|sm|clock)|if|would|could|might|may|should|"
    r"rumou?r\w*|expect\w*|effective\w*|usable|free|left|fill\w*|occup\w+|use[ds]?(?! up)|utili[sz]\w*|"
    r"cache|l2|pcie|host|system|previous|before|now|today|predecessor|generation|last-gen|older|cpus?|"
    r"average|typical\w*|"
    r"idl(?:es?|ed|ing)|standby|load|test\w*|measur\w*|"
    r"saw|real|practice|limit\w*|undervolt\w*|overclock\w*|reach\w*|achiev\w*|bill|cost\w*|pric\w+|cheap\w*|"
    r"budget|tokens?|images?|requests?|model|weights|fp\d+|int\d|nvlink|infinity|link\w*|theor\w*|"
    r"advertis\w+|"
    r"claim\w*|combined|together|total|pair|both|node|server|dual|each card|not)\b|\?",
    re.IGNORECASE,
)
#: What every change has one of.
_AMOUNT = re.compile(
    r"\d\s?%|percent|per cent|\d\s?[x\u00d7]\b|times|-?fold\b|twice|half|third|quarter|fifth|sixth|"
    r"eighth|tenth|doubl|tripl|quadrupl|halv|factor",
    re.IGNORECASE,
)
_CLAUSES = re.compile(r"[;:]|,\s|\.\s|\s[\u2013\u2014]\s|\b(?:and|but|while|whereas)\b", re.IGNORECASE)
_REACH, _FEW, _TWO = 60, 3, 2
_THE = re.compile(r"\b(?:the|this|that|its|their)\s+$", re.IGNORECASE)
#: What the amounts of a sentence are against, where no name tells: "no more memory than before, but 25 % ..".
_THAN_BEFORE = re.compile(
    r"\b(?:than before|(?:of|than|as) (?:my|our) (?:own |old |present )?(?:card|gpu|one))\b", re.IGNORECASE
)


#: From one to the other.
_MOVES = re.compile(
    r"\b(?:mov\w+|going|goes|upgrad\w+|switch\w*|step\w*|jump\w*|com\w+)\s+(?:up\s+)?(?:from|to)\b",
    re.IGNORECASE,
)


#: "The H200 adds 43 percent of bandwidth over the H100": by so much it has more.
_ADDS = re.compile(r"\b(?:adds?|added|adding|gains?|gained)\b[^.;]{0,60}$", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every change with its verdict, where it is right or nothing gives it."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if _AMOUNT.search(passage.text) else ():
            if OF_THEM.match(sentence.text):
                continue
            for change in changes(passage, sentence, context):
                if is_per_other(passage.text, sentence.start, change.multiple.start):
                    continue
                if OF_ITS_PART.match(passage.text, change.multiple.end):
                    continue
                who = spoken(index, passage, sentence, context)
                found = _judged(passage, sentence, change, who, context)
                if found is not None:
                    yield found


_OF_PIECES = re.compile(
    r"\s+(?:of\s+)?(?:the|its|their|all)\s+(?:[\w-]+\s+){0,2}?(?:[\w-]+[\u2019']s\s+)?(?:[\w-]+\s+){0,2}"
    r"(?:chips|modules|dies|stacks|connectors|fans|screws|ports)\b", re.IGNORECASE,
)  # fmt: skip


#: "The 80GB variant of the A100 is the same chip with double the memory": of the other size.
_OF_A_SIZE = re.compile(
    r"\b\d{1,3}\s?GB\s(?:variant|version|model|edition|one|card|sku)\s(?:of|has|is|with|doubles|offers)\b",
    re.IGNORECASE,
)


def _judged(
    passage: Passage, sentence: Sentence, change: Change, who: Spoken, context: Context
) -> Finding | None:
    if change.against is not None:
        return _of_stated(passage, sentence, change, context)
    reach = sides(passage, sentence, change, who, context)
    if TOGETHER.search(passage.text, sentence.start, change.multiple.start) or _OF_PIECES.match(
        passage.text, change.multiple.end
    ):
        # "Half of the 3090's memory chips sit on the back".
        return None
    sliced = OF_SLICES.search(sentence.text) or _A_SLICE.search(
        passage.text, max(0, sentence.start - _BACK), sentence.start
    )
    if reach is None or change.attribute is None or sliced:
        return None
    verdict = _verdict(passage.text, sentence, change, reach, context)
    if verdict == "confirmed":
        span = passage.span(change.multiple.start, change.multiple.end)
        context.memo.setdefault("given", []).append(span)
    if verdict == "unverifiable" or (
        verdict == "contradicted"
        and (
            _is_doubtful(passage, sentence, change, who, context)
            or _is_open(passage, sentence, change, who, context)
            or _is_over_told(passage, sentence, change, reach.pair.first, context)
        )
    ):
        return None
    value, words = min(reach.ratios, key=lambda one: abs(one[0] - change.multiple.times))
    answer = (verdict, "" if verdict == "confirmed" else f"{value:.2g}x", f"{words}: {value:.3g} times")
    return finding_on(
        passage, change.multiple, answer, context, subject=reach.pair.subject,
        attribute=change.attribute.key, evidence=facts(change.attribute, reach.pair, context),
    )  # fmt: skip


def _verdict(text: str, sentence: Sentence, change: Change, reach: Sides, context: Context) -> str:
    """What the values of two devices say of a change, in whichever way its words may mean it."""
    verdict = gives(change, reach)
    also = (
        exact(change.attribute, reach.pair, context) if change.attribute and verdict == "contradicted" else []
    )
    if also and verdict_of(change.multiple, [each for each, _ in also]) == "confirmed":
        return "confirmed"
    if verdict == "contradicted" and _ADDS.search(text, sentence.start, change.multiple.start):
        grown = change.multiple._replace(times=1.0 + change.multiple.times)
        right = verdict_of(grown, [each for each, _ in reach.ratios]) == "confirmed"
        verdict = "unverifiable" if right else verdict
    if verdict == "contradicted" and _MOVES.search(sentence.text):
        # "Moving from there to the B200 adds 28 %": of what the sentence ends with.
        turned = [1 / value for value, _ in reach.ratios if value]
        verdict = "unverifiable" if verdict_of(change.multiple, turned) == "confirmed" else verdict
    return verdict


def _is_doubtful(passage: Passage, sentence: Sentence, change: Change, who: Spoken, context: Context) -> bool:
    """Whether the words of a sentence leave open which two it compares, or in what."""
    text, at = passage.text, change.multiple
    in_clause = in_which(text, at.start, who) or _THAN_BEFORE.search(sentence.text)
    # "On account of the doubled bandwidth": of what it is so much, the text told elsewhere.
    known = _THE.search(text, max(0, at.start - _REACH), at.start)
    # "Two H100s in FP8? Half the bytes, half the bandwidth": of all of them.
    named = () if who.here else context.mentions.get(context.place(passage), ())
    several = any(
        counted(text, max(0, each.start - _REACH), each.start) > 1 for each in named if each.end <= at.start
    )
    # "The H200 upgrade: 76 percent more memory": than the one before it, which has no name here.
    upgrade = len({each.named for each in who.here}) < _TWO and UPGRADED.search(sentence.text)
    # "The cache: at 48 MB it is eight times as large as the A10's".
    cache = (
        change.attribute is not None
        and change.attribute.key == "memory"
        and any(
            each.dimension == "memory" and is_of_cache(each.value)
            for each in within(quantities(text, context.fraction), sentence.start, at.start)
        )
    )
    return bool(
        in_clause
        or THAN_SEVERAL.match(text, at.end)
        or known
        or cache
        or several
        or _OF_A_SIZE.search(sentence.text)
        or upgrade
        # "It costs four fifths of what its successor does and has half the memory": of that one.
        or OF_KIN.search(text, sentence.start, at.start)
        or _ELSE.search(_clause(text, sentence, change))
        or _OF_A_NUMBER.match(text, at.end)
    )


#: A slice by its name, and the characters before a sentence in which it may be what that goes on about.
_A_SLICE, _BACK = re.compile(r"\b\dg\.\d+gb\b", re.IGNORECASE), 120
#: "Half of the 21,760 in the other form": of what is told, whoever has it.
_OF_A_NUMBER = re.compile(r"\s+(?:of\s+)?(?:the|its|their)\s+\d[\d,]*\b", re.IGNORECASE)


def _of_stated(passage: Passage, sentence: Sentence, change: Change, context: Context) -> Finding | None:
    """The verdict on an amount that is said against a value behind it, by the values told before it."""
    text, start, against = passage.text, change.multiple.start, change.against
    named = context.mentions.get(context.place(passage), ())
    if against and any(
        each.start <= against.start < each.end or not text[against.end : each.start].strip(" -")
        for each in named
        if each.end > against.end
    ):
        # "1.6 times that of the 80 GB A100": the size is of the name.
        return None
    found = stated_ratios(text, sentence, change, context)
    if not found:
        return None
    verdict = verdict_of(change.multiple, [value for value, _ in found])
    if verdict == "confirmed":
        context.memo.setdefault("given", []).append(passage.span(start, change.multiple.end))
    elif (
        _ELSE.search(_clause(text, sentence, change))
        or (change.attribute is None and len(found) > _FEW)
        or _is_of_another(passage, sentence, change, context)
    ):
        return None
    if verdict == "unverifiable":
        return None
    value, words = min(found, key=lambda one: abs(one[0] - change.multiple.times))
    answer = ("inconsistent" if verdict == "contradicted" else verdict, f"{value:.2g}x", words)
    return finding_on(passage, change.multiple, answer, context, attribute="stated values")


def _is_of_another(passage: Passage, sentence: Sentence, change: Change, context: Context) -> bool:
    """Whether another value of the sentence gives it: "1,555 GB/s and in the larger one 2,000, 2.6 times"."""
    against = change.against
    told = within(quantities(passage.text, context.fraction), sentence.start, change.multiple.start)
    return against is not None and any(
        each.dimension == against.dimension
        and verdict_of(change.multiple, [each.value / against.value]) == "confirmed"
        for each in told
        if against.value
    )


def _is_over_told(
    passage: Passage, sentence: Sentence, change: Change, ids: Sequence[str], context: Context
) -> bool:
    """Whether a device has so much of a value told before: "1,555 GB/s at first, and then 31 % more"."""
    told = within(quantities(passage.text, context.fraction), sentence.start, change.multiple.start)
    field = change.attribute.fields[0] if change.attribute else ""
    own = [float(context.catalogue[key].value(field) or 0) for key in ids] if field else []
    return any(
        verdict_of(change.multiple, [value / each.value]) == "confirmed"
        for each in told
        for value in own
        if change.attribute and each.dimension == change.attribute.dimension and each.value
    )


def _is_open(passage: Passage, sentence: Sentence, change: Change, who: Spoken, context: Context) -> bool:
    """Whether a change may be of a device that is described and not known."""
    value, (start, end) = change.value, change.multiple[:2]
    told = value is not None and second_of(passage.text, start, end, who) is not None
    first = value.end if value is not None and told else sentence.start
    unsettled = context.memo["open"].get(context.place(passage), ())
    return any(first <= at < sentence.end for at, _ in unsettled)


def _clause(text: str, sentence: Sentence, change: Change) -> str:
    """The words around a change, up to where another clause begins on either side."""
    start, end = change.multiple.start, change.multiple.end
    before = text[max(sentence.start, start - _REACH) : start]
    return (
        _CLAUSES.split(before)[-1]
        + text[start:end]
        + _CLAUSES.split(text[end : min(sentence.end, end + _REACH)])[0]
    )
