"""Who leads, comes second or is last by a table right above: "so the A10 is in front", "second is the T4".

By the rows of the tables of its own section, of what its words ask for (speed where it names nothing else,
work for the money or the watt, a cost). A place is wrong where no such row gives it to the one that is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.told_ratios import clause
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.above import right_above
from whichgpu.audit.known.orders import scopes, works, works_of
from whichgpu.audit.known.store import Named, named, tokens
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import Sentence, sentences, within
from whichgpu.audit.subjects import mentions
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Amount, Series

_NTH = {"first": 1, "second": 2, "third": 3, "last": -1}
_SO = (
    r"(?:(?:therefore|thus|also|still|then|here|clearly|easily|again|hence|actually|in fact|by far|even)\s)*"
)
_IS = rf"\s{_SO}(?:is|was|remains|stays|proves|proved|comes out|came out|turns out)\s{_SO}(?:the\s|as the\s)?"
_BEST = (
    r"(?P<best>(?:fastest|quickest|most efficient|most frugal|most economical|thriftiest|cheapest|"
    r"least expensive))"
)
_WORST = r"(?P<worst>(?:slowest|least efficient|dearest|most expensive|priciest|costliest))"
#: What may stand behind a superlative before its sentence goes on.
_ONE = r"(?:\s(?:one|card|gpu|option|choice|machine|accelerator|module|[A-Z]{1,2}\d{2,4}[A-Z]?))?"
_OF = (
    r"(?:\sof (?:the|these|all|them)(?:\s(?P<n>two|three|four|five|six|lot|bunch|field|cards|gpus))?|\shere|"
    r"\soverall)?"
)
_END = (
    r"(?=\s*(?:[.,;:)(!]|$)|\s(?:with|by|at|for single|again|in (?:this|our|both|the|all)|and|but|while)\b)"
)
#: Behind its name, what place one has.
_BEHIND = re.compile(
    rf"(?:{_IS}(?:{_BEST}|{_WORST}){_ONE}{_OF}"
    rf"|\s{_SO}(?P<lead>leads|wins|is in front|was in front|comes out ahead|takes the lead|comes out on top|"
    r"is ahead|has the edge|takes the crown)"
    rf"|\s(?:and\s)?(?:comes|came|is|finishes|finished|ends up)\s(?:in\s)?(?P<nth>first|second|third|last)"
    rf"(?:\splace)?){_END}",
    re.IGNORECASE,
)
#: "The 4060 Ti comes second and the 3060 last".
_AND_LAST = re.compile(r"\s(?P<nth>second|third|last)(?=\s*(?:[.;:!]|$))", re.IGNORECASE)
#: Before its name.
_BEFORE = re.compile(
    rf"(?:\b(?:{_BEST}|{_WORST}){_ONE}{_OF}|\b(?P<nth>second|third|last)(?:\splace goes to|\scomes|\sis)|"
    r"\b(?P<lead>in front|on top|ahead|in the lead|the winner))(?:\sis|\sare|\swas|\sremains|\sstays)?\s"
    rf"{_SO}(?:the\s|an?\s|our\s)?$",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"\s*(?:[.,;:)(!]|$)|\s(?:with|by|at|again|and|but|here|followed)\b")
#: By what places are, where words of theirs say it.
_BY = {
    "efficiency": r"(?:per|for (?:each|every|a)|/) ?(?:watts?|joules?|W|kWh)\b|efficien\w+|frugal|economical|"
    r"thrift\w+",
    "value": r"per (?:dollar|euro|buck|\$)|for (?:the|your|its) money|value",
    "price": r"cheap\w*|expensive|dear\w*|costs?\b|costli\w+|prici\w+",
}
_BY_WHAT = {key: re.compile(rf"\b(?:{words})", re.IGNORECASE) for key, words in _BY.items()}
_OF_KIND = {
    "speed": ("speed", "time"), "efficiency": ("efficiency", "energy"), "value": ("value",),
    "price": ("price",),
}  # fmt: skip
#: What the words of a place may be of besides the rows of a table of results.
_ELSE = re.compile(
    r"\b(?:bandwidth|memory|vram|capacity|gigabytes?|on paper|peaks?|t?flops|specs?|specifications?|games?|"
    r"gaming|latency|first token|idle|noise|size|features?|support|software|availab\w*|heat|cool\w*|resale|"
    r"used market|second-hand|per (?:gb|gigabyte|gb-hour|hour|month)|an hour|by the hour|launch\w*|"
    r"list price|overclock\w*|undervolt\w*|limited to|if|unless|would|could|might|may|should|expect\w*|"
    r"until|once|when|not|never|no longer|nor|neither|nothing|otherwise|usually|often|sometimes|used to|"
    r"except\w*|among the|of those|apart from|other than|next to|after|behind it|said|says?|claims?|"
    r"claimed|people|believe\w*|think|thought|wish\w*|hope\w*|reviews?|reviewers?|older|elsewhere|online|others|friend\w*|nvlink|multi\w*|"
    r"(?:two|three|four|six|eight) (?:of|cards?|gpus?|such)|a pair|pairs|several|second card|in theory|"
    r"spot|reserved|on-demand|cloud|to (?:rent|buy|start\w*)|hourly|short|on its own|for its|"
    r"for their|newer)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: What decides who leads, and is nothing that one leads in.
_RULES = re.compile(
    r"\b(?:(?:memory )?bandwidth|memory|arithmetic) (?:rules|decides|counts|matters)(?: here)?(?=[,;])",
    re.IGNORECASE,
)
#: Settings, each of which a row must be of where a sentence names it.
_SETTING = re.compile(
    r"\b(?:prompts?|prefill|batch(?:es|ed)?(?: (?:size )?(?:of )?\d+)?|\d+ (?:users?|requests?|streams?)|"
    r"train(?:s|ing)?|fine-?tun\w+|inference|FP\d+|INT\d|BF16|TF32|Q\d\w*|\d+(?:\.\d+)?B|"
    r"(?:large|big|small|long|short)(?:er)? (?:batch\w*|models?|contexts?|images?|networks?)|"
    r"video|audio|transcri\w+|detect\w+|"
    r"(?!GPU|CPU|GB\b|VRAM|NVIDIA|AMD|RTX|GTX|SFF|PRO|SXM|NVL|PCIe|I\b)[A-Z][A-Za-z]*[A-Z0-9][A-Za-z0-9.-]*|Llama|"
    r"Mistral|Qwen|Whisper|Flux|Gemma|Stable|Blender)\b"
)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_COSTS_OF_WORK = re.compile(
    r"\b(?:hour|month|/\s?h|rent|launch|list|MSRP|board|GB)\b|\bprices?\b", re.IGNORECASE
)
_MARGIN, _TWO, _LAST = 0.015, 2, -1


class _Place(NamedTuple):
    """A place that a sentence gives: where its words stand, its number (below 0: the last), to whom."""

    start: int
    end: int
    at: int
    name: tuple[int, int]
    #: Of how many, where it says it; whether it tells by its own words what is compared.
    many: int
    kind: str


def find(context: Context) -> Iterator[Finding]:
    """Every place that no row of the tables above gives."""
    done = [(each.start, each.end) for each in context.memo["found"] if each.accuses]
    for index, passage in context.document.running():
        told: Sequence[Series] | None = None
        for sentence in sentences(passage.text):
            if not _HINTS.search(sentence.text):
                continue
            told = right_above(passage, context) if told is None else told
            if not told:
                break
            start, end = passage.span(sentence.start, sentence.end)
            if not any(a < end and start < b for a, b in done):
                yield from _of_sentence(index, passage, sentence, told, context)


_HINTS = re.compile(
    r"\b(?:fastest|quickest|slowest|most|least|thrift\w+|cheapest|dearest|priciest|costliest|leads|wins|front|ahead|"
    r"lead|top|edge|crown|second|third|last|first|winner)\b",
    re.IGNORECASE,
)


def _of_sentence(
    index: int, passage: Passage, sentence: Sentence, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    for place in _places(index, passage, sentence, told, context):
        around = clause(passage.text, sentence, place.start, place.end)
        said = passage.text[min(around[0], place.name[0]) : around[1]]
        of_work = place.at == 1 or works(said) or _sets(said, told)
        kind = place.kind or _kind(said) or ("speed" if of_work else _kind_before(passage, sentence))
        if not kind or _ELSE.search(_RULES.sub(" ", _without(place, passage, sentence, around))):
            continue
        asked = [each for each in told if each.measure in _OF_KIND[kind]]
        if kind == "price":
            asked = [each for each in asked if not _COSTS_OF_WORK.search(each.label)]
        words = said if works(said) or _sets(said, told) else sentence.text
        asked = [each for each in asked if _is_of(each, words)]
        ranks = [rank for each in asked for rank in _ranks(index, passage, place, each, (told, context))]
        if len(ranks) < len(asked) or not ranks or any(ranks):
            continue
        if kind == "speed" and _is_level(asked, sentence.text):
            continue
        yield _finding(passage, place, asked[0], context)


def _sets(words: str, told: Sequence[Series]) -> bool:
    """Whether words name a setting, which is no name of a thing."""
    names = {word for series in told for each in series.amounts for word in tokens(each.name)}
    return any(not tokens(match[0]) & names for match in _SETTING.finditer(words))


def _without(place: _Place, passage: Passage, sentence: Sentence, around: tuple[int, int]) -> str:
    """The words of a sentence up to the end of the clause of a place, without those of the place itself."""
    text = passage.text
    first = min(sentence.start, place.name[0])
    return f"{text[first : place.start]} {text[place.end : around[1]]}"


def _places(
    index: int, passage: Passage, sentence: Sentence, told: Sequence[Series], context: Context
) -> Iterator[_Place]:
    text = passage.text
    names = {
        (each.start, each.end)
        for series in told
        for each in _named(index, passage, sentence, series, context)
    }
    for start, end in sorted(names):
        behind = _BEHIND.match(text, end, sentence.end) or _AND_LAST.match(text, end, sentence.end)
        if behind:
            yield _place((start, behind.end()), behind, (start, end))
            continue
        before = _BEFORE.search(text, sentence.start, start)
        if before and _GOES_ON.match(text, end):
            yield _place((before.start(), end), before, (start, end))
    if match := _IT_IS.match(text, sentence.start, sentence.end):
        behind = _BEHIND.match(text, match.end(), sentence.end)
        if behind:
            yield _place((match.start("it"), behind.end()), behind, (match.start("it"), match.end()))


#: Forms of one card, which a text goes on to call by these alone: "the SXM leads".
_FORM = re.compile(r"(?<=[Tt]he )(?:SXM\d?|NVL|PCIe)\b(?!['\u2019-])")


def _named(index: int, passage: Passage, place: Sentence, series: Series, context: Context) -> list[Named]:
    """The things of a row that a sentence names, forms of them too where only one of the row is of it."""
    found = named(index, passage, place, series, context)
    for match in _FORM.finditer(passage.text, place.start, place.end):
        own = [each for each in series.amounts if match[0].lower().rstrip("0123456789") in each.name]
        if len(own) == 1 and not any(each.start <= match.start() < each.end for each in found):
            found.append(Named(*match.span(), own[0]))
    return sorted(found, key=lambda each: each.start)


_IT_IS = re.compile(r"\s*(?:So |And |Thus |Still, )?(?P<it>it)(?=\s)", re.IGNORECASE)


def _place(span: tuple[int, int], match: re.Match[str], name: tuple[int, int]) -> _Place:
    groups = match.groupdict()
    word = (groups.get("nth") or "").lower()
    at = _NTH[word] if word else (_LAST if groups.get("worst") else 1)
    many = _NUMBERS.get((groups.get("n") or "").lower(), 0)
    superlative = groups.get("best") or groups.get("worst") or ""
    return _Place(*span, at, name, many, _kind(superlative) or ("speed" if superlative else ""))


def _kind(words: str) -> str:
    return next((key for key, way in _BY_WHAT.items() if way.search(words)), "")


def _kind_before(passage: Passage, sentence: Sentence) -> str:
    """By what the sentence before gave a place: that of a second one is by the same."""
    before = [each for each in sentences(passage.text) if each.end <= sentence.start][-1:]
    words = before[0].text if before else ""
    return (_kind(words) or ("speed" if _OF_SPEED.search(words) else "")) if _HINTS.search(words) else ""


_OF_SPEED = re.compile(r"\b(?:fastest|quickest|speed|throughput|leads)\b", re.IGNORECASE)


def _is_of(series: Series, words: str) -> bool:
    """Whether a row may be what a sentence speaks of, by the work and the setting that it names."""
    own, done = works_of(series), works(words)
    if own and done and not own & done:
        return False
    label = " ".join((series.label, *series.section))
    known = tokens(label) | {word for each in series.amounts for word in tokens(each.name)}
    return all(tokens(match[0]) & known for match in _SETTING.finditer(words))


def _is_level(asked: Sequence[Series], words: str) -> bool:
    """Whether a sentence speaks of many at once, of which rows for one tell nothing."""
    return _MANY.search(words) is not None and not any(_MANY.search(each.label) for each in asked)


_MANY = re.compile(r"\b(?:batch\w*|users|requests|concurren\w+|parallel|throughput)\b", re.IGNORECASE)


def _ranks(
    index: int, passage: Passage, place: _Place, series: Series, among: tuple[Sequence[Series], Context]
) -> Iterator[bool]:
    """Whether a row may give one the place, in all that it tells of or in what the section is about."""
    told, context = among
    one = _who(index, passage, place, series, context)
    if one is None or len(series.amounts) < max(_TWO, abs(place.at)):
        return
    every = [series.amounts] if not place.many else []
    if not place.many:
        every += list(scopes(one, series, told)) + list(_of_heading(passage, one, series, context))
    elif place.many == len(series.amounts):
        every = [series.amounts]
    for some in every or ():
        yield _has(one, some, series, place)
    if not every:
        yield True


def _of_heading(
    passage: Passage, one: Amount, series: Series, context: Context
) -> Iterator[tuple[Amount, ...]]:
    """Those of a row that the heading of a passage names, where it names some of them."""
    ids = {key for each in mentions(" ".join(passage.section[-1:]), context.catalogue) for key in each.ids}
    own = tuple(each for each in series.amounts if each.ids & ids)
    if one in own and 1 < len(own) < len(series.amounts):
        yield own


def _who(index: int, passage: Passage, place: _Place, series: Series, context: Context) -> Amount | None:
    start, end = place.name
    part = Sentence(start, end, passage.text[start:end])
    if passage.text[start:end].lower() != "it":
        found = _named(index, passage, part, series, context)
        return found[0].amount if len(found) == 1 else None
    who = spoken(index, passage, next(each for each in sentences(passage.text) if each.end > start), context)
    ids = {one for each in who.topic[:1] for one in each.ids} if who.certain else set()
    # "It" is what the sentence before begins with.
    before = [each for each in sentences(passage.text) if each.end <= start][-1:]
    first = within(context.mentions.get(index, ()), before[0].start, before[0].end)[:1] if before else ()
    if (
        not first
        or not {*first[0].ids} & ids
        or not _BEGINS.match(passage.text, before[0].start, first[0].start + 1)
    ):
        return None
    meant = [each for each in series.amounts if each.ids & ids]
    return meant[0] if len(meant) == 1 else None


_BEGINS = re.compile(r"\s*(?:So |And |But |Yet )?(?:The |An? |Our )?\S", re.IGNORECASE)


def _has(one: Amount, some: Sequence[Amount], series: Series, place: _Place) -> bool:
    """Whether a thing may have a place among some, level ones either way."""
    sign = -1 if series.measure in ("time", "energy", "price") else 1
    ahead = [
        each for each in some if each is not one and sign * (each.value - one.value) > _MARGIN * each.value
    ]
    back = [
        each for each in some if each is not one and sign * (one.value - each.value) > _MARGIN * each.value
    ]
    first, last = len(ahead) + 1, len(some) - len(back)
    at = place.at if place.at > 0 else len(some)
    return first <= at <= last


def _finding(passage: Passage, place: _Place, series: Series, context: Context) -> Finding:
    shown = ", ".join(f"{each.name} {each.words}" for each in series.amounts[:6])
    because = f"the table above tells otherwise: {shown}"
    return made(
        context, passage, (place.start, place.end), "ordering", "inconsistent", attribute="told before",
        because=because, evidence=(Evidence(because),),
    )  # fmt: skip
