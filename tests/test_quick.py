"""The files of `./test quick`."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_files_of_the_quick_tests_are_there():
    listed = [one for one in (ROOT / "tests/quick.txt").read_text().split("\n") if one and one[0] != "#"]
    assert listed == sorted(set(listed))
    assert [one for one in listed if not (ROOT / one).is_file()] == []
