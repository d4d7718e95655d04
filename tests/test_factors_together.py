"""What a fit says of GPUs that are asked about together is what it says of each alone."""

import numpy as np
import pytest

from whichgpu.cost.calibration.effects import Fit, fit
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.runtimes import runtimes
from whichgpu.cost.timing.classes import OpClass
from whichgpu.hardware.catalogue import catalogue

#: Products of weights in 4 bits, in FP8 where a GPU has it, quantised and plain.
KINDS = tuple(OpClass("gemm", format_, "gemm") for format_ in ("nibble", "fp8", "quantised", "plain", "half"))


@pytest.mark.parametrize("stack", ["vllm", "llama-cpp", "tensorrt", "pytorch-2"])
def test_neighbours_change_no_factor(stack: str) -> None:
    places = Devices.of(list(catalogue().values())).traits
    effects, on = fit().effects, runtimes()[stack]
    for read in ("compute", "memory"):
        together = getattr(Fit(effects), read)(KINDS, places, on, trains=False)
        other_way = getattr(Fit(effects), read)(KINDS, places[::-1], on, trains=False)
        alone = [getattr(Fit(effects), read)(KINDS, (one,), on, trains=False) for one in places]
        np.testing.assert_allclose(together, np.concatenate(alone, axis=1), rtol=1e-12)
        np.testing.assert_array_equal(together, other_way[:, ::-1])
