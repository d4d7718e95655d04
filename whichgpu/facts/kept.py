"""What an earlier process worked out, kept beside the JSON of the data files for this very Python.

Patterns are compiled and looked through by an audit for as long as all else takes of a short article. What
comes of that hangs on nothing but the pattern, so that it is worked out once: `of("words", pattern, make)`
is what was kept of a pattern, or what is made now. Where nothing can be read or written, all is made anew.

A file begins with a digest of what follows. `marshal` takes numbers of a damaged one as they are, and may ask
for all memory or give back something else; so that it reads nothing but what was written here.
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

#: How much has to be new before it is written, and how much is kept at the most of all: beyond it all is
#: made afresh, so that what nobody asks for any more goes in the end.
_WORTH, _MOST = 16, 20_000
#: Bytes of the digest.
_DIGEST = 16


class Kept:
    """Values by key in tables by name: numbers, texts, bytes and tuples of them, which `marshal` writes.

    `stamp` says what they were made by: those of another one are forgotten. Without a path they are kept for
    this process alone.
    """

    def __init__(self, path: Path | None, stamp: tuple[Any, ...]) -> None:
        self._path, self._stamp = path, (sys.version, *stamp)
        self._tables: dict[str, dict[Any, Any]] = {}
        self._many = self._new = 0
        # Whatever is the matter with a file, nobody has to know: all is made anew.
        with contextlib.suppress(Exception):
            self._read(path.read_bytes() if path else b"")

    def _read(self, content: bytes) -> None:
        """Take what a file holds, where it is what was written and of this stamp."""
        digest, written = content[:_DIGEST], memoryview(content)[_DIGEST:]
        if digest != _digest(written):
            return
        # It is no less trusted than the compiled modules, which are read in the same way.
        stamp, tables = marshal.loads(written)  # noqa: S302
        if stamp == self._stamp:
            self._tables, self._many = tables, sum(map(len, tables.values()))

    def of(self, table: str, key: Hashable, make: Callable[[], Any]) -> Any:
        """What is kept under a key, or made now and kept."""
        found = self._tables.get(table, {}).get(key)
        if found is None:
            found = make()
            if self._many >= _MOST:
                self._tables, self._many, self._new = {}, 0, 0
            self._tables.setdefault(table, {})[key] = found
            self._many += 1
            self._new += 1
        return found

    def save(self) -> None:
        """Write all of it, where enough is new; a folder that is read only loses that alone."""
        if self._path is None or self._new < _WORTH:
            return
        # What `marshal` does not write is a ValueError to it.
        with contextlib.suppress(OSError, ValueError):
            written = marshal.dumps((self._stamp, self._tables))
            bundle.replace(self._path, _digest(written) + written)
        self._new = 0


def _digest(written: bytes | memoryview) -> bytes:
    # It loads OpenSSL, which takes 2 ms of commands that come to keep nothing.
    import hashlib

    return hashlib.blake2b(written, digest_size=_DIGEST).digest()


@cache
def kept(name: str, *made_by: str) -> Kept:
    """What is kept under a name, made by the code of these files."""
    try:
        found = [os.stat(one) for one in made_by]
    except OSError:
        # Of a package that is one file nothing says when its code is another.
        return Kept(None, ())
    stamp = tuple([(one.st_size, one.st_mtime_ns) for one in found])
    return Kept(store.DATA / store.BUNDLE / f"{name}.{sys.implementation.cache_tag}", stamp)
