"""What run.py of PyTorch's benchmark (torchbench) prints: the time of a batch on the GPU.

Model, batch and precision stand in its first line, `Running train method from resnet50 on cuda in ..`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.bench.imports import Entry, sections

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RUN = re.compile(
    r"^Running (?P<phase>train|eval) method from (?P<model>\S+) on cuda in (?P<mode>[\w.]+) mode "
    r"with input batch size (?P<batch>\d+)(?: and precision (?P<precision>\w+))?",
    re.MULTILINE,
)
_TIME = re.compile(r"^GPU Time(?: per batch)?: +(?P<ms>[\d.]+) milliseconds", re.MULTILINE)
_FORMATS = {"fp32": "fp32", "tf32": "tf32", "fp16": "fp16", "bf16": "bf16", "amp": "amp-fp16",
            "fx_int8": "int8", "amp_fp16": "amp-fp16", "amp_bf16": "amp-bf16"}  # fmt: skip
#: Its models that the zoo calls otherwise.
_NAMES = {"BERT_pytorch": "bert-base", "hf_Bert": "bert-base", "hf_Bert_large": "bert-large",
          "hf_GPT2": "gpt2", "hf_GPT2_large": "gpt2-large", "hf_T5": "t5-small", "hf_T5_base": "t5-base",
          "timm_vision_transformer": "vit-s-16", "timm_resnest": "resnest14d"}  # fmt: skip


def claims(_path: Path, text: str) -> bool:
    """Whether a file has its first line."""
    return bool(_RUN.search(text))


def read(_path: Path, text: str) -> Iterator[Entry]:
    """A figure of each run that has a time of the GPU."""
    for run, part in sections(_RUN, text):
        time = _TIME.search(part)
        if time is None:
            continue
        compiled = run["mode"] not in ("eager", "jit")
        name = run["model"]
        yield Entry({
            "workload": _NAMES.get(name, name.removeprefix("timm_")), "batch": int(run["batch"]),
            "phase": "train" if run["phase"] == "train" else "infer", "runtime": "PyTorch",
            "precision": _FORMATS.get(run["precision"] or "", ""),
            "options": {"compile": "True"} if compiled else {},
            "metric": "latency", "unit": "ms", "value": float(time["ms"]),
        })  # fmt: skip
