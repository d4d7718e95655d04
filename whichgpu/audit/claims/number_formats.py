"""How many bits a format has for exponent and mantissa: "BF16 keeps the 8 exponent bits of FP32"."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import SPELLED, read_number
from whichgpu.audit.sentences import sentences
from whichgpu.facts import store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

_N = rf"(?P<n>\d{{1,2}}|{'|'.join(SPELLED)})"
_PARTS = r"(?P<part>exponent|mantissa|significand|fraction)"
#: "8 exponent bits", "8 bits of exponent", "an 8-bit mantissa".
_BITS = re.compile(
    rf"\b(?:{_N}[ -]?bits?\s+(?:(?:of|for|in|as)\s+)?(?:the\s+|its\s+|an?\s+)?{_PARTS}\b"
    rf"|{_N.replace('<n>', '<n2>')}\s+{_PARTS.replace('<part>', '<part2>')}\s+bits?\b)",
    re.IGNORECASE,
)
#: "The same exponent as FP32", "as many mantissa bits as".
_SAME = re.compile(
    rf"\b(?:the\s+(?:very\s+|exact\s+)?same\s+(?:(?:number|size|width) of\s+|\d{{1,2}}(?:-bit|"
    rf"\s)\s?)?|as many\s+|an?\s+equal\s+)"
    rf"{_PARTS}(?:\s+(?:bits?|range|width|size|length))?\s+(?:as|like)\s+(?:plain\s+|the\s+|ordinary\s+)*",
    re.IGNORECASE,
)
#: What says it of a format that is not this one, or of none.
_ELSE = re.compile(
    r"\b(?:would|if|instead of|rather than|than|not|no|lacks?|unlike|accumulat\w+|implicit|including|"
    r"hidden|extra|more|fewer|plus)\b"
    r"|n[\u2019']t\b",
    re.IGNORECASE,
)
_FAR = 90


class _Format(NamedTuple):
    """A format at its place in a sentence."""

    end: int
    name: str
    exponent: int
    mantissa: int
    #: Whether another is only set beside it: "the range of FP32", "FP32's range".
    is_beside: bool

    def bits(self, part: str) -> int:
        """How many bits a part of it has; of the significand without the one that is not stored."""
        return self.exponent if part == "exponent" else self.mantissa


@cache
def _formats() -> tuple[re.Pattern[str], tuple[tuple[int, int], ...]]:
    known = store.load("audit")["audit"]["number_formats"]
    names = "|".join(f"(?P<f{at}>{names})" for at, names in enumerate(known))
    return re.compile(rf"\b(?:{names})\b", re.IGNORECASE), tuple((int(a), int(b)) for a, b in known.values())


def find(context: Context) -> Iterator[Finding]:
    """Every number of bits that a format is said to have, with its verdict."""
    for _, passage in context.document.running():
        if not _ANY.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            yield from _of_sentence(passage, sentence, context)


_ANY = re.compile(r"\b(?:exponent|mantissa|significand|bytes?)\b", re.IGNORECASE)


def _read(match: re.Match[str]) -> _Format:
    """The format that a name is."""
    exponent, mantissa = _formats()[1][int(str(match.lastgroup)[1:])]
    text = match.string
    beside = _WITH.search(text, max(0, match.start() - 16), match.start()) or _ITS.match(text, match.end())
    return _Format(match.end(), match[0], exponent, mantissa, beside is not None)


_WITH = re.compile(r"\b(?:of|as|like|than|from|with|to)\s+(?:the\s+|plain\s+|ordinary\s+)?$", re.IGNORECASE)
_ITS = re.compile(r"[\u2019']s?\s")


def _of_sentence(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text
    named = [_read(match) for match in _formats()[0].finditer(text, sentence.start, sentence.end)]
    for match in _BITS.finditer(text, sentence.start, sentence.end):
        before = [each for each in named if each.end <= match.start()]
        owner = _owner(text, before, match.start())
        if owner is None:
            continue
        beside = [each for each in named if each.is_beside]
        told = read_number(match["n"] or match["n2"])
        part = (match["part"] or match["part2"]).lower()
        real = owner.bits(part)
        # A significand is told with the bit that is not stored too.
        right = told == real or (part != "exponent" and told == real + 1)
        if not right and any(told == each.bits(part) for each in beside):
            # "With the 10-bit mantissa of FP16": of that one.
            continue
        yield _finding(passage, match.span(), (owner, part, right), context)
    yield from _bytes(passage, sentence, named, context)
    for match in _SAME.finditer(text, sentence.start, sentence.end):
        other = _formats()[0].match(text, match.end(), sentence.end)
        owner = _owner(text, [each for each in named if each.end <= match.start()], match.start())
        if other and owner:
            part, like = match["part"].lower(), _read(other)
            span = (match.start(), other.end())
            yield _finding(passage, span, (owner, part, owner.bits(part) == like.bits(part)), context)


#: "Each number takes eight bytes".
_BYTES = re.compile(
    rf"\b(?:each|every|one|a single|an?)\s+(?:number|value|element|parameter|weight|float|"
    rf"entry)\s+(?:then\s+)?"
    rf"(?:takes?(?: up)?|needs?|is|uses?|occupies|costs?|has)\s+{_N}\s+bytes?\b",
    re.IGNORECASE,
)


def _bytes(passage: Passage, sentence: Sentence, named: list[_Format], context: Context) -> Iterator[Finding]:
    """How many bytes a number of the one format of a sentence is said to take."""
    if len({(each.exponent, each.mantissa) for each in named}) != 1:
        return
    one = named[0]
    bits = 1 + one.exponent + one.mantissa
    for match in _BYTES.finditer(passage.text, sentence.start, sentence.end):
        # TF32 is kept in 32 bits.
        real = 4 if (one.exponent, one.mantissa) == _TF32 else bits / 8
        told = read_number(match["n"])
        if named[0].end > match.start() or _ELSE.search(passage.text, one.end, match.start()):
            continue
        because = f"a number in {one.name} has {bits} bits"
        yield made(
            context, passage, match.span("n"), "category", "confirmed" if told == real else "contradicted",
            subject=one.name, attribute="number_format", because=because,
            expected="" if told == real else f"{real:g}",
            evidence=(Evidence(because, "definition of the format"),),
        )  # fmt: skip


_TF32 = (8, 10)


def _owner(text: str, before: list[_Format], at: int) -> _Format | None:
    """The format that has what stands at a place: the last one before it, where nothing turns to another."""
    before = [each for each in before if not each.is_beside]
    if not before or at - before[-1].end > _FAR:
        return None
    return None if _ELSE.search(text, before[-1].end, at) else before[-1]


def _finding(
    passage: Passage, span: tuple[int, int], said: tuple[_Format, str, bool], context: Context
) -> Finding:
    owner, part, right = said
    because = f"{owner.name} has {owner.exponent} bits of exponent and {owner.mantissa} of mantissa"
    return made(
        context, passage, span, "category", "confirmed" if right else "contradicted", subject=owner.name,
        attribute="number_format", because=because, expected="" if right else f"{owner.bits(part)} bits",
        evidence=(Evidence(because, "definition of the format"),),
    )  # fmt: skip
