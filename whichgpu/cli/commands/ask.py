"""Find the GPU in a dialogue: what runs, how much of it, how quick, for how much money, where.

$ whichgpu ask

A question is passed over with Enter; `back` goes to the one before, `?` says more, `done` ends the
questions, `quit` everything. It fills the request of `recommend`, shows the command line that is the
same, and answers it. Questions go to stderr, the answer to stdout.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command, reported
from whichgpu.cli.options import gpu_files

if TYPE_CHECKING:
    from whichgpu.cli.questions import Options
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report
    from whichgpu.workloads.workload import Workload


@command
@gpu_files
def run(catalogue: Catalogue) -> Report:
    """Ask, show the command line that is the same, and answer it."""
    import shlex

    from whichgpu.cli.dialogue import Dialogue, Ended, hold
    from whichgpu.cli.questions import arguments, check

    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")

    def checked(options: Options) -> None:
        check(options, catalogue)

    try:
        options = hold(Dialogue(_line, _say, checked, _workload))
    except Ended:
        raise click.Abort from None
    args = [*arguments(options), *_own_gpus()]
    line = shlex.join(["whichgpu", *args])
    _say(f"\n$ {line}\n")
    answer = reported(args[0], args[1:])
    same = f"The same as: {line}"
    document = {"command": line, "asked": options, **answer.data}
    at = answer.first or len(answer.blocks)
    blocks = (*answer.blocks[:at], same, *answer.blocks[at:])
    return answer._replace(data=document, blocks=blocks, first=at + 1)


def _own_gpus() -> list[str]:
    """The user's own GPUs, as `recommend` takes them."""
    given = click.get_current_context().params
    files = [word for path in given.get("gpu_file", ()) for word in ("--gpu-file", str(path))]
    return [*files, *(["--assume"] if given.get("assume") else [])]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _line() -> str | None:
    """The next line, shown again where it comes from a pipe; None at the end of the input."""
    if sys.stdin is None:
        return None
    sys.stderr.write("> ")
    sys.stderr.flush()
    text = sys.stdin.readline()
    if not sys.stdin.isatty():
        sys.stderr.write(f"{text.rstrip()[:200]}\n")
    return text or None


def _workload(name: str) -> Workload | None:
    """The workload of a name; None for a use that is answered from specifications."""
    from whichgpu.planner.use import use
    from whichgpu.workloads.importing import named
    from whichgpu.workloads.workload import resolve

    return None if use(name) is not None else resolve(named(name))
