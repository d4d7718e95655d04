"""What is asked of many GPUs: how many of them train so much in time, and what so many that are there do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.questions.asked import JOB, SIZES
from whichgpu.audit.questions.question_of_gpus import WHICH, Answering, largest
from whichgpu.facts import store
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.phases import TRAINING
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from whichgpu.audit.questions.asked import Asked

#: How large a cluster has to be.
_HOW_MANY = re.compile(r"\bhow many\b|\bhow (?:large|big) (?:of )?a cluster\b|\bcluster size\b", re.I)


#: How a model is to be shared out: "best parallelism for 70B on 64 H100", "TP or PP?".
_STRATEGY = re.compile(
    r"\bparallelism\b|\bparalleli[sz]e\b"
    r"|\b(?:parallel|sharding|distributed|scaling) (?:strateg|config|layout|set-?up)"
    r"|\b(?:tp|pp|ep)\b.{0,12}\b(?:tp|pp|ep|dp|fsdp)\b",
    re.I,
)
#: How much sooner more GPUs are done: "how does it scale from 1 to 8", "scaling efficiency".
_SCALES = re.compile(
    r"\bscal(?:e|es|ing)\b.{0,60}?\b(?:from )?(?:1|one|a single) (?:gpu |card )?to\b"
    r"|\bscaling (?:curve|efficiency|factor)"
    r"|\bhow (?:well |far )?(?:does|do|will|would|can)\b.{0,60}?\bscale\b",
    re.I,
)
#: What is asked of machines at work, however it is shared out.
_DRAW = re.compile(r"\b(?:power|watts?|energy|electric\w*|consum\w*|draws?)\b", re.I)
#: B of a weight that trains: it and its gradient in 16 bits, 12 of states (ZeRO, section 3.1).
_STATES = 16.0
#: Trainings of all weights.
_WHOLE = ("train", "pretrain", "finetune_full")


def of_a_cluster(asked: Asked) -> Answering | None:
    """How many GPUs train so many tokens by a time; of what is trained on no more than a few no cluster."""
    told, devices = asked.told, asked.devices
    if not (_HOW_MANY.search(asked.text) and asked.is_model and len(devices) <= 1):
        return None
    if told.get("phase") not in ("train", "pretrain") or not {"tokens", "deadline"} <= {*told}:
        return None
    if {*told} - {*JOB, "gpus", "tokens", "deadline"}:
        return None
    gpu = largest(devices[0], asked.catalogue) if devices else store.load("usual")["usual"]["cluster"]["gpu"]
    job = tuple((name, said) for name, said in asked.job if name != "phase")
    size = (("gpus", gpu), ("tokens", told["tokens"]), ("within", told["deadline"]))
    return Answering("sweep", (asked.workload,), (*size, *job))


def of_a_machine(asked: Asked) -> Answering | None:
    """What is asked of so many GPUs that are there, where `recommend` would ask how many.

    A training of so many tokens is that of a cluster, in the form of a shared name that has the most links
    and memory, and so is one that has to be shared out, or is asked how to be; anything else how fast it is
    and what it costs. None where it is asked which to take.
    """
    told, devices = asked.told, asked.devices
    if not (asked.is_model and (several := asked.so_many)):
        return None
    # Which of those that are named, so many of each, is asked of their figures side by side.
    meshed = bool(_STRATEGY.search(asked.text))
    which = WHICH.search(asked.text) and len(devices) == 1 and not meshed
    if which or {"budget", "slo", "target", "users", "rate", "deadline"} & {*told}:
        return None
    if told.get("phase") in TRAINING and len(devices) == 1:
        gpu, scales = largest(devices[0], asked.catalogue), bool(_SCALES.search(asked.text))
        if "tokens" in told or meshed or _is_shared_out(asked, gpu) or (scales and _is_language(asked)):
            size = (("gpus", f"{gpu}:{several.rpartition(':')[2]}"), *asked.only(("tokens",)))
            return Answering("sweep", (asked.workload,), (*size, *asked.job, *((("scaling", ""),) * scales)))
    return Answering("predict", (asked.workload,), (("gpu", several), *asked.job, *asked.only(SIZES)))


def _is_language(asked: Asked) -> bool:
    """Whether a language model is asked about."""
    return is_language_model(resolve(asked.workload))


def _is_shared_out(asked: Asked, gpu: str) -> bool:
    """Whether all weights of a language model train, and one GPU has no room for them with their states."""
    if asked.told.get("phase") not in _WHOLE or _DRAW.search(asked.text) or not _is_language(asked):
        return False
    weights = sum(resolve(asked.workload).parameters().values())
    return _STATES * weights > float(asked.catalogue[gpu].value("memory") or 0.0)
