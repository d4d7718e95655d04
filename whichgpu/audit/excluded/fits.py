"""What a clause says to fit, and what no device holds which it can be about.

What is needed was told last: an amount, or a model and the bytes of its weights. What has to hold it is what
the clause names, else what its heading or the whole text speaks of: the largest of these is too small.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import sides_of
from whichgpu.audit.devices.machine import is_of_system
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.frames.lexicon import meant
from whichgpu.audit.holding.words import ALL_OF_THESE, IS_LEFT
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.models import TRAINS, formats, models, single
from whichgpu.audit.text.quantities import SPELLED, quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.offers import usual
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.models import Model
    from whichgpu.hardware.gpu import Gpu

#: The meaning of what a clause says to be held.
HOLDS = "holding"
#: What parts clauses that each tell of a fit.
_PARTS = re.compile(
    r";\s|:\s|,\s+(?=(?:which|so|but|while|whereas|although|though|and (?:the|an?|on|in))\b)|[.?!]\s"
)
#: What is denied, tried, put elsewhere, of a part, or made smaller by what no figure tells.
_NO = re.compile(
    r"\b(?:not|no|nor|neither|never|none|cannot|hardly|barely|only (?:with|if|when)|unless|if|whether|"
    r"would(?! (?:\w+ )?(?:need|want|do)\b)|could(?! (?:\w+ )?(?:hold|load|do|take|handle)\b)|"
    r"might|should|than|instead|rather|except|tr(?:y|ied|ies|ying)|fail\w*|attempt\w*|hours|"
    r"too (?:large|big|much|many|small|little|tight|slow|long|heavy)|off-?load\w*|CPUs?|"
    r"system (?:ram|memory)|swap\w*|disk|ssd|nvme|partial\w*|parts? of|layers?|split|shard\w*|across|"
    r"either (?:build|rig|set-?up|option|system|plan)|cluster|nodes?|servers?|machines?|box|rack|"
    r"several|multiple|quanti[sz]ed|active|experts?|slow\w*|"
    r"crawl\w*|distill\w*|prun\w+|together|combined|q?lora|adapters?|per (?:gpu|card)|images?|"
    r"(?:tokens?|frames?) (?:per|a) second|half of|most of|left|remain\w*|leav\w+|draft|embedding|batch|"
    r"users?|requests?|faster|quick\w*|vision|encoder|unet|vae|smaller|shorter|reduc\w+|from \d|"
    r"models that|(?:workload|job|task|software)s? (?:that |which )?(?:it|they|you)|"
    r"whatever|anything|everything|take the|buy|choose|ten of|dozen|systems|"
    # "The limiting factor for running it is VRAM", "that's before you run a single token".
    r"(?:factors?|bottlenecks?|challenges?|problems?|obstacles?|constraints?|hurdles?)\s(?:for|in|of|to|"
    r"when)|"
    r"before (?:you|we|one|it|they))\b"
    # "35B-A3B": experts are often in the host's memory. "Its FP16 runs at 1/64th the rate": no model does.
    r"|-A\d{1,3}(?:\.\d)?B\b|\bruns? at\s+(?:an?\s+)?(?:1/|\d|half|quarter|full rate)"
    r"|n[\u2019']t\b|%|\s\+\s",
    re.IGNORECASE,
)
#: Denials that deny no fit: "without quantising", "no offloading".
_NO_DENIAL = re.compile(
    r"\b(?:without|no|any)\s+(?:any\s+)?(?:compromises?|quanti[sz]\w*|off-?load\w*|problems?|trouble|"
    r"tricks?|"
    r"issues?|splitting|sharding)\b|\bin no time\b|\bnot only\b|"
    r"\bleav\w+ (?:\w+ ){0,3}(?:room|space|headroom)\b(?: to (?:spare|breathe))?|\bto spare\b|"
    r"\bif (?:you|we|one|somebody|your team) (?:wants?|needs?|runs?|plans?|uses?|insists?|prefers?|"
    r"likes?)\b|"
    r"\b(?:if|as long as|provided) (?:you|one|we) (?:can |could )?(?:live|cope|do|put up|make do|"
    r"are (?:fine|happy|ok\w*)) with"
    r"(?:out)?\b|"
    # Weights that do not fit are not helped by a small batch.
    r"\b(?:if|when|with|as long as|provided)\s(?:[^\s.;,]+\s){0,4}(?:small|short|tiny|modest|limited|low)\s"
    r"(?:batch\w*|context\w*)(?:\ssizes?)?|"
    r"\b(?:if|when|as long as|provided)\s(?:[^\s.;,]+\s){1,4}(?:batch\w*|context\w*)(?:\ssize)?\s(?:\w+\s)?"
    r"(?:small|short|tiny|low|modest)\b",
    re.IGNORECASE,
)
#: "80 GB each" is of several, which hold something together.
_BOTH = re.compile(r"\b(?:both|either|(?<!GB )each|all (?:three|four|of them))\b", re.IGNORECASE)
#: One device, whichever it is.
_ONE = re.compile(
    r"\b(?:(?:the|this|that) (?:\w+ )?(?:card|gpu|laptop|notebook|board)|one|a single|its|both|either|each|"
    r"(?:in|into|on|onto|enters) it)\b|\b(?:laptop|notebook)",
    re.IGNORECASE,
)
_LAPTOP = re.compile(r"\b(?:laptop|notebook)\b", re.IGNORECASE)
#: A device without a name, of those that the text speaks of.
_SOME = re.compile(
    r"\b(?:it|its|cards?|gpus?|boards?|laptop|notebook|one|a single|vram|memory|both|either|on board)\b",
    re.IGNORECASE,
)
#: Before and behind an amount, that it is room and no need.
_ROOM_BEFORE = re.compile(
    r"\b(?:in|into|within|its|the|with|has|have|of|single|one|an?|offers?|brings?|makes?|gives?|to|and)\s+"
    r"(?:all\s+|full\s+|only\s+)?$",
    re.IGNORECASE,
)
_ROOM_BEHIND = re.compile(
    r"[\s-]*(?:of\s+)?(?:(?:unified|video|device|gpu|on-?board)\s+)?(?:v?ram|memory|cards?|gpus?|"
    r"boards?|hbm\w*|"
    r"gddr\w*|versions?|variants?|models?(?! of)|Mac|holds?|can hold|fits?)\b",
    re.IGNORECASE,
)
_OF_NEED = re.compile(
    r"\s+(?:of|for)\s+(?:the\s+|its\s+)?(?:weights|parameters|states|gradients)\b", re.IGNORECASE
)
#: What a clause speaks of that was told before.
_IT = re.compile(
    r"\b(?:it|that|this|which|they|them|manages|enough for|"
    r"the (?:[\w-]+ )?(?:version|model|weights|file|one))\b",
    re.IGNORECASE,
)
_BYTES_EACH = re.compile(
    r"\b(?:at|of) (?P<n>one|two|four|half a) bytes? (?:each|apiece|per)\b", re.IGNORECASE
)
_EACH = {"one": 1.0, "two": 2.0, "four": 4.0, "half a": 0.5}
#: What the smallest format in wide use takes of a weight; how much more there is that no rounding explains.
_LEAST, _MORE = 0.5, 1.03


#: What is up to a need without a word for holding: "a pair of A40s will do".
_DOES = re.compile(
    r"\b(?:(?:will|would|can|could) (?:easily |just |also |still )?(?:do|manage)"
    r"(?: (?:that|it|this|so|the job))?|"
    r"(?:is|are) (?:easily )?(?:up to|equal to) (?:it|that|the job|the task)|"
    r"(?:already |still |just )?suffices?|(?:is|are|has|have|offers?) (?:more than |just |already )?enough|"
    r"(?:is|are) (?:perfectly |quite |more than )?sufficient)"
    r"(?=\s*(?:[.,;:]|$|(?:if|when|as long as|provided|for (?:it|that|this|the job))\b))|"
    r"\b(?:(?:can|could) be (?:done|run|trained|tuned|fine-?tuned|served|hosted)|(?:is|are) (?:also |even |"
    r"perfectly |quite )?(?:possible|feasible|doable))(?=\s(?:on|with|by)\b)",
    re.IGNORECASE,
)
#: Devices of which each is said to hold it: "a V100 or an L4".
_OR = re.compile(r"\bor\b")
#: So many of whichever is spoken of: "two of any of these cards".
_OF_THESE = re.compile(
    r"\b(?P<n>one|two|three|four|six|eight|[2-8]) of (?:(?:any|either|each) of )?(?:them|these|those|"
    r"the)\b",
    re.IGNORECASE,
)


#: What is held in parts by several.
_SPREAD = re.compile(r"\b(?:spread|shard(?:s|ed|ing)?|distributed|ZeRO|FSDP)\b", re.IGNORECASE)


#: Between what is needed and what is said to hold it, that the one is told by itself.
_APART = re.compile(r"[,:;)]\s|\b(?:so|and|hence|thus|therefore)\b")


#: That a part is kept by the host, in this sentence or before it.
_ASIDE = re.compile(
    r"\b(?:off-?load\w*|LPDDR\w*|unified memory|spill\w*|swapp\w+|NVLink-C2C)\b", re.IGNORECASE
)


#: "10 hosts with two L4 each": machines, and nothing that is held.
_MACHINES = re.compile(r"\b(?:\d+|two|three|four|five|six|eight|ten|twelve)\s+hosts\b", re.IGNORECASE)


class _Need(NamedTuple):
    """What has to be held: bytes at least, and the words for them."""

    size: float
    words: str


def fits(scope: Scope, context: Context) -> Iterator[Finding]:
    """The fits of a sentence that are none."""
    text, sentence = scope.passage.text, scope.sentence
    if ALL_OF_THESE.search(sentence.text) and not _OF_THESE.search(sentence.text):
        return
    if _ASIDE.search(text, 0, sentence.end):
        # What the host keeps needs no room.
        return
    if _SPREAD.search(sentence.text):
        # "Spread over eight GPUs, each holds 14 GB": of none of those that the text names.
        return
    parts = (each.end() for each in _PARTS.finditer(text, sentence.start, sentence.end))
    for start, end in pairwise([sentence.start, *parts, sentence.end]):
        words = _NO_DENIAL.sub(" ", text[start:end])
        named = any(start <= each.start < end for each in scope.here)
        does = _DOES.search(text, start, end) if named or _ON_EACH.search(text, start, end) else None
        verb = meant(text, start, end, HOLDS) or (does.span() if does else None)
        if verb is None or _NO.search(words) or _MACHINES.search(text, start, end):
            continue
        need = _need(scope, (start, end), context)
        room = _room(scope, (start, end), context) if need else 0.0
        if need is None or not room or need.size <= room * _MORE:
            continue
        least = "" if need.words.endswith("GB") else f", {need.size / 1e9:,.4g} GB at least,"
        names = [each for each in scope.here if start <= each.start < end]
        because = f"{need.words}{least} against {room / 1e9:,.4g} GB, the most that what is spoken of has"
        # What is needed is told by itself: "13B needs 26 GB, and so one L4 suffices".
        told = [each.end for each in within(quantities(text, context.fraction), start, verb[0])
                if each.dimension == "memory"]  # fmt: skip
        apart = bool(told) and _APART.search(text, told[-1], verb[0]) is not None
        begins = told[-1] if apart else start
        at = [start + each.start for each in models(text[start:end]) if start + each.start >= begins]
        first = min(at, default=verb[0])
        last = max((each.end for each in names), default=verb[1])
        place = (min(first, verb[0]), max(last, verb[1]))
        yield made(
            context, scope.passage, place, "memory", "contradicted",
            subject=need.words, attribute="fits", because=because, expected="no",
            evidence=(Evidence(because, "memory model"),),
        )  # fmt: skip
        return


def _need(scope: Scope, place: tuple[int, int], context: Context) -> _Need | None:
    """What a clause, or what stands before it in its passage, tells last that has to be held."""
    text, (start, end) = scope.passage.text, place
    told = _told(scope, start, end, context)
    if told is not None:
        return told
    stops = [0, *(each.end() for each in _PARTS.finditer(text, 0, start)), start]
    for first, last in reversed([*pairwise(stops)][-_BACK:] if _goes_on(text, start, end) else ()):
        told = _told(scope, first, last, context, bits=text[start:end])
        if told is not None:
            return told
    said = formats(text[start:end])
    one = _of_document(context) if said and _IT.search(text, start, end) else None
    return _Need(one.parameters * min(each.least for each in said), one.name) if one else None


def _goes_on(text: str, start: int, end: int) -> bool:
    """Whether a clause speaks of what was told before it."""
    return _IT.search(text, start, end) is not None or _DOES.search(text, start, end) is not None


def _of_document(context: Context) -> Model | None:
    """The one model that a document speaks of; None of several."""
    if "one model" not in context.memo:
        found = [each for _, passage in context.document.running() for each in models(passage.text)]
        context.memo["one model"] = single(found)
    one: Model | None = context.memo["one model"]
    return one


#: Clauses before one in which what it speaks of was told.
_BACK = 3


def _told(scope: Scope, start: int, end: int, context: Context, *, bits: str = "") -> _Need | None:
    text = scope.passage.text
    names = context.mentions.get(scope.number, ())
    amounts = [
        each
        for each in within(quantities(text, context.fraction), start, end)
        if each.dimension == "memory"
        and not _is_room(text, each.start, each.end)
        and (_OF_NEED.match(text, each.end) or not IS_LEFT.match(text, each.end))
        and not any(_is_memory_of(gpu, each.value) for gpu in scope.gpus)
        and not any(one.start <= each.start < one.end for one in names)
    ]
    found = models(text[start:end])
    if amounts and not (bits and formats(bits)):
        return _Need(amounts[-1].value, text[amounts[-1].start : amounts[-1].end])
    if not found or TRAINS.search(text[start:end]):
        return None
    verb = meant(text, start, end, HOLDS)
    before = [each for each in found if verb and each.end <= verb[0] - start]
    one = single(found) or (before[-1] if before and single(before) else None)
    if one is None:
        return None
    said = formats(bits) or formats(text[start:end])
    match = _BYTES_EACH.search(text, start, end)
    least = _EACH[match["n"].lower()] if match else min((each.least for each in said), default=_LEAST)
    return _Need(one.parameters * least, one.name.strip())


def _is_memory_of(gpu: Gpu, size: float) -> bool:
    """Whether an amount is what a device has, as it is sold."""
    return abs(size / ((nominal_gb(float(gpu.value("memory") or 0)) or 1) * 1e9) - 1) < _SAME


_SAME = 0.005


def _is_room(text: str, start: int, end: int) -> bool:
    """Whether an amount is what a device has, and not what is to be held."""
    if _OF_NEED.match(text, end):
        return False
    return bool(_ROOM_BEHIND.match(text, end) or _ROOM_BEFORE.search(text, max(0, start - 24), start))


def _room(scope: Scope, place: tuple[int, int], context: Context) -> float:
    """The most that what has to hold it can have; 0 where that is open."""
    text, (start, end) = scope.passage.text, place
    here = [each for each in context.mentions.get(scope.number, ()) if start <= each.start < end]
    sizes = _of_named(text, start, here, context)
    if sizes is None:
        return 0.0
    if len(here) > 1 and all(_OR.search(text, a.end, b.start) for a, b in pairwise(here)):
        return min(sizes)
    if (many := _OF_THESE.search(text, start, end)) and not here:
        known = [float(gpu.value("memory") or 0) for gpu in scope.gpus]
        return max(known) * _number(many["n"]) if all(known) else 0.0
    told = within(quantities(text, context.fraction), start, end)
    sizes += [
        each.value * _BINARY
        for each in told
        if each.dimension == "memory"
        and _is_room(text, each.start, each.end)
        and not IS_LEFT.match(text, each.end)
    ]
    if not sizes and (group := _of_each(scope, (start, end), context)):
        return group
    if not sizes and _SOME.search(text, start, end):
        sizes = _of_all(scope, text[start:end], context)
    elif not sizes and _AS_WELL.search(text, start, end):
        sizes = _of_last(scope, start, context)
    # "Both" are two of those that a longer text speaks of, and no words tell which.
    of_two = len(sizes) == len(("one", "other")) or here
    others = not here and _is_of_others(scope, text[start:end], context)
    if others or not sizes or not all(sizes) or (_OF_KIND.search(text, start, end) and not of_two):
        return 0.0
    return min(sizes) if _BOTH.search(text, start, end) and len(sizes) > 1 else max(sizes)


#: All of so many, which are no others than a text speaks of.
_ALL_OF = re.compile(r"\ball (?P<n>three|four|five|six)\b", re.IGNORECASE)


def _is_of_others(scope: Scope, clause: str, context: Context) -> bool:
    """Whether a clause is of all of so many, and the text speaks of more or fewer."""
    said = _ALL_OF.search(clause)
    every = {model(gpu.id, context.catalogue) for gpu in scope.gpus}
    return said is not None and len(every) != _number(said["n"])


#: "In FP16 it fits as well": on what was named last.
_AS_WELL = re.compile(
    r"\b(?:fits?|runs?|works?|loads?|goes)\s(?:there\s)?(?:too|as well|also|just as well)\b", re.I
)
#: Each of the two that a text compares, and no number of them together.
_ON_EACH = re.compile(
    r"\b(?:fits?|runs? on|on|in|into|onto)\s(?:both|either)(?:\s(?:cards?|gpus?|of them|"
    r"one))?(?=\s*(?:[.,;:)]|$))|"
    r"\beither (?:card|gpu|one|of them)\b",
    re.IGNORECASE,
)


def _of_each(scope: Scope, place: tuple[int, int], context: Context) -> float:
    """What the smaller of the two has that a text compares, where a clause is of each; else 0."""
    both = sides_of(context) if _ON_EACH.search(scope.passage.text, *place) else None
    if both is None:
        return 0.0
    sides = [
        [float(context.catalogue[key].value("memory") or 0) for key in usual(ids)]
        for ids in (both.first, both.second)
    ]
    return min(max(side, default=0.0) for side in sides)


def _of_last(scope: Scope, start: int, context: Context) -> list[float]:
    """What the one device has that was named last before a clause, in its passage."""
    before = [each for each in context.mentions.get(scope.number, ()) if each.end <= start][-1:]
    return _of_named(scope.passage.text, 0, before, context) or []


def _of_named(text: str, start: int, here: Sequence[Mention], context: Context) -> list[float] | None:
    """What each device that a clause names has, times how many it counts; None where that is open."""
    sizes = []
    for each in here:
        known = [float(context.catalogue[key].value("memory") or 0) for key in usual(each.ids)]
        count = counted(text, start, each.start)
        of_system = count == 1 and is_of_system(text, each.start, each.end)
        if of_system or not all(known) or not known or (count == 1 and _is_plural(text, each.end, each.text)):
            return None
        sizes.append(max(known) * count)
    return sizes


def _of_all(scope: Scope, clause: str, context: Context) -> list[float]:
    """What each of the devices spoken of has, or as many of it as the text speaks of."""
    gpus = scope.gpus
    if _LAPTOP.search(clause):
        gpus = [gpu for gpu in gpus if gpu.id.endswith("-laptop")]
    most = 1.0 if _ONE.search(clause) else _most(context)
    return [float(gpu.value("memory") or 0) * most for gpu in gpus]


_OF_KIND = re.compile(r"\b(?:both|either)\b", re.IGNORECASE)
#: Gigabytes that are told may be binary.
_BINARY = (1024 / 1000) ** 3


def _number(word: str) -> float:
    return float({"one": 1.0, **SPELLED}.get(word.lower(), 0.0) or word)


def _is_plural(text: str, end: int, name: str) -> bool:
    return name.endswith("s") or text[end : end + 1] == "s"


#: So many of a device that no name tells: "with two cards", "on four GPUs"; not "all three cards".
_SO_MANY = re.compile(
    r"(?<!all )(?<!the )(?<!these )(?<!of )\b(?P<n>two|three|four|six|eight|[2-8])[ -]?"
    r"(?:cards|gpus|boards)\b",
    re.IGNORECASE,
)


def _most(context: Context) -> float:
    """The most of one device that a document speaks of."""
    if "most of one" not in context.memo:
        every = [
            counted(passage.text, 0, each.start)
            for index, passage in context.document.running()
            for each in context.mentions.get(index, ())
        ]
        every += [
            float(SPELLED.get(match["n"].lower(), 0) or match["n"])
            for _, passage in context.document.running()
            for match in _SO_MANY.finditer(passage.text)
        ]
        context.memo["most of one"] = max(every, default=1.0)
    return float(context.memo["most of one"])
