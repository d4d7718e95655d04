"""What an instance type of a cloud has, in tables: which GPU, how many of it, virtual processors, memory.

"p4d.24xlarge | 8 | A100 | 96 | 1,152 GiB" is held against the offers on file; rows or columns are headed by
the types.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.devices.subjects import family
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables.stated import COUNT, machine_of
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.hardware.boxes import boxes
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.hardware.instances import host, of_series
from whichgpu.units import GB, GIB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.boxes import Box

#: Headers of which GPU an instance has.
_WHICH = re.compile(
    r"(?:gpus?|accelerators?|graphics(?: cards?)?|cards?)(?: (?:types?|models?|names?|cards?))?|"
    r"grafikkarte\w*|(?:nvidia|amd) gpus?|carte graphique|hardware",
    re.IGNORECASE,
)
#: "L40S GPUs" above numbers of them.
_OF_NAMED = re.compile(
    r"(?:(?:nvidia|tesla)\s+)?[A-Z]{1,2}\d{1,3}[A-Za-z]{0,2}(?:\s+tensor core)?\s+gpus", re.IGNORECASE
)
_NUMBER = re.compile(r"\s*(?:x|\u00d7)?\s?(\d{1,3})\s?(?:x|\u00d7|gpus?)?\s*", re.IGNORECASE)
#: What sets an A10G apart from an A10.
LETTER = re.compile(r"(?<=\d)[a-z]$")
#: Places in which the types stand, and rows and columns that are read.
_SEARCHED, _ROWS, _COLUMNS = 6, 300, 30
#: Headers of what the machine has beside its GPUs.
_CPUS = re.compile(r"(?:v?cpus?|vcores?)(?: count| cores?)?|(?:virtual|cpu) cores|# ?v?cpus?", re.IGNORECASE)
_RAM = re.compile(
    r"(?:(?:system|host|instance|cpu|main|vm|server) )?(?:ram|memory)(?:[:,]? \(?(?:gi?b|ram)\)?)*|"
    r"arbeitsspeicher|m\u00e9moire vive|memoria ram",
    re.IGNORECASE,
)
#: How far a size may be off, as a share: units of 2 to the 30th or of a thousand million, and rounding.
_SIZE_OFF, _BINARY = 0.012, GIB / GB
#: From where on it is another size, whatever it is counted in.
_OTHER_SIZE = 0.12


def find(context: Context) -> Iterator[Finding]:
    """Every number and name of GPUs beside an instance type, with its verdict."""
    for index, passage in context.document.running():
        yield from _of_types(passage, context.mentions.get(index, ()), context)
        yield from _of_series(passage, context.mentions.get(index, ()), context)
    for table in context.document.tables:
        for label, name, cell in _told(table):
            yield from _of_cell(label, of_type(name) or ("", 0.0), cell, context)
            yield from _of_host(label, name, cell, context)


#: The name of an instance type in running text, and what sets a device beside one: "the T4 as g4dn.xlarge".
TYPE = re.compile(
    r"(?<![\w.-])(?:[a-z]{1,2}\d{1,2}[a-z]{0,3}\.(?:\d{0,2}x?large|metal)|[a-z]\d-[a-z]+-\d+g?|"
    r"Standard_N[A-Za-z]\w+)(?![\w-])"
)
_BESIDE = re.compile(
    r"(?:s|\sgpus?)?(?:,)?\s(?:(?:is|are|comes?|sits?|sold|offered|available|rented|let)\s)*(?:as|in|on|via|through|"
    r"with|behind|inside)\s(?:the\s|an?\s|its\s|aws[\u2019']s\s)?(?:instance\s|type\s)?`?|\s\(`?",
    re.IGNORECASE,
)
_HAS_ONE = re.compile(
    r"`?\s(?:instances?\s)?(?:\(|(?:has|have|with|comes? with|uses?|carr(?:y|ies)|features?|gives? you|"
    r"offers?|"
    r"runs on|is built on|is powered by|packs?|holds?)\s)(?:(?:an?|one|two|four|eight|\d+x?|nvidia|"
    r"tesla)\s)*",
    re.IGNORECASE,
)


def _of_types(passage: Passage, named: Sequence[Mention], context: Context) -> Iterator[Finding]:
    """The device that stands beside the name of an instance type which has another."""
    for match in TYPE.finditer(passage.text) if named else ():
        kind = of_type(match[0])
        before = [each for each in named if each.end <= match.start()][-1:]
        behind = [each for each in named if each.start >= match.end()][:1]
        one = next(
            (each for each in before if _BESIDE.fullmatch(passage.text, each.end, match.start())), None
        )
        one = one or next(
            (each for each in behind if _HAS_ONE.fullmatch(passage.text, match.end(), each.start)), None
        )
        if one is None or kind is None or kind[0] not in context.catalogue:
            continue
        near = kind[0] in (*one.named, *family(one.named, context.catalogue))
        alike = any(LETTER.sub("", key) == LETTER.sub("", kind[0]) for key in one.named)
        verdict = "confirmed" if near else "unverifiable" if alike else "contradicted"
        because = f"{match[0]} has {context.catalogue[kind[0]].name}"
        yield made(
            context, passage, (one.start, one.end) if near else match.span(), "identity", verdict,
            subject=match[0], attribute="instance", because=because, evidence=(Evidence(because),),
        )  # fmt: skip


#: A series of instance types with its seller near: "Google's A2 machines", "P4d instances".
_A_SERIES = (
    r"(?P<series>[A-Za-z]\d{1,2}[a-z]{0,3})\s+(?:instances?|machines?|VMs?|family|series|"
    r"types?|ones)(?:\s+types?)?"
)
_SERIES_HAS = re.compile(
    rf"(?<![\w.-]){_A_SERIES}\s+(?:(?:has|have|come with|comes with|carr(?:y|ies)|use|uses|offers?|"
    rf"features?|run on|runs on|"
    r"(?:is|are) (?:powered by|built on|based on|equipped with)|packs?|gives? you|contains?|holds?|"
    # "P4d instances (NVIDIA A100)"
    r"get|with)\s+|\()"
    r"(?:(?:up to|one|two|four|eight|sixteen|an?|the|\d{1,2}x?|of|with|nvidia|nvidia[\u2019']s|tesla)\s+)*$",
    re.IGNORECASE,
)
_IN_SERIES = re.compile(
    rf"(?:s|\s+gpus?)?\s+(?:(?:is|are|sits?|can be found|comes?)\s+)?(?:in|as|on|with|through|via)\s+"
    rf"(?:the\s+|its\s+|their\s+|aws[\u2019']s\s+|"
    rf"amazon[\u2019']s\s+|"
    rf"google[\u2019']s\s+|gcp[\u2019']s\s+|aws\s+|ec2\s+)*{_A_SERIES}\b",
    re.IGNORECASE,
)
#: Who names its types how.
_SELLERS = ((re.compile(r"\b(?:AWS|Amazon|EC2)\b"), "."), (re.compile(r"\b(?:Google|GCP|GCE)\b"), "-"))
_LEAD = 80


def _sellers(passage: Passage, context: Context) -> list[str]:
    """What the sellers whom a passage names put behind a series, else the one whom the document names."""
    here = [after for seller, after in _SELLERS if seller.search(passage.text)]
    if here:
        return here
    key = "sellers of series"
    if key not in context.memo:
        text = context.document.original
        context.memo[key] = [after for seller, after in _SELLERS if seller.search(text)]
    everywhere: list[str] = context.memo[key]
    return everywhere if len(everywhere) == 1 else []


def _of_series(passage: Passage, named: Sequence[Mention], context: Context) -> Iterator[Finding]:
    """Which GPU the instances of a series have, where the sentence or the document names the seller."""
    for one in named:
        match = _SERIES_HAS.search(passage.text, max(0, one.start - _LEAD), one.start) or _IN_SERIES.match(
            passage.text, one.end
        )
        if match is None:
            continue
        series = match["series"]
        asked = [of_series(series, after) for after in _sellers(passage, context)]
        known = [each for each in asked if each]
        if len(known) != 1 or any(key not in context.catalogue for key in known[0]):
            continue
        near = known[0] & {*one.named, *family(one.named, context.catalogue)}
        alike = {LETTER.sub("", key) for key in one.named} & {LETTER.sub("", key) for key in known[0]}
        verdict = "confirmed" if near else "unverifiable" if alike else "contradicted"
        real = " or ".join(sorted(context.catalogue[key].name for key in known[0]))
        because = f"{match['series']} instances have {real}"
        yield made(
            context, passage, (one.start, one.end), "identity", verdict, subject=series,
            attribute="instance", because=because, expected="" if near else real,
            evidence=(Evidence(because),),
        )  # fmt: skip


def _told(table: Table) -> Iterator[tuple[str, str, Passage]]:
    """The cells beside types with what they are headed by and the name of the type."""
    for row in table.rows[1:_ROWS]:
        at = next((i for i, c in enumerate(row[:_SEARCHED]) if c and of_type(c.text)), None)
        for column, cell in enumerate(row[:_COLUMNS]) if at is not None else ():
            head, beside = table.cell(0, column), row[at or 0]
            if beside and cell and head and column != at:
                yield head.text, beside.text, cell
    for column, head in enumerate(table.rows[0][1:_COLUMNS], 1) if table.rows else ():
        for row in table.rows[1:_ROWS] if head and of_type(head.text) else ():
            cell = row[column] if len(row) > column else None
            if head and cell and row[0]:
                yield row[0].text, head.text, cell


#: Names of NVIDIA's own machines, with what their GPUs have together.
_MACHINE = re.compile(
    r"(?:NVIDIA )?(?P<board>[DH]GX)[ -](?P<gpu>[A-Z]\d{2,3})(?:\s*\(?(?P<size>\d{2,4})\s?GB\)?)?"
    r"(?: (?:system|server|station))?",
    re.IGNORECASE,
)


@lru_cache(maxsize=256)
def of_type(name: str) -> tuple[str, float] | None:
    """The GPU of an instance type or of a maker's machine, and how many of it; None for anything else."""
    match = _MACHINE.fullmatch(name.strip(" *`"))
    if match is None:
        return machine_of(name)
    name = re.own(f"{match['board']} {match['gpu']}")
    words = re.compile(rf"\b{name}\b", re.IGNORECASE)
    found = {
        (box.gpu, float(box.gpus))
        for box in boxes().values()
        if box.gpu and words.search(box.name) and _is_of_size(box, match["size"])
    }
    return min(found) if len({number for _, number in found}) == 1 else None


def _is_of_size(box: Box, size: str | None) -> bool:
    """Whether a machine's GPUs have so many gigabytes, each or together."""
    each = nominal_gb(float(catalogue()[box.gpu].value("memory") or 0)) if size else None
    return each is None or float(size or 0) in (each, each * box.gpus)


def _of_host(label: str, name: str, cell: Passage, context: Context) -> Iterator[Finding]:
    """The virtual processors, or the memory of the host, of an instance type."""
    label = label.strip(" :*#")
    cpus, sizes = host(name.strip(" *`"))
    told = quantities(cell.text, context.fraction)
    of_cpus = _CPUS.fullmatch(label) is not None
    if len(told) != 1 or not (of_cpus or _RAM.fullmatch(label)):
        return
    amount = told[0]
    units = ("number", "count") if of_cpus else ("number", "memory")
    known = cpus if of_cpus else sizes
    if not known or amount.dimension not in units or amount.high != amount.value:
        return
    size = amount.value / 1e9 if amount.dimension == "memory" else amount.value
    ways = (size,) if of_cpus else (size, size / _BINARY, size * _BINARY, size / _BINARY**2, size * 1.024)
    off = min(abs(way / one - 1) for way in ways for one in known if one)
    verdict = (
        "confirmed" if off <= (0 if of_cpus else _SIZE_OFF)
        else "contradicted" if of_cpus or off > _OTHER_SIZE else "unverifiable"
    )  # fmt: skip
    real = " or ".join(f"{one:,g}{'' if of_cpus else ' GiB'}" for one in sorted(known))
    if verdict == "contradicted" and not of_cpus and _is_of_its_gpus(name, size, context):
        return
    because = f"{name.strip()} has {real}{' vCPUs' if of_cpus else ' of memory'}"
    yield made(
        context, cell, (amount.start, amount.end), "identity", verdict, subject=name.strip(),
        attribute="vcpus" if of_cpus else "host_memory", because=because,
        expected=real if verdict == "contradicted" else "", evidence=(Evidence(because),),
    )  # fmt: skip


def _is_of_its_gpus(name: str, size: float, context: Context) -> bool:
    """Whether so many gigabytes are the memory of an instance type's GPU, or of all of them together."""
    kind = of_type(name)
    gpu = context.catalogue.get(kind[0]) if kind else None
    each = nominal_gb(float(gpu.value("memory") or 0.0)) if gpu else None
    return kind is not None and each is not None and size in (each, each * kind[1])


def _of_cell(label: str, kind: tuple[str, float], cell: Passage, context: Context) -> Iterator[Finding]:
    whole, label = label.strip(" :*"), label.strip(" :*#")
    number = (
        _NUMBER.fullmatch(cell.text)
        if COUNT.fullmatch(whole)
        or COUNT.fullmatch(label)
        or _WHICH.fullmatch(label)
        or _OF_NAMED.fullmatch(label)
        else None
    )
    if number and kind[1] >= 1:
        yield of_number(cell, number.span(1), float(number[1]), kind, context)
    elif _WHICH.fullmatch(label) and not number:
        yield from _named(cell, kind, context)


def _named(cell: Passage, kind: tuple[str, float], context: Context) -> Iterator[Finding]:
    """The name of a GPU in a cell, and how many of it there are before the name."""
    found = list(mentions(cell.text, context.catalogue))
    if len({each.named for each in found}) != 1 or kind[0] not in context.catalogue:
        return
    one, right = found[0], context.catalogue[kind[0]]
    told = counted(cell.text, 0, one.start)
    if told > 1 and kind[1] >= 1:
        yield of_number(cell, (0, one.start), told, kind, context)
    # Another size or form of it is the GPU all the same, and an A10G is often called an A10.
    near = kind[0] in (*one.named, *family(one.named, context.catalogue))
    alike = any(LETTER.sub("", key) == LETTER.sub("", kind[0]) for key in one.named)
    verdict = "confirmed" if near else "unverifiable" if alike else "contradicted"
    because = f"it has {right.id}"
    yield made(
        context, cell, (one.start, one.end), "identity", verdict, subject=right.id, attribute="instance",
        because=because, expected="" if near else right.name, evidence=(Evidence(because),),
    )  # fmt: skip


def of_number(
    cell: Passage, place: tuple[int, int], told: float, kind: tuple[str, float], context: Context
) -> Finding:
    """The verdict on how many GPUs an instance type has."""
    because = f"it has {kind[1]:g} x {kind[0]}"
    right = told == kind[1]
    return made(
        context, cell, place, "identity", "confirmed" if right else "contradicted", subject=kind[0],
        attribute="instance", because=because, expected="" if right else f"{kind[1]:g}",
        evidence=(Evidence(because),),
    )  # fmt: skip
