"""Results that follow from an amount that is accused itself: of two slips in a chain the first is one.

"In a year that's 177 kWh, and at 30 cents 83 dollars": where the 177 are wrong, the 83 may be right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.findings import withheld

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Finding

FOLLOWS = "it follows from an amount before it that is wrong itself"
#: Letters between an amount and what follows from it, at most.
_NEAR = 400


def without_consequences(found: Sequence[Finding]) -> list[Finding]:
    """Findings without the accusations of what follows from another accused amount."""
    accused = [each for each in found if each.accuses and each.kind == "arithmetic"]
    return [withheld(each, FOLLOWS) if _follows(each, accused) else each for each in found]


def _follows(one: Finding, accused: Sequence[Finding]) -> bool:
    """Whether the reason of an accusation rests on another accused amount that stands right before it."""
    # What is multiplied twice is wrong by itself, whatever the cost of one is.
    if not one.accuses or one.kind != "arithmetic" or "multiplied twice" in one.because:
        return False
    words = one.because.replace("\u00a0", " ")
    return any(
        other is not one
        and 0 < one.start - other.start < _NEAR
        and (told := " ".join(other.stated.split()))
        and any(f"{before}{told}" in f" {words}" for before in (" ", "("))
        for other in accused
    )
