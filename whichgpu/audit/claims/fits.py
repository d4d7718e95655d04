"""Fits: "Llama 3 70B in FP16 runs on a single RTX 6000 Ada", held against the weights and the memory."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import devices as devices_compared
from whichgpu.audit.devices.machine import names_machine
from whichgpu.audit.devices.mentions import Mention, mentions
from whichgpu.audit.devices.narrowed import larger_forms
from whichgpu.audit.devices.roles import WORKED, spoken
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.needed.room import BINARY, HEDGED_USE, ROOM, of_part, of_table
from whichgpu.audit.sufficing.needs import need_before
from whichgpu.audit.text.counting import any_number, counted
from whichgpu.audit.text.models import TRAINS, formats, models
from whichgpu.audit.text.sentences import sentence_at, sentences, within
from whichgpu.audit.values.sourced import source_of
from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.models import Format, Model
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_FITS = re.compile(
    r"\b(?:fit(?:s|ting)?\b(?=[^.;]{0,40}?\b(?:in|on|into|onto|within|inside)\b)|pass(?:t|"
    r"en)\b(?=[^.;]{0,40}?\bauf\b)|"
    r"(?:needs?|requires?|takes?)(?=\s+(?:at least |about |only |just )?(?:an?|one|two|three|four|five|"
    r"six|eight|ten|\d+x?)\s)|"
    r"(?:runs?(?! out)|loads?|hosts?|deploy|serves?|"
    r"holds?|handles?|load(?:ed)?|hosted|served|deployed|running|"
    r"enough(?: (?:for|to))?|sufficient(?: (?:for|to))?|suffices|room for)\b)",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"(?:\b(?:not|cannot|never|no longer|unable to|too (?:large|big) (?:for|to)|impossible to|fails? to)|"
    r"n[\u2019']t)\b"
    r"[^.;]{0,24}$",
    re.IGNORECASE,
)
#: "No single H100 can hold it".
_NO_ONE = re.compile(
    r"\b(?:no|neither|none of)\s+(?:[\w-]+\s+){1,4}(?:can|could|will)\s+(?:\w+\s+)?$", re.IGNORECASE
)
#: Between what fits and a device: "runs on a single card, which does not fit into the 24 GB of the old one".
_WHICH_NOT = re.compile(r"\b(?:does|do|did|will|would)(?: not|n[\u2019']t) fit\b", re.IGNORECASE)
#: Right before a device: "it fits on the larger two, not on the".
_NOT_ON = re.compile(
    r"\b(?:not (?:on|in|into|onto)|nicht (?:aber |mehr )?(?:auf|in)|pas (?:sur|dans))\s+"
    r"(?:the\s+|an?\s+)?(?:[A-Za-z]+\s+){0,2}$",
    re.IGNORECASE,
)
#: What makes a fit a condition, a comparison or another thing.
_HEDGED = re.compile(
    r"\b(?:exceeds?|if|unless|whether|faster|slower|tokens?/s|tokens per|batch|context|users?|speed|twice|"
    r"would|might|may|tr(?:y|ies|ied|ying)|attempt\w*|previously|per (?:gpu|card)|split|shard\w*|"
    r"together with|plus|layers?|on the CPU|in (?:system |host )?RAM|off-?load\w*)\b",
    re.IGNORECASE,
)
#: What weights that do not fit are not helped by: "when you keep the batch small".
_KEPT_SMALL = re.compile(
    r"\b(?:when|if|as long as|provided|with)\s+[^.;,]{0,24}\b(?:(?:small|short|tiny|modest|"
    r"limited)\s+(?:batch\w*|context\w*)"
    r"|(?:batch\w*|context\w*)\s+(?:\w+\s+)?(?:small|short|tiny|modest|limited|low))\b",
    re.IGNORECASE,
)
#: A sentence that goes on about the model of the one before it.
_GOES_ON = re.compile(r"\s*(?:It|This|That|So it|Es|Das|Il|Elle)\b", re.IGNORECASE)
#: A device that is said to hold what the sentence before is about.
_OF_IT = re.compile(
    r"\b(?:serve|run|host|hold|fit|handle|load|deploy)s?\s+(?:it|this model|the model|the whole model|"
    r"that)\b",
    re.I,
)
#: A card by its memory, and one of what is spoken of.
_SIZED = re.compile(
    r"\b(\d{1,3})[ -]?GB(?:\s+(?:of\s+)?(?:vram|gddr\w+|memory))?\s+(?:gaming\s+|graphics\s+|consumer\s+)?"
    r"(?:gpus?|cards?|laptops?|accelerators?|notebooks?|versions?|variants?)\b",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"\b(?:in|on|onto|into)\s+(?:just |only )?(?:one|a single (?:one|card|gpu)|the card|it)\b"
    r"(?!\s+(?:box|node|server|machine|system|instance|platform|rack|pod|host)s?\b)",
    re.IGNORECASE,
)
#: Every device of a comparison: "on both cards", "on all three".
_GROUP = re.compile(
    r"\b(?:in|on|onto|into)\s+(both|either|all (?:two|three|four)|all of them|each(?! of\b))\b"
    r"(?:\s+(?:cards?|gpus?|of them))?",
    re.I,
)
_GROUP_MOST = 4
#: What holds a model is told before the device that is named next: "on any of these systems, with most room".
_ON_OTHERS = re.compile(
    r"\s+(?:easily |comfortably |well |also )?(?:in|on|onto|into)\s+"
    r"(?:any|all|each|every one|either|both|one|a single one|none)\s+"
    r"(?:of\s+(?:these|those|them|the)\b|(?:systems|servers|nodes|machines)\b)",
    re.IGNORECASE,
)
#: What a passage without the name of a device says where it speaks of one.
_ON_SOME = re.compile(r"\d[ -]?GB\b|\b(?:both|either|all)\b|\bon(?:to)? (?:one|it|the card|a single)\b")
#: How many of a device a model is said to need: fewer cannot hold it, more would do as well.
_NEEDS = re.compile(r"needs?|requires?|takes?", re.IGNORECASE)
_HOW_MANY = re.compile(
    r"\s+(?:at least |about |only |just )?(?:an?|one|two|three|four|five|six|eight|ten|"
    r"\d+\s?x?)\s+(?:nvidia\s+|amd\s+)?",
    re.IGNORECASE,
)
_TOO_LARGE = re.compile(r"\btoo (?:large|big)\b", re.IGNORECASE)
_CLAUSE = re.compile(r",\s+(?:but|so|and|while|whereas)\s|;\s|\sbut\s")
_NODE = re.compile(r"\b(?:dgx|hgx)\s*$", re.IGNORECASE)
#: What the weights may take of the memory, beyond which they do not fit.
_FULL = 0.97
#: Bytes of a weight of the smallest format in use (2.5 bits with its scales).
_LEAST = 0.34
_PER_NODE = 8
#: Behind the name of a device, that several of them in one machine are meant: "an H200 node".
_ITS_NODE = re.compile(
    r"[\s-]+(?:nodes?|servers?|systems?|platforms?|boxes|box|baseboards?|instances?|racks?)\b", re.IGNORECASE
)
#: "On one server with H200": of as many as it has.
_SERVER_WITH = re.compile(
    r"\b(?:servers?|nodes?|machines?|systems?|boxes|box|hosts?|racks?)\s+(?:with|of|full of)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_ON = re.compile(r"\b(?:fits on|runs on|gpus?|hardware|cards?|recommend\w+)\b", re.IGNORECASE)
_FORM = re.compile(r"\b(?:quanti[sz]ation|quant|precision|format|dtype)\b", re.IGNORECASE)
_COLUMNS, _MOST_ROWS = 16, 60


class _Claim(NamedTuple):
    """That a model fits, or does not, on so many of a device."""

    place: tuple[int, int]
    model: Model
    said: Format | None
    #: The device, or the words of a card that is known by its memory alone, and that memory.
    mention: Mention | None
    number: float
    fits: bool
    size: float = 0.0
    words: str = ""
    #: Whether no less is said to do.
    minimum: bool = False


def find(context: Context) -> Iterator[Finding]:
    """Every stated fit with its verdict."""
    for table in context.document.tables:
        yield from _on_devices(table, context)
        yield from of_table(table, context)
    for index, passage in context.document.running():
        if not context.mentions.get(index) and not _ON_SOME.search(passage.text):
            continue
        last: _Claim | None = None
        for sentence in sentences(passage.text):
            last = None if models(sentence.text) else last
            for last in _claims(index, passage, sentence, context):
                yield from _judged(passage, last, context)
            for also in _also(index, passage, sentence, last, context) if last and last.fits else ():
                yield from _judged(passage, also, context)
        item = _ITEM.match(passage.text) if passage.kind == "item" else None
        if item and not HEDGED_USE.search(passage.text):
            size = (float(item[1]) * BINARY * 1e9, f"{item[1]} GB is the room")
            yield from of_part(passage, "", size, context, place=(item.end(), len(passage.text)), sure=True)


#: "48 GB: 70B in 8 bits", an entry of what fits in a size of memory.
_ITEM = re.compile(r"[\s*]*(\d{1,3})\s?GB(?:\s+(?:cards?|gpus?|of vram|vram))?[\s*]*:[\s*]*", re.IGNORECASE)
#: A further device of which the same is said: "an H100 does too", "as does a single RTX 4090".
_DOES_TOO = re.compile(
    r"\s+(?:does|can|will|is)(?:\s+(?:it|so|enough))?,?\s+(?:too|as well|also)\b", re.IGNORECASE
)
_AS_DOES = re.compile(
    r"\b(?:as|so)\s+(?:does|do|can|will|would|is)\s+(?:an?\s+|the\s+|one\s+|a single\s+)?(?:nvidia\s+)?$",
    re.IGNORECASE,
)


#: "Compared with the 3080, it holds": of the one that the text speaks of.
_THEN_IT = re.compile(r",\s+(?:it|this (?:card|gpu|one))\b", re.IGNORECASE)


def _also(
    index: int, passage: Passage, sentence: Sentence, claim: _Claim, context: Context
) -> Iterator[_Claim]:
    """The fit of a sentence on a further device of which it says the same."""
    start = max(claim.place[1], sentence.start)
    for mention in within(context.mentions.get(index, ()), start, sentence.end):
        too = _DOES_TOO.match(passage.text, mention.end, sentence.end)
        if too or _AS_DOES.search(passage.text, start, mention.start):
            place = (mention.start, too.end() if too else mention.end)
            yield claim._replace(place=place, mention=mention, number=1.0)


def _on_devices(table: Table, context: Context) -> Iterator[Finding]:
    """Models to a row, with the GPUs that each runs on: "Llama 3 70B | FP16 | 2x A100 80GB"."""
    heads = [cell.text if cell else "" for cell in table.rows[0][:_COLUMNS]]
    columns = [i for i, head in enumerate(heads) if i and _ON.search(head)]
    forms = [i for i, head in enumerate(heads) if i and _FORM.search(head)]
    for row in range(1, min(len(table.rows), _MOST_ROWS) if columns else 0):
        first = table.cell(row, 0)
        found = models(first.text) if first else ()
        beside = [cell.text for i in forms if (cell := table.cell(row, i))]
        said = formats(" ".join([*(beside or heads), first.text if first else ""]))
        for column in columns if len({each.parameters for each in found}) == 1 and len(said) == 1 else ():
            cell = table.cell(row, column)
            on = list(mentions(cell.text, context.catalogue)) if cell else []
            if cell and len(on) == 1:
                count = counted(cell.text, 0, on[0].start, on[0].end)
                place = (0, len(cell.text))
                yield from _judged(cell, _Claim(place, found[0], said[0], on[0], count, True), context)


def _claims(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[_Claim]:
    """The fits of a sentence that speaks of one model: each clause with one device and at most one format."""
    text = sentence.text
    if (
        text.rstrip("* ").endswith("?")
        or not _FITS.search(text)
        or TRAINS.search(text)
        or _HEDGED.search(_KEPT_SMALL.sub(" ", text))
    ):
        return
    found, before = _models_of(passage, sentence)
    if len({each.parameters for each in found}) != 1:
        return
    who = spoken(index, passage, sentence, context)
    starts = [0, *(match.end() for match in _CLAUSE.finditer(text)), len(text)]
    for first, last in pairwise(starts):
        place = (sentence.start + first, sentence.start + last)
        said = formats(text[first:last]) or formats(text) or formats(before)
        here = _holding(passage.text, place, who)
        form = said[0] if said else None
        if here and len(said) <= 1:
            yield from _of_clause(passage.text, sentence, place, (found[0], form), here)
        elif not here and len(said) < 2:
            group = _GROUP.search(passage.text, *place)
            yield from (
                _on_all(passage, place, (found[0], form), group, context)
                if group
                else _unnamed(passage, place, (found[0], form), who)
            )


def _models_of(passage: Passage, sentence: Sentence) -> tuple[Sequence[Model], str]:
    """The models of a sentence; if it has none and goes on, those of the one before, with its words."""
    found = models(sentence.text)
    if found or not (_GOES_ON.match(sentence.text) or _OF_IT.search(sentence.text)):
        return found, ""
    # "Mixtral 8x7B in FP16 takes 93 GB; it fits on one A10G."
    earlier = [each for each in sentences(passage.text) if each.start < sentence.start]
    before = earlier[-1].text if earlier else ""
    return models(before) if not TRAINS.search(before) else (), before


def _holding(text: str, place: tuple[int, int], who: Spoken) -> list[Mention]:
    """The devices of a clause that may be what something fits on."""
    return [
        each
        for each in within(who.here, *place)
        if not _AS_DOES.search(text, place[0], each.start)
        and not (each in who.against and _THEN_IT.match(text, each.end))
        and not WORKED.match(text, each.end)
        # "On the NVIDIA node one serves the FP8 version": of as many as it has.
        and not names_machine(text, each.start, each.end)
        and not _SERVER_WITH.search(text, place[0], each.start)
    ]


def _of_clause(
    text: str, sentence: Sentence, place: tuple[int, int], what: tuple[Model, Format | None],
    here: Sequence[Mention],
) -> Iterator[_Claim]:  # fmt: skip
    """The fit that a clause tells of one device, or of so many of it."""
    start = place[0]
    verb = _verb(text, place, here)
    if verb is None or len({each.named for each in here}) != 1:
        return
    between = (verb.end(), max(here[0].start, verb.end()))
    if _ON_OTHERS.match(text, *between):
        return
    count = counted(text, start, here[0].start, here[0].end)
    one = count == 1 and _ITS_NODE.match(text, here[0].end)
    if one or _NODE.search(text, sentence.start, here[0].start):
        count *= _PER_NODE
    denied = bool(
        _NOT.search(text, start, verb.start())
        or _NO_ONE.search(text, start, verb.start())
        or _TOO_LARGE.search(text, *place)
        or _NOT_ON.search(text, *between)
        or _WHICH_NOT.search(text, *between)
    )
    least = _NEEDS.search(text, *place) and _AT_LEAST.search(text, *place)
    minimum = bool(least and not _FOR_SPEED.search(sentence.text))
    whole = (min(verb.start(), here[0].start), max(here[0].end, verb.end()))
    if _OFFERS.search(text, here[0].end, max(here[0].end, verb.start())):
        # "Two of these cost as much as one A40 and offer 96 GB": of the first of them.
        return
    yield _Claim(whole, *what, here[0], count, not denied, minimum=minimum)


#: Behind a device with which another is compared, what that one has.
_OFFERS = re.compile(r"\band (?:offers?|gives?|has|have|brings?|provides?)\s[^.;]{0,16}\d", re.IGNORECASE)
#: A requirement that is said to be the least, what leaves room beside the weights, and what is far too much.
_AT_LEAST = re.compile(r"\b(?:at least|at the (?:very )?least|minimum|no less than)\b", re.IGNORECASE)
_FOR_SPEED = re.compile(
    r"\b(?:throughput|latency|fast\w*|production|smooth\w*|performan\w+|comfortabl\w+|quick\w*|"
    r"interactive\w*)\b",
    re.I,
)
_BESIDE, _HALF = 1.3, 0.5


def _on_all(
    passage: Passage, place: tuple[int, int], what: tuple[Model, Format | None], group: re.Match[str],
    context: Context,
) -> Iterator[_Claim]:  # fmt: skip
    """A fit on each of the devices that the document compares: of the one with the least memory."""
    verb = _FITS.search(passage.text, *place)
    compared = devices_compared(context)
    count = {"both": 2, "either": 2, "all two": 2, "all three": 3, "all four": 4}.get(
        re.sub(r"\s+", " ", group[1].lower())
    )
    if (
        verb is None
        or verb.start() > group.start()
        or len(compared) != (count or len(compared))
        or not 2 <= len(compared) <= _GROUP_MOST
    ):
        return
    least = min((larger_forms(ids, context) for ids in compared), key=lambda ids: _most_memory(ids, context))
    if _is_counted(least, context):
        # "Four used RTX 3090": both is one machine of several, and another.
        return
    denied = bool(_NOT.search(passage.text, place[0], verb.start()))
    mention = Mention(verb.start(), group.end(), group[0], least, least)
    yield _Claim((verb.start(), group.end()), *what, mention, 1, not denied)


def _most_memory(ids: tuple[str, ...], context: Context) -> float:
    return max(float(context.catalogue[key].value("memory") or 0) for key in ids)


def _is_counted(ids: tuple[str, ...], context: Context) -> bool:
    """Whether a document speaks of several of a device anywhere."""
    return any(
        {*each.ids} & {*ids} and counted(passage.text, 0, each.start) > 1
        for index, passage in enumerate(context.document.passages)
        for each in context.mentions.get(index, ())
    )


def _unnamed(
    passage: Passage, place: tuple[int, int], what: tuple[Model, Format | None], who: Spoken
) -> Iterator[_Claim]:
    """A fit on a card that is known by its memory ("a 16 GB card"), or on "one" of what is spoken of."""
    text = passage.text
    verb = _FITS.search(text, *place)
    if verb is None or _NEEDS.fullmatch(verb[0]):
        return
    sized, one = _SIZED.search(text, verb.end(), place[1]), _ONE.search(text, verb.end(), place[1])
    denied = bool(_NOT.search(text, place[0], verb.start()) or _TOO_LARGE.search(text, *place))
    if sized:
        span = (verb.start(), sized.end())
        yield _Claim(span, *what, None, 1, not denied, float(sized[1]) * GIB, f"a card of {sized[1]} GB")
    elif one and who.topic and who.certain:
        yield _Claim((verb.start(), one.end()), *what, who.topic[0], 1, not denied)


def _verb(text: str, place: tuple[int, int], here: Sequence[Mention]) -> re.Match[str] | None:
    """What says that something fits; "needs" only where it says how many devices, and is not denied."""
    for verb in _FITS.finditer(text, *place) if here else ():
        if not _NEEDS.fullmatch(verb[0]):
            return verb
        many = _HOW_MANY.fullmatch(text, verb.end(), max(here[0].start, verb.end()))
        if many and not _NOT.search(text, place[0], verb.start()):
            return verb
    return None


_ALL_OF = re.compile(r"\b(?:all (?:two|three|four|five|of (?:them|these))|both)$", re.IGNORECASE)
_NODES = re.compile(
    r"\b(?:per node|nodes? of (?:eight|four|8|4)|(?:eight|8)-way (?:nodes?|systems?|servers?))\b", re.I
)


def _judged(passage: Passage, claim: _Claim, context: Context) -> Iterator[Finding]:
    """Contradicted where the weights alone exclude it, or leave half of the memory free."""
    if _ALL_OF.search(passage.text, *claim.place) and _NODES.search(context.document.original):
        # "Fits on all three": the nodes that the text compares.
        return
    if claim.mention and any_number(passage.text, claim.mention.start, claim.mention.end):
        return
    ids = claim.mention.ids if claim.mention else ()
    known = [one for key in ids if (one := context.catalogue[key]).value("memory")]
    if not known and not claim.size:
        return
    choose = max if claim.fits else min
    gpu: Gpu | None = choose(known, key=lambda one: float(one.need("memory")), default=None)
    size = float(gpu.need("memory")) if gpu else claim.size
    name = gpu.id if gpu else claim.words
    total = size * claim.number
    weights = claim.model.parameters * (claim.said.least if claim.said else 2.0)
    least = weights if claim.said else claim.model.parameters * _LEAST
    verdict = _verdict(claim, (least, weights), total)
    if verdict == "confirmed" and claim.fits and _needs_more(passage, claim, total, context):
        # The text says itself that more than the weights is to be held.
        return
    form = claim.said.name if claim.said else "16 bit"
    many = f"{claim.number:g} x {name} have" if claim.number > 1 else f"{name} has"
    because = (
        f"{claim.model.name}: {weights / 1e9:,.3g} GB of weights in {form}; {many} {total / 1e9:,.4g} GB"
    )
    yield made(
        context, passage, claim.place, "memory", verdict, subject=claim.model.name, attribute="fits",
        because=because, expected="" if verdict == "confirmed" else ("no" if claim.fits else "yes"),
        evidence=(Evidence(because, "memory model"), *([source_of(gpu, "memory")] if gpu else [])),
    )  # fmt: skip


def _needs_more(passage: Passage, claim: _Claim, total: float, context: Context) -> bool:
    """Whether the sentence of a fit tells a need before it that is beyond what there is."""
    one = sentence_at(passage.text, claim.place[0])
    need = need_before(passage, one, claim.place[0], context) if one else None
    return need is not None and one is not None and need.start >= one.start and need.value > total


def _verdict(claim: _Claim, weights: tuple[float, float], total: float) -> str:
    """`weights` are the least that they can take in what is said, and what they take in it."""
    least, usual = weights
    if claim.minimum and _BESIDE * usual < _HALF * total:
        return "contradicted"
    if claim.fits:
        if least > _FULL * total:
            return "contradicted"
        return "confirmed" if usual < ROOM * total else "unverifiable"
    if claim.said is None:
        return "confirmed" if least > _FULL * total else "unverifiable"
    if usual > ROOM * total:
        return "confirmed"
    return "contradicted" if usual < 0.5 * total else "unverifiable"
