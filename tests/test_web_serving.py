"""`whichgpu serve` as a process, and every route of it against what nobody would send."""

from __future__ import annotations

import json
import os
import re
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
ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


def started(*arguments, **env):
    """A server of its own, and where it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "whichgpu", "serve", "--port", "0", *arguments],
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


def test_nothing_is_written(tmp_path):
    """With no folder to write to it answers alike; a file as HOME is as good as a read-only disk."""
    nowhere = tmp_path / "file"
    nowhere.write_text("")
    blocked = {name: str(nowhere) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
    process, base = started(PYTHONDONTWRITEBYTECODE="1", **blocked)
    try:
        page = "/gpus/l4?chart=roofline&as=svg"
        assert b"<svg" in urllib.request.urlopen(f"{base}{page}").read()
        body = json.dumps({"text": "The A10 has 48 GB of memory. " * 2000}).encode()
        asked = urllib.request.Request(f"{base}/api/v1/audit", body, {"Content-Type": "application/json"})
        assert json.load(urllib.request.urlopen(asked))["findings"]
    finally:
        process.terminate()
        process.wait(40)
        ended(process)


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
                max_examples=2 if costly else 6,
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
