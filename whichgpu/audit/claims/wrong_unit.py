"""A device's own number in a unit that it is not in: "24 MB of VRAM", "a 384-byte bus", "a TDP of 230 kW".

The number is the device's to the last digit, the words beside it are of that attribute, and the unit is
another one of its kind, so that nothing but the unit can be wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import told
from whichgpu.audit.findings import made
from whichgpu.audit.tables.variants import cells
from whichgpu.audit.text.counting import counted
from whichgpu.audit.values.sourced import source_of
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import MIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu


class _Unit(NamedTuple):
    """The unit of an attribute, and what is written for it by mistake."""

    field: str
    right: str
    #: What one of the right unit is in the catalogue's.
    size: float
    #: Units of the same kind, or of its name, that no device's value is in.
    wrong: str
    #: Words beside a number that it is of this attribute.
    cue: re.Pattern[str]
    #: Words beside it that it is of another.
    other: re.Pattern[str]


def _words(text: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{text})\b", re.IGNORECASE)


_UNITS = (
    _Unit(
        "memory", "GB", 1e9, r"[KkMTP]i?B|(?:[Kk]ilo|[Mm]ega|[Tt]era|[Pp]eta)bytes?|[MT]o",
        _words(r"v?-?ram|memory|g?ddr\d\w*|hbm\d?\w*|frame ?buffer|(?:grafik)?speicher|m\u00e9moire|memoria"),
        _words(
            r"caches?|l[123]|sram|registers?|shared memory|system|hosts?|drives?|storage|ssds?|disk|rack|"
            r"cluster|nodes?|per sm|on-chip|pod|bandwidth|context|kv|buffers?|tiles?|chunks?|messages?|"
            r"pages?|files?|blocks?|images?|batch\w*|packets?|loads?"
        ),
    ),
    _Unit(
        "power", "W", 1.0, r"[kKM] ?W(?:atts?)?|mW|(?:[Kk]ilo|[Mm]ega|[Mm]illi)watts?",
        _words(
            r"td?gp|tdp|tbp|power|draw(?:s|n|ing)?|consum\w+|uses?|board|stromverbrauch|consommation|consumo"
        ),
        _words(
            r"systems?|servers?|racks?|nodes?|clusters?|pods?|machines?|hours?|solar|generator|psu|supply"
        ),
    ),
    _Unit(
        "memory_bus", "bit", 1.0, r"[Bb]ytes?|[KkMGT]i?[Bb](?:its?|ytes?)?|[KkMG]bits?",
        _words(r"bus(?: width)?|interface|width"),
        _words(r"caches?|l2|pcie (?:bus|interface|x\d+|lanes|slot)|nvlink|capacity|per second"),
    ),
    _Unit(
        "process", "nm", 1e-9,
        r"mm|[\u00b5\u03bcu]m|pm|cm|microns?|microm\w+|millim\w+|picom\w+",
        _words(
            r"process|nodes?|fab\w*|built|made|manufactur\w+|lithograph\w+|produced|technology|chip"
        ),
        _words(r"die|area|thick\w*|long|length|wide|tall|high|fans?|slots?|card size|dimensions"),
    ),
    _Unit(
        "clock_boost", "MHz", 1e6, r"k?Hz|THz|[Kk]ilohertz",
        _words(r"boosts?|clocks?|clocked|frequency|runs?|takt"),
        _words(r"display|refresh|monitor|memory|panel"),
    ),
)  # fmt: skip
_NUMBER = r"(?<![\w.,/$\u20ac-])(?P<n>\d{1,3}(?:,\d{3})+|\d{1,5}(?:\.\d{1,3})?)\s?-?"
_STATED = {each.field: re.compile(rf"{_NUMBER}(?P<unit>{each.wrong})\b(?!\s?/\s?s|ps\b)") for each in _UNITS}
_ANY = re.compile("|".join(rf"\d\s?-?(?:{each.wrong})\b" for each in _UNITS))
#: How far a word is from the number that it is beside, how near two numbers are that are one.
_BESIDE, _SAME = 60, 1e-3
#: What says that the unit is no slip, or is told as one.
_KNOWN = re.compile(
    r"\b(?:not|never|typo|mistake|instead of|error|wrong\w*|sic|thousands?|hundreds?|fleet)\b", re.IGNORECASE
)
#: Attributes that a unit of theirs tells without another word, right behind the name of a device.
_TELLING = ("memory", "power")
_TIED = re.compile(
    r"s?[\u2019']?s?[\s(:,;.-]{0,3}(?:(?:has|have|had|with|at|of|and|de|mit|avec|con|its|their|the|only|just|own|comes|"
    r"packs|carries|offers|needs|takes|draws|stock|full)\s+){0,4}",
    re.IGNORECASE,
)
_TIED_BEHIND = re.compile(r"\s+(?:of|on|in|with)\s+(?:(?:the|an?|our|nvidia|amd)\s+){0,2}", re.IGNORECASE)
#: What parts a sentence; the digits of a number that is no chance.
_MANY = 100
_PARTS, _DIGITS = re.compile(r"[,;:()|]\s|\s[(\u2013\u2014]|[)]"), 2
#: Between a number and a word behind it that it is not of: "24 MB of tensors in memory".
_ELSEWHERE = _words(r"in|into|inside|while|for|from|to|at|on|per|than|and")
#: What several have together.
_TOGETHER = re.compile(
    r"\b(?:combined|together|in total|total|pooled|between them|altogether|jointly)\b", re.IGNORECASE
)
#: The most characters of a cell that is about nothing else.
_CELL = 40
#: A number to its last digit is nobody else's, and what it is of is looked for here: no later doubt applies.
CERTAIN = True


def find(context: Context) -> Iterator[Finding]:
    """Every number of a device whose unit alone is wrong."""
    for table in context.document.tables:
        for cell in cells(table, context):
            unit = next(
                (each for each in _UNITS if cell.attribute and cell.attribute.key == each.field), None
            )
            match = unit and _STATED[unit.field].search(cell.passage.text)
            if unit and match and len(cell.passage.text) <= _CELL and not unit.other.search(cell.label):
                gpus = [context.catalogue[key] for key in cell.ids]
                yield from _of_match(unit, match, gpus, cell.passage, context)
    for passage, sentence, who in told(context, _ANY):
        if _KNOWN.search(sentence.text) or _are_many(passage.text, sentence.start, who):
            continue
        for unit in _UNITS:
            for match in _STATED[unit.field].finditer(passage.text, sentence.start, sentence.end):
                if _is_of(unit, match, (sentence.start, sentence.end), who.here):
                    number = _together(passage, sentence.start, match, who)
                    gpus = [context.catalogue[key] for each in (*who.here, *who.topic) for key in each.ids]
                    yield from _of_match(unit, match, gpus, passage, context, number=number)


def _are_many(text: str, start: int, who: Spoken) -> bool:
    """Whether so many devices are counted that what they have is told in the next larger unit."""
    return any(counted(text, start, each.start) >= _MANY for each in who.here)


def _is_of(unit: _Unit, match: re.Match[str], place: tuple[int, int], here: Sequence[Mention]) -> bool:
    """Whether the words beside a number are of the attribute and no other, or a name stands right by it."""
    first, last = max(place[0], match.start() - _BESIDE), min(place[1], match.end() + _BESIDE)
    text = match.string
    if unit.other.search(text, *_clause(match, first, last)):
        return False
    if unit.field in _TELLING and any(_is_tied(text, match, each) for each in here):
        return True
    if unit.field == "power" and len(match["n"].strip("0")) >= _DIGITS:
        # What draws as many kilowatts as the card watts is no machine by chance.
        return True
    behind = unit.cue.search(text, match.end(), last)
    if behind and _ELSEWHERE.search(text, match.end(), behind.start()):
        behind = None
    return behind is not None or unit.cue.search(text, first, match.start()) is not None


def _clause(match: re.Match[str], first: int, last: int) -> tuple[int, int]:
    """The part of a sentence that a number stands in, between commas and brackets."""
    before = max((each.end() for each in _PARTS.finditer(match.string, first, match.start())), default=first)
    behind = _PARTS.search(match.string, match.end(), last)
    return before, behind.start() if behind else last


def _is_tied(text: str, match: re.Match[str], each: Mention) -> bool:
    """Whether a name stands right before a number, or right behind it as what it is of."""
    before = _TIED.fullmatch(text, each.end, match.start()) is not None
    return before or _TIED_BEHIND.fullmatch(text, match.end(), each.start) is not None


def _together(passage: Passage, start: int, match: re.Match[str], who: Spoken) -> float:
    """How many devices have a value together: as many as a name before it counts."""
    before = [each for each in who.here if each.end <= match.start()]
    together = before and _TOGETHER.search(passage.text, start)
    return counted(passage.text, start, before[-1].start) if together else 1.0


def _of_match(
    unit: _Unit, match: re.Match[str], gpus: Sequence[Gpu], passage: Passage, context: Context, *,
    number: float = 1.0,
) -> Iterator[Finding]:  # fmt: skip
    """The accusation of a value whose number is one of these devices', in the right unit."""
    stated = float(match["n"].replace(",", ""))
    of = next((gpu for gpu in gpus if _is_same(_number(unit, gpu) * number, stated)), None)
    if of is None or any(_is_other(match, stated, gpu) for gpu in gpus):
        return
    because = f"{of.id} has {of.display(unit.field)}: the unit is {unit.right}, not {match['unit']}"
    yield made(
        context, passage, match.span(), "specification", "contradicted", subject=of.id, attribute=unit.field,
        expected=f"{match['n']} {unit.right}", because=because, true_for=f"in {unit.right}",
        evidence=(source_of(of, unit.field),),
    )  # fmt: skip


def _number(unit: _Unit, gpu: Gpu) -> float:
    """A device's value as a number of the right unit; 0 where none is on file."""
    value = gpu.value(unit.field)
    if value is None:
        return 0.0
    if unit.field == "memory":
        return float(nominal_gb(float(value)) or 0)
    if unit.field == "process":
        named = re.search(r"\d+", str(value))
        return float(named[0]) if named else 0.0
    return float(value) / unit.size


def _is_same(known: float, stated: float) -> bool:
    return known > 0 and abs(stated / known - 1) <= _SAME


def _is_other(match: re.Match[str], stated: float, gpu: Gpu) -> bool:
    """Whether a size is that of a device's caches: an A100 has 40 MB of them."""
    caches = (float(gpu.value(field) or 0) / size for field in ("l2", "l3") for size in (1e6, MIB))
    return match["unit"].upper().startswith("M") and any(_is_same(each, stated) for each in caches)
