"""What waits in the host's memory, or on its drives: what crosses PCIe, and what the host computes.

    parameters    w up in the forward pass, w up in the backward pass, gradients down beside it, each pass
    activations   a down in the forward pass, a up in the backward pass
    optimizer     g P down and w P up once a step, where the parameters stay on the GPU
                  28 B of host memory a parameter to update it (Adam in FP32)
    on drives     states are read from them and written back with every step, weights read with every pass

Copies of a pass run beside it as gathers of shards do, (t_pass^q + t_host^q)^(1/q); what happens at the end
of a step shows. The GPUs of a host share its memory and its drives, and have a PCIe link each (Ren et al.,
ZeRO-Offload, USENIX ATC 2021; Rajbhandari et al., ZeRO-Infinity, SC 2021). Rates: `data/loading.toml`.
"""

from __future__ import annotations

from functools import cache, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.gpu.hosts import host
from whichgpu.cost.memory.training_memory import held_format, offload
from whichgpu.cost.memory.weights import stage_weight_bytes
from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.facts.reading import read
from whichgpu.units import parse
from whichgpu.values import immutable
from whichgpu.workloads.adapters import PHASES as ADAPTER_PHASES
from whichgpu.workloads.adapters import trained_precision
from whichgpu.workloads.ops import stored_weight_bytes
from whichgpu.workloads.precision import precision
from whichgpu.workloads.training import optimizer_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.parallel.distributed import Step
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]

#: Where the host keeps what is offloaded, by the option `offload_to`.
PLACES = ("cpu", "nvme")


@immutable
class Moved:
    """What a GPU moves in a training step, in B, and what its host does with it.

    `each`: over PCIe with every pass, and `drives_each` of it from drives; `once`: over PCIe at the end;
    `updated`: read and written in host memory by the optimizer; `drives_once`: read from drives and written
    back. `sharing` GPUs have one host.
    """

    each: Any
    once: Any
    updated: Any
    drives_each: Any
    drives_once: Any
    sharing: Any

    def beside(self, devices: Devices) -> Array:
        """Seconds of copies beside each pass, (G, J)."""
        links = np.asarray(self.each / devices.pcie)
        return np.asarray(np.maximum(links, self.drives_each * self.sharing / rates()["drive"]))

    def at_end(self, devices: Devices) -> Array:
        """Seconds at the end of a step: gradients down, the update, weights up, (G, J)."""
        host, drives = rates()["adam_bandwidth"], rates()["drive"]
        work = np.maximum(self.updated / host, self.drives_once / drives) * self.sharing
        return np.asarray(self.once / devices.pcie + work)


def moved(
    job: Job, stack: Runtime, step: Step, own: Sequence[Op], *, optimizer: str, activations: Any
) -> Moved | None:
    """What a complete training job moves to its host and back; None where nothing waits there.

    `own` are the ops of one GPU's shard, `activations` bytes those that a pass leaves on the host.
    """
    away, place = offload(job), _place(job)
    if not away:
        return None
    named, adapters = precision(job.precision), job.phase in ADAPTER_PHASES
    held = trained_precision(job) if adapters else held_format(named, stack, step.level, step.ranks)
    # Each rank updates its share of the states; without ZeRO all of them do the same.
    trained = step.held / step.stages / (step.ranks if step.level >= 1 else 1.0)
    stored = stage_weight_bytes(own, step.stages) * min(1.0, named.activation / named.weight)
    weights = stored / (step.ranks if step.level == 3 else 1.0) if "parameters" in away else 0.0
    gradient = held.train_state - (held.activation if held.mixed else 0.0)
    wide = held.activation if held.mixed else held.weight
    state = optimizer_bytes(optimizer, held)[0] + (held.weight if held.mixed else 0.0)
    stays = "optimizer" in away and "parameters" not in away
    down = trained * gradient if "parameters" in away else 0.0
    both = weights + activations
    host = trained * rates()["adam_bytes"] * float("optimizer" in away)
    drives = float(place == "nvme")
    return Moved(
        each=both + np.maximum(both, down), once=trained * (gradient + wide) * float(stays), updated=host,
        drives_each=2.0 * weights * drives,
        drives_once=2.0 * state * trained * float("optimizer" in away) * drives,
        sharing=np.minimum(np.asarray(job.n_gpus, dtype=np.float64), section("links")["node"]),
    )  # fmt: skip


def _place(job: Job) -> str:
    place = job.options.get("offload_to", "cpu").strip().lower()
    if place not in PLACES:
        raise UsageError(f"option offload_to: '{place}' is none of {', '.join(PLACES)}; write offload_to=cpu")
    return place


def passes(job: Job) -> Any:
    """Passes of an inference through all weights: denoising steps, or tokens made."""
    made = job.output_tokens if job.phase in ("serve", "generate", "decode") else None
    counts = [1.0 if value is None else value for value in (job.steps, made)]
    return np.asarray(counts[0], dtype=np.float64) * counts[1]


def amount(job: Job) -> float | None:
    """The bytes of weights that a job leaves on the host, where it states how many."""
    text = job.options.get("offload", "").strip()
    return parse(text, "memory") if text[:1].isdigit() and not text.isdigit() else None


#: How llama.cpp and Ollama are told what stays on the host: all layers but so many, or the experts of some.
LAYERS_ON_GPU = ("n_gpu_layers", "gpu_layers", "ngl", "num_gpu")
EXPERTS_ON_HOST = ("n_cpu_moe", "ncmoe", "cpu_moe")


def by_layers(workload: Workload, job: Job, stack: Runtime) -> tuple[Job, tuple[str, ...]]:
    """A job that counts the layers whose weights wait on the host with their bytes, and what to say of it.

    Of N layers on the GPU the output head is the last; every GPU of several leaves as much on the host.
    Raises `UsageError` for a count that is no number.
    """
    said = [name for name in (*LAYERS_ON_GPU, *EXPERTS_ON_HOST) if name in job.options]
    if not said or job.trains or "offload" in job.options:
        return job, ()
    if not stack.holds.get("host_layers"):
        return job, (f"{said[0]} is llama.cpp's, and ignored under {stack.title}",)
    from whichgpu.cost.timing.engine_step import step_ops

    name, text = said[0], job.options[said[0]].strip().lower()
    layers = float(workload.dims["layers"])
    whole = text in ("", "all", "auto", "true", "-1")
    if not whole and not text.isdigit():
        raise UsageError(f"option {name}: '{text}' is no number of layers; write {name}=20")
    count = layers + 1.0 if whole else float(text)
    ops = step_ops(workload, job, 0.0, 1.0, 0.0)
    weights = float(np.max(stored_weight_bytes(ops)))
    out = weights * max(1.0 - count / (layers + 1.0), 0.0)
    if name in EXPERTS_ON_HOST:
        experts = [op for op in ops if op.shard.startswith("expert") and op.kind == "gemm"]
        out = float(np.max(stored_weight_bytes(experts))) * min(count / layers, 1.0) if experts else 0.0
    rest = {key: value for key, value in job.options.items() if key not in said}
    if not out:
        return job.changed(options=rest), ()
    each = out / float(np.max(np.asarray(job.n_gpus))) / 1e9
    words = f"{name}={text or 'all'}: {each:.3g} of {weights / 1e9:.3g} GB of weights wait on the host"
    return job.changed(options={**rest, "offload": f"{each:.6g}GB"}), (words,)


def by_network(job: Job) -> bool:
    """Whether one network of a pipeline at a time is on the GPU, which diffusers calls model offloading."""
    return not job.trains and job.options.get("offload", "").strip().lower() in _BY_NETWORK


_BY_NETWORK = ("model", "model_cpu_offload", "enable_model_cpu_offload")


def by_layer(workload: Workload, job: Job) -> bool:
    """Whether one layer of a pipeline's networks at a time is on the GPU (sequential offloading)."""
    return not job.trains and "vae" in workload.dims and amount(job) is None and "parameters" in offload(job)


def networks(ops: Iterable[Op]) -> dict[str, tuple[Op, ...]]:
    """The ops of each network of a pipeline that has weights."""
    found: dict[str, tuple[Op, ...]] = {}
    for op in ops:
        name = op.layer.partition(".")[0]
        found[name] = (*found.get(name, ()), op)
    return {name: own for name, own in found.items() if np.any(stored_weight_bytes(own))}


#: The network that no offloading of diffusers sends away (`_exclude_from_cpu_offload`): Kandinsky's prior.
_STAYS = "prior"


def staying(ops: Iterable[Op]) -> Any:
    """Bytes of a pipeline's weights that stay on the GPU whatever else is sent away."""
    return stored_weight_bytes(networks(ops).get(_STAYS, ()))


def alone(
    parts: Mapping[str, Any], name: str, own: Sequence[Op], stays: Any, held: Any = None
) -> dict[str, Any]:
    """The parts of a moment at which one network of a pipeline runs, and what `stays` is beside it.

    Where its layers come one by one (`held` bytes of weights stay, of no network) the largest is there.
    """
    beside = 0.0 if name == _STAYS else stays
    if held is None or name == _STAYS:
        return {**parts, "weights": parts["weights"] + beside}
    largest = max(float(np.max(op.stored_bytes)) for op in own)
    return {**parts, "weights": held + beside, "gathered_layers": largest}


#: What a pipeline's text encoders are called.
_ENCODER = "text_encoder"
#: Networks of a pipeline that run once a picture; the others run with every step.
_ONCE = (_ENCODER, "vae", "scheduler")


def encoders_together(workload: Workload, job: Job, ops: Iterable[Op]) -> tuple[str, Any]:
    """The last of several text encoders, and bytes of the others that lie beside it; "" where none do.

    A network sends away the one before it in the pipeline's order as it comes (`CpuOffload` of Accelerate).
    The empty prompt of classifier-free guidance starts over with the first encoder, while the last one is
    there and goes with the denoiser alone: the largest of the others is beside it.
    """
    encoders = {name: some for name, some in networks(ops).items() if name.startswith(_ENCODER)}
    own = {name: stored_weight_bytes(some) for name, some in encoders.items()}
    if len(own) < _SEVERAL:
        return "", 0.0
    from whichgpu.workloads.diffusion.pipeline import guided_passes

    if guided_passes(workload.dims, job) == 1.0:
        return "", 0.0
    last = max(own)
    return last, reduce(np.maximum, [size for name, size in own.items() if name != last])


#: Encoders of which one may lie beside another.
_SEVERAL = 2


def kept(
    workload: Workload, job: Job, parts: Mapping[str, Any], ops: Iterable[Op] = ()
) -> tuple[dict[str, Any], Any]:
    """The memory of an inference with what its job leaves on the host taken out, and the bytes of that.

    `offload=parameters` is all of the weights, `offload=20GB` so much of them on each GPU; two layers at a
    time are on the GPU, of a pipeline of `ops` two of its largest.
    """
    weights, most = parts.get("weights", 0.0), amount(job)
    if most is None and "parameters" not in offload(job):
        return dict(parts), 0.0
    out = np.asarray(weights) if most is None else np.minimum(most, weights)
    layers = workload.dims.get("layers")
    largest = 2.0 * max((float(np.max(op.stored_bytes)) for op in ops), default=0.0)
    two = 2.0 * out / layers if isinstance(layers, int) else np.minimum(out, largest)
    return {**parts, "weights": weights - out, "gathered_layers": two}, out


def weight_seconds(stack: Runtime, job: Job, out: Any, devices: Devices, ops: Iterable[Op] = ()) -> Array:
    """Seconds that `out` bytes of weights on the host add to all passes of an inference over `ops`.

    A network that has the GPU for itself goes up once, and back; of one that moves layer by layer each step
    moves what it runs.
    """
    ops = tuple(ops)
    if by_network(job):
        return np.asarray(2.0 * out / _link(stack, devices))
    prompt = job.phase == "prefill"
    # What has no micro-batches of its own takes a prompt at once.
    parts = np.ceil(np.asarray(job.input_tokens) / stack.micro_batch) if prompt and stack.micro_batch else 1.0
    once = stored_weight_bytes([op for op in ops if op.layer.startswith(_ONCE)])
    share = once / np.maximum(stored_weight_bytes(ops), 1.0)
    moves = share + (1.0 - share) * passes(job)
    return np.asarray(moves * parts * pass_seconds(job, stack, out, devices, ops, prompt=prompt))


def pass_seconds(
    job: Job, stack: Runtime, out: Any, devices: Devices, ops: Iterable[Op] = (), *, prompt: bool = False
) -> Array:
    """The same of one pass.

    They cross PCIe with every pass. llama.cpp computes the tokens of those layers on the host instead, at the
    rate of its memory, and sends there what a token reads least of: experts first (`--n-cpu-moe`), between
    which each layer's attention is on the GPU.
    """
    if not stack.holds.get("host_layers"):
        return np.asarray(out / _link(stack, devices))
    ops = tuple(ops)
    read = _read(out, ops)
    if prompt:
        return np.asarray(read / devices.pcie)
    # The GPU, whose time is that of the whole model, does not read them.
    saved = read / devices.reading
    computed = np.maximum(read / _host_rate(job, stack, devices) - saved, 0.0)
    return np.asarray(computed + 2.0 * rates()["crossing"] * _layers_away(out, ops))


def _layers_away(out: Any, ops: Iterable[Op]) -> Any:
    """Layers of a pass over `ops` whose experts are among the `out` bytes on the host."""
    experts = [op for op in ops if op.shard.startswith("expert") and op.kind == "gemm"]
    held = stored_weight_bytes(experts)
    layers = reduce(np.maximum, [np.asarray(op.copies) for op in experts], np.zeros(()))
    return layers * np.minimum(np.divide(out, held, out=np.zeros_like(held + out), where=held > 0), 1.0)


def _link(stack: Runtime, devices: Devices) -> Array:
    """B/s at which weights of an inference come from the host: PCIe's, less where they lie in any memory."""
    most = rates()["pageable_bandwidth"] if stack.holds.get("pageable") else np.inf
    return np.asarray(np.minimum(devices.pcie, most))


def _read(out: Any, ops: Iterable[Op]) -> Any:
    """Bytes that one pass over `ops` reads of the `out` on the host, experts being the first there."""
    experts = [op for op in ops if op.shard.startswith("expert") and op.kind == "gemm"]
    held, read = (
        sum((op.count * np.asarray(size) for op, size in sizes), start=np.zeros(()))
        for sizes in ([(op, op.stored_bytes) for op in experts], [(op, op.weight_bytes) for op in experts])
    )
    among = np.minimum(out, held)
    share = np.divide(read, held, out=np.zeros_like(held + read), where=held > 0)
    return out - among * (1.0 - np.minimum(share, 1.0))


#: The option that states what the memory of the host is rated for, by its channels.
HOST_BANDWIDTH = "host_bandwidth"


def _host_rate(job: Job, stack: Runtime, devices: Devices) -> Array:
    """B/s at which the host of each GPU reads weights, (G, 1): as stated, a server's, or that of a desk.

    Some software is for servers whatever card stands in them.
    """
    stated = job.options.get(HOST_BANDWIDTH, "").strip()
    if stated:
        rated = parse(stated, "bandwidth")
        return devices.each(lambda gpu: rated * rates()["channels"])
    server, desk = (rates()[name] for name in ("host_bandwidth", "desk_bandwidth"))
    said = host(job.options.get("host", "")) or ("server" if stack.holds.get("server_host") else "")
    usual = {"datacenter": "server"}
    return devices.each(lambda gpu: server if (said or usual.get(gpu.segment)) == "server" else desk)


@cache
def rates() -> Mapping[str, Any]:
    """The table `offload` of `data/loading.toml` as SI numbers, with the rate of its fastest drive."""
    raw = store.load("loading")["loading"]
    units = dict.fromkeys(
        ("host_bandwidth", "desk_bandwidth", "adam_bandwidth", "pageable_bandwidth", "drive"), "bandwidth"
    ) | {"crossing": "time"}
    rows = {**raw["offload"], "drive": raw["path"]["nvme"]["rate"]}
    return {
        name: read(row[0], units.get(name, "count"), f"data/loading.toml: offload.{name}")
        for name, row in rows.items()
    }
