"""A passage with its numbers, gone through one by one: those before each, and which were found wrong."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from whichgpu.audit.reckoned.units import corrected
from whichgpu.audit.reckoned.words import FROM, ON
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.audit.reckoned.derive import Made
    from whichgpu.audit.reckoned.units import Figure
    from whichgpu.audit.relations import Effort
    from whichgpu.audit.sentences import Sentence

#: Numbers right behind one that it may be made of, and the last ones that are gone through for one.
_BEHIND, _KNOWN = 4, 48
#: Letters behind a number in which a device is named that it is of.
_ON = 24


def _end(one: Sentence) -> int:
    return one.end


def _place(one: tuple[int, frozenset[str]]) -> int:
    return one[0]


def _from(one: Figure) -> int:
    return one.start


class Told:
    """What a document told before a passage: its last numbers, and the value and kind of all so far."""

    def __init__(self, effort: Effort) -> None:
        self.earlier: list[Figure] = []
        self.seen: set[tuple[float, str]] = set()
        #: Shares that it told.
        self.shares: set[float] = set()
        #: Products that may still be tried.
        self.effort = effort


class Around:
    """A passage with its numbers, gone through one by one, and those before it."""

    def __init__(
        self, text: str, every: Sequence[Figure], told: Told, wrong: Mapping[Figure, float],
        named: Sequence[tuple[int, frozenset[str]]] = (),
    ) -> None:  # fmt: skip
        self.text, self.every, self.told, self.wrong = text, every, told, wrong
        #: Where a device is named, and the ids that it may mean.
        self.named = named
        self._devices: dict[int, frozenset[str]] = {}
        #: The numbers so far, with what each wrong one should be behind it.
        self.known: list[Figure] = []
        #: What a result was made of.
        self.spent: set[Figure] = set()
        #: What is known to be wrong.
        self.bad: set[Figure] = set()
        #: What follows from others, and from which.
        self.results: set[Figure] = set()
        self.made: dict[Figure, tuple[Figure, ...]] = {}

    def sentence(self, at: int) -> Sentence:
        """The sentence that a place is in."""
        every = sentences(self.text)
        return every[min(bisect_right(every, at, key=_end), len(every) - 1)]

    def back(self, at: int, many: int) -> int:
        """Where the sentence so many before that of a place begins."""
        every = sentences(self.text)
        index = min(bisect_right(every, at, key=_end), len(every) - 1)
        return every[max(index - many, 0)].start

    def devices(self, one: Figure) -> frozenset[str]:
        """The devices that the name right behind a number may mean, or the last before in its sentence."""
        if one.start < 0:
            return frozenset()
        if one.start not in self._devices:
            self._devices[one.start] = self._named_at(one)
        return self._devices[one.start]

    def _named_at(self, one: Figure) -> frozenset[str]:
        start, end = self.sentence(one.start).start, one.end + _ON
        first = bisect_left(self.named, start, key=_place)
        near = self.named[first : bisect_left(self.named, end, first, key=_place)]
        behind = [ids for at, ids in near if at >= one.start and self._is_on(one, at)]
        before = [ids for at, ids in near if at < one.end]
        return behind[0] if behind else before[-1] if before else frozenset()

    def _is_on(self, one: Figure, at: int) -> bool:
        """Whether a number is of the device named at a place behind it."""
        return ON.fullmatch(self.text, one.end, max(at, one.end)) is not None

    def mixes(self, told: Figure, used: Sequence[Figure]) -> bool:
        """Whether some numbers are of other devices than one."""
        own = self.devices(told)
        others = [self.devices(each) for each in used if each.powers and not each.kind]
        own = own or next((each for each in others if each), own)
        return any(each and not each & own for each in others)

    def right(self) -> list[Figure]:
        """The last numbers so far, without those that are known to be wrong."""
        return [each for each in self.known[-_KNOWN:] if each not in self.bad]

    def heard(self, told: Figure) -> None:
        """Remember a number for those after it."""
        share = self.wrong.get(told)
        self.known.append(told)
        if share is not None and share != 1.0:
            self.bad.add(told)
            self.known.append(corrected(told, share))

    def explained(self, told: Figure, made: Made) -> None:
        """Remember what a number follows from, where that stands before it."""
        if all(each.end <= told.start for each in made.used):
            self.spent.update(made.used)
            self.results.add(told)
            self.made[told] = made.used

    def correct(self, told: Figure, found: Made) -> None:
        """Remember what a wrong number should be."""
        self.bad.add(told)
        if self.known[-1] is not told:
            self.known.pop()
        self.known.append(corrected(told, found.value / told.value))

    def pool(self, told: Figure, many: int) -> list[Figure]:
        """The last numbers before one, and those right behind it that it may be made of."""
        behind, end = [], told.end
        first = bisect_left(self.every, told.end, key=_from)
        for each in self.every[first : first + _BEHIND]:
            if not FROM.fullmatch(self.text, end, each.start):
                break
            behind.append(each)
            end = each.end
        return [*self.told.earlier, *self.known[-many:]][-many:] + behind

    def last(self) -> Figure | None:
        """The last number so far that is no word for a period nor a format; the right one of a wrong one."""
        return next((each for each in reversed(self.known) if each.kind == ""), None)
