"""Ratios that no pair has which a clause can weigh."""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.comparisons.multiple import OF_SLICES, verdict_of
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.said import claims
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import CHIP, attributes
from whichgpu.audit.weighed.measure import SPARSE, amounts_in, measure, values_of
from whichgpu.audit.weighed.sides import sides

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.comparisons.multiple import Multiple
    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.weighed.sides import Sides

#: What makes it a ratio of something else than of two devices as they are sold.
ELSE = re.compile(
    r"\bper[ -](?!gpu|card|second|module)\w+|\b(?:dollars?|price[sd]?|cost\w*|cheap\w*|expensive|dear\w*|rent\w*|euros?|"
    r"measur\w+|tests?|tested|throughput|tokens?|t/s|images?|samples?|frames|train\w*|inference|render\w*|batch\w*|models?|"
    r"weights?|quanti\w+|kv|context|links?|slots?|dies|chiplets?|slices?|cpus?|cores? per|own|any other|every|average|usage|"
    r"idle\w*|load|overhead|need\w*|requir\w+|fits?|utili[sz]\w+|efficien\w+|sell\w*|market\w*|ram|ddr\d|"
    r"effective|rest|remaining|left|free|scal\w+|games?|gaming|fps|practice|real[- ]world|applications?|"
    r"money|shares?|SDXL|SD|made|makes|another|spars\w+|this figure|that figure|overclock\w*|undervolt\w*|limit(?:ed|ing)?|capped|bits|data ?sets?|time|hours?|minutes?|days?|years?|"
    r"energy|kwh|noise|size[sd]?|boards?' |square|density|stacks?|expect\w*|hop(?:e|ed|ing)|bidirection\w*|direction)\b|%\s?of\b",
    re.IGNORECASE,
)
#: Several at once, and what is not.
SEVERAL = re.compile(
    r"(?:(?<!the )(?<!these )(?<!those )(?<!of )\btwo|\b(?:three|four|six|eight|sixteen|pairs?|several|nodes?|servers?|systems?|machines?|racks?|clusters?|pods?|hosts?|box|"
    r"both|together|combined|dual|\d+\s?x|x\s?\d+))\b(?!\s(?:years?|times|generations?|months?|hours?))|\b\d+\s?[x\u00d7]\s",
    re.IGNORECASE,
)
NOT = re.compile(r"\b(?:not|never|nor|neither|hardly|instead|rather|would|could|if(?! you (?:count|take|look|go by|compare|believe))(?! one (?:counts|takes|looks|goes by)))\b|n[\u2019']t\b", re.IGNORECASE)
KEYED = {"memory": re.compile(r"\b(?:cache|FP\d+|INT\d|BF16|TF32|parameters?|bits?|precision|formats?|l2|host|swap)\b", re.IGNORECASE)}
#: "Twice its rate in BF16": of its own.
_OWN = re.compile(
    r"\s+(?:of )?(?:its|their|that|this)\s+(?!of)|\s+(?:as (?:much|many|high|fast)\s+)?(?:with(?:out)?|using|on|in|through) (?:its |the |structured )?"
    r"(?:tensor|matrix|sparsity|FP\d|BF16|TF32|INT\d)",
    re.IGNORECASE,
)
#: Parts of a sentence that speak of something else.
_CLAUSE = re.compile(r"[;:]\s|\s(?=and (?:costs?|draws?|needs?|is|has|comes?|takes?)\b)|,\s+(?:and|but|while|whereas|though|although|so|which|because|as|since)\s|\s[\u2013\u2014]\s|\.\s")


def ratios(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence that no pair has."""
    text, sentence = scope.passage.text, scope.sentence
    told = claims(text, sentence, context.fraction)
    if not told or not is_asserted(sentence.text) or CHIP.search(sentence.text) or OF_SLICES.search(text):
        return
    for each in told:
        what = measure(scope, each.start, each.end, context)
        if what is None:
            continue
        key, at = what
        first, last = clause_of(text, (min(each.start, at), each.end), scope)
        around = f"{text[first : each.start]} {text[each.end : last]}"
        if ELSE.search(around) or SEVERAL.search(text, begin_before(scope), sentence.end) or NOT.search(around) or not is_indicative(IF_YOU.sub(" ", text[first:last])):
            continue
        if _OWN.match(text, each.end) or key in KEYED and KEYED[key].search(around):
            continue
        if _DOES.match(text, each.start):
            continue
        if _TIMES.search(text, each.start, each.end) and not _AS_MUCH.match(text, each.end):
            continue
        if not _WEIGHS.match(text, each.end) and _BARE.fullmatch(text, each.start, each.end):
            continue
        who = sides(scope, each.start, each.end, context)
        if who is None or not is_told_of(key, who, scope, each.start, context):
            continue
        known = [*_on_file(key, who, context)]
        values = [*known, *_told(key, scope, context)]
        if known and all(is_off(way, values) for way in each.ways):
            yield finding(scope, (each.start, each.end), key, who, context, "ratio")


#: "FP8 doubles the rate".
_DOES = re.compile(r"(?:doubl|halv|tripl|quadrupl)(?:es|ed|ing)?\s+(?:the|that|this|its|their)\b", re.IGNORECASE)
#: "It reads all of it 31 times".
_TIMES = re.compile(r"\d\S* times$", re.IGNORECASE)
_AS_MUCH = re.compile(r"\s+(?:as|the|that|those|of|what|more|less|faster|slower|higher|larger|bigger|wider|greater|smaller|lower|ahead)\b", re.IGNORECASE)
#: How one looks at what is said, and no condition of it.
IF_YOU = re.compile(r"\bif (?:you|one|we) (?:count|take|look|go by|compare|believe)s?\b", re.IGNORECASE)
#: Multiples in words, and what they have behind them where they weigh something.
_BARE = re.compile(r"(?:twice|half|double[sd]?|a (?:third|quarter|fifth))(?:\s\w+)?", re.IGNORECASE)
_WEIGHS = re.compile(r"\s+(?:as|the|that|those|of|what|in|more|less|again|from|over|between)\b|[.,;)]|$", re.IGNORECASE)
#: How much further than is excused elsewhere a ratio must be off.
_MARGIN = 0.07


def is_off(way: Multiple, values: Sequence[float]) -> bool:
    """Whether no ratio is near what is stated, with a margin."""
    every = [value * by for value in values for by in (1 - _MARGIN, 1.0, 1 + _MARGIN)]
    return verdict_of(way, every) == "contradicted"


def is_told_of(key: str, who: Sides, scope: Scope, end: int, context: Context) -> bool:
    """Whether every amount of the kind that the sentence tells is one of the devices that are weighed."""
    dimension = attributes()[key].dimension
    told = [each.value for each in amounts_in(scope, scope.sentence.start, end, context) if each.dimension == dimension]
    # A list of several tells of others, too.
    ids = (*who.of, *who.against, *((tuple(context.spoken_of),) if len(told) > _LISTED else ()))
    known = [value for each in ids for value in values_of(key, each, context)]
    return all(any(abs(one / value - 1) < _TOLD for value in known) for one in told)


_LISTED = 2
#: How far an amount as it is told may be from that on file.
_TOLD = 0.04


def begin_before(scope: Scope) -> int:
    """Where the sentence before begins, which may tell of how many it is."""
    before = [each.start for each in sentences(scope.passage.text) if each.start < scope.sentence.start]
    return before[-1] if before else scope.sentence.start


def clause_of(text: str, place: tuple[int, int], scope: Scope) -> tuple[int, int]:
    """The clause that a stretch of a sentence stands in."""
    start, end = scope.sentence.start, scope.sentence.end
    begin = max((each.end() for each in _CLAUSE.finditer(text, start, place[0])), default=start)
    return begin, next((each.start() for each in _CLAUSE.finditer(text, place[1], end)), end)


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


def _told(key: str, scope: Scope, context: Context) -> Iterator[float]:
    """The ratios of amounts of the kind that the passage tells up to the end of the sentence."""
    dimension = attributes()[key].dimension
    kinds = ("count", "number") if dimension == "count" else (dimension,)
    before = [each.start for each in sentences(scope.passage.text) if each.start < scope.sentence.start]
    start = before[-1] if before else scope.sentence.start
    told = within(quantities(scope.passage.text, context.fraction), start, scope.sentence.end)
    values = [each.value for each in told if each.value > 0 and each.dimension in kinds][-12:]
    return (a / b for a, b in permutations(values, 2))


def finding(
    scope: Scope, place: tuple[int, int], key: str, who: Sides, context: Context, kind: str
) -> Finding:
    """The accusation of what no pair bears out, with what each of them has."""
    field = attributes()[key].fields[0]
    ids = dict.fromkeys(one for several in (*who.of, *who.against) for one in several)
    shown = dict.fromkeys(f"{one} has {context.catalogue[one].display(field)}" for one in ids
                          if context.catalogue[one].value(field) is not None)  # fmt: skip
    because = f"no two that can be meant are so: {'; '.join([*shown][:5])}"
    return made(context, scope.passage, place, kind, "contradicted", attribute=key, subject=", ".join(ids),
                because=because, evidence=(Evidence(because),))  # fmt: skip
