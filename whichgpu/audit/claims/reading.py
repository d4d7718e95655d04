"""Tokens a second of a model by its size: one request is no faster than its weights are read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.judging import source_of
from whichgpu.audit.models import formats, models
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import counted, spoken
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

#: Of many requests at once, of reading the prompt, or of guessing ahead: no bound of one request.
_MANY = re.compile(
    r"\b(?:batch\w*|concurren\w*|aggregate|total|combined|vllm|sglang|tensorrt\S*|tgi|throughput|prefill|prompt|pp\d+|users?|requests?|"
    r"parallel|mtp|speculative|draft\w*|eagle|medusa|multi\w*|offline|servers?|cluster|nodes?|streams|sessions|serv(?:e[sd]?|ing)|train\w*|"
    r"moe|experts?|active|mixtral|deepseek|gpt-oss|kimi|scout|maverick|a\d+b|per dollar|million|not|"
    r"never|impossible|would)\b|\d+x\d+b",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"\bwithout (?:any )?batching\b|\bunbatched\b|\bone request at a time\b|\b(?:at "
    r")?batch(?:[ -]?size)?(?: of)?\s*=?\s*(?:1|one)\b(?!\d)|\bsingle[- ](?:user|stream|request|batch)\b",
    re.IGNORECASE,
)
_LOCAL = re.compile(
    r"\b(?:gguf|Q[2-8](?:_(?:K(?:_[SML])?|[01]))?|llama\.cpp|ollama|lm studio|exl2|exllama\w*)\b",
    re.IGNORECASE,
)
_UNIT = re.compile(r"tok", re.IGNORECASE)
#: Bytes of a weight of the smallest format in use; how far beyond the bound rounding goes.
_LEAST, _SLACK = 0.34, 1.08
_FEW = 8


def find(context: Context) -> Iterator[Finding]:
    """Every such rate that no memory of its devices could feed."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in ("paragraph", "item", "caption") or "tok" not in passage.text.lower():
            continue
        before = ""
        for sentence in sentences(passage.text):
            yield from _of_sentence(index, passage, sentence, before, context)
            # The model goes on until another one is named.
            before = sentence.text if models(sentence.text) else before


def _of_sentence(
    index: int, passage: Passage, sentence: Sentence, before: str, context: Context
) -> Iterator[Finding]:
    told = [
        each
        for each in within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
        if each.dimension == "rate" and _UNIT.search(each.unit) and each.value > 1
    ]
    text = sentence.text
    found = models(text) if told else ()
    if told and not found:
        found = models(before)
        text = text if formats(text) else f"{before} {text}"
    if not found or len({each.parameters for each in found}) != 1 or _MANY.search(_ONE.sub("", text)):
        return
    said = formats(text)
    who = spoken(index, passage, sentence, context)
    named = {each.named for each in who.here}
    mention = (
        who.here[0] if len(named) == 1 else who.topic[0] if not named and who.topic and who.certain else None
    )
    if mention is None or len(said) > 1:
        return
    count = counted(passage.text, sentence.start, mention.start) if mention in who.here else 1.0
    gpus = [gpu for key in mention.ids if (gpu := context.catalogue[key]).value("bandwidth")]
    if not gpus or count > _FEW:
        return
    served = all(gpu.segment not in ("geforce", "workstation", "laptop") for gpu in gpus)
    if served and not (_ONE.search(text) or _LOCAL.search(text)):
        # What a data center's card does is of many requests, said or not.
        return
    best = max(gpus, key=lambda gpu: float(gpu.need("bandwidth")))
    weights = found[0].parameters * (said[0].least if said else _LEAST)
    most = count * float(best.need("bandwidth")) / weights
    for each in told:
        above = each.value > most * _SLACK
        because = (
            f"a token of {found[0].name.strip()} reads {weights / 1e9:,.3g} GB of weights in "
            f"{said[0].name if said else 'any format'}; at {best.display('bandwidth')} of {best.id}"
            f"{f' times {count:g}' if count > 1 else ''} that is at most {most:,.0f} a second"
        )
        yield made(
            context, passage, (each.start, each.end), "benchmark",
            "contradicted" if above else "unverifiable",
            subject=best.id, attribute="throughput", because=because,
            expected=f"at most {most:,.0f}" if above else "",
            evidence=(Evidence(because), source_of(best, "bandwidth")),
        )  # fmt: skip
