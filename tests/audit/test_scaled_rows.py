"""Tables whose rows are of one and of several GPUs: what scales as nothing does."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

ROWS = {
    ("ResNet-50", 1): ("804", "1,210"), ("ResNet-50", 2): ("1,560", "2,330"),
    ("ResNet-50", 4): ("3,050", "4,480"), ("ResNet-152", 1): ("312", "470"),
    ("ResNet-152", 2): ("604", "905"), ("ResNet-152", 4): ("1,170", "1,740"),
}  # fmt: skip


def accused(changes: dict, head: str = "GPUs", unit: str = "images/s") -> list[str]:
    lines = [f"| Network | {head} | RTX A5000 ({unit}) | L40S ({unit}) |", "|---|---|---|---|"]
    for (network, number), speeds in {**ROWS, **changes}.items():
        lines.append(f"| {network} | {number} | {' | '.join(speeds)} |")
    found = audited("\n".join(lines).encode(), "a.md", catalogue(), corpus.TODAY).findings
    return [each.quote for each in found if each.accuses and each.attribute == "scaling"]


@pytest.mark.parametrize("head", ["GPUs", "# GPUs", "Number of GPUs", "Cards"])
def test_speeds_that_scale_as_they_may_are_right(head):
    assert not accused({}, head)


@pytest.mark.parametrize("speed", ["9,050", "1,020"])
def test_more_than_the_number_of_gpus_is_wrong(speed):
    assert speed in accused({("ResNet-152", 2): ("604", speed)})


def test_a_loss_among_gains_is_wrong():
    assert accused({("ResNet-50", 4): ("700", "4,480")})[0] == "700"


def test_times_and_prices_are_left_alone():
    times = {key: ("10", "8") for key in ROWS}
    assert not accused(times, unit="hours")
    assert not accused(times, unit="USD")
