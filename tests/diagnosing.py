"""What tests of `diagnose` ask: a prediction, a diagnosis with its causes, the verdict alone."""

from __future__ import annotations

import pytest

from whichgpu import api
from whichgpu.planner.diagnosis import answer

RESNET = {"phase": "train", "precision": "amp-fp16", "batch": 128}


def predicted(workload, gpu, **columns):
    return api.predict(workload, gpu, **columns).throughput


def found(workload, gpu, measured, **columns):
    one = api.diagnose(workload, gpu, measured, **columns)
    return one, {cause.id: cause for cause in one.causes}, [cause.id for cause in one.causes]


def judged(workload, gpu, measured, **columns):
    """The verdict alone: causes take ten times as long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answer, "_explained", lambda one: one.found)
        return api.diagnose(workload, gpu, measured, **columns)
