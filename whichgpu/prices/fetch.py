"""Reading from the network, within bounds: HTTPS alone, so many bytes and seconds, no way to another host.

A source asks `Get` for a document by a name and an address. `Web` fetches the address; `Folder` reads a
file of that name, for a machine without a network and for tests.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from whichgpu.errors import DataError, one_line
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: Bytes that one document may have, and seconds that it may take, unless its source says otherwise.
LARGEST = 64 * 2**20
LONGEST = 60.0
#: Bytes and seconds that all documents of one source may take together.
ALL_BYTES, ALL_SECONDS = 3 * 2**30, 1800.0
#: Seconds that a server may be silent, and in which its headers must have come whole.
_SILENCE, _HEADERS = 15.0, 30.0
#: Bytes a second below which a server only seems to send, from `LONGEST` on.
_SLOWEST = 1024.0
_CHUNK = 2**18
_REDIRECTS = 3
_AGENT = "whichgpu (+https://pypi.org/project/whichgpu)"


class Limits(NamedTuple):
    """What one document may take."""

    largest: int = LARGEST
    longest: float = LONGEST


class Get(Protocol):
    """How a source reads a document, by the name of a recorded file and by its address."""

    def __call__(
        self,
        name: str,
        url: str,
        *,
        limits: Limits = ...,
        headers: Mapping[str, str] = ...,
        body: bytes | None = ...,
    ) -> Iterator[bytes]:
        """The document in pieces; raises `DataError` where it cannot be read whole within the limits."""
        ...  # pragma: no cover - a protocol


def whole(pieces: Iterator[bytes]) -> bytes:
    """A document in one piece."""
    return b"".join(pieces)


def lines(pieces: Iterator[bytes]) -> Iterator[str]:
    """A document of UTF-8 text line by line; raises `DataError` where it is not text."""
    rest = b""
    for piece in pieces:
        *full, rest = (rest + piece).split(b"\n")
        for line in full:
            yield _text(line)
        if len(rest) > LARGEST:
            raise DataError("a line without an end; not a table")
    if rest:
        yield _text(rest)


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8-sig") + "\n"
    except UnicodeDecodeError:
        raise DataError("not UTF-8 text") from None


class Folder:
    """Documents from a folder: `<folder>/<source>/<name>`."""

    def __init__(self, folder: Path, source: str) -> None:
        self._folder = folder / source

    def __call__(
        self, name: str, url: str, *, limits: Limits | None = None,
        headers: Mapping[str, str] | None = None, body: bytes | None = None,
    ) -> Iterator[bytes]:  # fmt: skip
        """The file of that name."""
        path = self._folder / name
        most = (limits or Limits()).largest
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: is no file")  # a pipe would be waited for
        try:
            with path.open("rb") as file:
                yield from _bounded(iter(lambda: file.read(_CHUNK), b""), most)
        except OSError as fault:
            raise DataError(f"{path}: cannot be read ({fault.strerror or fault})") from None


class Web:
    """Documents of one source from their addresses; `most` bounds all of them together."""

    def __init__(self, opener: Any = None, most: Limits | None = None) -> None:
        self._opener = opener or _opener()
        self._left, self._longest = most or Limits(ALL_BYTES, ALL_SECONDS)
        self._end: float | None = None
        #: Hosts that did not answer in time, which are not waited for again.
        self._silent: set[str] = set()

    def __call__(
        self, name: str, url: str, *, limits: Limits | None = None,
        headers: Mapping[str, str] | None = None, body: bytes | None = None,
    ) -> Iterator[bytes]:  # fmt: skip
        """What the address answers."""
        from http.client import HTTPException
        from urllib.request import Request

        bounds = self._bounds(limits or Limits())
        host = urlsplit(url).hostname or url
        if host in self._silent:
            raise DataError(f"{host}: did not answer in time before, and was not asked again")
        start, size = time.monotonic(), 0
        request = Request(url, data=body, headers={"User-Agent": _AGENT, **(headers or {})})  # noqa: S310
        try:
            with self._opener.open(request, timeout=min(_SILENCE, bounds.longest)) as answer:
                pieces = iter(lambda: answer.read1(_CHUNK), b"")
                for piece in _bounded(pieces, bounds.largest):
                    size, taken = size + len(piece), time.monotonic() - start
                    if taken > bounds.longest or (taken > LONGEST and size < _SLOWEST * taken):
                        # A byte now and then would take as long for every other document.
                        self._silent.add(host)
                        raise DataError(
                            f"{host}: not whole after {min(taken, bounds.longest):.4g} s; stopped reading"
                        )
                    self._left -= len(piece)
                    yield piece
                if missing := getattr(answer, "length", None):
                    # `read1` ends quietly where the connection does, and a table cut short is still a table.
                    raise DataError(f"{host}: ended {missing:,} bytes before the length it announced")
        except (OSError, HTTPException, ValueError) as fault:
            raise DataError(f"{host}: {self._why(host, fault)}") from None

    def _why(self, host: str, fault: Exception) -> str:
        """What went wrong, in words; a host that did not answer is remembered."""
        if isinstance(code := getattr(fault, "code", None), int):
            return (
                "redirects without end"
                if code // 100 == 3
                else f"HTTP {code} {one_line(getattr(fault, 'reason', ''))}"
            )
        if type(fault).__name__ == "IncompleteRead":
            return "ended in the middle"
        wrapped = getattr(fault, "reason", None)
        reason = wrapped or fault
        if isinstance(wrapped, OSError) or isinstance(fault, TimeoutError | ConnectionError):
            # No such host, no way to it, or silence; not a page that is missing or leads elsewhere.
            self._silent.add(host)
        return f"no answer within {_SILENCE:g} s" if isinstance(reason, TimeoutError) else one_line(reason)

    def _bounds(self, asked: Limits) -> Limits:
        """What a document may take of what is left; raises `DataError` where nothing is."""
        now = time.monotonic()
        self._end = self._end or now + self._longest
        if now >= self._end or self._left <= 0:
            raise DataError("its documents take too long or too many bytes together; stopped reading")
        return Limits(min(asked.largest, self._left), min(asked.longest, self._end - now))


def prompt(base: Any) -> Any:
    """A connection class of `http.client` that is cut where the headers take longer than `_HEADERS`.

    The socket's own time limit starts anew with every byte, so that a server that sends one now and then
    would be waited for without end.
    """
    import socket
    import threading

    class Prompt(base):  # type: ignore[misc]
        late = False

        def connect(self) -> None:
            self._watch = threading.Timer(_HEADERS, self._cut)
            self._watch.daemon = True
            self._watch.start()
            super().connect()

        def _cut(self) -> None:
            self.late = True
            if self.sock is not None:
                # A shutdown wakes the thread that waits for more.
                with suppress(OSError):
                    self.sock.shutdown(socket.SHUT_RDWR)

        def getresponse(self) -> Any:
            try:
                answer = super().getresponse()
            finally:
                self._watch.cancel()
            if self.late:
                raise TimeoutError
            return answer

    return Prompt


def _opener() -> Any:
    """An opener that speaks HTTPS and follows few redirects, none of them to another site."""
    from http.client import HTTPSConnection
    from urllib import request

    connection = prompt(HTTPSConnection)

    class Https(request.HTTPSHandler):
        def https_open(self, req: Any) -> Any:
            return self.do_open(connection, req)

    class Redirects(request.HTTPRedirectHandler):
        max_redirections = _REDIRECTS

        def redirect_request(  # noqa: PLR0917 - the base class has them so
            self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
        ) -> Any:
            old, new = urlsplit(req.full_url), urlsplit(newurl)
            if new.scheme != "https" or new.hostname != old.hostname:
                raise OSError(f"sends us on to {new.scheme}://{new.hostname}, which is not followed")
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    made = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(), Https(), request.HTTPDefaultErrorHandler(), Redirects(),
        request.HTTPErrorProcessor(), request.UnknownHandler(),
    ):  # fmt: skip
        made.add_handler(handler)
    return made


def _bounded(pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise DataError(f"more than {most // 2**20} MiB; stopped reading")
        yield piece
