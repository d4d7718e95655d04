"""A sentence as its words with a mark for each figure in it: `<w1>` for watts, `<c0>` for a bare number."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import SPELLED, Quantity, multiples, quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: The mark of each dimension.
_MARKS = {
    "number": "c", "money": "m", "power": "w", "energy": "e", "memory": "b", "time": "t", "rate": "r",
    "flop rate": "f", "op rate": "f", "bandwidth": "d", "percent": "p", "times": "x",
    "bit rate": "g", "bits": "n",
}  # fmt: skip
_COUNT = re.compile(
    rf"\b(?P<n>{'|'.join(SPELLED)})(?:(?P<fold>-?fold\b)|\b(?!-?(?:thirds?|quarters?|fifths?)\b))",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")
_PERIOD = re.compile(
    r"\s?(?:/|per\s|an?\s|every\s|each\s)\s?(?:hour|hr|day|week|month|year)\b", re.IGNORECASE
)
#: Words between what tells a figure and the figure.
ABOUT = (
    r"(?:(?:about|around|roughly|some|nearly|almost|just|only|exactly|over|under|more|less|than|up|to|an?|"
    r"the|little|full|whole|mere|well|approximately|~|\u2248)\s*)*"
)
#: Words between two figures of which the one is held against the other.
AGAINST = re.compile(
    r"\b(?:where|against|versus|vs\.?|while|whereas|compared|instead of|up from|down from)\b",
    re.IGNORECASE,
)
#: How far a result may be off, and how far at most for it to be of the same thing.
OFF, FAR = 0.02, 12.0
#: From here on a figure is shown without decimals, where four digits would take an exponent.
_WHOLE = 1e4
#: Figures of two sentences that are tried with one another.
_MOST = 14


class Marked(NamedTuple):
    """A sentence with marks for its figures, what they mark, and where it stands."""

    text: str
    figures: Mapping[str, Quantity]
    passage: Passage
    sentence: Sentence
    here: Sequence[Mention]
    context: Context

    def words(self, one: Quantity) -> str:
        """A figure as it is written."""
        return self.passage.text[one.start : one.end]

    def of(self, *dimensions: str) -> list[Quantity]:
        """The figures of a dimension, or of any of several, in the order of the text."""
        return [each for each in self.figures.values() if each.dimension in dimensions]

    def digits(self, one: Quantity) -> float:
        """A figure as it is written, without its unit."""
        found = _DIGITS.search(self.words(one))
        return float(found[0].replace(",", "")) if found else one.value

    def of_period(self, one: Quantity) -> bool:
        """Whether a figure is told per hour, month or the like, right behind it."""
        return _PERIOD.match(self.passage.text, one.end) is not None

    def judged(
        self, one: Quantity, attribute: str, because: str, *, expected: str, verdict: str = "inconsistent"
    ) -> Finding:
        """The finding on a figure that is worked out from others."""
        return made(self.context, self.passage, (one.start, one.end), "arithmetic", verdict,
                    attribute=attribute, expected=expected, because=because,
                    evidence=(Evidence(because),))  # fmt: skip

    def held(
        self, one: Quantity, right: float, because: str, attribute: str, *, off: float = OFF
    ) -> Iterator[Finding]:
        """The finding on a result held against what it should be; none where they are far apart."""
        share = one.value / right if right else 0.0
        if not 1 / FAR < share < FAR:
            return
        told = self.digits(one) / share
        expected = f"{told:,.0f}" if told >= _WHOLE else f"{told:,.4g}"
        wrong = abs(share - 1) > max(off * (2 if one.limit else 1), self.step(one) / 1.9)
        yield self.judged(
            one, attribute, f"{because} make {expected}", expected=expected if wrong else "",
            verdict="inconsistent" if wrong else "confirmed",
        )  # fmt: skip

    def step(self, one: Quantity) -> float:
        """The last digit that a figure is told to, as a share of it."""
        found = _DIGITS.search(self.words(one))
        if found is None:
            return 0.1
        plain = found[0].replace(",", "").replace(".", "").lstrip("0") or "1"
        return 1 / float((plain if "." in found[0] else plain.rstrip("0")) or "1")


def marked(passage: Passage, sentence: Sentence, here: Sequence[Mention], context: Context) -> Marked:
    """A sentence with marks for its figures; names stand as they are, and numbers in them are none.

    Several readings ask for the same ones, each of which is made once.
    """
    known: dict[tuple[str, Sentence], Marked] = context.memo.setdefault("marked", {})
    key = passage.text, sentence
    if key not in known or known[key].passage is not passage:
        known[key] = _marked(passage, sentence, here, context)
    return known[key]


def _marked(passage: Passage, sentence: Sentence, here: Sequence[Mention], context: Context) -> Marked:
    marks: dict[str, Quantity] = {}
    parts, at = [], sentence.start
    for each in sorted(_clear(passage.text, sentence, here, context), key=lambda one: (one.start, -one.end)):
        if each.start >= at:
            mark = f"{_MARKS[each.dimension]}{len(marks)}"
            marks[mark] = each
            parts += [passage.text[at : each.start], f"<{mark}>"]
            at = each.end
    text = "".join([*parts, passage.text[at : sentence.end]])
    return Marked(text, marks, passage, sentence, here, context)


def _clear(text: str, sentence: Sentence, here: Sequence[Mention], context: Context) -> list[Quantity]:
    """The figures of a sentence that are no ranges and not of a name, in digits and in words."""
    told = within(quantities(text, context.fraction), sentence.start, sentence.end)
    told = [one for each in told for one in (_ends(text, each) if each.high != each.value else (each,))]
    found = [each for each in told if each.dimension in _MARKS]
    several = within(multiples(text), sentence.start, sentence.end)
    # "Half-precision" is no half.
    found += [each for each in several if text[each.end : each.end + 1] != "-"]
    found += [_count(match) for match in _COUNT.finditer(text, sentence.start, sentence.end)]
    names = within(here, sentence.start, sentence.end)
    return [each for each in found if not any(one.start <= each.start < one.end for one in names)]


#: "From 38.7 to 91.1 TFLOPS", which is read as a range.
_ENDS = re.compile(
    r"(?P<a>[$\u20ac\u00a3]?\s?\d[\d,.]*)(?:\s?[A-Za-z%/]+)?\s+to\s+(?P<b>[$\u20ac\u00a3]?\s?\d[\d,.]*)"
)
_FROM = re.compile(r"\bfrom\s+(?:about |around |some |the )?[$\u20ac\u00a3]?$", re.IGNORECASE)


def _ends(text: str, each: Quantity) -> tuple[Quantity, ...]:
    """The two ends of what a change is told of; none of a range."""
    found = _ENDS.match(text, each.start, each.end)
    if found is None or not _FROM.search(text, max(0, each.start - len("from about  ")), each.start):
        return ()
    first, last = found.end("a"), found.start("b")
    return each._replace(end=first, high=each.value), each._replace(start=last, value=each.high)


def _count(match: re.Match[str]) -> Quantity:
    """A number, or so many fold, in words."""
    value = float(SPELLED[match["n"].lower()])
    return Quantity(*match.span(), value, value, "times" if match["fold"] else "number", "", "")


def before(read: Marked, back: int = 1) -> list[Quantity]:
    """The figures of the sentence before, or of so many before."""
    every = sentences(read.passage.text)
    at = every.index(read.sentence)
    return [
        one
        for each in every[max(0, at - back) : at]
        for one in marked(read.passage, each, read.here, read.context).figures.values()
    ]


def besides(read: Marked, result: Quantity) -> list[float]:
    """What the other figures of a sentence and of the one before it may make of a result's dimension."""
    others = [each for each in (*before(read), *read.figures.values()) if each.start != result.start][:_MOST]
    own = [each for each in others if each.dimension == result.dimension]
    bare = [each.value for each in others if each.dimension in ("number", "times", "percent")]
    bare += [1 - each.value for each in others if each.dimension == "percent"]
    times = [(a, a.value * n) for a in own for n in bare]
    times += [(a, a.value / n) for a in own for n in bare if n]
    sums = [way for a, b in combinations(own, 2) for way in (a.value + b.value, abs(a.value - b.value))]
    # What is added to a product is no part of it.
    with_one = [
        way for a, one in times for b in own if b is not a for way in (one + b.value, abs(one - b.value))
    ]
    twice = [a.value * n * m for a in own for n, m in combinations(bare, 2)]
    return [*(each.value for each in own), *(one for _, one in times), *sums, *with_one, *twice]
