"""What a config.json says of models of sound: conformers, and encoder-decoders over a spectrogram.

Letters: F frames of 10 ms, T positions, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads.importers._hf_parts import Parts, says

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config, Dims

#: Seconds of an utterance at which the rows stand, frames in a second, tokens that are said in it.
_SECONDS, _FRAMES = 10.0, 100.0
_SAID = 4.0


def _many_places(config: Config, dims: Dims) -> None:
    """Several small convolutions for positions in place of a wide one (data2vec)."""
    dims["position_kernel"] = config.first(("num_conv_pos_embeddings",)) * config.first(
        ("conv_pos_kernel_size",)
    )


def _parakeet(config: Config, dims: Dims) -> None:
    """A Fast Conformer with characters by CTC."""
    inner = config.part("encoder_config") if "encoder_config" in config.raw else config
    for name, field in (
        ("layers", "num_hidden_layers"), ("hidden", "hidden_size"), ("heads", "num_attention_heads"),
        ("ffn", "intermediate_size"), ("kernel", "conv_kernel_size"), ("mels", "num_mel_bins"),
        ("channels", "subsampling_conv_channels"),
    ):  # fmt: skip
        dims[name] = inner.first((field,))
    dims["vocab"], dims["seconds"] = config.first(("vocab_size",)), 20.0


def _conformer(config: Config, dims: Dims) -> None:
    """Half feed-forward, attention, convolution, half feed-forward over a spectrogram (w2v-BERT 2.0)."""
    parts = Parts()
    layers, width = config.first(("num_hidden_layers",)), config.first(("hidden_size",))
    heads, ffn = config.first(("num_attention_heads",)), config.first(("intermediate_size",))
    inputs, kernel = (
        config.first(("feature_projection_input_dim",)),
        config.first(("conv_depthwise_kernel_size",)),
    )
    rows = [0.0, _SECONDS * _FRAMES / 2.0]
    parts.norm("feature_norm", rows, inputs)
    parts.dense("features", rows, inputs, width)
    parts.values("mask", width)
    near = config.optional("left_max_position_embeddings", least=0) or 0
    far = config.optional("right_max_position_embeddings", least=0) or 0
    places = (
        (near + far + 1) * (width // heads)
        if config.value("position_embeddings_type") == "relative_key"
        else 0
    )
    parts.layers("feed_first", rows, (layers, width, 0, ffn), norms=1)
    parts.layers("attention", rows, (layers, width, heads, 0), norms=1, values=places)
    if places:
        # Every query meets the distances: one product, half of an attention's.
        parts.attention("distances", layers, rows, width, heads, keys=[0.0, rows[1] / 2.0])
    parts.norm("conv_norm", rows, width, count=layers)
    parts.conv("gate", rows, width, 2 * width, 1, bias=False, count=layers)
    parts.conv("depthwise", rows, width, width, kernel, groups=width, bias=False, count=layers)
    parts.norm("depthwise_norm", rows, width, count=layers)
    parts.conv("pointwise", rows, width, width, 1, bias=False, count=layers)
    parts.layers("feed_second", rows, (layers, width, 0, ffn), norms=2)
    if config.flag("add_adapter"):
        _adapter(config, parts, width, heads, ffn)
    if says(config, "ForCTC") and config.optional("vocab_size"):
        parts.dense(
            "scores", rows, config.optional("output_hidden_size") or width, config.first(("vocab_size",))
        )
    parts.give(dims, seconds=_SECONDS)
    dims["unit"] = "audio seconds"


def _adapter(config: Config, parts: Parts, width: int, heads: int, ffn: int) -> None:
    """Layers that shorten by strided convolutions, each gated."""
    count = config.first(("num_adapter_layers",))
    kernel, step = config.first(("adapter_kernel_size",)), config.first(("adapter_stride",))
    rows = [0.0, _SECONDS * _FRAMES / 2.0 / step]
    for name in ("shorten", "shorten_residual"):
        parts.conv(name, rows, width, 2 * width, kernel, count=count)
    parts.layers("adapter", rows, (count, width, heads, ffn), norms=3)


def _listener(config: Config, dims: Dims) -> None:
    """Convolutions over a spectrogram, layers, a decoder that writes the text (Speech2Text)."""
    parts = Parts()
    width, words = config.first(("d_model",)), config.first(("vocab_size",))
    heads, kernels = config.first(("encoder_attention_heads",)), config.sizes("conv_kernel_sizes")
    channels, inputs = config.first(("conv_channels",)), config.first(("input_feat_per_channel",))
    frames = _SECONDS * _FRAMES
    for place, kernel in enumerate(kernels):
        last = place == len(kernels) - 1
        frames /= 2.0
        # A gate halves what comes out.
        out = 2 * width if last else channels
        parts.conv("features", [0.0, frames], inputs, out, kernel)
        inputs = out // 2
    rows, said = [0.0, frames], [0.0, _SECONDS * _SAID]
    parts.layers(
        "encoder", rows, (config.first(("encoder_layers",)), width, heads, config.first(("encoder_ffn_dim",)))
    )
    parts.norm("encoder_norm", rows, width)
    parts.writes(said)
    parts.table("words", words, width, said)
    parts.decoder(
        said,
        rows,
        (
            config.first(("decoder_layers",)),
            width,
            config.first(("decoder_attention_heads",)),
            config.first(("decoder_ffn_dim",)),
        ),
    )
    parts.norm("decoder_norm", said, width)
    parts.dense("scores", said, width, words, bias=False, tied=True)
    parts.give(dims, seconds=_SECONDS)
    dims["unit"] = "audio seconds"


def _moonshine(config: Config, dims: Dims) -> None:
    """Three convolutions over samples, rotary positions, a gated decoder (Moonshine)."""
    parts = Parts()
    width, words = config.first(("hidden_size",)), config.first(("vocab_size",))
    ffn, heads = config.first(("intermediate_size",)), config.first(("encoder_num_attention_heads",))
    steps = [16000.0 / 64.0, 16000.0 / 64.0 / 3.0, 16000.0 / 64.0 / 6.0]
    rows, said = [0.0, _SECONDS * steps[-1]], [0.0, _SECONDS * _SAID]
    parts.conv("samples", [0.0, _SECONDS * steps[0]], 1, width, 127, bias=False)
    parts.norm("group_norm", [0.0, _SECONDS * steps[0]], width)
    parts.conv("wider", [0.0, _SECONDS * steps[1]], width, 2 * width, 7)
    parts.conv("narrower", rows, 2 * width, width, 3)
    plain = {"bias": config.flag("attention_bias"), "ffn_bias": True, "norm_values": 1}
    parts.layers("encoder", rows, (config.first(("encoder_num_hidden_layers",)), width, heads, ffn), **plain)
    parts.norm("encoder_norm", rows, width, values=width)
    parts.writes(said)
    parts.table("words", words, width, said)
    parts.decoder(
        said,
        rows,
        (
            config.first(("decoder_num_hidden_layers",)),
            width,
            config.first(("decoder_num_attention_heads",)),
            ffn,
        ),
        gated=True,
        **plain,
    )
    parts.norm("decoder_norm", said, width, values=width)
    parts.dense(
        "scores", said, width, words, bias=False, tied=config.value("tie_word_embeddings") is not False
    )
    parts.give(dims, seconds=_SECONDS)
    dims["unit"] = "audio seconds"


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "many_places": _many_places, "parakeet": _parakeet, "conformer": _conformer, "listener": _listener,
    "moonshine": _moonshine,
}  # fmt: skip
