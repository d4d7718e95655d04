"""Parts of one product that differ in how many of the chip's cores are enabled, as Apple sells each chip."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.errors import OpenName, one_line
from whichgpu.hardware import names
from whichgpu.hardware.slices import resolve_device

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: What parts of one product have behind its name.
_CORES = re.compile(r"\s*\(\d+-core GPU\)")


def whole_of(text: str, catalogue: Catalogue) -> Gpu | None:
    """The part with the most cores where a spelling names one product alone: `M4 Max`; None for others."""
    found = names.meant(text, catalogue)
    if len(found) < 2 or not all(_CORES.search(gpu.name) for gpu in found):
        return None
    products = {_CORES.sub("", gpu.name) for gpu in found}
    return max(found, key=lambda gpu: gpu.need("sms")) if len(products) == 1 else None


def resolve_whole(text: str, catalogue: Catalogue) -> tuple[Gpu, int]:
    """As `resolve_device`, but that a product by itself is its part with the most cores."""
    try:
        return resolve_device(text, catalogue)
    except OpenName:
        if gpu := whole_of(text, catalogue):
            return gpu, 1
        raise


def taken(texts: Iterable[str], catalogue: Catalogue) -> Iterator[str]:
    """What is to say of spellings that were read so, and what to write for the others."""
    for text in sorted(set(texts)):
        if text not in catalogue and (gpu := whole_of(text, catalogue)):
            others = [one.id for one in names.meant(text, catalogue) if one is not gpu]
            less = " or ".join(others)
            yield f"'{one_line(text)}' was taken as {gpu.id}, the whole chip; write {less} for less of it"
