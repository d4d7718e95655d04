"""What several have together: "two 3060s also make 24 GB. Together they'd draw 440 W"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_JOINTLY = re.compile(
    r"\b(?:together,?\s+(?:they|these|those|both|the\s+(?:two|three|four|pair))|(?:they|these|the\s+"
    r"(?:two|pair|three|four)|both)"
    r"\s+together|the\s+pair(?:\s+of\s+them)?|combined,?\s+they|between\s+them,?\s+they)(?:[\u2019']d|"
    r"[\u2019']ll)?\s+"
    r"(?:would\s+|will\s+|can\s+|then\s+)?(?:draws?|have|has|offers?|need|consume|take|give|make|hold|"
    r"burn|pull|provide)s?\s+"
    r"(?:about\s+|around\s+|up\s+to\s+|roughly\s+|only\s+|just\s+|you\s+|us\s+|a\s+total\s+of\s+)*$",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\b(?:limit\w*|capped|undervolt\w*|idle|system|wall|host|usable|free|cpu|rest|psu|supply|per)\b",
    re.IGNORECASE,
)
_KEYS = {"power": "power", "memory": "memory", "bandwidth": "bandwidth"}
_BACK, _NEAR, _FAR = 3, 0.03, 3.0


def jointly(context: Context) -> Iterator[Finding]:
    """Every such amount that is not that of so many."""
    for index, passage in context.document.running():
        names = context.mentions.get(index, ())
        every = sentences(passage.text) if names else ()
        for at, sentence in enumerate(every):
            if "?" not in sentence.text and not _ELSE.search(sentence.text):
                yield from _of(passage, sentence, every[max(0, at - _BACK)].start, names, context)


def _of(
    passage: Passage, sentence: Sentence, first: int, names: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    text = passage.text
    for each in within(quantities(text, context.fraction), sentence.start, sentence.end):
        key = _KEYS.get(each.dimension, "")
        if not key or each.high != each.value or not _JOINTLY.search(text, sentence.start, each.start):
            continue
        before = within(names, first, each.start)
        several = [(one, many) for one in before if (many := counted(text, first, one.start, one.end)) > 1]
        if len({one.named for one, _ in several}) != 1:
            return
        device, many = several[-1]
        gpus = [context.catalogue[one] for one in device.ids]
        own = [value for gpu in gpus for value in attributes()[key].amounts(gpu)]
        own += [(nominal_gb(value) or 0) * 1e9 for value in own] if key == "memory" else []
        told = [
            one.value
            for one in within(quantities(text, context.fraction), 0, each.start)
            if one.dimension == key
        ]
        ways = [value * many for value in (*own, *told) if value] + [sum(told)]
        near = min(ways, key=lambda way: abs(way / each.value - 1), default=0.0)
        if (
            own
            and abs(near / each.value - 1) > _NEAR
            and each.value / _FAR < own[0] * many < each.value * _FAR
        ):
            shown = gpus[0].display(attributes()[key].fields[0])
            because = f"{gpus[0].id} has {shown}, of which there are {many:g}"
            yield made(
                context, passage, (each.start, each.end), "specification", "contradicted", attribute=key,
                subject=", ".join(device.ids), because=because, evidence=(Evidence(because),),
            )  # fmt: skip
