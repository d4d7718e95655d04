"""Which of some results is not what the way that explains the others comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.analogy.told import SEVERAL
from whichgpu.audit.analogy.ways import evaluated, given, is_left, nearness, variables, ways
from whichgpu.audit.findings import Evidence, made

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.analogy.told import Group, Told
    from whichgpu.audit.analogy.ways import Variable, Way
    from whichgpu.audit.findings import Context, Finding

#: From here on a result is off, and from here on it is of something else.
_OFF, _FAR = 0.03, 12.0
#: The same of what is told with "about".
_ABOUT = 0.1
#: How many sentences before a result what it is worked out with may stand.
_BEFORE = 4
#: How near two amounts are that are the same.
_SAME = 0.02
#: Ways that are tried of a result.
_TRIED = 6


def judged(group: Group, context: Context) -> Iterator[Finding]:
    """The result that does not follow where all others do by one way, and by no way of its own."""
    results = group.results
    if any(_is_limit(each) or _is_given(each) or SEVERAL.search(_sentence(each)) for each in results):
        return
    if 0 < sum(_MEASURED.search(_sentence(each)) is not None for each in results) < len(results):
        # What was measured is not worked out as a bound is.
        return
    own = [variables(each, context) for each in results]
    explained = [ways(each, some, given(each, context)) for each, some in zip(results, own, strict=True)]
    open_ = [at for at, found in enumerate(explained) if not found]
    if len(open_) != 1:
        return
    at = open_[0]
    worded = _WORDED.search(_sentence(results[at])) is not None
    worded = worded or _is_written_out(results[at])
    if worded or _is_own(results[at], own[at]) or _is_by_others(results[at], at, own, context):
        return
    for way in _shared(explained, at)[:_TRIED]:
        if any(not 0 <= results[at].number - one.number <= _BEFORE for one, _ in way.given):
            continue
        values = evaluated(way, own[at]) if not way.rest or is_left(results[at]) else []
        others = [each for one, each in enumerate(results) if one != at]
        if values and all(_is_off(results[at], value) for value in values):
            yield _finding(results[at], min(values), way, others[0], context)
            return
        if values:
            return


#: Of what was run.
_MEASURED = re.compile(
    r"\b(?:measured?|measurements?|benchmark\w*|timed|we (?:saw|got|get|ran))\b", re.IGNORECASE
)
#: Right before an amount, the formula that it is the result of: "450 W x 3.2 h =".
_RESULT_OF = re.compile(
    r"\d\s?[A-Za-z/]{0,4}\s?[x\u00d7*/]\s?\$?\d[\d.,]*(?:\s?[A-Za-z/]{1,8})?\s?=\s?(?:about\s)?\$?$"
)


def _is_written_out(result: Told) -> bool:
    """Whether the text says itself how an amount is worked out, which is held against that."""
    return _RESULT_OF.search(result.passage.text, 0, result.amount.start) is not None


def _is_by_others(result: Told, at: int, own: Sequence[Sequence[Variable]], context: Context) -> bool:
    """Whether a result follows with what is told of the others: weights that one of them was to hold."""
    others = (one for other, some in enumerate(own) if other != at for one in some)
    told = [one for one in others if one.slot.startswith("text") and not one.bare]
    return bool(told and ways(result, own[at], [*given(result, context), *told]))


#: What stands in brackets or in a formula is no result, nor is the size of what is named ("a file of 40 GB"),
#: nor what a sentence goes out from: "At $3.00 an hour".
_FORMULA = re.compile(
    r"[/\u00d7*+(]\s?\$?$|\b(?:files?|models?|weights|checkpoints?|prompts?|batch) of ~?$"
    r"|(?:^|[.;] )At [~$\u20ac]?$"
)
#: An amount of its own in words, with which a result may have been worked out: "for its half hour".
_WORDED = re.compile(
    r"\b(?:half|quarter|third)(?: an?| of an?)?[ -](?:second|minute|hour|day|week|month|year)s?\b",
    re.IGNORECASE,
)


#: Before the most there can be, told as what it is not more than.
_NO_MORE = re.compile(r"(?:\b(?:not|cannot|no|never)|n[\u2019']t)\b[^.;,\d]{0,24}$", re.IGNORECASE)


def _is_limit(one: Told) -> bool:
    """Whether an amount is told as what something is above or below, and so is no result."""
    text, start = one.passage.text, one.amount.start
    exact = one.amount.limit in ("", "about") or _NO_MORE.search(text, max(0, start - 40), start)
    return not exact


def _is_given(one: Told) -> bool:
    text, start = one.passage.text, one.amount.start
    return _FORMULA.search(text, max(0, start - 20), start) is not None or text[one.amount.end :].startswith(
        ")"
    )


def _is_own(result: Told, own: Sequence[Variable]) -> bool:
    """Whether an amount is what is told or on file of its thing anyway, and so follows from nothing."""
    one = result.amount
    return any(each.dims == one.dims and abs(each.value / one.middle - 1) < _SAME for each in own)


def _sentence(one: Told) -> str:
    return one.passage.text[one.place[0] : one.place[1]]


def _shared(explained: list[list[Way]], at: int) -> list[Way]:
    """The ways that explain all results but one."""
    every = [found for one, found in enumerate(explained) if one != at]
    keys = [
        {(way.slots, tuple((one.words, sign) for one, sign in way.given)) for way in found} for found in every
    ]
    return [
        way
        for way in every[0]
        if all((way.slots, tuple((one.words, sign) for one, sign in way.given)) in key for key in keys)
    ]


def _is_off(result: Told, value: float) -> bool:
    share = result.amount.middle / value
    least = _ABOUT if result.amount.limit else _OFF
    return abs(share - 1) > max(least, 2 * nearness(result.amount)) and 1 / _FAR < share < _FAR


_POWERS = re.compile(r"\((?:-?\d+(?:, )?)+\)\s*")


def _finding(result: Told, value: float, way: Way, other: Told, context: Context) -> Finding:
    one = result.amount
    expected = f"{one.digits * value / one.middle:,.4g}"
    used = ", ".join([*(f"its own {slot}" for slot, _ in way.slots), *(each.words for each, _ in way.given)])
    # Powers of dimensions tell a reader nothing.
    told = _POWERS.sub("", used.replace("text ", ""))
    because = f"worked out as {other.amount.words} is ({told}), it is {expected}"
    ids = ", ".join(key for key in result.ids if key in context.catalogue)
    return made(
        context, result.passage, (one.start, one.end), "arithmetic", "inconsistent", attribute="analogy",
        subject=ids, because=because, expected=expected, evidence=(Evidence(because),),
    )  # fmt: skip
