"""Who has what: the amounts that prose tells of each device, with how many of it they are of.

An amount is of the device right behind it by a preposition ("$0.31 on the H100"), else of the last one named
before it in its sentence, else of the only one that its passage is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import MONEY, NEAR, ON_IT, RENT, Amounts
from whichgpu.audit.bills.links import GIVEN
from whichgpu.audit.counting import counted
from whichgpu.audit.dimensions import AXES, LENGTHS, dims, times
from whichgpu.audit.nodes import number, of_catalogue
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

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


#: Behind a number that leaves out its unit.
_ENDS = re.compile(
    r"\s*(?:[,;:)]|\.(?!\d)|$|\b(?:and|at|on|for|with|by|from|in total|together|each|while|but)\b)",
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
_BYTES, _HOUR = dims(byte=1), AXES.index("hour")
_PERIOD_BEHIND = re.compile(
    r"(?:s|\s\w+)?\s+(?:per|an?|each|every) (hour|day|week|month|year)\b", re.IGNORECASE
)
_IN_FORMULA = re.compile(r"[/x\u00d7*+=]\s*$")
#: Behind what is of a device that is not named.
_OTHER = re.compile(
    r"(?:\s(?:per|an?|each)\s(?:hour|month|year))?\s(?:for|on|with|of) (?:the|an?) "
    r"(?:other|second|rest|latter|rival)\b",
    re.IGNORECASE,
)
#: A length that holds for all: "(730 hours)", "a month of 720 hours".
_FOR_ALL = re.compile(
    r"(?:\(|\b(?:month|year|week|day|period)s? (?:of|with|has|=) (?:about )?)$", re.IGNORECASE
)
_FRONTED = re.compile(r"\b(?:In|Per|Over|For|Within)\s+$", re.IGNORECASE)
_WORK = tuple(dims(**{axis: 1}) for axis in ("token", "piece", "flop"))
_LAST, _BESIDE = 3, 12
#: Before work that is the same for all: "with its 1.28 million images", "for ten billion tokens".
_DONE = re.compile(
    r"\b(?:with|of|for|its|has|over|all|process|generate|serve|produce|read)\s+(?:its |the |all |about )*$",
    re.I,
)


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
            owner = None if _is_of_all(meant, text) else _owner(meant, sentence, names, text)
            if any(meant.dims) and owner is not None:
                found.append(_entry(_by_later(meant, owner, text), owner, sentence, text))
            elif any(meant.dims) and who and (topic := _topic(who)):
                found.append(Entry(frozenset((*topic.ids, *topic.named)), meant, named=False))
            last = meant if any(meant.dims) and not meant.sign else last
    return _in_one_period(found, text)


def _in_one_period(found: Sequence[Entry], text: Amounts) -> list[Entry]:
    """Amounts with the period that a sentence tells once: "$19.20 on one, $25.60 on the other an hour"."""
    made = list(found)
    for at in (*range(len(found) - 1), *reversed(range(len(found) - 1))):
        one, other = made[at : at + 2]
        same = text.sentence(one.term.start) == text.sentence(other.term.start)
        if (
            not same
            or one.ids & other.ids
            or one.term.sign != other.term.sign
            or one.term.of != other.term.of
        ):
            continue
        if not 1 / _LIKE < one.term.value / other.term.value < _LIKE:
            continue
        pair = [(at, one, other), (at + 1, other, one)]
        for place, bare, full in pair:
            powers = full.term.dims
            per = [one - other for one, other in zip(powers, bare.term.dims, strict=True)]
            if sum(map(abs, bare.term.dims)) == 1 and max(per) == 0 > min(per):
                made[place] = bare._replace(term=bare.term._replace(dims=powers, loose=False))
    return made


def _topic(who: Spoken) -> Mention | None:
    """The device that a sentence goes on about without its name."""
    alone = not who.here and len(who.topic) == 1 and who.certain
    return who.topic[0] if alone else None


def _owner(term: Term, here: Sentence, names: Sequence[Mention], text: Amounts) -> Mention | None:
    """The device right behind an amount, by a preposition, else the last one before it in its sentence."""
    words, end = text.passage.text, term.start + len(term.words)
    behind = within(names, end, min(here.end, end + _NEAR))
    # "$614.40 a day and one of eight H100": of what stands before it.
    if (
        behind
        and ON_IT.fullmatch(words, end, behind[0].start)
        and not _AND.search(words, end, behind[0].start)
    ):
        return behind[0]
    before = within(names, here.start, term.start)
    if _OTHER.match(words, end):
        return None
    leads = _AT.search(words[max(here.start, term.start - _BACK) : term.start])
    if behind and (leads or not before) and _THE.fullmatch(words, end, behind[0].start):
        return behind[0]
    return before[-1] if before else None


def _entry(term: Term, owner: Mention, here: Sentence, text: Amounts) -> Entry:
    many = counted(text.passage.text, here.start, owner.start)
    return Entry(frozenset((*owner.ids, *owner.named)), term, float(many or 1))


def _by_later(term: Term, owner: Mention, text: Amounts) -> Term:
    """An amount with the period behind its device: "$25.60 with H200s per hour"."""
    said = _PERIOD_BEHIND.match(text.passage.text, owner.end) if owner.start >= term.end else None
    if not said or not term.sign or any(term.dims[_HOUR:]):
        return term
    return times(term, dims(**{said[1].lower(): -1}), 1.0)._replace(loose=False)


_AND = re.compile(r"\band\b", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_IN = re.compile(r"\b(?:in|since|from|of|until|by|early|late)\s+$", re.IGNORECASE)


def _in_full(term: Term, last: Term | None, text: Amounts) -> Term:
    """A bare number in the unit that it leaves out: "1,720 images/s, the A6000 1,010"."""
    words = text.passage.text
    told = number(last.words) if last else 0.0
    if not last or not told or term.share or not any(map(str.isdigit, term.words)):
        return term
    if _YEAR.fullmatch(term.words) and _IN.search(words, 0, term.start):
        # "160 GB. Introduced in 2024, the H200".
        return term
    near = term.start - last.end < _FAR and 1 / _LIKE < term.value / told < _LIKE
    if last.sign or not near or not _ENDS.match(words, term.end) or _IN_FORMULA.search(words, 0, term.start):
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
        if _OTHER.match(text.passage.text, each.start + len(each.words)):
            continue
        free = each.start not in own or _is_of_all(each, text)
        if free and (any(each.dims) or counts) and not each.share:
            yield each


def _is_of_all(term: Term, text: Amounts) -> bool:
    """Whether an amount beside a device is of none alone: work to be done, the hours of a month."""
    if term.of in LENGTHS and sum(map(abs, term.dims)) == 1:
        if term.value == 1 and _FRONTED.search(text.passage.text, max(0, term.start - _NEAR), term.start):
            return True
        return _FOR_ALL.search(text.passage.text, max(0, term.start - _FAR), term.start) is not None
    return (
        term.dims in _WORK
        and _DONE.search(text.passage.text, max(0, term.start - _NEAR), term.start) is not None
    )
