"""GPUs side by side."""

from __future__ import annotations

from whichgpu.web import answers, asks
from whichgpu.web.resource import Resource

_EXAMPLE = {"gpus": ["a10", "a100-80gb-pcie"], "rows": [{"field": "memory"}]}
RESOURCES = (Resource("/compare", asks.Compare, answers.compare, _EXAMPLE),)
