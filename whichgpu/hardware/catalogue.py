"""The catalogue: every device of `data/gpus/`, and those of the user's own files.

A user's file has `[gpu.my-card]` tables of the same fields; values may stand without a source
(`bandwidth = "1.2 TB/s"`). `base = "rtx-4090"` starts from another device; the id of a known device
amends that device. A malformed entry is left out and told of in `problems`; the others work.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from whichgpu.errors import DataError, UsageError
from whichgpu.facts import store
from whichgpu.hardware.architecture import architectures, called, families, generations
from whichgpu.hardware.derive import DERIVABLE, derived
from whichgpu.hardware.fields import FIELDS, IDENTITY, SEGMENTS, elsewhere
from whichgpu.hardware.gpu import Gpu, unit
from whichgpu.values import Lazy, Shown


class Catalogue(Mapping[str, Gpu], Shown):
    """Devices by id, in the order of the data files.

    `problems` has one line per entry of a user's file that could not be used; `broken` has the same
    lines by the id of the entry. To name such a device is refused with its line, even where the entry
    was to change a bundled one.
    """

    __slots__ = ("__weakref__", "_gpus", "_heads", "_sold", "broken", "problems")

    def to_dict(self) -> dict[str, Any]:
        """Every device, as `whichgpu gpus --json` has them."""
        return {"gpus": [gpu.to_dict() for gpu in self.values()]}

    def __init__(
        self, gpus: Mapping[str, Gpu], broken: Mapping[str, str] = MappingProxyType({}),
        heads: Callable[[str], Mapping[str, Any]] | None = None,
    ) -> None:  # fmt: skip
        self._gpus, self._heads = gpus, heads
        self._sold: dict[tuple[Any, Any], list[str]] = {}
        self.broken = dict(broken)
        self.problems = tuple(self.broken.values())

    def __getitem__(self, key: str) -> Gpu:
        return self._gpus[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._gpus)

    def __len__(self) -> int:
        return len(self._gpus)

    def __repr__(self) -> str:
        return f"<Catalogue of {len(self)} GPUs>"

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def family(self, name: str) -> tuple[Gpu, ...]:
        """The members of a generation (`ampere`) or of one of its variants (`ampere_ga100`).

        Raises `UsageError` for a name that is neither.
        """
        key = called(name)
        found = tuple(gpu for gpu in self.values() if key in (gpu.family, gpu.architecture))
        if found or key in families():
            return found
        import difflib

        known = sorted({gpu.family for gpu in self.values() if gpu.family})
        near = difflib.get_close_matches(name.strip().lower(), known, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"no architecture '{name}'; {meant}the families are {', '.join(known)}")

    def sold_by(self, vendor: str, segments: Collection[str]) -> tuple[Gpu, ...]:
        """The devices of a vendor in any of these segments; of the bundled ones no other is read."""
        if self._heads is None:
            return tuple(gpu for gpu in self.values() if gpu.vendor == vendor and gpu.segment in segments)
        if not self._sold:
            for key in self._gpus:
                head = self._heads(key)
                self._sold.setdefault((head.get("vendor"), head.get("segment")), []).append(key)
        kinds = [one for one in self._sold if one[0] == vendor and one[1] in segments]
        keys = {key for one in kinds for key in self._sold[one]}
        # One kind is in the order of the files as it stands.
        ordered = self._sold[kinds[0]] if len(kinds) == 1 else [key for key in self._gpus if key in keys]
        return tuple(self._gpus[key] for key in ordered)

    def _vendor(self, name: str) -> None:
        """Raises `UsageError` for a maker of none of the devices."""
        known = sorted({gpu.vendor for gpu in self.values() if gpu.vendor})
        if name.lower() not in {one.lower() for one in known}:
            raise UsageError(f"no vendor '{name}'; the vendors are {', '.join(known)}")

    def where(
        self,
        *,
        family: str = "",
        vendor: str = "",
        segment: str = "",
        minimum: Mapping[str, float] | None = None,
        maximum: Mapping[str, float] | None = None,
    ) -> tuple[Gpu, ...]:
        """The devices that meet every condition; bounds are SI values by field.

        A device whose field was not read does not meet a bound on it. Raises `UsageError` for an
        unknown family, segment, vendor or field.
        """
        if segment and segment not in SEGMENTS:
            raise UsageError(f"no segment '{segment}'; the segments are {', '.join(SEGMENTS)}")
        if vendor:
            self._vendor(vendor)
        pool = self.family(family) if family else tuple(self.values())
        bounds = [(name, low, float("inf")) for name, low in (minimum or {}).items()]
        bounds += [(name, float("-inf"), high) for name, high in (maximum or {}).items()]
        return tuple(
            gpu
            for gpu in pool
            if (not vendor or gpu.vendor.lower() == vendor.lower())
            and (not segment or gpu.segment == segment)
            and all(_within(gpu, *bound) for bound in bounds)
        )


def catalogue(extra_files: tuple[Path, ...] = ()) -> Catalogue:
    """The bundled devices, and those of the user's own files on top.

    Raises `UsageError` for a user's file that cannot be read or is not TOML, `DataError` for a broken
    bundled one.
    """
    if not extra_files:
        return _bundled()
    return _extended(tuple((Path(path), _stamp(Path(path))) for path in extra_files))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        info = path.stat()
    except OSError:
        return (0, 0)
    return (info.st_size, info.st_mtime_ns)


@cache
def _bundled() -> Catalogue:
    stems: dict[str, str] = {}
    names, heads, files = store.glance("gpus")
    for stem, tables in names.items():
        for key in tables.get("gpu", ()):
            if key in stems:
                raise DataError(f"data/gpus/{stem}.toml: gpu.{key} is in another file already; keep one")
            stems[key] = stem

    def head(key: str) -> dict[str, Any]:
        return _merged(heads[stems[key]], key)

    def device(key: str) -> Gpu:
        stem, known = stems[key], head(key)
        return _gpu(key, known, f"data/gpus/{stem}.toml: {key}", raw=_Table(known, files, stem, key))

    return Catalogue(Lazy(stems, device), heads=head)


def _merged(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The table of a device over that of its chip."""
    return {**content.get("chip", {}), **content["gpu"][key]}


class _Table(Mapping[str, Any]):
    """The table of a bundled device over that of its chip, read when what is not in its head is asked for."""

    __slots__ = ("_files", "_head", "_key", "_known", "_stem")

    def __init__(self, head: Mapping[str, Any], files: Mapping[str, Any], stem: str, key: str) -> None:
        self._head, self._files, self._stem, self._key = head, files, stem, key
        self._known: dict[str, Any] | None = None

    def __getitem__(self, name: str) -> Any:
        return self._head[name] if name in self._head else self._whole()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def __contains__(self, name: object) -> bool:
        return name in self._head or name in self._whole()

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        """What travels to another process is the table itself."""
        return dict, (self._whole(),)

    def _whole(self) -> dict[str, Any]:
        if self._known is None:
            self._known = _merged(self._files[self._stem], self._key)
        return self._known


@lru_cache(maxsize=8)
def _extended(files: tuple[tuple[Path, tuple[int, int]], ...]) -> Catalogue:
    gpus = {**_bundled()}
    broken: dict[str, str] = {}
    for path, _ in files:
        content = store.read_toml(path)
        for stray in content.keys() - {"gpu"}:
            broken[stray] = (
                f"{path.name}: '{stray}' is no table of GPUs; write [gpu.my-card], values below it"
            )
        tables = content.get("gpu", {})
        if not isinstance(tables, dict):
            raise UsageError(f"{path}: 'gpu' is not a table; write [gpu.my-card]")
        for key, raw in tables.items():
            try:
                gpus[key] = _user_gpu(key, raw, path.name, gpus)
            except UsageError as fault:
                broken[key] = str(fault)
    return Catalogue(gpus, broken)


def _gpu(
    key: str, head: Mapping[str, Any], where: str, own: frozenset[str] | None = None, *,
    raw: Mapping[str, Any],
) -> Gpu:  # fmt: skip
    """A device of its identity (`head`) and its whole table."""
    architecture = head.get("architecture", "")
    return Gpu(
        id=key,
        name=head.get("name", key),
        vendor=head.get("vendor", ""),
        segment=head.get("segment", ""),
        architecture=architecture,
        family=generations().get(architecture, ""),
        aliases=tuple(head.get("aliases", ())),
        note=head.get("note", ""),
        confidence=head.get("confidence", ""),
        user=own is not None,
        _raw=raw,
        _where=where,
        _own=own or frozenset(),
    )


def _user_gpu(key: str, raw: Any, file: str, known: Mapping[str, Gpu]) -> Gpu:
    where = f"{file}: gpu.{key}"
    if not isinstance(raw, dict):
        raise UsageError(f"{where}: {raw!r} is not a table; write [gpu.{key}] and the fields below it")
    known_names = {*FIELDS, *IDENTITY, "base"}
    faults = [f"{where}: no field '{name}'{_like(name)}" for name in raw if name not in known_names]
    _check_identity(raw, where)
    base = raw.get("base", key if key in known else None)
    if base is not None and (not isinstance(base, str) or base not in known):
        raise UsageError(f"{where}: base '{base}' is not the id of a GPU; {_base(base, known)}")
    start = dict(known[base]._raw) if base else {}
    if base != key:
        for name in ("name", "aliases", "note", "confidence"):
            start.pop(name, None)
    own = frozenset(name for name in raw if name in FIELDS)
    inherited = known[base]._own - own if base else frozenset()
    whole = {**start, **raw}
    gpu = _gpu(key, whole, where, own | inherited, raw=whole)
    faults += _unreadable(gpu, [name for name in raw if name in own])
    if faults:
        raise UsageError(
            "; ".join([faults[0], *(one.removeprefix(where).lstrip(":. ") for one in faults[1:])])
        )
    follows = {} if base else dict(_following(gpu))
    return _gpu(key, whole, where, own, raw={**whole, **follows}) if follows else gpu


def _following(gpu: Gpu) -> Iterator[tuple[str, list[Any]]]:
    """What a device's own table leaves out and its other figures give: bandwidth of a bus and its rate."""
    for name in DERIVABLE:
        if gpu.fact(name) is None and (one := derived(gpu, name)):
            si = unit(FIELDS[name].dimension)
            yield name, [f"{one.value:g} {si}" if si else round(one.value), "derived"]


def _base(base: object, known: Mapping[str, Gpu]) -> str:
    """Which id a wrong `base` may be meant for."""
    import difflib

    near = difflib.get_close_matches(str(base).lower().replace(" ", "-"), known, n=3)
    return f"did you mean {', '.join(near)}?" if near else "see: whichgpu gpus"


def _unreadable(gpu: Gpu, names: list[str]) -> Iterator[str]:
    """What is wrong with each field of a user's table, in the order of the file."""
    for name in names:
        try:
            gpu.stated(name)
        except UsageError as fault:
            yield str(fault)


def _check_identity(raw: Mapping[str, Any], where: str) -> None:
    for name in IDENTITY:
        wrong = raw.get(name)
        good = isinstance(wrong, list) and all(isinstance(item, str) for item in wrong)
        if wrong is not None and not (good if name == "aliases" else isinstance(wrong, str)):
            example = '["A40-48Q"]' if name == "aliases" else '"..."'
            raise UsageError(f"{where}.{name}: {wrong!r} is not text; write e.g. {name} = {example}")
    if raw.get("segment", SEGMENTS[0]) not in SEGMENTS:
        raise UsageError(f"{where}.segment: '{raw['segment']}' is none of {', '.join(SEGMENTS)}")
    if raw.get("architecture") and raw["architecture"] not in architectures():
        raise UsageError(
            f"{where}.architecture: no architecture '{raw['architecture']}'; {_meant(raw['architecture'])}"
        )


def _meant(name: str) -> str:
    """What a wrong name of an architecture may be meant for: variants of a generation, near names."""
    variants = tuple(architectures())
    family = families().get(called(name))
    if family:
        return f"it is a generation; say which of {', '.join(variant.id for variant in family.variants)}"
    said = set(name.lower().replace("-", "_").split("_"))
    near = [key for key, one in architectures().items() if said & {chip.lower() for chip in one.chips}]
    if near:
        return f"that chip is of {' and of '.join(near)}"
    import difflib

    near = difflib.get_close_matches(name.lower(), variants, n=3)
    return f"did you mean {', '.join(near)}?" if near else f"one of {', '.join(variants)}"


_UNITS = ("_gb", "_gib", "_gbs", "_gb_s", "_gbps", "_tflops", "_tops", "_w", "_mhz", "_ghz", "_usd", "_bit")


def _like(name: str) -> str:
    import difflib

    plain = name.lower().replace("-", "_")
    for suffix in _UNITS:
        plain = plain.removesuffix(suffix)
    known = elsewhere(plain)
    near = [known] if known else difflib.get_close_matches(plain, [*FIELDS, *IDENTITY, "base"], n=1)
    return f"; did you mean '{near[0]}'?" if near else "; see docs/catalogue.md for the fields"


def _within(gpu: Gpu, name: str, low: float, high: float) -> bool:
    value = gpu.value(name)
    if value is None:
        return False
    if not isinstance(value, int | float):
        raise UsageError(f"'{name}' is not a number, so it has no least or greatest value")
    return low <= value <= high
