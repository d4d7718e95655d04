"""The wrong statements of a document's running text, beside what else was found in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.clauses import beside
from whichgpu.audit.document import RUNNING
from whichgpu.audit.statements.above import above
from whichgpu.audit.statements.added import added
from whichgpu.audit.statements.beings import beings
from whichgpu.audit.statements.features import features, only, only_on
from whichgpu.audit.statements.filled import filled, fits, trained
from whichgpu.audit.statements.fits_too import fits_too
from whichgpu.audit.statements.gapped import gapped
from whichgpu.audit.statements.ordered import most, orders
from whichgpu.audit.statements.ranked import ranked
from whichgpu.audit.statements.rated import rated
from whichgpu.audit.statements.rates import rates
from whichgpu.audit.statements.ratios import ratios
from whichgpu.audit.statements.so_many import so_many
from whichgpu.audit.statements.the_rest import the_rest
from whichgpu.audit.text.gloss import language_read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding

_EVERY = (
    ratios,
    orders,
    most,
    ranked,
    beings,
    above,
    features,
    only,
    only_on,
    filled,
    fits,
    trained,
    rated,
    added,
    rates,
    gapped,
    the_rest,
    so_many,
    fits_too,
)


def read(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings with the wrong statements of running text that no other finding confirms or accuses."""
    # What is in another language is read in words of English besides.
    return list(found) if language_read(context) else beside(found, _wrong(context))


def _wrong(context: Context) -> Iterator[Finding]:
    for index, passage in enumerate(context.document.passages):
        for each in _EVERY if passage.kind in RUNNING else ():
            yield from each(index, passage, context)
