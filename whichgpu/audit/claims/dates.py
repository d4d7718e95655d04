"""Days and months of devices: "introduced the A5000 on 12 April 2021", "Volta, June 2017, 900 GB/s".

A device is announced, presented and sold on days of their own, some months apart: only what is off by more of
every day on file is wrong.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.rows import LAUNCH
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.document import HEADED
from whichgpu.audit.tables.variants import cells
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.certainty import excludes
from whichgpu.audit.values.fields import of_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|"
    r"Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_DATE = (
    rf"(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?)?{_MONTH}(?:\s+(?P<day2>\d{{1,2}})(?:st|nd|"
    rf"rd|th)?(?=[\s,.)]|$))?"
    r"(?:,?\s+(?:of\s+)?(?P<year>20[012]\d)\b)?"
)
#: Words of a release, in front of a date of what was spoken of, or of what stands between.
_DID = (
    r"\b(?:launch\w*|releas\w+|introduc\w+|announc\w+|unveil\w*|present\w+|debut\w*|came out|comes out|"
    r"arriv\w+|"
    r"appear\w+|went on sale|on sale|on the market|follow(?:ed|s)|hit (?:the )?(?:shelves|shops|market)|"
    r"shipped|born)\b"
)
_TOLD = re.compile(
    rf"(?P<did>{_DID})(?P<between>[^.;:]{{0,60}}?)\s(?:on|in|of|from|since|"
    rf"back in)\s+(?:the same day,\s+)?(?:(?:early|late|mid)[- ])?{_DATE}"
    rf"|(?P<did2>{_DID})(?P<between2>[^.;:]{{0,60}}?)\s(?:on|at) the same (?:day|time|event),\s+(?:(?:on|"
    rf"in)\s+)?"
    rf"{_DATE.replace('P<', 'P<z')}",
    re.IGNORECASE,
)
_NEXT = re.compile(r"\s+(?:(?:the|its|their|both|nvidia|amd|intel)\s+)*", re.IGNORECASE)
_AND = re.compile(r"s?(?:,|\s+(?:and|&))\s+(?:(?:the|its|nvidia|amd)\s+)*", re.IGNORECASE)
#: What makes of a date that of something else.
_ELSE = re.compile(
    r"\b(?:price[sd]?|driver\w*|support\w*|version|update\w*|article|review\w*|until|before|after|later|"
    r"earlier|than|"
    r"rumou?r\w*|which|who|when|if|not|never|architecture|paper|framework|model[s]?|tests?|bought|buy|"
    r"sold|rent\w*|"
    r"successor|predecessor|replacement|with \d+|last|next|this|first \w+ \w+ with)\b",
    re.IGNORECASE,
)
#: An entry of a list behind a name that is a date and no more.
_ENTRY = re.compile(
    rf"(?:[:,(]|\s[\u2013\u2014-])\s*(?:(?P<led>released|launched|out|since|from)\s+)?{_DATE}(?=\s*[,;)]|"
    rf"\s*$)"
)
#: Between a name and such an entry: other entries without a verb.
_ENTRIES = re.compile(
    r"[\s*_]*(?:[:,(]|[\u2013\u2014-]\s)?(?:(?!\b(?:is|are|was|were|has|had|have|with|and|than|vs|versus|"
    r"the|since)\b)[^.;]|\.(?=\d)){0,48}",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"\s*(?:(?P<d>\d{1,2})[./])?(?P<m>0?[1-9]|1[0-2])[./](?P<y>20[012]\d)\s*")
_ISO = re.compile(r"\s*(?P<y>20[012]\d)-(?P<m>0[1-9]|1[0-2])(?:-\d\d)?\s*")
_WORDED = re.compile(rf"\s*(?:\w+\s+)?{_DATE}\s*", re.IGNORECASE)
_HEADS = re.compile(
    r"presentation|presented|on sale(?: since)?|in (?:the )?shops|market (?:launch|entry)|born|came out|"
    r"out since|since|"
    r"available(?: since)?|debut(?:ed)?|first sold|unveiled|appeared|arrival|shipping since|generation start",
)
#: A year in brackets behind the name of an architecture.
_OF_FAMILY = re.compile(r"\s*(?:\w+\s+)?\((?P<year>20[012]\d)\)\s*")
#: So many months what is announced comes to the shops: a card, and what is sold to data centers.
_CARD, _OTHER, _YEAR = 4, 12, 12
_CARDS = ("geforce", "workstation", "radeon", "arc")


def find(context: Context) -> Iterator[Finding]:
    """Every day and month of a device with its verdict."""
    for table in context.document.tables:
        for cell in cells(table, context):
            yield from _of_cell(
                cell.passage, cell.label, [context.catalogue[key] for key in cell.named], context
            )
    for index, passage in enumerate(context.document.passages):
        if passage.kind in HEADED:
            for sentence in sentences(passage.text):
                who = spoken(index, passage, sentence, context)
                yield from _of_sentence(passage, sentence, who, context)


def _of_cell(passage: Passage, label: str, gpus: Sequence[Gpu], context: Context) -> Iterator[Finding]:
    head = label.lower().strip(" :*")
    if (LAUNCH.fullmatch(head) and head != "date") or _HEADS.fullmatch(head):
        told = _NUMBERS.fullmatch(passage.text) or _ISO.fullmatch(passage.text)
        words = None if told else _WORDED.fullmatch(passage.text)
        date = (int(told["y"]), int(told["m"])) if told else _date(words) if words else (0, 0)
        if date[0]:
            start = passage.text.index(str(date[0]))
            yield from _judged(passage, (start, start + 4), date, gpus, context)
    name = architectures().match(passage.text.lstrip())
    year = _OF_FAMILY.fullmatch(passage.text.lstrip(), name.end()) if name else None
    if name and year and gpus:
        # Of the architecture, or of the device.
        kin = [gpu for gpu in context.catalogue.values() if is_of(gpu, name[0]) and gpu.value("release_date")]
        born = min((str(gpu.value("release_date"))[:4] for gpu in kin), default="")
        if born and int(year["year"]) < int(born):
            own = [gpu for gpu in gpus if gpu.value("release_date")]
            start = passage.text.index(year["year"])
            yield from _judged(passage, (start, start + 4), (int(year["year"]), 0), own, context)


def _date(match: re.Match[str], lead: str = "") -> tuple[int, int]:
    """The year and the month of a date in words; no year where none is told."""
    return int(match[f"{lead}year"] or 0), _MONTHS.index(match[f"{lead}month"].lower()[:3]) + 1


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    text = passage.text
    yield from _listed(passage, sentence, who, context)
    yield from _in_turn(passage, sentence, who, context)
    for match in _TOLD.finditer(text, sentence.start, sentence.end):
        lead = "z" if match["did2"] else ""
        start, end = match.span("between2" if lead else "between")
        priced = _AT_A_PRICE.fullmatch(text, start, end) and not who.here
        if _BY_ANOTHER.match(text, match.end()):
            continue
        if not priced and _ELSE.search(text, max(sentence.start, match.start() - 24), match.end()):
            continue
        named = _meant(text, (sentence.start, match.start(), start, end), who)
        lead_in = text[sentence.start : match.start()]
        if not named and not who.here and who.certain and (priced or _OF_ITEM.fullmatch(lead_in)):
            # An item of what the heading above it names.
            named = list(who.topic[:1]) if passage.kind == "item" else []
        whole = (min(match.start(f"{lead}month"), match.end()), match.end())
        told = _date(match, lead)
        if told[0] or match[f"{lead}day"] or match[f"{lead}day2"]:
            yield from _of(passage, whole, told, named, context)


#: "The MI100, followed in November 2021 by the MI250X".
_BY_ANOTHER = re.compile(r"\s+by\b")
#: "Launch price $1,599 in October 2022", "$999, on sale since 31 January 2024": an item on one device.
_AT_A_PRICE = re.compile(r"\s*price:?\s*(?:of |was )?[$\u20ac]\s?[\d,.]+", re.IGNORECASE)
_OF_ITEM = re.compile(r"\s*(?:[$\u20ac]\s?[\d,.]+,\s+|first\s+)?", re.IGNORECASE)
#: Entries of a list of what a device is, beside which a date is its own; what has a date of its own there.
_OF_DEVICES = re.compile(r"\d\s?(?:[GT]B(?:/s)?|W|nm|bit|TFLOPS)\b", re.IGNORECASE)
_OF_PRICES = re.compile(
    r"[$\u20ac\u00a3]|\b(?:prices?|used|new|street|USD|EUR|as of|checked|quoted|measured)\b", re.IGNORECASE
)


def _listed(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """Dates in the list of what a device is: "V100 PCIe: Volta, June 2017, 900 GB/s"."""
    text = passage.text
    if _OF_PRICES.search(sentence.text):
        return
    for mention in who.own:
        between = _ENTRIES.match(text, mention.end, sentence.end)
        for entry in _ENTRY.finditer(text, mention.end, sentence.end) if between else ():
            ahead = text[mention.end : entry.start()]
            beside = f"{ahead} {text[entry.end() : entry.end() + _NEAR]}"
            of_it = entry["led"] or _OF_DEVICES.search(beside) or architectures().search(beside)
            far = between is None or entry.start() > between.end() or _ELSE.search(ahead)
            others = any(mention.end < each.start < entry.start() for each in who.here)
            if of_it and entry["year"] and not far and not others:
                yield from _of(passage, entry.span("month"), _date(entry), [mention], context)


#: Before and behind the name of another device, whose date goes by the verb before it.
_NEXT_ONE = re.compile(r"(?:,|\band|;)\s+(?:(?:the|its|nvidia[\u2019']s|amd[\u2019']s)\s+)*$", re.IGNORECASE)
_ITS_DATE = re.compile(
    rf",?\s+(?:(?:followed|then|only|finally|later)\s+)*(?:in|on)\s+(?:(?:early|late|mid)[- ])?{_DATE}",
    re.IGNORECASE,
)


def _in_turn(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """Dates of further devices behind one verb: "announced the A10 in May 2020 and the L4 in March 2022"."""
    text = passage.text
    did = _DID_AT_ALL.search(text, sentence.start, sentence.end)
    for mention in who.here if did else ():
        told = _ITS_DATE.match(text, mention.end, sentence.end)
        joined = _NEXT_ONE.search(text, max(sentence.start, mention.start - _NEAR), mention.start)
        if did and told and told["year"] and joined and did.start() < mention.start:
            before = _SO_LATER.sub(" ", text[sentence.start : mention.start])
            if not _ELSE.search(before) and mention not in who.against:
                yield from _of(passage, (told.start("month"), told.end()), _date(told), [mention], context)


_SO_LATER = re.compile(r"\b\w+ (?:years?|months?) (?:later|earlier|before|after)\b", re.IGNORECASE)
_DID_AT_ALL = re.compile(_DID, re.IGNORECASE)


def _meant(text: str, places: tuple[int, int, int, int], who: Spoken) -> list[Mention]:
    """The devices that came out on a date: those behind the verb, else the one before it."""
    begins, at, start, end = places
    inside = [each for each in who.here if start <= each.start < end]
    if inside:
        first = _NEXT.fullmatch(text, start, inside[0].start) and _MAKER.search(text[begins:at])
        joined = all(_AND.fullmatch(text, a.end, b.start) for a, b in pairwise(inside))
        return inside if first and joined and _CARDS_OF.fullmatch(text, inside[-1].end, end) else []
    words = text[start:end].strip().lower()
    before = [each for each in who.here if each.end <= at]
    if words in ("it", "them"):
        return list(who.topic[:1]) if who.certain and not before else []
    told = _told_of(text, (begins, at), before, who) if _ADVERBS.fullmatch(words) else []
    if told is not None:
        return told
    if before and at - before[-1].end < _NEAR and not _OURS.search(text, begins, before[-1].start):
        itself = before[-1] not in who.against or _AT_ITS.fullmatch(text, before[-1].end, at)
        return [before[-1]] if itself and not before[-1].text.endswith("s") else []
    its = _ITS.search(text[begins:at])
    return list(who.topic[:1]) if not who.here and who.certain and its else []


def _told_of(
    text: str, place: tuple[int, int], before: Sequence[Mention], who: Spoken
) -> list[Mention] | None:
    """Whose date it is that follows what a device is: "it was the first of its line and came out in"."""
    begins, at = place
    goes_on = _GOES_ON.fullmatch(text[before[0].end if before else begins : at])
    if goes_on and len(who.here) == len(before) == 1 and not text[begins : before[0].start].strip("*_ ")[3:]:
        return list(before) if before[0] not in who.against else []
    return list(who.topic[:1]) if goes_on and goes_on["it"] and not who.here and who.certain else None


_NEAR = 40
#: Between a device, or what stands for it, and the verb: what it is or has, and no other clause.
_GOES_ON = re.compile(
    r"[\s*_]*(?P<it>It\s|The card\s|This card\s)?\s*(?:is|was|has|had|carries|offers|uses|"
    r"belongs to|costs?)\s(?:(?!\b(?:which|that|who|whose|when|while|but|as|after|before|with which|"
    r"drivers?|successor|predecessor|replace\w*|supports?|supported)\b)[^.;:()])*?,?\s(?:and|then)\s(?:then\s|it\s|first\s)?",
    re.IGNORECASE,
)
#: Who brings a device out; what its name may end with.
_MAKER = re.compile(
    r"(?:^|[,;]\s|\b(?:nvidia|amd|intel|they|it|company|then|also|and|had|has)\s+)\s*(?:first\s+|then\s+|"
    r"also\s+|had\s+)*$",
    re.I,
)
_CARDS_OF = re.compile(r"(?:\s+(?:cards?|gpus?|together|both))*\s*,?", re.IGNORECASE)
_ADVERBS = re.compile(
    r"(?:\s*\b(?:first|only|later|finally|then|back|out|officially|quietly|together|also|late|early|"
    r"worldwide|itself)\b)*\s*,?"
)
#: Devices that somebody has, and not all of them; what one cost when it came out.
_OURS = re.compile(
    r"\b(?:our|my|your|their|his|her|two|four|eight|\d+|used|some|first|these|those)\s+(?:\w+\s+)?$",
    re.IGNORECASE,
)
_AT_ITS = re.compile(r"\s+(?:[a-z]+\s+){0,2}(?:at|since|before|after|on)\s+its\s+", re.IGNORECASE)
_ITS = re.compile(r"\b(?:it|its|the card|the chip|this (?:card|one|gpu))\s+(?:\w+\s+)?$", re.IGNORECASE)


def _of(
    passage: Passage,
    place: tuple[int, int],
    told: tuple[int, int],
    named: Sequence[Mention],
    context: Context,
) -> Iterator[Finding]:
    """What is said of each of several: the first of which it is not so, else the last."""
    every = [
        found
        for one in named
        for found in _judged(passage, place, told, [context.catalogue[key] for key in one.ids], context)
    ]
    yield from ([each for each in every if each.accuses] or every[-1:])[:1]


def _judged(
    passage: Passage, place: tuple[int, int], told: tuple[int, int], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    """The verdict on a month: wrong where it is far from every day that any device meant came out on."""
    dated = [gpu for gpu in gpus if len(str(gpu.value("release_date") or "")) >= len("2024-01")]
    if not dated or len(dated) < len(gpus):
        return
    off = min(_off(told, str(fact.value)) for gpu in dated for fact in gpu.stated("release_date"))
    most = _CARD if all(gpu.segment in _CARDS for gpu in dated) else _OTHER
    if not told[0]:
        # A month of whatever year: of a card, whose makers tell its day.
        most = 1 if most == _CARD else _OTHER
    if not told[1]:
        most = _OTHER
    # The same month of another year is a slip, however long a device is announced before it is sold.
    slip = off == _YEAR and all(told)
    wrong = (off > most or slip) and all(excludes(gpu, "release_date", float("inf")) for gpu in dated)
    verdict = "contradicted" if wrong else "confirmed" if off <= 1 else "unverifiable"
    yield of_field(passage, place, "identity", "release_date", dated[:1], verdict, context)


def _off(told: tuple[int, int], born: str) -> int:
    """How many months a date is off; of one without a year, or without a month, as few as can be."""
    year, month = told
    if year and len(born) < len("2024-01"):
        # A source that tells the year alone.
        return 12 * max(abs(year - int(born[:4])) - 1, 0)
    if not month:
        return 12 * max(abs(year - int(born[:4])) - 1, 0) + (_OTHER + 1 if year != int(born[:4]) else 0)
    if not year:
        if len(born) < len("2024-01"):
            return 0
        gap = abs(month - int(born[5:7]))
        return min(gap, 12 - gap)
    return abs(12 * (year - int(born[:4])) + month - int(born[5:7]))
