"""What a config.json says of networks that end in masks or in boxes of what a text names, over Swin or Hiera.

Mask2Former (Cheng et al., "Masked-attention Mask Transformer"), Grounding DINO (Liu et al., "Grounding
DINO"), SAM 2 (Ravi et al., "SAM 2"). Points that deformable attention samples are read, not multiplied.
Letters: D width, S positions of all maps, Q queries.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu.workloads.importers._hf_parts import Parts, labels, says
from whichgpu.workloads.importers._hf_writers import windowed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from whichgpu.workloads.importers._hf_config import Config, Dims
    from whichgpu.workloads.importers._hf_parts import Rows, Sizes

#: Pictures as the processors of the Hub make them, and tokens of a text that names things.
_MASKS, _BOXES, _SAM, _WORDS = (384, 384), (800, 1344), (1024, 1024), 16.0


def _swin(config: Config, parts: Parts, picture: tuple[int, int]) -> list[tuple[list[float], int]]:
    """Swin's stages over a picture, a norm behind each of those that are read: rows and width of each."""
    inner = config.raw.get("backbone_config")
    if not isinstance(inner, dict) or inner.get("model_type", "swin") != "swin":
        kind = inner.get("model_type") if isinstance(inner, dict) else inner
        config.refuse(f"backbone_config is of {kind!r}, where swin is imported; write its backbone_config")
    backbone = replace(config, where=f"{config.where}: backbone_config", kind="swin",
                       raw={**inner, "image_size": list(picture)}, defaults=_SWIN)  # fmt: skip
    windowed(backbone, parts)
    width, step = backbone.first(("embed_dim",)), backbone.first(("patch_size",))
    stages = len(backbone.sizes("depths"))
    found = []
    for stage in range(stages):
        rows = [0.0, picture[0] * picture[1] / float(step * 2**stage) ** 2]
        found.append((rows, width * 2**stage))
    named = inner.get("out_features") or [f"stage{i + 1}" for i in range(stages)]
    if not isinstance(named, list):
        config.refuse(f"out_features is {named!r}, where names of stages are expected")
    read = [one for i, one in enumerate(found) if f"stage{i + 1}" in named]
    parts.norm("last_norm", *found[-1])
    for rows, wide in read:
        parts.norm("stage_norm", rows, wide)
    return read


_SWIN = {"embed_dim": 96, "patch_size": 4, "window_size": 7, "depths": [2, 2, 6, 2],
         "num_heads": [3, 6, 12, 24]}  # fmt: skip


def _sampled(parts: Parts, name: str, rows: Rows, keys: Rows, sizes: Sizes, *, points: int) -> None:
    """Deformable attention: values of S positions, `points` of all maps a head, weighed; feed-forward."""
    count, width, heads, ffn = sizes
    parts.dense(f"{name}_values", keys, width, width, count=count)
    parts.dense(f"{name}_places", rows, width, 3 * heads * points, count=count)
    parts.dense(f"{name}_out", rows, width, width, count=count)
    parts.layers(name, rows, (count, width, 0, ffn), norms=2 if ffn else 1)


def _join(parts: Parts, maps: Sequence[tuple[list[float], int]], width: int) -> None:
    """Maps brought to one width, each normed by groups."""
    for rows, inputs in maps:
        parts.conv("join", rows, inputs, width, 1)
        parts.norm("join_norm", rows, width)


def _masks(config: Config, dims: Dims) -> None:
    """Queries that attend to three maps in turn, a mask and a class from each (Mask2Former)."""
    parts = Parts()
    maps = _swin(config, parts, _MASKS)
    if len(maps) != 4:
        config.refuse(f"out_features names {len(maps)} stages, where 4 are imported")
    width, heads = config.first(("feature_size",)), config.first(("num_attention_heads",))
    _join(parts, maps[:0:-1], width)
    every = [0.0, sum(rows[1] for rows, _ in maps[1:])]
    sizes = (config.first(("encoder_layers",)), width, heads, config.first(("encoder_feedforward_dim",)))
    _sampled(parts, "pixels", every, every, sizes, points=12)
    parts.values("levels", 3 * width)
    fine, inputs = maps[0]
    parts.conv("fine_in", fine, inputs, width, 1, bias=False)
    parts.conv("fine", fine, width, width, 9, bias=False)
    parts.values("fine_norms", 4 * width)
    masked = config.first(("mask_feature_size",))
    parts.conv("mask_features", fine, width, masked, 1)
    hidden, queries = config.first(("hidden_dim",)), float(config.first(("num_queries",)))
    layers = config.first(("decoder_layers",)) - 1
    for rows, _ in maps[1:]:
        if hidden != width:
            parts.conv("decoder_in", rows, width, hidden, 1)
    parts.values("queries", int(2 * queries + 3) * hidden, queries, hidden)
    # Each layer reads one of the three maps; here the mean of them.
    parts.layers("crossing", queries, (layers, hidden, heads, 0), keys=[0.0, every[1] / 3.0], norms=1)
    parts.layers("decoder", queries, (layers, hidden, heads, config.first(("dim_feedforward",))))
    parts.norm("decoder_norm", queries, hidden)
    # Masks are made before the first layer and behind each, by the same weights.
    parts.rows.append({"kind": "dense", "name": "mask_queries", "rows": queries, "inputs": hidden,
                       "outputs": hidden, "count": 3, "repeats": layers + 1})  # fmt: skip
    parts.attention("masks", layers + 1, queries, masked, 1, keys=[0.0, fine[1] / 2.0])
    parts.rows.append({"kind": "masks", "rows": fine, "queries": queries, "layers": layers + 1, "points": 16})
    if says(config, "ForUniversalSegmentation"):
        parts.rows.append({"kind": "dense", "name": "classes", "rows": queries, "inputs": hidden,
                           "outputs": labels(config) + 1, "repeats": layers + 1})  # fmt: skip
    _give(parts, dims, _MASKS)


def _grounded(config: Config, dims: Dims) -> None:
    """A text and four maps that read each other, and queries that read both (Grounding DINO)."""
    parts = Parts()
    maps = _swin(config, parts, _BOXES)
    width, heads = config.first(("d_model",)), config.first(("encoder_attention_heads",))
    text = config.part("text_config")
    read = text.first(("hidden_size",))
    sizes = (text.first(("num_hidden_layers",)), read, text.first(("num_attention_heads",)),
             text.first(("intermediate_size",)))  # fmt: skip
    for name in ("vocab_size", "max_position_embeddings", "type_vocab_size"):
        parts.table(name, text.first((name,)), read, _WORDS)
    parts.norm("words_norm", _WORDS, read)
    parts.layers("text", _WORDS, sizes)
    parts.dense("text_join", _WORDS, read, width)
    _join(parts, maps, width)
    for _ in range(config.first(("num_feature_levels",)) - len(maps)):
        rows = [0.0, maps[-1][0][1] / 4.0]
        parts.conv("coarser", rows, maps[-1][1], width, 9)
        parts.norm("join_norm", rows, width)
        maps = [*maps, (rows, width)]
    every = [0.0, sum(rows[1] for rows, _ in maps)]
    layers, ffn = config.first(("encoder_layers",)), config.first(("encoder_ffn_dim",))
    inner, points = ffn // 2, len(maps) * config.first(("encoder_n_points",))
    _fused(parts, every, (layers, width, heads // 2, inner))
    parts.layers("words_encoder", _WORDS, (layers, width, heads // 2, inner))
    _sampled(parts, "pixels", every, every, (layers, width, heads, ffn), points=points)
    parts.perceptron("proposals", every, width, width, width, 4)
    parts.dense("chosen", every, width, width)
    parts.norm("chosen_norm", every, width)
    parts.attention("scores", 1, every, width, 1, keys=_WORDS / 2.0)
    _named_queries(config, parts, every, width, len(maps))
    parts.values("levels", len(maps) * width)
    _give(parts, dims, _BOXES)


def _fused(parts: Parts, every: Rows, sizes: Sizes) -> None:
    """Positions attend to words and words to positions, by one set of scores."""
    layers, width, heads, inner = sizes
    parts.norm("fusion_norm", every, width, values=2 * width * layers)
    parts.norm("fusion_norm", _WORDS, width, values=2 * width * layers)
    for name, rows in (("pixels", every), ("words", _WORDS)):
        parts.dense(f"fusion_{name}", rows, width, 2 * inner, count=layers)
        parts.dense(f"fusion_{name}_out", rows, inner, width, count=layers)
    # Scores once, values both ways.
    parts.attention("fusion", layers, every, inner, heads, keys=_WORDS * 1.5)
    parts.values("fusion_scales", 2 * width * layers)


def _named_queries(config: Config, parts: Parts, every: Rows, width: int, maps: int) -> None:
    """Queries that attend to each other, to words, to points of the maps; a box of each."""
    queries, heads = float(config.first(("num_queries",))), config.first(("decoder_attention_heads",))
    layers, ffn = config.first(("decoder_layers",)), config.first(("decoder_ffn_dim",))
    parts.values("queries", int(queries) * width, queries, width)
    parts.layers("decoder", queries, (layers, width, heads, 0), norms=1)
    parts.layers("decoder_words", queries, (layers, width, heads, 0), keys=_WORDS, norms=1)
    points = maps * config.first(("decoder_n_points",))
    _sampled(parts, "decoder_pixels", queries, every, (layers, width, heads, ffn), points=points)
    parts.norm("decoder_norm", queries, width)
    for inputs in (2 * width, width):
        parts.rows.append({"kind": "dense", "name": "places", "rows": queries, "inputs": inputs,
                           "outputs": width, "repeats": layers})  # fmt: skip
    if says(config, "ForObjectDetection"):
        shared = config.value("decoder_bbox_embed_share") is not False
        more = {"repeats": layers} if shared else {"count": layers}
        for inputs, outputs in ((width, width), (width, width), (width, 4)):
            parts.rows.append({"kind": "dense", "name": "boxes", "rows": queries, "inputs": inputs,
                               "outputs": outputs, **more})  # fmt: skip


def _segment_anything(config: Config, dims: Dims) -> None:
    """Hiera's stages, maps at one width, a decoder that reads a point (SAM 2); no memory of films."""
    parts = Parts()
    neck = config.part("vision_config")
    stated = neck.raw.get("backbone_config", {})
    if not isinstance(stated, dict):
        neck.refuse(f"backbone_config is {stated!r}, where a table is expected")
    inner = replace(neck, where=f"{neck.where}: backbone_config", kind="sam2_hiera_det_model", raw=stated,
                    defaults=_HIERA)  # fmt: skip
    widths, layers = inner.sizes("embed_dim_per_stage"), inner.sizes("blocks_per_stage", 4)
    windows, heads = inner.sizes("window_size_per_stage", 4), inner.sizes("num_attention_heads_per_stage", 4)
    if len(widths) != 4:
        inner.refuse(f"embed_dim_per_stage has {len(widths)} values, where 4 are expected")
    everywhere = inner.sizes("global_attention_blocks")
    background = inner.sizes("window_positional_embedding_background_size", 2)
    rows = _SAM[0] * _SAM[1] / 16.0
    parts.conv("patches", [0.0, rows], 3 * 49, widths[0], 1)
    parts.values(
        "positions", widths[0] * (background[0] * background[1] + windows[0] ** 2), [0.0, rows], widths[0]
    )
    number = 0
    for stage, (width, every) in enumerate(zip(widths, layers, strict=True)):
        count = every - bool(stage)
        if stage:
            _halved(parts, rows, (widths[stage - 1], width), heads[stage], windows[stage - 1])
            rows, number = rows / 4.0, number + 1
        whole = sum(number <= one < number + count for one in everywhere)
        padded = [0.0, _padded(rows, windows[stage])]
        parts.layers("windows", padded, (count - whole, width, heads[stage], 0), norms=1,
                     together=float(windows[stage] ** 2))  # fmt: skip
        parts.layers("everywhere", [0.0, rows], (whole, width, heads[stage], 0), norms=1)
        parts.layers("feed", [0.0, rows], (count, width, 0, 4 * width), norms=1)
        number += count
    hidden = neck.first(("fpn_hidden_size",))
    for level, width in enumerate(widths):
        parts.conv("neck", [0.0, _SAM[0] * _SAM[1] / 16.0 / 4.0**level], width, hidden, 1)
    _pointed(config.part("mask_decoder_config"), parts)
    _give(parts, dims, _SAM)


_HIERA = {
    "embed_dim_per_stage": [96, 192, 384, 768], "blocks_per_stage": [1, 2, 7, 2],
    "window_size_per_stage": [8, 4, 14, 7], "num_attention_heads_per_stage": [1, 2, 4, 8],
    "global_attention_blocks": [5, 7, 9], "window_positional_embedding_background_size": [7, 7],
}  # fmt: skip


def _padded(rows: float, window: int) -> float:
    """Positions of a square map of whole windows."""
    side = round(rows**0.5)
    return float((-(-side // window) * window) ** 2)


def _halved(parts: Parts, rows: float, widths: tuple[int, int], heads: int, window: int) -> None:
    """The first layer of a stage: queries are maxima of 2 x 2, the width changes."""
    inputs, width = widths
    padded, quarter = [0.0, _padded(rows, window)], [0.0, _padded(rows, window) / 4.0]
    parts.norm("halve_norm", [0.0, rows], inputs)
    parts.dense("halve_beside", [0.0, rows], inputs, width)
    parts.dense("halve_qkv", padded, inputs, 3 * width)
    parts.attention("halve", 1, quarter, width, heads, keys=window**2)
    parts.dense("halve_out", quarter, width, width)
    parts.layers("halve_feed", [0.0, rows / 4.0], (1, width, 0, 4 * width), norms=1)


def _pointed(decoder: Config, parts: Parts) -> None:
    """A point and six tokens read the picture and it reads them; four masks and their worth."""
    width, heads = decoder.first(("hidden_size",)), decoder.first(("num_attention_heads",))
    layers, ffn = decoder.first(("num_hidden_layers",)), decoder.first(("mlp_dim",))
    narrow = width // decoder.first(("attention_downsample_rate",))
    picture, tokens = [0.0, _SAM[0] * _SAM[1] / 256.0], 8.0
    # Prompts: a mask's three convolutions, kinds of points, tokens of masks and of what they are worth.
    parts.values("prompt", 4 * 4 + 4 + 8 + 16 * 4 * 4 + 16 + 32 + 16 * width + width + 8 * width)
    parts.values("tokens", 6 * width)
    parts.layers("decoder", tokens, (layers, width, heads, ffn))
    parts.layers("reads", tokens, (layers + 1, width, heads, 0), keys=picture, inner=narrow, norms=1)
    parts.layers("is_read", picture, (layers, width, heads, 0), keys=tokens, inner=narrow, norms=1)
    for inputs, outputs, times in ((width, width // 4, 4.0), (width // 4, width // 8, 16.0)):
        rows = [0.0, picture[1] * times]
        # Transposed, two wide at a step of two: each result is of one position.
        parts.conv("widen", rows, inputs, outputs, 1, bias=False)
        parts.values("widen_rest", 3 * inputs * outputs + outputs)
        parts.conv("fine", rows, width, outputs, 1)
    parts.norm("widen_norm", [0.0, picture[1] * 4.0], width // 4)
    masks = 1 + decoder.first(("num_multimask_outputs",))
    for outputs, count in ((width // 8, masks), (masks, 1), (1, 1)):
        for size in (width, width, outputs):
            parts.dense("masks", 1, width, size, count=count)


def _give(parts: Parts, dims: Dims, picture: tuple[int, int]) -> None:
    parts.give(dims, height=float(picture[0]), width=float(picture[1]))
    dims["picture"] = list(picture)


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "masks": _masks, "grounded": _grounded, "segment_anything": _segment_anything,
}  # fmt: skip
