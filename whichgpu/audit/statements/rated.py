"""Rates that are a device's with sparsity, and are told as plain ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.dense import RATES, told_sparse
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.clauses.values import IN_THAT
from whichgpu.audit.statements.things import said_of
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import named
from whichgpu.audit.values.nearest import held_against
from whichgpu.audit.values.own_words import only_a_share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.statements.things import Said
    from whichgpu.audit.text.quantities import Quantity

_DENSE = re.compile(
    r"\bdense\b|\bwithout (?:any )?(?:help from )?(?:sparsity|it|the trick)\b|\bbefore sparsity\b|\bplain\b",
    re.IGNORECASE,
)
_WITHOUT = re.compile(r"\bwithout (?:any )?(?:sparsity|it)\b", re.IGNORECASE)
_SPARSE = re.compile(r"\bspars|\b2:4\b|\bzero(?:s|es)\b", re.IGNORECASE)
_OTHER = re.compile(
    r"\b(?:not|half|twice|double[sd]?|two|four|eight|pair|both|each|together|between them|total|combined|"
    r"if|marketing|"
    r"advertis\w+|box|slide|claims?)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_TOGETHER = re.compile(r"\b(?:between them|together|combined|in total|would)\b", re.IGNORECASE)


def rated(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """The rates of a passage that skip zeros, and are not said to."""
    before = ""
    for said in said_of(index, passage, context):
        if is_asserted(said.sentence.text):
            place = said.sentence.start, said.sentence.end
            for quantity in within(quantities(passage.text, context.fraction), *place):
                plain = quantity.high == quantity.value and not IN_THAT.match(passage.text, quantity.end)
                if quantity.dimension in ("flop rate", "op rate") and plain:
                    yield from _rate(said, quantity, before)
        before = said.sentence.text


def _rate(said: Said, quantity: Quantity, before: str) -> Iterator[Finding]:
    dense = _is_dense(said, quantity)
    keys = _precisions(said, quantity, before) or ({*RATES} if dense else set())
    ids = _devices(said, quantity, dense=dense)
    if dense is None or not keys or not ids:
        return
    yield from told_sparse(said.passage, quantity, keys, ids, said.context)


def _is_dense(said: Said, quantity: Quantity) -> bool | None:
    """Whether a rate is said to skip no zeros; None where it is of several, or may be said to skip them."""
    text, (start, end) = said.text, said.clause(quantity.start)
    dense = _DENSE.search(text, start, end) or _WITHOUT.search(text, said.sentence.start, quantity.start)
    several = _OTHER.search(text, start, quantity.start) or _TOGETHER.search(said.sentence.text)
    return None if several or (_SPARSE.search(text) and not dense) else dense is not None


def _precisions(said: Said, quantity: Quantity, before: str) -> set[str]:
    """The precisions that a rate may be in: those of its clause, its sentence, or the one before."""
    start, end = said.clause(quantity.start)
    # "Against 4.5 in FP8" is of the other value.
    last = next((each.start for each in within(named(said.text), quantity.end, said.sentence.end)
                 if held_against(said.text, quantity, each)), said.sentence.end)  # fmt: skip
    own = said.text[start : min(end, last)], said.text[said.sentence.start : last]
    told = ({each.attribute.key for each in named(words) if not only_a_share(words, each)} & {*RATES}
            for words in (*own, before))  # fmt: skip
    return next(filter(None, told), set())


def _devices(said: Said, quantity: Quantity, *, dense: bool | None) -> list[str]:
    """The devices a rate may be of: its clause's, the only one of its sentence, else any if it is dense."""
    one = said.subject(said.clause(quantity.start)[0], quantity.start)
    if one is None and len({each.ids for each in said.every}) == 1:
        one = said.every[0]
    if one is not None and one.ids:
        return sorted(one.ids)
    return sorted(said.context.spoken_of & said.context.catalogue.keys()) if dense else []
