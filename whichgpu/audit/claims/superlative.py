"""Superlatives within a comparison: "the L40S has the lowest bandwidth of the three"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import Attribute, attributes, named
from whichgpu.audit.certainty import certain
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import made
from whichgpu.audit.known.store import store
from whichgpu.audit.pairs import Pair, devices, ratios
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences
from whichgpu.audit.sourced import on_file
from whichgpu.audit.subjects import mentions, model
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

_MOST = re.compile(
    r"\bthe\s+(?:(?P<most>highest|most|largest|greatest|biggest|widest|"
    r"(?P<fast>fastest)(?= (?:memory|vram)\b))|(?P<least>lowest|smallest|least|fewest|narrowest|"
    r"(?P<slow>slowest)(?= (?:memory|vram)\b)))\s+"
    r"(?:(?:raw|overall|peak|total|theoretical|number of|amount of|maximum)\s+){0,2}",
    re.IGNORECASE,
)
#: Superlatives that say by themselves what they are of.
_BY_WORD = re.compile(
    r"\bthe\s+(?:(?P<power>hungriest|thirstiest|most power-hungry|most power hungry)|(?P<frugal>least "
    r"power-hungry|most frugal)|"
    r"(?P<new>newest|youngest|most recent)|(?P<old>oldest))\b",
    re.IGNORECASE,
)
#: "Draws the least".
_DRAWS = re.compile(
    r"\b(?:draws|consumes|pulls|uses|needs)\s+(?:by far\s+)?the\s+(?:(?P<most>most)|least)(?:\s+power)?"
    r"(?=\s*[.,;:)]|\s+(?:of|among|at|and|power)\b|$)",
    re.IGNORECASE,
)
#: What makes of the newest the newest of a time: "was the newest of them all when we began".
_AT_A_TIME = re.compile(
    r"\b(?:was|were|had been|became)\b[^.;]*\b(?:when|while|until|then|"
    r"at the time|at that time|back then|in those days|"
    r"in (?:19|20)\d\d|in (?:January|February|March|April|May|June|July|"
    r"August|September|October|November|December))\b",
    re.IGNORECASE,
)
#: What says that a device is it, before it.
_IS = re.compile(
    r"(?:\b(?:is|was|remains|being|makes it|as)|[\u2019']s)\s+(?:(?:also|still|by far|thus|"
    r"easily|clearly|even)\s+)*$",
    re.I,
)
#: "Its bandwidth is 300 GB/s, which is the highest among them".
_ALONE = re.compile(
    r"\bthe\s+(?:(?P<most>highest|most|largest|greatest|biggest|widest)|(?P<least>lowest|smallest|least|"
    r"fewest|narrowest))"
    r"(?=\s+(?:of|among|in|here)\b)",
    re.IGNORECASE,
)
#: Words that say among which: those that the text compares.
_SCOPE = re.compile(
    r"\b(?:of|among|out of)\s+(?:(?:all|these|the)\s+)?(?:them|two|three|four|five|six|seven|eight|nine|"
    r"ten|group|bunch|lot|trio|pair|round-?up|them|"
    r"cards|gpus|options)\b|\b(?:here|in (?:this|our|the) (?:comparison|list|group|round-?up|table|"
    r"line-?up|test|field|bunch))\b",
    re.IGNORECASE,
)
#: From so many on a text names others beside those that it compares.
_MANY = 7
#: So many more a text may name aside.
_ASIDE = 2
_COUNTS = {"two": 2, "pair": 2, "three": 3, "trio": 3, "four": 4, "five": 5, "six": 6,
           "seven": 7, "eight": 8, "nine": 9, "ten": 10}  # fmt: skip
#: The day on which a device came out.
_DAY = Attribute("release_date", ("release_date",), "date")
#: Off by less, one is not more than the other.
_EQUAL = 0.02


def by_day() -> Attribute:
    """The day on which a device came out, as what a superlative is in."""
    return _DAY


def find(context: Context) -> Iterator[Finding]:
    """Every superlative among the devices that a text compares, with its verdict."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind in RUNNING:
            for sentence in sentences(passage.text):
                named_first = _OF_NAMED.match(passage.text, sentence.start)
                if (
                    _SCOPE.search(sentence.text)
                    or named_first
                    or (_few(context) and _BY_ITSELF.search(sentence.text))
                ):
                    yield from _of_sentence(index, passage, sentence, context)


def _few(context: Context) -> bool:
    """Whether a text compares a few devices throughout, so that a superlative is among them."""
    return 2 <= len(devices(context)) <= _FEW


#: A superlative that ends its clause, or is held against all others.
_BY_ITSELF = re.compile(
    r"\b(?:draws|consumes|pulls|uses|needs)\s+(?:by far\s+)?the\s+(?:most|least)(?:\s+power)?\s*(?:[.;)]|$)"
    r"|\bthe (?:second|third)[- ](?:highest|lowest|largest|smallest|most|least)\b|\bbut (?:one|two)\b"
    r"|\bthan (?:any other|all (?:the )?others?|every other|the (?:others|rest))\b"
    r"|(?<!one of )\bthe (?:highest|lowest|most|least|fewest|largest|smallest|widest|narrowest|biggest)\s+"
    r"(?:[\w-]+ ){0,3}[\w-]+\s*(?:[.;!)]|$|,\s)"
    r"|\b(?:leads|wins|comes out on top|takes the lead)\b",
    re.IGNORECASE,
)
#: "The L40S leads in bandwidth", "in bandwidth, the L40S leads".
_LEADS = re.compile(
    r"\b(?:leads|wins|comes out on top|takes the lead)"
    r"(?:\s+(?:in|on|for|when it comes to)\s+(?P<what>(?:[\w-]+\s+){0,3}?[\w-]+))?(?=\s*(?:[.,;:!)]|$))",
    re.IGNORECASE,
)
_FIRST = re.compile(
    r"\s*(?:but\s+|and\s+)?(?:in|on|for|when it comes to|as for|in terms of)\s+"
    r"(?P<what>(?:[\w-]+\s+){0,3}?[\w-]+?)(?:,|(?=\s+(?:the|it|nvidia)\b))",
    re.IGNORECASE,
)
_FEW = 5
#: What is counted: who has as much as another has no more.
_COUNTED = ("memory", "cores", "tensor_cores", "sms", "memory_bus")


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    who = spoken(index, passage, sentence, context)
    among, scoped = _among(index, passage, sentence, context), _SCOPE.search(sentence.text)
    if not among.every:
        return
    for match in _MOST.finditer(passage.text, sentence.start, sentence.end):
        each = next((one for one in named(passage.text) if one.start == match.end()), None)
        mention = _behind(passage, sentence, match, who) or who.owner(match.start())
        if each is None or mention is None or (not scoped and mention not in who.here):
            continue
        most = match["most"] is not None
        # "The fastest memory" is of its bandwidth.
        what = attributes()["bandwidth"] if match["fast"] or match["slow"] else each.attribute
        yield from held_against(passage, (match.start(), each.end), (mention.ids, what, most), among, context)
    for match in _ALONE.finditer(passage.text, sentence.start, sentence.end):
        before = [
            one for one in named(passage.text) if sentence.start <= one.start and one.end <= match.start()
        ]
        mention = who.owner(match.start()) if len(before) == 1 else None
        if mention is not None:
            most = match["most"] is not None
            yield from held_against(
                passage, match.span(), (mention.ids, before[0].attribute, most), among, context
            )
    yield from _than_all(passage, sentence, who, among, context)
    yield from _leading(passage, sentence, who, among, context)
    yield from _ranked(passage, sentence, who, among, context)
    for match in _DRAWS.finditer(passage.text, sentence.start, sentence.end):
        mention = who.owner(match.start())
        if mention is not None:
            what = attributes()["power"]
            yield from held_against(
                passage, match.span(), (mention.ids, what, bool(match["most"])), among, context
            )
    of_time = _AT_A_TIME.search(sentence.text)
    for match in () if of_time else _BY_WORD.finditer(passage.text, sentence.start, sentence.end):
        mention = (
            who.owner(match.start()) if _IS.search(passage.text, sentence.start, match.start()) else None
        )
        if mention is not None:
            most = bool(match["power"] or match["new"])
            what = _DAY if match["new"] or match["old"] else attributes()["power"]
            yield from held_against(passage, match.span(), (mention.ids, what, most), among, context)


def _behind(passage: Passage, sentence: Sentence, match: re.Match[str], who: Spoken) -> Mention | None:
    """The device that a sentence begins with the best of: "With the highest bandwidth of all, the L4 is"."""
    after = [each for each in who.here if each.start >= match.end()]
    leads = _WITH.fullmatch(passage.text, sentence.start, match.start())
    then = leads and after and _THE_ONE.fullmatch(passage.text, match.end(), after[0].start)
    # "The one with the most CUDA cores is the L4", whatever is named before.
    one = _ONE_WITH.search(passage.text, sentence.start, match.start())
    then = then or (one and after and _IS_THE.fullmatch(passage.text, match.end(), after[0].start))
    return after[0] if then else None


_ONE_WITH = re.compile(
    r"\b(?:one|cards?|gpus?|model|accelerator|winner|option)\s+(?:with|that (?:has|offers|comes with|boasts)|"
    r"having|offering|to (?:have|offer))\s+(?:by far\s+)?$",
    re.IGNORECASE,
)
_IS_THE = re.compile(
    r"[^.;:,]{0,40}\s(?:is|was|remains|would be)\s+(?:still\s+|by far\s+|clearly\s+|thus\s+|also\s+)?"
    r"(?:the\s+|nvidia[\u2019']s\s+|nvidia\s+|amd\s+)*",
    re.IGNORECASE,
)


_WITH = re.compile(
    r"\s*(?:With|Offering|Having|Boasting|Featuring|Providing|Thanks to)\s+(?:by far\s+)?", re.IGNORECASE
)
_THE_ONE = re.compile(r"[^.;:,]*,\s+(?:the\s+|nvidia[\u2019']s\s+|nvidia\s+|amd\s+)*", re.IGNORECASE)


def _ranked(
    passage: Passage, sentence: Sentence, who: Spoken, among: Among, context: Context
) -> Iterator[Finding]:
    """Places other than the first: "the second-highest bandwidth of the five", "the lowest power but one"."""
    for match in _RANKED.finditer(passage.text, sentence.start, sentence.end):
        mention = who.owner(match.start())
        found = named(match["what"])
        if mention is None or len(found) != 1 or among.extra or not _is_counted(sentence, context):
            continue
        rank = _RANKS[(match["rank"] or match["but"] or "").lower()]
        low, high = _above(mention.ids, found[0].attribute, match["most"] is not None, among, context)
        place = (match.start(), match.end("what"))
        known = high >= 0
        wrong = known and not low < rank <= high + 1
        verdict = "contradicted" if wrong else "confirmed" if low == high == rank - 1 else "unverifiable"
        because = f"{low} of the others are above it" if low == high else f"{low} to {high} are above it"
        yield made(context, passage, place, "ordering", verdict, subject=", ".join(mention.ids),
                   attribute=found[0].attribute.key, because=because)  # fmt: skip


def _is_counted(sentence: Sentence, context: Context) -> bool:
    """Whether it is certain which devices are ranked: so many, or those of the title."""
    said = _SCOPE.search(sentence.text)
    counted = said is not None and any(word in said[0].lower() for word in _COUNTS)
    return counted or len(list(mentions(context.document.title, context.catalogue))) > 1


def _above(
    ids: tuple[str, ...], attribute: Attribute, most: bool, among: Among, context: Context
) -> tuple[int, int]:
    """How many others are above a device for certain, and how many may be; -1 where one is not known."""
    low = high = 0
    for other in among.every:
        if set(other) & set(ids):
            continue
        found = [value for value, _ in ratios(attribute, Pair(ids, other), context)]
        if not found:
            return 0, -1
        shares = [value if most else 1 / value if value else 0.0 for value in found]
        low += max(shares) < 1 - _EQUAL
        high += min(shares) < 1 + _EQUAL
    return low, high


_RANKS = {"second": 2, "third": 3, "fourth": 4, "one": 2, "two": 3}
_RANKED = re.compile(
    r"\bthe\s+(?:(?P<rank>second|third|fourth)[- ])?"
    r"(?:(?P<most>highest|most|largest|greatest|biggest|widest)|lowest|smallest|least|fewest|narrowest)\s+"
    r"(?P<what>(?:[\w-]+\s+){0,2}?[\w-]+)(?(rank)(?=\b)|\s+but\s+(?P<but>one|two)\b)",
    re.IGNORECASE,
)


def _leading(
    passage: Passage, sentence: Sentence, who: Spoken, among: Among, context: Context
) -> Iterator[Finding]:
    """What a device leads in, among those of its passage: behind it, or at the start of the sentence."""
    here = context.mentions.get(context.place_of_text(passage.text), ())
    near = list({model(each.named[0], context.catalogue): each.named for each in here}.values())
    among = Among(near) if len(near) > 1 else among
    for match in _LEADS.finditer(passage.text, sentence.start, sentence.end):
        first = None if match["what"] else _FIRST.match(passage.text, sentence.start, match.start())
        found = named(match["what"] or (first["what"] if first else ""))
        own = [each for each in who.here if each.end <= match.start()]
        if len(found) == len(own) == len(who.here) == 1 and found[0].attribute.key in _LED:
            claim = (own[0].ids, found[0].attribute, True)
            yield from held_against(passage, match.span(), claim, among, context)


#: What one that leads has most of.
_LED = (
    "memory",
    "bandwidth",
    "cores",
    "tensor_cores",
    "fp64",
    "fp32",
    "tf32",
    "fp16",
    "bf16",
    "fp8",
    "int8",
    "l2",
)


def _than_all(
    passage: Passage, sentence: Sentence, who: Spoken, among: Among, context: Context
) -> Iterator[Finding]:
    """What a device has more of than all others: "offers more memory than any other card in this list"."""
    every = among._replace(strictly=True)
    for match in _ALL_OTHERS.finditer(passage.text, sentence.start, sentence.end):
        mention = who.owner(match.start())
        found = named(match["what"])
        if mention is not None and len(found) == 1:
            most = match["more"] is not None
            place = (match.start(), match.end("what"))
            yield from held_against(passage, place, (mention.ids, found[0].attribute, most), every, context)


#: "More memory than any other card".
_ALL_OTHERS = re.compile(
    r"\b(?:(?P<more>more|higher|larger|greater)|less|lower|fewer|"
    r"smaller)\s+(?P<what>(?:[\w-]+\s+){0,2}?[\w-]+)\s+than\s+"
    r"(?:any other|all (?:the )?others?|every other|the (?:others|rest|competition|other (?:two|three|"
    r"four|five)))\b",
    re.IGNORECASE,
)


class Among(NamedTuple):
    """Those that are compared, and how many of them may not be meant."""

    every: Sequence[tuple[str, ...]]
    extra: int = 0
    #: Whether as much is not enough: "more than any other".
    strictly: bool = False


def _among(index: int, passage: Passage, sentence: Sentence, context: Context) -> Among:
    """The devices that a sentence counts: those of the text, of what stands before, or of the passage."""
    said = _SCOPE.search(sentence.text)
    if listed := among_named(index, passage, sentence, context):
        return Among(listed)
    count = next((n for word, n in _COUNTS.items() if said and word in said[0].lower()), 0)
    every = devices(context)
    if not count or len(every) == count or len(every) > count >= _MANY:
        return Among(every)
    upto = [
        each
        for at in sorted(context.mentions)
        for each in context.mentions[at]
        if at < index or (at == index and each.start < sentence.end)
    ]
    here = [each for each in context.mentions.get(index, ()) if each.start < sentence.end]
    for group in (upto, here):
        distinct = {model(each.named[0], context.catalogue): each.named for each in group}
        if 0 <= len(distinct) - count <= _ASIDE:
            return Among(list(distinct.values()), len(distinct) - count)
    return Among(())


def among_named(index: int, passage: Passage, sentence: Sentence, context: Context) -> list[tuple[str, ...]]:
    """The devices that a sentence begins with: "Of the A10, the L4 and the T4, the A10 has"."""
    head = _OF_NAMED.match(passage.text, sentence.start, sentence.end)
    if head is None:
        return []
    found = [each for each in context.mentions.get(index, ()) if head.end("of") <= each.start]
    run = found[:1] if found and found[0].start == head.end() else []
    for each in found[1:] if run else ():
        ended = len(run) > 1 and "and" in passage.text[run[-2].end : run[-1].start]
        if ended or not _AND.fullmatch(passage.text, run[-1].end, each.start):
            break
        run.append(each)
    ended = len(run) > 1 and "and" in passage.text[run[-2].end : run[-1].start]
    return [each.ids for each in run] if ended else []


_OF_NAMED = re.compile(r"\s*(?P<of>Of|Among|Out of|Between)\s+(?:the\s+|nvidia\s+)*", re.IGNORECASE)
_AND = re.compile(r"s?,?\s+and\s+(?:the\s+)?|s?,\s+(?:the\s+)?", re.IGNORECASE)


_FRUGAL = re.compile(r"\b(?:frugal|economical|thrift\w+|efficient)\b", re.IGNORECASE)


def _tells_of_work(context: Context) -> bool:
    return any(each.measure in ("efficiency", "energy") for each in store(context))


def _is_so_as_told(ids: tuple[str, ...], attribute: Attribute, most: bool, context: Context) -> bool:
    """Whether a table of the document, of set-ups of several maybe, has one in that place."""
    for series in store(context):
        if series.measure != attribute.key or series.derived:
            continue
        mine = [each.value for each in series.amounts if each.ids & {*ids}]
        every = [each.value for each in series.amounts]
        several = any(each.number > 1 for each in series.amounts)
        if mine and several and (max(mine) >= max(every) if most else min(mine) <= min(every)):
            return True
    return False


def held_against(
    passage: Passage, place: tuple[int, int], what: tuple[tuple[str, ...], Attribute, bool],
    among: Among, context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """Contradicted where another device that is compared has more in all its forms, or less."""
    ids, attribute, most = what
    if _is_so_as_told(ids, attribute, most, context):
        return
    if attribute.key == "power" and _FRUGAL.search(passage.text, *place) and _tells_of_work(context):
        # What is frugal is told by the work of each.
        return
    shares: list[tuple[float, float, str, str]] = []
    for other in among.every:
        both = Pair(ids, other)
        of_both = _days if attribute is _DAY else ratios
        found = of_both(attribute, both, context) if not set(other) & set(ids) else []
        values = [value if most else 1 / value if value else 0.0 for value, _ in found]
        if values:
            shares.append((max(values), min(values), other[0], found[0][1]))
    if not shares:
        return
    _, _, rival, words = min(shares)
    worst = min(low for _, low, _, _ in shares)
    # Where the text names more than are counted, one of those that are must be above it for certain.
    better = sum(high < 1 - _EQUAL for high, _, _, _ in shares)
    as_much = among.strictly and attribute.key in _COUNTED and worst <= 1
    wrong, right = better > among.extra or as_much, worst > 1 - _EQUAL
    verdict = "contradicted" if wrong else "confirmed" if right else "unverifiable"
    gpus = [context.catalogue[key] for key in (ids[0], rival)]
    if verdict == "contradicted" and not all(
        any(certain(gpu, field) for field in attribute.fields) for gpu in gpus
    ):
        verdict = "unverifiable"
    yield made(context, passage, place, "ordering", verdict, subject=", ".join(ids), attribute=attribute.key,
               because=words, evidence=tuple(on_file(gpu, attribute) for gpu in gpus))  # fmt: skip


def _days(attribute: Attribute, both: Pair, context: Context) -> list[tuple[float, str]]:
    """The days of both as a ratio: 2 where the first is later by months, 1/2 where it is earlier."""
    found = []
    for one in both.first:
        for other in both.second:
            a, b = (str(context.catalogue[key].value("release_date") or "") for key in (one, other))
            if len(a) >= 7 and len(b) >= 7:
                months = 12 * (int(a[:4]) - int(b[:4])) + int(a[5:7]) - int(b[5:7])
                share = 1.0 if abs(months) < _MONTHS else 2.0 if months > 0 else 0.5
                found.append((share, f"{one} came out on {a}, {other} on {b}"))
    return found


#: Two that come out so near one another are as new.
_MONTHS = 4
