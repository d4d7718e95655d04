"""Long work: an audit, a plan, a search of strategies; each also as a stream of events that can be left.

Whoever closes the connection ends the work.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response

from whichgpu.web import asks
from whichgpu.web.resource import FAULTS, Document
from whichgpu.web.work import events, once

router = APIRouter(responses=FAULTS)
_EXAMPLE = {"text": "The A10 has 48 GB of memory.", "form": "markdown"}
_Text = Annotated[asks.Audit, Body(examples=[_EXAMPLE])]


class Findings(Document):
    """Every claim with its verdict; offsets are characters of the text."""

    findings: list[Document]


class Strategies(Document):
    """How many were weighed, and the best."""

    configurations: int
    top: list[Document]


_FOUND = {"start": 12, "end": 17, "quote": "48 GB", "subject": "a10", "attribute": "memory",
          "stated": "48 GB", "verdict": "contradicted", "expected": "24 GB"}  # fmt: skip


def _answer(example: dict[str, Any]) -> dict[int | str, Any]:
    """What a good answer looks like, for the description."""
    return {200: {"content": {"application/json": {"example": example}}}}


@router.post("/audit", response_model=Findings, name="audit", summary="Check the claims of a text",
             responses=_answer({"findings": [_FOUND]}))  # fmt: skip
async def audit(request: Request, ask: _Text) -> Response:
    """The answer of `whichgpu audit`, worked out in a bounded process."""
    return await once(request, "audit", ask)


@router.post(
    "/audit/events", name="audit-events", summary="The same with its progress, as a stream of events"
)
async def audit_events(request: Request, ask: _Text) -> Response:
    """Events `progress`, then `result` or `problem`."""
    return events(request, "audit", ask)


@router.get("/sweep", response_model=Strategies, name="sweep",
            summary="The best strategies to train on a cluster",
            responses=_answer({"configurations": 5210, "top": [{"tp": 2, "pp": 1}]}))  # fmt: skip
async def sweep(request: Request, ask: Annotated[asks.Sweep, Query()]) -> Response:
    """The answer of `whichgpu sweep`, worked out in a bounded process."""
    return await once(request, "sweep", ask)


@router.get("/sweep/events", name="sweep-events", summary="The same with its progress, as a stream of events")
async def sweep_events(request: Request, ask: Annotated[asks.Sweep, Query()]) -> Response:
    """Events `progress`, then `result` or `problem`."""
    return events(request, "sweep", ask)


_PLAN = {"text": '[[demand]]\nname = "images"\nworkload = "stable-diffusion-1.5"\nrate = "1000 images/min"\n'}
_Toml = Annotated[asks.Plan, Body(examples=[_PLAN])]


class Fleet(Document):
    """How many of what, which hours, and what it costs."""

    picks: list[Document]


@router.post("/plan", response_model=Fleet, name="plan",
             summary="The cheapest mixed fleet for several demands",
             responses=_answer({"picks": [{"option": "lambda A10", "instances": 3}], "usd_per_hour": 2.25,
                                "status": "optimal"}))  # fmt: skip
async def plan(request: Request, ask: _Toml) -> Response:
    """The answer of `whichgpu plan` on a TOML text, which may name no files."""
    return await once(request, "plan", ask)


@router.post("/plan/events", name="plan-events", summary="The same with its progress, as a stream of events")
async def plan_events(request: Request, ask: _Toml) -> Response:
    """Events `progress`, then `result` or `problem`."""
    return events(request, "plan", ask)
