"""The tower for sound beside a text model in a config.json: Whisper's encoder and what joins it to the text.

Two convolutions over a spectrogram of 30 s, 1,500 positions, layers without a bias of the keys, and a
projector that differs by the type of the whole model.
Letters: w width of the tower, D width of the text model.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from whichgpu.workloads.importers._hf_vision import stated

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Positions of 30 s of sound, behind the second convolution.
_POSITIONS = 1500
#: By the type of the tower: widths of the projector (w the tower's, 4w four positions side by side, D, 2D),
#: whether it has biases, positions per token, whether positions are learned.
_JOINED: Mapping[str, tuple[tuple[str, ...], bool, int, bool]] = {
    "qwen2_audio_encoder": (("w", "D"), True, 2, True),
    "qwen2_5_omni_audio_encoder": (("w", "D"), True, 2, False),
    "audioflamingo3_encoder": (("w", "D", "D"), True, 2, True),
    "voxtral_encoder": (("4w", "D", "D"), False, 4, True),
    "glmasr_encoder": (("4w", "2D", "D"), True, 4, False),
}


def hearing_part(raw: Mapping[str, Any], dims: Mapping[str, Any]) -> dict[str, Any] | None:
    """The `sound` table of a decoder; None where there is no tower for sound that is understood."""
    part = raw.get("audio_config")
    if not isinstance(part, dict) or str(part.get("model_type")) not in _JOINED:
        return None
    widths, biased, merged, learned = _JOINED[str(part["model_type"])]
    layers, w = stated(part, "num_hidden_layers", "encoder_layers"), stated(part, "hidden_size", "d_model")
    heads = stated(part, "num_attention_heads", "encoder_attention_heads")
    ffn, mels = stated(part, "intermediate_size", "encoder_ffn_dim"), stated(part, "num_mel_bins") or 128
    if not (layers and w and heads and ffn):
        return None
    text = dims["hidden"]
    known = {"w": w, "4w": 4 * w, "D": text, "2D": 2 * text}
    sizes = [known[one] for one in widths]
    joined = sum(a * b + b * biased for a, b in pairwise(sizes))
    stem = (3 * mels + 1) * w + (3 * w + 1) * w + (_POSITIONS * w if learned else 0) + 2 * w
    if "omni" in str(part["model_type"]):
        # Marks of where sound begins and ends.
        joined += 2 * text
    each = 4 * w * w + 3 * w + 2 * w * ffn + ffn + w + 4 * w
    return {
        "parameters": layers * each + stem + joined, "layers": layers, "hidden": w, "heads": heads,
        "ffn": ffn, "patches": _POSITIONS, "tokens": _POSITIONS // merged,
        "merger": joined if merged > 2 else 0,
    }  # fmt: skip
