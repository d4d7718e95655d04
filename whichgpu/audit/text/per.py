"""What an amount is told per: "a GPU-hour", "each", "monthly", "for a million tokens"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.dimensions import AXES, Term, counted_in, dims, times
from whichgpu.units import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping

    Places = tuple[tuple[int, int], ...]

PERIODS: Mapping[str, str] = {
    "second": r"s|secs?|seconds?|sekunden?",
    "minute": r"minutes?|mins?",
    "hour": r"hours?|hrs?|h|stunden?|heures?|horas?|or[ae]",
    "day": r"days?|tage?n?|jours?|d[i\u00ed]as?|giorn[oi]",
    "week": r"weeks?|wochen?|semaines?|semanas?|settimane?",
    "month": r"months?|mo|monate?n?|mois|mes(?:es)?|mes[ei]",
    # "A quarter of the price" and "by a quarter" are shares.
    "quarter": r"(?:(?<=per )|(?<=each )|(?<=every )|(?<=over a )|(?<=in a )|(?<=for a )|(?<=\d a )|"
    r"(?<=one ))quarter(?!\s+(?:of|as|the|less|more|cheaper|faster|million|billion))",
    "year": r"years?|yrs?|jahre?n?|ans?(?!\s+h(?:ou)?r)|ann\u00e9es?|a\u00f1os?|ann[oi]",
}
_LENGTH = "|".join(PERIODS.values())
PERIOD = "|".join(f"(?P<{name}>{words})" for name, words in PERIODS.items())
ONE_OF = (
    r"gpus?|cards?|instances?|nodes?|servers?|devices?|units?|accelerators?|users?|boxes|box|machines?|"
    r"replicas?|pairs?|"
    r"karten?|cartes?|tarjetas?|[ABHLTV]\d{1,3}s?|(?:rtx )?\d0[5-9]0s?"
)
#: What an amount is per: a period, one of several, an amount of something else.
#: "$3 an hour for a year": how long it is paid, and not for each of them.
_HOW_LONG = re.compile(r"[^\S\n]*for (?:an?|one) (?:day|week|month|year)\b", re.IGNORECASE)
_PER = re.compile(
    r"[^\S\n]*(?:(?:/|(?:and|&)\s+(?=month\b|hour\b|year\b)|"
    r"per\b|(?:for )?an?\b|(?:for|the|le) (?=kwh)|in (?:the|an?|one) (?=(?:day|week|month|year)\b)|"
    r"(?:(?:for|on) )?(?:each|every)\b|(?:for|on) one\b|"
    r"pro\b|je\b|im\b|am\b|par\b|"
    r"por\b|al?\b|la\b|l[\u2019'])\s*|"
    r"-(?=hour|h\b|month)|(?=/)|"
    # "Eight hours on weekdays": five times a week.
    r"(?:(?:on|during|of|in) )?(?:all |the )?(?=(?:weekdays|weeknights|(?:work(?:ing)?|"
    r"business)[ -]?days)\b))"
    rf"(?:(?P<one>{ONE_OF})\b(?:[-\s]?(?=(?:{_LENGTH})))?"
    rf"|(?P<many>1,?000|100(?=\s)|1\s?k|thousand|million|1\s?m(?:illion)?|m|k|billion)?\s*(?:(?:input|output|"
    rf"generated|prompt|"
    rf"finished|rendered|sdxl|training|blended|total|processed|cached)\s+)?(?P<thing>tokens?|tok\b|images?|pictures?|requests?|queries|calls?)\b"
    r"|(?P<kwh>kwh|kilowatt[- ]hour)\b|(?P<mwh>mwh|megawatt[- ]hour)\b|"
    r"(?P<kw>kw|kilowatt)\b|(?P<gb>gb|gigabyte)\b"
    r"|(?P<tokens>1?\s?m|million|thousand|1,?000)\b(?=\s*(?:[,.;:)]|$|on\b|in\b|for\b|at\b|and\b|"
    r"that\b|which\b|this\b|it\b|you\b|we\b|is\b|comes\b|"
    r"with\b|of output|"
    r"of input|while|but|against))"
    r"|(?P<workday>weekday|weeknight|(?:work(?:ing)?|business)[ -]?day)s?\b"
    rf"|(?:{PERIOD})\b)",
    re.IGNORECASE,
)
_ONE = re.compile(
    rf"\s*\(?(?:for each(?=[,.;)])|(?:each|je)(?!\s+(?:{_LENGTH})\b)|apiece|chacun)\b",
    re.IGNORECASE,
)
#: "Per GPU: 850 tokens/s".
_EACH_OF = re.compile(rf"\b(?:per|each)\s(?:{ONE_OF})\s*:\s*~?$", re.IGNORECASE)
_WORKDAYS = 5.0
_HOURS_LATER = re.compile(rf"[-\s]*(?:{PERIOD})\b", re.IGNORECASE)
_A_PAIR = re.compile(r"\s*for (?:a|one|the) pair\b", re.IGNORECASE)
#: Between an amount of memory and what it is kept for.
_KEPT = re.compile(
    r"\s+(?:of\s+)?(?:(?:the\s+)?(?:kv|key-value|cache|memory|vram|state|storage)[\s-]+){1,3}"
    r"(?=(?:per|for (?:each|every|one|an?))\s+tok)",
    re.I,
)
_MANY = {"100": 1e2, "1000": 1e3, "1k": 1e3, "k": 1e3, "thousand": 1e3, "million": 1e6, "1m": 1e6,
         "1million": 1e6, "m": 1e6, "billion": 1e9}  # fmt: skip
#: Behind what begins to be spoken of: "four hours a day an RTX 5090 at 575 W costs".
_SUBJECT = re.compile(
    r"\s+(?:\(?(?:at|with|drawing)\s[\d.,]+\s?k?W\)?,?\s+)?"
    r"(?:costs?|comes?|makes?|takes?|needs?|lasts?|would|uses?|draws?|adds?|burns?)\b",
    re.IGNORECASE,
)
#: Between an amount of money and what it shares with the next one.
_SHARED = re.compile(
    r"\s*(?:or|and|versus|vs\.?|against)\s+(?:only\s+|just\s+|about\s+)?[$\u20ac\u00a3]\s?\d[\d,]*(?:\.\d+)?(?=\s*(?:/|per\b|an?\b|each\b))"
)
#: Behind several things, what they cost: they begin what is said next.
_COST = re.compile(r"\s+(?:(?:would|will|then|now)\s+)?(?:costs?|comes? to|takes?)\s", re.IGNORECASE)
#: "1,000 hours monthly".
_REGULAR = ("hour", "token", "piece", "energy")
_REGULARLY = re.compile(
    r"\s+(?:(?P<hour>hourly)|(?P<day>daily)|(?P<week>weekly)|(?P<month>monthly)|(?P<year>yearly|annually))\b",
    re.I,
)


def one_period(period: str, power: int) -> tuple[tuple[int, ...], float]:
    """Powers of the axes of one period, and its factor: seconds and minutes in hours, quarters in months."""
    if period in ("second", "minute"):
        return dims(hour=power), (MINUTE if period == "minute" else HOUR) ** -power
    if period == "quarter":
        return dims(month=power), 3.0**power
    return dims(**{period: power}), 1.0


#: Before so many hours, that they are those of each day: "22 days of 9 hours", "nightly runs of three hours".
_A_DAY = re.compile(
    r"\b(?:nightly|daily|(?:every|each) (?:single )?(?:night|day|evening|morning))\b[^.;,:\d]{0,40}$|"
    r"\b(?:days|nights|evenings)\s+(?:of|at|with)\s+(?:about |around |some |only )*$",
    re.IGNORECASE,
)
_BACK = 64


def per(text: str, term: Term, own: tuple[tuple[int, ...], float]) -> Term:
    """A term with its own powers and those of what stands behind it: "per GPU per hour", "/GB-month"."""
    term = times(term, *own)
    each = bool(_ONE.match(text, term.end) or _EACH_OF.search(text, max(0, term.start - 24), term.start))
    # "320 KB of cache per token"
    one = _ONE.match(text, term.end) or (_KEPT.match(text, term.end) if term.of == "byte" else None)
    at = one.end() if one else term.end
    for again in range(3):
        match = _PER.match(text, at)
        if match is None or ((again or min(term.dims) < 0) and _is_subject(text, term, match)):
            break
        if match["many"] and _COST.match(text, match.end()):
            # "At $0.40 a thousand images cost $0.50": they are what is spoken of next.
            break
        if again and any(term.dims[AXES.index("hour") :]) and _HOW_LONG.match(text, at):
            break
        if each and not again and _A_PAIR.match(text, at):
            # "$750 each for a pair": of each of the two.
            break
        period = next((name for name in PERIODS if match[name]), "")
        at = match.end()
        if match["one"]:
            each = True
            later = _HOURS_LATER.match(text, at)
            period = next((name for name in PERIODS if later and later[name]), "")
            at = later.end() if later and period else at
        else:
            term = _per_thing(text, term, match)
        if period:
            term = times(term, *one_period(period, -1))
    if late := _ONE.match(text, at):
        # "$1.00 an hour each"
        each, at = True, late.end()
    regular = _REGULARLY.match(text, at)
    if regular and not any(term.dims[AXES.index("day") :]) and term.of in _REGULAR:
        at = regular.end()
        term = times(term, *one_period(regular.lastgroup or "month", -1))
    term = _of_each_day(text, term)
    end = at if at > term.end and text[term.end : at].strip() else term.end
    return term._replace(end=end, each=each)


def _of_each_day(text: str, term: Term) -> Term:
    """Hours as those of each day, where the words before them say so."""
    daily = term.dims == dims(hour=1) and _A_DAY.search(text, max(0, term.start - _BACK), term.start)
    return times(term, dims(day=-1), 1.0) if daily else term


def shared_period(text: str, at: int) -> str:
    """The period that an amount of money shares with the next one: of "$180 or $57.60 per day" a day."""
    shared = _SHARED.match(text, at)
    later = _PER.match(text, shared.end()) if shared else None
    return next((name for name in PERIODS if later and later[name]), "")


def _is_subject(text: str, term: Term, match: re.Match[str]) -> bool:
    """Whether "a day" begins what is said next, and is nothing that the amount before it is per.

    "28 cents per kWh a day costs 94 cents"; no price of energy is of a time: "$0.22 per kWh an hour of ..".
    """
    of_energy = term.tariff and not match[0].lstrip().startswith("/")
    return of_energy or _SUBJECT.match(text, match.end()) is not None


def _per_thing(text: str, term: Term, match: re.Match[str]) -> Term:
    """A term with the powers of the tokens, images, energy or memory that it is per."""
    if match["thing"]:
        many = _MANY.get(re.sub(r"[,\s]", "", (match["many"] or "").lower()), 1.0)
        axis = "token" if match["thing"].lower().startswith("tok") else "piece"
        return times(term, dims(**{axis: -1}), 1 / many)
    if match["workday"]:
        return times(term, dims(week=-1), _WORKDAYS)
    if match["kw"]:
        return times(term, dims(energy=-1, hour=1), 1e-3)
    if match["kwh"] or match["mwh"]:
        return times(term, dims(energy=-1), 1e-3 if match["kwh"] else 1e-6)
    if match["tokens"] and term.sign and (axis := counted_in(text)):
        many = _MANY[re.sub(r"[,\s]", "", match["tokens"].lower())]
        return times(term, dims(**{axis: -1}), 1 / many)
    return times(term, dims(byte=-1), 1e-9) if match["gb"] else term
