"""A resource of `/api/v1/`: its path, what may be asked of it, and the report that answers.

A file of `whichgpu/web/api/` holds `RESOURCES`, a tuple of these; `routes` makes them.
"""

from __future__ import annotations

from importlib import import_module
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from whichgpu.errors import WhichGpuError
from whichgpu.report.json import dumps
from whichgpu.values import NamedTuple
from whichgpu.web.gate import Gate, Refused
from whichgpu.web.problems import TYPE, of_fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from whichgpu.report.table import Report
    from whichgpu.web.asks import Ask

ROOT = "/api/v1"
#: How long an answer holds for whoever keeps it, in s.
CACHED = "public, max-age=300"


class Document(BaseModel):
    """Any answer: the keys that are certain; there are more, and more may come."""

    model_config = ConfigDict(extra="allow")
    schema_version: int = Field(
        1, description="Raised when a key is renamed, removed or changes its meaning."
    )


class Problem(BaseModel):
    """A fault (RFC 9457)."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    detail: str = Field(description="What is wrong, both values, and what to write instead.")


class Resource(NamedTuple):
    """One route; `answer` gets the name in the path, where there is one, and the question."""

    path: str
    ask: type[Ask]
    answer: Callable[..., Report]
    example: dict[str, Any]
    shape: type[Document] = Document
    heavy: bool = False
    name: str = ""
    name_example: str = ""


def routes() -> APIRouter:
    """Every resource of the files in `api/`, and the routers that some of them bring."""
    router = APIRouter(prefix=ROOT)
    for file in sorted((Path(__file__).parent / "api").glob("[!_]*.py")):
        module = import_module(f"whichgpu.web.api.{file.stem}")
        for one in getattr(module, "RESOURCES", ()):
            _add(router, one, file.stem)
        if hasattr(module, "router"):
            router.include_router(module.router, tags=[file.stem])
    return router


FAULTS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": words, "content": {TYPE: {}}}
    for status, words in (
        (404, "A name that is nothing's, with the nearest"),
        (422, "Cannot be answered, and why"),
        (429, "Asked too often"),
        (503, "Busy"),
    )
}


def _add(router: APIRouter, one: Resource, tag: str) -> None:
    async def route(request: Request, **given: Any) -> Response:
        named = [given[one.name]] if one.name else []
        ask = given["ask"]
        return await answered(request, ask, lambda: one.answer(*named, ask), heavy=one.heavy)

    # FastAPI reads what a route takes from its signature.
    keyword = Parameter.KEYWORD_ONLY
    taken = [
        Parameter("request", keyword, annotation=Request),
        Parameter("ask", keyword, annotation=Annotated[one.ask, Query()]),
    ]
    if one.name:
        place = Annotated[str, InPath(max_length=120, examples=[one.name_example])]
        taken.append(Parameter(one.name, keyword, annotation=place))
    route.__signature__ = Signature(taken)  # type: ignore[attr-defined]
    doc = (one.answer.__doc__ or "").strip()
    router.add_api_route(
        one.path,
        route,
        methods=["GET"],
        name=one.path.strip("/").replace("/", "-"),
        tags=[tag],
        summary=doc.partition(".\n")[0].rstrip("."),
        description=doc,
        response_model=one.shape,
        responses={200: {"content": {"application/json": {"example": one.example}}}, **FAULTS},
    )


async def answered(request: Request, ask: Ask, work: Callable[[], Report], *, heavy: bool) -> Response:
    """The document of a report, or the problem; what does not fit is an answer as well."""
    gate: Gate = request.app.state.gate
    try:
        text = await gate.run(client(request), lambda: dumps(work().data), heavy=heavy)
    except (WhichGpuError, Refused) as fault:
        return of_fault(fault, ask)
    headers = {"Cache-Control": CACHED, **_links(request, text)}
    return Response(text, media_type="application/json", headers=headers)


def client(request: Request) -> str:
    """Who asks."""
    return request.client.host if request.client else ""


def _links(request: Request, text: str) -> dict[str, str]:
    """Where the part of a list before and after this one is."""
    if '"offset":' not in text:
        return {}
    import json

    told = json.loads(text)
    total, offset, limit = (told.get(name) for name in ("total", "offset", "limit"))
    if not isinstance(offset, int) or not isinstance(limit, int) or not isinstance(total, int):
        return {}
    links = []
    if offset + limit < total:
        links.append((request.url.include_query_params(offset=offset + limit), "next"))
    if offset > 0:
        links.append((request.url.include_query_params(offset=max(offset - limit, 0)), "prev"))
    if not links:
        return {}
    return {"Link": ", ".join(f'<{url.path}?{url.query}>; rel="{rel}"' for url, rel in links)}
