"""Who of two is ahead, by what the document told of both: "on detection the T4 wins", "per run the 3090 is the thriftier".

Unlike a place among several, a comparative by itself ("the A4000 is the faster card") is of the other one of two.
It is wrong where every row, column or sentence that it may be by tells of just two things, and has it the other
way round by a margin.
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.told_ratios import clause, is_of_other_work, measure
from whichgpu.audit.claims.worded_places import within_clause
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.orders import MARGIN, apart, catalogue_says
from whichgpu.audit.known.said import OF_COMPUTE
from whichgpu.audit.known.sides import Side, goes_on, is_open, last, place
from whichgpu.audit.known.store import store
from whichgpu.audit.sentences import Sentence, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Amount, Series

_THING = r"(?:\s+(?:card|gpu|one|chip|option|choice|machine|accelerator|part))?"
_END = r"(?=\s*(?:[.,;:)]|$|\b(?:in|here|there|for|by|and|but|on|with|at|overall|per|of the (?:two|pair))\b))"
#: Comparatives of one of two, by what they compare and from which end.
_WORDS = {
    ("speed", 1): r"(?:faster|quicker|speedier)",
    ("speed", -1): r"slower",
    ("price", -1): r"(?:cheaper|less expensive)",
    ("price", 1): r"(?:dearer|pricier|more expensive|costlier)",
    ("efficiency", 1): r"(?:more (?:energy-|power-)?efficient|thriftier|more frugal|more economical)",
    ("value", 1): r"better (?:buy|value|deal|bargain)",
}
_IS = r"(?:is|are|was|remains?|stays|turns out(?: to be)?|proves)\s+(?:also |still |clearly |actually |again |even |easily )*"  # noqa: E501
_THE = {
    key: re.compile(rf"\b{_IS}the\s+(?:much |far |clearly )?{words}{_THING}{_END}", re.IGNORECASE)
    for key, words in _WORDS.items()
}
_TIMES_AS_FAST = re.compile(
    rf"\b{_IS}(?:about |nearly |almost |more than |over |roughly |some |well over )*"
    rf"(?:twice|three times|four times|five times|\d+(?:\.\d+)?(?:x| times)) as (?:fast|quick){_END}",
    re.IGNORECASE,
)
_WINS = re.compile(
    r"\b(?:wins?(?: out)?(?= (?:by|clearly|easily|hands down|in|on|with|here)|[.,;])|"
    r"(?:has|have|keeps?|holds?) the (?:edge|upper hand|lead)|takes? the lead|"
    r"(?:comes? out|is|are|stays?|pulls?) (?:well |clearly |far |just |narrowly )?(?:ahead|in front)"
    rf"(?= by\b|[.,;]| (?:in|on|here)\b)){_END}",
    re.IGNORECASE,
)
#: What is no statement, or of what no table tells.
_NO = re.compile(
    r"\b(?:unless|would|could|might|may|should|ought|expect\w*|claim\w*|rumou?r\w*|says?|said|not|never|"
    r"none|neither|nor|usually|often|sometimes|typically|once|until|used|second-hand|next|idle|vram|launch|"
    r"paper|theory|games?|gaming|resale|whether|supposed\w*|probably|likely|almost nothing|undervolt\w*|"
    r"overclock\w*|instead|either|both|where|than|availab\w*|quiet\w*|memory|capacity|latency|driver\w*|"
    r"software|features?|worth|then)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_IF = re.compile(r"\b(?:if|when|as long as|whoever|whenever|for those|people)\b", re.IGNORECASE)
_PER_WORK = re.compile(
    r"\b(?:per|a|each|every) (?:million |thousand |finished )?(?:tokens?|images?|pictures?|jobs?|"
    r"runs?|epochs?|"
    r"requests?)\b",
    re.IGNORECASE,
)
#: Words of work, and what rows of it are headed by.
_SAME = {
    "chat": {"token"}, "chatbot": {"token"}, "generation": {"token"}, "generating": {"token"}, "llm": {"token"},  # noqa: E501
    "picture": {"image", "sdxl", "diffusion", "flux"}, "image": {"sdxl", "diffusion", "flux"},
    "diffusion": {"image", "sdxl"}, "convolution": {"resnet"}, "convolutional": {"resnet"},
    "detection": {"yolo"},
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z]+\d*|\d+[A-Za-z]+\d*")
_COMMON = frozenset({
    "the", "a", "of", "and", "in", "on", "per", "with", "for", "at", "s", "sec", "second", "our", "we", "as",
    "to", "is", "are", "it", "this", "that", "by", "from", "one", "two", "card", "gpu", "min", "minute", "hour",  # noqa: E501
    "x", "single", "user", "batch", "all", "more", "other", "way", "time", "step", "k", "m", "so", "you",
})  # fmt: skip
_KINDS = {
    "speed": ("speed", "time"), "price": ("price",), "value": ("value",), "efficiency": ("efficiency", "energy"),  # noqa: E501
}  # fmt: skip
_TWO = 2


def find(context: Context) -> Iterator[Finding]:
    """Every such comparative that the two amounts told exclude."""
    told = [each for each in store(context) if _is_of_two(each)]
    done = [
        (each.start, each.end)
        for each in context.memo["found"]
        if each.accuses and (each.kind == "ratio" or each.attribute == "told before")
    ]
    for index, passage in context.document.running() if told else ():
        for sentence in sentences(passage.text):
            start, end = passage.span(sentence.start, sentence.end)
            if "?" not in sentence.text and not any(a < end and start < b for a, b in done):
                yield from _judged(index, passage, sentence, told, context)


def _is_of_two(series: Series) -> bool:
    things = {each.ids or each.name for each in series.amounts}
    return len(series.amounts) == len(things) == _TWO


def _ways(text: str, sentence: Sentence) -> Iterator[tuple[str, int, re.Match[str]]]:
    """Who of two is ahead, in so many words: by what, from which end, and where."""
    for (kind, sign), way in _THE.items():
        for match in way.finditer(text, sentence.start, sentence.end):
            yield kind, sign, match
    for way in (_TIMES_AS_FAST, _WINS):
        for match in way.finditer(text, sentence.start, sentence.end):
            yield "speed", 1, match


def _judged(
    index: int, passage: Passage, sentence: Sentence, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    text = passage.text
    for kind, sign, match in _ways(text, sentence):
        at = within_clause(text, clause(text, sentence, *match.span()), match.span())
        # A condition in front of it is told before the last comma.
        condition = _IF.search(text, at[0], match.start())
        head = text.rfind(",", at[0], match.start()) + 1 if condition else at[0]
        if (condition and not head) or _NO.search(text, head, at[1]) or is_of_other_work(text, at, told):
            continue
        head = max(head, at[0])
        before = Sentence(head, match.start(), text[head : match.start()])
        if is_open(index, head, match.start(), context):
            continue
        one = last(index, passage, before, told, context) or goes_on(
            index, passage, sentence, before, context
        )
        if one is None or len(one.ids) != 1 or one.number > 1:
            continue
        if kind == "speed" and measure(text, *at, match.span()) not in ("", "speed"):
            continue
        meant, sure = _meant(kind, sentence, match, passage, told)
        found = [] if kind == "speed" and _of_costs(text, sentence) else list(_sides(meant, one))
        if not found or not all(apart(a, b, each, sign) < -MARGIN for a, b, each in found):
            continue
        a, b, _ = found[0]
        other = Side((b.ids,)) if b.ids else None
        if other and kind == "speed" and not sure:
            if catalogue_says(one, other, kind, sign, context):
                continue
            if condition and not catalogue_says(other, one, kind, sign, context):
                continue
        named = place(index, passage, before, context)
        start = named[-1].start if named else match.start()
        because = f"the document told otherwise: {a.name} {a.words}, {b.name} {b.words}"
        yield made(
            context, passage, (start, match.end()), "ordering", "inconsistent", attribute="told before",
            because=because, evidence=(Evidence(because),),
        )  # fmt: skip


def _of_costs(text: str, sentence: Sentence) -> bool:
    """Whether a sentence, or one of the two before it, tells of money: who wins may be by that."""
    before = [each for each in sentences(text) if each.end <= sentence.start][-2:]
    return _MONEY.search(text, before[0].start if before else sentence.start, sentence.end) is not None


_MONEY = re.compile(
    r"[$\u20ac\u00a3]\s?\d|\b(?:cents?|dollars?|euros?|cheap\w*|costs?|prices?)\b", re.IGNORECASE
)


def _sides(meant: Sequence[Series], one: Side) -> Iterator[tuple[Amount, Amount, Series]]:
    """The amount of a thing in each series, that of the other, and the series."""
    for each in meant:
        own = [amount for some in one.of(each) for amount in some]
        if len(own) == 1:
            other = next(amount for amount in each.amounts if amount != own[0])
            yield own[0], other, each


def _meant(
    kind: str, sentence: Sentence, match: re.Match[str], passage: Passage, told: Sequence[Series]
) -> tuple[list[Series], bool]:
    """The series that a comparative may be by: those headed by the words of its sentence, else all of its kind.

    And whether there are such words.
    """  # noqa: E501
    found = [each for each in told if each.measure in _KINDS[kind]]
    found = [each for each in found if not each.derived] or found
    if kind == "speed":
        found = [each for each in found if not each.derived]
        found = [
            each for each in found if not OF_COMPUTE.search(sentence.text) or OF_COMPUTE.search(each.label)
        ]
    if kind == "price":
        work = _PER_WORK.search(sentence.text) is not None
        found = [each for each in found if work == (_PER_WORK.search(each.label) is not None)]
    said = _stems(passage.text[sentence.start : match.start()])
    rank = [len(_stems(each.label) & said) for each in found]
    best = max(rank, default=0)
    return [each for each, n in zip(found, rank, strict=True) if n == best], best > 0


def _stems(words: str) -> set[str]:
    every = {one.lower().rstrip("s") for one in _WORD.findall(words)}
    if "image" in every or "picture" in every:
        every -= {"generation", "generating"}
    return every.union(*(_SAME.get(one, ()) for one in every)) - _COMMON
