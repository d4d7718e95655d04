"""Devices that are listed behind what all of them have, in lines and in rows of tables."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

LISTS = [
    ("24 GB: RTX 3090, RTX 4090, L4 and RTX 3080", ["RTX 3080"]),
    ("Tier B (48 GB): L40S, RTX A6000, A40, RTX 4080 Super", ["RTX 4080 Super"]),
    ("80 GB: A100, H100", []),
    ("16 GB cards: T4, RTX 4080 / RTX 4070", ["RTX 4070"]),
    ("Ampere GPUs: A100, A10, RTX 3090, L4", ["L4"]),
    ("Turing (2018): T4, RTX 2080 Ti, GTX 1660", []),
    ("Cards with FP8: H100, L40S, RTX 4090, A100.", ["A100"]),
    ("GPUs without tensor cores: GTX 1080 Ti, P100, V100", ["V100"]),
    ("The following GPUs support MIG: A100, A30, H100, A40.", ["A40"]),
    ("No NVLink: RTX 4090, RTX 5090, RTX 3090", ["RTX 3090"]),
    ("HBM2e: A100 80GB, H100 PCIe, L40S", ["L40S"]),
    # What is wanted is no statement of what they have.
    ("Minimum 16 GB: RTX 4080, RTX 3090", []),
    ("For 24 GB: RTX 6000 Ada, RTX 3090", []),
    ("If you need FP8: H100, A100 with emulation", []),
    ("16 GB: enough for the T4, tight for the RTX 3090", []),
    ("Popular cards: RTX 3090, T4", []),
]
ROWS = """# Overview

Some cards.

| {} | Consumer | Data centre |
|---|---|---|
| Pascal | GTX 1080 Ti | P100 |
| Turing | RTX 2080 Ti | {} |
| Ada Lovelace | RTX 4090 | L40S |
"""


def _accused(text: str) -> list[str]:
    found = audited(text.encode(), "a.md", catalogue(), date(2026, 1, 1)).findings
    return [each.quote for each in found if each.accuses]


@pytest.mark.parametrize(("text", "wrong"), LISTS)
@pytest.mark.parametrize("form", ["# Cards\n\nA list.\n\n- {}\n- That is all.\n", "# Cards\n\n{}\n"])
def test_lists_behind_what_all_of_them_have(text, wrong, form):
    assert _accused(form.format(text)) == wrong


@pytest.mark.parametrize(("head", "name", "wrong"), [
    ("Generation", "T4", []), ("Generation", "A100", ["A100"]), ("Best for", "A100", []),
])  # fmt: skip
def test_rows_that_begin_with_what_their_devices_have(head, name, wrong):
    assert _accused(ROWS.format(head, name)) == wrong
