"""Will it fit? Memory by part, the largest sizes, and what would make it fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.web import asks, composed, figures
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


def answer(ask: asks.Fit, name: str) -> Report:
    """What fits, with the memory of the first as a bar."""
    made = composed.fit_page(ask)
    return figures.before(made, figures.fitted(made.data))


PAGE = Page(
    "/fit",
    "Will it fit?",
    "The memory that a model takes, part by part, and what would make it fit.",
    asks.Fit,
    answer,
    ("workload", "gpu", "precision", "batch", "input_tokens"),
    (
        "phase",
        "resolution",
        "seq_len",
        "output_tokens",
        "concurrency",
        "runtime",
        "tp",
        "pp",
        "steps",
        "option",
        "together",
    ),
    order=5,
    api="/fit",
    command="fit {workload}",
    button="Will it fit?",
    examples=(
        ("Llama 2 13B on an A10", "/fit?workload=llama-2-13b&gpu=a10"),
        (
            "Llama 2 7B, fully fine-tuned, on eight H100",
            "/fit?workload=llama-2-7b&gpu=h100-80gb-sxm%3A8&phase=finetune_full&option=sharding%3Dfsdp",
        ),
        ("Mixtral 8x7B: on what?", "/fit?workload=mixtral-8x7b"),
    ),
)
