"""Tables of LaTeX, MediaWiki, AsciiDoc, reStructuredText, Jira and BBCode, and what their cells are of."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

#: Two cards of which the second has a wrong bandwidth, in the tables of other languages than Markdown.
_WRITTEN = {
    "latex": r"""\section{Cards}
\begin{table}[t]\caption{Cards, see \cite{a}.}
\begin{tabular}{@{}l|r|r|r@{}}
\toprule
 & \multicolumn{2}{c|}{Memory} & Power \\
GPU & Size & Bandwidth & TDP \\ \midrule
% RTX 4090 & 1 GB & 1 GB/s & 1 W \\
\textbf{RTX 4090} & 24\,GB & \SI{1008}{\giga\byte\per\second} & 450~W \\
L40S & 48\,GB &
  936\,GB/s & 350~W \\
\end{tabular}\end{table}""",
    "wiki": """== Cards ==
{| class="wikitable"
! rowspan="2" | Model
! colspan="2" | [[Video RAM|Memory]]
! rowspan="2" | TDP
|-
! Size !! Bandwidth
|-
| RTX 4090<ref>A data sheet of 1 GB.</ref>
| 24 GB || 1008 GB/s || {{nowrap|450 W}}
|-
| L40S
| style="color:red" | 48 GB || 936 GB/s || 350 W
|}""",
    "asciidoc": """= Cards

.Cards
[cols="2,3*",options="header"]
|===
| GPU | Memory | Bandwidth | TDP

| RTX 4090 | 24 GB | 1008 GB/s | 450 W
| L40S
| 48 GB
| 936 GB/s
| 350 W
|===""",
    "rst": """Cards
=====

.. list-table:: Cards
   :header-rows: 1

   * - GPU
     - Memory
     - Bandwidth
     - TDP
   * - RTX 4090
     - 24 GB
     - 1008 GB/s
     - 450 W
   * - L40S
     - 48 GB
     - 936 GB/s
     - 350 W
""",
    "rst columns": """Cards
=====

.. list-table:: Nothing

   * - a

=====  ========  =====  =========  =====
Nodes  GPU       VRAM   B/W        TDP
=====  ========  =====  =========  =====
n1     RTX 4090  24 GB  1008 GB/s  450 W
n2     L40S      48 GB  936 GB/s   350 W
=====  ========  =====  =========  =====
""",
    "jira": """h2. Cards

||GPU||Memory||Bandwidth||TDP||
|RTX 4090|24 GB|1008 GB/s|450 W|
|L40S|48 GB|936 GB/s|350 W|
""",
    "bbcode": """[b]Cards[/b]
[table][tr][th]GPU[/th][th]Memory[/th][th]Bandwidth[/th][th]TDP[/th][/tr]
[tr][td]RTX 4090[/td][td]24 GB[/td][td]1008 GB/s[/td][td]450 W[/td][/tr]
[tr][td]L40S[/td][td]48 GB[/td][td]936 GB/s[/td][td]350 W[/td][/tr][/table]
""",
}
_TRUE = {"1008", "24", "48", "450", "350"}
#: Tables in Markdown or plain text, what is wrong in each, and what is right.
_CASES = {
    "a number beside memory is no card": (
        "- **RX 6800** - 16 GB GDDR6, 512 GB/s\n- **Tesla P40** - 24 GB GDDR5, 480 GB/s, 250 W",
        {"480 GB/s"}, {"24 GB", "250 W"},
    ),
    "a machine tells the form": (
        "| | DGX A100 640GB | DGX H100 |\n|---|---|---|\n| GPUs | 8x A100 80GB | 8x H100 |\n"
        "| GPU memory | 640 GB total | 768 GB total |\n| GPU memory bandwidth | 16 TB/s | 26.8 TB/s |",
        {"768 GB"}, {"26.8 TB/s"},
    ),
    "units of their own row and column": (
        "Card | Mem | BW | W\n---|---|---|---\nA6000 | 48 | 768 | 300\n6000 Ada | 48 | 768 | 300\n"
        "PRO 6000 | 96 | 1792 | 600",
        {"768"}, {"300", "600"},
    ),
    "a first row that heads nothing": (
        "RTX 3060 12GB | VRAM: 12GB | Bus: 192-bit\nRTX 3070 8GB | VRAM: 8GB | Bus: 256-bit\n"
        "RTX 3080 10GB | VRAM: 10GB | Bus: 384-bit",
        {"384-bit"}, {"12GB", "192-bit", "256-bit"},
    ),
    "prices by heading, and what one is against the other": (
        "| GPU | A ($/h) | B ($/h) | B against A |\n|---|---|---|---|\n| L4 | 0.39 | 0.34 | -13 % |\n"
        "| A10 | 0.69 | 0.89 | +29 % |\n| L40S | 0.86 | 0.79 | -8 % |\n| H100 | 2.69 | 2.09 | -32 % |",
        {"-32 %"}, {"29 %"},
    ),
    "machines by the hour and the day": (
        "| Node | per GPU-hour | per node-hour | per day |\n|---|---|---|---|\n"
        "| 8x H100 SXM | $2.49 | $19.92 | $478.08 |\n| 8x H200 | $3.29 | $26.32 | $631.68 |\n"
        "| 8x L40S | $0.99 | $7.92 | $190.08 |\n| 8x A100 80GB | $1.29 | $12.32 | $247.68 |",
        {"$12.32"}, {"$247.68"},
    ),
    "multiples of a device": (
        "| Ratio to A100 80GB SXM | H100 SXM | B200 SXM |\n|---|---|---|\n| BF16 dense | 3.2x | 9.9x |\n"
        "| Bandwidth | 1.6x | 3.9x |\n| Memory | 1.0x | 3.1x |",
        {"3.1"}, {"3.2", "1.6", "1.0"},
    ),
    "two wrong cells in columns of one table": (
        "| Run | GPUs | Days | GPU-hours | Cost |\n|---|---|---|---|---|\n| a | 64 | 3 | 4,608 | $9,216 |\n"
        "| b | 128 | 6 | 18,432 | $36,864 |\n| c | 256 | 10 | 51,440 | $122,880 |\n"
        "| d | 512 | 12 | 147,456 | $294,912 |\n| e | 512 | 25 | 307,200 | $514,400 |",
        {"51,440", "$514,400"}, {"18,432"},
    ),
    "words without blanks": (
        "- RTX 4080\uff1a\u67b6\u6784Ada Lovelace\uff0c\u4f4d\u5bbd256bit\uff0c\u529f\u8017320W\n"
        "- RTX 3080 Ti\uff1a\u67b6\u6784Ampere\uff0c\u4f4d\u5bbd320bit\uff0c\u529f\u8017350W",
        {"320bit"}, {"Ada Lovelace", "256bit", "Ampere"},
    ),
}  # fmt: skip


def _judged(text: str, name: str = "a.txt") -> tuple[set[str], set[str]]:
    """What is accused, and what is confirmed."""
    found = audited(text.encode(), name, catalogue(()), date(2026, 11, 28)).findings
    return (
        {each.quote for each in found if each.accuses},
        {each.quote for each in found if each.verdict == "confirmed"},
    )


@pytest.mark.parametrize("way", _WRITTEN)
def test_tables_of_other_languages(way: str) -> None:
    wrong, right = _judged(_WRITTEN[way])
    assert len(wrong) == 1, wrong
    assert next(iter(wrong)).startswith("936")
    assert {each for each in _TRUE if any(quote.startswith(each) for quote in right)} | {"1008"} == _TRUE


@pytest.mark.parametrize("case", _CASES)
def test_what_cells_are_of(case: str) -> None:
    text, wrong, right = _CASES[case]
    accused, confirmed = _judged(text, "a.md")
    assert accused == wrong
    assert right <= confirmed


def test_a_cell_over_lines_of_laid_out_text() -> None:
    text = """                    H100 SXM         H100 PCIe

 FP32               67 TFLOPS        51 TFLOPS

 BF16 Tensor        1,979            1,671
 Core               TFLOPS*          TFLOPS*

 Memory             80 GB            80 GB

 TDP                700 W            350 W

 * With sparsity.
"""
    wrong, right = _judged(text)
    assert wrong == {"1,671"}
    assert {"1,979", "67 TFLOPS", "350 W"} <= right
