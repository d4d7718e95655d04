"""The pages: what they show, tables and charts by themselves, sentences as links."""

from __future__ import annotations

import html
import re
import shlex

import pytest

pytest.importorskip("fastapi", reason="needs pip install 'whichgpu[web]'")

from whichgpu.report.json import dumps
from whichgpu.units import number, show
from whichgpu.web import arranging, asks

pytestmark = pytest.mark.slow


def table(web, path, at, **more):
    """A table of a page, as its JSON download has it."""
    text = web.get(path).text
    url = re.findall(r'href="([^"]*table=[^"]*as=json[^"]*)"', text)[at].replace("&amp;", "&")
    told = web.get(url).json()
    return [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]


def test_pages_show_what_the_api_says(web):
    path = "workload=stable-diffusion-1.5&target=1000+images/min"
    told = web.get(f"/api/v1/recommend?{path}").json()
    rows = table(web, f"/?{path}", 0)
    for shown, candidate in zip(rows, told["candidates"], strict=False):
        assert shown["GPU"] == candidate["gpu"]
        assert shown["Instances"] == f"{candidate['instances']:,}"
        assert shown["USD/h"] == f"{candidate['usd_per_hour']:,.2f}"
    prices = table(web, f"/?{path}", 2)
    assert prices[0]["Provider"] == told["candidates"][0]["offer"]["provider"]


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


def test_a_list_sorts_and_filters_whole(web):
    text = web.get("/gpus?sort=gpus.-2").text
    first = re.search(r'<tbody>\s*<tr><th scope="row"[^>]*><a href="/gpus/([^"]+)', text)[1]
    most = web.get("/api/v1/gpus?order=bandwidth&limit=1").json()["gpus"][0]["fields"]["bandwidth"]
    assert web.get(f"/api/v1/gpus/{first}").json()["fields"]["bandwidth"]["value"] == most["value"]
    assert "gtx-280" in web.get("/gpus?find-gpus=gtx-280").text
    assert {one["id"] for one in web.get("/api/v1/gpus?q=RTX+4090").json()["gpus"]} >= {
        "rtx-4090",
        "rtx-4090-laptop",
    }
    assert "/gpus/rtx-4090" in web.get("/gpus?q=rtx4090").text


def glance(web, path):
    """The figures that an answer begins with, by what they are of; the first is the answer."""
    text = html.unescape(web.get(path).text)
    big = re.search(r'class="big">(?:<a [^>]*>)?([^<]+)', text)[1]
    return {"": big.strip(), **{dt: dd for dt, dd in re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", text)}}


@pytest.mark.thorough
def test_a_page_begins_with_the_figures_that_decide(web):
    gpu = web.get("/api/v1/gpus/l4").json()["fields"]
    seen = glance(web, "/gpus/l4")
    assert (seen["memory bandwidth"], seen["board power"]) == (gpu["bandwidth"]["text"], gpu["power"]["text"])
    offers = web.get("/api/v1/prices/l4").json()["offers"]
    least = min(one["usd_per_gpu_hour"] for one in offers if one["kind"] == "on_demand")
    assert f"{least:,.2f}" in [
        text for title, text in seen.items() if title.startswith("USD an hour on demand")
    ]
    assert glance(web, "/prices/l4")[""] == f"{least:,.2f} USD an hour"
    two = web.get("/api/v1/compare?gpu=l4,t4&workload=resnet50").json()["workloads"][0]["results"]
    seen = glance(web, "/compare/l4-vs-t4?workload=resnet50")
    for gpu, name in (("l4", "L4"), ("t4", "T4")):
        assert seen[f"images/s, {name}"] == number(two[gpu]["throughput_per_gpu"]["mid"], 3)
    model = web.get("/api/v1/workloads/resnet50").json()
    assert (
        glance(web, "/workloads/resnet50")[""] == f"{number(model['parameters'] / 1e6, 3)} million parameters"
    )
    fold = web.get("/api/v1/scoreboard").json()["folds"]["gpu"]
    assert glance(web, "/accuracy")[""] == f"{fold['mape']:.0f} % off"


def test_of_what_an_answer_is_stands_at_its_figures(web):
    path = "/fit?workload=llama-3.3-70b&gpu=rtx-3090:2&precision=w4a16"
    assert "llama-3.3-70b on 2 x rtx-3090" in web.get(path).text
    seen = glance(web, "/compare/rtx-4060-vs-h100-80gb-sxm?workload=flux.1-dev")
    assert seen["RTX 4060"] == "does not fit"
    seen = glance(web, "/compare/rtx-4060-vs-gaudi2?workload=fft-3d")
    assert seen["Gaudi 2"] == "gaudi2 has no FP64 peak"
    seen = glance(web, "/compare/rtx-4060-vs-t4?workload=flux.1-dev")
    assert (seen[""], seen["RTX 4060"], seen["T4"]) == (
        "None of them runs it",
        "does not fit",
        "does not fit",
    )
    verdict = web.get("/api/v1/compat?gpu=gtx-1080-ti&framework=pytorch").json()["gpus"][0]["verdicts"][0]
    seen = glance(web, "/compat?gpu=gtx-1080-ti&framework=pytorch")
    assert seen[""] == "It runs, with limits"
    assert seen["releases that run"] == f"{verdict['from']} to {verdict['to']}"


@pytest.mark.slow
@pytest.mark.thorough
def test_a_load_within_objectives_stands_on_its_curve(web):
    asked = "workload=qwen2.5-7b&gpu=l4&slo=ttft+p95+2+s,+tpot+p99+70+ms"
    (row,), seen = web.get(f"/api/v1/curve?{asked}").json()["loads"], glance(web, f"/serve?{asked}")
    assert seen["to the first token, p95"] == show(row["ttft"]["p95"], "time", 3)
    assert seen["a token after that, p99"] == show(row["tpot"]["p99"], "time", 3)
    told = web.get(f"/serve?{asked}&chart=time-against-load&as=csv").text
    assert "ttft p95, at most 2 s" in told
    assert f"{number(row['request_rate'], 3)} requests/s" in told


@pytest.mark.parametrize(
    "path",
    ["/serve?workload=gpt2&gpu=gaudi3&output_tokens=16",
     "/serve?workload=gpt2&gpu=rtx-4060-laptop&output_tokens=1",
     "/predict?workload=gpt2&gpu=gaudi3", "/fit?workload=gpt2&gpu=gaudi3", "/gpus/gaudi3"],
)  # fmt: skip
@pytest.mark.thorough(every=3)
def test_a_gpu_without_a_price_has_its_pages(web, path):
    answer = web.get(path)
    assert answer.status_code == 200, answer.text
    assert "None" not in glance(web, path).values()


@pytest.mark.parametrize("more", ["", "&slo=latency+p99+20+ms", "&slo=latency+p99+1+us"])
@pytest.mark.thorough(every=3)
def test_what_is_made_in_batches_has_its_figures_too(web, more):
    asked = f"workload=resnet50&gpu=t4{more}"
    told, seen = web.get(f"/api/v1/curve?{asked}"), web.get(f"/serve?{asked}")
    assert seen.status_code == told.status_code
    if told.status_code == 200:
        most = max(told.json()["batches"], key=lambda one: one["throughput"]["mid"])
        held = (told.json()["slo"] or {}).get("request_rate")
        answer = glance(web, f"/serve?{asked}")[""]
        assert answer == (f"{number(held, 3)} requests/s" if held
                          else f"{number(most['throughput']['mid'], 3)} images/s")  # fmt: skip


def test_compared_gpus_can_be_changed_where_they_are(web):
    page = web.get("/compare/l4-vs-t4").text
    assert re.search(r'id="f-gpu" name="gpu" value="l4, t4"', page)
    there = web.get("/compare/l4-vs-t4?gpu=l4,a10&workload=resnet50", follow_redirects=False)
    assert there.headers["location"] == "/compare/l4-vs-a10?workload=resnet50"


def test_a_discount_that_is_assumed_is_not_the_cheapest_way(web):
    path = "/cost?workload=sdxl&gpu=a10g&target=60+images/min"
    ways = web.get(f"/api/v1{path}").json()["ways"]
    assert ways[0]["assumed"]
    real = next(way for way in ways if not way["assumed"])
    assert glance(web, path)["USD a month"] == f"{real['usd_per_month']:,.2f}"


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


def test_a_comparison_of_usual_work_says_so_to_programs(web):
    """What the page shows where no workload is stated is in its JSON, and in what its command answers."""
    path = "/compare/l4-vs-t4"
    text = html.unescape(web.get(path).text)
    assert "whichgpu compare l4 t4 --workload usual" in text
    (where,) = set(re.findall(r'href="(/api/v1/compare[^"]+)"', text))
    results = web.get(where).json()["workloads"][0]["results"]
    seen = glance(web, path)
    for gpu, name in (("l4", "L4"), ("t4", "T4")):
        assert seen[f"images/s, {name}"] == number(results[gpu]["throughput_per_gpu"]["mid"], 3)


def test_a_comparison_has_one_address(web):
    asked = web.get("/compare?gpu=A100 80GB PCIe,A10&workload=resnet50", follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (
        303,
        "/compare/a100-80gb-pcie-vs-a10?workload=resnet50",
    )
    assert web.get("/compare/A10-vs-L4", follow_redirects=False).headers["location"] == "/compare/a10-vs-l4"


def test_a_part_of_a_gpu_has_its_pages(web):
    """A slice and a share are compared, and shown, as in a terminal; of a share the address is in percent."""
    compared = web.get("/compare?gpu=A100 80GB SXM:mig-3g.40gb,l4:1/2", follow_redirects=False)
    where = "/compare/a100-80gb-sxm:mig-3g.40gb-vs-l4:50%25"
    assert (compared.status_code, compared.headers["location"]) == (303, where)
    page = web.get(where, follow_redirects=False)
    assert page.status_code == 200
    assert "L4 1/2 share" in page.text
    document = web.get("/api/v1/gpus/l4:50%25").json()
    assert document["id"] == "l4:1/2"
    shown = web.get("/gpus/l4:50%25").text
    assert document["fields"]["bandwidth"]["text"] in shown
    assert 'href="/prices/l4"' in shown, "a part has no prices of its own"
    assert "&#39;l4:2&#39; is 2 GPUs" in web.get("/compare?gpu=l4:2,a10").text


def test_a_part_without_fp16_is_told_by_what_it_computes_in(web):
    document, page = web.get("/api/v1/gpus/tpu-v5e").json(), web.get("/gpus/tpu-v5e").text
    figures = page[page.index('class="figures') : page.index("</dl>")]
    assert "fp16" not in document["fields"]
    assert document["fields"]["bf16"]["text"].partition(" (")[0] in figures
    assert "The bends are at FP32 7.45, BF16 241 operations" in page
    assert "Measured on it: 1 published result<" in page


def test_a_price_that_moves(web):
    path = "/?workload=resnet50&target=1000+images/s"
    first = web.get("/api/v1/recommend?" + path.partition("?")[2]).json()["candidates"][0]["gpu"]
    moved = web.get(f"{path}&change=400").text
    ranked = moved.partition('id="if-prices-moved')[2].partition("</table>")[0]
    assert f"{first} +400 %" in ranked
    assert re.search(r'<th scope="row" class="right">1</th><td[^>]*><a[^>]*>([^<]+)', ranked)[1] != first


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
    assert "--" not in words("write it: --gpu anything, --gpu l4")
    assert words('write e.g. --precision "w8a16"') == "write e.g. Precision w8a16"
    assert words("see what is: whichgpu prices") == 'see what is: <a href="/prices">Prices</a>'
    assert words("type whichgpu prices own l4") == "type whichgpu prices own l4"
    offers = words("see: whichgpu prices h100-80gb-sxm --term spot")
    assert offers == 'see: <a href="/prices/h100-80gb-sxm?term=spot">Prices of h100-80gb-sxm</a>'
    fault = "no GPU 'a11'; did you mean a10, a16?"
    mended = words.instead(fault, "gpu", "l4, a11")
    assert 'gpu=l4%2C+a16">a16</a>?' in mended
    several = "'h100' may be h100-80gb-sxm (usual), h100-94gb-nvl (low); say which"
    mended = words.instead(several, "gpu", "2 H100s and 8x h100s")
    assert 'gpu=2+h100-94gb-nvl+and+8x+h100-94gb-nvl">h100-94gb-nvl (low)</a>; say which' in mended
    mended = words.instead("no GPU 'x'; did you mean mixtral (46,703 M) or mixtral-2 (1 M)?", "gpu", "x")
    assert mended.count("<a ") == 2
    assert 'gpu=mixtral">mixtral (46,703 M)</a>' in mended
    mended = words.instead("no GPU 'x'; 'x' is no model; name one, e.g. l4, t4", "gpu", "x")
    assert mended.endswith('gpu=t4">t4</a>')
    mended = words.instead("no phase 'x'; use one of infer, train", "phase", "x")
    assert mended.endswith('phase=train">train</a>')
    mended = words.instead("'600' has no unit; write e.g. \"600 W\"", "gpu", "600")
    assert 'gpu=600+W">600 W</a>' in mended
    apart = "'train x' is no model, but what is done with one; write \"x\" --tp 4 (or 2)"
    mended = words.instead(apart, "workload", "train x")
    assert 'workload=x&amp;tp=4">x, Tensor parallel 4</a> (or 2)' in mended
    assert "<a " not in words("--workload llama-2-13b fits, as it is")
    assert "<script>" not in words.instead("no GPU '<script>'; did you mean <script>?", "gpu", "<script>")


def test_no_cell_is_a_formula_to_a_spreadsheet():
    from whichgpu.web.parts import _harmless

    for text in ("=1+1", "@sum", "+cmd|' /C calc'!A0", "-2+3+cmd|'x'!A0", "\t=1"):
        assert _harmless(text) == f"'{text}"
    for text in ("-3.5 %", "-", "- 4 GB", "+1,234.5", "1-2"):
        assert _harmless(text) == text


def test_a_list_has_its_parts(web):
    page = web.get("/gpus?limit=50&vendor=NVIDIA").text
    total = web.get("/api/v1/gpus?limit=1&vendor=NVIDIA").json()["total"]
    assert f"1 to 50 of {total:,}" in page
    after = re.search(r'href="([^"]*)" rel="next"', page)[1].replace("&amp;", "&")
    second = web.get(after).text
    assert f"51 to 100 of {total:,}" in second
    assert 'rel="prev"' in second
    assert 'rel="next"' not in web.get(f"/gpus?limit=1000&vendor=NVIDIA&offset={total - 1}").text


def test_a_list_has_a_command_where_there_is_one(web, whichgpu):
    query = "vendor=AMD&segment=laptop&order=bandwidth&min=memory%3D12+GB"
    page = html.unescape(web.get(f"/gpus?{query}").text)
    command = shlex.split(re.search(r"In a terminal: <code>(.*?)</code>", page)[1])
    assert whichgpu(*command[1:], "--json").json["gpus"] == web.get(f"/api/v1/gpus?{query}").json()["gpus"]
    for path in ("/gpus?q=4090", "/workloads?q=llama", "/sources?q=nvidia"):
        assert "In a terminal" not in web.get(path).text


@pytest.mark.parametrize(
    "path",
    [
        "/?workload=mistral-7b&target=900+tokens/s&gpus=l4,a30&needs=ecc&framework=pytorch+2.8",
        "/fit?workload=llama-2-13b&workload=mistral-7b&gpu=a10&option=kv_precision%3Dfp8&together=true",
        "/compare/l4-vs-t4?workload=resnet50&workload=none",
        "/workloads/gpt2?phase=train&batch=4&gpus=l4,t4",
        "/serve?workload=gpt2&gpu=t4&against=concurrency&usd_per_gpu_hour=0.5",
        "/cost?workload=resnet50&gpu=l4&phase=train&epochs=3&discount=1y+30+%25&hours_per_day=12",
        "/spot?gpu=h100-80gb-sxm&hours=100.5&gpus=8",
        "/judge?quote=2.20+USD%2Fh+for+8x+H100+SXM",
        "/compat?gpu=rtx-2080-ti&framework=vllm&system=windows",
        "/explain/roofline",
        "/diagnose?workload=resnet50+trains+at+300+images/s+on+my+RTX+A5000&batch=128",
    ],
)
@pytest.mark.thorough(every=2)
def test_a_page_has_its_answer_for_programs_and_terminals(web, whichgpu, path):
    page = web.get(path).text
    programs = html.unescape(re.search(r'href="(/api/[^"]*)">as JSON', page)[1])
    command = shlex.split(html.unescape(re.search(r"In a terminal: <code>(.*?)</code>", page)[1]))
    assert command[0] == "whichgpu"
    assert whichgpu(*command[1:], "--json").json == web.get(programs).json()
    kept = web.get(f"{path}&as=html" if "?" in path else f"{path}?as=html")
    assert kept.headers["content-disposition"].startswith("attachment")
    assert shlex.join(command) in html.unescape(kept.text)
    assert not re.search(r"<(script|link|iframe|img|object)|@import|url\(", kept.text)


def test_a_page_that_is_kept_brings_its_price_list(web):
    rows = "provider,gpu,gpu_count,usd_per_hour\nacme,a10,1,0.01"
    kept = web.get("/", params={"workload": "resnet50", "target": "9 images/s", "offers": rows, "as": "html"})
    said = html.unescape(kept.text)
    assert f"cat > offers.csv <<'END'\n{rows}\nEND\nwhichgpu recommend resnet50" in said
    assert "--offers offers.csv" in said


@pytest.mark.parametrize("more", ["", "&slo=ttft+p90+1+s,+tpot+40+ms", "&rate=2+req/s"])
@pytest.mark.thorough(every=3)
def test_the_load_of_a_server_stands_first(web, more):
    query = f"workload=llama-3.1-8b&gpu=l40s&output_tokens=16{more}"
    told = web.get(f"/api/v1/curve?{query}").json()
    knee = told["loads"][(told["knee"] or {"load": 0})["load"]]
    rate = told.get("slo", knee)["request_rate"]
    page = web.get(f"/serve?{query}").text
    first = page.partition('class="figures"')[2].partition("</section>")[0]
    assert f"{number(rate, 3)} requests/s" in first
    assert ("within the objectives" in first) == ("slo" in told)


@pytest.mark.parametrize(
    ("path", "leads"),
    [("/gpus", "/gpus/"), ("/workloads", "/workloads/"), ("/prices", "/prices/"), ("/explain", "/explain/")],
)
def test_what_is_listed_leads_to_its_page(web, path, leads):
    links = re.findall(rf'<th scope="row"[^>]*><a href="({leads}[^"]*)">', web.get(path).text)
    assert len(links) > 20
    for link in (links[0], links[-1]):
        assert web.get(link).status_code == 200


def test_what_is_stated_is_seen_and_the_rest_folded(web):
    page = web.get("/?workload=resnet50&target=100+images/s&max_power=150+W&min_memory=20+GB").text
    seen, _, folded = page.partition("<summary>More about it")
    assert "<details open" not in page.partition("</form>")[0]
    for name in ("max_power", "min_memory"):
        assert f'id="f-{name}"' in seen
        assert f'id="f-{name}"' not in folded
    assert 'id="f-slo"' in folded
    wrong = web.get("/?workload=resnet50&max_power=much").text
    assert 'id="e-max_power"' in wrong.partition("<summary>More about it")[0]
