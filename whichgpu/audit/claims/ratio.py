"""Ratios: "nearly 2.5x the bandwidth", "more than double", "over three times the VRAM", "30 % more cores"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.changes import is_of_growth
from whichgpu.audit.comparisons.measures import OF_A_LINK
from whichgpu.audit.comparisons.multiple import (
    AT_REST,
    OF_SLICES,
    SCALING,
    TOGETHER,
    by_text,
    finding_on,
    is_per_other,
    of_speed,
    parts,
    verdict_of,
)
from whichgpu.audit.comparisons.of_what import OF_ONE_IN, SPEED, across_precisions, attribute_of, is_of_speed
from whichgpu.audit.comparisons.pairs import (
    Pair,
    compared,
    devices,
    exact,
    facts,
    is_left,
    named_before,
    pair,
    ratios,
    told,
    unsure,
)  # fmt: skip
from whichgpu.audit.comparisons.prices import at_launch
from whichgpu.audit.comparisons.said import AFTER, BEFORE, OF_THEM, THAN_SEVERAL, in_which, said_in
from whichgpu.audit.comparisons.values import against_device, by_values
from whichgpu.audit.devices.descriptions import OF_KIN
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.tables.variants import is_right
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes, named
from whichgpu.audit.values.nearest import fitting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.comparisons.multiple import Multiple
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute


#: What a multiple is not of two devices.
OTHER = re.compile(
    r"\b(?:than (?:before|now|today|ever)|s?he (?:has|had|gets?|got)|"
    r"(?:of|than|as) (?:my|our) (?:own |old |present )?(?:card|gpu|one)|"
    r"previous|predecessor|generation|last[- ]gen|older|cpu|batch|price|cost\w*|money|budget|cash|"
    r"cheaper|per dollar|"
    r"per watt|efficien\w+|required?|"
    r"needs?(?![^.;,]{0,30}\b(?:power|watts|energy)\b|\s[\d.,]+\s?k?W\b)|(?<!\d )(?<!single.)(?<!double.)"
    r"precision|"
    r"with sparsity)\b",
    re.IGNORECASE,
)
#: "Doubles from 7.8 to 19.5 TFLOPS" is of these two.
_FROM = re.compile(r"\s+from\s+[\d$]", re.IGNORECASE)
#: "Double the memory bandwidth", with nothing that it is double of; of how many devices that may be.
_ELIDED = re.compile(r"\s+the\s+(?:[\w-]+\s+){0,2}?[\w-]+\s*(?:[.,;:)(]|$|and\b)", re.IGNORECASE)
_MOST = 4
#: A part of what was told: "a model of 42 GB, half of it on a 3090".
_OF_IT = re.compile(r"\s+of (?:(?:it|them|this|these|those)\b|that(?=\s*(?:[.,;:)]|$)))", re.IGNORECASE)
#: A part of a device: "half of its memory on the back of the board".
OF_ITS_PART = re.compile(
    r"\s+of (?:its|their) (?:own )?(?:memory|VRAM|cores|chips) "
    r"(?:on|in|at|under|behind|for|free|idle|unused)\b",
    re.IGNORECASE,
)
#: "Half as tall as normal", "fails twice as often": of what no data sheet tells.
_AS_TALL = re.compile(
    r"\s+as\s+(?:tall|long|deep|heavy|thick|thin|loud|quiet|hot|warm|old|new|often|likely|frequent\w*|"
    r"common|hard|easy)\b",
    re.IGNORECASE,
)
#: What is a share of another rate of its own: "that is half of FP32", "65 in FP16 and twice that in INT8".
_OF_ITS_RATE = re.compile(
    r"[\s-]+rate\b(?! (?:of|as))|"
    r"\s+(?:(?:of )?(?:the |its )?(?:FP|TF|INT)\d{1,2}(?: rate| speed)?\s*(?:[.,;:)]|$)|"
    r"(?:of )?that (?:in|at|with|for|on)\s+(?:the\s+)?(?:FP|BF|TF|INT|sparsity|tensor))",
    re.IGNORECASE,
)
#: What another device needs is its power: "about a fifth of what the L40S needs".
_WHAT_NEEDS = re.compile(r"\bwhat\s+(?:the\s+|an?\s+)?[\w -]{2,24}?\s+(?:needs|requires)\b", re.IGNORECASE)
#: "9.7 TFLOPS of FP64, twice as much with Tensor Cores": by means of them.
_WITH_THEM = re.compile(
    r"\s+(?:as (?:much|many|fast|high) |that )?(?:with|on|using|through|by|over) (?:its |the |their )?"
    r"tensor cores?\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every stated ratio with its verdict."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            if OF_THEM.match(sentence.text):
                continue
            yield from _of_sentence(index, passage, sentence, context)


#: Before a share that something grew by.
_GROWS_BY = re.compile(
    r"\b(?:rais\w+|grew|grow\w*|rose|rises?|increas\w+|went up|goes up|up|climb\w+|gain\w*|improv\w+|"
    r"lift\w*)\b"
    r"[^.;]{0,60}\bby\s+(?:nearly |almost |about |roughly |some |over |more than |a |an )*$",
    re.IGNORECASE,
)


def _grown(text: str, sentence: Sentence, claim: Multiple) -> Multiple:
    """A share that something grew by as the multiple it came to: "raised by nearly half"."""
    grows = claim.times < 1 and _GROWS_BY.search(text, sentence.start, claim.start)
    return claim._replace(times=1 + claim.times) if grows else claim


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    if OF_SLICES.search(sentence.text):
        return
    who = spoken(index, passage, sentence, context)
    for said in (*said_in(passage.text, sentence, who, context), *parts(passage.text, sentence)):
        claim = _grown(passage.text, sentence, said)
        if is_of_itself(passage.text, sentence, claim):
            continue
        if _is_told_behind(passage, sentence, claim, context):
            context.memo.setdefault("given", []).append(passage.span(claim.start, claim.end))
            continue
        goes_to = _GOES_TO.match(passage.text, claim.end)
        stated = at_launch(passage, sentence, claim, who, context) or (
            None
            if goes_to or is_of_growth(passage.text, sentence, claim.start)
            else by_values(passage, sentence, claim, who, context)
        )
        if stated is not None:
            yield stated
            continue
        several = THAN_SEVERAL.match(passage.text, claim.end)
        if several and not within(who.here, claim.end, several.end()):
            # "A quarter more memory than in the sixty-four old ones": of so many, and of how many others.
            continue
        itself = _OF_ITSELF.match(passage.text, claim.end) and not _AND_AGAIN.search(
            passage.text, sentence.start, claim.start
        )
        third = not who.here and is_of_third(index, sentence, context)
        together = TOGETHER.search(passage.text, sentence.start, claim.start)
        if itself or third or together or _WITH_THEM.match(passage.text, claim.end):
            continue
        if is_of_host(passage.text, sentence, claim, who) or _is_of_value(passage, sentence, claim, context):
            continue
        other = _OF_OTHER.match(passage.text, claim.end)
        if other and not within(who.here, claim.end, other.end()):
            # "About half of the big chip's": of what is not known.
            continue
        yield from _of_devices(passage, sentence, claim, who, context)


def is_of_third(index: int, sentence: Sentence, context: Context) -> bool:
    """Whether a passage told last of a device that is none of the two that the document compares.

    "Avoid the 8GB version of the 4060 Ti. Same chip, half the memory" beside the 4060 Ti 16GB and the 3060.
    """
    two = [frozenset(each) for each in devices(context)]
    before = [each for each in context.mentions.get(index, ()) if each.end <= sentence.start]
    return bool(before) and not any(each & {*before[-1].ids} for each in two)


#: "9 GB plus 7 GB leaves more than half of its 48 GB": of what is left, which nobody tells.
_IS_LEFT = re.compile(
    r"\b(?:leav(?:es?|ing)|left|remains?|remaining|keeps?|keeping|frees?)\b[^.;:,\d]{0,30}$", re.IGNORECASE
)


def is_of_itself(text: str, sentence: Sentence, claim: Multiple) -> bool:
    """Whether a multiple is of no other device: of a part, of a whole told before, of occasions."""
    before = max(sentence.start, claim.start - BEFORE)
    return bool(
        (claim.times < 1 and (_OF_IT.match(text, claim.end) or _IS_LEFT.search(text, before, claim.start)))
        or _OCCASIONS.match(text, claim.start)
        or _SO_OFTEN.search(text, before, claim.start)
        or _OF_A_PART.match(text, claim.end)
        or OF_ITS_PART.match(text, claim.end)
        or _OF_NO_OTHER.match(text, claim.end)
        or _AS_TALL.match(text, claim.end)
        or _OF_A_WHOLE.search(text, before, claim.start)
        or SCALING.search(text, before, claim.start)
        or is_per_other(text, sentence.start, claim.start)
    )


def _is_told_behind(passage: Passage, sentence: Sentence, claim: Multiple, context: Context) -> bool:
    """Whether the two values behind a multiple give it: "half the power: 350 instead of 700 W"."""
    behind = within(quantities(passage.text, context.fraction), claim.end, sentence.end)[:2]
    if len(behind) < 2 or not _THESE.fullmatch(passage.text, claim.end, behind[0].start):
        return False
    one, other = behind
    alike = one.dimension in (other.dimension, "number")
    if not alike or not _NOT_THAT.fullmatch(passage.text, one.end, other.start):
        return False
    digits = [re.search(r"\d[\d,]*(?:\.\d+)?", passage.text[each.start : each.end]) for each in behind]
    values = [float(each[0].replace(",", "")) if each else 0.0 for each in digits]
    return all(values) and verdict_of(claim, [values[0] / values[1]]) == "confirmed"


_THESE = re.compile(
    r"\s+(?:[\w-]+\s+){0,3}[\w-]+(?::|,|\s\()\s*(?:only\s+|just\s+)?[$\u20ac]?", re.IGNORECASE
)
_NOT_THAT = re.compile(
    r"\s+(?:instead of|rather than|against|versus|vs\.?|not|as opposed to|"
    r"compared (?:to|with)|to)\s+[$\u20ac]?",
    re.IGNORECASE,
)
#: "Weights that fill half of the memory", "3 % per doubling": of nothing else.
_OF_A_WHOLE = re.compile(
    r"\b(?:(?:grow|r[io]se|increas|gain|climb)\w*\b[^.;]{0,60}\bby|per|each|every|fill\w*|occup(?:y|ies|"
    r"ied)|reserv\w+|wast\w+|uses?|using|taking)\s+"
    r"(?:about |only |nearly |almost |just |roughly |over )?$",
    re.IGNORECASE,
)
#: "1.8 times its BF16 rate": one device against itself.
_OF_ITSELF = re.compile(
    r"\s+(?:of\s+)?(?:its|their)\s+(?:own\s+)?(?:[\w-]+\s+){0,2}(?:rate|speed|throughput|result|score|"
    r"capacity|output|potential)\b",
    re.I,
)
#: "1.4 times the bandwidth of the H100 and 1.8 times its capacity": of the H100's.
_AND_AGAIN = re.compile(
    r"\b(?:times|[x\u00d7]|twice|double|triple|percent of|% of) (?:the|that|as)\b[^.;]{3,60}?,?\s(?:and|"
    r"but)"
    r"\s+(?:(?:only|just|about|roughly|nearly|almost|even|over|around)\s+)*$",
    re.IGNORECASE,
)


def is_of_host(text: str, sentence: Sentence, claim: Multiple, who: Spoken) -> bool:
    """Whether a multiple is of the host's memory, as its subject or as what it is held against."""
    if _OF_NO_GPU.match(text, claim.end):
        return True
    since = max((each.end for each in who.here if each.end <= claim.start), default=sentence.start)
    return _HOST.search(text, since, claim.start) is not None


#: "System RAM is 20x slower than".
_HOST = re.compile(
    r"\b(?:(?:system|host|main|cpu)\s+(?:ram|memory)|DDR[345]|ssds?|nvme|"
    r"swap)\b[^.;,]{0,40}$",
    re.IGNORECASE,
)


def _is_of_value(passage: Passage, sentence: Sentence, claim: Multiple, context: Context) -> bool:
    """Whether a multiple is of what was just told: "989 TFLOPS in FP16 and twice that, 1,979, in FP8"."""
    return _OF_THE_VALUE.match(passage.text, claim.end) is not None and any(
        each.dimension not in ("number", "times", "percent")
        for each in within(quantities(passage.text, context.fraction), sentence.start, claim.start)
    )


#: "Half the memory stays free", "half a byte at 4 bits": of no other device.
_OF_NO_OTHER = re.compile(
    r"\s+(?:of )?the (?:memory|vram|room|card|bandwidth) (?:stays|is|remains|would be|sits|goes) "
    r"(?:still |then )?"
    r"(?:free|left|unused|empty|idle|available|wasted|over)\b|\s+(?:an?|of an?)\s+(?:byte|bit|"
    r"gig(?:abyte)?|terabyte)\b|\s+(?:that|this) (?:figure|number|value|rate)\b",
    re.IGNORECASE,
)
#: "And the link doubles to 1,800 GB/s": from what, nothing before it needs to tell.
_GOES_TO = re.compile(r"\s+to\s+(?:about |around |some )?[$\u20ac]?\d", re.IGNORECASE)
#: "I ran out of memory twice.": how often, and of nothing.
_OCCASIONS = re.compile(
    r"(?:twice|(?:two|three|four|five|ten|several|many) times)"
    r"(?:\s+(?:already|so far|this (?:week|month|year)|in (?:a row|\w+ (?:weeks|months|years))))?\s*[.!;)]",
    re.IGNORECASE,
)
#: "Our server fits twice, if barely": how often as well.
_SO_OFTEN = re.compile(
    r"\b(?:fits?|ran|tried|tested|measured|checked|happen\w*|crashed|failed)\s+$", re.IGNORECASE
)
#: "Its Tensor Cores do twice the work per clock": of parts, whose numbers differ too.
_OF_A_PART = re.compile(
    r"\s+(?:the |as (?:much|many) )?(?:[\w-]+\s+){1,3}(?:per|each|a|in (?:a|each)) "
    r"(?:clock|cycle|core|SM|CU|tensor core|lane)\b",
    re.IGNORECASE,
)
#: "Twice that, some 1,979, in eight bits".
_OF_THE_VALUE = re.compile(r"\s+that(?=\s*[,;:(])", re.IGNORECASE)
#: "Ten times the bandwidth of PCIe Gen4": of no device.
_OF_NO_GPU = re.compile(
    r"\s+(?:the\s+)?(?:[\w-]+\s+){0,3}(?:of|than|that of|as)\s+(?:an?\s+|the\s+)?(?:pcie|pci express|"
    r"ethernet|infiniband|thunderbolt|usb|ddr\d|ssds?|nvme|cpus?|system memory|host memory)\b",
    re.IGNORECASE,
)
_OF_OTHER = re.compile(
    r"\s+(?:of\s+)?the\s+(?:[a-z-]+\s+){1,2}?(?:chip|card|part|brother|sibling|model)[\u2019']s\b"
)
#: "Twice the memory and costs $250 more": another clause.
_AND_COSTS = re.compile(
    r",?\s+(?:and|but)\s+(?:also\s+|only\s+|it\s+)*(?:costs?|sells for|is priced)\b.*", re.IGNORECASE
)


def _words_beside(text: str, sentence: Sentence, claim: Multiple, who: Spoken) -> str:
    """What stands around a multiple, without the devices that are known, by name or as "its predecessor"."""
    start, end = max(sentence.start, claim.start - BEFORE), min(sentence.end, claim.end + AFTER)
    near = _AND_COSTS.sub(" ", text[start:end])
    for one in who.here:
        near = near.replace(one.text, " ")
    return near


_BY_MAKER = re.compile(
    r"\b(?:nvidia|amd|intel|apple|google|the company|we|you|they|i)\s+(?:(?:\w+ly|also|then|has|"
    r"have)\s+)*$",
    re.I,
)


#: Between a value and a ratio that is of it: "1,792 GB/s, a 78 % jump".
_OF_THAT = re.compile(
    r",\s+(?:an?|or|that is|which is|i\.e\.,?)\s+(?:about |some |nearly |roughly )?", re.IGNORECASE
)


def _is_of_another_value(
    text: str, sentence: Sentence, claim: Multiple, attribute: Attribute, context: Context
) -> bool:
    """Whether a ratio stands right behind a value of something else than its words seem to be of."""
    before = within(quantities(text, context.fraction), sentence.start, claim.start)
    last = before[-1] if before else None
    return (
        last is not None
        and last.dimension in ("bandwidth", "memory", "power", "flop rate")
        and _OF_THAT.fullmatch(text, last.end, claim.start) is not None
        and not any(True for _ in fitting(attribute, [last]))
    )


#: "Which has the same chip but half the memory": against one that has it.
_SAME_CHIP = re.compile(r"\bsame (?:chip|die|gpu|silicon|processor)\b[^.;:]{0,40}$", re.IGNORECASE)


def _is_of_kin(text: str, sentence: Sentence, claim: Multiple, both: Pair, context: Context) -> bool:
    """Whether a multiple is told against what has the same chip, and the two have not."""
    if not _SAME_CHIP.search(text, sentence.start, claim.start):
        return False
    one, other = (
        {context.catalogue[key].value("chip") for key in each} for each in (both.first, both.second)
    )
    return not one & other


#: Before a multiple and behind it, that it is of a price: "and it costs three times as much".
_COSTS = re.compile(
    r"\b(?:costs?|costing|sells? for|rents? for|pays?|paid|charges?|goes for|went for)\s+"
    r"(?:(?:you|me|us|only|about|nearly|almost|roughly|some|well|over|more than|around)\s+)*$",
    re.IGNORECASE,
)
#: "Made SDXL three times as fast": work, which no specification tells.
_MADE = re.compile(
    r"\b(?:made|makes|making)\s+[A-Z][\w.-]*(?:\s[\w.-]+)?\s+(?:about |nearly |almost |roughly )?$"
)
_SO_MUCH = re.compile(r"\s*(?:as much|more|less|that|what|[.,;:)]|$)", re.IGNORECASE)


def _of_devices(
    passage: Passage, sentence: Sentence, claim: Multiple, who: Spoken, context: Context
) -> Iterator[Finding]:
    text = passage.text
    near = _words_beside(text, sentence, claim, who)
    both = pair(claim.start, claim.end, who, context) or (
        None if OTHER.search(sentence.text) else compared(who, context)
    )
    other = OTHER.search(_WHAT_NEEDS.sub(" ", near)) or _FROM.match(text, claim.end)
    if other or is_its_own(text, sentence, claim, near):
        return
    of_value = against_device(passage, sentence, claim, who, context)
    if of_value is not None:
        yield of_value
        return
    if both is None:
        yield from _of_any(passage, sentence, claim, who, context)
        return
    attribute = attribute_of(text, sentence, claim)
    by_rate = _by_its_rate(passage, sentence, claim, both, context) if attribute is None else None
    attribute = attribute or by_rate
    if attribute is None:
        if SPEED.search(near):
            yield of_speed(passage, sentence, claim, both, context)
        return
    another = _is_of_another_value(text, sentence, claim, attribute, context)
    another = another or _is_of_kin(text, sentence, claim, both, context)
    values = [] if another else ratios(attribute, both, context)
    of_one = OF_ONE_IN.match(text, claim.end)
    if not values or (not of_one and across_precisions(text, sentence, claim, attribute)):
        return
    verdict, nearest = _held(passage, claim, attribute, both, who=who, context=context, values=values)
    low = unsure(both, attribute, claim.times / nearest[0] if nearest[0] else 0.0, context)
    if verdict == "contradicted" and (
        _is_in_another((text, sentence), claim, attribute, both, context)
        or low
        # "NVLink at 9x higher bandwidth": of no memory.
        or (attribute.key == "bandwidth" and OF_A_LINK.search(near))
        or (by_rate is None and is_of_speed(text, sentence, claim, attribute))
    ):
        verdict = "unverifiable"
    because = f"{nearest[1]}: {nearest[0]:.3g} times"
    answer = (verdict, "" if verdict == "confirmed" else f"{nearest[0]:.2g}x", because)
    evidence = facts(attribute, both, context)
    yield finding_on(
        passage, claim, answer, context, subject=both.subject, attribute=attribute.key, evidence=evidence
    )


def _held(
    passage: Passage, claim: Multiple, attribute: Attribute, both: Pair, *, who: Spoken, context: Context,
    values: list[tuple[float, str]],
) -> tuple[str, tuple[float, str]]:  # fmt: skip
    """The verdict on a multiple by how far two devices are apart, and what of that is nearest to it."""
    values = [*values, *exact(attribute, both, context)]
    verdict = verdict_of(claim, [value for value, _ in values])
    which = in_which(passage.text, claim.start, who)
    if verdict == "contradicted" and (not who.here or which):
        # "That is 1.6 times the bandwidth": which of the two it is of, the sentence does not say.
        values += [(1 / value, words) for value, words in values if value]
        verdict = verdict_of(claim, [value for value, _ in values])
    if not which and (stated := told(attribute, both, passage.place(claim.start), context)):
        as_told = by_text(verdict, claim, stated[0])
        verdict, values = as_told, values if as_told == verdict else [stated]
    return verdict, min(values, key=lambda one: abs(one[0] - claim.times))


def is_its_own(text: str, sentence: Sentence, claim: Multiple, near: str) -> bool:
    """Whether a multiple is of a device's own rate, of what its maker did, or of what something costs."""
    lead = (max(sentence.start, claim.start - BEFORE), claim.start)
    return bool(
        # "NVIDIA halves the rate of FP32 accumulation" is of no two devices.
        _BY_MAKER.search(text, *lead)
        or _OF_ITS_RATE.match(text, claim.end)
        or _THAN_ITS.search(near)
        or AT_REST.search(text, *lead)
        or _MADE.search(text, *lead)
        or (_COSTS.search(text, *lead) and _SO_MUCH.match(text, claim.end))
    )


_THAN_ITS = re.compile(
    r"\b(?:its|their) own\b|"
    r"\bthan (?:its|their|it)\b(?! (?:rival|competitor|counterpart|opponent|competition))"
)


def _is_in_another(
    where: tuple[str, Sentence], claim: Multiple, attribute: Attribute, both: Pair, context: Context
) -> bool:
    """Whether two devices are so many times apart in another attribute that the sentence names or tells."""
    text, sentence = where
    beside = named(_AND.split(text[claim.end : claim.end + _RIGHT_BEHIND])[0])
    if any(each.attribute.key == attribute.key for each in beside):
        return False
    told = {
        each.dimension for each in within(quantities(text, context.fraction), sentence.start, sentence.end)
    }
    others = {each.attribute.key: each.attribute for each in named(sentence.text)}
    others |= {key: each for key, each in attributes().items() if each.dimension in told & _TELLING}
    others.pop(attribute.key, None)
    values = ([value for value, _ in ratios(other, both, context)] for other in others.values())
    either_way = ([*each, *(1 / one for one in each if one)] for each in values if each)
    return any(verdict_of(claim, each) == "confirmed" for each in either_way)


_AND = re.compile(r"[,;]|\band\b")
_RIGHT_BEHIND, _TELLING = 24, frozenset({"bandwidth", "memory", "power"})
#: "At 9.7 TFLOPS the A100 is sixteen times as fast as": in what it has so much of.
_AT = re.compile(r"\s*(?:at|with)\s+(?:its\s+|only\s+)?$", re.IGNORECASE)


def _by_its_rate(
    passage: Passage, sentence: Sentence, claim: Multiple, both: Pair, context: Context
) -> Attribute | None:
    """The rate in which one is so many times as fast, where the sentence begins with the value of it."""
    told = within(quantities(passage.text, context.fraction), sentence.start, claim.start)
    if not told or told[0].dimension != "flop rate" or not _AT.fullmatch(
        passage.text, sentence.start, told[0].start
    ):  # fmt: skip
        return None
    own = [context.catalogue[key] for key in both.first]
    known = [
        each
        for each in attributes().values()
        if each.dimension == "flop rate"
        and any(is_right(passage.text, told[0], each, gpu, context) for gpu in own)
    ]
    fields = {each.fields[0] for each in known}
    return known[0] if len(fields) == 1 else None


def _of_any(
    passage: Passage, sentence: Sentence, claim: Multiple, who: Spoken, context: Context
) -> Iterator[Finding]:
    """A multiple whose other side is not said: wrong where it is so of no device told of before it."""
    attribute = attribute_of(passage.text, sentence, claim)
    first = who.own[-1] if who.own else None
    if (
        attribute is None
        or first is None
        or not _ELIDED.match(passage.text, claim.end)
        or first.end > claim.start
        or is_left(first, who)
        # "It costs four fifths of what its successor does and has half the memory": of that one.
        or OF_KIN.search(passage.text, sentence.start, claim.start)
    ):
        return
    known = named_before(passage, first, context)
    pairs = [Pair(first.named, other) for other in known]
    every = [ratios(attribute, both, context) for both in pairs]
    if (
        not 1 <= len(every) <= _MOST
        or not all(every)
        or any(unsure(both, attribute, 1.0, context) for both in pairs)
    ):
        return
    if all(verdict_of(claim, [value for value, _ in values]) == "contradicted" for values in every):
        value, words = min(
            (one for values in every for one in values), key=lambda one: abs(one[0] - claim.times)
        )
        answer = ("contradicted", f"{value:.2g}x", f"{words}: {value:.3g} times")
        yield finding_on(
            passage, claim, answer, context, subject=pairs[-1].subject, attribute=attribute.key,
            evidence=facts(attribute, pairs[-1], context),
        )  # fmt: skip
