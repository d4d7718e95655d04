"""A config.json becomes a workload: head sizes as stated, and a clear line for every bad field."""

from __future__ import annotations

import http.server
import json
import threading

import pytest

from whichgpu.errors import UsageError
from whichgpu.workloads import importing
from whichgpu.workloads.importers import _fetch
from whichgpu.workloads.importing import Given, load
from whichgpu.workloads.job import Job
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve

pytestmark = pytest.mark.slow

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}
GEMMA3 = {
    "architectures": ["Gemma3ForConditionalGeneration"],
    "model_type": "gemma3",
    "torch_dtype": "bfloat16",
    "mm_tokens_per_image": 256,
    "text_config": {
        "model_type": "gemma3_text",
        "head_dim": 128,
        "hidden_size": 5376,
        "intermediate_size": 21504,
        "num_attention_heads": 32,
        "num_hidden_layers": 62,
        "num_key_value_heads": 16,
        "sliding_window": 1024,
    },
    "vision_config": {
        "hidden_size": 1152,
        "image_size": 896,
        "intermediate_size": 4304,
        "num_attention_heads": 16,
        "num_hidden_layers": 27,
        "patch_size": 14,
    },
}
DEEPSEEK = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "model_type": "deepseek_v3",
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "moe_intermediate_size": 2048,
    "num_hidden_layers": 61,
    "num_attention_heads": 128,
    "num_key_value_heads": 128,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "num_experts_per_tok": 8,
    "first_k_dense_replace": 3,
    "kv_lora_rank": 512,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "vocab_size": 129280,
    "num_nextn_predict_layers": 1,
    "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]},
}
MIXTRAL = {
    "model_type": "mixtral",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
    "sliding_window": None,
    "vocab_size": 32000,
    "torch_dtype": "bfloat16",
}
QWEN3_NEXT = {
    "model_type": "qwen3_next",
    "hidden_size": 2048,
    "num_hidden_layers": 48,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "head_dim": 256,
    "intermediate_size": 5120,
    "moe_intermediate_size": 512,
    "shared_expert_intermediate_size": 512,
    "num_experts": 512,
    "num_experts_per_tok": 10,
    "vocab_size": 151936,
    "linear_num_key_heads": 16,
    "linear_key_head_dim": 128,
    "linear_num_value_heads": 32,
    "linear_value_head_dim": 128,
    "linear_conv_kernel_dim": 4,
    "full_attention_interval": 4,
}
GPT_OSS = {
    "model_type": "gpt_oss",
    "hidden_size": 2880,
    "intermediate_size": 2880,
    "num_hidden_layers": 24,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "num_local_experts": 32,
    "num_experts_per_tok": 4,
    "vocab_size": 201088,
    "sliding_window": 128,
    "layer_types": ["sliding_attention", "full_attention"] * 12,
    "quantization_config": {"quant_method": "mxfp4"},
}
FALCON = {
    "model_type": "falcon", "hidden_size": 4544, "num_hidden_layers": 32, "num_attention_heads": 71,
    "multi_query": True, "parallel_attn": True, "bias": False, "alibi": False, "vocab_size": 65024,
    "tie_word_embeddings": False,
}  # fmt: skip
GPTJ = {
    "model_type": "gptj",
    "n_embd": 4096,
    "n_head": 16,
    "n_layer": 28,
    "n_positions": 2048,
    "vocab_size": 50400,
    "n_inner": None,
}
MAMBA = {
    "model_type": "mamba",
    "hidden_size": 2560,
    "num_hidden_layers": 64,
    "vocab_size": 50280,
    "state_size": 16,
    "intermediate_size": 5120,
    "time_step_rank": 160,
    "conv_kernel": 4,
}
BERT = {
    "model_type": "bert",
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
}
VIT = {
    "model_type": "vit",
    "architectures": ["ViTForImageClassification"],
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "image_size": 224,
    "patch_size": 16,
    "id2label": {str(i): "x" for i in range(1000)},
}
T5 = {"model_type": "t5", "d_model": 1024, "d_kv": 64, "d_ff": 4096, "num_layers": 24, "num_heads": 16,
      "vocab_size": 32128, "feed_forward_proj": "relu"}  # fmt: skip
WHISPER = {"model_type": "whisper", "d_model": 1280, "encoder_layers": 32, "decoder_layers": 32,
           "vocab_size": 51866,
           "encoder_attention_heads": 20, "decoder_attention_heads": 20, "encoder_ffn_dim": 5120,
           "num_mel_bins": 128}  # fmt: skip
CLIP = {"model_type": "clip", "projection_dim": 768,
        "text_config": {"model_type": "clip_text_model", "hidden_size": 768, "intermediate_size": 3072,
                        "num_attention_heads": 12},
        "vision_config": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
                          "num_attention_heads": 16, "patch_size": 14}}  # fmt: skip
LLAMA4 = {"model_type": "llama4", "text_config": {
    "model_type": "llama4_text", "hidden_size": 5120, "intermediate_size": 8192,
    "intermediate_size_mlp": 16384,
    "num_hidden_layers": 48, "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128,
    "num_local_experts": 128, "num_experts_per_tok": 1, "interleave_moe_layer_step": 2,
    "vocab_size": 202048}}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    """Write a config.json with some fields changed; None removes one."""

    def made(raw, **changes):
        content = {key: value for key, value in {**raw, **changes}.items() if value is not None or key in raw}
        content = {key: value for key, value in content.items() if changes.get(key, 0) is not None}
        path = tmp_path / "config.json"
        path.write_text(json.dumps(content))
        return str(path)

    return made


@pytest.mark.parametrize(
    ("raw", "known"),
    [
        (LLAMA, "llama-3-8b"),
        (DEEPSEEK, "deepseek-v3"),
        (MIXTRAL, "mixtral-8x7b"),
        (FALCON, "falcon-7b"),
        (QWEN3_NEXT, "qwen3-next-80b-a3b"),
        (GPT_OSS, "gpt-oss-20b"),
        (GPTJ, "gpt-j-6b"),
        (MAMBA, "mamba-2.8b"),
        (BERT, "bert-large"),
        (VIT, "vit-base-patch16-224"),
        (T5, "t5-large"),
        (WHISPER, "whisper-large-v3"),
        (CLIP, "clip-vit-large-patch14"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_config_is_the_model_of_the_zoo(write, raw, known):
    ours, zoo = load(write(raw)), resolve(known)
    # The zoo pads Mamba's vocabulary to the eight that the checkpoint has.
    near = 0.0005 if known == "mamba-2.8b" else 0.0
    assert sum(ours.parameters().values()) == pytest.approx(sum(zoo.parameters().values()), rel=near)
    assert ours.flops() == pytest.approx(zoo.flops(), rel=near)


def test_gemma_3_keeps_its_stated_heads_and_windows(write):
    item, zoo = load(write(GEMMA3)), resolve("gemma-3-27b")
    for name in (
        "layers",
        "heads",
        "kv_heads",
        "head_dim",
        "vocab",
        "pattern",
        "window",
        "norms",
        "qk_norm",
        "tied",
    ):
        assert item.dims[name] == zoo.dims[name], name
    # The tower is counted as a plain vision transformer, projector included, within a few per cent.
    assert item.dims["vision"]["parameters"] == pytest.approx(zoo.dims["vision"]["parameters"], rel=0.1)
    spec = precision("bf16")
    assert item.code.kv_cache(item.dims, spec, 8192) == zoo.code.kv_cache(zoo.dims, spec, 8192)


@pytest.mark.parametrize(
    ("quantised", "stored"),
    [
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, "w4a16-g128"),
        ({"quant_method": "gptq", "bits": 4, "group_size": 32}, "w4a16-g32"),
        ({"quant_method": "gptq", "bits": 8}, "w8a16"),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_use_double_quant": True}, "nf4-dq"),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "w8a16"),
        ({"quant_method": "fp8"}, "fp8"),
        ({"quant_method": "fbgemm_fp8", "modules_to_not_convert": ["lm_head"]}, "fp8"),
        ({"quant_method": "fbgemm_fp8", "modules_to_not_convert": ["model.layers.7.self_attn.o_proj"]},
         "fbgemm-fp8"),
        ({"quant_method": "mxfp4"}, "mxfp4"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "fp4"),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {
            "weights": {"num_bits": 8, "type": "int"}, "input_activations": {"num_bits": 8}}}}, "int8"),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {
            "weights": {"num_bits": 8, "type": "float"}}}}, "fp8"),
        ({"quant_method": "something-new"}, "bf16"),
        ({"bits": 4, "group_size": 128}, "w4a16-g128"),
        ({"quant_method": "eetq"}, "w8a16"),
        ({"quant_method": "quanto", "weights": "int8"}, "w8a16"),
        ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 4, "group_size": 64}}},
         "w4a16-g64"),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {
            "weights": {"num_bits": 4, "type": "int", "group_size": 32}}}}, "w4a16"),
        ({"quant_method": "torchao", "quant_type": {"default": {"_type": "Int8WeightOnlyConfig"}}}, "w8a16"),
        ({"quant_method": "torchao", "quant_type": "int4_weight_only"}, "w4a16-g128"),
    ],
)  # fmt: skip
def test_how_weights_are_stored_is_the_default_precision(write, quantised, stored):
    item = load(write(LLAMA, quantization_config=quantised))
    assert item.complete(Job(item.id)).precision == stored
    assert item.complete(Job(item.id, phase="train")).precision == "amp-bf16"
    assert bool(item.dims.get("notes")) == (quantised.get("quant_method") == "something-new")


def test_the_decoder_of_an_encoder_decoder_alone_is_refused(write):
    raw = {"model_type": "whisper", "d_model": 384, "encoder_attention_heads": 6, "encoder_layers": 4,
           "decoder_layers": 4, "num_mel_bins": 80, "vocab_size": 51865}  # fmt: skip
    assert load(write(raw, architectures=["WhisperForConditionalGeneration"])).family == "whisper"
    with pytest.raises(UsageError, match="WhisperForCausalLM is the decoder of a whisper alone"):
        load(write(raw, architectures=["WhisperForCausalLM"]))


def test_parts_of_a_file_that_nothing_reads_are_named_by_every_command(write, whichgpu):
    heard = {"audio_config": {"model_type": "some_ear", "hidden_size": 512}, "vision_config": {}}
    path = write({"model_type": "gemma3", "text_config": GEMMA3["text_config"], **heard})
    said = "not counted, neither weights nor work: audio_config (some_ear)"
    assert [said in one for one in load(path).dims["notes"]] == [True]
    for command in (("workload",), ("predict", "--gpu", "b200")):
        assert said in " ".join(whichgpu(command[0], path, *command[1:]).out.split())
    assert "notes" not in load(write(GEMMA3)).dims


def test_a_tower_of_a_size_below_one_is_refused(write):
    with pytest.raises(UsageError, match="vision_config: hidden_size is -3, where a number from 1"):
        load(write(GEMMA3, vision_config={**GEMMA3["vision_config"], "hidden_size": -3}))


def test_llama_4_has_chunks_and_experts_on_every_second_layer(write):
    item, zoo = load(write(LLAMA4)), resolve("llama-4-maverick")
    for name in ("layers", "pattern", "window", "experts", "expert_ffn", "feeds", "ffn", "shared_experts"):
        assert item.dims[name] == zoo.dims[name], name


def test_a_stated_head_size_is_not_hidden_over_heads(write):
    item = load(write(LLAMA, head_dim=256, hidden_size=4000, num_attention_heads=32))
    assert item.dims["head_dim"] == 256


def test_a_file_is_not_a_name_with_a_tag(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resnet50.json").write_text(json.dumps(LLAMA))
    assert resolve(importing.named("resnet50.json")).family == "decoder"
    assert resolve("resnet50.a1_in1k").family == "resnet"


def test_a_config_by_class_name_alone(write):
    assert load(write(LLAMA, model_type=None)).dims["layers"] == 32


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hidden_size": None}, "hidden_size is missing; a llama model needs it"),
        ({"num_hidden_layers": -32}, "num_hidden_layers is -32, where a number from 1"),
        ({"num_hidden_layers": 0}, "num_hidden_layers is 0"),
        ({"num_hidden_layers": "32"}, "num_hidden_layers is '32', not a whole number"),
        ({"num_hidden_layers": True}, "not a whole number"),
        ({"num_hidden_layers": 32.5}, "num_hidden_layers is 32.5"),
        ({"vocab_size": 1e12}, "vocab_size is 1000000000000.0"),
        ({"num_key_value_heads": 5}, "num_attention_heads 32 is not a multiple of num_key_value_heads 5"),
        ({"num_attention_heads": 30, "num_key_value_heads": 30}, "hidden_size 4096 is not a multiple of"),
        ({"n_layer": 24}, "num_hidden_layers 32 and n_layer 24 contradict each other"),
        ({"intermediate_size": None}, "intermediate_size is missing"),
        ({"attention_bias": "yes"}, "attention_bias is 'yes', neither true nor false"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 3}}, "weights of 3 bits"),
        ({"quantization_config": {"quant_method": "torchao", "quant_type": "x"}}, "quant_type is 'x'; known"),
        ({"torch_dtype": "float1024"}, "torch_dtype 'float1024' is not known"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named_with_its_value(write, whichgpu, changes, said):
    answer = whichgpu("workload", write(LLAMA, **changes))
    assert answer.status == 2
    assert answer.err.count("\n") == 1
    assert said in answer.err


@pytest.mark.parametrize(
    ("raw", "changes", "said"),
    [
        (MIXTRAL, {"num_experts_per_tok": 9}, "num_experts_per_tok 9 is more than the 8 experts"),
        (
            MIXTRAL,
            {"num_local_experts": None},
            "num_local_experts or num_experts or n_routed_experts is missing",
        ),
        (
            GPT_OSS,
            {"layer_types": ["full_attention"] * 3},
            "layer_types names 3 layers, num_hidden_layers is 24",
        ),
        (GPT_OSS, {"layer_types": ["strange"] * 24}, "layer_types: 'strange' is none of"),
        (DEEPSEEK, {"kv_lora_rank": None}, "kv_lora_rank is missing"),
        (BERT, {"num_attention_heads": 15}, "hidden_size 1024 is not a multiple of num_attention_heads 15"),
    ],
)
def test_contradictions_of_other_architectures(write, raw, changes, said):
    with pytest.raises(UsageError, match=said):
        load(write(raw, **changes))


#: Files of whole models, and the field at fault.
GAPS = (
    (
        {
            "model_type": "vit",
            "hidden_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": 64,
            "patch_size": 16,
        },
        "intermediate_size is missing",
    ),
    (
        {
            "model_type": "umt5",
            "d_model": 64,
            "d_ff": 128,
            "num_layers": 2,
            "num_heads": 4,
            "vocab_size": 100,
        },
        "d_kv is missing",
    ),
    (
        {**LLAMA, "model_type": "lfm2", "block_ffn_dim_multiplier": [1, 2], "layer_types": ["conv"] * 32},
        "block_ffn_dim_multiplier is",
    ),
    (
        {
            "model_type": "paligemma",
            "text_config": {**LLAMA, "model_type": "gemma"},
            "vision_config": {
                "model_type": "siglip_vision_model",
                "hidden_size": 64,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "intermediate_size": 128,
                "image_size": 3,
                "patch_size": 14,
            },
        },
        "image_size is smaller than patch_size 14",
    ),
)


@pytest.mark.parametrize(("raw", "said"), GAPS, ids=[raw["model_type"] for raw, _ in GAPS])
def test_what_a_file_leaves_out_is_named(write, raw, said):
    with pytest.raises(UsageError, match=said):
        load(write(raw))


def test_of_two_that_resemble_a_file_the_one_that_can_read_it_is_named(write):
    """Experts and heads of a stated size: Mixtral would miss a field, Qwen's mixture has them all."""
    strange = {**LLAMA, "model_type": "strange", "architectures": ["StrangeForCausalLM"], "head_dim": 128,
               "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 512}  # fmt: skip
    with pytest.raises(UsageError) as refused:
        load(write(strange))
    named = str(refused.value).partition('"model_type": "')[2].partition('"')[0]
    assert load(write({**strange, "model_type": named, "architectures": []})).dims["experts"] == 8


def test_an_unknown_architecture_says_which_it_resembles_and_what_is_missing(write):
    strange = {**LLAMA, "model_type": "lllama5", "architectures": ["Lllama5ForCausalLM"], "warp_size": 7}
    with pytest.raises(UsageError) as refused:
        load(write(strange, intermediate_size=None))
    said = str(refused.value)
    assert "Lllama5ForCausalLM (lllama5) is not known; it resembles llama most" in said
    assert "lacks intermediate_size" in said
    assert "not understood: warp_size" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"{", "not valid JSON"),
        (b"[1]", "a list where an object"),
        (b'{"model_type": "llama", "hidden_size": NaN}', "NaN is not a finite number"),
        (b'{"hidden_size": 1e999}', "1e999 is not a finite number"),
        (b'{"a": ' * 100_000, "nested too deeply"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"{}", "is it the config.json of a model"),
        (b'{"_class_name": "UNet2DConditionModel"}', "diffusion pipeline"),
    ],
)  # fmt: skip
def test_what_is_no_config(tmp_path, whichgpu, content, said):
    (tmp_path / "config.json").write_bytes(content)
    answer = whichgpu("workload", str(tmp_path / "config.json"))
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err
    assert len(answer.err) < 600


def test_a_config_of_200_mb_is_refused_unread(tmp_path, whichgpu):
    path = tmp_path / "config.json"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    answer = whichgpu("workload", str(path))
    assert answer.status == 2
    assert "200 MB is above the 20 MB" in answer.err


def test_a_folder_and_a_missing_file(write, tmp_path, whichgpu):
    write(LLAMA)
    assert whichgpu("workload", str(tmp_path), "--json").json["parameters"] == 8030261248
    answer = whichgpu("workload", str(tmp_path / "nowhere.json"))
    assert answer.status == 2
    assert "No such file" in answer.err


def test_every_command_takes_a_config(write, whichgpu):
    path = write(LLAMA)
    assert whichgpu("predict", path, "--gpu", "h100-80gb-sxm", "--json").json["value"]["mid"] > 0
    answer = whichgpu("recommend", path, "--target", "1000 tokens/s", "--gpus", "h100-80gb-sxm", "--json")
    assert answer.json["candidates"] or answer.json["rejected"]


def test_a_saved_model_is_the_same(write, tmp_path, whichgpu):
    saved = tmp_path / "my.toml"
    first = whichgpu("workload", "--from", write(GPT_OSS), "--save", str(saved), "--json")
    again = whichgpu("workload", str(saved), "--json")
    for name in ("parameters", "flops", "modules", "bytes"):
        assert first.json[name] == again.json[name], name
    assert load(str(saved)).complete(Job(str(saved))).precision == "mxfp4"


def test_a_name_of_the_zoo_comes_before_a_file_of_that_name(write, tmp_path, monkeypatch):
    write(LLAMA)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resnet50").mkdir()
    (tmp_path / "resnet50" / "config.json").write_text(json.dumps(LLAMA))
    assert importing.named("resnet50") == "resnet50"
    assert resolve(importing.named("resnet50")).family == "resnet"
    assert load("resnet50").id == "./resnet50"


@pytest.fixture
def hub(monkeypatch):
    """A server that answers as the Hub does; `answers` maps a path to (status, headers, body)."""
    answers = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, headers, body = answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for part in body if isinstance(body, list) else [body]:
                    self.wfile.write(part)
            except OSError:
                pass

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield answers
    server.shutdown()
    server.server_close()


PATH = "/org/model/resolve/main/config.json"


def test_the_hub_is_asked_only_where_it_is_named(hub, whichgpu):
    hub[PATH] = (200, {}, json.dumps(LLAMA).encode())
    assert whichgpu("workload", "--from", "hf:org/model", "--json").json["parameters"] == 8030261248
    with pytest.raises(UsageError, match="used only where it is asked"):
        load("hf:org/model")
    with pytest.raises(UsageError, match="the Hub is asked only by name"):
        importing.named("hf:org/model")


def test_the_hub_may_redirect_within_limits(hub):
    hub["/moved"] = (200, {}, json.dumps(LLAMA).encode())
    hub[PATH] = (302, {"Location": "/moved"}, b"")
    given = Given(network=True)
    assert load("hf:org/model", given).dims["layers"] == 32
    hub["/moved"] = (302, {"Location": PATH}, b"")
    with pytest.raises(UsageError, match="redirect"):
        load("hf:org/model", given)
    hub[PATH] = (302, {"Location": "http://example.com/config.json"}, b"")
    with pytest.raises(UsageError, match="not an https address"):
        load("hf:org/model", given)
    hub[PATH] = (302, {"Location": "file:///etc/passwd"}, b"")
    with pytest.raises(UsageError, match="is not allowed"):
        load("hf:org/model", given)


def test_the_hub_may_refuse_or_flood(hub, monkeypatch):
    given = Given(network=True)
    with pytest.raises(UsageError, match="answers 404: no such model"):
        load("hf:org/model", given)
    hub[PATH] = (401, {}, b"")
    with pytest.raises(UsageError, match="licence or a login"):
        load("hf:org/model", given)
    monkeypatch.setattr(_fetch, "LIMIT", 1_000_000)
    hub[PATH] = (200, {}, [b" " * 100_000] * 30)
    with pytest.raises(UsageError, match="more than 1 MB"):
        load("hf:org/model", given)
    with pytest.raises(UsageError, match="not a model of the Hub"):
        load("hf:not a name", given)


def test_no_server_is_said(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UsageError, match="not reachable"):
        load("hf:org/model", Given(network=True))
    monkeypatch.setenv("HF_ENDPOINT", "http://example.com")
    with pytest.raises(UsageError, match="not an https address"):
        load("hf:org/model", Given(network=True))
