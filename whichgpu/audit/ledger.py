"""Who has what: the amounts that prose tells of each device, with how many of it they are of.

An amount is of the device right behind it by a preposition ("$0.31 on the H100"), else of the last one named
before it in its sentence, else of the only one that its passage is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import MONEY, NEAR, RENT
from whichgpu.audit.bills.links import GIVEN
from whichgpu.audit.dimensions import dims
from whichgpu.audit.nodes import number, of_catalogue
from whichgpu.audit.roles import counted, spoken
from whichgpu.audit.sentences import sentences, within
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from whichgpu.audit.bills.amounts import Amounts
    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.findings import Context
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention


class Entry(NamedTuple):
    """An amount of a device: all ids that its name may mean, and how many of it have the amount together."""

    ids: frozenset[str]
    term: Term
    many: float = 1.0
    #: Whether the device is named in the sentence itself.
    named: bool = True


#: From an amount to the device that it is told of behind it: "20.9 ms on the H100".
_ON = re.compile(
    r"[^\d.,;:()]{0,24}?\b(?:on|for|with|by|from|of)\s+(?:(?:the|an?|one|each|single|every|both|two|three|four|"
    r"eight|nvidia[\u2019']?s?|amd[\u2019']?s?)\s+)*",
    re.IGNORECASE,
)
#: Behind a number that leaves out its unit.
_ENDS = re.compile(
    r"\s*(?:[,;:)]|\.(?!\d)|$|\b(?:and|on|for|with|by|from|in total|together|each|while|but)\b)",
    re.IGNORECASE,
)
#: "At $11.92 an hour the A100 run": of the device behind it.
_AT = re.compile(
    r"(?:^|[,;:.]|\b(?:and|while|but))\s*(?:at|for|with|paying)\s+(?:about |around |only |just |~)?$",
    re.IGNORECASE,
)
_THE = re.compile(
    r"\s*(?:(?:an|per|/)\s?(?:hour|h|month)\s*)?,?\s+(?:the|an?|one|each|our)\s+", re.IGNORECASE
)
_NEAR, _LIKE, _FAR, _BACK = 40, 30.0, 260, 16
_BYTES = dims(byte=1)
_LAST, _BESIDE = 3, 12


def entries(text: Amounts, context: Context) -> list[Entry]:
    """The amounts of a passage that are of a device, in order; bare numbers in the unit of the one before."""
    found: list[Entry] = []
    names = context.mentions.get(text.place, ())
    last: Term | None = None
    for sentence in sentences(text.passage.text):
        here = within(text.every, sentence.start, sentence.end)
        who = spoken(text.place, text.passage, sentence, context) if here else None
        for term in here if who else ():
            meant = _in_full(term, last, text) if term.plain else term
            if meant.dims == MONEY and any(each.dims == RENT for each in within(here, 0, term.start)):
                given = GIVEN.search(text.passage.text, max(sentence.start, term.start - NEAR), term.start)
                meant = meant._replace(dims=RENT) if given else meant
            owner = _owner(meant, sentence, names, text)
            if any(meant.dims) and owner is not None:
                found.append(_entry(meant, owner, sentence, text))
            elif any(meant.dims) and who and (topic := _topic(who)):
                found.append(Entry(frozenset((*topic.ids, *topic.named)), meant, named=False))
            last = meant if any(meant.dims) else last
    return found


def _topic(who: Spoken) -> Mention | None:
    """The device that a sentence goes on about without its name."""
    alone = not who.here and len(who.topic) == 1 and who.certain
    return who.topic[0] if alone else None


def _owner(term: Term, here: Sentence, names: Sequence[Mention], text: Amounts) -> Mention | None:
    """The device right behind an amount, by a preposition, else the last one before it in its sentence."""
    words, end = text.passage.text, term.start + len(term.words)
    behind = within(names, end, min(here.end, end + _NEAR))
    if behind and _ON.fullmatch(words, end, behind[0].start):
        return behind[0]
    before = within(names, here.start, term.start)
    leads = _AT.search(words[max(here.start, term.start - _BACK) : term.start])
    if behind and (leads or not before) and _THE.fullmatch(words, end, behind[0].start):
        return behind[0]
    return before[-1] if before else None


def _entry(term: Term, owner: Mention, here: Sentence, text: Amounts) -> Entry:
    many = counted(text.passage.text, here.start, owner.start)
    return Entry(frozenset((*owner.ids, *owner.named)), term, float(many or 1))


def _in_full(term: Term, last: Term | None, text: Amounts) -> Term:
    """A bare number in the unit that it leaves out: "1,720 images/s, the A6000 1,010"."""
    words = text.passage.text
    told = number(last.words) if last else 0.0
    if not last or not told or term.share or not any(map(str.isdigit, term.words)):
        return term
    near = term.start - last.end < _FAR and 1 / _LIKE < term.value / told < _LIKE
    if last.sign or not near or not _ENDS.match(words, term.end):
        return term
    return term._replace(value=term.value * last.value / told, dims=last.dims, plain=False)


def known_of(ids: frozenset[str], told: Sequence[Entry], context: Context) -> dict[Hashable, list[Term]]:
    """What is known of a device by kind, the last ones told first: from the text, and of the catalogue."""
    found: dict[Hashable, list[Term]] = {}
    for each in reversed(told):
        same = found.setdefault((each.term.dims, each.term.sign), []) if each.ids & ids else None
        if same is not None and len(same) < _LAST and each.term.value not in {one.value for one in same}:
            same.append(each.term)
    for node in of_catalogue(ids, context):
        term = node.term
        if term.dims == _BYTES:
            size = (nominal_gb(term.value) or term.value / 1e9) * 1e9
            term = term._replace(value=size)
        found.setdefault(node.key, []).append(term)
    return found


def shared(
    text: Amounts, mine: Sequence[Entry], names: Sequence[Mention], start: int, end: int
) -> Iterator[Term]:
    """The amounts of a stretch that are of no device: hours, prices of energy, work to be done."""
    own = {each.term.start for each in mine if each.named}
    named = [each.start for each in names]
    yield from text.known
    for each in within(text.every, start, end):
        counts = each.counted and each.value > 1 and not any(0 <= at - each.end < _BESIDE for at in named)
        if each.start not in own and (any(each.dims) or counts) and not each.share:
            yield each
