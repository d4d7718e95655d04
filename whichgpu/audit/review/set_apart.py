"""Accusations of what the words beside set apart: figures of two in brackets, a difference, a miner's draw.

"Higher bandwidth: 1,555 GB/s (640 GB/s vs 1,555 GB/s)": of the one that has more. "60 MH/s at 120 W": as
it mines.
"核心面积增大了近80mm²": by so much, not so much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.review.elsewhere import withheld_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from whichgpu.audit.clauses.agreement import At
    from whichgpu.audit.findings import Context, Finding

#: Behind what a comparison is by, what the two have: "(640.0 GB/s vs 1555 GB/s)".
_OF_BOTH = re.compile(
    r"\((?P<a>\d[\d.,]*)\s?(?P<unit>[A-Za-z/%\"]*)[^()]{0,12}?\s(?:vs\.?|versus|gegen|contre|contro|против)\s"
    r"(?P<b>\d[\d.,]*)[^()]{0,16}\)",
    re.IGNORECASE,
)
#: What comes before it in a list of who is ahead in what.
_AHEAD = re.compile(
    r"\W*(?:\d+(?:\.\d+)?%\s)?(?:higher|larger|more|newer|lower|faster|wider|bigger|greater|better|less|fewer|"
    r"smaller|later|narrower|slower|shorter|longer)\b[^:()]{0,40}:?\s*[^:()]{0,24}",
    re.IGNORECASE,
)
#: Words of mining, in which a card draws what its owner sets.
_MINING = re.compile(
    r"\b\d+(?:\.\d+)?\s?[kMG]H/s\b|\bhash ?rates?\b|\bmin(?:ing|ers?) (?:rigs?|power)\b", re.IGNORECASE
)
_RATED = re.compile(
    r"\b(?:TDP|TGP|TBP|rated|board power|thermal design|power limit of|specified)\b", re.IGNORECASE
)
#: Before an amount by which something grew or shrank, which is no amount of it.
_BY_SO_MUCH = re.compile(
    r"(?:增加|增大|提升|提高|增长|减少|减小|降低|下降|缩小|扩大|多|少|高|低|快|慢)了(?:近|约|大约|将近|超过|足足|整整)?\s*$|"
    r"(?:高|多|低|少)出(?:近|约|大约|将近|超过)?\s*$"
)


def without_set_apart(found: Iterable[Finding], context: Context) -> list[Finding]:
    """The findings as they are, or unverifiable where the words beside an accusation set it apart."""
    return withheld_for(_TESTS, found, context)


def _is_of_one_of_both(found: Finding, where: At, _: Context) -> bool:
    """Whether who is ahead and by what is told with the figures of both, one of which it is."""
    if found.kind not in ("specification", "ordering", "identity"):
        return False
    text, sentence = where.passage.text, where.sentence
    both = _OF_BOTH.search(text, sentence.start, sentence.end)
    if both is None or not _AHEAD.fullmatch(text, sentence.start, both.start()):
        return False
    return where.at < both.end()


def _is_of_miner(found: Finding, where: At, _: Context) -> bool:
    """Whether a draw is that of a card that mines, which its owner lowers, and not what it is rated at."""
    if found.kind != "specification" or found.attribute != "power":
        return False
    text = where.passage.text
    near = any(_MINING.search(each) for each in (text, *where.passage.section))
    return near and not _RATED.search(where.sentence.text)


def _is_difference(found: Finding, where: At, _: Context) -> bool:
    """Whether an amount is by how much something grew: Chinese tells it of one by a word before it."""
    if found.kind != "specification":
        return False
    return _BY_SO_MUCH.search(where.passage.text, max(0, where.at - 12), where.at) is not None


_TESTS: dict[str, Callable[[Finding, At, Context], bool]] = {
    "it is of one of the two whose figures stand behind it": _is_of_one_of_both,
    "it is what the card draws as it mines": _is_of_miner,
    "it is by how much it grew": _is_difference,
}
