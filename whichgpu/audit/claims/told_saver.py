"""Who saves what two amounts differ by: "$2,920 against $2,336, so the T4 fleet saves $584" is of the dearer one.

The difference shows which two amounts are meant; what the passage tells of both by name shows whose they are.
"""  # noqa: E501

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import Amounts
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.ledger import entries
from whichgpu.audit.sentences import within
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.ledger import Entry
    from whichgpu.audit.subjects import Mention

_SAVES = re.compile(
    r"\s*(?:[\u2019']s|s)?\s*(?:fleet|setup|set-up|option|cluster|cards?|plan|route|node|machines?|job|run)?\s+"
    r"(?:saves?|would save|will save)\s+(?:you |us |me |about |around |roughly |some |nearly |another )*"
    r"[$\u20ac\u00a3](?P<n>\d[\d,]*(?:\.\d+)?)",
    re.IGNORECASE,
)
_ELSE = re.compile(r"\b(?:if|unless|instead of|over|compared|than|against)\b|\?", re.IGNORECASE)
_NO = re.compile(r"\b(?:if|unless|not|never|neither|no)\b|n[\u2019']t\b", re.IGNORECASE)
_NEAR, _TWO = 0.01, 2


def find(context: Context) -> Iterator[Finding]:
    """Every saver that all amounts told of the two say to cost more."""
    for index, passage in context.document.running():
        named = context.mentions.get(index, ())
        models = {each.named for each in named}
        for each in named if "save" in passage.text and len(models) == _TWO else ():
            match = _SAVES.match(passage.text, each.end)
            if match is None:
                continue
            places = tuple((one.start, one.end) for one in named)
            text = Amounts(passage, index, terms(passage.text, context.fraction, places), ())
            here = text.sentence(each.start)
            if _ELSE.search(passage.text, match.end(), here.end) or _NO.search(
                passage.text, max(here.start, each.start - _BACK), each.start
            ):
                continue
            saved = float(match["n"].replace(",", ""))
            money = [one.value for one in within(text.every, 0, each.start) if one.of == "money"]
            if not any(abs(abs(a - b) / saved - 1) < _NEAR for a, b in combinations(money, _TWO)):
                continue
            told = [one for one in entries(text, context) if one.term.start < each.start]
            if not _costs_more(each, told):
                continue
            because = (
                f"the text tells that the {passage.text[each.start : each.end]} costs more than the other"
            )
            yield made(
                context, passage, (each.start, match.end()), "ordering", "inconsistent",
                attribute="told before", because=because, evidence=(Evidence(because),),
            )  # fmt: skip


_BACK = 24


def _costs_more(one: Mention, told: Sequence[Entry]) -> bool:
    """Whether of all prices of one kind that a text tells of two devices that of one is the higher."""
    ids = {*one.ids, *one.named}
    paid = [each for each in told if each.term.of == "money" and each.named]
    pairs = [
        (a, b)
        for a in paid
        for b in paid
        if a.ids & ids and not b.ids & ids and a.term.dims == b.term.dims and a.term.sign == b.term.sign
    ]
    return bool(pairs) and all(a.term.value > b.term.value for a, b in pairs)
