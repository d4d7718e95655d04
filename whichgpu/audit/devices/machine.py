"""Machines of several devices: "HGX H100 (80 GB)", "MI300X platform, eight OAMs"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import read_number
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context


class Machine(NamedTuple):
    """What a passage is about: so many of a device."""

    number: float
    mention: Mention


#: A machine by the board in front of its name, or by the word behind it.
_BOARD = re.compile(r"\b(?:HGX|DGX)\b", re.IGNORECASE)
_IS_ONE = re.compile(
    r"(?:[- ]\d+ ?GB)?\)?\s+(?:\w+\s+)?(?:platform|node|board|baseboard|server|machine|box)\b", re.IGNORECASE
)
#: How many there are in it; so many on a board of NVIDIA's that does not say.
_COUNT = re.compile(
    r"\b(?:(?P<n>\d{1,2})\s?[x\u00d7]|(?P<word>two|four|eight|sixteen))\s+(?:(?:SXM\d?|OAM|A100|H100|H200|B200|MI\d+X?)s?"
    r"\b|gpus?\b|modules\b|accelerators\b|cards\b)|\b(?P<of>\d{1,2})-gpu\b",
    re.IGNORECASE,
)
ON_A_BOARD, _LEAD = 8.0, 40


def machine(index: int, passage: Passage, context: Context) -> Machine | None:
    """The machine that a passage begins with; None where it begins with none, or names another behind it."""
    known: dict[int, Machine | None] = context.memo.setdefault("machines", {})
    if index not in known:
        known[index] = _machine(index, passage, context)
    return known[index]


def is_machine(text: str, end: int) -> bool:
    """Whether a name that ends at a place is that of a machine of several: "the MI300X platform"."""
    return _IS_ONE.match(text, end) is not None


#: The names of boards and machines of several, before that of their device, and how near to it.
_SYSTEM, _NEAR_NAME = re.compile(r"\b(?:HGX|DGX)\s(?:nvidia\s)?(?!Spark|Station)[\w-]*$", re.IGNORECASE), 12


def is_of_system(text: str, start: int, end: int) -> bool:
    """Whether a name is that of a board or machine of several by the word before it: "an HGX H200"."""
    return _SYSTEM.search(text, max(0, start - _NEAR_NAME), end) is not None


def names_machine(text: str, start: int, end: int) -> bool:
    """Whether a name is that of a machine by its own last word, the one behind it, or the boards spoken of.

    "The NVIDIA node", "an H200 server"; a "B200 board" where the text speaks of HGX.
    """
    if _LAST_WORD.search(text, start, end) or is_machine(text, end):
        return _A_BOARD.match(text, end) is None or _BOARD.search(text) is not None
    return False


_LAST_WORD = re.compile(r"\b(?:platform|node|server|machine|box|system|instance)s?(?: one)?$", re.IGNORECASE)
_A_BOARD = re.compile(r"\s+boards?\b", re.IGNORECASE)


def _machine(index: int, passage: Passage, context: Context) -> Machine | None:
    named = context.mentions.get(index, ())
    if not named or named[0].start > _LEAD:
        return None
    first, text = named[0], passage.text
    board = _BOARD.search(text, 0, first.end)
    if not board and not is_machine(text, first.end):
        return None
    found = _COUNT.search(text)
    told = read_number(found["n"] or found["of"] or found["word"]) if found else 0.0
    count = told or (ON_A_BOARD if board else 0.0)
    return Machine(count, first) if count > 1 else None
