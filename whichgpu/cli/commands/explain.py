"""What a word of GPU articles means, with numbers from the catalogue.

$ whichgpu explain tf32
$ whichgpu explain tensor core
$ whichgpu explain
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import gpu_files

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("term", nargs=-1)
@gpu_files
def run(catalogue: Catalogue, term: tuple[str, ...]) -> Report:
    """Explain one term, or list all."""
    from whichgpu.planner.glossary import explain, meanings, terms
    from whichgpu.report.glossary import listing, report

    if not term:
        return listing([explain(name, catalogue) for name in terms()])
    return report(meanings(" ".join(term), catalogue))
