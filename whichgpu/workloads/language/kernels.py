"""Ops that only language models have: products grouped by expert, and recurrences over a state.

Letters: T tokens, E experts, H heads with a state of K x V values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads.recorder import FP32, wide_math

if TYPE_CHECKING:
    from whichgpu.workloads.recorder import Recorder


def grouped(
    rec: Recorder, sent: Any, inputs: int, outputs: int, *, count: int, top: float, touched: Any, bias: bool,
    name: str, shard: str = "expert",
) -> None:  # fmt: skip
    """A dense layer in each of `count` experts: `sent` rows over the `touched` ones, which are read.

    A token goes to `top` of them.
    """
    size = rec.precision.activation
    read = inputs * size * sent
    rec.record(
        "gemm", name,
        {"m": sent / np.maximum(touched, 1.0), "n": float(outputs), "k": float(inputs), "batch": touched,
         "groups": float(count), "chosen": float(top)},
        parameters=float(count * (inputs + bias) * outputs),
        read=touched / count,
        flops=2.0 * inputs * outputs * sent,
        read_bytes=read,
        write_bytes=outputs * size * sent,
        saved_bytes=read,
        shard=shard,
    )  # fmt: skip


def blocked(
    rec: Recorder, rows: Any, blocks: int, inputs: int, outputs: int, *, bias: bool = False,
    shard: str = "head", name: str = "blocked",
) -> None:  # fmt: skip
    """A dense layer in blocks, each of which sees its own part of the input: `rows` of blocks x inputs."""
    size = rec.precision.activation
    read = blocks * inputs * size * rows
    rec.record(
        "gemm", name, {"m": rows, "n": float(outputs), "k": float(inputs), "batch": float(blocks)},
        parameters=float(blocks * (inputs + bias) * outputs),
        flops=2.0 * blocks * inputs * outputs * rows,
        read_bytes=read,
        write_bytes=blocks * outputs * size * rows,
        saved_bytes=read,
        shard=shard,
    )  # fmt: skip


def recurrence(
    rec: Recorder, tokens: Any, *, heads: int, keys: int, values: int, carried: Any, name: str = "state",
    again: bool = False,
) -> None:  # fmt: skip
    """What T tokens add to a state of K x V per head, and read from it: two products of rank one a token.

    `carried` values of state, in FP32, come in and leave. What runs `again` backward keeps nothing.
    """
    size = rec.precision.activation
    read = heads * (2.0 * keys + values) * size * tokens
    rec.record(
        "gemm", name,
        {"m": tokens, "n": float(values), "k": 2.0 * keys, "batch": float(heads)},
        flops=4.0 * heads * keys * values * tokens,
        read_bytes=read + FP32 * carried,
        write_bytes=heads * values * size * tokens + FP32 * carried,
        saved_bytes=0.0 * read if again else read,
        dtype=wide_math(rec.precision.math),
        shard="head",
    )  # fmt: skip


def scan(rec: Recorder, elements: Any, state: int, carried: Any, *, keeps: float = 2.0) -> None:
    """A selective scan: each of `elements` channel values meets `state` values of state, in plain arithmetic.

    Decay, input, sum and output are 9 operations for each of them; for its backward pass it `keeps` so many
    values.
    """
    size = rec.precision.activation
    rec.record(
        "pointwise", "scan", {"elements": elements},
        flops=9.0 * state * elements,
        read_bytes=2.0 * size * elements + FP32 * carried,
        write_bytes=size * elements + FP32 * carried,
        saved_bytes=keeps * size * elements,
        dtype="fp32",
        shard="head",
    )  # fmt: skip
