"""Marks of LaTeX, MediaWiki, AsciiDoc, reStructuredText, Jira and BBCode as Markdown's, and their tables.

What is markup becomes marks that Markdown leaves out, as many characters of them, so that offsets still
count the file's. Tables are read here, since their rows and cells begin and span as each language has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


class Part(NamedTuple):
    """A cell's text, where it starts in the file, and how many rows and columns it is over."""

    text: str
    start: int
    rows: int = 1
    columns: int = 1


class Typeset(NamedTuple):
    """A text with Markdown's marks, and its tables by where their first lines start: rows of cells."""

    text: str
    tables: Mapping[int, Sequence[Sequence[Part]]]


class _Region(NamedTuple):
    """A table in a file: where its markup is, where its rows are, and what is told of its columns."""

    file: str
    start: int
    end: int
    first: int
    last: int
    columns: str = ""


def _gone(text: str) -> str:
    """As many characters that Markdown leaves out, without a blank; the ends of lines stay."""
    if "\n" in text:
        return "\n".join(map(_gone, text.split("\n")))
    return f"<{'i' * (len(text) - 2)}>" if len(text) > len("<>") else "`" * len(text)


def _kept(before: str = "") -> Callable[[re.Match[str]], str]:
    """What replaces a match: its group `t`, and something instead of what stands before that."""

    def made(match: re.Match[str]) -> str:
        start, end = (place - match.start() for place in match.span("t"))
        return f"{before}{_gone(match[0][len(before) : start])}{match['t']}{_gone(match[0][end:])}"

    return made


def _as(text: str) -> Callable[[re.Match[str]], str]:
    """What replaces a match of as many characters or more."""
    return lambda match: text + _gone(match[0][len(text) :])


def _heading(match: re.Match[str]) -> str:
    """A heading by as many marks as it has."""
    return _kept(f"{'#' * len(match['marks'])} ")(match)


#: Signs and units of LaTeX by the names of their commands.
_SIGNS = {
    "item": "- ", "times": "\u00d7", "sim": "~", "approx": "~", "checkmark": "\u2713", "cmark": "\u2713",
    "per": "/", "giga": "G", "gibi": "Gi", "mega": "M", "tera": "T", "kilo": "k", "byte": "B", "watt": "W",
    "second": "s", "hertz": "Hz",
}  # fmt: skip
_LATEX = (
    (r"(?<!\\)%[^\n]*", _as("")),
    (r"\\(?:multicolumn|multirow)\{[^{}\n]{1,8}\}(?:\[[^\[\]\n]{0,8}\])?"
     r"\{(?:[^{}\n]|\{[^{}\n]{0,40}\}){0,40}\}", _as("")),
    (r"\\tnote\{[^{}\n]{0,12}\}|\$\^\{?\\?[a-z\d]{1,8}\}?\$|\^(?=\{?\*)", _as("")),
    (r"\\cmidrule(?:\([a-z]{0,4}\))?\{[\d -]{1,8}\}", _as("")),
    (r"\\(?:begin|end|label|ref|eqref|cite\w*|[vh]space|usepackage|documentclass|includegraphics|cline|"
     r"(?:row|cell|text)color|bibliography\w*)\*?"
     r"(?:\[[^\[\]\n]{0,80}\])?\{[^{}\n]{0,80}\}(?:\[[^\[\]\n]{0,8}\])?", _as("")),
    (r"\\(?:title|chapter|section)\*?\{(?P<t>[^{}\n]{1,200})\}", _kept("# ")),
    (r"\\(?:sub){1,2}section\*?\{(?P<t>[^{}\n]{1,200})\}", _kept("## ")),
    (rf"\\(?P<name>{'|'.join(_SIGNS)})(?![a-z])", lambda match: _as(_SIGNS[match["name"]])(match)),
    (r"\\[,;: ]|~|\\q?quad\b|\}\{", lambda match: f"{_gone(match[0][1:])} "),
    (r"\\[A-Za-z]+\*?|\\(?=[%&$_#{}])|[{}]|\$", _as("")),
    (r"--", _as("\u2013")),
)  # fmt: skip
_WIKI = (
    (r"<ref\b[^<>\n]{0,200}/>|<ref\b[^<>\n]{0,200}>(?:(?!</ref)[^\n]){0,2000}</ref>", _as("")),
    (r"\[\[(?:File|Image|Category):[^\[\]\n]{0,400}\]\]", _as("")),
    (r"\[\[(?:[^\[\]|\n]{1,200}\|)?(?P<t>[^\[\]|\n]{1,200})\]\]", _kept()),
    (r"^(?P<marks>={1,6})\s?(?P<t>[^=\n]{1,200}?)\s?={1,6}[ \t]*$", _heading),
    (r"\{\{Infobox[^\n]{0,80}", _as("")),
    (r"^\|\s?(?:name|title)\s{0,20}=[ \t]?(?P<t>[^\n|{}]{1,120})$", _kept("# ")),
    (r"^\|(?P<key>[ \t]?[a-z_ \d]{2,24}?)[ \t]{0,20}=(?=[^\n=]{1,400}$)",
     lambda match: f"-{match['key'].replace('_', ' ')}:".ljust(len(match[0]))),
    (r"\{\{[\w ]{1,24}\|(?P<t>[^{}|\n]{1,80})(?:\|[^{}\n]{0,80})?\}\}", _kept()),
    (r"\{\{[^{}\n]{0,200}\}\}|'{2,5}", _as("")),
    (r"^\}\}", lambda match: " " * len(match[0])),
)  # fmt: skip
_ASCIIDOC = (
    (r"^(?P<marks>={1,6}) (?P<t>[^\n]{1,200})$", _heading),
    (r"^\[[^\[\]\n]{0,200}\][ \t]*$", _as("")),
    (r"^\.(?P<t>[A-Z][^\n]{1,200})$", _kept()),
)
_RST = (
    (r"^\.\. [a-z-]{2,24}::[ \t]*$|^[ \t]{1,12}:[a-z-]{2,24}:[^\n]{0,120}$", _as("")),
    (r"^\.\. [a-z-]{2,24}:: (?P<t>[^\n]{1,200})$", _kept()),
)
_BBCODE = (
    (r"\[\*\][ \t]?", _as("- ")),
    (r"\[/?(?:size|b|i|u|s|color|url|list|table|tr|td|th|quote|center|font)\b[^\[\]\n]{0,80}\]", _as("")),
)
_JIRA = (
    (r"^h(?P<n>[1-6])\. ", lambda match: f"{'#' * min(int(match['n']), 3)} ".ljust(4)),
    (r"\|\|", lambda _: " |"),
)


def typeset(text: str) -> Typeset:
    """A text as Markdown has it; the same text where it has no table in any of these languages."""
    for looks, regions, rules, rows in (
        (r"\begin{", _tabulars, _LATEX, _latex_rows),
        ("{|", _wikitables, _WIKI, _wiki_rows),
        ("|===", _adoc_tables, _ASCIIDOC, _adoc_rows),
        ("list-table::", _list_tables, _RST, _list_rows),
        ("[td]", _bbcode_tables, _BBCODE, _bbcode_rows),
    ):
        if looks not in text:
            continue
        flat = _NESTED.sub(_flat, text) if rules is _LATEX else text
        if found := list(_apart(regions(flat))):
            plain = _with(rules, flat)
            tables = {
                text.rfind("\n", 0, each.start) + 1: [
                    row for row in rows(each, plain) if any(part.text.strip() for part in row)
                ]
                for each in found
            }
            return Typeset(_without(plain, found), tables)
    return Typeset(_with(_JIRA, text) if _JIRA_HEAD.search(text) else text, {})


#: The header of a table in Jira, whose rows are those of Markdown.
_JIRA_HEAD = re.compile(r"^\|\|(?:[^|\n]{1,80}\|\|){2,40}[ \t]*$", re.MULTILINE)


#: Lines inside of a cell: "\\makecell{Memory\\\\(GB)}", and a table of one column that stands for them.
_NESTED = re.compile(
    r"\\(?:makecell|thead|shortstack)\*?(?:\[[^\[\]\n]{0,8}\])?\{(?P<a>[^{}]{0,200})\}|"
    r"\\begin\{tabular\}(?:\[[^\[\]\n]{0,4}\])?\{(?:@\{\})?[lcr](?:@\{\})?\}"
    r"(?P<b>(?:(?!\\(?:begin|end)\{)[^&]){0,300})\\end\{tabular\}"
)


def _flat(match: re.Match[str]) -> str:
    """The lines of a cell as one, in as many characters."""
    name = "b" if match["b"] is not None else "a"
    start, end = (place - match.start() for place in match.span(name))
    inside = match[name].replace("\\\\", "  ").replace("\n", " ")
    return f"{' ' * start}{inside}{' ' * (len(match[0]) - end)}"


def _apart(regions: Iterable[_Region]) -> Iterator[_Region]:
    """Tables, those that stand in another one left out."""
    end = 0
    for each in regions:
        if each.start >= end:
            yield each
            end = each.end


def _without(text: str, regions: Sequence[_Region]) -> str:
    """A text whose tables are blank, line by line."""
    made, at = [], 0
    for each in regions:
        lines = (" " * len(line) for line in text[each.start : each.end].split("\n"))
        made += [text[at : each.start], "\n".join(lines)]
        at = each.end
    return "".join((*made, text[at:]))


def _with(rules: Sequence[tuple[str, Callable[[re.Match[str]], str]]], text: str) -> str:
    """A text after every rule."""
    for pattern, made in rules:
        text = re.sub(pattern, made, text, flags=re.MULTILINE | re.IGNORECASE)
    return text


def _pieces(region: _Region, start: int, end: int, mark: re.Pattern[str]) -> list[tuple[int, int]]:
    """The stretches between marks, as places in the file."""
    text, at, made = region.file[start:end], start, []
    for match in mark.finditer(text):
        made.append((at, start + match.start()))
        at = start + match.end()
    return [*made, (at, end)]


def _part(plain: str, start: int, end: int, rows: int = 1, columns: int = 1) -> Part:
    return Part(plain[start:end].replace("\n", " "), start, rows, columns)


_TABULAR = re.compile(
    r"\\begin\{(?P<kind>tabular[xy]?\*?|longtable)\}(?:\[[^\[\]\n]{0,20}\]|\{(?:[^{}\n]|\{[^{}\n]{0,80}\}){0,200}\}){1,2}"
)
_LATEX_ROW, _LATEX_CELL = (
    re.compile(r"\\\\(?:\[[^\[\]\n]{1,12}\])?|\\tabularnewline\b"),
    re.compile(r"(?<!\\)&"),
)
_LATEX_WIDE = re.compile(r"[^&]{0,80}?\\multicolumn\{(\d{1,2})\}")


def _tabulars(text: str) -> Iterator[_Region]:
    for match in _TABULAR.finditer(text):
        closing = rf"\end{{{match['kind']}}}"
        end = text.find(closing, match.end())
        if end < 0:
            return
        yield _Region(text, match.start(), end + len(closing), match.end(), end)


def _latex_rows(region: _Region, plain: str) -> Iterator[list[Part]]:
    r"""Rows to `\\`, cells to `&`; below a cell over several rows the file has empty ones."""
    for first, last in _pieces(region, region.first, region.last, _LATEX_ROW):
        row = []
        for start, end in _pieces(region, first, last, _LATEX_CELL):
            wide = _LATEX_WIDE.match(region.file[start:end])
            row.append(_part(plain, start, end, columns=int(wide[1]) if wide else 1))
        yield row


_WIKITABLE = re.compile(r"^:?\{\|[^\n]{0,300}\n", re.MULTILINE)
_WIKI_ROW = re.compile(r"^\|-[^\n]*\n", re.MULTILINE)
_WIKI_CELL = re.compile(r"^[|!](?![-}+])|\|\||!!", re.MULTILINE)
_OVER = re.compile(r"\b(row|col)span\s*=\s*[\"']?(\d{1,2})", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"[^|\n]{0,200}=[^|\n]{0,200}\|(?!\|)")


def _wikitables(text: str) -> Iterator[_Region]:
    for match in _WIKITABLE.finditer(text):
        end = text.find("\n|}", match.end() - 1)
        if end < 0:
            return
        yield _Region(text, match.start(), end + len("\n|}"), match.end(), end + 1)


def _wiki_rows(region: _Region, plain: str) -> Iterator[list[Part]]:
    """Rows to `|-`; cells from `|` or `!` at the start of a line, and `||` or `!!`; attributes before `|`."""
    for first, last in _pieces(region, region.first, region.last, _WIKI_ROW):
        row = []
        for start, end in _pieces(region, first, last, _WIKI_CELL)[1:]:
            told = _ATTRIBUTES.match(region.file[start:end])
            over = {each[1].lower(): int(each[2]) for each in _OVER.finditer(told[0] if told else "")}
            at = start + (told.end() if told else 0)
            row.append(_part(plain, at, end, max(over.get("row", 1), 1), max(over.get("col", 1), 1)))
        yield row


_ADOC_TABLE = re.compile(
    r"^(?:\[(?P<told>[^\[\]\n]{0,200})\][ \t]*\n(?:\.[^\n]{1,200}\n)?)?\|={3,}[ \t]*\n", re.MULTILINE
)
_ADOC_CELL = re.compile(
    r"(?:(?P<columns>\d{1,2})?(?:\.(?P<rows>\d{1,2}))?\+)?[<^>]?(?:\.[<^>])?(?<![a-z])[aehlms]?(?<!\\)\|"
)
_COLUMNS = re.compile(r"cols\s*=\s*(?:\"([^\"]{1,80})\"|([\d*,a-z<^>.]{1,40}))")
_REPEATED = re.compile(r"\s*(\d{1,2})\*")


def _adoc_tables(text: str) -> Iterator[_Region]:
    for match in _ADOC_TABLE.finditer(text):
        end = text.find("\n|===", match.end() - 1)
        if end < 0:
            return
        after = (text.find("\n", end + 1) + 1 or len(text) + 1) - 1
        yield _Region(text, match.start(), after, match.end(), end + 1, match["told"] or "")


def _adoc_rows(region: _Region, plain: str) -> Iterator[list[Part]]:
    """Cells from `|`, as many to a row as there are columns, however they stand in lines."""
    inside = region.file[region.first : region.last]
    marks = list(_ADOC_CELL.finditer(inside))
    told = _COLUMNS.search(region.columns)
    line = next((each for each in inside.splitlines() if each.strip()), "")
    wide = _number(told[1] or told[2]) if told else sum(1 for _ in _ADOC_CELL.finditer(line))
    #: Columns of each row that cells above it reach down to.
    taken: dict[int, int] = {}
    row: list[Part] = []
    filled = index = 0
    ends = [*(each.start() for each in marks[1:]), len(inside)]
    for mark, until in zip(marks, ends, strict=False):
        rows, columns = int(mark["rows"] or 1), int(mark["columns"] or 1)
        row.append(_part(plain, region.first + mark.end(), region.first + until, rows, columns))
        for below in range(1, rows):
            taken[index + below] = taken.get(index + below, 0) + columns
        filled += columns
        if filled >= wide - taken.get(index, 0):
            yield row
            row, filled, index = [], 0, index + 1
    yield row


def _number(columns: str) -> int:
    """How many columns a list of them tells: "2,1,1", "3*", "1,4*^"."""
    repeated = (_REPEATED.match(each) for each in columns.split(","))
    return sum(int(each[1]) if each else 1 for each in repeated)


_LIST_TABLE = re.compile(
    r"^\.\. list-table::[^\n]{0,200}\n(?:[ \t]{1,12}:[^\n]{1,120}\n|[ \t]*\n){0,12}", re.MULTILINE
)
#: The line after the last that is indented or empty.
_ENDS = re.compile(r"^(?=\S)", re.MULTILINE)
_LIST_ROW = re.compile(r"^[ \t]{1,12}\*[ \t](?=[ \t]{0,4}-(?:[ \t]|$))", re.MULTILINE)
_LIST_CELL = re.compile(r"^[ \t]{0,16}-(?:[ \t]|$)", re.MULTILINE)


def _list_tables(text: str) -> Iterator[_Region]:
    for match in _LIST_TABLE.finditer(text):
        ends = _ENDS.search(text, match.end())
        end = ends.start() if ends else len(text)
        # The title stays, as the paragraph above it.
        yield _Region(text, match.end(), end, match.end(), end)


def _list_rows(region: _Region, plain: str) -> Iterator[list[Part]]:
    """Rows from `*`, cells from `-`."""
    for first, last in _pieces(region, region.first, region.last, _LIST_ROW)[1:]:
        yield [_part(plain, *each) for each in _pieces(region, first, last, _LIST_CELL)[1:]]


_BBCODE_TABLE = re.compile(r"\[table\b[^\[\]\n]{0,80}\]", re.IGNORECASE)
_BBCODE_ROW = re.compile(r"\[tr\b[^\[\]\n]{0,40}\]", re.IGNORECASE)
_BBCODE_CELL = re.compile(r"\[t[dh]\b[^\[\]\n]{0,40}\]", re.IGNORECASE)


def _bbcode_tables(text: str) -> Iterator[_Region]:
    closing, small = "[/table]", text.lower()
    for match in _BBCODE_TABLE.finditer(text):
        end = small.find(closing, match.end())
        if end < 0:
            return
        yield _Region(text, match.start(), end + len(closing), match.end(), end)


def _bbcode_rows(region: _Region, plain: str) -> Iterator[list[Part]]:
    for first, last in _pieces(region, region.first, region.last, _BBCODE_ROW)[1:]:
        yield [_part(plain, *each) for each in _pieces(region, first, last, _BBCODE_CELL)[1:]]
