"""What a job asks for before it is laid out: its workload, the software that runs it, and the format.

What a job leaves open is filled here: first by the workload's own file, then by the runtime's habit.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.job import habits, saturated, unread
from whichgpu.cost.job.attention import attending, off
from whichgpu.cost.job.behind import behind_networks, by_layers, is_by_layers
from whichgpu.cost.job.runtime import kept
from whichgpu.cost.job.runtimes import runtime, suggested
from whichgpu.cost.parallel import sequence
from whichgpu.cost.parallel.pipeline import in_turn
from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.values import NamedTuple, altered, regex, remembered
from whichgpu.workloads import contexts, phases
from whichgpu.workloads.adapters import PHASES as ADAPTER_PHASES
from whichgpu.workloads.adapters import on_narrow_weights
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.phases import TRAINING
from whichgpu.workloads.precision import cache_format, precision
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload


#: Tokens of a prompt that one pass takes, of llama.cpp and its like: `--ubatch-size`.
UBATCH = "ubatch"
#: A KV cache in 16 bits, and one in 8.
WIDE_CACHE, NARROW_CACHE = "bf16", "fp8"


#: What to say of a job whose model learns beside a frozen copy of itself.
_REFERENCE = (
    "a pair of preferred and rejected answers is two sequences of the batch; the pass of the frozen copy "
    "(reference), a third of what a step takes, is not in the time"
)


#: What a model of sound and language is given and writes for a piece of speech: an instruction, and as many
#: tokens as Whisper for 30 s (assumed).
HEARD = {"input_tokens": 16.0, "output_tokens": 100.0}


def hearing(job: Job, phase: str) -> Job:
    """A job whose phase was told in these words, with the speech that a model of sound and language hears.

    The phase that they are read as, which is that of a model without speech as well, no longer says so.
    """
    if not phases.hears(phase) or "sound" not in resolve(job.workload).dims:
        return job
    return job.changed(options={"sounds": "1", **job.options}).with_defaults(**HEARD)


class Asked(NamedTuple):
    """A job with its format filled in, what runs it, the name of that by default, and what to say of it."""

    workload: Workload
    job: Job
    runtime: Runtime
    fallback: str
    said: tuple[str, ...]


@remembered(64)
def read(job: Job) -> Asked:
    """What a job asks for, filled in; raises `UsageError` for an unknown workload, phase or precision.

    The last are kept: the rows of a table that share a job ask for its defaults, then for how it runs.
    """
    workload = resolve(job.workload)
    stated, job = job, workload.as_named(job)
    job, narrow = _of_phase(workload, job)
    fallback = workload.runtime(job)
    named = _named(job, fallback)
    stack = dated(named, job)
    job, said = _doing(job, workload, stack, _undated(job, stack))
    workload, job, said = _under(workload, job, stack, said)
    said = (*said, *narrow, *_of_training(job, stack))
    said = (*said, *_recomputing(job, stack))
    job, said = habits.by_recipe(habits.by_habit(job, stack), stack, said)
    if "compile" in job.options and "compile" not in stated.options:
        # A recipe has it compiled, which is another use of the same runtime.
        stack = dated(_named(job, fallback), job)
    stack = habits.as_measured(stack) if saturated.saturates(job, workload) else stack
    job, spread = saturated.as_published(job, workload, stack)
    job, counted = _counted(job, workload)
    job, few = _few(job, workload)
    job, gathered = _gathered(job, workload)
    gathered = (*gathered, *_sent_away(job, stack))
    job, together = sequence.by_runtime(job, workload, stack)
    said = (
        *said, *spread, *counted, *few, *gathered, *together, *contexts.said(stated, job), *unread.said(job)
    )  # fmt: skip
    job, stack, said = _hosted(job, workload, stack, said)
    stack = in_turn(_normed(stack, job, workload), one_copy=is_language_model(workload) and not job.trains)
    job, assumed = alone(job, workload, stack)
    said = (*said, *assumed)
    _check_cache(job, stack)
    if job.phase in ADAPTER_PHASES and "control" in workload.dims:
        raise UsageError(f"what of {workload.id} is adapted is not modelled; use phase train")
    asked = job.phase or workload.phases[0]
    stack = attending(stack, job, workload, asked)
    filled, own, said = _formatted(workload, job, named, said)
    stored = _stored(filled, workload, stack, own)
    filled = with_cache(stored, stack)
    if asked == "serve":
        said = (*said, *_of_cache(stored, filled, stack))
    if job.runtime and named.undated and not named.marks and dated(named, job) is named:
        # What read it again would take the format that is filled in for one that dates it.
        filled = filled.changed(runtime=_by_id(job.runtime, named))
    return Asked(
        workload, habits.recomputing(_in_float8(filled), stack), _unpacking(stack, filled), fallback, said
    )


def _recomputing(job: Job, stack: Runtime) -> tuple[str, ...]:
    """What to say of layers that are run again where the job does not say whether they are."""
    if "checkpointing" in job.options:
        return ()
    if habits.prepares(job, stack):
        return (habits.RUNS_AGAIN,)
    return (habits.AS_GUIDED,) if habits.guided(job, stack) else ()


def _sent_away(job: Job, stack: Runtime) -> tuple[str, ...]:
    """What to say of a job of pictures whose software sends to the host what the card has no room for."""
    if not stack.holds.get("sends_away") or job.options.get("offload") not in AWAY:
        return ()
    what = "the networks that wait" if job.options["offload"] == "model" else "weights, layer by layer"
    said = f"{stack.title} sends {what} to the host where the card has no room"
    tiled = f"{stack.title} decodes in tiles where it has none for a whole picture"
    return (said, tiled) if job.says("vae_tiling") else (said,)


def _hosted(
    job: Job, workload: Workload, stack: Runtime, said: tuple[str, ...]
) -> tuple[Job, Runtime, tuple[str, ...]]:
    """A job and its runtime with the host that it has in serving, in training and for networks."""
    if stack.sounds and "sound" in workload.dims and not job.trains:
        # A language model behind an encoder of sounds is what others are that hear.
        stack = replace(runtime(stack.sounds, stack.sounds), exact=False)
    if stack.language and is_language_model(workload) and not job.trains:
        job, said = _with_lengths(job, stack, said)
        return job, _behind(stack), said
    if stack.trainer and is_language_model(workload) and job.trains:
        return job, _training(stack), said
    pictures = workload.family.startswith("diffusion") and not job.trains
    if pictures or "generate" not in workload.phases:
        part = workload.family == "diffusion_part"
        if not (pictures or job.trains) and is_by_layers(stack, workload.unit):
            return job, by_layers(stack, workload.unit), said
        stack = behind_networks(stack, pictures, workload.unit, part)
    return job, stack, said


def _unpacking(stack: Runtime, job: Job) -> Runtime:
    """A runtime with what its matrix-vector kernels, or its host, take for a weight of the job's format."""
    if job.precision and not job.trains and (launch := stack.launches.get(precision(job.precision).id)):
        return _with(stack, "launch", max(launch, stack.launch))
    if not stack.vector_values or not job.precision:
        return stack
    for name in ("steps", "scales"):
        own = getattr(precision(job.precision), name)
        stack = stack if own == getattr(stack, name) else _with(stack, name, own)
    return stack


@kept
def _with(stack: Runtime, name: str, value: Any) -> Runtime:
    """A runtime with another value in a column: one object, which sweeps know again."""
    return altered(stack, **{name: value})


def _doing(
    job: Job, workload: Workload, stack: Runtime, said: tuple[str, ...]
) -> tuple[Job, tuple[str, ...]]:
    """A job with the phase that its runtime runs unless it is told otherwise."""
    if job.phase or stack.does not in workload.phases:
        return job, said
    words = f"phase {stack.does}: what {stack.title} runs unless it is told otherwise"
    return job.changed(phase=stack.does), (*said, words)


def _of_phase(workload: Workload, job: Job) -> tuple[Job, tuple[str, ...]]:
    """A job in the phase that its family's name for it stands for, and as QLoRA stores its weights."""
    called = getattr(workload.code, "PHASE_ALIASES", {}).get(job.phase)
    return on_narrow_weights(job.changed(phase=called) if called else job)


def _under(
    workload: Workload, job: Job, stack: Runtime, said: tuple[str, ...]
) -> tuple[Workload, Job, tuple[str, ...]]:
    """The model that a name stands for under a runtime, where its publisher has another there."""
    other = workload.dims.get("under", {}).get(stack.id)
    if other is None:
        return workload, job, said
    found = resolve(other)
    words = f"under {stack.title} '{workload.id}' is published of {found.id}, which is taken"
    return found, job.changed(workload=found.id), (*said, words)


def _check_cache(job: Job, stack: Runtime) -> None:
    """Refuse a format in which the runtime that a job names keeps no keys and values."""
    asked, known = cache_format(job), stack.holds.get("caches", ())
    if job.runtime and known and asked and precision(asked).id not in known:
        raise UsageError(
            f"option kv_precision: {stack.title} keeps no cache in {asked}; use one of {', '.join(known)}"
        )


def _formatted(
    workload: Workload, job: Job, named: Runtime, said: tuple[str, ...]
) -> tuple[Job, str | None, tuple[str, ...]]:
    """A job with a format, the one that its model's own file says, and what to say of it."""
    asked = job.phase or workload.phases[0]
    own = {**workload.defaults.get("all", {}), **workload.defaults.get(asked, {})}.get("precision")
    if own and precision(own).math == "fp8" and _loaded(job, named, said)[0]:
        # A program that has no such files loads what it usually does.
        own = None
    # What the workload's own file says of its precision comes before the runtime's habit.
    # Ollama's files of what embeds have two bytes a weight: 274 MB for nomic-embed-text's 137 M, 670 MB for
    # mxbai-embed-large's 334 M (ollama.com/library).
    open_ = is_language_model(workload) and not (own or job.precision or job.trains)
    loaded, said = _loaded(job, named, said) if open_ else ("", said)
    usual = named.default_precision.get(asked, "")
    return job.with_defaults(precision=own or loaded or usual), own, said


def _loaded(job: Job, named: Runtime, said: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The format in which a program loads models unless it is told otherwise, and what to say of it."""
    for name, format_ in named.loads.items():
        if name in job.runtime.lower():
            return format_, (*said, f"precision {format_}: what {name} loads unless it is told otherwise")
    return "", said


def _released(workload: Workload, own: str | None, asked: str) -> bool:
    """Whether a model's weights come in a format that is asked for; where INT4 of experts is, in any INT4.

    A model without experts has no layers beside them that such a format leaves wide.
    """
    if own == asked or not asked or precision(asked).id != _INT4:
        return own == asked
    return bool(own and precision(own).weight < 1.0) or not workload.dims.get("experts")


def _stored(job: Job, workload: Workload, stack: Runtime, own: str | None) -> Job:
    """A job in the format that its name means of its runtime, and of a model that comes in its `own`."""
    if not job.precision:
        return job
    asked, released = precision(job.precision), _released(workload, own, job.precision)
    if own and own in stack.keeps and not job.trains and not released:
        wide, narrow = stack.keeps[own]
        return job.changed(precision=wide if asked.weight >= _SIXTEEN else narrow)
    meant = stack.freezes if job.phase in ADAPTER_PHASES else stack.trains if job.trains else {}
    if job.trains and workload.family in stack.loads_wide:
        meant = {**meant, **_WIDE}
    found = meant.get(asked.id) or stack.stores.get(asked.id) or ("" if released else asked.made)
    return job.changed(precision=found) if found else job


def with_cache(job: Job, stack: Runtime) -> Job:
    """A job with the format of its KV cache beside eight-bit weights, where its runtime leaves that open.

    Such an engine keeps 16 bits unasked, which is what `auto` means; who publishes what it does in FP8 asks
    for a cache in FP8 as well, and so do the commands that we write. A program without the choice has 16.
    """
    asked = job.options.get("kv_precision", "").strip().lower()
    if job.trains or asked not in ("", "auto") or not job.precision:
        return job
    if precision(job.precision).id not in stack.holds.get("wide_cache", ()):
        return job
    kept = NARROW_CACHE if not asked and stack.holds.get("asks_cache") else WIDE_CACHE
    return job.changed(options={**job.options, "kv_precision": kept})


def _of_cache(stored: Job, filled: Job, stack: Runtime) -> tuple[str, ...]:
    """What to say of a cache whose format the job did not state."""
    if filled is stored:
        return ()
    if filled.options["kv_precision"] == NARROW_CACHE:
        return (
            f"keys and values in {NARROW_CACHE}, which {stack.title} has to be asked for; "
            "option kv_precision=auto for the 16 bits that it keeps unasked",
        )
    other = NARROW_CACHE in stack.holds.get("caches", ())
    how = f"; option kv_precision={NARROW_CACHE} for eight" if other else ""
    kept = f"as {stack.title} keeps them beside {filled.precision} weights"
    return (f"keys and values in 16 bits, {kept}{how}",)


@kept
def _behind(stack: Runtime) -> Runtime:
    """What runs a language model behind the name of a runtime, with what that name says of its memory."""
    found = runtime(stack.language, stack.language)
    apart = stack.habits or stack.keeper != stack.id
    return replace(found, holds=stack.holds, habits=stack.habits, keeper=stack.keeper) if apart else found


#: What says of a model written in PyTorch that its norms and rotary positions are kernels (an optimizer may
#: be fused as well).
_KERNELS = regex(r"\b(?:apex|liger|fused(?!\W?(?:adam|optim)))", re.IGNORECASE)


@kept
def _training(stack: Runtime) -> Runtime:
    """A framework that trains a language model: the kernels of its trainers, all else as its name says.

    They are launched by its own modules, in the forward pass as in inference, which write some functions op
    by op. Who writes the model in PyTorch does as Transformers does (facebookresearch/llama, model.py:
    RMSNorm, apply_rotary_emb), unless the text says that its kernels are fused.
    """
    found = runtime(stack.trainer, stack.trainer)
    plainly = {} if _KERNELS.search(stack.said) else found.written
    written = stack.written if stack.id == "transformers" else plainly
    return replace(
        stack, like=found.kernels, domain=found.domain, gap=found.gap, fixed=found.fixed,
        overlap=found.overlap, fuses=found.fuses, chains=found.chains, products=found.products,
        memory=found.memory, sequence=found.sequence, widens_in=found.widens_in, written=written,
        attends=stack.attends or found.attends, holds={**stack.holds, "framework": True},
    )  # fmt: skip


def _normed(stack: Runtime, job: Job, workload: Workload) -> Runtime:
    """A runtime that trains a model with norms other than RMSNorm, where it writes those out."""
    plain = job.trains and workload.dims.get("norm", "rmsnorm") != "rmsnorm"
    return _with_layer_norms(stack) if plain and "norm" in stack.written else stack


@kept
def _with_layer_norms(stack: Runtime) -> Runtime:
    """A runtime under a model with LayerNorm, which is a kernel of PyTorch's own, as RMSNorm is not."""
    return replace(stack, written={name: times for name, times in stack.written.items() if name != "norm"})


#: What a trainer's "fp16" and "bf16" mean of a model that it loads in FP32: autocast.
_WIDE = {"fp16": "amp-fp16", "bf16": "amp-bf16"}
#: Bytes of a weight in 16 bits.
_SIXTEEN = 2.0
#: Bytes of a gradient that is added up in FP32, and sent so.
_WIDE_GRADIENT = 4.0
#: INT4 weights as words have them that say no more, which Kimi's releases have of experts alone.
_INT4 = "w4a16"


def _counted(job: Job, workload: Workload) -> tuple[Job, tuple[str, ...]]:
    """A server whose `tp` counts the groups of its attention in, as the options of engines do.

    So it is read where the GPUs are enough for it, and for no `tp` in each of the groups.
    """
    stated = (job.n_gpus, job.tp, job.degree("attention_dp"), 1.0 if job.pp is None else job.pp)
    if (
        not saturated.serves(job, workload)
        or "attention_dp" not in job.options
        or any(one is None or np.size(one) != 1 for one in stated)
    ):
        return job, ()
    have, width, groups, stages = (float(np.ravel(one)[0]) for one in stated)
    if width % groups or not width * stages <= have < width * stages * groups:
        return job, ()
    words = f"tp={width:g} on {have:g} GPUs counts the {groups:g} groups of attention in, as SGLang and "
    words += f"TensorRT-LLM do: each has {width / groups:g}"
    return job.changed(tp=width / groups), (words,)


def _few(job: Job, workload: Workload) -> tuple[Job, tuple[str, ...]]:
    """A closed loop with no more requests in flight than its run has."""
    if not saturated.serves(job, workload) or "num_prompts" not in job.options or job.concurrency is None:
        return job, ()
    sent = job.option("num_prompts", 1000.0, 1.0)
    if np.all(np.asarray(job.concurrency) <= sent):
        return job, ()
    words = f"a run of num_prompts={sent:g} has no more than {sent:g} requests in flight"
    return job.changed(concurrency=np.minimum(job.concurrency, sent)[()]), (words,)


def _gathered(job: Job, workload: Workload) -> tuple[Job, tuple[str, ...]]:
    """A job that has no queue with its requests in flight as the batch that it does not state."""
    if (job.phase or workload.phases[0]) in ("serve", *TRAINING) or job.concurrency is None:
        return job, ()
    if job.batch is not None:
        return job, ()
    batch = at_once(job, workload)
    words = f"{np.ravel(batch)[0]:g} requests in flight are one batch here" if np.size(batch) == 1 else ""
    said = (f"{words}; --phase serve is a server with a queue, --batch N says otherwise",) if words else ()
    return job.changed(batch=batch, concurrency=None), said


def at_once(job: Job, workload: Workload) -> Any:
    """The batch of each copy of a model that so many requests in flight, on all GPUs, are."""
    copies: Any = 1.0
    if not is_language_model(workload):
        shares = 1.0 if job.tp is None else job.tp
        copies = np.maximum((1.0 if job.n_gpus is None else job.n_gpus) / np.asarray(shares), 1.0)
    return np.maximum(np.ceil(np.asarray(job.concurrency) / copies), 1.0)[()]


#: What a pipeline's program does with a model that a card has no room for, one after another.
AWAY = ("model", "parameters")


def sends_away(job: Job, workload: Workload, stack: Runtime) -> tuple[Mapping[str, str], ...]:
    """What a program of pictures sets next where a card has no room: one of `AWAY`, also with tiles."""
    pictured = workload.family.startswith("diffusion") and not job.trains
    stated = job.options.get("offload")
    if not pictured or not stack.holds.get("sends_away") or stated not in (None, *AWAY):
        return ()
    ways = AWAY if stated is None else AWAY[AWAY.index(stated) :]
    tiled = ({},) if "vae_tiling" in job.options else ({}, {"vae_tiling": "true"})
    every = ({"offload": way, **more} for way in ways for more in tiled)
    return tuple(one for one in every if {**job.options, **one} != job.options)


def alone(job: Job, workload: Workload, stack: Runtime) -> tuple[Job, tuple[str, ...]]:
    """A job with one request in flight where its engine usually serves one user, and what was assumed."""
    loads = ("request_rate", "max_concurrency")
    stated = job.concurrency is not None or job.batch is not None or any(map(job.options.get, loads))
    serves = saturated.serves(job, workload) and is_language_model(workload)
    if stated or not serves or not stack.one_user:
        return job, ()
    said = f"{stack.title} is taken with one request in flight, as it usually has"
    return job.changed(concurrency=1.0), (f"{said}; --concurrency N says otherwise",)


def is_alone(job: Job) -> bool:
    """Whether a job that says nothing of its load is taken with one request in flight.

    Not of a job that cannot be read, which its evaluation says.
    """
    try:
        return bool(read(job).job.concurrency == 1.0)
    except WhichGpuError:
        return False


def _with_lengths(job: Job, stack: Runtime, said: tuple[str, ...]) -> tuple[Job, tuple[str, ...]]:
    """A job that states no lengths with those that its runtime is measured at, and what to say of it."""
    known = stack.lengths.get(job.workload)
    if known is None or job.input_tokens is not None or job.output_tokens is not None:
        return job, said
    prompt, answer = known
    words = f"no lengths were given: {prompt:,} tokens in and {answer:,} out, the means of MLPerf's data set"
    return job.with_defaults(input_tokens=float(prompt), output_tokens=float(answer)), (*said, words)


def _in_float8(job: Job) -> Job:
    """A job with its option `float8`, a recipe of scaling or a truth, as the format that it means."""
    if off(job.options.get("float8", "")):
        return job
    return job.changed(precision="amp-fp8" if job.trains else "fp8")


def _of_training(job: Job, stack: Runtime) -> Iterator[str]:
    """What to say of a training of which the time leaves something out, or has what trains nothing."""
    if job.trains and job.says("reference"):
        yield _REFERENCE
    if job.trains and stack.infers:
        yield f"{stack.title} trains nothing: this is as if its kernels did; name what trains"


def _named(job: Job, fallback: str) -> Runtime:
    """The runtime that a job names, with the options that make another of it."""
    text = job.runtime or fallback
    mode = job.options.get("compile", "")
    stack = runtime(text, fallback)
    if not off(mode):
        text = f"{text} {stack.compiles} {mode}"
        stack = runtime(text, fallback)
    if stack.infers and job.trains and suggested(job.runtime):
        # A word such as CUDA says TensorRT of an inference, and nothing of what trains.
        return replace(runtime(fallback, fallback), exact=False)
    if stack.backwards and job.trains:
        stack = replace(runtime(stack.backwards, stack.backwards), said=stack.said)
    graphs = job.options.get("cuda_graphs", "auto")
    if stack.domain and not job.trains and graphs.strip().lower() == "pieces":
        stack = runtime(f"{text} enable-piecewise-cuda-graph", fallback)
    elif stack.domain and not job.trains and off(graphs):
        stack = runtime(f"{text} enforce-eager", fallback)
        # Who has no more to say of it launches tokens as prompts.
        stack = stack if stack.launch else replace(stack, launch=stack.eager)
    if stack.domain and not job.trains and np.any(job.degree("ep") > section("links")["node"]):
        stack = stack if stack.gathers else runtime(f"{text} deepep", fallback)
    if stack.micro_batch and not job.trains and UBATCH in job.options:
        stack = replace(stack, micro_batch=job.option(UBATCH, stack.micro_batch, 1.0, 2048.0))
    if stack.domain and job.trains and not (job.runtime and stack.exact):
        # That a model is cut over GPUs says what may train it, not that exchanges are overlapped or narrow.
        stack = replace(stack, exact=False, exposed=1.0, mixed_gradient=_WIDE_GRADIENT)
    layout = job.options.get("layout", "").lower().replace("-", "_")
    told = layout in ("channels_last", "nhwc") and "nhwc" not in stack.marks
    return stack.marked("nhwc") if told else stack


def _by_id(text: str, stack: Runtime) -> str:
    """The text of a runtime with its id before what else it says."""
    own = stack.id
    return own + text[len(own) :] if text.lower().startswith(own) else f"{own} {text}"


def dated(stack: Runtime, job: Job) -> Runtime:
    """The runtime that a job means by a name without a version, where the format that it states dates it."""
    # An id is that runtime itself, not a name for it.
    if not (job.runtime and job.precision) or stack.marks or job.runtime.split(" ")[0] == stack.id:
        return stack
    known = stack.undated.get(precision(job.precision).id)
    # What else the text says holds of the older one too: that it has fused attention, say.
    return runtime(_by_id(job.runtime, runtime(known, known)), known) if known else stack


def _undated(job: Job, stack: Runtime) -> tuple[str, ...]:
    """What to say where a format dated a runtime."""
    named = runtime(job.runtime, stack.id) if job.runtime else stack
    if dated(named, job) is named:
        return ()
    return (
        f"'{job.runtime}' in {job.precision} without a version is taken as {stack.title}, "
        "as in published runs; name a version for another",
    )
