"""How long prompts and answers are where they are not all alike: a distribution as it is typed.

    lognormal mean 500 p90 1000        also median, p95, p99 or cv (standard deviation over mean)
    normal mean 500 sd 100
    exponential mean 500
    uniform 100 to 900

A lognormal of mean m has ln(p / m) = z s - s^2 / 2 at the percentile p of z standard deviations, which is at
most z^2 / 2: its p90 is no more than 2.27 times its mean.
"""

from __future__ import annotations

import re
from math import exp, log, sqrt
from typing import TYPE_CHECKING

from whichgpu.errors import UsageError
from whichgpu.values import immutable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_EXAMPLE = 'write e.g. 500, "lognormal mean 500 p90 1000", "normal mean 500 sd 100" or "uniform 100 to 900"'
_NUMBER = r"((?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])|[0-9][0-9_]*(?![0-9,]))(?:\.[0-9]+)?)\s*([kK]?)"
_KINDS = {"lognormal": ("mean", "median", "p90", "p95", "p99", "cv"), "normal": ("mean", "sd", "cv"),
          "exponential": ("mean",)}  # fmt: skip
_LONGEST = 1e7
#: Lengths that stand for all, and in how many equal shares of them.
_DRAWN, _SHARES = 4096, 16
#: The longest of what a load generator cuts off, in means.
_TOP = 4.5


@immutable
class Lengths:
    """A distribution of tokens: its `mean`, and `shape` as the kind takes it.

    Of a lognormal it is the standard deviation of the logarithm; of the others the coefficient of variation.
    What load generators send may be a beta up to `_TOP` means, which nobody types.
    """

    kind: str
    mean: float
    shape: float = 0.0

    @property
    def variation(self) -> float:
        """The squared coefficient of variation."""
        return exp(self.shape**2) - 1.0 if self.kind == "lognormal" else self.shape**2

    def after(self, mean: float) -> Array:
        """Tokens behind the first of answers of this shape and another mean: harmonic means of equal shares.

        Those of one token have none.
        """
        import numpy as np

        behind = np.sort(self.draw(mean, _DRAWN, np.random.default_rng(0))) - 1.0
        behind = behind[behind > 0.0] if behind[-1] > 0.0 else np.ones(_DRAWN)
        return np.array([1.0 / np.mean(1.0 / part) for part in np.array_split(behind, _SHARES)])

    def relative(self) -> Array:
        """Lengths that stand for all of them in equal shares, in means."""
        import numpy as np

        drawn = np.sort(self.draw(_LONGEST, _DRAWN, np.random.default_rng(0))) / _LONGEST
        return np.asarray(drawn[_SHARES // 2 :: _SHARES])

    def draw(self, mean: float, count: int, chance: np.random.Generator) -> Array:
        """So many lengths of this shape and another mean, at least 1 each."""
        import numpy as np

        if self.kind == "lognormal":
            drawn = mean * chance.lognormal(-(self.shape**2) / 2.0, self.shape, count)
        elif self.kind == "normal":
            drawn = mean * chance.normal(1.0, self.shape, count)
        elif self.kind == "exponential":
            drawn = chance.exponential(mean, count)
        elif self.kind == "beta":
            short = (_TOP - 1.0) / self.shape**2 / _TOP - 1.0 / _TOP
            drawn = mean * _TOP * chance.beta(short, short * (_TOP - 1.0), count)
        else:
            drawn = mean * (1.0 + sqrt(3.0) * self.shape * (2.0 * chance.random(count) - 1.0))
        return np.maximum(np.round(drawn), 1.0)


def uniform(mean: float, spread: float) -> Lengths:
    """Anywhere within `spread` times the mean to either side."""
    return Lengths("uniform", mean, spread / sqrt(3.0))


def fixed(text: str) -> float | None:
    """The one length that a text says: `500`, `32k`, `1,024 tokens`; None where it is none."""
    found = re.fullmatch(rf"\s*{_NUMBER}\s*(?:tokens?)?\s*", text.lower())
    return _number(found[1], found[2]) if found else None


def read(text: str) -> Lengths:
    """The distribution of a text; raises `UsageError` for what is none, or cannot be."""
    plain = " ".join(text.lower().replace("~", " ").split())
    kind, _, rest = plain.partition(" ")
    if kind == "uniform":
        return _uniform(text, rest)
    if kind not in _KINDS:
        raise UsageError(f"'{text}' is no number of tokens and no distribution of them; {_EXAMPLE}")
    said = {
        name: _number(value, thousand)
        for name, value, thousand in re.findall(rf"([a-z]\w*)\s+{_NUMBER}", rest)
    }
    left = re.sub(rf"[a-z]\w*\s+{_NUMBER}", "", rest).strip(" ,")
    unknown = sorted(set(said) - set(_KINDS[kind])) or [left] * bool(left)
    if unknown or not said:
        raise UsageError(f"'{text}': {kind} takes {', '.join(_KINDS[kind])}; {_EXAMPLE}")
    if kind == "lognormal":
        return _lognormal(text, said)
    mean = _mean(text, said)
    if kind == "exponential":
        return Lengths(kind, mean, 1.0)
    if len(said) != 2:
        raise UsageError(f"'{text}': a normal distribution takes a mean and one of sd and cv; {_EXAMPLE}")
    return Lengths(kind, mean, said["cv"] if "cv" in said else said["sd"] / mean)


def _number(value: str, thousand: str) -> float:
    return float(value.replace(",", "").replace("_", "")) * (1000.0 if thousand else 1.0)


def _mean(text: str, said: dict[str, float]) -> float:
    mean = said.get("mean", 0.0)
    if not 1.0 <= mean <= _LONGEST:
        raise UsageError(f"'{text}': a mean of {mean:g} tokens is below 1 or absurd; {_EXAMPLE}")
    return mean


def _uniform(text: str, rest: str) -> Lengths:
    found = re.fullmatch(rf"(?:from\s+)?{_NUMBER}\s*(?:to|-|\.\.|\s)\s*{_NUMBER}", rest)
    if found is None:
        raise UsageError(f"'{text}': uniform takes two ends; {_EXAMPLE}")
    low, high = _number(found[1], found[2]), _number(found[3], found[4])
    if not 0.0 < low <= high <= _LONGEST:
        raise UsageError(f"'{text}': the ends must rise and be above zero; {_EXAMPLE}")
    mean = (low + high) / 2.0
    return uniform(mean, (high - mean) / mean)


def _lognormal(text: str, said: dict[str, float]) -> Lengths:
    """From a mean or median and one of a percentile and cv."""
    centres, tails = [name for name in said if name in ("mean", "median")], [
        name for name in said if name not in ("mean", "median")
    ]  # fmt: skip
    if len(centres) != 1 or len(tails) != 1:
        raise UsageError(
            f"'{text}': a lognormal takes mean or median, and one of p90, p95, p99, cv; {_EXAMPLE}"
        )
    centre, tail = said[centres[0]], said[tails[0]]
    if centre < 1.0 or tail <= 0.0 or centre > _LONGEST:
        raise UsageError(f"'{text}': {centres[0]} {centre:g} is below 1 or absurd; {_EXAMPLE}")
    if tails[0] == "cv":
        shape = sqrt(log(1.0 + tail**2))
    else:
        shape = _shape(text, (centres[0], centre), (tails[0], tail))
    mean = centre * exp(shape**2 / 2.0) if centres[0] == "median" else centre
    return Lengths("lognormal", mean, shape)


def _shape(text: str, centre: tuple[str, float], tail: tuple[str, float]) -> float:
    """The standard deviation of the logarithm that a percentile means."""
    from statistics import NormalDist  # 10 ms, for the few who state a percentile

    z, ratio = NormalDist().inv_cdf(int(tail[0][1:]) / 100.0), log(tail[1] / centre[1])
    if centre[0] == "median":
        if ratio < 0.0:
            raise UsageError(f"'{text}': {tail[0]} lies below the median; {_EXAMPLE}")
        return ratio / z
    if ratio > z * z / 2.0:
        most = centre[1] * exp(z * z / 2.0)
        raise UsageError(
            f"'{text}': a lognormal with a mean of {centre[1]:g} has a {tail[0]} of at most {most:,.0f}; "
            f"state its median instead of its mean, or a lower {tail[0]}"
        )
    if ratio < 0.0:
        raise UsageError(f"'{text}': {tail[0]} lies below the mean; {_EXAMPLE}")
    return z - sqrt(z * z - 2.0 * ratio)
