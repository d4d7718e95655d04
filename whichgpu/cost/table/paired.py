"""A sweep in which each job has a GPU, and a runtime, of its own: one row, where `Devices` has one a GPU.

Jobs of a table are each asked of one GPU. A grid of all jobs on all GPUs would be filled in vain for the most
part; here the columns of the GPUs lie along the job axis, (1, J), and all that is computed from them with it.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.calibration.spread import measured
from whichgpu.cost.coefficients import section
from whichgpu.cost.gpu.device import Devices
from whichgpu.values import altered
from whichgpu.workloads.phases import TRAINING
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device_columns import Column
    from whichgpu.cost.gpu.traits import Traits
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.hardware.gpu import Gpu

    Array = NDArray[np.float64]


class Paired(Devices):
    """The `chosen` GPUs of a `table`, of which each job has the `which`-th, (J,): every column is (1, J).

    One GPU may be among the chosen several times, under several runtimes. `gpus`, `traits`, and what is said
    of a GPU rather than computed, are of the chosen.
    """

    table: Devices
    which: NDArray[np.intp]
    _chosen: NDArray[np.intp]
    _rows: NDArray[np.intp]
    #: What was read of `table`, for each job.
    _mine: dict[Any, NDArray[Any]]

    #: Whether FP16 stands for BF16 in each job's ops, (J,).
    _brain: NDArray[np.bool_]

    def __init__(
        self, table: Devices, chosen: Sequence[int], which: NDArray[np.intp], brain: Sequence[bool] = ()
    ) -> None:
        of = {one.name: getattr(table, one.name) for one in fields(table) if one.init}
        super().__init__(**{**of, "gpus": tuple([table.gpus[i] for i in chosen])})
        places = np.array(chosen, dtype=np.intp)
        own = {
            "table": table,
            "which": which,
            "_chosen": places,
            "_rows": places[which],
            "_mine": {},
            "_brain": np.array(brain or (False,) * len(places))[which],
        }
        for name, value in own.items():
            object.__setattr__(self, name, value)

    def along(self, columns: NDArray[Any]) -> NDArray[Any]:
        """What holds of each GPU, (.., G, 1), for each job, (.., 1, J)."""
        return _picked(columns, self.which)

    def under(self, stack: Runtime, read: Callable[[Runtime, Devices], NDArray[Any]]) -> NDArray[Any]:
        """What holds of each GPU of the table under a runtime, (.., G, 1), for each job, (.., 1, J)."""
        if not stack.several:
            return _picked(read(stack, self.table), self._rows)
        whole = np.concatenate([read(one, self.table) for one in stack.several], axis=-2)
        return _picked(whole, stack.which * len(self.table.gpus) + self._rows)

    def known(self, read: Callable[[Gpu], Any]) -> Column:
        """What is read of each GPU by a function that always says the same."""
        return self._along("known", read)

    def said(
        self, stack: Runtime, about: Callable[[Runtime], Hashable], read: Callable[[Runtime, Gpu], Any]
    ) -> tuple[Any, ...]:  # fmt: skip
        """What is said of each that is chosen, under what runs there."""
        stacks, told = stack.among(len(self.gpus)), self.table.told
        keys = {id(one): (one, about(one)) for one in {id(one): one for one in stacks}.values()}
        for one, key in keys.values():
            if key not in told:
                told[key] = self.table.said(one, about, read)
        known = {name: told[key] for name, (_, key) in keys.items()}
        return tuple([known[id(one)][row] for one, row in zip(stacks, self._chosen.tolist(), strict=True)])

    def by_count(self, counts: Array, read: Callable[[int, float], float]) -> Column:
        """What is read of each job's GPU, by its place, and of its number, (J,): (1, J)."""
        cells = list(
            zip(self.which.tolist(), np.broadcast_to(counts, self.which.shape).tolist(), strict=True)
        )
        known = {cell: read(*cell) for cell in dict.fromkeys(cells)}
        return np.array([[known[cell] for cell in cells]])

    def shape(self, jobs: int) -> tuple[int, int]:
        """That of the answers: one row."""
        return 1, jobs

    def place(self, g: Any, j: Any) -> Any:
        """Which of the GPUs the jobs of some columns are on."""
        del g
        return self.which[j]

    def _along(self, method: str, *asked: Any, **how: Any) -> NDArray[Any]:
        """What a method of `table` says of each GPU, for each job."""
        key = (method, *asked, *how.values())
        mine = self._mine.get(key)
        if mine is None:
            known = self.table.told.get(key)
            if known is None:
                known = self.table.told[key] = getattr(self.table, method)(*asked, **how)
            mine = self._mine[key] = _picked(known, self._rows)
        return mine

    def column(self, name: str) -> Column:
        """A numeric field of the catalogue in SI units."""
        return self._along("column", name)

    def peaks(self, dtypes: tuple[str, ...], *, tf32: bool | tuple[bool, ...] = False) -> Array:
        """Peak rate per dtype, (O, 1, J) or (1, 1, J); `tf32` may be of each of those chosen."""
        found = self._peaks_of(dtypes, tf32)
        if "fp16" not in dtypes or not self._brain.any():
            return found
        meant = tuple("bf16" if dtype == "fp16" else dtype for dtype in dtypes)
        return np.where(self._brain, self._peaks_of(meant, tf32), found)

    def _peaks_of(self, dtypes: tuple[str, ...], tf32: bool | tuple[bool, ...]) -> Array:
        if isinstance(tf32, bool):
            return self._along("peaks", dtypes, tf32=tf32)
        wide, narrow = (self._along("peaks", dtypes, tf32=one) for one in (False, True))
        return np.where(np.array(tf32)[self.which], narrow, wide)

    def peak(self, dtype: str) -> Column:
        """Peak rate of one dtype."""
        return self._along("peak", dtype)

    def efficiency(self, dtypes: tuple[str, ...]) -> Array:
        """Factor on every matrix efficiency, as `peaks`."""
        return self._along("efficiency", dtypes)

    def fed(self, dtypes: tuple[str, ...]) -> Array:
        """What tensor cores ask for, as `peaks`."""
        return self._along("fed", dtypes)

    def rate_of(self, dtype: str) -> Column:
        """FLOP per clock and SM of a format."""
        return self._along("rate_of", dtype)

    def throttle(
        self, exponent: Any, dtype: str = "fp16", busy: Column | float = 1.0, idle: Any = 0.0
    ) -> Column:
        """Share of the rate that the power limit leaves; `exponent` may be of each job, (J,)."""
        if all(isinstance(one, float) for one in (exponent, busy, idle)):
            return self._along("throttle", exponent, dtype, busy, idle)
        return super().throttle(exponent, dtype, busy, idle)

    def clocked(
        self, exponent: Any, dtype: str = "fp16", busy: Column | float = 1.0, idle: Any = 0.0
    ) -> Column:
        """Share of the rated arithmetic that the power limit leaves; `exponent` as of `throttle`."""
        if all(isinstance(one, float) for one in (exponent, busy, idle)):
            return self._along("clocked", exponent, dtype, busy, idle)
        return super().clocked(exponent, dtype, busy, idle)

    def _strain(self, dtype: str) -> Column:
        return self._along("_strain", dtype)

    @cached_property
    def design(self) -> Devices:
        """The same at the power limits that the GPUs ship with."""
        return Paired(self.table.design, self._chosen.tolist(), self.which)

    @cached_property
    def traits(self) -> tuple[Traits, ...]:
        """The traits of each that is chosen."""
        known = self.table.traits
        return tuple([known[i] for i in self._chosen.tolist()])


def _picked(columns: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[Any]:
    """Rows of columns, (.., G, 1), side by side: (.., 1, J)."""
    # `take` does in a third of the time what an index does.
    return columns[..., 0].take(rows, axis=-1)[..., None, :]


def _column(name: str) -> Any:
    """A column of `Devices`, for each job."""
    found = cached_property(lambda paired: _picked(getattr(paired.table, name), paired._rows))
    found.__set_name__(Paired, name)
    return found


for _kind in Devices.__mro__:
    for _name, _one in vars(_kind).items():
        if isinstance(_one, cached_property) and _name not in vars(Paired):
            setattr(Paired, _name, _column(_name))


#: What may differ between runtimes that are joined: numbers, and what is read of each by itself.
_NUMBERS = ("launch", "fixed", "overlap", "sequence", "rank")
_BY_KIND = ("products", "memory")
_OF_EACH = (
    "title", "year", "vendors", "unmeasured", "gap", "gaps", "routing", "routings", "marks", "software",
    "own_half", "own_bytes", "across", "choosing", "chosen_at_once",
    "release", "said",
    "id", "like", "keeper", "calls", "calls_on", "tf32", "narrow", "half", "one_user", "overlaps_softmax",
    "attends",
    "serverless",
    "one_shot", "one_shot_peer", "alternates", "quantising_experts", "expert_side", "gathers", "balances",
    "untuned", "tuned",
)  # fmt: skip
#: What a job is settled by, and nothing reads later.
_SETTLED = (
    "default_precision", "elsewhere", "through", "networks", "loads", "does", "stores", "keeps", "freezes",
    "trains", "loads_wide", "recipes", "language", "pipelines", "trainer", "lengths", "habits", "undated",
    "sums_wide", "layers", "compiles",
)  # fmt: skip
_STRUCTURE_MARKS = ("nhwc", "loads")
#: Of what a runtime `holds` what is read of each.
_HELD_OF_EACH = ("softmax_input", "arena", "sliced_decoder")
#: What is read of a training alone, of a runtime and of what it holds, and of a server of requests alone.
_TRAINS = (
    "stops_early", "selects_attention", "updates", "mixed_gradient", "bucket_bytes", "exposed", "casts_once",
    "shards", "sends_beside", "exchanges_after", "sends_copies", "lays_out", "counts_dropped", "uneven_parts",
    "gathered_fp8",
)  # fmt: skip
_HELD_IN_TRAINING = (
    "frees_gradients", "copies_state", "steps_by_tensor", "group_values", "gradient_bytes",
    "wide_shards", "wide_weights", "whole_gradients", "no_buckets", "bucket_values", "plain_sgd",
    "widens_ends", "frozen_stays", "root_gathered", "frozen_gathered", "adapter_each", "regates",
    "rotary_input", "logit_bytes", "cut_logit_bytes", "piece_bytes", "autocasts", "trains_beside",
    "captioned_beside", "whole_logits",
    "quantised_input", "recomputes", "gathers_inputs", "plain_pools", "relu_input", "relu_apart",
    "loss_stays", "weighs_inside", "fused_layers", "fused_bytes", "written_graph",
    "head_in_pieces", "shares_bits", "returns_logits", "group_norm_twice", "counts_on_gpu",
    "expert_wait", "expert_launches", "copied_bytes",
)  # fmt: skip
_SERVES = ("scheduler", "eager", "eager_plain", "stalls", "order")
_HELD_BY_SERVERS = (
    "of", "most", "takes", "states", "keeps", "sampled", "samples", "whole_prompts", "driver_read",
    "profiled_frames",
)  # fmt: skip
#: Runtimes of which trainings ask whether it is one of them (`job_memory`).
_SPLIT_PRODUCTS = ("transformers", "diffusers")


def columns(stack: Runtime) -> tuple[str, ...]:
    """All of a runtime, as something that can be a key."""
    return tuple([repr(getattr(stack, one.name)) for one in fields(stack)])


def unread(phase: str) -> tuple[set[str], set[str]]:
    """Columns of a runtime, and names of what it holds, that no job of a phase reads once it is settled."""
    fields_, held = set(_SETTLED), {"caches", "asks_cache"}
    if phase not in TRAINING:
        fields_, held = fields_ | set(_TRAINS), held | set(_HELD_IN_TRAINING)
    if phase != "serve":
        fields_, held = fields_ | set(_SERVES), held | set(_HELD_BY_SERVERS)
    return fields_, held


def structure(stack: Runtime, phase: str, numbers: str = "") -> tuple[Any, ...]:
    """All of a runtime that has to be the same for jobs of a phase and format to be one sweep."""
    apart, held_apart = unread(phase)
    # Only 16-bit products ask for sides of eight values.
    apart |= set() if "16" in numbers else {"aligned"}
    # Only some formats are padded, or have a cache in 16 bits beside them.
    held_apart |= {name for name in ("pads", "wide_cache") if numbers not in stack.holds.get(name, ())}
    # Whether it only infers is asked of what serves language models alone.
    apart |= {"infers"} if not stack.domain else set()
    apart |= {*_NUMBERS, *_BY_KIND, *_OF_EACH, "holds", "each", "several", "which"}
    # By what a server is told of its share of a card; of others it is asked of each whether it is told any.
    held_apart |= {*_HELD_OF_EACH} if phase == "serve" else {*_HELD_OF_EACH, "told"}
    same = [repr(getattr(stack, one.name)) for one in fields(stack) if one.name not in apart]
    held = sorted((name, repr(one)) for name, one in stack.holds.items() if name not in held_apart)
    kinds = [tuple(getattr(stack, name)) for name in _BY_KIND]
    marks: list[bool | str] = [mark in stack.marks for mark in _STRUCTURE_MARKS]
    if numbers and precision(numbers).math == "fp4":
        # For whose units some software has no kernels, which makes other devices of them (`as_met`).
        marks.append(stack.software)
    return (*same, *held, *kinds, *marks, *_spoken_of(stack, phase), measured(stack))


def _spoken_of(stack: Runtime, phase: str) -> tuple[Any, ...]:
    """What coefficients or the model say of a runtime by its id, or by what the fit knows it as."""
    ordered = stack.order or stack.kernels
    engine = ordered if phase == "serve" and ordered in section("serving")["engine"] else ""
    split = phase in TRAINING and stack.id in _SPLIT_PRODUCTS
    return (split, section("pipeline")["copies"].get(stack.id), engine)


class Stacks:
    """Runtimes that were met: equal ones as the same object, with their structure."""

    def __init__(self) -> None:
        self._met: dict[tuple[int, str, str, str], tuple[Runtime, int, Runtime]] = {}
        self._equal: dict[tuple[str, ...], Runtime] = {}
        self._structures: dict[tuple[Any, ...], int] = {}
        # No number is given twice: what was let go and is met again shares no sweep with what went before.
        self._numbers = count()

    def of(self, stack: Runtime, phase: str, numbers: str, half: str = "") -> tuple[int, Runtime]:
        """The number of its structure in a phase and a format, and what stands for it and its equals.

        `half` is that of `Runtime`.
        """
        key = id(stack), phase, numbers, half
        if key not in self._met:
            own = altered(stack, half=half)
            shape = structure(stack, phase, numbers)
            number = self._structures.setdefault(shape, next(self._numbers))
            # With itself, so that no other can have its id.
            self._met[key] = stack, number, self._equal.setdefault(columns(own), own)
        _, number, same = self._met[key]
        kept: tuple[dict[Any, Any], ...] = (self._met, self._equal, self._structures)
        for known in kept:
            if len(known) > _MET:
                known.pop(next(iter(known)), None)
        return number, same


#: Runtimes that were met of which is known what stands for them; the first are let go.
_MET = 2048


def joined(stacks: Sequence[Runtime], which: NDArray[np.intp]) -> Runtime:
    """Runtimes of one `structure`, one for each of the GPUs of which the jobs have the `which`-th, as one."""
    first = stacks[0]
    several = {id(one): one for one in stacks}
    if len(several) == 1:
        return first
    place = {key: i for i, key in enumerate(several)}
    kinds, mine = tuple(several.values()), np.array([place[id(one)] for one in stacks])[which]
    numbers: dict[str, Any] = {}
    for name in _NUMBERS:
        values = [getattr(one, name) for one in kinds]
        numbers[name] = values[0] if len(set(values)) == 1 else np.array(values)[mine]
    for name in _BY_KIND:
        rows = [getattr(one, name) for one in kinds]
        numbers[name] = rows[0] if all(row == rows[0] for row in rows) else {
            kind: np.array([row[kind] for row in rows])[mine] for kind in rows[0]
        }  # fmt: skip
    return altered(first, each=tuple(stacks), several=kinds, which=mine, **numbers)
