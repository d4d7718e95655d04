"""What is probably meant by words that are no name: the subject or use that they point at.

Each word counts for the subjects and uses that have its stem, shared out among them: most where it is one of
their names or `data/words.toml` says that it points there, little where it is but part of a name:

    worth of a word for one = own^2 / sum of own over all that have it

A name of several words, or a program's, counts for more.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

from whichgpu.facts import store
from whichgpu.planner.programs import program, spelled
from whichgpu.planner.use import AROUND, names, spellings
from whichgpu.values import NamedTuple
from whichgpu.workloads import subjects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: What a word is worth: as part of a name, as one of the table or a name, and each of a name of several.
_PART, _WORD, _NAME = 0.5, 2.0, 3.0
#: The least that is a hint, and what share of the best makes a second one.
_LEAST, _NEAR = 0.6, 0.6
#: Endings that do not change what a word is about; one of a plural before them.
_PLURAL = re.compile(r"(?<=[a-z]{3})(?<![isu])s$")
_ENDING = re.compile(
    r"(?<=[a-z]{3})(if(y|ying|ied?|ier?|ication)|i[sz](e[dr]?|ing|ation)|at(ed?|ing|ion|or)|ition|ion|ing|ment|"
    r"e[rd]|or|ied?|e|y)$"
)
#: A consonant that was doubled before an ending: `spotting`.
_DOUBLED = re.compile(r"([bdglmnprt])\1$")


class Likely(NamedTuple):
    """A subject or use (`id`), and the words of a request that point at it."""

    id: str
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """What to do where it is meant: the models to name, or the use to ask for."""
        because = f"by {' and '.join(map(repr, self.words))}"
        if self.id in names():
            return f"{because}, is it the use {self.id}? whichgpu recommend {self.id}"
        return f"{because}, is it {self.id.replace('-', ' ')}? {subjects.instead(self.id)}"


def likely(name: str) -> tuple[Likely, ...]:
    """The subjects or uses that words point at, the likeliest first, at most two; none where nothing does."""
    words = [word for word in spelled(name).split("-") if word not in AROUND]
    score: dict[str, float] = defaultdict(float)
    said: dict[str, dict[str, None]] = defaultdict(dict)
    for part, one, worth in _evidence(words):
        score[one] += worth
        said[one][part] = None
    ranked = sorted(score, key=lambda one: (-score[one], one))
    kept = (one for one in ranked if score[one] >= max(_LEAST, _NEAR * score[ranked[0]]))
    return tuple(Likely(one, tuple(said[one])) for one, _ in zip(kept, range(2), strict=False))


def _evidence(words: list[str]) -> Iterator[tuple[str, str, float]]:
    """Each part of a request that points at something, at what, and what that is worth."""
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            part = words[start:end]
            text = "-".join(part)
            named = program(text, frozenset())
            whole = {named.use} if named else _named().get(_key(part), set())
            worth: Mapping[str, float] = dict.fromkeys(whole, _NAME * len(part))
            if not worth or (len(part) == 1 and not named):
                worth = _worth().get(stem("".join(part)), {})  # `air flow` is `airflow`
            for one, each in worth.items():
                yield text.replace("-", " "), one, each


@cache
def _named() -> Mapping[tuple[str, ...], set[str]]:
    """By the key of a name in full: the subjects and uses that have it."""
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for one, said in _every().items():
        for name in said:
            found[_key(spelled(name).split("-"))].add(one)
    return found


def _key(words: Sequence[str]) -> tuple[str, ...]:
    """The stems of a name in any order: `protein simulation` is `simulating proteins`."""
    return tuple(sorted(map(stem, words)))


@cache
def _worth() -> Mapping[str, Mapping[str, float]]:
    """By stem: what a word is worth for each subject and use."""
    worth: dict[str, dict[str, float]] = defaultdict(dict)
    for one, said in _every().items():
        for word in {word for name in said for word in spelled(name).split("-")} - AROUND:
            worth[stem(word)][one] = _PART
    pointing = store.load("words")["words"]["words"]
    for one, said in _every().items():
        for word in (*(spelled(name) for name in said), *pointing.get(one, ())):
            if "-" not in word and word not in AROUND:
                worth[stem(word)][one] = _WORD
    return {
        word: {one: each**2 / sum(ones.values()) for one, each in ones.items()}
        for word, ones in worth.items()
    }


def _every() -> Mapping[str, set[str]]:
    """Every name of each subject and use."""
    return {**subjects.spellings(), **spellings()}


def stem(word: str) -> str:
    """What a word has in common with others of the same root: `detecting` and `detectors` are `detect`."""
    for _ in range(2):  # `monitoring`, `monitor`; a third would make `conversation` a `conveyor`
        word = _DOUBLED.sub(r"\1", _ENDING.sub("", _PLURAL.sub("", word)))
    return word
