"""Fragments behind a label told as statements: "A2 - Cons: less memory than the T4, needs a fan".

Lists of pros and cons, and the lines of a summary, name a device and say what it has, is or lacks in bits
without a subject. Each bit is put behind the name ("The A2 has less memory than the T4.") and read by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.words import NAMES
from whichgpu.audit.clauses.mood import is_indicative
from whichgpu.audit.comparisons.pairs import in_title
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.document import RUNNING
from whichgpu.audit.singly.clauses import NOT_OF_ONE
from whichgpu.audit.singly.verbs import VERBS
from whichgpu.audit.singly.written import written
from whichgpu.audit.text.sentences import topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.singly.written import Piece, Statement

#: Between a name that leads a line and what is said of it.
_LEADS = re.compile(r"\s*(?:\([^()]{0,24}\)\s*)?(?::|\s[\u2013\u2014-]{1,2}\s)\s*")
#: What stands before the name.
_BEFORE = re.compile(
    r"[\W\d]*(?:(?:the|best|winner|pick|choose|buy|get|nvidia|amd|intel|apple)\W+){0,2}", re.IGNORECASE
)
#: What says on which side the bits behind it stand, and no more.
_SIDE = re.compile(
    r"(?:pros?|cons?|plus|minus|advantages?|disadvantages?|strengths?|weaknesses|upsides?|downsides?|drawbacks?|"
    r"good|bad)\s*:\s*|[+\u2013\u2014\u2212-]\s+|(?:and|but|although|though|yet)\s+",
    re.IGNORECASE,
)
_CUT = re.compile(r"\s*;\s+|,\s+|\.\s+|\s+[\u2013\u2014\u2212]\s+|\s+\+\s+|\s+but\s+|\.?\s*$")
_MORE = (
    r"(?:more|less|fewer|higher|lower|larger|smaller|bigger|wider|narrower|greater|faster|slower|double|twice|half|"
    r"only|just|no|full|as (?:much|many)|an?|\d)"
)
_MOST = r"(?:most|least|fewest|highest|lowest|largest|smallest|biggest|widest|narrowest|greatest|same)"
#: What is called the most, as it is said of two.
_COMPARED = {
    "most": "more", "least": "less", "fewest": "fewer", "highest": "higher", "lowest": "lower",
    "largest": "larger", "smallest": "smaller", "biggest": "bigger", "widest": "wider",
    "narrowest": "narrower", "greatest": "greater",
}  # fmt: skip
_TOP = re.compile(rf"({'|'.join(_COMPARED)})(?=\s\w)", re.IGNORECASE)
#: How a bit begins, and what makes a statement of it.
_LINKS = (
    (re.compile(rf"(?:{VERBS})\b", re.IGNORECASE), " "),
    (re.compile(rf"(?:the )?(?P<most>{_MOST})\b", re.IGNORECASE), " has the "),
    (re.compile(rf"(?:native )?(?:{NAMES})(?: support| in hardware)?\W*$", re.IGNORECASE), " supports "),
    (re.compile(rf"(?:with )?(?P<what>{_MORE})\b", re.IGNORECASE), " has "),
)  # fmt: skip
#: What a bit is not, where it speaks of somebody's use, of a price today or of what is wanted.
_ELSE = re.compile(r"[?\"]|\b(?:if|when|you|your|we|my|i|best|ideal|great|good|for)\b", re.IGNORECASE)
_LONGEST, _WORDS = 420, 2


def fragments(index: int, passage: Passage, context: Context) -> Iterator[Statement]:
    """The bits of a passage that are said of the one device that leads it, each as a statement."""
    if passage.kind not in RUNNING or len(passage.text) > _LONGEST:
        return
    one, start = _led(index, passage, context)
    if one is None:
        return
    here = context.mentions.get(index, ())
    for begin, last in _bits(passage.text, start):
        link, first = _linked(passage.text, begin, last)
        words = passage.text[first:last]
        if link and not _ELSE.search(words) and not NOT_OF_ONE.search(words) and is_indicative(words):
            for pieces in _said(one, link, (first, last), passage.text, context):
                yield written(passage, pieces, here, context)


def _said(
    one: Mention, link: str, place: tuple[int, int], text: str, context: Context
) -> Iterator[list[Piece]]:
    """The statement of a bit; of what is called the most, one against each that the title compares."""
    first, last = place
    top = _TOP.match(text, first, last)
    if top is None:
        yield ["The ", one, link, place, "."]
        return
    rest = (top.end() + 1, last)
    for other in _opponents(one, context):
        yield ["The ", one, f" has {_COMPARED[top[1].lower()]} ", rest, " than the ", other, "."]


def _opponents(one: Mention, context: Context) -> list[Mention]:
    """The other devices of the title, each as the text names it first."""
    titled = [model(ids[0], context.catalogue) for ids in in_title(context)]
    named = (each for found in context.mentions.values() for each in found if each.ids)
    own = model(one.named[0], context.catalogue)
    known: dict[frozenset[str], Mention] = {}
    for each in named:
        known.setdefault(model(each.named[0], context.catalogue), each)
    return [each for name, each in known.items() if name in titled and name != own]


def _led(index: int, passage: Passage, context: Context) -> tuple[Mention | None, int]:
    """The device that leads a passage, and where what is said of it begins."""
    here = context.mentions.get(index, ())
    if here and _BEFORE.fullmatch(passage.text, 0, here[0].start):
        leads = _LEADS.match(passage.text, here[0].end)
        return (here[0], leads.end()) if leads and here[0].ids else (None, 0)
    side = _SIDE.match(passage.text)
    if passage.kind != "item" and side is None:
        return None, 0
    about, certain = topic(index, passage, context)
    known = len(about) == 1 and certain and about[0] not in here
    return (about[0], 0) if known else (None, 0)


def _bits(text: str, start: int) -> Iterator[tuple[int, int]]:
    """The stretches of a text between its commas and stops, apart from those in brackets."""
    at = start
    for cut in _CUT.finditer(text, start):
        if text.count("(", at, cut.start()) > text.count(")", at, cut.start()):
            continue
        if cut.start() > at:
            yield at, cut.start()
        at = cut.end()


def _linked(text: str, first: int, last: int) -> tuple[str, int]:
    """What joins a bit to its subject, and where the bit begins; nothing where it is no such statement."""
    while side := _SIDE.match(text, first, last):
        first = side.end()
    for begins, link in _LINKS:
        if match := begins.match(text, first, last):
            words = match.groupdict()
            first = match.start("most") if words.get("most") else first
            first = match.start("what") if words.get("what") else first
            bare = len(text[first:last].split()) < _WORDS and link != " supports "
            return ("" if bare else link), first
    return "", first
