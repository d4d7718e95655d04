"""Prices: rents by the hour against the offers on file, with their days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from whichgpu import prices
from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.findings import VERDICTS, Evidence, made
from whichgpu.audit.tables import stated as tables
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities, read_number
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.offers import HOURS, Range, on_offer, providers_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell
    from whichgpu.audit.text.quantities import Quantity

_PER = re.compile(
    r"\s*(?:/|per\s+|an?\s+)(?:gpu[- /]?)?(second|sec|minute|min|hour|hr|h|day|month)\b", re.IGNORECASE
)
_HOURLY = re.compile(r"(?:\bhourly|\bper hour|/ ?hour|/ ?hr|/ ?h)\b", re.IGNORECASE)
#: What a price is per that is no hour, and headings of rents.
_OTHER_PERIOD = re.compile(
    r"\b(?:month(?:ly)?|mo|year(?:ly)?|annual(?:ly)?|yr|week(?:ly)?|day|daily|minute|second|tokens?|images?|"
    r"buy|purchase|msrp|launch|retail|street)\b",
    re.IGNORECASE,
)
_RENT = re.compile(
    r"\b(?:prices?|pricing|costs?|rates?|rent\w*|on[- ]?demand|spot|reserved|committed|from|usd)\b|\$",
    re.IGNORECASE,
)
#: Words of a figure that is not the rent of one GPU.
_NOT_RENT = re.compile(
    r"\b(?:tokens?|images?|electric\w*|kwh|openai|anthropic|apis?|engineers?|salar\w+|consult\w+|"
    r"sav\w+|total|budget|storage|instance with|hours? of (?:audio|speech|video|footage|sound|recordings?)|"
    r"\d{1,2}\s?[x\u00d7]?\s?(?:gpus|cards)|8x|x8|node|cluster|fell|"
    r"fleets?|together|altogether|in all|all of (?:them|these)|racks?|pods?|setup|bill|sum|"
    r"dropped|equivalent|comparable|"
    r"(?:two|four|eight|sixteen|[2-9]|1\d) (?:x )?(?:nvidia )?[ahbl]\d+|"
    r"server|\w+[- ]way|gigabytes?|"
    r"(?:per|/)\s?(?:gb|[tgp]flops?|tops|watt))\b|/\s?(?:gb|[tgp]flops?|tops|watt)\b",
    re.IGNORECASE,
)
#: The heading of a column of times, beside which costs are those of all of it.
_TIMED = re.compile(
    r"(?:run |gpu |wall )?(?:hours?|days?|time|duration|runtime)(?: \([^)]*\))?", re.IGNORECASE
)
#: "$2,000 + $20.77/month": of the power, not of a GPU.
_ADDED = re.compile(r"(?:\+|\bplus|\bpower(?: is| costs?)?|\belectricity)\s*$", re.IGNORECASE)
#: Words by which a price of a longer period than an hour is one of renting all the time.
_FULL_TIME = re.compile(
    r"\b(?:rent\w*|hir\w+|leas\w+|reserved?|instances?|on[- ]demand|24/7|around the clock|commit\w*|offers?|"
    r"providers?|cloud|dedicated)\b",
    re.IGNORECASE,
)
#: Before the device that a price is of: "$2 for an A100", "$5.98/hr (B200 spot)".
_FOR = re.compile(
    r"(?:\b(?:for|on)\s+(?:an?\s+|the\s+|one\s+|each\s+)?|^[\s/\w-]{0,12}\()(?:nvidia\s+|amd\s+)?$",
    re.IGNORECASE,
)
#: "Eight of them for $20 an hour".
_SO_MANY_FOR = re.compile(
    r"\b(?P<n>two|three|four|six|eight|ten|sixteen|\d{1,2})(?:\s+of\s+(?:them|these|those))?\s+(?:for|at|"
    r"cost)\s+"
    r"(?:about |around |some |only |just |under |over |less than )*$",
    re.IGNORECASE,
)
_NEXT = 40
#: Beyond these multiples of all offers on file a rent is no rent of one GPU by the hour.
_ABSURD = 3.0
#: Rows and columns whose headings are looked at.
_HEADS = 32
#: Headers of how many a row is of, and such a number.
_MANY = re.compile(
    r"\b(?:gpus|cards|instances|replicas|nodes|servers)\b|\b(?:number|count|quantity|qty)\b", re.I
)
_NUMBER = re.compile(r"\W*(\d{1,5})\W*")
#: So many offers of one seller are its range.
_SEVERAL = 3
#: Fewer offers on file tell of no market.
_FEW_OFFERS = 5
#: How far outside the range on file a price may lie and still be one of its day.
_SLACK = 1.25
#: Words of a text that prices whole instances.
_WHOLE = re.compile(
    r"\binstances?\b|\b\w+\.\d*x?large\b|\bservers?\b|\bnodes?\b|(?-i:\bP[345](?:dn?|de|en?)?\b)",
    re.IGNORECASE,
)
#: GPUs of the instances that are rented as a whole.
_INSTANCES = (4, 8)


def find(context: Context) -> Iterator[Finding]:
    """Every rent with its verdict."""
    for table in context.document.tables:
        for cell in tables.cells(table, context):
            provider = providers_in(cell.label)
            if _is_hourly(cell, table) and not _NOT_RENT.search(cell.label):
                place = cell.label + " " + table.caption + " " + _head(table, cell.column)
                whole = _WHOLE.search(place) is not None
                numbers = (1.0, *_numbers(table, cell))
                for quantity in _money(cell.passage, context)[:1]:
                    if _is_sold(quantity, cell.label):
                        continue
                    yield from _best(
                        each for n in numbers
                        for each in _judged(cell.passage, _share(quantity, n), cell.ids, provider, context,
                                            whole=whole)
                    )  # fmt: skip
    for index, passage in context.document.running():
        yield from _of_passage(index, passage, context)


def _best(answers: Iterable[Finding]) -> list[Finding]:
    """Of the answers on a price that may be of one or of several the kindest."""
    return sorted(answers, key=lambda one: VERDICTS.index(one.verdict))[:1]


def _is_sold(quantity: Quantity, own: str) -> bool:
    """Whether an amount is of a purchase: thousands, in a cell that says of no hour itself."""
    return quantity.value >= _SOLD and not _HOURLY.search(own)


#: Dollars that no GPU is let for by the hour.
_SOLD = 1000.0


def _numbers(table: Table, cell: Cell) -> Iterator[float]:
    """How many of its device the row of a price speaks of: "GPUs needed: 30"."""
    for column, other in enumerate(table.rows[cell.row]):
        told = _NUMBER.fullmatch(other.text) if other and _MANY.search(_head(table, column)) else None
        if told and int(told[1]) > 1:
            yield float(told[1])


def _is_hourly(cell: Cell, table: Table) -> bool:
    """Whether a cell is a rent by the hour: by its own heading, else by the table's caption.

    A caption speaks of the columns only where none of them says for itself what it is per.
    """
    own = cell.label + " " + _head(table, cell.column)
    if _HOURLY.search(own) or _OTHER_PERIOD.search(own):
        return not _OTHER_PERIOD.search(own)
    if not (_RENT.search(own) and _by_caption(table)):
        return False
    return not any(_TIMED.fullmatch(_head(table, column)) for column in range(len(table.rows[0])))


def _by_caption(table: Table) -> bool:
    """Whether a caption tells of an hour, and no heading of a period."""
    if not _HOURLY.search(table.caption):
        return False
    heads = (*table.rows[0], *(row[0] for row in table.rows[:_HEADS] if row))
    return not any(
        _HOURLY.search(each.text) or _OTHER_PERIOD.search(each.text) for each in heads[: 2 * _HEADS] if each
    )


def _head(table: Table, column: int) -> str:
    cell = table.cell(0, column)
    return cell.text if cell else ""


def _money(passage: Passage, context: Context) -> list[Quantity]:
    return [
        each
        for each in quantities(passage.text, context.fraction)
        if each.dimension == "money" and each.unit in ("$", "US$", "USD") and each.value > 0
    ]


def _of_passage(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    money = _money(passage, context)
    if not money:
        return
    for sentence in sentences(passage.text):
        # "$0.11 and $0.08 respectively" are not of the nearest.
        if _NOT_RENT.search(sentence.text) or "respectively" in sentence.text:
            continue
        # "At $0.49 and $1.64 per hour, a run costs $2.94 on the A": of two, in an order that comes behind.
        if _OF_TWO.search(sentence.text):
            continue
        who = spoken(index, passage, sentence, context)
        for quantity in money:
            per = _PER.match(passage.text, quantity.end)
            if not sentence.start <= quantity.start < sentence.end or not per:
                continue
            mention = _rented(quantity, who)
            if mention is None or _ADDED.search(passage.text, max(0, quantity.start - _NEXT), quantity.start):
                continue
            whole = _WHOLE.search(passage.text) is not None
            hours = HOURS[per[1].lower()]
            hourly = _share(quantity, hours)
            if hours > 1 and not _FULL_TIME.search(sentence.text):
                # What a month costs may be for some hours of it, or for power alone: it is no offer.
                continue
            sellers = providers_in(sentence.text)
            # "Eight A100s at $2 an hour": of all together, or of each.
            start = min(sentence.start, max(0, mention.start - _NEXT))
            counts = {counted(passage.text, start, mention.start), 1.0}
            if many := _SO_MANY_FOR.search(passage.text, sentence.start, quantity.start):
                counts.add(read_number(many["n"]))
            yield from _best(
                each
                for count in sorted(counts, reverse=True)
                for each in _judged(
                    passage, _share(hourly, count), mention.ids, sellers, context, whole=whole
                )
            )


_OF_TWO = re.compile(
    r"\$\s?\d+(?:\.\d+)?\s(?:and|or|versus|vs\.?|against)\s\$\s?\d+(?:\.\d+)?\s(?:per|an|"
    r"a)\s(?:GPU[- ])?hour",
    re.IGNORECASE,
)


def _rented(quantity: Quantity, who: Spoken) -> Mention | None:
    """The device that a price is of: "$2 for an A100" after it, else what is spoken of before it."""
    after = [each for each in who.here if 0 <= each.start - quantity.end < _NEXT]
    if after and _FOR.search(who.text[quantity.end : after[0].start]):
        return after[0]
    return who.owner(quantity.start) or (who.here[0] if who.here else None)


def _judged(
    passage: Passage, quantity: Quantity, ids: Sequence[str], sellers: Sequence[str], context: Context, *,
    whole: bool,
) -> Iterator[Finding]:  # fmt: skip
    """Confirmed inside the range on file, outdated where it was so once, absurd far outside of all."""
    since = (context.today - timedelta(days=prices.STALE_DAYS)).isoformat()
    every, fresh = on_offer(ids), on_offer(ids, since=since)
    if every is None:
        return
    own = (on_offer(ids, sellers, since=since) if sellers else None) or fresh or every
    once = (on_offer(ids, sellers) if sellers else None) or every
    # One offer of a seller is no bound on its others; what all of them ask is.
    most = own.high if own.offers >= _SEVERAL else max(own.high, (fresh or every).high)
    verdict, because = _verdict(quantity, own, once, every, most=most)
    # What is far too dear for one GPU may be the rent of an instance with several.
    dear = whole and quantity.value > _ABSURD * own.high
    if dear and verdict != "confirmed" and any(_inside(_share(quantity, n), every) for n in _INSTANCES):
        verdict, because = "unverifiable", f"{because} for one GPU; it may be of an instance with several"
    yield made(
        context, passage, (quantity.start, quantity.end), "price", verdict, subject=", ".join(ids),
        attribute="rent", because=because, evidence=(Evidence(because, own.source),),
        expected="" if verdict == "confirmed" else f"${own.low:.2f} - ${own.high:.2f}",
    )  # fmt: skip


def _verdict(quantity: Quantity, own: Range, once: Range, every: Range, *, most: float) -> tuple[str, str]:
    """`own` are the offers of today that it is held against, `once` the older ones too; `most` anybody's."""
    because = (
        f"{own.offers} offers of {own.first} to {own.last} ask {own.low:.2f} to {own.high:.2f} USD an hour"
    )
    if _inside(quantity, own):
        return "confirmed", because
    if every.offers < _FEW_OFFERS:
        return "unverifiable", because
    if quantity.value > _ABSURD * most or quantity.high < every.low / _ABSURD:
        return "contradicted", f"{because}; of any day {every.low:.2f} to {every.high:.2f}"
    # What was never asked is no price of another day.
    if once.low <= quantity.value <= once.high and once.first < own.first:
        return "outdated", f"{because}; from {once.first} on it was {once.low:.2f} to {once.high:.2f}"
    return "unverifiable", because


def _share(quantity: Quantity, count: float) -> Quantity:
    return quantity._replace(value=quantity.value / count, high=quantity.high / count)


def _inside(quantity: Quantity, known: Range) -> bool:
    return quantity.high >= known.low / _SLACK and quantity.value <= known.high * _SLACK
