"""What a config.json says of networks of pictures in stages whose families the zoo has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads.importers._hf_pictures import sides

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config, Dims


def _per_stage(config: Config, dims: Dims, **names: str) -> None:
    """Rows of one number a stage, as many as there are depths."""
    dims["layers"] = config.sizes("depths")
    for name, field in names.items():
        dims[name] = config.sizes(field, len(dims["layers"]))


def _hiera(config: Config, dims: Dims) -> None:
    """Windows that are halved with the map, none where a stage sees all of it."""
    _per_stage(config, dims)
    dims["width"], dims["heads"] = config.first(("embed_dim",)), config.sizes("num_heads")[0]
    within, unit = config.value("masked_unit_attention"), config.sizes("masked_unit_size", 2)[0]
    if not isinstance(within, list | tuple) or len(within) != len(dims["layers"]):
        config.refuse(
            f"masked_unit_attention is {within!r}, where a value for each of the depths is expected"
        )
    dims["windows"] = [unit // 2**i if one else 0 for i, one in enumerate(within)]
    (high, wide), step = sides(config), config.sizes("patch_stride", 2)[0]
    if high != wide:
        config.refuse(f"image_size is {high} x {wide}, where a square is imported")
    dims["positions"], dims["picture"] = [high // step], [high, wide]


def _focalnet(config: Config, dims: Dims) -> None:
    """Context of several sizes around each position in place of attention."""
    _per_stage(config, dims, levels="focal_levels", windows="focal_windows")
    width, patch = config.first(("embed_dim",)), config.first(("patch_size",))
    dims["widths"] = [width * 2**i for i in range(len(dims["layers"]))]
    dims["down"] = [[patch, patch, 0]] + [[2, 2, 0]] * (len(dims["layers"]) - 1)
    if config.flag("use_conv_embed"):
        dims["down"] = [[7, 4, 2]] + [[3, 2, 1]] * (len(dims["layers"]) - 1)
    if config.flag("use_post_layernorm") or config.flag("use_post_layernorm_in_modulation"):
        config.refuse("norms behind the layers (use_post_layernorm) are not imported")
    dims["layer_scale"] = config.flag("use_layerscale")


def _pyramid(config: Config, dims: Dims) -> None:
    """Attention to a smaller map (PVT v2)."""
    _per_stage(config, dims, widths="hidden_sizes", heads="num_attention_heads", reductions="sr_ratios",
               ffn="mlp_ratios")  # fmt: skip
    dims["pooled"] = config.flag("linear_attention")


def _swiftformer(config: Config, dims: Dims) -> None:
    """One layer of additive attention at the end of each stage."""
    _per_stage(config, dims, widths="embed_dims")


def _levit(config: Config, dims: Dims) -> None:
    """Convolutions, then attention with biases of places."""
    _per_stage(config, dims, widths="hidden_sizes", heads="num_attention_heads")
    dims["key"], dims["image"] = config.sizes("key_dim")[0], sides(config)[0]
    dims["stem"], dims["activation"] = 4, "hardswish"
    dims["distilled"] = "Teacher" in str(config.raw.get("architectures"))


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "hiera": _hiera, "focalnet": _focalnet, "pyramid": _pyramid, "swiftformer": _swiftformer, "levit": _levit,
}  # fmt: skip
