"""A class of devices at a place of a text, read word by word to its end, and whether a device is of it.

Every word has to be one that is known: a maker, a market, an architecture, a series, a kind of memory, a
condition. A class of which one word is not understood is none, since that word may leave out devices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.classes.conditions import condition_at
from whichgpu.audit.devices import series
from whichgpu.audit.devices.families import anywhere, is_of
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whichgpu.hardware.gpu import Gpu


class Class(NamedTuple):
    """Where it stands, the tests that its devices meet, and what it says of them by key."""

    start: int
    end: int
    tests: tuple[Callable[[Gpu], bool | None], ...]
    #: What of the devices is told, besides maker and market: "memory", "fp8".
    keys: tuple[str, ...]
    #: Fields that the conditions are on file by.
    fields: tuple[str, ...]
    #: "Of the two": among those that the text compares.
    among: str = ""

    def has(self, gpu: Gpu) -> bool:
        """Whether a device is surely of it."""
        return all(test(gpu) is True for test in self.tests)


_NOUN = re.compile(
    r"(?:gpus?|graphics (?:cards?|processors?|units?)|(?:video )?cards?|accelerators?|boards?|chips?|"
    r"models?|"
    r"products?|devices?|modules?|geforces?|quadros?|instincts?|(?P<one>ones?(?! and)))\b(?:\s+(?:gpus?|"
    r"cards?|models?|accelerators?)\b)?",
    re.IGNORECASE,
)
_MARKETS = ("datacenter", "geforce", "workstation")
#: Words of a class, and of which segment, maker or line its devices are.
_GRADE = r"(?:[- ](?:grade|class|level))?\b"
_SEGMENTS = (
    (re.compile(rf"(?:professional|workstations?|pro|quadro){_GRADE}", re.IGNORECASE), "workstation"),
    (re.compile(rf"(?:consumers?|gaming|geforce|gamers?){_GRADE}", re.IGNORECASE), "geforce"),
    (
        re.compile(rf"(?:data[- ]?cent(?:er|re)s?|servers?|enterprise){_GRADE}", re.IGNORECASE),
        "datacenter",
    ),
)
_MAKERS = (
    (re.compile(r"nvidia(?:[\u2019']s)?(?![\w-])", re.IGNORECASE), "NVIDIA"),
    (re.compile(r"(?:amd(?:[\u2019']s)?|instinct|radeon)(?![\w-])", re.IGNORECASE), "AMD"),
    (re.compile(r"(?:intel(?:[\u2019']s)?)(?![\w-])", re.IGNORECASE), "Intel"),
)
_FAMILY = re.compile(
    rf"(?P<name>{anywhere()})(?:[- ](?:based|generation|era|architecture|family|series|"
    rf"line-?up))*(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_WORD = re.compile(r"\s+(?!with\b|that\b|which\b|to\b|ever\b|has\b|of\b)[\w-]")
#: Words that leave out no device.
_NO_MATTER = re.compile(
    r"(?:single|one|dedicated|discrete|ai|tensor core|add-in|commercial(?:ly available)?|whole|entire|"
    r"known|"
    r"real|and|,)(?=[\s,])",
    re.IGNORECASE,
)
_SHAPES: tuple[tuple[re.Pattern[str], str, Callable[[Gpu], bool | None]], ...] = (
    (re.compile(r"single[- ]slot\b", re.IGNORECASE), "slots", lambda gpu: _is(gpu, "slots", 1)),
    (
        re.compile(r"low[- ]profile\b", re.IGNORECASE),
        "low_profile",
        lambda gpu: _said(gpu, "low_profile", "yes"),
    ),
    (
        re.compile(r"passive(?:ly[- ]cooled)?\b", re.IGNORECASE),
        "cooling",
        lambda gpu: _said(gpu, "cooling", "passive"),
    ),
)


def _is(gpu: Gpu, field: str, told: int) -> bool | None:
    value = gpu.value(field)
    return value == told if value is not None else None


def _said(gpu: Gpu, field: str, told: str) -> bool | None:
    value = gpu.value(field)
    return (value is True if told == "yes" else value == told) if value is not None else None


#: What may stand behind the noun and leaves out no device.
_ANYWHERE = re.compile(
    r"\s*(?:,\s*)?(?:(?:ever|currently|today|so far|to date|in (?:its |their )?history|anywhere|"
    r"in the world|"
    r"in existence|on the (?:whole |entire )?market(?: today)?|(?:you can|money can) buy|"
    r"available(?: today| anywhere)?|"
    r"(?:ever )?(?:made|built|released|sold|produced|launched|shipped|offered|rented|announced)"
    r"(?: so far| to date| today)?|that (?:was |has )?(?:ever )?(?:existed|exists|been (?:made|built|"
    r"sold|released)))"
    r")(?=[\s.,;:!)]|$)",
    re.IGNORECASE,
)
_BY = re.compile(
    r"\s+(?:made|built|sold|released|by|from|that|which|of|offers?|sells?|makes?|has|ever|in|the|a|its|for|"
    r"based on|range|line-?up|line|portfolio|catalogue|family|generation|series|architecture|era|"
    r"stack)(?=[\s.,;:!)]|$)",
    re.IGNORECASE,
)
_LINE = re.compile(
    r"\s+(?:range|line-?up|line|portfolio|catalogue|family|generation|series|architecture|era|"
    r"stack)(?=[\s.,;:!)]|$)",
    re.IGNORECASE,
)
_WITH = re.compile(
    r",?\s+(?:(?:with|offering|featuring|having|using|supporting|carrying|packing|equipped with|capable of|"
    r"(?:that|which|to)\s+(?:ever\s+)?(?:has|have|had|offers?|features?|supports?|comes? with|came with|"
    r"uses?|"
    r"carr(?:y|ies)|packs?|ships? with|provides?|gets?|got|includes?|boasts?|delivers?))"
    r"(?:\s+(?:support for|native|hardware))?)\s+",
    re.IGNORECASE,
)
_WITHOUT = re.compile(
    r",?\s+(?:without|lacking|(?:that|which|to)\s+(?:lacks?|runs?\s+without|works?\s+without|do(?:es)? "
    r"without|"
    r"(?:comes?|came|ships?|shipped|launch|launched)\s+without|"
    r""
    r"gets? by without|needs? no|requires? no|do(?:es)? not need|doesn[\u2019']t need|has no))\s+",
    re.IGNORECASE,
)
_DRAWS = re.compile(
    r"\s+(?:(?:that|which)\s+(?:draws?|needs?|uses?|consumes?|stays?|is rated (?:at|for))\s+)?"
    r"(?=(?:below|under|above|over|less than|more than)\s+\d[\d.,]*\s?(?:W|watts?)\b)",
    re.IGNORECASE,
)
_AND = re.compile(r"(?:,\s*|,?\s+(?:and|plus|as well as|together with|at|on|over)\s+)", re.IGNORECASE)
#: Where a class ends: at the end of a clause, or where the sentence goes on to something else.
_ENDS = re.compile(
    r"\s*(?:$|[.;:!)\u2014\u2013]|,\s+(?:and|but|so|which|making|while|though|although|it|its|the|a|you|we|"
    r"as|because|since|yet|with)\b|,\s*$|\s+-\s|\s(?:and|but|so|while|which)\s+(?:it|its|the|is|was|that|"
    r"therefore|thus|you|we|this|has|makes?|offers?)\b)",
    re.IGNORECASE,
)
_AMONG = re.compile(
    r"\s+(?:of (?:the|these|those)|among (?:the|these|those)|out of the)\s+(?:two|pair|three|four|five)"
    r"(?:\s+(?:cards?|gpus?|options|candidates))?|\s+here(?=[\s.,;:!)])",
    re.IGNORECASE,
)
_THAN = re.compile(r"\s+(?:besides|apart from|except|other than|alongside|together)\b", re.IGNORECASE)


class _Reader:
    """What was read of a class so far."""

    def __init__(self, text: str, start: int, fraction: str) -> None:
        self.text, self.start, self.at, self.fraction = text, start, start, fraction
        self.tests: list[Callable[[Gpu], bool | None]] = []
        self.keys: list[str] = []
        self.fields: list[str] = []
        self.among = ""
        self.market = False

    def add(self, end: int, key: str, field: str, test: Callable[[Gpu], bool | None]) -> bool:
        self.at = end
        self.tests.append(test)
        if key:
            self.keys.append(key)
            self.fields.append(field)
        return True

    def word(self) -> bool:
        """Whether a word of the class stands at the place, behind which it goes on."""
        for pattern, segment in _SEGMENTS:
            if match := pattern.match(self.text, self.at):
                self.market = True
                return self.add(match.end(), "", "", _of_segment(segment, match[0]))
        return self._of_line() or self._shaped()

    def _of_line(self) -> bool:
        """Whether a maker, a series or a family stands there."""
        for pattern, maker in _MAKERS:
            if match := pattern.match(self.text, self.at):
                return self.add(match.end(), "", "", _of_maker(maker))
        if match := series.SERIES.match(self.text, self.at):
            return self.add(match.end(), "", "", _of_series(match))
        if match := _FAMILY.match(self.text, self.at):
            name = match["name"]
            return self.add(match.end(), "", "", lambda gpu: is_of(gpu, name))
        return False

    def _shaped(self) -> bool:
        """Whether a form of boards stands there, or a word that leaves out none."""
        for pattern, key, test in _SHAPES:
            if match := pattern.match(self.text, self.at):
                return self.add(match.end(), key, key, test)
        if (match := _NO_MATTER.match(self.text, self.at)) and not _NOUN.match(self.text, self.at):
            self.at = match.end()
            return True
        return False

    def lead(self) -> bool:
        """Whether all words up to the noun are known."""
        while not (noun := _NOUN.match(self.text, self.at)) or self._goes_on(noun):
            told = condition_at(self.text, self.at, self.fraction)
            if told is not None and not self.text[self.at : told.end].lower().startswith(("a ", "the ")):
                self.add(told.end, told.key, told.field, told.has)
            elif not self.word():
                return False
            self.spaces()
        if noun["one"] and not self.tests:
            # "The only one with FP8": of those that the text compares.
            self.among = noun[0]
        if noun[0].lower().startswith("geforce"):
            self.word()
        self.at = noun.end()
        return True

    def _goes_on(self, noun: re.Match[str]) -> bool:
        """Whether what may be the noun has one behind it: "GeForce card", "Quadro GPU"."""
        return noun[0].lower() in ("geforce", "quadro", "instinct") and bool(
            _WORD.match(self.text, noun.end())
        )

    def spaces(self) -> None:
        while self.text[self.at : self.at + 1] in (" ", ","):
            self.at += 1

    def conditions(self, *, denied: bool) -> bool:
        """Whether conditions stand at the place, joined by "and"."""
        told = condition_at(self.text, self.at, self.fraction)
        found = False
        while told is not None:
            found = self.add(told.end, told.key, told.field, _not(told.has) if denied else told.has)
            joined = _AND.match(self.text, self.at)
            told = condition_at(self.text, joined.end(), self.fraction) if joined else None
        return found

    def behind(self) -> bool:
        """Whether more of the class stands behind its noun."""
        for pattern, denied in ((_WITHOUT, True), (_WITH, False), (_DRAWS, False)):
            if match := pattern.match(self.text, self.at):
                before, self.at = self.at, match.end()
                if self.conditions(denied=denied):
                    return True
                self.at = before
        if match := _AMONG.match(self.text, self.at):
            self.among, self.at = match[0].strip(), match.end()
            return True
        if match := _ANYWHERE.match(self.text, self.at):
            self.at = match.end()
            return True
        return self._of_kind()

    def _of_kind(self) -> bool:
        """Whether a maker, a market or a family stands behind the noun: "from the Ampere generation"."""
        before = self.at
        while match := _BY.match(self.text, self.at):
            self.at = match.end()
        self.spaces()
        if self.at > before and self.word():
            while match := _LINE.match(self.text, self.at):
                self.at = match.end()
            return True
        self.at = before
        return False


def class_at(text: str, at: int, fraction: str, *, has: bool = False) -> Class | None:
    """The class of devices that is described at a place, if each of its words is understood to its end.

    With `has` it ends where its devices are said to have something: "no consumer card has ..".
    """
    reader = _Reader(text, at, fraction)
    reader.spaces()
    if not reader.lead():
        return None
    while reader.behind():
        pass
    ends = _ENDS.match(text, reader.at) is not None and not _THAN.match(text, reader.at)
    if not (has or ends):
        return None
    if not reader.market:
        reader.tests.append(lambda gpu: gpu.segment in _MARKETS)
    return Class(at, reader.at, tuple(reader.tests), tuple(reader.keys), tuple(reader.fields), reader.among)


def _of_segment(segment: str, word: str) -> Callable[[Gpu], bool | None]:
    # A Titan is sold as no GeForce.
    by_name = word.lower().startswith("geforce")
    return lambda gpu: (
        gpu.segment == segment and (not by_name or (gpu.vendor == "NVIDIA" and "titan" not in gpu.id))
    )


def _of_maker(maker: str) -> Callable[[Gpu], bool | None]:
    return lambda gpu: gpu.vendor.lower() == maker.lower()


def _of_series(match: re.Match[str]) -> Callable[[Gpu], bool | None]:
    return lambda gpu: series.is_of(gpu.id, match)


def _not(test: Callable[[Gpu], bool | None]) -> Callable[[Gpu], bool | None]:
    def denied(gpu: Gpu) -> bool | None:
        known = test(gpu)
        return None if known is None else not known

    return denied


def exist(every: Sequence[Gpu], told: Class) -> list[Gpu]:
    """The devices of a class that are known and sold."""
    return [
        gpu
        for gpu in every
        if gpu.confidence != "low"
        and gpu.value("release_date")
        and not _FORMS.search(gpu.id)
        and told.has(gpu)
    ]


#: Forms of a chip for one market or one machine, which no text counts among its GPUs.
_FORMS = re.compile(
    r"^(?:a800|h800|h20|l20|rtx-\d+-d\b|rtx-6000d|cmp-|drive-|gh200|gb\d)|-cnx$|x-80gb$|-64gb-sxm$"
)
