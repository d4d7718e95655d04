"""What a rate is said to be at most: "at 300 GB/s the L4 cannot go beyond 45 tokens per second with it".

Each token of one request reads the weights, so that the bandwidth over their size is the most there can be. A
figure that is called that most is wrong where it is far from it on either side; one that may be less, "up to"
so much, only where it is above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.decode import EXPERTS
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.models import formats, models, single
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.offers import usual
from whichgpu.audit.values.runs import active
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

#: That a rate is the most there can be, and that it is no more than that.
_MOST = re.compile(
    r"\b(?:at (?:the )?(?:most|best)|of a possible|upper (?:bounds?|limits?)|"
    r"(?:bounded|limited) (?:by|to)(?=[^.;:]{0,28}\d)|"
    r"no (?:more|faster) than|(?:cannot|can not|can[\u2019']t|won[\u2019']t|"
    r"will not|will never|can never|could never|could not|couldn[\u2019']t) (?:ever )?(?:exceed|surpass|"
    r"go (?:above|beyond|past|over)|"
    r"get (?:above|beyond|past)|be (?:faster|more)|do (?:better|more)|top|beat)|ceilings?|"
    r"upper (?:bound|limit)|(?:theoretical\w*|physical|absolute|hard) (?:maximum|limit|cap|best|possible)|"
    r"maximum (?:of|is|rate)|limits? (?:it |this |that |us |you )?(?:to|is|of|at)|capped? at|tops? out at|"
    r"bounds? (?:is|are|of|at|for))\b",
    re.IGNORECASE,
)
_UP_TO = re.compile(
    r"\b(?:up to|as (?:high|fast|many) as|theoretical\w*|in theory|on paper|potential\w*|could|can)\b",
    re.IGNORECASE,
)
#: What makes more of one reading of the weights, or reads less or other things.
_ELSE = re.compile(
    r"\b(?:batch\w*|concurren\w*|users|requests|streams|total|aggregate\w*|together|combined|throughput|"
    r"speculat\w*|draft\w*|mtp|prompts?|prefill\w*|train\w*|tun(?:e|ed|ing)|experts?|moe|offload\w*|cpu|"
    r"ddr\d|%|percent|cached?|sparse\w*|prun\w*|if|would|per (?:dollar|watt))\b",
    re.IGNORECASE,
)
_OVER, _UNDER = 1.12, 0.72
_BACK = 2


def _said(context: Context) -> Iterator[tuple[int, Passage, Sentence]]:
    """Every sentence that asks nothing: that a rate could be reached is what such a one says."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            if "?" not in sentence.text and "tok" in passage.text:
                yield index, passage, sentence


class _Weights(NamedTuple):
    """Bytes that a token reads, and the words for them."""

    size: float
    words: str


def at_most(context: Context) -> Iterator[Finding]:
    """Every rate that is called the most there can be, and is not."""
    for index, passage, sentence in _said(context):
        most, up_to = _MOST.search(sentence.text), _UP_TO.search(sentence.text)
        if not (most or up_to) or _ELSE.search(_MOST.sub(" ", sentence.text)):
            continue
        told = _rates(passage, sentence, context)
        weights = _weights(index, passage, sentence, context) if told else None
        for before, each in zip([None, *told], told, strict=False):
            start = before.end if before else sentence.start
            whose = _right_at(passage.text, each, index, context) or _whose(
                index, (start, each.start, sentence.end), context
            )
            if weights and whose and not _is_measured(passage.text, sentence.start, each):
                both = most is not None and most.start() + sentence.start < each.start
                yield from _judged(passage, each, (weights, whose), context, both=both)


#: What was seen, and is no bound.
_SEEN = re.compile(
    r"\b(?:measur\w*|saw|sees?|got|gets?|reached|achiev\w*|managed|manages|real(?:istic\w*)?|practice|efficien\w*|"
    r"did|does|ran|clocked|delivered|recorded|actually)\b",
    re.IGNORECASE,
)


def _is_measured(text: str, start: int, one: Quantity) -> bool:
    """Whether a rate was seen, rather than said to be the most since."""
    seen = max((each.end() for each in _SEEN.finditer(text, start, one.start)), default=-1)
    most = max((each.end() for each in _MOST.finditer(text, start, one.start)), default=-1)
    return seen > most


def _rates(passage: Passage, sentence: Sentence, context: Context) -> list[Quantity]:
    """The rates of tokens of a sentence, with bare numbers behind one: "72 tokens/s on A, 57 on B"."""
    text, names = passage.text, context.mentions.get(context.place(passage), ())
    found: list[Quantity] = []
    for each in within(quantities(text, context.fraction), sentence.start, sentence.end):
        tokens = each.dimension == "rate" and each.unit.lower().startswith("tok")
        inside = any(one.start <= each.start < one.end for one in names)
        if each.value != each.high or inside or not (tokens or each.dimension == "number"):
            continue
        if not tokens and _OPERAND.match(text, each.end):
            continue
        bare = any(
            _ON_IT.fullmatch(text, each.end, one.start) or _IT_HAS.fullmatch(text, one.end, each.start)
            for one in names
        )
        plain = _RIGHT_BEFORE.search(text, sentence.start, each.start)
        before = found or _TOKENS.search(text, 0, each.start)
        if tokens or (before and (bare or plain)):
            found.append(each)
    return found


#: Behind a number that is worked with: "288 / 4 = 72 on the newer one".
_OPERAND = re.compile(r"\s?[/*+\u00d7\u00f7=]\s?[$~]?\d")
_TOKENS = re.compile(r"\b(?:tok(?:en)?s?|t)\s?(?:/|per\s|a\s)\s?s(?:ec(?:ond)?)?\b", re.IGNORECASE)
_RIGHT_BEFORE = re.compile(rf"{_MOST.pattern}\s$", re.IGNORECASE)
#: Between a bare number and the device that it is of, and the other way round.
_ON_IT = re.compile(r"\s(?:on|for|with|in)\s(?:the\s|an?\s|two\s)?", re.IGNORECASE)
_IT_HAS = re.compile(
    r"s?(?:,|:)?\s(?:(?:to|at|at most|at best|only|just|about|some|reaches|is|gets|does|makes|can do)\s)*",
    re.I,
)


def _right_at(text: str, one: Quantity, index: int, context: Context) -> Mention | None:
    """The device right behind a rate: "154 tokens/s on the 2080 Ti"."""
    names = context.mentions.get(index, ())
    return next((each for each in names if _ON_IT.fullmatch(text, one.end, each.start)), None)


def _whose(index: int, place: tuple[int, int, int], context: Context) -> Mention | None:
    """The one device between the rate before and a rate, else the one behind it."""
    start, at, end = place
    named = context.mentions.get(index, ())
    for found in (within(named, start, at), within(named, at, end)):
        if found:
            return found[0] if len({each.named for each in found}) == 1 else None
    return None


def _weights(index: int, passage: Passage, sentence: Sentence, context: Context) -> _Weights | None:
    """What the sentence says to be read, else the sentences before it, last first."""
    earlier = [each for each in sentences(passage.text) if each.start < sentence.start][-_BACK:]
    for one in (sentence, *reversed(earlier)):
        told = _told(index, passage, one, context)
        if told is not None:
            return told
    return None


def _told(index: int, passage: Passage, sentence: Sentence, context: Context) -> _Weights | None:
    names = context.mentions.get(index, ())
    sizes = [
        each
        for each in within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
        if each.dimension == "memory"
        and each.value == each.high
        and not any(one.start <= each.start < one.end for one in names)
        and not _is_of_device(each, context)
        and not _LEFT.match(passage.text, each.end)
    ]
    found, said = models(sentence.text), formats(sentence.text)
    if len({each.value for each in sizes}) == 1:
        return _Weights(sizes[0].value, passage.text[sizes[0].start : sizes[0].end])
    one = single(found)
    if sizes or one is None or len(said) != 1 or active(one.name.strip()) or EXPERTS.search(sentence.text):
        return None
    return _Weights(one.parameters * said[0].least, f"{one.name.strip()} in {said[0].name}")


#: Behind an amount of room that nothing reads.
_LEFT = re.compile(
    r"\s+(?:\w+\s)?(?:left|free|remain\w*|to spare|spare|smaller|larger|less|more|bigger)\b", re.IGNORECASE
)


def _is_of_device(one: Quantity, context: Context) -> bool:
    """Whether an amount is the memory of a device that the text speaks of."""
    known = (nominal_gb(float(context.catalogue[key].value("memory") or 0)) for key in context.spoken_of)
    return any(each and abs(one.value / (each * 1e9) - 1) < _SAME for each in known)


_SAME = 0.005


def _judged(
    passage: Passage, rate: Quantity, of: tuple[_Weights, Mention], context: Context, *, both: bool
) -> Iterator[Finding]:
    weights, whose = of
    many = counted(passage.text, 0, whose.start)
    gpus = [context.catalogue[key] for key in usual(whose.ids)]
    widths: Sequence[float] = [float(gpu.value("bandwidth") or 0) for gpu in gpus]
    if not widths or not all(widths):
        return
    least, most = min(widths) * many / weights.size, max(widths) * many / weights.size
    low = both and many == 1 and rate.value < least * _UNDER
    if rate.value <= most * _OVER and not low:
        return
    because = (
        f"a token reads {weights.words}; at {max(widths) * many / 1e9:,.0f} GB/s that is at most "
        f"{most:,.3g} a "
        f"second"
    )
    yield made(
        context, passage, (rate.start, rate.end), "benchmark", "contradicted", attribute="throughput",
        subject=", ".join(whose.ids), because=because, expected=f"{most:,.3g}", evidence=(Evidence(because),),
    )  # fmt: skip
