"""Turns of phrase as the plain statement that they come to, for it to be read by the same rules as any other.

"An A10G reads its memory at 600 GB/s" is read as "an A10G has a memory bandwidth of 600 GB/s". The turns are
data (`data/rewordings/`): a pattern, and what it says with the groups that stay as they are. A passage that
is reworded still knows where each of its characters stands in the file.
"""

from __future__ import annotations

from functools import cache
from string import Formatter
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.sentences import sentences
from whichgpu.facts import store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage


class _Turn(NamedTuple):
    """A turn of phrase: its pattern, and what it says as pairs of words and the group that follows them.

    `unless` is what beside it in its sentence makes it say something else.
    """

    pattern: re.Pattern[str]
    says: tuple[tuple[str, str], ...]
    unless: re.Pattern[str] | None


def reworded(passage: Passage) -> Passage:
    """A passage with its turns of phrase as what they say."""
    for turn in _turns():
        found = turn.pattern.search(passage.text)
        while found:
            says_else = turn.unless is not None and turn.unless.search(_sentence(passage.text, *found.span()))
            passage, at = (passage, found.end()) if says_else else _put(passage, found, turn)
            found = turn.pattern.search(passage.text, at)
    return passage


def _sentence(text: str, start: int, end: int) -> str:
    """The sentence, or the sentences, that a stretch of a text stands in."""
    within = [each for each in sentences(text) if each.start < end and start < each.end]
    return text[min(start, within[0].start) : max(end, within[-1].end)] if within else text[start:end]


@cache
def _turns() -> Sequence[_Turn]:
    files = store.load("rewordings")
    parts: Mapping[str, str] = files["parts"]["part"]
    rows = [row for name in sorted(files) for row in files[name].get("turn", ())]
    return tuple(
        _Turn(
            _pattern(row["find"], parts),
            tuple(_pieces(row["says"])),
            _pattern(row["unless"], parts) if "unless" in row else None,
        )
        for row in rows
    )


def _pattern(find: str, parts: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile(re.with_parts(find, parts), re.IGNORECASE)


def _pieces(says: str) -> Iterator[tuple[str, str]]:
    return ((words, group or "") for words, group, _, _ in Formatter().parse(says))


def _each_once(turn: _Turn, found: re.Match[str]) -> Iterator[tuple[str, str]]:
    """What a turn says, a group that is said again as words that are put in."""
    done: set[str] = set()
    for words, group in turn.says:
        yield (words + found[group], "") if group in done else (words, group)
        done.add(group) if group else None


def _put(passage: Passage, found: re.Match[str], turn: _Turn) -> tuple[Passage, int]:
    """A passage with one turn as what it says, and where in it that ends."""
    start, end = found.span()
    text, runs = passage.text[:start], passage.placed(0, start, 0)
    done = start
    for said, group in _each_once(turn, found):
        first, behind = found.span(group) if group else (end, end)
        opens = start == len(text) and not text.rstrip()[-1:].strip(".!?:")
        words = said[:1].upper() + said[1:] if opens else said
        # Words that are put in stand, each of them, where those do that they are put in place of.
        many = max(first, done) - done
        runs += [
            (len(text) + at, passage.place(min(done + at * many // len(words), end - 1)))
            for at in range(len(words))
        ]
        text += words
        if group and behind > first:
            runs += passage.placed(first, behind, len(text))
            kept = passage.text[first:behind]
            # A group that now begins a sentence is written as such.
            text += kept[:1].upper() + kept[1:] if opens and not said else kept
            done = behind
    at = len(text)
    runs += passage.placed(end, len(passage.text), at)
    return passage._replace(text=text + passage.text[end:], runs=tuple(runs)), at
