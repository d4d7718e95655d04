"""Names of language models and of services, towers, and layers of other kinds."""

from __future__ import annotations

import pytest

from tests.traced import dense
from tests.traced import in_16_bits as ops
from whichgpu.errors import DataError, UsageError
from whichgpu.facts import store
from whichgpu.workloads.families import decoder
from whichgpu.workloads.language.layout import groups, mixing
from whichgpu.workloads.ops import parameters, product_flops, stored_weight_bytes
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Recorder
from whichgpu.workloads.workload import resolve

FP16 = precision("fp16")


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "GPT-4o", "gpt-4", "Claude 3.5 Sonnet", "gemini-1.5-pro", "Midjourney", "DALL-E 3", "Sora 2", "veo-3",
        "FLUX 1.1 pro", "ideogram-3", "suno", "whisper-1", "voyage-3", "mistral-medium", "Qwen3-Max",
        "amazon-nova", "copilot", "text-embedding-3-large", "Grok 4", "FLUX.1 [pro]", "Seedance",
        "black-forest-labs/FLUX.1-pro", "kling 2.1", "gpt5", "GPT4o",
    ],
)  # fmt: skip
def test_what_is_only_sold_as_a_service_is_refused_with_an_open_workload(name: str) -> None:
    with pytest.raises(UsageError, match="is only sold as a service") as refused:
        resolve(name)
    _, said, nearest = str(refused.value).partition("; the nearest open workload is ")
    assert said
    assert resolve(nearest).id == nearest


def test_a_service_is_that_of_who_sells_it() -> None:
    for name, seller in (("kling 2.1", "Kuaishou"), ("udio", "Udio"), ("voyage-3", "Voyage")):
        with pytest.raises(UsageError, match=rf"as a service \({seller}\)"):
            resolve(name)


def test_brackets_part_words() -> None:
    assert resolve("FLUX.1 [dev]").id == "flux.1-dev"
    # Published rows have names with brackets of their own.
    for name in (
        "deepseekv3-(w/o-mtp)",
        "deepseekv3-(w/-mtp)",
        "DeepSeekV3 (w/ MTP)",
        "DeepSeekV3 (w/o MTP)",
    ):
        assert resolve(name).id == "deepseek-v3"
    assert resolve("Llama 3.1 8B (Instruct)").id == "llama-3.1-8b"


def test_an_open_model_of_who_sells_a_service_is_none() -> None:
    assert resolve("suno/bark").id == "bark"


def test_what_is_named_as_nearest_to_a_service_is_open() -> None:
    for title, row in store.load("services")["services"]["service"].items():
        assert row["nearest"], title
        assert all(resolve(name) for name in row["nearest"])


def test_a_merger_works_on_tokens_and_the_tower_on_patches() -> None:
    """Qwen3-VL 8B: 4096 patches of a picture through 27 layers, 1024 tokens through four mergers."""
    tower = [op for op in ops("qwen3-vl-8b", phase="prefill", batch=1, options={"images": "1"}) if
             op.module == "vision"]  # fmt: skip
    merged = product_flops([op for op in tower if op.layer.endswith("merger")])
    assert merged == 2 * 1024 * 160_496_896
    assert sum(parameters(tower).values()) == 576_388_336


def test_the_tiles_of_a_picture_see_themselves_only() -> None:
    """LLaVA-NeXT: five tiles of 577 patches each, whose attention is a fifth of that over all."""
    (seen_by,) = {
        op.dims["kv"]
        for op in ops("llava-next-mistral-7b", phase="prefill", batch=1, options={"images": "1"})
        if op.kind == "attention" and op.module == "vision"
    }
    assert seen_by == 577


def test_a_tower_that_does_not_run_takes_no_memory_but_its_weights() -> None:
    recorder = Recorder(FP16)
    decoder.step(resolve("qwen3.5-27b").dims, recorder, 0.0, 1.0, 1000.0)
    vision = [op for op in recorder.ops() if op.module == "vision"]
    assert stored_weight_bytes(vision) == 2 * 460730096
    assert max(op.read_bytes + op.write_bytes for op in vision) < 1.0


def test_the_merger_of_qwen2_5_vl_works_on_tokens_too() -> None:
    """Qwen2.5-VL 7B: LayerNorm and two layers of 5120, on a quarter of the 4096 patches."""
    tower = [op for op in ops("qwen2.5-vl-7b", phase="prefill", batch=1, options={"images": "1"}) if
             op.module == "vision"]  # fmt: skip
    merged = product_flops([op for op in tower if op.layer.endswith("merger")])
    assert merged == 2 * 1024 * (1280 + 5120 * 5120 + 5120 + 5120 * 3584 + 3584)
    assert sum(parameters(tower).values()) == 676_550_144


# -- layers of other kinds ---------------------------------------------------------------------------


def test_layers_that_attend_to_a_picture_run_where_there_is_one() -> None:
    """Llama 3.2 Vision: eight of 40 layers, which a text passes by; then it is Llama 3.1 8B."""
    text = ops("llama-3.2-11b-vision", phase="prefill", batch=1, input_tokens=512)
    assert dense(text) == dense(ops("llama-3.1-8b", phase="prefill", batch=1, input_tokens=512))
    seen_by = [op for op in ops("llama-3.2-11b-vision", phase="generate", batch=1, options={"images": "1"})
               if op.kind == "attention" and ".cross." in op.layer]  # fmt: skip
    assert {op.dims["kv"] for op in seen_by} == {4 * 1601}
    assert {op.dims["q"] for op in seen_by} == {1.0, 513.0}
    assert all(sum(parameters(one).values()) == 10_642_941_475 for one in (text, ops(
        "llama-3.2-11b-vision", phase="decode", batch=1, options={"images": "1"})))  # fmt: skip
    made = [op for op in ops("llama-3.2-11b-vision", phase="generate", batch=1, options={"images": "1"})
            if op.layer.endswith("picture.kv") and op.count]  # fmt: skip
    assert sum(op.flops * op.count for op in made) == 8 * 2 * 6404 * 4096 * 2 * 1024


def test_a_searched_model_has_layers_without_attention_and_of_many_widths() -> None:
    dims = resolve("llama-3.3-nemotron-super-49b").dims
    assert mixing(dims, "*") == 49
    assert sum(group.layers for group in groups(dims)) == 80
    assert decoder.kv_cache(dims, FP16, 1.0) == 49 * 2 * 8 * 128 * 2
    widths = {op.dims["k"] for op in ops("llama-3.3-nemotron-super-49b", phase="decode", batch=1)
              if op.layer.endswith("down")}  # fmt: skip
    assert widths == {2816, 5632, 7168, 14336, 17920, 28672}
    with pytest.raises(DataError, match="feeds '-z'"):
        groups({"layers": 2, "feeds": "-z", "feed_widths": {"a": 1}})


def test_gemma_4_has_fewer_and_wider_heads_where_it_sees_everything() -> None:
    """50 layers keep 1024 tokens of 16 heads of 256, ten keep all tokens of 4 heads of 512."""
    dims = resolve("gemma-4-31b").dims
    tokens = 8192
    each = 50 * 1024 * 16 * 256 + 10 * tokens * 4 * 512
    assert decoder.kv_cache(dims, FP16, tokens) == 2 * 2 * each
    shapes = {(op.dims["kv_heads"], op.dims["head_dim"]) for op in ops("gemma-4-31b", phase="decode", batch=1)
              if op.kind == "attention" and op.module == "layers"}  # fmt: skip
    assert shapes == {(16.0, 256.0), (4.0, 512.0)}


@pytest.mark.parametrize(
    ("name", "layers", "heads", "taps"), [("minimax-text-01", 70, 64, 0), ("kimi-linear-48b", 20, 32, 3)]
)
def test_linear_attention_keeps_a_square_of_each_head(name: str, layers: int, heads: int, taps: int) -> None:
    """Keys by values of FP32; only what convolves keeps tokens besides."""
    each = heads * 128 * 128 + taps * 3 * heads * 128
    assert decoder.state_bytes_per_sequence(resolve(name).dims) == 4 * layers * each


def test_queries_through_a_narrow_layer() -> None:
    """Step3: 2048 values for 64 query heads of 256, which share one head of keys and values."""
    by_name = {op.layer.rpartition(".")[2]: op for op in ops("step3", phase="decode", batch=1)
               if op.kind == "gemm"}  # fmt: skip
    assert (by_name["q_a"].dims["n"], by_name["q_b"].dims["k"]) == (2048, 2048)
    assert (by_name["q_b"].dims["n"], by_name["kv"].dims["n"]) == (64 * 256, 2 * 256)


@pytest.mark.parametrize(
    ("spelling", "known"),
    [
        ("llama-3.2-11b-vision", "llama-3.2-11b-vision"),
        ("qwen3-coder-30b-a3b", "qwen3-30b-a3b"),
        ("deepseek-v2.5", "deepseek-v2"),
        ("deepseek-v3.2-exp", "deepseek-v3.2"),
        ("minimax-m1", "minimax-text-01"),
        ("devstral-24b", "mistral-small-24b"),
        ("magistral-small", "mistral-small-24b"),
        ("mistral-large-2407", "mistral-large-123b"),
        ("falcon-3-10b", "falcon3-10b"),
        ("xai-org/grok-2", "grok-2"),
        ("aya-23-35b", "command-r"),
        ("yi-1.5-34b", "yi-34b"),
        ("internlm2.5-7b", "internlm2-7b"),
        ("wizardlm-70b", "llama-2-70b"),
        ("dolly-v2-12b", "pythia-12b"),
        ("openllama-13b", "llama-1-13b"),
        ("nous-hermes-13b", "llama-1-13b"),
        ("stablelm-3b", "stablelm-3b-4e1t"),
        ("kimi-linear-48b", "kimi-linear-48b-a3b"),
        ("blip-2", "blip-2-opt-2.7b"),
        ("llava-onevision-7b", "llava-onevision-7b"),
        ("ernie-4.5-300b-a47b", "ernie-4.5-300b-a47b"),
        ("granite-4.0-h-small", "granite-4.0-h-small"),
        ("nvidia/Llama-3_3-Nemotron-Super-49B-v1_5-FP8", "llama-3.3-nemotron-super-49b"),
    ],
)
def test_models_that_serving_benchmarks_name(spelling: str, known: str) -> None:
    assert resolve(spelling).id == known
