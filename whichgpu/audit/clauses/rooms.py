"""A model that a sentence says one device holds, though the weights alone are larger than its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.models import TRAINS, formats_at, models, single
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.offers import usual

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_HOLDS = re.compile(
    r"\b(?:fits?|runs?|holds?|loads?|is served|serves?|will (?:hold|run|serve)|can (?:hold|run|serve|host|"
    r"load)|"
    r"(?:comfortable |good |fine )?home for|enough for|(?:can |will |also )+take|takes (?=(?:the|it|"
    r"this|that|all)\b))\b",
    re.IGNORECASE,
)
_NOT_HELD = re.compile(
    r"\b(?:not|no|never|cannot|neither|nor|hardly|barely|without (?:room|space)|too|short|above|exceed\w*|"
    r"fail\w*|tried|beyond|beats?|only (?:if|when|with)|offload\w*|cpu|"
    r"ram|host|swap\w*|layers?|split|shard\w*|part|half|each|per|quanti[sz]ed to|distill\w*|"
    r"adapters?|unified)\b|"
    r"n[\u2019']t\b",
    re.IGNORECASE,
)
#: Several devices, where a sentence does not say how many.
_SO_MANY = re.compile(
    r"\b(?:two|three|four|six|eight|nodes?|machines?|servers?|pair)\b|\d\s?x\b|\u00d7", re.IGNORECASE
)
#: What is said before to be kept by the host.
_ASIDE = re.compile(r"\b(?:off-?load\w*|LPDDR\w*|spill\w*|swapp\w+)\b", re.IGNORECASE)
#: "Will hold it" is told as a fact.
_WILL = re.compile(
    r"\bwill (?=(?:also |easily |comfortably |just )?(?:hold|run|take|load|fit)\b)", re.IGNORECASE
)
#: Weights that are larger than the memory by less may be rounded.
_LARGER = 1.06


def rooms(
    passage: Passage, sentence: Sentence, here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """What a sentence says to be held by the one device that it names, and is larger than its memory."""
    text = sentence.text
    own = [each for each in here if sentence.start <= each.start < sentence.end]
    count = counted(passage.text, sentence.start, own[0].start, own[0].end) if len(own) == 1 else 1.0
    sure = is_asserted(text) and is_indicative(_WILL.sub(" ", text)) and not TRAINS.search(text)
    plain = sure and not _NOT_HELD.search(text) and (count > 1 or not _SO_MANY.search(text))
    model = single(within(models(passage.text), sentence.start, sentence.end))
    forms = {each.least: each for _, each in formats_at(text)}
    holds = _HOLDS.search(text)
    if _ASIDE.search(passage.text, 0, sentence.start):
        return
    if not plain or model is None or len({each.named for each in own}) != 1 or len(forms) != 1 or not holds:
        return
    if count == 1 and passage.text[own[0].end : own[0].end + 1] == "s":
        return
    size = model.parameters * next(iter(forms))
    rooms_ = [count * float(context.catalogue[key].value("memory") or 0.0) for key in usual(own[0].named)]
    if rooms_ and size > _LARGER * max(rooms_):
        several = f"{count:g} of " if count > 1 else ""
        because = (f"{model.name}: {size / 1e9:,.0f} GB of weights in {next(iter(forms.values())).name}; "
                   f"{several}{own[0].named[0]}: {max(rooms_) / 1e9:,.4g} GB")  # fmt: skip
        place = (sentence.start + holds.start(), sentence.start + holds.end())
        yield made(context, passage, place, "memory", "contradicted", subject=", ".join(own[0].named),
                   attribute="fits", expected="no", because=because,
                   evidence=(Evidence(because),))  # fmt: skip
