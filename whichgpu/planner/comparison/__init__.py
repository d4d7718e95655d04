"""GPUs side by side: every field that any of them has, what follows from it, and which for what.

`rows` makes the cells, `market` the prices, `work` the workloads; `takeaways`, `features`, `value`
and `verdicts` write sentences with a `Pen` that notes the cells each rests on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.hardware.architecture import before
from whichgpu.hardware.parts import is_part
from whichgpu.planner.comparison import answer, takeaways, verdicts
from whichgpu.planner.comparison.lasting import age_rows
from whichgpu.planner.comparison.market import markets, price_rows, whole_rows
from whichgpu.planner.comparison.model import Comparison, View
from whichgpu.planner.comparison.rows import sixteen_bit, spec_rows
from whichgpu.planner.comparison.words import base_name, sentence_names, short_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.market import Market
    from whichgpu.planner.comparison.model import Row
    from whichgpu.planner.comparison.work import Work
    from whichgpu.prices.offers import Offer

__all__ = ["FEWEST", "MOST", "Comparison", "compare"]

#: The segment of cards for games.
_GAMING = "geforce"
#: How many GPUs can stand side by side.
FEWEST, MOST = 2, 6
#: Of more GPUs than this it is not told what came before each.
_FEW = 2


def compare(
    gpus: Sequence[str],
    workloads: Sequence[Any] = (),
    *,
    catalogue: Catalogue | None = None,
    offers: Sequence[Offer] | None = None,
    today: date | None = None,
    whole: bool = False,
) -> Comparison:
    """Compare two to six GPUs by name, and what they do for each workload (a name or a `Job`).

    With `whole`, as an article wants it: which well-known models each holds too and, where no workload is
    named, the usual ones of `data/usual.toml`.
    `offers` replaces the bundled prices. Raises `UsageError` for an unknown or ambiguous name, the same
    GPU twice, too few or too many, or an unknown workload. A workload that one GPU cannot run says so in
    its cell.
    """
    from datetime import date as calendar

    from whichgpu.hardware.catalogue import catalogue as bundled

    known = catalogue if catalogue is not None else bundled()
    chosen = _chosen(gpus, known)
    day = today or calendar.today()
    variants = variants_of(chosen, known)
    spoken = markets((*chosen, *variants.values()), day, offers)
    found = {gpu.id: spoken[gpu.id] for gpu in chosen}
    if whole and not workloads:
        from whichgpu.planner.usual import usual_jobs

        workloads = usual_jobs(chosen)
    rows = {row.field: row for row in spec_rows_of(chosen, day)}
    rows.update((row.field, row) for row in price_rows(chosen, sixteen_bit(chosen), found))
    rows.update((row.field, row) for row in whole_rows(chosen, known, day, offers))
    view = View(
        gpus=chosen, names={gpu.id: short_name(gpu) for gpu in chosen}, words=sentence_names(chosen),
        rows=rows, others=others_of(chosen, known, found, variants), today=day, markets=spoken, works=(),
    )  # fmt: skip
    if whole:
        from whichgpu.planner.comparison.fitting import fit_rows
        from whichgpu.planner.comparison.stack import software_rows

        rows.update((row.field, row) for row in (*software_rows(chosen), *fit_rows(chosen)))
    if workloads:
        view = with_works(view, workloads, whole=whole)
    return Comparison(view, answer.answer(view), tuple(_takeaways(view)), tuple(verdicts.verdicts(view)))


def _chosen(names: Sequence[str], known: Catalogue) -> tuple[Gpu, ...]:
    """The device of each name; of one of NVIDIA's machines that of which it has several."""
    from whichgpu.hardware.names import gpus_of
    from whichgpu.hardware.slices import resolve_device

    if not FEWEST <= len(names) <= MOST:
        raise UsageError(
            f"{len(names)} GPU{'s' if len(names) != 1 else ''} to compare; name {FEWEST} to {MOST}, "
            "e.g. whichgpu compare a10 a100-80gb-pcie"
        )
    found: dict[str, str] = {}
    chosen: list[Gpu] = []
    for name in names:
        gpu, count = resolve_device(name, known)
        if count not in (1, gpus_of(name)):
            raise UsageError(
                f"'{name}' is {count} GPUs, and devices are compared one by one; write {gpu.id}, "
                "or size a fleet: whichgpu recommend"
            )
        if gpu.id in found:
            also = f" ('{found[gpu.id]}' and '{name}')" if found[gpu.id] != name else ""
            raise UsageError(f"{gpu.id} is named twice{also}; name another GPU to compare it with")
        found[gpu.id] = name
        chosen.append(gpu)
    return tuple(chosen)


def others_of(
    gpus: Sequence[Gpu], known: Catalogue, found: Mapping[str, Market], variants: Mapping[str, Gpu]
) -> dict[str, Gpu]:
    """GPUs that are spoken of, not compared: desktop cards, variants of a name, candidates of offers."""
    others = {**_desktops(gpus, known), **variants, **_siblings(gpus, known), **_earlier(gpus, known)}
    wholes = (gpu.id.partition(":")[0] for gpu in gpus if is_part(gpu))
    others.update((key, known[key]) for key in wholes if key in known)
    maybe = {one for market in found.values() for offer in market.maybe for one in offer.candidates}
    return others | {key: known[key] for key in maybe if key in known}


def _siblings(gpus: Sequence[Gpu], known: Catalogue) -> dict[str, Gpu]:
    """What else there is of the generation that all are of, for where they are made for: `sibling <id>`.

    And the gaming card of it with the highest FP32 rate, `flagship <id>`, where none is compared.
    """
    (first, *others), kinds = {generation_of(gpu) for gpu in gpus}, {gpu.segment for gpu in gpus}
    bases = {base_name(short_name(gpu)) for gpu in gpus}
    if others:
        return {}
    kin = [one for one in known.values() if not one.user and generation_of(one) == first]
    found = {
        f"sibling {one.id}": one for one in kin
        if one.segment in kinds and base_name(short_name(one)) not in bases
    }  # fmt: skip
    cards = [one for one in kin if one.segment == _GAMING and one.glance("fp32")]
    if cards and _GAMING not in kinds:
        top = max(cards, key=lambda one: float(one.glance("fp32")))
        found[f"flagship {top.id}"] = top
    return found


def _earlier(gpus: Sequence[Gpu], known: Catalogue) -> dict[str, Gpu]:
    """What the generation before had for each segment, by FP32 rate: `earlier <id of the first of them>`.

    Of many GPUs of many generations that is too much to tell.
    """
    found: dict[str, Gpu] = {}
    for gpu in gpus if len(gpus) <= _FEW else ():
        former = {one.id for step in before(gpu.architecture) for one in step.variants}
        those = [
            one for one in known.sold_by(gpu.vendor, (gpu.segment,))
            if one.architecture in former and one.glance("fp32") and one.value("bandwidth")
        ]  # fmt: skip
        # Of a generation of one part none is the fastest.
        if len(those) > 1 and gpu.value("fp32") and not is_part(gpu):
            top = max(those, key=lambda one: (float(one.glance("fp32")), one.value("memory") or 0, one.id))
            if top not in (*found.values(), *gpus):
                found[f"earlier {gpu.id}"] = top
    return found


def generation_of(gpu: Gpu) -> tuple[str, str]:
    """A family, and the generation of it where it has several (RDNA 2, CDNA 3)."""
    variant = gpu.variant
    return gpu.family, variant.name if variant is not None and variant.follows else ""


def variants_of(gpus: Sequence[Gpu], known: Catalogue) -> dict[str, Gpu]:
    """Other parts of the name of each data centre GPU, under `variant <id> <other>`."""
    said = {gpu.id for gpu in gpus}
    others: dict[str, Gpu] = {}
    for gpu in gpus:
        if is_part(gpu) or gpu.segment != "datacenter":
            continue
        base = base_name(short_name(gpu))
        kin = [
            other
            for other in known.sold_by(gpu.vendor, (gpu.segment,))
            if other.architecture == gpu.architecture and base_name(short_name(other)) == base
        ]
        others.update((f"variant {gpu.id} {other.id}", other) for other in kin if other.id not in said)
        said.update(other.id for other in kin)
    return others


def _desktops(gpus: Sequence[Gpu], known: Catalogue) -> Mapping[str, Gpu]:
    """The desktop card of each laptop part's marketing name, under `desktop <id>`."""
    found = {}
    for gpu in gpus:
        name = short_name(gpu)
        if gpu.segment != "laptop" or not name.endswith(" Laptop"):
            continue
        wanted = name.removesuffix(" Laptop")
        same = [other for other in known.values() if other.segment != "laptop" and other.vendor == gpu.vendor
                and base_name(short_name(other)) == wanted]  # fmt: skip
        if same:
            found[f"desktop {gpu.id}"] = max(same, key=lambda other: other.value("memory") or 0)
    return found


def spec_rows_of(gpus: Sequence[Gpu], today: date) -> Iterator[Row]:
    """The rows of the catalogue, with those on age before the first that is not of the architecture."""
    told = False
    for row in spec_rows(gpus):
        if not told and row.field not in ("segment", "architecture", "release_date"):
            yield from age_rows(gpus, today)
            told = True
        yield row


def _takeaways(view: View) -> Iterator[Any]:
    for write in takeaways.ALL:
        yield from write(view)


def with_works(view: View, workloads: Sequence[Any], *, whole: bool = False) -> View:
    """The view with what its GPUs do for each workload, a name or a `Job`; `whole` as an article wants it."""
    from whichgpu.planner.comparison.stand_in import worked
    from whichgpu.planner.comparison.workrows import work_rows
    from whichgpu.planner.comparison.worktext import work_sentences
    from whichgpu.workloads.job import Job

    works: list[Work] = []
    rows = dict(view.rows)
    for asked in workloads:
        job = Job(asked) if isinstance(asked, str) else asked
        done = _apart(worked(job, view.gpus, view.markets), works)
        rows.update((row.field, row) for row in work_rows(done))
        if whole and not job.runtime:
            from whichgpu.planner.comparison.under import under_rows

            rows.update((row.field, row) for row in under_rows(done, view.gpus))
        works.append(done)
    view = view._replace(rows=rows, works=tuple(works))
    told = tuple(item._replace(sentences=tuple(work_sentences(view, item))) for item in view.works)
    return view._replace(works=told)


def _apart(done: Work, works: Sequence[Work]) -> Work:
    """A workload that stands there already in another format, under a field and a name of its own.

    Raises `UsageError` for one that stands there in the same.
    """
    fields = {other.field for other in works}
    if done.field not in fields:
        return done
    own, precision = f"{done.field}.{done.job.precision}", done.job.precision
    if own in fields or any(
        other.field == done.field and other.job.precision == precision for other in works
    ):
        raise UsageError(f"workload {done.field} is asked for twice; name each once")
    return done._replace(field=own, name=f"{done.name} in {precision.upper()}")
