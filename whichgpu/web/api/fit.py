"""What fits."""

from __future__ import annotations

from whichgpu.web import answers, asks
from whichgpu.web.resource import Document, Resource


class Fits(Document):
    """Whether it fits, in bytes; of several workloads or GPUs also `answers`."""

    fits: bool


_EXAMPLE = {"fits": False, "required": 28776000000.0, "available": 23616000000.0, "smallest_gpu": "rtx-5090"}
RESOURCES = (Resource("/fit", asks.Fit, answers.fit, _EXAMPLE, Fits),)
