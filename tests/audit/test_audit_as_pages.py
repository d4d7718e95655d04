"""Tables as pages have them: names that say more than a card has, what broke over lines, shared cells."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

#: Two columns, of which the one is a namesake that the catalogue does not have.
AGAINST = """GeForce RTX 3090 and GeForce RTX 4070 {} - video card comparison

GeForce RTX 3090

GeForce RTX 4070 {}

Boost clock speed
1700 MHz
2475 MHz

Pipelines / CUDA cores
10496
{}

Power consumption (TDP)
350 Watt
200 Watt

Memory type
GDDR6X
GDDR6X

Maximum RAM amount
24 GB
12 GB

Memory bus width
384 Bit
192 Bit

Memory bandwidth
936.2 GB/s
504.2 GB/s
"""
SHEETS = """NVIDIA Tesla T10 Processor vs NVIDIA Tesla V100 PCIe 16 GB
Processore Grafico
| Nome GPU | GT200B | GV100 |
|---|---|---|
| Architettura | Tesla 2.0 | {} |
Memoria
| Dimensione memoria | 4 GB | 16 GB |
|---|---|---|
| Tipo memoria | GDDR3 | HBM2 |
| Bus di memoria | 512 bit | 4096 bit |
| Larghezza di banda | 102.4 GB/s | {} |
Render Config
| Unit\u00e0 di ombreggiamento | 240 | 5120 |
|---|---|---|
| Conteggio SM | 30 | 80 |
| Cache L2 | 256 KB | 6 MB |
| Tensore dei core | \u2014 | 640 |
"""
BROKEN = """GPU Architektur Prozess Shader-
Einheiten
ROPs Takt
(Basis)
RAM TDP Textur-F\u00fcllrate Speicher-Bandbreite Rating
NVIDIA TITAN RTX Turing 12 nm 4608 96 1350 MHz 24 GB 280 Watt 509.8 GTexel/s 672.0
GB/s
100.00
NVIDIA RTX 2080 Ti Turing 12 nm {} 88 1350 MHz 11 GB 250 Watt 420.2 GTexel/s 616.0
GB/s
77.50
NVIDIA RTX 2080 Turing 12 nm 2944 64 1515 MHz 8 GB 215 Watt 314.6 GTexel/s 448.0
GB/s
57.86
"""
TWO_LINES = """Architecture | GPU | Instance | GPU Memory (per GPU) | Power (TDP) |
Precision Support | CPU Type |
---|---|---|---|---|---|---|
Ampere | A100 | p4d.24xlarge | 40 GB | 400W | FP64, FP32 | Intel Xeon |
Ampere | A10G | g5.xlarge | {} | 300W | FP32, FP16 | AMD EPYC |
"""
CLOCKS = """| Card | Clock (base/boost) | Memory |
|---|---|---|
| Tesla P40 | 1303 / 1531 MHz | 24 GB<br>GDDR5<br>346 GB/s |
| RTX A4000 | {} | 16 GB GDDR6 {} |
"""
RENTED = """| Instance | GPU | GPU memory | FP16 (dense / sparse) |
|---|---|---|---|
| g4dn.xlarge | 1x T4 | 16 GB | 65 / \u2013 |
| g6.xlarge | 1x L4 | 24 GB | 121 / 242\u2020 |
| g6e.xlarge | 1x L40S | 48 GB | {} / 733\u2020 |
| p5.48xlarge | 8x H100 | 80 GB | 989 / {}\u2020 |
"""
RATES = """| | RTX 3090 | RTX 4080 |
|---|---|---|
| Memory clock speed | 19500 MHz | {} MHz |
| Memory bus | 384 bit | 256 bit |
"""
#: Eight cards in glued lines, the numbers too.
GLUED = """Graphics CardAMD Radeon RX 7900 XTXAMD Radeon RX 7900 XTAMD Radeon RX 7900 GRE\
AMD Radeon RX 7800 XTAMD Radeon RX 7700 XTAMD Radeon RX 7600 XTAMD Radeon RX 7600
GPUNavi 31 XTXNavi 31 XTNavi 31 LENavi 32Navi 32{}Navi 33 XL
Transistors58 Billion58 Billion58 Billion28.1 Billion28.1 Billion13.3 Billion13.3 Billion
Stream Processors61445376512038403456{}2048
"""
RECORDS = """| {{ |
| "NVIDIA_T4": {{ |
| "name": "NVIDIA T4", |
| "cuda_cores": 2560, |
| "memory_gb": 16, |
| "memory_bandwidth_gbps": {}, |
| "tdp_watts": 70 |
| }}, |
| "NVIDIA_A100_40GB": {{ |
| "name": "NVIDIA A100 40GB", |
| "cuda_cores": 6912, |
| "memory_gb": {}, |
| "boost_clock_mhz": 1410 |
| }} |
"""
EITHER = """| Machine | GPU options | VRAM |
|---|---|---|
| Medium | T4, A4000 | 16GB |
| Large | A10G, A5000 | {} |
| X-Large | A6000 | 48GB |
"""
LISTED = """Product,Memory,Clock,RAM (GB)
A40,"48 GB, GDDR6, 384 bit",1305 MHz,{}
RTX A6000,"48 GB, GDDR6, 384 bit",1410 MHz,48.0
GeForce RTX 3090,"24 GB, GDDR6X, 384 bit",1395 MHz,24.0
"""
STACKED = """NVIDIA H100 vs NVIDIA A100 SXM 40GB

NVIDIA H100
NVIDIA A100 SXM 40GB
14592 Shaders
80GB HBM2e
1755MHz
6912 Shaders
{}
1410MHz
TDP
350W
TDP
400W
FP32
51.22 TFLOPS
FP32
19.49 TFLOPS
"""
STRUNG = """GPU CUDA cores VRAM TGP price
RTX 40901638424GB(1008GB/s)450W1599
RTX 4080 SUPER1024016GB(736GB/s)320W999
RTX 4070 Ti768012GB({}GB/s)285W799
RTX 4060 Ti 8GB43528GB(288GB/s){}W399
"""
ONE = """Overview

The NVIDIA Tesla P40 is an accelerator for inference.

Specifications

- CUDA Cores: {}
- Memory Bandwidth: 346 GB/s
- Maximum Power Consumption: 250 W
"""
UNITS = """| | RTX 4060 Ti | RTX 4070 |
|---|---|---|
| \u30c0\u30a4\u30b5\u30a4\u30ba | \u7d04188\u339f | \u7d04295\u339f |
| SP\u6570 | 4352 | {} |
"""
CHANGED = """Update table
|
|
15 |
-
| GPU | Memory | FP64 | FP32 | Best used for
|
16 |
-
| --------- | --------- | --------- | --------- | --------- |
|
17 |
| L4 | 24 GB GDDR6 @ 300 GBps | 0.5 | 30.3 | inference |
|
18 |
-
| T4 | 16 GB GDDR6 @ {} GBps | 0.25 | 8.1 | inference
|
19 |
-
| V100 | 16 GB HBM2 @ 900 GBps | 7.8 | {} | training
"""
PARAGRAPH = """Specs Nvidia RTX 4080 AMD RX 7900 XTX
Process Node 4nm TSMC {} TSMC
CUDA/Stream Cores 9,728 6,144
Boost Clock 2.51 GHz 2.5 GHz
Memory Bus 256-bit 384-bit
TDP 320W 355W
"""
ENDS_BELOW = """Manufacturer | Model | Memory (GB) | TDP (W) | CUDA Cores | Architecture of 2
values |
|---|---|---|---|---|---|
NVIDIA | GeForce RTX 3070 | 8 | {} | 5,888 | Ampere |
NVIDIA | GeForce RTX 3090 | 24 | 350 | 10,496 | Ampere |
"""
SHORT = """| | Arc B580 | RX 7600 | RTX 4060 |
|---|---|---|---|
| Cores | 20 Xe | {} CUs | 24 SMs |
| Mem. interface | 192-bit | 128-bit | 128-bit |
| Mem. bandwidth | 456GB/s | {}GB/s | 272GB/s |
| Launch MSRP | $249 / \u00a3249 | $269 / \u00a3259 | $299 / \u00a3289 |
"""
CHIPLETS = """| | RX 7800 XT | RX 7600 |
|---|---|---|
| Die Size | ~200mm2(Only GCD) 150mm2(with MCDs) | {} |
| Stream Processors | 3840 | 2048 |
"""
CORE = """The Quadro RTX 4000 GPU core runs at a frequency of 1005 MHz and, if power permits,
it can boost up to {} MHz.
"""


@pytest.mark.parametrize(
    ("name", "text", "wrong", "confirmed"),
    [
        # A 4070 with another die, of which nothing is on file.
        ("a.txt", AGAINST.format("", "", 5888), [], {"10496", "5888", "936.2 GB/s", "504.2 GB/s"}),
        ("a.txt", AGAINST.format("", "", 7168), ["7168"], {"10496", "350 Watt"}),
        ("a.md", SHEETS.format("Volta", "897.0 GB/s"), [], {"Volta", "16 GB", "HBM2", "4096 bit", "640"}),
        ("a.md", SHEETS.format("Pascal", "732 GB/s"), ["Pascal", "732 GB/s"], {"16 GB", "5120"}),
        ("a.txt", BROKEN.format(4352), [], {"4608", "1350 MHz", "280 Watt", "Turing", "4352", "2944"}),
        ("a.txt", BROKEN.format(4608), ["4608"], {"2944", "215 Watt"}),
        ("a.txt", TWO_LINES.format("24 GB"), [], {"40 GB", "400W", "24 GB", "300W"}),
        ("a.txt", TWO_LINES.format("16 GB"), ["16 GB"], {"40 GB", "400W"}),
        ("a.md", CLOCKS.format("735 MHz / 1560 MHz", "448 GB/s"), [],
         {"1303", "1531 MHz", "735 MHz", "1560 MHz", "346 GB/s", "448 GB/s"}),
        ("a.md", CLOCKS.format("735 MHz / 1560 MHz", "512 GB/s"), ["512 GB/s"], {"GDDR6", "16 GB"}),
        ("a.md", RENTED.format(362, "1,979"), [], {"65", "121", "242", "362", "733", "989", "1,979"}),
        ("a.md", RENTED.format(362, "1,513"), [], {"65", "989"}),
        ("a.md", RATES.format(22400), [], {"19500 MHz", "22400 MHz"}),
        ("a.md", RATES.format(18000), ["18000 MHz"], {"19500 MHz"}),
        ("a.txt", GLUED.format("Navi 33", 2048), [], {"Navi 31", "6144", "5376", "2048", "28.1 Billion"}),
        ("a.txt", GLUED.format("Navi 32", 2048), ["Navi 32"], {"Navi 31", "3456"}),
        ("a.txt", GLUED.format("Navi 33", 2560), ["2560"], {"6144", "3456"}),
        ("a.txt", RECORDS.format(320, 40), [], {"2560", "16", "320", "70", "6912", "40", "1410"}),
        ("a.txt", RECORDS.format(256, 48), ["256", "48"], {"2560", "1410"}),
        ("a.md", EITHER.format("24GB"), [], {"16GB", "24GB", "48GB"}),
        # Of two devices a cell may be of the one or the other.
        ("a.md", EITHER.format("32GB"), [], {"16GB", "48GB"}),
        ("a.csv", LISTED.format("48.0"), [], {"48.0", "24.0", "384 bit"}),
        # What is not the same throughout is the host's.
        ("a.csv", LISTED.format("64.0"), [], {"384 bit"}),
        ("a.txt", STACKED.format("40GB HBM2"), [], {"14592", "80GB", "HBM2e", "6912", "40GB", "350W"}),
        ("a.txt", STACKED.format("48GB HBM2"), ["48GB"], {"80GB", "HBM2"}),
        ("a.md", CHIPLETS.format("204mm2"), [], {"204mm2", "3840"}),
        ("a.md", CHIPLETS.format("294mm2"), ["294mm2"], {"3840"}),
        ("a.txt", CORE.format(1545), [], {"1545 MHz"}),
        ("a.txt", STRUNG.format(504, 160), [], {"16384", "24GB", "1008GB/s", "10240", "7680", "4352", "8GB"}),
        ("a.txt", STRUNG.format(672, 200), ["672GB/s", "200W"], {"7680", "12GB", "4352", "288GB/s"}),
        ("a.md", ONE.format("3,840"), [], {"3,840", "346 GB/s", "250 W"}),
        ("a.md", UNITS.format(5888), [], {"188\u339f", "295\u339f", "4352", "5888"}),
        ("a.md", UNITS.format(7168), ["7168"], {"295\u339f"}),
        ("a.txt", ENDS_BELOW.format(220), [], {"8", "220", "5,888", "24", "350"}),
        ("a.txt", ENDS_BELOW.format(320), ["320"], {"8", "5,888", "350"}),
        ("a.md", SHORT.format(32, 288), [], {"20", "32", "24", "192-bit", "456GB/s", "$249", "$269", "$299"}),
        ("a.md", SHORT.format(24, 256), ["24", "256GB/s"], {"20", "272GB/s"}),
        ("a.txt", CHANGED.format(320, 15.7), [], {"24 GB", "300 GBps", "320 GBps", "8.1", "HBM2", "15.7"}),
        ("a.txt", CHANGED.format(256, 19.5), ["256 GBps", "19.5"], {"300 GBps", "7.8"}),
        ("a.txt", PARAGRAPH.format("5nm"), [], {"4nm", "5nm", "9,728", "384-bit"}),
        ("a.txt", PARAGRAPH.format("7nm"), ["7nm"], {"4nm", "6,144"}),
    ],
    ids=[
        "against", "wrong", "one of two", "wrong of one", "broken lines",
        "wrong in broken", "two lines", "wrong below two", "clocks", "a third value", "rented", "one right",
        "effective", "wrong rate", "glued", "wrong chip", "wrong number", "records", "wrong records",
        "either", "of neither", "ram", "of a host", "stacked", "wrong size", "chiplets", "wrong die", "core",
        "strung", "wrong strung", "one device", "units", "wrong in units", "ends below", "wrong below it",
        "short", "wrong short", "changes", "wrong in changes",
        "with who makes it", "wrong process",
    ],
)  # fmt: skip
def test_what_cells_of_pages_state(name, text, wrong, confirmed):
    found = audited(text.encode(), name, catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == wrong
    assert confirmed <= {each.quote for each in found.findings if each.verdict == "confirmed"}


@pytest.mark.parametrize("more", ["AD103", "GDDR7", "16GB"])
def test_a_namesake_that_has_something_else_is_another_card(more):
    text = AGAINST.format(more, more, 7168)
    found = audited(text.encode(), "a.txt", catalogue(), corpus.TODAY)
    assert "7168" not in {each.quote for each in found.findings}
    # By its heading the card has 16 GB.
    assert {each.quote for each in found.accusations} <= {"16GB"}
    assert {"10496", "936.2 GB/s"} <= {each.quote for each in found.findings if each.verdict == "confirmed"}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("NVIDIA cancelled the RTX 4080 12GB. It had 7,680 CUDA cores and a 192-bit bus.", []),
        ("La RTX 4080 12 Go avait 7 680 c\u0153urs CUDA.", []),
        ("The RTX 4080 has 7,680 CUDA cores.", ["7,680"]),
        ("The RTX 4080 Laptop 12GB has 9,728 CUDA cores.", ["9,728"]),
    ],
)
def test_a_size_that_was_never_sold_is_no_card_on_file(text, wrong):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == wrong
