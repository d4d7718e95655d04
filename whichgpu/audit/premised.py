"""Premises that the words right beside an accused one deny, by the kind of what is accused.

A value behind "against" is the other's, an amount "on top of" another is what they differ by, "with NVLink is
the .. one" tells which of several is meant, "N% less power" under a limit that was set is of one machine, and
what an earlier text said is taken back.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.models import models
from whichgpu.audit.pairs import devices
from whichgpu.audit.presumed import presumes
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.unfounded import Place

#: What an own earlier text said, which is put right.
_TAKEN_BACK = re.compile(
    r"\b(?:we|I|one of us|our (?:last|previous|earlier|first) \w+)\s(?:had\s|have\s|once\s|wrongly\s|also\s)*"
    r"(?:said|wrote|claimed|stated|told you|called|gave|printed|listed|had it that)\b",
    re.IGNORECASE,
)
_RIGHT_IS = re.compile(
    r"\b(?:wrong\w*|mistake\w*|error\w*|correct\w*|sorry|apolog\w+|in fact|actually|erratum|errata)\b",
    re.IGNORECASE,
)
#: How far behind a statement what puts it right stands.
_SOON, _NEAR = 160, 40


def lacks_premise(found: Finding, place: Place, context: Context) -> bool:
    """Whether the words beside an accusation deny what it takes for granted."""
    if _is_taken_back(place, context) or presumes(found, place, context):
        return True
    tests = {
        "specification": _of_value, "identity": _of_identity, "capability": _of_capability,
        "memory": _of_room, "ratio": _of_ratio, "arithmetic": _of_sum, "benchmark": _of_several_at_work,
        "ordering": _of_place,
    }  # fmt: skip
    test = tests.get(found.kind)
    return test is not None and test(found, place, context)


def _is_taken_back(place: Place, context: Context) -> bool:
    """Whether a statement is an earlier one of the text's own that is put right."""
    text, sentence = place.text, place.sentence
    if _TAKEN_BACK.search(text, sentence.start, place.at) is None:
        return False
    passage = next((each for each in context.document.passages if each.text == text), None)
    around = (*(passage.section[-1:] if passage else ()), text[sentence.start : sentence.end + _SOON])
    return any(_RIGHT_IS.search(each) for each in around)


#: Before a value, that it is the other's: "HBM2e in the SXM version, against HBM2".
_AGAINST = re.compile(
    r"\b(?:against|versus|vs\.?|as opposed to|rather than|instead of|compared (?:to|with))\s+"
    r"(?:(?:the|only|just|plain|a mere)\s+)*$",
    re.IGNORECASE,
)
#: Between a name and a value: "more cores than the 5090: 188 multiprocessors against 170".
_THAN_IT = re.compile(r"\b(?:than|as) (?:the |an? )?$", re.IGNORECASE)
_COLON = re.compile(r"\s*:\s*$")
#: Behind an amount of money, what it comes on top of.
_ON_TOP = re.compile(
    r"\s+(?:on top of|extra\b|more than|less than|above|below|over (?:the|that|what)|cheaper|dearer|apart|"
    r"difference|saved|discount|off\b)",
    re.IGNORECASE,
)
_FLOAT = re.compile(r"(?:fp|bf|tf)\d", re.IGNORECASE)
_OPS = re.compile(r"\b[TPG]OPS\b")
#: So many of a device right before its name: "2\u00d7 P40", "four L4".
_MANY = re.compile(
    r"(?<![\w.])(?:(?P<n>\d{1,2})\s?(?:x|\u00d7|\*)?|(?P<w>two|three|four|five|six|eight))\s+"
    r"(?:(?:nvidia|used|tesla|geforce|quadro|amd|radeon|instinct)\s+){0,2}$",
    re.IGNORECASE,
)
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10, "twelve": 12}
_ADDED = frozenset({"memory", "power", "launch_price", "cuda_cores", "bandwidth", "tensor_cores", "slots"})
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SAME = 0.01


def _of_value(found: Finding, place: Place, context: Context) -> bool:
    """Whether a value is the other's of two, a difference, a rate in integers, or that of several."""
    text, at, end, sentence = place.text, place.at, place.end, place.sentence
    ids = frozenset(found.subject.split(", "))
    here = [each for each in place.here if ids & {*each.ids, *each.named}]
    before = [each for each in here if each.end <= at]
    against = _AGAINST.search(text, sentence.start, at)
    if against and len(before) == 1 and len(place.here) == 1 and found.attribute == "memory_type":
        return True
    if before and _COLON.match(text[before[-1].end : at]) and _THAN_IT.search(text, 0, before[-1].start):
        return True
    if "price" in found.attribute and _ON_TOP.match(text, end):
        return True
    if _FLOAT.match(found.attribute) and _OPS.search(found.quote):
        return True
    named = [each for each in before if re.search(r"\d", text[each.start : each.end])]
    if not named and _KIN.search(text, sentence.start, at):
        return True
    return found.attribute in _ADDED and _is_of_many(found, place, ids)


#: One that is told by whose kin it is.
_KIN = re.compile(
    r"\b(?:its|their|the) (?:\w+ ){0,2}(?:sister|sibling|brother|cousin|twin|namesake)s?\b", re.IGNORECASE
)


def _is_of_many(found: Finding, place: Place, ids: frozenset[str]) -> bool:
    """Whether a value is what the number of them that stands before the name have together."""
    told, real = _NUMBER.search(found.quote), _NUMBER.search(found.because.rpartition(" has ")[2])
    if told is None or real is None:
        return False
    one, other = (float(each[0].replace(",", "")) for each in (told, real))
    for each in place.mentions:
        if each.start < place.at and ids & {*each.ids, *each.named}:
            many = _MANY.search(place.text, max(0, each.start - _NEAR), each.start)
            number = (
                int(many["n"]) if many and many["n"] else _WORDS.get((many["w"] if many else "").lower(), 1)
            )
            if number > 1 and other and abs(one / other / number - 1) < _SAME:
                return True
    return False


#: "The same AD102 chip as my card": the chip of what is named behind it.
_AS_MINE = re.compile(r"[^.;,]{0,16}\bas (?:in )?(?:my|our|your|this|that)\b", re.IGNORECASE)


def _of_identity(found: Finding, place: Place, _: Context) -> bool:
    """Whether what something is is told of it and of one that is not named."""
    return found.attribute == "chip" and _AS_MINE.match(place.text, place.end) is not None


_IN_PLACE_OF = re.compile(
    r"\b(?:in (?:the )?(?:place|lieu|absence) of|for (?:want|lack) of|short of|as a substitute for|"
    r"(?:their|its|an?) (?:answer|equivalent|counterpart|alternative|rival) to)\s+(?:the\s+|an?\s+)?"
    r"(?:nvidia[\u2019']s\s+)?$",
    re.IGNORECASE,
)
_IS_THE_ONE = re.compile(r"\s+(?:is|are|was|were|means|would be)\s+(?:the|an?|only|called)\b", re.IGNORECASE)
_THE_CARDS = re.compile(r"(?<!of )\bthe (?:cards|GPUs|boards|modules|accelerators)\b", re.IGNORECASE)


def _of_capability(found: Finding, place: Place, context: Context) -> bool:
    """Whether a capability tells which of several is meant, or is what something else stands in for."""
    text, at, end = place.text, place.at, place.end
    if _IN_PLACE_OF.search(text, 0, at):
        return True
    if re.match(r"with\b", found.quote) and _IS_THE_ONE.match(text, end):
        return True
    ids = frozenset(found.subject.split(", "))
    cards = _THE_CARDS.search(text, place.sentence.start, end)
    return bool(cards) and not place.here and any({key} - ids for key in _last_other(place, ids, context))


_OBLIQUE = re.compile(r"\b(?:than|like|th(?:at|ose) of)\s+(?:\w+\s+){0,4}$", re.IGNORECASE)


def _last_other(place: Place, ids: frozenset[str], context: Context) -> list[str]:
    """Other devices that the text compares, where a plural without a name may mean them."""
    before = within(place.mentions, 0, place.sentence.start)
    if before and _OBLIQUE.search(place.text, 0, before[-1].start) and len(devices(context)) > 1:
        # "Comparable to that of the pair of H100 NVL": not what is spoken of.
        return ["", *before[-1].ids]
    return [key for each in before for key in each.ids if not ids & {*each.ids, *each.named}] or (
        [key for one in devices(context) for key in one] if not before else []
    )


_NO_ROOM = re.compile(
    r"\W*(?:short of|below|less than|more than|behind|except|apart from|other than|than|besides|without|"
    r"unlike)\b",
    re.IGNORECASE,
)
_OF_DATA = re.compile(
    r"\s+of\s+(?:[a-z]+\s+){0,2}?(?:weights|parameters|data|activations|cache|tokens|images|gradients)\b",
    re.IGNORECASE,
)
_DIFFERENCE = re.compile(r"\bdifference between\b|\b(?:or|and|from) not\b[^.;]{0,24}$", re.IGNORECASE)
_NOUN = re.compile(r"\b(?:the|an?|its|your|our|this)\s(?:host|hold|run|fit|load|room)$", re.IGNORECASE)
_NOTHING = re.compile(r"\b(?:nothing|none|no card|neither)\b", re.IGNORECASE)
_TOLD_NEED = re.compile(r"(?P<n>[\d.,]+) GB are told to be needed")
_ADDS_UP = re.compile(
    r"\b(?:adds? up|in all|in total|altogether|together|combined|board|node|chassis|\w+-way|server|"
    r"both|pair)\b",
    re.IGNORECASE,
)
_WEIGHTS = re.compile(r" are (?P<n>[\d.,]+) GB")


def _of_room(found: Finding, place: Place, context: Context) -> bool:
    """Whether what is taken for a room, for what holds something or for what is needed is something else."""
    text, quote, said = place.text, found.quote, place.sentence.text
    need = _TOLD_NEED.match(found.because)
    if need and found.attribute == "left" and _number(quote) == float(need["n"].replace(",", "")):
        return True
    if found.expected == "no" and _NOTHING.search(quote):
        return True
    if found.attribute == "fits" and _is_of_an_earlier_paragraph(found, place, context):
        return True
    weights = _WEIGHTS.search(found.because)
    if weights and found.expected == "no" and _ADDS_UP.search(said):
        least = float(weights["n"].replace(",", "")) * 1e9
        of = quantities(text, context.fraction)
        if any(
            each.value > 1.05 * least
            for each in within(of, place.sentence.start, place.end)
            if each.dimension == "memory"
        ):
            return True
    return bool(
        _NO_ROOM.match(quote)
        or _NOUN.search(quote)
        or (found.attribute == "fits" and _OF_DATA.match(text, place.end))
        or _DIFFERENCE.search(said)
    )


def _is_of_an_earlier_paragraph(found: Finding, place: Place, context: Context) -> bool:
    """Whether what a paragraph is said to hold is of another one, since it says no model itself."""
    passage = next((each for each in context.document.passages if each.text == place.text), None)
    if passage is None or passage.kind != "paragraph" or "GB are told" in found.because:
        return False
    before = place.text[: place.sentence.end]
    return not models(before) and _HOLDING.search(place.sentence.text) is None


_HOLDING = re.compile(r"\b(?:hold|fit|load|store|enough|room|weight)(?:s|ting|ed)?\b", re.IGNORECASE)


def _number(words: str) -> float:
    found = _NUMBER.search(words)
    return float(found[0].replace(",", "")) if found else 0.0


#: What a share is of by the word behind it, and that a machine's own setting is spoken of.
_OF_TIME = re.compile(
    r"\s*(?:more |less |of the |longer |shorter )*(?:time|longer|runtime|minutes|hours|seconds)\b", re.I
)
_SET = re.compile(
    r"\b(?:limit(?:s|ed|ing)?|capp?(?:s|ed|ing)?|undervolt\w*|underclock\w*|throttl\w+|nvidia-smi|set to|"
    r"turned down|power target)\b",
    re.IGNORECASE,
)
_FASTER = re.compile(r"(?:faster|slower|quicker)\W*$", re.IGNORECASE)
_USED = re.compile(
    r"\b(?:us(?:e[sd]?|ing)|occup\w+|fill(?:s|ed)?|busy)\b[^.;,]{0,24}$",
    re.IGNORECASE,
)
_FORMATS = re.compile(
    r"[^.;]{0,40}\b(?:compared (?:with|to)|over|against|relative to|versus|from|than|of)\s+(?:plain\s+)?"
    r"(?:FP|BF|TF|INT)\d+|[^.;]{0,24}\b(?:weights|footprint)\b",
    re.IGNORECASE,
)
_JOINT = re.compile(
    r"[;:(]|,\s|\s(?:although|though|while|whereas|despite|because|since|but|and)\s", re.IGNORECASE
)
_ATTRIBUTE = re.compile(
    r"\b(?:bandwidth|memory|cores?|clock\w*|TFLOPS|FP\d+|paper|compute|link|NVLink|bus)\b", re.I
)


def _of_ratio(found: Finding, place: Place, context: Context) -> bool:
    """Whether a ratio is of time, a setting, what is used, two formats, or follows from what is told."""
    text, at, end, sentence = place.text, place.at, place.end, place.sentence
    of_part = found.attribute == "told before" and _PART_OF_TABLE.search(text, sentence.start, sentence.end)
    denied = _NOT_SO.search(text, sentence.start, at) is not None
    if (
        of_part
        or denied
        or _is_of_opposed(found, place)
        or is_of_things(text, end, [each.start for each in place.mentions])
    ):
        return True
    if found.attribute == "told before" or _is_of_like_units(found):
        return found.attribute != "told before" or _is_quotient(found, place, context)
    if found.attribute == "measured" or _OF_NEITHER.match(text, end):
        # Whose it is must stand there.
        return not place.here or _OF_NEITHER.match(text, end) is not None
    back = place.since(1)
    if _OF_TIME.match(text, end) or (found.attribute == "power" and _SET.search(text, back, sentence.end)):
        return True
    start = max((each.end() for each in _JOINT.finditer(text, sentence.start, at)), default=sentence.start)
    joint = _JOINT.search(text, end, sentence.end)
    part = text[start : joint.start() if joint else sentence.end]
    else_of = _USED.search(text, start, at) or (_FASTER.search(found.quote) and not _ATTRIBUTE.search(part))
    if found.attribute in _OF_PARTS and else_of:
        return True
    return found.attribute == "memory" and _FORMATS.match(text, end) is not None


#: Right before a ratio, that it is not so: "Not the factor of two that".
_NOT_SO = re.compile(
    r"\b(?:not|never|nowhere near|hardly)\s(?:(?:the|an?|quite|by)\s)*(?:factor of\s)?$", re.I
)


_UP = re.compile(r"\s*(?:more|faster|higher|ahead|dearer|above|quicker|larger|longer)\b", re.IGNORECASE)
_DOWN = re.compile(r"\s*(?:less|fewer|slower|lower|behind|cheaper|below|shorter)\b", re.IGNORECASE)


def _is_of_opposed(found: Finding, place: Place) -> bool:
    """Whether two numbers that the text sets against each other give a ratio: "20 a minute against 16.7"."""
    share = re.match(r"(?P<n>\d+(?:\.\d+)?)\s?(?:%|percent)", found.quote)
    up = _UP.match(place.text, place.end) is not None
    if share is None or not (up or _DOWN.match(place.text, place.end)):
        return False
    told = float(share["n"]) / 100
    for each in _SET_AGAINST.finditer(place.text, place.since(1), place.sentence.end):
        a, b = _number(each["a"]), _number(each["b"])
        low, high = min(a, b), max(a, b)
        if low and abs((high / low - 1 if up else 1 - low / high) - told) < _ROUNDED:
            return True
    return False


#: Things of which a ratio is told, of which no data sheet and no rate tells: "three times the contexts".
_THINGS = re.compile(
    r"\s+(?:the|as many|more|fewer)\s+(?:[a-z-]+\s+){0,3}?(?P<what>[a-z-]+[^s\W]s)(?=\s*(?:[.,;:)]|$)|"
    r"\s(?:and|at|in|on|for|with|of|per|as|but|while|when|if)\b)",
    re.IGNORECASE,
)
_MEASURES = re.compile(
    r"(?:\w*flops|tops|watts|bytes|gigabytes|terabytes|dollars|euros|cents|joules|cores|shaders|units|sms|"
    r"transistors|multiprocessors|bits|lanes|slots|tokens|images|pictures|samples|frames|words|sequences|"
    r"cards|gpus|boards|modules|accelerators|seconds|minutes|hours|days|costs|times|processors|channels|"
    r"stacks|specs|links|others|ones)",
    re.IGNORECASE,
)


def is_of_things(text: str, end: int, names: Sequence[int]) -> bool:
    """Whether what stands behind a ratio are counted things that no device has: users, requests, contexts."""
    match = _THINGS.match(text, end)
    if match is None or any(end <= at < match.end() for at in names):
        return False
    return _MEASURES.fullmatch(match["what"]) is None


#: Where in a table what is told stands: "wins the second column".
_PART_OF_TABLE = re.compile(
    r"\b(?:first|second|third|fourth|last|top|bottom|left|right|middle|other|next)(?:-?most)? (?:\w+ )?"
    r"(?:columns?|rows?|lines?)\b",
    re.IGNORECASE,
)
_OF_NEITHER = re.compile(r"[^.;,]{0,40}\b(?:of|than|as) (?:neither|none|nobody)\b", re.IGNORECASE)
_OF_PARTS = frozenset(
    {"bandwidth", "memory", "cuda_cores", "tensor_cores", "memory_bus", "l2_cache", "sms", "power"}
)


def _is_quotient(found: Finding, place: Place, context: Context) -> bool:
    """Whether two amounts of one kind of the sentence, or of the two before it, are in the stated ratio."""
    stated = re.search(r"(?P<n>\d+(?:\.\d+)?) times", found.because)
    said = quantities(place.text, context.fraction)
    around = [
        each
        for each in within(said, place.since(2), place.end)
        if each.dimension not in ("number", "times", "percent")
    ]
    if "of these two it is" in found.because and "FLOPS" in found.because:
        return _is_with_sparsity(found)
    if stated is None or "nothing that the document tells" not in found.because:
        return False
    if _OF_ONE.match(place.text, place.end) and _EXPECTED.search(place.text, place.sentence.start, place.at):
        return True
    times = float(stated["n"])
    return any(
        a.dimension == b.dimension and a.value and b.value
        and any(abs(way / times - 1) < _ROUNDED for way in (a.value / b.value, b.value / a.value))
        for a, b in combinations(around, 2)
    )  # fmt: skip


#: What two of a card give whoever has them, which is nobody's measurement.
_OF_ONE = re.compile(r"\s+the (?:throughput|speed|performance) of (?:a single|one|a lone)\b", re.IGNORECASE)
_EXPECTED = re.compile(
    r"\byou (?:get|gain|have)\s+(?:nearly|almost|close to|about|roughly)\s+$", re.IGNORECASE
)
_RATE = re.compile(r"(?P<n>\d[\d.,]*) [TP]FLOPS")


def _is_with_sparsity(found: Finding) -> bool:
    """Whether a ratio is that of two rates one of which was told with sparsity."""
    rates = [_number(each["n"]) for each in _RATE.finditer(found.because)]
    told = _number(found.quote)
    times = 1 + told / 100 if "%" in found.quote or "percent" in found.quote else told
    return any(
        abs(by * way / times - 1) < _SPARSE
        for a, b in combinations(rates, 2)
        for way in (a / b, b / a)
        for by in (2.0, 0.5)
        if times
    )


#: The kind of work, or of cost, that a place is by.
_JUDGED_BY = re.compile(r"\b(?:judged|going|measured|ranked|counted) by\b", re.IGNORECASE)
_COST_BY = re.compile(r"\b(?:price|cost|dollars?|euros?|cents?) (?:divided by|per|for each)\b", re.IGNORECASE)


#: Two amounts that a sentence sets against each other: "118 seconds against 180".
_SET_AGAINST = re.compile(
    r"(?P<a>\d[\d,.]*\d|\d)(?:\s?[A-Za-z%/]+){0,4}\s"
    r"(?:against|versus|vs\.?|compared (?:to|with)|to|as opposed to)\s"
    r"(?:about |only |just |some )?[$\u20ac]?(?P<b>\d[\d,.]*\d|\d)",
    re.IGNORECASE,
)


def _rests_on_its_own(found: Finding, place: Place) -> bool:
    """Whether a sentence tells two amounts against each other which are not those that it is held against."""
    return ": " in found.because and any(
        each[key] not in found.because
        for each in _SET_AGAINST.finditer(place.text, place.sentence.start, place.sentence.end)
        for key in ("a", "b")
    )


def _of_place(found: Finding, place: Place, _: Context) -> bool:
    """Whether who is ahead is so by what the sentence, or the one before it, names and no table heads."""
    if found.attribute == "told before" and _rests_on_its_own(found, place):
        return True
    back = place.earlier(1)[0].start if place.earlier(1) else place.sentence.start
    if "table above" in found.because:
        return _JUDGED_BY.search(place.text, place.sentence.start, place.at) is not None
    return "document told" in found.because and _COST_BY.search(place.text, back, place.at) is not None


_OF_THEM = re.compile(r"\b(?P<w>two|three|four|five|six|eight) of (?:them|these|those)\b", re.IGNORECASE)
_AT_MOST = re.compile(r"at most (?P<n>\d[\d.,]*) a second")


def _of_several_at_work(found: Finding, place: Place, _: Context) -> bool:
    """Whether a speed above what one card allows is that of several, which the sentence counts."""
    many, most = _OF_THEM.search(place.sentence.text), _AT_MOST.search(found.because)
    if many is None or most is None:
        return False
    return _number(found.quote) <= _WORDS[many["w"].lower()] * _number(most["n"])


_ROUNDED, _SPARSE = 0.006, 0.02
#: A round number of what is made, whose price is told: "1,000 images cost $1.25".
_CHOSEN = re.compile(r"(?:10+|1,0{3}(?:,0{3})*)\s+[a-z]+$", re.IGNORECASE)
_COST = re.compile(r"\s+(?:then\s+)?(?:costs?|come to|take|need|for|are)\b", re.IGNORECASE)
#: Before a number, that it belongs to a name: "SD 1.5 images".
_VERSION = re.compile(
    r"\b(?:SD|SDXL|Llama|Qwen|GPT|Flux|Mistral|Phi|Gemma|v|version|CUDA|PCIe)[ -]?$", re.IGNORECASE
)
#: Behind an amount, what it is of each of: an amount set against it is of the same.
_PER = re.compile(r"\s*(?:/|\b(?:per|an?|each|for each)\s)\s?\w+(?=\s)", re.IGNORECASE)
#: How many are told one by one behind a colon: "two files: the first, which is 5 GB".
_SOME_THINGS = re.compile(rf"(?:\d{{1,2}}|{'|'.join(_WORDS)})\s+[a-z -]+", re.IGNORECASE)
_LIST_OF = re.compile(r"[^.;:,\d]*:\s")
_OPERANDS = re.compile(r" and |, ")


def _of_sum(found: Finding, place: Place, context: Context) -> bool:
    """Whether a result is a chosen number, made of a name's version, or a product of three amounts."""
    text, at, end = place.text, place.at, place.end
    if _is_written_out(text, at, found.quote):
        return True
    if _CHOSEN.match(found.quote) and _COST.match(text, end):
        return True
    for words in _OPERANDS.split(found.because.rpartition(" make ")[0]):
        start = text.rfind(words, 0, at) if words else -1
        if start >= 0 and (
            _VERSION.search(text, 0, start)
            or _AGAINST.fullmatch(_PER.sub("", text[start + len(words) : at], count=1).lstrip())
            or (_SOME_THINGS.fullmatch(words) and _LIST_OF.match(text, start + len(words), at))
        ):
            return True
    if _is_of_like_units(found) or _is_price_times(place, context) or _is_time_bought(place, context):
        return True
    return found.quote.rstrip("s").lower().endswith("wh") and _is_product_of_three(place, context)


#: "$6,800 / 48 GB is $142": a formula, and what comes of it.
_FORMULA = re.compile(
    r"(?P<a>\d[\d,]*(?:\.\d+)?)\s?[A-Za-z%/-]*(?:\s[a-z]+)?\s(?P<by>[x\u00d7*/\u00f7]|times|divided by)\s"
    r"[$\u20ac]?(?P<b>\d[\d,]*(?:\.\d+)?)\s?[A-Za-z%/-]*(?:\s[a-z]+)?\s"
    r"(?:is|are|=|makes?|gives?|comes to|equals|\u2248)\s(?:about |around |roughly |some |~)?$",
    re.IGNORECASE,
)


def _is_written_out(text: str, at: int, quote: str) -> bool:
    """Whether an amount is what the formula right before it comes to."""
    match = _FORMULA.search(text, max(0, at - 2 * _NEAR), at)
    told = _number(quote)
    if match is None or not told:
        return False
    a, b = _number(match["a"]), _number(match["b"])
    real = a * b if match["by"].lower() in ("x", "\u00d7", "*", "times") else a / b if b else 0.0
    return abs(real / told - 1) < _SPARSE


_APART = re.compile(
    r"(?P<a>\d[\d.,]*) ?(?:minutes|seconds|hours|min|s|h) and (?P<b>\d[\d.,]*) are .* apart", re.IGNORECASE
)


def _is_of_like_units(found: Finding) -> bool:
    """Whether a ratio is that of a time and of a bare number, which has its unit."""
    match = _APART.match(found.because)
    a, b, told = (_number(each) for each in (match["a"], match["b"], found.quote)) if match else (0, 0, 0)
    return bool(a and b and told) and any(abs(way / told - 1) < _SPARSE for way in (a / b, b / a))


#: Kilowatts, and kilowatt-hours, that a tariff is for.
_KILO = 1e3
_HOUR = 3600.0


def _is_price_times(place: Place, context: Context) -> bool:
    """Whether an amount of money is a price of the sentences around times a power or an energy there."""
    own, others = place.amounts(context, back=2)
    if own is None or own.dimension != "money" or not own.value:
        return False
    fraction = re.search(r"\.(\d{1,2})", place.text[own.start : own.end])
    half = 0.5 * 10.0 ** -len(fraction[1] if fraction else "")
    prices = [each.value for each in others if each.dimension == "money"]
    amounts = [each.value / _KILO for each in others if each.dimension in ("energy", "power")]
    return any(abs(price * amount - own.value) <= half for price in prices for amount in amounts)


def _is_time_bought(place: Place, context: Context) -> bool:
    """Whether a time is what the money of its sentence buys at a rate that the document tells."""
    own, others = place.amounts(context)
    if own is None or own.dimension != "time" or not own.value:
        return False
    rates = [
        each.value
        for passage in context.document.passages
        for each in quantities(passage.text, context.fraction)
        if each.dimension == "money" and each.value
    ]
    hours = own.value / _HOUR
    return any(
        abs(each.value / rate / hours - 1) < _SPARSE
        for each in others
        if each.dimension == "money"
        for rate in rates
    )


_COUNT = re.compile(
    r"(?P<n>\d{1,4})\s+(?:\w+\s+){0,1}(?:days|nights|weeks|months|shifts|evenings)\b", re.IGNORECASE
)
_HOURS_OF = re.compile(rf"\b(?P<n>\d{{1,2}}|{'|'.join(_WORDS)})\s+(?:\w+\s)?hours\b", re.IGNORECASE)


def _is_product_of_three(place: Place, context: Context) -> bool:
    """Whether an energy is a power, hours of a day and a number of days of its own sentence."""
    start, stop = place.sentence.start, place.sentence.end
    text = place.text
    own, others = place.amounts(context)
    powers = [each.value for each in others if each.dimension == "power"]
    days = [float(each["n"]) for each in _COUNT.finditer(text, start, stop)]
    hours = [
        float(each["n"]) if each["n"].isdigit() else float(_WORDS.get(each["n"].lower(), 0))
        for each in _HOURS_OF.finditer(text, start, stop)
    ]
    return own is not None and any(
        abs(w * d * h / own.value - 1) < _SAME for w in powers for d in days for h in hours if own.value
    )
