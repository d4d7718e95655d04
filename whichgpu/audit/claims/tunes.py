"""Fine-tuning: "QLoRA of Llama 3 70B on one RTX 4090", held against what the weights take by themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.models import formats, models
from whichgpu.audit.roles import counted
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.models import Model
    from whichgpu.audit.sentences import Sentence

_TUNES = re.compile(r"\b(?:fine-?tun\w*|q?lora|adapters?|trains?|training|trainable)\b", re.IGNORECASE)
#: How it is done, with the bytes that a weight takes at least: frozen, or with its gradient.
_METHODS = (
    (re.compile(r"\bq-?lora\b|\bnf4\b", re.IGNORECASE), 0.5, "frozen in 4 bits"),
    (re.compile(r"\bfull(?:y|[ -]parameter)?[ -](?:fine-?tun|train)\w*|\bin full\b|\bfrom scratch\b", re.I),
     4.0, "with their gradients, in 16 bits"),
    (re.compile(r"\blora\b", re.IGNORECASE), 2.0, "frozen in 16 bits"),
)  # fmt: skip
#: What is held elsewhere, is not said of the whole model, or is not said at all.
_EASED = re.compile(
    r"\b(?:offload\w*|cpu|ram|zero|fsdp|shard\w*|split|stream\w*|layer[- ]by[- ]layer|galore|badam|"
    r"cannot|not|never|impossible|unable|too (?:large|big|small)|instead of|unlike|would|if|unless|"
    r"whether|faster|slower|tokens?|than|nodes?|cluster|multi-gpu|each|per gpu|more than|at least|"
    r"exceeds?)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: Room that is told by its size: "in 24 GB", "on a 16 GB card".
_IN = re.compile(
    r"\b(?:in|on|with|within|into)\s+"
    r"(?:an?\s+|just\s+|only\s+|as little as\s+|one\s+|a single\s+|under\s+){0,2}"
    r"(?P<n>\d{1,3})\s?GB\b(?!/s)",
    re.IGNORECASE,
)
_ON = re.compile(r"\b(?:on|in|with|using)\s+(?:[\w-]+\s+){0,4}$", re.IGNORECASE)
#: Bytes of a gigabyte of memory as it is sold, by decimal ones.
_BINARY = 2**30 / 1e9


class _Room(NamedTuple):
    """What a model is said to be tuned in: bytes, its words, and where they stand."""

    size: float
    words: str
    start: int
    end: int


def find(context: Context) -> Iterator[Finding]:
    """Every fine-tune that cannot be where it is said to be."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in ("paragraph", "item", "caption", "heading", "title"):
            continue
        for sentence in sentences(passage.text):
            if _TUNES.search(sentence.text) and not _EASED.search(sentence.text):
                yield from _of_sentence(index, passage, sentence, context)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    found = {each.parameters: each for each in models(sentence.text)}
    done = ((least, words) for pattern, least, words in _METHODS if pattern.search(sentence.text))
    method = next(done, None)
    room = _room(index, passage, sentence, context) if len(found) == 1 and method else None
    if method is None or room is None:
        return
    model: Model = next(iter(found.values()))
    said = formats(sentence.text)
    least, words = method
    if least == 2.0 and said:
        # LoRA on weights of the format that is named: "LoRA in 8-bit".
        least, words = min(each.least for each in said), f"in {said[0].name}"
    weights = least * model.parameters
    if weights <= room.size:
        return
    because = f"the weights of {model.name} {words} are {weights / 1e9:,.3g} GB; {room.words}"
    yield made(
        context, passage, (room.start, room.end), "memory", "contradicted", subject=model.name,
        attribute="fits", because=because, expected="no", evidence=(Evidence(because, "memory model"),),
    )  # fmt: skip


def _room(index: int, passage: Passage, sentence: Sentence, context: Context) -> _Room | None:
    """The one room that a sentence names: the devices that it is done on, or a size."""
    text = passage.text
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    sized = list(_IN.finditer(text, sentence.start, sentence.end))
    if len({each.named for each in here}) > 1 or (not here and len(sized) != 1):
        return None
    if not here:
        size = float(sized[0]["n"])
        return _Room(size * _BINARY * 1e9, f"{size:g} GB is the room", sized[0].start(), sized[0].end())
    on = here[0]
    sizes = [float(context.catalogue[key].value("memory") or 0) for key in on.ids]
    if not _ON.search(text, sentence.start, on.start) or not all(sizes):
        return None
    count = counted(text, sentence.start, on.start)
    if count == 1 and on.text.endswith("s"):
        # "On H100s": of how many is not said.
        return None
    total = max(sizes) * count
    many = f"{count:g} x {on.ids[0]} have" if count > 1 else f"{on.ids[0]} has"
    return _Room(total, f"{many} {total / 1e9:,.4g} GB", on.start, on.end)
