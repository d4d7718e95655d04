"""Accusations of what stands beside what was meant: another device, another attribute, figures of their own.

"From a 1080 to a 4070 Super. 7,168 cores": of the last one. "112.5 GB/s, same as the 3090": of the link.
"The Arc comes first ($4.08), ahead of the 5060 ($4.27)": by the figures in brackets. "32 x 67 TFLOPS, another
2.1 PFLOPS": the product right before. Whichever kind of claim found them, the words beside show it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.premised.values import is_of_many
from whichgpu.audit.review.elsewhere import withheld_for
from whichgpu.audit.review.unfounded import Place
from whichgpu.audit.tables.variants import is_right
from whichgpu.audit.text.models import formats, models
from whichgpu.audit.text.quantities import SPELLED, quantities, read_number
from whichgpu.audit.text.sentences import one_before, within
from whichgpu.audit.values.attributes import attributes, named
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from whichgpu.audit.clauses.agreement import At
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

#: How near two amounts are the same, and one that was rounded to two digits.
_SAME, _ROUNDED = 0.006, 0.03
_TWO = 2
#: A sentence without a subject: it begins with a number.
_BARE = re.compile(r"\W*\d")
#: Makers of chips of which none is on file, with their chips.
STRANGERS = re.compile(
    r"\b(?:Cerebras|WSE(?:-?\d)?|Graphcore|IPUs?|Groq|LPUs?|SambaNova|RDU|Tenstorrent|Wormhole|Blackhole|Etched|"
    r"d-Matrix|Ascend|Biren|Cambricon|Moore Threads|Enflame|MetaX|Iluvatar|Hygon|Kunlun\w*|MTIA|Maia|Dojo|"
    r"Qualcomm|Adreno|Mali|PowerVR|Imagination|3dfx|Voodoo\d?|S3|Matrox|ATI|Larrabee|Xeon Phi|Knights \w+|"
    r"Nervana|FPGAs?|Alveo|Versal|A64FX|SX-Aurora|Hailo\S*|Coral|Movidius|Rebellions|FuriosaAI|Lightmatter)\b"
)
#: A product right before what it comes to: "32 x 67 TFLOPS, another".
_PRODUCT = re.compile(
    r"(?P<a>\d[\d,]*(?:\.\d+)?)\s?(?:x|\u00d7|\*|times)\s?(?P<b>\d[\d,]*(?:\.\d+)?)\s?(?P<unit>[A-Za-z/]{1,6})?"
    r"\s?(?:[,:=(]|makes?|is|are|gives?|comes to|or|so)\s*(?:\w+\s){0,3}[~$]?$"
)
_SCALES = {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "p": 1e15}
#: Between two values in turn.
_IN_TURN = re.compile(r"\s*(?:and|/|or|,)\s*~?\d")
_IN_TURN_BEFORE = re.compile(r"\d\s?[A-Za-z/]{0,8}\s*(?:and|/|or|,)\s*~?$")
#: A figure in brackets, soon behind a name.
_IN_BRACKETS = re.compile(r"[^.;()]{0,40}\([^()]{0,24}?[$\u20ac]?\d[^()]{0,40}\)")
#: Between an amount and that of the work that it is of: "5 min 10 s for the ten hours".
_FOR_THE = re.compile(
    r"\s+(?:for|per|of|to (?:do|process|transcribe|render|read))\s+(?:the|all|each|every|those)?\s*"
)
_APART = re.compile(r"(?P<a>.+?) and (?P<b>.+?) are .* apart")
#: How fast something runs, told with what it has: "With 24 GB and 300 GB/s it's a bit slower".
_WITH = re.compile(
    r"\W*(?:With|At|Despite|For all)\s[^.;]*?\b(?:it|this|that|the card)(?:[\u2019']s|\s)", re.IGNORECASE
)
_SPEED = re.compile(r"\b(?:slow|fast|quick)\w*", re.IGNORECASE)
_RAN = frozenset({"time"})
_RATES = re.compile(
    r"\b(?:tok\w*|images?|it|frames?|fps|samples?|sequences?|requests?|steps?)\s?(?:/|per)\s?s", re.I
)
_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")
_RESPECTIVELY = re.compile(r"\brespectively\b", re.IGNORECASE)
_BITS = 8.0
#: Before what somebody measured.
_WE_SAW = re.compile(
    r"\b(?:we|I|they|he|she)\s(?:then\s|only\s|actually\s)?"
    r"(?:saw|see|measured?|observed?|recorded)\s(?:\w+\s){0,3}$",
    re.IGNORECASE,
)
_OF_EXAMS = re.compile(r"\b(?:exams?|exercises?|quiz|problem set|homework|assignments?)\b", re.IGNORECASE)
_SOMEONE = re.compile(r"\b(?:someone|somebody|is said|is claimed|claims?)\b", re.IGNORECASE)
_COMMENT = re.compile(
    r"\s*(?:Comment|Discuss|Explain why|Possible\?|Is (?:this|that) (?:possible|right|true)\?)"
)
_SHORT_DAYS = re.compile(r"[\d,.]+ (?:working )?days (?:of|at|with) (?:\d+|[a-z]+) (?:working )?hours\b")
#: What is loaded, before its size.
_WEIGHTS = (
    r"(?:files?|weights|checkpoints?|models?)"
    r"(?: (?:of|is|are|has|have|takes?|needs?|weighs?|about|roughly)){1,2}"
)
#: GPUs that a machine has.
_OF_MACHINE = re.compile(r"\b(?:nodes?|servers?|machines?)\b", re.IGNORECASE)
_MACHINE = (2, 16)


def without_neighbours(found: Iterable[Finding], context: Context) -> list[Finding]:
    """The findings as they are, or unverifiable where the words beside an accusation show what was meant."""
    return withheld_for(_TESTS, found, context)


def _names(where: At, context: Context, start: int, end: int) -> Sequence[Mention]:
    return within(context.mentions.get(where.number, ()), start, end)


def _told_at(where: At, context: Context) -> Quantity | None:
    every = quantities(where.passage.text, context.fraction)
    return next((each for each in every if each.start <= where.at < each.end), None)


def _is_of_last_named(found: Finding, where: At, context: Context) -> bool:
    """Whether a sentence that is but a value has that of the last device of the sentence before it."""
    sentence = where.sentence
    if found.kind != "specification" or not _BARE.match(sentence.text):
        return False
    if _names(where, context, sentence.start, sentence.end):
        return False
    before = one_before(where.passage.text, sentence.start)
    named = [name for each in before for name in _names(where, context, each.start, each.end)]
    own = frozenset(found.true_for.split(", "))
    return bool(named) and (
        bool(own & {*named[-1].named}) or _is_right_of(found, where, named[-1].ids, context)
    )


def _is_right_of(found: Finding, where: At, ids: Sequence[str], context: Context) -> bool:
    attribute, told = attributes().get(found.attribute), _told_at(where, context)
    return (
        attribute is not None
        and told is not None
        and any(is_right(where.passage.text, told, attribute, context.catalogue[key], context) for key in ids)
    )


def _is_of_stranger(found: Finding, where: At, context: Context) -> bool:
    """Whether a maker of whom nothing is on file is named before a value, and no device between."""
    if found.kind not in ("specification", "memory", "identity"):
        return False
    text, start = where.passage.text, where.sentence.start
    last = max((each.end() for each in STRANGERS.finditer(text, start, where.at)), default=-1)
    return last >= 0 and not _names(where, context, last, where.at)


def _is_product(found: Finding, where: At, context: Context) -> bool:
    """Whether an amount is what the product right before it comes to."""
    if found.kind != "arithmetic":
        return False
    match = _PRODUCT.search(where.passage.text, where.sentence.start, where.at)
    told = _told_at(where, context)
    if match is None or told is None:
        return False
    real = float(match["a"].replace(",", "")) * float(match["b"].replace(",", ""))
    scale = _SCALES.get((match["unit"] or "")[:1].lower(), 1.0)
    return any(abs(real * one / told.value - 1) < _ROUNDED for one in (scale, 1.0) if told.value)


def _is_by_brackets(found: Finding, where: At, context: Context) -> bool:
    """Whether both sides of an order have figures in brackets behind them, by which it is one."""
    if found.kind != "ordering":
        return False
    sentence, text = where.sentence, where.passage.text
    here = _names(where, context, sentence.start, sentence.end)
    told = [_IN_BRACKETS.match(text, each.end, sentence.end) for each in here]
    # One bracket with both figures is of what they have.
    return len({match.end() for match in told if match}) >= _TWO


def _is_of_link(found: Finding, where: At, context: Context) -> bool:
    """Whether a rate that is set against a device's is that of its link."""
    if found.kind != "ordering" or "GB/s" not in found.because:
        return False
    sentence = where.sentence
    told = within(quantities(where.passage.text, context.fraction), sentence.start, sentence.end)
    rates = [each.value for each in told if each.dimension == "bandwidth"]
    here = [key for each in _names(where, context, sentence.start, sentence.end) for key in each.ids]
    links = [float(value) for key in here if (value := context.catalogue[key].value("nvlink"))]
    return any(abs(rate / link - 1) < _SAME for rate in rates for link in links)


def _is_of_one_in_turn(found: Finding, where: At, context: Context) -> bool:
    """Whether an item has values in turn, for devices that an item before it names in its order."""
    passage = where.passage
    if found.kind != "specification" or passage.kind != "item" or context.mentions.get(where.number, ()):
        return False
    attribute, told = attributes().get(found.attribute), _told_at(where, context)
    if attribute is None or told is None:
        return False
    alike = [each for each in quantities(passage.text, context.fraction) if each.dimension == told.dimension]
    turn = len(alike) > 1 and (
        _IN_TURN.match(passage.text, told.end) or _IN_TURN_BEFORE.search(passage.text, 0, told.start)
    )
    others = {key for every in context.mentions.values() for each in every for key in each.ids}
    gpus = [context.catalogue[key] for key in others] if turn else []
    return any(is_right(passage.text, told, attribute, gpu, context) for gpu in gpus)


def _follows_later(found: Finding, where: At, context: Context) -> bool:
    """Whether what a result is held against is told behind it alone, in another sentence."""
    if found.kind != "arithmetic" or " make" not in found.because:
        return False
    told = re.search(r"[$\u20ac]\s?(\d[\d,]*(?:\.\d+)?)", found.because.partition(" make")[0])
    if told is None:
        return False
    price = float(told[1].replace(",", ""))
    every = [one for one in quantities(where.passage.text, context.fraction) if one.dimension == "money"]
    alike = [one.start for one in every if abs(one.value / price - 1) < _SAME]
    return bool(alike) and min(alike) >= where.sentence.end


def _is_of_work(found: Finding, where: At, _: Context) -> bool:
    """Whether of two times that a ratio is held against one is that of the work that the other takes."""
    told = _APART.match(found.because)
    text, sentence = where.passage.text, where.sentence
    first = text.find(told["a"], sentence.start, sentence.end) if told else -1
    second = text.find(told["b"], sentence.start, sentence.end) if told else -1
    if told is None or min(first, second) < 0:
        return False
    gap = text[first + len(told["a"]) : second]
    return _FOR_THE.fullmatch(gap) is not None


def _is_of_speed(found: Finding, where: At, context: Context) -> bool:
    """Whether who is slower is told of a run, whose time the passage has, and not of what they have."""
    text, sentence = where.passage.text, where.sentence
    if found.kind != "ordering" or not _SPEED.search(found.quote) or not _WITH.match(sentence.text):
        return False
    told = within(quantities(text, context.fraction), 0, sentence.start)
    return any(each.dimension in _RAN for each in told) or _RATES.search(text) is not None


def _is_of_machine(found: Finding, where: At, context: Context) -> bool:
    """Whether an amount is so many times one of its sentence, as many as a machine of it has GPUs."""
    if found.kind != "arithmetic" or not _OF_MACHINE.search(where.sentence.text):
        return False
    told = _FIGURE.search(found.quote)
    first = re.match(r"(?P<n>\w+)\s", found.because)
    spelled = first is not None and (first["n"].isdigit() or first["n"].lower() in SPELLED)
    one = read_number(first["n"]) if first and spelled else 0.0
    if told is None or not one:
        return False
    times = float(told[0].replace(",", "")) / one
    if times != round(times) or not _MACHINE[0] <= times <= _MACHINE[1]:
        return False
    return any(
        cell is not None and cell.text.strip() == str(round(times))
        for table in context.document.tables for row in table.rows for cell in row
    )  # fmt: skip


def _is_of_those_before(found: Finding, where: At, context: Context) -> bool:
    """Whether a sentence that is but a value tells what so many have together: "Four MI50 32GB. 128 GB"."""
    if found.kind != "specification" or not _BARE.match(where.sentence.text):
        return False
    here = context.mentions.get(where.number, ())
    place = Place(where.passage.text, where.sentence, where.at, where.at + len(found.quote), here)
    return is_of_many(found, place, frozenset(found.subject.split(", ")))


def _is_respective(found: Finding, where: At, context: Context) -> bool:
    """Whether several have several values in their order, which what is accused is one of."""
    text = where.passage.text
    told = _RESPECTIVELY.search(text, where.at, where.sentence.end)
    here = _names(where, context, where.sentence.start, where.at)
    ids = list(dict.fromkeys(each.named for each in here))
    if told is None or len(ids) < _TWO:
        return False
    places = [each.start() for each in _FIGURE.finditer(text, here[-1].end, told.start())]
    if len(places) != len(ids) or where.at not in places:
        return False
    meant = [context.catalogue[key] for key in ids[places.index(where.at)]]
    if found.attribute == "pcie_generation":
        return any(str(gpu.value(found.attribute)) == found.quote.partition(".")[0] for gpu in meant)
    attribute, value = attributes().get(found.attribute), _told_at(where, context)
    return (
        attribute is not None
        and value is not None
        and any(is_right(text, value, attribute, gpu, context) for gpu in meant)
    )


def _is_in_bytes(found: Finding, where: At, _: Context) -> bool:
    """Whether a product of a rate of bits and a width is told in bytes: "14 Gbps x 192 bit = 336"."""
    if found.kind != "arithmetic" or " bit is " not in found.because:
        return False
    told, real = _FIGURE.search(found.quote), _FIGURE.search(found.because.rpartition(" is ")[2])
    if told is None or real is None:
        return False
    one, other = (float(each[0].replace(",", "")) for each in (told, real))
    return one > 0 and abs(other / one / _BITS - 1) < _SAME


def _is_measured(found: Finding, where: At, _: Context) -> bool:
    """Whether a multiple is one that somebody measured: "in FP8 training we saw 1.9 times the H100"."""
    if found.kind != "ratio":
        return False
    return _WE_SAW.search(where.passage.text, where.sentence.start, where.at) is not None


def _is_exercise(found: Finding, where: At, _: Context) -> bool:
    """Whether a claim is put to students: "Someone claims 500 tokens per second. Comment."."""
    text, end = where.passage.text, where.sentence.end
    under = any(_OF_EXAMS.search(each) for each in where.passage.section)
    return _COMMENT.match(text, end) is not None or (
        under and _SOMEONE.search(where.sentence.text) is not None
    )


def _is_of_weights(found: Finding, where: At, _: Context) -> bool:
    """Whether an amount was told of a file or of weights before: "a file of 40 GB .. and 40 GB"."""
    if found.kind != "specification" or not found.quote[:1].isdigit():
        return False
    size = re.escape(found.quote)
    told = rf"\b{_WEIGHTS} ~?{size}(?![\w.])|(?<![\w.]){size} (?:of )?weights"
    return re.search(told, where.passage.text[: where.at], re.IGNORECASE) is not None


def _is_of_short_days(found: Finding, where: At, _: Context) -> bool:
    """Whether days have fewer hours than a day: "5,714 hours, or 952 days of six hours"."""
    return found.kind == "arithmetic" and _SHORT_DAYS.match(where.passage.text, where.at) is not None


#: "Nobody should buy a GTX 1080 Ti: it has 11 GB".
_THEN_IT = re.compile(r"(?:\s\w+){0,4}[:;,\u2013\u2014]?\s(?:it|that one)\s[^.;:]{0,24}")
#: A part of a number before a name: "2.74 T4s".
_A_FRACTION = re.compile(r"\d\.\d+\s$")
#: Processors that share a board with a GPU, by the memory that they have.
_WITH_CPU = re.compile(r"^(?:gh|gb)\d{3}", re.IGNORECASE)


def _is_of_it(found: Finding, where: At, context: Context) -> bool:
    """Whether "it" is the device that the sentence names before it, which has the value."""
    if found.kind != "specification":
        return False
    last = _names(where, context, where.sentence.start, where.at)[-1:]
    apart = last and not {*last[0].ids} & {*found.subject.split(", ")}
    return bool(apart) and bool(
        _THEN_IT.fullmatch(where.passage.text, last[0].end, where.at)
        and _is_right_of(found, where, last[0].ids, context)
    )


def _is_of_another_count(found: Finding, where: At, context: Context) -> bool:
    """Whether a bare number is the same device's in what the sentence counts beside: "10,752 and 336"."""
    own = attributes().get(found.attribute) if found.kind == "specification" else None
    told = _told_at(where, context) if own else None
    if told is None or own is None or told.unit:
        return False
    ids = [key for key in found.subject.split(", ") if key in context.catalogue]
    others = {one.attribute.key for one in named(where.sentence.text)} - {own.key}
    return any(
        abs(told.value / value - 1) < _SAME
        for key in others
        if attributes()[key].dimension == own.dimension
        for each in ids
        for value in attributes()[key].amounts(context.catalogue[each])
    )


def _is_of_a_fraction(found: Finding, where: At, context: Context) -> bool:
    """Whether so many and a part of one are meant: "2.74 T4s draw 192 W"."""
    last = _names(where, context, where.sentence.start, where.at)[-1:]
    return found.kind == "specification" and any(
        _A_FRACTION.search(where.passage.text, where.sentence.start, each.start) for each in last
    )


def _is_of_its_cpu(found: Finding, where: At, context: Context) -> bool:
    """Whether a memory is that of the processor beside a GPU: "offloading to LPDDR5X"."""
    shared = all(_WITH_CPU.match(each) for each in found.subject.split(", "))
    return found.attribute == "memory_type" and shared and found.quote.upper().startswith("LPDDR")


#: What feeds devices, and none of which draws so much.
_FEEDS = re.compile(
    r"\b(?:outlets?|circuits?|sockets?|breakers?|PSUs?|power suppl(?:y|ies)|PDUs?)\b[^.;:]{0,40}$",
    re.IGNORECASE,
)
_HOUR = 3600.0


def _is_of_supply(found: Finding, where: At, context: Context) -> bool:
    """Whether an amount of power is what an outlet or a supply gives."""
    if found.kind != "arithmetic" or not _FEEDS.search(where.passage.text, where.sentence.start, where.at):
        return False
    told = _told_at(where, context)
    return told is not None and told.dimension == "power"


def _is_by_other_price(found: Finding, where: At, context: Context) -> bool:
    """Whether another price of the sentences before, for hours that are told, comes to an amount."""
    told = _told_at(where, context) if found.kind == "arithmetic" else None
    if told is None or told.dimension != "money":
        return False
    before = within(quantities(where.passage.text, context.fraction), 0, where.at)
    prices = [each.value for each in before if each.dimension == "money"][-_MACHINE[1] :]
    if len({*prices}) < _TWO:
        # "At $1.19 each", of two: there is no other.
        return False
    hours = [each.value / _HOUR for each in before if each.dimension == "time"]
    return any(abs(price * each / told.value - 1) < _SAME for price in prices for each in hours if told.value)


def _is_by_its_memory(found: Finding, where: At, context: Context) -> bool:
    """Whether a rate is what the memory of a device of the passage moves of a size that it tells."""
    tokens = found.kind == "benchmark" and _OF_BOUND.search(where.sentence.text)
    told = _told_at(where, context) if tokens or found.kind == "arithmetic" else None
    if told is None or told.dimension != "rate":
        return False
    sizes = [
        each.value
        for each in within(quantities(where.passage.text, context.fraction), 0, where.at)
        if each.dimension == "memory"
    ]
    told_of, text = _names(where, context, 0, where.at), where.passage.text[: where.at]
    sizes += [
        one.parameters * size
        for one in models(text)
        for form in formats(text)
        for size in (form.least, (form.least + form.usual) / 2, form.usual)
    ]
    gpus = [context.catalogue[key] for one in told_of for key in one.ids]
    widths = [float(gpu.value("bandwidth") or 0) for gpu in gpus]
    return any(abs(width / size / told.value - 1) < _OF_FORMAT for width in widths for size in sizes if size)


_OF_BOUND = re.compile(
    r"\b(?:bounds?|limits?|ceilings?|at most|at best|theor\w+|no more than)\b", re.IGNORECASE
)
#: Behind an amount, that it is to be read or held: "with 14 GB to read", "10 GB (14B in 5 bits)".
_TO_READ = re.compile(r"\s(?:to (?:read|load|move|hold|fit|fetch)\b|\(\d+B\b)")


def _is_to_be_read(found: Finding, where: At, context: Context) -> bool:
    """Whether an amount of memory is of what a device has to read, and not its own."""
    told = _told_at(where, context) if found.attribute == "memory" else None
    return told is not None and _TO_READ.match(where.passage.text, told.end) is not None


#: How far the size of weights in a format may be from what is told.
_OF_FORMAT = 0.08
#: What is left, in parallel: "holds it with 22 GB to spare, the other with 54 GB".
_SPARE = re.compile(r"\b(?:to spare|left|leav(?:es?|ing)|remain\w*|free)\b", re.IGNORECASE)
_WITH_SO_MUCH = re.compile(r"\b(?:with|has|have|by)\s(?:about\s|some\s)?$", re.IGNORECASE)


def _is_left_too(found: Finding, where: At, context: Context) -> bool:
    """Whether an amount of memory is what another device has left, as the sentence told of one before."""
    text, start = where.passage.text, where.sentence.start
    if found.kind != "specification" or found.attribute != "memory":
        return False
    spare = _SPARE.search(text, start, where.at)
    return spare is not None and _WITH_SO_MUCH.search(text, start, where.at) is not None


def _is_rest(found: Finding, where: At, context: Context) -> bool:
    """Whether an amount is what is left of one, or of a device's memory, less so many times another."""
    # What is left of each of several in one way is no rest of anything else.
    reckoned = found.kind == "arithmetic" and found.attribute != "analogy"
    told = _told_at(where, context) if reckoned else None
    if told is None or told.dimension not in ("power", "memory"):
        return False
    if not _SPARE.search(
        where.passage.text, where.sentence.start, min(where.sentence.end, told.end + _NEAR_BY)
    ):
        return False
    before = [
        each.value
        for each in within(quantities(where.passage.text, context.fraction), 0, where.at)
        if each.dimension == told.dimension
    ]
    wholes = list(before)
    if told.dimension == "memory":
        gpus = [
            context.catalogue[key]
            for one in _names(where, context, 0, len(where.passage.text))
            for key in one.ids
        ]
        wholes += [size * 1e9 for gpu in gpus if (size := nominal_gb(float(gpu.value("memory") or 0)))]
    words = where.passage.text[: where.at].lower().split()
    counts = {1.0, *(float(SPELLED[word]) for word in words if word in SPELLED)}
    return any(
        abs((whole - n * part) / told.value - 1) < _ROUNDED
        for whole in wholes
        for part in before
        for n in counts
        if told.value
    )


_NEAR_BY = 24
_TURNED = re.compile(r"(?P<a>[\d.,]+ GB) and (?P<b>[\d.,]+ GB): it is the other way round")


def _is_of_its_sentence(found: Finding, where: At, context: Context) -> bool:
    """Whether what is enough is so for another need, which its own sentence tells."""
    match = _TURNED.fullmatch(found.because)
    told = where.passage.text[where.sentence.start : where.at]
    others = [each for each in quantities(told, context.fraction) if each.dimension == "memory"]
    return bool(match and match["a"] not in told and len(others) > 1)


_TESTS: dict[str, Callable[[Finding, At, Context], bool]] = {
    "it is that of the device named last": _is_of_last_named,
    "it is of a maker's part of which nothing is on file": _is_of_stranger,
    "it is the product right before it": _is_product,
    "it is by the figures in brackets": _is_by_brackets,
    "it is the link's": _is_of_link,
    "it is of another device, in its order": _is_of_one_in_turn,
    "what it is held against comes behind it": _follows_later,
    "it is of the work, and no time": _is_of_work,
    "it is of how fast something ran": _is_of_speed,
    "it is of all GPUs of a machine": _is_of_machine,
    "it is of all of those before": _is_of_those_before,
    "it is of another of several in their order": _is_respective,
    "it is in bytes": _is_in_bytes,
    "it was measured": _is_measured,
    "it is of what was loaded": _is_of_weights,
    "its days have fewer hours": _is_of_short_days,
    "it is put to students": _is_exercise,
    "it is of the device that is named before it": _is_of_it,
    "it is of what is counted beside": _is_of_another_count,
    "it is of so many and a part of one": _is_of_a_fraction,
    "it is of the processor's memory": _is_of_its_cpu,
    "it is what a supply gives": _is_of_supply,
    "it is by another price": _is_by_other_price,
    "it is by the device's own memory": _is_by_its_memory,
    "it is of what is to be read": _is_to_be_read,
    "it is what another has left": _is_left_too,
    "it is what is left": _is_rest,
    "it is of the need that its sentence tells": _is_of_its_sentence,
}
