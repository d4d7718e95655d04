"""What a comparison is in: the attribute that its clause names, or that the amounts before it are of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes, named

if TYPE_CHECKING:
    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity

#: Attributes of which a device has one value, however it is used.
KEYS = frozenset({
    "bandwidth", "memory", "power", "cores", "tensor_cores", "rt_cores", "sms", "memory_bus", "l2",
    "transistors", "fp32", "fp64", "fp16", "bf16", "tf32", "fp8", "int8", "fp4", "nvlink",
})  # fmt: skip
PRECISIONS = frozenset({"fp32", "fp64", "fp16", "bf16", "tf32", "fp8", "int8", "fp4"})
#: Before what a device takes more or less of.
_DRAWS = re.compile(r"\b(?:draws?|consumes?)\s+(?:\w+\s){0,2}$", re.IGNORECASE)
#: Behind "most" or "more": "the most power-hungry card here".
HUNGRY = re.compile(r"\s+(?:power|energy)[- ]hungry\b", re.IGNORECASE)
#: Those of which a figure with sparsity is told, too.
SPARSE = frozenset({"fp16", "bf16", "tf32", "fp8", "int8", "fp4"})
#: Letters between a comparison and what it is in.
_BEHIND, _BEFORE = 40, 90
#: What ends the part of a sentence in which the attribute behind a comparison stands.
_PARTED = re.compile(
    r"[;:.!?]\s|,|\d|\b(?:outside|without|beyond|with|using|through|via|but|and|while|whereas|because|since|"
    r"so|thanks|despite|due|when|at|for|on)\b",
    re.IGNORECASE,
)
#: A noun behind "more" that is what is compared.
_MORE_OF = re.compile(
    r"\s+(?:more|less|fewer|higher|larger|greater|lower)\s+"
    r"(?!than|on|in|at|of|for|with|and|but|or|by|when|as|here|there|too|again|per|if|from|over|"
    r"to)(?P<noun>(?-i:[a-z]{3,}))\b",
    re.IGNORECASE,
)
#: A noun behind a multiple that is no attribute.
_OF_ELSE = re.compile(
    r"\s+the\s+(?!(?:number|amount|memory|one|card|gpu|former|latter|older|newer|other|previous|old|new|"
    r"desktop|laptop|"
    r"mobile|predecessor)\b)(?-i:[a-z]{3,})\b(?!\s(?:of|in)\b)",
    re.IGNORECASE,
)
#: What ends it before one: another statement, of which it says no more.
_TURNED = re.compile(
    r"[.!?]\s|\b(?:compute|computing|arithmetic|performance|prices?|but|while|whereas|although|though|"
    r"because|since|thanks to|despite|due to|yet)\b|"
    r";(?!\s(?:it|they)\b)",
    re.IGNORECASE,
)
#: A speed of memory is its bandwidth.
_FAST = re.compile(r"\s*(?:as\s+(?:fast|quick)|faster|quicker|slower|(?:as much|more) (?:data )?per second|"
    r"the\s+speed)\b",
                   re.IGNORECASE)  # fmt: skip
_SPEEDS = re.compile(r"(?:faster|quicker|slower|fastest|quickest|slowest|speed)\b", re.IGNORECASE)
_SPEED_OF = re.compile(r"\b(?:speed of|how fast) (?:the |its )?$", re.IGNORECASE)
#: Precisions, and room, in words.
_PRECISIONS = {
    "memory": re.compile(r"(?<!memory )(?<!vram )\bcapacity\b", re.IGNORECASE),
    "fp32": re.compile(r"\bsingle[- ]precision\b", re.IGNORECASE),
    "fp64": re.compile(r"\bdouble[- ]precision\b", re.IGNORECASE),
    "fp16": re.compile(r"\bhalf[- ]precision\b", re.IGNORECASE),
}
_BY_UNIT = {"bandwidth": "bandwidth", "memory": "memory", "power": "power"}


def measure(scope: Scope, start: int, end: int, context: Context) -> tuple[str, int] | None:
    """The key of what a comparison at a place is in, and where that is told."""
    text, sentence = scope.passage.text, scope.sentence
    if _DRAWS.search(text, max(sentence.start, start - 24), start) or HUNGRY.match(text, end):
        return "power", start
    found = _named(text, _begins(text, sentence.start), sentence.end)
    if len({one[0] for one in found} & PRECISIONS) > 1:
        # "In FP16 with FP32 accumulation".
        found = [one for one in found if one[0] not in PRECISIONS]
    behind = next((one for one in found if one[1] >= end), None)
    if behind and behind[1] - end <= _BEHIND and not _PARTED.search(text, end, behind[1]):
        return _as(behind[0], behind[1], text, (start, end))
    noun = _MORE_OF.match(text, end)
    if noun and not (behind and behind[1] <= noun.start("noun") + _NOUN):
        return ("memory", noun.start("noun")) if noun["noun"].lower() == "capacity" else None
    # "And 2.3 times the compute" is of what is no attribute.
    other = _OF_ELSE.match(text, end) and not (behind and behind[1] - end <= len(" the "))
    return None if other else _before(scope, (start, end), found, context)


#: Letters between "more" and an attribute of two words.
_NOUN = 12


def _before(
    scope: Scope, place: tuple[int, int], found: list[tuple[str, int, int]], context: Context
) -> tuple[str, int] | None:
    """What stands before a comparison that it can be in, else what heads it."""
    text, (start, end) = scope.passage.text, place
    before = next(
        (one for one in reversed(found) if one[2] <= start and not _counts_speed(one, text, (start, end))),
        None,
    )
    if before and start - before[2] <= _BEFORE and not _TURNED.search(text, before[2], start):
        told = _unit_between(scope, before[2], start, context)
        if (
            told
            and told != attributes()[before[0]].dimension
            and (before[0], told) != ("memory", "bandwidth")
        ):
            return None
        return _as("bandwidth" if told == "bandwidth" else before[0], before[1], text, (start, end))
    # What a sentence names itself, however far before, is not what heads its section.
    return _by_unit(scope, start, end, context) or (None if before else _headed(scope, start, end))


def _begins(text: str, start: int) -> int:
    """Where what a sentence goes on from begins: what a semicolon joins to it stands in one."""
    if not text[:start].rstrip().endswith(";"):
        return start
    return max((each.start for each in sentences(text) if each.end < start), default=start)


#: A line or a heading of nothing but what is compared.
_LEAD = 4


def _headed(scope: Scope, start: int, end: int) -> tuple[str, int] | None:
    """What the heading above, or the first words of a paragraph, name alone: "Bandwidth. The P100 leads"."""
    text = scope.passage.text
    first = sentences(text)[0]
    lines = [text[: first.end]] if first.start < scope.sentence.start else []
    for line in (*lines, *scope.passage.section[-1:]):
        found = _named(line, 0, len(line))
        if (
            len(line.split()) <= _LEAD
            and len({one[0] for one in found}) == 1
            and not any(mark.isdigit() for mark in line)
        ):
            return _as(found[0][0], start, text, (start, end))
    return None


#: Cores by whose number no speed is told.
_COUNTED = frozenset({"cores", "tensor_cores", "rt_cores", "sms"})
_RATE = re.compile(
    r"(?:[^.;]|\.(?=\d)){0,40}?\b(?:fast\w*|quick\w*|slow\w*|rates?|peak\w*|throughput|speed|performance|"
    r"strong\w*|work|rated)\b",
    re.IGNORECASE,
)


def _counts_speed(one: tuple[str, int, int], text: str, place: tuple[int, int]) -> bool:
    rated = _RATE.match(text, place[0]) or _RATE.search(text, max(0, place[0] - 12), place[0])
    rated = rated or _RATE_OF.search(text, max(0, one[1] - 28), one[1])
    return one[0] in _COUNTED and rated is not None


#: Before cores, what is none of their number.
_RATE_OF = re.compile(
    r"\b(?:rates?|peaks?|throughput|speed|performance|work) of (?:the |its |their )?$", re.IGNORECASE
)


def _named(text: str, start: int, end: int) -> list[tuple[str, int, int]]:
    found = [(one.attribute.key, one.start, one.end) for one in named(text) if start <= one.start < end]
    for key, words in _PRECISIONS.items():
        found += [(key, match.start(), match.end()) for match in words.finditer(text, start, end)]
    return sorted(found, key=lambda one: one[1])


def _as(key: str, at: int, text: str, place: tuple[int, int]) -> tuple[str, int] | None:
    fast = (
        _FAST.match(text, place[1])
        or _SPEEDS.search(text, *place)
        or _SPEED_OF.search(text, max(0, at - 16), at)
    )
    if key == "memory" and fast:
        key = "bandwidth"
    return (key, at) if key in KEYS else None


def amounts_in(scope: Scope, start: int, end: int, context: Context) -> list[Quantity]:
    """The amounts of a stretch of text that are in no name of a device."""
    return [
        one
        for one in within(quantities(scope.passage.text, context.fraction), start, end)
        if not any(each.start <= one.start < each.end for each in scope.here)
    ]


def _unit_between(scope: Scope, start: int, end: int, context: Context) -> str:
    """What the last amount between an attribute and a comparison is of: "memory is 1,008 GB/s, a quarter"."""
    told = [one for one in amounts_in(scope, start, end, context) if one.dimension in _BY_UNIT]
    return told[-1].dimension if told else ""


def _by_unit(scope: Scope, start: int, end: int, context: Context) -> tuple[str, int] | None:
    """What the amount right before a comparison is of: "at 5.3 TB/s it is twice as fast"."""
    text = scope.passage.text
    told = amounts_in(scope, scope.sentence.start, start, context)
    last = told[-1] if told else None
    if last and (aside := _ASIDE.search(text, scope.sentence.start, start)):
        # "48 GB (960 GB/s, 300 W), twice as much": of what stands before the brackets.
        outside = [one for one in told if one.end <= aside.start()]
        inside = within(told, *aside.span())
        # What stands before them may be a part of a name: of several then nothing says which.
        last = outside[-1]._replace(end=aside.end()) if outside else last if len(inside) == 1 else None
    if last is None or start - last.end > _NEAR or last.dimension not in _BY_UNIT:
        return None
    if _TURNED.search(text, last.end, start) or not _OF_VALUES.match(text, end):
        return None
    return _BY_UNIT[last.dimension], last.start


_NEAR = 30
#: Brackets that close right before a comparison.
_ASIDE = re.compile(r"\([^()]*\)[,:]?\s*$")
#: What a multiple of values has behind it.
_OF_VALUES = re.compile(r"\s*(?:as (?:much|many|high|large|big|fast)|more|higher|of|above|over|below|less|"
    r"lower|[.,;)])|\s*$",
                        re.IGNORECASE)  # fmt: skip


def values_of(key: str, ids: tuple[str, ...], context: Context) -> list[float]:
    """What devices have on file of an attribute; of power what they are sold with, but for parts of laptops.

    The least that a card can be limited to is not what anybody compares.
    """
    gpus = [context.catalogue[one] for one in ids]
    return [
        value
        for gpu in gpus
        for value in (
            [float(gpu.value("power") or 0.0)]
            if key == "power" and gpu.segment != "laptop" and gpu.value("power")
            else attributes()[key].amounts(gpu)
        )
    ]
