"""What a config.json says of attention: biases, windows, latents, linear attention, shared caches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.workloads.importers._hf_features import reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config, Dims

_LETTERS = {
    "full_attention": "*",
    "attention": "*",
    "sliding_attention": "W",
    "chunked_attention": "W",
    "local_attention": "W",
    "global_attention": "*",
    "linear_attention": "L",
    "indexed_attention": "*",
    "compressed_sparse_attention": "S",
    "heavily_compressed_attention": "B",
    "mamba": "M",
    "m": "M",
    "g": "H",
    "hybrid": "H",
    "conv": "K",
    "recurrent": "G",
    "moe": "E",
    "mlp": "-",
}
#: Layers with and without a window as EXAONE 4 writes them ("LLLG").
_LOCAL_GLOBAL = {"L": "W", "G": "*"}


def _biases(config: Config, dims: Dims) -> None:
    parts = (config.flag("attention_bias"), config.flag("mlp_bias"))
    kind = {(True, True): "all", (True, False): "qkvo", (False, True): "ffn", (False, False): "none"}[parts]
    if kind == "qkvo" and config.kind.startswith(("glm", "helium")):
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
    written = config.raw.get("sliding_window_pattern")
    letters = isinstance(written, str) and written != "" and set(written) <= set(_LOCAL_GLOBAL)
    every = None if letters else config.optional("sliding_window_pattern")
    every = every or config.optional("_sliding_window_pattern")
    if types is not None:
        dims["pattern"] = typed(config, types, dims["layers"])
    elif config.kind.startswith("qwen"):
        full = config.optional("max_window_layers", least=0) or 0
        dims["pattern"] = "*" * min(full, dims["layers"]) + "W" * max(0, dims["layers"] - full)
    elif letters:
        dims["pattern"] = "".join(_LOCAL_GLOBAL[one] for one in str(written))
    elif every:
        dims["pattern"] = "W" * (every - 1) + "*"
    if "W" not in dims.get("pattern", "W"):
        dims.pop("window")
        dims.pop("pattern")
    elif "pattern" not in dims:
        dims["pattern"] = "W"


def typed(config: Config, types: Any, layers: int) -> str:
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


def _latent(config: Config, dims: Dims) -> None:
    """Multi-head latent attention."""
    dims["kv_rank"] = config.first(("kv_lora_rank",))
    low = config.optional("q_lora_rank")
    if low:
        dims["q_rank"] = low
    dims["rope_dim"] = config.first(("qk_rope_head_dim",), least=0)
    dims["nope_dim"] = config.first(("qk_nope_head_dim",))
    dims["value_dim"] = config.first(("v_head_dim",))
    for name in ("kv_heads", "head_dim"):
        dims.pop(name, None)


def _indexer(config: Config, dims: Dims) -> None:
    dims["index_heads"] = config.first(("index_n_heads",))
    dims["index_dim"] = config.first(("index_head_dim",))
    dims["index_top"] = config.first(("index_topk",))
    streams = config.optional("hc_mult")
    if streams:
        dims["hyper"] = streams


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
    dims["pattern"] = (
        typed(config, types, dims["layers"]) if types
        else "L" * (config.first(("full_attention_interval",)) - 1) + "*"
    )  # fmt: skip


def _glm(config: Config, dims: Dims) -> None:
    if config.flag("use_qk_norm"):
        dims["qk_norm"] = "head"


def _multi_query(config: Config, dims: Dims) -> None:
    if config.raw.get("multi_query", True):
        dims["kv_heads"] = 1


def _compressed(config: Config, dims: Dims) -> None:
    """Attention over summaries, hyper-connections (DeepSeek V4)."""
    dims["q_rank"], dims["window"] = config.first(("q_lora_rank",)), config.first(("sliding_window",))
    dims["output_groups"], dims["output_rank"] = config.first(("o_groups",)), config.first(("o_lora_rank",))
    rates = config.raw.get("compress_rates")
    rates = rates if isinstance(rates, dict) else {}
    dims["sparse_rate"] = int(rates.get("compressed_sparse_attention", 4))
    dims["heavy_rate"] = int(rates.get("heavily_compressed_attention", 128))
    _indexer(config, dims)
    ratios, types = config.raw.get("compress_ratios"), config.raw.get("layer_types")
    if isinstance(ratios, list):
        # A last one may be of the block that predicts further tokens.
        known = {0: "sliding_attention", dims["sparse_rate"]: "compressed_sparse_attention",
                 dims["heavy_rate"]: "heavily_compressed_attention"}  # fmt: skip
        types = [known.get(one, str(one)) for one in ratios[: dims["layers"]]]
    dims["pattern"] = typed(config, types, dims["layers"])


def _borrowing(config: Config, dims: Dims) -> None:
    """The last layers use the keys and values of earlier ones; a table of small embeddings for each layer."""
    borrowing = config.optional("num_kv_shared_layers", least=0) or 0
    layers, pattern = dims["layers"], dims.get("pattern", "*")
    letters = (pattern * layers)[:layers]
    own = layers - borrowing
    if borrowing:
        dims["pattern"] = letters[:own] + letters[own:].replace("*", "A").replace("W", "V")
    each = config.optional("hidden_size_per_layer_input", least=0)
    if each:
        dims["layer_width"], dims["layer_vocab"] = each, config.first(("vocab_size_per_layer_input",))
    if borrowing and config.flag("use_double_wide_mlp"):
        dims["feeds"] = "-" * own + "w" * borrowing
        dims["feed_widths"] = {"w": 2 * dims["ffn"]}


def _cross_layer(config: Config, dims: Dims) -> None:
    """Groups of layers that use the keys and values of their first one (Hunyuan-Large)."""
    together = config.optional("cla_share_factor")
    if config.flag("use_cla") and together and together > 1:
        dims["pattern"] = "*" + "A" * (together - 1)


def _alternating(config: Config, dims: Dims) -> None:
    """Several residual streams and a low-rank residual (Gemma 3n)."""
    dims["streams"] = config.first(("altup_num_inputs",))
    dims["residual_rank"] = config.first(("laurel_rank",))


def _wide_heads(config: Config, dims: Dims) -> None:
    """Fewer and wider heads where a layer has no window (Gemma 4)."""
    heads, wide = config.optional("num_global_key_value_heads"), config.optional("global_head_dim")
    layers = config.raw.get("per_layer_config")
    for one in layers.values() if isinstance(layers, dict) else ():
        wide = replace(config, raw=one if isinstance(one, dict) else {}).optional("head_dim") or wide
    if heads:
        dims["full_kv_heads"] = heads
    if wide and wide != dims["head_dim"]:
        dims["full_head_dim"] = wide
    if config.flag("attention_k_eq_v"):
        dims["keys_as_values"] = True
    if config.flag("enable_moe_block"):
        # Experts beside the dense part, which every token goes through.
        reader("experts")(config, dims)
        dims["shared_ffn"] = config.first(("intermediate_size",))


def _windowed_heads(config: Config, dims: Dims) -> None:
    """Values narrower than keys, and other heads within a window (MiMo-V2)."""
    dims["value_dim"] = config.first(("v_head_dim",))
    inside = config.optional("swa_num_key_value_heads")
    if inside:
        dims["full_kv_heads"], dims["kv_heads"] = dims["kv_heads"], inside
    pattern = config.raw.get("hybrid_layer_pattern")
    if isinstance(pattern, list) and len(pattern) == dims["layers"]:
        dims["pattern"] = "".join("W" if one else "*" for one in pattern)


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "biases": _biases, "windows": _windows, "latent": _latent, "indexer": _indexer,
    "linear_attention": _linear_attention, "glm": _glm, "multi_query": _multi_query,
    "compressed": _compressed, "borrowing": _borrowing, "cross_layer": _cross_layer,
    "alternating": _alternating, "wide_heads": _wide_heads, "windowed_heads": _windowed_heads,
}  # fmt: skip
