"""Media engines in cells and entries of lists: "2 NVENC, 4 NVDEC", "Encoder | 1x 9th Gen"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import told as each_sentence
from whichgpu.audit.tables.entries import of_one
from whichgpu.audit.text.quantities import SPELLED, read_number
from whichgpu.audit.values.certainty import certain
from whichgpu.audit.values.fields import of_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: What engines are called, by the field that tells how many of them there are.
_WORDS = {
    "encoders": r"NVENC(?:s|oders?)?|encod(?:er|e engine|ing engine)s?|(?:en)?codeurs?|codificador(?:es)?",
    "decoders": r"NVDEC(?:s|oders?)?|decod(?:er|e engine|ing engine)s?|d\u00e9codeurs?|decodificador(?:es)?",
}
_NTH = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_GEN = rf"(?P<nth>\d{{1,2}}(?:st|nd|rd|th)|{'|'.join(_NTH)})[- ]gen(?:eration)?\.?"
_COUNT = rf"(?P<n>\d{{1,2}}|{'|'.join(SPELLED)})\s?(?:[x\u00d7]\s?)?"
_NAMES = {
    field: re.compile(
        rf"(?<![\w.])(?:{_COUNT}(?:\(?{_GEN}\)?\s*)?(?:(?:NVIDIA|video|hardware|"
        rf"dedicated)\s+)*)(?:{words})\b",
        re.IGNORECASE,
    )
    for field, words in _WORDS.items()
}
_LABELS = {
    field: re.compile(rf"\b(?:{words})\b(?! (?:formats?|support|codecs?|sessions?))", re.IGNORECASE)
    for field, words in _WORDS.items()
}
#: Below such a label: "2", "1x Ninth Generation", "3x (8th Gen)".
_BELOW = re.compile(
    rf"\s*{_COUNT}(?:\(?{_GEN}\)?)?\s*(?:\([^()]*\)|with\b[^|]*|[,+][^|]*|NV(?:EN|DE)Cs?|engines?|"
    rf"units?)?\s*",
    re.IGNORECASE,
)
_PAIR = re.compile(r"\s*(\d)\s?x?\s*[/+]\s*(\d)\s?x?\s*", re.IGNORECASE)
_KNOWN = re.compile(r"(?P<n>\d+) NV(?:ENC|DEC)(?: \((?P<gen>\d+)th generation)?")
_PER = re.compile(r"\b(?:per|each|sessions?|streams?)\b", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every number of encoders or decoders of a device with its verdict."""
    for cell in of_one(context):
        yield from _of_cell(cell, context)
    for passage, sentence, who in each_sentence(context, _ANY):
        yield from _of_sentence(passage, sentence, who, context)


#: Engines that a sentence may count, and the verb before them; what makes them those of something else.
_ANY = re.compile("|".join(_WORDS.values()), re.IGNORECASE)
_HAS = re.compile(
    r"\b(?:has|have|had|with|carr(?:y|ies)|comes? with|offers?|brings?|gets?|sports?|includes?|packs?|"
    r"likewise|features?|houses)\s+"
    r"(?:(?:only|just|even|now|got|likewise|also|still|as many as|all of)\s+)*$",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\b(?:not|no|never|than|instead|like|unlike|as many|each|per|both|together|more|fewer|less|if|"
    r"sessions?|streams?|text|"
    r"transformer|vae|clip)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_NEAR = 40


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """How many engines a sentence says that the device it is about has."""
    for field, names in _NAMES.items():
        for match in names.finditer(passage.text, sentence.start, sentence.end):
            lead = passage.text[max(sentence.start, match.start() - _NEAR) : match.start()]
            mention = who.owner(match.start())
            own = mention in who.own if who.here else who.certain
            behind = passage.text[match.end() : match.end() + _NEAR // 2]
            if mention is None or not own or not _HAS.search(lead) or _ELSE.search(f"{lead} {behind}"):
                continue
            gpus = [context.catalogue[key] for key in mention.ids]
            said = (field, _number(match["n"]), _nth(match["nth"]))
            yield from _judged(passage, match.span(), said, gpus, context)


def _of_cell(cell: Cell, context: Context) -> Iterator[Finding]:
    text = cell.passage.text
    if _PER.search(f"{cell.label} {text}"):
        return
    gpus = [context.catalogue[key] for key in cell.ids]
    headed = [field for field, pattern in _LABELS.items() if pattern.search(cell.label)]
    both = _PAIR.fullmatch(text) if len(headed) == len(_LABELS) else None
    for at, field in enumerate(_LABELS) if both else ():
        told = int(both[at + 1]) if both else 0
        yield from _judged(
            cell.passage, (both.span(at + 1) if both else (0, 0)), (field, told, 0), gpus, context
        )
    named = [(field, each) for field, names in _NAMES.items() for each in names.finditer(text)]
    below = _BELOW.fullmatch(text) if len(headed) == 1 and not named else None
    for field, match in [(headed[0], below)] if below else named:
        yield from _judged(
            cell.passage, match.span(), (field, _number(match["n"]), _nth(match["nth"])), gpus, context
        )


def _number(word: str) -> int:
    return int(read_number(word))


def _nth(word: str | None) -> int:
    """The generation that a word tells; 0 for none."""
    if not word:
        return 0
    return _NTH.index(word.lower()) + 1 if word.lower() in _NTH else int(re.sub(r"\D", "", word))


def _judged(
    passage: Passage,
    place: tuple[int, int],
    told: tuple[str, int, int],
    gpus: Sequence[Gpu],
    context: Context,
) -> Iterator[Finding]:
    """Whether any of the devices has so many of them, of that generation where one is told."""
    field, number, nth = told
    known = {gpu.id: each for gpu in gpus if (each := engines(gpu, field)) is not None}
    having = [gpu for gpu in gpus if gpu.id in known]
    right = [gpu for gpu in having if _fits(known[gpu.id], number, nth, gpu)]
    sure = having and len(having) == len(gpus) and all(certain(gpu, field) for gpu in having)
    if having:
        verdict = "confirmed" if right else "contradicted" if sure else "unverifiable"
        yield of_field(passage, place, "specification", field, right or having, verdict, context)


def engines(gpu: Gpu, field: str) -> Mapping[str, int] | None:
    """How many encoders or decoders a device has, of which generation (0 if not told); None if unknown."""
    value = gpu.value(field)
    if value == "none":
        return {"n": 0, "gen": 0}
    match = _KNOWN.match(str(value)) if value else None
    return {"n": int(match["n"]), "gen": int(match["gen"] or 0)} if match else None


def _fits(known: Mapping[str, int], number: int, nth: int, gpu: Gpu) -> bool:
    """Whether a device has so many, each GPU of its board or all of them, of that generation."""
    on_board = int(gpu.value("units_per_board") or 1)
    same = not nth or not known["gen"] or nth == known["gen"]
    return same and number in (known["n"], known["n"] * on_board)
