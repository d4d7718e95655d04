"""What a sequence keeps in memory: the KV cache, by the allocation rule of the engine, and recurrent state.

    grouped   layers * 2 * kv_heads * head_dim * bytes * tokens, each with its own heads where they differ
    sliding   full layers * tokens + window layers * min(tokens, window)        rule "window"
              ... window layers * min(tokens, window + micro-batch of 512)      rule "cells", llama.cpp,
              which has windows beside full layers alone: Phi-3, StarCoder2 and Mistral 7B v0.1 keep all
              ... window layers * max(min(tokens, window), 0.8 tokens)          rule "share", SGLang
              ... window layers * tokens                                        rule "pages", vLLM's pool
    latent    layers * (rank + rope) * bytes * tokens, keys and values in one
    summaries windows as above, and layers * tokens / rate summaries of one head (DeepSeek V4)
    hybrid    only attention layers grow; linear and Mamba layers hold a state of fixed size
    shared    a layer with the keys and values of an earlier one has none of its own (Gemma 3n)

SGLang gives window layers a pool of their own, of so many tokens to each of the others'
(`swa_full_tokens_ratio` of its server_args.py), however few of them a window keeps; models of windows alone,
and Gemma 3, have no such pool there and keep all, which is told of the latter as of the rest. The size of a
head is stated, never hidden / heads. "pages" is how vLLM reports its pool in tokens (every layer a full
page); a sequence under its hybrid allocator takes what "window" says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.workloads.language.layout import CACHING, head_sizes, mixing
from whichgpu.workloads.language.state import state_bytes_per_sequence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.precision import Precision

#: The allocation rule of each engine.
ENGINES: Mapping[str, str] = {
    "transformers": "window", "sglang": "share", "tensorrt-llm": "window", "llama.cpp": "cells",
    "vllm": "pages",
}  # fmt: skip
#: llama.cpp keeps the tokens of a micro-batch beside the window; SGLang so many to each of full layers.
_MICRO_BATCH, _WINDOWED = 512.0, 0.8
#: Rules of engines that keep all of the tokens of a model that has no other layers than windows.
_BESIDE_FULL = ("cells", "share")
#: The key of a sparse-attention indexer: FP8 values and one FP32 scale.
_INDEX_SCALE = 4.0


def kv_cache(
    dims: Mapping[str, Any], precision: Precision, tokens: Any, *, engine: str = "transformers",
    prediction_layers: int = 0, latent: bool = True, indexer: bool = False,
) -> Any:  # fmt: skip
    """Bytes of KV cache of one sequence of `tokens` on all GPUs together.

    Args:
        dims: the workload's dimensions.
        precision: its `kv` is the bytes of one cached value (1.0625 for q8_0, 0.5625 for q4_0).
        tokens: prompt and output so far, a number or an array.
        engine: a key of `ENGINES`, for the rule by which window layers allocate.
        prediction_layers: next-token-prediction layers that the engine allocates as well.
        latent: whether latent attention caches its latents (files converted without them cannot).
        indexer: whether the keys of a sparse-attention indexer are kept.

    """
    if engine not in ENGINES:
        raise UsageError(f"no KV cache rule for engine '{engine}'; use one of {', '.join(ENGINES)}")
    full, windowed = mixing(dims, CACHING) + prediction_layers, mixing(dims, "WSB")
    each = token_values(dims, latent=latent) * precision.kv
    if indexer and dims.get("index_heads"):
        each += dims["index_dim"] + _INDEX_SCALE
    size = full * each * np.asarray(tokens, dtype=np.float64)
    if windowed:
        # llama.cpp turns Phi's window off (github.com/ggml-org/llama.cpp/pull/13676) and reads no other.
        rule = "pages" if ENGINES[engine] in _BESIDE_FULL and not full else ENGINES[engine]
        cells = _window_cells(float(dims["window"]), tokens, rule)
        size = size + windowed * token_values(dims, windowed=True) * precision.kv * cells
    return size + (_summaries(dims) + _counted(dims)) * precision.kv * np.asarray(tokens, dtype=np.float64)


def _summaries(dims: Mapping[str, Any]) -> float:
    """Values of summaries that one token adds, in all layers."""
    if not dims.get("sparse_rate"):
        return 0.0
    from whichgpu.workloads.language import compressed

    return sum(mixing(dims, mixer) * compressed.token_values(dims, mixer) for mixer in "SB")


def _counted(dims: Mapping[str, Any]) -> float:
    """Values that one token adds in the layers whose heads are counted one by one."""
    return sum(
        float(mixing(dims, letter) * 2 * kv_heads * dims["head_dim"])
        for letter, (_, kv_heads) in dims.get("head_counts", {}).items()
    )


def _window_cells(window: float, tokens: Any, rule: str) -> Any:
    held = np.asarray(tokens, dtype=np.float64)
    limit = {"cells": window + _MICRO_BATCH, "pages": np.inf}.get(rule, window)
    return np.maximum(np.minimum(held, limit), _WINDOWED * held if rule == "share" else 0.0)


def token_values(dims: Mapping[str, Any], *, latent: bool = True, windowed: bool = False) -> float:
    """Values that one token adds to the cache of one attention layer."""
    rank = dims.get("kv_rank", 0)
    if rank and latent:
        return float(rank + dims["rope_dim"])
    if rank:
        return float(dims["heads"] * (dims["nope_dim"] + dims["rope_dim"] + dims["value_dim"]))
    if not dims.get("kv_heads"):
        return 0.0
    kv_heads, head_dim = head_sizes(dims, windowed=windowed)
    if dims.get("sparse_rate"):
        return float(head_dim)
    return float(kv_heads * (head_dim + dims.get("value_dim", head_dim)))


def kv_bytes_per_token(dims: Mapping[str, Any], precision: Precision) -> float:
    """Bytes that one token takes while every attention layer holds it: a full page of vLLM's pool."""
    return float(kv_cache(dims, precision, 1.0, engine="vllm"))


def sequence_bytes(
    dims: Mapping[str, Any], precision: Precision, tokens: Any, tp: Any = 1.0, *, engine: str = "transformers"
) -> Any:
    """Bytes that one sequence of `tokens` holds on each of `tp` GPUs: cache and recurrent state.

    A KV head is kept whole: with more GPUs than heads several hold a copy, and all hold the latents.
    """
    gpus = np.asarray(tp, dtype=np.float64)
    cache = kv_cache(dims, precision, tokens, engine=engine, indexer=True) / np.minimum(gpus, kv_split(dims))
    return cache + state_bytes_per_sequence(dims) / gpus


def kv_split(dims: Mapping[str, Any]) -> float:
    """GPUs over which the KV cache of one sequence can be spread: its KV heads, one for latents."""
    return 1.0 if dims.get("kv_rank") else float(dims.get("kv_heads", 0) or 1)
