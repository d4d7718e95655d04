"""Mixers of a short memory: gated short convolutions (LFM2) and gated linear recurrences (Griffin).

Liquid AI, "LFM2"; De et al., "Griffin: Mixing Gated Linear Recurrences with Local Attention", section 2.4.
Letters: T tokens of a pass, D width, W width of the recurrence, H blocks of its gates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.language.kernels import blocked, scan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.language.layout import Attend
    from whichgpu.workloads.recorder import Recorder


def conv_elements(dims: Mapping[str, Any]) -> float:
    """Values that a short convolution keeps of a sequence: the tokens that it still sees."""
    return float(dims["taps"] * dims["hidden"])


def recurrence_elements(dims: Mapping[str, Any]) -> float:
    """Values that a gated recurrence keeps of a sequence: its state, and the tokens its convolution sees."""
    return float(dims["taps"] * dims["recurrent"])


def short_convolution(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """Two gates and a value of each token, a convolution along the tokens between them: (T, D) -> (T, D)."""
    width, bias = dims["hidden"], bool(dims.get("taps_bias"))
    rec.linear(rows, width, 3 * width, bias=bias, shard="column", name="in")
    rec.pointwise(width * rows, reads=2.0, keeps=2.0, shard="column", name="gate")
    rec.pointwise(width * rows, keeps=1.0, parameters=float((dims["taps"] + bias) * width), shard="column",
                  name="conv")  # fmt: skip
    rec.pointwise(width * rows, reads=2.0, keeps=1.0, shard="column", name="gate_after")
    rec.linear(rows, width, width, bias=bias, shard="row", name="out")


def gated_recurrence(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend]) -> None:
    """Two branches: a GELU, and a convolution with a recurrence of one value a channel: (T, D) -> (T, D).

    Its input and recurrence gates are dense in blocks of the heads.
    """
    width, inner, heads = dims["hidden"], dims["recurrent"], dims["heads"]
    rec.linear(rows, width, 2 * inner, bias=True, shard="column", name="in")
    rec.pointwise(inner * rows, keeps=1.0, shard="column", name="gelu")
    rec.pointwise(
        inner * rows, keeps=1.0, parameters=float((dims["taps"] + 1) * inner), shard="column", name="conv"
    )
    blocked(rec, rows, 2 * heads, inner // heads, inner // heads, bias=True, name="gates")
    # The decay of each channel.
    rec.pointwise(inner * rows, reads=2.0, keeps=2.0, parameters=float(inner), shard="column", name="decay")
    for one in attends:
        with rec.module("attend", repeats=one.repeats):
            scan(rec, inner * (one.batch * one.q), 1, recurrence_elements(dims) * one.batch)
    rec.pointwise(inner * rows, reads=2.0, keeps=2.0, shard="column", name="gate")
    rec.linear(rows, inner, width, bias=True, shard="row", name="out")
