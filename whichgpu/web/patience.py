"""How much, and for how long, the server listens to one client: headers, and what is sent with them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Send

#: What is sent may be so many times what it holds: a form has its boundaries, and JSON its quotes.
ENVELOPE = 2
#: Bytes of a request before its body, which a long address takes most of.
_HEAD = 2**17
#: Many clients hear an answer only once they have sent all: of what is too large so much is passed over, and
#: for so long, in s.
_PASSED, _PASSING = 2**25, 5.0
_WHY = {
    408: ("Too slow", "what was sent did not come in time; send it again"),
    413: ("Too large", "more than {most} MiB was sent; name a part of it"),
    503: ("Busy", "the server is ended and started anew; ask again in a moment"),
}


class Bounded:
    """What a client sends with a request: up to so many bytes, within so many seconds.

    Beyond that it is to the application as if the client had gone, and `answer` says why in its place.
    """

    def __init__(self, receive: Receive, send: Send, most: int, seconds: float) -> None:
        self._receive, self._send, self._most = receive, send, most
        self._until = monotonic() + seconds
        self._read, self._status, self._whole, self._told = 0, 0, False, False

    async def receive(self) -> Message:
        """The next message of the client."""
        if self._whole:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), max(self._until - monotonic(), 0.0))
        except TimeoutError:
            return self._gone(408)
        self._read += len(message.get("body", b""))
        if self._read > ENVELOPE * self._most:
            return self._gone(413)
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """The answer of the application; where too much came, or too slowly, only that."""
        if not self._status:
            await self._send(message)
        elif not self._told:
            self._told = True
            await refuse(self._receive, self._send, self._status, self._most)

    def _gone(self, status: int) -> Message:
        self._status = status
        return {"type": "http.disconnect"}


async def refuse(receive: Receive, send: Send, status: int, most: int) -> None:
    """Say why there is no answer, and close the connection: not all of what is very much is read."""
    if status == 413:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_passed(receive), _PASSING)
    title, detail = _WHY[status]
    document = {"type": f"/problems#{status}", "title": title, "status": status,
                "detail": detail.format(most=most // 2**20)}  # fmt: skip
    body = json.dumps(document).encode()
    headers = [
        (b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"), (b"connection", b"close"),
        *([(b"retry-after", b"5")] if status == 503 else ()),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _passed(receive: Receive) -> None:
    read, more = 0, True
    while more and read < _PASSED:
        message = await receive()
        read += len(message.get("body", b""))
        more = message.get("more_body", False)


class _Guard:
    """What stands before uvicorn's own protocol: a clock, and a count of bytes, until a request has come."""

    patience: float
    cycle: Any
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _unread = 0
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)  # type: ignore[misc]
        self._late = self.loop.call_later(self.patience, self._end)

    def data_received(self, data: bytes) -> None:
        if self._waits():
            self._unread += len(data)
            self._late = self._late or self.loop.call_later(self.patience, self._end)
            if self._unread > _HEAD + len(data):
                self.transport.close()
                return
        super().data_received(data)  # type: ignore[misc]
        if not self._waits():
            self._over()

    def connection_lost(self, exc: Exception | None) -> None:
        self._over()
        super().connection_lost(exc)  # type: ignore[misc]

    def _waits(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _over(self) -> None:
        self._unread = 0
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _end(self) -> None:
        self._late = None
        if self._waits():
            self.transport.close()


def guarded(base: type, seconds: float) -> type:
    """The protocol `base` of uvicorn, which ends a connection whose request does not come whole in time.

    A client that sends its headers byte by byte, or without end, would hold a place for ever.
    """
    return type("Guarded", (_Guard, base), {"patience": seconds})
