"""`predict --jobs` on 100,000 mixed rows: the median of three whole processes, rows/s, peak memory.

    python benchmarks/jobs.py [ROWS]

The rows are those of `data/measured/` (every workload family, GPU, precision and runtime there), each
many times over with another batch, and one in a hundred broken. The budget is 5 s on two cores and 1 GB.
"""

from __future__ import annotations

import csv
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from whichgpu.cost.measured import measured_rows
from whichgpu.cost.table import COLUMNS

ROUNDS, ROWS, SECONDS, MEMORY = 3, 100_000, 5.0, 1e9
#: What breaks a row: the column, and what stands in it.
BROKEN = (
    ("batch", "nan"), ("batch", "inf"), ("batch", "-4"), ("batch", "0"), ("batch", "1e12"), ("batch", "lots"),
    ("gpu", "no-such-gpu"), ("workload", ""), ("metric", "speed"), ("precision", "fp17"), ("tp", "0.5"),
    ("phase", "dream"), ("resolution", "big"), ("options", "guidance"), ("unit", "parsecs"),
)  # fmt: skip


def rows(count: int) -> list[list[str]]:
    """So many jobs, the same each time."""
    chance = random.Random(4)
    known = [row for row in measured_rows() if row["metric"] != "ttft"]
    made = []
    for number in range(count):
        row = {**chance.choice(known), "id": f"row-{number}"}
        for name in ("batch", "concurrency", "input_tokens"):
            if row[name].isdigit() and chance.random() < 0.7:
                row[name] = str(max(1, round(int(row[name]) * chance.uniform(0.5, 1.5))))
        if chance.random() < 0.01:
            column, text = chance.choice(BROKEN)
            row[column] = text
        made.append([row[name] for name in COLUMNS])
    return made


def run(jobs: Path, out: Path) -> tuple[float, float, float]:
    """Of one process from start to end: seconds, seconds of CPU, peak memory in B, with all it started."""
    began = time.perf_counter()
    program = [sys.executable, "-m", "whichgpu", "predict", "--jobs", str(jobs), "--out", str(out)]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL)
    before, peak = resource.getrusage(resource.RUSAGE_CHILDREN), 0.0
    while process.poll() is None:
        peak = max(peak, memory(process.pid))
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"predict --jobs ended with {process.returncode}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu, peak


def memory(pid: int) -> float:
    """Proportional set size in B of a process and its children, where the system tells it."""
    total = 0.0
    for one in (pid, *children(pid)):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(float(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024.0


def children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        jobs, out = Path(folder, "jobs.csv"), Path(folder, "out.csv")
        with jobs.open("w", newline="") as handle:
            csv.writer(handle).writerows([COLUMNS, *rows(count)])
        runs = [run(jobs, out) for _ in range(ROUNDS)]
        with out.open(newline="") as handle:
            answers = list(csv.DictReader(handle))
    seconds, cpu = (statistics.median(one[i] for one in runs) for i in (0, 1))
    peak = max(one[2] for one in runs)
    refused = sum(1 for row in answers if row["error"])
    print(f"{count:,} rows, {refused:,} refused, {len(os.sched_getaffinity(0))} cores")
    busy = f"load {os.getloadavg()[0]:.1f}"
    print(f"median {seconds:.2f} s ({count / seconds:,.0f} rows/s), {cpu:.2f} s of CPU, {busy}")
    print(f"peak {peak / 1e6:.0f} MB")
    late = count == ROWS and (seconds > SECONDS or peak > MEMORY)
    print("over the budget" if late else "ok")
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
