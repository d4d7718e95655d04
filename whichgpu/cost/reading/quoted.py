"""A measured figure as people quote it: "850 images/s", "3.2 it/s", "0.4 s/image", "45 ms", "22 GiB".

N NOUN/s     N a second, of all GPUs; NOUN/s/gpu of each. `it`, `step`, `batch` are passes of all GPUs
T /NOUN      time for one: s/it, ms/token, s/image
T            latency of a batch or request; "ttft T" and "tpot T" of a server
W, J/NOUN    power of a GPU, energy for one; GiB, GB  memory on the fullest GPU
TFLOPS, MFU  arithmetic of a GPU, and its share of the peak of the job's format
N tok/s per user         what one request gets: the time between its tokens
N x realtime, RTF N      audio made into text, in seconds of audio a second
T /epoch                 passes over a data set, whose size the workload settles
N x one GPU, N% scaling efficiency   what several GPUs make of the rate of one

Around it may stand what people add: ~, about, throughput:, mean, +/- 20, (batch 128).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.cost.reading.metrics import METRICS, Metric
from whichgpu.errors import UsageError
from whichgpu.facts.model import Interval
from whichgpu.units import DIMENSIONS, GIB, HOUR, MINUTE, parse, parse_rate
from whichgpu.values import immutable
from whichgpu.workloads.checkpointing import AGAIN
from whichgpu.workloads.ops import COUNTED

if TYPE_CHECKING:
    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.reading.figures import Figures, Three

#: The metric of what several GPUs make of one, which is settled by what one makes.
SCALING = "scaling"
EXAMPLE = '"850 images/s", "3.2 it/s", "0.4 s/image", "45 ms", "tpot 20 ms", "290 W", "22 GiB", "40% MFU"'
#: Words for one pass of all GPUs together.
_PASSES = {"it", "its", "iter", "iters", "iteration", "iterations", "step", "steps", "batch", "batches"}
#: Words for tokens, as people shorten them.
_SHORT = {
    "tok": "tokens", "toks": "tokens", "tps": "tokens", "img": "images", "imgs": "images", "im": "images",
    "ims": "images", "pic": "images", "pics": "images", "pictures": "images", "frames": "images",
    "frame": "images", "sample": "samples", "epoch": "epochs", "qps": "requests", "sentences": "sequences",
    "examples": "samples", "documents": "sequences", "docs": "sequences", "texts": "sequences",
    "req": "requests", "reqs": "requests", "queries": "requests", "inferences": "samples",
    # German, Spanish, Italian and Portuguese.
    "bild": "images", "bilder": "images", "bildern": "images", "imagen": "images", "im\u00e1genes": "images",
    "imagenes": "images", "immagini": "images", "imagens": "images",
    "embeddings": "sequences", "passages": "sequences", "chunks": "sequences", "pairs": "sequences",
}  # fmt: skip
_SCALES = {"GiB": GIB, "TFLOPS": 1e12}
_NAMED = ("ttft", "tpot", "latency", "e2e", "itl")
_GPU = r"(?:\s*/\s*|\s+per\s+)(?:gpu|card|device)$"
_GPU_FIRST = r"(?:\s*/\s*|\s+per\s+)(?:gpu|card|device)(?=(?:\s*/\s*|\s+(?:per|an?|each)\s+)s)"
_USER = r"(?:\s*/\s*|\s+(?:per|for each)\s+)(?:user|stream|request|client|session)$"
#: What stands around a figure and changes nothing of it.
_AROUND = (
    r"^(?:[~≈]|(?:about|approx|approximately|around|circa|ca|roughly|nearly|almost|mean|average|avg|median|p50|"
    r"throughput|speed|rate|performance)\b\.?)\s*[:=]?\s*",
    r"\s*(?:±|\+/-|\+-)\s*[\d.,]+\s*%?",
    r"\s*\([^)]*\)$",
    # What a model says is what is counted of it: "1450 output tok/s".
    r"(?<=\d)\s*(?:output|generated|generation|decode)(?=\s+(?:tok|tokens|t)\b)",
)
#: Patterns of audio made into text, and whether the figure is the time for a second of it.
_SPOKEN = (
    (r"([\d.,]+)\s*(?:x|×|times)?\s*(?:faster than\s+)?real[\s-]?time", False),
    (r"rtfx\s*[:=]?\s*([\d.,]+)|([\d.,]+)\s*rtfx", False),
    (r"rtf\s*[:=]?\s*([\d.]+)|([\d.]+)\s*rtf", True),
    (r"([\d.,]+)\s*(?:audio[\s-]s(?:ec\w*)?|s(?:ec\w*)? of audio)(?:\s*/\s*|\s+per\s+)s(?:ec\w*)?", False),
)
_ONE = (
    r"(?:(?:on|with|of|using|over|than) )?(?:just |only )?(?:one|a single|single|1)"
    r"(?: of them| gpus?| cards?| devices?)?"
)
_AS_FAST = r"(?:as fast as|faster than|the (?:speed|throughput|rate|performance) (?:of|on))"
_FASTER = rf"faster (?:(?:than )?{_ONE}|with|on)"
#: Patterns of what several GPUs make of one, with what one of the stated number is, and what is added to it.
_SCALED = (
    (rf"([\d.]+)\s*(?:x|×|times)\s*(?:{_AS_FAST} )?{_ONE}", "times one GPU", 1.0, 0.0),
    (r"([\d.]+)\s*(?:x|×|times)\s*(?:scaling|speed-?up)", "times one GPU", 1.0, 0.0),
    (rf"([\d.]+)\s*(?:%|percent)\s*{_FASTER}", "times one GPU", 0.01, 1.0),
    (rf"([\d.]+)\s*(?:x|×|times)\s*{_FASTER}", "times one GPU", 1.0, 0.0),
    (r"([\d.]+)\s*(?:%|percent)\s*(?:scaling\s*)?efficien(?:cy|t)", "of linear", 0.01, 0.0),
    (r"(?:scaling|speed-?up)\s*(?:of|is|:)?\s*([\d.]+)\s*(?:x|×|times)", "times one GPU", 1.0, 0.0),
    (r"scaling efficiency\s*(?:of|is|:)?\s*([\d.]+)\s*(?:%|percent)", "of linear", 0.01, 0.0),
)  # fmt: skip
_PERCENTILE = r"\bp(?:7[05]|8\d|9\d(?:\.\d+)?|99\d+)\b"


@immutable
class Quoted:
    """One figure: `value` in `unit`, of a `metric` of `cost/reading/metrics.py`, or of passes.

    `sense` is 1 where more is faster, -1 where less is, 0 where it says nothing of speed; `loop` is the share
    of a picture's time that its steps take, where the figure is of the steps alone. FLOPs of what the
    backward pass computes again do not count where the figure is `once`, as an MFU is.
    """

    text: str
    metric: str
    value: float
    unit: str
    sense: int
    passes: bool = False
    per_gpu: bool = False
    loop: float = 1.0
    once: bool = False

    def predicted(self, answer: Estimate) -> Interval:
        """What a prediction says of it, in its unit; raises `UsageError` where the job has no such figure."""
        if self.metric == "flops":
            return _flops(answer, once=self.once)
        loop = (self.loop if self.sense < 0 else 1.0 / self.loop) if self.passes else 1.0
        low, mid, high = map(float, self.figures(answer))
        return Interval(low, mid, high, self.unit).scaled(loop)

    def figures(self, answer: Figures) -> Three:
        """(low, mid, high) of the same in its unit, of an answer or of many; raises the same."""
        if self.passes:
            return _passes(answer, self.sense)
        return METRICS[self.metric](answer, self.unit)

    def ratio(self, answer: Estimate) -> float:
        """The measured rate over the predicted one: above 1 is faster, or more, than predicted."""
        other = self.predicted(answer).mid
        return other / self.value if self.sense < 0 else self.value / other


#: Numbers as other languages write them: 1.450,5 and 17,5 with a comma for the point, 2 500 with a space.
_GROUPED = re.compile(r"(?<![\w.,])(\d{1,3}(?:\.\d{3})+),(\d{1,2})(?!\d|[.,]\d)")
_COMMA = re.compile(r"(?<![\w.,])(?:(\d{1,5}),(\d{1,2})|(0),(\d+))(?!\d|[.,]\d)")
_SPACED = re.compile(r"(?<![\w.,\u2212-])(\d{1,3}(?: \d{3})+)(?![\w.,])(?=(?:,\d{1,2})? ?[A-Za-z])")
#: What a number is of that is none of these: "batch 64,12 img/s", "GPUs 0,1".
_LABELLED = re.compile(
    r"\b(?:batch(?:[- ]?size)?|bs|seq(?:uence)?(?:[- _]?len(?:gth)?)?|concurrency|resolution|tokens?|steps?|"
    r"gpus?|cards?|devices?|cuda|layers?)\W*(?:of|is)?\W*$",
    re.IGNORECASE,
)


def pointed(text: str) -> str:
    """A text whose numbers have points for their decimals; what is a list or counts thousands is left."""
    text = _GROUPED.sub(lambda one: f"{one[1].replace('.', '')}.{one[2]}", text)
    return _COMMA.sub(
        lambda one: one[0] if _LABELLED.search(text[: one.start()]) else one[0].replace(",", "."), text
    )


def joined(text: str) -> str:
    """A text whose numbers have no spaces between their thousands."""
    return _SPACED.sub(lambda one: one[1].replace(" ", ""), text)


def read(text: str) -> Quoted:
    """A figure as it is quoted; raises `UsageError` with examples for any other text."""
    said = pointed(joined(" ".join(text.strip().split())))
    bare = _alone(said)
    if re.search(_PERCENTILE, bare, re.IGNORECASE):
        raise UsageError(
            f"'{text}' is a percentile, and means are predicted here: give the mean, or see the "
            "percentiles of whichgpu predict --curve"
        )
    plain = re.sub(f"{_GPU}|{_GPU_FIRST}", "", bare, flags=re.IGNORECASE)
    per_gpu = plain != bare
    found = (
        _named(plain)
        or _spoken(plain)
        or _share(plain)
        or _scaled(plain)
        or _one_user(plain)
        or _rate(plain, per_gpu=per_gpu)
        or _each(plain)
        or _bare(plain)
    )
    if found is None:
        raise UsageError(f"'{text}' is not a measured figure; write e.g. {EXAMPLE}")
    metric, value, unit, sense, passes = found
    if not value > 0.0:
        raise UsageError(f"'{text}' is not above zero; write e.g. {EXAMPLE}")
    return Quoted(said, metric, value, unit, sense, passes, per_gpu)


_Found = tuple[str, float, str, int, bool]


def _alone(text: str) -> str:
    """The figure without what stands around it."""
    for _ in range(2):
        for pattern in _AROUND:
            text = re.sub(pattern, "", text, flags=re.IGNORECASE)
    return text


def _spoken(text: str) -> _Found | None:
    """`12x realtime`, `RTFx 120`, and `RTF 0.05`, which is the other way round."""
    for pattern, inverse in _SPOKEN:
        match = re.fullmatch(pattern, text, re.IGNORECASE)
        value = _float(next((one for one in match.groups() if one), "")) if match else None
        if value:
            return "throughput", 1.0 / value if inverse else value, "audio seconds/s", 1, False
    return None


def _share(text: str) -> _Found | None:
    """`38% MFU`, `HFU 0.38`: of the peak of a GPU in the format of the job."""
    match = re.fullmatch(
        r"(?:(?:mfu|hfu)\s*(?:[:=]|is|of)?\s*)?([\d.]+)\s*(%?)\s*(?:mfu|hfu)?", text, re.IGNORECASE
    )
    value = _float(match[1]) if match and re.search("mfu|hfu", text, re.IGNORECASE) else None
    if not match or value is None:
        return None
    metric = "hfu" if "hfu" in text.lower() else "mfu"
    return metric, value / 100.0 if match[2] or value > 1.0 else value, "of the peak", 1, False


def _scaled(text: str) -> _Found | None:
    """`2.6x one GPU`, `60 % faster than one`, `65% scaling efficiency`, which needs their number."""
    for pattern, unit, one, more in _SCALED:
        match = re.fullmatch(pattern, text, re.IGNORECASE)
        value = _float(match[1]) if match else None
        if value:
            return SCALING, one * value + more, unit, 1, False
    return None


def _one_user(text: str) -> _Found | None:
    """`25 tok/s per user`: a token every 40 ms."""
    plain = re.sub(_USER, "", text, flags=re.IGNORECASE)
    found = _rate(plain, per_gpu=False) if plain != text else None
    return ("tpot", 1.0 / found[1], "s", -1, False) if found and found[2] == "tokens/s" else None


def _float(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _named(text: str) -> _Found | None:
    """`ttft 300 ms`, `300 ms ttft`, `latency: 45 ms`."""
    text = re.sub(r"^([A-Za-z0-9]+)(?:\s*[:=]\s*|\s+(?:of|is)\s+)", r"\1 ", text)
    words = text.lower().split()
    name = next((word for word in words if word in _NAMED), "")
    if not name:
        return None
    rest = " ".join(word for word in text.split() if word.lower() != name)
    metric = {"e2e": "latency", "itl": "tpot"}.get(name, name)
    try:
        return metric, parse(rest, "time"), "s", -1, False
    except UsageError:
        return None


def _rate(text: str, *, per_gpu: bool) -> _Found | None:
    short = re.sub(r"^([\d.,eE+_]+)\s*t/s$", r"\1 tokens/s", text)
    moved = _parsed(text, "bandwidth")
    if moved is not None:
        return "throughput", moved / 1e9, "GB/s", 1, False
    if _parsed(text, "flop rate") is not None:
        return None
    try:
        value, noun = parse_rate(short)
    except UsageError:
        return None
    noun = _SHORT.get(noun, noun)
    if noun in _PASSES:
        return "throughput", value, "steps/s", 1, True
    return "throughput", value, f"{noun}/s{'/gpu' if per_gpu else ''}", 1, False


def _each(text: str) -> _Found | None:
    """`0.4 s/image`, `12 ms per step`, `0.6 J/token`."""
    match = re.match(r"^(.*\S)\s*(?:/|\bper\b)\s*([A-Za-z]+)$", text)
    if match is None:
        return None
    noun = match[2].lower()
    seconds = _clock(match[1]) or _parsed(match[1], "time")
    if seconds is not None and noun in _PASSES:
        return "throughput", seconds, "s/step", -1, True
    if seconds is not None and noun in ("request", "query"):
        return "latency", seconds, "s", -1, False
    if seconds is not None and noun in ("token", "tok"):
        return "tpot", seconds, "s", -1, False
    if seconds is not None:
        many = _SHORT.get(noun) or _SHORT.get(_plural(noun), _plural(noun))
        return ("throughput", 1.0 / seconds, f"{many}/s", 1, False) if seconds > 0 else None
    joules = _parsed(match[1], "energy")
    return None if joules is None else ("energy", joules, f"J/{noun}", 0, False)


def _clock(text: str) -> float | None:
    """Seconds of `1:20`, `1h 5m`, `2m30s`; None for a single unit, which others read."""
    colons = re.fullmatch(r"(?:(\d+):)?(\d+):(\d\d)", text.strip())
    named = re.fullmatch(
        r"(?:(\d+)\s*h(?:ours?|rs?)?)?\s*(?:(\d+)\s*m(?:in(?:utes?|s)?)?)?\s*(?:([\d.]+)\s*s(?:ec(?:onds?|s)?)?)?",
        text.strip(), re.IGNORECASE,
    )  # fmt: skip
    match = colons or named
    if match is None or sum(one is not None for one in match.groups()) < 2:
        return None
    hours, minutes, seconds = (float(one or 0.0) for one in match.groups())
    return HOUR * hours + MINUTE * minutes + seconds


def _plural(noun: str) -> str:
    return noun if noun.endswith("s") else f"{noun}s"


def _bare(text: str) -> _Found | None:
    seconds = _clock(text)
    if seconds:
        return "latency", seconds, "s", -1, False
    # Watts in a small letter; "4090 w" is short for with.
    text = re.sub(r"^(\d{2,3}(?:\.\d+)?)\s*w$", r"\1 W", text)
    for kind, metric, unit, sense in _BARE:
        value = _parsed(text, kind)
        if value is not None:
            return metric, value / _SCALES.get(unit, 1.0), unit, sense, False
    return None


_BARE = (
    ("flop rate", "flops", "TFLOPS", 1), ("time", "latency", "s", -1), ("power", "power", "W", 0),
    ("memory", "peak_gpu_memory", "GiB", 0),
)  # fmt: skip


def _parsed(text: str, dimension: str) -> float | None:
    text = re.sub(r"\b([tgp])flop/?s\b", lambda unit: f"{unit[1].upper()}FLOPS", text, flags=re.IGNORECASE)
    number = re.match(r"^([^A-Za-z]*)(.*)$", text)
    if number is None or number[2].strip() not in DIMENSIONS[dimension].units or not number[2].strip():
        return None
    try:
        return parse(text, dimension)
    except UsageError:
        return None


def _passes(answer: Figures, sense: int) -> Three:
    """Steps of all GPUs a second, or seconds a step: of pictures a denoising step, of training one update."""
    each, job = answer.latency, answer.job
    if job.phase == "serve" or (job.phase in ("decode", "generate") and answer.tpot):
        raise UsageError("a server makes no steps; give tokens/s, or tpot in ms")
    made = {"generate": job.steps, "decode": job.output_tokens}.get(job.phase)
    count = 1.0 if made is None else made
    low, mid, high = (value / count for value in (each.low, each.mid, each.high))
    return (low, mid, high) if sense < 0 else (1 / high, 1 / mid, 1 / low)


def asked(name: str) -> Metric | None:
    """The metric that a unit means where it stands in place of one: `it/s`, `images per sec`, `ms/token`.

    None for what is no unit, or counts what no metric is of.
    """
    plain = " ".join(_PROSE.sub(" ", name.replace("_", " ")).split())
    try:
        found = read(f"1 {plain}")
    except UsageError:
        return None
    return Metric(in_unit, plain) if found.metric in METRICS else None


#: Words around a unit in the name of a column: `infer_samples_per_sec`.
_PROSE = re.compile(
    r"\b(?:infer|inference|train|training|eval|evaluation|decode|decoding|generation|total|mean|avg)\b",
    re.I,
)


def in_unit(answer: Figures, unit: str) -> Three:
    """What an answer is in a unit as people write it: a rate, the time for one, or what either is called."""
    one, two = read(f"1 {unit}"), read(f"2 {unit}")
    try:
        low, mid, high = one.figures(answer)
    except UsageError as fault:
        return _as_counted(answer, unit, fault)
    if two.value < one.value:
        return one.value / high, one.value / mid, one.value / low
    return low / one.value, mid / one.value, high / one.value


def _as_counted(answer: Figures, unit: str, fault: UsageError) -> Three:
    """A rate as the workload itself counts, where words mean something else: frames of a spectrogram."""
    from whichgpu.cost.reading import figures

    try:
        return figures.throughput(answer, unit)
    except UsageError:
        raise fault from None


def _flops(answer: Estimate, *, once: bool) -> Interval:
    """FLOPs of products a second and GPU, two a multiply-add; `once` without what is computed again."""
    counted = (term for term in answer.terms if term.kind in COUNTED)
    of_pass = sum(term.flops for term in counted if not (once and term.layer.endswith(AGAIN)))
    whole = answer.passes * of_pass
    if not whole or answer.job.phase in ("serve", "decode", "generate"):
        raise UsageError("FLOP/s are of a pass of training, inference or a prompt; give tokens/s or images/s")
    one = answer.latency
    low, mid, high = (whole / one.high, whole / one.mid, whole / one.low)
    return Interval(low, mid, high).scaled(1.0 / _SCALES["TFLOPS"], "TFLOPS")
