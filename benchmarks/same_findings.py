"""Whether `audit` finds the same in texts as another checkout does, to the byte.

    python benchmarks/same_findings.py OTHER_CHECKOUT [FILE ..]

Audited are the texts of `benchmarks/audit.py`, the documents and sentences of `tests/audit/`, every page of
`docs/`, and the files. Each checkout audits all of them in one process. Ends with 1 where findings differ, of
which the first few are named; the seconds of processor time of both stand beside them.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from audit import TEXTS

HERE, SHOWN = Path(__file__).resolve().parents[1], 5
#: What a checkout is asked: the findings of each text of a file, in one line each.
ASKED = """
import json, sys
from datetime import date
from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

for name, text in json.load(open(sys.argv[1], encoding="utf-8")):
    found = audited(text.encode(), name, catalogue(), date(2026, 11, 30)).to_dict()
    print(json.dumps(found, sort_keys=True))
"""


def texts(files: list[str]) -> list[tuple[str, str]]:
    """Names and contents of what is audited."""
    tests = HERE / "tests" / "audit"
    paths = [*map(Path, files), *tests.glob("documents/**/*.*"), *HERE.glob("docs/**/*.md")]
    found = [(str(path), path.read_text(encoding="utf-8", errors="replace")) for path in sorted(paths)]
    lines = enumerate((tests / "sentences.txt").read_text(encoding="utf-8").splitlines())
    found += [(f"sentence {number}.md", line) for number, line in lines if line.strip()]
    return [*found, *((f"{name}.md", text) for name, text in TEXTS.items())]


def findings(root: Path, asked: Path) -> tuple[list[str], float]:
    """What a checkout finds in each text, and the seconds of the processor that it takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", ASKED, str(asked)], cwd=root, env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = used.ru_utime - before.ru_utime + used.ru_stime - before.ru_stime
    return done.stdout.splitlines(), taken


def main() -> int:
    """Print which texts differ."""
    other, every = Path(sys.argv[1]).resolve(), texts(sys.argv[2:])
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder, "texts.json")
        asked.write_text(json.dumps(every), encoding="utf-8")
        (mine, taken), (theirs, beside) = (findings(root, asked) for root in (HERE, other))
    apart = [name for (name, _), one, two in zip(every, mine, theirs, strict=True) if one != two]
    count = sum(len(json.loads(one)["findings"]) for one in mine)
    print(f"{len(apart)} of {len(every):,} texts differ, {count:,} findings here")
    print(f"{taken:.1f} s of processor time here, {beside:.1f} s there")
    for name in apart[:SHOWN]:
        print(name)
    return int(bool(apart))


if __name__ == "__main__":
    sys.exit(main())
