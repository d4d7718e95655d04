"""What a price comes to with a share off: "you save 20 %, and the H100 goes down to $1.80 an hour"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.excluded.scope import inconsistent, is_rounded
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

_BEFORE = re.compile(
    r"\b(?:saves?|saving|discount of|rebate of|reduction of|minus|lowers?(?: \w+){0,3} by|(?:cheaper|"
    r"falls?|drops?|reduced) by)\s(?:you\s|about\s|another\s|up to\s)*$",
    re.I,
)
_BEHIND = re.compile(r"\s*(?:off\b|discount\b|less\b|cheaper\b|rebate\b|reduction\b)", re.IGNORECASE)
#: Between the share and what is paid then.
_BECOMES = re.compile(
    r"[^.;?]*?\b(?:goes?\s+down\s+to|comes?\s+down\s+to|drops?\s+to|falls?\s+to|down\s+to|pay(?:s|"
    r"ing)?(?:\s+only|\s+just)?|"
    r"costs?(?:\s+only|\s+just)?|is\s+then|is|makes(?:\s+it|\s+that)?|becomes?|leaves?|brings?\s+(?:it|"
    r"that|\w+\s\w+)\s+to|for)"
    r"\s+(?:then\s+|about\s+|around\s+|only\s+|just\s+|roughly\s+|then)*$",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\b(?:was|were|instead|another|other|minimum|up to|plus|extra|setup|storage|from)\b", re.IGNORECASE
)
_BACK = 3
_NEAR, _LEAST, _MOST = 0.03, 0.03, 0.95


def after_discount(context: Context) -> Iterator[Finding]:
    """Every such price that is none of those told before less the share."""
    for _, passage in context.document.running():
        if "%" in passage.text or "percent" in passage.text:
            every = sentences(passage.text)
            for at, sentence in enumerate(every):
                if "?" not in sentence.text:
                    yield from _of(passage, sentence, every[max(0, at - _BACK)].start, context)


def _of(passage: Passage, sentence: Sentence, first: int, context: Context) -> Iterator[Finding]:
    text, told = passage.text, quantities(passage.text, context.fraction)
    here = within(told, sentence.start, sentence.end)
    shares = [each for each in here if each.dimension == "percent" and each.high == each.value]
    if len(shares) != 1 or not _is_off(text, shares[0]):
        return
    share, paid = shares[0], [each for each in here if each.dimension == "money"]
    result = next((each for each in paid if each.start > share.end), None)
    if (
        result is None
        or not _BECOMES.fullmatch(text, share.end, result.start)
        or _ELSE.search(text, share.end, result.start)
    ):
        return
    whole = [
        each.value
        for each in within(told, first, result.start)
        if each.dimension == "money" and each.high == each.value
    ]
    off = share.value
    if not whole or not _LEAST < off < _MOST:
        return
    # What is saved may be told as well, and more than one card.
    ways = {
        one * part * by
        for one in whole
        for part in (1 - off, off)
        for by in (1, 2, 3, 4, 8, 12, 24, 720, 730, 8760)
    }
    near = [one for one in whole if one * (1 - off) * 0.5 < result.value < one]
    words = text[result.start : result.end]
    if near and not any(is_rounded(result.value, way, words, _NEAR) for way in ways):
        right = near[0] * (1 - off)
        because = f"{near[0]:,.10g} less {off:.3g} of it are {right:,.2f}"
        yield inconsistent(passage, (result.start, result.end), because, context, expected=f"{right:,.2f}")


def _is_off(text: str, share: Quantity) -> bool:
    return bool(_BEHIND.match(text, share.end) or _BEFORE.search(text, max(0, share.start - 40), share.start))
