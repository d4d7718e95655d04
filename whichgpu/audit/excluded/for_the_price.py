"""How many of one are had for the price of another: "for the price of one 4090 you get four used 3090s"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.excluded.scope import inconsistent
from whichgpu.audit.tables import stated as tables
from whichgpu.audit.text.quantities import SPELLED, quantities
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_FOR = re.compile(
    r"\bfor (?:(?:the|about the|roughly the) (?:same )?(?:price|cost|money|rent|budget) of (?:an?|one|"
    r"a single)|"
    r"(?:one|a single))(?: new| used)?\s",
    re.IGNORECASE,
)
_MANY = re.compile(
    r"\b(?P<n>two|three|four|five|six|seven|eight|nine|ten|[2-9])\s?(?:x\s?)?"
    r"(?:(?:of the|of|used|new|second-hand|cheaper|older|nvidia|amd|geforce|whole)\s)*$",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|no|never|nearly enough|if|some day)\b|n[\u2019']t\b|\?", re.IGNORECASE)
_GETS = re.compile(r"\b(?:gets?|buys?|ha(?:s|ve)|rents?|affords?|purchases?|takes?|comes?)\b", re.IGNORECASE)
#: By how much the number may be more than the ratio of the prices, and how much less.
_MORE, _LESS = 1.2, 0.55
_FAR = 60
#: Between an amount and the name behind it that it is of: "a $720 3090", "$8,000 for an L40S".
_AT = re.compile(r"\s(?:for\s)?(?:(?:an?|the|one|used|new|nvidia|amd|geforce)\s)*", re.IGNORECASE)
#: What is paid for something else than for the device.
_RUNNING = re.compile(
    r"\b(?:kWh|electric\w*|energy|power bill|per (?:gigabyte|GB|month|year|day|token|million|image)|"
    r"month|a year|tokens?)\b",
    re.IGNORECASE,
)
#: What is let by the hour costs less than this, and what is sold more.
_SOLD = 50.0


def for_the_price(context: Context) -> Iterator[Finding]:
    """Every such number that no two prices that the text tells of the two give."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            yield from _of_two(index, passage, sentence, context)


def _of_two(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """That so many of one are had for another, as a sentence says it."""
    match = _FOR.search(passage.text, sentence.start, sentence.end)
    if match and _GETS.search(sentence.text) and not _NOT.search(sentence.text):
        here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
        dear = next((each for each in here if 0 <= each.start - match.end() <= len("nvidia geforce ")), None)
        for each in here if dear else ():
            many = _MANY.search(passage.text, max(sentence.start, each.start - _FAR), each.start)
            if many and dear and each.named != dear.named:
                keys = (model(dear.named[0], context.catalogue), model(each.named[0], context.catalogue))
                yield from _judged(passage, many, keys, context)
                break


def _judged(
    passage: Passage, many: re.Match[str], keys: tuple[frozenset[str], frozenset[str]], context: Context
) -> Iterator[Finding]:
    prices = _prices(context)
    dear, cheap = (prices.get(key, []) for key in keys)
    number = float(SPELLED.get(many["n"].lower(), 0) or many["n"])
    ways = [one / other for one in dear for other in cheap if other and (one < _SOLD) == (other < _SOLD)]
    if not ways or any(number * _LESS <= way and number <= way * _MORE for way in ways):
        return
    nearest = min(ways, key=lambda way: abs(way - number))
    because = (
        f"no price that is told of the one is {number:g} times one of the other; the nearest is {nearest:.2g}"
    )
    yield inconsistent(passage, many.span("n"), because, context, expected=f"{nearest:.2g}")


def _prices(context: Context) -> dict[frozenset[str], list[float]]:
    """What each device is said to cost anywhere in the text, its launch price among it."""
    known: dict[frozenset[str], list[float]] | None = context.memo.get("prices told")
    if known is not None:
        return known
    known = context.memo["prices told"] = {}
    for key in context.spoken_of:
        launch = context.catalogue[key].value("launch_price")
        if isinstance(launch, int | float):
            known.setdefault(model(key, context.catalogue), []).append(float(launch))
    for table in context.document.tables:
        for cell in tables.every(table, context):
            for own in {model(each, context.catalogue) for each in cell.ids[:1]}:
                known.setdefault(own, []).extend(_money(cell.passage.text, context))
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            _of_sentence(index, passage, sentence, context, known)
    return known


def _of_sentence(
    index: int,
    passage: Passage,
    sentence: Sentence,
    context: Context,
    known: dict[frozenset[str], list[float]],
) -> None:
    """Adds what a sentence says to be paid, each amount for the device that it stands at."""
    names = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    told = within(quantities(passage.text, context.fraction), sentence.start, sentence.end) if names else ()
    for each in told if not _RUNNING.search(sentence.text) else ():
        if each.dimension == "money":
            behind = [one for one in names if _AT.fullmatch(passage.text, each.end, one.start)]
            before = [one for one in names if one.end <= each.start]
            at = (behind or before[-1:] or names)[0]
            known.setdefault(model(at.named[0], context.catalogue), []).extend({each.value, each.high})


def _money(text: str, context: Context) -> list[float]:
    told = [each for each in quantities(text, context.fraction) if each.dimension == "money"]
    return [one for each in told for one in {each.value, each.high} if one > 0]
