"""Kinds of tables as pages have them: sections of devices, forms beside names, cards in cells, products."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

SECTIONS = """<table><tr><th>Specification</th><th>Value</th></tr>
<tr><th colspan=2>Radeon RX 7600 XT</th></tr>
<tr><td>Memory</td><td>16 GB GDDR6</td></tr><tr><td>Memory bus</td><td>{}</td></tr>
<tr><th colspan=2>Radeon RX 7800 XT</th></tr>
<tr><td>Memory</td><td>16 GB GDDR6</td></tr><tr><td>Memory bandwidth</td><td>{}</td></tr></table>
"""
FORMS = """<table><tr><th>Model</th><th>Form</th><th>Memory</th><th>Bandwidth</th><th>TDP</th></tr>
<tr><td rowspan="2">V100 16GB</td><td>PCIe</td><td rowspan="2">16 GB</td><td>900 GB/s</td><td>{}</td></tr>
<tr><td>SXM2</td><td>900 GB/s</td><td>300 W</td></tr>
<tr><td rowspan="2">A100 80GB</td><td>PCIe</td><td rowspan="2">80 GB</td><td>1,935 GB/s</td>
<td>300 W</td></tr>
<tr><td>SXM4</td><td>{}</td><td>400 W</td></tr></table>
"""
CARDS = """| Maker | Small | Large |
|---|---|---|
| NVIDIA | RTX 4060 (8 GB, 115 W) | RTX 4080 (16 GB, {}) |
| AMD | RX 7600 (8 GB, 165 W) | RX 7900 XT ({}, 315 W) |
"""
WORKED = """| | Bus and data rate |
|---|---|
| RTX 4070 | 192 bit x 21 Gbps = {} |
| RX 7600 | 128 bit \u00d7 18 Gbps = {} |
"""
BLOCKS = """{head} GeForce RTX 2060
{memory} 6 GB GDDR6
{bus} 192 bit
{power} 160 W
CUDA{mark} 1920

{head} GeForce RTX 2070 Super
{memory} 8 GB GDDR6
{bus} {{}}
{power} {{}}
CUDA{mark} 2560
"""
SPANISH = BLOCKS.format(
    head="Ficha t\u00e9cnica:", memory="Memoria:", bus="Bus:", power="Consumo:", mark=" cores:"
)
CHINESE = BLOCKS.format(
    head="\u663e\u5361\u53c2\u6570\uff1a", memory="\u663e\u5b58\uff1a", bus="\u4f4d\u5bbd\uff1a",
    power="\u529f\u8017\uff1a", mark="\u6838\u5fc3\uff1a",
)  # fmt: skip
BESIDE = """| Card | VRAM | Power | Card | VRAM | Power |
|---|---|---|---|---|---|
| RTX 4060 | 8 GB | 115 W | RX 7600 | 8 GB | 165 W |
| RTX 4080 | 16 GB | {} | RX 7900 XT | {} | 315 W |
"""
SLASHED = """- RTX 4060 / 4070 / 4080: 8 / {} / 16 GB, 272 / 504 / 717 GB/s, 115 / 200 / 320 W
- RX 7600 / 7800 XT: 8 / 16 GB, 288 / {} GB/s, 165 / 263 W
"""
ABLE = """| | A100 | L40S |
|---|---|---|
| FP8-Unterst\u00fctzung | {} | ja |
| NVLink | ja | {} |
"""
HEADS = """| Gr\u00f6\u00dfe | RTX 4080 | RTX 5080 |
|---|---|---|
| Interface, Bit | 256 | {} |
| Transistors, bn | 45,9 | 45,6 |
| Basis / Boost (MHz) | 2205 / 2505 | 2295 / 2617 |
| UVP, $ | {} | 999 |
"""
LISTED = """Short list (VRAM; bandwidth; board power):

- P4: 8 GB; 192 GB/s; 75 W
- A10: 24 GB; 600 GB/s; {}
- A40: {}; 696 GB/s; 300 W
"""


def _found(text: str, name: str = "a.md") -> tuple[list[str], int]:
    found = audited(text.encode(), name, catalogue(), date(2026, 1, 1)).findings
    return [each.quote for each in found if each.accuses], sum(each.verdict == "confirmed" for each in found)


@pytest.mark.parametrize(("text", "name", "right", "wrong", "confirmed"), [
    (SECTIONS, "a.html", ("128-bit", "624 GB/s"), ("256-bit", "432 GB/s"), 6),
    (FORMS, "a.html", ("250 W", "2,039 GB/s"), ("300 W", "1,935 GB/s"), 10),
    (CARDS, "a.md", ("320 W", "20 GB"), ("450 W", "24 GB"), 8),
    (WORKED, "a.md", ("504 GB/s", "288 GB/s"), ("672 GB/s", "432 GB/s"), 4),
    (SPANISH, "a.txt", ("256 bit", "215 W"), ("192 bit", "250 W"), 8),
    (CHINESE, "a.txt", ("256 bit", "215 W"), ("192 bit", "250 W"), 8),
    (LISTED, "a.md", ("150 W", "48 GB"), ("300 W", "24 GB"), 9),
    (BESIDE, "a.md", ("320 W", "20 GB"), ("450 W", "24 GB"), 8),
    (SLASHED, "a.md", ("12", "624"), ("16", "432"), 15),
    (ABLE, "a.md", ("nein", "nein"), ("ja", "ja"), 4),
    (HEADS, "a.md", ("256", "1199"), ("384", "999"), 10),
], ids=["sections", "forms", "cards", "worked", "spanish", "chinese", "listed", "beside", "slashed", "able",
        "heads"])  # fmt: skip
def test_a_value_is_of_the_device_that_it_stands_below(text, name, right, wrong, confirmed):
    told, known = _found(text.format(*right), name)
    assert told == []
    assert known >= confirmed
    told, _ = _found(text.format(*wrong), name)
    assert [each.partition(" ")[0] for each in told] == [each.partition(" ")[0] for each in wrong]


def test_a_rate_of_bits_that_is_told_in_bytes_is_an_eighth():
    assert _found("Four ports x 400 Gb/s = 200 GB/s, that is 4 x 400 Gb/s = 1,600 Gb/s.")[0] == []
    assert _found("That is 256 x 14 Gbps / 8 = 448 GB/s.")[0] == []


def test_outputs_below_interface_are_no_width_of_a_bus():
    text = """| | RTX 5070 |
|---|---|
| Memory | 12 GB GDDR7 |
| Bandwidth | 672 GB/s |
| Interface | 1 x HDMI 2.1b, 3 x DisplayPort 2.1b |
"""
    assert _found(text)[0] == []


def test_a_maker_lowers_no_power_of_the_reference_card():
    text = "| Card | VRAM | TDP |\n|---|---|---|\n| RTX 4080 | 16 GB | {} W |\n| RTX 4070 | 12 GB | 200 W |\n"
    assert _found(text.format(340))[0] == []
    assert _found(text.format(295))[0] == ["295 W"]


def test_the_graphics_clock_of_intel_is_its_base_clock():
    text = "## Arc A750\n\n- Xe-cores: 28\n- Graphics clock: {} MHz\n- Memory: 8 GB GDDR6\n- TBP: 225 W\n"
    assert _found(text.format(2050))[0] == []


def test_what_was_measured_and_what_the_host_has_is_of_no_device():
    text = """| | L40S | H100 PCIe |
|---|---|---|
| Memory | 48 GB | 80 GB |
| GEMM FP16 8192 (TFLOPS) | 248 | 571 |
"""
    assert _found(text)[0] == []
    laptop = """<h3>Notebook - GeForce RTX 5060 Laptop GPU</h3><ul><li>GPU memory: 8 GB {}</li>
<li>CPU: Ryzen 9 8940HX, 16 cores</li><li>RAM: 16 GB DDR5</li></ul>"""
    assert _found(laptop.format("GDDR7"), "a.html")[0] == []
    assert _found(laptop.format("GDDR6"), "a.html")[0] == ["GDDR6"]


def test_a_column_of_what_two_differ_by_in_german():
    text = """| | RTX 4090 | RTX 5090 | Zuwachs |
|---|---|---|---|
| SMs | 128 | 170 | +33 % |
| Speicher | 24 GB | 32 GB | +33 % |
| Bandbreite | 1.008 GB/s | 1.792 GB/s | {} |
| TGP | 450 W | 575 W | +28 % |
"""
    assert _found(text.format("+78 %"))[0] == []
    assert _found(text.format("+68 %"))[0] == ["68 %"]
