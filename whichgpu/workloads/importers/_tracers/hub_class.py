"""The class of transformers that a config.json names, on random weights, with inputs that it takes.

Runs in the confined process, on the meta device. Code that a repository brings of its own is not run.
Sizes of inputs: one picture as large as the configuration says, 128 tokens, 10 s of sound, one series.
"""

from __future__ import annotations

import inspect
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .fault import Unusable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Tokens of a text at most; side of a picture and frames of a video where nothing is said; samples of sound.
_TOKENS, _SIDE, _FRAMES, _SAMPLES = 128, 224, 16, 160_000
#: Frames of features of 30 s of sound.
_SPECTRA = 3000
#: Frames of a video that its configuration may state.
_VIDEO = ("num_frames", "frames_per_clip")
#: What a fault of shapes alone says: the inputs were right.
_VALUES = ("meta", "data-dependent", ".item()")


def build(path: str) -> Any:
    """The module of a config.json, its `example_inputs` beside it."""
    try:
        import transformers
    except ImportError:
        raise Unusable("transformers is not installed for this Python; pip install transformers") from None
    logging.disable(logging.WARNING)
    raw = json.loads(Path(path).read_text(encoding="utf-8"))
    config = _config(transformers, raw)
    module = _module(transformers, config, raw)
    module.eval()
    module.example_inputs = _taken(module, config)
    return module


def _config(transformers: Any, raw: Mapping[str, Any]) -> Any:
    kind = raw.get("model_type")
    mapping = transformers.CONFIG_MAPPING
    if kind not in mapping:
        raise Unusable(f"transformers {transformers.__version__} knows no model_type {kind!r}")
    return mapping[kind].from_dict(dict(raw))


def _module(transformers: Any, config: Any, raw: Mapping[str, Any]) -> Any:
    """Of the class that the file names, else of the trunk that its type has."""
    names = raw.get("architectures")
    name = names[0] if isinstance(names, list) and names else ""
    kind = getattr(transformers, str(name), None)
    if kind is None or not hasattr(kind, "_from_config"):
        kind = transformers.AutoModel
        return kind.from_config(config, attn_implementation="eager", dtype=_dtype())
    return kind._from_config(config, attn_implementation="eager", dtype=_dtype())


def _dtype() -> Any:
    import torch

    # Grouped products of experts take no other.
    return torch.bfloat16


def _taken(module: Any, config: Any) -> dict[str, Any]:
    """The first inputs that the module runs with; raises `Unusable` where it takes none of them."""
    import torch

    first = ""
    known = inspect.signature(module.forward).parameters
    for tried in _tried(module, config):
        inputs = {name: _cast(value) for name, value in tried.items() if name in known}
        try:
            with torch.no_grad():
                module(**inputs)
        except Exception as fault:
            first = first or f"{type(fault).__name__}: {' '.join(str(fault).split())[:200]}"
            if not any(word in str(fault) for word in _VALUES):
                continue
        return inputs
    main = module.main_input_name
    raise Unusable(f"no inputs are known that it takes ({first}); state them: --input {main}=1x..")


def _cast(value: Any) -> Any:
    return value.to(_dtype()) if value.is_floating_point() else value


def _tried(module: Any, config: Any) -> Iterator[dict[str, Any]]:
    """Inputs worth trying, by the name of the first: with those of the other half, then without."""
    main = module.main_input_name
    text = _text(config)
    both = {"input_ids": text, "pixel_values": _picture(config)}
    for first in _firsts(main, config):
        if main in both:
            yield {**both, main: first}
        yield {main: first}
        yield {main: first, "decoder_input_ids": text}
        yield {main: first, "input_ids": text}
        if main == "past_values":
            yield {main: first, **_series(config, first)}
    yield both
    yield {"input_ids": text}


def _firsts(main: str, config: Any) -> Iterator[Any]:
    """Values of the main input."""
    import torch

    if main in ("pixel_values", "pixel_values_videos"):
        yield _picture(config)
        frames = next((_of(config, name) for name in _VIDEO if _of(config, name)), _FRAMES)
        picture = _picture(config)
        yield picture[:, None].expand(1, frames, *picture.shape[1:]).contiguous()
    elif main in ("input_features", "input_values", "audio_values"):
        bins = [_of(config, name) for name in ("num_mel_bins", "feature_size", "input_feat_per_channel",
                                               "feature_projection_input_dim", "input_channels")]  # fmt: skip
        for count in dict.fromkeys([one for one in bins if one] + [80, 128, 160]):
            yield torch.zeros(1, count, _SPECTRA)
            yield torch.zeros(1, _SPECTRA, count)
        yield torch.zeros(1, _SAMPLES)
        yield torch.zeros(1, 1, _SAMPLES)
    elif main.startswith("past_values"):
        length = _of(config, "context_length") or _SIDE
        lags = getattr(config, "lags_sequence", None) or [0]
        channels = _of(config, "num_input_channels") or _of(config, "input_size") or 1
        yield torch.zeros(1, length + max(lags), channels)
        yield torch.zeros(1, length + max(lags))
    else:
        yield _text(config)


def _series(config: Any, past: Any) -> dict[str, Any]:
    """What goes beside the past of a series: which of it was seen, and its times, as of what is to come."""
    import torch

    times, ahead = _of(config, "num_time_features") or 0, _of(config, "prediction_length") or 1
    future = torch.zeros(1, ahead, *past.shape[2:])
    return {
        "past_observed_mask": torch.ones_like(past),
        "past_time_features": torch.zeros(*past.shape[:2], times),
        "future_values": future, "future_time_features": torch.zeros(1, ahead, times),
    }  # fmt: skip


def _text(config: Any) -> Any:
    import torch

    most = _of(config, "max_position_embeddings")
    count = min(_TOKENS, most) if isinstance(most, int) and most > 0 else _TOKENS
    return torch.zeros(1, count, dtype=torch.int64)


def _picture(config: Any) -> Any:
    """(1, channels, height, width) as the configuration, or the tower for pictures in it, says."""
    import torch

    side = _of(config, "image_size") or _SIDE
    high, wide = side if isinstance(side, list | tuple) else (side, side)
    return torch.zeros(1, _of(config, "num_channels") or 3, high, wide)


def _of(config: Any, name: str) -> Any:
    """A value of a configuration, or of one of its parts for pictures or sound."""
    parts = ("vision_config", "text_config", "backbone_config", "encoder_config", "audio_config")
    for part in (config, *(getattr(config, one, None) for one in parts)):
        value = getattr(part, name, None)
        if value is not None:
            return value
    return None
