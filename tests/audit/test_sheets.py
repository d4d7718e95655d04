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
    # Forms of what the title is about, beside each other and one below another.
    (
        "# H100 PCIe vs SXM5 vs NVL\n\nThree editions.\n\n## Figures\n\n"
        + _sheet("| SXM5 | PCIe | NVL (per card)", "Memory | 80 GB HBM3 | 80 GB HBM3 | 94 GB HBM3",
                 "Bandwidth | 3.35 TB/s | 2.0 TB/s | 7.8 TB/s",
                 "FP8, dense | 3,958 TFLOPS | 1,513 TFLOPS | 1,671 TFLOPS"),
        ["HBM3", "7.8 TB/s", "3,958 TFLOPS"],
        ["80 GB", "80 GB", "94 GB", "3.35 TB/s", "2.0 TB/s", "1,513 TFLOPS", "1,671 TFLOPS"],
    ),
    (
        "# Which H100?\n\n"
        + _sheet("Form | Memory | Bandwidth | TDP", "SXM5 | 80 GB | 3.35 TB/s | 700 W",
                 "PCIe | 80 GB | 3.35 TB/s | 350 W", "NVL | 94 GB | 3.9 TB/s | 700 W"),
        ["3.35 TB/s", "700 W"],
        ["80 GB", "80 GB", "94 GB", "3.35 TB/s", "3.9 TB/s", "700 W", "350 W"],
    ),
    (
        "# RTX 4090: desktop or laptop?\n\n"
        + _sheet("| Desktop | Laptop", "CUDA cores | 16,384 | 16,384", "Bandwidth | 1,008 GB/s | 576 GB/s"),
        ["16,384"],
        ["16,384", "1,008 GB/s", "576 GB/s"],
    ),
    (
        _sheet("Spec | A100 PCIe 80GB | SXM4 80GB | H100 PCIe",
               "Bandwidth | 1,935 GB/s | 1,935 GB/s | 2,000 GB/s",
               "TDP | 300 W | 400 W | 350 W"),
        ["1,935 GB/s"],
        ["1,935 GB/s", "2,000 GB/s", "300 W", "400 W", "350 W"],
    ),
    # A cell to a line, with an empty one between any two.
    (
        "| Card |\n\nVRAM |\n\nBandwidth |\n\n| --- |\n\n--- |\n\n--- |\n\n"
        "| RTX 4090 |\n\n24 GB |\n\n1,008 GB/s |\n\n| RTX 4060 Ti 16GB |\n\n16 GB |\n\n504.2 GB/s |\n",
        ["504.2 GB/s"],
        ["24 GB", "1,008 GB/s", "16 GB"],
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


MIDDLE = """<h1>Two cards</h1><table><tr><th>GeForce RTX 4070 Ti SUPER</th><th></th>
<th>Radeon RX 7900 XT</th></tr>
<tr><td>AD103</td><td>Code name</td><td>Navi 31</td></tr>
<tr><td>8448</td><td>Shading units</td><td>5376</td></tr>
<tr><td>16 GB</td><td>Memory size</td><td>{} GB</td></tr>
<tr><td>GDDR6X</td><td>Memory type</td><td>GDDR6</td></tr>
<tr><td>672.3 GB/s</td><td>Memory bandwidth</td><td>800 GB/s</td></tr></table>"""


@pytest.mark.parametrize(("size", "wrong"), [("20", []), ("24", ["24 GB"])])
def test_names_between_the_values_of_two(size, wrong):
    accused, confirmed = _read(MIDDLE.format(size), "a.html")
    assert accused == wrong
    assert {"AD103", "Navi 31", "8448", "5376", "16 GB", "GDDR6X", "672.3 GB/s", "800 GB/s"} <= set(confirmed)


def test_phrases_in_cells_of_a_device():
    text = _sheet(
        "Card | What it is | Memory system | Where it fits",
        "T4 | Turing card from 2018 with 2,560 CUDA cores | 16 GB of GDDR6, 320 GB/s | 70 W, single slot",
        "L40S | Ada Lovelace card from 2023 with 18,176 CUDA cores | 48 GB GDDR6 | 350 W, single slot",
    )
    accused, confirmed = _read(text)
    assert accused == ["single slot"]
    assert {"Turing", "2018", "2,560", "16 GB", "GDDR6", "320 GB/s", "70 W", "single slot"} <= set(confirmed)


def test_boards_of_eight():
    text = _sheet(
        "| HGX A100 8-GPU (80GB) | HGX H100 8-GPU | HGX B200 8-GPU",
        "GPU memory total | 640 GB | 640 GB | 1.4 TB",
        "FP16 dense, total | 2.5 PFLOPS | 7.9 PFLOPS | 18 PFLOPS",
        "NVLink per GPU | 600 GB/s | 900 GB/s | 900 GB/s",
    )
    accused, confirmed = _read(text)
    assert accused == ["900 GB/s"]
    assert confirmed == [
        "640 GB",
        "640 GB",
        "1.4 TB",
        "2.5 PFLOPS",
        "7.9 PFLOPS",
        "18 PFLOPS",
        "600 GB/s",
        "900 GB/s",
    ]


def test_av1_follows_from_the_engines_of_a_chip():
    text = _sheet("| RTX 3090 | RTX 4090 | RTX 5090 | RTX 2080 Ti", "AV1 decode | Yes | Yes | No | Yes",
                  "AV1 encode | Yes | Yes | Yes | No")  # fmt: skip
    accused, confirmed = _read(text)
    assert (accused, len(confirmed)) == (["No", "Yes", "Yes"], 5)


#: How a header dresses a name.
DRESSED = (
    "{} (2021)", "{} (GA102)", "{} [1]", "Our pick: {}", "{} \u2013 budget", "{} (g5.xlarge)", "the {}",
    "Option 1 \u2013 {}", "Budget pick ({})", "{} @ AWS", "{} \"the workhorse\"", "{}_24GB", "Ampere {}",
    "{} (Ampere, GA102, 24GB)",
)  # fmt: skip


@pytest.mark.parametrize("form", DRESSED)
def test_a_header_that_says_more_than_a_name(form):
    name = form.format("A10")
    across = _sheet(
        f"Spec | {name} | T4", "CUDA cores | 9,216 | 2,944", "TDP | 300 W | 70 W", "Memory | 24 GB | 16 GB"
    )
    down = _sheet(
        "GPU | CUDA cores | TDP | Memory", f"{name} | 9,216 | 300 W | 24 GB", "T4 | 2,944 | 70 W | 16 GB"
    )
    assert sorted(_read(across)[0]) == sorted(_read(down)[0]) == ["2,944", "300 W"]


@pytest.mark.parametrize("head", ["Speed-up over A10", "vs. A10", "A10 to T4", "% of A10"])
def test_a_header_that_compares_names_no_device_of_its_column(head):
    text = _sheet(f"Task | T4 | {head}", "Memory | 16 GB | 1.5", "TDP | 70 W | 300 W")
    assert _read(text)[0] == []


def test_a_column_of_winners_leaves_the_devices_above_the_others():
    text = _sheet("Metric | Winner | A10 | A100 80GB PCIe", "CUDA cores | A10 | 9,216 | 6,912",
                  "Memory | A100 | 24 GB | 80 GB", "TDP | A10 | 150 W | 250 W")  # fmt: skip
    accused, confirmed = _read(text)
    assert accused == ["250 W"]
    assert {"9,216", "6,912", "24 GB", "80 GB", "150 W"} <= set(confirmed)


def test_cells_that_name_their_attributes_themselves():
    text = _sheet("RTX 5090 | RTX 4090 | RTX 3090",
                  "21,760 CUDA cores | 16,384 CUDA cores | 10,496 CUDA cores",
                  "32 GB GDDR7 | 24 GB GDDR6X | 16 GB GDDR6X", "575 W | 450 W | 350 W")  # fmt: skip
    accused, confirmed = _read(text)
    assert accused == ["16 GB"]
    assert {"21,760", "10,496", "32 GB", "GDDR7", "575 W"} <= set(confirmed)


def test_values_above_their_names_in_boxes():
    page = (
        "<h1>RTX A5000 review</h1><div><div><span>8,192</span><small>CUDA cores</small></div>"
        "<div><span>32 GB</span><span>GDDR6 memory</span></div></div><p>It has 24 GB of memory.</p>"
    )
    accused, confirmed = _read(page, "a.html")
    assert accused == ["32 GB"]
    assert {"8,192", "24 GB"} <= set(confirmed)


def test_names_that_are_defined_once():
    text = "# Instinct MI300X\n\nStream processors\n: 14,080\n\nMemory\n: 192 GB HBM3\n\nTBP\n: 650 W\n"
    accused, confirmed = _read(text)
    assert accused == ["14,080", "650 W"]
    assert {"192 GB", "HBM3"} <= set(confirmed)


def test_a_year_behind_several_devices_of_a_generation_is_the_generations():
    text = _sheet("Generation | Consumer | Data centre | Year", "Pascal | GTX 1080 Ti | P100 | 2016",
                  "Ampere | RTX 3090 | A100 | 2020")  # fmt: skip
    assert _read(text)[0] == []


def test_rows_below_how_many_are_needed_are_of_one_or_of_all():
    text = _sheet("| A10 | A100 80GB PCIe", "GPUs needed | 40 | 20", "Cost per hour | $30.00 | $36.00",
                  "Power at the board limit | 6.0 kW | 6.0 kW", "Memory | 24 GB | 40 GB")  # fmt: skip
    assert _read(text)[0] == ["40 GB"]


def test_columns_of_laptops_are_of_the_namesakes():
    text = _sheet("Name | CUDA cores, laptop | CUDA cores, desktop | Memory (laptop)",
                  "RTX 4080 | 7,424 | 9,728 | 12 GB", "RTX 4090 | 9,728 | 16,384 | 24 GB")  # fmt: skip
    accused, confirmed = _read(text)
    assert accused == ["24 GB"]
    assert {"7,424", "9,728", "16,384", "12 GB"} <= set(confirmed)
