"""What pages say of the card that heads a section, of segments, ranks, formats and rates without a unit."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.audit.findings import ACCUSATIONS
from whichgpu.hardware.catalogue import catalogue

TODAY = date(2026, 11, 30)


def accused(text: str) -> list[str]:
    """What is accused in a page, as it is quoted, in order."""
    found = audited(text.encode(), "page.md", catalogue(), TODAY).findings
    return [each.quote for each in found if each.verdict in ACCUSATIONS]


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("Runs 70B models at Q4 with ease.", True),
        ("Runs 8B models at Q4 with ease.", False),
        ("A fine card. 24 GB holds most models (up to 30B unquantized).", True),
        ("Handles 70B models at Q4 with part of the layers offloaded.", False),
        ("Does it run 70B models at Q4?", False),
        ("Two of them run 70B models at Q4.", False),
    ],
)
def test_a_sentence_without_a_subject_is_of_the_card_above_it(said: str, wrong: bool) -> None:
    page = f"# Cards for models at home\n\n## RTX 4090\n\n{said}\n\n## RTX 3060\n\nA small card.\n"
    assert bool(accused(page)) is wrong


def test_a_sentence_below_no_card_is_of_none() -> None:
    assert accused("# Cards for models at home\n\n## The upper end\n\nRuns 70B models at Q4.\n") == []


@pytest.mark.parametrize(
    ("ranks", "wrong"),
    [
        (("4th", "3rd", "2nd", "1st"), []),
        (("3rd", "4th", "2nd", "1st"), ["4th"]),
        # With most of them out of order the column is not what is ranked.
        (("1st", "4th", "2nd", "3rd"), []),
    ],
)
def test_ranks_follow_the_column_before_them(ranks: tuple[str, ...], wrong: list[str]) -> None:
    scores = (("A10", 31), ("A40", 37), ("L40", 90), ("L40S", 92))
    rows = (f"| {name} | {score} | {rank} |" for (name, score), rank in zip(scores, ranks, strict=True))
    assert accused("| Card | Score | Rank |\n|---|---|---|\n" + "\n".join(rows)) == wrong


def test_a_format_behind_a_rate_is_its_own() -> None:
    """Of two rates of a cell each says in what it is, so that one may be wrong."""
    page = "NVIDIA RTX 5090\nMemory: 32 GB\nTensor Core Performance: {} (FP16), 838 TOPS (INT8)\n"
    assert accused(page.format("610 TFLOPS")) == ["610 TFLOPS"]
    assert accused(page.format("419 TFLOPS")) == []


def test_the_segment_of_a_card_in_a_table() -> None:
    table = "| | L40 | RTX 4090 |\n|---|---|---|\n| Memory | 48 GB | 24 GB |\n| Bus | 384-bit | 384-bit |\n"
    assert accused(f"{table}| Market segment | Desktop | Desktop |\n") == ["Desktop"]
    assert accused(f"{table}| Market segment | Data center | Gaming |\n") == []


def test_peta_is_a_rate_of_its_row() -> None:
    table = "| Spec | H100 SXM | A100 SXM |\n|---|---|---|\n| Memory | 80 GB | 80 GB |\n"
    assert accused(f"{table}| TF32 | 1.9 PETA | 156 TFLOPS |\n") == ["1.9 PETA"]


def test_a_slot_is_no_bus_of_memory() -> None:
    table = "| | Tesla P6 | RTX A4000 |\n|---|---|---|\n| Interface | MXM-B (3.0) | PCIe 4.0 x16 |\n"
    assert accused(f"{table}| Memory | 16 GB | 16 GB |\n") == []


def test_emulated_is_no_lack_where_the_vendor_has_a_rate() -> None:
    table = "| | RTX A6000 | A100 40GB |\n|---|---|---|\n| Memory | 48 GB | 40 GB |\n"
    assert accused(f"{table}| BFloat16 (BF16) | N/A (via emulation) | 312 TFLOPS |\n") == [
        "N/A (via emulation)"
    ]
