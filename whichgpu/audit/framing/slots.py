"""A sentence with one sign for each thing that it speaks of, and without the words that change nothing.

"Sadly, the RTX 3090 still has to do without native FP8 support" reads as "G has to do without C": a frame
(`data/audit.toml`) is then one way of saying something, of whatever devices, capabilities and attributes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import named
from whichgpu.audit.capable.words import NAMES
from whichgpu.audit.families import architectures
from whichgpu.audit.models import models
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

#: The sign of the first thing of each sort; those after it go by their number.
_FIRST = {
    "g": 0xE100,
    "c": 0xE200,
    "f": 0xE300,
    "y": 0xE400,
    "a": 0xE500,
    "m": 0xE600,
    "s": 0xE700,
    "k": 0xE800,
}
#: What may stand around a thing and goes with it.
_BEFORE = {
    "k": r"$",
    "g": r"(?:(?:a single|the|an?|your|our|my|this|that|NVIDIA[\u2019']s|AMD[\u2019']s|NVIDIA|AMD|"
    r"GeForce|older|newer|smaller|bigger|larger|cheaper|mighty|venerable|trusty|good old|aging)\s+)+$",
    "c": r"(?:(?:any|the|an?|its|their|native|hardware|built-in|full|proper|real|official|dedicated|"
    r"support for)\s+)+$",
    "f": r"(?:(?:the|an?|NVIDIA[\u2019']s|NVIDIA|AMD[\u2019']s|AMD)\s+)+$",
    "y": r"(?:(?:early|late|mid|the year|(?:the )?"
    r"(?:spring|summer|fall|autumn|winter|end|beginning|start) of)[\s-]+)+$",
    "a": r"(?:(?:the|its|their|sheer|raw|pure|total|overall|plain)\s+)+$",
    "m": r"(?:(?:running|serving|loading|inference (?:of|with)|any|an?|the|of|your|full|"
    r"whole|unquantized)\s+)+$",
    "s": r"(?:(?:at least|about|around|roughly|some|a minimum of|no less than|a full|a whole|around)\s+)+$",
}
_BEHIND = {
    "k": r"",
    "g": r"(?:\s+(?:GPUs?|cards?|board))?",
    "c": r"(?:\s+(?:support|capabilit(?:y|ies)|acceleration|functionality|feature))?",
    "f": r"(?:[ -]?(?:Lovelace|based))?",
    "y": r"",
    "a": r"",
    "m": r"(?:[ -](?:parameters?|params?|models?|LLMs?|weights|instruct|chat))*"
    r"(?:,?\s(?:in|at|with)\s(?:full\s)?"
    r"(?:[bf]?p?f?(?:16|8|32)|int[48]|(?:4|8|16)[ -]bits?|half precision|bfloat16)(?:\s(?:precision|"
    r"weights))?)?",
    "s": r"(?:\s+of\s+(?:(?:GPU|video|graphics|device)\s+)?(?:VRAM|memory|RAM))?",
}
#: Words that a clause says the same without.
_IDLE = re.compile(
    r"(?:,\s*)?\b(?:also|still|even|now|already|actually|of course|however|simply|really|clearly|easily|"
    r"comfortably|"
    r"certainly|sadly|unfortunately|alas|in fact|indeed|too|though|therefore|thus|currently|today|naturally|"
    r"fully|officially|natively|by far|readily|happily|finally|again|definitely|surprisingly|luckily|"
    r"thankfully|"
    r"fortunately|undoubtedly|obviously|meanwhile|otherwise|on the other hand|by contrast|in contrast|"
    r"that said|"
    r"as well|out of the box|without question|without a doubt|to be fair|in short)\b(?:,(?=\s))?",
    re.IGNORECASE,
)
_IT = re.compile(
    r"\b(?:(?:two|a pair|a couple|several) of (?:them|these|those)|here|its(?=\s+(?:memory|VRAM|\d+ ?GB))"
    r"|it|this (?:card|gpu|one|accelerator)|the card|the gpu)(?=\s|[\u2019']s\s|[.,;])",
    re.IGNORECASE,
)
_CAPABILITY = re.compile(rf"\b(?:{NAMES})\b", re.IGNORECASE)
_YEAR = re.compile(r"\b20[012]\d\b")
_SIZE = re.compile(r"\b\d{1,4}(?:\.\d)?\s?-?G(?:i?B|igabytes?)\b(?!/s|ps)", re.IGNORECASE)
_NOUN = (
    r"(?:(?:graphics |GPU |data[ -]?center |consumer |gaming |workstation )?(?:GPUs?|cards?|"
    r"accelerators?|chips?|parts?|"
    r"boards?|products?|models?|designs?))"
)
_BE = r"(?:is|are|was|were|remains|remain)"
#: Several at once, of as many as were spoken of.
_SEVERAL = re.compile(
    r"\b(?:both|either|neither|all (?:two|three|four))\b(?!\s+others)(?:\s+of\s+(?:them|these|those|the "
    r"(?:two|three|four)))?"
    r"(?:\s+(?:cards?|GPUs?|boards?|ones?|models?))?(?=\s*[.,;:)]|\s+(?!of\b|(?:the|an?|in|on|cases?)\b))",
    re.IGNORECASE,
)
#: Tenses of the verbs of frames, which are written in the present.
_TENSES = (
    (r"\bhas\b", "(?:has|had|have)"), (r"\bis\b", "(?:is|was|remains|[\u2019']s)"),
    (r"\bare\b", "(?:are|were|remain)"),
    (r"\bcannot\b", "(?:cannot|can[\u2019']t|could not|couldn[\u2019']t)"),
    (r"\bdoes not\b", "(?:does not|doesn[\u2019']t|did not|didn[\u2019']t|do not|don[\u2019']t)"),
)  # fmt: skip
_QUOTE = re.compile(r"(?<!9)'(?!\])")
#: An article that may have gone into the slot behind it.
_ARTICLE = re.compile(r"\bthe (?=\{)")
_SLOT = re.compile(r"\{([a-z])(\d?)\}")


class Thing(NamedTuple):
    """What a sentence speaks of: its sort, its place in the passage, and the device where it is one."""

    sort: str
    start: int
    end: int
    mention: Mention | None = None


class Reading(NamedTuple):
    """A sentence with signs for things; of each of its letters the place in the passage."""

    text: str
    things: Mapping[str, Thing]
    places: Sequence[int]
    end: int

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the passage that a stretch of the reading stands for."""
        last = self.things.get(self.text[end - 1])
        return self.places[start], last.end if last else self.places[end - 1] + 1


def frame(says: str) -> re.Pattern[str]:
    """The pattern of a frame over readings: its slots by their letters and numbers."""
    seen: list[str] = []

    def slot(match: re.Match[str]) -> str:
        sort = match[1]
        seen.append(match[0])
        if sort in ("n", "v"):
            return _NOUN if sort == "n" else _BE
        first = _FIRST["g" if sort == "h" else sort]
        # One slot may stand in several ways of a frame, of which one is found.
        way = f"_{seen.count(match[0])}" if seen.count(match[0]) > 1 else ""
        return f"(?P<{sort}{match[2]}{way}>[{chr(first)}-{chr(first + 0xFF)}])"

    for present, tenses in _TENSES:
        says = re.sub(present, tenses.replace("\\", "\\\\"), says)
    says = _SLOT.sub(slot, _ARTICLE.sub("(?:the )?", says))
    return re.compile(_QUOTE.sub("[\\\\u2019']", says).replace(" ", r"\s+"), re.IGNORECASE)


def read(text: str, sentence: Sentence, who: Spoken) -> Reading:
    """A sentence of a passage with one sign for each thing that it speaks of."""
    letters: list[str] = []
    places: list[int] = []
    things: dict[str, Thing] = {}
    counts = dict.fromkeys(_FIRST, 0)
    at = sentence.start
    for each in [*_things(text, sentence, who), None]:
        stop = each.start if each else sentence.end
        for place in _kept(text, at, stop):
            letters.append(text[place])
            places.append(place)
        if each and counts[each.sort] < 0xFF:
            sign = chr(_FIRST[each.sort] + counts[each.sort])
            counts[each.sort] += 1
            things[sign] = each
            letters.append(sign)
            places.append(each.start)
        at = each.end if each else stop
    lead = next((n for n, letter in enumerate(letters) if not letter.isspace()), 0)
    return Reading("".join(letters[lead:]), things, places[lead:], sentence.end)


def _kept(text: str, start: int, end: int) -> Iterator[int]:
    """The places of letters that are no idle words."""
    at = start
    for match in _IDLE.finditer(text, start, end):
        yield from range(at, match.start())
        at = match.end()
        if at < end and text[at].isspace() and (match.start() == start or text[match.start() - 1].isspace()):
            at += 1
    yield from range(at, end)


def _things(text: str, sentence: Sentence, who: Spoken) -> list[Thing]:
    """What a sentence speaks of, in order, none within another; devices before all else."""
    found: list[Thing] = []
    place = (sentence.start, sentence.end)
    for each in who.here:
        _add(found, _around(text, Thing("g", each.start, each.end, each), place))
    if not who.here and who.certain and len(who.topic) == 1:
        for match in _IT.finditer(text, *place):
            _add(found, Thing("g", match.start(), match.end(), who.topic[0]))
    for model in models(sentence.text):
        span = (sentence.start + model.start, sentence.start + model.end)
        _add(found, _around(text, Thing("m", *span), place))
    for sort, matches in (
        ("k", _SEVERAL.finditer(text, *place)),
        ("f", architectures().finditer(text, *place)),
        ("c", _CAPABILITY.finditer(text, *place)),
        ("y", _YEAR.finditer(text, *place)),
        ("s", _SIZE.finditer(text, *place)),
    ):
        for match in matches:
            _add(found, _around(text, Thing(sort, *match.span()), place))
    for one in named(sentence.text):
        thing = Thing("a", sentence.start + one.start, sentence.start + one.end)
        _add(found, _around(text, thing, place), thing)
    return sorted(found, key=lambda each: each.start)


def _add(found: list[Thing], *ways: Thing) -> None:
    """The first of the ways to bound a thing that is not within another."""
    free = (way for way in ways if not any(one.start < way.end and way.start < one.end for one in found))
    found.extend([each for each in [next(free, None)] if each])


def _around(text: str, thing: Thing, place: tuple[int, int]) -> Thing:
    """A thing with the articles and nouns around it."""
    before, behind = _edges(thing.sort)
    lead = before.search(text, max(place[0], thing.start - 40), thing.start)
    tail = behind.match(text, thing.end, place[1])
    return thing._replace(start=lead.start() if lead else thing.start, end=tail.end() if tail else thing.end)


@lru_cache(maxsize=8)
def _edges(sort: str) -> tuple[Any, Any]:
    before = re.compile(r"(?<![\w-])" + _BEFORE[sort], re.IGNORECASE)
    return before, re.compile(_BEHIND[sort] + r"(?![\w-])", re.IGNORECASE)
