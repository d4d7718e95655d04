"""Laws of physics and errors of category: what no dataset, clock or bandwidth does, whatever words say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.frames.matching import frames, matches
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.frames.matching import Part


def of_laws(
    passage: Passage, said: Sequence[Part], named: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """Each part of a sentence that says what a law excludes."""
    every = frozenset().union(*(each.meanings for each in said))
    for part in said:
        for match in matches(part, frames("law")):
            if match.frame.unless & every or (
                match.frame.row.get("apart") and _are_kin(part, named, context)
            ):
                continue
            because = match.frame.row["because"]
            yield made(context, passage, match.place, "category", "contradicted", subject=match.frame.key,
                       attribute="category", because=because, evidence=(Evidence(because),))  # fmt: skip


def _are_kin(part: Part, named: Sequence[Mention], context: Context) -> bool:
    """Whether what a part compares is of one architecture."""
    here = within(named, part.start, part.end)
    return (
        len(here) > 1 and len({context.catalogue[key].architecture for each in here for key in each.ids}) == 1
    )
