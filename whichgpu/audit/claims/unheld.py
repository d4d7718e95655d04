"""Values and chips that no device of a passage has, whoever of them is meant.

Whose a value is, grammar often leaves open ("the memory subsystem is smaller: 320-bit"). Where it is of
none of all devices that the passage speaks of, in any of their forms, nor of any that the text names, nor a
sum or difference of theirs, it is wrong of whichever is meant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.audit.attributes import CHIP, named
from whichgpu.audit.binding import fitting, nearest_attribute, of_a_part
from whichgpu.audit.fields import same_chip
from whichgpu.audit.findings import made
from whichgpu.audit.implied import implied
from whichgpu.audit.judging import namesakes, on_file, source_of
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import guarded, sentences, within
from whichgpu.audit.subjects import family, mentions
from whichgpu.audit.variants import verdict_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention
    from whichgpu.hardware.gpu import Gpu

#: What is a device's own and is told of nothing else in the words that name it.
_OWN = ("cores", "tensor_cores", "memory_bus", "bandwidth", "memory", "nvlink", "power")
#: Words of what is none of a device's figures, or of one that is not named.
_ELSE = re.compile(
    r"\b(?:pcie?|pci express|l2|cache|infinity|unified|system|cpu|host|ssd|nvme|ram|effective|sparsity|"
    r"infiniband|ethernet|network|rumou?r\w*|full|complete|each|per|every|need\w*|requir\w*|recommend\w*|"
    r"minimum|at least|or more|consum\w+|usage|us(?:es|ed|ing)|model|models|weights|parameters|"
    r"dataset\w*|batch|quanti\w+|rang\w+|between|depend\w+|vari\w+|other|others|any|many|most|some|"
    r"gpus? with|cards? with|superchip|grace|bridge|switch|system|server|node|rack|cluster|combined|"
    r"total\w*|aggregate|together|pool\w*|dual|two|three|four|eight|pair|overclock\w*|undervolt\w*|"
    r"measured|tests?|tested|peaks?|idle|spikes?|custom|partner|leak\w*|upcoming|future|would|could|if|"
    r"more|less|fewer|extra|additional|difference|gap|advantage|increase|grew|cut|reduc\w+)\b",
    re.IGNORECASE,
)
_CLOSE = 26
#: A passage that speaks of more devices says too much of each to be sure of any.
_MOST = 8
_STEPS = range(2, 9)


def find(context: Context) -> Iterator[Finding]:
    """Every value and chip that no device of its passage has; only accusations."""
    taken = sorted((each.start, each.end) for each in context.memo["found"] if each.verdict != "unverifiable")
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in ("paragraph", "item", "caption"):
            continue
        scope = _scope(index, passage, context)
        for sentence in sentences(passage.text) if scope else ():
            if _ELSE.search(sentence.text) or guarded(sentence.text):
                continue
            names = context.mentions.get(index, ())
            for found in _of_sentence(passage, sentence, scope, names, context):
                if not any(start < found.end and found.start < end for start, end in taken):
                    yield found


def _scope(index: int, passage: Passage, context: Context) -> list[Gpu]:
    """Every device that a passage may speak of: those that it names, else those of its headings."""
    told = list(context.mentions.get(index, ()))
    for above in (*reversed(passage.section), context.document.title) if not told else ():
        told = told or list(mentions(above, context.catalogue))
    if not told or len({each.named for each in told}) > _MOST:
        return []
    keys = {key for each in told for key in each.named}
    keys |= {other for key in list(keys) for other in namesakes(key, context.catalogue)}
    gpus = [context.catalogue[key] for key in sorted(keys)]
    return [] if any(gpu.confidence == "low" for gpu in gpus if gpu.id in context.spoken_of) else gpus


def _of_sentence(
    passage: Passage, sentence: Sentence, scope: Sequence[Gpu], names: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    text = passage.text
    for match in CHIP.finditer(text, sentence.start, sentence.end):
        known = [gpu for gpu in scope if gpu.value("chip")]
        spoken_of = [context.catalogue[key] for key in context.spoken_of]
        held = any(same_chip(match[0], str(gpu.value("chip"))) for gpu in (*known, *spoken_of))
        if known and len(known) == len(scope) and not held:
            yield _accused(passage, match.span(), "chip", known, context)
    every = [each for each in within(named(text), sentence.start, sentence.end) if each.end <= sentence.end]
    every += implied(text, sentence)
    taken: set[int] = set()
    for quantity in within(quantities(text, context.fraction), sentence.start, sentence.end):
        inside = any(each.start < quantity.end and quantity.start < each.end for each in names)
        chosen = None if inside else nearest_attribute(text, quantity, every, taken)
        if chosen is None:
            continue
        taken.add(chosen)
        near = min(abs(every[chosen].start - quantity.end), abs(quantity.start - every[chosen].end))
        attribute = every[chosen].attribute
        if near > _CLOSE or attribute.key not in _OWN or quantity.high != quantity.value:
            continue
        if not of_a_part(text, quantity) and _of_nobody(text, quantity, attribute, scope, context):
            place = (quantity.start, quantity.end)
            yield _accused(passage, place, attribute, scope, context)


def _of_nobody(
    text: str, quantity: Quantity, attribute: Attribute, scope: Sequence[Gpu], context: Context
) -> bool:
    """Whether a value is no device's of the passage or of the text, and follows from none of theirs."""
    known = [gpu for gpu in scope if gpu.value(attribute.fields[0])]
    if not known or not any(True for _ in fitting(attribute, [quantity])):
        return False
    others = {key for one in context.spoken_of for key in family((one,), context.catalogue)}
    everyone = [*scope, *(context.catalogue[key] for key in sorted(others))]
    ways = [quantity, *(quantity._replace(value=quantity.value / n) for n in _STEPS)]
    for way in ways:
        told = verdict_on(text, way, attribute, everyone, said=frozenset(), context=context)
        if told.verdict != "contradicted":
            return False
    values = [float(gpu.need(attribute.fields[0])) for gpu in known]
    differences = [abs(a - b) for a in values for b in values if a != b]
    return not any(abs(quantity.value - each) <= 0.02 * each for each in differences)


def _accused(
    passage: Passage, place: tuple[int, int], what: Attribute | str, gpus: Sequence[Gpu], context: Context
) -> Finding:
    attribute = None if isinstance(what, str) else what
    kind = "specification" if attribute else "identity"
    key = attribute.key if attribute else str(what)
    field = attribute.fields[0] if attribute else key
    own = [gpu for gpu in gpus if gpu.id in context.spoken_of and gpu.value(field)] or list(gpus)
    values = dict.fromkeys(f"{gpu.id} has {gpu.display(field)}" for gpu in own[:4])
    evidence = tuple(on_file(gpu, attribute) if attribute else source_of(gpu, field) for gpu in own[:3])
    return made(
        context, passage, place, kind, "contradicted", subject=", ".join(gpu.id for gpu in own[:4]),
        attribute=key, because=f"no device that the passage speaks of has it: {'; '.join(values)}",
        evidence=evidence,
    )  # fmt: skip
