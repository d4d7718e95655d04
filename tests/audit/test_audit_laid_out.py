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
BOXES = """<h1>In stock</h1><div class="card"><h3>NVIDIA RTX 2000 Ada Generation</h3><div class="specs">
<div class="row"><span class="k">Architecture</span><span class="v">{}</span></div>
<div class="row"><span class="k">CUDA cores</span><span class="v">2,816</span></div>
<div class="row"><span class="k">TDP</span>
<span class="v">{} W</span></div></div></div>"""
LEVELS = """<h1>Servers</h1><table><tr><th rowspan="2">Model</th><th colspan="2">Cores</th>
<th rowspan="2">TDP</th></tr>
<tr><th>CUDA</th><th>Tensor</th></tr><tr><td>A100 40GB PCIe</td><td>6,912</td><td>{}</td><td>250 W</td></tr>
<tr><td>RTX 3090</td><td>{}</td><td>328</td><td>350 W</td></tr></table>"""


@pytest.mark.parametrize(
    ("name", "text", "wrong", "confirmed"),
    [
        ("a.txt", SHEET.format(165, 150), [],
         {"31.2 teraFLOPS", "62.5 teraFLOPS", "125 teraFLOPS", "82 teraFLOPS", "165 teraFLOPS", "24GB"}),
        ("a.txt", SHEET.format(165, 250), ["250W"], {"82 teraFLOPS", "165W"}),
        ("a.html", BOXES.format("Ada Lovelace", 70), [], {"Ada Lovelace", "2,816", "70 W"}),
        ("a.html", BOXES.format("Ampere", 130), ["Ampere", "130 W"], {"2,816"}),
        ("a.html", LEVELS.format(432, "10,496"), [], {"6,912", "432", "10,496", "328"}),
        ("a.html", LEVELS.format(336, "8,704"), ["336", "8,704"], {"6,912", "328"}),
    ],
    ids=["sheet", "wrong sheet", "boxes", "wrong boxes", "two levels", "wrong levels"],
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
