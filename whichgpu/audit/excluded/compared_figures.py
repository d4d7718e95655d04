"""The ratio of two figures set against each other: "1,400 an hour, compared to 400, a factor of 4.5".

What stands between says that it is these two: "compared with", "up from", "instead of", "from .. to ..". They
are of one kind; a figure without a unit is in that of the other. Behind them stands what one is of the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.excluded.quotients import is_it
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.said import claims
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.said import Claim

_SIGN = r"[$\u20ac\u00a3]?\s?"
_FIGURE = r"\d+(?:,\d{3})*(?:\.\d+)?"
#: Words that say what a figure is of, in which no other figure stands.
_OF = r"(?P<{name}>(?:\s?[A-Za-z%/.\u00b2-]+(?<![.;:,])){{0,5}}?)"
_SET = (
    r"\s*,?\s*\(?(?:compared\s+(?:to|with)|as\s+against|against|versus|vs\.?|up\s+from|down\s+from|"
    r"instead\s+of|"
    r"rather\s+than|where\s+it\s+(?:was|used\s+to\s+be))\s+(?:the\s+|about\s+|around\s+|roughly\s+|"
    r"only\s+|just\s+|a\s+)*"
)
_PAIR = re.compile(
    rf"(?<![\w.,$\u20ac-])(?P<cur>{_SIGN})(?P<a>{_FIGURE}){_OF.format(name='ua')}{_SET}"
    rf"(?:\w+\s){{0,4}}?{_SIGN}(?P<b>{_FIGURE}){_OF.format(name='ub')}\s*(?=[,;:.()\u2013\u2014]|$)",
    re.IGNORECASE,
)
_FROM_TO = re.compile(
    rf"\bfrom\s+(?:about\s+|around\s+)?(?P<cur>{_SIGN})(?P<a>{_FIGURE}){_OF.format(name='ua')}\s+"
    rf"(?:down\s+|up\s+)?to\s+"
    rf"(?:about\s+|around\s+|only\s+|just\s+"
    rf")?{_SIGN}(?P<b>{_FIGURE}){_OF.format(name='ub')}\s*(?=[,;:.()\u2013\u2014]|$)",
    re.IGNORECASE,
)
#: Between the two and their ratio.
_LEADS = re.compile(
    r"[\s,;:.()\u2013\u2014-]*(?:(?:so|or|i\.e\.,?|that\s+is|which\s+is|thus|hence|this\s+is|"
    r"that[\u2019']s|it[\u2019']s|"
    r"which\s+makes|that\s+makes|making\s+it|making|an?|by|nearly|almost|about|around|roughly|more\s+"
    r"than|over|exactly|"
    r"just|only|close\s+to|factor\s+of|increase\s+of|improvement\s+of|improvement|increase|gain\s+of|"
    r"drop\s+of|drop|"
    r"reduction\s+of|saving\s+of|speed-?up\s+of|difference\s+of|rise\s+of|jump\s+of|cut\s+of|plus|minus|"
    r"full|good|"
    r"whole|some|the)[\s,(:]+)*",
    re.IGNORECASE,
)
#: Behind a ratio, that it is of something else than of the figures.
_ELSE = re.compile(
    r"\s*(?:(?:the|as much|more|less|of the|as)\s)?(?:memory|vram|bandwidth|cores|price|cost|money|"
    r"power|cheaper|dearer|"
    r"expensive|per\s)\b",
    re.IGNORECASE,
)
_NO_UNIT = re.compile(
    r"(?:\s?(?:before|now|then|today|on|with|in|at|the|for|it|previously|earlier|originally|by)\b.*)?", re.I
)


def compared_figures(context: Context) -> Iterator[Finding]:
    """Every ratio behind two figures set against each other that these do not have."""
    for _, passage in context.document.running():
        text = passage.text
        for sentence in sentences(text):
            if "?" in sentence.text:
                continue
            every = claims(text, sentence, context.fraction)
            for pattern in (_PAIR, _FROM_TO) if every else ():
                for match in pattern.finditer(text, sentence.start, sentence.end):
                    for claim in every:
                        if claim.start >= match.end() and _LEADS.fullmatch(text, match.end(), claim.start):
                            yield from _judged(claim, match, passage, context)
                            break


def _judged(claim: Claim, match: re.Match[str], passage: Passage, context: Context) -> Iterator[Finding]:
    text = passage.text
    a, b = (_value(match[key], context.fraction) for key in ("a", "b"))
    one, other = (_unit(match[key]) for key in ("ua", "ub"))
    same = one == other or not one or not other
    if not (a and b and same) or _ELSE.match(text, claim.end):
        return
    reals = [b / a, a / b]
    if any(is_it(way, real) for way in claim.ways for real in reals):
        return
    larger, smaller = max(a, b), min(a, b)
    because = f"{larger:,.10g} is {larger / smaller:.3g} times {smaller:,.10g}"
    yield made(
        context, passage, (claim.start, claim.end), "ratio", "inconsistent", attribute="told before",
        because=because, expected=f"{larger / smaller:.2g}x", evidence=(Evidence(because),),
    )  # fmt: skip


def _value(digits: str, fraction: str) -> float:
    thousands = "." if fraction == "," else ","
    plain = digits.rstrip(".,").replace(thousands, "").replace(fraction, ".")
    try:
        return float(plain)
    except ValueError:
        return 0.0


def _unit(words: str) -> str:
    """The first word behind a figure; empty where it is none of a unit."""
    if _NO_UNIT.fullmatch(words):
        return ""
    return words.split(maxsplit=1)[0].lower().rstrip("s")
