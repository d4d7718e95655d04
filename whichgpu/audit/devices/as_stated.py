"""Which forms of a device a text means by one name: those whose amount it states.

"NVIDIA's H100 comes with 80 GB and 3.35 TB/s" is of the SXM module, and so is then what is set against it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.devices.mentions import model
from whichgpu.audit.text.quantities import quantities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context

#: What forms of one device differ in and no two devices share by chance; how near an amount is to another.
_FIELDS = ("bandwidth", "power")
_ROUNDED = 0.01


def as_stated(ids: Sequence[str], field: str, context: Context) -> Sequence[str]:
    """Of devices those whose amount a text states, where it does of a form of the same model.

    All forms stand of a model that the text names in several ways: which of them is meant may be told there.
    """
    if field not in _FIELDS or len(ids) < len("ab"):
        return ids
    stated = {key for key in ids if _is_stated(key, field, context)}
    settled = {model(key, context.catalogue) for key in stated} - _told_apart(context)
    return [key for key in ids if key in stated or model(key, context.catalogue) not in settled]


def _is_stated(key: str, field: str, context: Context) -> bool:
    """Whether the running text of a document tells what a device has."""
    every: dict[str, frozenset[float]] = context.memo.setdefault("stated amounts", {})
    if not every:
        told = [
            one
            for _, passage in context.document.running()
            for one in quantities(passage.text, context.fraction)
        ]
        for each in _FIELDS:
            every[each] = frozenset(one.value for one in told if one.dimension == each)
    value = context.catalogue[key].value(field)
    real = float(value) if isinstance(value, int | float) else 0.0
    return bool(real) and any(abs(one / real - 1) < _ROUNDED for one in every[field])


def _told_apart(context: Context) -> frozenset[frozenset[str]]:
    """The models of which a text names several forms."""
    key = "models told apart"
    if key not in context.memo:
        forms: dict[frozenset[str], set[tuple[str, ...]]] = {}
        for each in (one for found in context.mentions.values() for one in found if one.named):
            forms.setdefault(model(each.named[0], context.catalogue), set()).add(each.named)
        context.memo[key] = frozenset(one for one, named in forms.items() if len(named) > 1)
    known: frozenset[frozenset[str]] = context.memo[key]
    return known
