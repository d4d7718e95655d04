"""What a device is, in words: architecture, chip, year, ways of NVLink; which card is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.chips import FAR, alike, chips
from whichgpu.audit.devices.families import architectures, called, is_of
from whichgpu.audit.devices.mentions import mentions, model
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.devices.whichever import whichever
from whichgpu.audit.document import HEADED
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables.entries import entries, items
from whichgpu.audit.tables.explained import of_words
from whichgpu.audit.tables.variants import cells
from whichgpu.audit.text.quantities import SPELLED, read_number
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import CHIP
from whichgpu.audit.values.fields import (
    chips_in_order,
    of_field,
    one_of,
    owner_of,
)
from whichgpu.audit.values.sourced import source_of
from whichgpu.audit.values.withheld import PLANNED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_WAYS = re.compile(r"\b(\d{1,2})-way\b", re.IGNORECASE)
#: "The Tesla P100 of 2016", between a device and its architecture.
#: "The L4 joined, with the newer Ada architecture".
_WITH_ITS = re.compile(
    r"[^.;,]{0,24},?\s+with\s+(?:the|its|an?)\s+(?:newer|new|older|old|latest|then[- ]new|modern|"
    r"same|more modern)\s+|"
    # "Is a card for servers, featuring Ampere architecture".
    r"[^.;]{0,80}?\s(?:featuring|features|sporting|boasting)\s+(?:the\s+|nvidia(?:[\u2019']s)?\s+)*",
    re.IGNORECASE,
)
_ARCHITECTURE = re.compile(
    r"\s+(?:GPU\s+)?(?:(?:micro)?architecture|generation|design|chip)\b", re.IGNORECASE
)
_OF_ITS_YEAR = re.compile(r"^\s+(?:of|from)\s+20[012]\d\b")
#: Between a device and its architecture, where it is said that it is of it.
_BUILT = re.compile(
    r"(?:[^.;]|\.(?=\d)){0,70}?\b(?:stammt|flagship of|belongs? to|member of|(?:comes?|is|are) from|"
    r"(?:card|gpu|chip|part|accelerator|cores|units|multiprocessors|SMs|CUs) of|"
    r"based|built|runs?|brings?|brought|introduces?|introduced|"
    r"relies|"
    r"uses?|using|leverag\w+|powered|features?|part|se basa|basada|basado|bas[\u00e9e]e?|basiert|beruht|"
    r"(?:came out|launched|released|appeared|debuted)(?=[^.;]{0,40}\bon the\s*$)|"
    r"repose|utilise|nutzt)\b[^.;]{0,45}|"
    r"[^.;\u3002]{0,12}(?:\u67b6\u6784(?:\u662f|\u4e3a|\uff1a)|\u57fa\u4e8e|\u91c7\u7528)[^.;\u3002]{0,10}",
    re.IGNORECASE,
)
#: Headers of columns and rows of architectures.
_FAMILY_HEAD = re.compile(
    r"archite[ck]tur|^arch\.?$|^(?:(?:gpu |chip )?(?:family|generation|design)|[\u00b5\u03bcu]arch|"
    r"based on)$|^shader cores$|^gpus?$|arquitec?tura|architettura|"
    r"^generation$|\u67b6\u69cb|\u67b6\u6784|"
    r"\u30a2\u30fc\u30ad\u30c6\u30af\u30c1\u30e3|"
    r"\uc544\ud0a4\ud14d\ucc98|\u0430\u0440\u0445\u0438\u0442\u0435\u043a\u0442\u0443\u0440\u0430|^mimari$"
)
#: The name of a pair whose value is an architecture.
_LABEL = re.compile(
    r"[\s*]*(?:gpu[\s-]*)?(?:micro)?(?:archite[ck]tur[ea]?|arch|family|design|arquitectura|architettura|"
    r"generation)[\s*]*[:\u2013-][\s*]*"
    r"(?:nvidia\s+|amd\s+)?",
    re.IGNORECASE,
)
#: Between a device and its architecture in "is Ampere", "is an Ampere card", "(Ampere)"; what then follows.
_IS_JUST = re.compile(
    r"(?:(?:,?\s+which)?\s+(?:is|was)|,?\s+which\s+(?:are|were))\s+(?:still\s+|also\s+|both\s+)?"
)
_IS_OF = re.compile(
    r"\s+(?:(?:is|was|remains|stays|counts as|is still|was still)\s+(?:an?|the|one|also|\w+'s)"
    r"\s+(?:[\w'-]+\s+){0,3}|"
    r"(?:are|were)\s+(?:(?:also|both|all|still|old|new)\s+)*)|"
    # "The Titan RTX, another Turing card, had 24 GB".
    r",\s+(?:an?|another|yet another|my first|our first|my|our|NVIDIA's|AMD's)\s+(?:(?:big|fast|cheap|"
    r"old|older|new|small|popular|"
    r"classic|late|"
    r"early|consumer|gaming|professional|workstation|high-end|mid-range|fellow)\s+){0,2}",
    re.IGNORECASE,
)
_IT_IS = re.compile(
    r"\s*(?:It|This|That)(?:[\u2019']s| is| was)\s+(?:still\s+|also\s+)?"
    r"(?:an?|the|one|\w+[\u2019']s)\s+(?:[\w'-]+\s+){0,2}"
)
_THEN_IT = re.compile(r":\s+|,?\s+(?:since|because|as)\s+", re.IGNORECASE)
#: "It is RDNA 4 and has": the name of an architecture by itself.
_IT_IS_JUST = re.compile(r"\s*(?:It|This|That)(?:[\u2019']s| is| was)\s+(?:still\s+|also\s+|both\s+)?", re.I)
#: Before the architecture that something else came with: "BF16 support was introduced with".
_CAME_WITH = re.compile(
    r"(?!\s*(?:It|This|That|The (?:card|gpu|chip|board|part))\b)[^.;]*\b(?:(?:was|were|is|are) (?:first )?"
    r"(?:introduced|added|brought)|arrived|came|debuted|appeared)\s+(?:with|in|on|by)\s+(?:\w+\s+){0,2}"
)
_JUST = re.compile(
    r"(?:-based)?(?:\s+(?:too|as well|parts?|cards?|chips?))?\s*(?:[.,;)]|$|\s(?:and|with|at|from)\b)", re.I
)
_A_CARD = re.compile(
    r"(?:[ -](?:generation|class|based|series|era))?\s+(?:\w+\s+){0,2}?"
    r"(?:cards?|gpus?|parts?|chips?|accelerators?|processors?|boards?|products?|designs?|models?|devices?|"
    r"silicon|classic|veteran|workhorse|refresh|flagship)\b",
    re.IGNORECASE,
)
#: Values between the name that a list begins with and its architecture: "T4: 16 GB GDDR6, 70 W, Turing".
_LISTS = re.compile(r"\s*:\s*(?:[^.;:]{0,60},\s*)?")
#: "An Ada-generation part, it is quiet", "This Turing classic".
_FRONTED = re.compile(
    r"\s*(?:An?|This|That|Another|Yet another)\s+(?:(?:big|old|older|new|popular|true|real|late|early|"
    r"classic|high-end|"
    r"professional|consumer|workstation|data[ -]center)\s+){0,2}"
)
_OPENED = re.compile(r"\s*\(")
_CLOSED = re.compile(r"(?:[ -](?:architecture|generation|based|gpu|card))?\s*[),;]", re.IGNORECASE)
#: "T4: Turing (2018). L4: Ada."
_ENDED = re.compile(rf"{_CLOSED.pattern}|\s*(?:\((?:in |from )?20\d\d\)\s*)?(?:\.(?:\s|$)|$)", re.IGNORECASE)
_IT = re.compile(r",\s+(?:it|this (?:card|gpu|one))\b", re.IGNORECASE)
#: Before an architecture, which the device is of for all that: "built on the newer Ampere architecture".
_ITS_AGE = re.compile(r"\b(?:the|an?|its)\s+(?:newer|older|newest|oldest|next)\s+$", re.IGNORECASE)
#: Behind an architecture by itself, or that a list of values begins with: "Hopper, 24 GB GDDR6, 72 W".
_LEADS = re.compile(
    r"[,;]\s[^.;]{0,60}?\d\s?(?:[GT]B|W|nm|[TP]FLOPS|bit)\b|"
    r"(?:[ -](?:gpu|based))?(?:\s+(?:micro)?(?:architecture|generation|family|gpu|card))?\s*$",
    re.IGNORECASE,
)
#: Between an architecture and the device after it: "the Ampere-based RTX 3090".
_BASED = re.compile(r"-(?:based|generation)\s+(?:nvidia\s+|geforce\s+|quadro\s+|tesla\s+)*", re.IGNORECASE)
_OLDER = re.compile(
    r"\b(?:previous|predecessor|older|prior|earlier|unlike|successor|succeed\w*|replac\w*|newer|than|next|"
    r"compared|versus|vs|and|or|system|host|cpu)\b",
    re.IGNORECASE,
)
#: "Came out in 2017 and are based on Turing": goes on about the same.
_GOES_ON = re.compile(
    r"\band (?=(?:is|are|was|were|uses?|comes?|runs?|belongs?|has|features?)\b)", re.IGNORECASE
)
#: What goes on about the subject of a sentence.
_AND_IS = re.compile(
    r"\band\s+(?:it\s+)?(?:also\s+|still\s+|already\s+)?"
    r"(?P<verb>(?:is|was|uses?|used|belongs?|runs?|comes?|features?|relies|brings?)\b)",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every statement of what a device is."""
    yield from _cells(context)
    for index, passage in enumerate(context.document.passages):
        if passage.kind == "alt":
            yield from _picture(passage, context)
        if passage.kind not in HEADED:
            continue
        yield from _of_passage(index, passage, context)
    yield from _drift(context)


def _of_passage(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    # Most text says nothing of what a device is: what it would be said in is looked for once.
    families_told = architectures().search(passage.text) is not None
    for sentence in sentences(passage.text):
        place = (sentence.start, sentence.end)
        if PLANNED.search(sentence.text):
            continue
        who = spoken(index, passage, sentence, context)
        yield from _ways(passage, place, who, context)
        yield from list(chips_in_order(passage, place, who.here, context)) or chips(
            passage, place, who, context
        )
        yield from alike(passage, place, who, context)
        if families_told:
            yield from _built(passage, place, who, context)
            yield from _of_all(passage, sentence, who, context)


def _of_all(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """An architecture that is told of devices without a name, where none of the document's is of it."""
    mention = whichever(passage, sentence, who, context)
    if mention is None or _OLDER.search(_AND_ARE.sub(" ", sentence.text)):
        return
    told = list(architectures().finditer(passage.text, sentence.start, sentence.end))
    for match in told if len(told) == 1 else ():
        gap = passage.text[sentence.start : match.start()]
        said = _BUILT.fullmatch(gap) or _ARE_ALL.fullmatch(gap)
        gpus = [context.catalogue[key] for key in mention.ids]
        if said and not any(is_of(gpu, match[0]) for gpu in gpus):
            yield of_family(passage, match.span(), match[0], gpus, context)


#: Between what begins a sentence and the architecture of all that it means.
_ARE_ALL = re.compile(
    r"[^.;,:]{0,40}\b(?:are|were|use|share)\s(?:all\s|both\s|still\s|the\s)*", re.IGNORECASE
)
_AND_ARE = re.compile(r"\b(?:and|or)\b", re.IGNORECASE)


def _cells(context: Context) -> Iterator[Finding]:
    """Words in the cells of tables: types of memory, chips, architectures, ways of NVLink."""
    for cell in (*entries(context), *items(context)):
        for match in CHIP.finditer(cell.passage.text):
            yield from one_of(
                cell.passage, match, "chip", [context.catalogue[key] for key in cell.ids], context
            )
    for table in context.document.tables:
        found = cells(table, context)
        headed = of_words(found, lambda cell: _names_its_family(cell, context))
        for cell in found:
            gpus = [context.catalogue[key] for key in cell.ids]
            text, label = cell.passage.text, cell.label.lower()
            for match in CHIP.finditer(text):
                yield from one_of(cell.passage, match, "chip", gpus, context)
            for match in _WAYS.finditer(text) if "nvlink" in (text + label).lower() else ():
                yield from _of_ways(cell.passage, match, gpus, context)
            phrase = _CELL_OF.match(text, first.end()) if (first := architectures().match(text)) else None
            if cell.attribute is None and first and phrase:
                yield of_family(cell.passage, first.span(), first[0], gpus, context)
            elif cell.label in headed or _FAMILY_HEAD.search(label):
                yield from _families_of(cell.passage, gpus, context)


def _families_of(passage: Passage, gpus: Sequence[Gpu], context: Context) -> Iterator[Finding]:
    """The architectures that a cell names, without those that it only came after."""
    for match in architectures().finditer(passage.text):
        # "Blackwell (2024), after Hopper (2022)"
        if not _COMES_AFTER.search(passage.text, 0, match.start()):
            yield of_family(passage, match.span(), match[0], gpus, context)


_COMES_AFTER = re.compile(
    r"\b(?:after|before|follow(?:s|ed|ing)|succe\w+|replac\w+|predecess\w+|until|next)\b", re.IGNORECASE
)
#: Behind an architecture that a cell begins with, that it is the device's: "Turing card from 2018".
_CELL_OF = re.compile(
    r"\s+(?:data cent(?:er|re) |server |workstation |gaming )?"
    r"(?:card|gpu|part|chip|board|module|accelerator|design)\b",
    re.IGNORECASE,
)


def _names_its_family(cell: Cell, context: Context) -> bool | None:
    """Whether a cell that is nothing but the name of an architecture is right; None for other cells."""
    name = architectures().fullmatch(cell.passage.text.strip())
    return any(is_of(context.catalogue[key], name[0]) for key in cell.ids) if name else None


def _ways(passage: Passage, place: tuple[int, int], who: Spoken, context: Context) -> Iterator[Finding]:
    if not _LINKS.search(passage.text, *place):
        return
    for match in _WAYS.finditer(passage.text, *place):
        mention = owner_of(match.start(), who)
        if mention:
            gpus = [context.catalogue[key] for key in mention.ids]
            yield from _of_ways(passage, match, gpus, context)
    for match in _JOINED.finditer(passage.text, *place):
        # In its own part of the sentence: "whereas the A6000 connects only two cards".
        turn = [each.end() for each in _TURNS.finditer(passage.text, place[0], match.start())]
        if _IN_PAIRS.search(passage.text, turn[-1] if turn else place[0], place[1]):
            continue
        mention = next((each for each in who.here if each.start == match.end()), None)
        if match["them"] and not who.here and who.certain:
            mention = next(iter(who.topic), None)
        elif match["cards"]:
            # "The A6000 connects only four cards with a bridge".
            mention = who.owner(match.start())
        if mention and match["many"].lower() != "one":
            gpus = [context.catalogue[key] for key in mention.ids]
            yield from _beyond_bridge(passage, match, gpus, context)


#: So many of a device that NVLink is said to join: "can connect up to four A6000s".
_JOINED = re.compile(
    r"\b(?:(?:connect|link|bridg|combin|join|pool|pair)\w*\s+"
    r"(?:up to\s+|as many as\s+|together\s+|only\s+)*"
    r"|(?:up to|as many as)\s+)"
    rf"(?P<many>\d{{1,2}}|{'|'.join(SPELLED)})\s*(?:x\s+|\u00d7\s+)?"
    r"(?:(?P<them>of (?:them|those)\b)|(?P<cards>(?:cards|gpus|boards)\b)|"
    r"(?:of these\s+|nvidia\s+|geforce\s+|tesla\s+)*)",
    re.IGNORECASE,
)
_TURNS = re.compile(r"[,;]\s+(?:whereas|while|but)\s+", re.IGNORECASE)
_LINKS = re.compile(r"\b(?:nvlink|bridges?)\b", re.IGNORECASE)
_IN_PAIRS = re.compile(
    r"\b(?:pairs?|pairwise|not|cannot|never|only two|servers?|nodes?|nvswitch)\b|n[\u2019']t\b", re.I
)


def _beyond_bridge(
    passage: Passage, match: re.Match[str], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    """More of a card than its bridge joins; those of a switch go on in machines of any size."""
    told = read_number(match["many"])
    most = [int(gpu.value("nvlink_gpus") or 0) for gpu in gpus]
    if all(0 < each <= _BRIDGED for each in most) and told > max(most):
        yield of_field(
            passage, match.span("many"), "capability", "nvlink_gpus", gpus[:1], "contradicted", context
        )


#: How many a bridge joins at most.
_BRIDGED = 4


def _of_ways(
    passage: Passage, match: re.Match[str], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    """How many GPUs NVLink joins; the number of its links is something else."""
    told = int(match[1])
    joined = [gpu for gpu in gpus if gpu.value("nvlink_gpus") == told]
    links = [gpu for gpu in gpus if gpu.value("nvlink_links") == told]
    if joined:
        yield of_field(passage, match.span(), "capability", "nvlink_gpus", joined, "confirmed", context)
    elif links and told not in (2, 4, 8):
        because = f"{links[0].id} has {told} NVLink links; no bridge or switch joins {told} of it"
        yield made(context, passage, match.span(), "capability", "contradicted", subject=links[0].id,
                   attribute="nvlink_gpus", because=because, expected=f"{told} links",
                   evidence=(source_of(links[0], "nvlink_links"),))  # fmt: skip


def _built(passage: Passage, place: tuple[int, int], who: Spoken, context: Context) -> Iterator[Finding]:
    """A device that is said to be built on an architecture."""
    here = who.here
    if "respectively" in passage.text[slice(*place)]:
        return
    for match in architectures().finditer(passage.text, *place):
        if any(each.start <= match.start() < each.end for each in here):
            continue
        if passage.text.strip(" :") == match[0] and _heads(passage, context):
            # It heads what follows, and says nothing of what was before.
            continue
        mention = _is_built(passage.text, match, here) or _carried(passage.text, place[0], match, who)
        if mention in who.against and mention and _AND_IS.search(passage.text, mention.end, match.start()):
            # "The L4 replaces the T4 and uses the Ada architecture."
            own = [each for each in who.own if each.end <= mention.start]
            mention = own[-1] if own else who.topic[0] if who.topic and who.certain else None
        if mention in who.against and mention and _IT.match(passage.text, mention.end):
            # "Like the H100, it belongs to the Hopper family."
            mention = who.topic[0] if who.topic and who.certain else None
        if mention is not None:
            gpus = [context.catalogue[key] for key in mention.ids]
            yield of_family(passage, match.span(), match[0], gpus, context)


def _heads(passage: Passage, context: Context) -> bool:
    """Whether a passage is a heading, or the item of a list that has a list of its own below it."""
    at = context.place(passage) + 1
    behind = context.document.passages[at : at + 1] if at else ()
    return passage.kind == "heading" or (
        passage.kind == "item" and any(each.kind == "item" and each.level > passage.level for each in behind)
    )


def _is_built(text: str, match: re.Match[str], here: Sequence[Mention]) -> Mention | None:
    """The device that an architecture is said to be of: the one right after it, else the last before it."""
    for each in here:
        if each.start >= match.end() and _BASED.fullmatch(text, match.end(), each.start):
            return each
    before = [each for each in here if each.end <= match.start()]
    gap = text[before[-1].end : match.start()] if before else ""
    if not before or len(gap) > FAR or _OLDER.search(_GOES_ON.sub(" ", _ITS_AGE.sub("the ", gap))):
        return None
    if _OF_ALL.search(gap):
        # "It outdoes every card of the Turing generation."
        return None
    gap = _OF_ITS_YEAR.sub("", gap)
    again = _AND_IS.search(gap)
    # "The V100 came a year later and is a Volta card."
    gap = f" {gap[again.start('verb') :]}" if again else gap
    kind_of = text.startswith("-based", match.end()) and len(gap) < FAR // 3
    is_of = _IS_OF.fullmatch(gap) and _A_CARD.match(text, match.end())
    # "It is the odd one out: it is a Hopper card".
    it_is = _IT_IS.fullmatch(_THEN_IT.split(gap)[-1].capitalize()) if _THEN_IT.search(gap) else None
    is_of = is_of or (it_is and _A_CARD.match(text, match.end()))
    is_of = is_of or (_IS_JUST.fullmatch(gap) and _JUST.match(text, match.end()))
    is_of = is_of or (_WITH_ITS.fullmatch(gap) and _ARCHITECTURE.match(text, match.end()))
    in_brackets = _OPENED.fullmatch(gap) and _CLOSED.match(text, match.end())
    in_list = _LISTS.fullmatch(gap) and _ENDED.match(text, match.end())
    labelled = _IN_HAN.fullmatch(f"{gap}{text[match.end() : match.end() + 2]}")
    said = kind_of or is_of or in_brackets or in_list or labelled
    return before[-1] if said or _BUILT.fullmatch(gap) else None


_OF_ALL = re.compile(
    r"\b(?:every|any|all|each|most|some|many|no|others?)\s+(?:\w+\s+)?(?:cards?|gpus?|chips?|parts?|models?)\b",
    re.IGNORECASE,
)
#: A name, and its architecture behind or before the word for it: "A100: Ampere" with that word.
_HAN = r"\u67b6[\u6784\u69cb]"
_IN_HAN = re.compile(rf"[^\u3002.;]{{0,40}}{_HAN}\s*[:\uff1a]?\s*.{{0,2}}|[:\uff1a]\s*{_HAN}")


def _carried(text: str, start: int, match: re.Match[str], who: Spoken) -> Mention | None:
    """The device that "It is based on Ampere" and "Architecture: Ampere" go on about."""
    # "Well: it's a Maxwell card".
    gap = text[start : match.start()].rpartition(": ")[2] if start else text[: match.start()]
    is_of = _IT_IS.fullmatch(gap) and _A_CARD.match(text, match.end())
    is_of = is_of or (_IT_IS_JUST.fullmatch(gap) and _JUST.match(text, match.end()))
    leads = who.certain and not gap.strip() and _LEADS.match(text, match.end())
    fronted = who.certain and _FRONTED.fullmatch(gap)
    is_of = is_of or (_A_CARD.match(text, match.end()) if fronted else None)
    said = is_of or leads or _BUILT.fullmatch(gap) or _LABEL.fullmatch(gap)
    before = [
        each
        for each in who.here
        if each.start < match.start() or (each not in who.against and not _IT_IS.fullmatch(gap))
    ]
    if before or not who.topic or not said or _CAME_WITH.fullmatch(gap):
        return None
    return None if _OLDER.search(text, start, match.start()) else who.topic[0]


def of_family(
    passage: Passage, place: tuple[int, int], name: str, gpus: Sequence[Gpu], context: Context
) -> Finding:
    """The finding on an architecture that the devices that can be meant are said to be of."""
    right = [gpu for gpu in gpus if is_of(gpu, name)]
    best = right[0] if right else gpus[0]
    known = called(best)
    verdict = "confirmed" if right else "contradicted" if known else "unverifiable"
    because = f"{best.id} is of {known or 'no family on file'}, chip {best.value('chip') or 'not read'}"
    return made(context, passage, place, "identity", verdict, subject=best.id, attribute="architecture",
                because=because, expected="" if right else known,
                evidence=(source_of(best, "chip"),))  # fmt: skip


def _picture(passage: Passage, context: Context) -> Iterator[Finding]:
    """A picture of a card that the article is not about."""
    shown = list(mentions(passage.text, context.catalogue))
    titled = list(mentions(context.document.title, context.catalogue))
    if len(shown) != 1 or not titled:
        return
    models = {model(each.ids[0], context.catalogue) for each in titled}
    if model(shown[0].ids[0], context.catalogue) in models or _compared(shown[0], context):
        return
    because = f"the article is about the {titled[0].text}; the picture is of the {shown[0].text}"
    yield made(context, passage, (shown[0].start, shown[0].end), "identity", "inconsistent",
               subject=", ".join(shown[0].ids), attribute="picture", because=because,
               expected=titled[0].text, evidence=(Evidence(because),))  # fmt: skip


def _compared(shown: Mention, context: Context) -> bool:
    """Whether the text speaks of a device that a picture shows."""
    passages = context.document.passages
    return any(
        each.named == shown.named and passages[index].kind in ("paragraph", "heading", "item", "cell")
        for index, found in context.mentions.items()
        for each in found
    )


def _drift(context: Context) -> Iterator[Finding]:
    """A laptop's GPU that goes on under the name of the card for desktops."""
    where: dict[str, list[int]] = {}
    for index, found in context.mentions.items():
        for each in found:
            if each.sure:
                where.setdefault(each.ids[0], []).append(index)
    text = context.document.original
    told = [key for key in where if key.endswith("-laptop") and len(where[key]) > 1]
    told = [key for key in told if key.removesuffix("-laptop") in where]
    if not told or re.search(r"\bdesktop\b", text, re.IGNORECASE):
        return
    for laptop in told:
        desktop = laptop.removesuffix("-laptop")
        if not _only_as_short(laptop, desktop, {*where[laptop], *where[desktop]}, context):
            continue
        because = f"the text speaks of {laptop} and goes on with {desktop}, another device"
        for index in dict.fromkeys(where[desktop]):
            for each in context.mentions[index]:
                if each.ids == (desktop,) and not each.text.isdigit():  # "the 4060" may be either
                    yield made(context, context.document.passages[index], (each.start, each.end), "identity",
                               "inconsistent", subject=desktop, attribute="name", because=because,
                               expected=f"{each.text} Laptop GPU",
                               evidence=(_differ(laptop, desktop, context),))  # fmt: skip


def _only_as_short(laptop: str, desktop: str, where: Collection[int], context: Context) -> bool:
    """Whether the card's name comes after the laptop's, never beside it in one of some passages."""
    first = {laptop: 1 << 30, desktop: 1 << 30}
    for index in sorted(where):
        passage, found = context.document.passages[index], context.mentions[index]
        for each in found:
            if each.sure and each.ids[0] in first:
                first[each.ids[0]] = min(first[each.ids[0]], passage.place(each.start))
        for sentence in sentences(passage.text):
            inside = {m.ids[0] for m in within(found, sentence.start, sentence.end) if m.sure}
            if {laptop, desktop} <= inside:
                return False
    return first[laptop] < first[desktop]


def _differ(laptop: str, desktop: str, context: Context) -> Evidence:
    a, b = context.catalogue[laptop], context.catalogue[desktop]
    text = f"{a.id} has {a.display('cores')} cores and {a.display('memory')}, {b.id} {b.display('cores')}"
    fact = a.fact("cores")
    return Evidence(f"{text} and {b.display('memory')}", fact.source if fact else "")
