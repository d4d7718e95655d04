"""What is held where: "a full fine-tune of a 70B fits on one A100", "that runs in FP16 on a single H100".

Of each clause the model, the way it is run or trained, and the room are looked for; what the clause does not
name is the last that the text spoke of. It is wrong where what must be in memory by itself exceeds the room.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit import tables
from whichgpu.audit.document import PROSE
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.models import formats, models, single
from whichgpu.audit.pairs import devices
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import WORKED, counted
from whichgpu.audit.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.cells import Cell
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.models import Format, Model
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.subjects import Mention

#: What says that something can be held, or had better be.
_HOLDS = re.compile(
    r"\b(?:fit(?:s|ting|ted)?|stays?|run(?:s|ning)?|host(?:s|ed|ing)?|load(?:s|ed|ing)?|serv(?:es?|ed|ing)|"
    r"hold(?:s|ing)?|go(?:es)?\s+(?:in(?:to)?|on(?:to)?)|(?:has|have) (?:enough )?(?:room|memory)|"
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
    r"although|though)\s|:\s"
)
#: The way that a model is held, with the bytes that a weight takes at least, unless its format is said.
_FULLY = re.compile(
    r"\b(?:full(?:y|[ -]parameter)?[ -](?:(?!and\b|or\b)[\w-]+ ){0,2}?(?:fine-?\s?tun|train|ft\b)\w*|"
    r"pre-?train\w*|from scratch|"
    r"(?:(?:fine-?)?tun(?:ed?|es|ing)|train\w*) (?:\w+ ){0,4}(?:in full|all (?:of )?(?:its |"
    r"the )?(?:weights|parameters)))",
    re.IGNORECASE,
)
_ADAM = re.compile(r"\badam\w*\b(?!\s*8)", re.IGNORECASE)
_MIXED = re.compile(r"\bmixed[- ]precision\b", re.IGNORECASE)
_LIGHT_ADAM = re.compile(
    r"\b(?:8-bit|int8|paged|fused|bnb|bitsandbytes|galore|adafactor|lion|lomo|badam)\b", re.I
)
_QLORA, _LORA = re.compile(r"\bq-?lora\b|\bnf4\b", re.I), re.compile(r"\bd?o?lora\b", re.IGNORECASE)
_TUNED = re.compile(r"\b(?:fine-?\s?tun\w*|adapters?|peft)\b", re.IGNORECASE)
_TRAINED = re.compile(r"\btrain(?:s|ed|ing)?\b", re.IGNORECASE)
_QUANTISED = re.compile(r"\bquanti[sz]\w*", re.IGNORECASE)
#: What is denied, held elsewhere or in parts, or is a comparison.
_EASED = re.compile(
    r"\b(?:offload\w*|cpu|ram|zero(?:-\d)?|fsdp|shard\w*|split|stream\w*|layer[- ]by[- ]layer|galore|badam|"
    r"swap\w*|disk|nvme|"
    r"cannot|not|never|no|nor|neither|without|impossible|unable|too (?:large|big|much|small|little|slow|"
    r"tight)|instead|rather|unlike|unless|whether|"
    r"faster|slower|"
    r"than|nodes?|cluster|multi-gpu|multiple|several|per gpu|exceeds?|beyond|minimum|at least|more|"
    r"prune\w*|distil\w*|hardly|barely|scarcely|"
    r"forget|struggl\w+|out of memory|oom|crash\w*|fail\w*|short|lacks?|miss\w*|active|"
    r"experts?|layers?|draft|embedding\w*|"
    r"per (?:card|device)|each|additional|extra|remaining|left|free|headroom|cache|context|batch|smaller|"
    r"slices?|mig|"
    r"unified|workloads? like|speed|tokens?(?:/s)?|down to|nicht|kein\w*|zu|pas|trop|no cabe|demasiado)\b|"
    r"n[\u2019']t\b|\?",
    re.IGNORECASE,
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
#: Room by its size: "in 24 GB", "on a 16 GB card", "26 GB of VRAM suffice".
_SIZE = re.compile(
    r"\b(?:(?:in|on|with|within|into|onto)\s+(?:an?\s+|its\s+|the\s+|just\s+|only\s+|one\s+|a single\s+|"
    r"their\s+){0,2}"
    r"(?P<n>\d{1,3})\s?-?GB\b(?!/s)|"
    r"\b(?:(?:its|the) )?(?P<k>\d{1,3})\s?GB (?:\w+ ){0,2}?(?=(?:holds?|fits?|hosts?)\b)|"
    r"(?P<m>\d{1,3})\s?GB\s+(?:of\s+)?(?:vram\s+|memory\s+)?(?:is|are|will "
    r"be|suffices?|do)\b\s*"
    r"(?:just |then |already |plenty|easily |more than )?(?:enough|sufficient|suffic\w*|plenty|all)?)",
    re.IGNORECASE,
)
#: What speaks of the model before.
_IT = re.compile(
    r"\b(?:it|this model|that model|the (?:whole |full |entire |same |quanti[sz]ed |\w{2,6}[- ]?\d{0,2} |"
    r"\d-bit )?(?:model|version|"
    r"one|weights|checkpoint)|that|this|holds?|which|sie|es|il|lo)\b",
    re.IGNORECASE,
)
#: Headings of cards by their size, and words for the card that was spoken of.
_CARDS = re.compile(
    r"\W*(?:the\s+)?(?P<n>\d{1,3})\s?GB\s*(?:cards?|gpus?|class|tier|of vram|vram|\(|:|$)", re.IGNORECASE
)
_BEFORE = 8
_TIMES = re.compile(r"\b(?P<n>\d{1,2})\s?[x\u00d7]\s?$", re.IGNORECASE)
_SAME_CARD = re.compile(
    r"\b(?:the same|this|that|his|her|their|my|our)\s+(?:card|gpu|one|machine)\b|^\W*It(?:\s+(?:also|even|"
    r"easily|just|still))?\s+"
    r"(?=(?:holds?|runs?|handles?|loads?|hosts?|serves?|can (?:hold|run|handle|load|serve))\b)|"
    r"^\W*(?:Runs|Holds|Handles|Loads|Fits)\b(?=\s+(?:an?|any|the|all)\b)",
    re.IGNORECASE,
)
#: What fits as another did just before: "a 34B fits too".
_TOO = re.compile(
    r"\b(?:fits?|runs?|works?|holds?)\s+(?:too|as well)\b|\b(?:and|also|even)\b(?=[^.;]*\bfits?\b)", re.I
)
#: One of those that the document compares, whichever: "on one of these GPUs", "on either card".
_EITHER = re.compile(
    r"\b(?:one of (?:these|those|them|the two)|either|the (?:card|gpu))"
    r"(?: of (?:them|these|those|the two))?\b"
    r"(?: (?:cards?|gpus?))?",
    re.IGNORECASE,
)
_VERB = re.compile(r"\b(?:fits?|stays?|runs?|handles?|loads?|works?|will do|possible|hold)\b", re.IGNORECASE)
#: What is taken, what follows from it, and what is set against less.
_TAKEN = re.compile(
    r"\b(?:takes?|needs?|requires?|are|is|weighs?|come to|occup\w+)\b[^.;]{0,30}$", re.IGNORECASE
)
_SO = re.compile(r"\s*(?:So|Thus|Hence|Therefore|(?:They|It|That|This|These) (?:all )?fits?)\b")
_GIVEN = re.compile(r"\s*(?:of (?:weights|vram|memory)|is needed|are needed|needed)", re.IGNORECASE)
_THEREFORE = re.compile(
    r"\s*(?:of \w+)?\s*(?:,|:|;|\u2013|-)?\s*"
    r"(?:(?:They|It|That|This|These) (?:all )?)?(?:(?:i\.e\.,?|which(?= (?:an?|one|two|three|four|"
    r"six|eight|\d)\b))[^.;]{0,40}$|(?:needs?|requires?|calls? for|so|thus|hence|"
    r"therefore|which (?:fits?|runs?|means)|that "
    r"fits?|and fits?|fits?|for which|"
    r"(?:and )?(?:one|two|three|four|six|eight|a|an|a single|\d+x?)\s+(?=[A-Z]))\b[^.;]{0,40}$)|"
    r"\s*,\s*(?=$)",
    re.IGNORECASE,
)
_LESS = re.compile(
    r"\b(?:quanti[sz]\w*|4-bit|int[48]|fp8|instead|short|not|over(?= +\d)|more than|"
    r"exceeds?|beyond|each|per gpu)\b|"
    r"n[\u2019']t\b",
    re.I,
)
_AT_LEAST = re.compile(r"\bmore than (?=\d)", re.IGNORECASE)
#: What a text says that full training takes of each parameter.
_BYTES_EACH = re.compile(r"\b(?P<n>1?\d) bytes? (?:per|for each|an?|/) ?param", re.IGNORECASE)
_NODE = re.compile(r"\b(?:node|server|cluster|machine|dgx|hgx)\b", re.IGNORECASE)
_OF_WEIGHTS = re.compile(
    r"\d\s?GB\s+(?:of weights|(?:of (?:vram|memory) )?(?:just |only |alone )?for (?:just )?(?:the|its) "
    r"weights)(?! (?:and|plus))|"
    r"\bweights\s+(?:alone\s+)?(?:take|need|occupy|are|come to|weigh)",
    re.IGNORECASE,
)
_BACK, _UNLIKE = 320, 0.28
#: Bytes of a weight of the smallest format in use, of a gigabyte as sold; a share that rounding explains.
_LEAST, _BINARY, _FULL, _PLURAL = 0.34, 2**30 / 1e9, 0.97, 2


#: An item of a list that sets a device beside a model: "33B LoRA in BF16: RTX 4090".
_LISTED = re.compile(r"[^:;.]{3,60}(?:\.\d[^:;.]{0,40})?:\s[^:;.]{2,60}\.?\s*")


class _Way(NamedTuple):
    """Bytes that a weight takes at least, and why."""

    least: float
    words: str


class _Told(NamedTuple):
    """What a text spoke of last: models, and the one format that they are in."""

    models: Sequence[Model]
    formats: Sequence[Format]


class _Room(NamedTuple):
    """What a model is to be held in: bytes, its words, and where they stand."""

    size: float
    words: str
    start: int
    end: int


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
                found = list(_stated(index, passage, (start, *place), context))
                yield from found or _enough(index, passage, (before, *place), context)
            last, before = _goes_on(last, sentence.text), sentence.start
            speaks = speaks or bool(models(sentence.text) or _IT.search(sentence.text))


def _is_listed(text: str) -> bool:
    """Whether a text sets what follows a colon beside the model before it."""
    return _LISTED.fullmatch(text) is not None and bool(models(text.partition(": ")[0]))


def _goes_on(last: _Told, sentence: str) -> _Told:
    """What a text spoke of last, behind a sentence: its models, and the one format that it said of them."""
    here, said = models(sentence), () if _RATE.search(sentence) else formats(sentence)
    if _TUNED.search(sentence) or len(said) > 1 or (here and single(here) is None):
        return _Told(here or last.models, ())
    return _Told(here or last.models, tuple(said) or (() if here else last.formats))


def _of_cell(cell: Cell, context: Context) -> Iterator[Finding]:
    """What a cell says that the device of its row or column holds: "70B in FP16 fits; 405B in Q3 does"."""
    text = cell.passage.text
    sizes = [float(context.catalogue[key].value("memory") or 0) * cell.number for key in cell.ids]
    if not _VERB.search(text) or not sizes or not all(sizes):
        return
    for clause in _CLAUSE.finditer(text):
        found, said = models(clause[0]), formats(clause[0])
        fits = _VERB.search(text, *clause.span())
        way = how_held(clause[0], said[0].least if said else 0.0)
        if len(found) != 1 or len(said) > 1 or not fits or way is None or _SLOWLY.search(clause[0]):
            continue
        if not _EASED.search(_NONE.sub("", clause[0])):
            words = f"{cell.ids[0]} has {max(sizes) / 1e9:,.4g} GB"
            place = (clause.start() + found[0].start, fits.end())
            yield from _judged(cell.passage, found[0], way, _Room(max(sizes), words, *sorted(place)), context)


#: What a format is that of arithmetic in, and of no weights.
_RATE = re.compile(r"\b[TP]?FLOPS\b|\bTOPS\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[^.;]+(?:\.\d[^.;]*)*")


def _of_sentence(
    index: int, passage: Passage, place: tuple[int, int],
    told: tuple[_Told, re.Match[str] | None], context: Context,
) -> Iterator[Finding]:  # fmt: skip
    if _SLOWLY.search(passage.text, *place):
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
        found = own or (spoken.models if same or _QLORA.search(clause) or _LORA.search(clause) else ())
        sizes = {each.parameters for each in found}
        said = formats(clause) or (spoken.formats if same and not own and not _TUNED.search(clause) else ())
        if (
            not sizes
            or len(said) > 1
            or (single(found) is None and not own)
            or not (_HOLDS.search(clause) or listed)
        ):
            continue
        way = how_held(clause, said[0].least if said else 0.0)
        each = [*_BYTES_EACH.finditer(passage.text, 0, start)] if _FULLY.search(clause) else []
        if each and way:
            way = _Way(
                max(way.least, float(each[-1]["n"])), f"at the {each[-1]['n']} bytes each that it states"
            )
        if _EASED.search(_NONE.sub("", clause)) or (not own and not said and not _TUNED.search(clause)):
            continue
        room = _room(index, passage, (start, end), context) or _of_before(
            index, passage, (start, end), cards, context
        )
        model = max(found, key=lambda one: one.parameters)
        if len(said) == 1 and len(sizes) == 1:
            yield from _weights(passage, (start, end), model, said[0], context)
        if room is not None and way is not None:
            yield from _judged(passage, model, way, room, context)


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
    if len(found) != 1 or len(on) < _PLURAL or way is None or not _JOINS.fullmatch(rest):
        return
    for each in on if text[colon + 2 : on[0].start].strip().lower() in ("", "the", "both") else ():
        room = _of_device(text, colon, each, context)
        if room is not None:
            yield from _judged(passage, found[0], way, room, context)


_JOINS = re.compile(r"(?:[\s,.]|\b(?:and|or|the)\b)*")


def how_held(clause: str, said: float) -> _Way | None:
    """How a model is held; None where that is not certain."""
    if _FULLY.search(clause):
        return trained(clause)
    if _QLORA.search(clause):
        return _Way(0.5, "frozen in 4 bits")
    if _LORA.search(clause) and (said or not _QUANTISED.search(clause)):
        return _Way(said or 2.0, "frozen" if said else "frozen in 16 bits")
    if _TUNED.search(clause) and not _LORA.search(clause):
        # Adapters on weights of 4 bits are the least that tunes anything.
        return _Way(said or 0.5, "frozen in 4 bits" if not said else "frozen")
    if _TRAINED.search(clause) or _LORA.search(clause):
        return None
    return _Way(said or _LEAST, "in what is said" if said else "in any format")


def trained(clause: str) -> _Way:
    """How a model is held of which all weights are trained."""
    if not _ADAM.search(clause) or _LIGHT_ADAM.search(clause):
        return _Way(4.0, "with their gradients")
    if _MIXED.search(clause):
        # Two bytes each of weights and gradients, moments in FP32; a master copy comes on top.
        return _Way(12.0, "with gradients and Adam's states in FP32")
    return _Way(8.0, "with gradients and Adam's states")


def _room(index: int, passage: Passage, place: tuple[int, int], context: Context) -> _Room | None:
    """The one room that a clause names: so many of a device, or a size."""
    text = passage.text
    here = within(context.mentions.get(index, ()), *place)
    sized = list(_SIZE.finditer(text, *place))
    if len({each.named for each in here}) > 1 or (not here and len(sized) != 1):
        return None
    if not here:
        size = float(sized[0]["n"] or sized[0]["m"] or sized[0]["k"])
        return _Room(size * _BINARY * 1e9, f"{size:g} GB is the room", *sized[0].span())
    return _of_device(text, place[0], here[0], context)


def _of_before(
    index: int, passage: Passage, place: tuple[int, int], cards: re.Match[str] | None, context: Context
) -> _Room | None:
    """The card of the heading ("16 GB cards"), or the one just spoken of: "on the same card"."""
    text = passage.text
    named = context.mentions.get(index, ())
    if within(named, *place) or _SIZE.search(text, *place):
        return None
    same = _SAME_CARD.search(text[place[0] : place[1]])
    before = [each for each in named if each.end <= place[0]]
    same, sizes_told = same or _TOO.search(text[place[0] : place[1]]), list(_SIZE.finditer(text, 0, place[0]))
    if same and sizes_told and not before and place[0] - sizes_told[-1].end() < _BACK:
        size = float(next(filter(None, sizes_told[-1].groups())))
        return _Room(size * _BINARY * 1e9, f"{size:g} GB is the room", *(place[0] + at for at in same.span()))
    if same and before and place[0] - before[-1].end < _BACK:
        found = _of_device(text, before[-1].start, before[-1]._replace(text=""), context)
        return found._replace(start=place[0] + same.start(), end=place[0] + same.end()) if found else None
    verb = _VERB.search(text, *place)
    if cards and verb:
        size = float(cards["n"])
        return _Room(size * _BINARY * 1e9, f"{size:g} GB is the room", verb.start(), verb.end())
    either = _EITHER.search(text, *place)
    sizes = {key: float(context.catalogue[key].value("memory") or 0)
             for ids in (devices(context) if either else ()) for key in ids}  # fmt: skip
    if either is None or not sizes or not all(sizes.values()):
        return None
    largest = max(sizes, key=lambda key: sizes[key])
    return _Room(sizes[largest], f"{largest} has {sizes[largest] / 1e9:,.4g} GB", *either.span())


def _weights(
    passage: Passage, place: tuple[int, int], model: Model, said: Format, context: Context
) -> Iterator[Finding]:
    """What the weights of a model are said to take in a format: "14 GB for the weights"."""
    text = passage.text
    sizes = [
        each for each in within(quantities(text, context.fraction), *place)
        if each.dimension == "memory" and each.high == each.value
    ]  # fmt: skip
    if len(sizes) != 1 or not _OF_WEIGHTS.search(text[place[0] : place[1]]) or _TUNED.search(text, *place):
        return
    low, high = said.least * model.parameters, said.usual * model.parameters
    wrong = not low * (1 - _UNLIKE) < sizes[0].value < high * (1 + _UNLIKE)
    because = f"{model.parameters / 1e9:.4g} billion weights in {said.name} are {low / 1e9:,.3g} GB"
    yield made(
        context, passage, (sizes[0].start, sizes[0].end), "memory", "contradicted" if wrong else "confirmed",
        subject=model.name.strip(), attribute="weights", because=because, evidence=(Evidence(because),),
        expected=f"{low / 1e9:,.3g} GB" if wrong else "",
    )  # fmt: skip


def _stated(
    index: int, passage: Passage, places: tuple[int, int, int], context: Context
) -> Iterator[Finding]:
    """Devices that have less than what is said to be taken: "810 GB, so an 8x H100 node is needed".

    That may be said from the first of the places on; the devices follow from the second on.
    """
    text, place = passage.text, (places[0], places[2])
    found = within(context.mentions.get(index, ()), *place)
    sizes = [
        each for each in within(quantities(text, context.fraction), *place)
        if each.dimension == "memory" and (each.high == each.value or each.limit == "over")
    ]  # fmt: skip
    several = len({each.named for each in found}) != 1 and not _or(text, found)
    if not found or several or not sizes or sizes[0].end > found[0].start:
        return
    need = [each for each in sizes if each.end <= found[0].start][-1]
    said = _TAKEN.search(text, place[0], need.start) or _GIVEN.match(text, need.end)
    gap = text[max(need.end, places[1]) : found[0].start]
    node = _NODE.search(gap)
    clause = max(place[0], text.rfind(":", place[0], need.start), text.rfind(";", place[0], need.start))
    if (
        not said
        or not _THEREFORE.match(gap)
        or _EASED.search(gap)
        or _LESS.search(_AT_LEAST.sub("", text[clause : place[1]]))
    ):
        return
    known = [float(context.catalogue[key].value("memory") or 0) for key in found[0].ids]
    count = counted(text, need.end, found[0].start)
    if not known or not all(known) or (count == 1 and (node or found[0].text.endswith("s"))):
        return
    if need.value > max(known) * count:
        yield _short(passage, need, (found[0], len(gap.lstrip(" ,"))), count, context)


def _enough(
    index: int, passage: Passage, places: tuple[int, int, int], context: Context
) -> Iterator[Finding]:
    """Devices that are said to do for a size that was told just before: "128 GB. An H100 is enough"."""
    text = passage.text
    needed = [
        each for each in within(quantities(text, context.fraction), places[0], places[2])
        if each.dimension == "memory" and each.high == each.value and each.limit != "under"
    ]  # fmt: skip
    for mention in within(context.mentions.get(index, ()), places[1], places[2]):
        before = [each for each in needed if each.end <= mention.start]
        begins = _SO_MANY.search(text, places[1], mention.start)
        other = begins and _ALTERNATIVE.search(text, places[1], begins.start())
        does = _DOES.match(text, mention.end, places[2])
        known = [float(context.catalogue[key].value("memory") or 0) for key in mention.ids]
        if not begins or not (does or other) or not before or not all(known):
            continue
        # The others of a list have so much themselves: "four L40S with 192 GB, or one A100".
        need = next((each for each in reversed(before) if not _OF_OTHERS.search(text, 0, each.start)), None)
        since = max(
            (each.end for each in context.mentions.get(index, ()) if each.end < mention.start), default=0
        )
        clause = text[max(need.end if need else places[0], since) : mention.start]
        if need is None or _EASED.search(clause) or _LESS.search(clause) or models(clause):
            continue
        count = counted(text, begins.start(), mention.start)
        if need.value > max(known) * count:
            yield _short(passage, need, (mention, mention.start - begins.start("n")), count, context)


#: So many of a device, what says that they do, and what begins another choice.
_SO_MANY = re.compile(
    r"\b(?P<n>an?|one|a single|(?:a )?pair of|two|three|four|five|six|eight)\s+(?:nvidia\s+)?$", re.IGNORECASE
)
_DOES = re.compile(
    r"s?\s+(?:(?:will|would|can)\s+(?:do|suffice|take|hold|handle|fit)\b(?:\s+(?:that|it|this))?|suffices?|"
    r"(?:is|are|has|have)\s+(?:just\s+|already\s+)?enough(?:\s+(?:memory|vram|room))?|does it|do it)"
    r"(?:\s+for (?:this|that|it))?\s*(?:[.,;:]|$)",
    re.IGNORECASE,
)
_ALTERNATIVE = re.compile(r"(?:,?\s+or|\):)\s+(?:just\s+|only\s+|even\s+)?$", re.IGNORECASE)
_OF_OTHERS = re.compile(r"\b(?:with|has|have|together|having)\s+$", re.IGNORECASE)


def _short(
    passage: Passage, need: Quantity, what: tuple[Mention, int], count: float, context: Context
) -> Finding:
    """So many of a device, marked from so far before its name, that have less than is needed."""
    mention, back = what
    total = max(float(context.catalogue[key].value("memory") or 0) for key in mention.ids) * count
    many = f"{count:g} x {mention.ids[0]} have" if count > 1 else f"{mention.ids[0]} has"
    because = f"{passage.text[need.start : need.end]} is needed; {many} {total / 1e9:,.4g} GB"
    return made(
        context, passage, (mention.start - back, mention.end), "memory", "inconsistent",
        subject=mention.ids[0], attribute="fits", because=because, expected="no",
        evidence=(Evidence(because),),
    )  # fmt: skip


def _or(text: str, found: Sequence[Mention]) -> bool:
    """Whether devices are named in place of each other: "two L40S or two A100"."""
    return bool(found) and all(_OR.fullmatch(text, one.end, other.start) for one, other in pairwise(found))


_OR = re.compile(r"s?\s*(?:,|,?\s*\bor)\s+(?:[\w\u00d7]+\s+){0,2}", re.IGNORECASE)


def _of_device(text: str, start: int, on: Mention, context: Context) -> _Room | None:
    sizes = [float(context.catalogue[key].value("memory") or 0) for key in on.ids]
    if not sizes or not all(sizes):
        return None
    count = counted(text, start, on.start)
    times = _TIMES.search(text, max(0, on.start - _BEFORE), on.start)
    if WORKED.match(text, on.end):
        # "2.8 million H800 hours" are no room.
        return None
    if count == 1 and times:
        # "An 8x H100 server", spoken of again.
        count = float(times["n"])
    plural = text[on.end : on.end + 2] in ("s ", "s.", "s,") or on.text.endswith("s")
    if count == 1 and plural:
        # "On H100s": of how many is not said.
        return None
    if count == 1 and re.search(
        r"\b(?:pair|dual|both|node|server|instances?|hgx|dgx|few|some|more|\d+-way)\b",
        text[start : on.start],
        re.I,
    ):
        return None
    total = max(sizes) * count
    many = f"{count:g} x {on.ids[0]} have" if count > 1 else f"{on.ids[0]} has"
    return _Room(total, f"{many} {total / 1e9:,.4g} GB", on.start, on.end)


def _judged(passage: Passage, model: Model, way: _Way, room: _Room, context: Context) -> Iterator[Finding]:
    weights = way.least * model.parameters
    if _FULL * room.size >= weights:
        return
    because = f"the weights of {model.name.strip()} {way.words} are {weights / 1e9:,.3g} GB; {room.words}"
    yield made(
        context, passage, (room.start, room.end), "memory", "contradicted", subject=model.name.strip(),
        attribute="fits", because=because, expected="no", evidence=(Evidence(because, "memory model"),),
    )  # fmt: skip
