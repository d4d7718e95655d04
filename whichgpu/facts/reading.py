"""From the raw values of a data file to `Fact`s, and what is said when one is malformed.

On disk a value is `["3.35 TB/s", "source-id p.2"]`: the quantity with its unit, then the key of the
source (several joined by `;` where any of them states it) and the place in it. A third element adds
`{note = "...", as_of = "2026-05-01", kind = "measured"}`; `mistaken = true` beside a note marks what a source
states of the device and is another's. Where sources disagree the value is a list
of such lists; the first is the one in use. `"derived"` as the source marks a value that follows from
others by a formula in the code.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.facts.model import KINDS, Fact, Source
from whichgpu.units import DIMENSIONS, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Dimensions without a unit.
BARE = ("count", "text", "flag", "date")

_parse = lru_cache(maxsize=2**14)(parse)


@lru_cache(maxsize=1)
def sources() -> Mapping[str, Source]:
    """Every source by id, from `data/sources.toml`."""
    return {
        key: Source(key, row["title"], row.get("url", ""), row["kind"], row.get("accessed", ""))
        for key, row in store.load("sources")["sources"].items()
    }


@lru_cache(maxsize=1)
def _kinds() -> Mapping[str, str]:
    """The kind of every source by id."""
    return {key: row["kind"] for key, row in store.glance("sources").heads["sources"].items()}


def facts(
    raw: Any, dimension: str, where: str, *, user: bool = False, own: Mapping[str, Source] | None = None
) -> tuple[Fact, ...]:
    """The facts of one field: the one in use first, then what other sources say.

    `where` is the place for messages (`data/gpus/gh100.toml: h100-80gb-sxm.bandwidth`). With `user`
    the file is the user's own, whose values may stand alone without a source. `own` are sources that
    the file itself declares, beside those of `data/sources.toml`.
    """
    many = raw if isinstance(raw, list) and raw and all(isinstance(item, list) for item in raw) else [raw]
    found = tuple(_fact(item, dimension, where, user=user, own=own or {}) for item in many)
    if found[0].mistaken:
        raise UsageError(
            f"{where}: {found[0].text} is marked as mistaken and is the value in use; put another first"
        )
    return found


def _fact(raw: Any, dimension: str, where: str, *, user: bool, own: Mapping[str, Source]) -> Fact:
    value, source, more = _parts(raw, where, user=user)
    keys, _, locator = source.partition(" ")
    ids = tuple(keys.split(";"))
    kind = more.get("kind") or _kind(ids, where, user=user, own=own)
    if kind not in KINDS:
        raise UsageError(f"{where}: kind '{kind}' is none of {', '.join(KINDS)}")
    return Fact(
        value=read(value, dimension, where),
        text=str(value) if not isinstance(value, bool) else ("yes" if value else "no"),
        dimension=dimension,
        sources=ids,
        locator=locator,
        kind=kind,
        as_of=str(more.get("as_of", "")),
        note=str(more.get("note", "")),
        mistaken=more.get("mistaken") is True,
    )


def _parts(raw: Any, where: str, *, user: bool) -> tuple[Any, str, Mapping[str, Any]]:
    if isinstance(raw, list) and 2 <= len(raw) <= 3 and isinstance(raw[1], str):
        more = raw[2] if len(raw) == 3 else {}
        if not isinstance(more, dict):
            raise UsageError(f'{where}: {more!r} is not a table; write e.g. {{note = "at 400 W"}}')
        return raw[0], raw[1], more
    if user and not isinstance(raw, list | dict):
        return raw, "user", {}
    raise UsageError(f'{where}: {raw!r} has no source; write e.g. ["3.35 TB/s", "my-source p.2"]')


def _kind(ids: tuple[str, ...], where: str, *, user: bool, own: Mapping[str, Source]) -> str:
    if ids == ("derived",):
        return "derived"
    if user:
        return "user"
    stated = bool(own) and own.keys() >= set(ids)
    known = {key: own[key].kind for key in ids} if stated else _kinds()
    unknown = [key for key in ids if key not in known]
    if unknown:
        raise UsageError(f"{where}: source '{unknown[0]}' is not in data/sources.toml; add it there")
    return min((known[key] for key in ids), key=KINDS.index)


def read(value: Any, dimension: str, where: str) -> Any:
    """One raw value as an SI float, a count, a flag or text."""
    try:
        return _read(value, dimension)
    except UsageError as fault:
        raise UsageError(f"{where}: {fault}") from None


def _read(value: Any, dimension: str) -> Any:
    if dimension == "count":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"{value!r} is not a count; write a bare number, e.g. 108")
        if not 0 <= value < math.inf:
            raise UsageError(f"{value!r} is not a count; write a number from zero up, e.g. 108")
        return value
    if dimension == "flag":
        if not isinstance(value, bool):
            raise UsageError(f"{value!r} is neither true nor false; write true or false, without quotes")
        return value
    if dimension in ("text", "date"):
        if not isinstance(value, str):
            raise UsageError(f"{value!r} is not text; put it in quotes")
        return value
    if not isinstance(value, str):
        raise UsageError(f'{value!r} has no unit; write e.g. "{DIMENSIONS[dimension].example}"')
    number = _parse(value, dimension)
    if number < 0:
        raise UsageError(f"'{value}' is below zero")
    return number
