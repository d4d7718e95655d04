"""Ratios of prices that no two told around have: "8,400 and 6,900 euros. You pay 35 percent more"."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.said import claims
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.weighed.plain import clause_of
from whichgpu.audit.weighed.ratios import is_off
from whichgpu.audit.weighed.sides import every_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding

#: Of what a ratio is one of prices: around it, or right behind it.
_PAYS = re.compile(
    r"\b(?:(?:you|we|one) pays?|costs?|is priced|the price (?:is|rises|goes up))\b[^.;,]{0,30}$",
    re.IGNORECASE,
)
_DEAR = re.compile(r"\s+(?:cheaper|dearer|pricier|costlier|more expensive|less expensive)\b", re.IGNORECASE)
_MORE = re.compile(
    r"\s+(?:more|less|as much)(?=\s*(?:[.,;)]|$|and\b|but\b|than\b|for\b|than\b))", re.IGNORECASE
)
#: What makes of it another price than those that are told.
_ELSE = re.compile(
    r"\b(?:per|tokens?|images?|used|second[- ]hand|today|now|street|electricity|kwh|energy|total|overall|"
    r"year|month|than before|"
    r"originally|usual|normal\w*|average|discount|reserved|spot|commit\w*|run|job|training|each)\b",
    re.IGNORECASE,
)
_MOST, _LEAST = 6, 2


def prices(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence that no two prices of its passage have, nor launch prices of what is spoken of."""
    text, sentence = scope.passage.text, scope.sentence
    if not is_asserted(sentence.text):
        return
    told = claims(text, sentence, context.fraction)
    for each in told:
        paid = _PAYS.search(text, sentence.start, each.start) and _MORE.match(text, each.end)
        if not (paid or _DEAR.match(text, each.end)):
            continue
        first, last = clause_of(text, (each.start, each.end), scope)
        if _ELSE.search(sentence.text) or not is_indicative(text[first:last]):
            continue
        amounts = [
            one
            for one in within(quantities(text, context.fraction), 0, sentence.end)
            if one.dimension == "money"
        ]
        values = [one.value for one in amounts if one.value > 0]
        if not _LEAST <= len(values) <= _MOST or len({one.unit for one in amounts}) > 1:
            continue
        ratios = [a / b for a, b in permutations(values, 2)]
        ratios += _of_launch(context)
        if all(is_off(way, ratios) for way in each.ways):
            shown = " and ".join(text[one.start : one.end] for one in amounts[-2:])
            because = f"no two of the prices told are so, {shown} among them"
            yield made(
                context, scope.passage, (each.start, each.end), "ratio", "inconsistent", attribute="price",
                because=because, evidence=(Evidence(because),),
            )  # fmt: skip


def _of_launch(context: Context) -> list[float]:
    """The ratios of the launch prices of the devices that a text speaks of."""
    known = [
        {float(value) for key in ids if (value := context.catalogue[key].value("launch_price"))}
        for ids in every_model(context).values()
    ]
    return [a / b for one, other in permutations(known, 2) for a in one for b in other]
