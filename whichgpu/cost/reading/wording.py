"""Units and metrics in the one form that `cost/reading/metrics.py` reads, from the ways that tables write them.

`images-per-sec` is `images/s`, `tokens/s per card` is `tokens/s/gpu`, `Throughput (img/s) - mixed precision`
is `Throughput` in `img/s`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from whichgpu.values import NamedTuple

#: What is written for one thing, one after another, on a unit without the words around it.
_FORMS = (
    (
        r"^(?:infer(?:ence)?|train(?:ing)?|eval)[\s_-]+(?=(?:samples?|images?|imgs?|tokens?|seqs?|sequences?)\b|samples_|images_|tokens_)",
        "",
    ),
    (r"(?<=[a-z])[\s_-]+per[\s_-]+(?=[a-z])", "/"),
    (r"\s*/\s*", "/"),
    (r"/(?:card|device|chip|accelerator|gcd|processor|p)(?=/|$)", "/gpu"),
    (r"(.+)/gpu(/(?:s|sec|second|min|minute|h|hour))$", r"\1\2/gpu"),
    (r"^k(?=(?:im|tok|sample|item|record|quer|req))", "K "),
    (r"^k[- ]?hz$", "K samples/s"),
    (r"^hz$", "samples/s"),
    (r"^wps$", "tokens/s"),
    (r"(?<![a-z])tps(?=/|$)", "tokens/s"),
    (r"^words?/", "tokens/"),
    (r"^(?:total[\s_-])?tput/gpu$", "total tokens/s/gpu"),
    (r"^(input|output)[\s_-]tput/gpu$", r"\1 tokens/s/gpu"),
    (r"^(?:inf|infer|infs|crops?|patch(?:es)?|scans?|calls?)/", "samples/"),
    (r"^sents?/", "sequences/"),
    (r"^mols?/", "molecules/"),
    (r"^([a-z]+)/(?:ms|msec|millisecond)$", r"K \1/s"),
    (r"^(users?|samples?|images?|sequences?|items?|records?|tokens?) (?:processed|trained|seen)/", r"\1/"),
    (r"^utts?/", "utterances/"),
    (r"^(mel|audio)[\s_](frame|sample)", r"\1-\2"),
    (r"^watts?$", "W"),
    # Keras' table of its networks: a step of inference is a batch.
    (r"/(?:inference|forward)[\s_-]+(?:step|pass)$", "/batch"),
    (r"^(?:(?:achieved|model|hardware|hw|sustained)[\s_-]+)?(?:t|tera)[\s_-]?flops?(?=/|$)", "TFLOPS"),
    (r"^(?:(?:achieved|model|hardware|hw|sustained)[\s_-]+)?(?:p|peta)[\s_-]?flops?(?=/|$)", "PFLOPS"),
    (r"^(?:msecs?|millisecs?|milliseconds?)(?=/|$)", "ms"),
    (r"^mel-?specs?/", "mel-frames/"),
    (r"^x ?rt$", "x"),
    (r"^(?:latency|performance|speed|throughput)[\s:]+([^\s/]+/[^\s/]+|ms|s)$", r"\1"),
    (r"^(?:latency|throughput|speed|time) ?[(\[]([^()\[\]]+)[)\]]$", r"\1"),
    (r"^(?:imgs?|images?)/(?:s(?:ec)?/w(?:atts?)?|j)$", "images/J"),
    (r"^(?:tok|toks|tokens)/(?:s(?:ec)?/w(?:atts?)?|j)$", "tokens/J"),
)
#: Units of most answers, which none of the forms changes: that takes compiling all of them (12 to 15 ms).
PLAIN = frozenset(
    f"{unit}{per}"
    for unit in ("images", "sequences", "samples", "tokens", "output tokens", "it", "frames", "requests")
    for per in ("/s", "/min", "/s/gpu")
) | {"ms", "s", "ms/image", "ms/token", "x", "W", "J", "GiB"}
#: What stands behind the name of a metric and says how it ran: formats, a share of a table.
_BEHIND = (
    r"\s*(?:[-\u2013\u2014,;:]\s+|\s-\s*)"
    r"(?:(?:mixed|full|half|single)[- ]precision|[a-z]*(?:fp|bf|tf|int)\d+\w*|amp|xla|offline|server)\b.*$"
)
_NOTED = r"\s*[(\[]([^()\[\]]*)[)\]]"
_GPU = r"\s*(?:/\s*|\bper[\s_-]+)(?:gpu|card|device|chip)\b"
_TIME = r"(?:ms|us|s|secs?|seconds?|msec|milliseconds?|min|minutes?)"
_EACH_SECOND = r"tok(?:en)?s?(?:/|[\s_-]per[\s_-])s(?:ec(?:ond)?)?"
_SPEED = rf"(?:(?:output|decode|generation)[\s_-]*)?(?:tps|{_EACH_SECOND}|throughput|speed)"
#: Metrics of most rows, for which none of the words below is compiled.
_USUAL = ("", "throughput", "latency", "latency_per_batch", "ttft", "tpot", "itl", "power", "energy")
#: Speeds and times as tables of detectors and robots head them; Ultralytics' of a batch is of each picture.
_ABBREVIATED = (
    (
        r"^(?:abs|pipeline)[\s_-]+latency$|^latency[\s_-]per[\s_-](?:request|query)$|^run[\s_-]?time$",
        "latency",
    ),
    (r"^(?:trt|tensorrt)[\s_-]*(?:fp\d+|int8)?[\s_-]*(latency|speed|fps)$", r"\1"),
    (r"^latency[\s_-]+(?:cpu|[a-z]\d+)\b.*$", "latency"),
    (r"^fps[\s_-]end[\s_-]?(?:2|to)[\s_-]?end$", "fps"),
    (r"^time/(step|iter|iteration)$", r"\1 time"),
    (r"^perf(?:ormance)?/w(?:att)?$", "perf per watt"),
    (r"^(?:j|joules?)(?:/| per )(token|image|request)$", r"energy per \1"),
    (r"^scaling[\s_-]efficiency$", "efficiency"),
    (r"^denois(?:ing|er)[\s_-]steps/s(?:ec)?$", "steps/s"),
    (r"^predicted_per_second$", "eval rate"),
    (r"^prompt_per_second$", "prompt eval rate"),
    (r"^1st[\s_-]+token[\s_-]+latency$|^prompt[\s_-]eval[\s_-]time$", "first token latency"),
    # Of one request among several.
    (
        rf"^{_SPEED}[\s_-]*(?:/|per)[\s_-]*(?:user|request)$|^per[\s_-](?:user|request)[\s_-]{_SPEED}$",
        "interactivity",
    ),
    (r"^audio[\s_-]hours?(?:/|[\s_-]per[\s_-])hour$|^x[\s_-]faster[\s_-]than[\s_-]real[\s_-]?time$", "rtfx"),
    (r"^(?:x|times)[\s_-]+real[\s_-]?time$", "rtfx"),
    (r"^inf\.?[\s_-]+(?=time\b|speed\b|latency\b)", "inference "),
    (r"^speed[\s_-]+(?:cpu|[a-z]*\d+\w*)[\s_-]+(?:b\d+|onnx|tensorrt\d*|pytorch)\b.*$", "time per image"),
    (r"^(?:(?:control|inference|policy|action|update|running)[\s_-]+)?frequency$", "inference rate"),
)
#: Whether a note in brackets is a unit: a rate, a time, a power, an amount.
_UNIT = rf"(?:{_TIME}|[wj%x]|watts?|[kmg]i?b|\S.*(?:/|\bper\b).*\S|[a-z]ps|rtfx?)"


class Named(NamedTuple):
    """The name of a metric, the unit that stands in brackets behind it, and whether it is of each GPU."""

    name: str
    unit: str
    per_gpu: bool = False


@lru_cache(maxsize=1024)
def unit(text: str) -> str:
    """A unit in its plainest form; what none of the forms is of stays as it is."""
    if text in PLAIN:
        return text
    plain = " ".join(text.split())
    for form, instead in _FORMS:
        plain = re.sub(form, instead, plain, flags=re.IGNORECASE)
    return plain


def passing(text: str) -> str:
    """The time in a unit of it for one pass, `ms` of `ms/batch`; "" for others."""
    found = re.fullmatch(
        rf"({_TIME})/(?:batch|pass|forward|query|request|call|inference)", text, re.IGNORECASE
    )
    return found[1] if found else ""


def of_each(said: str, asked: str) -> str:
    """A unit with what a metric says that it is of, which it leaves out: `ms` of `ms/img`."""
    if "/" in asked or "/" not in unit(said):
        return asked
    found = re.fullmatch(rf"{_TIME}/([a-z]+)", unit(said), re.IGNORECASE)
    bare = found is not None and re.fullmatch(_TIME, asked, re.IGNORECASE)
    return f"{asked}/{found[1]}" if found and bare else asked


@lru_cache(maxsize=1024)
def apart(name: str) -> Named:
    """The name of a metric without its notes, and what they say."""
    notes = [one.strip() for one in re.findall(_NOTED, name)]
    said = next((one for one in notes if re.fullmatch(_UNIT, one, re.IGNORECASE)), "")
    bare = re.sub(r"^(prompt|generation)\s*:\s*", r"\1 ", name, flags=re.IGNORECASE)
    bare = re.sub(_BEHIND, "", re.sub(_NOTED, " ", bare), flags=re.IGNORECASE)
    bare = bare.strip()
    for form, instead in _ABBREVIATED if bare not in _USUAL else ():
        bare = re.sub(form, instead, bare, flags=re.IGNORECASE)
    bare = "x real-time" if re.fullmatch(r"x ?rt", bare.strip(), re.IGNORECASE) else bare
    whole = re.sub(_GPU, "", bare, flags=re.IGNORECASE)
    # "tokens per second per GPU" is a unit, which says it itself.
    per_gpu = whole != bare and "/" not in unit(whole)
    return Named(" ".join((whole if per_gpu else bare).split()), said, per_gpu)
