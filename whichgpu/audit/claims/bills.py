"""Bills: "$2.50 an hour, or $60 a day", "100 hours at $4 come to $400", "450 W for 24 hours are 10.8 kWh".

An amount that is said to follow from another is wrong where no product of what the text states gives it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from itertools import islice
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.relations import Way, differences, ways
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
#: A name between two amounts, the seller of the second maybe.
_NAME = re.compile(
    r"(?<![.!?:]\s)(?<!^)\b(?!GPUs?\b|USD\b|EUR\b|Stunden?\b|Tage?n?\b|Monate?n?\b|Watt\b)(?:[A-Z][a-z]\w+|"
    r"AWS|GCP|OVH)"
)
#: Between two rates of one thing: "$0.50/hr on demand, about $365/month".
_AGAIN = re.compile(
    r"(?:\s+on[- ]demand)?\s*[,(]\s*(?:about|roughly|around|approximately|approx\.?|~)?\s*", re.IGNORECASE
)
_FOR_ALL = re.compile(r"\s+for (?:the|both|all)\b", re.IGNORECASE)
#: "For 200 hours, $1,240", and a price that is given.
_LISTED = re.compile(r"\s*,\s*(?:some |about |roughly |or )*")
_GIVEN = re.compile(r"\bat\s+(?:about |around |roughly |just )*$", re.IGNORECASE)
#: "$2.00 x 730 h =": a formula, which is worked out as one.
_FORMULA = re.compile(r"[x\u00d7*/]\s*[$\u20ac]?\d[^=]*=\s*$")
#: What makes it an amount of something else.
_BREAK = re.compile(
    r"\b(?:while|whereas|but|versus|vs|compared|than|instead|spot|reserved|commit\w*|discount\w*|sav\w+|"
    r"storage|egress|plus|excluding|including|tax\w*|depreciat\w*|upfront|up front|minimum|from|between|idle|"
    r"average|peak|under load|measured|previously|fell|dropped|used to|margin|profit|buy\w*|bought|"
    r"purchase\w*|(?:brand[- ])?new|another|other|second[- ]hand|sticker|overhead|everything|cooling|starts?|"
    r"starting|api|alone|host|psus?|ups|circuits?|power suppl\w+|breakers?|retail\w*|list|msrp|launched)\b",
    re.IGNORECASE,
)
_FAR, _CLAIMS, _BEHIND = 160, 300, 24
_SECOND = re.compile(r"/\s?s\b|per second|a second", re.IGNORECASE)
_GPU_HOURS = re.compile(r"\b(?:gpu|card|node|instance)[- ]?h", re.IGNORECASE)
#: Amounts that are further apart (as a logarithm) are of two things.
_UNLIKE = 4.0
_AXES = ("money", "energy")
_NEAR, _TWO, _SIMPLE, _BASES = 60, 2, 3, 4
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
            bases = _bases(told, text, context) if told.of else []
            asked += bool(bases)
            found = _judged(bases, told, text, context) if bases else None
            if found is not None:
                yield found
            text.heard(told, wrong=found is not None and found.accuses)


class _Text:
    """A passage with its amounts and those of the one before, gone through one by one.

    A passage may be nothing but amounts: what stands near one is looked up, never all of them for each.
    """

    def __init__(self, passage: Passage, place: int, every: Sequence[Term], earlier: Sequence[Term]) -> None:
        self.passage, self.place, self.every, self.earlier = passage, place, every, earlier
        self.tariffs = any(map(_is_tariff, every))
        #: The counts that are in what follows from others.
        self.derived: dict[Term, frozenset[Term]] = {}
        #: Signs of the money, and "energy", that was heard of and is no tariff.
        self.kinds: set[str] = set()
        self._wrong: set[Term] = set()
        self._breaks: dict[str, list[int]] | None = None

    def heard(self, told: Term, *, wrong: bool) -> None:
        """Remember an amount for what may follow from it."""
        if wrong:
            self._wrong.add(told)
        elif not _is_tariff(told):
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

    def right(self, at: int) -> Iterator[Term]:
        """Those near enough to follow from that were not found wrong, the nearest first."""
        return (each for each in self.before(at, 2 * _FAR) if each not in self._wrong)

    def breaks(self, key: str, start: int, end: int) -> bool:
        """Whether a word that makes an amount another thing's, by its first letters, is in a stretch."""
        if self._breaks is None:
            self._breaks = {}
            for match in _BREAK.finditer(self.passage.text):
                self._breaks.setdefault(_key(match), []).append(match.start())
        places = self._breaks.get(key, ())
        first = bisect_left(places, start)
        return first < len(places) and places[first] < end


def _start(one: Term) -> int:
    return one.start


def _end(one: Sentence) -> int:
    return one.end


def _key(found: re.Match[str]) -> str:
    return found[0][:5].lower()


def _bases(told: Term, text: _Text, context: Context) -> list[Term]:
    """The amounts before that one may follow from: the last of its kind, and those before that."""
    before = _before(told, text)
    if not before or told.start - before[0].end > _FAR:
        return []
    base = before[0]
    if told.each and (base.each or told.sign != base.sign):
        return []
    between = text.passage.text[base.end : told.start]
    if told.dims == dims(money=1) and _GIVEN.search(between) and not told.each:
        return []
    named = context.fraction != "," and _NAME.search(between) and not base.each
    apart = named or _FORMULA.search(between) or _stopped(text, base, told)
    if apart or not _linked(text, base, told) or _of_another(context, text, base, told):
        return []
    return [base, *(each for each in before[1:] if not _of_another(context, text, each, told))]


def _before(told: Term, text: _Text) -> list[Term]:
    """The last that have the axis of an amount, or for money the energy that it may be the price of."""
    if _is_tariff(told):
        return []
    before = text.right(told.start)
    if told.of == "money":
        # A tariff is what follows from, only where there is nothing else.
        only = not text.kinds & {told.sign, *(["energy"] if text.tariffs else [])}
        before = (each for each in before if only or not _is_tariff(each))
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
    link = _LINK if told.of in _AXES or per_token or _GPU_HOURS.search(told.words) else _STRONG
    tariff = told.of == "money" and _is_tariff(last) and told.start - last.end < _BEHIND
    for_all = told.of == "money" and base.each and _FOR_ALL.match(words, told.end)
    return bool(again or listed or tariff or timed or for_all or link.search(words, reach, told.start))


def _is_tariff(term: Term) -> bool:
    return bool(term.sign) and term.dims[1] < 0


def _stopped(text: _Text, base: Term, told: Term) -> bool:
    """Whether a word between two amounts makes the second another thing's; the first's are none."""
    words, here = text.passage.text, text.sentence(told.start)
    first = text.sentence(base.start).start
    place = max(base.end, here.start), min(told.end + _BEHIND, here.end)
    found = _BREAK.finditer(words, *place)
    return any(not text.breaks(_key(match), first, base.start) for match in found)


def _of_another(context: Context, text: _Text, base: Term, told: Term) -> bool:
    """Whether a device stands between two amounts that is not the one before both."""
    named = context.mentions.get(text.place, ())
    first = bisect_right(named, base.start, key=_until)
    between = within(named, base.end, told.start)
    if not first:
        # "At 165 W the A30 uses 4 kWh": the one device of both.
        return len({each.named for each in between}) > 1 or (bool(between) and base.of != "energy")
    return any(each.named != named[first - 1].named for each in between)


def _until(one: Mention) -> int:
    return one.end


def _judged(bases: Sequence[Term], told: Term, text: _Text, context: Context) -> Finding | None:
    """Confirmed where a product of what is stated gives the amount, wrong where none does."""
    forced: list[Way] = []
    for base in bases:
        here = text.sentence(told.start)
        start = min(text.sentence(base.start).start, here.start)
        if told.of not in _AXES:
            start = text.sentence(max(start - 2, 0)).start
        near = [each for each in within(text.every, start, here.end) if each is not told]
        asked = told._replace(dims=base.dims) if told.each and told.dims == dims(money=1) else told
        free = [each for each in ways(asked, near, base) if _is_simple(each, told, text)]
        forced += [each for each in free if _forces(each, base, asked)]
        if forced:
            break
    if not forced:
        return None
    right = next((each for each in forced if each.gives(told)), None)
    best = right or min(forced, key=lambda one: _off(one, told))
    if right is not None:
        # A count that it was multiplied by is in it already.
        counts = frozenset(each for each in right.used if each.counted)
        text.derived[told] = counts.union(*(text.derived.get(each, frozenset()) for each in right.used))
    elif _explained(told, text) or not _LIKE[told.of in _AXES] < _off(best, told) < _UNLIKE:
        return None
    because = f"{' and '.join(each.words.strip(' .,') for each in best.used)} make {_range(best)}"
    scale = 1e3 if told.words.lower().endswith(("kwh", "kw")) else 1.0
    return made(
        context, text.passage, (told.start, told.start + len(told.words)), "arithmetic",
        "confirmed" if right else "inconsistent", attribute="bill", because=because,
        expected="" if right else _range(Way(best.low / scale, best.high / scale, ())),
        evidence=(Evidence(because),),
    )  # fmt: skip


def _forces(way: Way, base: Term, told: Term) -> bool:
    """Whether a product is one that is meant: of another period, or with a count, a time or a tariff."""
    others = [each for each in way.used if each is not base]
    if base.dims == told.dims and not others:
        # "1,500 tokens/s, that is 5.4 million an hour"
        return bool(
            told.of in ("token", "piece") and _SECOND.search(base.words) and not _SECOND.search(told.words)
        )
    if told.of == "energy" and base.dims == told.dims and not any(each.counted for each in others):
        return False
    if told.of not in _AXES and not _rated((base, *others), told):
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


def _explained(told: Term, text: _Text) -> bool:
    """Whether anything at all that the passage states makes the amount."""
    here = text.sentence(told.start)
    start = text.sentence(max(here.start - 2, 0)).start
    earlier = [each for each in text.earlier if each.sign and sum(map(bool, each.dims)) > 1]
    pool = [each for each in (*earlier, *text.every) if each is not told and each.start < here.end]
    # Bare numbers of other sentences are of other things.
    pool = [each for each in pool if any(each.dims) or each.counted or each.start >= start]
    found = (each for each in (*ways(told, pool, most=_SIMPLE), *differences(told, pool)) if each.gives(told))
    return any(_is_simple(each, told, text) and _is_near(each, here) for each in found)


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
    if told.of not in _AXES and len(way.used) > _SIMPLE:
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
