"""How long so many epochs take by the time told of one: "an epoch takes 20 minutes .. 90 take 62 hours".

The time of one is told for what is named beside it, or for all; that of many, for the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_UNIT = r"(?P<{0}>seconds?|minutes?|hours?|days?)\b"
_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_NUMBER = r"(?P<{0}>\d[\d,]*(?:\.\d+)?)"
_WHO = r"(?P<{0}>(?:the|an?|our)\s+[A-Za-z0-9][\w-]*(?-i:\s[A-Z0-9][\w-]*){{0,3}})"
#: "An epoch of ResNet-50 takes the laptop 24.8 minutes and the desktop 17.9 minutes".
_ONE = re.compile(
    r"\b(?:an|one|each|every|a single)\s+(?P<what>epoch|pass|run|step|game|round)\b"
    r"(?:\s+(?:of|over|through)\s+[\w -]{1,24}?)?\s+(?:takes|took|needs|lasts)\s+"
    r"(?P<rest>[^.;]*?\d(?:[^.;]|\.\d)*)",
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"{_WHO.format('who')}\s+{_NUMBER.format('n')}\s+{_UNIT.format('u')}")
_BEHIND = re.compile(rf"{_NUMBER.format('n')}\s+{_UNIT.format('u')}\s+(?:on|with|for)\s+{_WHO.format('who')}")
_ALONE = re.compile(rf"(?:about |roughly |some )?{_NUMBER.format('n')}\s+{_UNIT.format('u')}\s*")
_MANY = re.compile(
    r"(?<![\d.,])(?P<times>\d{1,4})\s+(?P<what>epoch|passe|run|step|game|round)s?\s+"
    r"(?:take|took|need|last|are)\s+(?:about |roughly |some |around |nearly |almost )?"
    rf"(?P<at>{_NUMBER.format('n')}\s+{_UNIT.format('u')})(?:\s+(?:on|with|for)\s+{_WHO.format('who')})?",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:two|four|eight|cards|gpus|plus|including|with (?:evaluation|validation)|if|would|not|first|later|"
    r"parallel|overhead|early|warm-?up)\b",
    re.IGNORECASE,
)
#: Rounding of a time that is told in whole units, and that of others.
_OFF = 0.12


def find(context: Context) -> Iterator[Finding]:
    """Every time of many that the time of one excludes."""
    for _, passage in context.document.running():
        told: dict[tuple[str, str], float] = {}
        for sentence in sentences(passage.text):
            for match in _MANY.finditer(passage.text, sentence.start, sentence.end):
                what = match["what"].lower().removesuffix("e")
                one = told.get((what, _name(match["who"])), 0.0) or (
                    told.get((what, ""), 0.0) if len({key for key in told if key[0] == what}) == 1 else 0.0
                )
                if not one or _OPEN.search(sentence.text):
                    continue
                stated = float(match["n"].replace(",", "")) * _unit(match["u"])
                real = one * float(match["times"])
                right = abs(stated / real - 1) <= _OFF
                because = f"{match['times']} of {one / 60:,.4g} minutes make {real / _unit(match['u']):,.3g} {match['u']}"  # noqa: E501
                yield made(context, passage, match.span("at"), "arithmetic",
                           "confirmed" if right else "inconsistent", attribute="product", because=because,
                           evidence=(Evidence(because),))  # fmt: skip
            each = _ONE.search(passage.text, sentence.start, sentence.end)
            if each:
                told.update(_times(each))


def _times(match: re.Match[str]) -> dict[tuple[str, str], float]:
    """The time of one, for each that is named beside it; for no name where none is."""
    what, rest = match["what"].lower(), match["rest"]
    for way in (_BEFORE, _BEHIND):
        found = {(what, _name(one["who"])): float(one["n"].replace(",", "")) * _unit(one["u"])
                 for one in way.finditer(rest)}  # fmt: skip
        if found:
            return found
    alone = _ALONE.fullmatch(rest)
    return {(what, ""): float(alone["n"].replace(",", "")) * _unit(alone["u"])} if alone else {}


def _name(words: str | None) -> str:
    return re.sub(r"^(?:the|an?|our)\s+", "", (words or "").strip().lower())


def _unit(word: str) -> float:
    return _SECONDS[word.lower().removesuffix("s")]
