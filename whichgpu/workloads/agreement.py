"""What this package counts, beside what was published: one error for every row of `data/validation/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.values import immutable
from whichgpu.workloads.images import macs_with_norms
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import parameters, product_flops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from whichgpu.facts.model import Fact
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

#: How far a count may be from a published one: parameters, work.
PARAMETERS, WORK = 0.005, 0.01
#: GFLOPs of a README after batch norms and branches were folded into the convolutions; ours are not folded.
FOLDED = 0.03
#: Publications differ in whether embeddings are active, and round names such as A3B.
ACTIVE = 0.3


@immutable
class Agreement:
    """One published figure and ours, in its unit (a count, or GFLOP)."""

    workload: str
    figure: str
    fact: Fact
    ours: float

    @property
    def error(self) -> float:
        """Ours over the published one, less 1; 0 where both are 0."""
        return self.ours / self.fact.value - 1.0 if self.fact.value else float(self.ours != 0.0)

    @property
    def allowed(self) -> float:
        """How large the error may be: the figure's kind, and half its last digit where it is rounded."""
        limit = next((limit for word, limit in _LIMITS if word in self.figure), PARAMETERS)
        rounded = self.figure.endswith(("_rounded", "_stated"))
        return max(limit, half_a_digit(self.fact.value) / self.fact.value if rounded else 0.0)

    @property
    def explained(self) -> bool:
        """A rounded figure whose row says why it is another."""
        return self.figure.endswith("_rounded") and bool(self.fact.note)

    @property
    def agrees(self) -> bool:
        """Within what is allowed, or explained."""
        return self.explained or abs(self.error) <= self.allowed


_LIMITS = (("active", ACTIVE), ("folded", FOLDED), ("flops", WORK), ("macs", WORK))


def half_a_digit(value: float) -> float:
    """Half a unit of the last digit that is not 0: 0.5e9 of 7e9, 0.05 of 4.5."""
    text = repr(value) if isinstance(value, float) and value % 1 else f"{value:.0f}".rstrip("0")
    decimals = len(text.partition(".")[2])
    if decimals:
        return float(0.5 * 10.0**-decimals)
    return float(0.5 * 10.0 ** (len(f"{value:.0f}") - len(text)))


def agreements(item: Workload) -> Iterator[Agreement]:
    """Every published figure of a workload that this package counts, with ours."""
    counted = _Counts(item)
    for figure, fact in item.published.items():
        yield Agreement(item.id, figure, fact, counted.of(figure))


class _Counts:
    """The counts of one workload, each pass traced when it is asked for and once."""

    def __init__(self, item: Workload) -> None:
        self._item = item
        self._traced: dict[str, tuple[Op, ...]] = {}

    def of(self, figure: str) -> float:
        """Ours, by the name of the figure; raises `KeyError` for one that nothing here counts."""
        name = figure.removesuffix("_rounded").removesuffix("_stated")
        if name in _WHOLE:
            return float(_WHOLE[name](self))
        for prefix, count in _PARTS.items():
            if name.startswith(prefix):
                return float(count(self, name.removeprefix(prefix)))
        raise KeyError(figure)

    def ops(self, name: str, **columns: object) -> tuple[Op, ...]:
        """A pass of the job of these columns."""
        if name not in self._traced:
            job = Job(self._item.id, **{"precision": "fp16", "batch": 1.0, **columns})  # type: ignore[arg-type]
            self._traced[name] = self._item.trace(self._item.complete(job))
        return self._traced[name]

    def reference(self) -> tuple[Op, ...]:
        """One forward pass at the default input."""
        if "reference" not in self._traced:
            self._traced["reference"] = self._item.reference_ops()
        return self._traced["reference"]

    def modules(self) -> Mapping[str, int]:
        """Parameters by module."""
        return self._item.parameters()

    def autoencoder(self, half: str) -> tuple[Op, ...]:
        """The encoder or the decoder of a diffusion pipeline, alone."""
        from whichgpu.workloads.diffusion.pipeline import autoencoder

        job = self._item.complete(Job(self._item.id, batch=1.0))
        return autoencoder(self._item.dims, job, half)

    def square(self, side: float) -> tuple[Op, ...]:
        """A pass over one picture of `side` pixels, without the masks that torchvision's count leaves out."""
        traced = self.ops(f"square{side:g}", height=side, width=side)
        return tuple(op for op in traced if op.module != "masks")


def _macs(ops: Iterable[Op]) -> float:
    return float(product_flops(tuple(ops))) / 2.0


#: Figures of the whole model.
_WHOLE: Mapping[str, Callable[[_Counts], float]] = {
    "parameters": lambda one: sum(one.modules().values()),
    "active_parameters": lambda one: one._item.active_parameters(),
    "parameters_training": lambda one: sum(parameters(one.ops("train", phase="train")).values()),
    "parameters_discriminator": lambda one: parameters(one.ops("train", phase="train"))["discriminator"],
    "macs": lambda one: _macs(one.reference()),
    "flops": lambda one: 2.0 * _macs(one.reference()),
    "gflops": lambda one: _macs(one.reference()) / 0.5e9,
    "gflops_folded": lambda one: _macs(one.reference()) / 0.5e9,
    "macs_with_norms": lambda one: macs_with_norms(one.reference()),
    "macs_800x800": lambda one: _macs(one.square(800.0)),
    "macs_vae": lambda one: _macs(one.autoencoder("decoder")),
}
#: Figures of a part, by the start of their names.
_PARTS: Mapping[str, Callable[[_Counts, str], float]] = {
    "module_": lambda one, module: one.modules()[module],
    "part_vae_": lambda one, half: sum(op.parameters * op.copies for op in one.autoencoder(half)),
}
