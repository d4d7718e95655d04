"""Years and months in which devices came out: "released in 2021", "the T4 (Turing, 2018)"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.families import architectures
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.document import HEADED
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.fields import ITS_OWN, of_field, released

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

_YEAR = re.compile(
    r"(?:\b(?:(?:cards?|boards?|gpus?|chips?|parts?|veteran|flagship)\s+(?:from|of)(?= 20\d\d)|(?:is|was|"
    r"it[\u2019']s) from(?= 20\d\d))|"
    r"\b(?:released|launched|introduced|announced|unveiled|debuted|came out|arrived|presented|appeared|"
    # "The V100 was followed by the A100 in 2020" tells the other's.
    r"went on sale|followed(?!\s+(?:[^.;,]{0,32}\s)?by\b)|came(?= in (?:[A-Z][a-z]+ )?20)|"
    r"made its debut|saw the light|was born|"
    r"came to market|entered the market|"
    r"(?:reached|hit) (?:the (?:market|shelves|stores)|stores|shelves|retail)|"
    r"brought\s[^.;,]{3,70}?\sto (?:shops|market|stores|the market|the shelves)|"
    r"started shipping|shipped|landed|became available|dates? (?:from|back to)|"
    r"erschien|vorgestellt|ver\u00f6ffentlicht|sortie?|lanc\u00e9e?|parue?|lanzad[oa]|"
    r"presentad[oa]|"
    r"uscit[ao]|presentat[ao])\b)"
    r"[^.;]{0,24}?\b(20[012]\d)\b",
    re.IGNORECASE,
)
#: A year in brackets right behind the device: "the T4 (Turing, 2018)".
_OF_YEAR = re.compile(
    r"[\s*_]*\((?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?\s+|"
    r"[A-Z][\w ]{2,24},\s*|(?:\d{1,4}(?:[ -]?(?:GB|W)),\s*){1,3})?(?:released |launched "
    r")?(20[012]\d)(?:,\s[^(),]{1,12})?\)"
)
#: "L40S: Ada Lovelace, 2023."
_LISTED_YEAR = re.compile(
    r"[\s*_]*:[\s*_]*[A-Z][a-z]{2,9}(?: Lovelace| 2\.0)?,\s+(?:from\s+|since\s+|"
    r"released\s+)?(20[012]\d)(?=\s*(?:[.,;]|$))"
)
#: A device and its year behind what was done with it: "NVIDIA announced the L40S in 2021".
_DID = re.compile(
    r"\b(?:released|launched|introduced|announced|unveiled|presented|shipped|brought out|followed by)\s+"
    r"(?:(?:the|its|their|nvidia|amd|first|desktop)\s+){0,3}$",
    re.IGNORECASE,
)
_IN_YEAR = re.compile(
    r"\s+(?:[\w-]+\s+){0,2}?in\s+(?:early\s+|late\s+|mid-)?(?:[A-Z][a-z]+\s+)?(20[012]\d)\b"
)
#: "The Tesla P100 of 2016".
_YEAR_OF = re.compile(r",?\s+(?:of|from)\s+(20[012]\d)\b(?!\s*(?:and|or|-|/))")
_THEN_YEAR = re.compile(
    r"\s+(?:followed\s+|came\s+|only\s+)?in\s+(?:early\s+|late\s+|"
    r"mid-)?(?:[A-Z][a-z]+\s+)?(20[012]\d)\b(?=\s*[.,;)]|$|\s+and\b)"
)
#: Words of a release, what may stand between one and its year, and what makes it another thing's.
_RELEASE = (
    r"\b(?:released?|launch(?:ed|es)?|introduced|announced|unveiled|presented|showed|shown|revealed|came out|"
    r"debut(?:ed|s)?|"
    r"arrived|appeared|on (?:the market|sale)|hit the market|(?:release|launch) (?:date|year)|year)"
)
_SOLE = re.compile(
    rf"{_RELEASE}\b[^.;,$%\d]{{0,24}}?\b(?P<after>20[012]\d)\b|"
    rf"\bin (?P<before>20[012]\d)\b[^.;$%\d]{{0,24}}?{_RELEASE}\b(?! (?:at|for|by|from|before|with)\b)",
    re.IGNORECASE,
)
_OF_ANOTHER = re.compile(
    r"\b(?:architecture|generation|driver|firmware|paper|model|version|support\w*|update\w*|article|"
    r"price[sd]?|cuda|"
    r"until|before|after|later|earlier|predecessor|successor|rival|than|last|next|which|who|when|if|not|"
    r"never|ours|mine|our|my|bought|got|acquired|founded|discontinued|production|"
    r"retired|end[ -]of[ -]life|sold out|stopped|ended)\b",
    re.IGNORECASE,
)
#: What parts the clauses of a sentence, and what is said of a device that comes out.
_APART = re.compile(r",?\s+(?:and|while|whereas|but)\s|;\s")
_CAME = re.compile(
    r"\b(?:came|comes|arrived|followed|appeared|launched|released|introduced|debuted|shipped|landed|out|"
    r"presented)\b",
    re.IGNORECASE,
)
#: What leads to a year of its own: "Two years later, in October 2022, came the 4090".
_LATER = re.compile(r"^\s*(?:\w+ (?:years?|months?)|then) (?:later|earlier),\s", re.IGNORECASE)
#: A year with its month.
_DATED = re.compile(r"(?:\b[A-Z][a-z]{2,8},? )?\b(20[012]\d)\b")
#: What a text without any of which tells no year.
_ANY_YEAR = re.compile(r"\b20[012]\d\b")
#: How far a year may be from the name before it, and from the one behind it.
_FAR, _BEHIND = 90, 24
#: A sentence about a chip, which may come out before the card.
_OF_THE_CHIP = re.compile(
    r"\s*(?:The|Its|This) (?:chip|die|silicon|architecture|generation)\b", re.IGNORECASE
)


def find(context: Context) -> Iterator[Finding]:
    """Every year of a device with its verdict."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in HEADED:
            continue
        for sentence in sentences(passage.text) if _ANY_YEAR.search(passage.text) else ():
            place = (sentence.start, sentence.end)
            who = spoken(index, passage, sentence, context)
            chip = _OF_THE_CHIP.match(sentence.text)
            if listed := _LIST.search(passage.text, *place):
                yield from _in_turn(passage, sentence.start, listed, who.here, context)
                continue
            took_over = _TOOK_OVER.match(passage.text, *place)
            yield from _sole(passage, place, who, context) if not chip and not took_over else ()
            # "The successor of the A40 came in 2022" is not the A40.
            here = [each for each in who.here if not _KIN_OF.search(passage.text, place[0], each.start)]
            # "Launched in 2023, it has 2.4 times what an H100 has" is of what was spoken of.
            if took_over:
                # "It succeeded the V100 and was announced in 2022" is of what succeeded.
                continue
            year = _YEAR.search(passage.text, *place)
            ahead = year and here and year.end() <= here[0].start and ITS_OWN.match(sentence.text)
            itself = (
                bool(here)
                and all(each in who.against for each in here)
                and (ahead or _FRONT_IT.match(sentence.text))
            )
            if here and not itself:
                yield from _in_front(passage, place, here[0], context)
                yield from _years(passage, place, here, context)
                yield from _by_clause(passage, place, here, context)
            elif who.topic and who.certain and ITS_OWN.match(sentence.text) and not chip:
                last = here[0].start if here and ahead else place[1]
                for match in _YEAR.finditer(passage.text, place[0], last):
                    yield from of_year(passage, match, who.topic[0], context)


_PRICE = re.compile(
    r"\s*[:,=\u2013\u2014-]?\s*(?:(?:about|around|from|at|is|was|are|costs?|goes for|went for|"
    r"for)\s+)*~?[$\u20ac\u00a3]\s?\d|"
    r"\s*[:=]\s*\d[\d,.]*\s?(?:USD|EUR|\u20ac)"
)
_FRONT_IT = re.compile(
    r"\s*(?:Launched|Released|Introduced|Announced|Unveiled|Presented)\s[^.;,]{3,32},\s+it\b", re.IGNORECASE
)
_TOOK_OVER = re.compile(
    r"\s*(?:It|The card|This card|The GPU)\s(?:\w+\s){0,2}?(?:succeed|replac|follow|supersed)\w*\s",
    re.IGNORECASE,
)
_KIN_OF = re.compile(
    r"\b(?:(?:successor|predecessor|follow-up|replacement|sibling)s? (?:of|to|for)|"
    r"(?:version|variant|edition|refresh|revision|derivative)s? of)\s+(?:the\s+|nvidia\s+|amd\s+)*$",
    re.I,
)
#: Years of several devices in their order: "in 2020, 2022 and 2024".
_LIST = re.compile(r"\b20[012]\d(?:, 20[012]\d)*,? and 20[012]\d\b")


#: A year of what stands behind the comma: "Released in 2022, the 4090 is newer", "When it launched in 2022".
_FRONT = re.compile(
    r"\s*(?:When it (?:was )?(?:first )?)?(?:launched|released|introduced|debuted|came out|arrived|"
    r"presented|announced|unveiled|out)\s+(?:back )?in (?:early |late |mid-)?(?:[A-Z][a-z]+ )?(20[012]\d)\b"
    r"(?:[^.;,]|[.,](?=\d)){0,40},\s+(?:the\s+|nvidia(?:[\u2019']s)?\s+|amd(?:[\u2019']s)?\s+)*"
    # "Since 2022, when the 4090 came out".
    r"|\s*(?:Since|In|Back in) (?:early |late |mid-)?(?P<year>20[012]\d), when "
    r"(?:the\s+|nvidia[\u2019']s\s+)*",
    re.IGNORECASE,
)


def _in_front(
    passage: Passage, place: tuple[int, int], first: Mention, context: Context
) -> Iterator[Finding]:
    """The year that a sentence begins with, of the device that stands behind it."""
    match = _FRONT.match(passage.text, *place)
    came = match and (match[1] or _CAME.match(passage.text, min(first.end + 1, place[1])))
    if match and came and match.end() == first.start and len(_ANY_YEAR.findall(match[0])) == 1:
        told = _ANNOUNCED.search(match[0]) is not None
        yield from of_year(passage, match, first, context, announced=told)


def _in_turn(
    passage: Passage, start: int, listed: re.Match[str], here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """Years that are listed behind as many devices of a sentence that starts there: each is of its own."""
    before = list(dict.fromkeys(each.named for each in here if each.end <= listed.start()))
    years = list(_DATED.finditer(passage.text, *listed.span()))
    if len(before) == len(years) and re.search(_RELEASE, passage.text[start : listed.start()], re.IGNORECASE):
        for named, year in zip(before, years, strict=True):
            mention = next(each for each in here if each.named == named)
            yield from of_year(passage, year, mention, context)


def _sole(passage: Passage, place: tuple[int, int], who: Spoken, context: Context) -> Iterator[Finding]:
    """The only year of a sentence of one device, beside a word of its release: "The A10, out in 2021"."""
    match = _SOLE.search(passage.text, *place)
    meant = who.here or (who.topic if who.certain else ())
    years = _ANY_YEAR.findall(passage.text[slice(*place)])
    # "Launched in 2025, it has 8 GB more than the RTX 4090" is of another than the one far behind.
    far = match and who.here and who.here[0].start - match.end() > _BEHIND
    one = len({each.named for each in meant}) == 1 == len(years)
    if match and one and not far and not _OF_ANOTHER.search(passage.text, *place):
        yield from of_year(passage, match, meant[0], context)


#: "That a card from 2018 can still win": of any that is so old.
_SOME_CARD = re.compile(
    r"(?<!\bis )(?<!\bwas )\b(?:an?|any|some|another|every)\s+(?:[\w-]+\s+){0,2}"
    r"(?:card|gpu|chip|part|board)s?\s+(?:from|of)\s+$",
    re.IGNORECASE,
)
_OURS = re.compile(r"\b(?:ours|mine|our|my|I|we)\b")
#: Before "card of 2017": of another one than what was named.
_THE_OTHER = re.compile(
    r"\b(?:of|than|over|against|to|like|with|as)\s+(?:the|an?)\s+(?:[\w-]+\s+){0,3}$", re.I
)


def _by_clause(
    passage: Passage, place: tuple[int, int], here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """The one year of a clause of one device that came out, whichever stands first: "in 2021 came the T4"."""
    at = place[0]
    for end in [*(match.start() for match in _APART.finditer(passage.text, *place)), place[1]]:
        inside = [each for each in here if at <= each.start and each.end <= end]
        years = [
            match
            for match in _ANY_YEAR.finditer(passage.text, at, end)
            # The 2000 of "RTX 2000 Ada" is none.
            if not any(each.start <= match.start() < each.end for each in here)
        ]
        came = _CAME.search(passage.text, at, end)
        words = _LATER.sub(" ", passage.text[at:end])
        if len(inside) == len(years) == 1 and came and not _OF_ANOTHER.search(words):
            told = _DATED.search(passage.text, inside[0].end if years[0].start() > inside[0].end else at, end)
            yield from of_year(passage, told or years[0], inside[0], context)
        at = end


def _years(
    passage: Passage, place: tuple[int, int], here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """The year in which a device, or a family, came out."""
    told = _YEAR.search(passage.text, *place)
    for mention in here if told else ():
        # "The T4 was released in 2018, the A2 in 2021".
        then = _THEN_YEAR.match(passage.text, mention.end, place[1])
        if then and told and mention.start > told.end():
            yield from of_year(passage, then, mention, context)
    yield from _years_behind(passage, place, here, context)
    for match in _OF_YEAR.finditer(passage.text, *place):
        named = [each for each in here if each.end == match.start()]
        last = len(here) > 1 and match.end() == len(passage.text.rstrip())
        if last or _PRICE.match(passage.text, match.end(), place[1]):
            # "T4 vs V100 (2024)": the year of the article. "L40S (January 2026): $7,500": of its price.
            continue
        if named:
            yield from of_year(passage, match, named[0], context)
    for match in _YEAR.finditer(passage.text, *place):
        before = [each for each in here if each.end <= match.start() and match.start() - each.end < _FAR // 2]
        if any(each.start == match.end(1) + 1 for each in here):
            # "Two years after the 2020 A100": of the one behind it.
            continue
        if before and _is_of_another(passage.text, before, match):
            continue
        between = before and architectures().search(passage.text, before[-1].end, match.start())
        if not before or (between and " from" not in match[0]):
            continue
        yield from of_year(passage, match, before[-1], context)


def _is_of_another(text: str, before: Sequence[Mention], match: re.Match[str]) -> bool:
    """Whether a year is not certainly that of the last name before it.

    "Ahead of the data-center card of 2017", "ours arrived in May 2024", "it beats the 4090, although its
    design dates from 2020".
    """
    last = before[-1].end
    either = len(before) > 1 and _ITS_DESIGN.search(text, last, match.start())
    return bool(
        _THE_OTHER.search(text, last, match.start()) or _OURS.search(text, last, match.end()) or either
    )


_ITS_DESIGN = re.compile(r",\s+(?:although|though|even though|while|but|and)\s+(?:its|it)\b", re.IGNORECASE)


def _years_behind(
    passage: Passage, place: tuple[int, int], here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """Years right behind a name: "announced the L40S in 2023", "the Tesla P100 of 2016"."""
    for mention in here:
        did = _DID.search(passage.text, max(place[0], mention.start - _FAR // 2), mention.start)
        then = _YEAR_OF.match(passage.text, mention.end, place[1])
        then = then or _LISTED_YEAR.match(passage.text, mention.end, place[1])
        then = then or (_IN_YEAR.match(passage.text, mention.end, place[1]) if did else None)
        if then:
            told = did is not None and _ANNOUNCED.match(did[0]) is not None
            yield from of_year(passage, then, mention, context, announced=told)


#: Before a day, that it is when something was looked at.
_LOOKED_AT = re.compile(
    r"\b(?:read|accessed|retrieved|visited|checked|updated|seen|tested|measured|bought|posted|published)\s+"
    r"(?:on\s+|in\s+)?(?:\w+\s+)?$",
    re.IGNORECASE,
)


def of_year(
    passage: Passage, match: re.Match[str], mention: Mention, context: Context, *, announced: bool = False
) -> Iterator[Finding]:
    """The year that a device is said to be of; one beside it may be that of the announcement."""
    dated = [context.catalogue[key] for key in mention.ids]
    dated = [gpu for gpu in dated if gpu.value("release_date")]
    at = match.lastindex or 1
    if not dated or _SOME_CARD.search(passage.text, max(0, match.start(at) - _FAR), match.start(at)):
        return
    if _LOOKED_AT.search(passage.text, max(0, match.start(at) - _FAR), match.start(at)):
        # "Quoted in code (read 2026-11-20)"
        return
    first = min(dated, key=lambda gpu: str(gpu.value("release_date")))
    year = int(match[at])
    told_early = year < int(released(first)[:4]) and (announced or _ANNOUNCED.match(match[0]) is not None)
    verdict = of_its_year(year, dated)
    at_a_show = _AT_A_SHOW.search(passage.text, max(0, match.start() - _FAR), match.end()) is not None
    announced, told_early = announced or at_a_show, told_early or at_a_show
    followed = _FOLLOWED.search(passage.text, max(0, match.start() - _BEHIND), match.end())
    told_early = told_early or followed is not None
    if verdict == "unverifiable" and not told_early and _of_that_month(match[0], first):
        verdict = "contradicted"
    soon = (announced or _ANNOUNCED.search(match[0])) and first.vendor in _SOON_SOLD
    if verdict == "unverifiable" and soon and not -_MOST_BEHIND <= _ahead(match[0], first) <= _MOST_AHEAD:
        # Nobody announces what is sold already, nor what comes long after.
        verdict = "contradicted"
    most = _MONTHS_OFF if verdict == "confirmed" else _LONG_OFF
    if first.segment in _CARDS and not at_a_show and all(_off(match[0], gpu) > most for gpu in dated):
        verdict = "contradicted"
    yield of_field(passage, match.span(at), "identity", "release_date", [first], verdict, context)


def of_its_year(year: int, dated: Sequence[Gpu]) -> str:
    """The verdict on the year of devices whose release is known; one beside it may be the announcement's."""
    first = min(dated, key=released)
    apart = min(abs(year - int(released(gpu)[:4])) for gpu in dated)
    late, card = year - int(released(first)[:4]), first.segment in _CARDS
    # A card is announced in the weeks before it is sold, and not in the year before.
    early = late == -1 and released(first)[5:7] > "02" and card
    # One of the first months is followed by others of its own year.
    behind = late == 1 == len(dated) and released(first)[5:7] < "10" and card
    wrong = apart > 1 or (apart and late > 1) or early or behind
    return "confirmed" if not apart else "contradicted" if wrong else "unverifiable"


def _of_that_month(words: str, gpu: Gpu) -> bool:
    """Whether a text tells the month of a release, and so another year of the same event."""
    born = str(gpu.value("release_date"))
    return len(born) >= 7 and re.search(rf"\b{_MONTHS[int(born[5:7]) - 1]}", words) is not None


#: "January 2022" of a card of October: so many months no announcement is ahead of the shops.
_MONTHS_OFF, _LONG_OFF = 4, 9


#: Makers whose announcements are of what is sold within so many months, and at most so many after it.
_SOON_SOLD, _MOST_AHEAD, _MOST_BEHIND = frozenset({"NVIDIA", "AMD"}), 15, 3


def _off(words: str, gpu: Gpu) -> int:
    """How many months a day with its month is off the release of a device; 0 where either is not told."""
    return abs(_ahead(words, gpu))


def _ahead(words: str, gpu: Gpu) -> int:
    """How many months a day with its month is ahead of a release; 0 where either is not told."""
    born = released(gpu)
    told = re.search(
        rf"\b({'|'.join(_MONTHS)})[a-z]*\.?\s+(?:\d{{1,2}}(?:st|nd|rd|th)?,?\s+)?(20[012]\d)\b", words
    )
    if told is None or len(born) < len("2024-01"):
        return 0
    return 12 * (int(born[:4]) - int(told[2])) + int(born[5:7]) - _MONTHS.index(told[1]) - 1


_CARDS = ("geforce", "workstation", "radeon")
#: Where what is not sold yet is shown.
_AT_A_SHOW = re.compile(
    r"\b(?:at|during)\s+(?:the\s+)?(?:CES|GTC|Computex|SIGGRAPH|SC\d\d|Supercomputing|"
    r"\w+ keynote)\b"
)
#: What goes on with the event that was told before, as an announcement.
_FOLLOWED = re.compile(r"\b(?:followed|came|arrived|next)\b", re.IGNORECASE)
_ANNOUNCED = re.compile(r"announced|unveiled|introduced|presented|showed|shown|revealed", re.IGNORECASE)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
