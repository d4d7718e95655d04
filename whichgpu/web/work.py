"""Long work of a request: waited for, or told of as it goes on; it ends where nobody waits any more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastapi import Response
from fastapi.responses import StreamingResponse

from whichgpu.report.json import dumps
from whichgpu.web.child import lines
from whichgpu.web.gate import Refused
from whichgpu.web.problems import of_fault, problem
from whichgpu.web.resource import client
from whichgpu.web.words import of_query

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from fastapi import Request

    from whichgpu.web.asks import Ask
    from whichgpu.web.gate import Place

STATUS = {"name": 404, "use": 422, "infeasible": 422, "limit": 413}


async def stages(
    request: Request, task: str, ask: dict[str, Any], place: Place | None = None
) -> AsyncGenerator[dict[str, Any], None]:
    """The lines of the work from its place in the queue on, until it ends or nobody waits.

    Raises `Refused` where no `place` is given and there is none.
    """
    state = request.app.state
    place = place or state.gate.place(client(request), heavy=True)
    yield {"stage": "waiting", "seconds": 0.0}
    async with place:
        said = lines(task, ask, state.settings)
        try:
            async for line in said:
                if await request.is_disconnected():
                    break
                yield line
        finally:
            await said.aclose()


async def finished(request: Request, task: str, ask: dict[str, Any]) -> dict[str, Any]:
    """The last line of the work. Raises `Refused`."""
    said = stages(request, task, ask)
    try:
        async for line in said:
            if "stage" not in line:
                return line
    finally:
        await said.aclose()
    return {"error": "nobody waits for the answer", "kind": "use"}


async def once(request: Request, task: str, ask: Ask) -> Response:
    """The document of the work, or its problem."""
    try:
        line = await finished(request, task, ask.model_dump())
    except Refused as fault:
        return of_fault(fault)
    if "error" in line:
        return problem(STATUS[line["kind"]], of_query(line["error"], type(ask).model_fields))
    text = dumps(line["result"]["data"])
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})


def events(request: Request, task: str, ask: Ask) -> Response:
    """The lines of the work as server-sent events: `progress`, then `result` or `problem`."""
    try:
        place = request.app.state.gate.place(client(request), heavy=True)
    except Refused as fault:
        return of_fault(fault)

    async def stream() -> AsyncIterator[str]:
        said = stages(request, task, ask.model_dump(), place)
        try:
            async for line in said:
                yield _told(line, ask)
        finally:
            await said.aclose()

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)


def _told(line: dict[str, Any], ask: Ask) -> str:
    if "stage" in line:
        return event("progress", line)
    if "error" in line:
        detail = of_query(line["error"], type(ask).model_fields)
        return event("problem", {"status": STATUS[line["kind"]], "detail": detail})
    return event("result", line["result"]["data"])


def event(name: str, data: dict[str, Any]) -> str:
    """One server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
