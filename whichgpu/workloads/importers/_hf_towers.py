"""What a config.json says of models that are no decoders: encoders of text, sound and pictures, and pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config

    Dims = dict[str, Any]


def _t5(config: Config, dims: Dims) -> None:
    dims.setdefault("decoder_layers", dims["layers"])
    activation = str(config.raw.get("feed_forward_proj", "relu"))
    dims["gated"] = activation.startswith("gated")
    dims["tied"] = config.flag("tie_word_embeddings")


def _whisper(config: Config, dims: Dims) -> None:
    """Both halves have the same heads and four times the width, as every released model."""
    for name, expected in (
        ("decoder_attention_heads", dims["heads"]), ("encoder_ffn_dim", 4 * dims["hidden"]),
        ("decoder_ffn_dim", 4 * dims["hidden"]),
    ):  # fmt: skip
        stated = config.optional(name)
        if stated not in (None, expected):
            config.refuse(f"{name} is {stated}, where a Whisper of d_model {dims['hidden']} has {expected}")


def _clip(config: Config, dims: Dims) -> None:
    """Two towers, each with its own part of the file."""
    for name, part, more in (
        ("image", "vision_config", {"patch": "patch_size", "size": "image_size"}),
        ("text", "text_config", {"vocab": "vocab_size", "positions": "max_position_embeddings"}),
    ):
        inner = config.part(part)
        fields = {"layers": "num_hidden_layers", "hidden": "hidden_size", "heads": "num_attention_heads",
                  "ffn": "intermediate_size", **more}  # fmt: skip
        dims[name] = {key: inner.first((field,)) for key, field in fields.items()}


def _image_classes(config: Config, dims: Dims) -> None:
    """A head with as many classes as there are labels, two by default; none on the bare model."""
    labels, names = config.raw.get("id2label"), config.raw.get("architectures")
    if isinstance(labels, dict):
        dims["classes"] = len(labels)
    elif isinstance(names, list) and not any("Classification" in str(name) for name in names):
        dims["classes"] = 0
    else:
        dims["classes"] = config.optional("num_labels", least=0) or 2


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "image_classes": _image_classes, "t5": _t5, "whisper": _whisper, "clip": _clip,
}  # fmt: skip
