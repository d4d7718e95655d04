"""`report`: one document that stands by itself, with its sources and the command that makes it again."""

from __future__ import annotations

import html
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.browsing import needs_chromium

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

ARTICLE = "The A10 has 48 GB of memory & <script>alert(1)</script>.\n"
ASKED = {
    "recommend": ["recommend", "stable-diffusion-1.5", "--target", "1000 images/min", "--gpus", "a10,l4"],
    "compare": ["compare", "a10", "l4", "--workload", "resnet50"],
    "audit": ["audit", "article.md"],
    "predict": ["predict", "resnet50", "--gpu", "l4"],
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "article.md").write_text(ARTICLE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", sorted(ASKED))
@pytest.mark.parametrize("ending", ["html", "md"])
def test_a_document_stands_by_itself(name: str, ending: str, whichgpu, here: Path) -> None:
    told = whichgpu("report", *ASKED[name], "--out", f"kept.{ending}")
    assert told.status == 0, told.err
    text = (here / f"kept.{ending}").read_text()
    assert len(text.encode()) < 2_000_000
    assert f"whichgpu {shlex.join(ASKED[name])}" in html.unescape(text)
    if ending == "html":
        assert not re.search(r"<(script|link|iframe|img|object)|@import|url\(", text)
        assert text.count("</main>") == 1
        assert text.index('id="made"') < text.index("</main>")
    assert "read 2026" in text or "rooflines fitted" in text


def test_a_document_says_what_the_command_says(whichgpu, here: Path) -> None:
    whichgpu("report", *ASKED["recommend"], "--out", "kept.md")
    first = whichgpu(*ASKED["recommend"], "--json").json["candidates"][0]
    text = (here / "kept.md").read_text()
    assert first["gpu"] in text
    assert f"{first['usd_per_hour']:,.2f}" in text
    kept = whichgpu("report", *ASKED["recommend"], "--out", "kept.md", "--json").json
    assert kept["answer"]["candidates"][0]["gpu"] == first["gpu"]
    assert kept["bytes"] == len((here / "kept.md").read_bytes())


def test_the_sources_of_findings_are_listed(whichgpu, here: Path) -> None:
    whichgpu("report", *ASKED["audit"], "--out", "kept.html")
    text = (here / "kept.html").read_text()
    assert "<script" not in text
    assert '<ol class="refs"><li>' in text


@pytest.mark.parametrize(
    ("words", "out", "status", "said"),
    [
        (["recomend", "resnet50"], "a.html", 2, "did you mean recommend"),
        (["recommend", "resnet50"], "a.doc", 2, "use a.html"),
        (["recommend", "resnet50"], "a", 2, "no ending"),
        (["recommend", "nonsense"], "a.html", 2, "no workload 'nonsense'"),
        (["recommend", "resnet50", "--bogus", "3"], "a.html", 2, "no such option '--bogus'"),
        (["fit", "llama-2-13b", "--gpu", "a10"], "a.html", 3, "does not fit"),
        (["recommend", "resnet50", "--gpus", "l4"], "no/such/folder/a.html", 2, "cannot be written"),
    ],
)
def test_what_cannot_be_kept_is_said(words, out, status, said, whichgpu, here) -> None:  # noqa: PLR0917
    told = whichgpu("report", *words, "--out", out)
    assert (told.status, said in told.err) == (status, True), told.err


def test_a_document_is_not_too_large(whichgpu, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whichgpu.report.keeping.LARGEST", 1000)
    told = whichgpu("report", *ASKED["predict"], "--out", "a.html")
    assert told.status == 2
    assert "ask for less of it" in told.err
    assert not (here / "a.html").exists()


def test_without_a_browser_there_is_no_pdf(whichgpu, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    told = whichgpu("report", *ASKED["predict"], "--out", "a.pdf")
    assert (told.status, "use a.html" in told.err) == (2, True)


@pytest.mark.slow
@needs_chromium
def test_a_pdf_is_printed(whichgpu, here: Path) -> None:
    told = whichgpu("report", *ASKED["predict"], "--out", "a.pdf")
    assert told.status == 0, told.err
    assert (here / "a.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize(
    "words",
    [
        ["prices", "own", "l4", "--rent", "0.5 USD/h"],
        ["prices", "judge", "2 USD/h for 1x L4"],
        ["workload", "resnet50", "--phase", "train"],
        ["explain", "roofline"],
        ["gpus", "--gpu-file", "mine.toml", "--family", "ampere", "--min", "memory=70 GB"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_other_answers_are_kept_too(whichgpu, here: Path, words: list[str]) -> None:
    (here / "mine.toml").write_text('[gpu.a100-80gb-sxm]\npower = ["123 W", "mine"]\n')
    answer = whichgpu(*words, "--json").json
    for name in ("kept.html", "kept.md"):
        told = whichgpu("report", *words, "--out", name, "--json")
        assert {**told.json["answer"], "schema_version": 1} == answer, told.err
        assert f"whichgpu {shlex.join(words)}" in html.unescape((here / name).read_text())
    if words[0] == "gpus":
        assert "123 W" in (here / "kept.md").read_text()


def test_what_is_no_answer_is_not_kept(whichgpu, here: Path) -> None:
    for words in (["serve"], ["prices", "update"], ["report", "show", "l4"], ["nothing"]):
        told = whichgpu("report", *words, "--out", "kept.md")
        assert told.status == 2
        assert "no report of" in told.err
        assert not (here / "kept.md").exists()
