"""What a model needs by its weights and by the memory model, and the verdict on what is said of it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.models import AROUND, TRAINS, Format, models
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.errors import WhichGpuError
from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.models import Model
    from whichgpu.audit.text.quantities import Quantity


#: Bytes of a weight: of the common format, and of the smallest in use (2.5 bits with its scales).
_COMMON, _LEAST = Format(2.0, 2.0, "16 bit"), 0.34

#: The weights by themselves, and how far from them a figure is wrong then.
_ALONE = re.compile(
    r"\b(?:weights alone|for (?:just |only )?(?:the|its) weights\b(?! and| plus)|(?:the|its) "
    r"(?:[bf]?p?f?\d{1,2} |\d{1,2}-bit )?weights (?:alone )?(?:are|occupy|take|need|come to|weigh)|weighs|"
    r"(?:just|only) (?:for )?(?:the|its) weights|alone for (?:the|its) weights)\b",
    re.IGNORECASE,
)

REACH, UNLIKE = 40, 0.3

#: So many times the need is no requirement but the size of a card.
_TOO_MUCH = 2.0

#: What a model takes beside its weights to run at all, as a share of them.
_BESIDE = 1.15

_ANOTHER, _SAME = 1.6, 0.04


class Need(NamedTuple):
    """What a model takes: bytes in all, of its weights, the least of those, and how that is known."""

    needed: float
    weights: float
    least: float
    words: str
    #: Whether the format is said, so that the least is the weights' own.
    sure: bool = False
    parameters: float = 0.0


def only_size(passage: Passage, place: tuple[int, int], context: Context) -> Quantity | None:
    """The one amount of memory in a stretch of a passage; None where there are none or several."""
    found = [
        each
        for each in within(quantities(passage.text, context.fraction), *place)
        if each.dimension == "memory"
    ]
    return found[0] if len(found) == 1 and found[0].value > 0 else None


def need_of_name(name: str, said: Format | None) -> Need | None:
    """What a model takes by its name, else by its size in the name."""
    found = models(name)
    exact = _fit(name) if said in (None, _COMMON) else None
    if exact:
        return exact
    return of_model(found[0], said) if len(found) == 1 else None


def of_model(model: Model, said: Format | None) -> Need:
    """What a model takes in a format; in the common one where none is said, and in any as the least."""
    each = said or _COMMON
    weights = model.parameters * each.usual
    least = model.parameters * (each.least if said else _LEAST)
    billions = f"{model.parameters / 1e9:.4g} billion weights of {each.usual:.2g} B"
    words = f"{billions} are {weights / 1e9:,.3g} GB"
    return Need(_BESIDE * weights, weights, least, words, said is not None, model.parameters)


def _format_of(told: float, need: Need) -> str:
    """The wider format that the weights take so much in; empty where there is none."""
    for name, each in (("16 bit", 2.0), ("32 bit", 4.0)):
        size = each * need.parameters
        if size > need.weights * _ANOTHER and abs(told / size - 1) < _SAME:
            return name
    return ""


@lru_cache(maxsize=64)
def _fit(name: str) -> Need | None:
    """What the memory model says of a workload by its name."""
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.planner.capacity import fit
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import known, resolve

    if not 3 <= len(name) <= 40 or not known(name):
        return None
    try:
        item = resolve(name)
        answer = fit([Job(item.id)], ["h100-80gb-sxm"], catalogue()).first
    except WhichGpuError:
        return None
    parameters = sum(item.parameters().values())
    needed = float(answer.required)
    words = f"{item.id} in 16 bit takes {needed / GIB:,.3g} GiB"
    return Need(needed, parameters * 2.0, parameters * _LEAST, words) if needed else None


_MORE_THAN = re.compile(r"\b(?:more than|over|beyond)\s+$", re.IGNORECASE)

#: Behind a size that is of a part of a model.
_PART = re.compile(
    r"\s+(?:for|of|in)\s+(?:the\s+|its\s+)?(?:transformer|unet|vae|encoder|dit|backbone)\b", re.I
)

#: Before a size that is of devices: "two H100s of 80 GB".
_OF_DEVICES = re.compile(
    r"\b(?:[A-Z]+\d{1,4}[A-Z]?s?|\d0[5-9]0s?|gpus?|cards?|accelerators?)\s+(?:of|with|having|at)\s+$",
    re.IGNORECASE,
)
#: Before a size that is of the cache of each token, and so many characters that tell it.
_TOKEN = 120
_OF_TOKEN = re.compile(
    r"\b(?:numbers|values|elements|entries|bytes) (?:per|each|for each|for every|a) token\b[^.;]{0,40}$", re.I
)
_PER_TOKEN = re.compile(
    r"\b(?:each|every|one|per|a single) (?:further |more )?token\b[^.;]{0,90}$", re.IGNORECASE
)
#: The same behind an amount.
_A_TOKEN = re.compile(
    r"\s*(?:of (?:\w+ ){1,2})?(?:/|per|for (?:each|every|one)|an?|each|every)\s?(?:\w+ )?token\b",
    re.IGNORECASE,
)
#: The least share of the weights that no slip makes of them: a token's.
_A_TOKENS = 1e-4


#: "The transformer alone takes 24 GB": a part of the model, and the least share of it that is one.
_OF_PART = 0.6
_A_PART = re.compile(
    r"\b(?:transformer|U-?Net|DiT|backbone|denoiser)(?:\s(?:alone|itself|by itself|weights))?,?\s+"
    r"(?:(?:already|then|still|also|in \w+)\s)*"
    r"(?:takes?|needs?|is|has|uses?|wants?|requires?|occup(?:y|ies)|comes to|weighs)\s+"
    r"(?:(?:in at|about|around|roughly|some|nearly|over|up)\s+)*$",
    re.IGNORECASE,
)


#: "Count on 16 bytes per parameter": of training.
_BYTES_EACH = re.compile(
    r"\b(?P<n>\d{1,2})\s+bytes\s+(?:per|for each|for every|a)\s+(?:parameter|weight)", re.I
)


def _is_of_bytes_each(passage: Passage, told: float, need: Need) -> bool:
    """Whether an amount is the parameters times the bytes that the passage says each takes."""
    each = [float(match["n"]) for match in _BYTES_EACH.finditer(passage.text)]
    return any(abs(told / (one * need.parameters) - 1) < UNLIKE for one in each if need.parameters)


def judged_need(
    passage: Passage, quantity: Quantity, need: Need, name: str, context: Context, *, headed: bool = False
) -> Finding:
    """Too much to be a requirement, too little for any format that is said, or between.

    `headed` where what stands above it says that it is the weights alone.
    """
    told = quantity.value
    part = _A_PART.search(passage.text, 0, quantity.start) is not None
    alone = (
        need.sure
        and not part
        and (headed or _ALONE.search(passage.text, max(0, quantity.start - REACH), quantity.end + REACH))
    )
    if alone and abs(told / need.weights - 1) > UNLIKE and not need.least <= told <= need.weights:
        verdict, because = "contradicted", f"{need.words}, and that alone is spoken of"
        takes = need.weights
    else:
        verdict, because = _judged(passage, quantity, need, part=part)
        takes = need.needed
    return made(
        context, passage, (quantity.start, quantity.end), "memory", verdict, subject=name.strip(),
        attribute="required memory", because=because, evidence=(Evidence(because, "memory model"),),
        expected="" if verdict == "confirmed" else f"{takes / 1e9:,.3g} GB",
    )  # fmt: skip


def _judged(passage: Passage, quantity: Quantity, need: Need, *, part: bool) -> tuple[str, str]:
    """The verdict on a requirement of all that a model takes, or of a `part` of it, and why."""
    told, text = quantity.value, passage.text
    verdict, because = "unverifiable", need.words
    size = f"{told / 1e9:,.4g} GB"
    other = need.sure and told >= _ANOTHER * need.needed and _format_of(told, need)
    if other and not TRAINS.search(text):
        verdict, because = "contradicted", f"{need.words}; {size} is what they take in {other}"
    elif _is_of_bytes_each(passage, told, need):
        verdict, because = "confirmed", "it is what so many bytes of each parameter make"
    elif quantity.limit in ("over", "", "about") and told >= _TOO_MUCH * need.needed + AROUND:
        times = f"{told / need.weights:.2g} times that"
        verdict, because = "contradicted", f"{need.words}; {size} is {times}, and no requirement"
    elif _MORE_THAN.search(text, 0, quantity.start) and told < need.needed:
        verdict = "confirmed"
    elif _OF_DEVICES.search(text, 0, quantity.start):
        because = "it is what each of the devices has"
    elif _is_of_token(text, quantity, need):
        because = "it is what each token takes"
    elif told < (_OF_PART if part else 0.9) * need.least and not _PART.search(
        text, quantity.end, quantity.end + REACH
    ):
        verdict, because = "contradicted", f"{need.words}; {size} cannot hold the weights"
    elif told >= (0.97 * need.least if need.sure else 0.8 * need.needed):
        verdict = "confirmed"
    return verdict, because


def _is_of_token(text: str, quantity: Quantity, need: Need) -> bool:
    """Whether an amount is of each token of a context."""
    start, end = quantity.start, quantity.end
    if _OF_TOKEN.search(text, max(0, start - 2 * REACH), start):
        return True
    beside = _PER_TOKEN.search(text, max(0, start - _TOKEN), start) or _A_TOKEN.match(text, end)
    return quantity.value < _A_TOKENS * need.least and beside is not None
