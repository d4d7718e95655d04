"""One job on one GPU, and the same under a load."""

from __future__ import annotations

from whichgpu.web import answers, asks
from whichgpu.web.resource import Resource

_INTERVAL = {"low": 610.0, "mid": 761.0, "high": 960.0, "unit": "images/s"}
RESOURCES = (
    Resource("/predict", asks.Predict, answers.predict, {"value": _INTERVAL, "basis": "interpolated"}),
    Resource(
        "/curve", asks.Curve, answers.curve, {"against": "rate", "loads": [{"request_rate": 2.0}]}, heavy=True
    ),
)
