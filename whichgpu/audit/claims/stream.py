"""One request at a time: each token reads all weights once, so the bandwidth bounds its rate.

"420 tokens/s for one user on 8x H100", "decodes a token in 15 ms", "4 times as fast in decoding one
stream": two devices differ in it by as much as their bandwidths do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import pair, ratios
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.models import formats
from whichgpu.audit.text.quantities import multiples, quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import attributes
from whichgpu.audit.values.runs import LEAST, active, runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.values.runs import Run

#: Words of one request at a time, and of each of many.
_ALONE = re.compile(
    r"\b(?<!micro-)(?<!micro )(?:batch(?:[ -]?size)?(?: of)?[ =-]?(?:1|one)\b(?!\d)|(?:single|one|a|lone)[- ]"
    r"(?:lone )?(?:user|stream|"
    r"request|conversation|chat)|unbatched|per (?:user|stream)|interactive(?:ly)? chat)\b",
    re.IGNORECASE,
)
#: Who writes to somebody, or answers me, is one, where the passage speaks of no more.
_WRITES = re.compile(
    r"\b(?:(?:writes|types|speaks) (?:me )?(?:\w+ ){0,2}?[\d.]+ tok\w*|"
    r"tok\w*\s?(?:/|per|a|each|every)\s?s(?:ec(?:ond)?)? for (?:me|myself))\b",
    re.IGNORECASE,
)
_DECODES = re.compile(
    r"\b(?:decod\w+|token[- ]generation|generat\w+ tokens?|tokens? generation|tpot|inter-token)\b", re.I
)
_ONE_READS = re.compile(f"{_ALONE.pattern}|{_WRITES.pattern}|{_DECODES.pattern}", re.IGNORECASE)
_PREFILLS = re.compile(r"\b(?:prefill\w*|prompts?|ttft|time to first token|first token)\b", re.IGNORECASE)
#: What makes several tokens of one reading of the weights, or is another resource.
_OTHER = re.compile(
    r"\b(?:speculat\w+|draft\w*|mtp|medusa|eagle|lookahead|offload\w*|spill\w*|cpu|batch(?:es|ed|ing)\b|"
    r"concurren\w+|theoretical|not|never|cannot|myth|instead of)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: What leaves the one request that a passage spoke of.
_MANY = re.compile(
    r"\b(?:batch(?:es|ed|ing)\b|batch(?:[ -]?size)?(?: of)?[ =-]?\d|concurren\w+|users|requests|streams|"
    r"under load|clients|sessions|"
    r"throughput|total|aggregate\w*|together|saturat\w+|prefill\w*|prompts?|train\w*|serv\w+)\b",
    re.IGNORECASE,
)
#: What makes rates those of training, whose tokens are read side by side.
_TRAINS = re.compile(
    r"\b(?:micro[- ]?batch\w*|q-?lora|fine[- ]?tun(?:e|es|ing)\b|epochs?|gradient\w*)", re.IGNORECASE
)
_TRAINING = re.compile(r"\b(?:q?lora|fine[- ]?tuning|training)\b", re.IGNORECASE)
#: What is said not to be done, which spares nothing.
_NONE = re.compile(
    r"\b(?:no|without(?: any)?)\s+(?:speculat\w+(?: decoding)?|draft(?:ing| models?)?|batching)\b", re.I
)
#: A rate that is said to be the bound, and what makes of it less than the bound.
_BOUND = re.compile(
    r"\b(?:at most|cannot (?:exceed|go (?:above|beyond)|be (?:faster|more) than)|no more than|ceiling|"
    r"upper (?:bound|limit)|(?:theoretical|absolute) (?:maximum|limit))\b", re.IGNORECASE,
)  # fmt: skip
_REALLY = re.compile(
    r"\b(?:efficien\w+|realis\w+|practice|practical|utili[sz]\w+|overhead|achiev\w+|managed|served|got|"
    r"saw|reached|paid|measured?|\d+ ?%)",
    re.IGNORECASE,
)
_EACH = re.compile(
    r"(?<![\d.,])(?P<n>\d{1,4}(?:\.\d{1,2})?)\s?ms\s*(?:per|/|a|for each|each)\s*(?:output |generated |"
    r"new )?token\b|"
    r"\b(?:tpot|inter-token latency|time per (?:output )?token)\s*(?:of|is|was|:|"
    r"=)?\s*(?P<m>\d{1,4}(?:\.\d{1,2})?)"
    r"\s?ms\b|\b(?:a|each|one|every|the (?:same )?(?=dec))\s*(?:output |new |decod(?:e|"
    r"ing) )?(?:token|(?<=[eg] )step)\s+"
    r"(?:takes?\s+|in\s+|every\s+)(?:just |only |about |at least )?"
    r"(?P<k>\d{1,4}(?:\.\d{1,2})?)\s?ms\b",
    re.IGNORECASE,
)
_FASTER = re.compile(
    r"\b(?:faster|quicker|more tokens|beats?|outruns?|outperforms?|ahead of|higher (?:speed|rate))\b",
    re.IGNORECASE,
)
_SLOWER = re.compile(r"\b(?:slower|lower|less|fewer|behind|loses?)\b", re.IGNORECASE)
#: How far beyond the bound rounding goes; what software makes of two devices at one bound.
_SLACK, _SOFTWARE, _BEHIND = 1.05, 1.5, 0.75
#: Forms of a device whose bandwidths differ by less are of one: 4,813 GB/s beside 4,800.
_ALIKE = 1.01


def find(context: Context) -> Iterator[Finding]:
    """Every rate of one stream, and every comparison of two devices at it, with its verdict."""
    for run in runs(context, _ONE_READS):
        yield from _of_sentence(run, context)
    for run in runs(context, _PREFILLS):
        if not _DECODES.search(run.sentence.text) and not _OTHER.search(run.sentence.text):
            yield from _compared(run, _PREFILLS, ("fp16", "fp8", "int8"), context)


def _of_sentence(run: Run, context: Context) -> Iterator[Finding]:
    text = run.sentence.text
    if _TRAINS.search(run.passage.text) or any(_TRAINING.search(each) for each in run.passage.section[-1:]):
        return
    bound = _BOUND.search(text) is not None and not _REALLY.search(text)
    if _OTHER.search(_BOUND.sub(" ", _NONE.sub(" ", text)) if bound else _NONE.sub(" ", text)):
        return
    yield from _rates(run, context, bound=bound)
    if not _PREFILLS.search(text):
        alone = _ALONE.search(text) is not None or "bound" in text
        yield from _compared(run, _DECODES, ("bandwidth",), context, order=not alone)


#: What a sentence sets the figure of another device against.
_AGAINST = re.compile(r"\b(?:against|compared (?:to|with)|versus|vs\.?)\s", re.IGNORECASE)


def _rates(run: Run, context: Context, *, bound: bool) -> Iterator[Finding]:
    """What one stream is said to get, or to get at most, against the bandwidth over the weights."""
    text, place = run.passage.text, (run.sentence.start, run.sentence.end)
    told = [
        (float(each["n"] or each["m"] or each["k"]), each.span()) for each in _EACH.finditer(text, *place)
    ]
    found = [(1e3 / each, span) for each, span in told if each > 0]
    if _is_alone(run):
        found += [
            (each.value, (each.start, each.end))
            for each in within(quantities(text, context.fraction), *place)
            if each.dimension == "rate"
            and each.unit.lower().startswith("tok")
            and each.value == each.high
            and not _is_of_all(text, (each.start, each.end), place[1])
        ]
    if _AGAINST.search(text, *place):
        # "104 tokens per second are so many an hour, against 5.79 dollars on the L4": of another one.
        return
    widths = [float(gpu.value("bandwidth") or 0) for gpu in run.gpus(context)]
    if len(found) != 1 or run.model is None or not run.number or not any(widths):
        return
    ((rate, span),) = found
    size = run.said.least if run.said else LEAST
    weights = (active(run.model.name.strip()) or run.model.parameters) * size
    most = max(widths) * run.number / weights
    because = (
        f"a token of {run.model.name.strip()} reads {weights / 1e9:,.3g} GB of weights in "
        f"{run.said.name if run.said else 'any format'}; at {max(widths) * run.number / 1e9:,.0f} GB/s of "
        f"{run.words} that is at most {most:,.0f} a second"
    )
    alike = max(widths) <= _ALIKE * min(widths)
    # Where each has some of the layers, in turn, a bound is that of one.
    least = most / run.number
    low = bound and run.said is not None and alike and rate < least * _BEHIND
    verdict = "contradicted" if rate > most * _SLACK or low else "unverifiable"
    yield made(
        context,
        run.passage,
        span,
        "benchmark",
        verdict,
        subject=run.subject,
        attribute="throughput",
        because=because,
        evidence=(Evidence(because),),
    )


_IN_NARROW = re.compile(r"\b(?:fp8|fp4|nvfp4|int8|int4)\b", re.IGNORECASE)
#: Behind a rate, that it is of all: "430 tokens/s in total, 54 per stream".
_IN_ALL = re.compile(
    r"[^.;,\d]{0,24}\b(?:in (?:total|all|aggregate|sum)|total|together|combined|altogether|overall)\b",
    re.IGNORECASE,
)
#: Before a rate, of how many requests it is: "at batch 8 it is".
_AT_BATCH = re.compile(
    r"\b(?:batch(?:[ -]?size)?(?: of)?[ =-]?(?:[2-9]|\d\d+)|(?:[2-9]|\d\d+) (?:users|streams|requests|"
    r"clients|sessions))\b[^.;\d]*$",
    re.IGNORECASE,
)


def _is_of_all(text: str, at: tuple[int, int], end: int) -> bool:
    """Whether a rate is said to be that of all streams, or of a batch without "each" right behind it."""
    each = _BY_EACH.match(text, at[1], end)
    return not each and bool(_IN_ALL.match(text, at[1], end) or _AT_BATCH.search(text, 0, at[0]))


_BY_EACH = re.compile(r"[^.;,\d]{0,16}\b(?:per (?:user|stream|request)|each|apiece)\b", re.IGNORECASE)


#: What answers many at once where nothing else is said.
_ENGINE = re.compile(r"\b(?:vllm|sglang|tgi|triton|tensorrt\w*|everybody|everyone|all of)\b", re.IGNORECASE)


def _is_alone(run: Run) -> bool:
    """Whether a sentence is of one request, as it says or the passage said last."""
    if _ALONE.search(run.sentence.text):
        return True
    if _WRITES.search(run.sentence.text):
        return not (_MANY.search(run.passage.text) or _ENGINE.search(run.passage.text))
    before = run.passage.text[: run.sentence.start]
    alone = [each.end() for each in _ALONE.finditer(before)]
    many = [each.end() for each in _MANY.finditer(run.passage.text, 0, run.sentence.end)]
    return bool(alone) and not any(alone[-1] < each for each in many)


def _compared(
    run: Run, what: re.Pattern[str], fields: tuple[str, ...], context: Context, *, order: bool = False
) -> Iterator[Finding]:
    """How two devices compare, or in what `order` alone, against the ratio of what bounds both."""
    text, place = run.passage.text, (run.sentence.start, run.sentence.end)
    if _IN_NARROW.search(run.sentence.text) and what is _PREFILLS:
        # "With FP8, twice as fast": of a format that one of the two may lack.
        return
    if (
        not what.search(run.sentence.text)
        or len(formats(run.sentence.text)) > 1
        or _SLOWER.search(run.sentence.text)
    ):
        return
    who = spoken(run.place, run.passage, run.sentence, context)
    times = [
        each
        for every in (quantities(text, context.fraction), multiples(text))
        for each in within(every, *place)
        if each.dimension == "times" and each.value > 1
    ]
    faster = _FASTER.search(text, *place)
    said = (times[0].start, times[0].end) if times else faster.span() if faster else None
    both = pair(*said, who, context) if said and len(times) < 2 and not (order and times) else None
    if both is None or said is None or set(both.first) & set(both.second):
        return
    found = [each for field in fields for each in ratios(attributes()[field], both, context)]
    if not found:
        return
    most, words = max(found)
    over = most * _SOFTWARE < times[0].value if times else most < _BEHIND
    if not over:
        return
    because = f"what bounds it, {fields[0]}, differs by {most:.3g} times: {words}"
    kind = "ratio" if times else "ordering"
    yield made(
        context,
        run.passage,
        said,
        kind,
        "contradicted",
        subject=both.subject,
        attribute="throughput",
        because=because,
        expected=f"about {most:.2g} times" if times else "",
        evidence=(Evidence(because),),
    )
