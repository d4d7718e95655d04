"""Audit: paste or upload a text, and read it with its claims marked."""

from __future__ import annotations

from whichgpu.web import asks
from whichgpu.web.page import Page

_EXAMPLE = "/audit?text=The+A10+has+48+GB+of+memory%2C+600+GB%2Fs+and+draws+150+W."
PAGE = Page(
    "/audit",
    "Audit",
    "Paste an article: every claim about GPUs, whether it holds, and the evidence.",
    asks.Audit,
    order=10,
    task="audit",
    command="audit article.md",
    button="Check it",
    examples=(("Three claims about the A10", _EXAMPLE),),
)
