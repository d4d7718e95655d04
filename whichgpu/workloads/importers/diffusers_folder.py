"""A folder of Diffusers: its model_index.json and the config.json of each part become one pipeline.

Nothing but the configurations is read. The denoisers and autoencoders are those of `_diffusers`; a text
encoder is read as the family of `whichgpu/workloads/diffusion/text.py` that it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads.importers import _diffusers as parts
from whichgpu.workloads.importers._files import MB, parse_json, read_bytes
from whichgpu.workloads.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importing import Given

    Raw = Mapping[str, Any]

_INDEX, _LARGEST = "model_index.json", 5 * MB
_DENOISERS = ("unet", "transformer")
#: What a pipeline does by default: scale of guidance and steps, by the denoiser's class.
_USUAL: Mapping[str, tuple[float, float]] = {
    "UNet2DConditionModel": (7.5, 50.0), "FluxTransformer2DModel": (3.5, 28.0),
    "SD3Transformer2DModel": (7.0, 28.0), "PixArtTransformer2DModel": (4.5, 20.0),
    "WanTransformer3DModel": (5.0, 50.0),
}  # fmt: skip
#: FLUX.1 schnell takes no scale, and few steps.
_SCHNELL = (0.0, 4.0)
#: The tower for pictures of CLIP ViT-L/14 with its projection, which the safety checker is.
_CHECKER = 303_981_588
#: Autoencoders whose sizes all pipelines share, with pixels and frames per position of the latent.
_SHARED = {"AutoencoderKLWan": {"part": "wan-vae"}}


def claims(source: str) -> bool:
    """A model_index.json, or the folder of one."""
    return Path(source).name == _INDEX or (Path(source).expanduser() / _INDEX).is_file()


def read(source: str, given: Given) -> Workload:
    """The pipeline; raises `UsageError` for a part that is missing or not known, with its name."""
    path = Path(source).expanduser()
    folder = path.parent if path.name == _INDEX else path
    index = parse_json(read_bytes(folder / _INDEX, _LARGEST, _INDEX), str(folder / _INDEX))
    held = [name for name, row in index.items() if _is_part(name, row)]
    name = next((one for one in _DENOISERS if one in held), "")
    if not name:
        raise UsageError(
            f"{folder / _INDEX}: it names no unet and no transformer; is it a pipeline of Diffusers?"
        )
    raw = _config(folder, name)
    made = parts.part_of(raw, f"{folder / name / 'config.json'}")
    kind = str(raw.get("_class_name"))
    vae, factors = _autoencoder(folder, held)
    scale, steps = (
        _SCHNELL if raw.get("guidance_embeds") is False and "Flux" in kind else _USUAL.get(kind, (7.5, 50.0))
    )
    dims: dict[str, Any] = {
        "denoiser": {**made["denoiser"], "module": name}, "vae": vae, "guidance": scale, **factors,
        "text": [_encoder(folder, one, made["denoiser"]) for one in held if one.startswith("text_encoder")],
        "source": f"model_index.json of {folder.resolve().name} and the config.json of its parts",
    }  # fmt: skip
    if made["denoiser"].get("embeds_guidance"):
        dims["embeds_guidance"] = True
    if "frames" in made:
        dims.update(unit="videos", guidance_in_turn=True, factor_frames=4)
        dims["frames"] = int(4 * (made["frames"] - 1) + 1)
    if "safety_checker" in held:
        dims["loaded_beside"] = _CHECKER
    side = float(made.get("side", 512))
    return Workload(
        id=source, name=str(index.get("_name_or_path") or folder.resolve().name), dims=dims, aliases=(),
        family="diffusion_unet" if name == "unet" else "diffusion_dit",
        defaults={"all": {"height": side, "width": 832.0 if "frames" in made else side},
                  "generate": {"steps": steps}},
    )  # fmt: skip


def _is_part(name: str, row: Any) -> bool:
    """Whether an entry is [library, class] of a folder here; one that is left out is [null, null]."""
    return isinstance(row, list) and len(row) == 2 and all(row) and Path(name).name == name


def _config(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name / "config.json"
    if not path.is_file():
        raise UsageError(
            f"{path}: missing, and model_index.json names it; download the pipeline's configurations"
        )
    return parse_json(read_bytes(path, _LARGEST, "config.json"), str(path))


def _autoencoder(folder: Path, held: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The autoencoder, and what the pipeline says of it."""
    if "vae" not in held:
        raise UsageError(f"{folder / _INDEX}: it names no vae; pipelines of a latent alone are imported")
    raw = _config(folder, "vae")
    shared = _SHARED.get(str(raw.get("_class_name")))
    if shared:
        return dict(shared), {}
    made = parts.part_of(raw, str(folder / "vae" / "config.json"))
    if "vae" not in made:
        raise UsageError(f"{folder / 'vae' / 'config.json'}: {raw.get('_class_name')} is no autoencoder")
    return made["vae"], {"factor": made["factor"], "upcasts": raw.get("force_upcast") is True}


def _encoder(folder: Path, name: str, denoiser: Raw) -> dict[str, Any]:
    """What turns the prompt into states; raises `UsageError` for a class that is not known."""
    raw = _config(folder, name)
    where = str(folder / name / "config.json")
    named = raw.get("architectures")
    kind = str(named[0]) if isinstance(named, list) and named else "not stated"
    reader = _ENCODERS.get(kind)
    if reader is None:
        raise UsageError(f"{where}: a text encoder of class {kind}; imported are {', '.join(_ENCODERS)}")
    fields = parts.Fields({"_class_name": kind, **raw}, where)
    return {**reader(fields, denoiser), "module": name}


def _clip(fields: parts.Fields, _denoiser: Raw) -> dict[str, Any]:
    made = {
        "kind": "clip", "layers": fields.whole("num_hidden_layers", 12),
        "hidden": fields.whole("hidden_size", 512), "heads": fields.whole("num_attention_heads", 8),
        "ffn": fields.whole("intermediate_size", 2048), "vocab": fields.whole("vocab_size", 49408),
        "tokens": fields.whole("max_position_embeddings", 77),
    }  # fmt: skip
    projects = "Projection" in str(fields.raw["_class_name"])
    return {**made, "projection": fields.whole("projection_dim", 512)} if projects else made


def _t5(fields: parts.Fields, denoiser: Raw) -> dict[str, Any]:
    """The encoder of T5 or UMT5, over as many tokens as the denoiser sees beside CLIP's."""
    umt5 = "UMT5" in str(fields.raw["_class_name"])
    tokens = int(denoiser["text_tokens"])
    made = {
        "kind": "language", "layers": fields.whole("num_layers"), "hidden": fields.whole("d_model"),
        "heads": fields.whole("num_heads"), "head_dim": fields.whole("d_kv", 64), "ffn": fields.whole("d_ff"),
        "vocab": fields.whole("vocab_size"), "buckets": fields.whole("relative_attention_num_buckets", 32),
        "tokens": tokens - 77 if denoiser.get("kind") == "mmdit" else tokens,
    }  # fmt: skip
    return {**made, "bias_per_layer": True} if umt5 else made


_ENCODERS: Mapping[str, Callable[[parts.Fields, Raw], dict[str, Any]]] = {
    **dict.fromkeys(("CLIPTextModel", "CLIPTextModelWithProjection"), _clip),
    **dict.fromkeys(("T5EncoderModel", "UMT5EncoderModel"), _t5),
}
