"""The command group: it knows its commands by their file names and imports the one that runs.

The file `prices_update.py`, beside `prices.py`, is the command `prices update`.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu import __version__
from whichgpu.cli.help import Context

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

COMMANDS = Path(__file__).parent / "commands"
#: Help is set no wider than this.
_WIDTH = 100
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": _WIDTH}


class LazyGroup(click.Group):
    """A group whose commands are the files of `commands/`."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command by name; nothing is imported."""
        return names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's file; its `run` is the command."""
        if cmd_name not in names():
            return None
        command: click.Command = import_module(f"whichgpu.cli.commands.{_stem(cmd_name)}").run
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Know commands of two words; suggest the nearest for an unknown one."""
        both = " ".join(args[:2])
        if len(args) > 1 and both in names():
            return both, self.get_command(ctx, both), args[2:]
        if args[0] not in names() and not args[0].startswith("-"):
            ctx.fail(f"no command '{args[0]}'; {_hint(args[0])}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with the first line of each file."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary(name)) for name in names()])


def names() -> list[str]:
    """Every command by the name of its file; what follows another command's name is its second word."""
    files = (name for name in os.listdir(COMMANDS) if name.endswith(".py") and name[0] != "_")
    stems = {name.removesuffix(".py") for name in files}
    return sorted(_name(stem, stems) for stem in stems)


def _name(stem: str, stems: Collection[str]) -> str:
    first, _, second = stem.partition("_")
    dashed = second.replace("_", "-")
    return f"{first} {dashed}" if second and first in stems else stem.replace("_", "-")


def summary(name: str) -> str:
    """The first line of a command's file, which must be its docstring's first."""
    with open(f"{COMMANDS}{os.sep}{_stem(name)}.py", encoding="utf-8") as file:
        return file.readline().strip().strip('"').strip()


def _stem(name: str) -> str:
    return name.replace("-", "_").replace(" ", "_")


#: What people call what a command does.
_CALLED = {
    "sweep": ("train", "training", "pretrain", "finetune"),
    "fit": ("memory", "vram", "mem", "fits"),
    "predict": ("estimate", "speed", "latency", "throughput", "infer", "inference", "power", "energy"),
    "prices": ("cost", "price", "offers", "buy", "rent"),
    "recommend": ("choose", "pick", "find", "best"),
    "gpus --timeline": ("timeline", "history", "generations", "releases", "dates"),
    "gpus --like": ("like", "similar", "nearest", "alternatives"),
    "gpus": ("list", "ls", "catalogue", "catalog", "cards", "devices", "search"),
    "workloads": ("models", "zoo"),
    "show": ("specs", "spec", "info", "review", "describe"),
    "check --fields": ("truth", "fields", "disagreements", "sources"),
    "compat": ("compatibility", "supports", "software", "install", "drivers", "driver", "cuda"),
    "compare": ("vs", "versus", "diff"),
}


def _hint(name: str) -> str:
    from difflib import get_close_matches

    meant = [command for command, words in _CALLED.items() if name.lower() in words]
    near = meant or get_close_matches(name, names(), n=2, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names())}"


_HELP = """Which GPU, how many, from whom, at what price, for this workload - with the evidence.

\b
$ whichgpu recommend stable-diffusion-1.5 --target "1000 images/min"
$ whichgpu compare a10 a100-80gb-pcie
$ whichgpu gpus --family ampere --min memory="40 GB"
"""


@click.group(cls=LazyGroup, help=_HELP, context_settings=_CONTEXT, invoke_without_command=True)
@click.version_option(__version__, prog_name="whichgpu", message="%(prog)s %(version)s")
@click.pass_context
def whichgpu(ctx: click.Context) -> None:
    """With no command, say what there is."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run(args: Sequence[str]) -> int:
    """Parse and run; gives the exit status. Raises what the command raises."""
    if "_WHICHGPU_COMPLETE" in os.environ:
        whichgpu(list(args), prog_name="whichgpu")  # shell completion; exits
    try:
        with whichgpu.make_context("whichgpu", list(args)) as context:
            return int(whichgpu.invoke(context) or 0)
    except click.exceptions.Exit as end:
        return int(end.exit_code)
