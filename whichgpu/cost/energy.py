"""Power of one GPU under load, from how busy its arithmetic and its memory are.

    P = TDP * min(cap, idle + a * MBU + b * sqrt(MFU))

MFU is the share of the peak that matrix products use over the whole pass, MBU that of the
bandwidth. The form follows published serving traces, where power saturates near the limit long
before either share reaches one; the coefficients are priors (`data/fits/prior.toml`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.device import Devices
    from whichgpu.cost.time import Timing


def watts(timing: Timing, devices: Devices) -> NDArray[np.float64]:
    """Mean W of one GPU during the pass, (G, J); NaN where its power limit is not in the catalogue."""
    c = section("power")
    mfu = np.clip(timing.work / timing.seconds, 0.0, 1.0)
    mbu = np.clip(timing.traffic / devices.bandwidth / timing.seconds, 0.0, 1.0)
    share = c["share_idle"] + c["share_memory"] * mbu + c["share_compute"] * np.sqrt(mfu)
    return np.asarray(devices.power * np.minimum(share, c["share_cap"]))
