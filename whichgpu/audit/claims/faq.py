"""Questions that a text answers in a word: "How many cores does the RTX 5090 have? 24,576".

The question names the device and the attribute, or two devices of which one has more; the answer is the
value, or the name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.machine import is_of_system
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables.variants import finding_on, verdict_on
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes
from whichgpu.audit.values.certainty import certain_of_all
from whichgpu.audit.values.fields import days_of, of_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_ASKS = re.compile(
    r"^\W*(?:How (?:many|much)|What(?:[\u2019']s| is)|Which|When|In which year)\b[^?]*\?\W*$", re.IGNORECASE
)
_SHORT = 60
#: Words of a question, and the attribute that its answer is of.
_WORDS = (
    (re.compile(r"\bhow much (?:vram|memory|video memory)\b|\bhow many (?:gigabytes|GB)\b", re.I), "memory"),
    (re.compile(r"\b(?:cuda )?cores\b", re.I), "cores"),
    (re.compile(r"\bbandwidth\b", re.I), "bandwidth"),
    (
        re.compile(
            r"\b(?:tdp|tgp|board power|power draw|rated power)\b|\bhow (?:much power|many watts)\b", re.I
        ),
        "power",
    ),
)
#: What two devices are compared by, and whether more of it wins.
_BY = (
    (re.compile(r"\bmore (?:vram|memory|video memory)\b|\b(?:larger|bigger) memory\b", re.I), "memory", True),
    (re.compile(r"\b(?:more|higher) (?:memory )?bandwidth\b|\bfaster memory\b", re.I), "bandwidth", True),
    (re.compile(r"\bmore (?:cuda )?cores\b", re.I), "cores", True),
    (re.compile(r"\b(?:draws?|needs?|uses?) (?:more|most) power\b|\bhungrier\b", re.I), "power", True),
    (re.compile(r"\b(?:draws?|needs?|uses?) less power\b|\bmore frugal\b", re.I), "power", False),
    (re.compile(r"\bnewer\b|\bcame (?:out )?(?:last|later)\b|\bmore recent\b", re.I), "release_date", True),
    (re.compile(r"\bolder\b|\bcame (?:out )?first\b", re.I), "release_date", False),
)
_RELEASED = re.compile(
    r"\b(?:released|launched|introduced|come out|came out|announced)\b|\brelease (?:date|year)\b", re.I
)
_SHOWN = re.compile(r"\b(?:announced|presented|unveiled|revealed|shown|showed|introduced)\b", re.IGNORECASE)
_YEAR = re.compile(r"\b(20[012]\d)\b")
_ONLY_NAME = re.compile(
    r"\W*(?:(?:Clearly|Of course|That would be|It is|It[\u2019']s)\s+)?(?:the\s+)?$", re.IGNORECASE
)


def find(context: Context) -> Iterator[Finding]:
    """Every short answer with its verdict."""
    last: tuple[Passage, Sentence, Sequence[Mention]] | None = None
    for index, passage in enumerate(context.document.passages):
        if passage.kind in ("cell", "code", "alt"):
            last = None
            continue
        here = context.mentions.get(index, ())
        for sentence in sentences(passage.text):
            if last is not None and len(sentence.text) <= _SHORT and "?" not in sentence.text:
                yield from _answered(last, passage, sentence, here, context)
            own = within(here, sentence.start, sentence.end)
            last = (passage, sentence, own) if _ASKS.match(sentence.text) and own else None


def _answered(
    asked: tuple[Passage, Sentence, Sequence[Mention]], passage: Passage, sentence: Sentence,
    here: Sequence[Mention], context: Context,
) -> Iterator[Finding]:  # fmt: skip
    question, meant = asked[1].text, asked[2]
    own = within(here, sentence.start, sentence.end)
    several = {each.ids: each for each in meant}
    # "How much memory does a DGX H100 have?" is of its eight GPUs.
    if any(is_of_system(asked[0].text, each.start, each.end) for each in meant):
        return
    if len(several) == 1 and not own:
        yield from _value(
            question, [context.catalogue[key] for key in meant[0].ids], passage, sentence, context
        )
    one = len({each.ids for each in own}) == 1 and own[0].ids in several
    if len(several) > 1 and one and _ONLY_NAME.fullmatch(passage.text, sentence.start, own[0].start):
        yield from _chosen(question, (own[0], list(several)), passage, context)


def _value(
    question: str, gpus: Sequence[Gpu], passage: Passage, sentence: Sentence, context: Context
) -> Iterator[Finding]:
    if _RELEASED.search(question):
        year = _YEAR.search(passage.text, sentence.start, sentence.end)
        if year and certain_of_all(gpus, "release_date"):
            right = [gpu for gpu in gpus if str(gpu.value("release_date"))[:4] == year[1]]
            if not right and _SHOWN.search(passage.text, sentence.start, year.start()):
                # It was shown in a year, and sold in another one.
                return
            yield of_field(passage, year.span(1), "capability", "release_date", right or gpus,
                           "confirmed" if right else "contradicted", context)  # fmt: skip
        return
    key = next((key for words, key in _WORDS if words.search(question)), "")
    told = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
    if key and len(told) == 1 and told[0].dimension in (attributes()[key].dimension, "number"):
        verdict = verdict_on(
            passage.text, told[0], attributes()[key], gpus, said=frozenset(), context=context
        )
        found = finding_on(passage, told[0], attributes()[key], gpus, found=verdict, context=context)
        # The question before it names the device.
        yield found._replace(kind="capability") if found.accuses else found


def _chosen(
    question: str, told: tuple[Mention, Sequence[tuple[str, ...]]], passage: Passage, context: Context
) -> Iterator[Finding]:
    """The one of several that has more of something, by what all that may be meant have."""
    mention, every = told
    by = next(((key, more) for words, key, more in _BY if words.search(question)), None)
    if by is None:
        return
    key, more = by
    known = {ids: _range([context.catalogue[one] for one in ids], key) for ids in every}
    ranges = {ids: span for ids, span in known.items() if span is not None}
    if len(ranges) < len(known):
        return
    mine, others = ranges[mention.ids], [span for ids, span in ranges.items() if ids != mention.ids]
    wrong = any(each[0] > mine[1] if more else each[1] < mine[0] for each in others)
    right = all(each[1] < mine[0] if more else each[0] > mine[1] for each in others)
    if wrong or right:
        verdict = "contradicted" if wrong else "confirmed"
        because = "; ".join(f"{ids[0]} has {context.catalogue[ids[0]].display(key)}" for ids in every)
        yield made(
            context, passage, (mention.start, mention.end), "ordering", verdict,
            subject=mention.ids[0], attribute="told before", because=because,
            expected="" if right else "the other", evidence=(Evidence(because),),
        )  # fmt: skip


def _range(gpus: Sequence[Gpu], key: str) -> tuple[float, float] | None:
    """The least and the most that the devices which may be meant have of a field; None where unknown."""
    if not certain_of_all(gpus, key):
        return None
    if key == "release_date":
        days = [days_of(gpu) for gpu in gpus]
        return float(min(each[0] for each in days)), float(max(each[1] for each in days))
    values = [float(gpu.value(key) or 0.0) for gpu in gpus]
    return min(values), max(values)
