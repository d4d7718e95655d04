"""In which sizes of memory a device is said to come: "the A100 comes in 40 GB and 80 GB versions".

Wrong is a size that no device of the name has. The name stands before the sizes in their clause, or right
behind them where they begin the sentence ("Available in 40GB and 80GB variants, the A100 ..").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.variants import finding_on, verdict_on
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_SIZE = r"\d{1,3}[ -]?Gi?B"
_COMES = re.compile(
    rf"\b(?:comes?|came|available|offered|sold|exists?|ships?|shipped)\s+in\s+(?:an?\s+|both\s+|two\s+)?"
    rf"(?P<sizes>{_SIZE}(?:\s?,\s{_SIZE})*,?\s(?:and|or)\s(?:an?\s+)?{_SIZE})\s+"
    r"(?:versions?|variants?|models?|configurations?|flavou?rs?|editions?|options?)\b",
    re.IGNORECASE,
)
#: Where another clause begins, and what stands between sizes that begin a sentence and the name.
_CLAUSE = re.compile(r"[;:]\s|,\s(?:while|whereas|but|and)\s", re.IGNORECASE)
_THE = re.compile(r"\s*,\s(?:the\s+)?(?:nvidia\s+|amd\s+)?", re.IGNORECASE)
_UNSURE = re.compile(
    r"\b(?:not|never|would|could|should|if|rumou?r\w*|once planned)\b|n[\u2019']t\b|\?", re.IGNORECASE
)


def find(context: Context) -> Iterator[Finding]:
    """Every such size with its verdict."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if _COMES.search(passage.text) else ():
            told = _COMES.search(passage.text, sentence.start, sentence.end)
            here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
            whose = _whose(passage.text, sentence, told.span(), here) if told else None
            if told and whose and not _UNSURE.search(sentence.text):
                yield from _of_sizes(passage, told.span("sizes"), whose, context)


def _whose(text: str, sentence: Sentence, place: tuple[int, int], here: Sequence[Mention]) -> Mention | None:
    """The one device that the clause of the sizes names before them, or the sentence right behind them."""
    start = max(
        (each.end() for each in _CLAUSE.finditer(text, sentence.start, place[0])), default=sentence.start
    )
    before = within(here, start, place[0])
    if before:
        return before[0] if len({each.named for each in before}) == 1 else None
    begins = not re.search(r"\w", text[start : place[0]])
    behind = next((each for each in here if each.start >= place[1]), None)
    if not begins or behind is None or not _THE.fullmatch(text, place[1], behind.start):
        return None
    # "Available in 40 GB and 80 GB models, the 80 GB variant ..": one of them, of a device named before.
    return None if re.match(_SIZE, text[behind.start : behind.end], re.IGNORECASE) else behind


def _of_sizes(
    passage: Passage, place: tuple[int, int], whose: Mention, context: Context
) -> Iterator[Finding]:
    memory = attributes()["memory"]
    gpus = [context.catalogue[key] for key in whose.named]
    for each in within(quantities(passage.text, context.fraction), *place):
        found = verdict_on(passage.text, each, memory, gpus, said=frozenset(), context=context)
        one = finding_on(passage, each, memory, gpus, found=found, context=context)
        # That another size of the sentence is right takes nothing from this one.
        yield one._replace(attribute="memory sizes")
