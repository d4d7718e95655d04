"""What a million tokens cost, by how many an hour makes and a price that the text told: "1,296,000 an hour, so $0.54".

Wrong where no price of the document by the hour gives it, though it tells some.
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.prices import SIGNED, signed
from whichgpu.audit.roundings import stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_MADE = re.compile(
    r"(?<![\w.,$])(?P<n>\d[\d,]*(?:\.\d+)?)\s?(?P<scale>million|thousand|[MkK](?=\s))?\s*"
    r"(?:(?P<noun>token|image|picture|request|sequence)s?\s*)?(?:/|an|per|each|every|in an)\s?(?:hour|hr|h)\b"
    r"(?P<between>[^.;?!$\u20ac\u00a3]{1,48}?)\b(?P<of>a|one|per|each|every)\s+(?P<work>million|thousand)\b"
    r"(?P<behind>[^.;?!$\u20ac\u00a3\d]{0,32})(?P<paid>[$\u20ac\u00a3]\s?(?P<price>\d+(?:\.\d+)?))",
    re.IGNORECASE,
)
_SCALES = {"million": 1e6, "m": 1e6, "thousand": 1e3, "k": 1e3}
_HOURLY = re.compile(
    r"\b(?:per|an|by the|each|every) (?:GPU[- ])?hour\b|/\s?(?:h|hr|hour)\b|\bhourly\b", re.IGNORECASE
)
_ELSE = re.compile(
    r"\b(?:spot|reserv\w+|api|electricity|kwh|utili[sz]\w+|busy|saving\w*|instead|if|would|could|against|not)\b|\d\s?%",
    re.IGNORECASE,
)
_CLOSE, _LIKE = 0.015, 4.0


def find(context: Context) -> Iterator[Finding]:
    """Every such price that no hourly price told gives."""
    texts = [passage.text for passage in context.document.passages]
    hourly = any(_HOURLY.search(each) and SIGNED.search(each) for each in texts)
    for _, passage in context.document.running() if hourly else ():
        for match in _MADE.finditer(passage.text):
            number = float(match["n"].replace(",", "")) * _SCALES.get((match["scale"] or "").lower(), 1.0)
            if _ELSE.search(match["between"] + " " + match["behind"]) or not number:
                continue
            yield from _judged(match, number, passage, context)


def _judged(match: re.Match[str], number: float, passage: Passage, context: Context) -> Iterator[Finding]:
    price, words = float(match["price"]), match["paid"]
    work = _SCALES[match["work"].lower()]
    rent = price * number / work
    slack = (
        _CLOSE
        + stated(price, words, "", frozenset()).rounding
        + 0.5 / max(float(match["n"].replace(",", "")), 50)
    )
    told = {
        value
        for one in context.document.passages
        for start, _, value in signed(one.text)
        if one is not passage or start != match.start("paid")
    }
    near = [each for each in told if each and 1 / _LIKE < each / rent < _LIKE] if rent else []
    if not near or any(abs(each / rent - 1) <= slack for each in near):
        return
    right = sorted(near, key=lambda each: abs(each / rent - 1))[0]
    because = f"at {match['n']}{match['scale'] or ''} an hour that is an hour for {rent:.3g}, which the text tells of none"  # noqa: E501
    yield made(
        context, passage, match.span("paid"), "arithmetic", "inconsistent", attribute="price of work",
        because=because, expected=f"{right * work / number:.2f}", evidence=(Evidence(because),),
    )  # fmt: skip
