"""So many users whose caches are said to go into what is left: "1 GiB a context, 6 GB left, so 60 users"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_indicative
from whichgpu.audit.excluded.scope import inconsistent
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

_USERS = r"(?:users?|requests?|sequences?|conversations?|chats?|sessions?|streams?|contexts?|customers?)"
#: Before what one of them takes, and behind it.
_ONE_TAKES = re.compile(
    rf"\b(?:an?|each|every|one|per|full|tokens of)\s+(?:(?:full|long|single|complete|whole)\s+)*{_USERS}\b"
    r"[^.;:\d]{0,48}\b(?:takes?|needs?|is|costs?|uses?|occup(?:y|ies)|fills?)\s+"
    r"(?:about |thus |then |only )*$",
    re.IGNORECASE,
)
_PER_ONE = re.compile(rf"\s*(?:per|for (?:each|every|one)|an?|each)\s+{_USERS}\b", re.IGNORECASE)
#: Behind, and before, what is there for all of them.
_LEFT = re.compile(
    r"\s+(?:(?:of (?:memory|vram|room)|are|is|then|still|remain\w*)\s+)*(?:left|free|remain\w*|to spare|"
    r"for (?:the |its )?(?:kv[- ]?)?caches?)\b",
    re.IGNORECASE,
)
_LEAVES = re.compile(r"\bleav(?:es?|ing)\s+(?:you\s+|us\s+|about\s+|some\s+|only\s+)*$", re.IGNORECASE)
#: How many are said to go into it.
_SO_MANY = re.compile(
    r"\b(?:(?:enough|room|space|sufficient|sufficing|plenty)\s+for|serves?|holds?|hosts?|handles?)\s+"
    r"(?:about\s+|around\s+|up to\s+|some\s+|roughly\s+|over\s+)?"
    rf"(?P<n>\d{{1,3}}(?:,\d{{3}})*|\d+)\s+"
    rf"(?:(?:concurrent|simultaneous|parallel|such|of (?:these|those))\s+)*{_USERS}",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(
    r"\b(?:average|short(?:er)?|if|shared?|prefix\w*|fp8|int8|quanti[sz]\w+|offload\w*|not|never|swap\w*|"
    r"half|each other)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: GB are often GiB; so far above what goes in a number is wrong.
_ABOVE = 1.2


def users(context: Context) -> Iterator[Finding]:
    """Every number of users that is too large for what is told to be left, by what one of them takes."""
    for _, passage in context.document.running():
        for sentence in sentences(passage.text) if _SO_MANY.search(passage.text) else ():
            if is_indicative(sentence.text) and not _OTHERWISE.search(sentence.text):
                yield from _judged(passage, sentence, context)


def _judged(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text
    every = [
        each
        for each in within(quantities(text, context.fraction), 0, sentence.end)
        if each.dimension == "memory" and each.high == each.value > 0
    ]
    takes = [each for each in every if _is_of_one(text, each)]
    rooms = [each for each in every if _is_left(text, each)]
    for match in _SO_MANY.finditer(text, sentence.start, sentence.end):
        if len({each.value for each in takes}) != 1 or not rooms or rooms[-1].end > match.start():
            continue
        fits = rooms[-1].value / takes[-1].value
        told = float(match["n"].replace(",", ""))
        if fits >= 1 and told > _ABOVE * fits:
            words = [text[each.start : each.end] for each in (rooms[-1], takes[-1])]
            because = f"{words[0]} hold {words[1]} {fits:,.3g} times"
            yield inconsistent(passage, match.span("n"), because, context, expected=f"{int(fits):,}")


def _is_of_one(text: str, each: Quantity) -> bool:
    before = _ONE_TAKES.search(text, max(0, each.start - 120), each.start)
    return before is not None or _PER_ONE.match(text, each.end) is not None


def _is_left(text: str, each: Quantity) -> bool:
    before = _LEAVES.search(text, max(0, each.start - 40), each.start)
    return before is not None or _LEFT.match(text, each.end) is not None
