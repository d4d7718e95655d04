"""Devices that a text speaks of by a description: "the older card", "the Ada part", "its predecessor".

A description picks among the devices that the text spoke of before it, the nearest first: by what it names of
them, or as the one of two that is older, cheaper or slower. One that picks none, or several, is remembered
as open: nothing that is said of it accuses anybody.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.descriptions import (
    DESCRIPTION,
    ELIDED,
    OF_A_MODEL,
    SIZE,
    asked,
    is_module,
    of_maker,
)
from whichgpu.audit.devices.mentions import Mention, mentions, model
from whichgpu.audit.devices.roles import owned
from whichgpu.audit.devices.series import SERIES
from whichgpu.audit.devices.subjects import family
from whichgpu.audit.document import RUNNING
from whichgpu.audit.text.sentences import sentences
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.devices.descriptions import Asked, Test
    from whichgpu.audit.document import Document, Passage
    from whichgpu.hardware.catalogue import Catalogue

    _Ids = tuple[str, ...]

#: The fields that a rank goes by; where several are known all must agree.
_FIELDS = {"price": ("launch_price",), "speed": ("bandwidth", "fp32"), "size": ("memory", "cores", "power")}
#: Off by less, one is not more than the other.
_APART = 1.05
#: Behind or before a description, the name of the device itself.
_NAMED_NEXT = re.compile(
    # "The previous generation's flagship card, the RTX 2080 Ti".
    r"(?:(?:[\u2019']s)?\s+(?:[\w-]+\s+){0,2}(?:card|gpu|flagship|model|chip|board)(?=[,:(\u2013\u2014-]))?"
    r"[,:(\u2013\u2014-]?\s*(?:namely\s+|is\s+)?(?:the\s+|nvidia\s+|amd\s+|called\s+)*"
)
_NAMED_BEFORE = re.compile(
    r"s?,\s+$|s?\s+(?:is|was|remains|as)\s+(?:clearly\s+|still\s+|also\s+)?$", re.IGNORECASE
)
#: A description of several, or of a kind: "the newer cards", "the consumer GPU market".
_GOES_ON = re.compile(
    r"[ -](?:market|space|world|segment|lineup|line-up|line|series|family|memory|prices?|makers?|"
    r"vendors?)\b",
    re.I,
)
#: "It's the last GeForce card with", "it was NVIDIA's first Turing card": of what is spoken of, and no other.
_PREDICATE = re.compile(
    r"\b(?:it|this|that|they)(?:[\u2019']s|\s(?:is|was|remains|became|are|were))\s+(?:(?:still|also|"
    r"even|arguably|"
    r"officially|probably|perhaps)\s+)?(?:(?:the|nvidia[\u2019']s|amd[\u2019']s)\s+)?(?:very\s+)?$",
    re.IGNORECASE,
)
_RANKED = re.compile(r"(?:the\s+)?(?:very\s+)?(?:first|last|only)\b", re.IGNORECASE)
_FAR_BACK = 48
#: A form of what is named, or described, behind it.
_OF_WHICH = re.compile(r"\s+of\s+(?:the|its|their|an?|nvidia|amd|(?=[A-Z]))", re.IGNORECASE)
#: Years that two devices of different generations are apart at least.
_APART_IN_AGE = 0.5
#: How many times the power of what it follows a device draws at most.
_CLASS = 2.0
#: So many sentences back the two that are compared may stand.
_BACK = 2
#: Devices that are meant together, of which nothing is looked for here.
_SEVERAL = re.compile(
    r"(?:(?<![\s\S])|(?<=[.!?;]\s))the (?:pascal|volta|turing|ampere|ada|hopper|blackwell)"
    r"(?: lovelace)?(?:-based)?\s+"
    r"(?:generation|family|series|cards|gpus|line-?up|architecture)\b"
    rf"|(?:(?<![\s\S])|(?<=[.!?;]\s))(?:the\s+|nvidia[\u2019']s\s+)*{SERIES.pattern}"
    r"|\bthe other (?:two|three|four|ones|cards|gpus)\b|\bthe others\b|\bthe rest\b"
    r"|\b(?:all|most|some|many)\s+(?!of\b|three\b|two\b|four\b|these\b|those\b)"
    r"(?:[A-Za-z0-9-]+\s+){1,2}(?:cards|gpus|parts|chips|models)\b",
    re.IGNORECASE,
)
#: What begins with a form of what was spoken of before, whichever that was.
_THERE_IS = re.compile(r"^\s*There(?:[\u2019']s| is| are| was) (?:also )?(?:an? )?$")
_AGAINST = re.compile(r"\b(?:than|versus|vs\.?|that of|against)\s+$", re.IGNORECASE)


#: A name that is none on file, and that what is described behind it goes by.
_SO_CALLED = re.compile(
    r"(?:^|[.!?:;,]\s|\b(?:and|but)\s)\s*(?!\w+ly\b|While|However|Meanwhile|Today|Then|Later|Still|"
    r"Besides|Instead|"
    r"Here|There|Also|Yet|Indeed|Overall)[A-Z][A-Za-z]{2,}(?:\s[A-Z][A-Za-z]+)?,\s+$"
)


#: What devices of one generation are to each other.
_OF_ONE_FAMILY = frozenset({"sibling", "brother", "sister", "cousin"})
_OLD = re.compile(r"\b(?:old|older|previous|former|last)\s+$", re.IGNORECASE)


class Described(NamedTuple):
    """The mentions of a document with those by description, and the places of those that stay open."""

    mentions: Mapping[int, tuple[Mention, ...]]
    open: Mapping[int, tuple[tuple[int, int], ...]]


def described(document: Document, named: Mapping[int, Sequence[Mention]], catalogue: Catalogue) -> Described:
    """Every mention by name with those by description beside them."""
    done: dict[int, tuple[Mention, ...]] = {}
    unsettled: dict[int, tuple[tuple[int, int], ...]] = {}
    before = _Heard(catalogue)
    headed: Sequence[Mention] = ()
    titled = list(mentions(document.title, catalogue))
    for index, passage in enumerate(document.passages):
        here = list(named.get(index, ()))
        headed = here if passage.kind == "heading" else headed
        if passage.kind in RUNNING:
            here, unknown = _Reader(passage, here, before, (titled, headed), catalogue).read()
            if unknown:
                unsettled[index] = tuple(unknown)
        if here:
            done[index] = tuple(here)
        before.add(here, owned(passage.text, here))
    return Described(done, unsettled)


class _Heard:
    """The devices that a text spoke of so far: of each model the first mention, in order, and the last."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._first: dict[frozenset[str], Mention] = {}
        self._last: dict[frozenset[str], Mention] = {}

    def add(self, found: Sequence[Mention], own: Sequence[Mention]) -> None:
        """Go on with some mentions; those that are only set against another are not spoken of last."""
        for each in sorted(found, key=lambda one: one in own):
            key = model(each.named[0], self._catalogue)
            self._first.setdefault(key, each)
            self._last.pop(key, None)
            self._last[key] = each

    def __iter__(self) -> Iterator[Mention]:
        return chain(self._first.values(), self._last.values())


class _Reader:
    """Reads the descriptions of one passage, each with what was spoken of before it."""

    def __init__(
        self, passage: Passage, named: Sequence[Mention], before: _Heard,
        above: tuple[Sequence[Mention], Sequence[Mention]], catalogue: Catalogue,
    ) -> None:  # fmt: skip
        self._text, self._named, self._catalogue = passage.text, named, catalogue
        self._before, self._found = before, list(named)
        self._titled, self._headed = above

    def read(self) -> tuple[list[Mention], list[tuple[int, int]]]:
        unsettled: list[tuple[int, int]] = []
        for match in DESCRIPTION.finditer(self._text):
            if self._is_named(match):
                continue
            place = match.span("what")
            what = asked(match)
            if what is None:
                continue
            if what.rank and not what.tests and self._is_alone(match):
                # "The new card" of a text on one device is that.
                continue
            ids = self._picked(match, what)
            if ids:
                self._found = sorted([*self._found, Mention(*place, match["what"], ids, ids)])
            else:
                unsettled.append(place)
        for match in ELIDED.finditer(self._text):
            ids = self._fitting(match.start(), of_maker(match["maker"] or match["line"]))
            if ids:
                self._found = sorted([*self._found, Mention(*match.span(), match[0], ids, ids)])
        unsettled += [
            match.span()
            for match in _SEVERAL.finditer(self._text)
            if not any(each.start < match.end() and match.start() < each.end for each in self._named)
        ]
        return self._found, unsettled

    def _is_alone(self, match: re.Match[str]) -> bool:
        """Whether a text that speaks of one device only calls it new, or old."""
        plain = re.fullmatch(r"(?:new|old|latest)\s+\w+", match["what"], re.IGNORECASE)
        return (
            bool(plain) and len(self._ordered([*self._before, *self._titled, *self._upto(match.start())])) < 2
        )

    def _is_named(self, match: re.Match[str]) -> bool:
        """Whether the device is named in the description, right behind it, or right before it."""
        start, end = match.span("what")
        at = match.start()
        if match["det"].lower() in ("its", "their") and _SO_CALLED.search(self._text, max(0, at - 40), at):
            # "Thor, its successor with a Blackwell GPU": what no catalogue knows.
            return True
        at = match.start("what")
        itself = _RANKED.match(match["what"]) and _PREDICATE.search(self._text, max(0, at - _FAR_BACK), at)
        of_two = re.match(r"\s+of the two\b", self._text[end : end + 12])
        of_which = _OF_WHICH.match(self._text, end) and not of_two
        if itself or of_which or _GOES_ON.match(self._text, end):
            return True
        for each in self._named:
            if start < each.end and each.start < end:
                return True
            if 0 <= each.start - end < 24 and _NAMED_NEXT.fullmatch(self._text, end, each.start):
                return True
            if 0 <= match.start() - each.end < 24 and _NAMED_BEFORE.fullmatch(
                self._text, each.end, match.start()
            ):
                return True
        return False

    def _picked(self, match: re.Match[str], what: Asked) -> _Ids:
        """The devices that a description means; empty where it picks none, or several."""
        at, head = match.start(), (match["head"] or "").lower()
        if what.which:
            both = self._last_pair(at, by_name=True)
            return both[what.which in ("latter", "second")] if len(both) == 2 else ()
        if what.suffix:
            plain = match["what"].lower().startswith("plain")
            its = match["det"].lower() in ("its", "their")
            return self._of_suffix(at, what.suffix, plain=plain, its=its)
        sized = what.rank is not None and what.rank[0] == "size" and head in OF_A_MODEL
        found = self._of_size(at, what.rank[1]) if what.rank and sized else ()
        if what.form and not found:
            of_last = SIZE.search((match["mods"] or "").lower()) is None or head in OF_A_MODEL
            found = self._of_form(at, what.form, of_last=of_last)
        if found or (what.form and not what.tests):
            return found
        if what.tests:
            return self._namesake(at, what) or self._fitting(at, what)
        if what.rank:
            previous = re.match(r"(?:previous|last|outgoing)", match["what"], re.IGNORECASE)
            if what.rank[0] != "size" or head not in _OF_ONE_FAMILY:
                found = self._ranked(at, what.rank, own=what.own or bool(previous))
            else:
                found = self._of_family(at, what.rank[1])
            return found
        return self._other_one(at) if what.other else ()

    def _namesake(self, at: int, what: Asked) -> _Ids:
        """The laptop's GPU, or the card, of the name that the passage spoke of last: "the laptop version"."""
        here = self._distinct(self._upto(at))
        fitting = [those for ids in here if (those := self._those(ids, what))]
        own = self._subject(at)
        if not here or (fitting and not all(key.endswith("-laptop") for key in own)):
            return ()
        # "The 5090 Laptop has the chip of the desktop 5080": the desktop card is its namesake, or that.
        kin = (
            key.removesuffix("-laptop") if key.endswith("-laptop") else f"{key}-laptop"
            for key in (own if fitting else here[-1])
        )
        found = self._those(tuple(key for key in kin if key in self._catalogue), what)
        return tuple(dict.fromkeys((*found, *(key for ids in fitting for key in ids)))) if found else ()

    def _fitting(self, at: int, what: Asked) -> _Ids:
        """The one device of the passage, of the title or of the text before that all is true of."""
        here = self._upto(at)
        for group in (here, self._titled, [*self._before, *here]):
            fitting = [those for ids in self._distinct(group) if (those := self._those(ids, what))]
            if fitting:
                return fitting[0] if len(fitting) == 1 else ()
        return ()

    def _other_one(self, at: int) -> _Ids:
        """The one of the two that are compared which the text is not about just now."""
        both, subject = self._last_pair(at), self._subject(at)
        left = [ids for ids in both if subject and not self._same(ids, subject)]
        return left[0] if len(both) == 2 and len(left) == 1 else ()

    def _upto(self, at: int) -> list[Mention]:
        return [each for each in self._found if each.end <= at]

    def _distinct(self, found: Sequence[Mention]) -> list[_Ids]:
        """The devices of some mentions, one to a model, in the order of their last mention."""
        every: dict[frozenset[str], _Ids] = {}
        for each in found:
            key = model(each.named[0], self._catalogue)
            every.pop(key, None)
            every[key] = each.ids
        return list(every.values())

    def _same(self, a: Sequence[str], b: Sequence[str]) -> bool:
        return model(a[0], self._catalogue) == model(b[0], self._catalogue)

    def _subject(self, at: int) -> _Ids:
        """The device that was spoken of last before a place."""
        own = owned(self._text, self._upto(at))
        headed = self._headed if len(self._ordered(self._headed)) == 1 else []
        upto = own or headed or self._upto(at) or list(self._before)
        return upto[-1].ids if upto else ()

    def _last_pair(self, at: int, *, by_name: bool = False) -> list[_Ids]:
        """The two that are compared before a place: those of its sentences, its passage or the text."""
        upto = [each for each in self._upto(at) if not by_name or each in self._named]
        starts = [one.start for one in sentences(self._text) if one.start <= at]
        own = self._ordered([each for each in upto if starts and each.start >= starts[-1]])
        if by_name and len(own) == 2:
            # "Between the 4070 and the A10, I'd think of power: 200 W for the former".
            return own
        if by_name and len(self._ordered(pair := owned(self._text, upto))) == 2:
            # "The A10 is made from the GA102, the A30 from the GA100, like the A100": the latter is the A30.
            upto = pair
        for back in range(1, _BACK + 2):
            first = starts[-back] if back <= len(starts) else 0
            near = self._ordered([each for each in upto if each.start >= first])
            if len(near) == 2:
                return near
            if len(near) > 2:
                return []
        # "There is a large die and some small ones. The former ..": no devices.
        named = not (by_name and ((len(starts) > 1 and not upto) or self._is_of_forms(at)))
        wider = (upto, [*self._headed, *upto], self._titled, [*self._before, *upto])
        for group in wider if named else ():
            whole = self._ordered(group)
            if len(whole) == 2:
                return whole
            if len(whole) > 2 and group is not upto:
                return []
        return []

    def _is_of_forms(self, at: int) -> bool:
        """Whether a passage tells forms of the one device that it names: "the 80 GB version"."""
        upto = self._upto(at)
        return len(self._ordered(upto)) == 1 and any(each not in self._named for each in upto)

    def _ordered(self, found: Sequence[Mention]) -> list[_Ids]:
        """The devices of some mentions in the order of their first one."""
        every: dict[frozenset[str], _Ids] = {}
        for each in found:
            every.setdefault(model(each.named[0], self._catalogue), each.ids)
        return list(every.values())

    def _ranked(self, at: int, rank: tuple[str, int, bool], *, own: bool) -> _Ids:
        field, sign, most = rank
        both = self._ordered([*self._before, *self._upto(at)]) if most else self._last_pair(at)
        if len(both) < 2:
            kin = own and field == "age"
            return (self._in_line(at, sign) or self._nearest_in_age(at, sign)) if kin else ()
        scored = [(self._score(ids, field), ids) for ids in both]
        ranked = [(value, ids) for value, ids in scored if value is not None]
        if len(ranked) != len(scored) or (field == "age" and _is_of_one_year([value for value, _ in ranked])):
            return ()
        best = _best([value for value, _ in ranked], sign, by_day=field == "age")
        picked = ranked[best][1] if best is not None else ()
        if field == "age" and sign > 0 and self._has_old(at):
            # "My old A100 .. The new card": which that is, is not a matter of age.
            return ()
        if own and picked and self._same(picked, self._subject(at) or picked):
            # "Its predecessor" is not what the text is about.
            return self._in_line(at, sign)
        return picked

    def _of_family(self, at: int, sign: int) -> _Ids:
        """The bigger or smaller one of a device's own generation: "the bigger brother"."""
        subject = self._subject(at)
        if not subject:
            return ()
        own = self._catalogue[subject[0]]
        every = self._distinct([*self._titled, *self._before, *self._upto(at)])
        fitting = [
            ids
            for ids in every
            if (gpu := self._catalogue[ids[0]]).architecture == own.architecture
            and gpu.segment == own.segment
            and sign * (float(gpu.value("cores") or 0) - float(own.value("cores") or 0)) > 0
        ]
        return fitting[0] if len(fitting) == 1 else ()

    def _has_old(self, at: int) -> bool:
        """Whether a passage called a device old before."""
        return any(_OLD.search(self._text, max(0, each.start - 16), each.start) for each in self._upto(at))

    def _in_line(self, at: int, sign: int) -> _Ids:
        """The card of the generation before, or after, by its number: the RTX 3090 before the RTX 4090."""
        subject = self._subject(at)
        if not subject or self._catalogue[subject[0]].segment != "geforce":
            return ()
        words = model(subject[0], self._catalogue)
        number = next((word for word in words if re.fullmatch(r"[2-5]0\d0", word)), "")
        other = (words - {number}) | {str(int(number) + sign * 1000)} if number else words
        return tuple(key for key in self._catalogue if number and model(key, self._catalogue) == other)

    def _nearest_in_age(self, at: int, sign: int) -> _Ids:
        """Of those of its kind that were spoken of, the one that came out just before the last, or after."""
        subject = self._subject(at)
        own = self._score(subject, "age") if subject else None
        kind = self._catalogue[subject[0]].segment if subject else ""
        ranked = [
            (sign * (age[0] - own[0]), ids)
            for ids in self._ordered([*self._before, *self._upto(at)])
            if own
            and self._catalogue[ids[0]].segment == kind
            and (age := self._score(ids, "age"))
            # A card of twice the power is no successor: that of the T4 is the L4, and not the A10.
            and self._is_of_class(ids[0], subject[0])
        ]
        later = sorted((gap, ids) for gap, ids in ranked if gap > _APART_IN_AGE)
        apart = len(later) == 1 or (len(later) > 1 and later[1][0] - later[0][0] > _APART_IN_AGE)
        return later[0][1] if apart else ()

    def _is_of_class(self, one: str, other: str) -> bool:
        """Whether two devices draw about as much; so it is where one is not known."""
        a, b = (float(self._catalogue[key].value("power") or 0) for key in (one, other))
        return not (a and b) or max(a, b) / min(a, b) <= _CLASS

    def _score(self, ids: _Ids, field: str) -> tuple[float, ...] | None:
        known = [gpu for gpu in (self._catalogue[key] for key in ids) if gpu.confidence != "low"]
        if not known:
            return None
        if field == "age":
            days = [str(gpu.value("release_date")) for gpu in known if gpu.value("release_date")]
            # Of some devices the year alone is known.
            month = (float(min(days)[5:7] or 0.5) - 0.5) / 12 if days else 0.0
            return (float(min(days)[:4]) + month,) if days else None
        values = tuple(float(known[0].value(each) or 0) for each in _FIELDS[field])
        return values if any(values) else None

    def _those(self, ids: _Ids, what: Asked) -> _Ids:
        return tuple(key for key in ids if all(test(self._catalogue[key]) for test in what.tests))

    def _of_size(self, at: int, sign: int) -> _Ids:
        """The largest, or smallest, memory that the device spoken of last comes with."""
        subject = self._subject(at)
        sizes = {key: nominal_gb(float(self._catalogue[key].value("memory") or 0)) or 0
                 for key in family(subject, self._catalogue)} if subject else {}  # fmt: skip
        sizes = {
            key: size for key, size in sizes.items() if size and self._catalogue[key].confidence != "low"
        }
        best = (max if sign > 0 else min)(sizes.values(), default=0)
        return tuple(key for key in sizes if sizes[key] == best) if len(set(sizes.values())) == 2 else ()

    def _of_suffix(self, at: int, suffix: frozenset[str], *, plain: bool, its: bool) -> _Ids:
        """The card of the number that was spoken of last, with another suffix; `its` of one without it."""
        every = list(reversed(self._distinct([*self._before, *self._upto(at)])))
        every = [*self._ordered(self._headed), *every]
        if its:
            # "The 4070 has 1.75 times what the 4060 Ti has. Its Ti version" is none of the 4060's.
            every = [ids for ids in every if not suffix <= model(ids[0], self._catalogue)]
        named = next((ids for ids in every if suffix <= model(ids[0], self._catalogue)), ())
        for ids in [named] if named else every:
            number = {word for word in model(ids[0], self._catalogue) if word.isdigit()}
            found = tuple(
                key for key in self._catalogue if number and model(key, self._catalogue) == number | suffix
            )
            if found or named:
                # "The Ti" of a text on a Ti SUPER is that, or the one without it; so may be that of the
                # card which the passage is about: "the 3090 .. The Ti" where a 4060 Ti was named before.
                own = self._with_suffix(at, suffix)
                return tuple(dict.fromkeys((*(() if plain else named), *found, *own))) or named
        return ()

    def _with_suffix(self, at: int, suffix: frozenset[str]) -> _Ids:
        """The cards with a suffix of the number that the passage itself named last."""
        last = self._upto(at)[-1:]
        number = {word for each in last for word in model(each.ids[0], self._catalogue) if word.isdigit()}
        return tuple(
            key for key in self._catalogue if number and model(key, self._catalogue) == number | suffix
        )

    def _of_form(self, at: int, form: Test, *, of_last: bool) -> _Ids:
        """The form, or the size, that is described: of the one that has it, else of the last of several."""
        spoken_of = self._subject(at)
        if form is is_module and spoken_of and all(form(self._catalogue[key]) for key in spoken_of):
            # "The MI325X .. The module carries" is what was spoken of.
            return spoken_of
        fitting: list[tuple[_Ids, bool]] = []
        own = [*owned(self._text, self._upto(at))]
        if not own and len(self._ordered(self._headed)) == 1:
            # "There is also a PCIe version" goes on with what heads it.
            own = [*self._headed]
        # "43 % more than the SXM5" is not what it is compared with.
        subject = self._subject(at) if _AGAINST.search(self._text, max(0, at - 12), at) else ()
        for ids in reversed(self._distinct([*self._before, *self._upto(at), *own])):
            every = family(ids, self._catalogue)
            # Of "the A100 80GB .. in its SXM version" it is known how large it is.
            own_forms = tuple(key for key in ids if form(self._catalogue[key]))
            mine = own_forms or tuple(key for key in every if form(self._catalogue[key]))
            if subject and self._same(ids, subject) and (not mine or set(subject) & set(mine)):
                # "The H100 NVL has more than the SXM5" is compared with another form of its own.
                continue
            if mine:
                fitting.append((mine, len(mine) < len(every)))
        several = [mine for mine, apart in fitting if apart]
        if len(several) > 1 and not own and _THERE_IS.search(self._text, 0, at):
            # Whichever of them it is a form of.
            return tuple(key for mine in several for key in mine)
        if several and (of_last or len(fitting) == 1):
            return several[0]
        return fitting[0][0] if len(fitting) == 1 else ()


def _is_of_one_year(ages: Sequence[tuple[float, ...]]) -> bool:
    """Whether which is newer is not known: two of one year, of one of which no month is on file."""
    years = [int(age) for age, *_ in ages]
    return any(age == int(age) and years.count(int(age)) > 1 for age, *_ in ages)


def _best(values: Sequence[tuple[float, ...]], sign: int, *, by_day: bool) -> int | None:
    """Which has the most, or the least, of all that is known of each; None where that is not certain."""
    best = max(range(len(values)), key=lambda i: sign * values[i][0])
    for i, other in enumerate(values):
        for a, b in zip(values[best], other, strict=True) if i != best else ():
            near = a - b if by_day else (a / b - 1 if a and b else 0.0)
            if by_day and sign * near < 0.25:
                return None
            if not by_day and a and b and (sign * (a - b) < 0 or max(a, b) / min(a, b) < _APART):
                return None
    return best
