"""Measure a row again from its record, and set the two side by side.

$ whichgpu bench replay 2cacd250b7-1-throughput
$ whichgpu bench replay 2cacd250b7-1-throughput --from theirs.csv --out again.csv

Where --out names no file, rows go beside the other, into `theirs-again.csv`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu.cli.bench import OUT, measuring
from whichgpu.cli.command import command

if TYPE_CHECKING:
    from whichgpu.cli.bench import Asked
    from whichgpu.report.table import Report


@command
@click.argument("row", metavar="ROW")
@click.option("--from", "source", type=click.Path(path_type=Path), metavar="FILE.csv", default="measured.csv",
              show_default=True, help="The file that has the row, with its context beside it.")  # fmt: skip
@measuring
def run(row: str, *, source: Path, asked: Asked) -> Report:
    """The task of the row, as its record has it: --device, --framework, --seed and --toy change nothing.

    Rows go beside the file, into `measured-again.csv`, where --out names no other.
    """
    from difflib import get_close_matches

    from whichgpu.bench import journal
    from whichgpu.errors import UsageError
    from whichgpu.report.bench import replay_report

    if not source.exists() and not journal.sidecar(source).exists():
        raise UsageError(f"{source}: no such file; name the one that has row {row}: --from FILE.csv")
    known = {one.id: one for one in journal.read(source)}
    if row not in known:
        near = get_close_matches(row, known, n=1, cutoff=0.3)
        some = f"it holds {len(known)}, e.g. {next(iter(known))}" if known else "it holds none"
        hint = f"did you mean {near[0]}?" if near else some
        raise UsageError(f"{source}: no row '{row}'; {hint}")
    old = known[row]
    if old.task.get("what") == "serve-load":
        raise UsageError(
            f"{source}: row {row} is of a server under load; start the server and run its `whichgpu bench "
            "serve-load` again"
        )
    if "kind" not in old.task:
        raise UsageError(
            f"{source}: row {row} was not measured by bench, and nothing says how to do so again"
        )
    if asked.out == Path(OUT) or asked.out.resolve() == source.resolve():
        asked = asked._replace(out=_beside(source), resume=False)
    outcome = asked.run([old.task])
    return replay_report(old, outcome.records, str(asked.out), asked.report(outcome))


def _beside(source: Path) -> Path:
    """A file that is not there yet: `measured-again.csv`, `measured-again-2.csv` .."""
    from itertools import count

    names = (f"{source.stem}-again{'' if i == 1 else f'-{i}'}.csv" for i in count(1))
    return next(path for path in map(source.with_name, names) if not path.exists())
