"""An architecture as a report: its place among the generations, an SM per clock, its parts by date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.hardware.architecture import DIMENSIONS, architectures, families
from whichgpu.hardware.fields import FIELDS
from whichgpu.report.citing import Citations
from whichgpu.report.gpus import family_words
from whichgpu.report.table import Cited, Column, Heading, Report, Table
from whichgpu.report.timeline import timeline
from whichgpu.units import number, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.facts.model import Fact
    from whichgpu.hardware.architecture import Architecture, Family
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.report.table import Block

_SOURCE = Column("Source", optional=True)
_LABELS = {
    "compute_capability": "Compute capability", "cores_per_sm": "Shader cores per SM",
    "tensor_cores_per_sm": "Tensor cores per SM", "tensor_core_generation": "Tensor core generation",
    "rt_core_generation": "RT core generation",
    "rt_flop_per_clock": "Ray-tracing FLOP per clock and RT core",
    "acc32_halved": "FP32 sums halve the FP16 rate",
    "fp32_products": "Multiplies in FP32 only", "sparsity": "Peak with 2:4 sparsity, times",
    "sparsity_fp4": "FP4 peak with 2:4 sparsity, times",
    "sparsity_fp6": "FP6 peak with 2:4 sparsity, times",
    "l1_shared_per_sm": "L1 and shared memory per SM", "max_shared_per_sm": "Shared memory per SM, at most",
    "registers_per_sm": "Registers per SM",
    "encoders": "Video encoders", "decoders": "Video decoders",
    "graphics_apis": "Graphics APIs", "compute_apis": "Compute APIs",
}  # fmt: skip


def report(name: str, catalogue: Catalogue) -> Report:
    """A generation (`ampere`) or one of its variants (`ampere_ga100`), by the names of the catalogue."""
    variant = architectures().get(name)
    family = families()[variant.family if variant else name]
    members = catalogue.family(name)
    first = {gpu.architecture: str(gpu.value("release_date") or "9") for gpu in reversed(_dated(members))}
    shown = (variant,) if variant else sorted(family.variants, key=lambda one: first.get(one.id, "9"))
    cited = Citations()
    own = (variant.name if variant else "") or family.name
    named = own if own.startswith(family.vendor) else f"{family.vendor} {own}"
    title = named + (f" ({variant.id})" if variant else "")
    blocks: list[Block] = [Heading(title), family_words(name)]
    if added := _added(family):
        blocks.append(added)
    blocks += [_variants(shown, cited), *timeline(members, title=_parts(len(members)))]
    blocks += [Heading("Sources"), cited.references()]
    return Report(_document(family, shown, [gpu.id for gpu in members]), tuple(blocks))


def _dated(members: Iterable[Gpu]) -> list[Gpu]:
    return sorted(members, key=lambda gpu: str(gpu.value("release_date") or "9"))


def _parts(many: int) -> str:
    return f"Its {many} parts by date" if many != 1 else "Its only part on file"


def _document(family: Family, shown: Sequence[Architecture], members: Sequence[str]) -> dict[str, Any]:
    return {
        "id": family.id, "name": family.name, "vendor": family.vendor, "year": family.year,
        "named_after": {"name": family.named_after[0], "source": family.named_after[1]},
        "after": list(family.predecessors), "before": list(family.successors), "gpus": list(members),
        "variants": [
            {"id": one.id, "what": one.what, "chips": list(one.chips), "native": list(one.native),
             "facts": {name: _fact(fact) for name in DIMENSIONS if (fact := one.fact(name))},
             "fma_per_clock_per_sm": {rate: _fact(fact) for rate in one.rates() if (fact := one.fma(rate))}}
            for one in shown
        ],
    }  # fmt: skip


def _fact(fact: Fact) -> dict[str, Any]:
    return {"value": fact.value, "text": fact.text, "source": fact.source, "kind": fact.kind}


def _added(family: Family) -> str:
    """The precisions that the generation before it did not compute in."""
    known = families()
    before = {name for key in family.predecessors if key in known for one in known[key].variants
              for name in one.native}  # fmt: skip
    own = list(dict.fromkeys(name for one in family.variants for name in one.native if name not in before))
    if not own or not before:
        return ""
    names = ", ".join(
        FIELDS[name].label.split(" (")[0].replace(" tensor", "") for name in own if name in FIELDS
    )
    return f"New in its matrix units: {names}."


def _variants(shown: Sequence[Architecture], cited: Citations) -> Table:
    """A column a variant: what it is, what one SM holds, and multiply-adds per clock by precision."""
    rows: list[tuple[str | None, ...]] = [
        ("Found in", *(one.what or None for one in shown), None),
        ("Chips", *(", ".join(one.chips) or None for one in shown), None),
    ]
    rows += _rows(shown, cited)
    columns: list[str | Column] = [
        "",
        *(Column(one.id, optional=place > 0) for place, one in enumerate(shown)),
        _SOURCE,
    ]
    note = "FMA: fused multiply-adds per clock and SM, dense; a peak is 2 x FMA x SMs x clock."
    return Table.of("What one SM does", columns, rows, [note])


def _rows(shown: Sequence[Architecture], cited: Citations) -> Iterator[tuple[str | None, ...]]:
    for name, label in _LABELS.items():
        facts = [one.fact(name) for one in shown]
        if any(facts):
            yield (label, *(_text(fact) for fact in facts), _sources(facts, cited))
    rates = dict.fromkeys(rate for one in shown for rate in one.rates())
    for rate in (name for name in FIELDS if name in rates):
        facts = [one.fma(rate) for one in shown]
        yield (f"FMA in {FIELDS[rate].label}", *(_text(fact) for fact in facts), _sources(facts, cited))


def _sources(facts: Sequence[Fact | None], cited: Citations) -> Cited:
    return cited.keys(key for fact in facts if fact for key in fact.sources)


def _text(fact: Fact | None) -> str | None:
    if fact is None:
        return None
    if isinstance(fact.value, bool):
        return "yes" if fact.value else "no"
    if fact.dimension == "memory":
        return show(float(fact.value), "memory")
    return number(float(fact.value), 4) if isinstance(fact.value, int | float) else fact.text
