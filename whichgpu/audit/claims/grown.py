"""Values that grew: "doubling memory from 12 GB to 24 GB", "up from 80 GB in the H100"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import BY_UNIT, RATES, attributes, named
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.judging import judged
from whichgpu.audit.nearest import fitting
from whichgpu.audit.quantities import multiples, quantities
from whichgpu.audit.roles import spoken
from whichgpu.audit.roundings import stated
from whichgpu.audit.sentences import guarded, sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

_FROM = re.compile(
    r"\bfrom\s+(?:about\s+|around\s+|roughly\s+|only\s+|just\s+|a\s+mere\s+|an?\s+)*[~$]?$", re.IGNORECASE
)
_TO = re.compile(
    r"\s*(?:of\s+)?(?:[\w-]+\s+){0,3}to\s+(?:about\s+|around\s+|roughly\s+|nearly\s+|almost\s+|over\s+|"
    r"a\s+full\s+|an?\s+|as much as\s+)*[~$]?",
    re.IGNORECASE,
)
_UP_FROM = re.compile(
    r"\b(?:up|down|compared to|versus|vs\.?|against)\s+(?:from\s+)?(?:only\s+|just\s+)?[~$]?$", re.IGNORECASE
)
_IN_THE = re.compile(
    r"\s*(?:of\s+)?(?:[\w-]+\s+){0,2}?(?:in|on|of|for|with)\s+(?:the\s+|an?\s+|its\s+predecessor,?\s+(?:the\s+)?)?(?:nvidia\s+|amd\s+|original\s+|older\s+|previous\s+)*$",
    re.IGNORECASE,
)
#: What is of each of some parts, a price, or of a system.
_ELSE = re.compile(
    r"\b(?:usage|used|consum\w+|required?|needs?|footprint|weights|kv|cache|nvlink|nvswitch|pcie|interconnect|per|price[ds]?|"
    r"cost\w*|quanti\w+|model|laptops?|idle|limit\w*|rack|node|system|server|cluster|pod|infinity|vary|varies|rang\w+|anywhere|"
    r"variants?|versions?|depending|models|scal\w+|configurable|undervolt\w*|overclock\w*)\b",
    re.IGNORECASE,
)
#: Between which shares of what is told the real ratio may be.
_LEAST, _MOST = 0.87, 1.3
_REACH, _CLOSE = 70, 24
_COMMA = re.compile(
    r"\s*[,(\u2013\u2014-]\s*(?:or\s+|an?\s+|(?:which|that) is\s+|i\.e\.,?\s+|nearly\s+|almost\s+|"
    r"about\s+|roughly\s+|over\s+|more "
    r"than\s+)*",
    re.IGNORECASE,
)
_ITS_OWN = re.compile(
    r"\s+(?:the\s+(?:bandwidth|memory|capacity|power|rate|speed|throughput)|as (?:much|many|high|fast|"
    r"large)|more|increase|gain|jump|rise|improvement|uplift)\s*(?:[.,;)]|$)",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every such value with its verdict: of its device, and against the multiple beside it."""
    for index, passage in context.document.running():
        if "from" not in passage.text:
            continue
        every = quantities(passage.text, context.fraction)
        for sentence in sentences(passage.text):
            found = [
                each for each in within(every, sentence.start, sentence.end) if each.high == each.value > 0
            ]
            yield from _of_sentence(index, passage, sentence, found, context)


def _of_sentence(
    index: int, passage: Passage, sentence: Sentence, found: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    text = passage.text
    who = spoken(index, passage, sentence, context)
    ranges = _ranges(passage, sentence, context)
    for old, new in ranges:
        yield from _by_multiple(passage, sentence, (old, new), context)
        yield from _of_two(passage, sentence, (old, new), who, context)
    for old in found:
        after = [each for each in who.here if each.start >= old.end][:1]
        if not after or not _IN_THE.fullmatch(text, old.end, after[0].start):
            continue
        if _UP_FROM.search(text, max(sentence.start, old.start - 24), old.start):
            yield from _of_device(passage, sentence, old, after[0], context)


def _ranges(passage: Passage, sentence: Sentence, context: Context) -> list[tuple[Quantity, Quantity]]:
    """Pairs of "from A to B" in a sentence, of one dimension; A may go without its unit."""
    text, found = passage.text, []
    every = within(quantities(text, context.fraction), sentence.start, sentence.end)
    for at, old in enumerate(every):
        if not _FROM.search(text, max(sentence.start, old.start - 30), old.start):
            continue
        if old.high != old.value:
            # "from 24 to 48 GB" is read as a range.
            found.append((old._replace(high=old.value), old._replace(value=old.high)))
        elif at + 1 < len(every):
            new = every[at + 1]
            same = old.dimension == new.dimension and new.high == new.value
            if same and _TO.fullmatch(text, old.end, new.start):
                found.append((old, new))
    return [each for each in found if each[0].dimension in (*BY_UNIT, *RATES, "count", "number", "frequency")]


def _by_multiple(
    passage: Passage, sentence: Sentence, both: tuple[Quantity, Quantity], context: Context
) -> Iterator[Finding]:
    """The multiple that is told right before: "doubling VRAM from 12 GB to 24 GB"."""
    old, new = both
    text = passage.text
    behind = [each for each in multiples(text) if 0 < each.start - new.end < _CLOSE]
    if behind and _COMMA.fullmatch(text, new.end, behind[0].start) and _ITS_OWN.match(text, behind[0].end):
        yield _multiple(passage, behind[0], both, context)
    near = [
        each for each in multiples(text) if max(sentence.start, old.start - _REACH) <= each.start < old.start
    ]
    if (
        not near
        or new.value == old.value
        or not old.value
        or re.search(r"[,;]|\band\b", _FROM.sub("", text[near[-1].end : old.start]).rstrip(" ,"))
    ):
        return
    yield _multiple(passage, near[-1], both, context)


def _multiple(passage: Passage, told: Quantity, both: tuple[Quantity, Quantity], context: Context) -> Finding:
    """Whether a multiple is that of a value that grew."""
    old, new = both
    real = new.value / old.value
    low, high = {"nearly": (0.8, 1.06), "over": (0.97, 1.6)}.get(told.limit, (_LEAST, _MOST))
    right = low <= real / told.value <= high
    because = f"{passage.text[old.start : new.end]}: {real:.3g} times"
    return made(
        context, passage, (told.start, told.end), "ratio", "confirmed" if right else "inconsistent",
        attribute="stated values", because=because, expected="" if right else f"{real:.2g}x",
        evidence=(Evidence(because),),
    )  # fmt: skip


def _of_two(
    passage: Passage, sentence: Sentence, both: tuple[Quantity, Quantity], who: Spoken, context: Context
) -> Iterator[Finding]:
    """The first value of what a device is set against, the second of the device."""
    old, new = both
    before = [each for each in who.here if each.end <= old.start]
    against = [each for each in before if each in who.against]
    own = [each for each in before if each not in who.against]
    first = own[-1] if own else (who.topic[0] if who.topic and who.certain else None)
    if old.start == new.start or any(each.start >= old.end for each in who.here) or first is None:
        return
    if _ELSE.search(sentence.text) or guarded(sentence.text):
        return
    if len({each.named for each in against}) == 1:
        yield from _of_device(passage, sentence, old, against[0], context)
    if len({each.named for each in own}) <= 1:
        yield from _of_device(passage, sentence, new, first, context)


def _of_device(
    passage: Passage, sentence: Sentence, value: Quantity, mention: Mention, context: Context
) -> Iterator[Finding]:
    """The verdict on a value of a device; an accusation only where its attribute is certain."""
    attribute = _attribute(passage.text, sentence, value)
    if attribute is None or not any(True for _ in fitting(attribute, [value])) or _ELSE.search(sentence.text):
        return
    gpus = [context.catalogue[key] for key in mention.named]
    words = passage.text[value.start : value.end]
    what = stated(value.value, words, value.limit, frozenset(), dimension=value.dimension, unit=value.unit)
    found = judged(attribute, what, gpus, context.catalogue, context.spoken_of)
    yield made(
        context, passage, (value.start, value.end), "specification", found.verdict,
        subject=", ".join(mention.named), attribute=attribute.key, because=found.because,
        expected=found.expected, evidence=found.evidence, true_for=found.true_for,
    )  # fmt: skip


def _attribute(text: str, sentence: Sentence, value: Quantity) -> Attribute | None:
    """What a value is of: what is named last before it in its dimension, else by its unit."""
    before = [
        each.attribute
        for each in within(named(text), max(sentence.start, value.start - _REACH), value.start)
        if any(True for _ in fitting(each.attribute, [value]))
    ]
    key = value.dimension if value.dimension in BY_UNIT else ""
    return before[-1] if before else attributes()[key] if key else None
