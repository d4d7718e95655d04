"""Ratios of two things: "costs half as much again as the 5070 Ti", "a bandwidth advantage of 14 %"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.measures import OF_A_LINK
from whichgpu.audit.comparisons.multiple import Multiple
from whichgpu.audit.known.said import Claim, claims
from whichgpu.audit.statements.compared import OVER, STRAIGHT, implied, is_stated, wrong
from whichgpu.audit.statements.measured import RATES, kind_of, reals, told
from whichgpu.audit.statements.things import Thing, said_of
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.statements.measured import Real
    from whichgpu.audit.statements.things import Said
    from whichgpu.audit.text.sentences import Sentence

_AGAIN = re.compile(r"\s+as \w+ again\b", re.IGNORECASE)
_LEAD = re.compile(
    r"\b(?:advantage|lead|edge|surplus) of (?:about |around |roughly |some |only |just |nearly )?$",
    re.IGNORECASE,
)


#: What a share without another side is of: a time, itself, all.
_APART = re.compile(
    r"\b(?:since|of (?:its|the|that|all|a)|its own|than|per|discount|load|utili[sz]ation|each|both|two|"
    r"four|eight|"
    r"pair|years?|months?|if|from|to)\b",
    re.IGNORECASE,
)
_BY_ATTRIBUTE = re.compile(
    r"\s*(?:times\s+)?(?:(?:as|more|less|fewer|the|higher|lower|larger|wider|much|many|of|cuda|raw|"
    r"memory)\s+)*"
    r"(?:memory|vram|bandwidth|cores|power|capacity|bus)\b",
    re.IGNORECASE,
)
_VERB = re.compile(r"(?:doub|trip|quad)", re.IGNORECASE)
_OF_ITS = re.compile(r"\s*(?:times\s+)?(?:as much as\s+|of\s+)?(?P<its>its)\s+(?!own\b)\w+", re.IGNORECASE)
_HEDGE = re.compile(
    r"\b(?:about|around|roughly|some|nearly|almost|approximately|close to|over|more than|well|just|a good|"
    r"a little|under|less than|up to|as much as)\b|~",
    re.IGNORECASE,
)
_GIVEN, _BEFORE = 0.04, 3
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def ratios(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """The ratios of a passage that what is told or on file contradicts."""
    for said in said_of(index, passage, context):
        text, sentence = said.text, said.sentence
        for claim in (*claims(text, sentence, context.fraction), *_leads(text, sentence, context)):
            if not _AGAIN.match(text, claim.end):
                yield from _ratio(said, claim)


def _ratio(said: Said, claim: Claim) -> Iterator[Finding]:
    start, end = said.clause(claim.start)
    one = said.subject(start, claim.start)
    sided, behind = _behind(said, claim, end)
    if one is None or not sided:
        return
    its = None if behind else _OF_ITS.match(said.text, claim.end, end)
    other = behind or (_before(said, one, its.start("its")) if its else None)
    last = claim.end if other is None else max(other.start, claim.end)
    if (its and other is None) or not is_stated(said, one, claim.start, last):
        return
    kind = kind_of(said.text, start, end, (claim.start, claim.end), behind)
    if kind.removeprefix("@") == "bandwidth" and OF_A_LINK.search(said.text, start, end):
        # "NVLink connecting 256 GPUs at 9x higher bandwidth": of no memory.
        return
    series = told(kind, said.part(start, end), said)
    if other is None and _stands_alone(said, claim, kind, one):
        other = implied(said, one, [each for each in said.every if each.end <= start], series)
    if other is not None and not one.is_same(other) and not _is_of_amount(said, claim, kind, one):
        yield from _judged(said, claim, kind, reals(kind, one, other, series, said.context))


def _is_of_amount(said: Said, claim: Claim, kind: str, one: Thing) -> bool:
    """Whether a ratio is that of another rate right before: "733 FP8 TFLOPS are 2.35x the BF16 rate of"."""
    if kind[1:] not in RATES:
        return False
    told = [
        each
        for each in within(quantities(said.text, said.context.fraction), said.sentence.start, claim.start)
        if each.dimension in ("flop rate", "op rate")
    ][-1:]
    values = [said.context.catalogue[key].value(kind[1:]) for key in one.ids]
    return bool(told) and not any(
        value and abs(told[0].value / float(value) - 1) < _GIVEN for value in values
    )


def _behind(said: Said, claim: Claim, end: int) -> tuple[bool, Thing | None]:
    """Whether what stands behind a ratio can be its other side, or nothing does; and that, where it is."""
    other = next((each for each in said.every if each.start >= claim.end), None)
    if other is None or other.start > end + 1:
        return True, None
    place = claim.end, other.start
    its = _OF_ITS.match(said.text, claim.end, end)
    if its and other.start > its.end():
        return True, None
    over = OVER.fullmatch(said.text, *place) or STRAIGHT.fullmatch(said.text, *place)
    return over is not None, other


def _stands_alone(said: Said, claim: Claim, kind: str, one: Thing) -> bool:
    """Whether a ratio without another side is of an attribute that it names, and of the other one of two."""
    text = said.text
    start, end = said.clause(claim.start)
    leads = _LEAD.search(text, start, claim.start) is not None
    by_name = kind[1:] not in RATES and _BY_ATTRIBUTE.match(text, claim.end) is not None
    plain = claim.ways[0].limit not in ("under", "over", "up to") and not _VERB.match(text, claim.start)
    named = kind.startswith("@") and (leads or by_name) and one.start != start
    return plain and named and _APART.search(text, claim.end, end) is None


#: "Twice as slow" is a ratio of times.
_SLOW = re.compile(r"\s*(?:as slow|slower)\b", re.IGNORECASE)


def _judged(said: Said, claim: Claim, kind: str, found: Sequence[Real]) -> Iterator[Finding]:
    if kind == "speed" and claim.ways[0].times > 1 and _SLOW.match(said.text, claim.end):
        found = [each._replace(times=1 / each.times) for each in found]
    hedged = (
        _HEDGE.search(said.text, max(said.clause(claim.start)[0], claim.start - 20), claim.start) is not None
    )
    if not found or any(_is_near(way, each.times, hedged=hedged) for way in claim.ways for each in found):
        return
    ways = [way.times for way in claim.ways]
    if not _is_given(said, kind, ways) and (kind.startswith("@") or not _is_in_a_table(said, ways)):
        best = min(found, key=lambda each: abs(each.times / claim.ways[0].times - 1))
        yield wrong(
            said,
            (claim.start, claim.end),
            "ratio",
            kind,
            expected=f"{best.times:.2g} times",
            words=best.words,
        )


def _leads(text: str, sentence: Sentence, context: Context) -> Iterator[Claim]:
    """Shares that one is ahead by: "a bandwidth advantage of 14 %"."""
    for each in within(quantities(text, context.fraction), sentence.start, sentence.end):
        if each.dimension == "percent" and _LEAD.search(
            text, max(sentence.start, each.start - 40), each.start
        ):
            yield Claim(
                each.start,
                each.end,
                (Multiple(each.start, each.end, 1 + each.value, each.limit, each.value),),
            )


def _before(said: Said, one: Thing, at: int) -> Thing | None:
    """The thing that "its" means behind another one: the only other that was spoken of right before."""
    here = [each for each in said.context.mentions.get(said.number, ()) if each.end <= at]
    starts = [each.start for each in sentences(said.text) if each.start <= at]
    for back in range(1, min(_BEFORE, len(starts)) + 1):
        near = {frozenset(each.ids) for each in here if each.start >= starts[-back]}
        if rest := [each for each in near if not each & one.ids]:
            return Thing(at, at, rest[0]) if len(rest) == 1 else None
    return None


_TIMES, _HEDGED, _WHOLE = 0.06, 0.15, 0.1


def _is_near(way: Multiple, real: float, *, hedged: bool) -> bool:
    """Whether a ratio may be what is stated: to its digits, with what a hedge excuses."""
    if way.limit == "over":
        return way.times * 0.95 <= real <= way.times * 1.6
    if way.limit in ("under", "up to", "nearly"):
        return way.times * (0.6 if way.limit != "nearly" else 0.85) <= real <= way.times * 1.06
    if way.step:
        off = (0.05, 0.14) if hedged else (0.025, 0.06)
        return abs(real - way.times) <= off[0] + off[1] * abs(way.step)
    whole = way.times == round(way.times) or way.times == 0.5
    return abs(real / way.times - 1) <= (
        _HEDGED if hedged else _WHOLE if whole else max(_TIMES, 0.06 / way.times)
    )


def _is_given(said: Said, kind: str, ways: Sequence[float]) -> bool:
    """Whether two amounts of the sentence or the one before it, of what is compared, give a ratio."""
    before = [each for each in sentences(said.text) if each.end <= said.sentence.start][-1:]
    back = before[0].start if before else said.sentence.start
    of = attributes().get(kind.removeprefix("@"))
    every = [each for each in within(quantities(said.text, said.context.fraction), back, said.sentence.end)
             if each.value > 0 and each.dimension not in ("percent", "times")
             and (of is None or each.dimension in (of.dimension, "number"))]  # fmt: skip
    plain = [_digits(said.text[each.start : each.end]) for each in every]
    return any(
        abs(a.value / b.value / way - 1) < _GIVEN or (x and y and abs(x / y / way - 1) < _GIVEN)
        for a, x in zip(every, plain, strict=True) for b, y in zip(every, plain, strict=True)
        if a is not b and (a.dimension == b.dimension or "number" in (a.dimension, b.dimension))
        for way in ways
    )  # fmt: skip


def _is_in_a_table(said: Said, ways: Sequence[float]) -> bool:
    """Whether two cells of one column in a table below the same heading give a ratio, by whatever names."""
    section = said.context.document.passages[said.number].section
    for table in said.context.document.tables if section else ():
        for column in range(table.columns) if table.section == section else ():
            cells = (table.cell(row, column) for row in range(1, len(table.rows)))
            told = [_digits(cell.text) for cell in cells if cell is not None and cell.text[:1].isdigit()]
            if any(abs(a / b / way - 1) < _GIVEN for a in told for b in told if b for way in ways):
                return True
    return False


def _digits(words: str) -> float:
    match = _NUMBER.search(words)
    return float(match[0].replace(",", "")) if match else 0.0
