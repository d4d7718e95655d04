"""Mixers that keep a state of fixed size instead of a cache: Mamba 1 and 2, linear attention of three kinds.

Gu, Dao, "Mamba"; Dao, Gu, "Transformers are SSMs" (Mamba-2, section 6: chunks); Yang et al., "Gated Delta
Networks"; Qin et al., "Lightning Attention-2" (MiniMax); Kimi Team, "Kimi Linear" (channel-wise decay).
A prompt is worked on in chunks of C tokens: attention inside a chunk, and products with the state between
them. A decoded token reads the state and writes it.
Letters: T tokens of a pass, D width, I width inside, N values of a state, H heads of P values, G groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.values import NamedTuple
from whichgpu.workloads.language.kernels import recurrence, scan
from whichgpu.workloads.language.layout import mixing
from whichgpu.workloads.recorder import FP32

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.language.layout import Attend
    from whichgpu.workloads.recorder import Recorder

#: Tokens of a chunk in the published kernels: 128 (Mamba-2), 64 (delta rule).
_CHUNK = {"M": 128.0, "L": 64.0}
#: Times that the state of a chunk is written, and read: made, passed on, used (Mamba-2's three kernels).
_STATE_PASSES = 2.0


#: Kinds of linear attention without a convolution, whose norm has a weight for each channel.
_UNCONVOLVED = ("lightning", "memory")


class State(NamedTuple):
    """Sizes of a recurrent mixer: H heads with a state of keys x values, and a convolution over channels."""

    heads: int
    keys: int
    values: int
    channels: int
    taps: int

    @property
    def elements(self) -> int:
        """Values of the state of one layer and sequence, the convolution's last tokens included."""
        return self.heads * self.keys * self.values + (self.taps - 1) * self.channels


def state(dims: Mapping[str, Any], mixer: str) -> State:
    """The state of a layer: 'L' gated delta rule, 'M' Mamba-2 where there are `state_heads`, else Mamba-1."""
    taps = dims.get("conv", 4)
    if mixer == "L" and dims.get("linear") in _UNCONVOLVED:
        taps = 1
    if mixer == "L":
        keys, values = dims["linear_key_dim"], dims["linear_value_dim"]
        heads, key_heads = dims["linear_value_heads"], dims["linear_key_heads"]
        return State(heads, keys, values, 2 * key_heads * keys + heads * values, taps)
    if dims.get("state_heads"):
        heads, values = dims["state_heads"], dims["state_head_dim"]
        channels = heads * values + 2 * dims["state_groups"] * dims["state"]
        return State(heads, dims["state"], values, channels, taps)
    return State(dims["inner"], dims["state"], 1, dims["inner"], taps)


def state_bytes_per_sequence(dims: Mapping[str, Any]) -> float:
    """Bytes of recurrent state of one sequence, whatever its length; engines keep it in FP32."""
    kinds = sorted(set(dims.get("pattern", "*")) & set(_KEEPING))
    return FP32 * sum(mixing(dims, mixer) * _elements(dims, mixer) for mixer in kinds)


#: Mixers that keep a state.
_KEEPING = "LMPHKGR"


def _elements(dims: Mapping[str, Any], mixer: str) -> float:
    """Values that a layer of a kind keeps of a sequence."""
    if mixer in "LMPH":
        return state(dims, "L" if mixer == "L" else "M").elements
    from whichgpu.workloads.language import gated, rwkv

    known = {"K": gated.conv_elements, "G": gated.recurrence_elements, "R": rwkv.state_elements}
    return known[mixer](dims)


def mix(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend], mixer: str) -> None:
    """A recurrent mixer: (T, D) -> (T, D)."""
    if mixer in "KGR":
        _mix_otherwise(dims, rec, rows, attends, mixer)
    elif mixer == "L":
        _delta(dims, rec, rows, attends)
    elif dims.get("state_heads"):
        _mamba2(dims, rec, rows, attends)
    else:
        _mamba1(dims, rec, rows, attends)


def _mix_otherwise(
    dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend], mixer: str
) -> None:
    """Mixers that few models have: their code is loaded where it is needed."""
    from whichgpu.workloads.language import gated, rwkv

    if mixer == "K":
        gated.short_convolution(dims, rec, rows)
    elif mixer == "G":
        gated.gated_recurrence(dims, rec, rows, attends)
    else:
        rwkv.time_mix(dims, rec, rows, attends)


def _delta(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend]) -> None:
    """Linear attention: query, key, value and gate of (T, D), a state of keys x values per head.

    `linear`: `delta` decays a head at a time and `channels` each of its keys, both by the delta rule after a
    short convolution; `lightning` decays by a constant and has neither; `memory` (Beck et al., "xLSTM 7B")
    has gates of input and of forgetting, one a head each with a bias, and no convolution.
    """
    size, width, kind = state(dims, "L"), dims["hidden"], dims.get("linear", "delta")
    inner = size.heads * size.values
    if kind == "channels":
        _decayed_by_channel(rec, rows, size, width, narrow=dims.get("linear_narrow", True))
    else:
        rec.linear(rows, width, size.channels + inner, shard="column", name="in")
    if kind == "delta":
        rec.linear(rows, width, 2 * size.heads, keeps=0.0, unquantised=True, shard="column", name="decay")
        # Decay and its bias are one value a head each.
        _convolve(rec, rows, size, bias=False, extra=2 * size.heads)
    if kind == "memory":
        rec.linear(rows, width, 2 * size.heads, bias=True, keeps=0.0, unquantised=True, shard="column",
                   name="gates")  # fmt: skip
    _recur(rec, size, attends, "L")
    weights = inner if kind in _UNCONVOLVED else size.values
    rec.norm(inner * rows, size.values, parameters=weights, keeps=4.0, name="gated_norm")
    rec.linear(rows, inner, width, shard="row", name="out")


def _decayed_by_channel(rec: Recorder, rows: Any, size: State, width: int, *, narrow: bool) -> None:
    """Query, key and value; decay and gate, `narrow` through a width of one head each; what a head writes."""
    keys, inner = size.heads * size.keys, size.heads * size.values
    rec.linear(rows, width, size.channels, shard="column", name="in")
    if narrow:
        rec.linear(rows, width, size.keys + size.values, keeps=0.0, name="narrow")
    rec.linear(rows, size.keys if narrow else width, keys, shard="column", name="decay")
    rec.linear(rows, size.values if narrow else width, inner, shard="column", name="gate")
    rec.linear(rows, width, size.heads, keeps=0.0, unquantised=True, shard="column", name="write")
    _convolve(rec, rows, size, bias=False, extra=keys + size.heads)


def _mamba2(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend]) -> None:
    """Mamba-2: gate, x, B, C and step of (T, D), a state of N x P per head.

    From the first product on it is one function, which keeps what that made and what the state gave, and runs
    the rest again (mamba_split_conv1d_scan_combined of state-spaces/mamba, ops/triton/ssd_combined.py).
    """
    size, width = state(dims, "M"), dims["hidden"]
    inner = size.heads * size.values
    rec.linear(rows, width, inner + size.channels + size.heads, shard="column", name="in")
    # Step bias, decay and skip are one value a head each.
    _convolve(rec, rows, size, bias=True, extra=3 * size.heads, keeps=1.0)
    _recur(rec, size, attends, "M")
    if dims.get("state_norm", True):
        rec.norm(inner * rows, inner, parameters=inner, keeps=rec.precision.activation, name="gated_norm")
    else:
        rec.pointwise(inner * rows, reads=2.0, keeps=1.0, shard="column", name="gate")
    rec.linear(rows, inner, width, keeps=0.0, shard="row", name="out")


def _mamba1(dims: Mapping[str, Any], rec: Recorder, rows: Any, attends: Sequence[Attend]) -> None:
    """Mamba-1: gate and x of (T, D); step, B, C from x; a selective scan over I channels of N values.

    Without norms of its own it is one function, which keeps gate, x, what they select and what the scan gave,
    and runs the rest again (MambaInnerFn of state-spaces/mamba, ops/selective_scan_interface.py).
    """
    size, width = state(dims, "M"), dims["hidden"]
    inner, n, rank = dims["inner"], dims["state"], dims["step_rank"]
    apart = float(bool(dims.get("state_norms")))
    rec.linear(rows, width, 2 * inner, shard="column", name="in")
    # Decay (N values) and skip of each channel.
    _convolve(rec, rows, size, bias=True, extra=inner * (n + 1))
    rec.linear(rows, inner, rank + 2 * n, keeps=apart, shard="row", name="select")
    if dims.get("state_norms"):
        rec.norm((rank + 2 * n) * rows, rank, parameters=rank + 2 * n, keeps=4.0, name="state_norm")
    rec.linear(rows, rank, inner, bias=True, shard="column", name="step")
    for one in attends:
        with rec.module("attend", repeats=one.repeats):
            scan(rec, inner * (one.batch * one.q), n, _carried(one, size), keeps=1.0 + apart)
    rec.pointwise(inner * rows, reads=2.0, keeps=2.0 * apart, shard="column", name="gate")
    rec.linear(rows, inner, width, keeps=apart, shard="row", name="out")


def _convolve(rec: Recorder, rows: Any, size: State, *, bias: bool, extra: int, keeps: float = 2.0) -> None:
    """A short convolution along the tokens, channel by channel; `extra` are the mixer's own small weights."""
    weights = float((size.taps + bias) * size.channels + extra)
    rec.pointwise(size.channels * rows, keeps=keeps, parameters=weights, shard="column", name="conv")


def _recur(rec: Recorder, size: State, attends: Sequence[Attend], mixer: str) -> None:
    """Products with the state, and attention inside the chunks of a prompt."""
    for one in attends:
        with rec.module("attend", repeats=one.repeats):
            tokens, carried = one.batch * one.q, _carried(one, size)
            if not one.cached:
                chunk = np.minimum(one.q, _CHUNK[mixer])
                chunks = tokens / np.maximum(chunk, 1.0)
                # Its kernels leave the state of every chunk in memory, and the next ones read it.
                carried = carried + _STATE_PASSES * size.heads * size.keys * size.values * chunks
                rec.attention(chunks, size.heads, chunk, chunk, size.keys, value_dim=size.values,
                              causal=True, again=mixer != "L", name="chunk")  # fmt: skip
            recurrence(rec, tokens, heads=size.heads, keys=size.keys, values=size.values, carried=carried,
                       again=mixer != "L")  # fmt: skip


def _carried(one: Attend, size: State) -> Any:
    """Values of state that a pass reads, and writes back: of each sequence once."""
    return size.elements * one.batch
