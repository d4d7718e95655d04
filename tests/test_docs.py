"""The documents hold: every command is on its page as it is, and the examples run.

`python tests/test_docs.py` writes docs/cli.md anew.
"""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from test_serving_document import MARKED

from whichgpu.cli import group, main
from whichgpu.cli.commands import check

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "cli.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = sorted((ROOT / "whichgpu" / "cli" / "commands").glob("[!_]*.py"))
EXAMPLE = re.compile(r"^\s*(?:\$ |bin/)whichgpu (.+?)(?:\s+#.*)?$", re.MULTILINE)
INTRODUCTION = """\
# Commands

This page is made from the commands' own help (`python tests/test_docs.py`); a test keeps it so. Options that
several commands have alike stand once, before the commands; `-h` prints all of a command's.

Every command takes `--json` (one JSON document on stdout, numbers in SI units, with `schema_version`),
`--plain` (no colour, no drawn lines; also what a pipe gets), `--debug` and `-h`; `NO_COLOR` is honoured.
Messages go to stderr.

| exit status | meaning |
|---|---|
| 0 | done |
| 1 | internal error: run again with `--debug` and report it |
| 2 | wrong use: an unknown name, a quantity without a unit; the line says what to type |
| 3 | infeasible, or does not fit; the line says what binds and the smallest relaxation that works |
| 4 | data missing, stale or wrong |

With `--json` an error is a document too:
`{"schema_version": 1, "error": {"message": "...", "exit_code": 2}}`.

`WHICHGPU_DATA` may name a folder laid out as `whichgpu/data/`: its `gpus/*.toml`, `workloads/*.toml`,
`prices/*.csv` and `sources.toml` come on top of what ships, and `fits/own.toml` is what
`calibrate --with` learnt of your own stack. For GPUs alone, `--gpu-file` is enough.
"""


#: Options that several commands have alike, printed once: a heading, a command that has them, the options.
SHARED = (
    ("Common options", "doctor", ("--json", "--plain", "--debug", "--help")),
    ("Your own GPUs", "explain", ("--gpu-file", "--assume")),
    (
        "Job options", "predict",
        ("--phase", "--precision", "--runtime", "--resolution", "--concurrency", "--batch", "--seq-len",
         "--input-tokens", "--output-tokens", "--tp", "--pp", "--steps", "--option"),
    ),
    ("Form of the answer", "predict", ("--format",)),
    ("All of the answer", "predict", ("--all",)),
    (
        "Size of the job", "recommend",
        ("--epochs", "--samples", "--tokens", "--images", "--hours-of-audio", "--requests"),
    ),
    (
        "Options of a measurement", "bench device",
        ("--out", "--resume", "--compare", "--device", "--framework", "--python", "--toy", "--seconds",
         "--timeout", "--memory", "--seed", "--shared"),
    ),
)  # fmt: skip


def page() -> str:
    """docs/cli.md as it should be."""
    shared = [f"## {title}\n\n```text\n{listed(option_records(*rest))}\n```\n" for title, *rest in SHARED]
    sections = [f"## whichgpu {name}\n\n{usage(name)}\n" for name in group.names()]
    return "\n".join([INTRODUCTION, *shared, *sections])


def usage(name: str) -> str:
    """A command's help as in a terminal of 100 columns; options that others share by their heading."""
    command, context = in_context(name)
    records, also = option_records(name), []
    for title, *rest in SHARED:
        common = option_records(*rest)
        if all(each in records for each in common):
            records = [each for each in records if each not in common]
            also += [f"[{title}](#{title.lower().replace(' ', '-')})"] * (title != SHARED[0][0])
    formatter = context.make_formatter()
    command.format_usage(context, formatter)
    command.format_help_text(context, formatter)
    text = "\n".join(line.rstrip() for line in formatter.getvalue().strip().splitlines())
    own = f"\n\nOptions:\n{listed(records)}" if records else ""
    return f"```text\n{text}{own}\n```" + (f"\n\nAlso: {', '.join(also)}." if also else "")


def in_context(name: str) -> tuple[click.Command, click.Context]:
    """A command, and what its help is set out in."""
    parent = click.Context(
        group.whichgpu, info_name="whichgpu", terminal_width=100, help_option_names=["-h", "--help"]
    )
    command = group.whichgpu.get_command(parent, name)
    assert command is not None
    return command, click.Context(command, parent, info_name=name)


def option_records(name: str, wanted: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """What the help of a command says of its options, or of some of them."""
    command, context = in_context(name)
    every = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    asked = [each for each in every if not wanted or set(wanted) & set(each.opts)]
    return [record for each in asked if (record := each.get_help_record(context))]


def listed(records: list[tuple[str, str]]) -> str:
    """Options and their meanings, in two columns."""
    formatter = click.HelpFormatter(indent_increment=2, width=100)
    with formatter.indentation():
        formatter.write_dl(records)
    return "\n".join(line.rstrip() for line in formatter.getvalue().splitlines())


def test_the_page_of_commands_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python tests/test_docs.py"


def examples() -> list[str]:
    """Every `$ whichgpu ...` of the documents and of the commands' help."""
    texts = [path.read_text(encoding="utf-8") for path in (*PAGES, *COMMANDS)]
    found = {match[1] for text in texts for match in EXAMPLE.finditer(text)}
    # `calibrate` takes minutes, `bench` measures, `prices update` needs a network, `ask` answers, `serve`
    # does not end, `check --published` counts every model: other tests do them. What stands with its output
    # is run where that is held to it.
    alone = ("ask", "bench", "calibrate", "check --published", "prices update", "serve")
    shown = {match["line"] for text in texts for match in MARKED.finditer(text)}
    return sorted(line for line in found - shown if not line.startswith(alone))


CONFIG = """{"model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
"num_attention_heads": 32, "vocab_size": 32000}"""


def weights(folder):
    """A GGUF file of a small model."""
    from test_import_weights import gguf, llama

    gguf(folder / "model.gguf", *llama("Q4_K"))


def tensors(folder):
    """A safetensors file of a small model."""
    from test_import_weights import CONFIG as SMALL
    from test_import_weights import checkpoint, safetensors

    safetensors(folder / "model.safetensors", checkpoint())
    (folder / "config.json").write_text(json.dumps(SMALL))


def load_results(folder):
    """What two load generators wrote of a run."""
    from test_load_results import AIPERF, VLLM

    (folder / "run.json").write_text(json.dumps(VLLM))
    (folder / "profile_export_aiperf.json").write_text(json.dumps(AIPERF))


def graph(folder):
    """An ONNX file of one convolution."""
    onnx = pytest.importorskip("onnx", reason="needs onnx: pip install 'whichgpu[onnx]'")
    make, kind = onnx.helper, onnx.TensorProto.FLOAT
    filters = onnx.numpy_helper.from_array(np.zeros((8, 3, 3, 3), np.float32), "w")
    x = make.make_tensor_value_info("x", kind, ["batch", 3, 224, 224])
    y = make.make_tensor_value_info("y", kind, None)
    nodes = [make.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3])]
    imports = [make.make_opsetid("", 17)]
    model = make.make_model(
        make.make_graph(nodes, "net", [x], [y], [filters]), opset_imports=imports, ir_version=8
    )
    onnx.save(model, folder / "model.onnx")


def module(folder):
    """The module of docs/importers/torch.md, and the workload file that is saved of it."""
    page = (ROOT / "docs" / "importers" / "torch.md").read_text(encoding="utf-8")
    (folder / "model.py").write_text(page.partition("```python\n# model.py\n")[2].partition("```")[0])
    (folder / "my-model.toml").write_text(
        'name = "x"\nfamily = "traced"\n[dimensions]\n'
        'ops = [{ kind = "gemm", m = [0, 1], n = 8, k = 8, batch = 1, weights = 64, parameters = 64 }]\n'
    )


def plan(folder):
    """A plan as `plan --json` writes it."""
    from test_export import PLAN

    (folder / "plan.json").write_text(json.dumps({"deployments": [one.to_dict() for one in PLAN]}))


def pipeline(folder):
    """A folder of Diffusers."""
    from test_import_diffusers import PIPELINES, write

    (folder / "my-pipeline").mkdir()
    write(folder / "my-pipeline", PIPELINES["stable-diffusion-1.5"])


#: What makes the files that an example names.
MADE = {
    "my-pipeline": pipeline,
    "plan.json": plan,
    "model.gguf": weights,
    "model.safetensors": tensors,
    "model.onnx": graph,
    "model.py": module,
    "my-model.toml": module,
    "run.json": load_results,
    "profile_export_aiperf.json": load_results,
}
MEASURED = "workload,gpu,metric,unit,value\nresnet50,a10,throughput,images/s,1500\n"
#: The files that examples name.
FILES = {
    "config.json": CONFIG,
    "jobs.csv": "id,workload,gpu,n_gpus,metric,unit\n1,resnet50,a10,1,throughput,images/s\n",
    "measured.csv": MEASURED,
    "my-rows.csv": MEASURED,
    "requests.csv": "arrival,input,output\n0,800,120\n0.4,300,40\n1.1,1500,200\n",
    "my.toml": '[gpu.my-card]\nbase = "rtx-4090"\nbandwidth = "1.2 TB/s"\n',
    "article.md": "# Cards\n\nThe A10 has 24 GB of memory.\n",
    "page.html": "<html><body><p>The A10 has 24 GB of memory.</p></body></html>",
    "fleet.toml": '[[demand]]\nname = "images"\nrate = "90 images/s"\nredundancy = "N+1"\n'
    '[[option]]\nname = "h100"\nusd_per_hour = 2.5\ncapacity = { images = "30 images/s" }\n'
    '[[option]]\nname = "l4"\nusd_per_hour = 0.5\ncapacity = { images = "5 images/s" }\n',
    "whichgpu-guard.toml": '[[model]]\nname = "a"\nworkload = "resnet50"\ngpu = "l4"\n',
    "whichgpu-guard.json": '{"models": {"a": {"gpu": "l4", "n_gpus": 1, "unit": "images", '
    '"usd_per_unit": 1.0, "usd_per_gpu_hour": 1.0, "throughput": 1.0, "required": 1.0}}}',
    "my.csv": "provider,gpu,usd_per_hour\nmine,a10,0.5\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("line", examples())
@pytest.mark.thorough(every=4)
def test_examples_run(line, capfd, tmp_path, monkeypatch, forked):
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    for name, make in MADE.items():
        if name in line:
            make(tmp_path)
    if ".py:" in line:
        pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")
    if "transformers:" in line:
        pytest.importorskip("transformers", reason="needs transformers, for its module classes")
    monkeypatch.chdir(tmp_path)
    # Every model is counted against what is published in tests of its own.
    monkeypatch.setattr(check, "_workloads", list)
    out = ""
    for part in line.split(" | whichgpu "):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(out.encode())))
        # 3 is an answer too: nothing meets the request, and why.
        assert main(shlex.split(part)) in (0, 3), capfd.readouterr().err
        out, err = capfd.readouterr()
    assert out or err


def test_every_importer_has_a_page():
    from whichgpu.workloads.importing import importers

    pages = {path.stem for path in (ROOT / "docs" / "importers").glob("*.md")}
    assert pages == {name.partition("_")[0] for name in importers()}
    overview = (ROOT / "docs" / "importers.md").read_text(encoding="utf-8")
    assert all(f"](importers/{page}.md" in overview for page in pages)
    for page in pages:
        assert EXAMPLE.search((ROOT / "docs" / "importers" / f"{page}.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_between_the_documents_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
