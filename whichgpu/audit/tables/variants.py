"""Which device the cells of a table are of, and what each of them states of it.

A header that may mean several devices ("A100") means the one that most of its cells fit, whatever is stated.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions, model
from whichgpu.audit.devices.subjects import of_sale
from whichgpu.audit.findings import made
from whichgpu.audit.tables import stated as tables
from whichgpu.audit.tables.cells import BETWEEN, OF_MACHINE, all_sparse, counts, noted, of_mark, read
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.roundings import stated
from whichgpu.audit.values.attributes import Attribute, attributes, named, qualifiers
from whichgpu.audit.values.binding import of_a_part
from whichgpu.audit.values.grounds import is_sum
from whichgpu.audit.values.judging import Verdict, confirmed, judged
from whichgpu.audit.values.nearest import fitting
from whichgpu.hardware.derive import pcie_in_round_numbers
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.hardware.slices import cut_into

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.hardware.gpu import Gpu

#: Two rates of one cell: "989 / 1,979 TFLOPS".
_PAIR = re.compile(
    r"\s*~?(?P<a>\d[\d.,]*)\s?(?:[TP]FLOPS|TOPS)?\s?[/|]\s?~?(?P<b>\d[\d.,]*)\s?[A-Za-z/]{0,8}\s*(?:\([^()]*\))?[*\u2020\u2021\u00b9\u00b2]?\s*"
)
_PAIRED = ("flop rate", "op rate")
_AI = re.compile(r"\bAI\b")
_MARKED = re.compile(r"\s?[*\u2020\u2021\u00b9\u00b2\u00b3]")
#: How far a round rate of PCIe is from the exact one.
_ROUND_RATE = 0.03
#: A count below this share of a device's is of a part of it, and a price a rent.
_PART = 0.05
#: Cells by which it is told which device a header means.
_JUDGED = 60
#: What says in a cell that its value is of more than one device.
_OF_MANY = re.compile(r"\b(?:racks?|pods?|nodes?|systems?|cluster|aggregate|combined)\b", re.IGNORECASE)
#: Before a rate of the way to the host: "NVLink: 600 GB/s, PCIe Gen5: 128 GB/s".
_OF_LINK = re.compile(
    r"\bPCI(?:e|\s?Express)?\b[^\d]{0,8}(?:\d(?:\.0)?)?(?:\s?x\s?\d{1,2})?\s{0,2}[:(=]?\s{0,2}"
    r"\d[\d.,]*\s?[GT]i?B/s",
    re.IGNORECASE,
)
#: Behind what is of a part of a package: "200mm2 (Only GCD) 150mm2 (with MCDs)".
_OF_CHIPLET = re.compile(
    r"\s?\((?:[a-z]+\s){0,2}(?:GCDs?|MCDs?|XCDs?|IODs?|chiplets?|tiles?)\b", re.IGNORECASE
)
_DIGITS = re.compile(r"\d[\d.,]*")
#: Bits of the narrowest bus of memory.
_NARROWEST = 16
#: Parts that make a whole together.
_SUM = re.compile(r"\d\s?\+\s?(?:\d\s?[x\u00d7]\s?)?\d")
#: A number whose mark may be one of thousands.
_GROUPED = re.compile(r"~?[1-9]\d{0,2}(?P<mark>[.,])\d{3}(?!\d)")


def cells(table: Table, context: Context) -> tuple[Cell, ...]:
    """The cells of a table that are of a device, each of the one that its row or column fits best."""
    known: dict[int, tuple[Cell, ...]] = context.memo.setdefault("meant", {})
    if id(table) not in known:
        known[id(table)] = tuple(_meant(tables.every(table, context), context))
    return known[id(table)]


def _meant(every: Sequence[Cell], context: Context) -> Iterator[Cell]:
    columns: dict[tuple[int, tuple[str, ...]], list[Cell]] = {}
    rows: dict[tuple[int, tuple[str, ...]], list[Cell]] = {}
    telling = [cell for cell in every if cell.attribute]
    for cell in telling:
        columns.setdefault((cell.column, cell.ids), []).append(cell)
        rows.setdefault((cell.row, cell.ids), []).append(cell)
    # Devices stand above the columns where a column has one of them only, or as many in each row.
    across = len(columns) == len({cell.column for cell in telling}) or len(columns) < len(rows)
    groups = columns if across else rows
    meant = {key: _fittest(mine, key[1], context) for key, mine in groups.items()}
    for cell in every:
        ids = meant.get((cell.column if across else cell.row, cell.ids), cell.ids)
        yield cell if ids == cell.ids else cell._replace(ids=ids)


def _fittest(mine: Sequence[Cell], ids: tuple[str, ...], context: Context) -> tuple[str, ...]:
    """Which of the devices that a header can mean most of its cells fit: those with its memory, if any."""
    ids = of_sale(ids, context.document, context.catalogue)
    if len(ids) < 2:
        return ids
    scores, sized = dict.fromkeys(ids, 0), dict.fromkeys(ids, 0)
    for each in mine[:_JUDGED]:
        of_memory = each.attribute is not None and each.attribute.key == "memory"
        for key in ids:
            found = list(of_cell(each._replace(ids=(key,), named=(key,)), context))
            (sized if of_memory else scores)[key] += bool(found) and found[0].verdict == "confirmed"
    # An "80 GB" beside "3.9 TB/s" is not the card with 94 GB.
    best = max((sized[key], scores[key]) for key in ids)
    return tuple(key for key in ids if (sized[key], scores[key]) == best)


def of_cell(cell: Cell, context: Context) -> Iterator[Finding]:
    """The verdict on the value of a cell; one with several values is of all that its header can mean."""
    attribute = cell.attribute
    assert attribute is not None
    if cell.number == 1 and OF_MACHINE.search(cell.label):
        # "Memory per node", of as many as nothing says.
        return
    if _names_another(cell, context):
        return
    found = list(fitting(attribute, read(cell, context)))
    if len(found) > 1 and attribute.dimension != "count":
        found = [each for each in found if each.dimension != "number"]
    pair = _PAIR.fullmatch(cell.passage.text) if found and attribute.dimension in _PAIRED else None
    if pair or not found:
        yield from _of_pair(cell, found, pair, context) if pair else _without_second(cell, context)
        return
    text = cell.passage.text
    if _SUM.search(text):
        # "300 + 222": of the parts of a package.
        return
    found = _of_attribute(cell, attribute, found, context)
    several = len(found) > 1 and len({each.value for each in found}) > 1
    if not found or (not several and not _repeats(text, found) and of_a_part(text, found[0])):
        return
    ids = cell.named if several else cell.ids
    told = [
        (_of_value(cell, quantity, attribute, ids, context, said=_own_words(text, quantity, found)), quantity)
        for quantity in (found if several else found[:1])
    ]
    answers = [(each, quantity) for each, quantity in told if each is not None]
    # Of several values one may be of something else, unless it says in which format it is; where none is
    # right, or all are sizes, they are wrong.
    wrong = [each for each, _ in answers if each.verdict == "contradicted"]
    all_wrong = len(wrong) == len(found) or (attribute.key == "memory" and _SIZES.fullmatch(text) is not None)
    yield from (
        each
        for each, quantity in answers
        if not several or all_wrong or each not in wrong or _IN_FORMAT.match(text, quantity.end)
    )


def _of_attribute(
    cell: Cell, attribute: Attribute, found: Sequence[Quantity], context: Context
) -> list[Quantity]:
    """Those of the values of a cell that are of what its header says, not of a slot, a link or a chiplet."""
    text, kept = cell.passage.text, list(found)
    if attribute.dimension == "count":
        # A count has no fraction: 8.448 are thousands.
        kept = [
            each._replace(value=1e3 * each.value, high=1e3 * each.high)
            if each.value % 1 and _GROUPED.fullmatch(text, each.start, each.end)
            else each
            for each in kept
        ]
        kept = [each for each in kept if not (_is_year(text, each) or _counts_else(text, each, attribute))]
        # "1x RTX 4090 (inference)": the number of its name counts nothing.
        names = [(each.start, each.end) for each in mentions(text, context.catalogue)] if kept else []
        kept = [each for each in kept if not any(a <= each.start < b for a, b in names)]
    if attribute.key == "memory_bus":
        # "MXM-B (3.0)" below "Interface" is of a slot.
        kept = [each for each in kept if each.value >= _NARROWEST and not each.value % _NARROWEST]
    kept = [each for each in kept if not _OF_CHIPLET.match(text, each.end)]
    kept = [each for each in kept if not _OF_LINK.search(_own_words(text, each, kept))]
    kept = [each for each in kept if attribute.key != "bandwidth" or not _BY_LINK.match(text, each.end)]
    if attribute.key == "nvlink" and "nvlink" not in f"{cell.label} {text}".lower():
        # "Interconnect bandwidth" of a card without NVLink is that of PCIe.
        kept = [each for each in kept if not _is_of_slot(each.value, cell.ids, context)]
    return kept


def _names_another(cell: Cell, context: Context) -> bool:
    """Whether a cell names devices itself, none of which its row or column is of: "RTX 5090, 32 GB"."""
    own = {key for each in mentions(cell.passage.text, context.catalogue) for key in each.ids}
    return bool(own) and not own & {*cell.ids, *cell.named}


#: Behind a rate, the format that it is in: "450 TFLOPS (FP16), 900 TOPS (INT8)".
_IN_FORMAT = re.compile(
    r"\s*\((?:in |at )?(?:FP64|FP32|TF32|FP16|BF16|FP8|FP4|INT8|INT4)\s*\)", re.IGNORECASE
)


#: A cell that is nothing but the sizes of memory that a device is sold with: "8 or 16 GB".
_SIZES = re.compile(
    r"\s*\d{1,3}(?:\s?GB)?(?:(?:\s*[/,]\s*|\s+(?:or|oder|ou|o)\s+)\d{1,3}(?:\s?GB)?)+\s*", re.IGNORECASE
)
#: Before a year: "it brought the third generation of tensor cores in 2020".
_IN_A_YEAR = re.compile(r"\b(?:in|since|until|of|by|from|ab|seit|en|depuis|desde|nel|dal)\s+$", re.IGNORECASE)
_FIRST_YEAR, _LAST_YEAR = 1995, 2035


def _is_year(text: str, one: Quantity) -> bool:
    """Whether a number is a year, and counts nothing."""
    return _FIRST_YEAR <= one.value <= _LAST_YEAR and _IN_A_YEAR.search(text, 0, one.start) is not None


def _counts_else(text: str, one: Quantity, attribute: Attribute) -> bool:
    """Whether a number counts what is named right behind it: the 72 of "10,240 (72 SMs)"."""
    behind = next((each for each in named(text) if each.start >= one.end), None)
    beside = behind is not None and not text[one.end : behind.start].strip()
    return beside and behind is not None and behind.attribute.key != attribute.key


def _repeats(text: str, found: Sequence[Quantity]) -> bool:
    """Whether a cell tells one value once for each of several forms: "400 W / 400 W"."""
    gaps = (text[one.end : other.start] for one, other in pairwise(found))
    return len(found) > 1 and all(BETWEEN.fullmatch(gap) for gap in gaps)


def _is_of_slot(value: float, ids: Sequence[str], context: Context) -> bool:
    """Whether a rate is that of the slot of a device, one way or both, which is told in round numbers."""
    generations = {context.catalogue[key].value("pcie_generation") for key in ids} - {None}
    rates = [pcie_in_round_numbers(int(str(each))) for each in generations]
    return any(abs(value / (way * rate) - 1) < _ROUND_RATE for rate in rates for way in (1, 2))


def _own_words(text: str, quantity: Quantity, found: Sequence[Quantity]) -> str:
    """What a cell says of one of its values: what stands beside it and in no bracket with another."""
    before = max((each.end for each in found if each.end <= quantity.start), default=0)
    after = min((each.start for each in found if each.start >= quantity.end), default=len(text))
    behind = text[quantity.end : after]
    if after < len(text) and behind.count("(") > behind.count(")"):
        # "733 TFLOPS (1,466 TFLOPS sparse)": the bracket is of the next.
        behind = behind.rpartition("(")[0]
    behind = without_another(behind)
    ahead = text[before : quantity.start]
    if before:
        # What ends a bracket is of the one before.
        ahead = ahead.rpartition(")")[2]
    return f"{ahead} {text[quantity.start : quantity.end]} {behind}"


def without_another(behind: str) -> str:
    """What is said behind a value, without a further one: "156 TFLOPS (312 with sparsity)".

    Where the further one is said to be dense, this one is not.
    """
    other = _ANOTHER.search(behind)
    if other is None:
        return behind
    return f"{behind[: other.start()]}{' with sparsity' if _DENSE.search(behind, other.start()) else ''}"


#: A further number without a unit, or what the number is so many times of: "(2x with sparsity)".
_ANOTHER = re.compile(
    r"[(,/;|]\s*(?:(?:[a-z]+:?|~|\u2248)\s*){0,3}(?:(?<![a-z])\d[\d,.]*(?![\d:.,])|double|twice)(?!-)",
    re.IGNORECASE,
)
_DENSE = re.compile(r"\bdense\b|\b(?:without|no|w/o) (?:structured )?sparsity\b", re.IGNORECASE)


#: "1,008 GB/s (VRAM), 64 GB/s (PCIe 5.0)": the latter is of a link.
_BY_LINK = re.compile(
    r"\s*\((?:via |over )?(?:PCIe|PCI Express|NVLink|Infinity|Ethernet|InfiniBand|system|host|DDR)",
    re.IGNORECASE,
)


def _of_value(
    cell: Cell, quantity: Quantity, attribute: Attribute, ids: Sequence[str], context: Context, *, said: str
) -> Finding | None:
    """The verdict on one value of a cell; None where it is of a part of the device, or of many."""
    text, original = cell.passage.text, context.document.original
    gpus = [context.catalogue[key] for key in ids]
    marked = noted(cell.passage, (quantity.start, quantity.end), original) | of_mark(cell.label, original)
    named = cell.said | qualifiers(said) | marked
    verdict = _of_all(cell, quantity, gpus, named, context)
    if (
        verdict.verdict == "contradicted"
        and attribute.key == "bf16"
        and (
            # "125 TFLOPS (FP16)": the cell says itself that it is another.
            _OR_FP16.search(cell.label) or _IN_FP16.match(text[quantity.end :].lstrip())
        )
    ):
        attribute = attributes()["fp16"]
        verdict = verdict_on(text, quantity, attribute, gpus, said=named, context=context)
    starred = _MARKED.match(text, quantity.end) is not None
    if verdict.verdict == "contradicted" and (_AI.search(cell.label) or all_sparse(original) or starred):
        # "AI performance" is told with sparsity, and so is what has the mark of a note that the page lost.
        sparse = verdict_on(text, quantity, attribute, gpus, said=named | {"sparse"}, context=context)
        verdict = sparse if sparse.verdict == "confirmed" else verdict
    if verdict.verdict == "contradicted":
        # A price that is a twentieth of that at launch is a rent.
        part = attribute.dimension in ("count", "money") and _is_a_part(quantity, attribute, gpus)
        if (
            part
            or _OF_MANY.search(text)
            or (attribute.key == "memory" and cell.number == 1 and _is_of_all(cell, quantity, gpus))
            or (attribute.key == "power" and _OF_SYSTEM.search(cell.label))
            or _WAS_READ.search(cell.label)
            # A limit that is set below what the device may draw.
            or (attribute.key == "power" and _IS_SET.search(cell.label) and _is_below(quantity, gpus))
            # A price with a mark of a note is told in the note.
            or (attribute.dimension == "money" and text.rstrip().endswith(("*", "\u2020")))
            or (cell.number == 1 and is_sum(quantity.value, attribute, gpus, f"{cell.label} {text}"))
        ):
            return None
        if quantity.high != quantity.value:
            verdict = _of_upper_end(cell, quantity, gpus, named, context)
    elif verdict.verdict == "confirmed" and quantity.high != quantity.value and attribute.key in _FIXED:
        upper = _of_upper_end(cell, quantity, gpus, named, context)
        verdict = upper if _is_of_sibling(upper, gpus, context) else verdict
    return finding_on(cell.passage, quantity, attribute, gpus, found=verdict, context=context)


def _is_of_all(cell: Cell, quantity: Quantity, gpus: Sequence[Gpu]) -> bool:
    """Whether a size below "GPU memory total" is that of several, of how many the row does not say alone."""
    told = {nominal_gb(quantity.value) or 0.0, quantity.value / 1e9}
    sizes = [nominal_gb(float(gpu.value("memory") or 0.0)) for gpu in gpus]
    return _TOTAL.search(cell.label) is not None and any(
        size and one > size and (one / size).is_integer() for size in sizes for one in told
    )


_TOTAL = re.compile(
    r"\b(?:total|sum|combined|aggregate|together|altogether|overall|per (?:node|instance|server)|"
    r"(?:all|of) (?:two|four|eight|sixteen))\b",
    re.IGNORECASE,
)
#: A row of what was read while something ran: "board power under SDXL".
_WAS_READ = re.compile(r"\b(?:under|during|while|average[sd]?|measured|observed|idle)\b", re.IGNORECASE)
_IS_SET = re.compile(r"\bpower[- ](?:limit|cap)\b|\bcapped\b", re.IGNORECASE)


def _is_below(quantity: Quantity, gpus: Sequence[Gpu]) -> bool:
    """Whether a power is less than that of each of the devices."""
    return all(quantity.value < float(gpu.value("power") or 0.0) for gpu in gpus)


#: What draws more than its GPUs.
_OF_SYSTEM = re.compile(
    r"\b(?:system|server|node|machine|chassis|rack|wall|total system|gesamtsystem|syst\u00e8me|sistema)\b|"
    r"\u30b7\u30b9\u30c6\u30e0|\u6574\u673a|\u6574\u6a5f|\uc2dc\uc2a4\ud15c",
    re.IGNORECASE,
)
#: A header of either: "Dense BF16/FP16".
_IN_FP16 = re.compile(r"\(?\s*(?:in\s+)?FP16\b", re.IGNORECASE)
_OR_FP16 = re.compile(r"\bFP16\s?(?:/|or|,|&|and)\s?BF16\b|\bBF16\s?(?:/|or|,|&|and)\s?FP16\b", re.IGNORECASE)


def _without_second(cell: Cell, context: Context) -> Iterator[Finding]:
    """The right number of a bandwidth in a unit of memory: "1,008 GB" is an amount, and no rate."""
    attribute, told = cell.attribute, quantities(cell.passage.text, context.fraction)
    assert attribute is not None
    amount = len(told) == 1 and told[0].dimension == "memory" and "/" not in cell.label
    if attribute.key != "bandwidth" or not amount:
        return
    gpus = [context.catalogue[key] for key in cell.ids]
    rate = told[0]._replace(dimension="bandwidth")
    right = verdict_on(cell.passage.text, rate, attribute, gpus, said=cell.said, context=context)
    if right.verdict == "confirmed":
        because = f"{rate.unit} is an amount; a bandwidth is in {rate.unit}/s"
        words = cell.passage.text[rate.start : rate.end]
        wrong = right._replace(verdict="contradicted", because=because, expected=f"{words}/s")
        yield finding_on(cell.passage, rate, attribute, gpus, found=wrong, context=context)


def _of_all(
    cell: Cell, quantity: Quantity, gpus: Sequence[Gpu], said: frozenset[str], context: Context
) -> Verdict:
    """The verdict on the value of a row of so many of a device: of one of them, or of all together."""
    assert cell.attribute is not None
    text, attribute = cell.passage.text, cell.attribute
    ways = (quantity._replace(value=quantity.value / number) for number in counts(cell))
    told = [verdict_on(text, way, attribute, gpus, said=said, context=context) for way in ways]
    told += _of_rounded(cell, quantity, gpus, said, context) if cell.number > 1 else ()
    if cell.number > 1 and attribute.dimension in _PAIRED and "dense" not in said:
        # Makers tell the rate of a machine with sparsity.
        with_it = quantity._replace(value=quantity.value / cell.number)
        sparse = verdict_on(text, with_it, attribute, gpus, said=said | {"sparse"}, context=context)
        told += [sparse] if sparse.verdict == "confirmed" else []
    best = next((each for each in told if each.verdict == "confirmed"), told[0])
    if cell.number == 1 or not best.evidence:
        return best
    return best._replace(expected="", because=f"for {cell.number:g} of them: {best.because}")


def _of_rounded(
    cell: Cell, quantity: Quantity, gpus: Sequence[Gpu], said: frozenset[str], context: Context
) -> Iterator[Verdict]:
    """The verdict on so many times a rounded value: 296 TFLOPS of eight are 37 each, which is 37.2."""
    assert cell.attribute is not None
    words = _DIGITS.search(cell.passage.text, quantity.start, quantity.end)
    each = _plain(words[0]) / cell.number if words else 0.0
    if each and each == round(each, 1) and cell.attribute.dimension in (*_PAIRED, "bandwidth"):
        value = quantity.value / cell.number
        what = stated(value, f"{each:g}", "", said, dimension=quantity.dimension, unit=quantity.unit)
        yield judged(cell.attribute, what, gpus, context.catalogue, context.spoken_of)


def _of_upper_end(
    cell: Cell, quantity: Quantity, gpus: Sequence[Gpu], said: frozenset[str], context: Context
) -> Verdict:
    """The verdict on a range whose ends are not both right: wrong where the upper is another's figure."""
    assert cell.attribute is not None
    known = [float(str(gpu.value(cell.attribute.fields[0]) or 0.0)) for gpu in gpus]
    if cell.attribute.key not in _FIXED and any(quantity.value <= one <= quantity.high for one in known):
        # "280-350 W" of one with 320 is what several of its boards draw.
        return Verdict("unverifiable", because="a range that has its own value in it")
    found = _of_all(cell, quantity._replace(value=quantity.high), gpus, said, context)
    sure = found.verdict != "contradicted" or found.true_for
    return found if sure else Verdict("unverifiable", because="a range, which other settings may explain")


#: What no setting changes of a device.
_FIXED = ("bandwidth", "memory", "memory_bus", "cores", "nvlink")


def _is_of_sibling(found: Verdict, gpus: Sequence[Gpu], context: Context) -> bool:
    """Whether a value is wrong of some devices, and exactly that of another form of them."""
    other = context.catalogue.get(found.true_for) if found.verdict == "contradicted" else None
    return other is not None and model(other.id, context.catalogue) == model(gpus[0].id, context.catalogue)


def _of_pair(
    cell: Cell, found: Sequence[Quantity], pair: re.Match[str], context: Context
) -> Iterator[Finding]:
    """Two rates between a slash, dense and with sparsity or of two forms: wrong where neither is right."""
    attribute, last = cell.attribute, found[-1]
    assert attribute is not None
    scale = last.value / (_plain(pair["b"]) or 1.0)
    first = last._replace(start=pair.start("a"), end=pair.end("a"), value=_plain(pair["a"]) * scale)
    gpus = [context.catalogue[key] for key in cell.named]
    text, said = cell.passage.text, cell.said - {"sparse", "dense"}
    answers = []
    for quantity, own in ((first, said), (last, said | {"sparse"})):
        ways = [own, *(each for each in (said, said | {"sparse"}) if each != own)]
        told = [verdict_on(text, quantity, attribute, gpus, said=way, context=context) for way in ways]
        best = next((each for each in told if each.verdict == "confirmed"), told[0])
        answers.append(finding_on(cell.passage, quantity, attribute, gpus, found=best, context=context))
    right = any(each.verdict == "confirmed" for each in answers)
    yield from (each for each in answers if each.verdict == "confirmed" or not right)


def _plain(digits: str) -> float:
    return float(re.sub(r"[^\d.]", "", digits.replace(",", "")).strip(".") or 0)


def _is_a_part(quantity: Quantity, attribute: Attribute, gpus: Sequence[Gpu]) -> bool:
    """Whether a count is so small that it is of a part of a GPU: the cores of an SM."""
    known = [float(str(value)) for gpu in gpus if (value := gpu.value(attribute.fields[0])) is not None]
    return bool(known) and quantity.value < _PART * min(known)


#: A MIG profile, the last one before a value of its sentence.
_CUT = re.compile(r"\b(?P<profile>\dg\.\d{1,3}gb)\b(?:(?!\dg\.\d)[^.]|\.(?=\d))*$", re.IGNORECASE)
_BEFORE = 120
_OF_A_SLICE = "it is told of a slice of the device"


def verdict_on(
    text: str, quantity: Quantity, attribute: Attribute, gpus: Sequence[Gpu], *, said: frozenset[str],
    context: Context,
) -> Verdict:  # fmt: skip
    """Whether a value that stands in a text is that of one of these devices."""
    words = text[quantity.start : quantity.end]
    what = stated(
        quantity.value, words, quantity.limit, said, dimension=quantity.dimension, unit=quantity.unit
    )
    found = judged(attribute, what, gpus, context.catalogue, context.spoken_of)
    cut = _CUT.search(text, max(0, quantity.start - _BEFORE), quantity.start)
    if cut and found.verdict == "contradicted":
        # "On an A100 80GB, 1g.10gb has 14 SMs": of that slice, which no list of whole devices has.
        parts = cut_into(cut["profile"], gpus)
        if parts and confirmed(attribute, what, parts, context.catalogue):
            return judged(attribute, what, parts, context.catalogue)
        return Verdict("unverifiable", because=_OF_A_SLICE)
    faster = _super_of(gpus, context) if found.verdict == "contradicted" else []
    if faster and confirmed(attribute, what, faster, context.catalogue):
        return judged(attribute, what, faster, context.catalogue)
    marked = _GROUPED.match(words) if found.verdict == "contradicted" else None
    if marked and marked["mark"] == context.fraction:
        # "1.792 GB/s" in a page of several languages: a mark of thousands, which was read as a fraction's.
        grouped = judged(
            attribute, what._replace(value=1e3 * what.value), gpus, context.catalogue, context.spoken_of
        )
        return grouped if grouped.verdict == "confirmed" else found
    return found


#: What software makes of a module that was sold before: "a higher power mode, Super".
_SUPER = re.compile(r"\bsuper\b", re.IGNORECASE)


def _super_of(gpus: Sequence[Gpu], context: Context) -> list[Gpu]:
    """The Super forms of modules, where the text speaks of such; cards of that name are others."""
    ids = {gpu.id for gpu in gpus if gpu.segment == "edge"}
    if not ids or not _SUPER.search(context.document.original):
        return []
    return [
        gpu for key, gpu in context.catalogue.items() if "-super" in key and key.replace("-super", "") in ids
    ]


def is_right(text: str, quantity: Quantity, attribute: Attribute, gpu: Gpu, context: Context) -> bool:
    """Whether `verdict_on` confirms a value of a device, of which nothing is said beside it."""
    said: frozenset[str] = frozenset()
    words = text[quantity.start : quantity.end]
    if _GROUPED.match(words):
        found = verdict_on(text, quantity, attribute, [gpu], said=said, context=context)
        return found.verdict == "confirmed"
    what = stated(
        quantity.value, words, quantity.limit, said, dimension=quantity.dimension, unit=quantity.unit
    )
    return confirmed(attribute, what, [gpu], context.catalogue)


def finding_on(
    passage: Passage, quantity: Quantity, attribute: Attribute, gpus: Sequence[Gpu], *, found: Verdict,
    context: Context,
) -> Finding:  # fmt: skip
    """The finding on a value that stands in a passage."""
    return made(
        context, passage, (quantity.start, quantity.end), "specification", found.verdict,
        subject=", ".join(gpu.id for gpu in gpus), attribute=attribute.key, expected=found.expected,
        because=found.because, evidence=found.evidence, true_for=found.true_for,
    )  # fmt: skip
