"""Azure Retail Prices: the public API, page by page, of the N series in every region."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from whichgpu.errors import DataError
from whichgpu.prices.fetch import whole
from whichgpu.prices.listing import Listing
from whichgpu.prices.shipped import instances
from whichgpu.prices.sources import Found, PriceSource, document, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.prices.fetch import Get

_HOST = "prices.azure.com"
_FILTER = "serviceName eq 'Virtual Machines' and startswith(armSkuName, 'Standard_N')"
_FIRST = f"https://{_HOST}/api/retail/prices?api-version=2023-01-01-preview&$filter={quote(_FILTER)}"
#: Pages of a thousand prices; the series has a few dozen.
_MOST_PAGES = 200
_HOURS = 8760.0
_WINDOWS = re.compile(r"\bWin(?:dows)?\b", re.IGNORECASE)
_TERMS = {"1 Year": ("committed_1y", 1), "3 Years": ("committed_3y", 3)}


def read(get: Get) -> Found:
    """Consumption, spot and reservation prices of Linux machines."""
    known = instances("azure")
    listings: list[Listing] = []
    url, page = _FIRST, 0
    while url:
        if page >= _MOST_PAGES:
            raise DataError(f"more than {_MOST_PAGES} pages; stopped reading")
        if urlsplit(url).hostname != _HOST or urlsplit(url).scheme != "https":
            raise DataError(f"the next page is at {url[:80]}, which is not {_HOST}; not followed")
        answer = document(whole(get(f"page-{page}.json", url)), f"page {page}")
        if not isinstance(answer, dict) or not isinstance(answer.get("Items"), list):
            raise DataError(f"page {page}: no 'Items'; the source's format has changed")
        if not all(isinstance(item, dict) for item in answer["Items"]):
            raise DataError(f"page {page}: an item is no object; the source's format has changed")
        listings += [row for item in answer["Items"] for row in _row(item, known)]
        url, page = str(answer.get("NextPageLink") or ""), page + 1
    return Found(tuple(listings))


def _row(item: dict[str, Any], known: Any) -> Iterator[Listing]:
    # What is Windows, the product says alone; what is spot, either name of the meter.
    product, meter = (
        str(item.get("productName", "")),
        f"{item.get('skuName', '')} {item.get('meterName', '')}",
    )
    usd, name = number(item, "retailPrice"), str(item.get("armSkuName", ""))
    if not usd or not name or _WINDOWS.search(product) or item.get("currencyCode") != "USD":
        return
    if "Low Priority" in meter:
        return
    if item.get("unitOfMeasure") != "1 Hour" or item.get("type") == "DevTestConsumption":
        return
    kind = "spot" if "Spot" in meter else "on_demand"
    if item.get("type") == "Reservation":
        term = _TERMS.get(str(item.get("reservationTerm")))
        if term is None:
            return
        # A reservation is priced for its whole term.
        kind, usd = term[0], usd / (term[1] * _HOURS)
    spelling, count, vcpus, host = known.get(name, (name, 1.0, None, None))
    yield Listing(
        provider="azure", instance=name, spelling=spelling, gpus=count, usd=usd, kind=kind,
        region=str(item.get("armRegionName", "")), vcpus=vcpus, host_gib=host,
    )  # fmt: skip


SOURCE = PriceSource("azure-retail-prices", "api/retail/prices", read)
