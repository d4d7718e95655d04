"""What the requests of a run come to: throughput, percentiles of TTFT, TPOT, ITL and latency, rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.bench.record import Record, row
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.bench.serving_load import Run

PERCENTILES = (50, 90, 95, 99)
#: By metric of the schema: its unit, and seconds in it.
_METRICS = {"ttft": ("ms", 1e-3), "tpot": ("ms", 1e-3), "latency": ("ms", 1e-3)}
#: How late an open loop may send, as a share of the mean gap, before it is the load that is slow.
_LATE = 0.5
#: A share of failures beyond which figures are of another load than the one asked for.
_FEW = 0.01


@immutable
class Summary:
    """One load: times in s, each with `mean`, its `error` (a share), `p50` .. `p99`; rates a second.

    `output_rate` is output tokens/s, `request_rate` requests/s that were answered, `in_flight` their mean
    number.
    """

    sent: int
    answered: int
    faults: Mapping[str, int]
    reasons: tuple[str, ...]
    seconds: float
    request_rate: float
    output_rate: float
    input_rate: float
    in_flight: float
    input_tokens: float
    output_tokens: float
    times: Mapping[str, Mapping[str, float]]
    lateness: float
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI."""
        return {
            "sent": self.sent, "answered": self.answered, "faults": dict(self.faults),
            "reasons": list(self.reasons), "seconds": self.seconds, "request_rate": self.request_rate,
            "output_rate": self.output_rate, "input_rate": self.input_rate, "in_flight": self.in_flight,
            "input_tokens": self.input_tokens, "output_tokens": self.output_tokens,
            **{name: dict(one) for name, one in self.times.items()},
            "lateness": self.lateness, "warnings": list(self.warnings),
        }  # fmt: skip


def summary(run: Run) -> Summary:
    """What a run comes to; rates are over the time from the first request to the last answer."""
    good = [one for one in run.outcomes if one.good]
    # What fails behind the last answer, as where a server went silent, is no time in which it answered.
    span = max((one.ended for one in good or run.outcomes), default=run.ended) - run.started
    busy = sum(one.latency for one in good)
    made, prompts = sum(one.made for one in good), sum(one.prompt for one in good)
    lateness = float(np.mean([one.sent - one.due for one in run.outcomes])) if run.outcomes else 0.0
    times = {
        "ttft": _spread([one.ttft for one in good]),
        "tpot": _spread([one.tpot for one in good if one.tpot is not None]),
        "itl": _spread([gap for one in good for gap in one.gaps]),
        "latency": _spread([one.latency for one in good]),
    }
    faults = Counter(one.fault for one in run.outcomes if one.fault)
    reasons = Counter(f"{one.fault}: {one.reason}" for one in run.outcomes if one.fault)
    count = max(len(good), 1)
    whole = max(span, 1e-9)
    return Summary(
        len(run.outcomes), len(good), dict(faults), tuple(text for text, _ in reasons.most_common(3)), span,
        len(good) / whole, made / whole, prompts / whole, busy / whole, prompts / count, made / count,
        {name: one for name, one in times.items() if one}, lateness, _warnings(run, lateness),
    )  # fmt: skip


def _spread(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    marks = np.percentile(values, PERCENTILES).tolist()
    # Half of a 95 % interval of the mean, as a share of it.
    error = 1.96 * float(np.std(values)) / (len(values) ** 0.5 * float(np.mean(values)) or 1.0)
    return {
        "mean": float(np.mean(values)),
        "error": error,
        **{f"p{p}": v for p, v in zip(PERCENTILES, marks, strict=True)},
    }


def _warnings(run: Run, lateness: float) -> tuple[str, ...]:
    """What makes the figures doubtful."""
    said = [run.gave_up] if run.gave_up else []
    bad = sum(1 for one in run.outcomes if not one.good)
    if bad > _FEW * len(run.outcomes):
        said.append(f"{bad} of {len(run.outcomes)} requests failed: the rest are of a lighter load")
    good = [one for one in run.outcomes if one.good]
    if good and not all(one.counted for one in good):
        said.append("the server counts no tokens (usage): parts of the answer stand for them")
    if run.load.rate is not None and lateness > _LATE / run.load.rate:
        said.append(f"requests were sent {lateness * 1e3:.0f} ms late in the mean: this machine is too slow")
    single = [one for one in good if len(one.arrivals) == 1 and one.made > 1.0]
    if len(single) > 0.5 * len(good) > 0:
        said.append("answers came in one part: the server does not stream, so TTFT is the whole latency")
    return tuple(said)


def records(
    found: Summary, columns: Mapping[str, Any], task: Mapping[str, Any], context: Mapping[str, Any]
) -> list[Record]:
    """Rows of the measurement schema of one load: output tokens/s and the means of times.

    Where nothing was answered it is one record of a failure, with the reason.
    """
    context = {**context, "serving": found.to_dict(), "warnings": list(found.warnings)}
    # Beside the figures too: who reads the table alone is to see that requests failed.
    base = {"phase": "serve", **columns, "notes": "; ".join(found.warnings)}
    if not found.answered:
        reason = "; ".join(found.reasons) or "no request was sent"
        empty = row(**{**base, "id": f"{columns['id']}-throughput", "metric": "throughput",
                       "unit": "output tokens/s"})  # fmt: skip
        return [Record(empty, context, task, "failed", reason)]
    # Where the server counts no tokens of prompts they are as many as were asked for.
    counted = {"input_tokens": round(found.input_tokens), "output_tokens": round(found.output_tokens)}
    base |= {name: tokens for name, tokens in counted.items() if tokens}
    values: dict[str, tuple[str, float, float | None]] = {
        "throughput": ("output tokens/s", found.output_rate, None)
    }
    values |= {name: (unit, found.times[name]["mean"] / one, found.times[name]["error"])
               for name, (unit, one) in _METRICS.items() if name in found.times}  # fmt: skip
    return [
        Record(row(**{**base, "id": f"{columns['id']}-{name}", "metric": name, "unit": unit, "value": value,
                      "spread": error}), context, task)
        for name, (unit, value, error) in values.items()
        if value > 0.0
    ]  # fmt: skip
