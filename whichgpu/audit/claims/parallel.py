"""Amounts that two devices have in parallel: "$250 on the A100s, and $223 on the H100s", of rents and hours.

What the text and the catalogue say of the one device proves by which product (or difference) its amount was
worked out. The other's must be the same product of what is known of that: wrong is one that is not.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations, islice, pairwise, product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import MONEY, NEAR, RENT, Amounts, is_known
from whichgpu.audit.bills.explained import explained
from whichgpu.audit.bills.links import BEHIND, GIVEN, ONE_WITH
from whichgpu.audit.bills.products import apart, finding
from whichgpu.audit.dimensions import AXES, LENGTHS, dims, leading
from whichgpu.audit.ledger import Entry, entries, known_of, shared
from whichgpu.audit.nodes import in_kind_of, of_tables
from whichgpu.audit.patterns import MANY
from whichgpu.audit.relations import Effort, Way, alike, made_of
from whichgpu.audit.sentences import within
from whichgpu.audit.summed import is_of_host
from whichgpu.audit.terms import terms
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.findings import Context, Finding

    Known = Mapping[Hashable, Sequence[Term]]

#: What makes the second amount one under other conditions than the first.
_OTHERWISE = re.compile(
    r"\b(?:spot|reserv\w+|commit\w*|discount\w*|spars\w+|idle|second[- ]hand|real(?:ly|ity)?|in practice|if|"
    r"would need|minimum|at least|plus|upgrade\w*|another (?:one|provider|shop|seller|cloud)|elsewhere|"
    r"apiece|last (?:year|month))\b",
    re.IGNORECASE,
)
#: Of sizes, that they are what is left and no product.
_REMAINS = re.compile(
    r"\b(?:remain\w*|left|leav\w+|free|spare|headroom|room|over for|for the (?:kv )?cache)\b", re.IGNORECASE
)
_IN_TURN = re.compile(r"\brespectively\b|\bcompute capability\b", re.IGNORECASE)
#: Letters between two amounts that are set beside each other, and before them for what both follow from.
_APART, _BACK = 420, 500
_MODEL = re.compile(r"\b\d+(?:\.\d+)?B\b|\bweights\b|\bmodels?\b|\bcontext\b")
#: From where on an amount is wrong, pairs of a passage that are tried, and products of a document.
_OFF, _PAIRS, _TRIED = 0.04, 24, 60_000
_NEARLY = 4.0
_POOL, _NODES, _SHARED, _COUNTED = 8, 2, 2, 2
_MANY, _LIKE = "many", 30.0
_HOUR, _BYTE = AXES.index("hour"), AXES.index("byte")
_POWER, _PIECES, _LASTS = dims(energy=1, hour=-1), dims(piece=1), dims(hour=1)
_PERIODS = tuple(LENGTHS[each] for each in ("month", "year"))
#: Around a factor of a formula: "4 x 730 x $1.99 = $5,811".
_TIMES, _FACTOR = re.compile(r"[/x\u00d7*]\s*$"), re.compile(r"\s*(?:[x\u00d7*]\s|[\u00d7*/]\s*[$\d])")
#: What leads to an amount by "at", as to that beside it: "comes out at $0.34 and the other at $0.36".
_COMES_AT = re.compile(
    r"\b(?:comes?|came|works?) (?:out|in) at (?:about |around |only |just )?$", re.IGNORECASE
)
_FOR_EACH = re.compile(r"\s+(?:for each|each|per user|apiece)\b", re.IGNORECASE)
#: What a sentence begins with that sets another scene than the one before.
_SCENE = re.compile(r"\s*(?:At|With|On|Under)\s(?:the|our|an?)\s[^.;,$\d]{3,50},\s")
_SECOND = re.compile(r"(?:/|\bper |\ba )\s?s(?:ec(?:ond)?)?\b", re.IGNORECASE)


class _Here(NamedTuple):
    """A passage with the amounts of devices in it, and what may still be tried of the document."""

    text: Amounts
    mine: Sequence[Entry]
    context: Context
    effort: Effort


class _Both(NamedTuple):
    """Two amounts with what is known of the device of each by kind, and the amounts of no device."""

    one: Entry
    other: Entry
    first: Known
    second: Known
    pool: Sequence[Term]


def find(context: Context) -> Iterator[Finding]:
    """Every amount that does not follow as that of the device beside it does."""
    effort = Effort(_TRIED)
    for index, passage in context.document.running():
        named = context.mentions.get(index, ())
        if not re.search(r"\d", passage.text):
            continue
        names = tuple((each.start, each.end) for each in named)
        text = Amounts(passage, index, terms(passage.text, context.fraction, names), ())
        mine = entries(text, context)
        here = _Here(text, mine, context, effort)
        for one, other in islice(_pairs(mine, text), _PAIRS):
            found = _held(one, other, mine, here)
            if found is not None:
                yield found


def _pairs(mine: Sequence[Entry], text: Amounts) -> Iterator[tuple[Entry, Entry]]:
    """Amounts of one kind of two devices, shortly one after the other; each of them may show the other."""
    for a, b in combinations(mine, 2):
        if a.ids & b.ids or b.term.start - a.term.end > _APART or not (a.named and b.named):
            continue
        first, last = a, b
        beside = text.sentence(a.term.start) == text.sentence(b.term.start)
        paid = a.term.dims == MONEY and b.term.sign == a.term.sign
        if beside and paid and b.term.dims[:_HOUR] == MONEY[:_HOUR]:
            # "Four cost $3.00, and two of the other $3.60 an hour".
            first = a._replace(term=a.term._replace(dims=b.term.dims))
        elif beside and _once(a.term, b.term):
            # "216 kWh a month, the other 252 kWh".
            last = b._replace(term=b.term._replace(dims=a.term.dims))
        elif (
            not alike(a.term, b.term)
            and (meant := in_kind_of(b.term, a.term, text))
            and _is_like(meant, a.term)
        ):
            last = b._replace(term=meant)
        led = beside and _COMES_AT.search(text.passage.text, max(0, a.term.start - NEAR), a.term.start)
        if alike(first.term, last.term) and _follows(first, text) and (led or _follows(last, text)):
            yield first, last
            yield last, first


def _is_like(one: Term, other: Term) -> bool:
    """Whether two amounts are near enough to be of the same, where only one says what it is per."""
    return 1 / _LIKE < one.value / other.value < _LIKE


def _once(one: Term, other: Term) -> bool:
    """Whether two amounts are of one thing, and only the first says of which period."""
    return (
        one.of == other.of == "energy" and one.dims[:_HOUR] == other.dims[:_HOUR]
        and any(one.dims[_HOUR:]) and not any(other.dims[_HOUR:])
    )  # fmt: skip


#: Behind a size, that it is the machine's.
_RAM = re.compile(r"\s*(?:of\s+)?(?:(?:system|host|main|cpu)\s+(?:ram|memory)|ram|ddr\d)\b", re.IGNORECASE)


_A_WAIT = re.compile(r"\d\s?(?:ms|milliseconds?|s|secs?|seconds?)\s*$", re.IGNORECASE)


def _follows(entry: Entry, text: Amounts) -> bool:
    """Whether an amount is of a kind that is worked out: no price that is given, no speed, no bandwidth."""
    term = entry.term
    before = max(0, term.start - NEAR)
    if is_of_host(text.passage.text, before, (term.start, term.start + len(term.words))) or (
        term.of == "byte" and _RAM.match(text.passage.text, term.start + len(term.words))
    ):
        return False
    given = term.sign and GIVEN.search(text.passage.text, before, term.start)
    given = given or ONE_WITH.search(text.passage.text, before, term.start)
    factor = _FACTOR.match(text.passage.text, term.start + len(term.words))
    if is_known(term, text) or given or factor or _TIMES.search(text.passage.text, 0, term.start):
        return False
    if term.of in ("token", "piece") and term.dims[_HOUR] < 0 and _SECOND.search(term.words):
        # A speed is measured, but for what each of several users gets of it.
        return term.each or _FOR_EACH.match(text.passage.text, term.start + len(term.words)) is not None
    return term.of != "flop" and not (term.of == "byte" and term.dims[_HOUR])


def _held(one: Entry, other: Entry, told: Sequence[Entry], here: _Here) -> Finding | None:
    """The verdict on the second of two amounts, where what is known of its device shows the first."""
    text, context = here.text, here.context
    first, last = sorted((one.term, other.term), key=lambda each: each.start)
    words = text.passage.text
    if _OTHERWISE.search(
        words, text.sentence(first.start).start, min(last.end + BEHIND, text.sentence(last.start).end)
    ):
        return None
    start = text.sentence(last.start).start
    if (first.start >= start and _SCENE.match(words, start)) or any(
        _IN_TURN.search(words, each.start, each.end)
        for each in (text.sentence(first.start), text.sentence(last.start))
    ):
        # "At the four-GPU size, the same division gives": of amounts that only the setting has.
        # Each in its turn, and none beside the name before it; versions follow from nothing.
        return None
    if first.start < start and any(each.of in LENGTHS for each in within(text.every, start, last.start)):
        # "For a month we charge $584 and $1,380. Eight for a week come to": for a time of its own.
        return None
    names = context.mentions.get(text.place, ())
    pool = list(shared(text, here.mine, names, max(0, first.start - _BACK), last.end))
    first_known, second_known = (_of_device(each, told, context) for each in (one, other))
    both = _Both(one, other, first_known, second_known, pool)
    tried = [*_left(both)]
    remains = one.term.of == "byte" and _REMAINS.search(
        words, text.sentence(first.start).start, last.end + BEHIND
    )
    if not remains and not _is_of_model(one.term, text) and not _is_of_model(other.term, text):
        tried += _alike(both, here.effort)
    # What is told behind an amount follows from it.
    tried = [
        way
        for way in tried
        if all(each.start <= other.term.start or each.counted or each.of in LENGTHS for each in way.used)
    ]
    tried = [way for way in tried if len({each.value for each in way.used}) == len(way.used)]
    tried = [way for way in tried if _may_be(way, other.term) and not _is_of_a_row(way, text)]
    if other.term.of == "byte":
        own = text.sentence(other.term.start)
        counts = ((way, [each for each in way.used if each.counted and each.end]) for way in tried)
        tried = [way for way, some in counts if all(own.start <= each.start < own.end for each in some)]
    if not tried:
        return None
    text.every = tuple(other.term if each.start == other.term.start else each for each in text.every)
    best = min(tried, key=lambda each: apart(each, other.term))
    near = best.gives(other.term) or _is_of_all(both) or apart(best, other.term) < _OFF
    if near or explained(other.term, text, said=True):
        return None
    return finding(best, other.term, "inconsistent", text, context)


def _is_of_a_row(way: Way, text: Amounts) -> bool:
    """Whether an amount is one of a row that others are told in: "520 W, 410 W and 345 W for them"."""
    words = text.passage.text
    for used in way.used:
        if used.start < 0 or used.counted:
            continue
        own = text.sentence(used.start)
        alike = [each for each in within(text.every, own.start, own.end) if each.dims == used.dims]
        row = [
            b for a, b in pairwise(alike)
            if _ROW.fullmatch(words, a.start + len(a.words), b.start)
        ]  # fmt: skip
        if len(row) > 1 and used.start in (alike[0].start, *(each.start for each in row)):
            return True
    return False


_ROW = re.compile(r"\s*(?:,|,?\s+and)\s+(?:only |just )?")


#: Amounts that anybody multiplies and divides to come to another.
_FACTORS = 3


def _may_be(way: Way, told: Term) -> bool:
    """Whether an amount may be meant to be a result: it is near enough, or a power of ten off."""
    off = told.value / way.low if way.low else 0.0
    paid = any(each.sign for each in way.used)
    timed = _A_WAIT.search(told.words) and any(each.of in ("energy", "power") for each in way.used)
    if len(way.used) > _FACTORS or (paid and not told.sign) or timed:
        # "$2.50 and $0.102 and 3 of them and 72 W make 31 J" is nobody's way; a wait is measured.
        return False
    return 1 / _NEARLY < off < _NEARLY or any(
        abs(off * ten - 1) < _OFF for ten in (10.0, 100.0, 1e3, 0.1, 0.01, 1e-3)
    )


def _is_of_all(both: _Both) -> bool:
    """Whether it is so many times anything that is known of one: 8 x 180 GB of what the text gives 192 GB."""
    told = both.other.term
    counts = [*both.second.get(_MANY, ()), *(each for each in both.pool if each.counted)]
    own = (each for values in both.second.values() for each in values if each.dims == told.dims)
    if any(Way(each.value, each.value, (each,)).gives(told) for each in own):
        # What is on file of it: nothing that was worked out.
        return True
    return any(
        Way(each.value * many.value, each.value * many.value, (each,)).gives(told)
        for values in both.second.values()
        for each in values
        for many in counts
        if each.dims == told.dims
    )


def _is_of_model(term: Term, text: Amounts) -> bool:
    """Whether a size is what a model takes, whatever holds it: "can hold a 34B in FP16 (68 GB)"."""
    before = max(0, term.start - NEAR)
    return term.of == "byte" and _MODEL.search(text.passage.text, before, term.start) is not None


def _of_device(entry: Entry, told: Sequence[Entry], context: Context) -> dict[Hashable, list[Term]]:
    """What is known of the device of an amount but that itself, and how many of it there are."""
    others = [each for each in told if each.term.start != entry.term.start]
    known = known_of(entry.ids, others, context)
    if entry.term.dims == _PIECES:
        # "Renders the scene in 42 s": of each of what is counted.
        known |= {
            (powers, ""): [one._replace(dims=powers) for one in known[(_LASTS, "")]]
            for powers in (dims(hour=1, piece=-1),)
            if (_LASTS, "") in known
        }
    for node in of_tables(context):
        if node.ids & entry.ids:
            known.setdefault(node.key, []).append(node.term)
    before = [
        each.many for each in others if each.ids & entry.ids and 0 <= each.term.start < entry.term.start
    ]
    many = before[-1] if before and entry.many == 1 else entry.many
    if many > 1:
        words = f"{many:g} of them"
        known[_MANY] = [entry.term._replace(value=many, dims=dims(), words=words, sign="", counted=True)]
    return known


def _alike(both: _Both, effort: Effort) -> Iterator[Way]:
    """The products for the second device that for the first one give its amount."""
    kinds = [key for key in both.first if key in both.second and key != _MANY]
    counts: tuple[tuple[str, ...], ...] = ((),)
    if _MANY in both.first or _MANY in both.second:
        counts = ((), (_MANY,))
    for keys in (some for size in range(1, _NODES + 1) for some in combinations(kinds, size)):
        for more in counts:
            yield from _by((*keys, *more), both, effort)


def _by(keys: tuple[Hashable, ...], both: _Both, effort: Effort) -> Iterator[Way]:
    """The products of what is known of these kinds, with up to two amounts that are of no device."""
    if effort.spent:
        return
    one, other = both.one.term, both.other.term
    first = [_values(key, both.first, one) for key in keys]
    second = [_values(key, both.second, other) for key in keys]
    near = sorted(both.pool, key=lambda each: abs(each.start - one.start))[:_POOL]
    near = [each for each in near if _is_before(each, one)]
    for some in (some for size in range(_SHARED + 1) for some in combinations(near, size)):
        for values in product(*first):
            used = (*(each for each in values if each is not None), *some)
            if not _is_worked(tuple([(each.dims, each.counted) for each in used]), one.dims, one.sign):
                continue
            tried = made_of(one._replace(about=False), used, effort)
            proof = next((way for way in tried if way.gives(one)), None)
            if proof is not None:
                yield from (_narrowed(way, proof, one) for way in _again(second, some, other, effort))


def _narrowed(way: Way, proof: Way, told: Term) -> Way:
    """A product with the length of a month that the first amount was worked out with."""
    if proof.high <= proof.low or not way.high / way.low <= proof.high / proof.low * 1.001:
        return way
    share = min(max(told.value, proof.low), proof.high) / proof.low
    return way._replace(low=way.low * share, high=way.low * share)


def _again(
    second: Sequence[Sequence[Term | None]], some: Sequence[Term], other: Term, effort: Effort
) -> Iterator[Way]:
    """The same products of what is known of the second device."""
    if not all(_is_before(each, other) for each in some):
        return
    for values in product(*second):
        used = (*(each for each in values if each is not None), *some)
        if _is_worked(tuple([(each.dims, each.counted) for each in used]), other.dims, other.sign):
            yield from made_of(other, used, effort)


def _is_before(used: Term, told: Term) -> bool:
    """Whether an amount is told behind one that it follows from."""
    if used.counted or used.start < told.start:
        return True
    # "216 kWh in a month of 720 hours": how long that is may be told behind.
    return used.dims == _LASTS and any(a <= used.value <= b for a, b in _PERIODS)


def _values(key: Hashable, side: Known, told: Term) -> Sequence[Term | None]:
    """What is known of a kind before an amount is told; of one device there is no number."""
    known = side.get(key)
    return [each for each in known if _is_before(each, told)] if known else [None]


@lru_cache(maxsize=MANY)
def _is_worked(used: tuple[tuple[tuple[int, ...], bool], ...], told: tuple[int, ...], sign: str) -> bool:
    """Whether a product is one that an amount is worked out by, and not the amount told again.

    That hangs on what is told of (powers of the axes), its sign, and, of each factor, its powers and whether
    it is a count: of these there are far fewer than products.
    """
    kinds = [powers for powers, _ in used if any(powers)]
    counts = sum(counted for _, counted in used)
    if told in (RENT, _POWER) or (leading(told) == "byte" and not counts):
        # A rent or a power of one is its own.
        return bool(counts) and len(used) == _COUNTED and used[0][0] == told
    if counts > 1:
        # Two numbers give nearly anything.
        return False
    if told == _LASTS and any(powers[_BYTE] for powers, _ in used) and _LASTS in kinds:
        # How long one job takes by how long another does, and by sizes or bandwidths: chance.
        return False
    again = len(used) == 1 and (used[0][0] == told or not sign)
    return len({*kinds}) == len(kinds) and not again


def _left(both: _Both) -> Iterator[Way]:
    """What both have less, or more, of one amount: "leaves 4 GB on one and 28 on the other"."""
    one = both.one.term
    # What is told behind the first follows from it, and is none of the second.
    rest = [each for each in both.pool if alike(each, one) and each.start < one.start]
    rest = rest if one.of in ("byte", "money") else []
    first, last = ([each.value for each in side.get(_MANY, ())] for side in (both.first, both.second))
    for (key, values), sign in product(both.first.items(), (-1, 1)):
        for value, each, many in product(values, rest, (1.0, *first)):
            made = value.value * many + sign * each.value
            proof = value.dims == one.dims and made > 0 and Way(made, made, ()).gives(one)
            for again, times in product(both.second.get(key, ()), (1.0, *last)) if proof else ():
                second = again.value * times + sign * each.value
                if second > 0:
                    yield Way(second, second, (again, each))
