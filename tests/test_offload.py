"""What waits on the host costs time over PCIe and in its memory: by hand, and `fit` says the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from whichgpu import api
from whichgpu.cost.breakdown import breakdown
from whichgpu.cost.estimate import estimate
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.infeasible import single
from whichgpu.cost.job.runtimes import runtimes
from whichgpu.cost.memory.offload import pass_seconds
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

P = 6.738e9  # parameters of Llama 2 7B
LINK = 0.6 * 16 * 1.969e9  # PCIe 4.0 x16, as copies reach it
HOST = 50e9  # as Adam of DeepSpeed reads and writes it
TUNE = Job("llama-2-7b", phase="finetune_full", precision="amp-bf16", batch=1.0, seq_len=2048.0)
A100 = catalogue()["a100-80gb-sxm"]
SMALL = catalogue()["a100-40gb-sxm"]


def tuned(gpus: float = 2.0, **options: str) -> dict[str, float]:
    """Seconds of a step by part, on A100s."""
    found = breakdown(replace(TUNE, n_gpus=gpus, options=options), [A100])
    return {name: float(part[0, 0]) for name, part in found.parts.items()}


def test_optimizer_on_the_host_costs_gradients_down_weights_up_and_its_update() -> None:
    parts, plain = tuned(sharding="zero2", offload="optimizer"), tuned(sharding="zero2")
    # Each of two ranks: FP32 gradients of half of them down, 16 bits up; 28 B of the host for all.
    by_hand = (4 + 2) * P / 2 / LINK + 28 * P / HOST
    assert parts["offload"] == pytest.approx(by_hand, rel=0.01)
    assert plain["offload"] == 0.0 < plain["optimizer"]
    assert parts["optimizer"] == 0.0


def test_without_sharding_every_replica_updates_all_parameters() -> None:
    alone, twice = tuned(gpus=1.0, offload="optimizer"), tuned(offload="optimizer")
    assert alone["offload"] == pytest.approx(6 * P / LINK + 28 * P / HOST, rel=0.01)
    assert twice["offload"] == pytest.approx(6 * P / LINK + 2 * 28 * P / HOST, rel=0.01)


def test_parameters_cross_with_every_pass_and_hide_behind_long_ones() -> None:
    steps = {}
    for count in ("1", "4"):
        # The card's own update, which the host's spares, is once a step: in one kernel a small part of it.
        options = {"offload": "parameters", "grad_accum": count, "checkpointing": "full",
                   "optimizer": "adamw-fused"}  # fmt: skip
        with_, without = (
            float(estimate(replace(TUNE, n_gpus=1.0, options=some), [A100]).seconds[0, 0])
            for some in (options, {name: v for name, v in options.items() if name != "offload"})
        )
        steps[count] = with_ - without
    # Up for the forward and for the backward pass, in 16 bits, of which computation hides a part.
    assert 0 < steps["1"] < (2 * 2 * P + 4 * P) / LINK
    assert steps["4"] == pytest.approx(4 * steps["1"], rel=0.15)


def test_drives_are_slower_than_memory_and_another_place_is_refused() -> None:
    memory, drives = (tuned(sharding="zero2", offload="optimizer", offload_to=to) for to in ("cpu", "nvme"))
    # Weight and two states of FP32 read and written at 7 GB/s.
    assert drives["offload"] - memory["offload"] == pytest.approx(24 * P / 7e9 - 28 * P / HOST, rel=0.01)
    with pytest.raises(UsageError, match="offload_to: 'tape' is none of cpu, nvme"):
        tuned(offload="optimizer", offload_to="tape")


def test_weights_of_an_inference_cross_once_a_token() -> None:
    a10 = catalogue()["a10"]
    job = Job("llama-2-13b", phase="generate", precision="fp16", batch=1.0, input_tokens=100.0,
              output_tokens=50.0, options={"offload": "6GB"})  # fmt: skip
    found = single(job, a10)
    link = 0.6 * 16 * 1.969e9
    assert found.latency.mid > 50 * 6e9 / link
    assert found.memory["weights"] == pytest.approx(13.016e9 * 2 - 6e9, rel=0.01)
    assert found.memory["gathered_layers"] == pytest.approx(2 * 6e9 / 40)


def test_fit_says_of_offloading_what_predict_does() -> None:
    columns = {"phase": TUNE.phase, "precision": TUNE.precision, "batch": 1.0, "seq_len": 2048.0}
    answer = api.fit("llama-2-7b", ["a100-80gb-sxm:2"], **columns)
    change = next(one for one in answer.answers[0].changes if one.kind == "offload")
    assert change.option == "--option offload=optimizer --option sharding=zero2"
    found = estimate(replace(TUNE, n_gpus=2.0, options={"offload": "optimizer", "sharding": "zero2"}), [A100])
    assert change.throughput is not None
    assert change.throughput.mid == pytest.approx(float(found.throughput[0, 0]), rel=1e-6)
    assert change.required == pytest.approx(float(found.required[0, 0]))
    # Wide weights, both states of Adam and all gradients but a layer's, once for both GPUs.
    assert change.host_memory == pytest.approx(16 * P, rel=0.02)


def test_weights_of_a_server_cross_with_every_pass() -> None:
    a10 = catalogue()["a10"]
    job = Job("llama-2-13b", phase="serve", precision="fp16", concurrency=1.0, input_tokens=100.0,
              output_tokens=50.0, options={"offload": "8GB"})  # fmt: skip
    found = single(job, a10)
    link = 0.6 * 16 * 1.969e9
    assert found.latency.mid > 51 * 8e9 / link
    assert found.memory["weights"] == pytest.approx(13.016e9 * 2 - 8e9, rel=0.01)
    fitted = api.fit("llama-2-13b", ["a10"], options={"offload": "8GB"}).answers[0]
    assert fitted.fits
    assert fitted.parts["weights"] == pytest.approx(found.memory["weights"])


def test_a_token_reads_on_the_host_what_it_needs_of_experts_there() -> None:
    """gpt-oss chooses 4 of 128 experts: 50 GB of them on the host are 1.6 GB for each token (llama.cpp)."""
    card = catalogue()["rtx-4090"]
    asked = Job("gpt-oss-120b", phase="decode", runtime="llama.cpp", options={"offload": "50GB"})
    found = single(asked, card)
    read, rate = 50e9 * 4 / 128, 60e9
    assert 0.4 * rate / read < found.throughput.mid < rate / read
    # Nobody stated the host, whose memory may be half or twice as fast.
    assert found.throughput.high > 1.8 * found.throughput.mid
    # All tokens of a prompt together need all experts, which cross PCIe with each of its micro-batches.
    prompt = single(replace(asked, phase="prefill", input_tokens=1024.0), card)
    assert prompt.latency.mid > 2 * 50e9 * 0.95 / (0.6 * 16 * 1.969e9)


def test_weights_in_memory_that_may_be_paged_cross_pcie_more_slowly() -> None:
    """Four pictures of SDXL on an A100 (Hugging Face): 67.0 s layer by layer, 16.1 network by network."""

    def seconds(runtime: str, **options: str) -> float:
        asked = Job("sdxl", phase="generate", batch=4.0, steps=50.0, precision="fp16", runtime=runtime,
                    options=options)  # fmt: skip
        return float(np.ravel(estimate(asked, [SMALL]).seconds)[0])

    whole = seconds("diffusers")
    assert seconds("diffusers", offload="sequential") == pytest.approx(67.0, rel=0.1)
    assert 1.0 < seconds("diffusers", offload="model") - whole < 4.7
    # Engines keep what waits in memory that is pinned.
    stack, devices = runtimes()["vllm"], Devices.of([SMALL])
    job = Job("llama-2-70b", phase="generate")
    pinned = pass_seconds(job, stack, 24e9, devices)
    assert float(np.ravel(pinned)[0]) == pytest.approx(24e9 / float(np.ravel(devices.pcie)[0]))
    assert np.all(pass_seconds(job, runtimes()["transformers"], 24e9, devices) == 24e9 / 5e9)


def test_a_word_that_is_no_amount_says_what_an_inference_takes() -> None:
    with pytest.raises(UsageError, match=r"'lots' is no amount of weights.*write offload=5GiB"):
        estimate(Job("llama-2-7b", phase="generate", options={"offload": "lots"}), [A100])
