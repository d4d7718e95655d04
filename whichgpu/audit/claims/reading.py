"""Tokens a second of a model by its size: one request is no faster than its weights are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.models import OF_ANOTHER, formats, models
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.runs import weighed
from whichgpu.audit.values.sourced import source_of
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.models import Format, Model
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: Of many requests at once, of reading the prompt, or of guessing ahead: no bound of one request.
_MANY = re.compile(
    r"\b(?:fine-?tun\w*|q?lora|epochs?|process\w*|batch\w*|concurren\w*|aggregate|total|combined|vllm|"
    r"sglang|tensorrt\S*|tgi|throughput|prefill|"
    r"prompt|pp\d+|users?|requests?|"
    r"parallel\w*|mtp|speculative|draft\w*|eagle|medusa|multi\w*|offline|servers?|cluster|nodes?|"
    r"streams|"
    r"sessions|serv(?:e[sd]?|ing)|train\w*|"
    r"moe|experts?|active|mixtral|deepseek|gpt-oss|kimi|scout|maverick|a\d+b|per dollar|million|not|"
    r"never|impossible|would)\b|\d+x\d+b",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"\bwithout (?:any )?batching\b|\bunbatched\b|\bone request at a time\b|\b(?:at "
    r")?batch(?:[ -]?size)?(?: of)?\s*=?\s*(?:1|one)\b(?!\d)|\b(?:single|one)[- ](?:user|stream|request|"
    r"batch)\b",
    re.IGNORECASE,
)
_LOCAL = re.compile(
    r"\b(?:gguf|Q[2-8](?:_(?:K(?:_[SML])?|[01]))?|llama\.cpp|ollama|lm studio|exl2|exllama\w*)\b",
    re.IGNORECASE,
)
#: Between a rate and the device that reaches it.
ON_IT = re.compile(
    r"\s+(?:on|with|from)\s+(?:an?\s+|the\s+|one\s+|a single\s+|my\s+|our\s+)?(?:nvidia\s+|geforce\s+)?", re.I
)
_REACHED = re.compile(
    r"\s+(?:achiev\w+|reach\w+|gets?|got|manag\w+|deliver\w+|did|does|do|hits?|generat\w+|produc\w+|"
    r"ran at|runs at|gave|gives)\s+"
    r"(?:about\s+|around\s+|roughly\s+|some\s+|up to\s+|only\s+)?", re.IGNORECASE,
)  # fmt: skip
#: Of a part of the model, of what was worked out before, of more devices than are named.
_SOME_OF_IT = re.compile(
    r"\b(?:moe|experts?|active|mixtral|deepseek|gpt-oss|kimi|scout|maverick|a\d+b|cach\w+|prefix|draft|"
    r"speculative|million|not|never|impossible|cannot|would)\b|\d+x\d+b|n[\u2019']t\b",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"\b(?:nodes?|clusters?|servers?|instances?|pods?|gpus|cards|dgx|hgx|fleet|replicas?|together|pair|two|"
    r"three|four|six|eight|sixteen)\b",
    re.IGNORECASE,
)
_TRAINED = re.compile(r"\b(?:pre-?)?train(?:s|ed|ing)?\b|\bfine-?tun\w+", re.IGNORECASE)
_ADAPTERS = re.compile(r"\b(?:q?lora|adapters?|frozen|peft)\b", re.IGNORECASE)
_RATES = ("fp4", "fp8", "int8", "int4", "fp16", "bf16", "tf32", "fp32")
_PRECISIONS = {4.0: ("tf32", "fp32"), 2.0: ("fp16", "bf16", "fp16_vector", "tf32", "fp32")}
_UNIT = re.compile(r"tok", re.IGNORECASE)
#: Bytes of a weight of the smallest format in use; how far beyond the bound rounding goes.
_LEAST, _SLACK = 0.34, 1.08
_FEW = 8
#: Letters of what was said since the model was named: of a prompt, of many requests.
_PASSAGE = 600


def find(context: Context) -> Iterator[Finding]:
    """Every such rate that no memory of its devices could feed."""
    for index, passage in context.document.running():
        if "tok" not in passage.text.lower():
            continue
        before = ""
        for sentence in sentences(passage.text):
            yield from _of_sentence(index, passage, sentence, before, context)
            # The model goes on until another one is named.
            before = sentence.text if models(sentence.text) else f"{before} {sentence.text}"[:_PASSAGE]


_OTHER_RATE = re.compile(r",\s*(?:and\s+)?(?:about |around |only |just )?\d[\d.,]*\s+(?:on|for|with|from)\b")


class _Asked(NamedTuple):
    """Rates of a model on so many of a device, with the format of its weights and the words that say so."""

    told: list[Quantity]
    model: Model
    said: Format | None
    gpus: list[Gpu]
    number: float
    text: str


def _asked(index: int, passage: Passage, sentence: Sentence, before: str, context: Context) -> _Asked | None:
    """What a sentence says of the speed of one model on one device."""
    told = [
        each
        for each in within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
        if each.dimension == "rate" and _UNIT.search(each.unit) and each.value > 1
    ]
    text = sentence.text
    found = models(text) if told else ()
    if told and not found and not OF_ANOTHER.search(text):
        found = models(before)
        text = text if formats(text) else f"{before} {text}"
    if len({each.parameters for each in found}) != 1:
        return None
    weight = weighed(sentence.text, found[0])
    said = [weight] if weight else formats(text)
    who = spoken(index, passage, sentence, context)
    named = {each.named for each in who.here}
    if len(named) > 1:
        # "40 tokens/s on the 4060 Ti, on the 3090 about 60": the one right behind the rate.
        behind = [
            (each, one)
            for each in told
            for one in who.here
            if ON_IT.fullmatch(passage.text, each.end, one.start)
        ]
        # "The A6000 reached 58 tokens/s for one user, the Ada card 37": the one right before it.
        behind = behind or [
            (each, one)
            for each in told
            for one in who.here
            if _REACHED.fullmatch(passage.text, one.end, each.start)
        ]
        told, mention = [each for each, _ in behind[:1]], behind[0][1] if behind else None
    else:
        mention = who.here[0] if named else who.topic[0] if who.topic and who.certain else None
    # "About 20 tokens a second, 13.7 on the M4 Max": another rate is its own.
    told = [
        each for each in told if not (mention and _OTHER_RATE.search(passage.text, each.end, mention.start))
    ]
    if mention is None or len(said) > 1:
        return None
    count = counted(passage.text, sentence.start, mention.start) if mention in who.here else 1.0
    gpus = [gpu for key in mention.ids if (gpu := context.catalogue[key]).value("bandwidth")]
    if not gpus or count > _FEW or (count == 1 and mention.text.endswith("s")):
        return None
    return _Asked(told, found[0], said[0] if said else None, gpus, count, text)


def _of_sentence(
    index: int, passage: Passage, sentence: Sentence, before: str, context: Context
) -> Iterator[Finding]:
    asked = _asked(index, passage, sentence, before, context)
    if asked is None:
        return
    told, model, form, gpus, count, text = asked
    said = [form] if form else []
    yield from _computed(passage, sentence, asked, context)
    if _MANY.search(_ONE.sub("", text)):
        return
    served = all(gpu.segment not in ("geforce", "laptop") for gpu in gpus)
    if served and not (_ONE.search(text) or _LOCAL.search(text)):
        # What a data center's or a workstation's card does is of many requests, said or not.
        return
    best = max(gpus, key=lambda gpu: float(gpu.need("bandwidth")))
    weights = model.parameters * (said[0].least if said else _LEAST)
    most = count * float(best.need("bandwidth")) / weights
    for each in told:
        above = each.value > most * _SLACK
        because = (
            f"a token of {model.name.strip()} reads {weights / 1e9:,.3g} GB of weights in "
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


def _computed(passage: Passage, sentence: Sentence, asked: _Asked, context: Context) -> Iterator[Finding]:
    """Rates beyond what the peak allows: 2 FLOPs per weight and token, 6 where all of them are trained."""
    text = asked.text
    if _SOME_OF_IT.search(text) or _OTHERS.search(sentence.text):
        return
    flops = 2.0
    if _TRAINED.search(text):
        flops = 4.0 if _ADAPTERS.search(passage.text) else 6.0
    fields = _PRECISIONS.get(asked.said.least, _RATES) if asked.said else _RATES
    peaks = [(float(gpu.value(field) or 0), field, gpu) for gpu in asked.gpus for field in fields]
    peak, field, gpu = max(peaks, key=lambda one: one[0])
    most = asked.number * peak / (flops * asked.model.parameters)
    for each in asked.told if peak else ():
        if each.value <= most * _SLACK:
            continue
        because = (
            f"a token takes {flops:g} FLOPs for each of {asked.model.parameters / 1e9:.4g} billion "
            f"parameters; "
            f"{asked.number:g} x {gpu.id} does at most {gpu.display(field)}, so {most:,.0f} a second"
        )
        yield made(
            context, passage, (each.start, each.end), "benchmark", "contradicted", subject=gpu.id,
            attribute="throughput", because=because, expected=f"at most {most:,.0f}",
            evidence=(Evidence(because), source_of(gpu, field)),
        )  # fmt: skip
