"""The fields of a form, of the class of its question; and to which of them a fault belongs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.web.words import spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Sizes that go far, which a slider moves by factors of two.
_SLID = ("batch", "seq_len", "input_tokens", "output_tokens")
#: How what is wrong with a price list of one's own begins.
_OF_OFFERS = "the price list"
_QUOTED = re.compile(r"'([^']{1,200})'")


def fields(model: Any, names: Iterable[str], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields of a form, with what they hold."""
    return [_field(model, name, given.get(name, "")) for name in names]


def _field(model: Any, name: str, value: Any) -> dict[str, Any]:
    field = model.model_fields[name]
    extra = field.json_schema_extra or {}
    example = (field.examples or [""])[0]
    return {
        "name": name,
        "title": field.title or name,
        "help": field.description or "",
        "required": field.is_required(),
        "choices": extra.get("choices", []),
        "rows": extra.get("rows", 0),
        "value": ", ".join(map(str, value)) if isinstance(value, list | tuple) else value,
        "default": _plain("" if field.is_required() or field.default in (None, [], "") else field.default),
        "example": example[0] if isinstance(example, list) else example,
        "kind": _kind(field.annotation),
        "slider": name in _SLID,
        # Whether it is worth its place once there is an answer.
        "seen": bool(value) or field.is_required() or name in _SLID,
    }


def _plain(default: Any) -> Any:
    """A default as one writes it: 8, not 8.0."""
    return f"{default:g}" if isinstance(default, float) else default


def _kind(annotation: Any) -> str:
    text = str(annotation)
    if annotation is bool:
        return "checkbox"
    return "number" if "int" in text.replace("print", "") and "str" not in text else "text"


def blamed(model: Any, text: str, given: Mapping[str, Any]) -> str:
    """The field that a fault is about: it names it, its option, or what it holds; empty where none is."""
    for name in model.model_fields:
        option = f"--{name.replace('_', '-')}"
        if text.startswith((f"{name}:", f"{name}.", f"{option}:")):
            return str(name)
    if text.startswith(_OF_OFFERS) and "offers" in model.model_fields:
        return "offers"
    quoted = {one.strip().lower() for one in _QUOTED.findall(text)}
    held = {name: _texts(value) for name, value in given.items() if name in model.model_fields}
    for name, texts in held.items():
        if quoted & texts:
            return str(name)
    for name, texts in held.items():
        if any(spoken(one).search(text) for one in quoted for text in texts):
            return str(name)
    for name in held:
        if re.search(rf"--{name.replace('_', '-')}(?![\w-])", text):
            return str(name)
    return ""


def _texts(value: Any) -> set[str]:
    """What a field holds, whole and part by part, as a fault may quote it."""
    each = [str(one) for one in (value if isinstance(value, list | tuple) else [value])]
    parts = (part for one in each for part in (one, *re.split("[,:=]", one)))
    return {part.strip().lower() for part in parts if part.strip()}
