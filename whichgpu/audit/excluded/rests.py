"""Memory that is said to be left, more than any room leaves beside what is told to fill it.

"Two 3090s give you 48 GB. The file of 40 GB fits, with 16 GB to spare": whichever amount is the room, and
whichever fills it, none of the differences is as much. Less may be left for reasons of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.excluded.scope import inconsistent
from whichgpu.audit.text.counting import counted, several
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

_TO_SPARE = re.compile(
    r"\s+(?:(?:of\s+)?(?:memory|vram|room|headroom)\s+)?(?:to spare|left(?: over)?|free|remain(?:s|ing)?|"
    r"of headroom|spare|for (?:the |its |your )?(?:kv[- ])?(?:cache|context|activations)s?)\b",
    re.IGNORECASE,
)
_LEAVES = re.compile(
    r"\b(?:leav(?:es?|ing)|left)\s+(?:(?:you|us|me|with|only|just|about|around|roughly|some|a|over|nearly)\s+)*$",
    re.IGNORECASE,
)
#: What makes it the rest of something else: of another machine, of what is not told, or of several.
_ELSE = re.compile(
    r"\?|\b(?:if|would|could|per|each|offload\w*|host|ram|ssd|disk|cpu|quanti\w+|instead|shard\w*|split|rank|"
    r"users?|requests?|slices?|mig)\b",
    re.IGNORECASE,
)
#: How much more than the greatest difference it must be.
_MORE, _AT_LEAST = 1.1, 1.5e9


def rests(context: Context) -> Iterator[Finding]:
    """Every rest of memory in running text that is too great for all that is told around it."""
    for index, passage in context.document.running():
        told = sentences(passage.text)
        for at, sentence in enumerate(told):
            if _ELSE.search(sentence.text) or not is_asserted(sentence.text):
                continue
            start = told[max(0, at - 1)].start
            for each in within(quantities(passage.text, context.fraction), sentence.start, sentence.end):
                if each.dimension == "memory" and each.high == each.value and _is_rest(passage.text, each):
                    yield from _judged(each, (index, passage, start, sentence.end), context)


#: Before what something is left of: "more than half of its 48 GB free".
_OUT_OF = re.compile(r"\bof\s+(?:the|its|their|all|your|our)\s+$", re.IGNORECASE)


def _is_rest(text: str, one: Quantity) -> bool:
    if _OUT_OF.search(text, max(0, one.start - 16), one.start):
        return False
    return bool(_TO_SPARE.match(text, one.end) or _LEAVES.search(text, max(0, one.start - 48), one.start))


def _judged(one: Quantity, where: tuple[int, Passage, int, int], context: Context) -> Iterator[Finding]:
    index, passage, start, end = where
    told = [
        each
        for each in within(quantities(passage.text, context.fraction), start, end)
        if each.dimension == "memory"
        and each is not one
        and each.value > 1e9
        # "The A100 80 GB": a name.
        and not any(name.start <= each.start < name.end for name in context.mentions.get(index, ()))
    ]
    before = [each for each in told if each.end <= one.start]
    if len({each.value for each in before}) < len(("room", "need")):
        # What a model takes that only its name tells is left to what knows of models.
        return
    rooms = [*(each.high for each in told), *_rooms(index, passage, end, context)]
    # "One card of 80 GB doesn't hold them; two do".
    rooms += [each.high * many for each in told for many in several(passage.text, start, end)]
    left = [room - need.value for room in rooms for need in told if room > need.value]
    # Of what was said to be left elsewhere, or of several at once.
    known = [
        each.high
        for each in quantities(passage.text, context.fraction)
        if each.dimension == "memory" and each is not one
    ]
    most = max(left, default=0.0)
    if not left or one.value <= max(_MORE * most, most + _AT_LEAST) or one.value in known:
        return
    because = f"what is told around leaves {most / 1e9:,.3g} GB at most"
    yield inconsistent(passage, (one.start, one.end), because, context, expected=f"{most / 1e9:,.3g} GB")


def _rooms(index: int, passage: Passage, end: int, context: Context) -> Iterator[float]:
    """The memory of each device that the passage names, of one and of as many as are told anywhere in it."""
    names = [each for each in context.mentions.get(index, ()) if each.start < end]
    counts = {1.0, *(counted(passage.text, 0, each.start) for each in names)}
    for key in {key for each in names for key in each.ids} or context.spoken_of:
        size = (nominal_gb(float(context.catalogue[key].value("memory") or 0.0)) or 0) * 1e9
        yield from (size * many for many in counts)
