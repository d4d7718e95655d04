"""Multiples between the two devices of a document, whichever of them is meant: "four times the memory".

Where the title of a document sets two devices against each other, what a sentence says one has so many times
is of these, in one order or the other. It is wrong where neither order has it, in any form of either: the
subject need not be known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.ratio import OTHER, is_its_own, is_of_host, is_of_itself, is_of_third
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.comparisons.multiple import AT_REST, OF_SLICES, TOGETHER, finding_on, parts, verdict_of
from whichgpu.audit.comparisons.of_what import across_precisions, attribute_of, is_of_speed
from whichgpu.audit.comparisons.pairs import Pair, exact, facts, ratios, sides_of
from whichgpu.audit.comparisons.said import AFTER, BEFORE, said_in
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import one_before, sentences, within
from whichgpu.audit.values.attributes import attributes, named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.comparisons.multiple import Multiple
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute

#: Every order and form is asked: no doubt of whom it is said applies.
CERTAIN = True
#: What a data sheet tells of a device, and no run of it.
_OF = frozenset(
    {"memory", "bandwidth", "memory_bus", "cores", "tensor_cores", "rt_cores", "sms", "l2", "transistors",
     "nvlink", "power", "fp32", "fp64"}
)  # fmt: skip
#: Characters before a multiple among whose amounts it may be.
_FAR = 700


def find(context: Context) -> Iterator[Finding]:
    """Every multiple that neither of a document's two devices has of the other."""
    both = sides_of(context)
    if both is None:
        return
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            if OF_SLICES.search(sentence.text) or not _is_plain(sentence.text):
                continue
            who = spoken(index, passage, sentence, context)
            if _is_of_others(index, passage, sentence, who, both=both, context=context):
                continue
            for claim in (*said_in(passage.text, sentence, who, context), *parts(passage.text, sentence)):
                yield from _judged(passage, sentence, claim, who, both=both, context=context)


def _is_plain(text: str) -> bool:
    return is_asserted(text) and is_indicative(text)


def _is_of_others(
    index: int, passage: Passage, sentence: Sentence, who: Spoken, *, both: Pair, context: Context
) -> bool:
    """Whether a sentence, or what it goes on about, is of another device than the two."""
    two = {*both.first, *both.second}
    # Behind a semicolon it is of what stands before it.
    named_last = who.here or _before_it(index, passage, sentence, context)
    if any(not two & {*each.ids} for each in named_last) or is_of_third(index, sentence, context):
        return True
    own = [context.catalogue[key] for key in two]
    families = [match[0] for match in architectures().finditer(sentence.text)]
    return any(not any(is_of(gpu, name) for gpu in own) for name in families)


def _before_it(index: int, passage: Passage, sentence: Sentence, context: Context) -> Sequence[Mention]:
    """The names of the sentence before one."""
    before = one_before(passage.text, sentence.start)
    named_there = context.mentions.get(index, ())
    return within(named_there, before[0].start, before[0].end) if before else ()


def _judged(
    passage: Passage, sentence: Sentence, claim: Multiple, who: Spoken, *, both: Pair, context: Context
) -> Iterator[Finding]:
    text = passage.text
    near = text[max(sentence.start, claim.start - BEFORE) : min(sentence.end, claim.end + AFTER)]
    if (
        is_of_itself(text, sentence, claim)
        or is_its_own(text, sentence, claim, near)
        or OTHER.search(near)
        or AT_REST.search(text, sentence.start, claim.start)
        or TOGETHER.search(text, sentence.start, claim.start)
        or is_of_host(text, sentence, claim, who)
    ):
        return
    attribute = attribute_of(text, sentence, claim)
    if (
        attribute is None
        or attribute.key not in _OF
        or is_of_speed(text, sentence, claim, attribute)
        or across_precisions(text, sentence, claim, attribute)
        or _is_told(passage, claim, attribute, context)
    ):
        return
    if (attribute.key == "memory" and _OF_MODEL.search(sentence.text)) or not _is_beside(text, claim):
        return
    every = _either(attribute, both, context)
    others = [one.attribute for one in named(sentence.text) if one.attribute.key != attribute.key]
    if not every or verdict_of(claim, [value for value, _ in every]) != "contradicted":
        return
    if any(
        values and verdict_of(claim, [value for value, _ in values]) == "confirmed"
        for values in (_either(other, both, context) for other in (*others, attributes()["memory"]))
    ):
        return
    value, words = min(every, key=lambda one: abs(one[0] - claim.times))
    answer = ("contradicted", f"{value:.2g}x", f"{words}: {value:.3g} times")
    yield finding_on(
        passage, claim, answer, context, subject=both.subject, attribute=attribute.key,
        evidence=facts(attribute, both, context),
    )  # fmt: skip


def _is_beside(text: str, claim: Multiple) -> bool:
    """Whether no other figure stands between a multiple and what it is of: "2.06x, at 1.43x the power"."""
    after = next((each for each in named(text) if each.start >= claim.end), None)
    before = [each for each in named(text) if each.end <= claim.start][-1:]
    behind = after is not None and after.start - claim.end < BEFORE // 2
    if behind and after is not None and not _FIGURE.search(text, claim.end, after.start):
        return True
    return any(not _FIGURE.search(text, each.end, claim.start) for each in before)


#: A figure or a multiple, and the end of a clause that one may be of.
_FIGURE = re.compile(r"\d|\b(?:twice|half|double|triple|times)\b|[;:]")
#: What takes so many times the memory that no card has.
_OF_MODEL = re.compile(
    r"\b(?:weights?|cache|models?|batch\w*|activations?|parameters?|quanti[sz]\w+|tokens?|gradients?|"
    r"optimi[sz]ers?|checkpoints?|layers?|FP\d+|INT\d|BF16|bits?|LoRA|context|needs?|takes?|footprint|"
    r"saves?|"
    r"users?|requests?|datasets?)\b",
    re.IGNORECASE,
)


def _either(attribute: Attribute, both: Pair, context: Context) -> list[tuple[float, str]]:
    """First over second, and second over first."""
    turned = Pair(both.second, both.first)
    one = [*ratios(attribute, both, context), *exact(attribute, both, context)]
    other = [*ratios(attribute, turned, context), *exact(attribute, turned, context)]
    return [*one, *other] if one and other else []


def _is_told(passage: Passage, claim: Multiple, attribute: Attribute, context: Context) -> bool:
    """Whether two amounts of the text before, or around, are so many times apart."""
    told = within(quantities(passage.text, context.fraction), claim.start - _FAR, claim.end + _FAR)
    amounts = [each for each in told if each.dimension not in ("percent", "times") and each.value > 0]
    values = [
        one.value / other.value
        for one in amounts
        for other in amounts
        if one is not other and one.dimension == other.dimension
    ]
    if attribute.key == "power":
        # What was measured at the wall is no data sheet's.
        values += _of_rows(context)
    return any(verdict_of(claim, [value]) == "confirmed" for value in values)


def _of_rows(context: Context) -> list[float]:
    """The ratios of two amounts that stand in one row of a table of the document: what was measured."""
    if "ratios of rows" not in context.memo:
        cells = [
            [one.value for cell in row if cell for one in quantities(cell.text, context.fraction)[:1]]
            for table in context.document.tables
            for row in table.rows
        ]
        context.memo["ratios of rows"] = [
            one / other for row in cells for one in row for other in row if one > 0 and other > 0
        ]
    found: list[float] = context.memo["ratios of rows"]
    return found
