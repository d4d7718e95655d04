"""The families' own FLOPs and parameters against torch's counter, module by module, on the meta device.

Modules are built from a configuration by transformers, or from torch.nn here; no weights, no network. What
is compared is the code of `workloads/families/`, through a config.json or the zoo.
"""

from __future__ import annotations

import json
import warnings

import pytest

from whichgpu.workloads import workload as zoo
from whichgpu.workloads.blocks import transformer_layer
from whichgpu.workloads.importers.hf import workload_of
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import product_flops
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Recorder

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")
transformers = pytest.importorskip("transformers", reason="needs transformers, for its module classes")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
TOKENS = 64
WITHIN = 0.01


def grouped(a, b, *_, **__):
    """FLOPs of a grouped product (rows, k) x (groups, k, n), which torch's counter leaves out."""
    return 2 * a[0] * a[1] * b[-1]


def counted(module, **inputs):
    """FLOPs of a forward pass by torch's own counter."""
    from torch.utils.flop_counter import FlopCounterMode

    mapping = {torch.ops.aten._grouped_mm: grouped} if hasattr(torch.ops.aten, "_grouped_mm") else {}
    with FlopCounterMode(display=False, custom_mapping=mapping) as counter, torch.no_grad():
        module(**inputs)
    return counter.get_total_flops()


def size(module):
    return sum(one.numel() for one in module.parameters())


def built(config, kind="AutoModelForCausalLM"):
    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")
        made = getattr(transformers, kind).from_config(
            config, attn_implementation="eager", dtype=torch.bfloat16
        )
    return made.eval()


def tokens(count=TOKENS, batch=1):
    return torch.zeros(batch, count, dtype=torch.int64, device="meta")


def pixels(side, dtype=None):
    return torch.zeros(1, 3, side, side, dtype=dtype or torch.bfloat16, device="meta")


def ours(item, **columns):
    """Products of one forward pass of a workload."""
    item = zoo.resolve(item) if isinstance(item, str) else zoo.register(item)
    phase = item.reference_job().phase
    job = item.complete(Job(item.id, **{"phase": phase, "precision": "fp16", "batch": 1, **columns}))
    return float(product_flops(item._forward(job, training=False)))


def agree(found, expected):
    assert found == pytest.approx(expected, rel=WITHIN)


SMALL = {"hidden_size": 512, "num_hidden_layers": 6, "num_attention_heads": 8, "num_key_value_heads": 2,
         "intermediate_size": 1536, "vocab_size": 5000}  # fmt: skip
MHA = {**SMALL, "num_key_value_heads": 8}
GPT = {"n_embd": 512, "n_layer": 6, "n_head": 8, "vocab_size": 5000}
PLAIN = {
    name: SMALL[name] for name in ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
}
LATENT = {**MHA, "moe_intermediate_size": 256, "n_routed_experts": 8, "num_experts_per_tok": 2,
          "n_shared_experts": 1, "q_lora_rank": 128, "kv_lora_rank": 64, "qk_nope_head_dim": 32,
          "qk_rope_head_dim": 16, "v_head_dim": 48, "first_k_dense_replace": 1}  # fmt: skip
EXPERTS = {**SMALL, "moe_intermediate_size": 256, "num_experts": 8, "num_experts_per_tok": 2}
LANGUAGE = {
    "llama": ("LlamaConfig", SMALL),
    "llama-head": ("LlamaConfig", {**SMALL, "head_dim": 128, "attention_bias": True, "mlp_bias": True}),
    "llama-2-7b": ("LlamaConfig", {"hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
                                   "intermediate_size": 11008, "vocab_size": 32000}),
    "llama-3-70b": ("LlamaConfig", {"hidden_size": 8192, "num_hidden_layers": 80, "num_attention_heads": 64,
                                    "num_key_value_heads": 8, "intermediate_size": 28672,
                                    "vocab_size": 128256}),
    "mistral": ("MistralConfig", SMALL),
    "mixtral": ("MixtralConfig", {**SMALL, "num_local_experts": 4}),
    "qwen2": ("Qwen2Config", SMALL),
    "qwen2-moe": ("Qwen2MoeConfig", {**EXPERTS, "shared_expert_intermediate_size": 512}),
    "qwen3": ("Qwen3Config", SMALL),
    "qwen3-moe": ("Qwen3MoeConfig", EXPERTS),
    "gemma": ("GemmaConfig", SMALL),
    "gemma2": ("Gemma2Config", SMALL),
    "gemma3": ("Gemma3TextConfig", SMALL),
    "phi": ("PhiConfig", MHA),
    "phi3": ("Phi3Config", {**SMALL, "pad_token_id": 0}),
    "phimoe": ("PhimoeConfig", SMALL),
    "glm4-moe-lite": ("Glm4MoeLiteConfig", LATENT),
    "olmo3": ("Olmo3Config", SMALL),
    "olmoe": ("OlmoeConfig", {**SMALL, "num_experts": 8, "num_experts_per_tok": 2}),
    "cohere": ("CohereConfig", SMALL),
    "cohere2": ("Cohere2Config", SMALL),
    "exaone4": ("Exaone4Config", SMALL),
    "ernie4-5": ("Ernie4_5Config", {**SMALL, "head_dim": 64}),
    "granite": ("GraniteConfig", SMALL),
    "seed-oss": ("SeedOssConfig", {**SMALL, "attention_out_bias": False}),
    "codegen": ("CodeGenConfig", {**GPT, "rotary_dim": 32}),
    "gpt2": ("GPT2Config", GPT),
    "gpt2-xl": ("GPT2Config", {"n_embd": 1600, "n_layer": 48, "n_head": 25}),
    "gptj": ("GPTJConfig", {**GPT, "rotary_dim": 16}),
    "gpt-neox": ("GPTNeoXConfig", {**PLAIN, "intermediate_size": 2048}),
    "gpt-bigcode": ("GPTBigCodeConfig", GPT),
    "opt": ("OPTConfig", {**PLAIN, "ffn_dim": 2048, "word_embed_proj_dim": 512}),
    "bloom": ("BloomConfig", {"hidden_size": 512, "n_layer": 6, "n_head": 8, "vocab_size": 5000}),
    "falcon": ("FalconConfig", PLAIN),
    "falcon-new": ("FalconConfig", {**PLAIN, "new_decoder_architecture": True, "num_kv_heads": 2}),
    "mpt": ("MptConfig", {"d_model": 512, "n_layers": 6, "n_heads": 8, "vocab_size": 5000}),
    "stablelm": ("StableLmConfig", SMALL),
    "olmo": ("OlmoConfig", SMALL),
    "olmo2": ("Olmo2Config", SMALL),
    "starcoder2": ("Starcoder2Config", SMALL),
    "deepseek-v2": ("DeepseekV2Config", LATENT),
    "deepseek-v3": ("DeepseekV3Config", {**LATENT, "n_group": 2, "topk_group": 1}),
    "gpt-oss": ("GptOssConfig", {**SMALL, "num_local_experts": 4}),
    "glm4": ("Glm4Config", {**SMALL, "pad_token_id": 0}),
    "glm4-moe": ("Glm4MoeConfig", {**SMALL, "moe_intermediate_size": 256, "n_routed_experts": 8,
                                   "num_experts_per_tok": 2, "first_k_dense_replace": 1}),
    "nemotron": ("NemotronConfig", SMALL),
}  # fmt: skip
#: A router's correction is a weight here and a buffer there: one value an expert and layer.
ROUTERS = {"deepseek-v3": 5 * 8, "glm4-moe": 5 * 128, "glm4-moe-lite": 5 * 8}


@pytest.mark.parametrize("name", LANGUAGE)
def test_a_language_model(name):
    kind, sizes = LANGUAGE[name]
    config = getattr(transformers, kind)(**sizes)
    module = built(config)
    inputs = {"input_ids": tokens(), "attention_mask": torch.ones_like(tokens()), "use_cache": False}
    item = workload_of(json.loads(config.to_json_string()), f"torch/{name}", name)
    extra = ROUTERS.get(name, 0) and sum(
        one.numel() for label, one in module.named_buffers() if "correction" in label
    )
    assert sum(item.parameters().values()) == size(module) + extra
    agree(ours(item, seq_len=TOKENS), counted(module, **inputs))


ENCODERS = {
    "bert-base": ("BertConfig", {}),
    "bert-large": (
        "BertConfig",
        {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
    ),
    "roberta-base": (
        "RobertaConfig",
        {"vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1},
    ),
    "distilbert-base-uncased": ("DistilBertConfig", {}),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder(name):
    kind, sizes = ENCODERS[name]
    module = built(getattr(transformers, kind)(**sizes), "AutoModel")
    inputs = {"input_ids": tokens(128)}
    assert sum(zoo.resolve(name).parameters().values()) == size(module)
    agree(ours(name, seq_len=128), counted(module, **inputs))


RESNET = {
    "layer_type": "bottleneck",
    "hidden_sizes": [256, 512, 1024, 2048],
    "downsample_in_first_stage": False,
}
BASIC = {"layer_type": "basic", "hidden_sizes": [64, 128, 256, 512], "downsample_in_first_stage": False}


def vit(width, layers, heads, patch=16):
    return {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads,
            "intermediate_size": 4 * width, "patch_size": patch, "num_labels": 1000}  # fmt: skip


def swin(width, depths, heads):
    return {"embed_dim": width, "depths": depths, "num_heads": heads, "window_size": 7, "num_labels": 1000}


def convnext(sizes, depths):
    return {"hidden_sizes": sizes, "depths": depths, "num_labels": 1000}


def regnet(kind, sizes, depths, group):
    return {
        "layer_type": kind,
        "hidden_sizes": sizes,
        "depths": depths,
        "groups_width": group,
        "num_labels": 1000,
    }


IMAGES = {
    "resnet18": ("ResNetConfig", {**BASIC, "depths": [2, 2, 2, 2], "num_labels": 1000}),
    "resnet34": ("ResNetConfig", {**BASIC, "depths": [3, 4, 6, 3], "num_labels": 1000}),
    "resnet50": ("ResNetConfig", {**RESNET, "depths": [3, 4, 6, 3], "num_labels": 1000}),
    "resnet101": ("ResNetConfig", {**RESNET, "depths": [3, 4, 23, 3], "num_labels": 1000}),
    "resnet152": ("ResNetConfig", {**RESNET, "depths": [3, 8, 36, 3], "num_labels": 1000}),
    "vit-tiny-patch16-224": ("ViTConfig", vit(192, 12, 3)),
    "vit-base-patch16-224": ("ViTConfig", vit(768, 12, 12)),
    "vit-base-patch32-224": ("ViTConfig", vit(768, 12, 12, 32)),
    "vit-large-patch16-224": ("ViTConfig", vit(1024, 24, 16)),
    "swin-tiny": ("SwinConfig", swin(96, [2, 2, 6, 2], [3, 6, 12, 24])),
    "swin-small": ("SwinConfig", swin(96, [2, 2, 18, 2], [3, 6, 12, 24])),
    "swin-base": ("SwinConfig", swin(128, [2, 2, 18, 2], [4, 8, 16, 32])),
    "convnext-tiny": ("ConvNextConfig", convnext([96, 192, 384, 768], [3, 3, 9, 3])),
    "convnext-base": ("ConvNextConfig", convnext([128, 256, 512, 1024], [3, 3, 27, 3])),
    "convnext-v2-tiny": ("ConvNextV2Config", convnext([96, 192, 384, 768], [3, 3, 9, 3])),
    "regnety-032": ("RegNetConfig", regnet("y", [72, 216, 576, 1512], [2, 5, 13, 1], 24)),
    "regnety-160": ("RegNetConfig", regnet("y", [224, 448, 1232, 3024], [2, 4, 11, 1], 112)),
    "regnetx-032": ("RegNetConfig", regnet("x", [96, 192, 432, 1008], [2, 6, 15, 2], 48)),
}  # fmt: skip


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_model(name):
    kind, sizes = IMAGES[name]
    config = getattr(transformers, kind)(**sizes)
    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")
        module = transformers.AutoModelForImageClassification.from_config(config, dtype=torch.bfloat16).eval()
    item = zoo.resolve(name)
    assert sum(item.parameters().values()) == pytest.approx(size(module), rel=WITHIN)
    agree(ours(name, height=224, width=224), counted(module, pixel_values=pixels(224)))


def test_clip():
    text = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
    image = {
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "intermediate_size": 4096,
        "patch_size": 14,
        "image_size": 224,
    }
    config = transformers.CLIPConfig(text_config=text, vision_config=image, projection_dim=768)
    module = built(config, "AutoModel")
    inputs = {
        "input_ids": tokens(77),
        "attention_mask": torch.ones_like(tokens(77)),
        "pixel_values": pixels(224),
    }
    item = zoo.resolve("clip-vit-large-patch14")
    assert sum(item.parameters().values()) == pytest.approx(size(module), rel=WITHIN)
    agree(ours(item.id), counted(module, **inputs))


@pytest.mark.parametrize("name", ["whisper-tiny", "whisper-large-v3"])
def test_whisper(name):
    item = zoo.resolve(name)
    d = item.dims
    config = transformers.WhisperConfig(
        d_model=d["hidden"], encoder_layers=d["encoder"], decoder_layers=d["decoder"], vocab_size=d["vocab"],
        encoder_attention_heads=d["heads"], decoder_attention_heads=d["heads"], num_mel_bins=d["mels"],
        encoder_ffn_dim=4 * d["hidden"], decoder_ffn_dim=4 * d["hidden"],
    )  # fmt: skip
    module = built(config, "AutoModelForSpeechSeq2Seq")
    frames = torch.zeros(1, d["mels"], 3000, dtype=torch.bfloat16, device="meta")
    written = tokens(100)
    assert sum(item.parameters().values()) == pytest.approx(size(module), rel=WITHIN)
    expected = counted(module, input_features=frames, decoder_input_ids=written,
                       decoder_attention_mask=torch.ones_like(written), use_cache=False)  # fmt: skip
    agree(ours(name, output_tokens=100), expected)


@pytest.mark.parametrize("name", ["t5-small", "t5-base", "t5-large", "flan-t5-base"])
def test_t5(name):
    item = zoo.resolve(name)
    d = item.dims
    config = transformers.T5Config(
        d_model=d["hidden"], d_kv=d["head_dim"], d_ff=d["ffn"], num_layers=d["layers"], num_heads=d["heads"],
        vocab_size=d["vocab"], feed_forward_proj="gated-gelu" if d.get("gated") else "relu",
    )  # fmt: skip
    config.tie_word_embeddings = d.get("tied", True)
    module = built(config, "AutoModelForSeq2SeqLM")
    inputs = {"input_ids": tokens(512), "decoder_input_ids": tokens(114), "use_cache": False}
    # Untied, transformers keeps three tables of words; the checkpoints have one and the head.
    assert not d.get("tied", True) or sum(item.parameters().values()) == pytest.approx(
        size(module), rel=WITHIN
    )
    agree(ours(name, seq_len=512), counted(module, **inputs))


@pytest.mark.parametrize(("width", "heads", "ffn"), [(256, 8, 1024), (768, 12, 3072)])
def test_the_layer_of_torch_itself(width, heads, ffn):
    with torch.device("meta"):
        layer = torch.nn.TransformerEncoderLayer(width, heads, ffn, activation="gelu", batch_first=True)
        x = torch.zeros(2, 64, width)
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        layer(x)
    recorder = Recorder(precision("fp16"))
    transformer_layer(recorder, 2.0, 64.0, width, heads=heads, ffn=ffn)
    agree(float(product_flops(recorder.ops())), counter.get_total_flops())
    assert sum(op.parameters for op in recorder.ops()) == size(layer)


def conv(inputs, outputs):
    return torch.nn.Sequential(torch.nn.Conv2d(inputs, outputs, 3, padding=1), torch.nn.ReLU())


def vgg(widths):
    """Simonyan and Zisserman, table 1."""
    nn = torch.nn
    layers, inputs = [], 3
    for width in widths:
        if width == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers.append(conv(inputs, width))
            inputs = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512 * 49, 4096), nn.ReLU(), nn.Linear(4096, 4096),
                         nn.ReLU(), nn.Linear(4096, 1000))  # fmt: skip


VGG16 = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]
VGG11 = [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]


@pytest.mark.parametrize(("name", "widths"), [("vgg16", VGG16), ("vgg11", VGG11)])
def test_vgg_from_torch_layers(name, widths):
    with torch.device("meta"):
        module = vgg(widths)
    assert sum(zoo.resolve(name).parameters().values()) == size(module)
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        module(pixels(224, torch.float32))
    agree(ours(name), counter.get_total_flops())


def test_enough_modules():
    assert len(LANGUAGE) + len(ENCODERS) + len(IMAGES) + 1 + 2 + 4 + 2 + 2 >= 40
