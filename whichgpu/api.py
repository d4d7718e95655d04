"""The Python API: what the commands do, for programs and notebooks.

    >>> import whichgpu
    >>> whichgpu.gpu("L4").value("cores")
    7424

Names and quantities are text as on the command line. Every fault that a caller can mend is a
`whichgpu.WhichGpuError` whose text says how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line
from whichgpu.hardware.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whichgpu.cost.answers import Estimate
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.answer import Recommendation
    from whichgpu.planner.capacity.model import Fits
    from whichgpu.planner.comparison import Comparison
    from whichgpu.planner.diagnosis import Diagnosis
    from whichgpu.planner.fleets.answer import Fleets
    from whichgpu.planner.plan.answer import Plan
    from whichgpu.planner.sweep import Sweep
    from whichgpu.planner.uses import ForUse
    from whichgpu.software.compat import Compatibility
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

    Files = Iterable[str | Path]


def _text(name: str, given: Any) -> str:
    """What is given for a text: a number as it would be typed, a GPU or workload its id.

    Raises `UsageError` for anything else.
    """
    given = getattr(given, "id", given)
    if isinstance(given, str):
        return given
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise UsageError(f"{name}: {one_line(repr(given))[:60]} is no text; write it as on the command line")
    return f"{given}"


def _texts(name: str, given: Any) -> list[str]:
    """Names as a sequence, or as one text with commas between."""
    if not isinstance(given, str) and hasattr(given, "__iter__"):
        return [_text(name, one) for one in given]
    return [one.strip() for one in _text(name, given).split(",") if one.strip()]


def gpus(*, files: Files = (), assume: bool = False) -> Catalogue:
    """Every known GPU by id, with those of the user's own TOML `files` on top.

    One whose figures contradict each other is in its `broken` only, unless `assume` takes them as they are.
    """
    known = catalogue(tuple(Path(file) for file in files))
    if not files:
        return known
    from whichgpu.hardware.plausible import held

    return held(known, assume=assume).catalogue


def _known(files: Files) -> Catalogue:
    """The same under a name that no argument hides."""
    return gpus(files=files)


def gpu(name: str, *, files: Files = ()) -> Gpu:
    """The one GPU, or part of one, that a name means: `"a10"`, `"a30:mig-2g.12gb"`, `"a40:8q"`, `"local"`.

    Raises `WhichGpuError` listing candidates for any other name, and for a number of GPUs, which is no GPU.
    """
    from whichgpu.hardware.slices import resolve_device

    found, count = resolve_device(_text("gpu", name), gpus(files=files))
    if count > 1:
        raise UsageError(
            f"'{one_line(name)}' is {count} of {found.id}; a GPU is one: write '{found.id}', or give the "
            f"number where a job runs on several: predict(.., gpu='{found.id}:{count}')"
        )
    return found


def workload(name: str | Path) -> Workload:
    """The workload of a name, or of a file or folder given as a `Path`; its `id` then stands for it.

    Raises `WhichGpuError` with the nearest for an unknown name, and with the place of a fault in a file.
    """
    from whichgpu.workloads.workload import resolve

    if isinstance(name, Path):
        from whichgpu.workloads.importing import load

        return load(str(name))
    return resolve(_text("workload", name))


def job(workload: str | Job, **columns: Any) -> Job:
    """A job of a workload id, or one changed, from job columns as they are typed; None is not stated.

    `resolution` is `"512"` or `"512x768"` (height x width), `concurrency` a number or `"max"`,
    `options` a mapping or a sequence of `"key=value"`; `input_tokens` and `output_tokens` may be
    distributions (`"lognormal mean 500 p90 1000"`).
    """
    from whichgpu.cost.reading import columns as columns_
    from whichgpu.workloads import job as jobs

    stated: dict[str, Any]
    stated = {name: _text(name, value) if name in ("phase", "precision", "runtime") else value
              for name, value in columns.items() if value is not None}  # fmt: skip
    workload = workload if isinstance(workload, jobs.Job) else _text("workload", workload)
    return columns_.job(workload, stated)


def recommend(
    workload: str,
    *,
    offers: str | Path | None = None,
    slo: str | None = None,
    rate: str | None = None,
    users: float | None = None,
    pause: str = "0 s",
    gpu_files: Files = (),
    **wishes: Any,
) -> Recommendation | Fleets | ForUse:
    """What to rent or buy for a workload, best first: `recommend("resnet50", target="1000 images/s")`.

    With `slo` (`"ttft p90 1 s, tpot 50 ms"`) it is fleets of replicas that hold requests at a `rate`
    (`"5 req/s"`), or `users` who each let a `pause` go by between an answer and the next request.
    Virtual desktops are shared by `users`.

    `wishes` are the options of the command by name (`target`, `budget`, `max_power`, `needs`, `deadline` ..),
    lists as sequences, and job columns, as `job` takes them. Nothing feasible is an answer, whose
    `infeasible` says what binds. Raises `WhichGpuError` for names and quantities that cannot be read.
    """
    from whichgpu.planner.recommend import recommend as ranked
    from whichgpu.planner.request import Wished, read_request
    from whichgpu.planner.use import use
    from whichgpu.planner.uses import for_use

    known = _known(gpu_files)
    asked = {name: _wish(name, wishes.pop(name)) for name in Wished._fields if name in wishes}
    slo, rate = (None if one is None else _text(name, one) for name, one in (("slo", slo), ("rate", rate)))
    other = use(_text("workload", workload))
    if other is not None and not wishes:
        from whichgpu.planner.fleets.asked import Asked as Load
        from whichgpu.planner.request import read_use_request

        path, load = None if offers is None else Path(offers), Load(slo, rate, users)
        cards, own = read_use_request(other, known, today=date.today(), offers=path, load=load, **asked)
        return for_use(other, cards, known, own)
    request, own = read_request(
        job(workload, **wishes), known, today=date.today(),
        offers=None if offers is None else Path(offers), **asked,
    )  # fmt: skip
    if slo is not None or rate is not None or users is not None:
        from whichgpu.planner.fleets.asked import Asked, assumed, read
        from whichgpu.planner.fleets.ranking import fleets

        load = Asked(slo, rate, users, pause)
        return fleets(request, *read(request, load), known, own, assumed=assumed(load))
    return ranked(request, known, own)


#: Wishes that are lists, and a number; the others are text.
_LISTS = ("gpus", "providers", "exclude", "region", "needs", "framework")


def _wish(name: str, given: Any) -> Any:
    """A wish of `recommend` as the command has it; None where it is not stated."""
    if given is None or name == "max_slots":
        return given
    return _texts(name, given) if name in _LISTS else _text(name, given)


def predict(
    workload: str | Job, gpu: str, *, anchors: Sequence[str] = (), gpu_files: Files = (), **columns: Any
) -> Estimate:
    """Speed, memory and power of a job on a GPU: `predict("llama-2-70b", "h100-80gb-sxm:4")`.

    `anchors` are runs of one's own, `"rtx-3090, batch 32: 12.4 samples/s"`, which narrow the interval.
    `columns` are job columns, as `job` takes them. Raises `WhichGpuError` for what cannot be read or
    run, and its kind `Infeasible` for what does not fit.
    """
    from whichgpu.cost.estimate import estimate
    from whichgpu.cost.infeasible import single
    from whichgpu.cost.job.placing import instead, placed
    from whichgpu.hardware.slices import resolve_device

    known = _known(gpu_files)
    device, count = resolve_device(_text("gpu", gpu), known)
    own = job(workload, **columns)
    count = _count(gpu, count, own)
    asked = placed(own, count, device)
    plain = single(asked, device)
    if not anchors:
        return replace(plain, warnings=(*plain.warnings, *instead(own, asked, device)))
    from whichgpu.cost.transfer import anchors as runs
    from whichgpu.cost.transfer import filed
    from whichgpu.cost.transfer.anchoring import shifted

    found = estimate(asked, [device], explain=True)
    job_ = runs.job_of(found)
    stated = bool(own.runtime)
    placed_ = [filed.beside(runs.run(runs.read(text, known), job_), known, stated=stated) for text in anchors]
    return shifted(found, [one.point for one in placed_]).at(0, 0)


def diagnose(
    workload: str | Job, gpu: str, measured: str, *, gpu_files: Files = (), **columns: Any
) -> Diagnosis:
    """Whether a measured figure is normal, and if not, why: `diagnose("resnet50", "a10", "300 images/s")`.

    `columns` are job columns, as `job` takes them. Raises `WhichGpuError` for what cannot be read, and for
    a figure that the job does not have.
    """
    from whichgpu.cost.job.placing import placed
    from whichgpu.cost.reading.quoted import read
    from whichgpu.hardware.slices import resolve_device
    from whichgpu.planner.diagnosis import diagnose as judged

    known = _known(gpu_files)
    device, count = resolve_device(_text("gpu", gpu), known)
    own = job(workload, **columns)
    return judged(
        placed(own, _count(gpu, count, own), device), device, read(_text("measured", measured)), known
    )


def _count(text: str, named: int, asked: Job) -> int:
    """How many GPUs a job is on: those that stand with their name, else, or of a machine, its own number."""
    from whichgpu.hardware.names import in_a_machine

    own = asked.n_gpus and (named == 1 or in_a_machine(_text("gpu", text)))
    return int(asked.n_gpus) if own else named


def fit(
    workloads: str | Job | Sequence[str | Job],
    gpus: str | Sequence[str] = (),
    *,
    together: bool = False,
    gpu_files: Files = (),
    **columns: Any,
) -> Fits:
    """What fits on which GPU, and what would make it fit: `fit("llama-2-13b", ["a10", "rtx-4090:2"])`.

    A GPU is a name, several of it (`a10:2`), a MIG slice (`a100-80gb-sxm:mig-3g.40gb`) or a share
    (`l4:1/2`); without any, the smallest current card. With `together` all workloads are on each at once.
    `columns` are job columns, as `job` takes them, of the workloads given by name. What does not fit is an
    answer. Raises `WhichGpuError` for what cannot be read.
    """
    from whichgpu.planner.capacity import fit as fitted
    from whichgpu.workloads.job import Job as Known

    asked: Sequence[Any] = workloads if isinstance(workloads, list | tuple) else [workloads]
    jobs = [job(one, **({} if isinstance(one, Known) else columns)) for one in asked]
    names = _texts("gpus", gpus)
    full = str(columns.get("concurrency")).strip().lower() == "max"
    return fitted(jobs, names, _known(gpu_files), together=together, full=full)


def sweep(
    workload: str | Job,
    gpus: str,
    *,
    global_batch: float | None = None,
    tokens: str | float | None = None,
    within: str | None = None,
    usd_per_gpu_hour: float | None = None,
    system: str | None = None,
    top: int = 5,
    scaling: bool = False,
    gpu_files: Files = (),
    **columns: Any,
) -> Sweep:
    """The best strategies to train on a cluster: `sweep("llama-3.1-70b", "h100-80gb-sxm:512")`.

    With `within` ("60 days") and `tokens` they are on the fewest of a kind that are done by then, and `gpus`
    states no number. `columns` are job columns, as `job` takes them; a degree that they state stays. Nothing
    that fits is an answer, whose `infeasible` says what binds. Raises `WhichGpuError` for a degree that
    cannot be.
    """
    from whichgpu.planner.sweep import answered

    return answered(
        job(workload, **columns), _text("gpus", gpus), _known(gpu_files), today=date.today(), within=within,
        global_batch=global_batch, tokens=tokens, usd_per_gpu_hour=usd_per_gpu_hour, system=system, top=top,
        scaling=scaling,
    )  # fmt: skip


def plan(
    file: str | Path | Mapping[str, Any], *, time_limit: str | None = None, gpu_files: Files = ()
) -> Plan:
    """The cheapest mixed fleet for the demands of a plan file, or of the same keys as a mapping.

    `plan({"demand": [{"name": "images", "workload": "sdxl", "rate": "100 images/min"}]})`; the keys are in
    docs/plan.md. `time_limit` ("30 s") bounds the search. No fleet is an answer, whose `conflict` says why.
    Raises `WhichGpuError` for what cannot be read.
    """
    from whichgpu.planner.plan.planning import plan as planned
    from whichgpu.planner.plan.reading import parsed, read
    from whichgpu.planner.wishes import read_positive

    known, today = _known(gpu_files), date.today()
    if isinstance(file, str) and "\n" in file:
        raise UsageError("a plan is given as its file or as a mapping: plan(tomllib.loads(text))")
    if isinstance(file, str | Path):
        asked = read(Path(file), known, today)
    elif isinstance(file, Mapping):
        asked = parsed(file, Path(), "plan", known, today)
    else:
        raise UsageError(f"a plan is given as its file or as a mapping, not as {one_line(repr(file))[:60]}")
    if time_limit is not None:
        asked = replace(asked, seconds=read_positive(time_limit, "time", "time limit"))
    return planned(asked, known, today)


def compare(
    gpus: str | Sequence[str],
    workloads: str | Job | Sequence[str | Job] = (),
    *,
    whole: bool = False,
    gpu_files: Files = (),
) -> Comparison:
    """Two to six GPUs side by side, and what they do for each workload, a name or a `job`.

    Names may be a list, or one text with commas between: `compare("a10,l4", "resnet50")`.
    With `whole`, which well-known models each holds too and, where no workload is named, the usual ones.
    """
    from whichgpu.planner.comparison import compare as compared
    from whichgpu.workloads.job import Job as Known

    names = _texts("gpus", gpus)
    jobs = [workloads] if isinstance(workloads, Known) else workloads
    asked = [one.strip() for one in jobs.split(",")] if isinstance(jobs, str) else jobs
    return compared(names, asked, catalogue=_known(gpu_files), whole=whole)


def compat(
    gpus: str | Sequence[str],
    frameworks: str | Sequence[str] = (),
    *,
    features: str | Sequence[str] = (),
    precisions: str | Sequence[str] = (),
    system: str = "",
    gpu_files: Files = (),
) -> Compatibility:
    """What software runs on GPUs: `compat("v100-32gb-sxm", "pytorch")`, `compat("t4", "tensorflow 2.21")`.

    A framework is a name with or without a version; without any all are judged. `features` and `precisions`
    are those of the frameworks named, else of the hardware; `system` is linux, windows, wsl or macos (if not
    given linux, and macos for Apple's GPUs). What does not run is an answer. Raises `WhichGpuError` for
    names, and for a release that is not out.
    """
    from whichgpu.software.compat import compat as judged
    from whichgpu.software.compat import resolve

    known = _known(gpu_files)
    names = _texts("gpus", gpus)
    wanted = [_text("frameworks", frameworks)] if isinstance(frameworks, str) else list(frameworks)
    asked = [*_texts("features", features), *_texts("precisions", precisions)]
    return judged([resolve(name, known, asked, system) for name in names], wanted, asked, system)
