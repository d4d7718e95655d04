"""Classes of devices as texts describe them: "professional Ampere cards with HBM below 200 W"."""

from whichgpu.audit.classes.described import Class, class_at

__all__ = ("Class", "class_at")
