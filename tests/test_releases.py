"""What a fit knows of a release that no row is of."""

from __future__ import annotations

import math

import numpy as np
import pytest
from kernel_runs import seconds

from whichgpu.cost.calibration import releases
from whichgpu.cost.calibration.effects import Fit, launch_terms
from whichgpu.cost.job.runtimes import runtime

_KNOWN = [f"tensorrt+v{one}" for one in ("8.4", "8.6", "9.0", "10.2")]
_EFFECTS = {f"l={one}": value for one, value in zip(_KNOWN, (0.1, 0.2, 0.4, 0.8), strict=True)}


@pytest.mark.parametrize(
    ("asked", "beside"),
    [
        ("tensorrt+v8.5", ["8.4", "8.6"]),
        ("tensorrt+v9.3", ["9.0", "10.2"]),
        ("tensorrt+v10.9", ["10.2"]),
        ("tensorrt+v7.2", ["8.4"]),
        ("tensorrt+v8", ["8.4", "8.6"]),
        ("tensorrt+v8.6", []),  # has rows of its own
        ("megatron+ngc25.09", []),
        ("tensorrt+submission", []),
    ],
)
def test_a_release_without_rows_is_as_those_beside_it(asked: str, beside: list[str]) -> None:
    assert list(releases.beside(asked, _KNOWN)) == [f"tensorrt+v{one}" for one in beside]
    assert releases.beside(asked, _KNOWN[:3]) == ()  # too far apart to tell


def test_a_fit_takes_the_mean_of_their_effects() -> None:
    def factor(text: str) -> float:
        return Fit(_EFFECTS).factor(launch_terms("resnet50", runtime(text, ""), trains=False))

    told = {"TensorRT 8.6": 0.2, "TensorRT 8.5": 0.15, "TensorRT10": 0.8, "TensorRT": 0.0}
    for text, effect in told.items():
        assert math.log(factor(text)) == pytest.approx(effect), text
    # Neither an engine's mark nor a name's own number nor a toolbox's version is a release.
    for text in ("vLLM V1", "PyTorch 2", "TensorRT FP16 Ultralytics 8.0"):
        assert runtime(text, "").marks == (), text


def test_a_fold_that_leaves_a_release_out_does_so_too() -> None:
    more = {**_EFFECTS, "l=tensorrt+v6.0": -0.4}
    theta = np.array(list(more.values()))
    filled = releases.filled(list(more), theta, {"tensorrt+v9.0"})
    assert filled[2] == pytest.approx(0.5)
    assert np.array_equal(np.delete(filled, 2), np.delete(theta, 2))
    labels = ["tensorrt tensorrt+v8.6", "tensorrt tensorrt+v9.0", "tensorrt tensorrt+fp16 tensorrt+v9.0"]
    assert releases.alone(labels[0], labels) == {"tensorrt+v8.6"}
    assert not releases.alone(labels[1], labels)


def test_submissions_keep_the_first_stage_of_a_residual_network_on_the_chip() -> None:
    def passes(text: str, precision: str) -> float:
        return seconds(
            "resnet50", "a100-80gb-sxm", phase="infer", precision=precision, batch=256.0, runtime=text
        )

    told, plain = "TensorRT 8.6.0, CUDA 12.0", "TensorRT 8.6.0"
    assert passes(told, "int8") < 0.97 * passes(plain, "int8")
    assert passes(told, "fp16") == passes(plain, "fp16")
