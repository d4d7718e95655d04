"""What a clause says of the speeds of two devices, by the tables and lists that it stands beside.

"The 5090 needs 60 % of the time of the 4090", "and 2.8x as many as the A100", "beats the 3060 by 40 % and falls
behind the 4060 Ti", "came in ahead of": who is compared with whom is read around each ratio or order by itself,
so that what else its sentence tells hides nothing. It is held against the speeds of the section, else against
every speed that the document told of the two, in the direction that its words have. Wrong is what none gives.
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.measures import is_of_name, measure
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.orders import MARGIN, asked
from whichgpu.audit.known.said import OF_SPEED, claims, is_near
from whichgpu.audit.known.store import SPOKEN, store
from whichgpu.audit.review.anywhere import follows, gives
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import Sentence, sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.said import Claim
    from whichgpu.audit.known.store import Amount, Series

#: Before the name of a device, what says nothing of it.
_THE = re.compile(
    r"(?:\s*\b(?:the|an?|our|my|its|old|older|new|newer|big|bigger|small|smaller|single|one|"
    r"plain|desktop|nvidia|amd|geforce|"
    r"radeon|cheaper|dearer|same)\b)*\s*$",
    re.IGNORECASE,
)
#: From a ratio to the name of what it is over, without what stands before the name: "as many tokens as".
_OVER = re.compile(
    r"(?:\s*(?:clear|or so)?(?:\s+[a-z][a-z/-]*){0,6}?\s+(?:than|as|of|over|what|behind|"
    r"ahead of|above|below|that of|those of|"
    r"than that of|that (?:we saw|we got|i got) (?:on|with|from)|than (?:on|with)|as (?:on|"
    r"with))(?:\s+that\s+of)?)?",
    re.IGNORECASE,
)
#: A verb of winning or losing between the two: "beats the 3060 by 40 %".
_WINS = (
    r"beats?|leads?|outruns?|outpaces?|outperforms?|overtakes?|tops|exceeds|surpasses|edges(?: out| past)?"
)
_LOSES = r"trails?|lags|lags behind|loses (?:out )?to|falls behind|is behind"
_BY = re.compile(
    r"\s+by\s+(?:about |around |roughly |some |only |just |nearly |almost |over |more than |"
    r"less than |a mere |as much as |~)*$",
    re.IGNORECASE,
)
_VERB = re.compile(
    rf"\b(?:{_WINS}|{_LOSES}|(?:is|are|was|runs|comes in) (?:ahead of|behind|faster than|slower than))\s*$",
    re.IGNORECASE,
)
#: "Compared with the A5000, the Blackwell card is faster by".
_AGAINST = re.compile(r"\b(?:compared (?:with|to)|against|versus|relative to|next to)\s*$", re.IGNORECASE)
#: Orders of two by the words between them; the sign of the speed of the first.
_FAR = r"(?:well |far |just |only just |narrowly |clearly |slightly |comfortably |barely |right )?"
_COPULA = r"(?:is|are|was|were|runs?|ran|comes? (?:in|out)|came (?:in|out)|ends? up|ended up|finish(?:es|ed)|lands?|landed|stays?|lies|sits)"  # noqa: E501
#: What is done in a test: "it still wrote faster than a 3060".
_DID = (
    r"(?:wrote|writes|generate[sd]?|answer(?:s|ed)|train(?:s|ed)|finish(?:es|ed)|compute[sd]|decode[sd]|"
    r"produce[sd]|"
    r"made|makes|did|does|work(?:s|ed))"
)
_ORDERS = {
    1: re.compile(
        rf"(?:,\s+{_FAR}ahead of|\b{_DID} (?:it )?{_FAR}(?:faster|quicker) than)\s*$|"
        rf"\b(?:{_COPULA} {_FAR}(?:ahead|in front) of|(?:also |even |still |just |narrowly |"
        rf"easily |clearly )?(?:beats|beat|outruns|outran|"
        rf"outpaces|outpaced|outperforms|outperformed|overtakes|overtook|edges out|edges past|edged out)|"
        rf"{_COPULA} (?:a (?:bit|little|touch) |slightly |clearly |much |even |still |"
        rf"somewhat )?(?:faster|quicker) than)\s*$",
        re.IGNORECASE,
    ),
    -1: re.compile(
        rf"\b{_DID} (?:it )?{_FAR}slower than\s*$|"
        rf"\b(?:{_COPULA} {_FAR}behind|(?:falls|fell|lags|lagged|drops) {_FAR}behind|(?:trails|"
        rf"trailed|loses (?:out )?to|lost (?:out )?to)|"
        rf"{_COPULA} (?:a (?:bit|little|touch) |slightly |clearly |much |even |still |"
        rf"somewhat )?slower than)\s*$",
        re.IGNORECASE,
    ),
}  # fmt: skip
#: Between two names of one side.
_JOINED = re.compile(r"s?\s*(?:,|,?\s*\b(?:and|or|&)\b)\s*(?:the |both |an? )*", re.IGNORECASE)
#: What is set against another before it.
_SECOND = re.compile(
    rf"\b(?:than|as|of|over|behind|against|versus|from|ahead of|like|to|with|by|times|(?<!\w)x|half|twice|"
    rf"double|{_WINS}|{_LOSES})\s*$",
    re.IGNORECASE,
)
#: What is no statement of what was measured, or is of another setting; anywhere before the object.
_NO = re.compile(
    r"\b(?:if|unless|would|could|might|may|should|ought|expect\w*|claim\w*|rumou?r\w*|says|"
    r"said|advertis\w+|marketing|"
    r"promis\w+|"
    r"up to|average\w*|typical\w*|usually|often|sometimes|not|never|hardly|no|nor|neither|without|"
    r"games?|gaming|fps|idle|undervolt\w*|overclock\w*|spars\w+|paper|theor\w+|peaks?|t?flops|rated|"
    r"per (?:dollar|euro|watt|gpu|card|core|\$)|every|each|both|pair|cards|gpus|respectively|"
    r"years?|months?|prefill|prompts?|latency|ttft|first token|used|"
    r"bandwidth|memory|vram|cores|price|cost\w*|watts?|power|efficien\w+|energy|load(?:s|"
    r"ing)?|compil\w+|render\w*|"
    r"makes?|made|making|once|twin)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: The same before the subject, where less of it is about the two.
_LEAD = re.compile(
    r"\b(?:if|unless|would|could|might|may|should|paper|theor\w+|peaks?|t?flops|expect\w*|"
    r"claim\w*|rumou?r\w*|says|"
    r"advertis\w+|marketing|games?|gaming|fps|"
    r"bandwidth|memory|cores|(?:GB/s|TB/s)|per (?:dollar|watt|euro|gpu)|previous|last (?:year|"
    r"test)|other (?:tests|sites|reviews)|elsewhere)\b|\?",
    re.IGNORECASE,
)
#: Behind what a clause begins.
_BEGINS = re.compile(r"[:;\u2013\u2014]\s|,\s(?:and|but|while|whereas|so)\s")
_COUNTED = re.compile(
    r"(?:\b\d{1,3}\s?[x\u00d7]?|\b(?:two|three|four|six|eight|both|dual|several|all))\s+(?:of the )?$", re.I
)
_IT = re.compile(r"\b(?:it|this card|this one)\b", re.IGNORECASE)
_MEASURED = re.compile(
    r"\b(?:tests?|benchmarks?|measured|runs?|images?|tokens?|pictures?|faster|quicker|slower|"
    r"throughput|speeds?|results?|sequences?|frames?|samples?|requests?|iterations?|steps?|"
    r"as fast|as quick|epochs?|here|there)\b",
    re.IGNORECASE,
)
_TIME = re.compile(r"\b(?:time|seconds|minutes|hours|as long)\b", re.IGNORECASE)
#: "1.6 times the A100's memory": of what stands behind the name, unless that is what was measured.
_OWNED = re.compile(
    r"s?[\u2019']s?\s+(?!(?:[\w/-]+\s+){0,2}(?:speed|throughput|rate|result|score|time|output|images|tokens|"
    r"performance)\b)\w",
    re.IGNORECASE,
)
_SLOW = re.compile(r"\s*(?:as slow|slower)\b", re.IGNORECASE)
_NEAR, _GAP, _BACK = 70, 70, 160
#: Commas between the two at most, and sentences back to what one goes on about.
_COMMAS, _TOPIC = 2, 3
#: How near two amounts before a sentence must be to a ratio that they explain.
_TIGHT = 0.02


class Two(NamedTuple):
    """Who is compared with whom, and from where to where the words of that go."""

    one: frozenset[str]
    other: frozenset[str]
    start: int
    end: int


#: "1.3 times as many images per joule as the A10": of no speed.
_PER = re.compile(
    r"\bper (?:joule|watt|kWh|dollar|euro|cent|core|gigabyte|GB|\$|\u20ac)(?![\w-])|"
    r"\bfor the (?:money|price)\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every ratio and order of two that no speed which was told of both gives."""
    wrong = [each for each in context.memo["found"] if each.accuses]
    told = [
        each._replace(amounts=kept)
        for each in store(context)
        if each.measure in ("speed", "time") and not each.derived and each.group != SPOKEN
        and len(kept := tuple(one for one in each.amounts if not _is_wrong(one, wrong))) > 1
    ]  # fmt: skip
    done = [(each.start, each.end) for each in context.memo["found"] if each.accuses]
    for index, passage in context.document.running() if told else ():
        for sentence in sentences(passage.text):
            for found in (
                *_ratios(index, passage, sentence, told, context),
                *_orders(index, passage, sentence, told, context),
            ):
                if not any(a < found.end and found.start < b for a, b in done):
                    done.append((found.start, found.end))
                    yield found


def _is_wrong(one: Amount, wrong: Sequence[Finding]) -> bool:
    return any(each.start <= one.start < each.end or one.start <= each.start < one.start + len(one.words) + 2
               for each in wrong)  # fmt: skip


def _ratios(
    index: int, passage: Passage, sentence: Sentence, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    for claim in claims(passage.text, sentence, context.fraction):
        both = _two_of(index, passage, sentence, claim, here, context)
        if both is None or _ON_PAPER.search(sentence.text):
            continue
        way = _way(passage.text, claim, both)
        real = _real(passage, sentence, both, told, claim.end)
        if way is None or not real or _is_of_table(passage, both, real, context):
            continue
        slow = way < 0
        ratios = [1 / each if slow else each for each, _ in real]
        if any(is_near(one, each) for one in claim.ways for each in ratios):
            continue
        if is_explained(index, passage, sentence, claim, context):
            continue
        best, series = min(real, key=lambda each: abs(each[0] / claim.ways[0].times - 1))
        best = 1 / best if slow else best
        shown = ", ".join(f"{each.name} {each.words}" for each in series.amounts[:5] if each.words)
        because = f"by what the document told of the two it is {best:.3g} times: {shown}"
        where = (claim.start, claim.end)
        attribute = _attribute(passage, sentence, series)
        yield made(
            context, passage, where, "ratio", "inconsistent", attribute=attribute, because=because,
            expected=f"{best:.2g} times", evidence=(Evidence(because),),
        )  # fmt: skip


#: "Five times as fast in double precision, on paper": of no speed that was measured.
_ON_PAPER = re.compile(r"\bon paper\b|\b(?:double|single)[- ]precision\b|\bpeaks?\b", re.IGNORECASE)


def _is_of_table(passage: Passage, both: Two, real: Sequence[tuple[float, Series]], context: Context) -> bool:
    """Whether a section has a table of both that gave no series, beside what other sections told.

    One with several rows of each is read by who knows which row is meant.
    """
    if any(each.section == passage.section for _, each in real):
        return False
    for table in context.document.tables:
        if table.section == passage.section:
            named = [{*one.ids} for cell in table for one in context.mentions.get(context.place(cell), ())]
            if all(any(side & each for each in named) for side in (both.one, both.other)):
                return True
    return False


def _attribute(passage: Passage, sentence: Sentence, series: Series) -> str:
    """What a ratio is in: certainly a speed where the section tells it, and a word of the sentence."""
    own = series.section == passage.section and _MEASURED.search(sentence.text)
    return OF_SPEED if own else "told before"


#: "It reads twice the bytes of the H200 row": of what is done it with.
_OF_BYTES = re.compile(
    r"\s+(?:the|as many|as much|more|its|of the)?\s*(?:bytes|weights?|data|parameters|traffic|bits|"
    r"work|vram|storage)\b",
    re.IGNORECASE,
)


def _way(text: str, claim: Claim, both: Two) -> int | None:
    """1 where a ratio is of speeds, -1 of times; None of anything else."""
    behind = text[claim.end : max(both.end, claim.end)]
    if _TIME.search(behind):
        return -1
    if _SLOW.match(behind) and claim.ways[0].times > 1:
        # "Twice as slow": of times.
        return -1
    if _OWNED.match(text, both.end) or _PER.search(behind) or _OF_BYTES.match(text, claim.end):
        return None
    kind = measure(text, both.start, both.end, (claim.start, claim.end))
    return 1 if kind in ("", "speed") else None


def _real(
    passage: Passage, sentence: Sentence, both: Two, told: Sequence[Series], after: int
) -> list[tuple[float, Series]]:
    """How much faster the one is than the other, in each series of both: of the section, else of all.

    The work that is named from a place on ("as many sequences as the A6000") tells which series are meant.
    """
    place = (both.start, both.end)
    text = passage.text
    begins = _clause(text, sentence, both.start)
    sentence = Sentence(begins, sentence.end, text[begins : sentence.end])
    meant = [(ratio, each) for each in asked("speed", sentence, place, passage, told, after)
             for ratio in _faster(each, both)]  # fmt: skip
    own = [each for each in meant if each[1].section == passage.section and passage.section]
    return own or meant


def _faster(series: Series, both: Two) -> Iterator[float]:
    for a in series.amounts:
        for b in series.amounts:
            if a is b or not a.ids & both.one or not b.ids & both.other or a.number != b.number:
                continue
            by_time = series.measure == "time"
            for ratio in {a.value / b.high, a.high / b.value}:
                yield 1 / ratio if by_time else ratio


def _two_of(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, claim: Claim, here: Sequence[Mention], context: Context
) -> Two | None:
    """The two that a ratio is of: the one before it, the other right behind it or before "by"."""
    text = passage.text
    before = [each for each in here if each.end <= claim.start]
    after = next((each for each in here if each.start >= claim.end), None)
    if before and _BY.fullmatch(text, before[-1].end, claim.start) and _after_verb(text, before[-1]):
        return _between(index, passage, sentence, before[:-1], before[-1], claim.end, context)
    if after is not None and _is_over(text, claim.end, after.start):
        return _between(index, passage, sentence, before, after, after.end, context)
    if (
        len(before) == 2
        and _AGAINST.search(text[: _bare(text, before[0].start)])
        and text[before[0].end :][:1] == ","
    ):
        # "Compared with the A, the B is faster by 30 %".
        first, second = before
        if (
            not _LEAD.search(text, sentence.start, claim.end)
            and claim.start - second.end <= _GAP
            and after is None
        ):
            return _two(index, passage, second, first, (second.start, claim.end), context)
    return None


def _bare(text: str, at: int) -> int:
    """Where a name begins with what says nothing before it."""
    match = _THE.search(text, max(0, at - _NEAR), at)
    return match.start() if match else at


def _after_verb(text: str, each: Mention) -> bool:
    return _VERB.search(text, max(0, each.start - _NEAR), _bare(text, each.start)) is not None


def _is_over(text: str, start: int, end: int) -> bool:
    """Whether from a ratio to a name stands what makes the one the other's multiple."""
    stop = _bare(text, end)
    return end - start <= _NEAR and _OVER.fullmatch(text[start : max(stop, start)].rstrip()) is not None


def _between(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, before: Sequence[Mention], other: Mention, end: int,
    context: Context,
) -> Two | None:  # fmt: skip
    """The subject of a comparison, the last name before it that is set against nothing, and its object."""
    text = passage.text
    if before:
        own = _owners(text, before)
        if not own or (len(own) > 1 and _JOINED.fullmatch(text, own[-2].end, own[-1].start)):
            return None
        one, start = own[-1], own[-1].start
    else:
        it = list(_IT.finditer(text, sentence.start, other.start))
        spoken = topic(index, passage, sentence, context)
        if not it or spoken is None:
            return None
        one, start = spoken, it[-1].start()
    following = next((each for each in context.mentions.get(index, ()) if each.start >= other.end), None)
    if following is not None and _JOINED.fullmatch(text, other.end, following.start):
        return None
    span = (start, max(end, other.end))
    if _NO.search(_without_names(text, index, span, context)) or _LEAD.search(
        text, _clause(text, sentence, start), start
    ):
        return None
    if text.count(",", start, other.start) > _COMMAS or span[1] - span[0] > 3 * _GAP:
        return None
    return _two(index, passage, one, other, span, context)


def _clause(text: str, sentence: Sentence, at: int) -> int:
    """Where the clause around a place begins."""
    ends = [each.end() for each in _BEGINS.finditer(text, sentence.start, at)]
    return ends[-1] if ends else sentence.start


def _owners(text: str, here: Sequence[Mention]) -> list[Mention]:
    """The names of a stretch that are set against nothing before them."""
    return [
        each for each in here if not _SECOND.search(text, max(0, each.start - _NEAR), _bare(text, each.start))
    ]


def topic(index: int, passage: Passage, sentence: Sentence, context: Context) -> Mention | None:
    """The one device of which the sentence before spoke."""
    before = [each for each in sentences(passage.text) if each.end <= sentence.start]
    for place in reversed(before[-_TOPIC:]):
        here = within(context.mentions.get(index, ()), place.start, place.end)
        own = _owners(passage.text, here)
        if here:
            return own[0] if len({each.ids for each in own}) == 1 else None
    return None


def _without_names(text: str, index: int, span: tuple[int, int], context: Context) -> str:
    """A stretch without the names of devices in it, whose words are no statement."""
    said = text[slice(*span)]
    for each in within(context.mentions.get(index, ()), *span):
        said = said.replace(text[each.start : each.end], "-", 1)
    return said


def _two(  # noqa: PLR0917
    index: int, passage: Passage, one: Mention, other: Mention, span: tuple[int, int], context: Context
) -> Two | None:  # fmt: skip
    text = passage.text
    if set(one.ids) & set(other.ids) or _is_open(index, *span, context):
        return None
    if any(_COUNTED.search(text, max(0, each.start - _NEAR), each.start) for each in (one, other)):
        return None
    sides = [_as_told(each, context) for each in (one, other)]
    if any(len({model(key, context.catalogue) for key in each}) > 1 for each in sides):
        return None
    return Two(sides[0], sides[1], span[0], span[1])


def _as_told(one: Mention, context: Context) -> frozenset[str]:
    """What a name may mean, in the form of which the document told where it told of one."""
    told = {key for each in store(context) for some in each.amounts if len(some.ids) == 1 for key in some.ids}
    return frozenset(one.ids) & told or frozenset(one.ids)


def is_explained(index: int, passage: Passage, sentence: Sentence, claim: Claim, context: Context) -> bool:
    """Whether amounts of the sentence or close before it make a ratio."""
    ways = [each.times for each in claim.ways]
    back = max(0, sentence.start - _BACK)
    if gives(passage, (sentence.start, claim.start), ways, context) or follows(
        passage, (back, claim.start), ways, context
    ):
        return True
    every = [
        each for each in within(quantities(passage.text, context.fraction), back, sentence.end)
        if each.value > 0 and each.dimension not in ("percent", "times")
        and not is_of_name(index, each.start, context)
    ]  # fmt: skip
    return any(
        is_near(way, a.value / b.value)
        if a.start >= sentence.start and b.start >= sentence.start
        else abs(a.value / b.value / way.times - 1) <= _TIGHT
        for a in every for b in every
        if a is not b and a.dimension == b.dimension
        for way in claim.ways
    )  # fmt: skip


def _orders(
    index: int, passage: Passage, sentence: Sentence, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    text = passage.text
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    for at, other in enumerate(here):
        stop = _bare(text, other.start)
        for sign, way in _ORDERS.items():
            match = way.search(text, max(sentence.start, stop - _NEAR), stop)
            both = _between(index, passage, sentence, here[:at], other, other.end, context) if match else None
            if match is None or both is None or _OF_COST.search(sentence.text):
                continue
            kind = measure(text, both.start, both.end, match.span())
            real = _real(passage, sentence, both, told, both.end) if kind in ("", "speed") else []
            if not _MEASURED.search(sentence.text):
                # Ahead or behind in what, the section tells.
                real = [each for each in real if each[1].section == passage.section]
            if real and all((each - 1) * sign < -MARGIN for each, _ in real):
                series = real[0][1]
                shown = ", ".join(f"{each.name} {each.words}" for each in series.amounts[:6] if each.words)
                because = f"the document told otherwise: {shown}"
                yield made(
                    context, passage, match.span(), "ordering", "inconsistent", attribute="told before",
                    because=because, evidence=(Evidence(because),),
                )  # fmt: skip


#: "It costs half of that per token, and is well ahead of the other too": in what it costs.
_OF_COST = re.compile(r"\b(?:costs?|cheaper|dearer|price\w*|per (?:token|dollar|euro|watt))\b", re.IGNORECASE)


def _is_open(index: int, start: int, end: int, context: Context) -> bool:
    """Whether a stretch speaks of a device by a description that stays open."""
    return any(a < end and start < b for a, b in context.memo.get("open", {}).get(index, ()))
