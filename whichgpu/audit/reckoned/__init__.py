"""Results by what they are of: a bill of a rent and hours, energy of a power and hours, what two are apart.

What a sentence tells of a result and leaves untold is told before it: "for 30 days it comes to $252" has a
time and no rate, so that the rate is one of those above, that of the device it names where one is told of it.
A result is wrong where none of what is told above makes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.excluded.scope import inconsistent, is_free
from whichgpu.audit.overlaps import Overlaps
from whichgpu.audit.reckoned.beside import apart, arrow, efficiency, left, of_that, than_named, times_as
from whichgpu.audit.reckoned.bills import bill, by_period, energy, per_gpu, several, tariff
from whichgpu.audit.reckoned.periods import of_period
from whichgpu.audit.reckoned.told import places
from whichgpu.audit.text.gloss import language_read
from whichgpu.audit.text.reported import without_reported

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding

_FRAMES = (
    bill, several, apart, by_period, times_as, efficiency, per_gpu, energy, tariff, left, of_that, arrow,
    than_named, of_period,
)  # fmt: skip


def reckoned(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings with the results that nothing above makes, where nothing certain was found before."""
    if language_read(context):
        return list(found)
    known = Overlaps(found)
    more = [each for each in _reckoned(context) if is_free(each, known)]
    more = without_reported(more, context)
    taken = {(each.start, each.end) for each in more}
    return [each for each in found if (each.start, each.end) not in taken] + more


def _reckoned(context: Context) -> Iterator[Finding]:
    for place in places(context):
        if "?" in place.sentence.text:
            continue
        for told in place.here:
            for frame in _FRAMES:
                if found := frame(told, place):
                    because, expected = found
                    one = told.amount
                    yield inconsistent(
                        place.passage, (one.start, one.end), because, context, expected=expected
                    )
                    break
