"""The size of a job as people know it: epochs of samples, tokens, images, hours of audio, requests.

Read as so many units of the workload (images, tokens, audio seconds ..), so that a rate gives a time:

    seconds = units / rate
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line
from whichgpu.facts import store
from whichgpu.units import HOUR, SCALES, number
from whichgpu.values import NamedTuple
from whichgpu.workloads.phases import TRAINING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

_AMOUNT = r"(?P<number>\d[\d,_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)\s*(?P<scale>[A-Za-z]*)(?:\s+[A-Za-z ]+)?"
#: Above these an amount is a slip of the keyboard.
_MOST = 1e18
_MOST_EPOCHS = 1e6


class Sized(NamedTuple):
    """What is typed of the size of a job; each None where it is not stated."""

    epochs: str | None = None
    samples: str | None = None
    tokens: str | None = None
    images: str | None = None
    hours_of_audio: str | None = None
    requests: str | None = None


class Size(NamedTuple):
    """So many units of work; `text` says how they were counted, `assumed` what was not stated."""

    units: float
    text: str
    assumed: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Units, and the words."""
        return self._asdict()


def sized(given: Sized, workload: Workload, job: Job) -> tuple[Job, Size | None]:
    """The job and its size; one whose epochs are counted trains where it does not say what it does."""
    if given.epochs is None or job.phase:
        return job, read_size(given, workload, workload.complete(job))
    job = replace(job, phase=next((phase for phase in workload.phases if phase in TRAINING), ""))
    size = read_size(given, workload, workload.complete(job))
    told = (f"phase {job.phase}", size.assumed if size else "")
    return job, size and size._replace(assumed="; ".join(filter(None, told)))


def with_batch(size: Size, asked: Job, ran: Job) -> Size:
    """A size that says in which batch it is made, where that was chosen and not stated."""
    if asked.batch is not None or ran.batch is None:
        return size
    told = f"batch {float(ran.batch):g}, which makes most there"
    return size._replace(assumed="; ".join(filter(None, (size.assumed, told))))


def read_size(given: Sized, workload: Workload, job: Job) -> Size | None:
    """The size in units of the workload; None where nothing is stated. `job` is complete.

    Raises `UsageError` for amounts that cannot be read or are absurd, for two at once, and for one that the
    workload does not make.
    """
    stated = [name for name in Sized._fields[1:] if getattr(given, name) is not None]
    if len(stated) > 1:
        flags = " and ".join(map(_flag, stated))
        raise UsageError(f"{flags} both say how large the job is; state one of them")
    if not stated and given.epochs is None:
        return None
    epochs = 1.0 if given.epochs is None else read_amount(given.epochs, "--epochs", "90", _MOST_EPOCHS)
    times = "" if given.epochs is None else f"{epochs:g} epoch{'s' * (epochs != 1)} of "
    if not stated:
        table = usual(workload, job)
        if table is None:
            raise UsageError(
                f"--epochs of how many samples? {workload.id} has no usual data set; add e.g. --samples 52002"
            )
        units = _of("samples", table["samples"][0], workload, job)
        what = f"{table['samples'][0]:,} samples ({table['title']})"
        return Size(epochs * units, f"{times}{what}", f"data set {table['title']}, {what}")
    (name,) = stated
    amount, said = _amount(getattr(given, name), name)
    each = per_sample(workload.unit, job)
    counted = name in ("samples", "requests") and each != 1.0
    told = f"{each:,.0f} {workload.unit} in each of the {name}" if counted else ""
    return Size(epochs * _of(name, amount, workload, job), f"{times}{said}", told)


def _amount(text: str, name: str) -> tuple[float, str]:
    """An amount, or that of a data set by its name, and its words."""
    word = name.replace("_", " ")
    table = _by_name().get(_key(text)) if name in ("samples", "images") else None
    if table is not None:
        return float(table["samples"][0]), f"{table['samples'][0]:,} samples ({table['title']})"
    if name in ("samples", "images") and not any(letter.isdigit() for letter in text):
        known = ", ".join(_tables())
        raise UsageError(f"no data set '{one_line(text)}'; write a number, e.g. 1.28M, or one of {known}")
    # What is counted may be said again: `200 hours`.
    bare = re.sub(rf"(?i)(?<=\w)\s+{word.partition(' ')[0]}\b.*", "", text)
    value = read_amount(bare, _flag(name), "10000")
    return value, f"{number(value, 7)} {word}"


def read_amount(text: str, what: str, example: str, most: float = _MOST) -> float:
    """`1.28M`, `300B`, `2 million`; raises `UsageError` where it is none, not above zero, or absurd."""
    found = re.fullmatch(_AMOUNT, text.strip())
    scale = ({"": 1.0} | SCALES).get(found["scale"].lower()) if found else None
    if found is None or scale is None:
        least = "" if not text.strip().startswith("-") else "; it must be above zero"
        raise UsageError(f"{what} '{one_line(text)}' is not an amount; write e.g. {what} {example}{least}")
    value = float(found["number"].replace(",", "").replace("_", "")) * scale
    if not (math.isfinite(value) and 0 < value <= most):
        why = "is not above zero" if value <= 0 else "is absurd; is it a slip of the keyboard?"
        raise UsageError(f"{what} '{one_line(text)}' {why}")
    return value


def _of(name: str, amount: float, workload: Workload, job: Job) -> float:
    """An amount in units of the workload."""
    unit = workload.unit
    if name == "samples":
        return amount * per_sample(unit, job)
    if name == "requests":
        return amount * per_sample(unit, job)
    if name == "tokens":
        if unit == "tokens":
            return amount
        if unit == "sequences" and job.seq_len is not None:
            return amount / float(job.seq_len)
    if name == "images" and unit in ("images", "volumes"):
        return amount
    if name == "hours_of_audio" and unit in ("audio seconds", "audio-seconds"):
        return amount * HOUR
    fitting = "--tokens" if unit == "tokens" else "--samples"
    raise UsageError(f"{workload.id} makes {unit}, and {_flag(name)} is of other work; use {fitting}")


def per_sample(unit: str, job: Job) -> float:
    """Units of one sample, or of one request: where the unit is tokens, its tokens that are counted."""
    if unit == "tokens":
        tokens = job.seq_len if job.trains or job.output_tokens is None else job.output_tokens
        return float(tokens or 1.0)
    return 30.0 if unit == "audio seconds" else 1.0


def usual(workload: Workload, job: Job) -> Mapping[str, Any] | None:
    """The data set that a workload is usually trained on; None where there is none."""
    family = workload.code.__name__.rpartition(".")[2]
    for table in _tables().values():
        known = family in table.get("families", (family,)) and family not in table.get("except", ())
        if job.trains and known and table.get("unit") == workload.unit:
            chosen: Mapping[str, Any] = table
            return chosen
    return None


def named_set(text: str) -> str:
    """The data set that a text names, as it spells it; empty where it names none."""
    # ImageNet-21k is no ImageNet.
    return max((word for word in _by_name() if _names(word, text)), key=len, default="")


def data_set(text: str) -> float:
    """Samples of the data set that a text names; 0 where it names none."""
    return _first(text, "samples")


def pixels(text: str) -> float:
    """Pixels a side of the pictures of the data set that a text names; 0 where it names none of one size."""
    return _first(text, "side")


def usual_epochs(text: str) -> float:
    """Passes over the data set that a text names, as training from the start usually has; 0 if unknown."""
    return _first(text, "epochs")


def _first(text: str, column: str) -> float:
    return float(_by_name().get(named_set(text), {}).get(column, (0.0,))[0])


def _names(word: str, text: str) -> bool:
    spelled = "[- _]?".join(map(re.escape, word.split("-")))
    return re.search(rf"(?i)\b{spelled}\b", text) is not None


def _tables() -> Mapping[str, Any]:
    tables: Mapping[str, Any] = store.load("datasets")["datasets"]["dataset"]
    return tables


def _by_name() -> Mapping[str, Any]:
    return {_key(word): row for key, row in _tables().items() for word in (key, *row.get("names", ()))}


def _key(text: str) -> str:
    return text.strip().lower().replace("_", "-").replace(" ", "-")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
