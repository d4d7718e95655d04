"""Models and what they take, told one after another: "7B needs 14 GB, 13B needs 26 GB and 70B needs 160 GB".

Where all but one of such a sentence are in one ratio, which weights in a format have, the one is wrong.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.models import formats_at, models
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.models import Model
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

#: Bytes that a parameter takes in a format; how near a row is to its ratio, and from where on it is wrong.
_FORMATS, _NEAR, _OFF = (4.0, 2.0, 1.0, 0.5), 0.02, 0.08
#: Pairs that show a ratio of a format, and any other ratio.
_FEW, _MANY = 3, 4


def find(context: Context) -> Iterator[Finding]:
    """Every amount of such a sentence that is not in the ratio of the others."""
    for _, passage in context.document.running():
        for sentence in sentences(passage.text):
            pairs = _pairs(passage, sentence, context)
            if len(pairs) >= _FEW and _in_one_format(sentence.text, pairs[1][0].start - sentence.start):
                yield from _judged(passage, pairs, context)


def _in_one_format(text: str, second: int) -> bool:
    """Whether a sentence names one format, before its second model: "but 70B in 4 bits" is of another one."""
    named = formats_at(text)
    return not named or (len({each.least for _, each in named}) == 1 and named[0][0] < second)


def _pairs(passage: Passage, sentence: Sentence, context: Context) -> list[tuple[Model, Quantity]]:
    """Models and amounts of memory in turns, or nothing where they do not take turns."""
    named = within(models(passage.text), sentence.start, sentence.end)
    amounts = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
    amounts = [each for each in amounts if each.dimension == "memory"]
    places = [(each.start, 0) for each in named] + [(each.start, 1) for each in amounts]
    in_turns = [side for _, side in sorted(places)] == [0, 1] * len(named)
    return list(zip(named, amounts, strict=True)) if in_turns and len(named) == len(amounts) else []


def _judged(passage: Passage, pairs: list[tuple[Model, Quantity]], context: Context) -> Iterator[Finding]:
    ratios = [amount.value / model.parameters for model, amount in pairs]
    usual = median(ratios)
    off = [abs(ratio / usual - 1) for ratio in ratios]
    odd = [index for index, each in enumerate(off) if each > _OFF]
    of_format = any(abs(usual / each - 1) < _NEAR for each in _FORMATS)
    if len(odd) != 1 or sum(each < _NEAR for each in off) != len(pairs) - 1:
        return
    if len(pairs) < _MANY and not of_format:
        return
    model, amount = pairs[odd[0]]
    expected = f"{usual * model.parameters / 1e9:.3g} GB"
    because = f"the others of the sentence take {usual:.3g} B for each parameter, which makes {expected}"
    yield made(context, passage, (amount.start, amount.end), "memory", "inconsistent", subject=model.name,
               attribute="required memory", because=because, expected=expected,
               evidence=(Evidence(because),))  # fmt: skip
