"""Kernels of engines of language models: formats that they widen or unpack, attention, experts, the host."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from test_engines import CHAT, EXPERTS, GPUS, TRTLLM, times

from whichgpu.cost.calibration.effects import Fit
from whichgpu.cost.estimate import estimate
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.job.settling import settle
from whichgpu.cost.kernels.attention import exponentials
from whichgpu.cost.kernels.products import seconds
from whichgpu.cost.parallel.splitting import shard
from whichgpu.cost.serving.steady import reading
from whichgpu.cost.timing.engine_step import step_ops
from whichgpu.cost.timing.launching import kernels, launched
from whichgpu.cost.timing.optable import tables
from whichgpu.cost.timing.passes import launching_of, prompt_alone, prompts_beside, token_work
from whichgpu.cost.timing.time import evaluate, prepare
from whichgpu.workloads.job import Job


@pytest.mark.parametrize(("engine", "beside"), [("vllm", 2.0), ("sglang", 7.0), ("tensorrt-llm", 3.0)])
def test_experts_and_narrow_products_bring_kernels_of_their_own(engine, beside):
    stack = runtime(engine, engine)
    bare = replace(stack, routing=1.0, quantising=0.0)
    settled = settle(replace(EXPERTS, runtime=engine, concurrency=8.0))
    devices = lay_out(settled.job, [GPUS["h100-80gb-sxm"]]).devices
    work = token_work(settled.workload, settled.job, stack, devices, sequences=8.0, kv_tokens=8000.0)
    with_, without = (evaluate(prepare(work.ops, devices, one), Fit()).gpu for one in (stack, bare))
    # 94 layers: a sort of tokens and so on, and the activations of two dense products narrowed.
    expected = 94 * (beside + 2.0 * stack.quantising) * stack.gap * float(devices.pause[0, 0])
    assert float((with_ - without).ravel()[0]) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("engine", "more"), [("vllm", 3.0), ("sglang", 0.0)])
def test_experts_in_eight_bits_are_narrowed_by_kernels_of_their_own_under_vllm(engine, more):
    """Before each of their two products, with the gate between them; in four bits within one kernel."""
    stack = runtime(engine, engine)
    asked = Job("qwen3-235b-a22b", phase="serve", precision="fp8", runtime=engine, concurrency=8.0)
    settled = settle(asked)
    devices = lay_out(settled.job, [GPUS["b200-180gb-sxm"]]).devices
    work = token_work(settled.workload, settled.job, stack, devices, sequences=8.0, kv_tokens=8000.0)
    experts = [op for op in work.ops if op.shard.startswith("expert") and op.kind == "gemm"]
    found = kernels(experts, stack, devices) - kernels(
        experts, replace(stack, quantising_experts=0.0), devices
    )
    assert float(found.ravel()[0]) == more * settled.workload.dims["layers"]


def test_an_indexer_brings_kernels_beside_its_products():
    """GLM-5 chooses the tokens that it attends to: nine kernels a layer, of whatever engine."""
    for engine in ("sglang", "vllm", "tensorrt-llm"):
        stack = runtime(engine, engine)
        asked = Job("glm-5", phase="serve", precision="fp8", runtime=engine, concurrency=4.0)
        settled = settle(asked)
        devices = lay_out(settled.job, [GPUS["b200-180gb-sxm"]]).devices
        work = token_work(settled.workload, settled.job, stack, devices, sequences=4.0, kv_tokens=4000.0)
        rest = [op for op in work.ops if not op.layer.endswith("indexer.readied")]
        assert len(rest) < len(work.ops)
        more = kernels(work.ops, stack, devices) - kernels(rest, stack, devices)
        assert float(more.ravel()[0]) == 9.0 * settled.workload.dims["layers"]


@pytest.mark.parametrize(("gpu", "halved"), [("h200-141gb-sxm", 0.5), ("b200-180gb-sxm", 1.0)])
def test_heads_of_a_sparse_prompt_fill_tiles_that_no_other_query_shares(gpu, halved):
    """A tile has heads of one query: 64 on Hopper, 128 on GB100. Each GPU scores all tokens itself."""
    asked = Job("deepseek-v3.2", phase="prefill", precision="fp8", runtime="sglang", input_tokens=8192.0)
    settled, devices, taken = settle(asked), Devices.of([GPUS[gpu]]), {}
    for tp, scores in product((1.0, 2.0, 8.0), (False, True)):
        cut = shard(settled.workload.trace(settled.job), np.full(1, tp), ep=np.ones(1), moe_tp=np.ones(1))
        kept = [op for op in cut if op.kind == "attention" and ("indexer" in op.layer) == scores]
        timed = prepare(kept, devices, runtime("sglang", "")).kernels
        taken[scores, tp] = float(sum((one.table.count * one.compute).sum() for one in timed))
    assert taken[False, 2.0] == taken[False, 8.0] == pytest.approx(halved * taken[False, 1.0])
    assert taken[True, 8.0] == pytest.approx(taken[True, 1.0])


def test_an_expert_that_is_cut_is_slower_to_read_under_sglang():
    """Eight slices of an expert together take longer than the expert does, where another engine's do not."""
    settled = settle(Job("qwen3-235b-a22b", phase="serve", precision="fp8", concurrency=8.0))
    devices = Devices.of([GPUS["h100-80gb-sxm"]])
    whole = step_ops(settled.workload, settled.job, 0.0, 8.0, 8000.0)
    taken = {}
    for engine, cut in product(("sglang", "vllm"), (1.0, 8.0)):
        cuts = shard(whole, np.full(1, cut), ep=np.ones(1), moe_tp=np.full(1, cut))
        ops = [op for op in cuts if op.shard.startswith("expert") and op.kind == "gemm"]
        passed = prepare(ops, devices, runtime(engine, ""))
        taken[engine, cut] = cut * float(sum((one.table.count * one.memory).sum() for one in passed.kernels))
    assert taken["vllm", 8.0] == pytest.approx(taken["vllm", 1.0], rel=0.1)
    assert taken["sglang", 8.0] > 1.15 * taken["sglang", 1.0]


def test_many_rows_of_an_expert_are_multiplied_faster_than_few():
    """What one row more takes beside the weights that all read."""
    job = Job("deepseek-v3", phase="serve", precision="fp8", input_tokens=1.0, output_tokens=2.0)
    settled, stack = settle(replace(job, runtime="sglang")), runtime("sglang", "")
    devices = Devices.of([GPUS["h100-80gb-sxm"]])

    def taken(rows: float) -> float:
        # Of 256 experts a token goes through eight.
        whole = step_ops(settled.workload, settled.job, 0.0, 32.0 * rows, 32.0 * rows)
        ops = tuple(op for op in whole if op.layer.endswith("experts.up"))
        return float(evaluate(prepare(ops, devices, stack), Fit()).gpu.ravel()[0])

    few, usual, many = ((taken(2.0 * rows) - taken(rows)) / rows for rows in (16.0, 64.0, 1024.0))
    assert usual == pytest.approx(few, rel=0.2)
    assert many < 0.9 * usual


def test_prompts_of_quantised_experts_are_as_fast_as_those_of_wide_ones_where_kernels_unpack():
    """Metal unpacks weights in its tiles, and no BLAS widens those of experts for it (ROCm)."""
    gpus = [GPUS[name] for name in ("apple-m4-max-40c", "ryzen-ai-max-395")]
    asked = Job("qwen3-30b-a3b", phase="prefill", runtime="llama.cpp", input_tokens=512.0)
    narrow, wide = (estimate(replace(asked, precision=one), gpus).seconds[:, 0] for one in ("q4_k_m", "fp16"))
    assert np.all(narrow < 1.2 * wide)


def _products(gpu: str, precision: str, tokens: float, stack: str = "vllm") -> float:
    """Seconds of arithmetic of one product of a prompt of so many tokens, before any fit."""
    asked = Job("llama-3.1-8b", phase="serve", runtime=stack, input_tokens=tokens, output_tokens=2.0)
    prompt = lay_out(replace(asked, precision=precision), [GPUS[gpu]]).serving.prompt
    found = evaluate(prompt, Fit(), explain=True)
    return next(term.compute for term in found.terms if term.layer == "layers.down")


@pytest.mark.parametrize("precision", ["w4a16", "mxfp4"])
def test_weights_that_pass_through_registers_keep_hopper_from_its_peak(precision):
    """mma.sync, on which Marlin is built, reaches 62.9 % of it (arXiv 2501.12084)."""
    narrow, wide = (_products("h200-141gb-sxm", one, 8000.0) for one in (precision, "bf16"))
    assert narrow == pytest.approx(wide / 0.63, rel=0.01)


@pytest.mark.parametrize(
    ("gpu", "precision", "least", "most"),
    [
        # FP16 and exllamav2's copies in 16 bits pass Marlin by on an A100 (IST-DASLab/marlin issue 2).
        ("a100-80gb-sxm", "w4a16", 1.3, 1.5),
        ("a100-80gb-sxm", "fp8-w8a16", 1.4, 1.7),
        # 1.22 of FP16's time on an RTX 6000 Ada (issue 21), whose tensor cores are half as fast an SM.
        ("rtx-6000-ada", "w4a16", 1.1, 1.3),
        ("rtx-3090", "w4a16", 1.0, 1.15),
    ],
)
def test_prompts_pay_for_weights_that_are_widened_the_more_the_faster_tensor_cores_are(
    gpu, precision, least, most
):
    assert least < _products(gpu, precision, 8000.0) / _products(gpu, "bf16", 8000.0) < most


def test_reading_the_weights_hides_their_widening_in_small_batches():
    few, wide = (_products("a100-80gb-sxm", one, 32.0) for one in ("w4a16", "bf16"))
    assert few == pytest.approx(wide, rel=0.01)


@pytest.mark.parametrize("gpu", ["rtx-5090", "rtx-3090", "a100-80gb-sxm"])
def test_few_rows_of_a_narrow_expert_take_no_longer_than_one_tile(gpu):
    """A token goes through eight experts: 16 rows each at the peak, however slow prompts found them to be."""
    settled = settle(Job("qwen3-30b-a3b", phase="serve", precision="w4a16", runtime="vllm"))
    devices, stack = Devices.of([GPUS[gpu]]), runtime("vllm", "")
    for rows, bound in ((1.0, True), (512.0, False)):
        whole = step_ops(settled.workload, settled.job, 0.0, rows, 1000.0 * rows)
        (table,) = tables([op for op in whole if op.layer.endswith("experts.up")][:1])
        compute, _ = seconds(table, devices, stack)
        tile = table.flops * 16.0 / table.dims["m"] / devices.peak("fp16")
        assert bool(np.all(compute <= 1.001 * tile)) is bound


def test_awq_asked_for_by_name_is_its_own_kernel_which_widens_for_every_16_rows():
    """Slower than Marlin from 32 rows on; from 256 on it writes a copy, and multiplies as FP16 does."""
    own = "vLLM 0.8.5 --quantization awq"
    times = {
        n: [_products("l4", "awq", float(n), stack) for stack in (own, "vLLM 0.8.5")]
        for n in (16, 64, 255, 4096)
    }
    assert times[16][0] == pytest.approx(times[16][1], rel=0.05)
    assert times[64][0] > 1.5 * times[64][1]
    assert times[255][0] > 2.0 * times[255][1]
    assert times[4096][0] == pytest.approx(_products("l4", "bf16", 4096.0), rel=0.01)
    assert "awq-kernel" not in runtime("vLLM 0.8.5 --quantization awq_marlin", "").marks


def test_a_weights_gradient_has_no_weights_to_widen():
    job = Job("llama-2-7b", phase="pretrain", runtime="torchtitan", batch=1.0, seq_len=4096.0, n_gpus=8.0)
    found = evaluate(lay_out(job, [GPUS["h200-141gb-sxm"]]).work, Fit(), explain=True)
    spent = {term.layer: term.compute for term in found.terms if term.kind == "gemm"}
    assert spent["layers.up.wgrad"] == pytest.approx(spent["layers.up"], rel=0.01)


def test_mlx_runs_kernels_side_by_side_on_every_mac():
    """Rapid-MLX's community runs on an M3 Ultra, 128 tokens or so: 113 tokens/s of Qwen3 8B in 4 bits."""
    mac, newer = GPUS["apple-m3-ultra-80c"], GPUS["apple-m5-10c"]
    asked = Job("qwen3-8b", phase="decode", precision="mlx-4bit", output_tokens=128.0, batch=1.0)
    mlx, other = (
        [estimate(replace(asked, runtime=name), [gpu]).at(0, 0).throughput.mid for gpu in (mac, newer)]
        for name in ("mlx", "llama.cpp")
    )
    assert mlx[0] == pytest.approx(113.0, rel=0.15)
    assert mlx[0] > 1.1 * other[0]
    assert mlx[1] == pytest.approx(other[1], rel=1e-3)


def test_mlx_attends_to_a_long_prompt_nearly_as_fast_as_it_multiplies():
    """Rapid-MLX pull 258: 0.95 of its own products on an M3 Ultra at 32,768 tokens, 17.4 of 28.7 TFLOP/s."""
    gpu = GPUS["apple-m3-ultra-80c"]

    def share(engine):
        job = Job("llama-3-8b", phase="prefill", precision="fp16", input_tokens=32768.0, runtime=engine)
        found = evaluate(lay_out(job, [gpu]).work, Fit(), explain=True)
        spent = sum(term.compute for term in found.terms if term.kind == "attention")
        work = 32 * 4 * 32768.0**2 / 2 * 4096  # causal
        return work / spent / gpu.value("fp16")

    assert share("mlx") == pytest.approx(0.95 * 17.4 / 28.7, rel=0.05)
    assert share("llama.cpp") < 0.5 * share("mlx")


@pytest.mark.parametrize(
    ("gpu", "published"), [("a100-80gb-sxm", 225 / 190), ("h100-80gb-sxm", 648 / 497)], ids=["FA2", "FA3"]
)
def test_heads_of_64_wait_for_exponentials_the_more_the_faster_tensor_cores_are(gpu, published):
    """FlashAttention-2 on an A100 and -3 on an H100: TFLOP/s with heads of 128 over those of 64."""
    job = Job("gpt-oss-20b", phase="serve", precision="bf16", input_tokens=8192.0, output_tokens=16.0,
              runtime="vllm")  # fmt: skip
    kernels = lay_out(job, [GPUS[gpu]]).serving.prompt.kernels
    table = next(part.table for part in kernels if part.table.kind == "attention")
    assert np.all(table.dims["head_dim"] == 64.0)
    assert np.ravel(exponentials(table, Devices.of([GPUS[gpu]])))[0] == pytest.approx(published, rel=0.02)


def test_heads_of_64_are_no_slower_where_products_wait_either_way():
    stack = runtime("vllm", "")
    assert stack.overlaps_softmax
    assert not runtime("vLLM 0.5.4", "").overlaps_softmax
    for model, slower in (("gpt-oss-20b", True), ("qwen3-30b-a3b", False)):
        job = Job(model, phase="serve", precision="bf16", input_tokens=30000.0, output_tokens=16.0)
        settled = settle(replace(job, runtime="vllm"))
        devices = Devices.of([GPUS["h100-80gb-sxm"]])
        work = prompts_beside(settled.workload, settled.job, stack, devices, np.array([[1.0]])).each
        taken = [evaluate(prepare(work.ops, devices, one), Fit()).gpu.ravel()[0]
                 for one in (stack, replace(stack, overlaps_softmax=False))]  # fmt: skip
        assert (taken[0] > 1.02 * taken[1]) == slower, model


def test_before_its_kernels_of_groups_an_engine_read_the_cache_for_each_head():
    """Llama 2 70B has eight heads to a group, and 7B each its own; XQA came with 0.8."""
    job = Job("llama-2-70b", phase="serve", precision="fp8", input_tokens=128.0, output_tokens=2048.0,
              concurrency=128.0, tp=4.0, n_gpus=4.0)  # fmt: skip
    taken = {
        (model, version): times(replace(job, workload=model, runtime=f"TensorRT-LLM {version}"))[1]
        for model in ("llama-2-70b", "llama-2-7b")
        for version in ("0.7", "0.8", "0.10")
    }
    # 128 sequences of 1,150 tokens in the mean: 160 kB of each in FP8, a quarter of it on each GPU.
    cache = 128 * 1150 * 160 * 1024 / 4 / 3.35e12
    more = taken["llama-2-70b", "0.7"] - taken["llama-2-70b", "0.8"]
    assert 7.0 * cache < more < 7.0 * cache / 0.7
    assert taken["llama-2-70b", "0.10"] == taken["llama-2-70b", "0.8"]
    assert taken["llama-2-7b", "0.7"] == taken["llama-2-7b", "0.8"]


def test_kernels_of_groups_were_for_eight_heads_alone_until_0_12():
    """Mistral has four heads to a group: its cache was read four times, as that of a model without groups."""
    job = Job("mistral-7b", phase="serve", precision="fp8", input_tokens=128.0, output_tokens=2048.0,
              concurrency=128.0, tp=1.0, n_gpus=1.0)  # fmt: skip
    taken = {version: times(replace(job, runtime=f"TensorRT-LLM {version}"))[1]
             for version in ("0.6", "0.9", "0.11", "0.12", "0.14")}  # fmt: skip
    # 128 sequences of 1,150 tokens in the mean: 64 kB of each in FP8.
    cache = 128 * 1150 * 64 * 1024 / 3.35e12
    assert 3.0 * cache < taken["0.9"] - taken["0.14"] < 3.0 * cache / 0.7
    assert taken["0.6"] == taken["0.9"] == taken["0.11"]
    assert taken["0.12"] == taken["0.14"]


def test_a_host_makes_tokens_of_a_prompt_and_launches_latent_attention_for_longer():
    long = replace(CHAT, input_tokens=16_000.0, options={"prefix_hit": "0.99"})
    read = [float(reading(runtime(name, ""), long)) for name in ("vllm", "sglang", "ollama")]
    assert read == pytest.approx([0.032, 0.032, 0.0]), "what is in the cache among them"
    for job, text, each in (
        (CHAT, TRTLLM, 35e-6), (EXPERTS, TRTLLM, 35e-6), (replace(EXPERTS, precision="bf16"), TRTLLM, 35e-6),
        (replace(EXPERTS, workload="deepseek-v3", precision="w4a16"), TRTLLM, 110e-6),
        (CHAT, "TensorRT-LLM 0.17", 5e-6), (CHAT, "NIM", 5e-6), (CHAT, "vllm", 40e-6),
    ):  # fmt: skip
        laid = lay_out(replace(job, runtime=text), [GPUS["h200-141gb-sxm"]])
        prompt = prompt_alone(laid.workload, laid.job, laid.runtime, laid.devices)
        count = float(np.ravel(kernels(prompt.ops, laid.runtime, laid.devices))[0])
        assert float(np.ravel(launching_of(prompt, laid.runtime, laid.devices))[0]) == pytest.approx(
            each * count
        ), text


def test_experts_have_the_kernels_that_an_engine_has_for_them_on_a_gpu():
    """SGLang's are Triton's on Hopper and FlashInfer's on GB100: five kernels a layer fewer."""

    def launched(text: str, *gpus: str) -> list[float]:
        laid = lay_out(replace(EXPERTS, runtime=text), [GPUS[gpu] for gpu in gpus])
        prompt = prompt_alone(laid.workload, laid.job, laid.runtime, laid.devices)
        return [float(one) for one in np.ravel(kernels(prompt.ops, laid.runtime, laid.devices))]

    hopper, blackwell = launched("sglang", "h200-141gb-sxm", "b200-180gb-sxm")
    assert hopper - blackwell == pytest.approx(5 * 94), "layers of Qwen3 235B"
    # In FP8 vLLM narrows and gates what they multiply outside of FlashInfer's kernels.
    assert launched("vllm", "h200-141gb-sxm") == [pytest.approx(blackwell + 3 * 94)]


def _of_each(workload: str, engine: str, named: str, precision: str = "fp8") -> float:
    """Kernels on eight B200 of each op of that name."""
    asked = Job(workload, phase="serve", precision=precision, runtime=engine, n_gpus=8)
    laid = lay_out(asked, [GPUS["b200-180gb-sxm"]])
    prompt = prompt_alone(laid.workload, laid.job, laid.runtime, laid.devices)
    (table,) = tables([op for op in prompt.ops if op.layer.endswith(named)][:1])
    return float(np.ravel(launched(table, laid.runtime, laid.devices))[0])


def test_gated_experts_in_fp8_of_a_corrected_choice_are_sglangs_own_on_blackwell():
    """FlashInfer's are named for DeepSeek's (attention with latents) and Qwen's, not for MiniMax M2's."""
    dispatched = ".dispatch"
    assert _of_each("minimax-m2.5", "sglang", dispatched) == pytest.approx(8.0)
    for others in (("deepseek-r1", "sglang"), ("qwen3-235b-a22b", "sglang"), ("minimax-m2.5", "vllm")):
        assert _of_each(*others, dispatched) == pytest.approx(3.0), others


@pytest.mark.parametrize(
    ("text", "around"),
    [
        ("vLLM 0.11", 8.0),
        ("vLLM 0.14.1", 8.0),
        ("vLLM 0.14.1 VLLM_USE_FLASHINFER_MOE_FP8=1", 3.0),
        ("vLLM 0.15", 3.0),
        ("vLLM", 3.0),
    ],
)
def test_vllm_has_experts_of_its_own_until_it_picks_flashinfers(text, around):
    assert _of_each("qwen3-235b-a22b", text, ".dispatch") == pytest.approx(around)


def test_a_norm_over_the_heads_of_all_gpus_brings_kernels_under_sglang():
    """Queries and keys copied out of their product, and a kernel before and behind the exchange of sums."""
    assert _of_each("minimax-m2.5", "sglang", ".qk_norm") == pytest.approx(3.0)
    assert _of_each("minimax-m2.5", "vllm", ".qk_norm") == 0.0
    # Each head of Qwen3's is normalised for itself.
    assert _of_each("qwen3-235b-a22b", "sglang", ".qk_norm") == 0.0


def test_dense_products_in_fp8_are_no_slower_than_in_16_bits():
    """What experts taught of an engine's products in 8 bits says nothing of its dense ones."""
    for engine in ("vllm", "sglang", "tensorrt-llm"):
        job = Job("qwen3-32b", phase="prefill", batch=1.0, input_tokens=8192.0, runtime=engine)
        wide, narrow = (
            estimate(replace(job, precision=one), [GPUS["b200-180gb-sxm"]]).at(0, 0).latency.mid
            for one in ("bf16", "fp8")
        )
        assert narrow < 0.9 * wide, engine


def test_one_kernel_narrows_what_a_dense_model_multiplies_in_vllm_of_2025():
    """A scale for each token; two for the scales of blocks that experts' checkpoints have."""
    stack = runtime("vLLM 0.11", "")
    for job, products, each in ((replace(CHAT, precision="fp8"), 4.0, 1.0), (EXPERTS, 2.0, 2.0)):
        settled = settle(replace(job, runtime="vLLM 0.11", concurrency=8.0))
        devices = lay_out(settled.job, [GPUS["h100-80gb-sxm"]]).devices
        work = token_work(settled.workload, settled.job, stack, devices, sequences=8.0, kv_tokens=8000.0)
        bare = replace(stack, quantising=0.0, quantising_dense=0.0)
        more = [float(np.ravel(kernels(work.ops, one, devices))[0]) for one in (stack, bare)]
        assert more[0] - more[1] == settled.workload.dims["layers"] * products * each


def test_what_each_head_reads_anew_comes_through_the_l2_cache():
    """An H200 is no faster at it than an H100, whose SMs it has; an L40S waits for its memory either way."""
    job = Job("mistral-7b", phase="serve", precision="fp8", input_tokens=128.0, output_tokens=2048.0,
              concurrency=120.0, tp=1.0, n_gpus=1.0)  # fmt: skip
    taken = {
        (gpu, version): float(estimate(replace(job, runtime=version), [GPUS[gpu]]).at(0, 0).tpot.mid)
        for gpu in ("h100-80gb-sxm", "h200-141gb-sxm", "l40s")
        for version in ("TensorRT-LLM 0.9", "TensorRT-LLM 0.12")
    }
    old, new = (
        {gpu: seconds for (gpu, one), seconds in taken.items() if one.endswith(version)}
        for version in ("0.9", "0.12")
    )
    assert old["h200-141gb-sxm"] > 0.9 * old["h100-80gb-sxm"]
    assert new["h200-141gb-sxm"] < 0.85 * new["h100-80gb-sxm"]
    assert old["h100-80gb-sxm"] > 1.5 * new["h100-80gb-sxm"]
    assert old["l40s"] < 1.1 * new["l40s"]


@pytest.mark.parametrize(
    ("gpu", "stack", "more"),
    [
        ("mi300x", "vLLM 0.11", 2.5),
        ("mi300x", "vLLM 0.11 VLLM_ROCM_USE_AITER=1", 1.0),
        ("mi300x", "SGLang 0.5.7", 1.0),
        ("h100-80gb-sxm", "vLLM 0.11", 1.0),
    ],
)
def test_experts_on_amd_are_slower_under_vllm_without_the_makers_kernels(gpu, stack, more):
    """By as much in arithmetic, and in nothing else: the weights are read as fast."""
    known = runtime(stack, "vllm")
    settled = settle(replace(EXPERTS, runtime=stack, concurrency=64.0))
    devices = lay_out(settled.job, [GPUS[gpu]]).devices
    work = token_work(settled.workload, settled.job, known, devices, sequences=64.0, kv_tokens=64000.0)
    for table in tables(work.ops):
        if table.kind != "gemm":
            continue
        (mine, read), (best, whole) = (
            seconds(table, devices, one) for one in (known, replace(known, untuned={}))
        )
        experts = np.array([op.shard.startswith("expert") for op in table.ops])[:, None, None]
        assert experts.any()
        assert mine == pytest.approx(np.where(experts, more, 1.0) * best)
        assert read == pytest.approx(whole)
