"""What a config.json says of models that are no decoders: encoders of text, sound and pictures, and pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config, Dims


def _t5(config: Config, dims: Dims) -> None:
    dims.setdefault("decoder_layers", dims["layers"])
    activation = str(config.raw.get("feed_forward_proj", "relu"))
    dims["gated"] = activation.startswith("gated")
    dims["tied"] = config.flag("tie_word_embeddings")


def _sparse(config: Config, dims: Dims) -> None:
    """Experts on some layers of each half: how many, or every which (Switch Transformers, NLLB-MoE)."""
    dims["experts"] = config.first(("num_experts",))
    halves = {"encoder": dims["layers"], "decoder": dims.get("decoder_layers", dims["layers"])}
    for half, layers in halves.items():
        step = config.optional(f"{half}_sparse_step", least=0)
        stated = config.optional(f"num_sparse_{half}_layers", least=0)
        if stated is not None:
            # As its authors place them: every layers / sparse, none beyond.
            step = max(layers // stated, 1) if stated else 0
        dims["sparse" if half == "encoder" else "decoder_sparse"] = layers // step if step else 0
    if dims.get("bias") == "all":
        dims["experts_per_token"], dims["expert_bias"] = 2, True


def _long_input(config: Config, dims: Dims) -> None:
    """BART with an input whose tokens see a window each (LED)."""
    windows = config.value("attention_window")
    dims["encoder_window"] = max(config.sizes("attention_window")) if isinstance(windows, list) else (
        config.first(("attention_window",)))  # fmt: skip
    dims["positions"] = config.first(("max_encoder_position_embeddings",))
    dims["decoder_positions"] = config.first(("max_decoder_position_embeddings",))


def _two_gemmas(config: Config, dims: Dims) -> None:
    """An encoder and a decoder of Gemma's layers (T5Gemma), both of the same sizes."""
    halves = [config.part(name) for name in ("encoder", "decoder")]
    fields = {"hidden": "hidden_size", "layers": "num_hidden_layers", "heads": "num_attention_heads",
              "kv_heads": "num_key_value_heads", "head_dim": "head_dim", "ffn": "intermediate_size",
              "vocab": "vocab_size"}  # fmt: skip
    sizes = [{key: half.first((field,)) for key, field in fields.items()} for half in halves]
    layers = sizes[1].pop("layers")
    if any(sizes[0][key] != value for key, value in sizes[1].items()):
        config.refuse("encoder and decoder differ in more than their layers, which is not imported")
    dims.update(sizes[0], decoder_layers=layers)
    if halves[0].optional("sliding_window"):
        dims["window"] = halves[0].first(("sliding_window",))
    dims["tied"] = config.value("tie_word_embeddings") is not False


def _whisper(config: Config, dims: Dims) -> None:
    """Both halves have the same heads and four times the width, as every released model."""
    for name, expected in (
        ("decoder_attention_heads", dims["heads"]), ("encoder_ffn_dim", 4 * dims["hidden"]),
        ("decoder_ffn_dim", 4 * dims["hidden"]),
    ):  # fmt: skip
        stated = config.optional(name)
        if stated not in (None, expected):
            config.refuse(f"{name} is {stated}, where a Whisper of d_model {dims['hidden']} has {expected}")


def _clip(config: Config, dims: Dims) -> None:
    """Two towers, each with its own part of the file."""
    for name, part, more in (
        ("image", "vision_config", {"patch": "patch_size", "size": "image_size"}),
        ("text", "text_config", {"vocab": "vocab_size", "positions": "max_position_embeddings"}),
    ):
        inner = config.part(part)
        fields = {"layers": "num_hidden_layers", "hidden": "hidden_size", "heads": "num_attention_heads",
                  "ffn": "intermediate_size", **more}  # fmt: skip
        dims[name] = {key: inner.first((field,)) for key, field in fields.items()}


def _image_classes(config: Config, dims: Dims) -> None:
    """A head with as many classes as there are labels, two by default; none on the bare model."""
    labels, names = config.raw.get("id2label"), config.raw.get("architectures")
    if isinstance(labels, dict) and "Model" not in str(names):
        dims["classes"] = len(labels)
    elif isinstance(names, list) and not any("Classification" in str(name) for name in names):
        # The bare ViT and DeiT end in a dense layer over the first token.
        pooled = config.kind in ("vit", "deit") and any(str(name).endswith("Model") for name in names)
        dims["classes"] = dims["width"] if pooled else 0
    else:
        dims["classes"] = config.optional("num_labels", least=0) or 2


def _marian_halves(config: Config, dims: Dims) -> None:
    """Encoder-decoders in BART's style: both halves of one width, heads that divide it."""
    dims.setdefault("decoder_layers", dims["layers"])
    dims["ffn"] = config.first(("encoder_ffn_dim",))
    for name, expected in (
        ("decoder_attention_heads", dims["heads"]), ("decoder_ffn_dim", dims["ffn"]),
    ):  # fmt: skip
        stated = config.optional(name)
        if stated not in (None, expected):
            config.refuse(
                f"{name} is {stated}, where the encoder has {expected}; halves that differ are not imported"
            )
    if dims["hidden"] % dims["heads"]:
        config.refuse(
            f"d_model {dims['hidden']} is not a multiple of encoder_attention_heads {dims['heads']}"
        )
    dims["head_dim"], dims["tied"] = dims["hidden"] // dims["heads"], config.flag("tie_word_embeddings")
    dims["buckets"] = 0
    if "positions" in dims:
        # BART's tables have two rows in front that are never read.
        dims["positions"] = config.first(("max_position_embeddings",)) + dims["positions"]


def _narrow_words(config: Config, dims: Dims) -> None:
    """Tables narrower than the model (ELECTRA, ALBERT)."""
    words = config.optional("embedding_size")
    if words and words != dims["hidden"]:
        dims["words"] = words
    if "MaskedLM" in str(config.raw.get("architectures")):
        dims["pooler"] = False


def _nomic(config: Config, dims: Dims) -> None:
    """Rotary positions and a gate, in fields of GPT-2's names or in BERT's."""
    dims["positions"] = config.first(("max_position_embeddings", "n_positions"), required=False) or 8192


def _modern(config: Config, dims: Dims) -> None:
    """A window on the layers between those that see all (ModernBERT)."""
    dims["window"] = config.first(("local_attention",), least=0)
    types = config.raw.get("layer_types")
    full = [i for i, one in enumerate(types) if one == "full_attention"] if isinstance(types, list) else []
    dims["every"] = config.optional("global_attn_every_n_layers") or (
        full[1] - full[0] if len(full) > 1 else 3
    )


def _disentangled(config: Config, dims: Dims) -> None:
    """Buckets of relative positions in both directions (DeBERTa v2 and v3)."""
    if not config.flag("relative_attention") or not config.flag("share_att_key"):
        config.refuse("relative_attention and share_att_key must be true, as in every released DeBERTa v2")
    buckets = config.optional("position_buckets", least=-1) or -1
    dims["spans"] = 2 * buckets if buckets > 0 else 2 * config.first(("max_position_embeddings",))
    kernel = config.optional("conv_kernel_size", least=0)
    if kernel:
        dims["kernel"] = kernel


def _stages(config: Config, dims: Dims) -> None:
    """Layers and widths of each stage."""
    dims["layers"] = config.sizes("depths")
    if config.value("hidden_sizes") is not None:
        dims["widths"] = config.sizes("hidden_sizes", len(dims["layers"]))


def _resnet(config: Config, dims: Dims) -> None:
    """The sizes that every published ResNet has."""
    block = str(config.value("layer_type"))
    if block not in ("basic", "bottleneck"):
        config.refuse(f"layer_type is '{block}', neither basic nor bottleneck")
    widths = [64 * (4 if block == "bottleneck" else 1) * 2**i for i in range(4)]
    if config.sizes("hidden_sizes") != widths:
        config.refuse(f"hidden_sizes are {config.sizes('hidden_sizes')}, where a {block} ResNet has {widths}")
    dims["layers"], dims["block"] = config.sizes("depths", 4), block


def _regnet(config: Config, dims: Dims) -> None:
    """X, and Y with its gates of a quarter."""
    _stages(config, dims)
    dims["stem"], dims["group_width"] = config.first(("embedding_size",)), config.first(("groups_width",))
    if str(config.value("layer_type")) == "y":
        dims["squeeze"] = 0.25


def _swin(config: Config, dims: Dims) -> None:
    """Windows, and the version by the type."""
    dims["layers"] = config.sizes("depths")
    dims["heads"] = config.sizes("num_heads", len(dims["layers"]))
    dims["version"] = 2 if config.kind == "swinv2" else 1


def _segformer(config: Config, dims: Dims) -> None:
    """An encoder of four stages; the head that scores positions where the class has it."""
    _stages(config, dims)
    stages = len(dims["layers"])
    dims["heads"] = config.sizes("num_attention_heads", stages)
    dims["reductions"], dims["ffn"] = config.sizes("sr_ratios", stages), config.sizes("mlp_ratios", stages)
    names = str(config.raw.get("architectures"))
    if "Segmentation" in names:
        dims["decoder"] = config.first(("decoder_hidden_size",))


def _dino(config: Config, dims: Dims) -> None:
    """Scales of each channel; SwiGLU in the largest, of two thirds of the width in eights."""
    ratio = config.value("mlp_ratio")
    if not isinstance(ratio, int | float) or isinstance(ratio, bool) or not 0 < ratio < 100:
        config.refuse(f"mlp_ratio is {ratio!r}, where a number such as 4 is expected")
    times = int(ratio * dims["width"])
    if config.flag("use_swiglu_ffn"):
        dims["gated"], times = True, (int(times * 2 / 3) + 7) // 8 * 8
    dims["ffn"] = times
    registers = config.optional("num_register_tokens", least=0)
    if registers:
        dims["registers"], dims["bare_token"] = registers, True


def _beit(config: Config, dims: Dims) -> None:
    """Relative positions from a table, none that are learned."""
    dims["positions"] = config.flag("use_absolute_position_embeddings")
    if config.flag("use_relative_position_bias") or config.flag("use_shared_relative_position_bias"):
        dims["relative"] = "shared" if config.flag("use_shared_relative_position_bias") else "table"


def _waves(config: Config, dims: Dims) -> None:
    """The convolutions over the samples, and how they are normalised (wav2vec 2.0, HuBERT)."""
    widths = config.sizes("conv_dim")
    if len(set(widths)) > 1:
        config.refuse(f"conv_dim is {widths}; convolutions of one width are imported")
    kernels, strides = config.sizes("conv_kernel", len(widths)), config.sizes("conv_stride", len(widths))
    dims["channels"], dims["convs"] = widths[0], [list(pair) for pair in zip(kernels, strides, strict=True)]
    dims["norms"], dims["seconds"] = str(config.value("feat_extract_norm")), 10.0


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "image_classes": _image_classes, "t5": _t5, "whisper": _whisper, "clip": _clip, "marian": _marian_halves,
    "narrow_words": _narrow_words, "nomic": _nomic, "modern": _modern, "disentangled": _disentangled,
    "stages": _stages, "resnet": _resnet, "regnet": _regnet, "swin": _swin, "segformer": _segformer,
    "dino": _dino, "beit": _beit, "waves": _waves, "sparse": _sparse, "two_gemmas": _two_gemmas,
    "long_input": _long_input,
}  # fmt: skip
