"""Tables that lost their marks: a cell to a line, or the values behind a name in one line, glued or not.

"Memory bandwidth / 936 GB/s / 504 GB/s", "24 GB / Memory size / 48 GB", "TDP / 140 W / TDP / 70 W",
"TDP 140 W 70 W" and "TDP140W70W" are rows of the devices that a line above names. Which column is whose: a
guess that `tables` proves by values.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.half_known import orders
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.document import Passage, Table
from whichgpu.audit.readers._lines import lines
from whichgpu.audit.tables.cells import read_as, unit_of
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.straightened import straightened
from whichgpu.audit.unmarked.aligned import aligned, alike
from whichgpu.audit.unmarked.barred import barred
from whichgpu.audit.unmarked.broken import broken, streamed
from whichgpu.audit.unmarked.carded import carded
from whichgpu.audit.unmarked.celled import celled
from whichgpu.audit.unmarked.crossed import crossed
from whichgpu.audit.unmarked.flat import flat
from whichgpu.audit.unmarked.glued import parted
from whichgpu.audit.unmarked.gridded import gridded
from whichgpu.audit.unmarked.in_turn import in_turn, of_tables
from whichgpu.audit.unmarked.keyed import keyed
from whichgpu.audit.unmarked.lined import lined, wrapped
from whichgpu.audit.unmarked.recorded import recorded
from whichgpu.audit.unmarked.strung import strung
from whichgpu.audit.unmarked.underneath import underneath
from whichgpu.audit.values.attributes import CHIP, headed
from whichgpu.audit.values.nearest import fitting
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.document import Document
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.catalogue import Catalogue

#: Characters of a cell, of a row in one line, and of a line that names the devices, at most.
_CELL, _ROW, _NAMES = 44, 110, 260
_VERSUS = re.compile(r"vs\.?|versus|VS|gegen|contra|-|/")
#: How much of a line that heads what is below is the name of its device.
_SHARE = 0.15
#: Rows that are a table, and devices that it can have.
_ROWS, _MOST = 3, 8
#: Rows of words between two rows of values at most.
_GAP = 8
#: A number before what it counts.
_COUNT = re.compile(r"(?:\d\s?[x\u00d7]\s)?(?P<value>\d[\d,.]*) (?P<name>[A-Za-z]+(?: [A-Za-z]+)?)")
#: Lines of names that may be one header, which has fewer devices than that.
_LONGEST = 12
#: Lines within which a card's name of an attribute stands again for the next one.
_APART = 8
#: "Compute units: 104" is a name with its value.
_TOLD = re.compile(r":.*\d")
_EMPTY = re.compile(r"[-\u2013\u2014\u2212]|\?{1,3}|n/?a|none|unknown|no|yes", re.IGNORECASE)
#: A line that is no name of a row: "PCIe 4.0 x16".
_IS_VALUE = re.compile(r"\d\.\d|\d\s*$")
#: Names whose values are words or days.
_OF_WORDS = re.compile(
    r"(?:gpu )?(?:architecture|chip|name|code ?name|process|foundry)|"
    r"(?:release|launch|introduction|announcement)(?:ed|d)?(?: date| year)?|form factor|memory type",
    re.IGNORECASE,
)
_TYPE = r"(?:GDDR\d[Xx]?|HBM\d?[Ee]?)"
#: A value as it stands in a row of one line, where nothing may part it from the next.
_VALUE = re.compile(
    r"\s*(?:[Uu]p to\s+)?(?P<value>[~\u2248]?\d[\d.,]*"
    r"(?:\s?(?:[GT]i?B/s(?:ec)?|[GT]b/s|[GT]bps|[GT]Bps|[GTM]i?B|[Ww]atts?|W|[MG]Hz|nm|-?\s?[Bb]its?|[TGP]FLOP[Ss]|"
    r"(?:AI )?TOPS|mm\u00b2|[Mm]illion|[Bb]illion|B(?![a-z])|(?:CUDA |CDNA\s?\d? )?[Cc]ores)|(?=[\s(]|$))"
    rf"(?:[\s\u00b7]{{0,3}}{_TYPE})?|{_TYPE}|(?:US)?\$\d[\d,]*|N/A|\?{{1,3}}|[-\u2013\u2014](?=\s|$))(?:\s*\([^()]{{1,30}}\)|\snode\b)?\*?"
)
_SIZED = re.compile(rf"\d{{1,3}}\s?GB(?:\s{_TYPE})?")
_PRECISION = re.compile(r"(?:TF32|Tensor ?Float 32|BF16|FP64|FP32|FP16|FP8|FP4|INT8|INT4)(?=\d)")
#: Digits of the name of an attribute, a value with a unit, and the number of a card that wins a row.
_NUMBERED = re.compile(r"(?:TF|Tensor ?Float |BF|FP|INT|L)\d{1,2}(?!\d)|\(\d[^()]*\)", re.IGNORECASE)
_MEASURED = re.compile(r"\d\s?-?(?:[GTM]i?B|W\b|[Bb]it|[MG]Hz|nm\b|[TG]FLOPS|TOPS|cores)")
_MODEL = re.compile(r"[1-9]0[5-9]0\b")
_DRAWS = re.compile(r"\s\d{2,3}\s?W$")
#: Cores that are told by what they do, and such a rate.
_CORES, _RATE = ("tensor_cores", "rt_cores"), re.compile(r"\d\s?(?:AI )?(?:TOPS|[TP]FLOPS)\b")
#: Where a value may begin, and so many places of a line are tried.
_BEGINS = re.compile(rf"(?<![\d.,])[~\u2248]?\d|{_TYPE}|N/A")
_TRIED = 4
_ITEM = re.compile(r"^\s*[-+]\s+(?=[A-Za-z*])")
#: A bare number that a name is glued to; devices of a row that has its name between two values.
_LEADS = re.compile(r"(?P<value>\d[\d.,]*)(?=[A-Z][a-z]|[A-Z]{2}|[\u00c0-\u024f])")
_BOTH = 2
_OF_OTHERS = re.compile(r"\b(?:same|as in|like|than|unlike|series|successor|predecessor)\b", re.IGNORECASE)
#: The headings of a sheet that does not say whose it is, and the title of a page that does.
_SHEET = re.compile(r"(?:Specification|Spec|Attribute|Feature|Property|Parameter)s?(?:Details?|Values?)")
_TITLE = 100
#: Where names of devices may be glued to each other, and to the heading of another column.
_GLUED = re.compile(
    r"(?<=[a-z])(?=[A-Z])(?!(?<=Ge)Force)|(?<=[A-Z\d)])(?=(?:RTX|GTX|RX|Arc|GeForce|NVIDIA|AMD|Intel|Tesla|Quadro|Radeon|"
    r"Instinct|MI\d{3})\b)|"
    r"(?<=\d[A-Z])(?=[ABHLPTV]\d{1,3})|(?<=\d)(?=[ABHLPTV]\d{1,3})|(?<=GB|XM|Ie|VL)(?=[ABHLPTV]\d{1,3})|"
    r"(?<=[A-Z\d])(?=(?!Super|Laptop|Mobile|Max)[A-Z][a-z]{2})"
)


class _Row(NamedTuple):
    """The cells of a row, the name first, and the way in which it is written."""

    cells: tuple[Passage, ...]
    way: str


class _Heads(NamedTuple):
    """The devices of a table: how many, and the line that names them in their order."""

    number: int
    text: str
    catalogue: Catalogue

    @property
    def devices(self) -> list[tuple[str, ...]]:
        """What each name may mean, in their order."""
        return list(dict.fromkeys(each.ids for each in mentions(self.text, self.catalogue)))


def tabled(document: Document, catalogue: Catalogue) -> Document:
    """A document with its tables without marks as tables, their lines no longer read as sentences."""
    document, bars = _of_bars(straightened(document), catalogue)
    found = [*(table for table, _ in bars), *of_tables(document.tables, catalogue, _fits)]
    taken = [stretch for _, stretch in bars]
    every = [each for each in _lines(document) if not _held(each, taken)]
    listed = [each for each in _lines(document, barred=True) if not _held(each, taken)]
    for table, lines_ in (*in_turn(listed, catalogue, _fits), *_of_lines(every, catalogue)):
        found.append(table)
        taken += [(each.start, each.end) for each in lines_]
    for table, passage in carded(document.passages, catalogue):
        found.append(table)
        taken.append((passage.start, passage.end))
    if taken:
        parts = _merged(taken)
        every = [each for each in every if not _held(each, parts)]
    for caption, count, part in _parts(every, catalogue):
        rows = _rows(part, _Heads(count, caption, catalogue))
        if len(rows) >= _ROWS:
            found.append(Table(tuple(row.cells for row in rows), (), caption))
            cells = [cell for row in rows for cell in row.cells]
            first, last = min(cell.start for cell in cells), max(cell.end for cell in cells)
            # What stands between is of the table too, as its rows that are not known.
            taken += [
                (each.start, each.end)
                for each in part
                if first <= each.start <= last and len(each.text) <= _ROW
            ]
    parts = _merged(taken)
    left = [each for each in every if not _held(each, parts)]
    for table, lines_ in (*crossed(left, catalogue), *gridded(left, catalogue)):
        found.append(table)
        taken += [(each.start, each.end) for each in lines_]
    if not found:
        return document
    parts = _merged(taken)
    passages = [_hidden(each, parts) for each in document.passages]
    passages += [cell for table in found for cell in table]
    return document._replace(passages=tuple(passages), tables=(*document.tables, *found))


def _of_lines(
    every: Sequence[Passage], catalogue: Catalogue
) -> Iterator[tuple[Table, Sequence[Passage]]]:  # fmt: skip
    """Tables by how their lines stand, each with the lines that it takes."""
    whole = [*celled(every, catalogue), *lined(every, catalogue), *keyed(every, catalogue)]
    yield from whole
    known = {line.start for _, taken in whole for line in taken}
    yield from wrapped([each for each in every if each.start not in known], catalogue)
    yield from flat(every, catalogue, _values, _fits)
    yield from underneath(every, catalogue, _fits)
    yield from recorded(every, catalogue)
    yield from strung(every, catalogue)


def _of_bars(
    document: Document, catalogue: Catalogue
) -> tuple[Document, list[tuple[Table, tuple[int, int]]]]:
    """Tables with values between bars, and the document without what a reader made of their lines."""
    bars = [*barred(document, catalogue), *broken(document)]
    bars = bars or list(streamed(document, catalogue))
    taken = [stretch for _, stretch in bars]
    own = [each for each in document.tables if not any(_held(cell, taken) for cell in each)]
    return document._replace(tables=tuple(own)) if bars else document, bars


def _lines(document: Document, *, barred: bool = False) -> list[Passage]:
    """The lines of a document that are not empty, or those with bars too; of a page its blocks."""
    if document.form == "html":
        return [each._replace(kind="cell") for each in document.passages if each.kind not in ("cell", "code")]
    found = []
    # Rows of tables that have more than one cell are known.
    rows = {
        cell.start
        for table in document.tables
        for row in table.rows
        if len(row) > 1
        for cell in row[:1]
        if cell
    }
    # What is not read for claims is no table either.
    last = max((each.end for each in document.passages), default=0)
    for line in lines(document.original[:last]):
        # The mark of a list is no value that a first device lacks.
        text = _ITEM.sub("", line.text).strip(" \t*\u2022|")
        if text and (barred or "|" not in text):
            start = line.start + line.text.index(text)
            if start in rows:
                continue
            found.append(Passage("cell", text, ((0, start),), start + len(text)))
    return found


def _parts(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[str, int, Sequence[Passage]]]:
    """The lines below each that names devices, with its text and their number."""
    heads: list[tuple[int, str, int]] = []
    run: list[Passage] = []
    known: set[tuple[str, ...]] = set()
    for index, line in enumerate(every):
        if not heads and _SHEET.fullmatch(line.text) and len(every[0].text) <= _TITLE:
            title, whose = _named(every[0].text, catalogue)
            heads += [(index + 1, title, 1)] if len(whose) == 1 else []
            continue
        text, found = ("", set()) if CHIP.match(line.text) else _named(line.text, catalogue)
        alone = len(found) == 1 and len(line.text) <= _CELL and _is_name(line.text, catalogue)
        run = [*run[-_LONGEST:], line] if alone else run if _VERSUS.fullmatch(line.text) else []
        if alone and len(run) > 1:
            text, found = _named(" / ".join(each.text for each in run), catalogue)
        if found and (len(found) > 1 or (not found <= known and _is_name(line.text, catalogue))):
            known = found
            half = len(found) == 1 and orders(text, catalogue)
            heads.append((index + 1, text, _BOTH if half else len(found)))
    ends = [*(at for at, _, _ in heads[1:]), len(every)][: len(heads)]
    for (at, caption, count), end in zip(heads, ends, strict=True):
        if count <= _MOST:
            yield caption, count, every[at:end]


def _is_name(text: str, catalogue: Catalogue) -> bool:
    """Whether a line that names one device heads what is below, and is no row that mentions it."""
    found = list(mentions(text, catalogue))
    share = sum(each.end - each.start for each in found) / len(text)
    # "A100 40GB PCIe" has a size in its name.
    for each in reversed(found):
        text = text[: each.start] + text[each.end :]
    if _OF_OTHERS.search(text):
        # "GPU die | GB203, same die as the RTX 5080": a row that mentions it.
        return False
    # "RTX 4070 Laptop 60W" goes by what it may draw.
    return share >= _SHARE and not _MEASURED.search(_DRAWS.sub("", text))


def _named(text: str, catalogue: Catalogue) -> tuple[str, set[tuple[str, ...]]]:
    """A line with the devices that it names; with those apart that are glued to each other."""
    if len(text) > _NAMES:
        return text, set()
    apart = _GLUED.sub(" | ", text)
    both = [{each.ids for each in mentions(one, catalogue)} for one in (text, apart)]
    return (apart, both[1]) if len(both[1]) >= len(both[0]) else (text, both[0])


def _rows(part: Sequence[Passage], heads: _Heads) -> list[_Row]:
    """The rows of the way in which most of them are written."""
    short = [each for each in part if each.text != "?" and len(each.text) <= _ROW]
    found = [row for index in range(len(short)) for row in _row(short, index, heads)]
    # A name that heads other values each time is no row's.
    times = Counter((row.way, row.cells[0].text) for row in found)
    once = [row.way for row in found if times[row.way, row.cells[0].text] == 1]
    ways = once or [row.way for row in found]
    best = max(ways, key=ways.count, default="")
    rows = [row for row in found if row.way == best]
    return _with_words(rows, short, heads.number) if best == "below" else rows


def _with_words(rows: Sequence[_Row], short: Sequence[Passage], count: int) -> list[_Row]:
    """Rows with those between them whose names head no value, of architectures and chips.

    There is room for so many of them between two that are known, and for nothing else.
    """
    places = {line.start: index for index, line in enumerate(short)}
    made: list[_Row] = []
    at = 0
    for row in rows:
        begin, step = places[row.cells[0].start], count + 1
        gap = short[at:begin]
        fills = len(gap) % step == 0 and len(gap) <= _GAP * step
        # A value that no name is known of may be the second line of its cell.
        if (
            fills
            and all(len(each.text) <= _CELL and not _MEASURED.search(each.text) for each in gap)
            and not any(alike([each]) or _IS_VALUE.search(each.text) for each in gap[::step])
        ):
            made += [_Row(tuple(gap[i : i + step]), "below") for i in range(0, len(gap), step)]
        made.append(row)
        at = begin + step
    # Behind the last of them.
    while at + count < len(short) and _OF_WORDS.fullmatch(short[at].text) and rows:
        made.append(_Row(tuple(short[at : at + count + 1]), "below"))
        at += count + 1
    return made


def _row(short: Sequence[Passage], index: int, heads: _Heads) -> Iterator[_Row]:
    """The row whose name stands in a line, by each way in which it may be written."""
    name, count = short[index], heads.number
    yield from _counted(short, index, count)
    cells = _of_line(name, heads)
    # A name with its value is neither the name of a row nor a value of the one before.
    if cells or _TOLD.search(name.text):
        yield from [_Row(cells, "one line")] if cells else []
        return
    attribute = headed(name.text) if len(name.text) <= _CELL else None
    if count == 1:
        yield from _in_turn(name, short[index + 1 : index + 2], attribute)
        return
    around = [*short[index - 1 : index], *short[index + 1 : index + 2]] if index else []
    named = _is_of_words(name.text, around) and all(map(_is_word, around))
    if count == len(around) and (named or (alike(around) and attribute is None and not alike([name]))):
        yield _Row((name, *around), "around")
    if attribute is None and len(name.text) <= _CELL and not alike([name]):
        yield from _words_below(short, index, count)
    if attribute is None:
        return
    beside = [*short[max(0, index - _APART) : index], *short[index + 1 : index + _APART]]
    if any(each.text == name.text for each in beside):
        yield from _again(short, index, count, attribute)
        return
    behind = short[index + 1 : index + 1 + count]
    if len(behind) == count and all(_fits(each, attribute, name.text) for each in behind):
        yield _Row((name, *behind), "below")
    if count == len(around) and all(_fits(each, attribute, name.text) for each in around):
        yield _Row((name, *around), "around")


def _in_turn(name: Passage, behind: Sequence[Passage], attribute: Attribute | None) -> Iterator[_Row]:
    """The row of a card that has a name and its value in turn."""
    value = [each for each in behind if not _TOLD.search(each.text)]
    fits = attribute and value and _MEASURED.search(value[0].text) and _fits(value[0], attribute, name.text)
    # A line with a figure is a value itself, of a device that is not known.
    words = not attribute and not alike([name]) and not _IS_VALUE.search(name.text)
    if fits or (words and alike(value)):
        yield _Row((name, *value), "below")


def _of_line(line: Passage, heads: _Heads) -> tuple[Passage, ...]:
    """The name and the values of a row that is one line, in whichever way; none where it is no row."""
    told = re.search(r"\d", line.text) is not None
    known = told and (_in_one(line, heads.number) or _between(line, heads.number) or _together(line, heads))
    return known or aligned(line, heads.number)


def _is_of_words(name: str, around: Sequence[Passage]) -> bool:
    """Whether a name asks for words: "Architecture", and "GPU" between two chips."""
    chips = name.lower() == "gpu" and all(CHIP.match(each.text) for each in around)
    return chips or _OF_WORDS.fullmatch(name) is not None


def _is_word(line: Passage) -> bool:
    """Whether a line can be an architecture, a chip or a day, and names no attribute itself."""
    return len(line.text) <= _CELL and headed(line.text) is None and not _OF_WORDS.fullmatch(line.text)


def _words_below(short: Sequence[Passage], index: int, count: int) -> Iterator[_Row]:
    """The row of a name in whichever language with words of one kind below it, or one below each time."""
    name = short[index]
    behind, further = short[index + 1 : index + 1 + count], short[index + 1 + count : index + 2 + count]
    near = [*short[max(0, index - _APART) : index], *short[index + 1 : index + _APART]]
    if any(each.text == name.text for each in near):
        yield from _each_below(short, index, count, alike)
    elif len(behind) == count and alike(behind) and not (further and alike([*behind, *further])):
        yield _Row((name, *behind), "below")


def _again(short: Sequence[Passage], index: int, count: int, attribute: Attribute) -> Iterator[_Row]:
    """The row of a name that stands before each value: "TDP / 1000 W / TDP / 750 W"."""
    name = short[index].text
    yield from _each_below(
        short, index, count, lambda cells: all(_fits(each, attribute, name) for each in cells)
    )


def _each_below(
    short: Sequence[Passage], index: int, count: int, fits: Callable[[Sequence[Passage]], bool]
) -> Iterator[_Row]:
    """The row of a name that stands so many times, each time before a value that fits."""
    name = short[index]
    near = range(index, min(index + _APART * count, len(short) - 1))
    cells = [short[at + 1] for at in near if short[at].text == name.text]
    first = not any(each.text == name.text for each in short[max(0, index - _APART) : index])
    if first and len(cells) == count and fits(cells):
        yield _Row((name, *cells), "again")


def _counted(short: Sequence[Passage], index: int, count: int) -> Iterator[_Row]:
    """The row of a number before its name, on a line of each device: "18944 Shaders / .. / 19456 Shaders"."""
    told = _COUNT.fullmatch(short[index].text)
    attribute = headed(told["name"]) if told and count > 1 else None
    if told is None or attribute is None:
        return
    found = [
        (line, match)
        for line in short[index : index + _APART * count]
        if (match := _COUNT.fullmatch(line.text)) and match["name"] == told["name"]
    ]
    before = (_COUNT.fullmatch(line.text) for line in short[max(0, index - _APART) : index])
    if len(found) == count and not any(match and match["name"] == told["name"] for match in before):
        cells = [line.part(*match.span("value")) for line, match in found]
        yield _Row((short[index].part(*told.span("name")), *cells), "again")
        behind = [short[at + 1] for at, line in enumerate(short[:-1]) if any(line is one for one, _ in found)]
        if len(behind) == count and all(_SIZED.fullmatch(each.text) for each in behind):
            # "4608 Shaders / 8GB GDDR6": the memory of each stands below its cores.
            yield _Row((behind[0].part(0, 0)._replace(text="Memory"), *behind), "again")


def _fits(cell: Passage, attribute: Attribute, name: str) -> bool:
    """Whether a line can be a value of an attribute, or says that there is none."""
    if len(cell.text) > _CELL:
        return False
    if _EMPTY.fullmatch(cell.text) or (attribute.dimension == "text" and re.search(_TYPE, cell.text)):
        return True
    if attribute.key in _CORES and _RATE.search(cell.text):
        # "Tensor Cores: 3352 AI TOPS".
        return True
    stated = quantities(read_as(cell.text, attribute, unit_of(name)))
    return any(True for _ in fitting(attribute, stated))


def _in_one(line: Passage, count: int) -> tuple[Passage, ...]:
    """The name and the values of a row in one line; none where it is no row."""
    precise = _PRECISION.search(line.text)
    begins = [precise.end()] if precise else []
    begins += [found.start() for found in _BEGINS.finditer(line.text, 1)]
    for at in begins[:_TRIED]:
        name = line.part(0, len(line.text[:at].rstrip(" :")))
        attribute = headed(name.text)
        # A name and a value of one device that are apart are read as they stand.
        if re.search(r"\d", _NUMBERED.sub("", name.text)):
            return ()
        if attribute is None or (count == 1 and line.text[at - 1] in " :"):
            continue
        cells = _values(line, at) if count > 1 else [line.part(at, len(line.text))]
        others = [cell for cell in cells[count:] if not _MODEL.match(cell.text)]
        whole = not any(_fits(cell, attribute, name.text) for cell in others)
        cells = cells[:count]
        if whole and len(cells) == count and all(_fits(cell, attribute, name.text) for cell in cells):
            return (name, *cells)
    return ()


def _between(line: Passage, count: int) -> tuple[Passage, ...]:
    """The name and the values of a row that has a value before its name and one behind it, glued to it."""
    first = (_VALUE.match(line.text) or _LEADS.match(line.text)) if count == _BOTH else None
    for begin in _BEGINS.finditer(line.text, first.end() + 1) if first else ():
        name = line.part(first.end(), begin.start()) if first else line
        last = _VALUE.fullmatch(line.text, begin.start())
        attribute = headed(name.text) if last and not re.search(r"\d", _NUMBERED.sub("", name.text)) else None
        if first and last and attribute:
            cells = (line.part(*first.span("value")), line.part(*last.span("value")))
            if all(_fits(cell, attribute, name.text) for cell in cells):
                return (name, *cells)
    return ()


def _together(line: Passage, heads: _Heads) -> tuple[Passage, ...]:
    """The name and the values of a row whose numbers ran together; none where it is no row."""
    ends = re.search(r"\d[\d,.]*$", line.text)
    attribute = headed(line.text[: ends.start()].strip(" :")) if ends and heads.number > 1 else None
    if attribute is None:
        return ()
    cells = parted(line, attribute, heads.devices, heads.catalogue)
    return cells if len(cells) == heads.number + 1 else ()


def _values(line: Passage, at: int) -> list[Passage]:
    """The values that stand one behind the other from a place of a line on."""
    cells = []
    while found := _VALUE.match(line.text, at):
        cells.append(line.part(found.start("value"), found.end()))
        at = found.end()
    return cells


def _merged(taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches of a file in order, those that overlap as one."""
    made: list[tuple[int, int]] = []
    for start, end in sorted(taken):
        if made and start < made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((start, end))
    return made


def _hidden(passage: Passage, taken: Sequence[tuple[int, int]]) -> Passage:
    """A passage that holds cells of such a table, no longer read for sentences; `taken` as merged."""
    return passage._replace(kind="code") if passage.kind != "cell" and _held(passage, taken) else passage


def _held(passage: Passage, taken: Sequence[tuple[int, int]]) -> bool:
    """Whether a passage has words of any of some stretches, which are as merged."""
    at = bisect_left(taken, (passage.end, 0)) - 1
    return at >= 0 and passage.start < taken[at][1]
