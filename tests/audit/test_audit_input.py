"""Strange, broken and foreign input."""

from __future__ import annotations

from datetime import date

import corpus
import pytest

import whichgpu as package
from whichgpu.audit.answer import audited
from whichgpu.audit.pipeline import audit
from whichgpu.audit.readers import LARGEST, read
from whichgpu.hardware.catalogue import catalogue

pytestmark = pytest.mark.slow

STRANGE = {
    "brackets": b"[a](" * 60_000, "numbers": b"1,000," * 40_000, "names": b"A100 " * 50_000,
    "products": b"8 x 8 x 8 " * 25_000, "nested": b"<div>" * 30_000 + b"The A100" + b"</div>" * 30_000,
    "pipes": b"|" * 250_000, "hashes": b"#" * 250_000, "rtl": "ذاكرة A100 هي 80 GB. ".encode() * 500,
    "wide": b"x" + b"|A100" * 500 + b"\n---" + b"|---" * 500 + b"\nMemory" + b"|80 GB" * 500,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(STRANGE))
@pytest.mark.thorough(every=3)
def test_strange_text_is_read_to_its_end(name):
    """How long it takes: `benchmarks/audit.py`."""
    found = audited(STRANGE[name], "a.html" if name == "nested" else "a.md", catalogue(), corpus.TODAY)
    assert not found.accusations


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "nothing in it"), (b"\0" * 99, "binary"), (b"x" * (LARGEST + 1), "MiB"),
     (b"%PDF-1.7", "pdftotext"), (b"<html><body><p><a " + b"<a " * 5000, "do not end")],
)  # fmt: skip
def test_what_is_no_article_is_refused(content, says):
    with pytest.raises(package.UsageError, match=says):
        read(content, "a.html" if b"<html" in content else "")


@pytest.mark.parametrize(
    "text",
    [
        "The A10 has 112.345.678 GB/s of bandwidth and 12.345.678 CUDA cores.",
        "At $0 an hour, or $5 per day, the A10 is 0 times as fast.",
        "| GPU | per hour | per day |\n|-|-|-|\n| A10 | 1 058,50 € | 25 404,00 € |\n| L4 | 1 € | 24 € |",
    ],
)
def test_odd_numbers_end_no_audit(text):
    assert audited(text.encode(), "x.md", catalogue(), corpus.TODAY).score


def test_sentences_of_scripts_without_capitals_end():
    arabic = "ذاكرة A100 هي 80 GB. ذاكرة A10 هي 40 GB. "
    found = audited((arabic * 20).encode(), "x.md", catalogue(), corpus.TODAY)
    assert {each.stated for each in found.findings if each.verdict == "confirmed"} == {"80 GB"}


def test_encodings_are_read():
    for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252"):
        found = audited("Die A10 – 24 GB of GDDR6.".encode(encoding), "", catalogue(), corpus.TODAY)
        assert any(each.quote == "GDDR6" for each in found.findings)


def test_marks_of_direction_are_text():
    """Right-to-left pages have one beside every name."""
    text = "\u200fذاكرة \u200eA100\u200f \u200e80 GB\u200f. \u200eThe A10 has 24 GB.\u200f " * 9
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert any(each.quote == "24 GB" for each in found.findings)


def test_scripts_and_menus_are_not_read():
    (case,) = [case for case in corpus.own() if case.name == "saved.html"]
    assert not {"9,999", "99 GB", "1 GB"} & {each.stated for each in case.audit().findings}


@pytest.mark.parametrize(
    "text",
    [
        "The A100 is two half more than the A30, and three fifth faster.",
        "It makes 0 frames an hour and 240 a day.",
        "Zero cards at $0 each for 0 hours make $0, so 12 of them 0.",
        "$0 became $100, 50 % more; $20 fell to $0, 0 % less.",
        "| GPUs | ResNet-50 images/s |\n|---|---|\n| 1 | 400 |\n| 2 | 780 |\n",
        "| Model | A100 tok/s |\n|---|---|\n| Llama 0B | 400 |\n",
        "Llama 0B in FP16 needs 0 GB; 0 billion parameters of 2 bytes are 14 GB, a 0B model of 16 bits 0 GB.",
        "The A100 with 0 GB at $0 is $0 per GB, eight make 0 GB, and a node of 0 GPUs draws 0 W.",
        "| Servers | Power |\n|---|---|\n| 0x A100 | 400 W |\n| 8x A100 | 3,200 W |\n\n8x is 8 times 0x.",
    ],
)
def test_noughts_and_odd_parts_end_no_audit(text):
    assert not audited(text.encode(), "a.md", catalogue(), date(2026, 11, 26)).document.unread


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("whichgpu.audit.claims.capability.find", "capability"),
        ("whichgpu.audit.clauses.formulas", "clauses"),
        ("whichgpu.audit.statements.reading.beside", "statements"),
    ],
)
def test_a_fault_in_one_kind_leaves_the_others(monkeypatch, part, name):
    def broken(*_):
        raise ZeroDivisionError("float division by zero")

    monkeypatch.setattr(part, broken)
    found = audited(b"The A10 has 48 GB.", "a.md", catalogue(), corpus.TODAY)
    (fault,) = found.document.unread
    assert f"'{name}'" in fault
    assert "ZeroDivisionError: float division by zero" in fault
    assert [each.quote for each in found.accusations] == ["48 GB"]
    with pytest.raises(ZeroDivisionError):
        audit(read(b"The A10 has 48 GB.", "a.md", ""), catalogue(), corpus.TODAY)


@pytest.mark.parametrize(
    ("top", "written"),
    [
        ("Jun 2, 2016", "2016-06-02"),
        ("Published on May 20, 2026 \u2022 14 min read", "2026-05-20"),
        ("March 3, 2026 by the lab", "2026-03-03"),
        ("Release date\nJune 2, 2016", ""),
        ("The card came on June 2, 2016, to our lab", ""),
    ],
)
def test_the_day_of_a_page_stands_on_a_line_of_its_own_at_its_top(top, written):
    text = f"Which card for us\n\n{top}\n\nThe A10 has 24 GB.\n"
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert found.document.written == written
