"""Training of networks of images in TensorFlow, as tf_cnn_benchmarks does it.

Pictures are synthetic, the optimizer is SGD with momentum. FP16 keeps FP32 variables (its --use_fp16),
several GPUs share a step through MirroredStrategy; `batch` is per GPU.
`compile=True` asks for XLA. FP32 leaves TF32 as TensorFlow has it, which is on where the GPU has it; `tf32`
and
`fp32` with option `tf32=False` say so.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from whichgpu.bench import telemetry
from whichgpu.bench.statistics import Method, doubts, summary
from whichgpu.bench.worker import keras_models
from whichgpu.bench.worker.clocks import HostClock, timed
from whichgpu.bench.worker.torch_job import complete, power_rows
from whichgpu.errors import UsageError
from whichgpu.units import MIB
from whichgpu.workloads.importing import named
from whichgpu.workloads.ops import parameters
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

_POLICIES = {
    "fp32": "float32", "tf32": "float32", "fp16": "mixed_float16", "amp-fp16": "mixed_float16",
    "bf16": "mixed_bfloat16", "amp-bf16": "mixed_bfloat16",
}  # fmt: skip
_READ = frozenset(("compile", "optimizer", "layout", "tf32"))
_WITHIN = 0.01


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """The rows and the context of a task."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    item = resolve(named(task["workload"]))
    job = complete(item, task)
    check(item, job)
    tf.keras.utils.set_random_seed(int(task.get("seed", 0)))
    names = devices(tf, task.get("device", "auto"), int(task["n_gpus"]), task.get("memory"))
    if job.precision in ("fp32", "tf32"):
        tf.config.experimental.enable_tensor_float_32_execution(job.options.get("tf32", "True") != "False")
    tf.keras.mixed_precision.set_global_policy(_POLICIES[job.precision])
    step, held = training(tf, item, job, names)
    method, on_gpu = Method(**task.get("method", {})), "GPU" in names[0]
    with telemetry.devices(len(names) if on_gpu else 0) as gpus:
        sampler = telemetry.Sampler(gpus)
        run = timed(HostClock(), step, method, watch=lambda: sampler)
        told, facts = sampler.told(), [one.facts() for one in gpus]
        crowd = telemetry.crowded(gpus)
    found = summary(run.times, method.confidence)
    made = float(item.units(job)) * len(names)
    context = {
        "device": telemetry.merged(_device(tf, on_gpu), facts[0] if facts else {}), "telemetry": told,
        "statistics": {**found.to_dict(), **run.to_dict()},
        "warnings": [*doubts(found, method, run.overhead), *crowd],
        "runtime": f"TensorFlow {tf.__version__}{' XLA' if _on(job, 'compile') else ''}", "agreement": held,
        "job": {**job.to_dict(), "runtime": "tensorflow"},
        "tf32": bool(tf.config.experimental.tensor_float_32_execution_enabled()),
    }  # fmt: skip
    throughput = {
        "metric": "throughput",
        "unit": f"{item.unit}/s",
        "value": made / found.median,
        "spread": found.spread,
    }
    return {"rows": [throughput, *power_rows(item.unit, made, found, told)], "context": context}


def check(item: Workload, job: Job) -> None:
    """Raise `UsageError` for what of a complete job runs nowhere in TensorFlow."""
    if item.family not in keras_models.BUILDERS:
        raise UsageError(
            f"{item.id}: bench builds {', '.join(keras_models.BUILDERS)} in TensorFlow; "
            "measure it with --framework torch"
        )
    if job.phase != "train" or job.precision not in _POLICIES:
        raise UsageError(
            f"{item.id}: in TensorFlow bench trains, in {', '.join(_POLICIES)}; not {job.phase} in "
            f"{job.precision}"
        )
    unknown = sorted(set(job.options) - _READ)
    if unknown:
        raise UsageError(f"option {unknown[0]}: the TensorFlow set does nothing with it; leave it out")


def devices(tf: Any, asked: str, count: int, memory: Any) -> list[str]:
    """The names of the devices that share a step; a processor stands for several.

    Raises `UsageError` where there are fewer GPUs than asked for.
    """
    gpus = [] if asked == "cpu" else tf.config.list_physical_devices("GPU")
    if not gpus and asked == "cuda":
        raise UsageError(
            f"TensorFlow {tf.__version__} sees no GPU; is it the CPU build, or CUDA another than it wants?"
        )
    if not gpus:
        (host,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(host, [tf.config.LogicalDeviceConfiguration()] * count)
        # Rewriting the graph takes a third of the time of a toy, and its steps are no faster for it.
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
        return [f"/CPU:{i}" for i in range(count)]
    if count > len(gpus):
        raise UsageError(f"the job wants {count} GPUs and this machine shows {len(gpus)}; ask for fewer")
    tf.config.set_visible_devices(gpus[:count], "GPU")
    for one in gpus[:count]:
        if memory:
            limit = tf.config.LogicalDeviceConfiguration(memory_limit=int(memory / MIB))
            tf.config.set_logical_device_configuration(one, [limit])
        else:
            tf.config.experimental.set_memory_growth(one, True)
    return [f"/GPU:{i}" for i in range(count)]


def training(tf: Any, item: Workload, job: Job, names: list[str]) -> tuple[Any, dict[str, Any]]:
    """A training step that ends when its loss is there, and the model's size beside the zoo's.

    Raises `UsageError` where the two differ: it is not measured under that name.
    """
    strategy = (
        tf.distribute.MirroredStrategy(names) if len(names) > 1 else tf.distribute.OneDeviceStrategy(names[0])
    )
    nchw = job.options.get("layout", "nhwc" if "CPU" in names[0] else "nchw").lower() == "nchw"
    tf.keras.backend.set_image_data_format("channels_first" if nchw else "channels_last")
    sides = (int(job.height), int(job.width))
    batch, classes = int(job.batch), item.dims["classes"]
    with strategy.scope():
        model = keras_models.build(tf, item.family, item.dims, sides, channels_first=nchw)
        optimizer = tf.keras.optimizers.SGD(1e-4, momentum=0.9)
        if tf.keras.mixed_precision.global_policy().name == "mixed_float16":
            optimizer = tf.keras.mixed_precision.LossScaleOptimizer(optimizer)
        optimizer.build(model.trainable_variables)
    held = _agreement(tf, item, model)
    shape = (batch, 3, *sides) if nchw else (batch, *sides, 3)

    def one(pictures: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = _loss(tf, model(pictures, training=True), targets) / (batch * len(names))
            scaled = optimizer.scale_loss(loss) if hasattr(optimizer, "scale_loss") else loss
        optimizer.apply_gradients(
            zip(tape.gradient(scaled, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return loss

    @tf.function(jit_compile=_on(job, "compile") or None)
    def step(pictures: Any, targets: Any) -> Any:
        losses = strategy.run(one, args=(pictures, targets))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

    def here(_: Any) -> Any:
        return tf.random.normal(shape)

    def wanted(_: Any) -> Any:
        return tf.random.uniform((batch,), maxval=classes, dtype=tf.int32)

    pictures = strategy.experimental_distribute_values_from_function(here)
    targets = strategy.experimental_distribute_values_from_function(wanted)
    # Fetching the loss waits for the step, as tf_cnn_benchmarks' own loop does.
    return lambda: float(step(pictures, targets)), held


def _loss(tf: Any, said: Any, targets: Any) -> Any:
    """The sum of the losses of a batch, of a model with auxiliary heads those at 0.3 of their own too."""
    loss_of = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    heads = said if isinstance(said, list) else [said]
    return sum(
        weight * tf.reduce_sum(loss_of(targets, tf.cast(each, tf.float32)))
        for weight, each in zip((1.0, *[0.3] * len(heads)), heads, strict=False)
    )


def _agreement(tf: Any, item: Workload, model: Any) -> dict[str, Any]:
    """Trained values and multiply-adds of the model and of the zoo's trace of training."""
    mine = sum(int(tf.size(one)) for one in model.trainable_variables)
    job = item.complete(type(item.reference_job())(item.id, phase="train", batch=1.0))
    theirs = sum(parameters(op for op in item.trace(job) if op.stage == "forward").values())
    if abs(mine - theirs) > _WITHIN * theirs:
        raise UsageError(
            f"{item.id}: the Keras model has {mine:,} trained values and the zoo {theirs:,}; it is not "
            "measured under that name"
        )
    return {"parameters": mine, "traced_parameters": theirs}


def _on(job: Job, option: str) -> bool:
    return job.options.get(option, "").lower() in ("true", "1", "yes", "xla")


def _device(tf: Any, on_gpu: bool) -> Mapping[str, Any]:
    if not on_gpu:
        return {"name": "cpu", "kind": "cpu"}
    found = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    capability = found.get("compute_capability", ())
    return {"name": str(found.get("device_name", "")), "kind": "cuda",
            "compute_capability": ".".join(map(str, capability))}  # fmt: skip
