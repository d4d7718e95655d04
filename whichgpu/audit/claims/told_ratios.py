"""Ratios of what the document told of two things, in whatever words: "the newcomer is 39 % ahead in the 8B test".

What the tables and lists told is held against it, by what is compared (a speed, a price, a power) and by the
things that the sentence names. Where no two of them, no two amounts of the sentences around and nothing on
file of the devices gives the ratio, whoever is meant, it is wrong.
"""  # noqa: E501

from __future__ import annotations

from functools import lru_cache
from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.anywhere import follows, gives
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.orders import is_of_regime, is_of_the_hour
from whichgpu.audit.known.said import MAKES, claims, is_near, is_of_another_scene
from whichgpu.audit.known.store import SPOKEN, Named, named, of_catalogue, store, tokens
from whichgpu.audit.multiple import SCALING
from whichgpu.audit.patterns import MANY
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import Sentence, sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.said import Claim
    from whichgpu.audit.known.store import Amount, Series
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.roles import Spoken

#: What two things are compared in, by the words of the clause.
_WORDS = {
    "value": r"per (?:dollar|euro|\$|\u20ac|buck)|for (?:the|your) money",
    "efficiency": r"per watt|per joule|efficien\w+|per kWh",
    "bandwidth": r"bandwidth|GB/s|TB/s|moves? data|memory speed|memory\b[^.;,]{0,50}\bspeed",
    "memory": r"(?:more|less|as much|the|its|of|in) (?:memory|vram|capacity)|gigabytes|more of it",
    "cores": r"cores|SMs|shaders",
    "peak": r"t?flops|tops|arithmetic|(?:compute|vector|matrix|tensor) rate|on paper|peak|matrix throughput|"
    r"FP\d+(?: (?:rate|throughput))?",
    "power": r"power|watts?|draws?|thirst\w*|hungr\w+",
    "price": r"cheap\w*|dear\w*|expensive|pric\w+|costs?|pays?|money|"
    r"asks?|charges?|dollars?|euros?|(?:per|by(?: the)?|an) hour|rents?|hires?|"
    r"(?<!image )(?<!token )(?<!sequence )(?<!frame )(?<!compute )(?<!tensor )(?<!hit )(?<!sampling )"
    r"(?<!vector )(?<!matrix )(?<!arithmetic )(?<!precision )(?<!clock )(?<!data )(?<!transfer )"
    r"(?<!refresh )(?<!peak )rate\b",
    "energy": r"energy|joules?|kWh",
    "speed": r"fast\w*|quick\w*|slow\w*|ahead|behind|leads?|beats?|trails?|outruns?|outpaces?|tokens?|"
    r"images?|pictures?|samples|frames|requests|throughput|performance(?! (?:per|for)\b)|"
    r"work|as long|speed\w*|short of",
}
_WORD = {key: re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE) for key, words in _WORDS.items()}
#: In which series each kind of words may be answered.
_KINDS = {
    "value": ("value", "price"), "efficiency": ("efficiency", "energy"), "bandwidth": ("bandwidth",),
    "memory": ("memory",), "cores": ("cores",), "peak": ("peak",), "power": ("power",),
    "price": ("price",), "energy": ("energy", "power", "efficiency"), "speed": ("speed", "time"),
}  # fmt: skip
_BY_WORK = re.compile(
    r"\b(?:per (?!hour|month|year)|each|every|tokens?|images?|pictures?|work|million|apiece|unit)\b",
    re.IGNORECASE,
)
#: Bytes of a token or a request, which no table of devices tells.
_OF_EACH = re.compile(
    r"[KMG]i?B (?:a|per|each|for each|for a) ?(?:token|request|user|sequence)", re.IGNORECASE
)
_IT = re.compile(r"\b(?:it|its|this one|that one|this card|that card|they|them|their)\b", re.IGNORECASE)
#: That a ratio without a name is of what the document compares.
_OF_THESE = re.compile(
    r"\b(?:in (?:our|my|the|this) (?:tests?|case|table|benchmark)|there|here|the (?:big|other|older|"
    r"newer|small\w*|old|new) one|"
    r"(?:between|from) [A-Z]\w+ (?:and|to) [A-Z]\w+|"
    r"predecessor|successor|newcomer|replaces|the two|the pair|it|its|what I get)\b",
    re.IGNORECASE,
)
#: What the document's tables do not tell, or what is not said to be so.
_ELSE = re.compile(
    r"\b(?:games?|gaming|fps|would|could|might|may|should|expect\w*|if|unless|claims?|claimed|marketing|"
    r"says|rumou?r\w*|"
    r"advertis\w+|up to|between [\d$~]|average[sd]?|typical\w*|overhead|spars\w+|years? (?:ago|later)|"
    r"months? ago|since|"
    r"last (?:year|month|week|quarter)|discount|spot|reserved|utili[sz]\w*|busy|idle|load|cache|context|"
    r"batch \w+ of|"
    r"from [\w.]+ to [\w.]+ (?:gpus|cards|nodes)|rule of thumb|not|never|hardly|n[\u2019']t|dies?|"
    r"transistors?|"
    r"size of|resolution|steps|quanti[sz]\w+|weights|parameters|layers|sequence|license\w*|market|revenue|"
    r"(?:as|than) (?:in |with |at |it did in )?(?:FP|BF|INT|NF|Q)\d\w*|price (?:list|drop|cut)|"
    r"(?:than|of|as|over) (?:an? |the )?(?:nvlink|nvswitch|pcie|pci express|infinity fabric|infiniband|"
    r"ethernet|thunderbolt|ssds?|nvme|(?:system|host) (?:ram|memory))|"
    r"(?:in practice|in my hands|feels?|on paper)|(?:for|to) (?:us|me)|"
    r"% of (?:its|their)|"
    r"theor\w+|allow|bound|ratio of|loss|accuracy|quality|PUE|tax|VAT|margin)\b|"
    r"n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: What was done to one card, which is set against itself.
_SETTING = re.compile(
    r"\b(?:under|over)(?:volt|clock)\w*|\bpower[- ]limit\w*|\b(?:limited|capped|throttled) (?:it |them |"
    r"mine )?(?:to|at)\b|"
    r"\bnvidia-smi -pl\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[;:\u2013\u2014]|(?<=[a-z]{3})[.!?]\s|,\s(?:and|but|while|whereas|though|although|which|where|so)\s|\s(?:while|whereas|"
    r"but|though)\s"
)
#: From an amount to what is said of it, and what follows a ratio of two.
_IS = re.compile(
    r"(?:\s*[,(\u2013\u2014]?\s*(?:i\.e\.|(?:[a-z]+ )?(?:is|are|was|were)|or|that[\u2019']s|which (?:is|"
    r"are|was)|just|"
    r"precisely|exactly|only|merely|about|almost|nearly|roughly|a mere|some|less than|under|over|"
    r"more than|barely|still|"
    r"around|(?:an?|/|each|per) (?:tokens?|image|request|user|second|minute|hour|month|million|image)|"
    r"(?:images?|tokens?|pictures?)(?: per| a)? (?:second|minute|hour)))*\s*,?\s*",
    re.IGNORECASE,
)
_THAN = re.compile(
    r"\s*(?:of (?:what|that|the|its|an?)\b|what\b|as (?:much|many|fast|high)\b|(?:more|less|higher|"
    r"lower|faster|slower|"
    r"short|shy|above|below|over|under|behind|ahead|larger|smaller|dearer|cheaper)\b|the\b|that of\b)",
    re.IGNORECASE,
)
_BY_SIDE = {"bandwidth": "bandwidth", "memory": "memory", "power": "power", "money": "price", "flop rate": "peak",  # noqa: E501
            "op rate": "peak", "rate": "speed"}  # fmt: skip
_BY_THE_HOUR = re.compile(r"\b(?:by|per|an) (?:the )?(?:hour|month)\b", re.IGNORECASE)
_COMMON = frozenset(["the", "a", "of", "and", "in", "on", "per", "with", "for", "at", "s", "sec", "second", "our", "we", "as", "to", "price", "cost", "memory", "bandwidth", "power", "single", "user", "is", "it", "this", "that", "by", "from", "total", "over"])  # fmt: skip  # noqa: E501
_NEAR, _BEFORE, _TWO, _FEW = 160, 6, 2, 4


def find(context: Context) -> Iterator[Finding]:
    """Every ratio that nothing which the document told gives."""
    # What sentences tell of some is no table of all that may be meant.
    told = [each for each in store(context) if each.group != SPOKEN]
    if not told:
        return
    done = [(each.start, each.end) for each in context.memo["found"] if each.verdict == "confirmed"]
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            if _SETTING.search(sentence.text):
                continue
            for claim in claims(passage.text, sentence, context.fraction):
                place = passage.span(claim.start, claim.end)
                if any(a < place[1] and place[0] < b for a, b in done) or SCALING.search(
                    passage.text, sentence.start, claim.start
                ):
                    continue
                yield from _judged(index, passage, sentence, claim, told, context)


def clause(text: str, sentence: Sentence, start: int, end: int) -> tuple[int, int]:
    """The part of a sentence that says one thing, around a place."""
    first, last = sentence.start, sentence.end
    for begins, ends in _marks(text, sentence.start, sentence.end):
        if ends <= start:
            first = ends
        elif begins >= end:
            last = begins
            break
    return first, last


@lru_cache(maxsize=MANY)
def _marks(text: str, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """What parts the clauses of a sentence."""
    return tuple(match.span() for match in _CLAUSE.finditer(text, start, end))


def measure(text: str, start: int, end: int, at: tuple[int, int]) -> str:
    """What is compared, by the words of a clause that stand nearest to a ratio; empty where none does."""
    found = [
        (max(match.start() - at[1], at[0] - match.end() + _BEFORE, 0), key)
        for key, way in _WORD.items()
        for match in way.finditer(text, start, end)
    ]
    return min(found)[1] if found else ""


#: What is wide or large is told by no speed and no rent: "a bus ten times as wide".
_AS_WIDE = re.compile(
    r"\s+(?:as (?:wide|narrow|large|big|small|long|tall|dense|deep|heavy)|"
    r"(?:wid|narrow|larg|bigg|small|long)er)\b",
    re.I,
)
#: What ends the words behind a ratio that tell what it is in.
_STOPS = re.compile(r"[,;:()]|\s(?:and|but|while|at|in|for|on|with)\s")


def measured(text: str, place: tuple[int, int], claim: Claim) -> str:
    """What a ratio is in: by what follows it ("32 % more throughput"), else by the words of its clause."""
    if _AS_WIDE.match(text, claim.end):
        return ""
    stop = _STOPS.search(text, claim.end, place[1])
    of = _IN_WHAT.match(text, claim.end, place[1])
    for key in ("value", "efficiency", "energy") if of else ():
        if of and _WORD[key].search(of["what"]):
            return key
    behind = measure(text, claim.end, stop.start() if stop else place[1], (claim.end, claim.end))
    found = behind or measure(text, *place, (claim.start, claim.end))
    if found == "price" and _OF_FORMAT.search(text, *place):
        # "Its INT4 rate is double that": no rent.
        return "peak"
    # "It achieves 7.6 times the rate": of what it does, whatever that is.
    return "" if found == "price" and _ACHIEVES.search(text, place[0], claim.start) else found


#: "8 % ahead of it in images per dollar": in that, whatever "ahead" is of else.
_IN_WHAT = re.compile(r"[^.;:,()]{0,40}?\s(?:in|by)\s+(?P<what>(?!(?:our|my|the|this)\b)[^.;:,()]{3,40})")
_OF_FORMAT = re.compile(r"\b(?:FP|BF|TF|INT)\d+(?: \w+)? rates?\b", re.IGNORECASE)
#: "Half the papers of that time": so many of things that no device has.
_OF_THINGS = re.compile(
    r"\s*(?:of\s+)?(?:the|all|our|my|your|these|those|its|their)\s+(?P<what>[\w-]+)", re.IGNORECASE
)
_ACHIEVES = re.compile(
    r"\b(?:achiev|reach|deliver|process|manag|produc)\w*\s+(?:about |only |just |nearly )?$", re.IGNORECASE
)


_DOES = re.compile(
    r"\b(?:does|do|did|manages?|achieves?|makes?|made|gives?|delivers?|"
    r"produces?)\s+(?:about |only |just |nearly |almost )?$",
    re.IGNORECASE,
)
_WHAT_DOES = re.compile(
    r"\s*(?:of )?what\b[^.;,]{0,40}?\b(?:manages?|managed|does|did|makes?|made|achieves?|delivers?|can)\b",
    re.IGNORECASE,
)


def _is_of_things(text: str, claim: Claim) -> bool:
    """Whether a share is of what no word of a measure names, as "half the papers" is."""
    of = _OF_THINGS.match(text, claim.end) if claim.ways[0].times < 1 else None
    return (
        of is not None
        and of["what"].endswith("s")
        and not any(way.search(of["what"]) for way in _WORD.values())
    )


#: "Saves 13 % of energy and a third of the time": what is taken off.
_TAKES_OFF = re.compile(r"\b(?:sav|shav|spar|cut|trim|los|wast)\w*\s[^.;:]*$", re.IGNORECASE)
_OF_IT = re.compile(r"\s*of\s", re.IGNORECASE)


def _is_taken_off(text: str, place: tuple[int, int], claim: Claim) -> bool:
    """Whether a share is that by which something becomes less, and not what it is of another."""
    share = claim.ways[0].times < 1 and text[: claim.end].endswith(" of")
    share = share or (claim.ways[0].times < 1 and _OF_IT.match(text, claim.end) is not None)
    return share and _TAKES_OFF.search(text, place[0], claim.start) is not None


def _judged(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, claim: Claim, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    text = passage.text
    place = clause(text, sentence, claim.start, claim.end)
    if (
        MAKES.search(text, place[0], claim.start)
        or is_of_another_scene(text, sentence)
        or _is_of_things(text, claim)
        or _is_taken_off(text, place, claim)
        or _ELSE.search(text, place[0], _until_rows(text, claim.end, place[1]))
        or _OF_EACH.search(text, max(place[0], claim.start - _NEAR), claim.start)
        or _OF_ALL.match(text, claim.end)
    ):
        return
    part = Sentence(*place, text[slice(*place)])
    side = _side(index, text, part, claim, context)
    kind = _BY_SIDE.get(side.dimension, "") if side else measured(text, place, claim)
    asked: Sequence[Series]
    if side and not kind:
        asked = [
            each for each in told if not each.derived and any(one.value == side.value for one in each.amounts)
        ]
    else:
        asked = of_kind(kind, sentence.text, told) if kind else []
    if not side and _WHAT_DOES.match(text, claim.end) and _DOES.search(text, place[0], claim.start):
        # "Two and a half times what the T4 manages": of speeds, where any are told.
        kind = "speed"
        asked = [each for each in told if each.measure in ("speed", "time") and not each.derived]
    if kind == "price" and _BY_THE_HOUR.search(part.text):
        asked = [each for each in asked if is_of_the_hour(each, part.text)]
    asked = [each for each in _labelled(asked, sentence.text) if is_by(each, sentence.text)]
    if kind == "speed" and is_of_other_work(text, place, told):
        return
    if side:
        ratios = [side.value / one.value for each in (*asked, *_filed(kind, context)) for one in each.amounts]
        # A value by itself must be of these things.
        asked = [each for each in asked if side.dimension != "number" or _has(each, side.value)]
    else:
        known = _known(index, passage, sentence, part, asked, context)
        asked = [each for each, _ in known]
        asked = [] if _is_of_untold(index, passage, sentence, claim, asked, context) else asked
        ratios = [one for each, found in known for one in _ratios(each, found)]
        # Without its own name what it is said of may be another one than the topic.
        alone = [(each, found) for each, found in known if any(one.start < 0 for one in found)]
        ratios += [one for each, found in alone for first in found[:1] for one in _ratios(each, [first])]
        names = [found for _, found in known if found]
        ratios += [one for each in _filed(kind, context) for one in _of_file(each, names)]
        ratios += _across(told, kind, names)
    every = [*ratios, *_around(index, passage, sentence, context), *_of_spoken(context)]
    every += _over_told(passage, sentence, asked, context)
    # Which of a few is meant is seldom certain: any two of them may bear it out.
    few = [each.amounts for each in asked if not side and len(each.amounts) <= _FEW]
    every += [one.value / other.value for each in few for one, other in permutations(each, 2)]
    if not asked or not ratios or any(is_near(way, one) for way in claim.ways for one in every):
        return
    ways = [each.times for each in claim.ways]
    back = max(0, sentence.start - _NEAR)
    if gives(passage, (sentence.start, claim.start), ways, context) or follows(
        passage, (back, claim.start), ways, context
    ):
        return
    if not side and any(
        abs(one / way.times - 1) <= _TIGHT
        for way in claim.ways
        for one in _in_others(index, passage, sentence, (kind, told), context)
    ):
        return
    way = claim.ways[0]
    best = min(ratios, key=lambda each: abs(each / way.times - 1))
    shown = ", ".join(f"{each.name} {each.words}" for each in asked[0].amounts[:5] if each.words)
    because = f"nothing that the document tells makes it {way.times:.3g} times: {shown}"
    yield made(
        context, passage, (claim.start, claim.end), "ratio", "inconsistent", attribute="told before",
        because=because, expected=f"{best:.2g} times", evidence=(Evidence(because),),
    )  # fmt: skip


#: "0.2 percent of the whole": of a sum, and of none of them.
_OF_ALL = re.compile(
    r"\s*of\s+(?:(?:the|our|my|its)\s+)?(?:whole|total|sum|all|overall|entire|bill|budget)\b", re.IGNORECASE
)
#: "At a quarter of its price": of what the sentence named last.
_OF_ITS = re.compile(r"\s*(?:of\s+)?(?:its|their)\b", re.IGNORECASE)


def _is_of_untold(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, claim: Claim, asked: Sequence[Series], context: Context
) -> bool:
    """Whether a ratio is of something that "its" device has, and nothing told is of that device."""
    if not _OF_ITS.match(passage.text, claim.end):
        return False
    before = within(context.mentions.get(index, ()), sentence.start, claim.start)
    return bool(before) and not any(one.ids & {*before[-1].ids} for each in asked for one in each.amounts)


def _of_spoken(context: Context) -> list[float]:
    """The ratios of what sentences tell of two."""
    pairs = [permutations(each.amounts, 2) for each in store(context) if each.group == SPOKEN]
    return [a.value / b.value for each in pairs for a, b in each]


#: Work that a speed is told of: "in Blender", "with Stable Diffusion".
_WORK = re.compile(
    r"\b(?:in|on|for|with|under|at|running|rendering)\s+(?:the\s+|an?\s+)?(?P<of>[A-Z][A-Za-z]{2,})"
)


def is_of_other_work(text: str, place: tuple[int, int], told: Sequence[Series]) -> bool:
    """Whether a clause names work that no table of the document is of."""
    known = {word for each in told for word in tokens(each.label)}
    known |= {word for each in told for one in each.amounts for word in tokens(one.name)}
    return any(match["of"].lower() not in known for match in _WORK.finditer(text, *place))


def is_by(series: Series, text: str) -> bool:
    """Whether what a sentence tells per watt, token or job is told so by a series too."""
    by = _BY_THING.search(text)
    return by is None or re.search(rf"(?:\bper\b|/|\ba\b).{{0,12}}{by[1]}", series.label, re.I) is not None


#: "Measured per token", "four times the work per clock": of nothing that is told by itself or in a time.
_BY_THING = re.compile(
    r"\b(?:per|for each|for every)\s+(?:million\s+|single\s+|unit of\s+)*"
    r"(?!(?:second|minute|hour|day|week|month|year|cent|se)\b)([a-z]+?)s?\b",
    re.IGNORECASE,
)


def _side(index: int, text: str, part: Sentence, claim: Claim, context: Context) -> Quantity | None:
    """The amount of which a ratio is said right behind it: "896 GB/s, precisely half of what"."""
    before = [
        each for each in within(quantities(text, context.fraction), part.start, claim.start)
        if each.value > 0 and each.high == each.value and each.dimension not in ("percent", "times", "count")
        and not is_of_name(index, each.start, context)
    ]  # fmt: skip
    if not before or not _IS.fullmatch(text, before[-1].end, claim.start):
        return None
    if _ADDED.search(text, part.start, before[-1].start):
        # "Adds 1,300 images/s, or 87 % more": what two differ by, which is no value of either.
        return None
    return before[-1] if _THAN.match(text, claim.end) else None


def is_of_name(index: int, at: int, context: Context) -> bool:
    """Whether a number is one of a device's name."""
    return any(each.start <= at < each.end for each in context.mentions.get(index, ()))


_ADDED = re.compile(
    r"\b(?:add(?:s|ed|ing)?|gain(?:s|ed|ing)?|sav(?:e|es|ed|ing)|another|(?:an )?extra|lost|loses?|losing|"
    r"up|down|by|differ\w*|gap of|short of)\s+"
    r"(?:(?:about|around|roughly|only|just|some|us|me|you|another|an|extra)\s+)*$",
    re.IGNORECASE,
)


def _has(series: Series, value: float) -> bool:
    return any(abs(each.value / value - 1) < 0.005 for each in series.amounts)


def _labelled(asked: Sequence[Series], words: str) -> Sequence[Series]:
    """The series whose headings have a word of the sentence that others have not; all where none has."""
    asked = [
        each for each in asked if each.measure not in ("speed", "time") or is_of_regime(each.label, words)
    ]
    every = [{one for one in tokens(each.label) if one not in _COMMON and not each.derived} for each in asked]
    said = tokens(words)
    shared = frozenset.intersection(*map(frozenset, every)) if every else frozenset()
    rank = [len((own & said) - shared) for own in every]
    best = max(rank, default=0)
    # Of a series without a heading it is not told what it is of.
    return (
        [
            each
            for each, n, own in zip(asked, rank, every, strict=True)
            if n == best or not (own or each.derived)
        ]
        if best
        else asked
    )


#: Behind a name in a line of a list: "7900xtx .... 107 tok/s".
_LINE = re.compile(r"\s?\.{3,}\s*[\d$]")


def is_of_unlisted(who: Spoken, part: Sentence, asked: Sequence[Series]) -> bool:
    """Whether "it" is a device that no table tells of: "and it costs three times as much"."""
    ids = {one for each in who.topic[:1] for one in (*each.ids, *each.named)}
    listed = {one for each in asked for amount in each.amounts for one in amount.ids}
    return bool(ids) and who.certain and not ids & listed and _IT.search(part.text) is not None


def _known(  # noqa: PLR0917
    index: int,
    passage: Passage,
    sentence: Sentence,
    part: Sentence,
    asked: Sequence[Series],
    context: Context,
) -> list[tuple[Series, list[Named]]]:
    """The series of which a clause names a thing, else the sentence, else its topic; all where none is named."""  # noqa: E501
    who = spoken(index, passage, sentence, context)
    if is_of_unlisted(who, part, asked):
        return []
    for place in (part, sentence):
        here = [
            (
                each,
                [
                    one
                    for one in named(index, passage, place, each, context)
                    if not _LINE.match(passage.text, one.end)
                ],
            )
            for each in asked
        ]
        if all(len(found) < _TWO for _, found in here):
            # "It does eight times the work of the T4": of what was spoken of.
            also = [(each, _topic(index, passage, sentence, each, context)) for each in asked]
            against = {*spoken(index, passage, sentence, context).against}
            if against and not spoken(index, passage, sentence, context).own:
                here = [
                    (each, [*found, *(one for one in more if one.amount not in [x.amount for x in found])])
                    for (each, found), (_, more) in zip(here, also, strict=True)
                ]
        if any(found for _, found in here):
            most = max(len(found) for _, found in here)
            return [(each, found) for each, found in here if len(found) >= min(most, _TWO)]
    goes_on = _IT.search(passage.text, part.start, part.end)
    topic = [(each, _topic(index, passage, sentence, each, context)) for each in asked if goes_on]
    if any(found for _, found in topic):
        return [(each, found) for each, found in topic if found]
    mine = {one for each in (*who.here, *who.topic[:1]) for one in (*each.ids, *each.named)}
    if mine and not any(one.ids & mine for each in asked for one in each.amounts):
        # Of devices that no table tells of.
        return []
    return [(each, []) for each in asked] if _OF_THESE.search(sentence.text) else []


def _filed(kind: str, context: Context) -> list[Series]:
    """What is on file of the kind that is compared."""
    return [each for each in of_catalogue(context) if each.measure == kind]


def _of_file(series: Series, names: Sequence[Sequence[Named]]) -> list[float]:
    """The ratios on file of the devices that are named, over each other or over the others."""
    ids = frozenset().union(*(each.amount.ids for found in names for each in found))
    own = [each for each in series.amounts if each.ids & ids] if ids else list(series.amounts)
    return [way for one in own for other in series.amounts if one is not other
            for way in (one.value / other.value, other.value / one.value)]  # fmt: skip


#: What is counted of work: more of it is told by no bandwidth and no peak.
_OF_WORK = re.compile(
    r"\b(?:tok(?:en)?s?|images?|pictures?|frames?|samples?|requests?|throughput|benchmarks?|"
    r"train(?:s|ing|ed)?|inference|workloads?|tasks?|models?|networks?|convnets?|epochs?|render\w*|"
    r"simulations?|real[- ]world|practice)\b",
    re.IGNORECASE,
)


#: That what is faster is so by its data sheet: "864 GB/s, twice as fast", "ahead on paper".
_ON_PAPER = re.compile(
    r"\b(?:[GT]B/s|memory|vram|bandwidth|T?FLOPS|paper|peaks?|theor\w+|rated|arithmetic|FP\d+|BF16|TF32|INT\d)\b",
    re.IGNORECASE,
)


def of_kind(kind: str, words: str, told: Sequence[Series]) -> list[Series]:
    """The series that a kind of words is of: those worked out only where the words ask for work or for one."""  # noqa: E501
    works = _BY_WORK.search(words) is not None
    found = [each for each in told if each.measure in _KINDS[kind] and (not each.derived or works)]
    if kind == "speed" and not found and _ON_PAPER.search(words) and not _OF_WORK.search(words):
        found = [each for each in told if each.measure in ("bandwidth", "peak") and not each.derived]
    return found


def _across(told: Sequence[Series], kind: str, names: Sequence[Sequence[Named]]) -> list[float]:
    """What one thing costs in one place and in another: its prices in several tables."""
    if kind != "price":
        return []
    ids = frozenset().union(*(each.amount.ids for found in names for each in found))
    values = {
        value for each in told if each.measure == "price" and not each.derived
        for one in each.amounts if one.ids & ids
        for value in (one.value, one.value / one.number)
    }  # fmt: skip
    return [a / b for a in values for b in values if a != b]


def _topic(index: int, passage: Passage, sentence: Sentence, series: Series, context: Context) -> list[Named]:
    who = spoken(index, passage, sentence, context)
    ids = {one for each in who.topic[:1] for one in each.ids}
    return [Named(-1, -1, each) for each in series.amounts if each.ids & ids][:1]


def _ratios(series: Series, found: Sequence[Named]) -> list[float]:
    """What two things that are named have over each other; of one what it has over each; of none, of any two."""  # noqa: E501
    if not found:
        return _all(series)
    made = []
    own = [each.amount for each in found]
    for one in own:
        for other in own if len(own) > 1 else series.amounts:
            if other is not one:
                made += [one.value / other.high, other.value / one.high, one.high / other.value]
            if other is not one and one.number != other.number:
                apart = one.value / one.number / (other.value / other.number)
                made += [apart, 1 / apart]
    return made


#: How near a ratio in something else than what the words seem to be of must be to excuse one.
_TIGHT = 0.03
#: What words that seem to be of one kind may be of besides: "moves data 2.4 times as fast".
_BESIDES = {
    "speed": ("speed", "time", "peak", "bandwidth"),
    "price": ("price", "value"),
    "value": ("price", "value"),
    "energy": ("energy", "power", "efficiency", "time"),
}


def _in_others(
    index: int, passage: Passage, sentence: Sentence, asked: tuple[str, Sequence[Series]], context: Context
) -> Iterator[float]:
    """What the things that a sentence names have over each other in all that its words may be of.

    Which column is meant is told by few words: "4.7 times the throughput" may be that of the peaks in FP32.
    """
    who = spoken(index, passage, sentence, context)
    topic = {one for each in who.topic for one in each.ids}
    kinds = _BESIDES.get(asked[0], (asked[0],))
    rows = (
        asked[0] == "speed"
        and _ROW_OF_WORK.search(sentence.text) is not None
        and _is_headed(asked[1], sentence)
    )
    for each in (*asked[1], *of_catalogue(context)):
        if each.measure not in kinds:
            continue
        if each.measure in ("peak", "bandwidth") and rows:
            # "In convolution training": of what the rows of that work tell.
            continue
        own = [one.amount for one in named(index, passage, sentence, each, context)]
        both = len(own) > 1
        own = own if both else [*own, *(one for one in each.amounts if one.ids & topic)]
        for one in own:
            for other in own if both else each.amounts:
                if one is not other:
                    yield from _over(one, other)


#: Work that a row is of, in so many words.
_ROW_OF_WORK = re.compile(
    r"\b(?:in|on|for) (?:\w+ |the )?(?:training|fine-?tuning|generation|inference|transcription|detection)\b|"
    r"\b(?:in|on) (?:the|both|these|our|all) (?:\w+ )?(?:rows?|tests?|benchmarks?)\b",
    re.IGNORECASE,
)


def _is_headed(told: Sequence[Series], sentence: Sentence) -> bool:
    """Whether series of speeds share a word of their headings with a sentence, or it speaks of rows."""
    said = tokens(sentence.text) - _COMMON
    rows = _ROW.search(sentence.text) is not None
    return any(each.measure in ("speed", "time") and (rows or tokens(each.label) & said) for each in told)


_ROW = re.compile(r"\brows?\b", re.IGNORECASE)
_ROWS_WHERE = re.compile(r"\b(?:rows?|tests?|cases) (?:where|that|in which)\b", re.IGNORECASE)


def _until_rows(text: str, start: int, end: int) -> int:
    """The end of a clause, without what it says of the rows that it is of: "in the rows where both could"."""
    match = _ROWS_WHERE.search(text, start, end)
    return match.start() if match else end


def _over(one: Amount, other: Amount) -> Iterator[float]:
    """The ratios of two amounts, each by itself and as many as there are of the thing."""
    for a in {one.value, one.value * one.number}:
        for b in {other.value, other.value * other.number}:
            yield a / b
            yield b / a


def _all(series: Series) -> list[float]:
    values = [each.value for each in series.amounts]
    return [a / b for at, a in enumerate(values) for other, b in enumerate(values) if at != other]


def _in_brackets(text: str, one: Quantity) -> bool:
    """Whether a bare number stands alone in brackets, in the unit of one before: "490 images/s .. (420)"."""
    return one.dimension == "number" and text[one.start - 1 : one.end + 1] == f"({text[one.start : one.end]})"


def _over_told(
    passage: Passage, sentence: Sentence, asked: Sequence[Series], context: Context
) -> list[float]:
    """The ratios of what was told to an amount close before: "for $3,000 .. and cost a third more"."""
    near = within(quantities(passage.text, context.fraction), max(0, sentence.start - _NEAR), sentence.end)
    return [
        one.value / each.value
        for series in asked
        for one in series.amounts
        for each in near
        if each.dimension == series.dimension and each.value > 0 and each.dimension != "number"
    ]


def _around(index: int, passage: Passage, sentence: Sentence, context: Context) -> list[float]:
    """The ratios of an amount of the sentence and another of its kind in it or close before it."""
    every = within(quantities(passage.text, context.fraction), max(0, sentence.start - _NEAR), sentence.end)
    told = [
        each for each in every
        if each.value > 0 and each.dimension not in ("percent", "times") and not is_of_name(index, each.start, context)  # noqa: E501
    ]  # fmt: skip
    own = [each for each in told if each.start >= sentence.start]
    return [
        way for a in own for b in told
        if a is not b and (a.dimension == b.dimension or _in_brackets(passage.text, a))
        for way in (a.value / b.value, b.value / a.value)
    ]  # fmt: skip
