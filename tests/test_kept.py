"""What an earlier process worked out is kept for the next, and is the same."""

import re
import sys
import zlib
from pathlib import Path

import pytest

from whichgpu.audit import compiled, patterns
from whichgpu.facts.kept import Kept


def filled(path: Path, many: int, stamp: tuple[int, ...] = (1,)) -> Kept:
    """So many squares, made and saved."""
    made = Kept(path, stamp)
    for number in range(many):
        made.of("squares", number, lambda number=number: (number * number,))
    made.save()
    return made


def never() -> None:
    raise AssertionError("it is made again")


def test_what_was_made_is_not_made_again(tmp_path):
    filled(tmp_path / "kept", 50)
    assert Kept(tmp_path / "kept", (1,)).of("squares", 7, never) == (49,)


@pytest.mark.parametrize("content", [None, b"", b"\xff" * 50, b"N", b"[\x01\x00\x00\x00"])
def test_what_cannot_be_read_is_made_anew(tmp_path, content):
    path = filled(tmp_path / "kept", 50)._path
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    assert Kept(path, (1,)).of("squares", 7, lambda: "anew") == "anew"


def test_what_other_code_made_is_made_anew(tmp_path, monkeypatch):
    path = filled(tmp_path / "kept", 50)._path
    assert Kept(path, (2,)).of("squares", 7, lambda: "anew") == "anew"
    monkeypatch.setattr(sys, "version", "another Python")
    assert Kept(path, (1,)).of("squares", 7, lambda: "anew") == "anew"


def test_a_little_is_not_written_and_a_folder_may_be_missing_or_a_file(tmp_path):
    assert not filled(tmp_path / "few", 3)._path.exists()
    assert filled(tmp_path / "folder" / "kept", 50)._path.exists()
    (tmp_path / "file").write_text("")
    filled(tmp_path / "file" / "kept", 50)


PATTERNS = [
    (r"\b(?P<count>\d+)\s?(?P<unit>GB|GiB)\b", 0),
    (r"(?i:a)(b)?(?P<last>[\u0400-\u04ff\w.,-]+?)(?=\s|$)", re.IGNORECASE | re.MULTILINE),
    (r"(?<!x)(?:one|two){2,40}[^\W\d]*", re.DOTALL),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "flags"), PATTERNS)
def test_a_pattern_is_the_same_from_its_numbers(pattern, flags):
    found = compiled.code(pattern, int(flags))
    one, other = compiled.made(pattern, int(flags), found), re.compile(pattern, flags)
    assert found
    assert (one, one.flags, one.groups, one.groupindex) == (
        other, other.flags, other.groups, other.groupindex
    )  # fmt: skip
    for text in ("24 GB, 80 GiB", "Ab\u0416 twoone, onetwo_", "xone two\nab. "):
        assert [each.groups() for each in one.finditer(text)] == [
            each.groups() for each in other.finditer(text)
        ]


@pytest.mark.parametrize(
    "found", [(), (1, 2), (32, zlib.compress(b"\x01\x02\x03\x04" * 9), 0, {}, ("",)), (32, b"ab", 0, {}, ())]
)
def test_numbers_that_are_no_pattern_are_compiled_anew(found):
    assert compiled.made("a+b", 0, found).search("caab")[0] == "aab"


def test_words_of_a_text_are_not_kept(monkeypatch, tmp_path):
    """What is written says nothing of what was read."""
    known = Kept(tmp_path / "kept", ())
    monkeypatch.setattr(patterns, "_known", lambda: known)
    own = patterns.compile(rf"\b{patterns.own('secret.name')}\s+has")
    assert own.search("the secret.name has 24 GB")
    assert not own.search("the secretname has 24 GB")
    assert patterns.compile(r"public\s+has").search("a public has 24 GB")
    assert "secret" not in str(known._tables)
    assert "public" in str(known._tables)
