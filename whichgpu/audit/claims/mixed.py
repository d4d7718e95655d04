"""Peaks of another kind than those beside them: one with sparsity in a row of dense ones, one way of NVLink.

Each by itself is on file of its device; in one row, one column or one sentence they are compared. What says
that a figure is of its kind, as a note does, makes it right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import made
from whichgpu.audit.tables.cells import noted, of_mark
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.attributes import attributes, qualifiers
from whichgpu.audit.values.sourced import RATES, SPARSE, nearly_same, source_of
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

#: Words by which a figure, or those around it, are known to be with sparsity.
_SPARSE = re.compile(r"\bspars\w+|\b2:4\b", re.IGNORECASE)
_IN = re.compile(r"\b(?:FP|F)?(?P<bits>32|16)(?:-bit)?[- ]accum\w*", re.IGNORECASE)
_DENSE = re.compile(r"\bdense\b", re.IGNORECASE)
_LEAST = 2
#: Kinds of figures; what is of several of the first ones is of the first.
_FIRST = ("dense", "acc16", "sparse", "both_ways", "one_way")
_WAYS = {"both_ways", "one_way"}


class _Told(NamedTuple):
    """A confirmed figure: its finding, its place in a passage, its value, and the kind that it is of."""

    finding: Finding
    passage: Passage
    place: tuple[int, int]
    gpu: Gpu
    kind: str


def find(context: Context) -> Iterator[Finding]:
    """Every confirmed figure that is of another kind than its row, its column or its words say."""
    confirmed = [
        each
        for each in context.memo["found"]
        if each.kind == "specification" and each.verdict == "confirmed" and _is_of_kinds(each)
    ]
    if not confirmed:
        return
    for table in context.document.tables:
        yield from _of_table(table, confirmed, context)
    for passage in context.document.passages:
        if passage.kind in RUNNING:
            yield from _of_passage(passage, confirmed, context)


def _is_of_kinds(found: Finding) -> bool:
    known = attributes().get(found.attribute)
    return known is not None and (known.dimension in RATES or known.key == "nvlink")


def _told(passage: Passage, confirmed: Sequence[Finding], context: Context) -> Iterator[_Told]:
    """The confirmed figures that stand in a passage, each of which is of one kind alone."""
    start, end = passage.start, passage.end
    here = [each for each in confirmed if start <= each.start and each.end <= end]
    told = quantities(passage.text, context.fraction) if here else ()
    for each in here:
        for one in told:
            if passage.span(one.start, one.end) != (each.start, each.end):
                continue
            place = (one.start, one.end)
            gpus = [context.catalogue[key] for key in each.subject.split(", ") if key in context.catalogue]
            kinds = {kind for gpu in gpus for kind in _kinds(each.attribute, one.value, gpu)}
            kind = next((kind for kind in _FIRST if kind in kinds), None)
            said = noted(passage, place, context.document.original)
            if kind == "sparse" and _SPARSE.search(passage.text):
                # It says so itself: "156 TFLOPS (312 TFLOPS with sparsity)".
                continue
            if kind is not None and not kinds >= _WAYS and "sparse" not in said:
                yield _Told(each, passage, place, gpus[0], kind)


def _kinds(key: str, value: float, gpu: Gpu) -> Iterator[str]:
    """What a value can be of a device: a dense peak, one that accumulates in 16 bits, one with sparsity."""
    if key == "nvlink":
        for field, kind in (("nvlink", "both_ways"), ("nvlink_per_direction", "one_way")):
            if (known := gpu.value(field)) and nearly_same(value, float(known)):
                yield kind
        return
    for field in attributes()[key].fields:
        known, times = float(gpu.value(field) or 0.0), gpu.sparse_times(field)
        if known and nearly_same(value, known):
            yield "acc16" if field.endswith("acc16") else "dense"
        elif known and field in SPARSE and times > 1 and nearly_same(value, known * times):
            yield "sparse"


def _of_table(table: Table, confirmed: Sequence[Finding], context: Context) -> Iterator[Finding]:
    """What is of another kind than the other figures of its attribute in a table, or than its header says."""
    told: dict[str, list[tuple[_Told, str]]] = {}
    marked = _SPARSE.search(table.caption) is not None and not _DENSE.search(table.caption)
    for row in table.rows:
        for column, cell in enumerate(row):
            heads = (row[0], table.cell(0, column))
            label = " | ".join(head.text for head in heads if head is not None)
            for each in _told(cell, confirmed, context) if cell is not None else ():
                told.setdefault(each.finding.attribute, []).append((each, label))
    for group in told.values():
        for each, label in group:
            if (wrong := _accumulates(each, label)) is not None:
                yield _found(each, wrong, "the header says in which format it accumulates", context)
        plain = [
            each
            for each, label in group
            if not _SPARSE.search(label) and "sparse" not in of_mark(label, context.document.original)
        ]
        if not marked and len(plain) == len(group):
            yield from _odd(plain, context)


def _odd(group: Sequence[_Told], context: Context) -> Iterator[Finding]:
    """The one figure of a group that is of another kind than all others."""
    for odd, common in (("sparse", "dense"), ("one_way", "both_ways")):
        alone = [each for each in group if each.kind == odd]
        # What has no other kind says nothing: a card without sparsity has dense peaks alone.
        others = [each for each in group if each.kind == common and _has(each.gpu, odd)]
        cells = {each.finding.start for each in alone}
        if len(cells) == 1 and len({each.finding.start for each in others}) >= _LEAST:
            yield _found(alone[0], common, "the others beside it are of that kind", context)


def _has(gpu: Gpu, kind: str) -> bool:
    if kind == "one_way":
        return gpu.value("nvlink_per_direction") is not None
    return gpu.sparse_times() > 1


def _accumulates(each: _Told, words: str) -> str | None:
    """The kind that words on the accumulator ask for, where a figure is of the other one."""
    told = {match["bits"] for match in _IN.finditer(words)}
    full, half = (float(each.gpu.value(field) or 0.0) for field in ("fp16", "fp16_acc16"))
    if len(told) != 1 or not half or nearly_same(full, half):
        return None
    asked = "dense" if told.pop() == "32" else "acc16"
    return asked if {asked, each.kind} == {"dense", "acc16"} else None


def _of_passage(passage: Passage, confirmed: Sequence[Finding], context: Context) -> Iterator[Finding]:
    """Figures of a kind that their sentence rules out: 900 GB/s "per direction", 1,979 "dense"."""
    for each in _told(passage, confirmed, context):
        text = next(one.text for one in sentences(passage.text) if one.end > each.place[0])
        of_link = each.finding.attribute == "nvlink"
        dimension = "bandwidth" if of_link else "flop rate"
        same = {one.value for one in quantities(text, context.fraction) if one.dimension == dimension}
        said = qualifiers(text) & {"one_way", "both_ways"}
        asked = next(iter(said), None) if of_link and len(said) == 1 else _accumulates(each, text)
        if asked is not None and asked != each.kind and len(same) == 1:
            yield _found(each, asked, "the sentence says which is meant", context)
        if each.kind == "dense" and _DENSE.search(text) and not _SPARSE.search(text):
            yield from _opposed(each, context)


#: What a dense peak is held against, of a device that is not named: "111.1 TFLOPS against 153.4 for".
_AGAINST = re.compile(
    r"\s*,?\s+(?:against|versus|vs\.?|compared (?:to|with)|to)\s+(?:only\s+|just\s+)?"
    r"(?P<n>\d[\d,]*(?:\.\d+)?)(?![\d%])(?:\s?TFLOPS)?(?=\s+(?:for|of|on|in|from)\b)",
    re.IGNORECASE,
)
_TERA = 1e12


def _opposed(each: _Told, context: Context) -> Iterator[Finding]:
    """A figure beside a dense one that no device of the text has but with sparsity."""
    match = _AGAINST.match(each.passage.text, each.place[1])
    key = each.finding.attribute
    value = float(match["n"].replace(",", "")) * _TERA if match else 0.0
    gpus = [context.catalogue[one] for one in sorted(context.spoken_of)] if match else []
    kinds = [(gpu, kind) for gpu in gpus for kind in _kinds(key, value, gpu)]
    if match and kinds and {kind for _, kind in kinds} == {"sparse"}:
        stated = each.finding._replace(stated=match["n"])
        other = _Told(stated, each.passage, match.span("n"), kinds[0][0], "sparse")
        yield _found(other, "dense", "the one before it is dense", context)


_NAMED = {
    "sparse": "with sparsity", "dense": "without sparsity", "acc16": "with FP16 accumulation",
    "one_way": "of one direction", "both_ways": "of both directions",
}  # fmt: skip


def _found(each: _Told, right: str, why: str, context: Context) -> Finding:
    """The finding on a figure of the wrong kind."""
    field = {"one_way": "nvlink_per_direction", "both_ways": "nvlink"}.get(right) or next(
        one
        for one in attributes()[each.finding.attribute].fields
        if each.gpu.value(one) is not None and one.endswith("acc16") is (right == "acc16")
    )
    named = _NAMED | ({"dense": "with FP32 accumulation"} if "acc16" in (right, each.kind) else {})
    because = (
        f"{each.gpu.id}: {each.finding.stated} is the figure {named[each.kind]}, the one {named[right]} is "
        f"{each.gpu.display(field)}; {why}"
    )
    return made(
        context, each.passage, each.place, "category", "contradicted", subject=each.gpu.id,
        attribute=each.finding.attribute, because=because, expected=each.gpu.display(field),
        evidence=(source_of(each.gpu, field),),
    )  # fmt: skip
