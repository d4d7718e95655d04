"""A workload: dimensions from `data/workloads/<id>.toml`, ops from the family that its file names.

A family is a module of `whichgpu/workloads/families/`, found by its file name:

* `PHASES`, the phases it knows, the first being the default; `UNIT`, what is counted;
* `DEFAULTS`, job columns by phase (`"*"` for all);
* `forward(dims, job, recorder)`, which records the forward ops of `job.phase`;
* optionally `PHASE_ALIASES`, phases that it runs as another; `REFERENCE`, the job columns that stand
  for one forward pass (by default the first phase); `OPTIMIZER`, the one training takes by default;
* optionally `kv_bytes_per_token(dims, precision)` and
  `step(dims, recorder, prefill_tokens, decode_sequences, kv_tokens)` for what serves tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import DataError, UsageError
from whichgpu.facts import store
from whichgpu.facts.model import Source
from whichgpu.facts.reading import facts
from whichgpu.workloads.job import NUMBERS, Job, phase
from whichgpu.workloads.ops import Op, parameters, product_flops
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Recorder
from whichgpu.workloads.training import training_step, weight_casts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from whichgpu.facts.model import Fact


@dataclass(frozen=True, slots=True)
class Workload:
    """A model with its dimensions, ready to be traced."""

    id: str
    name: str
    family: str
    dims: Mapping[str, Any]
    aliases: tuple[str, ...]
    defaults: Mapping[str, Any]
    published: Mapping[str, Fact]
    sources: Mapping[str, Source]

    def __repr__(self) -> str:
        return f"<Workload {self.id}: {self.name}>"

    @property
    def code(self) -> ModuleType:
        """The family's module."""
        return _family(self.family)

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases it can run in; the first is the default."""
        known: tuple[str, ...] = self.code.PHASES
        return known

    @property
    def unit(self) -> str:
        """What a job produces: images, sequences, tokens."""
        unit: str = self.code.UNIT
        return unit

    def complete(self, job: Job) -> Job:
        """Fill the job's gaps with this workload's defaults; raises `UsageError` for an unknown phase."""
        asked = phase(job.phase or self.phases[0])
        asked = getattr(self.code, "PHASE_ALIASES", {}).get(asked, asked)
        if asked not in self.phases:
            raise UsageError(f"{self.id} has no phase '{job.phase}'; it runs {', '.join(self.phases)}")
        known = self.code.DEFAULTS
        defaults = {**known.get("*", {}), **known.get(asked, {})}
        own = {**self.defaults.get("all", {}), **self.defaults.get(asked, {})}
        return replace(job, workload=self.id, phase=asked).with_defaults(**{**defaults, **own})

    def unused(self, job: Job) -> tuple[str, ...]:
        """Numeric columns that a job states and this workload has no use for."""
        known = {name for columns in self.code.DEFAULTS.values() for name in columns}
        always = {"batch", "n_gpus", "tp", "pp", "concurrency"}
        return tuple(
            name for name in NUMBERS if getattr(job, name) is not None and name not in known | always
        )

    def trace(self, job: Job) -> tuple[Op, ...]:
        """The ops of one pass of a complete job: a batch inferred or generated, one training step."""
        spec = precision(job.precision)
        forward = self._forward(job)
        if not job.trains:
            return (*forward, *weight_casts(forward, spec))
        return training_step(forward, spec, self.optimizer(job))

    def optimizer(self, job: Job) -> str:
        """The optimizer that a job states, or the family's own."""
        default: str = getattr(self.code, "OPTIMIZER", "adamw")
        return job.options.get("optimizer", default).lower()

    def _forward(self, job: Job, *, training: bool | None = None) -> tuple[Op, ...]:
        recorder = Recorder(precision(job.precision), job.trains if training is None else training)
        self.code.forward(self.dims, job, recorder)
        return recorder.ops()

    def units(self, job: Job) -> Any:
        """Images, sequences or tokens that one pass of a complete job produces on one replica."""
        if self.unit != "tokens":
            return np.asarray(job.batch, dtype=np.float64)
        per_sequence = {"prefill": job.input_tokens, "decode": job.output_tokens,
                        "generate": job.output_tokens, "serve": job.output_tokens}  # fmt: skip
        return np.asarray(job.batch, dtype=np.float64) * per_sequence.get(job.phase, job.seq_len)

    def reference_job(self) -> Job:
        """One forward pass at the default input and batch 1, in FP16."""
        columns = {"phase": self.phases[0], **getattr(self.code, "REFERENCE", {})}
        return self.complete(Job(self.id, precision="fp16", batch=1.0, **columns))

    def reference_ops(self) -> tuple[Op, ...]:
        """The ops of that forward pass."""
        return self._forward(self.reference_job(), training=False)

    def parameters(self) -> dict[str, int]:
        """Weights by module, of all that its default phase loads."""
        return parameters(self._forward(self.complete(Job(self.id, precision="fp16", batch=1.0))))

    def flops(self) -> float:
        """FLOPs of one forward pass at the default input and batch 1, two per multiply-add."""
        return float(product_flops(self.reference_ops()))


def families() -> tuple[str, ...]:
    """Every family by name: the files of `whichgpu/workloads/families/`."""
    folder = Path(__file__).parent / "families"
    return tuple(sorted(file.stem for file in folder.glob("[!_]*.py")))


@cache
def _family(name: str) -> ModuleType:
    if name not in families():
        raise DataError(
            f"no family '{name}': there is no whichgpu/workloads/families/{name}.py; add it, or use one of "
            f"{', '.join(families())}"
        )
    return import_module(f"whichgpu.workloads.families.{name}")


_IGNORED = str.maketrans("", "", " -_.")


def _key(text: str) -> str:
    return text.lower().translate(_IGNORED)


@lru_cache(maxsize=1)
def workloads() -> Mapping[str, Workload]:
    """Every workload by id."""
    return {key: _read(key, raw) for key, raw in sorted(store.load("workloads").items())}


def _read(key: str, raw: Mapping[str, Any]) -> Workload:
    where = f"data/workloads/{key}.toml"
    missing = [field for field in ("name", "family", "dimensions") if field not in raw]
    if missing:
        raise DataError(f"{where}: `{missing[0]}` is missing; add it")
    sources = {
        one: Source(one, row["title"], row.get("url", ""), row["kind"], row.get("accessed", ""))
        for one, row in raw.get("sources", {}).items()
    }
    return Workload(
        id=key,
        name=raw["name"],
        family=raw["family"],
        dims=raw["dimensions"],
        aliases=tuple(raw.get("aliases", ())),
        defaults=raw.get("defaults", {}),
        published={
            name: facts(value, "count", f"{where}: published.{name}", own=sources)[0]
            for name, value in raw.get("published", {}).items()
        },
        sources=sources,
    )


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    names: dict[str, str] = {}
    for key, item in workloads().items():
        names.update({_key(spelling): key for spelling in (key, item.name, *item.aliases)})
    return names


def resolve(name: str) -> Workload:
    """The workload of a name (case, `-`, `_` and `.` ignored); raises `UsageError` with the nearest."""
    key = _names().get(_key(name))
    if key is None:
        close = get_close_matches(_key(name), _names(), n=4, cutoff=0.5)
        near = list(dict.fromkeys(_names()[one] for one in close))
        hint = f"did you mean {', '.join(near)}?" if near else "see the list: whichgpu workloads"
        raise UsageError(f"no workload '{name}'; {hint}")
    return workloads()[key]
