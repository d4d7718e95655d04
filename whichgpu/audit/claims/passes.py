"""Work that takes at least so long at the peak: prompts, pictures and sequences; the share of the peak (MFU).

"A prompt of 8,000 tokens through Llama 3.1 70B takes 0.3 s on an H100", "SDXL on a T4 takes 1.5 s".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.strangers import is_strange
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import qualifiers
from whichgpu.audit.values.runs import RATES, active, peak, runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.values.runs import Run
    from whichgpu.hardware.gpu import Gpu

_PROMPT = re.compile(r"\b(?:prefill\w*|prompts?|ttft|time to first token|first token)\b", re.IGNORECASE)
_TOKENS = re.compile(
    r"(?<![\w.,])(?P<n>\d{1,3}(?:,\d{3})+|\d+(?:\.\d)?)\s?(?P<k>[kK])?[\s-]+(?:input |"
    r"prompt )?tokens?\b(?!\s*(?:/|per|a s))",
)
_PICTURE = re.compile(
    r"\b(?P<name>Stable Diffusion(?: v?\d\.\d| XL)?|SDXL|SD ?1\.5|FLUX(?:\.1)?(?:[ -]?dev)?)\b", re.IGNORECASE
)
_STEPS = re.compile(r"\b(?P<n>\d{1,3})[- ](?:\w+ )?steps?\b", re.IGNORECASE)
_PIXELS = re.compile(r"\b(?P<a>\d{3,4})\s?[x\u00d7]\s?(?P<b>\d{3,4})\b")
_LENGTH = re.compile(r"\b(?:(?:sequence )?length|seq_?len)(?: of| =|:)?\s*(?P<n>\d{2,5})\b", re.IGNORECASE)
_TRAINS = re.compile(r"\b(?:train\w*|fine-?tun\w*)\b", re.IGNORECASE)
_MFU = re.compile(
    r"(?P<n>\d{1,3}(?:\.\d)?)\s?(?:%|percent)\s*(?:MFU|HFU|model flops? utili[sz]ation)\b|"
    r"\b(?:MFU|HFU|model flops? utili[sz]ation)\s*(?:\(MFU\)\s*)?(?:of|is|was|at|reache[sd]|:|=)?\s*"
    r"(?:about |around |roughly |nearly )?(?P<m>\d{1,3}(?:\.\d)?)\s?(?:%|percent)",
    re.IGNORECASE,
)
#: Work a second that a run is told to do on each GPU, and what it is of.
_REACHED = re.compile(
    r"\b(?:reach\w*|achiev\w+|sustain\w*|measured|ran at|run(?:s|ning)? at|hits?|got|gets|"
    r"average\w*|manage\w*)\b",
    re.I,
)
_PER_GPU = re.compile(
    r"\s*(?:/|per|on (?:a single|one|each|every|an?)|from (?:a single|one|each|an?))\s", re.IGNORECASE
)
#: Rates that a share of the peak is told of.
_TRAINED = ("fp8", "fp16", "bf16", "tf32")
_BERT = re.compile(r"\bBERT[- ](?:large|base)\b", re.IGNORECASE)
#: What spares work, or is none of this device.
_OTHER = re.compile(
    r"\b(?:cach\w+|turbo|lightning|lcm|distill\w*|schnell|hyper|not|never|cannot|impossible|queue\w*|"
    r"per step|each step|"
    r"would|mean\w*|add\w*|saves?)\b|n[\u2019']t\b|"
    # "Together they reach 256 x 197 = 50.4 PFLOPS".
    r"\d\s?[x\u00d7*]\s?\d[\d.,]*\s?(?:[TP]FLOPS\s?)?=",
    re.IGNORECASE,
)
#: How far beyond the bound rounding goes; how near a share of the peak is right, and what is wrong.
_SLACK, _NEAR, _WRONG, _FEW = 1.05, 0.06, 0.15, 32


def find(context: Context) -> Iterator[Finding]:
    """Every such time, rate and share with its verdict."""
    for run in runs(context, _PROMPT):
        yield from _prompt(run, context)
    for run in runs(context, _PICTURE):
        yield from _picture(run, context)
    for run in runs(context, _LENGTH):
        yield from _sequences(run, context)
    for run in runs(context, _MFU):
        yield from _shares(run, context)
    for run in runs(context, _REACHED):
        yield from _reached(run, context)


def _prompt(run: Run, context: Context) -> Iterator[Finding]:
    """The time of a prompt: two operations for each parameter in use and token."""
    text, place = run.passage.text, (run.sentence.start, run.sentence.end)
    tokens = list(_TOKENS.finditer(text, *place))
    if run.model is None or len(tokens) != 1 or not _PROMPT.search(run.sentence.text):
        return
    number = float(tokens[0]["n"].replace(",", "")) * (1000.0 if tokens[0]["k"] else 1.0)
    parameters = active(run.model.name.strip()) or run.model.parameters
    words = f"2 x {parameters:.3g} parameters x {number:,.0f} tokens"
    yield from _of_time(run, 2.0 * parameters * number, words, context)


def _picture(run: Run, context: Context) -> Iterator[Finding]:
    """The time of a picture: a pass through the network for each step, guidance aside."""
    text, place = run.passage.text, (run.sentence.start, run.sentence.end)
    name, steps = _PICTURE.search(text, *place), list(_STEPS.finditer(text, *place))
    pixels = {int(each["a"]) * int(each["b"]) for each in _PIXELS.finditer(text, *place)}
    if name is None or len(steps) != 1 or len(pixels) > 1:
        return
    one, size = _step(name["name"])
    # Attention grows with the square of the pixels: their number bounds it from below.
    one *= min(pixels.pop() / size, 1.0) if pixels and size else 1.0
    number = float(steps[0]["n"])
    yield from _of_time(run, one * number, f"{number:g} steps of {one / 1e12:.3g} TFLOP", context)


def _of_time(run: Run, work: float, words: str, context: Context) -> Iterator[Finding]:
    """The one time of a sentence against work at the peak of its devices."""
    place = (run.sentence.start, run.sentence.end)
    times = [
        each
        for each in within(quantities(run.passage.text, context.fraction), *place)
        if each.dimension == "time" and each.value == each.high > 0
    ]
    gpus = run.gpus(context)
    if len(times) != 1 or not run.number or not gpus or not work or _OTHER.search(run.sentence.text):
        return
    most = max(peak(gpu) for gpu in gpus) * run.number
    least = work / most if most else 0.0
    below = times[0].value * _SLACK < least
    because = (
        f"{words} take {least:,.3g} s at the highest dense peak of {run.words}, {most / 1e12:,.4g} TFLOPS"
    )
    yield made(
        context,
        run.passage,
        (times[0].start, times[0].end),
        "benchmark",
        "contradicted" if below else "unverifiable",
        subject=run.subject,
        attribute="latency",
        because=because,
        expected=f"at least {least:,.2g} s" if below else "",
        evidence=(Evidence(because),),
    )


#: "1,979 TFLOPS in that format, twice its rate in BF16": of one that was named before.
_THAT_FORMAT = re.compile(r"\s*(?:in|at|with) (?:that|this|it)\b", re.IGNORECASE)


def _boosts(gpu: Gpu) -> float:
    """How much higher than the reference card a card of the maker's own boosts."""
    known = [float(fact.value) for fact in gpu.stated("clock_boost")]
    return max(known) / known[0] if known else 1.0


_AND_ANOTHER = re.compile(
    r"(?:\s+in\s+\w+)?(?:,\s+(?:(?:and|while|whereas)\s+)?|\s+(?:and|while|whereas)\s+)(?:the\s+|an?\s+)?",
    re.IGNORECASE,
)


_SUMS = re.compile(
    r"\b(?:sums?|accumulat\w+|adding|additions?)\b[^.;]{0,20}\bFP16\b|\bFP16 accumul\w+", re.IGNORECASE
)


def _reached(run: Run, context: Context) -> Iterator[Finding]:
    """Work a second that is told to be reached on one device: no more than its highest dense peak."""
    text, place = run.passage.text, (run.sentence.start, run.sentence.end)
    rates = [
        each for each in within(quantities(text, context.fraction), *place) if each.dimension == "flop rate"
    ]
    gpus = run.gpus(context)
    reached = _REACHED.search(text, *place)
    if len(rates) != 1 or not gpus or reached is None or not run.here or _OTHER.search(run.sentence.text):
        return
    if "sparse" in qualifiers(text[rates[0].start : rates[0].end + _FEW]):
        return
    each = run.number == 1.0 or _PER_GPU.match(text, rates[0].end)
    # "When accumulating in FP32" is no rate of FP32, nor is one "through TF32".
    accumulates = "accumulat" in run.sentence.text.lower() or "TF32" in run.sentence.text
    open_ = accumulates or _THAT_FORMAT.match(text, rates[0].end)
    said = [run.said.name.lower().replace("-", "")] if run.said and not open_ else []
    known = max(peak(gpu, [rate for rate in RATES if rate in said] or RATES) * _boosts(gpu) for gpu in gpus)
    if run.device and _AND_ANOTHER.fullmatch(text, rates[0].end, run.device.start):
        # "The A10 reaches 125 TFLOPS in FP16 and the A10G 70": of the one before it.
        return
    if run.device and is_strange(text, run.device.end, rates[0].start):
        # "The M5's cores got matrix units, and the Max reaches 71": of what no name tells.
        return
    if _SUMS.search(run.sentence.text):
        # GeForce cards sum at twice the rate in FP16.
        known *= 2
    if not each or not known or rates[0].value <= known * _SLACK or not reached.start() < rates[0].start:
        return
    because = (
        f"the highest dense peak of {run.device.ids[0] if run.device else ''} is {known / 1e12:,.4g} TFLOPS"
    )
    yield made(context, run.passage, (rates[0].start, rates[0].end), "benchmark", "contradicted",
               subject=run.subject, attribute="throughput", because=because,
               expected=f"at most {known / 1e12:,.4g} TFLOPS", evidence=(Evidence(because),))  # fmt: skip


def _sequences(run: Run, context: Context) -> Iterator[Finding]:
    """Sequences a second of a stated length, through every parameter."""
    text, place = run.passage.text, (run.sentence.start, run.sentence.end)
    length = _LENGTH.search(text, *place)
    rates = [
        each
        for each in within(quantities(text, context.fraction), *place)
        if each.dimension == "rate" and each.unit.lower().startswith(("seq", "sample"))
    ]
    gpus, bert = run.gpus(context), _BERT.search(text, *place)
    parameters = _parameters(bert[0]) if bert else run.model.parameters if run.model else 0.0
    if length is None or not parameters or len(rates) != 1 or not gpus or not run.number:
        return
    work = 2.0 * parameters * float(length["n"]) * (3.0 if _TRAINS.search(run.sentence.text) else 1.0)
    most = max(peak(gpu) for gpu in gpus) * run.number / work
    because = (
        f"a sequence is {work / 1e12:.3g} TFLOP; at the highest dense peak of {run.words} that is "
        f"{most:,.0f} a second"
    )
    yield made(
        context,
        run.passage,
        (rates[0].start, rates[0].end),
        "benchmark",
        "contradicted" if rates[0].value > most * _SLACK else "unverifiable",
        subject=run.subject,
        attribute="throughput",
        because=because,
        evidence=(Evidence(because),),
    )


def _shares(run: Run, context: Context) -> Iterator[Finding]:
    """A share of the peak: none is above all of it, and one told with the rate follows from that."""
    for match in _MFU.finditer(run.passage.text, run.sentence.start, run.sentence.end):
        told = float(match["n"] or match["m"]) / 100.0
        at = match.span("n" if match["n"] else "m")
        if told > 1.0:
            because = "it is the share of the peak that is used: at most all of it"
            yield made(
                context, run.passage, at, "benchmark", "contradicted", attribute="MFU", because=because,
                expected="at most 100 %", evidence=(Evidence(because),),
            )  # fmt: skip
            continue
        least, used = _used(run, context)
        # Petaflops of a cluster are no share of one device's peak.
        if not used or min(used) > 1.0:
            continue
        off = min(abs(told / each - 1) for each in used)
        real = min(used, key=lambda each: abs(told / each - 1))
        because = f"{least / 1e12:,.4g} TFLOPS are {100 * real:.3g} % of {least / real / 1e12:,.4g} TFLOPS"
        verdict = "confirmed" if off <= _NEAR else "contradicted" if off > _WRONG else "unverifiable"
        yield made(
            context, run.passage, at, "arithmetic", verdict, attribute="MFU", because=because,
            expected=f"{100 * real:.3g}" if off > _WRONG else "", evidence=(Evidence(because),),
        )  # fmt: skip


def _used(run: Run, context: Context) -> tuple[float, set[float]]:
    """The least rate that a run tells, and the shares that it may be of a peak; none if it tells too many."""
    rates = [
        each.value
        for each in within(
            quantities(run.passage.text, context.fraction), run.sentence.start, run.sentence.end
        )
        if each.dimension == "flop rate" and each.value == each.high > 0
    ]
    if not 0 < len(rates) <= 2:
        return 0.0, set()
    # Which form of it reached so much the text may not say: "on the H100s".
    named = (context.catalogue[key] for key in (run.device.named if run.device else ()))
    every = [*run.gpus(context), *named]
    peaks = {float(value) for gpu in every for rate in _TRAINED if (value := gpu.value(rate))}
    least = min(rates)
    return least, {least / each for each in (*peaks, *(each for each in rates if each > least))}


def _parameters(name: str) -> float:
    """Parameters of a network on file by its name."""
    from whichgpu.workloads.workload import known, resolve

    return float(resolve(name).active_parameters()) if known(name) else 0.0


@lru_cache(maxsize=64)
def _step(name: str) -> tuple[float, float]:
    """FLOP of a pass through an image model, and the pixels of its picture; nought for an unknown name."""
    from whichgpu.errors import WhichGpuError
    from whichgpu.workloads.counts import counts
    from whichgpu.workloads.workload import known, resolve

    plain = re.sub(r"\s+", " ", name)
    plain = {"sd 1.5": "stable-diffusion-1.5", "stable diffusion xl": "sdxl"}.get(plain.lower(), plain)
    if not known(plain):
        return 0.0, 0.0
    try:
        item = resolve(plain)
        counted = counts(item)
    except WhichGpuError:
        return 0.0, 0.0
    size = 1024.0 if "xl" in item.id or "flux" in item.id else 512.0
    return (counted.flops, size * size) if counted.unit.startswith("image") else (0.0, 0.0)
