"""The amounts of a passage, gone through one by one: which of those before another it may follow from."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import islice
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.dimensions import AXES, LENGTHS, dims
from whichgpu.audit.text.relations import Effort
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.dimensions import Term
    from whichgpu.audit.text.sentences import Sentence

    #: A rate, and all that the name of its device may mean.
    Told = tuple[frozenset[str], Term]

FAR = 160


MONEY, RENT = dims(money=1), dims(money=1, hour=-1)
_HOUR = AXES.index("hour")
_MADE = tuple((AXES.index(axis), 1) for axis in ("token", "piece", "flop"))


#: Letters before an amount in which what it follows from is looked for.
SPAN = 800


NEAR = 60
#: Products that are tried in a document, in about a second: what is beyond is left open.
MOST_TRIED = 30_000
#: What stands right before an amount that was told elsewhere.
_THE = re.compile(
    r"\b(?:by(?: about| around| roughly| only)?|the|my|our|your|their|its|that|those|these|difference of|"
    r"The (?!total|bill|cost|sum|price)\w+ of)\s+~?$",
    re.IGNORECASE,
)
_BEFORE = 24
#: What says that as much is due for so many tokens, or so long, as for the whole.
BREAK_EVEN = re.compile(
    r"\b(?:break(?:s|ing)?[- ]?even|pa(?:ys?|id) (?:off|for itself|back)|is (?:reached|recovered)|"
    r"amorti[sz]\w+|recoup\w*|buys?(?: you)?|enough for|gets you|(?:will |would )?last)\b[^.;\d]{0,40}$",
    re.IGNORECASE,
)
#: What so much is due of.
DUE = ("token", "piece", *LENGTHS)


TWO = 2
#: Between a device and its price.
_BESIDE = re.compile(r"s?\s*(?:(?:for|at|is|costs?|:)\s*)?(?:about |around |roughly |only |just |~)?")


BASES = 4
#: From an amount to the device that it is told of behind it: "20.9 ms on the H100".
ON_IT = re.compile(
    r"[^\d.,;:()]{0,24}?\b(?:on|for|with|by|from|of)\s+(?:(?:the|an?|one|each|single|every|both|two|three|four|"
    r"eight|nvidia[\u2019']?s?|amd[\u2019']?s?)\s+)*",
    re.IGNORECASE,
)


class Amounts:
    """A passage with its amounts and those of the one before, gone through one by one.

    A passage may be nothing but amounts: what stands near one is looked up, never all of them for each.
    """

    def __init__(
        self, passage: Passage, place: int, every: Sequence[Term], earlier: Sequence[Term],
        tariffs: Sequence[Term] = (),
    ) -> None:  # fmt: skip
        self.passage, self.place, self.every, self.earlier = passage, place, every, earlier
        own = any(each.tariff for each in every)
        #: Prices of energy that the document told before, where the passage tells none.
        self.known = () if own else tuple(tariffs)
        self.tariffs = own or bool(tariffs)
        #: What the document said before that a device costs, takes or does in a time.
        self.rates: Sequence[Told] = ()
        #: The counts that are in what follows from others.
        self.derived: dict[Term, frozenset[Term]] = {}
        #: What was a factor of what follows from others.
        self.factors: set[Term] = set()
        #: What is a share of another.
        self.shared: set[Term] = set()
        #: Signs of the money, and "energy", that was heard of and is no tariff.
        self.kinds: set[str] = set()
        self.wrong: set[Term] = set()
        #: Whether the document told before for how long of a period something runs.
        self.limited = False
        #: What may still be tried, of the whole document where its passages share it.
        self.effort = Effort(MOST_TRIED)

    def heard(self, told: Term, *, wrong: bool) -> None:
        """Remember an amount for what may follow from it."""
        if wrong:
            self.wrong.add(told)
        elif not told.tariff:
            self.kinds.add(told.sign or told.of)

    def by(self, use: Term, told: Term) -> None:
        """Read an amount that follows from a use ("8 hours a day") as one of the period of that."""
        both = enumerate(zip(use.dims, told.dims, strict=True))
        powers = tuple(min(one, 0) + own if at > _HOUR else own for at, (one, own) in both)
        self.every = tuple(told._replace(dims=powers) if each is told else each for each in self.every)

    def sentence(self, at: int) -> Sentence:
        """The sentence that a place is in."""
        found = sentences(self.passage.text)
        # A text may end with what is asked of.
        return found[min(bisect_right(found, at, key=_end), len(found) - 1)]

    def before(self, at: int, reach: int) -> Iterator[Term]:
        """The amounts that end less than so far before a place, the nearest first."""
        index = bisect_left(self.every, at, key=_start)
        while index and at - self.every[index - 1].end < reach:
            index -= 1
            yield self.every[index]

    def near(self, told: Term, end: int) -> list[Term]:
        """The amounts from so far before one to an end, and the prices of energy that hold."""
        return [*self.known, *within(self.every, max(told.start - SPAN, 0), end)]

    def right(self, at: int) -> Iterator[Term]:
        """Those near enough to follow from that were not found wrong, the nearest first."""
        return (each for each in self.before(at, 2 * FAR) if each not in self.wrong)


def _start(one: Term) -> int:
    return one.start


def _end(one: Sentence) -> int:
    return one.end


def is_known(told: Term, text: Amounts) -> bool:
    """Whether an amount is spoken of as one that is known: "the $4,400 are back after two years"."""
    return bool(_THE.search(text.passage.text, max(0, told.start - _BEFORE), told.start))


def is_aside(words: str, base: Term, told: Term) -> bool:
    """Whether an amount stands in brackets that are closed before another one."""
    before = words[max(base.start - SPAN, 0) : base.start]
    return "(" in before.rpartition(")")[2] and ")" in words[base.end : told.start]


def earlier(told: Term, text: Amounts) -> list[Term]:
    """The last that have the axis of an amount, or for money the energy that it may be the price of."""
    if told.tariff:
        return []
    before = text.right(told.start)
    if told.of in DUE and BREAK_EVEN.search(text.passage.text, max(0, told.start - NEAR), told.start):
        axis = AXES.index(told.of)
        before = (each for each in before if each.sign and each.dims[axis] < 0)
    elif told.of == "money":
        # A tariff is what follows from, only where there is nothing else.
        only = not text.kinds & {told.sign, *(["energy"] if text.tariffs else [])}
        before = (each for each in before if only or not each.tariff)
        before = (each for each in before if each.sign == told.sign or (text.tariffs and each.of == "energy"))
    elif told.of == "energy":
        before = (each for each in before if each.of == "energy")
    else:
        axes = [place for place, axis in enumerate(AXES) if axis == told.of or {axis, told.of} <= {*LENGTHS}]
        before = (each for each in before if any(each.dims[place] for place in axes) and not each.sign)
    return list(islice(before, BASES))


def is_use(term: Term) -> bool:
    """Whether it is how long of a period something runs: "8 hours a day"."""
    return term.of in LENGTHS and sum(term.dims[_HOUR:]) == 0


def of_another(context: Context, text: Amounts, base: Term, told: Term) -> bool:
    """Whether two amounts are of two devices, as the names nearest to them say."""
    named = context.mentions.get(text.place, ())
    one, other = (_device(named, each, text) for each in (base, told))
    between = {each.named for each in within(named, base.end, told.start)}
    here = text.sentence(told.start).start
    alike = base.dims == told.dims or (base.of == told.of == "energy" and not any(base.dims[_HOUR:]))
    alike = alike and base.start >= here and not within(named, here, base.start)
    if alike and within(named, base.end, told.start):
        # "It uses 0.51 Wh per image where the 3060 needs 0.94 Wh".
        return True
    if one is None or other is None:
        # Work is of no device, as tokens and FLOPs to be done are.
        work = base.of in ("token", "piece", "flop") and not any(base.dims[_HOUR:])
        elsewhere = base.end <= text.sentence(told.start).start and base.of != "energy" and not work
        return len(between) > 1 or (bool(between) and elsewhere)
    return not one & other


def is_rate(term: Term) -> bool:
    """Whether it is what a device costs, does or takes; its own watts and bytes a second are none."""
    return any(term.dims[_HOUR:]) and bool(term.sign or any(term.dims[2:4])) and not term.tariff


def told_of_devices(context: Context, text: Amounts) -> list[Told]:
    """The rates that a passage tells right behind a device, each with that: rents, throughputs, times."""
    found = []
    hourly = -1
    for each in text.every:
        start = text.sentence(each.start).start
        hourly = start if each.dims == RENT else hourly
        # "The A10G at $1.01 per hour, the L40S at $1.86"
        named = within(context.mentions.get(text.place, ()), max(start, each.start - NEAR), each.start)
        # "And an A100 for $3.67", told after one by the hour.
        beside = (
            each.dims == MONEY and named and _BESIDE.fullmatch(text.passage.text, named[-1].end, each.start)
        )
        hourly_too = hourly == start and (each.loose or beside)
        rate = each._replace(dims=RENT, loose=False) if hourly_too else each
        if not is_rate(rate) or (named and counted(text.passage.text, start, named[-1].start) > 1):
            # Of several it is none of each.
            continue
        if named and not any(
            one.of == rate.of for one in text.before(each.start, each.start - named[-1].end)
        ):
            found.append((frozenset((*named[-1].named, *named[-1].ids)), rate))
    return found


def rate_of(context: Context, text: Amounts, told: Term) -> list[Term]:
    """The one rate that was told before of the device whose amount one is, and that it may follow from."""
    here = text.sentence(told.start)
    every = context.mentions.get(text.place, ())
    if behind := _behind(every, told, text):
        # The name before it is another one's.
        return _dealt_out(behind, told, text)
    named = within(every, here.start, told.start)
    between = (
        (each for each in text.before(told.start, told.start - named[-1].end) if any(each.dims))
        if named
        else ()
    )
    if not named or (len(named) > 1 and any(between)):
        return []
    ids = {*named[-1].named, *named[-1].ids}
    # A time follows from a speed.
    made = _MADE if told.of in LENGTHS else tuple(enumerate(told.dims[:_HOUR]))
    axes = [place for place, power in made if power]
    found = {
        each.value: each
        for device, each in text.rates
        if each.start < here.start
        and device & ids
        and each.sign == told.sign
        and any(each.dims[axis] for axis in axes)
    }
    sole = list(found.values())
    if len(sole) != 1 or _told_again(sole[0], told, ids, every, text):
        return []
    # What stands before the name is no word between the two.
    return [each._replace(end=named[-1].end) for each in sole]


def _dealt_out(behind: Mention, told: Term, text: Amounts) -> list[Term]:
    """The rent of the device right behind an amount: "for 730 hours $584 for the A6000 and $1,380 for .."."""
    here = text.sentence(told.start)
    ids = {*behind.named, *behind.ids}
    found = {
        each.value: each for device, each in text.rates
        if each.start < here.start and device & ids and each.sign == told.sign and each.dims == RENT
    }  # fmt: skip
    lasts = [each for each in within(text.every, here.start, told.start) if each.of in LENGTHS]
    if len(found) != 1 or not lasts or told.dims != MONEY:
        return []
    return [each._replace(end=here.start) for each in found.values()]


def _told_again(
    rate: Term, told: Term, ids: set[str], named: Sequence[Mention], text: Amounts
) -> bool:  # fmt: skip
    """Whether a price of a device without a period stands between its rate and an amount."""
    later = (each for each in text.every if rate.start < each.start < told.start and each.dims == MONEY)
    return any(each.sign == rate.sign and (_device(named, each, text) or set()) & ids for each in later)


def _device(named: Sequence[Mention], term: Term, text: Amounts) -> frozenset[str] | None:
    """The device that an amount is of: the last named before it, else the first behind it in its sentence."""
    here = text.sentence(term.start)
    if on_it := (next(iter(within(named, term.start, term.end)), None) or _behind(named, term, text)):
        return frozenset((*on_it.named, *on_it.ids))
    before = named[: bisect_right(named, term.start, key=_until)][-1:]
    behind = within(named, term.end, here.end)
    nearest = before[-1] if before and (before[-1].start >= here.start or not behind) else None
    found = nearest or (behind[0] if behind else None)
    return frozenset((*found.named, *found.ids)) if found else None


def _behind(named: Sequence[Mention], term: Term, text: Amounts) -> Mention | None:
    """The device right behind an amount, by a preposition: "33.9 hours on the L40S"."""
    end = term.start + len(term.words)
    behind = within(named, end, end + NEAR)[:1]
    return behind[0] if behind and ON_IT.fullmatch(text.passage.text, end, behind[0].start) else None


def _until(one: Mention) -> int:
    return one.end


#: Between an amount of money and one that stands for another choice.
_OR_ELSE = re.compile(r"\s*(?:or|and)\s+(?:only\s+|just\s+|about\s+)?[$\u20ac\u00a3]\s?\d", re.IGNORECASE)


def is_one_of_two(told: Term, text: Amounts) -> bool:
    """Whether an amount is the first of two: "five A100s or six 4090s cost $180 or $57.60".

    By which of two numbers it was multiplied is not said in so many words.
    """
    return bool(told.sign and _OR_ELSE.match(text.passage.text, told.end))
