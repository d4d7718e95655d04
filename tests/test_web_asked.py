"""Pages of what is asked in words, and of what is asked wrongly."""

from __future__ import annotations

import html
import re

import pytest

pytest.importorskip("fastapi", reason="needs pip install 'whichgpu[web]'")

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("/gpus/h200", "/gpus/h200-141gb-sxm"),
        ("/prices/4090ti", "/prices/rtx-4090"),
        ("/workloads/lama-3.1-8b", "/workloads/llama-3.1-8b"),
        ("/explain/tensr%20core", "/explain/tensor%20core"),
        ("/compare/l4-vs-h200?workload=resnet50", "?workload=resnet50&amp;gpu=l4%2C+h200-141gb-sxm"),
    ],
)
def test_a_name_in_an_address_that_is_none_is_mended_by_a_link(web, path, leads):
    answer = web.get(path)
    assert answer.status_code == 404
    assert leads in re.search(r'role="alert">(.*)</p>', answer.text)[1]


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
        ("/?workload=llama-3.1-8b&users=many", "users"),
        ("/spot?gpu=a10&hours=40&saving=soon", "saving"),
        ("/spot?gpu=a10&hours=24/7", "hours"),
        ("/?workload=resnet50&latency=over+2+s", "latency"),
        ("/?workload=resnet50&min_memory=under+20+GB", "min_memory"),
        ("/judge?quote=cheap", "quote"),
        ("/judge?quote=2+h100s+at+4+usd+an+hour", "quote"),
        ("/serve?workload=llama-3.1-8b&gpu=8x+h100", "gpu"),
        ("/diagnose?workload=resnet50+at+300+images/s", "workload"),
        ("/diagnose?workload=resnet50&gpu=a10&measured=fast", "measured"),
        ("/fit?workload=resnet50&batch=none", "batch"),
    ],
)
def test_a_fault_stands_at_its_field(web, path, field):
    text = web.get(path).text
    assert f'id="e-{field}"' in text
    marked = re.findall(r'id="f-(\w+)"[^>]* aria-invalid="true"', text)
    assert marked == [field]
    assert text.index('role="alert"') > 0


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/?workload=llama-3.1-8b&users=many", "Users: &#39;many&#39; is no number; write e.g. 200"),
        ("/own?gpu=a10&hours_per_day=all", "Hours a day: &#39;all&#39; is no number; write e.g. 8"),
        ("/spot?gpu=a10&hours=3+GB", "Hours of work: &#39;3 GB&#39; is not a time"),
    ],
)
def test_a_fault_calls_its_field_as_the_form_does(web, path, said):
    assert said in web.get(path).text


@pytest.mark.thorough
def test_a_sentence_of_a_measured_run_is_judged(web):
    """A figure on a card whose name leaves its form open; what it was read as leads to fields of the same."""
    said = {"workload": "my P100 trains resnet50 at 90 images/s in fp32, batch 64"}
    assert '<a href="/diagnose"><strong>Is it normal?</strong>' in web.get("/").text
    told = web.get("/api/v1/diagnose", params=said).json()
    text = html.unescape(web.get("/diagnose", params=said).text)
    assert told["verdict"] == "slow"
    assert '<p class="big">Slow <span>90 images/s, resnet50 train on p100-' in text
    read = re.search(r'href="([^"]+)">Read as: resnet50, GPU p100-[\w-]+, Measured 90 images/s, Batch', text)
    assert read
    fields = web.get(read[1])
    assert fields.status_code == 200
    assert f"<dd>{told['ratio']:.2f}</dd>" in fields.text


@pytest.mark.parametrize(
    ("question", "page", "told"),
    [
        ("Will Qwen 2.5 7B fit on my RTX 4090 in 4 bit, for one user?", "Will it fit?", "It fits"),
        ("resnet50 trains at 850 images/s on my RTX A5000: is it normal?", "Is it normal?", "Normal"),
        ("How many L40S do I need for 500 images per minute of SDXL?", "Which GPU?", "instances"),
        ("how fast is YOLOv8s on a T4, batch 16", "How fast?", "images/s"),
        ("Compare 4090 and 5090 for BERT-large", "Compare", "5090"),
        ("Is 16.8 USD/h for 8x H100 SXM a good price?", "Judge a quote", "2.10"),
        ("used RTX A6000 for 3200 dollars: good?", "Judge a quote", "<dt>USD to buy one</dt><dd>3,200</dd>"),
        ("Is 18 it/s normal for SDXL on a 4090?", "Is it normal?", "Impossible"),
        ("Is $3.50 per hour for an H200 a bargain?", "Judge a quote", "h200-141gb-sxm"),
        ("does vLLM 0.6 work on my GTX 1080?", "Software", "It does not run"),
        ("GTX 1660 or RTX 3050 for YOLOv8n?", "Compare", "images/s"),
        ("what does an RTX 4090 cost to rent or buy?", "Rent or buy?", "USD an hour of use, owned"),
    ],
)
def test_a_whole_question_leads_to_the_pages_that_answer_it(web, question, page, told):
    text = web.get("/", params={"workload": question}).text
    url, title = re.search(r'<ul class="doors"><li><a href="([^"]+)"><strong>(.*?)</strong>', text).groups()
    assert title == page
    assert "aria-invalid" not in text
    answer = web.get(html.unescape(url))
    assert answer.status_code == 200
    assert told in re.search(r'class="figures".*?</section>', answer.text, re.DOTALL)[0]


def test_what_is_no_question_is_told_as_before(web):
    for text in ("lama 3.1", "no such model at all"):
        page = web.get("/", params={"workload": text}).text
        assert "whole question" not in page.partition('role="alert"')[2]
        assert 'id="e-workload"' in page


def test_what_runs_on_a_maker_is_taken(web):
    """A model whose usual runtime is not for the GPU is answered under one that is."""
    answer = web.get("/predict?workload=stable-diffusion-1.5&gpu=tpu-v5e")
    assert answer.status_code == 200
    assert 'class="figures"' in answer.text
    assert 'role="alert"' not in answer.text


@pytest.mark.parametrize(
    ("question", "plain", "worded"),
    [
        ("spot?gpu=a100-80gb-sxm&hours=", "72", "3 days"),
        ("own?gpu=rtx-4090&hours_per_day=", "3", "3 hours a day"),
        ("spot?gpu=a100-80gb-sxm&hours=", "336", "2 weeks"),
        ("spot?gpu=a100-80gb-sxm&hours=", "168", "a week"),
        ("own?gpu=rtx-4090&hours_per_day=", "24", "24/7"),
        ("recommend?workload=llama-3.1-8b&gpus=l4&users=", "1200", "1,200 users"),
        ("recommend?workload=llama-3.1-8b&gpus=l4&users=", "20", "20 people at once"),
        ("recommend?workload=resnet50&gpus=l4,t4&budget=", "2 USD/h", "under $2 an hour"),
        ("recommend?workload=resnet50&gpus=l4,t4&min_memory=", "20 GB", "at least 20 GB of VRAM"),
        ("compare?workload=none&gpu=", "l4,t4,a10", "l4 vs T4 and A10"),
        ("compare?workload=none&gpu=", "l4,t4,l4:50%", "L4/T4; l4:1/2"),
        ("compare?workload=none&gpu=", "rtx-a6000,rtx-6000-ada", "A6000/6000 Ada"),
        ("recommend?workload=whisper-small&gpus=l4&hours_of_audio=", "100000", "100,000 hours"),
        ("predict?workload=llama-3.1-8b&gpu=l4&input_tokens=", "2000", "2k tokens"),
        ("predict?workload=resnet50&gpu=", "rtx-3090:2", "2 3090s"),
    ],
)
def test_a_number_may_say_what_it_counts(web, question, plain, worded):
    one, other = (web.get(f"/api/v1/{question}{value}") for value in (plain, worded))
    assert one.status_code == 200
    assert one.json() == other.json()
