"""Tables of images a second: no device does more arithmetic than its peak in the precision of the column.

"FP32" is bound by the peak of FP32 where there are no tensor cores for it. A device with twice the peak in 16
bits, or more, is not clearly faster in 32 bits either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.throughput import BACKWARD, NETWORK, SEVERAL, TRAINS, peak, said_rates, work
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables import stated as tables
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.hardware.gpu import Gpu

_IMAGES = re.compile(
    r"\b(?:images?|imgs?|pictures?|samples?)\s?(?:/|per |a |every )\s?s(?:ec(?:ond)?s?)?\b", re.IGNORECASE
)
#: Other sizes of images than those that the work of networks is told for, and what was not measured.
_ELSE = re.compile(
    r"\b(?:cifar\S*|mnist|tiny[ -]?imagenet|resiz\w+|theoretical|ideal|calculated|pruned|sparse|distill\w*|"
    r"(?:32|48|64|96|112|128|160|192)\s?(?:x|\u00d7|px|pixels)\s?\d*)\b",
    re.IGNORECASE,
)
#: Above a table, that several devices work together in it.
_TOGETHER = re.compile(
    r"\b(?:(?:[2-9]|\d{2,3}|two|four|eight|sixteen)[ -](?:x |\u00d7 )?(?:gpus?|cards?|accelerators?|nodes?)|"
    r"clusters?|dgx|hgx|nodes?|servers?|multi-?gpu|dual)\b|\b\d{1,3}\s?[x\u00d7]\s?[A-Z]",
    re.IGNORECASE,
)
_SINGLE = re.compile(r"\b(?:fp32|float32|single)\b", re.IGNORECASE)
_HALF = re.compile(r"\b(?:fp16|bf16|amp|mixed(?: precision)?|half)\b", re.IGNORECASE)
#: By how much clocks go above those of the peak; how much faster 16 bits are at their peak at least, and
#: 32 bits in a row that cannot be.
_SLACK, _TWICE, _AHEAD = 1.1, 1.9, 1.3
_MOST_CELLS = 300


def find(context: Context) -> Iterator[Finding]:
    """Every rate of images that no arithmetic unit of its device could work out."""
    for table in context.document.tables:
        above = " ".join((table.caption, *table.section[-1:]))
        cells = tables.every(table, context)[:_MOST_CELLS]
        rows: dict[int, list[tuple[Cell, Quantity]]] = {}
        for cell in cells:
            told = quantities(cell.passage.text, context.fraction)
            of_images = _IMAGES.search(f"{cell.label} {cell.passage.text} {above}")
            if of_images and len(told) == 1 and told[0].dimension in ("number", "rate") and told[0].value > 1:
                rows.setdefault(cell.row, []).append((cell, told[0]))
        for row in rows.values():
            found = [one for cell, each in row for one in _of_cell(cell, each, (table, above), context)]
            yield from found
            if not any(each.accuses for each in found):
                yield from _of_row(row, context)


def _of_cell(
    cell: Cell, told: Quantity, where: tuple[Table, str], context: Context
) -> Iterator[Finding]:  # fmt: skip
    table, above = where
    beside = " ; ".join(each.text for each in table.rows[cell.row] if each)
    name = next((one for text in (cell.label, beside, above) if (one := _network(text))), "")
    around = f"{cell.label} {beside} {above}"
    done = work(name).get("image", 0.0) if name else 0.0
    if not done or _ELSE.search(around) or SEVERAL.search(cell.label) or _TOGETHER.search(above):
        return
    trains = TRAINS.search(around) is not None
    # A column names its precision; above the table all of them are named.
    rates = said_rates(cell.label, trains=trains)
    gpu = max((context.catalogue[key] for key in cell.ids), key=lambda one: peak(one, rates))
    done *= BACKWARD if trains else 1.0
    most = cell.number * peak(gpu, rates, sparse=False) / done
    if 0 < most * _SLACK < told.value:
        of = f"the peak in {rates[0].upper()}" if len(rates) <= _FEW else "the highest peak"
        because = (
            f"{name} does {done / 1e9:,.3g} GFLOP each; at {of} of {gpu.id} that is at most {most:,.0f} "
            "a second"
        )
        yield _finding(cell, told, (gpu, because, f"at most {most:,.0f}"), context)


#: Rates of one precision: its own, and what it may run as.
_FEW = 2


def _network(text: str) -> str:
    """The one network that a text names; empty where it names none, or several."""
    names = {match[0].strip(" -.") for match in NETWORK.finditer(text)}
    return names.pop() if len(names) == 1 else ""


def _of_row(row: Sequence[tuple[Cell, Quantity]], context: Context) -> Iterator[Finding]:
    """A rate in 32 bits that is clearly above that in 16 bits of the same row."""
    by: Mapping[bool, list[tuple[Cell, Quantity]]] = {True: [], False: []}
    for cell, told in row:
        single, half = _SINGLE.search(cell.label), _HALF.search(cell.label)
        if bool(single) != bool(half):
            by[bool(single)].append((cell, told))
    if len(by[True]) != 1 or len(by[False]) != 1:
        return
    (cell, told), (other, half_told) = by[True][0], by[False][0]
    rest = _SINGLE.sub("", cell.label).split()
    if rest != _HALF.sub("", other.label).split() or cell.number != other.number:
        return
    gpus = [context.catalogue[key] for key in cell.ids]
    twice = all(
        float(gpu.value("fp16") or 0.0) >= _TWICE * float(gpu.value("fp32") or float("inf")) for gpu in gpus
    )
    if gpus and twice and told.value > _AHEAD * half_told.value:
        because = (
            f"in 16 bits it does {half_told.value:,.6g}, and its peak there is twice that of FP32 or more"
        )
        yield _finding(cell, told, (gpus[0], because, ""), context)


def _finding(cell: Cell, told: Quantity, why: tuple[Gpu, str, str], context: Context) -> Finding:
    gpu, because, expected = why
    return made(
        context, cell.passage, (told.start, told.end), "benchmark", "contradicted", subject=gpu.id,
        attribute="throughput", because=because, expected=expected,
        evidence=(Evidence(because), source_of(gpu, "fp32")),
    )  # fmt: skip
