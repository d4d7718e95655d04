"""Check articles: every claim about GPUs, whether it holds, and the evidence.

$ whichgpu audit article.md
$ whichgpu audit article.md --format html
$ whichgpu audit article.md page.html --fail-on contradicted

Reads Markdown, HTML, text, and text of PDFs. Nothing is fetched or executed. With --fail-on it exits 4
where a claim has that verdict.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu.audit.findings import VERDICTS
from whichgpu.cli.command import command
from whichgpu.cli.options import gpu_files, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.answer import Audit
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "html", "diff", "sarif", "md"]), default="text",
    show_default=True, help="A summary, JSON, the annotated article, corrections, SARIF, or Markdown.",
)  # fmt: skip
@click.option(
    "--fail-on", type=click.Choice(VERDICTS), multiple=True, help="Exit 4 where a claim is so; repeatable."
)
@click.option("--all", "everything", is_flag=True, help="List what holds too.")
@gpu_files
def run(
    catalogue: Catalogue, *, files: tuple[Path, ...], form: str, fail_on: tuple[str, ...], everything: bool
) -> Report:
    """Audit each file, and report in the form asked for."""
    from whichgpu.audit.answer import audited
    from whichgpu.audit.readers import content_of
    from whichgpu.report.audit import report

    found = []
    with progress("audit", len(files)) as advance:
        for file in files:
            found.append(audited(content_of(file), str(file), catalogue, date.today()))
            advance(1)
    context = click.get_current_context(silent=True)
    as_json = bool(context and context.params.get("as_json"))
    answer = report(found, fail_on, everything=everything, shown=not as_json)
    if form == "text" or as_json:
        return answer
    sys.stdout.write(_written(found, answer, form))
    return answer._replace(blocks=())


def _written(found: Sequence[Audit], answer: Report, form: str) -> str:
    """The audits in a form to keep."""
    from whichgpu.report.audit import sarif
    from whichgpu.report.audit_page import page
    from whichgpu.report.documents import document

    if form == "html":
        return page(found)
    if form == "diff":
        return "".join(each.diff() for each in found)
    if form == "sarif":
        return f"{json.dumps(sarif(found), indent=2, ensure_ascii=False)}\n"
    return document("Audit", answer, form)
