"""Which devices the heading of a row or a column names, and how many of each."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.itself import is_itself
from whichgpu.audit.devices.laptops import as_laptop, beside
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.devices.rented import rented
from whichgpu.audit.tables.heads import Head
from whichgpu.audit.text.counting import counted
from whichgpu.hardware.boxes import boxes
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context

_TWO = 2
#: How much of a header's cell the name of its device is at least.
_SHARE = 0.35
#: Behind the name of a device that there are several of.
_TIMES = re.compile(
    r"\s*(?:[x\u00d7]\s?(?P<a>\d{1,3})|\((?P<b>\d{1,3})\s?[x\u00d7]|\([x\u00d7]\s?(?P<c>\d{1,3})\)|\(pair|"
    # "HGX H100 8-GPU"
    r"(?P<d>\d{1,2})-gpus?\b)",
    re.IGNORECASE,
)
#: Words of a heading that are of any device: "L40 Performance", "AMD Instinct\u2122 MI210 accelerator".
_SAYS_NOTHING = re.compile(
    r"\b(?:performance|specifications?|specs|details|values?|nvidia|amd|intel|tesla|quadro|geforce|radeon|"
    r"instinct|jetson|accelerators?|tensor cores?|graphics|cards?|gpus?|pcie|sxm\d?|"
    r"for (?:pcie|hgx|nvlink|sxm\d?)|\d{1,3}\s?gb|\d{1,2}-gpus?)\b|[\u2122\u00ae]|\((?:tm|r|sxm\d?|pcie)?\)|"
    # "L40S from $1.20/hr"
    r"(?:\b(?:from|ab|starting at|at|only)\s+)?[$\u20ac\u00a3]\s?\d[\d.,]*(?:\s?(?:/|per)\s?[a-z-]+)?",
    re.IGNORECASE,
)
_EMPTY = re.compile(r"\(\s*\)")
#: Where who makes a device is glued to its name.
_MAKER_BEHIND = re.compile(r"(?<=[A-Za-z\d])(?=(?:AMD|NVIDIA|Intel|AWS|Google)\b)(?<!\s)")
#: What is said beside a name in brackets: "B200 (DGX system, per GPU)", "T4 (2018)", "L4 (Ada, March 2023)".
_BRACKET = re.compile(r"\s\((?:[^()\d$\u20ac\u00a3]{1,40}|[^()\d$\u20ac\u00a3]{0,40}\b(?:19|20)\d\d)\)")
#: What is of a part of a device: "MI250 (per GCD)".
_OF_A_DIE = re.compile(
    r"\b(?:per|one|single|1|each)\s?[x\u00d7]?\s?(?:GCD|XCD|die|tile|chiplet)\b", re.IGNORECASE
)
#: A kind of memory, with a card that has it: "GDDR6X (RTX 4090)".
_MEMORY_OF = re.compile(r"\s*(?:LP|G)?DDR\d\w?\s*\(|\s*HBM\d?\w?\s*\(", re.IGNORECASE)


#: Brackets as Chinese and Japanese write them.
_WIDE = str.maketrans("\uff08\uff09", "()")


def devices(passage: Passage, context: Context) -> tuple[str, ...]:
    """The devices of a header's cell; none where it names more than one, or so many of it."""
    head = headed_by(passage, context)
    return head.ids if head and head.number == 1 else ()


def headed_by(passage: Passage, context: Context) -> Head | None:
    """The devices of a header's cell, and how many of it; None where it names more than one.

    It may say in brackets what its values are set against: "RTX 5070 (vs 4070)".
    """
    passage = passage._replace(text=passage.text.translate(_WIDE))
    against = _BASE.search(passage.text)
    own = _headed_by(passage._replace(text=passage.text[: against.start()]) if against else passage, context)
    other = [each.ids for each in mentions(against[0], context.catalogue)] if against and own else []
    return own._replace(base=other[0]) if own and len(other) == 1 else own


def _headed_by(passage: Passage, context: Context) -> Head | None:
    if kind := rented(passage.text):
        # A share of a GPU is none.
        whole = kind[0] in context.catalogue and kind[1] >= 1
        return Head((kind[0],), kind[1], rented=True) if whole else None
    if (apart := _MAKER_BEHIND.sub(" ", passage.text)) != passage.text:
        # "Instinct MI300XAMD": a name and the line below it.
        passage = passage._replace(text=apart)
    found = list(mentions(passage.text, context.catalogue))
    if found and _AGAINST.search(passage.text, 0, found[0].start):
        return None
    rest = _EMPTY.sub("", _SAYS_NOTHING.sub("", _BRACKET.sub("", _plain(passage.text, found))))
    if sum(mention.end - mention.start for mention in found) < _SHARE * len(rest):
        return None
    if len({mention.named for mention in found}) != 1 or not is_itself(
        passage.text, found[0], context.catalogue
    ):
        return None
    if _MEMORY_OF.match(passage.text) or _OF_A_DIE.search(passage.text):
        return None
    behind = _TIMES.match(passage.text, found[0].end)
    times = float(behind["a"] or behind["b"] or behind["c"] or behind["d"] or 2) if behind else 1.0
    number = max(counted(passage.text, 0, found[0].start), times)
    # "RTX 5090 portátil": another device than its namesake.
    of = as_laptop(found[0], context.catalogue) if beside(passage.text, found[0]) else found[0]
    ids = _of_form(of.ids, passage.text[found[-1].end :], context)
    machine = MACHINE.search(passage.text, 0, found[0].start)
    if machine and machine[0].upper() == "DGX":
        ids = tuple(key for key in ids if key in _of_dgx()) or ids
    return Head(ids, number, whole=machine is not None)


def _plain(text: str, found: Sequence[Mention]) -> str:
    """A header without what stands apart from the only name in it: "Budget pick: A10 (g5) - 150 W"."""
    if len(found) != 1:
        return text
    name = found[0]
    # "Offer A (32 \u00d7 L40S)": so many of it are no comparison.
    before, behind = _SO_MANY.sub("", text[: name.start]), text[name.end :]
    if _COMPARES.search(before + text[name.start :]):
        return text
    before = "" if _LEADS_TO.fullmatch(before) else before
    behind = "" if _STANDS_APART.match(behind) else behind
    return f"{before}{text[name.start : name.end]}{behind}"


#: How many of a device there are, before its name.
_SO_MANY = re.compile(r"(?<![\d.,])\d{1,3}\s?[x\u00d7]\s?$", re.IGNORECASE)
#: What leads to a name in a header, and how what is said of it begins behind it.
_LEADS_TO = re.compile(
    r"[^:(]{0,24}(?::|\s[-\u2013\u2014]|\()\s*(?:nvidia\s+|amd\s+)?|(?:the|pny|asus|msi|gigabyte|zotac|dell|hpe?|"
    r"lenovo|supermicro|palit|evga|sapphire|xfx|ampere|turing|volta|hopper|ada|blackwell)\s+",
    re.IGNORECASE,
)
_STANDS_APART = re.compile(
    r"""\)?\s*(?:\s[-\u2013\u2014\u2192@/|]\s|\s?[(\["\u201c\u201e\u00ab]|[_,]\s?\d)[^:]{0,40}$|\)\s*$"""
)
#: Before the name of what the values of a column are compared with.
_AGAINST = re.compile(
    r"(?:\bvs?\.?|\bversus|%\s?(?:of|vs\.?)|\brelative to|\bover|\bthan|\bagainst|\bcompared (?:to|with))\s+"
    r"(?:the |nvidia |amd )*$",
    re.IGNORECASE,
)
_BASE = re.compile(
    r"\s*[(\[](?:vs?\.?|versus|against|compared (?:to|with)|relative to|over|from|after|was|replaces|"
    r"gegen\u00fcber|ggb?\.|statt|vorher|contre|frente a)\s[^()\[\]]{2,40}[)\]]\s*$",
    re.IGNORECASE,
)
#: In a header that sets one device against another.
_COMPARES = re.compile(
    r"\bv(?:s|ersus)\b|\bthan\b|\bspeed-?ups?\b|\bover\b|\brelative\b|\bcompar|%|\bfaster\b|\badvantage\b|"
    r"\b(?:difference|delta|change|gain|alternatives?|ratio|times|better|winner|lead|instead|like|equivalents?|"
    r"competitors?|rivals?|successors?|predecessors?|replace\w*|without|not|no|per|from|to|for|and|or|with)\b|"
    r"[\u00d7\u0394+&]|\d\s?x\b",
    re.IGNORECASE,
)


@cache
def _of_dgx() -> frozenset[str]:
    """The GPUs of NVIDIA's own machines."""
    return frozenset(box.gpu for box in boxes().values() if "DGX" in box.name and box.gpu)


#: Between the names of devices that a row is of, any of them: "T4, A4000".
_OR = re.compile(r"\s*(?:,|/|\bor\b)\s*(?:(?:NVIDIA|AMD|RTX|Tesla)\s+)*")
#: Between those of a row of changes or of a comparison, whose cells have a value for each: "A10 \u2192 L4".
_THEN = re.compile(
    r"\s*(?:[\u2192\u21d2\u27a1\u2794]\ufe0f?|[-=\u2013]+>|\bvs?\.?(?!\w)|\bversus\b|\bto\b)\s*"
    r"(?:(?:NVIDIA|AMD|RTX|Tesla)\s+)*"
)
#: What is said of a device, or of all of them, in brackets behind its name.
_OF_NAME = re.compile(r"\s*\(([^()]{1,32})\)")


def either(passage: Passage, context: Context) -> Head | None:
    """The devices of a cell that lists several and nothing else: what its row states is of any of them.

    Where they follow one another ("A10 \u2192 L4"), only cells with a value for each are of them.
    """
    found = list(mentions(passage.text, context.catalogue))
    gaps = [_behind(passage.text[a.end : b.start]) for a, b in pairwise(found)]
    in_turn = bool(gaps) and all(map(_THEN.fullmatch, gaps))
    if len(found) < _TWO or not (in_turn or all(map(_OR.fullmatch, gaps))):
        return None
    behind = passage.text[found[-1].end :]
    rest = passage.text[: found[0].start] + _behind(behind)
    if _SAYS_NOTHING.sub("", rest).strip():
        return None
    each = tuple(_as_said(one, passage.text, context) for one in found)
    if (of_all := _OF_NAME.match(behind)) and re.match(r"(?:both|all|each)\b", of_all[1], re.IGNORECASE):
        each = tuple(_of_form(ids, of_all[1], context) for ids in each)
    every = () if in_turn else tuple(dict.fromkeys(key for ids in each for key in ids))
    return Head(every, either=True, each=each)


def _behind(text: str) -> str:
    """What stands behind a name without its bracket, of which the name may have all but the end."""
    return _OF_NAME.sub("", text.removeprefix(")"))


def _as_said(mention: Mention, text: str, context: Context) -> tuple[str, ...]:
    """What a name in a list may mean by the bracket behind it: "V100 (SXM2, 32 GB)"."""
    said = _OF_NAME.match(text, mention.end)
    return _of_form(mention.ids, said[1], context) if said else mention.ids


def _of_form(ids: tuple[str, ...], behind: str, context: Context) -> tuple[str, ...]:
    """Of what a name may mean the form and size told behind other words: "A100 80GB (Ampere) PCIe"."""
    for match in _FORM.finditer(behind) if len(ids) > 1 else ():
        form, size = f"-{(match['form'] or '').lower()}", match["size"]
        own = tuple(
            key for key in ids
            if (form in key if match["form"]
                else nominal_gb(float(context.catalogue[key].value("memory") or 0.0)) == float(size))
        )  # fmt: skip
        ids = own or ids
    return ids


_FORM = re.compile(
    r"\b(?P<form>PCIe(?!\s*(?:gen|\d|x\d))|SXM|NVL)\d?\b|\b(?P<size>\d{1,3})\s?GB\b(?!/)", re.IGNORECASE
)
#: Before a device, or beside it in its row: a machine of several.
MACHINE = re.compile(r"\b(?:DGX|HGX)\b", re.IGNORECASE)
