"""Columns in one ratio: kWh by the watts and their cost, what watts cost by the month, a context's KV cache.

The ratio (hours and the price of energy, the bytes of a token) is what most rows show; a row that is off is
wrong. Prices are no multiple of a number of GPUs, nor speeds of anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.columns import by_devices, columns, doubtful, finding, ratio

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.columns import Column

_CACHE = re.compile(r"\b(?:kv|key[- ]value|cache)\b", re.IGNORECASE)
_TOKENS = re.compile(r"\b(?:context|tokens?|sequence|seq)\b", re.IGNORECASE)
_GPUS = re.compile(r"\b(\d{1,2})\s?[x\u00d7-]?\s?GPUs?\b", re.IGNORECASE)
_COST = re.compile(r"[$\u20ac]|\b(?:costs?|bill|monthly|yearly|annual)\b", re.IGNORECASE)
_PRICE = re.compile(r"\b(?:price|msrp|street|launch|retail|used|per kwh|/kwh|rent\w*|cloud)\b", re.IGNORECASE)
_ENERGY = re.compile(r"\b[kM]?Wh\b", re.IGNORECASE)
_POWER = re.compile(
    r"\b(?:tdp|tgp|watts?|w|power|draw|leistung\w*|verbrauch|consommation|consumo|puissance)\b", re.IGNORECASE
)
#: What makes a price one of a kWh, not of a column of them.
_RATE = re.compile(r"(?:/|per|pro|par|por)\s?kWh", re.IGNORECASE)
#: How far a row may be from the ratio, and from where on it is wrong; so of a number of GPUs.
_LOOSE, _EXACT, _LEAST = (0.1, 0.4), (0.01, 0.05), 4
_COLUMNS = 12


def find(context: Context) -> Iterator[Finding]:
    """Every cell of such a column that is in the ratio of the other rows, or is not."""
    for table in context.document.tables:
        every = {at: one for at, one in columns(table, context).items() if at < _COLUMNS}
        energies = [at for at, one in every.items() if at and _ENERGY.search(_RATE.sub("", one.name))]
        if len(energies) == 1:
            yield from _of_energy(table, every, energies[0], context)
        else:
            yield from _of_multiples(table, every, context)


def _of_energy(table: Table, every: Mapping[int, Column], at: int, context: Context) -> Iterator[Finding]:
    """What energy follows from, and what follows from it: the watts, and its cost."""
    wrong = doubtful(table, context)
    powers = [one for i, one in every.items() if i not in (0, at) and _POWER.search(one.name)]
    pairs = [((powers or [by_devices(table, context)[1]])[0], every[at])]
    pairs += [(every[at], one) for i, one in every.items() if i not in (0, at) and _is_cost(one)]
    for source, made_of_it in pairs:
        base, whole = source.without(wrong), made_of_it.without(wrong)
        found = ratio(base, whole)
        for row in sorted(found.right | found.wrong):
            right = f"{found.factor * base.middle(row):,.4g}"
            because = f"by the other rows it is {right}: {found.factor:,.4g} times {base.name.strip()}"
            expected = right if row in found.wrong else ""
            yield finding(whole.amounts[row], "energy", because, context, expected=expected)
        wrong |= found.wrong


def _is_cost(column: Column) -> bool:
    """Whether a column is of money, by its cells or, where these are bare, by its heading: "€ per day"."""
    named = _COST.search(column.name) and not _PRICE.search(column.name)
    return column.money or bool(named and column.are("number"))


def _of_multiples(table: Table, every: Mapping[int, Column], context: Context) -> Iterator[Finding]:
    about = " ".join((*(one.name for one in every.values()), table.caption, *table.section))
    shown = {(a, b): ratio(every[a], every[b], within=_LOOSE, least=_LEAST) for a, b in _pairs(every, about)}
    shown |= {(a, b): ratio(every[a], every[b], within=_EXACT, least=_LEAST) for a, b in _of_several(every)}
    for (source, at), row in [(pair, row) for pair, one in shown.items() for row in sorted(one.wrong)]:
        # Where others follow from the same, one of them proves that it is not that which is wrong.
        if len(shown) == 1 or any(row in one.right for one in shown.values()):
            real, told = shown[source, at].factor * every[source].middle(row), every[at].amounts[row]
            words = f"{real / 1e9:,.3g} GB" if told.told.dimension == "memory" else f"{real:,.3g}"
            because = f"by the other rows, which have one multiple, it is about {words}"
            yield finding(told, "column", because, context, expected=words)


def _pairs(every: Mapping[int, Column], about: str) -> list[tuple[int, int]]:
    """The columns of power or energy with those of what it costs, of contexts with those of their cache."""
    powers = [at for at, one in every.items() if one.are("power", "energy")]
    costs = [at for at, one in every.items() if _COST.search(one.name) and not _PRICE.search(one.name)]
    pairs = [(powers[0], at) for at in costs if every[at].are("money")] if len(powers) == 1 else []
    lengths = [at for at, one in every.items() if _TOKENS.search(one.name) and one.are("number", "count")]
    if len(lengths) == 1 and _CACHE.search(about):
        pairs += [(lengths[0], at) for at, one in every.items() if one.are("memory")]
    return pairs


def _of_several(every: Mapping[int, Column]) -> list[tuple[int, int]]:
    """The columns of one GPU with those of so many: "TDP (W)" and "8-GPU node (W)"."""
    several = {
        at: float(match[1])
        for at, one in every.items()
        if (match := _GPUS.search(one.name)) and float(match[1])
    }
    return [
        (one, at)
        for at, count in several.items()
        for one in every
        if one not in several
        and abs(ratio(every[one], every[at], within=_EXACT, least=_LEAST).factor / count - 1) < 1e-6
    ]
