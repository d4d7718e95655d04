"""A workload: dimensions, and the family whose code makes ops of them.

A family is a module of `whichgpu/workloads/families/`, found by its file name:

* `PHASES`, the phases it knows, the first being the default; `UNIT`, what is counted;
* `DEFAULTS`, job columns by phase (`"*"` for all);
* `forward(dims, job, recorder)`, which records the forward ops of `job.phase`; how many GPUs share them is
  not its business, nor stated in this `job`;
* optionally `PHASE_ALIASES`, phases that it runs as another; `REFERENCE`, the job columns that stand
  for one forward pass (by default the first phase); `OPTIMIZER`, the one training takes by default;
* optionally `units(dims, job)`, how many of its unit one pass makes, where that is not the batch; a
  workload whose unit is not the family's states `unit` among its dimensions;
* optionally `TRAINED_ALIKE`, phases of training that are the same work;
* optionally `OPTIONS`, the options of a job that `forward` reads and no other family does;
* optionally `RUNTIME_WORDS`, the words of `job.runtime` that `forward` looks for; `INT8`, what runs it so
  where that is not what runs other networks in INT8;
* optionally `ADAPTERS` False, where no dense layer can take a low-rank adapter; a workload without one
  states `adapters` false among its dimensions;
* optionally `kv_bytes_per_token(dims, precision)`, `kv_cache(dims, precision, tokens)` and
  `step(dims, recorder, prefill_tokens, decode_sequences, kv_tokens)` for what serves tokens;
* optionally `beyond(dims, job)`, what to say of a job that is longer than the model was made for;
* optionally `active_parameters(dims)`, where a token does not pass through all of them;
* optionally `BESIDE_LAYERS`, the dimensions that are not of its layers, and `usual(dims)`, what others are
  where they are not stated: models that differ in no other are one to a fit (`architecture.py`).
"""

from __future__ import annotations

from dataclasses import field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import DataError, UsageError
from whichgpu.values import Shown, immutable
from whichgpu.workloads import adapters, classes, contexts
from whichgpu.workloads.checkpointing import checkpointing, recomputed, stops_early
from whichgpu.workloads.job import NUMBERS, Job
from whichgpu.workloads.ops import Op, parameters, product_flops
from whichgpu.workloads.phases import TRAINING, options_of, phase
from whichgpu.workloads.precision import as_stored, of_job, precision
from whichgpu.workloads.recorder import Recorder
from whichgpu.workloads.training import training_step, weight_casts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from whichgpu.facts.model import Fact, Source


@immutable
class Workload(Shown):
    """A model with its dimensions, ready to be traced."""

    id: str
    name: str
    family: str
    dims: Mapping[str, Any]
    aliases: tuple[str, ...]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    #: Published figures that a file of the user's own states, with its sources; see `published`.
    stated: Mapping[str, Fact] = field(default_factory=dict)
    stated_sources: Mapping[str, Source] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the precision known that the file of an imported model is stored in."""
        stored = self.dims.get("stored")
        if stored:
            as_stored(stored["precision"], stored["base"], stored["weight_bytes"], stored["head_bytes"])

    def __repr__(self) -> str:
        return f"<Workload {self.id}: {self.name}>"

    @property
    def code(self) -> ModuleType:
        """The family's module."""
        return _family(self.family)

    @property
    def architecture(self) -> str:
        """What its layers are called: models of equal ones, whatever their names, have one; else its id."""
        if not hasattr(self.code, "BESIDE_LAYERS"):
            return self.id
        known = _architectures.get(id(self))
        if known is None:
            from whichgpu.workloads.architecture import architecture

            code = self.code
            name = architecture(self.family, self.dims, code.BESIDE_LAYERS, code.usual(self.dims))
            if len(_architectures) >= _USUAL:
                _architectures.clear()
            # With itself, so that no other workload can have its id.
            known = _architectures[id(self)] = self, name
        return known[1]

    @property
    def published(self) -> Mapping[str, Fact]:
        """Figures that were published of it: parameters, multiply-adds, by name; from `data/validation/`."""
        from whichgpu.workloads import published

        return {**(published.facts_of(self.id) if _is_known(self.id) else {}), **self.stated}

    @property
    def sources(self) -> Mapping[str, Source]:
        """The sources of its published figures."""
        from whichgpu.workloads import published

        return {**(published.sources_of(self.id) if _is_known(self.id) else {}), **self.stated_sources}

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases it can run in, the default first; what can be fine-tuned can be so by adapters."""
        known = _phases.get(id(self))
        if known is None:
            if len(_phases) >= _USUAL:
                _phases.clear()
            # With itself, so that no other workload can have its id.
            known = _phases[id(self)] = self, self._phases()
        return known[1]

    def _phases(self) -> tuple[str, ...]:
        known: tuple[str, ...] = self.code.PHASES
        taken = self.dims.get("adapters", getattr(self.code, "ADAPTERS", True))
        adapted = _fine_tuning(self.code) and taken
        whole = (*known, *adapters.PHASES) if adapted else known
        # What embeds or judges texts writes nothing, and reads each once.
        reads = "prefill" if self.dims.get("headless") and "prefill" in known else ""
        if reads:
            whole = tuple(one for one in whole if one not in ("serve", "generate", "decode"))
        said = self.defaults.get("phase") or reads
        return (said, *(one for one in whole if one != said)) if said else whole

    @property
    def unit(self) -> str:
        """What a job produces: images, sequences, tokens."""
        unit: str = self.dims.get("unit", self.code.UNIT)
        return unit

    def complete(self, job: Job) -> Job:
        """Fill the job's gaps with this workload's defaults; raises `UsageError` for an unknown phase."""
        job = self.as_named(job)
        asked = phase(job.phase or self.phases[0])
        asked = getattr(self.code, "PHASE_ALIASES", {}).get(asked, asked)
        if asked not in self.phases:
            raise UsageError(f"{self.id} has no phase '{job.phase}'; it runs {', '.join(self.phases)}")
        known = self.code.DEFAULTS
        traced = self._traced_phase(asked)
        defaults = {**known.get("*", {}), **known.get(traced, {})}
        own = {**self.defaults.get("all", {}), **self.defaults.get(traced, {})}
        if asked in adapters.PHASES:
            own = {**own, "precision": adapters.DEFAULT_PRECISION[asked], **self.defaults.get(asked, {})}
        options = {**self.named_options, **options_of(job.phase), **job.options}
        stated = self._trained_length(job) if asked in TRAINING else {}
        gaps = job.gaps({**self._within({**defaults, **own}), **stated})
        if "runtime" in gaps:
            gaps["runtime"] = self._reader(gaps.get("precision", job.precision), asked) or gaps["runtime"]
        job = job.changed(**gaps, workload=self.id, phase=asked, options=options)
        if asked in _GENERATING and np.any(
            np.asarray(1.0 if job.output_tokens is None else job.output_tokens) < 1
        ):
            raise UsageError(f"output_tokens: 0, but phase {asked} generates at least 1; use --phase prefill")
        return job.changed(precision=adapters.training_precision(job)) if job.trains else job

    def _trained_length(self, job: Job) -> dict[str, Any]:
        """The sequence of a training that states a prompt, and the answer behind it, in place of a length.

        An encoder reads the prompt alone.
        """
        if job.input_tokens is None or self.family not in ("decoder", "encoder_decoder"):
            return {}
        behind = 0.0 if self.family == "encoder_decoder" or job.output_tokens is None else job.output_tokens
        return {"seq_len": job.input_tokens + behind}

    @property
    def named_options(self) -> Mapping[str, str]:
        """Options that the name says under which it was asked for: `HunyuanVideo 129 frames`."""
        found: Mapping[str, str] = self.defaults.get("all", {}).get("options", {})
        return found

    def as_named(self, job: Job) -> Job:
        """A job as the name of its model has it: in the phase and by the adapters that the name says.

        One of a decoder that embeds writes nothing: its sequences go through once. A length of what
        writes is its context.
        """
        said = self.defaults.get("phase", "")
        if said and (not job.phase or (said in adapters.PHASES and job.phase in adapters.GENERAL)):
            job = job.changed(phase=said)
        reads = self.dims.get("headless") and "prefill" in self.phases
        if not reads or phase(job.phase or self.phases[0]) not in ("infer", "prefill"):
            if job.seq_len is None or job.input_tokens is not None or job.trains:
                return job
            return contexts.as_context(job, self.complete(job.changed(seq_len=None)))
        length = job.seq_len if job.input_tokens is None else job.input_tokens
        return job.changed(phase="prefill", input_tokens=length)

    def _within(self, columns: Mapping[str, Any]) -> Mapping[str, Any]:
        """Columns that nobody stated, with no sequence longer than the model has positions for."""
        longest, length = self.dims.get("positions"), columns.get("seq_len")
        if isinstance(longest, int) and length is not None and 0 < longest < length:
            return {**columns, "seq_len": float(longest)}
        return columns

    def runtime(self, job: Job) -> str:
        """What runs a job of this workload that names no runtime: that of its format, or of its phase.

        A training whose layers or experts are dealt out is Megatron's, as PyTorch's own trainers share all of
        a model out alike.
        """
        key = id(self), job.phase, job.precision
        known = _usual_runtimes.get(key)
        if known is None:
            found = self.complete(Job(self.id, phase=job.phase, precision=job.precision)).runtime
            if len(_usual_runtimes) >= _USUAL:
                # At once, which no other thread can come between.
                _usual_runtimes.clear()
            # With itself, so that no other workload can have its id.
            known = _usual_runtimes[key] = self, found
        dealt = known[1] == _TRAINS and is_language_model(self) and _is_split(job)
        return _SPLITS if dealt else known[1]

    def _reader(self, form: str, asked: str) -> str:
        """What alone runs a format at inference, of a family its own (`INT8`); '' where several do."""
        if Job(self.id, phase=asked).trains:
            return ""
        known = precision(form)
        if hasattr(self.code, "step"):
            return known.runtime
        return getattr(self.code, "INT8", known.networks) if asked == "infer" and known.networks else ""

    def _traced_phase(self, asked: str) -> str:
        """The phase as the family knows it: adapters go on top of fine-tuning."""
        return _fine_tuning(self.code) if asked in adapters.PHASES else asked

    def work_phase(self, asked: str) -> str:
        """One name for all phases that are the same work as this one."""
        alike: tuple[str, ...] = getattr(self.code, "TRAINED_ALIKE", ())
        return next((same[0] for same in (adapters.PHASES, alike) if asked in same), asked)

    @property
    def options(self) -> tuple[str, ...]:
        """The options that this workload reads, beside those that jobs of several kinds have."""
        own: tuple[str, ...] = getattr(self.code, "OPTIONS", ())
        return (*own, "classes") if classes.told(self.dims) else own

    def in_depth(self, side: str, options: dict[str, str]) -> dict[str, str]:
        """Options with the third side of a size, of slices or frames; raises `UsageError` for a picture's."""
        if side and ("frames" in self.dims or "frames" in self.dims.get("sizes", ())):
            return {"frames": side, **options}
        if side and self.unit not in ("volumes", "videos"):
            raise UsageError(f"a size with a third side of {side}: {self.id} has two; write e.g. 224x224")
        return options

    def unused(self, job: Job) -> tuple[str, ...]:
        """Numeric columns that a job states and this workload has no use for."""
        asked, columns = job.phase or self.phases[0], self.code.DEFAULTS
        served = columns.get(asked) if asked in ("serve", "generate", "decode", "prefill") else None
        known = {
            name for some in ([served, columns.get("*", {})] if served else columns.values()) for name in some
        }
        always = {"batch", "n_gpus", "tp", "pp", "concurrency", *self._sides()}
        return tuple(
            name for name in NUMBERS if getattr(job, name) is not None and name not in known | always
        )

    def _sides(self) -> tuple[str, ...]:
        """The columns of a picture's sides, where they decide how many tokens it becomes."""
        sized = getattr(self.code, "reads_size", None)
        return ("height", "width") if sized and sized(self.dims) else ()

    def of_job(self, job: Job) -> Mapping[str, Any]:
        """The dimensions as a job has them: as many classes, and pictures as large, as it states."""
        sized = getattr(self.code, "of_job", None)
        dims = classes.of_job(self.dims, job)
        return sized(dims, job) if sized else dims

    def beyond(self, job: Job) -> tuple[str, ...]:
        """What to say of a complete job: what an import left out, and a length the model was not made for."""
        known = getattr(self.code, "beyond", None)
        said: tuple[str, ...] = known(self.dims, job) if known else ()
        return (*self.dims.get("notes", ()), *said)

    def trace(self, job: Job) -> tuple[Op, ...]:
        """The ops of one pass of a complete job: a batch inferred or generated, one training step.

        The last few are kept: the same job on another runtime, or on other GPUs, is the same work.
        """
        key = self._work(job)
        known = _traces.get(key)
        if known is None:
            if len(_traces) >= _KEPT:
                _traces.pop(next(iter(_traces)), None)
            # With itself, so that no other workload can have its id.
            known = _traces[key] = self, self._trace(job)
        return known[1]

    def _work(self, job: Job) -> tuple[Any, ...]:
        """All that the ops of a job depend on: its columns, but of the runtime only what the family reads."""
        words = [word in job.runtime.lower() for word in getattr(self.code, "RUNTIME_WORDS", ())]
        sizes = [getattr(job, name) for name in NUMBERS if name not in _AROUND]
        numbers = [(one.shape, one.tobytes()) if isinstance(one, np.ndarray) else one for one in sizes]
        options = sorted(item for item in job.options.items() if item[0] not in _LAID_OUT)
        return id(self), job.phase, job.precision, *words, *numbers, *options

    def _trace(self, job: Job) -> tuple[Op, ...]:
        spec = precision(job.precision)
        forward = self._forward(adapters.prompted(job))
        if not job.trains:
            return (
                *adapters.beside(forward, job, self.dims.get("fused", "")),
                *weight_casts(forward, spec),
            )
        trained_in = spec
        if "control" in self.dims:
            forward = tuple(adapters.left_alone(op, self.dims["denoiser"]["module"], spec) for op in forward)
        if job.phase in adapters.PHASES:
            forward = adapters.adapt(forward, adapters.Adapters.of(job), self.dims.get("fused", ""))
            trained_in = adapters.trained_precision(job)
        step = training_step(forward, spec, self.optimizer(job), trained_in=trained_in)
        return (*step, *recomputed(forward, checkpointing(job), early=stops_early(job)))

    def optimizer(self, job: Job) -> str:
        """The optimizer that a job states, or the family's own; scripts that fine-tune take AdamW."""
        own: str = getattr(self.code, "OPTIMIZER", _TUNED_BY)
        default = _TUNED_BY if job.phase.startswith("finetune") else own
        return job.options.get("optimizer", default).lower()

    def _forward(self, job: Job, *, training: bool | None = None) -> tuple[Op, ...]:
        recorder = Recorder(of_job(job), job.trains if training is None else training)
        recorder.norms = self.dims.get("norms", "")
        job = job.changed(phase=self._traced_phase(job.phase), **_AROUND)
        self.code.forward(self.of_job(job), job, recorder)
        return recorder.ops()

    def units(self, job: Job) -> Any:
        """Images, sequences or tokens that one pass of a complete job produces on one replica."""
        if hasattr(self.code, "units"):
            return np.asarray(self.code.units(self.dims, job), dtype=np.float64)
        if self.unit != "tokens":
            return np.asarray(job.batch, dtype=np.float64)
        per_sequence = {"prefill": job.input_tokens, "decode": job.output_tokens,
                        "generate": job.output_tokens, "serve": job.output_tokens}  # fmt: skip
        return np.asarray(job.batch, dtype=np.float64) * per_sequence.get(job.phase, job.seq_len)

    def reference_job(self) -> Job:
        """One forward pass at the default input and batch 1, in FP16 where the family says no other."""
        columns = {"phase": self.code.PHASES[0], "precision": "fp16", **getattr(self.code, "REFERENCE", {})}
        return self.complete(Job(self.id, batch=1.0, **self._within(columns)))

    def reference_ops(self) -> tuple[Op, ...]:
        """The ops of that forward pass."""
        return self._forward(self.reference_job(), training=False)

    def parameters(self) -> dict[str, int]:
        """Weights by module, of all that its default phase loads."""
        return parameters(self._forward(self.complete(Job(self.id, precision="fp16", batch=1.0))))

    def active_parameters(self) -> int:
        """Weights that one token passes through: fewer than all of them in a mixture of experts."""
        known = getattr(self.code, "active_parameters", None)
        return round(known(self.dims)) if known else sum(self.parameters().values())

    def flops(self) -> float:
        """FLOPs of one forward pass at the default input and batch 1, two per multiply-add."""
        return float(product_flops(self.reference_ops()))


#: The phases of workloads that were asked for.
_phases: dict[int, tuple[Workload, tuple[str, ...]]] = {}
#: What runs a workload by default, by phase and format.
_usual_runtimes: dict[tuple[Any, ...], tuple[Workload, str]] = {}
_USUAL = 512
#: The last architectures by the id of a workload, with that.
_architectures: dict[int, tuple[Workload, str]] = {}
#: What trains a language model where nothing is named, and one whose layers or experts are dealt out.
_TRAINS, _SPLITS = "pytorch-2", "megatron"
#: What a trace is not told, since it does not depend on it: how many GPUs share the work, and the queue.
_AROUND: Mapping[str, Any] = dict.fromkeys(("n_gpus", "tp", "pp", "concurrency"))
#: Options of the same kind.
_LAID_OUT = frozenset(
    ("attention_dp", "cp", "ep", "global_batch", "grad_accum", "moe_tp", "sequence_parallel", "sharding",
     "gpus_per_node", "network", "system", "vp")
)  # fmt: skip
#: What scripts that fine-tune take, whatever a model was trained with before.
_TUNED_BY = "adamw"
#: The last traces, by what they depend on. A job of tokens on several stages takes three.
_traces: dict[tuple[Any, ...], tuple[Workload, tuple[Op, ...]]] = {}
_KEPT = 3


def families() -> tuple[str, ...]:
    """Every family by name: the files of `whichgpu/workloads/families/`."""
    folder = Path(__file__).parent / "families"
    return tuple(sorted(one.stem for one in folder.iterdir() if one.suffix == ".py" and one.name[0] != "_"))


def _fine_tuning(code: ModuleType) -> str:
    """The phase in which a family is fine-tuned; "" where it is not."""
    aliases: Mapping[str, str] = getattr(code, "PHASE_ALIASES", {})
    return "finetune_full" if "finetune_full" in code.PHASES else aliases.get("finetune_full", "")


def family_code(name: str) -> ModuleType:
    """The module of a family; raises `DataError` for one that does not exist."""
    return _family(name)


@cache
def _family(name: str) -> ModuleType:
    if not (Path(__file__).parent / "families" / f"{name}.py").is_file() or name[0] == "_":
        raise DataError(
            f"no family '{name}': there is no whichgpu/workloads/families/{name}.py; add it, or use one of "
            f"{', '.join(families())}"
        )
    return import_module(f"whichgpu.workloads.families.{name}")


#: Phases that generate tokens, where the job has any.
_GENERATING = ("decode", "generate", "serve")


def _is_known(name: str) -> bool:
    """Whether an id is one of the zoo, which figures were published of."""
    from whichgpu.workloads.zoo import workloads

    return name in workloads()


def _is_split(job: Job) -> bool:
    """Whether a training's layers are cut over GPUs, its stages or its experts dealt out over them.

    Adapters beside weights in 4 bits are PEFT's, which deals layers out too. A trainer that is named, though
    nobody knows it, has its own kernels whether it cuts layers or not: stages and experts say more of it.
    """
    if job.phase == adapters.PHASES[1]:
        return False
    if job.options.get("sharding", "").strip().lower() in ("fsdp", "zero3"):
        return False
    degrees = (None if job.runtime else job.tp, job.pp, *(job.options.get(name) for name in ("ep", "vp")))
    return any(_is_more(one) for one in degrees)


def _is_more(degree: Any) -> bool:
    """Whether a degree of parallelism, a number, its text or an array of them, is above one throughout."""
    if isinstance(degree, str):
        return degree.strip() not in ("", "1")
    return degree is not None and bool(np.all(np.asarray(degree) > 1.0))


def is_language_model(workload: Workload) -> bool:
    """Whether a workload makes tokens one after another."""
    return hasattr(workload.code, "step")
