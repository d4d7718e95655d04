"""Wishes of a question: words, and the options of `recommend` that they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.measurement.text import HOW_MANY
from whichgpu.audit.text.quantities import read_number
from whichgpu.units import HOUR, MINUTE
from whichgpu.values import NamedTuple
from whichgpu.workloads.subjects import PEOPLE

if TYPE_CHECKING:
    from collections.abc import Callable

#: Where no server stands: at home, in a machine under a desk.
AT_HOME = r"\bat home\b|\bhome ?(?:lab|server)\b|\blocal(?:ly)?\b"
IN_A_PC = r"\bfor (?:my|a|the) (?:pc|computer|rig|case)\b"
_N = r"\d+(?:,\d+)*(?:\.\d+)?"
_BIG = rf"{_N} ?(?:k|m|b|thousand|million|billion|trillion)?"
_UNDER = (
    r"(?:under|below|within|less than|cheaper than|at most|max(?:imum)?(?: of)?|up to|no more than|not over"
    r"|budget(?: of| is|:)?|for|<)"
)
_CLOCK = r"(?:ms|milliseconds?|s|secs?|seconds?)"
_EVERY = r"(?:/| per | an? | each | every )"
_PERIOD = r"(?:s|sec|second|min|minute|h|hr|hour|day|week|month|year)"
_MONEY = (
    rf"(?:[$\u20ac\u00a3] ?{_N}k?"
    rf"|{_N}k? ?(?:usd|dollars?|bucks|eur|euros?|gbp|pounds?|cents?|[$\u20ac\u00a3]))"
)
_CURRENCY = {"\u20ac": "EUR", "eur": "EUR", "\u00a3": "GBP", "gbp": "GBP", "pou": "GBP"}
_POWERS = {"thousand": "k", "million": "M", "billion": "B", "trillion": "T"}
#: What is made, sent or trained on, as the size of a job is told, by the option for it.
_NOUNS = {
    "epochs": "epochs?",
    "samples": r"(?:training )?(?:examples|samples|rows|pairs|conversations|dialogues|tickets|instructions)",
    "requests": r"(?:requests|documents|docs|questions|queries|prompts|articles|emails|pages|sentences"
    r"|passages|paragraphs|chunks|records|abstracts|tweets|reviews)",
    "images": r"(?:images|pictures|photos|renders|frames)",
}  # fmt: skip


class Wish(NamedTuple):
    """How one option is told: a pattern, and what a match makes of it."""

    option: str
    pattern: re.Pattern[str]
    said: Callable[[re.Match[str]], str]


def _wish(option: str, pattern: str, said: Callable[[re.Match[str]], str]) -> Wish:
    return Wish(option, re.compile(pattern, re.I), said)


def _money(match: re.Match[str]) -> str:
    text = match["money"]
    amount = re.search(rf"{_N}k?", text, re.I)
    unit = next((code for mark, code in _CURRENCY.items() if mark in text.lower()), "USD")
    period = {"hr": "h", "hour": "h", "minute": "min"}.get((match["period"] or "").lower(), match["period"])
    said = amount[0] if amount else text
    if re.search(r"\bcents?\b|\dcents?\b", text, re.I):
        said = f"{float(said.replace(',', '')) / 100.0:g}"
    if period == "min":
        said, period = f"{MINUTE * float(said.replace(',', '')):g}", "h"
    return f"{said} {unit}" + (f"/{period}" if period else "")


def _per(match: re.Match[str]) -> str:
    return f"{_short(match['n'])} {match['noun'].split()[-1]}/{match['period']}"


#: Seconds of a span by its first letter.
_SPANS = {"s": 1.0, "m": MINUTE, "h": HOUR}


def _spoken(match: re.Match[str]) -> str:
    """So many recordings of a length, in seconds of sound."""
    seconds = _SPANS[match["span"][0].lower()] * read_number(match["each"])
    return f"{_count(match['n']) * seconds:.12g} audio seconds/{match['period']}"


def _heard(match: re.Match[str]) -> str:
    """So much sound in a while, in seconds."""
    return f"{_count(match['n']) * _SPANS[match['span'][0].lower()]:.12g} audio seconds/{match['period']}"


def _plain(amount: str) -> str:
    """An amount as it is typed, and in digits where a word or letter tells its scale."""
    return f"{_count(amount):.12g}" if re.search("[A-Za-z]", amount) else amount


def _count(amount: str) -> float:
    """An amount in words or with a letter behind it as a number."""
    scale = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}.get(_short(amount)[-1].lower(), 1.0)
    return scale * read_number(re.sub(r"[A-Za-z ]", "", amount))


def _short(amount: str) -> str:
    """An amount as options take it: 20k, 1M, 10B."""
    said = re.sub(
        r"thousand|million|billion|trillion", lambda word: _POWERS[word[0].lower()], amount, flags=re.I
    )
    return said.replace(" ", "")


def _number(match: re.Match[str]) -> str:
    return _short(match["n"]).replace(",", "")


def _quick(match: re.Match[str]) -> str:
    """What one reader gets a second, as the time between his tokens."""
    return f"tpot {1000.0 / float(match['rate'].replace(',', '')):.3g} ms"


def _objective(name: str) -> Callable[[re.Match[str]], str]:
    def said(match: re.Match[str]) -> str:
        found = match.groupdict()
        return " ".join(filter(None, (name, (found["p"] or found.get("q") or "").lower(), found["time"])))

    return said


_P = r"(?:(?:at |for |in )?(?P<p>p\d\d) ?)?"
_TIME = rf"(?P<time>{_N} ?{_CLOCK})\b(?: ?(?:at )?\(?(?P<q>p\d\d)\b\)?)?"
_THAN = r"(?: ?(?:is|of|:|<|<=|under|below|within|in|less than|at most|faster than) ?)*"
#: What is made: where words stand between it and its number, they are kept ("a million SDXL images").
_MADE = (
    r"(?P<kept>(?:[A-Za-z][\w.-]* ){0,3}?)"
    r"(?P<noun>images|pictures|photos|videos|clips|tokens|tok|sequences|embeddings)"
)
_ASKED = (
    r"(?P<noun>requests|queries|calls|prompts|questions|req|messages|chats|documents|docs|pages|emails|articles"
    r"|tickets|sentences|reviews|classifications|inferences|predictions|transactions|translations"
    r"|summaries|lookups|searches)"
)
_HEARD = r"(?:audio|speech|podcasts?|recordings?|calls|lectures|meetings|interviews|video)"
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_ITEM = r"(?:image|picture|request|video|clip|query|document)"
_MANY = rf"{_N} ?(?:m|b|t|million|billion|trillion)|\d[\d,]{{6,}}"
_NOT_EACH = r"(?! ?(?:/|in\b|out\b|each\b|per\b|long\b|context|prompt|at once|at a time|concurrent|simultan))"
#: Before what is sent, where so many are under way at once.
_AT_ONCE = r"(?!concurrent|parallel|simultaneous|in-flight)"
POWER_LIMIT = re.compile(
    rf"\bpower[- ]?(?:limit(?:ed)?|cap(?:ped)?)(?: (?:is |set )?(?:of|to|at))? (?P<n>{_N}) ?(?:W|watts?)\b"
    rf"|\b(?:limited|capped|undervolted) (?:to|at) (?P<m>{_N}) ?(?:W|watts?)\b",
    re.I,
)
#: What is heard piece by piece, so many of them a day and so long each.
_SPOKEN = (
    r"(?:transcriptions?|recordings?|calls?|podcasts?|voice ?mails?|voice messages?|meetings?|interviews?"
    r"|lectures?|episodes?|audio (?:files?|clips?)|files?|videos?)"
)
_SPAN = r"(?:s(?:ec(?:ond)?s?)?|min(?:ute)?s?|h(?:ou)?rs?)"
WISHES: tuple[Wish, ...] = (
    _wish("slo", rf"\b{_P}(?:first token|ttft|time to first token)\b{_THAN} ?{_TIME}", _objective("ttft")),
    _wish("slo", rf"\b{_TIME} ?(?:to(?: the)? first token|ttft)(?P<p>)", _objective("ttft")),
    _wish("slo", rf"\b{_P}(?:tpot|itl|time per (?:output )?token)\b{_THAN} ?{_TIME}", _objective("tpot")),
    _wish("slo", rf"\b{_TIME} ?(?:a|per|each|/) ?token\b(?P<p>)", _objective("tpot")),
    _wish(
        "slo",
        rf"\b(?:at least |minimum )?(?P<rate>{_N}) ?(?:tokens?|tok|t) ?(?:/|per|a) ?s(?:ec(?:ond)?)? "
        r"(?:(?:per|for each|for every|/) ?(?:user|request|stream)\b|each\b)",
        _quick,
    ),
    _wish(
        "slo",
        rf"\beach (?:of them )?(?:(?:expect|get|need|want|see)s?|at|with)(?: at least| about)? "
        rf"(?P<rate>{_N}) ?(?:tokens?|tok|t) ?(?:/|per|a) ?s(?:ec(?:ond)?)?\b",
        _quick,
    ),
    _wish(
        "api_price",
        rf"(?P<money>{_MONEY}) ?(?:/|per|an?|for (?:an?|each|every)) ?"
        r"(?:1 ?m|million|mtok)(?: tokens?)?\b(?P<period>)",
        lambda m: f"{_money(m).partition(' ')[0]}/{_money(m).partition(' ')[0]} USD per million",
    ),
    _wish(
        "budget",
        rf"(?:\b{_UNDER} ?)?(?P<money>{_MONEY})"
        rf"(?! ?(?:/|per|an?) ?kWh)(?:{_EVERY}(?P<period>min|minute|h|hr|hour|day|month|year)\b)?",
        _money,
    ),
    _wish("budget", rf"\bbudget(?: of| is|:)? ?(?P<money>{_N}k?)\b(?P<period>)", _money),
    _wish("budget", rf"(?<![\w.,])(?P<money>{_N}k?) budget\b(?P<period>)", _money),
    _wish(
        "users",
        rf"(?P<n>{_N}k?) (?:(?:concurrent|simultaneous|parallel|active|daily) )*(?:{PEOPLE})\b"
        r"(?: at (?:once|a time))?",
        _number,
    ),
    _wish("users", rf"(?P<n>{_N}) (?P<kept>(?:virtual |remote )?desktops?)\b", _number),
    _wish(
        "target",
        rf"(?P<n>{_BIG}) (?P<kept>(?:[A-Za-z][\w.-]* ){{0,2}}?){_SPOKEN}{_EVERY}(?P<period>{_PERIOD}),?"
        rf"(?: (?:of|with|at|each|about|around|averaging|lasting|on average)){{0,3}} "
        rf"(?P<each>{HOW_MANY})[ -]?(?P<span>{_SPAN})\b(?: (?:each|long|on average))?",
        _spoken,
    ),
    _wish(
        "target",
        rf"(?P<n>{_BIG}) (?P<each>{HOW_MANY})[ -]?(?P<span>{_SPAN}) (?P<kept>){_SPOKEN}{_EVERY}"
        rf"(?P<period>{_PERIOD})\b",
        _spoken,
    ),
    _wish(
        "rate",
        rf"(?P<n>{_BIG}) (?P<kept>(?:[A-Za-z][\w.-]* ){{0,2}}?){_ASKED}{_EVERY}(?P<period>{_PERIOD})\b",
        lambda m: f"{_plain(m['n'])} req/{m['period']}",
    ),
    _wish("rate", rf"\b(?P<n>{_N}) ?(?:rps|qps)\b", lambda m: f"{m['n']} req/s"),
    _wish(
        "target",
        r"\b(?P<n>\d+) (?:camera |video |live )*(?:streams?|cameras|feeds)(?:,| at| of| with| each)* "
        r"(?P<kept>(?:[A-Za-z][\w.-]* (?:at |of )){0,2})(?P<each>\d+) ?fps",
        lambda m: f"{int(m['n']) * int(m['each'])} images/s",
    ),
    _wish(
        "target",
        r"(?<![\w.-])(?P<n>\d+) (?P<kept>(?:[A-Za-z][\w.-]* ){1,3}?)(?:camera |video |live )*"
        r"(?:streams?|cameras|feeds)(?:,| at| of| with| each)* (?P<each>\d+) ?fps",
        lambda m: f"{int(m['n']) * int(m['each'])} images/s",
    ),
    _wish(
        "target",
        r"(?P<each>\d+) ?fps\b(?: (?:with|on|from|for|of|each|per|across|using|camera|in)){1,3} "
        r"(?P<n>\d+) (?:[a-z0-9]+ )?(?:streams?|cameras?|feeds?|channels?)",
        lambda m: f"{int(m['n']) * int(m['each'])} images/s",
    ),
    _wish("target", r"(?P<n>\d+) ?fps\b", lambda m: f"{m['n']} images/s"),
    _wish(
        "streams",
        # "500 whisper large v3 streams", of which the version is no number of them.
        r"(?<![\w.-])(?P<n>\d+) (?:(?:concurrent|simultaneous|parallel|live|audio) )?"
        r"(?P<kept>(?:[A-Za-z][\w.-]* ){0,4}?)(?:(?:live|audio) )?"
        r"(?:meetings|calls|callers|streams|channels|speakers)\b"
        r"(?: at once| live| in real time)?",
        lambda m: m["n"],
    ),
    _wish(
        "target",
        rf"(?P<n>{_BIG}) (?P<noun>images|pictures|videos|clips|embeddings|sequences|tokens) "
        r"(?P<kept>(?:with|of|using|by|in) (?!\d+ (?:tokens? )?out)[^,;]{1,40}?)"
        rf"{_EVERY}(?P<period>{_PERIOD})\b",
        _per,
    ),
    _wish(
        "target",
        rf"(?P<n>{_BIG}) (?P<noun>images|pictures|videos|clips|embeddings|sequences|tokens) "
        rf"(?P<kept>\([^()]{{1,60}}\)){_EVERY}(?P<period>{_PERIOD})\b",
        _per,
    ),
    _wish("target", rf"(?<![\w.])(?P<n>{_BIG}) {_MADE}{_EVERY}(?P<period>{_PERIOD})\b", _per),
    _wish(
        "target",
        rf"\b(?:an?|one|1) (?P<noun>image|picture|photo|video|clip) (?:every|each|per) (?P<n>{_N}) ?"
        r"(?P<span>s(?:ec(?:ond)?s?)?|min(?:ute)?s?)\b",
        lambda m: f"{1.0 / read_number(m['n']):.4g} {m['noun']}s/{'min' if m['span'][0] == 'm' else 's'}",
    ),
    _wish("target", rf"(?P<n>{_BIG}) (?P<noun>hours) of [a-z -]+?{_EVERY}(?P<period>{_PERIOD})\b", _per),
    _wish(
        "target",
        rf"(?P<n>{_BIG}) (?P<kept>(?:[A-Za-z][\w.-]* ){{0,2}}?)(?P<span>minutes|hours)(?: of [a-z -]+?)?"
        rf"{_EVERY}(?P<period>day|week|month|year)\b(?P<each>)",
        _heard,
    ),
    _wish(
        "hours_of_audio", rf"(?P<n>{_BIG}) (?:hours|h)(?: of|-long)? (?:[a-z-]+ ){{0,2}}?{_HEARD}\b", _number
    ),
    _wish("hours_of_audio", rf"\btranscrib(?:e|ing) (?P<n>{_BIG}) (?:hours|h)\b", _number),
    _wish(
        "hours_of_audio",
        rf"(?P<n>{_BIG}) (?P<kept>(?:whisper )?)minutes (?:transcribed|of (?:[a-z-]+ ){{0,2}}?{_HEARD})\b",
        lambda m: f"{_count(m['n']) / 60.0:.6g}",
    ),
    _wish(
        "latency",
        rf"\b{_UNDER} ?(?P<n>{_N} ?{_CLOCK}) ?(?:per|an?|each|for (?:each|an?)|/) ?{_ITEM}\b",
        _number,
    ),
    _wish("latency", rf"\b(?:{_UNDER}|at|with|in) ?(?P<n>{_N} ?{_CLOCK}) (?:of )?latency\b", _number),
    _wish(
        "latency",
        rf"\b(?:each|every|per|an?|one) {_ITEM} (?:in |takes )?{_UNDER} ?(?P<n>{_N} ?{_CLOCK})\b",
        _number,
    ),
    _wish("latency", rf"\blatency{_THAN} ?(?P<n>{_N} ?{_CLOCK})\b", _number),
    _wish("latency", rf"\b(?:under|below|within|less than) ?(?P<n>{_N} ?(?:ms|milliseconds?))\b", _number),
    _wish(
        "deadline",
        rf"\b(?:within|in|under|by|less than|at most) "
        rf"(?P<n>{HOW_MANY}) ?(?P<span>h|hrs?|hours?|days?|weeks?|min(?:ute)?s?)\b",
        lambda m: f"{read_number(m['n']):g} {m['span']}",
    ),
    _wish("deadline", rf"\b(?:by|until|before) (?:next )?(?P<n>{_DAYS})\b", lambda m: m["n"].lower()),
    Wish("power_limit", POWER_LIMIT, lambda m: f"{m['n'] or m['m']} W"),
    _wish(
        "max_power",
        rf"\b(?:{_UNDER} )?(?P<n>{_N}) ?(?:W|watts?)\b(?! ?(?:psu|power supply))",
        lambda m: f"{m['n']} W",
    ),
    _wish(
        "machine",
        rf"\b(?P<n>{_N}) ?(?:W|watts?) (?:psu|power supply)\b",
        lambda m: f"psu {m['n']} W",
    ),
    _wish(
        "min_memory",
        rf"\b(?:at least |minimum |min |with )?(?P<n>{_N}) ?gi?b ?(?:of )?"
        r"(?:vram|gpu memory|video memory|memory)\b",
        lambda m: f"{m['n']} GB",
    ),
    _wish(
        "min_memory",
        rf"\b(?:with|at least|on|in|into|have|has|only) (?:an? |only )?(?P<n>{_N}) ?gi?b\b"
        r"(?! ?(?:of )?(?:ram|disk|storage|data))",
        lambda m: f"{m['n']} GB",
    ),
    _wish(
        "min_memory",
        rf"(?<![\w.,$])(?P<n>{_N}) ?gi?b (?:gpus?|(?:graphics |video )?cards?)\b",
        lambda m: f"{m['n']} GB",
    ),
    _wish("tokens", rf"(?<!of )(?<![\w.,$])(?P<n>{_MANY}) (?:[a-z]+ )?tokens?\b(?! ?(?:/|per\b))", _number),
    *(
        _wish(
            option,
            rf"(?<![\w.,$])(?P<n>{_BIG}) (?P<kept>(?:{_AT_ONCE}[a-z][\w.-]* ){{0,3}}?){noun}\b{_NOT_EACH}",
            _number,
        )
        for option, noun in _NOUNS.items()
    ),
)
