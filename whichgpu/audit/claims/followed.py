"""Results that are one digit from what their passage makes: "26 hours at $0.35 come to $8.10" ($9.10).

For each amount every operation on the amounts around it that makes one of its kind is tried. Where none gives
it, and one that its words ask for gives it but for a digit, it is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import Amounts
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.models import models
from whichgpu.audit.relations import Effort
from whichgpu.audit.results.around import WIDE, around
from whichgpu.audit.results.digits import shown, significant, written
from whichgpu.audit.results.formulas import same_kind
from whichgpu.audit.results.meant import judged
from whichgpu.audit.results.words import BEFORE, EACH, EACH_WITH, GIVEN, NOUN, PLUS
from whichgpu.audit.sentences import sentences
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.results.formulas import Formula

#: Products that are tried in a document, and amounts whose results are looked for.
_MOST_TRIED, _CLAIMS = 40_000, 400
#: Bare numbers up to which a text counts without working out.
_MANY = 20
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def find(context: Context) -> Iterator[Finding]:
    """Every amount that is a digit from what its passage makes, or not what its sentence makes."""
    effort, asked = Effort(_MOST_TRIED), 0
    earlier: tuple[Term, ...] = ()
    heard: set[tuple[float, tuple[int, ...]]] = set()
    for index, passage in context.document.running():
        every = _amounts(index, passage, context)
        text = Amounts(passage, index, tuple(every), ())
        for told in tuple(every):
            again = (told.value, told.dims) in heard
            heard.add((told.value, told.dims))
            measured = _MEASURED.search(passage.text, max(0, told.start - _TEST), told.start)
            if again or asked > _CLAIMS or measured or not _is_claim(told, passage):
                continue
            asked += 1
            found = judged(around(told, every, earlier, text, context), effort)
            if effort.left < 0:
                # What else may explain it was not tried.
                return
            if found is not None and not _is_of_next(found, told, index, passage, context):
                # What is worked out later may follow from the right amount.
                every.insert(every.index(told), _corrected(told, _right(found, told)))
                of_bytes = told.of in ("token", "piece") and any(each.of == "byte" for each in found.used)
                if (
                    len(found.used) > 1
                    # What bytes a second make of tokens has a bound of its own.
                    and not of_bytes
                    and not _is_less_a_share(found, told, every)
                    and not _is_share_of_before(found, told, passage)
                    and not _is_of_two_ratios(found, told, passage)
                ):
                    yield _finding(found, told, passage, context)
        earlier = (*earlier, *(each for each in every if any(each.dims)))[-WIDE:]


def _amounts(index: int, passage: Passage, context: Context) -> list[Term]:
    """The amounts of a passage: with what is known to be right, of each, and what two make together."""
    if not _NUMBER.search(passage.text):
        return []
    names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
    told = terms(passage.text, context.fraction, names, ranges=True)
    every = tuple(each for each in told if not _is_a_label(each, passage.text))
    return _with_sums(_with_each(_with_corrected(every, passage, context), passage), passage)


#: Before an amount that was read from a meter.
_MEASURED = re.compile(
    r"\b(?:in (?:our|my|the|this) tests?|under (?:this |our )?load|we (?:saw|measured|read)|"
    r"measured|meter)\b[^.;:=]*$",
    re.IGNORECASE,
)
_TEST = 60
#: Before a number that names a thing and counts none: "box 2, 1,400 W for box 3".
_LABELLED = re.compile(
    r"\b(?:box|option|plan|set-?up|offer|variant|case|phase|step|table|vendor|server|node|"
    r"no\.|number|part|level|stage|gen(?:eration)?) $|"
    # "Der Level-2-Cache", "GPT-4".
    r"[a-z]-$",
    re.I,
)


def _is_a_label(term: Term, text: str) -> bool:
    return not any(term.dims) and _LABELLED.search(text, max(0, term.start - BEFORE), term.start) is not None


def _is_less_a_share(found: Formula, told: Term, every: Sequence[Term]) -> bool:
    """Whether an amount is another one with a share off or on top: "$6.40, with 10 % off $5.76"."""
    shares = [each.value for each in found.used if each.share]
    return any(
        abs(each.value * (1 + sign * share) / told.value - 1) < _SAME
        for share in shares
        for each in every
        if (each.dims == told.dims or (told.sign and each.sign == told.sign)) and each.start < told.start
        for sign in (-1, 1)
    )


def _is_share_of_before(found: Formula, told: Term, passage: Passage) -> bool:
    """Whether an amount is held against a share that another sentence tells of something."""
    start = next((one.start for one in sentences(passage.text) if told.start < one.end), 0)
    shares = [each for each in found.used if each.share]
    return bool(shares) and not told.share and all(not start <= each.start < told.start for each in shares)


#: What makes of two ratios a third.
_TOGETHER = re.compile(
    r"\b(?:together|combined?|combining|overall|in (?:all|total)|both|multipl\w+|so|hence|thus|"
    r"compound\w*)\b",
    re.I,
)


def _is_of_two_ratios(found: Formula, told: Term, passage: Passage) -> bool:
    """Whether a ratio is held against the product of others, each of which may be of something else."""
    if any(any(each.dims) or not each.plain for each in (told, *found.used)):
        return False
    start = next((one.start for one in sentences(passage.text) if told.start < one.end), 0)
    return _TOGETHER.search(passage.text, start, told.start) is None


def _corrected(told: Term, right: str) -> Term:
    """An amount with the number that is right instead."""
    number = shown(told) or f"{told.value:g}"
    return told._replace(value=told.value * float(right) / float(number), words=right)


def _with_corrected(every: Sequence[Term], passage: Passage, context: Context) -> list[Term]:
    """The amounts of a passage, with what those that are known to be wrong should be beside them."""
    wrong = {
        each.start: each.expected for each in context.memo["found"]
        if each.accuses and each.kind == "arithmetic"
    }  # fmt: skip
    found = []
    for each in every:
        right = _NUMBER.search(wrong.get(passage.span(each.start, each.end)[0], "")) if wrong else None
        if right and shown(each):
            found.append(_corrected(each, right[0].replace(",", "")))
        found.append(each)
    return found


def _with_each(every: Sequence[Term], passage: Passage) -> list[Term]:
    """Amounts, with those of a sentence on one of several things as of each."""
    lines = [one for one in sentences(passage.text) if EACH.match(passage.text, one.start)]
    return [
        each._replace(each=True)
        if any(each.dims)
        and (
            any(one.start <= each.start < one.end for one in lines)
            or EACH_WITH.search(passage.text, max(0, each.start - BEFORE), each.start)
        )
        else each
        for each in every
    ]


def _with_sums(every: Sequence[Term], passage: Passage) -> list[Term]:
    """Amounts, with what two that "plus" joins make behind them: "1,000 W, plus 200 W for the rest"."""
    found: list[Term] = []
    for each in every:
        last = found[-1] if found else None
        found.append(each)
        if last and same_kind(last, each) and PLUS.fullmatch(passage.text, last.end, each.start):
            words = f"{last.words} + {each.words}"
            found.append(each._replace(value=last.value + each.value, words=words))
    return found


#: From a device to a value of its own: "the RTX 3090 2.67 GB/s", "the RTX 5080 needs 360 W".
_ITS = re.compile(
    r"s?(?:[\u2019']s)?\s+(?:(?:has|needs|draws|takes|uses|offers|gets|gives|does|makes|reaches|at|only|just|about|with)"
    r"\s+){0,2}",
    re.IGNORECASE,
)


def _is_of_model(told: Term, passage: Passage) -> bool:
    """Whether an amount is what the weights of a model of its sentence take: "a 12B model (about 24 GB)"."""
    if told.of != "byte":
        return False
    here = next(one for one in sentences(passage.text) if told.start < one.end)
    sizes = (each.parameters * size for each in models(here.text) for size in _BYTES)
    return any(abs(told.value / size - 1) < _ROUGHLY for size in sizes if size)


_BYTES, _ROUGHLY, _SAME = (4.0, 2.0, 1.0, 0.5), 0.1, 0.012


def _is_of_next(found: Formula, told: Term, index: int, passage: Passage, context: Context) -> bool:
    """Whether an amount is of a device named right before it, and what makes it is of one before that."""
    if _is_of_model(told, passage):
        return True
    named = [each for each in context.mentions.get(index, ()) if each.end <= told.start][-1:]
    if not named or not _ITS.fullmatch(passage.text, named[0].end, told.start):
        return False
    return any(each.dims == told.dims and each.end <= named[0].start for each in found.used)


_ATTRIBUTIVE = re.compile(
    r"\b(?:an?|the|each|every|one|our|my|another|any|two|three|four|eight)\s+$", re.IGNORECASE
)
_A_THING = re.compile(
    r"[\s-]+(?:[\w-]+\s+)?(?:cards?|gpus?|boards?|modules?|chips?|parts?|units?|machines?|servers?|nodes?|laptops?|box(?:es)?|"
    r"models?|version|limit|supply|psu|budget|plan|instances?)\b",
    re.IGNORECASE,
)
_PLUS = re.compile(r"\bplus\s+(?:about |another |some |roughly )?$", re.IGNORECASE)
_ADDED_UP = re.compile(r"\d\s[x\u00d7*/]\s\d[\d.,]*\s\+\s[^=+]{1,24}=\s*[$\u20ac~]?$")


def _is_claim(told: Term, passage: Passage) -> bool:
    """Whether an amount may be a result: it is of a kind, or a share, and is told for itself."""
    if told.counted or told.tariff or told.most or not told.value:
        return False
    if _ADDED_UP.search(passage.text, max(0, told.start - BEFORE), told.start):
        # What a formula comes to that is written out.
        return False
    if _ATTRIBUTIVE.search(passage.text, max(0, told.start - BEFORE), told.start) and _A_THING.match(
        passage.text, told.start + len(told.words.rstrip())
    ):
        # "A 350 W card uses 252 kWh": by which a thing is called, and no result.
        return False
    times = told.plain and told.words.lower().rstrip().endswith(("times", "x"))
    many = told.plain and told.value > _MANY and significant(shown(told)) > 0
    if not (any(told.dims) or told.share or times or (many and NOUN.match(passage.text, told.end))):
        return False
    of_each = told.each and passage.text[: told.start].endswith(" of ")
    if of_each or _PLUS.search(passage.text, max(0, told.start - BEFORE), told.start):
        # "Maintenance contracts of $85 per server", "plus 400 W for the board": a part that is told.
        return False
    return told.share or not GIVEN.search(passage.text, max(0, told.start - BEFORE), told.start)


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
