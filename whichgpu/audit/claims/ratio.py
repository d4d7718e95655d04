"""Ratios: "nearly 2.5x the bandwidth", "more than double", "over three times the VRAM", "30 % more cores"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import RATES, attributes, named
from whichgpu.audit.beside import before_it, in_brackets, of_quotients
from whichgpu.audit.multiple import Multiple, by_text, finding_on, in_precision, of_speed, parts, verdict_of
from whichgpu.audit.offers import usual
from whichgpu.audit.pairs import Pair, compared, facts, is_left, named_before, pair, ratios, told, unsure
from whichgpu.audit.quantities import multiples, quantities
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.sourced import on_file
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.attributes import Attribute, Named
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence

_MORE = re.compile(
    r"\s*(?:more|higher|greater|larger|bigger|wider|faster|better|above(?=\s+(?:the|that|what)\b))\b",
    re.IGNORECASE,
)
_LESS = re.compile(
    r"\s*(?:less|lower|fewer|smaller|narrower|slower|below(?=\s+(?:the|that|what)\b))\b", re.IGNORECASE
)
#: Comparisons of speed: no field of the catalogue is one.
_SPEED = re.compile(
    r"\b(?:fast|faster|slow|slower|speed\w*|performance|throughput|quick\w*|outperform\w*|latency)\b",
    re.IGNORECASE,
)
#: Attributes whose "three times as fast" is said of themselves.
_RATES_OF = ("bandwidth", "nvlink")
#: What is drawn, or read, so many times as much: "draws 1.75 times what an A100 does".
_DRAWN = re.compile(
    r"\b(?:draws?|drew|drawing|consumes?|consuming|pulls?|burns?)\s+(?:[\w-]+\s+){0,3}?$", re.I
)
#: "3x faster, NVLink": what goes on is of something else.
_JUST_FASTER = re.compile(r"\s+(?:as fast|faster|quicker|slower)\s*[,;]", re.IGNORECASE)
_AS_FAST = re.compile(r"\s+(?:as fast|faster|quicker|slower|the speed)\b", re.IGNORECASE)
#: "2x the bandwidth and 4x the throughput": of no attribute that stands before it.
_THE_SPEED = re.compile(r"\s+the\s+(?:[\w-]+\s+)?(?:throughput|performance|speed)\b", re.IGNORECASE)
#: What no speed is in, and words of speeds that are no bandwidth.
_SIZES = ("memory", "money", "power", "bits", "length", "area")
_FAST = re.compile(
    r"\b(?:inference|training|generation|token)s? (?:speed|throughput)|\bfaster at\b", re.IGNORECASE
)
#: What a multiple is not of two devices.
_OTHER = re.compile(
    r"\b(?:previous|predecessor|generation|last[- ]gen|older|cpu|batch|price|cost\w*|money|budget|cash|"
    r"cheaper|per dollar|"
    r"per watt|efficien\w+|required?|"
    r"needs?(?![^.;,]{0,30}\b(?:power|watts|energy)\b|\s[\d.,]+\s?k?W\b)|(?<!\d )(?<!single.)(?<!double.)"
    r"precision|"
    r"with sparsity)\b",
    re.IGNORECASE,
)
#: "Doubles from 7.8 to 19.5 TFLOPS" is of these two.
_FROM = re.compile(r"\s+from\s+[\d$]", re.IGNORECASE)
_BEFORE, _AFTER = 40, 60
#: "Double the memory bandwidth", with nothing that it is double of; of how many devices that may be.
_ELIDED = re.compile(r"\s+the\s+(?:[\w-]+\s+){0,2}?[\w-]+\s*(?:[.,;:)(]|$|and\b)", re.IGNORECASE)
_MOST = 4
_CLAUSES = re.compile(r"[,;]\s|\band\s", re.IGNORECASE)
#: "A 2.1x bandwidth advantage".
_AHEAD = re.compile(
    r"\s+(?P<what>(?:[\w-]+ ){1,4})(?:advantage|lead|edge|increase|improvement|gap|uplift|boost)\b", re.I
)
#: "60 % of the 5090's bandwidth".
_SHARE_OF = re.compile(r"\s+of\s+(?:the\s+|that of\s+|an?\s+)?(?:nvidia\s+|amd\s+)?", re.IGNORECASE)
#: "3.5 times that of the V100": of the attribute that the sentence is about.
_THAT_OF = re.compile(
    r"\s+(?:(?:that|those|the one) of|de (?:celle|celui)|d[ea] (?:la|el)|del|der|von der|que la)\b",
    re.IGNORECASE,
)
#: Between an attribute and the multiple that is said of it: "its memory is 2.4 times larger".
_IS = re.compile(
    r"(?:\s+of\s+(?:the\s+|its\s+|both\s+)?[A-Za-z\d][\w -]{1,24}?)?(?:\s+(?:is|are|was|were|being|gets|"
    r"also|about|around|roughly|nearly|almost|over|up to|a|by|some))+"
    r"\s*~?",
    re.IGNORECASE,
)


#: Values that are held against a device's, what they are of where nothing is named, and what stands between.
_VALUED = {"memory": "memory", "bandwidth": "bandwidth", "power": "power", "flop rate": "", "op rate": ""}
_SO_MANY = re.compile(
    r"(?:\s+(?:of\s+)?(?:[\w-]+\s*){0,3})?(?:[,(:\u2013\u2014-]\s*(?:or\s+|i\.e\.,?\s+|so\s+|thus\s+|hence\s+|"
    r"(?:which|that)\s+(?:is|makes|"
    r"works out (?:to|at))\s+)?|\s+(?:is|are|being)\s+)"
    r"(?:about\s+|around\s+|roughly\s+|nearly\s+|almost\s+|over\s+|just\s+|only\s+|some\s+|more than\s+|"
    r"less than\s+|a\s+little\s+|exactly\s+|precisely\s+|still\s+|even\s+)*",
    re.IGNORECASE,
)
#: Before a share that is a difference: "adds two thirds of".
_ADDS = re.compile(r"\b(?:adds?|gains?|loses?|saves?|adding|gaining)\s+$", re.IGNORECASE)
#: Between a multiple and a value that is of another one: "twice as much as the 5090 and double the 300 W of".
_OTHER_CLAUSE = re.compile(r"\b(?:and|but)\s+(?:twice|double|half|triple|\d)", re.IGNORECASE)
_DOUBLES = re.compile(r"(?:double|triple|quadruple|halve)[sd]?\b", re.IGNORECASE)
_THAT_IS = re.compile(r"\s*(?:That[\u2019']s|That is|This is|It[\u2019']s)\s+", re.IGNORECASE)
_FACTOR = re.compile(
    r",\s+(?:which is\s+)?an?\s+(?:factor|ratio|multiple)\s+of\s+(?:\w+\s+)?$", re.IGNORECASE
)
_TURN = re.compile(r"\b(?:while|whereas|but)\b|[;:]", re.IGNORECASE)
_AS_MANY = re.compile(r"\s+as many\b")
_ROUGHLY = 12
_WHAT_OF = re.compile(
    r"\s*(?:of\s+)?(?:than(?: that of| what|(?:\s+[\w-]+){0,5} of(?=\s+(?:the|its)))?|what|that of|"
    r"the\s+[\w ]{0,30}\s(?:of|on|in)|as (?:much|"
    r"many)\s+(?:[\w ]{1,24}\s)?as)?\s*(?:the\s+|an?\s+|one\s+|single\s+|of\s+|entire\s+|nvidia\s+|"
    r"amd\s+|its\s+|predecessor,\s+|sibling,\s+|"
    r"brother,\s+|smaller\s+|bigger\s+)*",
    re.IGNORECASE,
)


#: "An increase of 45 %", "a 50 % upgrade".
_GROWS = re.compile(
    r"\b(?:increase|gain|improvement|uplift|jump|plus|bump|advantage|lead|edge|(?P<less>decrease|"
    r"reduction|drop|cut)) "
    r"of\s+(?:about |around |roughly |almost |"
    r"nearly |over |just |only )?$",
    re.IGNORECASE,
)
_GROWN = re.compile(
    r"\s+(?:increase|gain|improvement|uplift|jump|bump|upgrade|boost|(?P<less>decrease|reduction|drop|"
    r"cut))\b",
    re.IGNORECASE,
)


#: "A model of 42 GB, half of it on a 3090": a part of what was just told.
_OF_IT = re.compile(r"\s+of (?:(?:it|them|this|these|those)\b|that(?=\s*(?:[.,;:)]|$)))", re.IGNORECASE)
#: "Raises bandwidth by 78 %".
_BY = re.compile(
    r"\b(?:rais\w+|increas\w+|boost\w*|bump\w*|lift\w*|grows?|grew|rises?|rose|(?P<less>cuts?|reduc\w+|"
    r"lowers?|shrinks?))\s+"
    r"(?:the\s+|its\s+)?(?:[\w-]+\s+){0,4}?by\s+(?:about\s+|around\s+|roughly\s+|nearly\s+|almost\s+|"
    r"over\s+|some\s+)?$",
    re.IGNORECASE,
)


#: What is a share of another rate of its own: "that is half of FP32", "65 in FP16 and twice that in INT8".
_OF_ITS_RATE = re.compile(
    r"\s+(?:(?:of )?(?:the |its )?(?:FP|TF|INT)\d{1,2}(?: rate| speed)?\s*(?:[.,;:)]|$)|"
    r"(?:of )?that (?:in|at|with|for|on)\s+(?:the\s+)?(?:FP|BF|TF|INT|sparsity|tensor))",
    re.IGNORECASE,
)
#: What another device needs is its power: "about a fifth of what the L40S needs".
_WHAT_NEEDS = re.compile(r"\bwhat\s+(?:the\s+|an?\s+)?[\w -]{2,24}?\s+(?:needs|requires)\b", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every stated ratio with its verdict."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            yield from _of_sentence(index, passage, sentence, context)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    who = spoken(index, passage, sentence, context)
    for claim in (*_claims(passage.text, sentence, who, context), *parts(passage.text, sentence)):
        if claim.times < 1 and _OF_IT.match(passage.text, claim.end):
            continue
        if _OF_A_WHOLE.search(passage.text, max(sentence.start, claim.start - _BEFORE), claim.start):
            continue
        stated = _stated(passage, sentence, claim, who, context)
        if stated is not None:
            yield stated
            continue
        other = _OF_OTHER.match(passage.text, claim.end)
        if other and not within(who.here, claim.end, other.end()):
            # "About half of the big chip's": of what is not known.
            continue
        yield from _of_devices(passage, sentence, claim, who, context)


def _claims(text: str, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Multiple]:
    starts = {each.start for each in who.here}
    every = (quantities(text, context.fraction), multiples(text))
    found = [each for some in every for each in within(some, sentence.start, sentence.end)]
    for each in sorted(found, key=lambda one: one.start):
        if each.high != each.value:
            continue
        if 0.05 <= each.value <= 1000 and is_multiple(text, each):
            less = each.value > 1 and _LESS.match(text, each.end)
            # "More than three times slower" is less than a third as fast.
            limit = {"over": "under", "under": "over"}.get(each.limit, "") if less else each.limit
            yield Multiple(each.start, each.end, 1 / each.value if less else each.value, limit)
        share = _of_percent(text, sentence, each, starts) if each.dimension == "percent" else None
        if share is not None and each.value > 0:
            yield share


def _of_percent(text: str, sentence: Sentence, each: Quantity, starts: set[int]) -> Multiple | None:
    """A percentage as a multiple, where it is told as more, less, a gain or a share of another device's."""
    more, less = _MORE.match(text, each.end), _LESS.match(text, each.end)
    grows = _GROWS.search(text, max(sentence.start, each.start - 30), each.start)
    grown = _GROWN.match(text, each.end)
    if not (grows or grown or more or less):
        grown = _BY.search(text, max(sentence.start, each.start - _AFTER), each.start)
    told = grows or grown
    if told is not None:
        sign = -1 if told["less"] else 1
        return Multiple(each.start, each.end, 1 + sign * each.value, each.limit, sign * each.value)
    if more or text[max(0, each.start - 2) : each.start] == "(+":
        # "30 % more", "bandwidth (+43 %)".
        end = more.end() if more else each.end
        return Multiple(each.start, end, 1 + each.value, each.limit, each.value)
    if less:
        return Multiple(each.start, less.end(), 1 - each.value, each.limit, -each.value)
    of = _SHARE_OF.match(text, each.end)
    return Multiple(each.start, each.end, each.value, each.limit) if of and of.end() in starts else None


def is_multiple(text: str, each: Quantity) -> bool:
    """Whether "2x", "a factor of 2.3" is a multiple and no count of outputs or devices: 4x HDMI, 8x A100."""
    if each.dimension != "times":
        bare = each.dimension == "number" and each.value > 1
        return bare and _FACTOR.search(text, max(0, each.start - _BEFORE), each.start) is not None
    after = text[each.end : each.end + 44]
    if re.fullmatch(r"[xX\u00d7]", each.unit):
        ahead = _AHEAD.match(text, each.end)
        if ahead and any(one.start == ahead.start("what") for one in named(text)):
            return True
        return bool(
            re.match(
                r"\s*(?:the|as|more|faster|higher|greater|larger|better|its|that|of|speed|improv|"
                r"increase|less|(?:[\w-]+ ){1,2}advantage|"
                r"lower|slower|,|\.|\))",
                after,
            )
        )
    if _ADDS.search(text, max(0, each.start - 16), each.start):
        return False
    if each.value < 1 and re.match(r"\s*(?:more|less)\b", after):
        return False
    return not re.match(
        r"\s*(?:\d|as (?:much|many)\b[^.;,]{0,24}\bagain\b|precision|again|as-|-|data rate|"
        r"a (?:day|week|month|year))",
        after,
    )


def _stated(
    passage: Passage, sentence: Sentence, claim: Multiple, who: Spoken, context: Context
) -> Finding | None:
    """The verdict where the sentence states both values: "312 TFLOPS, more than double the A10's 125"."""
    around = [
        each
        for each in within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
        if each.dimension not in ("times", "percent", "number", "count", "money")
        # "The 32 GB version has twice the bandwidth" is no value that is compared.
        and not any(one.start <= each.start < one.end for one in who.here)
    ]
    if of_quotients(passage.text, sentence, claim.start):
        return None
    beside = _beside(passage.text, sentence, claim, context)
    if beside is not None and beside[0].dimension == "money":
        # Prices are held against each other with what they are per, elsewhere.
        return None
    if beside is not None:
        around = list(beside)
    before = [each for each in around if each.end <= claim.start and claim.start - each.end < _BEFORE]
    after = [each for each in around if each.start >= claim.end and each.start - claim.end < _BEFORE]
    if beside is not None:
        before, after = [beside[0]], [beside[1]]
    near = passage.text[max(sentence.start, claim.start - _BEFORE) : claim.end + _BEFORE // 2]
    told = before[-1].dimension if before and beside is None else ""
    if (told in _SIZES and _SPEED.search(near)) or (told == "bandwidth" and _FAST.search(near)):
        return None
    if not before or not after or not after[0].value or not _is_alike(before[-1], after[0]):
        return None
    if beside is None and _OTHER_CLAUSE.search(passage.text, claim.end, after[0].start):
        return None
    real = _real(passage.text, claim, (before[-1], after[0]), beside)
    swapped = real != before[-1].value / after[0].value
    both = (after[0], before[-1]) if swapped else (before[-1], after[0])
    texts = [passage.text[each.start : each.end] for each in both]
    words = f"{texts[0]} is {real:.3g} times {texts[1]}"
    verdict = verdict_of(claim, [real])
    if verdict == "contradicted":
        verdict = "inconsistent"
    return finding_on(passage, claim, (verdict, f"{real:.2g}x", words), context)


def _is_alike(one: Quantity, other: Quantity) -> bool:
    """Whether two values are of one dimension; operations of integers are set against FLOPs."""
    return one.dimension == other.dimension or {one.dimension, other.dimension} <= {*RATES}


#: "Weights that fill half of the memory", "3 % per doubling": of nothing else.
_OF_A_WHOLE = re.compile(
    r"\b(?:per|each|every|fill\w*|occup(?:y|ies|ied)|reserv\w+|wast\w+|uses?|using|taking)\s+"
    r"(?:about |only |nearly |almost |just |roughly |over )?$",
    re.IGNORECASE,
)
_OF_THAT = re.compile(r"\s+(?:that|this)\b(?! of\b)", re.IGNORECASE)


def _real(
    text: str, claim: Multiple, both: tuple[Quantity, Quantity], beside: tuple[Quantity, Quantity] | None
) -> float:
    """How many times the second of two values the first is, or the second the first where that is meant."""
    real = both[0].value / both[1].value
    ahead = beside is not None and beside[1].end <= claim.start
    if both[0].dimension == "time" or ahead:
        # "54.8 GB against 37.8 GB, 31 percent less": of either of the two.
        return 1 / real if (ahead and claim.times < 1 < real) or real < 1 < claim.times else real
    # "14 GB, twice that with gradients, 28 GB": the one before, so many times.
    return 1 / real if _OF_THAT.match(text, claim.end) else real


def _beside(
    text: str, sentence: Sentence, claim: Multiple, context: Context
) -> tuple[Quantity, Quantity] | None:
    """The two values that stand right before or behind a multiple of what they are of."""
    every, place = quantities(text, context.fraction), (claim.start, claim.end)
    found = in_brackets(text, place, sentence, every) or before_it(text, place, sentence, every)
    if found and found[1].end <= claim.start and found[0].dimension in _VALUED:
        # "(141 GB vs 80 GB), 2x the bandwidth": of another attribute than the values before it.
        of = _named_attribute(text, sentence, claim)
        return found if of is None or of.dimension == found[0].dimension else None
    return found


_OF_OTHER = re.compile(
    r"\s+(?:of\s+)?the\s+(?:[a-z-]+\s+){1,2}?(?:chip|card|part|brother|sibling|model)[\u2019']s\b"
)
#: "Twice the memory and costs $250 more": another clause.
_AND_COSTS = re.compile(
    r",?\s+(?:and|but)\s+(?:also\s+|only\s+|it\s+)*(?:costs?|sells for|is priced)\b.*", re.IGNORECASE
)


def _words_beside(text: str, sentence: Sentence, claim: Multiple, who: Spoken) -> str:
    """What stands around a multiple, without the devices that are known, by name or as "its predecessor"."""
    start, end = max(sentence.start, claim.start - _BEFORE), min(sentence.end, claim.end + _AFTER)
    near = _AND_COSTS.sub(" ", text[start:end])
    for one in who.here:
        near = near.replace(one.text, " ")
    return near


def _of_devices(
    passage: Passage, sentence: Sentence, claim: Multiple, who: Spoken, context: Context
) -> Iterator[Finding]:
    text = passage.text
    near = _words_beside(text, sentence, claim, who)
    both = pair(claim.start, claim.end, who, context) or (
        None if _OTHER.search(sentence.text) else compared(who, context)
    )
    own = _OF_ITS_RATE.match(text, claim.end) or re.search(
        r"\b(?:its|their) own\b|"
        r"\bthan (?:its|their|it)\b(?! (?:rival|competitor|counterpart|opponent|competition))",
        near,
    )
    if own or _OTHER.search(_WHAT_NEEDS.sub(" ", near)) or _FROM.match(text, claim.end):
        return
    of_value = _of_value(passage, sentence, claim, who, context)
    if of_value is not None:
        yield of_value
        return
    if both is None:
        yield from _of_any(passage, sentence, claim, who, context)
        return
    attribute = _attribute(text, sentence, claim)
    if attribute is None:
        if _SPEED.search(near):
            yield of_speed(passage, sentence, claim, both, context)
        return
    values = ratios(attribute, both, context)
    of_one = _OF_ONE_IN.match(text, claim.end)
    if not values or (not of_one and _across_precisions(text, sentence, claim, attribute)):
        return
    verdict = verdict_of(claim, [value for value, _ in values])
    if verdict == "contradicted" and not who.here:
        # "That is 1.6 times the bandwidth": which of the two it is of, the sentence does not say.
        values += [(1 / value, words) for value, words in values if value]
        verdict = verdict_of(claim, [value for value, _ in values])
    if stated := told(attribute, both, passage.place(claim.start), context):
        as_told = by_text(verdict, claim, stated[0])
        verdict, values = as_told, values if as_told == verdict else [stated]
    nearest = min(values, key=lambda one: abs(one[0] - claim.times))
    because = f"{nearest[1]}: {nearest[0]:.3g} times"
    low = unsure(both, attribute, claim.times / nearest[0] if nearest[0] else 0.0, context)
    if verdict == "contradicted" and (low or _is_of_speed(text, sentence, claim, attribute)):
        verdict = "unverifiable"
    answer = (verdict, "" if verdict == "confirmed" else f"{nearest[0]:.2g}x", because)
    evidence = facts(attribute, both, context)
    yield finding_on(
        passage, claim, answer, context, subject=both.subject, attribute=attribute.key, evidence=evidence
    )


def _is_of_speed(text: str, sentence: Sentence, claim: Multiple, attribute: Attribute) -> bool:
    """Whether what is said beside a multiple makes it one of a speed that an attribute only brings about."""
    if attribute.dimension in RATES and (_OF_ONE_IN.match(text, claim.end) or in_precision(text, sentence)):
        return False
    words = _clause(text, sentence, claim, attribute)
    if attribute.dimension == "count":
        # "2.7x more CUDA cores, 3x higher FP32 performance": no further than what it is of.
        words = text[claim.end : claim.end + _BEFORE // 2]
    return attribute.key not in _RATES_OF and _SPEED.search(words) is not None


def _of_value(
    passage: Passage, sentence: Sentence, claim: Multiple, who: Spoken, context: Context
) -> Finding | None:
    """A stated value against that of a device named behind: "48 GB, twice what a single 4090 offers"."""
    text = passage.text
    found = within(quantities(text, context.fraction), sentence.start, claim.start)
    after = [each for each in who.here if each.start >= claim.end]
    begins = _THAT_IS.match(text, sentence.start, sentence.end)
    if not found and begins and begins.end() <= claim.start <= begins.end() + _ROUGHLY:
        # "141 GB. That is twice the H100's": what was told last in the sentence before.
        earlier = [each for each in sentences(text) if each.end <= sentence.start + 1][-1:]
        told_before = [
            each
            for one in earlier
            for each in within(quantities(text, context.fraction), one.start, one.end)
            if each.dimension in _VALUED
        ]
        found = [each._replace(end=begins.start()) for each in told_before[-1:]]
    if not found or not after or found[-1].dimension not in _VALUED or found[-1].high != found[-1].value:
        return None
    value, other = found[-1], after[0]
    own = next((each.attribute for each in named(text) if 0 <= each.start - claim.end < _ROUGHLY), None)
    if own and own.dimension in _VALUED and own.dimension != value.dimension:
        # "128 GB at 3.2 TB/s: four times the memory of": of the value that is of what is named.
        return None
    verb = _DOUBLES.match(text, claim.start) and not text[value.end : claim.start].strip()
    if not (
        value.end == sentence.start or verb or _SO_MANY.fullmatch(text, value.end, claim.start)
    ) or not _WHAT_OF.fullmatch(text, claim.end, other.start):
        return None
    beside = [each.attribute for each in within(named(text), value.start - _BEFORE, sentence.end)
              if value.dimension in (each.attribute.dimension, "op rate")]  # fmt: skip
    keys = {each.key for each in beside}
    attribute = (
        beside[0]
        if len(keys) == 1
        else attributes()[_VALUED[value.dimension]]
        if not keys and _VALUED[value.dimension]
        else None
    )
    if attribute is None:
        return None
    gpus = [context.catalogue[key] for key in usual(other.ids)]
    sure = [gpu for gpu in gpus if gpu.confidence != "low"]
    # Of the fields that a name can mean the first that is on file: FP16 is no plain FP16 beside it.
    fields = {gpu.id: next((one for one in attribute.fields if gpu.value(one)), "") for gpu in sure}
    values = [(gpu, gpu.value(fields[gpu.id])) for gpu in sure if fields[gpu.id]]
    known = [(gpu, float(size)) for gpu, size in values if isinstance(size, int | float) and size]
    known = [
        (gpu, (nominal_gb(size) or size / 1e9) * 1e9 if attribute.key == "memory" else size)
        for gpu, size in known
    ]
    if not known:
        return None
    ratios_ = [value.value / size for _, size in known]
    verdict = verdict_of(claim, ratios_)
    at = min(range(len(known)), key=lambda i: abs(ratios_[i] - claim.times))
    shown_value = re.match(r"[\d.,]+\s?[\w/]+", text[value.start :])
    shown, gpu = shown_value[0] if shown_value else "", known[at][0]
    words = f"{shown} is {ratios_[at]:.3g} times {gpu.display(attribute.fields[0])} of {gpu.id}"
    return finding_on(
        passage, claim, (verdict, "" if verdict == "confirmed" else f"{ratios_[at]:.2g}x", words), context,
        subject=", ".join(other.ids), attribute=attribute.key, evidence=(on_file(known[at][0], attribute),),
    )  # fmt: skip


def _of_any(
    passage: Passage, sentence: Sentence, claim: Multiple, who: Spoken, context: Context
) -> Iterator[Finding]:
    """A multiple whose other side is not said: wrong where it is so of no device told of before it."""
    attribute = _attribute(passage.text, sentence, claim)
    first = who.own[-1] if who.own else None
    if (
        attribute is None
        or first is None
        or not _ELIDED.match(passage.text, claim.end)
        or first.end > claim.start
        or is_left(first, who)
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


def _clause(text: str, sentence: Sentence, claim: Multiple, attribute: Attribute) -> str:
    """What is said beside a multiple in its clause, without the names of its attribute."""
    start = max(sentence.start, claim.start - _BEFORE)
    before = _CLAUSES.split(text[start : claim.start])[-1]
    beside = [each for each in within(named(text), start, claim.end + _AFTER) if each.attribute == attribute]
    words = before + text[claim.start : min(sentence.end, claim.end + _AFTER)]
    for each in beside:
        # "FP16 Tensor throughput" is a peak by its name.
        rate = re.escape(text[each.start : each.end])
        beyond = rf"{rate}\s*(?:tensor\s+)?(?:core\s+)?(?:throughput|performance|compute)?"
        words = re.sub(beyond, "", words, flags=re.IGNORECASE)
    return words


def _across_precisions(text: str, sentence: Sentence, claim: Multiple, attribute: Attribute) -> bool:
    """Whether a sentence sets rates of several precisions against each other: "TF32 .. FP32, a tenth"."""
    clauses = (match.end() for match in _CLAUSES.finditer(text, sentence.start, claim.start))
    start = max(clauses, default=sentence.start)
    if not any(each.attribute == attribute for each in within(named(text), start, sentence.end)):
        start = sentence.start
    keys = {each.attribute.key for each in within(named(text), start, sentence.end)
            if each.attribute.dimension in ("flop rate", "op rate")}  # fmt: skip
    return attribute.key in keys and len(keys) > 1


def _attribute(text: str, sentence: Sentence, claim: Multiple) -> Attribute | None:
    """The attribute that a multiple is of: the first one named soon after it, else just before it."""
    meant = _named_attribute(text, sentence, claim)
    if meant is None and _DRAWN.search(text, sentence.start, claim.start):
        return attributes()["power"]
    if meant is None and _AND_SO_MUCH.search(text, sentence.start, claim.start):
        # "30 % more bandwidth than the A and 7 % more than the B": of the same.
        every = {each.attribute for each in within(named(text), sentence.start, claim.start)}
        return every.pop() if len(every) == 1 else None
    if meant is None and _AS_FAST.match(text, claim.end) and in_precision(text, sentence):
        every = {each.attribute for each in within(named(text), sentence.start, sentence.end)}
        return every.pop() if len(every) == 1 else None
    if meant and meant.key == "memory" and _AS_FAST.match(text, claim.end):
        # "Reads its memory five times as fast": of no size.
        return attributes()["bandwidth"]
    return meant


#: "Twice the performance of the V100 in FP32".
_OF_ONE_IN = re.compile(
    r"\s+the\s+(?:raw\s+|peak\s+)?(?:performance|throughput|compute(?: power)?)\s+of\s+[^.,;]{2,40}?\s+"
    r"(?:in|at|for)\s+(?:peak\s+)?",
    re.IGNORECASE,
)


_AND_SO_MUCH = re.compile(r"[^,;]{4}\band\s+(?:only\s+|just\s+|about\s+|even\s+)?$", re.IGNORECASE)
#: "On FP32 it does twice what the A5000 does".
_WHAT = re.compile(r"\s+what\b", re.IGNORECASE)
_ITS_VERB = re.compile(
    r"\b(?:does|do|has|offers?|manages?|delivers?|gets|reaches|achieves?|provides?)\s+(?:[\w-]+\s+){0,2}$",
    re.I,
)


def _is_beside(text: str, before: Named, claim: Multiple, after: Sequence[Named]) -> bool:
    """Whether a multiple is of what is named right before it: "made memory 76 % larger, bandwidth 43 %"."""
    beside = not text[before.end : claim.start].strip()
    return beside and (not after or _CLAUSES.search(text, claim.end, after[0].start) is not None)


def _named_attribute(text: str, sentence: Sentence, claim: Multiple) -> Attribute | None:
    found = [each for each in within(named(text), sentence.start, sentence.end) if each.end <= sentence.end]
    peak = next((each for each in found if _OF_ONE_IN.fullmatch(text, claim.end, each.start)), None)
    if peak and peak.attribute.dimension in RATES:
        return peak.attribute
    after = [each for each in found if claim.end <= each.start <= claim.end + _BEFORE // 2]
    before = [each for each in found if each.end <= claim.start and claim.start - each.end < _BEFORE // 2]
    if before and (
        _IS.fullmatch(text, before[-1].end, claim.start) or _is_beside(text, before[-1], claim, after)
    ):
        return before[-1].attribute
    ended = _JUST_FASTER.match(text, claim.end) or (after and _TURN.search(text, claim.end, after[0].start))
    if after and not ended:
        return after[0].attribute
    if not before and not after and _AS_MANY.match(text, claim.end):
        # "The Ada flagship has twice as many": of what the sentence before counts.
        earlier = [
            each for each in named(text) if each.end <= sentence.start and sentence.start - each.end < _BEFORE
        ]
        return earlier[-1].attribute if earlier and earlier[-1].attribute.dimension == "count" else None
    if _THE_SPEED.match(text, claim.end):
        return None
    begins = not after and found and _IN_IT.fullmatch(text, sentence.start, found[0].start)
    # "In bandwidth the V100 has nearly four times as much."
    so_much = begins and _SO_MUCH.match(text, claim.end, sentence.end)
    what_it_does = _WHAT.match(text, claim.end) and _ITS_VERB.search(text, sentence.start, claim.start)
    if not before and (what_it_does or so_much or _THAT_OF.match(text, claim.end)):
        before = [each for each in found if each.end <= claim.start]
    rate = before and before[-1].attribute.dimension == "count" and _RATE_OF.search(text, 0, before[-1].start)
    return before[-1].attribute if before and not rate else None


_IN_IT = re.compile(
    r"\s*(?:But\s+|And\s+)?(?:In|On|For|When it comes to|As for|In terms of)\s+(?:the\s+|its\s+|raw\s+)?",
    re.IGNORECASE,
)
_SO_MUCH = re.compile(r"\s+as (?:much|many|high|large)\s*[.,;]", re.IGNORECASE)
#: "The rate of the Tensor Cores, which is twice as high": not how many there are.
_RATE_OF = re.compile(
    r"\b(?:rate|speed|clock\w*|frequency|throughput|performance)s?\s+of\s+(?:the\s+|its\s+|all\s+)*$", re.I
)
