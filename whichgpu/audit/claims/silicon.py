"""What a chip itself is said to measure or hold: "the AD104 chip covers an area of 379 mm2".

Such a value is of every device on that chip, whichever the text speaks of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import made
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.roundings import stated
from whichgpu.audit.text.sentences import has_digit, sentences, within
from whichgpu.audit.values.attributes import CHIP, attributes
from whichgpu.audit.values.judging import judged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: Its words leave no doubt of what it is said.
CERTAIN = True
#: Behind the name of a chip, what it does itself, and the verbs that go on about it.
_HAS = re.compile(
    r"(?:\s+(?:chip|die|GPU|silicon|processor))?,?\s+(?:(?:which|that|it)\s+)?(?:itself\s+)?"
    r"(?:contains?|has|holds|packs|counts|comprises|measures|covers|spans|takes up|is|with|consists of)\b",
    re.IGNORECASE,
)
#: What makes a value that of something else, or of a change.
_OTHERS = re.compile(
    r"\b(?:than|compared|versus|vs|unlike|from|over|against|more|fewer|less|larger|smaller|another|each|per|"
    r"dies|chiplets?|while|whereas|but|not|would|could|rumou?r\w*|almost|nearly|up to)\b|[;:?%]",
    re.IGNORECASE,
)
_TRANSISTORS = re.compile(r"\s*transistors?\b", re.IGNORECASE)
#: Characters between a chip and a value of it at most.
_FAR = 120


def find(context: Context) -> Iterator[Finding]:
    """Every area and number of transistors that a sentence states of a chip, with its verdict."""
    for index, passage in context.document.running():
        if not has_digit(passage.text) or not CHIP.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            yield from _of_sentence(index, passage, sentence, context)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text
    every = within(quantities(text, context.fraction), sentence.start, sentence.end)
    chips = list(CHIP.finditer(text, sentence.start, sentence.end))
    for quantity in every if chips else ():
        key = _kind(text, quantity)
        before = [chip for chip in chips if chip.end() <= quantity.start]
        if not key or not before or quantity.start - before[-1].end() > _FAR:
            continue
        chip = before[-1]
        named = within(context.mentions.get(index, ()), chip.end(), quantity.start)
        if named or not _HAS.match(text, chip.end()) or _OTHERS.search(text, chip.end(), quantity.start):
            continue
        yield from _judged(passage, quantity, key, chip[0], context)


def _kind(text: str, quantity: Quantity) -> str:
    """The attribute of chips that a quantity is of; empty where it is of none."""
    if quantity.dimension == "area":
        return "die_area"
    counts = quantity.dimension == "count" and _TRANSISTORS.match(text, quantity.end)
    return "transistors" if counts else ""


def _judged(passage: Passage, quantity: Quantity, key: str, chip: str, context: Context) -> Iterator[Finding]:
    """The verdict on a value of a chip by the devices on it, which say one thing or nothing."""
    gpus = _on(chip, key, context)
    if not gpus:
        return
    place = (quantity.start, quantity.end)
    told = stated(
        quantity.value, passage.text[slice(*place)], "", frozenset(), dimension=quantity.dimension,
        unit=quantity.unit,
    )  # fmt: skip
    verdict = judged(attributes()[key], told, gpus, context.catalogue)
    if verdict.verdict not in ("confirmed", "contradicted"):
        return
    right = gpus[0].display(key)
    because = (
        f"{chip} has {right}, as every device on it" if verdict.verdict == "contradicted" else "as on file"
    )
    yield made(
        context, passage, place, "specification", verdict.verdict, subject=gpus[0].id, attribute=key,
        because=because, expected=verdict.expected and right, evidence=verdict.evidence,
    )  # fmt: skip


def _on(chip: str, key: str, context: Context) -> list[Gpu]:
    """The devices on a chip by whose field one value is known of it; none where they differ."""
    told = chip.replace(" ", "").upper()
    gpus = [
        gpu
        for gpu in context.catalogue.values()
        if gpu.value(key) and str(gpu.value("chip") or "").replace(" ", "").upper() == told
    ]
    gpus.sort(key=lambda gpu: gpu.id not in context.spoken_of)
    return gpus if len({gpu.value(key) for gpu in gpus}) == 1 else []
