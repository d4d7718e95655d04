"""Which command answers a question: "does Mixtral fit on a 4090?" is of `fit`, "A100 or L40S?" of `compare`.

What is wished and what is told of the job is read as for `recommend` (`audit/wanted.py`), which answers
whatever no other command does.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import zip_longest
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.listing import listing
from whichgpu.audit.measurement import TESTED, Told, told
from whichgpu.audit.measurement.devices import counted, device, named
from whichgpu.audit.quantities import SPELLED
from whichgpu.audit.wanted import wanted
from whichgpu.cost.memory import GIB
from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.planner.glossary import meanings
from whichgpu.planner.use import use
from whichgpu.prices.quote import OpenVariant, read_quote
from whichgpu.software.frameworks import mentioned
from whichgpu.values import NamedTuple
from whichgpu.workloads.job import TRAINING
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.catalogue import Catalogue

#: What is wished besides by one who asks of speed or room: what it is to run on.
_PLACE = {"workload", "gpus", "term", "min-memory"}
#: What is wished in place of a GPU that one has: a faster one. Where both are named they are compared.
_REPLACED = ("exclude", "objective")
#: Wishes that other commands take as a column of the job.
_JOB = (
    "phase", "precision", "runtime", "resolution", "batch", "seq-len", "input-tokens", "output-tokens", "tp",
    "pp", "steps", "option",
)  # fmt: skip
#: GPUs side by side, at most, and of several forms of one name.
_MOST, _FORMS = 6, 4
_COMPLAINT = re.compile(
    r"\b(?:normal|slow(?:er)?|only|just|barely|why|wrong|bottleneck|too (?:high|low|much|little)"
    r"|is (?:this|that|it) (?:ok|okay|good|bad|right|fine|expected|correct|low|high|weak|poor)"
    r"|is ~?\d[\d.,]* ?(?:[a-z]+ ?(?:/|per) ?[a-z]+|fps|m?s)\b[^?]{0,60}?\b(?:ok|okay|good|bad|right|fine"
    r"|fast|expected|plausible|realistic|reasonable)"
    r"|(?:gives|gets|does) (?:me )?\d"
    r"|(?<!can )(?<!could )(?<!will )(?<!would )(?:I|we)(?: am|'m|'re| are)? (?:get|got|see)(?:ting|ing)?)\b",
    re.I,
)
_SHOPS = re.compile(r"\b(?:buy|upgrade|which (?:gpu|card)s?)\b", re.I)
_RUNS = re.compile(
    r"\b(?:version|driver|works?|support(?:s|ed)?|compatib\w+|install(?:s|ed)?|available|runs?)\b", re.I
)
#: What is asked of a GPU itself: what it costs, what it is.
_COSTS = re.compile(
    r"\b(?:price|cost|costs|how much (?:is|are|does|do|for)|what (?:does|do) .{1,40} (?:cost|go for))\b", re.I
)
_ABOUT = re.compile(
    r"\b(?:tell me (?:all |more |everything )?about|specs?|specifications?|data ?sheet|details|describe"
    r"|(?:power (?:draw|consumption|limit)|tdp|bandwidth|cores|clocks?|caches?|nvlink|vram|memory|tflops)\b"
    r".{0,12}\b(?:of|on|in|does|do|has|have)|info(?:rmation)?|what do you know about|what is (?:an?|the))\b",
    re.I,
)
#: A word whose meaning is asked for, and nothing else.
_MEANS = re.compile(
    r"^\W*(?:(?:what (?:does|do|is|are|'s)|what's) (?:(?:the )?(?:meaning|definition) of )?(?:an?|the)? ?"
    r"(?P<of>.{2,40}?)(?: (?:means?|stand for|is|are|about))?"
    r"|(?:explain|define) (?:me |to me |the |what )?(?P<word>.{2,40}?)(?: (?:is|are|means?))?)\W*$",
    re.I,
)
_RENT, _BUY = r"\b(?:rent(?:ing|al)?|cloud|lease|leasing)\b", r"\b(?:buy(?:ing)?|own(?:ing)?|purchas\w+)\b"
_OWN = re.compile(
    rf"{_RENT}.{{0,40}}{_BUY}|{_BUY}.{{0,40}}{_RENT}|\bbreak[- ]?even\b"
    r"|\b(?:power|electricity) (?:costs?|bill)\b",
    re.I,
)
_HOURS = re.compile(
    r"\b(\d{1,2}) ?(?:h|hrs?|hours?) ?(?:a|per|/|every|each) ?day\b|\b(?:24/7|all day)\b", re.I
)
_DOES = r"(?:run|load|host|handle|hold|do|train|fine-?tune|use)\b"
_FIT = re.compile(
    r"\bfits?\b|\bhow much (?:gpu |video )?(?:v?ram|memory)\b|\benough\b|\bout of memory\b|\bOOM\b"
    r"|\b(?:v?ram|memory) (?:is |are |that is )?(?:needed|required|requirements?)\b"
    r"|\b(?:min(?:imum|imal)?|least|lowest|smallest) (?:amount of )?(?:gpu |video )?(?:v?ram|memory)\b"
    r"|\bbatch(?: size)? (?:can|could|will|fits)\b"
    r"|\b(?:largest|biggest|max(?:imum)?) batch\b"
    rf"|\bcan (?:I|we|you|one|it|an?|my|our|the|dual|\d|{'|'.join(SPELLED)}).{{0,60}}?\b{_DOES}"
    r"|\b(?:will|does|do|would|could) .{1,60} run on\b"
    r"|\b(?:will|would|could|does) (?:an?|my|our|the|one|two|\d) ?.{1,40}? (?:run|load|handle|manage|hold)\b"
    r"|\b(?:possible|feasible|doable)\b",
    re.I,
)
_COMPARE = re.compile(
    r"\b(?:vs\.?|versus|compar\w+|or|than|worth|upgrad\w+|better|difference|against)(?=\W)", re.I
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
#: So much memory that is to be enough.
_SIZE = re.compile(
    r"\b(\d{1,3}) ?GB\b.{0,30}\benough\b"
    r"|\b(?:enough|fits?|run|load|hold|train|fine-?tune)\b.{0,60}?\b(\d{1,3}) ?GB\b"
    r"(?! (?:of )?(?:ram|data|disk)\b)"
    r"|\b(?:an?|my|our|one) (\d{1,3}) ?GB (?:gpu|card|graphics card|video card)\b",
    re.I,
)
_MONEY = re.compile(r"\b(?:cheap\w*|cost\w*|price\w*|budget|afford\w*|rent\w*)\b", re.I)
#: A price that somebody asks, and whether it is one.
_QUOTED = re.compile(
    r"\b(?:price|deal|rate|offer|quote|fair|reasonable|expensive|overpriced|too much|rip-?off)\b", re.I
)
#: What a question of a machine that is there does not ask: which to take.
_WHICH = re.compile(
    r"\b(?:which|best|cheapest|recommend\w*|should (?:I|we) (?:buy|get|rent|use|take)"
    r"|what (?:else|should|do (?:I|we)|to (?:buy|rent|get|use)"
    r"|(?:kind of |other )?(?:gpu|card|instance|hardware|machine|server|setup|box)s?))\b",
    re.I,
)
_PREDICT = re.compile(
    r"\bhow (?:many (?!of\b)|fast\b|quick(?:ly)?\b|slow\b|good\b)|\bwhat (?:kind of )?(?:speed|throughput"
    r"|performance|fps)\b|\b(?:is|are) .{1,60} (?:good|fast|quick|ok|okay|usable)\b"
    r"|\b(?:tokens?|tok|t|images?|imgs?|it|steps|samples)(?:/| per )s(?:ec(?:ond)?)?\b",
    re.I,
)
#: "How many H100s": no speed, but a number of them.
_NUMBER_OF = re.compile(r"\bhow many (?:\S+ ){0,2}$", re.I)


class Answering(NamedTuple):
    """A command that answers a question: its name, what stands behind it, its options."""

    command: str
    names: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> list[str]:
        """The same as typed behind the command."""
        return [*self.names, *(word for name, value in self.options for word in (f"--{name}", value) if word)]


def answering(text: str, catalogue: Catalogue) -> Answering:
    """The command that answers a question, with what the question tells filled in.

    Raises `UsageError` where it names nothing that any is of.
    """
    devices = _devices(text, catalogue)
    if len(devices) == 1 and _COMPLAINT.search(text) and not _SHOPS.search(text):
        with suppress(UsageError):
            told(text, catalogue)
            return Answering("diagnose", (text,))
    command, kinds = listing(text, catalogue)
    if command:
        return Answering(command, (), kinds)
    try:
        (_, workload), *wishes = wanted(text, catalogue)
    except UsageError:
        if other := _without_a_job(text, devices, catalogue) or _of_one(text, devices):
            return other
        # What is asked of a GPU alone is a fact of it.
        if len(devices) == 1 and len(devices[0]) == 1:
            return Answering("show", devices[0])
        raise
    return _of_wishes(text, workload, wishes, devices, catalogue)


def _of_wishes(
    text: str, workload: str, wishes: Sequence[tuple[str, str]], devices: Sequence[tuple[str, ...]],
    catalogue: Catalogue,
) -> Answering:  # fmt: skip
    """What is asked of something that is to run."""
    # A framework alone stands for its usual model, and a quantity of a GPU for what measures it.
    if workload not in text and (workload in TESTED or any(mentioned(text)) or _ABOUT.search(text)):
        other = _without_a_job(text, devices, catalogue)
        if other and (other.command != "compare" or len(devices) == 1):
            return other
    if _OWN.search(text):
        ids = tuple(dict.fromkeys(key for some in devices for key in some))
        if len(ids) == 1:
            return Answering("prices own", ids, _hours(text))
        any_term = (*(one for one in wishes if one[0] != "term"), ("term", "any"))
        return Answering("recommend", (workload,), any_term)
    return (
        _of_a_use(text, workload, wishes, devices, catalogue)
        or _of_a_job(text, workload, wishes, devices, catalogue)
        or _of_a_machine(text, workload, wishes, devices, catalogue)
        or Answering("recommend", (workload,), tuple(wishes))
    )


def _of_a_use(
    text: str, workload: str, wishes: Sequence[tuple[str, str]], devices: Sequence[tuple[str, ...]],
    catalogue: Catalogue,
) -> Answering | None:  # fmt: skip
    """What GPUs are for that are named, in a use without a model of its own: a comparison, or a review."""
    if _is_model(workload) or use(workload) is None or {name for name, _ in wishes} - {"gpus", *_REPLACED}:
        return None
    if len(devices) > 1 and _COMPARE.search(text):
        return Answering("compare", _side_by_side(devices, catalogue), _usual(text))
    return _of_one(text, devices)


def _without_a_job(text: str, devices: Sequence[tuple[str, ...]], catalogue: Catalogue) -> Answering | None:
    """What is asked of GPUs themselves."""
    ids = tuple(dict.fromkeys(key for some in devices for key in some))
    if ids and _QUOTED.search(text) and _quoted(text, catalogue):
        return Answering("prices judge", (text,))
    software = tuple(("framework", one) for one in mentioned(text))
    if ids and software and _RUNS.search(text):
        return Answering("compat", ids, software)
    if ids and _OWN.search(text):
        return Answering("prices own", ids[:1], _hours(text))
    if len(devices) > 1:
        beside = Answering("compare", _side_by_side(devices, catalogue), _usual(text))
        return beside if _COMPARE.search(text) else None
    return _of_a_gpu(text, ids, catalogue) if ids else _of_a_word(text, catalogue)


def _usual(text: str) -> tuple[tuple[str, str], ...]:
    """The usual workloads, where somebody learns or infers, and says of no model what."""
    return (("workload", "usual"),) if _LEARNS.search(text) else ()


def _of_one(text: str, devices: Sequence[tuple[str, ...]]) -> Answering | None:
    """A review of a GPU of which is asked what it is good for."""
    if len(devices) != 1 or len(devices[0]) != 1 or not _WORTH.search(text):
        return None
    return Answering("show", devices[0], (("format", "md"),))


def _of_a_gpu(text: str, ids: Sequence[str], catalogue: Catalogue) -> Answering | None:
    """What one GPU costs, or what it is; of a name that several share each, as far as one command tells."""
    if _WHICH.search(text):
        return None
    if _COSTS.search(text):
        return Answering("prices", (named(text, catalogue)[0].text if len(ids) > 1 else ids[0],))
    if not _ABOUT.search(text):
        return None
    return Answering("show", (ids[0],)) if len(ids) == 1 else Answering("compare", tuple(ids[:_MOST]))


def _of_a_word(text: str, catalogue: Catalogue) -> Answering | None:
    """The meaning of a word that the glossary has, where a question is of nothing else."""
    asked = _MEANS.match(text)
    word = (asked["of"] or asked["word"] or "").strip() if asked else ""
    with suppress(WhichGpuError):
        return Answering("explain", (word,)) if word and meanings(word, catalogue) else None
    return None


def _of_a_job(
    text: str, workload: str, wishes: Sequence[tuple[str, str]], devices: Sequence[tuple[str, ...]],
    catalogue: Catalogue,
) -> Answering | None:  # fmt: skip
    """What is asked of a job of which nothing is wished but where it runs; None of any other, or of a use."""
    job = tuple((name, said) for name, said in wishes if name in _JOB)
    place = {*_PLACE, *(_REPLACED if len(devices) > 1 else ())}
    if len(job) + sum(name in place for name, _ in wishes) < len(wishes) or not _is_model(workload):
        return None
    if _FIT.search(text):
        on = _on(text, devices, catalogue) or _of_size(text, catalogue)
        return Answering("fit", (workload,), (*on, *job))
    if _MONEY.search(text):
        return None
    if len(devices) > 1 and _COMPARE.search(text):
        several = _so_many(text, devices, catalogue)
        beside = Answering("compare", _side_by_side(devices, catalogue), (("workload", workload), *job))
        return Answering("predict", (workload,), (("gpu", several), *job)) if several else beside
    if _PREDICT.search(text):
        one = len(devices) == 1 and not _counted(text, catalogue)
        return _speed(workload, devices, _on(text, devices, catalogue), job, catalogue) if one else None
    review = _of_one(text, devices) if workload not in text else None
    return review._replace(options=(*review.options, ("workload", workload), *job)) if review else None


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
    if _WHICH.search(text) or {"budget", "slo", "target", "users", "rate", "deadline"} & {*named_}:
        return None
    job = tuple((name, said) for name, said in wishes if name in _JOB)
    trains = named_.get("phase") in TRAINING
    if trains and "tokens" in named_ and len(devices) == 1:
        count = several.rpartition(":")[2]
        cluster = f"{_largest(devices[0], catalogue)}:{count}"
        return Answering("sweep", (workload,), (("gpus", cluster), ("tokens", named_["tokens"]), *job))
    return Answering("predict", (workload,), (("gpu", several), *job))


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
    shown = _side_by_side(devices, catalogue)
    return ",".join(said for key, said in typed.items() if key in shown)


def _quoted(text: str, catalogue: Catalogue) -> bool:
    """Whether a text is a price that somebody asks, of one GPU or of a name that several share."""
    try:
        read_quote(text, catalogue)
    except OpenVariant:
        return True
    except UsageError:
        return False
    return True


def _speed(
    workload: str, devices: Sequence[tuple[str, ...]], on: tuple[tuple[str, str], ...],
    job: tuple[tuple[str, str], ...], catalogue: Catalogue,
) -> Answering:  # fmt: skip
    """How fast a job is on a GPU, or on each that its name may mean."""
    if len(devices[0]) == 1:
        return Answering("predict", (workload,), (*on, *job))
    return Answering("compare", _side_by_side(devices, catalogue), (("workload", workload), *job))


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
    return (("gpu", ",".join(names)),) if names else ()


def _of_size(text: str, catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    """The option of a GPU for so much memory as somebody asks whether it is enough: the fastest for games."""
    asked = _SIZE.search(text)
    size = float(asked[1] or asked[2] or asked[3]) * GIB if asked else 0.0
    # A little of what a card is sold with is not there to use.
    alike = [
        gpu for gpu in catalogue.values()
        if size and not gpu.user and 0.93 < float(gpu.value("memory") or 0.0) / size <= 1.0
    ]  # fmt: skip
    for segment in ("geforce", "workstation", "datacenter"):
        if some := [gpu for gpu in alike if gpu.segment == segment and gpu.vendor == "NVIDIA"]:
            return (("gpu", max(some, key=lambda gpu: float(gpu.value("fp16") or 0.0)).id),)
    return ()


def _side_by_side(devices: Sequence[tuple[str, ...]], catalogue: Catalogue) -> tuple[str, ...]:
    """What the names may mean; where that is too much to read, each name's form with most links and memory.

    The comparison names the other forms.
    """
    if len(devices) > 1 and sum(map(len, devices)) > _FORMS:
        return tuple(dict.fromkeys(_largest(some, catalogue) for some in devices))[:_MOST]
    rounds = (key for some in zip_longest(*devices) for key in some if key)
    return tuple(dict.fromkeys(rounds))[:_MOST]


def _largest(ids: Sequence[str], catalogue: Catalogue) -> str:
    return max(ids, key=lambda key: ("-sxm" in key, float(catalogue[key].value("memory") or 0.0)))


def _counted(text: str, catalogue: Catalogue) -> bool:
    """Whether a number of GPUs is asked for."""
    return any(_NUMBER_OF.search(text[: one.start]) for one in named(text, catalogue))


def _hours(text: str) -> tuple[tuple[str, str], ...]:
    match = _HOURS.search(text)
    return (("hours-per-day", match[1] or "24"),) if match else ()
