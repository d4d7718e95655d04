"""What a config.json says of detectors that end in queries: DETR and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config, Dims

#: Blocks of a ResNet by its name.
_RESNETS = {"resnet18": [2, 2, 2, 2], "resnet34": [3, 4, 6, 3], "resnet50": [3, 4, 6, 3],
            "resnet101": [3, 4, 23, 3]}  # fmt: skip
#: Those of them whose blocks are two convolutions.
_BASIC = ("resnet18", "resnet34")


def _backbone(config: Config) -> tuple[list[int], bool]:
    """Blocks of the ResNet in front, by its own configuration or by its name, and whether they are basic."""
    inner = config.raw.get("backbone_config")
    inner = inner if isinstance(inner, dict) else {}
    name = str(config.raw.get("backbone") or inner.get("backbone") or "resnet50")
    short = name.partition(".")[0].replace("_", "").replace("-", "")
    depths = inner.get("depths") or _RESNETS.get(short)
    if not isinstance(depths, list) or len(depths) != 4 or any(not isinstance(one, int) for one in depths):
        config.refuse(f"backbone is '{name}', where resnet50 or resnet101 is expected")
    return depths, inner.get("layer_type") == "basic" or (not inner.get("depths") and short in _BASIC)


def _plain(config: Config, dims: Dims) -> None:
    dims["layers"], basic = _backbone(config)
    if basic:
        config.refuse("a backbone of basic blocks (ResNet-18, -34) is not imported in front of it")
    dims["hidden"], dims["heads"] = config.first(("d_model",)), config.first(("encoder_attention_heads",))
    dims["ffn"] = config.first(("encoder_ffn_dim",))
    dims["encoder"], dims["decoder"] = config.first(("encoder_layers",)), config.first(("decoder_layers",))
    dims["queries"] = config.first(("num_queries",))


def _named(config: Config) -> int:
    """Labels of COCO with its gaps, where the file names none."""
    known = config.raw.get("id2label")
    return len(known) if isinstance(known, dict) and known else config.optional("num_labels") or 91


def _boxes(config: Config, dims: Dims) -> None:
    """DETR on a ResNet, with a class for no object."""
    _plain(config, dims)
    dims["classes"] = _named(config) + 1


def _conditional(config: Config, dims: Dims) -> None:
    """Queries whose place and content attend apart; no class for no object."""
    _plain(config, dims)
    dims["classes"], dims["conditional"] = _named(config), True


def _deformable(config: Config, dims: Dims) -> None:
    """Points of several maps instead of all of one."""
    _plain(config, dims)
    dims["classes"], dims["levels"] = _named(config), config.first(("num_feature_levels",))
    dims["points"] = config.first(("decoder_n_points",))
    if config.first(("encoder_n_points",)) != dims["points"]:
        config.refuse("encoder_n_points and decoder_n_points differ, which is not imported")
    dims["refined"], dims["staged"] = config.flag("with_box_refine"), config.flag("two_stage")


def _real_time(config: Config, dims: Dims) -> None:
    """RT-DETR on its ResNet, of three maps."""
    dims["layers"], basic = _backbone(config)
    if basic:
        dims["basic"] = True
    if config.first(("num_feature_levels",)) != 3 or config.first(("encoder_layers",)) != 1:
        config.refuse("num_feature_levels other than 3 or encoder_layers other than 1 are not imported")
    expansion = config.value("hidden_expansion")
    if not isinstance(expansion, int | float) or not 0 < expansion <= 8:
        config.refuse(f"hidden_expansion is {expansion!r}, where a number above 0 is expected")
    dims["encoder"], dims["encoder_ffn"] = (
        config.first(("encoder_hidden_dim",)),
        config.first(("encoder_ffn_dim",)),
    )
    dims["hidden"], dims["heads"] = config.first(("d_model",)), config.first(("decoder_attention_heads",))
    dims["ffn"], dims["decoder"] = config.first(("decoder_ffn_dim",)), config.first(("decoder_layers",))
    dims["queries"], dims["points"] = config.first(("num_queries",)), config.first(("decoder_n_points",))
    labels = config.raw.get("id2label")
    dims["classes"] = (
        len(labels) if isinstance(labels, dict) and labels else config.optional("num_labels") or 80
    )
    dims["expansion"] = float(expansion)


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "boxes": _boxes, "conditional": _conditional, "deformable": _deformable, "real_time": _real_time,
}  # fmt: skip
