"""What is weighed against what: ratios and orders of two devices, by whom a clause can mean at most.

"In bandwidth the lead grows to 25 %", "it is also seven times as fast": neither the two nor what they are
compared in need stand in the clause. What it is in is read from the words around, from the units of amounts
before it or from the line that heads the paragraph; whom it weighs, from the names on either side of it, else
from all that the text speaks of. It is wrong where no pair that it can mean is as it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.excluded.scope import is_free, scopes
from whichgpu.audit.overlaps import Overlaps
from whichgpu.audit.text.reported import without_reported
from whichgpu.audit.weighed.jointly import jointly
from whichgpu.audit.weighed.mixed import mixed
from whichgpu.audit.weighed.orders import orders
from whichgpu.audit.weighed.prices import prices
from whichgpu.audit.weighed.ratios import ratios
from whichgpu.audit.weighed.superlatives import superlatives

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context, Finding


def weighed(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings with the accusations of what no pair bears out, where nothing certain was found before."""
    known = Overlaps(found)
    more = [
        each
        for scope in scopes(context)
        for read in (ratios, orders, superlatives, prices)
        for each in read(scope, context)
        if is_free(each, known)
    ]
    more = without_reported(more, context)
    taken = {(each.start, each.end) for each in more}
    every = jointly([each for each in found if (each.start, each.end) not in taken] + more, context)
    return mixed(every, context)
