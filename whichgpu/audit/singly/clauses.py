"""The clauses of a sentence as statements: where each begins, whom it is about, and how it then reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import any_of, is_asserted, is_indicative
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.singly.verbs import VERBS
from whichgpu.audit.singly.written import is_name, written
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.singly.written import Piece, Statement
    from whichgpu.audit.text.sentences import Sentence

#: Words that may stand before a verb, or before a subject, and say nothing of it.
_ASIDE = any_of(r"""
    also too still now then only just even already again too therefore thus hence however meanwhile today
    moreover furthermore besides yet simply merely officially actually indeed
    of_course in_turn in_return by_contrast in_contrast on_the_other_hand on_paper for_its_part though
    likewise similarly additionally finally lastly first second third and but so while whereas although
    because since as or
""")
_FIRST = rf"(?:{_ASIDE}\b[\s,]*)*"
_ONE = r"(?:card|gpu|board|accelerator|module|part|device|flagship|model|one|beast|product|option|choice)s?"
#: What a name may have before it as a subject.
_DET = (
    r"(?:(?:the|an?|its|this|that|nvidia[\u2019']s|amd[\u2019']s|nvidia|amd|older|newer|smaller|bigger|"
    r"larger|cheaper|new|old|little|big|humble|mighty|venerable|popular|plain|regular|standard|desktop|single|"
    r"former|current|good old|trusty|ageing|aging|used|second-hand|predecessor,?|successor,?)\s+){0,3}"
)
#: Stands for a name in a text in which no letter may be taken for its own.
_MARK = "\u0001"
_NAME = rf"{_MARK}+"
_CUT = re.compile(
    rf"(?P<rel>,?\s+(?:which|that(?!\s(?:is|was|makes|made|means|gives|leaves|comes)\b))\s+(?=(?:{_ASIDE}\s)*{VERBS}\b))"
    rf"|(?P<obj>,?\s+which\s+(?={_DET}{_NAME}\s|it\s|(?:the card|both|neither)\s))"
    r"|(?P<with>,\s+with\s+)"
    r"|(?P<stop>\s*[;:]\s+|\s+[\u2013\u2014-]{1,2}\s+|\s*[()]\s*)"
    rf"|(?P<and>,?\s+(?:and|but|so|yet|while|whereas|although|though|because)\s+(?=(?:{_ASIDE}\s)*(?:{VERBS}\b|"
    rf"it\b|its\b|this\b|the\s(?!{_MARK})|{_DET}{_NAME}(?:[\u2019']s\b|,|\s+(?:at\s|with\s)?\s*\d|\s+(?:{_ASIDE}\s)*{VERBS}\b))))"
    rf"|(?P<comma>,\s+(?!(?:\d|and\s|or\s))|(?<=\w)\s+(?=it\s+(?:{_ASIDE}\s)*{VERBS}\b))"
)
_NAMED = re.compile(rf"\s*{_FIRST}{_DET}(?P<name>{_NAME})(?P<of>[\u2019']s?)?(?=\s|$)", re.IGNORECASE)
_PRONOUN = re.compile(
    rf"\s*{_FIRST}(?P<it>(?:it|this one|this (?:card|gpu|board|chip)|the (?:card|gpu|board))"
    rf"(?P<is>[\u2019']s)?|(?P<its>its|the card[\u2019']s|the board[\u2019']s))\b\s*",
    re.IGNORECASE,
)
_VERB = re.compile(rf"\s*{_FIRST}(?P<verb>{VERBS})\b", re.IGNORECASE)
_ANY_VERB = re.compile(rf"\b{VERBS}\b", re.IGNORECASE)
#: An apposition, and what it must end with for what follows to be of the device.
_APPOSED = re.compile(r"\s*(?:itself\s+|basically\s+|essentially\s+)?(?:an?|one of the)\s+\S", re.IGNORECASE)
_OF_IT = re.compile(rf"\b{_ONE}$", re.IGNORECASE)
_OF_A_DEVICE = re.compile(rf"\b{_ONE}\b", re.IGNORECASE)
_WITH = re.compile(
    r"\s*(?:and |but |so )?(?:with|at)\s+(?P<what>(?:(?:its|just|only|a|an|all|up to|about|full|whopping|"
    r"mere|meagre|paltry)\s+)*\d)",
    re.IGNORECASE,
)
_PARTICIPLE = re.compile(r"\w+ed\b|built\b|made\b|sold\b")
#: What a description calls that is only a part of a device.
_CHIP = re.compile(r"\b(?:chip|die|silicon|processor|architecture)s?\b", re.IGNORECASE)
#: Before "it", that it is what has numbers in a format, and what it takes.
_IN_FORMAT = re.compile(
    r"\b(?:in|at|with|to)\s(?:only\s|just\s)?(?:(?:\d{1,2}|four|eight|sixteen)[- ]bits?|FP(?:4|8|16)|BF16|"
    r"INT[48]|NF4|Q\d\w*),?\s*$",
    re.IGNORECASE,
)
_SIZED = re.compile(r"\d\s?GB\b(?!\s?/)")
#: Behind a name, its value without a verb.
_ELIDED = re.compile(
    r"\s+(?:at|with)?\s*(?P<what>(?:(?:just|only|about|up to|roughly|a|around|some)\s+)*\d[\d.,]*\s?"
    r"(?:[GT]i?B(?:/s)?|W|watts|bits?|[TP]FLOPS|cores|shaders|MB)\b)",
    re.IGNORECASE,
)
#: What a maker, or anybody, does with it.
_ACTED_ON = re.compile(
    rf"\s*{_FIRST}(?:nvidia|amd|intel|tsmc|samsung|the (?:company|maker|vendor)|you|one)\s+(?:{_ASIDE}\s)*"
    rf"(?:{VERBS}|announced|unveiled|presented|released|built|etched|fabricated|rates?|rated|asks?|asked|charged)"
    r"(?:\s+\S+){0,4}?\s+(?P<it>it)\b(?!\s+(?:is|was|to|has|can)\b)",
    re.IGNORECASE,
)
#: The word that a part ends with, behind its comma or "and": what another device has.
_LAST_WORD = re.compile(r"(?P<what>\s(?-i:[A-Z][\w-]*))(?: format| support| units)?,?\s+which\s+$")
#: A verb that says of its subject that it has something, by itself.
_LONE_VERB = re.compile(
    r"\s+(?:also\s+|already\s+|still\s+|even\s+)?(?:has|had|supports?|offers?|provides?|handles?|brings?|does|"
    r"knows|can do|includes|features|speaks|understands)"
    r"(?:\s+(?:as well|too|over its \w+|natively|in hardware))?\s*",
    re.IGNORECASE,
)
#: What says nothing and stands between commas behind a subject.
_ASIDES = re.compile(
    r"\s*(?:(?:for|on|in|by|at|from|of|to|of|after|despite|like|as|though|however|too|meanwhile|by)\b[^\d]*|\w+)$"
)
#: A sentence with these is of what was measured, set, supposed or wanted.
_ELSE = re.compile(
    r"[?\u201c\u201d\"]|\b(?:measur\w+|tests?|tested|ours?|we|my|mine|yours|theirs|second|third|another|"
    r"limited|limiting|capped|idle|idles|average[sd]?|"
    r"laptops?|notebooks?|mobile|overclock\w*|undervolt\w*|rumou?r\w*|expected|virtual|"
    r"slices?|mig|dgx|hgx|per (?:watt|dollar|euro|gigabyte|GB|core|joule|clock))\b",
    re.IGNORECASE,
)
#: What narrows of which devices one alone is so, or tells an exception, wherever it stands in a sentence.
_AMONG = re.compile(
    r"\b(?:of (?:the|these|those|all|its|our)|among|amongst|between|here|list|table|line-?up|range|selection|"
    r"these|those|"
    r"aside|except|apart from|besides|other than|excluding|along with|together with|next to|"
    r"(?:its|their|his|her) (?:first|only|last|best|\w+est))\b",
    re.IGNORECASE,
)
#: A clause with these is somebody's own, or of what is supposed.
_OWN = re.compile(r"\b(?:if|would|instead of)\b", re.IGNORECASE)
#: A clause with these is of several at once, of a part or of a machine.
NOT_OF_ONE = re.compile(
    r"\b(?:together|combined|total\w*|nodes?|servers?|clusters?|racks?|systems?|machines?|each|every|both|all|"
    r"neither|none|two|three|four|six|eight|pairs?|could|should|might|fully|full|whole|per|free|left|spare)\b|"
    r"\d\s?[GMT]i?B to \w",
    re.IGNORECASE,
)


#: What is said of one alone.
_ALONE = re.compile(
    r"\b(?:only|first|last|sole|any|every|no|all|best|most|least|(?!rest\b|interest\b)\w{3,}est)\b",
    re.IGNORECASE,
)


class _Part(NamedTuple):
    """A stretch of a sentence between two cuts, and the cut before it."""

    start: int
    end: int
    cut: str


class _Said(NamedTuple):
    """What the parts of a sentence before one leave for it: its subject, and what a relative clause is of."""

    #: What "it" is, be it of the sentence before.
    subject: Mention | None
    #: The device that the last part ends with, or is a word for.
    last: Mention | None
    #: A subject whose verb is still to come: "the 4090, for its part, has".
    open: Mention | None = None
    #: The subject of a clause of this very sentence, with which "and has" goes on.
    told: Mention | None = None
    #: Whether a part stands before that has no verb, and may be a subject together with what follows.
    bare: bool = False


def statements(index: int, passage: Passage, context: Context) -> Iterator[Statement]:
    """The clauses of a passage that are about one device, each with its name as the subject."""
    for sentence in sentences(passage.text):
        text = sentence.text
        if not any(mark.isdigit() or mark.isupper() for mark in text[1:]) or _ELSE.search(text):
            continue
        if is_asserted(text):
            scoped = _AMONG.search(text) is not None
            for told in _Reader(index, passage, sentence, context).read():
                yield told._replace(scoped=scoped)


class _Reader:
    """Reads the clauses of one sentence."""

    def __init__(self, index: int, passage: Passage, sentence: Sentence, context: Context) -> None:
        self._passage, self._sentence, self._context = passage, sentence, context
        self._who: Spoken = spoken(index, passage, sentence, context)
        first, last = sentence.start, sentence.end
        self._open = [place for place in context.memo["open"].get(index, ()) if first <= place[0] < last]
        masked = list(passage.text[: sentence.end])
        for each in self._who.here:
            masked[each.start : each.end] = _MARK * (each.end - each.start)
        self._text = "".join(masked)

    def read(self) -> Iterator[Statement]:
        parts = [*_parts(self._text, self._sentence)]
        topic = self._who.topic[0] if self._who.topic and self._who.certain else None
        topic = None if self._is_behind_two() else topic
        said = _Said(topic, None)
        for part, behind in zip(parts, [*parts[1:], None], strict=True):
            if any(part.start <= start < part.end for start, _ in self._open):
                # A description of nobody knows whom.
                said = _Said(None, None)
                continue
            statement, said = self._part(part, said, behind)
            one = said.told if len(parts) == 1 and said.told in self._who.here else None
            if statement is not None and (one is None or not is_name(one, self._context)):
                yield statement

    def _is_behind_two(self) -> bool:
        """Whether the sentence before names several devices, any of which "it" may be."""
        before = [each for each in sentences(self._passage.text) if each.end <= self._sentence.start + 1][-1:]
        named = self._context.mentions.get(self._context.place(self._passage), ())
        here = [each for one in before for each in within(named, one.start, one.end)]
        return len({model(each.named[0], self._context.catalogue) for each in here}) > 1

    def _part(self, part: _Part, said: _Said, behind: _Part | None) -> _Read:
        """The statement that a part is, and what it leaves for those behind it."""
        text, (start, end) = self._text, (part.start, part.end)
        ends = next((each for each in self._who.here if each.end == end), None)
        if part.cut == "obj":
            return self._of_object(part, ends, said)
        if part.cut == "rel":
            return self._behind(said.last, part, firm=said.last in self._who.here), said._replace(last=ends)
        if named := _NAMED.match(text, start, end):
            return self._of_named(part, named, ends, said)
        appos = _APPOSED.match(text, start, end) and _OF_A_DEVICE.search(text, start, end)
        if said.last and part.cut in ("comma", "stop") and appos:
            last = said.last if _OF_IT.search(text, start, end) else ends
            return self._behind(said.last, part, " is "), said._replace(last=last)
        if pronoun := _PRONOUN.match(text, start, end):
            return self._of_pronoun(part, pronoun, ends, said)
        return self._of_verb(part, ends, said) or self._of_phrase(part, ends, said, behind)

    def _of_named(self, part: _Part, named: re.Match[str], ends: Mention | None, said: _Said) -> _Read:
        """A part that begins with a name: a clause of it, or the name by itself."""
        text, end = self._text, part.end
        one = next(each for each in self._who.here if each.start == named.start("name"))
        several = _joined(text, one, end) or (said.bare and part.cut == "and")
        if one in self._who.against or several or _CHIP.search(one.text):
            return None, _Said(None, ends)
        if named["of"]:
            last = one if _OF_IT.search(text, part.start, end) and not ends else ends
            return self._behind(one, part._replace(start=named.end("name")), "", firm=True), _Said(one, last)
        if not text[named.end() : end].strip():
            return None, _Said(one, one, one, bare=True)
        elided = _ELIDED.match(text, named.end(), end)
        if elided and part.cut in ("comma", "and"):
            # "The SXM module reaches 2 TB/s, the PCIe board 1.9 TB/s".
            told = self._behind(one, part._replace(start=elided.start("what")), " has ", firm=True)
            return (told._replace(like=self._passage.place(self._sentence.start)) if told else None), _Said(
                one, ends
            )
        if not _VERB.match(text, named.end(), end):
            return None, _Said(None, ends)
        last = one if _OF_IT.search(text, part.start, end) and not ends else ends
        told = self._behind(one, part._replace(start=named.end("name")), "", firm=True)
        return told, _Said(one, last, told=one)

    def _of_object(self, part: _Part, ends: Mention | None, said: _Said) -> _Read:
        """A relative clause whose device has what the part before ends with: "NVLink, which it offers"."""
        text, end = self._text, part.end
        what = _LAST_WORD.search(self._passage.text, self._sentence.start, part.start)
        named = _NAMED.match(text, part.start, end)
        verb = _LONE_VERB.fullmatch(text, named.end(), end) if named else None
        if what is None or named is None or verb is None or named["of"]:
            return None, said._replace(last=ends)
        one = next(each for each in self._who.here if each.start == named.start("name"))
        told = self._told(one, ("The ", ""), [(named.end("name"), end), what.span("what")], firm=True)
        return told, said._replace(last=ends)

    def _of_pronoun(self, part: _Part, pronoun: re.Match[str], ends: Mention | None, said: _Said) -> _Read:
        """A part that begins with a word for what was spoken of."""
        subject = said.subject
        own = said._replace(last=ends, open=None, told=None if pronoun["its"] else subject)
        sized = _SIZED.search(self._text, part.start, part.end)
        if subject is None or (sized and _IN_FORMAT.search(self._text, self._sentence.start, part.start)):
            # "In 4 bits it is 35 GB": a model, whichever device was spoken of.
            return None, own
        link = "'s " if pronoun["its"] else " is " if pronoun["is"] else " "
        of_it = _OF_IT.search(self._text, part.start, part.end) and not ends
        told = self._behind(subject, part._replace(start=pronoun.end()), link)
        return told, own._replace(last=subject if of_it else ends)

    def _of_verb(self, part: _Part, ends: Mention | None, said: _Said) -> _Read | None:
        """A part that begins with a verb, or a participle: of the subject before it."""
        verb = _VERB.match(self._text, part.start, part.end)
        if verb is None:
            return None
        subject = said.told if part.cut == "and" else said.open
        if subject is None and part.cut == "comma" and _PARTICIPLE.match(self._text, verb.start("verb")):
            subject = said.last
        told = self._behind(subject, part._replace(start=verb.start("verb")))
        return told, said._replace(last=ends, open=None, told=subject)

    def _of_phrase(self, part: _Part, ends: Mention | None, said: _Said, behind: _Part | None) -> _Read:
        """A part without a subject: what something has, what is said aside, or something else."""
        text, (start, end) = self._text, (part.start, part.end)
        if told := _WITH.match(text, start, end):
            fronted = start == self._sentence.start or part.cut == "stop"
            # "The L4, at 72 W, is frugal" says it of the name right before.
            subject = (self._next(behind, said) if fronted else None) or said.told or said.open
            what = part._replace(start=told.start("what"))
            firm = subject is not None and subject is said.open
            return self._behind(subject, what, " has ", firm=firm), said._replace(last=ends)
        acted = _ACTED_ON.match(text, start, end)
        if acted and said.subject and not any(start <= each.start < end for each in self._who.here):
            # "NVIDIA brought it out in 2022": what is done is done to the device.
            before, after = (start, acted.start("it")), (acted.end("it"), end)
            behind_it = [after] if after[1] > after[0] else []
            return self._told(said.subject, ("the ", ""), behind_it, [before]), said._replace(last=ends)
        aside = said.open is not None and _ASIDES.match(text, start, end)
        fresh = _ANY_VERB.search(text, start, end) and not aside
        # "Nobody buys an A any more: it has 11 GB" is of the A.
        meant = [
            each for each in self._who.here if start <= each.start < end and each not in self._who.against
        ]
        subject = None if fresh or meant else said.subject
        return None, _Said(subject, ends, said.open if aside else None, bare=not fresh)

    def _next(self, behind: _Part | None, said: _Said) -> Mention | None:
        """The subject of the part behind, of which a phrase at the front of a sentence is."""
        if behind is None:
            return None
        named = _NAMED.match(self._text, behind.start, behind.end)
        if named and named["of"] is None:
            one = next(each for each in self._who.here if each.start == named.start("name"))
            return None if one in self._who.against else one
        return said.subject if _PRONOUN.match(self._text, behind.start, behind.end) else None

    def _behind(
        self, one: Mention | None, part: _Part, link: str = " ", *, firm: bool = False
    ) -> Statement | None:
        """A part of the sentence behind the name of its subject; None where it is not of that one alone."""
        return self._told(one, ("The ", link), [(part.start, part.end)], firm=firm)

    def _told(
        self, one: Mention | None, around: tuple[str, str], behind: Sequence[tuple[int, int]],
        before: Sequence[tuple[int, int]] = (), *, firm: bool = False,
    ) -> Statement | None:  # fmt: skip
        """Stretches of the sentence before the name of a device, and behind it."""
        words = " ".join(self._passage.text[start:end] for start, end in (*before, *behind))
        if one is None or not words.strip() or not is_indicative(words):
            return None
        if NOT_OF_ONE.search(words) or _OWN.search(words):
            return None
        pieces: list[Piece] = [*before, around[0], one, around[1], *behind, "."]
        return written(self._passage, pieces, self._who.here, self._context)._replace(firm=firm)


#: What is read of a part, and what it leaves for those behind it.
_Read = tuple["Statement | None", _Said]


def _joined(text: str, one: Mention, end: int) -> bool:
    """Whether a name is one of several that are the subject together."""
    return re.match(rf"\s*(?:,|/|&|\band\b|\bor\b)\s*{_DET}{_NAME}", text[one.end : end]) is not None


def _parts(text: str, sentence: Sentence) -> Iterator[_Part]:
    at, cut = sentence.start, ""
    end = sentence.end - (text[sentence.end - 1 : sentence.end] in ".!;")
    for match in _CUT.finditer(text, sentence.start, end):
        if match["rel"] and not match["rel"].startswith(",") and _ALONE.search(text, at, match.start()):
            # "The only card that stays below 100 W": what it alone does is not told without it.
            continue
        yield _Part(at, match.start(), cut)
        cut = match.lastgroup or ""
        # "With" is read as the first word of what it leads.
        at = match.start() + len(match[0]) - len(match[0].lstrip(" ,")) if cut == "with" else match.end()
    yield _Part(at, end, cut)
