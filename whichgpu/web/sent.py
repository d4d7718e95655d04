"""Pages to which a text is sent: pasted, or as a file. It is worked on in a bounded process.

The text is in the link to the answer, packed where it is long: in the query, or, beyond what a query holds,
behind its `#`, where the page's script reads it and sends it again. The parts of such a page (a table that is
sorted, a download) are buttons of a form that has the text, so that nothing need be kept here. With
`Accept: text/event-stream` the work tells how far it is, and ends where nobody listens any more.
"""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.report.table import Report
from whichgpu.values import NamedTuple
from whichgpu.web import figures, parts
from whichgpu.web.address import Address, shows
from whichgpu.web.asks import LARGEST_TEXT
from whichgpu.web.blocks import unpacked
from whichgpu.web.gate import Refused
from whichgpu.web.page import draw, part
from whichgpu.web.patience import ENVELOPE
from whichgpu.web.problems import told, unfit
from whichgpu.web.work import STATUS, event, finished, stages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from whichgpu.web.page import Page

#: Characters of a text that stands in every link of its page as it is.
_PLAIN = 4000
#: Fields of a form: those of a question, and the words that each table is filtered by.
_FIELDS = 60
_EMPTY = "text: nothing was sent; paste one or choose a file"


class _Kept(NamedTuple):
    """An answer: a memory of work, that any other server would do again; the charts of a carried page."""

    report: Report
    annotated: str
    pictures: dict[str, dict[str, str]]


def routes(page: Page) -> APIRouter:
    """The form, its answer on a text in the address, and on one that is sent."""
    router = APIRouter()

    @router.get(page.path, include_in_schema=False)
    async def shown(request: Request) -> Response:
        pairs = request.query_params.multi_items()
        try:
            given = _given(pairs)
        except WhichGpuError as fault:
            return draw(request, page, Address(page.path, ()), {}, fault=told(fault))
        if not given:
            address = Address(page.path, tuple(pairs))
            return draw(request, page, address, {"text": page.text}, fresh=True)
        return await _answer(request, page, asked(page.path, given, pairs), given)

    @router.post(page.path, include_in_schema=False)
    async def sent(request: Request) -> Response:
        address = Address(page.path, ())
        try:
            pairs, file = await _form(request)
            given = {**_given(pairs), **file}
        except (WhichGpuError, Refused) as fault:
            return draw(request, page, address, {}, fault=told(fault))
        except (MultiPartException, UnicodeDecodeError) as fault:
            return draw(request, page, address, {}, fault=(422, f"the file is no text: {fault}"))
        if "text" not in given:
            return draw(request, page, address, given, fault=(422, _EMPTY))
        address = asked(page.path, given, [*request.query_params.multi_items(), *pairs])
        if "text/event-stream" in request.headers.get("accept", ""):
            return _told_of(request, page, address, given)
        where = address.whole()
        if where and "#" not in where and not address.value("as"):
            return RedirectResponse(where, 303)
        return await _answer(request, page, address, given)

    return router


def asked(path: str, given: dict[str, Any], pairs: Iterable[tuple[str, str]]) -> Address:
    """Where the answer on a text is: the text itself, packed where it is long, and how it is shown."""
    text, rest = given["text"], [(key, value) for key, value in given.items() if key != "text"]
    more = [(key, one) for key, value in rest for one in (value if isinstance(value, list) else [value])]
    look = [pair for pair in {key: value for key, value in pairs if shows(key)}.items() if pair[1]]
    if len(text) <= _PLAIN:
        return Address(path, (("text", text), *more, *look))
    packed = urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode()
    return Address(path, (("packed", packed), *more, *look), carried=True)


def _given(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """What an address or a form asks; raises `UsageError` for a link that is cut short."""
    given: dict[str, Any] = {}
    for name, value in pairs:
        if value and not shows(name):
            given[name] = [*given.get(name, []), value] if name == "what_if" else value
    if packed := given.pop("packed", ""):
        given["text"] = _unpacked(packed)
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


async def _form(request: Request) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """The fields of a form, and the text and name of a file, which goes before them. Raises `Refused`."""
    most = request.app.state.settings.upload
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > ENVELOPE * most:
        raise _large(most)
    async with request.form(max_files=1, max_fields=_FIELDS, max_part_size=ENVELOPE * most) as form:
        pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        if any(len(value) > most for name, value in pairs if name != "packed"):
            raise _large(most)
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            return pairs, {}
        if (file.size or 0) > most:
            raise _large(most)
        name = "".join(c for c in file.filename if c.isprintable())[:120]
        return pairs, {"text": (await file.read()).decode(), "name": name}


def _large(most: int) -> Refused:
    return Refused(413, f"more than {most // 2**20} MiB; name a part of it")


async def _answer(request: Request, page: Page, address: Address, given: dict[str, Any]) -> Response:
    """The page with the answer, or one table or chart of it; worked out once for all of them."""
    kept = request.app.state.reports.get(_digest(given))
    if not isinstance(kept, _Kept):
        try:
            line = await finished(request, page.task, page.ask.model_validate(given).model_dump())
        except ValidationError as fault:
            return draw(request, page, address, given, fault=(422, unfit(fault, page.ask)))
        except Refused as fault:
            return draw(request, page, address, given, fault=told(fault))
        if "error" in line:
            return draw(request, page, address, given, fault=(STATUS[line["kind"]], line["error"]))
        kept = await _keep(request, address, given, line["result"])
    if not address.value("as"):
        return _page(request, page, address, given, kept)
    try:
        ask = page.ask.model_validate(given)
        body, kind, file = part(page, kept.report, address, ask, annotated=kept.annotated)
    except WhichGpuError as fault:
        status, detail = told(fault)
        return Response(f"{detail}\n", status, media_type="text/plain")
    headers = {"Cache-Control": "no-store", **parts.disposition(request.method, file)}
    return Response(body, media_type=kind, headers=headers)


def _digest(given: dict[str, Any]) -> str:
    return blake2b(json.dumps(given, sort_keys=True).encode(), digest_size=16).hexdigest()


def _page(request: Request, page: Page, address: Address, given: dict[str, Any], kept: _Kept) -> Response:
    return draw(
        request, page, address, given, report=kept.report, annotated=kept.annotated, pictures=kept.pictures,
        ask=page.ask.model_validate(given),
    )  # fmt: skip


async def _keep(request: Request, address: Address, given: dict[str, Any], result: dict[str, Any]) -> _Kept:
    report = Report(result["data"], unpacked(result["blocks"]), result["exit_code"], result["complaint"])
    report = figures.before(report, figures.planned(report.data))
    drawn = await to_thread.run_sync(parts.pictures, report.blocks) if address.carried else {}
    kept = _Kept(report, result.get("html", ""), drawn)
    request.app.state.reports.put(_digest(given), kept)
    return kept


def _told_of(request: Request, page: Page, address: Address, given: dict[str, Any]) -> Response:
    """Events `progress` as the work goes on, and in the end `page`: where it is, and its HTML."""

    def page_event(made: Response) -> str:
        return event("page", {"url": address.whole() or page.path, "html": bytes(made.body).decode()})

    async def stream() -> AsyncIterator[str]:
        known = request.app.state.reports.get(_digest(given))
        if isinstance(known, _Kept):
            yield page_event(_page(request, page, address, given, known))
            return
        try:
            ask = page.ask.model_validate(given).model_dump()
            last: dict[str, Any] = {}
            async for last in stages(request, page.task, ask):
                if "stage" in last:
                    yield event("progress", last)
            if "result" in last:
                kept = await _keep(request, address, given, last["result"])
                made = _page(request, page, address, given, kept)
            else:
                fault = STATUS[last["kind"]], last["error"]
                made = draw(request, page, address, given, fault=fault)
        except ValidationError as fault:
            made = draw(request, page, address, given, fault=(422, unfit(fault, page.ask)))
        except Refused as fault:
            made = draw(request, page, address, given, fault=told(fault))
        yield page_event(made)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)
