"""How fast? Speed, memory and power of one job on one GPU, and what was measured of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.web import answers, asks, figures
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


def answer(ask: asks.Predict, name: str) -> Report:
    """The prediction, with what is behind it where that is asked for."""
    made = answers.predict(ask)
    return figures.before(made, figures.predicted(made.data))


_SEEN = ("phase", "precision", "batch")
PAGE = Page(
    "/predict",
    "How fast?",
    "Speed, memory, power and energy of one job on a GPU, held against what was measured.",
    asks.Predict,
    answer,
    ("workload", "gpu", *_SEEN),
    (
        *asks.WholeJob.model_fields, *(name for name in asks.COLUMNS if name not in _SEEN),
        "grid", "pue", "explain",
    ),
    order=6,
    api="/predict", command="predict {workload}",
    button="How fast?",
    tab="How fast?",
    examples=(
        ("Stable Diffusion on an RTX 4090", "/predict?workload=stable-diffusion-1.5&gpu=rtx-4090"),
        ("Train ResNet-50 on a V100, and why",
         "/predict?workload=resnet50&gpu=v100-16gb-sxm&phase=train&explain=true"),
        ("Mixtral 8x7B in four bits, one user, on an A100",
         "/predict?workload=mixtral-8x7b&gpu=a100-80gb-sxm&phase=decode&batch=1&precision=w4a16"),
    ),
)  # fmt: skip
