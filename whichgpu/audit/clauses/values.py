"""Values that a clause states of its device: memory, bandwidth, cores, power, rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import CHIP, named, qualifiers
from whichgpu.audit.binding import Binder
from whichgpu.audit.clauses.mood import is_its_own
from whichgpu.audit.implied import implied
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import Spoken
from whichgpu.audit.sentences import Sentence, within
from whichgpu.audit.variants import finding_on, verdict_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.clauses.parts import Clause
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.hardware.gpu import Gpu

#: Attributes whose values no maker, clock or rounding changes much.
_ATTRIBUTES = frozenset({
    "memory", "bandwidth", "cores", "tensor_cores", "rt_cores", "sms", "memory_bus", "power", "nvlink",
    "fp64", "fp32", "fp16", "tf32", "bf16", "fp8", "fp4", "int8",
})  # fmt: skip
#: So many times what is on file, or a part of it, is of something else.
_FAR = 12.0
_OF_MEMORY = re.compile(r"\b(?:memory|vram|hbm\w*|gddr\w*|capacity|frame ?buffer)\b", re.IGNORECASE)
_OF_POWER = re.compile(r"\b(?:tdp|tgp|tbp|rated|(?:board|thermal|design|graphics) power)\b", re.IGNORECASE)
_HAS = re.compile(
    r"(?:\b(?:has|have|had|with|carries|packs|offers?|comes? with|gets|brings|its)|[\u2019']s)\s+"
    r"(?:only |just |a |an |full |whole |\w+ly )*$",
    re.IGNORECASE,
)


def values(clause: Clause, context: Context) -> Iterator[Finding]:
    """The values of a clause that are not its device's."""
    if not is_its_own(_besides_names(clause)):
        return
    text, place = clause.passage.text, Sentence(clause.start, clause.end, clause.text)
    every = within(quantities(text, context.fraction), clause.start, clause.end)
    if not every:
        return
    told = [each for each in within(named(text), clause.start, clause.end) if each.end <= clause.end]
    told += implied(text, place)
    here = [clause.subject] if clause.named else []
    binder = Binder(text, place, told, Spoken(here, [], [clause.subject], text), every)
    gpus = [context.catalogue[key] for key in clause.subject.named]
    for quantity in every:
        bound = binder.bind(quantity)
        if bound is not None and _is_plain(clause, quantity, bound[0]):
            yield from _wrong(clause, quantity, bound[0], gpus, context)


def _besides_names(clause: Clause) -> str:
    """The words of a clause but those of its device's name."""
    at = clause.subject
    if not clause.named:
        return clause.text
    return f"{clause.passage.text[clause.start : at.start]} {clause.passage.text[at.end : clause.end]}"


def _is_plain(clause: Clause, quantity: Quantity, attribute: Attribute) -> bool:
    """Whether the words beside a value say of which attribute it is."""
    if attribute.key not in _ATTRIBUTES or quantity.high != quantity.value or quantity.limit:
        return False
    before = clause.passage.text[clause.start : quantity.start]
    if attribute.dimension == "count" and CHIP.search(before):
        return False
    if attribute.dimension in ("flop rate", "op rate") and "spars" in clause.passage.text:
        return False
    if attribute.key == "memory":
        return _OF_MEMORY.search(clause.text) is not None or _HAS.search(before) is not None
    return attribute.key != "power" or _OF_POWER.search(clause.text) is not None


def _wrong(
    clause: Clause, quantity: Quantity, attribute: Attribute, gpus: list[Gpu], context: Context
) -> Iterator[Finding]:
    text = clause.passage.text
    said = qualifiers(clause.text)
    found = verdict_on(text, quantity, attribute, gpus, said=said, context=context)
    known = [float(gpu.value(field) or 0.0) for gpu in gpus for field in attribute.fields]
    near = any(one and 1 / _FAR < quantity.value / one < _FAR for one in known)
    if found.verdict == "contradicted" and near:
        yield finding_on(clause.passage, quantity, attribute, gpus, found=found, context=context)
