"""What several of a device cost by the hour, or draw, where the text told before what one of them does.

"The L4 rents for $0.45 an hour ... nine L4s would do it for $3.60 an hour" is wrong: it is $4.05.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import NEAR, RENT, Amounts
from whichgpu.audit.bills.links import GIVEN
from whichgpu.audit.bills.products import explained, finding
from whichgpu.audit.dimensions import dims
from whichgpu.audit.known.store import store
from whichgpu.audit.ledger import entries, known_of
from whichgpu.audit.relations import Way
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.ledger import Entry

_POWER = dims(energy=1, hour=-1)
#: What makes an amount one of something else, or under other conditions.
_ELSE = re.compile(
    r"\b(?:drew|in our (?:racks?|tests?)|each|per (?:gpu|card|device)|apiece|spot|reserv\w+|"
    r"commit\w*|discount\w*|if|"
    r"instead of|saves?|saving|"
    r"machine|system|server|chassis|dgx|hgx|with (?:two|four|eight|sixteen|\d{1,2})|host|wall|"
    r"rig|box|cpus?|idle|limit\w*|capped|measured|averag\w+|"
    r"another|more|less|fewer|than|plus|extra|from|other|elsewhere|cheap\w*|real\w*|practice)\b",
    re.IGNORECASE,
)
#: From where on an amount is wrong, and what is too far to be of the same thing; entries that are kept.
_OFF, _UNLIKE, _KEPT, _ROUNDED = 0.04, 3.0, 200, 0.02


def find(context: Context) -> Iterator[Finding]:
    """Every rent or power of a number of devices that is no such multiple of what the text told of one."""
    told: list[Entry] = []
    for index, passage in context.document.running():
        if not re.search(r"\d", passage.text) or not context.mentions.get(index):
            continue
        names = tuple((each.start, each.end) for each in context.mentions[index])
        text = Amounts(passage, index, terms(passage.text, context.fraction, names), ())
        mine = entries(text, context)
        for at, each in enumerate(mine):
            found = _held(each, [*told, *mine[:at]], text, context)
            if found is not None:
                yield found
        told = [*told, *(each._replace(term=each.term._replace(start=-1, end=0)) for each in mine)][-_KEPT:]


def _drawn(entry: Entry, context: Context) -> list[float]:
    """What the tables and lists of the document tell of the power of a device."""
    return [
        one.value / one.number for each in store(context) if each.measure == "power" and not each.derived
        for one in each.amounts if one.ids & {*entry.ids}
    ]  # fmt: skip


def _held(entry: Entry, told: Sequence[Entry], text: Amounts, context: Context) -> Finding | None:
    """The accusation of what several have, where it is no multiple of what one has."""
    term, words = entry.term, text.passage.text
    if entry.many <= 1 or not entry.named or term.dims not in (RENT, _POWER) or term.each or term.loose:
        return None
    here = text.sentence(term.start)
    given = GIVEN.search(words, max(0, term.start - NEAR), term.start)
    if given or _ELSE.search(words, here.start, min(here.end, term.end + NEAR)):
        return None
    ones = [each for each in told if each.many == 1 and each.ids & entry.ids]
    key = (term.dims, term.sign)
    own = known_of(entry.ids, ones, context)
    known = [*own.get(key, ()), *(own.get("power", ()) if term.dims == _POWER else ())]
    makes = [Way(each.value * entry.many, each.value * entry.many, (each,)) for each in known]
    if (
        not makes
        or any(way.gives(term) for way in makes)
        or not all(_OFF < abs(way.low / term.value - 1) < _UNLIKE for way in makes)
    ):
        return None
    if any(each.value == term.value for each in known) or explained(term, text):
        return None
    if term.dims == _POWER and any(
        abs(each * entry.many / term.value - 1) < _OFF for each in _drawn(entry, context)
    ):
        # What a table says that one draws, whatever is on file.
        return None
    best = min(makes, key=lambda way: abs(way.low / term.value - 1))
    return finding(best, term, "inconsistent", text, context)
