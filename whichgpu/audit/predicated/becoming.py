"""What an attribute became with the device that is spoken of: "bandwidth climbs from 736 to 960 GB/s"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.predicated.clauses import devices_in, names_another

if TYPE_CHECKING:
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context
    from whichgpu.audit.predicated.clauses import Clause

_WHAT = (
    r"(?P<what>memory bandwidth|bandwidth|memory bus|memory|vram|capacity|tdp|l2 cache|bus|"
    r"power (?:draw|consumption)|power|(?:cuda )?cores?(?: count)?)\s+"
)
_FROM = r"(?:from\s+[\d.,]+(?:\s?[A-Za-z/]+)?\s+)?"
_VALUE = r"(?P<v>(?:(?:about|some|only|just)\s+)?[\d.,]+(?:\s?-?[A-Za-z/]+)?)[\s.;]*$"
#: Of the attribute itself.
_BECOMES = re.compile(
    r"\W*(?:(?:and|but|so|while|here|now|there)\s+)*(?:(?:its|the|total|peak|raw)\s+)*" + _WHAT +
    r"(?:climb(?:s|ed)?|rises?|rose|gr[eo]ws?|jump(?:s|ed)?|increas(?:es|ed)|f[ae]lls?|drop(?:s|ped)?|"
    r"shrinks?|shrank|sinks?|sank|(?:go(?:es)?|went)(?: up| down)?|stay(?:s|ed)?|remain(?:s|ed)?)\s+"
    + _FROM + r"(?:to|at)\s+" + _VALUE,
    re.IGNORECASE,
)  # fmt: skip
#: Of what the device did to it: "raised memory from 40 to 80 GB", "doubled that of the P4 to 16 GB".
_MADE = re.compile(
    r"(?:^\s*|\band\s+)(?:(?:also|then)\s+)*(?:rais(?:es|ed)|increas(?:es|ed)|lift(?:s|ed)|bump(?:s|ed)|"
    r"boost(?:s|ed)|expand(?:s|ed)|doubl(?:es|ed)|tripl(?:es|ed)|halv(?:es|ed)|quadrupl(?:es|ed)|cuts?|"
    r"reduc(?:es|ed)|lower(?:s|ed)|took|takes|brought|brings|pushed|pushes)\s+(?:the\s+|its\s+)?" + _WHAT +
    r"(?P<of>(?:of|over|in)\s+(?:the\s+|an?\s+)?[^.,;]{2,24}?\s+)?(?:up\s+|down\s+)?"
    + _FROM + r"to\s+" + _VALUE,
    re.IGNORECASE,
)  # fmt: skip
#: Attributes by other names than the usual.
_NAMES = {"capacity": "memory", "vram": "memory", "power": "TDP"}


def becoming(one: Clause, context: Context) -> tuple[Mention, str] | None:
    """The device that the text before is about, and its value of an attribute; None where none is told."""
    at, before = (one.body if one.named else one.start), one.before
    said = _MADE.search(one.passage.text[at : one.end])
    # "Doubled the memory of the P4 to 16 GB" is its own.
    aside = said.span("of") if said and said["of"] else (0, 0)
    others = [each for each in devices_in(one, context) if each is not one.who]
    if any(not aside[0] <= each.start - at < aside[1] for each in others):
        return None
    if said is None and not one.named:
        said = _BECOMES.fullmatch(one.text)
    who = one.who or (before.who if before else None)
    if said is None or who is None or (before and one.who is None and names_another(before, context)):
        return None
    what = said["what"].lower()
    cores = "core" in what
    return who, f"has {said['v']} CUDA cores" if cores else f"has a {_NAMES.get(what, what)} of {said['v']}"
