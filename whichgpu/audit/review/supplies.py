"""Powers that are those of a power supply: below its heading, or what makers ask for with a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import quantities

if TYPE_CHECKING:
    from whichgpu.audit.clauses.agreement import At
    from whichgpu.audit.findings import Context, Finding

#: A power supply in several languages.
_SUPPLY = re.compile(
    r"\b(?:power suppl\w+|psus?|netzteile?|alimentations?|bloc(?:s|\sd\W?alimentation)?|"
    r"fuentes?(?: de alimentaci\u00f3n)?|fontes?(?: de alimenta\u00e7\u00e3o)?|alimentator[ei]|"
    r"voeding(?:en)?|zasilacz\w*)\b|\u7535\u6e90|\u96fb\u6e90",
    re.IGNORECASE,
)
#: What is wanted of one.
_WANTED = re.compile(
    r"\b(?:ask|call|want|need|requir|recommend|suggest|demand|empf\w+hl|verlang|w\u00fcnsch|exig|"
    r"conseill|recommand|pide|recom[ei]|pede|consigli|richied|suppl|unit)\w*",
    re.IGNORECASE,
)
#: The least share of a device's own draw that the supply beside it gives, and the words before its value.
_LEAST, _BACK = 1.3, 24


def is_of_supply(found: Finding, where: At, context: Context) -> bool:
    """Whether a power far above a device's own is told of a supply, or is what a device asks for."""
    told = [each for each in quantities(found.quote, context.fraction) if each.dimension == "power"]
    if found.kind != "specification" or found.attribute != "power" or len(told) != 1:
        return False
    gpus = [context.catalogue[key] for key in found.subject.split(", ") if key in context.catalogue]
    own = [float(value) for gpu in gpus if (value := gpu.value("power"))]
    if not own or told[0].value < _LEAST * max(own):
        return False
    text, start = where.passage.text, where.sentence.start
    section = where.passage.section[-1:]
    if any(map(_SUPPLY.search, section)) or _SUPPLY.search(text, max(start, where.at - _BACK), where.at):
        return True
    asked = any(gpu.value("suggested_psu") == told[0].value for gpu in gpus)
    return asked and _WANTED.search(text, start, where.sentence.end) is not None
