"""The public surface, frozen: to grow it is a deliberate change of these lists."""

from __future__ import annotations

import re
import subprocess
import sys

import click
import pytest

import whichgpu as package
from whichgpu.cli import group

EXPORTS = [
    "DataError", "Fact", "Infeasible", "Interval", "Source", "UsageError", "WhichGpuError", "__version__",
    "audit", "compare", "compat", "diagnose", "fit", "gpu", "gpus", "job", "plan", "predict", "recommend",
    "sweep", "workload",
]  # fmt: skip
COMMON = ["--debug", "--json", "--plain"]
JOB = [
    "--batch", "--concurrency", "--input-tokens", "--option", "--output-tokens", "--phase", "--pp",
    "--precision", "--resolution", "--runtime", "--seq-len", "--steps", "--tp",
]  # fmt: skip
#: The size of a job.
SIZE = ["--epochs", "--hours-of-audio", "--images", "--requests", "--samples", "--tokens"]
#: Of what measures.
BENCH = [
    "--compare", "--device", "--framework", "--memory", "--out", "--python", "--resume",
    "--seconds", "--seed", "--shared", "--timeout", "--toy",
]  # fmt: skip
#: A user's own GPUs.
OWN = ["--assume", "--gpu-file"]
COMMANDS = {
    "ask": [*OWN],
    "audit": ["--all", "--fail-on", "--format", *OWN],
    "bench import": ["--format", *OWN, "--gpu", "--out", "--resume", "--workload", *JOB],
    "bench serve-load": [
        "--api", "--burstiness", "--concurrency", *OWN, "--gpu", "--input-tokens", "--key-env", "--model",
        "--out", "--output-tokens", "--pp", "--precision", "--rate", "--requests", "--resume", "--runtime",
        "--seconds", "--seed", "--shared-prefix", "--silence", "--slo", "--timeout", "--tp", "--warmup",
        "--workload",
    ],
    "calibrate": ["--dry-run", *OWN, "--out", "--with"],
    "bench": ["--compare"],
    "bench device": ["--sold-as", *BENCH],
    "bench replay": ["--from", *BENCH],
    "bench run": ["--gpus", "--largest-batch", *BENCH, *JOB],
    "bench suite": ["--cluster", "--only", *BENCH],
    "validate": [
        "--by", "--gpu", *OWN, "--option", "--page", "--precision", "--runtime", "--tp", "--workload",
    ],
    "check": ["--all", *OWN, "--fields", "--published"],
    "compare": ["--all", "--format", *OWN, "--workload", *JOB],
    "compat": ["--feature", "--format", "--framework", *OWN, "--precision", "--system"],
    "completion": [],
    "diagnose": ["--format", "--gpu", *OWN, "--measured", *JOB],
    "doctor": [],
    "explain": [*OWN],
    "export": ["--model", "--name", "--out", "--rank", "--run", "--to"],
    "fit": ["--all", "--format", "--gpu", *OWN, "--together", *JOB],
    "gpus": [*OWN, "--columns", "--family", "--like", "--limit", "--max", "--min", "--needs", "--reverse",
             "--segment", "--sort", "--timeline", "--vendor", "--where", "--within"],
    "plan": ["--all", "--format", *OWN, "--pareto", "--time-limit", "--what-if", "--why-not"],
    "guard": ["--baseline", *OWN, "--update"],
    "mcp": ["--list"],
    "predict": ["--all", "--anchor", "--bytes", "--calibration", "--curve", "--explain", "--family",
                "--flops", "--format", "--gpu", *OWN, "--grid", "--jobs", "--out", "--pue",
                "--rate", "--slo", "--trace", "--usd-per-gpu-hour", *SIZE, *JOB],
    "prices": ["--cheapest", "--format", "--gpus", *OWN, "--history", "--hours", "--limit", "--needs",
               "--provider", "--providers", "--quarantine", "--where", "--region", "--term"],
    "prices cost": [*SIZE, "--busy", "--checkpoint", "--discount", "--egress", "--format", *OWN, "--gpu",
                    "--grid", "--hours-per-day", "--price", "--providers", "--region", "--storage",
                    "--target", "--throughput", *JOB],
    "prices judge": [*OWN],
    "prices own": ["--cooling", "--electricity", "--format", *OWN, "--gpus", "--grid", "--host",
                   "--hours-per-day", "--load", "--price", "--pue", "--rent", "--resale", "--years"],
    "prices spot": ["--checkpoint", *OWN, "--gpus", "--hours", "--interruption", "--restart", "--saving"],
    "prices update": ["--from", "--source"],
    "recommend": ["--all", "--api-price", "--budget", "--deadline", "--energy", "--epochs", "--exclude",
                  "--format", "--framework", *OWN, "--gpus", "--hours-of-audio", "--images", "--latency",
                  "--limit", "--machine", "--max-power", "--max-slots", "--min-memory", "--needs",
                  "--objective", "--offers", "--pause", "--power-limit", "--providers", "--rate",
                  "--region", "--requests", "--samples", "--slo", "--system", "--target", "--term",
                  "--tokens", "--users", "--why-not", *JOB],
    "report": ["--out"],
    "serve": ["--host", "--log", "--port", "--rate-limit"],
    "site": ["--base", "--charts", "--limit"],
    "sweep": ["--all", "--format", "--global-batch", *OWN, "--gpus", "--scaling", "--system", "--tokens",
              "--top", "--usd-per-gpu-hour", "--within", *JOB],
    "show": [*OWN, "--field", "--format", "--machine", "--sources", "--workload", *JOB],
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


def test_a_job_is_predicted_and_changed_as_its_name_is():
    known = package.job("bert-large", phase="train", batch=16, precision="fp16", options={"grad_accum": "2"})
    assert package.predict(known, "a10") == package.predict(
        "bert-large", "a10", phase="train", batch=16, precision="fp16", options={"grad_accum": "2"}
    )
    wider = package.job(known, batch=32)
    assert (wider.batch, wider.options) == (32, known.options)
    with pytest.raises(package.UsageError, match="no job column 'bacth'"):
        package.job(known, bacth=3)


def test_an_argument_that_is_misspelt_is_told_the_nearest() -> None:
    for given, near in (("gpu", "gpus"), ("batch_size", "batch")):
        with pytest.raises(package.WhichGpuError, match=f"no job column '{given}'; did you mean '{near}'"):
            package.fit("sdxl", **{given: "4"})


def test_a_rate_of_a_server_says_of_how_many_and_what_each_sees() -> None:
    told = package.predict("llama-3.1-8b", "l4", concurrency=8)
    assert str(told).endswith(f"; 8 requests in flight, {1.0 / told.tpot.mid:.3g} tokens/s each")
    alone = str(package.predict("llama-3.1-8b", "l4", concurrency=1))
    assert re.search(r"; one request in flight, [\d.]+ tokens/s once it answers$", alone)
    assert "in flight" not in str(package.predict("llama-3.1-8b", "l4", phase="decode"))


def test_a_text_that_is_given_for_a_file_is_told_how_to_be_one() -> None:
    text = "The RTX 4090 has 32 GB of memory."
    with pytest.raises(package.WhichGpuError, match=r"is no file; .*audit\(text.encode\(\)\)"):
        package.audit(text)
    assert package.audit(text.encode()).findings


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (lambda: package.recommend("resnet50", target=5), "'5' is not a rate"),
        (lambda: package.recommend("resnet50", budget=20), "'20' has no unit"),
        (lambda: package.predict("resnet50", ["a10", "l4"]), "gpu: .* is no text"),
        (lambda: package.predict("resnet50", "a10", precision=5), "no precision '5'"),
        (lambda: package.diagnose("resnet50", "a10", 850), "'850' is not a measured figure"),
        (lambda: package.fit(None), "workload: None is no text"),
        (lambda: package.plan(5), "as its file or as a mapping"),
    ],
)
def test_what_is_no_text_is_a_fault_that_says_so(asked, why: str) -> None:
    with pytest.raises(package.UsageError, match=why):
        asked()


def test_a_gpu_a_workload_and_a_number_stand_for_what_is_typed_of_them() -> None:
    known = package.predict("resnet50", "a10").to_dict()
    assert known == package.predict(package.workload("resnet50"), package.gpu("a10")).to_dict()
    assert known["predicted"] == {"value": known["throughput"], "basis": known["basis"]}
    assert known["value"] == known["throughput"]
    told = package.recommend("resnet50", phase="train", epochs=90, gpus="a10,l4", needs="ecc").to_dict()
    assert {one["gpu"] for one in told["candidates"]} == {"a10", "l4"}
    assert [one["gpu"] for one in package.fit("sdxl", "a10, l4").to_dict()["answers"]] == ["a10", "l4"]


@pytest.mark.parametrize("form", ["q4_k_m", "mlx-4bit", "w4a16", "bf16"])
def test_a_format_has_one_engine_at_every_door(form: str) -> None:
    """Where no runtime is named it is the one that reads the format, whatever is asked of the job."""
    gpu = "apple-m3-max-40c" if form.startswith("mlx") else "rtx-3090"
    job = package.job("llama-3.1-8b", precision=form, concurrency=1)
    named = package.predict(job, gpu).runtime
    ranked = package.recommend("llama-3.1-8b", precision=form, concurrency=1, gpus=[gpu], term="any")
    assert {one.estimate.runtime for one in ranked.candidates} <= {named}
    beside = package.compare([gpu, "rtx-4090"], [job]).to_dict()["workloads"][0]
    assert beside["results"].get(gpu, {"runtime": named})["runtime"] == named
    assert package.fit(job, gpu).to_dict()["runtime"] == named
