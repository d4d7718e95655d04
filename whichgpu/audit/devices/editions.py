"""Names of several devices, narrowed to the one form or edition that a sentence speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import quantities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context

#: A form by which one of several devices of a name is meant: "the SXM5 version".
FORM = re.compile(
    r"\b(PCIe|SXM|NVL)\d?\s+(?:versions?|variants?|models?|modules?|form|cards?|editions?|flavou?rs?|"
    r"boards?|configurations?)\b",
    re.I,
)
#: "80 GB of HBM2e (SXM5)", and the kinds of memory of which a sentence must name one only.
_IN_BRACKETS = re.compile(r"\((PCIe|SXM|NVL)\d?\)", re.IGNORECASE)
_MEMORY = re.compile(r"\bHBM\d?\w?\b", re.IGNORECASE)
#: Before a form that a sentence turns to from another: "With NVLink it has 10.6 TFLOPS, the PCIe card 9.3".
_TURNS_TO = re.compile(
    r"\bit\b[^.;]{0,40}\d[^;]{0,40},\s+(?:(?:and|while|whereas|but)\s+)?(?:the|its)\s+$", re.IGNORECASE
)
#: Behind a form, the device that it is of.
_OF_A_FORM = re.compile(r"\s+of\s+(?:the\s+|nvidia[\u2019']s\s+|its\s+)?[A-Z]")


def of_form(found: Sequence[Mention], text: str, context: Context) -> Sequence[Mention]:
    """Names of several devices, of the one form that a sentence speaks of: "the PCIe version of the H100"."""
    found = _of_edition(found, text)
    told = list(FORM.finditer(text)) if found else []
    if found and not told and _is_of_one(text):
        told = list(_IN_BRACKETS.finditer(text))
    forms = {match[1].lower() for match in told}
    if told and _TURNS_TO.search(text, 0, told[0].start()):
        return found
    if not forms or len({each.named for each in found}) != 1:
        return found
    # Of several "the SXM version of the A100" begins with the first.
    form = (
        told[0][1].lower() if _OF_A_FORM.match(text, told[0].end()) else "" if len(forms) > 1 else forms.pop()
    )
    mine = [tuple(key for key in each.named if form and f"-{form}" in key) for each in found]
    if form and not any(mine) and len(told) == 1 and _OF_A_FORM.match(text, told[0].end()):
        # A text that is about the one form tells of the other.
        line = found[0].named[0].split("-")[0]
        others = tuple(key for key in context.catalogue if key.startswith(f"{line}-") and f"-{form}" in key)
        return [each._replace(ids=others, named=others) if others else each for each in found]
    return [
        each._replace(ids=ids, named=ids) if ids and len(ids) < len(each.named) else each
        for each, ids in zip(found, mine, strict=True)
    ]


#: An edition that a sentence tells apart from the name: "300 W in its workstation edition".
_EDITION = re.compile(
    r"\b(?P<which>workstation|server|max-?q)\s+(?:edition|version|variant|model)\b", re.IGNORECASE
)
_EDITIONS = ("-server", "-maxq")


def _of_edition(found: Sequence[Mention], text: str) -> Sequence[Mention]:
    """Names of several editions, of the one that a sentence speaks of."""
    said = {match["which"].lower().replace("-", "") for match in _EDITION.finditer(text)} if found else set()
    if len(said) != 1:
        return found
    ends = f"-{said.pop()}"
    mine = [
        tuple(
            key
            for key in each.ids
            if (key.endswith(ends) if ends in _EDITIONS else not key.endswith(_EDITIONS))
        )
        if any(key.endswith(_EDITIONS) for key in each.ids)
        else ()
        for each in found
    ]
    return [
        each._replace(ids=ids, named=ids) if ids and len(ids) < len(each.ids) else each
        for each, ids in zip(found, mine, strict=True)
    ]


def _is_of_one(text: str) -> bool:
    """Whether a sentence has one value of a kind at most, so that a form in brackets is of all of them."""
    values = [each.dimension for each in quantities(text) if each.dimension != "number"]
    return len(set(values)) == len(values) and len(_MEMORY.findall(text)) < 2
