"""`guard`: models that no longer fit, or have become too dear, and the hook and the action that run it."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import whichgpu as package

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
LIST = """
most = "5 %"
[[model]]
name = "chat"
workload = "model/config.json"
gpu = "a10"
phase = "serve"
precision = "fp16"
concurrency = 8
usd_per_gpu_hour = 0.8
[[model]]
name = "images"
workload = "stable-diffusion-1.5"
gpu = "l4"
most = "50 %"
"""


def config(folder: Path, layers: int) -> None:
    (folder / "model").mkdir(exist_ok=True)
    (folder / "model" / "config.json").write_text(json.dumps({
        "model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": layers,
        "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000,
    }))  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whichgpu) -> Path:
    """A repository with a list of models and a baseline."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "whichgpu-guard.toml").write_text(LIST)
    config(tmp_path, 24)
    assert whichgpu("guard", "--update").status == 0
    return tmp_path


def test_what_did_not_change_passes(whichgpu, here: Path) -> None:
    told = whichgpu("guard", "--json")
    assert told.status == 0, told.err
    chat, images = told.json["models"]
    assert chat["change"] == pytest.approx(0.0)
    assert images["fits"]
    # The cost follows from what predict says.
    said = package.predict("stable-diffusion-1.5", "l4")
    cost = images["cost"]
    assert cost["throughput"] == pytest.approx(said.throughput.mid)
    assert cost["usd_per_unit"] == pytest.approx(cost["usd_per_gpu_hour"] / 3600 / said.throughput.mid)


def test_a_dearer_model_fails_with_the_share(whichgpu, here: Path) -> None:
    config(here, 28)
    told = whichgpu("guard", "--json")
    assert told.status == 3
    (chat, images) = told.json["models"]
    assert chat["change"] == pytest.approx(
        chat["baseline"]["throughput"] / chat["cost"]["throughput"] - 1.0, rel=1e-6
    )
    assert 0.05 < chat["change"] < 0.3
    assert images["problem"] == ""
    said = whichgpu("guard").err
    assert "5 % are allowed" in said
    assert "the price of the GPU is as it was" in said
    # A dearer GPU is told apart from a slower model.
    config(here, 24)
    (here / "whichgpu-guard.toml").write_text(LIST.replace("0.8", "1.0"))
    assert "its speed is as it was, the price of the GPU makes it 25.0 % dearer" in whichgpu("guard").err


def test_a_small_change_and_a_cheaper_model_pass(whichgpu, here: Path) -> None:
    (here / "whichgpu-guard.toml").write_text(LIST.replace("0.8", "0.83"))
    assert whichgpu("guard").status == 0
    config(here, 12)
    assert whichgpu("guard").status == 0


def test_a_model_that_no_longer_fits_fails(whichgpu, here: Path) -> None:
    config(here, 80)
    told = whichgpu("guard")
    assert told.status == 3
    assert "chat: " in told.err
    assert "does not fit on a10" in told.err


def test_a_model_without_a_baseline_is_not_passed_over(whichgpu, here: Path) -> None:
    (here / "whichgpu-guard.toml").write_text(LIST.replace('"images"', '"pictures"'))
    told = whichgpu("guard")
    assert (told.status, "pictures: it is not in the baseline" in told.err) == (4, True)
    (here / "whichgpu-guard.toml").write_text(LIST.replace('gpu = "l4"', 'gpu = "l40s"'))
    assert "the baseline is of 1 x l4" in whichgpu("guard").err
    (here / "whichgpu-guard.json").unlink()
    assert whichgpu("guard").status == 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no models"),
        ("model = 3", "names no models"),
        ("model = [3]", "is no table"),
        ("[[model]", "Expected|expected|Invalid|at end"),
        (LIST.replace("phase", "phse"), "no key 'phse'; did you mean 'phase'"),
        (LIST.replace('gpu = "a10"', ""), "'gpu' is missing"),
        (LIST.replace('"a10"', '"h100"'), "model 1: .*h100-80gb-sxm"),
        (LIST.replace('"5 %"', "5"), "is no share"),
        (LIST.replace("0.8", "-1"), "is no price"),
        (LIST.replace('"images"', '"chat"'), "two models are called 'chat'"),
        (LIST.replace("stable-diffusion-1.5", "stable-difusion"), "model 2: no workload"),
    ],
)
def test_a_broken_list_is_told(text: str, words: str, whichgpu, here: Path) -> None:
    (here / "whichgpu-guard.toml").write_text(text)
    told = whichgpu("guard")
    assert told.status == 2
    assert re.search(words, told.err), told.err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"models": {"chat": {"gpu": "l4"}}}', '{"models": 3}'])
def test_a_broken_baseline_is_told(text: str, whichgpu, here: Path) -> None:
    (here / "whichgpu-guard.json").write_text(text)
    told = whichgpu("guard")
    assert (told.status, "write it again with --update" in told.err) == (2, True), told.err


# --- the hook and the action -------------------------------------------------------------------------------


def test_the_hook_runs_where_a_model_changes(whichgpu, here: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {"id", "name", "entry", "language"} <= set(hook)
    changed = ("model/config.json", "config.json", "whichgpu-guard.toml", "a/whichgpu-guard.json")
    assert all(re.search(hook["files"], path) for path in changed)
    assert not re.search(hook["files"], "tsconfig.json")
    name, *words = shlex.split(hook["entry"])
    assert name == "whichgpu"
    assert whichgpu(*words).status == 0


def _steps() -> tuple[dict[str, object], list[dict[str, object]]]:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    return action, action["runs"]["steps"]


def test_the_action_is_one() -> None:
    action, steps = _steps()
    assert {"name", "description", "inputs", "runs"} <= set(action)
    assert all(("uses" in step) != ("run" in step) for step in steps)
    assert all(step["shell"] == "bash" for step in steps if "run" in step)
    # What a pull request may name goes through the environment, and never into a script.
    assert not any("${{" in str(step.get("run")) for step in steps)


@pytest.mark.slow
@pytest.mark.parametrize(("layers", "status"), [(24, 0), (28, 3)])
def test_the_action_fails_as_the_guard_does(layers: int, status: int, here: Path) -> None:
    config(here, layers)
    command = here / "bin" / "whichgpu"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m whichgpu "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    script = str(_steps()[1][-1]["run"])
    env = {
        "PATH": f"{command.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(here),
        "XDG_DATA_HOME": str(here), "FILE": "whichgpu-guard.toml", "BASELINE": "", "RUNNER_TEMP": str(here),
        "GITHUB_OUTPUT": str(here / "output"), "GITHUB_STEP_SUMMARY": str(here / "summary"),
    }  # fmt: skip
    # GitHub runs `shell: bash` with these options.
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == status, ran.stderr
    assert "chat" in (here / "summary").read_text()
    verdicts = (here / "output").read_text().strip().partition("=")[2]
    assert json.loads(Path(verdicts).read_text())["models"][0]["name"] == "chat"
