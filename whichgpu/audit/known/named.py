"""Which things of a series a sentence names: by device, or by a word that only one of their names has."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.rented import rented
from whichgpu.audit.text.sentences import within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.known.store import Amount, Series
    from whichgpu.audit.text.sentences import Sentence

_TOKEN = re.compile(r"[A-Za-z]*\d+(?:\.\d+)?[A-Za-z]*|[A-Za-z]+")


class Named(NamedTuple):
    """A thing that a sentence names: where, and of a series which amount."""

    start: int
    end: int
    amount: Amount


@lru_cache(maxsize=re.MANY)
def tokens(name: str) -> frozenset[str]:
    """The words of a name that tell it from others."""
    return frozenset(word.lower() for word in _TOKEN.findall(name))


#: Words that tell nothing, though they stand in one name only.
_PLAIN = frozenset({
    "gb", "the", "a", "an", "of", "and", "with", "on", "at", "for", "in", "friend", "same", "yes", "he",
    "has", "problem", "used", "new", "core", "cores", "gpu", "gpus", "card", "each", "total", "up", "to",
    "work", "pcie", "sxm", "x", "spot", "on-demand", "large", "small", "xlarge", "24xlarge", "48xlarge",
    "best", "quality", "system", "systems", "tokens", "images", "requests", "flight", "users", "batch",
    "model", "precision", "fp16", "fp8", "bf16", "int8", "1", "2", "3", "4", "5", "6", "7", "8", "10", "12",
    "16", "24", "32", "40", "48", "64", "80", "96", "128", "141", "192"
})  # fmt: skip


def _spelled(name: str, text: str, sentence: Sentence) -> Iterator[tuple[int, int]]:
    """Every place at which a sentence has a name as it stands."""
    lower, at = text.lower(), text.lower().find(name, sentence.start)
    while 0 <= at < sentence.end:
        end = at + len(name)
        if not re.search(r"[\w.-]$", lower[:at]) and not re.match(r"[\w-]|\.\w", lower[end:]):
            yield at, end
        at = lower.find(name, end)


class _Own(NamedTuple):
    """The words of each of some names that no other of them has, and that tell something."""

    each: tuple[frozenset[str], ...]
    #: Those of all of them.
    words: frozenset[str]
    #: Whether one has no such word and is told by its whole name.
    alike: bool


@lru_cache(maxsize=1024)
def _own(names: tuple[str, ...]) -> _Own:
    every = [tokens(name) for name in names]
    count = Counter(word for words in every for word in words)
    alone = [frozenset(word for word in words if count[word] == 1) for words in every]
    own = tuple(
        # A plan that is called "Large" goes by a word that tells nothing elsewhere.
        words
        if len(tokens(name)) == 1 and name.isalpha()
        else frozenset(word for word in words - _PLAIN if len(word) > 1)
        for name, words in zip(names, alone, strict=True)
    )
    alike = any(not words and "." in name for name, words in zip(names, own, strict=True))
    return _Own(own, frozenset().union(*own), alike)


def named(index: int, passage: Passage, sentence: Sentence, series: Series, context: Context) -> list[Named]:
    """The things of a series that a sentence names, by device or by a word that only one of them has."""
    found: list[Named] = []
    spoken = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    for each in spoken:
        meant = [one for one in series.amounts if not one.ids.isdisjoint(each.ids)]
        if len(meant) == 1:
            found.append(Named(each.start, each.end, meant[0]))
    said = _said(passage.text, sentence)
    owned = _own(tuple([each.name for each in series.amounts]))
    if not (owned.alike or not owned.words.isdisjoint(said)):
        return _each_once(found)
    for one, own in zip(series.amounts, owned.each, strict=True):
        # "g5.xlarge" has no word that "g5.12xlarge" and "g6.xlarge" have not.
        alike = not own and "." in one.name
        if not (alike or own & said.keys()) or (one.ids and not rented(one.name)):
            continue
        if alike:
            found += [Named(*place, one) for place in _spelled(one.name, passage.text, sentence)]
        found += [Named(*match.span(), one) for word in own & said.keys() for match in said[word]]
    return _each_once(found)


def _each_once(found: list[Named]) -> list[Named]:
    """The first of each thing, in order."""
    found.sort(key=lambda each: each.start)
    return [each for at, each in enumerate(found) if not any(one.amount == each.amount for one in found[:at])]


@lru_cache(maxsize=64)
def _said(text: str, sentence: Sentence) -> Mapping[str, Sequence[re.Match[str]]]:
    """The words of a sentence that may be of a name, in small letters, with their places."""
    said: dict[str, list[re.Match[str]]] = {}
    for match in _TOKEN.finditer(text, sentence.start, sentence.end):
        if any(map(str.isdigit, match[0])) or match[0][0].isupper():
            said.setdefault(match[0].lower(), []).append(match)
    return said
