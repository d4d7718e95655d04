"""Meshes of a training: what is refused, what is told with the nearest that suits, and what is gathered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from whichgpu.cost.estimate import estimate
from whichgpu.cost.job.layout import lay_out
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

if TYPE_CHECKING:
    from whichgpu.cost.estimates import Estimates

pytestmark = pytest.mark.slow
GPUS = catalogue()
TRAIN = Job("llama-3-8b", phase="pretrain", precision="bf16", runtime="megatron", batch=1.0, seq_len=4096.0)
H100 = "h100-80gb-sxm"


def run(job: Job, gpu: str) -> Estimates:
    return estimate(job, [GPUS[gpu]])


@pytest.mark.parametrize(
    ("columns", "options", "told"),
    [({"n_gpus": 64.0, "tp": 16.0}, {}, "use tp=8 and stages"),
     ({"workload": "llama-3-70b", "n_gpus": 56.0, "tp": 8.0, "pp": 7.0}, {}, "use pp=5 or 8"),
     ({"n_gpus": 8.0, "pp": 4.0}, {"vp": "8", "grad_accum": "6"}, "use 4 or 8 (grad_accum), or vp=1"),
     ({"n_gpus": 16.0, "seq_len": 1000.0}, {"cp": "16"}, "use seq_len=992 or 1024")],
)  # fmt: skip
def test_a_mesh_that_can_be_and_that_trainers_refuse_is_told_with_the_nearest(
    columns: dict[str, Any], options: dict[str, str], told: str
) -> None:
    job = replace(TRAIN, options={"checkpointing": "full", **options}, **columns)
    assert any(told in said for said in run(job, H100).at(0, 0).warnings)


def test_meshes_of_published_runs_are_told_nothing() -> None:
    """Llama 3.1 405B has 126 layers, two of them for the ends; GB200s are one machine of 72."""
    staged = replace(
        TRAIN, workload="llama-3.1-405b", n_gpus=1024.0, tp=8.0, pp=8.0, seq_len=8192.0, precision="fp8",
        options={"cp": "2", "vp": "8", "global_batch": "512"},
    )  # fmt: skip
    wide = replace(TRAIN, workload="llama-3-70b", n_gpus=64.0, tp=16.0, options={"global_batch": "64"})
    for job, gpu in ((staged, H100), (wide, "gb200-192gb")):
        assert not any("; use " in said for said in run(job, gpu).at(0, 0).warnings)


@pytest.mark.parametrize("name", ["tp", "pp"])
def test_a_degree_that_is_no_whole_number_is_told_the_nearest(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name}=2.5 is no whole number of GPUs; use {name}=2 or 3"):
        run(replace(TRAIN, n_gpus=64.0, **{name: 2.5}), H100)


def test_weights_of_fp8_products_are_gathered_in_eight_bits_where_a_trainer_does_so() -> None:
    """`fp8_param_gather` of Megatron-Bridge, `enable_fsdp_float8_all_gather` of torchtitan."""
    shared = replace(TRAIN, n_gpus=64.0, options={"sharding": "fsdp"})
    for runtime, gradients, gathered in (
        ("megatron", 2.0, 1.0),
        ("torchtitan", 4.0, 1.0),
        ("llm-foundry", 4.0, 2.0),
    ):
        wide, narrow = (
            float(lay_out(replace(shared, precision=form, runtime=runtime), [GPUS[H100]]).gradients.exchanged)
            for form in ("bf16", "fp8")
        )
        assert narrow / wide == pytest.approx((gradients + 2 * gathered) / (gradients + 4.0), rel=1e-6)
