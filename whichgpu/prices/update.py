"""Refresh the price store from live sources: each all or nothing, and the old rows where it fails."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError, UsageError, one_line
from whichgpu.prices import live, vault
from whichgpu.prices.listing import offers
from whichgpu.prices.store import COLUMNS, from_rows
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from whichgpu.prices.fetch import Get
    from whichgpu.prices.offers import Offer
    from whichgpu.prices.sources import Found, PriceSource

#: A source that lists less than this share of what it did, of all or of sound offers, has lost something.
_FEWER = 0.5
_HISTORY = (
    "as_of", "source", "provider", "instance", "gpu", "gpu_count", "kind", "usd_per_hour", "usd_median",
)  # fmt: skip


class Outcome(NamedTuple):
    """What became of one source."""

    source: str
    #: Offers of it that are in the store now.
    rows: int
    #: Of these, how many are in quarantine.
    quarantined: int = 0
    #: Why it was not read; empty where it was.
    failure: str = ""
    #: Parts of it that could not be read.
    problems: tuple[str, ...] = ()


def chosen_sources(names: Sequence[str]) -> tuple[PriceSource, ...]:
    """The sources of these ids; where none are named, all that need no key or whose key is set.

    Raises `UsageError` for an unknown one, and for one whose key is not set.
    """
    from whichgpu.prices.sources import all_sources

    known = all_sources()
    for name in names:
        if name not in known:
            raise UsageError(f"no price source '{one_line(name)}'; there are {', '.join(known)}")
        if not known[name].usable:
            raise UsageError(f"{name} needs a key; set it in {known[name].key}")
    return tuple(known[name] for name in names) or tuple(each for each in known.values() if each.usable)


def update(
    sources: Sequence[PriceSource], get: Callable[[str], Get], today: date, where: Path | None = None, *,
    done: Callable[[Outcome], None] | None = None,
) -> tuple[Outcome, ...]:  # fmt: skip
    """Read every source and put the store in order; gives what became of each, in order.

    `get` makes a source's way to read documents from its id. A source that fails keeps its old rows.
    Where none can be read nothing is written. Raises `UsageError` where another update is at work or the
    store cannot be written.
    """
    with vault.lock(where):
        old, kept, meta, interruptions = _held(where)
        outcomes = []
        for source in sources:
            outcome, rows, found = _read(source, get, today, kept.get(source.id, ()))
            outcomes.append(outcome)
            if found is not None:
                kept[source.id] = rows
                if found.interruptions:
                    interruptions[source.id] = [list(row) for row in found.interruptions]
            meta["sources"][source.id] = _note(meta["sources"].get(source.id, {}), outcome, today)
            if done:
                done(outcome)
        if all(outcome.failure for outcome in outcomes):
            return tuple(outcomes)
        table = live.merged([row for rows in kept.values() for row in rows])
        vault.write(_files(table, kept, old, meta, interruptions), where)
    return tuple(outcome._replace(quarantined=_quarantined(table, outcome.source)) for outcome in outcomes)


def _held(
    where: Path | None,
) -> tuple[dict[str, bytes], dict[str, tuple[Offer, ...]], dict[str, Any], dict[str, Any]]:
    """The files of the generation in use and what they hold; nothing of a store that somebody else wrote."""
    held = vault.read(where)
    old = dict(held.files) if held else {}
    try:
        return (old, *_before(old))
    except live.MALFORMED:
        return ({}, *_before({}))


def _before(
    old: Mapping[str, bytes],
) -> tuple[dict[str, tuple[Offer, ...]], dict[str, Any], dict[str, Any]]:
    """Offers by source, what is known of the sources, and interruptions, of the generation in use."""
    kept = _by_source(from_rows(live.padded(json.loads(old.get(live.READ, b"[]")))))
    meta = json.loads(old.get(live.META, b'{"sources": {}}'))
    sources = {str(key): dict(row) for key, row in meta["sources"].items()}
    return kept, {"sources": sources}, dict(json.loads(old.get(live.INTERRUPTIONS, b"{}")))


def _read(
    source: PriceSource, get: Callable[[str], Get], today: date, before: Sequence[Offer]
) -> tuple[Outcome, tuple[Offer, ...], Found | None]:
    """What became of a source, its offers, and what else it says; nothing where it cannot be believed."""
    kept = Outcome(source.id, len(before))
    try:
        found = source.read(get(source.id))
        rows = offers(found.listings, source.id, source.locator, today)
    except DataError as fault:
        return kept._replace(failure=one_line(fault)), (), None
    except Exception as fault:
        why = f"answers with something else ({type(fault).__name__}: {one_line(fault)})"
        return kept._replace(failure=why), (), None
    if not rows and not found.interruptions:
        return kept._replace(failure="answered without a single price"), (), None
    why = _lost(len(rows), len(before), "offers") or _lost(_sound(rows), _sound(before), "sound offers")
    if why:
        return kept._replace(failure=why, problems=_told(found)), (), None
    return Outcome(source.id, len(rows), problems=_told(found)), rows, found


def _told(found: Found) -> tuple[str, ...]:
    """What could not be read, without what a source may send to steer a terminal."""
    return tuple(map(one_line, found.problems))


def _lost(now: int, before: int, what: str) -> str:
    """Why a source that lists so few where it listed so many is not believed; empty where it is."""
    fewer = now < _FEWER * before
    return f"lists {now} {what} where it listed {before}; not believed" if fewer else ""


def _sound(rows: Sequence[Offer]) -> int:
    """How many offers no rule of quarantine sets aside, each judged in the company of the shipped ones."""
    return sum(not row.quarantine for row in live.merged(rows)[-len(rows) :]) if rows else 0


def _by_source(rows: Sequence[Offer]) -> dict[str, tuple[Offer, ...]]:
    found: dict[str, tuple[Offer, ...]] = {}
    for row in rows:
        found[row.source] = (*found.get(row.source, ()), row)
    return found


def _note(before: Mapping[str, Any], outcome: Outcome, today: date) -> dict[str, Any]:
    """What is kept of an outcome: the day of the last success, and what went wrong since."""
    if outcome.failure:
        return {**before, "rows": outcome.rows, "failure": outcome.failure, "failed": today.isoformat()}
    return {
        "rows": outcome.rows,
        "as_of": today.isoformat(),
        "failure": "",
        "problems": list(outcome.problems),
    }


def _files(
    table: Sequence[Offer], kept: Mapping[str, Sequence[Offer]], old: Mapping[str, bytes],
    meta: Mapping[str, Any], interruptions: Mapping[str, Any],
) -> dict[str, bytes]:  # fmt: skip
    read = [row for rows in kept.values() for row in rows]
    return {
        live.TABLE: _json([live.to_cells(row) for row in table]),
        live.READ: _json([live.to_cells(row) for row in read]),
        live.HISTORY: _appended(_history(old), read).encode(),
        live.INTERRUPTIONS: _json(interruptions),
        live.META: _json({**meta, "shipped": live.shipped_digest()}),
    }


def _history(old: Mapping[str, bytes]) -> str:
    """The history so far; empty where it is none."""
    text = old.get(live.HISTORY, b"").decode(errors="replace")
    return text if text.startswith(",".join(_HISTORY) + "\n") else ""


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _appended(text: str, rows: Sequence[Offer]) -> str:
    """The history with every price that is not the last one known of its offer."""
    known = {_key(row): (row["usd_per_hour"], row["usd_median"]) for row in csv.DictReader(io.StringIO(text))}
    out = io.StringIO()
    writer = csv.DictWriter(out, _HISTORY, lineterminator="\n")
    if not text:
        writer.writeheader()
    for offer in rows:
        row = {
            name: cell for name, cell in zip(COLUMNS, live.to_cells(offer), strict=True) if name in _HISTORY
        }
        row["gpu"] = offer.device
        if known.get(_key(row)) != (row["usd_per_hour"], row["usd_median"]):
            writer.writerow(row)
    return text + out.getvalue()


def _key(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("source", "provider", "instance", "gpu", "gpu_count", "kind"))


def _quarantined(table: Sequence[Offer], source: str) -> int:
    return sum(bool(row.quarantine) for row in table if row.source == source)
