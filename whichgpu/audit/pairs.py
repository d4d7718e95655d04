"""Two devices of one sentence: which is compared with which, and by what their values differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit.judging import on_file
from whichgpu.audit.subjects import mentions, model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.findings import Context, Evidence
    from whichgpu.audit.subjects import Mention


#: A document that names more devices compares no two of them throughout.
_MOST = 8


class Pair(NamedTuple):
    """What is compared (`first`) and what it is compared with (`second`), each the ids that it can mean."""

    first: tuple[str, ...]
    second: tuple[str, ...]

    @property
    def subject(self) -> str:
        """Both, as a finding names its subject."""
        return f"{', '.join(self.first)} against {', '.join(self.second)}"


def pair(
    start: int, end: int, here: Sequence[Mention], around: Sequence[Mention], context: Context
) -> Pair | None:
    """The pair that a comparison at a place of a sentence is of: the name before it, and the one after it.

    Where only one is named the other is the second subject of the document, if it has just two.
    """
    before = [each for each in here if each.end <= start]
    after = [each for each in here if each.start >= end]
    first = before[-1] if before else (around[0] if around and not here else None)
    if first is None:
        return None
    other = [each for each in (*after, *before[:-1]) if not _same(each.named, first.named, context)]
    if after and other[:1] == [after[0]]:
        return Pair(first.named, after[0].named)
    if after:
        return None
    if len(before) > 1 and other:
        return None
    subjects = [each for each in _subjects(context) if not _same(each, first.named, context)]
    return Pair(first.named, subjects[0]) if len(subjects) == 1 else None


def _subjects(context: Context) -> list[tuple[str, ...]]:
    """The devices that a document compares: those of its title, else all that it names."""
    if "subjects" not in context.memo:
        context.memo["subjects"] = _named_devices(context)
    found: list[tuple[str, ...]] = context.memo["subjects"]
    return found


def _named_devices(context: Context) -> list[tuple[str, ...]]:
    titled = [each.named for each in mentions(context.document.title, context.catalogue)]
    every = titled or [each.named for found in context.mentions.values() for each in found]
    distinct: list[tuple[str, ...]] = []
    for one in every:
        if len(distinct) <= _MOST and not any(_same(one, known, context) for known in distinct):
            distinct.append(one)
    return distinct


def _same(a: Sequence[str], b: Sequence[str], context: Context) -> bool:
    """Whether two names are of one model, in whatever form."""
    return model(a[0], context.catalogue) == model(b[0], context.catalogue)


def ratios(attribute: Attribute, both: Pair, context: Context) -> list[tuple[float, str]]:
    """First over second for every device that each name can mean and every field, with the words for it."""
    found = []
    for field in attribute.fields:
        for one in _sure(both.first, context):
            for other in _sure(both.second, context):
                a, b = context.catalogue[one].value(field), context.catalogue[other].value(field)
                if isinstance(a, int | float) and isinstance(b, int | float) and b:
                    found.append((float(a) / float(b), _words(one, other, field, context)))
    return found


def _sure(ids: Sequence[str], context: Context) -> Sequence[str]:
    """The devices of which more than one low source speaks, if there are any."""
    return [key for key in ids if context.catalogue[key].confidence != "low"] or ids


def unsure(both: Pair, context: Context) -> bool:
    """Whether a side of a pair is known from low sources only."""
    return any(
        all(context.catalogue[key].confidence == "low" for key in side) for side in (both.first, both.second)
    )


def _words(one: str, other: str, field: str, context: Context) -> str:
    shown = (f"{key} has {context.catalogue[key].display(field)}" for key in (one, other))
    return ", ".join(shown)


def facts(attribute: Attribute, both: Pair, context: Context) -> tuple[Evidence, ...]:
    """The facts on both."""
    return tuple(on_file(context.catalogue[key], attribute) for key in (both.first[0], both.second[0]))
