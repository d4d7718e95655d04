"""Whether `predict --jobs` says the same as another checkout does: 20,000 rows of each mix of `jobs.py`.

    python benchmarks/same.py OTHER_CHECKOUT [ROWS [MIX]]

Ids, units, bases and errors have to be the same, and numbers to a relative 1e-9. Ends with 1 where a row is
not, of which the first few are printed. The seconds of processor time of both stand beside them.
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from jobs import MIXES, rows

from whichgpu.cost.table.files import COLUMNS

ROWS, NEAR, SHOWN = 20_000, 1e-9, 5
NUMBERS = ("value", "low", "high")


def answered(root: Path, jobs: Path) -> tuple[list[dict[str, str]], float]:
    """The answers of a checkout to a table, and the seconds of the processor that they took."""
    out = jobs.with_name("out.csv")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = [sys.executable, "-m", "whichgpu", "predict", "--jobs", str(jobs), "--out", str(out)]
    subprocess.run(
        program, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, stdout=subprocess.DEVNULL, check=True
    )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with out.open(newline="") as handle:
        return list(csv.DictReader(handle)), used.ru_utime - before.ru_utime + used.ru_stime - before.ru_stime


def differs(one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether two answers to one row are not the same."""
    if any(one[name] != other[name] for name in one if name not in NUMBERS):
        return True
    pairs = [(one[name], other[name]) for name in NUMBERS if one[name] != other[name]]
    return any(not (a and b) or abs(float(a) - float(b)) > NEAR * abs(float(b)) for a, b in pairs)


def main() -> int:
    other, here = Path(sys.argv[1]).resolve(), Path(__file__).resolve().parents[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else ROWS
    wrong = 0
    for mix in sys.argv[3:4] or MIXES:
        with tempfile.TemporaryDirectory() as folder:
            jobs = Path(folder, "jobs.csv")
            with jobs.open("w", newline="") as handle:
                csv.writer(handle).writerows([COLUMNS, *rows(count, mix)])
            (mine, taken), (theirs, beside) = (answered(root, jobs) for root in (here, other))
        apart = [pair for pair in zip(mine, theirs, strict=True) if differs(*pair)]
        print(f"{mix}: {len(apart):,} of {count:,} rows differ; {taken:.2f} s here, {beside:.2f} s there")
        for pair in apart[:SHOWN]:
            print(*pair, sep="\n")
        wrong += len(apart)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
