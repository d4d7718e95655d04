"""What so many of a device cost, do or draw, and how many it takes, by what the text told of one of it.

"An A10 makes 18.75 images a minute, an A100 37.5. [..] For 1,000 you need 45 A10s or 22 A100s", "54 A10s draw
8.8 kW and 27 A100s 9.1 kW". Each is held against every amount that the document tells of one of the device.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import Amounts
from whichgpu.audit.bills.products import explained
from whichgpu.audit.counting import counted
from whichgpu.audit.dimensions import AXES, converted
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.ledger import entries
from whichgpu.audit.relations import rounding
from whichgpu.audit.results.digits import plain_value
from whichgpu.audit.sentences import within
from whichgpu.audit.terms import terms
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.ledger import Entry
    from whichgpu.audit.subjects import Mention

_HOUR = AXES.index("hour")
#: Before and behind the name of one of a device: "an A10 rents for", "the A100 makes", not "the A100 fleet".
_ONE_BEFORE = re.compile(
    r"(?:\b(?:an?|one|each|every|single|per|the|our|my)\s+(?:NVIDIA\s+)?|/\s?)$", re.IGNORECASE
)
_NOT_ONE = re.compile(
    r"(?:s\b|[\s-]+(?:fleet|cluster|servers?|nodes?|machines?|cards|gpus|box|rig|setup|option|plan|pair|route|way|"
    r"system|pool|offer|instances)\b)",
    re.IGNORECASE,
)
#: What makes an amount of several another one than so many times that of one.
_ELSE = re.compile(
    r"\b(?:each|apiece|per (?:card|gpu|device)|spot|reserved?|reservation|commit\w*|discount\w*|used|"
    r"servers?|systems?|nodes?|machines?|wall|idle|limit\w*|capped|average|plus|including|overhead|measured|"
    r"in practice|instead of|rather|efficien\w+|scal\w+|headroom|spare|redundan\w+|utili[sz]\w+|margin|"
    r"buffer|reserves?|failover|batch\w*|more|less|fewer|cheaper|busy)\b",
    re.IGNORECASE,
)
#: Between a number of a device and what they cost, do or draw.
_COSTS = re.compile(
    r"s?\s*(?:cards\s+|gpus\s+)?(?:(?:would|will|thus|therefore|then|together|can|at this rate)\s+)*"
    r"(?:(?:costs?|come to|draw|make|produce|generate|deliver|serve|handle|use|need|are|yield|give|pull|is|"
    r"run to|amount to|process|cost us|cost you)\s+)?(?:about\s+|only\s+|roughly\s+|around\s+|just\s+)?",
    re.IGNORECASE,
)
#: Between what is asked for and the number of devices that it takes.
_TAKES = re.compile(
    r"\b(?:needs?|needed|takes?|requires?|required|buy|rent|call for|calls for)\b[^.;]{0,60}$", re.IGNORECASE
)
_FOR_THIS = re.compile(
    r"\b(?:for (?:this|that|it)|to (?:do (?:so|this|that)|(?:serve|handle|reach|carry) (?:it|this|that)))\b",
    re.IGNORECASE,
)
#: How far an amount may be from so many times that of one, at least; and where it is of something else.
_EXACT, _ABOUT, _APART, _FAR = 0.001, 0.12, 2.0, 12.0
#: Numbers too few, or too many, beyond any rounding.
_FEW, _MANY = 0.97, 1.10
_BEFORE, _BEHIND, _RATES, _LEAST = 16, 40, 2, 2


class _Several(NamedTuple):
    """So many of a device that a sentence speaks of, and the amounts that the document tells of one of it."""

    name: Mention
    many: float
    ones: Sequence[Entry]
    text: Amounts
    context: Context

    def rates(self, told: Term) -> list[_Rate]:
        """The amounts of one that are of the kind of one that is told, each value once."""
        found: dict[float, _Rate] = {}
        for each in self.ones:
            one = each.term
            if each.ids & set(self.name.ids) and one.sign == told.sign and any(told.dims):
                by = converted(tuple(a - b for a, b in zip(one.dims, told.dims, strict=True)))
                if by:
                    found.setdefault(one.value, _Rate(one, *by))
        return list(found.values())

    def finding(self, place: tuple[int, int], attribute: str, because: str, right: str) -> Finding:
        """The accusation of an amount, or of a number of the device."""
        return made(
            self.context, self.text.passage, place, "arithmetic", "inconsistent", attribute=attribute,
            because=because, expected=right, evidence=(Evidence(because),),
        )  # fmt: skip


class _Rate(NamedTuple):
    """An amount of one of a device, and what it is times to be of another one's period: least and most."""

    one: Term
    low: float
    high: float


def find(context: Context) -> Iterator[Finding]:
    """Every number of a device and amount of so many of it that the amounts of one exclude."""
    ones: list[Entry] = []
    for index, passage in context.document.running():
        names = context.mentions.get(index, ())
        if not names:
            continue
        places = tuple((each.start, each.end) for each in names)
        text = Amounts(passage, index, tuple(terms(passage.text, context.fraction, places)), ())
        told = entries(text, context)
        ones += (each for each in told if _is_of_one(each, names, text))
        amounts = [each.term for each in told if each.named]
        for name in names:
            many = counted(passage.text, text.sentence(name.start).start, name.start)
            if many >= _LEAST:
                several = _Several(name, many, ones, text, context)
                yield from _amount(several, amounts)
                yield from _enough(several)


def _is_of_one(entry: Entry, names: Sequence[Mention], text: Amounts) -> bool:
    """Whether an amount is told of one of a device: "an A10 rents for $0.75 per hour"."""
    words, start = text.passage.text, entry.term.start
    before = within(names, text.sentence(start).start, start)
    if not before or not entry.named or entry.many != 1 or entry.term.share:
        return False
    name = before[-1]
    one = _ONE_BEFORE.search(words, max(0, name.start - _BEFORE), name.start)
    return bool(one) and set(name.ids) <= entry.ids and not _NOT_ONE.match(words, name.end)


def _amount(several: _Several, amounts: Sequence[Term]) -> Iterator[Finding]:
    """What so many of a device cost, do or draw, where that is not so many times what one does."""
    text, end = several.text, several.name.end
    here, words = text.sentence(end), text.passage.text
    told = next(iter(within(amounts, end, here.end)), None)
    if told is None or told.each or told.most or not _COSTS.fullmatch(words, end, told.start):
        return
    rates = several.rates(told)
    if not 0 < len(rates) <= _RATES or _ELSE.search(words, here.start, min(told.end + _BEHIND, here.end)):
        return
    real = several.many * rates[-1].one.value * rates[-1].low
    if any(_fits(told, several.many, each) for each in rates) or not _is_near(told, real):
        return
    if explained(told, text):
        return
    right = f"{real * plain_value(told) / told.value:,.6g}"
    because = f"{several.many:g} times {rates[-1].one.words.strip(' .,')} is {right}"
    place = told.start, told.start + len(told.words)
    yield several.finding(place, "amount of several", because, right)


def _fits(told: Term, many: float, rate: _Rate) -> bool:
    """Whether an amount may be so many times that of one, or less where several may do less."""
    one = rate.one
    slack = 1 + max(_EXACT, rounding(told) + rounding(one), _ABOUT if told.about or one.about else 0.0)
    most = many * one.value * rate.high * slack
    # Several draw less than their limits, and seldom do as much as so many times one.
    least = many * one.value * rate.low / slack if told.sign else 0.0
    return least <= told.value <= most


def _is_near(told: Term, real: float) -> bool:
    """Whether an amount is like so many times that of one, and so meant as that."""
    return real > 0 and 1 / _APART < told.value / real < _APART


def _enough(several: _Several) -> Iterator[Finding]:
    """How many of a device do so much, by what one does: "for 1,000 images a minute you need 45 A10s"."""
    text, name = several.text, several.name
    here, words = text.sentence(name.start), text.passage.text
    if _ELSE.search(words, here.start, here.end) or not _TAKES.search(words, here.start, name.start):
        return
    since = here.start
    if _FOR_THIS.search(words, here.start, name.start):
        # What was just asked for: "The traffic is 10,000 a second; for this you need".
        since = text.sentence(max(here.start - 2, 0)).start
    if _ELSE.search(words, since, here.start):
        return
    works = [each for each in within(text.every, since, name.start) if _is_rate(each)]
    rates = several.rates(works[0]) if len(works) == 1 else []
    if len(rates) != 1 or works[0].about or rates[0].one.about or rates[0].low != rates[0].high:
        return
    one, many = rates[0].one, several.many
    real = works[0].value / (one.value * rates[0].low)
    most = _MANY * (math.ceil(real * (1 + rounding(one))) + 1)
    if real < 1 or _FEW * real <= many <= most or many > _FAR * real:
        return
    right = math.ceil(real - 1e-9)
    because = f"{works[0].words} over {one.words} is {real:.4g}, so {right} of them"
    numbers = [each for each in within(text.every, here.start, name.end) if each.value == many]
    place = (numbers[-1].start, numbers[-1].end) if numbers else (name.start, name.end)
    yield several.finding(place, "ceiling", because, str(right))


def _is_rate(term: Term) -> bool:
    return term.of in ("piece", "token") and min(term.dims[_HOUR:]) < 0
