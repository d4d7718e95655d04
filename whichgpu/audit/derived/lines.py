"""The lines of a table as numbers with their signs, and how far rounding may have moved each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.tables.columns import Amount, columns
from whichgpu.audit.text.quantities import quantities
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context

#: How much of a table is read: lines, and cells of each.
LINES, CELLS = 12, 40
_NUMBER = re.compile(r"\d[\d,.'\u2019\u00a0\u202f ]*\d|\d")
_FRACTION = re.compile(r"[.,](\d{1,2}|\d{4,})$")
#: Signs before a number and its currency: "-$400".
_MINUS = re.compile(r"[-\u2212\u2013]\s?(?:[$\u20ac\u00a3]\s?)?$")
#: "x1.9", which no unit stands behind.
_TIMES = re.compile(r"\s*[x\u00d7]\s?(?=\d)")
#: "5.74M", whose letter no word stands behind.
_SCALED = re.compile(r"\s*(?P<n>\d[\d.,]*)\s?(?P<scale>[MB])\s*")
_SCALES = {"M": 1e6, "B": 1e9}
_COUNTED = re.compile(
    r"(?<![\w.])(\d{1,5})\s?[x\u00d7]?\s?(?:gpus?|cards?|nodes?|devices?|users?|requests?)?\b(?![.,%]\d)",
    re.IGNORECASE,
)
_OF_MONEY = re.compile(
    r"[$\u20ac\u00a3]|\b(?:usd|eur|gbp|price|cost|msrp|bill|spend|preis|kosten|prix|co\u00fbt|precio|coste)\w*",
    re.IGNORECASE,
)
#: What a quotient is of is no money by itself: "tokens per $".
_PER_MONEY = re.compile(
    r"(?:\bper|\bpro|\bpar|\bpor|/)\s?(?:[$\u20ac\u00a3]|usd|eur|dollars?|euros?)", re.IGNORECASE
)


#: Headings of whole numbers, which nobody rounds.
_COUNTS = re.compile(
    r"\b(?:gpus|cards|nodes|servers|qty|quantity|count|units|number|instances|replicas|hours|days|months|batch|"
    r"users|pieces|unidades|st\u00fcck|anzahl|nombre|cantidad)\b|#",
    re.IGNORECASE,
)
#: What nothing follows from.
_YEAR = re.compile(r"(?:19|20)\d\d")
#: What is part of a name: "A100 80GB", "g5.12xlarge".
_NAME = re.compile(r"[A-Za-z]\d|\d[A-Za-z]")
#: Headings of what is worked out.
_RESULT = re.compile(
    r"\btotal|\bsum\b|\bbill|\bspen[dt]|\bratio\b|speed-?\s?up|\bdiff|\bchange|\befficien|\bvs\b|gesamt|\bsaving|"
    r"\bnett?o?\b|\bafter\b|\bgross\b|brutto",
    re.IGNORECASE,
)


class Line(NamedTuple):
    """A column, or a row, of numbers below its heading, by the place of each cell in it."""

    at: int
    name: str
    amounts: Mapping[int, Amount]
    values: Mapping[int, float]
    #: Half of the place of the last digit that is told, in the unit of the value.
    halves: Mapping[int, float]
    #: How many devices the heading counts; 0 where it counts none.
    number: int = 0
    #: Whether it is read from the catalogue rather than from the table.
    on_file: bool = False

    @property
    def money(self) -> bool:
        """Whether it is of money, by its cells or by its heading."""
        told = [each.told.dimension for each in self.amounts.values()]
        if told and 2 * told.count("money") > len(told):
            return _PER_MONEY.search(self.name) is None
        return bool(_OF_MONEY.search(self.name)) and _PER_MONEY.search(self.name) is None and not self.shares

    @property
    def shares(self) -> bool:
        """Whether it is of shares or multiples."""
        told = [each.told.dimension for each in self.amounts.values()]
        return bool(told) and 2 * sum(one in ("percent", "times") for one in told) > len(told)

    @property
    def counts(self) -> bool:
        """Whether its cells are whole numbers of things."""
        return _COUNTS.search(self.name) is not None and self.dimensions == {"number"}

    @property
    def dimensions(self) -> set[str]:
        """What its cells are of by their units."""
        return {each.told.dimension for each in self.amounts.values()}

    @property
    def result(self) -> int:
        """How clearly its heading says that it is worked out from others."""
        return int(_RESULT.search(self.name) is not None)


def lines(table: Table, context: Context, *, turned: bool = False) -> dict[int, Line]:
    """The columns of a table by their place, or its rows; what stands at 0 is a heading of the others."""
    read: dict[int, Line] = {}
    for at, column in list(columns(table, context, turned=turned).items())[:LINES]:
        amounts = dict(column.amounts)
        for row in range(1, min(table.columns if turned else len(table.rows), CELLS)):
            cell = table.cell(at, row) if turned else table.cell(row, at)
            if cell and row not in amounts and (found := _multiplied(cell, context)):
                amounts[row] = found
        amounts = {
            row: one
            for row, one in amounts.items()
            if row < CELLS
            and one.told.high == one.told.value
            # Of nothing everything follows; no discount is one.
            and (one.told.value != 0 or one.told.dimension in ("percent", "number", "money"))
            and not _NAME.search(one.cell.text[: one.told.start])
        }
        amounts = _alike(amounts)
        if not amounts or not all(_YEAR.fullmatch(one.cell.text.strip()) for one in amounts.values()):
            read[at] = _line(at, column.name, amounts)
    return read


def _alike(amounts: Mapping[int, Amount]) -> dict[int, Amount]:
    """Amounts without those in another unit than most are: the "44 ms" of a column of percentages."""
    kinds = Counter(one.told.dimension for one in amounts.values() if one.told.dimension != "number")
    most = kinds.most_common(1)[0][0] if len(kinds) > 1 else ""
    return {row: one for row, one in amounts.items() if not most or one.told.dimension in (most, "number")}


def _multiplied(cell: Passage, context: Context) -> Amount | None:
    scaled = _SCALED.fullmatch(cell.text)
    if scaled:
        number = next(iter(quantities(scaled["n"], context.fraction)), None)
        start, end, scale = scaled.start("n"), scaled.end(), _SCALES[scaled["scale"]]
        if number is not None:
            high = number.high * scale
            return Amount(cell, number._replace(start=start, end=end, value=number.value * scale, high=high))
    sign = _TIMES.match(cell.text)
    found = quantities(cell.text[sign.end() :], context.fraction) if sign else []
    if sign is None or len(found) != 1:
        return None
    told = found[0]._replace(start=found[0].start + sign.end(), end=found[0].end + sign.end())
    return Amount(cell, told._replace(dimension="times"))


def _line(at: int, name: str, amounts: Mapping[int, Amount]) -> Line:
    values = {row: _signed(one) for row, one in amounts.items()}
    name = name.replace("_", " ")
    halves = {row: _half(one, whole=_COUNTS.search(name) is not None) for row, one in amounts.items()}
    counted = _COUNTED.search(name)
    return Line(at, name, amounts, values, halves, int(counted[1]) if counted else 0)


def _signed(one: Amount) -> float:
    before = one.cell.text[: one.told.start]
    negative = one.told.value > 0 and _MINUS.search(before) and not re.search(r"\d\s?$", before[:-1])
    return -one.told.value if negative else one.told.value


def _half(one: Amount, *, whole: bool) -> float:
    """Half of the last place of a number as it stands; none of a `whole` one that counts something."""
    told = _NUMBER.search(one.words)
    fraction = _FRACTION.search(told[0]) if told else None
    if told is None or not one.told.value or (whole and not fraction):
        return 0.0
    digits = re.sub(r"\D", "", told[0])
    number = int(digits) / 10 ** len(fraction[1]) if fraction else float(int(digits))
    place = 10.0 ** -len(fraction[1]) if fraction else 1.0
    return abs(one.told.value) * place / number / 2 if number else 0.0


#: What a heading calls what is on file, and its field.
_FIELDS = (
    ("bandwidth", re.compile(r"\b[GT]i?B/s\b|bandwidth|\bBW\b", re.IGNORECASE)),
    ("memory", re.compile(r"\b[GT]i?B\b(?!/s)|\bvram\b|(?<!/)\bmemory\b(?! bandwidth)", re.IGNORECASE)),
    ("power", re.compile(r"\bW\b|\bwatts?\b|\bTDP\b|\bpower\b")),
    ("launch_price", re.compile(r"[$]|\bUSD\b|\bdollars?\b|\bMSRP\b|\bprice\b")),
    ("fp16", re.compile(r"\bT?FLOPS?\b|\bFP16\b|\bTF\b", re.IGNORECASE)),
    ("fp32", re.compile(r"\bT?FLOPS?\b|\bFP32\b|\bTF\b", re.IGNORECASE)),
)


def on_file(table: Table, context: Context, *, turned: bool, named: str) -> list[Line]:
    """Lines of what the devices that head the others have, where a heading names it."""
    gpus = {}
    for row in range(1, min(table.columns if turned else len(table.rows), CELLS)):
        cell = table.cell(0, row) if turned else table.cell(row, 0)
        found = list(mentions(cell.text, context.catalogue)) if cell else []
        if len(found) == 1:
            gpus[row] = [context.catalogue[key] for key in found[0].ids]
    made = []
    for n, (field, words) in enumerate(_FIELDS):
        if not words.search(named):
            continue
        every = {row: {float(v) for gpu in some if (v := gpu.value(field))} for row, some in gpus.items()}
        values = {row: found.pop() for row, found in every.items() if len(found) == 1}
        made.append(
            Line(
                -1 - n, f"{field.replace('_', ' ')} on file", {}, values, dict.fromkeys(values, 0.0), 0, True
            )
        )
    return made
