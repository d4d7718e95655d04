"""RWKV: a recurrence over tokens instead of attention, and a feed-forward part that looks one token back.

Peng et al., "RWKV: Reinventing RNNs for the Transformer Era" (version 4), "Eagle and Finch" (5 and 6),
"RWKV-7 Goose"; the layers as in BlinkDL/RWKV-LM. `rwkv` among the dimensions is the version:

    4   a state of three values a channel, receptance, key and value
    5   a state of 64 x 64 values a head, and a gate
    6   the mix with the token before, and the decay, depend on the token: `mix_rank`, `decay_rank`
    7   the state is corrected as well (a generalised delta rule): `decay_rank`, `rate_rank`, `value_rank`,
        `gate_rank`; the feed-forward part has no receptance

Letters: T tokens of a pass, D width, A width of the recurrence, H heads of K values, F width inside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.language.kernels import blocked, recurrence, scan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.language.layout import Attend
    from whichgpu.workloads.recorder import Recorder

#: Values of a head from version 5 on.
HEAD = 64
#: Values that a channel of version 4 carries: numerator, denominator, largest exponent.
_CARRIED = 3


def state_elements(dims: Mapping[str, Any]) -> float:
    """Values that one layer keeps of a sequence: its recurrence, and the last token of both halves."""
    inner, width = _inner(dims), dims["hidden"]
    return float((_CARRIED if dims["rwkv"] == 4 else dims.get("state_head_dim", HEAD)) * inner + 2 * width)


def _inner(dims: Mapping[str, Any]) -> int:
    return int(dims.get("inner", dims["hidden"]))


def time_mix(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend]) -> None:
    """The recurrence of a layer: (T, D) -> (T, D)."""
    version, width, inner = dims["rwkv"], dims["hidden"], _inner(dims)
    {4: _shift, 5: _shift, 6: _mixed, 7: _corrected}[version](dims, rec, rows)
    made = {4: 3, 5: 4, 6: 4, 7: 3}[version]
    rec.linear(rows, width, made * inner, shard="column", name="in")
    for one in attends:
        with rec.module("attend", repeats=one.repeats):
            _recur(dims, rec, one)
    if version > 4:
        rec.norm(
            inner * rows, dims.get("state_head_dim", HEAD), parameters=2 * inner, keeps=4.0, name="head_norm"
        )
    rec.pointwise(inner * rows, reads=2.0, keeps=2.0, shard="column", name="gate")
    rec.linear(rows, inner, width, shard="row", name="out")


def _recur(dims: Mapping[str, Any], rec: Recorder, one: Attend) -> None:
    """Tokens into the state and out of it; the kernels keep it in registers, and write it once."""
    inner, tokens = _inner(dims), one.batch * one.q
    carried = (state_elements(dims) - 2 * dims["hidden"]) * one.batch
    if dims["rwkv"] == 4:
        scan(rec, inner * tokens, _CARRIED, carried)
        return
    size = dims.get("state_head_dim", HEAD)
    for name in ("state", "correction") if dims["rwkv"] == 7 else ("state",):
        recurrence(rec, tokens, heads=inner // size, keys=size, values=size, name=name,
                   carried=carried if name == "state" else 0.0)  # fmt: skip


def _shift(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """The mix with the token before, a weight a channel for each result; decay and bonus of the state."""
    width, made = dims["hidden"], 3 if dims["rwkv"] == 4 else 4
    rec.pointwise(made * width * rows, keeps=1.0 / made, name="shift",
                  parameters=float(made * width + 2 * _inner(dims)))  # fmt: skip


def _mixed(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """Version 6: five mixes and the decay, each of a narrow layer; decay, bonus and six weights a channel."""
    width, inner, mix = dims["hidden"], _inner(dims), dims["mix_rank"]
    rec.linear(rows, width, 5 * mix, name="mix_a")
    blocked(rec, rows, 5, mix, width, name="mix_b")
    rec.pointwise(5 * width * rows, keeps=0.2, parameters=float(6 * width), name="shift")
    _narrow(dims, rec, rows, "decay")
    rec.pointwise(inner * rows, parameters=float(2 * inner), keeps=1.0, shard="column", name="decay")


def _corrected(dims: Mapping[str, Any], rec: Recorder, rows: Any) -> None:
    """Version 7: narrow layers for decay, rate, value and gate; the first layer's values need no mix.

    Three small tables of keys and rates; bases of decay, rate and value.
    """
    width, inner = dims["hidden"], _inner(dims)
    rec.pointwise(6 * width * rows, keeps=1.0 / 6.0, parameters=float(6 * width), name="shift")
    for name in ("decay", "rate", "gate"):
        _narrow(dims, rec, rows, name)
    # One layer of all, the first, has no such layer: it is spread over them.
    share = 1.0 - 1.0 / dims["layers"]
    rank, size = dims["value_rank"], rec.precision.activation
    rec.record("gemm", "value_mix", {"m": rows, "n": float(inner), "k": 2.0 * rank * share, "batch": 1.0},
               parameters=share * (rank * (width + inner) + inner),
               flops=2.0 * share * rank * (width + inner) * rows, read_bytes=width * size * rows,
               write_bytes=inner * size * rows, saved_bytes=0.0)  # fmt: skip
    rec.pointwise(
        inner * rows, reads=4.0, keeps=2.0, parameters=float(5 * inner), shard="column", name="keys"
    )


def _narrow(dims: Mapping[str, Any], rec: Recorder, rows: Any, name: str) -> None:
    """Two layers through the rank that a name has: (T, D) -> (T, A)."""
    rank = dims[f"{name}_rank"]
    rec.linear(rows, dims["hidden"], rank, keeps=0.0, name=f"{name}_a")
    rec.linear(rows, rank, _inner(dims), shard="column", name=f"{name}_b")


def channel_mix(dims: Mapping[str, Any], rec: Recorder, rows: Any, ffn: int) -> None:
    """A squared ReLU between two layers, under a receptance but in version 7: (T, D) -> (T, D)."""
    width = dims["hidden"]
    gated = dims["rwkv"] < 7
    rec.pointwise(width * rows, parameters=float((1 + gated) * width), keeps=1.0, name="shift")
    rec.linear(rows, width, ffn, shard="column", name="up")
    rec.pointwise(ffn * rows, keeps=1.0, shard="column", name="squared_relu")
    rec.linear(rows, ffn, width, shard="row", name="down")
    if gated:
        rec.linear(rows, width, width, keeps=0.0, name="receptance")
        rec.pointwise(width * rows, reads=2.0, keeps=2.0, name="gate")
