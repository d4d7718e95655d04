"""Ratios whose two sides a sentence leaves open: wrong where they hold of no two devices of the text.

"Bandwidth went up by 18 percent", "the bus is twice as wide", "three quarters of its cores": of whom that is
said, only reading would tell. Where no two of the devices that the document speaks of, in whatever form and
number, differ by so much, and no two values of the sentence either, it is wrong whoever is meant.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes, named
from whichgpu.audit.comparisons.said import UPGRADED
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.multiple import Multiple, verdict_of
from whichgpu.audit.nearest import fitting
from whichgpu.audit.offers import common
from whichgpu.audit.quantities import SPELLED, multiples, quantities
from whichgpu.audit.sentences import guarded, sentences, within
from whichgpu.audit.sourced import on_file
from whichgpu.audit.subjects import family, model
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.hardware.limits import as_sold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: Attributes that a device has one value of, which no work and no maker changes much.
_KEYS = frozenset({"memory", "bandwidth", "cores", "tensor_cores", "memory_bus", "transistors", "l2", "sms"})
#: Of so many models some two differ by anything.
_MOST_MODELS = 5
#: What makes of a ratio one of something else: of use, speed, money, other products.
_ELSE = re.compile(
    r"\b(?:us(?:e|es|ed|ing|age)|consum\w+|utili[sz]\w*|occup\w+|sav(?:e|es|ed|ing|ings)|free|left|remain\w*|"
    r"overhead|cache|kv|weights?|models?|batch\w*|tokens?|context|quanti\w+|precision|fp\d+|int\d|bf16|tf32|"
    r"dataset\w*|price\w*|costs?|cheap\w*|dollars?|money|budget|per|efficien\w*|fast\w*|slow\w*|speed\w*|"
    r"perform\w*|throughput|latency|compute|training|inference|frames?|effective\w*|achiev\w*|measured|actual|"
    r"limit\w*|bottleneck\w*|cpu|host|system|node|nodes|server\w*|cluster|rack|slices?|instances?|mig|clock\w*|"
    r"overclock\w*|predecessors?|previous|last|older|generations?|earlier|competit\w+|rivals?|successor|next|"
    r"future|rumou?r\w*|expected|pcie|ddr\d?|year|years|sm|stacks?|require\w*|needs?|gpus|cards|two of)\b",
    re.IGNORECASE,
)
#: A name of hardware that may be of no device in the catalogue.
_NAME = re.compile(
    r"\b(?:[A-Z]{1,4}-?\d{1,4}[A-Za-z]*|\d{4}(?:\s?(?:Ti|XT|Super|SUPER))?|TPU\w*|Gaudi\w*|Mac\w*)\b"
)
#: Ends of what is said of one thing.
_CLAUSE = re.compile(r"[,;:()\u2013\u2014|]\s*|\s(?:and|while|whereas|but|with|so|which|though|although)\s")
_UP = re.compile(
    r"\b(?:more|up|increas\w+|gr[eo]w\w*|r[iao]se[sn]?|rising|gain\w*|extra|on top|higher|larger|"
    r"bigger|wider|"
    r"greater|added|additional|rais\w+|jump\w*|bump\w*|boost\w*|climb\w*|ahead|uplift|expand\w*|improv\w*)\b",
    re.IGNORECASE,
)
_DOWN = re.compile(
    r"\b(?:less|fewer|down|smaller|lower|narrower|shr[iau]nk\w*|reduc\w+|drop\w*|f[ae]ll\w*|cut\w*|short|behind|"
    r"decreas\w+|shed\w*|los[te]\w*)\b",
    re.IGNORECASE,
)
_CAPACITY = re.compile(r"^\W*(?:the\s+|its\s+)?(?:memory\s+)?capacity\b", re.IGNORECASE)
_OF = re.compile(r"\s+(?:of|as (?:much|many|wide|large|big))\b")
#: How many of a device a sentence speaks of.
_COUNTS = re.compile(
    r"(?<![\d.,])\b(?:(\d{1,2})(?:\s?[x\u00d7])?\b(?![.,]\d|\s?%|\s*percent)|("
    + "|".join(SPELLED)
    + r"|pair|both))\b",
    re.IGNORECASE,
)
_FACTS, _TWO = 4, 2


def find(context: Context) -> Iterator[Finding]:
    """Every such ratio that nobody who can be meant makes true."""
    models = _models(context)
    if sum(len(each) for each in models) < _TWO or len(models) > _MOST_MODELS:
        return
    done = sorted((each.start, each.end) for each in context.memo["found"])
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            for start, end in _clauses(passage.text, sentence.start, sentence.end):
                if not _is_open(index, passage, (start, end), context):
                    continue
                attribute = _attribute(passage.text, start, end)
                for claim in _claims(passage.text, start, end, context) if attribute else ():
                    place = passage.span(claim.start, claim.end)
                    # "The H200 came with 76 % more": of what, the text may never say.
                    if _told_of(index, claim, context) < _TWO or UPGRADED.search(sentence.text):
                        continue
                    if attribute and not any(a < place[1] and place[0] < b for a, b in done):
                        yield from _judged(passage, sentence, (claim, attribute), models, context)


def _told_of(index: int, claim: Multiple, context: Context) -> int:
    """Of how many models a text spoke before a claim ends."""
    before = (
        model(each.named[0], context.catalogue)
        for at, found in context.mentions.items()
        for each in found
        if at < index or (at == index and each.end <= claim.end)
    )
    return len(set(before))


def _models(context: Context) -> list[list[Gpu]]:
    """The devices of the document, those of one model together."""
    every: dict[frozenset[str], list[Gpu]] = {}
    for found in context.mentions.values():
        for each in found:
            key = model(each.named[0], context.catalogue)
            if key not in every:
                forms = common(family(each.named, context.catalogue))
                every[key] = [context.catalogue[one] for one in dict.fromkeys((*each.named, *forms))]
    return list(every.values())


def _clauses(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretches of a sentence that say one thing each."""
    at = start
    for match in _CLAUSE.finditer(text, start, end):
        yield at, match.start()
        at = match.end()
    yield at, end


def _is_open(index: int, passage: Passage, place: tuple[int, int], context: Context) -> bool:
    """Whether a clause speaks of devices of the document and of nothing that a ratio may be of besides."""
    words = list(passage.text[slice(*place)])
    for each in context.mentions.get(index, ()):
        if place[0] <= each.start < place[1]:
            words[each.start - place[0] : each.end - place[0]] = " " * (each.end - each.start)
    said = "".join(words)
    return not (_ELSE.search(said) or _NAME.search(said) or guarded(said))


def _attribute(text: str, start: int, end: int) -> Attribute | None:
    """The only attribute of a clause; None where it names several, or one that work decides."""
    keys = {each.attribute for each in within(named(text), start, end) if each.end <= end}
    one = keys.pop() if len(keys) == 1 else None
    if one is None and not keys and _CAPACITY.search(text, start, end):
        one = attributes()["memory"]
    return one if one and one.key in _KEYS else None


def _claims(text: str, start: int, end: int, context: Context) -> Iterator[Multiple]:
    """The multiples of a clause; a percentage is one by what is said beside it."""
    for each in within(multiples(text), start, end):
        yield Multiple(each.start, each.end, each.value, each.limit)
    for each in within(quantities(text, context.fraction), start, end):
        if each.high != each.value or each.end > end or each.value <= 0:
            continue
        if each.dimension == "times":
            yield Multiple(each.start, each.end, each.value, each.limit)
        elif each.dimension == "percent":
            yield from _of_percent(text, start, end, each)


def _of_percent(text: str, start: int, end: int, each: Quantity) -> Iterator[Multiple]:
    words = text[start:end]
    up, down = _UP.search(words), _DOWN.search(words)
    if _OF.match(text, each.end):
        yield Multiple(each.start, each.end, each.value, each.limit)
    elif bool(up) != bool(down):
        step = each.value if up else -each.value
        yield Multiple(each.start, each.end, 1 + step, each.limit, step)


def _judged(
    passage: Passage, sentence: Sentence, what: tuple[Multiple, Attribute],
    models: Sequence[Sequence[Gpu]], context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """An accusation where no two values that can be meant are so far apart."""
    claim, attribute = what
    values = {(_value(gpu, field), gpu.id) for gpus in models for gpu in gpus for field in attribute.fields}
    known = sorted((value, key) for value, key in values if value)
    if not known or len({value for value, _ in known}) < 2:
        return
    stated = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
    told = [each.value for each in fitting(attribute, stated) if each.value > 0]
    every = [*(value for value, _ in known), *told]
    counts = {1.0, *_counts(sentence.text)}
    ratios = {k * a / b for k in counts for x, y in combinations(every, 2) for a, b in ((x, y), (y, x))}
    ratios |= {1.0, *counts}
    if verdict_of(claim, sorted(ratios)) != "contradicted":
        return
    best = sorted({gpu.id for gpus in models for gpu in gpus[:1]})[:_FACTS]
    shown = "; ".join(f"{key} has {context.catalogue[key].display(attribute.fields[0])}" for key in best)
    because = f"of no two devices that the text speaks of: {shown}"
    evidence = tuple(on_file(context.catalogue[key], attribute) for key in best)
    yield made(
        context, passage, (claim.start, claim.end), "ratio", "contradicted", subject=", ".join(best),
        attribute=attribute.key, because=because, evidence=(Evidence(because), *evidence),
    )  # fmt: skip


def _value(gpu: Gpu, field: str) -> float:
    """A value of a device, of its memory the size that it is sold with; 0 where none is on file."""
    value = next((fact.value for fact in as_sold(gpu, field)), None)
    if not isinstance(value, int | float):
        return 0.0
    return float((nominal_gb(value) or value / 1e9) * 1e9 if field == "memory" else value)


def _counts(text: str) -> Iterator[float]:
    for match in _COUNTS.finditer(text):
        number = SPELLED.get((match[2] or "").lower(), 2) if match[2] else int(match[1])
        if 1 < number <= 16:
            yield from (float(number), 1 / number)
