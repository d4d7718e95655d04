"""A diffusion pipeline: encode the condition, denoise a latent in steps, decode it to pixels.

Letters: B pictures or videos of a job, C channels, T frames, H W height and width of the latent.

`generate` runs the text encoders once, the denoiser `steps` times (with guidance for two samples each,
side by side or one after the other) and the decoder once; `train` is a training step of the denoiser
on latents and text states made beforehand.

Dimensions:
    `text`: tables of encoders, `part` naming one of `data/components.toml` (`module` its name here);
    `denoiser`: `kind`, `module` and what the kind's docstring lists;
    `vae`: `part`, or a table like one; `factor` pixels per latent position, 8, `factor_frames` 1;
    `frames`: of a video by default; `guidance`: the scale by default, 1 or less for one pass a step;
    `embeds_guidance`: the scale is an input, one pass a step whatever it is (distilled);
    `passes`: of a step under guidance, 2, or 3 where a picture guides beside the text (InstructPix2Pix);
    `guidance_in_turn`: those one after the other; `encodes`: the VAE's encoder runs as well;
    `control`: the channels (`hint`) of a ControlNet that runs beside a U-Net;
    `refined`: a second denoiser, which takes the last `share` of the steps;
    `prior`: a denoiser of picture embeddings that runs `steps` times before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import DataError, UsageError
from whichgpu.facts import store
from whichgpu.workloads.diffusion.autoencoders import AUTOENCODERS
from whichgpu.workloads.diffusion.denoisers import DENOISERS
from whichgpu.workloads.diffusion.shapes import Latent
from whichgpu.workloads.diffusion.text import ENCODERS
from whichgpu.workloads.diffusion.unet import controlled, steered
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.diffusion.shapes import Part
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision

#: Elementwise kernels of the sampler's update, guidance included.
UPDATES = 6


def forward(dims: Part, job: Job, rec: Recorder) -> None:
    """A batch of pictures or videos, or the denoiser's pass of a training step."""
    denoiser, x = dims["denoiser"], latent(dims, job)
    denoise = known(DENOISERS, denoiser)
    if job.trains:
        if "control" in dims:
            with rec.module("controlnet"):
                controlled(rec, {**denoiser, **dims["control"]}, x)
        with rec.module(denoiser["module"]):
            (steered if "control" in dims else denoise)(rec, denoiser, x)
        return
    passes = guided_passes(dims, job)
    for encoder in _loaded(dims, job):
        with rec.module(encoder["module"]), rec.stored_in(_encoder_format(job, rec)):
            prompts = 1.0 if encoder["kind"] == "clip_vision" else passes
            known(ENCODERS, encoder)(rec, encoder, prompts * job.batch)
    if "prior" in dims:
        _prior(dims["prior"], rec, passes * job.batch)
    side_by_side = 1.0 if dims.get("guidance_in_turn") else passes
    refined = dims.get("refined", {})
    for part, share in ((denoiser, 1.0 - refined.get("share", 0.0)), (refined, refined.get("share", 0.0))):
        if share:
            with rec.module(part["module"], repeats=(passes / side_by_side) * job.steps * share):
                known(DENOISERS, part)(rec, part, x._replace(batch=side_by_side * x.batch))
    if "control" in dims:
        with rec.module("controlnet", repeats=(passes / side_by_side) * job.steps):
            controlled(rec, {**denoiser, **dims["control"]}, x._replace(batch=side_by_side * x.batch))
    with rec.module("scheduler", repeats=job.steps):
        for _ in range(UPDATES):
            rec.pointwise(x.map.elements, reads=2.0, name="update")
    with rec.module("vae"):
        _vae(dims, rec, x, tiled=job.says("vae_tiling"))


def _loaded(dims: Part, job: Job) -> list[Part]:
    """The encoders that a job loads: not those `without` which it is (`text_encoder_3=None` of diffusers).

    The denoiser then reads zeros in the place of what they would have made (Stable Diffusion 3).
    """
    encoders = [component(table) for table in dims["text"]]
    out = {name.strip() for name in job.options.get("without", "").split(",") if name.strip()}
    known_ = [str(encoder["module"]) for encoder in encoders]
    if out - set(known_):
        raise UsageError(
            f"option without: '{', '.join(sorted(out - set(known_)))}' is no encoder of this pipeline; it "
            f"has {', '.join(known_)}"
        )
    return [encoder for encoder in encoders if encoder["module"] not in out]


def _vae(dims: Part, rec: Recorder, x: Latent, *, tiled: bool) -> None:
    """The decoder; the encoder as well where the pipeline starts from a picture, else only loaded."""
    part = component(dims["vae"])
    encode, decode = known(AUTOENCODERS, part)
    factor = float(dims.get("factor", 8))
    tiled = tiled or bool(part.get("tiled"))
    tile, tiles = _tile(x, float(part.get("tile", _TILE)) / factor) if tiled else (x, 1.0)
    with rec.module("decoder", repeats=tiles):
        decode(rec, part, tile)
    # An encoder that does not run has no sizes: small ones do, and arrays would only cost time.
    start = x if dims.get("encodes") else Latent(1.0, x.channels, 1.0, 8.0, 8.0)
    frames = float(dims.get("factor_frames", 1)) * (start.frames - 1.0) + 1.0
    pixels = Latent(start.batch, 3, frames, factor * start.height, factor * start.width)
    with rec.module("encoder", repeats=float(bool(dims.get("encodes")))):
        encode(rec, part, pixels)


#: Pixels of a side of the picture on which an encoder alone is traced.
ENCODED = 256.0
#: Pixels of a side of a tile where the autoencoder states none, and how far apart tiles begin, over it.
_TILE, _APART = 512.0, 0.75


def _tile(x: Latent, side: float) -> tuple[Latent, Any]:
    """The latent of one tile, and how many there are, those at the edges in part (`enable_vae_tiling`)."""
    count: Any = 1.0
    for size in (x.height, x.width):
        count = count * np.where(size > side, size / (_APART * side), 1.0)
    return x._replace(height=np.minimum(x.height, side), width=np.minimum(x.width, side)), count


def autoencoder(dims: Part, job: Job, half: str) -> tuple[Op, ...]:
    """The VAE's `encoder` on a picture of `ENCODED` pixels a side, or its `decoder` on the job's latent."""
    part = component(dims["vae"])
    encode, decode = known(AUTOENCODERS, part)
    recorder = Recorder(precision("fp16"))
    if half == "encoder":
        encode(recorder, part, Latent(1.0, 3, 1.0, ENCODED, ENCODED))
    else:
        decode(recorder, part, latent(dims, job))
    return recorder.ops()


def _encoder_format(job: Job, rec: Recorder) -> Precision:
    """The format of text and image encoders: the denoiser's, or that of option `encoder_precision`."""
    asked = job.options.get("encoder_precision")
    return precision(asked) if asked else rec.precision


def _prior(prior: Part, rec: Recorder, samples: Any) -> None:
    with rec.module("prior", repeats=float(prior["steps"])):
        known(DENOISERS, prior)(rec, prior, Latent(samples, prior["width"], 1.0, 1.0, 1.0))


def guided_passes(dims: Part, job: Job) -> float:
    """Samples denoised for each picture: 2 with classifier-free guidance, or as many `passes`."""
    scale = job.option("guidance", dims.get("guidance", 7.5))
    return float(dims.get("passes", 2.0)) if scale > 1.0 and not dims.get("embeds_guidance") else 1.0


def latent(dims: Part, job: Job) -> Latent:
    """(B, C, T, H, W) of pictures or videos; raises `UsageError` for sizes that the model cannot make."""
    vae, denoiser = component(dims["vae"]), dims["denoiser"]
    factor = float(dims.get("factor", 8))
    multiple = factor * denoiser.get("patch", 1)
    if "frames" in dims:
        # Programs make videos of the size that is next below: 1280 x 720 is 1280 x 704 in patches of 32.
        height, width = (np.maximum(size // multiple, 1.0) * multiple for size in (job.height, job.width))
    else:
        height, width = job.height, job.width
        check_multiple("height", height, multiple)
        check_multiple("width", width, multiple)
    return Latent(job.batch, vae["latent_channels"], _frames(dims, job), height / factor, width / factor)


def check_multiple(name: str, size: Any, multiple: float) -> None:
    """Raises `UsageError` for a side of a picture that is no multiple of so many pixels."""
    if np.any(size % multiple):
        worst = float(np.max(np.where(size % multiple, size, 0.0)))
        near = max(multiple, round(worst / multiple) * multiple)
        raise UsageError(f"{name}: {worst:g} pixels are not a multiple of {multiple:g}; give e.g. {near:g}")


def _frames(dims: Part, job: Job) -> float:
    """Frames of the latent: all, or the first and one for each further `factor_frames` that are whole."""
    if "frames" not in dims:
        if "frames" in job.options:
            raise UsageError("option frames: this workload makes pictures; leave it out")
        return 1.0
    frames, factor = job.option("frames", dims["frames"], least=1.0), float(dims.get("factor_frames", 1))
    return float((frames - 1.0) // factor) + 1.0


def component(table: Part) -> Mapping[str, Any]:
    """A part's dimensions: those of the component that it names, under its own."""
    if "part" not in table:
        return table
    components = store.load("components")["components"]
    if table["part"] not in components:
        raise DataError(
            f"data/components.toml: no component '{table['part']}'; add it, or use one of "
            f"{', '.join(components)}"
        )
    return {**components[table["part"]], **table}


def known(kinds: Mapping[str, Any], part: Part) -> Any:
    """The function of a part's kind."""
    if part["kind"] not in kinds:
        raise DataError(f"diffusion: no kind '{part['kind']}'; use one of {', '.join(kinds)}")
    return kinds[part["kind"]]
