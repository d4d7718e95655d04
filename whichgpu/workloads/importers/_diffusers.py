"""Parts of diffusion pipelines as Diffusers describes them: a config.json with `_class_name`.

A denoiser or an autoencoder becomes a workload of its own; which tables a class gives is below, and the
denoisers' own docstrings (`whichgpu/workloads/diffusion/`) say what the dimensions mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from whichgpu.errors import UsageError
from whichgpu.workloads.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Raw = Mapping[str, Any]

_LARGEST = 10**7
#: Tokens of text that a denoiser sees where its file does not say, by class.
_CLIP, _SD3, _T5 = 77, 333, 512


class Fields:
    """The fields of one file; raises `UsageError` naming the one at fault."""

    def __init__(self, raw: Raw, where: str) -> None:
        self.raw, self.where = raw, where

    def refuse(self, said: str) -> NoReturn:
        raise UsageError(f"{self.where}: {said}")

    def whole(self, name: str, default: int | None = None) -> int:
        value = self.raw.get(name)
        value = default if value is None else value
        if value is None:
            self._missing(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _LARGEST:
            self.refuse(f"{name} is {value!r}, where a whole number from 1 is expected")
        return value

    def _missing(self, name: str) -> NoReturn:
        self.refuse(f"{name} is missing; {self.raw['_class_name']}, a part of a diffusion pipeline, needs it")

    def row(self, name: str, count: int = 0, default: Any = None) -> list[Any]:
        """A row; a single number stands for `count` of them."""
        value = self.raw.get(name)
        value = default if value is None else value
        if value is None:
            self._missing(name)
        if count and isinstance(value, int) and not isinstance(value, bool):
            value = [value] * count
        if not isinstance(value, list) or not value or (count and len(value) != count):
            self.refuse(f"{name} is {value!r}, where a row of {count or 'some'} is expected")
        return value

    def wholes(self, name: str, count: int = 0, default: Any = None) -> list[int]:
        values = self.row(name, count, default)
        for value in values:
            if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _LARGEST:
                self.refuse(f"{name} holds {value!r}, where whole numbers from 1 are expected")
        return values


def read_part(raw: Raw, source: str, name: str) -> Workload:
    """The workload of one part."""
    dims = part_of(raw, source)
    side = dims.pop("side", 512)
    dims["source"] = f"config.json of {name}"
    return Workload(id=source, name=name, family="diffusion_part", dims=dims, aliases=(),
                    defaults={"all": {"height": float(side), "width": float(side)}})  # fmt: skip


def part_of(raw: Raw, where: str) -> dict[str, Any]:
    """The tables of one part; raises `UsageError` for a class that is not known."""
    kind = str(raw.get("_class_name", "not stated"))
    made = _CLASSES.get(kind)
    if made is None:
        raise UsageError(
            f"{where}: a part of a diffusion pipeline of class {kind}; imported are {', '.join(_CLASSES)}. "
            "Whole pipelines: whichgpu workloads"
        )
    return made(Fields(raw, where))


def _unet(fields: Fields) -> dict[str, Any]:
    """Stable Diffusion 1, 2 and XL."""
    widths = fields.wholes("block_out_channels")
    count = len(widths)
    down, up = fields.row("down_block_types", count), fields.row("up_block_types", count)
    depths = fields.wholes("transformer_layers_per_block", count, 1)
    channels = fields.whole("in_channels", 4)
    # The field is called a width, and is how many heads there are.
    heads = "num_attention_heads" if fields.raw.get("num_attention_heads") else "attention_head_dim"
    part: dict[str, Any] = {
        "kind": "unet", "module": "unet", "widths": widths, "blocks": fields.whole("layers_per_block", 2),
        "heads": fields.wholes(heads, count, 8),
        "depth": [one * ("CrossAttn" in str(kind)) for one, kind in zip(depths, down, strict=True)],
        "depth_up": [
            one * ("CrossAttn" in str(kind)) for one, kind in zip(depths, reversed(up), strict=True)
        ],
        "depth_middle": depths[-1], "text_tokens": _CLIP, "text_width": fields.whole("cross_attention_dim"),
        "in_channels": channels,
    }  # fmt: skip
    if fields.raw.get("addition_embed_type") == "text_time":
        part["added"] = fields.whole("projection_class_embeddings_input_dim")
    out = fields.whole("out_channels", 4)
    return {"denoiser": part, "channels": out, "side": 8 * fields.whole("sample_size", 64)}


def _transformer(fields: Fields, kind: str, **more: Any) -> dict[str, Any]:
    heads = fields.whole("num_attention_heads")
    hidden = heads * fields.whole("attention_head_dim")
    return {"kind": kind, "module": "transformer", "heads": heads, "hidden": hidden, **more}


def _flux(fields: Fields) -> dict[str, Any]:
    """FLUX.1: a token of the latent holds 2 x 2 of its positions."""
    part = _transformer(
        fields, "flux", double=fields.whole("num_layers"), single=fields.whole("num_single_layers"), patch=2,
        text_tokens=_T5, text_width=fields.whole("joint_attention_dim"),
        pooled=fields.whole("pooled_projection_dim"),
        embeds_guidance=fields.raw.get("guidance_embeds") is True,
    )  # fmt: skip
    return {"denoiser": part, "channels": fields.whole("in_channels", 64) // 4, "side": 1024}


def _sd3(fields: Fields) -> dict[str, Any]:
    """Stable Diffusion 3 and 3.5."""
    dual = fields.raw.get("dual_attention_layers") or []
    part = _transformer(
        fields, "mmdit", layers=fields.whole("num_layers"), patch=fields.whole("patch_size", 2),
        text_tokens=_SD3, text_width=fields.whole("joint_attention_dim"),
        pooled=fields.whole("pooled_projection_dim"), dual_layers=len(dual),
        qk_norm=bool(fields.raw.get("qk_norm")),
    )  # fmt: skip
    side = 8 * fields.whole("sample_size", 128)
    return {"denoiser": part, "channels": fields.whole("in_channels", 16), "side": side}


def _pixart(fields: Fields) -> dict[str, Any]:
    """PixArt-alpha and -Sigma."""
    part = _transformer(
        fields, "pixart", layers=fields.whole("num_layers"), patch=fields.whole("patch_size", 2),
        out_channels=fields.whole("out_channels", 8), text_width=fields.whole("caption_channels", 4096),
        text_tokens=300,
    )  # fmt: skip
    side = 8 * fields.whole("sample_size", 128)
    part["ffn"] = 4 * part["hidden"]
    return {"denoiser": part, "channels": fields.whole("in_channels", 4), "side": side}


def _wan(fields: Fields) -> dict[str, Any]:
    """Wan 2.1 and 2.2: a latent of 21 frames makes 81."""
    part = _transformer(
        fields, "wan", layers=fields.whole("num_layers"), ffn=fields.whole("ffn_dim"),
        patch=fields.wholes("patch_size", 3, [1, 2, 2])[-1], text_tokens=_T5,
        text_width=fields.whole("text_dim", 4096),
    )  # fmt: skip
    return {"denoiser": part, "channels": fields.whole("in_channels", 16), "side": 480, "frames": 21.0,
            "unit": "videos"}  # fmt: skip


def _autoencoder(fields: Fields) -> dict[str, Any]:
    """The autoencoder of pictures that most pipelines have."""
    widths, channels = fields.wholes("block_out_channels"), fields.whole("latent_channels", 4)
    part = {"kind": "kl", "module": "vae", "widths": widths, "blocks": fields.whole("layers_per_block", 1),
            "latent_channels": channels,
            "quantisation": fields.raw.get("use_quant_conv") is not False}  # fmt: skip
    side = fields.whole("sample_size", 512)
    return {"vae": part, "channels": channels, "factor": 2 ** (len(widths) - 1), "side": side}


_CLASSES: Mapping[str, Callable[[Fields], dict[str, Any]]] = {
    "UNet2DConditionModel": _unet, "FluxTransformer2DModel": _flux, "SD3Transformer2DModel": _sd3,
    "PixArtTransformer2DModel": _pixart, "WanTransformer3DModel": _wan, "AutoencoderKL": _autoencoder,
}  # fmt: skip
