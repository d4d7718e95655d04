"""Feed-forward parts of decoders: dense, and mixtures of experts.

Of E experts a token goes to `top`. A pass over T tokens reads those that any of them goes to, fewer than
E (1 - (1 - top / E)^T) since some are chosen more often than others; all of them are stored. Shared experts
work on every token.
Letters: T tokens of a pass, D width, F width inside, E experts.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.facts import store
from whichgpu.workloads.language.kernels import grouped
from whichgpu.workloads.language.layout import biased

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.recorder import Recorder


def dense(
    dims: Mapping[str, Any], rec: Recorder, rows: Any, ffn: int, *, keeps: float = 1.0, bias: bool = False,
    down: str = "down",
) -> None:  # fmt: skip
    """Up (and gate), activation, `down`: (T, D) -> (T, D)."""
    width, gated = dims["hidden"], dims.get("gated", True)
    rec.linear(rows, width, ffn * (2 if gated else 1), bias=bias, keeps=keeps, shard="column", name="up")
    activation(rec, ffn * rows, gated=gated, shard="column", function=dims.get("function", ""))
    rec.linear(rows, ffn, width, bias=bias, shard="row", name=down)


def activation(rec: Recorder, elements: Any, *, gated: bool, shard: str, function: str = "") -> None:
    """The `function` between up and down, if it is one of those with a name; a gate is multiplied in."""
    if gated and rec.training:
        # Eager: silu keeps the gate, the product keeps both of its factors.
        rec.pointwise(elements, keeps=1.0, shard=shard, name=function or "silu")
        rec.pointwise(elements, reads=2.0, keeps=2.0, shard=shard, name="multiply")
    else:
        name = function or "activation"
        rec.pointwise(elements, reads=2.0 if gated else 1.0, keeps=1.0, shard=shard, name=name)


def _clamped(rec: Recorder, elements: Any, outputs: Any) -> None:
    """Biases of experts, and a clamped gated function, op by op as eager PyTorch runs them.

    A bias is looked up and added for every token; gate and up are clamped, alpha, sigmoid and product of the
    gate, one added to up, and their product (OpenAI's gpt-oss). Kernels for all of it exist: Megatron Core's
    `weighted_bias_quick_geglu_impl`, which Megatron-Bridge turns on (`bias_activation_fusion`), Transformer
    Engine's clamped SwiGLU, Triton's of vLLM. A runtime that fuses runs the chain of these ops as one.
    """
    for name, width in (("up_bias", 2.0 * elements), ("down_bias", outputs)):
        rec.pointwise(width, reads=2.0, shard="expert", name=name)
    for name, reads in (("clamp", 1.0), ("clamp_up", 1.0), ("alpha", 1.0), ("plus", 1.0)):
        rec.pointwise(elements, reads=reads, shard="expert", name=name)
    rec.pointwise(elements, keeps=1.0, shard="expert", name="sigmoid")
    rec.pointwise(elements, reads=2.0, shard="expert", name="gate")
    rec.pointwise(elements, reads=2.0, keeps=2.0, shard="expert", name="multiply")


#: The option `router` of a training whose experts compute all tokens, those they were not chosen for too.
EVERY = "all"


def feed_forward(dims: Mapping[str, Any], rec: Recorder, rows: Any, kind: str) -> None:
    """What follows the mixer of a layer: '-' dense, 'E' experts, or the letter of a width."""
    if kind == "E":
        experts(dims, rec, rows)
    elif dims.get("rwkv"):
        from whichgpu.workloads.language.rwkv import channel_mix

        channel_mix(dims, rec, rows, dims["ffn"])
    else:
        dense(dims, rec, rows, dims.get("feed_widths", {}).get(kind) or dims["ffn"], bias=biased(dims, "ffn"))


def experts(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """Router, dispatch, experts, combination, and the shared expert beside them: (T, D) -> (T, D)."""
    width, ffn, gated = dims["hidden"], dims["expert_ffn"], dims.get("gated", True)
    count, top, inner = dims["experts"], dims["experts_per_token"], dims.get("latent", 0) or width
    shared = shared_width(dims)
    rec.linear(rows, width, count, bias=bool(dims.get("router_bias")), unquantised=True, name="router")
    rec.pointwise(count * rows, wide=True, name="choice")
    if inner != width:
        rec.linear(rows, width, inner, keeps=0.0, name="to_latent")
    sent, touched = top * rows, experts_touched(count, top, rows, spread=dims.get(SPREAD, False))
    bias = bool(dims.get("expert_bias"))
    with rec.module("experts"):
        rec.copy(inner * sent, reads=1.0 / top, name="dispatch", dims=_chosen(dims, rec))
        grouped(
            rec, sent, inner, ffn * (2 if gated else 1), count=count, top=top, touched=touched, bias=bias,
            name="up",
        )  # fmt: skip
        if bias and rec.training:
            _clamped(rec, ffn * sent, inner * sent)
        else:
            activation(rec, ffn * sent, gated=gated, shard="expert", function=dims.get("function", ""))
        grouped(rec, sent, ffn, inner, count=count, top=top, touched=touched, bias=bias, shard="expert_row",
                name="down")  # fmt: skip
        # One all-reduce serves both: where there is a shared expert its own last layer brings it.
        rec.pointwise(inner * rows, reads=float(top), keeps=float(top), shard="summed" if shared else "row",
                      name="combine")  # fmt: skip
    if inner != width:
        rec.linear(rows, inner, width, name="from_latent")
    if shared:
        with rec.module("shared"):
            dense(dims, rec, rows, shared, keeps=0.0)
            if dims.get("shared_gate"):
                rec.linear(rows, width, 1, keeps=0.0, unquantised=True, name="gate")
            rec.add(width * rows)


#: Dimensions of a dispatch: experts of a group among which a corrected choice is made, and how many there are
#: in all; whether experts lie and multiply in 16 bits; whether they are gated ones in FP8 of a corrected
#: choice under attention without latents, as MiniMax M2's and those of GLM 4.5 to 4.7.
GROUP, ALL, HALF, EIGHT = "group", "all", "half", "eight"


def _chosen(dims: Mapping[str, Any], rec: Recorder) -> dict[str, float]:
    """What kernels around experts depend on: see `GROUP`.

    DeepSeek's experts, and those of models that have its layer (GLM 4.5 to 5, Kimi K2, Nemotron 3), are
    chosen by scores to which a bias is added for the choice alone, in groups, be it one; an expert of all
    tokens stands beside them. Biases of GPT-OSS's routers are those of a product.
    """
    half = rec.precision.math in ("fp16", "bf16") and rec.precision.weight >= _HALF_BYTES
    told = {HALF: float(half)}
    corrected = dims.get("router_bias") and not dims.get("expert_bias")
    if corrected and rec.precision.math == "fp8" and dims.get("gated", True) and "kv_rank" not in dims:
        told[EIGHT] = 1.0
    if corrected and shared_width(dims):
        told |= {GROUP: dims["experts"] / dims.get("expert_groups", 1), ALL: float(dims["experts"])}
    return told


_HALF_BYTES = 2.0

#: The dimension of a step that says that its tokens are as many as its rows in the mean only.
SPREAD = "spread_tokens"


def experts_touched(count: float, top: float, rows: Any, *, spread: bool = False) -> Any:
    """Experts that at least one of `rows` tokens goes to: E (1 - (1 + a T / e)^-e), `top` of one token.

    Were all chosen alike it would be E (1 - (1 - top / E)^T), the limit of a large evenness e: how often one
    is chosen differs as a gamma distribution of shape e does. a is -e + e (1 - top / E)^(-1 / e).

    Of one and a Poisson number of others, T in the mean (`spread`), it is
    E (1 - (1 + (a + (T - 1) top / E) / e)^-e).
    """
    share, even = 1.0 - 1e-12 if top >= count else top / count, evenness()
    one = np.expm1(-np.log1p(-share) / even)
    sent = one + share / even * np.maximum(rows - 1.0, 0.0) if spread else rows * one
    return np.minimum(count * -np.expm1(-even * np.log1p(sent)), top * rows)


@cache
def evenness() -> float:
    """How evenly tokens choose experts: the shape of a gamma distribution, infinite where all are alike."""
    return float(store.load("fits")["prior"]["experts"]["evenness"])


def shared_width(dims: Mapping[str, Any]) -> int:
    """Width inside of all shared experts together."""
    return int(dims.get("shared_ffn", dims.get("shared_experts", 0) * dims.get("expert_ffn", 0)))


def idle_parameters(dims: Mapping[str, Any]) -> float:
    """Weights of one layer's experts that a token does not go to."""
    inner, ffn = dims.get("latent", 0) or dims["hidden"], dims["expert_ffn"]
    up = 2 if dims.get("gated", True) else 1
    each = (up + 1) * inner * ffn + (up * ffn + inner if dims.get("expert_bias") else 0)
    return float((dims["experts"] - dims["experts_per_token"]) * each)
