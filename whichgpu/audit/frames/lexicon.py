"""The meanings that the words of a clause have: "footage" is a dataset, "squeezes into" is to fit.

A word is looked up by its stem, so that all its forms are found; of several phrases the longest is meant.
Words are looked up, and no pattern is searched for: it takes as long whatever the lexicon knows.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.patterns import MANY
from whichgpu.audit.text.models import models
from whichgpu.facts import store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_WORD = re.compile(r"n[\u2019']t\b|[A-Za-z]+?(?=n[\u2019']t\b)|[A-Za-z0-9]+")
_SIZE = re.compile(r"\b\d[\d.,]*[ -]?(?:GB|TB|gigs?|gigabytes?|terabytes?)\b(?!/s)", re.IGNORECASE)
_RATE = re.compile(r"\b\d[\d.,]*[ -]?[GT]B/s\b", re.IGNORECASE)
#: Shorter than this a word has no ending.
_SHORT, _LEAST = 3, 3
_VOWELS = frozenset("aeiouy")


class Tag(NamedTuple):
    """A meaning of a stretch of a text: its place, and the numbers of its first word and its last."""

    meaning: str
    start: int
    end: int
    first: int
    last: int


#: Words whose stems are other words: "note" is no "not".
_WHOLE = frozenset({"note", "notes", "noted"})


@lru_cache(maxsize=MANY)
def stem(word: str) -> str:
    """A word without its ending: "squeezes", "squeezed" and "squeezing" are one."""
    word = word.lower().replace("\u2019", "'")
    if word in _WHOLE:
        return word
    for ending, instead in (("ies", "y"), ("ied", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"),
                            ("xes", "x"), ("ing", ""), ("ed", ""), ("s", "")):  # fmt: skip
        if len(word) > _SHORT and word.endswith(ending):
            # "Exceed" has no ending, "bus" neither.
            if word.endswith({"s": ("ss", "us", "is"), "ed": ("eed",)}.get(ending, ("\0",))):
                break
            cut = word[: -len(ending)] + instead
            # "LLMs" is a plural, and "ing" by itself no ending.
            if len(cut) >= _LEAST and (ending == "s" or _VOWELS & {*cut}):
                word = cut
                break
    if len(word) > _SHORT and word[-1] == word[-2]:
        word = word[:-1]
    return word.removesuffix("e") if len(word) > _SHORT else word


@cache
def _phrases() -> Mapping[str, Sequence[tuple[tuple[str, ...], tuple[str, ...]]]]:
    """Phrases by their first word, the longest first, each with all that it means."""
    meanings: dict[tuple[str, ...], tuple[str, ...]] = {}
    for meaning, row in store.load("frames")["frames"]["meaning"].items():
        for phrase in row.split("|"):
            key = tuple(stem(each) for each in phrase.split())
            if meaning not in meanings.get(key, ()):
                meanings[key] = (*meanings.get(key, ()), meaning)
    found: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for key in sorted(meanings, key=len, reverse=True):
        found.setdefault(key[0], []).append((key, meanings[key]))
    return found


@cache
def things() -> frozenset[str]:
    """Meanings of things, in whose names no other meaning is told: "memory bandwidth" is no memory."""
    return frozenset(store.load("frames")["frames"]["things"])


def meant(text: str, start: int, end: int, meaning: str) -> tuple[int, int] | None:
    """Where a stretch of a text first has a meaning, if it does."""
    words = _words(text, start, end)
    return next(((each.start, each.end) for each in _tags(words, ()) if each.meaning == meaning), None)


def _words(text: str, start: int, end: int) -> list[tuple[int, int, str]]:
    """The words of a stretch of a text, each with its place and its stem."""
    return [(each.start(), each.end(), stem(each[0])) for each in _WORD.finditer(text, start, end)]


# The same sentences are asked for laws, and for what a device is said to have.
@lru_cache(maxsize=MANY)
def tagged(text: str, start: int, end: int, devices: tuple[tuple[int, int], ...]) -> tuple[Tag, ...]:
    """The meanings of a stretch of a text in their order; `devices` are the places of names of them."""
    taken = sorted(_names(text, start, end, devices))
    return tuple(_tags(_words(text, start, end), taken))


def _names(
    text: str, start: int, end: int, devices: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, str]]:
    """What is no word: names of devices and models, and sizes of memory."""
    yield from ((at, stop, "device") for at, stop in devices if start <= at < end)
    part = text[start:end]
    if any(map(str.isdigit, part)):
        yield from ((start + one.start, start + one.end, "model") for one in models(part))
        yield from ((one.start(), one.end(), "size") for one in _SIZE.finditer(text, start, end))
        yield from ((one.start(), one.end(), "bandwidth") for one in _RATE.finditer(text, start, end))


def _tags(words: Sequence[tuple[int, int, str]], taken: Sequence[tuple[int, int, str]]) -> Iterator[Tag]:
    known, names = _phrases(), things()
    stems = tuple([stem for _, _, stem in words])
    at, name = 0, 0
    while at < len(words):
        start, _, word = words[at]
        while name < len(taken) and taken[name][1] <= start:
            name += 1
        if name < len(taken) and taken[name][0] <= start:
            last = at
            while last + 1 < len(words) and words[last + 1][0] < taken[name][1]:
                last += 1
            yield Tag(taken[name][2], taken[name][0], taken[name][1], at, last)
            at = last + 1
            continue
        inside = at
        for key, meanings in known.get(word, ()):
            last = at + len(key) - 1
            if stems[at : last + 1] == key:
                yield from (Tag(each, start, words[last][1], at, last) for each in meanings)
                if not names.isdisjoint(meanings):
                    inside = last
                    break
        at = inside + 1
