"""What a question leaves to `recommend` and does not say, since people take it for granted."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.questions.wishes import AT_HOME, IN_A_PC
from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.use import use
from whichgpu.prices.best import price
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.phases import TRAINING
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: At home and under a desk no module fits that servers take.
_DESK = re.compile(rf"{AT_HOME}|\b(?:desktop|gaming pc|my pc)\b|{IN_A_PC}", re.I)
_CHEAP = re.compile(
    r"\b(?:cheap\w*|afford\w*|least|lowest|minimum|minimal|value|bang|economical|save|saving"
    r"|cost[- ]?(?:effective|efficient)|per (?:dollar|euro|buck))\b",
    re.I,
)
_HOSTS = re.compile(
    r"\b(?:host(?:ing|ed)?|deploy(?:ing|ed)?|run(?:ning)? (?:a|my|our) (?:bot|assistant))\b", re.I
)
#: Programs that run a model in a narrow format of their own unasked.
_OWN_FORMAT = re.compile(r"ollama|llama\.?-?cpp|lm ?studio|gguf|mlx|exllama|mlc", re.I)
#: What says how much is to be done: without it the cheapest result comes first, which for a purse is little.
_LOADS = frozenset((
    "users", "rate", "slo", "target", "deadline", "latency", "epochs", "samples", "tokens", "images",
    "requests", "hours-of-audio",
))  # fmt: skip


def with_passes(workload: str, wishes: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The wishes, with how often a trainer sees so many samples unasked, where that is not told."""
    told = dict(wishes)
    if told.get("phase") not in TRAINING or "samples" not in told or "epochs" in told:
        return list(wishes)
    usual: Mapping[str, int] = store.load("usual")["usual"]["epochs"]
    try:
        name = resolve(workload).id
    except UsageError:
        return list(wishes)
    passes = next((each for begins, each in usual.items() if name.startswith(begins)), 0)
    return [*wishes, *((("epochs", str(passes)),) if passes else ())]


def as_meant(text: str, workload: str, wishes: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The wishes of a question for `recommend`, with what goes without saying.

    At home: a place in a desktop. For a language model there, or in a laptop, whatever format is best and one
    user. So much money to buy with and no work that ends: the most that it buys. A model that is hosted for
    nobody knows how many: at least one user. GPUs that nobody lets on demand: on any terms.
    """
    told = dict(wishes)
    language = _is_language(workload)
    more: dict[str, str] = {}
    trains = told.get("phase") in TRAINING
    at_home = _DESK.search(text) and "gpus" not in told and told.get("term") == "buy" and "needs" not in told
    if at_home:
        more["needs"] = "desktop"
    own = at_home or told.get("needs") == "laptop"
    if own and language and not trains and "precision" not in told:
        more["precision"] = "any"
    loaded = bool(_LOADS & {*told})
    if own and language and not trains and not loaded and "budget" not in told and "objective" not in told:
        # One reads what is written at home.
        more["users"] = "1"
    if (
        "/" not in told.get("budget", "/")
        and not loaded
        and "objective" not in told
        and not _CHEAP.search(text)
    ):
        more["objective"] = "throughput"
    if language and not loaded and _HOSTS.search(text) and told.get("phase", "serve") == "serve":
        more["users"] = "1"
    if (
        "gpus" in told
        and not {"term", "providers", "region"} & {*told}
        and not is_let(told["gpus"].split(","))
    ):
        more["term"] = "any"
    return (*wishes, *more.items())


def is_let(gpus: Sequence[str]) -> bool:
    """Whether one of the GPUs is let on demand by anybody on file, or the names are not of single GPUs."""
    known = catalogue()
    named = [known[key] for key in gpus if key in known]
    return not named or any(price(gpu, date.today()) for gpu in named)


def narrow(workload: str, job: Mapping[str, str], memory: float) -> str:
    """The format in which a model runs on a card that does not hold it as published; '' where it does.

    `memory` is that of all GPUs it runs on, bytes.
    """
    from whichgpu.workloads.counts import counts

    own = _OWN_FORMAT.search(job.get("runtime", ""))
    if own or "precision" in job or job.get("phase") in TRAINING or not memory:
        return ""
    model = resolve(workload)
    weights = 2.0 * counts(model).parameters
    if weights < _ROOM * memory:
        return ""
    if is_language_model(model):
        return "4 bit" if weights / 3.6 < memory else ""
    return "fp8" if weights / 2.0 < _ROOM * memory else ""


def so_many_of(workload: str, gpu: str, formats: Sequence[str]) -> str:
    """A GPU as `--gpu` takes it, as many of it as hold a model in the widest of some formats."""
    from whichgpu.workloads.counts import counts

    memory = float(catalogue()[gpu].value("memory") or 0.0) if gpu in catalogue() else 0.0
    if not memory:
        return gpu
    width = max((int(bits[0]) for each in formats if (bits := re.search(r"\d+", each))), default=16) / 8.0
    weights, number = width * counts(resolve(workload)).parameters, 1
    while weights > _ROOM * memory * number and number < _MOST:
        number *= 2
    return f"{gpu}:{number}" if number > 1 else gpu


#: GPUs of a machine, at most.
_MOST = 8
#: How much of a card weights may take, so that the work itself has room.
_ROOM = 0.93


def _is_language(workload: str) -> bool:
    try:
        return use(workload) is None and is_language_model(resolve(workload))
    except UsageError:
        return False
