"""The vision tower beside a text model in a config.json: its layers, and all weights of tower and projector.

Most are a plain vision transformer with two dense layers behind it. Towers that differ are told by the
`model_type` of their part, and counted as their classes in transformers are.
Letters: w width of the tower, D width of the text model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.values import immutable
from whichgpu.workloads.importers._hf_config import held

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config

#: Tokens of one picture where the file does not say, by the type of the whole model.
_TOKENS = {"gemma3": 256, "paligemma": 256}
#: Types whose projector is one dense layer.
_ONE_DENSE = ("gemma3", "paligemma")
#: Frames that a patch of a tower for videos spans.
_FRAMES = 2


@immutable
class Tower:
    """Sizes of a tower: side of a patch, patches, patches merged to a token each way, D and w."""

    layers: int
    width: int
    heads: int
    ffn: int
    patch: int
    patches: int
    merge: int
    text: int
    part: Mapping[str, Any]

    def layer(self, *, gated: bool, biases: bool = True, norm: int = 2) -> int:
        """Weights of one layer; `norm` values of each channel in a normalisation."""
        w, f = self.width, self.ffn
        attention = 4 * w * w + (4 * w if biases else 0)
        feed = (3 if gated else 2) * w * f + (((2 if gated else 1) * f + w) if biases else 0)
        return attention + feed + 2 * norm * w

    @property
    def merged(self) -> int:
        """Values of the patches that become one token."""
        return self.width * self.merge**2

    @property
    def pixels(self) -> int:
        """Values of one patch, of one frame."""
        return 3 * self.patch**2


def vision_part(raw: Mapping[str, Any], config: Config, dims: Mapping[str, Any]) -> dict[str, Any] | None:
    """The `vision` table of a decoder; None where the model has no tower that is understood."""
    part = raw.get("vision_config")
    named = raw.get("img_processor")
    if isinstance(named, dict) and part is None:
        part = held(str(named.get("model_name")), "") or None
    elif isinstance(raw.get("mm_vision_tower"), str):
        tower = held(raw["mm_vision_tower"], "")
        part = {**tower, "spatial_merge_size": 1} if tower else None
    elif config.raw is raw:
        return None
    if not isinstance(part, dict):
        return None
    part = {**held(str(raw.get("model_type")), "vision_config"), **part}
    kind = str(part.get("model_type", "")).removesuffix("_model")
    found = _sizes(raw, part, dims, kind)
    if found is None:
        return None
    if not found.patches:
        config.refuse(f"vision_config: image_size is smaller than patch_size {found.patch}")
    if any(isinstance(raw.get(name), dict) for name in ("qformer_config", "perceiver_config")) or _resampled(
        raw
    ):
        return _queried(raw, found)
    if _shuffled(raw):
        kind = "shuffled"
    elif kind == "siglip_vision" and str(raw.get("model_type")) in _ONE_DENSE:
        kind = str(raw["model_type"])
    gated = kind == "pixtral" or str(part.get("hidden_act", "")) == "silu"
    count = _COUNTS.get(kind, _plain)(found, gated)
    tokens = stated(raw, "mm_tokens_per_image", "image_seq_length") or _TOKENS.get(
        str(raw.get("model_type")), 0
    )
    # Llama 3.2 attends to the patches of all tiles, and has one token in their place.
    crossed = _tiles(part) * (found.patches + 1) if kind == "mllama_vision" else 0
    return {
        "parameters": count, "layers": found.layers, "hidden": found.width, "heads": found.heads,
        "ffn": found.ffn, "gated": gated, "patches": crossed or found.patches,
        "tokens": 1 if crossed else tokens or found.patches // found.merge**2,
        **({"attended": crossed} if crossed else {}),
    }  # fmt: skip


def _shuffled(raw: Mapping[str, Any]) -> bool:
    """Whether squares of patches become one token through a single dense layer (Idefics 3, SmolVLM)."""
    return str(raw.get("model_type")) in ("idefics3", "smolvlm")


def _resampled(raw: Mapping[str, Any]) -> bool:
    """Whether one layer of learned queries reads the patches (MiniCPM-V, Kosmos-2)."""
    return str(raw.get("model_type")) in ("minicpmv", "kosmos-2")


def _queried(raw: Mapping[str, Any], found: Tower) -> dict[str, Any]:
    """A tower that learned queries read; what they make is what the text model sees."""
    from whichgpu.workloads.importers._hf_queries import queries

    w = found.width
    reads, late, tokens = queries(raw, w, found.text)
    special = 1 if "qformer_config" in raw else 0
    stem = (found.pixels + 1) * w + (found.patches + 2 * special) * w + 2 * w
    return {
        "parameters": found.layers * found.layer(gated=False) + stem + reads + late, "layers": found.layers,
        "hidden": w, "heads": found.heads, "ffn": found.ffn, "patches": found.patches, "tokens": tokens,
        "late": late,
    }  # fmt: skip


def _sizes(
    raw: Mapping[str, Any], part: Mapping[str, Any], dims: Mapping[str, Any], kind: str
) -> Tower | None:
    layers = stated(part, "num_hidden_layers", "depth", "layers") + stated(part, "num_global_layers")
    # Where both stand, hidden_size is that of the text model.
    width = stated(part, "embed_dim", "hidden_size", "width")
    heads = stated(part, "num_attention_heads", "num_heads", "heads", "attention_heads")
    if not (layers and width and heads):
        return None
    ratio = part.get("mlp_ratio")
    ratio = ratio if isinstance(ratio, int | float) and 0 < ratio < 100 else 4
    ffn = stated(part, "intermediate_size", "mlp_dim") or int(ratio * width)
    if kind.startswith("glm") and stated(part, "out_hidden_size"):
        ffn = stated(part, "out_hidden_size")
    patch, image = stated(part, "patch_size") or 14, stated(part, "image_size") or 448
    merge = stated(part, "spatial_merge_size") or stated(raw, "spatial_merge_size") or 1
    if kind == "internvl_vision":
        merge = 2
    if _shuffled(raw):
        merge = stated(raw, "scale_factor") or 2
    return Tower(layers, width, heads, ffn, patch, (image // patch) ** 2, merge, dims["hidden"], part)


def stated(part: Mapping[str, Any], *names: str) -> int:
    """The first whole number among some fields, of a pair its first; 0 where none holds one."""
    for name in names:
        value = part.get(name)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**7:
            return value
    return 0


def _plain(tower: Tower, gated: bool) -> int:
    """CLIP's and SigLIP's: learned positions, and a projector of two layers."""
    w, text = tower.width, tower.text
    layer = tower.layer(gated=gated) - (tower.ffn if gated else 0)
    head = 0
    if tower.part.get("vision_use_head") is True:
        head = tower.layer(gated=False) - w + 2 * w
    stem = tower.pixels * w + (tower.patches + 1) * w
    return tower.layers * layer + stem + head + (tower.merged + 1) * text + (text + 1) * text


def _one_layer(tower: Tower, gated: bool) -> int:
    """SigLIP's without a head, and one dense layer without a bias over squares of patches."""
    w = tower.width
    stem = (tower.pixels + 1) * w + tower.patches * w + 2 * w
    return tower.layers * tower.layer(gated=gated) + stem + tower.merged * tower.text


def _gemma(tower: Tower, gated: bool) -> int:
    """SigLIP's without a head; a norm and one dense layer without a bias (Gemma 3)."""
    w = tower.width
    stem = (tower.pixels + 1) * w + tower.patches * w + 2 * w
    return tower.layers * tower.layer(gated=gated) + stem + w * tower.text + w


def _paligemma(tower: Tower, gated: bool) -> int:
    """The same with a bias, and no norm before it."""
    return _gemma(tower, gated) + tower.text - tower.width


def _pixtral(tower: Tower, gated: bool) -> int:
    """Rotary positions, no biases; patches merged by a dense layer where several make a token."""
    w, text = tower.width, tower.text
    merger = w + tower.merged * w if tower.merge > 1 else text + text
    return (
        tower.layers * tower.layer(gated=gated, biases=False, norm=1)
        + tower.pixels * w
        + w
        + merger
        + (w * text + text * text)
    )


def _internvl(tower: Tower, gated: bool) -> int:
    """A scale of each channel behind both halves, no biases of query, key and value unless said."""
    w, text = tower.width, tower.text
    layer = tower.layer(gated=gated) + 2 * w - (0 if tower.part.get("attention_bias") else 3 * w)
    stem = (tower.pixels + 1) * w + (tower.patches + 2) * w
    return tower.layers * layer + stem + 2 * tower.merged + (tower.merged + 1) * text + (text + 1) * text


def _qwen(tower: Tower, gated: bool, *, norm: int = 2, positions: int = 0, bias: int = 0) -> int:
    """Patches of two frames, rotary positions, a merger of two layers as wide as four patches."""
    w, merged = tower.width, tower.merged
    out = stated(tower.part, "out_hidden_size", "hidden_size") or tower.text
    merger = (merged + 1) * merged + (merged + 1) * out
    stem = _FRAMES * tower.pixels * w + bias * w + positions * w
    deep = tower.part.get("deepstack_visual_indexes")
    more = len(deep) * (2 * merged + merger) if isinstance(deep, list) else 0
    return tower.layers * tower.layer(gated=gated, norm=norm) + stem + norm * w + merger + more


def _qwen25(tower: Tower, gated: bool) -> int:
    return _qwen(tower, gated, norm=1)


def _qwen3(tower: Tower, gated: bool) -> int:
    return _qwen(tower, gated, positions=stated(tower.part, "num_position_embeddings"), bias=1)


def _glm(tower: Tower, gated: bool) -> int:
    """RMSNorm, no biases; merged by a convolution, then a gated perceptron of the stated width."""
    w, text, wide = tower.width, tower.text, stated(tower.part, "intermediate_size")
    layer = tower.layer(gated=gated, biases=bool(tower.part.get("attention_bias")), norm=1)
    stem = (_FRAMES * tower.pixels + 1) * w + tower.patches * w + 2 * w
    return tower.layers * layer + stem + (tower.merged + 1) * text + text * text + 2 * text + 3 * text * wide


def _mllama(tower: Tower, gated: bool) -> int:
    """Positions for each shape of tiles; gates of the layers that see all tiles; one dense layer behind."""
    w, f, part = tower.width, tower.ffn, tower.part
    shapes = part.get("supported_aspect_ratios")
    several = 1 + (len(shapes) if isinstance(shapes, list) else stated(part, "max_aspect_ratio_id") or 8)
    tiles, each = _tiles(part), (tower.patches + 1) * w
    layers = tower.layers * (4 * w * w + 2 * w * f + f + w + 4 * w) + 2 * stated(part, "num_global_layers")
    tables = each + 1 + several * tiles * each + 2 * (several * tiles * w + 1)
    out = stated(part, "vision_output_dim") or w
    return layers + tables + tower.pixels * w + w + 4 * w + (out + 1) * tower.text


def _tiles(part: Mapping[str, Any]) -> int:
    return stated(part, "max_num_tiles") or 4


_COUNTS: Mapping[str, Callable[[Tower, bool], int]] = {
    "gemma3": _gemma, "paligemma": _paligemma, "mllama_vision": _mllama,
    "qwen2_5_omni_vision_encoder": _qwen25, "shuffled": _one_layer,
    "pixtral": _pixtral, "internvl_vision": _internvl, "qwen2_vl": _qwen, "qwen2_vl_vision": _qwen,
    "qwen2_5_vl": _qwen25, "qwen2_5_vl_vision": _qwen25,
    **dict.fromkeys(("qwen3_vl", "qwen3_vl_vision", "qwen3_vl_moe", "qwen3_vl_moe_vision", "qwen3_5_vision",
                     "qwen3_5_moe_vision", "qwen3_5", "qwen3_5_moe"), _qwen3),
    **dict.fromkeys(("glm4v", "glm4v_vision", "glm4v_moe_vision", "glm4v_moe"), _glm),
}  # fmt: skip
