"""Answers of servers byte by byte: in parts, with other ends of lines, with counts that are none."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest

from whichgpu.bench.serving_http import Limits, Target, ask, session

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
TEXT = b'data: {"choices":[{"text":"a"}]}\n\n'
COUNTS = b'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":%s}}\n\n'
GOOD = 3 * TEXT + COUNTS % b"3" + b"data: [DONE]\n\n"
WHOLE = json.dumps({"choices": [{"text": "a " * 600}], "usage": {"completion_tokens": 3}}).encode()
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(WHOLE)
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data):
    return b"%x\r\n" % len(data) + data + b"\r\n"


def outcome(*parts):
    """What comes of a request to a server that sends these bytes, one after the other, and closes."""

    async def run():
        served = asyncio.Event()

        async def serve(reader, writer):
            with contextlib.suppress(ConnectionError):
                await reader.readuntil(b"\r\n\r\n")
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0.03)
                writer.close()
                await writer.wait_closed()
            served.set()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, session() as client:
            port = server.sockets[0].getsockname()[1]
            limits = Limits(connect=5.0, silence=5.0, whole=10.0)
            found = await ask(client, Target(f"http://127.0.0.1:{port}/v1", "m", limits=limits), "hi", 3)
            await served.wait()
            return found

    return asyncio.run(run())


@pytest.mark.parametrize(
    "parts",
    [
        (PLAIN + WHOLE[:500], WHOLE[500:]),
        (CHUNKED + chunk(WHOLE[:500]), chunk(WHOLE[500:]) + chunk(b"")),
        (HEAD + GOOD[:40], GOOD[40:]),
        (HEAD + GOOD.replace(b"\n", b"\r\n"),),
        (HEAD + GOOD.replace(b"\n", b"\r"),),
        (HEAD + b"\xef\xbb\xbf" + GOOD,),
        (HEAD.replace(b"text/event", b"Text/Event") + GOOD,),
    ],
    ids=["in two parts", "in two chunks", "cut in a line", "CRLF", "CR", "with a mark of order", "capitals"],
)  # fmt: skip
def test_an_answer_however_it_comes(parts):
    found = outcome(*parts)
    assert (found.fault, found.made, found.counted) == ("", 3.0, True)


@pytest.mark.parametrize("count", [b"-5", b"NaN", b"1e999", b"0"])
def test_a_count_that_is_none_is_not_taken(count):
    found = outcome(HEAD + 2 * TEXT + COUNTS % count + b"data: [DONE]\n\n")
    assert (found.fault, found.made, found.counted) == ("", 2.0, False)


def test_what_is_wrong_is_told_apart():
    error = b'event: error\ndata: {"object":"error","message":"out of memory","code":500}\n\n'
    assert (found := outcome(HEAD + TEXT + error)).fault == "error"
    assert "out of memory" in found.reason
    assert outcome(PLAIN + WHOLE[:500]).fault == "closed"
    assert outcome(b"SSH-2.0-OpenSSH_9.6\r\n").fault == "garbage"
