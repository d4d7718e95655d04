"""What keeps the application safe: headers, limits, and that nothing that is typed is opened or run."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("fastapi", reason="needs pip install 'whichgpu[web]'")

from starlette.testclient import TestClient

from whichgpu.web.app import create
from whichgpu.web.front import Front
from whichgpu.web.gate import Gate, Refused
from whichgpu.web.settings import Settings

pytestmark = pytest.mark.slow

DEMAND = '[[demand]]\nname = "images"\nworkload = "resnet50"\nrate = "9 images/s"\n'
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}'


def test_every_answer_is_safe(web):
    for path in ("/", "/api/v1/gpus/l4", "/nothing", "/api/v1/nothing", "/audit?text=x"):
        headers = web.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2f..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/gpus/..%2f..%2fetc%2fpasswd",
        "/workloads/%2fetc%2fpasswd",
        "/api/v1/workloads/pyproject.toml",
        "/api/v1/workloads/nowhere.py:build",
        "/api/v1/workloads/hf:org%2fname",
    ],
)
def test_no_file_or_module_can_be_named(web, path):
    answer = web.get(path)
    assert answer.status_code == 404
    assert "import" not in answer.text
    assert "root:" not in answer.text


def test_text_is_text(web):
    odd = "<script>alert(1)</script>{{7*7}}"
    for path in (
        f"/gpus/{odd}",
        f"/?workload={odd}",
        f"/audit?text=The+A10+has+48+GB+{odd}",
        f"/sources?q={odd}",
        f"/gpus?find-560-gpus={odd}",
    ):
        text = web.get(path).text
        assert "<script>alert" not in text
        assert "49" not in re.sub(r"\d{3,}", "", text) or "{{7*7}}" in text


def test_too_much_is_refused():
    few = Settings(rate=0.001, burst=3)
    with TestClient(create(few)) as client:
        codes = [
            client.get(f"/api/v1/recommend?workload=resnet50&batch={n}&gpus=l4").status_code
            for n in range(1, 6)
        ]
        assert codes == [200, 200, 200, 429, 429]
        assert client.get("/api/v1/recommend?workload=resnet50&batch=1&gpus=l4").status_code == 200
    full = Gate(Settings(waiting=0))
    with pytest.raises(Refused, match="too many"):
        full.place("me", heavy=True)


def test_what_is_kept_is_bounded():
    import asyncio

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"public")]})
        await send({"type": "http.response.body", "body": scope["query_string"] * 100})

    front = Front(app, Settings(cache=100_000))

    async def ask(number):
        async def send(message):
            pass

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"%06d" % number,
            "headers": [],
        }
        await front(scope, None, send)

    async def many():
        for number in range(500):
            await ask(number)

    asyncio.run(many())
    assert 0 < front._size <= 100_000
    assert front._size == sum(one.size for one in front._kept.values())


@pytest.mark.parametrize(
    "where",
    [
        ("/", "target"), ("/", "gpus"), ("/", "offers"), ("/", "needs"), ("/", "machine"), ("/fit", "gpu"),
        ("/cost", "discount"), ("/own", "price"), ("/judge", "quote"), ("/gpus", "where"), ("/sources", "q"),
        ("/diagnose", "workload"),
        ("/plan", "what_if"), ("/audit", "name"), ("/audit", "text"), ("/audit", "packed"), ("/serve", "slo"),
    ],
)  # fmt: skip
def test_what_is_typed_is_never_run(web, where):
    path, name = where
    asked = {"workload": "resnet50"} if path in ("/", "/fit", "/cost", "/serve") else {}
    asked |= {"gpu": "l4"} if path in ("/fit", "/cost", "/serve", "/own") else {}
    asked |= (
        {"text": "The A10 has 48 GB."} if path == "/audit" else {"text": DEMAND} if path == "/plan" else {}
    )
    answer = web.get(path, params={**asked, name: HOSTILE})
    assert answer.status_code < 500
    assert "<img src=x" not in answer.text
    assert "<script>alert" not in answer.text
    assert "49" not in answer.text or "{{7*7}}" in answer.text or path == "/sources"
