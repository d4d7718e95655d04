"""A ratio that no two of the figures told beside it have: "2,500 images/s and 1,250, so it is three times".

No reading of the sentence is looked for: where all figures of one unit that stand right before a ratio give
other ratios, whichever two are meant, it is wrong.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.concluded import ON_TOP
from whichgpu.audit.clauses.mood import is_indicative
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.excluded.scope import inconsistent
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.said import claims, is_near
from whichgpu.audit.premised.amounts import number
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from whichgpu.audit.comparisons.multiple import Multiple
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.said import Claim
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

#: What a figure by itself is that stands in a list with one that has a unit: "30 minutes on the A100 and 90".
_BARE = re.compile(r"\s*(?:$|[.,;:)]|(?:on|for|with|at|by|in|and|against|versus|vs|to|as|of|when|per)\b)")
#: A thing that is counted, in as many words as say it.
_COUNTED = re.compile(
    r"\s+(?:output |generated )?(?!(?:with|from|when|than|while|versus|against|under|without|over|"
    r"whereas)\b)"
    r"(?P<what>(?:(?:CUDA|Tensor|RT|stream|shader|Xe|compute|tensor)\s)?[a-z]{4,})\b"
)
_A_HOUR = " by the hour"
_BY_HOUR = f"money{_A_HOUR}"
_UNITLESS = ("number", "count")
_NO_AMOUNTS = ("times", "percent", "length")
#: What carries a ratio over to the figures of the sentence before.
_CARRIES = re.compile(
    r"\s*(?:So\b|Thus\b|Hence\b|Therefore\b|"
    r"That(?:[\u2019']s| is| makes| means| works| puts| amounts| gives)|"
    r"This (?:is|makes|means|puts|gives|corresponds|translates|amounts|works)|Which|In other words|I\.e\.|"
    r"It[\u2019']s|That way|In short|Put differently|Put another way|Consequently|As a result|Overall|"
    r"(?:A|An) (?:increase|improvement|gain|jump|difference|speed-?up|reduction|saving|factor)\b)"
)
#: Behind a ratio, of what it is, and that it ends there. By the dimension of the figures; "" of any.
_ENDS = (
    r"(?=\s*(?:[.,;:)!\u2013\u2014-]|$|(?:than|as|for|on|over|compared|from|in|at|with|and|but|while|when|"
    r"because|of the|between|to)\b))"
)
_PLAIN = (
    r"(?:(?:as|that|the) (?:much|many|high|large|big|amount|number|value|figure)|more|less|fewer|higher|"
    r"lower|larger|"
    r"greater|bigger|smaller|of (?:that|it|those)|that|an? (?:increase|improvement|difference)|increase|"
    r"improvement|jump|difference|gain|reduction|drop|decrease|gap|advantage|lead|edge|ahead|uplift|boost|"
    r"surplus|margin|benefit)"
)
_TAILS = {
    "money": r"(?:cheaper|(?:more|less) expensive|dearer|pricier|costlier|(?:of )?the (?:price|cost)|"
    r"as expensive|as cheap|premium|discount|(?:price )?(?:difference|premium|gap)|more per hour|"
    r"less per hour|(?:higher|lower) (?:price|cost))",
    "rate": r"(?:faster|slower|quicker|as fast|as quick|as slow|(?:of )?the (?:speed|throughput|performance)|"
    r"speed-?up|(?:more|higher|lower|less) (?:throughput|performance|speed)|(?:speed|performance) "
    r"(?:increase|gain|boost|"
    r"improvement|advantage))",
    "bandwidth": r"(?:(?:of )?the (?:memory )?bandwidth|(?:more|higher|less|lower) (?:memory )?bandwidth|"
    r"faster in bandwidth|as much (?:memory )?bandwidth)",
    "memory": r"(?:(?:of )?the (?:memory|capacity|vram)|(?:more|less) (?:memory|vram|capacity)|"
    r"as much (?:memory|vram))",
    "power": r"(?:(?:of )?the (?:power|draw|wattage|consumption)|(?:more|less) (?:power|energy)|"
    r"as much power|as hungry|thirstier|hungrier)",
}
_TAILS["time"] = (
    _TAILS["rate"] + r"|(?:longer|shorter|sooner|as long|(?:less|more|of the|the) time|time savings?)"
)
_TAILS["flop rate"] = _TAILS["op rate"] = (
    r"(?:faster|as fast) (?:on paper|in theory)|(?:of )?the (?:peak|compute)|more (?:compute|tflops)"
)
_TAIL = {key: re.compile(rf"\s*(?:{_PLAIN}|{own}){_ENDS}", re.IGNORECASE) for key, own in _TAILS.items()}
_OF_COUNTS = re.compile(
    rf"\s*(?:{_PLAIN}|(?:more|fewer|the|as many|of the) (?:[A-Za-z]+ ){{0,2}}(?:cores|units|sms|shaders|"
    rf"gpus|"
    rf"cards|tokens|images)){_ENDS}",
    re.IGNORECASE,
)
_MANY = re.compile(r"\s*(?:(?:as|that) many|fewer|(?:the )?number)\b", re.IGNORECASE)
#: Kinds of figures that one word names, and what names them in the clause of a ratio.
_KIN = {_BY_HOUR: "money", "time": "rate", "op rate": "flop rate"}
_NAMES = {
    key: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for key, words in (
        ("money", r"costs?|prices?|priced|cheaper|dearer|pricier|(?:more|less|as) expensive"),
        ("rate", r"fast(?:er)?|slow(?:er)?|quick(?:er)?|speed\w*|throughput|tokens?|images?|longer|shorter|"
                 r"takes?|took|time"),
        ("bandwidth", r"bandwidth"),
        ("memory", r"memory|vram|capacity"),
        ("power", r"power|draws?|watts?|hungr\w+|consum\w+|thirst\w+"),
    )
}  # fmt: skip
#: A ratio by itself, in an apposition: ", an increase of 60 %.", "(3x)".
_ALONE = re.compile(
    r"(?:[,(:\u2013\u2014]\s*|\b(?:is|are|i\.e\.,?|makes|so|thus|hence|or|it[\u2019']s|that[\u2019']s|"
    r"means)\s+)"
    r"(?:(?:an?|the|by|of|about|around|roughly|close to|some|nearly|almost|just|only|exactly|over|"
    r"more than|"
    r"less than|increase|improvement|difference|gain|jump|uplift|speed-?up|factor|rise|reduction|drop|"
    r"decrease|up|surcharge|premium|advantage|lead|saving|discount|penalty|mark-?up|"
    r"down)\s+)*$",
    re.IGNORECASE,
)
_STOPS = re.compile(r"\s*(?:[.);]|$)")
_YEAR = re.compile(r"(?:19|20)\d\d")
_HOURLY = re.compile(r"\s*(?:/|per|an|each|every)\s*(?:h|hr|hour|GPU[- ]hour)\b", re.IGNORECASE)
#: What makes a ratio one of something else than of the figures.
_ELSE = re.compile(
    r"\b(?:per (?!hour|second|minute|month|day|card|gpu)\w+|each|scal\w+|efficien\w+|peak|sparsity|sparse|"
    r"theor\w+|instead|only if|real|"
    r"actual\w*|in practice|together|combined|effective\w*|up to|at least|at most|value|bang|depending|"
    r"varies|typical\w*)\b",
    re.IGNORECASE,
)
#: Before a ratio, what has none of the figures: "with four GPUs it was 1,024, and with eight twice as many".
_ON_SO_MANY = re.compile(
    r"\b(?:with|on|for|at|in|from)\s+(?:all\s+)?(?:\d+|two|three|four|five|six|eight|ten|twelve|sixteen)"
    r"(?:\s+(?:of\s+them|cards|gpus|nodes))?(?:,|\s+(?:it\s+(?:is|was)|about|roughly|just|exactly))?\s+$",
    re.IGNORECASE,
)
#: A share that is taken off, and around the two ends of what it is taken off.
_OFF = re.compile(r"\s*(?:off|discount|less|cheaper|reduction|saving)\b", re.IGNORECASE)
_BRACKETS = re.compile(
    r"(?:(?!\b(?:and|but|while|"
    r"with)\b)[^.,;()\d]){0,48}\(\s?[$\u20ac]?(?P<a>\d[\d,]*(?:\.\d+)?)(?:\s?[A-Za-z/%]+)?\s(?:against|"
    r"vs\.?|versus|"
    r"compared (?:to|with))\s"
    r"[$\u20ac]?(?P<b>\d[\d,]*(?:\.\d+)?)(?:\s?[A-Za-z/%]+)?\s?\)",
    re.IGNORECASE,
)
_COMES = re.compile(r"\s?(?:percent)?,?\s\(?from\s(?:about\s|around\s)?", re.IGNORECASE)
_FROM = re.compile(r"\bfrom\s(?:about\s|around\s)?$", re.IGNORECASE)
_TO = re.compile(r"(?:\s(?:an|per|a)\s?hour)?\s+to\s+(?:about\s|around\s|just\s|only\s)?", re.IGNORECASE)
#: Before a share that something changed by.
_BY = re.compile(r"\bby\s(?:\w+\s)?$", re.IGNORECASE)
#: What a ratio to a figure of the sentences before is in, and nothing behind it; what is paid by other times.
_STRICT = {
    "money": re.compile(r"\s*(?:cheaper|(?:more|less) expensive|dearer|pricier)(?=\s*(?:[.,;)]|$))", re.I),
    "rate": re.compile(r"\s*(?:faster|slower|quicker|as fast)(?=\s*(?:[.,;)]|$))", re.I),
}
_PERIOD, _BACK = re.compile(r"\b(?:month|year|week|day|used|second[- ]?hand)\w*\b", re.I), 2
#: What parts a sentence.
_PARTS = re.compile(r"[,;:()]\s|\b(?:and|but|while|whereas)\s")
#: How far before a ratio its figures stand at most, and by how much more than rounding it must be off.
_FAR, _SURE = 200, 0.05
_MOST = 4


class Told(NamedTuple):
    """A figure that is told: where, of what unit or thing, how much, and what one of its unit is."""

    start: int
    end: int
    of: str
    value: float
    one: float


class _Where(NamedTuple):
    """A sentence with what it goes on from, what is told there, and the ratios that it states."""

    passage: Passage
    sentence: Sentence
    #: Where what it goes on from begins.
    back: int
    #: The names of devices of the passage, with the catalogue's models.
    names: Sequence[tuple[int, int, frozenset[str]]]
    told: Sequence[Told]
    every: Sequence[Claim]

    def models(self, start: int, end: int) -> set[frozenset[str]]:
        """The models that are named in a stretch of the passage."""
        return {name for at, _, name in self.names if start <= at < end}

    def clause(self, claim: Claim) -> tuple[int, int]:
        """Where the clause of a ratio begins and ends."""
        text, sentence = self.passage.text, self.sentence
        before = (each.end() for each in _PARTS.finditer(text, sentence.start, claim.start))
        end = next((each.start() for each in _PARTS.finditer(text, claim.end, sentence.end)), sentence.end)
        return max(before, default=sentence.start), end


def quotients(context: Context) -> Iterator[Finding]:
    """Every ratio of running text that no two figures beside it have."""
    for index, passage in context.document.running():
        here = context.mentions.get(index, ())
        names = [(each.start, each.end, model(each.named[0], context.catalogue)) for each in here]
        done: list[Sentence] = []
        for sentence in sentences(passage.text):
            back = _carried(passage.text, sentence, done)
            done.append(sentence)
            told = told_in(passage.text, (back, sentence.end), names, context.fraction)
            if "?" in sentence.text or not is_indicative(sentence.text):
                continue
            earlier = done[-1 - _BACK : -1]
            if not told and not (earlier and told_in(
                passage.text, (earlier[0].start, sentence.start), names, context.fraction
            )):  # fmt: skip
                # A ratio is of no figures that stand nowhere.
                continue
            every = claims(passage.text, sentence, context.fraction)
            where = _Where(passage, sentence, back, names, told, every)
            for claim in every:
                yield from _judged(claim, where, context)
                yield from _off(claim, where, context)


def _carried(text: str, sentence: Sentence, done: Sequence[Sentence]) -> int:
    """Where that begins which a sentence is about: "A: 5 s; B: 9 s. So A is faster" begins with A."""
    if not done or not _CARRIES.match(text, sentence.start):
        return sentence.start
    goes_on = len(done) > 1 and text[: done[-1].start].rstrip().endswith(";")
    return done[-2 if goes_on else -1].start


def told_in(
    text: str, place: tuple[int, int], names: Sequence[tuple[int, int, frozenset[str]]], fraction: str
) -> list[Told]:
    """The figures of a stretch of text; one by itself is of the unit of the one before it."""
    found: list[Told] = []
    near = [(start, end) for start, end, _ in names if place[0] < end and start < place[1]]
    for each in within(quantities(text, fraction), *place):
        in_name = any(start <= each.start < end for start, end in near)
        if each.dimension in _NO_AMOUNTS or each.value <= 0 or in_name:
            continue
        if each.high != each.value:
            if _RISES.search(text, max(0, each.start - 8), each.start):
                # "It went from 800 to 1,000 images per second": two figures.
                of = _unit_of(text, each, found)
                found += [Told(each.start, each.end, of, one, 1.0) for one in (each.value, each.high)]
            continue
        if _RELEASE.fullmatch(text, each.start, each.end) and _OF_RELEASES.search(text, 0, each.start):
            continue
        if each.dimension not in _UNITLESS:
            plain = number(text[each.start : each.end])
            of = _unit_of(text, each, found)
            found.append(Told(each.start, each.end, of, each.value, each.value / (plain or 1)))
        elif counted := _COUNTED.match(text, each.end):
            found.append(Told(each.start, each.end, counted["what"].lower(), each.value, 1.0))
        elif found and _BARE.match(text, each.end) and not _YEAR.fullmatch(text, each.start, each.end):
            last = found[-1]
            found.append(Told(each.start, each.end, last.of, each.value * last.one, last.one))
    return found


#: "With PCIe 4.0, and half of that with 3.0": releases, of which none is a multiple of another.
_RELEASE = re.compile(r"[1-9]\.0")
_OF_RELEASES = re.compile(
    r"\b(?:PCIe?|PCI[ -]Express|CUDA|ROCm|USB|HDMI|DisplayPort|PyTorch)\b", re.IGNORECASE
)
#: Before what something was and what it became.
_RISES = re.compile(r"\bfrom $", re.IGNORECASE)


def _unit_of(text: str, one: Quantity, found: Sequence[Told]) -> str:
    """The dimension of a figure; of money whether it is by the hour, as the one before it where none says."""
    goes_on = bool(found) and found[-1].of == _BY_HOUR
    by_hour = one.dimension == "money" and (goes_on or _HOURLY.match(text, one.end))
    return _BY_HOUR if by_hour else one.dimension


def _judged(claim: Claim, where: _Where, context: Context) -> Iterator[Finding]:
    """The accusation of a ratio that no two figures of one kind have, of whichever kind it can be."""
    text = where.passage.text
    start, end = where.clause(claim)
    named = {key for key, words in _NAMES.items() if words.search(text, start, end)}
    first_named = where.models(claim.end, end) - where.models(where.back, claim.start)
    of_else = first_named or _ELSE.search(text, start, end) or _ON_SO_MANY.search(text, start, claim.start)
    pairs = [*_ends(claim, where)] or [*_in_brackets(claim, where)]
    if not pairs and not of_else:
        pairs = [*_pairs(claim, where, named)] or [*_with_earlier(claim, where, context)]
    # "From 600 to 900, by a third": of what it was.
    grown = _BY.search(text, start, claim.start) is not None
    reals = [real for a, b in pairs for real in (b.value / a.value, *(() if grown else (a.value / b.value,)))]
    # "From 340 to 255 ms, an improvement of 25 %": of the time.
    reals += [2 - min(a.value, b.value) / max(a.value, b.value) for a, b in pairs if a.of == b.of == "time"]
    # "40 % dearer but twice as fast, so a job costs 30 % less": of the two ratios together.
    others = [way.times for each in where.every if each is not claim for way in each.ways]
    reals += [way for real in reals for other in others for way in (real * other, real / other)]
    # "17 GB on top of 16, so it is halved": of the two together.
    added = [(a, b) for a, b in pairs if ON_TOP.search(text, *sorted((a.end, b.start)))]
    sums = [(a.value + b.value) / one.value for a, b in added for one in (a, b)]
    # "$11.20 less than before, a saving of 58 %": of what it was.
    wholes = [(a.value, a.value + b.value) for two in pairs for a, b in (two, two[::-1])
              if _LESS_THAN.match(text, a.end)]  # fmt: skip
    reals += [*sums, *(1 / each for each in sums), *(1 - part / whole for part, whole in wholes)]
    if pairs and _OPEN.match(text, claim.end):
        reals += _to_earlier(pairs[-1], where, context)
    if not pairs or any(is_it(way, real) for way in claim.ways for real in reals):
        return
    a, b = sorted(pairs[-1], key=lambda one: -one.value)
    times = a.value / b.value
    because = f"{text[a.start : a.end]} is {times:.3g} times {text[b.start : b.end]}"
    yield made(
        context, where.passage, (claim.start, claim.end), "ratio", "inconsistent", attribute="told before",
        because=because, expected=f"{times:.2g}x", evidence=(Evidence(because),),
    )  # fmt: skip


#: Behind a difference.
_LESS_THAN = re.compile(
    r"\s*(?:an hour |a month |a year |per \w+ )?(?:less|cheaper|lower|more|dearer|saved)\b", re.IGNORECASE
)


#: Behind a ratio, that it is to something which was spoken of before: "84 GB are left, six times as much".
_OPEN = re.compile(r"\s*as (?:much|many|fast|long|large|big)(?=\s*(?:[.,;:)]|$))", re.IGNORECASE)
#: So many passages before are looked at for that.
_EARLIER = 3


def _to_earlier(pair: tuple[Told, Told], where: _Where, context: Context) -> Iterator[float]:
    """What the figures of a pair are to those of their kind in the passages before."""
    at = context.place(where.passage)
    before = " ".join(each.text for each in context.document.passages[max(0, at - _EARLIER) : at])
    told = [*told_in(before, (0, len(before)), (), context.fraction)]
    told += told_in(where.passage.text, (0, where.back), where.names, context.fraction)
    return (one.value / each.value for one in pair for each in told if each.of == one.of)


def _pairs(claim: Claim, where: _Where, named: AbstractSet[str]) -> Iterator[tuple[Told, Told]]:
    """Each two figures of one kind that a ratio can be of; of one that its clause names, if it names any."""
    text = where.passage.text
    ahead = [each for each in where.told if claim.start - _FAR < each.start and each.end <= claim.start]
    kinds = dict.fromkeys(each.of for each in ahead)
    for of in kinds:
        same = [each for each in where.told if each.of == of]
        near = [each for each in ahead if each.of == of]
        worked_out = of.startswith("money") and "time" in kinds
        if len(near) < len(("one", "other")) or len(same) > _MOST or worked_out:
            continue
        if named and not named & {of, _KIN.get(of, of)}:
            # "960 GB/s against 1,008, although it costs four times as much".
            continue
        if near[-1] is ahead[-1] and _says(text, claim, of) and not _turns(near[-1], claim, where):
            yield from combinations(same, 2)


def _ends(claim: Claim, where: _Where) -> Iterator[tuple[Told, Told]]:
    """The two ends right behind a change: "the limit rose by 40 %, from 450 to 575 W"."""
    text = where.passage.text
    behind = [each for each in where.told if each.start >= claim.end]
    for a, b in pairwise(behind[:2]):
        kinds = a.of == b.of and _COMES.fullmatch(text, claim.end, a.start)
        if kinds and _TO.fullmatch(text, a.end, b.start):
            yield a, b


def _in_brackets(claim: Claim, where: _Where) -> Iterator[tuple[Told, Told]]:
    """The two numbers in brackets behind a ratio: "twice as much in dense figures (1,307 against 989)"."""
    match = _BRACKETS.match(where.passage.text, claim.end, where.sentence.end)
    if match:
        a, b = (float(match[key].replace(",", "")) for key in ("a", "b"))
        if a and b:
            yield Told(*match.span("a"), "number", a, 1.0), Told(*match.span("b"), "number", b, 1.0)


def _off(claim: Claim, where: _Where, context: Context) -> Iterator[Finding]:
    """What is left of an amount less a share: "with 60 % off, it falls from $32.77 to $13.11"."""
    text = where.passage.text
    behind = [each for each in where.told if each.start >= claim.end]
    alike = len({each.of.removesuffix(_A_HOUR) for each in behind}) == 1
    if len(behind) != len(("from", "to")) or len(where.told) > len(behind) or not alike:
        return
    a, b = behind
    leads = _OFF.match(text, claim.end) and _FROM.search(text, claim.end, a.start)
    real = a.value * claim.ways[0].times
    if real and leads and _TO.fullmatch(text, a.end, b.start) and abs(b.value / real - 1) > _LEFT:
        because = f"{text[a.start : a.end]} less {text[claim.start : claim.end]} are {real:,.4g}"
        yield inconsistent(where.passage, (b.start, b.end), because, context, expected=f"{real:,.4g}")


#: How far what is left may be off.
_LEFT = 0.06


def _with_earlier(claim: Claim, where: _Where, context: Context) -> Iterator[tuple[Told, Told]]:
    """The one figure of a sentence with those of its kind that the two sentences before it tell."""
    text, here = where.passage.text, where.sentence
    starts = [each.start for each in sentences(text) if each.end <= here.start][-_BACK:]
    if not starts or _PERIOD.search(here.text):
        return
    # A number by itself is of the unit of the one before it, in the sentence before, too.
    told = told_in(text, (starts[-1], here.end), where.names, context.fraction)
    own = [each for each in told if here.start <= each.start and each.end <= claim.start]
    kind = own[0].of.removesuffix(_A_HOUR) if len(own) == 1 else ""
    strict = kind in _STRICT and _STRICT[kind].match(text, claim.end)
    if not kind or not (strict or _CONCLUDES.search(text, own[0].end, claim.start)):
        return
    first = starts[0] if strict else starts[-1]
    before = told_in(text, (first, here.start), where.names, context.fraction)
    pairs = [(each, own[0]) for each in before if each.of.removesuffix(_A_HOUR) == kind]
    if strict or (len(pairs) == 1 and _says(text, claim, kind)):
        yield from pairs


#: Right before a ratio, that it follows from what was told.
_CONCLUDES = re.compile(
    r"(?:,\s+(?:so|which|i\.e\.|thus|hence|that is|or|an?|up|down)\b|\bso\b)[^.;\d]{0,40}$", re.IGNORECASE
)


def _says(text: str, claim: Claim, of: str) -> bool:
    """Whether the words around a ratio make it one of figures of some kind, or of any."""
    tail = _TAIL.get(_KIN.get(of, of), _OF_COUNTS)
    if tail is not _OF_COUNTS and _MANY.match(text, claim.end):
        # "90 GB less 15 for the runtime: room for three times as many".
        return False
    alone = _STOPS.match(text, claim.end) and _ALONE.search(text, 0, claim.start)
    return bool(alone or tail.match(text, claim.end))


def _turns(last: Told, claim: Claim, where: _Where) -> bool:
    """Whether a device that has none of the figures is named between them and a ratio."""
    parts = _PARTS.finditer(where.passage.text, last.end, claim.start)
    start = max((each.end() for each in parts), default=claim.start)
    return bool(where.models(start, claim.start) - where.models(where.back, start))


def is_it(way: Multiple, real: float) -> bool:
    """Whether a ratio can be what is stated, with some more than what rounding excuses."""
    if way.step:
        return any(is_near(way, real + off) for off in (-_POINT, 0.0, _POINT))
    return any(is_near(way, real * off) for off in (1 - _SURE, 1.0, 1 + _SURE))


#: The same of a change in percent.
_POINT = 0.015
