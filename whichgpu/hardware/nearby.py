"""The devices that come closest to a name that names none: "did you mean ..?"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.hardware import tokens
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.hardware.names import index, meant

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: A product's number and the letters about it: `2090`, `a7000`; a step to the next generation (2090 to 3090)
#: counts as three within one (2090 to 2060), a word more or less as one.
_PRODUCT = r"(?P<before>[a-z]*)(?P<number>\d{3,4})(?P<behind>[a-z]*)"
_GENERATION, _WORD, _FAR = 30, 10, 100
#: Of the devices whose names are nearest, those among which one of a size is looked for.
_LOOKED_AT = 24
#: An amount of memory behind a name.
_HELD = r"[-_\s(]+(\d{1,3})\s?gi?b\)?\s*$"


def nearest(text: str, catalogue: Catalogue, most: int = 4) -> tuple[Gpu, ...]:
    """The devices whose names come closest to a spelling that names none.

    Those that share its number, of the vendor named where there are any; else those that are spelled alike.
    """
    # The letter O typed for a nought: A1OO.
    text = re.sub(r"(?i)(?<=\d)o+|o+(?=\d)", lambda found: "0" * len(found[0]), text)
    asked = frozenset(tokens.words(text))
    models = index(catalogue).models
    numbers = {word for word in asked if any(c.isdigit() for c in word) and not tokens.is_size(word)}
    shared = [gpu for gpu in catalogue.values() if models[gpu.id] & numbers]
    shared.sort(key=lambda gpu: _distance(asked, gpu))
    if own := _of_vendor(asked, shared):
        return tuple(own[:most])
    if beside := _of_vendor(asked, _beside(asked, catalogue)):
        return tuple(beside[:most])
    alike = _alike(text, catalogue, 2 * most)
    if shared:
        return tuple((shared[:1] + _of_vendor(asked, alike))[:most])
    return tuple((_of_vendor(asked, alike) or alike)[:most])


def near_in_size(text: str, catalogue: Catalogue) -> tuple[tuple[Gpu, ...], str]:
    """The nearest devices; where a name's memory alone is wrong, those of that size first, and what it has.

    Of `RTX 4070 16GB` the RTX 4070 Ti SUPER goes before the RTX 4070, which has 12 GB.
    """
    near, said = nearest(text, catalogue), re.search(_HELD, text, re.IGNORECASE)
    parts = meant(text[: said.start()], catalogue) if said else ()
    own = sorted({_sold(gpu) for gpu in parts})
    if said is None or not all(own) or any("LPDDR" in str(gpu.value("memory_type")) for gpu in parts):
        # A chip that shares the memory of its machine has as much as that.
        return near, ""
    alike = nearest(text[: said.start()], catalogue, most=_LOOKED_AT)
    fit = [gpu for gpu in alike if _sold(gpu) == int(said[1])]
    held = f" {text[: said.start()].strip()} has {' or '.join(f'{size} GB' for size in own)}"
    return tuple(dict.fromkeys((*fit[:2], *near)))[: len(near)], held if own else ""


def _sold(gpu: Gpu) -> int:
    """The GB of memory under which a device is sold; 0 where none are known."""
    return nominal_gb(gpu.value("memory") or 0.0) or 0


def _beside(asked: frozenset[str], catalogue: Catalogue) -> list[Gpu]:
    """The devices of the line that a spelling names (`rtx`, `arc`) with the numbers nearest to its own."""
    lines = asked & tokens.LINES
    numbered = {word: found for word in asked if (found := re.fullmatch(_PRODUCT, word))}
    if not lines or len(numbered) != 1:
        return []
    (word, wanted), *_ = numbered.items()
    near: list[tuple[int, str, Gpu]] = []
    for key, model in index(catalogue).models.items():
        gpu = catalogue[key]
        own = next((has for one in model if (has := re.fullmatch(_PRODUCT, one))), None)
        if own is None or (own["before"], own["behind"]) != (wanted["before"], wanted["behind"]):
            continue
        if not lines <= {*tokens.words(gpu.name)} or len(own["number"]) != len(wanted["number"]):
            continue
        size = 10 ** (len(own["number"]) - 1)
        is_, asks = int(own["number"]), int(wanted["number"])
        apart = _GENERATION * abs(is_ // size - asks // size) + abs(is_ % size - asks % size)
        more = len((model ^ asked) - {word, own[0]} - tokens.VENDORS - tokens.LINES)
        near.append((apart + _WORD * more, key, gpu))
    return [gpu for apart, _, gpu in sorted(near, key=lambda one: one[:2]) if apart <= _FAR]


def _alike(text: str, catalogue: Catalogue, most: int) -> list[Gpu]:
    """The devices that are spelled most alike, with those that differ from them only in size or form."""
    import difflib

    models = index(catalogue).models
    pool: dict[str, str] = {}
    for gpu in catalogue.values():
        for name in (gpu.id, " ".join(tokens.words(gpu.name)), " ".join(sorted(models[gpu.id]))):
            pool.setdefault(name, gpu.id)
    close = difflib.get_close_matches(" ".join(tokens.words(text)), pool, n=most, cutoff=0.6)
    ids = dict.fromkeys(pool[name] for name in close)
    return list(
        dict.fromkeys(gpu for key in ids for gpu in catalogue.values() if models[gpu.id] == models[key])
    )


def _of_vendor(asked: frozenset[str], found: list[Gpu]) -> list[Gpu]:
    """Those of the vendor that a spelling names; all where it names none."""
    named = asked & tokens.VENDORS
    return [gpu for gpu in found if not named or named & set(tokens.words(gpu.vendor))]


def _distance(asked: frozenset[str], gpu: Gpu) -> tuple[int, int, str]:
    """How far a spelling is from a device: model words missing or too many, then other words."""
    model = tokens.model(gpu)
    other = asked - model - tokens.qualifiers(gpu)
    sizes = sum(1 for word in other if tokens.is_size(word))
    return (len(model - asked) + len(other) - sizes, sizes, gpu.id)
