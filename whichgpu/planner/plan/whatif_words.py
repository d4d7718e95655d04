"""The words of a change: what kind it is, factors, amounts and numbers; errors say how to write it."""

from __future__ import annotations

import re

from whichgpu.errors import UsageError
from whichgpu.units import parse

KINDS = (
    "price", "demand", "slo", "without", "quota", "max_types", "budget", "spot_share", "redundancy",
    "headroom",
)  # fmt: skip
FACTOR = re.compile(
    r"(?:(?:^|\s)(?:x\s*(?P<times>[0-9.]+)|(?P<fold>[0-9.]+)\s*x|(?P<word>doubled|halved|tripled))"
    r"|(?P<by>[+-]\s*[0-9.]+)\s*%)$",
    re.IGNORECASE,
)
_WORDS = {"doubled": 2.0, "halved": 0.5, "tripled": 3.0}
#: An amount in the place of a factor, which has a unit or an equals sign.
_AMOUNT = re.compile(r"(?:^|\s)(?:=\s*(?P<bare>[0-9.]+)|(?:=\s*)?(?P<with>[0-9][0-9.]*\s*[A-Za-z$].*))$")
#: Signs that people type, or that text is given by what sets it.
_SIGNS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u00d7": "x", "*": "x", "\u00a0": " "})
EXAMPLE = 'write e.g. "price h100 -20 %", "demand x2", "demand chat +50 %", "without aws" or "max_types 2"'


def kind_of(text: str) -> tuple[str, str]:
    """What kind of change a text is of, and the rest of it."""
    words = text.translate(_SIGNS).split()
    for count in (2, 1):
        kind = "_".join(words[:count]).lower().replace("-", "_")
        if kind in KINDS:
            return kind, " ".join(words[count:])
    return (words or [""])[0].lower(), ""


def factor(words: str, text: str) -> tuple[str, float]:
    """What is before a factor, and the factor: `"chat +50 %"` is ("chat", 1.5)."""
    found = FACTOR.search(words.strip())
    if found is None:
        raise UsageError(f"--what-if '{text}': no factor at the end; {EXAMPLE}")
    try:
        value = (
            _WORDS[found["word"].lower()] if found["word"]
            else 1.0 + float(found["by"].replace(" ", "")) / 100.0 if found["by"]
            else float(found["times"] or found["fold"])
        )  # fmt: skip
    except ValueError:
        raise UsageError(f"--what-if '{text}': no factor at the end; {EXAMPLE}") from None
    if not 0.0 <= value <= 1e6:
        raise UsageError(f"--what-if '{text}': a factor of {value:g} cannot be; {EXAMPLE}")
    return words.strip()[: found.start()].strip(), value


def amount(words: str) -> tuple[str, str] | None:
    """What is before an amount, and the amount: `"h100 2.4 USD/h"`; None where the end is none."""
    found = _AMOUNT.search(words.strip())
    if found is None or FACTOR.search(words.strip()):
        return None
    return words.strip()[: found.start()].strip(), found["bare"] or found["with"]


def usd_of(words: str, text: str) -> float:
    """A price in USD/h, which a bare number is."""
    try:
        return parse(f"{words} USD/h" if words.replace(".", "").isdigit() else words, "price")
    except UsageError as fault:
        raise UsageError(f"--what-if '{text}': {fault}") from None


def whole(words: str, text: str, least: int = 0) -> int:
    """A whole number."""
    value = number(words, text)
    if value != value // 1 or value < least:
        raise UsageError(
            f"--what-if '{text}': '{words.strip()}' is no whole number from {least} on; {EXAMPLE}"
        )
    return int(value)


def number(words: str, text: str, most: float = 1e12) -> float:
    """A number from zero to `most`."""
    try:
        value = float(words.strip())
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= most:
        raise UsageError(f"--what-if '{text}': '{words.strip()}' is no number from 0 to {most:,g}; {EXAMPLE}")
    return value
