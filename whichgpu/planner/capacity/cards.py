"""`data/cards.toml`: which cards are current and common, and what is tried where a job does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Mapping


def cards() -> Mapping[str, Any]:
    """The table; its comments say what each key is."""
    table: Mapping[str, Any] = store.load("cards")["cards"]
    return table
