"""A second reading of prose, clause by clause: what is plainly said of one device, and is wrong.

The kinds in `claims/` look at a sentence with what stands around it, and withhold what may be excused. Here a
clause is read by itself: it must have one device as its subject, named in it or certainly gone on about, must
state a fact in the indicative, and have no word that turns its figure into something else. What it then says
is wrong needs no further ground, and what stands in the sentences around it excuses nothing.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from whichgpu.audit.clauses.changes import changes
from whichgpu.audit.clauses.consequences import consequences
from whichgpu.audit.clauses.dense import dense
from whichgpu.audit.clauses.forms import OF_FORMS
from whichgpu.audit.clauses.formulas import formulas
from whichgpu.audit.clauses.identities import identities
from whichgpu.audit.clauses.needs import OF_NEEDS, needs
from whichgpu.audit.clauses.orders import orders
from whichgpu.audit.clauses.overs import overs
from whichgpu.audit.clauses.parts import clauses, has_verb
from whichgpu.audit.clauses.powers import before_names, powers
from whichgpu.audit.clauses.reckoning import reckoning
from whichgpu.audit.clauses.rooms import rooms
from whichgpu.audit.clauses.sole import sole
from whichgpu.audit.clauses.values import values
from whichgpu.audit.document import HEADED
from whichgpu.audit.overlaps import Overlaps
from whichgpu.audit.text.gloss import language_read
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding


def read(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings with the plain errors of clauses that no other finding confirms or accuses."""
    if language_read(context):
        # It is read in words of English besides.
        return list(found)
    return beside(found, _plain(context))


def beside(found: Sequence[Finding], others: Iterable[Finding]) -> list[Finding]:
    """Findings with others that no finding before them confirms or accuses."""
    every = list(found)
    settled = Overlaps(each for each in found if each.verdict != "unverifiable")
    for each in others:
        # A form of words says itself what its result is of, where a sum or a price found by chance does not.
        weaker = _BY_CHANCE if each.accuses and each.attribute in _SURE else ()
        if not any(one.accuses or one.kind not in weaker for one in settled.of(each.start, each.end)):
            settled.add(each)
            every.append(each)
    return every


_SURE, _BY_CHANCE = (OF_FORMS, OF_NEEDS), ("arithmetic", "price", "memory")


def _plain(context: Context) -> Iterator[Finding]:
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in HEADED or passage.kind == "heading":
            continue
        here = tuple(context.mentions.get(index, ()))
        for clause in clauses(index, passage, context):
            if not clause.plain:
                continue
            if not clause.named or has_verb(clause.text):
                yield from chain(values(clause, here, context), identities(clause, context))
            yield from chain(powers(clause, context), orders(clause, here, context))
        for sentence in sentences(passage.text):
            yield from changes(passage, sentence, context)
            yield from rooms(passage, sentence, here, context)
            yield from chain(
                needs(passage, sentence, here, context), overs(passage, sentence, here, context),
                before_names(passage, sentence, here, context),
            )  # fmt: skip
            yield from reckoning(passage, sentence, here, context)
            yield from dense(passage, sentence, context)
            yield from sole(index, passage, sentence, context)
        yield from chain(formulas(passage, here, context), consequences(passage, here, context))
