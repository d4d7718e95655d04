"""Columns of memory beside the devices of their rows: what most rows hold, and the one that does not."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue


def findings(head: str, *rows: tuple[str, str, str]) -> list:
    lines = [f"| Model | Hardware | {head} |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    found = audited("\n".join(lines).encode(), "a.md", catalogue(), corpus.TODAY).findings
    return [each for each in found if each.accuses]


def accused(head: str, *rows: tuple[str, str, str]) -> list[str]:
    return [each.quote for each in findings(head, *rows)]


ROWS = (
    ("Mistral 7B", "NVIDIA L4", "24 GB"),
    ("Mixtral 8x7B", "2 x NVIDIA A100 80GB", "160 GB"),
    ("Qwen 2.5 14B", "NVIDIA A40", "48 GB"),
)


def test_what_the_devices_of_each_row_have_is_right():
    assert not accused("Total VRAM", *ROWS)


@pytest.mark.parametrize("amount", ["320 GB", "180 GB", "80 GB"])
def test_one_amount_that_is_not_is_wrong(amount):
    assert accused("Total VRAM", ROWS[0], (*ROWS[1][:2], amount), ROWS[2]) == [amount]


def test_what_a_model_takes_may_be_less_but_not_more():
    assert not accused("VRAM required", ROWS[0], (*ROWS[1][:2], "110 GB"), ("Qwen 2.5 14B", "A40", "40 GB"))
    (wrong,) = findings("VRAM required", ROWS[0], (*ROWS[1][:2], "200 GB"), ROWS[0])
    assert wrong.quote == "200 GB"


def test_a_column_of_something_else_is_left_alone():
    assert not accused("Download", ("a", "L4", "14 GB"), ("b", "A100 80GB", "87 GB"), ("c", "A40", "48 GB"))
    assert not accused("Room", ("a", "L4", "24 GB"), ("b", "L4", "24 GB"), ("c", "L4", "30 GB"))
