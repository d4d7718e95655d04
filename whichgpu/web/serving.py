"""The application as a process: where it listens, how it ends, what it says when it cannot."""

from __future__ import annotations

import errno
import signal
import socket
import sys
from typing import TYPE_CHECKING

from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from whichgpu.web.settings import Settings

#: Once the process is told to end, what is under way may take what the longest work may, and this in s.
_GRACE = 5


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; raises `UsageError` where the port is taken, not allowed, or no such address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Of a socket named as TCP asyncio sends each part at once; else a second one waits 40 ms for a receipt.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(512)
    except (OSError, OverflowError) as fault:
        made.close()
        raise UsageError(_why(host, port, fault)) from None
    return made


def _why(host: str, port: int, fault: Exception) -> str:
    number = getattr(fault, "errno", None)
    if number == errno.EADDRINUSE:
        return f"port {port} of {host} is in use; take another: whichgpu serve --port {port + 1}"
    if number == errno.EACCES:
        return f"port {port} needs more rights; take one above 1023: whichgpu serve --port 8000"
    said = getattr(fault, "strerror", None) or fault
    return f"cannot listen on {host}, port {port} ({said}); write e.g. --host 127.0.0.1"


def serve(host: str, port: int, settings: Settings, *, logged: bool = False) -> None:
    """Answer until the process is told to end (SIGTERM, Ctrl-C); what is under way is finished first."""
    import uvicorn

    from whichgpu.web.app import create
    from whichgpu.web.patience import guarded

    place = listening(host, port)
    front, grace = create(settings), settings.seconds + _GRACE
    config = uvicorn.Config(
        front,
        log_level="warning",
        access_log=logged,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=grace,
        timeout_keep_alive=20,
        h11_max_incomplete_event_size=2**17,
        limit_concurrency=512,
        lifespan="on",
    )

    config.load()
    config.http_protocol_class = guarded(config.http_protocol_class, settings.patience)

    class Server(uvicorn.Server):
        """Says where it is once it answers."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            shown = f"[{host}]" if ":" in host else host
            sys.stderr.write(f"whichgpu: http://{shown}:{place.getsockname()[1]}/ (Ctrl-C ends it)\n")
            sys.stderr.flush()

    server = Server(config)
    # uvicorn ends in good order and then raises the signal again, which would look like a failure.
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: None)
    try:
        server.run(sockets=[place])
    finally:
        place.close()
    sys.stderr.write(f"whichgpu: ended; {_last(front.cut, grace)}\n")


def _last(cut: int, grace: int) -> str:
    """What became of the requests under way."""
    if not cut:
        return "every request under way was answered"
    what = "1 request was" if cut == 1 else f"{cut} requests were"
    return f"{what} not answered within {grace} s, and told to ask again"
