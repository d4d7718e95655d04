"""Who sells (classes of providers, `data/providers.toml`) and where (words for regions, `regions.toml`)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError, UsageError
from whichgpu.facts import store
from whichgpu.prices.store import key_of, known_regions, unknown
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from whichgpu.errors import WhichGpuError
    from whichgpu.prices.offers import Offer

_OTHER = "other"
#: Kinds of offers that are other people's machines.
_OF_OTHERS = ("marketplace", "community")


class SellerClass(NamedTuple):
    """A kind of seller, and what that means; `label` is for several of them."""

    id: str
    label: str
    trust: str
    interruption: str
    billing: str

    def to_dict(self) -> dict[str, str]:
        """Plain text by name."""
        return self._asdict()


@cache
def classes() -> Mapping[str, SellerClass]:
    """The classes by id."""
    fields = ("label", "trust", "interruption", "billing")
    return {key: SellerClass(key, *(row[name] for name in fields)) for key, row in _tables().items()}


def class_of(provider: str) -> SellerClass:
    """The class of a provider; `other` where none names it."""
    return classes()[_by_provider().get(provider, _OTHER)]


def title(provider: str) -> str:
    """What a provider is called in prose: `Azure`; its id where no title is on file."""
    return str(store.load("providers")["providers"]["title"].get(provider, provider))


def seller_of(offer: Offer) -> SellerClass:
    """The class of who sells an offer: machines of others, where its kind says so."""
    if offer.kind in _OF_OTHERS and class_of(offer.provider).id != "decentralised":
        return classes()["marketplace"]
    return class_of(offer.provider)


#: Classes whose machines stand at many hosts: nobody says what joins two of them.
_APART = frozenset(("marketplace", "decentralised"))


def joined(offer: Offer) -> bool:
    """Whether a fast network joins several machines of an offer, as far as its seller's class says."""
    return seller_of(offer).id not in _APART


def providers_named(names: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """The providers of `known` that names mean: a provider, or a class for all in it.

    Raises `UsageError` with the nearest for a name that is neither.
    """
    by_key = {key_of(one): one for one in known}
    found: list[str] = []
    for name in names:
        meant = [one for one in by_key.values() if is_named(one, name)]
        if not meant and key_of(name) not in _classes_by_name():
            also = (alias for alias, provider in aliases().items() if provider in by_key)
            raise UsageError(unknown("provider", name, [*by_key.values(), *classes(), *also]))
        found += meant
    return tuple(dict.fromkeys(found))


def is_named(provider: str, name: str) -> bool:
    """Whether a name means a provider: its own, another name of it, or its class."""
    key = key_of(name)
    own = aliases().get(key, key) == key_of(provider)
    return own or _classes_by_name().get(key) == class_of(provider).id


def regions_named(names: Iterable[str], rows: Iterable[Offer]) -> tuple[str, ...]:
    """The regions of offers that names mean: a region, its beginning (`us-east`), or an area (`europe`).

    Raises `UsageError` with the nearest for a name that means none.
    """
    known = sorted(known_regions(rows))
    found: list[str] = []
    for name in names:
        here = [one for one in known if lies_in(one, name)]
        if not here:
            raise _nowhere(name, known)
        found += here
    return tuple(dict.fromkeys(found))


def is_area(name: str) -> bool:
    """Whether a name is an area's, in which regions of several sellers lie."""
    return key_of(name) in _areas()


@cache
def lies_in(region: str, name: str) -> bool:
    """Whether a name means a region: its own, its beginning (`us-east`), or an area that it lies in."""
    key = key_of(name)
    area = _areas().get(key)
    return key_of(region) == key or (area is not None and _within(region, area)) or _begins(region, key)


def _nowhere(name: str, known: Iterable[str]) -> WhichGpuError:
    """What is said of a region of which no price is on file: one that a provider has, or none at all."""
    tables = store.load("regions")["regions"]
    key = key_of(name)
    sellers = [seller for seller, regions in tables["provider"].items() if key in regions]
    if sellers:
        areas = (area for area, row in tables["area"].items() if _within(key, row))
        wider = next((f", or take all of {area}: --region {area}" for area in areas), "")
        return DataError(
            f"no price on file is of {name}, a region of {sellers[0]}: whichgpu prices update reads its "
            f"prices{wider}"
        )
    if key in _areas():
        return DataError(f"no price on file is in {name}: whichgpu prices update reads every region")
    every = {*known, *tables["area"], *(one for regions in tables["provider"].values() for one in regions)}
    return UsageError(unknown("region", name, sorted(every)))


def _within(region: str, area: Mapping[str, Any]) -> bool:
    low = region.lower()
    parts = [one.strip() for one in low.split(",")]
    return any(_starts(low, one) for one in area["begins"]) or any(one in area["words"] for one in parts)


def _starts(name: str, beginning: str) -> bool:
    """Whether a name begins so, and its number does not go on: europe-west10 is not of europe-west1."""
    rest = name.removeprefix(beginning)
    return rest != name and not (beginning[-1:].isdigit() and rest[:1].isdigit())


def _begins(region: str, key: str) -> bool:
    """Whether a word is the beginning of a region's name, or one of its comma-separated parts.

    Of names in one word it is not: eastus2 is another region than eastus.
    """
    low = key_of(region)
    numbered = "-" not in low and low.removeprefix(key).isdigit()
    begun = len(key) > 1 and not numbered and _starts(low, key)
    return begun or key in [key_of(one) for one in region.split(",")]


@cache
def _tables() -> Mapping[str, Any]:
    tables: Mapping[str, Any] = store.load("providers")["providers"]["class"]
    return tables


@cache
def aliases() -> Mapping[str, str]:
    """The provider of each other name of one."""
    tables = store.load("providers")["providers"]["alias"]
    return {key_of(name): provider for provider, names in tables.items() for name in names}


@cache
def _by_provider() -> Mapping[str, str]:
    return {name: key for key, row in _tables().items() for name in row["providers"]}


@cache
def _classes_by_name() -> Mapping[str, str]:
    return {key_of(name): key for key, row in _tables().items() for name in (key, *row["names"])}


@cache
def _areas() -> Mapping[str, Mapping[str, Any]]:
    tables = store.load("regions")["regions"]["area"]
    return {key_of(name): row for key, row in tables.items() for name in (key, *row["names"])}
