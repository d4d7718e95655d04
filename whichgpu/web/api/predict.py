"""One job on one GPU, the same under a load, and what was measured of it."""

from __future__ import annotations

from whichgpu.web import answers, asks
from whichgpu.web.resource import Resource

_DIAGNOSIS = {
    "verdict": "slow",
    "ratio": 0.36,
    "normal": 0.01,
    "causes": [{"cause": "data loading: the GPU waits 64% of the time", "probability": 0.3}],
}
_INTERVAL = {"low": 610.0, "mid": 761.0, "high": 960.0, "unit": "images/s"}
RESOURCES = (
    Resource("/predict", asks.Predict, answers.predict, {"value": _INTERVAL, "basis": "interpolated"}),
    Resource("/diagnose", asks.Diagnose, answers.diagnose, _DIAGNOSIS),
    Resource(
        "/curve", asks.Curve, answers.curve, {"against": "rate", "loads": [{"request_rate": 2.0}]}, heavy=True
    ),
)
