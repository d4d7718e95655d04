"""What so many of one device have, held against so many of another: "720 W, as much as two H100 SXM"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

#: Between an amount and the number of others.
_AGAINST = re.compile(
    r"(?:\s+of (?:memory|VRAM|HBM3?e?|power))?,?\s+(?:(?:and|but|which is|that is|still)\s+)*"
    r"(?:(?P<about>about|roughly|almost|nearly|around)\s+)?"
    r"(?:(?P<more>more(?: memory| power)? than)|(?P<less>less(?: memory| power)? than)|"
    r"as much(?: memory| power)? as)\s+(?:in\s+|on\s+)?(?=\w)",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"(?:a pair of|a|an|one|two|three|four|five|six|eight|ten|twelve|sixteen|\d{1,3})\s+", re.IGNORECASE
)
_FIELDS = {"memory": "memory", "power": "power"}
#: How far apart two are that are as much, or about as much; how far over what is less.
_SAME, _ABOUT, _NEAR = 0.08, 0.25, 0.03
_ELSE = re.compile(
    r"\?|\b(?:idle|system|node|server|host|wall|limited|capped|usable|free|left|needs?|model|weights|cache|if|would)\b",
    re.IGNORECASE,
)


def so_many(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """Amounts of memory or power that are not more, less or as much as those of so many others."""
    text = passage.text
    found = context.mentions.get(index, ())
    for sentence in sentences(text) if found and (" than " in text or " as " in text) else ():
        if not is_asserted(sentence.text) or _ELSE.search(sentence.text):
            continue
        for told in within(quantities(text, context.fraction), sentence.start, sentence.end):
            match = _AGAINST.match(text, told.end, sentence.end) if told.dimension in _FIELDS else None
            count = _COUNT.match(text, match.end()) if match else None
            other = next((each for each in found if count and each.start == count.end()), None)
            if match and other:
                yield from _judged(passage, told, match, other, context)


def _judged(
    passage: Passage, told: Quantity, match: re.Match[str], other: Mention, context: Context
) -> Iterator[Finding]:
    field = _FIELDS[told.dimension]
    gpus = [context.catalogue[key] for key in other.named]
    values = [float(str(value)) for gpu in gpus if (value := gpu.value(field))]
    many = counted(passage.text, match.end(), other.start) or 1.0
    if not values or len(values) != len(gpus) or told.limit == "range":
        return
    shares = [told.value / (each * many) for each in values]
    if match["more"]:
        wrong = max(shares) < 1 - _NEAR
    elif match["less"]:
        wrong = min(shares) > 1 + _NEAR
    else:
        wrong = all(abs(each - 1) > (_ABOUT if match["about"] else _SAME) for each in shares)
    if wrong:
        because = f"{many:g} x {gpus[0].id} have {many:g} x {gpus[0].display(field)}"
        place = (match.end() - len(match[0].lstrip(", ")), other.end)
        yield made(context, passage, place, "ordering", "contradicted", subject=", ".join(other.named),
                   attribute=field, because=because, evidence=(Evidence(because),))  # fmt: skip
