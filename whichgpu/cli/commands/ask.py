"""Find the GPU in a dialogue: what runs, how much of it, how quick, for how much money, where.

$ whichgpu ask
$ whichgpu ask "serve Llama 3.1 8B to 50 users, first token under 1 s, below 2,000 USD a month"

A whole question is read at once, and answered by the command that it is of: fit, compare, predict,
diagnose .. or recommend. Without one, each is asked: Enter passes over it, `back` goes to the
one before, `?` says more, `done` ends the questions, `quit` everything. It fills the request of
`recommend`, shows the command line that is the same, and answers it. Questions go to stderr, the answer to
stdout.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command, reported
from whichgpu.cli.options import gpu_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cli.questions import Options
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report
    from whichgpu.workloads.workload import Workload


@command
@click.argument("question", required=False)
@gpu_files
def run(catalogue: Catalogue, question: str | None) -> Report:
    """Ask, show the command line that is the same, and answer it."""
    if question is not None:
        from whichgpu.audit.questions.question import answering

        found = answering(question, catalogue)
        asked = {"workload" if found.command == "recommend" else "of": " ".join(found.names)}
        for name, value in found.options:
            asked[name] = f"{asked[name]}, {value}" if name in asked else value
        return _answer(found.command, [*found.words, *_own_gpus()], asked)
    from whichgpu.cli.questions import arguments

    options = _held(catalogue)
    name, *words = arguments(options)
    return _answer(name, [*words, *_own_gpus()], options)


def _held(catalogue: Catalogue) -> Options:
    """The options that come of a dialogue."""
    from whichgpu.cli.dialogue import Dialogue, Ended, hold
    from whichgpu.cli.questions import check

    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")

    def checked(options: Options) -> None:
        check(options, catalogue)

    try:
        return hold(Dialogue(_line, _say, checked, _workload))
    except Ended:
        raise click.Abort from None


def _answer(name: str, words: Sequence[str], options: Options) -> Report:
    """The answer to a command line, which is shown."""
    import shlex

    line = shlex.join(["whichgpu", *name.split(), *words])
    _say(f"\n$ {line}\n")
    answer = reported(name, list(words))
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
