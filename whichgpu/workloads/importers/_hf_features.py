"""What a config.json says of an architecture beyond its plain sizes; each reader adds dimensions.

`data/hf.toml` names the readers of an architecture. A reader gets the `Config` and the dimensions so far.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config

    Dims = dict[str, Any]

_LETTERS = {
    "full_attention": "*",
    "attention": "*",
    "sliding_attention": "W",
    "chunked_attention": "W",
    "local_attention": "W",
    "global_attention": "*",
    "linear_attention": "L",
    "mamba": "M",
    "moe": "E",
    "mlp": "-",
}


def _biases(config: Config, dims: Dims) -> None:
    parts = (config.flag("attention_bias"), config.flag("mlp_bias"))
    kind = {(True, True): "all", (True, False): "qkvo", (False, True): "ffn", (False, False): "none"}[parts]
    if kind == "qkvo" and config.kind.startswith("glm"):
        kind = "qkv"
    if kind != "none":
        dims["bias"] = kind


def _windows(config: Config, dims: Dims) -> None:
    """A sliding window, on the layers that `layer_types`, the pattern or the architecture says."""
    window = config.optional("sliding_window", least=0)
    used = config.raw.get("use_sliding_window")
    if not window or used is False or (used is None and config.kind.startswith("qwen")):
        dims.pop("pattern", None)
        return
    dims["window"] = window
    types = config.raw.get("layer_types")
    every = config.optional("sliding_window_pattern") or config.optional("_sliding_window_pattern")
    if types is not None:
        dims["pattern"] = _typed(config, types, dims["layers"])
    elif config.kind.startswith("qwen"):
        full = config.optional("max_window_layers", least=0) or 0
        dims["pattern"] = "*" * min(full, dims["layers"]) + "W" * max(0, dims["layers"] - full)
    elif every:
        dims["pattern"] = "W" * (every - 1) + "*"
    if "W" not in dims.get("pattern", "W"):
        dims.pop("window")
        dims.pop("pattern")
    elif "pattern" not in dims:
        dims["pattern"] = "W"


def _typed(config: Config, types: Any, layers: int) -> str:
    """`layer_types` as letters, the shortest pattern that repeats to all of them."""
    if not isinstance(types, list) or len(types) != layers:
        got = len(types) if isinstance(types, list) else types
        config.refuse(f"layer_types names {got} layers, num_hidden_layers is {layers}; one of them is wrong")
    unknown = sorted({str(one) for one in types} - set(_LETTERS))
    if unknown:
        config.refuse(f"layer_types: '{unknown[0]}' is none of {', '.join(_LETTERS)}")
    letters = "".join(_LETTERS[one] for one in types)
    for size in range(1, layers + 1):
        if (letters[:size] * (layers // size + 1))[:layers] == letters:
            return letters[:size]
    return letters


def _experts(config: Config, dims: Dims) -> None:
    """A mixture of experts, where the config counts any."""
    names = ("num_local_experts", "num_experts", "n_routed_experts")
    count = config.first(names, required=False)
    if count is None:
        if config.kind in ("mixtral", "gpt_oss", "qwen3_moe", "qwen2_moe", "deepseek_v3"):
            config.refuse(f"{' or '.join(names)} is missing; a {config.kind} model has experts")
        return
    chosen = config.first(("num_experts_per_tok", "experts_per_token", "num_experts_per_token"))
    if chosen > count:
        config.refuse(f"num_experts_per_tok {chosen} is more than the {count} experts that there are")
    dims["experts"], dims["experts_per_token"] = count, chosen
    dims["expert_ffn"] = config.first(config.fields.get("expert_ffn", ("moe_intermediate_size",)))
    if config.fields.get("expert_ffn"):
        dims.pop("ffn", None)
    shared = config.first(("n_shared_experts", "num_shared_experts"), required=False, least=0)
    width = config.first(
        ("shared_expert_intermediate_size", "moe_shared_expert_intermediate_size"), required=False, least=0
    )
    if width:
        dims["shared_ffn"] = width * (shared or 1)
    elif shared:
        dims["shared_experts"] = shared
    else:
        dims.pop("shared_gate", None)
    first = config.optional("first_k_dense_replace", least=0)
    if first:
        dims["dense_first"] = first
    elif dims.get("pattern", "*") != "M" and not config.raw.get("mlp_only_layers") and "feeds" not in dims:
        dims.pop("ffn", None) if not dims.get("single") else None
    latent = config.optional("moe_latent_size")
    if latent:
        dims["latent"] = latent


def _latent(config: Config, dims: Dims) -> None:
    """Multi-head latent attention."""
    dims["kv_rank"] = config.first(("kv_lora_rank",))
    low = config.optional("q_lora_rank")
    if low:
        dims["q_rank"] = low
    dims["rope_dim"] = config.first(("qk_rope_head_dim",))
    dims["nope_dim"] = config.first(("qk_nope_head_dim",))
    dims["value_dim"] = config.first(("v_head_dim",))
    for name in ("kv_heads", "head_dim"):
        dims.pop(name, None)


def _indexer(config: Config, dims: Dims) -> None:
    dims["index_heads"] = config.first(("index_n_heads",))
    dims["index_dim"] = config.first(("index_head_dim",))
    dims["index_top"] = config.first(("index_topk",))


def _linear_attention(config: Config, dims: Dims) -> None:
    """Gated delta rule on most layers (Qwen3-Next)."""
    for name, field in (
        ("linear_key_heads", "linear_num_key_heads"), ("linear_key_dim", "linear_key_head_dim"),
        ("linear_value_heads", "linear_num_value_heads"), ("linear_value_dim", "linear_value_head_dim"),
    ):  # fmt: skip
        dims[name] = config.first((field,))
    taps = config.optional("linear_conv_kernel_dim")
    if taps:
        dims["conv"] = taps
    types = config.raw.get("layer_types")
    every = config.first(("full_attention_interval",))
    dims["pattern"] = _typed(config, types, dims["layers"]) if types else "L" * (every - 1) + "*"


def _wide_ffn(config: Config, dims: Dims) -> None:
    """Four times the width, where not stated."""
    dims.setdefault("ffn", 4 * dims["hidden"])


def _learned_positions(config: Config, dims: Dims) -> None:
    dims["positions"] = dims.pop("max_positions", None) or config.first(("n_positions",))


def _multi_query(config: Config, dims: Dims) -> None:
    if config.raw.get("multi_query", True):
        dims["kv_heads"] = 1


def _opt(config: Config, dims: Dims) -> None:
    dims["positions"] = dims.pop("max_positions", 2048) + 2
    width = config.optional("word_embed_proj_dim", least=0)
    if width and width != dims["hidden"]:
        dims["word_width"] = width
    if not config.flag("do_layer_norm_before"):
        dims["final_norm"] = False


def _falcon(config: Config, dims: Dims) -> None:
    new = config.flag("new_decoder_architecture")
    if not new:
        dims["kv_heads"] = 1 if config.flag("multi_query") else dims["heads"]
        dims["norms"] = 1 if config.flag("parallel_attn") else 2
    elif config.optional("num_ln_in_parallel_attn", least=0) == 1:
        dims["norms"] = 1
    if config.flag("bias"):
        dims["bias"] = "all"
    if config.flag("alibi"):
        dims["rotary"] = False


def _mpt(config: Config, dims: Dims) -> None:
    dims.setdefault("ffn", config.first(("expansion_ratio",)) * dims["hidden"])
    bare = config.flag("no_bias")
    dims["norm"] = "layernorm_nobias" if bare else "layernorm"
    if not bare:
        dims["bias"] = "all"
    attention = config.raw.get("attn_config")
    attention = attention if isinstance(attention, dict) else {}
    shared = replace(config, raw=attention, defaults={}).optional("kv_n_heads")
    if shared:
        dims["kv_heads"] = shared
    # ALiBi instead of a table of positions, as every released model has it.
    if attention.get("alibi", True):
        dims["rotary"] = False
    else:
        dims["positions"] = dims.pop("max_positions", None) or config.first(("max_seq_len",))


def _stablelm(config: Config, dims: Dims) -> None:
    if config.flag("use_qkv_bias"):
        dims["bias"] = "qkv"
    if config.flag("use_parallel_residual"):
        dims["norms"] = 1
    if config.flag("qk_layernorm"):
        dims["qk_norm"] = "per_head"


def _glm(config: Config, dims: Dims) -> None:
    if config.flag("use_qk_norm"):
        dims["qk_norm"] = "head"


def _nemotron_h(config: Config, dims: Dims) -> None:
    """A letter a layer: M Mamba-2, * attention, - feed-forward, E experts."""
    pattern = config.raw.get("hybrid_override_pattern") or config.raw.get("layers_block_type")
    if isinstance(pattern, list):
        pattern = _typed(config, pattern, dims["layers"])
    if not isinstance(pattern, str) or not pattern or set(pattern) - set("M*-E"):
        config.refuse(f"hybrid_override_pattern is {pattern!r}; a letter a layer of M, *, -, E is needed")
    if len(pattern) != dims["layers"] and config.raw.get("hybrid_override_pattern"):
        config.refuse(
            f"hybrid_override_pattern names {len(pattern)} layers, num_hidden_layers is {dims['layers']}"
        )
    dims["pattern"] = pattern
    dims["state"] = config.first(("ssm_state_size", "mamba_state_dim", "state_size"))
    dims["state_heads"] = config.first(("mamba_num_heads",))
    dims["state_head_dim"] = config.first(("mamba_head_dim",))
    dims["state_groups"] = config.first(("n_groups", "mamba_n_groups"))
    if "E" in pattern:
        dims["router_bias"] = True


def _jamba(config: Config, dims: Dims) -> None:
    """One attention layer in a period, Mamba-1 else; experts every other layer."""
    period, offset = config.first(("attn_layer_period",)), config.first(("attn_layer_offset",), least=0)
    dims["pattern"] = "M" * offset + "*" + "M" * (period - offset - 1)
    dims["ffn"] = config.first(("intermediate_size",))
    if dims.get("experts", 1) > 1:
        step, start = config.first(("expert_layer_period",)), config.first(("expert_layer_offset",), least=0)
        dims["feeds"] = "-" * start + "E" + "-" * (step - start - 1)
    dims["state"] = config.first(("mamba_d_state",))
    dims["inner"] = config.first(("mamba_expand",)) * dims["hidden"]
    dims["conv"] = config.first(("mamba_d_conv",))
    rank = config.raw.get("mamba_dt_rank", "auto")
    dims["step_rank"] = -(-dims["hidden"] // 16) if rank == "auto" else config.first(("mamba_dt_rank",))


def _mamba(config: Config, dims: Dims) -> None:
    dims["state"] = config.first(("state_size",))
    dims["inner"] = config.optional("intermediate_size") or config.first(("expand",)) * dims["hidden"]
    dims["conv"] = config.first(("conv_kernel",))
    rank = config.raw.get("time_step_rank", "auto")
    dims["step_rank"] = -(-dims["hidden"] // 16) if rank == "auto" else config.first(("time_step_rank",))
    dims.pop("ffn", None)


def _mamba2(config: Config, dims: Dims) -> None:
    dims["state"] = config.first(("state_size",))
    dims["state_head_dim"] = config.first(("head_dim",))
    dims["state_groups"] = config.first(("n_groups",))
    dims["conv"] = config.first(("conv_kernel",))
    inner = config.first(("expand",)) * dims["hidden"]
    heads = config.optional("num_heads") or inner // dims["state_head_dim"]
    if heads * dims["state_head_dim"] != inner:
        config.refuse(
            f"num_heads {heads} x head_dim {dims['state_head_dim']} is not expand x hidden_size = {inner}"
        )
    dims["state_heads"] = heads
    dims.pop("ffn", None)


def _llama4(config: Config, dims: Dims) -> None:
    """Chunks on three layers of four, experts on every layer or every second, one shared expert."""
    every, step = config.first(("no_rope_layer_interval",)), config.first(("interleave_moe_layer_step",))
    dims["pattern"] = "W" * (every - 1) + "*"
    dims["window"] = config.first(("attention_chunk_size",))
    dims["shared_experts"] = 1
    if step > 1:
        dims["feeds"] = "-" * (step - 1) + "E"
        dims["ffn"] = config.first(("intermediate_size_mlp",))


def _t5(config: Config, dims: Dims) -> None:
    dims.setdefault("decoder_layers", dims["layers"])
    activation = str(config.raw.get("feed_forward_proj", "relu"))
    dims["gated"] = activation.startswith("gated")
    dims["tied"] = config.flag("tie_word_embeddings")


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
    if isinstance(labels, dict):
        dims["classes"] = len(labels)
    elif isinstance(names, list) and not any("Classification" in str(name) for name in names):
        dims["classes"] = 0
    else:
        dims["classes"] = config.optional("num_labels", least=0) or 2


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "biases": _biases, "windows": _windows, "experts": _experts, "latent": _latent, "indexer": _indexer,
    "linear_attention": _linear_attention, "wide_ffn": _wide_ffn, "learned_positions": _learned_positions,
    "multi_query": _multi_query, "opt": _opt, "falcon": _falcon, "mpt": _mpt, "stablelm": _stablelm,
    "glm": _glm, "nemotron_h": _nemotron_h, "jamba": _jamba, "mamba": _mamba, "mamba2": _mamba2,
    "image_classes": _image_classes, "llama4": _llama4, "t5": _t5, "whisper": _whisper, "clip": _clip,
}  # fmt: skip
