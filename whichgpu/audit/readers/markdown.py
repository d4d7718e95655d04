"""Markdown, and text with Markdown's tables: front matter, headings, lists, pipe tables whole and broken.

A broken table has one cell to a line, as articles have it that were copied from a page::

    | Feature |
    A6000 |
    A100 |
    | CUDA cores |
    ...

A line that starts with a pipe begins a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import Builder, Document, Passage, Table
from whichgpu.audit.readers._inline import INLINE, inline
from whichgpu.audit.readers._lines import (
    SUMMARIES,
    Line,
    cell,
    day_of,
    is_short_heading,
    leads_to,
    lines,
    listing,
    part,
    stacked,
    unquoted,
    unwrapped,
    written_on_top,
)
from whichgpu.audit.readers._piped import HEAD, broken_rows, head_lines, tables, unnumbered, whole_header
from whichgpu.audit.readers._tables import (
    Spread,
    aligned,
    closed_up,
    is_frame,
    is_row,
    is_rule,
    lead,
    piped,
    spread,
    table_of,
    unruled,
)
from whichgpu.audit.readers._typeset import typeset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.readers._typeset import Part

_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*$")
# One stroke is the mark of a list that lost its text.
_UNDERLINE = re.compile(r"^ {0,3}(=+|-{2,})[ \t]*$")
#: An item of a list; ": 24 GB" is one of a list of definitions, below its term.
_ITEM = re.compile(r"^([ \t]*)(?:[-*+\u2022:]|\d{1,3}[.)])[ \t]+(?=\S)")
_DEFINED = re.compile(r"^ {0,3}:[ \t]+\S")
_ITEM_TABLE = re.compile(_ITEM.pattern + r"\|")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_FRONT = re.compile(r"^([A-Za-z_][\w-]*)\s*:\s*(.*)$")
#: A line that is drawn above, below or between the columns of a table, as in reStructuredText.
_RULES = re.compile(r"\s*[-=]{3,}(?:\s+[-=]{3,})+\s*")
#: Ends of lines, and characters of a cell that has a line of its own at most.
_LINE_END, _CELL = re.compile(r"[\r\n]"), 60
#: Where a table in HTML begins, and ends.
_HTML_TABLE = re.compile(r"\s{0,3}(?:<(?:div|figure|center)\b[^<>]{0,200}>\s*)?<table\b", re.IGNORECASE)
_HTML_END = re.compile(r"</table\s*>(?:\s*</(?:div|figure|center)>)?", re.IGNORECASE)
_DATED = ("date", "datepublished", "published", "pubdate", "lastmod", "updated", "last_updated")


def read(text: str) -> Document:
    """A document from Markdown."""
    return _Reader(text).read()


_VERSUS = re.compile(r"\b(?:vs|versus|comparison)\b", re.IGNORECASE)
#: Characters of a title at most.
_LONGEST_TITLE = 120


class _Reader:
    """Goes through the lines once and collects passages and tables."""

    def __init__(self, text: str) -> None:
        self._original, self._typeset = typeset(text)
        rows = closed_up(unquoted(lines(self._original)))
        self._lines = [each for each in rows if not _RULES.fullmatch(each.text)]
        self._at = 0
        self._passages: list[Passage] = []
        self._tables: list[Table] = []
        self._section: list[str] = []
        self._title = ""
        self._written = ""
        self._unwrapped = unwrapped(self._lines)
        #: Lines that are a name and its value, in a list without marks.
        self._listed = listing(self._lines)
        #: Lines of cards, by the first one of a name with its values.
        self._stacked = stacked(self._lines)

    def read(self) -> Document:
        self._front()
        while self._at < len(self._lines):
            self._block()
        return Document(
            self._original,
            tuple(self._passages),
            tuple(self._tables),
            self._title or self._first(),
            self._written or written_on_top(self._lines),
            "markdown",
        )

    def _first(self) -> str:
        """What a text without headings begins with, where that may be its title."""
        first = self._passages[0].text if self._passages else ""
        if len(first) > _LONGEST_TITLE:
            # A page without marks: its first line, where that sets one thing against another.
            first = next(line.text.strip() for line in self._lines if line.text.strip())
            return first if is_short_heading(first) and _VERSUS.search(first) else ""
        return first

    def _front(self) -> None:
        """Metadata between two rules at the start of the file."""
        rows = self._lines
        if not rows or rows[0].text.strip() not in ("---", "+++"):
            return
        end = next(
            (i for i in range(1, min(len(rows), 200)) if rows[i].text.strip() == rows[0].text.strip()), 0
        )
        for line in rows[1:end]:
            match = _FRONT.match(line.text)
            if not match:
                continue
            key, value = match[1].lower(), match[2].strip().strip("\"'")
            if key == "title":
                self._title = value
            if value and (key == "title" or key in SUMMARIES):
                builder = Builder()
                builder.add(value, line.start + line.text.index(value))
                self._passages.append(builder.passage("title" if key == "title" else "front"))
            elif key in _DATED and not self._written:
                self._written = day_of(value)
        self._at = end + 1 if end else 0

    def _block(self) -> None:
        line = self._lines[self._at]
        if told := self._typeset.get(line.start):
            self._typeset_table(told)
        if not line.text.strip() or is_frame(line):
            self._at += 1
        elif _FENCE.match(line.text):
            self._fence(line)
        elif _HTML_TABLE.match(line.text):
            self._html_table(line)
        elif _HEADING.match(line.text):
            self._heading(line)
        elif _ITEM_TABLE.match(line.text):
            self._item(line)
        elif _STANDS_BELOW.match(line.text) and (rows := self._aligned()):
            self._columns(rows)
        elif self._table_begins(line):
            self._table()
        elif _ITEM.match(line.text):
            self._item(line)
        else:
            self._plain(line)

    def _aligned(self) -> Sequence[Sequence[tuple[str, int]]]:
        """Aligned columns whose cells have pipes: "FP16 Tensor Core     362 | 733*"."""
        return () if self._rule_follows() else aligned(self._lines, self._at)

    def _plain(self, line: Line) -> None:
        """A block without marks: aligned columns, a card, a name and its value, a heading, a paragraph."""
        if rows := aligned(self._lines, self._at):
            self._columns(rows)
        elif self._is_defined_once(line):
            self._definition(line)
        elif self._at in self._stacked:
            self._card(self._stacked[self._at])
        elif self._at in self._listed or self._is_led_to(line):
            self._card(1)
        elif self._is_heading(line):
            left = len(line.text) - len(line.text.lstrip())
            self._put_heading(line.text.strip(), line.start + left, 2)
            self._at += 1
        else:
            self._paragraph()

    def _is_led_to(self, line: Line) -> bool:
        """Whether a line that is short as a heading is an entry of what a line before leads to."""
        return is_short_heading(line.text) and leads_to(self._passages, line.text)

    def _is_heading(self, line: Line) -> bool:
        """Whether a line without marks heads what follows: in a text that was not wrapped, or a list."""
        after = self._lines[self._at + 1].text if self._at + 1 < len(self._lines) else ""
        heads = self._unwrapped or self._at + 1 in self._listed or _DEFINED.match(after) is not None
        return heads and is_short_heading(line.text)

    def _is_defined_once(self, line: Line) -> bool:
        """Whether a line is a name, and the next one all that defines it: "Memory", ": 24 GB"."""
        after = [each.text for each in self._lines[self._at + 1 : self._at + 3]]
        alone = len(after) == 1 or (len(after) > 1 and not after[1].strip())
        return alone and _DEFINED.match(after[0]) is not None and is_short_heading(line.text)

    def _definition(self, line: Line) -> None:
        """A name and its definition as one item: "Memory: 24 GB"."""
        builder, after = Builder(), self._lines[self._at + 1]
        for each in (line, after):
            inline(builder, each.text.strip(), each.start + len(each.text) - len(each.text.lstrip()))
        self._at += 2
        self._put(builder, "item", 1)

    def _card(self, count: int) -> None:
        """A name and its value on lines of their own; what is of two cards is not read for claims."""
        kind, count = ("item", count) if count else ("code", 1)
        rows = self._lines[self._at : self._at + count]
        self._at += count
        builder = Builder()
        for line in rows:
            left = len(line.text) - len(line.text.lstrip())
            part(builder, rows[0] if line is rows[-1] and len(rows) > 1 else None, line, line.start + left)
            inline(builder, line.text.strip(), line.start + left)
        self._put(builder, kind, 1)

    def _columns(self, rows: Sequence[Sequence[tuple[str, int]]]) -> None:
        """A table of aligned columns or of separated values, as in a text."""
        made = [[cell(piece, at, inline, self._section) for piece, at in row] for row in rows]
        self._tables.append(table_of(made, self._section))
        self._passages += [one for row in made for one in row if one is not None]
        self._at += len(rows)

    def _fence(self, line: Line) -> None:
        mark = _FENCE.match(line.text)
        assert mark is not None
        self._at += 1
        while self._at < len(self._lines) and not self._lines[self._at].text.lstrip().startswith(mark[1]):
            self._at += 1
        self._at += 1

    def _typeset_table(self, rows: Sequence[Sequence[Part]]) -> None:
        """A table of LaTeX, MediaWiki or AsciiDoc, whose own lines are blank by now."""
        section = self._section
        made = spread(
            [[Spread(cell(text, at, inline, section), down, across) for text, at, down, across in row]
             for row in rows]
        )  # fmt: skip
        if kept := [row for row in made if any(row)]:
            self._tables.append(table_of(kept, section, lead(self._passages)))
            self._passages += {id(each): each for row in kept for each in row if each is not None}.values()

    def _html_table(self, line: Line) -> None:
        """A table in HTML, which Markdown lets stand as it is: read as on a page."""
        from whichgpu.audit.readers import html

        ends = _HTML_END.search(self._original, line.start)
        end = ends.end() if ends else len(self._original)
        caption = lead(self._passages)
        page = html.read(self._original[line.start : end])
        moved = {id(each): each.moved(line.start, self._section) for each in page.passages}
        self._passages += moved.values()
        for table in page.tables:
            rows = tuple(tuple(moved.get(id(each)) if each else None for each in row) for row in table.rows)
            section = tuple(self._section)
            self._tables.append(Table(rows, section, table.caption or caption))
        while self._at < len(self._lines) and self._lines[self._at].start < end:
            self._at += 1

    def _heading(self, line: Line) -> None:
        match = _HEADING.match(line.text)
        assert match is not None
        self._put_heading(match[2], line.start + match.start(2), len(match[1]))
        self._at += 1

    def _put_heading(self, text: str, start: int, level: int) -> None:
        builder = Builder()
        inline(builder, text, start)
        if builder.empty:
            return
        del self._section[level - 1 :]
        passage = builder.passage("heading", level, self._section)
        self._passages.append(passage)
        self._section += [""] * (level - 1 - len(self._section)) + [passage.text]
        self._title = self._title or passage.text

    def _table_begins(self, line: Line) -> bool:
        return (
            line.text.lstrip().startswith("|")
            or (_is_table_row(line) and self._rule_follows())
            or unruled(self._lines, self._at)
            or self._cell_goes_on(self._at)
            or self._head_goes_on()
        )

    def _head_goes_on(self) -> bool:
        """Whether a header stands on several lines from this one on, with all the cells of the rule below."""
        near = [(line, piped(line)) for line in self._lines[self._at : self._at + HEAD] if is_row(line)]
        return "|" in self._lines[self._at].text and (
            head_lines(near) > 1 or len(whole_header(near)) < len(near)
        )

    def _rule_follows(self) -> bool:
        after = self._at + 1
        return after < len(self._lines) and is_rule(piped(self._lines[after]))

    def _table(self) -> None:
        """A run of lines with pipes: a whole table, or one with a cell to a line."""
        run: list[Line] = []
        while self._at < len(self._lines) and (
            is_row(line := self._lines[self._at]) or (run and self._is_mark())
        ):
            if is_row(line) and not is_frame(line):
                run.append(line)
            self._at += 1
            if run and self._cell_goes_on(self._at - 1):
                end = self._lines[self._at + 1].end
                run[-1] = Line(_LINE_END.sub(" ", self._original[line.start : end]), line.start)
                self._at += 2
        for cells in tables([(line, piped(line)) for line in run]):
            self._one_table(cells)

    def _is_mark(self) -> bool:
        """Whether a line is the mark of a change between two rows, as a page that shows changes has it."""
        after = self._lines[self._at + 1 : self._at + 2]
        return self._lines[self._at].text.strip() in ("-", "+") and bool(after) and is_row(after[0])

    def _one_table(self, cells: Sequence[tuple[Line, list[tuple[str, int]]]]) -> None:
        cells = whole_header(unnumbered(cells))
        if (head := head_lines(cells)) > 1:
            whole = [each for _, found in cells[:head] for each in found]
            cells = [(cells[0][0], whole), *cells[head:]]
        counts = [len(found) for _, found in cells if found and not is_rule(found)]
        broken = len(counts) > 2 and sum(count == 1 for count in counts) > 0.8 * len(counts)
        rows = broken_rows(cells) if broken else [found for _, found in cells if not is_rule(found)]
        made = [[cell(text, start, inline, self._section) for text, start in row] for row in rows]
        made = [row for row in made if any(row)]
        if not made:
            return
        self._tables.append(table_of(made, self._section, lead(self._passages)))
        self._passages += [one for row in made for one in row if one is not None]

    def _cell_goes_on(self, at: int) -> bool:
        """Whether a row's cell stands on the next line, and its end on the one after it: "936 GB/s", "|"."""
        rows = [line.text.strip() for line in self._lines[at : at + 3]]
        return (
            len(rows) > 2 and rows[0].endswith("|") and rows[0] != "|" and rows[2] == "|"
            and 0 < len(rows[1]) <= _CELL and "|" not in rows[1]
        )  # fmt: skip

    def _item(self, line: Line) -> None:
        match = _ITEM.match(line.text)
        assert match is not None
        if line.text.startswith("|", match.end()):
            self._lines[self._at] = Line(line.text[match.end() :], line.start + match.end())
            self._table()
            return
        level = 1 + len(match[1].expandtabs(4)) // 2
        first, builder = self._at, Builder()
        inline(builder, line.text[match.end() :], line.start + match.end())
        self._at += 1
        self._continue(builder, in_item=True)
        self._put(builder, "item", level)
        self._images(first)

    def _paragraph(self) -> None:
        first, line = self._at, self._lines[self._at]
        builder = Builder()
        inline(builder, line.text.strip(), line.start + len(line.text) - len(line.text.lstrip()))
        self._at += 1
        if self._listed_by_name(line):
            self._put(builder, "item", 1)
            self._images(first)
            return
        if self._at < len(self._lines) and _UNDERLINE.match(self._lines[self._at].text):
            level = 1 if "=" in self._lines[self._at].text else 2
            self._at += 1
            self._put_heading(line.text.strip(), line.start + len(line.text) - len(line.text.lstrip()), level)
            return
        self._continue(builder)
        self._put(builder, "paragraph")
        self._images(first)

    def _listed_by_name(self, line: Line) -> bool:
        """Whether a line begins with a name in bold type as one beside it does: a list without marks."""
        beside = (self._lines[at].text for at in (self._at - 2, self._at) if 0 <= at < len(self._lines))
        return _NAMED.match(line.text) is not None and any(map(_NAMED.match, beside))

    def _continue(self, builder: Builder, *, in_item: bool = False) -> None:
        """Add the lines that go on with a paragraph or an item; in a text that was not wrapped none does."""
        while not self._unwrapped and self._at < len(self._lines):
            line = self._lines[self._at]
            if (
                not line.text.strip()
                or _starts_block(line)
                or self._at in self._listed
                or self._at in self._stacked
                or self._columns_begin(line)
                or unruled(self._lines, self._at)
                or self._cell_goes_on(self._at)
                or (in_item and _begins_anew(self._lines[self._at - 1], line))
                or self._leads_to_items(line)
                or self._table_is_below(line)
            ):
                return
            if is_short_heading(line.text) and (self._at + 1 in self._listed or self._stands_above_table()):
                return
            builder.blank(line.start)
            left = len(line.text) - len(line.text.lstrip())
            inline(builder, line.text[left:], line.start + left)
            self._at += 1

    def _stands_above_table(self) -> bool:
        """Whether a line behind a whole sentence is right above a table: "Tesla P40 24GB - Full Specs"."""
        before, after = self._lines[self._at - 1].text, self._lines[self._at + 1 : self._at + 2]
        ends = before.rstrip().endswith((".", "!", "?", ":"))
        return ends and any(each.text.lstrip().startswith("|") for each in after)

    def _table_is_below(self, line: Line) -> bool:
        """Whether a table stands right below a line of text; a header of several lines has begun before."""
        return _is_table_row(line) and self._rule_follows() and not is_row(self._lines[self._at - 1])

    def _leads_to_items(self, line: Line) -> bool:
        """Whether a short line behind a whole sentence leads to the list right below it: "Mistral 7B:"."""
        before, after = self._lines[self._at - 1].text, self._lines[self._at + 1 : self._at + 2]
        leads = line.text.rstrip().endswith(":") and len(line.text) < _WIDTH
        ended = before.rstrip().endswith((".", "!", "?"))
        return leads and ended and any(_ITEM.match(each.text) for each in after)

    def _columns_begin(self, line: Line) -> bool:
        """Whether aligned columns begin with a line behind one that has none."""
        begins = _STANDS_BELOW.match(line.text) and not _STANDS_BELOW.match(self._lines[self._at - 1].text)
        return bool(begins and self._aligned())

    def _images(self, first: int) -> None:
        """The texts of the pictures in the lines from one on that were read."""
        for line in self._lines[first : self._at]:
            for match in INLINE.finditer(line.text) if "![" in line.text else ():
                if match["alt"]:
                    builder = Builder()
                    builder.add(match["alt"], line.start + match.start("alt"))
                    self._put(builder, "alt")

    def _put(self, builder: Builder, kind: str, level: int = 0) -> None:
        if not builder.empty:
            self._passages.append(builder.passage(kind, level, self._section))


#: A line that begins with a name in bold type: "**Arc A750** - 8 GB", "**RTX 4090:** 24 GB".
_NAMED = re.compile(r"\s*\*\*[^*\n]{2,60}(?::\*\*|\*\*\s*(?:[:\u2013\u2014(]|-\s))\s*\S[^\n]{0,160}$")


#: A name and its value far behind it, as a data sheet prints them.
_STANDS_BELOW = re.compile(r"[^|\s][^|]{0,50}?\S {3,60}[^|\s]")


def _is_table_row(line: Line) -> bool:
    return line.text.count("|") > 0


#: What begins a sentence or leads to a list, and so long a line at least is broken at a width.
_ANEW = re.compile(r"[A-Z](?:\S*\s+\S+){3}|[A-Z].*:\s*$")
_WIDTH = 60


def _begins_anew(before: Line, line: Line) -> bool:
    """Whether a line behind an item is no part of it: its first word would have gone onto the item's line."""
    first = line.text.split()[0]
    return _ANEW.match(line.text) is not None and len(before.text) + 1 + len(first) < _WIDTH


def _starts_block(line: Line) -> bool:
    return bool(
        _HEADING.match(line.text) or _ITEM.match(line.text) or _FENCE.match(line.text)
        or line.text.lstrip().startswith("|") or _UNDERLINE.match(line.text)
    )  # fmt: skip
