"""What a machine of several devices has, where a passage is about one: "HGX H100: 26.8 TB/s, 5.6 kW".

Every value of such a passage is of one device or of all of them; one that is neither, of no attribute that
its unit can be of, is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import RATES, Attribute, attributes, named, qualifiers
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.machine import Machine, machine
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.sourced import on_file
from whichgpu.audit.subjects import family
from whichgpu.audit.worked_out import OF_ALL
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.hardware.limits import as_sold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: What a value of a unit can be of, where no precision is named.
_BY_UNIT = {"memory": ("memory",), "bandwidth": ("bandwidth", "nvlink"), "power": ("power",)}
#: What is said beside values that are of no GPU of the machine.
_ELSE = re.compile(
    r"\b(?:cpus?|cores|host|system|chassis|whole|ddr\d?|ram|nvme|ssd|storage|disk|network\w*|infiniband|ethernet|"
    r"cooling|fans|psu|power suppl\w+|pcie|switch\w*|models?|weights?|parameters?|needs?|"
    r"requires?|required|batch|"
    r"tokens?|images?|measured|achiev\w+|sustain\w*|more|less|fewer|extra|additional|than|over|cache|l2|links?|"
    r"rack|nodes|machines|servers|price\w*|costs?|idle|usable|effective|up to|previous|predecessor)\b",
    re.IGNORECASE,
)
_OF_GPUS = re.compile(r"\b(?:gpus?|modules?|cards?|accelerators?|oams?)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;]\s|\s(?:and|while|whereas|but)\s|[.:]\s|\s[\u2013\u2014-]+\s")
#: What a rate in bytes that is told again of one in bits stands behind.
_OF_BITS = re.compile(
    r"\b[GT](?:b(?:it)?/s|bps|bits? per second)\b[,;:()\s]*"
    r"(?:(?:or|that is|i\.e\.|which is|so|about|around|equal to|=)[,\s]*)*$"
)
#: Rates that a device which has none on file does without.
_LACKED = ("fp8", "fp4")
#: Before the last value of a list, each of which is of a device of its own: "2.04, 3.35 and 4.8 TB/s".
_LISTED = re.compile(r"\d,?\s+(?:and|or)\s+$")
#: How far a sum of rounded values may be off, as a share.
_WITHIN = 0.03


def find(context: Context) -> Iterator[Finding]:
    """Every value of a machine with its verdict; what is one device's is left to the kinds that read it."""
    for index, passage in context.document.running():
        found = machine(index, passage, context)
        for sentence in sentences(passage.text) if found else ():
            others = within(context.mentions.get(index, ()), sentence.start, sentence.end)
            if found and not any(each.named != found.mention.named for each in others):
                yield from _of_sentence(passage, sentence, found, context)


def _of_sentence(passage: Passage, sentence: Sentence, of: Machine, context: Context) -> Iterator[Finding]:
    for value in within(quantities(passage.text, context.fraction), sentence.start, sentence.end):
        inside = value.start < of.mention.end and of.mention.start < value.end
        if inside or value.high != value.value or value.limit not in ("", "about", "nearly"):
            continue
        if _LISTED.search(passage.text, sentence.start, value.start):
            continue
        start, end = _clause(passage.text, sentence, value)
        if _ELSE.search(passage.text, start, end):
            continue
        if value.dimension == "bandwidth" and _OF_BITS.search(passage.text, sentence.start, value.start):
            # "3.2 Tb/s, or 400 GB/s, to the outside": a network's.
            continue
        if value.dimension == "power" and not _OF_GPUS.search(passage.text, start, end):
            # What a machine draws is not what its GPUs do.
            continue
        every = _attributes(passage.text, (start, end), value)
        dense = "dense" in qualifiers(passage.text[start:end])
        yield from _judged(passage, value, every, of, dense=dense, context=context) if every else ()


def _clause(text: str, sentence: Sentence, value: Quantity) -> tuple[int, int]:
    """The stretch of a sentence that says what a value is of."""
    start = max(
        (each.end() for each in _CLAUSE.finditer(text, sentence.start, value.start)), default=sentence.start
    )
    after = _CLAUSE.search(text, value.end, sentence.end)
    return start, after.start() if after else sentence.end


def _attributes(text: str, place: tuple[int, int], value: Quantity) -> Sequence[Attribute]:
    """What a value can be of: the rates that its clause names, else all that its unit is of."""
    if value.dimension in RATES:
        return [each.attribute for each in within(named(text), *place) if each.attribute.dimension in RATES]
    return [attributes()[key] for key in _BY_UNIT.get(value.dimension, ())]


def _judged(
    passage: Passage,
    value: Quantity,
    every: Sequence[Attribute],
    of: Machine,
    *,
    dense: bool,
    context: Context,
) -> Iterator[Finding]:
    gpus = [context.catalogue[key] for key in of.mention.ids]
    # What another size of it has may be meant: boards are told of in round figures.
    kin = [context.catalogue[key] for key in family(of.mention.named, context.catalogue)]
    known = [each for each in every if any(gpu.value(field) for gpu in gpus for field in each.fields)]
    if any(_is(each, value, 1, kin, dense=dense) for each in every):
        return
    right = next((each for each in known if _is(each, value, of.number, kin, dense=dense)), None)
    if right is None and not known and every[0].key not in _LACKED:
        return
    best = right or (known or every)[0]
    one = gpus[0].display(best.fields[0])
    because = (
        f"{of.number:g} times {one} of {gpus[0].id}" if known else f"{gpus[0].id} has no {best.key.upper()}"
    )
    yield made(
        context, passage, (value.start, value.end), "specification", "confirmed" if right else "contradicted",
        subject=", ".join(of.mention.ids), attribute=best.key if right else f"{best.key}{OF_ALL}",
        because=because, evidence=(Evidence(because), on_file(gpus[0], best)),
    )  # fmt: skip


def _is(attribute: Attribute, value: Quantity, count: float, gpus: Sequence[Gpu], *, dense: bool) -> bool:
    """Whether a value is so many times what any source says of one of some devices, dense or sparse."""
    for gpu in gpus:
        times = 1.0 if dense or attribute.dimension not in RATES else float(gpu.value("sparsity") or 1.0)
        stated = (fact.value for field in attribute.fields for fact in as_sold(gpu, field))
        for one in (float(each) for each in stated if isinstance(each, int | float) and each):
            sold = nominal_gb(one) if attribute.key == "memory" else None
            sizes = (one, sold * 1e9) if sold else (one,)
            if any(
                abs(value.value / (count * k * each) - 1) <= _WITHIN for each in sizes for k in (1.0, times)
            ):
                return True
    return False
