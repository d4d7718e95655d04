"""`whichgpu serve` as a process, and every route of it against what nobody would send."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs pip install 'whichgpu[web]'")

from whichgpu.web.front import Front
from whichgpu.web.serving import listening
from whichgpu.web.settings import Settings

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


def started(*arguments, wrap=(), **env):
    """A server of its own, and where it listens."""
    process = subprocess.Popen(
        [*wrap, sys.executable, "-m", "whichgpu", "serve", "--port", "0", *arguments],
        text=True,
        cwd="/",
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
    )
    line = process.stderr.readline()
    found = re.search(r"http://\S+(?=/ )", line)
    assert found, line
    return process, found[0]


def ended(process):
    """What it said in the end; its pipe is closed."""
    said = process.stderr.read()
    process.stderr.close()
    return said


def test_what_is_under_way_is_finished():
    process, base = started()
    answers = []

    def ask():
        with urllib.request.urlopen(
            f"{base}/api/v1/curve?workload=llama-3.1-70b&gpu=h100-80gb-sxm:8"
        ) as answer:
            answers.append(json.load(answer))

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.15)
    process.send_signal(signal.SIGTERM)
    asking.join(60)
    assert process.wait(60) == 0
    assert answers
    assert answers[0]["loads"]
    assert "every request under way was answered" in ended(process)


def test_what_outlasts_the_process_is_told_to_ask_again():
    """A request that is still at work when the time to finish is over hears so, and is counted."""
    sent = []

    async def never(scope, receive, send):
        await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    async def main():
        front = Front(never, Settings())
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
        task = asyncio.ensure_future(front(scope, None, send))
        await asyncio.sleep(0)
        task.cancel()
        await task
        return front.cut

    assert asyncio.run(main()) == 1
    assert sent[0]["status"] == 503
    assert dict(sent[0]["headers"])[b"retry-after"] == b"5"
    assert "ask again" in json.loads(sent[1]["body"])["detail"]


def test_a_port_in_use_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "whichgpu", "serve", "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert done.returncode == 2
    assert f"port {port} of 127.0.0.1 is in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_part_of_an_answer_waits_for_the_receipt_of_another():
    """Nagle's algorithm is off for what connects, or a page behind its head takes 40 ms more."""

    async def off():
        seen = asyncio.get_running_loop().create_future()

        async def met(_, writer):
            own = writer.get_extra_info("socket")
            seen.set_result(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with contextlib.closing(listening("127.0.0.1", 0)) as place:
            async with await asyncio.start_server(met, sock=place):
                _, writer = await asyncio.open_connection(*place.getsockname())
                writer.close()
                return await seen

    assert asyncio.run(off())


def test_nothing_is_written(tmp_path):
    """With no folder to write to it answers alike; a file as HOME is as good as a read-only disk."""
    nowhere = tmp_path / "file"
    nowhere.write_text("")
    blocked = {name: str(nowhere) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
    process, base = started(PYTHONDONTWRITEBYTECODE="1", **blocked)
    try:
        page = "/gpus/l4?chart=roofline&as=svg"
        assert b"<svg" in urllib.request.urlopen(f"{base}{page}").read()
        body = json.dumps({"text": f"The A10 has 48 GB of memory. {'and so on. ' * 5000}"}).encode()
        asked = urllib.request.Request(f"{base}/api/v1/audit", body, {"Content-Type": "application/json"})
        assert json.load(urllib.request.urlopen(asked))["findings"]
    finally:
        process.terminate()
        process.wait(40)
        ended(process)


@pytest.mark.thorough
def test_a_disk_that_is_read_only_is_no_matter(tmp_path):
    """Every file system is mounted read-only, in a name space of the process's own."""
    alone = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    script = (
        "mount --make-rprivate / && mount -o remount,ro,bind / && "
        f"for at in /tmp /var /home /root {shlex.quote(str(tmp_path))}; do "
        "mountpoint -q $at && mount -o remount,ro,bind $at; done; "
        f'touch {shlex.quote(str(tmp_path))}/x 2>&- && exit 99; exec "$@"'
    )
    wrap = [*alone, "sh", "-c", script, "sh"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*wrap, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("needs a mount name space: unshare --mount")
    process, base = started(wrap=wrap)
    try:
        for path in ("/", "/gpus/l4?chart=roofline&as=png", "/api/v1/recommend?workload=resnet50&gpus=l4"):
            assert urllib.request.urlopen(f"{base}{path}").status == 200
        body = json.dumps({"text": "The A10 has 48 GB of memory. " * 200}).encode()
        asked = urllib.request.Request(f"{base}/api/v1/audit", body, {"Content-Type": "application/json"})
        assert json.load(urllib.request.urlopen(asked))["findings"]
    finally:
        process.terminate()
        assert process.wait(40) == 0
        ended(process)


def talked(base, *parts, wait=10.0):
    """What comes back for bytes as they are, until the server ends it."""
    host, port = base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=wait) as line:
        for part in parts:
            line.sendall(part)
        came = b""
        while got := line.recv(65536):
            came += got
    return came


def test_a_client_that_is_slow_or_endless_holds_no_place():
    from whichgpu.web.settings import Settings

    with served(Settings(patience=0.4)) as base:
        began = time.monotonic()
        assert talked(base, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""
        assert talked(base, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /he").startswith(b"HTTP/1.1 200")
        head = b"POST /api/v1/audit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        slow = talked(base, head + b"Content-Length: 100\r\n\r\n", b'{"text":')
        assert slow.startswith(b"HTTP/1.1 408")
        assert time.monotonic() - began > 0.4
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        endless = talked(base, head + b"Transfer-Encoding: chunked\r\n\r\n", *([chunk] * 66), b"0\r\n\r\n")
        assert endless.startswith(b"HTTP/1.1 413")
        large = talked(base, head + b"Content-Length: 90000000\r\n\r\n")
        assert b" 413 " in large
        assert b"application/problem+json" in large
        with contextlib.suppress(ConnectionError):
            assert b" 200 " not in talked(
                base, b"GET / HTTP/1.1\r\n", *([b"X-A: " + b"a" * 60_000 + b"\r\n"] * 9)
            )


@contextlib.contextmanager
def served(settings):
    """A server in this process, at a port that was free."""
    import uvicorn

    from whichgpu.web.app import create
    from whichgpu.web.patience import guarded

    config = uvicorn.Config(create(settings), port=0, log_level="error", lifespan="off")
    config.load()
    config.http_protocol_class = guarded(config.http_protocol_class, settings.patience)
    server = uvicorn.Server(config)
    running = threading.Thread(target=server.run)
    running.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    running.join()


@pytest.mark.thorough
def test_no_route_fails_whatever_is_sent():
    schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis")
    import warnings

    from hypothesis import HealthCheck, Phase, given, settings
    from starlette.testclient import TestClient

    from whichgpu.web.app import create
    from whichgpu.web.settings import Settings

    with TestClient(
        create(Settings(rate=1e6, burst=10**6, seconds=20)), raise_server_exceptions=False
    ) as client:
        schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
        for found in schema.get_all_operations():
            operation = found.ok()
            costly = "audit" in operation.path or "plan" in operation.path or "sweep" in operation.path

            @settings(
                max_examples=1 if costly else 2,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy())
            def send(case):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    answer = client.request(
                        case.method,
                        case.formatted_path,
                        params=case.query,
                        json=case.body if isinstance(case.body, dict | list) else None,
                    )
                assert answer.status_code < 500, (case.method, case.formatted_path, case.query, answer.text)

            send()
