"""Shares of a size, and what they come to: "three quarters of the memory, so roughly 180 GB of 192 GB"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.multiple import SHARE, share_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_PAIR = re.compile(
    rf"\b(?:(?P<word>{SHARE})|(?P<n>\d{{1,2}}(?:\.\d)?)\s?(?:%|per ?cent))\s+of\s+(?:the|"
    rf"its|all|your)\s+"
    r"(?:\w+\s+)?(?:memory|vram|ram|hbm)\b(?P<between>[^.;?!]{0,60}?)"
    r"(?<![\d.,])(?P<told>(?P<a>\d[\d,]*(?:\.\d+)?)(?:\s?[GT]B)?)\s+(?:out )?of\s+(?:the |its |all )?"
    r"(?P<b>\d[\d,]*(?:\.\d+)?)\s?[GT]B\b",
    re.IGNORECASE,
)
_SO = re.compile(
    r"\b(?:so|or|i\.e|that is|which is|thus|hence|makes?)\b|\(|^\s*[,:]\s*(?:about|roughly|some)",
    re.IGNORECASE,
)
_ELSE = re.compile(r"\b(?:not|but|while|whereas|free|left|rest|remain\w*|another|other)\b", re.IGNORECASE)
_OFF = 0.1


def find(context: Context) -> Iterator[Finding]:
    """Every such size that is not the share of the whole."""
    for _, passage in context.document.running():
        for match in _PAIR.finditer(passage.text):
            if not _SO.search(match["between"]) or _ELSE.search(match["between"]):
                continue
            share = share_of(match["word"]) if match["word"] else float(match["n"]) / 100
            told, whole = (float(match[key].replace(",", "")) for key in "ab")
            if not share or not whole or abs(told / (share * whole) - 1) <= _OFF:
                continue
            because = f"{share:.3g} of {whole:g} GB is {share * whole:.4g} GB"
            yield made(
                context, passage, match.span("told"), "arithmetic", "inconsistent", attribute="share",
                because=because, expected=f"{share * whole:.3g} GB", evidence=(Evidence(because),),
            )  # fmt: skip
