"""Every output, the interface in Python, and the examples of the page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import corpus
import pytest

import whichgpu as package
from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue
from whichgpu.report.audit_page import page

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"
EXAMPLES = (
    b"# Verdicts\n\nThe A10 has 24 GB of GDDR6. The A100 80GB SXM4 has 1,935 GB/s of memory bandwidth. "
    b"Together 8 x 80 GB = 512 GB. The A100 is twice as fast as the A10.\n"
)


@pytest.fixture
def article(tmp_path):
    path = tmp_path / "a.md"
    path.write_bytes(EXAMPLES)
    return path


def test_json_is_the_contract(whichgpu, article):
    answer = whichgpu("audit", str(article), "--json")
    wanted = {
        "start",
        "end",
        "quote",
        "subject",
        "attribute",
        "stated",
        "verdict",
        "expected",
        "because",
        "source",
    }
    assert answer.status == 0
    assert all(wanted <= set(each) for each in answer.json["findings"])
    assert answer.json["documents"][0]["score"]["contradicted"] == 1


def test_fail_on_is_for_ci(whichgpu, article):
    answer = whichgpu("audit", str(article), "--fail-on", "contradicted")
    assert answer.status == 4
    assert "a.md:3" in answer.err
    assert whichgpu("audit", str(article), "--fail-on", "outdated").status == 0


def test_other_forms(whichgpu, article):
    page = whichgpu("audit", str(article), "--format", "html").out
    assert '<mark class="contradicted"' in page
    assert not re.search(r"(?:src|href)=|<script", page)
    assert "+" in whichgpu("audit", str(article), "--format", "diff").out
    sarif = json.loads(whichgpu("audit", str(article), "--format", "sarif").out)
    assert sarif["version"] == "2.1.0"
    region = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region["startLine"] == 3
    assert "Score card" in whichgpu("audit", str(article), "--format", "md").out


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_a_diff_says_how_the_file_ends(end):
    wrong = b"The A10 has 24 GB.\nThe A100 80GB SXM4 has 1,935 GB/s." + end.encode()
    *_, last = package.audit(wrong).diff().splitlines()
    assert last == {
        "": "\\ No newline at end of file", "\n": "+The A100 80GB SXM4 has 2,039 GB/s.", "\n\n": " "
    }[end]  # fmt: skip


def test_the_api(article):
    found = package.audit(str(article))
    assert found.score["confirmed"] >= 2
    assert "2,039 GB/s" in found.diff()
    assert "contradicted" in str(found)
    assert package.audit(EXAMPLES).findings == found.findings


def test_no_table_makes_the_page_wider_than_a_phone():
    """Its column may be narrower than what is in it: a wide table is moved by itself, a long word broken."""
    wide = b"| GPU | " + b"X" * 300 + b" |\n|---|---|\n| A10 | 24 GB |\n"
    text = page([audited(wide, "a.md", catalogue(), corpus.TODAY)])
    columns = re.findall(r"grid-template-columns:([^;}]+)", text)
    assert len(columns) == 2
    # Each share of a grid is the second value of a `minmax`, whose first is 0.
    assert not [each for each in columns if "fr" in re.sub(r"minmax\(0,\dfr\)", "", each)]
    assert '<div class="wide"><table>' in text
    assert ".wide{overflow-x:auto}" in text
    assert "overflow-wrap:anywhere" in text


def shown() -> str:
    """The examples of docs/audit.md as they come out."""
    found = audited(EXAMPLES, "example.md", catalogue(), corpus.TODAY)
    lines = [f"{each.verdict:13} {each.stated!r}: {each.because}" for each in found.findings]
    return "<!-- audit:begin -->\n```text\n" + "\n".join(lines) + "\n```\n<!-- audit:end -->"


def test_the_examples_of_the_page_are_current():
    assert shown() in PAGE.read_text(encoding="utf-8"), "run: python tests/audit/test_audit_output.py"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(
        re.sub(r"<!-- audit:begin -->.*<!-- audit:end -->", lambda _: shown(), text, flags=re.DOTALL),
        encoding="utf-8",
    )
