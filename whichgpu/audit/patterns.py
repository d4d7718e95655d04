"""`re` for many patterns over much text: each is compiled when it is needed, and looked for where it may be.

Most patterns of claims need one of a few words ("supports", "lacks"), of which most sentences hold none.
They are read off the pattern itself (`facts/needed.py`), and a text without one of each is not searched. What
is found is the same, and looking for words takes a hundredth of what trying every alternative does.

What a pattern is compiled to, and its words, are kept from one process to the next (`keep`): both take as
long as all else of a short article. Not of patterns that hold a text's own words (`own`), which would say
what was read.
"""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache, partial
from re import DOTALL, IGNORECASE, MULTILINE, I, Match, Pattern, RegexFlag, escape
from typing import TYPE_CHECKING, Any, cast

from whichgpu.audit import alternatives, compiled
from whichgpu.facts import needed as needing
from whichgpu.facts.kept import Kept, kept
from whichgpu.facts.needed import small as _small
from whichgpu.facts.needed import words as _words
from whichgpu.values import LatePattern

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

__all__ = (
    "DOTALL", "IGNORECASE", "MANY", "MULTILINE", "I", "Many", "Match", "Pattern", "compile", "escape",
    "findall", "finditer", "fullmatch", "keep", "match", "own", "search", "split", "sub",
    "with_parts",
)  # fmt: skip

#: Texts of which it is remembered what stands in them: the passages of a megabyte and their sentences.
MANY = 8192
#: A text that is longer than any passage is not kept in small letters.
_LONG = 20_000
#: Characters of a text whose letters are gathered three by three: passages are in pieces of fewer. Of longer
#: ones, which few patterns ask for, that takes longer than to look for their words.
_PASSAGE = 5_000
small = lru_cache(maxsize=MANY)(_small)


@lru_cache(maxsize=MANY)
def _threes(text: str) -> frozenset[str]:
    """Every three letters of a text that stand side by side."""
    return frozenset(map("".join, zip(text, text[1:], text[2:], strict=False)))


@lru_cache(maxsize=1)
def _long(text: str) -> str:
    """A whole document in small letters: the last that was asked for."""
    return _small(text)


#: Stands before the words of a text in a pattern, and matches nothing: a comment.
_OWN = "(?#)"


def own(words: str) -> str:
    """A text's own words as a part of a pattern, which is not kept."""
    return _OWN + escape(words)


def _known() -> Kept:
    """What earlier processes made of patterns."""
    return kept("patterns", needing.__file__, compiled.__file__, alternatives.__file__)


def keep() -> None:
    """Keep what was made of patterns for those who come after; nothing where a user's own data have some."""
    if not os.environ.get("WHICHGPU_DATA"):
        _known().save()


class _Later(LatePattern):
    """Stands for a pattern, whose methods look for its words first."""

    def __init__(self, pattern: str, flags: int) -> None:
        super().__init__(pattern.replace(_OWN, ""), flags)
        self._is_kept = _OWN not in pattern

    def real(self) -> Pattern[str]:
        """The pattern, compiled by this process or an earlier one."""
        if self._real is None and self._is_kept:
            key = self.pattern, self.flags
            self._real = compiled.made(*key, _known().of("compiled", key, partial(compiled.code, *key)))
        return super().real()

    def __getattr__(self, name: str) -> Any:
        words: tuple[tuple[str, ...], ...] = ()
        if name in _FILTERED:
            words = _kept(self.pattern) if self._is_kept else _words(self.pattern)
        method = _where(self, name, words) if words else getattr(self.real(), name)
        setattr(self, name, method)
        return method


class Many:
    """Many sets of words, or patterns by the words that they need: which of them a text may hold.

    Of most words the first three letters are nowhere in a text: all are told at once in a fraction of the
    time that asking each takes. Words are in small letters.
    """

    def __init__(self, every: Iterable[Iterable[Collection[str]]]) -> None:
        self._sets = [[frozenset(each) for each in sets] for sets in every]
        words = {word for sets in self._sets for each in sets for word in each}
        self._short = [word for word in words if len(word) < _THREE]
        self._by_three: dict[str, list[str]] = {}
        for word in words.difference(self._short):
            self._by_three.setdefault(word[:_THREE], []).append(word)
        self._marks = frozenset(self._by_three)
        # Those that a word of their first set tells of, and those that no word does.
        self._first: dict[str, list[int]] = {}
        self._always = [at for at, sets in enumerate(self._sets) if not sets]
        for at, sets in enumerate(self._sets):
            for word in sets[0] if sets else ():
                self._first.setdefault(word, []).append(at)

    @classmethod
    def of(cls, patterns: Iterable[Pattern[str]]) -> Many:
        """Patterns that are all looked for in a text."""
        return cls(_kept(each.pattern) for each in patterns)

    def __call__(self, text: str) -> list[int]:
        """The places of those of which a text has one word of each set, in their order."""
        lower = small(text)
        held = {word for word in self._short if word in lower}
        for mark in self._marks & _threes(lower):
            held.update([word for word in self._by_three[mark] if word in lower])
        found = self._always[:]
        for at in {at for word in held for at in self._first.get(word, ())}:
            for each in self._sets[at]:
                if held.isdisjoint(each):
                    break
            else:
                found.append(at)
        return sorted(found)


_THREE = 3


def _kept(pattern: str) -> tuple[tuple[str, ...], ...]:
    """The words that a pattern needs, as an earlier process found them or this one does."""
    found: tuple[tuple[str, ...], ...] = _known().of("words", pattern, partial(_words, pattern))
    return found


#: Methods that are asked for their words first, until the pattern is compiled: then it is found, or is not,
#: as soon as its words are (`alternatives.py`).
_FILTERED = ("search", "finditer", "match", "fullmatch")


def _held(sets: Sequence[Sequence[str]], text: str) -> Sequence[Sequence[str]] | None:
    """The words of each set that a text in small letters holds; None where it holds none of one."""
    found: list[Sequence[str]] = []
    for words in sets:
        own = [word for word in words if word in text]
        if not own:
            return None
        found.append(own)
    return found


#: The words of a set by their first three letters; those that have fewer are by none.
_Marked = tuple[frozenset[str], "Mapping[str, Sequence[str]]", "Sequence[str]"]


def _marked(words: Sequence[str]) -> _Marked:
    """The words of a set by their first three letters."""
    by: dict[str, list[str]] = {}
    for word in words:
        if len(word) >= _THREE:
            by.setdefault(word[:_THREE], []).append(word)
    return frozenset(by), by, tuple(word for word in words if len(word) < _THREE)


def _held_by_marks(sets: Sequence[_Marked], text: str) -> Sequence[Sequence[str]] | None:
    """As `_held`, of a text whose letters are gathered: few words of a set begin as something in it does."""
    threes = _threes(text)
    # Which of the sets has nothing is mostly told by the letters alone.
    for marks, _, short in sets:
        if not short and marks.isdisjoint(threes):
            return None
    found: list[Sequence[str]] = []
    for marks, by, short in sets:
        own = [word for word in short if word in text]
        for mark in marks & threes:
            own += [word for word in by[mark] if word in text]
        if not own:
            return None
        found.append(own)
    return found


def _where(later: _Later, name: str, sets: tuple[tuple[str, ...], ...]) -> Callable[..., Any]:
    """A method of a pattern that looks only where one of the words of each set is."""
    nothing: tuple[Match[str], ...] = ()
    marked = [_marked(words) for words in sets]
    # A text is asked for piece by piece: it, in small letters, and the words of each set that it holds. They
    # are one value, which is read and replaced at once: another thread may ask for another text meanwhile.
    last: tuple[str, str, Sequence[Sequence[str]] | None] = "", "", None

    def search(text: str, start: int = 0, end: int = sys.maxsize) -> Any:
        nonlocal last
        if len(text) <= _LONG:
            asked, lower, held = last
            if text is not asked:
                lower = small(text)
                held = _held_by_marks(marked, lower) if len(text) <= _PASSAGE else _held(sets, lower)
                last = text, lower, held
            if held is None:
                return iter(nothing) if name == "finditer" else None
            for words in held:
                for word in words:
                    if lower.find(word, start, end) >= 0:
                        break
                else:
                    return iter(nothing) if name == "finditer" else None
        elif name == "search" and not start and _held(sets, _long(text)) is None:
            return None
        method = getattr(later.real(), name)
        setattr(later, name, method)
        return method(text, start, end)

    return search


@lru_cache(maxsize=4096)
def compile(pattern: str, flags: int | RegexFlag = 0) -> Pattern[str]:
    """The pattern, to be compiled when it is needed."""
    return cast("Pattern[str]", _Later(pattern, int(flags)))


#: A part of a pattern by its name; "(?P<name>" names a group.
_PART = re.compile(r"(?<!\?P)<(\w+)>")


def with_parts(find: str, parts: Mapping[str, str]) -> str:
    """A pattern with the parts that it names as `<name>` written out; parts may hold parts."""
    whole = _PART.sub(lambda part: f"(?:{parts[part[1]]})", find)
    return whole if whole == find else with_parts(whole, parts)


def search(pattern: str, text: str, flags: int | RegexFlag = 0) -> Match[str] | None:
    """As that of `re`."""
    return compile(pattern, flags).search(text)


def match(pattern: str, text: str, flags: int | RegexFlag = 0) -> Match[str] | None:
    """As that of `re`."""
    return compile(pattern, flags).match(text)


def fullmatch(pattern: str, text: str, flags: int | RegexFlag = 0) -> Match[str] | None:
    """As that of `re`."""
    return compile(pattern, flags).fullmatch(text)


def finditer(pattern: str, text: str, flags: int | RegexFlag = 0) -> Iterator[Match[str]]:
    """As that of `re`."""
    return compile(pattern, flags).finditer(text)


def findall(pattern: str, text: str, flags: int | RegexFlag = 0) -> list[Any]:
    """As that of `re`."""
    return compile(pattern, flags).findall(text)


def sub(
    pattern: str, repl: str | Callable[[Match[str]], str], text: str, count: int = 0,
    flags: int | RegexFlag = 0,
) -> str:  # fmt: skip
    """As that of `re`."""
    return compile(pattern, flags).sub(repl, text, count)


def split(pattern: str, text: str, maxsplit: int = 0, flags: int | RegexFlag = 0) -> list[str | Any]:
    """As that of `re`."""
    return compile(pattern, flags).split(text, maxsplit)
