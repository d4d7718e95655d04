"""What a config.json says of models that write or speak from several parts (Florence-2, MusicGen, Bark).

Letters: S patches of a picture, T tokens or frames, D width, C channels of a wave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.importers._hf_parts import Parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config, Dims

    Rows = float | list[float]

_FRAME = 3
#: Tokens that are written, and those of a prompt, at which the rows stand.
_WRITTEN, _PROMPT = 32.0, 64.0
#: Patches of a page that Pix2Struct's processor makes at most.
_PATCHES = 2048.0
_SECONDS = 10.0
#: Tokens of meaning in a second of Bark's speech (its generation configuration).
_MEANINGS = 49.9
#: Codebooks that Bark's second model gives to its third.
_GIVEN = 2


def _pages(config: Config, dims: Dims) -> None:
    """Patches of a page of any shape, and a decoder that writes what they say (Pix2Struct)."""
    parts, seen, text = Parts(), config.part("vision_config"), config.part("text_config")
    width, points = seen.first(("hidden_size",)), seen.first(("patch_embed_hidden_size",))
    heads = seen.first(("num_attention_heads",))
    own: dict[str, Any] = {"bias": False, "gated": True, "norm_values": 1}
    parts.dense("patches", _PATCHES, points, width)
    for name in ("rows", "columns"):
        parts.table(name, seen.first(("seq_len",)), width, _PATCHES)
    sizes = (seen.first(("num_hidden_layers",)), width, heads, seen.first(("d_ff",)))
    parts.layers("encoder", _PATCHES, sizes, inner=heads * seen.first(("d_kv",)), **own)
    parts.norm("encoder_norm", _PATCHES, width, values=width)
    inner, words, heads = (
        text.first(("hidden_size",)),
        text.first(("vocab_size",)),
        text.first(("num_heads",)),
    )
    parts.writes(_WRITTEN)
    parts.table("words", words, inner, _WRITTEN)
    sizes = (text.first(("num_layers",)), inner, heads, text.first(("d_ff",)))
    own["inner"] = heads * text.first(("d_kv",))
    parts.decoder(_WRITTEN, _PATCHES, sizes, key_width=width, **own)
    parts.values("distances", text.first(("relative_attention_num_buckets",)) * heads)
    parts.norm("decoder_norm", _WRITTEN, inner, values=inner)
    parts.dense("scores", _WRITTEN, inner, words, bias=False, tied=text.flag("tie_word_embeddings"))
    parts.give(dims, seq_len=_WRITTEN)
    dims["unit"] = "sequences"


def _florence(config: Config, dims: Dims) -> None:
    """Windows and groups of channels by turns (DaViT), then an encoder and a decoder of BART's kind."""
    parts, seen, text = Parts(), config.part("vision_config"), config.part("text_config")
    side = 768.0
    grid, width = _dual_attention(seen, parts, side)
    reads, words = seen.first(("projection_dim",)), text.first(("vocab_size",))
    patches = [0.0, grid**2]
    parts.values("places", (seen.first(("max_position_embeddings",)) * width) if reads else 0)
    parts.values("times", seen.first(("max_temporal_embeddings",)) * 0)
    parts.dense("projection", patches, width, reads, bias=False)
    parts.norm("projection_norm", patches, reads)
    inner = text.first(("d_model",))
    rows = [_PROMPT + 1.0, grid**2]
    parts.table("words", words, inner, _PROMPT)
    for name in ("positions", "written_positions"):
        parts.table(name, text.first(("max_position_embeddings",)) + 2, inner, _PROMPT)
    parts.norm("embed_norms", rows, inner, count=2)
    sizes = [(text.first((f"{one}_layers",)), inner, text.first((f"{one}_attention_heads",)),
              text.first((f"{one}_ffn_dim",))) for one in ("encoder", "decoder")]  # fmt: skip
    parts.layers("encoder", rows, sizes[0])
    parts.writes(_WRITTEN)
    parts.decoder(_WRITTEN, rows, sizes[1])
    parts.dense("scores", _WRITTEN, inner, words, bias=False, tied=True)
    parts.give(dims, height=side, width=side)
    dims["picture"] = [int(side), int(side)]


def _dual_attention(seen: Config, parts: Parts, side: float) -> tuple[float, int]:
    """DaViT: windows of positions, then groups of channels in each block; the last grid's side and width."""
    depths, widths = seen.sizes("depths"), seen.sizes("embed_dim")
    stages = len(depths)
    heads, groups = seen.sizes("num_heads", stages), seen.sizes("num_groups", stages)
    kernels, strides = seen.sizes("patch_size", stages), seen.sizes("patch_stride", stages)
    window, inputs, grid = seen.first(("window_size",)), _FRAME, side
    ratio = seen.factor("mlp_ratio")
    for place in range(stages):
        grid, width = grid / strides[place], widths[place]
        rows, count = [0.0, grid**2], depths[place]
        parts.conv("merge", rows, inputs, width, kernels[place] ** 2)
        parts.norm("merge_norm", rows, width if not place else inputs)
        ffn = int(ratio * width)
        parts.conv("nearby", rows, width, width, 9, groups=width, count=4 * count)
        parts.layers("windows", rows, (count, width, heads[place], ffn), together=float(window**2))
        parts.layers("channels", rows, (count, width, 0, ffn))
        parts.dense("channels_qkv", rows, width, 3 * width, count=count)
        # Products of (D / g, S) x (S, D / g) and back: as attention of each position to D / g.
        parts.attention("channels_product", count, rows, width, groups[place], seen=width // groups[place])
        parts.dense("channels_out", rows, width, width, count=count)
        inputs = width
    return grid, inputs


def _codec(config: Config, parts: Parts, frames: float, *, both: bool = False) -> None:
    """EnCodec (Defossez et al.): strided convolutions with an LSTM inside, and the same backwards.

    `frames` are those of the utterance; generated sound takes the way back alone, whose weights are not all;
    `both` ways are run where a sound is coded.
    """
    ratios, first = config.sizes("upsampling_ratios"), config.first(("num_filters",))
    hidden, channels = config.first(("hidden_size",)), config.first(("audio_channels",))
    last, kernel = config.first(("last_kernel_size",)), config.first(("kernel_size",))
    width = first * 2 ** len(ratios)
    rate = frames
    for ratio in ratios:
        rate *= ratio
    if both:
        _coded(config, parts, rate, ratios)
    else:
        # The way in is stored, and not run.
        _unrun(config, parts, ratios, first)
        parts.values("codec_in", channels * first * kernel + width * hidden * last + 2 * (first + hidden))
    parts.conv("codec", [0.0, frames], hidden, width, kernel)
    for name in ("codec_in_state", "codec_state"):
        count = config.first(("num_lstm_layers",))
        stored = 8 * width * width + 8 * width
        if name == "codec_state" or both:
            parts.dense(name, [0.0, frames], 2 * width, 4 * width, count=count)
            parts.values("codec_state_bias", 4 * width * count)
        else:
            parts.values(name, stored * count)
    positions = frames
    for ratio in ratios:
        positions *= ratio
        # Transposed, 2 r wide at a step of r: each result is of two positions.
        parts.conv("widen", [0.0, positions], width, width // 2, 2, bias=False)
        parts.values("widen_rest", width * (width // 2) * 2 * (ratio - 1) + width // 2 + width)
        width //= 2
        _residual(config, parts, [0.0, positions], width)
    parts.conv("wave", [0.0, rate], width, channels, last)


def _coded(config: Config, parts: Parts, rate: float, ratios: list[int]) -> None:
    """The way in: a residual block and a strided convolution for each ratio; the nearest of the codes."""
    width, hidden = config.first(("num_filters",)), config.first(("hidden_size",))
    parts.conv("codec_in", [0.0, rate], config.first(("audio_channels",)), width,
               config.first(("kernel_size",)))  # fmt: skip
    for ratio in reversed(ratios):
        _residual(config, parts, [0.0, rate], width)
        rate /= ratio
        parts.conv("narrow", [0.0, rate], width, 2 * width, 2 * ratio)
        width *= 2
    parts.conv("codec_in_out", [0.0, rate], width, hidden, config.first(("last_kernel_size",)))
    codes, each = config.first(("codebook_size",)), config.first(("codebook_dim", "hidden_size"))
    rates = config.value("target_bandwidths")
    if not isinstance(rates, list) or not rates or not all(isinstance(one, int | float) for one in rates):
        config.refuse(f"target_bandwidths is {rates!r}, where rates in kbit/s are expected")
    widest = max(rates)
    frames = rate / _SECONDS
    books = max(round(1000.0 * widest / (frames * (codes - 1).bit_length())), 1)
    # Tables of codes are averages, not trained: distances to all of them, one after the other.
    parts.attention("codes", books, [0.0, rate], each, 1, keys=codes / 2.0)


def _sounds_coded(config: Config, dims: Dims) -> None:
    """A sound coded and decoded (EnCodec alone)."""
    parts = Parts()
    frames = config.first(("sampling_rate",)) * _SECONDS
    for ratio in config.sizes("upsampling_ratios"):
        frames /= ratio
    _codec(config, parts, frames, both=True)
    parts.give(dims, seconds=_SECONDS)
    dims["unit"] = "audio seconds"


def _residual(config: Config, parts: Parts, rows: Rows, width: int) -> None:
    """A narrow convolution, one back, and one beside both."""
    narrow, count = width // config.first(("compress",)), config.first(("num_residual_layers",))
    parts.conv("residual", rows, width, narrow, config.first(("residual_kernel_size",)), count=count)
    parts.conv("residual_out", rows, narrow, width, 1, count=count)
    if config.value("use_conv_shortcut") is not False:
        parts.conv("shortcut", rows, width, width, 1, count=count)


def _unrun(config: Config, parts: Parts, ratios: list[int], first: int) -> None:
    """Weights of the way in: a residual block and a strided convolution for each ratio."""
    kernel, count = config.first(("residual_kernel_size",)), config.first(("num_residual_layers",))
    held, width = 0, first
    for ratio in reversed(ratios):
        narrow = width // config.first(("compress",))
        block = width * narrow * (kernel + 1) + 2 * (narrow + width)
        if config.value("use_conv_shortcut") is not False:
            block += width * width + 2 * width
        held += count * block + 4 * width * width * ratio + 4 * width
        width *= 2
    parts.values("codec_encoder", held)


def _music(config: Config, dims: Dims) -> None:
    """T5 reads the prompt, a decoder writes several rows of codes, EnCodec plays them (MusicGen)."""
    parts = Parts()
    text, sound, writer = (config.part(name) for name in ("text_encoder", "audio_encoder", "decoder"))
    width, heads = text.first(("d_model",)), text.first(("num_heads",))
    parts.table("words", text.first(("vocab_size",)), width, _PROMPT)
    gated = "gated" in str(text.value("feed_forward_proj"))
    sizes = (text.first(("num_layers",)), width, heads, text.first(("d_ff",)))
    parts.layers("text", _PROMPT, sizes, inner=heads * text.first(("d_kv",)), bias=False, gated=gated,
                 norm_values=1)  # fmt: skip
    parts.values("distances", text.first(("relative_attention_num_buckets",)) * heads + width)
    frames = sound.first(("sampling_rate",))
    for ratio in sound.sizes("upsampling_ratios"):
        frames /= ratio
    books, inner = writer.first(("num_codebooks",)), writer.first(("hidden_size",))
    codes = writer.first(("vocab_size",))
    # Each row of codes is a frame later than the one above.
    rows = [books - 1.0, _SECONDS * frames]
    if width != inner:
        parts.dense("join", _PROMPT, width, inner)
    parts.writes(rows)
    for _ in range(books):
        parts.table("codes", codes + 1, inner, rows)
    sizes = (writer.first(("num_hidden_layers",)), inner, writer.first(("num_attention_heads",)),
             writer.first(("ffn_dim",)))  # fmt: skip
    parts.decoder(rows, _PROMPT, sizes, bias=False)
    parts.norm("decoder_norm", rows, inner)
    parts.dense("scores", rows, inner, codes, bias=False, count=books)
    _codec(sound, parts, _SECONDS * frames)
    parts.give(dims, seconds=_SECONDS)
    dims["unit"] = "audio seconds"


def _speaker(config: Config, dims: Dims) -> None:
    """Three models of GPT-2's kind, for meaning, coarse and fine codes, and EnCodec (Bark)."""
    parts, sound = Parts(), config.part("codec_config")
    frames = sound.first(("sampling_rate",))
    for ratio in sound.sizes("upsampling_ratios"):
        frames /= ratio
    fine = config.part("fine_acoustics_config")
    books, given = fine.optional("n_codes_total") or 8, fine.optional("n_codes_given") or 1
    passes = books - _GIVEN
    for name, rows, times, tables, heads in (
        ("semantic", [2 * 256.0, _SECONDS * _MEANINGS], 1, 1, 1),
        ("coarse_acoustics", [256.0, _SECONDS * (_MEANINGS + _GIVEN * frames)], 1, 1, 1),
        ("fine_acoustics", [0.0, _SECONDS * frames], passes, books, books - given),
    ):
        _gpt(config.part(f"{name}_config"), parts, name, rows, passes=times,
             tables=tables, heads=heads)  # fmt: skip
    _codec(sound, parts, _SECONDS * frames)
    parts.give(dims, seconds=_SECONDS)
    dims["unit"] = "audio seconds"


def _gpt(part: Config, parts: Parts, name: str, rows: Rows, *, passes: int, tables: int, heads: int) -> None:
    """Words, learned positions, layers, heads; where there are several tables, they are the heads too."""
    width, words = part.first(("hidden_size",)), part.first(("input_vocab_size",))
    bias, several = part.value("bias") is not False, tables > 1
    if not several and isinstance(rows, list):
        parts.writes(rows, [0.0, rows[1]])
    for _ in range(tables):
        parts.table(name, words, width, rows)
    parts.table(name, part.first(("block_size",)), width, rows)
    sizes = (part.first(("num_layers",)), width, part.first(("num_heads",)), 4 * width)
    # Without biases the norms of the models of one code have none either.
    values = 2 if bias or several else 1
    parts.layers(name, rows, sizes, bias=bias, causal=not several, norm_values=values, repeats=passes)
    parts.norm(name, rows, width, values=values * width)
    parts.dense(name, rows, width, part.first(("output_vocab_size",)), bias=False, tied=several, count=heads)


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "pages": _pages, "florence": _florence, "music": _music, "coded": _sounds_coded, "speaker": _speaker,
}  # fmt: skip
