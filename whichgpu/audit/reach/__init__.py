"""What nothing within reach gives: results that neither the sentences around them nor the catalogue make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.reach.ceilings import ceilings
from whichgpu.audit.reach.generations import generations_between
from whichgpu.audit.reach.lineage import lineage
from whichgpu.audit.reach.one_after_another import one_after_another
from whichgpu.audit.reach.totals import totals
from whichgpu.audit.text.gloss import language_read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context, Finding

_READ = (ceilings, totals, lineage, generations_between, one_after_another)


def reached(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings with the results that nothing within reach gives, where nothing was found before."""
    if language_read(context):
        return list(found)
    settled = [
        (each.start, each.end)
        for each in found
        if each.accuses or (each.verdict == "confirmed" and each.kind in ("arithmetic", "ratio"))
    ]
    more: list[Finding] = []
    for read in _READ:
        for each in read(context):
            if not any(a < each.end and each.start < b for a, b in settled):
                more.append(each)
                settled.append((each.start, each.end))
    taken = {(each.start, each.end) for each in more}
    return [each for each in found if (each.start, each.end) not in taken] + more
