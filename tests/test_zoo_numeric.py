"""Numerical work against the roofline: double precision, its arrays, gaming cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.infeasible import single
from whichgpu.workloads.job import Job

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue

pytestmark = pytest.mark.slow


def rate(name: str, gpu: str, catalogue: Catalogue, **columns: object) -> float:
    return single(Job(name, **columns), catalogue[gpu]).throughput.mid * 1e9


@pytest.mark.parametrize("gpu", ["a100-80gb-sxm", "h100-80gb-sxm", "v100-16gb-sxm", "rtx-4090", "mi300x"])
def test_numerical_work_is_below_the_roofline_and_near_it(gpu: str, catalogue: Catalogue) -> None:
    card = catalogue[gpu]
    stream = rate("stream-triad", gpu, catalogue)
    assert 0.6 * card.value("bandwidth") < stream < card.value("bandwidth")
    dense = max(card.value("fp64"), card.value("fp64_tensor") or 0.0)
    gemm = rate("dgemm", gpu, catalogue)
    assert 0.3 * dense < gemm < dense
    pairs = rate("nbody", gpu, catalogue)
    assert 0.3 * card.value("fp32") < pairs < card.value("fp32")


def test_double_precision_products_use_tensor_cores_and_the_rest_does_not(catalogue: Catalogue) -> None:
    cards = Devices.of([catalogue["a100-80gb-sxm"], catalogue["rtx-4090"]])
    assert cards.peak("fp64")[0, 0] == catalogue["a100-80gb-sxm"].value("fp64_tensor")
    assert cards.peak("fp64")[1, 0] == catalogue["rtx-4090"].value("fp64")
    pairs = rate("nbody", "a100-80gb-sxm", catalogue, precision="fp64")
    assert pairs < catalogue["a100-80gb-sxm"].value("fp64")


def test_numerical_work_holds_its_own_arrays(catalogue: Catalogue) -> None:
    answer = single(Job("stream-triad"), catalogue["v100-16gb-sxm"])
    assert answer.memory["activations"] == 3 * 8 * 2**28
    assert answer.memory["weights"] == 0


def test_a_gaming_card_is_poor_at_double_precision(catalogue: Catalogue) -> None:
    assert rate("dgemm", "v100-16gb-sxm", catalogue) > 3 * rate("dgemm", "rtx-4090", catalogue)
    single_precision = rate("dgemm", "rtx-4090", catalogue, precision="fp32")
    assert single_precision > 10 * rate("dgemm", "rtx-4090", catalogue)
