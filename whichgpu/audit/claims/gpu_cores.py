"""The GPU cores of a chip that is sold by their number: "the M3 Max with its 40-core GPU"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.devices.roles import told as each_sentence
from whichgpu.audit.findings import made
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_TOLD = re.compile(r"(?<![\w.])(?P<n>\d{1,3})[- ]core\s+GPU\b", re.IGNORECASE)
_FORM = re.compile(r"\s*\(\d+-core GPU\)$")
_OTHERS = re.compile(
    r"\b(?:than|versus|vs|compared|instead|unlike|not|no|if|would|could|rumou?r\w*|from|previous)\b",
    re.I,
)


def find(context: Context) -> Iterator[Finding]:
    """Every number of GPU cores of such a chip with its verdict."""
    for passage, sentence, who in each_sentence(context, _TOLD):
        if is_asserted(sentence.text):
            yield from _of_sentence(passage, sentence, who, context)


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for match in _TOLD.finditer(passage.text, sentence.start, sentence.end):
        before = [each for each in who.here if each.end <= match.start()]
        if not before or _OTHERS.search(passage.text, before[-1].end, match.start()):
            continue
        forms = _forms([context.catalogue[key] for key in before[-1].ids], context)
        if not forms:
            continue
        counts = {int(float(gpu.value("sms") or 0)): gpu for gpu in forms}
        told = int(match["n"])
        gpu = counts.get(told, forms[0])
        because = " or ".join(f"{each:,}" for each in sorted(counts))
        yield made(
            context, passage, match.span("n"), "specification",
            "confirmed" if told in counts else "contradicted", subject=gpu.id, attribute="sms",
            because=f"{_FORM.sub('', gpu.name)} has {because} GPU cores",
            expected="" if told in counts else because, evidence=(source_of(gpu, "sms"),),
        )  # fmt: skip


def _forms(named: Sequence[Gpu], context: Context) -> list[Gpu]:
    """Every form of the one chip of some devices; none where the number is not in their names."""
    names = {_FORM.sub("", gpu.name) for gpu in named if _FORM.search(gpu.name)}
    if len(names) != 1 or any(not _FORM.search(gpu.name) for gpu in named):
        return []
    return [
        gpu
        for gpu in context.catalogue.values()
        if gpu.vendor == named[0].vendor and _FORM.sub("", gpu.name) in names and gpu.value("sms")
    ]
