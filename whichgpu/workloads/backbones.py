"""Detectors and segmenters over another network than those of the zoo: `mask-rcnn_x101-64x4d_fpn`.

A name that says another ResNet or ResNeXt, or a RegNetX, where one of the zoo says ResNet-50 is that workload
over it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.facts.needed import small
from whichgpu.values import regex
from whichgpu.workloads import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from whichgpu.workloads.model import Workload

_NAMED = regex(
    r"(?<![a-z0-9])(?:res(?:net|next)?|r|x)[-_ ]?(18|34|50|101|152)(?:vd?|d|s)?"
    r"(?:[-_ ]?(32|64)x(4|8)d)?(?![a-z0-9])",
    re.IGNORECASE,
)
#: RegNetX by its arithmetic: 3.2GF, 800MF, 032.
_REGNET = regex(r"(?<![a-z0-9])regnet[-_ ]?x[-_ ]?(\d+(?:\.\d+)?gf|\d00mf|\d{3})(?![a-z0-9])", re.IGNORECASE)
#: Blocks of the four stages, by depth; those of two convolutions.
_LAYERS = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3]}
_BASIC = (18, 34)
#: Families whose networks are so described, and those that take any of them.
_FAMILIES = ("rcnn", "retinanet", "segmenter", "detr", "deformable_detr")
_ANY = ("rcnn", "retinanet")
_made: dict[str, Workload] = {}


def varied(name: str, read: Callable[[str], Workload | None]) -> Workload | None:
    """The workload of a name whose dimensions are mostly another's: `variants` of `data/suffixes.toml`."""
    bare = names.unwrapped(name) or name
    for one in (bare, *(said.name for said in names.told(bare))):
        lower = small(one)
        for (pattern, base, differs, *side), sets in _variants():
            if not names.holds(lower, sets):
                continue
            found = re.fullmatch(pattern, one.strip("-_ "), re.IGNORECASE)
            item = read(found.expand(base)) if found else None
            if found and item is not None:
                sized = {**item.defaults.get("all", {}), **dict.fromkeys(("height", "width"), *side)}
                item = replace(item, defaults={**item.defaults, "all": sized}) if side else item
                return _kept(item, found[0].lower(), f"{item.name}, as {found[0]}", differs)
    return None


@lru_cache(maxsize=1)
def _variants() -> Sequence[tuple[Any, names.Sets]]:
    """The variants of the table, each with the words that it needs."""
    rows = names.table()["variants"]
    return tuple(zip(rows, names.needs(row[0] for row in rows), strict=True))


def _kept(item: Workload, key: str, title: str, differs: Mapping[str, Any]) -> Workload:
    """A workload under another id, one and the same each time: what was traced of it is found by identity."""
    if key not in _made or _made[key].defaults != item.defaults:
        _made[key] = replace(item, id=key, name=title, aliases=(), dims={**item.dims, **differs})
    return _made[key]


def over(name: str, read: Callable[[str], Workload | None]) -> Workload | None:
    """The workload over the network of a name, `read` being what finds the one over ResNet-50."""
    regnet = _REGNET.search(name)
    found = regnet or _NAMED.search(name)
    network = _regnet(regnet, read) if regnet else _network(found) if found else None
    if not found or not network:
        return None
    item = read(f"{name[: found.start()]}r50{name[found.end() :]}")
    if item is None or item.family not in _FAMILIES or item.dims.get("layers") != _LAYERS[50]:
        return None
    apart = len(network) > 1 or "regnet" in network
    if item.dims.get("groups", 1) != 1 or (apart and item.family not in _ANY):
        return None
    said = found[0].lower().replace("_", "-").replace(" ", "-")
    base = _NAMED.search(item.id)
    key = f"{item.id[: base.start()]}{said}{item.id[base.end() :]}" if base else f"{item.id}-{said}"
    return _kept(item, key, f"{item.name}, over {found[0]} instead", network)


def _regnet(found: re.Match[str], read: Callable[[str], Workload | None]) -> Mapping[str, Any]:
    """Dimensions of a detector over the RegNetX of a name; {} where there is none of that size."""
    item = read(found[0])
    return {"regnet": dict(item.dims)} if item is not None and item.family == "regnet" else {}


def _network(found: re.Match[str]) -> Mapping[str, Any]:
    """Dimensions of the network of a name; {} for ResNet-50 itself."""
    depth, groups = int(found[1]), found[2]
    grouped = {"groups": int(groups), "group_width": int(found[3])} if groups else {}
    if not grouped and (depth == 50 or found[0].lower().startswith(("x", "resnext"))):
        return {}
    basic = {"basic": True} if depth in _BASIC else {}
    return {"layers": _LAYERS[depth], **basic, **grouped}
