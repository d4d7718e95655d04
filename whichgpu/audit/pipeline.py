"""From a document to its findings: each kind of claim is looked for by the file of its name in `claims/`."""

from __future__ import annotations

from bisect import bisect_left
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from whichgpu.audit import clauses, predicated, singly
from whichgpu.audit.abreast import abreast
from whichgpu.audit.analogy import by_analogy
from whichgpu.audit.clauses.agreement import agreed
from whichgpu.audit.closure import closed
from whichgpu.audit.comparisons.sides import unless_given
from whichgpu.audit.devices.described import described
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.devices.subjects import resolved
from whichgpu.audit.document import RUNNING, pieces
from whichgpu.audit.excluded import excluded
from whichgpu.audit.findings import KINDS, Context, Finding
from whichgpu.audit.reach import reached
from whichgpu.audit.reckoned import reckoned
from whichgpu.audit.review.consequent import without_consequences
from whichgpu.audit.review.elsewhere import without_others
from whichgpu.audit.review.misjudged import without_misjudged
from whichgpu.audit.review.neighbours import without_neighbours
from whichgpu.audit.review.on_record import without_record
from whichgpu.audit.review.own_speeds import without_own_speeds
from whichgpu.audit.review.resting import without_resting
from whichgpu.audit.review.second_look import looked_at_again
from whichgpu.audit.review.set_apart import without_set_apart
from whichgpu.audit.review.settling import settled
from whichgpu.audit.review.traced import without_traced
from whichgpu.audit.review.whoever import lowered, raised
from whichgpu.audit.statements import reading
from whichgpu.audit.sufficing import sufficing
from whichgpu.audit.tables import grouped
from whichgpu.audit.tables.continued import continued
from whichgpu.audit.tables.featured import featured
from whichgpu.audit.tables.misread import without_misread
from whichgpu.audit.tables.side_by_side import apart
from whichgpu.audit.text import answered, lists
from whichgpu.audit.text.direct_speech import without_quoted
from whichgpu.audit.text.gloss import besides, glossed, language, upheld
from whichgpu.audit.text.plainly import capitals, is_lower_case, parted, plain, sentence_starts
from whichgpu.audit.text.quantities import locale
from whichgpu.audit.text.reported import without_reported
from whichgpu.audit.text.reworded import reworded
from whichgpu.audit.unmarked.cells_to_lines import tabled
from whichgpu.audit.values import of_kinds
from whichgpu.audit.values.linked import without_links
from whichgpu.audit.values.worked_out import without_worked_out
from whichgpu.audit.weighed import weighed
from whichgpu.values import NamedTuple, modules_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date
    from types import ModuleType

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Document, Passage
    from whichgpu.hardware.catalogue import Catalogue

    _Reading = Callable[[Sequence[Finding], Context], list[Finding]]


#: From English marks in numbers to those of a text that writes 38,7 and 1.935.
_MARKS = str.maketrans(",.", ".,")


def audit(
    document: Document,
    catalogue: Catalogue,
    today: date,
    *,
    told: Callable[[str, int, int], None] | None = None,
    failed: Callable[[str], None] | None = None,
) -> tuple[Finding, ...]:
    """Every claim of a document with its verdict, in the order of the file; no two on the same words.

    `told` hears of each kind of claim before it is looked for: its name, how many are done, and of how many.
    `failed` hears of a kind that could not be looked for by a fault of ours; without it the fault is raised.
    """
    document = _told_beside(continued(apart(tabled(document, catalogue)), catalogue), catalogue)
    document = _plain(document)
    fraction = locale(p.text for p in document.passages)
    asked = _Asked(catalogue, today, fraction, failed)
    found = _found(document, asked, told=told)
    if whole := lists.joined(document):
        found += lists.besides(found, _found(whole, asked, lists.KINDS))
    if said := answered.stated(document, resolved(document, catalogue)):
        again = _found(said.document, asked, answered.KINDS)
        found += lists.besides(found, answered.at_answers(again, said, document.original))
    if kinds_told := of_kinds.told(document, resolved(document, catalogue), catalogue):
        again = _found(kinds_told.document, asked, of_kinds.KINDS, names=kinds_told.names)
        found = of_kinds.unless_so(found, again)
        found += lists.besides(found, of_kinds.accusing(again, catalogue))
    if listed := grouped.told(document, resolved(document, catalogue)):
        again = _found(listed.document, asked, grouped.KINDS, names=listed.names)
        found += lists.besides(found, grouped.at_devices(again, listed, document.original))
    context = _named(document, asked)
    found += _singly(context, asked, found)
    found += _in_full(context, asked, found)
    if foreign := language(document):
        english = glossed(document, foreign)
        again = _found(english, asked)
        again += _singly(_named(english, asked), asked, again)
        found = upheld(found, again)
        found += besides(found, again, document, foreign)
    found = without_quoted(found, document)
    if fraction == ",":
        found = [each._replace(expected=each.expected.translate(_MARKS)) for each in found]
    return tuple(sorted(_apart(found), key=lambda each: (each.start, each.end)))


def _singly(context: Context, asked: _Asked, found: Sequence[Finding]) -> list[Finding]:
    """What is wrong of clauses of long sentences and of fragments, each read as a statement of its own."""
    new: list[Finding] = []
    for said, kinds_read in (
        (singly.told(context), singly.KINDS),
        (singly.told_of_fragments(context), singly.KINDS_OF_FRAGMENTS),
        (singly.told_of_others(context), singly.KINDS_OF_OTHERS),
    ):
        if said is not None:
            again = _found(said.document, asked, kinds_read, names=said.names)
            new += singly.accusing(again, [*found, *new], said)
    return new


def _in_full(context: Context, asked: _Asked, found: Sequence[Finding]) -> list[Finding]:
    """What is wrong of the clauses that leave out what was said before, each told in full."""
    said = predicated.told(context)
    if said is None:
        return []
    again = _found(said.document, asked, singly.KINDS, names=said.names)
    return predicated.accusing(again, found, said, context.document)


def _plain(document: Document) -> Document:
    """A document whose passages are in pieces that are read at once; prose in its plain words."""
    small = is_lower_case(each.text for each in document.passages if each.kind == "paragraph")
    done = {
        id(passage): [_in_plain_words(piece, small=small) for piece in pieces(passage)]
        for passage in document.passages
    }
    tables = tuple(
        table._replace(rows=tuple(tuple(_whole(cell, done) for cell in row) for row in table.rows))
        for table in document.tables
    )
    passages = (piece for passage in document.passages for piece in done[id(passage)])
    return document._replace(passages=tuple(passages), tables=tables)


def _whole(cell: Passage | None, done: Mapping[int, list[Passage]]) -> Passage | None:
    """A table's cell as it stands among the passages."""
    pieces = done.get(id(cell), [])
    return pieces[0] if len(pieces) == 1 else cell


def _in_plain_words(passage: Passage, *, small: bool) -> Passage:
    text = capitals(passage.text)
    if passage.kind in RUNNING:
        text = parted(text)
        text = plain(sentence_starts(text) if small else text)
    passage = passage if text == passage.text else passage._replace(text=text)
    return reworded(passage) if passage.kind in RUNNING else passage


#: What reads on from what the kinds of claims found.
_READINGS: tuple[tuple[str, _Reading], ...] = (
    ("clauses", clauses.read),
    ("statements", reading.read),
    ("excluded", excluded),
    ("weighed", weighed),
    ("closure", closed),
    ("analogy", by_analogy),
    ("reach", reached),
    ("reckoned", reckoned),
    ("sufficing", sufficing),
    ("predicated", predicated.read),
    ("abreast", abreast),
)


class _Asked(NamedTuple):
    """What is the same of every reading of a document."""

    catalogue: Catalogue
    today: date
    fraction: str
    failed: Callable[[str], None] | None


def _named(
    document: Document, ask: _Asked, names: Mapping[int, tuple[Mention, ...]] | None = None
) -> Context:
    """A document with the devices that it names and describes, before any claim of it is read.

    `names` are the devices that each passage names, where that is known.
    """
    names = resolved(document, ask.catalogue) if names is None else names
    spoken_of = frozenset(one for found in names.values() for each in found for one in each.ids)
    mentions, unsettled = described(document, names, ask.catalogue)
    return Context(document, ask.catalogue, mentions, ask.fraction, ask.today, spoken_of, {"open": unsettled})


def _found(
    document: Document, ask: _Asked, only: Sequence[str] = (),
    told: Callable[[str, int, int], None] | None = None,
    names: Mapping[int, tuple[Mention, ...]] | None = None,
) -> list[Finding]:  # fmt: skip
    """What every kind of claim finds, or those that are asked for, kinds in their order."""
    context = _named(document, ask, names)
    found: list[Finding] = []
    accused: list[Finding] = []
    certain: list[Finding] = []
    # What the text states of each device is known before what it says of two.
    context.memo["found"] = found
    for done, kind in enumerate(every := only or kinds()):
        if told is not None:
            told(kind, done, len(every))
        own = _of_kind(kind, context, ask.failed)
        if getattr(_kind(kind), "CERTAIN", False):
            certain += own
            continue
        accused += [each for each in own if each.accuses]
        found += agreed(kind, own, context)
    found = without_links(unless_given(_come_out(found), context), context)
    sure = without_worked_out(without_misjudged(without_misread(found, context), context), context)
    sure = without_own_speeds(sure, context)
    sure = without_resting(without_traced(settled(without_reported(sure, context), context), context))
    sure = lowered(raised(sure, accused, context), context)
    for name, read in () if only else _READINGS:
        # What is found so far stands whatever a further reading comes to.
        sure = _guarded(name, partial(read, sure, context), ask.failed) or sure
    sure = without_reported([*sure, *certain], context)
    sure = without_neighbours(without_record(without_others(sure, context), context), context)
    sure = without_set_apart(sure, context)
    return without_consequences(looked_at_again(sure, context))


def _come_out(found: Sequence[Finding]) -> list[Finding]:
    """Of two ways to work out one amount that which comes out right is meant."""
    # What follows from the other cells of a table may be wrong with them: a price of all as that of one.
    right = {
        (each.start, each.end)
        for each in found
        if _is_worked(each) and each.verdict == "confirmed" and each.attribute != "derived"
    }
    return [
        each for each in found if not (each.accuses and _is_worked(each) and (each.start, each.end) in right)
    ]


def _of_kind(kind: str, context: Context, failed: Callable[[str], None] | None) -> list[Finding]:
    """The findings of one kind; a fault in looking for it leaves those of all others."""
    return _guarded(kind, lambda: list(_kind(kind).find(context)), failed)


def _guarded(
    kind: str, found: Callable[[], list[Finding]], failed: Callable[[str], None] | None
) -> list[Finding]:
    """What is found; nothing, and a line on it, where looking for it ends in a fault."""
    try:
        return found()
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        if failed is None:
            raise
        failed(f"claims of the kind '{kind.replace('_', ' ')}', by a fault of this program's "
               f"({type(error).__name__}: {error}); please report it with the text")  # fmt: skip
        return []


@cache
def _kind(name: str) -> ModuleType:
    """What looks for a kind of claims, asked for once: naming a module takes longer than most of them do."""
    return import_module(f"{__package__}.claims.{name}")


def _is_worked(found: Finding) -> bool:
    return found.kind == "arithmetic"


def _told_beside(document: Document, catalogue: Catalogue) -> Document:
    """A document whose texts of pictures, metadata and cells of features are read for claims too."""
    beside = [
        each._replace(kind="caption")
        for each in document.passages
        if each.kind in ("alt", "front") and any(True for _ in mentions(each.text, catalogue))
    ]
    beside += featured(document, catalogue)
    return document._replace(passages=(*document.passages, *beside)) if beside else document


@cache
def kinds() -> tuple[str, ...]:
    """The kinds of claims that are looked for, the first ones first."""
    stems = {*modules_in(Path(__file__).parent / "claims")}
    return tuple(kind for kind in KINDS if kind in stems) + tuple(sorted(stems - set(KINDS)))


def _is_open(found: Finding) -> bool:
    """Whether it settles nothing of a figure, which its table may work out."""
    return found.verdict == "unverifiable"


def _apart(found: Iterable[Finding]) -> list[Finding]:
    """Findings that do not overlap: of two an accusation, then one that settles it, then the earlier kind."""
    ranked = sorted(enumerate(found), key=lambda pair: (not pair[1].accuses, _is_open(pair[1]), pair[0]))
    kept: list[Finding] = []
    starts: list[int] = []
    for _, each in ranked:
        at = bisect_left(starts, each.start)
        before = kept[at - 1].end > each.start if at else False
        after = at < len(kept) and kept[at].start < each.end
        if not before and not after:
            starts.insert(at, each.start)
            kept.insert(at, each)
    return kept
