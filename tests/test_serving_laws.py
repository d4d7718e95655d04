"""Physical sense of served language models: load, GPUs, splits, formats, prompts."""

from __future__ import annotations

from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest

from whichgpu.cost.table.jobs import predict_rows
from whichgpu.hardware.catalogue import catalogue

#: Widths that all of these models fit at on all of the GPUs, with room for the loads below.
MODELS = {"llama-3.1-8b": (1, 2), "qwen3-32b": (2, 4), "llama-3.1-70b": (4, 8), "qwen3-30b-a3b": (1, 2)}
#: Each has no less of anything than the one before.
GPUS = ("h100-80gb-sxm", "h200-141gb-sxm", "b200-180gb-sxm", "b300-288gb-sxm")
ENGINES = ("vllm", "sglang", "trtllm", "vLLM 0.11", "SGLang 0.5.4", "TensorRT-LLM 1.0", "lmdeploy")
LOADS = (1, 2, 4, 8, 16, 32)

Cell = tuple[str, int, str, str, str, int, int]


@cache
def table(metric: str) -> dict[Cell, float]:
    """Each cell (model, tp, GPU, engine, format, prompt, load) in the metric's unit."""
    cells: list[Cell] = [
        (model, tp, *rest)
        for model, widths in MODELS.items()
        for tp, *rest in product(widths, GPUS, ENGINES, ("bf16", "fp8"), (1024, 8192), LOADS)
        if rest[3] == 1024 or rest[4] in (1, 16)
    ]
    names = ("workload", "tp", "gpu", "runtime", "precision", "input_tokens", "concurrency")
    told = {"tpot": "ms", "ttft": "ms", "throughput": "output tokens/s"}
    rows = [
        {
            **dict(zip(names, map(str, cell), strict=True)), "id": str(i), "n_gpus": str(cell[1]),
            "phase": "serve", "output_tokens": "1024", "metric": metric, "unit": told[metric],
        }
        for i, cell in enumerate(cells)
    ]  # fmt: skip
    told_rows = predict_rows(rows, catalogue())
    return {cell: one.value for cell, one in zip(cells, told_rows, strict=True) if one.value}


def worst(pairs: list[tuple[float, float]]) -> float:
    """The least of the seconds over the first, of pairs that a law has in this order."""
    assert len(pairs) > 50
    first, second = np.array(pairs).T
    return float(np.min(second / first))


@pytest.mark.parametrize(("metric", "least"), [("tpot", 0.999), ("ttft", 0.98), ("throughput", 0.999)])
def test_more_requests_in_flight_are_slower_each_and_more_together(metric: str, least: float) -> None:
    found = table(metric)
    more = dict(pairwise(LOADS))
    pairs = [(found[one], found[*one[:-1], more[one[-1]]]) for one in found
             if one[-1] in more and (*one[:-1], more[one[-1]]) in found]  # fmt: skip
    assert worst(pairs) > least
    if metric == "throughput":
        assert worst([(more, 2.0 * few) for few, more in pairs]) > 0.99


@pytest.mark.parametrize("metric", ["tpot", "throughput"])
def test_a_gpu_with_no_less_of_anything_is_no_slower(metric: str) -> None:
    found, after = table(metric), dict(pairwise(GPUS))
    pairs = []
    for one, value in found.items():
        other = found.get((*one[:2], after.get(one[2], ""), *one[3:]))
        if other is not None:
            pairs.append((value, other) if metric == "throughput" else (other, value))
    assert worst(pairs) > 0.98


def test_twice_the_gpus_are_at_most_twice_as_fast_and_a_longer_prompt_is_no_sooner() -> None:
    found = table("tpot")
    wider = [(value, 2.0 * found[(one[0], 2 * one[1], *one[2:])]) for one, value in found.items()
             if (one[0], 2 * one[1], *one[2:]) in found]  # fmt: skip
    assert worst(wider) > 0.98
    for metric in ("tpot", "ttft"):
        times = table(metric)
        longer = [(value, times[(*one[:5], 8192, one[6])]) for one, value in times.items()
                  if one[5] == 1024 and (*one[:5], 8192, one[6]) in times]  # fmt: skip
        assert worst(longer) > 0.99


def test_eight_bits_of_a_dense_model_are_no_slower_for_one_request_where_there_is_much_to_read() -> None:
    """On eight GPUs, or of 8B on today's, launches outweigh the weights: FP8 has more of them there."""
    found = table("tpot")
    narrow = [(found[(*one[:4], "fp8", *one[5:])], value) for one, value in found.items()
              if one[4] == "bf16" and one[6] == 1 and one[0] != "qwen3-30b-a3b" and one[1] <= 4
              and one[2][:2] == "h1" and (*one[:4], "fp8", *one[5:]) in found]  # fmt: skip
    assert worst(narrow) > 0.98


def test_what_does_not_fit_is_timed_as_if_it_did() -> None:
    """Nothing says how many would wait for a memory that is not there: first tokens are not minutes away.

    One V100 of 16 GB holds the weights of 8B, and no sequence beside what the engine takes.
    """
    row = {
        "workload": "llama-3.1-8b", "gpu": "v100-16gb-sxm", "phase": "serve", "precision": "fp16",
        "input_tokens": "128", "output_tokens": "128", "concurrency": "32", "runtime": "vllm",
    }  # fmt: skip
    cells = [
        {**row, "id": f"{n}{metric}", "n_gpus": n, "tp": n, "metric": metric, "unit": "ms"}
        for n in ("1", "2")
        for metric in ("ttft", "tpot")
    ]
    told = predict_rows(cells, catalogue())
    found = {cell["id"]: float(one.value or 0.0) for cell, one in zip(cells, told, strict=True)}
    assert found["2ttft"] < found["1ttft"] < 3.0 * found["2ttft"]
    assert found["2tpot"] < found["1tpot"] < 3.0 * found["2tpot"]
