"""What goes wrong, for people and programs: the status of a fault, and problem+json (RFC 9457)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastapi import Response

from whichgpu.errors import DataError, Infeasible, UnknownName, WhichGpuError, one_line
from whichgpu.web.gate import Refused

if TYPE_CHECKING:
    from pydantic import ValidationError

TYPE = "application/problem+json"
_TITLES = {
    400: "Not understood",
    404: "Not found",
    405: "Not that way",
    413: "Too large",
    422: "Not an answerable question",
    429: "Too many questions",
    499: "Nobody waits",
    500: "A defect of whichgpu",
    503: "Busy",
}


class TooLarge(WhichGpuError):
    """More was sent than is read."""


def told(fault: Exception) -> tuple[int, str]:
    """The status and the sentence of a fault."""
    if isinstance(fault, Refused):
        return fault.status, str(fault)
    if isinstance(fault, TooLarge):
        return 413, one_line(fault)
    if isinstance(fault, UnknownName):
        return 404, one_line(fault)
    if isinstance(fault, WhichGpuError):
        return 422, one_line(fault)
    return 500, "an error within whichgpu; its log has more"


def problem(status: int, detail: str, *, wait: int = 1, **more: Any) -> Response:
    """A problem document; `wait` is after how many seconds it may be asked again, where that helps."""
    body = {
        "type": f"/problems#{status}",
        "title": _TITLES.get(status, "Refused"),
        "status": status,
        "detail": detail,
        **more,
    }
    headers = {"Retry-After": str(wait)} if status in (429, 503) else {}
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status, headers={"Cache-Control": "no-store", **headers}, media_type=TYPE)


def of_fault(fault: Exception) -> Response:
    """The problem document of a fault; the exit status is the one that the command line has for it."""
    status, detail = told(fault)
    more: dict[str, Any] = {"exit_code": fault.exit_code} if isinstance(fault, WhichGpuError) else {}
    if isinstance(fault, Infeasible):
        more["infeasible"] = True
    if isinstance(fault, DataError):
        more["data"] = "missing or stale"
    if isinstance(fault, Refused):
        return problem(status, detail, wait=fault.wait)
    return problem(status, detail, **more)


def misread(fault: ValidationError) -> str:
    """What is wrong with a question, field by field, with the nearest name of an unknown field."""
    from difflib import get_close_matches

    said = []
    for error in fault.errors():
        name = ".".join(str(part) for part in error["loc"] if part not in ("query", "body"))
        if error["type"] == "extra_forbidden":
            near = get_close_matches(name, _fields(fault), n=1)
            said.append(f"no field '{one_line(name)[:60]}'" + (f"; did you mean {near[0]}?" if near else ""))
        else:
            said.append(f"{name}: {error['msg'].removeprefix('Value error, ')}")
    return "; ".join(said)


def _fields(fault: ValidationError) -> list[str]:
    from whichgpu.web import asks

    model = getattr(asks, fault.title, None)
    return list(model.model_fields) if model else []
