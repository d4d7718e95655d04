"""A difference in an attribute that no two devices have of which the text speaks: "power went up by 50 W"."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.excluded.ratios import OTHER, clause_of, is_of_two
from whichgpu.audit.excluded.scope import of_no_two
from whichgpu.audit.known.store import store
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import attributes
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

#: What amounts of a kind are differences of, and what a clause calls it.
_OF = {
    "memory": ("memory", re.compile(r"\b(?:memory|vram|capacity|gddr\w*|hbm\w*)\b", re.IGNORECASE)),
    "power": ("power", re.compile(r"\b(?:power|tdp|tgp|tbp|draws?|consum\w+|rated|board)\b", re.IGNORECASE)),
    "bandwidth": ("bandwidth", re.compile(r"\bbandwidth\b", re.IGNORECASE)),
}
_MORE = re.compile(
    r"\s*(?:of (?:memory|vram) )?(?:more|less|fewer|extra|additional|higher|lower|above|below)\b",
    re.IGNORECASE,
)
_BY = re.compile(
    r"\b(?:up|rose|risen|grew|grown|fell|fallen|dropped|increased?|increases|climbed|lower|higher|differs?|"
    r"apart) by (?:just |only |about |a mere |some )?$|\bdifference of (?:just |only |about )?$",
    re.IGNORECASE,
)
#: What is measured or asked of a machine, and what is left over.
_MEASURED = re.compile(
    r"\b(?:undervolt\w*|wall|idl\w+|peak\w*|spike\w*|under load|in games?|gaming|average|limit\w*|supply|psu|"
    r"headroom|cache|spare|room for|would|could|if|adds?|plus|slot|board partner)\b|\+",
    re.IGNORECASE,
)
_NEAR = 0.04


def differences(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence that are so of no two."""
    text, sentence = scope.passage.text, scope.sentence
    if not (is_asserted(sentence.text) and is_indicative(sentence.text)):
        return
    for each in within(quantities(text, context.fraction), sentence.start, sentence.end):
        if each.dimension not in _OF or each.high != each.value or each.limit:
            continue
        if not (
            _MORE.match(text, each.end) or _BY.search(text, max(sentence.start, each.start - 40), each.start)
        ):
            continue
        clause = clause_of(text, (each.start, each.end), scope)
        around = f"{text[clause[0] : each.start]} {text[each.end : clause[1]]}"
        key, words = _OF[each.dimension]
        if OTHER.search(around) or _MEASURED.search(around) or not words.search(around):
            continue
        two = is_of_two(scope, clause, context) or _are_told(scope, each.start, context)
        if two and not _is_anyones(each, key, scope, context):
            yield of_no_two((each.start, each.end), key, scope, context)


def _are_told(scope: Scope, at: int, context: Context) -> bool:
    """Whether two devices or more are named before, of which "more" is told."""
    names = context.mentions.get(scope.number, ())
    return len({model(each.named[0], context.catalogue) for each in names if each.start < at}) > 1


def _is_anyones(one: Quantity, key: str, scope: Scope, context: Context) -> bool:
    """Whether two devices differ by an amount, or two amounts of the kind that the text tells."""
    gpus = [context.catalogue[name] for name in sorted(context.spoken_of)]
    here = {model(name, context.catalogue) for each in scope.here for name in each.ids}
    known = [
        (model(gpu.id, context.catalogue), value) for gpu in gpus for value in attributes()[key].amounts(gpu)
    ]
    nominal = [(name, (nominal_gb(value) or 0) * 1e9) for name, value in known if key == "memory"]
    told = [each.value for each in quantities(scope.passage.text, context.fraction)
            if each.dimension == one.dimension and each is not one]  # fmt: skip
    told += [each.value for row in store(context) if row.dimension == one.dimension for each in row.amounts]
    both = (pair for values in (known, nominal) for pair in permutations(values, 2))
    pairs = [(a, b) for (x, a), (y, b) in both if not here or {x, y} & here]
    pairs += permutations(told[:60], 2)
    return any(abs((a - b) / one.value - 1) < _NEAR for a, b in pairs)
