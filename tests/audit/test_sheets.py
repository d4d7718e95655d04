"""Forms of sheets: corners that speak of all rates, two values of a cell, machines, notes, profiles."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue


def _read(text: str, name: str = "a.md") -> tuple[list[str], list[str]]:
    """What is accused in a text, and what is confirmed."""
    found = audited(text.encode(), name, catalogue(), corpus.TODAY).findings
    confirmed = [each.quote for each in found if each.verdict == "confirmed"]
    return [each.quote for each in found if each.accuses], confirmed


def _sheet(head: str, *rows: str) -> str:
    rule = "|---" * head.count("|") + "|"
    return "\n".join((f"| {head} |", rule, *(f"| {row} |" for row in rows))) + "\n"


SHEETS = [
    # The corner says of all rates in which order, and in which unit, their two values stand.
    (
        _sheet("Tensor peak, dense / sparse (TFLOPS) | A100 80GB SXM | H100 SXM",
               "BF16 | 312 / 624 | 989 / 1,979"),
        [],
        ["312", "624", "989", "1,979"],
    ),
    (
        _sheet("Tensor peak, dense / sparse (TFLOPS) | A100 80GB SXM | H100 SXM",
               "TF32 | 156 / 312 | 495 / 989",
               "BF16 | 312 / 624 | 1,979 / 3,958"),
        ["1,979", "3,958"],
        ["156", "312", "495", "989", "312", "624"],
    ),
    (
        _sheet("Peak, dense (TFLOPS) | A100 80GB SXM | L4", "FP16 | 312 | 121", "TF32 | 156 | 120"),
        ["120"],
        ["312", "121", "156"],
    ),
    # A note of Markdown, and the format that it tells.
    (
        _sheet("| RTX 6000 Ada | RTX 5000 Ada", "Memory | 48 GB | 32 GB",
               "Tensor performance[^1] | 1,457 TFLOPS | 1,044 TFLOPS")
        + "\n[^1]: FP8 teraFLOPS with sparsity.\n",
        [],
        ["48 GB", "32 GB", "1,457 TFLOPS", "1,044 TFLOPS"],
    ),
    # Labels with the unit of a rate count no cores.
    (
        _sheet("| RTX 4090 | RTX 4080", "RT TFLOPS | 191 | 113", "RT cores | 128 | 67"),
        ["67"],
        ["191", "113", "128"],
    ),
    # A bracket of the header over a bracket of the cells, and two clocks with one unit.
    (
        _sheet("Card | Shaders (RT / Tensor) | Clock base / boost",
               "RTX 3070 | 5888 (46 / 184) | 1500 / 1725 MHz",
               "RTX 3090 | 10496 (82 / 336) | 1395 / 1695 MHz"),
        ["336"],
        ["5888", "46", "184", "1500", "1725 MHz", "10496", "82", "1395", "1695 MHz"],
    ),
    # Machines: how many GPUs each has, and what they have together.
    (
        _sheet("| DGX H100 | DGX H200", "GPUs | 8x H100 80GB | 8x H200 141GB",
               "Total GPU memory | 640 GB | 1,152 GB",
               "Performance, FP8 | 32 PFLOPS | 32 PFLOPS", "NVLink per GPU | 900 GB/s | 1,800 GB/s"),
        ["1,152 GB", "1,800 GB/s"],
        ["640 GB", "32 PFLOPS", "32 PFLOPS", "900 GB/s"],
    ),
    # Profiles of MIG.
    (
        _sheet("Profile | A100 40GB | A100 80GB | H100 80GB", "Memory | 40 GB | 80 GB | 80 GB",
               "Smallest slice | 1g.5gb | 1g.5gb | 1g.10gb", "Half | 3g.20gb | 3g.40gb | 3g.40gb",
               "Max MIG slices | 7 | 7 | 7"),
        ["1g.5gb"],
        ["40 GB", "80 GB", "80 GB", "1g.5gb", "1g.10gb", "3g.20gb", "3g.40gb", "3g.40gb", "7", "7", "7"],
    ),
    # Cores beside the architecture, and what an accelerator's maker counts beside its GPU.
    (
        _sheet("| AGX Orin 64GB | Orin NX 16GB", "AI performance | 275 TOPS | 100 TOPS",
               "Memory | 64 GB | 16 GB",
               "GPU | 2048-core Ampere with 64 Tensor Cores | 1024-core Ampere with 48 Tensor Cores"),
        ["48"],
        ["275 TOPS", "100 TOPS", "64 GB", "16 GB", "2048", "64", "1024"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wrong", "right"), SHEETS)
def test_forms_of_sheets(text, wrong, right):
    accused, confirmed = _read(text)
    assert accused == wrong
    left = list(confirmed)
    for each in right:
        assert any(each in one for one in left), (each, left)
        left.remove(next(one for one in left if each in one))


def test_an_entry_of_a_definition_list_that_is_of_a_rate_counts_no_cores():
    page = (
        "<h1>NVIDIA L40S</h1><dl><dt>FP8 Tensor Core</dt><dd>733 | 1,466* TFLOPS</dd>"
        "<dt>Peak INT8 Tensor</dt><dd>733 | 1,466* TOPS</dd></dl><p>* With sparsity</p>"
    )
    assert _read(page, "a.html")[0] == []
