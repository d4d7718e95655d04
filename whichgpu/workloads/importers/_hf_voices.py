"""What a config.json says of models that speak: VITS (Kim et al.).

Letters: T letters of a text, F frames of sound, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.importers._hf_parts import Parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config, Dims
    from whichgpu.workloads.importers._hf_parts import Rows

#: Seconds of speech at which the rows stand, and letters a second, with the blanks between them.
_SECONDS, _LETTERS = 10.0, 30.0


def _vits(config: Config, dims: Dims) -> None:
    """An encoder of letters, how long each lasts, flows back to latents, HiFi-GAN."""
    parts = Parts()
    width, flow = config.first(("hidden_size",)), config.first(("flow_size",))
    rates = config.sizes("upsample_rates")
    frames = config.first(("sampling_rate",)) * _SECONDS
    for rate in rates:
        frames /= rate
    letters, rows = [0.0, _SECONDS * _LETTERS], [0.0, frames]
    speakers = config.optional("num_speakers", least=0) or 1
    speaker = (config.optional("speaker_embedding_size", least=0) or 0) if speakers > 1 else 0
    parts.table("speakers", speakers if speaker else 0, speaker, 1)
    _letters(config, parts, letters, width, flow)
    _lengths(config, parts, letters, width, speaker)
    half, layers = flow // 2, config.first(("prior_encoder_num_wavenet_layers",))
    for _ in range(config.first(("prior_encoder_num_flows",))):
        parts.conv("flow", rows, half, width, 1)
        _waves(config, parts, rows, layers, speaker)
        parts.conv("flow", rows, width, half, 1)
    # The encoder of the sound itself is there for training alone.
    held = Parts()
    held.conv("posterior", rows, config.first(("spectrogram_bins",)), width, 1)
    _waves(config, held, rows, config.first(("posterior_encoder_num_wavenet_layers",)), speaker)
    held.conv("posterior", rows, width, 2 * flow, 1)
    parts.values("posterior_encoder", sum(map(_stored, held.rows)))
    _sound(config, parts, rows, rates, speaker)
    parts.give(dims, seconds=_SECONDS)
    dims["unit"] = "audio seconds"


def _stored(part: Mapping[str, Any]) -> int:
    """Trained values of a convolution, a dense layer or plain values."""
    if part["kind"] == "values":
        return int(part["values"])
    weights = part["inputs"] * part["outputs"] * part.get("window", 1)
    return int((weights + (part["outputs"] if part.get("bias", True) else 0)) * part.get("count", 1))


def _letters(config: Config, parts: Parts, rows: Rows, width: int, flow: int) -> None:
    """Letters that attend to each other, with near places apart; feed-forward of convolutions."""
    layers, heads = config.first(("num_hidden_layers",)), config.first(("num_attention_heads",))
    ffn, window = config.first(("ffn_dim",)), config.first(("ffn_kernel_size",))
    near = config.optional("window_size", least=0) or 0
    parts.table("letters", config.first(("vocab_size",)), width, rows)
    parts.layers("text", rows, (layers, width, heads, 0), bias=config.value("use_bias") is not False,
                 values=2 * (2 * near + 1) * (width // heads) if near else 0)  # fmt: skip
    if near and isinstance(rows, list):
        # Scores and sums over the places, of which there are twice as many as letters.
        parts.attention("places", layers, rows, width, heads, keys=[0.0, 2.0 * rows[1]])
    parts.conv("text_feed", rows, width, ffn, window, count=layers)
    parts.conv("text_feed", rows, ffn, width, window, count=layers)
    parts.conv("text_out", rows, width, 2 * flow, 1)


def _lengths(config: Config, parts: Parts, rows: Rows, width: int, speaker: int) -> None:
    """How long each letter lasts: by flows of splines, or two convolutions."""
    window = config.first(("duration_predictor_kernel_size",))
    parts.dense("speaker_lengths", 1, speaker, width)
    if not config.flag("use_stochastic_duration_prediction"):
        inner = config.first(("duration_predictor_filter_channels",))
        for inputs in (width, inner):
            parts.conv("lengths", rows, inputs, inner, window)
            parts.norm("lengths_norm", rows, inner)
        parts.conv("lengths", rows, inner, 1, 1)
        return
    bins = config.first(("duration_predictor_flow_bins",))
    flows = config.first(("duration_predictor_num_flows",))
    depth, halves = config.first(("depth_separable_num_layers",)), config.first(("depth_separable_channels",))
    spline = halves // 2 * (3 * bins - 1)
    # The same again behind it is there for training alone; the first of the flows is left out in use.
    parts.values("lengths_unrun", _separable(width, window, depth) * (flows + 2) + 4 * halves
                 + (flows + 1) * ((halves // 2) * width + width + width * spline + spline)
                 + 2 * width + width * width + width)  # fmt: skip
    parts.conv("lengths", rows, width, width, 1, count=2)
    for count in (1, flows - 1):
        parts.conv("lengths_near", rows, width, width, window, groups=width, count=count * depth)
        parts.conv("lengths_layers", rows, width, width, 1, count=count * depth)
        parts.norm("lengths_norm", rows, width, count=2 * count * depth)
    parts.conv("lengths_in", rows, halves // 2, width, 1, count=flows - 1)
    parts.conv("lengths_out", rows, width, spline, 1, count=flows - 1)


def _separable(width: int, window: int, depth: int) -> int:
    """Trained values of depthwise and plain convolutions with two norms each."""
    return depth * (width * (window + 1) + width * width + width + 4 * width)


def _waves(config: Config, parts: Parts, rows: Rows, layers: int, speaker: int) -> None:
    """WaveNet: a gated convolution and one of 1 each, weights normed by a value a result."""
    window, width = config.first(("wavenet_kernel_size",)), config.first(("hidden_size",))
    parts.conv("waves", rows, width, 2 * width, window, count=layers)
    parts.conv("waves_out", rows, width, 2 * width, 1, count=layers - 1)
    parts.conv("waves_out", rows, width, width, 1)
    parts.dense("speaker_waves", 1, speaker, 2 * width * layers)
    conditioned = 2 * width * layers if speaker else 0
    parts.values("waves_norms", 2 * width * (2 * layers - 1) + width + conditioned)


def _sound(config: Config, parts: Parts, rows: Rows, rates: list[int], speaker: int) -> None:
    """HiFi-GAN: transposed convolutions, blocks of several windows behind each."""
    width, positions = (
        config.first(("upsample_initial_channel",)),
        rows[1] if isinstance(rows, list) else rows,
    )
    kernels = config.sizes("upsample_kernel_sizes", len(rates))
    blocks, spread = config.sizes("resblock_kernel_sizes"), config.value("resblock_dilation_sizes")
    if not isinstance(spread, list | tuple) or len(spread) != len(blocks):
        config.refuse(f"resblock_dilation_sizes is {spread!r}, where {len(blocks)} rows are expected")
    parts.conv("sound", rows, config.first(("flow_size",)), width, 7)
    parts.dense("speaker_sound", 1, speaker, width)
    for rate, kernel in zip(rates, kernels, strict=True):
        wide, whole = kernel // rate, positions
        positions, width = positions * rate, width // 2
        # Each result is of `wide` positions; a transposed convolution does its work where they come from.
        parts.conv("widen", [0.0, positions], 2 * width, width, wide, bias=False)
        parts.values("widen_rest", 2 * width * width * (kernel - wide) + width, [0.0, whole], width)
        for window, each in zip(blocks, spread, strict=True):
            parts.conv("blocks", [0.0, positions], width, width, window, count=2 * len(each))
    parts.conv("wave", [0.0, positions], width, 1, 7, bias=False)


READERS: Mapping[str, Callable[[Config, Dims], None]] = {"vits": _vits}
