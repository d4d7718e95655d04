"""Labels of rows and columns in any language, word by word: "Ancho del bus" is a width and a bus.

A label names an attribute where every word of it is known (`data/labels.toml`) and the concepts that these
stand for, in whatever order, are those of the attribute.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.patterns import MANY
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The mark of a note behind a word: "Clock speeds[c]", "TDP[4]".
NOTED = re.compile(r"\[\^?(?:[a-z]|\d{1,3})\]|[\u00b9\u00b2\u00b3\u2074\u2075\u2020\u2021](?<!m\u00b2)")
#: Labels are no longer, and words of fewer letters than the second are never parts of compounds.
_LONGEST, _PART = 70, 3


@lru_cache(maxsize=MANY)
def composed(label: str) -> str:
    """The key of the attribute that the words of a label name; empty where one word is not known."""
    text = label.lower()
    if len(text) > _LONGEST:
        return ""
    readings = _read(text, 0, "") or _read(text.replace("-", " "), 0, "")
    named = {_attributes()[each] for each in readings if each in _attributes()}
    return named.pop() if len(named) == 1 else ""


@cache
def _words() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Words with their concepts (none of those that add nothing) by first letter, the longest first."""
    rows = store.load("labels")["labels"]
    every = [(word, "") for word in rows["plain"]["words"]]
    every += [(word, concept) for concept, words in rows["word"].items() for word in words]
    found: dict[str, list[tuple[str, str]]] = {}
    for word, concept in sorted(every, key=lambda each: (-len(each[0]), not each[1])):
        found.setdefault(word[0], []).append((word, concept))
    return {first: tuple(words) for first, words in found.items()}


@cache
def _attributes() -> Mapping[frozenset[str], str]:
    """The attribute of each set of concepts that names one."""
    rows = store.load("labels")["labels"]["label"]
    return {frozenset(each.split()): key for key, sets in rows.items() for each in sets}


@lru_cache(maxsize=MANY)
def _read(text: str, at: int, before: str) -> frozenset[frozenset[str]]:
    """The concepts of a text from a place on, behind a word or none, in every way to know all of it."""
    if at == len(text):
        return frozenset({frozenset()})
    found = set()
    for word, concept in _words().get(text[at], ()):
        if text.startswith(word, at) and _is_apart(before, word):
            found |= {each | {concept} - {""} for each in _read(text, at + len(word), word)}
    if not text[at].isalnum():
        found |= _read(text, at + 1, "")
    return frozenset(found)


def _is_apart(before: str, word: str) -> bool:
    """Whether a word may stand where another ends: in a compound, or in a script without blanks."""
    parted = not before or not _parts_words(before[-1]) or not _parts_words(word[0])
    return parted or min(len(before), len(word)) >= _PART


def _parts_words(letter: str) -> bool:
    """Whether a letter is of a script that has blanks between its words."""
    return letter.isalnum() and letter < "\u3040"
