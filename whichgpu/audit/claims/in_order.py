"""Values of several devices in their order: "the A40 and the L40S have 48 and 24 GB respectively".

That the others are right shows that the order is the one that is meant, and of what the values are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.marked import marked
from whichgpu.audit.document import RUNNING
from whichgpu.audit.tables.variants import finding_on, verdict_on
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes, named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_BY_DIMENSION = {"memory": "memory", "bandwidth": "bandwidth", "power": "power"}
#: Bare numbers are of what is named beside them.
_BARE = ("cores", "tensor_cores", "rt_cores", "sms")
_ELSE = re.compile(
    r"\?|n[\u2019']t\b|\b(?:not|no|if|would|node|nodes|system|host|ram|each|together|combined|total|idle|"
    r"measured|limit\w*|"
    r"left|free|model|models|weights|used|per)\b",
    re.IGNORECASE,
)
_LEAST = 2


def find(context: Context) -> Iterator[Finding]:
    """Every value of such a list that is not its device's, where the others are."""
    for index, passage in context.document.running():
        here = context.mentions.get(index, ())
        if passage.kind not in RUNNING or len({each.named for each in here}) < _LEAST:
            continue
        before: list[tuple[str, ...]] = []
        for sentence in sentences(passage.text):
            own = list(dict.fromkeys(each.ids for each in within(here, sentence.start, sentence.end)))
            read = marked(passage, sentence, here, context)
            if not _ELSE.search(sentence.text):
                yield from _of_sentence(passage, read, own or before, context)
            before = own or before


def _of_sentence(
    passage: Passage, read: Marked, devices: Sequence[tuple[str, ...]], context: Context
) -> Iterator[Finding]:
    values = list(read.figures.values())
    dimension = values[-1].dimension if values else ""
    # "350, 450 and 500 W": the unit stands behind the last.
    plain = all(each.dimension in ("number", dimension) for each in values)
    if len(values) != len(devices) or len(devices) < _LEAST or not plain or not _is_list(read):
        return
    key = _BY_DIMENSION.get(dimension) or next(
        (each.attribute.key for each in named(read.sentence.text) if each.attribute.key in _BARE), ""
    )
    attribute = attributes().get(key)
    if attribute is None or (dimension == "number") is not (key in _BARE):
        return
    scale = values[-1].value / read.digits(values[-1]) if read.digits(values[-1]) else 1.0
    found = []
    for told, ids in zip(values, devices, strict=True):
        full = told._replace(value=read.digits(told) * scale, high=read.digits(told) * scale,
                             dimension=dimension, unit=values[-1].unit)  # fmt: skip
        gpus = [context.catalogue[one] for one in ids]
        verdict = verdict_on(passage.text, full, attribute, gpus, said=frozenset(), context=context)
        found.append(finding_on(passage, full, attribute, gpus, found=verdict, context=context))
    wrong = [each for each in found if each.accuses]
    right = [each for each in found if each.verdict == "confirmed"]
    if len(right) == len(found):
        yield from right
    elif (
        len(wrong) == 1
        and len(right) == len(found) - 1
        and (len(right) > 1 or _RESPECTIVELY.search(read.text))
    ):
        yield from wrong


_RESPECTIVELY = re.compile(r"\brespectively\b", re.IGNORECASE)
#: Between two values of a list, and of a change over several devices.
_JOINED = re.compile(r">(?:\s[A-Za-z/]+)?(?:,\s(?:and\s)?|\sand\s|\sto\s)(?:finally\s)?<")


def _is_list(read: Marked) -> bool:
    """Whether the figures of a sentence stand one right behind the other."""
    return len(_JOINED.findall(read.text)) == len(read.figures) - 1
