"""Rates in bits that are told again in bytes with the same number: "2.4 Tb/s, which is 2,400 GB/s"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_SCALE = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_PAIR = re.compile(
    r"(?<![\w.,])(?P<a>\d[\d,]*(?:\.\d+)?)\s?(?P<p>[KMGTk])(?:b|bit|bits)\s?(?:/s|ps|\sper second)\b"
    r"(?P<between>[^.;?!]{0,60}?)"
    r"(?<![\w.,])(?P<told>(?P<b>\d[\d,]*(?:\.\d+)?)\s?(?P<q>[KMGTk])B(?:/s|ps|\sper second)\b)"
)
#: What says that the second is the first.
_IS = re.compile(
    r"\b(?:which|that) (?:is|are|means|makes)\b|\bor\b|\bi\.e|\bso\b|=|\(|"
    r"\b(?:links?|cables?|connections?|ports?|network)? ?(?:moves?|carries|transfers?|delivers?|"
    r"gives?|reads?|copies)\b",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\b(?:not|no|versus|vs|against|while|whereas|but|instead|nvlink|memory|than|if)\b", re.IGNORECASE
)
_BITS, _NEAR = 8, 0.02


def find(context: Context) -> Iterator[Finding]:
    """Every rate in bytes that is the number in bits."""
    for index, passage in context.document.running():
        named = context.mentions.get(index, ())
        for match in _PAIR.finditer(passage.text):
            bits = _number(match["a"]) * _SCALE[match["p"].upper()]
            told = _number(match["b"]) * _SCALE[match["q"].upper()]
            between = match["between"]
            apart = any(match.end("p") <= each.start < match.start("told") for each in named)
            if apart or not _IS.search(between) or _ELSE.search(between) or abs(told / bits - 1) > _NEAR:
                continue
            real = bits / _BITS / 1e9
            because = f"{bits / 1e9:g} Gbit a second are {real:g} GB: a byte has {_BITS} bits"
            yield made(
                context, passage, match.span("told"), "arithmetic", "inconsistent", attribute="bits",
                because=because, expected=f"{real:g} GB/s", evidence=(Evidence(because),),
            )  # fmt: skip


def _number(digits: str) -> float:
    return float(digits.replace(",", "")) or 1.0
