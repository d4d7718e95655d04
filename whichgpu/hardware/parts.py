"""A device made of another: the same facts with some numbers in place of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from whichgpu.facts import store
from whichgpu.hardware.fields import FIELDS, RATES
from whichgpu.units import DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.hardware.gpu import Gpu

    Asked = ParamSpec("Asked")
    Told = TypeVar("Told")

#: What follows the SMs of a part, and what follows its memory; power is shared out with the SMs.
_OF_SMS = ("sms", "cores", "tensor_cores", "rt_cores", "power", "rt", *RATES)
_OF_MEMORY = ("memory", "bandwidth", "l2")
#: What the board has and its guide does not share out: a part's own was not read.
_OF_BOARD = (
    "launch_price", "memory_bus", "memory_data_rate", "power_min", "power_max", "power_connectors",
    "suggested_psu", "slots", "board_length", "nvlink_links", "mig_max", "mig_profiles", "encoders",
    "decoders",
)  # fmt: skip
#: A part reaches no other GPU by NVLink or peer copies, so that parts do not work together.
_ALONE: Mapping[str, float] = {"nvlink": 0.0, "nvlink_per_direction": 0.0, "nvlink_gpus": 1.0}


#: Segments, and forms, of what comes with its machine, one to each.
_ALONE_SEGMENTS = ("laptop", "edge", "cpu")
_ON_CHIP_FORMS = ("SoC", "Jetson module")
_ALONE_FORMS = ("soldered (laptop)", "MXM module", *_ON_CHIP_FORMS)


def comes_alone(gpu: Gpu) -> bool:
    """Whether a GPU comes with its machine, one to each, so that several never stand in one."""
    return gpu.segment in _ALONE_SEGMENTS or gpu.value("form_factor") in _ALONE_FORMS


def is_on_chip(gpu: Gpu) -> bool:
    """Whether a GPU is one chip with its host, whose memory it works in (none goes over PCIe)."""
    return gpu.value("form_factor") in _ON_CHIP_FORMS


def machine_of(gpu: Gpu) -> str:
    """What is bought with a GPU whose price includes the machine that it is in."""
    if not comes_alone(gpu):
        return "with its part of a server"
    return "a whole laptop" if gpu.segment == "laptop" else "a whole computer"


def is_part(gpu: Gpu) -> bool:
    """Whether a device is part of a GPU, so that several do not work together."""
    return ":" in gpu.id


def kept(
    most: int,
) -> Callable[[Callable[Concatenate[Gpu, Asked], Told]], Callable[Concatenate[Gpu, Asked], Told]]:
    """`lru_cache` of what is told of a GPU, so many answers; of parts none, which it would hold with them.

    There is no end to the shares that one may write, and each is a device of its own with all its facts.
    """

    def made(tell: Callable[Concatenate[Gpu, Asked], Told]) -> Callable[Concatenate[Gpu, Asked], Told]:
        known: Any = lru_cache(maxsize=most)(tell)

        @wraps(tell)
        def told(gpu: Gpu, /, *asked: Asked.args, **named: Asked.kwargs) -> Told:
            found: Told = (tell if is_part(gpu) else known)(gpu, *asked, **named)
            return found

        return told

    return made


def works_alone(gpu: Gpu) -> bool:
    """Whether several never share a model: each comes with its machine, or is part of a GPU."""
    return is_part(gpu) or comes_alone(gpu)


def resized(gpu: Gpu, key: str, source: str = "derived", /, **values: float) -> Gpu:
    """The same device under another id, with these SI values, of that source, in place of its own.

    A part is named as one: A100 SXM4 80 GB (mig-3g.40gb).
    """
    raw = {name: [_text(name, value), source] for name, value in values.items()}
    _, _, part = key.partition(":")
    name = f"{gpu.name} ({part})" if part else gpu.name
    of_board = _OF_BOARD if part else ()
    whole = {field: fact for field, fact in gpu._raw.items() if field not in of_board}
    # Read as absent, so that its architecture implies none of them either.
    return replace(gpu, id=key, name=name, _raw={**whole, **raw}, _read=dict.fromkeys(of_board, ()))


@kept(256)
def without(gpu: Gpu, *fields: str) -> Gpu:
    """The same device as software meets it that has no kernels for some of its units, those of `fields`."""
    raw = {name: fact for name, fact in gpu._raw.items() if name not in fields}
    return replace(gpu, _raw=raw, _read=dict.fromkeys(fields, ()))


def scaled(gpu: Gpu, memory: float, sms: float) -> dict[str, float]:
    """The numbers of a part, SI, by its shares of memory and SMs, of what was read of the whole."""
    shares = {**dict.fromkeys(_OF_SMS, sms), **dict.fromkeys(_OF_MEMORY, memory)}
    known = {name: gpu.value(name) for name in (*shares, *_ALONE)}
    part = {
        name: float(value) * shares[name]
        for name, value in known.items()
        if name in shares and value is not None
    }
    return {**part, **{name: value for name, value in _ALONE.items() if known[name] is not None}}


@kept(64)
def one_device(gpu: Gpu) -> Gpu:
    """What a program sees as one GPU: of a package that appears as several devices, one of them."""
    several = 1 if is_part(gpu) else _devices().get(gpu.id, 1)
    if several == 1:
        return gpu
    own = scaled(gpu, 1.0 / several, 1.0 / several)
    # It reaches the others as the package does, unlike a share.
    return resized(gpu, gpu.id, **{name: value for name, value in own.items() if name not in _ALONE})


@cache
def _devices() -> Mapping[str, int]:
    """As how many devices the packages appear that are more than one, by their ids."""
    rows = store.load("packages")["packages"]["package"]
    return {key: row["devices"] for row in rows if "devices" in row for key in row.get("of", ())}


def _text(name: str, value: float) -> Any:
    dimension = FIELDS[name].dimension
    if dimension in DIMENSIONS:
        return f"{value:.12g} {DIMENSIONS[dimension].si}"
    return int(value) if value == int(value) else value
