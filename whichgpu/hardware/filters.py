"""Conditions on GPUs as they are typed: `memory=40 GB`, `architecture=ampere`, `form_factor~pcie`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.hardware.fields import FIELDS, elsewhere
from whichgpu.units import DIMENSIONS, GB, GIB, parse
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from whichgpu.hardware.gpu import Gpu

#: What a GPU is, beside its fields.
IDENTITY = ("name", "vendor", "segment", "family", "architecture", "confidence")
_NUMBERLESS = ("text", "flag")
_SIGNS = "=~<>"
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}


class Condition(NamedTuple):
    """One test of one field; a GPU whose field was not read does not meet it."""

    field: str
    test: Callable[[Any], bool]

    def met(self, gpu: Gpu) -> bool | None:
        """Whether a GPU meets it; None where the field was not read."""
        value = value_of(gpu, self.field)
        return None if value is None or value == "" else self.test(value)


def value_of(gpu: Gpu, name: str) -> Any:
    """A field's value or a part of the GPU's identity; None where not read."""
    return getattr(gpu, name) if name in IDENTITY else gpu.value(name)


def field(text: str) -> str:
    """A field's name as typed (`compute-capability`, `Memory`); raises `UsageError` with the nearest."""
    name = text.strip().lower().replace("-", "_").replace(" ", "_")
    if name in FIELDS or name in IDENTITY:
        return name
    if known := elsewhere(name):
        return known
    from difflib import get_close_matches

    near = get_close_matches(name, [*FIELDS, *IDENTITY], n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else f"the fields are {', '.join((*IDENTITY, *FIELDS))}"
    raise UsageError(f"no field '{text}'; {hint}")


def bound(text: str, option: str) -> Condition:
    """`--min` or `--max`, inclusive."""
    name, limit = _pair(text, "=", option, 'memory="40 GB"')
    dimension = FIELDS[name].dimension if name in FIELDS else "text"
    if dimension in _NUMBERLESS:
        raise UsageError(f"{option} {text}: '{name}' is not a number; use --where {name}={limit or '...'}")
    least = option == "--min"
    value = _limit(limit, dimension, name, least=least)
    if dimension != "date" and value < 0:
        raise UsageError(f'{option} {text}: below zero; write e.g. {option} memory="40 GB"')
    return Condition(name, (lambda known: known >= value) if least else (lambda known: known <= value))


def _limit(text: str, dimension: str, name: str, *, least: bool) -> Any:
    value = _value(text, dimension)
    if dimension == "date":
        if not re.fullmatch(r"\d{4}(-\d{2}){0,2}", text):
            raise UsageError(f"'{text}' is not a date; write e.g. 2022 or 2022-09-20")
        # "2020" as a latest date is the whole of 2020.
        return value if least else value + "~"
    if name == "memory" and not least and text.rstrip().endswith("GB"):
        # Vendors write 24 GB for 24 GiB; "at most 24 GB" means those cards too.
        return value * (GIB / GB)
    return value


def where(text: str) -> Condition:
    """`field=value`, `field~part` for a text that contains a part, `field>value`, `field<=value` ..

    Case does not matter. A card sold with 24 GB has neither more nor less than `24 GB`.
    """
    sign = next((each for each in text if each in _SIGNS), "=")
    name, wanted = _pair(text, sign, "--where", "architecture=ampere")
    if sign == "~":
        return Condition(name, lambda known: wanted.lower() in str(known).lower())
    if sign in "<>" and wanted.startswith("="):
        return bound(f"{name}{wanted}", "--min" if sign == ">" else "--max")
    if sign in "<>":
        return _beyond(name, wanted, text, above=sign == ">")
    return _equal(name, wanted)


def _equal(name: str, wanted: str) -> Condition:
    """A field that is what is wanted; of a rate or a size "yes" and "no" ask whether there is any."""
    dimension = FIELDS[name].dimension if name in FIELDS else "text"
    if dimension in ("text", "date"):
        return Condition(name, lambda known: str(known).lower().startswith(wanted.lower())
                         if dimension == "date" else _same(str(known), wanted))  # fmt: skip
    if dimension in DIMENSIONS and wanted.lower() in _FLAGS:
        return Condition(name, lambda known: bool(known) is _FLAGS[wanted.lower()])
    value = _value(wanted, dimension)
    if dimension == "memory" and wanted.rstrip().endswith("GB"):
        return Condition(name, lambda known: 0.99 * value <= known <= 1.01 * value * GIB / GB)
    return Condition(name, lambda known: abs(known - value) <= 0.01 * abs(value))


def _beyond(name: str, limit: str, text: str, *, above: bool) -> Condition:
    """More or less than a limit, which itself does not meet it."""
    dimension = FIELDS[name].dimension if name in FIELDS else "text"
    if dimension in _NUMBERLESS:
        raise UsageError(f"--where {text}: '{name}' is not a number; use --where {name}={limit}")
    edge = _limit(limit, dimension, name, least=not above)
    least = edge if dimension == "date" else edge * (1.0 + (0.001 if above else -0.001))
    return Condition(name, (lambda known: known > least) if above else (lambda known: known < least))


def _same(known: str, wanted: str) -> bool:
    return known.lower().replace("-", "_") == wanted.lower().replace("-", "_").replace(" ", "_") or (
        known.lower() == wanted.lower()
    )


def _pair(text: str, sign: str, option: str, example: str) -> tuple[str, str]:
    name, found, value = text.partition(sign)
    if not found or not value.strip():
        raise UsageError(f"{option} {text}: not a condition; write e.g. {option} {example}")
    return field(name), value.strip()


def _value(text: str, dimension: str) -> Any:
    if dimension in DIMENSIONS:
        return parse(text, dimension)
    if dimension == "count":
        try:
            return float(text.replace(",", ""))
        except ValueError:
            raise UsageError(f"'{text}' is not a number; write e.g. 108") from None
    if dimension == "flag":
        if text.lower() not in _FLAGS:
            raise UsageError(f"'{text}' is neither yes nor no")
        return _FLAGS[text.lower()]
    return text


def ordered(gpus: Iterable[Gpu], name: str, *, reverse: bool) -> list[Gpu]:
    """Best first (text from A on); a GPU whose field was not read comes last either way."""
    known = [gpu for gpu in gpus if value_of(gpu, name) not in (None, "")]
    unknown = [gpu for gpu in gpus if value_of(gpu, name) in (None, "")]
    field = FIELDS.get(name)
    falling = field is not None and field.better != "lower" and field.dimension != "text"
    known.sort(key=lambda gpu: gpu.id)
    known.sort(key=lambda gpu: value_of(gpu, name), reverse=falling != reverse)
    return known + sorted(unknown, key=lambda gpu: gpu.id)


def unread(pool: Iterable[Gpu], conditions: Iterable[Condition]) -> Iterator[str]:
    """A sentence on each field of the conditions that was not read of some GPUs."""
    for name in dict.fromkeys(condition.field for condition in conditions):
        tests = [condition for condition in conditions if condition.field == name]
        unread = [gpu.id for gpu in pool if tests[0].met(gpu) is None]
        if unread:
            few = f": {', '.join(unread)}" if len(unread) <= 6 else ""
            yield f"{len(unread)} left out because their {name} was not read in any source{few}."
