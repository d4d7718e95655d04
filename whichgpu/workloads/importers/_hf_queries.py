"""Learned queries between a vision tower and a text model: Q-Former and perceiver, as weights of a tower.

Letters: h width of the queries, w of the vision tower, D of the text model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.importers._hf_vision import stated

if TYPE_CHECKING:
    from collections.abc import Mapping


def queries(raw: Mapping[str, Any], width: int, text: int) -> tuple[int, int, int]:
    """Weights that work on patches, weights that work on queries, and how many queries; zeros without any."""
    for name, count in (("qformer_config", _qformer), ("perceiver_config", _perceiver)):
        part = raw.get(name)
        if isinstance(part, dict):
            return count(raw, part, width, text)
    if str(raw.get("model_type")) == "kosmos-2":
        return _latents(raw, width, text)
    return _resampler(raw, width, text) if stated(raw, "query_num") else (0, 0, 0)


def _latents(raw: Mapping[str, Any], width: int, text: int) -> tuple[int, int, int]:
    """Peng et al., "Kosmos-2": patches as wide as the text, one attention of latent queries over them."""
    tokens = stated(raw, "latent_query_num") or 64
    return (width + 1) * text + 2 * (text + 1) * text, 2 * (text + 1) * text + tokens * text, tokens


def _resampler(raw: Mapping[str, Any], width: int, text: int) -> tuple[int, int, int]:
    """Yao et al., "MiniCPM-V": patches as wide as the text, one attention of queries over them."""
    tokens = stated(raw, "query_num")
    reads = width * text + 2 * (text + 1) * text + 2 * text
    late = 2 * (text + 1) * text + text * text + 4 * text + tokens * text
    return reads, late, tokens


def _qformer(raw: Mapping[str, Any], part: Mapping[str, Any], width: int, text: int) -> tuple[int, int, int]:
    """Li et al., "BLIP-2": BERT whose every second layer reads the picture (InstructBLIP: words as well)."""
    h, ffn = stated(part, "hidden_size") or 768, stated(part, "intermediate_size") or 3072
    layers = stated(part, "num_hidden_layers") or 12
    seen = stated(part, "encoder_hidden_size") or width
    crossing = -(-layers // (stated(part, "cross_attention_frequency") or 2))
    tokens = stated(raw, "num_query_tokens") or 32
    own = layers * (4 * (h * h + h) + 2 * h) + crossing * (2 * (h * h + h) + 2 * h)
    feed = layers * (2 * h * ffn + ffn + h + 2 * h)
    reads = crossing * 2 * (seen * h + h)
    named = str(raw.get("model_type"))
    if "instruct" in named:
        # Words and their positions, and feed-forward layers of their own.
        words, positions = stated(part, "vocab_size") or 30522, stated(part, "max_position_embeddings") or 512
        feed += feed + (words + positions) * h
    late = own + feed + tokens * h + 2 * h + (h + 1) * text
    return reads, late, tokens


def _perceiver(
    raw: Mapping[str, Any], part: Mapping[str, Any], width: int, text: int
) -> tuple[int, int, int]:
    """Laurençon et al., "Idefics2": a gated projector, then layers of queries that read the patches."""
    inner = stated(part, "resampler_n_heads") * stated(part, "resampler_head_dim") or 16 * 96
    narrow = (stated(part, "num_key_value_heads") or 4) * (stated(part, "resampler_head_dim") or 96)
    depth, tokens = stated(part, "resampler_depth") or 3, stated(part, "resampler_n_latents") or 64
    wide = stated(raw.get("text_config") or {}, "intermediate_size") or 14336
    reads = 2 * width * wide + wide * text + depth * 2 * text * narrow
    late = depth * (2 * text * inner + 3 * text * 4 * text + 3 * text) + tokens * text + text
    return reads, late, tokens
