"""Write the catalogue, sensible pairs of GPUs, prices, words and the scoreboard as a static site with search.

$ whichgpu site build site --limit 2 --no-charts

Any web server can offer the folder; --base is the path that it will be at. It needs the extra web
(pip install 'whichgpu[web]').
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import progress
from whichgpu.report.table import Report


@command
@click.argument("action", type=click.Choice(["build"]), metavar="build")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--base", default="/", show_default=True, metavar="PATH", help="Where the site will be.")
@click.option(
    "--charts/--no-charts", default=True, show_default=True, help="Draw the charts, which takes longest."
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Only so many of each kind, to try it out."
)
def run(*, action: str, folder: Path, base: str, charts: bool, limit: int | None) -> Report:
    """Build it, and say what was written."""
    if any(find_spec(name) is None for name in ("fastapi", "jinja2", "altair", "vl_convert", "httpx")):
        raise click.UsageError("site build needs pip install 'whichgpu[web]' httpx")
    site = import_module("whichgpu.web.site")
    with progress("site") as advance:
        told = site.build(folder, base, advance, drawn=charts, limit=limit)
    return Report(told, (f"{told['pages']:,} pages in {folder}, {told['bytes'] / 1e6:.1f} MB.",))
