"""What is asked of many GPUs: how many of them train so much in time, and what so many that are there do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.questions.asked import JOB, SIZES
from whichgpu.audit.questions.question_of_gpus import WHICH, Answering, largest
from whichgpu.facts import store
from whichgpu.workloads.phases import TRAINING

if TYPE_CHECKING:
    from whichgpu.audit.questions.asked import Asked

#: How large a cluster has to be.
_HOW_MANY = re.compile(r"\bhow many\b|\bhow (?:large|big) (?:of )?a cluster\b|\bcluster size\b", re.I)


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
    and memory; anything else how fast it is and what it costs. None where it is asked which to take.
    """
    told, devices = asked.told, asked.devices
    if not (asked.is_model and (several := asked.so_many)):
        return None
    # Which of those that are named, so many of each, is asked of their figures side by side.
    which = WHICH.search(asked.text) and len(devices) == 1
    if which or {"budget", "slo", "target", "users", "rate", "deadline"} & {*told}:
        return None
    if told.get("phase") in TRAINING and "tokens" in told and len(devices) == 1:
        cluster = f"{largest(devices[0], asked.catalogue)}:{several.rpartition(':')[2]}"
        size = (("gpus", cluster), ("tokens", told["tokens"]))
        return Answering("sweep", (asked.workload,), (*size, *asked.job))
    return Answering("predict", (asked.workload,), (("gpu", several), *asked.job, *asked.only(SIZES)))
