"""Several GPUs that are said to be faster than one by more than their number."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("With two cards instead of one the throughput grows by a factor of 2.3.", True),
        ("With two cards instead of one the throughput grows by a factor of 1.9.", False),
        ("Going from one GPU to two more than doubles throughput.", True),
        ("Going from one GPU to two nearly doubles throughput.", False),
        ("Four A100s train 4.6 times as fast as one A100.", True),
        ("Four A100s train 3.6 times as fast as one A100.", False),
        ("Two GPUs are not 2.4 times as fast as one.", False),
        ("Two GPUs of a newer kind are 2.4 times as fast as one.", False),
        ("Two RTX 4090s are 2.3 times as fast as one A100.", False),
        ("With four GPUs we measured a 5x speedup over a single GPU.", True),
    ],
)
def test_nothing_scales_better_than_linear(text, wrong):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
    assert bool(found) is wrong
