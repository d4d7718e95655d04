"""Whether a price that somebody asks is low, usual or high.

$ whichgpu prices judge "2.10 USD/h for 1x H100 SXM"
$ whichgpu prices judge "1,450 USD/month for 2 x L40S, reserved"

The price is for the whole machine unless it says "per GPU". It is held against offers of the same GPU on the
same terms, and against buying one.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import gpu_files

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("quote")
@gpu_files
def run(catalogue: Catalogue, quote: str) -> Report:
    """Read the quote and judge it."""
    from whichgpu.prices.judge import judge_text
    from whichgpu.report.price_store import judgement_report

    return judgement_report(judge_text(quote, catalogue, date.today()))
