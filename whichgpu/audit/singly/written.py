"""A clause written out behind the name of its subject, every character with its place in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.devices.mentions import Mention, mentions
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context


class Statement(NamedTuple):
    """A passage of one plain sentence, and the devices that it names."""

    passage: Passage
    names: tuple[Mention, ...]
    #: Whether it reads as the file does.
    as_it_stands: bool
    #: Whether its subject is named in that very clause of the file.
    firm: bool = False
    #: Where the sentence begins in the file whose verb it goes by, without one of its own.
    like: int | None = None


def written(
    clause: Passage, subject: tuple[str, Mention, str], here: Sequence[Mention], shift: int, context: Context
) -> Statement:
    """A clause behind the name of its subject, what leads to that and what links it.

    Names are put for descriptions; those that are `here` stand in what the clause is cut from at `shift`.
    """
    text, runs, names = "", list[tuple[int, int]](), list[Mention]()

    def put(words: str, at: int) -> None:
        nonlocal text
        runs.extend((len(text) + step, at) for step in range(len(words)))
        text += words

    def name(each: Mention, at: int) -> None:
        start, shown = len(text), _shown(each, context)
        put(shown, at)
        names.append(Mention(start, start + len(shown), shown, each.ids, each.named))

    lead, one, link = subject
    put(lead, clause.start)
    name(one, clause.start)
    put(link, clause.start)
    at = 0
    for each in here:
        start, end = each.start - shift, each.end - shift
        runs.extend(clause.placed(at, start, len(text)))
        text += clause.text[at:start]
        name(each, clause.place(start))
        at = end
    runs.extend(clause.placed(at, len(clause.text), len(text)))
    text += clause.text[at:]
    put(".", clause.end - 1)
    told = clause._replace(kind="paragraph", text=text, runs=tuple(runs), section=())
    return Statement(told, tuple(names), as_it_stands=lead == "The " and not link and _is_name(one, context))


def _is_name(one: Mention, context: Context) -> bool:
    return any(True for _ in mentions(one.text, context.catalogue))


def _shown(one: Mention, context: Context) -> str:
    """A name as it stands; of a description the name of what it means."""
    return one.text if _is_name(one, context) else context.catalogue[one.ids[0]].name
