"""Accusations of values that a text works out or sets itself are none: "80 percent of 1,800 W, so 1,440 W".

A value beside a device's name may be its own figure, but also what several of them have together, a share of
another value, a limit that the device was given, or what the machine around it draws.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import NEAR, Amounts
from whichgpu.audit.bills.explained import explained
from whichgpu.audit.bills.links import LEADS
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import withheld
from whichgpu.audit.text.dimensions import AXES
from whichgpu.audit.text.models import formats_at
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.text.terms import terms
from whichgpu.units import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.dimensions import Term

_KINDS = ("specification", "ratio", "price", "memory")
#: What makes a power a setting of the device.
_SET = re.compile(
    r"\b(?:(?<!rated )at|limit(?:ed)?(?: of| to|:)?|capped?(?: at| to)?|"
    r"(?:(?:ge)?drossel\w*|begrenz\w*|limiert\w*|kapp\w*)\b[^.;,]{0,24}\bauf|(?:brid|limit)\w+[^.;,]{0,24}\s\u00e0)\s+"
    r"(?:about |around |just |only )?~?$",
    re.IGNORECASE,
)
#: Before the end of a change from one device to the next: "bandwidth rose from 3.35 TB/s to".
_GOES_TO = re.compile(
    r"\bfrom\s+[^.;]{0,8}\d[^;]{0,24}?\s(?:up )?to\s+(?:about |around |roughly )?$", re.IGNORECASE
)
#: "NVIDIA rates it at 300 W": no setting.
_RATES = re.compile(
    r"\b(?:rat|specif|list)\w+\s[^.;,]{1,24}\bat\s+(?:about |around |just |only )?~?$", re.IGNORECASE
)
_RATED = re.compile(r"\s*(?:tdp|tgp|tbp|rated|max)", re.IGNORECASE)
#: Behind a power, that it was measured at work.
_MEASURED = re.compile(
    r"\s*(?:while|when|during|in use|under|at work|at the wall|on average)\b", re.IGNORECASE
)
#: The form of a device right before a value: "the PCIe has 2.0 TB/s, the SXM5 3.35".
_FORM = re.compile(
    r",\s+(?:and |while |but )?the (SXM|PCIe|NVL)\d?\s+(?:has |about |offers )?$", re.IGNORECASE
)
#: Watts beyond which nothing is one device's, and periods that no rent of one is told by.
_WATTS, _LONG = 4000.0, ("day", "week", "month", "year")
#: A sentence about cards in general: "Older cards have a floor, since below 20 cents an hour ..".
_OF_MANY = re.compile(
    r"\s*(?:The )?(?:older|newer|small(?:er)?|big(?:ger)?|large(?:r)?|other|most|many|some|such|consumer|"
    r"cheap(?:er)?|all|few)\s+(?:[\w-]+\s)?(?:cards|gpus|chips|accelerators|instances|providers|clouds)\b",
    re.IGNORECASE,
)
#: Behind a device's name, the machine that it is in.
_MACHINE = re.compile(
    r"\s*(?:box(?:es)?|rigs?|machines?|builds?|pcs?|desktops?|workstations?|systems?|setups?|nodes?|servers?)\b",
    re.IGNORECASE,
)
_DRAWS = re.compile(
    r"\b(?:box|rig|machine|build|pc|desktop|workstation|system|setup|node|server)\s+"
    r"(?:itself )?(?:draws?|uses?|pulls?|takes?|needs?|consumes?|idles?)\b",
    re.IGNORECASE,
)
_WALL = re.compile(
    r"\b(?:wall|meter|(?:whole|entire) (?:machine|system|rig|box|server|pc|workstation)|"
    r"rest of the (?:machine|system|rig|box|server|pc))\b",
    re.IGNORECASE,
)
_TOGETHER = re.compile(
    r"\b(?:they|these|those|together|between them|in total|combined|in all|altogether|both)\b", re.IGNORECASE
)
#: "8 billion parameters x 2 bytes = 16 GB".
_FORMULA = re.compile(
    r"\b(?P<n>\d{1,4}(?:\.\d{1,2})?)\s?(?:billion|B)\b[^=\d]{0,24}[x\u00d7*]\s*(?P<each>\d(?:\.\d{1,2})?)\s*"
    r"(?:bytes?|B)\b[^=\d]{0,16}=\s*(?:about |~)?$",
    re.IGNORECASE,
)
_ROUNDED = 0.08
#: Behind an attribute, that its value is of as many devices as were read, and not of one.
OF_ALL = " of all"
_BACK, _SAME, _REACH, _SEVERAL = 24, 0.012, 200, 3


def without_worked_out(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings as they are, or unverifiable where they accuse a value that the text works out or sets."""
    starts = sorted(
        (each.start, index) for index, each in enumerate(context.document.passages) if each.kind in RUNNING
    )
    return [
        withheld(each, why)
        if each.accuses and each.kind in _KINDS and (why := _why(each, starts, context))
        else each
        for each in found
    ]


def _why(found: Finding, starts: Sequence[tuple[int, int]], context: Context) -> str:
    """Why a value is no figure of the device's own; empty where nothing says so."""
    at = bisect_right(starts, (found.start, 1 << 60)) - 1
    if at < 0:
        return ""
    index = starts[at][1]
    passage = context.document.passages[index]
    names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
    every = terms(passage.text, context.fraction, names)
    told = next((each for each in every if passage.place(each.start) == found.start), None)
    if told is None:
        return ""
    return _reason(told, found, Amounts(passage, index, every, ()), context)


def _reason(told: Term, found: Finding, text: Amounts, context: Context) -> str:
    words, here = text.passage.text, text.sentence(told.start)
    form = _FORM.search(words, here.start, told.start)
    if (form and form[1].lower() in found.true_for) or _is_next(told, found, text, context):
        return "it is said of the form, or of the next device, that is named right before it"
    if _is_of_nobody(told, found, text, context):
        return "no device is named that it is of"
    formula = _FORMULA.search(words, max(0, told.start - _REACH), told.start)
    if formula and abs(float(formula["n"]) * float(formula["each"]) * 1e9 / told.value - 1) < _ROUNDED:
        return "the text works it out in a formula"
    if _is_set(told, found, text, context) or (
        told.of == "energy" and not found.attribute.endswith(OF_ALL) and _is_of_machine(told, text, context)
    ):
        return "the value is a setting, or of the machine around the device"
    together = _TOGETHER.search(words, here.start, here.end)
    led = (
        told.of == "money" or together or LEADS.search(words, max(here.start, told.start - NEAR), told.start)
    )
    if led and (explained(told, text) or (together and _is_several(told, found, text, context))):
        return "the value follows from others that the text states"
    return ""


def _is_next(told: Term, found: Finding, text: Amounts, context: Context) -> bool:
    """Whether a value goes from one device's to that of another that is named: "rose from 3.35 to 4.8"."""
    words, here = text.passage.text, text.sentence(told.start)
    if not _GOES_TO.search(words, max(here.start, told.start - 2 * _BACK), told.start):
        return False
    said = next((each.value for each in quantities(found.quote, context.fraction) if each.value), 0.0)
    named = (each for each in context.mentions.get(text.place, ()) if each.start < told.start)
    own = (context.catalogue[key].value(found.attribute) for each in named for key in each.ids)
    return any(isinstance(each, int | float) and said and abs(each / said - 1) < _SAME for each in own)


def _is_of_nobody(told: Term, found: Finding, text: Amounts, context: Context) -> bool:
    """Whether it is a bill of a month in a sentence of no device, or right of another one that it names."""
    here = text.sentence(told.start)
    mentions = context.mentions.get(text.place, ())
    named = within(mentions, here.start, here.end)
    if found.kind == "price":
        long = any(told.dims[AXES.index(axis)] for axis in _LONG)
        # Below a price of energy, what a day of running it costs.
        if long and any(each.tariff and each.start < told.start for each in text.every):
            return True
        return not named and (long or _OF_MANY.match(text.passage.text, here.start) is not None)
    if found.kind != "ratio" or told.of != "byte" or not told.dims[AXES.index("hour")]:
        return False
    named = within(mentions, max(0, here.start - _REACH), here.end)
    gpus = (context.catalogue[key] for each in named for key in each.ids)
    return any(
        abs(told.value / HOUR / float(value) - 1) < _SAME for gpu in gpus if (value := gpu.value("bandwidth"))
    )


def _is_set(told: Term, found: Finding, text: Amounts, context: Context) -> bool:
    """Whether a power is a limit or a machine's, or a size is in brackets behind the format of a model."""
    words, here = text.passage.text, text.sentence(told.start)
    if told.of == "byte" and found.kind != "memory" and words[: told.start].endswith("("):
        before = words[max(here.start, told.start - _BACK) : told.start]
        return bool(formats_at(before))
    if told.of != "energy":
        return False
    named = [each for each in context.mentions.get(text.place, ()) if each.end <= told.start][-1:]
    machine = named and named[0].start >= here.start and _MACHINE.match(words, named[0].end)
    machine = machine or _DRAWS.search(words, here.start, told.start)
    near = max(here.start, told.start - 2 * _BACK)
    given = _SET.search(words, near, told.start) and not _RATES.search(words, near, told.start)
    measured = _MEASURED.match(words, told.end)
    below = all(told.value < own for own in _own(found, told, context))
    many = [told.value / own for own in _own(found, told, context)]
    counted = found.attribute.endswith(OF_ALL)
    if not counted and many and min(many) > _SEVERAL and not any(abs(each / 10 - 1) < _SAME for each in many):
        # Of more of them than was read, and no slip of a digit.
        return True
    return bool(
        machine
        or (told.value > _WATTS and not counted)
        # What all draw on average is less than what they may.
        or (counted and measured)
        or (below and ((given and not _RATED.match(words, told.end)) or measured))
    )


def _is_of_machine(told: Term, text: Amounts, context: Context) -> bool:
    """Whether the document told a power before as what a whole machine draws, at the wall for one."""
    for index, passage in enumerate(context.document.passages[: text.place + 1]):
        if passage.kind not in RUNNING or not _WALL.search(passage.text):
            continue
        every = terms(passage.text, context.fraction, ())
        known = Amounts(passage, index, every, ())
        for each in every:
            here = known.sentence(each.start)
            same = each.dims == told.dims and each.value == told.value
            if same and _WALL.search(here.text):
                return True
    return False


def _is_several(told: Term, found: Finding, text: Amounts, context: Context) -> bool:
    """Whether it is what as many as the passage counts have together."""
    own = list(_own(found, told, context))
    counts = [each.value for each in text.every if each.counted and each.start < told.start]
    return any(abs(one * count / told.value - 1) < _SAME for one in own for count in counts)


def _own(found: Finding, told: Term, context: Context) -> Iterator[float]:
    """What the device of a finding has of its own."""
    field = "memory" if told.of == "byte" else "power"
    for key in found.subject.split(", "):
        gpu = context.catalogue.get(key)
        value = gpu.value(field) if gpu else None
        if value:
            yield float(value)
