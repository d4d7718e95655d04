"""Whether an amount is told as a result of those around it, and whether they make it."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.closure.amounts import Amount, powers
from whichgpu.audit.closure.readings import Value, comes_to, is_admissible, products, relevant
from whichgpu.audit.findings import Evidence, made
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

_FILL = (
    r"(?:\s+(?:about|around|roughly|some|nearly|almost|just|only|approximately|approx\.|over|under|an?|the|you|"
    r"us|me|we|it|them|in|at|to|of|for|with|as|up|out|total|whole|full|mere|bill|cost|budget|still|already|be|"
    r"close|well|exactly|or|so|merely|even|around|no|more|less|than|good|little|average|bit|round|next|back|by|on|"
    r"monthly|annual|yearly|daily|hourly|invoice|together|altogether|overall|user|waiting|spend|pay))*\s*[~\u2248(]?\s*$"
)
#: What leads to a result: signs, words that conclude, verbs of cost and work.
LEAD = re.compile(
    r"(?:[=:\u2248\u2192(\u2013\u2014,]|\b(?:or|so|thus|hence|therefore|i\.e\.|that is|that[\u2019']s|which|is|"
    r"are|was|were|be|makes?|making|made|comes?|coming|came|totals?|totall?ing|total of|costs?|costing|draws?|"
    r"drew|burns?|burned|burnt|eats?|takes?|took|needs?|needed|means?|meaning|leaves?|leaving|gives?|giving|gave|"
    r"yields?|equals?|adds?|adding|amounts?|runs?|sets?|works?|working|pays?|lasts?|lands?|puts?|fills?|wants?|uses?|used|"
    r"consumes?|spend|spent|bill|budget|invoice|after|within|in|for|reaches|get|gets|got|have|has|had|see|gone|"
    r"done|finished|over|pool|hold|holds|offers?|provides?|produces?|delivers?|handles?|serves?|processes|"
    r"generates?|transcribes?|swallows?|pulls?|requires?|becomes?|translates?|boils down|down to|turns? into|sums?|"
    r"keeps?|talking|works out|owe|owes|charges?|rent|save|saves|down|before|until|shelled?|fork(?:s|ed)?|"
    r"accumulates?|racks?|clocks?|demands?|expect|figure|reckon|count|price tag|price)\b)" + _FILL,
    re.IGNORECASE,
)
#: The same, of what is told again in another way.
AGAIN = re.compile(
    r"[\s,;:(\u2013\u2014.-]*(?:(?:or|i\.e\.,?|that is|that[\u2019']s|so|thus|hence|which is|which makes|which means|this is|"
    r"equals?|=|\u2248|makes?|means|is|are|comes to|comes out (?:at|to)|works out (?:at|to)|equivalent to|corresponds to|"
    r"amounts to|in other words|translates (?:in)?to|about|roughly|some|just|no more than|nearly|almost|around|"
    r"a total of|it|not even|barely|to)[\s,:~(]+)+",
    re.IGNORECASE,
)
_STRONG = re.compile(r"(?:or|i\.e\.|that is|that[\u2019']s|so|thus|hence|which|this is|equal|=|\u2248|makes?|means|is|are|comes|works|"
                     r"equivalent|corresponds|amounts|in other words|translates)", re.IGNORECASE)
#: What parts a result from what stands before it, or makes it another thing's.
STOP = re.compile(
    r"\b(?:instead|rather|versus|vs|against|compared|than|not|unlike|plus|deposit|limit\w*|capped|cap|quota|"
    r"minimum|maximum|retail|msrp|while|whereas|unless|except|another|other|others|previously|used to|"
    r"originally|quoted?|target|goal|promised)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: What adds to a result or takes from it and is not told in figures.
UNTOLD = re.compile(
    r"\b(?:utili[sz]\w+|overheads?|tax\w*|vat|fees?|idle|idling|idles|average[sd]?(?! of)|rounded|margins?|efficien\w+|storage|"
    r"egress|plus|includ\w+|excluding|except|besides|pue|cooling|loss\w*|overnight|at night|weekdays?|weekends?|"
    r"office hours|working hours|business hours|part[- ]time|set-?up|warm-?up|compil\w+|shipping|duty|import|"
    r"insurance|depreciat\w+|resale|residual|inflation|interest|instal\w+|hosting|colocation|salary|"
    r"retries|retry|restarts?|checkpointing|communication|scal\w+|speculative|concurren\w+|"
    r"batch\w*|parallel|real[- ]world|in practice|measured|benchmark\w*|achiev\w+|mfu|theoretical\w*|peak|sparse|"
    r"sparsity|negotiated|promo\w*|credits?|free|grant|refund|sometimes|varies|depending|depends|up to)\b",
    re.IGNORECASE,
)
#: Between a count and what each of so many has.
_OF_EACH = re.compile(
    r"(?:\s+\w+){0,3}?[\s,]*(?:\b(?:at|of|with|x|times|by|for|having|over|during|across|in|holding|drawing|pulling|costing|carrying|that "
    r"(?:cost|draw|pull)|using|rated at|each)\b|[x\u00d7*@,(:])[\s(]*(?:\w+\s+){0,2}?[~$\u20ac]?$",
    re.IGNORECASE,
)
_TOGETHER = re.compile(
    r"\b(?:total\w*|in all|all in|altogether|together|combined|pool\w*|sum\w*|all told|overall|whole lot|the lot|between them|"
    r"collectively|jointly|aggregate\w*|adds? up|add up)\b|=",
    re.IGNORECASE,
)
#: Powers that a machine draws besides those of its cards, and times that were measured.
_MACHINE = re.compile(r"\b(?:wall|hosts?|server|box|rig|system|machine|node|chassis|workstation|psu|supply|circuit|breaker)\b", re.I)
_MEASURED = re.compile(r"\b(?:took|ran|finished|was done|were done|needed|lasted|completed|ended|saw|got|reached)\b", re.I)
#: From here on two amounts are of different things; the same where three or more multiply to the result's kind.
_FAR, _FURTHER = math.log(15.0), math.log(1.3e3)
_REACH, _NEAR = 140, 60
#: What an hour of a machine costs at most.
_RENT = 400
_KWH = 3.6e6
#: A price over the rent of an hour, at least.
_BOUGHT = 20


#: "A million tokens", "a ten-hour day": what is spoken of.
_A_UNIT = re.compile(r"(?:an?|one|the|each|every)\b", re.IGNORECASE)
#: What follows an amount that is no result: "so 1,000 images cost", "8,760 hours at $0.70".
_SPOKEN_OF = re.compile(
    r"\s+(?:(?:of|on|with|in|from) \w+ )?(?:then |would |will |therefore |thus |alone |each )?(?:costs?|takes?|took|needs?|comes?|requires?|"
    r"at (?:about |around )?[$\u20ac\d]|x\s|times\b|make\b|makes\b|gives?\b|run (?:to|up)|set\b|for [$\u20ac])",
    re.IGNORECASE,
)
#: Before an amount that is given.
_GIVEN = re.compile(
    r"(?<!out )(?<!in )(?<!up )(?<!lands )(?<!land )(?<!stands )(?<!it )(?<!them )(?<!arrive )(?<!arrives )"
    r"\b(?:(?<!order )(?<!price )(?<!bill )(?<!total )(?<!cost )(?<!sum )(?<!this )(?<!that )at|with|from|using|assuming|given|between|times|by|only if|if)\s+(?:(?:about|around|roughly|only|just|some|an?|the|our|its)\s+)*~?$|[x\u00d7*/+-]\s*$",
    re.IGNORECASE,
)
#: In a sentence of its own, what says that it concludes from those before.
_CONCLUDES = re.compile(
    r"\b(?:so|thus|hence|therefore|that|this|which|altogether|total\w*|in all|makes?|means|together|all told|consequently|then|"
    r"it|bill|budget|invoice|our|each)\b|=", re.IGNORECASE
)
#: A result that is told before what it follows from: "that is $27,896 for eight at $3,487".
_THAT_IS = re.compile(r"\s*(?:so |and |then )?(?:that|this)\b[^.;,\d]{0,40}$", re.IGNORECASE)
#: Behind an amount that is of several already.
_OF_ALL = re.compile(r"[^.;,\d]{0,12}\b(?:in total|together|combined|in all|altogether|total|between them|for (?:the|all|both))\b", re.I)


class Window(NamedTuple):
    """A result, its sentence, and the amounts around it."""

    passage: Passage
    sentence: Sentence
    result: Amount
    #: All amounts from two sentences before to the end of the sentence.
    around: Sequence[Amount]
    #: Where the sentence and those before it begin.
    starts: Sequence[int]
    context: Context

    def text(self, start: int, end: int) -> str:
        """The words between two places."""
        return self.passage.text[start:end]


class Reading(NamedTuple):
    """What the amounts of a window come to in the natural way, and how far a result may be for it to be one."""

    values: Sequence[Value]
    far: float


def judged(window: Window) -> Finding | None:
    """The finding on a result that its window does not give in any way."""
    result = window.result
    if result.kind in ("share", "times"):
        return ratio(window)
    if result.limit == "range" or any(result.dims[-1:]):
        return None
    text = window.passage.text
    if _SPOKEN_OF.match(text, result.end) or _GIVEN.search(text, max(0, result.start - 32), result.start):
        return None
    if _A_UNIT.match(result.words) or (result.kind == "amount" and not any(result.dims)):
        return None
    for given in _givens(window):
        reading = summed(window, given) or (None if result.kind == "number" else _natural(window, given))
        if reading is None or not reading.values:
            continue
        if any(comes_to(result, one, wide=0.015) for one in reading.values):
            return None
        nearest = min(reading.values, key=lambda one: _apart(result, one))
        if _apart(result, nearest) > reading.far or is_admissible(result, [one for one in window.around if one is not result]):
            return None
        return _finding(window, nearest)
    return None


_MANIFOLD = re.compile(
    r"\s+(?:(?:as|the|that|more|what)\b|faster|slower|quicker|cheaper|dearer|larger|smaller|bigger|higher|lower|longer|shorter)", re.IGNORECASE
)
_OFF_BY = 0.12


def ratio(window: Window) -> Finding | None:
    """The finding on a multiple of the only two amounts of one kind that its sentence tells before it."""
    result, text = window.result, window.passage.text
    given = [one for one in window.around if window.sentence.start <= one.start < result.start]
    solid = [one for one in given if not one.bare]
    if result.kind != "times" or not solid or len(given) != 2 or result.limit or not _MANIFOLD.match(text, result.end):
        return None
    first, last = given
    if last.bare and last.kind == "number" and not last.noun and not first.bare:
        last = last._replace(dims=first.dims, low=last.low * first.low / first.digits)
    between = text[given[-1].end : result.start]
    if first.dims != last.dims or "range" in (first.limit, last.limit) or UNTOLD.search(window.sentence.text) or STOP.search(between):
        return None
    share = max(first.low, last.low) / min(first.low, last.low)
    others = [one.low / other.low for one in window.around for other in window.around if one.dims == other.dims and one.kind == "amount"]
    if not _SO_MANY.search(between) or share < 1.2:
        return None
    if any(abs(result.low / one - 1) < _OFF_BY for by in (share, *others) for one in (by, by - 1, by + 1) if one > 0.1):
        return None
    because = f"{text[first.start : first.end]} and {text[given[-1].start : given[-1].end]} are {share:.3g} times apart"
    return made(window.context, window.passage, (result.start, result.end), "arithmetic", "inconsistent",
                attribute="closure", because=because, expected=f"{share:.3g} times", evidence=(Evidence(because),))  # fmt: skip


_SO_MANY = re.compile(r"[;:,]|\b(?:so|thus|hence|makes?|therefore|which)\b", re.IGNORECASE)


def _apart(result: Amount, value: Value) -> float:
    return abs(math.log(result.middle / ((value.low + value.high) / 2)))


def _givens(window: Window) -> Iterator[list[Amount]]:
    """The amounts that a result may follow from, the natural choice first."""
    result, sentence = window.result, window.sentence
    inside = [one for one in window.around if one.start >= sentence.start]
    before = [one for one in inside if one.start < result.start]
    if before:
        yield before
        for cut in _cuts(window):
            part = [one for one in before if one.start >= cut]
            if 0 < len(part) < len(before):
                yield part
    elif _THAT_IS.match(window.text(sentence.start, result.start)):
        yield [one for one in inside if one.start > result.start]
    for start in window.starts[1:]:
        wide = [one for one in window.around if start <= one.start < result.start]
        if len(wide) > len(before):
            yield wide


#: Words of what is left, of what two are apart, and of a sum, around a result.
_LEFT = re.compile(r"\b(?:leav(?:es?|ing)|remain\w*|left|to spare|spare|balance)\b", re.IGNORECASE)
_APART = re.compile(r"\b(?:difference|gap|saving|savings|saves?|saved|depreciation|loss|profit|apart|premium)\b", re.IGNORECASE)
_ANOTHER = re.compile(r"\b(?:per|each|every|percent|interest|more|less|about|another|if|or|except|but|while|whereas)\b|%", re.IGNORECASE)


def summed(window: Window, given: Sequence[Amount]) -> Reading | None:
    """Sums, differences, rests and shares of what is told in the same unit."""
    result, text = window.result, window.passage.text
    given = [one for one in given if "bit" not in one.words]
    alike = [one for one in given if one.kind != "share" and one.dims == result.dims and one.per == result.per]
    shares = [one for one in given if one.kind == "share"]
    others = [one for one in given if one not in alike and one not in shares and one.dims]
    counts = [one for one in others if one.bare]
    near = text[max(given[-1].end if given else 0, result.start - 40) : result.start] + text[result.end : result.end + 24].split(".")[0]
    if not alike or _is_apart(window, given) or any(one.limit == "range" for one in given):
        return None
    if _OF_ALL.match(text, given[-1].end) or (result.bare and _SIGNS.search(near)):
        return None
    if STOP.search(text, alike[-1].end, result.start) or (UNTOLD.search(window.sentence.text) and not result.bare):
        return None
    if len(alike) == 1 and len(shares) == 1 and len(given) == 2 and not _ANOTHER.search(text[given[0].start : result.start]):
        return _shared(window, alike[0], shares[0])
    if shares or len(counts) > len(alike) or any(not one.bare for one in others if one.dims != powers(second=1)):
        return None
    parts = [_counted_in(text, one, counts) for one in alike]
    if any(part is None for part in parts) or (result.bare and counts):
        return None
    told = [part for part in parts if part is not None]
    rest = told[0] - sum(told[1:])
    # What is left of a device's memory may be of one that is named.
    named = result.dims == powers(byte=1) and window.context.mentions.get(window.context.place(window.passage))
    pool = _OUT_OF.search(text, max(0, alike[0].start - 24), alike[0].start) and _SO.search(near)
    if len(told) > 1 and (_LEFT.search(near) or pool) and rest > 0 and not named:
        return _exactly(result, rest, given)
    if len(told) == 2 and _APART.search(near):
        return _exactly(result, abs(told[0] - told[1]), given)
    if len(told) > 1 and _TOGETHER.search(near) or (len(told) == 2 and _BOTH.search(text, alike[0].end, alike[1].start)
                                                      and _COLON.fullmatch(text, alike[1].end, result.start)):  # fmt: skip
        return _exactly(result, sum(told), given)
    return None


#: "From the 96 cards we bought, 12 came back, so 84 are in use".
_OUT_OF = re.compile(r"\b(?:of|from|out of)\s+(?:(?:the|our|these|those|a pool of|an order of|their)\s+)?$", re.IGNORECASE)
_SO = re.compile(r"\b(?:so|thus|hence|which means|leaving|therefore)\b", re.IGNORECASE)
_SIGNS = re.compile(r"[=x\u00d7*/^+(]")
#: "320 W and a CPU at 180 W: the box wants".
_BOTH = re.compile(r"\s+(?:each\s+)?(?:and|plus|\+)\s", re.IGNORECASE)
_COLON = re.compile(r"\s*:\s+[^.;,\d:]{0,40}", re.IGNORECASE)


def _counted_in(text: str, one: Amount, counts: Sequence[Amount]) -> float | None:
    """An amount times the count right before it; none where it is not clear whose the count is."""
    own = [each for each in counts if each.end <= one.start and _OF_EACH.fullmatch(text, each.end, one.start)]
    if one.per and not own:
        return None
    return one.low * (own[-1].low if own else 1.0)


def _exactly(result: Amount, value: float, given: Sequence[Amount]) -> Reading:
    words = " and ".join(one.words for one in given)
    return Reading([Value(value, value, result.dims, words, tuple(given))], _FAR)


_SHARED = re.compile(r"[^.;\d]{0,30}?(?:[,:(=]|\b(?:i\.e\.|that is|and (?:we |i )?paid|so|or|makes?|is|are|comes? to|means|which))" + _FILL, re.IGNORECASE)


def _shared(window: Window, whole: Amount, share: Amount) -> Reading | None:
    """A share of an amount, what it leaves or adds."""
    result, text = window.result, window.passage.text
    if not _SHARED.fullmatch(text, max(whole.end, share.end), result.start):
        return None
    values = [whole.low * by for by in (share.low, 1 - share.low, 1 + share.low, 1 / share.low, 1 / (1 - share.low or 1))]
    words = f"{share.words} of {whole.words}"
    return Reading([Value(each, each, result.dims, words, (whole, share)) for each in values if each > 0], _FAR)


_CUT = re.compile(r"[;:]\s|\.\s|,\s+(?:and|but|while|so|which)\s|\s[\u2013\u2014]\s")


def _cuts(window: Window) -> list[int]:
    """Where a clause begins before the result, the first ones first."""
    text = window.passage.text
    return [each.end() for each in _CUT.finditer(text, window.sentence.start, window.result.start)]


def _natural(window: Window, given: Sequence[Amount]) -> Reading | None:
    """What all that is given comes to, where the words let it be the result's cause."""
    result = window.result
    kept = relevant(result, given)
    if not kept or len(kept) > 4 or any(one.limit == "range" or one.kind == "share" for one in kept):
        return None
    if any(one.sign and result.sign and one.sign != result.sign for one in kept):
        return None
    if not _leads(window, kept) or any(one.noun == "parameter" for one in kept):
        # What a model takes besides its weights is left to what knows of it.
        return None
    apart = _is_apart(window, kept)
    if apart and not _CONCLUDES.search(window.passage.text, window.sentence.start, result.start):
        return None
    if apart and _is_told(window, kept):
        return None
    solid = [one for one in kept if not one.bare]
    kinds = {one.dims for one in solid}
    several = len(kinds) > 1 or (len(kept) > 1 and solid and solid[0].dims != result.dims)
    if several or (solid and any(one.bare and one.kind == "amount" for one in kept)):
        return _closing(window, kept)
    if len(solid) == 1 and len(kept) > 1 and solid[0].dims == result.dims:
        return _of_several(window, kept, solid[0])
    if len(solid) == len(kept) == 2 and result.bare and sum(bool(one.per) for one in solid) == 1:
        return _room(window, solid)
    if not solid and result.kind == "count":
        return _counted(window, kept)
    if len(kept) == 1 and solid:
        return _again(window, kept[0])
    return None


def _is_apart(window: Window, kept: Sequence[Amount]) -> bool:
    """Whether some of what is given stands in a sentence before, which no semicolon joins with this one."""
    between = window.text(kept[0].start, window.sentence.start)
    return bool(between) and (_STOPPED.search(between) is not None or not between.rstrip().endswith((";", ":")))


_STOPPED = re.compile(r"[.!?]\s")


def _is_told(window: Window, kept: Sequence[Amount]) -> bool:
    """Whether some of what is given is itself a result of others that stand before, of one of them again given."""
    before = [one for one in window.around if one.start < window.result.start and not one.bare][-8:]
    for told in kept:
        others = relevant(told, [one for one in before if one is not told])
        for pair in combinations(others, 2):
            again = sum(one in kept for one in pair)
            if again and any(comes_to(told, one) for one in products(told, pair)):
                return True
    return False


def _leads(window: Window, kept: Sequence[Amount]) -> bool:
    """Whether words lead to the result, and none parts it from what is given."""
    result, text = window.result, window.passage.text
    last = max((one.end for one in kept if one.end <= result.start), default=window.sentence.start)
    between = text[max(last, result.start - _REACH) : result.start]
    behind = re.match(r"[^.;,\d]{0,24}", text[result.end :])
    if STOP.search(text[max(last, window.sentence.start) : result.start]):
        return False
    if behind and re.search(r"\b(?:more|less|fewer|extra|additional|cheaper|dearer|faster|slower|higher|lower|saved|off)\b", behind[0]):
        return False
    if UNTOLD.search(text[min(window.sentence.start, kept[0].start) : window.sentence.end]):
        return False
    varied = len({one.dims for one in kept if not one.bare}) > 1
    return varied or LEAD.search(between) is not None


def _closing(window: Window, kept: Sequence[Amount]) -> Reading | None:
    """Amounts of several kinds that multiply to that of the result."""
    result = window.result
    if any(one.dims == result.dims for one in kept if not one.bare):
        # Two of one kind beside others are of two things.
        return None if not all(one.bare or one.dims == result.dims for one in kept) else Reading(products(result, kept), _FAR)
    values = products(result, kept) or products(result, _by_the_hour(kept))
    if any(one.dims[4] for one in (*kept, result)) and any(one.bare for one in (*kept, result)):
        return None
    text = window.sentence.text
    bandwidth = any(one.dims[3] and one.dims[1] for one in kept)
    if (bandwidth or _MEASURED.search(text)) and result.dims == powers(second=1) and values:
        # A transfer may take longer than its link allows, and what was measured longer than was reckoned.
        if _MEASURED.search(text) and result.low > max(one.high for one in values):
            return None
    paid = [one for one in kept if one.sign]
    if len(paid) > 1 and max(one.high for one in paid) < _BOUGHT * min(one.digits for one in paid):
        # A price over a rent is how long one rents for it; of two rents the one has its period left unsaid.
        return None
    return Reading(values, _FURTHER)


def _by_the_hour(kept: Sequence[Amount]) -> list[Amount]:
    """What is given, with a price beside so many hours or kilowatt-hours as that of one: "730 hours at $1.10"."""
    paid = [one for one in kept if one.dims == powers(money=1)]
    hours = [one for one in kept if one.dims == powers(second=1) and one.low % 3600 == 0 and "hour" in one.words]
    used = [one for one in kept if one.dims == powers(joule=1)]
    if len(paid) == len(used) == 1 and paid[0].low < 1:
        tariff = paid[0]._replace(dims=powers(money=1, joule=-1), low=paid[0].low / _KWH, high=paid[0].high / _KWH)
        return [tariff if one is paid[0] else one for one in kept]
    if len(paid) != 1 or len(hours) != 1 or paid[0].low > _RENT:
        return []
    rent = paid[0]._replace(dims=powers(money=1, second=-1), low=paid[0].low / 3600, high=paid[0].high / 3600)
    return [rent if one is paid[0] else one for one in kept]


#: "A team that needs four of them".
_OF_THEM = re.compile(r"\bof (?:them|these|those)\b", re.IGNORECASE)


def _of_several(window: Window, kept: Sequence[Amount], one: Amount) -> Reading | None:
    """So many of one amount, or one of so many."""
    result, text = window.result, window.passage.text
    counts = [each for each in kept if each.bare]
    values = products(result, kept)
    if result.per:
        # Of one: the amount before it is of all.
        values = [each for each in values if each.low <= one.high] if not one.per else []
        return Reading(values, _FAR)
    beside = [each for each in counts if each.end + 1 == one.start and each.kind == "number"]
    if any(each.kind != "count" and each not in beside for each in counts) or _OF_ALL.match(text, one.end):
        return None
    linked = one.per or beside or (one.sign and any(_OF_THEM.search(each.words) for each in counts)) or any(_OF_EACH.fullmatch(text, each.end, one.start) for each in counts if each.end <= one.start)
    if not linked or any(each.kind == "times" for each in counts):
        return None
    values = [each for each in values if each.high >= one.low]
    if one.dims == powers(byte=1, second=-1):
        # What goes in both directions is told as twice as much, too.
        values += [each._replace(low=2 * each.low, high=2 * each.high) for each in values]
    power = one.dims == powers(joule=1, second=-1)
    if power and _MACHINE.search(window.sentence.text) and values and result.low > values[0].high:
        return None
    return Reading(values, _FAR)


_ROOM = re.compile(r"\b(?:room|enough|space|buys?|sufficient|fits?|holds?|feeds?|supports?|suffices?) (?:for )?(?:about |only |just |exactly |at most )?$", re.IGNORECASE)


def _room(window: Window, solid: Sequence[Amount]) -> Reading | None:
    """For how many an amount is enough: "40 kW; at 8 kW per server that is room for five"."""
    if not _ROOM.search(window.passage.text, max(0, window.result.start - 30), window.result.start):
        return None
    one = next(each for each in solid if each.per)
    whole = next(each for each in solid if not each.per)
    many = whole.low / one.low
    return Reading([Value(many, many, window.result.dims, f"{whole.words} over {one.words}", tuple(solid))], _FAR)


def _counted(window: Window, kept: Sequence[Amount]) -> Reading | None:
    """Things in so many others: "32 nodes with eight GPUs in each of them are 256"."""
    if len(kept) < 2 or not any(one.per for one in kept) or any(one.kind != "count" for one in kept):
        return None
    values = [each for each in products(window.result, kept) if each.high >= max(one.low for one in kept)]
    same = any(one.noun == window.result.noun for one in kept if one.per)
    return Reading(values, _FAR) if same else None


def _again(window: Window, one: Amount) -> Reading | None:
    """An amount that is told again, in another unit or by another period."""
    result, text = window.result, window.passage.text
    same = _unit(text, one) == _unit(text, result)
    if one.end > result.start or same or _A_UNIT.match(one.words):
        return None
    between = text[one.end : result.start]
    rate = one.dims[1] < 0 and (one.sign or one.dims[5])
    wild = not result.noun and not result.dims[5]
    same = all(a == b or (at == 5 and wild) for at, (a, b) in enumerate(zip(one.dims, result.dims, strict=True)))
    said = AGAIN.fullmatch(between) and _STRONG.search(between)
    loose = rate and (result.sign or wild) and LEAD.search(between) and len(between) < _NEAR
    if not same or not (said or loose):
        return None
    return Reading([Value(one.low, one.high, one.dims, one.words, (one,))], _FAR)


def _unit(text: str, one: Amount) -> str:
    """What stands behind the figure of an amount."""
    return re.sub(r"[\d,.$\u20ac\s]", "", text[one.start : one.end]).lower()


def _finding(window: Window, value: Value) -> Finding:
    result = window.result
    right = result.digits * (value.low + value.high) / 2 / result.middle
    expected = f"{right:,.2f}" if result.sign and right < 1e3 else f"{right:,.4g}" if right < 1e4 else f"{right:,.0f}"
    because = f"{value.words} make {expected}, and no other reading of these amounts makes {result.words}"
    return made(window.context, window.passage, (result.start, result.end), "arithmetic", "inconsistent",
                attribute="closure", because=because, expected=expected, evidence=(Evidence(because),))  # fmt: skip
