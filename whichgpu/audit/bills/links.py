"""What says that an amount follows from another: words between them, and words that part them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import BREAK_EVEN, DUE, NEAR, SPAN, Amounts
from whichgpu.audit.text.dimensions import AXES, LENGTHS
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from whichgpu.audit.text.dimensions import Term

#: Before what reading a prompt takes, which goes by a rate of its own and not by that of writing.
READS = re.compile(
    r"\b(?:read\w*|process\w*|ingest\w*|digest\w*)\b[^.;]*\bprompts?\b|\bprompt of\b|\bprefill\w*|"
    r"\btime to first token\b|\bttft\b",
    re.IGNORECASE,
)
#: What says that an amount is worked out from the one before it.
_LINK = re.compile(
    r"\b(?:or|i\.e\b|so|thus|hence|therefore|that is|that[\u2019']s|which (?:is|makes|comes|means|adds)|"
    r"comes? (?:to|out)|came to|adds? up to|amounts? to|works? out (?:to|at)|costs?|costing|pays?|paid|bill|"
    r"charges?|total\w*|makes?|means|sums? (?:up )?to|equals|sets? (?:you|us|them) back|budget|spends?|"
    r"invoice|be|uses?|gets?|"
    r"is|are|leaves?|takes?|needs?|"
    r"consum\w+|draws?|burns?|kosten|kostet|sind|macht|also|soit|co\u00fbtent|co\u00fbte|cuestan?|o sea|"
    r"es decir|costano|pari a|cio\u00e8)\b|[=\u2248:]|\bof (?:them|these|those)\s*$",
    re.IGNORECASE,
)
#: "A month comes to $1,650 and a year to $19,798": the same of another period.
AND_A_PERIOD = re.compile(
    r"\s*,?\s*and\s+(?:about\s+|roughly\s+|around\s+)?an?\s+(?:full\s+|whole\s+)?(?:week|day|month|quarter|year)\s+"
    r"(?:(?:to|at|about|roughly|around|is|costs)\s+){0,2}(?:\([^)]*\)\s*)?",
    re.IGNORECASE,
)


#: The same where it is no money: what is measured is none that follows.
_STRONG = re.compile(
    r"\b(?:or|i\.e\.|so|thus|hence|therefore|that is|that[\u2019']s|(?:which|that) (?:is|makes|comes|"
    r"means)|in total|"
    r"comes? to|adds? up to|amounts? to|works? out (?:to|at)|makes?|equals|gives?|leaves?|(?:would )?takes?|"
    r"needs?|is (?:done|finished) (?:in|after))\b[^.;]{0,40}$|"
    r"[=\u2248]\s*$",
    re.IGNORECASE,
)


#: What says so right before it: what stands before these words does not matter then.
LEADS = re.compile(
    r"(?:\b(?:or|i\.e\.,?|so|thus|hence|therefore|that is|that[\u2019']s|(?:which|that|it|this) (?:is|makes|"
    r"comes|means|works)|adds? up to|comes? (?:out )?(?:to|at)|came to|amounts? to|works? out (?:to|at|as)|"
    r"translates? (?:in)?to|(?:drops|falls|rises) to|equals|"
    r"total(?:s|l?ing)?(?: of)?|sums? (?:up )?to|makes?|making|gives?|giving|"
    r"(?:will|would) (?:be|cost|pay)|you[\u2019']?(?:d|ll)? pay|meaning)|[=\u2248\u2192])"
    r"(?:\s+(?:real|actual|whole|final|entire|full|was|were|my|our|monthly|yearly|annual|daily|price|run|"
    r"invoice|you|us|them|it|a|an|the|total|bill|cost|of|only|just|about|around|roughly|approximately|"
    r"nearly|almost|some|again|still|would|spend|pay|be|to|is|paying|cost(?:s|ing)?|in|at))*\s*~?$",
    re.IGNORECASE,
)


#: A sentence that says what follows from those before it.
CONCLUDES = re.compile(
    r"\s*(?:So|Thus|Hence|Therefore|In other words|(?:That|This|Which|It)[\u2019']?s?(?: then)? "
    r"(?:means|makes|gives|is|comes))\b"
)


#: The same of a length of time.
_FOLLOWS = re.compile(
    r"\b(?:or|i\.e\.|so|thus|hence|that is|that[\u2019']s|(?:which|that|it|this) (?:is|makes|"
    r"means)|in total|comes? to|"
    r"adds? up to|amounts? to|works? out (?:to|at)|makes?|equals|(?:would |will )?(?:takes?|took|"
    r"needs?|lasts?)|"
    r"finish\w* in|done in|in)\b(?:\s+(?:about|around|roughly|only|just|some|nearly|almost|you|a|"
    r"an|run of|total of|"
    r"training|of))*\s*~?$|[=\u2248]\s*$",
    re.IGNORECASE,
)


#: Between two rates of one thing: "$0.50/hr on demand, about $365/month".
_AGAIN = re.compile(
    r"(?:\s+on[- ]demand)?\s*[,(]\s*(?:about|roughly|around|approximately|approx\.?|~)?\s*", re.IGNORECASE
)


#: "$49.24 an hour for a node of 8, about $6.16 per GPU".
_OF_EACH = re.compile(
    r"[^.;$\u20ac]{0,60}[,(\u2013\u2014]\s*(?:about|roughly|around|approximately|~)?\s*", re.IGNORECASE
)


#: "$1.20 an hour, $876 a month and $10,512 a year".
_GOES_ON = re.compile(
    r"(?:[\s,(/\u2013\u2014]|\b(?:and|or|then|about|roughly|around|nearly|some|just|only|a total of)\b|~|"
    r"\b(?:on[- ]demand|for (?:all|both|the) \w+|per \w+|each|an? (?:hour|day|week|month|year))\b)*",
    re.IGNORECASE,
)
_AROUND = re.compile(
    r"\b(?:servers?|chassis|hosts?|systems?|machines?|box|rig|processors?|cpus?|fans|wall|meter|all in)\b",
    re.IGNORECASE,
)
#: What a machine draws before any of its GPUs works: two of them add to that, and do not double it.
_IDLE = re.compile(r"\b(?:at the (?:wall|plug|socket)|idle|idling)\b", re.IGNORECASE)
#: "384 kWh and $65".
_AND = re.compile(r"\s*(?:,|and|,\s*and|or)\s+(?:about |around |roughly )?", re.IGNORECASE)
FOR_ALL = re.compile(
    r"\s+(?:for (?:the|both|all)|in total|in all|together|combined|altogether|all told|between them)\b", re.I
)


#: "4 GPUs: 3,400 tokens/s".
_OF_SO_MANY = re.compile(
    r"\b\d{1,5}\s?[x\u00d7]?\s(?:GPUs|cards|nodes|servers|replicas)\s*:\s*~?$", re.IGNORECASE
)


#: "For 200 hours, $1,240", and a price that is given.
_LISTED = re.compile(r"\s*,\s*(?:some |about |roughly |or )*")


GIVEN = re.compile(
    r"(?<!out )(?<!arrive )(?<!arrives )(?<!land )(?<!lands )(?<!up )\bat\s+"
    r"(?:about |around |roughly |just |approximately |only )*~?\s?$",
    re.IGNORECASE,
)


#: What makes it an amount of something else, and what does so unless the words before it say that it follows.
_BREAK = re.compile(
    r"\b(?:discount\w*|sav\w+|storage|egress|plus|excluding|including|tax\w*|depreciat\w*(?! over \d)|"
    r"upfront|up front|"
    r"minimum|from|between|average|measured|previously|fell|dropped|used to|margin|profit|"
    r"overhead|everything|(?:at|by) night|overnight|during the (?:day|night)|daytime|night-?time|"
    # "Before cooling" is of the hardware alone.
    r"(?<!before )(?<!without )cooling|rest|remain(?:ing|der)|"
    r"idle|idling|instead|than|psus?|ups|circuits?|outlets?|sockets?|"
    r"power suppl\w+|breakers?|retail\w*|msrp|launched)\b",
    re.IGNORECASE,
)


_TURN = re.compile(
    r"\b(?:while|whereas|but|versus|vs|compared|spot|reserved|commit\w*|idle|peak|under load|buy\w*|bought|"
    r"purchase\w*|(?:brand[- ])?new|another|other|second[- ]hand|sticker|starts?|starting|api|host|"
    r"list)\b",
    re.IGNORECASE,
)


CLAUSE = re.compile(r"[,.;:()]")


#: "Two cards, one with 11 GB and one with 24 GB": of one each.
ONE_WITH = re.compile(
    r"\b(?:one|another|other|second|first)\s+(?:with|at|of|has|having|draws|drawing)\s+$", re.IGNORECASE
)


BEHIND = 24


GPU_HOURS = re.compile(r"\b(?:gpu|card|node|instance)[- ]?h", re.IGNORECASE)


PAID = ("money", "energy")


_HOUR = AXES.index("hour")
_COLON = re.compile(r"\s*:\s*(?:about |around |roughly |some |~)?", re.IGNORECASE)
#: "Four cards at $1,850 each ($7,400)".
_IN_BRACKETS = re.compile(r"\s*\((?:about |around |roughly |~)?", re.IGNORECASE)


#: "2,000 requests a minute are 33 requests per second".
ARE = re.compile(
    r"\s*(?:is|are|equals?|means?|makes?|=|\u2248|i\.e\.)\s+(?:about |around |roughly |just |~)?", re.I
)


def is_told_again(text: Amounts, base: Term, told: Term) -> bool:
    """Whether words between two amounts make the second the first in another unit."""
    rate = base.dims == told.dims and sum(map(bool, told.dims)) > 1
    return rate and ARE.fullmatch(text.passage.text, base.end, told.start) is not None


def _is_done_in(text: Amounts, base: Term, told: Term) -> bool:
    """Whether an amount is what a rate right before it makes in a time: "100 hours at 34 tok/s is 12.2M"."""
    here = text.sentence(told.start).start
    rate = base.dims[_HOUR] < 0 and told.of == base.of and not told.dims[_HOUR] and base.start >= here
    lasts = rate and any(each.of in LENGTHS for each in within(text.every, here, told.start))
    return lasts and ARE.fullmatch(text.passage.text, base.end, told.start) is not None


def linked(text: Amounts, base: Term, told: Term) -> bool:
    """Whether words between two amounts say that the second follows, or it goes on a list of such."""
    words = text.passage.text
    last = next(text.before(told.start, len(words)), base)
    # A word that leads to the amount before this one leads no further.
    first = next((each.end for each in text.before(told.start, NEAR) if each.of == told.of), base.end)
    if told.of in LENGTHS and base.of in LENGTHS and base.start < text.sentence(told.start).start:
        return False
    reach = max(first, base.end, told.start - NEAR)
    if base.sign and told.of in DUE:
        return BREAK_EVEN.search(words, max(0, told.start - NEAR), told.start) is not None
    if is_told_again(text, base, told) or _is_done_in(text, base, told):
        return True
    leads = LEADS.search(words, reach, told.start) is not None
    if told.of == "flop" and not leads:
        return False
    if told.of in LENGTHS:
        # "50 million tokens at 9,000 tokens per second: 1.5 hours".
        colon = base.end <= last.end <= told.start and _COLON.fullmatch(words, base.end, told.start)
        return bool(colon or _FOLLOWS.search(words, reach, told.start))
    per_token = told.of == "byte" and base.dims[2] < 0
    link = _LINK if told.of in PAID or per_token or GPU_HOURS.search(told.words) else _STRONG
    return bool(
        _is_of_a_list(text, base, told, last)
        or _is_of_another_number(words, base, told, reach)
        or (leads and told.of in (*PAID, "flop"))
        or (told.of == "money" and AND_A_PERIOD.fullmatch(words, reach, told.start))
        or link.search(words, reach, told.start)
    )


def _is_of_a_list(text: Amounts, base: Term, told: Term, last: Term) -> bool:
    """Whether an amount goes on a list of what follows from a base, or says a base again in another unit."""
    words, start = text.passage.text, told.start
    return bool(
        (base.dims != told.dims and _AGAIN.fullmatch(words, base.end, start))
        or (base in text.derived and _GOES_ON.fullmatch(words, base.end, start))
        or (told.of == "money" and last.tariff and start - last.end < BEHIND)
        or (last.of in LENGTHS and _LISTED.fullmatch(words, last.end, start))
        or (told.sign and base.of == "energy" and _AND.fullmatch(words, base.end, start))
    )


def _is_of_another_number(words: str, base: Term, told: Term, reach: int) -> bool:
    """Whether an amount is of each where its base is of all, or of all where that is of each."""
    if told.each and not base.each and told.of == "money":
        return _OF_EACH.fullmatch(words, base.end, told.start) is not None
    return bool(
        base.each
        and (told.of == "money" or told.dims == base.dims)
        and (
            FOR_ALL.match(words, told.end)
            or _OF_SO_MANY.search(words, reach, told.start)
            or _IN_BRACKETS.fullmatch(words, base.end, told.start)
            or ARE.fullmatch(words, base.end, told.start)
        )
    )


def stopped(text: Amounts, base: Term, told: Term) -> bool:
    """Whether a word between two amounts makes the second another thing's; the first's are none."""
    words, here = text.passage.text, text.sentence(told.start)
    first, start = max(text.sentence(base.start).start, base.start - SPAN), max(base.end, here.start)
    clause = CLAUSE.search(words, told.end, here.end)
    end = min(told.end + BEHIND, clause.start() if clause else here.end, here.end)
    around = told.of == "energy" and told.dims == base.dims
    if around and (_AROUND.search(words, start, told.start) or _IDLE.search(words, first, base.start)):
        # What the server draws is more than what its GPUs do.
        return True
    due = BREAK_EVEN.search(words, start, told.start) if told.of in DUE else None
    led = due or LEADS.search(words, start, told.start) or CONCLUDES.match(words, here.start, told.start)
    # What tokens cost is a price of an API by itself.
    by_token = bool(base.sign) and base.dims[AXES.index("token")] < 0
    stops = [_BREAK] if led or by_token else [_BREAK, _TURN]
    for stop in stops:
        known = {match[0][:5].lower() for match in stop.finditer(words, first, base.start)}
        if any(match[0][:5].lower() not in known for match in stop.finditer(words, start, end)):
            return True
    return False
