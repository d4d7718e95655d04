"""Seconds of the processor that an audit takes of a MB of text: dense claims, prose, tables, slow shapes.

    python benchmarks/audit.py

Each text is audited in a process of its own, three times in turn with the peer, `python -c pass`, so that a
busy machine slows all alike; the peak of memory of all stands below. The bars are 2 s a MB and 300 MB. How
much of a document is read is bounded (`audit/readers/_bounds.py`): texts of 1 MB are longer than that, `an
article` is read to its end.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 3
MB = 1_000_000
#: Bytecode is cached, as it is for anyone who starts a program twice.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
DENSE = (
    "The A100 80GB SXM has 80 GB of HBM2e memory with 2,039 GB/s of bandwidth and 6,912 CUDA cores. "
    "The RTX A6000 has 48 GB of GDDR6 with 768 GB/s, 2.5 times the bandwidth of the A10's... "
)
PROSE = "Choosing hardware takes some thought about what is run, how often it is run, and who pays for it. "
ROW = "| A100 80GB PCIe | 80 GB | 1,935 GB/s | 300 W |\n"
TEXTS = {
    "an article": "".join(DENSE.replace("2,039", f"{1000 + n:,}") + PROSE * 3 + "\n\n" for n in range(40)),
    "dense claims": DENSE * (MB // len(DENSE)),
    "no two alike": "".join(DENSE.replace("2,039", f"{1000 + n:,}") for n in range(MB // len(DENSE))),
    "prose": PROSE * (MB // len(PROSE)),
    "paragraphs": (DENSE + "\n\n" + PROSE * 12 + "\n\n") * (MB // (len(DENSE) + 12 * len(PROSE))),
    "long table": "| GPU | Memory | Bandwidth | TDP |\n|---|---|---|---|\n" + ROW * (MB // len(ROW)),
    "wide table": "x" + "|A100" * 10_000 + "\n---" + "|---" * 10_000 + "\nMemory" + "|80 GB" * 10_000,
    "brackets": "[a](" * (MB // 4),
    "names": "A100 " * (MB // 5),
    "products": "8 x 8 x 8 " * (MB // 10),
    "amounts": "$1 " * (MB // 3),
    "items": "- a\n" * (MB // 4),
    "lines": "x\n" * (MB // 2),
    "entities": "&amp; " * (MB // 6),
    "one sentence": "the A100 has 80 GB of memory, " * (MB // 30),
    "one cell": "| GPU | TMUs |\n|---|---|\n| A100 | " + "1 / " * (MB // 4),
    "boxes": "<div><div>TDP</div><div>70 W</div></div>" * (MB // 40),
    "percentages": "50 % more than " * (MB // 15),
}


def measure(argv: list[str]) -> float:
    """Seconds of the processor: those on the clock are what others leave of it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(argv, capture_output=True, check=False, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode not in (0, 4):
        sys.stderr.buffer.write(done.stderr)
    return taken


def main() -> int:
    """Print a line for each text."""
    start = str(Path(sys.executable).with_name("whichgpu"))
    peer = [sys.executable, "-c", "pass"]
    print(f"{'text':<14} {'MB':>5} {'s':>6} {'s a MB':>7} {'x pass':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in TEXTS.items():
            path = Path(folder) / "text.md"
            path.write_text(text, encoding="utf-8")
            audit = [start, "audit", str(path), "--json"]
            pairs = [(measure(audit), measure(peer)) for _ in range(ROUNDS)]
            taken, beside = (statistics.median(column) for column in zip(*pairs, strict=True))
            size = len(text) / MB
            print(f"{name:<14} {size:5.2f} {taken:6.2f} {taken / size:7.2f} {taken / beside:7.0f}")
    print(f"peak of memory of all: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
