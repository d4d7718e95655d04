"""The tools that judge exports, where they are, and what each is asked (docs/export.md)."""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from terraform_schemas import KNOWN

from whichgpu.export.names import gpu

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.planner.deployment import Deployment

ROOT = Path(__file__).parent.parent
TOOLS = [Path(os.environ.get("WHICHGPU_TOOLS", "/nowhere")), ROOT / ".tools"]


def found_tool(name: str) -> Path | None:
    """Where a tool is, if it is there."""
    return next((folder / name for folder in TOOLS if (folder / name).exists()), None)


def tool(name: str, code: str, *arguments: str, home: Path | None = None) -> str:
    """What Python code prints in the environment of a tool."""
    there = found_tool(name)
    if there is None:
        pytest.skip(f"{name} is not there: see bin/make-tools, and WHICHGPU_TOOLS in docs/export.md")
    python = there / "bin" / "python"
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home or Path.home()),
        "SKYPILOT_DISABLE_USAGE_COLLECTION": "1",
    }
    ran = subprocess.run(
        [str(python), "-c", code, *arguments], capture_output=True, text=True, env=env, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


#: What the CRD of a NodePool (karpenter.sh/v1) demands and allows of the fields that we write.
_DIGITS = r"(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
_LIMIT = rf"^(\+|-)?{_DIGITS}(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?{_DIGITS}))?$"
_TIME = "^(([0-9]+(s|m|h))+)|(Never)$"


def _object(required: list[str], **properties: object) -> dict[str, object]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


TEXT = {"type": "string"}
TEXTS = {"type": "object", "additionalProperties": {"type": "string", "maxLength": 63}}
WORDS = {
    "type": "array",
    "maxItems": 100,
    "items": {**TEXT, "maxLength": 63, "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"},
}
NODE_POOL = _object(
    ["apiVersion", "kind", "metadata", "spec"],
    apiVersion={"const": "karpenter.sh/v1"}, kind={"const": "NodePool"},
    metadata={"type": "object", "required": ["name"]},
    spec=_object(
        ["template"],
        disruption=_object(
            ["consolidateAfter"], consolidateAfter={**TEXT, "pattern": _TIME},
            consolidationPolicy={"enum": ["WhenEmpty", "WhenEmptyOrUnderutilized"]},
            budgets={"type": "array", "maxItems": 50},
        ),
        limits={"type": "object", "additionalProperties": {"type": ["integer", "string"], "pattern": _LIMIT}},
        weight={"type": "integer", "minimum": 1, "maximum": 100},
        template=_object(
            ["spec"], metadata=_object([], labels=TEXTS, annotations={"type": "object"}),
            spec=_object(
                ["nodeClassRef", "requirements"], expireAfter={**TEXT, "pattern": _TIME},
                nodeClassRef=_object(
                    ["group", "kind", "name"], group={**TEXT, "pattern": "^[^/]+$"}, kind=TEXT, name=TEXT),
                requirements={"type": "array", "maxItems": 100, "items": _object(
                    ["key", "operator"], key={**TEXT, "maxLength": 316}, values=WORDS,
                    operator={"enum": ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]},
                    minValues={"type": "integer", "minimum": 1, "maximum": 50})},
                taints={"type": "array", "items": _object(
                    ["effect", "key"], key=TEXT, value=TEXT, timeAdded=TEXT,
                    effect={"enum": ["NoSchedule", "PreferNoSchedule", "NoExecute"]})},
            ),
        ),
    ),
)  # fmt: skip


SKY = """
import sys, sky, yaml
from sky.utils import common_utils, schemas
for path in sys.argv[1:]:
    config = yaml.safe_load(open(path))
    common_utils.validate_schema(config, schemas.get_task_schema(), "task: ")
    task = sky.Task.from_yaml(path)
    (resources,) = task.resources
    task.validate()
    print("TASK", task.name, task.num_nodes, resources.cloud, resources.region, resources.accelerators,
          resources.use_spot, task.service is not None)
"""


def sky_catalogue(folder: Path, deployments: Sequence[Deployment]) -> Path:
    """A home with a catalogue of the offers of some deployments, where SkyPilot would fetch its own."""
    columns = ["InstanceType", "AcceleratorName", "AcceleratorCount", "vCPUs", "MemoryGiB", "Price", "Region",
               "GpuInfo", "SpotPrice", "AvailabilityZone"]  # fmt: skip
    rows: dict[str, list[list[object]]] = {"aws": [], "gcp": [], "azure": []}
    names = set()
    for one in deployments:
        if one.provider not in rows:
            continue
        name, count, usd = gpu(one, "skypilot"), float(one.gpus_per_node), one.usd_per_hour
        zone = {"aws": f"{one.region}a", "gcp": f"{one.region}-a", "azure": ""}[one.provider]
        names.add(name)
        # Google prices machines and accelerators apart.
        parts = (
            [(one.instance, "", ""), ("", name, count)]
            if one.provider == "gcp"
            else [(one.instance, name, count)]
        )
        rows[one.provider] += [[*part, 16, 64, usd, one.region, "", usd, zone] for part in parts]
    home = folder / "home"
    for cloud, listed in rows.items():
        table = home / ".sky" / "catalogs" / "v8" / cloud / "vms.csv"
        table.parent.mkdir(parents=True)
        with table.open("w", newline="") as file:
            csv.writer(file).writerows([columns, *listed])
    common = home / ".sky" / "catalogs" / "v8" / "common"
    common.mkdir()
    clouds = "['AWS', 'GCP', 'Azure']"
    (common / "accelerators.csv").write_text(
        "AcceleratorName,Clouds\n" + "".join(f'{name},"{clouds}"\n' for name in sorted(names))
    )
    (common / "metadata.csv").write_text(
        "GPU,MemoryGB,Manufacturer\n" + "".join(f"{name},80,NVIDIA\n" for name in sorted(names))
    )
    return home


DSTACK = """
import sys, yaml
from dstack._internal.core.models.configurations import parse_run_configuration
for path in sys.argv[1:]:
    made = parse_run_configuration(yaml.safe_load(open(path)))
    gpu = made.resources.gpu
    rented = [one.value for one in made.backends or []], made.regions
    print(made.type, made.name, *rented, gpu.name, gpu.count.min, made.max_price)
"""


VLLM = """
import json, sys
import vllm.platforms as platforms
from vllm.platforms.cpu import CpuPlatform
platforms._current_platform = CpuPlatform()
from vllm.entrypoints.common.cli_args import make_arg_parser
from vllm.entrypoints.launchers import run_batch
from vllm.utils.argparse_utils import FlexibleArgumentParser
for words in map(json.loads, sys.argv[1:]):
    kind = make_arg_parser if words[1] == "serve" else run_batch.make_arg_parser
    made = kind(FlexibleArgumentParser()).parse_args(words[2:])
    split = made.tensor_parallel_size, made.pipeline_parallel_size, made.data_parallel_size
    print(*split, made.max_model_len, made.nnodes)
"""
SGLANG = """
import argparse, json, sys
from sglang.srt.server_args import ServerArgs
for words in map(json.loads, sys.argv[1:]):
    parser = argparse.ArgumentParser(allow_abbrev=False)
    ServerArgs.add_cli_args(parser)
    made = parser.parse_args(words[3:])
    print(made.tp_size, made.pp_size, made.dp_size, made.context_length, made.nnodes)
"""


def read_command(words: Sequence[str]) -> argparse.Namespace:
    """What an engine makes of the words of a command, by `tools/flags.toml`; fails where it refuses."""
    tables = tomllib.loads((ROOT / "tests" / "tools" / "flags.toml").read_text())
    name = next(key for key in tables if list(words[: len(key.split())]) == key.split())
    kinds: dict[str, dict[str, Any]] = {
        "text": {}, "whole": {"type": int}, "size": {"type": int}, "set": {"action": "store_true"},
    }  # fmt: skip
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    for flag, kind in tables[name].items():
        if flag == "arguments":
            if kind:
                parser.add_argument("model_tag", nargs=kind)
        else:
            parser.add_argument(flag, **(kinds[kind] if isinstance(kind, str) else {"choices": kind}))
    made, unknown = parser.parse_known_args(list(words[len(name.split()) :]))
    assert not unknown, f"{name} knows no {unknown}"
    return made


#: Attributes that any resource or data source has.
_META = {"provider", "count"}
_OF_TYPE = {"text": str, "whole": int, "number": (int, float), "yes": bool, "map": dict, "list": list}


def check_terraform(whole: Mapping[str, Any]) -> int:
    """How many resources and data sources there are, each held to `tools/terraform.toml`."""
    found = 0
    for section in ("resource", "data"):
        for kind, made in whole.get(section, {}).items():
            for name, block in made.items():
                own = {k: v for k, v in block.items() if k not in _META}
                _check_block(own, KNOWN[section][kind], f"{kind}.{name}")
                found += 1
    return found


def _check_block(block: Mapping[str, Any], known: Mapping[str, Any], where: str) -> None:
    assert not set(block) - set(known), f"{where} has no {set(block) - set(known)}"
    for key, kind in known.items():
        if isinstance(kind, dict):
            given = block.get(key, [])
            for one in given if isinstance(given, list) else [given]:
                _check_block(one, kind, f"{where}.{key}")
            continue
        assert key in block or not kind.endswith("!"), f"{where}.{key} is missing"
        # A template stands for a value of any kind.
        if key in block and not str(block[key]).startswith("${"):
            assert isinstance(block[key], _OF_TYPE[kind.rstrip("!")]), f"{where}.{key}: {block[key]}"
