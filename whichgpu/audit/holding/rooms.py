"""What a model is to be held in: so many of a device, or a size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.counting import counted
from whichgpu.audit.holding.ways import BINARY
from whichgpu.audit.holding.words import NODES
from whichgpu.audit.pairs import devices
from whichgpu.audit.roles import WORKED, owned
from whichgpu.audit.sentences import within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.subjects import Mention


#: Room by its size: "in 24 GB", "on a 16 GB card", "26 GB of VRAM suffice".
_SIZE = re.compile(
    r"\b(?:(?:in|on|with|within|into|onto)\s+(?:an?\s+|its\s+|the\s+|just\s+|only\s+|one\s+|a single\s+|"
    r"their\s+){0,2}"
    r"(?P<n>\d{1,3})\s?-?GB\b(?!/s)(?! (?:to spare|left|free|spare|unused|remaining)\b)|"
    r"\b(?:(?:its|the) )?(?P<k>\d{1,3})\s?GB (?:\w+ ){0,2}?(?=(?:holds?|fits?|hosts?)\b)|"
    r"(?P<m>\d{1,3})\s?GB\s+(?:of\s+)?(?:vram\s+|memory\s+|card\s+|gpu\s+)?(?:is|are|will "
    r"be|suffices?|do)\b\s*"
    r"(?:just |then |already |plenty|easily |more than )?(?:enough|sufficient|suffic\w*|plenty|all)?)",
    re.IGNORECASE,
)

_BEFORE = 8

_TIMES = re.compile(r"\b(?P<n>\d{1,2})\s?[x\u00d7]\s?$", re.IGNORECASE)

_SAME_CARD = re.compile(
    r"\b(?:the same|this|that|his|her|their|my|our)\s+(?:card|gpu|one|machine)\b|^\W*It(?:\s+(?:also|even|"
    r"easily|just|still))?\s+"
    r"(?=(?:holds?|runs?(?! out)|handles?|loads?|hosts?|serves?|can (?:hold|run|handle|load|serve))\b"
    r"(?!\W*(?:(?:but|so|and|or|while|whereas)\b)?\W*$))|"
    r"^\W*(?:Runs|Holds|Handles|Loads|Fits)\b(?=\s+(?:an?|any|the|all)\b)",
    re.IGNORECASE,
)

#: What fits as another did just before: "a 34B fits too".
_TOO = re.compile(
    r"\b(?:fits?|runs?|works?|holds?)\s+(?:too|as well)\b|\b(?:and|also|even)\b(?=[^.;]*\bfits?\b)", re.I
)

#: One of those that the document compares, whichever: "on one of these GPUs", "on either card".
_EITHER = re.compile(
    r"\b(?:one of (?:these|those|them|the two)|either|the (?:card|gpu))"
    r"(?: of (?:them|these|those|the two))?\b"
    r"(?: (?:cards?|gpus?))?",
    re.IGNORECASE,
)

VERB = re.compile(
    r"\b(?:fits?|stays?|runs?(?! out)|handles?|loads?|works?|will do|possible|hold)\b", re.IGNORECASE
)

_BACK, UNLIKE = 320, 0.28


class Room(NamedTuple):
    """What a model is to be held in: bytes, its words, and where they stand."""

    size: float
    words: str
    start: int
    end: int


def room_in(index: int, passage: Passage, place: tuple[int, int], context: Context) -> Room | None:
    """The one room that a clause names: so many of a device, or a size."""
    text = passage.text
    here = within(context.mentions.get(index, ()), *place)
    sized = list(_SIZE.finditer(text, *place))
    if len({each.named for each in here}) > 1 or (not here and len(sized) != 1):
        return None
    if not here:
        size = float(sized[0]["n"] or sized[0]["m"] or sized[0]["k"])
        # "Two 24 GB cards hold it".
        digits = next(sized[0].start(name) for name in ("n", "m", "k") if sized[0][name])
        many = counted(text, place[0], digits)
        words = f"{many:g} x {size:g} GB are" if many > 1 else f"{size:g} GB is"
        return Room(many * size * BINARY * 1e9, f"{words} the room", *sized[0].span())
    return room_of(text, place[0], here[0], context)


def room_before(
    index: int, passage: Passage, place: tuple[int, int], cards: re.Match[str] | None, context: Context
) -> Room | None:
    """The card of the heading ("16 GB cards"), or the one just spoken of: "on the same card"."""
    text = passage.text
    named = context.mentions.get(index, ())
    if within(named, *place) or _SIZE.search(text, *place):
        return None
    same = _SAME_CARD.search(text[place[0] : place[1]])
    # What was only compared with is not the card just spoken of.
    before = owned(text, [each for each in named if each.end <= place[0]])
    same, sizes_told = same or _TOO.search(text[place[0] : place[1]]), list(_SIZE.finditer(text, 0, place[0]))
    if same and sizes_told and not before and place[0] - sizes_told[-1].end() < _BACK:
        size = float(next(filter(None, sizes_told[-1].groups())))
        return Room(size * BINARY * 1e9, f"{size:g} GB is the room", *(place[0] + at for at in same.span()))
    told = sizes_told[-1] if sizes_told and before and before[-1].end <= sizes_told[-1].start() else None
    if same and before and place[0] - (told.end() if told else before[-1].end) < _BACK:
        found = room_of(text, before[-1].start, before[-1]._replace(text=""), context)
        return found._replace(start=place[0] + same.start(), end=place[0] + same.end()) if found else None
    verb = VERB.search(text, *place)
    if cards and verb:
        size = float(cards["n"])
        return Room(size * BINARY * 1e9, f"{size:g} GB is the room", verb.start(), verb.end())
    either = _EITHER.search(text, *place)
    sizes = {key: float(context.catalogue[key].value("memory") or 0)
             for ids in (devices(context) if either else ()) for key in ids}  # fmt: skip
    if either is None or not sizes or not all(sizes.values()):
        return None
    largest = max(sizes, key=lambda key: sizes[key])
    return Room(sizes[largest], f"{largest} has {sizes[largest] / 1e9:,.4g} GB", *either.span())


def room_of(text: str, start: int, on: Mention, context: Context) -> Room | None:
    """The memory of so many of a device; None where the number is not said."""
    sizes = [float(context.catalogue[key].value("memory") or 0) for key in on.ids]
    if not sizes or not all(sizes):
        return None
    count = counted(text, start, on.start)
    times = _TIMES.search(text, max(0, on.start - _BEFORE), on.start)
    if WORKED.match(text, on.end):
        # "2.8 million H800 hours" are no room.
        return None
    if count == 1 and times:
        # "An 8x H100 server", spoken of again.
        count = float(times["n"])
    plural = text[on.end : on.end + 2] in ("s ", "s.", "s,") or on.text.endswith("s")
    if count == 1 and (plural or NODES.match(text, on.end)):
        # "On H100s", "in one MI300X server": of how many is not said.
        return None
    if count == 1 and re.search(
        r"\b(?:pair|dual|both|node|server|instances?|hgx|dgx|few|some|more|\d+-way)\b",
        text[start : on.start],
        re.I,
    ):
        return None
    total = max(sizes) * count
    many = f"{count:g} x {on.ids[0]} have" if count > 1 else f"{on.ids[0]} has"
    return Room(total, f"{many} {total / 1e9:,.4g} GB", on.start, on.end)
