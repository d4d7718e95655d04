"""Sizes of models: "BERT-Large has 110 million parameters", "GPT-2 XL (1.5B parameters)"."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.models import models
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.runs import active
from whichgpu.errors import WhichGpuError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.workloads.workload import Workload

#: A name of a model: words with a capital or a digit, as far as it is one.
_NAME = (
    r"(?P<name>\b(?:BERT|RoBERTa|DistilBERT|GPT|Llama|Mi[sx]tral|Qwen|Gemma|Phi|Falcon|DeepSeek|Whisper|T5|"
    r"CLIP|"
    r"ResNet|VGG|DenseNet|GoogLeNet|SqueezeNet|EfficientNet|Inception|AlexNet|MobileNet|ViT|"
    r"Stable Diffusion|SDXL|FLUX|OPT|"
    r"BLOOM|MPT|"
    r"Yi|Kimi|GLM|Mamba|Jamba)"
    r"(?:[ -]?(?:v?\d[\w.]{0,8}|large|base|small|medium|tiny|mini|XL|XXL|turbo|dev|schnell|oss|NeoX|J|R1|"
    r"B\d|(?-i:[A-Z](?![a-z]))))"
    r"{0,4})"
)
_HAS = (
    r"\s*(?:,?\s*(?:which|that|with|has|have|had|contains?|counts?|packs?|comes with|uses|at|is|its)\s+)"
    r"(?:(?:about|around|roughly|approximately|some|only|just|a total of|over|nearly|almost|~)\s*){0,2}|"
    r"\s*\(\s*~?"
)
_COUNT = r"(?P<n>\d{1,4}(?:[.,]\d{1,3})?)[\s-]?(?P<scale>billion|million|trillion|[MBT])[\s-]parameters?\b"
_SAID = re.compile(rf"{_NAME}(?:{_HAS}){_COUNT}", re.IGNORECASE)
#: "The 110-million-parameter BERT-Large".
_BEFORE = re.compile(rf"\b{_COUNT}\s+(?:model\s+)?{_NAME}", re.IGNORECASE)
#: "ResNet-50 is small, with about 26 million parameters": the only model and the only number of a sentence.
_NAMED = re.compile(_NAME, re.IGNORECASE)
_COUNTED = re.compile(
    rf"\b(?:with|and|has|have|at|of|counts?|contains?)\s+(?:its |the )?(?:about |around |roughly |some |"
    rf"only |just )*"
    rf"(?<![\d.,]){_COUNT}",
    re.IGNORECASE,
)
#: A cell below "Parameters", or one that says it of itself.
_OF_PARAMETERS = re.compile(r"\bparam(?:eter)?s?\b", re.IGNORECASE)
_IN_CELL = re.compile(
    r"\s*~?(?P<n>\d{1,4}(?:[.,]\d{1,3})?)[\s-]?(?P<scale>billion|million|trillion|"
    r"[MBT])\b(?:\s+param(?:eter)?s?)?\s*",
    re.IGNORECASE,
)
#: A sentence on the model that was named before it.
_ITS = re.compile(r"\s*(?:It|Its (?:U-?Net|transformer|backbone|network|denoiser))\s", re.IGNORECASE)
#: "BERT-base has 110 million parameters and BERT-large has 340 million": of the same.
_ELIDED = re.compile(
    rf"{_NAME}\s+(?:has|have|had|counts?|with)\s+(?:about |around |roughly |some )?"
    r"(?P<n>\d{1,4}(?:[.,]\d{1,3})?)[\s-]?(?P<scale>billion|million|trillion)(?=\s*(?:[.,;)]|$))",
    re.IGNORECASE,
)
_SCALES = {"m": 1e6, "b": 1e9, "t": 1e12}
#: Counts of one model differ by what is counted (embeddings, heads); a name may be of several sizes.
_WITHIN, _WRONG = 0.06, 0.15
#: A share of a model that no slip makes of it.
_PART = 0.03
_TRAINABLE = re.compile(
    r"\b(?:trainable|active|activated|train|lora|adapter|(?:per|for each|every|a) token)\b", re.IGNORECASE
)


#: A part of a model, whose parameters are not all of its.
_A_PART = re.compile(
    r"\b(?:the|its|each|one|an?) (?:\w+ )?(?:(?:en|de)coders?|heads?|vae|"
    r"tower|backbone|refiner|embeddings?)\s+"
    r"(?:of|in|from|behind|alone)\b|\b(?:our|my) own\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every stated number of a model's parameters with its verdict."""
    yield from _active(context)
    for _, passage in context.document.running():
        if "parameter" not in passage.text.lower():
            continue
        for sentence in sentences(passage.text):
            if _TRAINABLE.search(sentence.text) or _A_PART.search(sentence.text):
                continue
            told = _SAID.search(passage.text, sentence.start, sentence.end)
            found = [
                (match["name"], match)
                for pattern in (_SAID, _BEFORE, *([_ELIDED] if told else []))
                for match in pattern.finditer(passage.text, sentence.start, sentence.end)
            ]
            for name, match in found or _of_the_only(passage.text, sentence):
                yield from _judged(passage, name, match, context)
    for table in context.document.tables:
        yield from _of_table(table, context)


def named_in(text: str, start: int, end: int) -> list[tuple[int, str]]:
    """The names of models in a stretch of a text, and where each begins."""
    return [(match.start(), match["name"]) for match in _NAMED.finditer(text, start, end)]


#: Before a number, that it is of a model that has no name here: "and a language model of 7 billion".
_ANOTHER_MODEL = re.compile(
    r"\b(?:an?|another|some|any)\s+(?:[\w-]+\s+){0,3}(?:models?|networks?|LLMs?|transformers?)\s+(?:of|with|at)\s+"
    r"(?:about\s+|some\s+|around\s+)?$",
    re.IGNORECASE,
)


def _of_the_only(text: str, sentence: Sentence) -> list[tuple[str, re.Match[str]]]:
    """The number of the only model that a sentence names, where it tells one number."""
    named = named_in(text, sentence.start, sentence.end)
    counts = list(_COUNTED.finditer(text, sentence.start, sentence.end))
    one = len({name for _, name in named}) == len(counts) == 1 and named[0][0] < counts[0].start()
    if one and not _ANOTHER_MODEL.search(text, named[0][0], counts[0].start("n")):
        return [(named[0][1], counts[0])]
    # "SDXL came in 2023. Its U-Net has 2.6 billion": of the only model that the passage named before.
    before = {name for _, name in named_in(text, 0, sentence.start)}
    its = len(counts) == 1 and not named and len(before) == 1 and _ITS.match(sentence.text)
    return [(before.pop(), counts[0])] if its else []


def _of_table(table: Table, context: Context) -> Iterator[Finding]:
    """The numbers of a column or a row of parameters, each of the model that heads it."""
    for at, row in enumerate(table.rows):
        for column, cell in enumerate(row[1:] if at else (), 1):
            match = _IN_CELL.fullmatch(cell.text) if cell else None
            side, top = row[0], table.cell(0, column)
            if cell is None or match is None or side is None:
                continue
            for name, label in ((side, top), (top, side)):
                said = (label is not None and _OF_PARAMETERS.search(label.text)) or _OF_PARAMETERS.search(
                    cell.text
                )
                if name is not None and said and _NAMED.match(name.text):
                    yield from _judged(cell, name.text, match, context)


def _judged(passage: Passage, name: str, match: re.Match[str], context: Context) -> Iterator[Finding]:
    """The verdict on a number of parameters of a model by its name."""
    sizes = _parameters(name.strip(" -.*"))
    if not sizes:
        return
    told = float(match["n"].replace(",", ".")) * _SCALES[match["scale"][0].lower()]
    names = {name.strip(" -.*"), *(each.name.strip() for each in models(name))}
    if any(used and max(told / used, used / told) <= _OFF for used in map(active, names)):
        # "gpt-oss-20b | 3.6B": what it uses of itself for a token.
        return
    known = min(sizes, key=lambda size: abs(told / size - 1))
    if told < _PART * known:
        # "Mixtral-8x7B | 0.28B": of a head, a draft or an adapter for it.
        return
    off = abs(told / known - 1)
    rounding = 0.5 / max(float(match["n"].replace(",", ".")), 1.0)
    close = off <= max(_WITHIN, rounding)
    # "Gemma 2B has 2 billion": as it is called.
    wrong = off > _WRONG and match["n"] not in re.findall(r"\d+(?:\.\d+)?", name)
    verdict = "confirmed" if close else "contradicted" if wrong else "unverifiable"
    because = f"{name} has {_words(known)} parameters"
    yield made(context, passage, (match.start("n"), match.end("scale")), "specification", verdict,
               subject=name, attribute="parameters", because=because,
               expected="" if verdict == "confirmed" else _words(known),
               evidence=(Evidence(because, "zoo"),))  # fmt: skip


def _active(context: Context) -> Iterator[Finding]:
    """What a mixture of experts is said to use of itself for a token, also beside its name in a table."""
    rows = (row for table in context.document.tables for row in table.rows)
    beside = ((cell, row[0].text) for row in rows if row and row[0] for cell in row[1:] if cell)
    for passage, name in (*((one, one.text) for _, one in context.document.running()), *beside):
        told = list(_ACTIVE.finditer(passage.text))
        found = {each.name.strip(): each for each in models(name)}
        sizes = {each: active(each) for each in found if active(each)}
        if len(told) != 1 or len(sizes) != 1:
            continue
        ((key, known),) = sizes.items()
        said = float(told[0]["n"]) * 1e9
        # Whoever counts embeddings or not, or rounds, is not far off.
        wrong = max(said / known, known / said) > _OFF
        because = f"a token of {key} uses {_words(known)} of its parameters"
        verdict = "contradicted" if wrong else "confirmed"
        yield made(context, passage, told[0].span(), "specification", verdict,
                   subject=key, attribute="active parameters", because=because,
                   expected=f"{known / 1e9:.3g}B active" if wrong else "",
                   evidence=(Evidence(because, "zoo"),))  # fmt: skip


_ACTIVE = re.compile(
    r"(?<![\d.,])(?<!\bof )(?<!\bof the )(?<!\bof its )(?P<n>\d{1,3}(?:\.\d{1,2})?)\s?(?:B|billion)\s+"
    r"(?:parameters\s+)?(?:are\s+)?active\b",
    re.IGNORECASE,
)
_OFF = 1.25
#: The part of a pipeline of pictures that is told for the whole.
_DRAWS = ("unet", "transformer")


def _words(count: float) -> str:
    return f"{count / 1e9:.3g} billion" if count >= 1e9 else f"{count / 1e6:.3g} million"


#: What makes the name of a family that of one model.
_OF_ONE = re.compile(r"\d|large|base|SDXL|GoogLeNet|AlexNet|SqueezeNet", re.IGNORECASE)


@lru_cache(maxsize=256)
def resolved(name: str) -> Workload | None:
    """The workload of exactly this name; none where none has it."""
    from whichgpu.workloads.workload import known, resolve

    if len(name) < 3 or not _OF_ONE.search(name) or not known(name):
        return None
    try:
        return resolve(name)
    except WhichGpuError:
        return None


@lru_cache(maxsize=256)
def _parameters(name: str) -> tuple[float, ...]:
    """Parameters of the workload of exactly this name, and of its largest part; none where none has it."""
    workload = resolved(name)
    parts = workload.parameters() if workload is not None else {}
    # A pipeline of models is often told by that which draws.
    own = (float(parts[each]) for each in _DRAWS if each in parts)
    return (float(sum(parts.values())), *own) if parts else ()
