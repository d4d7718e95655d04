"""Whether what was noted of two batches is the same work, twice as much at most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Twice, but for rounding.
_TWICE = 2.0 + 1e-9


def alike(first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two batches ran the same operators, the larger did more, and none grew beyond twice.

    What grows faster is a length (attention), what runs more operators a number of steps: no batch.
    """
    if [op["kind"] for op in first] != [op["kind"] for op in second]:
        return False
    less, more = (sum(op.get("write", 0) for op in ops) for ops in (first, second))
    return more > 1.1 * less and all(map(_within, first, second))


def _within(op: Mapping[str, Any], twice: Mapping[str, Any]) -> bool:
    sizes = [name for name in op["dims"] if name not in ("causal", "window", "kv_heads")]
    before, after = 1.0, 1.0
    for name in sizes:
        before, after = before * op["dims"][name], after * twice["dims"].get(name, 0)
    return bool(after <= _TWICE * before)
