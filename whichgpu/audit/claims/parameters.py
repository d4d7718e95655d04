"""Sizes of models: "BERT-Large has 110 million parameters", "GPT-2 XL (1.5B parameters)"."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.models import models
from whichgpu.audit.runs import active
from whichgpu.audit.sentences import sentences
from whichgpu.errors import WhichGpuError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

#: A name of a model: words with a capital or a digit, as far as it is one.
_NAME = (
    r"(?P<name>\b(?:BERT|RoBERTa|DistilBERT|GPT|Llama|Mi[sx]tral|Qwen|Gemma|Phi|Falcon|DeepSeek|Whisper|T5|CLIP|"
    r"ResNet|VGG|DenseNet|EfficientNet|Inception|AlexNet|MobileNet|ViT|Stable Diffusion|SDXL|FLUX|OPT|"
    r"BLOOM|MPT|"
    r"Yi|Kimi|GLM|Mamba|Jamba)"
    r"(?:[ -]?(?:v?\d[\w.]{0,8}|large|base|small|medium|tiny|mini|XL|XXL|turbo|dev|schnell|oss|NeoX|J|R1|"
    r"B\d|[A-Z]))"
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
_SCALES = {"m": 1e6, "b": 1e9, "t": 1e12}
#: Counts of one model differ by what is counted (embeddings, heads); a name may be of several sizes.
_WITHIN, _WRONG = 0.06, 0.15
_TRAINABLE = re.compile(r"\b(?:trainable|active|activated|train|lora|adapter)\b", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every stated number of a model's parameters with its verdict."""
    yield from _active(context)
    for _, passage in context.document.running():
        if "parameter" not in passage.text.lower():
            continue
        for sentence in sentences(passage.text):
            if _TRAINABLE.search(sentence.text):
                continue
            for pattern in (_SAID, _BEFORE):
                for match in pattern.finditer(passage.text, sentence.start, sentence.end):
                    known = _parameters(match["name"].strip(" -."))
                    if not known:
                        continue
                    told = float(match["n"].replace(",", ".")) * _SCALES[match["scale"][0].lower()]
                    off = abs(told / known - 1)
                    rounding = 0.5 / max(float(match["n"].replace(",", ".")), 1.0)
                    close = off <= max(_WITHIN, rounding)
                    # "Gemma 2B has 2 billion": as it is called.
                    called = match["n"] in re.findall(r"\d+(?:\.\d+)?", match["name"])
                    wrong = off > _WRONG and not called
                    verdict = "confirmed" if close else "contradicted" if wrong else "unverifiable"
                    because = f"{match['name']} has {_words(known)} parameters"
                    place = (match.start("n"), match.end("scale"))
                    yield made(context, passage, place, "specification", verdict, subject=match["name"],
                               attribute="parameters", because=because,
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


def _words(count: float) -> str:
    return f"{count / 1e9:.3g} billion" if count >= 1e9 else f"{count / 1e6:.3g} million"


@lru_cache(maxsize=256)
def _parameters(name: str) -> float:
    """Parameters of the workload of exactly this name; 0 where none has it."""
    from whichgpu.workloads.workload import known, resolve

    if len(name) < 3 or not re.search(r"\d|large|base", name, re.IGNORECASE) or not known(name):
        return 0.0
    try:
        return float(sum(resolve(name).parameters().values()))
    except WhichGpuError:
        return 0.0
