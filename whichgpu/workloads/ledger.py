"""What the layers of a family become: ops, of which identical ones are counted once, with their copies.

`Ledger` keeps the books for `Recorder`, whose layers call `_scaled` (numbers that go with the values in or
the results) and `_add` (any numbers).
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.values import NamedTuple
from whichgpu.workloads.ops import PLACES, Op

if TYPE_CHECKING:
    from collections.abc import Iterator, ValuesView

    from whichgpu.workloads.precision import Precision

#: Bytes of FP32, in which autocast runs normalisations and losses.
FP32 = 4.0


class _Scope(NamedTuple):
    """What holds for every op recorded inside a `with recorder.module(...)`."""

    prefix: str = ""
    repeats: Any = 1.0
    copies: float = 1.0
    again: bool = False
    frozen: bool = False
    freed: bool = False
    #: What tells its ops from the same ones elsewhere: the module that counts them, and the repeats.
    key: tuple[Any, ...] = ()


_COPIES, _STARTS = PLACES["copies"], PLACES["starts"]
#: An op from its values in their order; a trace makes thousands.
_made = partial(tuple.__new__, Op)


def _place(name: str) -> tuple[Any, ...]:
    """The key of an op outside of any module."""
    return (name.partition(".")[0], 1.0)


def _alike(number: Any) -> Any:
    """What stands for a number in a key: itself, or the bytes of an array."""
    return number.tobytes() if type(number) is np.ndarray else number


class _Module:
    """A `with` that records under another scope."""

    __slots__ = ("_copies", "_inner", "_ledger", "_outer")

    def __init__(self, ledger: Ledger, copies: float, scope: _Scope) -> None:
        self._ledger, self._copies, self._inner = ledger, copies, scope

    def __enter__(self) -> None:
        ledger = self._ledger
        self._outer = outer = ledger._scope
        ledger._scope = self._inner
        # What has no backward pass begins with nothing that one needs.
        if self._copies > 1.0 and outer.copies == 1.0 and not self._inner.frozen:
            ledger._starting = self._copies

    def __exit__(self, *_: object) -> None:
        self._ledger._scope = self._outer


@dataclass(slots=True, eq=False, repr=False)
class Ledger:
    """Collects the ops of one forward pass in a given precision; `training` turns dropout on."""

    precision: Precision
    training: bool = False
    #: What stands behind the convolutions of the model where it is no batch normalisation: `group`.
    norms: str = ""
    #: Values of each op by what sets it apart: an identical one adds its copies.
    _ops: dict[Any, list[Any]] = field(default_factory=dict, init=False)
    _scope: _Scope = field(default_factory=_Scope, init=False)
    #: Layers whose first op is still to come.
    _starting: float = field(default=0.0, init=False)
    #: What stands for the number of values that the last op made, where it was an elementwise one.
    _made: Any = field(default=None, init=False)
    #: Bytes per weight that are stored and read, of what is quantised and of what is not.
    _held: tuple[float, float] = field(init=False)
    _held_wide: tuple[float, float] = field(init=False)
    #: The same of dense layers, and what their products run in.
    _held_dense: tuple[float, float] = field(init=False)
    #: Bytes per element of an activation, and of one that autocast keeps in FP32.
    _sizes: tuple[float, float] = field(init=False)
    _math_dense: str = field(init=False)

    def __post_init__(self) -> None:
        """Look the widths up once: a network has thousands of ops."""
        spec = self.precision
        self._held = (spec.weight, spec.read_weight)
        self._sizes = (spec.activation, FP32 if spec.mixed else spec.activation)
        self._held_wide = (spec.head, spec.read_weight if spec.mixed else spec.head)
        self._held_dense, self._math_dense = self._held, spec.math

    @property
    def narrow_reads(self) -> float:
        """Bytes of a value in 16 bits over those of one that autocast widens; 1 in any other format."""
        return self._sizes[False] / self._sizes[True]

    @contextmanager
    def stored_in(self, spec: Precision) -> Iterator[None]:
        """Record in another format what a `with` holds: a part that is not narrowed with the rest."""
        own = self.precision
        self.precision = spec
        self.__post_init__()
        try:
            yield
        finally:
            self.precision = own
            self.__post_init__()

    def beside_experts(self) -> None:
        """Dense layers from here on stand beside experts, which are all that some formats narrow."""
        spec = self.precision
        if spec.dense:
            self._held_dense, self._math_dense = (spec.dense, spec.dense), spec.dense_math

    def ops(self) -> tuple[Op, ...]:
        """What was recorded, those that do identical work in one module merged."""
        return tuple(map(_made, self._ops.values()))

    def module(
        self, name: str, *, repeats: Any = 1.0, copies: float = 1.0, again: bool = False,
        frozen: bool = False, freed: bool = False,
    ) -> _Module:  # fmt: skip
        """Record under `name` what a `with` holds: it runs `repeats` times each, in `copies` equal layers.

        `again`: a second pass through layers recorded before, whose weights are already counted.
        `frozen`: no backward pass. `freed`: a step of its own, whose activations are gone before those of
        the rest are made. `repeats` 0: loaded, and not run.
        """
        outer = self._scope
        repeats = outer.repeats * repeats
        top = outer.key[0] if outer.key else name.partition(".")[0]
        return _Module(self, copies, _Scope(
            f"{outer.prefix}{name}.", repeats, outer.copies * copies, outer.again or again,
            outer.frozen or frozen, outer.freed or freed, (top, _alike(repeats)),
        ))  # fmt: skip

    def begins(self, *, each: bool = False) -> None:
        """The next op is the first of a layer that checkpointing keeps the input of, like no other.

        `each`: of one in every copy of what is recorded, which is of several.
        """
        if self._scope.copies == 1.0 or each:
            self._starting = self._scope.copies

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Record what is not the input that a layer begins with: made of the time step, or widened."""
        starting, self._starting = self._starting, 0.0
        yield
        self._starting += starting

    def _add(
        self, kind: str, name: str, dims: dict[str, Any], *, flops: Any = 0.0, parameters: float = 0.0,
        weight_bytes: Any = 0.0, stored_bytes: float = 0.0, read_bytes: Any = 0.0, write_bytes: Any = 0.0,
        saved_bytes: Any = 0.0, kv_bytes: Any = 0.0, dtype: str = "", copies: float = 1.0,
        fusable: bool = False, shard: str = "none", backward: str = "full",
    ) -> None:  # fmt: skip
        """Record an op by its numbers, or count it with the one that has the same."""
        scope = self._scope
        if scope.again:
            parameters = stored_bytes = 0.0
        if scope.frozen:
            backward = "none"
        if scope.frozen or scope.freed:
            saved_bytes = 0.0
        numbers = (flops, weight_bytes, read_bytes, write_bytes, saved_bytes, kv_bytes, *dims.values())
        # What stands before an op that is given by its numbers is not known to be its input.
        self._made = None
        key = (kind, scope.key or _place(name), dtype, fusable, shard, backward, parameters, stored_bytes,
               *map(_alike, numbers))  # fmt: skip
        if not self._counted(key, copies):
            self._new(key, [
                kind, scope.prefix + name, dims, dtype or self.precision.math, flops, parameters,
                weight_bytes, stored_bytes, read_bytes, write_bytes, saved_bytes, kv_bytes,
                scope.copies * copies, scope.repeats, fusable, shard, "forward", backward,
            ])  # fmt: skip

    def _scaled(
        self, kind: str, name: str, x: Any, y: Any, shape: dict[str, float], *, over: str, flops: float,
        reads: float, writes: float, saves: Any, parameters: float = 0.0, unquantised: bool = False,
        tied: bool = False, dtype: str = "", fusable: bool = False, shard: str = "none",
        backward: str = "full",
    ) -> None:  # fmt: skip
        """Record an op whose numbers go with the values in, `x`, or the results, `y`, its dimension `over`.

        `reads` and `saves` are bytes per value of x, `flops` and `writes` per result. Nearly all ops are
        of this sort, and half of them are known already: that is asked before anything is multiplied.
        """
        prefix, repeats, copies, again, frozen, freed, place = self._scope
        own = 0.0 if tied or again else parameters
        if frozen:
            backward = "none"
        if frozen or freed:
            saves = 0.0
        stored, held = self._held_wide if unquantised else self._held_dense
        if kind == "gemm" and (self.precision.odd[0] or (unquantised and tied and self.precision.tied)):
            stored = held = self.precision.stored(shape["k"], head=unquantised, tied=unquantised and tied)
        weights, stored = parameters * held, own * stored
        given = x.tobytes() if type(x) is np.ndarray else x
        made = given if y is x else y.tobytes() if type(y) is np.ndarray else y
        # Whether an elementwise op or a copy follows another one of as many values, for which `made` stands.
        joins = fusable or kind == "copy"
        chained = joins and self._made == made
        self._made = made if joins else None
        kept = saves.tobytes() if type(saves) is np.ndarray else saves
        beside: Any = shape.get("beside", 0.0)
        sizes: ValuesView[Any] = shape.values()
        if type(beside) is np.ndarray:
            sizes = {**shape, "beside": beside.tobytes()}.values()
        key = (kind, place or _place(name), dtype, fusable, chained, shard, backward, own, weights,
               stored, flops, reads, writes, kept, given, made, *sizes)  # fmt: skip
        seen = self._ops.get(key)
        if seen is not None:
            seen[_COPIES] += copies
            if self._starting:
                seen[_STARTS] += self._starting
                self._starting = 0.0
            return
        read = reads * x
        written = read if writes == reads and x is y else writes * y
        plain = type(saves) is not np.ndarray
        saved = read if plain and saves == reads else saves * x if not plain or saves else 0.0
        self._new(key, chained=chained, values=[
            kind, prefix + name, {over: y, **shape}, dtype or self.precision.math,
            y if flops == 1.0 else flops * y if flops else 0.0, own, weights, stored, read, written, saved,
            0.0, copies, repeats, fusable, shard, "forward", backward,
        ])  # fmt: skip

    def _counted(self, key: tuple[Any, ...], copies: float) -> bool:
        """Whether an op is recorded already: then its copies are added."""
        seen = self._ops.get(key)
        if seen is None:
            return False
        seen[_COPIES] += self._scope.copies * copies
        seen[_STARTS] += self._starting
        self._starting = 0.0
        return True

    def _new(self, key: tuple[Any, ...], values: list[Any], *, chained: bool = False) -> None:
        """Record an op that was not there before: the values of an `Op` in their order."""
        values += (self._starting, chained)
        self._starting = 0.0
        self._ops[key] = values
