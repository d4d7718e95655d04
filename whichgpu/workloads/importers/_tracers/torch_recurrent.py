"""Recurrent layers of PyTorch, noted whole: to run every step of a long sequence takes minutes.

Letters: B batch, T steps, H width of a state, G gates times H.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .torch_tracer import Tracer

#: Behind nn.LSTM, GRU and RNN: (x, states, weights, bias, layers, .., bidirectional, batch first).
NAMES = ("lstm", "gru", "rnn_tanh", "rnn_relu")
_BIAS, _LAYERS, _BOTH, _BATCH_FIRST = 3, 4, 7, 8


def whole(func: Any, args: tuple[Any, ...], tracer: Tracer) -> bool:
    """Whether a call is one of a recurrent layer over a padded sequence, on shapes alone."""
    named = getattr(func, "__name__", "") in NAMES and len(args) == _BATCH_FIRST + 1
    return named and tracer.device == "meta" and isinstance(args[2], list | tuple) and args[0].dim() == 3


def run(func: Any, args: tuple[Any, ...], tracer: Tracer) -> Any:
    """What the layer gives, (B, T, 2 H or H) and its states: of one step, spread over all."""
    x, time = args[0], int(args[_BATCH_FIRST])
    steps = x.shape[time]
    tracer.paused += 1
    try:
        out, *states = func(x.narrow(time, 0, 1), *args[1:])
        spread = [1, 1, 1]
        spread[time] = steps
        out = out.repeat(spread)
    finally:
        tracer.paused -= 1
    for op in _ops(args, steps, x.numel() // (steps * x.shape[2]), tracer):
        tracer.ops.append(op)
    return (out, *states)


def _ops(args: tuple[Any, ...], steps: int, batch: int, tracer: Tracer) -> Iterator[dict[str, Any]]:
    """Of each layer and direction: the product of all inputs, then state's product and gates step by step."""
    directions = 2 if args[_BOTH] else 1
    each = len(args[2]) // (args[_LAYERS] * directions)
    for start in range(0, len(args[2]), each):
        into, state, *others = args[2][start : start + each]
        biases, projected = (others[:2], others[2:]) if args[_BIAS] else ((), others)
        gates = into.shape[0]
        yield _product(tracer, "input", steps * batch, into, biases[:1])
        for _ in range(steps):
            yield _product(tracer, "state", batch, state, biases[1:])
            yield {"kind": "pointwise", "layer": tracer.layer("gates"), "dims": {"elements": batch * gates},
                   "read": 2 * batch * gates, "write": 2 * batch * state.shape[1], "weights": 0,
                   "parameters": 0, "saved": batch * gates}  # fmt: skip
            for weight in projected:
                yield _product(tracer, "projection", batch, weight, ())


def _product(tracer: Tracer, part: str, rows: int, weight: Any, biases: Any) -> dict[str, Any]:
    """(rows, k) x (k, n), with a bias."""
    n, k = weight.shape
    held = (weight, *biases)
    return {"kind": "gemm", "layer": tracer.layer(part), "dims": {"m": rows, "n": n, "k": k, "batch": 1},
            "read": rows * k, "write": rows * n, "saved": rows * k,
            "weights": sum(one.numel() for one in held),
            "parameters": sum(tracer.first_met(one) for one in held)}  # fmt: skip
