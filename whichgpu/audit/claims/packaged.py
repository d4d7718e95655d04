"""Of how many dies a GPU is made, and how many stacks of memory it has: "eight stacks of HBM3"."""

from __future__ import annotations

from functools import cache
from math import ceil
from typing import TYPE_CHECKING, Any

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.devices.roles import told as each_sentence
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables.variants import cells
from whichgpu.audit.text.quantities import SPELLED, read_number
from whichgpu.audit.values.certainty import certain
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_NUMBER = rf"(?P<n>\d{{1,2}}|single|dual|{'|'.join(SPELLED)})"
_KIND = (
    r"(?:accelerator|complex|compute|graphics|gpu|core|reticle-(?:sized|limited)|silicon|big|large|identical|"
    r"equal|separate)"
)
#: Parts of a package by what is counted.
_PARTS = {
    "stacks": r"(?:hbm\w*|memory|dram|dedicated)\s+(?:memory\s+)?(?:stacks|sites|towers|cubes)|"
    r"stacks(?=\s+of\s+(?:fast |stacked )?(?:hbm|memory|dram|\d+\s?(?:GB|GiB|high)))",
    "memory": r"mcds?|(?:memory|cache|memory[- ]cache|memory[- ]controller)\s+(?:dies|chiplets|dice|tiles)|"
    r"dies with the memory controllers",
    "io": r"iods?|i/o\s+(?:dies|dice|tiles|chiplets)|base\s+(?:dies|tiles)",
    "compute": rf"[xg]cds?|(?:{_KIND}\s+)+(?:dies|chiplets|dice|tiles)|dies|dice",
}  # fmt: skip
_TOLD = re.compile(
    rf"\b{_NUMBER}[\s-](?:of (?:the|its|these)\s+)?(?:(?P<state>active|enabled|working|usable|populated|"
    r"small(?:er)?|tiny|little|stacked|fast|surrounding|such|24[- ]GB|16[- ]GB|36[- ]GB)\s+)?"
    rf"(?:{'|'.join(f'(?P<{key}>{words})' for key, words in _PARTS.items())}|(?P<adjective>(?<=-)die))\b",
    re.IGNORECASE,
)
#: Of one die, or of several, without their number: "a monolithic GPU", "built from chiplets".
_MADE = re.compile(
    r"\b(?P<one>monolithic)\s+(?:\w+\s+)?(?:die|dice|chips?|gpus?|cards?|design|accelerators?|silicon|"
    r"processor)\b|"
    r"\b(?:(?:made|built|composed|consists?|assembled)\s+(?:up\s+)?(?:of|from|with)|uses?|with|is an?|"
    r"has an?)\s+"
    r"(?:\w+\s+)?(?P<several>chiplets?(?:[ -](?:based|design|architecture|gpu|package))?)\b",
    re.IGNORECASE,
)
_ANY = re.compile(
    r"\bmonolithic\b|\b(?:stacks|towers|cubes|mcds?|iods?|[xg]cds?|die|dies|dice|chiplets?|tiles|sites)\b",
    re.I,
)
#: What makes a number of parts none of the whole GPU's.
_ELSE = re.compile(
    r"\b(?:each|per|every|more|fewer|less|additional|extra|another|other|than|either|wafers?|of which|out of|"
    r"not|never|no|without|instead|rumou?r\w*|next|future|would|could|if|cpu|half|both|twice|together|"
    r"cards|gpus|modules|nodes|zen|ccds?|remaining|disabled|dummy|dummies)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_TURN = re.compile(r"[;:]\s|,\s+(?:and|while|whereas|but|where|which)\s|\s(?:while|whereas)\s")
#: Letters behind a number of parts within which the next device is named.
_BEHIND = 60
#: From a number of parts to the next device, and what it has of them.
_TO_NEXT = re.compile(
    r"(?:\s+of\s+\S+)?\s*[;,]\s+(?:(?:and|while|whereas|but)\s+)?(?:the\s+)?(?:NVIDIA\s+|AMD\s+|Intel\s+)?",
    re.IGNORECASE,
)
_AND_SO_MANY = re.compile(
    r"\s+(?:(?:uses|has|carries|gets|packs|with|only|just|makes do with)\s+)*"
    rf"(?P<n>\d{{1,2}}|{'|'.join(SPELLED)})"
    r"\s*(?=[.;,]|$)",
    re.IGNORECASE,
)
_LABELS = {
    "stacks": re.compile(r"(?:(?:number of )?(?:hbm\w*|memory) )?stacks(?: of hbm\w*)?", re.IGNORECASE),
    "memory": re.compile(r"mcds?|(?:memory|cache) (?:dies|chiplets)", re.IGNORECASE),
    "io": re.compile(r"iods?|i/o dies", re.IGNORECASE),
    "compute": re.compile(r"[xg]cds?|(?:compute|gpu|graphics) (?:dies|chiplets)|dies", re.IGNORECASE),
}
_ALONE = re.compile(r"\s*(?P<n>\d{1,2})\s*(?:x\b.{0,24}|[\u00d7(].{0,24})?")
#: Bits of the bus of a memory die, and sites beside the die that one stack of them may be left out of.
_BITS_OF_MCD, _SITES = 64, 6


def find(context: Context) -> Iterator[Finding]:
    """Every number of dies or stacks of a device with its verdict."""
    for table in context.document.tables:
        for cell in cells(table, context):
            number = _ALONE.fullmatch(cell.passage.text)
            part = next(
                (key for key, words in _LABELS.items() if words.fullmatch(cell.label.strip(" :*"))), ""
            )
            if number and part:
                gpus = [context.catalogue[key] for key in cell.ids]
                yield from _judged(
                    cell.passage, number.span("n"), gpus, part=part, told=float(number["n"]), context=context
                )
    for passage, sentence, who in each_sentence(context, _ANY):
        if is_asserted(sentence.text):
            yield from _of_sentence(passage, sentence, who, context)
            for match in _MADE.finditer(passage.text, sentence.start, sentence.end):
                yield from _of_make(passage, sentence, match, who, context)


def _of_make(
    passage: Passage, sentence: Sentence, match: re.Match[str], who: Spoken, context: Context
) -> Iterator[Finding]:
    """A device that is said to be of one die, or of several, in a clause about it."""
    mention = who.owner(match.start())
    own = mention in who.own if who.here else who.certain
    before = passage.text[sentence.start : match.start()]
    if mention is None or not own or _ELSE.search(before) or _ELSE.search(match[0]):
        return
    gpus = [context.catalogue[key] for key in mention.ids]
    dies = [_dies(gpu) for gpu in gpus]
    if not all(dies):
        return
    right = any((number == 1) is bool(match["one"]) for number in dies)
    because = f"{gpus[0].id} is made of {dies[0]} {'die' if dies[0] == 1 else 'dies'}"
    place = match.span("one" if match["one"] else "several")
    yield made(
        context, passage, place, "specification", "confirmed" if right else "contradicted",
        subject=", ".join(each.id for each in gpus), attribute="package", because=because,
        expected="" if right else ("several dies" if match["one"] else "one die"),
        evidence=(Evidence(because),),
    )  # fmt: skip


def _dies(gpu: Gpu) -> int:
    """Of how many dies a device is made, without its memory's stacks; 0 where it is not on file."""
    compute = _number(gpu, "compute")
    return compute + _number(gpu, "io") + _number(gpu, "memory") if compute else 0


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for match in _TOLD.finditer(passage.text, sentence.start, sentence.end):
        turns = [each.end() for each in _TURN.finditer(passage.text, sentence.start, match.start())]
        ends = _TURN.search(passage.text, match.end(), sentence.end)
        clause = passage.text[turns[-1] if turns else sentence.start : ends.start() if ends else sentence.end]
        mention = who.owner(match.start())
        own = mention in who.own if who.here else who.certain
        if mention is None or not own or _ELSE.search(clause) or not is_indicative(clause):
            continue
        part = next((key for key in _PARTS if match[key]), "compute")
        told = {"single": 1.0, "dual": 2.0}.get(match["n"].lower()) or read_number(match["n"])
        gpus = [context.catalogue[key] for key in mention.ids]
        # "Only with Blackwell did NVIDIA put two dies under one lid": of others than the device spoken of.
        families = architectures().findall(clause)
        if all(is_of(gpu, each) for gpu in gpus for each in families):
            if _is_of_others(gpus, match["compute"], told):
                continue
            yield from _judged(passage, match.span(), gpus, part=part, told=told, context=context)
            yield from _of_the_next(passage, match, part, context)


def _of_the_next(passage: Passage, match: re.Match[str], part: str, context: Context) -> Iterator[Finding]:
    """The number of the same parts that the clause behind tells of another: "; the H200 uses three."."""
    text, start = passage.text, match.end()
    behind = text[start : start + _BEHIND] if _TO_NEXT.match(text, start) else ""
    for each in [*mentions(behind, context.catalogue)][:1]:
        told = _AND_SO_MANY.match(text, start + each.end)
        if told and _TO_NEXT.fullmatch(text, start, start + each.start):
            gpus = [context.catalogue[key] for key in each.ids]
            count = read_number(told["n"])
            yield from _judged(passage, told.span("n"), gpus, part=part, told=count, context=context)


def _is_of_others(gpus: Sequence[Gpu], word: str | None, told: float) -> bool:
    """Whether so many plain "dies" are those of a device that do not compute: "six smaller dies"."""
    plain = word is not None and word.lower() in ("dies", "dice")
    return plain and any(told in (_number(gpu, "memory"), _number(gpu, "io")) for gpu in gpus)


def _judged(
    passage: Passage, place: tuple[int, int], gpus: Sequence[Gpu], *, part: str, told: float, context: Context
) -> Iterator[Finding]:
    """The verdict on a number of parts: wrong where it is that of no device that may be meant."""
    known = [(gpu, number) for gpu in gpus if (number := _number(gpu, part))]
    if len(known) < len(gpus) or not known:
        return
    numbers = {number for _, number in known}
    # The sixth site of a GPU with five stacks is counted by some.
    sites = part == "stacks" and told == _SITES and _SITES - 1 in numbers and "active" not in passage.text
    verdict = "confirmed" if told in numbers else "unverifiable" if sites else "contradicted"
    gpu, number = known[0]
    because = f"{gpu.id} has {number} {_CALLED[part]}"
    yield made(
        context, passage, place, "specification", verdict, subject=", ".join(each.id for each in gpus),
        attribute="package", because=because, expected=f"{number}" if verdict == "contradicted" else "",
        evidence=(Evidence(because),),
    )  # fmt: skip


_CALLED = {
    "stacks": "stacks of memory",
    "memory": "memory dies",
    "io": "I/O dies",
    "compute": "dies that compute",
}


def _number(gpu: Gpu, part: str) -> int:
    """How many of a part a device has; 0 where it is not on file."""
    bus = float(gpu.value("memory_bus") or 0.0) if certain(gpu, "memory_bus") else 0.0
    if part == "stacks":
        bits = store.load("audit")["audit"]["stack"].get(str(gpu.value("memory_type") or "").upper())
        return ceil(bus / bits) if bits else 0
    row = _packages().get(gpu.id) or _packages().get(str(gpu.value("chip") or ""), {})
    if part == "memory":
        return int(bus) // _BITS_OF_MCD if str(gpu.value("chip")) in ("Navi 31", "Navi 32") else 0
    one_gpu = gpu.value("units_per_board") in (None, 1)
    return int(row.get(part, 0)) if one_gpu else 0


@cache
def _packages() -> Mapping[str, Mapping[str, Any]]:
    """What is told of packages, by the id of a GPU or the name of a chip."""
    rows = store.load("packages")["packages"]["package"]
    return {name: row for row in rows for name in (*row.get("of", ()), *row.get("chips", ()))}
