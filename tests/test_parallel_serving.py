"""Serving on many GPUs: limits that hold whatever the coefficients are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from whichgpu.cost.calibration.effects import compute_terms
from whichgpu.cost.estimate import estimate
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.infeasible import single
from whichgpu.cost.job import runtimes
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.parallel import links
from whichgpu.cost.parallel import splitting as parallel
from whichgpu.cost.parallel.experts import all_to_all_seconds
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.cost.serving import load, runs
from whichgpu.cost.timing import engine_step
from whichgpu.cost.timing.classes import OpClass
from whichgpu.cost.timing.passes import prompts_beside
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from whichgpu.cost.estimates import Estimates

GPUS = catalogue()


def run(job: Job, gpu: str = "rtx-3090") -> Estimates:
    return estimate(job, [GPUS[gpu]])


# Serving

SERVE = Job("llama-3.1-8b", phase="serve", precision="fp16", runtime="vllm", input_tokens=1024.0,
            output_tokens=256.0)  # fmt: skip
LOADS = np.array([1.0, 2.0, 8.0, 32.0, 128.0])


def test_requests_in_flight_are_rate_times_time_in_the_system() -> None:
    """Little's law: what a closed loop of requests gets is never more than requests over latency."""
    found = run(replace(SERVE, concurrency=LOADS), "h100-80gb-sxm")
    in_system = found.throughput[0] / 256.0 * found.latency[0]
    assert np.all(in_system <= LOADS * 1.02 + found.throughput[0] / 256.0 * 0.05)
    assert np.all(in_system > 0.5 * LOADS)


def test_every_prompt_is_paid_for_once() -> None:
    found = run(replace(SERVE, concurrency=LOADS), "h100-80gb-sxm")
    alone = run(replace(SERVE, phase="prefill", output_tokens=0.0), "h100-80gb-sxm").seconds[0, 0]
    prompts = found.throughput[0] / 256.0 * alone
    assert np.all(prompts < 1.0)
    assert np.all(np.diff(prompts) > 0)


def test_more_load_is_slower_for_each_and_more_for_all() -> None:
    found = run(replace(SERVE, concurrency=LOADS), "h100-80gb-sxm")
    assert found.first_token is not None
    assert np.all(np.diff(found.seconds[0]) > 0)
    assert np.all(np.diff(found.first_token[0]) > 0)
    assert np.all(np.diff(found.throughput[0]) > 0)
    full = run(SERVE, "h100-80gb-sxm")
    assert found.throughput[0, -1] < 1.1 * full.throughput[0, 0]


def test_a_request_alone_waits_for_its_own_prompt_only() -> None:
    short, long = (
        single(replace(SERVE, concurrency=1.0, input_tokens=tokens), GPUS["h100-80gb-sxm"])
        for tokens in (512.0, 8192.0)
    )
    assert short.tpot is not None
    assert short.ttft is not None
    assert long.tpot is not None
    assert long.ttft is not None
    # Nobody interrupts: a longer prompt costs a token no more than a longer cache.
    assert long.tpot.mid < 1.3 * short.tpot.mid
    assert long.ttft.mid > 3 * short.ttft.mid
    assert long.latency.mid == pytest.approx(long.ttft.mid + 255 * long.tpot.mid)


def test_prompts_of_others_interrupt_a_stream_of_tokens() -> None:
    waits = run(
        replace(SERVE, concurrency=32.0, input_tokens=np.array([128.0, 8192.0])), "h100-80gb-sxm"
    ).seconds[0]
    assert waits[1] > 2 * waits[0]


def test_more_requests_than_fit_is_said_and_makes_the_first_token_late() -> None:
    few, many = (single(replace(SERVE, concurrency=n), GPUS["rtx-4090"]) for n in (8.0, 1000.0))
    assert not any("over capacity" in said for said in few.warnings)
    said = next(said for said in many.warnings if "over capacity" in said)
    held, more = (int(word.replace(",", "")) for word in said.split() if word[0].isdigit())
    assert held + more == 1000, "who had to leave for want of room waits as well"
    assert f"; {held} of 1,000 requests in flight have a place, " in str(many)
    assert "8 requests in flight, " in str(few)
    assert few.ttft is not None
    assert many.ttft is not None
    assert many.ttft.mid > 10 * few.ttft.mid
    # Who waits in a queue is there when a place is, so that no pass goes by between two answers.
    alone = single(replace(SERVE, concurrency=many.sequences), GPUS["rtx-4090"]).throughput.mid
    assert alone <= many.throughput.mid < 1.02 * alone


H100 = GPUS["h100-80gb-sxm"]


@pytest.mark.parametrize("runtime", ["vLLM 0.11", "TensorRT-LLM", "SGLang 0.5"])
def test_short_answers_to_many_keep_the_gpu_busy_with_their_prompts(runtime: str) -> None:
    """A server that always has a request to serve answers as many as a run of them that is simulated."""
    asked = Job("llama-3.1-8b", phase="serve", precision="bf16", runtime=runtime, concurrency=64.0,
                input_tokens=1000.0, output_tokens=2.0)  # fmt: skip
    goes_on, ends = (runs.told(single(replace(asked, options=options), H100), H100).throughput.mid
                     for options in ({}, {"num_prompts": "1000"}))  # fmt: skip
    assert 0.7 < goes_on / ends < 1.1


def test_pipeline_stages_read_the_weights_once_each_micro_batch() -> None:
    big = replace(SERVE, workload="llama-3.1-70b", n_gpus=4.0, concurrency=16.0)
    wide, deep = (run(replace(big, **how), "h100-80gb-sxm") for how in ({"tp": 4.0}, {"tp": 1.0, "pp": 4.0}))
    # Stages take turns: a token waits for all of them, so few requests are served more slowly.
    assert deep.seconds[0, 0] > 2 * wide.seconds[0, 0]
    assert deep.parts["weights"][0, 0] == pytest.approx(wide.parts["weights"][0, 0], rel=0.06)
    one = replace(SERVE, concurrency=8.0)
    assert np.array_equal(run(one).seconds, run(replace(one, pp=1.0, tp=1.0, n_gpus=1.0)).seconds)


def test_experts_dealt_out_or_cut_hold_the_same_and_data_parallel_attention_spreads_the_cache() -> None:
    job = Job("deepseek-r1", precision="fp8", runtime="sglang", n_gpus=8.0, input_tokens=8192.0,
              output_tokens=1024.0)  # fmt: skip
    meshes = {
        "cut": {"moe_tp": "8", "ep": "1"}, "dealt": {"moe_tp": "1", "ep": "8"},
        "groups": {"attention_dp": "8", "ep": "8"},
    }  # fmt: skip
    found = {
        name: run(replace(job, tp=1.0 if name == "groups" else 8.0, options=options), "h200-141gb-sxm")
        for name, options in meshes.items()
    }
    weights = {name: float(one.parts["weights"][0, 0]) for name, one in found.items()}
    assert weights["cut"] == pytest.approx(weights["dealt"])
    assert weights["groups"] > weights["dealt"]
    # A latent cache is held whole by every tensor-parallel GPU, and once by each group.
    assert found["groups"].sequences[0, 0] > 3 * found["cut"].sequences[0, 0]
    assert not any("not modelled" in said for said in found["groups"].warnings())


@pytest.mark.parametrize("phase", ["decode", "prefill"])
def test_groups_of_attention_share_a_batch_that_is_stated(phase: str) -> None:
    """As many sequences of each group take about as long, however many there are, and as much memory.

    Of what is exchanged three quarters cross machines where there are four, half where there are two.
    """
    job = Job("deepseek-v3", phase=phase, precision="fp8", runtime="sglang", input_tokens=2000.0,
              output_tokens=100.0, tp=1.0)  # fmt: skip
    of = {
        n: run(replace(job, n_gpus=n, batch=32.0 * n, options={"attention_dp": f"{n:g}", "ep": f"{n:g}"}),
               "h200-141gb-sxm")
        for n in (16.0, 32.0)
    }  # fmt: skip
    assert of[32.0].seconds[0, 0] == pytest.approx(of[16.0].seconds[0, 0], rel=0.3)
    assert of[32.0].parts["kv_cache"][0, 0] == pytest.approx(of[16.0].parts["kv_cache"][0, 0])
    wide = replace(job, n_gpus=32.0, options={"attention_dp": "32", "ep": "32"})
    one = run(replace(wide, batch=1.0), "h200-141gb-sxm")
    assert one.parts["kv_cache"][0, 0] == pytest.approx(of[32.0].parts["kv_cache"][0, 0] / 32.0)
    # All-to-alls that run beside the other half of a batch show in part, here and in a server.
    served = replace(wide, phase="serve", concurrency=1024.0)
    for asked, gpus in ((replace(wide, batch=1024.0), "h200-141gb-sxm"), (served, "h200-141gb-sxm")):
        hidden = replace(asked, options={**wide.options, "moe_overlap": "true"})
        assert run(hidden, gpus).seconds[0, 0] < 0.95 * run(asked, gpus).seconds[0, 0]


def test_groups_of_attention_exchange_tokens_at_experts_that_are_cut_as_at_those_dealt_out() -> None:
    job = Job("mixtral-8x22b", phase="serve", precision="fp8", n_gpus=8.0, tp=1.0, pp=1.0, concurrency=64.0)
    cut, dealt = (
        lay_out(single(replace(job, options=options), GPUS["h100-80gb-sxm"]).job, [GPUS["h100-80gb-sxm"]])
        for options in ({"attention_dp": "8"}, {"attention_dp": "8", "ep": "8"})
    )
    assert cut.serving is not None
    assert dealt.serving is not None
    assert np.all(dealt.serving.links > 0.0)
    assert np.array_equal(cut.serving.links, dealt.serving.links)
    assert cut.parts["communication"] == dealt.parts["communication"] > 0.0


@pytest.mark.parametrize(
    ("options", "words"),
    [({"ep": "16"}, "more than the 8 GPUs"), ({"ep": "512"}, "256 experts"), ({"attention_dp": "3"}, "tp=8")],
)
def test_experts_on_more_gpus_than_there_are_is_refused(options: dict[str, str], words: str) -> None:
    job = Job("deepseek-r1", precision="fp8", runtime="sglang", n_gpus=8.0, tp=8.0, options=options)
    with pytest.raises(UsageError, match=words):
        run(job, "h200-141gb-sxm")


def test_one_request_s_experts_are_read_whole_however_many_stages_there_are() -> None:
    """A stage has the token or waits: half a token a stage, with one expert of two, was twice as fast."""
    job = {"phase": "serve", "concurrency": 1, "runtime": "llama.cpp", "precision": "q4_k_m"}
    rates = [
        single(Job("mixtral-8x7b", n_gpus=n, tp=1, pp=n, **job), GPUS["a100-80gb-sxm"]).throughput.mid
        for n in (1, 2, 4)
    ]
    assert max(rates) < 1.1 * min(rates)


#: More than one machine of eight H100 holds, as a request at a time and eight of them see it.
BIG = replace(SERVE, workload="llama-3.1-405b", input_tokens=512.0, n_gpus=16.0, concurrency=8.0)


def test_tensor_parallelism_over_machines_waits_for_the_network() -> None:
    """At eight in flight stages over two machines are no slower, and each token crosses once."""
    wide, deep, inside = (
        single(one, GPUS["h100-80gb-sxm"])
        for one in (
            replace(BIG, tp=16.0),
            replace(BIG, tp=8.0, pp=2.0),
            replace(BIG, tp=8.0, n_gpus=8.0, precision="fp8"),
        )
    )
    assert wide.tpot is not None
    assert deep.tpot is not None
    assert wide.sent > 0.4
    assert 0.0 < deep.sent < 0.15
    assert wide.tpot.mid > deep.tpot.mid
    # What a network gives is not in the catalogue.
    assert wide.tpot.high / wide.tpot.low > 1.3 * deep.tpot.high / deep.tpot.low
    told = [" ".join(one.warnings) for one in (wide, deep, inside)]
    assert "tp 16 shares each layer out over 2 machines" in told[0]
    assert "--tp 8 --pp 2 keeps these inside one" in told[0]
    assert "2 stages over 2 machines, as tp 16 would wait for 252 all-reduces" in told[1]
    assert "machines" not in told[2]


def test_states_cross_to_the_next_machine_once_for_each_boundary() -> None:
    """Stages of one machine hand theirs on inside it."""
    devices = Devices.of([GPUS["h100-80gb-sxm"]])
    ops = engine_step.step_ops(resolve(BIG.workload), BIG, 0.0, 8.0, 8.0)
    states = next(op.write_bytes for op in ops if op.shard == "row")
    for tp, pp, crossings in ((8.0, 1.0, 0), (4.0, 2.0, 0), (8.0, 2.0, 1), (4.0, 4.0, 1), (8.0, 4.0, 3)):
        took = parallel.stages_seconds(ops, Mesh.of(replace(BIG, tp=tp, pp=pp)), devices)
        assert np.allclose(took, crossings * links.send(states / tp, 8.0, devices)), (tp, pp)


def test_experts_over_machines_are_sent_few_tokens_choice_by_choice() -> None:
    """Of a token's pass each choice crosses by itself; of a prompt's, once for each machine."""
    wide = {"ep": "16", "attention_dp": "16"}
    job = replace(BIG, workload="deepseek-v3", precision="fp8", tp=1.0, pp=1.0, options=wide)
    devices = Devices.of([GPUS["h100-80gb-sxm"]])
    workload, mesh = resolve(job.workload), Mesh.of(job)
    ops = engine_step.step_ops(workload, job, 0.0, 64.0, 64.0)
    few, many = (
        float(np.ravel(all_to_all_seconds(workload, job, ops, mesh, devices, few=one))[0])
        for one in (True, False)
    )
    size, layers = 64.0 * 7168.0, 58.0
    by_hand = layers * sum(
        float(links.all_to_each(size * width, 16.0, devices, 8.0)[0, 0]) for width in (1.0, 2.0)
    )
    assert few == pytest.approx(by_hand)
    assert few > 1.3 * many


def test_tokens_cross_a_rack_of_nvlink_choice_by_choice_too() -> None:
    """GPUs of one machine gather all tokens instead; beyond them intervals are wider."""
    job = replace(BIG, workload="deepseek-v3", precision="fp8", tp=1.0, pp=1.0)
    devices, workload = Devices.of([GPUS["gb200-192gb"]]), resolve(job.workload)

    def sent(groups: float) -> float:
        asked = replace(job, options={"ep": f"{groups:g}", "attention_dp": f"{groups:g}"})
        ops = engine_step.step_ops(workload, asked, 0.0, 256.0, 256.0)
        mesh = Mesh.of(asked)
        return float(np.ravel(all_to_all_seconds(workload, asked, ops, mesh, devices, few=True))[0])

    size, layers = 256.0 * 7168.0, 58.0
    by_hand = layers * sum(
        float(links.all_to_each(size * width, 36.0, devices, 8.0)[0, 0]) for width in (1.0, 2.0)
    )
    assert sent(36.0) == pytest.approx(by_hand)
    assert sent(8.0) == pytest.approx(
        layers * 2.0 * float(links.all_gather(8.0 * size * 2.0, 8.0, devices, direct=True)[0, 0]), rel=0.5
    )
    told = {
        n: run(replace(job, phase="serve", runtime="sglang", n_gpus=n, concurrency=64.0 * n,
                       options={"ep": f"{n:g}", "attention_dp": f"{n:g}"}), "gb200-192gb").at(0, 0).throughput
        for n in (8.0, 16.0)
    }  # fmt: skip
    assert told[16.0].high / told[16.0].mid > 1.3 * told[8.0].high / told[8.0].mid


@pytest.mark.parametrize(("name", "layers"), [("minimax-m2", 62), ("olmo-3-32b", 64), ("qwen3-32b", 0)])
def test_a_norm_of_all_heads_at_once_adds_up_squares_over_the_gpus(name: str, layers: int) -> None:
    """Two sums in FP32 a token and layer (RMSNormTP), besides the two all-reduces of its row layers."""
    devices, job = Devices.of([GPUS["h100-80gb-sxm"]]), replace(SERVE, workload=name, precision="bf16")
    ops = engine_step.step_ops(resolve(name), job, 0.0, 16.0, 16e3)
    rows = [op for op in ops if op.shard == "row"]
    found, without = (float(np.max(parallel.tensor_parallel_seconds(some, 4.0, devices, captured=True)))
                      for some in (ops, rows))  # fmt: skip
    each = float(np.max(links.all_reduce(8.0 * 16.0, 4.0, devices, direct=True, captured=True)))
    assert found - without == pytest.approx(layers * each)
    assert float(np.max(parallel.tensor_parallel_seconds(ops, 1.0, devices))) == 0.0


def test_a_load_that_more_replicas_of_fewer_gpus_hold_is_told_so() -> None:
    four = replace(SERVE, n_gpus=4.0, tp=4.0, precision="fp8")
    told = [load.narrower(job, [GPUS["l40s"]], rate) for job, rate in ((four, 20.0), (four, 1e4),
            (replace(four, tp=1.0), 20.0), (replace(four, options={"ep": "4"}), 20.0))]  # fmt: skip
    assert told[0].startswith("; --tp 1, which is 4 times as many replicas, serves up to ")
    assert told[1:] == ["", "", ""], "no split serves as many, there is none narrower, or the split is stated"


def test_experts_over_machines_are_multiplied_by_deep_gemm():
    """In FP8 they are as TensorRT-LLM's, of which its rows tell; in one machine they are the engine's own.

    vLLM takes DeepEP and with it DeepGEMM where it is told to.
    """
    hopper = GPUS["h100-80gb-sxm"]
    place = Devices.of([hopper]).traits[0]
    for engine, ours_there in (("sglang", False), ("vLLM 0.11", True), ("vLLM 0.11 deepep", False)):
        job = Job(workload="deepseek-v3", phase="prefill", precision="fp8", batch=256.0, runtime=engine)
        for gpus, ours in ((8, "deepep" not in engine), (32, ours_there)):
            spread = {"attention_dp": f"{gpus}", "ep": f"{gpus}"}
            stack = lay_out(replace(job, n_gpus=float(gpus), options=spread), [hopper]).runtime
            who = {"fp8": stack.kernels if ours else "tensorrt-llm", "half": stack.kernels}
            for number, taught in who.items():
                terms = compute_terms(OpClass("experts", number, "gemm"), place, stack, trains=False)
                assert f"c/experts={taught}" in terms


def test_vllm_gathers_all_tokens_on_all_machines_unless_it_is_told_what_sends_them() -> None:
    """Its default there is an all-gather and a reduce-scatter, of 32 GPUs over four machines as of eight.

    A prompt's tokens go to each machine once where they are sent, to all GPUs where they are gathered.
    """
    job = replace(
        BIG,
        workload="deepseek-v3",
        precision="fp8",
        tp=1.0,
        pp=1.0,
        options={"ep": "32", "attention_dp": "32"},
    )
    devices, workload, mesh = Devices.of([GPUS["h200-141gb-sxm"]]), resolve("deepseek-v3"), Mesh.of(job)
    ops = engine_step.step_ops(workload, job, 0.0, 2048.0, 2048.0)
    gathered, sent = (
        float(np.ravel(all_to_all_seconds(workload, job, ops, mesh, devices, gathers=one))[0])
        for one in (True, False)
    )
    whole = 32.0 * 2048.0 * 7168.0 * 2.0
    by_hand = 58.0 * 2.0 * float(np.ravel(links.all_gather(whole, 32.0, devices, direct=True))[0])
    assert gathered == pytest.approx(by_hand)
    assert gathered > 1.5 * sent
    served = replace(job, phase="serve", n_gpus=32.0, concurrency=2048.0)
    took = {
        name: run(replace(served, runtime=name), "h200-141gb-sxm").throughput[0, 0]
        for name in ("vLLM 0.11", "vLLM 0.11 deepep")
    }
    assert took["vLLM 0.11"] < 0.95 * took["vLLM 0.11 deepep"]


@pytest.mark.parametrize("tokens", [1, 4, 16, 64, 512])
@pytest.mark.parametrize("gpus", [2, 8, 16])
def test_a_layer_ends_with_the_gpu_that_has_most_experts_to_read(tokens: int, gpus: int) -> None:
    """Against draws: each of 256 experts is chosen as often as a gamma distribution of shape 2 has it."""
    random, experts, top = np.random.default_rng(5), 256, 8
    own, read, had = experts // gpus, [], []
    for _ in range(60):
        often = random.gamma(2.0, size=experts)
        # Eight different experts of each token, by the largest of their exponential clocks.
        chosen = np.argpartition(random.exponential(size=(tokens, experts)) / often, top, axis=1)[:, :top]
        counts = np.bincount(chosen.ravel(), minlength=experts).reshape(gpus, own)
        read.append((counts > 0).sum(axis=1).max())
        had.append(counts.sum(axis=1).max())
    job = replace(BIG, workload="deepseek-v3", precision="fp8")
    ops = engine_step.step_ops(resolve("deepseek-v3"), job, 0.0, float(tokens), float(tokens))
    up = next(
        op for op in parallel.shard(ops, float(gpus), ep=float(gpus)) if op.layer.endswith("experts.up")
    )
    touched, each = (float(np.ravel(up.dims[name])[0]) for name in ("batch", "m"))
    assert touched == pytest.approx(np.mean(read), rel=0.17)
    assert touched * each == pytest.approx(np.mean(had), rel=0.22)
    whole = next(op for op in ops if op.layer == up.layer)
    weights = float(np.ravel(up.weight_bytes / whole.weight_bytes)[0])
    assert weights == pytest.approx(touched / float(np.ravel(whole.dims["batch"])[0]))


@pytest.mark.parametrize(("runtime", "balanced"), [("vllm 0.15", False), ("tensorrt-llm 1.0", True)])
def test_a_prompt_is_of_one_group_of_data_parallel_attention(runtime: str, balanced: bool) -> None:
    """Seven groups wait while one computes it, but for an engine that waits until each has one."""
    job = replace(BIG, workload="deepseek-v3", precision="fp8", runtime=runtime, tp=1.0, pp=1.0, n_gpus=8.0,
                  input_tokens=2048.0, options={"attention_dp": "8", "ep": "8"})  # fmt: skip
    few, many = (_attention_of_a_prompt_s_pass(replace(job, concurrency=one)) for one in (1.0, 64.0 * 256.0))
    lone = _attention_of_a_prompt_s_pass(replace(job, options={}, concurrency=1.0))
    # The fullest of eight has a few per cent more than the mean.
    assert few == pytest.approx(lone / 8.0 if balanced else lone, rel=0.2)
    # Where many come at once each has its own.
    assert many == pytest.approx(lone / 8.0, rel=0.2)


def _attention_of_a_prompt_s_pass(job: Job) -> float:
    """Operations of attention that the GPU with most of it does in a pass, for each prompt that it has."""
    devices, workload = Devices.of([GPUS["h200-141gb-sxm"]]), resolve(job.workload)
    stack, running = runtimes.runtime(str(job.runtime), "vllm"), np.reshape(job.concurrency, (1, 1))
    found = prompts_beside(workload, job, stack, devices, running)
    whole = sum(op.flops * op.repeats for op in found.alone.ops if op.kind == "attention")
    return float(np.ravel(whole / found.batch)[0])
