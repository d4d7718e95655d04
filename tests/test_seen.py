"""Lines of models, and served figures by what of them the measured rows have (benchmarks/seen.py)."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

from whichgpu.cost.calibration import refit
from whichgpu.cost.calibration.lines import line_of
from whichgpu.cost.calibration.measured import measured_rows
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.workload import resolve

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
import seen

#: A published row, and the same of other engines and models.
ROW = next(row for row in measured_rows() if row["metric"] == "tpot" and row["runtime"] == "vllm")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("qwen3-32b", "qwen"),
        ("qwen2.5-72b", "qwen"),
        ("qwen3-30b-a3b", "qwen experts"),
        ("gpt-oss-120b", "gpt-oss experts"),
        ("deepseek-r1", "deepseek experts"),
        ("deepseek-v3", "deepseek experts"),
        ("llama-3.1-70b", "llama"),
        ("llama-4-scout", "llama experts"),
        ("mixtral-8x7b", "mixtral experts"),
        ("phi-4", "phi"),
    ],
)
def test_a_line_is_what_a_maker_calls_its_models(name, line):
    assert line_of(resolve(name)) == line


def test_what_was_seen_is_told_by_engine_and_line():
    rows = [
        {**ROW, "runtime": "vLLM 0.11", "workload": "qwen3-32b"},
        {**ROW, "runtime": "sglang", "workload": "deepseek-r1"},
        # Nothing that is no time of a server counts.
        {**ROW, "runtime": "tensorrt-llm", "workload": "llama-3.1-8b", "metric": "power"},
    ]
    known = seen.seen_of(rows)
    assert known.of("vllm", "qwen") == "together"
    assert known.of("vllm", "deepseek experts") == "seen"
    assert known.of("vllm", "qwen experts") == "unseen"
    assert known.of("tensorrt-llm", "qwen") == "unseen"


def test_a_table_is_scored_by_it(tmp_path, capsys):
    table = tmp_path / "rows.csv"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(ROW))
        writer.writeheader()
        writer.writerows([{**ROW, "id": "a"}, {**ROW, "id": "b", "runtime": "mlc-llm"}])
    seen.main([str(table)])
    told = {tuple(line.split()[:5]) for line in capsys.readouterr().out.splitlines()[1:]}
    assert {words[3] for words in told} == {"seen", "together", "unseen"}
    # One row each, and what was seen together was seen.
    assert {words[:3] for words in told} == {("time", "per", "token")}


def test_served_rows_are_left_out_with_their_engine_and_their_line(monkeypatch):
    """Every row of a key, and no other, at once; what is not served has neither."""
    stream = next(row for row in measured_rows() if row["phase"] == "decode")
    rows = [ROW, {**ROW, "id": "other", "runtime": "sglang"}, stream]
    groups, _ = refit.gathered(catalogue(), rows)
    keys = refit.served_keys(groups)
    assert sorted(keys["engine"]) == ["", "sglang", "vllm"]
    assert len({*keys["line"]} - {""}) == 1
    left = []

    def without(found, out, step):
        left.append(out.tolist())
        return np.where(out, 0.5, np.nan)

    monkeypatch.setattr(refit.calibration, "without", without)
    errors = refit._served(None, groups, None)
    assert {name: np.isfinite(one).sum() for name, one in errors.items()} == {"engine": 2, "line": 2}
    assert sorted(map(sum, left)) == [1, 1, 2]
