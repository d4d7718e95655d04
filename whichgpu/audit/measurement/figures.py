"""The figure of a sentence: quoted as one, or as an amount of work and the time that it took."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.measurement.text import HOW_MANY, WORDS, cut, missing
from whichgpu.audit.text.quantities import SPELLED, read_number
from whichgpu.cost.reading import quoted
from whichgpu.errors import UsageError, one_line
from whichgpu.planner.size import data_set
from whichgpu.units import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Words of a figure behind its number, at most.
_FIGURE = 6
_NUMBER = re.compile(
    r"(?<![\w.\u2212-])(?:(?:ttft|tpot|itl|latency|rtf|rtfx|mfu|scaling(?: efficiency)?|speed-?up)"
    r"(?: of| is|:)?(?: (?:only|just|about|around|roughly))? )?\d[\d.,]*",
    re.I,
)
#: What a figure's name and number have between them and needs none.
_HEDGE = re.compile(r"^([A-Za-z-]+(?: efficiency)?)(?: of| is|:)? (?:only|just|about|around|roughly) ", re.I)
#: What a time behind them is of, unless another time stands between.
_TIME_OF = (
    ("ttft", re.compile(r"\b(?:first token|ttft)\b(?:(?!\d ?m?s\b).)*$", re.I)),
    (
        "tpot",
        re.compile(
            r"\b(?:(?:per|each|between) (?:output )?tokens? ?(?:is|of|latency|:)? ?$"
            r"|(?:tpot|itl|inter-?token latency)\b(?:(?!\d ?m?s\b).)*$)",
            re.I,
        ),
    ),
)
#: Figures that are worked out of others.
_DERIVED = ("mfu", "hfu", "flops")
_FIRST = re.compile(r"\s*(?:to|until|till|for)(?: the)? first token", re.I)
#: What stands around a figure that is somebody else's, or what was hoped for.
_OTHERS = re.compile(
    r"(?:\b(?:vs\.?|versus|instead of|rather than|compared (?:to|with)|against|not|than|expect(?:ed|ing)?|"
    r"previously|formerly|used to (?:be|get|take|do|make)|out of|(?:limit|tdp)(?: of| is|:)?|"
    r"\d+ ?W ?(?:of|/)|"
    r"(?:spec(?:s|ification)?|data ?sheet|theoretical|nominal|rated)(?: \w+)?(?: is| says?| of|:)?|"
    r"supposed to (?:be|get|do)|should (?:be|get|do|have)|(?:others?|people|everyone|reviewers?) "
    r"(?:\w+ )?(?:get|see|report|claim)(?:s|ing)?|(?:claim|advertise|promise|report)s?)"
    r"(?: (?:the|about|around|at least|at|roughly|some|a))?|[\u2192>]) ?[~\u2248]?$",
    re.I,
)
_OF_OTHERS = re.compile(
    r"[^\d.,;:]{0,8}\b(?:is|was) what (?!I\b|we\b)"
    r"|[^\d.,;:]{0,12}\b(?:in|per|by|from|on) (?:the|their|its) (?:readme|docs?|documentation|paper|blog"
    r"|benchmarks?|website|table|review)\b|[^\d.,;:]{0,6}\b(?:expected|advertised|claimed|before|previously|last)\b",
    re.I,
)
#: What one of several GPUs makes, beside what all make.
_ALONE = r"(?:(?:just|only) )?(?:a single|single|one|1)[ -](?:gpu|card)s?"
_OF_ONE = re.compile(rf"\b{_ALONE}\b[^\d.,;]{{0,16}}$", re.I)
_ON_ONE = re.compile(rf"[^\d.,;]{{0,6}}\b(?:on|with|using|from) {_ALONE}\b", re.I)
#: What a prompt is read at, beside what is written.
_WRITTEN = re.compile(r"\d ?(?:t|tok|tokens?)(?:/| per )s", re.I)
_OF_PROMPTS = re.compile(
    rf"\b(?:prompt|prefill|pp\d*)\b[^\d,;|]{{0,24}}\d*[\d.,]*{_WRITTEN.pattern}(?:ec\w*)?"
    rf"|(?<![\d.])\d*[\d.,]*{_WRITTEN.pattern}(?:ec\w*)? (?:of |for |in |on )?(?:the )?"
    r"(?:prompts?|prefill|pp\d*)\b(?: (?:processing|eval\w*|ingestion))?",
    re.I,
)
#: An amount of work with the time that it took: "300B tokens in 4 days", "20 minutes for an hour of audio".
_SOUND = r"(?: of|[- ]long)? (?:audio|speech|recordings?|podcasts?|sound)"
_AMOUNT = (
    rf"(?P<amount>{HOW_MANY})[ -]?(?P<k>k|m|b|t|thousand|million|billion|trillion)?[ -]?"
    rf"(?P<noun>(?P<clock>hours?|hrs?|h|minutes?|mins?|seconds?){_SOUND}|tokens|images|pictures|samples|sentences|"
    r"sequences|documents|prompts|requests|epochs?|steps|iterations)"
)
_TIME = (
    rf"(?P<long>{HOW_MANY}) ?"
    r"(?P<unit>s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|days?|weeks?)\b"
)
_TOOK = (
    r"(?:takes?|took|taking|needs?|needed|in|within|is|was|=)"
    r"(?: (?:me|us|it))?(?: (?:about|around|roughly|over|only|just|some|[~\u2248])){0,2}"
)
_ITEMS = "examples|samples|rows|pairs|instructions|images|pictures"
_WENT = r"processed|consumed|saw|finished|completed|(?:went|got|gone) through"
_WORK = (
    re.compile(
        rf"\b{_TIME}[^.:\d]{{0,60}}? (?:for|over|on|to [a-z]+|{_WENT})(?: all| an?(?= \d))? {_AMOUNT}\b", re.I
    ),
    re.compile(
        rf"\b(?P<long>{HOW_MANY}) ?(?P<unit>ms|milliseconds?|s|secs?|seconds?|minutes?|min)"
        rf"(?: ?/ ?| (?:per|an?|each|every) )(?:iter(?:ation)?|step|batch|update) "
        rf"(?:of|with|for|=)(?: (?:about|around|roughly))? ?[~\u2248]? ?{_AMOUNT}",
        re.I,
    ),
    re.compile(rf"\b{_AMOUNT}(?: per| each| every| an| a|/) ?(?P<long>)(?P<unit>hour|minute|day)\b", re.I),
    re.compile(
        rf"\b{_AMOUNT} (?:[^\d.,:]{{1,40}} |of \d+ tokens |of \d[\d,.]*k? (?:{_ITEMS}) )*{_TOOK} ?{_TIME}",
        re.I,
    ),
    re.compile(
        rf"\b{_TIME}(?! ?(?:per|an?|each|every|/))[^.:]{{0,40}}?\b(?P<amount>\d+)(?P<k>)[- ]"
        r"(?P<noun>epochs)(?P<clock>)",
        re.I,
    ),
)
_STEPS = ("step", "steps")
_POWERS = {
    "k": 1e3,
    "hundred": 1e2,
    "thousand": 1e3,
    "m": 1e6,
    "million": 1e6,
    "b": 1e9,
    "billion": 1e9,
    "t": 1e12,
    "trillion": 1e12,
}
#: One pass over a data set and its time, whichever is told first.
_EPOCH = (
    re.compile(rf"\b(?:(?:an?|one|1|each|every|per|single) )?epoch\b[^.:\d]{{0,60}}? {_TOOK} ?{_TIME}", re.I),
    re.compile(
        rf"\b{_TIME}(?: ?/ ?| (?:per|an?|each|every|for (?:an?|one|each|every)) )(?:[a-z][\w-]* )?epoch\b",
        re.I,
    ),
)
#: Samples of a pass, where no data set is named.
_SAMPLES = re.compile(
    rf"\b(\d[\d,.]*) ?(k|m|thousand|million)? ?(?:(?!pixel|px)[a-z]+ )?(?:{_ITEMS})\b(?! ?(?:/|per))", re.I
)
#: A rate whose number is a word: "three hundred images per second".
_WORDED = re.compile(
    rf"\b({'|'.join(SPELLED)})(?: (hundred|thousand|million))?(?= [a-z]+ ?(?:/| per | a ) ?s(?:ec|\b))", re.I
)
#: What it was before it changed: "drops from 2500 img/s to 1500 img/s" is of what it is now.
_CHANGED = re.compile(
    r"\b(?:go(?:es|ing)?|went|drop(?:s|ped|ping)?|falls?|fell|falling|slow(?:s|ed|ing)?(?: down)?|sinks?|"
    r"sank|degrad|declin|decreas|throttl)(?:e[sd]?|ing)?(?: [a-z]+){0,2} from [~\u2248]?\d[\d.,]*"
    r"(?: ?[a-z]+(?:/| per )[a-z]+| ?[a-z]+)?(?: down)? to (?=[~\u2248]?\d)",
    re.I,
)
#: "4-7 tokens/s": the middle of it.
_RANGE = re.compile(
    r"(?<![.\w-])(\d+(?:\.\d+)?) ?(?:-|\u2013|to) ?(\d+(?:\.\d+)?)"
    r"(?= ?(?:fps\b|s/it\b|[a-z]+ ?(?:/| per ) ?s))",
    re.I,
)
#: A time in two units, of which the second is the one that both come to.
_LONG = (
    re.compile(r"(?<![\d.:])(\d+) ?h(?:ours?|rs?)?[ .,]*(?:and )?(\d+) ?(m)(?:in(?:ute)?s?)?\b", re.I),
    re.compile(r"(?<![\d.:])(\d+) ?m(?:in(?:ute)?s?)?[ .,]*(?:and )?(\d+) ?(s)(?:ec(?:ond)?s?)?\b", re.I),
)
_UNITS = {"m": "minutes", "s": "seconds"}


def as_rate(text: str, *, stepped: bool) -> str:
    """A text with an amount of work in a time as its rate; audio in seconds of it a second.

    A pass over a data set that is named is so many samples. Steps are work where it goes on by them
    (`stepped`), and no amount where each picture has so many.
    """
    text = _WORDED.sub(lambda one: f"{_amount(one[1], one[2]):g}", text)
    text = _CHANGED.sub("now at ", text)
    text = _RANGE.sub(lambda ends: f"{(float(ends[1]) + float(ends[2])) / 2:g}", text)
    for pattern in _LONG:
        text = pattern.sub(lambda two: f"{60 * int(two[1]) + int(two[2])} {_UNITS[two[3].lower()]}", text)
    for pattern in _WORK:
        if (match := pattern.search(text)) and (stepped or match["noun"].lower() not in _STEPS):
            amount = _amount(match["amount"], match["k"])
            rate = amount / _seconds(match)
            if match["clock"]:
                said = f"{rate * parse('1 ' + match['clock'], 'time'):.6g}x realtime"
            elif match["noun"].lower().startswith("epoch") and (samples := _samples(text)):
                said = f"{rate * samples:.6g} samples/s"
            else:
                said = f"{rate:.6g} {match['noun']}/s"
            return cut(text, match.start(), match.end()) + f" {said}"
    for pattern in _EPOCH:
        if match := pattern.search(text):
            samples, long = _samples(text), f"{read_number(match['long']):g} {match['unit']}"
            said = f"{samples / _seconds(match):.6g} samples/s" if samples else f"{long} per epoch"
            return cut(text, match.start(), match.end()) + f" {said}"
    return text


def _samples(text: str) -> float:
    """Samples of a pass over the data set that a text names, or of as many as it tells; 0 if neither."""
    if known := data_set(text):
        return known
    match = _SAMPLES.search(text)
    return _amount(match[1], match[2]) if match else 0.0


def _amount(number: str, power: str | None) -> float:
    """A number with what stands for thousands or millions behind it."""
    return read_number(number) * _POWERS.get((power or "").lower(), 1.0)


def _seconds(took: re.Match[str]) -> float:
    """The time of a match of `_TIME`; raises `UsageError` where it is none."""
    long = read_number(took["long"] or "one")
    if not long > 0.0:
        raise UsageError(f"'{took[0]}' is of no time; say how long it took")
    return long * parse(f"1 {took['unit']}", "time")


def figure(rest: str, text: str) -> tuple[str, tuple[str, ...]]:
    """The figure of speed, else of memory or power, and what others are told beside it.

    Of several, what is somebody else's or was hoped for and what one of several GPUs makes are left out, and
    a share of the peak gives way to what it is worked out of. Raises `UsageError` where there is none, or
    several of one kind.
    """
    rest = quoted.joined(rest)
    found = list(figures(rest))
    speeds = {said: one for said, one in found if one.sense} or dict(found)
    if not speeds:
        raise missing('measured figure ("850 images/s", "45 ms", "22 GiB")', text)
    own = speeds
    for left_out in (_is_of_others, _is_of_one):
        own = {said: one for said, one in own.items() if not left_out(said, rest)} or own
    own = {said: one for said, one in own.items() if one.metric not in _DERIVED} or own
    (first, of), *others = own.items()
    if same := [said for said, one in others if (one.metric, one.unit) == (of.metric, of.unit)]:
        raise UsageError(f"'{one_line(text)}' tells {' and '.join((first, *same))}; give one --measured")
    return first, tuple(said for said in speeds if said != first)


def _is_of_one(said: str, text: str) -> bool:
    start = text.find(said)
    return start >= 0 and bool(_OF_ONE.search(text[:start]) or _ON_ONE.match(text, start + len(said)))


def without_prompts(text: str) -> str:
    """A text without the rate at which prompts are read, where that of what is written is told too."""
    rest = _OF_PROMPTS.sub(";", text, count=1)
    return rest if rest != text and _WRITTEN.search(rest) else text


def _is_of_others(said: str, text: str) -> bool:
    start = text.find(said)
    return start >= 0 and bool(
        _OTHERS.search(text[:start].rstrip() + " ") or _OF_OTHERS.match(text, start + len(said))
    )


def figures(text: str) -> Iterator[tuple[str, quoted.Quoted]]:
    """Every figure of a text with what it says, the longest at each number."""
    at = 0
    for match in _NUMBER.finditer(text):
        if match.start() < at:
            continue
        behind = list(WORDS.finditer(text, match.start()))[: _FIGURE + 2]
        for last in reversed(behind):
            said = _HEDGE.sub(r"\1 ", text[match.start() : last.end()].rstrip(".:?!,"))
            if re.search(r"[;()]", said):
                continue
            read = _read(said, text[: match.start()], text[last.end() :])
            if read:
                yield read
                at = last.end()
                break


def _read(said: str, before: str, after: str) -> tuple[str, quoted.Quoted] | None:
    """A figure with what its words are read as; a time by what the words around it say it is of."""
    kinds = ["ttft"] if _FIRST.match(after) else [kind for kind, words in _TIME_OF if words.search(before)]
    for full in (*(f"{kind} {said}" for kind in kinds[:1]), said):
        with suppress(UsageError):
            return full, quoted.read(full)
    return None
