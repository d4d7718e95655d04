"""What every command is made with: the common options, and how its answer leaves.

    @command
    @click.argument("gpu")
    def run(gpu: str) -> Report: ...

The function returns a `Report`; here it is printed as JSON, plain text or for the terminal. The
help text is the docstring of the command's file.
"""

from __future__ import annotations

import os
import sys
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from whichgpu.cli.help import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from whichgpu.report.table import Block, Report

    Run = Callable[..., Report]

#: The width of plain text that goes to no terminal.
_PIPE_WIDTH = 120
_COMMON = (
    click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON document."),
    click.Option(["--plain"], is_flag=True, help="No colour, no drawn lines."),
    click.Option(["--debug"], is_flag=True, help="Show a traceback if something fails."),
)


class _Command(click.Command):
    """A command whose arguments may begin with a minus and a digit, as no option does: `-3 USD/h`.

    Of an option that it has in the other number alone that one is meant: `--gpu` of `--gpus`.
    """

    context_class = Context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What is left of the arguments, as click says."""
        known = {name for option in self.params for name in option.opts}
        before = ("", *args)
        plain = [
            f" {one}" if one[:1] == "-" and one[1:2].isdigit() and before[at][:2] != "--"
            else _in_number(one, known)
            for at, one in enumerate(args)
        ]  # fmt: skip
        try:
            _tell_twice(self.make_parser(ctx).parse_args([*plain])[2], ctx)
            return super().parse_args(ctx, plain)
        except click.NoSuchOption as fault:
            from whichgpu.cli.flags import meant

            said = meant(fault.option_name, args, known)
            if not said:
                raise
            raise click.UsageError(f"no such option '{fault.option_name}'; {said}", ctx) from None
        except click.UsageError as error:
            if "unexpected extra argument" not in error.message:
                raise
            told = f"{error.message.rstrip('.')}; a name of several words goes in quotes"
            raise click.UsageError(told, error.ctx) from None


def _tell_twice(given: Sequence[click.Parameter], ctx: click.Context) -> None:
    """Say that of an option which has one value the last is read; refuse one that takes a list."""
    for option in dict.fromkeys(given):
        times = sum(other is option for other in given)
        if times == 1 or not isinstance(option, click.Option) or option.multiple or option.is_flag:
            continue
        if "," in (option.metavar or ""):
            raise click.UsageError(f"{option.opts[0]} is given {times} times; write it once, as A,B", ctx)
        click.echo(f"whichgpu: {option.opts[0]} is given {times} times; the last is read", err=True)


def _in_number(typed: str, known: Container[str]) -> str:
    """An option as it is called here, where it was typed in the singular or plural of it."""
    name, sign, value = typed.partition("=")
    other = name.removesuffix("s") if name.endswith("s") else f"{name}s"
    meant = name[:3].startswith("--") and name not in known and other in known
    return f"{other}{sign}{value}" if meant else typed


def command(function: Run) -> click.Command:
    """Make a click command of a function that returns a `Report`; its name is its file's."""
    name = function.__module__.rpartition(".")[2].replace("_", "-")
    doc = sys.modules[function.__module__].__doc__ or ""

    @wraps(function)
    def answer(as_json: bool, plain: bool, debug: bool, **options: Any) -> int:
        return _print(function(**options), as_json=as_json, plain=plain)

    made = click.command(name, cls=_Command, help=_help(doc), short_help=doc.partition("\n")[0])(answer)
    made.params.extend(_COMMON)
    return made


def reported(name: str, args: list[str]) -> Report:
    """What another command answers, unprinted; raises what it raises. To be called within a command."""
    above, found = _found(name)
    with found.make_context(name, list(args), parent=above) as context:
        own = {option.name for option in _COMMON}
        given = {key: value for key, value in context.params.items() if key not in own}
        answer: Report = found.callback.__wrapped__(**given)  # type: ignore[union-attr]
    return answer


def options_of(name: str) -> set[str]:
    """What another command takes, by the names of its parameters. To be called within a command."""
    return {str(one.name) for one in _found(name)[1].params}


def _found(name: str) -> tuple[click.Context | None, click.Command]:
    above = click.get_current_context().parent
    group = above.command if above else None
    found = group.get_command(above, name) if above and isinstance(group, click.Group) else None
    if found is None or found.callback is None:
        raise ValueError(f"no command '{name}'")
    return above, found


def _help(doc: str) -> str:
    """The docstring for click: paragraphs of `$ whichgpu ...` examples keep their lines."""
    paragraphs = doc.strip().split("\n\n")
    return "\n\n".join(f"\b\n{p}" if p.lstrip().startswith(("$", "-")) else p for p in paragraphs)


def _print(report: Report, *, as_json: bool, plain: bool) -> int:
    if as_json:
        from whichgpu.report.json import pieces

        sys.stdout.writelines(pieces(report.data))
    elif plain or not sys.stdout.isatty():
        from whichgpu.report.text import render

        sys.stdout.write(render(_asked(report), _width()))
    else:
        from whichgpu.report.terminal import show

        show(_asked(report), _width())
    if report.complaint:
        sys.stdout.flush()
        sys.stderr.write(f"whichgpu: {report.complaint}\n")
    return report.exit_code


def _asked(report: Report) -> tuple[Block, ...]:
    """The blocks that the command line asks for."""
    from whichgpu.cli.options import WHOLE
    from whichgpu.report.table import in_short

    return report.blocks if click.get_current_context().meta.get(WHOLE) else in_short(report)


def _width() -> int:
    """Columns of the terminal, `COLUMNS` where set, 120 in a pipe."""
    stated = os.environ.get("COLUMNS", "")
    if stated.isdigit() and int(stated) > 0:
        return int(stated)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or _PIPE_WIDTH
    except (OSError, ValueError):
        return _PIPE_WIDTH
