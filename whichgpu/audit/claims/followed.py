"""Results that are one digit from what their passage makes: "26 hours at $0.35 come to $8.10" ($9.10).

For each amount every operation on the amounts around it that makes one of its kind is tried. Where none gives it,
and one that its words ask for gives it but for a digit, it is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import Amounts
from whichgpu.audit.bills.digits import chance, is_slip, shown, significant, written
from whichgpu.audit.bills.formulas import by_distance, formulas, same_kind, unitless
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.relations import Effort
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.bills.formulas import Formula
    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: Products that are tried in a document, and amounts whose results are looked for.
_MOST_TRIED, _CLAIMS = 40_000, 400
#: Letters before an amount whose words are its own, and behind it.
_BEFORE, _BEHIND = 60, 40
#: Amounts around one that may make it, and those that it may be accused by.
_WIDE, _NEAR = 24, 7
#: What words ask for: each operation with what stands before its result, or behind it.
_ASKS = {
    "sum": (r"\b(?:total\w*|together|altogether|in all|sum\w*|combined|adds? up|plus|both|all told|all in)\b", r"\s*(?:in total|in all|altogether|together|all told)\b"),
    "difference": (
        r"\b(?:sav\w+|differ\w*|left|leav\w+|remain\w*|fell by|falls by|drops? by|dropped by|rose by|rises by|gap|"
        r"short|slack|spare|cheaper by|margin|profit|net|only cost|another|extra|more|less)\b",
        r"\s*(?:\w+ ){0,3}?(?:less|more|cheaper|dearer|left|saved|remain\w*|below|above|extra|short|spare|free)\b",
    ),
    "change": (
        r"\b(?:discount|lost|loses?|sav\w+|reduc\w+|cut\w*|increase\w*|decrease\w*|gain\w*|rise|rose|fell|falls?|drop\w*|by|"
        r"grow\w*|grew|premium|faster|cheaper|overhead)\b",
        r"\s*(?:\w+ ){0,2}?(?:less|more|cheaper|dearer|faster|slower|lower|higher|below|above|off|discount|saving\w*|"
        r"reduction|increase|better|worse|fewer|longer|shorter)\b",
    ),
    "ratio": ("", r"\s*(?:(?:of|as|the|that|what|at|load|utili[sz]\w+|busy)\b)"),
    "product": (
        r"(?:[=\u2248]|[,:(]\s*(?:about |roughly |around |and |or |~)*$|\b(?:so|thus|hence|therefore|that is|that[\u2019']s|which|i\.e|or|makes?|makes|making|gives?|giving|"
        r"comes? (?:out )?(?:to|at)|came to|works? out|amounts? to|means|meaning|equals?|costs?|cost|costing|pays?|paid|"
        r"takes?|took|needs?|gets?|runs? to|bill|then|are|is|was|were|after|sees?|yields?|uses?|used|in|within|together|per)\b)",
        "",
    ),
}  # fmt: skip
_CUES = {
    each: (
        re.compile(before, re.IGNORECASE) if before else None,
        re.compile(behind, re.I) if behind else None,
    )
    for each, (before, behind) in _ASKS.items()
}
#: What stands before an amount that is given.
_GIVEN = re.compile(
    r"\b(?:at|against|versus|vs\.?|from|instead of|compared (?:to|with)|than|rate of|price of|for only|of up to)\s+"
    r"(?:about |around |roughly |just |only |~)*$",
    re.IGNORECASE,
)
#: What two results differ by that are the same.
_SAME = 0.001
#: An amount of more digits is one digit from a result by no chance, whatever its words say.
_EXACT = 3
#: How likely an accusation may be chance, of all formulas that were tried for it.
_ASKED, _UNASKED = 0.5, 0.1


def find(context: Context) -> Iterator[Finding]:
    """Every amount that is a digit from what its passage makes, or not what its sentence makes."""
    effort, asked = Effort(_MOST_TRIED), 0
    earlier: tuple[Term, ...] = ()
    heard: set[tuple[float, tuple[int, ...]]] = set()
    for index, passage in context.document.running():
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        every = (
            list(terms(passage.text, context.fraction, names, ranges=True))
            if _DIGIT.search(passage.text)
            else []
        )
        every = _with_sums(_with_each(_with_corrected(every, passage, context), passage), passage)
        text = Amounts(passage, index, tuple(every), ())
        for told in tuple(every):
            again = (told.value, told.dims) in heard
            heard.add((told.value, told.dims))
            if again or asked > _CLAIMS or not _is_claim(told, passage):
                continue
            asked += 1
            found = _judged(told, every, earlier, text, effort, context)
            if effort.left < 0:
                return
            if found is not None:
                # What is worked out later may follow from the right amount.
                every.insert(every.index(told), _corrected(told, _right(found, told)))
                yield _finding(found, told, passage, context)
        earlier = (*earlier, *(each for each in every if any(each.dims)))[-_WIDE:]


_DIGIT = re.compile(r"\d")


def _corrected(told: Term, right: str) -> Term:
    """An amount with the number that is right instead."""
    number = shown(told) or f"{told.value:g}"
    return told._replace(value=told.value * float(right) / float(number), words=right)


def _with_corrected(every: Sequence[Term], passage: Passage, context: Context) -> list[Term]:
    """The amounts of a passage, with what those that are known to be wrong should be beside them."""
    wrong = {
        each.start: each.expected
        for each in context.memo["found"]
        if each.accuses and each.kind == "arithmetic"
    }
    found = []
    for each in every:
        right = _NUMBER.search(wrong.get(passage.span(each.start, each.end)[0], "")) if wrong else None
        if right and shown(each):
            found.append(_corrected(each, right[0].replace(",", "")))
        found.append(each)
    return found


_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
#: A sentence on one of several things: "Each job starts with a download of 45 GB".
_EACH = re.compile(r"\s*(?:Each|Every|The (?:average|typical|usual)|An? (?:average|typical|single)?|Per)\s+[a-z-]+\b")
_PLUS = re.compile(r"[^.;]{0,24}\b(?:plus|and another|\+)\s+(?:about |another |roughly )?", re.IGNORECASE)


def _with_each(every: Sequence[Term], passage: Passage) -> list[Term]:
    """Amounts, with those of a sentence on one of several things as of each."""
    starts = [one for one in sentences(passage.text) if _EACH.match(passage.text, one.start)]
    return [
        each._replace(each=True) if any(each.dims) and any(one.start <= each.start < one.end for one in starts) else each
        for each in every
    ]


def _with_sums(every: Sequence[Term], passage: Passage) -> list[Term]:
    """Amounts, with what two that "plus" joins make together behind them: "1,000 W, plus 200 W for the rest"."""
    found: list[Term] = []
    for each in every:
        found.append(each)
        last = found[-2] if len(found) > 1 else each
        if last is not each and any(each.dims) and same_kind(last, each) and _PLUS.fullmatch(passage.text, last.end, each.start):
            found.append(each._replace(value=last.value + each.value, words=f"{last.words} + {each.words}"))
    return found




#: What a bare number counts: "500 runs a month".
_NOUN = re.compile(r"\s+(?!percent|times|and\b|or\b|to\b|of\b|in\b|is\b|at\b|x\b)[a-z][a-z-]{2,}s\b")


def _is_claim(told: Term, passage: Passage) -> bool:
    """Whether an amount may be a result: it is of a kind, or a share, and is told for itself."""
    if told.counted or told.tariff or told.most or not told.value:
        return False
    times = told.plain and told.words.lower().rstrip().endswith(("times", "x"))
    many = (
        told.plain
        and significant(shown(told)) > 0
        and told.value > 20
        and _NOUN.match(passage.text, told.end)
    )
    if not (any(told.dims) or told.share or times or many):
        return False
    return told.share or not _GIVEN.search(passage.text, max(0, told.start - _BEFORE), told.start)


def _judged(
    told: Term,
    every: Sequence[Term],
    earlier: Sequence[Term],
    text: Amounts,
    effort: Effort,
    context: Context,
) -> Formula | None:
    """The operation that an amount is the result of but for a digit, where nothing else makes it."""
    passage = text.passage
    here = [each for each in every if each.start != told.start]
    every_sentence = sentences(passage.text)
    at = next(place for place, one in enumerate(every_sentence) if told.start < one.end)
    start, back = every_sentence[at].start, every_sentence[max(at - 2, 0)].start
    wide = [
        each
        for each in here
        if each.start < told.start or _is_behind(each, told, every_sentence[at].end, passage)
    ]
    before = [each._replace(start=each.start - _FAR, end=each.end - _FAR) for each in earlier]
    asked = _asked(told, passage, start)
    near = _near([each for each in here if each.end <= told.start and _is_operand(each)], start, back)
    own = [each for each in near if each.start >= start] or [
        each for each in near if each.start >= every_sentence[max(at - 1, 0)].start
    ]
    counts = told.plain or (told.of in ("piece", "token") and not told.sign)
    plain = [each for each in unitless(told, own) if len(each.used) == len(own)] if counts else []
    made = [
        each
        for each in formulas(told, [*before, *_with_units(wide[-_WIDE:], told)], effort)
        if each.gives(told)
    ]
    # What stands right before an amount is listed beside it.
    said = [each for each in own if each.end < told.start - _LISTED]
    if any(each.gives(told) for each in plain) or any(_is_plain(each, start, back, said) for each in made):
        return None
    far = any(_is_likely(each, back) for each in made)
    exact = significant(shown(told)) > _EXACT
    found = [
        each for each in formulas(told, near, effort)
        if (each.operation in asked or (exact and each.operation == "product" and each.used[-1].start >= start))
        and _is_meant(each, told, own, near, (start, back)) and not _mixes(each, told, text, context)
    ]  # fmt: skip
    words = passage.text[max(0, told.start - _BEFORE) : told.start]
    whole = (
        plain
        if _THUS.search(words)
        else [each for each in plain if each.product]
        if _MAKES.search(words)
        else []
    )
    likely = _UNASKED if far else _ASKED
    return (
        _slipped(told, by_distance(found), likely)
        or _slipped(told, whole, likely)
        or (None if far else _other(told, found, own, passage))
    )


def _is_meant(
    found: Formula, told: Term, own: Sequence[Term], near: Sequence[Term], reach: tuple[int, int]
) -> bool:
    """Whether an operation is on what stands next to its result: all of its sentence, or the last of its kind."""
    start, back = reach
    places = {each.start for each in found.used}
    digits = significant(shown(told))
    if found.operation == "product":
        if not told.each and _is_divided(found, told):
            return False
        amounts = [
            each for each in own if any(each.dims) and not same_kind(each, told) and each.of not in ("day", "week", "month", "year")
        ]
        spelled = [each for each in found.used if not any(each.dims) and each.start < back]
        skipped = sum(each.start not in places for each in amounts)
        if own and own[0].start < start and digits > 2:
            return not spelled
        return skipped <= (digits > 2 and len(amounts) > 2) and not spelled
    if min(places) < (back if digits > 2 or any(told.dims) else start):
        return False
    last = next((each for each in reversed(near) if same_kind(each, found.used[-1])), None)
    return last is not None and last.start in places


def _is_divided(found: Formula, told: Term) -> bool:
    """Whether an amount of a kind is divided by a number of something, as only that of each is."""
    whole = [each for each in found.used if each.dims == told.dims]
    return len(whole) == 1 and not any(any(each.dims) for each in found.used if each not in whole) and (
        found.low < whole[0].value and not any(each.share for each in found.used)
    )  # fmt: skip


def _mixes(found: Formula, told: Term, text: Amounts, context: Context) -> bool:
    """Whether an operation takes an amount of another device than its result's, as their sentences name them."""
    own = _device(told, text, context)
    others = [_device(each, text, context) for each in found.used if any(each.dims)]
    return bool(own) and any(other and not own & other for other in others)


def _device(term: Term, text: Amounts, context: Context) -> set[str]:
    """What the last name before an amount in its sentence may be, or the first behind it."""
    named, here = context.mentions.get(text.place, ()), text.sentence(term.start)
    before = within(named, here.start, term.start)[-1:] or within(named, term.end, here.end)[:1]
    return {one for each in before for one in (*each.named, *each.ids)}


def _is_operand(term: Term) -> bool:
    return any(term.dims) or term.counted or term.share or term.plain


def _is_superseded(term: Term, wide: Sequence[Term]) -> bool:
    """Whether a rate of the same kind was told after one: the nearest is meant."""
    if not min(term.dims) < 0:
        return False
    return any(each.start > term.start and each.dims == term.dims and each.sign == term.sign for each in wide)


def _is_plain(found: Formula, start: int, back: int, wide: Sequence[Term]) -> bool:
    """Whether an operation that makes an amount is simple and near enough to be meant by all means."""
    close = [each.start >= back and not _is_superseded(each, wide) for each in found.used]
    return all(close) and (len(close) <= 2 or all(each.start >= start for each in found.used))


def _is_likely(found: Formula, back: int) -> bool:
    """Whether an operation that makes an amount may be meant, of amounts further away too."""
    close = [each.start >= back for each in found.used]
    return all(close) if found.operation != "product" else sum(close) >= len(close) - 1


_FAR = 1_000_000
_LISTED = 12


def _with_units(pool: Sequence[Term], told: Term) -> list[Term]:
    """Amounts, with bare numbers as of the unit of the one that is told too: "22 images a minute, the pair 44"."""
    bare = [each._replace(dims=told.dims, plain=False, sign=told.sign) for each in pool if each.plain]
    return [*pool, *bare] if any(told.dims) else list(pool)


def _asked(told: Term, passage: Passage, start: int) -> set[str]:
    """The operations that the words around an amount ask for."""
    text = passage.text
    first = max(start, told.start - _BEFORE)
    return {
        operation for operation, (before, behind) in _CUES.items()
        if (before and before.search(text, first, told.start))
        or (behind and behind.match(text, told.end, min(told.end + _BEHIND, len(text))))
    }  # fmt: skip


def _slipped(told: Term, found: Sequence[Formula], likely: float) -> Formula | None:
    """The nearest operation whose result is a digit from an amount, where that is no chance."""
    number = shown(told)
    if not number or significant(number) < 2:
        return None
    tried: list[float] = []
    for each in found:
        if not any(abs(one / each.low - 1) < 1e-9 for one in tried):
            tried.append(each.low)
        for value in _lengths(each):
            off = abs(told.value - value)
            unlike = off > 2 * each.rounding(told) and off > 0.02 * told.value
            if unlike and is_slip(number, value * float(number) / told.value, tens=_is_bare(each)):
                return each._replace(low=value, high=value) if len(tried) * chance(number) < likely else None
    return None


def _is_bare(found: Formula) -> bool:
    """Whether an operation is on two amounts, of which none is a share: what is ten times off is not by chance."""
    return len(found.used) <= 2 and not any(each.share for each in found.used)


def _lengths(found: Formula) -> tuple[float, ...]:
    """What an operation makes, with a month of 30 days and of the twelfth of a year where it is over one."""
    if found.high <= found.low * (1 + _SAME):
        return (found.low,)
    month = found.high / found.low if found.high < 2 * found.low else 0.0
    if abs(month / (744 / 672) - 1) > _SAME:
        return ()
    return (found.low * 720 / 672, found.low * 730 / 672)


#: Before what an amount was worked out from, where that stands behind it.
_FROM = re.compile(
    r"\b(?:at|of|for|from|by|over|per)\s+(?:about |around |roughly |just |only |the )*$|[x\u00d7*/+(-]\s*$",
    re.I,
)


def _is_behind(each: Term, told: Term, end: int, passage: Passage) -> bool:
    """Whether an amount behind one may be what that follows from, and is none that follows from it."""
    if each.start >= end or not any(each.dims) or each.sign != told.sign:
        return each.start < end and not each.sign
    return bool(_FROM.search(passage.text, max(told.end, each.start - _BEFORE), each.start))


def _near(before: Sequence[Term], start: int, back: int) -> list[Term]:
    """The amounts that one may be accused by: those of its sentence, and the last two of each kind before it."""
    found: list[Term] = []
    kinds: dict[object, set[int]] = {}
    for each in reversed(before):
        places = kinds.setdefault((each.dims, each.sign, each.each), set())
        places.add(each.start)
        if each.start >= start or (len(places) <= 2 and (any(each.dims) or each.start >= back)):
            found.append(each)
    return found[: 2 * _NEAR][::-1]


#: What so many of something do each.
_MAKES = re.compile(
    r"\b(?:generates?|produces?|makes?|sends?|creates?|adds? up to)\s+(?:about |around |roughly )?$", re.I
)
#: What says right before an amount that it follows from its sentence.
_THUS = re.compile(
    r"(?:[=\u2248]|\b(?:so|thus|hence|therefore|that is|that[\u2019']s|which (?:is|makes|means|gives)|i\.e\.,?|"
    r"makes?|making|gives?|comes? (?:out )?(?:to|at)|came to|works? out (?:to|at)|amounts? to|means|meaning|equals?|"
    r"total(?:s|ing)?(?: of)?|are|is|back after|after|takes?|took|will take)\b)"
    r"(?:\s+(?:about|around|roughly|only|just|some|nearly|almost|then|therefore|a|an|the|total|of|cost|bill|you|me|us|"
    r"it|to|in|after|done|back))*\s*~?$",
    re.IGNORECASE,
)


def _other(told: Term, found: Sequence[Formula], own: Sequence[Term], passage: Passage) -> Formula | None:
    """The one operation on all that a sentence states before an amount that it says follows, where it is off."""
    if not _THUS.search(passage.text, max(0, told.start - _BEFORE), told.start):
        return None
    amounts = [
        each
        for each in own
        if any(each.dims) and not any(each is not one and each.start == one.start for one in own)
    ]
    if len(amounts) < 2:
        return None
    whole = [each for each in found if all(one in each.used for one in amounts)]
    values = {round(each.low / told.value, 6): each for each in whole}
    if len(values) != 1:
        return None
    sole = whole[0]
    ratio = sole.low / told.value
    off = abs(told.value - sole.low) > 2 * sole.rounding(told) + (0.12 if told.about else 0.03) * told.value
    return sole if off and 0.25 < ratio < 4 and sole.high < sole.low * 1.001 else None


def _right(found: Formula, told: Term) -> str:
    """The number that should stand in an amount, with as many decimals."""
    number = shown(told) or f"{told.value:g}"
    return written(found.low * float(number) / told.value, number)


def _finding(found: Formula, told: Term, passage: Passage, context: Context) -> Finding:
    right = _right(found, told)
    because = f"{' and '.join(each.words.strip(' .,') for each in found.used)} make {right}"
    return made(
        context, passage, (told.start, told.start + len(told.words)), "arithmetic", "inconsistent",
        attribute="result", because=because, expected=right, evidence=(Evidence(because),),
    )  # fmt: skip
