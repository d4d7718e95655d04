"""Rent or buy: what an owned GPU costs by the hour of use, and when buying one has paid.

$ whichgpu prices own rtx-a6000 --hours-per-day 8
$ whichgpu prices own a100-80gb-pcie --hours-per-day 24 --price "9000 USD" --electricity "0.30 USD/kWh"
$ whichgpu prices own a100-80gb-sxm --gpus 8 --hours-per-day 24 --electricity "0.20 USD/kWh"
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import FORM, gpu_files, in_form

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("gpu")
@click.option(
    "--hours-per-day", type=float, default=8.0, show_default=True, metavar="N", help="Hours of use."
)
@click.option("--gpus", type=click.IntRange(1), default=1, show_default=True, metavar="N",
              help="Of the month: so many of them.")  # fmt: skip
@click.option("--price", metavar="MONEY", help="Of one GPU, e.g. '4650 USD'; the stored one if not given.")
@click.option("--rent", metavar="PRICE", help="Of one GPU, e.g. '1.20 USD/h'; the best offer if not given.")
@click.option("--electricity", metavar="PRICE", help="E.g. '0.30 USD/kWh'.")
@click.option("--pue", type=float, metavar="N", help="Power of the site over that of its machines.")
@click.option("--cooling", metavar="SHARE",
              help="Its power over that of what it cools, e.g. '30 %', in place of --pue.")  # fmt: skip
@click.option("--load", metavar="SHARE", help="Mean power in use over the board power, e.g. '80 %'.")
@click.option("--years", metavar="TIME", help="In service, e.g. '3 years'.")
@click.option("--resale", metavar="SHARE", help="Of the price, at the end, e.g. '20 %'.")
@click.option("--host", metavar="SHARE", help="Price of its part of the server over its own, e.g. '38 %'.")
@click.option("--grid", default="world", show_default=True, metavar="GRID",
              help='Whose electricity: a country, or e.g. "350 g/kWh".')  # fmt: skip
@FORM
@gpu_files
def run(
    catalogue: Catalogue, gpu: str, hours_per_day: float, *, gpus: int, price: str | None, rent: str | None,
    electricity: str | None, pue: float | None, years: str | None, resale: str | None, host: str | None,
    cooling: str | None, load: str | None, grid: str, form: str,
) -> Report:  # fmt: skip
    """Read what is stated and report."""
    from whichgpu.cost import carbon
    from whichgpu.hardware.slices import device
    from whichgpu.prices.breakeven import rent_or_buy, stated
    from whichgpu.report.owning import own_report
    from whichgpu.units import parse

    given = stated(
        hours_per_day, electricity=electricity, pue=pue, years_in_service=years, resale=resale,
        host_price_share=host, cooling=cooling, load=load,
    )  # fmt: skip
    found = rent_or_buy(
        device(gpu, catalogue), hours_per_day, given, date.today(),
        usd=parse(price, "money") if price else None, rent=parse(rent, "price") if rent else None,
    )  # fmt: skip
    return in_form(own_report(found, carbon.grid(grid), gpus), f"Rent or buy a {found.gpu}", form)
