"""One request to an OpenAI-compatible server, timed as its answer streams in (server-sent events).

Whatever the server does, a request ends: it answers, or it has failed in one of `FAULTS` with the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import field
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

#: How a request may fail: no connection, an HTTP status, silence for too long, an end before the end, text
#: that is no answer, an error inside of the stream, longer in all than it may take, nothing made.
FAULTS = ("refused", "status", "stalled", "closed", "garbage", "error", "timeout", "empty")
#: Characters of a server's reason that are kept, bytes of an answer beyond which a line is no event.
_SAID, _LONGEST = 200, 1 << 20


@immutable
class Limits:
    """Seconds that a server may take: to be connected to, between two parts of an answer, for one in all."""

    connect: float = 10.0
    silence: float = 60.0
    whole: float = 600.0


@immutable
class Outcome:
    """One request: when it was `sent` and each part of its answer came, s of one clock.

    `prompt` and `made` are tokens, as the server counts them, else parts of the answer; `counted` says which.
    `due` is when an open loop wanted it sent. `fault` is one of `FAULTS`, or empty.
    """

    due: float
    sent: float
    ended: float
    arrivals: tuple[float, ...] = ()
    prompt: float = 0.0
    made: float = 0.0
    counted: bool = False
    fault: str = ""
    reason: str = ""

    @property
    def good(self) -> bool:
        """Whether it was answered."""
        return not self.fault

    @property
    def ttft(self) -> float:
        """Seconds to the first token."""
        return self.arrivals[0] - self.sent

    @property
    def latency(self) -> float:
        """Seconds to the last token."""
        return self.arrivals[-1] - self.sent

    @property
    def tpot(self) -> float | None:
        """Seconds a token after the first; None of an answer of one token, or of one part."""
        several = self.made > 1.0 and len(self.arrivals) > 1
        return (self.arrivals[-1] - self.arrivals[0]) / (self.made - 1.0) if several else None

    @property
    def gaps(self) -> tuple[float, ...]:
        """Seconds between parts of the answer, which are tokens of most servers."""
        return tuple(b - a for a, b in zip(self.arrivals, self.arrivals[1:], strict=False))


class _Fault(Exception):
    """A request that failed: which of `FAULTS`, and why."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, one_line(reason)[:_SAID]


@immutable
class Target:
    """Where requests go: `url` with the version (http://host:8000/v1), the model's name there, and which API.

    `extra` are fields of every request that the server takes beside the plain ones.
    """

    url: str
    model: str
    chat: bool = False
    key: str = field(default="", repr=False)
    extra: tuple[tuple[str, Any], ...] = ()
    limits: Limits = Limits()

    @property
    def headers(self) -> dict[str, str]:
        """What every request says of itself."""
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    def body(self, prompt: str, tokens: int) -> dict[str, Any]:
        """The request of an answer of so many tokens."""
        asks = {"messages": [{"role": "user", "content": prompt}]} if self.chat else {"prompt": prompt}
        return {"model": self.model, **asks, "max_tokens": tokens, "temperature": 0.0, "stream": True,
                "stream_options": {"include_usage": True}, **dict(self.extra)}  # fmt: skip

    @property
    def path(self) -> str:
        """The address of the API."""
        return f"{self.url}/chat/completions" if self.chat else f"{self.url}/completions"


def session(most: int = 0) -> Any:
    """A client session for so many connections (0: any number); raises `UsageError` without aiohttp."""
    try:
        import aiohttp
    except ImportError:
        raise UsageError("serving load needs aiohttp: pip install 'whichgpu[bench]'") from None
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=most, force_close=False),
        timeout=aiohttp.ClientTimeout(total=None),
    )


async def ask(client: Any, target: Target, prompt: str, tokens: int, due: float | None = None) -> Outcome:
    """Send one request and time its answer; never raises for what the server does."""
    sent = time.perf_counter()
    state = _State()
    fault = reason = ""
    try:
        async with asyncio.timeout(target.limits.whole):
            await _stream(client, target, target.body(prompt, tokens), state)
    except TimeoutError:
        fault, reason = "timeout", f"no end of the answer within {target.limits.whole:g} s"
    except _Fault as known:
        fault, reason = known.kind, known.reason
    if not fault and not state.arrivals:
        fault, reason = "empty", "the answer has no token"
    # A count of none beside text is no count.
    made = state.made or float(len(state.arrivals))
    return Outcome(
        sent if due is None else due, sent, time.perf_counter(), tuple(state.arrivals), state.prompt or 0.0,
        made, bool(state.made), fault, reason,
    )  # fmt: skip


class _State:
    """What has come of an answer so far."""

    def __init__(self) -> None:
        self.arrivals: list[float] = []
        self.prompt: float | None = None
        self.made: float | None = None
        self.done = False


async def _stream(client: Any, target: Target, body: Mapping[str, Any], state: _State) -> None:
    import aiohttp

    limits = target.limits
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=limits.connect, sock_read=limits.silence)
    try:
        async with client.post(target.path, json=body, headers=target.headers, timeout=timeout) as answer:
            await _answered(answer, state)
    except aiohttp.ConnectionTimeoutError:
        raise _Fault("refused", f"no connection within {limits.connect:g} s") from None
    except aiohttp.ServerTimeoutError:
        raise _Fault("stalled", f"nothing came for {limits.silence:g} s") from None
    except aiohttp.ClientConnectorError as fault:
        why = one_line(fault.strerror or str(fault.os_error))
        raise _Fault("refused", f"no connection to {fault.host}:{fault.port} ({why})") from None
    except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError) as fault:
        raise _Fault("closed", f"the connection ended before the answer did ({fault})") from None
    except aiohttp.ClientError as fault:
        raise _Fault("garbage", f"no HTTP ({fault})") from None
    if not state.done and state.made is None:
        raise _Fault("closed", "the stream ended without [DONE]")


async def _answered(answer: Any, state: _State) -> None:
    """The events of an answer, or all of one that does not stream."""
    if answer.status != 200:
        raise _Fault("status", f"HTTP {answer.status}: {await complaint(answer)}")
    if "event-stream" not in answer.headers.get("Content-Type", "").lower():
        await _whole(answer, state)
        return
    async for event, at in _events(answer):
        _take(event, at, state)
        if state.done:
            return


async def complaint(answer: Any) -> str:
    """What an answer with an error status says, in one line."""
    with contextlib.suppress(Exception):
        raw = await answer.content.read(4 * _SAID)
        return one_line(raw.decode("utf-8", "replace"))[:_SAID]
    return ""


async def _whole(answer: Any, state: _State) -> None:
    """An answer of a server that does not stream: all of it comes at once."""
    raw = b""
    # A read gives what has come, which is a part of what is long.
    while len(raw) < _LONGEST and (part := await answer.content.read(_LONGEST)):
        raw += part
    _take(raw, time.perf_counter(), state)
    state.done = True


async def _events(answer: Any) -> AsyncIterator[tuple[bytes, float]]:
    """The data of each event with the time at which it came."""
    rest = b""
    async for part in answer.content.iter_any():
        at = time.perf_counter()
        # A line may end with either sign or both; an empty one more says nothing.
        *lines, rest = (rest + part).replace(b"\r", b"\n").split(b"\n")
        if len(rest) > _LONGEST:
            raise _Fault("garbage", "a line without an end")
        for line in lines:
            plain = line.removeprefix(b"\xef\xbb\xbf").strip()
            if plain.startswith(b"data:"):
                yield plain[5:].strip(), at
            elif plain and not plain.startswith((b":", b"event:", b"id:", b"retry:")):
                raise _Fault("garbage", f"no event of a stream: {plain[:60]!r}")
    # The last line may lack its end.
    if rest.strip().startswith(b"data:"):
        yield rest.strip()[5:].strip(), time.perf_counter()


def _take(data: bytes, at: float, state: _State) -> None:
    """One event: a part of the text, the counts of tokens, or the end."""
    if data == b"[DONE]":
        state.done = True
        return
    try:
        event = json.loads(data)
        # Older releases of vLLM send the error as the event itself.
        if wrong := event.get("error") or (event if event.get("object") == "error" else None):
            raise _Fault("error", json.dumps(wrong))
        if any(_says(choice) for choice in event.get("choices") or ()):
            state.arrivals.append(at)
        usage = event.get("usage") or {}
        if usage.get("completion_tokens") is not None:
            made = float(usage["completion_tokens"])
            state.made = made if 0.0 < made < float("inf") else 0.0
            state.prompt = float(usage.get("prompt_tokens") or 0.0)
    except (ValueError, AttributeError, TypeError, RecursionError) as fault:
        raise _Fault("garbage", f"an event that is no answer: {data[:60]!r} ({fault})") from None


def _says(choice: Mapping[str, Any]) -> bool:
    """Whether a part of an answer has text: the first of a chat has a role only."""
    delta = choice.get("delta") or choice.get("message") or {}
    return bool(choice.get("text") or delta.get("content") or delta.get("reasoning_content")
                or delta.get("reasoning"))  # fmt: skip
