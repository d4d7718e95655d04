"""Ratios that no pair has which a clause can weigh."""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.multiple import verdict_of
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.known.said import claims
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes
from whichgpu.audit.weighed.measure import SPARSE, values_of
from whichgpu.audit.weighed.plain import finding, is_stated, weighable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.comparisons.multiple import Multiple
    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.said import Claim
    from whichgpu.audit.weighed.sides import Sides

#: "Half of them were GPUs falling off the bus": of things that are counted.
_OF_THEM = re.compile(r"\s*(?:of\s)?(?:them|these|those)\b(?!\s\w+(?:width|ory))", re.IGNORECASE)
#: "Twice its rate in BF16": of its own.
_OWN = re.compile(
    r"\s+(?:of )?(?:its|their|that|this)\s+(?!of)|\s+(?:as (?:much|many|high|fast)\s+)?(?:with(?:out)?|"
    r"using|on|in|through) (?:its |the |structured )?"
    r"(?:tensor|matrix|sparsity|FP\d|BF16|TF32|INT\d)",
    re.IGNORECASE,
)


def ratios(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence that no pair has."""
    text, sentence = scope.passage.text, scope.sentence
    told = claims(text, sentence, context.fraction)
    if not told or not is_stated(scope):
        return
    for each in told:
        found = weighable(scope, each.start, each.end, context) if _is_of_two(text, each) else None
        if found is None:
            continue
        key, who = found
        known = [*_on_file(key, who, context)]
        values = [*known, *_of_one_name(key, who, context), *_told(key, scope, context)]
        if known and all(is_off(way, values) for way in each.ways):
            yield finding(scope, (each.start, each.end), found, context, "ratio")


def _is_of_two(text: str, claim: Claim) -> bool:
    """Whether a ratio can be one of two devices, by the words of it and right behind it."""
    start, end = claim.start, claim.end
    if (
        _OF_THEM.match(text, end)
        or _OWN.match(text, end)
        or _DOES.match(text, start)
        or _ON_TO.match(text, end)
    ):
        return False
    if _TIMES.search(text, start, end) and not _AS_MUCH.match(text, end):
        return False
    return bool(_WEIGHS.match(text, end)) or not _BARE.fullmatch(text, start, end)


#: "Rose by 27% from the first to the second, by 52% to the third": the next step from the one before.
_ON_TO = re.compile(r"\s+(?:more\s+)?to\s+(?:the|an?)\s", re.IGNORECASE)
#: "FP8 doubles the rate".
_DOES = re.compile(
    r"(?:doubl|halv|tripl|quadrupl)(?:es|ed|ing)?\s+(?:the|that|this|its|their)\b", re.IGNORECASE
)
#: "It reads all of it 31 times".
_TIMES = re.compile(r"\d\S* times$", re.IGNORECASE)
_AS_MUCH = re.compile(
    r"\s+(?:as|the|that|those|of|what|more|less|faster|slower|higher|larger|bigger|wider|greater|smaller|"
    r"lower|ahead)\b",
    re.IGNORECASE,
)
#: Multiples in words, and what they have behind them where they weigh something.
_BARE = re.compile(r"(?:twice|half|double[sd]?|a (?:third|quarter|fifth))(?:\s\w+)?", re.IGNORECASE)
_WEIGHS = re.compile(
    r"\s+(?:as|the|that|those|of|what|in|more|less|again|from|over|between)\b|[.,;)]|$", re.IGNORECASE
)
#: How much further than is excused elsewhere a ratio must be off.
_MARGIN, _OF_STEP = 0.07, 0.025


def is_off(way: Multiple, values: Sequence[float]) -> bool:
    """Whether no ratio is near what is stated, with a margin."""
    margin = _OF_STEP if way.step else _MARGIN
    every = [value * by for value in values for by in (1 - margin, 1.0, 1 + margin)]
    return verdict_of(way, every) == "contradicted"


def _on_file(key: str, who: Sides, context: Context) -> Iterator[float]:
    """The ratios of each two that may be meant, either way round."""
    for one, other in product(who.of, who.against):
        if one == other:
            continue
        for a, b in product(values_of(key, one, context), values_of(key, other, context)):
            forms = (a / b, 2 * a / b, a / b / 2) if key in SPARSE else (a / b,)
            yield from forms
            if not who.told:
                yield from (1 / each for each in forms)


def _of_one_name(key: str, who: Sides, context: Context) -> Iterator[float]:
    """The ratios of the devices of one name: "the 8 GB version: same chip, half the memory"."""
    for ids in () if who.told else (*who.of, *who.against):
        name = model(ids[0], context.catalogue)
        alike = tuple(one for one in sorted(context.spoken_of) if model(one, context.catalogue) == name)
        own = values_of(key, alike, context)
        yield from (a / b for a, b in permutations(own, 2) if a != b)


def _told(key: str, scope: Scope, context: Context) -> Iterator[float]:
    """The ratios of amounts of the kind that the passage tells up to the end of the sentence."""
    dimension = attributes()[key].dimension
    kinds = ("count", "number") if dimension == "count" else (dimension,)
    before = [each.start for each in sentences(scope.passage.text) if each.start < scope.sentence.start]
    start = before[-1] if before else scope.sentence.start
    told = within(quantities(scope.passage.text, context.fraction), start, scope.sentence.end)
    values = [each.value for each in told if each.value > 0 and each.dimension in kinds][-12:]
    return (a / b for a, b in permutations(values, 2))
