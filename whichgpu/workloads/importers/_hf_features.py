"""What a config.json says of an architecture beyond its plain sizes; each reader adds dimensions.

`data/hf.toml` names the readers of an architecture. A reader gets the `Config` and the dimensions so far.
They stand in a module by theme, and only those that an architecture asks for are loaded.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from whichgpu.workloads.importers._hf_config import Config

#: The modules of readers, in the order in which they are looked through.
_THEMES = (
    "attention",
    "decoders",
    "states",
    "towers",
    "texts",
    "pictures",
    "boxes",
    "sounds",
    "pairs",
    "writers",
    "masks",
    "hierarchies",
    "voices",
    "generators",
    "layers",
)


@cache
def reader(name: str) -> Callable[[Config, dict[str, Any]], None]:
    """The reader of a feature; raises `KeyError` for a name that no module has."""
    for theme in _THEMES:
        module = import_module(f"whichgpu.workloads.importers._hf_{theme}")
        if name in module.READERS:
            found: Callable[[Config, dict[str, Any]], None] = module.READERS[name]
            return found
    raise KeyError(name)
