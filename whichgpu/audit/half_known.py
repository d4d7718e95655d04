"""Two devices set against each other, one of which is on file: "GeForce RTX 3090 vs Radeon RX 6900 XTX".

What their table states of the other is left alone, and in which column the one stands is shown by its values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.subjects import mentions

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue

_TWO = re.compile(
    r"(?P<a>.{2,80}?)\s(?:vs\.?|versus|gegen|contre|contra|and(?=.{2,50}\bcomparison\b))\s(?P<b>.{2,80})",
    re.I,
)
#: The name of a card that the catalogue does not have.
_NAMED = re.compile(
    r"\b(?:GeForce|Radeon|Quadro|Tesla|Instinct|FirePro|Arc|RTX|GTX|GT|RX|Titan|Iris|UHD|Xbox|PlayStation|"
    r"Apple M|NVIDIA|AMD|Intel)\b.{0,24}",
    re.IGNORECASE,
)


def orders(text: str, catalogue: Catalogue) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """The one device of two and nothing for the other, in the order of the text and turned; else none."""
    told = _TWO.fullmatch(text.strip())
    if told is None:
        return ()
    sides = [dict.fromkeys(each.ids for each in mentions(told[side], catalogue)) for side in ("a", "b")]
    if sorted(map(len, sides)) != [0, 1]:
        return ()
    if not _NAMED.search(told["b" if sides[0] else "a"]):
        return ()
    order = tuple(next(iter(side), ()) for side in sides)
    return order, order[::-1]
