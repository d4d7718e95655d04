"""The Hub is asked only where it is named, and within limits."""

from __future__ import annotations

import http.server
import json
import threading

import pytest
from hf_configs import LLAMA

from whichgpu.errors import UsageError
from whichgpu.workloads import importing
from whichgpu.workloads.importers import _fetch
from whichgpu.workloads.importing import Given, load

pytestmark = pytest.mark.slow


@pytest.fixture
def hub(monkeypatch):
    """A server that answers as the Hub does; `answers` maps a path to (status, headers, body)."""
    answers = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, headers, body = answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for part in body if isinstance(body, list) else [body]:
                    self.wfile.write(part)
            except OSError:
                pass

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield answers
    server.shutdown()
    server.server_close()


PATH = "/org/model/resolve/main/config.json"


def test_the_hub_is_asked_only_where_it_is_named(hub, whichgpu):
    hub[PATH] = (200, {}, json.dumps(LLAMA).encode())
    assert whichgpu("workload", "--from", "hf:org/model", "--json").json["parameters"] == 8030261248
    with pytest.raises(UsageError, match="used only where it is asked"):
        load("hf:org/model")
    with pytest.raises(UsageError, match="the Hub is asked only by name"):
        importing.named("hf:org/model")


def test_the_hub_may_redirect_within_limits(hub):
    hub["/moved"] = (200, {}, json.dumps(LLAMA).encode())
    hub[PATH] = (302, {"Location": "/moved"}, b"")
    given = Given(network=True)
    assert load("hf:org/model", given).dims["layers"] == 32
    hub["/moved"] = (302, {"Location": PATH}, b"")
    with pytest.raises(UsageError, match="redirect"):
        load("hf:org/model", given)
    hub[PATH] = (302, {"Location": "http://example.com/config.json"}, b"")
    with pytest.raises(UsageError, match="not an https address"):
        load("hf:org/model", given)
    hub[PATH] = (302, {"Location": "file:///etc/passwd"}, b"")
    with pytest.raises(UsageError, match="is not allowed"):
        load("hf:org/model", given)


def test_the_hub_may_refuse_or_flood(hub, monkeypatch):
    given = Given(network=True)
    with pytest.raises(UsageError, match="answers 404: no such model"):
        load("hf:org/model", given)
    hub[PATH] = (401, {}, b"")
    with pytest.raises(UsageError, match="licence or a login"):
        load("hf:org/model", given)
    monkeypatch.setattr(_fetch, "LIMIT", 1_000_000)
    hub[PATH] = (200, {}, [b" " * 100_000] * 30)
    with pytest.raises(UsageError, match="more than 1 MB"):
        load("hf:org/model", given)
    with pytest.raises(UsageError, match="not a model of the Hub"):
        load("hf:not a name", given)


def test_no_server_is_said(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UsageError, match="not reachable"):
        load("hf:org/model", Given(network=True))
    monkeypatch.setenv("HF_ENDPOINT", "http://example.com")
    with pytest.raises(UsageError, match="not an https address"):
        load("hf:org/model", Given(network=True))
