"""What is sent as a text: an article, a plan."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from whichgpu.web.asks.base import Ask, Text, Texts, choices

#: The largest text of an audit, in characters.
LARGEST_TEXT = 2_000_000


class Audit(Ask):
    """A text to be checked."""

    text: str = Field(
        min_length=1,
        max_length=LARGEST_TEXT,
        title="Text",
        description="Markdown, HTML or plain text.",
        examples=["The A10 has 24 GB of memory and 900 GB/s."],
    )
    form: Literal["", "markdown", "html", "text"] = Field(
        "",
        title="Format",
        description="Told from the text where it is not said.",
        json_schema_extra=choices("markdown", "html", "text"),
    )
    name: Text = Field("the text", title="Name", description="What it is called in the answer.")


class Plan(Ask):
    """Demands on one fleet, as TOML."""

    text: str = Field(
        min_length=1,
        max_length=200_000,
        title="Plan",
        description="TOML: what is to be done, and within what.",
    )
    what_if: Texts = Field(
        default=[],
        max_length=6,
        title="What if",
        description="A change to solve again under.",
        examples=[["demand x2"]],
    )
    pareto: bool = Field(
        False, title="Also weigh cost against latency and energy", description="Solves several times over."
    )
    why_not: bool = Field(False, title="Also say of each offer why it was left out")
    name: Text = Field("plan", title="Name")
