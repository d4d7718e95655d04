"""Specifications: cells of tables, list items and sentences that state a value of an attribute of a GPU."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import CHIP, Attribute, Named, attributes, named, qualifiers
from whichgpu.audit.binding import TIED, Binder, both_of, several_columns, united
from whichgpu.audit.cells import noted
from whichgpu.audit.counting import counted
from whichgpu.audit.grounds import MEASURED, is_sum
from whichgpu.audit.implied import carried, implied
from whichgpu.audit.lined import is_a_cell
from whichgpu.audit.listed import has
from whichgpu.audit.machine import machine
from whichgpu.audit.narrowed import narrower, of_size
from whichgpu.audit.nearest import APART
from whichgpu.audit.patterns import MANY
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import spoken, superchips
from whichgpu.audit.sentences import Sentence, sentences, within
from whichgpu.audit.subjects import mentions, model
from whichgpu.audit.summed import together
from whichgpu.audit.variants import cells, finding_on, is_right, of_cell, verdict_on, without_another
from whichgpu.audit.withheld import NEAR, is_withheld
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.cells import Cell
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.judging import Verdict
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.subjects import Mention
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: So many right cells of an attribute, and all but two, are of reference cards.
_SURE, _REFERENCE = 3, ("power",)
#: A bare number from here on is a figure of its own beside one with a unit.
_FIGURE = 100
#: Values in the order of the devices, not beside them.
_PER = re.compile(r"\s*(?:per|for each|for every|a)\s+(?:watt|dollar|gigabyte|gb|euro|core)\b", re.IGNORECASE)
_RESPECTIVELY = re.compile(
    r"\b(?:respectively|respectivement|respectivamente|rispettivamente|beziehungsweise|jeweils)\b",
    re.IGNORECASE,
)
#: Behind a value, what is said of it afterwards: "242 TFLOPS for FP16, but that is with sparsity".
_SPARSE_LATER = re.compile(
    r"(?:(?!FLOPS|TOPS)[^.;,()]){0,40},?\s(?:but|and|though|although|which|that)\s+"
    r"(?:that|which|this|it|the figure)?\s?(?:is|are|[\u2019']s|includes?|assumes?|counts?|relies on|needs)\b"
    r"[^.;,]{0,24}\bspars\w+",
    re.IGNORECASE,
)
#: A sentence behind: "Both numbers are with sparsity".
_SPARSE_NEXT = re.compile(
    r"\s*(?:Both|All|These|Those|The|That|This|It)(?:\s(?:of (?:them|these)|two|three|latter|last|\w+))?"
    r"(?:\s(?:numbers?|figures?|values?|rates?|peaks?|ones?))?\s"
    r"(?:is|are|includes?|assumes?|counts?|relies on|rely on|needs?|takes?)\b[^.;]{0,40}\bspars\w+",
    re.IGNORECASE,
)
#: What parts the words of one value from those of the next.
_APART_FROM = re.compile(r"\s(?:and|or|but|than|versus|vs\.?|-|\u2013|\u2014|\|)\s|[,;]\s", re.IGNORECASE)
#: Before a rate that only a share is told of: "1/64 of the FP32 rate".
_OF_RATE = re.compile(
    r"\b(?:1\s?[/:]\s?\d{1,2}|half|fraction|share)\s+(?:of\s+)?(?:(?:the|its)\s+)?$", re.IGNORECASE
)
_OF_THE_NEXT = re.compile(r"\([^()\d]*:\s*$")
_SO_MUCH = re.compile(
    r"\s*(?:rate|speed|throughput)?\s*,?\s*(?:so|or|that is|i\.e\.|which is|giving|=)\s", re.IGNORECASE
)
#: What has no value: "300 GB/s each and without NVLink".
_WITHOUT = re.compile(
    r"\b(?:without|(?<!has )(?<!have )no|sans|ohne|sin|senza)\s+(?:any\s+)?$", re.IGNORECASE
)
_ACCUMULATES_IN = re.compile(r"\baccumulat\w+\s+(?:in|into|to|with|at)\s+$", re.IGNORECASE)
_ACCUMULATES = re.compile(r"[ -](?:accumulat\w+|accum\b|master weights)", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every stated value with its verdict."""
    in_tables: set[int] = set()
    for table in context.document.tables:
        found = [cell for cell in cells(table, context) if cell.attribute]
        in_tables |= {cell.passage.start for cell in found}
        yield from _of_table(found, context)
    for index, passage in enumerate(context.document.passages):
        if passage.kind in ("code", "cell", "alt") or passage.start in in_tables:
            continue
        yield from _sized(index, passage, context)
        if _BARE.fullmatch(passage.text) and (is_a_cell(index, context) or _is_rest(index, context)):
            continue
        for sentence in sentences(passage.text):
            yield from _of_sentence(index, *_as_of_one(passage, sentence), context)


#: The size in brackets that ends a name: "RTX 4080 (16 GB".
_SIZE_BEHIND = re.compile(r"\((\d{1,3}\s?GB)$")


def _sized(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """The memory of a device that stands in brackets behind its name, where it helped to tell which it is."""
    for mention in context.mentions.get(index, ()):
        size = _SIZE_BEHIND.search(mention.text)
        told = quantities(size[1]) if size else ()
        if size and told:
            at = mention.start + size.start(1)
            value = told[0]._replace(start=at, end=at + len(size[1]))
            gpus = [context.catalogue[key] for key in mention.ids]
            verdict = verdict_on(
                passage.text, value, attributes()["memory"], gpus, said=frozenset(), context=context
            )
            if verdict.verdict == "confirmed":
                yield finding_on(passage, value, attributes()["memory"], gpus, found=verdict, context=context)


_BARE = re.compile(r"\W*\d[\d.,]*\s?[A-Za-z]+(?:/s)?\W*")
#: Lines of a page's cells that end in the first half of a range, or are glued values.
_BROKEN = re.compile(r"(?:\d\s?[-\u2013\u2014]|(?:\d(?:W|[GT]B(?:/s)?)){3,}.*)\s*$")


def _is_rest(index: int, context: Context) -> bool:
    """Whether a value by itself is the rest of the cells in the line above it: "700W350-", then "400W"."""
    return index > 0 and _BROKEN.search(context.document.passages[index - 1].text) is not None


#: What one of several has: "Each of those cards had 32 GB".
_OF_EACH = re.compile(r"\s*Each\b")
#: What several of one device have: "They have 24 GB each", which is what one has.
_SEVERAL = re.compile(
    r"\s*(?:They|These|Those|The (?:cards|gpus|boards|modules|accelerators))\b", re.IGNORECASE
)
_EACH = re.compile(r"\s(?:each|apiece)\b")
#: Behind a value, that it is one device's.
_PER_ONE = re.compile(
    r"(?<=[BWS]) per (?:single )?(?:card|gpu|GPU|module|board|accelerator)\b(?![- ](?:hour|hr|month|"
    r"year|day))"
)
#: How many GPUs one board may have.
_ON_ONE_BOARD = (2.0, 4.0)


def _as_of_one(passage: Passage, sentence: Sentence) -> tuple[Passage, Sentence]:
    """A sentence without "per card", one on several of a device without "each"; every place as it was."""
    text = _PER_ONE.sub(lambda match: " " * len(match[0]), sentence.text)
    if _SEVERAL.match(text):
        text = _EACH.sub(lambda match: " " * len(match[0]), text)
    if text == sentence.text:
        return passage, sentence
    whole = f"{passage.text[: sentence.start]}{text}{passage.text[sentence.end :]}"
    return passage._replace(text=whole), sentence._replace(text=text)


def _of_table(found: Sequence[Cell], context: Context) -> Iterator[Finding]:
    """The values of a table's cells; where all others of an attribute are the vendor's, no maker's own.

    A board may draw more than the reference card, but not in a list of reference cards.
    """
    told = [(cell, answer) for cell in found for answer in of_cell(cell, context)]
    verdicts: dict[str, list[str]] = {}
    for _, answer in told:
        verdicts.setdefault(answer.attribute, []).append(answer.verdict)
    for cell, answer in told:
        others = verdicts[answer.attribute]
        sure = answer.verdict == "unverifiable" and others.count("confirmed") >= max(_SURE, len(others) - 2)
        reference = cell._replace(said=cell.said | {"reference"})
        again = of_cell(reference, context) if sure and answer.attribute in _REFERENCE else ()
        yield next((each for each in again if each.start == answer.start and each.accuses), answer)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """Values of a sentence: each with the nearest attribute and the nearest device of its clause."""
    if not within(quantities(passage.text, context.fraction), sentence.start, sentence.end):
        return
    attributes = [
        each for each in within(named(passage.text), sentence.start, sentence.end) if each.end <= sentence.end
    ]
    attributes = [
        each
        for each in attributes
        if not (
            _only_a_share(passage.text, each)
            or _WITHOUT.search(passage.text, 0, each.start)
            or (each.attribute.key == "nvlink" and _is_feature(passage.text, each))
        )
    ]
    attributes += implied(passage.text, sentence)
    if not attributes:
        attributes = carried(passage, sentence)
    if _RESPECTIVELY.search(sentence.text) or _PER.match(sentence.text):
        return
    who = spoken(index, passage, sentence, context)
    here = who.here
    of_machine = machine(index, passage, context)
    if not (here or who.topic) or (not here and several_columns(sentence, context)):
        return
    every = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
    values = united(passage.text, every, here)
    if _are_in_turn(values, here):
        # "350, 450 and 575 W: the power of the 3090, the 4090 and the 5090".
        return
    binder = Binder(passage.text, sentence, attributes, who, values)
    in_order = _in_order(passage.text, values, here)
    for quantity in values:
        bound = binder.bind(quantity)
        if bound is not None and quantity.start in in_order:
            bound = (bound[0], in_order[quantity.start])
        measured = bound and (
            (
                bound[0].key == "power"
                and MEASURED.search(sentence.text)
                and not _RATED.match(passage.text, quantity.end)
                and not _RATED_AT.search(passage.text, sentence.start, quantity.start)
            )
            or (bound[0].key == "power" and quantity.value <= _ONE)
            or _A_PLUG.match(passage.text, quantity.end)
            or (bound[0].dimension in _RATED_BY and _OF_ITS_PEAK.search(sentence.text))
            or (bound[0].key == "bandwidth" and _OF_A_LINK.match(passage.text, quantity.end))
            or (bound[0].key == "memory" and _OF_A_HOST.match(passage.text, quantity.end))
            or (bound[0].key == "memory" and _USABLE.match(passage.text, quantity.end))
            or (bound[0].key == "power" and _A_PART.match(passage.text, quantity.end))
            or (bound[0].key == "memory" and _REMAINS.match(passage.text, quantity.end))
            or (bound[0].key == "memory" and _FITS.match(passage.text, quantity.end))
            or (bound[0].key == "memory" and _OF_A_COMPUTER.match(passage.text, quantity.end))
            or (bound[0].key == "memory" and _remains_too(passage.text, quantity, values, sentence))
            or (bound[0].key == "memory" and _is_of_a_rack(quantity, bound[1], context))
            or (bound[0].key == "memory" and _is_of_instance(passage.text, sentence, quantity, bound[1]))
            or (quantity.dimension == "number" and _FRACTION.match(passage.text, quantity.end))
            or (_A_SLICE.match(sentence.text) and _SLICED.search(passage.text, 0, sentence.start))
        )
        if bound is not None and not measured:
            found = _of_value(
                passage, sentence, quantity, bound[0], mention=bound[1], who=who, context=context
            )
            # What is no single device's of a machine may be that of all of them, or its host's.
            host = bound[0].key == "memory" and _RAM.match(sentence.text) is not None
            yield from (each for each in found if not ((of_machine or host) and each.accuses))


#: An entry that may be of a host: "RAM: 200 GB" in a list of what is rented.
_RAM = re.compile(r"\W*(?:(?:system|host|main|server|cpu)\s+)?(?:RAM|memory\s*\(RAM\))\s*[:|]", re.IGNORECASE)
#: Right before a power that is rated, whatever is said of another; what a rate by the watt is told of.
_RATED_AT = re.compile(r"\b(?:TDP|TGP|TBP)\b[^\d.;,]{0,10}$")
_ONE = 1.0
#: What makes the rates and bandwidths of a sentence ones that were reached: "or 70 % of its peak".
_RATED_BY = ("flop rate", "op rate", "bandwidth")
_OF_ITS_PEAK = re.compile(
    r"\d\s?(?:%|percent|per cent) of (?:(?:its|their|the|that|this|what)\s)?(?:\w+\s)?"
    r"(?:peak|maximum|paper|theor\w+|data ?sheet|rated|nominal)\b",
    re.IGNORECASE,
)


#: "Two dies with a 10 TB/s link": between parts of a device.
_OF_A_LINK = re.compile(
    r"\s+(?:[\w-]+\s+){0,2}?(?:links?|interconnects?|bridges?|fabric|connections?|buses)\b", re.IGNORECASE
)


def _are_in_turn(values: Sequence[Quantity], here: Sequence[Mention]) -> bool:
    """Whether a sentence tells values of one kind first, and as many devices behind all of them."""
    alike = [each for each in values if each.dimension == values[0].dimension]
    return len(alike) == len(here) > 1 and alike[-1].end <= here[0].start


_LISTED_WITH = re.compile(r"s?\s*(?:,|,?\s(?:and|&|or))\s+(?:the\s+)?", re.IGNORECASE)


def _in_order(text: str, values: Sequence[Quantity], here: Sequence[Mention]) -> dict[int, Mention]:
    """Whose each of several values is behind as many names: "the A10 and the A40 have 72 and 84 RT cores"."""
    names = _run(text, [(each.start, each.end) for each in here])
    after = [each for each in values if names and each.start >= here[names - 1].end]
    told = _run(text, [(each.start, each.end) for each in after])
    if names < 2 or told != names or len(here) != names:
        return {}
    return {each.start: mention for each, mention in zip(after[:told], here[:names], strict=True)}


def _run(text: str, places: Sequence[tuple[int, int]]) -> int:
    """How many of some places, from the first on, nothing but commas and "and" parts."""
    joined = (_LISTED_WITH.fullmatch(text, a[1], b[0]) is not None for a, b in pairwise(places))
    return min(len(places), 1 + sum(1 for _ in takewhile(bool, joined)))


#: "Fits on two 3090s and on a 64 GB MacBook": of a computer that is told by its memory.
_OF_A_COMPUTER = re.compile(
    r"[\s-]+(?:MacBook|Mac\b|laptop|notebook|PC\b|desktop (?:PC|computer)|workstation|host|server)",
    re.IGNORECASE,
)


def _remains_too(text: str, quantity: Quantity, values: Sequence[Quantity], sentence: Sentence) -> bool:
    """Whether a size goes on with what is free on another: "the 3090 had 4 GB left, the A6000 28 GB"."""
    before = [each for each in values if sentence.start <= each.start < quantity.start]
    before = [each for each in before if each.dimension == quantity.dimension]
    return (
        bool(before)
        and _REMAINS.match(text, before[-1].end) is not None
        and (_ELIDES.match(text, quantity.end) is not None)
    )


#: An instance type of a cloud, by its name.
_INSTANCE = re.compile(
    r"(?<![\w.-])(?:[a-z]\w{0,5}(?:-\w+)*\.\w{2,10}|(?:a[2-9]|g[2-9])-[a-z]+-\d{1,3}[gt]?|"
    r"(?:Standard_)?N[CDV]\d{1,2}\w*)"
    r"(?![\w.-])"
)
_OF_THE_GPU = re.compile(r"\s*(?:of\s+)?(?:gpu|vram|video|graphics|hbm|gddr|device)", re.IGNORECASE)


def _is_of_instance(text: str, sentence: Sentence, quantity: Quantity, mention: Mention) -> bool:
    """Whether a size is that of the instance that has the device: "is one A100 40GB with 85 GB of memory"."""
    if not _INSTANCE.search(text, sentence.start, quantity.start) or _OF_THE_GPU.match(text, quantity.end):
        return False
    between = text[mention.end : quantity.start]
    sized = re.search(r"\d\s?GB$", mention.text) or re.match(r"[^.;,]{0,4}\d{2}\s?GB", between)
    return bool(sized) or re.search(r"(?:,|\band)\s[^.;]*$", between) is not None


#: Behind a size of which nothing is said again.
_ELIDES = re.compile(r"\s*(?:[.,;:)]|$|and\b|while\b)")


def _is_of_a_rack(quantity: Quantity, mention: Mention, context: Context) -> bool:
    """Whether a size is more than any device has, and none's in a wrong unit: 13.8 TB of a rack."""
    own = (float(context.catalogue[key].value("memory") or 0.0) for key in mention.ids)
    in_tera = any(abs(quantity.value / _KILO / each - 1) < _LIKE_IT for each in own if each)
    return quantity.value >= _A_RACK and not in_tera


#: More memory than one device has, in bytes; between a unit and the next; how near a size is the same.
_A_RACK, _KILO, _LIKE_IT = 1.2e12, 1000.0, 0.1


def _is_feature(text: str, each: Named) -> bool:
    """Whether a link is named as one that a device has or lacks, beside a value: "no NVLink and 864 GB/s"."""
    lacks = _LACKS.search(text, max(0, each.start - NEAR), each.start)
    # "Has NVLink at 900 GB/s" is of so much.
    lacks = lacks and (_AND if lacks["has"] is None else _AND_ALSO).match(text, each.end)
    return bool(lacks or (_BESIDE_IT.search(text, max(0, each.start - NEAR), each.start)
                          and not _OF_SO_MUCH.match(text, each.end)))  # fmt: skip


_LACKS = re.compile(r"\b(?:no|lacks|nor|neither|(?P<has>has|have))\s+(?:an?\s+)?$", re.IGNORECASE)
_AND_ALSO = re.compile(r"\s+(?:and|but)\s", re.IGNORECASE)
_AND = re.compile(r"\s+(?:and|but|at|with)\s", re.IGNORECASE)
_BESIDE_IT = re.compile(r"\d\s?[GT]B/s\s+(?:and|plus|with)\s+$", re.IGNORECASE)
_OF_SO_MUCH = re.compile(r"[^.;,]{0,24}\d\s?[GT]B/s|\s+(?:of|at)\s", re.IGNORECASE)


def _only_a_share(text: str, each: Named) -> bool:
    """Whether a rate is named for a share of it, and what follows is that share: "1/64 of FP32, so 0.56"."""
    share = _OF_RATE.search(text, max(0, each.start - NEAR), each.start) and _SO_MUCH.match(text, each.end)
    # "FP16 with FP32 accumulation" is a rate of FP16.
    times = _TIMES_THE.search(text, max(0, each.start - NEAR), each.start) and _ITS_RATE.match(text, each.end)
    times = times or _ACCUMULATES_IN.search(text, max(0, each.start - NEAR), each.start)
    return bool(share or times or _ACCUMULATES.match(text, each.end))


#: "FP16 goes at twice the FP32 rate, 18.7 TFLOPS": of the former.
_TIMES_THE = re.compile(
    r"\b(?:twice|double|half|a quarter of|\w+ times)\s+(?:of\s+)?(?:the|its)\s+$", re.IGNORECASE
)
_ITS_RATE = re.compile(r"\s+(?:rate|speed|throughput)\b", re.IGNORECASE)


_BRACKET = re.compile(r"\s?\([^()]{1,40}\)")
#: Between two values that stand side by side: "242 TFLOPS dense / 485 TFLOPS sparse".
_BESIDE = re.compile(r"\s/\s")


def _own_words(text: str, sentence: Sentence, quantity: Quantity, context: Context) -> str:
    """What is said beside a value and beside no other: in its part of the sentence, between the others."""
    near = [
        each
        for each in quantities(sentence.text, context.fraction)
        if each.dimension == quantity.dimension or (each.dimension == "number" and each.value >= _FIGURE)
    ]
    at = [(sentence.start + each.start, sentence.start + each.end) for each in near]
    first = max([end for _, end in at if end <= quantity.start], default=sentence.start)
    last = min([start for start, _ in at if start >= quantity.end], default=sentence.end)
    before = _APART_FROM.split(text[max(first, quantity.start - APART) : quantity.start])[-1]
    # In brackets of its own: "1,979 TFLOPS dense (3,958 sparse)".
    before = _BESIDE.split(before.rpartition("(")[2])[-1]
    # A bracket right behind it is its own to the end: "2,070 TFLOPS (FP4, sparse)".
    own = _BRACKET.match(text, quantity.end, sentence.end)
    behind = own.end() if own else quantity.end
    after = (
        without_another(own[0] if own else "")
        + _APART_FROM.split(text[behind : max(behind, min(last, behind + APART))])[0]
    )
    after = _BESIDE.split(after)[0]
    # "366 TFLOPS TF32 (with sparsity: 733)": what is said in the brackets is of the next.
    after = _OF_THE_NEXT.sub("", after)
    if later := _SPARSE_LATER.match(text, quantity.end, sentence.end) or _SPARSE_NEXT.match(
        text, sentence.end
    ):
        after += later[0]
    return f"{before} {text[quantity.start : quantity.end]} {after}"


def _of_value(
    passage: Passage, sentence: Sentence, quantity: Quantity, attribute: Attribute, *, mention: Mention,
    who: Spoken, context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """The verdict on a value of a sentence; an accusation only where nothing else can be meant."""
    text, here = passage.text, who.here
    clause = _own_words(text, sentence, quantity, context)
    place = (quantity.start, quantity.end)
    said = qualifiers(clause) | noted(passage, place, context.document.original)
    mention = of_size(text, sentence, quantity, mention, context)
    gpus = [context.catalogue[key] for key in mention.ids]
    attribute, found = min(
        ((one, verdict_on(text, quantity, one, gpus, said=said, context=context))
         for one in _kinds(text, quantity, attribute)),
        key=lambda each: each[1].verdict != "confirmed",
    )  # fmt: skip
    for other in both_of(text, quantity, mention, here) if found.verdict == "confirmed" else ():
        also = [context.catalogue[key] for key in other.ids]
        of_other = verdict_on(text, quantity, attribute, also, said=said, context=context)
        if of_other.verdict == "contradicted":
            gpus, found, mention = also, of_other, other
    if found.verdict == "contradicted" and (
        _is_of_one_on_board(passage, quantity, attribute, gpus, context)
        or (attribute.key in _OF_CHIPS and _is_of_chip(text, sentence, quantity))
        or _is_of_edition(text, quantity, attribute, mention=mention, said=said, context=context)
        or _misnamed(passage, place, found, mention, context)
        or (attribute.key == "bandwidth" and _is_of_link(passage, sentence, quantity, gpus, context))
    ):
        return
    if found.verdict == "contradicted":
        several = together(passage, sentence, quantity, attribute, mention=mention, who=who, context=context)
        if several is not None:
            yield several
            return
        wider = [context.catalogue[key] for key in mention.named]
        others = [
            context.catalogue[key]
            for each in _beside(text, sentence, quantity, mention, who)
            for key in each.ids
        ]
        whole = [context.catalogue[key] for each in superchips(here) if each != mention for key in each.ids]
        for again in (wider, whole if _is_tied(text, quantity, mention, who) else others):
            verdict = (
                verdict_on(text, quantity, attribute, again, said=said, context=context) if again else None
            )
            if verdict and verdict.verdict == "confirmed":
                gpus, found = list(again), verdict
                break
        else:
            # "Memory is 1,920 GB": of the accelerators that the sentence before counts.
            own = mention in here or _OF_EACH.match(sentence.text)
            beside = sentence.text if own else text[: sentence.end]
            if is_sum(quantity.value, attribute, gpus, beside) or is_withheld(
                passage, sentence, quantity, attribute, mention=mention, who=who, context=context
            ):
                return
    elif found.verdict == "confirmed":
        number = _of_all_together(text, sentence, quantity, attribute, mention)
        found = (
            _wrong_of_several(found, quantity, gpus, number)
            if number
            else narrower(found, quantity, attribute, mention, near=sentence.text, context=context)
        )
    yield finding_on(passage, quantity, attribute, gpus, found=found, context=context)


def _of_all_together(
    text: str, sentence: Sentence, quantity: Quantity, attribute: Attribute, mention: Mention
) -> float:
    """Of how many a value is said that is one's: "two P40s .. draw 250 W together"; 0 where of one."""
    if attribute.key not in ("power", "memory") or not _TOGETHER.match(text, quantity.end):
        return 0.0
    number = (
        counted(text, sentence.start, mention.start)
        if sentence.start <= mention.start < quantity.start
        else 1.0
    )
    between = _ANOTHER.search(text, mention.end, quantity.start)
    return number if number > 1 and not between else 0.0


#: "A pair of them with 48 GB in all", and what turns to one of them.
_TOGETHER = re.compile(r"\s+(?:together|combined|in all|in total|between them|altogether)\b", re.IGNORECASE)
_ANOTHER = re.compile(r"\b(?:each|one|single|per)\b|[.;]\s", re.IGNORECASE)


def _wrong_of_several(found: Verdict, quantity: Quantity, gpus: Sequence[Gpu], number: float) -> Verdict:
    """The verdict on what one has that is told of so many."""
    size = nominal_gb(quantity.value) if quantity.dimension == "memory" else None
    real = f"{number * size:,g} GB" if size else show(number * quantity.value, quantity.dimension)
    because = f"it is what one {gpus[0].id} has; {number:g} of them have {real}"
    return found._replace(verdict="contradicted", expected=real, because=because, true_for="")


def _beside(
    text: str, sentence: Sentence, quantity: Quantity, mention: Mention, who: Spoken
) -> list[Mention]:
    """The other devices of a sentence, or of what it is about, of which a value may be said."""
    here = who.here
    # "Faster memory than the P40 (732 GB/s)": of what is compared with it.
    behind = mention in who.against and mention.end <= quantity.start
    told = [*here, *who.topic] if behind else here
    # "Like the T4, it is built on 12 nm" is said of what it is about.
    told = [each for each in told if not (each in who.against and each in here and each.start > quantity.end)]
    # "They manage 0.6 TFLOPS, so you want an A100" is none of the A100's.
    told = [each for each in told if not (each in here and _SO_THEN.search(text, quantity.end, each.start))]
    told = [each for each in told if not _LIKE.fullmatch(text, sentence.start, each.start)]
    # Nor is the device itself another one where one form of it is meant.
    return [each for each in told if each != mention and each[:2] != mention[:2]]


def _is_tied(text: str, quantity: Quantity, mention: Mention, who: Spoken) -> bool:
    """Whether nothing but "has" stands between a device and its value, and no "versus" behind it."""
    against = _VERSUS.match(text[quantity.end : quantity.end + 24])
    gap = text[mention.end : quantity.start] or " "
    inside = mention in who.here and mention not in who.against
    return inside and not against and (TIED.fullmatch(gap) is not None or has(gap))


def _is_of_one_on_board(
    passage: Passage, quantity: Quantity, attribute: Attribute, gpus: Sequence[Gpu], context: Context
) -> bool:
    """Whether a value "per GPU" is that of one of the GPUs of a board: 16 GB of an A16."""
    end = passage.span(quantity.start, quantity.end)[1]
    if not _PER_GPU.match(context.document.original, end):
        return False
    known = (
        float(gpu.value(field) or 0.0) for gpu in gpus for field in attribute.fields if _is_number(gpu, field)
    )
    return any(
        abs(times * quantity.value / one - 1) < _NEARLY for one in known if one for times in _ON_ONE_BOARD
    )


def _is_number(gpu: Gpu, field: str) -> bool:
    value = gpu.value(field)
    return isinstance(value, int | float) and not isinstance(value, bool)


_PER_GPU, _NEARLY = re.compile(r"\s+per\s+gpu\b", re.IGNORECASE), 0.08
#: What a chip has whole, and a device but a part of.
_OF_CHIPS = ("sms", "cores", "tensor_cores", "rt_cores", "l2")


def _is_of_chip(text: str, sentence: Sentence, quantity: Quantity) -> bool:
    """Whether a count is that of a chip beside it: "AD102 has 144 SMs", "the 144 SMs of AD102"."""
    if _CHIPS_OWN.search(text, sentence.start, quantity.start):
        return True
    chips = list(CHIP.finditer(text, sentence.start, quantity.start))
    if chips and _HAS_WHOLE.fullmatch(text, chips[-1].end(), quantity.start):
        return True
    if _SO_MANY_OF.match(text, quantity.end):
        # Which of the units are counted is told with the whole.
        return True
    behind = _WHOLE_OF.match(text, quantity.end)
    return behind is not None and CHIP.match(text, behind.end()) is not None


#: "Only 128 of the chip's 144 SMs": of both.
_CHIPS_OWN = re.compile(
    r"\b(?:the|its|that|this) (?:chip|die|full chip|full die)[\u2019']s\s+(?:full\s+|whole\s+)?$",
    re.IGNORECASE,
)
_SO_MANY_OF = re.compile(
    r"\s+of (?:the|its) (?:(?:full |whole )?(?:chip|die)[\u2019']s\s+)?\d[\d,]*\s+(?P<what>SMs|cores|"
    r"multiprocessors)\b",
    re.IGNORECASE,
)
_HAS_WHOLE = re.compile(
    r"(?:\s+(?:chip|die|silicon|gpu))?(?:\s+(?:itself|in full|as a whole|as such))?\s+(?:has|had|"
    r"holds|contains|"
    r"counts)\s+(?:up to |all |a full |a total of )?",
    re.IGNORECASE,
)
_WHOLE_OF = re.compile(
    r"\s+(?:(?:cuda|tensor|shader|rt|l2)\s+)?(?:cores|SMs|shaders|multiprocessors|cache)\s+(?:of|in|on|"
    r"that|which)\s+"
    r"(?:(?:the|a|an|full|whole|complete|big)\s+)*",
    re.IGNORECASE,
)


def _is_of_link(
    passage: Passage, sentence: Sentence, quantity: Quantity, gpus: Sequence[Gpu], context: Context
) -> bool:
    """Whether a rate is that of a device's NVLink, where nothing says that it is the memory's."""
    if _OF_MEMORY.search(sentence.text):
        return False
    return any(is_right(passage.text, quantity, attributes()["nvlink"], gpu, context) for gpu in gpus)


_OF_MEMORY = re.compile(r"\b(?:memory|vram|hbm\w*|gddr\w*|bandwidth)\b", re.IGNORECASE)


#: Cores of which no word says that they are those of plain arithmetic.
_CORES = re.compile(r"\s*cores?\b", re.IGNORECASE)


def _kinds(text: str, quantity: Quantity, attribute: Attribute) -> tuple[Attribute, ...]:
    """What a value may be of: "Hopper's H100 SXM: 528 cores" of tensor cores, where these are spoken of."""
    if attribute.key != "cores" or not _CORES.match(text, quantity.end):
        return (attribute,)
    return attribute, attributes()["tensor_cores"]


def _is_of_edition(
    text: str, quantity: Quantity, attribute: Attribute, *, mention: Mention, said: frozenset[str],
    context: Context,
) -> bool:  # fmt: skip
    """Whether a value is that of an edition that the text names: "Since the Super update it has 102 GB/s"."""
    known = [each for each in _editions(mention.named[0], context.catalogue) if each[0] not in mention.named]
    words = _words_besides_names(text, context.catalogue) if known else frozenset()
    editions = [context.catalogue[key] for key, more in known if more <= words]
    return bool(editions) and (
        verdict_on(text, quantity, attribute, editions, said=said, context=context).verdict == "confirmed"
    )


@lru_cache(maxsize=MANY)
def _words_besides_names(text: str, catalogue: Catalogue) -> frozenset[str]:
    """The words of a text but those of names: of a part of an edition's name something else may be said."""
    inside = {at for each in mentions(text, catalogue) for at in range(each.start, each.end)}
    return frozenset(word[0].lower() for word in _WORDS.finditer(text) if word.start() not in inside)


_WORDS = re.compile(r"[^\W\d]{3,}")


@lru_cache(maxsize=512)
def _editions(one: str, catalogue: Catalogue) -> tuple[tuple[str, frozenset[str]], ...]:
    """The devices whose name is that of another with more words, and these words."""
    own = model(one, catalogue)
    return tuple((key, model(key, catalogue) - own) for key in catalogue if model(key, catalogue) > own)


def _misnamed(
    passage: Passage, place: tuple[int, int], found: Verdict, mention: Mention, context: Context
) -> bool:
    """Whether a value is none, or is right of the laptop's GPU that the text calls by the card's name."""
    start, end = passage.span(*place)
    # A number and the word of the next line are no quantity.
    return "\n" in context.document.original[start:end] or found.true_for in context.spoken_of & {
        f"{key}-laptop" for key in mention.named
    }


#: Behind a size that is what remains: "has around 54 GB left".
_REMAINS = re.compile(
    r"(?:\s+or (?:so|more))?\s+(?:of (?:it|memory|vram|room|space) )?(?:(?:are|is|still|would|will|were|"
    r"was)\s+){0,2}(?:left|free|to spare|over|remain\w*|unused|available for)\b",
    re.I,
)
#: "35 GB fit into two of them": of what fits there.
_FITS = re.compile(
    r"\s+(?:(?:of (?:it|weights|model|data)|model|then|still|also|easily|comfortably|just|barely|only|"
    r"neatly|never|can|could|will|would|do(?:es)?|should|not|to)\s+){0,3}"
    r"(?:fits?|fit|squeez\w+|goes?|spill\w*|loads?|overflow\w*)\b",
    re.IGNORECASE,
)
#: Behind a size, that it is a host's memory, or what is left of the device's for use.
_OF_A_HOST = re.compile(
    r"\s+(?:of\s+)?(?:\w+\s+)?(?:DDR[2-5]\b|(?:system |host |main )?RAM\b|(?:system|host|main) memory\b)"
)
_USABLE = re.compile(
    r"\s+(?:(?:of (?:it|them|this|that|these|memory|vram)|is|are|remain|"
    r"stay)\s+)*(?:usable|available|free|left|used|in use|taken|filled|full)\b"
)
#: Behind watts, that they are the card's own, whatever supply they ask for.
_RATED = re.compile(r"\s+(?:board |power |thermal )*(?:rating|TDP|TGP|TBP|limit)\b", re.IGNORECASE)
_A_PLUG = re.compile(r"[- ]?pins?\b", re.IGNORECASE)
#: What a card draws by one of several ways: "75 W from the slot and the rest through a plug".
_A_PART = re.compile(
    r"\s+(?:[a-z]+\s+){0,2}(?:from|through|via|out of|by|over)\s+(?:the|an?|its|each|one|two)\s+(?:PCIe\s+)?"
    r"(?:slot|\d+-pin|plug|connector|cable)\b",
    re.IGNORECASE,
)
#: "Up to seven instances. The smallest has 18 GB": of a part that the device is divided into.
_A_SLICE = re.compile(
    r"\s*(?:The (?:smallest|largest|biggest)|Each(?: of them)?|One)\s+(?:one )?(?:has|gets|is|comes)\b"
)
_SLICED = re.compile(r"\b(?:MIG|instances?|slices?|partitions?|into (?:up to )?(?:\w+ )?(?:parts|pieces))\b")
_SO_THEN = re.compile(r"[,;]\s+(?:so|hence|thus|therefore)\s", re.IGNORECASE)
#: Behind the first number of a share: "FP16 is 1/64 rate".
_FRACTION = re.compile(r"/\d")
_VERSUS = re.compile(r"[\s\w-]{0,12}(?:vs\b|versus|/|compared|against)")
_LIKE = re.compile(
    r"\s*(?:Just\s+|Much\s+)?(?:Un|un)?[Ll]ike\s+(?:the\s+|its\s+|an?\s+|nvidia\s+)*", re.IGNORECASE
)
