"""Two devices set against each other, one of which is on file: "GeForce RTX 3090 vs Radeon RX 6900 XTX".

What their table states of the other is left alone, and in which column the one stands is shown by its values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.itself import is_itself
from whichgpu.audit.devices.mentions import mentions

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue

_PAIR = 2
_TWO = re.compile(
    r"(?P<a>.{2,80}?)\s(?:vs\.?|versus|gegen|contre|contra|and(?=.{2,50}\bcomparison\b))\s(?P<b>.{2,80})",
    re.I,
)
#: The name of a card that the catalogue does not have.
_NAMED = re.compile(
    r"\b(?:GeForce|Radeon|Quadro|Tesla|Instinct|FirePro|Arc|RTX|GTX|GT|RX|Titan|Iris|UHD|Xbox|PlayStation|"
    r"Apple M|NVIDIA|AMD|Intel)\b.{0,24}|\bN?[A-Z]{1,2}\d{2,4}[A-Z]?\b",
    re.IGNORECASE,
)


def orders(text: str, catalogue: Catalogue) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """The one device of two and nothing for the other, in the order of the text and turned; else none."""
    order = _one_itself(text, catalogue) or _one_named(text, catalogue)
    return (order, order[::-1]) if order else ()


def _one_named(text: str, catalogue: Catalogue) -> tuple[tuple[str, ...], ...]:
    """The order of two names set against each other, of which the catalogue knows one."""
    told = _TWO.fullmatch(text.strip())
    if told is None:
        return ()
    sides = [dict.fromkeys(each.ids for each in mentions(told[side], catalogue)) for side in ("a", "b")]
    if sorted(map(len, sides)) != [0, 1] or not _NAMED.search(told["b" if sides[0] else "a"]):
        return ()
    return tuple(next(iter(side), ()) for side in sides)


def _one_itself(text: str, catalogue: Catalogue) -> tuple[tuple[str, ...], ...]:
    """The order of two names of which one says more than its card has: "RTX 3090 and RTX 4070 AD103"."""
    found = list(mentions(text, catalogue))
    if len({each.ids for each in found}) != _PAIR or len(found) != _PAIR:
        return ()
    ends = (found[1].start, len(text))
    own = [
        is_itself(text[each.start : end], each._replace(start=0, end=each.end - each.start), catalogue)
        for each, end in zip(found, ends, strict=True)
    ]
    return (
        tuple(each.ids if known else () for each, known in zip(found, own, strict=True))
        if sum(own) == 1
        else ()
    )
