"""What a runtime's users have where a job leaves it open: options, recipes, and layers that are run again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job.runtime import kept
from whichgpu.cost.memory.job_memory import prepared
from whichgpu.errors import UsageError
from whichgpu.values import regex
from whichgpu.workloads.adapters import PHASES as ADAPTER_PHASES
from whichgpu.workloads.adapters import stated
from whichgpu.workloads.checkpointing import checkpointing
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.phases import TRAINING, phase
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job

#: prepare_model_for_kbit_training(use_gradient_checkpointing=True): peft/utils/other.py.
RUNS_AGAIN = (
    "checkpointing=full, which PEFT turns on where it prepares a quantised model; "
    "write --option checkpointing=none where it is off"
)


#: Of those who train videos, and of some who train pictures, by the commands that their guides show.
AS_GUIDED = (
    "checkpointing=full, as guides of such trainers have it; "
    "write --option checkpointing=none where it is off"
)

#: What is shared out, in the text of a runtime: "PyTorch FSDP2", "DeepSpeed ZeRO-3".
_SHARDS = regex(r"\b(?:fsdp2?|hsdp|zero\W?(?:stage)?\W?[123])\b")


def prepares(job: Job, stack: Runtime) -> bool:
    """Whether a trainer readies a quantised model for its adapters, which runs its layers again."""
    return phase(job.phase or "infer") in ADAPTER_PHASES and prepared(job, stack)


def guided(job: Job, stack: Runtime) -> bool:
    """Whether guides of a trainer of diffusion models run its layers again: of any video, or of all in some.

    The usual ones (README.md of diffusers' examples/cogvideo, docs of musubi-tuner, finetrainers and
    DiffSynth-Studio, examples of diffusion-pipe) have it for transformers of videos, which fit nowhere else.
    """
    if phase(job.phase or "infer") not in TRAINING or stack.software != "pytorch":
        return False
    model = resolve(job.workload)
    video = model.family == "diffusion_dit" and model.dims.get("frames", 1) > 1
    return video or (bool(stack.holds.get("runs_again")) and not is_language_model(model))


def by_habit(job: Job, stack: Runtime) -> Job:
    """A job with what its runtime takes where nothing is stated: options of training, lengths."""
    habits, asked = stack.habits, phase(job.phase or "infer")
    again = {"checkpointing": "full"} if prepares(job, stack) or guided(job, stack) else {}
    shards = _SHARDS.search(job.runtime.lower()) if asked in TRAINING else None
    said = {"sharding": re.sub(r"\W|stage", "", shards[0])} if shards else {}
    if not habits and not again and not said:
        return job
    if asked not in TRAINING:
        own = {**habits.get("inference", {}), **(habits.get("decode", {}) if asked == "decode" else {})}
        return job if asked == "serve" else job.with_defaults(**own)
    several, adapters = habits.get("several", {}), habits.get("adapters", {})
    more = np.asarray(1.0 if job.n_gpus is None else job.n_gpus) > 1
    open_ = [name for name in several if name not in job.options]
    if open_ and np.any(more) and not np.all(more):
        raise UsageError(
            f"'{job.runtime}' trains on several GPUs otherwise than on one; ask for them apart, or state "
            f"the options {', '.join(open_)}"
        )
    own = {
        **again, **habits.get("training", {}),
        **({**adapters, **stated(job)} if asked in ADAPTER_PHASES else {}),
        **(several if np.any(more) else {}), **(habits.get("contexts", {}) if _cut(job) else {}),
        **(habits.get("pretraining", {}) if asked == "pretrain" else {}),
        **said,
    }  # fmt: skip
    if _keeps_inputs(own, job):
        own.pop("offload", None)
    return job.changed(options={**own, **job.options, **_offloaded(own, job)})


def _cut(job: Job) -> bool:
    """Whether a job states that sequences are cut over several GPUs."""
    return "cp" in job.options and bool(np.any(np.asarray(job.degree("cp")) > 1))


def _keeps_inputs(own: Mapping[str, str], job: Job) -> bool:
    """Whether a runtime that has the inputs of layers wait on the host is told to run these again otherwise.

    They wait there for layers to run again (`use_gradient_checkpointing="unsloth"`): no layer does, no input.
    """
    return "checkpointing" in job.options and checkpointing(job) != own.get("checkpointing", "")


def _offloaded(own: Mapping[str, str], job: Job) -> dict[str, str]:
    """The option `offload` of a job that sends something to the host beside what its runtime sends unasked.

    `offload=optimizer` under Unsloth leaves the inputs of layers there; `offload=none` sends nothing.
    """
    from whichgpu.cost.memory.training_memory import offload

    stated = offload(job)
    if not stated or "offload" not in own:
        return {}
    return {"offload": ",".join(sorted(stated | {own["offload"]}))}


def by_recipe(job: Job, stack: Runtime, said: tuple[str, ...]) -> tuple[Job, tuple[str, ...]]:
    """A job with the format, options and sizes that the published recipe of its runtime's version sets."""
    version = next((float(mark[3:]) for mark in stack.marks if mark.startswith("ngc")), 0.0)
    for recipe in stack.recipes:
        apart = not set(recipe.get("marks", ())) <= set(stack.marks)
        if version < recipe.get("since", 0.0) or apart or not _is_of(recipe, job):
            continue
        own = {
            name: text for name, text in recipe.get("options", {}).items()
            if name not in job.options and not (name == "global_batch" and _outgrows(job, text))
        }  # fmt: skip
        sizes = {name: size for name, size in recipe.get("sizes", {}).items() if getattr(job, name) is None}
        narrow = "" if job.precision else recipe.get("precision", "")
        words = [
            *((f"precision {narrow}",) if narrow else ()),
            *(f"{name}={text}" for name, text in own.items()),
            *(f"{name} {n:g}" for name, n in sizes.items()),
        ]
        since = f" of {recipe['since']} on" if "since" in recipe else ""
        said = (*said, f"{', '.join(words)}: as in the recipes{since}") if words else said
        job = job.changed(options={**own, **job.options}, precision=narrow or job.precision, **sizes)
    return job, said


def _outgrows(job: Job, whole: str) -> bool:
    """Whether the micro-batches that a job states are more together than a recipe's whole batch."""
    if job.batch is None or job.n_gpus is None:
        return False
    replica = np.multiply(1.0 if job.tp is None else job.tp, 1.0 if job.pp is None else job.pp)
    return bool(np.any(np.asarray(job.batch) * np.asarray(job.n_gpus) / replica > float(whole)))


def _is_of(recipe: Mapping[str, Any], job: Job) -> bool:
    """Whether a recipe is of a job's model and, where it names them, of its precision and its mesh's tp.

    One with `experts` is of all models that have some, one with `words` of texts that have all of them, and
    none of those that it has `unless`. It is of training unless it names a phase, one of training too.
    """
    asked = phase(job.phase or "infer")
    if recipe.get("phase", "train") not in (asked, "train" if asked in TRAINING else asked):
        return False
    text = job.runtime.lower()
    if not all(word in text for word in recipe.get("words", ())):
        return False
    if any(word in text for word in recipe.get("unless", ())):
        return False
    formats = {precision(name).id for name in recipe.get("precisions", ())}
    model = resolve(job.workload)
    known = model.id in recipe.get("workloads", ()) or model.family in recipe.get("families", ())
    known = known or (bool(recipe.get("experts")) and "experts_per_token" in model.dims)
    cut = "tp" not in recipe or bool(np.all(np.equal(1.0 if job.tp is None else job.tp, recipe["tp"])))
    return known and cut and (not formats or precision(job.precision or "bf16").id in formats)


def recomputing(job: Job, stack: Runtime) -> Job:
    """A job whose selective checkpointing is what its runtime calls so, and whose full one ends as there."""
    own = {"selective": "attention" if stack.selects_attention else "",
           "full": "early_stop" if stack.stops_early else ""}  # fmt: skip
    meant = own.get(checkpointing(job), "")
    return job.changed(options={**job.options, "checkpointing": meant}) if meant else job


def as_measured(stack: Runtime) -> Runtime:
    """A saturated server with the effects of the release on file that has its backend (`alike`).

    They are of saturated runs, and say little of few requests in flight.
    """
    alike, release = stack.habits.get("saturated", {}).get("alike", ()), release_of(stack)
    if not alike or not release:
        return stack
    mark = next(mark for since, mark in reversed(alike) if release >= numbers(since))
    return stack if mark in stack.marks else _marked(stack, mark)


@kept
def _marked(stack: Runtime, mark: str) -> Runtime:
    return stack.marked(mark)


def release_of(stack: Runtime) -> tuple[int, ...]:
    """The numbers of a runtime's release; nothing where none is named."""
    marks = (mark[1:] for mark in stack.marks if mark[:1] == "v" and mark[1:2].isdigit())
    return next(map(numbers, marks), ())


def numbers(release: str) -> tuple[int, ...]:
    """A release as numbers, by which it is ordered: 4.46 is later than 4.6."""
    return tuple(int(part) for part in release.split("."))
