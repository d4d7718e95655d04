"""What follows for one device follows for the next: "70 GB take 20.9 ms on the H100 and 10.6 ms on the H200".

Where what is known of the first device makes its amount, with what the passage says of both, what is known of
the second of the same kind must make the second amount: a row of a table, a rate told before, bandwidth.
"""

from __future__ import annotations

from itertools import combinations, islice
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import NEAR, Amounts, is_known
from whichgpu.audit.bills.links import BEHIND, GIVEN
from whichgpu.audit.bills.products import apart, explained, finding
from whichgpu.audit.dimensions import AXES
from whichgpu.audit.nodes import Node, in_kind_of, number, of_catalogue, of_tables, of_text, owned
from whichgpu.audit.relations import alike, ways
from whichgpu.audit.sentences import within
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.relations import Way

#: What makes the second amount one under other conditions than the first.
_OTHERWISE = re.compile(
    r"\b(?:spot|reserv\w+|commit\w*|discount\w*|spars\w+|idle|used|second[- ]hand|instead|batch\w*|measured|"
    r"real(?:ly|ity)?|in practice|only|if|would need)\b",
    re.IGNORECASE,
)
#: Letters between two amounts that are set beside each other, and before them for what both follow from.
_APART, _BACK = 260, 400
#: Factors beside what is known of the device, and from where on an amount is wrong.
_FACTORS, _OFF = 2, 0.05
_PAIRS, _BESIDE = 24, 12
#: Amounts of devices told before that are tried.
_TOLD = 400


def find(context: Context) -> Iterator[Finding]:
    """Every amount that does not follow as that of the device beside it does."""
    told: list[Node] = list(of_tables(context))
    for index, passage in context.document.running():
        named = context.mentions.get(index, ())
        if not named or not re.search(r"\d", passage.text):
            continue
        names = tuple((each.start, each.end) for each in named)
        text = Amounts(passage, index, terms(passage.text, context.fraction, names), ())
        mine, here = owned(text, context), of_text(text, context)
        for one, other in islice(_pairs(mine, text), _PAIRS):
            shared = _shared(one, other, mine, text, context)
            first = min(one.term.start, other.term.start)
            before = [each for each in here if each.term.end <= first]
            found = _held(one, other, ([*told[-_TOLD:], *before], shared), text, context)
            if found is not None:
                yield found
                break
        told += [each._replace(term=each.term._replace(start=-1, end=0)) for each in here]


def _pairs(mine: Sequence[Node], text: Amounts) -> Iterator[tuple[Node, Node]]:
    """Amounts of one kind of two devices, shortly one after the other; each of them may show the other."""
    for a, b in combinations(mine, 2):
        if a.ids & b.ids or b.term.start - a.term.end > _APART or a.term.plain or _is_given(a, text):
            continue
        if a.term.of == "byte" and a.term.dims[AXES.index("hour")]:
            # A bandwidth is a device's own, and follows from nothing.
            continue
        meant = b.term if alike(a.term, b.term) else in_kind_of(b.term, a.term, text)
        if meant is not None and not _is_given(b, text):
            second = b._replace(term=meant)
            yield a, second
            yield second, a


def _is_given(node: Node, text: Amounts) -> bool:
    """Whether an amount is a price, or one that is spoken of as known: nothing that follows."""
    before = max(0, node.term.start - NEAR)
    given = GIVEN.search(text.passage.text, before, node.term.start)
    return bool(given) or node.term.loose or is_known(node.term, text)


def _held(
    one: Node, other: Node, known: tuple[Sequence[Node], Sequence[Term]], text: Amounts, context: Context
) -> Finding | None:
    """The verdict on the second of two amounts, where what is known of its device shows the first."""
    first, last = sorted((one.term, other.term), key=lambda each: each.start)
    if _OTHERWISE.search(text.passage.text, first.end, min(last.end + BEHIND, text.sentence(last.start).end)):
        return None
    told, shared = known
    # What proves a product is held to its digits.
    proof = one.term._replace(about=False)
    tried = [
        again
        for a, b in _known(one, other, told, context)
        for shown in _makes(proof, a, shared)
        for again in _makes(other.term, b, [each for each in shown.used if each is not a], all_of=True)
    ]
    if not tried:
        return None
    best = min(tried, key=lambda each: apart(each, other.term))
    text.every = tuple(other.term if each.start == other.term.start else each for each in text.every)
    if best.gives(other.term) or apart(best, other.term) < _OFF or explained(other.term, text):
        return None
    return finding(best, other.term, "inconsistent", text, context)


def _known(one: Node, other: Node, told: Sequence[Node], context: Context) -> Iterator[tuple[Term, Term]]:
    """What is known of both devices by one key: told before, or of the catalogue where it is no money."""
    sides = [
        [
            *(each for each in told if each.ids & node.ids),
            # What several have of it together depends on their number.
            *(each for each in of_catalogue(node.ids, context) if each.term.of != node.term.of),
        ]
        for node in (one, other)
    ]
    axes = [at for at, power in enumerate(one.term.dims) if power]
    second: dict[Hashable, dict[float, Term]] = {}
    for each in sides[1]:
        second.setdefault(_kind(each), {})[each.term.value] = each.term
    for kind, term in {(_kind(each), each.term) for each in sides[0]}:
        if any(term.dims[at] for at in axes) and term.sign in ("", one.term.sign):
            yield from ((term, of_other) for of_other in second.get(kind, {}).values())


def _kind(node: Node) -> Hashable:
    return node.key, node.term.dims, node.term.sign


def _shared(one: Node, other: Node, mine: Sequence[Node], text: Amounts, context: Context) -> list[Term]:
    """The amounts and counts before two that are of no device, which both may follow from."""
    own = {each.term.start for each in mine} | {other.term.start}
    start, end = sorted((one.term.start, other.term.start))
    near = within(text.every, max(0, start - _BACK), end)
    # "172 GPU-hours" of the one are none of the other.
    its = {each.term.of for each in mine if each.ids & other.ids and each.term is not other.term}
    names = context.mentions.get(text.place, ())
    near = [each for each in near if any(each.dims) or (each.counted and each.value > 1)]
    near = [each for each in near if any(each.dims) or not within(names, each.end, each.end + _BESIDE)]
    return [
        each
        for each in near
        if each.start not in own and each.of not in its - {""} and not alike(each, one.term)
    ]


def _makes(told: Term, by: Term, pool: Sequence[Term], *, all_of: bool = False) -> Iterator[Way]:
    """The products of what is known of a device that give an amount; or those of all of some factors."""
    for way in ways(told, pool, by, most=1 + (len(pool) if all_of else _FACTORS)):
        # Two amounts of one kind only cancel out, and one that is told again follows from nothing.
        kinds = [each.dims for each in way.used if any(each.dims)]
        again = not all_of and len(way.used) == 1 and number(by.words) == number(told.words)
        meant = len(way.used) == len(pool) + 1 if all_of else way.gives(told)
        if len({*kinds}) == len(kinds) and meant and not again:
            yield way
