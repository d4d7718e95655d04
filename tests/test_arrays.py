"""Small arrays without numpy's masked arrays: the same answers, and not imported on a cold start."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.cost.arrays import distinct, median

pytestmark = pytest.mark.slow

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


@given(NUMBERS)
def test_they_are_numpys(values):
    assert distinct(values).tolist() == np.unique(values).tolist()
    assert median(values) == pytest.approx(np.median(values), rel=1e-12, abs=1e-12)


def test_nothing_has_no_distinct_values():
    assert distinct([]).tolist() == []
    assert distinct(np.array([[2, 1], [2, 2]])).tolist() == [1, 2]


@pytest.mark.parametrize(
    "line",
    [
        ["fit", "llama-2-13b", "--gpu", "a10"],
        ["predict", "resnet50", "--gpu", "a10"],
        ["workload", "llama-3.1-8b"],
    ],
    ids=lambda line: line[0],
)
def test_a_cold_start_leaves_masked_arrays_out(line):
    code = (
        "import sys; from whichgpu.cli import main; main(sys.argv[1:]);"
        "sys.exit('numpy.ma' in sys.modules or 'whichgpu.hardware.local' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, *line], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
