"""What can be weighed: what a comparison is in and whom it can mean, unless its words make it another's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.comparisons.multiple import OF_SLICES
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.attributes import CHIP, attributes
from whichgpu.audit.weighed.measure import amounts_in, measure, values_of
from whichgpu.audit.weighed.sides import sides

if TYPE_CHECKING:
    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.weighed.sides import Sides

#: What makes it a ratio of something else than of two devices as they are sold.
_ELSE = re.compile(
    r"\bper[ -](?!gpu|card|second|module)\w+|\b(?:dollars?|price[sd]?|cost\w*|cheap\w*|expensive|dear\w*|"
    r"rent\w*|euros?|"
    r"measur\w+|tests?|tested|throughput|tokens?|t/s|images?|samples?|frames|train\w*|inference|render\w*|"
    r"batch\w*|models?|"
    r"weights?|quanti\w+|kv|context|links?|slots?|dies|chiplets?|slices?|cpus?|cores? per|own|any other|"
    r"every|average|usage|"
    r"idle\w*|load|overhead|need\w*|requir\w+|fits?|utili[sz]\w+|efficien\w+|sell\w*|market\w*|ram|ddr\d|"
    r"effective|rest|remaining|left|free|scal\w+|games?|gaming|fps|practice|real[- ]world|applications?|"
    r"money|shares?|SDXL|SD|dynamics|simulation\w*|workloads?|made|makes|another|spars\w+|this figure|"
    r"that figure|overclock\w*|undervolt\w*|"
    r"limit(?:ed|ing)?|capped|bits|data ?sets?|time|hours?|minutes?|days?|years?|"
    r"energy|kwh|noise|size[sd]?|boards?' |square|density|stacks?|expect\w*|hop(?:e|ed|ing)|bidirection\w*|"
    r"direction)\b|%\s?of\b",
    re.IGNORECASE,
)
#: Several at once, and what is not.
_SEVERAL = re.compile(
    r"(?:(?<!the )(?<!these )(?<!those )(?<!of )\btwo|\b(?:three|four|six|eight|sixteen|pairs?|several|"
    r"nodes?|servers?|systems?|machines?|racks?|clusters?|pods?|hosts?|box|"
    r"both|together|combined|dual|\d+\s?x|x\s?\d+))\b(?!\s(?:years?|times|generations?|months?|hours?))|"
    r"\b\d+\s?[x\u00d7]\s",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|never|nor|neither|hardly|instead|rather|would|could|if(?! you (?:count|take|look|go by|"
    r"compare|believe))(?! one (?:counts|takes|looks|goes by)))\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_KEYED = {
    "memory": re.compile(
        r"\b(?:cache|FP\d+|INT\d|BF16|TF32|parameters?|bits?|precision|formats?|l2|host|swap)\b",
        re.IGNORECASE,
    )
}
#: How one looks at what is said, and no condition of it.
IF_YOU = re.compile(r"\bif (?:you|one|we) (?:count|take|look|go by|compare|believe)s?\b", re.IGNORECASE)
#: Parts of a sentence that speak of something else.
_CLAUSE = re.compile(
    r"[;:]\s|\s(?=and (?:costs?|draws?|needs?|is|has|comes?|takes?)\b)|,\s+(?:and|but|while|whereas|though|"
    r"although|so|which|because|as|since)\s|\s[\u2013\u2014]\s|\.\s"
)


def _is_of_several(scope: Scope) -> bool:
    """Whether a sentence, or the one before it, speaks of several at once; "both" there is of itself."""
    text, sentence = scope.passage.text, scope.sentence
    found = _SEVERAL.finditer(text, _begin_before(scope), sentence.end)
    return any(each.start() >= sentence.start or each[0].lower() != "both" for each in found)


def is_stated(scope: Scope) -> bool:
    """Whether a sentence states something of devices in its author's voice, and of none in parts."""
    text = scope.sentence.text
    return is_asserted(text) and not CHIP.search(text) and not OF_SLICES.search(scope.passage.text)


def weighable(scope: Scope, start: int, end: int, context: Context) -> tuple[str, Sides] | None:
    """What a comparison is in, and whom it can mean; None where its clause is of something else."""
    what = measure(scope, start, end, context)
    if what is None or not is_plain(scope, (start, end), what):
        return None
    if _is_of_several(scope):
        return None
    who = sides(scope, start, end, context)
    return (what[0], who) if who and _is_told_of(what[0], who, scope, start, context) else None


def is_plain(scope: Scope, place: tuple[int, int], what: tuple[str, int]) -> bool:
    """Whether no word of a clause makes a comparison one of something else than devices as they are sold."""
    text, (key, at) = scope.passage.text, what
    first, last = clause_of(text, (min(place[0], at), place[1]), scope)
    around = f"{text[first : place[0]]} {text[place[1] : last]}"
    else_ = _ELSE.search(around) or _NOT.search(around) or (key in _KEYED and _KEYED[key].search(around))
    return not else_ and is_indicative(IF_YOU.sub(" ", text[first:last]))


def _is_told_of(key: str, who: Sides, scope: Scope, end: int, context: Context) -> bool:
    """Whether every amount of the kind that the sentence tells is one of the devices that are weighed."""
    dimension = attributes()[key].dimension
    told = [
        each.value
        for each in amounts_in(scope, scope.sentence.start, end, context)
        if each.dimension == dimension
    ]
    # A list of several tells of others, too.
    ids = (*who.of, *who.against, *((tuple(context.spoken_of),) if len(told) > _LISTED else ()))
    known = [value for each in ids for value in values_of(key, each, context)]
    return all(any(abs(one / value - 1) < _TOLD for value in known) for one in told)


_LISTED = 2
#: How far an amount as it is told may be from that on file.
_TOLD = 0.04


def _begin_before(scope: Scope) -> int:
    """Where the sentence before begins, which may tell of how many it is."""
    before = [each.start for each in sentences(scope.passage.text) if each.start < scope.sentence.start]
    return before[-1] if before else scope.sentence.start


def clause_of(text: str, place: tuple[int, int], scope: Scope) -> tuple[int, int]:
    """The clause that a stretch of a sentence stands in."""
    start, end = scope.sentence.start, scope.sentence.end
    begin = max((each.end() for each in _CLAUSE.finditer(text, start, place[0])), default=start)
    return begin, next((each.start() for each in _CLAUSE.finditer(text, place[1], end)), end)


def finding(
    scope: Scope, place: tuple[int, int], what: tuple[str, Sides], context: Context, kind: str
) -> Finding:
    """The accusation of what no pair bears out, with what each of them has."""
    key, who = what
    field = attributes()[key].fields[0]
    ids = dict.fromkeys(one for several in (*who.of, *who.against) for one in several)
    gpus = [context.catalogue[one] for one in ids]
    shown = dict.fromkeys(
        f"{gpu.id} has {gpu.display(field)}" for gpu in gpus if gpu.value(field) is not None
    )
    because = f"no two that can be meant are so: {'; '.join([*shown][:5])}"
    return made(
        context, scope.passage, place, kind, "contradicted", attribute=key, subject=", ".join(ids),
        because=because, evidence=(Evidence(because),),
    )  # fmt: skip
