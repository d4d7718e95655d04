"""A config.json of pytorch-image-models: the name of an architecture, its classes, the size of a picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads.resolving import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.workload import Workload


def is_timm(raw: Mapping[str, Any]) -> bool:
    """Whether a config.json is that library's, or that of its wrapper."""
    return isinstance(raw.get("architecture"), str) and raw.get("model_type") in (None, "timm_wrapper")


def read_timm(raw: Mapping[str, Any], source: str, name: str) -> Workload:
    """The zoo's model of that name, with the file's classes and size of a picture."""
    try:
        known = resolve(f"timm/{raw['architecture']}")
    except UsageError as fault:
        raise UsageError(f"{source}: architecture: {fault}") from None
    dims, classes = dict(known.dims), raw.get("num_classes")
    if classes is not None:
        if isinstance(classes, bool) or not isinstance(classes, int) or not 0 <= classes < 10**6:
            raise UsageError(f"{source}: num_classes is {classes!r}, where a whole number is expected")
        dims["classes"] = classes
    dims["source"] = f"config.json of {name}, as {known.id}"
    sides = _sides(raw)
    defaults = (
        {**known.defaults, "all": {**known.defaults.get("all", {}), **sides}} if sides else known.defaults
    )
    return replace(known, id=source, name=name, dims=dims, aliases=(), defaults=defaults)


def _sides(raw: Mapping[str, Any]) -> dict[str, float]:
    """Height and width that the file states."""
    given, stated = raw.get("model_args"), raw.get("pretrained_cfg")
    size = given.get("img_size") if isinstance(given, dict) else None
    if size is None and isinstance(stated, dict):
        size = (stated.get("input_size") or [])[1:]
    pair = size if isinstance(size, list | tuple) else [size, size]
    whole = [one for one in pair if isinstance(one, int) and 0 < one < 10**5]
    return dict(zip(("height", "width"), map(float, whole), strict=True)) if len(whole) == 2 else {}
