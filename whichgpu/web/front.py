"""What stands before every route: known answers, ETags, HEAD, gzip, headers that keep a page safe."""

from __future__ import annotations

import gzip
from asyncio import CancelledError
from collections import OrderedDict
from hashlib import blake2b
from time import monotonic
from typing import TYPE_CHECKING

from whichgpu.values import NamedTuple
from whichgpu.web.patience import ENVELOPE, Bounded, refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from whichgpu.web.settings import Settings

    Headers = list[tuple[bytes, bytes]]

#: No script but the site's own files, none within a page; nothing from elsewhere; no frame, no plug-in.
#: A page that no address can hold has its charts within it (`data:`), which are pictures and no more.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFE: Headers = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), interest-cohort=()"),
]
#: Bodies below this are not worth compressing.
_SMALL = 1000
_TEXTS = (b"text/", b"application/json", b"application/problem+json", b"image/svg", b"application/javascript")


class _Kept(NamedTuple):
    """An answer as it goes out."""

    status: int
    headers: Headers
    body: bytes
    packed: bytes | None
    etag: bytes
    until: float
    #: Bytes of its address, by which it is found.
    asked: int = 0

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.body) + len(self.packed or b"") + self.asked + 1000


class Front:
    """An ASGI application before another; it keeps what says that it is public, up to so many bytes."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._kept: OrderedDict[tuple[str, bytes], _Kept] = OrderedDict()
        self._size = 0
        #: Requests that were not finished when the process had to end.
        self.cut = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or ask the application; where the process ends first, say so."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        watched = _Begun(send)
        try:
            await self._answer(scope, receive, watched)
        except CancelledError:
            self.cut += 1
            if not watched.begun:
                await refuse(receive, _safely(send), 503, self._settings.upload)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await self._sent(scope, receive, _safely(send))
            return
        key = scope["path"], scope["query_string"]
        known = self._kept.get(key)
        if known is None or known.until < monotonic():
            known = await self._asked({**scope, "method": "GET"}, receive, send, key)
        else:
            self._kept.move_to_end(key)
        if known is not None:
            await _reply(scope, send, known)

    async def _sent(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request that brings something along."""
        most = self._settings.upload
        length = dict(scope["headers"]).get(b"content-length", b"")
        # A page says it itself, with its form; nothing of the file is read.
        if length.isdigit() and int(length) > ENVELOPE * most and scope["path"].startswith("/api/"):
            await refuse(receive, send, 413, most)
            return
        bounded = Bounded(receive, send, most, 3 * self._settings.patience)
        await self._app(scope, bounded.receive, bounded.send)

    async def _asked(
        self, scope: Scope, receive: Receive, send: Send, key: tuple[str, bytes]
    ) -> _Kept | None:
        """The application's answer; None where it goes out as it comes, as a stream of events does."""
        catch = _Catch(_safely(send))
        try:
            await self._app(scope, receive, catch)
        except Exception:
            # The application has told of it, and tells the log as well.
            if not catch.begun:
                raise
        if catch.streams:
            return None
        public = catch.status == 200 and any(
            name == b"cache-control" and value.startswith(b"public") for name, value in catch.headers
        )
        made = _made(catch, monotonic() + self._settings.fresh)._replace(asked=len(key[0]) + len(key[1]))
        if public and made.size < self._settings.cache // 8:
            self._keep(key, made)
        return made

    def _keep(self, key: tuple[str, bytes], made: _Kept) -> None:
        old = self._kept.pop(key, None)
        self._size += made.size - (old.size if old else 0)
        self._kept[key] = made
        while self._size > self._settings.cache:
            self._size -= self._kept.popitem(last=False)[1].size


class _Begun:
    """Sends on what an application sends, and knows whether anything was."""

    def __init__(self, send: Send) -> None:
        self._send, self.begun = send, False

    async def __call__(self, message: Message) -> None:
        """One message of the application."""
        self.begun = True
        await self._send(message)


class _Catch:
    """Takes what an application sends, whole, unless it is a stream of events."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status, self.headers, self.body = 500, list[tuple[bytes, bytes]](), bytearray()
        self.streams = self.begun = False

    async def __call__(self, message: Message) -> None:
        """One message of the application."""
        if message["type"] == "http.response.start":
            self.begun = True
            self.status, self.headers = message["status"], list(message.get("headers", ()))
            self.streams = (b"content-type", b"text/event-stream; charset=utf-8") in self.headers
        if self.streams:
            await self._send(message)
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


def _made(catch: _Catch, until: float) -> _Kept:
    body = bytes(catch.body)
    kind = next((value for name, value in catch.headers if name == b"content-type"), b"")
    packed = gzip.compress(body, 5, mtime=0) if len(body) > _SMALL and kind.startswith(_TEXTS) else None
    drop = (b"content-length", b"etag")
    headers = [pair for pair in catch.headers if pair[0] not in drop] + SAFE
    if packed is not None:
        headers.append((b"vary", b"accept-encoding"))
    etag = b'"%s"' % blake2b(body, digest_size=12).hexdigest().encode()
    return _Kept(catch.status, headers, body, packed, etag, until)


async def _reply(scope: Scope, send: Send, known: _Kept) -> None:
    """Send an answer, or only that it has not changed."""
    asked = dict(scope["headers"])
    headers = [*known.headers, (b"etag", known.etag)]
    body, status = known.body, known.status
    if status == 200 and _matches(asked.get(b"if-none-match", b""), known.etag):
        status, body = 304, b""
    elif known.packed is not None and b"gzip" in asked.get(b"accept-encoding", b""):
        body = known.packed
        headers.append((b"content-encoding", b"gzip"))
    if status != 304:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _matches(stated: bytes, etag: bytes) -> bool:
    return stated.strip() == b"*" or etag in (one.strip().removeprefix(b"W/") for one in stated.split(b","))


def _safely(send: Send) -> Send:
    """Every answer with the headers that keep a page safe."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *SAFE]}
        await send(message)

    return sent
