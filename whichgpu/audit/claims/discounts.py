"""Prices after a discount: "a discount of 40 % on $2.50 makes it $1.50", "30 % off $2.00 is $1.40"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_PERCENT = r"(?P<p>\d{1,2}(?:\.\d)?)\s?(?:%|percent|per cent)"
_BEFORE = r"(?:US)?[$\u20ac](?P<a>\d[\d,]*(?:\.\d{1,4})?)(?:\s?(?:/|per|an?)\s?(?:GPU-)?(?:hour|hr|h|month))?"
_AFTER = r"(?:about |only |just |roughly )?(?:US)?[$\u20ac](?P<b>\d[\d,]*(?:\.\d{1,4})?)"
_MAKES = (
    r"\s*,?\s*(?:(?:it|that|which|this)\s+)?(?:makes?|brings?|gives?|leaves?|is|are|becomes?|comes? "
    r"to|cuts?|takes?)\s+"
    r"(?:it\s+|that\s+|the price\s+|you\s+|us\s+|this\s+)?(?:down\s+)?(?:to\s+|at\s+)?"
)
_TOLD = (
    re.compile(
        rf"\b(?:discount|reduction|rebate|saving) of {_PERCENT}\s+(?:on|off|from)\s+(?:the\s+|"
        rf"a\s+)?{_BEFORE}{_MAKES}{_AFTER}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b{_PERCENT}\s+(?:off|less than|below)\s+(?:the\s+|a\s+)?{_BEFORE}{_MAKES}{_AFTER}", re.IGNORECASE
    ),
    re.compile(rf"{_BEFORE}\s+(?:less|minus)\s+{_PERCENT}{_MAKES}{_AFTER}", re.IGNORECASE),
)
#: How far rounding goes; what is told to the cent is exact.
_NEAR = 0.012


def find(context: Context) -> Iterator[Finding]:
    """Every price after a discount, with its verdict."""
    for _, passage in context.document.running():
        for match in (found for pattern in _TOLD for found in pattern.finditer(passage.text)):
            share, before, after = (
                float(match[name].replace(",", "").strip(".") or 0) for name in ("p", "a", "b")
            )
            real = before * (1 - share / 100)
            wrong = abs(after - real) > max(_NEAR * real, 0.006)
            because = f"{share:g} % off {before:,g} leaves {real:,.4g}"
            yield made(
                context, passage, match.span("b"), "arithmetic", "inconsistent" if wrong else "confirmed",
                attribute="discount", because=because, expected=f"{real:,.4g}" if wrong else "",
                evidence=(Evidence(because),),
            )  # fmt: skip
