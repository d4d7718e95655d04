"""Who is first by an amount per unit of another: "the lowest cost per token", "the most memory per dollar".

By a line that tells it ("$/GB"), else by two lines of the same things, one over the other, wherever in the
document they stand. Wrong is what every line and every such pair contradicts.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.superlatives import is_restricted
from whichgpu.audit.known.store import LAID_OUT, over, store
from whichgpu.audit.own_tables.extremes import NOT_ALL, leader, of_whom
from whichgpu.audit.own_tables.lines import Reading
from whichgpu.audit.statements.things import said_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Amount, Series
    from whichgpu.audit.statements.things import Said

_MOST, _LEAST = "best|highest|most|greatest|strongest", "lowest|least|cheapest|smallest|best"
_NEXT = r"[\s-]+"
_WORK = r"tokens?|images?|samples?|T?FLOPS|TOPS"
#: What is told per unit: what a unit of money or of power buys, and what a unit of work or of memory costs.
_BUYS = re.compile(
    rf"\b(?:(?P<top>{_MOST}){_NEXT})?(?P<what>VRAM|(?:GPU )?memory|GBs?|gigabytes|(?:memory )?bandwidth|"
    rf"throughput|performance|speed|compute|{_WORK}){_NEXT}"
    rf"(?:(?:per|a|for (?:the|your|each|every)|for|to the){_NEXT}(?P<unit>dollar|euro|pound|buck|money|watt)|"
    r"/\s?(?P<short>\$|W\b))",
    re.IGNORECASE,
)
_COSTS = re.compile(
    rf"(?<![\w$])(?:(?P<top>{_LEAST}){_NEXT})?(?:price|cost|\$|dollars?)"
    rf"(?:{_NEXT}(?:per|for (?:each|every)){_NEXT}|\s?/\s?)"
    rf"(?:(?:million|1M|thousand|1,?000){_NEXT})?(?P<what>gigabytes?|GB|{_WORK})\b",
    re.IGNORECASE,
)
#: Behind such an amount, that one has the best of it: "nothing beats the P40", "is unmatched".
_UNBEATEN = re.compile(
    r"(?: of \w+)?,?\s+(?:(?:nothing|nobody|no (?:other )?(?:card|gpu))(?: else)?\s+(?:beats|touches|matches|"
    r"comes close to)\s+(?:(?:the|nvidia)\b)?|(?:is|are|remains)\s+(?:unmatched|unbeaten|unbeatable|"
    r"second to none)\b)",
    re.IGNORECASE,
)
#: The same in front of it: "nothing else comes close on $/GB".
_NONE_NEAR = re.compile(
    r"\b(?:nothing|nobody|no (?:other )?(?:card|gpu))(?: else)?\s+(?:even )?(?:(?:beats|touches|matches) it|"
    r"comes (?:close|near)(?: to it)?)\s+(?:on|in|for|by)\s+$",
    re.IGNORECASE,
)
#: The measure of a word, first that which its first letters give.
_MEASURES = (
    ("memory", re.compile(r"VRAM|(?:GPU )?memory$|GBs?$|gigabyte", re.IGNORECASE)),
    ("bandwidth", re.compile(r"(?:memory )?bandwidth", re.IGNORECASE)),
    ("peak", re.compile(r"T?FLOPS|TOPS|compute", re.IGNORECASE)),
    ("speed", re.compile(r"\w", re.IGNORECASE)),
)
_PER_GIGABYTE = re.compile(
    r"(?:[$\u20ac]|\b(?:price|cost|USD)\b).{0,12}(?:/|per)\s?(?:GB|gigabyte)\b", re.IGNORECASE
)
#: A price of work, or of a term that is no hour: over a rate it is nothing that others are held against.
_ELSE = re.compile(r"/|\b(?:per|each|million|token|image|job|run|month|year|spot|reserved)\b", re.IGNORECASE)
_HOURLY = re.compile(r"(?:/|\bper|\ban?)\s?(?:h|hr|hour)\b|\bhourly\b", re.IGNORECASE)
#: Of how many things a line tells that who is first of them says something.
_SEVERAL = 2


def per_unit(context: Context) -> Iterator[Finding]:
    """Every superlative of one amount per unit of another that the document's own amounts contradict."""
    for index, passage in context.document.running():
        for way, costs in ((_BUYS, False), (_COSTS, True)):
            if not way.search(passage.text):
                continue
            for said in said_of(index, passage, context):
                for match in way.finditer(passage.text, said.sentence.start, said.sentence.end):
                    yield from _judged(said, match, costs=costs)


def _judged(said: Said, match: re.Match[str], *, costs: bool) -> Iterator[Finding]:
    start, end = Reading(said, ()).clause(match.start())
    tail = None if match["top"] else _UNBEATEN.match(said.text, match.end())
    lead = None if match["top"] else _NONE_NEAR.search(said.text, said.sentence.start, match.start())
    if not match["top"] and tail is None and lead is None:
        return
    if tail is not None or lead is not None:
        # "For memory per dollar, nothing beats it": of one clause, whatever marks stand in it.
        start, end = said.sentence.start, said.sentence.end
    of_some = NOT_ALL.search(said.text, start, match.start()) or is_restricted(said.text, match.end(), end)
    if start >= end or of_some:
        return
    measure = next(key for key, way in _MEASURES if way.match(match["what"]))
    held: list[tuple[Series, Amount | None]] = []
    for line, sign in _lines(said.context, measure, _unit(match, costs=costs), costs=costs):
        reading = Reading(said, (line,))
        one = _of_whom(reading, line, match, tail, (start, end))
        if one is None and lead is not None:
            one = _only_before(reading, line, match.start())
        if one is not None:
            held.append((line, leader(line, one, sign)))
    if held and all(first is not None for _, first in held):
        line, first = held[0]
        place = (
            lead.start() if lead is not None else match.start(),
            tail.end() if tail is not None else match.end(),
        )
        yield Reading(said, (line,)).wrong(place, "ordering", line, first.name if first else "")


def _of_whom(
    reading: Reading, line: Series, match: re.Match[str], tail: re.Match[str] | None, place: tuple[int, int]
) -> Amount | None:
    """The thing of a line that is said to be first."""
    named = reading.named(line, tail.end(), place[1]) if tail is not None else []
    if tail is not None and named and named[0][0] <= tail.end() + 1:
        return named[0][2]
    return of_whom(reading, line, (match.start(), match.end(), match.end()), place)


def _only_before(reading: Reading, line: Series, at: int) -> Amount | None:
    """The one thing of a line that a passage names before a place: "The P40 has 24 GB. Nothing else"."""
    named = {amount.name: amount for _, _, amount in reading.named(line, 0, at)}
    return next(iter(named.values())) if len(named) == 1 else None


def _unit(match: re.Match[str], *, costs: bool) -> str:
    """What an amount is told per: a price, or a power."""
    if costs:
        return "price"
    return "power" if (match["unit"] or match["short"]).lower() in ("watt", "w") else "price"


def _lines(context: Context, measure: str, unit: str, *, costs: bool) -> Sequence[tuple[Series, int]]:
    """The lines that may be meant, each with 1 where the first has the most of it and -1 where the least."""
    own = [each for each in store(context) if not each.derived and each.group > LAID_OUT]
    if measure == "memory" and unit == "price":
        told = [each for each in own if _PER_GIGABYTE.search(each.label) and len(each.amounts) > _SEVERAL]
        if told:
            return [(each, -1) for each in told]
    whats = [each for each in own if each.measure == measure]
    units = [each for each in own if each.measure == unit and (unit == "power" or _is_plain(each))]
    made = [
        over(b, a) if costs else over(a, b)
        for a, b in product(whats, units)
        if len({each.name for each in a.amounts} & {each.name for each in b.amounts}) >= _SEVERAL
    ]
    return [(each, -1 if costs else 1) for each in made]


def _is_plain(price: Series) -> bool:
    """Whether a price is that of a device, or of an hour of it."""
    return _HOURLY.search(price.label) is not None or not _ELSE.search(price.label)
