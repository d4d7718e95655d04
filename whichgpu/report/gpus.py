"""GPUs as reports: one in full, many as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.facts import reading
from whichgpu.hardware.architecture import after, architectures, before, families, family_of
from whichgpu.hardware.blank import APPLIES, OPEN, PUBLISHED, blanks
from whichgpu.hardware.fields import FIELDS
from whichgpu.hardware.gpu import display
from whichgpu.hardware.limits import limits, reached
from whichgpu.hardware.sought import sought
from whichgpu.report.limits import at_limits
from whichgpu.report.table import Column, Report, Table
from whichgpu.units import number
from whichgpu.values import Deferred

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.facts.model import Fact
    from whichgpu.hardware.architecture import Family, Step
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.machine import Room
    from whichgpu.prices.best import Price
    from whichgpu.report.table import Block

#: Rates of matrix engines to which the sparsity factor applies as it stands.
SPARSE = ("tf32", "fp16", "fp16_acc16", "bf16", "fp8", "fp8_acc16", "fp6", "fp4", "int8", "int4")
#: Formats that a generation of NVIDIA's has or lacks.
_FORMATS = ("fp64_tensor", "tf32", "bf16", "fp8", "fp8_acc16", "fp6", "fp4")
_BLANK = {APPLIES: "Does not apply", PUBLISHED: "Not published", OPEN: "Not read in any source"}


def show_report(gpu: Gpu, *, sources: bool) -> Report:
    """Everything known about one GPU; with `sources`, where each value comes from."""
    blocks: list[Block] = [_facts(gpu, sources=sources), *at_limits(gpu)]
    if sources:
        blocks.append(_sources(gpu))
    return Report(Deferred(lambda: show_document(gpu)), tuple(blocks))


def gist(gpu: Gpu, rented: Price | None) -> str:
    """What decides, in two sentences: memory, rates, power, release and price, as far as they were read."""
    board = _board(gpu)
    wide = max(("fp16", "bf16"), key=lambda name: gpu.value(name) or 0)
    # As on Pascal, whose FP16 units are there for programs that ask for their rounding.
    slow = 0 < (gpu.value(wide) or 0) < (gpu.value("fp32") or 0) / 2
    halves = "{} in 16 bits (which software computes in FP32)" if slow else "{} in 16 bits"
    fields = {
        "memory": "{}", "bandwidth": "{}", wide: halves,
        "fp32": "{} in FP32", "power": f"{{}} for its {board}" if board else "{}",
        "release_date": "released {}", "launch_price": "launched at {}",
    }  # fmt: skip
    own = ", ".join(said.format(text) for name, said in fields.items() if (text := short(gpu, name)))
    offer = f"to rent, the best: {rented.source}" if rented else "no on-demand offer of it is on file"
    return f"{gpu} ({gpu.id}): {'; '.join(filter(None, (own, offer)))}."


def fields_report(gpus: Sequence[Gpu], names: Sequence[str]) -> Report:
    """Only these fields of GPUs, each with its source: what somebody asks of a card."""
    told = {gpu: [(FIELDS[name].label, *_told_of(gpu, name)) for name in names] for gpu in gpus}
    lines = [
        f"{gpu} ({gpu.id}): {'; '.join(f'{label} {text}' for label, text, _, _ in rows)}."
        for gpu, rows in told.items()
    ]
    table = Table.of(
        "Where it is from",
        ["GPU", "Field", "Value", "Kind", "Source"],
        [(gpu.id, *row) for gpu, rows in told.items() for row in rows],
    )
    known = {gpu: _known(gpu)["fields"] for gpu in gpus}
    document = {
        "gpus": {
            gpu.id: {
                name: fields.get(name) or {"value": None, "text": _told_of(gpu, name)[0]} for name in names
            }
            for gpu, fields in known.items()
        }
    }
    return Report(document, (*lines, table))


def room_report(rooms: Sequence[Room]) -> Report:
    """How many of each GPU go into a machine, and what each number of them takes of it."""
    tables = [
        Table.of(
            f"{one.gpu} in the machine",
            ["Cards", *one.parts, "Goes in"],
            [
                (f"{count}", *needs, "yes" if count <= one.most else "no")
                for count, needs in zip(one.counts, one.needs, strict=True)
            ],
        )
        for one in rooms if one.parts
    ]  # fmt: skip
    assumed = "; ".join(dict.fromkeys(text for one in rooms for text in one.assumed))
    document = {"machines": [one.to_dict() for one in rooms]}
    return Report(document, (*(one.sentence for one in rooms), *tables, f"Assumed: {assumed}."))


def _told_of(gpu: Gpu, name: str) -> tuple[str, str, str]:
    """A field's value in words, its kind and its source; of a blank one why it is."""
    if facts := gpu.stated(name):
        *_, kind, source = _row("", "", facts[0])
        return "none" if facts[0].value == 0 else _value(gpu, name, facts[0]), kind, source
    if name in _lacks(gpu):
        return "not in its hardware", "", ""
    reason = dict(blanks(gpu)).get(name)
    answer, why = (reason.answer, reason.why) if reason else (OPEN, "")
    said = _BLANK[answer]
    return f"{said[0].lower()}{said[1:]}{f' ({why})' if why else ''}", "", ""


def show_document(gpu: Gpu) -> dict[str, Any]:
    """The contract's shape, the sparse peak beside each dense one that has it, and why the rest is blank."""
    return {**_known(gpu), "blank": {name: reason.to_dict() for name, reason in blanks(gpu)}}


def _known(gpu: Gpu) -> dict[str, Any]:
    document = gpu.to_dict()
    for name, field in document["fields"].items():
        factor = sparsity(gpu, name)
        if factor:
            field["sparse"] = field["value"] * factor
    document["at_limits"] = [
        {**limit._asdict(), **{name: reached(gpu, name, limit) for name in ("fp32", "fp16")}}
        for limit in limits(gpu)
    ]
    family = families().get(gpu.family)
    document["generation"] = {
        "name": family.name if family else None,
        "year": family.year if family else None,
        "after": [step.id for step in before(gpu.architecture)],
        "before": [step.id for step in _next(gpu.architecture)],
        "native": list(_native(gpu)),
    }
    return document


def sparsity(gpu: Gpu, name: str) -> float:
    """How many times the dense peak a rate reaches with 2:4 sparsity; 0 where it does not apply."""
    factor = gpu.sparse_times(name) if name in SPARSE else 1.0
    return factor if factor > 1 else 0.0


def _facts(gpu: Gpu, *, sources: bool) -> Table:
    columns = ["Field", "Value", "Kind", *(["Source"] if sources else [])]
    notes = list(_notes(gpu, sources=sources))
    return Table.of(f"{gpu} ({gpu.id})", columns, _rows(gpu, sources=sources), notes)


def _rows(gpu: Gpu, *, sources: bool) -> Iterator[Sequence[str]]:
    width = 4 if sources else 3
    yield ("identity",)
    native = ", ".join(FIELDS[name].label.split(" (")[0] for name in _native(gpu))
    rows = (
        ("Segment", gpu.segment), ("Architecture", _architecture(gpu)),
        ("Generation", _placed(before(gpu.architecture), _next(gpu.architecture))),
        ("Tensor precisions", native),
    )  # fmt: skip
    for label, text in rows:
        if text:
            yield (label, text, "", "")[:width]
    group = "identity"
    for name in gpu.fields():
        if FIELDS[name].group != group:
            group = FIELDS[name].group
            yield (group,)
        facts = gpu.stated(name)
        label, value, kind, source = _row(FIELDS[name].label, _value(gpu, name, facts[0]), facts[0])
        yield (label, value, kind, f"{source}{_looked(gpu, name)}")[:width]
        if sources:
            yield from (_row("", f"also said: {display(name, other)}", other) for other in facts[1:])


def _row(label: str, value: str, fact: Fact) -> tuple[str, str, str, str]:
    note = f" ({fact.note})" if fact.note else ""
    dated = f", {fact.as_of}" if fact.as_of else ""
    return label, value, fact.kind, f"{fact.source}{dated}{note}"


def _looked(gpu: Gpu, name: str) -> str:
    """What came of looking for a second-hand figure at its maker's."""
    found = sought(gpu, name)
    return f"; at its maker's {found.answer} ({found.read}, {found.on})" if found else ""


def _value(gpu: Gpu, name: str, fact: Fact) -> str:
    factor = sparsity(gpu, name)
    text = display(name, fact)
    if not factor:
        return text
    figure, _, unit = text.rpartition(" ")
    return f"{text} ({number(float(figure.replace(',', '')) * factor, 5)} {unit} sparse)"


def _architecture(gpu: Gpu) -> str:
    family = family_of(gpu.architecture)
    if family is None:
        return gpu.architecture or "not read"
    year = f", {family.year}" if family.year else ""
    return f"{family.name} ({gpu.architecture}{year})"


def _native(gpu: Gpu) -> tuple[str, ...]:
    variant = gpu.variant
    return tuple(name for name in variant.native if name in FIELDS) if variant else ()


def generation(family: str) -> str:
    """What a generation of architectures came after and before; empty where neither was read."""
    known = families()
    if family not in known:
        return ""

    both = (known[family].predecessors, known[family].successors)
    return _placed(*([known[key] for key in keys if key in known] for keys in both))


def _placed(earlier: Iterable[Step | Family], later: Iterable[Step | Family]) -> str:
    both = (("after", earlier), ("before", later))
    told = ((word, ", ".join(one.name for one in steps)) for word, steps in both)
    return "; ".join(f"{word} {names}" for word, names in told if names)


def _next(own: str) -> list[Step]:
    """The generations that came right after that of a variant."""
    family = family_of(own)
    chained = [step for step in after(own) if own in step.variants[0].follows]
    if chained or family is None:
        return chained
    firsts = (step for step in after(own) if not step.variants[0].follows)
    return [step for step in firsts if step.variants[0].family in family.successors]


def family_words(name: str) -> str:
    """A generation in a sentence: vendor, year, what came before and after; empty for no such one.

    Of a family that goes on for several generations, `name` may be the variant that is one of them.
    """
    variant = architectures().get(name)
    known = families().get(variant.family if variant else name)
    if known is None:
        return ""
    own = variant if variant and variant.year else known
    year = f", {own.year}" if own.year else ""
    near = _placed(before(variant.id), _next(variant.id)) if own is variant else generation(known.id)
    after = f", named after {known.named_after[0]}" if known.named_after[0] else ""
    return f"{own.name or known.name} is by {known.vendor}{year}{after}{f'; {near}' if near else ''}."


def _notes(gpu: Gpu, *, sources: bool) -> Iterator[str]:
    if gpu.why_unusable:
        yield gpu.why_unusable
    if gpu.confidence:
        yield f"Confidence: {gpu.confidence}."
    if gpu.note:
        yield gpu.note[0].upper() + gpu.note[1:].rstrip(".") + "."
    lacks = _lacks(gpu)
    if lacks:
        names = ", ".join(dict.fromkeys(FIELDS[name].label.split(" (")[0] for name in lacks))
        yield f"Not in its hardware: {names}."
    yield from _blank(gpu, lacks)
    disputed = [FIELDS[name].label for name in gpu.fields() if gpu.also(name)]
    if disputed and not sources:
        yield f"Sources differ on {', '.join(disputed)}; --sources has what each says."


def _blank(gpu: Gpu, lacks: Sequence[str]) -> Iterator[str]:
    """What has no value: what does not apply and what is not published, by reason, then what was not read."""
    told: dict[str, dict[str, list[str]]] = {answer: {} for answer in (APPLIES, PUBLISHED, OPEN)}
    for name, reason in blanks(gpu):
        if name not in lacks:
            told[reason.answer].setdefault(reason.why, []).append(FIELDS[name].label)
    for answer, reasons in told.items():
        parts = (f"{', '.join(labels)}{f' ({why})' if why else ''}" for why, labels in reasons.items())
        if reasons:
            yield f"{_BLANK[answer]}: {'; '.join(parts)}."


def _lacks(gpu: Gpu) -> tuple[str, ...]:
    """The formats without a rate that its compute capability is known to lack."""
    from whichgpu.software.features import compiled
    from whichgpu.software.targets import device

    target = device(gpu)
    blank = (name for name in _FORMATS if not gpu.stated(name))
    return tuple(
        name for name in blank if compiled(name.removesuffix("_acc16").replace("_", "-"), target) is False
    )


def _sources(gpu: Gpu) -> Table:
    known = reading.sources()
    used = {key for name in gpu.fields() for fact in gpu.stated(name) for key in fact.sources}
    rows = [
        (key, known[key].kind, known[key].title, known[key].url, known[key].accessed)
        for key in sorted(used)
        if key in known
    ]
    return Table.of("Sources", ["Key", "Kind", "Title", "Where", "Read on"], rows)


def short(gpu: Gpu, name: str) -> str | None:
    """A field for a narrow column: `80 GB` for `80 GB (81,920 MiB)`; None where it was not read."""
    return gpu.display(name).partition(" (")[0] or None


def list_report(gpus: Sequence[Gpu], fields: Sequence[str], total: int, notes: Iterable[str] = ()) -> Report:
    """Many GPUs as a table of the fields asked for."""
    columns = [Column("GPU"), *(_column(name) for name in fields)]
    remarks = [_remark(gpu) for gpu in gpus]
    if any(remarks):
        columns.append(Column("Remark", optional=True))
    rows = [
        (gpu.id, *(_cell(gpu, name) for name in fields), *([remark] if any(remarks) else []))
        for gpu, remark in zip(gpus, remarks, strict=True)
    ]
    counted = f"{len(gpus)} of {total} GPUs" if len(gpus) != total else f"{total} GPUs"
    document = {"gpus": [listed(gpu) for gpu in gpus], "total": total, "notes": list(notes)}
    return Report(document, (Table.of(counted, columns, rows, notes),))


def listed(gpu: Gpu) -> dict[str, Any]:
    """A GPU of a list: the shape of `show` without titles of sources and reasons of blanks."""
    document = _known(gpu)
    del document["sources"]
    return document


def _column(name: str) -> Column:
    if name not in FIELDS:
        return Column(name.capitalize(), optional=True)
    field = FIELDS[name]
    left = field.dimension in ("text", "flag", "date")
    return Column(field.label, "left" if left else "right", optional=True)


def _cell(gpu: Gpu, name: str) -> str | None:
    return short(gpu, name) if name in FIELDS else str(getattr(gpu, name)) or None


def _remark(gpu: Gpu) -> str:
    if not gpu.usable:
        missing = "bandwidth" if gpu.value("bandwidth") is None else "peak rates"
        return f"no prediction: {missing} not read"
    return "; ".join(filter(None, (_board(gpu), f"{gpu.confidence} confidence" if gpu.confidence else "")))


def _board(gpu: Gpu) -> str:
    """Of what its power is the limit, where a board carries several of it."""
    count = gpu.value("units_per_board") or 1
    return f"board of {count:g} GPUs" if count > 1 else ""
