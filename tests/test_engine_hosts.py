"""What the hosts of an engine's releases take between two passes, and whose prompts go before all tokens."""

from dataclasses import replace

import numpy as np
import pytest

from whichgpu.cost.calibration.effects import Fit
from whichgpu.cost.estimate import estimate, finish
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.serving.steady import engine
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

GPUS = catalogue()
CHAT = Job("qwen3-32b", phase="serve", precision="bf16", input_tokens=2048.0, output_tokens=256.0,
           concurrency=64.0, tp=4.0, n_gpus=4.0)  # fmt: skip
#: Tokens that no prompt comes between.
ALONE = replace(CHAT, concurrency=1.0)


def tpot(engine: str, job: Job = CHAT, **columns: object) -> float:
    """TPOT in s before any fit."""
    laid = lay_out(replace(job, runtime=engine, **columns), [GPUS["h100-80gb-sxm"]])
    return float(finish(laid, Fit()).seconds[0, 0])


def test_processes_of_several_gpus_were_in_each_others_way():
    """Under vLLM 0.5 to 0.5.3; before they were Ray's, with one thread each, as all are since 0.5.4."""

    def wide(release: str) -> float:
        two, four = (tpot(release, ALONE, tp=n, n_gpus=n) for n in (2.0, 4.0))
        return four - two

    assert wide("vLLM 0.5.3") - wide("vLLM 0.4.2") == pytest.approx(2 * 6e-3, rel=1e-6)
    assert wide("vLLM 0.5.4") == pytest.approx(wide("vLLM 0.4.2"), rel=1e-6)
    one = {"tp": 1.0, "n_gpus": 1.0}
    assert tpot("vLLM 0.5.3", ALONE, **one) == pytest.approx(tpot("vLLM 0.4.2", ALONE, **one), rel=1e-9)
    # In a table whose jobs have other engines beside it, each has its own.
    names = ("vLLM 0.5.3", "vLLM 0.4.2")
    columns = {"workload": "qwen3-32b", "gpu": "h100-80gb-sxm", "n_gpus": "4", "tp": "4", "phase": "serve",
               "precision": "bf16", "metric": "tpot", "unit": "ms", "concurrency": "1",
               "input_tokens": "2048", "output_tokens": "256"}  # fmt: skip
    rows = [{**columns, "id": name, "runtime": name} for name in names]
    told = {one.id: one.value for one in predict_rows(rows, GPUS)}
    alone = {one.id: one.value for row in rows for one in predict_rows([row], GPUS)}
    assert told == pytest.approx(alone, rel=1e-9)
    assert told["vLLM 0.5.3"] > told["vLLM 0.4.2"] + 15.0


def test_processes_are_in_the_way_of_those_of_their_own_machine():
    """Sixteen GPUs in two machines lose with each token what eight in one do."""

    def lost(n: float) -> float:
        before, after = (tpot(release, ALONE, tp=n, n_gpus=n) for release in ("vLLM 0.5.3", "vLLM 0.4.2"))
        return before - after

    assert lost(8.0) == pytest.approx(7 * 6e-3, rel=1e-6)
    assert lost(16.0) == pytest.approx(lost(8.0), rel=1e-6)


def test_the_first_engines_of_vllm_schedule_in_turn_with_the_gpu():
    """The API server is a process of its own since 0.5.4, outputs are made beside the GPU since 0.6."""
    before, apart = (tpot(release, ALONE) for release in ("vLLM 0.5.3", "vLLM 0.5.4"))
    assert before - apart == pytest.approx(2.3e-3 + 230e-6 + 3 * 6e-3, rel=0.01)
    once, later = tpot("vLLM 0.6.0", ALONE), tpot("vLLM 0.9", ALONE)
    assert once - later == pytest.approx(80e-6, rel=0.02)
    # What is done once for several passes is scheduling; tokens are made one by one.
    ten = tpot("vLLM 0.6.0", ALONE, options={"num_scheduler_steps": "10"})
    assert once - ten == pytest.approx(0.4 * 0.9 * (2e-3 + 100e-6), rel=0.01), "ten passes at a time"
    assert tpot("vLLM 0.8", options={"num_scheduler_steps": "1"}) == pytest.approx(tpot("vLLM 0.8"))


def test_sglang_before_0_4_schedules_as_vllm_of_its_time_did():
    for release in ("SGLang 0.3.2", "SGLang 0.5 --disable-overlap-schedule"):
        turn = tpot(release, ALONE) - tpot("SGLang 0.4.0", ALONE)
        assert turn == pytest.approx(1e-3 + (100e-6 - 13e-6), rel=1e-6), release
    # As 0.4, with no release named, of which the rows of the fit are.
    assert tpot("sglang", ALONE) == pytest.approx(tpot("SGLang 0.4.0", ALONE), rel=1e-6)


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        ("vLLM 0.5.4", False), ("vLLM 0.6.3", False), ("vLLM 0.7.2", False), ("vLLM 0.8", True),
        ("vLLM 0.8 VLLM_USE_V1=0", False), ("vllm", True), ("SGLang 0.5.7", False),
    ],
)  # fmt: skip
def test_prompts_go_before_tokens_until_vllm_0_8(text, shared):
    """Chunks of prompts share passes with tokens by default since the engine of 0.8."""
    assert bool(engine(runtime(text, "vllm"))["mixed"]) == shared


def test_who_comes_at_random_is_interrupted_by_each_prompt_under_vllm_before_0_8():
    """All tokens wait while a prompt is computed; beside that the host takes longer for each sequence."""

    def arriving(release: str, rate: str) -> float:
        job = replace(CHAT, concurrency=None, runtime=release, options={"request_rate": rate})
        return float(estimate(job, [GPUS["h100-80gb-sxm"]]).seconds[0, 0])

    seldom, often = (arriving("vLLM 0.7", rate) / arriving("vLLM 0.8", rate) for rate in ("0.01", "4"))
    assert seldom < 1.05
    assert often > 1.15


def test_tokens_were_launched_kernel_by_kernel_before_engines_had_graphs():
    """vLLM since 0.2.6, TGI since 2.0: all of a layer takes longer than its weights do on a fast GPU."""
    layers = 64.0
    for before, since in (("vLLM 0.2.5", "vLLM 0.2.6"), ("TGI 1.4", "TGI 2.0")):
        longer = tpot(before, ALONE) - tpot(since, ALONE)
        assert longer > 0.15e-3 * layers, before
        asked = tpot(since, ALONE, options={"cuda_graphs": "none"})
        assert asked == pytest.approx(tpot(before, ALONE), rel=1e-6), "as it is asked for"
    # Each of TGI's GPUs has a process that does all for itself.
    two, four = (tpot("TGI 2.4", ALONE, tp=n, n_gpus=n) for n in (2.0, 4.0))
    assert four < two


def test_all_of_a_run_is_slower_where_the_host_takes_turns():
    """Chats that are all sent at once to 8B on an A100: SGLang 0.3 and vLLM 0.6 make less than today."""
    run = Job("llama-3.1-8b", phase="serve", precision="bf16", input_tokens=217.0, output_tokens=195.0,
              options={"num_prompts": "2000", "request_rate": "inf", "dataset": "sharegpt"})  # fmt: skip

    def made(release: str) -> float:
        laid = lay_out(replace(run, runtime=release), [GPUS["a100-80gb-sxm"]])
        return float(np.ravel(finish(laid, Fit()).throughput)[0])

    assert made("SGLang 0.3") < 0.8 * made("SGLang 0.5.10")
    assert made("vLLM 0.6.0") < 0.8 * made("vLLM 0.11")
