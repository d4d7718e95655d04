"""The bundled offers, and how offers are chosen and put in order."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError, UsageError
from whichgpu.facts import store as facts_store
from whichgpu.facts.model import Source
from whichgpu.prices.offers import KINDS, Offer
from whichgpu.units import GIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

#: A price older than this ranks behind every younger one.
STALE_DAYS = 365

#: The terms a user asks for, and the kinds of price that meet each.
TERMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "on-demand": ("on_demand",),
        "spot": ("spot",),
        "reserved": ("reserved", "committed_1y", "committed_3y"),
        "serverless": ("serverless",),
        "marketplace": ("marketplace", "community"),
        "any": KINDS,
    }
)

#: Other words for terms.
_TERM_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "on-demand": ("ondemand", "pay-as-you-go", "payg", "hourly", "rent", "rented"),
        "spot": ("preemptible", "preemptable", "interruptible"),
        "reserved": ("committed", "commit", "commitment", "reservation", "reserve", "1y", "3y", "year",
                     "years"),
        "marketplace": ("community",),
        "buy": ("own", "purchase", "bought", "buying", "home", "onprem", "on-prem"),
    }
)  # fmt: skip

#: The columns of `data/prices/offers.csv`, in order.
COLUMNS = (
    "provider", "instance", "gpu", "gpu_spelling", "candidates", "gpu_count", "vcpus", "memory_gib",
    "kind", "usd_per_hour", "usd_median", "usd_max", "region", "regions", "suspect_regions",
    "source", "locator", "as_of", "listing", "quarantine", "note", "by_region",
)  # fmt: skip


@cache
def bundled() -> tuple[Offer, ...]:
    """Every bundled row, quarantined and ambiguous ones included, in the order of the file.

    Raises `DataError` where the table has other columns than `COLUMNS` or a number that is none.
    """
    return from_shipped(shipped_rows())


def shipped_rows() -> Sequence[Sequence[str]]:
    """The bundled rows as text. Raises `DataError` where the table has other columns than `COLUMNS`."""
    return _checked(facts_store.part("prices", "offers"))


def shipped_of(wanted: frozenset[str]) -> Sequence[Sequence[str]]:
    """Those of the bundled rows that are or may be of some GPUs, as `shipped_rows` gives them."""
    return _checked(
        facts_store.group("prices", "offers", lambda told: not wanted.isdisjoint(told.split(";")))
    )


def _checked(table: Mapping[str, Any]) -> Sequence[Sequence[str]]:
    if tuple(table["columns"]) != COLUMNS:
        raise DataError(f"data/prices/offers.csv: columns are not {', '.join(COLUMNS)}; reinstall whichgpu")
    rows: Sequence[Sequence[str]] = table["rows"]
    return rows


def from_shipped(rows: Sequence[Sequence[str]]) -> tuple[Offer, ...]:
    """Offers from some of the bundled rows. Raises `DataError` for a number that is none."""
    try:
        return from_rows(rows)
    except ValueError as fault:
        raise DataError(f"data/prices/offers.csv: {fault}; reinstall whichgpu") from None


def from_rows(rows: Sequence[Sequence[str]]) -> tuple[Offer, ...]:
    """Offers from rows of text in the order of `COLUMNS`. Raises `ValueError` for a malformed cell.

    Works column by column, so that a thousand rows take a few milliseconds.
    """
    if not rows:
        return ()
    cells: dict[str, Sequence[Any]] = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))
    for name, read in _READERS.items():
        values = {text: read(text) for text in set(cells[name])}
        cells[name] = [values[text] for text in cells[name]]
    made = tuple(object.__new__(Offer) for _ in rows)
    # The slots are filled directly: the constructor of a frozen class takes twice as long.
    for slot, column in zip(Offer.__match_args__, cells.values(), strict=True):
        fill = getattr(Offer, slot).__set__
        for offer, value in zip(made, column, strict=True):
            fill(offer, value)
    return made


def _date(text: str) -> date | None:
    from datetime import date

    return date.fromisoformat(text) if text else None


def _optional(text: str) -> float | None:
    return float(text) if text else None


def _memory(text: str) -> float | None:
    return float(text) * GIB if text else None


def _candidates(text: str) -> tuple[str, ...]:
    return tuple(text.split(";")) if text else ()


_READERS: Mapping[str, Callable[[str], Any]] = {
    "gpu": lambda text: text or None,
    "candidates": _candidates,
    "gpu_count": float,
    "vcpus": _optional,
    "memory_gib": _memory,
    "usd_per_hour": float,
    "usd_median": _optional,
    "usd_max": _optional,
    "regions": int,
    "suspect_regions": int,
    "as_of": _date,
}


@cache
def sources() -> Mapping[str, Source]:
    """The sources that price rows name, by id, from `data/prices/sources.toml`."""
    return {
        key: Source(key, row["title"], row.get("url", ""), row["kind"], row.get("accessed", ""))
        for key, row in facts_store.part("prices", "sources")["sources"].items()
    }


def providers(rows: Iterable[Offer] | None = None) -> tuple[str, ...]:
    """The provider names in `rows` (the offers in use if not given), sorted."""
    from whichgpu.prices.live import current

    return tuple(sorted({row.provider for row in (current() if rows is None else rows)}))


def term_kinds(term: str) -> tuple[str, ...]:
    """The kinds of price that meet a term such as "on-demand". Raises `UsageError` for an unknown one."""
    return TERMS[term_named(term)]


def term_named(term: str, *also: str) -> str:
    """The term that words mean: `committed 1y` is reserved. Raises `UsageError` for an unknown one.

    `also` are what else may be written there: `buy`.
    """
    key = key_of(term)
    said = {key, *key.split("-")}
    known = (*TERMS, *also)
    wanted = next((name for name in known if said & {name, *_TERM_WORDS.get(name, ())}), key)
    if wanted not in known:
        raise UsageError(unknown("term", term, known))
    return wanted


def offers(
    *,
    gpus: Iterable[str] | None = None,
    kinds: Iterable[str] | None = None,
    providers: Iterable[str] | None = None,
    regions: Iterable[str] | None = None,
    quarantined: bool = False,
    ambiguous: bool = False,
) -> tuple[Offer, ...]:
    """The offers in use, shipped and read since, that pass the filters of `select`."""
    from whichgpu.prices.live import current

    return select(
        current(),
        gpus=gpus,
        kinds=kinds,
        providers=providers,
        regions=regions,
        quarantined=quarantined,
        ambiguous=ambiguous,
    )


def select(
    rows: Sequence[Offer],
    *,
    gpus: Iterable[str] | None = None,
    kinds: Iterable[str] | None = None,
    providers: Iterable[str] | None = None,
    regions: Iterable[str] | None = None,
    quarantined: bool = False,
    ambiguous: bool = False,
) -> tuple[Offer, ...]:
    """The rows that pass every filter given, in the order of `rows`.

    `gpus` are catalogue ids; with `ambiguous` a row also passes if one of its candidates does, and
    without it ambiguous rows are left out. With `regions` a row has the price of the cheapest of them.
    Quarantined rows are left out unless asked for. Raises `UsageError` for an unknown kind, and
    for a provider or region that no row has, with the nearest that one does.
    """
    wanted = {
        "kind": _names("kind", kinds, KINDS),
        "provider": _names("provider", providers, {row.provider for row in rows}),
    }
    if regions is not None:
        here = _names("region", regions, known_regions(rows)) or frozenset()
        rows = [found for row in rows if (found := row.within(here)) is not None]
    ids = None if gpus is None else frozenset(gpus)
    return tuple(
        row
        for row in rows
        if (quarantined or not row.quarantine)
        and (ambiguous or not row.ambiguous)
        and (ids is None or row.gpu in ids or (ambiguous and not ids.isdisjoint(row.candidates)))
        and all(chosen is None or getattr(row, name) in chosen for name, chosen in wanted.items())
    )


def known_regions(rows: Iterable[Offer]) -> frozenset[str]:
    """Every region that a row names."""
    return frozenset(region for row in rows for region in row.usd_by_region)


def by_device(rows: Iterable[Offer]) -> dict[str, list[Offer]]:
    """Every row under each id that it names or may mean, quarantined and ambiguous ones included."""
    found: dict[str, list[Offer]] = {}
    for row in rows:
        for key in (row.gpu,) if row.gpu is not None else row.candidates:
            found.setdefault(key, []).append(row)
    return found


def _names(what: str, asked: Iterable[str] | None, known: Iterable[str]) -> frozenset[str] | None:
    """The known names meant by `asked`, whose case, `-`, `_` and spaces do not matter."""
    if asked is None:
        return None
    by_key = {key_of(name): name for name in known}
    chosen = []
    for name in asked:
        if key_of(name) not in by_key:
            raise UsageError(unknown(what, name, by_key.values()))
        chosen.append(by_key[key_of(name)])
    return frozenset(chosen)


def key_of(name: str) -> str:
    """A name as it is compared: without case, `_` and spaces."""
    return name.strip().lower().replace("_", "-").replace(" ", "-")


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """What is said of a name that no row has: the nearest that one does."""
    from difflib import get_close_matches

    by_key = {key_of(each): each for each in known}
    asked = key_of(name)
    close = get_close_matches(asked, by_key, n=3, cutoff=0.5)
    # Letters that changed places are the likeliest slip.
    near = [by_key[key] for key in sorted(close, key=lambda key: sorted(key) != sorted(asked))]
    if near:
        return f"no {what} '{name}'; did you mean {', '.join(near)}?"
    return f"no {what} '{name}'; known: {', '.join(sorted(by_key.values())) or 'none'}"


def best_first(
    rows: Iterable[Offer], today: date, stale_days: int = STALE_DAYS, *,
    cost: Callable[[Offer], float] | None = None,
) -> tuple[Offer, ...]:  # fmt: skip
    """Offers by how far the price can be trusted, then by price per GPU, or by their `cost`.

    First what was read within `stale_days`, then what is older or replaced by a newer listing of the
    same offer, last what has no date. Equal prices are ordered by provider and instance.
    """
    return tuple(sorted(rows, key=lambda row: _rank(row, today, stale_days, cost)))


def _rank(
    row: Offer, today: date, stale_days: int, cost: Callable[[Offer], float] | None
) -> tuple[int, float, str, str]:
    age = row.age_days(today)
    trust = 2 if age is None else int(age >= stale_days or row.superseded)
    return trust, cost(row) if cost else row.usd_per_gpu_hour, row.provider, row.instance
