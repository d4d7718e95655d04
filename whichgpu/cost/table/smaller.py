"""What a table takes of a row that does not fit as it stands, of what the row leaves open.

A table of results that states no batch was run with one that fits, and a model too large for a GPU
was split over those of a machine, a language model that learns over machines too; a server whose experts lie
on more GPUs than share its attention has groups of that. The first of these that fits is taken, and a note
says of how many rows.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.infeasible import NARROWER
from whichgpu.cost.job import asked
from whichgpu.cost.table.files import COLUMNS
from whichgpu.cost.table.rows import DONE, head_of, read_parts
from whichgpu.errors import WhichGpuError
from whichgpu.workloads.job import number
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.workloads.job import Job

    Cells = tuple[str, ...]

#: How the reason of a row begins that is too large for its GPUs, whose usual batch is for its step, or whose
#: usual split does not reach as far as its experts lie.
TOO_LARGE = ("does not fit: ", "global_batch=", "ep=")
#: From which on a batch of a GPU that does not fit counts tokens.
_TOKENS = 1024
#: Families of which tables count a batch in tokens beside a length.
_TRANSLATORS = ("encoder_decoder", "gnmt")
#: Options that say how a model is dealt out.
_OF_SPLIT = ("sharding", "ep", "cp", "offload")
#: GPUs of a machine, and how many machines hold one copy at most.
_MACHINE, _STAGES = 8, (1, 2, 4, 8, 16)
#: Machines from which on experts are cut into stages rather than gathered (assumed).
_MANY = 16


#: The batch that a row states as that of all its GPUs.
_WHOLE = "batch"


def note(said: str, count: int) -> str:
    """What a reader of the answers is told of so many rows that were taken with less."""
    if said == _WHOLE:
        return f"the batch of {count:,} rows is read as that of all their GPUs, of which none holds it"
    return f"{said} was taken in {count:,} rows that state none and would not fit without"


class Tries:
    """What is tried of the rows of a table; of rows that differ in no more than their GPU once."""

    def __init__(self) -> None:
        self._ways = cache(_ways)

    def of(self, cells: Cells, n_gpus: int) -> Iterator[tuple[Cells, str]]:
        """The same row with less, one after another, and what was taken in words; `n_gpus` beside its GPU."""
        named = dict(zip(COLUMNS, cells, strict=False))
        # Whether seconds of audio are counted stands in the phase then.
        asked = {**named, **_NEITHER, "phase": head_of(cells)[DONE]}
        for more, said in self._ways(tuple(asked.values()), n_gpus):
            yield tuple(more.get(name, cell) for name, cell in named.items()), said


#: Columns that say nothing of what is tried.
_NEITHER = dict.fromkeys(("id", "gpu", "metric", "unit"), "")


def _ways(cells: Cells, n_gpus: int) -> Sequence[tuple[dict[str, str], str]]:
    """What is tried of a row, by column, and what was taken in words."""
    row = dict(zip(COLUMNS, cells, strict=False))
    try:
        head, numbers = read_parts(row)
        job = resolve(head.job.workload).complete(head.job.changed(**numbers))
    except WhichGpuError:
        return ()
    most = max(n_gpus, _count(row))
    return (
        *_groups(job, numbers, row["options"]),
        *_shards(job, row),
        *_away(job, row),
        *_batches(job, numbers),
        *_of_all(job, numbers, most),
        *_dealt(job, numbers, row["options"], most),
        *_splits(job, numbers, most),
        *_formats(job, row),
    )


def _is_pictures(job: Job) -> bool:
    """Whether a model makes pictures, or other things, by removing noise."""
    return resolve(job.workload).family.startswith("diffusion")


def _count(row: Mapping[str, str]) -> int:
    return int(number("n_gpus", row["n_gpus"])) if row["n_gpus"].strip() else 1


def _groups(job: Job, stated: Mapping[str, float], options: str) -> Sequence[tuple[dict[str, str], str]]:
    """Groups of attention over all GPUs that a server's experts lie on, where nothing of those is said."""
    if job.trains or "ep" not in job.options or job.options.keys() & {"attention_dp", "moe_tp"}:
        return ()
    tp = stated.get("tp", 1.0)
    groups = float(np.max(job.degree("ep"))) / tp
    if groups <= 1.0 or groups % 1.0:
        return ()
    said = f"attention_dp={groups:g}"
    return [({"tp": f"{tp:g}", "options": f"{options};{said}"}, said)]


def _shards(job: Job, row: Mapping[str, str]) -> Sequence[tuple[dict[str, str], str]]:
    """Pictures' models whose training is shared out over its GPUs, where nothing of that is said."""
    shared_out = job.trains and _is_pictures(job) and _count(row) > 1
    if not shared_out or job.options.keys() & set(_OF_SPLIT):
        return ()
    ways = ("sharding=fsdp", "sharding=fsdp;checkpointing=full")
    return [({"options": ";".join(filter(None, (row["options"], one)))}, one) for one in ways]


def _away(job: Job, row: Mapping[str, str]) -> Sequence[tuple[dict[str, str], str]]:
    """What a program that sends to the host what its card has no room for does unasked."""
    if job.trains or not _is_pictures(job):
        # To read what a job asks for takes longer than all else that is tried here.
        return ()
    read = asked.read(job)
    stated = re.sub(r"\boffload\s*=\s*model\b", "", row["options"])
    ways = asked.sends_away(read.job, read.workload, read.runtime)
    said = [";".join(f"{name}={value}" for name, value in way.items()) for way in ways]
    return [({"options": ";".join(filter(None, (stated, one)))}, one) for one in said]


def _batches(job: Job, stated: Mapping[str, float]) -> Sequence[tuple[dict[str, str], str]]:
    """Halves of the usual batch, of a row that states nothing of it."""
    counted = "batch" in stated and job.trains and stated["batch"] >= _TOKENS and job.seq_len is not None
    if counted and ("seq_len" not in stated or resolve(job.workload).family in _TRANSLATORS):
        # So many sequences are no batch of one GPU, but tokens, as fairseq and others count them who
        # translate; any other row that says how long its sequences are means those.
        each = max(int(stated["batch"] / float(np.max(job.seq_len))), 1)
        return [({"batch": f"{each}"}, "a batch of tokens")]
    if {"batch", "concurrency"} & stated.keys() or "grad_accum" in job.options:
        return ()
    batch, found = int(job.batch or 1), []
    while batch > 1:
        batch //= 2
        found.append(({"batch": f"{batch}"}, "a smaller batch"))
    return found


def _of_all(job: Job, stated: Mapping[str, float], n_gpus: int) -> Sequence[tuple[dict[str, str], str]]:
    """The batch of a training as that of all its GPUs together, which tables state as often."""
    replicas = n_gpus / (stated.get("tp", 1.0) * stated.get("pp", 1.0))
    each = stated.get("batch", 0.0) / replicas
    if not job.trains or replicas <= 1.0 or each < 1.0 or each % 1.0:
        return ()
    if job.options.keys() & {"grad_accum", "global_batch"}:
        # What says how the batch of all is made up says that this one is of each.
        return ()
    return [({"batch": f"{each:g}"}, _WHOLE)]


def _dealt(
    job: Job, stated: Mapping[str, float], options: str, n_gpus: int
) -> Iterator[tuple[dict[str, str], str]]:
    """Ways to deal out a mixture of experts that is trained, where nothing is said of its stages or shards.

    Whoever trains one on many machines cuts it into stages and deals experts out, as Megatron-LM and
    DeepSeek-V3 (its report, section 3.2) do: to gather all experts with every micro-batch takes longer than
    the few do that a token goes to. On few machines shares are the usual way.
    """
    dims = resolve(job.workload).dims
    if not (job.trains and dims.get("experts")) or job.options.keys() & {"sharding", "moe_tp"} or n_gpus < 2:
        return
    shares = [
        ({"options": _joined(options, one)}, one)
        for one in ("sharding=fsdp", "sharding=fsdp;checkpointing=full")
    ]
    stages = list(_stages(job, stated, options, n_gpus)) if "pp" not in stated else []
    # An engine that shards states alone has no shares to gather.
    first = n_gpus >= _MANY * _MACHINE or asked.read(job).runtime.shards == "zero1"
    yield from (*stages, *shares) if first else (*shares, *stages)


def _stages(
    job: Job, stated: Mapping[str, float], options: str, n_gpus: int
) -> Iterator[tuple[dict[str, str], str]]:
    """Stages of a mixture of experts whose machines hold each expert once, the fewest first."""
    experts, tp = int(resolve(job.workload).dims["experts"]), int(stated.get("tp", 1))
    widths = [f"{job.degree('ep'):g}"] if "ep" in job.options else ["8", "64"]
    for ep in widths:
        for count in _STAGES[1:]:
            whole = n_gpus % (count * tp) == 0 and n_gpus // (count * tp) % int(ep) == 0
            if not whole or experts % int(ep):
                continue
            split = {"tp": f"{tp}", "pp": f"{count}"}
            more = "" if "ep" in job.options else f"ep={ep}"
            said = ", ".join(filter(None, (f"pp={count}", more)))
            yield {**split, "options": _joined(options, more, "sharding=zero1")}, said


def _joined(*options: str) -> str:
    return ";".join(filter(None, options))


def _formats(job: Job, row: Mapping[str, str]) -> Sequence[tuple[dict[str, str], str]]:
    """Narrower formats of a language model that answers, the widest first, of a row that states none.

    No split of the usual one's weights is held by the GPUs that the row ran on.
    """
    if job.trains or row["precision"].strip() or not is_language_model(resolve(job.workload)):
        return ()
    return [({"precision": name}, f"precision={name}") for name in NARROWER]


def _splits(job: Job, stated: Mapping[str, float], n_gpus: int) -> Sequence[tuple[dict[str, str], str]]:
    """Splits of a language model that learns, over a machine and further by layers; of others, that run."""
    speaks = is_language_model(resolve(job.workload))
    if not job.trains and not speaks and "tp" not in stated and n_gpus > 1:
        if n_gpus <= _MACHINE:
            return [({"tp": f"{n_gpus}"}, "tp over all GPUs")]
        # Each of several machines holds a copy.
        return [({"tp": f"{_MACHINE}"}, f"tp={_MACHINE}")] if n_gpus % _MACHINE == 0 else []
    if not (job.trains and speaks) or "pp" in stated or job.options.keys() & set(_OF_SPLIT):
        return ()
    tp = int(stated.get("tp", _MACHINE))
    dealt = [count for count in _STAGES if n_gpus % (count * tp) == 0]
    said = "" if "tp" in stated else f"tp={tp}, "
    return [({"tp": f"{tp}", "pp": f"{count}"}, f"{said}pp={count}") for count in dealt]
