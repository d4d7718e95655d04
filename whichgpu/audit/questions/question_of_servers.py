"""What is asked of a server on GPUs that are there: how long one waits, what it carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.questions.asked import JOB, MONEY, PREDICT
from whichgpu.audit.questions.question_of_gpus import WHICH, Answering, largest, side_by_side
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.subjects import SLO
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from whichgpu.audit.questions.asked import Asked

#: What a server is asked about: how long one waits, and what comes of a load that it is told.
_WAITS = re.compile(
    r"\b(?:ttft|time to (?:the )?first token|tpot|itl|time per (?:output )?token|latency|how long)\b", re.I
)
_TIMES = re.compile(r"\b(?:ttft|tpot|itl|latency|p50|p9\d|response times?|how long)\b", re.I)
_FIRST = re.compile(
    r"\b(?:ttft|time to (?:the )?first token|how long (?:does|will|is|for) .{0,30}?prefill)\b", re.I
)
#: What the largest load is asked by.
_HOLDS = re.compile(
    r"\b(?:max(?:imum)?|most|how many) (?:number of )?(?:(?:concurrent|simultaneous|parallel) )*"
    r"(?:users|clients|people|sessions|chats|customers|employees"
    r"|(?:concurrent|simultaneous|parallel) requests)\b",
    re.I,
)
#: What is to be met, not asked.
_DEMANDS = {"slo", "target", "budget", "rate", "deadline", "max-power"}


def of_a_load(asked: Asked) -> Answering | None:
    """How fast a server on GPUs that are there is under a load; None where it is to meet something.

    One who asks for the time to a first token, and tells no load, is alone.
    """
    text, devices, told = asked.text, asked.devices, asked.told
    if not (devices and asked.is_model and _waits(text, told.get("phase", "serve"))) or asked.asks_number:
        return None
    others = _DEMANDS & {*told} - {"rate"}
    if "rate" in told and len(devices) == 1 and _TIMES.search(text) and not others:
        return _at_rate(asked)
    load = ("concurrency", told.get("users") or ("1" if _FIRST.search(text) else ""))
    if most := _HOLDS.search(text) if "users" not in told and len(devices) == 1 else None:
        load = "slo", told.pop("slo", SLO)
    workload = resolve(asked.workload)
    if not load[1] or _DEMANDS & {*told} or "serve" not in workload.phases or not is_language_model(workload):
        return None
    job = tuple((name, said) for name, said in asked.job if name != "phase")
    # The largest load is of one device: of the forms of a name the largest.
    one = (largest(devices[0], asked.catalogue),) if most else side_by_side(devices, asked.catalogue)
    phase = () if most else (("phase", "serve"),)
    on = ("gpu", asked.so_many or ",".join(one))
    return Answering("predict", (asked.workload,), (on, *job, *phase, load))


def _waits(text: str, phase: str) -> bool:
    """Whether it is asked how a server does on GPUs that are there, not which to take or what it costs."""
    asked = PREDICT.search(text) or _WAITS.search(text) or _HOLDS.search(text)
    serves = phase in ("serve", "prefill")
    return bool(asked and serves and not (WHICH.search(text) or MONEY.search(text)))


def _at_rate(asked: Asked) -> Answering:
    """How long requests wait that arrive at a rate, on the GPUs that are there."""
    job = asked.only([name for name in JOB if name != "phase"])
    on = asked.so_many or largest(asked.devices[0], asked.catalogue)
    return Answering("predict", (asked.workload,), (("gpu", on), *job, ("rate", asked.told["rate"])))
