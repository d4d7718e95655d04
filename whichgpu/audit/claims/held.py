"""What is held where: "a full fine-tune of a 70B fits on one A100", "that runs in FP16 on a single H100".

Of each clause the model, the way it is run or trained, and the room are looked for; what the clause does not
name is the last that the text spoke of. It is wrong where what must be in memory by itself exceeds the room.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit import tables
from whichgpu.audit.counting import counted
from whichgpu.audit.document import PROSE
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.holding.rooms import UNLIKE, VERB, Room, room_before, room_in, room_of
from whichgpu.audit.holding.short import EASED, short_of_need, short_of_stated
from whichgpu.audit.holding.ways import FULL, FULLY, LORA, PLURAL, QLORA, TUNED, Way, how_held
from whichgpu.audit.holding.words import CASE, NO_FIT
from whichgpu.audit.models import formats, models, single
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.cells import Cell
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.models import Format, Model


#: What says that something can be held, or had better be.
_HOLDS = re.compile(
    r"\b(?:fit(?:s|ting|ted)?|stays?(?! (?:at|below|under|within) [\d,]+ ?W)|"
    r"run(?:s|ning)?|host(?:s|ed|ing)?|(?<!full )(?<!under )load(?:s|ed|ing)?|serv(?:es?|ed|ing)|"
    rf"hold(?:s|ing)?(?! (?:about |up to |just )?\d+ ?[GT]B\b)|go(?:es)?\s+(?:in(?:to)?|on(?:to)?)\b{CASE}|"
    r"(?:has|have) (?:enough )?(?:room|memory)|"
    r"handl(?:es?|ing)|deploy(?:s|ed)?|enough|sufficient|suffices?|will do|does it|can do|do it|manages?|"
    r"recommend\w*|possible|feasible|comfortabl[ey]|squeez\w+|use|using|take|takes|needs?|requires?|choose|"
    r"pick|get|"
    r"buy|rent|ideal|is (?:fine|okay|no problem|the (?:limit|maximum))|"
    r"(?:fine-?)?tun(?:ed?|es|ing)|trains?|training|trained|q?lora|works?|doable|room for|passt|l\u00e4uft|"
    r"reicht|"
    r"tient|suffit|cabe|cab(?:e|en))\b",
    re.IGNORECASE,
)

_APART = re.compile(
    r",\s+(?:but|so|and|or|while|whereas|though|although|which|provided|since|because|as)\s|;\s|\s(?:but|"
    r"while|whereas|"
    r"although|though)\s|:\s|,\s(?=(?:ppl|people|others|many|most|folks) (?:do|use|run|get)\b)"
)

#: What runs by other memory.
_SLOWLY = re.compile(r"\b(?:crawls?|crawling|slowly|painful\w*|spill\w*|swap\w*)\b", re.IGNORECASE)

#: What is said not to be done to hold it, which denies nothing.
_NONE = re.compile(
    r"\b(?:needs? no|without(?: any)?|no need (?:for|to)|no)\s+(?:cpu\s+)?(?:offload\w*|sharding|splitting|"
    r"tricks)|"
    r"\bwithout (?:any )?quanti[sz]\w+|\bfits too\b|\bwith \d+ ?GB (?:each|per (?:gpu|card))\b|"
    r"\bwith (?:\w+ ){0,2}(?:context|headroom|room to spare|room for (?:the |its )?(?:kv )?cache)\b|"
    r"\bif [^.;,]{0,30}\b(?:context|batch\w*)\b[^.;,]*",
    re.IGNORECASE,
)

#: What speaks of the model before.
_IT = re.compile(
    r"\b(?:it|this model|that model|the (?:whole |full |entire |same |quanti[sz]ed |\w{2,6}[- ]?\d{0,2} |"
    r"\d-bit )?(?:model|version|"
    r"one|weights|checkpoint)|that|this|holds?(?! \d+ ?[GT]B\b)|which|sie|es|il|lo)\b",
    re.IGNORECASE,
)

#: Headings of cards by their size, and words for the card that was spoken of.
_CARDS = re.compile(
    r"\W*(?:the\s+)?(?P<n>\d{1,3})\s?GB\s*(?:cards?|gpus?|class|tier|of vram|vram|\(|:|$)", re.IGNORECASE
)

_SO = re.compile(r"\s*(?:So|Thus|Hence|Therefore|(?:They|It|That|This|These) (?:all )?fits?)\b")

#: What a text says that full training takes of each parameter.
_BYTES_EACH = re.compile(r"\b(?P<n>1?\d) bytes? (?:per|for each|an?|/) ?param", re.IGNORECASE)

_OF_WEIGHTS = re.compile(
    r"\d\s?GB\s+(?:of weights|(?:of (?:vram|memory) )?(?:just |only |alone )?for (?:just )?(?:the|its) "
    r"weights)(?! (?:and|plus))|"
    r"\bweights\s+(?:alone\s+)?(?:take|need|occupy|are|come to|weigh)",
    re.IGNORECASE,
)

#: An item of a list that sets a device beside a model: "33B LoRA in BF16: RTX 4090".
_LISTED = re.compile(r"[^:;.]{3,60}(?:\.\d[^:;.]{0,40})?:\s[^:;.]{2,60}\.?\s*")


class _Told(NamedTuple):
    """What a text spoke of last: models, and the one format that they are in."""

    models: Sequence[Model]
    formats: Sequence[Format]


def find(context: Context) -> Iterator[Finding]:
    """Every model that cannot be where it is said to be."""
    for table in context.document.tables:
        for cell in tables.every(table, context):
            yield from _of_cell(cell, context)
    last, section, speaks = _Told((), ()), None, False
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in PROSE:
            continue
        head = " ".join(passage.section[-1:])
        # An item of a list is of its own.
        goes_on = passage.section == section and passage.kind == "paragraph"
        last = last if goes_on else _Told(models(head), ())
        section = passage.section
        spoke, speaks = speaks or last.models == models(head), False
        last = last if spoke else _Told((), ())
        cards = _CARDS.match(head)
        before = 0
        for sentence in sentences(passage.text):
            place = (sentence.start, sentence.end)
            if _HOLDS.search(sentence.text) or _is_listed(sentence.text):
                yield from _of_sentence(index, passage, place, (last, cards), context)
                start = before if _SO.match(sentence.text) else place[0]
                found = list(short_of_stated(index, passage, (start, *place), context))
                yield from found or short_of_need(index, passage, (before, *place), context)
            last, before = _goes_on(last, sentence.text), sentence.start
            speaks = speaks or bool(models(sentence.text) or _IT.search(sentence.text))


def _is_listed(text: str) -> bool:
    """Whether a text sets what follows a colon beside the model before it."""
    return _LISTED.fullmatch(text) is not None and bool(models(text.partition(": ")[0]))


#: Formats that none of the known ones is.
_OTHER_BITS = re.compile(r"\b(?:[12356]|one|two|three|five|six|[2356]\.\d+)[- ]bits?\b", re.IGNORECASE)


def _goes_on(last: _Told, sentence: str) -> _Told:
    """What a text spoke of last, behind a sentence: its models, and the one format that it said of them."""
    here, said = models(sentence), () if _RATE.search(sentence) else formats(sentence)
    if not said and _OTHER_BITS.search(sentence):
        # "We could reduce it to 2 bits": in another format from here on.
        return _Told(here or last.models, ())
    if TUNED.search(sentence) or len(said) > 1 or (here and single(here) is None):
        return _Told(here or last.models, ())
    return _Told(here or last.models, tuple(said) or (() if here else last.formats))


def _of_cell(cell: Cell, context: Context) -> Iterator[Finding]:
    """What a cell says that the device of its row or column holds: "70B in FP16 fits; 405B in Q3 does"."""
    text = cell.passage.text
    sizes = [float(context.catalogue[key].value("memory") or 0) * cell.number for key in cell.ids]
    if not VERB.search(text) or not sizes or not all(sizes):
        return
    for clause in _CLAUSE.finditer(text):
        found, said = models(clause[0]), formats(clause[0])
        fits = VERB.search(text, *clause.span())
        way = how_held(clause[0], said[0].least if said else 0.0)
        if len(found) != 1 or len(said) > 1 or not fits or way is None or _SLOWLY.search(clause[0]):
            continue
        if not EASED.search(_NONE.sub("", clause[0])):
            words = f"{cell.ids[0]} has {max(sizes) / 1e9:,.4g} GB"
            place = (clause.start() + found[0].start, fits.end())
            yield from _judged(cell.passage, found[0], way, Room(max(sizes), words, *sorted(place)), context)


#: What a format is that of arithmetic in, and of no weights.
_RATE = re.compile(r"\b[TP]?FLOPS\b|\bTOPS\b", re.IGNORECASE)

_CLAUSE = re.compile(r"[^.;]+(?:\.\d[^.;]*)*")


def _of_sentence(
    index: int, passage: Passage, place: tuple[int, int],
    told: tuple[_Told, re.Match[str] | None], context: Context,
) -> Iterator[Finding]:  # fmt: skip
    if _SLOWLY.search(passage.text, *place) or NO_FIT.match(passage.text, *place):
        return
    listed = _is_listed(passage.text[slice(*place)])
    starts = [place[0], *(match.end() for match in _APART.finditer(passage.text, *place)), place[1]]
    spoken, cards = told
    yield from _of_list(index, passage, place, context) if listed else ()
    for start, end in [place] if listed else pairwise(starts):
        clause = passage.text[start:end]
        own = models(clause)
        spoken = _goes_on(spoken, passage.text[starts[0] : start]) if not own else spoken
        same = _IT.search(clause) is not None
        found = own or (spoken.models if same or QLORA.search(clause) or LORA.search(clause) else ())
        sizes = {each.parameters for each in found}
        said = formats(clause) or (spoken.formats if same and not own and not TUNED.search(clause) else ())
        if (
            not sizes
            or len(said) > 1
            or (single(found) is None and not own)
            or not (_HOLDS.search(clause) or listed)
        ):
            continue
        way = how_held(clause, said[0].least if said else 0.0)
        each = [*_BYTES_EACH.finditer(passage.text, 0, start)] if FULLY.search(clause) else []
        if each and way:
            way = Way(
                max(way.least, float(each[-1]["n"])), f"at the {each[-1]['n']} bytes each that it states"
            )
        if _FAILS.search(clause):
            continue
        if EASED.search(_NONE.sub("", clause)) or (not own and not said and not TUNED.search(clause)):
            continue
        room = room_in(index, passage, (start, end), context) or room_before(
            index, passage, (start, end), cards, context
        )
        model = max(found, key=lambda one: one.parameters)
        if len(said) == 1 and len(sizes) == 1:
            yield from _weights(passage, (start, end), model, said[0], context)
        if room is not None and way is not None:
            yield from _judged(passage, model, way, room, context)


#: "Will still fail for 70B models at 4 bits": what it does not hold.
_FAILS = re.compile(
    r"\bfail(?:s|ed|ing)?\s(?:for|with|on|at|to)\b|"
    r"\b(?:data|what|anything|whatever|everything)\s(?:that\s)?fits?\b",
    re.IGNORECASE,
)


def _of_list(index: int, passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    """Several devices set beside a model and its format: "13B in FP16: A10 and A30"."""
    text = passage.text
    colon = text.index(": ", *place)
    head, on = text[place[0] : colon], within(context.mentions.get(index, ()), colon, place[1])
    found, said = models(head), formats(head)
    rest = (
        "".join(text[a.end : b.start] for a, b in pairwise(on)) + text[on[-1].end : place[1]] if on else "-"
    )
    way = how_held(head, said[0].least) if len(said) == 1 else None
    if len(found) != 1 or len(on) < PLURAL or way is None or not _JOINS.fullmatch(rest):
        return
    for each in on if text[colon + 2 : on[0].start].strip().lower() in ("", "the", "both") else ():
        room = room_of(text, colon, each, context)
        if room is not None:
            yield from _judged(passage, found[0], way, room, context)


_JOINS = re.compile(r"(?:[\s,.]|\b(?:and|or|the)\b)*")


def _weights(
    passage: Passage, place: tuple[int, int], model: Model, said: Format, context: Context
) -> Iterator[Finding]:
    """What the weights of a model are said to take in a format: "14 GB for the weights"."""
    text = passage.text
    sizes = [
        each for each in within(quantities(text, context.fraction), *place)
        if each.dimension == "memory" and each.high == each.value
    ]  # fmt: skip
    if len(sizes) != 1 or not _OF_WEIGHTS.search(text[place[0] : place[1]]) or TUNED.search(text, *place):
        return
    low, high = said.least * model.parameters, said.usual * model.parameters
    wrong = not low * (1 - UNLIKE) < sizes[0].value < high * (1 + UNLIKE)
    because = f"{model.parameters / 1e9:.4g} billion weights in {said.name} are {low / 1e9:,.3g} GB"
    yield made(
        context, passage, (sizes[0].start, sizes[0].end), "memory", "contradicted" if wrong else "confirmed",
        subject=model.name.strip(), attribute="weights", because=because, evidence=(Evidence(because),),
        expected=f"{low / 1e9:,.3g} GB" if wrong else "",
    )  # fmt: skip


#: "Two cards of either kind will do".
_SO_MANY_OF = re.compile(
    r"\b(?:two|three|four|six|eight|several|multiple|\d{1,2})\s+(?:cards|gpus|boards|modules|units)\s+of\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_NEAR_ROOM = 40


#: That a sentence is of what is held where; whose room it is, and not another part of the device.
_HOLDS = re.compile(
    r"\b(?:fits?|fitting|fitted|hold\w*|held|runs?|running|ran|load\w*|enough|suffic\w+|serv\w+|train\w*|"
    r"fine-?\s?tun\w+|tun\w+|handles?|host\w*|goes|go|takes?|works?|copes?|do|does|room|"
    r"small enough|possible|"
    r"manages?|squeez\w+|swallow\w*|accommodat\w+|keeps?|"
    r"carr(?:y|ies)|brings?|puts?|needs?|yes|no|ok)\b|[\u2713\u2717:]",
    re.IGNORECASE,
)


def _sentence_at(text: str, at: int) -> str:
    """The sentence of a place."""
    return next((each.text for each in sentences(text) if each.start <= at < each.end), text)


def _judged(passage: Passage, model: Model, way: Way, room: Room, context: Context) -> Iterator[Finding]:
    weights = way.least * model.parameters
    if (
        FULL * room.size >= weights
        or _is_of_several(room, passage, context)
        or _SO_MANY_OF.search(passage.text, max(0, room.start - _NEAR_ROOM), room.start)
        or _NEED_MORE.match(passage.text, room.end)
        or not _HOLDS.search(_sentence_at(passage.text, room.start))
    ):
        return
    because = f"the weights of {model.name.strip()} {way.words} are {weights / 1e9:,.3g} GB; {room.words}"
    yield made(
        context, passage, (room.start, room.end), "memory", "contradicted", subject=model.name.strip(),
        attribute="fits", because=because, expected="no", evidence=(Evidence(because, "memory model"),),
    )  # fmt: skip


#: "On the MI250 you need two modules".
_NEED_MORE = re.compile(
    r"s?,?\s+(?:(?:you|it|one|we|that|this|they)(?:[\u2019'](?:d|ll))?\s+)?(?:(?:would|will|have to)\s+)?"
    r"(?:needs?|takes?|wants?|requires?|means|plan (?:on|for)|think|budget|get|buy|use|go for|expect|"
    r"reckon with|count on)\s+"
    r"(?:at least\s+)?(?:two|three|four|five|six|seven|eight|several|more|\d)",
    re.IGNORECASE,
)
#: One of two told before, of which each may be so many: "eight H200 .. it fits only the latter".
_BY_WORD = re.compile(r"(?:the )?(?:either|former|latter|both|first|second)\b", re.IGNORECASE)


def _is_of_several(room: Room, passage: Passage, context: Context) -> bool:
    """Whether a room is that of one of two told before, of which the text told several."""
    if not _BY_WORD.match(passage.text, room.start):
        return False
    before = [each for each in context.mentions.get(context.place(passage), ()) if each.end <= room.start]
    return any(counted(passage.text, max(0, each.start - _BEFORE), each.start) > 1 for each in before)


_BEFORE = 24
