"""What an article is made of: passages of plain text that know where they stand in the file.

Claims are looked for in the text of passages, which has no markup, entities or line breaks; what is found is
quoted from the file, whose characters every offset counts. A passage maps one onto the other.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: What a passage can be. `front` is metadata, `alt` the text of an image, `code` is not read for claims.
KINDS = ("title", "heading", "paragraph", "item", "cell", "caption", "alt", "front", "code")


class Passage(NamedTuple):
    """A stretch of plain text, and where its characters stand in the file.

    `runs` are pairs (place in `text`, place in the file), sorted: from each on, characters stand one after
    the other in both. `end` is the place in the file after the last character.
    """

    kind: str
    text: str
    runs: tuple[tuple[int, int], ...]
    end: int
    #: Depth of a heading or of a list item, from 1.
    level: int = 0
    #: Headings above, the nearest last.
    section: tuple[str, ...] = ()

    def place(self, at: int) -> int:
        """Where the character at a place of the text stands in the file."""
        return _place(self.runs, at)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Start and end in the file of a stretch of the text; an empty one is empty there."""
        if end <= start:
            return self.place(start), self.place(start)
        return self.place(start), self.place(end - 1) + 1

    @property
    def start(self) -> int:
        """Where the first character stands in the file."""
        return self.runs[0][1] if self.runs else self.end

    def moved(self, by: int, section: Sequence[str] = ()) -> Passage:
        """The passage as it stands in a file that holds its own from some character on."""
        runs = tuple((at, place + by) for at, place in self.runs)
        return self._replace(runs=runs, end=self.end + by, section=(*section, *self.section))

    def placed(self, start: int, end: int, to: int) -> list[tuple[int, int]]:
        """The runs of a stretch that stays as it is in a text in which it begins somewhere else."""
        if end <= start:
            return []
        inside = [(at - start + to, place) for at, place in self.runs if start < at < end]
        return [(to, self.place(start)), *inside]

    def part(self, start: int, end: int) -> Passage:
        """A stretch of it as a passage of its own."""
        runs = _cut(self.runs, start, end)
        return self._replace(text=self.text[start:end], runs=runs, end=self.span(start, end)[1])


def pieces(passage: Passage, longest: int = 4000) -> Iterator[Passage]:
    """A passage, in pieces if it is longer than any paragraph is, so that the time stays bounded."""
    text = passage.text
    if len(text) <= longest:
        yield passage
        return
    at = 0
    while at < len(text):
        end = at + longest
        cut = max(text.rfind(". ", at + longest // 2, end) + 1, text.rfind(" ", at + longest // 2, end), 0)
        end = min(cut if cut > at else end, len(text))
        yield passage.part(at, end)
        at = end


class Table(NamedTuple):
    """Cells by row and column; the first row and the first column usually name what is in the others.

    A cell that is missing in the file is None. `caption` is what stands before or after it.
    """

    rows: tuple[tuple[Passage | None, ...], ...]
    section: tuple[str, ...] = ()
    caption: str = ""

    @property
    def columns(self) -> int:
        """Cells of the longest row."""
        return max((len(row) for row in self.rows), default=0)

    def cell(self, row: int, column: int) -> Passage | None:
        """A cell; None where there is none."""
        cells = self.rows[row]
        return cells[column] if column < len(cells) else None

    def __iter__(self) -> Iterator[Passage]:  # type: ignore[override]
        """Every cell, row by row."""
        return (cell for row in self.rows for cell in row if cell is not None)


#: Kinds of passages that are running text; that with headings; all that are read for sentences.
RUNNING = ("paragraph", "item", "caption")
HEADED = ("heading", *RUNNING)
PROSE = ("title", *HEADED)


class Document(NamedTuple):
    """An article: its file as text, its passages in order (cells of tables among them), its tables."""

    original: str
    passages: tuple[Passage, ...]
    tables: tuple[Table, ...]
    title: str = ""
    #: The day it says that it was written on, ISO; empty where it does not.
    written: str = ""
    #: The format that it was read as.
    form: str = "text"
    #: What of it is not read for claims, in words.
    unread: tuple[str, ...] = ()

    def running(self) -> Iterator[tuple[int, Passage]]:
        """Passages of running text, each with its place among all."""
        return ((index, p) for index, p in enumerate(self.passages) if p.kind in RUNNING)

    def prose(self) -> Iterator[Passage]:
        """Passages that are read for sentences, in order."""
        return (p for p in self.passages if p.kind in PROSE)


class Builder:
    """Puts the plain text of a passage together from stretches of the file."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._length = 0
        self._runs: list[tuple[int, int]] = []
        self._end = 0

    def add(self, text: str, origin: int, length: int | None = None) -> None:
        """Append text that stands at `origin`, where it takes `length` if that differs (an entity)."""
        if not text:
            return
        self._runs.append((self._length, origin))
        self._text.append(text)
        self._length += len(text)
        self._end = origin + (len(text) if length is None else length)

    def blank(self, origin: int) -> None:
        """Append one blank for what separates words in the file, unless there is one already."""
        if self._text and not self._text[-1].endswith(" "):
            self.add(" ", origin)

    @property
    def empty(self) -> bool:
        """Whether there is nothing but blanks."""
        return not "".join(self._text).strip()

    def passage(self, kind: str, level: int = 0, section: Sequence[str] = ()) -> Passage:
        """What was put together, without the blanks around it."""
        text = "".join(self._text)
        left = len(text) - len(text.lstrip())
        right = len(text.rstrip())
        runs = _cut(self._runs, left) if left else tuple(self._runs)
        end = _place(self._runs, right - 1) + 1 if right > left else self._end
        return Passage(kind, text[left:right], runs or ((0, self._end),), end, level, tuple(section))


def _place(runs: Sequence[tuple[int, int]], at: int) -> int:
    """Where the character at a place of a text of such runs stands in the file."""
    index = bisect_right(runs, (at, 1 << 62)) - 1
    start, origin = runs[max(index, 0)]
    return origin + at - start


def _cut(runs: Sequence[tuple[int, int]], left: int, right: int | None = None) -> tuple[tuple[int, int], ...]:
    """Runs of a text without its first `left` characters, and without those from `right` on."""
    first = max(bisect_right(runs, (left, 1 << 62)) - 1, 0)
    last = bisect_left(runs, (right, -1), first) if right is not None else len(runs)
    return tuple((max(start - left, 0), origin + max(left - start, 0)) for start, origin in runs[first:last])
