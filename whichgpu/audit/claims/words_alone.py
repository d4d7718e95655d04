"""Rows of words under a name in whichever language: architectures, ways to the host, foundries, days.

What a row is of is told by its cells, each of which is nothing but such a word. Since its name is not known
("Successor's architecture"?), a cell that is its device's is right, and one that is not is not accused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.tables.variants import cells
from whichgpu.audit.values.fields import generations, of_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell
    from whichgpu.hardware.gpu import Gpu

#: Behind a word: the years of an architecture, how long ago a day is.
_BESIDE = r"(?:\s*\([^()]{1,30}\))?\s*"
#: How the names of the months begin in the languages of such pages.
_MONTHS = (
    r"jan|gen|ene|sty|oca|\u044f\u043d\u0432", r"f[\u00e9\u00eb]v|fev|feb|lut|\u015fub|\u0444\u0435\u0432",
    r"m[a\u00e4]r|\u043c\u0430\u0440", r"apr|avr|abr|kwi|nis|\u0430\u043f\u0440",
    r"ma[yi]|mag|maj|mei|\u043c\u0430[\u0439\u044f]", r"juni?|juin|giu|cze|haz|\u0438\u044e\u043d",
    r"jul|juil|lug|lip|tem|\u0438\u044e\u043b", r"a[ug][ugo]|ao[u\u00fb]|sie|a\u011fu|\u0430\u0432\u0433",
    r"sep|set|wrz|eyl|\u0441\u0435\u043d", r"o[ck]t|ott|out|pa\u017a|eki|\u043e\u043a\u0442",
    r"nov|kas|lis|\u043d\u043e\u044f", r"de[cz]|d[i\u00e9]c|gru|ara|des|\u0434\u0435\u043a",
)  # fmt: skip
_DAY = re.compile(
    rf"\s*(?:\d{{1,2}}\.?\s(?:de\s)?)?(?P<month>[^\W\d_]{{3,12}})\.?\s(?:de\s)?(?:\d{{1,2}}(?:st|nd|rd|"
    rf"th)?,\s)?"
    rf"(?P<year>20[012]\d){_BESIDE}|\s*(?P<y>20[012]\d)(?:\s?\u5e74\s?|\ub144\s?|"
    rf"-)(?P<m>\d{{1,2}})\b[^\d]?.{{0,4}}"
)
_LINK = re.compile(
    r"\s*PCI(?:e|[- ]?Express)\s*(?:Gen\.?\s*)?(?P<n>[2-6])(?:\.0)?(?:\s*[x\u00d7]\s?(?P<lanes>\d{1,2}))?\s*",
    re.IGNORECASE,
)
_FOUNDRY = re.compile(r"\s*(?P<maker>TSMC|Samsung|GlobalFoundries|Intel)\s*", re.IGNORECASE)
_VERSION = re.compile(r"\s*\d\.\d" + _BESIDE)
_YEARS = re.compile(_BESIDE)


def find(context: Context) -> Iterator[Finding]:
    """Every such word that is its device's."""
    for table in context.document.tables:
        rows: dict[str, list[Cell]] = {}
        for cell in cells(table, context):
            if cell.attribute is None and cell.label and cell.number == 1:
                rows.setdefault(cell.label, []).append(cell)
        for row in rows.values():
            yield from _of_row(row, context)


def _of_row(row: Sequence[Cell], context: Context) -> Iterator[Finding]:
    """The words of a row that are its devices', where all of it are words of one kind."""
    for field, told in _KINDS.items():
        if len(row) > 1 and all(told(cell.passage.text, None) is not None for cell in row):
            for cell in row:
                own = [gpu for key in cell.named if told(cell.passage.text, gpu := context.catalogue[key])]
                if own:
                    place = (0, len(cell.passage.text))
                    yield of_field(cell.passage, place, "identity", field, own[:1], "confirmed", context)


def _is_family(text: str, gpu: Gpu | None) -> bool | None:
    """Whether a text is the architecture of a device; None where it is none at all."""
    name = architectures().match(text.strip())
    rest = text.strip()[name.end() :] if name else text
    if name is None or not (_YEARS.fullmatch(rest) or _VERSION.fullmatch(rest)):
        return None
    return gpu is not None and is_of(gpu, name[0])


def _is_link(text: str, gpu: Gpu | None) -> bool | None:
    """Whether a text is the way of a device to its host; None where it is none at all."""
    match = _LINK.fullmatch(text)
    if match is None:
        return None
    lanes = gpu.value("pcie_lanes") if gpu and match["lanes"] else None
    return (
        gpu is not None and int(match["n"]) in generations(gpu) and lanes in (None, int(match["lanes"] or 0))
    )


def _is_foundry(text: str, gpu: Gpu | None) -> bool | None:
    """Whether a text is who makes the chip of a device; None where it is no foundry."""
    match = _FOUNDRY.fullmatch(text)
    if match is None:
        return None
    return gpu is not None and match["maker"].lower() in str(gpu.value("process") or "").lower()


def _is_day(text: str, gpu: Gpu | None) -> bool | None:
    """Whether a text is the month in which a device came out; None where it is no day."""
    match = _DAY.fullmatch(text)
    word = (match["month"] or "").lower() if match else ""
    month = next((n for n, names in enumerate(_MONTHS, 1) if re.match(names, word)), 0) if word else 0
    if match is None or not (month or match["m"]):
        return None
    told = f"{match['year'] or match['y']}-{month or int(match['m']):02d}"
    return gpu is not None and any(str(each.value).startswith(told) for each in gpu.stated("release_date"))


#: The kinds of words by the field of the catalogue, and whether a text is one, and a device's.
_KINDS: dict[str, Callable[[str, Gpu | None], bool | None]] = {
    "chip": _is_family, "pcie_generation": _is_link, "process": _is_foundry,
    "release_date": _is_day,
}  # fmt: skip
