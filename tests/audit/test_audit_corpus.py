"""The labelled documents, the known articles, and what a changed figure changes."""

from __future__ import annotations

import corpus
import perturbations
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def own():
    return corpus.score(corpus.own())


def test_own_documents_keep_the_bar(own):
    assert len(corpus.own()) >= 15
    assert own.precision >= 0.95, own.lines
    assert own.recall >= 0.75, own.lines
    assert own.specifications >= 0.95, own.lines


def test_clean_documents_are_not_accused():
    for case in corpus.own():
        if case.name.startswith("clean"):
            assert not case.audit().accusations


@pytest.mark.skipif(not corpus.ARTICLES.exists(), reason="the known articles are not here")
def test_known_articles_keep_the_bar():
    scores = corpus.score(corpus.articles())
    assert scores.precision >= 0.95, scores.lines
    assert scores.recall >= 0.80, scores.lines
    assert scores.specifications >= 0.95, scores.lines


@pytest.mark.parametrize("case", corpus.own(), ids=lambda case: case.name)
@pytest.mark.thorough(every=3)
def test_places_quote_the_file(case):
    found = case.audit()
    for each in found.findings:
        assert found.document.original[each.start : each.end] == each.quote
    ends = [each.end for each in found.findings]
    assert all(each.start >= end for each, end in zip(found.findings[1:], ends, strict=False))


@pytest.mark.parametrize(
    ("right", "wrong", "stated"),
    [
        ("The A10 has 600 GB/s of bandwidth.", "The A10 has 700 GB/s of bandwidth.", "700 GB/s"),
        ("The A10 has 600 GB/s of bandwidth.", "The A10 has 600 GiB/s of bandwidth.", "600 GiB/s"),
        ("The A100 80GB PCIe has 1,935 GB/s of bandwidth.", "The A100 80GB SXM4 has 1,935 GB/s of bandwidth.",
         "1,935 GB/s"),
        ("The L4 supports FP8.", "The T4 supports FP8.", "supports FP8"),
        ("The A10 is based on Ampere.", "The A10 is based on Hopper.", "Hopper"),
    ],
)  # fmt: skip
def test_a_perturbation_changes_its_verdict_and_no_other(right, wrong, stated):
    rest = " The A6000 has 48 GB of GDDR6 memory."
    before, after = corpus.verdicts(right + rest), corpus.verdicts(wrong + rest)
    assert set(before.values()) == {"confirmed"}
    assert after.pop(stated) == "contradicted"
    assert set(after.values()) == {"confirmed"}


@pytest.mark.slow
@pytest.mark.parametrize("case", corpus.own() + corpus.articles(), ids=lambda case: case.name)
@pytest.mark.thorough(every=8)
def test_one_figure_changed_changes_no_verdict_on_another_line(case):
    for each in perturbations.changed(case, 2):
        assert not each.elsewhere, each


@pytest.mark.thorough
def test_most_figures_that_are_changed_are_accused():
    cases = [
        case for case in corpus.own() if case.name in ("cheat_sheet.txt", "clean_page.html", "showdown.md")
    ]
    found = [each for case in cases for each in perturbations.changed(case, 8)]
    assert len(found) == 24
    assert sum(each.noticed for each in found) >= 0.9 * len(found)


def test_most_figures_in_another_unit_are_accused():
    cases = [
        case for case in corpus.own() if case.name in ("showdown.md", "clean_page.html", "buyers_guide.md")
    ]
    found = [each for case in cases for each in perturbations.in_another_unit(case, 6)]
    assert len(found) >= 15
    assert sum(each.noticed for each in found) >= 0.85 * len(found), found


def test_figures_that_are_put_right_are_accused_no_more():
    cases = [
        case for case in corpus.own() if case.name in ("table.md", "german.md", "hopper.md", "laptop.txt")
    ]
    found = [each for case in cases for each in perturbations.corrected(case, 3)]
    assert len(found) >= 8
    assert all(each.noticed and not each.elsewhere for each in found), found


@pytest.mark.skipif(not corpus.ARTICLES.exists(), reason="the known articles are not here")
def test_corrected_articles_are_right_where_they_were_corrected():
    for case in corpus.articles():
        found = case.audit()
        again = audited(found.corrected().encode(), case.name, catalogue(), corpus.TODAY)
        kinds = ("specification", "capability")
        left = [each for each in again.accusations if each.kind in kinds]
        assert len(left) < max(1, len([each for each in found.accusations if each.kind in kinds])), left
