"""Which operation on what stands around an amount is meant, and whether it is off by more than chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.results.around import last_of_kind
from whichgpu.audit.results.digits import chance, is_slip, shown, significant
from whichgpu.audit.results.formulas import by_distance, formulas, same_kind, unitless
from whichgpu.audit.results.words import MAKES, THUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.relations import Effort
    from whichgpu.audit.results.around import Around
    from whichgpu.audit.results.formulas import Formula

#: What two results differ by that are the same.
_SAME = 0.001
#: An amount of more digits is one digit from a result by no chance, whatever its words say.
_EXACT, _FEW = 3, 2
#: How likely an accusation may be chance, by the formulas tried; and where something far explains it.
_LIKELY, _UNLIKELY = 0.5, 0.1
#: How far an amount must be from a result at least, as a share of it; told roughly, and whatever it is.
_OFF, _ABOUT, _LEAST, _APART = 0.03, 0.12, 0.02, 4.0
#: Letters between a number of things and what they do.
_BESIDE = 32
_FEWEST = 4
_PERIODS = ("day", "week", "month", "year")
_MONTHS = (720 / 672, 730 / 672)
_MONTH = 744 / 672


def judged(here: Around, effort: Effort) -> Formula | None:
    """The operation that an amount is the result of but for a digit, where nothing else makes it."""
    told = here.told
    counts = told.plain or (told.of in ("piece", "token") and not told.sign)
    plain = [each for each in unitless(told, here.own) if len(each.used) == len(here.own)] if counts else []
    made = [each for each in formulas(told, here.wide, effort) if each.gives(told)]
    if any(each.gives(told) for each in plain) or any(_is_plain(each, here) for each in made):
        return None
    far = any(_is_likely(each, here.back) for each in made)
    found = by_distance([each for each in formulas(told, here.near, effort) if _is_meant(each, here)])
    whole = [each for each in plain if _is_of_kind(each, told)] if THUS.search(here.words) else []
    if not whole and MAKES.search(here.words):
        whole = [each for each in plain if each.product]
    likely = _UNLIKELY if far else _LIKELY
    slip = _slipped(here, found, likely) or _slipped(here, whole, likely)
    wrong = slip or (None if far else _sole(here, found))
    return None if wrong and _is_by_share(wrong, here) else wrong


def _is_of_kind(found: Formula, told: Term) -> bool:
    """Whether numbers may make an amount: a rate times a number of things is no multiple ("1.86 times")."""
    multiple = told.plain and told.words.lower().rstrip().endswith(("times", "x"))
    return not multiple or (found.product and not any(any(each.dims) for each in found.used))


def _is_plain(found: Formula, here: Around) -> bool:
    """Whether an operation that makes an amount is simple and near enough to be meant by all means."""
    near = all(each.start >= here.back and not here.superseded(each) for each in found.used)
    return near and (len(found.used) <= _FEW or all(each.start >= here.start for each in found.used))


def _is_likely(found: Formula, back: int) -> bool:
    """Whether an operation that makes an amount may be meant, of amounts further away too."""
    near = sum(each.start >= back for each in found.used)
    return near >= len(found.used) - (found.operation == "product")


def _is_by_share(found: Formula, here: Around) -> bool:
    """Whether a product is right by a share that the passage told before: "79 GB / (3.456 TB/s x 0.7)"."""
    every = [each for each in here.wide if 0 <= each.start < here.told.start]
    shares = [each.value for each in every if (each.share or each.plain) and 0 < each.value < 1]
    return found.operation == "product" and any(
        found._replace(low=found.low * by, high=found.high * by).gives(here.told)
        for share in shares
        for by in (share, 1 / share)
    )


def _is_meant(found: Formula, here: Around) -> bool:
    """Whether an operation is asked for, and on what stands next to its result, of the same device."""
    exact = significant(shown(here.told)) > _EXACT
    unasked = exact and found.operation == "product" and found.used[-1].start >= here.start
    if found.operation not in here.asked and not unasked:
        return False
    fits = _is_whole(found, here) if found.operation == "product" else _is_last(found, here)
    return fits and not _mixes(found, here) and not _counts_again(found, here)


def _counts_again(found: Formula, here: Around) -> bool:
    """Whether a product takes a number of things times what an earlier sentence says that so many do."""
    if found.operation != "product" or len(found.used) != _FEW:
        return False
    one, other = sorted(found.used, key=lambda each: each.start)
    together = one.counted and any(other.dims) and not other.each
    return together and other.start < here.start and 0 <= other.start - one.end < _BESIDE


def _is_whole(found: Formula, here: Around) -> bool:
    """Whether a product is of all that a sentence states before its result."""
    digits = significant(shown(here.told))
    if _is_divided(found, here) and (not here.told.each or digits <= _FEW):
        return False
    if any(
        not any(each.dims)
        and (each.start < (here.start if _is_few(each) else here.back) or _is_measured(each))
        for each in found.used
    ):
        return False
    if here.own and here.own[0].start < here.start and digits > _FEW:
        return True
    places = {each.start for each in found.used}
    amounts = [
        each.start for each in here.own
        if any(each.dims) and not same_kind(each, here.told) and each.of not in _PERIODS
    ]  # fmt: skip
    skipped = sum(each not in places for each in amounts)
    return skipped <= (digits > _FEW and len(amounts) > _FEW)


def _is_few(term: Term) -> bool:
    """Whether a bare number is so small that it stands for anything: "a micro-batch of 2"."""
    return (
        term.plain
        and not term.counted
        and term.value <= _FEWEST
        and not term.words.rstrip().endswith(("times", "x"))
    )


def _is_measured(term: Term) -> bool:
    """Whether a bare number is none of a thing nor how many times: "2.6 + 1.4 = 4 GiB"."""
    multiple = term.words.rstrip().endswith(("times", "x"))
    return term.plain and not multiple and not float(term.value).is_integer()


def _is_last(found: Formula, here: Around) -> bool:
    """Whether a sum, difference or ratio is with the last amount of its kind."""
    places = {each.start for each in found.used}
    told = here.told
    near = here.back if any(told.dims) or significant(shown(told)) > _FEW else here.start
    last = last_of_kind(here.near, found.used[-1])
    return min(places) >= near and last is not None and last.start in places


def _is_divided(found: Formula, here: Around) -> bool:
    """Whether an amount of a kind is divided by a number of something, as only that of each is."""
    whole = [each for each in found.used if each.dims == here.told.dims]
    others = [each for each in found.used if each not in whole]
    alone = len(whole) == 1 and not any(any(each.dims) or each.share for each in others)
    return alone and found.low < whole[0].value


def _mixes(found: Formula, here: Around) -> bool:
    """Whether an operation takes an amount of another device than its result's, by the names in sentences."""
    own = here.device(here.told)
    others = [here.device(each) for each in found.used if any(each.dims)]
    return bool(own) and any(other and not own & other for other in others)


def _slipped(here: Around, found: Sequence[Formula], likely: float) -> Formula | None:
    """The nearest operation whose result is a digit from an amount, where that is no chance."""
    told, number = here.told, shown(here.told)
    if not number or significant(number) < _FEW:
        return None
    tried: list[float] = []
    for each in found:
        if not any(abs(one / each.low - 1) < _SAME for one in tried):
            tried.append(each.low)
        # What is ten times off is so by chance where many amounts or a share are in it.
        tens = len(each.used) <= _FEW and not any(one.share for one in each.used)
        for value in _lengths(each):
            off = abs(told.value - value)
            unlike = off > 2 * each.rounding(told) and off > _LEAST * told.value
            if unlike and is_slip(number, value * float(number) / told.value, tens=tens):
                sure = len(tried) * chance(number) < likely
                return each._replace(low=value, high=value) if sure else None
    return None


def _lengths(found: Formula) -> tuple[float, ...]:
    """What an operation makes; over a month what it makes in 30 days, and in the twelfth of a year."""
    if found.high <= found.low * (1 + _SAME):
        return (found.low,)
    month = abs(found.high / found.low / _MONTH - 1) < _SAME
    return tuple(found.low * each for each in _MONTHS) if month else ()


def _sole(here: Around, found: Sequence[Formula]) -> Formula | None:
    """The one operation on all that a sentence states before an amount said to follow, where that is off."""
    told = here.told
    places = {each.start for each in here.own if any(each.dims) or each.counted}
    if not THUS.search(here.words) or len(places) < _FEW:
        return None
    whole = [each for each in found if places <= {one.start for one in each.used}]
    if not whole or any(abs(each.low / whole[0].low - 1) > _SAME for each in whole):
        return None
    sole = whole[0]
    least = 2 * sole.rounding(told) + (_ABOUT if told.about else _OFF) * told.value
    like = 1 / _APART < sole.low / told.value < _APART and len(_lengths(sole)) == 1
    return sole if like and abs(told.value - sole.low) > least else None
