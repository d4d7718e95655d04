"""One measurement: a row of the measurement schema, and the context that makes it reproducible.

The row is what `validate` and calibration read (docs/design.md). The context is what a reader needs to trust
it and to run it again. Its keys, each of which may be missing where nobody knows:

* `software`: versions by name; `driver`: version and CUDA; `host`: name, processor, kernel, memory (B);
* `device`: name, uuid, memory (B), power_limit (W), clocks (Hz), PCIe, as read before the run;
* `seed`, `command`, `started` (UTC, ISO 8601), `seconds` of the whole run;
* `statistics`: samples, median, low and high of its confidence interval, confidence, outliers, drift;
* `telemetry`: clocks (Hz), power (W), temperature (degrees C), energy (J), reasons for lower clocks;
* `warnings`: what makes the value doubtful, in sentences.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import field
from typing import TYPE_CHECKING, Any

from whichgpu.cost.table.files import COLUMNS
from whichgpu.errors import UsageError, one_line
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The measurement schema, in the order of its columns on disk.
SCHEMA = ("id", "source", *COLUMNS[1:], "value", "spread", "notes")
#: How a run may end. Only `ok` has a value; each other one has a reason.
STATUSES = ("ok", "oom", "timeout", "failed", "skipped")
_DIGEST = 10


@immutable
class Record:
    """A row with its context; `task` is what `bench replay` runs again.

    `row` has text for each column of `SCHEMA` that is stated. `of` are the rows that one task gives: they are
    written together or not at all.
    """

    row: Mapping[str, str]
    context: Mapping[str, Any] = field(default_factory=dict)
    task: Mapping[str, Any] = field(default_factory=dict)
    status: str = "ok"
    reason: str = ""
    of: int = 1

    def __post_init__(self) -> None:
        """Refuse what no reader of the schema could take.

        Raises `UsageError` for an unknown column or status, and for a value that is no number above zero
        where the run went well.
        """
        unknown = [name for name in self.row if name not in SCHEMA]
        if unknown:
            raise UsageError(
                f"no column '{unknown[0]}' in the measurement schema; it has {', '.join(SCHEMA)}"
            )
        if self.status not in STATUSES:
            raise UsageError(f"no status '{self.status}'; use one of {', '.join(STATUSES)}")
        if self.status == "ok" and not _positive(self.row.get("value", "")):
            raise UsageError(f"value '{self.row.get('value', '')}' is not a number above zero")
        if self.status != "ok" and not self.reason:
            raise UsageError(f"a run that ended '{self.status}' needs its reason")

    @property
    def id(self) -> str:
        """The row's id."""
        return self.row.get("id", "")

    @property
    def value(self) -> float | None:
        """What was measured, in the row's own unit; None where the run gave nothing."""
        return float(self.row["value"]) if self.status == "ok" else None

    @property
    def key(self) -> str:
        """The digest of the task, by which `--resume` knows what is done."""
        return digest(self.task) if self.task else self.id

    def cells(self) -> tuple[str, ...]:
        """The row as cells of `SCHEMA`, each on one line; a reason stands among the notes."""
        cells = {name: one_line(text) for name, text in self.row.items()}
        if self.reason:
            cells["notes"] = one_line(": ".join(part for part in (self.status, self.reason) if part))
        return tuple(cells.get(name, "") for name in SCHEMA)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        return {
            "row": dict(self.row), "status": self.status, "reason": self.reason, "of": self.of,
            "task": dict(self.task), "context": dict(self.context),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Record:
        """The record of `to_dict`. Raises `UsageError` where it is none."""
        try:
            return cls(
                {str(name): str(text) for name, text in raw["row"].items()}, raw.get("context", {}),
                raw.get("task", {}), raw.get("status", "ok"), raw.get("reason", ""), int(raw.get("of", 1)),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise UsageError(f"this is no record of a measurement ({fault})") from None


def row(**columns: Any) -> dict[str, str]:
    """The columns of a row as text: None and "" are left out, numbers have nine digits.

    >>> row(workload="resnet50", batch=64.0, options={"layout": "nhwc"}, tp=None)
    {'workload': 'resnet50', 'batch': '64', 'options': 'layout=nhwc'}
    """
    texts = {name: _text(value) for name, value in columns.items() if value is not None}
    return {name: text for name, text in texts.items() if text}


def digest(task: Mapping[str, Any]) -> str:
    """A short name of a task: the same for the same content, whatever the order of its keys."""
    whole = json.dumps(task, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(whole.encode()).hexdigest()[:_DIGEST]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ";".join(f"{key}={_text(one)}" for key, one in value.items() if one is not None)
    if not isinstance(value, float):
        # Whole numbers have all their digits: 4 GiB are 4294967296 B.
        return str(value)
    return f"{value:.9g}" if math.isfinite(value) else ""


def _positive(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and float(text) > 0.0
    except ValueError:
        return False
