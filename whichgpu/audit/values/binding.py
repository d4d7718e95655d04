"""Of what a value is: the attribute that it is of, and the device that has it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import OF_THOSE, within
from whichgpu.audit.values.chained import chained
from whichgpu.audit.values.fields import ITS_OWN
from whichgpu.audit.values.listed import listed
from whichgpu.audit.values.nearest import (
    APART,
    FOR_THE,
    RATES,
    VERSION,
    fitting,
    nearest_attribute,
    nearest_device,
    too_small,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute, Named
#: "Tensor Cores der 5. Generation" are no five cores.
_NTH = re.compile(
    r"\.?[ \u00aa\u00ba\u00b0]?(?:er?|\u00e8me|te|ten)?\s*g(?:en\b|[e\u00e9]n[e\u00e9]raci?[o\u00f3]?n|"
    r"eneration)|\u4e16?\u4ee3|\uc138\ub300",
    re.IGNORECASE,
)
#: Words beside a value that is of a part, or of a change; what a device is fed or held back by is its own.
_PART_BEFORE = re.compile(
    r"\b(?:each(?! other)(?!\s+(?:[A-Z]+\d|RTX|GTX))"
    # "Each of those cards has 32 GB": one of them has.
    rf"(?!{OF_THOSE} (?:has|had|offers|draws|carries|comes|delivers|packs)\b)|"
    r"per|every|by(?!(?:(?<=fed by)|(?<=backed by)|(?<=held back by)|(?= its\b))"
    r"(?:\s(?:an?|its|the|only|just))*\s+$)|from(?! (?:19|20)\d\d\b)|"
    r"(?<!up )(?<!compared )(?<!relative )(?<!equal )(?<!close )(?<!gets )(?<!comes )"
    r"(?<!goes )(?<!amounts )to(?! (?:each|one an) ?other))\b"
    r"[\w\s,]{0,16}$",
    re.IGNORECASE,
)
#: What a device raises something to is its own: "upgrades the memory to 141 GB".
_RAISED = re.compile(
    r"\b(?:upgrad\w+|rais\w+|increas\w+|boost\w*|bump\w*|push\w*|lift\w*|expand\w*|extend\w*|mov\w+|"
    r"switch\w*|jump\w*|gr[eo]ws?)\s+(?!from\b)"
    # "Raises memory to 256 GB and bandwidth to 6 TB/s": the second of them.
    r"(?:(?:[a-z]+\s+){1,4}to\s+[\d.,]+\s?[A-Za-z/]+(?:,?\s+and|,)\s+){0,2}(?:(?:the|its|memory|vram|capacity|bandwidth|power|tdp|"
    r"size|bus)\s+){0,4}"
    r"to\s+(?:a\s+|an\s+|even\s+|about\s+)?$",
    re.IGNORECASE,
)
#: Behind a value that names a model by it: "the 80 GB version", "45 W variants".
VARIANT = re.compile(
    r"[\s-]*(?:twins?|siblings?|cousins?|brothers?|sisters?|counterparts?|models?|versions?|variants?|flavou?rs?|editions?|skus?|modules?|ones?)\b",
    re.IGNORECASE,
)
#: What is missing, left or added is not what a device has.
_MISSING = re.compile(
    r"\b(?:lacks?|lacking|los(?:e|es|ing)|short(?:fall)? (?:of|by)|missing|leav(?:es|ing)|"
    r"remaining|deficit of|extra|another|"
    r"additional)"
    r"\s+(?:about |around |roughly |only |just |you |~)*$",
    re.IGNORECASE,
)
#: "A gigabyte of memory on the RTX 4080 cost $74.94": no price of the card.
_OF_ONE = re.compile(
    r"\b(?:an?|each|every|one|per)\s+(?:gigabyte|gb|tflops?|teraflops?|core|watt|terabyte)\b[^.;]*$",
    re.IGNORECASE,
)
#: "2 x 149.7 is 299.4 TFLOPS".
_MADE = re.compile(
    r"\d\s?[x\u00d7*/+]\s?\d[\d.,]*(?:\s?[A-Za-z/]+)?\s+(?:is|are|makes?|gives?|=)\s+"
    r"(?:about |some |only )?$",
    re.IGNORECASE,
)
#: "Add a second one and you are at 500 W, a third and it's 750 W": of several.
_SO_MANY = re.compile(
    r"\b(?:an?|the)\s+(?:second|third|fourth|fifth|sixth|eighth)(?:\s+(?:one|card|gpu))?,?\s+"
    r"(?:and\s+)?(?:you|it|we|that|they|makes?|brings?|takes?|pushes)\b[^.;,]*$",
    re.IGNORECASE,
)
#: "What do you give up with the A4000? 8 GB": what two differ by.
_GIVEN_UP = re.compile(
    r"\bwhat (?:do|does|did|would|will) (?:\w+ ){1,2}(?:give up|lose|gain|save|miss|sacrifice|forgo)\b"
    r"[^?.]*\?\s+[^.;:?!]*$"
    # "The difference between the 4070 and the 5080 is 4 GB".
    r"|\b(?:difference|gap) between\s[^.;:]*\s(?:is|are|was|amounts to|comes to)\s[^.;:]*$",
    re.IGNORECASE,
)
_QUESTION = 140
_PART_AFTER = re.compile(
    r"(?:(?!\b(?:the|is|are|was|has|have)\b)[\w\s-]){0,32}"
    r"\b(?:per(?!\s+(?:gpu|card|accelerator)\b)|each|more|fewer|less|mehr|weniger|pro|je|de "
    r"plus|de moins|m\u00e1s|menos)\b",
    re.IGNORECASE,
)
#: Behind a value that two differ by: "100 W above the 3090's 350 W", "that 112 GB memory advantage",
#: "a 90 MHz slower boost clock".
_DIFFERENCE = re.compile(
    # "1,792 GB/s over a 512-bit bus": by way of it.
    r"\s*(?!over (?:the|its|an?) (?:\w+ )?(?:\d+[ -]bit|bus|interface)\b)"
    r"(?:above|below|beyond|over|under|ahead of|behind|short of)\s+(?:the|its|that|what|an?|"
    r"even|either|both|any|all|each|every|them)\b"
    r"|\s*(?:[\w-]+\s+)?(?:advantage|lead|edge|gap|difference|deficit|increase|uplift|jump)\b"
    r"|\s*(?:slower|faster|higher|lower|superior|inferior|smaller|larger|bigger|wider|narrower)\b",
    re.IGNORECASE,
)
_OR = re.compile(r"(?:[,(/;]|\bor\b|\band\b)\s*(?:or|and|up to|even)?\s*(?:up to\s*)?$", re.IGNORECASE)
_SPARSE = re.compile(
    r"[\s(]*(?:with (?:structured |2:4 )?sparsity|sparse|dense|without sparsity)", re.IGNORECASE
)
_SHORT = 40
#: What ties a value to the name before it, and leaves no doubt whose it is.
TIED = re.compile(
    r"(?:[\u2019']s|\u7684|\u306e)?\s*(?:gpus?\s*)?(?:\(|:|,)?\s*(?:(?:has|have|features?|offers?|comes?|"
    r"ships?|packs?|boasts?|"
    r"delivers?|provides?|includes?|with|of|a|an|is|at|up to|over|about|around|the|full|massive|whopping|"
    r"equipped|and|impressive|only|just|exactly|same|amount|much|as)\s+){0,6}\$?",
    re.IGNORECASE,
)
#: What a row of a table without marks has not between its values.
_IN_PROSE = re.compile(r"[,;]\s|\b(?:and|or|of|is|are|has|with|to)\b", re.IGNORECASE)
#: Between a device and a number of what was counted of another: "16,384 CUDA cores, the 3090 only 10,496".
_ONLY = re.compile(
    r"[\u2019']s?\s+|\s+(?:(?:has|had|hat|offers?|comes with|only|just|nur|solo|seulement|gets|manages|"
    r"makes do with)\s+){1,2}|\s*[(:]\s*",
    re.IGNORECASE,
)
#: Behind a value, another that it is held against, which is of the device behind that.
_AGAINST_IT = re.compile(
    r"\s+(?:(?:dense|sparse|peak)\s+)?(?:[A-Za-z]+\s+)?(?:against|versus|vs\.?|compared (?:to|with))\s+"
    r"(?:only\s+|just\s+|the\s+)?~?\d",
    re.IGNORECASE,
)
#: Behind a bare number, that it is what something came to.
_REACHED = re.compile(
    r"\s*(?:at (?:best|most|least)|or so|each second|a second|in (?:theory|practice))\b", re.IGNORECASE
)
_GROUPED = re.compile(r"\d{1,3},\d{3}(?![\d,])")
#: "165 TFLOPS in FP16, in FP8 330".
_IN_PRECISION = re.compile(
    r"[,;]?\s(?:and\s+)?(?:in|at|with|for)\s+(?:fp|bf|tf|int)\d{1,2}\s+(?:it[\u2019']s\s+)?$", re.IGNORECASE
)
#: How many times another's value it may be: "972 joules at 72 W, the A10 1,215" is of joules.
_LIKE = 16.0
#: Units that a number without one takes over, and what it counts instead.
_WITH_UNIT = ("bandwidth", "flop rate", "op rate", "power", "memory", "bits")
_COUNTED = re.compile(
    r"\s+(?:cuda|tensor|rt|cores?|sms?|compute|stream|billion|million|transistors|bits?|years?|times)\b|[-%]",
    re.IGNORECASE,
)
#: "Reads 12,060 TB in an hour": no size.
_IN_A_TIME = re.compile(r"\s+(?:in|within) (?:an?|one|each|every) (?:second|minute|hour|day|month)\b", re.I)
_VERSUS = re.compile(
    r"\b(?:versus|vs\.?|against|than|(?:compared|as opposed) (?:to|with)|"
    r"(?:twice|doubled?|triple|half|times)(?: (?:the|its))?)\s*$",
    re.IGNORECASE,
)
#: Signs of a formula beside a value.
_OPERATOR_BEFORE = re.compile(r"(?:\s[/*+\u00d7\u00f7=]|\s-|\dx?\s?[x\u00d7])\s*~?$")
_LABELLED = re.compile(r"\s*[A-Za-z\u00c0-\u024f][^\d.;,:=]{2,40}\s[-\u2013\u2014]\s*~?")
_BESIDE = re.compile(r"\s*/\s*~?\d[\d.,]*[ -]?([A-Za-z][\w/]*)")
#: A star that ends the text leads to a note: "989 teraFLOPS*".
_OPERATOR_AFTER = re.compile(r"\s*(?:\*(?!\s*$)|[+\u00d7\u00f7=]|/\s|/\d[\d.,]*\s?=|x\s\d)")


#: "21,760 cores in 170 SM": no number of cores, whatever stands before it.
_OF_SMS = re.compile(r"\s+SMs?\b")
_PRECISE = re.compile(r"(?:FP|BF|TF|INT)\d{1,2}\b", re.IGNORECASE)


#: Behind the name of a device, a part of it.
_ITS_PART = re.compile(
    r"\s+(?:[XG]CDs?|SMs?|dies?|chiplets?|slices?|stacks?)\s+(?:has|have|holds?|offers?|gets?)\b"
)


class Binder:
    """Goes through the values of a sentence and says of each what it is of; remembers what it bound last."""

    def __init__(
        self, text: str, sentence: Sentence, attributes: Sequence[Named], who: Spoken,
        values: Sequence[Quantity] = (),
    ) -> None:  # fmt: skip
        self._text, self._sentence, self._attributes, self._who = text, sentence, attributes, who
        whole = [each for each in values if not any(m.start <= each.start < m.end for m in who.here)]
        self._in_order = {**chained(text, attributes, whole), **dict(_in_order(text, attributes, values))}
        self._leads = attributes[0] if attributes and _leads(text, sentence, attributes[0]) else None
        self._taken: set[int] = set()
        self._last: tuple[Quantity, Attribute, Mention] | None = None

    def bind(self, quantity: Quantity) -> tuple[Attribute, Mention] | None:
        """The attribute and the device of a value; None where either is not certain."""
        chosen = self._in_order.get(quantity.start)
        if chosen is None:
            chosen = nearest_attribute(self._text, quantity, self._attributes, self._taken)
        if _OF_SMS.match(self._text, quantity.end) and (
            chosen is None or self._attributes[chosen].attribute.key != "sms"
        ):
            return None
        here = self._who.here
        inside = any(each.start < quantity.end and quantity.start < each.end for each in here)
        again = self._again(quantity) if chosen is None and not inside else None
        if again is not None:
            return again
        if chosen is None and self._leads and any(True for _ in fitting(self._leads.attribute, [quantity])):
            # "Bus: PCIe 5.0" is no width of one.
            chosen = None if VERSION.fullmatch(self._text, quantity.start, quantity.end) else 0
        mention = self._of_it(quantity) or nearest_device(self._text, quantity, self._who)
        if mention and mention.start >= quantity.end and _AGAINST_IT.match(self._text, quantity.end):
            # "It offers 2,250 TFLOPS against 989 for the H100."
            topic = self._who.topic if self._who.certain else ()
            mention = topic[0] if topic else None
        variant = VARIANT.match(self._text, quantity.end)
        if mention is None or inside or variant or of_a_part(self._text, quantity):
            return None
        if mention in here and _ITS_PART.match(self._text, mention.end):
            # "Each MI300X XCD has 38 compute units".
            return None
        attribute = self._listed(quantity, mention) if chosen is None else self._attributes[chosen].attribute
        if attribute is None:
            return None
        if chosen is not None:
            self._taken.add(chosen)
        self._last = (quantity, attribute, mention)
        return attribute, mention

    def _of_it(self, quantity: Quantity) -> Mention | None:
        """What "it" is where others are named only behind: "It has 192 GB, the H100 80"."""
        who = self._who
        before = any(each.start < quantity.end for each in who.here)
        if before or not (who.here and who.topic and who.certain) or not ITS_OWN.match(self._sentence.text):
            return None
        return who.topic[0] if "," in self._text[quantity.end : who.here[0].start] else None

    def _again(self, quantity: Quantity) -> tuple[Attribute, Mention] | None:
        """A value of the same attribute as the last one: of another device, or with sparsity."""
        if self._last is None:
            return None
        last, attribute, mention = self._last
        if self._has_another_rate(quantity, last):
            return None
        if _goes_on(self._text, quantity, last):
            return attribute, mention
        if of_form := self._of_form(quantity, last, mention):
            return attribute, of_form
        other = of_another(self._text, quantity, last, self._who.here)
        return (attribute, other) if other is not None else None

    def _has_another_rate(self, quantity: Quantity, last: Quantity) -> bool:
        """Whether a rate stands behind the name of another one: "FP32 91.6, FP16 high (362 TFLOPS)"."""
        free = [each for at, each in enumerate(self._attributes) if at not in self._taken]
        between = within(free, last.end, quantity.start)
        return quantity.dimension in RATES and any(
            each.attribute.dimension in RATES and _PRECISE.match(self._text, each.start) for each in between
        )

    def _of_form(self, quantity: Quantity, last: Quantity, mention: Mention) -> Mention | None:
        """The form behind a second value, "1,935 GB/s (PCIe) and 2,039 GB/s (SXM)", of a named size."""
        form = _A_FORM.match(self._text, quantity.end)
        if quantity.dimension != last.dimension or not form:
            return None
        if not _FORM_AND.fullmatch(self._text, last.end, quantity.start):
            return None
        sizes = set(_OF_SIZE.findall(self._sentence.text))
        ids = tuple(
            key
            for key in mention.named
            if f"-{form['form'].lower()}" in key and (len(sizes) != 1 or f"-{min(sizes)}gb" in key)
        )
        return mention._replace(ids=ids, named=ids) if ids else None

    def _listed(self, quantity: Quantity, mention: Mention) -> Attribute | None:
        owner = mention if mention in self._who.here else None
        attribute = listed(self._text, self._sentence, quantity, owner)
        return None if attribute and too_small(attribute, quantity) else attribute


def _in_order(
    text: str, attributes: Sequence[Named], values: Sequence[Quantity]
) -> Iterator[tuple[int, int]]:
    """Which attribute each of a list of rates is of: "INT8 and INT4, with 130 and 260 TOPS"."""
    at = 0
    while at < len(values):
        last = at
        while last + 1 < len(values) and _AND_THEN.fullmatch(text, values[last].end, values[last + 1].start):
            last += 1
        run = values[at : last + 1]
        if len(run) > 1 and all(each.dimension in RATES for each in run):
            own = [i for i, each in enumerate(attributes) if each.end <= run[0].start][-len(run) - 1 :]
            own = [i for i in own if attributes[i].attribute.key in _FORMATS]
            joined = (
                _AND_THEN.fullmatch(text, attributes[i].end, attributes[j].start) for i, j in pairwise(own)
            )
            if len(own) == len(run) and all(joined):
                yield from ((each.start, i) for each, i in zip(run, own, strict=True))
        at = last + 1


#: Formats in which a device has a rate each.
_FORMATS = ("fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "fp6", "fp4", "int8", "int4")
#: The form of a device in brackets behind a value, that between two of them, and the size that both are of.
_A_FORM = re.compile(r"\s*\((?P<form>PCIe|SXM|NVL)\d?\)", re.IGNORECASE)
_FORM_AND = re.compile(r"\s*\((?:PCIe|SXM|NVL)\d?\)\s*(?:,|and|or|/|,\s*and)\s*", re.IGNORECASE)
_OF_SIZE = re.compile(r"\b(\d{2,3})[ -]?GB\s+(?:versions?|models?|variants?|cards?|ones?)\b", re.IGNORECASE)


def _goes_on(text: str, quantity: Quantity, last: Quantity) -> bool:
    """Whether a rate is the same one with sparsity or without: "312 TFLOPS, or 624 with sparsity"."""
    if quantity.dimension != last.dimension or quantity.dimension not in RATES:
        return False
    between = text[last.end : quantity.start]
    return len(between) < _SHORT and bool(_OR.search(between)) and bool(_SPARSE.match(text, quantity.end))


def _leads(text: str, sentence: Sentence, first: Named) -> bool:
    """Whether an attribute heads a list of the values of several devices: "NVLink: A100 600 GB/s, ..."."""
    before = text[sentence.start : first.start].strip(" *-\u2022")
    return (
        not before
        and re.match(r"[\s*]*(?:\([^()]{0,30}\))?[\s*]*:", text[first.end : first.end + 40]) is not None
    )


#: Behind a bare number, another one of the same device.
_AND_A_BARE = re.compile(r"\s*(?:and|/|&)\s*\d[\d.,]*(?=\s*(?:[.;)]|$))")


def united(text: str, found: Sequence[Quantity], here: Sequence[Mention]) -> list[Quantity]:
    """Quantities, where a bare number has the unit of the one that it is set against.

    "1,307 TFLOPS against 989 for the H100".
    """
    done: list[Quantity] = []
    for each in found:
        last = done[-1] if done else None
        if (
            last
            and each.dimension == "number"
            and last.dimension in _WITH_UNIT
            and each.start - last.end < 2 * APART
        ):
            behind = [one for one in here if one.start >= each.end][:1]
            before = [one for one in here if last.end <= one.start and one.end <= each.start][-1:]
            opposed = _VERSUS.search(text, last.end, each.start) and behind and FOR_THE.fullmatch(
                text, each.end, behind[0].start
            )  # fmt: skip
            gap = text[before[-1].end : each.start] if before else ""
            owned = re.fullmatch(r"(?:[\u2019']s?)?\s+", gap) or _ONLY.fullmatch(gap)
            digits = re.search(r"\d[\d,.]*", text[last.start : last.end])
            plain = (
                float(digits[0].replace(",", "").strip(".") or 0)
                if digits and digits[0].count(".") < 2
                else 0.0
            )
            precise = last.dimension in RATES and _IN_PRECISION.search(text, last.end, each.start)
            alike = plain and 1 / _LIKE < each.value / plain < _LIKE
            counted = _COUNTED.match(text, each.end) or _REACHED.match(text, each.end)
            # "157 TFLOPS in FP16 and 315 TOPS in INT8, the B580 109 and 219": in which its place tells.
            counted = counted or (_AND_A_BARE.match(text, each.end) if len(done) > 1 else None)
            if (opposed or owned or precise) and alike and not counted:
                scaled = each.value * last.value / plain
                done.append(
                    each._replace(value=scaled, high=scaled, dimension=last.dimension, unit=last.unit)
                )
                continue
        done.append(each)
    return [
        _in_unit_of_next(text, each, done[at + 1] if at + 1 < len(done) else None)
        for at, each in enumerate(done)
    ]


#: Between two rates of which the last alone tells its unit.
_AND_THEN = re.compile(r"\s*(?:,|,?\sand)\s+")


def _in_unit_of_next(text: str, each: Quantity, after: Quantity | None) -> Quantity:
    """A bare number in the unit of the rate that it is listed with: "130 and 260 TOPS"."""
    if after is None or each.dimension != "number" or after.dimension not in RATES:
        return each
    digits = re.search(r"\d[\d,.]*", text[after.start : after.end])
    plain = float(digits[0].replace(",", "").strip(".") or 0) if digits and digits[0].count(".") < 2 else 0.0
    if (
        not plain
        or not 1 / _LIKE < each.value / plain < _LIKE
        or not _AND_THEN.fullmatch(text, each.end, after.start)
    ):
        return each
    scaled = each.value * after.value / plain
    return each._replace(value=scaled, high=scaled, dimension=after.dimension, unit=after.unit)


def of_another(text: str, quantity: Quantity, last: Quantity, here: Sequence[Mention]) -> Mention | None:
    """The other device whose value is set against the last one: "more than the A4000's 153.4 TFLOPS"."""
    if quantity.dimension != last.dimension:
        return None
    behind = [each for each in here if each.start >= quantity.end]
    if behind and FOR_THE.fullmatch(text, quantity.end, behind[0].start):
        return behind[0]
    between = [each for each in here if last.end <= each.start and each.end <= quantity.start]
    bare = quantity.dimension == "number"
    told = (
        between
        and (
            _ONLY.fullmatch(text, between[-1].end, quantity.start)
            # "10,240 CUDA cores, the 4070 Ti SUPER 8,448".
            or (_GROUPED.match(text, quantity.start) and not text[between[-1].end : quantity.start].strip())
        )
    )
    if bare and not told:
        return None
    if len(between) != 1 or not TIED.fullmatch(text[between[0].end : quantity.start] or " "):
        return None
    return between[0]


def both_of(text: str, quantity: Quantity, mention: Mention, here: Sequence[Mention]) -> list[Mention]:
    """The other devices of which a value is said too: "both the A10 and the L4 have 24 GB"."""
    before = [each for each in here if each.end <= mention.start] if mention in here else []
    # What stands between two names is short, all before the value may be a long sentence.
    if not before or not re.fullmatch(r"[\s,]*(?:and|&)\s+(?:the\s+)?", text[before[-1].end : mention.start]):
        return []
    words = text[max(0, before[0].start - 12) : quantity.start]
    return before if re.search(r"\b(?:both|all)\b", words, re.IGNORECASE) else []


#: Before what something changes by: "goes up by 20 W", "rose 20 W to 220 W".
_BY = re.compile(
    r"(?<!fed )(?<!backed )(?<!held back )\bby "
    r"(?:(?:about|around|some|another|roughly|only|just|nearly|almost) )*$",
    re.IGNORECASE,
)
_CHANGES = re.compile(
    r"\b(?:rises?|rose|grows?|grew|climb(?:s|ed)?|increase[sd]?|gain(?:s|ed)?|drop(?:s|ped)?|f[ae]lls?|up|down|"
    r"adds?|added)\s(?:(?:about|around|some|another|only|just) )*$",
    re.IGNORECASE,
)
_TO_VALUE = re.compile(r",?\sto\s(?:(?:about|around|a|now) )*\d", re.IGNORECASE)


def is_change(text: str, quantity: Quantity) -> bool:
    """Whether a value is what something changes by, and not what it comes to."""
    place = max(0, quantity.start - APART), quantity.start
    by = _BY.search(text, *place) is not None
    return by or (
        _CHANGES.search(text, *place) is not None and _TO_VALUE.match(text, quantity.end) is not None
    )


#: The same price in another currency: "$249 / \u00a3249".
_OTHER_MONEY = re.compile(r"\s*/\s*[\u00a3\u20ac\u00a5]\s?\d")


def of_a_part(text: str, quantity: Quantity) -> bool:
    """Whether a number is of each of some parts, or of a formula: "4 tensor cores per SM", "/ 140 GB ="."""
    before = text[max(0, quantity.start - 24) : quantity.start]
    after = text[quantity.end : quantity.end + 40]
    # "9,000 TFLOPS FP8 / 18,000 TFLOPS FP4" are two values.
    if _LABELLED.fullmatch(text, 0, quantity.start):
        # "CUDA cores - 3,840": a label.
        before = ""
    has_word = quantity.dimension != "number" or re.match(r"\s[A-Za-z]", after)
    listed = has_word and re.search(r"[A-Za-z)]\s?/\s*$", before) and "=" not in after
    beside = _BESIDE.match(after) if quantity.dimension != "number" and "=" not in after else None
    # "24 GB / 1,008 GB/s / 450 W" are three.
    goes_on = (beside is not None and beside[1] != quantity.unit) or _OTHER_MONEY.match(after) is not None
    if (_OPERATOR_BEFORE.search(before) and not listed) or (_OPERATOR_AFTER.match(after) and not goes_on):
        return True
    changes = _CHANGES.search(before) and is_change(text, quantity)
    if changes or _NTH.match(after) or _MADE.search(text, max(0, quantity.start - _SHORT), quantity.start):
        return True
    if quantity.dimension == "memory" and _IN_A_TIME.match(after):
        return True
    if quantity.dimension == "money" and _OF_ONE.search(text, max(0, quantity.start - APART), quantity.start):
        return True
    if _SO_MANY.search(text, max(0, quantity.start - APART), quantity.start) or _GIVEN_UP.search(
        text, max(0, quantity.start - _QUESTION), quantity.start
    ):
        return True
    return bool(
        _MISSING.search(before)
        or (
            _PART_BEFORE.search(before)
            and not _RAISED.search(text, max(0, quantity.start - APART), quantity.start)
        )
        or _PART_AFTER.match(after)
        or (quantity.dimension != "number" and _DIFFERENCE.match(after))
    )


#: "NVLink with 112.5 GB/s" beside the bandwidth of the memory is of no other column.
_OF_A_LINK, _LINKED = re.compile(r"\b(?:NVLink|PCIe)\b[^.;,]*$"), 24


_BOTH_WAYS = re.compile(r"\bdense\b.*\bspars(?:e|ity)\b|\bspars(?:e|ity)\b.*\bdense\b", re.IGNORECASE)


def several_columns(sentence: Sentence, context: Context) -> bool:
    """Whether a line without a name holds two values of one dimension: the row of a table without marks."""
    found = [
        each.dimension
        for each in quantities(sentence.text, context.fraction)
        if not _OF_A_LINK.search(sentence.text, max(0, each.start - _LINKED), each.start)
    ]
    # One rate is told dense and with sparsity.
    twice = 2 if _BOTH_WAYS.search(sentence.text) else 1
    several = any(found.count(dimension) > 1 for dimension in ("bandwidth", "memory", "power"))
    several = several or found.count("flop rate") > twice
    return several and not _IN_PROSE.search(sentence.text)
