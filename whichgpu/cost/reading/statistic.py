"""Figures of a server's requests as load generators and tables name them: `p99_ttft_ms`, `median TPOT`.

Which statistic a source publishes sets its figure apart from another's: a mean of times to the first token
may be twice their median, and `total` tokens count prompts too. A name is read word by word, in any order.
"""

from __future__ import annotations

import re
from functools import lru_cache

from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple

#: What the times of a request are called, the longest first.
_TIMES = {
    "time to first token": "ttft", "first token latency": "ttft", "ttft": "ttft",
    "time per output token": "tpot", "tpot": "tpot", "time per token": "tpot", "latency per token": "tpot",
    "latency per output token": "tpot", "per token latency": "tpot",
    "inter token latency": "itl", "time between tokens": "itl", "itl": "itl", "tbt": "itl",
    "next token latency": "tpot", "subsequent token latency": "tpot", "2nd token latency": "tpot",
    "second token latency": "tpot", "time per generated token": "tpot", "other token latency": "tpot",
    "rest token latency": "tpot", "token latency": "tpot",
    "end to end latency": "latency", "e2e latency": "latency", "request latency": "latency",
    "e2el": "latency", "e2e": "latency", "latency": "latency",
}  # fmt: skip
#: Rates that count something else than what a workload makes, by the words beside `throughput`.
_RATES = {
    "total token": "total tokens/s", "total tokens": "total tokens/s", "total": "total tokens/s",
    "output token": "output tokens/s", "output tokens": "output tokens/s", "output": "output tokens/s",
    "input token": "input tokens/s", "input tokens": "input tokens/s", "input": "input tokens/s",
    "prompt": "input tokens/s", "request": "requests/s", "requests": "requests/s",
}  # fmt: skip
_HOWS = {"mean": "mean", "average": "mean", "avg": "mean", "median": "p50"}
HOWS = ("mean", "p50", "p90", "p95", "p99")
_UNITS = ("ms", "s", "us")


class Statistic(NamedTuple):
    """A time of requests (`ttft`, `tpot`, `itl`, `latency`) and how it is taken over them, or a rate.

    `unit` is what the name itself says; empty where it says none. Of a rate `time` is empty.
    """

    time: str
    how: str
    unit: str


@lru_cache(maxsize=1024)
def statistic(name: str) -> Statistic | None:
    """The statistic of a name; None for no such name, `UsageError` for a percentile that is not told."""
    plain = " ".join(re.sub(r"[^a-z0-9.]+", " ", name.lower()).split())
    unit = next((word for word in _UNITS if plain.endswith(f" {word}")), "")
    plain = plain.removesuffix(unit).strip() if unit else plain
    if plain.endswith(" throughput") and not unit:
        known = _RATES.get(plain.removesuffix(" throughput"))
        return None if known is None else Statistic("", "", known)
    called = next((words for words in _TIMES if re.search(rf"(?<!\w){words}(?!\w)", plain)), "")
    if not called:
        return None
    rest = " ".join(re.sub(rf"(?<!\w){called}(?!\w)", " ", plain, count=1).split())
    how = _how(rest, name)
    return None if how is None else Statistic(_TIMES[called], how, unit)


def _how(text: str, name: str) -> str | None:
    """How it is taken over the requests, the mean where nothing says; None for words of something else."""
    if not text or text in _HOWS:
        return _HOWS.get(text, "mean")
    found = re.fullmatch(r"p ?([0-9]+(?:\.[0-9]+)?)|([0-9]+(?:\.[0-9]+)?)(?:th)? ?percentile", text)
    if found is None:
        return None
    how = f"p{found[1] or found[2]}"
    if how not in HOWS:
        raise UsageError(
            f"metric '{name}': no {how}; use {', '.join(HOWS[1:])}, or leave it out for the mean"
        )
    return how
