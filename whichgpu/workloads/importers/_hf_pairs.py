"""What a config.json says of a picture and a text in two towers, and of captions written from a picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu.workloads.importers._hf_parts import Parts, labels, says
from whichgpu.workloads.importers._hf_pictures import sides

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config, Dims

_FRAME = 3
#: Tokens of a caption at which the rows of its writer stand.
_CAPTION = 32.0


def _tower(config: Config) -> tuple[int, int, int, int]:
    """Layers, width, heads and inner width."""
    names = ("num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size")
    layers, width, heads, ffn = (config.first((name,)) for name in names)
    if width % heads:
        config.refuse(f"hidden_size {width} is not a multiple of num_attention_heads {heads}")
    return layers, width, heads, ffn


def _patches(config: Config) -> int:
    (high, wide), side = sides(config), config.first(("patch_size",))
    return int(high // side) * int(wide // side)


def _clip_vision(config: Config, parts: Parts, *, norm_before: bool = True, patch_bias: bool = False) -> int:
    """CLIP's: a class token, learned positions, a norm on either side of the layers; returns its width."""
    layers, width, heads, ffn = _tower(config)
    patches, side = _patches(config), config.first(("patch_size",))
    rows = [1.0, float(patches)]
    parts.conv("patches", [0.0, float(patches)], _FRAME * side**2, width, 1, bias=patch_bias)
    parts.values("positions", (patches + 2) * width, rows, width)
    if norm_before:
        parts.norm("norm_before", rows, width)
    parts.layers("vision", rows, (layers, width, heads, ffn))
    parts.norm("norm_after", 1, width)
    return width


def _siglip_vision(config: Config, parts: Parts) -> int:
    """SigLIP's: no class token; attention in place of it at the end where `vision_use_head`: its width."""
    layers, width, heads, ffn = _tower(config)
    # SigLIP 2 with pictures of any shape states how many patches instead.
    several = config.optional("num_patches")
    patches, side = several or _patches(config), config.first(("patch_size",))
    rows = [0.0, float(patches)]
    parts.conv("patches", rows, _FRAME * side**2, width, 1)
    parts.values("positions", patches * width, rows, width)
    parts.layers("vision", rows, (layers, width, heads, ffn))
    parts.norm("norm_after", rows, width)
    if config.value("vision_use_head") is not False and not says(config, "ForImageClassification"):
        parts.layers("head", 1.0, (1, width, heads, ffn), keys=rows, norms=1, values=width)
    return width


def _text_tower(config: Config, parts: Parts, *, causal: bool = True) -> int:
    """Words and learned positions, layers, a norm: returns its width."""
    layers, width, heads, ffn = _tower(config)
    tokens = config.first(("max_position_embeddings",))
    parts.table("words", config.first(("vocab_size",)), width, tokens)
    parts.table("text_positions", tokens, width, tokens)
    parts.layers("text", float(tokens), (layers, width, heads, ffn), causal=causal)
    parts.norm("text_norm", tokens, width)
    return width


def _pair(config: Config, dims: Dims) -> None:
    """A picture and a text into one space: CLIP's kind (OWL-ViT, MetaCLIP 2), or SigLIP's."""
    parts = Parts()
    vision, text = config.part("vision_config"), config.part("text_config")
    high, wide = sides(vision) if vision.optional("num_patches") is None else (256, 256)
    if says(config, "ForImageClassification"):
        tower = _siglip_vision if config.kind.startswith("siglip") else _clip_vision
        parts.dense("classes", 1, tower(vision, parts), labels(config))
    elif config.kind.startswith("siglip"):
        _siglip_vision(vision, parts)
        width = _text_tower(text, parts, causal=False)
        parts.dense("text_projection", 1, width, text.optional("projection_size") or width)
        parts.values("temperature", 2)
    else:
        embedding = config.first(("projection_dim",))
        parts.dense("projection", 1, _clip_vision(vision, parts), embedding, bias=False)
        parts.dense("text_projection", 1, _text_tower(text, parts), embedding, bias=False)
        parts.values("temperature", 1)
    parts.give(dims, height=float(high), width=float(wide))
    dims["picture"] = [high, wide]


def _chinese_pair(config: Config, dims: Dims) -> None:
    """CLIP's tower for pictures beside BERT (Chinese-CLIP)."""
    parts = Parts()
    vision, text = config.part("vision_config"), config.part("text_config")
    embedding = config.first(("projection_dim",))
    parts.dense("projection", 1, _clip_vision(vision, parts), embedding, bias=False)
    layers, width, heads, ffn = _tower(text)
    tokens = 52.0
    parts.table("words", text.first(("vocab_size",)), width, tokens)
    parts.table("text_positions", text.first(("max_position_embeddings",)), width, tokens)
    parts.table("types", text.first(("type_vocab_size",)), width, tokens)
    parts.norm("embed_norm", tokens, width)
    parts.layers("text", tokens, (layers, width, heads, ffn))
    parts.dense("text_projection", 1, width, embedding, bias=False)
    parts.values("temperature", 1)
    high, wide = sides(vision)
    parts.give(dims, height=float(high), width=float(wide))
    dims["picture"] = [high, wide]


def _alone(config: Config, dims: Dims) -> None:
    """One tower of a pair; it may stand within the file of both."""
    parts = Parts()
    text = "text" in config.kind
    inner = config.raw.get("text_config" if text else "vision_config")
    if isinstance(inner, dict):
        config = replace(config, raw=inner)
    if text:
        width = _text_tower(config, parts, causal=config.kind.startswith("clip"))
        named = "WithProjection" in str(config.raw.get("architectures"))
        if config.kind.startswith("siglip") or named:
            parts.dense("projection", 1, width, config.optional("projection_dim") or width,
                        bias=config.kind.startswith("siglip"))  # fmt: skip
        parts.give(dims, seq_len=float(config.first(("max_position_embeddings",))))
        dims["unit"] = "sequences"
        return
    if config.kind.startswith("siglip"):
        _siglip_vision(config, parts)
    else:
        width = _clip_vision(config, parts)
        if "WithProjection" in str(config.raw.get("architectures")):
            parts.dense("projection", 1, width, config.first(("projection_dim",)), bias=False)
    high, wide = sides(config) if config.optional("num_patches") is None else (256, 256)
    parts.give(dims, height=float(high), width=float(wide))
    dims["picture"] = [high, wide]


def _scores(parts: Parts, rows: float, width: int, words: int, *, tied: bool = True) -> None:
    """BERT's head over words."""
    parts.dense("transform", rows, width, width)
    parts.norm("transform_norm", rows, width)
    parts.dense("scores", rows, width, words, bias=False, tied=tied)
    parts.values("scores_bias", words)


def _caption(config: Config, dims: Dims) -> None:
    """A picture read by a decoder in BERT's style (BLIP)."""
    parts = Parts()
    vision, text = config.part("vision_config"), config.part("text_config")
    inside = _clip_vision(vision, parts, norm_before=False, patch_bias=True)
    layers, width, heads, ffn = _tower(text)
    words = text.first(("vocab_size",))
    parts.writes(_CAPTION)
    parts.table("words", words, width, _CAPTION)
    parts.table("text_positions", text.first(("max_position_embeddings",)), width, _CAPTION)
    parts.norm("embed_norm", _CAPTION, width)
    parts.layers("self", _CAPTION, (layers, width, heads, 0), norms=1, causal=True)
    parts.layers(
        "crossing",
        _CAPTION,
        (layers, width, heads, ffn),
        keys=[1.0, float(_patches(vision))],
        key_width=inside,
    )
    _scores(parts, _CAPTION, width, words)
    high, wide = sides(vision)
    parts.give(dims, height=float(high), width=float(wide))
    dims["picture"] = [high, wide]


def _read_along(config: Config, dims: Dims) -> None:
    """Tokens of a picture before those of the caption, in one stack (GIT)."""
    parts = Parts()
    vision = config.part("vision_config")
    inside = _clip_vision(vision, parts)
    layers, width, heads, ffn = _tower(config)
    words, rows = config.first(("vocab_size",)), [_CAPTION + 1.0, float(_patches(vision))]
    seen = [1.0, rows[1]]
    parts.writes(_CAPTION)
    parts.writes(rows, _CAPTION)
    parts.dense("projection", seen, inside, width)
    parts.norm("projection_norm", seen, width)
    parts.table("words", words, width, _CAPTION)
    parts.table("text_positions", config.first(("max_position_embeddings",)), width, _CAPTION)
    parts.norm("embed_norm", _CAPTION, width)
    parts.layers("layers", rows, (layers, width, heads, ffn), causal=True)
    parts.dense("scores", rows, width, words)
    high, wide = sides(vision)
    parts.give(dims, height=float(high), width=float(wide))
    dims["picture"] = [high, wide]


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "pair": _pair, "chinese_pair": _chinese_pair, "alone": _alone, "caption": _caption,
    "read_along": _read_along,
}  # fmt: skip
