"""What a config.json says of layers that keep a state: Mamba, hybrids, short convolutions, RWKV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads.importers._hf_attention import typed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config, Dims


def _nemotron_h(config: Config, dims: Dims) -> None:
    """A letter a layer: M Mamba-2, * attention, - feed-forward, E experts."""
    pattern = config.raw.get("hybrid_override_pattern") or config.raw.get("layers_block_type")
    if isinstance(pattern, list):
        dims.setdefault("layers", len(pattern))
        pattern = typed(config, pattern, dims["layers"]).replace("L", "M")
    elif isinstance(pattern, str):
        dims.setdefault("layers", len(pattern))
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


def original(raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A config.json as the authors of Mamba write it, in the fields of transformers.

    Raises `UsageError` for one with layers of attention.
    """
    if raw.get("attn_layer_idx"):
        raise UsageError(f"{where}: attn_layer_idx {raw['attn_layer_idx']} are not imported; Mamba alone is")
    inner = raw["ssm_cfg"] if isinstance(raw["ssm_cfg"], dict) else {}
    kind = "mamba2" if inner.get("layer") == "Mamba2" else "mamba"
    names = {"d_state": "state_size", "d_conv": "conv_kernel", "expand": "expand",
             "dt_rank": "time_step_rank", "headdim": "head_dim", "ngroups": "n_groups"}  # fmt: skip
    words, step = raw.get("vocab_size"), raw.get("pad_vocab_size_multiple", 8)
    if isinstance(words, int) and isinstance(step, int) and step > 0:
        words = -(-words // step) * step
    return {
        "model_type": kind, "hidden_size": raw.get("d_model"), "num_hidden_layers": raw.get("n_layer"),
        "vocab_size": words, "tie_word_embeddings": raw.get("tie_embeddings", True),
        **({"n_groups": 1} if kind == "mamba2" else {}),
        **{names[name]: value for name, value in inner.items() if name in names},
    }  # fmt: skip


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


def _hybrid(config: Config, dims: Dims) -> None:
    """Mamba-2 on the layers that are not attention, or beside it (Bamba, Granite 4, Falcon-H1, Zamba2)."""
    heads = config.first(("mamba_n_heads", "n_mamba_heads"))
    inner = config.optional("mamba_d_ssm") or config.first(("mamba_expand",)) * dims["hidden"]
    each = config.raw.get("mamba_d_head", config.raw.get("mamba_headdim", "auto"))
    each = inner // heads if each in ("auto", None) else config.first(("mamba_d_head", "mamba_headdim"))
    if heads * each != inner:
        config.refuse(f"mamba_n_heads {heads} x mamba_d_head {each} is not the {inner} channels of Mamba")
    dims["state"], dims["state_heads"], dims["state_head_dim"] = config.first(("mamba_d_state",)), heads, each
    dims["state_groups"] = config.first(("mamba_n_groups", "mamba_ngroups"))
    dims["conv"] = config.first(("mamba_d_conv",))
    if config.kind == "falcon_h1":
        dims["pattern"], dims["state_norm"] = "P", config.flag("mamba_rms_norm")
        return
    at, types = config.raw.get("attn_layer_indices"), config.raw.get("layer_types")
    types = types or config.raw.get("layers_block_type")
    if isinstance(types, list):
        dims["pattern"] = typed(config, types, dims["layers"]).replace("L", "M")
    else:
        hybrid = config.raw.get("hybrid_layer_ids")
        letter, at = ("H", hybrid) if isinstance(hybrid, list) else ("*", at)
        chosen = set(at) if isinstance(at, list) else set()
        dims["pattern"] = "".join(letter if i in chosen else "M" for i in range(dims["layers"]))


def _granite_experts(config: Config, dims: Dims) -> None:
    """A feed-forward part beside the experts, or instead of them where there are none."""
    shared = config.optional("shared_intermediate_size", least=0)
    if dims.get("experts") and shared:
        dims["shared_ffn"] = shared
    elif shared:
        dims["ffn"] = shared
    if config.raw.get("position_embedding_type", "rope") != "rope":
        dims["rotary"] = False


def _zamba(config: Config, dims: Dims) -> None:
    """Blocks that the hybrid layers share, with a rank of each layer's own."""
    dims["shared_blocks"] = config.first(("num_mem_blocks",))
    dims["head_dim"] = config.optional("attention_head_dim") or 2 * dims["hidden"] // dims["heads"]
    rank = config.optional("adapter_rank", least=0)
    if rank:
        dims["adapter_rank"] = rank
        dims["attention_adapters"] = config.flag("use_shared_attention_adapter")
    dims["rotary"] = config.flag("use_mem_rope")
    dims["feeds"] = "."


def _short_convolutions(config: Config, dims: Dims) -> None:
    """Gated short convolutions on most layers (LFM2); the dense width is adjusted as its code does."""
    dims["taps"], dims["taps_bias"] = config.first(("conv_L_cache",)), config.flag("conv_bias")
    types, chosen = config.raw.get("layer_types"), config.raw.get("full_attn_idxs")
    if isinstance(types, list):
        dims["pattern"] = typed(config, types, dims["layers"])
    elif isinstance(chosen, list):
        dims["pattern"] = "".join("*" if i in chosen else "K" for i in range(dims["layers"]))
    else:
        config.refuse("layer_types is missing; a lfm2 model needs it")
    # Both may stand: then the first holds.
    stated = config.optional("block_ff_dim") or config.first(("intermediate_size",))
    if config.kind == "lfm2" and config.flag("block_auto_adjust_ff_dim"):
        several, scaled = config.first(("block_multiple_of",)), "block_ffn_dim_multiplier"
        wide = int(2 * stated / 3 * (config.factor(scaled) if config.value(scaled) else 1.0))
        stated = -(-wide // several) * several
    dims["ffn"] = stated


def _griffin(config: Config, dims: Dims) -> None:
    """Gated recurrences, and attention within a window on every third layer (RecurrentGemma)."""
    types = config.raw.get("block_types") or ["recurrent", "recurrent", "attention"]
    if not isinstance(types, list) or not all(isinstance(one, str) for one in types):
        config.refuse(f"block_types is {types!r}, where a row of recurrent and attention is expected")
    dims["pattern"] = "".join("W" if one == "attention" else "G" for one in types)
    dims["window"] = config.first(("attention_window_size",))
    dims["recurrent"] = config.optional("lru_width") or dims["hidden"]
    dims["taps"] = config.first(("conv1d_width",))
    dims["ffn"] = config.first(config.fields.get("ffn", ("intermediate_size",))) // 2


def _rwkv(config: Config, dims: Dims) -> None:
    """The version by the type; what is not stated as its code fills it in."""
    version, width = dims["rwkv"], dims["hidden"]
    inner = config.optional("attention_hidden_size") or width
    if inner != width:
        dims["inner"] = inner
    if version > 4:
        dims["state_head_dim"] = config.first(("head_size", "head_dim"))
    if "ffn" not in dims:
        dims["ffn"] = 4 * width if version in (4, 7) else int(3.5 * width) // 32 * 32
    if version == 6:
        dims["mix_rank"], dims["decay_rank"] = (32, 64) if width < 4096 else (64, 128)
    if version == 7:
        for name, fields in _RANKS.items():
            dims[name] = config.first(fields, required=False) or _goose_rank(name, width)


_RANKS = {
    "decay_rank": ("decay_low_rank_dim", "lora_rank_decay"),
    "rate_rank": ("a_low_rank_dim", "lora_rank_iclr"),
    "value_rank": ("v_low_rank_dim", "lora_rank_value_residual_mix"),
    "gate_rank": ("gate_low_rank_dim", "lora_rank_gate"),
}  # fmt: skip


def _goose_rank(name: str, width: int) -> int:
    """The rank that RWKV-7's code takes for a width: factors of its root (gate: its 0.8th power), by 32."""
    factor, power = {"decay_rank": (1.8, 0.5), "rate_rank": (1.8, 0.5), "value_rank": (1.3, 0.5),
                     "gate_rank": (0.6, 0.8)}[name]  # fmt: skip
    return max(32, round(factor * float(width**power) / 32) * 32)


def _channelwise(config: Config, dims: Dims) -> None:
    """Linear attention that decays by channel, latent attention between (Kimi Linear)."""
    table = config.raw.get("linear_attn_config")
    table = table if isinstance(table, dict) else {}
    heads = table.get("num_heads") or config.first(("linear_num_heads",))
    each = table.get("head_dim") or config.first(("linear_head_dim",))
    dims.update(linear="channels", linear_key_heads=heads, linear_value_heads=heads, linear_key_dim=each,
                linear_value_dim=each)  # fmt: skip
    dims["conv"] = table.get("short_conv_kernel_size") or config.optional("linear_conv_kernel_dim") or 4
    full, types = table.get("full_attn_layers"), config.raw.get("layer_types")
    if isinstance(full, list):
        dims["pattern"] = "".join("*" if i + 1 in full else "L" for i in range(dims["layers"]))
    else:
        dims["pattern"] = typed(config, types, dims["layers"])


def _lightning(config: Config, dims: Dims) -> None:
    """Linear attention of a constant decay on most layers (MiniMax), all but the last of a group (Ring)."""
    dims.update(linear="lightning", linear_key_heads=dims["heads"], linear_value_heads=dims["heads"],
                linear_key_dim=dims["head_dim"], linear_value_dim=dims["head_dim"])  # fmt: skip
    types, kinds = config.raw.get("layer_types"), config.raw.get("attn_type_list")
    if isinstance(kinds, list):
        types = ["full_attention" if one else "linear_attention" for one in kinds]
    group = config.optional("layer_group_size")
    dims["pattern"] = "L" * (group - 1) + "*" if group else typed(config, types, dims["layers"])


def _zamba_first(config: Config, dims: Dims) -> None:
    """Mamba-1, behind one shared block on every so many layers (Zamba)."""
    period, offset = config.first(("attn_layer_period",)), config.first(("attn_layer_offset",), least=0)
    layers, types = dims["layers"], config.raw.get("layers_block_type")
    # As its code lays them out: the first at 2, then where the period says.
    letters = ["H" if i == 2 or (i > 2 and i % period == offset) else "M" for i in range(layers)]
    if isinstance(types, list):
        letters = [{"hybrid": "H"}.get(str(one), "M") for one in types]
        if len(letters) != layers:
            config.refuse(f"layers_block_type names {len(letters)} layers, num_hidden_layers is {layers}")
    dims["pattern"], dims["feeds"], dims["shared_blocks"] = "".join(letters), ".", 1
    dims["head_dim"] = config.optional("attention_head_dim") or 2 * dims["hidden"] // dims["heads"]
    dims["state"], dims["conv"] = config.first(("mamba_d_state",)), config.first(("mamba_d_conv",))
    dims["inner"] = config.first(("mamba_expand",)) * dims["hidden"]
    rank = config.raw.get("mamba_dt_rank", "auto")
    dims["step_rank"] = -(-dims["hidden"] // 16) if rank == "auto" else config.first(("mamba_dt_rank",))
    dims["rotary"] = False


def _memories(config: Config, dims: Dims) -> None:
    """Matrix memories in place of attention (xLSTM): keys of half the width, values of the whole."""
    heads, width = config.first(("num_heads",)), dims["hidden"]
    dims["pattern"], dims["linear"] = "L", "memory"
    dims["linear_key_heads"] = dims["linear_value_heads"] = heads
    dims["linear_key_dim"] = int(width * _share(config, "qk_dim_factor")) // heads
    dims["linear_value_dim"] = int(width * _share(config, "v_dim_factor")) // heads
    several = config.first(("ffn_round_up_to_multiple_of",))
    dims["ffn"] = -(-int(width * _share(config, "ffn_proj_factor")) // several) * several
    dims["rotary"] = False


def _share(config: Config, name: str) -> float:
    value = config.value(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 100:
        config.refuse(f"{name} is {value!r}, where a number such as 0.5 is expected")
    return float(value)


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "nemotron_h": _nemotron_h, "jamba": _jamba, "mamba": _mamba, "mamba2": _mamba2, "hybrid": _hybrid,
    "granite_experts": _granite_experts, "zamba": _zamba, "short_convolutions": _short_convolutions,
    "griffin": _griffin, "rwkv": _rwkv, "channelwise": _channelwise, "lightning": _lightning,
    "zamba_first": _zamba_first, "memories": _memories,
}  # fmt: skip
