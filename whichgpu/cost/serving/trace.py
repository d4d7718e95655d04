"""A trace of requests, as it was recorded, served by the replicas of a job: arrivals, prompts and answers.

A trace is CSV with the columns `arrival` (s since any moment), `input` and `output` (tokens); also under the
names `timestamp`, `input_tokens` or `prompt_tokens`, `output_tokens` or `completion_tokens`.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.job.requests import OPTIONS, Requests
from whichgpu.cost.serving import curve, simulate
from whichgpu.cost.serving.simulate import Outcome, Stream
from whichgpu.errors import UsageError, refuse_endless
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from whichgpu.cost.serving.curve import Curve, Tails
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]

_NAMES = {
    "arrival": ("arrival", "arrival_s", "arrival_time", "timestamp", "time"),
    "input": ("input", "input_tokens", "prompt_tokens", "prompt_len", "input_length"),
    "output": ("output", "output_tokens", "completion_tokens", "output_len", "output_length"),
}
#: The most requests that are read, and the longest that one may be.
_MOST, _LONGEST = 200_000, 1e7
#: Of a mean load beyond this share of the capacity the curve has no point.
_FULL = 0.98


@immutable
class Trace:
    """Requests in the order of their arrival: s since the first, tokens in, tokens out; (requests,)."""

    arrival: Array
    prompt: Array
    output: Array

    @property
    def at_once(self) -> bool:
        """Whether all requests arrive together, as load generators send a data set at an infinite rate."""
        return not self.arrival[-1] > 0.0

    @property
    def rate(self) -> float:
        """Requests/s in the mean; infinite of requests that arrive at once."""
        return np.inf if self.at_once else (len(self.arrival) - 1) / float(self.arrival[-1])

    @property
    def burstiness(self) -> float:
        """1 over the squared coefficient of variation of the times between arrivals: 1 is Poisson."""
        if self.at_once:
            return 0.0
        gaps = np.diff(self.arrival)
        return float(gaps.mean() ** 2 / max(gaps.var(), 1e-12 * gaps.mean() ** 2))


@immutable
class Replay:
    """A trace served: the outcome of all requests, percentiles, and the analytic model at its mean load.

    `at` is None where the trace asks for more than the capacity; `spread` is the log standard deviation of
    times; `busy` the share of the time in which replicas were at work.
    """

    trace: Trace
    outcome: Outcome
    tails: Tails
    capacity: float
    at: Curve | None
    known: Curve
    busy: float


def read(path: Path) -> Trace:
    """The trace of a file; raises `UsageError` naming the line that cannot be read."""
    refuse_endless(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(_rows(csv.reader(handle), path))
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise UsageError(f"{path}: cannot be read as CSV ({fault}); check the path") from None
    if len(rows) < 2:
        raise UsageError(f"{path}: {len(rows)} requests; a trace takes at least two")
    table = np.array(rows)
    table = table[np.argsort(table[:, 0], kind="stable")]
    return Trace(table[:, 0] - table[0, 0], table[:, 1], table[:, 2])


def _rows(lines: Iterator[list[str]], path: Path) -> Iterator[tuple[float, float, float]]:
    header = [name.strip().lower() for name in next(lines, [])]
    places = [next((header.index(name) for name in names if name in header), -1) for names in _NAMES.values()]
    if min(places) < 0:
        missing = list(_NAMES)[places.index(-1)]
        raise UsageError(f"{path}: no column '{missing}'; a trace has arrival (s), input and output (tokens)")
    for number, line in enumerate(lines, 2):
        if not any(cell.strip() for cell in line):
            continue
        if number > _MOST:
            raise UsageError(f"{path}: more than {_MOST:,} requests; cut it to the busiest part")
        try:
            arrival, prompt, output = (float(line[place]) for place in places)
        except (ValueError, IndexError):
            raise UsageError(f"{path}, line {number}: {','.join(line)!r} has no three numbers") from None
        if not (0.0 <= arrival < 1e10 and 1.0 <= prompt <= _LONGEST and 1.0 <= output <= _LONGEST):
            raise UsageError(
                f"{path}, line {number}: {arrival:g} s, {prompt:g} and {output:g} tokens; an arrival is not "
                "below 0, and lengths are at least 1"
            )
        yield arrival, prompt, output


def replay(job: Job, gpu: Gpu, trace: Trace) -> Replay:
    """Serve a trace with a job's replicas, in turn; raises as `curve.curve` does."""
    if Requests.of(job).prefill_gpus:
        raise UsageError("a trace is not served by GPUs for prompts alone yet; leave prefill_gpus out")
    longest = trace.prompt + trace.output
    of_lengths = ("request_rate", "burstiness", "input_lengths", "output_lengths", "length_range")
    assert set(of_lengths) <= set(OPTIONS)
    own = {key: value for key, value in job.options.items() if key not in of_lengths}
    own = {**own, **_shapes(trace)}
    mean = replace(
        job, input_tokens=float(trace.prompt.mean()), output_tokens=float(trace.output.mean()), options=own,
        concurrency=None,
    )  # fmt: skip
    curve.checked(replace(mean, input_tokens=float(trace.prompt[longest.argmax()]),
                          output_tokens=float(trace.output[longest.argmax()])), gpu)  # fmt: skip
    checked = curve.checked(mean, gpu)
    table, _ = curve.ready(checked, gpu)
    simulator = curve.simulator(checked, gpu, table)
    turns = max(round(table.replicas), 1)
    outcome = _together([_served(simulator.server, trace, checked, turn, turns) for turn in range(turns)])
    rate = min(trace.rate, _FULL * table.capacity)
    at = curve.at_rates(checked, gpu, table, np.array([rate]))
    span = float(outcome.done.max()) * turns
    return Replay(
        trace, outcome, curve.summary(outcome), table.capacity, at if trace.rate <= rate else None, at,
        outcome.busy / span,
    )  # fmt: skip


def _shapes(trace: Trace) -> dict[str, str]:
    """How lengths vary, for the analytic model: lognormals with the trace's mean and variance."""
    shapes = {}
    for name, values in (("input_lengths", trace.prompt), ("output_lengths", trace.output)):
        variation = float(values.std() / values.mean())
        if variation > 1e-3:
            shapes[name] = f"lognormal mean {values.mean():.6f} cv {variation:.6f}"
    return shapes


def _served(server: simulate.Server, trace: Trace, job: Job, turn: int, turns: int) -> Outcome:
    own = slice(turn, None, turns)
    cached = Requests.of(job).prefix_hit
    prompt = trace.prompt[own]
    stream = Stream(
        trace.arrival[own], np.maximum(prompt * (1.0 - cached), 1.0), prompt * cached, trace.output[own]
    )
    # Requests that are alike and all there at once go in step.
    at_once = all(np.ptp(values[own]) == 0.0 for values in (trace.arrival, trace.prompt, trace.output))
    return simulate.simulate(server.in_step if at_once else server, stream)


def _together(parts: list[Outcome]) -> Outcome:
    """The outcomes of several replicas as one."""
    names = ("arrival", "first", "done", "output", "gaps", "weights")
    arrays = {name: np.concatenate([getattr(one, name) for one in parts]) for name in names}
    return Outcome(
        **arrays, busy=sum(one.busy for one in parts), taken_off=sum(one.taken_off for one in parts),
        bundle=parts[0].bundle,
    )  # fmt: skip
