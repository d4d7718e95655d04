"""A job from columns as they are typed in Python: a name, and texts or numbers by the name of a column."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads import adapters, phases
from whichgpu.workloads import job as jobs
from whichgpu.workloads.names import at_once, fetched
from whichgpu.workloads.precision import named
from whichgpu.workloads.workload import is_read, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.job import Job


def job(workload: str | Job, stated: dict[str, Any]) -> Job:
    """The job of a workload id, or one changed, with what is `stated` of it."""
    _one_by_one(workload, stated)
    workload = _as_read(workload, stated)
    _parted(stated)
    own, told = workload.options if isinstance(workload, jobs.Job) else {}, stated.get("phase", "")
    stated["options"] = _options(stated.get("options", own))
    if "phase" in stated:
        text = stated["phase"]
        options = {**phases.options_of(text), **stated["options"]}
        said = "" if phases.unsaid(text) else phases.phase(text)
        stated = {**phases.lengths_of(text), **stated, "phase": said, "options": options}
        _by_adapters(workload, stated)
    _numbers(workload, stated)
    whole = _hearing(_made(workload, stated), told)
    if whole.concurrency is not None:
        from whichgpu.cost.job.requests import in_loop

        return in_loop(whole)
    return _full(whole) if "concurrency" in stated else whole


def _numbers(workload: str | Job, stated: dict[str, Any]) -> None:
    """Read resolution, concurrency and lengths, which may be typed as words."""
    if "resolution" in stated:
        sides, deep = jobs.two_sides(str(stated.pop("resolution")))
        stated["height"], stated["width"] = jobs.resolution(sides)
        item = resolve(workload.workload if isinstance(workload, jobs.Job) else workload) if deep else None
        stated["options"] = item.in_depth(deep, stated["options"]) if item else stated["options"]
    if "concurrency" in stated:
        stated["concurrency"] = _concurrency(stated["concurrency"])
    elif isinstance(workload, str) and "batch" in stated and _is_served(workload, stated):
        # A server batches by itself: a batch that it is asked for, once it is found to be one, are the
        # requests in flight.
        stated["concurrency"] = jobs.Job(workload, batch=stated.pop("batch")).batch
    for name in ("input_tokens", "output_tokens"):
        if isinstance(stated.get(name), str):
            stated[name], distributed = _length(stated[name])
            stated["options"] |= {name.replace("tokens", "lengths"): distributed} if distributed else {}


def _made(workload: str | Job, stated: dict[str, Any]) -> Job:
    """The job of what is stated; raises `UsageError` with the nearest for a column that there is not."""
    try:
        return replace(workload, **stated) if isinstance(workload, jobs.Job) else jobs.Job(workload, **stated)
    except TypeError:
        unknown = sorted(set(stated) - {*jobs.Job.__match_args__})
        if not unknown:
            raise
        from difflib import get_close_matches

        names = jobs.Job.__match_args__
        near = get_close_matches(unknown[0], [*names, "gpus"], n=1)
        meant = f"did you mean '{near[0]}'? Columns are" if near else "they are"
        raise UsageError(f"no job column '{unknown[0]}'; {meant} {', '.join(names)}") from None


def _one_by_one(workload: str | Job, stated: dict[str, Any]) -> None:
    """Take the batch of a scenario behind a name, where none is stated: `resnet50 SingleStream`."""
    if isinstance(workload, str) and not {"batch", "concurrency"} & set(stated):
        stated |= at_once(workload)


def _as_read(workload: str | Job, stated: Mapping[str, Any]) -> str | Job:
    """A name as its runtime reads it: Ollama takes one without a tag for one of its sizes.

    One that is of no model is read as a row of a table is: by its suite, or with a method behind it.
    """
    if not isinstance(workload, str):
        return workload
    runtime, phase = stated.get("runtime", ""), stated.get("phase", "")
    name = fetched(workload, runtime) if runtime else workload
    if not (runtime or phase) or is_read(name):
        return name
    from whichgpu.cost.table.rows import of_suite

    return of_suite(name, phase, runtime) or name


def _parted(stated: dict[str, Any]) -> None:
    """Take from a format what tables write into its cell: the engine, and how the cache is kept."""
    text = stated.get("precision", "")
    if not text or named(text):
        return
    from whichgpu.cost.table.rows import cache_apart, engine_apart

    text, runtime = engine_apart(text, stated.get("runtime", ""))
    stated["precision"], cache = cache_apart(text)
    stated["options"] = {**cache, **_options(stated.get("options", {}))}
    if runtime:
        stated["runtime"] = runtime


def _by_adapters(workload: str | Job, stated: dict[str, Any]) -> None:
    """Take from the runtime or an option that a training is one of adapters, as a table's row does."""
    if stated["phase"] not in (*adapters.GENERAL, *adapters.PHASES):
        return
    known = resolve(workload if isinstance(workload, str) else workload.workload)
    usual = known.defaults.get("phase", "")
    if usual in adapters.PHASES and stated["phase"] in adapters.GENERAL:
        stated["phase"] = usual
    if adapters.PHASES[0] in known.phases:
        runtime = stated.get("runtime", "" if isinstance(workload, str) else workload.runtime)
        stated["phase"], stated["options"] = adapters.told(stated["phase"], runtime, stated["options"])


def _full(job: Job) -> Job:
    """A job asked for as many requests as fit, which an engine that usually has one in flight is told."""
    from whichgpu.cost.job.asked import is_alone

    return replace(job, options={**job.options, "max_concurrency": "none"}) if is_alone(job) else job


def _hearing(whole: Job, phase: str) -> Job:
    """A job with the speech that the words of its phase say it hears."""
    if not phases.hears(phase):
        return whole
    from whichgpu.cost.job.asked import hearing

    return hearing(whole, phase)


def _is_served(workload: str, stated: Mapping[str, Any]) -> bool:
    """Whether a job of a workload id, as it is stated, is a server's that states no arrivals."""
    phase = stated.get("phase") or resolve(workload).phases[0]
    return phase == "serve" and "request_rate" not in stated["options"]


def _options(given: Mapping[str, Any] | Sequence[str]) -> dict[str, str]:
    pairs = [f"{key}={value}" for key, value in given.items()] if hasattr(given, "items") else list(given)
    return jobs.options(tuple(pairs))


def _length(text: str) -> tuple[float, str]:
    """Tokens, the mean of them where they are a distribution, and its words; none of a number."""
    try:
        return float(text), ""
    except ValueError:
        from whichgpu.workloads.lengths import fixed, read

        known = fixed(text)
        return (known, "") if known is not None else (read(text).mean, text)


def _concurrency(given: Any) -> float | None:
    """Requests in flight; None, as many as fit, for `max`."""
    text = str(given).strip().lower()
    if text == "max":
        return None
    try:
        return float(text)
    except ValueError:
        several = "; of several loads at once --curve concurrency tells" if "," in text else ""
        raise UsageError(
            f"concurrency '{given}' is neither a number nor max; give e.g. 32{several}"
        ) from None
