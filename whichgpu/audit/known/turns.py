"""Values that a sentence tells of several things in turn, as a series: "97 dollars for the A, 142 for the B"."""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.known.store import SPOKEN, Amount, Series, named, store
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.known.store import Named
    from whichgpu.audit.quantities import Quantity

_FOR = re.compile(
    r"(?:\s?(?:/|per |a |an )?\s?[a-z]+(?:[ /](?:per |a |an )?[a-z]+){0,4})?,?\s+(?:for|on|with|from|"
    r"in the case of|of)\s+(?:the |an? |our |one )?"
    r"(?:single )?$",
    re.IGNORECASE,
)
_AT = re.compile(
    r"(?:s|\u2019s|'s)?(?:\s*[:(,\u2013\u2014]\s*|\s+(?:at|to|with|comes? to|is|makes?|has|gets?|needs?|"
    r"costs?|draws?|reaches|"
    r"trains at|runs at|works out at|takes?|about|around|roughly|only|just|some|~)){0,4}\s*$",
    re.IGNORECASE,
)


def of_sentences(context: Context) -> Iterator[tuple[Passage, Series]]:
    """Every such series, with the places of its values in the text of its passage."""
    told = [each for each in store(context) if not each.derived and each.group != SPOKEN]
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if told else ():
            every = [
                each for each in within(quantities(passage.text, context.fraction), sentence.start, sentence.end)  # noqa: E501
                if each.value > 0 and each.high == each.value and each.dimension not in ("percent", "times", "count")  # noqa: E501
            ]  # fmt: skip
            if len(every) < 2:
                continue
            best: list[tuple[Quantity, Amount]] = []
            for each in told:
                names = named(index, passage, sentence, each, context)
                found = _paired(passage.text, every, names) if len(names) > 1 else []
                best = max(best, found, key=len)
            if len(best) > 1:
                amounts = tuple(
                    one._replace(
                        value=value.value,
                        high=value.value,
                        words=passage.text[value.start : value.end],
                        start=value.start,
                    )
                    for value, one in best
                )
                kinds = {value.dimension for value, _ in best} - {"number"}
                if len(kinds) > 1:
                    # "The A2, at 60 W, about 51": not all are the amounts that are compared.
                    continue
                of = next(iter(kinds)) if len(kinds) == 1 else ""
                measure = of if of == "time" else ""
                yield passage, Series(measure, sentence.text[:120], of, amounts, passage.section)


def _paired(text: str, every: list[Quantity], names: list[Named]) -> list[tuple[Quantity, Amount]]:
    """Each value with the thing right behind it, or right before it; in one way for all."""
    behind, before = [], []
    for one in names:
        ahead = [
            each
            for each in every
            if each.end <= one.start and not (each.start < one.end and one.start < each.end)
        ]
        if ahead and _FOR.fullmatch(text, ahead[-1].end, one.start):
            behind.append((ahead[-1], one.amount))
        after = [each for each in every if each.start >= one.end]
        if after and _AT.fullmatch(text, one.end, after[0].start):
            before.append((after[0], one.amount))
    return max(behind, before, key=len)
