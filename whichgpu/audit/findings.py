"""What an audit finds: a claim, where it stands, the verdict, and the fact, arithmetic or bound behind it."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from whichgpu.audit import patterns as re
from whichgpu.audit.text.spelled import WORDS
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Document, Passage
    from whichgpu.hardware.catalogue import Catalogue

#: Verdicts, the accusations last. Anything that no evidence settles is unverifiable.
VERDICTS = ("confirmed", "unverifiable", "outdated", "inconsistent", "contradicted")
ACCUSATIONS = frozenset(VERDICTS[2:])
#: Kinds of claims; where two findings cover the same words, that of the earlier kind stands.
KINDS = (
    "specification", "price", "ratio", "ordering", "arithmetic", "benchmark", "memory", "capability",
    "identity", "rule", "absolute", "category",
)  # fmt: skip


class Evidence(NamedTuple):
    """What a verdict rests on: a fact with its source, an arithmetic, a bound of physics, another place."""

    text: str
    source: str = ""
    url: str = ""


class Finding(NamedTuple):
    """A claim and its verdict. `start` and `end` are characters of the file."""

    start: int
    end: int
    quote: str
    kind: str
    #: Ids of the devices, or the name of what else is spoken of.
    subject: str
    attribute: str
    stated: str
    verdict: str
    #: What would be right, as it would be written there; empty where that is not known.
    expected: str
    #: The reason in a sentence.
    because: str
    evidence: tuple[Evidence, ...] = ()
    #: For which subject or under which qualifier the claim would be true; empty where for none.
    true_for: str = ""

    @property
    def accuses(self) -> bool:
        """Whether the verdict says that the claim is wrong."""
        return self.verdict in ACCUSATIONS

    def to_dict(self) -> dict[str, Any]:
        """A JSON object in the contract's shape."""
        source = "; ".join(dict.fromkeys(each.source for each in self.evidence if each.source))
        return {**self._asdict(), "evidence": [each._asdict() for each in self.evidence], "source": source}


def made(
    context: Context, passage: Passage, place: tuple[int, int], kind: str, verdict: str, **rest: Any
) -> Finding:
    """The finding on a stretch of a passage's text; `rest` are the other fields of `Finding`."""
    original = context.document.original
    start, end = passage.span(*place)
    start = _first(start, original)
    if passage.kind == "cell" and "\n" in original[start:end]:
        # A cell that goes on in the next line: other cells stand between its parts.
        later = next((at for at, _ in passage.runs if place[0] < at < place[1]), place[1])
        end = passage.span(place[0], place[0] + len(passage.text[place[0] : later].rstrip()))[1]
    told = {"subject": "", "attribute": "", "expected": "", "because": ""} | rest
    told.setdefault("stated", passage.text[slice(*place)])
    return Finding(start, end, original[start:end], kind, verdict=verdict, **told)


#: Words before a place, with what parts them, and the rest of a word that is read from within.
_LED, _REST = re.compile(r"(?:[A-Za-z]+[ -]+)*[A-Za-z]*$"), re.compile(r"[A-Za-z]*")


def _first(start: int, original: str) -> int:
    """Where the words begin that are read at a place: of a number in words the figures stand at their end."""
    if not original[max(0, start - 1) : start + 1].isalpha() or start == 0:
        return start
    led = _LED.search(original, max(0, start - _LONGEST), start)
    rest = _REST.match(original, start)
    if led is None or rest is None:
        return start
    words = re.split(r"[ -]+", led[0] + rest[0])
    number = list(takewhile(lambda word: word.lower() in WORDS, reversed(words)))
    begin = rest.end()
    for word in number:
        begin = original.rindex(word, 0, begin)
    return min(begin, start)


#: Characters of the longest number in words.
_LONGEST = 80


def withheld(found: Finding, why: str) -> Finding:
    """A finding that accuses nobody, since what it rests on is not certain."""
    return found._replace(verdict="unverifiable", expected="", because=why, true_for="")


class Context(NamedTuple):
    """What every kind of claim is looked for with."""

    document: Document
    catalogue: Catalogue
    #: The mentions of each passage by its place among the document's.
    mentions: Mapping[int, Sequence[Mention]]
    #: What the document writes before a fraction.
    fraction: str
    today: date
    #: Ids of every device that the document names.
    spoken_of: frozenset[str]
    #: What was worked out for the whole document, by its name.
    memo: dict[str, Any]

    def place(self, passage: Passage) -> int:
        """The place of a passage among the document's; -1 of one that is only a part of it."""
        return self._places().get(id(passage), -1)

    def place_of_text(self, text: str) -> int:
        """The place of the passage whose very text it is; -1 where there is none."""
        return self._places().get(id(text), -1)

    def _places(self) -> Mapping[int, int]:
        known: dict[int, int] | None = self.memo.get("places")
        if known is None:
            known = self.memo["places"] = {}
            for index, passage in enumerate(self.document.passages):
                known.setdefault(id(passage), index)
                known.setdefault(id(passage.text), index)
        return known
