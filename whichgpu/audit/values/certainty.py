"""How sure a value of the catalogue is: whether a text that says something else is wrong.

Of a device that one database alone lists (`confidence = "low"`) a value carries an accusation where its
vendor, a measurement or a second source states it too; else only where it is one that databases seldom have
wrong, what tells a part from another, and the text is far from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.facts.model import MAKERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.gpu import Gpu

#: What tells parts apart, which a database copies from a list of them.
_TELLING = ("bandwidth", "chip", "cores", "memory", "memory_bus", "memory_type", "release_date", "sms")
#: How far off what a text says of it is at least: not another maker's chips, nor a part's other memory.
_FAR = 1.2


def certain(gpu: Gpu, field: str) -> bool:
    """Whether a value has a source that is no guess, and is not one database's alone."""
    fact = gpu.fact(field)
    if fact is None or fact.kind == "assumed":
        return False
    return gpu.confidence != "low" or fact.kind in (*MAKERS, "measured") or len(fact.sources) > 1


def certain_of_all(gpus: Sequence[Gpu], field: str) -> bool:
    """Whether every device that may be meant has a value of a field, and a certain one."""
    return all(gpu.value(field) and certain(gpu, field) for gpu in gpus)


def excludes(gpu: Gpu, field: str, off: float) -> bool:
    """Whether a value of a device excludes what is said of it, which is `off` times as much, or a part of it.

    Words that are others are infinitely far off.
    """
    if certain(gpu, field):
        return True
    fact = gpu.fact(field)
    one = fact is not None and fact.kind in ("database", "derived")
    return one and field in _TELLING and max(off, 1 / off if off else float("inf")) > _FAR
