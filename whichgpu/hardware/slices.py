"""Part of a GPU as a device: a MIG slice (`a100-80gb-sxm:mig-3g.40gb`) or a share (`rtx-4090:1/2`, `l4:50%`).

A slice has its own memory, L2, bandwidth and SMs (`data/mig.toml`); it reaches no other GPU by NVLink or peer
copies, so that slices do not work together. A share is what a process gets of a GPU that others use
as well: the fraction of memory that it is let have, and of everything else in the mean.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line
from whichgpu.facts import store
from whichgpu.facts.reading import read
from whichgpu.hardware.fields import FIELDS, RATES
from whichgpu.hardware.names import resolve, resolve_count
from whichgpu.units import DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: What follows the compute slices, and what follows the memory slices; power is shared out with the compute.
_OF_SMS = ("sms", "cores", "tensor_cores", "rt_cores", "power", *RATES)
_OF_MEMORY = ("memory", "bandwidth", "l2")
_ALONE: Mapping[str, float] = {"nvlink": 0.0, "nvlink_per_direction": 0.0, "nvlink_gpus": 1.0}

_PART = (
    r"(?i)^(?P<name>.*\S)\s*:\s*(?:mig-?(?P<profile>\d+g\.\d+gb(?:[+-][a-z.]+)?)"
    r"|(?P<over>\d{1,4})\s*/\s*(?P<under>\d{1,4})|(?P<percent>\d{1,3}(?:\.\d+)?)\s*%)$"
)
#: A part with a number of it.
_SEVERAL = r"^(?P<part>.*\S)\s*:\s*\d+$"


def resolve_device(text: str, catalogue: Catalogue) -> tuple[Gpu, int]:
    """A device as typed, and how many of it: `H100 SXM:8`, `a100-80gb-sxm:mig-3g.40gb`, `rtx-4090:1/2`.

    Raises `UsageError` as `resolve_count` does, and for a profile that the GPU does not have or a share
    that is not between nothing and all.
    """
    match = re.match(_PART, text.strip()) if ":" in text else None
    if match is None:
        several = re.match(_SEVERAL, text.strip()) if ":" in text else None
        if several and re.match(_PART, several["part"]):
            raise UsageError(
                f"'{one_line(text)}': parts of a GPU do not work together; write {several['part']}, or "
                "whole GPUs"
            )
        return resolve_count(text, catalogue)
    gpu = resolve(match["name"], catalogue)
    if match["profile"]:
        return _mig(gpu, match["profile"].lower()), 1
    from fractions import Fraction

    part = Fraction(int(match["over"]), int(match["under"]) or 1) if match["over"] else None
    part = Fraction(match["percent"]) / 100 if part is None else part
    if not 0 < part < 1:
        raise UsageError(
            f"'{one_line(text)}': a share is between nothing and all; write {gpu.id}:1/2 or {gpu.id}"
        )
    return _shared(gpu, part), 1


def is_part(gpu: Gpu) -> bool:
    """Whether a device is part of a GPU, so that several do not work together."""
    return ":" in gpu.id


def resized(gpu: Gpu, key: str, **values: float) -> Gpu:
    """The same device under another id, with these SI values in place of its own."""
    raw = {name: [_text(name, value), "derived"] for name, value in values.items()}
    return replace(gpu, id=key, _raw={**gpu._raw, **raw}, _read={})


def _text(name: str, value: float) -> Any:
    dimension = FIELDS[name].dimension
    if dimension in DIMENSIONS:
        return f"{value:.12g} {DIMENSIONS[dimension].si}"
    return int(value) if value == int(value) else value


@cache
def _mig(gpu: Gpu, profile: str) -> Gpu:
    base = re.split(r"[+-]", profile)[0]
    known = _profiles().get(gpu.id, {})
    row = known.get(base)
    if row is None:
        has = f"has {', '.join(known)}" if known else "cannot be sliced, or its profiles were not read"
        example = (
            f"; write e.g. {gpu.id}:mig-{next(iter(known))}" if known else f"; use {gpu.id}:1/2 for a share"
        )
        raise UsageError(f"no MIG profile '{profile}' of {gpu.id}: it {has}{example}")
    from fractions import Fraction

    where = f"data/mig.toml: {base}"
    memory, sms = float(Fraction(row["memory"])), float(Fraction(row["sms"]))
    units = gpu.value("sms")
    if "units" in row and units:
        sms = float(row["units"][0]) / float(units)
    values = _scaled(gpu, memory, sms)
    if "usable" in row:
        values["memory"] = read(row["usable"][0], "memory", where)
    return resized(gpu, f"{gpu.id}:mig-{profile}", **values)


@cache
def _shared(gpu: Gpu, part: Fraction) -> Gpu:
    return resized(gpu, f"{gpu.id}:{part}", **_scaled(gpu, float(part), float(part)))


def _scaled(gpu: Gpu, memory: float, sms: float) -> dict[str, float]:
    """The numbers of a part; what was not read of the whole is not known of the part."""
    shares = {**dict.fromkeys(_OF_SMS, sms), **dict.fromkeys(_OF_MEMORY, memory)}
    known = {name: gpu.value(name) for name in (*shares, *_ALONE)}
    part = {
        name: float(value) * shares[name]
        for name, value in known.items()
        if name in shares and value is not None
    }
    return {**part, **{name: value for name, value in _ALONE.items() if known[name] is not None}}


@cache
def _profiles() -> dict[str, dict[str, Any]]:
    """MIG profiles by GPU id."""
    groups = store.load("mig")["mig"]["group"].values()
    return {gpu: group["profile"] for group in groups for gpu in group["gpus"]}
