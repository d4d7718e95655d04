"""What is to be measured: tasks of jobs and of suites (`data/bench.toml`), as plain values.

A task is all that a measuring process is told, and all that `replay` needs; its digest is how `--resume`
knows it again.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

from whichgpu.bench.record import digest
from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.values import immutable
from whichgpu.workloads.job import NUMBERS
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

_TEXTS = ("workload", "phase", "precision")
#: Numbers of a job that no measuring process here has a use for.
_SERVED = ("concurrency", "pp")
#: The largest number of devices that a processor stands for at toy size.
_TOY_DEVICES = 2


@immutable
class Settings:
    """How tasks are measured, whatever they are.

    Attributes:
        device: auto, cuda or cpu.
        framework: torch or tensorflow; "" for the suite's own.
        seconds: of sampling, at most, once there are enough samples; None: the method's.
        timeout: seconds after which a task is ended.
        memory: bytes that a task may take; None: all.
        toy: at toy size.

    """

    device: str = "auto"
    framework: str = ""
    seed: int = 0
    seconds: float | None = None
    timeout: float = 1800.0
    memory: float | None = None
    toy: bool = False

    def method(self, usual: str) -> dict[str, Any]:
        """The named method of `data/bench.toml`, with these settings."""
        method = dict(_bench()["method"]["toy" if self.toy else usual])
        return method if self.seconds is None else {**method, "seconds": self.seconds}

    def common(self, usual: str) -> dict[str, Any]:
        """What every task has; at toy size one thread, which waits for no other."""
        return {
            "device": self.device, "seed": self.seed, "timeout": self.timeout, "memory": self.memory,
            "method": self.method(usual), **({"threads": 1} if self.toy else {}),
        }  # fmt: skip


def of_job(job: Job, settings: Settings, *, method: str = "usual") -> dict[str, Any]:
    """The task of one job.

    Raises `UsageError` for a column that no measuring process has a use for.
    """
    for name in _SERVED:
        if getattr(job, name) not in (None, 1.0):
            raise UsageError(f"{name}: bench runs whole batches on GPUs side by side; leave --{name} out")
    framework = settings.framework or "torch"
    if job.runtime:
        raise UsageError(
            f"runtime '{job.runtime}': bench runs what --framework names (torch, tensorflow) in the release "
            "that is installed; leave --runtime out (--option compile=True compiles, whichgpu bench "
            "serve-load measures a server)"
        )
    columns = {name: getattr(job, name) for name in _TEXTS if getattr(job, name)}
    if "precision" in columns:
        columns["precision"] = precision(columns["precision"]).id
    columns |= {name: float(getattr(job, name)) for name in NUMBERS if getattr(job, name) is not None}
    columns["n_gpus"] = int(columns.get("n_gpus", 1))
    options = {name: str(value) for name, value in job.options.items()}
    item = resolve(job.workload)
    if not job.phase and item.phases[0] == "serve":
        # A server's is another measurement (serve-load): of a batch it is prompt and answer.
        columns["phase"] = "generate"
    named = {name: columns.get(name, "") for name in ("phase", "precision")}
    _check(item, replace(job, **named), framework)
    return {"kind": "job", "framework": framework, **columns, "options": options, **settings.common(method)}


def _check(item: Workload, job: Job, framework: str) -> None:
    """Refuse at once what a measuring process would, on any machine."""
    from whichgpu.bench.worker import tensorflow_job, torch_job

    whole = item.complete(job)
    (torch_job if framework == "torch" else tensorflow_job).check(item, whole)


def small(job: Job, whole: Job) -> Job:
    """The job with toy sizes in place of the defaults that `whole` has of it; what it states stays."""
    sizes: dict[str, Any] = {
        name: float(value)
        for name, value in _bench()["sizes"]["toy"].items()
        if getattr(job, name) is None and float(getattr(whole, name) or 0.0) > value
    }
    if not job.precision:
        sizes["precision"] = _wide(whole.precision)
    return replace(job, **sizes)


def _wide(precision: str) -> str:
    """BF16 in place of FP16, of which processors have no kernels to speak of: a step takes a minute."""
    return precision.replace("fp16", "bf16")


def largest(task: Mapping[str, Any], batch: int) -> dict[str, Any]:
    """The task that tells whether a batch fits: the same job, a pass or two."""
    return {**task, "batch": float(batch), "method": dict(_bench()["method"]["fits"])}


def suites() -> Mapping[str, str]:
    """Every suite by name, with its title."""
    return {name: row["title"] for name, row in _bench()["suite"].items()}


def suite(name: str, settings: Settings, gpus: int) -> list[dict[str, Any]]:
    """The tasks of a suite; `gpus` are what the machine has, 0 on a processor.

    Raises `UsageError` for an unknown suite, and for one that needs a GPU where there is none.
    """
    known = _bench()["suite"]
    if name not in known:
        from difflib import get_close_matches

        begun = [one for one in known if name and one.startswith(name.lower())]
        near = begun[:1] or get_close_matches(name.lower(), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise UsageError(f"no suite '{name}'; {hint}")
    table = known[name]
    if name == "toy":
        settings = replace(settings, toy=True, device="cpu" if settings.device == "auto" else settings.device)
    # What the driver of NVIDIA's does not list may be a GPU of AMD's: --device cuda says that it is there.
    there = settings.device == "cuda" or (gpus and settings.device != "cpu")
    if table.get("needs") == "gpu" and not settings.toy and not there:
        raise UsageError(
            f"suite {name} is of GPUs, and none is at hand; see that it works with --toy, or run it where "
            f"one is"
        )
    parts = [known[one] for one in table.get("of", ())] or [table]
    made = (one for part in parts for one in (*_jobs(part, settings), *_micro(part, settings)))
    # At toy size several may have become the same.
    return list({digest(one): one for one in made}.values())


def _jobs(table: Mapping[str, Any], settings: Settings) -> Iterator[dict[str, Any]]:
    for row in table.get("job", ()):
        toy = {**table.get("toy", {}), **row.get("toy", {})}
        for columns in _combined({name: value for name, value in row.items() if name != "toy"}):
            framework = settings.framework or columns.pop("framework", table.get("framework", "torch"))
            columns.pop("framework", None)
            yield _job(columns, framework, toy, settings)


def _job(
    columns: dict[str, Any], framework: str, toy: Mapping[str, Any], settings: Settings
) -> dict[str, Any]:
    if settings.toy:
        columns |= toy
        columns["n_gpus"] = min(int(columns.get("n_gpus", 1)), _TOY_DEVICES)
    options = {name: str(value) for name, value in columns.pop("options", {}).items()}
    numbers = {name: float(value) for name, value in columns.items() if name in NUMBERS}
    texts = {name: str(value) for name, value in columns.items() if name in _TEXTS}
    if settings.toy and settings.device != "cuda" and "precision" in texts:
        texts["precision"] = _wide(texts["precision"])
    numbers["n_gpus"] = int(numbers.get("n_gpus", 1))
    return {"kind": "job", "framework": framework, **texts, **numbers, "options": options,
            **settings.common("usual")}  # fmt: skip


def _micro(table: Mapping[str, Any], settings: Settings) -> Iterator[dict[str, Any]]:
    for row in table.get("micro", ()):
        for columns in _combined(
            {name: value for name, value in row.items() if name not in ("params", "toy")}
        ):
            params = {**row.get("params", {}), **(row.get("toy", {}) if settings.toy else {})}
            count = int(columns.get("n_gpus", 1))
            yield micro(
                columns["name"], params, settings, min(count, _TOY_DEVICES) if settings.toy else count
            )


def micro(name: str, params: Mapping[str, Any], settings: Settings, n_gpus: int = 1) -> dict[str, Any]:
    """The task of a micro-benchmark."""
    kind = "collective" if name == "collective" else "micro"
    return {"kind": kind, "name": name, "params": dict(params), "n_gpus": n_gpus, **settings.common("micro")}


def _combined(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every combination of the values that are lists, those of `options` among them."""
    flat = {(name, ""): value for name, value in row.items() if name != "options"}
    flat |= {("options", name): value for name, value in row.get("options", {}).items()}
    lists = [value if isinstance(value, list) else [value] for value in flat.values()]
    for values in product(*lists):
        found: dict[str, Any] = {}
        for (name, option), value in zip(flat, values, strict=True):
            if option:
                found.setdefault("options", {})[option] = value
            else:
                found[name] = value
        yield found


def title(task: Mapping[str, Any]) -> str:
    """A task in a few words."""
    if task["kind"] != "job":
        return f"{task['name']}{_on(task)}"
    sizes = [
        f"{name} {task[name]:g}"
        for name in ("batch", "seq_len", "input_tokens", "output_tokens", "tp")
        if name in task
    ]
    options = [f"{name}={value}" for name, value in task["options"].items()]
    parts = [task["workload"], task.get("phase", ""), task.get("precision", ""), *sizes, *options]
    words = " ".join(part for part in parts if part)
    return f"{words}{_on(task)}{' in TensorFlow' if task['framework'] == 'tensorflow' else ''}"


def _on(task: Mapping[str, Any]) -> str:
    count = int(task.get("n_gpus") or 1)
    return f" on {count}" if count > 1 else ""


def _bench() -> Any:
    return store.load("bench")["bench"]
