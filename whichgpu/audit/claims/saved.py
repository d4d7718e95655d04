"""What one amount is more or less than another: "$1.79 on demand, $0.89 on spot: they saved 50 percent".

The two amounts stand in the sentence or just before it; wrong is what no two amounts of the text differ by.
"""

from __future__ import annotations

from itertools import combinations, permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.beside import in_round
from whichgpu.audit.comparisons.differences import (
    DIFFERENT,
    ELSE,
    OF_MONEY,
    THAN_ONE,
    Change,
    changed,
    changes,
    gives,
    per_said,
)
from whichgpu.audit.dimensions import AXES, Term, converted, dims
from whichgpu.audit.ledger import in_full
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.terms import terms
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

_SIZE = re.compile(r"(?<!\d)(\d{2,3})\s?GB$")
#: What makes it an amount of something else than the two before it.
_SUPPOSED = re.compile(
    r"\b(?:if|up to|could|can|might|may|typical\w*|usually|often|market|tax|vat|average|median|idle|"
    r"at (?:least|most)|another|peaks?|limit\w*|wall|system|host|overhead|spare|headroom|reserve\w*)\b",
    re.IGNORECASE,
)
_UNLIKE = 20.0
#: What is said to be less by less than half, and how far apart two amounts of one thing are then at most.
_PART, _UNLIKE_A_PART = 0.5, 8.0
_AMOUNT = 0.03
_BESIDE, _FEW = 8, 2
#: Between the two amounts that a change right behind them is of, and letters up to it.
_INSTEAD = re.compile(
    r"[\w ]{0,12}\s(?:instead of|rather than|vs\.?|versus|against|compared (?:to|with)|down from|up from)\s+"
    r"(?:about |around |the )?\$?",
    re.IGNORECASE,
)
#: Between what is saved and the share that it is.
_SHARE_OF = re.compile(
    r"\s*[,(\u2013\u2014-]?\s*(?:or|i\.e\.,?|that is,?|(?:which|that) is|a)?\s*"
    r"(?:an?\s(?:saving|discount|reduction|cut|increase|premium)s?\sof\s)?"
    r"(?:about |around |roughly |nearly |almost |some |a )*",
    re.IGNORECASE,
)
#: "We save $10,860 over the year": of a longer time than what differs.
_OVER = re.compile(
    r"\s*(?:over|across|in|during|within)\s(?:the|an?|one|that|its|\w+)\s(?:\w+\s)?"
    r"(?:years?|months?|terms?)\b",
    re.IGNORECASE,
)
#: Before a change that tells its unit once, and the start of any.
_CHANGED = re.compile(
    r"\b(?:fell|falls?|fallen|drop(?:s|ped)?|shr[aiu]nks?|went|goes|r[io]se[sn]?|gr[eo]ws?|grown|"
    r"climb(?:s|ed)?|jump(?:s|ed)?|increase[sd]?|decrease[sd]?|improve[sd]?|cuts?|reduce[sd]?|mov(?:es|ed)) "
    r"(?:[\w ]{0,30})?\bfrom\s+(?:about |around |only )?~?$",
    re.IGNORECASE,
)
_FROM = re.compile(r"\bfrom\s+(?:about |around |only )?~?$")
_TO = re.compile(r"[^.;,]{0,24}\bto\b[^.;,]{0,16}")
#: Between two amounts and the change that they are.
_WHICH_IS = re.compile(
    r"(?:\s(?:per|an?)\s[\w-]+)?\s*[,:;(\u2013\u2014-]\s*(?:or |i\.e\.,? |that is,? |so )?"
    r"(?:an?\s(?:\w+\s){1,3}of|(?:which|that|this) (?:is|makes|means)(?:\s[\w-]+){0,3}?|"
    r"(?:making|so)(?:\s[\w-]+){1,3})?"
    r"\s*(?:about |around |roughly |nearly |only |just |some |an? )*",
    re.IGNORECASE,
)
#: "30 percent more than the 4080's 736": of two values without their unit.
_THAN_BARE = re.compile(
    r"\s*(?:more|less|higher|lower|fewer|faster|slower|quicker|shorter)\s+than\s+(?:"
    r"[^.;,]{0,40}[\u2019']s?|our|my|your|their)\s+\d[\d,]*(?:\.\d+)?"
    r"(?=\s*(?:[,;:)]|\.(?!\d)|$))",
    re.IGNORECASE,
)
#: "Seven times faster than on one": than so many, which may have been told before the last.
_THAN_SO_MANY = re.compile(
    r"\s*(?:as\s+)?(?:\w+\s+)?(?:than|as)\s+(?:on|with|by|using)\s+(?:just |only )?"
    r"(?:one|two|three|four|eight|\d+)\b",
    re.IGNORECASE,
)
#: What begins a clause about something else.
_AND_ITS = re.compile(r",\s+(?:and|but|while|whereas)\s+(?:its|their|the)\s")
_RIGHT_BEHIND = 6
#: A sentence that says only what the two before it differ by: "That is a third more."
_THAT_IS = re.compile(
    r"\s*(?:So )?(?:that|this|which|it)(?:[\u2019']s| is| makes| means) [^.;,]{0,24}\b(?:more|"
    r"less|higher|lower)\W*$",
    re.IGNORECASE,
)
_MOST, _LARGEST, _BACK, _RESTATED = 10, 60.0, 220, 0.05
#: How far 730 hours are from the middle of what a month may have; how many may have a bill together.
_OF_A_MONTH, _SEVERAL = 0.035, 10
#: Of two periods that a rate is in, the one that is faster takes less time.
_THINGS = ("energy", "token", "piece", "byte", "flop")
_PERIODIC = ("hour", "day", "week", "month", "year")


def find(context: Context) -> Iterator[Finding]:
    """Every saving, premium, speed-up and multiple of two amounts, with its verdict."""
    earlier: Sequence[Term] = ()
    for index, passage in context.document.running():
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        plain = _with_changes(passage.text, terms(passage.text, context.fraction, names, ranges=True))
        every = in_full(index, passage, plain, context)
        amounts = [each for each in every if any(each.dims) and each.of and not each.tariff]
        amounts = sorted([*amounts, *_in_names(passage.text, names)])
        told = [*earlier, *amounts]
        for sentence in sentences(passage.text) if len(told) > 1 else ():
            every_said = [
                each
                for each in changes(passage.text, sentence, every, context.fraction)
                if each.kind == "amount" or not _OF_A_WHOLE.match(passage.text, each.end)
            ]
            # "$2,150 dearer, or 46 %": of the two, and not of what they differ by.
            by = {each.start for each in every_said if each.kind == "amount"}
            for said in every_said:
                if found := _share_of(passage, said, every_said, told, context):
                    yield found
                    continue
                others = told if said.kind == "amount" else [each for each in told if each.start not in by]
                if said.kind == "share":
                    # What another item of a list tells is of something else.
                    line = passage.text.rfind("\n", 0, said.start)
                    others = [each for each in others if each.start > line]
                others = _of_named(per_said(others, said, passage.text), said, passage.text)
                found = _judged(passage, sentence, said, others, context)
                if found is not None:
                    yield found
        # What was told just before, at places before this text.
        earlier = [each._replace(start=each.start - len(passage.text) - 1, end=-1) for each in told[-_MOST:]]


def _of_named(amounts: list[Term], said: Change, text: str) -> list[Term]:
    """The amounts of what a share says that there is more or less of: "for 30 percent less power"."""
    if said.kind == "share" and _RATE_ROSE.search(text, max(0, said.start - 48), said.start):
        return [each for each in amounts if each.dims[AXES.index("hour")] < 0]
    named = _MORE_OF.match(text, said.end) if said.kind == "share" else None
    return [each for each in amounts if each.of == named.lastgroup] if named else amounts


#: "The throughput rose by": of no numbers of tokens.
_RATE_ROSE = re.compile(
    r"\b(?:throughput|speed|rate)\s+(?:has |had )?"
    r"(?:rose|risen|grew|grown|went up|increased|improved|fell|dropped)"
    r"(?: by)?\s+(?:about |around |only |another )*$",
    re.IGNORECASE,
)
#: "Over 30 days it saves": no difference of two prices of a day.
_IN_DAYS = re.compile(
    r"\b(?:over|in|after|within|for)\s+(?:a (?:whole |full )?(?:month|year) of\s+)?"
    r"\d{1,3}\s+(?:days|weeks|months|hours)\b",
    re.IGNORECASE,
)
_MORE_OF = re.compile(
    r"\s*(?:more|less|higher|lower)\s+(?:(?P<energy>power|energy|electricity)|(?P<byte>memory|vram|bandwidth))\b",
    re.IGNORECASE,
)


def _share_of(
    passage: Passage, said: Change, every: Sequence[Change], amounts: Sequence[Term], context: Context
) -> Finding | None:
    """A share right behind what two amounts differ by: "saves $94, which is a saving of 76 percent"."""
    whole = next((one for one in reversed(every) if one.kind == "amount" and one.end <= said.start), None)
    if said.kind != "share" or whole is None or not _SHARE_OF.fullmatch(passage.text, whole.end, said.start):
        return None
    others = [each for each in amounts if each.start != whole.start and _is_of(each, whole)]
    pairs = [pair for pair in _pairs(others) if gives(whole, pair)]
    if not pairs:
        return None
    right = next((pair for pair in pairs if gives(said, pair)), None)
    return changed(passage, said, right or pairs[-1], "confirmed" if right else "inconsistent", context)


def _with_changes(text: str, every: Sequence[Term]) -> tuple[Term, ...]:
    """Amounts, with both ends of a change that tells its unit once: "climbs from 900 to 1,170 images/h"."""
    found: list[Term] = []
    for each in every:
        middle = text.find(" to ", each.start, each.end) + len(" to ")
        if (
            each.most
            and middle >= len(" to ")
            and _CHANGED.search(text, max(0, each.start - _BACK), each.start)
        ):
            found.append(each._replace(end=middle - 4, words=text[each.start : middle - 4], most=0.0))
            found.append(
                each._replace(start=middle, words=text[middle : each.end], value=each.most, most=0.0)
            )
        elif not each.most:
            found.append(each)
    return tuple(found)


def _in_names(text: str, names: Sequence[tuple[int, int]]) -> Iterator[Term]:
    """The sizes of memory that devices are called by: "the H200 141 GB"."""
    for start, end in names:
        size = _SIZE.search(text, start, end)
        if size:
            yield Term(size.start(), end, float(size[1]) * 1e9, dims(byte=1), size[0])


def _judged(
    passage: Passage, sentence: Sentence, said: Change, every: Sequence[Term], context: Context
) -> Finding | None:
    amounts = [each for each in every if each.start != said.start and _is_of(each, said)]
    spoken = amounts
    if not in_round(passage.text, said.start):
        # Asides are of something else.
        amounts = [
            each
            for each in amounts
            if each.start < 0 or each.start >= sentence.start or not in_round(passage.text, each.start)
        ]
    here = within(amounts, sentence.start, sentence.end)
    # "43 percent more cores, and its L2 grew from 4 to 6 MB": of the other clause.
    other = _AND_ITS.search(passage.text, said.end, sentence.end)
    here = [each for each in here if other is None or each.start < other.start()]
    before = [each for each in amounts if sentence.start - _BACK < each.start < sentence.start]
    unlike = _SUPPOSED if said.kind == "amount" else ELSE
    longer = said.kind == "amount" and _OVER.match(passage.text, said.end)
    longer = longer or (said.kind == "amount" and _IN_DAYS.search(passage.text, sentence.start, said.start))
    if longer or unlike.search(sentence.text) or not (here or before):
        return None
    # The two of the sentence, else the last one of it and the last one before it, else those before it.
    named = _named(passage.text, here, said)
    pairs = named or list(_pairs(here)) or _nearest(before, here) or list(_pairs(before))
    right = next((pair for pair in pairs if gives(said, pair)), None)
    if right is not None:
        return changed(passage, said, right, "confirmed", context)
    # What explains it may be told in an aside all the same.
    near = [each for each in spoken if sentence.start - 2 * _BACK < each.start < sentence.end]
    known = any(gives(said, pair) for pair in (*_pairs(near[-2 * _MOST :]), *_loosely(near[-2 * _MOST :])))
    names = tuple((each.start, each.end) for each in context.mentions.get(context.place(passage), ()))
    numbers = within(terms(passage.text, context.fraction, names), sentence.start, said.start)
    known = known or _beside(said, numbers, near) or (not said.of and _ends_bare(said, numbers))
    known = known and not named
    known = known or _of_rest(passage.text, said, near) or _of_several(passage, said, near, context)
    known = known or any(_is_in_aside(passage.text, said, pair) for pair in pairs)
    known = known or _THAN_SO_MANY.match(passage.text, said.end) is not None
    known = known or _THAN_BARE.match(passage.text, said.end) is not None
    # What one thing became; what is said later is of it and another.
    known = known or (not here and any(p[2].start >= 0 and _became(passage.text, p) for p in pairs))
    # "Twice the price of the L4": of two that the passage does not tell the prices of.
    elsewhere = said.kind == "times" and bool(pairs) and any(each.start < 0 for each in pairs[-1][2:])
    known = known or (not here and _of_another_subject(passage, sentence, said, context))
    known = known or elsewhere or _of_others(passage, sentence, said, pairs, context)
    bare = said.kind == "times" and not said.of and said.value > 0
    known = known or (bare and _of_numbers(passage, sentence, said, context))
    if not 0 < len(pairs) <= _FEW or known or min(pairs[-1][:2]) <= 0 or not (said.of or said.way or here):
        return None
    goes_on = said.way and _THAT_IS.match(sentence.text)
    no_money = not (said.of or here or goes_on) and not OF_MONEY.search(sentence.text)
    if pairs[-1][2].sign and (no_money or _OF_SPEED.match(passage.text, said.end)):
        # "It moves 78 percent more than the 4090", "25 % more for 57 % more speed": of no price.
        return None
    low, high = sorted(pairs[-1][:2])
    # A month of several and an hour of one; "$2.49 takes 18 hours, $44.82, which is 13 percent cheaper".
    part = said.kind == "share" and said.way < 0 and said.value < _PART
    if said.kind in ("share", "amount") and high > (_UNLIKE_A_PART if part else _UNLIKE) * low:
        return None
    return changed(passage, said, pairs[-1], "inconsistent", context)


_OF_SPEED = re.compile(
    r"\s*(?:as many|off (?:both|all|each|either))\b|"
    r"\s*(?:more|less|higher|lower|better|extra|of)\s+(?:speed|performance|throughput|memory|bandwidth|vram|"
    r"cores|images|pictures|tokens|capacity|compute)\b",
    re.IGNORECASE,
)
#: "A third of the time goes to prompts": a part of one thing.
_OF_A_WHOLE = re.compile(
    r"\s*(?:of\s+)?(?:the|its|their|all|this|that)\s+(?:\w+\s+){1,2}?"
    r"(?:goes|go|went|is|are|was|were|comes?)\b(?! (?:more|less))",
    re.IGNORECASE,
)


def _became(text: str, pair: tuple[float, float, Term, Term]) -> bool:
    """Whether two amounts are those of one thing before and after: "falls from $1.82 to $1.40"."""
    first, last = sorted(pair[2:])
    led = _FROM.search(text, max(0, first.start - _BESIDE * _FEW), first.start)
    return bool(led and _TO.fullmatch(text, first.end, last.start))


#: What begins a reason, or what is so all the same.
_SINCE = re.compile(r"(?:,\s+(?:as|since)|\s(?:because|although|though|whereas|given that))\s", re.IGNORECASE)


def _is_in_aside(text: str, said: Change, pair: tuple[float, float, Term, Term]) -> bool:
    """Whether two amounts are those of a reason behind a change: "41 % higher, since the rate fell from"."""
    first = min(pair[2:])
    return 0 < said.end < first.start and _SINCE.search(text, said.end, first.start) is not None


def _of_rest(text: str, said: Change, near: Sequence[Term]) -> bool:
    """Whether one of two amounts is what the other is more, or less: "700 W, 300 W more: 75 percent"."""
    return any(
        gives(said, (whole.value, whole.value - sign * part.value, whole, part))
        for part in near
        if (more := _MORE_THAN.match(text, part.end))
        for sign in (1 if more["more"] else -1,)
        for whole in near
        if whole.dims == part.dims and whole.value > sign * part.value and whole is not part
    )


def _of_several(passage: Passage, said: Change, near: Sequence[Term], context: Context) -> bool:
    """Whether watts or bytes are what two of the devices near by, or several of them, differ by."""
    if said.kind != "amount" or said.dims not in DIFFERENT:
        return False
    text = passage.text
    field, scale = DIFFERENT[said.dims]
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
    passage: Passage, sentence: Sentence, said: Change, pairs: Sequence[tuple[float, float, Term, Term]],
    context: Context,
) -> bool:  # fmt: skip
    """Whether a change is against a device of which neither amount was told: "7 % more than one H200"."""
    named = within(context.mentions.get(context.place(passage), ()), sentence.start, sentence.end)
    behind = [each for each in named if THAN_ONE.fullmatch(passage.text, said.end, each.start)]
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
    # "The A100 80GB" of before may be "the A100" here.
    return not all(any({*each.named} & {*one} for one in told) for each in against)


def _of_another_subject(passage: Passage, sentence: Sentence, said: Change, context: Context) -> bool:
    """Whether a sentence without amounts has a subject that was not told of: "Prefill was 12 % faster"."""
    subject = _SUBJECT.match(passage.text, sentence.start, said.start)
    named = within(context.mentions.get(context.place(passage), ()), sentence.start, said.start)
    if subject is None or named:
        return False
    before = passage.text[max(0, sentence.start - _BACK) : sentence.start].lower()
    return not any(word in before for word in subject["what"].lower().split())


#: What a sentence begins with that is no pronoun, no difference and nothing of the sort, before its verb.
_SUBJECT = re.compile(
    r"\W*(?!(?:That|This|It|They|These|Those|Which|So|Thus|Hence|There|We|You|I|In|Or|And|But|A|An|The "
    r"(?:difference|gap|saving|gain|increase|price|latter|former|second|first|other|newer|older|new|old|total|ratio|change))\b)"
    r"(?:The\s+)?(?P<what>[A-Z]?[\w-]{3,}(?:\s[\w-]{3,}){0,2}?)\s+"
    r"(?:was|is|were|are|ran|runs?|got|gets|came out|went|goes)\s+(?:[\w-]+\s+){0,2}$"
)
_MORE_THAN = re.compile(
    r"\s*(?:(?P<more>more|higher|above|extra|over|on top)|less|lower|below|under)\b", re.IGNORECASE
)


def _of_numbers(passage: Passage, sentence: Sentence, said: Change, context: Context) -> bool:
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


def _ends_bare(said: Change, numbers: Sequence[Term]) -> bool:
    """Whether the last amount before a change is a bare number, of which nobody knows what it is of."""
    return bool(numbers) and numbers[-1].plain and said.start - numbers[-1].end < 2 * _BESIDE


def _beside(said: Change, numbers: Sequence[Term], near: Sequence[Term]) -> bool:
    """Whether the bare number right before a change gives it with an amount: "4.4 each, 8 % less"."""
    last = numbers[-1:] if numbers and numbers[-1].plain and said.start - numbers[-1].end < _BACK else []
    return any(
        gives(said, (a.value, value, a, each))
        for each in near
        for value in (each.value, 60 * each.value, 3600 * each.value, each.value / 60, each.value / 3600)
        for a in last
    )


def _named(text: str, here: Sequence[Term], said: Change) -> list[tuple[float, float, Term, Term]]:
    """The two that a change follows right behind: "$3 instead of $4, 25 % less", "from 9 to 12, a gain"."""
    two = [each for each in here if each.end <= said.start][-2:]
    pairs = list(_pairs(two))
    if not pairs:
        return []
    beside = said.start - two[1].end <= _RIGHT_BEHIND
    became = len(here) == _FEW or _became(text, pairs[0])
    if (beside and _INSTEAD.fullmatch(text, two[0].end, two[1].start)) or (
        became and said.kind == "share" and _WHICH_IS.fullmatch(text, two[1].end, said.start)
    ):
        return pairs
    return []


def _nearest(before: Sequence[Term], here: Sequence[Term]) -> list[tuple[float, float, Term, Term]]:
    """The last amount of a sentence with the last one before it that it can be set against."""
    every = (list(_pairs([each, here[-1]])) for each in reversed(before) if here)
    return next((each for each in every if each), [])


def _is_of(term: Term, said: Change) -> bool:
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
        if length and a.dims != b.dims and _is_restated(a.value * scale, b.value):
            # One amount in two periods, or of several: "$1.87 per GPU-hour, the pair $2,730 a month".
            continue
        yield a.value * scale, b.value, a, b


def _is_restated(one: float, other: float) -> bool:
    """Whether an amount is told again in another period, of as many or of up to sixteen."""
    many = round(max(one, other) / min(one, other))
    off = abs(max(one, other) / (many * min(one, other)) - 1)
    return off < (_RESTATED if many == 1 else _OF_A_MONTH) and many <= _SEVERAL


def _loosely(amounts: Sequence[Term]) -> Iterator[tuple[float, float, Term, Term]]:
    """Two amounts of one thing, whatever period is said of each: "$2,700 a month ... to $1,620"."""
    for a, b in combinations(amounts, 2):
        if a.sign == b.sign and a.of == b.of and a.value and b.value:
            yield a.value, b.value, a, b
