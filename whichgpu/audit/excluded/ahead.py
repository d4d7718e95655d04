"""Which of two has more of something, without the other's name: "the newer card has the faster memory"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.excluded.shared import two_of
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.values.attributes import attributes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding

_MORE = r"higher|greater|larger|bigger|wider|faster|quicker"
_LESS = r"lower|smaller|narrower|slower"
_NOUN = (
    r"(?:memory |peak |total )?bandwidth|memory|vram|(?:memory )?bus|power (?:draw|consumption|limit)|tdp|"
    r"l2 cache"
)
#: "The higher bandwidth (of the two)", "its memory is also the faster of the two".
_SAID = (
    re.compile(rf"\bthe\s+(?:(?P<more>{_MORE})|(?P<less>{_LESS}))\s+(?P<noun>{_NOUN})\b(?!\s+(?:card|gpu|version|"
               r"variant|model|one|bus|bandwidth|size))", re.IGNORECASE),
    re.compile(rf"\b(?P<noun>{_NOUN})\s+(?:is|was)\s+(?:also\s+|even\s+|still\s+)?the\s+(?:(?P<more>{_MORE})|"
               rf"(?P<less>{_LESS}))(?:\s+one)?\s+of\s+the\s+two\b", re.IGNORECASE),
    # "Since its memory is also faster", of the card that is spoken of.
    re.compile(rf"\bits\s+(?P<noun>{_NOUN})\s+(?:is|was)\s+(?:also\s+|even\s+|much\s+|slightly\s+|a bit\s+)*"
               rf"(?:(?P<more>{_MORE})|(?P<less>{_LESS}))(?=,?\s*(?:[.,;]|too\b|as well\b|"
               rf"$))", re.IGNORECASE),
)  # fmt: skip
#: "The bandwidth is the same on both", "both have the same memory bandwidth".
_SAME = re.compile(
    rf"\b(?:the\s+|their\s+)?(?P<noun>{_NOUN})\s+(?:is|are)\s+(?:exactly\s+)?(?:the same|identical|equal)\s+"
    r"(?:on|for|in|with|of)\s+(?:both|the two|either)\b|"
    r"\bboth\s+(?:cards\s+|gpus\s+|models\s+|of them\s+)?(?:have|offer|share|provide|"
    r"come with)\s+(?:exactly\s+)?"
    rf"(?:the same|identical|an identical)\s+(?:amount of\s+)?(?P<noun2>{_NOUN})\b(?!\s+(?:type|technology|"
    rf"chips?))",
    re.IGNORECASE,
)
_SPEEDS = frozenset({"faster", "quicker", "slower"})
#: What makes of it no statement on the two as they are sold.
_NOT = re.compile(
    r"\b(?:not|no|nor|never|than|as|if|when|where|the more|needs?|requires?|want\w*|choose|pick|price\w*|"
    r"cost\w*|per|test\w*|measured?|benchmark\w*|games?|idle|of all|of the (?:three|four|five)|with the)\b|"
    r"n[\u2019']t\b|\?",
    re.IGNORECASE,
)


def ahead(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence whose device has not more than the other."""
    text, sentence = scope.passage.text, scope.sentence
    yield from _same(scope, context)
    for said in _SAID:
        match = said.search(text, sentence.start, sentence.end)
        if match is None or not scope.plain or _NOT.search(scope.clause(match.start())):
            continue
        one = spoken(scope.number, scope.passage, sentence, context).owner(match.start())
        two = two_of(scope, context)
        own = {model(key, context.catalogue) for key in one.ids} if one else set()
        mine = [ids for ids in two if model(ids[0], context.catalogue) in own]
        other = [ids for ids in two if model(ids[0], context.catalogue) not in own]
        if len(mine) != 1 or len(other) != 1:
            continue
        noun, more = match["noun"].lower(), match["more"]
        key = _key(noun, (more or match["less"]).lower())
        a, b = (_values(ids[0], key, context) for ids in (mine, other))
        if not a or not b or (max(a) >= min(b) if more else min(a) <= max(b)):
            continue
        yield _finding(scope, match, key, (mine[0][0], other[0][0]), context)


def _same(scope: Scope, context: Context) -> Iterator[Finding]:
    """What both of two are said to have as much of, and no form of them has."""
    match = _SAME.search(scope.passage.text, scope.sentence.start, scope.sentence.end)
    two = two_of(scope, context) if match and scope.plain else ()
    if match is None or len(two) != len(("one", "other")) or _NOT.search(scope.clause(match.start())):
        return
    key = _key((match["noun"] or match["noun2"]).lower(), "")
    a, b = (_values(ids, key, context) for ids in two)
    if not a or not b or any(abs(one / other - 1) < _ALIKE for one in a for other in b):
        return
    yield _finding(scope, match, key, (two[0][0], two[1][0]), context)


def _finding(
    scope: Scope, match: re.Match[str], key: str, both: tuple[str, str], context: Context
) -> Finding:
    """What is said of two, with what each of them has."""
    field = attributes()[key].fields[0]
    because = "; ".join(f"{one} has {context.catalogue[one].display(field)}" for one in both)
    return made(
        context, scope.passage, match.span(), "ordering", "contradicted", attribute=key,
        subject=" against ".join(both), because=because, evidence=(Evidence(because),),
    )  # fmt: skip


#: Two values that are as good as the same.
_ALIKE = 0.02


def _key(noun: str, adjective: str) -> str:
    if "bandwidth" in noun or (adjective in _SPEEDS and noun in ("memory", "vram")):
        return "bandwidth"
    if "bus" in noun:
        return "memory_bus"
    if noun.startswith(("power", "tdp")):
        return "power"
    return "l2" if noun.startswith("l2") else "memory"


def _values(ids: Sequence[str], key: str, context: Context) -> list[float]:
    return [value for one in ids for value in attributes()[key].amounts(context.catalogue[one])]
