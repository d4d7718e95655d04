"""Which GPU, how many, from whom, at what price, for this workload - and how do you know.

`import whichgpu` costs next to nothing; what is used is imported when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from whichgpu import audit
    from whichgpu.api import (
        compare,
        compat,
        diagnose,
        fit,
        gpu,
        gpus,
        job,
        plan,
        predict,
        recommend,
        sweep,
        workload,
    )
    from whichgpu.errors import DataError, Infeasible, UsageError, WhichGpuError
    from whichgpu.facts.model import Fact, Interval, Source

__all__ = [
    "DataError",
    "Fact",
    "Infeasible",
    "Interval",
    "Source",
    "UsageError",
    "WhichGpuError",
    "__version__",
    "audit",
    "compare",
    "compat",
    "diagnose",
    "fit",
    "gpu",
    "gpus",
    "job",
    "plan",
    "predict",
    "recommend",
    "sweep",
    "workload",
]

#: Where those are that are not in `whichgpu.api`.
_ELSEWHERE = {
    **dict.fromkeys(("DataError", "Infeasible", "UsageError", "WhichGpuError"), "whichgpu.errors"),
    **dict.fromkeys(("Fact", "Interval", "Source"), "whichgpu.facts.model"),
}


def __getattr__(name: str) -> Any:
    """Import an export when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'whichgpu' has no attribute '{name}'")
    from importlib import import_module

    if name == "audit":
        return import_module("whichgpu.audit")
    return getattr(import_module(_ELSEWHERE.get(name, "whichgpu.api")), name)


def __dir__() -> list[str]:
    return sorted(__all__)
