"""The REST API: its surface, its answers, lists, problems, ETags, methods, streams of events."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi", reason="needs pip install 'whichgpu[web]'")

import whichgpu

pytestmark = pytest.mark.slow

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
    [
        "global_batch",
        "gpus",
        "scaling",
        "system",
        "tokens",
        "top",
        "usd_per_gpu_hour",
        "within",
        "workload",
        *JOB,
    ]
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
        [*LIST, "family", "max", "min", "needs", "order", "q", "reverse", "segment", "vendor", "where"]
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
        "gpus",
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
    "get /api/v1/diagnose": sorted(["gpu", "measured", "workload", *JOB]),
    "get /api/v1/explain": [],
    "get /api/v1/explain/{term}": ["term"],
    "get /api/v1/fit": sorted(["gpu", "together", "workload", *JOB]),
    "get /api/v1/predict": sorted(["explain", "gpu", "grid", "pue", "workload", *SIZE, *JOB]),
    "get /api/v1/prices": sorted([*LIST, "provider", "term"]),
    "get /api/v1/prices/{gpu}": sorted([*LIST, "gpu", "gpus", "hours", "provider", "term"]),
    "get /api/v1/prices/{gpu}/history": ["gpu"],
    "get /api/v1/recommend": sorted(
        [
            "budget",
            "gpus",
            "latency",
            "limit",
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
            assert route["summary"]


@pytest.mark.thorough
def test_examples_are_answered_in_their_shape(web):
    """What a program finds in the description can be asked, and has what the example of its answer has."""
    for path, methods in web.get("/openapi.json").json()["paths"].items():
        for method, route in methods.items():
            if path.endswith("/events"):
                continue
            given = {one["name"]: (one.get("examples") or one["schema"]["examples"])[0]
                     for one in route.get("parameters", ()) if one["required"]}  # fmt: skip
            sent = None
            if "requestBody" in route:
                (sent,) = route["requestBody"]["content"]["application/json"]["schema"]["examples"]
            asked = {name: one for name, one in given.items() if f"{{{name}}}" not in path}
            told = web.request(method, path.format(**given), params=asked, json=sent)
            assert told.status_code == 200, (path, told.text)
            example = route["responses"]["200"]["content"]["application/json"]["example"]
            assert set(example) <= set(told.json()), path


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
        ("predict?workload=resnet50&gpu=a10&batch=abc", 422, "'abc' is no whole number"),
        ("predict?workload=resnet50&gpu=a10&bacth=3", 422, "did you mean batch?"),
        ("prices?gpu=a10", 422, "one gpu is at /api/v1/prices/{gpu}"),
        ("explain?term=tf32", 422, "one term is at /api/v1/explain/{term}"),
        ("sweep?workload=llama-3.1-8b&gpus=l4:8&golbal_batch=8", 422, "did you mean global_batch?"),
        ("compare?gpu=a10", 422, "1 given; write at least 2"),
        ("fit", 422, "is not stated; write e.g. llama-2-13b"),
        ("recommend?workload=resnet50&deadline=tomorrow", 422, "Add its size: epochs=90"),
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


def test_a_price_list_of_ones_own(web):
    rows = "provider,gpu,gpu_count,usd_per_hour\nacme,a10,1,0.01\nacme,l4,1,9"
    asked = {"workload": "resnet50", "target": "100 images/s", "offers": rows}
    told = web.get("/api/v1/recommend", params=asked).json()
    assert [one["gpu"] for one in told["candidates"]] == ["a10", "l4"]
    assert told["candidates"][0]["offer"]["provider"] == "acme"
    best = web.get("/api/v1/recommend", params={**asked, "limit": 1}).json()
    assert best["candidates"] == told["candidates"][:1]
    rows += "\nacme,nonsense,1,2"
    wrong = web.get("/api/v1/recommend", params={**asked, "offers": rows})
    assert wrong.status_code == 422
    assert "line 4" in wrong.json()["detail"]


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


def test_a_prediction_of_a_size_tells_what_it_takes(web):
    found = web.get("/api/v1/predict?workload=resnet50&gpu=a30&phase=train&epochs=90&samples=imagenet").json()
    assert found["in_all"]["size"]["units"] == 90 * 1_281_167
    assert (
        "In all, 90 epochs of"
        in web.get("/predict?workload=resnet50&gpu=a30&phase=train&epochs=90&samples=imagenet").text
    )
