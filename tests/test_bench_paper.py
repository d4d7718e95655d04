"""The measuring process as on a GPU, end to end, on a stand-in of `torch.cuda` (`cuda_of_paper.py`)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).with_name("cuda_of_paper.py")


@pytest.fixture(scope="module")
def found() -> Any:
    pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(PROGRAM)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_every_task_gives_rows_of_the_card_and_leaves_nothing_out(found):
    assert {name: one["left out"] for name, one in found.items() if one["left out"]} == {}
    assert {row["gpu"] for one in found.values() for row in one["rows"]} == {"h100-80gb-sxm"}
    assert len(found["gemm"]["rows"]) == 2 * 4 + 2 + 1, "in both layouts, FP8 fast and exact, INT8 transposed"
    copies = [row["options"] for row in found["memory"]["rows"] if row["workload"] == "micro/copy"]
    assert copies == [f"bytes={size};from={of};by={by}" for size, of in ((4096, "cache"), (2**22, "memory"))
                      for by in ("driver", "kernel")]  # fmt: skip
    kinds = [row["options"] for row in found["transfer"]["rows"]]
    assert kinds[-2:] == [
        "bytes=4096;kind=host and device both ways, pinned", "bytes=4096;kind=device 0 to 1, peer",
    ]  # fmt: skip


def test_jobs_tell_what_only_a_gpu_does(found):
    for name in ("amp", "amp captured", "captured", "inference captured"):
        metrics = [row["metric"] for row in found[name]["rows"]]
        assert metrics[0] == "throughput", name
        assert metrics[-2:] == ["peak_gpu_memory", "max_memory_reserved"], name
        # A replay allocates nothing: what a captured step takes is seen before.
        peak = float(found[name]["rows"][-2]["value"])
        assert peak == pytest.approx(1.0 if "captured" in name else 2.0**-10), name
    assert found["amp"]["rows"][0]["options"] == "layout=nhwc"
    told = found["sustained"]["telemetry"]
    assert (told["energy_from"], told["power"]) == ("hardware counter", pytest.approx(300.0, rel=0.02))
