"""What to rent or buy."""

from __future__ import annotations

from whichgpu.web import answers, asks
from whichgpu.web.resource import Document, Resource


class Recommendation(Document):
    """Candidates, best first, and why the others are not among them."""

    candidates: list[Document]
    rejected: list[Document]


_EXAMPLE = {
    "workload": "stable-diffusion-1.5",
    "candidates": [{"rank": 1, "gpu": "l4", "instances": 35, "usd_per_hour": 18.2}],
    "rejected": [{"gpu": "k80", "why": "too small"}],
}
RESOURCES = (Resource("/recommend", asks.Ranked, answers.told, _EXAMPLE, Recommendation),)
