"""Rows as the columns that ship, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.facts.columns import packed_columns, unpacked_columns

CELLS = st.one_of(
    st.sampled_from(["", "0", "00", "\t", "0.0123", "0.0124", "x" * 90, "x" * 90 + "y", "v", "a\nb"]),
    st.text(),
)


@given(st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width))))
def test_rows_come_back_as_they_were(rows):
    assert unpacked_columns(packed_columns(rows)) == rows


def test_what_a_cell_shares_with_the_last_is_left_out():
    assert packed_columns([["resnet50", "0.31"], ["resnet50", "0.32"], ["resnet101", ""]]) == [
        "0resnet50\n\n6101",
        "00.31\n32\n0",
    ]


def test_rows_of_different_lengths_are_no_table():
    with pytest.raises(ValueError, match="zip"):
        packed_columns([["a"], ["a", "b"]])
