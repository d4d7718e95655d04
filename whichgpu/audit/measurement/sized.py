"""A model that is told by its size alone ("a 7B model", "Llama 70B") or without one ("YOLOv8")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.values import NamedTuple
from whichgpu.workloads.counts import counts
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.workload import known, workloads

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_SIZE = re.compile(
    r"\b(?P<alone>\d+(?:\.\d+)?) ?B(?: param(?:eter)?s?)?(?: (?:chat|language|coding|instruct))*"
    r" (?:model|llm|chatbot|assistant|chat)s?\b"
    r"|\b(?P<family>LLMs?|models?|llama|mistral|qwen|gemma|deepseek|phi|falcon)[ -]?"
    r"(?:of |up to |with |around |about )*(?P<size>\d+(?:\.\d+)?) ?B\b",
    re.I,
)
#: A size that nothing else is said of.
_ALONE = re.compile(
    r"\b(?P<size>\d+(?:\.\d+)?)B\b(?! ?(?:tokens?|samples|images|pictures|USD|dollars|/))", re.I
)
#: Models whose sizes stand for any, by id.
_ANY = (
    "llama-3.2-1b", "llama-3.2-3b", "mistral-7b", "llama-3.1-8b", "llama-2-13b", "qwen2.5-14b", "qwen2.5-32b",
    "llama-3.1-70b", "llama-3.1-405b",
)  # fmt: skip
#: What stands behind a family's name for the one in the middle of it.
_MIDDLE = ("m", "-medium", "-base", "-m", "b", "/16")
#: How far the told number may be from the parameters of one of a family.
_ALIKE = 0.15


class Sized(NamedTuple):
    """A model by its id, and where a text tells of it."""

    key: str
    start: int
    end: int


def sized(text: str) -> Sized | None:
    """The model that a size in a text stands for: the newest of its family, else one that stands for any."""
    match = _OF_SIZE.search(text) or _ALONE.search(text)
    told = match.groupdict() if match else {}
    billions = float(told.get("alone") or told.get("size") or 0.0)
    if not match or not billions:
        return None
    family = list(_of_family((told.get("family") or "").lower(), billions))
    any_of = (key for key in _ANY if key in workloads())
    key = max(family)[1] if family else min(any_of, key=lambda one: _off(one, billions))
    return Sized(key, match.start(), match.end())


def usual(text: str) -> Sized | None:
    """The middle one of a family that is named without a size."""
    for word in re.finditer(r"(?<![^\s(])[A-Za-z][^\s,;?!()]*[\d-][^\s,;?!()]*(?<![.:])", text):
        if size := next((size for size in _MIDDLE if known(word[0] + size)), ""):
            return Sized(word[0] + size, word.start(), word.end())
    return None


def base(text: str) -> Sized | None:
    """The base of a family that a text names in capitals without a size: BERT, RoBERTa, ViT."""
    for word in re.finditer(r"(?<![^\s(])(?:[a-z]*[A-Z]){2}[A-Za-z]*(?![\w/-])", text):
        if known(word[0] + "-base"):
            return Sized(word[0] + "-base", word.start(), word.end())
    return None


def _of_family(name: str, billions: float) -> Iterator[tuple[tuple[float, ...], str]]:
    """The language models of a family with about so many parameters, each with how well it is meant.

    One that is called by that very size is meant before one that is near it, one whose id is the family,
    its version and the size (`qwen3-32b`) before one with more words (`mistral-small-24b`), then the newest.
    """
    called = re.compile(rf"{re.own(name or '-')}-?[\d.]*(?P<more>-[a-z-]+)?(?:[\d.]+-)?-?(?P<size>[\d.]+)b")
    for key, model in workloads().items():
        match = called.fullmatch(key)
        if match and is_language_model(model) and _off(key, billions) < _ALIKE:
            exact = float(match["size"].strip(".") or 0.0) == billions
            yield (float(exact), float(not match["more"]), *_version(key)), key


def _version(key: str) -> tuple[float, ...]:
    return tuple(float(number) for number in re.findall(r"\d+(?:\.\d+)?", key))


def _off(key: str, billions: float) -> float:
    return abs(counts(workloads()[key]).parameters / 1e9 / billions - 1.0)
