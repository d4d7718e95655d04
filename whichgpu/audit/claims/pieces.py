"""What so many things cost by the price that the text tells of one: "five kits, or $1,494", at $249."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import SPELLED, read_number
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_THING = (
    r"(?P<{}>kit|board|module|camera|cable|adapter|bridge|licen[cs]e|seat|switch|drive|box|dock|enclosure|"
    r"riser|machine|workstation|laptop|phone|device|unit|sensor|router|subscription)"
)
_PRICE = (
    r"(?P<{}>[$\u20ac\u00a3])\s?(?P<{}>\d{{1,3}}(?:,\d{{3}})+(?:\.\d\d)?|\d+(?:\.\d\d)?)(?![\d,]*\d)"
    r"(?!\s?(?:[kKMB]\b|million|/|per\b|an? (?:hour|month|day|year)\b))"
)
_HEDGE = r"(?:about |around |roughly |only |just |some |exactly |currently |now )*~?"
#: What one of them costs.
_ONE = re.compile(
    rf"\b(?:an?|the|one|each|every|per)\s+(?:[\w-]+\s+){{0,3}}?{_THING.format('a')}\s+(?:costs?|is|was|"
    rf"sells for|goes for|comes at|lists at)\s+{_HEDGE}{_PRICE.format('c', 'n')}",
    re.IGNORECASE,
)
#: What so many of them do.
_MANY = re.compile(
    rf"\b(?P<many>\d{{1,3}}|{'|'.join(sorted(SPELLED, key=len, reverse=True))})\s+"
    r"(?:(?!more|other|or|and)[\w-]+\s+){0,2}?"
    rf"{_THING.format('b')}(?:s|es)\b,?\s*(?:\(|=|(?:or|so|that is|which is|for|are|costs?|come to|makes?|"
    rf"at a total of|together|would cost|will cost)\s+)?{_HEDGE}{_PRICE.format('d', 'm')}",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\b(?:each|apiece|plus|includ\w+|shipping|discount\w*|used|rent\w*|tax|vat|bundle|saves?|less|more|"
    r"cheaper|dearer|instead|if|another)\b|\?",
    re.IGNORECASE,
)
_NEAR, _LIKE = 0.02, 3.0


def find(context: Context) -> Iterator[Finding]:
    """Every such bill that is not so many times the one price that is told of one."""
    if context.fraction == ",":
        return
    passages = [passage for _, passage in context.document.running()]
    told = [
        (each["a"].lower(), each["c"], _number(each["n"]))
        for one in passages
        for each in _ONE.finditer(one.text)
    ]
    known: dict[tuple[str, str], set[float]] = {}
    for thing, sign, price in told:
        known.setdefault((thing, sign), set()).add(price)
    sole = {key: prices.pop() for key, prices in known.items() if len(prices) == 1}
    for passage in passages if sole else ():
        yield from _of_passage(passage, sole, context)


def _of_passage(
    passage: Passage, sole: Mapping[tuple[str, str], float], context: Context
) -> Iterator[Finding]:
    for sentence in sentences(passage.text):
        for match in _MANY.finditer(passage.text, sentence.start, sentence.end):
            one = sole.get((match["b"].lower(), match["d"]), 0.0)
            many, bill = float(read_number(match["many"])), _number(match["m"])
            if not one or many < 2 or _ELSE.search(sentence.text):
                continue
            right = one * many
            if abs(bill / right - 1) <= _NEAR or not 1 / _LIKE < bill / right < _LIKE:
                continue
            because = f"{many:g} at {match['d']}{one:,.6g} each are {match['d']}{right:,.6g}"
            yield made(
                context, passage, (match.start("d"), match.end("m")), "arithmetic", "inconsistent",
                attribute="pieces", because=because, expected=f"{match['d']}{right:,.6g}",
                evidence=(Evidence(because),),
            )  # fmt: skip


def _number(text: str) -> float:
    return float(text.replace(",", ""))
