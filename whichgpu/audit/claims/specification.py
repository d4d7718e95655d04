"""Specifications: cells of tables, list items and sentences that state a value of an attribute of a GPU."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.audit import tables
from whichgpu.audit.attributes import Attribute, Named, named, qualifiers
from whichgpu.audit.attributes import attributes as known
from whichgpu.audit.findings import Finding
from whichgpu.audit.judging import judged, stated
from whichgpu.audit.listed import listed
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import counted, spoken
from whichgpu.audit.sentences import Sentence, guarded, sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.judging import Verdict
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.subjects import Mention
    from whichgpu.audit.tables import Cell
    from whichgpu.hardware.gpu import Gpu

#: What may stand between a value and the attribute that it is of, in characters.
_APART = 60
#: Characters between a bare number and the name of what it counts.
_CLOSE = 12
#: A bare number from here on is a figure of its own beside one with a unit.
_FIGURE = 100
_OF_A_TYPE = re.compile(r"(GB|GiB)\s+(?:of\s+)?(?:\w+\s+)?(?:GDDR\d\w?|HBM\d?e?)\b")
_AT_A_RATE = re.compile(
    r"\b(?:GDDR\d\w?|HBM\d?e?)(?: memory| VRAM)?(?: at| with| running at| \(|,| delivering)\s*"
    r"(?:up to )?(?=\d)"
)
_PRONOUN = re.compile(r"\b(?:it|this|they|the card|the gpu)\b", re.IGNORECASE)
#: Characters of a list item that is nothing but a value and its attribute.
_SHORT = 80
#: Cells by which it is told which device a header means.
_JUDGED = 60
#: Ends of clauses: a value does not reach over one to its attribute.
_CLAUSE = re.compile(
    r"[;!?](?:\s|$)|\.\s|,\s+(?:while|whereas|but|compared|versus|vs)\b"
    r"|\b(?:while|whereas|compared (?:to|with)|versus|vs\.?|than)(?=\s)"
)
#: What ties a value to the name before it, and leaves no doubt whose it is.
_TIED = re.compile(
    r"(?:[\u2019']s)?\s*(?:gpus?\s*)?(?:\(|:|,)?\s*(?:(?:has|have|features?|offers?|comes?|ships?|packs?|boasts?|"
    r"delivers?|provides?|includes?|with|of|a|an|is|at|up to|over|about|around|the|full|massive|whopping|"
    r"equipped|and|impressive|only|just|exactly)\s+){0,6}\$?",
    re.IGNORECASE,
)
#: What a row of a table without marks has not between its values.
_IN_PROSE = re.compile(r"[,;]\s|\b(?:and|or|of|is|are|has|with|to)\b", re.IGNORECASE)
#: What may stand between a value and the name that it qualifies: "80 GB NVIDIA A100".
_MAKER = re.compile(r"\s*(?:nvidia|amd)?\s*", re.IGNORECASE)
_NEXT = 9
#: What names a device by "its" before its name: "Thanks to its 900 GB/s NVLink, the".
_THANKS = re.compile(
    r"(?:^|[.!?]\s)\s*(?:thanks to|with|despite|given|because of|due to)\s+its\s+\S{0,20}$", re.I
)
#: Between a value and the device after it whose it is: "165 W for the", "48 GB of memory on an".
_FOR_THE = re.compile(
    r"\s+(?:(?:of\s+)?(?:fp\d+|[\w-]+)\s+){0,2}(?:for|on|of|in)\s+(?:the\s+|an?\s+|its\s+)?"
    r"(?:nvidia\s+|amd\s+)?",
    re.IGNORECASE,
)
#: Values in the order of the devices, not beside them.
_RESPECTIVELY = re.compile(r"\brespectively\b", re.IGNORECASE)
#: A count of cores below this is of a CPU, or of one unit of a GPU.
_FEW_CORES = 256
_VERSUS = re.compile(
    r"\b(?:versus|vs\.?|against|than|(?:compared|as opposed) (?:to|with))\s*$", re.IGNORECASE
)
#: Words beside a rate or a size that is not the device memory's.
_ELSEWHERE = re.compile(
    r"\b(?:cache|infinity|nvlink|pcie|pci express|interconnect|fabric|infiniband|ethernet|network|switch|"
    r"disk|ssd|nvme|system|host|swap|usage|used)\b",
    re.IGNORECASE,
)
#: Sizes below this are of caches; only the smallest of old cards have less memory.
_LEAST_MEMORY = 0.5e9
#: Signs of a formula beside a value.
_OPERATOR_BEFORE = re.compile(r"(?:\s[/*+\u00d7\u00f7=]|\s-|\dx?\s?[x\u00d7])\s*~?$")
_OPERATOR_AFTER = re.compile(r"\s*(?:[*+\u00d7\u00f7=]|/\s|x\s\d)")
_TOGETHER = re.compile(r"\b(?:combined|total|together|aggregate|pooled?|in all|altogether)\b", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every stated value with its verdict."""
    in_tables: set[int] = set()
    for table in context.document.tables:
        cells = [cell for cell in tables.cells(table, context) if cell.attribute]
        in_tables |= {cell.passage.start for cell in cells}
        yield from _of_table(cells, context)
    for index, passage in enumerate(context.document.passages):
        if passage.kind in ("code", "cell", "alt") or passage.start in in_tables:
            continue
        for sentence in sentences(passage.text):
            yield from _of_sentence(index, passage, sentence, context)


def _of_table(cells: Sequence[Cell], context: Context) -> Iterator[Finding]:
    """Verdicts on a table's cells; a name of several devices is the one that most of its cells fit."""
    columns: dict[tuple[int, tuple[str, ...]], list[Cell]] = {}
    rows: dict[tuple[int, tuple[str, ...]], list[Cell]] = {}
    for cell in cells:
        columns.setdefault((cell.column, cell.ids), []).append(cell)
        rows.setdefault((cell.row, cell.ids), []).append(cell)
    # Devices stand above the columns where a column has one of them only.
    across = len(columns) == len({cell.column for cell in cells})
    groups = columns if across else rows
    meant = {key: _fittest(mine, context) for key, mine in groups.items()}
    for cell in cells:
        yield from _of_cell(cell, meant[cell.column if across else cell.row, cell.ids], context)


def _fittest(mine: Sequence[Cell], context: Context) -> tuple[str, ...]:
    """Which of the devices that a header can mean most of its cells fit; its memory counts double."""
    ids = mine[0].ids
    if len(ids) < 2:
        return ids
    scores = dict.fromkeys(ids, 0)
    for each in mine[:_JUDGED]:
        weight = 2 if each.attribute and each.attribute.key == "memory" else 1
        for key in ids:
            found = list(_of_cell(each, (key,), context))
            scores[key] += weight * (bool(found) and found[0].verdict == "confirmed")
    best = max(scores.values())
    return tuple(key for key in ids if scores[key] == best)


def _of_cell(cell: Cell, ids: Sequence[str], context: Context) -> Iterator[Finding]:
    """The verdict on the value of a cell; one with several values is of all that its header can mean."""
    attribute = cell.attribute
    assert attribute is not None
    found = list(_fitting(attribute, tables.read(cell, context)))
    if len(found) > 1 and attribute.dimension != "count":
        found = [each for each in found if each.dimension != "number"]
    several = len(found) > 1 and len({each.value for each in found}) > 1
    text = cell.passage.text
    if found and _of_a_part(text, found[0]):
        return
    for quantity in found if several else found[:1]:
        gpus = [context.catalogue[key] for key in (cell.ids if several else ids)]
        said = cell.said | qualifiers(text) | tables.noted(text + cell.label, context.document.original)
        verdict = _verdict(text, quantity, attribute, gpus, said=said, context=context)
        if verdict.verdict != "contradicted" or not (several or quantity.high != quantity.value):
            yield _finding(cell.passage, quantity, attribute, gpus, found=verdict, context=context)


def _fitting(attribute: Attribute, found: Iterable[Quantity]) -> Iterator[Quantity]:
    """The quantities that can be a value of the attribute."""
    bare = {"count", "bits"}
    for quantity in found:
        same = quantity.dimension == attribute.dimension
        rates = {quantity.dimension, attribute.dimension} == {"flop rate", "op rate"}
        if same or rates or (attribute.dimension in bare and quantity.dimension == "number"):
            yield quantity


def _verdict(
    text: str, quantity: Quantity, attribute: Attribute, gpus: Sequence[Gpu], *, said: frozenset[str],
    context: Context,
) -> Verdict:  # fmt: skip
    words = text[quantity.start : quantity.end]
    what = stated(
        quantity.value, words, quantity.limit, said, dimension=quantity.dimension, unit=quantity.unit
    )
    return judged(attribute, what, gpus, context.catalogue, context.spoken_of)


def _finding(
    passage: Passage, quantity: Quantity, attribute: Attribute, gpus: Sequence[Gpu], *, found: Verdict,
    context: Context,
) -> Finding:  # fmt: skip
    start, end = passage.span(quantity.start, quantity.end)
    return Finding(
        start, end, context.document.original[start:end], "specification",
        ", ".join(gpu.id for gpu in gpus), attribute.key, passage.text[quantity.start : quantity.end],
        found.verdict, found.expected, found.because, found.evidence, found.true_for,
    )  # fmt: skip


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """Values of a sentence: each with the nearest attribute and the nearest device of its clause."""
    attributes = [
        each for each in within(named(passage.text), sentence.start, sentence.end) if each.end <= sentence.end
    ]
    attributes += _implied(passage.text, sentence)
    if not attributes:
        attributes = _carried(passage, sentence)
    if _RESPECTIVELY.search(sentence.text):
        return
    who = spoken(index, passage, sentence, context)
    here = who.here
    if not (here or who.topic) or (not here and _several_columns(sentence, context)):
        return
    taken: set[int] = set()
    last: tuple[Quantity, Attribute] | None = None
    for quantity in within(quantities(passage.text, context.fraction), sentence.start, sentence.end):
        chosen = _nearest_attribute(passage.text, quantity, attributes, taken)
        again = _of_another(passage.text, quantity, last, here) if chosen is None else None
        if again is not None and last is not None:
            yield from _of_value(
                passage, sentence, quantity, last[1], mention=again, here=here, context=context
            )
            continue
        inside = any(each.start < quantity.end and quantity.start < each.end for each in here)
        mention = _nearest_device(passage.text, quantity, who)
        if mention is None or inside or _of_a_part(passage.text, quantity):
            continue
        if chosen is None:
            attribute = listed(passage.text, sentence, quantity, mention if mention in here else None)
            attribute = None if attribute and _too_small(attribute, quantity) else attribute
        else:
            attribute = attributes[chosen].attribute
            taken.add(chosen)
        if attribute is None:
            continue
        last = (quantity, attribute)
        yield from _of_value(
            passage, sentence, quantity, attribute, mention=mention, here=here, context=context
        )


def _of_another(
    text: str, quantity: Quantity, last: tuple[Quantity, Attribute] | None, here: Sequence[Mention]
) -> Mention | None:
    """The other device whose value is set against the last one: "more than the A4000's 153.4 TFLOPS"."""
    if last is None or quantity.dimension != last[0].dimension:
        return None
    behind = [each for each in here if each.start >= quantity.end]
    if behind and _VERSUS.search(text, last[0].end, quantity.start) and _FOR_THE.fullmatch(
        text, quantity.end, behind[0].start
    ):  # fmt: skip
        return behind[0]
    between = [each for each in here if last[0].end <= each.start and each.end <= quantity.start]
    bare = quantity.dimension == "number"
    if bare and not (between and re.fullmatch(r"[\u2019']s?\s+", text[between[-1].end : quantity.start])):
        return None
    if len(between) != 1 or not _TIED.fullmatch(text[between[0].end : quantity.start] or " "):
        return None
    return between[0]


def _implied(text: str, sentence: Sentence) -> list[Named]:
    """What is not named: the memory of "24 GB of GDDR6", the bandwidth of "GDDR6X at 936 GB/s"."""
    found = _OF_A_TYPE.finditer(text, sentence.start, sentence.end)
    memory = [Named(match.end(1), match.end(1), known()["memory"]) for match in found]
    rates = _AT_A_RATE.finditer(text, sentence.start, sentence.end)
    return memory + [Named(match.end(), match.end(), known()["bandwidth"]) for match in rates]


def _carried(passage: Passage, sentence: Sentence) -> list[Named]:
    """What the sentence before is about, where this one goes on with "It offers 222.2 TFLOPS"."""
    if not re.match(r"\s*(?:it|this|that)\b", sentence.text, re.IGNORECASE):
        return []
    before = within(named(passage.text), 0, sentence.start)
    value = re.search(r"\d", sentence.text)
    if not before or not value or before[-1].end < sentence.start - 4 * _APART:
        return []
    first = next(each for each in before if each.end > sentence.start - 4 * _APART)
    at = sentence.start + value.start()
    return [first._replace(start=at, end=at)]


def _own_words(text: str, sentence: Sentence, quantity: Quantity, context: Context) -> str:
    """What is said beside a value and beside no other: from the value before it to the one after it."""
    near = [
        each
        for each in quantities(sentence.text, context.fraction)
        if each.dimension == quantity.dimension or (each.dimension == "number" and each.value >= _FIGURE)
    ]
    at = [(sentence.start + each.start, sentence.start + each.end) for each in near]
    first = max([end for _, end in at if end <= quantity.start], default=sentence.start)
    last = min([start for start, _ in at if start >= quantity.end], default=sentence.end)
    return text[max(first, quantity.start - _APART) : min(last, quantity.end + _APART)]


def _several_columns(sentence: Sentence, context: Context) -> bool:
    """Whether a line without a name holds two values of one dimension: the row of a table without marks."""
    found = [each.dimension for each in quantities(sentence.text, context.fraction)]
    several = any(found.count(dimension) > 1 for dimension in ("bandwidth", "memory", "flop rate", "power"))
    return several and not _IN_PROSE.search(sentence.text)


def _of_a_part(text: str, quantity: Quantity) -> bool:
    """Whether a number is of each of some parts, or of a formula: "4 tensor cores per SM", "/ 140 GB ="."""
    before = text[max(0, quantity.start - 24) : quantity.start]
    after = text[quantity.end : quantity.end + 40]
    if _OPERATOR_BEFORE.search(before) or _OPERATOR_AFTER.match(after):
        return True
    return bool(
        re.search(r"\b(?:each|per|every|by|from|(?<!up )to)\b[\w\s,]{0,16}$", before, re.IGNORECASE)
        or re.match(r"[\w\s-]{0,24}\b(?:per|each|more|fewer|less)\b", after, re.IGNORECASE)
    )


def _of_value(
    passage: Passage, sentence: Sentence, quantity: Quantity, attribute: Attribute, *, mention: Mention,
    here: Sequence[Mention], context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """The verdict on a value of a sentence; an accusation only where nothing else can be meant."""
    text = passage.text
    clause = _own_words(text, sentence, quantity, context)
    said = qualifiers(clause) | tables.noted(
        text[quantity.start : quantity.end + 2], context.document.original
    )
    gpus = [context.catalogue[key] for key in mention.ids]
    found = _verdict(text, quantity, attribute, gpus, said=said, context=context)
    if found.verdict == "contradicted":
        several = _together(passage, sentence, quantity, attribute, mention=mention, context=context)
        if several is not None:
            yield several
            return
        wider = [context.catalogue[key] for key in mention.named]
        others = [context.catalogue[key] for each in here if each != mention for key in each.ids]
        against = re.match(
            r"[\s\w-]{0,12}(?:vs\b|versus|/|compared|against)", text[quantity.end : quantity.end + 24]
        )
        gap = text[mention.end : quantity.start] or " "
        tied = mention in here and not against and _TIED.fullmatch(gap) is not None
        for again in (wider, () if tied else others):
            verdict = (
                _verdict(text, quantity, attribute, again, said=said, context=context) if again else None
            )
            if verdict and verdict.verdict == "confirmed":
                gpus, found = list(again), verdict
                break
        else:
            if _doubtful(passage, sentence, quantity, attribute, mention=mention, here=here):
                return
    elif found.verdict == "confirmed":
        found = _narrower(found, quantity, attribute, mention, context)
    yield _finding(passage, quantity, attribute, gpus, found=found, context=context)


def _doubtful(
    passage: Passage, sentence: Sentence, quantity: Quantity, attribute: Attribute, *, mention: Mention,
    here: Sequence[Mention],
) -> bool:  # fmt: skip
    """Whether a value may be of something else than the device: a need, a sum, another device before it."""
    text = sentence.text
    in_brackets = mention in here and passage.text[mention.end : quantity.start].strip() == "("
    if quantity.high != quantity.value or (guarded(text) and not in_brackets):
        return True
    first = mention.end if mention in here and mention.end <= quantity.start else sentence.start
    near = passage.text[max(first, quantity.start - _APART) : quantity.end + _APART // 2]
    if attribute.key in ("bandwidth", "memory") and _ELSEWHERE.search(near):
        return True
    if mention in here:
        between = [each for each in here if mention.end <= each.start < quantity.start]
        return bool(between) or quantity.start - mention.end > 2 * _APART
    return len(passage.text) > _SHORT and passage.kind != "item" and len(text) > 3 * _SHORT


def _together(
    passage: Passage, sentence: Sentence, quantity: Quantity, attribute: Attribute, *, mention: Mention,
    context: Context,
) -> Finding | None:  # fmt: skip
    """The verdict on what several devices have together; None where one alone is spoken of."""
    inside = sentence.start <= mention.start and mention.end <= quantity.start
    count = counted(passage.text, sentence.start, mention.start) if inside else 1.0
    if count < 2 or attribute.key not in ("memory", "bandwidth", "power", "cores", "tensor_cores"):
        return None
    gpus = [context.catalogue[key] for key in mention.ids]
    shared = quantity._replace(value=quantity.value / count)
    found = _verdict(passage.text, shared, attribute, gpus, said=frozenset(), context=context)
    if found.verdict == "confirmed":
        why = f"{count:g} times {found.evidence[0].text}" if found.evidence else found.because
        return _finding(
            passage, quantity, attribute, gpus, found=found._replace(because=why), context=context
        )
    said = _TOGETHER.search(sentence.text)
    verdict = "contradicted" if said and found.verdict == "contradicted" else "unverifiable"
    found = found._replace(verdict=verdict, expected="", because=f"for {count:g} of them: {found.because}")
    return _finding(passage, quantity, attribute, gpus, found=found, context=context)


def _narrower(
    found: Verdict, quantity: Quantity, attribute: Attribute, mention: Mention, context: Context
) -> Verdict:
    """Of a limit on a device with several memories, whether it holds for the largest that the text names."""
    if quantity.limit != "up to" or attribute.key not in ("bandwidth", "memory") or len(mention.ids) < 2:
        return found
    text = context.document.original
    larger = [
        gpu
        for gpu in (context.catalogue[key] for key in mention.ids)
        if float(gpu.value(attribute.fields[0]) or 0) > 1.1 * quantity.value and _sized(gpu, text)
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
    size = re.match(r"\d+", gpu.display("memory"))
    return size is not None and re.search(rf"\b{size[0]}[ -]?(?:GB|GiB|gigabyte)", text) is not None


def _nearest_attribute(
    text: str, quantity: Quantity, attributes: Sequence[Named], taken: set[int]
) -> int | None:
    """The attribute that a quantity is a value of: of its dimension, in its clause, the nearest."""
    best: tuple[int, int] | None = None
    for index, each in enumerate(attributes):
        if index in taken or not any(True for _ in _fitting(each.attribute, [quantity])):
            continue
        if _too_small(each.attribute, quantity):
            continue
        after = each.end <= quantity.start
        between = text[each.end : quantity.start] if after else text[quantity.end : each.start]
        close = 0 if each.attribute.dimension == "bits" else _CLOSE
        bare = quantity.dimension == "number" and len(between.strip(" :*")) > close
        if len(between) > _APART or _CLAUSE.search(between) or bare:
            continue
        if not after and ", " in between and (each.attribute.key == "nvlink" or quantities(between)):
            continue
        distance = len(between) + (1 if after else 0)
        if best is None or distance < best[0]:
            best = (distance, index)
    return best[1] if best else None


def _too_small(attribute: Attribute, quantity: Quantity) -> bool:
    """Whether a value is too small for any device's, and so of a cache or of a CPU."""
    least = {"cores": _FEW_CORES, "memory": _LEAST_MEMORY}.get(attribute.key, 0)
    return quantity.value < least


def _nearest_device(text: str, quantity: Quantity, who: Spoken) -> Mention | None:
    """The device that a quantity is of: its owner where that is in its clause, else the first after it.

    "The 80 GB A100" is the device right after it.
    """
    right_after = [m for m in who.here if 0 <= m.start - quantity.end < _NEXT]
    if right_after and _MAKER.fullmatch(text, quantity.end, right_after[0].start):
        return right_after[0]
    after = [m for m in who.here if m.start >= quantity.end]
    if after and _THANKS.search(text, 0, quantity.start) and len(after) == len(who.here):
        return after[0]
    if after and _FOR_THE.fullmatch(text, quantity.end, after[0].start):
        return after[0]
    owner = who.owner(quantity.start)
    if owner in who.here and owner and not _CLAUSE.search(text[owner.end : quantity.start]):
        return owner
    for mention in [m for m in who.here if m.start >= quantity.end and m not in who.against]:
        between = text[quantity.end : mention.start]
        if not _CLAUSE.search(between) and not _PRONOUN.search(between):
            return mention
    return owner
