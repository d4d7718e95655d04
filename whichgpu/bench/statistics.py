"""From repeated times to one figure: the median, how sure it is, what lay outside, whether it drifted.

The confidence interval of a median needs no distribution: of n sorted values the k-th from either end bound
it with probability 1 - 2 P(Bin(n, 1/2) < k). Clocks that wander make samples follow their neighbours: then n
is how many independent ones they are worth, by their autocorrelation time (Sokal's window). Outliers are
counted and not removed, since a median does not feel them; a trend over the run is Mann and Kendall's test,
with Sen's slope as its size.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Deviations (scaled to a normal distribution's) beyond which a value is an outlier.
_FAR = 5.0
#: Of a trend: standard deviations that make it no accident, and the share of the median that makes it matter.
_SURE, _MATTERS = 3.0, 0.01
#: Of autocorrelation: how many times its own length it is summed up to.
_WINDOW = 5.0
#: Values from which on a trend is looked for, and at most so many, evenly picked.
_LEAST, _MOST = 10, 200


class Method(NamedTuple):
    """How long to measure.

    Attributes:
        warmup: passes before anything counts, at least; `warmup_seconds` of them, at least.
        least, most: samples taken.
        seconds: time after which no more samples are taken, once there are `least`.
        lasting: time for which samples are taken at least, but no longer than `seconds`: clocks follow power
            and temperature within seconds, and the driver's counter of energy goes on ten times a second.
        sample: seconds that one sample takes at least: quick passes are timed several at once.
        confidence: of the interval of the median.
        width: half width of that interval, as a share of the median, at which it is sure enough.

    """

    warmup: int = 3
    warmup_seconds: float = 1.0
    least: int = 10
    most: int = 1000
    seconds: float = 10.0
    sample: float = 0.01
    confidence: float = 0.95
    width: float = 0.005
    lasting: float = 0.0


class Summary(NamedTuple):
    """What repeated times come to; times in seconds.

    `confidence` is that of the interval from `low` to `high`: fewer samples than the one asked for needs
    have a lower one. `spread` is half the interval as a share of the median. `together` samples in a row
    tell as much as one that stands alone. `drift` is the change over the run as a share of the median, 0
    where there is no sure trend.
    """

    samples: int
    median: float
    low: float
    high: float
    confidence: float
    spread: float
    mean: float
    least: float
    most: float
    outliers: int
    drift: float
    together: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return dict(self._asdict())


def summary(times: Sequence[float], confidence: float = 0.95) -> Summary:
    """The summary of at least one time, in the order in which they were taken."""
    values = np.asarray(times, dtype=np.float64)
    if not values.size:
        raise ValueError("no samples")
    middle = float(np.median(values))
    each = together(values)
    low, high, sure = median_interval(values, confidence, each)
    spread = (high - low) / 2.0 / middle if middle else 0.0
    return Summary(
        int(values.size), middle, low, high, sure, spread, float(values.mean()), float(values.min()),
        float(values.max()), outliers(values), drift(values), each,
    )  # fmt: skip


def median_interval(
    values: NDArray[np.float64], confidence: float, each: float = 1.0
) -> tuple[float, float, float]:
    """Bounds of the median with at least this confidence, and the confidence they have.

    `each` values in a row count as one. Too few values give the least and the largest, with the confidence
    that these bound it.
    """
    ordered = np.sort(values)
    place, sure = _place(max(int(len(ordered) / each), 1), confidence)
    place = int(place * each)
    return float(ordered[place]), float(ordered[-1 - place]), sure


def together(values: NDArray[np.float64]) -> float:
    """How many values in a row tell as much of the median as one: 1 where they follow each other by no rule.

    1 + 2 x the sum of the autocorrelation of lying above or below the median, up to five times that many
    values. What looks like it by chance counts too: it makes intervals a twentieth wider, and those of
    samples that do follow their neighbours would be too narrow without.
    """
    n = len(values)
    side = np.sign(values - np.median(values))
    side = side - side.mean()
    power = np.abs(np.fft.rfft(side, 2 * n)) ** 2
    related = np.fft.irfft(power)[: n // 2]
    if n < _LEAST or related[0] <= 0.0:
        return 1.0
    sums = 2.0 * np.cumsum(related / related[0]) - 1.0
    ends = np.flatnonzero(np.arange(len(sums)) >= _WINDOW * sums)
    end = int(ends[0]) if ends.size else len(sums) - 1
    return float(max(min(sums[end], n / 2.0), 1.0))


@lru_cache(maxsize=4096)
def _place(count: int, confidence: float) -> tuple[int, float]:
    """How many values to leave out at either end, and the confidence of the bounds."""
    below, place, sure = 0.0, 0, 0.0
    for left_out in range((count + 1) // 2):
        below += math.exp(_log_choose(count, left_out) - count * math.log(2.0))
        covered = 1.0 - 2.0 * below
        if left_out and covered < confidence:
            break
        place, sure = left_out, max(covered, 0.0)
    return place, sure


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def outliers(values: NDArray[np.float64]) -> int:
    """How many lie further from the median than `_FAR` scaled median deviations; 0.1 % off is never one."""
    middle = np.median(values)
    deviation = 1.4826 * np.median(np.abs(values - middle))
    return int(np.count_nonzero(np.abs(values - middle) > max(_FAR * deviation, 1e-3 * abs(middle))))


def drift(values: NDArray[np.float64]) -> float:
    """The change over the samples as a share of their median; 0 without a sure, large trend."""
    if len(values) < _LEAST:
        return 0.0
    picked = values[np.linspace(0, len(values) - 1, min(len(values), _MOST)).astype(int)]
    n = len(picked)
    first, second = np.triu_indices(n, 1)
    change = picked[second] - picked[first]
    score = float(np.sign(change).sum())
    slope = float(np.median(change / (second - first)))
    # Clocks that wander to and fro show a trend over any one run: what follows its neighbours beside the
    # trend counts as fewer values (Hamed and Rao, 1998).
    each = together(picked - slope * np.arange(n))
    deviation = math.sqrt(each * n * (n - 1) * (2 * n + 5) / 18.0)
    whole = slope * (n - 1) / float(np.median(picked))
    return whole if abs(score) > _SURE * deviation and abs(whole) > _MATTERS else 0.0


def enough(times: Sequence[float], elapsed: float, method: Method) -> bool:
    """Whether the samples so far will do: the median is sure enough, or there was time enough."""
    if len(times) >= method.most:
        return True
    if len(times) < method.least:
        # Passes of minutes: two of them are a measurement, and its interval says how sure.
        return len(times) >= 2 and elapsed > 3.0 * method.seconds
    if elapsed >= method.seconds:
        return True
    if elapsed < method.lasting or not _looked_at(len(times), method.least):
        return False
    values = np.asarray(times, dtype=np.float64)
    low, high, sure = median_interval(values, method.confidence, together(values))
    return sure >= method.confidence and (high - low) / 2.0 <= method.width * float(np.median(times))


def _looked_at(count: int, least: int) -> bool:
    """Whether an interval is looked at with so many samples: a quarter more each time.

    Who looks after every sample stops where an interval is narrow by chance, and it holds the median in 91 %
    of runs in place of 95 %.
    """
    at = max(least, 1)
    while at < count:
        at += max(at // 4, 1)
    return at == count


def doubts(found: Summary, method: Method, overhead: float) -> list[str]:
    """What makes a figure doubtful, in sentences."""
    said = []
    if found.drift:
        said.append(f"times {'rose' if found.drift > 0 else 'fell'} by {abs(found.drift):.1%} over the run")
    if found.confidence < method.confidence:
        row = f", {found.together:.0f} in a row worth one," if found.together > 1.0 else ""
        said.append(
            f"{found.samples} samples{row} bound the median with a confidence of {found.confidence:.0%} only"
        )
    if found.spread > 0.05:
        said.append(f"the median is known to {found.spread:.0%} only")
    if found.outliers > 0.1 * found.samples:
        said.append(f"{found.outliers} of {found.samples} samples are outliers")
    if overhead > 0.01:
        said.append(f"the harness took {overhead:.1%} of the time")
    return said
