"""How far the power of a device is said to range: "draws between 60 and 320 W, depending on the laptop"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import told
from whichgpu.audit.values.fields import of_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

#: A span of watts.
_SPAN = re.compile(
    # "From 350 W to 450 W" is a change.
    r"(?<!from )\b\d{2,4}(?:\s?W(?:atts?)?)?\s?(?:-|\u2013|to|and)\s?(?P<most>\d{2,4})\s?W(?:atts?)?\b",
    re.IGNORECASE,
)
_OF_POWER = re.compile(r"\b(?:draws?|tgp|tdp|tbp|power|watts?|consum\w+|configur\w+)\b", re.IGNORECASE)
#: What is not the device's alone.
_ELSE = re.compile(
    r"\b(?:systems?|laptops? (?:draws?|needs?)|supply|psu|adapter|brick|charger|whole|total|together|both|"
    r"two|three|four|eight|measured|idle|spikes?|transient|overclock\w*|if|not|never)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: Above the most that is on file makers have a boost for short times.
_BOOST = 1.2


def find(context: Context) -> Iterator[Finding]:
    """Every span that ends far above what any form of its device is sold with."""
    for passage, sentence, who in told(context, _SPAN):
        about = who.here or (who.topic if who.certain else ())
        if len({each.named for each in about}) != 1 or not _OF_POWER.search(sentence.text):
            continue
        gpus = [context.catalogue[key] for key in about[0].named]
        most = max(float(gpu.value(field) or 0.0) for gpu in gpus for field in ("power", "power_max"))
        for match in _SPAN.finditer(passage.text, sentence.start, sentence.end):
            if 0 < _BOOST * most < float(match["most"]) and not _ELSE.search(sentence.text):
                yield of_field(passage, match.span(), "specification", "power", gpus, "contradicted", context)
