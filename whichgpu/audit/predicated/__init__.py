"""What clauses say of their devices, each read with what it leaves out from the clauses before it.

A clause has a subject, an attribute, whom its subject is set against and how: as so many times as much, so
much more, less, the same. Any of these may be told before: "The A10 has 24 GB, the L40S twice as much".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import singly
from whichgpu.audit.overlaps import Overlaps
from whichgpu.audit.predicated.clauses import clauses
from whichgpu.audit.predicated.prices import priced
from whichgpu.audit.predicated.relations import relations
from whichgpu.audit.predicated.restated import Restated, at_clauses, restated
from whichgpu.audit.predicated.rooms import rooms
from whichgpu.audit.text.gloss import language_read
from whichgpu.audit.text.reported import without_reported
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Document
    from whichgpu.audit.findings import Context, Finding

_READ = (relations, priced)


def read(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings with what clauses say of their devices and is wrong, where nothing is accused already."""
    if language_read(context):
        return list(found)
    known = Overlaps([each for each in found if each.accuses])
    every = [*clauses(context)]
    more = [each for one in every for reader in _READ for each in reader(one, context)]
    more += rooms(every, context)
    more = without_reported([each for each in more if not any(known.of(each.start, each.end))], context)
    taken = {(each.start, each.end) for each in more}
    return [each for each in found if (each.start, each.end) not in taken] + more


class Told(NamedTuple):
    """A document of clauses told in full, one to a passage, and the devices that each names."""

    document: Document
    names: Mapping[int, tuple[Mention, ...]]
    clauses: Sequence[Restated]


def told(context: Context) -> Told | None:
    """The clauses of a document that leave out what was said before, in full; None where there are none."""
    document = context.document
    every = [] if language_read(context) else restated(context)
    passages = tuple(each.statement.passage for each in every)
    names = {at: each.statement.names for at, each in enumerate(every)}
    return Told(document._replace(passages=passages, tables=(), title=""), names, every) if every else None


def accusing(
    again: Sequence[Finding], found: Sequence[Finding], said: Told, document: Document
) -> list[Finding]:
    """What is wrong of such clauses, where nothing that was found of their words keeps it from being so."""
    own = singly.Told(said.document, said.names, [each.statement for each in said.clauses])
    return [*at_clauses(singly.accusing(again, found, own), said.clauses, document)]
