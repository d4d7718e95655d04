"""Memory of a machine with so many GPUs: "the 1,440 GB of an eight-way B200 system"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import made
from whichgpu.audit.quantities import SPELLED, quantities, read_number
from whichgpu.audit.sentences import within
from whichgpu.audit.sourced import source_of
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.subjects import Mention

_MANY = rf"(?P<n>\d{{1,2}}|{'|'.join(SPELLED)})[- ](?:way|gpu|card)\s+"
#: Before the name: "1,440 GB of an eight-way", "an eight-way"; behind it a machine, and what it has.
_OF = re.compile(
    rf"\s+(?:of|in|on|from)\s+(?:an?|one|each|the)\s+{_MANY}(?:nvidia\s+|amd\s+|hgx\s+|dgx\s+)*", re.I
)
_A = re.compile(rf"\b(?:an?|one|each|the)\s+{_MANY}(?:nvidia\s+|amd\s+|hgx\s+|dgx\s+)*$", re.IGNORECASE)
_MACHINE = re.compile(r"\s+(?:systems?|servers?|nodes?|box(?:es)?|machines?|baseboards?)\b", re.IGNORECASE)
_HAS = re.compile(
    r"\s+(?:\w+\s+)?(?:has|have|offers?|holds?|provides?|comes with|gives you|brings|with)\s+"
    r"(?:a total of\s+|"
    r"about\s+|some\s+)?",
    re.IGNORECASE,
)
_HOST = re.compile(r"\s+(?:of\s+)?(?:system|host|main|cpu|ddr\d|ram\b|nvme|disk|free|left)", re.IGNORECASE)
_WITHIN, _BINARY, _LEAST = 0.02, 2**30 / 1e9, 2


def find(context: Context) -> Iterator[Finding]:
    """Every such amount that is not so many times the memory of the device."""
    for index, passage in context.document.running():
        for one in context.mentions.get(index, ()):
            machine = _MACHINE.match(passage.text, one.end)
            if machine is not None:
                yield from _of_machine(passage, one, machine.end(), context)


def _of_machine(passage: Passage, one: Mention, end: int, context: Context) -> Iterator[Finding]:
    text = passage.text
    every = quantities(text, context.fraction)
    before = [each for each in every if each.end <= one.start and one.start - each.end < _REACH]
    for each in before:
        match = _OF.fullmatch(text, each.end, one.start)
        if match and each.dimension == "memory":
            yield from _judged(passage, each, one, _number(match["n"]), context)
            return
    counted, has = _A.search(text, max(0, one.start - _REACH), one.start), _HAS.match(text, end)
    behind = within(every, has.end(), has.end() + 1) if counted and has else ()
    if counted and behind and behind[0].dimension == "memory":
        yield from _judged(passage, behind[0], one, _number(counted["n"]), context)


_REACH = 60


def _number(word: str) -> int:
    return int(read_number(word))


def _judged(passage: Passage, told: Quantity, one: Mention, many: int, context: Context) -> Iterator[Finding]:
    gpus = [context.catalogue[key] for key in one.ids]
    sizes = _sizes([float(gpu.value("memory") or 0) for gpu in gpus if gpu.confidence != "low"])
    if not sizes or many < _LEAST or told.high != told.value or _HOST.match(passage.text, told.end):
        return
    real = [many * size * 1e9 for size in sizes]
    # What one has in binary gigabytes, and what several machines have, is no error.
    ways = [way for each in real for way in (each, each * _BINARY, each / many)]
    right = any(abs(told.value / way - 1) <= _WITHIN for way in ways)
    because = f"{many} of {gpus[0].id} with {sizes[0]:g} GB each have {real[0] / 1e9:,.4g} GB"
    yield made(
        context, passage, (told.start, told.end), "arithmetic", "confirmed" if right else "contradicted",
        subject=gpus[0].id, attribute="memory of all", because=because,
        expected="" if right else f"{real[0] / 1e9:,.4g} GB", evidence=(source_of(gpus[0], "memory"),),
    )  # fmt: skip


def _sizes(values: Sequence[float]) -> list[float]:
    """Sizes as they are sold, and as the driver counts them."""
    return [
        size for value in values if value for size in (float(nominal_gb(value) or value / 1e9), value / 1e9)
    ]
