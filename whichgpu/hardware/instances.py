"""Cloud instance types as GPUs: `g5.xlarge` is an A10G, `p4d.24xlarge` eight A100 40 GB.

As offers say, and `data/instances.toml` of types that none sells.
"""

from __future__ import annotations

import re
from functools import cache
from operator import itemgetter
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store
from whichgpu.hardware.dressed import MAKERS

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Sellers whose instance types are names of their own, not the GPU's.
_PROVIDERS = frozenset({"aws", "gcp", "azure", "oci", "ibm", "alibaba", "tencent", "lambda"})

#: What people write around a type: AWS p3.2xlarge, an a2-highgpu-1g instance.
_AROUND = (
    rf"(?i)^(?:an?\s+)?(?:(?:{'|'.join(map(re.escape, sorted({*MAKERS, 'ec2'})))})\s+)*"
    r"|\s+(?:instances?|vms?)$"
)


def instance(text: str) -> tuple[str, float] | None:
    """The GPU id of an instance type and how many of it it has, less than one where it is a share.

    Of a series (`p4d`, `AWS g5`) the fewest that one of its types has. None for anything else, and for a type
    whose offers name no GPU or do not agree.
    """
    asked = _asked(text)
    if not any(c.isdigit() for c in asked):
        return None
    found = _types().get(asked)
    if found is None:
        return _fewest(asked)
    only = next(iter(found)) if len(found) == 1 else ("", 0.0)
    return only if only[0] and only[1] else None


def _fewest(series: str) -> tuple[str, float] | None:
    """The GPU of a series and the fewest of it that a type has; None where its types have several GPUs."""
    found = of_series(series, ".") or of_series(series, "-")
    if len(found) != 1:
        return None
    begins = (f"{series}.", f"{series}-")
    return min(
        (pair for kind, pairs in _types().items() if kind.startswith(begins) for pair in pairs),
        key=itemgetter(1),
    )


def opened(text: str) -> tuple[str, int] | None:
    """The name of the GPU of a type whose seller does not say which form of it, and how many; else None."""
    return _opened().get(_asked(text))


def without_seller(text: str) -> str:
    """A type of an instance without who lets it: "gpu_8x_h100_sxm5" of "Lambda gpu_8x_h100_sxm5".

    Any other text as it is: beside the name of a GPU a seller's says nothing.
    """
    from whichgpu.hardware.typed import has_form

    bare = re.sub(_AROUND, "", text.strip())
    if bare == text or _is_type(_plain(text)):
        return text
    return bare if _is_type(_plain(bare)) or has_form(bare) else text


def of_series(name: str, after: str) -> frozenset[str]:
    """The GPUs of a series of instance types: of those that begin with its name and `after`, "." or "-".

    A series all of whose types go on with a letter ("P4") is these. Empty where a type of the series has an
    unknown GPU, and where there is none.
    """
    own = name.strip().lower()
    series = {kind: kind.partition(after)[0] for kind in _types() if after in kind}
    kinds = [kind for kind, its in series.items() if its == own]
    kinds = kinds or [kind for kind, its in series.items() if its.rstrip(ascii_lowercase) == own]
    found = {gpu for kind in kinds for gpu, _ in _types()[kind]}
    return frozenset(found) if all(found) else frozenset()


def host(text: str) -> tuple[frozenset[float], frozenset[float]]:
    """The virtual processors and the memory in GiB of an instance type, as the offers on file tell them.

    Both are empty for anything else; offers of one type that do not agree are all told.
    """
    asked = _asked(text)
    return _hosts().get(asked, (frozenset(), frozenset()))


@cache
def _hosts() -> Mapping[str, tuple[frozenset[float], frozenset[float]]]:
    """What `host` says of each type."""
    table: dict[str, Any] = store.part("prices", "offers")
    at = {name: table["columns"].index(name) for name in ("provider", "instance", "vcpus", "memory_gib")}
    found: dict[str, tuple[set[float], set[float]]] = {}
    for row in table["rows"]:
        if row[at["provider"]] in _PROVIDERS:
            both = found.setdefault(_plain(row[at["instance"]]), (set(), set()))
            for known, name in zip(both, ("vcpus", "memory_gib"), strict=True):
                known.update([float(row[at[name]])] if row[at[name]] else [])
    return {name: (frozenset(cpus), frozenset(sizes)) for name, (cpus, sizes) in found.items()}


@cache
def _types() -> Mapping[str, frozenset[tuple[str, float]]]:
    """What each instance type has, by its name; of a type whose offers do not agree each of them."""
    found: dict[str, set[tuple[str, float]]] = {}
    for name, pair in (*_sold(), *_others()):
        found.setdefault(name, set()).add(pair)
    return {name: frozenset(pairs) for name, pairs in found.items()}


def _sold() -> list[tuple[str, tuple[str, float]]]:
    """Every instance type of the offers, and its GPU and how many."""
    table: dict[str, Any] = store.part("prices", "offers")
    at = {name: table["columns"].index(name) for name in ("provider", "instance", "gpu", "gpu_count")}
    return [
        (_plain(row[at["instance"]]), (row[at["gpu"]], float(row[at["gpu_count"]] or 0)))
        for row in table["rows"]
        if row[at["provider"]] in _PROVIDERS
    ]


def _others() -> list[tuple[str, tuple[str, float]]]:
    """Those of `data/instances.toml` whose GPU is told."""
    return [
        (_plain(name), (row["gpu"], float(count)))
        for row in store.load("instances")["instances"].values()
        for name, count in row["counts"].items()
        if "gpu" in row
    ]


@cache
def _opened() -> Mapping[str, tuple[str, int]]:
    """Those of `data/instances.toml` whose GPU is one of several forms, each with what it is called."""
    return {
        _plain(name): (row["part"], int(count))
        for row in store.load("instances")["instances"].values()
        for name, count in row["counts"].items()
        if "part" in row
    }


def _asked(text: str) -> str:
    """What a type is known by: as it stands, as Colab's are, or without what is around it."""
    whole = _plain(text)
    return whole if _is_type(whole) else _plain(re.sub(_AROUND, "", text))


def _is_type(plain: str) -> bool:
    return plain in _types() or plain in _opened()


def _plain(name: str) -> str:
    plain = name.strip().lower().removeprefix("standard_").removeprefix("ml.").removeprefix("tpu ")
    return "_".join(plain.split())
