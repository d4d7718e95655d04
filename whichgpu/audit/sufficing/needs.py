"""What a model is said to take, and what is said around it that makes it another need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

#: Right before an amount of memory that something takes, and right behind it.
_TAKES = re.compile(
    r"(?::|(?:FP\d+|BF16|INT\d|\d[- ]bits?),|\b(?:takes?|needs?|requires?|occup(?:y|ies)|weighs?|comes? to|"
    r"come in at|is|are|of|at|makes?|fills?|wants?|amounts? to)|\b(?:it|that)[\u2019']s)\s+"
    r"(?:(?:about|around|roughly|some|only|just|nearly|already|up|all of)\s+)*$",
    re.IGNORECASE,
)
_OF_MODEL = re.compile(
    r"\b(?:weights?|models?|parameters?|checkpoints?|files?|\d+(?:\.\d+)?\s?B\b|Llama|Mixtral|Qwen|"
    r"DeepSeek|Falcon|Gemma|GPT\w*)\b",
    re.IGNORECASE,
)
_WEIGHTS = re.compile(r"\s+(?:of|for)\s+(?:the\s+|its\s+)?(?:weights|parameters)\b", re.IGNORECASE)
#: Another format or way than that in which the need is told.
OTHERWISE = re.compile(
    r"\b(?:quanti\w+|offload\w*|[248][- ]bits?|int[48]|fp[48]|q[2-8](?:_\w+)?|half (?:the|of)|halves|lora|"
    r"qlora|shar[de]\w*|"
    r"if|unless|instead|rather|smaller|without)\b|\?",
    re.IGNORECASE,
)
_BACK = 2


def need_before(passage: Passage, sentence: Sentence, at: int, context: Context) -> Quantity | None:
    """The last amount before a place that a model is said to take, in the sentence or the two before."""
    text = passage.text
    starts = [each.start for each in sentences(text) if each.start < sentence.start][-_BACK:]
    first = starts[0] if starts else sentence.start
    names = context.mentions.get(context.place(passage), ())
    told = [
        one
        for one in within(quantities(text, context.fraction), first, at)
        if one.dimension == "memory"
        and one.high == one.value
        and not any(each.start <= one.start < each.end for each in names)
        and _is_taken(text, first, one)
    ]
    return told[-1] if told else None


def _is_taken(text: str, first: int, one: Quantity) -> bool:
    if _WEIGHTS.match(text, one.end):
        return True
    start = max(first, text.rfind(". ", 0, one.start) + 1)
    return bool(_TAKES.search(text, start, one.start) and _OF_MODEL.search(text, start, one.start))
