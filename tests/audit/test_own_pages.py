"""Pages that the program makes itself are right, and nothing in them is accused."""

from __future__ import annotations

import pytest

from tests.comparisons import TODAY
from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.comparison import compare
from whichgpu.report.article import article
from whichgpu.report.markdown import render

PAIRS = [
    ("a10", "a100-80gb-pcie"), ("rtx-4090", "l40s"), ("t4", "l4"), ("rtx-2000-ada", "rx-7900-xtx"),
    ("mi300x", "h200-141gb-sxm"),
]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.thorough(every=3)
def test_nothing_of_a_comparison_is_accused(pair):
    text = render(article(compare(pair, today=TODAY, whole=True)).blocks)
    found = audited(text.encode(), "a.md", catalogue(), TODAY).accusations
    assert [(each.quote, each.because) for each in found] == []
