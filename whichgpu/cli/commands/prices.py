"""What a GPU costs to rent and to buy, with the age and source of each price.

$ whichgpu prices
$ whichgpu prices l4 --term on-demand
$ whichgpu prices h100
$ whichgpu prices h100 --hours 72 --gpus 8
$ whichgpu prices l4 --region europe
$ whichgpu prices g5.xlarge
$ whichgpu prices --where memory="80 GB" --needs nvlink --cheapest on-demand
$ whichgpu prices rtx-a6000 --history
$ whichgpu prices --quarantine

Of a name that several GPUs share (h100) each has a row. `prices update` reads live sources; `prices judge`
says what a quote is worth, `prices cost` what a job costs on each kind of terms, `prices own` when buying
pays, `prices spot` what interruptions cost.
"""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import FORM, gpu_files, in_form
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.prices.offers import Offer
    from whichgpu.report.prices import Rent
    from whichgpu.report.table import Report

#: Rows of each table about one GPU, where none are asked for.
_ROWS = 20


@command
@click.argument("gpu", required=False, nargs=-1, metavar="[GPU|INSTANCE]")
@click.option("--term", default="any", show_default=True, metavar="TERM",
              help="on-demand, spot, reserved, serverless, marketplace, buy or any.")  # fmt: skip
@click.option(
    "--provider", "--providers", "providers", multiple=True, metavar="NAME", help="Only this one; repeatable."
)
@click.option("--region", metavar="A,B,..", help="Only there, at the price there: us-east-1, europe ..")
@click.option("--where", "wheres", multiple=True, metavar="FIELD=VALUE",
              help="Of GPUs only these: as in gpus; repeatable.")  # fmt: skip
@click.option("--needs", metavar="A,B,..", help="Of GPUs only those that have it: fp8, nvlink, mig ..")
@click.option("--cheapest", type=click.Choice(["on-demand", "spot", "buy"]), help="These first, by price.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Rows; 20 of each kind for one GPU.")
@click.option("--hours", type=float, metavar="N", help="What renting for so many hours costs.")
@click.option("--gpus", "many", type=click.IntRange(min=1), metavar="N", help="Of --hours: so many GPUs.")
@click.option("--history", is_flag=True, help="How the price of the GPU moved, day by day.")
@click.option("--quarantine", is_flag=True, help="The prices that are set aside, and why.")
@FORM
@gpu_files
def run(
    catalogue: Catalogue, gpu: tuple[str, ...], term: str, providers: tuple[str, ...], limit: int | None, *,
    region: str | None, history: bool, quarantine: bool, form: str, wheres: tuple[str, ...],
    needs: str | None, cheapest: str | None, hours: float | None, many: int | None,
) -> Report:  # fmt: skip
    """Choose the offers and report them."""
    from whichgpu import prices
    from whichgpu.hardware import filters
    from whichgpu.planner.needs import chosen as choose
    from whichgpu.prices import live
    from whichgpu.report.prices import gpu_report, overview, quarantine_report

    named = _providers(providers, region)
    if gpu and (wheres or needs or cheapest):
        raise click.UsageError("--where, --needs and --cheapest choose among GPUs: leave the name out")
    # Words of a name need no quotes here: nothing follows them.
    meant, instance = _named(" ".join(gpu), catalogue) if gpu else ((), "")
    chosen = meant[0] if len(meant) == 1 else None
    ids = [one.id for one in meant]
    title = f"Prices of {chosen}" if chosen else "Prices of GPUs"
    if history:
        return in_form(_history(chosen), title, form)
    bought = prices.term_named(term, "buy") == "buy"
    if bought and (named or region is not None):
        raise UsageError(
            "what is bought has no provider and no region: leave them out, or leave out --term buy"
        )
    rent = _rent(hours, many, meant, bought=bought)
    rows = _rows(ids, instance, term, named=named, region=region)
    problem = live.problem()
    if problem:
        sys.stderr.write(f"whichgpu: {problem}\n")
    told = bought and (chosen is None or chosen.id in prices.purchases())
    narrowed = [
        *([f"--term {term}"] if term != "any" and not told else []),
        *(f"--provider {one}" for one in providers), *([f"--region {region}"] if region else []),
    ]  # fmt: skip
    if quarantine:
        found = quarantine_report(rows, chosen, limit)
    elif chosen is None:
        conditions = [filters.where(text) for text in wheres]
        pool, notes = choose([catalogue[key] for key in ids or catalogue], conditions, needs or "")
        found = overview([one.id for one in pool], rows, date.today(), limit, rented=bool(narrowed),
                         cheapest=(cheapest or "").replace("-", "_"), notes=notes, rent=rent)  # fmt: skip
    else:
        found = gpu_report(chosen, rows, date.today(), limit or _ROWS, narrowed=" ".join(narrowed), rent=rent)
    return in_form(found, title, form)


def _rent(hours: float | None, many: int | None, meant: tuple[Gpu, ...], *, bought: bool) -> Rent | None:
    """So many GPUs for so long; `UsageError` for one without the other, and for what is not rented."""
    if hours is None and many is None:
        return None
    if hours is None:
        raise click.UsageError(f"--gpus {many} for how long? add e.g. --hours 72")
    if not 0 < hours < 1e6:
        raise click.UsageError(f"{hours:g} hours of rent cannot be; write e.g. --hours 72")
    if not meant or bought:
        raise click.UsageError("--hours is of a GPU that is rented: whichgpu prices h100 --hours 72")
    from whichgpu.report.prices import Rent

    return Rent(hours, many or 1)


def _providers(providers: tuple[str, ...], region: str | None) -> tuple[str, ...]:
    """The providers that options name; `UsageError` where they, or a region, are nothing but blanks."""
    from whichgpu.cli.wishes import split

    named = tuple(one for text in providers for one in split(text) or ())
    nowhere = region is not None and not split(region)
    if nowhere or (providers and not named):
        option = "--region" if nowhere else "--provider"
        raise click.UsageError(f"{option} names nothing; leave it out, or write {option} A,B")
    return named


def _rows(
    ids: list[str], instance: str, term: str, *, named: tuple[str, ...], region: str | None
) -> tuple[Offer, ...]:
    """The offers of some GPUs, or of all, from some providers and regions; of an instance its own."""
    from whichgpu import prices
    from whichgpu.cli.wishes import split
    from whichgpu.prices import live
    from whichgpu.prices.quote import instance_words
    from whichgpu.prices.sellers import providers_named, regions_named

    # Of one GPU only its own rows are read; names of providers and regions are checked against all.
    few = bool(ids) and not named and region is None
    rows = prices.select(
        live.rows_of(ids) if few else live.current(),
        gpus=ids or None,
        kinds=() if prices.term_named(term, "buy") == "buy" else prices.term_kinds(term),
        providers=providers_named(named, prices.providers()) if named else None,
        regions=None if region is None else regions_named(split(region) or (), live.current()),
        quarantined=True,
        ambiguous=True,
    )
    if not instance:
        return rows
    return tuple(row for row in rows if instance_words(row.instance) == instance_words(instance))


def _named(text: str, catalogue: Catalogue) -> tuple[tuple[Gpu, ...], str]:
    """All GPUs that a name may mean, or the one of an instance with its name; `UsageError` for neither."""
    from whichgpu.hardware.names import meant, resolve

    if len(several := meant(text, catalogue)) > 1:
        return several, ""
    try:
        return (resolve(text, catalogue),), ""
    except UsageError as fault:
        from whichgpu.prices.quote import instance_named

        found = instance_named(text, catalogue)
        if found is None:
            raise fault from None
        return (catalogue[found[0]],), text


def _history(gpu: Gpu | None) -> Report:
    from whichgpu.prices import bundled, live
    from whichgpu.report.price_store import history_report

    if gpu is None:
        raise click.UsageError("say of which GPU: prices rtx-a6000 --history")
    return history_report(gpu, live.history(), bundled(), date.today())
