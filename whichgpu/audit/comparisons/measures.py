"""In what a text compares two things: speed, price, memory; told by its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re

if TYPE_CHECKING:
    from whichgpu.audit.findings import Context

#: What two things are compared in, by the words of the clause.
_WORDS = {
    "value": r"per (?:dollar|euro|\$|\u20ac|buck)|for (?:the|your) money",
    "efficiency": r"per watt|per joule|efficien\w+|per kWh",
    "bandwidth": r"bandwidth|GB/s|TB/s|moves? data|memory speed|memory\b[^.;,]{0,50}\bspeed",
    "memory": r"(?:more|less|as much|the|its|of|in) (?:memory|vram|capacity)|gigabytes|more of it",
    "cores": r"cores|SMs|shaders",
    "peak": r"t?flops|tops|arithmetic|(?:compute|vector|matrix|tensor) rate|on paper|peak|matrix throughput|"
    r"FP\d+(?: (?:rate|throughput))?",
    "power": r"power|watts?|draws?|thirst\w*|hungr\w+",
    "price": r"cheap\w*|dear\w*|expensive|pric\w+|costs?|pays?|money|"
    r"asks?|charges?|dollars?|euros?|(?:per|by(?: the)?|an) hour|rents?|hires?|"
    r"(?<!image )(?<!token )(?<!sequence )(?<!frame )(?<!compute )(?<!tensor )(?<!hit )(?<!sampling )"
    r"(?<!vector )(?<!matrix )(?<!arithmetic )(?<!precision )(?<!clock )(?<!data )(?<!transfer )"
    r"(?<!refresh )(?<!peak )rate\b",
    "energy": r"energy|joules?|kWh",
    "speed": r"fast\w*|quick\w*|slow\w*|ahead|behind|leads?|beats?|trails?|outruns?|outpaces?|tokens?|"
    r"images?|pictures?|samples|frames|requests|throughput|performance(?! (?:per|for)\b)|"
    r"work|as long|speed\w*|short of",
}
_WORD = {key: re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE) for key, words in _WORDS.items()}
#: What makes a bandwidth one of a link between devices.
OF_A_LINK = re.compile(
    r"\b(?:PCIe|PCI Express|NVLink|bridges?|links?|InfiniBand|interconnect|Infinity Fabric)\b", re.IGNORECASE
)
#: A word before a ratio is as near as one so many letters further behind it.
_BEFORE = 6


def measure(text: str, start: int, end: int, at: tuple[int, int]) -> str:
    """What is compared, by the words of a clause that stand nearest to a ratio; empty where none does."""
    found = [
        (max(match.start() - at[1], at[0] - match.end() + _BEFORE, 0), key)
        for key, way in _WORD.items()
        for match in way.finditer(text, start, end)
    ]
    return min(found)[1] if found else ""


def is_of_name(index: int, at: int, context: Context) -> bool:
    """Whether a number is one of a device's name."""
    return any(each.start <= at < each.end for each in context.mentions.get(index, ()))
