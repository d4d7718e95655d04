"""The application: pages, `/api/v1/`, the site's own files. `create()` makes it; nothing is kept on disk."""

from __future__ import annotations

import logging
from collections import OrderedDict
from contextlib import asynccontextmanager
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser

from whichgpu import __version__
from whichgpu.web import page, resource, sent
from whichgpu.web.front import Front
from whichgpu.web.gate import Gate
from whichgpu.web.problems import misread, problem
from whichgpu.web.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_HERE = Path(__file__).parent
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
#: Reports that are kept for their charts and tables.
_REPORTS = 48
_log = logging.getLogger("whichgpu.web")


class Reports:
    """The last reports that pages showed."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Any, Any] = OrderedDict()

    def get(self, key: Any) -> Any:
        """What is kept; None where nothing is."""
        return self._kept.get(key)

    def put(self, key: Any, report: Any) -> None:
        """Keep one more, and let the oldest go."""
        self._kept[key] = report
        while len(self._kept) > _REPORTS:
            self._kept.popitem(last=False)


def create(settings: Settings | None = None) -> Front:
    """The whole application, with what stands before it."""
    settings = settings or Settings()
    return Front(made(settings), settings)


def made(settings: Settings) -> FastAPI:
    """The routes, without the front."""
    # Uploads are limited before they are read, and stay in memory: no file is written.
    MultiPartParser.spool_max_size = settings.upload + 2**16
    app = FastAPI(
        title="whichgpu", version=__version__, docs_url=None, redoc_url=None, openapi_url=None,
        lifespan=_ready,
        summary="Which GPU, how many, from whom, at what price, for this workload - with the evidence.",
        description="The answers of the command line. Numbers are SI; an interval is low, mid, high, unit. A "
                    "fault is problem+json. New keys may come; none goes within a schema_version.",
    )  # fmt: skip
    app.state.settings, app.state.gate, app.state.reports = settings, Gate(settings), Reports()
    app.state.static, app.state.templates = static_names(), templates()
    app.state.pages = sorted((one for one in page.pages() if one.order), key=lambda one: one.order)
    app.state.tabs = page.together(page.pages())
    app.include_router(resource.routes())
    for one in page.pages():
        if one.task:
            app.include_router(sent.routes(one))
        elif one.answer is not None:
            app.add_api_route(one.path, page.handler(one), methods=["GET"], include_in_schema=False)
    app.add_api_route("/static/{name}", _static, methods=["GET"], include_in_schema=False)
    app.add_api_route("/names/{kind}", _names, methods=["GET"], include_in_schema=False)
    app.add_api_route("/healthz", _alive, methods=["GET"], include_in_schema=False)
    app.add_api_route("/openapi.json", _openapi, methods=["GET"], include_in_schema=False)
    app.add_api_route("/api", _overview, methods=["GET"], include_in_schema=False)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _failed)
    return app


@asynccontextmanager
async def _ready(app: FastAPI) -> AsyncIterator[None]:
    """Read what every answer needs before the first question comes."""
    from anyio import to_thread

    from whichgpu import api
    from whichgpu.planner import sweeps

    sweeps.keep(app.state.settings.sweeps)
    await to_thread.run_sync(lambda: api.recommend("resnet50", target="100 images/s", gpus=["l4"]))
    yield


def templates() -> Environment:
    """The templates; every value is escaped."""
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip


@cache
def static_files() -> dict[str, tuple[bytes, str]]:
    """The site's own files, by a name that changes with what is in them."""
    found = {}
    for file in sorted((_HERE / "static").iterdir()):
        if file.suffix in _KINDS:
            body = file.read_bytes()
            mark = blake2b(body, digest_size=5).hexdigest()
            found[f"{file.stem}.{mark}{file.suffix}"] = body, _KINDS[file.suffix]
    return found


@cache
def static_names() -> dict[str, str]:
    """The address of each of them by its plain name; of the browser's own charts too."""
    named = {f"{name.split('.')[0]}.{name.split('.')[-1]}": f"/static/{name}" for name in static_files()}
    return {**named, "vega.js": f"/static/vega.{__version__}.js"}


async def _static(name: str) -> Response:
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    if name == static_names()["vega.js"].rpartition("/")[2]:
        from anyio import to_thread

        from whichgpu.web.charts import bundle

        return Response(await to_thread.run_sync(bundle), media_type="text/javascript", headers=headers)
    body, kind = static_files().get(name, (b"", ""))
    if not kind:
        raise HTTPException(404, "no such file")
    return Response(body, media_type=kind, headers=headers)


async def _alive() -> Response:
    return Response("well\n", media_type="text/plain", headers={"Cache-Control": "no-store"})


async def _openapi(request: Request) -> Response:
    """What programs may ask, as OpenAPI."""
    import json

    text = json.dumps(request.app.openapi(), ensure_ascii=False)
    return Response(text, media_type="application/json", headers={"Cache-Control": resource.CACHED})


async def _overview(request: Request) -> Response:
    """The routes for programs, as a page."""
    document = request.app.openapi()
    rows = [
        {"method": method.upper(), "path": path, "summary": one.get("summary", "").split("`"),
         "fields": [each["name"] for each in one.get("parameters", ())]}
        for path, methods in document["paths"].items() for method, one in methods.items()
    ]  # fmt: skip
    text = request.app.state.templates.get_template("api.html").render(
        rows=rows, static=request.app.state.static, pages=request.app.state.pages, title="For programs"
    )
    return Response(text, media_type="text/html", headers={"Cache-Control": "public, max-age=60"})


def _for_programs(request: Request) -> bool:
    return request.url.path.startswith(resource.ROOT)


async def _misread(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)
    text = misread(fault.errors(), _fields(request))
    paths = request.app.openapi()["paths"]
    for name in (str(one["loc"][-1]) for one in fault.errors() if one["type"] == "extra_forbidden"):
        if (path := f"{request.url.path}/{{{name}}}") in paths:
            text += f"; one {name} is at {path}"
    return problem(422, text)


def _fields(request: Request) -> dict[str, Any]:
    """What may be stated of a resource, in its address or in what is sent."""
    from fastapi.routing import APIRoute

    route = request.scope.get("route")
    dependant = route.dependant if isinstance(route, APIRoute) else None
    models = [*dependant.query_params, *dependant.body_params] if dependant else []
    kinds = [one.field_info.annotation for one in models]
    return {name: field for kind in kinds for name, field in getattr(kind, "model_fields", {}).items()}


async def _refused(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    said = {404: f"nothing is at {request.url.path[:200]}", 405: f"{request.method} is not answered here"}
    text = said.get(fault.status_code, str(fault.detail))
    headers = dict(fault.headers or {})
    if request.method == "OPTIONS" and fault.status_code == 405 and "Allow" in headers:
        # What may be asked, and no word to pages of elsewhere: no Access-Control header.
        allowed = sorted({*headers["Allow"].split(", "), "OPTIONS"})
        return Response(status_code=204, headers={"Allow": ", ".join(allowed)})
    if _for_programs(request) or request.method not in ("GET", "HEAD"):
        answer = problem(fault.status_code, text)
        answer.headers.update(headers)
        return answer
    return _page_of(request, fault.status_code, text)


async def _failed(request: Request, fault: Exception) -> Response:
    _log.error("%s %s: %s: %s", request.method, request.url.path, type(fault).__name__, fault)
    text = f"an error within whichgpu ({type(fault).__name__}); report it with the address of this page"
    return problem(500, text) if _for_programs(request) else _page_of(request, 500, text)


def _page_of(request: Request, status: int, text: str) -> Response:
    state = request.app.state
    body = state.templates.get_template("fault.html").render(
        status=status, text=text, static=state.static, pages=state.pages, title="Not here"
    )
    return Response(body, status, media_type="text/html", headers={"Cache-Control": "no-store"})


async def _names(kind: str) -> Response:
    """Every name of a kind, for a field that offers them."""
    import json

    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.workloads.workload import workloads

    if kind not in ("gpus", "workloads"):
        raise HTTPException(404, "no such names")
    known = catalogue() if kind == "gpus" else workloads()
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(json.dumps(sorted(known)), media_type="application/json", headers=headers)
