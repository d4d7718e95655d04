"""What is so of no device that a sentence can be about, whichever it means.

Where a sentence does not name its device, or names it in words that no rule reads, what it says is wrong all
the same if it is so of none that the document speaks of: a bus that none of them has, a format that none has.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from whichgpu.audit.excluded.ahead import ahead
from whichgpu.audit.excluded.capabilities import capabilities
from whichgpu.audit.excluded.families import families
from whichgpu.audit.excluded.fits import fits
from whichgpu.audit.excluded.instances import instances
from whichgpu.audit.excluded.quotients import quotients
from whichgpu.audit.excluded.scope import is_free, scopes
from whichgpu.audit.excluded.shared import shared
from whichgpu.audit.excluded.values import values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context, Finding

_READ = (values, capabilities, families, fits, shared, ahead, instances)


def excluded(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings with the accusations of what is so of none, where nothing certain was found before."""
    of_none = (each for scope in scopes(context) for read in _READ for each in read(scope, context))
    more = [each for each in chain(of_none, quotients(context)) if is_free(each, found)]
    taken = {(each.start, each.end) for each in more}
    return [each for each in found if (each.start, each.end) not in taken] + more
