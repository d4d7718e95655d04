"""What goes wrong, for people and programs: the status of a fault, and problem+json (RFC 9457)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastapi import Response

from whichgpu.errors import DataError, Infeasible, UnknownName, WhichGpuError, one_line
from whichgpu.web.gate import Refused
from whichgpu.web.words import of_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import BaseModel, ValidationError
    from pydantic.fields import FieldInfo

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


def of_fault(fault: Exception, ask: BaseModel | None = None) -> Response:
    """The problem document of a fault of a question; `exit_code` is what the command line has for it."""
    status, detail = told(fault)
    detail = of_query(detail, type(ask).model_fields) if ask is not None else detail
    more: dict[str, Any] = {"exit_code": fault.exit_code} if isinstance(fault, WhichGpuError) else {}
    if isinstance(fault, Infeasible):
        more["infeasible"] = True
    if isinstance(fault, DataError):
        more["data"] = "missing or stale"
    if isinstance(fault, Refused):
        return problem(status, detail, wait=fault.wait)
    return problem(status, detail, **more)


def misread(faults: Iterable[Mapping[str, Any]], fields: Mapping[str, FieldInfo]) -> str:
    """What is wrong with a question, field by field; of an unknown field with the nearest of `fields`."""
    from difflib import get_close_matches

    said = []
    for error in faults:
        name = ".".join(str(part) for part in error["loc"] if part not in ("query", "body", "path"))
        name = "the document" if not name or error["type"] == "json_invalid" else name
        if error["type"] == "extra_forbidden":
            near = get_close_matches(name, list(fields), n=1)
            said.append(f"no field '{one_line(name)[:60]}'" + (f"; did you mean {near[0]}?" if near else ""))
        else:
            said.append(f"{name}: {_amiss(error, fields.get(name))}{_example(error, fields.get(name))}")
    return "; ".join(said)


#: What pydantic finds, as people say it: `given` is what was stated, the rest is the bound of the field.
_AMISS = {
    "missing": "is not stated",
    "int_parsing": "{given} is no whole number; write e.g. {usual}",
    "int_from_float": "{given} is no whole number; write e.g. {usual}",
    "int_parsing_size": "{given} is too large",
    "float_parsing": "{given} is no number; write e.g. {usual}",
    "finite_number": "{given} is no number; write e.g. {usual}",
    "bool_parsing": "{given} is neither true nor false",
    "greater_than_equal": "{given} is too small; write {ge:g} or more",
    "greater_than": "{given} is too small; write more than {gt:g}",
    "less_than_equal": "{given} is too large; write {le:g} or less",
    "less_than": "{given} is too large; write less than {lt:g}",
    "too_short": "{actual_length} given; write at least {min_length}, with commas between",
    "too_long": "{actual_length} given; write at most {max_length}",
    "string_too_long": "it has more than {max_length:,} characters; write fewer",
    "string_too_short": "it is empty; write something",
    "literal_error": "{given} is not known; write {expected}",
    "json_invalid": "it is no JSON: {error}",
    "model_attributes_type": 'it is no JSON object; write e.g. {{"text": ".."}}',
}


def _amiss(error: Mapping[str, Any], field: FieldInfo | None) -> str:
    """One fault of a field as a sentence."""
    words = _AMISS.get(error["type"])
    if words is None:
        return str(error["msg"]).removeprefix("Value error, ")
    given = one_line(repr(error.get("input")))
    short = given if len(given) <= 80 else f"{given[:77]}..."
    return words.format(given=short, usual=_usual(error["type"], field), **error.get("ctx", {}))


def _usual(kind: str, field: FieldInfo | None) -> str:
    """A number that a field may hold: its example, or what it holds where nothing is stated."""
    known = [*(field.examples or ()), field.default] if field is not None else []
    numbers = (one for one in known if isinstance(one, int | float) and not isinstance(one, bool))
    return f"{next(numbers, 8 if kind.startswith('int') else 2.5):g}"


def _example(error: Mapping[str, Any], field: FieldInfo | None) -> str:
    """What may be written in a field that must be stated."""
    if error["type"] != "missing" or field is None or not field.examples:
        return ""
    first = field.examples[0]
    return f"; write e.g. {', '.join(map(str, first)) if isinstance(first, list) else first}"


def unfit(fault: ValidationError, model: type[BaseModel]) -> str:
    """The same of the question of a page."""
    return misread(fault.errors(), model.model_fields)
