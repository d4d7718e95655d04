"""The comparisons and the review that tests of pages are of, each made once."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.comparison import compare
from whichgpu.planner.review import review
from whichgpu.report import article
from whichgpu.report import review as reviews
from whichgpu.report.html import page
from whichgpu.report.markdown import render

#: Numbers of a sentence that are of the job, or of a name, and of no cell.
OF_JOBS = re.compile(
    r"; the ratio lies .* confidence|of \d+ tokens|in data parallel, \d GPUs|\b[34][DK]\b", re.IGNORECASE
)
TODAY = date(2026, 11, 20)
PAIRS = {
    "a6000": ("rtx-a6000", "a100-80gb-sxm"),
    "a5000": ("rtx-a5000", "rtx-a4000"),
    "laptop": ("a100-80gb-sxm", "rtx-4090-laptop"),
    "a10": ("a10", "a100-80gb-pcie"),
}
MADE: dict[str, tuple[str, object]] = {}


@lru_cache
def compared(name):
    """A pair as an article has it; nothing that stands in it changes."""
    return compare(PAIRS[name], today=TODAY, whole=True)


@lru_cache
def reviewed(name, *works):
    """The review of a GPU, on its usual work where none is named."""
    return review(catalogue()[name], catalogue(), works, today=TODAY)


def made(name):
    """The blocks and the JSON of one of the articles' subjects, made once."""
    if name not in MADE:
        if name == "review":
            found = reviewed("rtx-a5000")
            MADE[name] = found.title, reviews.article(found, drawn=True)
        else:
            found = compared(name)
            MADE[name] = found.title, article.article(found, drawn=True)
    return MADE[name]


def html(name):
    title, report = made(name)
    return page(title, report.blocks)


def text(name):
    return render(made(name)[1].blocks)
