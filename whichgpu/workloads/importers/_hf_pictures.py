"""What a config.json says of models of pictures that are assembled, or of families under other names.

Letters: S patches of a picture, D width.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu.workloads.importers._hf_parts import Parts, labels, says

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config, Dims

_FRAME = 3


def sides(config: Config, name: str = "image_size") -> tuple[int, int]:
    """Height and width of a picture, from a number, a pair or a table."""
    value = config.value(name)
    if isinstance(value, dict):
        value = [value.get("height"), value.get("width")]
    if isinstance(value, list | tuple) and len(value) == 2:
        whole = [one for one in value if isinstance(one, int) and 0 < one < 10**5]
        if len(whole) == 2:
            return whole[0], whole[1]
    side = config.first((name,))
    return side, side


def _sizes(config: Config) -> tuple[int, int, int, int]:
    """Layers, width, heads and inner width of a vision transformer."""
    layers, width = config.first(("num_hidden_layers",)), config.first(("hidden_size",))
    heads = config.first(("num_attention_heads",))
    ratio = config.value("mlp_ratio")
    stated = config.optional("intermediate_size")
    ffn = stated or int((ratio if isinstance(ratio, int | float) else 4) * width)
    if width % heads:
        config.refuse(f"hidden_size {width} is not a multiple of num_attention_heads {heads}")
    return layers, width, heads, ffn


def _vision(config: Config, dims: Dims) -> None:
    """A plain vision transformer with one thing of its own: tokens, tables, what it ends in."""
    parts = Parts()
    layers, width, heads, ffn = _sizes(config)
    (high, wide), side = sides(config), config.first(("patch_size",))
    frames = config.first(("num_frames",)) // config.first(("tubelet_size",)) if dims.get("video") else 1
    patches = frames * (high // side) * (wide // side)
    special = dims.pop("special", 1) + (config.optional("num_register_tokens", least=0) or 0)
    more = config.optional(dims.pop("queries", ""), least=0) or 0
    points = _FRAME * side**2 * (config.first(("tubelet_size",)) if dims.pop("video", False) else 1)
    # Of a masked autoencoder's patches the encoder sees those that are left.
    hidden = config.value("mask_ratio") if dims.pop("masked", False) else 0.0
    left = 1.0 - hidden if isinstance(hidden, float) and 0 <= hidden < 1 else 1.0
    rows = [float(special + more), patches * left]
    parts.conv("patches", [0.0, float(patches)], points, width, 1)
    table = patches * dims.pop("placed", 1) + (0 if dims.pop("bare", False) else special + more)
    parts.values("tokens", (special + more + dims.pop("masks", 0)) * width)
    parts.values("positions", table * width * (1 if dims.pop("learned", True) else 0), rows, width)
    middle = dims.pop("middle", False) and config.flag("use_mid_position_embeddings")
    if middle:
        parts.values("middle", (layers - 1) * table * width, rows, width)
    scale = 2 * width if dims.pop("layer_scale", False) else 0
    if config.value("key_bias") is False:
        scale -= width
    gated = config.flag("use_gated_mlp") or config.flag("use_swiglu_ffn")
    parts.layers(
        "layers",
        rows,
        (layers, width, heads, ffn),
        values=scale,
        gated=gated,
        query_bias=config.value("qkv_bias") is not False,
    )
    if dims.pop("final_norm", True):
        parts.norm("final_norm", rows, width)
    _ending(config, dims, parts, float(more), [rows[0], float(patches)])
    parts.give(dims, height=float(high), width=float(wide))
    dims["picture"] = [high, wide]


def _tubelets(config: Config, dims: Dims) -> None:
    """Patches over several frames, whose sides stand in one row (ViViT)."""
    depth, side, _ = config.sizes("tubelet_size", 3)
    dims["video"] = dims["pooled"] = True
    _vision(replace(config, raw={**config.raw, "tubelet_size": depth, "patch_size": side}), dims)


def _space_and_time(config: Config, dims: Dims) -> None:
    """Attention over the frames of one place, then over the places of one frame (TimeSformer)."""
    parts = Parts()
    layers, width, heads, ffn = _sizes(config)
    (high, wide), side, frames = sides(config), config.first(("patch_size",)), config.first(("num_frames",))
    patches = (high // side) * (wide // side)
    all_rows, rows = [1.0, float(frames * patches)], [0.0, float(frames * patches)]
    parts.conv("patches", rows, _FRAME * side**2, width, 1)
    parts.values("positions", (patches + 2 + frames) * width, all_rows, width)
    if str(config.value("attention_type")) == "divided_space_time":
        parts.layers("time", rows, (layers, width, heads, 0), norms=1, together=float(frames))
        parts.dense("time_out", rows, width, width, count=layers)
    # A class token for each frame attends, one goes on.
    parts.layers("space", [float(frames), float(frames * patches)], (layers, width, heads, 0), norms=1,
                 together=float(patches + 1))  # fmt: skip
    parts.layers("feed", all_rows, (layers, width, 0, ffn), norms=1)
    parts.norm("final_norm", all_rows, width)
    if says(config, "ForVideoClassification"):
        parts.dense("classes", 1, width, labels(config))
    parts.give(dims, height=float(high), width=float(wide))
    dims["unit"], dims["picture"] = "videos", [high, wide]


def _documents(config: Config, dims: Dims) -> None:
    """Words with their boxes, and patches of the page (LayoutLMv3)."""
    parts = Parts()
    layers, width, heads, ffn = _sizes(config)
    page, side, tokens = config.first(("input_size",)), config.first(("patch_size",)), 512.0
    patches = (page // side) ** 2
    rows = [tokens + 1.0, float(patches)]
    parts.table("words", config.first(("vocab_size",)), width, tokens)
    parts.table("positions", config.first(("max_position_embeddings",)), width, tokens)
    parts.table("types", config.optional("type_vocab_size", least=0) or 0, width, tokens)
    boxes = config.first(("max_2d_position_embeddings",))
    for name in ("coordinate_size", "coordinate_size", "shape_size", "shape_size"):
        parts.table(name.removesuffix("_size"), boxes, config.first((name,)), tokens)
    parts.conv("patches", [0.0, float(patches)], _FRAME * side**2, width, 1)
    parts.values("page_positions", (patches + 2) * width)
    parts.norm("norms", rows, width, count=3)
    parts.values(
        "distances", heads * (config.first(("rel_pos_bins",)) + 2 * config.first(("rel_2d_pos_bins",)))
    )
    parts.layers("layers", rows, (layers, width, heads, ffn))
    if says(config, "ForTokenClassification", "ForQuestionAnswering", "ForSequenceClassification"):
        parts.perceptron("classes", tokens, width, width, labels(config))
    parts.give(dims, height=float(page), width=float(page))
    dims["picture"] = [page, page]


def _ending(config: Config, dims: Dims, parts: Parts, queries: float, rows: list[float]) -> None:
    """Classes, boxes, or pictures again."""
    width = config.first(("hidden_size",))
    if says(config, "ForObjectDetection"):
        parts.perceptron("classes", queries, width, width, width, labels(config) + 1)
        parts.perceptron("boxes", queries, width, width, width, 4)
    elif says(config, "ForImageClassification", "ForVideoClassification", "ForAudioClassification"):
        parts.dense("classes", 1, width, labels(config))
    elif says(config, "ForPreTraining"):
        inner, points = config.first(("decoder_hidden_size",)), _FRAME * config.first(("patch_size",)) ** 2
        times = config.optional("tubelet_size") or 1
        parts.dense("widen", rows, width, inner, bias=times == 1)
        # What is masked, and places that are not learned.
        parts.values("mask", inner)
        if times == 1:
            parts.values("places", int(rows[0] + rows[1]) * inner)
        parts.layers(
            "decoder",
            rows,
            (
                config.first(("decoder_num_hidden_layers",)),
                inner,
                config.first(("decoder_num_attention_heads",)),
                config.first(("decoder_intermediate_size",)),
            ),
        )
        parts.norm("decoder_norm", rows, inner)
        parts.dense("pixels", rows, inner, points * times)
    elif dims.pop("pooled", False):
        parts.dense("pooler", 1, width, width)
    dims.pop("pooled", None)


def _spectrogram(config: Config, dims: Dims) -> None:
    """Overlapping patches of a spectrogram (AST)."""
    parts = Parts()
    layers, width, heads, ffn = _sizes(config)
    side, step = config.first(("patch_size",)), config.first(("time_stride",))
    frames, mels = config.first(("max_length",)), config.first(("num_mel_bins",))
    high = (mels - side) // config.first(("frequency_stride",)) + 1
    patches = high * ((frames - side) // step + 1)
    rows = [2.0, float(patches)]
    parts.conv("patches", [0.0, float(patches)], side**2, width, 1)
    parts.values("positions", (patches + 4) * width, rows, width)
    parts.layers("layers", rows, (layers, width, heads, ffn))
    parts.norm("final_norm", rows, width)
    if says(config, "Classification"):
        parts.norm("head_norm", 1, width)
        parts.dense("classes", 1, width, labels(config))
    parts.give(dims, seconds=frames / 100.0)
    dims["unit"] = "audio seconds"


def _efficientnet(config: Config, dims: Dims) -> None:
    """The rows of EfficientNet's table, widened and repeated."""
    names = ("kernel_sizes", "strides", "expand_ratios", "out_channels", "num_block_repeats")
    columns = [config.sizes(name) for name in names]
    if len({len(one) for one in columns}) > 1:
        config.refuse(f"{', '.join(names)} are of different lengths")
    dims["stages"] = [["inverted-se", *row] for row in zip(*columns, strict=True)]
    dims["stem"], dims["activation"] = config.sizes("in_channels")[0], "silu"
    dims["width"], dims["depth"] = config.factor("width_coefficient"), config.factor("depth_coefficient")
    dims["squeeze_input"] = config.factor("squeeze_expansion_ratio")
    dims["head"] = config.first(("hidden_dim",))
    dims["classes"] = 0 if says(config, "EfficientNetModel") else labels(config)
    dims["picture"] = list(sides(config))


#: MobileNet v2: expansion, channels, layers, stride (the paper, table 2).
_V2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
       (6, 320, 1, 1))  # fmt: skip


def _mobilenet(config: Config, dims: Dims) -> None:
    """MobileNet v1 and v2, as wide as `depth_multiplier` says."""
    wide = config.factor("depth_multiplier")
    dims["stem"], dims["width"], dims["depth"] = 32, wide, 1.0
    if config.kind == "mobilenet_v1":
        rows = (
            (64, 1),
            (128, 2),
            (128, 1),
            (256, 2),
            (256, 1),
            (512, 2),
            *((512, 1),) * 5,
            (1024, 2),
            (1024, 1),
        )
        dims["stages"] = [["separable", 3, stride, 1, out, 1] for out, stride in rows]
        dims["head"], dims["activation"] = 0, "relu"
    else:
        dims["stages"] = [["inverted", 3, stride, times, out, count] for times, out, count, stride in _V2]
        dims["head"], dims["activation"] = max(1280, math.ceil(1280 * wide / 8) * 8), "relu6"
    dims["classes"] = 0 if says(config, "V1Model", "V2Model") else labels(config)
    dims["picture"] = list(sides(config))


def _pools(config: Config, dims: Dims) -> None:
    """Pooling in place of attention (PoolFormer)."""
    dims["layers"] = config.sizes("depths")
    dims["widths"] = config.sizes("hidden_sizes", len(dims["layers"]))
    dims["mixers"], dims["version"] = ["pooling"] * len(dims["layers"]), 1
    dims["classes"] = 0 if says(config, "PoolFormerModel") else labels(config)


def _sam(config: Config, dims: Dims) -> None:
    """Segment Anything: its picture encoder; prompts and decoder are the same in all."""
    inner = config.part("vision_config")
    dims["layers"], dims["width"] = inner.first(("num_hidden_layers",)), inner.first(("hidden_size",))
    dims["heads"], dims["image"] = inner.first(("num_attention_heads",)), inner.first(("image_size",))
    dims["full_layers"] = len(inner.sizes("global_attn_indexes"))


def _dense_maps(config: Config, dims: Dims) -> None:
    """A vision transformer, maps of four of its layers, fused from small to large (DPT, Depth Anything)."""
    inner = config
    backbone = config.raw.get("backbone_config")
    if isinstance(backbone, dict):
        inner = replace(config, raw=backbone)
    layers, width, heads, ffn = _sizes(inner)
    (high, wide), side = sides(inner), inner.first(("patch_size",))
    widths, fused = config.sizes("neck_hidden_sizes", 4), config.first(("fusion_hidden_size",))
    patches, parts = (high // side) * (wide // side), Parts()
    rows = [1.0, float(patches)]
    parts.conv("patches", [0.0, float(patches)], _FRAME * side**2, width, 1)
    # DINOv2 keeps the token of what is masked, and scales each channel.
    parts.values("positions", (patches + 2 + (inner is not config)) * width, rows, width)
    scaled = 2 * width if inner is not config else 0
    parts.layers("layers", rows, (layers, width, heads, ffn), values=scaled)
    parts.norm("final_norm", rows, width)
    for place, out in enumerate(widths):
        size = [0.0, patches * 4.0 ** (2 - place)]
        if inner is config and config.value("readout_type") == "project":
            parts.dense("readout", rows, 2 * width, width)
        parts.conv("project", [0.0, float(patches)], width, out, 1)
        if place < 2:
            parts.conv("resize", [0.0, float(patches)], out, out * 16 // 4**place, 1, bias=False)
            parts.values("resize_bias", out)
        elif place == 3:
            parts.conv("resize", size, out, out, 9)
        parts.conv("even", size, out, fused, 9, bias=False)
        # The smallest is joined by none: one of its two halves is there and does not run.
        parts.conv("fuse", size, fused, fused, 9, count=4)
        parts.conv("fuse_out", [0.0, size[1] * 4], fused, fused, 1)
    whole = [0.0, patches * 64.0]
    if says(config, "ForDepthEstimation"):
        hidden = config.optional("head_hidden_size") or 32
        parts.conv("head", whole, fused, fused // 2, 9)
        parts.conv("head_fine", [0.0, float(high * wide)], fused // 2, hidden, 9)
        parts.conv("depth", [0.0, float(high * wide)], hidden, 1, 1)
    else:
        for _ in range(1 + config.flag("use_auxiliary_head")):
            parts.conv("head", whole, fused, fused, 9, bias=False)
            parts.values("head_norm", 2 * fused)
            parts.conv("classes", whole, fused, labels(config), 1)
    parts.give(dims, height=float(high), width=float(wide))
    dims["picture"] = [high, wide]


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "vision": _vision, "tubelets": _tubelets, "space_and_time": _space_and_time, "documents": _documents,
    "spectrogram": _spectrogram, "efficientnet": _efficientnet, "mobilenet": _mobilenet,
    "pools": _pools, "sam": _sam, "dense_maps": _dense_maps,
}  # fmt: skip
