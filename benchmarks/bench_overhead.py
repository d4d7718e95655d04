"""What the harness of `bench` adds to what it measures, against a bare loop of the same steps.

    python benchmarks/bench_overhead.py [ROUNDS] [cpu|cuda]

Each round is a bare loop, a run of the harness, and the bare loop again, over equally many steps: the time of
the run (clocks, chunks, statistics between them, a thread that reads a driver ten times a second) over the
mean of both loops, less 1; on the clock, and in seconds of the processor, which what else runs there hardly
moves: the harness waits for nothing. The same of the median that it tells. The table has the medians of the
rounds with the half width of their confidence interval. The driver is NVML's where there is one, else a
stand-in that takes as long for an answer. Budget: 1 % of the time measured, for steps from a microsecond on
(`[method.usual]` of `data/bench.toml`, but for the seconds).

Exit status 1 where it is missed: on a processor by its seconds, on a GPU by the clock.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter, process_time
from typing import Any

from whichgpu.bench import telemetry
from whichgpu.bench.statistics import Method, summary
from whichgpu.bench.worker.clocks import Clock, timed
from whichgpu.bench.worker.torch_job import clock_of
from whichgpu.facts import store

ROUNDS, BUDGET = 20, 0.01
#: Seconds of a run, and of an answer of the stand-in.
SECONDS, ANSWER = 1.0, 1e-4
#: What a row of the table tells, in order.
TOLD = ("on the clock", "of the processor", "its median")
Step = Callable[[], Any]


class Driver:
    """Answers every query after the time that NVML takes."""

    class NVMLError(Exception):
        """As NVML's."""

    def __getattr__(self, name: str) -> Any:
        def answer(*_: Any) -> Any:
            time.sleep(ANSWER)
            raise self.NVMLError(name)

        return answer


@contextmanager
def drivers(device: str) -> Iterator[list[telemetry.Device]]:
    """The devices that a thread samples."""
    with telemetry.devices(1 if device == "cuda" else 0) as found:
        yield found or [telemetry.Device(Driver(), 0)]


def works(torch: Any, device: str) -> Iterator[tuple[str, Step]]:
    """Steps of a microsecond, of tenths of a millisecond, and of a training."""
    x = torch.zeros(1, device=device)
    yield "an addition to one value", lambda: x.add_(1.0)
    side = 4096 if device == "cuda" else 256
    a, b, out = (torch.randn(side, side, device=device) for _ in range(3))
    yield f"a product of {side} x {side}", lambda: torch.mm(a, b, out=out)
    width = 2048 if device == "cuda" else 128
    net = torch.nn.Sequential(*(torch.nn.Linear(width, width) for _ in range(8))).to(device)
    optimizer, data = torch.optim.SGD(net.parameters(), lr=1e-4), torch.randn(64, width, device=device)

    def train() -> None:
        net(data).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    yield "a training step of 8 layers", train


def bare(clock: Clock, step: Step, count: int) -> tuple[float, float]:
    """Seconds of a step in a loop of so many, on the clock and of the processor."""
    clock.synchronize()
    start, worked = perf_counter(), process_time()
    for _ in range(count):
        step()
    clock.synchronize()
    return (perf_counter() - start) / count, (process_time() - worked) / count


def one_round(clock: Clock, step: Step, method: Method, gpus: list[telemetry.Device]) -> tuple[float, ...]:
    """What a run is above the loops around it, as shares, in the order of `TOLD`."""
    count = max(1, int(method.seconds / bare(clock, step, 10)[0]))
    before = bare(clock, step, count)
    sampler, worked = telemetry.Sampler(gpus), process_time()
    run = timed(clock, step, method, watch=lambda: sampler)
    worked = process_time() - worked
    wall, own = ((one + other) / 2.0 for one, other in zip(before, bare(clock, step, count), strict=True))
    steps = len(run.times) * run.inner
    return (
        run.wall / steps / wall - 1.0, worked / (steps + run.warmup) / own - 1.0,
        summary(run.times).median / wall - 1.0,
    )  # fmt: skip


def main(rounds: int, device: str) -> int:
    """Print the table; gives the exit status."""
    import torch

    torch.set_num_threads(1)
    clock, judged = clock_of(torch, device), int(device == "cpu")
    method = Method(**store.load("bench")["bench"]["method"]["usual"])
    method = method._replace(warmup=1, warmup_seconds=0.0, seconds=SECONDS, lasting=SECONDS, most=10**6)
    print(f"{device}, {rounds} rounds of {SECONDS:g} s; budget {BUDGET:.0%}")
    over = False
    for name, step in works(torch, device):
        with drivers(device) as gpus:
            found = [one_round(clock, step, method, gpus) for _ in range(rounds)]
        told = [summary([1.0 + one[i] for one in found]) for i in range(len(TOLD))]
        over |= told[judged].median - 1.0 > BUDGET
        cells = (
            f"{name} {one.median - 1.0:+.2%} +/- {one.spread:.2%}"
            for name, one in zip(TOLD, told, strict=True)
        )
        print(f"{name:28} {'   '.join(cells)}")
    return int(over)


if __name__ == "__main__":
    sys.exit(main(int((*sys.argv[1:], ROUNDS)[0]), (*sys.argv[1:], "", "cpu")[1] or "cpu"))
