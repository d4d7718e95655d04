"""How bench times: statistics of samples, clocks of a processor and of CUDA, captured steps."""

from __future__ import annotations

import gc
import time
import weakref
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from whichgpu.bench import statistics, telemetry
from whichgpu.bench.worker import capture, clocks

METHOD = statistics.Method(warmup=2, warmup_seconds=0.0, least=5, most=50, seconds=1.0, sample=0.0)


def test_the_interval_of_a_median_covers_it_as_often_as_it_says():
    draw = np.random.default_rng(3)
    inside = 0
    for _ in range(2000):
        low, high, sure = statistics.median_interval(draw.exponential(size=25), 0.95)
        inside += low <= np.log(2.0) <= high
    assert sure >= 0.95
    assert inside / 2000 == pytest.approx(sure, abs=0.015)


def test_samples_that_follow_their_neighbours_are_worth_fewer():
    """Clocks that wander: an interval that takes each for a new one holds the median half as often."""
    draw = np.random.default_rng(7)
    inside, plain = 0, 0
    for _ in range(200):
        noise, wandering = 0.0, []
        for one in draw.standard_normal(400):
            noise = 0.9 * noise + 0.004 * one
            wandering.append(1.0 + noise)
        found = statistics.summary(wandering)
        low, high, _ = statistics.median_interval(np.asarray(wandering), 0.95)
        inside, plain = inside + (found.low <= 1.0 <= found.high), plain + (low <= 1.0 <= high)
    assert plain / 200 < 0.6
    assert inside / 200 > 0.88
    assert found.together > 3.0
    assert statistics.together(np.ones(50)) == 1.0
    alone = [statistics.together(1.0 + 0.01 * draw.standard_normal(100)) for _ in range(100)]
    assert np.mean(np.sqrt(alone)) < 1.1, "what follows no rule has hardly a wider interval"


def _wandering(draw, related, count):
    """Times that wander by 1 % around 1 s, each with so much of its neighbour."""
    values = [float(draw.standard_normal())]
    for one in draw.standard_normal(count - 1):
        values.append(related * values[-1] + (1.0 - related**2) ** 0.5 * float(one))
    return 1.0 + 0.01 * np.asarray(values)


def test_a_hundred_samples_that_follow_each_other_a_little_hold_the_median():
    draw = np.random.default_rng(11)
    found = [statistics.summary(_wandering(draw, 0.5, 100)) for _ in range(200)]
    assert sum(one.low <= 1.0 <= one.high for one in found) / 200 >= 0.9


def test_an_interval_that_is_looked_at_again_and_again_still_holds_the_median():
    draw, method = np.random.default_rng(12), METHOD._replace(least=10, most=400, width=0.005)
    inside = looks = 0
    for _ in range(200):
        times = 1.0 + 0.01 * draw.standard_normal(400)
        many = next(n for n in range(10, 401) if statistics.enough(times[:n], 0.1, method))
        found, looks = statistics.summary(times[:many]), looks + many
        inside += found.low <= 1.0 <= found.high
    assert inside / 200 >= 0.9
    assert looks / 200 < 50, "nor does it take many more samples"


def test_clocks_that_wander_to_and_fro_do_not_drift():
    draw = np.random.default_rng(13)
    wandering = [_wandering(draw, 0.9, 200) for _ in range(60)]
    assert sum(statistics.drift(one) != 0.0 for one in wandering) / 60 < 0.2, (
        "a third, as if each stood alone"
    )
    rising = [one + np.linspace(0.0, 0.05, 200) for one in wandering]
    assert sum(statistics.drift(one) != 0.0 for one in rising) / 60 > 0.85


def test_few_samples_say_how_sure_they_are():
    found = statistics.summary([1.0, 3.0])
    assert (found.median, found.low, found.high, found.confidence) == (2.0, 1.0, 3.0, 0.5)
    assert statistics.summary([4.0]).confidence == 0.0
    with pytest.raises(ValueError, match="no samples"):
        statistics.summary([])
    said = statistics.doubts(found, METHOD, 0.02)
    assert "2 samples bound the median with a confidence of 50% only" in said
    assert "the harness took 2.0% of the time" in said


def test_outliers_and_drift_are_seen():
    draw = np.random.default_rng(5)
    steady = 1.0 + 0.001 * draw.standard_normal(60)
    assert statistics.drift(steady) == 0.0
    assert statistics.outliers(steady) == 0
    assert statistics.outliers(np.append(steady, [1.5, 2.0])) == 2
    rising = steady * np.linspace(1.0, 1.2, 60)
    assert statistics.drift(rising) == pytest.approx(0.18, abs=0.03)
    assert "rose by" in statistics.doubts(statistics.summary(rising), METHOD, 0.0)[0]


def test_when_samples_are_enough():
    assert not statistics.enough([1.0] * 4, 0.1, METHOD)
    assert statistics.enough([1.0] * 8, 0.1, METHOD)
    assert not statistics.enough([1.0, 2.0] * 4, 0.1, METHOD)
    assert statistics.enough([1.0, 2.0] * 4, 1.0, METHOD)
    assert statistics.enough([1.0, 2.0], 3.1, METHOD), "a pass of minutes is not repeated five times"


def test_a_median_that_is_sure_at_once_is_still_sampled_for_a_while():
    """A second after the start a card has not settled at the clocks that its power limit leaves it."""
    long = METHOD._replace(lasting=0.5)
    assert not statistics.enough([1.0] * 8, 0.4, long)
    assert statistics.enough([1.0] * 8, 0.5, long)
    assert statistics.enough([1.0] * 8, 1.0, long._replace(lasting=9.0)), "no longer than --seconds"
    assert statistics.enough([1.0] * 50, 0.1, long), "nor with more samples than asked for"


class Cuda:
    """Stands for `torch.cuda`: a stream whose time goes on by what the steps say."""

    def __init__(self) -> None:
        self.now, self.synchronized, self.graphs, self.capturing = 0.0, 0, [], False

    def Event(self, enable_timing: bool) -> Any:  # noqa: N802 - PyTorch's name
        assert enable_timing
        event = SimpleNamespace(at=None)
        event.record = lambda: setattr(event, "at", self.now)
        event.elapsed_time = lambda other: (other.at - event.at) * 1e3
        return event

    def synchronize(self) -> None:
        self.synchronized += 1

    def Stream(self) -> Any:  # noqa: N802
        return SimpleNamespace(wait_stream=lambda _: None)

    current_stream = Stream

    def stream(self, _: Any) -> Any:
        return _Block()

    def CUDAGraph(self) -> Any:  # noqa: N802
        return SimpleNamespace(replay=lambda: self.graphs.append("replay"))

    def graph(self, _: Any) -> Any:
        return _Block(lambda on: setattr(self, "capturing", on))


class _Block:
    def __init__(self, heard: Any = lambda _: None) -> None:
        self.heard = heard

    def __enter__(self) -> None:
        self.heard(True)

    def __exit__(self, *_: object) -> None:
        self.heard(False)


def test_events_time_what_lies_between_steps_and_the_step_alone_behind_a_flush():
    cuda = Cuda()

    def step() -> None:
        cuda.now += 0.25

    def flush() -> None:
        cuda.now += 10.0

    clock = clocks.CudaClock(cuda)
    assert clock.samples(step, 3, 2) == [0.25] * 3
    assert clock.samples(step, 3, 1, flush) == [0.25] * 3
    assert cuda.synchronized == 2, "the host waits once, behind all of them"


def test_a_run_warms_up_samples_and_stops():
    cuda, calls = Cuda(), []

    def step() -> None:
        calls.append(1)
        cuda.now += 0.01

    entered = []
    found = clocks.timed(
        clocks.CudaClock(cuda),
        step,
        METHOD,
        watch=lambda: _Block(lambda on: entered.append((on, len(calls)))),
    )
    assert found.times == pytest.approx([0.01] * len(found.times))
    assert len(found.times) >= METHOD.least
    assert len(calls) == found.warmup + len(found.times)
    assert entered == [(True, found.warmup), (False, len(calls))], "what is watched is what is sampled"


def test_the_first_call_warms_nothing_up(monkeypatch):
    """It compiles for a minute while the device idles: the time of warming up begins behind it."""
    now = [0.0]
    monkeypatch.setattr(clocks.time, "perf_counter", lambda: now[0])
    cuda = Cuda()

    def step() -> None:
        now[0] += 0.1 if now[0] else 60.0
        cuda.now += 0.1

    method = METHOD._replace(warmup=5, warmup_seconds=2.0, least=2, seconds=0.0)
    found = clocks.timed(clocks.CudaClock(cuda), step, method)
    assert found.first == 60.0
    assert found.warmup >= 1 + 20, "two seconds of steps of 0.1 s behind the one that compiled"


def test_every_process_does_what_the_first_one_decides():
    """A process whose own times differ takes as many samples: all it decides by comes from the first one."""
    told: list[list[float]] = []
    counts = []
    for rank, slow in ((0, 1.0), (1, 7.0)):
        answers_ = iter(list(told))
        cuda, calls = Cuda(), []

        def step(cuda: Cuda = cuda, calls: list[int] = calls, slow: float = slow) -> None:
            calls.append(1)
            cuda.now += slow * (0.01 + 0.001 * (len(calls) % 3))

        def agree(values: list[float], rank: int = rank, known: Any = answers_) -> list[float]:
            if rank == 0:
                told.append(values)
                return values
            return next(known)

        clocks.timed(clocks.CudaClock(cuda), step, METHOD._replace(sample=1e-5), agree=agree)
        counts.append(len(calls))
    assert counts[0] == counts[1]


def test_a_captured_training_step():
    cuda, log = Cuda(), []
    optimizer = SimpleNamespace(zero_grad=lambda set_to_none: log.append("clear"))
    step = capture.training(
        cuda, lambda: log.append(("gradients", cuda.capturing)),
        lambda: log.append(("update", cuda.capturing)),
        optimizer, whole=True,
    )  # fmt: skip
    assert log[-3:] == ["clear", ("gradients", True), ("update", True)]
    step()
    assert cuda.graphs == ["replay"]
    log.clear()
    step = capture.training(
        cuda, lambda: log.append(("gradients", cuda.capturing)),
        lambda: log.append(("update", cuda.capturing)),
        optimizer, whole=False,
    )  # fmt: skip
    assert ("update", True) not in log, "a loss scale is read by the host"
    log.clear()
    step()
    assert log == [("update", False)]
    replay = capture.graphed(cuda, lambda: log.append("step"))
    replay()
    assert cuda.graphs == ["replay"] * 3


class _Weights:
    """What a captured step reads."""


def test_what_a_graph_reads_stays_where_it_is():
    """A graph keeps addresses alone: weights that nobody held were gone before the first replay."""
    cuda, clear = Cuda(), SimpleNamespace(zero_grad=lambda set_to_none: None)

    def captured(how):
        weights, state = _Weights(), _Weights()

        def gradients() -> Any:
            return weights

        def update() -> Any:
            return state

        made = capture.graphed(cuda, gradients) if how == "inference" else None
        made = made or capture.training(cuda, gradients, update, clear, whole=how == "whole")
        return made, weakref.ref(weights), weakref.ref(state if how != "inference" else weights)

    for how in ("inference", "whole", "scaled"):
        step, weights, state = captured(how)
        gc.collect()
        assert weights() is not None, how
        assert state() is not None, how
        step()
        del step
        gc.collect()
        assert weights() is None, f"{how}: and goes with the step"


class Answers:
    """NVML that answers at once."""

    NVMLError = RuntimeError

    def __getattr__(self, name: str) -> Any:
        return lambda *_: 1


def test_the_harness_takes_less_than_a_hundredth_of_what_it_times():
    """Clocks of a sample, a look at whether there are enough, and a reading of the driver, in CPU seconds.

    benchmarks/bench_overhead.py holds whole runs against bare loops.
    """
    method = statistics.Method()
    begun = time.process_time()
    clocks.HostClock().samples(lambda: None, 2000, 1)
    assert (time.process_time() - begun) / 2000 < 0.01 * method.sample
    times = (0.01 + 1e-4 * np.random.default_rng(1).standard_normal(method.most - 1)).tolist()
    begun = time.process_time()
    for _ in range(5):
        statistics.enough(times, 1.0, method)
    assert (time.process_time() - begun) / 5 < 0.01 * clocks._CHUNK * method.sample
    sampler = telemetry.Sampler([telemetry.Device(Answers(), 0)])
    begun = time.process_time()
    for _ in range(50):
        sampler._sample()
    assert (time.process_time() - begun) / 50 < 0.01 * telemetry.PERIOD
