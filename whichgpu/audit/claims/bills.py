"""Bills: "$2.50 an hour, or $60 a day", "100 hours at $4 come to $400", "450 W for 24 hours are 10.8 kWh".

An amount that is said to follow from another is wrong where no product of what the text states gives it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.relations import Way, alike, differences, ways
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.terms import AXES, LENGTHS, dims, terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention
    from whichgpu.audit.terms import Term

#: What says that an amount is worked out from the one before it.
_LINK = re.compile(
    r"\b(?:or|i\.e\b|so|thus|hence|therefore|that is|that[\u2019']s|which (?:is|makes|comes|means|adds)|"
    r"comes? (?:to|out)|came to|adds? up to|amounts? to|works? out (?:to|at)|costs?|costing|pays?|paid|bill|"
    r"charges?|total\w*|makes?|means|sums? (?:up )?to|equals|sets? (?:you|us|them) back|budget|spend|"
    r"invoice|be|uses?|gets?|"
    r"is|are|leaves?|"
    r"consum\w+|draws?|burns?|kosten|kostet|sind|macht|also|soit|co\u00fbtent|co\u00fbte|cuestan?|o sea|"
    r"es decir|costano|pari a|cio\u00e8)\b|[=\u2248:]|\bof (?:them|these|those)\s*$|^\s*,?\s*and\s+"
    r"(?:about\s+|roughly\s+|around\s+|a\s+week\s+|a\s+day\s+|a\s+month\s+)?(?:\([^)]*\)\s*)?$",
    re.IGNORECASE,
)
#: The same where it is no money: what is measured is none that follows.
_STRONG = re.compile(
    r"\b(?:or|i\.e\.|so|thus|hence|therefore|that is|that[\u2019']s|(?:which|that) (?:is|makes|comes|"
    r"means)|in total|"
    r"comes? to|adds? up to|amounts? to|works? out (?:to|at)|makes?|equals|gives?|leaves?|(?:would )?takes?|"
    r"needs?|is (?:done|finished) (?:in|after))\b[^.;]{0,40}$|"
    r"[=\u2248]\s*$",
    re.IGNORECASE,
)
#: What says so right before it: what stands before these words does not matter then.
_LEADS = re.compile(
    r"(?:\b(?:or|i\.e\.,?|so|thus|hence|therefore|that is|that[\u2019']s|(?:which|that|it|this) (?:is|makes|"
    r"comes|means|works)|adds? up to|comes? (?:out )?(?:to|at)|came to|amounts? to|works? out (?:to|at|as)|"
    r"translates? (?:in)?to|equals|total(?:s|l?ing)?(?: of)?|sums? (?:up )?to|makes?|making|gives?|giving|"
    r"(?:will|would) (?:be|cost|pay)|you[\u2019']?(?:d|ll)? pay|meaning)|[=\u2248\u2192])"
    r"(?:\s+(?:you|us|them|it|a|an|the|total|bill|cost|of|only|just|about|around|roughly|approximately|"
    r"nearly|almost|some|again|still|would|spend|pay|be|to|is|paying|cost(?:s|ing)?|in|at))*\s*~?$",
    re.IGNORECASE,
)
#: The same of a length of time.
_FOLLOWS = re.compile(
    r"\b(?:or|i\.e\.|so|thus|hence|that is|that[\u2019']s|(?:which|that|it|this) (?:is|makes|"
    r"means)|in total|comes? to|"
    r"adds? up to|amounts? to|works? out (?:to|at)|makes?|equals|(?:would |will )?(?:takes?|took|"
    r"needs?|lasts?)|"
    r"finish\w* in|done in|in)\b(?:\s+(?:about|around|roughly|only|just|some|nearly|almost|you|a|"
    r"an|run of|total of|"
    r"training|of))*\s*~?$|[=\u2248]\s*$",
    re.IGNORECASE,
)
#: A name between two amounts, the seller of the second maybe.
_NAME = re.compile(
    r"(?<![.!?:]\s)(?<!^)\b(?!GPUs?\b|USD\b|EUR\b|Stunden?\b|Tage?n?\b|Monate?n?\b|Watt\b)(?:[A-Z][a-z]\w+|"
    r"AWS|GCP|OVH)"
)
#: Between two rates of one thing: "$0.50/hr on demand, about $365/month".
_AGAIN = re.compile(
    r"(?:\s+on[- ]demand)?\s*[,(]\s*(?:about|roughly|around|approximately|approx\.?|~)?\s*", re.IGNORECASE
)
#: "$49.24 an hour for a node of 8, about $6.16 per GPU".
_OF_EACH = re.compile(
    r"[^.;$\u20ac]{0,60}[,(\u2013\u2014]\s*(?:about|roughly|around|approximately|~)?\s*", re.IGNORECASE
)
_FOR_ALL = re.compile(r"\s+for (?:the|both|all)\b", re.IGNORECASE)
#: "For 200 hours, $1,240", and a price that is given.
_LISTED = re.compile(r"\s*,\s*(?:some |about |roughly |or )*")
_GIVEN = re.compile(
    r"(?<!out )\bat\s+(?:about |around |roughly |just |approximately |only )*~?\s?$", re.IGNORECASE
)
#: "$2.00 x 730 h =": a formula, which is worked out as one.
_FORMULA = re.compile(r"[x\u00d7*/]\s*[$\u20ac]?\d[^=]*=\s*$")
#: What makes it an amount of something else, and what does so unless the words before it say that it follows.
_BREAK = re.compile(
    r"\b(?:discount\w*|sav\w+|storage|egress|plus|excluding|including|tax\w*|depreciat\w*|upfront|up front|"
    r"minimum|from|between|average|measured|previously|fell|dropped|used to|margin|profit|"
    r"overhead|everything|"
    r"cooling|instead|than|psus?|ups|circuits?|power suppl\w+|breakers?|retail\w*|msrp|launched)\b",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"\b(?:while|whereas|but|versus|vs|compared|spot|reserved|commit\w*|idle|peak|under load|buy\w*|bought|"
    r"purchase\w*|(?:brand[- ])?new|another|other|second[- ]hand|sticker|starts?|starting|api|host|"
    r"list)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,.;:()]")
#: What is said to be a sum, before it and behind it.
_TOTAL = re.compile(
    r"\b(?:total(?:s|l?ing)?|in all|altogether|together(?! with)|sums? up to|adds? up to|"
    r"all in all|combined)\b[^.;\d]{0,30}$",
    re.IGNORECASE,
)
_LEFT = re.compile(
    r"\b(?:leaves?|leaving|that leaves|remain\w*|short of|(?:we|you) are short|"
    r"left with)\b(?: (?:you|us|me|with|only|just|about|around|roughly|"
    r"some|a))*\s*~?$",
    re.IGNORECASE,
)
_SUMMED = re.compile(r"\b(?:together(?! with)|altogether|in total|all in all|the sum)\b", re.IGNORECASE)
_PLUS = re.compile(r"\s*(?:plus|and|\+)\s*(?:another |about |roughly |~)?", re.IGNORECASE)
_IN_ALL = re.compile(r"\s*(?:in total|in all|altogether|all told|combined|together)\b", re.IGNORECASE)
_FAR, _CLAIMS, _BEHIND = 160, 300, 24
_MONEY, _RENT = dims(money=1), dims(money=1, hour=-1)
#: Letters before an amount in which what it follows from is looked for.
_SPAN = 800
_SHORT = re.compile(r"(?:/|\b(?:per|an?|each|every))\s?(?:s|sec|seconds?|min|minutes?)\b", re.IGNORECASE)
_GPU_HOURS = re.compile(r"\b(?:gpu|card|node|instance)[- ]?h", re.IGNORECASE)
#: Amounts that are further apart (as a logarithm) are of two things.
_UNLIKE = 4.0
_AXES = ("money", "energy")
_NEAR, _TWO, _SIMPLE, _BASES = 60, 2, 3, 4
#: What amounts are off by where a digit or a unit of time is lost, and how closely.
_SLIPS = tuple(one for each in (10.0, 100.0, 1e3, 1e6, 60.0, 3600.0, 24.0) for one in (each, 1 / each))
_CLOSE, _EXACT = 0.012, 1.02
#: What is told of "a month" or "a million tokens" is no amount that follows.
_ROUND = (1.0, 1e3, 1e6, 1e9)
#: What measuring and rounding make of amounts that are no money, and of money.
_LIKE = (0.18, 0.0)


def find(context: Context) -> Iterator[Finding]:
    """Every amount that follows from the one before it, with its verdict."""
    asked = 0
    earlier: tuple[Term, ...] = ()
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in ("paragraph", "item", "caption") or not re.search(r"\d", passage.text):
            continue
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        every = terms(passage.text, context.fraction, names)
        text = _Text(passage, index, every, earlier)
        earlier = tuple(each._replace(start=each.start - len(passage.text), end=0) for each in every)
        for told in every if sum(any(each.dims) for each in every) > 1 and asked < _CLAIMS else ():
            spelled = not told.sign and not any(mark.isdigit() for mark in told.words)
            if (
                not told.of
                or _is_use(told)
                or (spelled and told.value in _ROUND)
                or (told.each and told.of == "energy")
                or (told.of == "byte" and told.dims[AXES.index("hour")])
            ):
                continue
            bases = _bases(told, text, context)
            asked += bool(bases)
            said = bases or _sums(told, text)
            found = _judged(bases, told, text, context) if said else None
            if found is None and asked < _CLAIMS:
                found = _slipped(told, text, context)
            if found is not None:
                yield found
            text.heard(told, wrong=found is not None and found.accuses)


class _Text:
    """A passage with its amounts and those of the one before, gone through one by one.

    A passage may be nothing but amounts: what stands near one is looked up, never all of them for each.
    """

    def __init__(self, passage: Passage, place: int, every: Sequence[Term], earlier: Sequence[Term]) -> None:
        self.passage, self.place, self.every, self.earlier = passage, place, every, earlier
        self.tariffs = any(each.tariff for each in every)
        #: The counts that are in what follows from others.
        self.derived: dict[Term, frozenset[Term]] = {}
        #: Signs of the money, and "energy", that was heard of and is no tariff.
        self.kinds: set[str] = set()
        self._wrong: set[Term] = set()

    def heard(self, told: Term, *, wrong: bool) -> None:
        """Remember an amount for what may follow from it."""
        if wrong:
            self._wrong.add(told)
        elif not told.tariff:
            self.kinds.add(told.sign or told.of)

    def sentence(self, at: int) -> Sentence:
        """The sentence that a place is in."""
        found = sentences(self.passage.text)
        return found[bisect_right(found, at, key=_end)]

    def before(self, at: int, reach: int) -> Iterator[Term]:
        """The amounts that end less than so far before a place, the nearest first."""
        index = bisect_left(self.every, at, key=_start)
        while index and at - self.every[index - 1].end < reach:
            index -= 1
            yield self.every[index]

    def near(self, told: Term, end: int) -> Sequence[Term]:
        """The amounts from so far before one to an end."""
        return within(self.every, max(told.start - _SPAN, 0), end)

    def right(self, at: int) -> Iterator[Term]:
        """Those near enough to follow from that were not found wrong, the nearest first."""
        return (each for each in self.before(at, 2 * _FAR) if each not in self._wrong)


def _start(one: Term) -> int:
    return one.start


def _end(one: Sentence) -> int:
    return one.end


def _bases(told: Term, text: _Text, context: Context) -> list[Term]:
    """The amounts before that one may follow from: the last of its kind, and those before that."""
    before = [each for each in _before(told, text) if not _is_aside(text.passage.text, each, told)]
    if not before or told.start - before[0].end > _FAR:
        return []
    base = before[0]
    if told.each and (base.each or told.sign != base.sign):
        return []
    between = text.passage.text[base.end : told.start]
    if told.sign and _GIVEN.search(between):
        return []
    named = told.sign and context.fraction != "," and _NAME.search(between) and not base.each
    apart = named or _FORMULA.search(between) or _stopped(text, base, told)
    if apart or not _linked(text, base, told) or _of_another(context, text, base, told):
        return []
    return [base, *(each for each in before[1:] if not _of_another(context, text, each, told))]


def _is_aside(words: str, base: Term, told: Term) -> bool:
    """Whether an amount stands in brackets that are closed before another one."""
    before = words[max(base.start - _SPAN, 0) : base.start]
    return "(" in before.rpartition(")")[2] and ")" in words[base.end : told.start]


def _before(told: Term, text: _Text) -> list[Term]:
    """The last that have the axis of an amount, or for money the energy that it may be the price of."""
    if told.tariff:
        return []
    before = text.right(told.start)
    if told.of == "money":
        # A tariff is what follows from, only where there is nothing else.
        only = not text.kinds & {told.sign, *(["energy"] if text.tariffs else [])}
        before = (each for each in before if only or not each.tariff)
        before = (each for each in before if each.sign == told.sign or (text.tariffs and each.of == "energy"))
    elif told.of == "energy":
        before = (each for each in before if each.of == "energy")
    else:
        axes = [place for place, axis in enumerate(AXES) if axis == told.of or {axis, told.of} <= {*LENGTHS}]
        before = (each for each in before if any(each.dims[place] for place in axes) and not each.sign)
    return list(islice(before, _BASES))


def _linked(text: _Text, base: Term, told: Term) -> bool:
    """Whether words between two amounts say that the second follows, or it goes on a list of such."""
    words = text.passage.text
    last = next(text.before(told.start, len(words)), base)
    # A word that leads to the amount before this one leads no further.
    first = next((each.end for each in text.before(told.start, _NEAR) if each.of == told.of), base.end)
    if told.of in LENGTHS and base.of in LENGTHS and base.start < text.sentence(told.start).start:
        return False
    again = base.dims != told.dims and _AGAIN.fullmatch(words, base.end, told.start)
    listed = base in text.derived and base.start >= text.sentence(told.start).start
    reach = max(first, base.end, told.start - _NEAR)
    timed = last.of in LENGTHS and _LISTED.fullmatch(words, last.end, told.start)
    per_token = told.of == "byte" and base.dims[2] < 0
    if told.of == "flop" and not _LEADS.search(words, reach, told.start):
        return False
    link = _LINK if told.of in _AXES or per_token or _GPU_HOURS.search(told.words) else _STRONG
    tariff = told.of == "money" and last.tariff and told.start - last.end < _BEHIND
    of_each = (
        told.each and not base.each and told.of == "money" and _OF_EACH.fullmatch(words, base.end, told.start)
    )
    for_all = told.of == "money" and base.each and _FOR_ALL.match(words, told.end)
    if told.of in LENGTHS:
        return bool(_FOLLOWS.search(words, reach, told.start))
    leads = told.of in _AXES and _LEADS.search(words, reach, told.start)
    return bool(
        again
        or of_each
        or listed
        or tariff
        or timed
        or for_all
        or leads
        or link.search(words, reach, told.start)
    )


def _is_use(term: Term) -> bool:
    """Whether it is how long of a period something runs: "8 hours a day"."""
    return term.of in LENGTHS and sum(term.dims) == 0


def _stopped(text: _Text, base: Term, told: Term) -> bool:
    """Whether a word between two amounts makes the second another thing's; the first's are none."""
    words, here = text.passage.text, text.sentence(told.start)
    first, start = max(text.sentence(base.start).start, base.start - _SPAN), max(base.end, here.start)
    clause = _CLAUSE.search(words, told.end, here.end)
    end = min(told.end + _BEHIND, clause.start() if clause else here.end, here.end)
    stops = [_BREAK] if _LEADS.search(words, start, told.start) else [_BREAK, _TURN]
    for stop in stops:
        known = {match[0][:5].lower() for match in stop.finditer(words, first, base.start)}
        if any(match[0][:5].lower() not in known for match in stop.finditer(words, start, end)):
            return True
    return False


def _of_another(context: Context, text: _Text, base: Term, told: Term) -> bool:
    """Whether two amounts are of two devices, as the names nearest to them say."""
    named = context.mentions.get(text.place, ())
    one, other = (_device(named, each, text) for each in (base, told))
    between = {each.named for each in within(named, base.end, told.start)}
    if one is None or other is None:
        elsewhere = base.end <= text.sentence(told.start).start and base.of != "energy"
        return len(between) > 1 or (bool(between) and elsewhere)
    return not one & other


def _device(named: Sequence[Mention], term: Term, text: _Text) -> frozenset[str] | None:
    """The device that an amount is of: the last named before it, else the first behind it in its sentence."""
    before = named[: bisect_right(named, term.start, key=_until)][-1:]
    here = text.sentence(term.start)
    behind = within(named, term.end, here.end)
    nearest = before[-1] if before and (before[-1].start >= here.start or not behind) else None
    found = nearest or (behind[0] if behind else None)
    return frozenset((*found.named, *found.ids)) if found else None


def _until(one: Mention) -> int:
    return one.end


def _judged(bases: Sequence[Term], told: Term, text: _Text, context: Context) -> Finding | None:
    """Confirmed where a product of what is stated gives the amount, wrong where none does."""
    forced: list[Way] = []
    for base in bases:
        here = text.sentence(told.start)
        near = [each for each in text.near(told, here.end) if each is not told]
        near = [each for each in near if each.start < told.start or not alike(each, told)]
        asked = told._replace(dims=base.dims) if told.each and told.dims == _MONEY else told
        free = [each for each in ways(asked, near, base) if _is_simple(each, told, text)]
        uses = [each for each in near if _is_use(each) and here.start <= each.start < told.start]
        if uses and not told.dims[AXES.index("hour")]:
            # "600 W for 8 hours a day": not all day.
            free = [each for each in free if set(uses) & set(each.used) or base.of != "energy"]
        forced += [
            each for each in free if _forces(each, base, asked, text) and _is_stated(each, base, told, text)
        ]
        if forced:
            break
    summed = _sums(told, text)
    here = text.sentence(told.start)
    if not summed and _is_summed(told, text):
        return None
    forced = summed or forced
    if not forced:
        return None
    right = next((each for each in forced if each.gives(told)), None)
    best = right or min(forced, key=lambda one: (len(one.used), _off(one, told)))
    if right is not None:
        # A count that it was multiplied by is in it already.
        counts = frozenset(each for each in right.used if each.counted)
        text.derived[told] = counts.union(*(text.derived.get(each, frozenset()) for each in right.used))
    elif _explained(told, text, said=True) or not _LIKE[told.of in _AXES] < _off(best, told) < _UNLIKE:
        return None
    because = f"{' and '.join(each.words.strip(' .,') for each in best.used)} make {_range(best)}"
    scale = 1e3 if told.words.lower().endswith(("kwh", "kw")) else 1.0
    return made(
        context, text.passage, (told.start, told.start + len(told.words)), "arithmetic",
        "confirmed" if right else "inconsistent", attribute="bill", because=because,
        expected="" if right else _range(Way(best.low / scale, best.high / scale, ())),
        evidence=(Evidence(because),),
    )  # fmt: skip


def _slipped(told: Term, text: _Text, context: Context) -> Finding | None:
    """An amount that is a product of others but for a power of ten, or an hour for a second."""
    bases = [
        each
        for each in _before(told, text)[-_BASES:]
        if not each.sign or each.sign == told.sign
        if told.start - each.end < _FAR * _TWO and not _of_another(context, text, each, told)
    ]
    bases = [
        each
        for each in bases
        if not _is_aside(text.passage.text, each, told) and not (told.each and each.each)
    ]
    given = _GIVEN.search(text.passage.text, 0, told.start)
    if (
        not bases
        or told.about
        or given
        or told.of in ("byte", "flop", *LENGTHS)
        or len(re.sub(r"[^1-9]", "", told.words)) < _TWO
        or _explained(told, text)
    ):
        return None
    for base in reversed(bases):
        for way in _meant(told, base, text):
            ratio = told.value / way.low
            if way.high > way.low * _EXACT or not any(abs(ratio / slip - 1) < _CLOSE for slip in _SLIPS):
                continue
            because = f"{' and '.join(each.words.strip(' .,') for each in way.used)} make {_range(way)}"
            return made(
                context, text.passage, (told.start, told.start + len(told.words)), "arithmetic",
                "inconsistent",
                attribute="bill", because=because, expected=_range(way), evidence=(Evidence(because),),
            )  # fmt: skip
    return None


def _meant(told: Term, base: Term, text: _Text) -> Iterator[Way]:
    """The products with one amount that are of the kind of another, and are likely meant."""
    here = text.sentence(told.start)
    near = [each for each in text.near(told, here.end) if each is not told]
    near = [each for each in near if each.start < told.start or not alike(each, told)]
    for way in ways(told, near, base, most=_SIMPLE):
        if (
            _is_simple(way, told, text)
            and _forces(way, base, told, text)
            and not any(each.plain for each in way.used)
        ):
            yield way


def _is_summed(told: Term, text: _Text) -> bool:
    """Whether the clause of an amount says that it is of all together."""
    words, start = text.passage.text, text.sentence(told.start).start
    clause = max((one.end() for one in _CLAUSE.finditer(words, start, told.start)), default=start)
    return bool(_SUMMED.search(words, clause, told.start) or _IN_ALL.match(words, told.end))


def _sums(told: Term, text: _Text) -> list[Way]:
    """The sums that an amount may be said to be, the likeliest first."""
    behind = told.each or _IN_ALL.match(text.passage.text, told.end)
    together = _together(told, text) if _is_summed(told, text) and not behind else []
    return together or _totals(told, text)


def _together(told: Term, text: _Text) -> list[Way]:
    """The sums of two amounts told one after the other, the last first."""
    parts = [each for each in text.near(told, told.start) if each.sign == told.sign and each.of == told.of]
    parts = [each for each in parts if alike(each, told) or each.dims == _MONEY][-_BASES:]
    return [Way(a.value + b.value, a.value + b.value, (a, b)) for a, b in pairwise(parts)][::-1]


def _totals(told: Term, text: _Text) -> list[Way]:
    """The sum of what the sentence, or the one before it, lists, where an amount is said to be one."""
    words, here = text.passage.text, text.sentence(told.start)
    plain = told._replace(dims=tuple(max(power, 0) for power in told.dims))
    two = [each for each in text.near(told, told.start) if alike(each, told) or alike(each, plain)][-_TWO:]
    if (
        len(two) == _TWO
        and _PLUS.fullmatch(words, two[0].end, two[1].start)
        and _LEADS.search(words, two[1].end, told.start)
    ):
        value = two[0].value + two[1].value
        return [Way(value, value, tuple(two))]
    last = [each for each in text.near(told, told.start) if alike(each, told) and not each.each][-_TWO:]
    if (
        len(last) == _TWO
        and _LEFT.search(words, last[1].end, told.start)
        and last[0].start >= text.sentence(max(here.start - 2, 0)).start
    ):
        value = abs(last[0].value - last[1].value)
        return [Way(value, value, tuple(last))] if value else []
    if not (
        _TOTAL.search(words, max(here.start, told.start - _NEAR), told.start)
        or _IN_ALL.match(words, told.end)
    ):
        return []
    back = text.sentence(max(here.start - 2, 0)).start
    for start, end in ((here.start, told.start), (back, here.start)):
        parts = [each for each in within(text.every, start, end) if alike(each, told) and not each.each]
        if len(parts) > 1 or (parts and start == here.start):
            if len(parts) < _TWO:
                return []
            value = sum(each.value for each in parts)
            return [Way(value, value, tuple(parts))]
    return []


def _is_stated(way: Way, base: Term, told: Term, text: _Text) -> bool:
    """Whether a product over sentences is meant: words say so, or a factor stands beside the amount."""
    words, here = text.passage.text, text.sentence(told.start)
    if base.start >= here.start or _LEADS.search(words, max(here.start, told.start - _NEAR), told.start):
        return True
    beside = [each for each in way.used if each is not base and each.start >= here.start]
    per_thing = told.sign and min(told.dims[2:4]) < 0 and not base.dims[AXES.index("hour")]
    return bool(beside) and not per_thing


def _forces(way: Way, base: Term, told: Term, text: _Text) -> bool:
    """Whether a product is one that is meant: of another period, or with a count, a time or a tariff."""
    others = [each for each in way.used if each is not base]
    if base.dims == told.dims and not others:
        # "1,500 tokens/s, that is 5.4 million an hour", "$0.0005 a second, or $1.80 an hour"
        if not _LEADS.search(text.passage.text, max(base.end, told.start - _NEAR), told.start):
            return False
        periods = [_SHORT.search(text.passage.text, each.start, each.end) for each in (base, told)]
        return bool(periods[0]) != bool(periods[1])
    if base.dims == told.dims == _MONEY and not base.each and all(each.counted for each in others):
        # "64 of them cost $2 million; the cloud $3 million": a number of what the first is not one of.
        return any(each.start > base.end for each in others)
    if told.of == "energy" and base.dims == told.dims and sum(each.counted for each in others) != 1:
        return False
    rates = [each.dims for each in others if any(each.dims)]
    # Two rates of one kind are no factor of a third.
    alone = base.dims == told.dims and len(set(rates)) < len(rates)
    if alone or (told.of not in _AXES and not _rated((base, *others), told)):
        return False
    return all(any(each.dims) or each.counted or each.share for each in others)


def _rated(used: Sequence[Term], told: Term) -> bool:
    """Whether a product of no money has a rate in it, or is a length of time in another unit."""
    if _GPU_HOURS.search(told.words):
        return len(used) > 1
    if told.of in LENGTHS and len(used) == 1:
        return used[0].of in LENGTHS and used[0].dims != told.dims
    rates = [each for each in used if sum(map(bool, each.dims)) > 1]
    if told.of == "byte":
        # Of what each token or request takes.
        rates = [each for each in rates if each.of == "byte" and min(each.dims[2:4]) < 0]
    return len(used) > 1 and bool(rates)


def _explained(told: Term, text: _Text, *, said: bool = False) -> bool:
    """Whether anything that the passage states makes the amount; one `said` to follow is no repetition."""
    here = text.sentence(told.start)
    start = text.sentence(max(here.start - 2, 0)).start
    earlier = [each for each in text.earlier if each.sign and sum(map(bool, each.dims)) > 1]
    pool = [each for each in (*earlier, *text.every) if each is not told and each.start < here.end]
    # Bare numbers of other sentences are of other things, and what is told later may follow from this one.
    pool = [each for each in pool if any(each.dims) or each.counted or each.start >= start]
    pool = [each for each in pool if each.start < told.start or not alike(each, told)]
    found = (each for each in (*ways(told, pool, most=_SIMPLE), *differences(told, pool)) if each.gives(told))
    numbers = [each.value for each in pool if each.start >= here.start and (each.counted or each.plain)]
    rents = [each.value for each in pool if each.dims == _RENT and told.dims == _MONEY]
    if any(abs(rent * number / told.value - 1) < _CLOSE for rent in rents for number in numbers):
        # So many hours, one for each of them.
        return True
    return any(
        _is_simple(each, told, text)
        and _is_near(each, here)
        and not (said and len(each.used) == 1 and alike(each.used[0], told))
        for each in found
    )


def _is_near(way: Way, here: Sentence) -> bool:
    """Whether one of three factors stands in the sentence itself: else they fit by chance."""
    return len(way.used) <= _TWO or any(here.start <= each.start < here.end for each in way.used)


def _is_simple(way: Way, told: Term, text: _Text) -> bool:
    """Whether a product is one to work out: of one amount of the kind, with no count in it twice."""
    spent = {one.value for each in way.used for one in text.derived.get(each, ())}
    if any(each.counted and each.value in spent for each in way.used):
        return False
    if sum(sum(map(bool, each.dims)) == 1 and each.of in LENGTHS for each in way.used) > 1:
        return False
    if (told.of not in _AXES and len(way.used) > _SIMPLE) or sum(
        any(each.dims) for each in way.used
    ) > _SIMPLE:
        return False
    shares = [each for each in way.used if each.share]
    here = text.sentence(told.start)
    if len(shares) > 1 or any(not here.start <= each.start < told.start for each in shares):
        return False
    if any(_is_idle(each, told, way) for each in way.used):
        return False
    of_kind = sum(each.of == told.of for each in way.used)
    return of_kind <= 1 or of_kind == len(way.used) == _TWO


def _is_idle(term: Term, told: Term, way: Way) -> bool:
    """Whether an amount of memory, tokens or time has nothing that is per it: two of them only cancel out."""
    axes = [place for place, power in enumerate(term.dims) if power]
    if len(axes) != 1 or term.of == told.of:
        return False
    others = [told, *(each for each in way.used if each is not term)]
    lasts = term.of in LENGTHS
    if lasts and (told.of in LENGTHS or any(each.sign and not any(each.dims[1:]) for each in others)):
        return False
    places = [place for place, axis in enumerate(AXES) if place == axes[0] or (lasts and axis in LENGTHS)]
    per = [each for each in others if any(each.dims[place] for place in places)]
    return not any(sum(map(bool, each.dims)) > 1 for each in per)


def _off(way: Way, told: Term) -> float:
    return min(abs(math.log(told.value / each)) for each in (way.low, way.high))


def _range(way: Way) -> str:
    return f"{way.low:,.4g}" if way.high <= way.low * 1.012 else f"{way.low:,.4g} to {way.high:,.4g}"
