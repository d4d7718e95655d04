"""Pages to which a text is sent: pasted, or as a file. It is worked on in a bounded process and not kept.

A text that is short enough stands in the address, so that the answer has a link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from whichgpu.report.table import Report
from whichgpu.web import view
from whichgpu.web.blocks import unpacked
from whichgpu.web.gate import Refused
from whichgpu.web.page import draw
from whichgpu.web.problems import misread, told
from whichgpu.web.work import STATUS, finished

if TYPE_CHECKING:
    from whichgpu.web.page import Page

#: Characters of a text that has a link.
_LINKED = 4000


def routes(page: Page) -> APIRouter:
    """The form, its answer on a text in the address, and on one that is sent."""
    router = APIRouter()

    @router.get(page.path, include_in_schema=False)
    async def shown(request: Request) -> Response:
        address = view.Address(page.path, tuple(request.query_params.multi_items()))
        given = {name: value for name, value in address.asked() if value and not name.startswith("find-")}
        if not given:
            return draw(request, page, address, {"text": page.text}, fresh=True)
        return await _answer(request, page, address, given)

    @router.post(page.path, include_in_schema=False)
    async def sent(request: Request) -> Response:
        address = view.Address(page.path, ())
        try:
            given = await _form(request)
        except Refused as fault:
            return draw(request, page, address, {}, fault=told(fault))
        except (MultiPartException, UnicodeDecodeError) as fault:
            return draw(request, page, address, {}, fault=(422, f"the file is no text: {fault}"))
        if "text" in given and len(given["text"]) <= _LINKED and "name" not in given:
            return RedirectResponse(f"{page.path}?{urlencode(given, doseq=True)}", 303)
        return await _answer(request, page, address, given)

    return router


async def _form(request: Request) -> dict[str, Any]:
    """The fields of a form; a file that is uploaded goes before what is pasted. Raises `Refused`."""
    most = request.app.state.settings.upload
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > most:
        raise Refused(413, f"more than {most // 2**20} MiB; name a part of it")
    async with request.form(max_files=1, max_fields=8, max_part_size=most) as form:
        given: dict[str, Any] = {}
        for name, value in form.multi_items():
            if isinstance(value, str) and value:
                given[name] = [*given.get(name, []), value] if name == "what_if" else value
        file = form.get("file")
        if isinstance(file, UploadFile) and file.filename:
            given["text"] = (await file.read()).decode()
            given["name"] = "".join(c for c in file.filename if c.isprintable())[:120]
        return given


async def _answer(request: Request, page: Page, address: view.Address, given: dict[str, Any]) -> Response:
    try:
        ask = page.ask.model_validate(given)
        line = await finished(request, page.task, ask.model_dump())
    except ValidationError as fault:
        return draw(request, page, address, given, fault=(422, misread(fault)))
    except Refused as fault:
        return draw(request, page, address, given, fault=told(fault))
    if "error" in line:
        return draw(request, page, address, given, fault=(STATUS[line["kind"]], line["error"]))
    result: dict[str, Any] = line["result"]
    report = Report(result["data"], unpacked(result["blocks"]), result["exit_code"], result["complaint"])
    if address.value("as"):
        body, kind, _ = view.part(report.blocks, address)
        return Response(body, media_type=kind, headers={"Cache-Control": "no-store"})
    return draw(request, page, address, given, report=report, annotated=result.get("html", ""))
