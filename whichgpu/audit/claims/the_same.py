"""A value that two devices are said to have alike: "has the chip of the 5080, the same 24 GB"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes
from whichgpu.audit.findings import made
from whichgpu.audit.judging import judged
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import told
from whichgpu.audit.roundings import stated
from whichgpu.audit.sentences import within
from whichgpu.audit.subjects import model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken

_SAME = re.compile(r"\bthe (?:very |exact )?same\s+(?=\d)", re.IGNORECASE)
_KEYS = {"memory": "memory", "bandwidth": "bandwidth", "bits": "memory_bus"}
#: What makes it the same of something else.
_ELSE = re.compile(
    r"\b(?:price|budget|for the same|total|together|combined|both|each|model|weights?|needs?|"
    r"at the same)\b",
    re.I,
)


def find(context: Context) -> Iterator[Finding]:
    """Every such value that one of the two has not."""
    for passage, sentence, who in told(context, _SAME):
        for match in _SAME.finditer(passage.text, sentence.start, sentence.end):
            value = next(
                iter(within(quantities(passage.text, context.fraction), match.end(), match.end() + 1)), None
            )
            if value is None or value.dimension not in _KEYS or value.high != value.value:
                continue
            if _ELSE.search(passage.text[max(sentence.start, match.start() - 40) : value.end]):
                continue
            for ids in _sides(who, value.end, context):
                gpus = [context.catalogue[key] for key in ids]
                attribute = attributes()[_KEYS[value.dimension]]
                words = passage.text[value.start : value.end]
                what = stated(value.value, words, value.limit, frozenset(), dimension=value.dimension,
                              unit=value.unit)  # fmt: skip
                found = judged(attribute, what, gpus, context.catalogue, context.spoken_of)
                yield made(
                    context, passage, (value.start, value.end), "specification", found.verdict,
                    subject=", ".join(ids), attribute=attribute.key, because=found.because,
                    expected=found.expected, evidence=found.evidence, true_for=found.true_for,
                )  # fmt: skip


def _sides(who: Spoken, at: int, context: Context) -> list[tuple[str, ...]]:
    """The two that a sentence sets side by side: its subject, and the one that it is likened to."""
    subject = who.own[:1] or (who.topic[:1] if who.certain else [])
    other = [each for each in who.against if each.end <= at or each.start - at < _NEAR]
    every = [*subject, *other]
    names = {model(each.named[0], context.catalogue) for each in every}
    return [each.ids for each in every] if len(every) == len(names) == 2 else []


_NEAR = 40
