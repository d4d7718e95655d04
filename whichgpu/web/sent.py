"""Pages to which a text is sent: pasted, or as a file. It is worked on in a bounded process.

A text stands in the address, packed where it is long, so that the answer has a link; one that is too long for
that is known by its digest while the answer is kept in memory. With `Accept: text/event-stream` the work
tells how far it is, and ends where nobody listens any more.
"""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from whichgpu.errors import UnknownName, UsageError, WhichGpuError
from whichgpu.report.table import Report
from whichgpu.web import figures, parts
from whichgpu.web.address import Address
from whichgpu.web.asks import LARGEST_TEXT
from whichgpu.web.blocks import unpacked
from whichgpu.web.gate import Refused
from whichgpu.web.page import draw
from whichgpu.web.problems import misread, told
from whichgpu.web.work import STATUS, event, finished, stages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from whichgpu.web.page import Page

#: Characters of a text that stands in the address as it is, and of one that stands there packed.
_PLAIN, _PACKED = 4000, 48_000
_EMPTY = "text: nothing was sent; paste one or choose a file"


class _Kept(NamedTuple):
    """An answer, and what was asked."""

    report: Report
    annotated: str
    given: dict[str, Any]


def routes(page: Page) -> APIRouter:
    """The form, its answer on a text in the address, and on one that is sent."""
    router = APIRouter()

    @router.get(page.path, include_in_schema=False)
    async def shown(request: Request) -> Response:
        address = Address(page.path, tuple(request.query_params.multi_items()))
        try:
            given = _given(request, address)
        except WhichGpuError as fault:
            return draw(request, page, address, {}, fault=told(fault))
        if not given:
            return draw(request, page, address, {"text": page.text}, fresh=True)
        return await _answer(request, page, address, given)

    @router.post(page.path, include_in_schema=False)
    async def sent(request: Request) -> Response:
        address = Address(page.path, ())
        try:
            given = await _form(request)
        except Refused as fault:
            return draw(request, page, address, {}, fault=told(fault))
        except (MultiPartException, UnicodeDecodeError) as fault:
            return draw(request, page, address, {}, fault=(422, f"the file is no text: {fault}"))
        if "text" not in given:
            return draw(
                request,
                page,
                address,
                given,
                fault=(422, _EMPTY),
            )
        pairs = linked(given)
        if "text/event-stream" in request.headers.get("accept", ""):
            return _told_of(request, page, Address(page.path, pairs), given)
        if pairs[0][0] != "kept":
            return RedirectResponse(f"{page.path}?{urlencode(pairs)}", 303)
        return await _answer(request, page, Address(page.path, pairs), given)

    return router


def linked(given: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """What is sent as the pairs of an address: the text itself, packed, or its digest."""
    text, rest = given["text"], [(key, value) for key, value in given.items() if key != "text"]
    more = [(key, one) for key, value in rest for one in (value if isinstance(value, list) else [value])]
    if len(text) <= _PLAIN:
        return ("text", text), *more
    packed = urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode()
    if len(packed) <= _PACKED:
        return ("packed", packed), *more
    return (("kept", _digest(given)),)


def _digest(given: dict[str, Any]) -> str:
    return blake2b(json.dumps(given, sort_keys=True).encode(), digest_size=16).hexdigest()


def _given(request: Request, address: Address) -> dict[str, Any]:
    """What an address asks; raises `WhichGpuError` for one that is cut short, or whose text is gone."""
    given: dict[str, Any] = {}
    for name, value in address.asked():
        if value and not name.startswith("find-"):
            given[name] = [*given.get(name, []), value] if name == "what_if" else value
    if packed := given.pop("packed", ""):
        given["text"] = _unpacked(packed)
    if digest := given.pop("kept", ""):
        known = request.app.state.reports.get(digest)
        if not isinstance(known, _Kept):
            raise UnknownName("that text was too long for a link and is no longer kept; send it again")
        return known.given
    return given


def _unpacked(packed: str) -> str:
    try:
        reader = zlib.decompressobj()
        body = reader.decompress(urlsafe_b64decode(packed.encode()), 4 * LARGEST_TEXT)
        if not reader.eof:
            raise ValueError
        return body.decode()
    except (ValueError, zlib.error):
        raise UsageError("the link is cut short; send the text again") from None


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


async def _answer(request: Request, page: Page, address: Address, given: dict[str, Any]) -> Response:
    """The page with the answer, or one table or chart of it; worked out once for all of them."""
    reports = request.app.state.reports
    kept = reports.get(_digest(given))
    if not isinstance(kept, _Kept):
        try:
            line = await finished(request, page.task, page.ask.model_validate(given).model_dump())
        except ValidationError as fault:
            return draw(request, page, address, given, fault=(422, misread(fault)))
        except Refused as fault:
            return draw(request, page, address, given, fault=told(fault))
        if "error" in line:
            return draw(request, page, address, given, fault=(STATUS[line["kind"]], line["error"]))
        kept = _keep(request, given, line["result"])
    if not address.value("as"):
        return draw(request, page, address, given, report=kept.report, annotated=kept.annotated)
    try:
        body, kind, file = parts.part(kept.report.blocks, address)
    except WhichGpuError as fault:
        status, detail = told(fault)
        return Response(f"{detail}\n", status, media_type="text/plain")
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'inline; filename="{file}"'}
    return Response(body, media_type=kind, headers=headers)


def _keep(request: Request, given: dict[str, Any], result: dict[str, Any]) -> _Kept:
    report = Report(result["data"], unpacked(result["blocks"]), result["exit_code"], result["complaint"])
    report = figures.before(report, figures.planned(report.data))
    kept = _Kept(report, result.get("html", ""), given)
    request.app.state.reports.put(_digest(given), kept)
    return kept


def _told_of(request: Request, page: Page, address: Address, given: dict[str, Any]) -> Response:
    """Events `progress` as the work goes on, and in the end `page`: where it is, and its HTML."""

    async def stream() -> AsyncIterator[str]:
        try:
            ask = page.ask.model_validate(given).model_dump()
            last: dict[str, Any] = {}
            async for last in stages(request, page.task, ask):
                if "stage" in last:
                    yield event("progress", last)
            if "result" in last:
                kept = _keep(request, given, last["result"])
                made = draw(request, page, address, given, report=kept.report, annotated=kept.annotated)
            else:
                fault = STATUS[last["kind"]], last["error"]
                made = draw(request, page, address, given, fault=fault)
        except ValidationError as fault:
            made = draw(request, page, address, given, fault=(422, misread(fault)))
        except Refused as fault:
            made = draw(request, page, address, given, fault=told(fault))
        yield event("page", {"url": address.with_(), "html": bytes(made.body).decode()})

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)
