"""A job on several GPUs, or numbers of them, side by side."""

from __future__ import annotations

import pytest


def test_each_has_the_line_that_it_has_alone(whichgpu):
    found = whichgpu("predict", "resnet50", "--phase", "train", "--gpu", "rtx-4090:2,l40s", "--json").json
    both = found["predictions"]
    assert [one["device"] for one in both] == ["2 x rtx-4090", "1 x l40s"]
    for one, name in zip(both, ("rtx-4090:2", "l40s"), strict=True):
        alone = whichgpu("predict", "resnet50", "--phase", "train", "--gpu", name, "--json").json
        assert one["predicted"] == alone["predicted"]
        assert one["usd_per_hour"] > 0


def test_the_fastest_is_said_and_what_does_not_fit_has_its_reason(whichgpu):
    told = whichgpu("predict", "llama-3.1-70b", "--gpu", "a100-80gb-sxm:4,l40s:8,t4", "--plain").out
    assert "4 x a100-80gb-sxm is the fastest" in " ".join(told.split())
    assert "1 x t4: llama-3.1-70b does not fit on t4" in " ".join(told.split())


def test_a_job_that_runs_on_none_exits_as_any_that_does_not_fit(whichgpu):
    told = whichgpu("predict", "llama-3.1-70b", "--gpu", "t4,l4")
    assert (told.status, "runs on none of 1 x t4, 1 x l4" in told.err) == (3, True)


@pytest.mark.parametrize(
    "more", [["--explain"], ["--curve"], ["--anchor", "t4: 30 images/s"], ["--usd-per-gpu-hour", "3"]]
)
def test_what_is_of_one_gpu_is_refused(whichgpu, more):
    told = whichgpu("predict", "resnet50", "--gpu", "l4,t4", *more)
    assert told.status == 2
    assert "--gpu l4" in told.err


def test_the_same_gpu_twice_is_one(whichgpu):
    found = whichgpu("predict", "resnet50", "--gpu", "l4,L4", "--json").json
    assert len(found["predictions"]) == 1
