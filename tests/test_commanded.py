"""Flags of a server's command in the text of a runtime, and releases that nobody has."""

from dataclasses import replace

import pytest

from whichgpu.cli.flags import meant
from whichgpu.cost.estimate import estimate
from whichgpu.cost.estimates import MODELLED
from whichgpu.cost.job.commanded import commanded, drafted
from whichgpu.cost.job.runtimes import runtime
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.software import stacks
from whichgpu.workloads.job import Job

GPUS = catalogue()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("vLLM 0.11 --max-num-seqs 16", "write --option max_num_seqs=16"),
        ("vLLM 0.11 --tensor-parallel-size=2", "write --tp 2"),
        ("SGLang --context-length 8192", "write --option max_model_len=8192"),
        ("vLLM --enable-prefix-caching", "write --option prefix_hit=0.5"),
        (
            "vLLM 0.11 --attention-backend FLASHINFER",
            "ignored: --attention-backend FLASHINFER; what vLLM does",
        ),
        ("vLLM 0.8 --quantization fp8", "write --precision fp8"),
        ("llama.cpp --n-cpu-moe 12", "write --option n_cpu_moe=12"),
        ("llama.cpp --override-tensor exps=CPU", "write --option offload=20GB"),
    ],
)
def test_a_flag_that_is_not_read_is_told_with_what_to_write(text, words):
    assert words in " ".join(commanded(runtime(text, ""), text, MODELLED))


@pytest.mark.parametrize(
    "text",
    [
        "vLLM 0.11",
        "vLLM 0.11 --enforce-eager --enable-chunked-prefill",
        "vLLM 0.9 --async-scheduling",
        "vLLM 0.8.5 --quantization awq",
        "SGLang 0.5.9 --enable-piecewise-cuda-graph --disable-radix-cache",
    ],
)
def test_a_flag_that_is_read_or_says_what_is_done_unasked_is_not(text):
    assert commanded(runtime(text, ""), text, MODELLED) == []


def test_an_answer_tells_them():
    job = Job("llama-3.1-8b", phase="serve", concurrency=8.0, input_tokens=512.0, output_tokens=128.0)
    one = estimate(job.changed(runtime="vLLM 9.9 --attention-backend x"), [GPUS["h100-80gb-sxm"]]).at(0, 0)
    told = " ".join(one.warnings)
    assert "--attention-backend x" in told
    assert "vLLM 9.9 is later than the last release on file" in told


def test_a_release_after_the_last_stands_as_that_one():
    later = stacks.standing(GPUS["h100-80gb-sxm"], "vllm", "", "vLLM 9.9")
    assert not later.refusal
    assert "is later than the last release on file, 0." in later.warning
    assert "no source" not in later.warning
    assert not later.unknown
    old = stacks.standing(GPUS["v100-16gb-sxm"], "vllm", "", "vLLM 9.9")
    assert old.refusal, "the last does not run on it"
    assert stacks.standing(GPUS["h100-80gb-sxm"], "vllm", "", "vLLM 0.11") == stacks.Standing("", "")


@pytest.mark.parametrize(
    ("software", "release", "text", "later"),
    [
        ("tensorrt-llm", "", "TensorRT-LLM 7", "7"),
        ("tensorflow", "any", "TensorFlow 9.0", "9.0"),
        ("onnxruntime", "any", "ONNX Runtime 9.9 CUDA", "9.9"),
        ("tensorrt", "any", "TensorRT 99", "99"),
        ("tensorrt", "any", "TensorRT 8", ""),
        ("tensorrt-llm", "", "TensorRT-LLM 1", ""),
        ("tensorflow", "any", "TensorFlow 22.10", ""),
        ("pytorch", "", "PyTorch 23.05", ""),
        ("pytorch", "", "PyTorch 2 compiled", ""),
        ("vllm", "", "vLLM 8x", ""),
    ],
)
def test_a_release_after_the_last_is_told_whatever_the_runtime_means(software, release, text, later):
    """A month is no release but NVIDIA's container of it, and a generation is any release of it."""
    told = stacks.standing(GPUS["h100-80gb-sxm"], software, release, text).warning
    assert told.partition(" is later than the last release on file")[0].rpartition(" ")[2] == later
    assert bool(told) == bool(later)


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--attention-backend", "nothing for it: an engine's usual kernels"),
        ("--enable-chunked-prefill", "nothing for it: engines that can cut"),
        ("--max-num-seqs", "write --option max_num_seqs=N"),
        ("--qlora", "write --phase finetune_qlora"),
        ("--zero-stage", "write --option sharding=zeroN"),
    ],
)
def test_the_command_line_knows_the_same_flags(flag, words):
    assert words in meant(flag, [flag], ["--option"])


def test_a_command_without_explain_says_what_has_its_parts():
    assert meant("--explain", ["--explain"], ["--option", "--all"]) == (
        "write --all, which tells where the time goes"
    )
    assert not meant("--explain", ["--explain"], ["--option"])


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["--ctx", "32k"], "write --input-tokens 32k"),
        (["--max-seq-length=2048"], "write --seq-len 2048"),
        (["--num-gpus", "2"], "write --gpu a100-80gb-sxm:2"),
        (["--per-device-train-batch-size", "4"], "write --batch 4"),
    ],
)
def test_flags_of_trainers_and_llama_cpp_are_told_with_their_value(typed, words):
    known = ["--option", "--input-tokens", "--seq-len", "--gpu", "--batch"]
    assert meant(typed[0].partition("=")[0], typed, known) == words


@pytest.mark.parametrize(
    "text", ["SGLang 0.5 EAGLE-3", "vLLM with MTP", "TensorRT-LLM, Medusa", "vLLM spec decode"]
)
def test_drafting_in_the_text_of_a_runtime_is_told_with_its_option(text):
    job = Job("llama-3.1-8b", phase="serve", precision="bf16", runtime=text)
    said = " ".join(estimate(job, [GPUS["h100-80gb-sxm"]]).at(0, 0).warnings)
    assert "write --option speculative=3" in said
    stated = Job("llama-3.1-8b", phase="serve", precision="bf16", runtime=text, options={"speculative": "3"})
    assert "is not read" not in " ".join(estimate(stated, [GPUS["h100-80gb-sxm"]]).at(0, 0).warnings)
    assert not drafted("vLLM 0.11 --num-speculative-tokens 3")


@pytest.mark.parametrize(
    ("text", "engine", "as_fast"),
    [
        ("NIM 1.8", "nim", "TensorRT-LLM 0.20"),
        ("DeepSpeed-FastGen", "deepspeed-mii", "vLLM 0.5"),
        ("DeepSpeed-MII 0.2", "deepspeed-mii", "vLLM 0.5"),
        ("MLC LLM", "mlc-llm", "vLLM"),
    ],
)
def test_engines_that_were_never_measured_have_the_kernels_of_another_and_wider_intervals(
    text, engine, as_fast
):
    assert runtime(text, "").id == engine
    job = Job("llama-3.1-8b", phase="serve", precision="bf16", concurrency=8.0, tp=1.0, runtime=text)
    known = Job("llama-3.1-8b", phase="serve", precision="bf16", concurrency=8.0, tp=1.0, runtime=as_fast)
    one, other = (estimate(each, [GPUS["h100-80gb-sxm"]]).at(0, 0) for each in (job, known))
    assert one.tpot.mid == pytest.approx(other.tpot.mid, rel=0.05)
    assert one.tpot.high / one.tpot.low > 1.05 * other.tpot.high / other.tpot.low


def _decoded(workload, **options):
    """Seconds a token of llama.cpp on a desktop card, and what the answer says."""
    job = Job(workload, phase="decode", runtime="llama.cpp", input_tokens=512.0, output_tokens=128.0)
    one = estimate(job.changed(options=options), [GPUS["rtx-5090"]]).at(0, 0)
    return one.latency.mid, one.warnings


@pytest.mark.parametrize("name", ["n_gpu_layers", "num_gpu"])
def test_layers_that_are_not_on_the_gpu_wait_on_the_host(name):
    whole, _ = _decoded("llama-3.1-8b")
    # The 32 layers and the output head behind them.
    times = [_decoded("llama-3.1-8b", **{name: str(count)})[0] for count in (33, 24, 12, 0)]
    assert times == sorted(times)
    assert times[0] == pytest.approx(whole)
    assert times[-1] == pytest.approx(_decoded("llama-3.1-8b", offload="parameters")[0], rel=0.02)


def test_experts_that_wait_on_the_host_are_counted_in_layers():
    slow, told = _decoded("gpt-oss-120b", n_cpu_moe="36")
    quick, _ = _decoded("gpt-oss-120b", n_cpu_moe="24")
    assert quick < slow
    assert any(text.startswith("n_cpu_moe=36: ") and "wait on the host" in text for text in told)
    # A dense model has no experts to leave there.
    assert _decoded("llama-3.1-8b", cpu_moe="true")[0] == pytest.approx(_decoded("llama-3.1-8b")[0])


def test_experts_on_the_host_are_read_at_the_rate_of_its_memory():
    """Experts of a token over what the host reads, and two crossings of each layer."""
    usual, _ = _decoded("gpt-oss-120b", cpu_moe="all")
    stated, _ = _decoded("gpt-oss-120b", cpu_moe="all", host_bandwidth="90GB/s")
    assert stated == pytest.approx(usual, rel=0.01)
    twice, _ = _decoded("gpt-oss-120b", cpu_moe="all", host_bandwidth="180GB/s")
    assert 0.5 * usual < twice < 0.7 * usual
    assert _decoded("gpt-oss-120b", cpu_moe="all", host="server")[0] < usual
    # 36 layers of experts, each of which a token comes to and leaves again.
    at_once, _ = _decoded("gpt-oss-120b", cpu_moe="all", host_bandwidth="90000GB/s")
    assert at_once - _decoded("gpt-oss-120b")[0] == pytest.approx(128.0 * 36.0 * 2.0 * 50e-6, rel=0.05)


def test_ktransformers_has_a_servers_host_beside_any_card():
    job = Job("deepseek-r1", phase="decode", precision="q4_k_m", options={"cpu_moe": "all"})
    times = {
        name: estimate(replace(job, runtime=name), [GPUS["rtx-4090"]]).at(0, 0).latency.mid
        for name in ("llama.cpp", "ktransformers")
    }
    assert times["ktransformers"] < 0.75 * times["llama.cpp"]


def test_layers_on_the_host_are_of_llama_cpp_alone_and_numbers():
    with pytest.raises(UsageError, match="no number of layers; write n_gpu_layers=20"):
        _decoded("llama-3.1-8b", n_gpu_layers="few")
    job = Job("llama-3.1-8b", phase="serve", runtime="vLLM", concurrency=8.0, options={"n_gpu_layers": "20"})
    told = estimate(job, [GPUS["rtx-5090"]]).at(0, 0).warnings
    assert any("n_gpu_layers is llama.cpp's, and ignored under vLLM" in text for text in told)


def test_a_value_of_several_words_is_suggested_in_quotes() -> None:
    known = ["--option", "--gpu"]
    assert meant("--power-limit", ["--power-limit", "50 W"], known) == 'write --option "power_limit=50 W"'
    assert meant("--power-limit", ["--power-limit=50W"], known) == "write --option power_limit=50W"
