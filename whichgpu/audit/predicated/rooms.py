"""What is said to fit, or not, and what is left: a need that a clause tells, and another's room for it.

"A 13B model in FP16 needs 26 GB, so it squeezes into the RTX 4090": the need is carried on, until another one
is told, and held against the memory of the device that a clause names, or of all that "both" or "any" mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import devices
from whichgpu.audit.devices.narrowed import larger_forms
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.predicated.clauses import TWO, amounts_in, devices_in
from whichgpu.audit.predicated.words import verb
from whichgpu.audit.statements.features import group
from whichgpu.audit.text.counting import any_number, counted
from whichgpu.audit.text.sentences import topic
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.predicated.clauses import Clause, Side
    from whichgpu.audit.text.quantities import Quantity

#: What takes so much, and before how much.
_OF_MODEL = re.compile(
    r"\b(?:models?|weights|transformers?|flux|sdxl|stable diffusion|networks?|llama|mi[sx]tral|qwen|"
    r"gemma|deepseek|\d+(?:\.\d+)?B|checkpoint|parameters)\b",
    re.I,
)
_TAKES = re.compile(
    r"(?:\b|(?<=it))(?:takes?|needs?|weighs?|requires?|occup(?:y|ies)|comes? to|wants?|is|are|at|"
    r"(?<=it)[\u2019']s|shrinks? to|down to|=)\s+"
    r"(?:(?:about|around|roughly|some|only|just|nearly|almost|already|up to|still|at least|a full)\s+)*$",
    re.IGNORECASE,
)
_PARAMETERS = re.compile(r"(?<![\w.])(?P<n>\d{1,3}(?:\.\d)?)(?:\s?B\b(?!\s?/)|\s+billion parameters)")
#: Bytes of a weight by the format that is named.
_BYTES = (
    (4.0, re.compile(r"\bFP32\b", re.IGNORECASE)),
    (2.0, re.compile(r"\b(?:FP16|BF16|16[- ]bits?|half precision)\b", re.IGNORECASE)),
    (1.0, re.compile(r"\b(?:FP8|INT8|8[- ]bits?)\b", re.IGNORECASE)),
    (0.5, re.compile(r"\b(?:INT4|FP4|NVFP4|4[- ]bits?|four bits?|AWQ|GPTQ)\b", re.IGNORECASE)),
)
_HOLDS = re.compile(
    r"\b(?:(?:just |easily |comfortably |still )?fits?(?: (?:in|on|into|onto))?|squeezes (?:in|on)to|"
    r"goes (?:in|on)to|"
    r"(?:can )?(?:holds?|runs?|takes?|swallows?) (?:it|that|this|them|the (?:whole )?(?:model|weights))|"
    r"can hold|"
    r"(?:is|are) enough for (?:it|that)|has room for (?:it|that))\b",
    re.IGNORECASE,
)
_HOLDS_NOT = re.compile(
    r"\btoo (?:much|big|large) (?:even )?for\b|\b(?:is|are) too small for (?:it|that|them|the model)\b|"
    r"\bmore than\b[^.;,]{3,40}\b(?:can hold|holds?|has|offers)\b|"
    r"\b(?:do(?:es)? not|do(?:es)?n[\u2019']t|cannot|can[\u2019']t|can not|"
    r"won[\u2019']t) (?:\w+ )?(?:fit|hold|run|take)\b|"
    r"\bneither (?:of them |card |one |gpu )?(?:can )?(?:holds?|fits?|runs?|loads?|takes?)\b|"
    r"\bno room for (?:it|that)\b|\bdo(?:es)? not fit\b",
    re.IGNORECASE,
)
_LEFT = re.compile(r"\b(?:leav(?:es|ing)|remains?|left|free|to spare)\b", re.IGNORECASE)
#: What changes how much is needed, or where it is held.
_ELSE = re.compile(
    r"\b(?:train\w*|fine-?tun\w*|lora|qlora|optimi[sz]er|gradients?|offload\w*|cpu|ram|host|swap\w*|"
    r"layers|half of|"
    r"part of|split\w*|shard\w*|each|per|tensor parallel\w*|streams?|only if|unless|quanti[sz]ed|"
    r"overhead|long(?:er)?|users?|batch\w*|barely|hardly|just about|almost|slices?|instances?|laptop|"
    r"unified)\b|\?",
    re.IGNORECASE,
)
#: Machines of several devices, of which a paragraph then speaks by their names.
_MACHINE = re.compile(
    r"\b(?:HGX|DGX|servers?|systems?|nodes?|machines?|boards? carr\w+|trays?|racks?)\b", re.IGNORECASE
)
_DENIED = re.compile(
    r"\b(?:no|none|nothing|not|never|neither|nor|cannot|only)\b|n[\u2019']t\b", re.IGNORECASE
)
#: Several that a clause means.
_GROUP = re.compile(
    r"\b(?:(?P<all>both|all (?P<n>two|three|four)|all of (?:them|these)|each of (?:them|these))|"
    r"(?P<any>neither(?: of them| card| one)?|any of (?:them|these|the (?P<m>two|three|four))|"
    r"either(?: card| of them| one)?)|"
    r"(?P<larger>the (?P<k>two|three) (?:larger|bigger)(?: cards| ones| gpus)?))\b",
    re.IGNORECASE,
)
_TO_SPARE = re.compile(r"^\s*with\b.*\b(?:to spare|left(?: over)?|free|unused)\b", re.IGNORECASE)
_AMPLE = re.compile(
    r"\b(?:ample|plenty of|lots of|comfortably|easily|room to spare|with ease)\b", re.IGNORECASE
)
_NUMBERS = {"two": 2, "three": 3, "four": 4}
#: What overheads and other units explain of a memory: what is left may be so much less, or more.
_LESS, _MORE = 0.12, 0.08


class _Need(NamedTuple):
    """What was told to be needed, in bytes, and by how many parameters."""

    size: float = 0.0
    parameters: float = 0.0
    #: Whether the text tells it, and does not only tell of how many parameters.
    told: bool = False
    #: Whether the clause before told what is left of a memory.
    left: bool = False


def rooms(every: Sequence[Clause], context: Context) -> Iterator[Finding]:
    """What clauses say to fit, or to be left, that does not, or is not."""
    need, passage = _Need(), -1
    for one in every:
        if one.number != passage:
            need, passage = _Need(), one.number
        need = _needed(one, need, context)
        if need.size and not _ELSE.search(one.text):
            yield from _held(one, need, context)
            yield from _remaining(one, need, context)
        need = need._replace(left=_LEFT.search(one.text) is not None and one.text.rstrip()[-1:] not in ".;")


def _needed(one: Clause, before: _Need, context: Context) -> _Need:
    """The need behind a clause: that it tells, or that of its model in its format, or that of before."""
    model = _PARAMETERS.search(one.text)
    parameters = float(model["n"]) * 1e9 if model else before.parameters
    text = one.passage.text
    told = [each for each in _sizes(one, context)
            if not text[one.start : each.start].strip()
            or _TAKES.search(text, max(one.start, each.start - 50), each.start)]  # fmt: skip
    about = model or _OF_MODEL.search(one.text) or before.parameters
    bracketed = (
        len(told) == 1
        and not one.text[: told[0].start - one.start].strip()
        and (not one.text[told[0].end - one.start :].strip())
    )
    if bracketed and about:
        return _Need(told[0].value, parameters, told=True)
    if len(told) == 1 and about and not any(each.start < told[0].start for each in _own(one, context)):
        return _Need(told[0].value, parameters, told=True)
    formats = [size for size, words in _BYTES if words.search(one.text)]
    if len(formats) == 1 and parameters and (model or not told):
        return _Need(parameters * formats[0], parameters)
    if _sizes(one, context) and not _own(one, context) and not _TO_SPARE.search(one.text):
        # Another amount, of which it is not said what it is of.
        return _Need(0.0, parameters)
    # Another model, of which no size is told.
    return (
        _Need(0.0, parameters)
        if model and parameters != before.parameters
        else before._replace(parameters=parameters)
    )


def _sizes(one: Clause, context: Context) -> list[Quantity]:
    """The memories that a clause tells, each one value."""
    return [
        each for each in amounts_in(one, context) if each.dimension == "memory" and each.value == each.high
    ]


def _own(one: Clause, context: Context) -> list[Mention]:
    """The known devices that a clause names."""
    return [each for each in devices_in(one, context) if each.ids]


def _meant(one: Clause, context: Context) -> list[Side]:
    """The devices that a clause means by a word for several."""
    several = _GROUP.search(one.text)
    if several is None or _in_plural(one, context):
        return []
    if several["larger"]:
        every, many = devices(context), _NUMBERS[several["k"].lower()]
        every = sorted(every, key=lambda ids: -max(_memory(ids, context), default=0))
        return every[:many] if len(every) == many + 1 else []
    both = several[0].lower().startswith(("both", "either", "neither"))
    many = _NUMBERS.get((several["n"] or several["m"] or "").lower(), 0) or (TWO if both else 0)
    found = group(one.number, one.passage, one.start, many, context)
    every = devices(context)
    return found if len(found) > 1 else every if not many and len(every) <= max(_NUMBERS.values()) else []


#: Behind what fits, where it is not told into what: "so it just fits".
_ENDS = re.compile(
    r"(?: (?:in|on|comfortably|easily|nicely|just so|too|with (?:some |a little )?room to "
    r"spare))?\s*[.;!]?\s*",
    re.I,
)


def _here(one: Clause, at: int, context: Context) -> list[Side]:
    """The device that heads a paragraph which names no other, where a clause does not tell where it fits."""
    about, certain = topic(one.number, one.passage, context)
    own = [each for each in context.mentions.get(one.number, ()) if each.start < at]
    alone = certain and len(about) > 0 and all(each.named == about[-1].named for each in own)
    bare = _ENDS.fullmatch(one.passage.text, at, one.end) is not None
    return [about[-1].ids] if alone and bare and about[-1].ids else []


def _in_plural(one: Clause, context: Context) -> bool:
    """Whether the paragraph speaks of several of one device before a clause: "both" may be these."""
    text, every = one.passage.text, context.mentions.get(one.number, ())
    return any(
        counted(text, max(0, each.start - 40), each.start) > 1 for each in every if each.start < one.start
    )


def _memory(side: Side, context: Context) -> list[float]:
    """The memory that devices are sold with, in GB."""
    every = (context.catalogue[key].value("memory") for key in larger_forms(side, context))
    return [float(nominal_gb(float(str(each))) or float(str(each)) / GIB) for each in every if each]


def _held(one: Clause, need: _Need, context: Context) -> Iterator[Finding]:
    """A fit that is none, and one that is said to be none."""
    text = one.passage.text
    no = _HOLDS_NOT.search(text, one.start, one.end)
    yes = None if no else _HOLDS.search(text, one.start, one.end)
    told = no or yes
    if told is None or _MACHINE.search(text, 0, one.end) or (yes and _DENIED.search(one.text)):
        return
    behind = [each for each in _own(one, context) if each.start >= told.start()]
    named = behind[:1] or _own(one, context)[:1]
    sides = [(each.ids, counted(text, one.start, each.start)) for each in named]
    sides = sides or [(ids, 1.0) for ids in _meant(one, context) or _here(one, told.end(), context)]
    for ids, count in sides:
        sizes = _memory(ids, context)
        if not sizes or any(any_number(text, each.start, each.end) for each in named):
            continue
        # What leaves room is smaller by more than a GB is than a GiB.
        fits = need.size <= max(sizes) * count * (0.95e9 if _AMPLE.search(one.text) else GIB)
        roomy = need.size * (1.25 if need.told else 2.5) <= min(sizes) * count * 1e9
        if (yes and not fits) or (no and roomy):
            yield _accused(one, told.span(), need, (ids, max(sizes) * count), context)
            return


#: What is needed besides what was told first: "and another 9.5 GB for the encoder".
_AND_MORE = re.compile(r"\b(?:another|plus|additional|on top)\b[^.;]{0,16}\d", re.IGNORECASE)


def _remaining(one: Clause, need: _Need, context: Context) -> Iterator[Finding]:
    """What is told to be left of a device's memory behind what is needed."""
    text = one.passage.text
    sides = [(each.ids, counted(text, one.start, each.start)) for each in _own(one, context)]
    if not sides and one.who and _TO_SPARE.search(one.text) and not _in_plural(one, context):
        # "The A40 holds it, with 8 GB to spare".
        sides = [(one.subject, 1.0)]
    says = _LEFT.search(one.text) is not None
    bare = need.left and not says and not verb(text, one.start, one.end)
    amounts = [each for each in amounts_in(one, context)
               if each.dimension == "memory" or (bare and each.dimension == "number")]  # fmt: skip
    if len(sides) != 1 or len(amounts) != 1 or not (says or bare) or _MACHINE.search(text, 0, one.end):
        return
    if _AND_MORE.search(text, one.sentence.start, one.start):
        return
    told = amounts[0]
    value = told.value / 1e9 if told.dimension == "memory" else told.value
    (ids, count), wanted = sides[0], need.size / 1e9
    if any(abs(value - size) < 1 for size in _memory(ids, context)):
        # What the device has.
        return
    if told.dimension == "memory" and abs(told.value - need.size) < 0.01 * need.size:
        return
    for size in _memory(ids, context):
        whole = size * count
        least = whole - wanted - _LESS * whole - 1 if need.told else 0.0
        if least <= value <= whole - wanted + _MORE * whole + 1:
            return
    sizes = _memory(ids, context)
    if sizes:
        yield _accused(one, (told.start, told.end), need, (ids, max(sizes) * count), context)


def _accused(
    one: Clause, place: tuple[int, int], need: _Need, room: tuple[Side, float], context: Context
) -> Finding:
    because = f"{need.size / 1e9:,.4g} GB are needed; {room[0][0]} has {room[1]:,.4g} GB" + (
        " in all" if counted(one.passage.text, one.start, place[0]) > 1 else ""
    )
    return made(
        context, one.passage, place, "memory", "contradicted", subject=", ".join(room[0]), attribute="fits",
        because=because, evidence=(Evidence(because),),
    )  # fmt: skip
