"""The documented example, examples/three-services.toml: its fleet, and every export of it before its tool."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import kubernetes_validate
import pytest
import yaml
from export_tools import DSTACK, NODE_POOL, SKY, read_command, sky_catalogue, tool
from terraform_schemas import TERRAFORM, complaints, providers

from whichgpu.export import able, export, names, read_back, source, targets
from whichgpu.export.model import back
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.plan.planning import plan
from whichgpu.planner.plan.reading import read

if TYPE_CHECKING:
    from whichgpu.planner.deployment import Deployment

EXAMPLE = Path(__file__).parent.parent / "examples" / "three-services.toml"
TODAY = date(2026, 11, 20)
#: Targets that serve language models alone, and those that start what is rented alone.
ENGINES, RENTING = ("vllm", "sglang", "trtllm"), ("karpenter", "terraform")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def answer():
    asked = replace(read(EXAMPLE, catalogue(), TODAY), seconds=6.0)
    return plan(asked, catalogue(), TODAY, explained=False)


@pytest.fixture(scope="module")
def made(answer) -> tuple[Deployment, ...]:
    return source.read(json.dumps(answer.to_dict()), "plan.json")


def test_it_is_a_fleet_within_its_limits(answer):
    assert answer.feasible
    h100, spot = 0.0, 0.0
    for one in answer.picks:
        gpus = one.by_hour * one.supply.gpu_count
        h100 = h100 + gpus * str(one.supply.gpu).startswith("h100")
        spot = spot + gpus * ((one.supply.provider, one.supply.kind) == ("aws", "spot"))
        assert one.supply.kind != "owned" or one.instances <= 2
    assert max(h100) <= 8
    assert max(spot) <= 8


@pytest.mark.parametrize("target", sorted(targets()))
def test_every_export_is_read_back(made, target):
    # What runs beside another on its machines is started there as well.
    run = {each.workload for one in made for each in (one, *one.beside)}
    assert run == {"llama-3.1-70b", "stable-diffusion-1.5", "whisper-large-v3"}
    kept, refused, there = able(made, target)
    owned = {one.name for one in made if one.term == "owned"}
    # Engines serve language models; what rents has nothing to do where machines are one's own.
    assert target in ENGINES or not refused
    assert {text.partition(":")[0] for text in there} == (owned if target in RENTING else set())
    assert "llama-3.1-70b" in {one.workload for one in kept}
    found = [one for file in export(kept, target) for one in read_back(file.text, target)]
    told = [back(one) for one in kept]
    if target in ENGINES:
        # An engine's command has the name of the language model, though another may be most of the
        # machine's work.
        found, told = ([one._replace(name="") for one in every] for every in (found, told))
    assert sorted(map(str, found)) == sorted(map(str, told))


def test_kubernetes_takes_it(made):
    for one in yaml.safe_load_all(export(made, "kubernetes")[0].text):
        kubernetes_validate.validate(one, "1.37", strict=True)


def test_karpenter_takes_it(made):
    rented = able(made, "karpenter").kept
    for one in yaml.safe_load_all(export(rented, "karpenter")[0].text):
        jsonschema.validate(one, NODE_POOL)


def _written(made: tuple[Deployment, ...], target: str, folder: Path) -> list[str]:
    for file in export(made, target):
        (folder / file.name).write_text(file.text)
    return [str(folder / file.name) for file in export(made, target)]


@pytest.mark.thorough
def test_skypilot_takes_it(made, tmp_path):
    home = sky_catalogue(tmp_path, made)
    said = tool("skypilot", SKY, *_written(made, "skypilot", tmp_path), home=home).splitlines()
    tasks = [line.split(maxsplit=3) for line in said if line.startswith("TASK")]
    assert [name for _, name, _, _ in tasks] == [one.name for one in made]
    for one, (*_, rest) in zip(made, tasks, strict=True):
        assert f"{{{names.gpu(one, 'skypilot')!r}: {one.gpus_per_node}}} {one.term == 'spot'}" in rest
        assert (one.region or "None") in rest


@pytest.mark.thorough
def test_dstack_takes_it(made, tmp_path):
    said = tool("dstack", DSTACK, *_written(made, "dstack", tmp_path)).splitlines()
    for one, line in zip(made, said, strict=True):
        kind, name, *_, count, price = line.split()
        assert (kind in ("service", "task"), name, int(count)) == (True, one.name, one.gpus_per_node)
        assert float(price) == pytest.approx(one.usd_per_hour)
        assert not one.region or f"['{one.region}']" in line


@pytest.mark.parametrize("target", ["vllm", "sglang", "trtllm", "slurm"])
def test_bash_and_shellcheck_take_it(made, target):
    for file in export(able(made, target).kept, target):
        judges = [["bash", "-n"]]
        if shutil.which("shellcheck"):
            # What a node must be told comes from outside (2154), and may be one word or none (2086); what one
            # service exports is of its own subshell (2030, 2031).
            judges.append(["shellcheck", "-e", "2154,2086,2030,2031", "-"])
        for judge in judges:
            ran = subprocess.run(judge, input=file.text, text=True, capture_output=True, check=False)
            assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("engine", ENGINES)
def test_engines_have_these_options(made, engine):
    started = {"vllm": ["vllm", "serve"], "sglang": ["python3", "-m"], "trtllm": ["trtllm-serve"]}[engine]
    for file in export(able(made, engine).kept, engine):
        lines = [shlex.split(line, comments=True) for line in file.text.replace("\\\n", " ").splitlines()]
        commands = [line for line in lines if line[: len(started)] == started]
        assert commands, file.text
        for words in commands:
            read_command(words)


@TERRAFORM
def test_terraform_takes_it(made, tmp_path):
    (file,) = export(able(made, "terraform").kept, "terraform")
    with providers("aws", "google", "azurerm") as env:
        assert complaints(file.text, tmp_path, **env) == ""
