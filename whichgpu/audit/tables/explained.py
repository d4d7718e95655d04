"""What the cells of a column are of where its header does not say so: what most of them are right of.

"BW", "Perf" or "TFLOPS (with sparsity)" name no attribute, or leave it open; a column whose values are one
attribute's of most of the devices beside them is of that one, in the unit in which they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.cells import counts, read
from whichgpu.audit.text.roundings import stated
from whichgpu.audit.values.attributes import attributes, open_header, spaced
from whichgpu.audit.values.judging import judged
from whichgpu.audit.values.nearest import fitting
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from whichgpu.audit.findings import Context
    from whichgpu.audit.tables.cells import Cell
    from whichgpu.audit.values.attributes import Attribute

#: Units that bare numbers may have, by dimension.
_UNITS = {
    "memory": ("GB",), "bandwidth": ("GB/s", "TB/s"), "power": ("W",), "frequency": ("MHz", "GHz"),
    "flop rate": ("TFLOPS",), "op rate": ("TOPS",), "count": ("",), "bits": ("bit",), "money": ("USD",),
    "bit rate": ("Gbps",), "area": ("mm2",),
}  # fmt: skip
#: What an open header can mean, the likelier first.
_MEANT = (
    "memory", "bandwidth", "power", "cores", "memory_bus", "fp32", "fp16", "tf32", "fp8", "int8", "fp4",
    "fp64", "fp64_tensor", "tensor_cores", "sms", "rt_cores", "clock_boost", "transistors", "die_area",
    "process", "l2", "nvlink", "memory_data_rate",
)  # fmt: skip
_RATES = ("flop rate", "op rate")
#: Dimensions whose numbers stand without a unit in several rows.
_POOLED = (*_RATES, "bandwidth", "power", "memory")
#: Dimensions whose values are one vendor's for every card of a device.
_FIXED = ("memory", "bandwidth", "bits")
#: Cells that show what a column is of, with so many values among them; so many are looked at.
_SOME, _DISTINCT, _MANY = 3, 3, 24
#: Columns of a table with open headers that are looked at.
_TRIED = 40
#: What says that a total is one: "Memory total".
_IN_ALL = re.compile(r"\b(?:total|all|aggregate|combined|altogether)\b", re.IGNORECASE)
#: How far a total may be from so many times one, in units of ten or two.
_ROUND = 0.08
#: Cells that show what a word of several meanings is of.
_TWO = 2
#: Bare numbers are like others by chance: so many of them show it.
_BARE = 4
#: Right cells to a wrong one where a column is of what its header says, of what it does not say, and of one
#: rate where the wrong cell is another one.
_NAMED, _OPEN, _ONE_RATE = 2, 3, 5
#: What says that a value is of GPUs, not of the machine that they are in.
_OF_GPUS = re.compile(r"\b(?:gpus?|v-?ram|hbm\w*|cards?|accelerators?|cores|graphics)\b", re.IGNORECASE)
#: A header that says in which unit its numbers are.
_IN_UNITS = re.compile(
    r"\b(?:[GTP]FLOP/?S?|TOPS|[GT]i?B(?:/s|ps)?|gbps|W|watts?|[MG]Hz|bits?)\b", re.IGNORECASE
)
#: Headers of speeds that were measured, and of powers that are rated.
_SPEEDS = re.compile(
    r"\b(?:tok(?:en)?s?\s?(?:/|per\s)\s?s|t/s|tps|fps|it/s|(?:images?|imgs?|samples?|requests?|steps?)\s?"
    r"(?:/|per\s)\s?s|throughput|latency|score|benchmark)",
    re.IGNORECASE,
)
_RATE_SO = re.compile(r"\d\s?(?:t/s|tok(?:en)?s?/s|fps|it/s|im(?:a)?g(?:e)?s?/s)\b", re.IGNORECASE)
_RATED = re.compile(r"\b(?:tdp|tgp|tbp|rated|max\w*|limit|board|thermal|design)\b", re.IGNORECASE)
#: A number, what it says of itself, the mark of a note; and two of one unit, of which one may be missing:
#: "312 / 624", "362 | 733*", "312 (624 sparse)", "65 / -".
_ONE = r"~?\d[\d.,]{0,9}(?:\s\(?(?:dense|sparse|with sparsity)\)?)?[*\u2020\u2021\u00b9\u00b2\u00b3]?"
_NUMBER = re.compile(
    rf"{_ONE}(?:\s?[/|\u2013-]\s?(?:{_ONE}|[-\u2013\u2014]|n/?a)|\s\({_ONE}\))?", re.IGNORECASE
)


_IN_BITS = re.compile(r"\d{2,4}[\s-]?bits?", re.IGNORECASE)


class _Meaning(NamedTuple):
    """What a column may be of: the attribute, what is said beside it, the unit of bare numbers."""

    attribute: Attribute
    said: frozenset[str]
    unit: str


def explained(found: Sequence[Cell], context: Context) -> list[Cell]:
    """Cells with the attribute and the unit that their header leaves open, where the others show them."""
    series: dict[str, list[int]] = {}
    for index, cell in enumerate(found):
        series.setdefault(cell.label, []).append(index)
    found = _without_host(found, context)
    found = _hinted(found, context)
    made = list(found)
    tried = 0
    for label, places in series.items():
        if len(places) < _SOME:
            continue
        tried += found[places[0]].attribute is None and open_header(label)
        if tried <= _TRIED:
            for index, cell in zip(places, _explained([found[i] for i in places], context), strict=True):
                made[index] = cell
    return _without_measured(_by_themselves(_pooled(_like_others(made), context), context), context)


def _without_host(found: Sequence[Cell], context: Context) -> list[Cell]:
    """Cells without the memory of the machine, which stands beside that of its GPUs."""
    labels = {cell.label for cell in found if cell.attribute and cell.attribute.key == "memory"}
    own = {label for label in labels if _OF_GPUS.search(label)}
    others = {label for label in labels - own if not _is_sum(label, found, context)} if own else set()
    return [cell._replace(attribute=None) if cell.label in others else cell for cell in found]


def _is_sum(label: str, found: Sequence[Cell], context: Context) -> bool:
    """Whether cells tell what all the GPUs of their column or row have: "Memory total" of "4x L40S"."""
    for cell in found:
        if cell.label == label and cell.number > 1:
            sizes = [nominal_gb(float(context.catalogue[key].value("memory") or 0.0)) for key in cell.ids]
            told = [each.value / cell.number / 1e9 for each in read(cell, context)]
            if any(size and abs(one / size - 1) < _ROUND for size in sizes for one in told):
                return True
    return False


#: Headers of one word that may be of something else: what they are where their cells are right of it.
_HINTS = {"tensor": "tensor_cores", "rt": "rt_cores", "ram": "memory", "tensors": "tensor_cores"}


def _hinted(found: Sequence[Cell], context: Context) -> list[Cell]:
    """Cells below a word such as "Tensor" or "RAM", of what most of them are right of: two at least."""
    made = list(found)
    named = {cell.attribute.key for cell in found if cell.attribute}
    for word, key in _HINTS.items():
        places = [
            i for i, cell in enumerate(found)
            if cell.attribute is None and _UNIT_BEHIND.sub("", cell.label).strip(" :*").lower() == word
        ]  # fmt: skip
        meant = [
            made[i]._replace(attribute=attributes()[key], unit="GB" if key == "memory" else "")
            for i in places
        ]
        told = [is_right(cell, context) for cell in meant]
        # Beside a column that is of it for sure, "RAM" is the host's unless it is the same throughout.
        wrong = told.count(False) if key not in named else len(told) * told.count(False)
        if sum(each is True for each in told) >= max(_TWO, _NAMED * wrong):
            for i, cell in zip(places, meant, strict=True):
                made[i] = cell
    return made


#: The unit of a header behind its one word: "RAM (GB)".
_UNIT_BEHIND = re.compile(r"\s*[\[(](?:GB|GiB)[\])]\s*$", re.IGNORECASE)


def _without_measured(found: list[Cell], context: Context) -> list[Cell]:
    """Cells without the powers that were measured: beside speeds, where most are no card's rated power."""
    speeds = (cell for cell in found if cell.attribute is None)
    if not any(_SPEEDS.search(cell.label) or _RATE_SO.search(cell.passage.text) for cell in speeds):
        return found
    drawn = {cell.label for cell in found if cell.attribute and cell.attribute.key == "power"}
    told = {
        label: [is_right(cell, context) is True for cell in found if cell.label == label]
        for label in drawn
        if not _RATED.search(label)
    }
    measured = {label for label, right in told.items() if 2 * sum(right) < len(right)}
    return [cell._replace(attribute=None) if cell.label in measured else cell for cell in found]


def _pooled(found: Sequence[Cell], context: Context) -> list[Cell]:
    """Bare rates, sizes and the like in the unit that most of their dimension are right in.

    Two devices fill no row that shows its unit by itself: "FP16 | 312 | 989", "FP8 | - | 1,979".
    """
    bare: dict[str, list[int]] = {}
    for index, cell in enumerate(found):
        if cell.attribute and cell.attribute.dimension in _POOLED and not cell.unit and _is_bare(cell):
            bare.setdefault(cell.attribute.dimension, []).append(index)
    made = list(found)
    for dimension, places in bare.items():
        best, most = "", 0
        for unit in _UNITS[dimension]:
            told = [(i, is_right(made[i]._replace(unit=unit), context)) for i in places[:_MANY]]
            right = {made[i].passage.text for i, each in told if each}
            wrong = sum(each is False for _, each in told)
            if len(right) >= max(_SOME, _NAMED * wrong, most + 1):
                best, most = unit, len(right)
        for index in places if best else ():
            made[index] = made[index]._replace(unit=best)
        if best == "TFLOPS":
            # One row of integers among rates shows no unit by itself.
            for index in bare.get("op rate", ()):
                made[index] = made[index]._replace(unit="TOPS")
    return made


def _by_themselves(found: Sequence[Cell], context: Context) -> list[Cell]:
    """Bare numbers that no others explain, in the unit in which they are right: "TDP | 450" of one device.

    One that is right in none has the unit of two others below its heading, and else none: nothing is said
    of it.
    """
    made = list(found)
    shown: dict[str, list[str]] = {}
    for index, cell in enumerate(found):
        attribute = cell.attribute
        if attribute and not cell.unit and attribute.dimension in _UNITS and _is_bare(cell):
            ways = (cell._replace(unit=unit) for unit in _UNITS[attribute.dimension] if unit)
            made[index] = next((each for each in ways if is_right(each, context)), cell)
            if attribute.dimension in _FIXED:
                shown.setdefault(cell.label, []).append(made[index].unit)
    for index, cell in enumerate(made):
        units = shown.get(cell.label, [])
        if found[index].unit or not units or len(units) - units.count("") < _TWO:
            continue
        own = {*units} - {""}
        if len(own) == 1 and units.count("") == 1 and not cell.unit:
            made[index] = cell._replace(unit=own.pop())
    return made


def _like_others(found: Sequence[Cell]) -> list[Cell]:
    """Bare rates and sizes in the unit of all others of their dimension, where their own row is too short."""
    units: dict[str, set[str]] = {}
    for cell in found:
        # Billions of transistors are no unit of cores.
        if cell.attribute and cell.unit and cell.attribute.dimension in _POOLED and _is_bare(cell):
            units.setdefault(cell.attribute.dimension, set()).add(cell.unit)
    known = {dimension: unit.pop() for dimension, unit in units.items() if len(unit) == 1}
    return [
        cell._replace(unit=known[cell.attribute.dimension])
        if cell.attribute and not cell.unit and cell.attribute.dimension in known and _is_bare(cell)
        else cell
        for cell in found
    ]


def _explained(mine: Sequence[Cell], context: Context) -> Sequence[Cell]:
    attribute = mine[0].attribute
    if len({cell.attribute for cell in mine}) != 1 or not (attribute or open_header(mine[0].label)):
        return mine
    bare = not mine[0].unit and 2 * sum(map(_is_bare, mine)) > len(mine)
    if attribute and bare and attribute.dimension in _UNITS:
        ways = [_Meaning(attribute, mine[0].said, unit) for unit in _UNITS[attribute.dimension]]
        best = _best(ways, mine, context, _NAMED)
        return [_as(cell, best, mine, context) if _is_bare(cell) else cell for cell in mine] if best else mine
    if attribute is None and any(map(_has_number, mine)):
        share = _OPEN if bare and not _IN_UNITS.search(spaced(mine[0].label)) else _NAMED
        # Only a bus is told in bits: its few widths are of nothing else.
        of_bus = all(_IN_BITS.fullmatch(cell.passage.text.strip()) for cell in mine)
        distinct = 1 if of_bus else _DISTINCT
        best = _best(_meanings(mine[0], bare=bare), mine, context, share, distinct=distinct)
        return [_as(cell, best, mine, context) for cell in mine] if best else mine
    of_host = attribute is not None and attribute.dimension not in _RATES
    if of_host and any(cell.number > 1 for cell in mine) and not _OF_GPUS.search(mine[0].label):
        # "Memory" of a machine is the host's too.
        told = [is_right(cell, context) for cell in mine[:_MANY]]
        least = _TWO if _is_sum(mine[0].label, mine, context) and _IN_ALL.search(mine[0].label) else _SOME
        sure = sum(each is True for each in told) >= max(least, _NAMED * sum(each is False for each in told))
        return mine if sure else [cell._replace(attribute=None) if cell.number > 1 else cell for cell in mine]
    return mine


def _is_bare(cell: Cell) -> bool:
    return _NUMBER.fullmatch(cell.passage.text) is not None


def _has_number(cell: Cell) -> bool:
    return any(char.isdigit() for char in cell.passage.text)


def _meanings(cell: Cell, *, bare: bool) -> Iterator[_Meaning]:
    """Everything that an open header can mean."""
    for key in _MEANT:
        attribute = attributes()[key]
        rate = attribute.dimension in _RATES and not cell.said & {"sparse", "dense"}
        for said in (cell.said, cell.said | {"sparse"}) if rate else (cell.said,):
            units = _UNITS.get(attribute.dimension, ()) if bare and not cell.unit else (cell.unit,)
            yield from (_Meaning(attribute, said, unit) for unit in units)


def _best(
    ways: Iterable[_Meaning], mine: Sequence[Cell], context: Context, share: int, distinct: int = 1
) -> _Meaning | None:
    """The meaning by which most cells are right, if enough of them are."""
    best, most = None, 0
    for way in ways:
        told = [(cell, is_right(_meant(cell, way), context)) for cell in mine[:_MANY]]
        right = [cell for cell, each in told if each]
        wrong = sum(each is False for _, each in told)
        least = _BARE if distinct > 1 and right and _is_bare(right[0]) else _SOME
        texts = {cell.passage.text for cell in right}
        if len(right) >= max(least, share * wrong, most + 1) and len(texts) >= distinct:
            best, most = way, len(right)
    return best


def _meant(cell: Cell, way: _Meaning) -> Cell:
    # What a column says of all rates below it, dense or not, holds for this one.
    own = cell.said & {"dense", "sparse"}
    said = (way.said - {"dense", "sparse"}) | own if own else way.said
    return cell._replace(attribute=way.attribute, said=said, unit=way.unit)


def _as(cell: Cell, way: _Meaning, mine: Sequence[Cell], context: Context) -> Cell:
    """A cell by the meaning of its column; of a rate that is right of another precision, by that one.

    A column that says none may mix them, unless all but one are of one precision.
    """
    meant = _meant(cell, way)
    if way.attribute.dimension not in _RATES or cell.attribute or is_right(meant, context) is not False:
        return meant
    right = sum(is_right(_meant(each, way), context) is True for each in mine[:_MANY])
    others = (each for each in _meanings(cell, bare=bool(way.unit)) if each.attribute.dimension in _RATES)
    other = next((each for each in others if is_right(_meant(cell, each), context)), None)
    return _meant(cell, other) if other and right < _ONE_RATE else meant


def is_right(cell: Cell, context: Context) -> bool | None:
    """Whether the value of a cell is one of its devices'; None where it states none, or none that is sure."""
    attribute = cell.attribute
    told = next(fitting(attribute, read(cell, context)), None) if attribute else None
    if attribute is None or told is None:
        return None
    text = cell.passage.text[told.start : told.end]
    gpus = [context.catalogue[key] for key in cell.ids]
    if not any(gpu.value(field) is not None for gpu in gpus for field in attribute.fields):
        return None
    what = stated(told.value, text, told.limit, cell.said, dimension=told.dimension, unit=told.unit)
    ways = (what._replace(value=told.value / count) for count in counts(cell))
    verdicts = {judged(attribute, way, gpus, context.catalogue).verdict for way in ways}
    return True if "confirmed" in verdicts else None if "unverifiable" in verdicts else False


def of_words(found: Sequence[Cell], told: Callable[[Cell], bool | None]) -> frozenset[str]:
    """The headers of words that most of the devices beside them are right of: architectures under "Arch".

    `told` says whether a cell is right; None where it is no such word.
    """
    answers: dict[str, list[bool]] = {}
    for cell in found:
        answer = told(cell) if cell.attribute is None and open_header(cell.label) else None
        if answer is not None:
            answers.setdefault(cell.label, []).append(answer)
    return frozenset(
        label for label, each in answers.items() if sum(each) >= max(_SOME, _NAMED * each.count(False))
    )


#: The name of a power that may be of the card or of a run, and of what only a run has.
_POWER = re.compile(
    r"\W*(?:average |mean )?(?:power|draw)(?: draw| consumption| per (?:gpu|card))?\W*(?:W|watts)?\W*",
    re.IGNORECASE,
)
_OF_RUNS = re.compile(
    r"\benergy (?:per|for)\b|\b(?:tokens|images|sequences|samples|steps|requests)\b[^|]{0,8}(?:/|per)\s?s",
    re.IGNORECASE,
)


def without_measured(found: list[Cell]) -> list[Cell]:
    """The cells, a power that stands between rates and energies of a run as of nothing that a card has."""
    if not any(_OF_RUNS.search(each.label) for each in found):
        return found
    return [
        each._replace(attribute=None)
        if each.attribute and each.attribute.key == "power" and _POWER.fullmatch(each.label)
        else each
        for each in found
    ]
