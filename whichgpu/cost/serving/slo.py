"""Service level objectives: what a load must keep to, and the largest that does.

`ttft p90 1 s, tpot 50 ms`: a metric, how it is taken over the requests (a percentile; a bare figure is the
mean), and the most that it may be.
"""

from __future__ import annotations

import re
from dataclasses import replace
from math import log
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.calibration.spread import found_for
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.requests import unloaded
from whichgpu.cost.serving import curve
from whichgpu.cost.serving.scheduling import message_passes
from whichgpu.cost.timing import bounds
from whichgpu.errors import Infeasible, UsageError
from whichgpu.units import parse, show
from whichgpu.values import NamedTuple, immutable, regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.serving.curve import Curve, Simulator
    from whichgpu.cost.serving.disaggregated import Pool
    from whichgpu.cost.serving.load import Table
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

#: Names of the metrics, as people and tools write them; the longest that stands in a text is meant.
_METRICS = {
    "ttft": "ttft", "time to first token": "ttft", "first token latency": "ttft", "first token": "ttft",
    "tpot": "tpot", "time per output token": "tpot", "time per token": "tpot",
    "per token": "tpot", "per token latency": "tpot",
    "itl": "itl", "inter token latency": "itl", "intertoken latency": "itl", "inter token": "itl",
    "time between tokens": "itl", "tbt": "itl",
    "latency": "latency", "e2e": "latency", "e2el": "latency", "end to end": "latency",
    "response time": "latency", "e2e latency": "latency", "end to end latency": "latency",
    "request latency": "latency",
    "total latency": "latency", "end to end time": "latency",
}  # fmt: skip
_METRIC = regex(rf"\b(?:{'|'.join(sorted(_METRICS, key=len, reverse=True))})s?\b")
#: Requests of which no metric is named are done within their whole time.
_WHOLE = regex(
    r"\b(?:requests|responses|answers|replies)(?: are)? ?(?:done|finished|complete|answered|served)?"
    r" (?=within|in|under|below)"
)
_HOW = regex(
    r"\b(?P<word>mean|average|avg|median)\b|\bp ?(?P<before>[0-9]+(?:\.[0-9]+)?)(?:th)?\b"
    r"|\b(?P<after>[0-9]+(?:\.[0-9]+)?)(?:th|st|nd|rd)?(?:(?<=[a-z]) percentile| percentile|(?<=th)| ?%)"
    r"|\b(?P<behind>[0-9]+)p\b"
)
_WORDS = {"mean": "mean", "average": "mean", "avg": "mean", "median": "p50"}
#: Tokens a second that each user sees, the time per token turned over.
_SPEED = regex(
    r"([0-9.]+) ?(?:output )?(?:tokens?|toks?|t)(?:/| per )s(?:ec(?:ond)?)?"
    r"(?:/| per | for (?:each|every) )(?:user|request|stream|sequence)"
)
#: The same with the number behind: "tokens/s per user 50", "per-user speed > 30 tok/s".
_SPEED_AHEAD = regex(
    r"(?:(?:output )?(?:tokens?|toks?|t)(?:/| per )s(?:ec(?:ond)?)?(?:/| per )(?:user|request|stream)"
    r"|per[- ](?:user|request|stream) (?:speed|rate|throughput))[ =:>≥]*([0-9.]+)"
)
_RATE = regex(r"throughput|\b(?:tokens?|toks?|requests?|req)\s*/\s*s", re.IGNORECASE)
#: `--goodput ttft:500 tpot:50` of `vllm bench serve`, in ms; `p99_ttft_ms: 500`, `P99 TTFT (ms): 500` of what
#: it writes.
_PAIR = r"(ttft|tpot|itl|e2el):([0-9]+(?:\.[0-9]+)?)"
_GOODPUT = regex(rf"(?:--goodput |goodput )?(?:{_PAIR}[ ,]*)+", re.IGNORECASE)
_UNIT_AHEAD = regex(r"\b(ttft|tpot|itl|e2el)[_ ]\(?(ms|s)\b\)?([^a-z]*[0-9])(?![0-9.])", re.IGNORECASE)
#: A second percentile of one metric with a time of its own, and a slash between objectives.
_SAME = regex(r"(?<=[0-9 m]s) (?=p[0-9]+ ?[=:<≤]* ?[0-9.]+ ?m?s\b)", re.IGNORECASE)
_SLASH = regex(r"(?<=[0-9 m]s) ?/ ?(?=ttft|tpot|itl|e2e)", re.IGNORECASE)
#: A text that ends with a time.
_TIME_ENDS = regex(r"\d ?(?:ms|s|secs?|seconds?|milliseconds?|min|minutes?) +$", re.IGNORECASE)
#: A percentile behind the time that it is of: "ttft 500 ms p90".
_BEHIND = regex(
    r"\d ?(?:ms|s|secs?|seconds?|milliseconds?) +(?:at )?\(?p ?\d+(?:\.\d+)?\)? *$", re.IGNORECASE
)
#: A text whose first objective begins with how it is taken, and what parts it from the next:
#: "p90 ttft 500 ms p99 tpot 40 ms", "p90 ttft 500 ms tpot 40 ms".
_TAKEN = r"(?:p ?[0-9.]+|mean|median|average|avg)[ (]+"
_BARE = r"(?:ttft|tpot|itl|tbt|e2el?|latency)\b"
_TAKEN_FIRST = regex(rf"\s*{_TAKEN}{_BARE}", re.IGNORECASE)
_AHEAD = regex(rf"(?<=[0-9 m]s) +(?=(?:{_TAKEN})?{_BARE})", re.IGNORECASE)
#: What else may stand in an objective.
_FILLERS = frozenset(
    ("<=", "<", "≤", "=", ":", "(", ")", "@", "-", "of", "is", "are", "be", "under", "below", "within",
     "at", "most", "least", "less", "than", "no", "more", "not", "above", "over", "max", "maximum", "up",
     "to", "the", "a", "an", "for", "with", "in", "must", "should", "stay", "kept", "all", "each", "every",
     "request", "requests", "user", "users", "latency", "percentile")
)  # fmt: skip
#: The share of the capacity at which a request is alone; the most that is looked at, and how many between.
_ALONE, _MOST, _POINTS = 1e-4, 0.99, 100
#: How finely the last load that keeps is sought, as a part of it, and how far the answer stays below it, so
#: that other chances keep it too.
_FINE, _MARGIN = 0.005, 0.005
#: Arrivals that a load is tried under, and what of an excess over all of them is chance.
_CHANCES, _NOISE = (0, 1, 2), 0.01
#: How often the answer gives way to the chances of the run that is shown with it.
_STEPS = 6
_EXAMPLE = 'write e.g. "ttft p90 1 s, tpot 50 ms"'


@immutable
class Term:
    """One objective: `metric` (ttft, tpot, itl, latency), `how` (mean, p50 ..), at most `most` s."""

    metric: str
    how: str
    most: float

    def __str__(self) -> str:
        how = "" if self.how == "mean" else f" {self.how}"
        return f"{self.metric}{how} {show(self.most, 'time', 3)}"

    def to_dict(self) -> dict[str, object]:
        """Plain values, s."""
        return {"metric": self.metric, "how": self.how, "most": self.most}


@immutable
class Held:
    """The largest load that keeps to the objectives, requests/s, and the curve there.

    `binding` is the objective that it just keeps, None at the capacity.
    """

    rate: float
    binding: Term | None
    at: Curve


def read(text: str, meant: str = "") -> tuple[Term, ...]:
    """The objectives of a text; raises `UsageError` saying which part cannot be read.

    One that names no metric is of what is `meant`, where that is the only one.
    """
    # "1,000 ms" is one number.
    plain = _as_tools(re.sub(r"(?<=\d),(?=\d{3}\b)", "", text.strip()))
    parts = re.split(r"[,;&\n]| and (?=\D)| \+ ", _apart(plain), flags=re.IGNORECASE)
    terms = tuple(_term(_of(part.strip(), meant)) for part in parts if part.strip(" ."))
    if not terms:
        raise UsageError(f"no objective in '{text}'; {_EXAMPLE}")
    return terms


def _of(part: str, meant: str) -> str:
    named = any(one.search(part.lower()) for one in (_METRIC, _WHOLE, _SPEED, _SPEED_AHEAD))
    return part if named or not meant else f"{meant} {part}"


def _as_tools(text: str) -> str:
    """What load generators write, in the words that are read here."""
    if _GOODPUT.fullmatch(text):
        return ",".join(f"{name} {time} ms" for name, time in re.findall(_PAIR, text, re.IGNORECASE))
    return _SLASH.sub(",", _UNIT_AHEAD.sub(r"\1 \3 \2", text.replace("_", " ")))


def _apart(text: str) -> str:
    """Objectives that stand side by side, each with its metric first, with commas between them."""
    if not _METRIC.match(text.strip().lower()):
        return _AHEAD.sub(",", text) if _TAKEN_FIRST.match(text) else text
    starts = [found.start() for found in _METRIC.finditer(text.lower())]
    # "ttft 500 ms p90 tpot 40 ms p99": where the last percentile stands behind, so do those before it.
    ends = [_TIME_ENDS, *([_BEHIND] if _BEHIND.search(text) else [])]
    cuts = [at for at in starts if any(end.search(text[:at]) for end in ends)]
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
    # "ttft p50 100 ms p99 500 ms" names its metric once.
    return ",".join(
        _SAME.sub(f", {found[0]} ", part) if (found := _METRIC.match(part.strip().lower())) else part
        for part in parts
    )


def _term(text: str) -> Term:
    """One objective, whose metric, percentile and time may stand in any order."""
    low = re.sub(r"(?<=[a-z])[-_](?=[a-z])", " ", text.lower())
    low = re.sub(r"\b(half )?an? (?=second\b|minute\b)", lambda found: "0.5 " if found[1] else "1 ", low)
    speed = _SPEED.search(low) or _SPEED_AHEAD.search(low)
    if speed and float(speed[1]) > 0.0:
        return Term("tpot", _how(_HOW.search(low.replace(speed[0], "")), text), 1.0 / float(speed[1]))
    named = _METRIC.search(low) or _WHOLE.search(low)
    if named is None:
        raise _unread(text)
    rest = low[: named.start()] + " " + low[named.end() :]
    if (other := _METRIC.search(rest)) and re.search(r"\d.*\d", rest):
        raise UsageError(
            f"'{text}' is of {named[0]} and {other[0]}; put a comma between two objectives: "
            "ttft p90 1 s, tpot 50 ms"
        )
    taken = _HOW.search(rest)
    if taken:
        rest = rest[: taken.start()] + " " + rest[taken.end() :]
    most = _time(_amount(rest, text), text)
    if most <= 0.0:
        raise UsageError(f"'{text}' is not above zero; {_EXAMPLE}")
    name = named[0] if named[0] in _METRICS else named[0].removesuffix("s")
    return Term(_METRICS.get(name, "latency"), _how(taken, text), most)


def _time(amount: str, text: str) -> float:
    """Seconds of an amount; raises `UsageError` for an objective without a unit, or of something else."""
    try:
        return parse(amount, "time")
    except UsageError:
        bare = re.fullmatch(r"[0-9.]+", amount)
        why = f'has no unit; write "{text} ms" or "{text} s"' if bare else f"is not a time; {_EXAMPLE}"
        load = re.search(r"([0-9.]+) ?(?:rps|qps|req(?:uest)?s? ?(?:/|per) ?s)", amount)
        also = f'; the load is another option: --rate "{load[1]} req/s"' if load else ""
        raise UsageError(f"'{text}': '{amount}' {why}{also}") from None


def _how(found: re.Match[str] | None, text: str) -> str:
    """How an objective is taken over the requests; raises `UsageError` for a percentile that none has."""
    if found is None:
        return "mean"
    how = _WORDS.get(found["word"] or "", f"p{found['before'] or found['after'] or found['behind']}")
    known = ("mean", *(f"p{share}" for share in curve.PERCENTILES))
    if how not in known:
        raise UsageError(f"'{text}': no '{how}'; use one of {', '.join(known)}")
    return how


def _amount(rest: str, text: str) -> str:
    """What is left of an objective as a quantity; raises `UsageError` for words that mean nothing here."""
    words = re.sub(r"<=|[<≤=:()@]", r" \g<0> ", rest).split()
    left = " ".join(word for word in words if word not in _FILLERS)
    if not re.match(r"[0-9.]", left):
        raise _unread(text)
    return left


def _unread(text: str) -> UsageError:
    of_rates = (
        "; a throughput is a load, --rate, or of each: 20 tokens/s per user" if _RATE.search(text) else ""
    )
    if re.search(r"[>≥]", text):
        of_rates = "; a time is held below its objective: write < for >"
    return UsageError(f"'{text}' is no objective of ttft, tpot, itl or latency; {_EXAMPLE}{of_rates}")


def largest(job: Job, gpu: Gpu, terms: Sequence[Term]) -> Held:
    """The largest load of a serving job under which every objective holds.

    Means are read off the curve. The load is simulated with several arrivals, and where percentiles or means
    do not keep over all of them it is lowered until they do.
    Raises `Infeasible` for an objective that a request does not keep which has the GPUs to itself, with what
    binds it.
    """
    met = _by_means(job, gpu, terms)
    simulator = curve.simulator(met.job, gpu, met.table, met.pool)
    share, binding = _kept(simulator, terms, (met.share, met.binding), met.near, met.alone)
    rate, found = _shown(simulator, gpu, terms, share * met.table.capacity)
    return Held(rate, binding, found)


def reached(job: Job, gpu: Gpu, terms: Sequence[Term]) -> Held:
    """What `largest` says where nothing is simulated: percentiles are taken for means, which are less.

    Ten times as fast. Raises `Infeasible` as that does.
    """
    met = _by_means(job, gpu, terms)
    rate = met.near * met.table.capacity
    return Held(rate, met.first, curve.at_rates(met.job, gpu, met.table, np.array([rate]), met.pool))


class _Means(NamedTuple):
    """A checked job with its table, and the shares of the capacity that means keep.

    `share` and `binding` are of terms that are means, `near` and `first` of all, with the one that binds;
    `alone` is how a request by itself keeps.
    """

    job: Job
    table: Table
    pool: Pool | None
    share: float
    binding: Term | None
    near: float
    first: Term | None
    alone: float


def _by_means(job: Job, gpu: Gpu, terms: Sequence[Term]) -> _Means:
    checked = curve.checked(job, gpu)
    table, pool = curve.ready(checked, gpu)
    shares = np.linspace(_ALONE, _MOST, _POINTS)
    dense = curve.at_rates(checked, gpu, table, shares * table.capacity, pool)
    for term in terms:
        _possible(term, dense)
    share, binding, near, first = _MOST, None, _MOST, None
    for term in terms:
        at = float(np.interp(term.most, _means(dense, term), shares))
        if at < near:
            near, first = at, term
        if term.how == "mean" and at < share:
            share, binding = at, term
    alone = max(float(_means(dense, term)[0]) / term.most for term in terms)
    return _Means(checked, table, pool, share, binding, near, first, alone)


def _means(dense: Curve, term: Term) -> NDArray[np.float64]:
    """Means of an objective's metric at each load, rising; messages follow each other as TPOT says."""
    if term.metric == "itl":
        return np.maximum.accumulate(_bundled(dense) * dense.tpot)
    values = {"ttft": dense.ttft, "tpot": dense.tpot, "latency": dense.latency}
    return np.maximum.accumulate(values[term.metric])


def _bundled(dense: Curve) -> float:
    """Passes from one message of an answer to the next."""
    laid = lay_out(unloaded(dense.job), [dense.gpu])
    return float(np.ravel(message_passes(laid.runtime, laid.job))[0])


def _possible(term: Term, dense: Curve) -> None:
    """Refuse what not even a request alone keeps: no percentile that is told lies far below its mean."""
    least = float(_means(dense, term)[0])
    if least <= term.most:
        return
    bundled = _bundled(dense) if term.metric == "itl" else 1.0
    if bundled > 1.0:
        raise Infeasible(
            f"{term} cannot be held on {dense.job.n_gpus:g} x {dense.gpu.id}: its server sends the tokens of "
            f"{bundled:.3g} passes at a time, {show(least, 'time', 3)} apart; ask for tpot, or send each by "
            "itself: --option stream_interval=1, or num_scheduler_steps=1"
        )
    binds = bounds.NAMES[_first_bound(dense) if term.metric == "ttft" else str(dense.bound[0])]
    raise Infeasible(
        f"{term} cannot be held on {dense.job.n_gpus:g} x {dense.gpu.id}: {term.metric} of a request alone "
        f"is {show(least, 'time', 3)}, bound by {binds}; ask for {show(1.05 * least, 'time', 2)} or more, or "
        "take a faster GPU, more --tp or a narrower --precision"
    )


def _first_bound(dense: Curve) -> str:
    """What most of the pass of a prompt alone is bound by."""
    laid = lay_out(replace(dense.job, concurrency=1.0), [dense.gpu])
    assert laid.serving is not None
    parts = bounds.shares(laid.serving.prompt, found_for(laid), 0.0)
    return max(parts, key=lambda name: float(np.ravel(parts[name])[0]))


def _worst(simulator: Simulator, terms: Sequence[Term], share: float) -> tuple[float, Term]:
    """How far a simulated share of the capacity is above the objective that it keeps least, and that one.

    The logarithm of the mean over runs whose arrivals differ.
    """
    rate = share * simulator.table.capacity
    runs = [simulator.tails("rate", rate, seed=seed) for seed in _CHANCES]
    excess = [float(np.mean([run.of(term.metric, term.how) for run in runs])) / term.most for term in terms]
    return log(max(excess)), terms[int(np.argmax(excess))]


def _shown(simulator: Simulator, gpu: Gpu, terms: Sequence[Term], rate: float) -> tuple[float, Curve]:
    """A rate that keeps in the mean of runs, lowered until the run that is told of it does, and its curve."""
    table, most = simulator.table, rate
    for step in range(_STEPS):
        rate = most * (1.0 - _MARGIN) ** step
        found = curve.at_rates(simulator.job, gpu, table, np.array([rate]), simulator.pool)
        run = simulator.tails("rate", rate)
        if all(run.of(term.metric, term.how) <= term.most for term in terms):
            break
    return rate, found


def _kept(
    simulator: Simulator, terms: Sequence[Term], most: tuple[float, Term | None], near: float, alone: float
) -> tuple[float, Term | None]:
    """The largest share of the capacity, at most `most`, at which simulated requests keep; what binds.

    The search begins `near`; `alone` is how a request by itself keeps. Latencies rise with the load, so that
    their root is found by regula falsi (Illinois: the end that stays loses half its weight). A load that
    fails by chance alone is kept.
    """
    (high, binding), low, below = most, _ALONE, log(alone)
    excess, term = _worst(simulator, terms, near)
    if excess <= 0.0 and near < high:
        low, below = near, excess
        near = high
        excess, term = _worst(simulator, terms, near)
    if excess <= log(1.0 + _NOISE):
        return near, binding if near == high else term
    high, binding, above, stayed = near, term, excess, 0
    while high - low > _FINE * high:
        step, root = _FINE * high / 2.0, low + (high - low) * below / (below - above)
        if stayed > 0 and root < low + step:
            break
        at = float(np.clip(root, low + step, high - step))
        excess, term = _worst(simulator, terms, at)
        if excess <= 0.0:
            low, below, above = at, excess, above / (2.0 if stayed > 0 else 1.0)
            stayed = 1
        else:
            high, above, binding, below = at, excess, term, below / (2.0 if stayed < 0 else 1.0)
            stayed = -1
    return low * (1.0 - _MARGIN), binding
