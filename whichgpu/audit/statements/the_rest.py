"""What a sentence says of those that it does not name: "the A4500 is of Ampere, the other two are of Ada"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.identity import of_family
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.statements.features import COUNT, group
from whichgpu.audit.text.sentences import one_before, sentence_at, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_REST = re.compile(
    r"\b(?:the (?:other|remaining) (?P<n>two|three|four)|(?P<both>both others))"
    r"(?: of (?:them|these)| cards| gpus| boards)?\s+",
    re.IGNORECASE,
)
#: Between them and their architecture.
_ARE = re.compile(
    r"(?:are|were|belong to|come from|came from|use|are (?:based|built) on|share)\s+"
    r"(?:(?:both|all|of|the|newer|older|from|already|still)\s+)*",
    re.IGNORECASE,
)


def the_rest(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """An architecture that is told of the others, of which one of them is not."""
    text = passage.text
    for match in _REST.finditer(text) if "other" in text or "remaining" in text else ():
        sentence = sentence_at(text, match.start())
        are = _ARE.match(text, match.end(), sentence.end) if sentence else None
        own = architectures().match(text, are.end()) if are else None
        if sentence is None or own is None or not is_asserted(sentence.text):
            continue
        many = COUNT[match["n"].lower()] if match["n"] else COUNT["two"]
        rest = _others(index, passage, sentence, match.start(), many, context)
        wrong = [ids for ids in rest if not any(is_of(context.catalogue[key], own[0]) for key in ids)]
        if wrong:
            yield of_family(
                passage, own.span(), own[0], [context.catalogue[key] for key in wrong[0]], context
            )


def _others(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, at: int, many: int, context: Context
) -> list[tuple[str, ...]]:
    """The devices of a group that are so many besides those named right before; empty where not certain."""
    own, start = context.mentions.get(index, ()), sentence.start
    before = one_before(passage.text, start)
    if not within(own, start, at) and before:
        start = before[0].start
    named = {each.named for each in within(own, start, at)}
    every = group(index, passage, start, many + len(named), context) if named else []
    rest = [ids for ids in every if not any({*ids} & {*one} for one in named)]
    return rest if len(rest) == many else []
