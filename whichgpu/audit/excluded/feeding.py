"""How many devices or machines so much power feeds: "a rack of 40 kW holds four DGX B200".

What one of them draws was told before, or is on file of the device by the number of it in the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.excluded.scope import stated
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import SPELLED, quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import attributes
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

#: What gives so much power, before or behind the amount.
_SOURCE = (
    r"(?:racks?|cabinets?|circuits?|outlets?|sockets?|breakers?|PDUs?|feeds?|budgets?|"
    r"power supply|PSU|supply)"
)
_OF_SOURCE = re.compile(
    rf"\b{_SOURCE}\b[^.;:\d]{{0,36}}$|\b(?:deliver|provid|suppl|offer|allow|limit|carr)\w*[^.;:\d]{{0,24}}$",
    re.IGNORECASE,
)
_IS_SOURCE = re.compile(rf"[\s-]*(?:of power\s+)?(?:per\s+)?{_SOURCE}\b", re.IGNORECASE)
_NAMES_SOURCE = re.compile(rf"\b{_SOURCE}\b", re.IGNORECASE)
#: So many of them that are fed.
_MANY = re.compile(
    r"(?<![\w.,$-])(?P<n>two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen|twenty|[2-9]|[1-9]\d)"
    r"(?:\s?x)?\s(?=(?:(?:such|of these|of them|of the|full|whole|these|nvidia|amd|geforce)\s)*"
    r"(?:cards?|gpus?|servers?|nodes?|systems?|machines?|boxes|(?-i:[A-Z]+\d+[A-Za-z]*)|(?-i:DGX|HGX|RTX|GTX)|\d{4}s?)\b)",
    re.IGNORECASE,
)
_FEEDS = re.compile(
    r"\b(?:hold|run|feed|power|fit|host|house|take|support|accommodate|handle|carry|suffic|enough|drive|"
    r"operate|be (?:run|fed|powered|operated))\w*",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|no|never|cannot|too|limit(?:ed|ing) (?:the|each|them)|capped|undervolt\w*|idle|if|would|"
    r"per (?:gpu|card)|each|more than|fewer)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_SLACK = 1.03
#: Watts that are told of a device or a machine are no less than this.
_LEAST = 30.0
#: Before or behind what one of something draws, that it is of several, of a part or of something else.
_OF_SEVERAL = re.compile(
    r"\b(?:together|two|three|four|five|six|seven|eight|both|all|total|sum|cpus?|rest|save|saves|less|more|"
    r"idle|combined|plus)\b",
    re.IGNORECASE,
)


class _Load(NamedTuple):
    """What one of something draws, and the words for it."""

    watts: float
    words: str


def feeding(context: Context) -> Iterator[Finding]:
    """Every number of them that draws more than there is."""
    for index, passage, sentence in stated(context):
        if not _NAMES_SOURCE.search(sentence.text) or not _FEEDS.search(sentence.text):
            continue
        if _NOT.search(sentence.text):
            continue
        source = _source(passage, sentence, context)
        if source is None:
            continue
        for match in _MANY.finditer(passage.text, sentence.start, sentence.end):
            many = float(SPELLED.get(match["n"].lower(), 0) or match["n"])
            load = _load(index, passage, match, context)
            if load and many * load.watts > source.value * _SLACK:
                yield _made(passage, match, (many, load, source), context)
                break


def _source(passage: Passage, sentence: Sentence, context: Context) -> Quantity | None:
    """The power that a sentence says to be there."""
    for one in within(quantities(passage.text, context.fraction), sentence.start, sentence.end):
        of_it = _OF_SOURCE.search(passage.text, sentence.start, one.start) or _IS_SOURCE.match(
            passage.text, one.end
        )
        if one.dimension == "power" and of_it:
            return one
    return None


def _load(index: int, passage: Passage, match: re.Match[str], context: Context) -> _Load | None:
    """What one of those draws that a number is of: of the name behind it, or told just before."""
    named = [each for each in context.mentions.get(index, ()) if 0 <= each.start - match.end() <= _NEAR]
    one = named[0] if named else None
    told = _told(index, passage, match.start(), one, context)
    if told is not None:
        return told
    if one is None or _MACHINE.search(passage.text, match.start(), one.start):
        return None
    powers = [value for key in one.ids for value in attributes()["power"].amounts(context.catalogue[key])]
    return _Load(min(powers), f"{one.text} {min(powers):,.0f} W") if powers else None


#: Characters between a number and the name that it is of, and what makes it the name of a machine.
_NEAR = 10
_UP_TO = re.compile(r"[.,;:()]")
_MACHINE = re.compile(r"\b(?:dgx|hgx|servers?|nodes?|systems?)\b", re.IGNORECASE)


def _told(index: int, passage: Passage, at: int, one: Mention | None, context: Context) -> _Load | None:
    """What the same name, or "such", was said to draw before."""
    text = passage.text
    for each in reversed(within(quantities(text, context.fraction), 0, at)):
        near = (
            text[text.rfind(". ", 0, each.start) + 1 : each.end]
            + _UP_TO.split(text[each.end :], 1)[0][:_NEAR]
        )
        is_of_one = not _OF_SEVERAL.search(near) and not _NAMES_SOURCE.search(near)
        if each.dimension != "power" or each.value < _LEAST or not is_of_one:
            continue
        before = [name for name in context.mentions.get(index, ()) if name.end <= each.start]
        if one is None or (before and before[-1].named == one.named):
            named = f"{before[-1].text} " if before else ""
            return _Load(each.high, f"{named}{text[each.start : each.end]}")
    return None


def _made(
    passage: Passage, match: re.Match[str], told: tuple[float, _Load, Quantity], context: Context
) -> Finding:
    many, load, source = told
    because = (
        f"{many:g} of them draw {many * load.watts:,.0f} W ({load.words}), "
        f"and there are {source.value:,.0f} W"
    )
    return made(
        context, passage, match.span("n"), "arithmetic", "inconsistent", attribute="fed", because=because,
        expected=f"{int(source.value / load.watts)}", evidence=(Evidence(because),),
    )  # fmt: skip
