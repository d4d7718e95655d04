"""Energy of a building and its emissions: "with a PUE of 1.2 7.3 MWh", "at 400 g per kWh 2.4 t of CO2".

The energy is that of the sentence, or the last that the passage told of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_N = r"(?<![\w.,$])(?P<n>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,7}(?:\.\d{1,4})?)\s?"
_ENERGY = re.compile(_N + r"(?P<unit>[kMG]?Wh)\b(?!\s*(?:/|per\b|an?\b))", re.IGNORECASE)
_PUE = re.compile(r"\bPUE\s*(?:of|is|=|:)?\s*(?:about |around )?(?P<n>[12]\.\d{1,2})\b", re.IGNORECASE)
_INTENSITY = re.compile(
    _N + r"(?P<unit>k?g)\s*(?:of\s+)?(?:CO2?(?:e|-?eq)?\s*|CO\u2082(?:e|eq)?\s*)?(?:/|per\s+)\s*kWh",
    re.IGNORECASE,
)
_MASS = re.compile(
    _N + r"(?P<unit>tonnes?|tons?|t|kg|kilograms?|g|grams?)\b(?!\s*(?:of\s+)?(?:CO\S*\s*)?(?:/|per\b))",
    re.IGNORECASE,
)
_EMITS = re.compile(r"\b(?:co2\w*|co\u2082\w*|carbon|emi(?:t|ssion)\w*|grid|tonnes?)(?!\w)", re.IGNORECASE)
_WH = {"w": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
_GRAMS = {"t": 1e6, "k": 1e3, "g": 1.0}
_NEAR, _WRONG = 0.06, 0.2


def find(context: Context) -> Iterator[Finding]:
    """Every energy with its PUE, and every mass of CO2 with the intensity of its grid, with its verdict."""
    for _, passage in context.document.running():
        if not (_PUE.search(passage.text) or _INTENSITY.search(passage.text)):
            continue
        last = 0.0
        for sentence in sentences(passage.text):
            place = (sentence.start, sentence.end)
            here = list(_ENERGY.finditer(passage.text, *place))
            known = [_number(each) * _WH[each["unit"][0].lower()] for each in here]
            pue = _PUE.search(passage.text, *place)
            base = known[0] if len(known) == 2 else last
            if pue and here and base:
                whole = base * float(pue["n"])
                because = f"{_wh(base)} with a PUE of {pue['n']} makes {_wh(whole)}"
                yield _judged(passage, here[-1], known[-1] / whole, because, context)
                known = [whole]
            last = known[-1] if known else last
            if last and len(known) < 2 and _EMITS.search(sentence.text):
                yield from _emitted(passage, place, last, context)


def _emitted(passage: Passage, place: tuple[int, int], energy: float, context: Context) -> Iterator[Finding]:
    """The one mass of a sentence against its intensity and an energy in Wh."""
    intensity = _INTENSITY.search(passage.text, *place)
    masses = [
        each
        for each in _MASS.finditer(passage.text, *place)
        if intensity and not intensity.start() <= each.start() < intensity.end()
    ]
    if intensity is None or len(masses) != 1:
        return
    grams = _number(intensity) * _GRAMS[intensity["unit"][0].lower()]
    told = _number(masses[0]) * _GRAMS[masses[0]["unit"][0].lower()]
    real = energy / 1e3 * grams
    because = f"{_wh(energy)} at {grams:,.4g} g per kWh makes {_kg(real)}"
    yield _judged(passage, masses[0], told / real, because, context)


def _judged(passage: Passage, match: re.Match[str], ratio: float, because: str, context: Context) -> Finding:
    """What is told, as a multiple of what follows."""
    off = max(ratio, 1.0 / ratio) - 1 if ratio > 0 else 1.0
    verdict = "confirmed" if off <= _NEAR else "inconsistent" if off > _WRONG else "unverifiable"
    return made(
        context,
        passage,
        match.span(),
        "arithmetic",
        verdict,
        attribute="energy",
        because=because,
        expected=because.partition(" makes ")[2] if verdict == "inconsistent" else "",
        evidence=(Evidence(because),),
    )


def _number(match: re.Match[str]) -> float:
    return float(match["n"].replace(",", ""))


def _wh(energy: float) -> str:
    unit, size = next((each for each in (("MWh", 1e6), ("kWh", 1e3)) if energy >= each[1]), ("Wh", 1.0))
    return f"{energy / size:,.4g} {unit}"


def _kg(grams: float) -> str:
    return f"{grams / 1e6:,.3g} t" if grams >= 1e6 else f"{grams / 1e3:,.3g} kg"
