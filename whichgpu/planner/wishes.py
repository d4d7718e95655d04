"""What limits a choice, as a person types it: budgets, deadlines, energy, regions, what to leave out."""

from __future__ import annotations

import math
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from whichgpu.errors import UsageError, one_line
from whichgpu.planner.size import per_sample
from whichgpu.units import DAY, HOUR, MINUTE, MONTH, in_usd, number, parse, parse_rate
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from whichgpu.planner.size import Size
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

#: What candidates may be ranked by.
OBJECTIVES = ("cost", "throughput", "latency", "time", "energy")
_OBJECTIVE_NAMES = {
    "price": "cost", "money": "cost", "usd": "cost", "cheapest": "cost", "rate": "throughput",
    "speed": "latency", "fastest": "latency", "quickest": "latency", "deadline": "time", "power": "energy",
    "carbon": "energy",
}  # fmt: skip
_WORDS = {"today": 1.0, "tonight": 0.5, "tomorrow": 1.0, "next week": 7.0, "next month": 30.0}
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPANS = {
    "d": DAY, **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), 7 * DAY), "month": MONTH,
    "months": MONTH, "hour": HOUR, "hours": HOUR, "minutes": MINUTE,
}  # fmt: skip
#: Above these an amount is a slip of the keyboard: USD/h or USD, s, J, W, B.
_ABSURD = {"price": 1e9, "money": 1e12, "time": 1e10, "energy": 1e15, "power": 1e6, "memory": 1e15}


def refuse_unknown(job: Job, workload: Workload) -> None:
    """Raises `UsageError` for an option of a job that no model reads, with the nearest that one does."""
    from whichgpu.cost.estimates import MODELLED
    from whichgpu.workloads.model import families, family_code

    own = MODELLED | set(workload.options)
    unknown = sorted(set(job.options) - own)
    others = (
        {name for one in families() for name in getattr(family_code(one), "OPTIONS", ())}
        if unknown
        else set()
    )
    for name in unknown:
        if name not in others:
            near = ", ".join(get_close_matches(name, own, n=3, cutoff=0.6))
            told = f"did you mean {near}?" if near else f"they are {', '.join(sorted(own))}"
            raise UsageError(f"no option '{one_line(name)}' of a job; {told}")


class Money(NamedTuple):
    """At most so much: USD/h of the fleet, USD for a whole job, or to buy the cards; `text` as asked."""

    usd_per_hour: float | None
    usd: float | None
    text: str
    usd_to_buy: float | None = None


class Energy(NamedTuple):
    """At most so much: J for a whole job, or J for each unit of work; `text` as asked."""

    joules: float | None
    joules_per_unit: float | None
    text: str


class Target(NamedTuple):
    """A rate of work: `rate` per second of `unit`; `text` as asked, `assumed` what was not stated."""

    rate: float
    unit: str
    text: str
    assumed: str = ""

    def to_dict(self) -> dict[str, object]:
        """Value per second, and the words."""
        return {"value": self.rate, "unit": f"{self.unit}/s", "text": self.text}


#: Words that mean the same unit of work; samples and requests are units of any workload.
SYNONYMS = {
    "images": ("images", "image", "img", "imgs", "samples", "sample", "pictures", "embeddings", "embedding"),
    "videos": ("videos", "video", "clips", "clip", "samples", "sample"),
    "sequences": (
        "sequences",
        "sequence",
        "samples",
        "sample",
        "seq",
        "seqs",
        "documents",
        "document",
        "docs",
        "doc",
        "sentences",
        "passages",
        "embeddings",
        "embedding",
        "texts",
        "chunks",
    ),
    "tokens": ("tokens", "token", "tok", "output tokens", "output token"),
    "utterances": ("utterances", "utterance", "samples", "sample", "sequences", "requests"),
    "volumes": ("volumes", "volume", "samples", "sample", "images"),
    "mel-frames": ("mel-frames", "mel frames", "frames"),
    "audio-samples": ("audio-samples", "audio samples", "samples"),
    "audio seconds": ("audio seconds", "audio second", "seconds of audio", "seconds", "audio-seconds"),
    "samples": ("samples", "sample", "requests", "interactions"),
    "GFLOP": ("gflop", "gflops"),
    "GB": ("gb",),
}


#: Requests, of which each makes as many units as the job says; and longer units.
_REQUESTS = ("req", "reqs", "request", "requests", "query", "queries", "prompts", "calls")
_TIMES = {
    f"{one}{many}{how}": seconds
    for one, seconds in (("hour", HOUR), ("minute", MINUTE))
    for many in ("", "s")
    for how in ("", " of audio", " audio", " of speech", " of sound")
} | {f"audio {one}{many}": s for one, s in (("hour", HOUR), ("minute", MINUTE)) for many in ("", "s")}


def read_target(text: str, workload: Workload, job: Job) -> Target:
    """`"1000 images/min"` for a workload that makes images; `job` is complete, and says what a request makes.

    Raises `UsageError` for a rate without a unit, not above zero, absurdly large, or of other work.
    """
    rate, unit = parse_rate(text, f"1000 {workload.unit}/min")
    each, assumed = _TIMES.get(unit, 1.0) if workload.unit.startswith("audio") else 1.0, ""
    if unit in _REQUESTS and unit not in SYNONYMS.get(workload.unit, ()):
        each = per_sample(workload.unit, job)
        assumed = f"{each:g} {workload.unit} of each request"
    elif each == 1.0 and unit not in SYNONYMS.get(workload.unit, (workload.unit,)):
        raise UsageError(
            f"{workload.id} makes {workload.unit}, and '{text}' asks for {unit}; "
            f'write e.g. --target "1000 {workload.unit}/min"'
        )
    rate *= each
    if rate > 1e12:
        raise UsageError(f"'{text}' is {rate:.3g} {workload.unit} per second; is it a slip of the keyboard?")
    return Target(rate, workload.unit, text.strip(), assumed)


def read_positive(text: str, dimension: str, what: str) -> float:
    """A quantity above zero and not absurd, e.g. a latency; raises `UsageError` otherwise."""
    value = parse(text, dimension)
    if value <= 0:
        raise UsageError(f"{what} '{one_line(text)}' is not above zero")
    if value > _ABSURD.get(dimension, math.inf):
        raise UsageError(f"{what} '{one_line(text)}' is absurd; is it a slip of the keyboard?")
    return value


#: What a letter behind an amount multiplies it by.
_SCALE = {"": 1.0, "k": 1e3, "m": 1e6}


def read_budget(text: str, size: Size | None, *, buys: bool = False) -> Money:
    """`"20 USD/h"`, `"2000 USD/month"`, and `"500 USD"`: to buy cards, or for a job whose size is stated."""
    plain = in_usd(text.strip())
    if re.fullmatch(r"[-0.,\s]+", plain):  # nothing, in whatever unit
        raise UsageError(f"budget '{one_line(text)}' is not above zero")
    if bare := re.fullmatch(r"([\d,_]+(?:\.\d+)?)\s*([kKmM]?)", plain):
        amount = f"{float(re.sub('[,_]', '', bare[1])) * _SCALE[bare[2].lower()]:.12g} USD"
        first = amount if buys or size is not None else f"{amount}/h"
        raise UsageError(
            f'\'{one_line(text)}\' has no unit; write e.g. "{first}", or "{amount}/month" of the fleet'
        )
    if plain.endswith("USD"):
        usd = read_positive(plain, "money", "budget")
        if buys:  # who buys cards has so much for them, whatever they are to do
            return Money(None, None, plain, usd)
        if size is None:
            raise UsageError(
                f"budget '{one_line(text)}' is for a whole job, whose size is not stated; add e.g. "
                f'--epochs 90, --requests 1M or --tokens 2B; or write "{plain}/h", or --term buy for cards'
            )
        return Money(None, usd, plain)
    return Money(read_positive(plain, "price", "budget"), None, plain)


def read_deadline(text: str, today: date, size: Size | None) -> float:
    """Seconds from today: `"24 h"`, `tomorrow`, `2026-12-01`; raises `UsageError` for what is past."""
    if size is None:
        raise UsageError(
            f"--deadline {one_line(text)}: of how much work? Add its size: --epochs 90, --samples 1.28M, "
            "--tokens 2B or --requests 1M"
        )
    return read_span(text, today, "--deadline")


def read_span(text: str, today: date, option: str) -> float:
    """Seconds from today to the time that an option states; raises `UsageError` for what is past."""
    word = text.strip().lower().removeprefix("by ").removeprefix("in ")
    if word in _WORDS:
        return _WORDS[word] * DAY
    if word.removeprefix("next ") in _WEEK:
        # The day after today that has the name, to its beginning.
        return ((_WEEK.index(word.removeprefix("next ")) - today.weekday() - 1) % 7 + 1) * DAY
    if re.match(r"\d{4}-\d{2}-\d{2}", word):
        return _until(word, today, option)
    found = re.fullmatch(r"([\d.,]+)\s*([a-z]+)", word)
    if found and found[2] in _SPANS:
        return read_positive(f"{float(found[1].replace(',', '')) * _SPANS[found[2]]} s", "time", option)
    try:
        return read_positive(word, "time", option.removeprefix("--"))
    except UsageError as fault:
        raise UsageError(f"{fault}; or a day: {option} tomorrow, {option} 2027-01-31") from None


def _until(word: str, today: date, option: str) -> float:
    """Seconds from the beginning of today to a date or a time of ISO 8601."""
    from datetime import datetime, time

    try:
        then = datetime.fromisoformat(word).replace(tzinfo=None)
    except ValueError:
        raise UsageError(f"{option} '{one_line(word)}' is not a date; write e.g. 2027-01-31") from None
    seconds = (then - datetime.combine(today, time())).total_seconds()
    if seconds <= 0:
        raise UsageError(f"{option} {one_line(word)} is not after today, {today.isoformat()}")
    return seconds


def read_energy(text: str, workload: Workload, size: Size | None) -> Energy:
    """`"5 kWh"` for a job whose size is stated, `"3 J/image"` for each unit of work."""
    amount, sign, unit = text.partition("/")
    if not sign:
        if size is None:
            raise UsageError(
                f"energy '{one_line(text)}' is for a whole job, whose size is not stated; add e.g. "
                f'--requests 1M, or write it for each: "3 J/{_singular(workload.unit)}"'
            )
        return Energy(read_positive(text, "energy", "energy"), None, text.strip())
    words = (*SYNONYMS.get(workload.unit, (workload.unit,)), _singular(workload.unit))
    count, word = 1.0, " ".join(unit.lower().split())
    thousand = re.fullmatch(r"(1000|1,000|million)\s+(.*)", word)
    if thousand:
        count, word = (1e6 if thousand[1] == "million" else 1e3), thousand[2]
    if word not in words:
        raise UsageError(
            f"{workload.id} makes {workload.unit}, and '{one_line(text)}' is of {one_line(word)}; write e.g. "
            f'"3 J/{_singular(workload.unit)}"'
        )
    return Energy(None, read_positive(amount, "energy", "energy") / count, text.strip())


def read_objective(text: str) -> str:
    """One of `OBJECTIVES`; raises `UsageError` with the nearest."""
    from difflib import get_close_matches

    word = text.strip().lower()
    word = _OBJECTIVE_NAMES.get(word, word)
    if word in OBJECTIVES:
        return word
    near = get_close_matches(word, [*OBJECTIVES, *_OBJECTIVE_NAMES], n=1, cutoff=0.5)
    hint = f"; did you mean {_OBJECTIVE_NAMES.get(near[0], near[0])}?" if near else ""
    raise UsageError(f"no objective '{one_line(text)}'{hint or ';'} they are {', '.join(OBJECTIVES)}")


def read_slots(value: float | str) -> float:
    """Slots of a card: above zero and no more than a case has."""
    try:
        slots = float(value)
    except ValueError:
        slots = math.nan
    if not 0 < slots <= 16:
        told = value if isinstance(value, str) else f"{value:g}"
        raise UsageError(f"--max-slots {one_line(told)} is not from 1 to 16; write e.g. --max-slots 2")
    return slots


def read_memory(text: str) -> float:
    """Memory of a GPU in B. Vendors write 24 GB for what is nearly 24 GiB, and so does who asks for it."""
    return read_positive(text, "memory", "--min-memory")


def _singular(unit: str) -> str:
    return unit.removesuffix("s")


def seconds_words(seconds: float) -> str:
    """A time to type as a limit: rounded up in its third digit."""
    for unit, scale in (("days", DAY), ("h", HOUR), ("min", MINUTE), ("s", 1.0), ("ms", 1e-3)):
        if seconds >= (0.1 if unit == "s" else 2 * scale) or unit == "ms":
            digits = 10.0 ** (math.floor(math.log10(seconds / scale)) - 2) if seconds > 0 else 1.0
            value = math.ceil(seconds / scale / digits - 1e-9) * digits
            return f"{number(value, 6)} {unit}".replace(",", "")
    raise AssertionError("unreachable: seconds always apply")
