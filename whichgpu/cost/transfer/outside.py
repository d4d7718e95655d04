"""A model outside of the zoo, measured on one GPU, on another GPU.

Such a model is one of a *kind* (`data/kinds.toml`), or of a family of the zoo, and then members of it stand
for it; or its FLOPs and bytes for one item are known, and then ops of that work do. In both ways each
stand-in is a workload that no fit has seen, so its interval is that of a workload left out. What the
stand-ins say of the ratio of two GPUs is mixed: the variance is the mean of theirs and that between them
(the law of total variance).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.estimate import estimate
from whichgpu.cost.job.placing import placed
from whichgpu.cost.transfer import anchors
from whichgpu.cost.transfer.anchoring import shifted
from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.facts import store
from whichgpu.facts.model import Interval
from whichgpu.values import NamedTuple, immutable
from whichgpu.workloads import workload as zoo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from whichgpu.cost.transfer.anchors import Anchor
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

#: Members of a family of the zoo that stand for a model of it.
_MOST = 6
#: Log standard deviation of how much work a model is that nobody has described.
_LEVEL = 3.0
#: Depth of a product whose size nobody states, and FLOP of one that is not worth being smaller.
_DEPTH, _LEAST = 1024.0, 1e4


class Member(NamedTuple):
    """A stand-in: its id, log of what it says the figure is on the GPU asked for, and the log deviation."""

    workload: str
    middle: float
    spread: float


@immutable
class Transfer:
    """The figure of an unknown model on a GPU, in the unit of the first anchor, with who stood for it."""

    gpu: str
    n_gpus: int
    what: str
    value: Interval
    members: tuple[Member, ...]
    anchors: tuple[Anchor, ...]
    skipped: tuple[str, ...]

    def __str__(self) -> str:
        one = self.value
        return (
            f"{self.what} on {self.n_gpus} x {self.gpu}: {one.mid:.4g} {one.unit} ({one.low:.4g} to "
            f"{one.high:.4g}), 90 % interval, from {len(self.anchors)} measured"
        )

    def to_dict(self) -> dict[str, Any]:
        """The shape of `predict`, as far as an unknown model has one."""
        return {
            "gpu": self.gpu, "n_gpus": self.n_gpus, "what": self.what, "value": self.value.to_dict(),
            "basis": "extrapolated", "predicted": None, "terms": [], "evidence": [],
            "warnings": list(self.skipped),
            "anchors": [{"text": one.text, "gpu": one.gpu.id, "n_gpus": one.n_gpus,
                         "value": one.figure.value, "unit": one.figure.unit} for one in self.anchors],
            "members": [{"workload": one.workload, "value": math.exp(one.middle),
                         "spread": one.spread} for one in self.members],
        }  # fmt: skip


def stand_ins(
    family: str, flops: float | None, moved: float | None, *, runtime: str = ""
) -> tuple[str, list[Workload]]:
    """What a model is called, and the workloads that stand for it; raises `UsageError` for an unknown family.

    Where no `runtime` is stated, and software of a kind differs in how it scales, each stands for itself.
    `flops` and `moved` (B of activations and weights in 16 bits) are those of a forward pass of one item.
    """
    if flops is not None or moved is not None:
        return counted(family or "transformer", flops, moved)
    kind = kind_of(family)
    if kind is not None:
        names = kind[1]["workloads"]
        stacks = [""] if runtime else kind[1].get("runtimes", [""])
        found = [_unseen(zoo.resolve(name), stack) for name in names for stack in stacks]
        return f"a model of kind {kind[0]}", found
    if family in zoo.families():
        members = [item for item in zoo.workloads().values() if item.family == family]
        step = max(len(members) // _MOST, 1)
        return f"a model of family {family}", [_unseen(one) for one in members[::step][:_MOST]]
    known = ", ".join(store.load("kinds")["kinds"])
    raise UsageError(f"no family '{family}'; use one of {known}, or a family of the zoo such as resnet")


def kind_of(text: str) -> tuple[str, Mapping[str, Any]] | None:
    """The kind that a word means, with its table; None for another word."""
    said = " ".join(text.lower().replace("-", " ").replace("_", " ").split())
    for name, row in store.load("kinds")["kinds"].items():
        if said == name or said.removesuffix("s") in {one.removesuffix("s") for one in row["names"]}:
            return name, row
    return None


def _unseen(item: Workload, stack: str = "") -> Workload:
    """A workload under a name that no fit has seen, run by `stack` where a job names none."""
    if not stack:
        return zoo.register(replace(item, id=f"like {item.id}", dims={**item.dims, "like": item.id}))
    defaults = {name: {**row, "runtime": stack} for name, row in {"all": {}, **item.defaults}.items()}
    return zoo.register(
        replace(item, id=f"like {item.id} on {stack}", dims={**item.dims, "like": item.id}, defaults=defaults)
    )


def counted(family: str, flops: float | None, moved: float | None) -> tuple[str, list[Workload]]:
    """A workload of so many FLOPs and bytes: products of its kind, elementwise work for the other bytes."""
    kind = kind_of(family)
    if kind is None:
        known = ", ".join(store.load("kinds")["kinds"])
        raise UsageError(f"no kind of model '{family}' for its FLOPs and bytes; use one of {known}")
    row = kind[1]
    work = flops if flops is not None else float(moved or 0.0) * row["intensity"]
    traffic = moved if moved is not None else work / row["intensity"]
    if not (work > _LEAST and traffic > 0.0):
        raise UsageError(
            f"--flops {work:g} and --bytes {traffic:g} of one item are no model's; give e.g. 4.1e9"
        )
    layers = float(row["layers"])
    ops = _ops(row["product"], work / layers, traffic / layers / 2.0, layers)
    item = zoo.Workload(
        id=f"{work:.3g} FLOP, {traffic:.3g} B", name="by its FLOPs and bytes", family="traced",
        dims={"ops": ops}, aliases=(),
    )  # fmt: skip
    return f"a model of {work:.3g} FLOP and {traffic:.3g} B an item ({kind[0]})", [zoo.register(item)]


def _ops(product: str, work: float, elements: float, layers: float) -> list[dict[str, Any]]:
    """A layer as two ops: a product of `work` FLOP, elementwise work that moves the rest of `elements`."""
    depth = min(_DEPTH, max(work / 2.0, 1.0) ** (1.0 / 3.0))
    rows = work / (2.0 * depth * depth)  # m of one item; n = k = depth
    each = depth * rows
    rest = max(elements - 2.0 * each, 0.05 * elements)
    sizes: dict[str, Any] = {"m": [0.0, rows], "n": depth, "k": depth}
    sizes |= {"groups": 1, "window": 9} if product == "conv" else {"batch": 1}
    return [
        {"kind": product, "layer": "product", **sizes, "read": [0.0, each], "write": [0.0, each],
         "saved": [0.0, each], "weights": depth * depth, "parameters": depth * depth, "copies": layers},
        {"kind": "pointwise", "layer": "rest", "elements": [0.0, rest / 2.0], "read": [0.0, rest / 2.0],
         "write": [0.0, rest / 2.0], "saved": [0.0, rest / 4.0], "copies": layers},
    ]  # fmt: skip


def transfer(
    what: tuple[str, Sequence[Workload]], known: Sequence[Anchor], target: tuple[Gpu, int],
    job_of: Callable[[str], Job],
) -> Transfer:  # fmt: skip
    """A measured model on another GPU: `job_of` gives the job that is asked for of a stand-in's id.

    Raises `UsageError` where none of the stand-ins can run on the GPUs.
    """
    if not known:
        raise UsageError(
            'a model outside of the zoo needs a measured run: --anchor "rtx-3090: 12.4 samples/s"'
        )
    gpu, count = target
    found: list[Member] = []
    skipped: list[str] = []
    for item in what[1]:
        try:
            found.append(_member(item, known, gpu, count, job_of))
        except WhichGpuError as fault:
            skipped.append(f"{item.id} was left out: {fault}")
    if not found:
        raise UsageError(skipped[0])
    middles, spreads = np.array([one.middle for one in found]), np.array([one.spread for one in found])
    middle = float(middles.mean())
    between = float(middles.var(ddof=1)) if len(found) > 1 else 0.0
    reach = math.exp(Z90 * math.sqrt(float((spreads**2).mean()) + between))
    value = math.exp(middle)
    unit = known[0].figure.unit
    return Transfer(
        gpu.id, count, what[0], Interval(value / reach, value, value * reach, unit), tuple(found),
        tuple(known), tuple(skipped),
    )  # fmt: skip


def _member(
    item: Workload, known: Sequence[Anchor], gpu: Gpu, count: int, job_of: Callable[[str], Job]
) -> Member:
    job = job_of(item.id)
    points = [anchors.run(one, job).point for one in known]
    found = shifted(estimate(placed(job, count, gpu), [gpu]), points, _LEVEL)
    one = known[0].figure.predicted(found.at(0, 0))
    if not (math.isfinite(one.mid) and one.mid > 0.0):
        raise UsageError(f"{item.id} has no speed on {gpu.id}")
    return Member(item.id.removeprefix("like "), math.log(one.mid), float(found.spread[0, 0]))
