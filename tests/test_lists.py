"""The lists of files of tests."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["quick", "thorough"])
def test_files_of_tests_that_are_listed_are_there(name):
    text = (ROOT / f"tests/{name}.txt").read_text(encoding="utf-8")
    listed = [one for one in text.split("\n") if one and one[0] != "#"]
    assert listed == sorted(set(listed))
    assert [one for one in listed if not (ROOT / one).is_file()] == []
