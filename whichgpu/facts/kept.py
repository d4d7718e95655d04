"""What an earlier process worked out, kept beside the JSON of the data files for this very Python.

Patterns are compiled and looked through by an audit for as long as all else takes of a short article. What
comes of that hangs on nothing but the pattern, so that it is worked out once: `of("words", pattern, make)`
is what was kept of a pattern, or what is made now. Where nothing can be read or written, all is made anew.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.facts import bundle, store

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from pathlib import Path

#: How much has to be new before it is written, and how much is kept at the most of all.
_WORTH, _MOST = 16, 20_000


class Kept:
    """Values by key in tables by name: numbers, texts, bytes and tuples of them, which `marshal` writes.

    `stamp` says what they were made by: those of another one are forgotten.
    """

    def __init__(self, path: Path, stamp: tuple[Any, ...]) -> None:
        self._path, self._stamp = path, (sys.version, *stamp)
        self._tables: dict[str, dict[Any, Any]] = {}
        self._new = 0
        with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
            # It is no less trusted than the compiled modules, which are read in the same way.
            stamp, tables = marshal.loads(path.read_bytes())  # noqa: S302
            if stamp == self._stamp:
                self._tables = tables

    def of(self, table: str, key: Hashable, make: Callable[[], Any]) -> Any:
        """What is kept under a key, or made now and kept."""
        known = self._tables.setdefault(table, {})
        found = known.get(key)
        if found is None:
            found = known[key] = make()
            self._new += 1
        return found

    def save(self) -> None:
        """Write all of it, where enough is new; a folder that is read only loses that alone."""
        many = sum(map(len, self._tables.values()))
        if self._new < _WORTH or many > _MOST:
            return
        with contextlib.suppress(OSError):
            bundle.replace(self._path, marshal.dumps((self._stamp, self._tables)))
        self._new = 0


@cache
def kept(name: str, *made_by: str) -> Kept:
    """What is kept under a name, made by the code of these files."""
    found = map(os.stat, made_by)
    stamp = tuple([(one.st_size, one.st_mtime_ns) for one in found])
    return Kept(store.DATA / store.BUNDLE / f"{name}.{sys.implementation.cache_tag}", stamp)
