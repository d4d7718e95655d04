"""Which GPU? The ranked answer, why and why not, and what would change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from whichgpu.web import answers, asks, figures
from whichgpu.web.asks.base import Name  # noqa: TC001 (pydantic reads it)
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


class Which(asks.Recommend):
    """The question, and how far the price of the first has moved."""

    workload: Name = Field(
        title="Workload",
        description="A model, as it is called, or a whole question.",
        examples=["stable-diffusion-1.5"],
    )
    change: float = Field(
        0.0,
        ge=-90,
        le=400,
        allow_inf_nan=False,
        title="Price of the first, change in %",
        description="How the ranking would change.",
        examples=[20],
    )


def answer(ask: Which, name: str) -> Report:
    """The recommendation, and the ranking at other prices."""
    from whichgpu.planner.use import use

    asked = asks.Recommend(**{key: value for key, value in ask.model_dump().items() if key != "change"})
    if asked.under_load or use(asked.workload) is not None:
        made = answers.recommend(asked)
        return figures.before(made, figures.recommended(made.data))
    from whichgpu.report.pareto import sensitivity
    from whichgpu.report.table import Heading

    made, ranked = answers.recommended(asked)
    made = figures.before(made, figures.recommended(made.data))
    table = sensitivity(ranked, ask.change)
    if table is None:
        return made
    blocks = list(made.blocks)
    at = next(
        (i for i, one in enumerate(blocks) if isinstance(one, Heading) and one.text == "Assumed"), len(blocks)
    )
    return made._replace(blocks=(*blocks[:at], table, *blocks[at:]))


PAGE = Page(
    "/",
    "Which GPU?",
    "What to rent or buy for a machine-learning job, from whom, at what price, and why.",
    Which,
    answer,
    ("workload", "target", "phase", "precision", "gpus", "budget", "term", "needs"),
    groups=(
        ("A whole job", (*asks.WholeJob.model_fields, "deadline")),
        ("Requests that arrive", ("slo", "rate", "users", "pause")),
        ("What it may cost and take", ("latency", "energy", "objective", "api_price")),
        ("What the GPU must be", ("min_memory", "max_power", "max_slots", "framework", "system")),
        ("From whom", ("providers", "region", "exclude", "offers")),
        ("A machine that is built", ("machine", "power_limit")),
        ("How the model runs", tuple(one for one in asks.COLUMNS if one not in ("phase", "precision"))),
    ),
    order=1,
    api="/recommend",
    command="recommend {workload}",
    button="Which GPU?",
    examples=(
        (
            "1,000 images a minute from Stable Diffusion",
            "/?workload=stable-diffusion-1.5&target=1000+images%2Fmin",
        ),
        (
            "5,000 tokens a second from Llama 2 70B in FP8",
            "/?workload=llama-2-70b&target=5000+tokens%2Fs&precision=fp8",
        ),
        (
            "Llama 3.1 8B for 20 requests a second, first token within 1 s",
            "/?workload=llama-3.1-8b&slo=ttft+p90+1+s%2C+tpot+50+ms&rate=20+req%2Fs",
        ),
        (
            "ResNet-50, 90 epochs of ImageNet by tomorrow",
            "/?workload=resnet50&phase=train&epochs=90&deadline=tomorrow",
        ),
        ("A single-slot card for rendering within 150 W", "/?workload=rendering&max_power=150+W&max_slots=1"),
        (
            "Train ResNet-50: RTX A5000 or A100?",
            "/?workload=resnet50&phase=train&gpus=rtx-a5000%2Ca100-80gb-sxm",
        ),
    ),
)
