"""Lists read as one text with what leads to them: "- Rate: 850 tok/s" and, two items on, "- Per hour: 3.06M".

What an item tells often follows from those before it, as in a sentence that names all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.audit.document import Document, Passage
    from whichgpu.audit.findings import Finding

#: Kinds of claims whose figures follow from others.
KINDS = ("bills", "cached", "weights")
_LEADS = re.compile(r":\s*$")
_DIGIT = re.compile(r"\d")
#: Longer lists are read in pieces.
_LONGEST = 3000


def joined(document: Document) -> Document | None:
    """A document with its lists, and the lines that lead to them, as one paragraph each; None without any."""
    passages, changed = [], False
    for block in _blocks(document.passages):
        passages.append(_joined(block) if len(block) > 1 else block[0])
        changed = changed or len(block) > 1
    # What tables tell of each device is known of it in a list, too.
    return document._replace(passages=tuple(passages)) if changed else None


def besides(found: Sequence[Finding], again: Iterable[Finding]) -> list[Finding]:
    """What is certain of a list as a whole, where nothing was of its items."""
    sure = sorted((each.start, each.end) for each in found if each.verdict != "unverifiable")
    return [
        each
        for each in again
        if each.verdict != "unverifiable" and not any(a < each.end and each.start < b for a, b in sure)
    ]


def _blocks(passages: Sequence[Passage]) -> Iterator[list[Passage]]:
    """Items that stand together, with the paragraphs before and between that lead to them."""
    block: list[Passage] = []
    for each in passages:
        leads = each.kind == "paragraph" and _LEADS.search(each.text) is not None
        goes_on = each.kind == "item" or (leads and (not block or block[-1].kind == "item"))
        if block and not (goes_on and sum(len(one.text) for one in block) < _LONGEST):
            yield from _told(block)
            block = []
        if goes_on:
            block.append(each)
        else:
            yield [each]
    if block:
        yield from _told(block)


def _told(block: list[Passage]) -> Iterator[list[Passage]]:
    """A block as a whole where at least two of its items tell figures."""
    items = sum(each.kind == "item" and _DIGIT.search(each.text) is not None for each in block)
    if items > 1:
        yield block
    else:
        yield from ([each] for each in block)


def _joined(block: Sequence[Passage]) -> Passage:
    """Passages as the lines of one."""
    text, runs = "", []
    for each in block:
        runs += [(at + len(text), place) for at, place in each.runs]
        text += each.text + "\n"
    return block[0]._replace(kind="paragraph", text=text[:-1], runs=tuple(runs), end=block[-1].end)
