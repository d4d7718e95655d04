"""Patterns of many alternatives, rewritten so that `re` asks at each place of a text for a letter first.

`re` tries the alternatives of "(?:total|together|per)" one after the other at every place, and calls all of
its matcher for each where case is ignored. Here those that begin alike are one, "t(?:otal|ogether)", whose
letter is asked before any is tried, and a search goes only where a letter is that a match may begin with.

What matches is the same, and by which alternative: they change places only with such as begin otherwise, of
which no two match at one place.
"""

from __future__ import annotations

from functools import lru_cache, partial
from importlib import import_module
from re import ASCII, IGNORECASE, LOCALE
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    #: The letters that a part of a pattern may begin with, and whether it may match nothing.
    _Begins = tuple[frozenset[int], bool]

#: Letters are their numbers; one number stands for all beyond ASCII.
_BEYOND = 128
_ALL = frozenset(range(_BEYOND + 1))
#: With so many letters to begin with, nothing is told apart by them.
_MANY = 80
#: Items of a pattern that stand for no letter.
_WIDTHLESS = ("AT", "ASSERT", "ASSERT_NOT")
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
#: Letters beyond ASCII that match one of it where case is ignored: i with a dot and without one, the sign of
#: Kelvin, a long s.
_ODD = {0x130: "i", 0x131: "i", 0x212A: "k", 0x17F: "s"}
#: Letters of ASCII by what "\\d", "\\s" and "\\w" are called.
_CLASSES = {
    name: frozenset(at for at in range(_BEYOND) if belongs(chr(at)))
    for name, belongs in (("DIGIT", str.isdigit), ("SPACE", str.isspace), ("WORD", str.isalnum))
}
_CLASSES["WORD"] |= {ord("_")}
#: Of the code of a pattern, where it says how long the part is that tells a search what to look for in its
#: text, and what that is: nothing, where it is 0.
_SKIP, _MARKS = 1, 2


def code(parsed: Any, flags: int) -> list[int]:
    """What `re` compiles a parsed pattern to, its alternatives told apart."""
    compiler = import_module("re._compiler")
    whole = int(flags | parsed.state.flags)
    if whole & (ASCII | LOCALE):
        plain: list[int] = compiler._code(parsed, flags)
        return plain
    told = _Told(parsed.state)
    told.rewrite(parsed, whole)
    found: list[int] = compiler._code(parsed, flags)
    letters, empty = told.begins(parsed, whole)
    if empty or found[_MARKS] or len(letters) > _MANY:
        return found
    # `re` itself finds nothing to look for behind "\\b", nor where case is ignored.
    first = told.made([told.class_of(letters)])
    first.width = parsed.getwidth()
    search: list[int] = []
    compiler._compile_info(search, first, whole & ~IGNORECASE)
    return search + found[1 + found[_SKIP] :]


class _Told:
    """Tells the alternatives of one pattern apart, in the trees that `re` parses it to."""

    def __init__(self, state: Any) -> None:
        self._ops = import_module("re._constants")
        self.made = partial(import_module("re._parser").SubPattern, state)

    def rewrite(self, tree: Any, flags: int) -> None:
        """Tell the alternatives of a tree and of all in it apart."""
        items: list[Any] = []
        for op, value in tree.data:
            for inner, own in _inside(op, value, flags):
                self.rewrite(inner, own)
            items += self._apart(value[1], flags) if op.name == "BRANCH" else [(op, value)]
        tree.data, tree.width = items, None

    def begins(self, tree: Any, flags: int) -> _Begins:
        """What a tree begins with: each item may be the first as long as all before it may be nothing."""
        found: frozenset[int] = frozenset()
        for op, value in tree.data:
            letters, empty = self._begins(op, value, flags)
            found |= letters
            if not empty:
                return found, False
        return found, True

    def _begins(self, op: Any, value: Any, flags: int) -> _Begins:
        if op.name == "LITERAL":
            return _cased(value, flags), False
        if op.name == "IN":
            return _of_class(value, flags), False
        if op.name in _WIDTHLESS:
            return frozenset(), True
        inside = [self.begins(inner, own) for inner, own in _inside(op, value, flags)]
        if not inside:
            # What is of no other sort may be anything.
            return _ALL, True
        maybe = op.name in _REPEATS and value[0] == 0
        return _all_of(letters for letters, _ in inside), maybe or any(empty for _, empty in inside)

    def class_of(self, letters: frozenset[int]) -> Any:
        """What matches one of some letters; `re` has a short form of what is of ASCII alone."""
        if _BEYOND in letters:
            others = ((self._ops.LITERAL, letter) for letter in sorted(_ALL - letters))
            return self._ops.IN, [(self._ops.NEGATE, None), *others]
        return self._ops.IN, [(self._ops.LITERAL, letter) for letter in sorted(letters)]

    def _sure(self, item: Any) -> Any:
        """An item that holds whether case is ignored or not, as `re` asks for one before it tries more."""
        return self._ops.SUBPATTERN, (None, 0, int(IGNORECASE), self.made([item]))

    def _apart(self, alternatives: Sequence[Any], flags: int) -> list[Any]:
        """The items that take the place of alternatives."""
        found: list[Any] = []
        run: list[tuple[frozenset[int], Any]] = []
        for each in alternatives:
            letters, empty = self.begins(each, flags)
            if not empty and len(letters) <= _MANY:
                run.append((letters, each))
                continue
            # Nothing changes places with what may begin with anything.
            found += [*self._grouped(run, flags), each]
            run = []
        found += self._grouped(run, flags)
        return list(found[0].data) if len(found) == 1 else [(self._ops.BRANCH, (None, found))]

    def _grouped(self, run: Sequence[tuple[frozenset[int], Any]], flags: int) -> list[Any]:
        """Alternatives of which some may begin alike as fewer that do not."""
        groups: list[tuple[frozenset[int], list[int]]] = []
        for at, (letters, _) in enumerate(run):
            alike = [group for group in groups if group[0] & letters]
            groups = [group for group in groups if not group[0] & letters]
            places = sorted([at, *(place for _, own in alike for place in own)])
            groups.append((_all_of([letters, *(own for own, _ in alike)]), places))
        return [self._as_one(own, [run[at][1] for at in places], flags) for own, places in groups]

    def _as_one(self, letters: frozenset[int], group: Sequence[Any], flags: int) -> Any:
        """Alternatives that may begin alike as one that begins with one of these letters."""
        heads = {_alike(op.name, value, flags) for op, value in (each.data[0] for each in group)}
        if len(heads) == 1 and "" not in heads:
            rest = [self.made(each.data[1:]) for each in group]
            own = rest[0].data if len(rest) == 1 else self._apart(rest, flags)
            sure = flags & IGNORECASE and len(letters) > 1 and _BEYOND not in letters
            return self.made([self._sure(self.class_of(letters)) if sure else group[0].data[0], *own])
        if len(group) == 1:
            return group[0]
        ahead = self._ops.ASSERT, (1, self.made([self._sure(self.class_of(letters))]))
        return self.made([ahead, (self._ops.BRANCH, (None, list(group)))])


def _alike(kind: str, value: Any, flags: int) -> str:
    """The letter of an item, which others may begin with; empty of what is none."""
    if kind != "LITERAL":
        return ""
    return chr(value).lower() if flags & IGNORECASE else chr(value)


def _inside(op: Any, value: Any, flags: int) -> list[tuple[Any, int]]:
    """The trees in an item of another, each with the flags that hold in it."""
    if op.name == "BRANCH":
        return [(each, flags) for each in value[1]]
    if op.name == "SUBPATTERN":
        return [(value[3], (flags | value[1]) & ~value[2])]
    if op.name in _REPEATS:
        return [(value[2], flags)]
    return [(value[1], flags)] if op.name in ("ASSERT", "ASSERT_NOT") else []


def _all_of(every: Iterable[frozenset[int]]) -> frozenset[int]:
    return frozenset().union(*every)


def _of_class(items: Sequence[tuple[Any, Any]], flags: int) -> frozenset[int]:
    """The letters of "[..]"."""
    found = _all_of(_of_item(kind.name, value, flags) for kind, value in items)
    return (_ALL - found) | {_BEYOND} if items[0][0].name == "NEGATE" else found


def _of_item(kind: str, value: Any, flags: int) -> frozenset[int]:
    if kind == "LITERAL":
        return _cased(value, flags)
    if kind == "RANGE":
        first, last = value
        # Beyond ASCII one stands for all but the odd ones.
        some = [*range(first, min(last, _BEYOND) + 1), last, *(odd for odd in _ODD if first <= odd <= last)]
        return _all_of(_cased(letter, flags) for letter in some)
    if kind == "CATEGORY":
        name = value.name.removeprefix("CATEGORY_")
        found = _CLASSES[name.removeprefix("NOT_")]
        return (_ALL - found if name.startswith("NOT_") else found) | {_BEYOND}
    return frozenset()


@lru_cache(maxsize=1024)
def _cased(number: int, flags: int) -> frozenset[int]:
    """All letters that match one under some flags."""
    if not flags & IGNORECASE:
        return frozenset((min(number, _BEYOND),))
    small = _ODD.get(number) or chr(number).lower()
    found = frozenset(min(ord(letter), _BEYOND) for letter in (*small, *small.upper(), chr(number)))
    return found | {_BEYOND} if small in _ODD.values() else found
