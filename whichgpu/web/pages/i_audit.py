"""Audit: paste or upload a text, and read it with its claims marked.

A text that is short enough stands in the address, so that the answer has a link; a longer one is sent and
not kept.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.formparsers import MultiPartException
from starlette.datastructures import FormData, UploadFile

from whichgpu.report.table import Report, Table
from whichgpu.web import asks, view
from whichgpu.web.api.audit import finished
from whichgpu.web.gate import Refused
from whichgpu.web.page import Page, draw
from whichgpu.web.problems import misread, told

#: Characters of a text that has a link.
_LINKED = 4000
_STATUS = {"name": 404, "use": 422, "infeasible": 422, "limit": 413}
router = APIRouter()
PAGE = Page(
    "/audit", "Audit", "Paste an article: every claim about GPUs, whether it holds, and the evidence.", asks.Audit,
    None, (), (), order=9, router=router, button="Check it",
    examples=(("Three claims about the A10", "/audit?text=The+A10+has+48+GB+of+memory%2C+600+GB%2Fs+and+draws+150+W."),),
)  # fmt: skip


@router.get("/audit", include_in_schema=False)
async def shown(request: Request) -> Response:
    """The form, or the answer on a text in the address."""
    address = view.Address("/audit", tuple(request.query_params.multi_items()))
    given = {name: value for name, value in address.asked() if value and not name.startswith("find-")}
    return await _answer(request, address, given) if given else draw(request, PAGE, address, {})


@router.post("/audit", include_in_schema=False)
async def sent(request: Request) -> Response:
    """The answer on a text that is pasted or uploaded."""
    address = view.Address("/audit", ())
    try:
        given = await _form(request)
    except (Refused, MultiPartException, UnicodeDecodeError) as fault:
        status, text = told(fault) if isinstance(fault, Refused) else (422, f"the file is no text: {fault}")
        return draw(request, PAGE, address, {}, fault=(status, text))
    if len(given.get("text", "")) <= _LINKED and "name" not in given:
        return RedirectResponse(f"/audit?{urlencode(given)}", 303)
    return await _answer(request, address, given)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; a file that is uploaded goes before what is pasted. Raises `Refused`."""
    most = request.app.state.settings.upload
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > most:
        raise Refused(413, f"more than {most // 2**20} MiB; name a part of it")
    form: FormData = await request.form(max_files=1, max_fields=8, max_part_size=most)
    given = {name: str(value) for name, value in form.items() if not isinstance(value, UploadFile) and value}
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        given["text"] = (await file.read()).decode()
        given["name"] = "".join(c for c in file.filename if c.isprintable())[:120]
    return given


async def _answer(request: Request, address: view.Address, given: dict[str, str]) -> Response:
    try:
        ask = asks.Audit.model_validate(given)
        line = await finished(request, "audit", ask.model_dump())
    except ValidationError as fault:
        return draw(request, PAGE, address, given, fault=(422, misread(fault)))
    except Refused as fault:
        return draw(request, PAGE, address, given, fault=told(fault))
    if "error" in line:
        return draw(request, PAGE, address, given, fault=(_STATUS[line["kind"]], line["error"]))
    result = line["result"]
    report = Report(result["data"], (*result["said"], *map(_table, result["tables"])))
    if address.value("as"):
        body, kind, _ = view.part(report.blocks, address)
        return Response(body, media_type=kind, headers={"Cache-Control": "no-store"})
    return draw(request, PAGE, address, given, report=report, extra={"annotated": result["html"]})


def _table(plain: dict[str, Any]) -> Table:
    titles = [f">{title}" if align == "right" else title
              for title, align in zip(plain["columns"], plain["align"], strict=True)]  # fmt: skip
    return Table.of(plain["title"], titles, plain["rows"], plain["notes"])
