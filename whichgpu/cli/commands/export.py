"""What runs a plan or a recommendation elsewhere: launch commands, SkyPilot, dstack, Kubernetes, Slurm ..

$ whichgpu export plan.json --to skypilot --name chat
$ whichgpu export plan.json --to kubernetes --out fleet.yaml
$ whichgpu recommend llama-3.1-8b --json | whichgpu export - --to vllm

The file is what plan --json or recommend --json wrote, - for standard input; of a recommendation the first
candidate is taken, or that of --rank. Every export names GPU, count, region and the limit of the price. Where
a tool takes one deployment in a file, --name says which, or --out names a folder for all. Of a plan of which
a tool cannot express every deployment, the others are written and the exit status is 3; machines of one's
own, which a tool that rents has no need to start, are only named.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.export import File
    from whichgpu.planner.deployment import Deployment
    from whichgpu.report.table import Report


@command
@click.argument("plan", metavar="PLAN.json", type=click.Path(path_type=Path))
@click.option(
    "--to", "target", required=True, metavar="TARGET",
    help="vllm, sglang, trtllm, skypilot, dstack, kubernetes, karpenter, slurm or terraform.",
)  # fmt: skip
@click.option("--name", "only", metavar="NAME", help="Only the deployment of this name.")
@click.option("--rank", type=click.IntRange(min=1), metavar="N", help="Of a recommendation: which candidate.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE|FOLDER",
              help="Where to write, instead of standard output.")  # fmt: skip
@click.option("--model", metavar="ORG/NAME", help="The model to load, a Hugging Face id or a path.")
@click.option("--run", "program", metavar="TEXT", help="What to run instead of the engine's launch command.")
def run(
    *, plan: Path, target: str, only: str | None, rank: int | None, out: Path | None, model: str | None,
    program: str | None,
) -> Report:  # fmt: skip
    """Read the plan, write the files."""
    from whichgpu.export import Able, able, export, known
    from whichgpu.export.names import engines
    from whichgpu.export.source import read
    from whichgpu.report.deployment import report

    known(target)
    text = _text(plan)
    found = _only(read(text, str(plan), rank), only)
    found = tuple(replace(one, model=model or one.model, command=program or one.command) for one in found)
    # One that is asked for by its name must be made; of a plan those that the tool can express.
    can = able(found, target) if len(found) > 1 and target not in engines() else Able(found, (), ())
    try:
        files = export(can.kept, target)
    except UsageError as fault:
        if rank is not None or (other := _rank_for(text, target)) is None:
            raise
        raise UsageError(f"{fault} Or take the next candidate that it can, with --rank {other}.") from None
    answer = report(can, target, files, out)
    context = click.get_current_context(silent=True)
    if out is not None:
        _write(files, out)
    elif not (context is not None and context.params.get("as_json")):
        if len(files) > 1:
            raise UsageError(
                f"{target} takes one deployment in a file, and the plan has "
                f"{', '.join(one.name for one in can.kept)}; say which with --name, or --out FOLDER for all"
            )
        sys.stdout.write(files[0].text)
        for note in answer.data["notes"]:
            sys.stderr.write(f"whichgpu: {note}\n")
        answer = answer._replace(blocks=())
    return answer


def _rank_for(text: str, target: str) -> int | None:
    """The first candidate of a recommendation that a tool can express; None where it is none, or a plan."""
    import json

    from whichgpu.errors import WhichGpuError
    from whichgpu.export import export
    from whichgpu.export.source import candidate

    document = json.loads(text)
    for rank, _ in enumerate(document.get("candidates", ()), 1):
        with suppress(WhichGpuError):
            export([candidate(document, "", rank)], target)
            return rank
    return None


def _only(found: Sequence[Deployment], name: str | None) -> tuple[Deployment, ...]:
    """The deployment of a name, or all."""
    if name is None:
        return tuple(found)
    kept = tuple(one for one in found if one.name == name)
    if kept:
        return kept
    from difflib import get_close_matches

    host = next((one.name for one in found if name in [other.name for other in one.beside]), None)
    if host is not None:
        raise UsageError(f"'{name}' runs beside {host}, on the same nodes; type --name {host} for both")
    names = [one.name for one in found]
    near = get_close_matches(name, names, n=1)
    means = f"did you mean {near[0]}?" if near else f"they are {', '.join(names)}"
    raise UsageError(f"no deployment '{name}' in the plan; {means}")


def _text(path: Path) -> str:
    """The text of a file, or of standard input for `-`."""
    from whichgpu.export.source import LARGEST

    try:
        with sys.stdin.buffer if str(path) == "-" else path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as fault:
        raise UsageError(f"{path}: cannot be read: {fault.strerror}") from None
    if len(raw) > LARGEST:
        raise UsageError(f"{path}: more than {LARGEST // 2**20} MiB, which no plan has")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: this is no text; give what plan --json wrote") from None


def _write(files: Sequence[File], out: Path) -> None:
    """One file where it is named, several in the folder."""
    folder = out.is_dir() or len(files) > 1
    try:
        if folder:
            out.mkdir(parents=True, exist_ok=True)
        for one in files:
            (out / one.name if folder else out).write_text(one.text, encoding="utf-8")
    except OSError as fault:
        raise UsageError(f"{out}: cannot be written: {fault.strerror}") from None
