"""Prometheus text of DCGM, vLLM, SGLang, TGI and llama.cpp: power, energy per token, tokens/s, TTFT, TPOT.

Scrapes of both exporters, in one file or several. Of two scrapes (before, after) what was counted between
them is told: energy per token needs no clock, rates need the scrapes' times, which are samples' own
timestamps or a comment `# scraped 1700000000.5` (s). Of one scrape vLLM's means are since it started, and
the power is that of the moment.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry, kinds
from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

TOGETHER = True
_SAMPLE = re.compile(
    r"^(?P<name>[A-Za-z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)(?:\s+(?P<time>-?\d+))?\s*$"
)
_LABEL = re.compile(r'([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"')
_SCRAPED = re.compile(r"#\s*scraped\s+([\d.]+)")
#: Lines that are no sample and may be in a file all the same, as a share of all.
_BROKEN = 0.5
_ENERGY, _POWER = "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "DCGM_FI_DEV_POWER_USAGE"
_USED, _UTILISATION = "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_UTIL"
#: Labels that tell boards apart, and name them.
_BOARD = ("gpu", "UUID", "modelName", "Hostname")
_GAUGES = {
    _UTILISATION: "utilisation", "DCGM_FI_PROF_SM_ACTIVE": "sm_active",
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": "tensor_active", "DCGM_FI_PROF_DRAM_ACTIVE": "dram_active",
    "DCGM_FI_DEV_SM_CLOCK": "sm_clock_mhz", "DCGM_FI_DEV_GPU_TEMP": "temperature",
}  # fmt: skip
_MADE, _PROMPTS = "vllm:generation_tokens_total", "vllm:prompt_tokens_total"
_DONE, _RUNNING = "vllm:request_success_total", "vllm:num_requests_running"
#: What begins the names of each server's samples.
_ENGINES = {"vllm:": "vllm", "sglang:": "sglang", "tgi_": "tgi", "llamacpp:": "llama.cpp"}
#: What others call otherwise than vLLM.
_ALIKE = {
    "sglang:num_running_reqs": _RUNNING, "sglang:num_requests_total": _DONE,
    "tgi_request_generated_tokens_sum": _MADE, "tgi_request_generated_tokens_count": _DONE,
    "tgi_request_input_length_sum": _PROMPTS, "tgi_batch_current_size": _RUNNING,
    **{f"tgi_{theirs}_{part}": f"vllm:{ours}_{part}" for part in ("sum", "count") for theirs, ours in (
        ("request_mean_time_per_token_duration", "time_per_output_token_seconds"),
        ("request_duration", "e2e_request_latency_seconds"))},
    "llamacpp:tokens_predicted_total": _MADE, "llamacpp:prompt_tokens_total": _PROMPTS,
    "llamacpp:requests_processing": _RUNNING,
}  # fmt: skip
_DECODING = "llamacpp:tokens_predicted_seconds_total"
#: By metric, histograms of it: the newer name first.
_TIMES = {
    "ttft": ("vllm:time_to_first_token_seconds",),
    "tpot": ("vllm:request_time_per_output_token_seconds", "vllm:inter_token_latency_seconds",
             "vllm:time_per_output_token_seconds"),
    "latency": ("vllm:e2e_request_latency_seconds",),
}  # fmt: skip


class Scrape(NamedTuple):
    """Samples by name and labels, and when they were read, s; NaN where nothing says so."""

    samples: Mapping[tuple[str, tuple[tuple[str, str], ...]], float]
    time: float

    def total(self, name: str) -> float | None:
        """The sum of all samples of a name; None without any."""
        found = [value for (key, _), value in self.samples.items() if key == name]
        return sum(found) if found else None

    def each(self, name: str) -> list[float]:
        """Every sample of a name."""
        return [value for (key, _), value in self.samples.items() if key == name]

    def label(self, name: str, label: str) -> list[str]:
        """The distinct texts of a label."""
        found = (dict(labels).get(label, "") for (key, labels) in self.samples if key == name)
        return [one for one in dict.fromkeys(found) if one]


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such text."""
    return any(_begins(mark, text) for mark in ("DCGM_FI_", *_ENGINES))


def _begins(mark: str, text: str) -> bool:
    """Whether a sample's name begins so."""
    return text.startswith(mark) or f"\n{mark}" in text


def read(paths: Sequence[Path], texts: Sequence[str]) -> Iterator[Entry]:
    """The figures of all scrapes together; raises `UsageError` for text that is no exposition."""
    scrapes = sorted((one for path, text in zip(paths, texts, strict=True) for one in parse(text, str(path))),
                     key=lambda one: one.time)  # fmt: skip
    scrapes, aside = _busy(scrapes)
    scrapes = [_by_board(one) for one in scrapes]
    first, last = _ends(scrapes)
    engine = next((name for mark, name in _ENGINES.items() if any(_begins(mark, one) for one in texts)), "")
    base, context = _about(last, scrapes, engine)
    said = (*aside, *_anew(first, last))
    found = [*_power(first, last, base, context, said), *_serving(first, last, base, context, said)]
    if not found and first is None and any(last.total(name) for name in (_MADE, _PROMPTS, _DONE, _ENERGY)):
        raise UsageError(
            "one scrape has counters, and a rate takes two: scrape again after a minute of load, and give "
            "both files"
        )
    yield from found


def _busy(scrapes: Sequence[Scrape]) -> tuple[list[Scrape], tuple[str, ...]]:
    """Scrapes without GPUs that never did anything beside others that did, and what is to be said of it.

    DCGM tells of every GPU of a host, a server runs on some.
    """
    most: dict[str, float] = {}
    for one in scrapes:
        for (name, labels), value in one.samples.items():
            if name == _UTILISATION and (uuid := dict(labels).get("UUID")):
                most[uuid] = max(value, most.get(uuid, 0.0))
    idle = {uuid for uuid, value in most.items() if value <= 0.0}
    sliced = any("GPU_I_PROFILE" in dict(labels) for one in scrapes for _, labels in one.samples)
    said = ("a card is divided into MIG slices: power is that of all of them",) if sliced else ()
    if not idle or len(idle) == len(most):
        return list(scrapes), said
    kept = [
        Scrape(
            {key: value for key, value in one.samples.items() if dict(key[1]).get("UUID") not in idle},
            one.time,
        )
        for one in scrapes
    ]
    return kept, (*said, f"{len(idle)} of {len(most)} GPUs did nothing and are left out")


def _by_board(scrape: Scrape) -> Scrape:
    """A scrape in which each board's power and energy stand once.

    DCGM tells them again for each slice of a card, and for each pod that shares it.
    """
    found = {
        (
            name,
            tuple(one for one in labels if one[0] in _BOARD) if name in (_POWER, _ENERGY) else labels,
        ): value
        for (name, labels), value in scrape.samples.items()
    }
    return Scrape(found, scrape.time)


def _anew(first: Scrape | None, last: Scrape) -> tuple[str, ...]:
    """What is to be said where a counter went back: a program began anew between two scrapes."""
    counters = {"the server": (_MADE, _PROMPTS, _DONE), "DCGM": (_ENERGY,)}
    return tuple(
        f"{what} started anew between the scrapes: what it counted is left out"
        for what, names in counters.items()
        if first is not None and any((last.total(name) or 0.0) < (first.total(name) or 0.0) for name in names)
    )


def parse(text: str, where: str = "") -> list[Scrape]:
    """The scrapes of a text: one that begins again is the next."""
    found: list[dict[Any, float]] = [{}]
    times: list[float] = [float("nan")]
    wrong = lines = 0
    # Without its end a last line may be half of one.
    read = text.rpartition("\n")[0].splitlines()
    # Times stand above their samples, or below, as `curl .. && echo "# scraped $(date +%s)"` writes them.
    below = not any(map(_SCRAPED.match, itertools.takewhile(lambda line: line[:1] in ("", "#"), read)))
    for line in read:
        stamp = _SCRAPED.match(line.strip())
        if stamp:
            if found[-1] and not below:
                found.append({})
                times.append(float("nan"))
            times[-1] = float(stamp[1])
            if below:
                found.append({})
                times.append(float("nan"))
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        lines += 1
        sample = _sample(line)
        if sample is None:
            wrong += 1
            continue
        key, value, time = sample
        if key in found[-1]:
            found.append({})
            times.append(float("nan"))
        found[-1][key] = value
        times[-1] = time if time is not None else times[-1]
    if lines and wrong > _BROKEN * lines:
        raise UsageError(f"{where}: {wrong} of {lines} lines are no sample of Prometheus text")
    return [Scrape(samples, time) for samples, time in zip(found, times, strict=True) if samples]


def _sample(line: str) -> tuple[Any, float, float | None] | None:
    match = _SAMPLE.match(line.strip())
    if match is None:
        return None
    try:
        value = float(match["value"])
    except ValueError:
        return None
    labels = tuple(sorted(_LABEL.findall(match["labels"] or "")))
    name = _ALIKE.get(match["name"], match["name"].replace("sglang:", "vllm:"))
    return (name, labels), value, float(match["time"]) / 1e3 if match["time"] else None


def _ends(scrapes: Sequence[Scrape]) -> tuple[Scrape | None, Scrape]:
    """What was before, and what after: DCGM and vLLM may have been scraped each for itself."""
    if not scrapes:
        raise UsageError("no sample in it; scrape with curl http://HOST:9400/metrics")
    firsts: dict[Any, tuple[float, float]] = {}
    lasts: dict[Any, tuple[float, float]] = {}
    for one in scrapes:
        for key, value in one.samples.items():
            firsts.setdefault(key, (value, one.time))
            lasts[key] = (value, one.time)
    again = any(key in one.samples for one in scrapes[1:] for key in scrapes[0].samples)
    times = [one.time for one in scrapes]
    last = Scrape({key: value for key, (value, _) in lasts.items()}, times[-1])
    if not again:
        return None, last
    return Scrape({key: value for key, (value, _) in firsts.items()}, times[0]), last


def _about(last: Scrape, scrapes: Sequence[Scrape], engine: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What ran where, and how busy it was."""
    named = next(
        (last.label(name, "modelName") for name in (_POWER, _ENERGY, *_GAUGES) if last.each(name)), []
    )
    model = next((last.label(name, "model_name") for name in (_MADE, _RUNNING) if last.each(name)), [])
    count = len(last.each(_POWER) or last.each(_ENERGY)) or None
    context: dict[str, Any] = {}
    for name, key in _GAUGES.items():
        values = [value for one in scrapes for value in one.each(name)]
        if values:
            context[key] = sum(values) / len(values)
    serves = bool(engine)
    base = {"gpu": kinds(named), "n_gpus": count, "workload": model[0] if model else "",
            "runtime": engine if serves else "", "phase": "serve" if serves else ""}  # fmt: skip
    # Of data-parallel engines each says its own.
    running = [total for one in scrapes if (total := one.total(_RUNNING)) is not None]
    if running and sum(running) > 0:
        base["concurrency"] = max(round(sum(running) / len(running)), 1)
    return base, context


def _grown(first: Scrape | None, last: Scrape, name: str) -> float | None:
    """How much a counter grew: since its start where there is one scrape; None where it started anew."""
    whole = last.total(name)
    before = 0.0 if first is None else first.total(name) or 0.0
    return None if whole is None or whole < before else whole - before


def _power(
    first: Scrape | None, last: Scrape, base: dict[str, Any], context: dict[str, Any], said: tuple[str, ...]
) -> Iterator[Entry]:
    joules = None if first is None else _grown(first, last, _ENERGY)
    joules = None if joules is None else joules / 1e3
    seconds = float("nan") if first is None else last.time - first.time
    watts = last.each(_POWER)
    count = base["n_gpus"] or 1
    mean = joules / seconds / count if joules and seconds > 0 else None
    value = mean or (sum(watts) / len(watts) if watts else 0.0)
    if value > 0:
        note = said if mean else (*said, "power of the moment, not of a time: give two scrapes")
        yield Entry({**base, "metric": "power", "unit": "W", "value": value}, context, note)
    used = last.each(_USED)
    if used and max(used) > 0:
        yield Entry({**base, "metric": "gpu_memory_used", "unit": "GiB", "value": max(used) / 1024.0},
                    context, said)  # fmt: skip
    busy = [100.0 * context["sm_active"]] if "sm_active" in context else [context.get("utilisation", 0.0)]
    for one in busy:
        if one > 0.0:
            yield Entry({**base, "metric": "utilisation", "unit": "%", "value": one}, context, said)
    made = _grown(first, last, _MADE)
    if joules and made:
        yield Entry({**base, "metric": "energy", "unit": "J/token", "value": joules / made}, context, said)


def _serving(
    first: Scrape | None, last: Scrape, base: dict[str, Any], context: dict[str, Any], said: tuple[str, ...]
) -> Iterator[Entry]:
    made, prompts, done = (_grown(first, last, name) for name in (_MADE, _PROMPTS, _DONE))
    lengths: dict[str, Any] = {}
    if done and made and prompts:
        lengths = {"input_tokens": round(prompts / done), "output_tokens": round(made / done)}
    note = said if first is not None else (*said, "means since the server started: give two scrapes")
    seconds = float("nan") if first is None else last.time - first.time
    if made and seconds > 0:
        yield Entry({**base, **lengths, "metric": "throughput", "unit": "output tokens/s",
                     "value": made / seconds}, context, said)  # fmt: skip
    decoding = _grown(first, last, _DECODING)
    if decoding and made:
        # llama.cpp counts the seconds in which each of its requests decodes.
        yield Entry(
            {**base, **lengths, "metric": "tpot", "unit": "ms", "value": 1e3 * decoding / made}, context, note
        )
    for metric, names in _TIMES.items():
        for name in names:
            whole, count = _grown(first, last, f"{name}_sum"), _grown(first, last, f"{name}_count")
            if whole and count:
                yield Entry({**base, **lengths, "metric": metric, "unit": "ms", "value": 1e3 * whole / count},
                            context, note)  # fmt: skip
                break
