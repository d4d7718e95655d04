"""Which command answers a question: "does Mixtral fit on a 4090?" is of `fit`, "A100 or L40S?" of `compare`.

What is wished and what is told of the job is read as for `recommend` (`questions/wanted.py`), which answers
whatever no other command does.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.measurement import TESTED, told
from whichgpu.audit.questions.asked import Asked
from whichgpu.audit.questions.gpus_named import devices_of, of_size
from whichgpu.audit.questions.gpus_named import on as on_named
from whichgpu.audit.questions.listing import listing
from whichgpu.audit.questions.question_of_clusters import of_a_cluster, of_a_machine
from whichgpu.audit.questions.question_of_gpus import (
    ABOUT,
    COMPARES,
    FORMAT,
    OWNING,
    Answering,
    in_place_of,
    of_gpus,
    of_one,
    of_terms,
    on_which,
    owned,
    review,
    whole,
)
from whichgpu.audit.questions.question_of_jobs import of_a_job, of_a_use, of_so_much, of_users_on_one, on_one
from whichgpu.audit.questions.question_of_servers import of_a_load
from whichgpu.audit.questions.recommending import as_meant, so_many_of, with_passes
from whichgpu.audit.questions.wanted import wanted
from whichgpu.audit.questions.wishes import POWER_LIMIT
from whichgpu.errors import UsageError
from whichgpu.hardware.names import resolve as resolve_gpu
from whichgpu.software.frameworks import mentioned
from whichgpu.workloads.subjects import models_by_size, without_engines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.catalogue import Catalogue

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
#: What is the largest that runs there: language models of every size, in the format of those who ask.
_LARGEST = re.compile(
    r"\b(?:(?:largest|biggest) (?:\w+ ){0,2}?(?:models?|llms?)"
    r"|(?:largest|biggest) (?:llama|qwen|gemma|mistral|deepseek|phi)(?![.\w-])"
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
_TUNES = re.compile(r"\bfine[- ]?tun|\bq?lora\b", re.I)
_SMALL = "w4a16"
#: What is called as cards are.
_CARD = re.compile(
    r"\b(?:(?:geforce|nvidia|radeon) )?(?:rtx|gtx|rx|arc|quadro|tesla) ?(?:pro )?[a-z]?\d{3,4}[a-z]?"
    r"(?: (?:ti|super|xtx?|gre|ada|\d{1,3} ?gb))*",
    re.I,
)


def answering(text: str, catalogue: Catalogue) -> Answering:
    """The command that answers a question, with what the question tells filled in.

    Raises `UsageError` where it names nothing that any is of.
    """
    text = whole(" ".join(text.split()), catalogue)
    devices = devices_of(text, catalogue)
    complains = _COMPLAINT.search(text) and not _SHOPS.search(text) and not POWER_LIMIT.search(text)
    if len(devices) == 1 and complains:
        with suppress(UsageError):
            told(text, catalogue)
            return Answering("diagnose", (text,))
    if found := _of_many(text, devices, catalogue):
        return found
    if (_LARGEST.search(text) or _ENOUGH_TO_LEARN.search(text)) and (
        on := on_named(text, devices, catalogue) or of_size(text, catalogue)
    ):
        return Answering("fit", models_by_size(text), (*on, _by_size(text)))
    try:
        (_, workload), *wishes = wanted(text, catalogue)
        wishes = with_passes(workload, wishes)
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
    return _in_formats(text, _of_wishes(Asked(text, workload, wishes, devices, catalogue)))


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
    told["precision"], names = several, found.names
    if found.command == "compare" and "workload" in told:
        names, gpus = (told.pop("workload"),), ",".join(names)
        told = {"gpu": gpus, **told}
    elif found.command != "predict":
        return found
    if ":" not in (gpus := told.get("gpu", ":")):
        # Each is to answer in the widest of them too.
        told["gpu"] = ",".join(so_many_of(names[0], gpu, several.split(",")) for gpu in gpus.split(","))
    return Answering("predict", names, tuple(told.items()))


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


def _of_wishes(asked: Asked) -> Answering:
    """What is asked of something that is to run."""
    text, workload, wishes, devices, catalogue = asked
    if "exclude" not in asked.told and (found := in_place_of(text, devices, catalogue)):
        return _in_place(asked, devices[0]) if asked.is_model and workload in text else found
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
    ways = (of_users_on_one, of_a_use, of_a_load, of_a_job, of_a_cluster, of_a_machine, of_so_much, on_one)
    found = next(filter(None, (way(asked) for way in ways)), None)
    return found or Answering("recommend", (workload,), as_meant(text, workload, tuple(wishes)))


def _in_place(asked: Asked, ids: Sequence[str]) -> Answering:
    """What can run a model that is named in place of the one GPU that is."""
    wishes = tuple(one for one in asked.wishes if one[0] not in ("gpus", "exclude"))
    return Answering("recommend", (asked.workload,), (*wishes, ("exclude", ",".join(ids))))


def _says(text: str, workload: str) -> bool:
    """Whether a question names a model, or the family that it is the usual one of: "Llama 70B"."""
    family = re.match(r"[a-z]{4,}", workload)
    return workload in text or bool(family and family[0] in without_engines(text.lower()))
