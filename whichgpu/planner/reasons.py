"""Why a GPU is not chosen: a kind for counting alike ones, and the words."""

from __future__ import annotations

from whichgpu.values import NamedTuple


class Reason(NamedTuple):
    """Why a GPU is not chosen: `kind` for counting alike ones, `text` with its figures."""

    kind: str
    text: str
