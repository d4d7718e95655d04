"""Tables with a device to a line that lost their marks: "GPU VRAM TDP", and below it "L40S 48 GB 350 W".

A header is a line of names of attributes, words of other columns between them; rows begin with a device and
have as many values behind it. What stands where is then plain.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.document import Table
from whichgpu.audit.values.attributes import named
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.hardware.catalogue import Catalogue

#: Characters of a header and of a row at most, rows that are a table at least, and columns.
_LONGEST, _ROWS, _COLUMNS = 200, 2, 2
#: Rows and columns together that are no chance.
_SURE = 5
#: Words among which the name of a row ends.
_WORDS = 8
#: The column of the names, and what may stand in front of it.
_NAMES = re.compile(
    r"\W*(?:(?:#|no\.?|rank|id)\s+)?(?:gpus?|cards?|models?|devices?|accelerators?|graphics cards?|names?|"
    r"karte|carte|grafikkarte|tarjeta|modell|mod\u00e8le|modelo|modello)\b",
    re.IGNORECASE,
)
#: The beginning of a header whose column of names has none.
_UNNAMED = re.compile(r"(?=\D{8,160}$)")
_OPENED = re.compile(r"\([^()]*$")
_RANK = re.compile(
    r"\W*(?:\d{1,3}[.)]?\s+)?(?:(?:NVIDIA|AMD|GeForce|Tesla|Quadro|Radeon)\s+)*", re.IGNORECASE
)
_WORD = re.compile(r"\S+(?:\s?\([^()]{1,14}\))?")
#: A value of a row: a number with its unit, a type of memory, a price, one word, or none.
_VALUE = re.compile(
    r"\s+(?P<value>[~\u2248]?[$\u20ac]?\d[\d.,]*(?:\s?(?:[GT]i?B/s|[GT]b/s|[GT]bps|[GT]B|GiB|MB|W(?:atts?)?|[MG]Hz|nm|-?bits?|"
    r"G(?:Pixels?|Texels?)/s|[TGP]FLOPS|TOPS|mm\u00b2|billion|million|USD)(?![A-Za-z])(?:/s)?|/(?:hr?|hour|mo)\b|[xX%](?!\w)|(?!\S))"
    r"(?:,?\s(?:GDDR\d[Xx]?|HBM\d?[Ee]?))?(?:,\s\d{2,4}-bit)?|"
    r"(?:GDDR\d[Xx]?|HBM\d?[Ee]?)|Ada Lovelace|RDNA \d|"
    r"(?:G[APHVKMB]|AD|TU)\d{3}|Navi \d{2}|[A-Z][A-Za-z]{2,11}|"
    r"N/A|[-\u2013\u2014\u2713\u2717])(?=\s|$)"
)


class _Head(NamedTuple):
    """A line of names of columns: that of the devices, and the others in their order."""

    first: Passage
    columns: tuple[Passage, ...]


def is_a_cell(index: int, context: Context) -> bool:
    """Whether an item is a cell of a table with a cell to a line: one beside it is a bare number."""
    beside = context.document.passages[max(0, index - 1) : index + 2]
    return any(each.kind == "item" and _NUMBER.fullmatch(each.text) for each in beside)


_NUMBER = re.compile(r"\W*\d[\d.,]*\W*")


def lined(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[Table, Sequence[Passage]]]:
    """Every such table, with the lines that it takes."""
    at = 0
    while at < len(every):
        taken = 0
        for head in _heads(every[at], catalogue):
            rows = _rows(every[at + 1 :], len(head.columns), catalogue)
            known = sum(any(True for _ in mentions(row[0].text, catalogue)) for row in rows)
            if known >= _ROWS and known + len(head.columns) >= _SURE:
                taken = len(rows)
                yield Table(((head.first, *head.columns), *rows)), every[at : at + 1 + taken]
                break
        at += 1 + taken


#: Lines that one header, or one row, may be broken over.
_BROKEN = 16


def wrapped(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[Table, Sequence[Passage]]]:
    """Every such table whose header and rows are broken over lines, each row from a device to the next."""
    at = 0
    while at < len(every):
        first = _NAMES.match(every[at].text)
        starts = _starts(every, at, catalogue) if first else []
        if len(starts) <= _ROWS:
            at += 1
            continue
        whole = [joined(every[a:b]) for a, b in pairwise([at, *starts])]
        found = next(lined([each for each in whole if each], catalogue), None)
        rows = len(found[1]) - 1 if found else 0
        if found:
            yield found[0], every[at : starts[rows]]
        at = starts[rows] if found else at + 1


def _starts(every: Sequence[Passage], at: int, catalogue: Catalogue) -> list[int]:
    """The lines behind a header that begin with a device, none too far from the one before, and the end."""
    found: list[int] = []
    index = at + 1
    while index < len(every) and index - (found or [at])[-1] <= _BROKEN:
        begins = _RANK.match(every[index].text)
        named = next(iter(mentions(every[index].text, catalogue)), None) if begins else None
        if begins and named and named.start <= begins.end():
            found.append(index)
        index += 1
    if found:
        # The last row takes as many lines as the one before it.
        step = found[-1] - found[-2] if len(found) > 1 else 1
        found.append(min(found[-1] + step, len(every)))
    return found


def joined(parts: Sequence[Passage]) -> Passage | None:
    """Lines as one, words that a hyphen ends put together; None where there are none."""
    if not parts:
        return None
    text, runs = "", []
    for each in parts:
        text += "" if not text or text.endswith("-") else " "
        runs += [(len(text) + place, origin) for place, origin in each.runs]
        text += each.text
    return parts[0]._replace(text=text, runs=tuple(runs), end=parts[-1].end)


def _heads(line: Passage, catalogue: Catalogue) -> Iterator[_Head]:
    """The columns of a header, by the longest names of attributes in it, then by those of single words."""
    if len(line.text) > _LONGEST or any(True for _ in mentions(line.text, catalogue)):
        return
    first = _NAMES.match(line.text) or _UNNAMED.match(line.text)
    if first is None:
        return
    begin = first.end()
    found = [
        (begin + each.start, begin + each.end)
        for each in named(line.text[begin:])
        # "Power (TDP)" is one.
        if not _OPENED.search(line.text, begin, begin + each.start)
    ]
    single = [place for start, end in found for place in _apart(line.text, start, end)]
    for names in (found, single) if single != found else (found,):
        if len(names) >= _COLUMNS:
            columns = _columns(line.text, first.end(), names)
            yield _Head(line.part(*first.span()), tuple(line.part(*place) for place in columns))
            # "FP16 Tensor (dense)" is one, where the rows have no value for "Tensor".
            starts = [start for start, _ in names]
            ends = [*starts[1:], len(line.text)]
            whole = [line.part(a, len(line.text[:b].rstrip())) for a, b in zip(starts, ends, strict=True)]
            if names[0][0] == columns[0][0] and len(whole) < len(columns):
                yield _Head(line.part(*first.span()), tuple(whole))


def _apart(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The words of a name that are names themselves: "VRAM Bandwidth"; else the whole name."""
    words = [(start + match.start(), start + match.end()) for match in re.finditer(r"\S+", text[start:end])]
    own = [any(True for _ in named(text[a:b])) for a, b in words]
    return words if all(own) else [(start, end)]


def _columns(text: str, begin: int, names: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Names of attributes, and the words between them."""
    places: list[tuple[int, int]] = []
    ends = [begin, *(at for name in names for at in name), len(text)]
    for index, (start, end) in enumerate(pairwise(ends)):
        if index % 2:
            places.append((start, end))
            continue
        words = [match.span() for match in _WORD.finditer(text, start, end)]
        # "(GB)" behind a name is its unit.
        if words and places and text[words[0][0]] == "(":
            places[-1] = (places[-1][0], words[0][1])
            del words[0]
        places += words
    return places


def _rows(below: Sequence[Passage], columns: int, catalogue: Catalogue) -> list[tuple[Passage, ...]]:
    """The rows of the lines below a header, up to the first line that is none."""
    rows: list[tuple[Passage, ...]] = []
    for line in below:
        row = _row(line, columns, catalogue)
        if not row:
            break
        rows.append(row)
    return rows


def _row(line: Passage, columns: int, catalogue: Catalogue) -> tuple[Passage, ...]:
    """The name of a row and its values; none where they are not as many as the columns."""
    begins = _RANK.match(line.text)
    if len(line.text) > _LONGEST or begins is None:
        return ()
    found = next(iter(mentions(line.text, catalogue)), None)
    if found and found.start > begins.end():
        return ()
    # A device that is not known is named too; "A10 24 GB" is one with its size, or with a value behind it.
    first = (found.start if found else begins.end()) + 1
    blanks = [match.start() for match in re.finditer(r"\s|$", line.text) if match.start() >= first][:_WORDS]
    for end in blanks:
        values = []
        at = end
        while match := _VALUE.match(line.text, at):
            values.append(line.part(*match.span("value")))
            at = match.end()
        named_by = not found or any(True for _ in mentions(line.text[found.start : end], catalogue))
        if named_by and len(values) == columns and not line.text[at:].strip():
            return (line.part(found.start if found else begins.end(), end), *values)
    return ()
