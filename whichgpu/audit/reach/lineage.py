"""Who came after whom: "it is the successor of Turing", "the generation right before Volta".

Both ends are a device or an architecture, the first of them the last that was named where a pronoun stands
for it. Wrong is an order that the days of release exclude, and a direct succession with a generation in
between.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_indicative
from whichgpu.audit.devices.families import architectures as named
from whichgpu.audit.devices.families import family_of
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.reach.places import apart, lines
from whichgpu.audit.text.sentences import sentences, topic
from whichgpu.audit.values.fields import days_of, released
from whichgpu.hardware.architecture import after, architectures, before, families, generations
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_DIRECT = r"(?:(?P<{0}>direct(?:ly)?|immediate(?:ly)?|right|straight|next) )?"
#: What says that the first came after the second, or before it; the second stands right behind.
_AFTER = re.compile(
    rf"\b(?:(?:the|a|its) {_DIRECT.format('a')}(?:successor|heir|follow-up|replacement) (?:of|to|for)|"
    rf"(?:{_DIRECT.format('b')}(?:succeed(?:s|ed)|supersed(?:es|ed)))|(?:directly|immediately) follow(?:s|"
    rf"ed)|"
    rf"(?:[\u2019']s|its) {_DIRECT.format('f')}predecessor(?:,| is| was)|(?P<place>replaces|replaced)|"
    # "One generation behind it" is older.
    rf"generation {_DIRECT.format('c')}after|"
    rf"(?:came|followed|arrived) {_DIRECT.format('d')}(?:after|on))\s+$",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"\b(?:(?:the|a|its) {_DIRECT.format('a')}(?:predecessor|forerunner|precursor) (?:of|to)|"
    rf"(?:[\u2019']s|its) {_DIRECT.format('g')}successor(?:,| is| was| came as)(?: called| named)?|"
    r"successor (?:to|of|for) [^.,;]{2,30} (?:is|was|came as|arrived as)(?: called| named)?|"
    rf"{_DIRECT.format('b')}preced(?:es|ed)|generation {_DIRECT.format('c')}before|"
    rf"(?:was|were|is) (?:(?P<e>directly|immediately) )?(?:succeeded|superseded|followed|replaced) "
    rf"(?:(?P<d>directly|immediately) )?by|"
    rf"(?:came|arrived) (?P<f>right |directly |immediately )?before)\s+$",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\b(?:not|never|no|nor|spiritual|intended|planned|supposed|instead|rather|would|could|might|if|"
    r"unofficial|"
    r"skip\w*|between|market|price|slot|class|rumou?r\w*|call\w*|"
    # Whose card took whose place in some machines is no line of a maker's.
    r"our|my|we|(?-i:I)(?!\.)|your|their|clusters?|fleets?|labs?|clouds?|servers?|racks?|machines?|workstations?)\b|"
    r"n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_SLACK, _NEAR = 45, 70


class End(NamedTuple):
    """A device or an architecture that is named: where, how, which devices, and of which architectures."""

    start: int
    end: int
    words: str
    gpus: tuple[Gpu, ...]
    kinds: frozenset[str]


def lineage(context: Context) -> Iterator[Finding]:
    """Every succession that the catalogue excludes."""
    for index, passage in context.document.running():
        if not any(word in passage.text for word in _WORDS):
            continue
        ends: list[End] | None = None
        for sentence in sentences(passage.text):
            if not _ANY.search(sentence.text) or not is_indicative(sentence.text):
                continue
            ends = ends_of(index, passage, context) if ends is None else ends
            for each in ends:
                if sentence.start <= each.start < sentence.end:
                    yield from _judged(passage, sentence, each, ends, context)


#: What every succession is told by; and of a sentence.
_WORDS = (
    "successor", "heir", "follow", "replace", "succeed", "supersed", "generation", "came", "arrived",
    "predecessor", "forerunner", "precursor", "preced",
)  # fmt: skip
_ANY = re.compile("|".join(_WORDS), re.IGNORECASE)


def ends_of(index: int, passage: Passage, context: Context) -> list[End]:
    """The devices and architectures that a passage names, in their order."""
    here = [each for each in context.mentions.get(index, ()) if each.ids]
    found = []
    for each in here:
        gpus = tuple(context.catalogue[key] for key in each.ids)
        kinds = frozenset(gpu.architecture for gpu in gpus)
        found.append(End(each.start, each.end, each.text, gpus, kinds))
    for match in named().finditer(passage.text):
        inside = any(each.start < match.end() and match.start() < each.end for each in here)
        if not inside and (kinds := _variants(family_of(match[0]))):
            found.append(End(*match.span(), match[0], (), kinds))
    return sorted(found, key=lambda each: each.start)


def _variants(name: str) -> frozenset[str]:
    """The architectures of a family, or the one of that name."""
    if name in architectures():
        return frozenset({name})
    return frozenset(one.id for one in families()[name].variants) if name in families() else frozenset()


def _judged(
    passage: Passage, sentence: Sentence, second: End, ends: Sequence[End], context: Context
) -> Iterator[Finding]:
    text = passage.text
    start = second.start
    while (the := _THE_BEFORE.search(text, max(sentence.start, start - 24), start)) and the.start() < start:
        start = the.start()
    for pattern, comes_after in ((_AFTER, True), (_BEFORE, False)):
        said = pattern.search(text, max(sentence.start, start - _NEAR), start)
        if said is None:
            continue
        if _NO.search(_clause(text, sentence, said.start(), second.end).replace(said[0], " ")):
            return
        within_it = [each for each in ends if said.start() <= each.start and each.end <= said.end()]
        first = within_it[-1] if within_it else _first(text, sentence, said.start(), second, ends)
        first = first or _headed(passage, text[sentence.start : second.start], context)
        if first is None or {gpu.id for gpu in first.gpus} & {gpu.id for gpu in second.gpus}:
            return
        later, earlier = (first, second) if comes_after else (second, first)
        because = _why_not(later, earlier, said, whole=not second.gpus)
        if because:
            place = said.start(), second.end
            yield made(
                context, passage, place, "ordering", "contradicted", attribute="release_date",
                because=because, subject=first.words, evidence=(Evidence(because),),
            )  # fmt: skip
        return


def _why_not(later: End, earlier: End, said: re.Match[str], *, whole: bool) -> str:
    """Why the one cannot have come after the other as it is said; empty where it can."""
    told = said.groupdict()
    if told.get("place"):
        return apart(later.gpus, earlier.gpus)
    because = excluded(later, earlier, direct=any(told.values()) and whole)
    if not because and _SUCCESSION.search(said[0]):
        because = _in_between(later, earlier) or apart(later.gpus, earlier.gpus)
    return because


_THE_BEFORE = re.compile(
    r"\b(?:the|an?|nvidia[\u2019']s|amd[\u2019']s|nvidia|amd|own|older|newer|tesla|instinct)\s+$",
    re.IGNORECASE,
)
_IT = re.compile(r"\b(?:it|this|that|which|they|these|generation|card|gpu|one)\b", re.IGNORECASE)
_PARTS = re.compile(r"[,;:()]\s|\s[\u2013\u2014]\s")


def _clause(text: str, sentence: Sentence, start: int, end: int) -> str:
    first = max((each.end() for each in _PARTS.finditer(text, sentence.start, start)), default=sentence.start)
    last = _PARTS.search(text, end, sentence.end)
    return text[first : last.start() if last else sentence.end]


def _first(text: str, sentence: Sentence, at: int, second: End, ends: Sequence[End]) -> End | None:
    """Who is said to have come after or before: the last that is named before it, alone in its sentence."""
    inside = [each for each in ends if sentence.start <= each.start and each.end <= at]
    if inside:
        # "The T4 is based on Turing and was the replacement for the P4": of the card.
        own = [each for each in inside if each.gpus or not second.gpus]
        return (own or inside)[-1]
    behind = next((each for each in ends if second.end <= each.start < sentence.end), None)
    if behind and _FRONTED.fullmatch(text, second.end, behind.start):
        # "As the successor to the V100, the A100 has".
        return behind
    ahead = [each for each in ends if each.end <= sentence.start]
    if not ahead or not _IT.search(text, sentence.start, second.start):
        return None
    # The last sentence that names any names it alone.
    last = next(
        (each for each in reversed(sentences(text)) if each.start <= ahead[-1].start < each.end), None
    )
    own = [each for each in ahead if last is not None and each.start >= last.start and bool(each.gpus)]
    return own[0] if len({each.words for each in own}) == 1 else None


def _headed(passage: Passage, before: str, context: Context) -> End | None:
    """The device of the heading, where "it" or "its" begins a sentence before which none is named."""
    about, certain = topic(context.place(passage), passage, context)
    if not about or not certain or not about[-1].ids or not _ITS.match(before):
        return None
    gpus = tuple(context.catalogue[key] for key in about[-1].ids)
    return End(0, 0, about[-1].text, gpus, frozenset(gpu.architecture for gpu in gpus))


_ITS = re.compile(r"\W*(?:it|its|this (?:card|one|gpu|module))\b", re.IGNORECASE)
_SUCCESSION = re.compile(
    r"success|heir|predecess|succeed|supersed|replacement|follow-up|direct|immediate", re.IGNORECASE
)
_FRONTED = re.compile(r",\s+(?:the |an? |nvidia[\u2019']s |amd[\u2019']s )?(?:new |newer )?", re.IGNORECASE)


def _in_between(later: End, earlier: End) -> str:
    """A generation between two devices one of which is called the successor of the other."""
    families_of = [{generations().get(key) for key in end.kinds} for end in (later, earlier)]
    if not later.gpus or not earlier.gpus or families_of[0] & families_of[1]:
        return ""
    above = {one.id for key in later.kinds for step in before(key) for one in step.variants}
    if not above or earlier.kinds & above or _are_neighbours(later, earlier):
        return ""
    names = sorted({generations().get(key, key).replace("_", " ").title() for key in above})
    return f"between {later.words} and {earlier.words} came {' and '.join(names)}"


def _are_neighbours(later: End, earlier: End) -> bool:
    """Whether one took the other's place in a line that passes a generation over."""
    one, other = ({gpu.id.split("-")[0] for gpu in end.gpus} for end in (later, earlier))
    return any(a in other and b in one for line in lines() for a, b in pairwise(line))


def _years(end: End, *, whole: bool) -> list[int]:
    """The years in which devices came out, or architectures did."""
    if end.gpus and not whole:
        return [int(released(gpu)[:4]) for gpu in end.gpus if released(gpu)]
    found = (families()[generations()[key]].year for key in end.kinds if key in generations())
    return [year for year in found if year]


def excluded(later: End, earlier: End, *, direct: bool = False) -> str:
    """Why one cannot have come after the other, or not directly; empty where it can."""
    descendants = {one.id for key in later.kinds for step in after(key) for one in step.variants}
    if earlier.kinds <= descendants - later.kinds:
        return f"{later.words} came before {earlier.words}"
    # Volta and Turing both followed Pascal, one after the other.
    whole = not (later.gpus and earlier.gpus)
    years = [_years(one, whole=whole) for one in (later, earlier)]
    if all(years) and max(years[0]) < min(years[1]):
        return f"{later.words} is of {max(years[0])}, {earlier.words} of {min(years[1])}"
    days = [[days_of(gpu) for gpu in end.gpus if released(gpu)] for end in (later, earlier)]
    if all(days) and max(each[1] for each in days[0]) + _SLACK < min(each[0] for each in days[1]):
        return f"{later.words} came out before {earlier.words}"
    # "In spirit the direct heir of the T4": of two devices it is told of their place in a line.
    above = {one.id for key in later.kinds for step in before(key) for one in step.variants}
    if not direct or not above or earlier.kinds & (above | later.kinds):
        return ""
    return f"right before {later.words} came {' and '.join(sorted(above))}"
