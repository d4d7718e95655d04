"""Labels in any language word by word, units as cells write them, and tables whose marks are blanks."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.audit.readers import read
from whichgpu.audit.values.attributes import headed
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
        ("Частота ядра в режиме Boost, МГц", "clock_boost"),
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
        ("Bandwidth", "1008 GB/seg"), ("CUDAコア数", "1万6384基"), ("Техпроцесс, нм", "5"),
        ("Débit mémoire", "1 008 Go/s"),
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


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("a.md", "| GPU | Spec | Value |\n|---|---|---|\n| RTX 4090 | VRAM | 24 GB |\n"
                 "| RTX 4090 | TDP | 450 W |\n| L40S | VRAM | 48 GB |\n| L40S | Bus | 256-bit |\n"),
        ("b.md", "| Spec | RTX 4090 / L40S | RTX A6000 |\n|---|---|---|\n| VRAM | 24 GB / 48 GB | 48 GB |\n"
                 "| Bus | 384 / 256-bit | 384-bit |\n"),
        ("c.txt", "┌──────┬──────────┬─────────┐\n│      │ RTX 4090 │ L40S    │\n"
                  "├──────┼──────────┼─────────┤\n│ VRAM │ 24 GB    │ 48 GB   │\n"
                  "│ TDP  │ 450 W    │ 350 W   │\n│ Bus  │ 384-bit  │ 256-bit │\n"),
        ("d.html", "<table><tr><th></th><th>L40S<br><small>from $1.20/hr</small></th></tr>"
                   "<tr><td>VRAM</td><td>48 GB</td></tr><tr><td>Bus</td><td>256-bit</td></tr></table>"),
        ("e.html", "<ul><li><b>RTX 4090</b><ul><li>SMs: 128</li><li>Cores: 16384</li><li>Die: 609 mm2</li>"
                   "<li>Bus: 384-bit</li></ul></li><li><b>L40S</b><ul><li>SMs: 142</li><li>L2: 96 MB</li>"
                   "<li>TDP: 350 W</li><li>Bus: 256-bit</li></ul></li></ul>"),
        ("f.html", "<h2>L40S</h2><ul><li><b>Architecture</b> Ada Lovelace</li>"
                   "<li><b>Bus</b> 256-bit</li></ul>"),
    ],
)  # fmt: skip
def test_more_layouts_are_tables(name: str, page: str) -> None:
    found = audited(page.encode(), name, catalogue(), corpus.TODAY).findings
    wrong = [(each.subject, each.attribute) for each in found if each.accuses]
    assert wrong == [("l40s", "memory_bus")]
    assert len(found) > 1


def test_a_list_of_notes_says_what_is_sparse() -> None:
    page = """| | H200 SXM |\n|---|---|\n| FP8 Tensor Core² | {} TFLOPS |\n| FP64 | 34 TFLOPS |

1. Preliminary.
2. With sparsity.
"""
    verdicts = [[each[2] for each in _judged(page.format(rate))] for rate in ("3,958", "2,958")]
    assert verdicts == [["confirmed", "confirmed"], ["contradicted", "confirmed"]]


def test_the_rest_of_a_name_is_no_row() -> None:
    text = """Comparison

Features                     Tesla V100       A100 40GB SXM
SMs                          80               108
Peak FP32 TFLOPS (non-       15.7             19.5
Tensor)
Peak FP16 Tensor TFLOPS      125              312/624
with FP32 Accumulate
Memory Bandwidth             900 GB/sec       1935 GB/sec
"""
    rows = [
        [cell.text if cell else "" for cell in row] for row in read(text.encode(), "a.txt").tables[0].rows
    ]
    assert rows[2:4] == [
        ["Peak FP32 TFLOPS (non- Tensor)", "15.7", "19.5"],
        ["Peak FP16 Tensor TFLOPS with FP32 Accumulate", "125", "312/624"],
    ]
    assert [each for each in _judged(text, "a.txt") if each[2] != "confirmed"] == [
        ("1935 GB/sec", "bandwidth", "contradicted")
    ]


def test_the_ram_of_a_machine_is_not_its_gpus() -> None:
    page = "<h3>H100 SXM</h3><ul><li>VRAM: 80 GB</li><li>RAM: 200 GB</li><li>Bandwidth: 3.35 TB/s</li></ul>"
    assert [verdict for _, _, verdict in _judged(page, "a.html")] == ["confirmed", "confirmed"]


@pytest.mark.parametrize(
    "page",
    [
        "| GPU | List price | Startpreis |\n|---|---|---|\n| RTX 4090 | $0.69 | 0,39 $/h |\n"
        "| H100 SXM | $3.49 | 2,99 $/h |\n",
        "| | RTX 4090 | RTX 3090 |\n|---|---|---|\n"
        "| Speed | 120 t/s | 90 t/s |\n| Power | 310 W | 290 W |\n"
        "| Width | 137 | 138 |\n",
        "| GPU | Metric | Value |\n|---|---|---|\n"
        "| RTX 4090 | Memory | 22.1 GB |\n| RTX 4090 | Tokens/s | 120 |\n"
        "| L40S | Memory | 30 GB |\n| L40S | Power | 280 W |\n",
    ],
)
def test_rents_and_measurements_are_not_accused(page: str) -> None:
    assert "contradicted" not in [verdict for _, _, verdict in _judged(page)]


def test_chips_of_tpus_are_devices() -> None:
    page = "| | TPU v5p | TPU v6e |\n|---|---|---|\n| HBM bandwidth per chip | 2765 GBps | 1228 GBps |\n"
    assert [verdict for _, _, verdict in _judged(page)] == ["confirmed", "contradicted"]


def test_entries_may_have_any_mark() -> None:
    names = ("VRAM = {} GB", "Bus - {}-bit", "TDP: {} W", "CUDA cores = {}")
    blocks = (("RTX 4090", (24, 384, 450, 16384)), ("L40S", (48, 256, 350, 18176)))
    lines = [f"[{card}]\n" + "\n".join(map(str.format, names, values)) for card, values in blocks]
    found = _judged("\n\n".join(lines), "a.txt")
    assert len(found) == 8
    assert [quote for quote, _, verdict in found if verdict == "contradicted"] == ["256-bit"]


def test_lines_of_values_are_entries_and_parts_no_devices() -> None:
    page = """AMD Instinct MI250 208 CUs, 128 GB HBM2e, 3.2 TB/s, 560 W, 362.1 TFLOPS FP16
AMD Instinct MI250X 220 CUs, 128 GB HBM2e, 3.2 TB/s, 560 W, 383 TFLOPS FP16
"""
    assert {(quote, verdict) for quote, key, verdict in _judged(page, "a.txt") if key == "sms"} == {
        ("208", "confirmed"), ("220", "confirmed"),
    }  # fmt: skip
    head = "| GPU | Memory | Power |\n|---|---|---|\n"
    table = f"{head}| MI250 (per GCD) | 64 GB | 280 W |\n| MI250 | 128 GB | 560 W |\n"
    assert [verdict for _, _, verdict in _judged(table)] == ["confirmed", "confirmed"]
