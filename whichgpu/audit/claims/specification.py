"""Specifications: cells of tables, list items and sentences that state a value of an attribute of a GPU."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import CHIP, Attribute, Named, attributes, named, qualifiers
from whichgpu.audit.binding import APART, TIED, Binder, both_of, several_columns, united
from whichgpu.audit.cells import noted
from whichgpu.audit.fields import ITS_OWN, OF_CHIPLETS, headed
from whichgpu.audit.grounds import MEASURED, is_sum
from whichgpu.audit.implied import carried, implied
from whichgpu.audit.instead import namesakes
from whichgpu.audit.listed import has, is_list
from whichgpu.audit.machine import machine
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import spoken, superchips
from whichgpu.audit.sentences import Sentence, guarded, sentences, within
from whichgpu.audit.summed import together
from whichgpu.audit.variants import cells, finding_on, is_right, of_cell, verdict_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.cells import Cell
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.judging import Verdict
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.subjects import Mention
    from whichgpu.hardware.gpu import Gpu

#: So many right cells of an attribute, and all but two, are of reference cards.
_SURE, _REFERENCE = 3, ("power",)
#: A bare number from here on is a figure of its own beside one with a unit.
_FIGURE = 100
#: Characters behind a value in a list that may say what it is: "(640 GB total)".
_AFTER = 8
#: Digits that two devices have by chance no longer.
_TELLING = 3
#: Characters of a list item that is nothing but a value and its attribute.
_SHORT = 80
#: Values in the order of the devices, not beside them.
_PER = re.compile(r"\s*(?:per|for each|for every|a)\s+(?:watt|dollar|gigabyte|gb|euro|core)\b", re.IGNORECASE)
_RESPECTIVELY = re.compile(r"\brespectively\b", re.IGNORECASE)
#: Words beside a rate or a size that is not the device memory's.
_ELSEWHERE = re.compile(
    r"(?<!\bno )(?<!without )\b(?:cache|infinity|bridge\w*|nvlink|pcie|pci express|interconnect|"
    r"fabric|infiniband|ethernet|network|switch|nccl|(?:bus|algorithm)(?= bandwidth\b)|"
    r"disk|ssd|nvme|coherent|lpddr\w*|system|host|swap|usage|used(?!\)))\b",
    re.IGNORECASE,
)
#: Behind a value, what is said of it afterwards: "242 TFLOPS for FP16, but that is with sparsity".
_SPARSE_LATER = re.compile(
    r"(?:(?!FLOPS|TOPS)[^.;,()]){0,40},?\s(?:but|and|though|although|which|that)\s+"
    r"(?:that|which|this|it|the figure)?\s?(?:is|are|[\u2019']s|includes?|assumes?|counts?|relies on|needs)\b"
    r"[^.;,]{0,24}\bspars\w+",
    re.IGNORECASE,
)
#: What parts the words of one value from those of the next.
_APART_FROM = re.compile(r"\s(?:and|or|but|than|versus|vs\.?|-|\u2013|\u2014|\|)\s|[,;]\s", re.IGNORECASE)
#: Precisions that are spoken of by themselves: "TF32 alone gives 156 TFLOPS".
_ITS = re.compile(
    r"\s*(?:it|its|this|the (?:card|gpu|chip|part|board|accelerator|module)|sie|er|ihre?|elle|il|sa|su)\b",
    re.IGNORECASE,
)
#: "And this memory has a bandwidth of 33 TB/s": of what the text before is about, which is no device.
#: "The AD104 chip offers a maximum of 7,680 shaders": of the whole chip.
_OF_CHIP = re.compile(
    rf"{CHIP.pattern}(?:[^.;,]{{0,60}}\b(?:maximum|full|complete|whole|up to|max\.?)\b"
    r"|\s+(?:chip|die|silicon|gpu)\s+(?:packs|has|contains|houses|carries|offers|comes with|counts|"
    r"features)\b)",
    re.IGNORECASE,
)
_THAT_MEMORY = re.compile(r"\b(?:this|that|these|such) (?:memory|cache|pool|link|bandwidth)\b", re.IGNORECASE)
#: Words of a price of today, which is none of the launch.
_STREET = re.compile(
    r"\b(?:street|used|second[- ]hand|currently|today|now|retail\w*|ebay|amazon|scalp\w*|above|below)\b", re.I
)
#: "It goes from 450 W to 150 W": what it was, and what it is in another form.
_FROM_TO = re.compile(
    r"\b(?:go(?:es)?|went|cut|reduced|shr[iau]nks?|drop(?:s|ped)?|down|scaled|dials?|"
    r"falls?)\b[^.;]{0,25}\bfrom\b[^.;]*\bto\b",
    re.IGNORECASE,
)
#: Before a value in brackets that is the other's: "73 % higher (1,555 against".
_OTHERS = re.compile(
    r"\([^()]*\d[^()]*(?:\b(?:against|versus|vs\.?|compared (?:to|with)|gegen\u00fcber|contre)|"
    r"/)\s*[$\u20ac]?$",
    re.IGNORECASE,
)
#: Behind a value of a device that is called by its maker or its line: "122.8 TFLOPS for the Radeon".
_FOR_OTHER = re.compile(
    r"\s+(?:for|on|from|with)\s+(?:the|AMD[\u2019']s|NVIDIA[\u2019']s|Intel[\u2019']s)\s+(?:Radeon|"
    r"GeForce|Instinct|Quadro|Tesla|Arc|"
    r"AMD|NVIDIA|Intel|red|green|Mac|laptop|desktop)\b(?!\s+(?:RTX|RX|GTX|Pro|MI)?\s?\d)",
    re.IGNORECASE,
)
#: Right before a value that is another's: "700 W, against 450 W".
_AGAINST = re.compile(
    r"\b(?:against|versus|vs\.?|than|instead of|rather than|compared (?:to|with)|(?:up|down) from)\s+"
    r"(?:the\s+|a\s+|only\s+|just\s+|about\s+)?$",
    re.IGNORECASE,
)
#: Before the last of several sizes: "8 or 16 GB".
_OR_SO = re.compile(r"(?<![A-Za-z\d])\d{1,3}(?:\s?GB)?\s*(?:or|and|/|oder|ou|o)\s*$")
#: How far before a rate the share that is told of it can begin.
_NEAR = 24
#: Before a rate that only a share is told of: "1/64 of the FP32 rate".
_OF_RATE = re.compile(
    r"\b(?:1\s?[/:]\s?\d{1,2}|half|fraction|share)\s+(?:of\s+)?(?:(?:the|its)\s+)?$", re.IGNORECASE
)
_OF_THE_NEXT = re.compile(r"\([^()\d]*:\s*$")
#: What a value is good for, behind it: no more words of the value itself.
_PURPOSE = re.compile(
    r",?\s(?:which (?:allows?|makes?|lets?|enables?|is)|allowing|making|enabling|so (?:that|you|it)|"
    r"meaning|ideal|perfect|"
    r"suitable|to (?:handle|run|train|hold|load)|"
    r"(?:is|are|becomes?|remains?) (?:an?|the|its) (?:\w+ )?(?:bottleneck|limit\w*|constraint|ceiling))\b",
    re.IGNORECASE,
)
#: One of several sizes of a device: "the 40 GB kind".
_SIZE_KIND = re.compile(
    r"\b(?P<size>\d{1,3})[ -]?(?:GB|gigabyte)s?\s+(?:kind|versions?|variants?|models?|ones?|cards?|"
    r"flavou?rs?|editions?|parts?|sku)\b",
    re.IGNORECASE,
)
#: Where what is said of a value itself ends.
_SAID = re.compile(
    rf"{_PURPOSE.pattern}|[,;:]\s|\s[\u2013\u2014]\s|\b(?:and|but|so|which|while|whereas|because|since|"
    rf"when|as long as)\s",
    re.IGNORECASE,
)
_SO_MUCH = re.compile(
    r"\s*(?:rate|speed|throughput)?\s*,?\s*(?:so|or|that is|i\.e\.|which is|giving|=)\s", re.IGNORECASE
)
#: "5 nm / 6 nm".
_BOTH_NODES = re.compile(r"\d\s?nm\b[^.;,]{0,12}(?:[/+&]|\band\b)[^.;,]{0,12}\d\s?nm\b", re.IGNORECASE)
#: What has no value: "300 GB/s each and without NVLink".
_WITHOUT = re.compile(r"\b(?:without|sans|ohne|sin|senza)\s+(?:any\s+)?$", re.IGNORECASE)
_ACCUMULATES = re.compile(r"[ -](?:accumulat\w+|accum\b|master weights)", re.IGNORECASE)
_PRECISIONS = ("tf32", "bf16", "fp8", "fp4", "int8", "int4")


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
        for sentence in sentences(passage.text):
            yield from _of_sentence(index, passage, sentence, context)


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
        if not (_only_a_share(passage.text, each) or _WITHOUT.search(passage.text, 0, each.start))
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
    binder = Binder(passage.text, sentence, attributes, who)
    every = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
    for quantity in united(passage.text, every, here):
        bound = binder.bind(quantity)
        measured = bound and (
            (bound[0].key == "power" and MEASURED.search(sentence.text))
            or (bound[0].key == "memory" and _REMAINS.match(passage.text, quantity.end))
            or (_A_SLICE.match(sentence.text) and _SLICED.search(passage.text, 0, sentence.start))
        )
        if bound is not None and not measured:
            found = _of_value(
                passage, sentence, quantity, bound[0], mention=bound[1], who=who, context=context
            )
            # What is no single device's of a machine may be that of all of them.
            yield from (each for each in found if not (of_machine and each.accuses))


def _only_a_share(text: str, each: Named) -> bool:
    """Whether a rate is named for a share of it, and what follows is that share: "1/64 of FP32, so 0.56"."""
    share = _OF_RATE.search(text, max(0, each.start - _NEAR), each.start) and _SO_MUCH.match(text, each.end)
    # "FP16 with FP32 accumulation" is a rate of FP16.
    return bool(share or _ACCUMULATES.match(text, each.end))


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
    after = _APART_FROM.split(text[quantity.end : min(last, quantity.end + APART)])[0]
    after = _BESIDE.split(after)[0]
    # "366 TFLOPS TF32 (with sparsity: 733)": what is said in the brackets is of the next.
    after = _OF_THE_NEXT.sub("", after)
    if later := _SPARSE_LATER.match(text, quantity.end, sentence.end):
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
    mention = _of_size(text, sentence, quantity, mention, context)
    gpus = [context.catalogue[key] for key in mention.ids]
    found = verdict_on(text, quantity, attribute, gpus, said=said, context=context)
    for other in both_of(text, quantity, mention, here) if found.verdict == "confirmed" else ():
        also = [context.catalogue[key] for key in other.ids]
        of_other = verdict_on(text, quantity, attribute, also, said=said, context=context)
        if of_other.verdict == "contradicted":
            gpus, found, mention = also, of_other, other
    if found.verdict == "contradicted" and (
        _misnamed(passage, place, found, mention, context)
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
            beside = sentence.text if mention in here else text[: sentence.end]
            if is_sum(quantity.value, attribute, gpus, beside) or _is_withheld(
                passage, sentence, quantity, attribute, mention=mention, who=who, context=context
            ):
                return
    elif found.verdict == "confirmed":
        found = _narrower(found, quantity, attribute, mention, near=sentence.text, context=context)
    yield finding_on(passage, quantity, attribute, gpus, found=found, context=context)


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
    return [each for each in told if each != mention]


def _is_tied(text: str, quantity: Quantity, mention: Mention, who: Spoken) -> bool:
    """Whether nothing but "has" stands between a device and its value, and no "versus" behind it."""
    against = _VERSUS.match(text[quantity.end : quantity.end + 24])
    gap = text[mention.end : quantity.start] or " "
    inside = mention in who.here and mention not in who.against
    return inside and not against and (TIED.fullmatch(gap) is not None or has(gap))


def _is_withheld(
    passage: Passage, sentence: Sentence, quantity: Quantity, attribute: Attribute, *, mention: Mention,
    who: Spoken, context: Context,
) -> bool:  # fmt: skip
    """Whether a wrong value may be said of another device than that of the sentence."""
    if _doubtful(passage, sentence, quantity, attribute, mention=mention, who=who):
        return True
    if mention in who.here:
        return False
    its = (who.certain and ITS_OWN.match(sentence.text) is not None) or headed(passage, who, context)
    sure = its and _SHORTLY.match(sentence.text) and _is_subject(passage, sentence, mention, context)
    if not sure and _of_one_beside(passage, quantity, attribute, mention, context):
        return True
    return not its and _of_one_spoken_of(passage, quantity, attribute, mention, context)


def _of_size(
    text: str, sentence: Sentence, quantity: Quantity, mention: Mention, context: Context
) -> Mention:
    """A device of the size that is spoken of before a value: "either the 40 GB kind with 1,555 GB/s"."""
    before = list(
        _SIZE_KIND.finditer(
            text, max(sentence.start, mention.end if mention.end < quantity.start else 0), quantity.start
        )
    )
    if not before or not TIED.fullmatch(text, before[-1].end(), quantity.start):
        return mention
    ids = tuple(key for key in mention.named if _size(context.catalogue[key]) == before[-1]["size"])
    return mention._replace(ids=ids, named=ids) if ids else mention


def _is_of_link(
    passage: Passage, sentence: Sentence, quantity: Quantity, gpus: Sequence[Gpu], context: Context
) -> bool:
    """Whether a rate is that of a device's NVLink, where nothing says that it is the memory's."""
    if _OF_MEMORY.search(sentence.text):
        return False
    return any(is_right(passage.text, quantity, attributes()["nvlink"], gpu, context) for gpu in gpus)


_OF_MEMORY = re.compile(r"\b(?:memory|vram|hbm\w*|gddr\w*|bandwidth)\b", re.IGNORECASE)


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
    r"\s+(?:of (?:it|memory|vram|room|space) )?(?:left|free|to spare|over|remain\w*|unused|available for)\b",
    re.I,
)
#: "Up to seven instances. The smallest has 18 GB": of a part that the device is divided into.
_A_SLICE = re.compile(
    r"\s*(?:The (?:smallest|largest|biggest)|Each(?: of them)?|One)\s+(?:one )?(?:has|gets|is|comes)\b"
)
_SLICED = re.compile(r"\b(?:MIG|instances?|slices?|partitions?|into (?:up to )?(?:\w+ )?(?:parts|pieces))\b")
#: "The H200 needs 1,000 W."
_NEEDS = re.compile(
    r"\bneeds?\s+(?=(?:up to |about |around |only |just )?\d{2,4}\s?(?:W|"
    r"watts?)\s*(?:[.,;)]|$))",
    re.IGNORECASE,
)
_SO_THEN = re.compile(r"[,;]\s+(?:so|hence|thus|therefore)\s", re.IGNORECASE)
_VERSUS = re.compile(r"[\s\w-]{0,12}(?:vs\b|versus|/|compared|against)")
_LIKE = re.compile(
    r"\s*(?:Just\s+|Much\s+)?(?:Un|un)?[Ll]ike\s+(?:the\s+|its\s+|an?\s+|nvidia\s+)*", re.IGNORECASE
)


#: A sentence that says one thing of its subject.
_SHORTLY = re.compile(
    r"\s*(?:It|Its [\w ]{3,20}?|(?:Memory |Peak )?[Bb]andwidth|Board power|TDP|TGP) (?:is|has|needs|"
    r"draws|comes|offers|runs|costs)\b[^,;]{3,60}[.,;]"
)


def _is_subject(passage: Passage, sentence: Sentence, mention: Mention, context: Context) -> bool:
    """Whether the sentence before is about a device, and others are only set against it there."""
    earlier = [each for each in sentences(passage.text) if each.end <= sentence.start + 1][-1:]
    index = context.place(passage)
    if not earlier or index < 0:
        return False
    who = spoken(index, passage, earlier[0], context)
    return bool(who.own) and all(each.named == mention.named for each in who.own)


def _of_one_beside(
    passage: Passage, quantity: Quantity, attribute: Attribute, mention: Mention, context: Context
) -> bool:
    """Whether a value of a sentence without a name is right of another device of its passage before it."""
    index = context.place(passage)
    named = [each for each in context.mentions.get(index, ()) if each.end <= quantity.start]
    others = {key for each in named for key in each.ids} - set(mention.named)
    return any(is_right(passage.text, quantity, attribute, context.catalogue[key], context) for key in others)


def _of_one_spoken_of(
    passage: Passage, quantity: Quantity, attribute: Attribute, mention: Mention, context: Context
) -> bool:
    """Whether a value is exactly that of another device of the document, which may be what is meant."""
    text = passage.text
    if passage.kind == "item" and len(text) < _SHORT:
        return False
    kin = {one for key in mention.named for one in namesakes(key, context.catalogue)}
    digits = re.sub(r"\D", "", text[quantity.start : quantity.end]).strip("0")
    if len(digits) < _TELLING and attribute.key != "memory":
        return False
    others = (context.catalogue[key] for key in context.spoken_of - kin)
    return any(is_right(text, quantity, attribute, gpu, context) for gpu in others if gpu.confidence != "low")


def _doubtful(
    passage: Passage, sentence: Sentence, quantity: Quantity, attribute: Attribute, *, mention: Mention,
    who: Spoken,
) -> bool:  # fmt: skip
    """Whether a value may be of something else than the device: a need, a sum, another device before it."""
    text, here, own = sentence.text, who.here, who.own
    in_brackets = mention in here and passage.text[mention.end : quantity.start].strip() == "("
    ends = _SAID.search(text, quantity.end - sentence.start)
    said = text[: ends.start()] if ends else text
    # "If you come from an RTX 3090, the jump is larger: it has": what is asked before a colon is no guard.
    said = said[max(said.rfind(": ", 0, max(quantity.start - sentence.start, 0)), 0) :]
    before = mention in here and mention.end <= quantity.start
    if before and is_list(passage.text[mention.end : quantity.start]):
        said = passage.text[sentence.start : quantity.end + _AFTER]
    against = _AGAINST.search(passage.text, max(sentence.start, quantity.start - _NEAR), quantity.start)
    others = against is not None and (before or mention not in here)
    several = attribute.key == "memory" and _OR_SO.search(passage.text, sentence.start, quantity.start)
    if (
        others
        or several
        or quantity.high != quantity.value
        or (guarded(_NEEDS.sub(" ", said) if attribute.key == "power" else said) and not in_brackets)
    ):
        return True
    first = mention.end if mention in here and mention.end <= quantity.start else sentence.start
    near = passage.text[max(first, quantity.start - APART) : quantity.end + APART // 2]
    if _of_something_else(passage, sentence, quantity, attribute, near):
        return True
    if attribute.key == "memory" and mention in here and "(" in passage.text[quantity.end : mention.start]:
        # "INT8: 70 GB (a single A100)" is what is needed of it.
        return True
    listed = passage.kind == "item" and len(passage.text) < _SHORT
    above = who.certain and passage.text[mention.start : mention.end] == mention.text
    if (
        attribute.key in (*_PRECISIONS, "process")
        and mention not in here
        and not (_ITS.match(text) or listed or above)
    ):
        return True
    if mention in here:
        between = [each for each in own if mention.end <= each.start < quantity.start]
        ended = re.search(r"\.\s", passage.text[mention.end : quantity.start])
        return bool(between or ended) or quantity.start - mention.end > 2 * APART
    return len(passage.text) > _SHORT and passage.kind != "item" and len(text) > 3 * _SHORT


def _of_something_else(
    passage: Passage, sentence: Sentence, quantity: Quantity, attribute: Attribute, near: str
) -> bool:
    """Whether the words beside a value say that it is of a link, another chip, a street price or form."""
    text = sentence.text
    several = attribute.key == "process" and (OF_CHIPLETS.search(passage.text) or _BOTH_NODES.search(text))
    return bool(
        several
        or (attribute.key in ("bandwidth", "memory") and _ELSEWHERE.search(near))
        or (attribute.dimension == "money" and _STREET.search(near))
        or _FROM_TO.search(text, 0, max(quantity.start - sentence.start, 0))
        or _THAT_MEMORY.search(text)
        or (attribute.dimension == "count" and _OF_CHIP.search(text, 0, quantity.start - sentence.start))
        or _OTHERS.search(passage.text, sentence.start, quantity.start)
        or _FOR_OTHER.match(passage.text, quantity.end, sentence.end)
    )


def _narrower(
    found: Verdict, quantity: Quantity, attribute: Attribute, mention: Mention, *, near: str, context: Context
) -> Verdict:
    """Of a limit on a device with several memories, whether it holds for the largest that the text names."""
    if quantity.limit != "up to" or attribute.key not in ("bandwidth", "memory") or len(mention.ids) < 2:
        return found
    text = context.document.original
    # A size that is told of a form which the text names ("94 GB in the H100 NVL") is of no other.
    if "forms named" not in context.memo:
        every = (each.named for found in context.mentions.values() for each in found)
        context.memo["forms named"] = {named[0] for named in every if len(named) == 1}
    forms: set[str] = context.memo["forms named"]
    taken = {_size(context.catalogue[key]) for key in forms}
    larger = [
        gpu
        for gpu in (context.catalogue[key] for key in mention.ids)
        if float(gpu.value(attribute.fields[0]) or 0) > 1.1 * quantity.value
        and (gpu.id in forms or _size(gpu) not in taken)
        and not (attribute.key == "memory" and _sized(gpu, near))
        and _sized(gpu, text)
    ]
    if not larger:
        return found
    best = larger[0]
    value = best.display(attribute.fields[0])
    because = (
        f"true of {found.true_for or 'the smaller one'}; {best.id}, which the text names too, has {value}"
    )
    verdict = "unverifiable" if best.confidence == "low" else "contradicted"
    return found._replace(verdict=verdict, expected=value, because=because)


def _sized(gpu: Gpu, text: str) -> bool:
    """Whether a text states the memory of a device."""
    return _states(_size(gpu), text)


@lru_cache(maxsize=64)
def _states(size: str, text: str) -> bool:
    # The text may be a whole document, of which every limit asks.
    return re.search(rf"\b{size}[ -]?(?:GB|GiB|gigabyte)", text) is not None


def _size(gpu: Gpu) -> str:
    """The memory of a device in GB, as it is sold."""
    size = re.match(r"\d+", gpu.display("memory"))
    return size[0] if size else "-"
