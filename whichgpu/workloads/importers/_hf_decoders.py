"""What a config.json says of experts, of learned positions, and of decoders with fields of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config, Dims


def _experts(config: Config, dims: Dims) -> None:
    """A mixture of experts, where the config counts any."""
    names = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
    count = config.first(names, required=False, least=0)
    if not count:
        chosen = any(config.raw.get(name) for name in (*_CHOSEN, "moe_intermediate_size"))
        unsaid = chosen and not any(name in config.raw for name in names)
        if unsaid or config.kind in ("mixtral", "gpt_oss", "qwen3_moe", "qwen2_moe", "deepseek_v3"):
            config.refuse(f"{' or '.join(names[:3])} is missing; a {config.kind} model has experts")
        return
    chosen = config.first(_CHOSEN)
    if chosen > count:
        config.refuse(f"num_experts_per_tok {chosen} is more than the {count} experts that there are")
    dims["experts"], dims["experts_per_token"] = count, chosen
    dims["expert_ffn"] = config.first(config.fields.get("expert_ffn", ("moe_intermediate_size",)))
    if config.fields.get("expert_ffn"):
        dims.pop("ffn", None)
    _shared_experts(config, dims)
    _dense_layers(config, dims)
    latent = config.optional("moe_latent_size")
    if latent:
        dims["latent"] = latent
    groups, within = config.optional("n_group"), config.optional("topk_group")
    if groups and within and within < groups:
        dims["expert_groups"], dims["groups_per_token"] = groups, within


_CHOSEN = ("num_experts_per_tok", "experts_per_token", "num_experts_per_token", "moe_topk", "moe_k",
           "top_k_experts")  # fmt: skip


_SHARED = ("n_shared_experts", "num_shared_experts", "num_shared_expert", "moe_num_shared_experts")
_FIRST = ("first_k_dense_replace", "num_dense_layers", "moe_layer_start_index")


def _shared_experts(config: Config, dims: Dims) -> None:
    """Experts that every token goes to: how many, or how wide together."""
    shared = config.first(_SHARED, required=False, least=0)
    width = config.first(
        ("shared_expert_intermediate_size", "moe_shared_expert_intermediate_size", "share_expert_dim",
         "shared_intermediate_size"), required=False, least=0,
    )  # fmt: skip
    if width:
        dims["shared_ffn"] = width * (shared or 1)
    elif shared:
        dims["shared_experts"] = shared
    else:
        dims.pop("shared_gate", None)


def _dense_layers(config: Config, dims: Dims) -> None:
    """The layers without experts: the first few, those of a list, or none."""
    first = config.first(_FIRST, required=False, least=0)
    kinds = config.raw.get("mlp_layer_types")
    step = config.optional("decoder_sparse_step") or 1
    bare = config.raw.get("mlp_only_layers") or []
    if not isinstance(bare, list):
        config.refuse(f"mlp_only_layers is {bare!r}, where a list of layers is expected")
    if not isinstance(kinds, list):
        # One a layer, 1 or 0 (MiMo).
        freq = config.raw.get("moe_layer_freq")
        kinds = ["sparse" if one else "dense" for one in freq] if isinstance(freq, list) else None
    if isinstance(kinds, list) and "dense" in kinds:
        dims["feeds"] = "".join("-" if one == "dense" else "E" for one in kinds)
    elif step > 1 or bare:
        sparse = ((i + 1) % step == 0 and i not in bare for i in range(dims["layers"]))
        dims["feeds"] = "".join("E" if one else "-" for one in sparse)
    elif first:
        dims["dense_first"] = first
    elif dims.get("pattern", "*") != "M" and "feeds" not in dims:
        dims.pop("ffn", None) if not dims.get("single") else None


def _wide_ffn(config: Config, dims: Dims) -> None:
    """Four times the width, where not stated."""
    dims.setdefault("ffn", 4 * dims["hidden"])


def _learned_positions(config: Config, dims: Dims) -> None:
    dims["positions"] = dims.pop("max_positions", None) or config.first(("n_positions",))


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
        if dims["kv_heads"] == 1:
            # Its one head is broadcast to all, which no fused kernel takes.
            dims["written_out"], dims["scores"] = "any", "broadcast"
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


def _llama4(config: Config, dims: Dims) -> None:
    """Chunks on three layers of four, experts on every layer or every second, one shared expert."""
    every, step = config.first(("no_rope_layer_interval",)), config.first(("interleave_moe_layer_step",))
    dims["pattern"] = "W" * (every - 1) + "*"
    dims["window"], dims["chunked"] = config.first(("attention_chunk_size",)), True
    dims["shared_experts"] = 1
    if step > 1:
        dims["feeds"] = "-" * (step - 1) + "E"
        dims["ffn"] = config.first(("intermediate_size_mlp",))


def _dbrx(config: Config, dims: Dims) -> None:
    """Attention and experts in tables of their own (DBRX)."""
    attend, feed = (config.raw.get(name) for name in ("attn_config", "ffn_config"))
    attend = replace(config, raw=attend if isinstance(attend, dict) else {}, defaults={})
    feed = replace(config, raw=feed if isinstance(feed, dict) else {}, defaults={})
    dims["kv_heads"] = attend.first(("kv_n_heads",))
    dims["experts"], dims["experts_per_token"] = feed.first(("moe_num_experts",)), feed.first(("moe_top_k",))
    dims["expert_ffn"] = feed.first(("ffn_hidden_size",))
    dims.pop("ffn", None)


def _local_layers(config: Config, dims: Dims) -> None:
    """Every second layer within a window of 256 tokens (GPT-Neo)."""
    dims["window"] = config.first(("window_size",))
    kinds = config.raw.get("attention_layers")
    if isinstance(kinds, list) and len(kinds) == dims["layers"]:
        dims["pattern"] = "".join("W" if one == "local" else "*" for one in kinds)


def _tables_after(config: Config, dims: Dims) -> None:
    """Learned positions, with the two rows before them that fairseq leaves free."""
    dims["positions"] = dims.pop("max_positions", 1024) + 2


def _pictured(config: Config, dims: Dims) -> None:
    """Layers that attend to a picture, beside those of the text (Llama 3.2 Vision)."""
    at = config.raw.get("cross_attention_layers")
    if not isinstance(at, list) or not all(isinstance(one, int) for one in at):
        config.refuse("cross_attention_layers is missing; a mllama model needs it")
    dims["pattern"] = "".join("C" if i in at else "*" for i in range(dims["layers"]))


def _shortcut(config: Config, dims: Dims) -> None:
    """Attention and dense layers twice, experts beside the second; some do nothing (LongCat)."""
    dims["layers"] *= 2
    count, idle = config.first(("n_routed_experts",)), config.optional("zero_expert_num", least=0) or 0
    chosen = config.first(("moe_topk",))
    dims["feeds"], dims["experts"] = "-E", count
    # Of those chosen this many are experts with weights, on average.
    dims["experts_per_token"] = max(round(chosen * count / (count + idle)), 1)
    dims["expert_ffn"] = config.first(("expert_ffn_hidden_size", "moe_intermediate_size"))
    dims["ffn"] = dims["shared_ffn"] = config.first(("ffn_hidden_size", "intermediate_size"))


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "experts": _experts, "wide_ffn": _wide_ffn, "learned_positions": _learned_positions, "opt": _opt,
    "falcon": _falcon, "mpt": _mpt, "stablelm": _stablelm, "llama4": _llama4, "dbrx": _dbrx,
    "local_layers": _local_layers, "tables_after": _tables_after, "pictured": _pictured,
    "shortcut": _shortcut,
}  # fmt: skip
