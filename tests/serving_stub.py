"""A small OpenAI-compatible server with known delays, which can misbehave in every way; for tests only."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Behaviour:
    """Seconds to the first token and between tokens; every `every`-th request has the `fault`."""

    first: float = 0.03
    between: float = 0.005
    fault: str = ""
    every: int = 1
    owner: str = "vllm"
    usage: bool = True
    #: A server that sends counts, all of them 0; and one whose last line has no end.
    zero: bool = False
    unended: bool = False
    per_word: float = 1.5
    strict: bool = False
    chat_only: bool = False
    seen: list = field(default_factory=list)
    #: When each request came, s of the loop's clock, and how many were served at once at most.
    came: list = field(default_factory=list)
    now: int = 0
    most: int = 0


class Stub:
    """The server; `behaviour` may be changed while it runs."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.port = 0
        self._count = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                line, *fields = head.decode().split("\r\n")
                sizes = [one.split(":")[1] for one in fields if one.lower().startswith("content-length")]
                body = await reader.readexactly(int(sizes[0])) if sizes else b""
                await self.answer(line.split()[1], json.loads(body or b"{}"), writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def answer(self, path: str, body: dict, writer: asyncio.StreamWriter) -> None:
        how = self.behaviour
        if path.endswith("/models"):
            return await plain(writer, 200, {"data": [{"id": "org/llama-3.1-8b", "owned_by": how.owner}]})
        if path == "/version":
            return await plain(writer, 200, {"version": "0.11.0"})
        if not path.endswith("completions") or (how.chat_only and "chat" not in path):
            return await plain(writer, 404, {"error": "not found"})
        if how.strict and "ignore_eos" in body:
            return await plain(writer, 400, {"error": {"message": "unknown field ignore_eos"}})
        how.seen.append(body)
        how.came.append(asyncio.get_running_loop().time())
        self._count += 1
        fault = how.fault if self._count % how.every == 0 else ""
        how.now += 1
        how.most = max(how.most, how.now)
        try:
            await self.stream(body, fault, writer)
        finally:
            how.now -= 1

    async def stream(  # noqa: C901
        self, body: dict, fault: str, writer: asyncio.StreamWriter
    ) -> None:
        how = self.behaviour
        if fault in ("429", "500"):
            return await plain(writer, int(fault), {"error": {"message": "too busy"}})
        if fault == "whole":
            return await plain(writer, 200, {"choices": [{"text": "all at once"}], "usage": count(body, how)})
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        await asyncio.sleep(how.first)
        chat = "messages" in body
        if chat:
            await event(writer, {"choices": [{"delta": {"role": "assistant"}}]})
        for token in range(int(body["max_tokens"])):
            if token:
                await asyncio.sleep(how.between)
            if token == 2 and fault == "stall":
                await asyncio.sleep(30.0)
            if token == 2 and fault == "close":
                writer.transport.abort()
                raise ConnectionError
            if token == 2 and fault == "garbage":
                await raw(writer, b"data: {not json}\n\n")
            if token == 2 and fault == "error":
                await event(writer, {"error": {"message": "CUDA out of memory"}})
            part = {"delta": {"content": " x"}} if chat else {"text": " x"}
            await event(writer, {"choices": [part]})
        if fault == "cut":
            await raw(writer, b"")
            return None
        if how.usage:
            counts = {"prompt_tokens": 0, "completion_tokens": 0} if how.zero else count(body, how)
            await event(writer, {"choices": [], "usage": counts})
        await raw(writer, b"data: [DONE]" if how.unended else b": ping\n\ndata: [DONE]\n\n")
        await raw(writer, b"")
        return None


def count(body: dict, how: Behaviour) -> dict:
    prompt = body.get("prompt") or body["messages"][0]["content"]
    return {
        "prompt_tokens": round(how.per_word * len(prompt.split())),
        "completion_tokens": body["max_tokens"],
    }


async def event(writer, document: dict) -> None:
    await raw(writer, b"data: " + json.dumps(document).encode() + b"\n\n")


async def raw(writer, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    await writer.drain()


async def plain(writer, status: int, document: dict) -> None:
    data = json.dumps(document).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    writer.write(head.encode() + data)
    await writer.drain()


@contextmanager
def running():
    """A stub on a port of its own, in a thread of its own."""
    stub, ready = Stub(), threading.Event()
    loop = asyncio.new_event_loop()

    async def main() -> None:
        server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
        stub.port = server.sockets[0].getsockname()[1]
        stub.stop = asyncio.Event()
        ready.set()
        await stub.stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()))
    thread.start()
    ready.wait(5)
    try:
        yield stub
    finally:
        loop.call_soon_threadsafe(stub.stop.set)
        thread.join(5)
        loop.close()
