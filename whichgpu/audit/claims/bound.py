"""Changes between two named devices, by what the text told of each: "the A100 is 52 percent more expensive".

The amounts stand in earlier sentences, each of its device; wrong is what no two amounts of the two differ by.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import MONEY, RENT, Amounts
from whichgpu.audit.comparisons.differences import ELSE, THAN_ONE, changed, changes, gives
from whichgpu.audit.dimensions import dims
from whichgpu.audit.ledger import entries
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.comparisons.differences import Change
    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.ledger import Entry
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

#: What a change of money, and of speed, may be of.
_KINDS = {
    "money": (RENT, MONEY, dims(money=1, token=-1), dims(money=1, piece=-1), dims(money=1, byte=-1)),
    "speed": (dims(token=1, hour=-1), dims(piece=1, hour=-1), dims(hour=1)),
}
#: What makes it a change under other conditions than those told.
_OTHERWISE = re.compile(
    r"\b(?:per (?:dollar|watt|gpu|token|million)|each|spot|reserv\w+|used|second-hand|launch\w*|"
    r"gaming|cores?|"
    r"at least|more than|over|peak|on paper|prompts?|prefill|single|batch|bf16|fp16|fp8|int4|"
    r"int8|4-bit|bits?)\b",
    re.IGNORECASE,
)
_TWO, _KEPT, _UNLIKE = 2, 60, 8.0


def find(context: Context) -> Iterator[Finding]:
    """Every change between two devices of which the text told one amount each, with its verdict."""
    told: list[Entry] = []
    for index, passage in context.document.running():
        named = context.mentions.get(index, ())
        if not named or not re.search(r"\d", passage.text):
            continue
        every = terms(passage.text, context.fraction, tuple((each.start, each.end) for each in named))
        mine = entries(Amounts(passage, index, every, ()), context)
        for sentence in sentences(passage.text):
            before = [*told, *(each for each in mine if each.term.start < sentence.start)]
            if before:
                yield from _of_sentence(passage, sentence, every, before, context)
        told = [*told, *mine][-_KEPT:]


def _of_sentence(
    passage: Passage, sentence: Sentence, every: Sequence[Term], told: Sequence[Entry], context: Context
) -> Iterator[Finding]:
    """The changes of a sentence that names two devices and no amount of their kind."""
    names = within(context.mentions.get(context.place(passage), ()), sentence.start, sentence.end)
    if ELSE.search(sentence.text) or _OTHERWISE.search(sentence.text):
        return
    for said in changes(passage.text, sentence, every, context.fraction):
        sides = _sides(passage.text, said, names)
        kinds = _KINDS.get(said.of, ())
        stated = any(each.dims in kinds for each in within(every, sentence.start, sentence.end))
        if said.kind == "amount" or stated or sides is None:
            continue
        pairs = [pair for kind in kinds for pair in product(*(_told(told, each, kind) for each in sides))]
        found = _judged(passage, said, [(a, b) for a, b in pairs if a.sign == b.sign], context)
        if found is not None:
            yield found


def _sides(
    text: str, said: Change, names: Sequence[Mention]
) -> tuple[frozenset[str], frozenset[str]] | None:  # fmt: skip
    """The two devices of a change: the last before it and the one that it is against, else the only two."""
    against = next((each for each in names if THAN_ONE.fullmatch(text, said.end, each.start)), None)
    before = [each for each in names if each.end <= said.start]
    two = (before[-1], against) if before and against else tuple(names) if len(names) == _TWO else ()
    both = [frozenset((*each.ids, *each.named)) for each in two if each is not None]
    return (both[0], both[1]) if len(both) == _TWO and not both[0] & both[1] else None


def _told(told: Sequence[Entry], ids: frozenset[str], kind: tuple[int, ...]) -> list[Term]:
    """The amounts of a kind that were told of one of a device."""
    return [each.term for each in told if each.ids & ids and each.many == 1 and each.term.dims == kind]


def _judged(
    passage: Passage, said: Change, pairs: Sequence[tuple[Term, Term]], context: Context
) -> Finding | None:  # fmt: skip
    """Confirmed where two amounts differ by as much, wrong where the one pair that there is does not."""
    both = [(a.value, b.value, a, b) for a, b in pairs if 1 / _UNLIKE < a.value / b.value < _UNLIKE]
    right = next((each for each in both if gives(said, each)), None)
    if right is not None:
        return changed(passage, said, right, "confirmed", context)
    alone = len({each[:2] for each in both}) == 1
    return changed(passage, said, both[0], "inconsistent", context) if alone else None
