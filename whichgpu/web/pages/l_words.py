"""What software runs on a GPU, and what the words mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.web import answers, asks, figures
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


def compat(ask: asks.Compat, name: str) -> Report:
    """The verdicts."""
    made = answers.compat(ask)
    return figures.before(made, figures.runs(made.data))


def words(ask: asks.Ask, name: str) -> Report:
    """One word, or all of them."""
    return answers.explain(name or None)


PAGE = (
    Page(
        "/compat",
        "Software",
        "Which framework, engine and library runs on a GPU, and from which release.",
        asks.Compat,
        compat,
        ("gpu", "framework"),
        ("feature", "precision", "system"),
        order=11,
        api="/compat",
        command="compat {gpu}",
        button="Does it run?",
        examples=(("PyTorch on a V100", "/compat?gpu=v100-32gb-sxm&framework=pytorch"),),
    ),
    Page(
        "/explain",
        "Words",
        "What the words of GPU articles mean, with numbers from the catalogue.",
        asks.Ask,
        words,
        always=True,
        api="/explain",
    ),
    Page(
        "/explain/{name}",
        "Words",
        "",
        asks.Ask,
        words,
        always=True,
        api="/explain/{name}",
        command="explain {name}",
    ),
)
