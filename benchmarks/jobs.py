"""`predict --jobs` on 100,000 mixed rows: the median of three whole processes, rows/s, peak memory.

    python benchmarks/jobs.py [ROWS [MIX]]

Four mixes, each with one row in a hundred broken:

    measured   the rows of `data/measured/` (every workload family, GPU, precision and runtime there), each
               many times over with another batch
    made-up    24 workloads on 21 GPUs in any phase, format and runtime, each number stated or left open
    usual      the same workloads and GPUs in five runtimes, all numbers stated as people write them: batches
               of 1 to 512, powers of two; a language model served, read or trained
    evaluator  41 workloads of every kind on 60 GPUs, shuffled, as somebody writes them who tries the tool out

The budget of each is 5 s on two cores and 1 GB.
"""

from __future__ import annotations

import csv
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

from whichgpu.cost.calibration.measured import measured_rows
from whichgpu.cost.table.files import COLUMNS
from whichgpu.workloads.job import TRAINING
from whichgpu.workloads.workload import resolve

ROUNDS, ROWS, SECONDS, MEMORY = 3, 100_000, 5.0, 1e9
#: Bytecode is cached, as it is for anyone who starts a program twice.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
#: What breaks a row: the column, and what stands in it.
BROKEN = (
    ("batch", "nan"), ("batch", "inf"), ("batch", "-4"), ("batch", "0"), ("batch", "1e12"), ("batch", "lots"),
    ("gpu", "no-such-gpu"), ("workload", ""), ("metric", "speed"), ("precision", "fp17"), ("tp", "0.5"),
    ("phase", "dream"), ("resolution", "big"), ("options", "guidance"), ("unit", "parsecs"),
)  # fmt: skip


def measured(chance: random.Random) -> dict[str, str]:
    """A row of what was published, with other numbers."""
    row = dict(chance.choice(known_rows()))
    for name in ("batch", "concurrency", "input_tokens"):
        if row[name].isdigit() and chance.random() < 0.7:
            row[name] = str(max(1, round(int(row[name]) * chance.uniform(0.5, 1.5))))
    return row


@cache
def known_rows() -> list[dict[str, str]]:
    return [row for row in measured_rows() if row["metric"] != "ttft"]


#: Of the made-up rows: workloads with the most of each size that a row may state, by what makes them alike.
KINDS = (
    (("llama-2-7b", "llama-2-13b", "llama-3.1-8b", "llama-3.1-70b", "mistral-7b", "mixtral-8x7b", "gpt-j-6b",
      "qwen2.5-7b", "falcon-7b", "mpt-7b"),
     {"input_tokens": 4096, "output_tokens": 1024, "batch": 64, "concurrency": 64}),
    (("resnet50", "resnet152", "inception-v3", "googlenet", "mobilenet-v2", "vit-base-patch16-224", "vgg16",
      "efficientnet-b0", "densenet121"), {"batch": 512}),
    (("bert-large", "bert-base", "roberta-large"), {"batch": 256, "seq_len": 512}),
    (("sdxl", "stable-diffusion-1.5"), {"batch": 16, "steps": 50}),
)  # fmt: skip
#: The sizes of a language model that is trained.
LEARNING = {"batch": 16, "seq_len": 4096}
#: Formats, and runtimes of language models and of others; "" leaves them open.
GPUS = (
    "a10", "a10g", "a100-80gb-sxm", "a100-40gb-pcie", "h100-80gb-sxm", "h100-80gb-pcie", "h200-141gb-sxm",
    "l4", "l40s", "t4", "v100-16gb-sxm", "rtx-4090", "rtx-3090", "rtx-a6000", "rtx-a5000", "b200-180gb-sxm",
    "mi300x", "rtx-3060-12gb", "rtx-3080-10gb", "a40", "p100-16gb-pcie",
)  # fmt: skip
FORMATS = ("", "fp16", "bf16", "fp32", "fp8", "w4a16", "int8")
RUNTIMES = {
    True: ("", "vLLM", "TensorRT-LLM", "PyTorch eager", "llama.cpp", "SGLang"),
    False: ("", "PyTorch eager", "torch.compile", "TensorRT", "TensorFlow"),
}


def made_up(chance: random.Random) -> dict[str, str]:
    """Any job, each of its columns stated or not."""
    names, sizes = chance.choice(KINDS)
    speaks = "output_tokens" in sizes
    row = {**dict.fromkeys(COLUMNS, ""), "workload": chance.choice(names), "gpu": chance.choice(GPUS)}
    row["precision"], row["runtime"] = chance.choice(FORMATS), chance.choice(RUNTIMES[speaks])
    row["phase"] = chance.choice(("", *resolve(row["workload"]).phases))
    row["n_gpus"] = chance.choice(("", "1", "2", "4", "8"))
    row["tp"] = chance.choice(("", row["n_gpus"])) if speaks else ""
    for name, most in (LEARNING if speaks and row["phase"] in TRAINING else sizes).items():
        row[name] = str(chance.randint(1, most)) if chance.random() < 0.7 else ""
    row["metric"] = chance.choice(("throughput", "latency", "power", "energy", "peak_gpu_memory"))
    return row


#: Of the usual rows: what language models and others do, their formats and runtimes.
DOES = {True: ("serve", "serve", "decode", "prefill", "train"), False: ("infer", "generate", "train")}
USUAL = {
    True: (("fp16", "bf16", "fp8", "int8", "w4a16"),
           ("vLLM", "TensorRT-LLM", "SGLang", "llama.cpp", "PyTorch eager")),
    False: (("fp32", "fp16", "bf16", "int8"),
            ("PyTorch eager", "torch.compile", "TensorFlow", "TensorRT", "ONNX Runtime")),
}  # fmt: skip


def usual(chance: random.Random) -> dict[str, str]:
    """A job with all its numbers, as people write them."""
    names, sizes = chance.choice(KINDS)
    speaks = "output_tokens" in sizes
    row = {**dict.fromkeys(COLUMNS, ""), "workload": chance.choice(names),
           "gpu": chance.choice(GPUS)}  # fmt: skip
    row["phase"] = chance.choice([one for one in DOES[speaks] if one in resolve(row["workload"]).phases])
    formats, runtimes = USUAL[speaks]
    trains = row["phase"] in TRAINING
    row["precision"] = "amp-bf16" if trains else chance.choice(formats)
    row["runtime"] = "PyTorch eager" if trains else chance.choice(runtimes)
    row["n_gpus"] = chance.choice(("1", "2", "4", "8"))
    for name, most in (LEARNING if speaks and trains else sizes).items():
        row[name] = str(2 ** chance.randint(0, most.bit_length() - 1))
    row["metric"] = chance.choice(("", "", "throughput", "latency", "power", "energy"))
    return row


#: Of the evaluator's rows: how often each kind is drawn of a hundred, and its workloads.
TRIED = {
    "language": (35, "llama-2-7b llama-2-13b llama-2-70b llama-3.1-8b llama-3.1-70b mistral-7b mixtral-8x7b "
                     "qwen2.5-7b qwen2.5-14b qwen2.5-32b gemma-2-9b phi-3-mini falcon-7b "
                     "mpt-7b gpt-j-6b deepseek-v3"),
    "vision": (35, "resnet18 resnet50 resnet101 resnet152 vgg16 inception-v3 googlenet mobilenet-v2 "
                   "densenet121 efficientnet-b0 alexnet vit-base-patch16-224 convnext-tiny "
                   "ssd300-r34 mask-rcnn"),
    "encoder": (15, "bert-base bert-large roberta-large distilbert gpt2"),
    "pictures": (10, "stable-diffusion-1.5 sdxl flux.1-dev"),
    "other": (5, "whisper-large-v3 gnmt"),
}  # fmt: skip
TRIED_ON = (
    "a10", "a10g", "a16", "a2", "a30", "a40", "a100-40gb-pcie", "a100-40gb-sxm", "a100-80gb-pcie",
    "a100-80gb-sxm", "h100-80gb-pcie", "h100-80gb-sxm", "h100-94gb-nvl", "h200-141gb-sxm",
    "b200-180gb-sxm", "gh200-96gb", "l4", "l40", "l40s", "t4", "p4", "p40", "p100-16gb-pcie",
    "v100-16gb-pcie", "v100-16gb-sxm", "v100-32gb-sxm", "k80", "m60", "rtx-2060", "rtx-2070", "rtx-2080",
    "rtx-2080-ti", "rtx-3060-12gb", "rtx-3070", "rtx-3080-10gb", "rtx-3090", "rtx-3090-ti", "rtx-4060",
    "rtx-4070", "rtx-4080", "rtx-4090", "rtx-5070", "rtx-5080", "rtx-5090", "rtx-a4000", "rtx-a5000",
    "rtx-a6000", "rtx-6000-ada", "rtx-4000-ada", "titan-v", "titan-rtx", "gtx-1080-ti", "gtx-1070",
    "quadro-rtx-6000", "quadro-rtx-8000", "mi100", "mi210", "mi250x", "mi300x", "mi325x",
)  # fmt: skip
#: Sizes that the evaluator varies, by kind of workload.
VARIED = {
    "language": {"input_tokens": (128, 512, 1024, 2048), "output_tokens": (64, 128, 256, 512)},
    "encoder": {"seq_len": (128, 256, 384, 512)},
    "pictures": {"steps": (20, 30, 50), "batch": (1, 2, 4, 8)},
}


def evaluator(chance: random.Random) -> dict[str, str]:
    """A job as somebody writes it who tries out what the tool knows."""
    kind = chance.choices(list(TRIED), [often for often, _ in TRIED.values()])[0]
    speaks, sizes = kind == "language", VARIED.get(kind, {})
    row = {**dict.fromkeys(COLUMNS, ""), "workload": chance.choice(TRIED[kind][1].split()),
           "gpu": chance.choice(TRIED_ON), "batch": str(2 ** chance.randint(0, 9))}  # fmt: skip
    row["phase"] = chance.choice([one for one in DOES[speaks] if one in resolve(row["workload"]).phases])
    row["n_gpus"] = chance.choice(("1", "2", "4", "8") if speaks else ("1", "1", "2", "4", "8"))
    formats, runtimes = USUAL[speaks]
    if row["phase"] in TRAINING:
        formats = ("bf16",) if speaks else ("fp32", "amp-fp16", "amp-bf16", "fp16")
        runtimes = ("PyTorch eager", "") if speaks else ("PyTorch eager", "torch.compile", "TensorFlow", "")
        sizes = {"seq_len": (512, 1024, 2048, 4096)} if speaks else sizes
    elif speaks:
        row["tp"] = row["n_gpus"]
    row["precision"], row["runtime"] = chance.choice(formats), chance.choice(runtimes)
    row.update({name: str(chance.choice(known)) for name, known in sizes.items()})
    if row["phase"] == "serve":
        row["batch"], row["concurrency"] = "", str(2 ** chance.randint(0, 8))
    row["metric"] = chance.choice(("", "", "throughput", "latency", "power", "energy"))
    return row


MIXES = {"measured": measured, "made-up": made_up, "usual": usual, "evaluator": evaluator}


def rows(count: int, mix: str) -> list[list[str]]:
    """So many jobs of a mix, the same each time."""
    chance, made = random.Random(4), []
    for number in range(count):
        row = {**MIXES[mix](chance), "id": f"row-{number}"}
        if chance.random() < 0.01:
            column, text = chance.choice(BROKEN)
            row[column] = text
        made.append([row[name] for name in COLUMNS])
    return made


def run(jobs: Path, out: Path) -> tuple[float, float, float]:
    """Of one process from start to end: seconds, seconds of CPU, peak memory in B, with all it started."""
    began = time.perf_counter()
    program = [sys.executable, "-m", "whichgpu", "predict", "--jobs", str(jobs), "--out", str(out)]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    before, peak = resource.getrusage(resource.RUSAGE_CHILDREN), 0.0
    while process.poll() is None:
        peak = max(peak, memory(process.pid))
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"predict --jobs ended with {process.returncode}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu, peak


def memory(pid: int) -> float:
    """Proportional set size in B of a process and its children, where the system tells it."""
    total = 0.0
    for one in (pid, *children(pid)):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(float(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024.0


def children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    return max(report(count, mix) for mix in (sys.argv[2:3] or MIXES))


def report(count: int, mix: str) -> int:
    """Measure a mix and print its figures; 1 where they are over the budget."""
    with tempfile.TemporaryDirectory() as folder:
        jobs, out = Path(folder, "jobs.csv"), Path(folder, "out.csv")
        with jobs.open("w", newline="") as handle:
            csv.writer(handle).writerows([COLUMNS, *rows(count, mix)])
        runs = [run(jobs, out) for _ in range(ROUNDS)]
        with out.open(newline="") as handle:
            answers = list(csv.DictReader(handle))
    seconds, cpu = (statistics.median(one[i] for one in runs) for i in (0, 1))
    peak = max(one[2] for one in runs)
    refused = sum(1 for row in answers if row["error"])
    print(f"{mix}: {count:,} rows, {refused:,} refused, {len(os.sched_getaffinity(0))} cores")
    busy = f"load {os.getloadavg()[0]:.1f}"
    print(f"median {seconds:.2f} s ({count / seconds:,.0f} rows/s), {cpu:.2f} s of CPU, {busy}")
    if count == ROWS:
        shares = f"{seconds / SECONDS:.2f} of {SECONDS:g} s, {peak / MEMORY:.2f} of {MEMORY / 1e6:.0f} MB"
        print(f"of the budget: {shares}")
    print(f"peak {peak / 1e6:.0f} MB")
    late = count == ROWS and (seconds > SECONDS or peak > MEMORY)
    print("over the budget" if late else "ok")
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
