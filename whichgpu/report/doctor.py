"""What is installed and how old the data are, as a report."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata
from typing import TYPE_CHECKING, Any

from whichgpu import __version__, prices
from whichgpu.facts import reading, store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.prices import live
from whichgpu.report.table import Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

_REQUIREMENT = re.compile(r"^([A-Za-z0-9_.-]+).*?(?:extra == ['\"]([^'\"]+)['\"])?$")
#: Settings of the environment that whichgpu reads.
SETTINGS = ("WHICHGPU_DATA", "XDG_DATA_HOME", "NO_COLOR", "COLUMNS")


def report(today: date) -> Report:
    """Versions, optional parts, data with their dates, settings."""
    parts = _parts()
    data = _data(today)
    standing = live.standing()
    settings = {name: os.environ.get(name) for name in SETTINGS}
    document = {
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": parts,
        "data": data,
        "data_folder": str(store.DATA),
        "settings": settings,
        "price_store": standing._asdict(),
    }
    blocks = (_versions(document, parts), _ages(data), *_store(standing), _settings(document))
    return Report(document, blocks, complaint=standing.problem)


def _parts() -> list[dict[str, Any]]:
    """Every package that whichgpu needs or can use, and the version that is there."""
    try:
        stated = metadata.requires("whichgpu") or []
    except metadata.PackageNotFoundError:
        return []
    found = []
    for line in stated:
        match = _REQUIREMENT.match(line.strip())
        if match:
            found.append({"name": match[1], "extra": match[2] or "", "version": _version(match[1])})
    return found


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _versions(document: dict[str, Any], parts: Sequence[dict[str, Any]]) -> Table:
    rows: list[tuple[str | None, ...]] = [
        ("whichgpu", document["version"], ""),
        ("Python", f"{document['python']} on {document['platform']}", ""),
    ]
    extras: dict[str, list[str]] = {}
    for part in parts:
        extras.setdefault(part["name"], []).append(part["extra"])
    versions = {part["name"]: part["version"] or "not installed" for part in parts}
    for name, needs in extras.items():
        need = "needed" if "" in needs else f"for pip install 'whichgpu[{', '.join(needs)}]'"
        rows.append((name, versions[name], need))
    notes = [] if parts else ["Run from a folder without being installed, so what it needs is not listed."]
    return Table.of("Installed", ["Part", "Version", "What for"], rows, notes)


def _data(today: date) -> list[dict[str, Any]]:
    offers = [row for row in live.current() if not row.quarantine]
    bought = [row for rows in prices.purchases().values() for row in rows]
    read = [source.accessed for source in reading.sources().values()]
    others = [tree for tree in store.trees() if tree not in ("gpus", "prices")]
    return [
        _row("GPUs", len(catalogue()), read, today),
        *(_row(tree, _entries(tree), [], today) for tree in others),
        _row("offers", len(offers), [str(row.as_of or "") for row in offers], today),
        _row("purchase prices", len(bought), [str(row.as_of or "") for row in bought], today),
    ]


def _entries(tree: str) -> int:
    """Files of a folder, tables of a single file."""
    content = store.load(tree)
    return len(content[tree]) if set(content) == {tree} else len(content)


def _row(name: str, entries: int, dates: Iterable[str], today: date) -> dict[str, Any]:
    all_dates = list(dates)
    known = sorted(each for each in all_dates if each)
    newest = known[-1] if known else None
    return {
        "name": name,
        "entries": entries,
        "oldest": known[0] if known else None,
        "newest": newest,
        "undated": len(all_dates) - len(known),
        "newest_age_days": (today - type(today).fromisoformat(newest)).days if newest else None,
    }


def _ages(data: Sequence[dict[str, Any]]) -> Table:
    rows = [
        (row["name"], f"{row['entries']:,}", row["oldest"], row["newest"],
         None if row["newest_age_days"] is None else f"{row['newest_age_days']} days",
         str(row["undated"] or ""))
        for row in data
        if row["newest"]
    ]  # fmt: skip
    columns = ["What", ">Entries", "Oldest", "Newest", ">Age of newest", ">Undated"]
    others = ", ".join(f"{row['name']} ({row['entries']:,})" for row in data if not row["newest"])
    notes = [
        "Of GPUs the dates are those on which sources were read; of prices those for which they held.",
        f"Without a date of the whole: {others}.",
    ]
    return Table.of("Data", columns, rows, notes)


def _store(standing: live.Standing) -> tuple[Table, ...]:
    """When each live price source was read, and what went wrong since; nothing where none ever was."""
    rows = [
        (source, row.get("as_of") or "never", f"{row.get('rows', 0):,}", row.get("failure", ""))
        for source, row in standing.sources.items()
    ]
    return (
        (Table.of("Prices read", ["Source", "Read on", ">Offers", "What went wrong since"], rows),)
        if rows
        else ()
    )


def _settings(document: dict[str, Any]) -> Table:
    rows = [("data folder", document["data_folder"])]
    rows += [(name, value or "not set") for name, value in document["settings"].items()]
    return Table.of("Settings", ["What", "Value"], rows)
