"""What may make a job fit on the GPUs that it was asked for: another size, format, way of training.

Each is tried on all devices at once; `changes` keeps those that fit and times them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job.support import WEIGHT_ONLY
from whichgpu.errors import UsageError
from whichgpu.planner.capacity import quality, started
from whichgpu.planner.capacity.cards import cards
from whichgpu.planner.capacity.meshes import splits
from whichgpu.planner.capacity.model import Change, Quality
from whichgpu.values import immutable
from whichgpu.workloads.adapters import DEFAULT_PRECISION
from whichgpu.workloads.adapters import PHASES as ADAPTER_PHASES
from whichgpu.workloads.checkpointing import checkpointing
from whichgpu.workloads.precision import of_job, precision

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.planner.capacity.cells import Cells
    from whichgpu.planner.capacity.model import Limits

#: Results do not depend on it but for the order of sums.
SAME = Quality("the same arithmetic: no change of results")
TILED = "pictures decoded in tiles (enable_vae_tiling)"
SEAMS = Quality("the same weights; tiles are blended where they overlap, seams may show")
OTHER_WORK = Quality("less work at a time; results of each are the same")
_BATCH = Quality(
    "the same step with gradients accumulated; batch statistics, where there are any, are of fewer"
)
#: By phase, the phases of adapters that do the same for less memory.
_ADAPTERS = {"train": ADAPTER_PHASES, "finetune_full": ADAPTER_PHASES, "finetune_lora": ADAPTER_PHASES[1:]}
_NARROW_OPTIMIZER = "adamw-8bit"
_ONE_KERNEL = "adamw-torch-fused"
_LLAMA = "llama-cpp"
#: What an engine keeps its cache in to save memory.
_NARROW_CACHE = {"vllm": "fp8", "sglang": "fp8", "tensorrt-llm": "fp8", "llama-cpp": "q8_0"}
#: Pieces into which the loss over a large vocabulary is cut.
_PIECES = "8"
#: Sizes of what a job makes or reads; how many times smaller a change may have them.
_WHAT_IS_MADE, _LEAST = ("context", "resolution"), 4.0
_MORE_CHECKPOINTING = {
    "none": ("selective", "full"), "attention": ("full",), "selective": ("full",), "full": (),
}  # fmt: skip


@immutable
class Try:
    """A changed job on each device, with what to say of it and what to type, by device."""

    kind: str
    texts: tuple[str, ...]
    options: tuple[str, ...]
    cells: Cells
    quality: Quality = SAME

    @classmethod
    def of(cls, kind: str, text: str, option: str, cells: Cells, quality: Quality = SAME) -> Try:
        """One that reads the same on every device."""
        count = len(cells.gpus)
        return cls(kind, (text,) * count, (option,) * count, cells, quality)

    def changes(self, base: Cells) -> Iterator[tuple[int, Change]]:
        """The changes that fit, by index of the device, timed against `base`, the job as asked for."""
        cells = self.cells
        for i in map(int, np.flatnonzero(cells.fits)):
            rate, before = cells.rate(i), base.rate(i)
            yield i, Change(
                self.kind, self.texts[i], self.options[i], cells.gpus[i].id, cells.counts[i],
                float(cells.required[i]), float(cells.available[i]), throughput=rate,
                speed=rate.mid / before.mid if rate and before else None, quality=self.quality,
                concurrency=cells.held(i), may_run_out=not cells.judged.surely[i],
            )  # fmt: skip


def same_gpus(cells: Cells, limits: Sequence[Limits]) -> Iterator[Try]:
    """What may make the job fit on the same GPUs, the mildest first."""
    yield from _sizes(cells, limits)
    yield from _shorter(cells)
    if cells.settled.job.trains:
        yield from _training(cells)
    else:
        yield from _sliced(cells)
        yield from narrower(cells)
        yield from _narrow_cache(cells)


def _sliced(cells: Cells) -> Iterator[Try]:
    """Pictures decoded in tiles, those of a batch one by one where the runtime would decode them together."""
    done = cells.settled
    by_video = done.workload.dims.get("decodes_by_video")
    if by_video and "decode_chunk" not in done.job.options:
        yield Try.of("chunks", "frames decoded two at a time (decode_chunk_size)",
                     "--option decode_chunk=2", _with(cells, decode_chunk="2"))  # fmt: skip
    # The autoencoder of Stable Video Diffusion has neither tiles nor slices.
    tiles = done.runtime.id == "diffusers" and "vae" in done.workload.dims and not by_video
    if tiles and not done.job.says("vae_tiling"):
        yield Try.of("tiling", TILED, "--option vae_tiling=true", _with(cells, vae_tiling="true"), SEAMS)
    together = done.job.phase == "generate" and not done.runtime.holds.get("sliced_decoder")
    if (
        together
        and not by_video
        and float(np.max(np.asarray(done.job.batch))) > 1.0
        and not done.job.says("vae_slicing")
    ):
        yield Try.of("slicing", "pictures decoded one by one (enable_vae_slicing)",
                     "--option vae_slicing=true", _with(cells, vae_slicing="true"))  # fmt: skip


def _narrow_cache(cells: Cells) -> Iterator[Try]:
    """Keys and values in eight bits beside weights as they are."""
    done = cells.settled
    if not splits(done) or of_job(done.job).kv < 2.0:
        return
    name = _NARROW_CACHE.get(done.runtime.id)
    if name:
        changed = _with(cells, kv_precision=name)
        yield Try.of(
            "cache", f"KV cache in {name}", f"--option kv_precision={name}", changed, quality.UNKNOWN
        )


def narrower(cells: Cells) -> Iterator[Try]:
    """Formats with narrower weights; where a device cannot run the one asked for, all that are tried."""
    done = cells.settled
    asked = precision(done.job.precision)
    table = cards()["narrower"]
    ladder = table.get(done.runtime.id) or table["tokens" if splits(done) else "other"]
    for name in ladder:
        spec = precision(name)
        if name == WEIGHT_ONLY and all(gpu.value("fp8") for gpu in cells.gpus):
            continue
        if spec.weight < asked.weight or (not cells.able.all() and spec.id != asked.id):
            with suppress(UsageError):
                changed = cells.with_job(precision=name)
                changed.required  # noqa: B018  (raises here where the format cannot be)
                # What was published is of language models.
                cost = quality.of_precision(name, done.workload.id) if splits(done) else quality.UNKNOWN
                yield Try.of("precision", spec.title, f"--precision {name}", changed, cost)


def under_llama(cells: Cells) -> Iterator[Try]:
    """The formats of GGUF files under llama.cpp, of a language model on one GPU whose engine nobody names."""
    done = cells.settled
    if cells.job.runtime or max(cells.counts) > 1 or not splits(done) or done.runtime.id == _LLAMA:
        return
    for name in cards()["narrower"][_LLAMA]:
        with suppress(UsageError):
            changed = cells.with_job(runtime=_LLAMA, precision=name)
            changed.required  # noqa: B018  (raises here where the format cannot be)
            cost = quality.of_precision(name, done.workload.id)
            typed = f"--runtime llama.cpp --precision {name}"
            yield Try.of("precision", f"{precision(name).title}, under llama.cpp", typed, changed, cost)


def _sizes(cells: Cells, limits: Sequence[Limits]) -> Iterator[Try]:
    """The largest batch, concurrency, context or image that fits, where the job asks for more."""
    job = cells.settled.job
    stated = cells.job
    axes: list[tuple[str, str, Any, Quality]] = [
        ("batch", "batch", job.batch, _BATCH if job.trains else OTHER_WORK),
        ("concurrency", "concurrency", stated.concurrency, OTHER_WORK),
        ("context", "seq_len" if job.trains else "input_tokens",
         job.seq_len if job.trains else stated.input_tokens, Quality("shorter sequences")),
        ("resolution", "height", job.height if job.phase == "generate" else stated.height,
         Quality("smaller images")),
    ]  # fmt: skip
    for kind, column, asked, cost in axes:
        values = [one.most(kind) for one in limits]
        if asked is None or not any(values):
            continue
        output = 0.0 if kind != "context" or job.trains else float(np.max(np.asarray(job.output_tokens)))
        sizes = np.array([max(float(value or 0) - output, 1.0) for value in values])
        if kind in _WHAT_IS_MADE:
            # Much smaller it is another job: as asked for it does not fit, and is not proposed.
            whole = np.broadcast_to(np.asarray(asked, dtype=np.float64), sizes.shape)
            sizes = np.where(sizes < whole / _LEAST, whole, sizes)
        columns = {column: sizes, **({"width": sizes} if kind == "resolution" else {})}
        flag = kind if kind == "resolution" else column.replace("_", "-")
        yield Try(
            kind, tuple(f"{flag.replace('-', ' ')} {size:,.0f}" for size in sizes),
            tuple(f"--{flag} {size:.0f}" for size in sizes), cells.with_job(**columns), cost,
        )  # fmt: skip


def _shorter(cells: Cells) -> Iterator[Try]:
    """The longest sequences with which a server starts on all of the devices that have room for a cache."""
    if not started.measures(cells) or "max_model_len" not in cells.job.options:
        return
    lengths = [int(length) for length in started.longest(cells) if length]
    if lengths:
        length = f"{min(lengths)}"
        yield Try.of("context", f"sequences of up to {int(length):,} tokens",
                     f"--option max_model_len={length}", _with(cells, max_model_len=length),
                     Quality("shorter sequences"))  # fmt: skip


def _training(cells: Cells) -> Iterator[Try]:
    """Ways of training the same that take less memory, then all of them together."""
    job = cells.settled.job
    yield from _growing(cells)
    yield from _sharded(cells)
    yield from _captioned(cells)
    yield from _fused(cells)
    for kind in _MORE_CHECKPOINTING[checkpointing(job)]:
        yield Try.of(
            "checkpointing", f"{kind} activation checkpointing", f"--option checkpointing={kind}",
            _with(cells, checkpointing=kind),
        )  # fmt: skip
    if "logits" in cells.parts and "loss_chunks" not in job.options:
        yield Try.of("loss", f"the loss in {_PIECES} pieces", f"--option loss_chunks={_PIECES}",
                     _with(cells, loss_chunks=_PIECES))  # fmt: skip
    if _narrows(cells):
        yield Try.of("precision", "BF16 weights, gradients and states", "--precision bf16",
                     cells.with_job(precision="bf16"), quality.UNKNOWN)  # fmt: skip
    if "adam" in cells.settled.workload.optimizer(job) and "8" not in cells.settled.workload.optimizer(job):
        yield Try.of("optimizer", "Adam with 8-bit states", f"--option optimizer={_NARROW_OPTIMIZER}",
                     _with(cells, optimizer=_NARROW_OPTIMIZER), quality.of_method("optimizer"))  # fmt: skip
    yield from _leaner_trainer(cells)
    yield from _off_experts(cells)
    for phase in _phases(cells):
        yield _adapters(cells, phase)
    yield from _combined(cells)


def _captioned(cells: Cells) -> Iterator[Try]:
    """Captions of large text encoders computed before a denoiser is trained, which then leave the GPU."""
    option = "--option captions=ahead"
    if np.any(cells.parts.get("encoders", 0.0)) and "captions" not in cells.job.options:
        ahead = _with(cells, captions="ahead")
        if np.any(ahead.parts.get("encoders", 0.0) < cells.parts["encoders"]):
            words = "captions computed ahead (--cache_text_encoder_outputs)"
            yield Try.of("captions", words, option, ahead)


def _fused(cells: Cells) -> Iterator[Try]:
    """Adam in one kernel, where torch.optim's lists of tensors would have copies of a state."""
    # diffusers' scripts have no word for it.
    open_ = "optimizer" not in cells.job.options and cells.settled.runtime.id != "diffusers"
    if open_ and np.any(cells.parts.get("optimizer_step", 0.0)):
        words = "Adam in one kernel, without copies of a state (fused=True, optim=adamw_torch_fused)"
        changed = _with(cells, optimizer=_ONE_KERNEL)
        yield Try.of("optimizer", words, f"--option optimizer={_ONE_KERNEL}", changed)


def _growing(cells: Cells) -> Iterator[Try]:
    """Segments of PyTorch's allocator that grow, so that no block of another size lies idle."""
    stack = cells.settled.runtime
    if stack.software == "pytorch" and not stack.holds.get("expandable") and cells.fits.any():
        text = f"{cells.job.runtime or stack.id} expandable_segments"
        words = "segments that grow (PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True)"
        yield Try.of("allocator", words, f'--runtime "{text}"', cells.with_job(runtime=text))


def _leaner_trainer(cells: Cells) -> Iterator[Try]:
    """Adapters of a language model on one GPU by Unsloth, where the job names no runtime that trains them."""
    job = cells.settled.job
    alone = max(cells.counts) == 1 and job.phase in ADAPTER_PHASES and splits(cells.settled)
    if alone and not cells.job.runtime:
        words = "Unsloth: layers' inputs on the host, the loss with the head, 8-bit Adam"
        changed = cells.with_job(runtime="unsloth")
        yield Try.of("runtime", words, "--runtime unsloth", changed, quality.of_method("optimizer"))


def _off_experts(cells: Cells) -> Iterator[Try]:
    """Adapters around attention alone: those of every expert are many times as large."""
    done = cells.settled
    beside = done.job.phase in ADAPTER_PHASES and bool(done.workload.dims.get("experts"))
    if beside and "lora_targets" not in done.job.options:
        changed = _with(cells, lora_targets="attention")
        words = "adapters around attention alone, none in experts"
        yield Try.of("adapters", words, "--option lora_targets=attention", changed, quality.UNKNOWN)


def _sharded(cells: Cells) -> Iterator[Try]:
    """Optimizer states, gradients and weights dealt out over replicas that are there anyway."""
    if "sharding" in cells.job.options or max(cells.counts) == 1:
        return
    for kind in ("zero1", "zero2", "fsdp"):
        yield Try.of(
            "sharding", f"{kind} over the replicas", f"--option sharding={kind}", _with(cells, sharding=kind)
        )


def _narrows(cells: Cells) -> bool:
    """Whether a mixed training may be in BF16 throughout, which some of its devices have units for."""
    mixed = precision(cells.settled.job.precision).mixed and cells.settled.job.phase not in ADAPTER_PHASES
    return mixed and any(gpu.value("bf16") for gpu in cells.gpus)


def _phases(cells: Cells) -> tuple[str, ...]:
    known = cells.settled.workload.phases
    return tuple(phase for phase in _ADAPTERS.get(cells.settled.job.phase, ()) if phase in known)


def _adapters(cells: Cells, phase: str, **options: str) -> Try:
    """Adapters on frozen weights, in the formats that they usually take."""
    lora = phase == ADAPTER_PHASES[0]
    # A stated format is one of full training; adapters have their own.
    stored = usual = DEFAULT_PRECISION[phase] if cells.job.precision else ""
    if lora and not all(gpu.value("bf16") for gpu in cells.gpus):
        # As they are frozen there unasked (`cost.placing.running`).
        usual = "fp16"
        stored = stored and usual
    changed = cells.with_job(phase=phase, precision=usual, options={**cells.job.options, **options})
    words = "LoRA: adapters on frozen 16-bit weights" if lora else "QLoRA: adapters on frozen 4-bit weights"
    typed = " ".join(f"--option {name}={value}" for name, value in options.items())
    if options:
        changed = changed.with_job(batch=1.0)
        words, typed = f"{words}, full checkpointing, batch 1", f"{typed} --batch 1"
    # What was published is of language models.
    cost = quality.of_method("lora" if lora else "qlora") if splits(cells.settled) else quality.UNKNOWN
    format_ = f"--precision {stored} " if stored else ""
    option = f"--phase {phase} {format_}{typed}".strip()
    return Try.of("combined" if options else "adapters", words, option, changed, cost)


def leanest(cells: Cells) -> tuple[Cells, str, str]:
    """A training that takes the least of its activations, what to say of it, and what to type."""
    full = _with(cells, checkpointing="full")
    if np.all(np.asarray(cells.settled.job.batch) <= 1.0):
        return full, "full checkpointing", "--option checkpointing=full"
    return full.with_job(batch=1.0), "batch 1, full checkpointing", "--batch 1 --option checkpointing=full"


def _pieces(full: Cells, words: str, typed: str) -> Iterator[Try]:
    """The leanest training with its loss in pieces as well, where the vocabulary is in the way."""
    if "logits" in full.parts and "loss_chunks" not in full.job.options:
        words, typed = f"{words}, the loss in {_PIECES} pieces", f"{typed} --option loss_chunks={_PIECES}"
        yield Try.of("combined", words, typed, _with(full, loss_chunks=_PIECES), _BATCH)


def _shared(cells: Cells, full: Cells, words: str, typed: str) -> Iterator[Try]:
    """Replicas that are there anyway share out what they hold and checkpoint; then their leanest step."""
    if "sharding" in cells.job.options or max(cells.counts) == 1:
        return
    kind, option = "fsdp over the replicas", "--option sharding=fsdp"
    yield Try.of("combined", f"{kind}, full checkpointing", f"{option} --option checkpointing=full",
                 _with(cells, sharding="fsdp", checkpointing="full"))  # fmt: skip
    lean = _with(full, sharding="fsdp")
    yield Try.of("combined", f"{kind}, {words}", f"{option} {typed}", lean, _BATCH)
    yield from _pieces(lean, f"{kind}, {words}", f"{option} {typed}")


def _combined(cells: Cells) -> Iterator[Try]:
    """Several at once, at batch 1, the mildest first."""
    full, words, typed = leanest(cells)
    yield from _shared(cells, full, words, typed)
    yield Try.of("combined", words, typed, full, _BATCH)
    yield from _pieces(full, words, typed)
    if _narrows(cells):
        narrow = _with(full, optimizer=_NARROW_OPTIMIZER).with_job(precision="bf16")
        yield Try.of("combined", "batch 1, full checkpointing, BF16, 8-bit Adam",
                     f"{typed} --precision bf16 --option optimizer={_NARROW_OPTIMIZER}", narrow,
                     quality.of_method("optimizer"))  # fmt: skip
    for phase in _phases(cells):
        yield _adapters(cells, phase, checkpointing="full")


def _with(cells: Cells, **options: str) -> Cells:
    return replace(cells, job=replace(cells.job, options={**cells.job.options, **options}))
