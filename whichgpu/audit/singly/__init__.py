"""Clauses of long sentences told singly: each as a plain statement whose subject is named.

"Those who need more should look at the A10, a 24 GB card that sips just 150 watts, or at the A40, which has
696 GB/s" says three things of two devices, and none of them as a plain sentence would. Each clause is put
behind the name of what it is about ("The A10 is a 24 GB card.", "The A10 sips just 150 watts.") and read as
any other sentence; what is found of it stands in the file where its words do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.clauses.agreement import OF_ELSE, OF_OTHERS
from whichgpu.audit.document import RUNNING
from whichgpu.audit.review.understood import UNSTATED
from whichgpu.audit.singly.clauses import statements
from whichgpu.audit.singly.coordinated import coordinated
from whichgpu.audit.singly.fragments import fragments
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Document, Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.singly.written import Statement

    _Reader = Callable[[int, Passage, Context], Iterator[Statement]]

#: Kinds of claims that are of one device.
KINDS = (
    "specification", "capability", "identity", "memory_type", "generation", "foundry", "dates", "instances",
    "asserted", "having", "wrong_unit", "octets", "years", "possessed", "link", "debuts", "frames",
    "compute_capability", "fittings", "absolute", "only", "ordering", "ratio", "outdoes", "extremes",
    "foremost", "latest", "exclusive", "category", "laws", "fits",
)  # fmt: skip
#: Those that say of one device that no other is so: what it has of it itself may be right.
_OF_ONE_ALONE = frozenset({"absolute", "only", "exclusive", "extremes", "foremost", "latest"})
#: Of fragments the same.
KINDS_OF_FRAGMENTS = KINDS
KINDS_OF_OTHERS = ("ordering", "ratio", "outdoes")
#: A text with more of them is no article.
_MOST = 250


class Told(NamedTuple):
    """A document of statements, one to a passage, and the devices that each names."""

    document: Document
    names: Mapping[int, tuple[Mention, ...]]
    statements: Sequence[Statement]


def told(context: Context) -> Told | None:
    """The clauses of a document's long sentences as statements; None where there are none."""
    return _told(statements, context)


def told_of_fragments(context: Context) -> Told | None:
    """What a document says of its devices behind labels, in bits without a subject, as statements."""
    return _told(fragments, context)


def told_of_others(context: Context) -> Told | None:
    """What a document says against one device or another, each time of the other one."""
    return _told(coordinated, context)


def _told(read: _Reader, context: Context) -> Told | None:
    document = context.document
    every: list[Statement] = []
    for index, passage in enumerate(document.passages):
        if passage.kind in RUNNING and len(every) < _MOST:
            every += read(index, passage, context)
    passages = tuple(each.passage for each in every)
    names = {at: each.names for at, each in enumerate(every)}
    return Told(document._replace(passages=passages, tables=(), title=""), names, every) if every else None


def accusing(again: Iterable[Finding], found: Sequence[Finding], said: Told) -> list[Finding]:
    """What is wrong of such statements, where no reading of the whole sentence says why it is not."""
    new: list[Finding] = []
    # Where each begins and ends is worked out of all of its words: once, not for every finding.
    placed = [(one.start, one.end, one) for one in said.statements]
    for each in sorted(one for one in again if one.accuses and one.quote):
        of = [one for one in placed if one[0] <= each.start < one[1]]
        # A clause whose words change places is accused where they stand, and once.
        around = (one for one in (*found, *new) if any(start <= one.start < end for start, end, _ in of))
        once = not any(one.accuses and one.attribute == each.attribute for one in around)
        if once and _is_open(each, [one for _, _, one in of], found):
            new.append(each)
    return new


def _is_open(one: Finding, of: Sequence[Statement], found: Sequence[Finding]) -> bool:
    """Whether nothing that was found of the words of a statement keeps it from being wrong."""
    reasons = (*_OF_WHOM, *_ANOTHERS) if any(each.firm for each in of) else _OF_WHOM
    here = [each for each in found if each.start < one.end and one.start < each.end]
    if any(each.besides for each in of):
        here = [each for each in here if each.verdict != "confirmed"]
    if one.kind in _OF_ONE_ALONE and any(each.scoped for each in of):
        return False
    if one.kind in _OF_ONE_ALONE:
        here = [each for each in here if each.verdict != "confirmed" or each.kind in _OF_ONE_ALONE]
    if not all(each.verdict == "unverifiable" and each.because in reasons for each in here):
        return False
    return all(each.like is None or _is_alike(one, each.like, found) for each in of)


def _is_alike(one: Finding, like: int, found: Sequence[Finding]) -> bool:
    """Whether the clause whose verb a value goes by tells what its own device has of the very attribute."""
    before = (each for each in found if like <= each.start < one.start and each.verdict == "confirmed")
    return any(each.attribute == one.attribute for each in before)


#: Reasons for which nothing was said of a claim that a named subject takes away.
_OF_WHOM = (OF_OTHERS, UNSTATED)
#: The same where the clause itself names its subject.
_ANOTHERS = (OF_ELSE,)
