"""What engines of language models do differently: order of prompts, requests in flight, layouts, defaults."""

from dataclasses import replace

import numpy as np
import pytest

from whichgpu import api
from whichgpu.cost.calibration.effects import Fit
from whichgpu.cost.calibration.measured import measured_rows
from whichgpu.cost.calibration.refit import measured_elsewhere
from whichgpu.cost.estimate import estimate, finish
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.placing import placed
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.job.settling import settle
from whichgpu.cost.serving.load import seconds_of
from whichgpu.cost.serving.measuring import how_to_measure
from whichgpu.cost.serving.scheduling import limits
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.cost.timing.passes import as_pass, prompts_beside
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.capacity import fit
from whichgpu.workloads.job import Job

GPUS = catalogue()
CHAT = Job("qwen3-32b", phase="serve", precision="bf16", input_tokens=2048.0, output_tokens=256.0,
           concurrency=64.0, tp=4.0, n_gpus=4.0)  # fmt: skip
EXPERTS = Job("qwen3-235b-a22b", phase="serve", precision="fp8", input_tokens=1000.0, output_tokens=1000.0,
              tp=8.0, n_gpus=8.0)  # fmt: skip
TRTLLM = "TensorRT-LLM 1.0 (PyTorch backend) trtllm-bench"


def times(job: Job, gpu: str = "h100-80gb-sxm") -> tuple[float, float]:
    """TTFT and TPOT in s before any fit."""
    found = finish(lay_out(job, [GPUS[gpu]]), Fit())
    return float(found.first_token[0, 0]), float(found.seconds[0, 0])


def test_prompts_first_and_equal_lengths_go_in_step():
    uneven, equal = (
        times(replace(CHAT, runtime="sglang", options=options)) for options in ({}, {"length_range": "0"})
    )
    assert equal[0] > 2.0 * uneven[0], "all prompts in flight are together"
    assert equal[1] < 0.9 * uneven[1], "and so fewer fall between the tokens"
    # Every prompt is computed once while a request is in flight, before its first token or after.
    whole = [first + 255.0 * each for first, each in (uneven, equal)]
    assert whole[1] == pytest.approx(whole[0], rel=0.1)


def test_equal_lengths_end_with_those_of_their_pass_and_none_where_none_are_kept_in_flight():
    stated, vllm = {"length_range": "0"}, replace(CHAT, runtime="vllm")
    uneven, equal = times(vllm), times(replace(vllm, options=stated))
    assert equal[0] > 1.2 * uneven[0], "a pass of 8,192 tokens has four prompts of 2,048"
    # They and those that ended while a request was under way are before its first token, not between others.
    assert 0.93 * uneven[1] < equal[1] < uneven[1]
    one = times(replace(vllm, options={**stated, "max_num_batched_tokens": "2112"}))
    assert 0.5 * equal[0] < one[0] < 0.9 * equal[0], "one prompt a pass, and that of who ended before"
    open_ = replace(CHAT, runtime="sglang", concurrency=None)
    assert times(open_) == times(replace(open_, options=stated))


def test_closed_loops_are_of_equal_lengths_where_nothing_says_how_they_differ():
    """But for a release that is named, and for lengths that the published tables without one draw."""
    asked = {
        "equal": ("sglang", 1000, 200, 8.0, {}),
        "release named": ("SGLang 0.5.7", 1000, 200, 8.0, {}),
        "lengths drawn": ("sglang", 1024, 8192, 8.0, {}),
        "passes shared": ("vllm", 1000, 200, 8.0, {}),
        "shared, release named": ("vLLM 0.11", 1000, 200, 8.0, {}),
        "shared, lengths drawn": ("trtllm", 1024, 8192, 8.0, {}),
        "another engine with its kernels": ("lmdeploy", 1000, 200, 8.0, {}),
        "engine left open": ("", 1000, 200, 8.0, {}),
        "engine not known": ("my server", 1000, 200, 8.0, {}),
        "no load": ("sglang", 1000, 200, None, {}),
        "stated": ("sglang", 1000, 200, 8.0, {"output_lengths": "exponential mean 200"}),
        "a rate": ("sglang", 1000, 200, None, {"request_rate": "2"}),
    }
    found = {
        name: api.job("qwen3-32b", phase="serve", runtime=runtime, input_tokens=sent,
                      output_tokens=made, concurrency=load, options=options)
        for name, (runtime, sent, made, load, options) in asked.items()
    }  # fmt: skip
    alike = [name for name, one in found.items() if "length_range" in one.options]
    assert alike == ["equal", "passes shared"]
    assert [name for name in alike if "max_num_batched_tokens" in found[name].options] == ["passes shared"]
    # A table that has both says of each what a job of its own says.
    columns = {"workload": "qwen3-32b", "gpu": "h100-80gb-sxm", "n_gpus": "2", "tp": "2", "phase": "serve",
               "precision": "bf16", "metric": "ttft", "unit": "ms", "concurrency": "8"}  # fmt: skip
    rows = [
        {**columns, "id": name, "runtime": asked[name][0],
         "input_tokens": str(asked[name][1]), "output_tokens": str(asked[name][2])}
        for name in ("equal", "lengths drawn", "release named")
    ]  # fmt: skip
    told = {one.id: one.value for one in predict_rows(rows, GPUS)}
    for row in rows:
        alone = placed(found[row["id"]], 2, GPUS["h100-80gb-sxm"])
        alone = replace(alone, precision="bf16", tp=2.0)
        first = estimate(alone, [GPUS["h100-80gb-sxm"]]).first_token
        assert told[row["id"]] == pytest.approx(1e3 * float(first[0, 0]), rel=1e-6)
    assert told["equal"] > 1.5 * told["release named"]


@pytest.mark.parametrize("engine", ["vllm", "tensorrt-llm"])
def test_an_engine_may_be_started_for_a_prompt_in_a_pass(engine):
    """With as many tokens as the prompt has and requests are in flight, and no fewer than 1,024."""
    job = replace(CHAT, runtime=engine, options={"length_range": "0", "max_num_batched_tokens": "prompt"})
    stack = runtime(engine, "")
    told = [
        float(np.ravel(limits(stack, replace(job, concurrency=flight, input_tokens=sent)).tokens)[0])
        for flight, sent in ((8.0, 2048.0), (64.0, 2048.0), (8.0, 128.0), (None, 2048.0))
    ]
    assert told == [2056.0, 2112.0, 1024.0, 2049.0]
    wide = replace(job, options={**job.options, "max_num_batched_tokens": "8192"})
    assert times(job)[0] < 0.8 * times(wide)[0], "no four prompts go in step"
    flights = np.array([8.0, 64.0])
    several = finish(lay_out(replace(job, concurrency=flights), [GPUS["h100-80gb-sxm"]]), Fit())
    for j, flight in enumerate(flights.tolist()):
        alone = times(replace(job, concurrency=flight))
        assert (several.first_token[0, j], several.seconds[0, j]) == pytest.approx(alone, rel=1e-6)
    told_it = how_to_measure(replace(job, workload="qwen3-32b"), engine, "h100-80gb-sxm")[0]
    assert "2112" in told_it


@pytest.mark.parametrize(
    ("options", "runtime", "waits"),
    [
        ({}, "SGLang 0.5.7", True),
        ({}, "SGLang 0.5.10", False),
        ({"cuda_graphs": "pieces"}, "SGLang 0.5.7", False),
    ],
)
def test_tokens_wait_while_a_prompt_is_launched_kernel_by_kernel(options, runtime, waits):
    """So they did before SGLang kept graphs of pieces."""
    short = replace(EXPERTS, input_tokens=300.0, output_tokens=200.0, concurrency=64.0, runtime=runtime)
    found = times(replace(short, options=options), "h200-141gb-sxm")[1]
    plain = times(replace(short, runtime="sglang", options={"cuda_graphs": "pieces"}), "h200-141gb-sxm")[1]
    assert (found > 1.15 * plain) == waits
    # Where the engine seldom looks, prompts come together, and stop all less often.
    seldom = replace(short, options={**options, "scheduler_recv_interval": "30"})
    assert (times(seldom, "h200-141gb-sxm")[1] < 0.95 * found) == waits


def test_an_engine_that_schedules_ahead_does_so_beside_the_gpu():
    def tpot(engine: str, **columns: object) -> float:
        return times(replace(CHAT, runtime=engine, **columns))[1]

    taken, ahead = tpot("vLLM 0.13"), tpot("vLLM 0.14")
    assert taken - ahead == pytest.approx(1e-3 - 0.2e-3 + 64 * 13e-6, rel=0.1), "fixed, and of each sequence"
    assert tpot("vLLM 0.19 --no-async-scheduling") == pytest.approx(taken, rel=1e-9)
    assert tpot("vLLM 0.12 --async-scheduling") == pytest.approx(ahead, rel=1e-9)
    stages = {"tp": 2.0, "pp": 2.0}
    assert tpot("vLLM 0.14", **stages) == pytest.approx(tpot("vLLM 0.13", **stages), rel=1e-9)
    with_stages = tpot("vLLM 0.13", **stages) - tpot("vLLM 0.16", **stages)
    assert with_stages == pytest.approx(2 * 0.8e-3 + 64 * 13e-6, rel=0.1), "twice the passes, which waited"


def test_a_host_that_schedules_ahead_sets_the_pace_of_a_model_that_is_faster():
    small = Job("qwen2.5-0.5b", phase="serve", precision="bf16", input_tokens=16.0, output_tokens=1024.0,
                concurrency=512.0, runtime="vLLM 0.14")  # fmt: skip
    assert times(small)[1] > 1e-3 + 512 * 13e-6
    assert times(replace(small, concurrency=16.0))[1] < 1e-3 + 512 * 13e-6


def test_scheduling_ahead_runs_the_same_kernels():
    assert "vllm+ahead" not in runtime("vLLM 0.14", "").stacks


def test_as_many_prompts_share_a_pass_as_requests_end_with_one():
    settled = settle(replace(CHAT, runtime="vllm"))
    laid = lay_out(settled.job, [GPUS["h100-80gb-sxm"]])
    few, many = (
        prompts_beside(
            settled.workload, settled.job, settled.runtime, laid.devices, np.array([[running]]), joins=1.0
        ).batch
        for running in (1.0, 3 * 256.0)
    )
    # 1 + 3 prompts a pass of 4 x 2,048 tokens.
    assert float(few.ravel()[0]) == pytest.approx(1.0, rel=0.01)
    assert float(many.ravel()[0]) == pytest.approx(4.0, rel=0.01)


def test_a_prompt_beside_tokens_costs_what_it_makes_their_pass_longer():
    """Weights are read once for both, and the host schedules once; of almost nothing it costs nothing."""
    one = replace(CHAT, n_gpus=1.0, tp=1.0)
    gpu, asked = GPUS["h100-80gb-pcie"], replace(one, workload="llama-3-8b", runtime="vLLM 0.11")

    def seconds(tokens, joins):
        settled = settle(replace(asked, input_tokens=tokens))
        laid = lay_out(settled.job, [gpu])
        work = prompts_beside(
            settled.workload, settled.job, settled.runtime, laid.devices, np.array([[16.0]]), joins=joins
        ).each
        return float(
            np.ravel(seconds_of(as_pass(settled.workload, settled.runtime, laid.devices, work), laid))[0]
        )

    weights = 2.0 * 7.5e9 / 2.04e12
    assert seconds(4.0, 1.0) < 0.1 * weights < weights < seconds(4.0, 0.0) * 4.0
    # 16 GFLOP a token, of which the products have less than all of the peak.
    assert 256.0 * 15e9 / 756e12 < seconds(256.0, 1.0) < 256.0 * 15e9 / 756e12 * 2.0


def test_four_bit_checkpoints_of_experts_keep_attention_wider():
    for workload, name, each in (("gpt-oss-20b", "mxfp4", 2.0), ("qwen3-30b-a3b", "nvfp4", 1.5),
                                 ("llama-3.1-8b", "nvfp4", 0.5625)):  # fmt: skip
        job = Job(workload, phase="serve", precision=name, input_tokens=10.0, output_tokens=10.0)
        ops = {op.layer: op for op in lay_out(job, [GPUS["b200-180gb-sxm"]]).serving.ops}
        qkv = ops["layers.qkv"]
        assert qkv.weight_bytes / qkv.parameters == pytest.approx(each), workload
        if "layers.experts.up" in ops:
            up = ops["layers.experts.up"]
            assert up.stored_bytes / up.parameters < 0.6


def test_saturated_experts_of_tensorrt_llm_have_data_parallel_attention():
    for name in (TRTLLM, "TensorRT-LLM 1.1 (PyTorch backend)", "tensorrt-llm"):
        spread = settle(replace(EXPERTS, runtime=name))
        layout = {name: value for name, value in spread.job.options.items() if name != "run_of"}
        assert (spread.job.tp, layout) == (1.0, {"attention_dp": "8", "ep": "8"})
        assert any("attention_dp=1" in said for said in spread.said)
    for other in (
        replace(EXPERTS, runtime=TRTLLM, concurrency=64.0),
        replace(EXPERTS, runtime=TRTLLM, options={"attention_dp": "1"}),
        replace(EXPERTS, runtime="TensorRT-LLM 0.17 trtllm-bench"),
        replace(EXPERTS, runtime="vllm"),
        replace(EXPERTS, workload="llama-3.1-70b", runtime=TRTLLM),
    ):
        assert settle(other).job.tp == 8.0


def test_a_saturated_release_has_the_effects_of_the_one_on_file_with_its_backend():
    """Published throughput is of PyTorch since 0.19; NIM's releases are its own."""
    for text, mark in {"0.5": "v0.17", "0.18": "v0.17", "0.19": "v1.0", "1.2": "v1.0"}.items():
        job = replace(CHAT, concurrency=None, runtime=f"TensorRT-LLM {text}")
        assert settle(job).runtime.marks[-1] == mark, text
        assert mark not in settle(replace(job, concurrency=8.0)).runtime.marks
    assert settle(replace(job, runtime="TensorRT-LLM 1.0")).runtime.marks == ("v1.0",)
    assert settle(replace(job, runtime="TensorRT-LLM (NIM 1.8)")).runtime.marks == ()
    # Its server in Python, which bounds what it streams, came with 0.15.
    streams = [runtime(f"TensorRT-LLM {one}", "").scheduler.get("streams") for one in ("0.14", "0.15")]
    assert streams == [None, "109 us"]


def test_a_width_that_counts_its_groups_in_is_read_as_engines_do():
    # --tp 8 --dp 4 --enable-dp-attention of SGLang are eight GPUs
    job = replace(EXPERTS, runtime="sglang", concurrency=8.0, options={"attention_dp": "4"})
    read = settle(job)
    assert (job.tp, read.job.tp) == (8.0, 2.0)
    assert any("each has 2" in said for said in read.said)
    for other in (replace(job, n_gpus=32.0), replace(job, tp=2.0), replace(job, options={})):
        assert settle(other).job.tp == other.tp


def test_no_more_requests_are_in_flight_than_a_run_has():
    read = settle(replace(EXPERTS, runtime="vllm", concurrency=64.0, options={"num_prompts": "10"}))
    assert read.job.concurrency == 10.0
    assert any("num_prompts=10" in said for said in read.said)
    assert settle(replace(read.job, concurrency=10.0)).said == settle(read.job).said


def test_one_prompt_is_of_one_group_of_attention():
    job = replace(EXPERTS, runtime="vllm", concurrency=8.0)
    groups = replace(job, tp=1.0, options={"attention_dp": "8", "ep": "8"})
    work = []
    for one in (job, groups):
        kernels = lay_out(one, [GPUS["h200-141gb-sxm"]]).serving.prompt.kernels
        ops = {op.layer: op for part in kernels for op in part.table.ops}
        qkv, up = ops["layers.qkv"], ops["layers.experts.up"]
        work.append((qkv.flops * qkv.count, up.flops * up.count))
    # tp=8 cuts its products by 8; the experts are spread over all GPUs either way. Of 16 experts on each,
    # which get as many tokens as a gamma distribution of shape 2 has it, the busiest has a quarter more.
    assert np.ravel(work[1][0] / work[0][0])[0] == pytest.approx(8.0)
    assert np.ravel(work[1][1] / work[0][1])[0] == pytest.approx(1.0 + 1.424 * 32.0**-0.5, abs=0.02)


def test_what_rows_say_of_themselves_by_their_values_is_stated():
    rows = [row for row in measured_rows() if row["runtime"] == "sglang" and row["workload"] == "qwen3-32b"]
    few = ";mem_fraction_static=0.8"
    assert {row["options"] for row in rows} == {"length_range=0", f"length_range=0{few}"}
    assert {row["n_gpus"] for row in rows if row["options"].endswith(few)} == {"1"}
    rows = [row for row in measured_rows() if row["runtime"] == "trtllm" and row["gpu"] == "h100-80gb-sxm"]
    # These are alike, one prompt a pass, as a bare name says of such loads.
    assert {row["options"] for row in rows if row["workload"] == "qwen3-32b"} == {""}
    one = [row for row in rows if row["options"].startswith("max_num_seqs")]
    assert {row["workload"] for row in one} == {"llama-3.1-8b-instruct"}
    assert all(
        row["options"] == f"max_num_seqs={int(row['concurrency']) - 1};length_range=0.1" for row in one
    )


def test_a_runtime_of_one_source_was_not_measured_elsewhere():
    found = measured_elsewhere(["a", "a", "b"], ["x", "y", "x"])
    assert found.tolist() == [True, True, False]


def test_widths_hold_for_a_source_left_out_together_with_what_else_is():
    from types import SimpleNamespace

    from whichgpu.cost.calibration.refit import _strange, _stranger

    rows, draw = np.arange(4000), np.random.default_rng(1)
    seen, gpu, source = (draw.normal(0.0, sigma, len(rows)) for sigma in (0.05, 0.1, 0.1))
    done = SimpleNamespace(errors={"source": seen + source}, machine=np.zeros(len(rows)))
    width = _stranger(done, rows, np.ones(len(rows), dtype=bool))
    assert width == pytest.approx(np.hypot(0.05, 0.1), rel=0.05)
    known = dict.fromkeys(("seen", "workload", "version"), 0.05)
    strange = _strange({**known, "gpu": 0.112, "generation": 0.3, "own": 0.04}, width)
    assert strange["seen"] == strange["version"] == pytest.approx(width, abs=1e-4), "no job's source is known"
    assert strange["own"] == 0.04
    assert strange["generation"] == 0.3, "wider than that of a source"
    # Without its source a row lost most of what its GPU would have told already (benchmarks/strangers.py).
    for errors in (seen + gpu, seen + gpu + 0.5 * source):
        assert 0.85 < np.mean(np.abs(errors) < 1.645 * strange["gpu"]) < 0.96
    assert _stranger(done, rows, np.zeros(len(rows), dtype=bool)) == 0.0, "no runtime has another source"


@pytest.mark.parametrize(
    ("gpu", "precision", "runs"),
    [
        ("arc-a770", "q4_0", "llama-cpp"),
        ("rtx-4090", "Q5_K_M", "llama-cpp"),
        ("apple-m4-max-40c", "mlx-4bit", "mlx"),
        ("rtx-3090", "4.65bpw", "exllamav2"),
        ("rtx-3090", "w4a16", "vllm"),
        ("apple-m4-max-40c", "fp16", "llama-cpp"),
        ("p40", "fp16", "llama-cpp"),
    ],
)
def test_what_names_no_software_runs_under_that_of_its_format_and_gpu(gpu, precision, runs):
    asked = Job("qwen3-8b", phase="decode", precision=precision)
    found = estimate(placed(asked, 1, GPUS[gpu]), [GPUS[gpu]])
    assert (found.runtime.id, found.refusals[0]) == (runs, "")


def test_a_program_of_slots_has_its_four_or_as_many_as_are_asked_of_it():
    """llama-server starts with four; who sends it more at once has started it with more."""
    stack, chat = runtime("llama.cpp", ""), replace(CHAT, runtime="llama.cpp", precision="q4_k_m")
    assert limits(stack, replace(chat, concurrency=None)).sequences == 4.0
    assert limits(stack, chat).sequences == 64.0
    assert limits(stack, replace(chat, options={"max_num_seqs": "8"})).sequences == 8.0
    told = how_to_measure(replace(chat, concurrency=None), "llama-cpp")[0]
    assert "-c 9216 -npp 2048 -ntg 256 -npl 4 " in told
    assert " -npl 1 " in how_to_measure(replace(chat, concurrency=1.0), "llama-cpp")[0]


@pytest.mark.parametrize(
    ("engine", "gpu", "sequences", "tokens"),
    [
        # tests/engine/test_arg_utils.py of vLLM, test_defaults_with_usage_context: 70 GiB, and no A100.
        ("vllm", "h100-80gb-sxm", 1024, 8192),
        ("vllm", "a100-80gb-sxm", 256, 2048),
        ("vllm", "l40s", 256, 2048),
        # server_args.py of SGLang, by memory: 35 and 60 GiB.
        ("sglang", "rtx-4090", 1024, 2048),
        ("sglang", "l40s", 1024, 4096),
        ("sglang", "a100-80gb-sxm", 1024, 8192),
        # `max_batch_size` in LMDeploy's documentation: by name, 128 on what it does not know.
        ("lmdeploy", "a100-80gb-sxm", 512, 8192),
        ("lmdeploy", "h200-141gb-sxm", 1280, 8192),
        ("lmdeploy", "l40s", 128, 8192),
    ],
)
def test_an_engine_takes_at_once_what_it_does_unasked_on_that_card(engine, gpu, sequences, tokens):
    stack, others = runtime(engine, ""), [GPUS["h100-80gb-sxm"], GPUS[gpu]]
    found = limits(stack, CHAT, Devices.of(others))
    assert [float(np.broadcast_to(one, (2, 1))[1, 0]) for one in found[:2]] == [sequences, tokens]
    told = how_to_measure(replace(CHAT, runtime=engine), stack.id, gpu)[0]
    assert engine != "vllm" or f"--max-num-seqs {sequences} --max-num-batched-tokens {tokens}" in told
    stated = replace(CHAT, options={"max_num_seqs": "64", "max_num_batched_tokens": "1024"})
    assert limits(stack, stated, Devices.of(others))[:2] == (64.0, 1024.0)


@pytest.mark.parametrize(
    ("engine", "most"), [("vLLM 0.5.4", 256), ("vLLM 0.7.3", 256), ("vLLM 0.8.1", 1024), ("vLLM", 1024)]
)
def test_vllm_before_0_8_runs_256_sequences(engine, most):
    """docs.vllm.ai/en/v0.5.4/models/engine_args.html: --max-num-seqs."""
    stack = runtime(engine, "")
    assert limits(stack, replace(CHAT, concurrency=None)).sequences == most
    assert "seqs" not in stack.marks, "the fit has nothing of it"


def test_more_requests_than_a_card_takes_at_once_wait_and_do_not_slow_those_that_run():
    sent = replace(CHAT, workload="llama-3.1-8b", runtime="vllm", input_tokens=128.0, concurrency=1000.0)
    big, small = (estimate(sent, [GPUS[name]]).at(0, 0) for name in ("h100-80gb-sxm", "a100-80gb-sxm"))
    full = estimate(replace(sent, concurrency=256.0), [GPUS["a100-80gb-sxm"]]).at(0, 0)
    assert small.tpot.mid == pytest.approx(full.tpot.mid, rel=0.02)
    assert small.ttft.mid > 10 * big.ttft.mid
    held = fit([sent], ["h100-80gb-sxm", "a100-80gb-sxm"], GPUS).answers
    assert ["run at once" in " ".join(one.notes) for one in held] == [False, True]


@pytest.mark.parametrize("program", ["llama.cpp", "ollama", "exllamav2", "transformers"])
def test_a_program_of_one_user_has_one_request_in_flight_where_nothing_is_said(program):
    plain = Job("llama-3.1-8b", phase="serve", runtime=program)
    gpu = GPUS["rtx-4090"]
    asked, alone = (estimate(one, [gpu]) for one in (plain, replace(plain, concurrency=1.0)))
    assert asked.at(0, 0).throughput.mid == alone.at(0, 0).throughput.mid
    assert any("taken with one request in flight" in said for said in asked.at(0, 0).warnings)
    assert not any("taken with one request" in said for said in alone.at(0, 0).warnings)


@pytest.mark.parametrize(
    ("model", "batch", "tp", "output", "measured"),
    [
        ("mistral-7b", 120, 1, 2048, 8950), ("falcon-180b", 1024, 4, 2048, 3960),
        ("llama-7b", 120, 1, 2048, 8348), ("llama-2-70b", 512, 2, 2048, 7926),
    ],
)  # fmt: skip
def test_throughput_of_tensorrt_llm_0_9_is_what_was_published(model, batch, tp, output, measured):
    """Output tokens/s in FP8 on H200, from docs/source/performance.md of 0.9: all inside the interval."""
    job = Job(model, phase="generate", precision="fp8", batch=float(batch), input_tokens=128.0, tp=float(tp),
              output_tokens=float(output), n_gpus=float(tp), runtime="TensorRT-LLM 0.9")  # fmt: skip
    found = estimate(job, [GPUS["h200-141gb-sxm"]]).at(0, 0).throughput
    assert found.low < measured < found.high
    assert found.mid == pytest.approx(measured, rel=0.3)


@pytest.mark.parametrize("engine", ["vLLM 0.9", "vLLM 0.15", "SGLang 0.5", "TensorRT-LLM 1.0"])
def test_an_answer_takes_as_long_from_token_to_token_as_one_that_is_served_alone(engine):
    """Each token is a pass of the engine, with what its host takes for one."""
    job = Job("llama-3.1-8b", precision="bf16", runtime=engine, input_tokens=128.0, output_tokens=128.0)
    served = times(replace(job, phase="serve", concurrency=1.0))[1]
    alone = finish(lay_out(replace(job, phase="decode", batch=1.0), [GPUS["h100-80gb-sxm"]]), Fit())
    assert float(alone.seconds[0, 0]) / 128.0 == pytest.approx(served, rel=0.03)


def test_what_answers_one_user_has_its_host_in_its_kernels_and_a_benchmark_has_no_server():
    def alone(engine, **sizes):
        job = Job("llama-2-7b", phase="decode", precision="fp16", batch=1.0, runtime=engine, **sizes)
        laid = lay_out(job, [GPUS["a100-80gb-sxm"]])
        return laid, float(finish(laid, Fit()).seconds[0, 0]) / sizes["output_tokens"]

    laid, short = alone("llama.cpp", output_tokens=1.0)
    assert alone("llama.cpp", output_tokens=256.0)[1] < short - 0.8 * laid.runtime.fixed
    old = {"input_tokens": 128.0, "output_tokens": 128.0}
    chat = Job("llama-2-7b", phase="serve", precision="fp16", concurrency=1.0, runtime="vLLM 0.5.3", **old)
    served = times(chat, "a100-80gb-sxm")[1]
    assert alone("vLLM 0.9", **old)[1] < alone("vLLM 0.5.3", **old)[1] < 0.8 * served


def test_recipes_bundle_tokens_where_a_job_leaves_it_open():
    """TensorRT-LLM's front end streams several tokens at once as recipes of some models and cards have it."""
    stack = runtime("trtllm", "")

    def front(model: str, *gpus: str, **options: str) -> list[float]:
        job = Job(model, phase="serve", options=options)
        devices = Devices.of([GPUS[gpu] for gpu in gpus])
        return np.ravel(limits(stack, job, devices).front).tolist()

    each = front("llama-3.1-8b", "h100-80gb-sxm")[0]
    assert front("gpt-oss-120b", "h100-80gb-sxm") == [each / 20.0]
    assert front("llama-3.1-70b", "h100-80gb-sxm", "b200-180gb-sxm") == [each, each / 20.0]
    assert front("gpt-oss-120b", "b200-180gb-sxm", stream_interval="1") == [each]
    # So that its first token is soon there, and the command that measures it says why.
    job = Job("gpt-oss-120b", phase="serve", precision="mxfp4", runtime="trtllm", input_tokens=1024.0,
              output_tokens=8192.0, concurrency=256.0, tp=4.0, n_gpus=4.0)  # fmt: skip
    assert times(job, "b200-180gb-sxm")[0] < 0.5
    assert times(replace(job, options={"stream_interval": "1"}), "b200-180gb-sxm")[0] > 60.0
    assert "stream_interval: 20" in how_to_measure(job, "tensorrt-llm", "b200-180gb-sxm")[0]


def test_published_tables_of_sglang_look_for_requests_as_their_scripts_do():
    job = Job("deepseek-r1", phase="serve", precision="fp8", runtime="sglang", input_tokens=1024.0,
              output_tokens=1024.0, concurrency=64.0, tp=8.0, n_gpus=8.0)  # fmt: skip

    def looks(job: Job, *gpus: str) -> list[list[float]]:
        devices = Devices.of([GPUS[gpu] for gpu in gpus])
        return np.atleast_2d(limits(runtime(job.runtime, ""), job, devices).looks).tolist()

    loads = replace(job, concurrency=np.array([8.0, 16.0]))
    assert looks(loads, "h200-141gb-sxm", "b200-180gb-sxm") == [[1.0, 1.0], [10.0, 30.0]]
    for other in (
        replace(job, runtime="SGLang 0.5.7"), replace(job, output_tokens=512.0),
        replace(job, workload="glm-5"), replace(job, concurrency=None),
        replace(job, options={"num_prompts": "640"}),
        replace(job, options={"scheduler_recv_interval": "1"}),
    ):  # fmt: skip
        assert looks(other, "b200-180gb-sxm") == [[1.0]]
    stated = replace(job, options={"scheduler_recv_interval": "30"})
    assert times(job, "b200-180gb-sxm") == times(stated, "b200-180gb-sxm")
    told = how_to_measure(job, "sglang", "b200-180gb-sxm")[0]
    assert "--scheduler-recv-interval 30" in told
    # The answer says so as well, and nothing of it where the job states it.
    gpu = [GPUS["b200-180gb-sxm"]]
    taken = [[said for said in estimate(one, gpu).at(0, 0).warnings if "recipes have it" in said]
             for one in (job, stated)]  # fmt: skip
    assert [one.partition(" ")[0] for one in taken[0]] == ["scheduler_recv_interval=30"]
    assert not taken[1]


def test_engines_that_were_built_answer_without_a_server():
    """The first token of one request is that of the session, as tables before trtllm-serve have it."""
    job = replace(CHAT, precision="fp8", tp=1.0, n_gpus=1.0, concurrency=1.0)
    session, server = (times(replace(job, runtime=f"TensorRT-LLM {one}"))[0] for one in ("0.7", "0.16"))
    assert server - session == pytest.approx(10e-3 - 2e-3 + 2e-6 * 2048.0, rel=0.05)
