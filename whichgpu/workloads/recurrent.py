"""Recurrent layers: what runs once over all time steps, and what runs at every one of them.

Letters: B batch, T time steps, I inputs of a step, H hidden values of a layer.

A layer from cuDNN multiplies all inputs by their weights in one product and repeats only the product
of the state, T times; its backward pass does the same, the gradient of the weights in one product. A
cell in a Python loop has every product, and the gradient of its weights, at each step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whichgpu.workloads.recorder import Recorder

#: Gates of a cell.
LSTM = 4


def layer(
    rec: Recorder, batch: Any, steps: Any, inputs: int, hidden: int, *, gates: int = LSTM,
    directions: int = 1, keeps: float = 1.0, name: str = "rnn",
) -> None:  # fmt: skip
    """A whole layer, both biases: (T, B, I) -> (T, B, H x directions)."""
    with rec.module(name, copies=float(directions)):
        rec.linear(batch * steps, inputs, gates * hidden, bias=True, keeps=keeps / directions, name="input")
        with rec.module("step", repeats=steps):
            rec.linear(batch, hidden, gates * hidden, bias=True, backward="sequence", name="state")
            _gates(rec, batch, hidden, gates)


def cell(
    rec: Recorder, batch: Any, inputs: int, hidden: int, *, gates: int = LSTM, name: str = "cell"
) -> None:
    """One step of a cell in a loop, both biases: (B, I), (B, H) -> (B, H)."""
    with rec.module(name):
        rec.linear(batch, inputs, gates * hidden, bias=True, name="input")
        rec.linear(batch, hidden, gates * hidden, bias=True, name="state")
        _gates(rec, batch, hidden, gates)


def _gates(rec: Recorder, batch: Any, hidden: int, gates: int) -> None:
    """Reads the gates from input and state and the old state; writes the new, keeps gates and state."""
    rec.pointwise(hidden * batch, reads=2.0 * gates + 1.0, writes=2.0, keeps=gates + 1.0, name="gates")
