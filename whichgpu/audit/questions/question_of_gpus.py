"""Questions of GPUs themselves, without a job: what one costs, is and runs, two side by side, a word for it.

What is asked of something that is to run is of `audit/questions/question.py`.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.measurement.devices import counted, named
from whichgpu.audit.measurement.text import HOW_MANY
from whichgpu.audit.questions.facts_asked import fields_asked
from whichgpu.audit.questions.wanted import placed
from whichgpu.audit.text.quantities import read_number
from whichgpu.cost.carbon import grid
from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.facts import store
from whichgpu.hardware.architecture import called
from whichgpu.hardware.instances import instance
from whichgpu.planner.glossary import meanings
from whichgpu.planner.glossary import named as named_terms
from whichgpu.prices.quote import OpenVariant, read_quote
from whichgpu.software.frameworks import mentioned
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.catalogue import Catalogue

#: GPUs side by side, at most, and of several forms of one name.
_MOST, _FORMS = 6, 4
_RUNS = re.compile(
    r"\b(?:version|driver|works?|support(?:s|ed)?|compatib\w+|install(?:s|ed)?|available|runs?|use[ds]?)\b",
    re.I,
)
#: What is asked of a GPU itself: what it costs, what it is.
_COSTS = re.compile(
    r"\b(?:prices?|pricing|costs?|how much (?:is|are|does|do|for)|cheapest|rent(?:al|ing)?|hire"
    r"|(?:per|an) hour|where (?:can|do|could) (?:I|we|you|one) (?:buy|get|find)"
    r"|what (?:does|do) .{1,40} (?:cost|go for))\b",
    re.I,
)
ABOUT = re.compile(
    r"\b(?:tell me (?:all |more |everything )?about|specs?|specifications?|data ?sheet|details|describe"
    r"|how much (?:power|electricity) (?:does|do|will|would)"
    r"|(?:power (?:draw|consumption|limit)|tdp|bandwidth|cores|clocks?|caches?|nvlink|vram|memory|tflops)\b"
    r".{0,12}\b(?:of|on|in|does|do|has|have)|info(?:rmation)?|what do you know about|what is (?:an?|the))\b"
    r"|\b(?:memory bandwidth|bandwidth|tdp|power draw|cuda cores|cores|vram|memory|clock speed|nvlink)\W*$",
    re.I,
)
#: What a question of a machine that is there does not ask: which to take.
WHICH = re.compile(
    r"\b(?:which|best|cheapest|recommend\w*|should (?:I|we) (?:buy|get|rent|use|take)"
    r"|what (?:else|should|do (?:I|we)|to (?:buy|rent|get|use)"
    r"|(?:kind of |other )?(?:gpu|card|instance|hardware|machine|server|setup|box)s?))\b",
    re.I,
)
#: What asks for a figure, not for a card: "which generation of PCIe", "what power connector".
_FACT = re.compile(r"\b(?:which|what) (?!(?:gpu|card|graphics)s?\b)(?=[\w-]+ )", re.I)
#: Who sells it, where nobody asks which GPU to take.
_SELLERS = re.compile(
    r"\bwh(?:ich|at) (?:cloud |gpu )?"
    r"(?:providers?|clouds?|compan(?:y|ies)|sellers?|regions?|shops?|hosts?)\b",
    re.I,
)
#: Of what a cloud lets, that has a GPU: "which Azure instance has an H100".
_INSTANCES = re.compile(r"\b(?:which|what) (?:[\w-]+ )?(?:instances?|vms?|machine types?|skus?)\b", re.I)
#: A number format that is asked for: "is FP8 supported on the A100?".
FORMAT = re.compile(r"\b(?:fp4|fp6|fp8|fp16|bf16|tf32|fp32|fp64|int4|int8|nvfp4|mxfp4|q4|q8)\b", re.I)
#: What is taken in place of a GPU: "successor of the A10", "what replaces the T4".
_FOLLOWS = re.compile(
    r"\b(?:replac(?:e|es|ed|ements?)|successors?|follow(?:s|ed)|instead of|alternatives? (?:to|for|of)"
    r"|(?:similar|comparable|equivalent) to|equivalents? (?:of|to|for))\b",
    re.I,
)
#: On what software runs: "which GPUs does vLLM support", "what cards work with PyTorch 2.9".
_ON_WHICH = re.compile(
    r"\b(?:which|what) (?:[\w-]+ ){0,2}?(?:gpus?|cards?|hardware|compute capability|architectures?)\b"
    r".{0,40}?\b(?:supports?|supported|work(?:s|ing)? (?:on|with)|runs? on|compatible|need(?:s|ed)?"
    r"|requires?|required)\b",
    re.I,
)
#: What driver software takes: "which driver do I need for CUDA 12.8", "does PyTorch 2.10 need a new driver".
_WHICH_DRIVER = re.compile(
    r"\b(?:which|what|minimum|newest|latest) (?:\w+ ){0,2}?driver|\bneeds? (?:an? |the )?(?:\w+ )?driver",
    re.I,
)
#: Whether software runs on a system, and nothing else: "does vLLM run on Windows?".
_ON_SYSTEM = re.compile(
    r"\W*(?:does|will|is|can (?:I|you) (?:use|run|install))\b(?: [\w.+-]+){1,3}?"
    r"(?: (?:run|work|available|supported|natively))* (?:on|under|for|in) (?:native )?"
    r"(?:windows|wsl2?|linux|macos)\W*$",
    re.I,
)
#: Until when its maker supports a GPU.
_KEPT = re.compile(
    r"\b(?:how long|until when|when (?:does|will|did)|still|end of)\b.{0,40}\bsupport(?:ed|s)?\b"
    r"|\b(?:end[- ]of[- ](?:life|support)|EOL)\b",
    re.I,
)
_SYSTEM = re.compile(r"\b(?:windows|wsl|macos|linux)\b", re.I)
_DRIVER = re.compile(r"\b(?:drivers?|software|frameworks?|cuda version|version of cuda)\b", re.I)
#: The same name once more, of which only what tells the forms apart is said: "A100 40 GB or 80 GB".
_FORM = r"\d+ ?GB|SXM\d?|PCI-?e|NVL|OAM"
#: An instance type, or a series of them: "the GPU of AWS g5", "a p4d instance", "g5.2xlarge". A version of
#: a model is none: "whisper large v3".
_LET = re.compile(
    r"(?:\b(?:AWS|Amazon|EC2|GCP|Google Cloud|Azure) )?\b(?P<type>(?!v\d[a-z]?\b(?!-))[a-z]{1,8}\d[\w.-]*)\b"
    r"(?: (?:instance|machine)s?\b)?",
    re.I,
)
#: A laptop's card against the one of its name on a desk: "RTX 4090 laptop vs desktop".
_ON_A_DESK = re.compile(
    r"(?P<and>\b(?:laptop|notebook|mobile)\b(?: gpu| card)?(?: version)? (?:and|or|vs\.?|versus|against"
    r"|compared (?:to|with)) (?:the |its |a )?)desktop\b(?: (?:gpu|card|version|one))?",
    re.I,
)
_ELLIPSIS = re.compile(
    rf"(?P<and>,? (?:and|or|vs\.?|versus|against|over) (?:the )?|/)(?P<form>{_FORM})\b", re.I
)
#: "8xH100", and what a laptop's card is told by.
_GLUED = re.compile(r"(?<![\w.])(\d{1,2})[x\u00d7](?=[A-Za-z]\w*\d)")
_LAPTOP = re.compile(r"\s*\b(?:laptop|notebook|mobile)\b(?: gpu)?", re.I)
_OF_FORM = re.compile(rf" ?(?:{_FORM})$", re.I)
#: Words of the glossary that any question may have, and asks for by none of them.
_COMMON = frozenset((
    "gpu", "tpu", "training", "inference", "fine-tuning", "framework", "language model", "batch", "driver",
    "architecture", "parameters", "workstation", "geforce", "region", "storage", "noise", "benchmark",
    "kernel", "cooling", "spot", "reserved", "on-demand", "epoch", "diffusion", "cnn", "attention", "quota",
    "carbon", "virtual machine", "sm", "vram", "scaling", "marketplace", "hyperscaler", "cuda", "latency",
    "kubernetes", "form factor", "on-premises", "serverless", "sampling", "boost", "egress", "psu",
))  # fmt: skip
#: Words of a question that a term may be all of, and terms that are explained.
_SHORT_QUESTION, _TERMS = 16, 3
_VERSION = re.compile(r"\b(?:versions?|variants?|models?|editions?)\b|\bhow many .{0,20}\bare there\b", re.I)
#: A word whose meaning is asked for, and nothing else.
_MEANS = re.compile(
    r"^\W*(?:(?:what (?:does|do|is|are|'s)|what's) (?:(?:the )?(?:meaning|definition) of )?(?:an?|the)? ?"
    r"(?P<of>.{2,40}?)(?: (?:means?|stand for|is|are|about))?"
    r"|(?:explain|define) (?:me |to me |the |what )?(?P<word>.{2,40}?)(?: (?:is|are|means?))?)\W*$",
    re.I,
)
_RENT, _BUY = r"\b(?:rent(?:ing|al)?|cloud|lease|leasing)\b", r"\b(?:buy(?:ing)?|own(?:ing)?|purchas\w+)\b"
OWNING = re.compile(
    rf"{_RENT}.{{0,40}}{_BUY}|{_BUY}.{{0,40}}{_RENT}|\b(?:break[- ]?even|tco|total cost of ownership)\b"
    r"|\bcosts? (?:to|of) (?:run|operat)\w*\b.{0,40}\b(?:24/7|all day|hours? (?:a|per) day)\b"
    r"|\b(?:power|electricity|energy) (?:costs?|bill)\b"
    r"|\b(?:power|electricity|energy) (?:consumption|use|draw)\b.{0,40}\b(?:a|per|each|one) (?:year|month)\b"
    r"|\bcosts? (?:of|in) (?:power|electricity|energy)\b"
    r"|\b(?:year|month|week|day)(?:[\u2019']s)? (?:of |worth of )?(?:power|electricity)\b.{0,80}\bcosts?\b"
    r"|\b(?:power|electricity) for (?:an?|the|my|one)\b.{0,60}\bcosts?\b",
    re.I,
)
#: Capacity that is taken back against what is kept: "spot or on-demand".
_SPOT = re.compile(r"\bspot\b.{0,30}\bon[- ]?demand\b|\bon[- ]?demand\b.{0,30}\bspot\b", re.I)
_HISTORY = re.compile(
    r"\bprice history\b"
    r"|\bprices?\b.{0,40}\b(?:over time|trend|developed|drop(?:ped)?|fall(?:en)?|fell|gone (?:up|down))\b",
    re.I,
)
#: What an architecture is asked for, by a name that is no abbreviation.
_SUPPORTS, _SHORT = re.compile(r"\b(?:support(?:s|ed)?|native(?:ly)?|have|has|can|do(?:es)?)\b", re.I), 3
#: What a unit of electricity costs, in dollars, and where it comes from.
_KWH = re.compile(
    r"(?P<mark>[$\u20ac\u00a3]) ?(?P<n>\d+(?:[.,]\d+)?) ?(?:/|per|an?) ?kWh"
    r"|(?P<m>\d+(?:[.,]\d+)?) ?(?P<unit>usd|dollars?|cents?|ct|eur|euros?|gbp|chf|[$\u20ac\u00a3])?"
    r" ?(?:/|per|an?) ?kWh",
    re.I,
)
_CODES = {"\u20ac": "EUR", "eur": "EUR", "\u00a3": "GBP", "gbp": "GBP", "chf": "CHF"}
_YEARS = re.compile(rf"\b(?:for|over|in) ({HOW_MANY}) years?\b", re.I)
_PLACED = re.compile(r"\b(?:in|of|for) (?:the )?([A-Z][a-z]+(?: [A-Z][a-z]+)?|USA?|UK|EU)\b")
_HOURS = re.compile(
    r"\b(\d{1,2}) ?(?:h|hrs?|hours?) ?(?:a|per|/|every|each) ?day\b"
    r"|\b(?:24/7|all day|(?:a|the) clock|(?:day and|all) night|non-?stop|full load"
    r"|(?:for|all) (?:an? |the |one |this |\w+ )?(?:whole |entire |full )?(?:month|week)s?)\b",
    re.I,
)
_SPAN = r"h(?:ou)?rs?|days?|weekends?|weeks?|months?"
#: For how long something is rented, and hours of each span; a month as bills count it.
_LASTS = re.compile(
    rf"\bfor (?:about |around |roughly )?(?P<n>{HOW_MANY})[ -]?(?:gpu[ -])?(?P<span>{_SPAN})\b"
    rf"|\b(?P<m>{HOW_MANY})[ -]?(?:gpu[ -])?(?P<of>{_SPAN}) (?:of|on|with|(?:training|run|job|rental)s?\b) ?"
    r"|\b(?:(?:an?|per|each|the|this) )?(?P<one>weekend|(?:month|week)(?=ly\b)|(?<= )(?:month|week|day)\b)",
    re.I,
)
_HOURS_OF = {"hour": 1.0, "hr": 1.0, "h": 1.0, "day": 24.0, "week": 168.0, "month": 730.0, "weekend": 60.0}
COMPARES = re.compile(
    r"\b(?:vs\.?|versus|compar\w+|or|than|worth|upgrad\w+|better|difference|against|equals?|equivalent"
    r"|match(?:es)?)(?=\W)",
    re.I,
)
#: What is asked of a GPU itself: whether it is any good, and for what.
_WORTH = re.compile(
    r"\b(?:worth|good|useful|suitable|overkill|obsolete|outdated|old|future[- ]?proof|review|any use"
    r"|what (?:can|could) (?:I|you|we|one|it)|what is .{1,40} (?:good )?for)\b",
    re.I,
)
_LEARNS = re.compile(
    r"\b(?:(?:deep|machine)[- ]learning|neural net\w*|AI|ML|DL|inference|inferencing|training)\b", re.I
)
#: A price that somebody asks, and whether it is one.
_QUOTED = re.compile(
    r"\b(?:price|deal|rate|offer|quote|fair|reasonable|expensive|overpriced|too much|rip-?off)\b"
    r"|^is [^?]*\d[^?]*\b(?:good|ok|okay|cheap|high|a lot)\b"
    r"|\bis (?:that|this|it) (?:cheap|high|a lot|much)\b",
    re.I,
)


class Answering(NamedTuple):
    """A command that answers a question: its name, what stands behind it, its options."""

    command: str
    names: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> list[str]:
        """The same as typed behind the command."""
        return [*self.names, *(word for name, value in self.options for word in (f"--{name}", value) if word)]


def of_gpus(text: str, devices: Sequence[tuple[str, ...]], catalogue: Catalogue) -> Answering | None:
    """What is asked of GPUs themselves."""
    ids = tuple(dict.fromkeys(key for some in devices for key in some))
    if ids and (any(mentioned(text)) or _DRIVER.search(text)) and _RUNS.search(text):
        return Answering("compat", ids, _software(text))
    if ids and OWNING.search(text):
        # One is bought as a card, a machine of several as modules.
        many = any(count > 1 for _, count in counted(text, catalogue))
        number = max((count for _, count in counted(text, catalogue)), default=1)
        of_many = (("gpus", f"{number}"),) if many else ()
        return Answering(
            "prices own", (largest(ids, catalogue) if many else ids[0],), (*owned(text), *of_many)
        )
    if found := in_place_of(text, devices, catalogue):
        return found
    if len(devices) > 1:
        beside = Answering("compare", side_by_side(devices, catalogue), usual_jobs(text))
        return beside if COMPARES.search(text) or _FOLLOWS.search(text) else None
    if not ids:
        return _of_a_word(text, catalogue)
    return _in_machine(text, ids) or _of_a_gpu(text, ids, catalogue)


#: Whose GPU is to take the place of another.
_VENDOR = re.compile(r"\b(NVIDIA|AMD|Intel|Apple)\b", re.I)


def in_place_of(text: str, devices: Sequence[tuple[str, ...]], catalogue: Catalogue) -> Answering | None:
    """What can take the place of the one GPU that is named, of the maker that is named, if one is."""
    if len(devices) != 1 or not _FOLLOWS.search(text):
        return None
    like, vendor = largest(devices[0], catalogue), _VENDOR.search(text)
    whose = (("vendor", vendor[1].lower()),) if vendor else ()
    return Answering("gpus", (), (("like", like), *whose))


def on_which(text: str) -> Answering | None:
    """On which GPUs a framework runs, where none is named: on one of each kind that it tells apart."""
    kinds = store.load("usual")["usual"]["compatible"]
    if not any(mentioned(text)):
        return None
    if _ON_SYSTEM.match(text):
        return Answering("compat", (kinds["driven"],), _software(text))
    if _WHICH_DRIVER.search(text):
        software = tuple(one for one in _software(text) if "driver" not in one[1].lower())
        return Answering("compat", (kinds["driven"],), software) if software else None
    return Answering("compat", tuple(kinds["gpus"]), _software(text)) if _ON_WHICH.search(text) else None


def _software(text: str) -> tuple[tuple[str, str], ...]:
    """The frameworks that are named, and the system that they are to run under."""
    software = tuple(("framework", one) for one in mentioned(text))
    system = _SYSTEM.search(text)
    return (*software, *((("system", system[0].lower()),) if system else ()))


def usual_jobs(text: str) -> tuple[tuple[str, str], ...]:
    """The usual workloads, where somebody learns or infers, and says of no model what."""
    return (("workload", "usual"),) if _LEARNS.search(text) else ()


def review(
    text: str, devices: Sequence[tuple[str, ...]], catalogue: Catalogue, *, whatever: bool = False
) -> Answering | None:  # fmt: skip
    """A review of the one GPU that is named, where it is asked what it is good for, or `whatever` is."""
    if len(devices) != 1 or not (whatever or _WORTH.search(text)):
        return None
    return Answering("show", (largest(devices[0], catalogue),), (("format", "md"),))


#: The power supply of a machine that a card is to go into: "on a 1000 W power supply", "an 850W PSU".
_SUPPLY = re.compile(
    r"\b(?P<watts>\d{3,4}) ?W(?:atts?)?\b(?: \w+){0,2}? (?:power suppl(?:y|ies)|psus?)\b"
    r"|\b(?:power supply|psu)\b(?: (?:of|with|rated|at|is|only|has|for))* (?P<of>\d{3,4}) ?W(?:atts?)?\b",
    re.I,
)


def _in_machine(text: str, ids: Sequence[str]) -> Answering | None:
    """Whether a GPU goes into a machine of which the power supply is told."""
    supply = _SUPPLY.search(text)
    if supply is None:
        return None
    return Answering("show", tuple(ids[:_MOST]), (("machine", f"psu {supply['watts'] or supply['of']} W"),))


def _of_a_gpu(text: str, ids: Sequence[str], catalogue: Catalogue) -> Answering | None:
    """What one GPU costs, or what it is; of a name that several share each, as far as one command tells."""
    asked = _SELLERS.sub("", text)
    costs = _COSTS.search(text) and not WHICH.search(re.sub(r"\bcheapest\b", "", asked, flags=re.I))
    if costs or _INSTANCES.search(text):
        found = named(text, catalogue)
        said = found[0].text if found else largest(ids, catalogue)
        terms = placed(_without(text, said))
        rent = () if dict(terms).get("term") == "buy" else _rented(text, catalogue)
        return Answering("prices", (said if len(ids) > 1 else ids[0],), (*terms, *rent))
    if len(ids) > 1 and (format_ := FORMAT.search(text)):
        return Answering("compat", tuple(ids), (("precision", format_[0].lower()),))
    if WHICH.search(_FACT.sub("", text)):
        return None
    if fields := fields_asked(_unnamed(text, catalogue)):
        return Answering("show", tuple(ids[:_MOST]), (("field", fields),))
    # "Does the 5060 Ti have a 16 GB version": the forms of the name side by side.
    forms = len(ids) > 1 and _VERSION.search(text)
    if not (forms or ABOUT.search(text)):
        return None
    return Answering("show", (ids[0],)) if len(ids) == 1 else Answering("compare", tuple(ids[:_MOST]))


def _rented(text: str, catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    """For how long, and how many: "8 H100s for 3 days"."""
    lasts = _LASTS.search(text)
    if lasts is None:
        return ()
    span = (lasts["span"] or lasts["of"] or lasts["one"]).lower().rstrip("s")
    hours = read_number(lasts["n"] or lasts["m"] or "1") * _HOURS_OF[span]
    many = max((count for _, count in counted(text, catalogue)), default=1)
    return (("hours", f"{hours:g}"), *((("gpus", f"{many}"),) if many > 1 else ()))


def of_one(text: str, devices: Sequence[tuple[str, ...]], catalogue: Catalogue) -> Answering | None:
    """Whether its price is a good one, and how it moved; what an architecture computes in, of no GPU."""
    if devices and _SPOT.search(text) and (rent := _rented(text, catalogue)):
        return Answering("prices spot", (largest(devices[0], catalogue),), rent)
    if devices and _QUOTED.search(text) and _quoted(text, catalogue):
        return Answering("prices judge", (text,))
    if len(devices) == 1 and _KEPT.search(text) and not (any(mentioned(text)) or FORMAT.search(text)):
        return Answering("compat", (largest(devices[0], catalogue),))
    if len(devices) == 1 and _HISTORY.search(text):
        return Answering("prices", (largest(devices[0], catalogue),), (("history", ""),))
    if devices or not (FORMAT.search(text) and _SUPPORTS.search(text)):
        return None
    words = [word.strip("?.,!") for word in text.split()]
    several = (*(" ".join(two) for two in pairwise(words)), *words)
    family = next((word for word in several if len(word) > _SHORT and called(word)), "")
    return Answering("show", (family.lower(),)) if family else None


def _unnamed(text: str, catalogue: Catalogue) -> str:
    """A question without the names of GPUs, whose digits and letters ask for nothing."""
    for one in reversed(named(text, catalogue)):
        text = f"{text[: one.start]} it {text[one.end :]}"
    return text


def _without(text: str, name: str) -> str:
    return text.replace(name, " , ", 1)


def whole(text: str, catalogue: Catalogue) -> str:
    """A question with the names in full of which only the form is said: "A100 40 GB or 80 GB".

    For what a cloud lets, where no GPU is named, stands the GPU that is in it: "AWS g5".
    """
    text = _GLUED.sub(r"\1 x ", text)
    found = named(text, catalogue)
    # Of what a cloud lets the GPU that is in it, where that is no name of a GPU itself.
    parts, at = [], 0
    for one in (*found, None):
        between = text[at : one.start if one else len(text)]
        parts += [_LET.sub(_in_it, between), text[one.start : one.end] if one else ""]
        at = one.end if one else at
    text = "".join(parts)
    found = named(text, catalogue)
    if not found:
        return text
    if len(found) == 1:
        bare = _LAPTOP.sub("", found[0].text)
        text = _ON_A_DESK.sub(lambda both: f"{both['and']}{bare}", text)
    for one in reversed(found):
        other, form = _ELLIPSIS.match(text, one.end), _OF_FORM.search(one.text)
        if other and form:
            full = f"{other['and']}{one.text[: form.start()]} {other['form']}"
            text = f"{text[: one.end]}{full}{text[other.end() :]}"
    return text


def _in_it(let: re.Match[str]) -> str:
    """The GPU of an instance, or what stands there."""
    return (instance(let["type"]) or (let[0],))[0]


def of_terms(text: str) -> Answering | None:
    """The words of a short question that the glossary has, where no command answers it."""
    terms = [term for term in named_terms(text) if term not in _COMMON]
    if not terms or len(text.split()) > _SHORT_QUESTION:
        return None
    return Answering("explain", (" and ".join(terms[:_TERMS]),))


def _of_a_word(text: str, catalogue: Catalogue) -> Answering | None:
    """The meaning of a word that the glossary has, where a question is of nothing else."""
    asked = _MEANS.match(text)
    word = (asked["of"] or asked["word"] or "").strip() if asked else ""
    with suppress(WhichGpuError):
        return Answering("explain", (word,)) if word and meanings(word, catalogue) else None
    return None


def _quoted(text: str, catalogue: Catalogue) -> bool:
    """Whether a text is a price that somebody asks, of one GPU or of a name that several share."""
    try:
        read_quote(text, catalogue)
    except OpenVariant:
        return True
    except UsageError:
        return False
    return True


def side_by_side(devices: Sequence[tuple[str, ...]], catalogue: Catalogue) -> tuple[str, ...]:
    """What the names may mean; where that is too much to read, each name's form with most links and memory.

    The comparison names the other forms.
    """
    if len(devices) > 1 and sum(map(len, devices)) > _FORMS:
        return tuple(dict.fromkeys(largest(some, catalogue) for some in devices))[:_MOST]
    rounds = (key for some in zip_longest(*devices) for key in some if key)
    return tuple(dict.fromkeys(rounds))[:_MOST]


def largest(ids: Sequence[str], catalogue: Catalogue) -> str:
    """Of the forms of a name the one with most links and memory."""
    return max(ids, key=lambda key: ("-sxm" in key, float(catalogue[key].value("memory") or 0.0)))


def owned(text: str) -> tuple[tuple[str, str], ...]:
    """How long a day it runs, whose electricity it takes and what that costs, where it is said."""
    match, years = _HOURS.search(text), _YEARS.search(text)
    place = next((word for word in _PLACED.findall(text) if _is_grid(word)), "")
    told = (
        ("hours-per-day", (match[1] or "24") if match else ""),
        ("grid", place.lower()),
        ("electricity", _of_electricity(text)),
        ("years", f"{read_number(years[1]):g} years" if years else ""),
    )
    return tuple((name, said) for name, said in told if said)


def _of_electricity(text: str) -> str:
    """What a unit of electricity costs, as options take it; in another currency for them to ask its rate."""
    price = _KWH.search(text)
    if price is None:
        return ""
    amount = (price["n"] or price["m"]).replace(",", ".")
    unit = (price["mark"] or price["unit"] or "usd").lower()
    if unit in ("cent", "cents", "ct"):
        amount, unit = f"{float(amount) / 100.0:g}", "usd"
    return f"{amount} {_CODES.get(unit[:3], _CODES.get(unit[:1], 'USD'))}/kWh"


def _is_grid(name: str) -> bool:
    with suppress(UsageError):
        return bool(grid(name))
    return False
