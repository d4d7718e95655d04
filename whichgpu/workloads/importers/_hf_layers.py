"""What a config.json says layer by layer: heads and dense widths that differ, code that stands elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from whichgpu.workloads.importers._hf_config import Config, Dims

#: Letters of layers whose heads or widths are their own.
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789αβγδεζηθικλμνξοπρστυφχψω"


#: Molmo's tower, which its file does not describe: 23 layers of CLIP ViT-L/14 at 336 pixels; attention pools
#: 2 x 2 patches, each the states of two layers.
_MOLMO = {"layers": 23, "hidden": 1024, "heads": 16, "ffn": 4096, "patches": 576, "tokens": 144}
#: Words that it adds to the table of its text model.
_NEW_WORDS = 128


def _lettered(config: Config, values: Sequence[Any], what: str) -> tuple[str, dict[str, Any]]:
    """A letter for each different value: those of every layer, and what each letter means."""
    different = list(dict.fromkeys(values))
    if len(different) > len(_LETTERS):
        config.refuse(f"{what} has {len(different)} different values, where {len(_LETTERS)} are imported")
    letters = dict(zip(different, _LETTERS, strict=False))
    return "".join(letters[one] for one in values), {letter: one for one, letter in letters.items()}


def _heads(config: Config, dims: Dims, queries: Sequence[int], keys: Sequence[int]) -> None:
    """Heads and key-value heads of each layer; 0 heads are a layer without attention."""
    strange = [i for i, (q, k) in enumerate(zip(queries, keys, strict=True)) if q and (not k or q % k)]
    if strange:
        at = strange[0]
        config.refuse(f"layer {at}: {queries[at]} heads are not a multiple of {keys[at]} key-value heads")
    dims["heads"], dims["kv_heads"] = max(queries), max(keys)
    pairs = list(zip(queries, keys, strict=True))
    if len({pair for pair in pairs if pair[0]}) == 1:
        pattern = "".join("*" if q else "." for q, _ in pairs)
        if "." in pattern:
            dims["pattern"] = pattern
        return
    letters, counts = _lettered(config, [pair for pair in pairs if pair[0]], "heads")
    rest = iter(letters)
    dims["pattern"] = "".join(next(rest) if q else "." for q, _ in pairs)
    dims["head_counts"] = {letter: list(pair) for letter, pair in counts.items()}


def _widths(config: Config, dims: Dims, widths: Sequence[int]) -> None:
    """Dense widths of each layer; 0 is a layer without."""
    present = [one for one in widths if one]
    dims["ffn"] = max(present, default=0)
    if len(set(widths)) == 1:
        return
    letters, known = _lettered(config, present, "dense widths")
    rest = iter(letters)
    dims["feeds"] = "".join(next(rest) if one else "." for one in widths)
    dims["feed_widths"] = known


def _rounded(value: float, several: int) -> int:
    """The nearest multiple, never a tenth below the value."""
    near = max(several, int(value + several / 2) // several * several)
    return near + several if near < 0.9 * value else near


def _openelm(config: Config, dims: Dims) -> None:
    """Heads and dense widths that grow with depth (Mehta et al., "OpenELM")."""
    layers, width = config.first(("num_transformer_layers",)), config.first(("model_dim",))
    dims["layers"], dims["hidden"], dims["vocab"] = layers, width, config.first(("vocab_size",))
    dims["head_dim"] = config.first(("head_dim",))
    _heads(config, dims, config.sizes("num_query_heads", layers), config.sizes("num_kv_heads", layers))
    factors = config.value("ffn_multipliers")
    if not isinstance(factors, list) or len(factors) != layers:
        config.refuse(f"ffn_multipliers is {factors!r}, where {layers} numbers are expected")
    if not all(isinstance(one, int | float) and 0 < one < 100 for one in factors):
        config.refuse("ffn_multipliers: a number above 0 and below 100 for each layer is expected")
    several = config.first(("ffn_dim_divisor",))
    _widths(config, dims, [_rounded(one * width, several) for one in factors])
    if config.value("normalize_qk_projections") is not False:
        dims["qk_norm"] = "head"
    if config.value("share_input_output_layers") is not False:
        dims["tied"] = True


def _searched(config: Config, dims: Dims) -> None:
    """Blocks that a search has chosen: attention, dense layers, neither or a narrow one (Nemotron NAS)."""
    blocks = config.value("block_configs")
    if not isinstance(blocks, list) or len(blocks) != dims["layers"]:
        config.refuse(f"block_configs describes no {dims['layers']} layers; a nemotron-nas model needs it")
    heads, width, queries, keys, widths = dims["heads"], dims["hidden"], [], [], []
    for place, block in enumerate(blocks):
        attention, feed = (
            block.get(name) if isinstance(block, dict) else None for name in ("attention", "ffn")
        )
        if not isinstance(attention, dict) or not isinstance(feed, dict):
            config.refuse(f"block_configs[{place}]: attention and ffn are expected")
        if attention.get("replace_with_linear") or feed.get("replace_with_linear"):
            config.refuse(f"block_configs[{place}]: layers replaced by a dense one are not imported")
        group, factor = attention.get("n_heads_in_group"), feed.get("ffn_mult")
        queries.append(heads if group and not attention.get("no_op") else 0)
        keys.append(heads // group if queries[-1] else 0)
        wide = int(2 * factor * width / 3) if factor and not feed.get("no_op") else 0
        widths.append(-(-wide // 256) * 256)
    dims["head_dim"] = width // heads
    _heads(config, dims, queries, keys)
    _widths(config, dims, widths)


def _per_layer_keys(config: Config, dims: Dims) -> None:
    """Key-value heads of each layer (DeciLM)."""
    layers, heads = dims["layers"], dims["heads"]
    if config.value("num_key_value_heads_per_layer") is not None:
        keys = config.sizes("num_key_value_heads_per_layer", layers)
        _heads(config, dims, [heads] * layers, keys)


def _heads_by_kind(config: Config, dims: Dims) -> None:
    """Query heads of layers within a window (Step 3.5), or of each layer (Laguna); gates of a head."""
    if config.raw.get("gating") == "per-element":
        dims["attention_gate"] = True
    elif config.raw.get("gating") is False:
        dims.pop("attention_gate")
    other = config.raw.get("attention_other_setting")
    other = other.get("num_attention_heads") if isinstance(other, dict) else None
    inside = config.optional("num_sliding_attention_heads") or other
    layers = dims["layers"]
    if config.raw.get("num_attention_heads_per_layer") is not None:
        counts = config.sizes("num_attention_heads_per_layer", layers)
        pattern = (dims.get("pattern", "*") * layers)[:layers]
        by_kind = {letter: {n for n, one in zip(counts, pattern, strict=True) if one == letter}
                   for letter in set(pattern)}  # fmt: skip
        if any(len(found) > 1 for found in by_kind.values()):
            config.refuse(
                "num_attention_heads_per_layer differs among layers of one kind, which is not imported"
            )
        dims["heads"] = max(by_kind.get("*", set(counts)))
        inside = max(by_kind.get("W", {0}))
    if inside and inside != dims["heads"]:
        if not isinstance(inside, int) or inside % dims["kv_heads"]:
            config.refuse(
                f"{inside!r} heads within a window are no multiple of {dims['kv_heads']} key-value heads"
            )
        dims["window_heads"] = inside


def _dense_apart(config: Config, dims: Dims) -> None:
    """Dense layers of a width of their own, where any layer is without experts (MiniMax M3)."""
    if "-" in dims.get("feeds", "E"):
        dims["ffn"] = config.first(("dense_intermediate_size",))


def _chatglm(config: Config, dims: Dims) -> None:
    """Few key-value heads from the second version; the first has dense layers of plain width and a table."""
    if "inner_hidden_size" in config.raw:
        dims.update(
            gated=False, norm="layernorm", bias="all", tied=True, ffn=config.first(("inner_hidden_size",))
        )
        dims["kv_heads"] = dims["heads"]
        return
    dims["last_logits"] = True  # return_last_logit of its modeling_chatglm.py, from the second version
    if not config.flag("multi_query_attention"):
        dims["kv_heads"] = dims["heads"]
    if config.flag("add_bias_linear"):
        dims["bias"] = "all"
    elif config.flag("add_qkv_bias"):
        dims["bias"] = "qkv"


def _halved_ffn(config: Config, dims: Dims) -> None:
    """A dense width that counts gate and value together (Qwen 1)."""
    if dims["ffn"] % 2:
        config.refuse(f"intermediate_size {dims['ffn']} is odd, where it holds two equal halves")
    dims["ffn"] //= 2


def _molmo(config: Config, dims: Dims) -> None:
    """A text model that counts gate and value together, and a tower of a fixed size (Molmo)."""
    _halved_ffn(config, dims)
    if config.flag("qkv_bias"):
        dims["bias"] = "qkv"
    if config.flag("weight_tying"):
        dims["tied"] = True
    w, text = _MOLMO["hidden"], dims["hidden"]
    tower = _MOLMO["layers"] * (12 * w * w + 13 * w) + 3 * 14**2 * w + (_MOLMO["patches"] + 2) * w + 2 * w
    pooling = 3 * (2 * w + 1) * w + (w + 1) * w + 4 * w
    projector = dims["ffn"] * (2 * w + text)
    dims["vision"] = {**_MOLMO, "parameters": tower + pooling + projector + _NEW_WORDS * text}


def _bias_of_attention(config: Config, dims: Dims) -> None:
    """Biases of attention alone (InternLM 1)."""
    if config.flag("bias"):
        dims["bias"] = "qkvo"


def _dense_beside(config: Config, dims: Dims) -> None:
    """A dense part of the model's width beside the experts (Arctic)."""
    if config.value("use_residual") is not False and config.value("parallel_attn_mlp_res") is not False:
        dims["shared_ffn"] = dims["hidden"]


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "openelm": _openelm, "searched": _searched, "per_layer_keys": _per_layer_keys, "chatglm": _chatglm,
    "halved_ffn": _halved_ffn, "bias_of_attention": _bias_of_attention, "dense_beside": _dense_beside,
    "molmo": _molmo, "heads_by_layer": _heads_by_kind, "dense_apart": _dense_apart,
}  # fmt: skip
