"""Cells that list what a device has, below headings that name no attribute."""

from __future__ import annotations

import corpus


def test_a_total_of_thousands_is_no_list_of_features() -> None:
    table = "# H200 or H100\n\n| | H100 SXM | H200 SXM |\n|---|---|---|\n| Memory | 80 GB | 141 GB |\n"
    table += "| Eight together | 640 GB | {} |\n"
    table += "| Key features | 80 GB HBM3, 3.35 TB/s | {} HBM3e, 4.8 TB/s |\n"
    assert corpus.accused(table.format("1,128 GB", "141 GB"), "a.md") == []
    assert corpus.accused(table.format("1,128 GB", "192 GB"), "a.md") == ["192 GB"]
