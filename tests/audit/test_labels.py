"""Labels in any language word by word, units as cells write them, and tables whose marks are blanks."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.audit.attributes import headed
from whichgpu.audit.readers import read
from whichgpu.hardware.catalogue import catalogue


def _judged(text: str, name: str = "page.md") -> list[tuple[str, str, str]]:
    found = audited(text.encode(), name, catalogue(), corpus.TODAY).findings
    return [(each.quote, each.attribute, each.verdict) for each in found]


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("Ancho del bus de memoria", "memory_bus"),
        ("Bande passante NVLink", "nvlink"),
        ("Liczba rdzeni CUDA / procesorów strumieniowych", "cores"),
        ("Speicherausbau", "memory"),
        ("メモリインターフェイス", "memory_bus"),
        ("記憶體類型", "memory_type"),
        ("発売時価格", "launch_price"),
        ("Clock speeds[c] Core (MHz) base", "clock_base"),
        ("Peak FP64 Matrix", "fp64_tensor"),
        ("Peak Single Precision Matrix (FP32) Performance", ""),
        ("Memory used by the model", ""),
        ("Preis pro Stunde", ""),
    ],
)
def test_a_label_is_read_word_by_word(label: str, key: str) -> None:
    found = headed(label)
    assert (found.key if found else "") == key


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("VRAM", "24G"), ("Memory bus", "12 × 32 bit"), ("Memory bus", "384位"),
        ("TDP", "450瓦"), ("TDP", "450"),
        ("FP32", "82.6T"), ("Transistors", "763亿"), ("Transistors", "76,3 mld"), ("CUDA cores", "16.4K"),
        ("Die size", "609 кв. мм"), ("Launch price", "1599ドル"), ("L2 cache", "73,728 KB"),
        ("Bandwidth", "1008 GB/seg"),
    ],
)  # fmt: skip
def test_a_cell_is_in_the_unit_of_its_label(label: str, value: str) -> None:
    page = f"| | RTX 4090 |\n|---|---|\n| Colour | black |\n| {label} | {value} |\n"
    assert [verdict for _, _, verdict in _judged(page)] == ["confirmed"]
    wrong = (
        page.replace("24G", "20G").replace("450瓦", "650瓦").replace("763", "663").replace("82.6T", "62.6T")
    )
    if wrong != page:
        assert [verdict for _, _, verdict in _judged(wrong)] == ["contradicted"]


def test_the_words_of_a_line_are_its_cells() -> None:
    text = """Export

name mem_gb bw_gbps tdp_w cores
A30 24 933 165 3584
Tesla T4 16 380 70 2560
L4 24 300 72 7424
"""
    found = _judged(text, "export.txt")
    assert len(found) == 12
    assert [each for each in found if each[2] != "confirmed"] == [("380", "bandwidth", "contradicted")]
    assert not read(
        b"so we went to the shop again\nand we had no money left\nto buy one or two cards\n"
    ).tables


def test_what_is_centred_over_two_columns_is_of_both() -> None:
    sheet = """SPECIFICATIONS

                              A100 80GB PCIe                      A100 80GB SXM
 FP64                                              9.7 TFLOPS
 FP32                                              19.5 TFLOPS
 GPU Memory Bandwidth         1,935GB/s                          2,039GB/s
 Max Thermal Design           300W                                500W
 Power (TDP)
"""
    rows = [
        [cell.text if cell else "" for cell in row] for row in read(sheet.encode(), "a.pdf").tables[0].rows
    ]
    assert rows[1] == ["FP64", "9.7 TFLOPS", "9.7 TFLOPS"]
    assert rows[4:] == [["Max Thermal Design", "300W", "500W"], ["Power (TDP)", "", ""]]
    assert ("500W", "power", "contradicted") in _judged(sheet, "a.pdf")


def test_a_name_with_its_value_heads_no_row() -> None:
    page = """<h1>GeForce RTX 4070 Ti SUPER</h1><h2>Clock Speeds</h2>
<dl><dt>Base Clock</dt><dd>2340 MHz</dd></dl>
<dl><dt>Boost Clock</dt><dd>2610 MHz</dd></dl><h2>Memory</h2><dl><dt>Memory Bus</dt><dd>192 bit</dd></dl>
<dl><dt>Bandwidth</dt><dd>672.3 GB/s</dd></dl>"""
    assert [(quote, verdict) for quote, _, verdict in _judged(page, "page.html")] == [
        ("2340 MHz", "confirmed"), ("2610 MHz", "confirmed"), ("192 bit", "contradicted"),
        ("672.3 GB/s", "confirmed"),
    ]  # fmt: skip
