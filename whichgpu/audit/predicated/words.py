"""Words of clauses: how they begin, what stands for a device in them, and what they name of it."""

from __future__ import annotations

from functools import cache

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import any_of
from whichgpu.audit.clauses.parts import has_verb
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import named
from whichgpu.audit.values.capabilities import CAPABILITIES
from whichgpu.values import NamedTuple

_LED_BY = any_of(r"""
    and but so yet while whereas although though because since where here then only even just also thus
    therefore however meanwhile finally instead interestingly on_paper in_return by_contrast in_contrast
    on_the_other_hand surprisingly as_a_result in_practice today now still
""")
_BEFORE_NAME = any_of(r"""
    the an? its nvidia(?:['’]s)? amd(?:['’]s)? intel(?:['’]s)? new old newer older bigger smaller cheaper
    plain regular desktop single one larger
    professional consumer flagship venerable mighty little big on in with
    for
""")
_OPENING = re.compile(rf"(?:[\s*_,\u2019'\"]|\b(?:{_LED_BY}|{_BEFORE_NAME})\b)*", re.IGNORECASE)
_LED = rf"(?:[\s*_,]|\b{_LED_BY}\b)*"
#: What stands for a device that was spoken of.
REFERRED = re.compile(
    rf"{_LED}(?:(?P<which>which|(?:that|this)(?=\s(?:is|has|was|can|moves?|draws?|delivers?|makes|means|"
    rf"gives)\b)|that[\u2019']s)|"
    r"(?P<other>(?:its|the)\s(?:rival|opponent|competitor|contender|counterpart|other(?:\s(?:card|one|gpu|"
    r"board|chip))?))|"
    r"(?P<it>it(?:[\u2019']s)?|its|this\s(?:one|card|gpu|board|chip)|"
    r"the\s(?:card|board|gpu|chip)|(?:has|have|is|was|draws?|costs?|offers?|comes?|delivers?|needs?|takes?|"
    r"moves?|lacks?|supports?|runs?|had|drew|came|doubles|doubled|raises|raised|brings|brought|reaches|"
    r"reached|carries|uses|gets|got)(?=\s)))(?![\w-])",
    re.IGNORECASE,
)
#: Before a device that another one is set against.
_LIKENED = re.compile(
    r"\b(?:than|as|of|over|against|next\sto|compared\s(?:to|with)|relative\sto|versus|vs\.?|behind|"
    r"beats?|outruns?|above|below|to|what|with|like|unlike|"
    r"trails?|exceeds?|surpass(?:es)?|matches|equals?|tops|rivals?|improves\s(?:up)?on|ahead\sof)\s+"
    r"(?:(?:the|an?|that\sof|on|in|for|with|plain|regular|older|newer|old|original|nvidia[\u2019']s|"
    r"amd[\u2019']s|nvidia|amd|its|predecessor,?|successor,?|rival,?|what|those\sof)\s+)*$",
    re.IGNORECASE,
)


#: A phrase before the subject of a clause: "For video the L4 has", "In bandwidth the 4080 leads".
_FRONTED = re.compile(
    rf"{_LED}(?:for|in|on|with|at|by)\s(?:[A-Za-z][\w-]*\s){{1,3}}(?:the\s|nvidia[\u2019']s\s)(?:\w+er\s)?",
    re.IGNORECASE,
)
_DOES = re.compile(
    r"\s+(?:leads|has|is|trails|wins|offers|delivers|reaches|draws|moves|supports|lacks|comes)\b"
)


def opening(text: str, start: int, at: int, end: int) -> bool:
    """Whether nothing but what leads a clause stands between its beginning and the device at a place."""
    fronted = _FRONTED.fullmatch(text, start, at) and _DOES.match(text, end)
    return bool(fronted) or _OPENING.fullmatch(text, start, at) is not None


#: Before whom a clause sets its subject against, at its front.
FRONTED_AGAINST = re.compile(
    rf"{_LED}(?:against|compared (?:to|with)|next to|versus|relative to|unlike|over|of)\s(?:the\s|an?\s|"
    rf"nvidia[\u2019']s\s)?",
    re.IGNORECASE,
)


def likened_to(text: str, start: int, at: int) -> bool:
    """Whether the words before a device set something against it."""
    return _LIKENED.search(text, start, at) is not None


def verb(text: str, start: int, end: int) -> bool:
    """Whether a stretch of text has a verb."""
    return has_verb(text[start:end])


#: Attributes that are compared, whose values the catalogue has.
KEYS = frozenset({
    "memory", "bandwidth", "cores", "sms", "power", "l2", "memory_bus", "fp64",
    "fp32", "tf32", "fp16", "bf16", "fp8", "fp4", "int8", "transistors", "launch_price", "nvlink",
    "clock_boost", "clock_base", "die_area",
})  # fmt: skip
#: Words for an attribute besides its names.
_WORDS = tuple(
    (key, re.compile(rf"\b(?:{words})", re.IGNORECASE))
    for key, words in (
        ("bandwidth", r"memory (?:speed|throughput|is read)\b|reads? its memory\b"),
        (
            "memory",
            r"(?:VRAM|capacity)\b|memory(?! (?:bus|bandwidth|speed|throughput|interface|clock|type|"
            r"controllers?))\b",
        ),
        ("power", r"(?:TDP|TGP|power (?:draw|consumption|limit|rating))\b"),
        ("memory_bus", r"(?<!pci )(?<!pcie )(?<!pci express )(?:memory )?bus\b"),
        (
            "launch_price",
            r"(?:launch(?:ed)? (?:price|at)|list(?:ed|s)? (?:price|at|for)|MSRP|introduced at|debuted at|"
            r"asked? \$)",
        ),
    )
)
#: Dimensions of which a device has one value, by unit.
_BY_UNIT = {"memory": "memory", "bandwidth": "bandwidth", "power": "power", "bits": "memory_bus"}


class Marked(NamedTuple):
    """An attribute that a stretch of text names, and where."""

    start: int
    end: int
    key: str


def marks(text: str, start: int, end: int) -> list[Marked]:
    """The attributes that a stretch of text names, in order."""
    found = [Marked(one.start, one.end, one.attribute.key) for one in named(text) if start <= one.start < end]
    for key, words in _WORDS:
        found += [
            Marked(*match.span(), key)
            for match in words.finditer(text, start, end)
            if not any(one.start < match.end() and match.start() < one.end for one in found)
        ]
    return sorted(found)


def keys(text: str, start: int, end: int) -> str:
    """The one attribute that a stretch of text names, or tells an amount of; none where it names several."""
    found = {one.key for one in marks(text, start, end)} & KEYS
    if found:
        return found.pop() if len(found) == 1 else ""
    units = {_BY_UNIT.get(one.dimension, "") for one in within(quantities(text, "."), start, end)}
    units.discard("")
    return units.pop() if len(units) == 1 else ""


_FEATURES = tuple(
    re.compile(rf"\b(?:{each.names})\b", re.IGNORECASE)
    for each in CAPABILITIES if each.key in {
        "fp8", "fp4", "fp6", "bf16", "tf32", "nvlink", "mig", "transformer_engine", "av1_encode",
        "av1_decode", "ecc", "vgpu", "sparsity", "int8", "int4",
    }
)  # fmt: skip


@cache
def _looked_for() -> re.Many:
    """The features, of which most texts name none."""
    return re.Many.of(_FEATURES)


def feature(text: str) -> str:
    """The one feature that a text names, as it does; empty where it names none or several."""
    found = {match[0] for at in _looked_for()(text) if (match := _FEATURES[at].search(text))}
    return found.pop() if len(found) == 1 else ""
