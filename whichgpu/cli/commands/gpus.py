"""List GPUs, filtered and sorted by any field.

$ whichgpu gpus --family ampere --segment datacenter
$ whichgpu gpus --min memory="40 GB" --max power="150 W" --sort bandwidth
$ whichgpu gpus --where low_profile=yes --columns memory,fp16,slots
$ whichgpu gpus --needs fp8,single-slot --where "memory>16 GB"
$ whichgpu gpus --where form_factor~single --sort launch_price --reverse
$ whichgpu gpus --like a10 --within 20%
$ whichgpu gpus --family hopper --timeline
$ whichgpu gpus ampere laptop

A word is an architecture, a segment, a vendor, or part of a name. --family, --segment and --vendor may be
repeated. A GPU whose field was not read in any source does not meet a condition on it; a note counts those.
--needs takes the words that `recommend` takes.
--like ranks by the largest ratio in memory, bandwidth, 16-bit and FP32 peak and power, the nearest first.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import gpu_files
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.likeness import Like
    from whichgpu.report.table import Report

_COLUMNS = "memory,bandwidth,fp16,fp32,power,release_date,segment,family"


@command
@click.argument("words", nargs=-1, metavar="[WORD ..]")
@click.option("--min", "least", multiple=True, metavar="FIELD=QUANTITY", help='E.g. memory="40 GB".')
@click.option("--max", "most", multiple=True, metavar="FIELD=QUANTITY", help='E.g. power="150 W".')
@click.option(
    "--where",
    "wheres",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Or FIELD~PART of a text, FIELD>QUANTITY, FIELD<QUANTITY.",
)
@click.option(
    "--needs", metavar="A,B,..", help="What each must have: fp8, nvlink, mig, av1, single-slot, ecc .."
)
@click.option(
    "--family",
    "families",
    multiple=True,
    metavar="NAME",
    help="An architecture or one of its variants: ampere, ada_l40.",
)
@click.option(
    "--segment",
    "segments",
    multiple=True,
    metavar="NAME",
    help="datacenter, workstation, geforce, laptop or edge.",
)
@click.option("--vendor", "vendors", multiple=True, metavar="NAME", help="NVIDIA, AMD, Intel ..")
@click.option("--like", metavar="GPU", help="Those nearest to a GPU in all that decides.")
@click.option("--within", metavar="SHARE", help="With --like: no measure further off than this, e.g. 20%.")
@click.option("--timeline", "dated", is_flag=True, help="By date of release, year by year.")
@click.option("--sort", metavar="FIELD", help="Best first; newest first if not given.")
@click.option("--reverse", is_flag=True, help="Turn the order round.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Show the first N.")
@click.option("--columns", default=_COLUMNS, show_default=True, metavar="FIELD,..", help="What to show.")
@gpu_files
def run(
    *, catalogue: Catalogue, words: tuple[str, ...], least: tuple[str, ...], most: tuple[str, ...],
    wheres: tuple[str, ...], needs: str | None, families: tuple[str, ...], segments: tuple[str, ...],
    vendors: tuple[str, ...], sort: str | None, limit: int | None, columns: str, reverse: bool,
    like: str | None, within: str | None, dated: bool,
) -> Report:  # fmt: skip
    """Filter, sort, and report."""
    from whichgpu.hardware import filters
    from whichgpu.hardware.architecture import called
    from whichgpu.hardware.names import resolve
    from whichgpu.planner.needs import chosen
    from whichgpu.report.gpus import family_words, list_report

    conditions = [
        *(filters.bound(text, "--min") for text in least),
        *(filters.bound(text, "--max") for text in most),
        *map(filters.where, wheres),
    ]
    shown = [filters.field(name) for name in columns.split(",") if name.strip()]
    options = {"--family": families, "--segment": segments, "--vendor": vendors}
    families, segments, vendors, names = _with_words(words, options, catalogue)
    conditions += [filters.where(f"name~{name}") for name in names]
    asked = product(families or ("",), segments or ("",), vendors or ("",))
    kin = (
        catalogue.where(family=family, segment=segment, vendor=vendor) for family, segment, vendor in asked
    )
    pool = tuple(dict.fromkeys(gpu for some in kin for gpu in some))
    found, unread = chosen(pool, conditions, needs or "")
    order = filters.field(sort or "release_date")
    if like or within:
        from whichgpu.report.likeness import report

        near, nearest = _near(like or "", within, found, catalogue)
        wanted = resolve(like or "", catalogue)
        return report(wanted, near[:limit], len(near), nearest, by_share=within is not None)
    found = filters.ordered(found, order, reverse=reverse)
    if dated:
        return _timeline(found[:limit])
    extra = [name for name in dict.fromkeys((*(c.field for c in conditions), order)) if name not in shown]
    family = family_words(called(families[0]) or pool[0].family if len(families) == 1 and pool else "")
    said = [family] if family else []
    said += unread
    return list_report(found[:limit], [*shown, *extra], len(catalogue), said)


def _timeline(found: Sequence[Gpu]) -> Report:
    from whichgpu.report.gpus import listed
    from whichgpu.report.table import Report as Made
    from whichgpu.report.timeline import timeline

    return Made({"gpus": [listed(gpu) for gpu in found]}, tuple(timeline(found)))


def _with_words(
    words: tuple[str, ...], options: dict[str, tuple[str, ...]], catalogue: Catalogue
) -> list[tuple[str, ...]]:
    """Families, segments and vendors of the options and of bare words, and the words that are none.

    Raises `UsageError` for a word that no GPU's name has.
    """
    from whichgpu.hardware.architecture import called
    from whichgpu.hardware.fields import SEGMENTS
    from whichgpu.hardware.tokens import VENDORS

    kinds = {"--segment": SEGMENTS, "--vendor": VENDORS}
    found = {kind: list(given) for kind, given in options.items()}
    rest: list[str] = []
    left = [word.lower() for word in words]
    while left:
        # "ada lovelace" is one architecture, of two words.
        size = next((n for n in (2, 1) if len(left) >= n and called(" ".join(left[:n]))), 0)
        text, left = " ".join(left[: size or 1]), left[size or 1 :]
        text = "datacenter" if text.replace("-", "") in ("datacentre", "datacenter") else text
        kind = next((kind for kind, known in kinds.items() if text in known), "")
        if size or kind:
            found["--family" if size else kind].append(called(text) or text)
        elif any(text in gpu.name.lower() for gpu in catalogue.values()):
            rest.append(text)
        else:
            wish = f"write --needs {text}, or " if _needed(text) else ""
            raise UsageError(
                f"'{text}' is no architecture, segment or vendor and in no GPU's name; {wish}"
                f"the segments are {', '.join(SEGMENTS)}; see the list: whichgpu gpus"
            )
    return [*map(tuple, found.values()), tuple(rest)]


def _needed(text: str) -> bool:
    """Whether a word says what a GPU must have (`fp8`), as `--needs` takes it."""
    from whichgpu.planner.needs import need

    try:
        need(text)
    except UsageError:
        return False
    return True


def _near(
    like: str, within: str | None, pool: Iterable[Gpu], catalogue: Catalogue
) -> tuple[list[Like], Like | None]:
    """The GPUs near to one, within a share if one is stated (`20%`, `20`, `0.2`), and the nearest at all."""
    from whichgpu.hardware.names import resolve
    from whichgpu.planner.likeness import alike

    if not like:
        raise UsageError("--within is for --like; write e.g. --like a10 --within 20%")
    text = (within or "inf").strip()
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        raise UsageError(f"--within {within}: not a share; write e.g. --within 20%") from None
    # Nobody means twenty times by 20.
    share = number / (100.0 if text.endswith("%") or 1.0 < number < math.inf else 1.0)
    if not share >= 0:
        raise UsageError(f"--within {within}: below zero; write e.g. --within 20%")
    every = alike(resolve(like, catalogue), pool)
    near = [one for one in every if one.within(share)]
    # Within a share those that use least of it come first; at large the nearest by ratio.
    return (sorted(near, key=lambda one: one.percent) if within else near), next(iter(every), None)
