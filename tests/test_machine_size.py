"""Machines as a job states them: how many GPUs are in one, and what their modules may draw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from whichgpu.cost.breakdown import breakdown
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.devices import node
from whichgpu.cost.parallel.links import node_size
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

H200, GB200, GH200 = (catalogue()[name] for name in ("h200-141gb-sxm", "gb200-192gb", "gh200-96gb"))
JOB = Job(
    "llama-3-70b", phase="pretrain", precision="bf16", runtime="PyTorch FSDP2", batch=2.0, seq_len=4096.0,
    n_gpus=32.0, tp=4.0, options={"sharding": "fsdp", "checkpointing": "full", "grad_accum": "4"},
)  # fmt: skip


def test_a_machine_has_as_many_gpus_as_a_job_says_and_a_rack_stays_one() -> None:
    sizes = node_size(Devices.of([H200, GB200], node=4.0))
    assert sizes.tolist() == [[4.0], [72.0]]
    assert node_size(Devices.of([H200])).tolist() == [[8.0]]


def test_smaller_machines_send_more_over_the_network() -> None:
    four = replace(JOB, options={**JOB.options, "gpus_per_node": "4"})
    whole = breakdown(JOB, [H200]).step
    assert np.all(breakdown(four, [H200]).step > 1.05 * whole)
    assert breakdown(replace(four, options={**JOB.options, "gpus_per_node": "8"}), [H200]).step == (
        pytest.approx(whole)
    )


@pytest.mark.parametrize("text", ["0", "4.5", "four", "100"])
def test_no_machine_has_such_a_number(text: str) -> None:
    with pytest.raises(UsageError, match="write gpus_per_node=4"):
        node(text)


def test_four_modules_of_a_machine_draw_less_than_one_alone() -> None:
    """JUPITER's have 680 W each, processor and all; a lower limit that a job states stays."""
    job = replace(JOB, workload="llama-3-8b", n_gpus=4.0, tp=1.0, batch=1.0)
    box = {**job.options, "system": "gh200-4"}
    four, stated, lower = (
        breakdown(replace(job, options={**box, **more}), [GH200]).step[0, 0]
        for more in ({}, {"power_limit": "680 W"}, {"power_limit": "500 W"})
    )
    assert four == pytest.approx(stated)
    assert lower > four
