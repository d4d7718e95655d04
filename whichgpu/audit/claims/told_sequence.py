"""Several devices in the order of what the document told: "from fastest to slowest: A, B, C".

By every series of that kind which tells of all of them: where none has them in that order but for rounding,
the first two that stand the wrong way round are wrong.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.orders import MARGIN, apart
from whichgpu.audit.known.sides import is_open
from whichgpu.audit.known.store import SPOKEN, store
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Amount, Series
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

#: Words of an order, by what it is of and whether the most comes first.
_ORDERS = {
    ("speed", 1): r"from (?:the )?(?:fastest|quickest) to (?:the )?slowest|(?:fastest|quickest) first|(?:in )?(?:descending )?order of (?:speed|throughput)",  # noqa: E501
    ("speed", -1): r"from (?:the )?slowest to (?:the )?(?:fastest|quickest)|slowest first",
    ("price", -1): r"from (?:the )?(?:cheapest|least expensive) to (?:the )?(?:dearest|most expensive|priciest)|cheapest first",  # noqa: E501
    ("price", 1): r"from (?:the )?(?:dearest|most expensive|priciest) to (?:the )?(?:cheapest|least expensive)|(?:dearest|most expensive) first",  # noqa: E501
}  # fmt: skip
_ORDER = {key: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for key, words in _ORDERS.items()}
#: Between the names of an order.
_NEXT = re.compile(
    r"s?(?: GPU| card)?\s*(?:,|>|\u2192|->|/|;)?\s*(?:and (?:finally |then |last )?|then |"
    r"followed by |ahead of |before )?(?:the |an? )*",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\b(?:if|would|could|might|may|should|not|never|per (?:watt|dollar|euro|gpu|gb|gigabyte)|"
    r"bandwidth|memory|paper)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_LEAST = 3
_KINDS = {"speed": ("speed", "time"), "price": ("price",)}


def find(context: Context) -> Iterator[Finding]:
    """Every order that no series has."""
    told = [each for each in store(context) if each.group != SPOKEN]
    for index, passage in context.document.running() if told else ():
        for sentence in sentences(passage.text):
            for (kind, sign), way in _ORDER.items():
                match = way.search(passage.text, sentence.start, sentence.end)
                names = _named(index, passage, sentence, context) if match else []
                if len(names) >= _LEAST and not _NO.search(sentence.text):
                    yield from _judged(passage, names, (kind, sign), told, context)


def _named(index: int, passage: Passage, sentence: Sentence, context: Context) -> list[Mention]:
    """The names of a sentence in their order, where they stand one behind the other."""
    here = list(within(context.mentions.get(index, ()), sentence.start, sentence.end))
    if is_open(index, sentence.start, sentence.end, context):
        return []
    whole = all(_NEXT.fullmatch(passage.text, a.end, b.start) for a, b in pairwise(here))
    return here if whole and len({each.ids for each in here}) == len(here) else []


def _judged(
    passage: Passage,
    names: Sequence[Mention],
    order: tuple[str, int],
    told: Sequence[Series],
    context: Context,
) -> Iterator[Finding]:
    kind, sign = order
    wrong: list[tuple[Mention, Mention, Series]] = []
    meant = [each for each in told if each.measure in _KINDS[kind] and (kind == "price" or not each.derived)]
    own = [each for each in meant if each.section == passage.section]
    known = [(each, amounts) for each in (own or meant) if (amounts := _amounts(each, names))]
    for series, amounts in known:
        pairs = zip(pairwise(names), pairwise(amounts), strict=True)
        worst = [both for both, (a, b) in pairs if apart(a, b, series, sign) < -MARGIN]
        if not worst:
            return
        wrong.append((*worst[0], series))
    if wrong:
        one, other, series = wrong[0]
        shown = ", ".join(f"{each.name} {each.words}" for each in series.amounts[:6] if each.words)
        because = f"the document told otherwise: {shown}"
        yield made(
            context, passage, (one.start, other.end), "ordering", "inconsistent", attribute="told before",
            because=because, evidence=(Evidence(because),),
        )  # fmt: skip


def _amounts(series: Series, names: Sequence[Mention]) -> list[Amount]:
    """What a series tells of each name; empty where it tells not of all, or of one in several ways."""
    found = []
    for each in names:
        mine = [one for one in series.amounts if one.ids & {*each.ids}]
        if len(mine) != 1:
            return []
        found += mine
    return found
