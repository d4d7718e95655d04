"""What one of two costs by what was told of both: "the A100 costs $1.60, the H100 $2.50, 36 % more"."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.said import claims, is_near
from whichgpu.audit.predicated.clauses import same_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.predicated.clauses import Clause, Side

_OF_MONEY = re.compile(
    r"\b(?:costs?|expensive|cheaper|dearer|pricier|costlier|pa(?:y|id)|price)\b", re.IGNORECASE
)
_ORDER = re.compile(
    r"\b(?:(?P<less>cheaper(?! than ever)|less expensive|costs less)|"
    r"(?P<more>dearer|pricier|costlier|more expensive|costs more))\b",
    re.IGNORECASE,
)
#: A result of the very prices.
_SO = re.compile(r"\W*(?:so|thus|hence|therefore|that makes)\b", re.IGNORECASE)
#: What makes it a price of something else than those that were told.
_ELSE = re.compile(
    r"\b(?:per|tokens?|million|gigabytes?|watts?|teraflops?|used|launch\w*|reserved|spot|each|together|two|three|"
    r"four|eight|if|would|could|might|should|overall|in total|elsewhere|owning|electricity|than ever|not|nor|"
    r"neither)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_MONEY = ("money", "launch_price")


def priced(one: Clause, context: Context) -> Iterator[Finding]:
    """A ratio or an order of prices that no two have which were told of a clause's two devices."""
    words = _OF_MONEY.search(one.text)
    if words is None or not one.who or _ELSE.search(one.text):
        return
    base = one.against or _only_other(one, context)
    own, others = _told(one, one.subject, context), _told(one, base, context) if base else []
    if not own or not others or same_model(one.subject, base, context):
        return
    ratios = [a / b for a, b in product(own, others) if b]
    because = f"{own[-1]:,.4g} is told of the one, {others[-1]:,.4g} of the other"
    every = [each for each in claims(one.passage.text, one.sentence, context.fraction)
             if one.body <= each.start < one.end]  # fmt: skip
    if len(every) == 1:
        if not any(is_near(way, real) for way in every[0].ways for real in ratios):
            yield _accused(one, (every[0].start, every[0].end), because, context)
        return
    order = _ORDER.search(one.passage.text, one.body, one.end)
    if (
        order
        and _SO.match(one.text)
        and not every
        and all(real > 1 if order["less"] else real < 1 for real in ratios)
    ):
        yield _accused(one, order.span(), because, context)


def _told(one: Clause, side: Side, context: Context) -> list[float]:
    return [value for ids, key, value in one.told if key in _MONEY and same_model(ids, side, context)]


def _only_other(one: Clause, context: Context) -> Side:
    """The one other device of which a price was told."""
    sides = {ids for ids, key, _ in one.told if key in _MONEY and not same_model(ids, one.subject, context)}
    return sides.pop() if len(sides) == 1 else ()


def _accused(one: Clause, place: tuple[int, int], because: str, context: Context) -> Finding:
    return made(
        context, one.passage, place, "ratio", "inconsistent", subject=", ".join(one.subject),
        attribute="price", because=because, evidence=(Evidence(because),),
    )  # fmt: skip
