"""What the words of GPU articles mean, with numbers from the catalogue worked in.

The texts are in `data/glossary.toml`; a place in braces is filled from a cell of the catalogue or from a
workload, and the answer names every cell that it rests on.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError, UnknownName, one_line
from whichgpu.facts import store
from whichgpu.units import show
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from whichgpu.hardware.catalogue import Catalogue

_PLACE = re.compile(r"\{([^{}]+)\}")
_CELL = re.compile(r"^(?P<gpu>[\w.-]+)\.(?P<field>\w+)$")
#: Bytes of a parameter in the formats that the texts use; adam: with gradients and states, adam8: an eighth.
_BYTES = {"fp16": 2.0, "int8": 1.0, "int4": 0.5, "adam": 16.0, "adam8": 2.0}
#: Words of the longest terms that are looked for in a text.
_WORDS = 3
#: Letters from which on the beginning of a name stands for it.
_BEGUN = 6
_TOKENS = re.compile(r"^(?P<count>\d+) tokens$")


class Cell(NamedTuple):
    """A value that a text rests on."""

    gpu: str
    field: str
    text: str
    source: str


class Explanation(NamedTuple):
    """A term: what it means in a line, what follows from it, the cells it rests on, where to go on."""

    term: str
    also: tuple[str, ...]
    short: str
    text: str
    cells: tuple[Cell, ...]
    see: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """A JSON object."""
        return {**self._asdict(), "cells": [cell._asdict() for cell in self.cells]}


def terms() -> tuple[str, ...]:
    """Every term, in the order of the file."""
    return tuple(_terms())


def explain(word: str, catalogue: Catalogue) -> Explanation:
    """The explanation of a term or another name of it; raises `UsageError` for one that is not known."""
    term = _names().get(_key(word)) or _within(word) or _begun(word)
    if term is None:
        raise UnknownName(f"no explanation of '{one_line(word)}'; {_of_gpu(word, catalogue) or _near(word)}")
    row = _terms()[term]
    cells: list[Cell] = []
    where = f"data/glossary.toml: term.{term}"
    text = _filled(row["text"], catalogue, cells, where)
    unique = tuple(dict.fromkeys(cells))
    return Explanation(
        term, tuple(row.get("also", ())), row["short"], text, unique, tuple(row.get("see", ()))
    )


def meanings(text: str, catalogue: Catalogue) -> tuple[Explanation, ...]:
    """The explanation of a term, or of each of several: `GDDR6X vs HBM`, `LoRA and QLoRA`."""
    parts = [part for part in _BETWEEN.split(text) if part.strip()]
    known = [_names().get(_key(part)) or _within(part) for part in parts]
    if len(parts) < 2 or None in known or _names().get(_key(text)):
        return (explain(text, catalogue),)
    return tuple(explain(part, catalogue) for part in dict.fromkeys(known) if part)


def named(text: str) -> tuple[str, ...]:
    """The terms that a text names, in order, each once: of "tensor core" not the core."""
    words = [word.strip(".,;:?!()\"'") for word in text.split()]
    found: list[str] = []
    at = 0
    while at < len(words):
        sizes = range(min(_WORDS, len(words) - at), 0, -1)
        spoken = ((size, _names().get(_key(" ".join(words[at : at + size])))) for size in sizes)
        size, term = next(((size, term) for size, term in spoken if term), (1, None))
        found += [term] if term else []
        at += size
    return tuple(dict.fromkeys(found))


def of_fields(values: Callable[[str], Iterable[Any]]) -> dict[str, str]:
    """What the words of an article (`usual.toml`) mean, in a line, where its GPUs have what they name.

    `values` are those of a field of its GPUs; a word may name how one of them begins.
    """
    words = store.load("usual")["usual"]["words"]
    return {
        name: _terms()[term]["short"]
        for term, (name, field, *begins) in words.items()
        if not field or any(value and str(value).startswith(tuple(begins or [""])) for value in values(field))
    }


def _of_gpu(word: str, catalogue: Catalogue) -> str:
    """Where to read of a GPU, which is no term."""
    from whichgpu.hardware.names import candidates

    found = candidates(word, catalogue)
    return f"it is a GPU: whichgpu show {found[0].id}" if found else ""


#: What stands between two terms that are compared.
_BETWEEN = re.compile(r"\s+(?:vs\.?|versus|against|and|or)\s+|[,/]\s+", re.IGNORECASE)
#: Words around a term that do not change what it means.
_AROUND = frozenset(
    [
        "what",
        "is",
        "are",
        "does",
        "do",
        "mean",
        "means",
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "for",
        "gpu",
        "gpus",
        "card",
        "cards",
        "instance",
        "instances",
        "price",
        "prices",
        "pricing",
        "capacity",
        "mode",
        "support",
        "technology",
        "nvidia",
        "explain",
        "difference",
        "between",
        "why",
        "how",
        "work",
        "works",
        "meaning",
        "definition",
    ]
)


_VERSION = re.compile(r"v?\d+(?::\d+)?")


def _within(word: str) -> str | None:
    """The term that a few words say with others around it: `spot instance`, `what is MIG`, `CUDA 12.4`."""
    parts = re.sub(r"-(?=v?\d[\d.]*$)|[?!.,]|['’]s\b", " ", word).split()
    whole = len(parts)
    for size in range(whole - 1, 0, -1):
        for start in range(whole - size + 1):
            rest = [*parts[:start], *parts[start + size :]]
            if all(one.lower() in _AROUND or _VERSION.fullmatch(one) for one in rest):
                found = _names().get(_key(" ".join(parts[start : start + size])))
                if found:
                    return found
    return None


def _begun(word: str) -> str | None:
    """The one term whose name a word begins: `pipeline parallel`. Of a few letters many do."""
    key = _key(word)
    found = {term for name, term in _names().items() if name.startswith(key)}
    return found.pop() if len(key) >= _BEGUN and len(found) == 1 else None


def _filled(text: str, catalogue: Catalogue, cells: list[Cell], where: str) -> str:
    """A text on one line with its places filled; every cell that was read is appended to `cells`."""

    def fill(match: re.Match[str]) -> str:
        what = match[1].strip()
        first, ratio, second = what.partition(" / ")
        if ratio:
            return f"{_number(first, catalogue, cells, where) / _number(second, catalogue, cells, where):.2g}"
        first, over, second = what.partition(" over ")
        if over:
            work, rate = _work(first, where), _number(second, catalogue, cells, where)
            return show(work / rate, "time", 2)
        if what.startswith("price:"):
            return _price(what, catalogue, cells, where)
        if ":" in what:
            name, _, wanted = what.partition(":")
            return _of_workload(name, wanted, where)
        return _shown(what, catalogue, cells, where)

    return " ".join(_PLACE.sub(fill, text).split())


def _shown(what: str, catalogue: Catalogue, cells: list[Cell], where: str) -> str:
    gpu, field = _cell(what, catalogue, where)
    if field == "name":
        return str(gpu.name)
    fact = gpu.fact(field)
    if fact is None:
        raise DataError(f"{where}: {what} was not read in any source; name another")
    shown = str(gpu.display(field))
    cells.append(Cell(gpu.id, field, shown, fact.source))
    return shown


def _number(what: str, catalogue: Catalogue, cells: list[Cell], where: str) -> float:
    _shown(what.strip(), catalogue, cells, where)
    gpu, field = _cell(what.strip(), catalogue, where)
    return float(gpu.need(field))


def _cell(what: str, catalogue: Catalogue, where: str) -> tuple[Any, str]:
    match = _CELL.match(what)
    if match is None or match["gpu"] not in catalogue:
        raise DataError(f"{where}: '{what}' names no GPU and field; write e.g. {{l4.memory}}")
    return catalogue[match["gpu"]], match["field"]


def _work(what: str, where: str) -> float:
    """Bytes of a workload's weights in a format, or FLOPs of so many tokens: two for each parameter."""
    from whichgpu.workloads.workload import resolve

    name, _, wanted = what.partition(":")
    parameters = sum(resolve(name).parameters().values())
    tokens = _TOKENS.match(wanted)
    if tokens is None and wanted not in _BYTES:
        raise DataError(f"{where}: '{what}' is no work; write e.g. {{llama-2-13b:fp16 over a10.bandwidth}}")
    return parameters * (2.0 * float(tokens["count"]) if tokens else _BYTES[wanted])


def _price(what: str, catalogue: Catalogue, cells: list[Cell], where: str) -> str:
    """The best offer of a GPU on a kind of terms, by the hour of one GPU."""
    from datetime import date

    from whichgpu.prices.live import rows_of
    from whichgpu.prices.store import best_first, select

    _, gpu, kind = what.split(":")
    found = best_first(select(rows_of([gpu]), gpus=[gpu], kinds=[kind]), date.today())
    if gpu not in catalogue or not found:
        raise DataError(f"{where}: no offer for '{what}'; write e.g. {{price:a10:on_demand}}")
    shown = f"{found[0].usd_per_gpu_hour:.2f} USD/h"
    cells.append(Cell(gpu, f"{kind.replace('_', ' ')} at {found[0].provider}", shown, found[0].source))
    return shown


def _of_workload(name: str, what: str, where: str) -> str:
    """A workload's parameters in billions, or what its weights take in a format."""
    from whichgpu.workloads.workload import resolve

    parameters = sum(resolve(name).parameters().values())
    if what == "parameters":
        return f"{parameters / 1e9:.3g} billion"
    if what not in _BYTES:
        raise DataError(f"{where}: '{name}:{what}' is none of parameters, {', '.join(_BYTES)}")
    return f"{parameters * _BYTES[what] / 1e9:.3g} GB"


@cache
def _terms() -> Mapping[str, Mapping[str, Any]]:
    rows: Mapping[str, Mapping[str, Any]] = store.load("glossary")["glossary"]["term"]
    return rows


@cache
def _names() -> Mapping[str, str]:
    """The term of each name, as it is compared."""
    found: dict[str, str] = {}
    for term, row in _terms().items():
        for name in (term, *row.get("also", ())):
            found.setdefault(_key(name), term)
    return found


def _key(name: str) -> str:
    plain = re.sub(r"[^a-z0-9:%]+", "", name.lower())
    return plain.removesuffix("s") if len(plain) > 4 else plain


def _near(word: str) -> str:
    """The terms that are among the words, and those that are spelt alike."""
    from difflib import get_close_matches

    keys = [_key(part) for part in word.split()]
    keys = [key for key in keys if key in _names()]
    keys += get_close_matches(_key(word), _names(), n=4, cutoff=0.6)
    close = dict.fromkeys(_names()[key] for key in keys)
    return f"did you mean {', '.join(close)}?" if close else f"there are {', '.join(_terms())}"
