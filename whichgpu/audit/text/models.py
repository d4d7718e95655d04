"""Models that a text speaks of: their names or sizes, the format of their weights, and what those take."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.patterns import MANY
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NAME = re.compile(
    r"\b(?:(?:Code)?Llama|Mi[sx]tral|Codestral|Qwen|QwQ|Gemma|Phi|Falcon|DeepSeek|GPT|OPT|BLOOM|MPT|Yi|"
    r"Command|"
    r"Stable Diffusion|SDXL|SD(?=[ -]?\d)|FLUX|Wan|CogVideoX|Whisper|T5|Grok|Kimi|GLM|Nemotron|Vicuna|"
    r"Pythia|StarCoder|OLMo|SmolLM|Granite|Zephyr|MiniMax|InternLM)(?:\b|(?<=SD)(?=\d))"
    r"[\w.:-]{0,12}(?:[ -](?:v?\d[\w.]{0,6}|large|base|XL|MoE|NeoX|oss|R1|V[23]|R\+?|J|Coder|Nemo|Small|"
    r"medium|turbo|schnell|dev)\b){0,4}",
    re.IGNORECASE,
)
#: A size by itself: 13B, 70 billion parameters; no price and no transistors.
SIZE = re.compile(
    # "30B-A3B" is of 30, of which 3 are active.
    r"(?<![A-Za-z\d.,$\u00d7])(\d{1,4}(?:\.\d{1,2})?)\s?-?"
    r"(?:[bB]\b|[Bb]illion(?=[ -]parameters?| model|-param)"
    r"|(?:[Mm]illiarden|[Mm]illiards|[Mm]iliardi|mil millones|Mrd\.?)(?=\s(?:d[ei]\s)?[Pp]ar[a\u00e1]m)"
    # "One with 30 billion takes 60 GB", "bei 70 Milliarden sind es 140 GB".
    r"|(?:billion|Milliarden|milliards|mil millones)"
    r"(?=\s(?:(?!dollars?|euros?|tokens?|transist\w+|of|d[ei]|\u20ac)[^\s.;]+\s){1,5}\d[\d.,]*\s?GB\b))(?!/)"
)
#: The same in words: "seventy billion parameters".
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = {"ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80}
_ONE, _TEN, _FEW = (f"(?:{'|'.join(words)})" for words in (_ONES, _TENS, (*_TEENS, *_ONES)))
_SPELLED = re.compile(
    rf"\b(?:(?P<hundreds>{_ONE}|a) hundred(?: and)? )?(?:(?P<tens>{_TEN})(?:[ -](?P<more>{_ONE}))?|"
    rf"(?P<few>{_FEW}))[ -]billion(?=[ -]parameters?\b|-param| (?:\w+ )?models?\b)",
    re.IGNORECASE,
)
#: Formats of weights in text, with the bytes of a weight: the least, and what is usual with scales.
_FORMATS = (
    (re.compile(r"\b(?:fp32|float32|single precision|32[- ]?bits?|thirty-two bits?)\b", re.I), 4.0, 4.0),
    # Of models that come in 16 bits those are called the full precision, too.
    (re.compile(r"\bfull precision\b", re.I), 2.0, 4.0),
    (
        re.compile(r"\b(?:fp?16|bf?16|bfloat16|float16|16[- ]?bits?|sixteen[- ]bits?|half[- ]precision|"
            r"unquanti[sz]ed|without (?:any )?quanti[sz]ation)\b", re.I),
        2.0,
        2.0,
    ),
    (re.compile(r"\b(?:fp8|int8|8[- ]?bits?|eight[- ]bits?|q8(?:_0)?|w8a8)\b", re.I), 1.0, 1.06),
    (re.compile(r"\b(?:q6(?:_k)?|6[- ]?bits?|six[- ]bits?)\b", re.I), 0.75, 0.82),
    (re.compile(r"\b(?:q5\w*|5[- ]?bits?|five[- ]bits?)\b", re.I), 0.62, 0.70),
    (
        re.compile(r"\b(?:int4|4[- ]?bits?|four[- ]bits?|q4\w*|awq|gptq|nf4|(?:n?v|mx)?fp4)\b", re.I),
        0.5,
        0.58,
    ),
)  # fmt: skip
#: What is no inference of the whole model.
TRAINS = re.compile(
    r"\b(?:train\w*|fine-?tun\w*|q?lora|optimi[sz]er|adam\w*|gradients?|offload\w*)\b", re.IGNORECASE
)


#: Bytes of a framework, its kernels and buffers, that do not shrink with the model.
AROUND = 4e9
#: Characters after a name within which a size is its own: "DeepSeek-R1 (671B parameters)".
_BESIDE = 4
#: How far the size in a text may be from the parameters, as a share.
_SAME = 0.06


#: A size that ends a name, and how far off it is another model's.
_SIZE_BEHIND, _OTHER = re.compile(r"[- ](\d{1,4}(?:\.\d{1,2})?)[bB]\b(?![-/])"), 0.25
#: Around a size that is of what a mixture of experts uses of itself.
_ACTIVE = re.compile(
    r"\bactivat\w+ (?:only )?(?:about |around |roughly |~)?$|\bactive parameters?(?: of| are|:)? ?$", re.I
)
_ACTIVE_TOO = re.compile(r"(?: parameters?)? (?:are |is )?active\b", re.IGNORECASE)


class Model(NamedTuple):
    """A model in a text: its place, its parameters, and what it is called."""

    start: int
    end: int
    parameters: float
    name: str


def single(found: Sequence[Model]) -> Model | None:
    """The first of models that are all of one size but for rounding; None of several, or none."""
    sizes = [each.parameters for each in found]
    return found[0] if found and max(sizes) <= min(sizes) * (1 + _SAME) else None


class Format(NamedTuple):
    """Bytes of a weight: the least, and what is usual."""

    least: float
    usual: float
    name: str


#: Before or behind a model's name where only a part of it is meant: "the transformer of FLUX.1-dev".
_PART_OF = re.compile(
    r"\b(?:transformer|u-?net|vae|text encoders?|encoder|decoder|backbone|vision tower|embeddings?|"
    r"adapters?|layers?) of "
    r"(?:the )?$", re.IGNORECASE,
)  # fmt: skip
_PART = re.compile(
    r"(?:[\u2019']s)?\s+(?:[\w-]+ ){0,2}?(?:transformer|u-?net|vae|text encoders?|"
    r"vision (?:tower|encoder))\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=MANY)
def models(text: str) -> tuple[Model, ...]:
    """Every model that a text names, or tells the size of, in order; not one of which it names a part."""
    named = [
        each
        for each in _named(text)
        if not _PART_OF.search(text, max(0, each.start - 40), each.start) and not _PART.match(text, each.end)
    ]
    sizes = [
        Model(match.start(), match.end(), float(match[1]) * 1e9, match[0])
        for match in SIZE.finditer(text)
        if not any(_is_own(each, match) for each in named)
        and not _ACTIVE.search(text, max(0, match.start() - 40), match.start())
        and not _ACTIVE_TOO.match(text, match.end())
    ]
    spelled = [Model(*each.span(), _spelled(each) * 1e9, each[0]) for each in _SPELLED.finditer(text)]
    return tuple(sorted(each for each in (*named, *sizes, *spelled) if each.parameters > 0))


def _spelled(match: re.Match[str]) -> float:
    """A number in words: "four hundred and five" is 405."""
    tens, few, more = (str(match[each] or "").lower() for each in ("tens", "few", "more"))
    ones = {word: at + 1 for at, word in enumerate(_ONES)} | _TEENS | _TENS
    hundreds = ones.get(str(match["hundreds"] or "").lower(), 1 if match["hundreds"] else 0)
    return float(100 * hundreds + sum(ones.get(word, 0) for word in (tens, few, more)))


def _is_own(model: Model, size: re.Match[str]) -> bool:
    """Whether a size is in a model's name, or right after it and of it: "GPT-3 with 175B parameters"."""
    near = model.start <= size.start() < model.end + _BESIDE
    same = abs(float(size[1]) * 1e9 / model.parameters - 1) < _SAME
    return near or (same and 0 <= size.start() - model.end < 4 * _BESIDE)


def _named(text: str) -> Iterator[Model]:
    for match in _NAME.finditer(text):
        words = match[0]
        while words:
            parameters = _parameters(words)
            if parameters:
                # "Nemotron-3-Nano-4B" is no model of that name with 30 billion.
                own = _SIZE_BEHIND.match(text, match.start() + len(words))
                told = float(own[1]) * 1e9 if own else parameters
                size = parameters if abs(told / parameters - 1) < _OTHER else told
                yield Model(match.start(), match.start() + len(words), size, words)
                break
            words = re.sub(r"[ :-]?[^ :-]*$", "", words)


@lru_cache(maxsize=512)
def _parameters(name: str) -> float:
    """Parameters of a workload by its name that are in memory at once; 0 where there is none of it."""
    from whichgpu.errors import WhichGpuError
    from whichgpu.workloads.workload import known, resolve

    # A family without a size ("Llama", "Llama 3") means none of its models.
    if len(name) < 3 or not re.search(r"\d", name) or not known(name):
        return 0.0
    try:
        parts = resolve(name).parameters()
        # What reads the prompt may be put aside before the picture is made, or left out.
        rest = [size for part, size in parts.items() if not part.startswith("text_encoder")]
        return float(max(rest) if rest and "text_encoder" in parts else sum(parts.values()))
    except WhichGpuError:
        return 0.0


#: What something else is set against: "96.7 tok/s, 1.66 times the BF16 figure".
_SET_AGAINST = re.compile(
    r"\b(?:times|than|over|against|versus|vs\.?)\s+(?:the|its|our)\s+(?:FP\d+|BF16|INT\d+|Q\d\w*|\d+-bit)\s+"
    r"(?:figures?|rates?|numbers?|results?|values?|speeds?|runs?|versions?|variants?|ones?)\b",
    re.IGNORECASE,
)


def _own(text: str) -> str:
    """A text with blanks for what it sets its figures against."""
    return _SET_AGAINST.sub(lambda match: " " * len(match[0]), text)


@lru_cache(maxsize=MANY)
def formats_at(text: str) -> tuple[tuple[int, Format], ...]:
    """Every place at which a text names a format of weights, in order."""
    text = _own(text)
    found = (
        (match.start(), Format(least, usual, match[0]))
        for pattern, least, usual in _FORMATS
        for match in pattern.finditer(text)
    )
    return tuple(sorted(found))


def formats(text: str) -> list[Format]:
    """The formats of weights that a text names, each once."""
    return list(_formats(text))


@lru_cache(maxsize=MANY)
def _formats(text: str) -> tuple[Format, ...]:
    text = _own(text)
    found = ((pattern.search(text), least, usual) for pattern, least, usual in _FORMATS)
    return tuple(Format(least, usual, match[0]) for match, least, usual in found if match)


#: A model of some size that no name tells, none that was spoken of: "if a model takes 8 GB", "SDXL takes".
OF_ANOTHER = re.compile(
    r"\b(?:SDXL|SD ?\d(?:\.\d)?|Stable Diffusion|Whisper|BERT|ResNet)\b|"
    r"\b(?:if|when|for|with|suppose|say|once)\s+(?:an?|any|your|another)\s+(?:other\s+|smaller\s+|larger\s+)?"
    r"(?:model|network|llm)\b|\b(?:model|weights) of (?:about |some )?\d+(?:\.\d+)? ?GB\b",
    re.IGNORECASE,
)
