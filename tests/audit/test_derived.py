"""Cells of a table that follow from its other cells, whatever their heading calls them."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue


def rows(head: str, *lines: str) -> str:
    cells = [[cell.strip() for cell in line.split(";")] for line in (head, *lines)]
    table = [f"| {' | '.join(line)} |" for line in cells]
    return "\n".join(("# Ours\n", table[0], "|---" * len(cells[0]) + "|", *table[1:], ""))


CASES = {
    "against one row": (
        rows("Card; FPS; vs RTX 3080", "RTX 3080; 92; -", "RTX 3090; 101; +10%", "RTX 4070; 95; +3%",
             "RTX 4080; 139; {}", "RTX 4090; 178; +93%"),
        "+51%", "+45%",
    ),
    "multiples of one row": (
        rows("Run; images/s; Relative", "a; 84; 1.00x", "b; 121; 1.44x", "c; 193; {}", "d; 289; 3.44x"),
        "2.30x", "2.03x",
    ),
    "a change between two columns": (
        rows("Test; Old ms; New ms; Change", "one; 120; 90; -25%", "two; 80; 52; -35%", "three; 44; 22; {}",
             "four; 200; 164; -18%", "five; 61; 50; -18%"),
        "-50%", "-40%",
    ),
    "efficiency by the numbers in the headings": (
        rows("Rig; 1 GPU; 4 GPUs; Efficiency", "a; 430; 1634; 95%", "b; 1420; 5396; 95%",
             "c; 2580; 10010; 97%", "d; 3900; 14820; {}"),
        "95%", "88%",
    ),
    "so many for so many hours": (
        rows("Job; GPUs; Hours; $/GPU-hour; Total", "a; 4; 12; $1.20; $57.60", "b; 64; 310; $1.85; $36,704",
             "c; 8; 26; $1.85; $384.80", "d; 8; 14; $1.85; {}"),
        "$207.20", "$270.20",
    ),
    "shares": (
        rows("Item; USD; Share", "servers; 268,000; 72.8%", "network; 31,000; 8.4%", "storage; 42,500; {}",
             "rack; 18,900; 5.1%", "work; 7,600; 2.1%"),
        "11.5%", "14.5%",
    ),
    "a net price": (
        rows("Term; List $/h; Discount; Net $/h", "a; 4.10; 0 %; 4.10", "b; 4.10; 28 %; 2.95",
             "c; 4.10; 47 %; {}", "d; 4.10; 61 %; 1.60"),
        "2.17", "2.57",
    ),
    "against the row before": (
        rows("Step; Score; Gain over previous", "one; 13.4; -", "two; 35.6; 2.66x", "three; 82.6; 2.32x",
             "four; 104.8; {}", "five; 150.2; 1.43x"),
        "1.27x", "1.72x",
    ),
    "a sum so far": (
        rows("Month; Bill; Cumulative", "1st; $4,120; $4,120", "2nd; $3,890; $8,010", "3rd; $5,230; $13,240",
             "4th; $6,110; {}", "5th; $5,980; $25,330"),
        "$19,350", "$19,530",
    ),
    "hours of a year": (
        rows("Offer; Hourly; Yearly", "a; $0.70; $6,132", "b; $0.75; $6,570", "c; $1.55; $13,578",
             "d; $2.99; {}"),
        "$26,192", "$26,912",
    ),
    "what is left of so much": (
        rows("Model; Needed; Free on 24 GB", "a; 5.2 GB; 18.8 GB", "b; 8.6 GB; 15.4 GB", "c; 15.1 GB; {}",
             "d; 19.5 GB; 4.5 GB"),
        "8.9 GB", "9.8 GB",
    ),
    "a mean": (
        rows("Node; prefill ms; decode ms", "1st; 182; 21.4", "2nd; 179; 21.9", "3rd; 190; 22.3",
             "Mean; 183.7; {}"),
        "21.9", "23.3",
    ),
    "what is on file of the devices": (
        rows("GPU; FP16 dense, TFLOPS; GB/s per W", "L4; 121; 4.17", "A10; 125; 4.00", "L40S; 362; 2.47",
             "A100 80GB PCIe; 312; {}", "B200; 2250; 7.70"),
        "6.45", "5.64",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("table", "right", "wrong"), CASES.values(), ids=CASES)
def test_what_follows(table, right, wrong):
    found = audited(table.format(right).encode(), "a.md", catalogue(), corpus.TODAY)
    assert [(each.quote, each.because) for each in found.accusations] == []
    assert right.lstrip("+-") in {
        each.quote.lstrip("-") for each in found.findings if each.verdict == "confirmed"
    }
    found = audited(table.format(wrong).encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote.lstrip("-") for each in found.accusations] == [wrong.lstrip("+-")]


@pytest.mark.parametrize(
    "table",
    [
        # A cell is the other way round where less is better.
        rows("Test; A ms; B ms; Ratio", "one; 10.0; 20.0; 2.0x", "two; 12.0; 30.0; 2.5x",
             "three; 40.0; 10.0; 4.0x", "four; 10.0; 31.0; 3.1x"),
        # One offer has no discount, years follow from nothing, ratings are none of each other.
        rows("GPU; On demand; Spot", "a; $2.00; $0.80", "b; $3.00; $1.20", "c; $4.00; $1.60",
             "d; $1.00; $0.70"),
        rows("Step; Year; Score", "one; 2016; 5.3", "two; 2017; 7.8", "three; 2020; 9.7", "four; 2022; 33.5"),
        rows("Card; Noise; Price; Overall", "a; 8.1; 7.4; 7.5", "b; 7.9; 5.8; 7.4", "c; 7.2; 4.9; 7.3"),
        # A total is no row that the others are like.
        rows("Run; A s; B s; A / B", "one; 10; 5; 2.00", "two; 30; 10; 3.00", "three; 20; 5; 4.00",
             "Mean; 20; 6.7; 3.00"),
        # So many for so many hours are no product of two.
        rows("Job; GPUs; Hours; $/GPU-hour; Total", "a; 4; 12; $1.20; $57.60", "b; 8; 26; $1.85; $384.80"),
    ],
)  # fmt: skip
def test_what_is_not_accused(table):
    found = audited(table.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [(each.quote, each.because) for each in found.accusations] == []
