"""Kernel models: one file per group of op kinds, found by its name.

A module has `KINDS`, the op kinds it models, and

    seconds(ops: OpTable, devices: Devices, runtime: Runtime) -> (compute, memory)

the time in s of one execution bound by arithmetic and by memory traffic, each (O, G, J). Neither
may be faster than peak or bandwidth allow. With `TOGETHER` ops of all its kinds stand in one table, without
their dims.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from whichgpu.values import modules_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType


@lru_cache(maxsize=1)
def models() -> Mapping[str, ModuleType]:
    """The kernel model of each op kind."""
    found = [import_module(f"{__name__}.{name}") for name in modules_in(Path(__file__).parent)]
    return {kind: module for module in found for kind in module.KINDS}
