"""Figures of a list or a sentence that are those of one form of a name, but for one that is another form's.

"H100: 80 GB HBM3, 3.35 TB/s, 14,592 CUDA cores": each is right of some H100, and the first three of the SXM
module alone. What is told of several forms, or names one itself, is left as it is.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.findings import Evidence
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.attributes import attributes
from whichgpu.audit.weighed.jointly import SEVERAL, having
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding

#: What tells the forms of a name apart.
_TELLING = (
    "memory",
    "memory_type",
    "bandwidth",
    "power",
    "cores",
    "tensor_cores",
    "nvlink",
    "fp32",
    "fp16",
    "bf16",
)
#: What names a form, or tells of more than one.
_FORM = re.compile(
    r"\b(?:SXM\d?|PCIe|NVL|OAM|form|variant|version|depending|configurable|both|either)\b", re.IGNORECASE
)
#: So many figures agree at least on a form that another one is not of.
_AGREE = 2


class _Stretch(NamedTuple):
    """A list or a sentence: its text, where it stands in the file, and the passages that it has."""

    text: str
    start: int
    end: int
    passages: range


def mixed(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings of which those are accused that are right of another form than all others of their stretch."""
    done = {id(each): again for each, again in _mixed(found, context)}
    return [done.get(id(each), each) for each in found]


def _mixed(found: Sequence[Finding], context: Context) -> Iterator[tuple[Finding, Finding]]:
    told = [
        each
        for each in found
        if each.kind == "specification" and each.verdict == "confirmed" and each.attribute in _TELLING
        and each.subject
    ]  # fmt: skip
    told.sort(key=lambda each: each.start)
    starts = [each.start for each in told]
    for stretch in _stretches(context) if len(told) > _AGREE else ():
        here = told[bisect_left(starts, stretch.start) : bisect_left(starts, stretch.end)]
        # One value may have been found by several ways.
        once = {(each.start, each.attribute): each for each in here}
        if len(once) > _AGREE and not (SEVERAL.search(stretch.text) or _FORM.search(stretch.text)):
            for wrong, again in _of_stretch([*once.values()], stretch, context):
                yield from ((each, again) for each in here if each[:2] == wrong[:2])


def _stretches(context: Context) -> Iterator[_Stretch]:
    """The lists of a document, and the sentences of its running text that state something."""
    passages = context.document.passages
    at = 0
    while at < len(passages):
        last = at
        while passages[at].kind == "item" and last + 1 < len(passages) and passages[last + 1].kind == "item":
            last += 1
        if last > at:
            text = "\n".join(each.text for each in passages[at : last + 1])
            yield _Stretch(text, passages[at].start, passages[last].end, range(at, last + 1))
        at = last + 1
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            if is_asserted(sentence.text):
                start, end = passage.span(sentence.start, sentence.end)
                yield _Stretch(sentence.text, start, end, range(index, index + 1))


def _of_stretch(
    found: Sequence[Finding], stretch: _Stretch, context: Context
) -> Iterator[tuple[Finding, Finding]]:
    """What is not of the one form that most figures are of, which are of one name."""
    ids = {key for each in found for key in each.subject.split(", ")}
    if not all(key in context.catalogue for key in ids):
        return
    names = {model(key, context.catalogue) for key in ids}
    named = {one.named for at in stretch.passages for one in context.mentions.get(at, ())
             if not {*one.named} <= ids}  # fmt: skip
    if len(names) != 1 or len(ids) < _AGREE or named:
        return
    sets = [
        ({*each.subject.split(", ")} if each.attribute == "memory_type" else having(each, context))
        for each in found
    ]
    counts = {key: sum(key in one for one in sets) for key in ids}
    most = max(counts.values())
    best = {key for key, count in counts.items() if count == most}
    wrong = [each for each, one in zip(found, sets, strict=True) if one and not one & best]
    if (
        most < max(_AGREE, len(found) - 1)
        or len(wrong) != 1
        or len({each.attribute for each in found}) < len(found)
    ):
        return
    own = sorted(best)[0]
    field = attributes()[wrong[0].attribute].fields[0]
    because = f"the other figures beside it are {own}'s, which has {context.catalogue[own].display(field)}"
    yield wrong[0], wrong[0]._replace(
        verdict="contradicted", true_for="", because=because, expected=context.catalogue[own].display(field),
        evidence=(Evidence(because),),
    )  # fmt: skip
