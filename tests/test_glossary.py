"""Terms: each can be filled, rests on cells that exist, and goes on with commands that run."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from whichgpu import prices
from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.glossary import explain, terms

pytestmark = pytest.mark.slow

GPUS = catalogue()
ROWS = store.load("glossary")["glossary"]["term"]
#: What an article's reader looks up.
ASKED = [
    "CUDA", "cuDNN", "tensor core", "Tensor Cores", "TF32", "ECC", "NVLink", "MIG", "spot", "TDP", "vGPU",
    "HBM2e", "GDDR6", "FP64", "bfloat16", "sparsity", "roofline", "KV cache", "LoRA", "PUE", "CUDA cores",
    "compute capability", "batch size", "gradient accumulation", "OpenCL", "PyTorch", "kernel fusion", "MPS",
    "Kubernetes", "passthrough", "12VHPWR", "thermal throttling", "Amdahl's law", "MLPerf", "ROPs", "SLI",
    "eGPU", "checkpoint interval", "prefix caching", "perplexity", "GPU hour", "quota", "region", "CPU",
    "data parallel", "ZeRO-3", "PCIe 4.0", "hyperscaler", "why is TF32", "colocation", "offloading",
    "oversubscription", "Infinity Fabric", "NVMe", "ReBAR",
]  # fmt: skip


def test_every_term_is_filled_from_cells() -> None:
    for term in terms():
        found = explain(term, GPUS)
        assert found.short.endswith((".", "?")), term
        assert "{" not in found.text, term
        for cell in found.cells:
            assert cell.text in found.text or re.search(r" (/|over) ", ROWS[term]["text"]), (term, cell)
            assert cell.source, (term, cell)
        assert found.cells, f"{term}: each has worked numbers from the catalogue"


def test_no_name_means_two_terms() -> None:
    for term, row in ROWS.items():
        for name in (term, *row.get("also", ())):
            assert explain(name, GPUS).term == term, name


def test_what_readers_ask_is_there() -> None:
    for word in ASKED:
        assert explain(word, GPUS).text, word


def test_numbers_follow_the_catalogue() -> None:
    text = explain("tf32", GPUS).text
    assert GPUS["a100-80gb-sxm"].display("tf32") in text
    ratio = GPUS["a100-80gb-sxm"].need("fp16") / GPUS["a100-80gb-sxm"].need("fp32")
    assert f"{ratio:.2g} times" in explain("tensor core", GPUS).text
    assert "26 GB" in explain("fp16", GPUS).text
    least = 2 * 13.016e9 / GPUS["h100-80gb-sxm"].need("bandwidth")
    assert f"{least * 1e3:.2g} ms on an H100 SXM" in explain("tpot", GPUS).text
    prompt = 2 * 13.016e9 * 2000 / GPUS["a100-80gb-sxm"].need("fp16")
    assert f"is {prompt * 1e3:.0f} ms of Llama 2 13B" in explain("ttft", GPUS).text
    assert "210 W more" in explain("pue", GPUS).text
    assert GPUS["h100-80gb-sxm"].need("power") * 0.3 == pytest.approx(210)
    assert 0.4 * GPUS["a100-80gb-sxm"].need("fp16") == pytest.approx(125e12, rel=0.01)


def test_prices_are_the_best_offers() -> None:
    from datetime import date

    rows = prices.offers(gpus=["a10"], kinds=["spot"])
    best = prices.best_first(rows, date.today())[0]
    cells = {cell.field: cell for cell in explain("spot", GPUS).cells}
    assert cells[f"spot at {best.provider}"].text == f"{best.usd_per_gpu_hour:.2f} USD/h"


@pytest.mark.slow
@pytest.mark.parametrize("line", sorted({line for row in ROWS.values() for line in row.get("see", ())}))
@pytest.mark.thorough(every=3)
def test_commands_to_go_on_with_run(line: str, whichgpu: Any) -> None:
    assert whichgpu(*shlex.split(line)).status in (0, 3)


def test_what_is_not_there(whichgpu: Any) -> None:
    with pytest.raises(UsageError, match=r"did you mean.*tensor"):
        explain("tensr core", GPUS)
    with pytest.raises(UsageError, match=r"no explanation of 'zzzz'; there are cuda"):
        explain("zzzz", GPUS)
    with pytest.raises(UsageError, match="it is a GPU: whichgpu show rtx-a6000"):
        explain("RTX A6000", GPUS)
    assert whichgpu("explain", "zzzz").status == 2
    assert whichgpu("explain").status == 0


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["GDDR6X", "vs", "HBM"], ["gddr", "hbm"]),
        (["difference between FP8 and INT8?"], ["fp8", "int8"]),
        (["what is the difference between LoRA and QLoRA"], ["lora"]),
        (["KV", "cache"], ["kv cache"]),
        (["FlashAttention-3"], ["flashattention"]),
        (["CUDA", "12.4"], ["cuda"]),
        (["what's a GPU instance?"], ["gpu hour"]),
        (["compute", "capability"], ["compute capability"]),
        (["pipeline", "parallel"], ["pipeline parallelism"]),
        (["AI accelerator"], ["gpu"]),
    ],
)
def test_terms_in_several_words_and_several_terms(words: list[str], found: list[str], whichgpu: Any) -> None:
    told = whichgpu("explain", *words, "--json").json
    assert [one["term"] for one in told.get("terms", [told])] == found


def test_no_text_calls_a_sparse_figure_dense() -> None:
    """Doubled headlines stand only where a text says that they are."""
    for row in ROWS.values():
        for figure in re.findall(r"309\.7|1,979|3,352", row["text"]):
            assert re.search(r"sparsity", row["text"]), figure
