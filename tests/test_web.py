"""The web application without a browser: pages, the REST API, faults, limits, what is sent to it."""

from __future__ import annotations

import json
import re

import pytest

pytest.importorskip("fastapi", reason="needs pip install 'whichgpu[web]'")

from starlette.testclient import TestClient

import whichgpu
from whichgpu.report.json import dumps
from whichgpu.web import arranging, asks
from whichgpu.web.app import create
from whichgpu.web.front import Front
from whichgpu.web.gate import Gate, Refused
from whichgpu.web.settings import Settings

#: The public surface: every route with what it takes. To grow it is a deliberate change here.
JOB = [
    "batch",
    "concurrency",
    "input_tokens",
    "option",
    "output_tokens",
    "phase",
    "pp",
    "precision",
    "resolution",
    "runtime",
    "seq_len",
    "steps",
    "tp",
]
LIST = ["limit", "offset"]
SIZE = ["epochs", "hours_of_audio", "images", "requests", "samples", "tokens"]
SWEEP = sorted(
    ["global_batch", "gpus", "scaling", "system", "tokens", "top", "usd_per_gpu_hour", "workload", *JOB]
)
#: What may be wished for besides, as the command has it.
WISHES = [
    "api_price", "deadline", "energy", "epochs", "exclude", "framework", "hours_of_audio", "images",
    "machine", "offers",
    "max_power", "max_slots", "min_memory", "objective", "power_limit", "region", "requests", "samples",
    "system", "tokens",
]  # fmt: skip
ROUTES = {
    "get /api/v1/gpus": sorted(
        [*LIST, "family", "max", "min", "order", "reverse", "segment", "vendor", "where"]
    ),
    "get /api/v1/gpus/{gpu}": ["gpu", "review"],
    "get /api/v1/compare": sorted(["gpu", "workload", *JOB]),
    "get /api/v1/compat": ["feature", "framework", "gpu", "precision", "system"],
    "get /api/v1/cost": sorted(
        [
            "busy",
            "checkpoint",
            "discount",
            "egress",
            "gpu",
            "grid",
            "hours_per_day",
            "price",
            "storage",
            "target",
            "throughput",
            "workload",
            *SIZE,
            *JOB,
        ]
    ),
    "get /api/v1/own": [
        "cooling",
        "electricity",
        "gpu",
        "grid",
        "host",
        "hours_per_day",
        "load",
        "price",
        "pue",
        "rent",
        "resale",
        "years",
    ],
    "get /api/v1/spot": ["checkpoint", "gpu", "gpus", "hours", "interruption", "restart", "saving"],
    "get /api/v1/judge": ["quote"],
    "get /api/v1/curve": sorted(["against", "gpu", "rate", "slo", "usd_per_gpu_hour", "workload", *JOB]),
    "get /api/v1/explain": [],
    "get /api/v1/explain/{term}": ["term"],
    "get /api/v1/fit": sorted(["gpu", "together", "workload", *JOB]),
    "get /api/v1/predict": sorted(["explain", "gpu", "grid", "pue", "workload", *JOB]),
    "get /api/v1/prices": sorted([*LIST, "provider", "term"]),
    "get /api/v1/prices/{gpu}": sorted([*LIST, "gpu", "provider", "term"]),
    "get /api/v1/prices/{gpu}/history": ["gpu"],
    "get /api/v1/recommend": sorted(
        [
            "budget",
            "gpus",
            "latency",
            "needs",
            "pause",
            "providers",
            "rate",
            "slo",
            "target",
            "term",
            "users",
            "workload",
            *WISHES,
            *JOB,
        ]
    ),
    "get /api/v1/scoreboard": ["by"],
    "get /api/v1/sources": sorted([*LIST, "q"]),
    "get /api/v1/sweep": SWEEP,
    "get /api/v1/sweep/events": SWEEP,
    "get /api/v1/workloads": sorted([*LIST, "q"]),
    "get /api/v1/workloads/{workload}": sorted(["gpus", "workload", *JOB]),
    "post /api/v1/audit": [],
    "post /api/v1/audit/events": [],
    "post /api/v1/plan": [],
    "post /api/v1/plan/events": [],
}
PLAN = """
[plan]
gpus = ["l4", "a10"]
[[demand]]
name = "images"
workload = "resnet50"
rate = "9000 images/s"
"""


@pytest.fixture(scope="module")
def web():
    with TestClient(create()) as client:
        yield client


def test_the_routes_are_those_that_were_promised(web):
    paths = web.get("/openapi.json").json()["paths"]
    found = {
        f"{method} {path}": sorted(one["name"] for one in route.get("parameters", ()))
        for path, methods in paths.items()
        for method, route in methods.items()
    }
    assert found == ROUTES
    for methods in paths.values():
        for route in methods.values():
            answer = route["responses"]["200"]["content"]
            stated = [one for one in route.get("parameters", ()) if one["required"]]
            assert "example" in answer["application/json"] or "requestBody" in route or stated
            assert route["summary"]


@pytest.mark.parametrize(
    ("path", "command"),
    [
        (
            "recommend?workload=resnet50&target=1000+images/s&batch=8",
            ["recommend", "resnet50", "--target", "1000 images/s", "--batch", "8"],
        ),
        ("gpus/A100%20SXM%2080GB", ["show", "a100-80gb-sxm"]),
        ("predict?workload=bert-large&gpu=a10", ["predict", "bert-large", "--gpu", "a10"]),
        ("fit?workload=llama-2-13b&gpu=a10", ["fit", "llama-2-13b", "--gpu", "a10"]),
        ("compare?gpu=a10,l4", ["compare", "a10", "l4"]),
        (
            "curve?workload=llama-3.1-8b&gpu=l4&rate=1+req/s",
            ["predict", "llama-3.1-8b", "--gpu", "l4", "--rate", "1 req/s", "--curve"],
        ),
        ("workloads/resnet50", ["workload", "resnet50"]),
        ("compat?gpu=t4&framework=pytorch", ["compat", "t4", "--framework", "pytorch"]),
        ("explain/tf32", ["explain", "tf32"]),
        ("prices/a10/history", ["prices", "a10", "--history"]),
    ],
)
def test_the_api_answers_as_the_command_does(web, whichgpu, path, command):
    answer = web.get(f"/api/v1/{path}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == whichgpu(*command, "--json").out


def test_lists_come_in_parts(web):
    first = web.get("/api/v1/gpus?limit=3&order=memory")
    told = first.json()
    assert (len(told["gpus"]), told["limit"], told["offset"]) == (3, 3, 0)
    assert first.headers["link"] == '</api/v1/gpus?limit=3&order=memory&offset=3>; rel="next"'
    second = web.get("/api/v1/gpus?limit=3&order=memory&offset=3")
    assert 'rel="prev"' in second.headers["link"]
    both = web.get("/api/v1/gpus?limit=6&order=memory").json()["gpus"]
    assert [one["id"] for one in both] == [one["id"] for one in (*told["gpus"], *second.json()["gpus"])]
    assert told["total"] == len(whichgpu.gpus())


def test_faults_are_problems(web):
    for path, status, words in (
        ("gpus/h100", 404, "h100-80gb-sxm"),
        ("recommend?workload=resnet-5O", 404, "did you mean"),
        ("recommend?workload=resnet50&target=1000", 422, "images"),
        ("recommend", 422, "workload"),
        ("predict?workload=resnet50&gpu=a10&bacth=3", 422, "bacth"),
        ("predict?workload=x&gpu=local", 422, "local"),
        ("predict?workload=resnet50&gpu=a10&batch=-1", 422, "batch"),
        ("nothing", 404, "nothing is at"),
    ):
        answer = web.get(f"/api/v1/{path}")
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
        assert words in answer.json()["detail"]
    assert web.delete("/api/v1/gpus").status_code == 405


def test_what_does_not_fit_is_an_answer(web):
    told = web.get("/api/v1/fit?workload=llama-2-70b&gpu=a10")
    assert told.status_code == 200
    assert told.json()["fits"] is False
    page = web.get("/fit?workload=llama-2-70b&gpu=a10")
    assert page.status_code == 200
    assert 'role="alert"' in page.text


def test_answers_are_known_again(web):
    path = "/api/v1/gpus/l4"
    first = web.get(path)
    again = web.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert web.get(path, headers={"If-None-Match": '"else"'}).status_code == 200
    assert first.headers["cache-control"].startswith("public")
    assert first.headers["content-encoding"] == "gzip"
    head = web.head(path)
    assert (head.status_code, head.content) == (200, b"")
    plain = web.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == first.content


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
        "/api/v1/workloads/config.json",
        "/api/v1/workloads/model.py:build",
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


def test_pages_show_what_the_api_says(web):
    path = "workload=stable-diffusion-1.5&target=1000+images/min"
    told = web.get(f"/api/v1/recommend?{path}").json()
    rows = table(web, f"/?{path}", 0)
    for shown, candidate in zip(rows, told["candidates"], strict=False):
        assert shown["GPU"] == candidate["gpu"]
        assert shown["Instances"] == f"{candidate['instances']:,}"
        assert shown["USD/h"] == f"{candidate['usd_per_hour']:,.2f}"
    prices = table(web, f"/?{path}", 1)
    assert prices[0]["Provider"] == told["candidates"][0]["offer"]["provider"]


def table(web, path, at, **more):
    """A table of a page, as its JSON download has it."""
    text = web.get(path).text
    url = re.findall(r'href="([^"]*table=[^"]*as=json[^"]*)"', text)[at].replace("&amp;", "&")
    told = web.get(url).json()
    return [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]


def test_tables_sort_filter_and_download_by_their_address(web):
    page = "/gpus?vendor=NVIDIA&limit=200"
    text = web.get(page).text
    name = re.search(r'<div class="table" id="([^"]+)"', text)[1]
    rows = web.get(f"{page}&table={name}&as=json&sort={name}.-1").json()["rows"]
    sizes = [arranging.sort_key(row[1])[1] for row in rows if row[1]]
    assert sizes == sorted(sizes, reverse=True)
    found = web.get(f"{page}&table={name}&as=csv&find-{name}=rtx-40").text.splitlines()
    assert len(found) > 3
    assert all("rtx-40" in line for line in found[1:])
    assert 'aria-sort="descending"' in web.get(f"{page}&sort={name}.-1").text
    assert web.get(f"{page}&table=nothing&as=csv").status_code == 404


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.2 TB/s", 1.2e12),
        ("900 GB/s", 9e11),
        ("3 ms", 3e-3),
        ("2 days", 172800.0),
        ("1,234", 1234.0),
        ("12 %", 12.0),
        ("2.5 kW", 2500.0),
        ("80 GB (81,920 MiB)", 8e10),
        ("-5.1", -5.1),
        ("2026-05-24", 20260524.0),
        ("45 min", 2700.0),
    ],
)
def test_cells_sort_by_what_they_mean(text, value):
    assert arranging.sort_key(text)[:2] == (0, pytest.approx(value))


def test_charts_are_drawings_with_their_data(web):
    path = "/compare/a10-vs-a100-80gb-pcie"
    text = web.get(path).text
    assert len(re.findall(r"<img [^>]*alt=\"[^\"]{40,}\"", text)) >= 2
    url = re.search(r'<img src="([^"]+)"', text)[1].replace("&amp;", "&")
    drawn = web.get(url)
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert b"<svg" in drawn.content
    assert web.get(url.replace("as=svg", "as=png")).content.startswith(b"\x89PNG")
    assert "A100" in web.get(url.replace("as=svg", "as=csv")).text
    assert web.get(url.replace("as=svg", "as=json")).json()["$schema"].startswith("https://vega.github.io/")


def test_a_comparison_has_one_address(web):
    asked = web.get("/compare?gpu=A100 80GB PCIe,A10&workload=resnet50", follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (
        303,
        "/compare/a100-80gb-pcie-vs-a10?workload=resnet50",
    )
    assert web.get("/compare/A10-vs-L4", follow_redirects=False).headers["location"] == "/compare/a10-vs-l4"


def test_a_price_that_moves(web):
    path = "/?workload=resnet50&target=1000+images/s"
    first = web.get("/api/v1/recommend?" + path.partition("?")[2]).json()["candidates"][0]["gpu"]
    moved = web.get(f"{path}&change=400").text
    ranked = moved.partition('id="if-prices-moved')[2].partition("</table>")[0]
    assert f"{first} +400 %" in ranked
    assert re.search(r'<th scope="row" class="right">1</th><td[^>]*><a[^>]*>([^<]+)', ranked)[1] != first


def test_what_is_sent_is_audited_apart(web):
    text = "The A10 has 48 GB of memory."
    told = web.post("/api/v1/audit", json={"text": text, "name": "a.md"}).json()
    own = whichgpu.audit(text.encode(), form="markdown")
    assert [one["expected"] for one in told["findings"]] == [one.expected for one in own.findings]
    sent = web.post("/audit", data={"text": text}, follow_redirects=False)
    assert sent.status_code == 303
    page = web.get(sent.headers["location"]).text
    assert '<mark class="contradicted"' in page
    file = web.post("/audit", files={"file": ("x.md", text.encode())})
    assert '<mark class="contradicted"' in file.text
    assert web.post("/audit", files={"file": ("x.bin", b"\xff\xfe\x00\xd8")}).status_code == 422
    assert web.post("/audit", files={"file": ("x.md", b"x" * 3_000_000)}).status_code == 413


def test_work_tells_how_far_it_is(web):
    answer = web.post("/api/v1/audit/events", json={"text": "The A10 has 48 GB of memory."})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = re.findall(r"event: (\w+)\ndata: (.*)\n\n", answer.text)
    assert events[0][0] == "progress"
    assert events[-1][0] == "result"
    assert json.loads(events[-1][1])["findings"]
    missing = web.get("/api/v1/sweep/events?workload=nonsense&gpus=l4:8").text
    assert "event: problem" in missing


def test_a_plan_names_no_files(web):
    told = web.post("/api/v1/plan", json={"text": PLAN}).json()
    assert told["picks"]
    assert told["status"] == "optimal"
    page = web.post("/plan", data={"text": PLAN})
    assert f"{told['usd_per_hour']:,.2f}" in page.text
    for more in ('[[demand]]\nname = "y"\nworkload = "resnet50"\nrate = { file = "/etc/passwd" }\n',):
        answer = web.post("/api/v1/plan", json={"text": PLAN + more})
        assert answer.status_code == 422
        assert "names no files" in answer.json()["detail"]
    assert web.post("/api/v1/plan", json={"text": "not = toml ="}).status_code == 422


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


def test_the_first_page_is_small(web):
    page = web.get("/?workload=stable-diffusion-1.5&target=1000+images/min")
    assert len(page.content) < 100_000
    whole = len(web.get("/").content)
    for url in re.findall(r'(?:href|src)="(/static/[^"]+)"', web.get("/").text):
        whole += len(web.get(url).content)
    assert whole < 100_000


def test_documents_are_those_of_the_reports(web):
    from whichgpu.web import answers

    ask = asks.Recommend(workload="resnet50", target="100 images/s")
    assert web.get("/api/v1/recommend?workload=resnet50&target=100+images/s").text == dumps(
        answers.recommend(ask).data
    )


def test_sentences_of_the_terminal_become_links():
    from whichgpu.web.address import Address
    from whichgpu.web.words import Words

    here = Address(
        "/fit", (("workload", "llama-2-13b"), ("gpu", "a10"), ("option", "a=1"), ("option", "b=2"))
    )
    words = Words(asks.Fit.model_fields, here)
    link = words("--gpu a10:2 --tp 2 fits (14.4 GiB each)")
    assert link == (
        '<a href="/fit?workload=llama-2-13b&amp;option=a%3D1&amp;option=b%3D2&amp;gpu=a10%3A2&amp;tp=2">'
        "GPU a10:2, Tensor parallel 2</a> fits (14.4 GiB each)"
    )
    assert "option=a%3D1&amp;option=b%3D3" in words("use --option b=3.")
    assert words("--cpu-offload-gb 5 is not asked here") == "--cpu-offload-gb 5 is not asked here"
    assert words("leave out --gpu or <b>") == "leave out “GPU” or &lt;b&gt;"
    assert words('write e.g. --precision "w8a16"') == "write e.g. Precision w8a16"
    fault = "no GPU 'a11'; did you mean a10, a16?"
    mended = words.instead(fault, "gpu", "l4, a11")
    assert 'gpu=l4%2C+a16">a16</a>?' in mended
    assert "<script>" not in words.instead("no GPU '<script>'; did you mean <script>?", "gpu", "<script>")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/fit?workload=llama-2-13&gpu=a10", "workload"),
        ("/fit?workload=llama-2-13b&gpu=l4,h100", "gpu"),
        ("/?workload=resnet50&target=1000", "target"),
        ("/?workload=resnet50&budget=twenty", "budget"),
        ("/?workload=resnet50&needs=wings", "needs"),
        ("/?workload=resnet50&offers=nothing", "offers"),
        ("/own?gpu=a10&hours_per_day=25", "hours_per_day"),
        ("/spot?gpu=a10&hours=40&saving=soon", "saving"),
        ("/judge?quote=cheap", "quote"),
        ("/fit?workload=resnet50&batch=none", "batch"),
    ],
)
def test_a_fault_stands_at_its_field(web, path, field):
    text = web.get(path).text
    assert f'id="e-{field}"' in text
    marked = re.findall(r'id="f-(\w+)"[^>]* aria-invalid="true"', text)
    assert marked == [field]
    assert text.index('role="alert"') > 0


def test_a_price_list_of_ones_own(web):
    rows = "provider,gpu,gpu_count,usd_per_hour\nacme,a10,1,0.01\nacme,l4,1,9"
    asked = {"workload": "resnet50", "target": "100 images/s", "offers": rows}
    told = web.get("/api/v1/recommend", params=asked).json()
    assert [one["gpu"] for one in told["candidates"]] == ["a10", "l4"]
    assert told["candidates"][0]["offer"]["provider"] == "acme"
    rows += "\nacme,nonsense,1,2"
    wrong = web.get("/api/v1/recommend", params={**asked, "offers": rows})
    assert wrong.status_code == 422
    assert "line 4" in wrong.json()["detail"]


def test_long_texts_have_links_and_are_worked_out_once(web):
    from whichgpu.web.sent import linked

    note = "".join(f"# line {n}: {n * 7919 % 10007}\n" for n in range(600))
    sent = web.post("/plan", data={"text": note + PLAN}, follow_redirects=False)
    where = sent.headers["location"]
    assert where.startswith("/plan?packed=")
    page = web.get(where).text
    for form, start in (("csv", b"Instances"), ("json", b"{")):
        url = re.search(rf'href="([^"]*table=[^"]*as={form})"', page)[1].replace("&amp;", "&")
        assert web.get(url).content.startswith(start)
    drawing = re.search(r'<img src="([^"]*)"', page)[1].replace("&amp;", "&")
    assert b"<svg" in web.get(drawing).content
    assert web.get("/plan?packed=" + where[20:200]).status_code == 422
    import random

    text = "".join(random.Random(1).choices("abcdefghij \n", k=120_000)) + " The A10 has 48 GB of memory."
    assert linked({"text": text})[0][0] == "kept"
    told = web.post("/audit", data={"text": text})
    table = re.search(r'href="([^"]*kept=[^"]*as=csv)"', told.text)[1].replace("&amp;", "&")
    assert b"contradicted" in web.get(table).content or b"Confirmed" in web.get(table).content
    gone = web.get("/audit?kept=0123")
    assert gone.status_code == 404
    assert "send it again" in gone.text


def test_work_of_a_page_tells_how_far_it_is(web):
    heard = web.post("/plan", data={"text": PLAN}, headers={"Accept": "text/event-stream"})
    events = re.findall(r"event: (\w+)\ndata: (.*)\n\n", heard.text)
    stages = [json.loads(data)["stage"] for name, data in events if name == "progress"]
    assert stages[0] == "waiting"
    assert any(stage.startswith("solving for 1 demand") for stage in stages)
    name, data = events[-1]
    assert name == "page"
    assert json.loads(data)["url"].startswith("/plan?text=")
    assert "USD an hour" in json.loads(data)["html"]


def test_a_plan_weighs_cost_against_latency_and_energy(web):
    told = web.post("/api/v1/plan", json={"text": PLAN, "pareto": True}).json()
    assert told["pareto"]["energy"]
    assert "Cost against energy" in web.get("/plan", params={"text": PLAN, "pareto": "true"}).text


@pytest.mark.parametrize("path", ["/", "/gpus/l4", "/api/v1/gpus?limit=2", "/openapi.json", "/api"])
def test_answers_to_other_methods(web, path):
    whole, head = web.get(path), web.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert "max-age" in whole.headers["cache-control"]
    assert web.get(path, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    asked = web.options(path)
    assert asked.status_code == 204
    assert {"GET", "OPTIONS"} <= set(asked.headers["allow"].split(", "))
    assert not any(name.startswith("access-control") for name in asked.headers)
    for method in ("PUT", "DELETE", "PATCH"):
        answer = web.request(method, path)
        assert answer.status_code == 405
        assert "GET" in answer.headers["allow"]
        assert answer.headers["content-type"] == "application/problem+json"


HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}'


@pytest.mark.parametrize(
    "where",
    [
        ("/", "target"), ("/", "gpus"), ("/", "offers"), ("/", "needs"), ("/", "machine"), ("/fit", "gpu"),
        ("/cost", "discount"), ("/own", "price"), ("/judge", "quote"), ("/gpus", "where"), ("/sources", "q"),
        ("/plan", "what_if"), ("/audit", "name"), ("/audit", "text"), ("/audit", "packed"), ("/serve", "slo"),
    ],
)  # fmt: skip
def test_what_is_typed_is_never_run(web, where):
    path, name = where
    asked = {"workload": "resnet50"} if path in ("/", "/fit", "/cost", "/serve") else {}
    asked |= {"gpu": "l4"} if path in ("/fit", "/cost", "/serve", "/own") else {}
    asked |= {"text": "The A10 has 48 GB."} if path == "/audit" else {"text": PLAN} if path == "/plan" else {}
    answer = web.get(path, params={**asked, name: HOSTILE})
    assert answer.status_code < 500
    assert "<img src=x" not in answer.text
    assert "<script>alert" not in answer.text
    assert "49" not in answer.text or "{{7*7}}" in answer.text or path == "/sources"


def test_an_article_is_shown_without_what_it_runs(web):
    article = (
        "<p onclick=alert(1)>The A10 has 48 GB <img src=x onerror=alert(2)> of memory</p>"
        "<script>alert(3)</script>"
        '<a href="javascript:alert(4)">600 GB/s</a><svg onload=alert(5)></svg><iframe src="http://evil"></iframe>'
    )
    page = web.get("/audit", params={"text": article, "form": "html"}).text
    shown = page.partition('<section class="annotated"')[2].partition("</section>")[0]
    assert "48 GB" in shown
    for bad in ("<script", "<img", "<svg", "<iframe", "onclick", "onerror", "javascript:"):
        assert bad not in shown


def test_a_list_has_its_parts(web):
    page = web.get("/gpus?limit=50&vendor=NVIDIA").text
    total = web.get("/api/v1/gpus?limit=1&vendor=NVIDIA").json()["total"]
    assert f"1 to 50 of {total:,}" in page
    after = re.search(r'href="([^"]*)" rel="next"', page)[1].replace("&amp;", "&")
    second = web.get(after).text
    assert f"51 to 100 of {total:,}" in second
    assert 'rel="prev"' in second
    assert 'rel="next"' not in web.get(f"/gpus?limit=1000&vendor=NVIDIA&offset={total - 1}").text
