"""Time to trace the whole zoo at eight batch sizes, each workload in its default phase: whole processes.

    python benchmarks/zoo_trace.py

Prints the medians of five processes, start and imports included: seconds on the clock, and seconds of the
processor, which a busy machine does not lengthen.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

ROUNDS = 5
BUDGET = 2.0
PROGRAM = """
import numpy as np
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import workloads
sizes = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0])
zoo = workloads()
ops = sum(len(item.trace(item.complete(Job(item.id, batch=sizes)))) for item in zoo.values())
print(len(zoo), ops)
"""


def measure() -> tuple[float, float, str]:
    """Seconds on the clock and of the processor, and what the program printed."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    printed = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit("the program failed; run it with `python -m whichgpu workloads` to see why")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, printed


def main() -> int:
    """Measure, print, and say whether the budget holds."""
    runs = [measure() for _ in range(ROUNDS)]
    clock, processor = (statistics.median(run[i] for run in runs) for i in (0, 1))
    workloads, ops = runs[0][2].split()
    print(f"{workloads} workloads, {ops} ops: {clock:.2f} s on the clock, {processor:.2f} s of the processor")
    print(f"budget: {BUDGET:g} s; {'kept' if processor <= BUDGET else 'missed'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
