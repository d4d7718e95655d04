"""Texts that are sent: audits and plans, how far they are, their links however long they are."""

from __future__ import annotations

import base64
import html
import json
import random
import re
from string import ascii_letters
from urllib.parse import parse_qsl

import pytest

pytest.importorskip("fastapi", reason="needs pip install 'whichgpu[web]'")

from starlette.testclient import TestClient

import whichgpu
from whichgpu.web.app import create
from whichgpu.web.sent import asked

pytestmark = pytest.mark.slow

PLAN = """
[plan]
gpus = ["l4", "a10"]
[[demand]]
name = "images"
workload = "resnet50"
rate = "9000 images/s"
"""


@pytest.mark.thorough
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
    stages = [json.loads(told).get("stage", "") for _, told in events]
    assert any(re.fullmatch(r"judging 1 passage: [a-z ]+, \d+ of \d+", stage) for stage in stages)
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


def noise(size):
    """Text that does not pack well, the same each time."""
    return "".join(random.Random(1).choices(f"{ascii_letters}    \n", k=size))


def carried(page):
    """The fields of the form that carries a text, as a browser sends them."""
    form = re.search(r'<form id="again"(.*?)</form>', page, re.DOTALL)[1]
    return dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form))


def button(page, action):
    """Where the button is whose address holds `action`."""
    found = re.search(rf'form="again" formaction="([^"]*{action}[^"]*)"', page)[1]
    return html.unescape(found).partition("#")[0]


def test_a_long_text_is_in_its_link_and_in_one_form_of_its_page(web):
    notes = "".join(f"# line {n}: {n * 7919 % 10007}\n" for n in range(600))
    sent = web.post("/plan", data={"text": notes + PLAN}, follow_redirects=False)
    where = sent.headers["location"]
    assert where.startswith("/plan?packed=")
    page = web.get(where).text
    assert len(page) < 60_000 + 4 * len(where) + sum(map(len, re.findall(r"data:image[^\"]*", page)))
    for form, start in (("csv", b"Instances"), ("json", b"{")):
        got = web.post(button(page, f"as={form}"), data=carried(page))
        assert got.content.startswith(start)
        assert got.headers["content-disposition"].startswith("attachment")
    drawing = re.search(r'<img src="data:image/svg\+xml;base64,([^"]*)"', page)[1]
    assert b"<svg" in base64.b64decode(drawing)
    assert b"<svg" in web.post(button(page, "as=svg"), data=carried(page)).content
    assert web.get("/plan?packed=" + where[20:200]).status_code == 422


@pytest.mark.thorough
def test_a_text_behind_the_hash_is_answered_by_any_server(web):
    text = f"The A10 has 48 GB of memory. The L4 has 24 GB of memory.\n\n{noise(60_000)}"
    page = web.post("/audit", data={"text": text}).text
    path, _, behind = html.unescape(re.search(r'href="([^"]*)">Link to this answer', page)[1]).partition("#")
    assert path == "/audit"
    with TestClient(create()) as other:
        again = other.post(path, data=dict(parse_qsl(behind))).text
        assert again.partition("<main")[2] == page.partition("<main")[2]
        ordered = other.post(
            button(again, "sort="), data={**carried(again), "find-score-card": "memory"}
        ).text
        assert "find-score-card=memory#packed=" in ordered
        assert ordered.count("<tbody>") == again.count("<tbody>")
        kept = other.post("/audit?as=html", data=carried(again)).text
        assert ">48 GB<" in kept
        assert "whichgpu audit article.md" in kept


def test_what_no_link_can_hold_is_said():
    given = {"text": noise(2_000_000), "form": "text"}
    assert asked("/audit", given, [("sort", "score-card.1")]).whole() == ""
    given["text"] = noise(200_000)
    assert (
        asked("/audit", given, [("sort", "score-card.1")])
        .whole()
        .startswith("/audit?sort=score-card.1#packed=")
    )


def test_a_plan_that_is_kept_holds_its_file(web):
    kept = web.get("/plan", params={"text": PLAN, "pareto": "true", "as": "html"})
    assert kept.headers["content-disposition"] == 'attachment; filename="plan.html"'
    said = html.unescape(re.search(r"<pre[^>]*><code>(.*?)</code>", kept.text, re.DOTALL)[1])
    assert said == f"cat > plan.toml <<'END'\n{PLAN.strip()}\nEND\nwhichgpu plan plan.toml --pareto"


def test_work_of_a_page_tells_how_far_it_is(web):
    heard = web.post(
        "/plan", data={"text": f"{PLAN}# not asked before\n"}, headers={"Accept": "text/event-stream"}
    )
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
