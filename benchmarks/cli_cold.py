"""Cold starts of whole processes: the median of nine, of a module's import of three; peak memory, budgets.

    python benchmarks/cli_cold.py            the whichgpu beside this Python

Each command runs in turn with the peers, so that a busy machine slows all of them alike; what is
comparable between machines is the ratio to `python -c pass`. Beside the time on the clock stands that of the
processor, the least of the nine, which others on the machine lengthen less. `/budget` is the median on the
clock over the budget: 1 or less keeps it.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 9
PEER = "python -c pass"
SD = ["recommend", "stable-diffusion-1.5", "--target", "1000 images/min"]
MEASURED = [
    "predict", "llama-3-8b", "--gpu", "rtx-3070", "--phase", "decode", "--precision", "q4_k_m", "--batch",
    "1", "--output-tokens", "512", "--runtime", "llama.cpp",
]  # fmt: skip
SIX = [
    "t4", "l4", "a10", "a100-80gb-sxm", "h100-80gb-sxm", "b200-180gb-sxm", "--workload", "resnet50",
    "--workload", "bert-large", "--workload", "stable-diffusion-1.5", "--workload", "llama-3.1-8b",
]  # fmt: skip
#: Command, arguments, budget in ms; every one may take MEMORY MB.
COMMANDS: dict[str, tuple[list[str], float | None]] = {
    "--version": (["--version"], None),
    "--help": (["--help"], 60),
    "compare two": (["compare", "a10", "a100-80gb-pcie", "--plain"], 90),
    "compare six on four": (["compare", *SIX, "--plain"], 400),
    "compare --format html": (["compare", "a10", "a100-80gb-pcie", "--format", "html"], None),
    "show --plain": (["show", "a100-80gb-sxm", "--plain"], 80),
    "show --format html": (["show", "a100-80gb-sxm", "--format", "html"], None),
    "compat --plain": (["compat", "t4", "--plain"], 100),
    "compat, one framework": (["compat", "v100-32gb-sxm", "--framework", "pytorch", "--plain"], 100),
    "gpus --plain": (["gpus", "--min", "memory=40 GB", "--plain"], None),
    "predict --plain": (["predict", "resnet50", "--gpu", "a10", "--plain"], 150),
    "predict, not measured": (["predict", "resnet50", "--gpu", "rtx-a6000", "--plain"], 150),
    "predict, measured": ([*MEASURED, "--plain"], 150),
    "predict --explain": ([*MEASURED, "--plain", "--explain"], None),
    "fit": (["fit", "llama-2-13b", "--gpu", "a10", "--plain"], 150),
    "workload llama-3.1-70b": (["workload", "llama-3.1-70b", "--plain"], 150),
    "workload config.json": (["workload", "config.json", "--plain"], 150),
    "workloads": (["workloads", "--plain"], 400),
    "sweep on 512 GPUs": (["sweep", "llama-3.1-70b", "--gpus", "h100-80gb-sxm:512", "--plain"], 3000),
    "prices": (["prices", "l4"], 150),
    "prices of all": (["prices"], 150),
    "recommend": (SD, 500),
    "recommend --json": ([*SD, "--json"], 500),
}
#: A module of a billion parameters, traced in a process of its own with PyTorch in it.
MODULE = "workload --from model.py:build"
MODULE_BUDGET, MODULE_ROUNDS = 10_000.0, 3
FILES = {
    "config.json": '{"model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336,'
    ' "vocab_size": 128256, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8}',
    "model.py": """
import torch


def build():
    layer = torch.nn.TransformerEncoderLayer(2048, 16, 8192, batch_first=True, dropout=0.0)
    net = torch.nn.TransformerEncoder(layer, 20, enable_nested_tensor=False)
    net.example_inputs = torch.zeros(1, 512, 2048)
    return net
""",
}
MEMORY = 120.0
#: Bytecode is cached, as it is for anyone who starts a program twice.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def measure(argv: list[str]) -> tuple[float, float, float, int]:
    """Seconds on the clock and of the processor, peak MB and exit status of one run."""
    began = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    _, status, usage = os.wait4(process.pid, 0)
    seconds, used = time.perf_counter() - began, usage.ru_utime + usage.ru_stime
    return seconds, used, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def peers() -> dict[str, list[str]]:
    found = {PEER: [sys.executable, "-c", "pass"]}
    found["python -c 'import click'"] = [sys.executable, "-c", "import click"]
    found["python -c 'import numpy'"] = [sys.executable, "-c", "import numpy"]
    found["pip --version"] = [sys.executable, "-m", "pip", "--version"]
    return found


def modules(start: list[str]) -> bool:
    """Print what importing a module takes; True where that is too long."""
    argv = [*start, "workload", "--from", "model.py:build", "--plain"]
    times = []
    for _ in range(MODULE_ROUNDS):
        seconds, _, _, status = measure(argv)
        if status:
            print(f"left out: {MODULE} exits {status}; is PyTorch installed?")
            return False
        times.append(seconds * 1e3)
    middle = statistics.median(times)
    late = middle > MODULE_BUDGET
    limit = f"{MODULE_BUDGET:7.0f}  {middle / MODULE_BUDGET:7.2f}"
    print(f"{MODULE:<30}  {middle:9.1f}  {'':6}  {limit}  {'':6}  {'':7}  {'too slow' if late else 'ok'}")
    return late


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in FILES.items():
            Path(folder, name).write_text(content, encoding="utf-8")
        os.chdir(folder)
        return report()


def report() -> int:
    program = Path(sys.executable).parent / "whichgpu"
    start = [str(program)] if program.exists() else [sys.executable, "-m", "whichgpu"]
    if shutil.which(start[0]) is None:
        print("no whichgpu beside this Python; install it, e.g. ./test quick, and use .venv/bin/python")
        return 2
    runs = {name: [*start, *args] for name, (args, _) in COMMANDS.items()}
    for name in list(runs):
        if measure(runs[name])[-1] == 2:
            print(f"left out: {name} is not a command here")
            del runs[name]
    every = {**runs, **peers()}
    times: dict[str, list[float]] = {name: [] for name in every}
    least, peaks = dict.fromkeys(every, float("inf")), dict.fromkeys(every, 0.0)
    for _ in range(ROUNDS):
        for name, argv in every.items():
            seconds, used, peak, _ = measure(argv)
            times[name].append(seconds)
            least[name] = min(least[name], used)
            peaks[name] = max(peaks[name], peak)
    base = statistics.median(times[PEER])
    over = False
    heads = f"{'median ms':>9}  {'cpu ms':>6}  {'budget':>7}  {'/budget':>7}  {'x pass':>6}  {'peak MB':>7}"
    print(f"{'command':<30}  {heads}  verdict")
    for name in every:
        middle = statistics.median(times[name])
        budget = COMMANDS[name][1] if name in COMMANDS else None
        late = budget is not None and middle * 1e3 > budget
        heavy = name in COMMANDS and peaks[name] > MEMORY
        over |= late or heavy
        verdict = "peer" if name not in COMMANDS else "too slow" if late else "too big" if heavy else "ok"
        limit, part = (f"{budget:.0f}", f"{middle * 1e3 / budget:.2f}") if budget else ("", "")
        cpu, ratio = f"{least[name] * 1e3:6.1f}", f"{middle / base:6.1f}"
        figures = f"{middle * 1e3:9.1f}  {cpu}  {limit:>7}  {part:>7}  {ratio}  {peaks[name]:7.1f}"
        print(f"{name:<30}  {figures}  {verdict}")
    return int(modules(start) or over)


if __name__ == "__main__":
    sys.exit(main())
