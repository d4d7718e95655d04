"""Ops of one kernel model stacked to arrays (O, G, J): ops x GPUs x jobs, for the kernel models.

G is 1 where the amount of work does not depend on the GPU; it is the number of GPUs where it does
(a serving replica holds as many sequences as its memory allows).
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.kernels import models
from whichgpu.cost.timing.classes import op_class
from whichgpu.values import immutable
from whichgpu.workloads.ops import COUNTED, KINDS, PLACES, Op

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.classes import OpClass


@immutable(slots=False)
class OpTable:
    """Ops of one kind, or of a few: every array is (O, 1 or G, 1 or J). Bytes and FLOPs are per execution.

    `kind` is that of the ops, or the name of the kernel model that takes its kinds together.
    """

    kind: str
    ops: tuple[Op, ...]
    dims: Mapping[str, NDArray[np.float64]]
    flops: NDArray[np.float64]
    weight_bytes: NDArray[np.float64]
    read_bytes: NDArray[np.float64]
    write_bytes: NDArray[np.float64]
    kv_bytes: NDArray[np.float64]
    count: NDArray[np.float64]

    @cached_property
    def _last(self) -> dict[str, tuple[Devices, Runtime, NDArray[Any]]]:
        """By name, what `once` told last, and of what."""
        return {}

    def once(
        self, name: str, devices: Devices, runtime: Runtime,
        read: Callable[[OpTable, Devices, Runtime], NDArray[Any]],
    ) -> NDArray[Any]:  # fmt: skip
        """What a function of this name reads of the ops, which a pass asks for again and again."""
        known = self._last.get(name)
        if known is None or known[0] is not devices or known[1] is not runtime:
            known = self._last[name] = devices, runtime, read(self, devices, runtime)
        return known[2]

    @cached_property
    def classes(self) -> tuple[OpClass, ...]:
        """The class of each op, for which a fit has coefficients."""
        return tuple(map(op_class, self.ops))

    @cached_property
    def dtypes(self) -> tuple[str, ...]:
        """The catalogue field whose peak bounds each op."""
        return tuple(op.dtype for op in self.ops)

    @cached_property
    def trains(self) -> bool:
        """Whether they are of a training, which has some of a backward pass."""
        return any(op.stage == "backward" for op in self.ops)

    @cached_property
    def fusable(self) -> NDArray[np.float64]:
        """1 where a fusing runtime runs the op inside its neighbour, as (O, 1, 1)."""
        return np.array([float(op.fusable) for op in self.ops])[:, None, None]

    @cached_property
    def chained(self) -> NDArray[np.float64]:
        """1 where an op takes its input from the elementwise one before it, as (O, 1, 1)."""
        return np.array([float(op.chained) for op in self.ops])[:, None, None]

    def of(self, *kinds: str) -> NDArray[np.float64]:
        """1 where an op is of one of these kinds, else 0, as (O, 1, 1)."""
        return np.array([float(op.kind in kinds) for op in self.ops])[:, None, None]

    @cached_property
    def held_bytes(self) -> NDArray[np.float64]:
        """Weights and KV cache that an op reads from end to end; a look-up reads its rows only."""
        held: NDArray[np.float64] = self.weight_bytes + self.kv_bytes
        return held if self.kind in COUNTED else held * (1.0 - self.of("embedding"))

    @cached_property
    def activation_bytes(self) -> NDArray[np.float64]:
        """Activations in and out."""
        total: NDArray[np.float64] = self.read_bytes + self.write_bytes
        return total

    @cached_property
    def traffic(self) -> NDArray[np.float64]:
        """Bytes of each op over all executions; the rows of a look-up count as activations."""
        return np.asarray(self.count * (self.activation_bytes + self.held_bytes))


def tables(ops: Iterable[Op]) -> Sequence[OpTable]:
    """Group ops by kind, or by kernel model where that takes its kinds together, and stack each group."""
    if not isinstance(ops, tuple):
        return _grouped(ops)
    known = _tables.get(id(ops))
    if known is None:
        if len(_tables) >= _KEPT:
            _tables.pop(next(iter(_tables)), None)
        # With the ops, so that no others can have their id.
        known = _tables[id(ops)] = ops, _grouped(ops)
    return known[1]


def _grouped(ops: Iterable[Op]) -> Sequence[OpTable]:
    groups: dict[str, list[Op]] = {}
    names = _names()
    for op in ops:
        groups.setdefault(names[op.kind], []).append(op)
    return [_table(kind, group) for kind, group in groups.items()]


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    """By kind of op, what its table is called."""
    return {
        kind: model.__name__.rpartition(".")[2] if getattr(model, "TOGETHER", False) else kind
        for kind, model in models().items()
    }


#: The last tables, by ops: those of a prompt are asked for twice.
_tables: dict[int, tuple[tuple[Op, ...], Sequence[OpTable]]] = {}
_KEPT = 6


def _table(kind: str, ops: Sequence[Op]) -> OpTable:
    columns = list(zip(*ops, strict=True))
    dims = columns[PLACES["dims"]]
    return OpTable(
        kind=kind,
        ops=tuple(ops),
        dims={name: stacked([one[name] for one in dims]) for name in KINDS.get(kind, ())},
        count=stacked([op.count for op in ops]),
        **{name: stacked(columns[PLACES[name]]) for name in _STACKED},
    )


#: The numbers of an op that are stacked as they are.
_STACKED = ("flops", "weight_bytes", "read_bytes", "write_bytes", "kv_bytes")


def stacked(values: Sequence[Any]) -> NDArray[np.float64]:
    """Scalars, (J,) and (G, J) arrays as one (O, G or 1, J or 1) array."""
    kinds = set(map(type, values))
    if np.ndarray not in kinds:
        return np.array(values, dtype=np.float64)[:, None, None]
    # Most are arrays along the jobs, or numbers beside some.
    alike = len(kinds) == 1
    shapes = {value.shape for value in values if alike or type(value) is np.ndarray}
    if shapes == {()}:
        return np.array(values, dtype=np.float64)[:, None, None]
    if alike and len(shapes) == 1 and len(values[0].shape) == 1:
        return np.concatenate(values, dtype=np.float64).reshape(len(values), 1, -1)
    stacked = np.empty((len(values), *np.broadcast_shapes((1, 1), *shapes)))
    for row, value in zip(stacked, values, strict=True):
        row[...] = value
    return stacked
