"""Rows whose values tell by their kind where they end: "ArchitectureTuring (2018)Ada Lovelace".

Behind a name in whichever language stand as many values of one kind as there are devices, up to the end of
the line. Words are such values too, and no name is needed to part them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.families import anywhere
from whichgpu.audit.values.attributes import CHIP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage

_MONTH = r"[^\W\d_]{3,10}\.?"
#: A number with its unit, as pages of several languages write it.
_MEASURED = (
    r"[~\u2248]?\d[\d.,]*\s?-?(?:(?:[GTM]i?B|[GTM]o|[\u0413\u0422\u041c]\u0411)\s?(?:/s|/\u0441|ps)?|[GT]b(?:it)?(?:/s|ps)|[Ww]atts?|W|\u0412\u0442|"
    r"[MG]Hz|[\u041c\u0413]\u0413\u0446|nm|\u043d\u043c|[Bb]its?|\u0431\u0438\u0442|[TGPtgp](?:FLOPS|FLOPs|flops|OPS)|"
    r"\u57fa|\u500b|mm(?:\u00b2|2)|\u043c\u043c\u00b2|[mb]illion|\u043c\u043b\u043d|\u043c\u043b\u0440\u0434|[mb]ilh(?:\u00e3o|\u00f5es)|milli[oa]rd\w*|miliard[io])"
)
#: Beside a value: the years of an architecture, the chip of a generation, how long ago a day is.
_BESIDE = r"(?:\s?\([^()]{1,30}\))?"
#: What stands for a value that there is none of.
_NONE = (
    r"(?:no data|n/a|N/A|sem dados|keine Daten|pas de donn\u00e9es|sin datos|nessun dato|None|"
    r"\u043d\u0435\u0442 \u0434\u0430\u043d\u043d\u044b\u0445|[-\u2013\u2014])"
)
_KINDS = (
    CHIP.pattern.removeprefix(r"\b").removesuffix(r"\b")
    + r"(?:-\d{3}(?:-[A-Z]\d)?(?:/\d{3})?|\s(?:XTX|XT|XL|LE|GRE))?",
    r"(?:GDDR\d[Xx]?|LPDDR\d[Xx]?|HBM\d?[Ee]?)",
    r"PCI(?:e|-Express| Express)\s?(?:Gen\s?)?[2-6](?:\.0)?(?:\s?x\s?\d{1,2})?",
    r"(?:[Ss]ingle|[Dd]ual|[Tt]riple|[Qq]uad|\d(?:\.\d)?)-[Ss]lot",
    r"(?:\d\s?x\s?)?(?:6|8|12|16)-pin(?:\sEPS)?",
    rf"\d{{1,2}}(?:st|nd|rd|th|\.)?\s(?:de\s)?{_MONTH}\s(?:de\s)?20[012]\d|{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,\s20[012]\d|{_MONTH}\s20[012]\d",
    r"\d{1,2}/\d{1,2}/20[012]\d",
    r"(?:US)?\$\s?\d[\d,]*",
    r"\d{1,2}\s?nm\s(?:TSMC|Samsung|Intel)",
    r"(?:TSMC|Samsung|Intel|GlobalFoundries|UMC)(?:\s\"\w+\"|\s?(?:N?\d{1,2}[A-Z]{0,2}|nm)+)?",
    _MEASURED,
)
#: Behind a name whose own digits would be read with those of the value: "FP1637.42 TFLOPS".
_ENDS_IN_DIGITS = re.compile(r"(?:FP|TF|INT|BF|Float|Gen|HBM|DDR|PCIe|DirectX|OpenGL|L)\s?$", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2}")


@cache
def _kinds() -> tuple[re.Pattern[str], ...]:
    """A pattern of each kind of value, or of what stands where there is none."""
    names = rf"(?i:{anywhere()})(?:\.0| \d\.\d)?"
    return tuple(re.compile(rf"(?P<value>{each}){_BESIDE}|{_NONE}") for each in (names, *_KINDS))


def aligned(line: Passage, count: int) -> tuple[Passage, ...]:
    """The name and the values of a row that ends in exactly so many of one kind; none where it is no row."""
    for kind in _kinds() if count > 1 else ():
        found = _at_the_end(line.text, kind)
        if len(found) != count or not any(each["value"] for each in found):
            continue
        name = line.text[: found[0].start()].rstrip(" :\t")
        if _WORD.search(name) and not _ENDS_IN_DIGITS.search(line.text, 0, found[0].start()):
            return (line.part(0, len(name)), *(line.part(*each.span()) for each in found))
    return ()


def alike(cells: Sequence[Passage]) -> bool:
    """Whether cells are words of one kind, and nothing else: chips, architectures, days."""
    for kind in _kinds()[:-1]:
        told = [kind.fullmatch(cell.text) for cell in cells]
        if told and all(told) and any(each["value"] for each in told if each):
            return True
    return False


def runs(text: str, count: int, start: int) -> Iterator[Sequence[re.Match[str]]]:
    """Every so many words of one kind that stand one behind the other in a text, and no further one."""
    for kind in _kinds()[:-1]:
        run: list[re.Match[str]] = []
        for each in (*kind.finditer(text, start), None):
            if each is None or (run and text[run[-1].end() : each.start()].strip()):
                if len(run) == count and any(one["value"] for one in run):
                    yield run
                run = []
            run += [each] if each else []


def _at_the_end(text: str, kind: re.Pattern[str]) -> Sequence[re.Match[str]]:
    """The matches that stand one behind the other up to the end of a line."""
    found: list[re.Match[str]] = []
    for each in kind.finditer(text):
        if found and text[found[-1].end() : each.start()].strip():
            found = []
        found.append(each)
    return found if found and not text[found[-1].end() :].strip() else []
