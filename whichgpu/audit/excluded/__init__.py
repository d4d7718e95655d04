"""What is so of no device that a sentence can be about, whichever it means.

Where a sentence does not name its device, or names it in words that no rule reads, what it says is wrong all
the same if it is so of none that the document speaks of: a bus that none of them has, a format that none has.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from whichgpu.audit.excluded.after_discount import after_discount
from whichgpu.audit.excluded.ahead import ahead
from whichgpu.audit.excluded.at_most import at_most
from whichgpu.audit.excluded.between import between
from whichgpu.audit.excluded.capabilities import capabilities
from whichgpu.audit.excluded.compared_figures import compared_figures
from whichgpu.audit.excluded.costs import costs
from whichgpu.audit.excluded.counts_in_all import counts_in_all
from whichgpu.audit.excluded.differences import differences
from whichgpu.audit.excluded.each_of import each_of
from whichgpu.audit.excluded.families import families
from whichgpu.audit.excluded.feeding import feeding
from whichgpu.audit.excluded.fits import fits
from whichgpu.audit.excluded.for_the_price import for_the_price
from whichgpu.audit.excluded.granted import granted
from whichgpu.audit.excluded.in_words import in_words
from whichgpu.audit.excluded.instances import instances
from whichgpu.audit.excluded.jointly import jointly
from whichgpu.audit.excluded.linear_times import linear_times
from whichgpu.audit.excluded.measured import measured
from whichgpu.audit.excluded.memberships import memberships
from whichgpu.audit.excluded.per_gigabyte import per_gigabyte
from whichgpu.audit.excluded.pins import pins
from whichgpu.audit.excluded.pooled import pooled
from whichgpu.audit.excluded.quotients import quotients
from whichgpu.audit.excluded.rates import rates
from whichgpu.audit.excluded.ratios import ratios
from whichgpu.audit.excluded.restated import restated
from whichgpu.audit.excluded.rests import rests
from whichgpu.audit.excluded.saved_shares import saved_shares
from whichgpu.audit.excluded.scaling import scaling
from whichgpu.audit.excluded.scope import is_free, scopes
from whichgpu.audit.excluded.set_against import set_against
from whichgpu.audit.excluded.shared import shared
from whichgpu.audit.excluded.suited import suited
from whichgpu.audit.excluded.units import units
from whichgpu.audit.excluded.values import values
from whichgpu.audit.overlaps import Overlaps
from whichgpu.audit.own_tables import own_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context, Finding

_READ = (
    values,
    capabilities,
    families,
    memberships,
    fits,
    shared,
    ahead,
    instances,
    in_words,
    ratios,
    differences,
)
#: What figures that stand beside each other leave open of no reading.
_BY_FIGURES = (
    quotients, costs, scaling, rates, measured, set_against, rests, per_gigabyte, at_most, feeding,
    for_the_price,
    pins, granted, pooled, suited, between,
    compared_figures, counts_in_all, after_discount, each_of, jointly, linear_times, saved_shares,
)  # fmt: skip
#: The same where the number is right of what is on file, or of a difference, and its unit or sign is not.
_BESIDES = (units, restated)


def excluded(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings with the accusations of what is so of none, where nothing certain was found before."""
    of_none = (each for scope in scopes(context) for read in _READ for each in read(scope, context))
    by_figures = (each for read in _BY_FIGURES for each in read(context))
    known = Overlaps(found)
    more = [each for each in chain(of_none, by_figures) if is_free(each, known)]
    besides = (each for read in _BESIDES for each in read(context))
    more += [each for each in besides if not any(one.start == each.start and one.accuses for one in found)]
    more += [each for each in own_tables(context) if _is_open(each, [*found, *more])]
    taken = {(each.start, each.end) for each in more}
    return [each for each in found if (each.start, each.end) not in taken] + more


#: Letters around an order within which another accusation is of the same statement.
_SAME = 24


def _is_open(one: Finding, found: Sequence[Finding]) -> bool:
    """Whether nothing surer was found at a place, and the same order is accused nowhere beside it."""
    for each in found:
        beside = _SAME if each.accuses and one.kind == "ordering" else 0
        near = each.start < one.end + beside and one.start < each.end + beside
        told = each.verdict == "confirmed" and each.kind not in ("ordering", "ratio")
        if near and (each.accuses or told):
            return False
    return True
