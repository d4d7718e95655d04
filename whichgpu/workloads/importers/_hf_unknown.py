"""What is said of a config.json whose architecture is not known: the nearest one, and what it lacks."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads.importers._hf_config import Config, architecture, dimensions, fields_of, kinds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Fields that follow from others where a file has none of them.
_FOLLOWING = ("num_key_value_heads", "head_dim", "max_position_embeddings")
#: How much less alike than the best a type may be that could read the file.
_NEARLY = 0.2
#: Sizes that shape no model.
_PLAIN = ("chunk_size_feed_forward", "output_hidden_states")


def unknown(raw: Mapping[str, Any]) -> str:
    """What is said of an architecture that is not in the table: the nearest, and what it lacks."""
    name = _title(raw)
    if not name and not any(field in raw for field in ("hidden_size", "n_embd", "d_model")):
        return "neither model_type nor a size of a model is in it; is it the config.json of a model?"
    near = resembling(raw)
    lacks = [options[0] for options in _needed(near) if not any(one in raw for one in options)]
    missing = f"; for that it lacks {', '.join(lacks)}" if lacks else ""
    strange = [field for field in raw if _structural(field) and field not in _known_fields(near)][:6]
    more = f"; not understood: {', '.join(strange)}" if strange else ""
    return (
        f"architecture {name or 'without a name'} is not known; it resembles {near} most{missing}{more}. "
        f'Where it is built alike, write "model_type": "{near}" in a copy{_counted(raw)}'
    )


def _counted(raw: Mapping[str, Any]) -> str:
    """How a file that transformers may know is counted by its class."""
    typed = isinstance(raw.get("model_type"), str)
    return "; or count its class, where transformers has it: --from transformers:config.json" if typed else ""


def _title(raw: Mapping[str, Any]) -> str:
    names = raw.get("architectures")
    first = names[0] if isinstance(names, list) and names else ""
    kind = raw.get("model_type") or ""
    return " ".join(str(part) for part in (first, f"({kind})" if first and kind else kind) if part)


def resembling(raw: Mapping[str, Any]) -> str:
    """The known type that understands most of a configuration and finds most of what it needs in it.

    A like name counts as well, and llama is the first of equals. Of the best of one family the first that
    could read the file goes before one that would refuse it.
    """
    close = get_close_matches(str(raw.get("model_type", "")), kinds(), n=1, cutoff=0.7)
    stated = {field for field in raw if _structural(field)}

    def likeness(kind: str) -> tuple[float, bool]:
        understood = len(stated & _known_fields(kind)) / (len(stated) or 1)
        # Whatever a type puts where nothing stands: what is stated counts.
        needed = [one for one in fields_of(architecture(kind)["family"]).values() if one[0] not in _FOLLOWING]
        found = sum(any(one in raw for one in options) for options in needed) / (len(needed) or 1)
        return understood + found + 0.2 * (kind in close), kind == "llama"

    found = {kind: likeness(kind) for kind in kinds()}
    ranked = sorted(found, key=lambda kind: found[kind], reverse=True)
    if ranked[0] in close:
        return ranked[0]
    family, least = architecture(ranked[0])["family"], found[ranked[0]][0] - _NEARLY
    alike = (kind for kind in ranked if found[kind][0] >= least and architecture(kind)["family"] == family)
    return next((kind for kind in alike if _reads(kind, raw)), ranked[0])


def _reads(kind: str, raw: Mapping[str, Any]) -> bool:
    """Whether a file would be read as one of a type."""
    row = architecture(kind)
    try:
        dimensions(Config("", kind, raw, row["defaults"], row["fields"]))
    except UsageError:
        return False
    return True


def _needed(kind: str) -> list[Sequence[str]]:
    """The names of each field that a type cannot do without."""
    row = architecture(kind)
    return [
        options for options in fields_of(row["family"]).values()
        if not any(one in row["defaults"] for one in options)
        and options[0] not in _FOLLOWING
    ]  # fmt: skip


def _structural(field: str) -> bool:
    """Whether a field shapes the model."""
    words = (
        "size",
        "dim",
        "heads",
        "layer",
        "expert",
        "rank",
        "state",
        "kernel",
        "window",
        "n_embd",
        "n_inner",
    )
    shapes = any(word in field for word in words) and field not in _PLAIN
    return shapes and not field.endswith(("_id", "eps", "dropout", "_config"))


#: Fields that the readers look for, beside those in the table.
_FEATURES: Mapping[str, Sequence[str]] = {
    "experts": (
        "num_local_experts",
        "num_experts",
        "n_routed_experts",
        "num_experts_per_tok",
        "moe_intermediate_size",
        "n_shared_experts",
        "num_shared_experts",
        "shared_expert_intermediate_size",
        "mlp_layer_types",
        "first_k_dense_replace",
    ),
    "latent": ("kv_lora_rank", "q_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"),
    "windows": ("sliding_window", "layer_types", "max_window_layers"),
    "linear_attention": (
        "linear_num_key_heads",
        "linear_key_head_dim",
        "linear_num_value_heads",
        "linear_value_head_dim",
        "linear_conv_kernel_dim",
        "full_attention_interval",
    ),
    "nemotron_h": ("ssm_state_size", "mamba_num_heads", "mamba_head_dim", "n_groups"),
    "jamba": ("attn_layer_period", "attn_layer_offset", "expert_layer_period", "mamba_d_state"),
    "mamba": ("state_size", "conv_kernel", "time_step_rank"),
    "mamba2": ("state_size", "conv_kernel", "n_groups"),
    "hybrid": ("mamba_n_heads", "mamba_d_head", "mamba_d_state", "mamba_d_ssm", "layer_types"),
    "zamba": ("attention_hidden_size", "adapter_rank", "hybrid_layer_ids", "mamba_headdim"),
    "short_convolutions": ("block_ff_dim", "conv_L_cache", "conv_dim", "layer_types"),
    "griffin": ("lru_width", "attention_window_size"),
    "rwkv": ("attention_hidden_size", "head_size", "head_dim", "intermediate_size"),
    "channelwise": ("linear_head_dim", "linear_num_heads"),
    "compressed": ("q_lora_rank", "sliding_window", "index_head_dim", "qk_rope_head_dim", "o_lora_rank"),
    "borrowing": ("hidden_size_per_layer_input", "num_kv_shared_layers"),
    "alternating": ("laurel_rank",),
    "windowed_heads": ("v_head_dim", "swa_num_key_value_heads", "hybrid_layer_pattern"),
    "narrow_words": ("embedding_size",),
    "marian": ("decoder_attention_heads", "decoder_ffn_dim", "decoder_layers"),
    "stages": ("hidden_sizes",),
    "resnet": ("hidden_sizes", "embedding_size"),
    "regnet": ("hidden_sizes",),
    "swin": ("num_heads", "hidden_size", "num_layers"),
    "segformer": ("hidden_sizes", "decoder_hidden_size"),
    "waves": ("conv_dim", "conv_kernel", "num_feat_extract_layers"),
}


@cache
def _known_fields(kind: str) -> frozenset[str]:
    row = architecture(kind)
    names = [one for options in fields_of(row["family"]).values() for one in options]
    more = [one for feature in row.get("features", ()) for one in _FEATURES.get(feature, ())]
    return frozenset([*names, *more, *row["defaults"]])
