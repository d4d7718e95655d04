"""What is asked of a job on GPUs that are named: whether it fits, how fast it is, which of them does more."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.measurement import named_model
from whichgpu.audit.questions.asked import JOB, MONEY, PREDICT, SIZES
from whichgpu.audit.questions.gpus_named import of_size
from whichgpu.audit.questions.question_of_gpus import (
    COMPARES,
    WHICH,
    Answering,
    review,
    side_by_side,
    usual_jobs,
)
from whichgpu.audit.questions.recommending import is_let
from whichgpu.audit.text.quantities import SPELLED
from whichgpu.errors import UsageError
from whichgpu.planner.use import use
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from whichgpu.audit.questions.asked import Asked, Options

#: What is wished besides by one who asks of speed or room: what it is to run on.
_PLACE = {"workload", "gpus", "term", "min-memory"}
#: What is wished in place of a GPU that one has: a faster one. Where both are named they are compared.
_REPLACED = ("exclude", "objective")
_HOW_LONG = re.compile(
    r"\bhow (?:long|many (?:hours|days|minutes|weeks)|much time)\b"
    r"|\b(?:energy|electricity|kwh|co2|emissions?)\b",
    re.I,
)
_DOES = r"(?:run|load|host|handle|hold|do|train|fine-?tune|use|share|combine|pool)\b"
_FIT = re.compile(
    r"\bfits?\b|\bwh(?:ich|at) (?:quanti[sz]ation|quants?|precision|format)\b"
    r"|\bhow much (?:gpu |video )?(?:v?ram|memory)\b|\benough\b|\bout of memory\b|\bOOM\b"
    r"|\b(?:v?ram|(?:gpu|video) memory) (?:for|of)\b|\b(?:time|long|fast|quickly)\b.{0,20}\bto load\b"
    r"|\bmemory (?:for|to) (?:full |lora |qlora )?(?:train|fine|run|serv|load|infer|host|quant|pretrain)"
    r"|\b(?:v?ram|memory) (?:is |are |that is )?(?:needed|required|requirements?)\b"
    r"|\b(?:min(?:imum|imal)?|least|lowest|smallest) (?:amount of )?(?:gpu |video )?(?:v?ram|memory)\b"
    r"|\bbatch(?: size)? (?:can|could|will|fits)\b|\bbatch size (?:for|of|with|to|on|in|when)\b"
    r"|\b(?:what|which) (?:is the )?(?:max(?:imum)? |largest )?batch size\b"
    r"|\b(?:largest|biggest|longest|max(?:imum)?) (?:batch|context|sequence|prompt|resolution)\b"
    r"|\b(?:smallest|weakest|least powerful|minimum|minimal) (?:gpu|(?:graphics |video )?card)\b"
    r"|\bhow (?:long|large|big) (?:of )?an? (?:context|sequence|prompt|batch)\b"
    rf"|\bcan (?:I|we|you|one|it|an?|my|our|the|dual|\d|{'|'.join(SPELLED)}).{{0,60}}?\b{_DOES}"
    r"|\b(?:will|does|do|would|could) .{1,60} run on\b"
    r"|\b(?:will|would|could|does) (?:an?|my|our|the|one|two|\d) ?.{1,40}? (?:run|load|handle|manage|hold)\b"
    r"|^(?:run|load|train|fine-?tune|use) .{1,60} (?:on|with) (?:an? |my |one )?\d{1,3} ?GB\b"
    r"|\b(?:possible|feasible|doable)\b"
    # What a narrower format costs in quality is told with what fits.
    r"|\b(?:lose|loss|accuracy|quality)\b.{0,60}?\b(?:bits?|quanti[sz]\w+|fp8|fp4|int8|int4|q4|q8|awq|gptq)\b",
    re.I,
)
_BOTH = re.compile(r"\bprice[- /](?:to[- ])?performance\b|\bperformance per (?:dollar|euro|watt)\b", re.I)
#: That several models share a card.
_TOGETHER = re.compile(r"\b(?:and|plus|together|alongside|beside|besides|both|two models)\b|\+", re.I)
#: How many of one GPU do what another does.
_IN_PLACE = re.compile(
    r"\bhow many\b.{1,40}?\b(?:replaces?|equals?|match(?:es)?|make up|are worth|beat"
    r"|(?:is|are) (?:as fast as|equal|equivalent))\b",
    re.I,
)
#: How much is heard as it is said: a rate, and no question of room.
_STREAMS = re.compile(r"\bhow many (?:\w+ )?(?:audio |live )?(?:streams?|channels?|calls?)\b", re.I)
#: How much is made in a while.
_RATE_OF = re.compile(
    r"\bhow many (?:[\w.-]+ )?(?:images?|pictures?|tokens?|samples|sequences|videos?|frames|steps)"
    r"(?:/| per | an? )",
    re.I,
)


def of_a_use(asked: Asked) -> Answering | None:
    """What GPUs are for that are named, in a use without a model of its own: a comparison, or a review."""
    text, devices, catalogue = asked.text, asked.devices, asked.catalogue
    if asked.is_model or use(asked.workload) is None or {*asked.told} - {"gpus", *_REPLACED}:
        return None
    if len(devices) > 1 and COMPARES.search(text):
        return Answering("compare", side_by_side(devices, catalogue), usual_jobs(text))
    return review(text, devices, catalogue, whatever=not (WHICH.search(text) or MONEY.search(text)))


def of_a_job(asked: Asked) -> Answering | None:
    """What is asked of a job of which nothing is wished but where it runs; None of any other, or of a use."""
    text, workload, devices, job = asked.text, asked.workload, asked.devices, asked.job
    place = {*_PLACE, *(_REPLACED if len(devices) > 1 else ())}
    if len(job) + sum(name in place for name, _ in asked.wishes) < len(asked.wishes) or not asked.is_model:
        return None
    if _FIT.search(text) and not (devices and (_STREAMS.search(text) or _RATE_OF.search(text))):
        return _fits(asked)
    # What nobody lets is compared by what is known of it; a ranking by price would leave it out.
    held = len(devices) > 1 and (COMPARES.search(text) or _IN_PLACE.search(text))
    if MONEY.search(text) and not (held and _BOTH.search(text) and not all(map(is_let, devices))):
        return None
    if held:
        return _side_by_side(asked)
    if PREDICT.search(text):
        one = len(devices) == 1 and not asked.asks_number
        if one and not asked.so_many:
            job = asked.narrowed(job, devices[0])
        return _speed(asked, job) if one else None
    worth = review(text, devices, asked.catalogue) if workload not in text else None
    return worth._replace(options=(*worth.options, ("workload", workload), *job)) if worth else None


#: One GPU, and no number of them that is to be found.
_ON_ONE = re.compile(r"\b(?:on|from|with|by) (?:(?:just|only) )?(?:one|a single|an?|my|our)\b", re.I)


def of_users_on_one(asked: Asked) -> Answering | None:
    """How so many users fare who share one GPU that is named: "to 20 colleagues on one L40S"."""
    users = asked.told.get("users")
    plain = len(asked.devices) == 1 and {*asked.told} <= {*JOB, "gpus", "users"} and asked.is_model
    if (
        not users
        or not plain
        or not _ON_ONE.search(asked.text)
        or asked.asks_number
        or WHICH.search(asked.text)
    ):
        return None
    if MONEY.search(asked.text) or len(asked.devices[0]) > 1:
        return None
    job = (*asked.narrowed(asked.job, asked.devices[0]), ("concurrency", users))
    return Answering("predict", (asked.workload,), (*asked.on, *job))


def of_so_much(asked: Asked) -> Answering | None:
    """How long so much work takes on the GPUs that are named, where nothing limits it."""
    plain = {*asked.told} <= {*JOB, *SIZES, "gpus"} and asked.is_model
    if not (asked.devices and plain and _HOW_LONG.search(asked.text)):
        return None
    if WHICH.search(asked.text) or asked.asks_number:
        return None
    size, job = asked.only(SIZES), asked.narrowed(asked.only(JOB), asked.devices[0])
    return Answering("predict", (asked.workload,), (*asked.on, *job, *size)) if size else None


def on_one(asked: Asked) -> Answering | None:
    """How fast a job is on the one GPU that is named, where nothing else is asked: "SDXL on a 9070 XT"."""
    plain = len(asked.devices) == 1 and {*asked.told} <= {*JOB, "gpus"} and asked.is_model
    if not plain or WHICH.search(asked.text) or MONEY.search(asked.text) or asked.asks_number:
        return None
    return _speed(asked, asked.narrowed(asked.job, asked.devices[0]))


def _side_by_side(asked: Asked) -> Answering:
    """A job on GPUs that are held against each other: one of each, or as many as are told."""
    workload, job = asked.workload, asked.job
    if several := asked.so_many:
        return Answering("predict", (workload,), (("gpu", several), *asked.held_by_all(job, several)))
    shown = side_by_side(asked.devices, asked.catalogue)
    return Answering("compare", shown, (("workload", workload), *job))


def _fits(asked: Asked) -> Answering:
    """Whether a job fits, by itself or together with another model on the GPU that is named."""
    on = asked.on or of_size(asked.text, asked.catalogue)
    if on and (more := _besides(asked.text, asked.workload)):
        return Answering("fit", (asked.workload, more), (*on, ("together", "")))
    return Answering("fit", (asked.workload,), (*on, *asked.job))


def _besides(text: str, workload: str) -> str:
    """Another model that is to run beside the first one on the same card, or ''."""
    if workload not in text or not _TOGETHER.search(text):
        return ""
    with suppress(UsageError):
        other, _ = named_model(text.replace(workload, " ; ", 1), text)
        return other if other in text and resolve(other).id != resolve(workload).id else ""
    return ""


def _speed(asked: Asked, job: Options) -> Answering:
    """How fast a job is on a GPU, or on each that its name may mean."""
    on, devices = asked.on, asked.devices
    if len(devices[0]) == 1 or any(":" in names for _, names in on):
        return Answering("predict", (asked.workload,), (*on, *job))
    return Answering("compare", side_by_side(devices, asked.catalogue), (("workload", asked.workload), *job))
