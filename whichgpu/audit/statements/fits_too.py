"""What is said to fit as well, where it is told right before in what: "fits into 16 GB. This fits too"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.statements.filled import model_of
from whichgpu.audit.text.models import formats_at
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import one_before, sentence_at, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_TOO = re.compile(
    r"\b(?:fits?\s+(?:(?:just\s+)?as\s+well|too)|(?:also|even)\s+fits?(?!\s+(?:in|on|within)))\b",
    re.IGNORECASE,
)
_INTO = re.compile(
    r"\bfits?\s+(?:(?:easily|comfortably|just|well|nicely|neatly)\s+)?(?:in|into|inside|on|onto|within)\s+"
    r"(?:(?:the|its|an?|one|that)\s+)?",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\b(?:not|no|never|hardly|barely|if(?! only)|unless|offload\w*|two|both|split)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: How far over the room something is that does not fit.
_OVER = 1.03


def fits_too(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """What is larger than the room that it is said to fit in as well."""
    text = passage.text
    for match in _TOO.finditer(text) if "fit" in text else ():
        sentence = sentence_at(text, match.start())
        if sentence is None:
            continue
        before = one_before(text, sentence.start)
        if not before or not is_asserted(sentence.text) or _NO.search(sentence.text):
            continue
        room = _room(index, passage, before[0], context)
        need = _need(index, passage, sentence, match.start(), context)
        if room and need > _OVER * room:
            because = f"{need / 1e9:,.4g} GB into {room / 1e9:,.4g} GB, as is said right before"
            yield made(context, passage, match.span(), "memory", "inconsistent", attribute="fits",
                       because=because, expected="does not fit", evidence=(Evidence(because),))  # fmt: skip


def _room(index: int, passage: Passage, before: Sentence, context: Context) -> float:
    """What something was said to fit into, in bytes: an amount, a device's memory; zero for neither."""
    into = _INTO.search(passage.text, before.start, before.end)
    if into is None or _NO.search(passage.text, before.start, into.end()):
        return 0.0
    told = within(quantities(passage.text, context.fraction), into.end(), before.end)
    if told and told[0].start == into.end() and told[0].dimension == "memory":
        return told[0].high
    named = within(context.mentions.get(index, ()), into.end(), before.end)
    ids = named[0].named if named and named[0].start - into.end() < len("NVIDIA GeForce ") else ()
    return max((float(str(context.catalogue[key].value("memory") or 0)) for key in ids), default=0.0)


def _need(index: int, passage: Passage, sentence: Sentence, at: int, context: Context) -> float:
    """What is said to fit as well, in bytes: the last amount before, else the weights of its model."""
    told = within(quantities(passage.text, context.fraction), sentence.start, at)
    sizes = [each.value for each in told if each.dimension == "memory"]
    model, forms = model_of(index, passage, sentence, context), formats_at(sentence.text)
    if sizes:
        return sizes[-1]
    one = model is not None and len({each.least for _, each in forms}) == 1
    return model.parameters * forms[0][1].least if model and one else 0.0
