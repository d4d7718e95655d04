"""Which command answers a question: "does Mixtral fit on a 4090?" is of `fit`, "A100 or L40S?" of `compare`.

What is wished and what is told of the job is read as for `recommend` (`questions/wanted.py`), which answers
whatever no other command does.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.measurement import TESTED, Told, named_model, told
from whichgpu.audit.measurement.devices import counted, device, named
from whichgpu.audit.questions.listing import listing
from whichgpu.audit.questions.question_of_gpus import (
    ABOUT,
    COMPARES,
    FORMAT,
    OWNING,
    WHICH,
    Answering,
    largest,
    of_gpus,
    of_one,
    of_terms,
    on_which,
    owned,
    review,
    side_by_side,
    usual_jobs,
    whole,
)
from whichgpu.audit.questions.recommending import as_meant, is_let, narrow
from whichgpu.audit.questions.wanted import wanted
from whichgpu.audit.questions.wishes import POWER_LIMIT
from whichgpu.audit.text.quantities import SPELLED
from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.hardware.names import resolve as resolve_gpu
from whichgpu.planner.use import use
from whichgpu.software.frameworks import mentioned
from whichgpu.units import GIB
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.phases import TRAINING
from whichgpu.workloads.subjects import SLO, models_by_size
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: What is wished besides by one who asks of speed or room: what it is to run on.
_PLACE = {"workload", "gpus", "term", "min-memory"}
#: What is wished in place of a GPU that one has: a faster one. Where both are named they are compared.
_REPLACED = ("exclude", "objective")
#: Wishes that other commands take as a column of the job.
_JOB = (
    "phase", "precision", "runtime", "resolution", "batch", "seq-len", "input-tokens", "output-tokens", "tp",
    "pp", "steps", "option",
)  # fmt: skip
#: How much is to be done, as `predict` takes it.
_SIZES = ("epochs", "samples", "tokens", "images", "hours-of-audio", "requests")
_HOW_LONG = re.compile(
    r"\bhow (?:long|many (?:hours|days|minutes|weeks)|much time)\b"
    r"|\b(?:energy|electricity|kwh|co2|emissions?)\b",
    re.I,
)
_COMPLAINT = re.compile(
    r"\b(?:normal|slow(?:er)?|only|just|barely|why|wrong|bottleneck|too (?:high|low|much|little)"
    r"|is (?:this|that|it) (?:ok|okay|good|bad|right|fine|expected|correct|low|high|weak|poor)"
    r"|is ~?\d[\d.,]* ?(?:[a-z]+ ?(?:/|per) ?[a-z]+|fps|m?s)\b[^?]{0,60}?\b(?:ok|okay|good|bad|right|fine"
    r"|fast|expected|plausible|realistic|reasonable)"
    r"|(?:gives|gets|does) (?:me )?\d|(?:good|ok|okay|bad|fine|right|fast|expected)(?=\?\W*$)"
    r"|(?<!can )(?<!could )(?<!will )(?<!would )(?:I|we)(?: am|'m|'re| are)? (?:get|got|see)(?:ting|ing)?)\b",
    re.I,
)
_SHOPS = re.compile(r"\b(?:buy|upgrade|which (?:gpu|card)s?)\b", re.I)
_DOES = r"(?:run|load|host|handle|hold|do|train|fine-?tune|use)\b"
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
    r"|\b(?:possible|feasible|doable)\b",
    re.I,
)
#: So much memory that is to be enough.
_SIZE = re.compile(
    r"\b(\d{1,3}) ?GB\b.{0,30}\benough\b"
    r"|\b(?:enough|fits?|run|load|hold|train|fine-?tune)\b.{0,60}?\b(\d{1,3}) ?GB\b"
    r"(?! (?:of )?(?:ram|data|disk)\b)"
    r"|\b(?:an?|my|our|one|on|with) (?:an? |only )?(\d{1,3}) ?GB"
    r"(?: (?:gpu|card|graphics card|video card|of v?ram|vram)\b|\W*$)",
    re.I,
)
#: What is the largest that runs there: language models of every size, in the format of those who ask.
_LARGEST = re.compile(
    r"\b(?:(?:largest|biggest) (?:\w+ ){0,2}?(?:models?|llms?)"
    r"|how (?:big|large) (?:of )?an? (?:\w+ )?(?:model|llm)"
    r"|(?:which|what) (?:\w+ ){0,2}?(?:models|llms) (?:can|could|will|do|does|fits?|runs?))\b",
    re.I,
)
#: Whether so much memory is enough, of no model that is named.
_ENOUGH_TO_LEARN = re.compile(
    r"\b\d{1,3} ?GB\b.{0,30}\benough for (?:(?:local|running|some|doing) )*"
    r"(?:AI|ML|LLMs?|(?:machine|deep) learning|language models|inference)\W*$",
    re.I,
)
_BOTH = re.compile(r"\bprice[- /](?:to[- ])?performance\b|\bperformance per (?:dollar|euro|watt)\b", re.I)
_TUNES = re.compile(r"\bfine[- ]?tun|\bq?lora\b", re.I)
_SMALL = "w4a16"
#: Cards since then have tensor cores for the formats of today, and drivers that are kept up.
_RECENT = "2020-09"
_MONEY = re.compile(r"\b(?:cheap\w*|cost\w*|price\w*|budget|afford\w*|rent\w*)\b", re.I)
_PREDICT = re.compile(
    r"\bhow (?:many (?!of\b)|fast\b|quick(?:ly)?\b|slow\b|good\b)"
    r"|\b(?:speed|throughput|performance|fps)\b|\b(?:is|are) .{1,60} (?:good|fast|quick|ok|okay|usable)\b"
    r"|\b(?:what(?:'s| is)?(?: the)?|which) latency\b|\blatency (?:of|for|on|with)\b"
    r"|\b(?:tokens?|tok|t|images?|imgs?|it|steps|samples|pictures?|videos?|clips?)(?:/| per | an? )"
    r"(?:s(?:ec(?:ond)?)?|min(?:ute)?|h(?:our)?|day)\b",
    re.I,
)
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
#: That several models share a card.
_TOGETHER = re.compile(r"\b(?:and|plus|together|alongside|beside|besides|both|two models)\b|\+", re.I)
#: How much is heard as it is said: a rate, and no question of room.
_STREAMS = re.compile(r"\bhow many (?:\w+ )?(?:audio |live )?(?:streams?|channels?|calls?)\b", re.I)
#: How much is made in a while.
_RATE_OF = re.compile(
    r"\bhow many (?:[\w.-]+ )?(?:images?|pictures?|tokens?|samples|sequences|videos?|frames|steps)"
    r"(?:/| per | an? )",
    re.I,
)
#: What is to be met, not asked.
_DEMANDS = {"slo", "target", "budget", "rate", "deadline", "max-power"}
#: How large a cluster has to be.
_HOW_MANY = re.compile(r"\bhow many\b|\bhow (?:large|big) (?:of )?a cluster\b|\bcluster size\b", re.I)
#: What is called as cards are.
_CARD = re.compile(
    r"\b(?:(?:geforce|nvidia|radeon) )?(?:rtx|gtx|rx|arc|quadro|tesla) ?(?:pro )?[a-z]?\d{3,4}[a-z]?"
    r"(?: (?:ti|super|xtx?|gre|ada|\d{1,3} ?gb))*",
    re.I,
)
#: "How many H100s": no speed, but a number of them.
_NUMBER_OF = re.compile(
    r"\b(?:how many|(?:(?:minimum|minimal|least|smallest|lowest) number|fewest) of|fewest) (?:\S+ ){0,2}$",
    re.I,
)


def answering(text: str, catalogue: Catalogue) -> Answering:
    """The command that answers a question, with what the question tells filled in.

    Raises `UsageError` where it names nothing that any is of.
    """
    text = whole(" ".join(text.split()), catalogue)
    devices = _devices(text, catalogue)
    complains = _COMPLAINT.search(text) and not _SHOPS.search(text) and not POWER_LIMIT.search(text)
    if len(devices) == 1 and complains:
        with suppress(UsageError):
            told(text, catalogue)
            return Answering("diagnose", (text,))
    if found := _of_many(text, devices, catalogue):
        return found
    if (_LARGEST.search(text) or _ENOUGH_TO_LEARN.search(text)) and (
        on := _on(text, devices, catalogue) or _of_size(text, catalogue)
    ):
        return Answering("fit", models_by_size(), (*on, _by_size(text)))
    try:
        (_, workload), *wishes = wanted(text, catalogue)
        if len(devices) == 1:
            # A cap on the one card that is named is of the job.
            wishes = [_capped(*one) for one in wishes]
    except UsageError:
        # What is asked of a GPU alone is a fact of it.
        fact = Answering("show", devices[0]) if len(devices) == 1 and len(devices[0]) == 1 else None
        other = of_gpus(text, devices, catalogue) or review(text, devices, catalogue) or fact
        if other or (not devices and (other := of_terms(text))):
            return other
        if not devices and (named_ := _CARD.search(text)):
            # Which there is not says its nearest kin.
            resolve_gpu(named_[0], catalogue)
        raise
    return _in_formats(text, _of_wishes(text, workload, wishes, devices, catalogue))


def _by_size(text: str) -> tuple[str, str]:
    """How models of every size are to be held: adapters trained, where somebody tunes, else in few bits."""
    tunes = _TUNES.search(text)
    if tunes is None:
        return "precision", _SMALL
    return "phase", "finetune_qlora" if re.search(r"\bqlora\b", text, re.I) else "finetune_lora"


def _capped(name: str, said: str) -> tuple[str, str]:
    return ("option", f"power_limit={said}") if name == "power-limit" else (name, said)


def _in_formats(text: str, found: Answering) -> Answering:
    """Of formats that are held against each other each: "how much faster is FP8 than BF16"."""
    told = dict(found.options)
    several = ",".join(dict.fromkeys(one.lower() for one in FORMAT.findall(text)))
    if "," not in several or "precision" not in told or not COMPARES.search(text):
        return found
    told["precision"] = several
    if found.command == "compare" and "workload" in told:
        workload = told.pop("workload")
        return Answering("predict", (workload,), (("gpu", ",".join(found.names)), *told.items()))
    return found._replace(options=tuple(told.items())) if found.command == "predict" else found


def _of_many(
    text: str, devices: Sequence[tuple[str, ...]], catalogue: Catalogue
) -> Answering | None:  # fmt: skip
    """A list of GPUs, or those that software runs on; what is asked of one, or of its architecture."""
    if found := of_one(text, devices, catalogue):
        return found
    if not devices and (runs := on_which(text)):
        return runs
    command, kinds = listing(text, catalogue)
    return Answering(command, (), kinds) if command else None


def _of_wishes(
    text: str, workload: str, wishes: Sequence[tuple[str, str]], devices: Sequence[tuple[str, ...]],
    catalogue: Catalogue,
) -> Answering:  # fmt: skip
    """What is asked of something that is to run."""
    # A framework alone stands for its usual model, and a quantity of a GPU for what measures it.
    if not _says(text, workload) and (workload in TESTED or any(mentioned(text)) or ABOUT.search(text)):
        other = of_gpus(text, devices, catalogue)
        if other and (other.command != "compare" or len(devices) == 1):
            return other
    if OWNING.search(text):
        ids = tuple(dict.fromkeys(key for some in devices for key in some))
        if len(ids) == 1:
            return Answering("prices own", ids, owned(text))
        any_term = (*(one for one in wishes if one[0] != "term"), ("term", "any"))
        return Answering("recommend", (workload,), any_term)
    return (
        _of_a_use(text, workload, wishes, devices, catalogue)
        or _of_a_load(text, workload, wishes, devices, catalogue)
        or _of_a_job(text, workload, wishes, devices, catalogue)
        or _of_a_cluster(text, workload, wishes, devices, catalogue)
        or _of_a_machine(text, workload, wishes, devices, catalogue)
        or _of_so_much(text, workload, wishes, devices, catalogue)
        or _on_one(text, workload, wishes, devices, catalogue)
        or Answering("recommend", (workload,), as_meant(text, workload, tuple(wishes)))
    )


def _says(text: str, workload: str) -> bool:
    """Whether a question names a model, or the family that it is the usual one of: "Llama 70B"."""
    family = re.match(r"[a-z]{4,}", workload)
    return workload in text or bool(family and family[0] in text.lower())


def _of_so_much(
    text: str, workload: str, wishes: Sequence[tuple[str, str]], devices: Sequence[tuple[str, ...]],
    catalogue: Catalogue,
) -> Answering | None:  # fmt: skip
    """How long so much work takes on the GPUs that are named, where nothing limits it."""
    plain = {name for name, _ in wishes} <= {*_JOB, *_SIZES, "gpus"} and _is_model(workload)
    if not (devices and plain and _HOW_LONG.search(text)) or WHICH.search(text) or _counted(text, catalogue):
        return None
    told = dict(wishes)
    size = tuple((name, told[name]) for name in _SIZES if name in told)
    job = _narrowed(
        workload, tuple((name, told[name]) for name in _JOB if name in told), devices[0], catalogue
    )
    return Answering("predict", (workload,), (*_on(text, devices, catalogue), *job, *size)) if size else None


def _narrowed(
    workload: str, job: tuple[tuple[str, str], ...], ids: Sequence[str], catalogue: Catalogue, count: int = 1
) -> tuple[tuple[str, str], ...]:
    """The columns of a job with the format that its weights are run in on a card that does not hold them."""
    rooms = [float(catalogue[key].value("memory") or 0.0) for key in ids]
    some = narrow(workload, dict(job), count * max(rooms, default=0.0))
    return (*job, ("precision", some)) if some else job


def _held_by_all(
    workload: str, job: tuple[tuple[str, str], ...], several: str, catalogue: Catalogue
) -> tuple[tuple[str, str], ...]:
    """The columns of a job in the format that the least of some machines holds, so that each answers."""
    parts = (one.partition(":") for one in several.split(","))
    _, least, count = min(
        (int(many or 1) * float(catalogue[key].value("memory") or 0.0), key, int(many or 1))
        for key, _, many in parts
    )
    return _narrowed(workload, job, (least,), catalogue, count)


def _on_one(
    text: str, workload: str, wishes: Sequence[tuple[str, str]], devices: Sequence[tuple[str, ...]],
    catalogue: Catalogue,
) -> Answering | None:  # fmt: skip
    """How fast a job is on the one GPU that is named, where nothing else is asked: "SDXL on a 9070 XT"."""
    job = tuple((name, said) for name, said in wishes if name in _JOB)
    plain = len(devices) == 1 and {name for name, _ in wishes} <= {*_JOB, "gpus"} and _is_model(workload)
    if not plain or WHICH.search(text) or _MONEY.search(text) or _counted(text, catalogue):
        return None
    job = _narrowed(workload, job, devices[0], catalogue)
    return _speed(workload, devices, _on(text, devices, catalogue), job, catalogue)


def _of_a_use(
    text: str, workload: str, wishes: Sequence[tuple[str, str]], devices: Sequence[tuple[str, ...]],
    catalogue: Catalogue,
) -> Answering | None:  # fmt: skip
    """What GPUs are for that are named, in a use without a model of its own: a comparison, or a review."""
    if _is_model(workload) or use(workload) is None or {name for name, _ in wishes} - {"gpus", *_REPLACED}:
        return None
    if len(devices) > 1 and COMPARES.search(text):
        return Answering("compare", side_by_side(devices, catalogue), usual_jobs(text))
    return review(text, devices, catalogue, whatever=not (WHICH.search(text) or _MONEY.search(text)))


def _of_a_job(
    text: str, workload: str, wishes: Sequence[tuple[str, str]], devices: Sequence[tuple[str, ...]],
    catalogue: Catalogue,
) -> Answering | None:  # fmt: skip
    """What is asked of a job of which nothing is wished but where it runs; None of any other, or of a use."""
    job = tuple((name, said) for name, said in wishes if name in _JOB)
    place = {*_PLACE, *(_REPLACED if len(devices) > 1 else ())}
    if len(job) + sum(name in place for name, _ in wishes) < len(wishes) or not _is_model(workload):
        return None
    if _FIT.search(text) and not (devices and (_STREAMS.search(text) or _RATE_OF.search(text))):
        return _fits(text, workload, devices, job, catalogue)
    # What nobody lets is compared by what is known of it; a ranking by price would leave it out.
    held = len(devices) > 1 and COMPARES.search(text)
    if _MONEY.search(text) and not (held and _BOTH.search(text) and not all(map(is_let, devices))):
        return None
    if held:
        return _side_by_side(text, workload, devices, job, catalogue)
    if _PREDICT.search(text):
        one = len(devices) == 1 and not _counted(text, catalogue)
        if one and not _so_many(text, devices, catalogue):
            job = _narrowed(workload, job, devices[0], catalogue)
        return _speed(workload, devices, _on(text, devices, catalogue), job, catalogue) if one else None
    worth = review(text, devices, catalogue) if workload not in text else None
    return worth._replace(options=(*worth.options, ("workload", workload), *job)) if worth else None


def _side_by_side(
    text: str, workload: str, devices: Sequence[tuple[str, ...]], job: tuple[tuple[str, str], ...],
    catalogue: Catalogue,
) -> Answering:  # fmt: skip
    """A job on GPUs that are held against each other: one of each, or as many as are told."""
    if several := _so_many(text, devices, catalogue):
        job = _held_by_all(workload, job, several, catalogue)
        return Answering("predict", (workload,), (("gpu", several), *job))
    return Answering("compare", side_by_side(devices, catalogue), (("workload", workload), *job))


def _fits(
    text: str, workload: str, devices: Sequence[tuple[str, ...]], job: tuple[tuple[str, str], ...],
    catalogue: Catalogue,
) -> Answering:  # fmt: skip
    """Whether a job fits, by itself or together with another model on the GPU that is named."""
    on = _on(text, devices, catalogue) or _of_size(text, catalogue)
    if on and (more := _besides(text, workload)):
        return Answering("fit", (workload, more), (*on, ("together", "")))
    return Answering("fit", (workload,), (*on, *job))


def _besides(text: str, workload: str) -> str:
    """Another model that is to run beside the first one on the same card, or ''."""
    if workload not in text or not _TOGETHER.search(text):
        return ""
    with suppress(UsageError):
        other, _ = named_model(text.replace(workload, " ; ", 1), text)
        return other if other in text and resolve(other).id != resolve(workload).id else ""
    return ""


def _of_a_load(
    text: str, workload: str, wishes: Sequence[tuple[str, str]], devices: Sequence[tuple[str, ...]],
    catalogue: Catalogue,
) -> Answering | None:  # fmt: skip
    """How fast a server on GPUs that are there is under a load; None where it is to meet something.

    One who asks for the time to a first token, and tells no load, is alone.
    """
    named_ = dict(wishes)
    if not (devices and _is_model(workload) and _waits(text, named_.get("phase", "serve"))):
        return None
    if _counted(text, catalogue):
        return None
    others = _DEMANDS & {*named_} - {"rate"}
    if "rate" in named_ and len(devices) == 1 and _TIMES.search(text) and not others:
        return _at_rate(text, workload, named_, devices, catalogue)
    load = ("concurrency", named_.get("users") or ("1" if _FIRST.search(text) else ""))
    if most := _HOLDS.search(text) if "users" not in named_ and len(devices) == 1 else None:
        load = "slo", named_.pop("slo", SLO)
    if not load[1] or _DEMANDS & {*named_}:
        return None
    if "serve" not in resolve(workload).phases or not is_language_model(resolve(workload)):
        return None
    job = tuple((name, said) for name, said in wishes if name in _JOB and name != "phase")
    several = _so_many(text, devices, catalogue)
    # The largest load is of one device: of the forms of a name the largest.
    one = (largest(devices[0], catalogue),) if most else side_by_side(devices, catalogue)
    on = (("gpu", several or ",".join(one)),)
    phase = () if most else (("phase", "serve"),)
    return Answering("predict", (workload,), (*on, *job, *phase, load))


def _waits(text: str, phase: str) -> bool:
    """Whether it is asked how a server does on GPUs that are there, not which to take or what it costs."""
    asked = _PREDICT.search(text) or _WAITS.search(text) or _HOLDS.search(text)
    serves = phase in ("serve", "prefill")
    return bool(asked and serves and not (WHICH.search(text) or _MONEY.search(text)))


def _at_rate(
    text: str, workload: str, told: Mapping[str, str], devices: Sequence[tuple[str, ...]],
    catalogue: Catalogue,
) -> Answering:  # fmt: skip
    """How long requests wait that arrive at a rate, on the GPUs that are there."""
    job = tuple((name, told[name]) for name in _JOB if name in told and name != "phase")
    on = _so_many(text, devices, catalogue) or largest(devices[0], catalogue)
    return Answering("predict", (workload,), (("gpu", on), *job, ("rate", told["rate"])))


def _of_a_cluster(
    text: str, workload: str, wishes: Sequence[tuple[str, str]], devices: Sequence[tuple[str, ...]],
    catalogue: Catalogue,
) -> Answering | None:  # fmt: skip
    """How many GPUs train so many tokens by a time; of what is trained on no more than a few no cluster."""
    named_ = dict(wishes)
    if not (_HOW_MANY.search(text) and _is_model(workload) and len(devices) <= 1):
        return None
    if named_.get("phase") not in ("train", "pretrain") or not {"tokens", "deadline"} <= {*named_}:
        return None
    if {*named_} - {*_JOB, "gpus", "tokens", "deadline"}:
        return None
    gpu = largest(devices[0], catalogue) if devices else store.load("usual")["usual"]["cluster"]["gpu"]
    job = tuple((name, said) for name, said in wishes if name in _JOB and name != "phase")
    asked = (("gpus", gpu), ("tokens", named_["tokens"]), ("within", named_["deadline"]))
    return Answering("sweep", (workload,), (*asked, *job))


def _of_a_machine(
    text: str, workload: str, wishes: Sequence[tuple[str, str]], devices: Sequence[tuple[str, ...]],
    catalogue: Catalogue,
) -> Answering | None:  # fmt: skip
    """What is asked of so many GPUs that are there, where `recommend` would ask how many.

    A training of so many tokens is that of a cluster, in the form of a shared name that has the most links
    and memory; anything else how fast it is and what it costs. None where it is asked which to take.
    """
    named_ = dict(wishes)
    if not (_is_model(workload) and (several := _so_many(text, devices, catalogue))):
        return None
    # Which of those that are named, so many of each, is asked of their figures side by side.
    which = WHICH.search(text) and len(devices) == 1
    if which or {"budget", "slo", "target", "users", "rate", "deadline"} & {*named_}:
        return None
    job = tuple((name, said) for name, said in wishes if name in _JOB)
    trains = named_.get("phase") in TRAINING
    if trains and "tokens" in named_ and len(devices) == 1:
        count = several.rpartition(":")[2]
        cluster = f"{largest(devices[0], catalogue)}:{count}"
        return Answering("sweep", (workload,), (("gpus", cluster), ("tokens", named_["tokens"]), *job))
    size = tuple((name, named_[name]) for name in _SIZES if name in named_)
    return Answering("predict", (workload,), (("gpu", several), *job, *size))


def _is_model(name: str) -> bool:
    """Whether a name is a model on file, also with a tag behind it, and no use."""
    with suppress(UsageError):
        return use(name) is None and bool(resolve(name).id)
    return False


def _so_many(text: str, devices: Sequence[tuple[str, ...]], catalogue: Catalogue) -> str:
    """The GPUs as `--gpu` takes them, where a number is told of one of them; of each name alike many."""
    numbers = dict.fromkeys(devices, 0)
    for ids, count in counted(text, catalogue):
        numbers[ids] = max(numbers.get(ids, 0), count)
    if max(numbers.values(), default=0) < 2:
        return ""
    typed = {key: f"{key}:{count}" if count > 1 else key for ids, count in numbers.items() for key in ids}
    shown = side_by_side(devices, catalogue)
    return ",".join(said for key, said in typed.items() if key in shown)


def _speed(
    workload: str, devices: Sequence[tuple[str, ...]], on: tuple[tuple[str, str], ...],
    job: tuple[tuple[str, str], ...], catalogue: Catalogue,
) -> Answering:  # fmt: skip
    """How fast a job is on a GPU, or on each that its name may mean."""
    if len(devices[0]) == 1 or any(":" in names for _, names in on):
        return Answering("predict", (workload,), (*on, *job))
    return Answering("compare", side_by_side(devices, catalogue), (("workload", workload), *job))


def _devices(text: str, catalogue: Catalogue) -> list[tuple[str, ...]]:
    """The GPUs that are named, each with what its name may mean."""
    return list(dict.fromkeys(ids for ids, _ in counted(text, catalogue)))


def _on(text: str, devices: Sequence[tuple[str, ...]], catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    """The option of the GPUs, with how many of it where one is named."""
    names = tuple(key for some in devices for key in some)
    if len(devices) == 1:
        with suppress(UsageError):
            one, may_be, _ = device(text, catalogue)
            names = Told("", one, "", {}, may_be).gpus
    # Of the forms that a name may mean those are answered of which the memory was read.
    names = tuple(one for one in names if ":" in one or catalogue[one].value("memory")) or names
    return (("gpu", ",".join(names)),) if names else ()


def _of_size(text: str, catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    """The option of a GPU for so much memory as somebody asks whether it is enough: the fastest for games."""
    asked = _SIZE.search(text)
    size = float(asked[1] or asked[2] or asked[3]) * GIB if asked else 0.0
    # A little of what a card is sold with is not there to use.
    alike = [
        gpu for gpu in catalogue.values()
        if size and not gpu.user and gpu.usable and 0.93 < float(gpu.value("memory") or 0.0) / size <= 1.0
    ]  # fmt: skip
    ours = [gpu for gpu in alike if gpu.vendor == "NVIDIA"]
    for segment in ("geforce", "workstation", "datacenter"):
        if some := [gpu for gpu in ours if gpu.segment == segment]:
            return (("gpu", max(some, key=_of_today).id),)
    return (("gpu", max(alike, key=_of_today).id),) if alike else ()


def _of_today(gpu: Gpu) -> tuple[bool, float]:
    """By what a card of so much memory is likely to be: one with tensor cores that count, the fastest."""
    return str(gpu.value("release_date") or "") >= _RECENT, float(gpu.value("fp16") or 0.0)


def _counted(text: str, catalogue: Catalogue) -> bool:
    """Whether a number of GPUs is asked for."""
    return any(_NUMBER_OF.search(text[: one.start]) for one in named(text, catalogue))
