"""Tables by how a page lays them out: below a heading, with narrow gaps, in boxes, on two levels."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

SHEET = """                              NVIDIA A10 and A30 Tensor Core GPUs

SYSTEM SPECIFICATIONS
                                       NVIDIA A10                      NVIDIA A30
Peak FP32                              31.2 teraFLOPS                  10.3 teraFLOPS
TF32 Tensor Core                       62.5 teraFLOPS | 125 teraFLOPS* 82 teraFLOPS | {} teraFLOPS*
INT8 Tensor Core                       250 TOPS | 500 TOPS*            330 TOPS | 661 TOPS*
GPU memory                             24GB GDDR6                      24GB HBM2
Max thermal design power (TDP)         {}W                            165W

* With sparsity
"""
COLUMNS = """Technische Daten

                       RTX 3070          RTX 3070 Ti       RX 6800
Shader                 5.888             6.144             {}
Speicher               8 GB GDDR6        8 GB GDDR6X       16 GB GDDR6
Interface              256 Bit           {} Bit           256 Bit
TDP                    220 W             290 W             250 W
"""
BOXES = """<h1>In stock</h1><div class="card"><h3>NVIDIA RTX 2000 Ada Generation</h3><div class="specs">
<div class="row"><span class="k">Architecture</span><span class="v">{}</span></div>
<div class="row"><span class="k">CUDA cores</span><span class="v">2,816</span></div>
<div class="row"><span class="k">TDP</span>
<span class="v">{} W</span></div></div></div>"""
APART = """<h1>NVIDIA L4</h1><div class="a"><div class="row"><div class="n">FP8 Tensor Core</div>
<div class="v">{} teraFLOPS*</div></div><div class="row"><div class="n">GPU memory</div>
<div class="v">24GB</div></div>
<div class="row"><div class="n">Form factor</div><div class="v">{}-slot low-profile</div></div></div>
<p>* With sparsity</p>"""
LEVELS = """<h1>Servers</h1><table><tr><th rowspan="2">Model</th><th colspan="2">Cores</th>
<th rowspan="2">TDP</th></tr>
<tr><th>CUDA</th><th>Tensor</th></tr><tr><td>A100 40GB PCIe</td><td>6,912</td><td>{}</td><td>250 W</td></tr>
<tr><td>RTX 3090</td><td>{}</td><td>328</td><td>350 W</td></tr></table>"""

CELLS = """Rangliste
GPU |
Architektur |
Takt (Boost) |
Speicher-Bandbreite |
NVIDIA TITAN RTX |
Turing |
1770 MHz |
672,0 GB/s |
AMD Radeon RX 5700 XT |
{} |
1905 MHz |
{} GB/s |
"""
AROUND = """NVIDIA GeForce RTX 4090 vs NVIDIA A40 PCIe

24GB
Memory Size
48GB
512
Tensor Cores
336
450W
TDP
300W
AD102
GPU Name
{}
Ada Lovelace
Architecture
{}
"""
COPIED = """GeForce RTX 3090 Ti Specs

GPU Name
GA102
Architecture
{}
Foundry
{}
Process Size
8 nm
Release Date
Mar 29th, {}
Boost Clock
1860 MHz
Memory Size
24 GB
Memory Bus
384 bit
TDP
450 W
"""
NOTES = """## RTX 4090

- VRAM: 24 GB GDDR6X
- BW: {} GB/s
- Launch: October 2022, ${}
"""
PARTS = """| | H100 SXM | L40S |
|---|---|---|
| Memory | 80 GB | 48 GB |
| MIG | {} | {} |
| Lan\u00e7amento | setembro de {} | 2023 |
"""
SLASHED = """| Card | Shaders / TMUs / ROPs | GPU clock | Memory / Bandwidth |
|---|---|---|---|
| RTX 3070 | {} / 184 / 96 | 1500 MHz | 8 GB<br>GDDR6 / 448 GB/s |
| RTX 3080 Ti | 10240 / 320 / 112 | 1365 MHz | 12 GB<br>{} / 912 GB/s |
"""
NAMES = """A100 40GB PCIe A100 80GB PCIe A100 40GB SXM A100 80GB SXM
CUDA\u6838\u5fc3\u6570 6912 6912 6912 6912
\u663e\u5b58 40 GB HBM2 80 GB HBM2e 40 GB HBM2 80 GB HBM2e
\u663e\u5b58\u5e26\u5bbd 1555 GB/s 1935 GB/s 1555 GB/s {} GB/s
\u529f\u8017 250 W 300 W 400 W {} W
"""
YEARS = """| \u578b\u53f7 | \u53d1\u5e03\u65f6\u95f4 |
|---|---|
| RTX 4090 | {}\u5e74 |
| A100 | 2020\u5e74 |
"""
WORDS = """| | Tesla V100 16GB | A30 | RTX 4070 |
|---|---|---|---|
| Manufactured | TSMC 12FFN | TSMC N7 | {} |
| Speichertransferrate | 900 GB/s | {} | 504 GByte/s |
| Transistoren | 21,1 Mrd. | 54,2 Mrd. | {} Mrd. |
| Interconnect | NVLink 300 GB/s | - | - |
"""


@pytest.mark.parametrize(
    ("name", "text", "wrong", "confirmed"),
    [
        ("a.txt", SHEET.format(165, 150), [],
         {"31.2 teraFLOPS", "62.5 teraFLOPS", "125 teraFLOPS", "82 teraFLOPS", "165 teraFLOPS", "24GB"}),
        ("a.txt", SHEET.format(165, 250), ["250W"], {"82 teraFLOPS", "165W"}),
        ("a.txt", COLUMNS.format("3.840", 256), [], {"5.888", "3.840", "16 GB", "256 Bit", "250 W"}),
        ("a.pdf.txt", COLUMNS.format("4.608", 192), ["4.608", "192 Bit"], {"5.888", "16 GB", "250 W"}),
        ("a.html", BOXES.format("Ada Lovelace", 70), [], {"Ada Lovelace", "2,816", "70 W"}),
        ("a.html", BOXES.format("Ampere", 130), ["Ampere", "130 W"], {"2,816"}),
        ("a.html", APART.format(485, 1), [], {"485 teraFLOPS", "24GB", "1-slot"}),
        ("a.html", APART.format(733, 2), ["733 teraFLOPS", "2-slot"], {"24GB"}),
        ("a.html", LEVELS.format(432, "10,496"), [], {"6,912", "432", "10,496", "328"}),
        ("a.html", LEVELS.format(336, "8,704"), ["336", "8,704"], {"6,912", "328"}),
        ("a.txt", CELLS.format("RDNA", "448,0"), [], {"Turing", "1770 MHz", "RDNA", "448,0 GB/s"}),
        ("a.txt", CELLS.format("RDNA 2", "672,0"), ["RDNA 2", "672,0 GB/s"], {"Turing", "1905 MHz"}),
        ("a.txt", AROUND.format("GA102", "Ampere"), [], {"AD102", "GA102", "Ada Lovelace", "Ampere", "336"}),
        ("a.txt", AROUND.format("GA100", "Turing"), ["GA100", "Turing"], {"AD102", "Ada Lovelace"}),
        ("a.txt", COPIED.format("Ampere", "Samsung", 2022), [], {"GA102", "Ampere", "Samsung", "2022"}),
        ("a.txt", COPIED.format("Turing", "TSMC", 2020), ["Turing", "TSMC", "2020"], {"GA102", "450 W"}),
        ("a.md", NOTES.format("1,008", "1,599"), [], {"24 GB", "1,008 GB/s", "$1,599"}),
        ("a.md", NOTES.format("936", "1,499"), ["936 GB/s", "$1,499"], {"24 GB"}),
        ("a.md", PARTS.format(7, "-", 2022), [], {"7", "2022", "2023"}),
        ("a.md", PARTS.format(7, 7, 2019), ["7", "2019"], {"7", "2023"}),
        ("a.md", SLASHED.format(5888, "GDDR6X"), [], {"5888", "10240", "1500 MHz", "GDDR6", "448 GB/s"}),
        ("a.md", SLASHED.format(6144, "GDDR6"), ["6144", "GDDR6"], {"10240", "12 GB", "912 GB/s"}),
        ("a.txt", NAMES.format(2039, 400), [], {"6912", "1935 GB/s", "2039 GB/s", "300 W", "80 GB"}),
        ("a.txt", NAMES.format(1935, 500), ["1935 GB/s", "500 W"], {"1555 GB/s", "300 W"}),
        ("a.md", YEARS.format(2022), [], {"2022", "2020"}),
        ("a.md", YEARS.format(2019), ["2019"], {"2020"}),
        ("a.md", WORDS.format("TSMC 4N", "933 GB/s", "35,8"), [], {"TSMC N7", "504 GByte/s", "35,8 Mrd."}),
        ("a.md", WORDS.format("Samsung 8N", "933 GiB/s", "45,9"), ["Samsung 8N", "933 GiB/s", "45,9 Mrd."],
         {"TSMC 12FFN", "900 GB/s", "21,1 Mrd."}),
    ],
    ids=["sheet", "wrong sheet", "columns", "wrong columns",
         "boxes", "wrong boxes", "apart", "wrong apart", "two levels", "wrong levels",
         "cells", "wrong cells",
         "around", "wrong around", "copied", "wrong copied",
         "notes", "wrong notes", "parts", "wrong parts", "slashes", "wrong slashes",
         "names", "wrong names", "years", "wrong year",
         "words", "wrong words"],
)  # fmt: skip
def test_a_table_as_it_is_laid_out(name, text, wrong, confirmed):
    found = audited(text.encode(), name, catalogue(), corpus.TODAY)
    assert [each.quote.rstrip("*") for each in found.accusations] == wrong
    assert confirmed <= {each.quote.rstrip("*") for each in found.findings if each.verdict == "confirmed"}


def test_a_styled_sentence_is_no_name_with_its_value():
    """What stands in one box with its words on both sides of a styled one goes on."""
    text = "<p><span>The</span> <span>RTX 4090</span> has <b>24 GB</b> of memory.</p>"
    found = audited(text.encode(), "a.html", catalogue(), corpus.TODAY)
    assert found.document.passages[0].text == "The RTX 4090 has 24 GB of memory."


TWO_BLANKS = """Three cards.

                      RTX 3090      RTX 4090      RX 7900 XTX
Architecture          Ampere        Ada Lovelace  {}
Transistors (bn)      28.3          76.3          57.7
"""


@pytest.mark.parametrize(("name", "wrong"), [("RDNA 3", []), ("RDNA 2", ["RDNA 2"])])
def test_two_blanks_before_the_next_column_part_words(name: str, wrong: list[str]):
    text = TWO_BLANKS.format(name)
    found = audited(text.encode(), "a.txt", catalogue(), corpus.TODAY)
    assert [text[each.start : each.end] for each in found.accusations] == wrong


BLOCKS = """# Cards of our lab

Quadro RTX 5000
Good for: workstations
Architecture: Turing
VRAM (GB): 16 (GDDR6)
CUDA cores: 3072
Power consumption (watt): 230

RTX A5500
Good for: workstations and servers
Architecture: Ampere
VRAM (GB): 24 (GDDR6)
CUDA cores: 10240
Tensor cores: {cores}
Power consumption (watt): 230
"""


@pytest.mark.parametrize(("cores", "wrong"), [("320", set()), ("220", {"220"})])
def test_lines_below_the_name_of_a_device_are_its_own(cores, wrong):
    found = audited(BLOCKS.format(cores=cores).encode(), "a.md", catalogue(), corpus.TODAY)
    assert {each.stated for each in found.accusations} == wrong
    assert sum(each.verdict == "confirmed" for each in found.findings) > 7


def test_values_between_bars_below_names_that_stand_a_line_each():
    text = (
        "Compared\n\nSpecification\nT4\nA10\nL40S\nCUDA cores\n2,560 | 9,216 | 18,176\n"
        "Memory (GB)\n16 | 32 | 48\n"
        "Memory type\nGDDR6 | GDDR6 | HBM3\nPower (W)\n70 | 150 | 350\n\nThat is all that there is to say.\n"
    )
    answer = audited(text.encode(), "a.txt", catalogue(), corpus.TODAY)
    assert [each.quote for each in answer.accusations] == ["32", "HBM3"]
    assert sum(each.verdict == "confirmed" for each in answer.findings) == 10
