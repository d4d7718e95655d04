"""The zoo: every workload of `data/workloads/`, read when it is asked for.

A file is one workload, named by its stem, or several: tables `[workload.<id>]`, for which the keys
outside of them (`family`, `dimensions`, ...) hold where they say nothing else. `library` names the library
whose names the ids are: `timm/resnet50`. A table that is `like` another workload holds what differs from it.
`released` is the format of its published weights, where that is no plain 16-bit one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError
from whichgpu.facts import store
from whichgpu.facts.model import Source
from whichgpu.facts.reading import facts
from whichgpu.values import Lazy
from whichgpu.workloads.model import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


#: The phases in which a model's weights stay in the format in which they were released.
_ANSWERING = ("serve", "generate", "prefill", "decode")


class Zoo(Lazy[Workload]):
    """Every workload by id; each is read when it is asked for, since there are hundreds."""

    def __init__(self, stems: Mapping[str, str], heads: Mapping[str, Any], files: Mapping[str, Any]) -> None:
        super().__init__(stems, self._of)
        self._stems, self._heads, self._files = stems, heads, files

    def _of(self, key: str) -> Workload:
        return read(key, self._raw(key), _where(self._stems[key], key))

    def _raw(self, key: str) -> Mapping[str, Any]:
        """A workload's table, over that of the workload which it is `like`; aliases stay with that one."""
        raw = _table(self._files[self._stems[key]], key)
        if "like" not in raw:
            return raw
        if raw["like"] not in self._stems:
            where = _where(self._stems[key], key)
            raise DataError(f"{where}: there is no workload '{raw['like']}' to be like; write the id of one")
        base = self._raw(raw["like"])
        merged = {
            field: value for field, value in {**base, **raw}.items() if field not in ("like", "aliases")
        }
        for table in ("dimensions", "defaults"):
            merged[table] = {**base.get(table, {}), **raw.get(table, {})}
        return merged

    def spellings(self) -> Iterator[tuple[str, str]]:
        """Every spelling, and the id that it stands for."""
        for key, stem in self._stems.items():
            head = _table(self._heads[stem], key)
            for spelling in (key, head.get("name", key), *head.get("aliases", ())):
                yield spelling, key
            if "library" in head:
                yield f"{head['library']}/{key}", key


@lru_cache(maxsize=1)
def workloads() -> Zoo:
    """Every workload by id."""
    found: dict[str, str] = {}
    names, heads, files = store.glance("workloads")
    for stem, tables in names.items():
        for key in tables.get("workload", (stem,)):
            if key in found:
                first = _where(found[key], key)
                raise DataError(f"{_where(stem)}: workload '{key}' is in {first} as well; remove one")
            found[key] = stem
    return Zoo(dict(sorted(found.items())), heads, files)


def _where(stem: str, key: str = "") -> str:
    """The file of a workload, and its table there where it is one of several."""
    return f"data/workloads/{stem}.toml" + (f": {key}" if key not in ("", stem) else "")


def _table(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A workload of a file: the file itself, or its table `[workload.<id>]` over what they share."""
    if "workload" not in content:
        return content
    own = content["workload"][key]
    merged = {**content, **own}
    del merged["workload"]
    for table in ("dimensions", "defaults", "sources"):
        if table in own and table in content:
            merged[table] = {**content[table], **own[table]}
    return merged


def _defaults(raw: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The columns by phase that a file states, and in inference the format of its `released` weights."""
    stated: Mapping[str, Mapping[str, Any]] = raw.get("defaults", {})
    if "released" not in raw:
        return stated
    own = {phase: {"precision": raw["released"], **stated.get(phase, {})} for phase in _ANSWERING}
    return {**stated, **own}


def read(key: str, raw: Mapping[str, Any], where: str = "") -> Workload:
    """The workload of one table; raises `DataError` naming the field that it lacks."""
    where = where or f"data/workloads/{key}.toml"
    missing = [field for field in ("name", "family", "dimensions") if field not in raw]
    if missing:
        raise DataError(f"{where}: `{missing[0]}` is missing; add it")
    sources = {
        one: Source(one, row["title"], row.get("url", ""), row["kind"], row.get("accessed", ""))
        for one, row in raw.get("sources", {}).items()
    }
    return Workload(
        id=key,
        name=raw["name"],
        family=raw["family"],
        dims=raw["dimensions"],
        aliases=tuple(raw.get("aliases", ())),
        defaults=_defaults(raw),
        stated={
            name: facts(value, "count", f"{where}: published.{name}", own=sources)[0]
            for name, value in raw.get("published", {}).items()
        },
        stated_sources=sources,
    )


def from_file(source: str, raw: Mapping[str, Any]) -> Workload:
    """The workload of a file of the user's own, laid out as `data/workloads/<id>.toml`."""
    return read(source, raw, source)
