"""Series of cards as articles name them: "RTX 40 series", "RTX 30- and 40-series cards", "RX 7000 series"."""

from __future__ import annotations

from whichgpu.audit import patterns as re

_LINKED = r"(?:[ -]?series|-)?(?:\s*(?:[,/&]|\band\b|\bor\b)\s*)"
#: The cards of one or more series; "RTX 4000" alone is also the name of a workstation's card.
SERIES = re.compile(
    rf"\b(?:(?:(?:GeForce\s+)?(?P<line>RTX|GTX)[ -]?(?P<two>(?:10|16|20|30|40|50)"
    rf"(?:{_LINKED}(?:(?:RTX|GTX)[ -]?)?-?(?:10|16|20|30|40|50))*))"
    rf"|(?:Radeon\s+)?RX[ -]?(?P<four>[5679]000(?:{_LINKED}(?:RX[ -]?)?[5679]000)*)"
    r"|Arc\s+(?P<arc>[AB]))[- ]?(?:series|generation)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+")


def is_of(key: str, match: re.Match[str]) -> bool:
    """Whether a device, by its id, is of the series, or of one of those, that a match of `SERIES` names."""
    if key.endswith(("-laptop", "-maxq")):
        # Some are of another architecture than the series that they are numbered in.
        return False
    if match["arc"]:
        return key.startswith(f"arc-{match['arc'].lower()}")
    if match["four"]:
        return any(re.match(rf"rx-{n[0]}\d\d\d", key) for n in _NUMBER.findall(match["four"]))
    # The RTX 4000 and 5000 of workstations are of no such series.
    line = match["line"].lower()
    return any(re.match(rf"{line}-{n}[1-9]\d(?!\d)", key) for n in _NUMBER.findall(match["two"]))
