"""Open-Sora 1.x: attention within a frame, then over the frames of a place, and an autoencoder of two halves.

Zheng et al., "Open-Sora"; `stdit3.py`, `vae_temporal.py` of its repository. The autoencoder makes fewer maps
of frames by convolutions over time, beside that of a picture for each frame.
Letters: B samples of one pass, C channels, T frames, H W height and width, S tokens, D width.

Dimensions: as `cross.pixart`; of the autoencoder `widths` and `blocks` of the picture's, `time_widths` and
`time_blocks` of that over time, of which `halved` levels count half as many frames; `together`, frames of the
latent that it makes more of at once, and of the video that become pictures.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from whichgpu.workloads.diffusion.cross import begin, block, end
from whichgpu.workloads.diffusion.shapes import conv3d
from whichgpu.workloads.diffusion.stream import Stream
from whichgpu.workloads.diffusion.unet import group_norm
from whichgpu.workloads.diffusion.vae import kl_decoder, kl_encoder

if TYPE_CHECKING:
    from whichgpu.workloads.diffusion.shapes import Latent, Part
    from whichgpu.workloads.recorder import Map, Recorder


def stdit(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, T, H, W) -> (B, 2 C, T, H, W)."""
    stream, patch = begin(rec, part, x)
    frames, places = x.frames * x.batch, stream.tokens / x.frames
    for name, batch, tokens in (("spatial", frames, places), ("temporal", places * x.batch, x.frames)):
        near = Stream(rec, batch, tokens, stream.width, stream.heads)
        with rec.module(name, copies=float(part["layers"])):
            block(stream, part, partial(_attend, stream, near, name))
    end(stream, patch * part["out_channels"])


def _attend(stream: Stream, near: Stream, name: str) -> None:
    """Attention of tokens that are `near` each other: normalised queries and keys, turned over time alone."""
    stream.norm_qk(stream.width // stream.heads)
    if name == "temporal":
        stream.rope()
    near.attend()


def decoder(rec: Recorder, part: Part, latent: Latent) -> None:
    """(B, C, T, H, W) -> (B, 3, 4 T, 8 H, 8 W): the frames first, then each of them, a few at a time."""
    levels, few = list(enumerate(part["time_widths"]))[::-1], min(part["together"][0], float(latent.frames))
    x = latent._replace(frames=few, batch=1.0).map
    with rec.module("time", repeats=latent.batch * latent.frames / few):
        x = conv3d(rec, x, levels[0][1], name="conv_in")
        x = _blocks(rec, x, x.channels, part["time_blocks"])
        for level, width in levels:
            x = _blocks(rec, x, width, part["time_blocks"])
            if level and level - 1 in part["halved"]:
                x = conv3d(rec, x, 2 * width, name="longer")._replace(channels=width, batch=2.0 * x.batch)
        group_norm(rec, x)
        x = conv3d(rec, x, latent.channels, name="conv_out")
    frames = x.batch / few * latent.frames * latent.batch
    with rec.module("picture", repeats=frames / part["together"][1]):
        kl_decoder(rec, part, latent._replace(frames=part["together"][1], batch=1.0))


def encoder(rec: Recorder, part: Part, video: Latent) -> None:
    """(B, 3, T, 8 H, 8 W) -> (B, 2 C, T / 4, H, W): each frame first."""
    with rec.module("picture"):
        kl_encoder(rec, part, video)
    small = video._replace(channels=part["latent_channels"], height=video.height / 8, width=video.width / 8)
    with rec.module("time"):
        x = conv3d(rec, small.map, part["time_widths"][0], name="conv_in")
        for level, width in enumerate(part["time_widths"]):
            x = _blocks(rec, x, width, part["time_blocks"])
            if level in part["halved"]:
                x = conv3d(rec, x, width, to=x._replace(batch=x.batch / 2.0), name="shorter")
        x = _blocks(rec, x, x.channels, part["time_blocks"])
        group_norm(rec, x)
        conv3d(rec, x, 2 * part["latent_channels"], name="conv_out")


def _blocks(rec: Recorder, x: Map, out: int, count: int) -> Map:
    """Residual blocks of two convolutions over frames and map: (B T, C, H, W) -> (B T, out, H, W)."""
    for _ in range(count):
        group_norm(rec, x)
        y = conv3d(rec, x, out, name="conv1")
        group_norm(rec, y)
        y = conv3d(rec, y, out, name="conv2")
        if out != x.channels:
            conv3d(rec, x, out, name="short")
        rec.add(y.elements)
        x = y
    return x
