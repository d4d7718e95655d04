"""What a number is said to be made of, by its sentence and as few numbers before that as it takes."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.reckoned.compared import OWN, different, of_two
from whichgpu.audit.reckoned.derive import MOST, Made, core, like, product_of, total
from whichgpu.audit.reckoned.units import MONEY, PERIODS, is_bare, unit_of
from whichgpu.audit.reckoned.words import (
    ADDED,
    AFTER,
    ALSO,
    AND,
    ANSWER,
    APART,
    BESIDE,
    BY_SHARE,
    CONCLUDES,
    DIGITS,
    FROM_TO,
    GIVEN,
    LEAVES,
    LESS,
    MINIMUM,
    OF_ALL,
    ON_ONE,
    OR,
    PRICE,
    SUM,
    THUS,
    TOO,
    VERB,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.reckoned.around import Around
    from whichgpu.audit.reckoned.units import Figure, Powers

#: Letters before a number whose words may be its own.
LEAD = 70
_NEAR, _FEW, _CLOSE, _RENT = 8, 5, 60, 100.0
#: How far a result may be from what it is meant to be; or it is a power of ten off, or a unit of time.
_SAME, _APART, _SIMPLE = 0.012, 4.0, 3
_TENS = tuple(10.0**power for power in (-6, -3, -2, -1, 1, 2, 3, 6))
#: A sentence that begins with what its amount is per.
_HEAD = re.compile(r"\s*(?:That is |So |And )?[Pp]er (?P<noun>[A-Za-z]{3,})\b")
_LENGTH, _MEDIA = (("h", 1),), (("media", 1),)


def meant_by(told: Figure, start: int, before: str, here: Around) -> list[Made]:
    """What a number may be meant to be; nothing where its words do not say that it follows."""
    if told.kind in ("share", "times"):
        every = of_two(told, start, before, here)
    elif LESS.match(here.text, told.end) or (LEAVES.search(before) and not FROM_TO.search(before)):
        every = iter(()) if ON_ONE.match(here.text, told.end) else different(told, start, here)
    elif _is_sum(told, before, here):
        every = _summed(told, start, here)
    else:
        every = iter(list(_again(told, here)) or _by_words(told, start, before, here))
    return [each for each in every if _is_near(each, told)]


def _is_near(made: Made, told: Figure) -> bool:
    """Whether a number may be meant to be a result: it is near enough, or a power of ten off."""
    if not made.value:
        return False
    off = told.value / made.value
    if len(made.used) > _SIMPLE or any(each.start < 0 or each.kind == "share" for each in made.used):
        return 1 / _APART < off < _APART
    return 1 / _APART < off < _APART or any(abs(off / ten - 1) < _SAME for ten in _TENS)


def _by_words(told: Figure, start: int, before: str, here: Around) -> Iterator[Made]:
    """The products that are meant where words or marks say that a number follows."""
    thus = THUS.search(before) is not None
    lasts = dict(told.powers).get("h") and AFTER.search(before)
    if (
        ADDED.search(here.text, start, told.start)
        or before.rstrip().endswith("=")
        or _is_other(told, here)
        or MINIMUM.search(here.text)
    ):
        return
    if GIVEN.search(before) and not thus and not lasts:
        return
    beside = TOO.match(here.text, told.end) or (not _is_own(told) and _is_beside(told, here))
    answer = ANSWER.fullmatch(before) and not any(each.start >= start for each in here.known[-1:])
    beside = beside or answer or _is_by_share(told, here)
    concludes = VERB.search(before) and CONCLUDES.match(here.text, start, told.start)
    sure = bool(thus or beside or concludes or _goes_on(told, here))
    if not sure and (not VERB.search(before) or _is_own(told)):
        return
    if told.counted and not (thus and told.value > 1):
        return
    every = _multiplied(told, start, here, far=bool(thus or beside), sure=sure)
    yield from (each for each in every if _may_be(each, told, start, here, sure=sure))


def _may_be(made: Made, told: Figure, start: int, here: Around, *, sure: bool) -> bool:
    """Whether a product is one that a sentence can mean, as sure as its words are."""
    own = [one for one in made.used if one.start >= start and one.kind == ""]
    kinds = [one.powers for one in made.used if one.powers]
    if _is_scaling(told, made) or (_is_own(told) and any(one.start < start for one in made.used)):
        return False
    if (
        _is_circular(made, told, here)
        or _is_far_fetched(made, told, start)
        or _is_of_other(made, start, here)
    ):
        return False
    if _is_recast(made, told, start, here) or (not told.counted and len(set(kinds)) < len(kinds)):
        return False
    if any(one.kind == "share" for one in made.used) and not _is_share_of(made, told):
        return False
    if TOO.match(here.text, told.end) and any(one.each or _per_one(one) for one in made.used):
        return any(_is_of_all(one) for one in made.used)
    rate = any(power < 0 for _, power in told.powers)
    shared = told.each and any(one.counted for one in own)
    return sure or shared or any(not one.counted for one in own) or (not rate and len(own) > 1)


def _is_of_other(made: Made, start: int, here: Around) -> bool:
    """Whether a sentence tells what each of something takes, and a product has no number of those."""
    head = _HEAD.match(here.text, start)
    noun = unit_of(head["noun"]) if head else ""
    return bool(noun) and noun not in PERIODS and not any(noun in dict(one.powers) for one in made.used)


def _is_far_fetched(made: Made, told: Figure, start: int) -> bool:
    """Whether a product takes prices by each other, weights by tokens, or much of other sentences."""
    numbers = [one for one in made.used if one.kind not in ("period", "format")]
    prices = [one for one in numbers if any(unit in MONEY for unit, _ in one.powers)]
    if len(numbers) > len(prices) > 1 and not any(unit in MONEY for unit, _ in told.powers):
        # "It makes 8 million for $1.60" beside another's $1.10.
        return True
    units = [{unit for unit, _ in one.powers} for one in (told, *numbers)]
    apart = any("parameter" in each for each in units) and any("token" in each for each in units)
    if apart and not any("flop" in each or {"parameter", "token"} <= each for each in units):
        return True
    return len([one for one in numbers if one.start < start]) > _SIMPLE - 1 and len(numbers) > _SIMPLE


def _is_circular(made: Made, told: Figure, here: Around) -> bool:
    """Whether a product is an amount told before: a result by what it was made of, or one over a period."""
    numbers = [one for one in made.used if one.kind not in ("period", "format")]
    # "An hour cost us $2.20 in Q1, $2.10 in Q2".
    alone = len(numbers) == 1 and core(numbers[0]) == core(told)
    return alone or any(other in here.made.get(one, ()) for one in numbers for other in numbers)


def _is_share_of(made: Made, told: Figure) -> bool:
    """Whether what a share of another passage's amount is taken of is told in the units of the result."""
    far = [each for each in made.used if each.start < 0]
    kinds = {core(told), *(powers for powers, _ in told.others)}
    return all(core(each) in kinds for each in far)


def _is_recast(made: Made, told: Figure, start: int, here: Around) -> bool:
    """Whether a size is told in a format that a product knows nothing of: "in FP8 it is 20 GiB"."""
    told_in = any(each.kind == "format" and each.start >= start for each in here.known[-_NEAR:])
    known = any(
        one.kind == "format" or (one.start >= start and one.powers[:1] == (("B", 1),)) for one in made.used
    )
    return told_in and told.powers == (("B", 1),) and not known


def _is_scaling(told: Figure, made: Made) -> bool:
    """Whether several are said to do less than so many times what one does, as they may."""
    rate = any(power < 0 for _, power in told.powers) and not any(unit in MONEY for unit, _ in told.powers)
    same = any(core(each) == core(told) for each in made.used)
    if told.powers == (("h", 1),) and same and any(each.counted for each in made.used):
        # "26 hours on one, with eight of them 4.4": longer than so many parts of it, as it may be.
        return made.value < told.value < max(each.value for each in made.used if core(each) == core(told))
    return rate and same and any(each.counted for each in made.used) and told.value < made.value


def _goes_on(told: Figure, here: Around) -> bool:
    """Whether an amount stands beside a result, by "and": "15,360 GPU-hours and $20,736"."""
    last = here.last()
    return bool(
        last
        and (last in here.results or (here.known[-2:-1] and here.known[-2] in here.bad))
        and last.powers != told.powers
        and AND.fullmatch(here.text, last.end, told.start)
    )


def _is_other(told: Figure, here: Around) -> bool:
    """Whether a number is another choice than that of its kind right before it: "10 GB or 12 GB"."""
    last = here.known[-1] if here.known else None
    return bool(last and last.powers == told.powers and OR.search(here.text[max(last.end, 0) : told.start]))


def _per_one(one: Figure) -> bool:
    return any(unit in ("gpu", "node") and power < 0 for unit, power in one.powers)


def _is_of_all(one: Figure) -> bool:
    """Whether it is a number of things, or hours of all of them: "2,160 card hours"."""
    return one.counted or OF_ALL.search(one.words) is not None


def _is_own(told: Figure) -> bool:
    """Whether an amount is of a kind that devices have of their own: watts, bytes a second, sizes."""
    return told.powers in (*OWN, (("parameter", 1),))


def _is_beside(told: Figure, here: Around) -> bool:
    """Whether an amount stands right behind a rate: "40 TB at $0.02 per GB, $800"."""
    if here.known and here.known[-1].kind == "format" and told.start - here.known[-1].end < _NEAR:
        return told.powers == (("B", 1),)
    last = here.last()
    if last is None or not BESIDE.fullmatch(here.text, last.end, told.start):
        return False
    priced = any(unit in MONEY for unit, _ in last.powers) and core(last) != core(told)
    priced = priced or (PRICE.search(here.text, max(0, last.start - _NEAR), last.start) is not None)
    # "Two processors with 56 cores each, 2 TB of memory": another thing that it has.
    # "Ten of them, 14,000 each": what one is is told, and follows from nothing.
    counted = last.counted and not told.each and not (last.each and not told.counted)
    return priced or counted or len(last.powers) > 1 or last.powers in (_LENGTH, (("parameter", 1),))


def _is_by_share(told: Figure, here: Around) -> bool:
    """Whether an amount stands behind by how much it is more or less: "with 12 % off: $16,396"."""
    last = here.known[-1] if here.known else None
    return bool(
        last
        and last.kind == "share"
        and last.way in ("more", "less")
        and BY_SHARE.fullmatch(here.text, last.end, told.start)
    )


def _again(told: Figure, here: Around) -> Iterator[Made]:
    """The amount right before one in another unit: "$1.72 an hour, $41.28 a day"."""
    last = here.last()
    if (
        last is None
        or told.each
        or last.each
        or (told.counted and told.powers != _MEDIA)
        or _is_own(told)
        or told.powers == (("B", 1),)
    ):
        return
    if not ALSO.fullmatch(here.text, last.end, told.start):
        return
    alike = last.powers == told.powers or (last.powers == _LENGTH and told.powers == _MEDIA)
    one, other = (_unit_of(each, here) for each in (last, told))
    # "512 input tokens and 256 output tokens" are two things of a kind.
    if alike and one and other and one.split()[-1] != other.split()[-1]:
        yield Made(last.low, last.high, (last,), "again")


def _unit_of(one: Figure, here: Around) -> str:
    """The words of a number behind its digits."""
    digits = DIGITS.match(one.words)
    return here.text[one.start + (digits.end() if digits else 0) : one.end].strip(" ,").lower()


def _is_sum(told: Figure, before: str, here: Around) -> bool:
    last = here.known[-1].end if here.known else 0
    own = TOO.match(here.text, last)
    last = own.end() if own else last
    words = SUM.search(before[-min(_CLOSE, max(told.start - last, 1)) :])
    return bool(words and len(like(told, here.right())) > 1)


def _summed(told: Figure, start: int, here: Around) -> Iterator[Made]:
    """The sum of all numbers of its kind before one in its sentence, or in its passage."""
    parts = [each for each in like(told, here.right()) if not each.each and each not in here.spent]
    for least in (start, here.back(start, 1), 0):
        same = [each for each in parts if each.start >= least]
        if len(same) > 1:
            yield total(same)
            return


def _multiplied(told: Figure, start: int, here: Around, *, far: bool, sure: bool) -> Iterator[Made]:
    """The products of all that the sentence states, with as few numbers of those before it as it takes."""
    known = here.right()
    own = [each for each in known if each.start >= start and each.kind in ("", "share", "times")]
    must = [each for each in own if each not in here.spent and not is_bare(each)]
    must = [each for each in must if each.kind != "share" or not _is_aside(each, told, here)]
    must = [each for each in must if not (each in here.results and core(each) == core(told))]
    must += _in_brackets(told, here)
    back = [each for each in known if here.back(start, 3) <= each.start < start and each.powers]
    back = [each for each in back if each.kind not in ("period", "format")][-_NEAR:]
    back += [each for each in own if each not in must and each in here.results]
    if not own and not back:
        # The first of a passage, as an answer is.
        back = [each for each in here.told.earlier[-_FEW:] if each.powers]
    words = [each for each in known if each.start >= start and each.kind in ("period", "format")][-2:]
    if len(must) > MOST:
        return
    few = [each for each in must if not each.counted]
    for needed in (must, few) if sure and few and len(few) < len(must) else (must,):
        found = _nearest(told, (needed, back, words), here, most=2)
        asked = needed or back[-1:]
        if not found and far and any(not each.counted for each in asked):
            found = _nearest(told, (asked, _kinds(here.told.earlier), words), here, most=1)
        if found:
            yield from found
            return


def _is_aside(one: Figure, told: Figure, here: Around) -> bool:
    """Whether a number stands in brackets that end before another: "(two at 84 %), limited to 350 W"."""
    closed = here.text.find(")", one.end, told.start)
    return closed >= 0 and here.text.rfind("(", 0, one.start) > here.text.rfind(")", 0, one.start)


def _nearest(told: Figure, some: tuple[Sequence[Figure], ...], here: Around, most: int) -> list[Made]:
    """The products of what is needed and as few others as it takes, the last first, that may be meant.

    `some` are those that are needed, the others, and words for a period or a format: one may be meant.
    """
    must, others, words = some
    for many in range(min(MOST - len(must), most) + 1):
        for more in sorted(combinations(others, many), key=_distance):
            for word in (*((each,) for each in words), ()):
                used = tuple(sorted((*must, *more, *word)))
                if len(used) < 2 or (most < 2 and all(each.start < 0 for each in used)):
                    continue
                here.told.effort.left -= 1
                # What is of another passage may be of something else for any word of this one.
                first = max(used[0].start, 0)
                if not APART.search(here.text, first, told.end) and not here.mixes(told, used):
                    near = [each for each in product_of(told, used, strict=True) if _is_near(each, told)]
                    if near:
                        return near
    return []


def _in_brackets(told: Figure, here: Around) -> list[Figure]:
    """The numbers in brackets right behind one: "$1,095 (730 hours)"."""
    end = here.text.find(")", told.end)
    if end < 0 or not here.text[told.end : end].lstrip().startswith("("):
        return []
    inside = (each for each in here.every if told.end <= each.start < end)
    return [each for each in inside if not is_bare(each) and each.kind == ""]


def _kinds(earlier: Sequence[Figure]) -> list[Figure]:
    """The last two numbers of each kind of those of earlier passages."""
    by_kind: dict[Powers, list[Figure]] = {}
    for each in earlier:
        if each.powers and each.kind == "" and not _is_long(each):
            by_kind.setdefault(each.powers, []).append(each)
    some = [each for many in by_kind.values() for each in many[-2:]]
    # What may be a rent is no bill of thousands.
    return [each if each.value < _RENT else each._replace(others=()) for each in some]


def _is_long(one: Figure) -> bool:
    """Whether it is told by a day, a month or a year, which what comes later is seldom of."""
    return "h" in dict(one.powers) and any("h" not in dict(powers) for powers, _ in one.others)


def _distance(some: tuple[Figure, ...]) -> int:
    return -min((each.start for each in some), default=0)
