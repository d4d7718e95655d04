"""The public surface, frozen: to grow it is a deliberate change of these lists."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

import whichgpu as package
from whichgpu.cli import group

EXPORTS = [
    "DataError", "Fact", "Infeasible", "Interval", "Source", "UsageError", "WhichGpuError", "__version__",
    "audit", "compare", "fit", "gpu", "gpus", "job", "predict", "recommend", "sweep", "workload",
]  # fmt: skip
COMMON = ["--debug", "--json", "--plain"]
JOB = [
    "--batch", "--concurrency", "--input-tokens", "--option", "--output-tokens", "--phase", "--pp",
    "--precision", "--resolution", "--runtime", "--seq-len", "--steps", "--tp",
]  # fmt: skip
COMMANDS = {
    "audit": ["--all", "--fail-on", "--format", "--gpu-file"],
    "calibrate": ["--dry-run"],
    "validate": ["--by", "--gpu-file", "--page"],
    "check": ["--all", "--gpu-file", "--published"],
    "compare": ["--format", "--gpu-file", "--workload", *JOB],
    "doctor": [],
    "explain": ["--gpu-file"],
    "fit": ["--format", "--gpu", "--gpu-file", "--together", *JOB],
    "gpus": ["--columns", "--family", "--gpu-file", "--limit", "--max", "--min", "--reverse", "--segment",
             "--sort", "--vendor", "--where"],
    "predict": ["--curve", "--explain", "--gpu", "--gpu-file", "--grid", "--jobs", "--out", "--pue", "--slo",
                "--usd-per-gpu-hour", *JOB],
    "prices": ["--gpu-file", "--history", "--limit", "--provider", "--term"],
    "prices judge": ["--gpu-file"],
    "prices own": ["--electricity", "--gpu-file", "--host", "--hours-per-day", "--price", "--pue", "--rent",
                   "--resale", "--years"],
    "prices spot": ["--checkpoint", "--gpu-file", "--gpus", "--hours", "--restart", "--saving"],
    "prices update": ["--from", "--source"],
    "recommend": ["--budget", "--gpu-file", "--gpus", "--latency", "--limit", "--needs", "--offers",
                  "--providers", "--target", "--term", "--why-not", *JOB],
    "sweep": ["--format", "--global-batch", "--gpu-file", "--gpus", "--scaling", "--system", "--tokens",
              "--top", "--usd-per-gpu-hour", *JOB],
    "show": ["--gpu-file", "--sources"],
    "workload": ["--format", "--from", "--gpus", "--input", "--save", *JOB],
    "workloads": [],
}  # fmt: skip


def test_exports():
    assert sorted(package.__all__) == sorted(EXPORTS)
    assert dir(package) == sorted(EXPORTS)
    assert all(getattr(package, name) is not None for name in EXPORTS)


def test_an_unknown_export_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = package.nonsense


def test_import_brings_in_nothing_but_the_standard_library():
    heavy = {"numpy", "click", "rich", "whichgpu.api"}
    code = f"import sys; import whichgpu; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_commands():
    assert group.names() == sorted(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_options(name):
    command = group.whichgpu.get_command(click.Context(group.whichgpu), name)
    assert command is not None
    found = [option for param in command.params if isinstance(param, click.Option) for option in param.opts]
    assert sorted(found) == sorted([*COMMON, *COMMANDS[name]])


def test_the_api_answers_as_the_commands_do(whichgpu):
    assert package.gpu("L4").value("cores") == 7424
    assert package.workload("resnet-50").id == "resnet50"
    assert "l4" in package.gpus()
    answer = package.recommend("resnet50", target="1000 images/s", gpus=["l4"], batch=8)
    told = whichgpu(
        "recommend", "resnet50", "--target", "1000 images/s", "--gpus", "l4", "--batch", "8", "--json"
    )
    assert told.json["candidates"][0]["instances"] == answer.candidates[0].instances
    assert str(answer)


def test_the_api_says_what_to_type():
    with pytest.raises(package.UsageError, match="no job column 'bacth'"):
        package.job("resnet50", bacth=4)
    with pytest.raises(package.WhichGpuError, match="neither a number nor max"):
        package.job("resnet50", concurrency="lots")
