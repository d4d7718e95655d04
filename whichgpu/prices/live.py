"""The prices in use: the shipped table, with what `prices update` read since on top.

The store holds the merged table beside the rows that were read, and the digest of the shipped table that it
was merged with; after an upgrade of whichgpu the two are merged anew, in memory.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store as facts_store
from whichgpu.prices import vault
from whichgpu.prices.offers import Offer
from whichgpu.prices.store import COLUMNS, bundled, from_rows, from_shipped, shipped_of
from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: What is raised by files of a store that were written by somebody else, whole as they may be.
MALFORMED = (LookupError, ValueError, TypeError, AttributeError, RecursionError)
#: Files of a generation.
TABLE, READ, HISTORY, INTERRUPTIONS, META = (
    "offers.json", "read.json", "history.csv", "interruptions.json", "meta.json",
)  # fmt: skip


class Standing(NamedTuple):
    """How the prices in use came to be: by source when it was read and what went wrong last."""

    sources: Mapping[str, Mapping[str, Any]]
    generation: str = ""
    #: What is wrong with the store, and what is used in its place; empty where nothing is.
    problem: str = ""


def current() -> tuple[Offer, ...]:
    """Every offer in use, quarantined and ambiguous ones included."""
    return _current(_stamp())[0]


def problem() -> str:
    """What is wrong with the store, in what was read of it for this answer; empty where nothing is."""
    stamp = _stamp()
    try:
        _table(stamp)
    except MALFORMED as fault:
        return _not_ours(stamp[0], fault)
    held = _held(stamp)
    return _said(held) if held else ""


def standing() -> Standing:
    """Where the prices in use come from."""
    held = vault.read()
    if held is None:
        return Standing({})
    if not held.files:
        return Standing({}, "", _said(held))
    try:
        sources = {key: dict(row) for key, row in json.loads(held.files[META])["sources"].items()}
    except MALFORMED:
        sources = {}
    return Standing(sources, held.generation, _current(_stamp())[1] or _said(held))


def _said(held: vault.Stored) -> str:
    """What is wrong with a store, what is used in its place, and what mends it."""
    used = held.generation if held.files else "the shipped table"
    return f"{held.problem}; {used} is used. Mend it: whichgpu prices update" if held.problem else ""


def _not_ours(path: str, fault: Exception) -> str:
    why = f"{path}: the store does not hold what `prices update` writes ({type(fault).__name__})"
    return f"{why}; the shipped prices are used. Mend it: whichgpu prices update"


def rows_of(ids: Iterable[str]) -> tuple[Offer, ...]:
    """The offers in use that are or may be of these GPUs; only these rows are read, to save milliseconds."""
    gpu, maybe = COLUMNS.index("gpu"), COLUMNS.index("candidates")
    wanted = frozenset(ids)

    def of(table: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        return [row for row in table if row[gpu] in wanted or not wanted.isdisjoint(row[maybe].split(";"))]

    try:
        own = _table(_stamp())
        if own is not None:
            return from_rows(of(own))
    except MALFORMED:
        pass
    return from_shipped(shipped_of(wanted))


def merged(read: Sequence[Offer]) -> tuple[Offer, ...]:
    """The shipped offers and those that were read, each judged anew in the company of all."""
    from dataclasses import replace

    from whichgpu.prices import quality

    rows = (*bundled(), *read)
    return tuple(
        replace(row, quarantine=reason, listing=listing)
        for row, reason, listing in zip(rows, quality.reasons(rows), quality.listings(rows), strict=True)
    )


def to_cells(row: Offer) -> list[str]:
    """An offer as the cells of the table, in the order of `COLUMNS`."""
    given: dict[str, Any] = {name: getattr(row, name) for name in Offer.__match_args__ if name != "memory"}
    given["memory_gib"] = row.memory / GIB if row.memory else None
    given["candidates"] = ";".join(row.candidates)
    given["as_of"] = row.as_of.isoformat() if row.as_of else ""
    return [_cell(given[name]) for name in COLUMNS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def shipped_digest() -> str:
    """What tells one shipped table from another."""
    import hashlib

    return hashlib.sha256(json.dumps(facts_store.part("prices", "offers")).encode()).hexdigest()


def history() -> tuple[dict[str, str], ...]:
    """Every price that was read and differed from the one before it, oldest first."""
    import csv
    import io

    held = vault.read()
    text = held.files.get(HISTORY, b"").decode(errors="replace") if held else ""
    rows = csv.DictReader(io.StringIO(text))
    return tuple(rows) if {"gpu", "as_of", "usd_per_hour"} <= {*(rows.fieldnames or ())} else ()


def _stamp() -> tuple[str, int]:
    """What changes when another generation comes into use, so that nothing stale is kept in memory."""
    path = vault.folder() / vault.CURRENT
    try:
        return str(path), path.stat().st_mtime_ns
    except OSError:
        return str(path), 0


@cache
def _current(stamp: tuple[str, int]) -> tuple[tuple[Offer, ...], str]:
    """The offers in use, and what is wrong with a store that is whole and yet none that whichgpu wrote."""
    if not stamp[1]:
        return bundled(), ""
    try:
        own = _table(stamp)
        return bundled() if own is None else from_rows(own), ""
    except MALFORMED as fault:
        return bundled(), _not_ours(stamp[0], fault)


@cache
def _held(stamp: tuple[str, int]) -> vault.Stored | None:
    return vault.read() if stamp[1] else None


@cache
def _table(stamp: tuple[str, int]) -> Sequence[Sequence[str]] | None:
    """The table of the store; None where the shipped one is used."""
    held = _held(stamp)
    if held is None or not held.files:
        return None
    if json.loads(held.files[META])["shipped"] == shipped_digest():
        rows: Sequence[Sequence[str]] = json.loads(held.files[TABLE])
        if not (isinstance(rows, list) and rows):
            raise ValueError("no table")
        return rows
    return [to_cells(row) for row in merged(from_rows(padded(json.loads(held.files[READ]))))]


def padded(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """Rows as an older release wrote them, with the columns that came since left empty."""
    return [[*row, *[""] * (len(COLUMNS) - len(row))] for row in rows]
