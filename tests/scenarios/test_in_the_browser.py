"""Each scenario as somebody answers it who has only a browser: the form is filled, and the page is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("fastapi", reason="needs pip install 'whichgpu[web]'")
pytest.importorskip("playwright", reason="needs playwright")

import httpx

from tests.browsing import needs_chromium, opened, served

from .questions import Question, asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = [pytest.mark.slow, needs_chromium]


def _one_each() -> list[Question]:
    """Of each scenario the question with the most to fill in."""
    longest: dict[int, Question] = {}
    for one in asked():
        if one.number and len(one.fields()) >= len(longest.get(one.number, one).fields()):
            longest[one.number] = one
    return [longest[number] for number in sorted(longest)]


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with served() as server:
        yield server.base


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with opened() as browser:
        shown = browser.new_page(viewport={"width": 1100, "height": 800})
        # Drawings take long, and are looked at elsewhere.
        shown.route(re.compile("as=svg"), lambda route: route.abort())
        yield shown


@pytest.mark.parametrize("question", _one_each(), ids=lambda one: f"{one.number}")
def test_a_person_answers_it(base: str, page: Page, question: Question) -> None:
    path, resource, _ = question.door
    page.goto(f"{base}{path}")
    for name, value in question.fields():
        _fill(page, name, value.strip())
    page.locator("form.ask button").first.click()
    page.wait_for_selector("#answer > *, [role=alert]", timeout=60_000)
    told = httpx.get(f"{base}/api/v1/{resource}", params=question.fields(), timeout=60)
    document = told.json()
    if told.status_code != 200:
        assert document["detail"][:40].lower() in _text(page, "[role=alert]").lower()
        return
    _READ[resource](page, document)


def _fill(page: Page, name: str, value: str) -> None:
    """Put a value under the label that the form has for it, in its folded part where that is its place."""
    label = page.locator(f"label[for=f-{name}]").text_content() or ""
    field = page.locator("form.ask").get_by_label(label.strip(), exact=True)
    assert field.count() == 1, f"the form has no one place for {name}, {label}"
    if not field.is_visible():
        page.locator("form.ask summary").click()
    if field.evaluate("one => one.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)


def _text(page: Page, selector: str) -> str:
    return page.locator(selector).first.inner_text()


def _figures(page: Page) -> tuple[str, dict[str, str]]:
    """The answer at a glance: what it is, and its figures by name."""
    pairs = page.locator(".figures dl div").all()
    named = {one.locator("dt").inner_text(): one.locator("dd").inner_text() for one in pairs}
    return _text(page, ".figures .big"), named


def _recommended(page: Page, document: dict[str, Any]) -> None:
    if not document["candidates"]:
        assert document["infeasible"] or document["conflict"]
        assert page.locator("[role=alert]").count() == 1
        return
    first = document["candidates"][0]
    answer, named = _figures(page)
    assert answer.startswith(first["gpu"])
    assert (named.get("instances") or named["instance"]) == f"{first['instances']:,}"
    if first["usd_per_hour"] is not None:
        assert named["USD an hour"] == f"{first['usd_per_hour']:,.2f}"
    if first.get("usd_total") is not None:
        assert named["USD in all"] == f"{first['usd_total']:,.2f}"
    row = page.locator("table").first.locator("tbody tr").first.inner_text()
    assert first["gpu"] in row


def _fits(page: Page, document: dict[str, Any]) -> None:
    answer, named = _figures(page)
    assert answer.startswith("It fits" if document["fits"] else "It does not fit")
    gib = float(named["needed on each GPU"].removesuffix(" GiB"))
    assert gib == pytest.approx(document["required"] / 2**30, rel=0.01)


def _predicted(page: Page, document: dict[str, Any]) -> None:
    if not document.get("value"):
        assert "fit" in _text(page, "[role=alert]")
        return
    answer, _ = _figures(page)
    assert float(answer.split()[0].replace(",", "")) == pytest.approx(document["value"]["mid"], rel=0.01)


def _runs(page: Page, document: dict[str, Any]) -> None:
    (verdict,) = document["gpus"][0]["verdicts"]
    assert verdict["answer"] in _text(page, "#answer").lower()


def _billed(page: Page, document: dict[str, Any]) -> None:
    answer, named = _figures(page)
    # What is only assumed is no price that anybody asks.
    first = next(way for way in document["ways"] if not way["assumed"].endswith("assumed"))
    assert answer.lower().startswith(first["kind"].replace("_", " "))
    assert named["USD a month"] == f"{first['usd_per_month']:,.2f}"
    assert (named.get("machines") or named["machine"]) == f"{document['machines']:,}"


def _owned(page: Page, document: dict[str, Any]) -> None:
    answer, named = _figures(page)
    assert answer.startswith("Buy" if document["own"] < document["rent"] else "Rent")
    assert named["USD an hour of use, owned"] == f"{document['own']:,.2f}"
    assert named["USD an hour, rented"] == f"{document['rent']:,.2f}"


def _interrupted(page: Page, document: dict[str, Any]) -> None:
    answer, named = _figures(page)
    spot, steady = document["spot"][0]["usd"], min(row["usd"] for row in document["on_demand"])
    assert answer.startswith("Spot" if spot < steady else "On demand")
    assert named["USD on demand"] == f"{steady:,.2f}"


def _judged(page: Page, document: dict[str, Any]) -> None:
    answer, named = _figures(page)
    assert answer.lower().startswith(document["verdict"])
    assert named["of providers ask less"] == f"{document['cheaper']:.0%}"


_READ = {
    "recommend": _recommended, "fit": _fits, "predict": _predicted, "compat": _runs, "cost": _billed,
    "own": _owned, "spot": _interrupted, "judge": _judged,
}  # fmt: skip
