"""Rates told in bits that are a device's in bytes: "1,008 Gb/s" of a card whose memory moves 1,008 GB/s."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.excluded.scope import spoken_of
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables import stated as tables
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.attributes import attributes
from whichgpu.audit.values.sourced import source_of
from whichgpu.hardware.derive import pcie_in_round_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.hardware.gpu import Gpu

#: What a rate in bits is right of, and that a text puts it right itself.
_OF_NETWORKS = re.compile(
    r"\b(?:infiniband|ethernet|networks?|networking|nics?|rdma|roce|ports?|connectx\S*|efa|ici|xgmi|"
    r"per pin|a pin|"
    r"pins?|"
    r"data rate|thunderbolt|usb\d?|switch\w*|(?<!\d[ -])bits?|dsl|"
    r"internet|uplink|fib(?:er|re)|convert\w*|divid\w*)\b",
    re.IGNORECASE,
)
_FIELDS = ("bandwidth", "nvlink")
#: Of the link to the host: gigabytes a second of 16 lanes, in one direction or both.
_PCIE = re.compile(r"\bPCI(?:e|[ -]Express)\b[^.;]{0,24}?\b(?P<gen>[3-5])(?:\.0)?\s?x\s?16\b", re.IGNORECASE)
_UNIT = re.compile(r"[GT]b(?:ps|/s|it/s|its/s)$")
_IN_TENTHS = re.compile(r"\d\.\d\s?([GT])b")
_SAME, _LEAST, _BITS = 0.006, 100e9, 8


def units(context: Context) -> Iterator[Finding]:
    """Every rate of running text and of tables that is in bits and should be in bytes."""
    for _, passage in context.document.running():
        for sentence in sentences(passage.text):
            told = [
                each
                for each in _in_bits(passage.text, context)
                if sentence.start <= each.start < sentence.end
            ]
            if told and not _OF_NETWORKS.search(sentence.text):
                yield from _judged(passage, told, sentence.text, spoken_of(context), context)
    for table in context.document.tables:
        for cell in tables.cells(table, context):
            told = _in_bits(cell.passage.text, context)
            if told and not _OF_NETWORKS.search(f"{cell.label} {cell.passage.text}"):
                gpus = [context.catalogue[key] for key in cell.ids]
                yield from _judged(cell.passage, told, cell.label, gpus, context)


def _in_bits(text: str, context: Context) -> list[Quantity]:
    every = quantities(text, context.fraction)
    return [
        each for each in every if each.dimension == "bit rate" and _UNIT.search(text, each.start, each.end)
    ]


def _is_as_told(words: str, told: float, value: float) -> bool:
    """Whether a rate in bits is a value in bytes, as it is or rounded to the tenths of "3.4 Tb/s"."""
    tenth = _IN_TENTHS.search(words)
    slack = 0.0501 * (1e12 if tenth and tenth[1] == "T" else 0.0)
    return abs(told / value - 1) < _SAME or abs(told - value) <= slack


def _judged(
    passage: Passage, told: Sequence[Quantity], beside: str, gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    slot = _PCIE.search(beside)
    for each in told:
        rates = [
            (value, gpu.id, source_of(gpu, field))
            for gpu in gpus
            for field in _FIELDS
            for value in attributes()[field].amounts(gpu)
            if each.value >= _LEAST and _is_as_told(passage.text[each.start : each.end], each.value, value)
        ]
        if slot:
            rates += [
                (way * rate, (of := f"PCIe {slot['gen']}.0 x16"), Evidence(f"{of}, nominal", "PCI-SIG"))
                for rate in (pcie_in_round_numbers(int(slot["gen"])),)
                for way in (1, 2)
                if way * rate == each.value
            ]
        if rates:
            value, of, source = rates[0]
            because = f"{of} moves {value / 1e9:,.4g} GB/s, in bytes: {_BITS * value / 1e9:,.5g} Gb/s"
            yield made(
                context, passage, (each.start, each.end), "specification", "contradicted", subject=of,
                attribute="unit", because=because, expected=f"{value / 1e9:,.4g} GB/s",
                evidence=(Evidence(because), source),
            )  # fmt: skip
