"""What single cells and entries state: instance types, prices in other currencies, marks, words and days."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

TYPES = """| Instance | GPUs | GPU | GPU memory | Memory (GiB) |
|---|---|---|---|---|
| p4d.24xlarge | 8 | A100 40GB | 320 GB | 1152 |
| g6.12xlarge | {} | {} | {} | 192 |
| a2-highgpu-1g | 1 | A100 | 40 GB | 85 |
| Standard_NC4as_T4_v3 | 1 | T4 | 16 GB | 28 |
"""
TURNED = """| | g5.48xlarge | p5.48xlarge |
|---|---|---|
| GPU model | 8x A10G | 8x A100 |
| Total GPU memory | 192 GB | 640 GB |
"""
WORDS = """# GeForce RTX 3070 Ti

- Foundry: {}
- Release date: {}
- Memory type: GDDR6X
"""
PARTS = """## L40S

- Memory: 48 GB
- MIG: Up to {} instances

## A30

- Memory: 24 GB
- MIG: Up to 4 instances
"""
LINKS = """| | H100 SXM | A100 80GB SXM |
|---|---|---|
| Interconnect | NVLink: 900 GB/s, PCIe Gen5: {} GB/s | NVLink: 600 GB/s, PCIe Gen4: 64 GB/s |
"""
MARKS = """| | L4 | L40S |
|---|---|---|
| FP8 | 485* TFLOPS | {}* TFLOPS |

\\* with sparsity
"""
OLDER = """| | MI250X | MI300X |
|---|---|---|
| FP8 | {} | 2,615 TFLOPS |
| FP64 vector | 47.9 TFLOPS | 81.7 TFLOPS |
"""
PRICES = """| | RTX 4070 | RTX 4080 |
|---|---|---|
| Launch price | {} | {} |
"""
CARDS = """Tesla T4. Architecture: {}. Memory: 16 GB GDDR6. Memory bandwidth: 320 GB/s. CUDA cores: {}.

Tesla P4. Architecture: Pascal. Memory: 8 GB GDDR5. Memory bandwidth: 192 GB/s. CUDA cores: 2,560.
"""
BOLD = """**Arc A770 (16 GB)** — 16 GB GDDR6, 256-bit, 560 GB/s, 225 W
**Arc A750** — 8 GB GDDR6, 256-bit, 512 GB/s, 225 W
**Arc B580** — {} GDDR6, 192-bit, 456 GB/s, 190 W
"""
INFOBOX = """<h1>Radeon RX 9070 XT</h1><table>
<tr><th>Compute</th><td>64 CUs, {} stream processors</td></tr>
<tr><th>Memory</th><td>16 GB GDDR6, {}</td></tr>
<tr><th>Cache</th><td>64 MB Infinity Cache, 8 MB L2</td></tr></table>"""
FRENCH = """# RTX 4080 Super et RTX 4090

| | RTX 4080 Super | RTX 4090 |
|---|---|---|
| Prix de lancement (USD) | {} | 1 599 |
| FP32 cores | 10 240 | 16 384 |
"""


@pytest.mark.parametrize(
    ("name", "text", "wrong", "confirmed"),
    [
        ("a.md", TYPES.format(4, "L4", "96 GB"), [], {"8", "320 GB", "4", "L4", "96 GB", "40 GB", "T4"}),
        ("a.md", TYPES.format(8, "A10G", "192 GB"), ["8", "A10G"], {"320 GB", "40 GB"}),
        ("a.md", TURNED, ["A100"], {"A10G", "192 GB", "640 GB"}),
        ("a.md", "The instance a2-highgpu-8g has 40 GB on each of its eight GPUs.", [], set()),
        ("a.md", WORDS.format("Samsung", "Jun 10th, 2021"), [], {"Samsung", "2021"}),
        ("a.md", WORDS.format("TSMC", "Jun 10th, 2019"), ["TSMC", "2019"], {"GDDR6X"}),
        ("a.md", PARTS.format(7), ["Up to 7 instances"], {"Up to 4 instances"}),
        ("a.md", LINKS.format(128), [], {"128", "64", "900 GB/s", "600 GB/s"}),
        ("a.md", LINKS.format(256), ["256"], {"64"}),
        ("a.md", MARKS.format("1,466"), [], {"485* TFLOPS", "1,466* TFLOPS"}),
        ("a.md", MARKS.format("1,320"), ["1,320* TFLOPS"], {"485* TFLOPS"}),
        ("a.md", OLDER.format("383 TFLOPS"), ["383 TFLOPS"], {"2,615 TFLOPS"}),
        ("a.md", OLDER.format("-"), [], {"2,615 TFLOPS"}),
        # Prices in euros have their own taxes.
        ("a.md", PRICES.format("659 EUR", "1.469 Euro"), [], set()),
        ("a.md", PRICES.format("599 US-Dollar", "999 US-Dollar"), ["999 US-Dollar"], {"599 US-Dollar"}),
        ("a.md", "| | MSRP (€) |\n|---|---|\n| RTX 4070 | 659 |\n| RTX 4080 | 1469 |\n", [], set()),
        ("a.md", "| GPU | TDP |\n|---|---|\n| A100 SXM | 400W / 400W |\n| A30 | 165W / 165W |\n", [],
         {"400W", "165W"}),
        ("a.txt", CARDS.format("Turing", "2,560"), [], {"Turing", "GDDR6", "2,560", "Pascal", "GDDR5"}),
        ("a.txt", CARDS.format("Ampere", "3,584"), ["Ampere", "3,584"], {"Pascal", "2,560"}),
        ("a.md", BOLD.format("12 GB"), [], {"16 GB", "8 GB", "12 GB", "192-bit"}),
        ("a.md", BOLD.format("16 GB"), ["16 GB"], {"8 GB", "192-bit"}),
        ("a.html", INFOBOX.format("4096", "256-bit"), [], {"64", "4096", "16 GB", "256-bit"}),
        ("a.html", INFOBOX.format("3584", "192-bit"), ["3584", "192-bit"], {"64", "16 GB"}),
        ("a.md", FRENCH.format("999"), [], {"999", "1 599", "10 240", "16 384"}),
        ("a.md", FRENCH.format("1 199"), ["1 199"], {"1 599"}),
        # GDDR is sold by its rate, so that its bandwidth is exact.
        ("a.md", "| GPU | Bandwidth (GB/s) |\n|---|---|\n| RTX A4500 | 672 |\n| RTX A4000 | 448 |\n",
         ["672"], {"448"}),
        ("a.md", "| GPU | Bandwidth |\n|---|---|\n| H100 PCIe | 2.04 TB/s |\n| H200 SXM | 4.8 TB/s |\n", [],
         {"4.8 TB/s"}),
    ],
    ids=[
        "types", "wrong types", "types above", "a type in prose", "words", "wrong words", "parts", "links",
        "wrong link", "marks", "wrong mark", "no such format", "none", "euros", "dollars", "header in euros",
        "one value twice", "cards", "wrong cards", "bold names", "a wrong one", "more in a cell",
        "wrong in a cell",
        "blanks in prices", "wrong price", "by the bus", "not of HBM",
    ],
)  # fmt: skip
def test_what_a_cell_states(name, text, wrong, confirmed):
    found = audited(text.encode(), name, catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == wrong
    assert confirmed <= {each.quote for each in found.findings if each.verdict == "confirmed"}


SHEET = """NVIDIA L40S
SPECIFICATIONS
GPU Memory                       48GB GDDR6 with ECC
CUDA Cores                       {}
FP32 TFLOPS                      91.6
TF32 Tensor Core TFLOPS          183 | 366*
FP8 Tensor Core                  733 | {}
NVLink Support                   {}

* With sparsity
"""


def test_a_data_sheet_with_pipes_in_its_cells():
    """Its columns stand below each other; pipes part what is dense from what is sparse."""
    text = SHEET.format("16,384", "1,466*", "Yes")
    found = audited(text.encode(), "a.txt", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == ["16,384", "Yes"]
    right = {each.quote for each in found.findings if each.verdict == "confirmed"}
    assert {"48GB", "91.6", "183", "366", "733", "1,466"} <= {each.rstrip("*") for each in right}


def test_cores_of_apple_are_what_others_call_multiprocessors():
    text = "| Chip | GPU cores | Memory bandwidth |\n|---|---|---|\n| M2 Ultra 76-core | 76 | 800 GB/s |\n"
    text += "| M4 Max 40-core | 40 | 546 GB/s |\n"
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert {"76", "40"} <= {each.quote for each in found.findings if each.verdict == "confirmed"}


def test_of_an_instance_type_it_is_known_how_many_it_has():
    """Where the row says another number, that is wrong, and not what they have together."""
    text = "| Type | Accelerators | Accelerator memory |\n|---|---|---|\n| g5.12xlarge | 8 x A10G | 96 GB |\n"
    text += "| g6.48xlarge | 8 x L4 | 192 GB |\n"
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote.strip() for each in found.accusations] == ["8 x"]


@pytest.mark.parametrize(
    ("note", "wrong"),
    [("* with sparsity", []), ("* at boost", ["1,979 TFLOPS", "4.5 PFLOPS", "3,958 TFLOPS", "9 PFLOPS"])],
)
def test_a_footnotes_star_behind_the_name_of_a_row(note, wrong):
    """Two of them in a table of Markdown are no emphasis."""
    text = "| Specification | H100 SXM | B200 SXM |\n|---|---|---|\n| Memory | 80 GB | 192 GB |\n"
    text += (
        "| BF16 Tensor Core* | 1,979 TFLOPS | 4.5 PFLOPS |\n| FP8 Tensor Core* | 3,958 TFLOPS | 9 PFLOPS |\n"
    )
    found = audited(f"{text}| TDP | 700 W | 1000 W |\n\n{note}\n".encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == wrong


def test_tops_of_ai_are_with_sparsity_and_a_modules_of_its_accelerators_too():
    text = "The RTX 4090 delivers 1,321 AI TOPS, the RTX 5080 1,406 AI TOPS.\n\n"
    text += "| | Jetson Orin NX 16GB | Jetson AGX Orin 64GB |\n|---|---|---|\n"
    text += "| AI performance | 100 TOPS | 275 TOPS |"
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == ["1,406 AI TOPS"]
    assert "1,801" in found.accusations[0].because
    assert "1,321 AI TOPS" in {each.quote for each in found.findings if each.verdict == "confirmed"}


def test_a_chip_that_a_card_is_named_after():
    text = "## Tesla V100 PCIe 16 GB\n\n* Architecture: {} (GV100)\n* CUDA cores: 5,120\n"
    right, wrong = (
        audited(text.format(name).encode(), "a.md", catalogue(), corpus.TODAY) for name in ("Volta", "Pascal")
    )
    assert {"Volta", "GV100"} <= {each.quote for each in right.findings if each.verdict == "confirmed"}
    assert [each.quote for each in wrong.accusations] == ["Pascal"]


def test_kinds_of_cores_in_one_cell_and_instances_with_their_size():
    text = "| GPU | Cores | MIG |\n|---|---|---|\n| A30 | 3,584 CUDA / 224 Tensor | 4 x 6 GB |\n"
    text += "| L4 | 7,680 CUDA / 240 Tensor | No |\n| H100 NVL | 16,896 CUDA, 528 Tensor | 8 × 12 GB |\n"
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote.strip() for each in found.accusations] == ["7,680", "240", "8 × 12 GB"]
    right = {each.quote.strip() for each in found.findings if each.verdict == "confirmed"}
    assert {"3,584", "224", "4 x 6 GB", "No", "16,896", "528"} <= right


def test_generations_of_cores_by_themselves():
    text = "| GPU | Tensor core generation | RT core gen |\n|---|---|---|\n| A100 | 3rd | - |\n"
    text += "| RTX 4090 | 4th gen | 2nd |\n| H100 | Fifth | none |\n"
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == ["2nd", "Fifth"]


def test_scaling_by_the_number_of_one_device():
    """Speed-ups and efficiencies follow from the speeds; a percentage may be either."""
    text = "### Training throughput\n\n| GPUs | images/s | Speed-up | Efficiency | Speed-up in % |\n"
    text += "|---|---|---|---|---|\n"
    text += "| 1x A100 | 2,500 | 1.0x | 100% | 100% |\n| 2x A100 | 4,900 | 1.96x | 98% | 196% |\n"
    text += "| 4x A100 | 9,500 | 3.6x | 95% | 380% |\n| 8x A100 | 18,000 | 7.2x | 95% | 720% |\n"
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == ["3.6x", "95%"]
    assert [found.accusations[i].expected for i in range(2)] == ["3.8", "0.9"]
    right = [each.quote for each in found.findings if each.verdict == "confirmed"]
    assert {"1.96x", "98%", "196%", "380%", "720%", "7.2x"} <= {*right}


def test_what_fits_in_the_format_of_its_column():
    text = "| Model | FP16 weights | INT4 weights | Fits on one RTX 4090 (INT4)? |\n|---|---|---|---|\n"
    text += "| Qwen2.5 32B | 65 GB | 16 GB | Yes |\n| Llama 3.1 70B | 140 GB | 35 GB | Yes |\n"
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert {each.expected for each in found.accusations} == {"no"}
    assert {text.splitlines()[3].rfind("Yes") for each in found.accusations}
    assert all(each.start > text.index("Llama") for each in found.accusations)


def test_what_the_chip_has_is_not_all_that_is_believed():
    """NVIDIA tells 160 SMs of the whole chip of a B300; the part has 148, as its driver says."""
    text = "| | B300 | H200 |\n|---|---|---|\n| SMs | {} | 132 |\n| NVLink gen | 5 | {} |\n"
    text += "| Announced | 2025 | 2023 |"
    right, wrong = (
        audited(text.format(*values).encode(), "a.md", catalogue(), corpus.TODAY)
        for values in (("148", "4"), ("152", "3"))
    )
    assert not right.accusations
    assert [each.quote for each in wrong.accusations] == ["152", "3"]


def test_tensor_cores_for_16_bits():
    text = "| Card | FP16 tensor |\n|---|---|\n| GTX 1080 | no |\n| GTX 1660 Ti | yes |\n| RTX 2060 | yes |\n"
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.start for each in found.accusations] == [text.index("yes")]


def test_several_descriptions_of_one_name_are_of_it():
    page = "<dl><dt>RTX PRO 6000 Blackwell Workstation Edition</dt><dd>Memory: 96 GB</dd>"
    page += "<dd>TDP: {} W</dd></dl><dl><dt>RTX 6000 Ada</dt><dd>Memory: 48 GB</dd>"
    page += "<dd>Bandwidth: 960 GB/s</dd><dd>CUDA cores: {}</dd></dl>"
    for values, wrong in (((600, "18,176"), []), ((450, "18,432"), ["450 W", "18,432"])):
        found = audited(page.format(*values).encode(), "a.html", catalogue(), corpus.TODAY)
        assert [each.quote for each in found.accusations] == wrong


def test_units_that_head_a_row_and_what_a_machine_draws():
    text = "| | T4 | L4 |\n|---|---|---|\n| CUDA | 2560 | {} |\n| GB/s | 320 | 300 |\n| Watts | {} | 72 |\n"
    text += "| NVENC AV1 | no | yes |\n\n"
    text += "| System | Max power | GPU power |\n|---|---|---|\n| DGX H100 | 10.2 kW | 700 W |\n"
    text += "| DGX B200 | 14.3 kW | {} W |\n"
    for values, wrong in (
        (("7424", "70", "1000"), []),
        (("7680", "150", "700"), ["7680", "150", "700 W"]),
    ):
        found = audited(text.format(*values).encode(), "a.md", catalogue(), corpus.TODAY)
        assert [each.quote for each in found.accusations] == wrong


def test_a_workstation_cards_power_is_its_makers():
    """No other maker sets it, as those of gaming cards do."""
    text = "The RTX A5000 draws 250 W. The GeForce RTX 3080 of that maker draws 340 W."
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == ["250 W"]


SYSTEMS = """| System | GPU | Memory each | NVLink each | Total memory | Total bandwidth | Max. power (kW) |
|---|---|---|---|---|---|---|
| DGX A100 640GB | A100 SXM4 | 80 GB | {} GB/s | 640 GB | 16.3 TB/s | 6.5 |
| DGX H100 | H100 SXM5 | {} GB | 900 GB/s | 640 GB | 26.8 TB/s | 10.2 |
"""
PAIR = """# The H200 and the MI300X in Rotterdam

The H200 provides 141 GB, nearly double the 80 GB of the H100. Both share the {} architecture.
"""


@pytest.mark.parametrize(("nvlink", "memory", "wrong"), [(900, 80, ("900",)), (600, 94, ("94",))])
def test_what_a_machine_has_in_all_is_not_what_its_gpus_have(
    nvlink: int, memory: int, wrong: tuple[str, ...]
):
    found = audited(SYSTEMS.format(nvlink, memory).encode(), "a.md", catalogue(), corpus.TODAY)
    told = [SYSTEMS.format(nvlink, memory)[each.start : each.end] for each in found.accusations]
    assert len(told) == len(wrong)
    assert all(word in text for word, text in zip(wrong, told, strict=True))


def test_both_are_the_two_that_the_passage_named_last():
    found = audited(PAIR.format("Hopper").encode(), "a.md", catalogue(), corpus.TODAY)
    assert not found.accusations


def test_a_format_without_a_rate_is_held_against_the_devices_own():
    table = "| | MI300X | L40S | A100 80GB SXM |\n|---|---|---|---|\n| FP8 TFLOPS | {} | 733 | N/A |\n"
    table += (
        "| TF32 Tensor | N/A | 183 | 156 |\n| BF16 | 1307 | 362 | 312 |\n| Tensor cores | N/A | 568 | 432 |\n"
    )
    found = audited(table.format("2,614.9").encode(), "a.md", catalogue(), corpus.TODAY)
    assert [(each.quote, each.subject) for each in found.accusations] == [("N/A", "mi300x")]
    found = audited(table.format("N/A").encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == ["N/A", "N/A"]
