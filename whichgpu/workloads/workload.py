"""Workloads: what one is (`model`), the zoo of them (`zoo`) and what they are called (`resolving`)."""

from __future__ import annotations

from whichgpu.workloads.model import Workload, families, family_code
from whichgpu.workloads.resolving import is_read, known, meaning, register, resolve
from whichgpu.workloads.zoo import from_file, workloads

__all__ = [
    "Workload",
    "families",
    "family_code",
    "from_file",
    "is_read",
    "known",
    "meaning",
    "register",
    "resolve",
    "workloads",
]
