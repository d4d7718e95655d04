"""What is said to suffice: so many cards for what a model takes, a machine's memory, a power supply.

The need and what is to meet it may be told a sentence apart: "140 GB. With the L40S you need two cards".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.excluded.scope import is_free
from whichgpu.audit.overlaps import Overlaps
from whichgpu.audit.sufficing.cards import cards
from whichgpu.audit.sufficing.fleets import fleets
from whichgpu.audit.sufficing.numbers import numbers
from whichgpu.audit.sufficing.pools import pools
from whichgpu.audit.sufficing.supplies import supplies
from whichgpu.audit.sufficing.users import users
from whichgpu.audit.text.gloss import language_read
from whichgpu.audit.text.reported import without_reported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context, Finding


def sufficing(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings with what does not suffice, or is said not to and does, where nothing was found before."""
    if language_read(context):
        return list(found)
    known = Overlaps([each for each in found if each.accuses or each.attribute != "fits"])
    reads = (cards, pools, supplies, numbers, fleets, users)
    more = [each for read in reads for each in read(context) if is_free(each, known)]
    more = without_reported(more, context)
    taken = {(each.start, each.end) for each in more}
    return [each for each in found if (each.start, each.end) not in taken] + more
