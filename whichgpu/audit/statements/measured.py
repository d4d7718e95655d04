"""In what a comparison is, and by which amounts: those of the document and those on file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.measures import measure
from whichgpu.audit.comparisons.pairs import Pair, ratios
from whichgpu.audit.known.named import tokens
from whichgpu.audit.known.orders import is_in_setting, is_of_regime, works, works_of
from whichgpu.audit.known.store import SPOKEN, store
from whichgpu.audit.text.loads import numbered
from whichgpu.audit.values.attributes import attributes, named
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context
    from whichgpu.audit.known.store import Series
    from whichgpu.audit.statements.things import Said, Thing
    from whichgpu.audit.text.sentences import Sentence

#: The measures by which what is compared may be told; less of a time is more speed.
MEANT = {
    "speed": ("speed", "time"), "time": ("time", "speed"), "price": ("price",), "value": ("value", "price"),
    "efficiency": ("efficiency", "energy"), "energy": ("energy", "efficiency"), "power": ("power",),
    "bandwidth": ("bandwidth",), "memory": ("memory",), "cores": ("cores",), "peak": ("peak",),
}  # fmt: skip
_INVERSE = {("speed", "time"), ("time", "speed"), ("efficiency", "energy"), ("energy", "efficiency"),
            ("value", "price")}  # fmt: skip
#: The attribute of the catalogue that a measure is.
_ON_FILE = {"bandwidth": "bandwidth", "memory": "memory", "power": "power", "cores": "cores"}
_LAUNCH = re.compile(r"\b(?:launch|list|official|original|retail|msrp|recommended)\b", re.IGNORECASE)
_PER_WORK = re.compile(
    r"\bper (?:\w+ )?(?:tokens?|images?|pictures?|million|billion|requests?|runs?|epochs?|jobs?)\b|"
    r"\bfor (?:the|this|that) (?:job|run|work)\b",
    re.IGNORECASE,
)
_OF_BYTES = re.compile(r"\bbandwidth\b|\b[GT]i?B/s", re.IGNORECASE)
_PER_GB = re.compile(r"\bper (?:gigabyte|GB)\b", re.IGNORECASE)
_PER = re.compile(r".{0,30}\bper (?!GPU|card|node|hour|GPU-hour)\w", re.IGNORECASE)
_PER_HOUR = re.compile(r"\b(?:per|an|by the|the) (?:node-|gpu-)?hour\b|\bhourly\b|\brents?\b", re.IGNORECASE)


_NEAR = 28


class Real(NamedTuple):
    """How many times as much of it one has as another, and by what that is known."""

    times: float
    words: str


def kind_of(text: str, start: int, end: int, at: tuple[int, int], other: Thing | None = None) -> str:
    """What is compared around a place: an attribute by its key ("@cores"), else a measure by its words.

    It stands between the comparison and the other side, or behind that as its own ("the A40's memory"), or is
    that of an amount right before ("48 GB, twice the A40's"), or stands before, or at last behind.
    """
    until = other.start if other is not None and other.start >= at[1] else end
    last = text.rfind(",", start, at[0]) + 1 if _COMMA.search(text, start, at[0]) else start
    amount = _AMOUNT.search(text, start, at[0])
    zones = [(at[1], until)]
    if other is not None and _OWNS.match(text, other.end):
        zones.append((other.end, min(end, other.end + _NEAR)))
    if _MOVES.search(text, start, at[0]):
        return "bandwidth"
    if _PAYS.search(text, start, at[0]):
        return "price"
    rates = {each.attribute.key for each in named(text[start:end])} & RATES
    if len(rates) == 1 and _OF_RATE.match(text, at[1], until):
        return f"@{next(iter(rates))}"
    for zone in zones:
        if key := _kind(text, zone, at):
            return key
    if amount:
        of = [each for each in named(text) if amount.start() <= each.start < at[0]]
        return (
            f"@{of[0].attribute.key}"
            if of
            else next((key for key, unit in _UNITS.items() if re.search(unit, amount["unit"])), "")
        )
    return _kind(text, (max(start, last), at[0]), at) or _kind(text, (at[1], end), at)


def _kind(text: str, zone: tuple[int, int], at: tuple[int, int]) -> str:
    found = [each for each in named(text) if zone[0] <= each.start and each.end <= zone[1]
             and min(abs(each.start - at[1]), abs(at[0] - each.end)) <= _NEAR]  # fmt: skip
    if found:
        return f"@{found[0].attribute.key}"
    for key, words in _OWN_WORDS.items():
        if words.search(text, *zone):
            return key
    return measure(text, zone[0], zone[1], at)


_MOVES = re.compile(r"\bmoves? (?:its )?(?:data|memory)\b[^,;]{0,24}$", re.IGNORECASE)
_PAYS = re.compile(
    r"\b(?:costs?|paid|pays?)\s+(?:you |us |me )?(?:about |around |roughly |some |only |just |nearly |"
    r"almost |over )*(?:[\d.]+\s?(?:%|percent|per cent|times)\s+)?$",
    re.I,
)
_OF_RATE = re.compile(
    r"\s+(?:of\s+)?(?:the\s+|its\s+)?(?:(?!and\b)[\w-]+\s+){0,2}(?:rate|throughput|peak|performance)\b",
    re.IGNORECASE,
)
RATES = frozenset({"fp64", "fp64_tensor", "fp32", "tf32", "fp16", "bf16", "fp8", "fp4", "int8", "int4"})
_COMMA = re.compile(r",\s(?!and\b)")
_OWNS = re.compile(r"[\u2019']s?\s")
_OWN_WORDS = {
    "bandwidth": re.compile(
        r"\bmoves? (?:its )?(?:data|memory)\b|\b(?:faster|slower|quicker) memory\b", re.IGNORECASE
    ),
    "time": re.compile(r"\bas long\b|\blonger\b", re.IGNORECASE),
    "speed": re.compile(r"\b(?:sooner|earlier|wins?|won)\b", re.IGNORECASE),
    "memory": re.compile(r"\bcapacity\b", re.IGNORECASE),
}
#: An amount that a multiple stands right behind: "48 GB, twice".
_AMOUNT = re.compile(
    r"\d\s?(?P<unit>[A-Za-z/]+)(?: of [\w ]+)?,\s+(?:roughly |around |which is |or |that is |about |"
    r"almost |nearly |just |some |more than |well over )*$"
)
_UNITS = {
    "bandwidth": r"B/s$",
    "memory": r"^[GT]i?B$",
    "power": r"^k?W(?:atts)?$",
    "price": r"^(?:USD|EUR|dollars|euros)$",
}


def _of_section(found: Sequence[Series], said: Said) -> list[Series]:
    """Series of prices of work: a million tokens trained and a million answered cost what sections tell."""
    section = said.context.document.passages[said.number].section
    own = [each for each in found if each.section == section]
    return own or [each for each in found if not each.section or not section]


def told(kind: str, part: Sentence, said: Said) -> list[Series]:
    """The series that an amount of some kind may be of, as the words of its clause narrow them."""
    if not kind:
        return []
    key = kind.removeprefix("@")
    key = {"launch_price": "price", "memory_bus": "bus"}.get(key, key)
    found = [each for each in store(said.context) if each.measure in MEANT.get(key, (key,))]
    if kind.startswith("@") and key not in MEANT:
        return []
    found = [each for each in found if not _of_names(each)]
    text = part.text
    work = works(text)
    if key in ("speed", "time"):
        found = [each for each in found if not each.derived and _is_told_here(each, said)]
        found = [each for each in found if not work or not (own := works_of(each)) or work & own]
        found = [each for each in found if is_of_regime(each.label, text) and is_in_setting(each, text)]
    if key == "price":
        per_work, per_gb = _PER_WORK.search(text), _PER_GB.search(text)
        if per_gb:
            found = [each for each in found if "emory" in each.label or _PER_GB.search(each.label)]
        elif per_work:
            found = [each for each in found if each.derived or _PER_WORK.search(each.label)]
            found = [each for each in found if "emory" not in each.label]
        elif _PER_HOUR.search(text):
            found = [each for each in found if not each.derived and not _PER_WORK.search(each.label)]
        else:
            found = [each for each in found if not each.derived and not _PER.match(each.label)]
        found = _of_section(found, said) if per_work else found
    found = found if key != "efficiency" else _of_work(found, text)
    found = _at_number(found, text)
    words = {one for one in tokens(text) if _tells(one)}
    shared = {id(each): len(_own(each, found) & words) for each in found}
    most = max(shared.values(), default=0)
    if most:
        return [each for each in found if shared[id(each)] == most]
    if key in ("speed", "time"):
        # Of a section without such a table it is not told of which work a speed is.
        return found if any(each.section == said.passage.section for each in found) else []
    return found


def _of_work(found: list[Series], text: str) -> list[Series]:
    """Efficiencies without what is moved by the watt, which is meant only where it is said."""
    moved = _OF_BYTES.search(text) is not None
    return [each for each in found if moved or not (each.derived and _OF_BYTES.search(each.label))]


def _at_number(found: list[Series], text: str) -> list[Series]:
    """The series that a number of a text heads, "with a batch of 8"; all where it heads none."""
    numbers = {f"{value:g}" for value, _ in numbered(text, 0, len(text))}
    headed = [each for each in found if each.label.strip() in numbers]
    return headed or found


def _is_told_here(series: Series, said: Said) -> bool:
    """Whether a series is of a table, or its amounts were told in the very passage."""
    return series.group != SPOKEN or all(each.words in said.text for each in series.amounts)


def _is_of_laptops(context: Context) -> bool:
    """Whether a document speaks of the GPUs of laptops more than of cards of their names."""
    if "of laptops" not in context.memo:
        every = [
            any(key.endswith("-laptop") for key in each.ids)
            for found in context.mentions.values()
            for each in found
        ]
        context.memo["of laptops"] = sum(every) * 3 > len(every) or bool(
            re.search(r"laptop|notebook", context.document.title, re.IGNORECASE)
        )
    return bool(context.memo["of laptops"])


def _of_names(series: Series) -> bool:
    """Whether bare numbers are names of cards: "4090" below "GPU, power limit"."""
    return series.dimension == "number" and all(
        re.fullmatch(r"[1-9]0[5-9]0", each.words) for each in series.amounts
    )


def _tells(word: str) -> bool:
    return len(word) > 2 or (word.isdigit() and len(word) > 1)


#: Letters of a label that are its own heading; behind them stands the caption.
_HEAD = 40


def _own(series: Series, every: Sequence[Series]) -> frozenset[str]:
    """The words of a label that not all others have."""
    mine = tokens(series.label[:_HEAD])
    rest = [tokens(each.label[:_HEAD]) for each in every if each is not series]
    return (
        frozenset(one for one in mine if _tells(one) and not all(one in each for each in rest))
        if rest
        else frozenset()
    )


def reals(kind: str, one: Thing, other: Thing, series: Sequence[Series], context: Context) -> list[Real]:
    """Every ratio of the first of two things to the second, in each series, and as it is on file."""
    found: list[Real] = []
    key = kind.removeprefix("@")
    for each in series:
        own, others = one.of(each), other.of(each)
        turned = (key, each.measure) in _INVERSE
        for a in own:
            for b in others:
                if a is b:
                    continue
                for times in {a.value / b.high, a.high / b.value}:
                    shown = f"{a.name} {a.words}, {b.name} {b.words}"
                    found.append(Real(1 / times if turned else times, shown))
    name = _ON_FILE.get(key, key if kind.startswith("@") else "")
    if key == "price" and _LAUNCH.search(" ".join(each.label for each in series)):
        name = "launch_price"
    laptops = _is_of_laptops(context) or any(key.endswith("-laptop") for key in one.ids | other.ids)
    if name in attributes() and one.ids and other.ids and not laptops:
        both = Pair(tuple(sorted(one.ids)), tuple(sorted(other.ids)))
        counts = (one.number or 1.0) / (other.number or 1.0)
        for times, words in ratios(attributes()[name], both, context):
            found.append(Real(times, words))
            if counts != 1:
                found.append(Real(times * counts, words))
    return [each for each in found if each.times > 0]
