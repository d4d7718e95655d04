"""Keep an answer as one document: a page, Markdown or PDF, with its sources and the command that makes it.

$ whichgpu report recommend stable-diffusion-1.5 --target "1000 images/min" --out fleet.html
$ whichgpu report compare a10 l4 --workload resnet50 --out a10-or-l4.md
$ whichgpu report audit article.md --out findings.html

What follows is the command as it is typed, with its options and files: recommend, compare, plan, audit,
predict, fit, sweep, compat, show, prices (cost, own, spot, judge), workload, diagnose, gpus or explain. The
document needs nothing besides itself and is under 2 MB. A PDF is printed by the Chromium of the system. The
exit status is that of the command.
"""

from __future__ import annotations

import io
import shlex
from contextlib import redirect_stdout
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command, options_of, reported
from whichgpu.errors import UsageError, one_line

if TYPE_CHECKING:
    from whichgpu.report.table import Report

#: Commands whose answer can be kept.
_KEPT = (
    "recommend", "compare", "plan", "audit", "predict", "fit", "sweep", "compat", "show", "prices",
    "prices cost", "prices own", "prices spot", "prices judge", "workload", "diagnose", "gpus", "explain",
)  # fmt: skip


@command
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND ..")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help=".html, .md or .pdf."
)
def run(*, words: tuple[str, ...], out: Path) -> Report:
    """Run the command for a document, add how it was made, and write it."""
    from whichgpu.report.keeping import form_of, whole, write
    from whichgpu.report.table import Report as Made

    form = form_of(out)
    answer, text = _answered(words, form)
    if not text.strip():
        raise UsageError(f"whichgpu {words[0]} wrote nothing to keep")
    size = write(out, whole(text, form, f"whichgpu {shlex.join(words)}", answer.data, date.today()))
    told = {"out": str(out), "bytes": size, "command": list(words), "answer": answer.data}
    return Made(
        told, (f"{out}: {size / 1e3:,.0f} kB",), exit_code=answer.exit_code, complaint=answer.complaint
    )


run.context_settings = {"ignore_unknown_options": True}


def _answered(words: tuple[str, ...], form: str) -> tuple[Report, str]:
    """What a command answers, and what it writes in a form, or what its tables come to in it."""
    from whichgpu.cli.group import names
    from whichgpu.report.documents import document

    name, rest = (
        (f"{words[0]} {words[1]}", words[2:]) if " ".join(words[:2]) in names() else (words[0], words[1:])
    )
    able = [one for one in _KEPT if one in names()]
    if name not in able:
        near = get_close_matches(name, able, n=1)
        means = f"did you mean {near[0]}?" if near else f"it keeps those of {', '.join(able)}"
        raise UsageError(f"no report of '{one_line(name)}'; {means}")
    if "form" not in options_of(name):
        answer = reported(name, [*rest])
        return answer, document(shlex.join(words), answer, form)
    written = io.StringIO()
    with redirect_stdout(written):
        answer = reported(name, [*rest, "--format", form])
    return answer, written.getvalue()
