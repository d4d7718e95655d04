"""Generators distilled to few steps, and seconds of videos: `Wan2.1-T2V-14B LightX2V`, `HunyuanVideo 5s`."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatch
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.workloads import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from whichgpu.workloads.model import Workload

#: What files of such weights are called by behind it: `-8steps-V1.1-bf16`.
_TAIL = (
    r"(?:[-_ ]?loras?)?(?:[-_ ,(]+(?P<steps>\d{1,2})[-_ ]?steps?\)?)?(?:[-_ ]v?\d+(?:\.\d+)+)?"
    r"(?:[-_ ](?:bf16|fp32))?"
)


def numbered(item: Workload, columns: Mapping[str, Any]) -> Workload:
    """A workload whose jobs have these numbers by default, in every phase."""
    known = {"all": {}, **item.defaults}
    more = {key: {**one, **columns} for key, one in known.items() if isinstance(one, dict)}
    return replace(item, defaults={**known, **more})


def of_few_steps(name: str, read: Callable[[str], Workload | None]) -> Workload | None:
    """The generator of a name that tells how it was distilled: fewer steps, each one pass without guidance.

    `read` finds the workload of what goes before; None for other names, and for a distillation that no one
    has of that generator, or that has no usual number of steps.
    """
    for forms, glob, steps in _distilled():
        found = next(filter(None, (form.fullmatch(name.strip()) for form in forms)), None)
        item = read(found["name"]) if found else None
        if found and item is not None and fnmatch(item.id, glob):
            number = float(found["steps"] or steps)
            return numbered(item, {"steps": number, "options": {"guidance": "1"}})
    return None


@lru_cache(maxsize=1)
def _distilled() -> Sequence[tuple[tuple[re.Pattern[str], ...], str, int]]:
    """How each is called behind the generator's name, or before it: `Hyper-SD FLUX.1-dev 8 steps`."""
    return [
        (
            (
                re.compile(rf"(?P<name>.+?)[-_ (,+]+(?:{said}){_TAIL}\)?", re.IGNORECASE),
                re.compile(rf"(?:[\w-]+/)?(?:{said})[-_ ]+(?P<name>.+?){_TAIL}", re.IGNORECASE),
            ),
            glob,
            int(steps),
        )
        for said, glob, steps in names.table()["distilled"]
    ]


def frames_of(item: Workload, seconds: float) -> int:
    """The frames of so many seconds of a generator's videos; 0 where their rate is on file of none."""
    if "frames" not in item.dims:
        return 0
    rate = next((rate for glob, rate in names.table()["frame_rates"] if fnmatch(item.id, glob)), 0)
    # The first frame stands alone where the latent holds several.
    held = int(item.dims.get("factor_frames", 1))
    return round(seconds * rate / held) * held + (held > 1) if rate else 0
