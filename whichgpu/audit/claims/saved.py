"""What one amount is more or less than another: "$1.79 on demand, $0.89 on spot: they saved 50 percent".

The two amounts stand in the sentence or just before it; wrong is what no two amounts of the text differ by.
"""

from __future__ import annotations

from itertools import combinations, permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.dimensions import AXES, Term, converted, dims
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.ledger import in_full
from whichgpu.audit.quantities import multiples, quantities
from whichgpu.audit.relations import rounding
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.terms import terms
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

#: Behind a percentage or a multiple, and before one or an amount.
_BEHIND = re.compile(
    r"\s*(?:[,)]?\s*)?(?:dearer|costlier|steeper|mehr|weniger|teurer|"
    r"g\u00fcnstiger|billiger|plus cher|moins cher|"
    r"m\u00e1s car[oa]|m\u00e1s barat[oa]|(?:as|more|less) (?:expensive|costly|cheap|pricey|fast|quick|much|"
    r"many|slow)|cheaper|faster|slower|quicker|pricier|longer|shorter|less\b|more\b|saving|savings|discount|"
    r"off\b|lower|higher|premium|mark-?up|spread|speed-?up|(?:cost |price )?(?:reduction|saving|"
    r"advantage)|the (?:price|cost|throughput|speed|rate|"
    r"time|bill)|per token|what (?:they|we|you|it)|(?:pric\w+|cost|rate) (?:spread|gap|difference))",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"\b(?:sav(?:es?|ed|ing|ings)(?: of)?|undercut\w*(?: \w+){0,4} by|"
    r"cut(?:s|ting)?(?: \w+){0,3} by|(?:discount|cut|drop|rebate|jump|growth|gain) of|premium of|(?:an? )?(?:extra|surcharge|increase|rise|"
    r"hike|mark-?up) of|difference "
    r"of|speed-?up of|factor of|reduc\w+(?: \w+){0,4} by|"
    r"(?:gap|spread|difference|ratio) between [^;]{3,90} (?:is|was|comes to)|"
    r"(?:cheaper|dearer|pricier|costlier|lower|higher|less|more|fell|rose|dropped|drops?|down|up|faster|slower|shorter|longer) by)\s+"
    r"(?:you |us |them |about |around |roughly |over |nearly |almost |some |just |a |an |full |only )*~?$",
    re.IGNORECASE,
)
#: A part that is spelled out, as the percentage that it is.
_PART = re.compile(
    r"\b(?P<led>by\s+(?:about |around |roughly |nearly |almost |over )?)?(?P<part>half|a third|one third|two "
    r"thirds|a quarter|three quarters|a fifth|a tenth)\b(?P<behind>\s+(?:cheaper|less|more|off|faster|slower|"
    r"lower|higher)\b)?",
    re.IGNORECASE,
)
_PARTS = {"half": 1 / 2, "a third": 1 / 3, "one third": 1 / 3, "two thirds": 2 / 3, "a quarter": 1 / 4,
          "three quarters": 3 / 4, "a fifth": 1 / 5, "a tenth": 1 / 10}  # fmt: skip
#: "The price has almost doubled".
_DOUBLED = re.compile(
    r"\b(?:prices?|cost|rent|bill|rate|tariff)s?\s+(?:has|have|had|almost|nearly|more than|just|about|"
    r"then|\s)*"
    r"(?P<times>doubled|tripled|quadrupled|halved)\b", re.IGNORECASE,
)  # fmt: skip
#: The comparative right behind a part.
_PART_WAY = re.compile(r"(?:cheaper|less|more|off|faster|slower|lower|higher)$", re.IGNORECASE)
_TIMES_OF = {"doubled": 2.0, "tripled": 3.0, "quadrupled": 4.0, "halved": 0.5}
#: What it is of, by the words around it: what is less is a share of the larger, what is more of the smaller.
_OF_MONEY = re.compile(
    r"\b(?:cheap\w*|dear(?:er)?|cost\w*|pric\w+|expensive|sav\w+|discount\w*|premium|off|spread|bills?|pay\w*|teurer|"
    r"g\u00fcnstiger|billiger|cher|car[oa]|barat[oa]|mark-?up|surcharge|extra of|hike|per token)\b",
    re.IGNORECASE,
)
_OF_SPEED = re.compile(
    r"\b(?:fast|faster|slow|slower|quick\w*|speed\w*|throughput|longer|shorter|time)\b", re.IGNORECASE
)
_LESS = re.compile(
    r"\b(?:cheaper|less|sav\w+|discount|off|lower|reduc\w+|cut\w*|fell|dropped|drops?|down|weniger|"
    r"g\u00fcnstiger|billiger)\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\b(?:more|higher|dearer|costlier|premium|mark-?up|rose|up|teurer|pricier|extra|surcharge|hike)\b",
    re.IGNORECASE,
)
#: Behind and before what two amounts differ by, whatever they are of: "225 W more than", "ahead by 51 GB".
_MORE_BEHIND = re.compile(
    r"\s*(?:more|less|higher|lower|dearer|cheaper|pricier|costlier|fewer|ahead|"
    r"(?:above|below|under)(?=\s+(?:the|its|that|what|an?)\b))\b(?!\s+(?:than\s+)?(?:\$|\u20ac|EUR )?\d)"
    r"(?!\s+(?:than\s+)?(?:needed|necessary|before|usual|required|you|we|expected|rated|its?\b))",
    re.IGNORECASE,
)
_LED_BY = re.compile(
    r"\b(?:(?:ahead|in front)(?: of [\w ]{2,24})? by|(?:exceed|surpass|outdo|beat|top)\w* [\w \u2019']{2,30} by|"
    r"(?:lead|gap|edge|advantage|difference|surplus) of|"
    r"(?:so|thus|therefore|hence)\b[^.;,\d]{2,50} adds?)\s+"
    r"(?:you |us |about |around |roughly |some |just |a |an |full |only )*~?$",
    re.IGNORECASE,
)
#: Between an amount and the share that it is.
_APPOSED = re.compile(
    r"[\s,(\u2013\u2014-]*(?:or|i\.e\.,?|that is|thus|a good|about|roughly|nearly|almost|an? (?:extra|saving|surcharge|"
    r"discount|increase|rise) of|\s)*",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(?<!\d)(\d{2,3})\s?GB$")
#: What makes it an amount of something else than the two before it.
_SUPPOSED = re.compile(
    r"\b(?:if|up to|could|can|might|may|typical\w*|usually|often|market|tax|vat|average|median|idle|"
    r"at (?:least|most)|another|peaks?|limit\w*|wall|system|host|overhead|spare|headroom|reserve\w*)\b",
    re.IGNORECASE,
)
#: What makes it a change of something else.
_ELSE = re.compile(
    r"\b(?:than (?:now|before|today|usual)|"
    r"(?:against|over|compared (?:to|with))\s+(?:\w+\s+){0,2}(?:single|separate|individual)|"
    r"if|up to|performance|utili[sz]\w+|typical\w*|usually|often|generally|vram|bandwidth|memory|"
    r"quality|accuracy|margin|market|(?<!on[- ])demand|tax|vat|inflation|average|median|"
    r"overall|could|can|might|may)\b",
    re.IGNORECASE,
)
_UNLIKE = 20.0
_POINTS, _SHARE, _TIMES, _WORD, _AMOUNT = 0.02, 0.06, 0.10, 0.2, 0.03
_BESIDE, _FEW = 8, 2
#: Letters within which words lead to a change.
_LED = 110
#: Between the two amounts that a change right behind them is of, and letters up to it.
_INSTEAD = re.compile(
    r"[\w ]{0,12}\s(?:instead of|rather than|vs\.?|versus|against|compared (?:to|with)|down from|up from)\s+"
    r"(?:about |around |the )?\$?",
    re.IGNORECASE,
)
#: "30 percent more than the 4080's 736": of two values without their unit.
_THAN_BARE = re.compile(
    r"\s*(?:more|less|higher|lower|fewer|faster|slower)\s+than\s+[^.;,]{0,40}[\u2019']s?\s+\d[\d,]*(?:\.\d+)?"
    r"(?=\s*(?:[,;:)]|\.(?!\d)|$))",
    re.IGNORECASE,
)
_RIGHT_BEHIND = 6
#: A sentence that says only what the two before it differ by: "That is a third more."
_THAT_IS = re.compile(
    r"\s*(?:So )?(?:that|this|which|it)(?:[\u2019']s| is| makes| means) [^.;,]{0,24}\b(?:more|less|higher|lower)\W*$",
    re.IGNORECASE,
)
#: Watts and bytes, of which two differ by so much; what a device has of them.
_DIFFER = {dims(energy=1, hour=-1): ("power", 1.0), dims(byte=1): ("memory", 1.0)}
_MOST, _LARGEST, _BACK, _RESTATED = 10, 60.0, 220, 0.05
#: Of two periods that a rate is in, the one that is faster takes less time.
_THINGS = ("energy", "token", "piece", "byte", "flop")
_PERIODIC = ("hour", "day", "week", "month", "year")


class _Said(NamedTuple):
    """A change that is said: its place, its value, and what it is (`share`, `times`, `amount`)."""

    start: int
    end: int
    value: float
    kind: str
    slack: float
    #: What it is of: `money`, `speed`, or empty; whether of what is less, or more, where that is said.
    of: str = ""
    way: int = 0
    #: Of an amount, what it is per.
    dims: tuple[int, ...] = ()


def find(context: Context) -> Iterator[Finding]:
    """Every saving, premium, speed-up and multiple of two amounts, with its verdict."""
    earlier: Sequence[Term] = ()
    for index, passage in context.document.running():
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        every = in_full(index, passage, terms(passage.text, context.fraction, names), context)
        amounts = [each for each in every if any(each.dims) and each.of and not each.tariff]
        amounts = sorted([*amounts, *_in_names(passage.text, names)])
        told = [*earlier, *amounts]
        for sentence in sentences(passage.text) if len(told) > 1 else ():
            for said in _said(passage.text, sentence, every, context.fraction):
                found = _judged(passage, sentence, said, told, context)
                if found is not None:
                    yield found
        # What was told just before, at places before this text.
        earlier = [each._replace(start=each.start - len(passage.text) - 1, end=-1) for each in told[-_MOST:]]


def _in_names(text: str, names: Sequence[tuple[int, int]]) -> Iterator[Term]:
    """The sizes of memory that devices are called by: "the H200 141 GB"."""
    for start, end in names:
        size = _SIZE.search(text, start, end)
        if size:
            yield Term(size.start(), end, float(size[1]) * 1e9, dims(byte=1), size[0])


def _said(text: str, sentence: Sentence, every: Sequence[Term], fraction: str) -> Iterator[_Said]:
    for each in within(every, sentence.start, sentence.end):
        led = _BEFORE.search(text, max(sentence.start, each.start - _LED), each.start)
        followed = _BEHIND.match(text, each.end)
        if each.share and (led or followed):
            yield _typed(_Said(each.start, each.end, each.value, "share", _SHARE), led, followed)
        else:
            yield from _by_amount(text, sentence, each, every, bool(led))
    told = [
        each for each in quantities(text, fraction) if each.dimension == "times" and each.high == each.value
    ]
    for one in within(sorted([*multiples(text), *told]), sentence.start, sentence.end):
        led = _BEFORE.search(text, max(sentence.start, one.start - _LED), one.start)
        if led or (followed := _BEHIND.match(text, one.end)):
            slack = _WORD if one.limit else _TIMES
            said = _Said(one.start, one.end, one.value, "times", slack)
            yield _typed(said, led, None if led else followed)
    for match in _DOUBLED.finditer(text, sentence.start, sentence.end):
        times = _TIMES_OF[match["times"].lower()]
        yield _Said(*match.span("times"), times, "times", _WORD, "money")
    for match in _PART.finditer(text, sentence.start, sentence.end):
        if match["behind"] or (match["led"] and _LESS.search(text, sentence.start, match.start())):
            said = _Said(*match.span("part"), _PARTS[match["part"].lower()], "share", _TIMES)
            led = re.search(r".{0,30}$", text[sentence.start : match.start()])
            # What stands right behind it says which way it is: "save, a quarter more".
            yield _typed(said, None if match["behind"] else led, _PART_WAY.search(match[0]))


def _by_amount(
    text: str, sentence: Sentence, each: Term, every: Sequence[Term], led: bool
) -> Iterator[_Said]:  # fmt: skip
    """An amount that two others differ by, and the share that stands right behind it: "$95 a month, or 87 %"."""
    bill = bool(each.sign) and not any(each.dims[1 : AXES.index("hour")])
    if each.each or not (bill or each.dims in _DIFFER):
        return
    by = _LED_BY.search(text, max(sentence.start, each.start - _LED), each.start)
    behind = _MORE_BEHIND.match(text, each.end)
    if not (by or behind or (bill and led)):
        return
    of = "money" if bill else "amount"
    yield _Said(each.start, each.end, each.value, "amount", _AMOUNT, of, dims=each.dims)
    after = next((one for one in every if one.start >= each.end), None)
    if after and after.share and _APPOSED.fullmatch(text, behind.end() if behind else each.end, after.start):
        less = _LESS.search(
            text, max(sentence.start, each.start - _LED), behind.end() if behind else each.start
        )
        yield _Said(
            after.start, after.end, after.value, "share", _SHARE, of if bill else "", -1 if less else 1
        )


def _typed(said: _Said, led: re.Match[str] | None, followed: re.Match[str] | None) -> _Said:
    """A change with what the words that led to it, or follow it, say it is of."""
    words = " ".join(each[0] for each in (led, followed) if each)
    of = "money" if _OF_MONEY.search(words) else "speed" if _OF_SPEED.search(words) else ""
    way = -1 if _LESS.search(words) else 1 if _MORE.search(words) else 0
    return said._replace(of=of, way=way)


def _judged(
    passage: Passage, sentence: Sentence, said: _Said, every: Sequence[Term], context: Context
) -> Finding | None:
    amounts = [each for each in every if each.start != said.start and _is_of(each, said)]
    spoken = amounts
    if not _in_brackets(passage.text, said.start):
        # Asides are of something else.
        amounts = [
            each
            for each in amounts
            if each.start < 0 or each.start >= sentence.start or not _in_brackets(passage.text, each.start)
        ]
    here = within(amounts, sentence.start, sentence.end)
    before = [each for each in amounts if sentence.start - _BACK < each.start < sentence.start]
    unlike = _SUPPOSED if said.kind == "amount" else _ELSE
    if unlike.search(sentence.text) or not (here or before):
        return None
    # The two of the sentence, else the last one of it and the last one before it, else those before it.
    pairs = list(_pairs(here)) or _nearest(before, here) or list(_pairs(before))
    right = next((pair for pair in pairs if _gives(said, pair)), None)
    if right is not None:
        return _made(passage, said, right, "confirmed", context)
    # What explains it may be told in an aside all the same.
    near = [each for each in spoken if sentence.start - 2 * _BACK < each.start < sentence.end]
    known = any(_gives(said, pair) for pair in (*_pairs(near[-2 * _MOST :]), *_loosely(near[-2 * _MOST :])))
    names = tuple((each.start, each.end) for each in context.mentions.get(context.place(passage), ()))
    numbers = within(terms(passage.text, context.fraction, names), sentence.start, said.start)
    known = known or _beside(said, numbers, near) or (not said.of and _ends_bare(said, numbers))
    known = known and not _are_named(passage.text, here, said)
    known = known or _of_rest(passage.text, said, near) or _of_several(passage, said, near, context)
    known = known or _THAN_BARE.match(passage.text, said.end) is not None
    # "Twice the price of the L4": of two that the passage does not tell the prices of.
    elsewhere = said.kind == "times" and bool(pairs) and any(each.start < 0 for each in pairs[-1][2:])
    known = known or elsewhere or _of_others(passage, sentence, said, pairs, context)
    known = known or (not said.of and said.kind == "times" and _of_numbers(passage, sentence, said, context))
    if not 0 < len(pairs) <= _FEW or known or not (said.of or said.way or here):
        return None
    goes_on = said.way and _THAT_IS.match(sentence.text)
    if not (said.of or here or goes_on) and pairs[-1][2].sign and not _OF_MONEY.search(sentence.text):
        # "It moves 78 percent more than the 4090": of no price.
        return None
    low, high = sorted(pairs[-1][:2])
    if said.kind == "share" and high > _UNLIKE * low:
        # A month of several and an hour of one.
        return None
    return _made(passage, said, pairs[-1], "inconsistent", context)


def _of_rest(text: str, said: _Said, near: Sequence[Term]) -> bool:
    """Whether one of two amounts is what the other is more, or less: "700 W, 300 W more: 75 percent"."""
    return any(
        _gives(said, (whole.value, whole.value - sign * part.value, whole, part))
        for part in near
        if (more := _MORE_THAN.match(text, part.end))
        for sign in (1 if more["more"] else -1,)
        for whole in near
        if whole.dims == part.dims and whole.value > sign * part.value and whole is not part
    )


def _of_several(passage: Passage, said: _Said, near: Sequence[Term], context: Context) -> bool:
    """Whether watts or bytes are what two of the devices near by, or several of them, differ by."""
    if said.kind != "amount" or said.dims not in _DIFFER:
        return False
    text = passage.text
    field, scale = _DIFFER[said.dims]
    names = context.mentions.get(context.place(passage), ())
    every = terms(text, context.fraction, tuple((each.start, each.end) for each in names))
    counts = {1.0, *(each.value for each in every if each.counted and each.value > 1)}
    gpus = (context.catalogue[key] for one in names for key in one.ids)
    own = {float(value) * scale for gpu in gpus if (value := gpu.value(field))}
    own |= {size * 1e9 for each in own if field == "memory" and (size := nominal_gb(each))}
    told = {each.value for each in near} | own
    many = {many * value for many in counts for value in told}
    return any(abs(abs(a - b) / said.value - 1) < _AMOUNT for a, b in combinations(many, 2))


def _of_others(
    passage: Passage, sentence: Sentence, said: _Said, pairs: Sequence[tuple[float, float, Term, Term]],
    context: Context,
) -> bool:  # fmt: skip
    """Whether a change is against a device of which neither amount was told: "7 % more than one H200"."""
    named = within(context.mentions.get(context.place(passage), ()), sentence.start, sentence.end)
    behind = [each for each in named if _THAN_ONE.fullmatch(passage.text, said.end, each.start)]
    last = pairs[-1] if pairs else None
    if last is None or not named:
        return False
    if said.kind == "amount" and behind and any(each.start >= behind[0].end for each in last[2:]):
        # "$600 more than the 4080 at $999": told behind it.
        return False
    first = min(each.start for each in last[2:])
    before = within(context.mentions.get(context.place(passage), ()), 0, said.start)
    told = {each.named for each in before if each.start >= first - _BACK and each.start < sentence.start}
    here = [each for each in last[2:] if each.start >= sentence.start]
    against = behind or ([] if here else list(named))
    told |= {each.named for each in named if each.end <= said.start and here}
    return any(each.named not in told for each in against)


_MORE_THAN = re.compile(
    r"\s*(?:(?P<more>more|higher|above|extra|over|on top)|less|lower|below|under)\b", re.IGNORECASE
)
#: Between a change and the device that it is against.
_THAN_ONE = re.compile(
    r"\s*(?:(?:more|less|higher|lower|cheaper|pricier|dearer)(?: expensive| costly)?\s+)?(?:than|of)\s+"
    r"(?:the\s+|an?\s+|one\s+|single\s+|our\s+|nvidia\s+|amd\s+|its\s+)*",
    re.IGNORECASE,
)


def _of_numbers(passage: Passage, sentence: Sentence, said: _Said, context: Context) -> bool:
    """Whether any two numbers told before a multiple give it, of whatever they are."""
    every = within(quantities(passage.text, context.fraction), max(sentence.start - _BACK, 0), said.start)
    told = [each.value for each in every if each.dimension not in ("times", "percent") and each.value > 0]
    bare = [_digits(passage.text, each) for each in every]
    return any(
        a and b and abs(a / b / said.value - 1) < _RESTATED
        for group in (told, bare)
        for a, b in permutations(group, 2)
    )


def _digits(text: str, each: Quantity) -> float:
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", text[each.start : each.end])
    return float(digits[0].replace(",", "")) if digits else 0.0


def _ends_bare(said: _Said, numbers: Sequence[Term]) -> bool:
    """Whether the last amount before a change is a bare number, of which nobody knows what it is of."""
    return bool(numbers) and numbers[-1].plain and said.start - numbers[-1].end < 2 * _BESIDE


def _beside(said: _Said, numbers: Sequence[Term], near: Sequence[Term]) -> bool:
    """Whether the bare number right before a change gives it with an amount: "4.4 each, 8 % less"."""
    last = numbers[-1:] if numbers and numbers[-1].plain and said.start - numbers[-1].end < _BACK else []
    return any(
        _gives(said, (a.value, value, a, each))
        for each in near
        for value in (each.value, 60 * each.value, 3600 * each.value, each.value / 60, each.value / 3600)
        for a in last
    )


def _are_named(text: str, here: Sequence[Term], said: _Said) -> bool:
    """Whether a change follows right behind the two that it is of: "$3.00 instead of $4.00, 50 % less"."""
    two = [each for each in here if each.end <= said.start][-2:]
    return (
        len(two) > 1
        and said.start - two[1].end <= _RIGHT_BEHIND
        and bool(_INSTEAD.fullmatch(text, two[0].end, two[1].start))
    )


def _nearest(before: Sequence[Term], here: Sequence[Term]) -> list[tuple[float, float, Term, Term]]:
    """The last amount of a sentence with the last one before it that it can be set against."""
    every = (list(_pairs([each, here[-1]])) for each in reversed(before) if here)
    return next((each for each in every if each), [])


def _in_brackets(text: str, at: int) -> bool:
    return text.rfind("(", max(0, at - _BACK), at) > text.rfind(")", max(0, at - _BACK), at)


def _is_of(term: Term, said: _Said) -> bool:
    """Whether an amount is of what a change is said to be of."""
    if said.kind == "amount":
        if said.of != "money":
            return term.dims == said.dims
        return bool(term.sign) and (term.dims in (said.dims, dims(money=1)) or not any(said.dims[1:]))
    if said.of == "money":
        return bool(term.sign)
    if said.of == "speed":
        lasts = sum(map(bool, term.dims)) == 1 and term.of in _PERIODIC
        return not term.sign and (lasts or (term.of in ("token", "piece") and sum(map(bool, term.dims)) > 1))
    # Memory, power and rates of a device are held against the catalogue.
    return term.of not in ("byte", "flop") and not (term.of == "energy" and term.dims[AXES.index("hour")])


def _pairs(money: Sequence[Term]) -> Iterator[tuple[float, float, Term, Term]]:
    """Two amounts that can be set against each other, in one period."""
    for a, b in combinations(money, 2):
        loose = bool(a.sign) and dims(money=1) in (a.dims, b.dims) and max(a.value, b.value) < _LARGEST
        length = converted(tuple(x - y for x, y in zip(a.dims, b.dims, strict=True)))
        same = a.value == b.value and (a.start < 0 or b.start - a.end > _BESIDE)
        if a.sign != b.sign or same or not (length or loose) or a.of != b.of:
            continue
        if any(a.dims[AXES.index(axis)] != b.dims[AXES.index(axis)] for axis in _THINGS):
            continue
        scale = (length[0] + length[1]) / 2 if length else 1.0
        if length and a.dims != b.dims and abs(a.value * scale / b.value - 1) < _RESTATED:
            # One amount in two periods.
            continue
        yield a.value * scale, b.value, a, b


def _loosely(amounts: Sequence[Term]) -> Iterator[tuple[float, float, Term, Term]]:
    """Two amounts of one thing, whatever period is said of each: "$2,700 a month ... to $1,620"."""
    for a, b in combinations(amounts, 2):
        if a.sign == b.sign and a.of == b.of and a.value and b.value:
            yield a.value, b.value, a, b


def _gives(said: _Said, pair: tuple[float, float, Term, Term]) -> bool:
    """Whether two amounts differ as is said, as they are rounded."""
    low, high = sorted(pair[:2])
    slack = sum(rounding(each) for each in pair[2:])
    real: tuple[float, ...]
    if said.kind == "share":
        real = (high / low - 1, 1 - low / high)
        real = real[:1] if said.way > 0 else real[1:] if said.way < 0 else real
        # "$19,900; 5 % off is $995": what is taken off stands beside the whole.
        real += (low / high,) if said.of == "money" and said.way < 0 else ()
        return any(abs(each - said.value) <= max(_POINTS, said.slack * each) + slack for each in real)
    if said.kind == "times":
        real = (high / low, low / high, *((high / low - 1,) if said.way > 0 else ()))
        return any(abs(each / said.value - 1) <= said.slack + slack for each in real)
    return abs((high - low) / said.value - 1) <= _AMOUNT + slack * high / said.value


def _made(
    passage: Passage, said: _Said, pair: tuple[float, float, Term, Term], verdict: str, context: Context
) -> Finding:
    low, high = sorted(pair[:2])
    words = " and ".join(each.words for each in pair[2:])
    because = (
        f"{words} differ by {high - low:,.4g}: {1 - low / high:.0%} of the larger, {high / low - 1:.0%} of "
        f"the smaller, {high / low:.3g} times"
    )
    expected = {"share": f"{1 - low / high:.0%}", "times": f"{high / low:.3g} times"}.get(
        said.kind, f"{high - low:,.4g}"
    )
    return made(
        context, passage, (said.start, said.end), "arithmetic", verdict, attribute="difference",
        because=because, expected=expected if verdict != "confirmed" else "", evidence=(Evidence(because),),
    )  # fmt: skip
