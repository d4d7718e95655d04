"""Long work: an audit of a text, a search of strategies; each also as a stream of events that can be left.

Whoever closes the connection ends the work.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import StreamingResponse

from whichgpu.report.json import dumps
from whichgpu.web import asks
from whichgpu.web.child import lines
from whichgpu.web.gate import Refused
from whichgpu.web.problems import of_fault, problem
from whichgpu.web.resource import Document, client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

router = APIRouter()
_STATUS = {"name": 404, "use": 422, "infeasible": 422, "limit": 413}
_EXAMPLE = {"text": "The A10 has 48 GB of memory.", "form": "markdown"}
_Text = Annotated[asks.Audit, Body(examples=[_EXAMPLE])]


class Findings(Document):
    """Every claim with its verdict; offsets are characters of the text."""

    findings: list[Document]


class Strategies(Document):
    """How many were weighed, and the best."""

    configurations: int
    top: list[Document]


@router.post("/audit", response_model=Findings, name="audit", summary="Check the claims of a text")
async def audit(request: Request, ask: _Text) -> Response:
    """The answer of `whichgpu audit`, worked out in a bounded process."""
    return await once(request, "audit", ask.model_dump())


@router.post("/audit/events", name="audit-events", summary="The same with its progress, as a stream of events")
async def audit_events(request: Request, ask: _Text) -> Response:
    """Events `progress`, then `result` or `problem`."""
    return events(request, "audit", ask.model_dump())


@router.get("/sweep", response_model=Strategies, name="sweep", summary="The best strategies to train on a cluster")
async def sweep(request: Request, ask: Annotated[asks.Sweep, Query()]) -> Response:
    """The answer of `whichgpu sweep`, worked out in a bounded process."""
    return await once(request, "sweep", ask.model_dump())


@router.get("/sweep/events", name="sweep-events", summary="The same with its progress, as a stream of events")
async def sweep_events(request: Request, ask: Annotated[asks.Sweep, Query()]) -> Response:
    """Events `progress`, then `result` or `problem`."""
    return events(request, "sweep", ask.model_dump())


async def finished(request: Request, task: str, ask: dict[str, Any]) -> dict[str, Any]:
    """The last line of the work; it ends where nobody waits any more. Raises `Refused`."""
    state = request.app.state
    async with state.gate.place(client(request), heavy=True):
        said = lines(task, ask, state.settings)
        try:
            async for line in said:
                if "stage" not in line:
                    return line
                if await request.is_disconnected():
                    break
        finally:
            await said.aclose()  # type: ignore[attr-defined]
    return {"error": "nobody waits for the answer", "kind": "use"}


async def once(request: Request, task: str, ask: dict[str, Any]) -> Response:
    """The document of the work, or its problem."""
    try:
        line = await finished(request, task, ask)
    except Refused as fault:
        return of_fault(fault)
    if "error" in line:
        return problem(_STATUS[line["kind"]], line["error"])
    return Response(
        dumps(line["result"]["data"]), media_type="application/json", headers={"Cache-Control": "no-store"}
    )


def events(request: Request, task: str, ask: dict[str, Any]) -> Response:
    """The lines of the work as server-sent events."""
    state = request.app.state
    try:
        place = state.gate.place(client(request), heavy=True)
    except Refused as fault:
        return of_fault(fault)

    async def stream() -> AsyncIterator[str]:
        yield _event("progress", {"stage": "waiting", "seconds": 0.0})
        async with place:
            said = lines(task, ask, state.settings)
            try:
                async for line in said:
                    if await request.is_disconnected():
                        return
                    yield _told(line)
            finally:
                await said.aclose()  # type: ignore[attr-defined]

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)


def _told(line: dict[str, Any]) -> str:
    if "stage" in line:
        return _event("progress", line)
    if "error" in line:
        return _event("problem", {"status": _STATUS[line["kind"]], "detail": line["error"]})
    return _event("result", line["result"]["data"])


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
