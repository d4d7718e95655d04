"""Lists of what so much work costs on each device, by what it makes in an hour and the rents told elsewhere.

"RTX A6000: 2.1 million tokens an hour, so $0.24", "A10: 900 images an hour, or $0.83 per thousand": where two
of them are by the rents of one column or list and for the same work, one that no rent of its device makes is
wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.store import SPOKEN, store
from whichgpu.audit.roundings import stated
from whichgpu.audit.sentences import within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: What is made in an hour, and behind it what so much of it costs.
_MADE = re.compile(
    r"(?<![\w.,$])(?P<n>\d[\d,]*(?:\.\d+)?)\s?(?P<scale>million|thousand|[MkK](?=\s))?\s*(?:[a-z]+\s+)?"
    r"(?P<noun>token|image|picture|request|frame|sample|sequence)s?\s*(?:/|an|per|each|every)\s?(?:hour|hr|h)\b"
    r"[^.;$\u20ac\u00a3\d]{1,32}(?P<paid>[$\u20ac\u00a3]\s?(?P<price>\d+(?:\.\d+)?))",
    re.IGNORECASE,
)
_SCALES = {"million": 1e6, "m": 1e6, "thousand": 1e3, "k": 1e3}
#: Other terms than the rent of its device.
_ELSE = re.compile(
    r"\b(?:spot|reserv\w+|api|electricity|kwh|utili[sz]\w+|busy|saving\w*|instead)\b|\d\s?%", re.I
)
#: Amounts of work that a price is of, and how far one is off that is wrong.
_WORK = (1e6, 1e3, 1e2, 1.0, 1e4, 1e5)
_LEAST, _SURE, _CLOSE, _OFF, _MOST = 3, 2, 0.012, 0.08, 40


class _Item(NamedTuple):
    """What is told of a device: what it makes in an hour, and the price of some of it."""

    passage: Passage
    ids: frozenset[str]
    made: float
    price: float
    noun: str
    place: tuple[int, int]

    @property
    def slack(self) -> float:
        """What rounding may make of its price."""
        words = self.passage.text[slice(*self.place)]
        return _CLOSE + stated(self.price, words, "", frozenset()).rounding

    def work(self, rent: float) -> float:
        """How much of it the price is of, by a rent."""
        return self.price * self.made / rent


def find(context: Context) -> Iterator[Finding]:
    """Every such price that is not by the rent of its device."""
    items = list(_items(context))
    for noun in sorted({each.noun for each in items}):
        yield from _judged([each for each in items if each.noun == noun], context)


def _items(context: Context) -> Iterator[_Item]:
    """The items that tell both of one device."""
    for index, passage in context.document.running():
        found = list(_MADE.finditer(passage.text)) if "hour" in passage.text or "/h" in passage.text else []
        named = context.mentions.get(index, ())
        for before, match in zip((0, *(each.end() for each in found)), found, strict=False):
            devices = within(named, before, match.start())
            if len({each.named for each in devices}) != 1 or _ELSE.search(passage.text, before, match.end()):
                continue
            number = float(match["n"].replace(",", "")) * _SCALES.get((match["scale"] or "").lower(), 1.0)
            price = float(match["price"])
            if number and price:
                ids = frozenset((*devices[0].named, *devices[0].ids))
                yield _Item(passage, ids, number, price, match["noun"].lower(), match.span("paid"))


def _rents(items: Sequence[_Item], context: Context) -> list[list[tuple[frozenset[str], float]]]:
    """The rents of one of each device, by the columns and lists that tell them, no prices of items."""
    places = {each.passage.span(0, len(each.passage.text)) for each in items}
    every = [
        [
            (one.ids, one.value)
            for one in each.amounts
            if one.ids and one.number == 1 and one.high == one.value
        ]
        for each in store(context)
        if each.measure == "price"
        and each.dimension == "money"
        and not each.derived
        and each.group != SPOKEN
        and not any(a <= one.start < b for one in each.amounts for a, b in places)
    ]
    return [each for each in every if len(each) > 1][:_MOST]


def _judged(items: Sequence[_Item], context: Context) -> Iterator[Finding]:
    """The items that no rent makes, where others are made by those of one column."""
    series = _rents(items, context) if len(items) >= _LEAST else []
    for rents in series:
        told = [(one, rent) for one in items for ids, rent in rents if ids & one.ids]
        for work in _WORK:
            right = [one for one, rent in told if abs(one.work(rent) / work - 1) <= one.slack]
            if len(right) < _SURE or 2 * len(right) <= len(items):
                continue
            for one, rent in told:
                other = (value for each in series for ids, value in each if ids & one.ids)
                if one in right or any(abs(one.work(each) / work - 1) <= _OFF + one.slack for each in other):
                    continue
                yield _finding(one, rent, work, context)
            return


def _finding(one: _Item, rent: float, work: float, context: Context) -> Finding:
    real = f"{rent / one.made * work:.2g}"
    because = f"{rent:g} an hour for {one.made:,.10g} {one.noun}s are {real} for {work:,.10g} of them"
    return made(
        context, one.passage, one.place, "arithmetic", "inconsistent", attribute="price of work",
        because=because, expected=real, evidence=(Evidence(because),),
    )  # fmt: skip
