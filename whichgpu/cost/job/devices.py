"""The devices that a job runs on: GPUs under its limits, in its machine, joined as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.gpu import hosts
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job import unread
from whichgpu.cost.job.support import as_met, as_seen
from whichgpu.cost.parallel.links import machine
from whichgpu.errors import UsageError
from whichgpu.units import parse
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cost.job.settling import Settled
    from whichgpu.hardware.gpu import Gpu


def devices_of(
    settled: Settled, gpus: Sequence[Gpu], narrow: bool | tuple[bool, ...] | None = None
) -> Devices:
    """GPUs as a settled job has them: under its power limit, in its machine, as its runtime uses them.

    `narrow` is that of `Devices` where runtimes of another one are joined to it.
    """
    options, stack = settled.job.options, settled.runtime
    cap, sums = options.get("power_limit"), stack.narrow if narrow is None else narrow
    format_ = precision(settled.job.precision)
    seen = [as_met(as_seen(gpu, settled.job.phase), format_, stack) for gpu in gpus]
    box = machine(options.get("system", ""))
    built = box.facts.get("module_power") if box else None
    most = np.inf if built is None else float(built.value)
    return Devices.of(
        seen, cap=most if cap is None else min(unread.power(cap), most), narrow=sums,
        system=options.get("system", ""), joined_by=nvlink(options.get("nvlink", "")),
        widens=stack.widens, launch=_launch(options.get("launch", "")),
        network=network(options.get("network", "")), node=node(options.get("gpus_per_node", "")),
        host=hosts.host(options.get("host", "")) or ("server" if stack.domain else ""),
    )  # fmt: skip


def _launch(text: str) -> float:
    """Seconds of a host for a launch, as a job states them; 0 where it does not."""
    seconds = unread.time("launch", text) if text else 0.0
    if text and not 1e-7 <= seconds <= 1e-3:
        raise UsageError(
            f"option launch: a host takes 0.1 us to 1 ms for a kernel, not {text}; write launch=20us"
        )
    return seconds


def nvlink(option: str) -> str:
    """What a job says of NVLink: "bridge" (cards have one), "none", "host" (copies off), or nothing.

    Raises `UsageError` for anything else.
    """
    said = option.strip().lower()
    if said not in ("", "bridge", "none", "host"):
        raise UsageError(f"option nvlink: '{option}' is not bridge, none or host; write e.g. nvlink=bridge")
    return said


#: GPUs of the largest machine: a rack that NVLink joins (GB200 NVL72).
_MOST_IN_ONE = 72


def network(option: str) -> float:
    """B/s that a job states from one machine to others, one way; 0 where it states none.

    Raises `UsageError` for what is no rate, or none that a machine has: 1 Gbit/s to 100 Tbit/s.
    """
    if not option:
        return 0.0
    rate = parse(option, "bit rate")
    if not 1e9 <= rate <= 1e14:
        raise UsageError(
            f"option network: a machine sends 1 Gbit/s to 100 Tbit/s, not {option}; write network=400Gbit/s"
        )
    return rate / 8.0


def node(option: str) -> float:
    """GPUs of one machine, as a job states them; 0 where it states none.

    Raises `UsageError` for what is no whole number of them, 1 to 72.
    """
    if not option:
        return 0.0
    text = option.strip()
    if not text.isdigit() or not 1 <= int(text) <= _MOST_IN_ONE:
        raise UsageError(
            f"option gpus_per_node: no machine has {option}, but 1 to {_MOST_IN_ONE}; write gpus_per_node=4"
        )
    return float(text)
