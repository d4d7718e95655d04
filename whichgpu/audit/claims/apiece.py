"""What several of a device have, in brackets behind it: "8x A100 40GB (320 GB total, 1.6 TB/s each)"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.variants import finding_on, verdict_on
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.attributes import attributes, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_BRACKET = re.compile(r"\s*(?:GPUs?\s*)?\(([^()]{4,90})\)")
_PART = re.compile(r"[^,;]+(?:,\d{3}[^,;]*)*")
_EACH = re.compile(
    r"\b(?:each|apiece|per (?:gpu|card|device)|je(?:weils)?|chacune?|cada una?)\s*$", re.IGNORECASE
)
_TOTAL = re.compile(
    r"\b(?:total|combined|in all|together|insgesamt|gesamt|au total|en total)\s*$", re.IGNORECASE
)
#: What a value of a unit is of, and what has so many times as much of several.
_BY_UNIT = {"memory": "memory", "bandwidth": "bandwidth", "power": "power"}


def find(context: Context) -> Iterator[Finding]:
    """Every such value with its verdict."""
    for index, passage in context.document.running():
        for mention in context.mentions.get(index, ()):
            # A size in the bracket is taken for a part of the name.
            inside = passage.text.find("(", mention.start, mention.end)
            behind = _BRACKET.match(passage.text, inside if inside > 0 else mention.end)
            number = counted(passage.text, 0, mention.start) if behind else 1.0
            if behind and number > 1:
                yield from _of_bracket(passage, behind, (mention, number), context)


def _of_bracket(
    passage: Passage, behind: re.Match[str], of: tuple[Mention, float], context: Context
) -> Iterator[Finding]:
    mention, number = of
    gpus = [context.catalogue[key] for key in mention.ids]
    for part in _PART.finditer(passage.text, *behind.span(1)):
        told = [each for each in quantities(part[0], context.fraction) if each.dimension in _BY_UNIT]
        each, total = _EACH.search(part[0]), _TOTAL.search(part[0])
        # "900 GB/s NVLink each" is of something else.
        others = {one.attribute.key for one in named(part[0])} - set(_BY_UNIT)
        if len(told) != 1 or not (each or total) or others or told[0].high != told[0].value:
            continue
        at = part.start()
        attribute = attributes()[_BY_UNIT[told[0].dimension]]
        value = told[0]._replace(start=told[0].start + at, end=told[0].end + at)
        shared = value._replace(value=value.value / number) if total else value
        found = verdict_on(passage.text, shared, attribute, gpus, said=frozenset(), context=context)
        why = f"for {number:g} of them: {found.because}" if total else found.because
        found = found._replace(because=why, expected="" if total else found.expected)
        yield finding_on(passage, value, attribute, gpus, found=found, context=context)
