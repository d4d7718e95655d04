"""Amounts of a text with what they are of and per: "$2.49 per GPU-hour", "160 hours a month", "1.4 kW".

Each has a power of every axis (money, an hour, a token ..), so that a product of some can be held against
another.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.patterns import MANY
from whichgpu.audit.text.dimensions import AXES, LENGTHS, PIECES, TOKENS, Term, dims, times
from whichgpu.audit.text.per import ONE_OF, PERIOD, PERIODS, one_period, per, shared_period
from whichgpu.audit.text.quantities import SPELLED, multiples, quantities
from whichgpu.units import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.text.quantities import Quantity

    Places = tuple[tuple[int, int], ...]
_NUMBER_WORDS = {
    **SPELLED, "one": 1, "twenty-four": 24, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100,
    "a hundred": 100, "vier": 4, "zwei": 2, "drei": 3, "huit": 8, "quatre": 4, "deux": 2, "ocho": 8,
    "otto": 8, "acht": 8, "cuatro": 4, "dos": 2, "sei": 6, "quattro": 4, "due": 2, "pair": 2, "couple": 2,
    "dozen": 12,
    **{
        f"{ten}-{unit}": tens + number
        for ten, tens in (("twenty", 20), ("thirty", 30), ("forty", 40), ("fifty", 50), ("sixty", 60))
        for number, unit in enumerate(
            ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), start=1
        )
    },
}  # fmt: skip
_SPELLED = re.compile(
    rf"(?<![\w-])(?P<n>{'|'.join(sorted(_NUMBER_WORDS, key=len, reverse=True))})(?=[\s,.;:)-]|$)"
    # "In eight bits" is a format.
    r"(?![\s-]bits?\b)",
    re.I,
)
_LASTS = re.compile(
    rf"(?<![\w.,$\u20ac])(?P<n>\d{{1,3}}(?:[, ]\d{{3}})+|\d{{1,6}}(?:\.\d{{1,2}})?|an?|"
    rf"{'|'.join(sorted(_NUMBER_WORDS, key=len, reverse=True))}|einer?|ein|un|una|une)"
    r"(?P<half>\s+and\s+a\s+half)?"
    rf"[\s-]+(?:full |whole |planned |billable |billed |gpu[- ])?(?:{PERIOD})\b",
    re.IGNORECASE,
)
_ADVERBS = {
    "hour": r"hourly|per hour",
    "day": r"daily|per day|pro tag",
    "week": r"weekly|per week",
    "month": r"monthly|per month|pro monat",
    "year": r"yearly|annual(?:ly)?|per year|pro jahr",
}
_ADVERB = re.compile("|".join(rf"\b(?P<{name}>{words})\b" for name, words in _ADVERBS.items()), re.IGNORECASE)
#: Before a period that is how long an amount is paid: "for a full year that comes to".
_FOR_ALL_OF = re.compile(r"\bfor (?:(?:an?|one|the) )?(?:full |whole |entire )?$", re.IGNORECASE)
_A_PERIOD = re.compile(
    r"\b(?:an?|the|each|every|one|whole|full|entire|all)\s+(?:\d{2}-day\s+)?"
    r"(?:(?P<month>month)|(?P<year>year)|(?P<day>day)|(?P<hour>hour))"
    r"(?:\s+(?:then|of [\w -]{3,24}?))?,?\s+(?:(?:that|this|it|which)\s+)?"
    r"(?:(?:comes?|works? out|adds? up|came) to|costs?|cost|is|was|makes?|would (?:be|cost)|"
    r"(?:I|we|you) (?:pay|paid|spen[dt]))\s+(?:me |us |you )?(?:about |around |roughly |just |only )*~?$",
    re.IGNORECASE,
)
#: "One epoch takes", "an image then costs".
_A_PIECE = re.compile(
    r"\b(?:an?|each|every|one|per|single)\s+(?:(?:single|finished|training|whole|full)\s+)?"
    r"(?:[\w-]+ )?(?:epoch|image|picture|request|query|call|prompt|document|answer|frame|job|experiment|"
    r"generation|clip|video)"
    r"(?:\s+(?:of|on|in|with|at)\s[^.;:,]{1,40}?)?\s+(?:then |therefore |still |now |usually )?"
    r"(?:takes?|took|costs?|needs?|lasts?|uses?)\s+(?:(?:me|us|you|on (?:the|an?|my|our) [\w ]{2,24}?)\s+)?"
    r"(?:about |around |roughly |just |only |some )*~?$",
    re.IGNORECASE,
)
#: "900 per hour", of what was just spoken of.
_SO_MANY = re.compile(rf"\s*(?:per|an?|/)\s*(?:{PERIOD})\b", re.IGNORECASE)
_THING = re.compile(
    r"[\s-]*(?P<scale>thousand|million|billion|trillion|"
    r"[MBK](?=\s))?\s*(?:\d{3,4}\s?[x\u00d7]\s?\d{3,4}\s+)?"
    # "Stable Diffusion 1.5 images".
    r"(?:(?-i:[A-Z][a-z]+|SDXL|SD|FLUX\S*)\s+(?:\d(?:\.\d)?\s+)?){0,2}(?:(?!(?:tokens?|per|an?|each|every)\b)"
    r"[a-z]+\s+)?(?:(?P<token>tokens?)|"
    r"(?P<piece>images?|pictures?|requests?|queries|samples?|documents?|prompts?|calls|examples|"
    r"conversations|messages|answers|questions|completions|sessions|jobs|epochs|frames|experiments|clips|videos|"
    r"sentences?|translations?|judge?ments|pages|records|articles|reviews|emails|tickets|transcripts|summaries))\b",
    re.IGNORECASE,
)
#: "300 million input and 100 million output tokens": of tokens too.
_SIDE = re.compile(r"\s*(?:input|output|prompt|generated)\b(?!\s*(?:price|rate|cost))", re.IGNORECASE)
#: Millions "a day" or "and" others, of what was counted before.
_BARE = re.compile(
    r"\s*(?:$|[.,;:)|]|(?:per|an?|/|and|or|at|in|for|takes?|costs?|needs?|is|are|would|will|go)\b(?!\s+(?:parameter|weight)))",
    re.IGNORECASE,
)
_JOULES = re.compile(r"\s*(?P<k>k|kilo)?(?:J|joules?)\b")
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "quadrillion": 1e15,
           "quintillion": 1e18, "sextillion": 1e21, "septillion": 1e24,
           "k": 1e3, "m": 1e6, "b": 1e9}  # fmt: skip
_PREFIXES = {"M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
#: "A million tokens", "a thousand images".
_ROUND = re.compile(
    r"\b(?:an?|one|every|each|per)\s+(?P<scale>thousand|million|billion)\s+(?:[a-z]+\s+)?(?:(?P<token>tokens)|"
    r"(?P<piece>images|pictures|requests|queries|calls|examples|conversations|messages|"
    r"answers|questions|completions|sessions|jobs))\b",
    re.IGNORECASE,
)
#: "Half a cent", "five cents".
_CENTS = re.compile(
    r"\b(?P<n>half a|a tenth of a|a quarter of a|an?|one|two|three|four|five|six|seven|eight|"
    r"nine|ten|twenty)\s+cents?\b",
    re.IGNORECASE,
)
_PARTS = {
    "half a": 0.5,
    "a tenth of a": 0.1,
    "a quarter of a": 0.25,
    "a": 1.0,
    "an": 1.0,
    "one": 1.0,
    "twenty": 20.0,
}
#: "1.7 million GPU hours".
_GPU_HOURS = re.compile(r"\s*(?:[a-z]\w*\s+)?(?:gpu|card|node|accelerator)?[- ]?hours\b", re.IGNORECASE)
_OF_A_NAME = re.compile(r"[- ](?:gpu[- ])?hours\b", re.IGNORECASE)
_COUNTED = re.compile(
    rf"\s*[x\u00d7]?[\s-]*(?:of (?:them|these|those)\b|way\b|"
    rf"(?:would|will) (?:cost|be|come to|run)\b(?=[^.;]{{0,20}}[$\u20ac])|"
    # "Two at $800", "three at 250 W": of what was just spoken of.
    r"at (?:about |around |just |only )?~?(?:[$\u20ac\u00a3]\s?\d|\d[\d,.]*\s?k?W\b)|"
    rf"(?:(?!(?:on|for|with|than|per|to|from|by|in|at)\b)\w+\s+){{0,2}}?(?:{ONE_OF})\b)",
    re.IGNORECASE,
)
_MONEY = {
    "$": "$", "US$": "$", "USD": "$", "dollars": "$", "dollar": "$", "\u20ac": "\u20ac", "EUR": "\u20ac",
    "euros": "\u20ac", "\u00a3": "\u00a3",
}  # fmt: skip
#: "Adds up to $583": no limit.
_SUM = re.compile(
    r"\b(?:add(?:s|ing)?|sum(?:s|ming)?|com(?:es|ing)) up to (?:about |around |roughly )?$",
    re.IGNORECASE,
)
_PER_ELSE = re.compile(
    r"\s*(?:after (?:the )?first\b|/(?!\s?(?:USD|EUR))|per\b)(?!\s*(?:gpu|card))", re.IGNORECASE
)
#: What stands before a price, and what goes on with an amount before.
_PRICED = re.compile(
    r"\b(?:(?<!out )(?<!in )at|against|price (?:is|of|was)|rate (?:is|of)|rents? (?:for|at)|"
    r"it (?:is|was|costs?)|charges?|"
    r"to|vs\.?|versus|from|"
    r"instead of)\s+"
    r"(?:about |around |roughly |just |only |~)*$",
    re.IGNORECASE,
)
#: Before the number of GPUs of a machine, and behind one.
_NODE_OF = re.compile(
    r"\b(?:node|server|box|machine|system|cluster|pod|fleet|set|group)s? (?:of|with) $", re.IGNORECASE
)
_NO_UNIT = re.compile(
    r"\s*(?:[,.;)]|(?:is|are|was|costs?|comes?|draws?|has|have|at|for|makes?|runs?|delivers?)\b)", re.I
)
#: The end of a sentence that tells by its last words what its own amount is per.
_ENDED = re.compile(r"\b(?:per|an?|each|every) (?:hour|day|week|month|year)[.!;]\s+(?=[A-Z])", re.IGNORECASE)
#: "7.2 kWh a day; at $0.20 that is": for each of them.
_AT_A_KWH = re.compile(
    r"\bkWh\b[^.\d$\u20ac]{0,20}\b(?:at|times|for)\s+(?:my |our |the )?"
    r"(?:local |usual )?(?:about |around |only )?~?$",
    re.IGNORECASE,
)
#: A sentence that begins with what its prices are per: "Per gigabyte you pay $142 for the one and $158".
_PER_GB = re.compile(
    r"(?:(?:^|[.;:]\s+|,\s+(?:and |but |yet )?)per|\bprice per|\bcost per|\bmeasured per)\s(?:gigabyte|gb)\b"
    r"(?:[^.;]|\.(?=\d))*$",
    re.IGNORECASE,
)
#: A list of rents that tells its period once: "Prices per GPU-hour: A100 $1.60, H100 $2.40".
_PER_HOUR = re.compile(
    r"\b(?:prices?|pricing|rates?|rents?)\b[^.;:$\u20ac\d]{0,24}\b(?:per|an|by the)\s(?:gpu[- ])?hour\b"
    r"[^.;:$\u20ac]{0,30}:(?=\s)(?:[^.;]|\.(?=\d))*$",
    re.IGNORECASE,
)
_OFFERED = re.compile(
    r"\s+(?:(?:as|on|for|with) (?:an? )?)?(?:on[- ]demand|spot|reserved|preemptible|interruptible)\b",
    re.IGNORECASE,
)
_OF_ALL = re.compile(r"\b(?:for the|for all|all)\s+$", re.IGNORECASE)
#: Work, not a rate of it: "4.2 x 10^22 FLOPs", "140 billion FLOPs per token", "140 GFLOPs per token".
_WORK = re.compile(
    r"(?<![\w.,^])~?(?P<n>\d{1,4}(?:\.\d{1,3})?)\s?(?:(?:[x\u00d7*\u00b7]\s?10\^|e\+?)(?P<power>\d{1,2})\s*|"
    r"(?P<scale>million|billion|trillion|quadrillion|quintillion|sextillion|septillion)\s+)"
    r"(?:FLOPs?|floating[- ]point operations)\b(?!\s?/|\s?per\s+s)|"
    r"(?<![\w.,^])~?(?P<m>\d{1,4}(?:\.\d{1,3})?)\s?(?P<prefix>[MGTP])FLOPs?(?=\s?(?:/|per|for each|an?)\s?"
    r"(?:tok|token|image|sample|step)s?\b|\s+of (?:work|compute|computation|arithmetic)\b)",
    re.IGNORECASE,
)
_FLOP_DAYS = re.compile(r"[-\s]?(?:days|hours)\b", re.IGNORECASE)
_SECONDS = re.compile(r"\s*(?:gpu[- ])?seconds\b", re.IGNORECASE)
_SUMMED = re.compile(r"\s*[+=\u2248]\s*")
_PUE = re.compile(r"\bPUE\s*(?:of|=|:|is)?\s*(?:about\s+)?$", re.IGNORECASE)
#: Before the number of a version.
_IN_NAME = re.compile(
    r"\b(?:Llama|LLaMA|Qwen|Gemma|Phi|Mi[sx]tral|DeepSeek|GPT|Falcon|SD|Stable Diffusion|FLUX|"
    r"Flux|CUDA|PyTorch|"
    r"Gen|version|Claude|Gemini|Sonnet|Opus|Haiku|Windows|Ubuntu|Python)[ -]v?$"
)
#: "We ran it three times."
_REPEATED = re.compile(r"\b(?:ran|runs?|repeat\w*|did|tried|trained|redid)\b[^.;,\d]{0,20}$", re.IGNORECASE)
_AGAIN = 32
_JOINED = re.compile(r"\s*(?:,|and|or|plus)\s+(?:about |another |roughly |around )?", re.IGNORECASE)
#: The numbers of a range.
_LAST = re.compile(r"[$\u20ac]?\d[\d,.]*")
_HOURS = AXES.index("hour")
_REACH, _NEXT, _NEAR = 110, 10, 3


_UNITS: Mapping[str, tuple[tuple[int, ...], float]] = {
    "power": (dims(energy=1, hour=-1), 1.0), "energy": (dims(energy=1), 1.0), "memory": (dims(byte=1), 1.0),
    "bandwidth": (dims(byte=1, hour=-1), HOUR), "time": (dims(hour=1), 1 / HOUR),
    "rate": (dims(piece=1, hour=-1), HOUR), "tokens": (dims(token=1, hour=-1), HOUR),
    "flop rate": (dims(flop=1, hour=-1), HOUR), "worked": (dims(hour=1), 1.0),
}  # fmt: skip


#: What is so long, and takes another time to work on: "an hour of audio".
_MEDIUM = re.compile(
    r"\s+of\s+(?:\w+\s+)?(?:audio|speech|video|footage|recordings?|podcasts?|material|calls)\b", re.IGNORECASE
)


@lru_cache(maxsize=MANY)
def terms(text: str, fraction: str = ".", names: Places = (), *, ranges: bool = False) -> tuple[Term, ...]:
    """Every amount of a text in order, without those in the names of devices (their places)."""
    found = sorted(
        each
        for each in _terms(text, fraction, names, ranges=ranges)
        if not (each.of in LENGTHS and _MEDIUM.match(text, each.end))
    )
    kept: list[Term] = []
    for each in found:
        if kept and _is_rest(text, kept[-1], each):
            # "2 hours and 5 minutes".
            one = kept[-1]
            kept[-1] = one._replace(
                end=each.end, value=one.value + each.value, words=text[one.start : each.end]
            )
        elif not kept or each.start >= kept[-1].end:
            if kept:
                kept[-1] = _shared(text, kept[-1], each)
            kept.append(each)
    return tuple(kept)


def _is_rest(text: str, one: Term, other: Term) -> bool:
    """Whether a length of time goes on in a smaller unit."""
    if not (one.of in LENGTHS and other.of in LENGTHS and one.dims == other.dims and other.start >= one.end):
        return False
    return _LENGTH.fullmatch(text, one.start, other.end) is not None


_LENGTH = re.compile(
    r"\d[\d,]*\s?(?:h|hours?|days?|min|minutes?)\s+(?:and\s+)?\d{1,2}(?:\.\d)?\s?(?:h|hours?|min|minutes?|s|seconds?)",
    re.IGNORECASE,
)


def _shared(text: str, one: Term, other: Term) -> Term:
    """An amount with the period that is told once for two: "112 kWh and $19 a month"."""
    powers = tuple(power if at > _HOURS and power < 0 else 0 for at, power in enumerate(other.dims))
    sole = one.of in ("token", "piece", "energy") and sum(one.dims) == 1
    joined = sole and any(powers) and _JOINED.fullmatch(text, one.end, other.start)
    return times(one, powers, 1.0) if joined else one


def _terms(text: str, fraction: str, names: Places, *, ranges: bool) -> Iterator[Term]:
    taken = bytearray(len(text))
    worked = [_of_work(text, each) for each in _WORK.finditer(text)]
    yield from worked
    names = (*names, *((each.start, each.end) for each in worked))
    for start, end in names:
        taken[start:end] = bytes([1]) * (end - start)
    end, before = 0, ""
    for each in quantities(text, fraction):
        ranged = each.high != each.value
        if any(a <= each.start < b for a, b in names) or each.value <= 0 or (ranged and not ranges):
            continue
        before = text[end : each.start] if not _SUMMED.fullmatch(text, end, each.start) else before
        end = each.end
        made = (_of_range if ranged else _of_quantity)(text, each, before, names)
        if made is not None:
            yield made
            taken[made.start : made.end] = bytes([1]) * (made.end - made.start)
            end = made.end
    for made in _spelled(text, names):
        if 1 not in taken[made.start : made.end]:
            yield made
            taken[made.start : made.end] = bytes([1]) * (made.end - made.start)


def _spelled(text: str, names: Places) -> Iterator[Term]:
    """Amounts that are written as words: round ones, multiples, durations and counts."""
    yield from (_of_phrase(text, each) for each in (*_ROUND.finditer(text), *_CENTS.finditer(text)))
    for many in multiples(text):
        again = bool(_REPEATED.search(text, max(0, many.start - _AGAIN), many.start))
        words = text[many.start : many.end]
        yield Term(many.start, many.end, float(many.value), dims(), words, counted=again, plain=not again)
    for match in (*_LASTS.finditer(text), *_SPELLED.finditer(text)):
        made = _of_word(text, match, names)
        if made is not None:
            yield made


def _of_word(text: str, match: re.Match[str], names: Places = ()) -> Term | None:
    """A duration or a count that is spelled out."""
    word = match["n"].lower()
    value = float(_NUMBER_WORDS.get(word) or (re.sub("[, ]", "", word) if word[0].isdigit() else 1))
    value += 0.5 if match.groupdict().get("half") else 0.0
    period = next((name for name in PERIODS if match.groupdict().get(name)), "")
    if period:
        return per(text, Term(match.start(), match.end(), value, dims(), match[0]), one_period(period, 1))
    of_all = _OF_ALL.search(text, max(0, match.start() - 10), match.start())
    named = any(0 <= one - match.end() < _NEAR for one, _ in names)
    counted = bool(of_all or named or _COUNTED.match(text, match.end())) or word == "pair"
    counted = counted or _node_of(text, match.start(), match.end())
    return Term(match.start(), match.end(), value, dims(), match[0], counted=counted, plain=not counted)


def _node_of(text: str, start: int, end: int) -> bool:
    """Whether a number is that of the GPUs of a machine: "a node of eight costs"."""
    return bool(_NODE_OF.search(text, max(0, start - _REACH), start) and _NO_UNIT.match(text, end))


def _of_phrase(text: str, match: re.Match[str]) -> Term:
    """A round number of tokens or pieces, or an amount in cents, that is spelled out."""
    base = Term(match.start(), match.end(), 1.0, dims(), match[0])
    if "n" not in match.groupdict():
        axis = "token" if match["token"] else "piece"
        return base._replace(value=_SCALES[match["scale"].lower()], dims=dims(**{axis: 1}))
    word = match["n"].lower()
    value = 0.01 * float(_PARTS.get(word) or _NUMBER_WORDS.get(word, 1))
    return per(text, base._replace(value=value, sign="$", about=True), (dims(money=1), 1.0))


def _of_quantity(text: str, each: Quantity, before: str, names: Places) -> Term | None:
    """A quantity with what it is per."""
    dimension = each.dimension
    if each.limit in ("over", "under", "up to") and not _SUM.search(before):
        return None
    about = each.limit in ("about", "nearly")
    base = Term(each.start, each.end, each.value, dims(), text[each.start : each.end], about=about)
    thing = _THING.match(text, each.end) if dimension in ("number", "count") else None
    if thing:
        scale = _SCALES.get((thing["scale"] or "").lower(), 1.0)
        words = text[each.start : thing.end()].strip()
        base = base._replace(value=each.value * scale, end=thing.end(), words=words)
        return per(text, base, (dims(**{"token" if thing["token"] else "piece": 1}), 1.0))
    if dimension == "money":
        found = _of_money(text, base, each, before)
        # What else it is per is not read.
        return None if found is None or _PER_ELSE.match(text, found.end) else found
    if dimension in ("percent", "times"):
        counted = any(0 <= one - each.end < _NEXT for one, _ in names)
        return base._replace(share=dimension == "percent", counted=dimension == "times" and counted,
                             plain=dimension == "times" and not counted)  # fmt: skip
    if dimension == "number":
        return _of_number(text, base, before, names)
    return _of_measured(text, base, each, before)


def _of_work(text: str, match: re.Match[str]) -> Term:
    """An amount of work, with what it is per."""
    group = "m" if match["m"] else "n"
    scale = (
        _PREFIXES[match["prefix"].upper()] if match["m"]
        else _SCALES[match["scale"].lower()] if match["scale"] else 10.0 ** int(match["power"])
    )  # fmt: skip
    start = match.start(group)
    base = Term(start, match.end(), float(match[group]) * scale, dims(), text[start : match.end()])
    return per(text, base, (dims(flop=1), 1.0))


def _of_range(text: str, each: Quantity, before: str, names: Places) -> Term | None:
    """A range, read by its last number: what it is of and per stands behind that."""
    last = list(_LAST.finditer(text, each.start, each.end))[-1]
    made = _of_quantity(text, each._replace(start=last.start(), value=each.high), before, names)
    if made is None or each.high < each.value:
        return None
    start, words = each.start, text[each.start : last.start()] + made.words
    return made._replace(start=start, words=words, value=made.value * each.value / each.high, most=made.value)


def _of_measured(text: str, base: Term, each: Quantity, before: str) -> Term | None:
    """A quantity with a unit of measure, or millions of hours or seconds."""
    kind = each.dimension
    if kind == "count" and (axis := _of_bare(text, each.end)):
        return per(text, base, (dims(**{axis: 1}), 1.0))
    for pattern, name in ((_GPU_HOURS, "worked"), (_SECONDS, "time")):
        lasts = pattern.match(text, each.end) if each.dimension == "count" else None
        if lasts and kind == "count":
            base, kind = base._replace(end=lasts.end(), words=text[each.start : lasts.end()]), name
    if kind == "rate" and "tok" in each.unit.lower():
        kind = "tokens"
    if kind not in _UNITS or (kind == "flop rate" and _FLOP_DAYS.match(text, each.end)):
        return None
    made = per(text, base, _UNITS[kind])
    return _of_period(made, before) if kind in ("energy", "time") else made


def _of_bare(text: str, end: int) -> str:
    """The axis of millions that have no noun of their own."""
    if _SIDE.match(text, end):
        return "token" if TOKENS.search(text) else ""
    return "token" if _BARE.match(text, end) and TOKENS.search(text, 0, end) else ""


def _of_period(term: Term, before: str) -> Term:
    """An amount of the period or thing told before it: "the monthly bill is", "an image takes"."""
    if sum(map(bool, term.dims)) == 1 and _A_PIECE.search(before[-_REACH:]):
        return times(term, dims(piece=-1), 1.0)
    # What the sentence before says last is of the amount there.
    before = _ENDED.split(before[-_REACH:])[-1]
    adverb = _ADVERB.search(before) or _A_PERIOD.search(before)
    if adverb and _FOR_ALL_OF.search(before, 0, adverb.start()):
        return term
    if adverb and not any(term.dims[AXES.index("token") :]):
        return times(term, dims(**{adverb.lastgroup or "hour": -1}), 1.0)
    return term


def _of_number(text: str, base: Term, before: str, names: Places) -> Term | None:
    """A number without a unit: a length of time, a rate of what was spoken of, a count, or any other."""
    lasts = _LASTS.match(text, base.start)
    if lasts:
        return _of_word(text, lasts)
    if _IN_NAME.search(text, max(0, base.start - 20), base.start):
        return None
    if _SO_MANY.match(text, base.end):
        return per(text, base, (dims(**{_spoken_of(text, base.start): 1}), 1.0))
    joules = _JOULES.match(text, base.end)
    if joules:
        scale = (1e3 if joules["k"] else 1.0) / HOUR
        words = text[base.start : joules.end()]
        return per(text, base._replace(end=joules.end(), words=words), (dims(energy=1), scale))
    near = [last for one, last in names if 0 <= one - base.end < _NEAR]
    if near and (lasts := _OF_A_NAME.match(text, near[0])):
        # "1,200 V100-hours"
        words = text[base.start : lasts.end()]
        return per(text, base._replace(end=lasts.end(), words=words), (dims(hour=1), 1.0))
    counted = bool(near or _COUNTED.match(text, base.end) or _PUE.search(before))
    counted = counted or _node_of(text, base.start, base.end)
    return base._replace(counted=counted, plain=not counted)


def _spoken_of(text: str, end: int) -> str:
    """The axis of what a text counted last before a place."""
    tokens, pieces = ([each.start() for each in kind.finditer(text, 0, end)] for kind in (TOKENS, PIECES))
    return "token" if tokens and tokens[-1] > max(pieces, default=-1) else "piece"


def _of_money(text: str, base: Term, each: Quantity, before: str) -> Term | None:
    sign = _MONEY.get(each.unit)
    if sign is None:
        return None
    made = per(text, base._replace(sign=sign), (dims(money=1), 1.0))
    if made.dims == dims(money=1) and _AT_A_KWH.search(text, max(0, each.start - _REACH), each.start):
        return times(made, dims(energy=-1), 1e-3)
    made = _of_period(made, before)
    if made.dims == dims(money=1) and (period := shared_period(text, made.end)):
        made = times(made, *one_period(period, -1))
    if made.dims == dims(money=1) and _PER_GB.search(text, max(0, each.start - 2 * _REACH), each.start):
        made = times(made, dims(byte=-1), 1e-9)
    if made.dims == dims(money=1) and _PER_HOUR.search(text, max(0, each.start - 2 * _REACH), each.start):
        made = times(made, dims(hour=-1), 1.0)
    priced = _PRICED.search(before) or _OFFERED.match(text, made.end)
    return made._replace(loose=made.dims == dims(money=1) and bool(priced))
