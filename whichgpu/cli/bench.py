"""What the commands of `bench` share: how to measure, where rows go, what is told meanwhile."""

from __future__ import annotations

import shlex
import sys
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whichgpu.cli.options import Finite
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from whichgpu.bench.record import Record
    from whichgpu.bench.runner import Outcome
    from whichgpu.bench.tasks import Settings
    from whichgpu.report.table import Report

#: Where rows go if nothing is said.
OUT = "measured.csv"


class Asked(NamedTuple):
    """The options that every command which measures has."""

    out: Path
    resume: bool
    compare: bool
    shared: bool
    python: str
    settings: Settings

    def run(self, todo: Iterable[Mapping[str, Any]]) -> Outcome:
        """Measure, each answer into the file before the next begins."""
        from whichgpu.bench import runner
        from whichgpu.bench.journal import Journal

        with Journal(self.out, resume=self.resume) as journal:
            return runner.run(todo, journal, **self.how())

    def how(self) -> dict[str, Any]:
        """The keywords of `runner.run`."""
        return {"python": self.python, "command": command_line(), "shared": self.shared, "tell": tell}

    def report(self, outcome: Outcome, **more: Any) -> Report:
        """The report of a run; scaling and predictions are of all that the file holds."""
        from whichgpu.bench import journal, scaling
        from whichgpu.report.bench import run_report

        every = journal.read(self.out) if self.out.with_suffix(".jsonl").exists() else outcome.records
        return run_report(
            outcome.records, outcome.skipped, out=str(self.out), known=outcome.known,
            scaled=scaling.scaling(every),
            compared=compared(every) if self.compare else None, interrupted=outcome.interrupted, **more,
        )  # fmt: skip


def compared(records: list[Record]) -> Any:
    """Every record with its prediction."""
    from whichgpu.bench.compare import compare
    from whichgpu.hardware.catalogue import catalogue

    return compare(records, catalogue())


def measuring(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that measures; the function gets them as `asked: Asked`."""

    @wraps(function)
    def with_asked(**options: Any) -> Any:
        from whichgpu.bench.tasks import Settings
        from whichgpu.errors import UsageError
        from whichgpu.units import parse

        memory = options.pop("memory")
        settings = Settings(
            options.pop("device"), options.pop("framework") or "", options.pop("seed"),
            options.pop("seconds"), options.pop("timeout"),
            parse(memory, "memory") if memory else None, options.pop("toy"),
        )  # fmt: skip
        python = options.pop("python")
        if python and not Path(python).exists():
            raise UsageError(f"--python {python}: no such file; give the path of a Python interpreter")
        own = {name: options.pop(name) for name in ("out", "resume", "compare", "shared")}
        return function(asked=Asked(**own, python=python, settings=settings), **options)

    wrapped: Any = with_asked
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    taken: Callable[..., Any] = wrapped
    return taken


_OPTIONS = (
    click.option("--out", type=click.Path(path_type=Path), metavar="FILE.csv", default=OUT,
                 show_default=True, help="Where rows go; their context goes beside it, into FILE.jsonl."),
    click.option("--resume", is_flag=True, help="Go on with FILE.csv: what it has is not measured again."),
    click.option("--compare", is_flag=True, help="Set predictions beside what was measured."),
    click.option("--device", type=click.Choice(["auto", "cuda", "cpu"]), default="auto", show_default=True,
                 help="Where to run; auto takes a GPU if there is one."),
    click.option("--framework", type=click.Choice(["torch", "tensorflow"]), default=None,
                 help="In place of the suite's own, or of PyTorch."),
    click.option("--python", metavar="PATH", default="", help="The Python that has the framework."),
    click.option("--toy", is_flag=True, help="Toy sizes: to see that it works, also without a GPU."),
    click.option("--seconds", type=Finite(min=0, min_open=True), metavar="S",
                 help="Sample each for no longer than this."),
    click.option("--timeout", type=Finite(min=0, min_open=True), metavar="S", default=1800.0,
                 show_default=True, help="End what is not done by then."),
    click.option("--memory", metavar="SIZE", help='Let each take no more, e.g. "16 GiB".'),
    click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, metavar="N",
                 help="Of weights and data."),
    click.option("--shared", is_flag=True, help="Measure on a GPU that others use as well."),
)  # fmt: skip


def tell(line: str) -> None:
    """Say how it goes, on stderr."""
    context = click.get_current_context(silent=True)
    if context is None or not context.params.get("as_json"):
        sys.stderr.write(f"whichgpu: {line}\n")
        sys.stderr.flush()


def command_line() -> str:
    """What the user typed, for the record."""
    return shlex.join(["whichgpu", *sys.argv[1:]])
