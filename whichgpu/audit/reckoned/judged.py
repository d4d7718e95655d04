"""Which numbers are results, and whether anything around them makes what they say."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.reckoned.derive import MOST, changes, core, elided, like, product_of, products, sums
from whichgpu.audit.reckoned.meant import LEAD, meant_by
from whichgpu.audit.reckoned.units import HOLDERS, MONEY, number
from whichgpu.audit.reckoned.words import HIGHER, LOWER, THUS, WRITTEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.reckoned.around import Around
    from whichgpu.audit.reckoned.derive import Made
    from whichgpu.audit.reckoned.units import Figure

#: What is said of a time after which something is paid off.
_PAYS = re.compile(
    r"\b(?:paid (?:off|back)|pays? (?:off|back|for itself)|break[s-]? ?even|recoup\w*|amorti[sz]\w+)\b",
    re.IGNORECASE,
)
#: What a question asks that a number answers.
_ASKS = re.compile(r"\b(?:how|what|when|which|cost|price|total|bill|result|sum)\b", re.IGNORECASE)
#: Numbers before one that may explain it; letters behind a share whose words are its own.
_WIDE, _FEW, _REACH = 11, 5, 24
#: About how many products are tried of what stands next to a number, and of all around it.
_LITTLE, _COST = 20, 100
#: What two results differ by that are one; how far a wrong one is off at least; what a model needs beyond its
#: weights at least and at most, as a share of them; factors that make a product far-fetched.
_SAME, _OFF, _BELOW, _ON_TOP, _MANY = 0.012, 0.03, 0.9, 1.4, 3


def judged(told: Figure, here: Around) -> Made | None:
    """What should stand in place of a number that follows from others and is not what they make."""
    try:
        return _judged(told, here)
    finally:
        here.heard(told)
        here.told.seen.add((round(told.value, 9), str(core(told))))
        if told.kind == "share":
            here.told.shares.add(told.value)


def _judged(told: Figure, here: Around) -> Made | None:
    regular = not told.powers and told.kind == "" and bool(told.words.strip("0123456789., "))
    told = elided(told) if told.kind == "" else told
    if not _is_asked(told, here):
        return None
    start = here.sentence(told.start).start
    before = here.text[max(start, told.start - LEAD) : told.start]
    if not before.strip():
        # "How long does it take? 20 s".
        before = here.text[max(0, start - 2) : told.start]
        if "?" in before and not _ASKS.search(here.text, here.back(start, 1), start):
            # "And the others? Four L40S": no answer that is a number.
            return None
    meant = meant_by(told, start, before, here)
    if regular:
        # "20.8 hours a month" of so many images, and no use of each day.
        meant = [each for each in meant if all(one.counted or "h" in dict(one.powers) for one in each.used)]
        meant = [
            each for each in meant if not any(unit in MONEY for one in each.used for unit, _ in one.powers)
        ]
    meant = [each for each in meant if not _is_itself(each, told)]
    if told in here.wrong and meant:
        here.spent.update(meant[0].used)
    every = _tried(told, start, here) if meant else _likely(told, start, here)
    right = next((each for each in every if each.gives(told)), None)
    if right is not None and not (meant and _is_chance(right, meant, start)):
        here.explained(told, right)
        return None
    if meant and (_is_rescaled(told, start, here) or _is_payback(told, start, here)):
        return None
    if not meant and THUS.search(before):
        # It follows from something else, and so does what comes after it.
        here.spent.update(each for each in here.right() if each.start >= start)
    found = _sole(told, meant)
    if found:
        here.spent.update(found.used)
    return None if found and _is_overhead(told, found) else found


def _is_itself(made: Made, told: Figure) -> bool:
    """Whether a product is another number of the same kind, once: "one .. 6.0 s"."""
    once = [each for each in made.used if each.value == 1 and each.kind == ""]
    rest = [each for each in made.used if each not in once]
    return bool(once) and made.how == "product" and len(rest) == 1 and core(rest[0]) == core(told)


def _is_rescaled(told: Figure, start: int, here: Around) -> bool:
    """Whether it is an amount told before, by the price of this sentence over another: the same at $4."""
    prices = [
        each for each in here.known if any(unit in MONEY for unit, _ in each.powers) and each.powers[1:]
    ]
    own, earlier = (
        [each for each in prices if (each.start >= start) == now and each is not told]
        for now in (True, False)
    )
    return any(
        abs(each.value * new.value / (old.value * told.value) - 1) < _SAME
        for each in like(told, here.known)
        for new in own
        for old in like(new, earlier)
        if each.start < start
    )


def _is_payback(told: Figure, start: int, here: Around) -> bool:
    """Whether a time is a price over what two others differ by, which pay it back."""
    if told.powers != (("h", 1),) or not _PAYS.search(here.text, start, told.start):
        return False
    paid = [each for each in here.known[-3 * _WIDE :] if any(unit in MONEY for unit, _ in each.powers)]
    rates = [each for each in paid if ("h", -1) in each.powers]
    return any(
        abs(price.value / ((rate.value - by) * told.value) - 1) < 2 * _OFF
        for rate in rates
        for each in paid
        for by in {each.value, *(each.value * rate.value / (own or 1) for own in _digits(rate))}
        if by < rate.value
        for price in paid
    )


def _digits(one: Figure) -> tuple[float, ...]:
    """A number as it is written, without its unit."""
    digits = number(one.words)
    return (float(digits),) if digits else ()


def _is_asked(told: Figure, here: Around) -> bool:
    """Whether a number is one that may follow from others, and was not told before."""
    if told.kind in ("format", "period") or told.open or told.value <= 0:
        return False
    if told.kind == "" and told.words.lower().startswith(("a ", "an ")):
        # "A million tokens or a thousand of anything else".
        return False
    if (round(told.value, 9), str(core(told))) in here.told.seen and told.kind == "":
        return False
    amount = told.kind in ("share", "times") or bool(told.powers)
    return amount and not WRITTEN.match(here.text, told.end)


def _is_chance(right: Made, meant: Sequence[Made], start: int) -> bool:
    """Whether what gives a number lies further off than what its own sentence says that it is made of."""
    asked = {each for one in meant for each in one.used}
    own = all(each.start >= start for each in asked)
    outside = any(each.start < start for each in right.used)
    shares = {each for each in asked if each.kind == "share" and each.start >= start}
    counts = {
        each for each in asked if each.counted and each.start >= start and any(one.each for one in asked)
    }
    if meant[0].how == "difference":
        # More than two may be taken from one another.
        return False
    if own and meant[0].how != "product":
        # A change, or a sum, of what the sentence itself tells.
        return outside or (meant[0].how == "change" and asked >= set(right.used))
    return (own and outside and len(right.used) >= _MANY) or any(
        each and not each & set(right.used) for each in (shares, counts)
    )


def _is_overhead(told: Figure, found: Made) -> bool:
    """Whether what a model needs is above its weights by no more than what comes on top of them."""
    weights = {"parameter"} & {unit for each in found.used for unit, _ in each.powers}
    return bool(weights) and told.powers == (("B", 1),) and _BELOW <= told.value / found.value < _ON_TOP


def _sole(told: Figure, meant: Sequence[Made]) -> Made | None:
    """The one result that is meant, where a number is off it by more than rounding."""
    if not meant:
        return None
    if any(abs(each.value / meant[0].value - 1) > _SAME for each in meant):
        return None
    best = meant[0]
    off = told.value / best.value
    far = abs(off - 1) > max(_OFF, 2 * told.rounding) and not any(each.gives(told) for each in meant)
    if told.kind == "share" and best.how == "ratio" and abs(1 - best.value - told.value) < _SAME:
        # "$599 are $800 today, so it is 25 percent": what it differs by.
        return None
    return best if far else None


def _likely(told: Figure, start: int, here: Around) -> Iterator[Made]:
    """What a number is most likely made of that no words say it of: what stands next to it."""
    if told.kind or not any(power < 0 for each in here.known[-_FEW:] for _, power in each.powers):
        return iter(())
    here.told.effort.left -= _LITTLE
    pool = [each for each in here.pool(told, _FEW) if each.start >= here.back(start, 1)]
    return products(told, pool, strict=False)


def _tried(told: Figure, start: int, here: Around) -> Iterator[Made]:
    """Every operation that may be meant, on what is near enough for it."""
    here.told.effort.left -= _COST
    pool, wide = here.pool(told, _WIDE), here.pool(told, 3 * _WIDE)
    if told.kind in ("share", "times"):
        yield from _shares(told, start, here)
        return
    near = [each for each in pool if each.start >= here.back(start, 2)]
    far = [each for each in pool if each.start >= here.back(start, 1) or (each.powers and not each.counted)]
    yield from products(told, far, strict=False, most=2)
    yield from (each for each in products(told, near, strict=False) if not _is_scaled(each, start))
    each_of = told.each or any(unit in HOLDERS for unit, _ in told.powers)
    yield from sums(told, [each for each in wide if each_of or not each.each or each.start >= start])
    own = [each for each in pool if each.start >= start][-7:]
    for used in combinations(own, MOST):
        yield from product_of(told, used, strict=False)


def _is_scaled(made: Made, start: int) -> bool:
    """Whether a product is an amount by the ratio of two others of one kind, all of other sentences."""
    kinds = [each.powers for each in made.used if each.powers]
    if len(kinds) >= _MANY and len(set(kinds)) == 1:
        return True
    return (
        len(made.used) >= _MANY
        and len(set(kinds)) < len(kinds)
        and all(e.start < start for e in made.used if e.powers)
    )


def _shares(told: Figure, start: int, here: Around) -> Iterator[Made]:
    """What a share or a multiple may be: of two numbers as its words say, or of other shares."""
    every = changes(here.pool(told, 2 * _WIDE))
    if told.kind == "times":
        yield from (each for each in every if each.how == "ratio")
        return
    behind = here.text[told.end : told.end + _REACH].lstrip()
    before = here.text[max(start, told.start - LEAD) : told.start]
    lower, higher = (bool(words.match(behind) or words.search(before)) for words in (LOWER, HIGHER))
    for each in every:
        if each.how == "change" and lower != higher and _is_of_larger(each) != lower:
            # "18 % less" is of the larger of the two.
            continue
        yield each
    shares = [each for each in here.pool(told, _WIDE) if each.kind == "share"]
    yield from products(told, shares, strict=False, most=2)


def _is_of_larger(made: Made) -> bool:
    """Whether a change is told of the larger of its two numbers."""
    small, large = sorted(each.value for each in made.used)
    return abs(made.value - (1 - small / large)) < abs(made.value - (large / small - 1))
