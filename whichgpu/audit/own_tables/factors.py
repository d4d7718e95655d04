"""By how much in a table: "an image three times as fast", "from two to eight GPUs by a factor of 3.9"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.known.said import claims, is_near
from whichgpu.audit.own_tables.extremes import EVERY
from whichgpu.audit.own_tables.lines import OF_ELSE, on_each
from whichgpu.audit.statements.compared import OVER, STRAIGHT
from whichgpu.audit.text.loads import NUMBER, value_of
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Finding
    from whichgpu.audit.known.said import Claim
    from whichgpu.audit.known.store import Amount, Series
    from whichgpu.audit.own_tables.lines import Reading

#: That a ratio is of what was measured.
_MEASURED = re.compile(
    r"\b(?:fast\w*|quick\w*|slow\w*|sooner|ahead|behind|lead\w*|speed\w*|throughput|tokens?|images?|"
    r"pictures?|samples?|"
    r"frames?|sequences?|requests?|time|seconds|finish\w*|train\w*|generat\w*|writes?|answers?|doubles?|"
    r"trebles?|"
    r"triples?|latenc\w+|halves|quarters|long|grows?|gains?|scales?|factor)\b",
    re.IGNORECASE,
)
#: What grows: "from two to eight GPUs", "from batch 1 to batch 64", "eight cards .. of one".
_FROM_TO = re.compile(
    rf"\b(?:from|between)\s+(?:batch(?: size)?\s+(?:of\s+)?)?(?P<a>{NUMBER})(?:\s+[a-z]+)?\s+(?:to|and)\s+"
    rf"(?:batch(?: size)?\s+(?:of\s+)?)?(?P<b>{NUMBER})\b",
    re.IGNORECASE,
)
_OF_ONE = re.compile(
    rf"\b(?P<b>{NUMBER})\s+(?:of\s+(?:the|these)\s+)?(?:[\w-]+\s+){{0,3}}?(?:cards|gpus|modules|"
    rf"accelerators|devices|chips|"
    rf"nodes|requests)\b[^.;:]*?\b(?:of|than|as)\s+(?:a single|(?P<a>one|two|four))\b(?! of)",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"(?<![\w.])(\d{1,5})(?:\s?[x\u00d7])?(?![\w.%])")
_TWO = 2


class _Cell(NamedTuple):
    """An amount of a table by the number that heads it one way, and the thing that does the other."""

    number: float
    line: Series
    amount: Amount


def factors(reading: Reading) -> Iterator[Finding]:
    """Ratios that no two cells which they may be of have."""
    text, sentence = reading.said.text, reading.said.sentence
    for claim in claims(text, sentence, reading.said.context.fraction):
        start, end = reading.clause(claim.start)
        if start >= end or OF_ELSE.search(text, start, end) or not _MEASURED.search(text, start, end):
            continue
        growth = _growth(reading, claim, (start, end))
        near_it = _around(text, claim, (start, end))
        ratios = growth if growth is not None else _between(reading, claim, (start, end), near_it)
        whole = EVERY.search(text, start, end) is not None
        near = [_is_given(claim, times) for times, _ in ratios]
        sure = whole or growth is not None or reading.is_told([line for _, line in ratios], *near_it)
        if ratios and not (all(near) if whole else any(near)) and (sure or not _is_anywhere(reading, claim)):
            times, line = next(each for each, is_so in zip(ratios, near, strict=True) if not is_so)
            times = 1 / times if times < 1 < claim.ways[0].times else times
            yield reading.wrong((claim.start, claim.end), "ratio", line, f"{times:.2g} times")


def _is_given(claim: Claim, times: float) -> bool:
    """Whether a ratio may be what is stated, whichever way round."""
    return any(is_near(way, each) for way in claim.ways for each in (times, 1 / times))


def _is_anywhere(reading: Reading, claim: Claim) -> bool:
    """Whether any two amounts of the tables have a ratio: those may be meant then."""
    amounts = [each for line in reading.lines for each in line.amounts if line.measure in ("speed", "time")]
    return len(amounts) > _MANY or any(
        _is_given(claim, a.value / b.value)
        for a in amounts for b in amounts if a is not b and a.name == b.name
    )  # fmt: skip


#: Among the ratios of more amounts nearly any is found.
_MANY = 60


def _around(text: str, claim: Claim, place: tuple[int, int]) -> tuple[int, int]:
    """The stretch between the commas around a ratio, where a clause tells several: "in BERT by 69 %,"."""
    start, end = place
    if len(_SHARE.findall(text, start, end)) < _TWO:
        return place
    first = max((each.end() for each in _MARK.finditer(text, start, claim.start)), default=start)
    last = _MARK.search(text, claim.end, end)
    return first, last.start() if last else end


_SHARE = re.compile(
    r"\d\s?(?:%|percent)|\btimes\b|\d\s?[x\u00d7](?!\w)|\b(?:twice|double|triple|half)\b", re.IGNORECASE
)
_MARK = re.compile(r",\s|\s(?=and\s)|\(|\)")


def _between(
    reading: Reading, claim: Claim, place: tuple[int, int], near_it: tuple[int, int]
) -> list[tuple[float, Series]]:
    """How many times the one has what the other has, in each line that the words around may mean."""
    start, end = place[0], near_it[1]
    found = []
    for line in reading.of(("speed", "time"), *near_it):
        one = reading.subject(line, start, claim.start)
        behind = reading.named(line, claim.end, end)
        if len(behind) == _TWO and on_each(reading.said.text, claim.end, behind[0][:2], behind[1][0]):
            found.append((behind[0][2].value / behind[1][2].value, line))
            continue
        if one is None:
            continue
        if behind and behind[0][2] is not one and _is_over(reading.said.text, claim, behind[0][0]):
            found.append((one.value / behind[0][2].value, line))
        elif not behind and len(line.amounts) == _TWO and _is_alone(reading, claim, near_it):
            other = next(each for each in line.amounts if each is not one)
            found.append((one.value / other.value, line))
    return found


def _is_over(text: str, claim: Claim, other: int) -> bool:
    """Whether what begins at a place is the other side of a ratio: "as fast as the A", "doubles the A"."""
    by_verb = _VERB.match(text, claim.start) and STRAIGHT.fullmatch(text, claim.end, other)
    return bool(by_verb or OVER.fullmatch(text, claim.end, other))


_VERB = re.compile(r"(?:doubles|trebles|triples|quadruples|halves)", re.IGNORECASE)
#: What makes a gain one over the same thing before, or run otherwise.
_GAINS = re.compile(
    r"\b(?:another|gain\w*|improv\w*|added|adds|earned|compil\w*|optimi[sz]\w*|quanti[sz]\w*|tuned|thanks "
    r"to|after|"
    r"before|than (?:in|with|at|without)|with)\b",
    re.IGNORECASE,
)


def _is_alone(reading: Reading, claim: Claim, place: tuple[int, int]) -> bool:
    """Whether a ratio names no other side, and is not that of one thing to itself."""
    text = reading.said.text
    inside = _WITH_SO_MANY.sub(lambda match: " " * len(match[0]), text[slice(*place)])
    return reading.said.next(claim.end, place[1]) is None and _GAINS.search(inside) is None


#: "With four GPUs" tells which row is meant.
_WITH_SO_MANY = re.compile(rf"\bwith\s+(?:{NUMBER})\s", re.IGNORECASE)


def _growth(reading: Reading, claim: Claim, place: tuple[int, int]) -> list[tuple[float, Series]] | None:
    """How many times more a thing has at one number than at another; None where no growth is spoken of."""
    text = reading.said.text
    match = _FROM_TO.search(text, *place) or _OF_ONE.search(text, *place)
    if match is None or match.start() <= claim.start < match.start("b"):
        return None
    low, high = value_of(match["a"] or "1"), value_of(match["b"])
    cells = list(_cells(reading))
    told = {cell.amount.name for cell in cells if _names(reading, cell, place)}
    found = []
    for name in sorted({cell.amount.name for cell in cells}):
        if told and name not in told:
            continue
        at = {number: [each for each in cells if each.amount.name == name and each.number == number]
              for number in (low, high)}  # fmt: skip
        if all(len(each) == 1 for each in at.values()) and low != high:
            found.append((at[high][0].amount.value / at[low][0].amount.value, at[high][0].line))
    return found


def _names(reading: Reading, cell: _Cell, place: tuple[int, int]) -> bool:
    return any(each is cell.amount for _, _, each in reading.named(cell.line, *place))


def _cells(reading: Reading) -> Iterator[_Cell]:
    """The amounts of lines that a number heads: "8" below "GPUs", "Batch 64 (tokens/s)"."""
    for line in reading.lines:
        if line.measure not in ("speed", "time"):
            continue
        numbers = _DIGIT.findall(line.label)
        if len(numbers) == 1:
            yield from (_Cell(float(numbers[0]), line, amount) for amount in line.amounts)
        elif all(_DIGIT.fullmatch(each.name) for each in line.amounts):
            # Rows of one column that are told apart by their numbers alone.
            for amount in line.amounts:
                number = float(_DIGIT.findall(amount.name)[0])
                yield _Cell(number, line, amount._replace(name=line.label))
