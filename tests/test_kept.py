"""What an earlier process worked out is kept for the next, and is the same."""

import os
import re
import sys
import threading
import zlib
from datetime import date
from pathlib import Path

import pytest

from whichgpu.audit import compiled, patterns
from whichgpu.audit.answer import audited
from whichgpu.facts import kept as module
from whichgpu.facts.kept import Kept, kept
from whichgpu.hardware.catalogue import catalogue
from whichgpu.web import child


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


@pytest.mark.parametrize(
    "content", [None, b"", b"\xff" * 50, b"N", b"[\x01\x00\x00\x00", b"[\xff\xff\xff\x7f"]
)
@pytest.mark.parametrize("digest", [False, True])
def test_what_cannot_be_read_is_made_anew(tmp_path, content, digest):
    if content is not None and digest:
        # Not even what was written so helps.
        content = module._digest(content) + content
    path = filled(tmp_path / "kept", 50)._path
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    assert Kept(path, (1,)).of("squares", 7, lambda: "anew") == "anew"


def test_a_damaged_file_is_ignored_and_replaced(tmp_path):
    """One bit of it anywhere, and its end."""
    path = filled(tmp_path / "kept", 50)._path
    whole = path.read_bytes()
    damaged = [whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :] for at in range(len(whole))]
    for content in (*damaged, whole[:-1], whole + b"\0"):
        path.write_bytes(content)
        assert Kept(path, (1,))._tables == {}
    filled(path, 50)
    assert path.read_bytes() == whole


def test_where_the_code_is_no_file_nothing_is_read_or_written(tmp_path, monkeypatch):
    monkeypatch.setattr(module.store, "DATA", tmp_path)
    known = kept("of no file", str(tmp_path / "all.zip" / "code.py"))
    for number in range(50):
        assert known.of("squares", number, lambda number=number: number + 1) == number + 1
    assert known.of("squares", 7, never) == 8
    known.save()
    assert [*tmp_path.iterdir()] == []


def test_beyond_the_most_it_begins_afresh(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MOST", 40)
    made = filled(tmp_path / "kept", 100)
    assert made._tables == {"squares": {number: (number * number,) for number in range(80, 100)}}
    again = Kept(made._path, (1,))
    assert again._tables == made._tables
    for number in range(200, 221):
        again.of("other", number, lambda: 1)
    assert again._tables == {"other": {220: 1}}


def test_what_cannot_be_written_is_not(tmp_path):
    made = Kept(tmp_path / "kept", (1,))
    for number in range(50):
        made.of("squares", number, object)
    made.save()
    assert [*tmp_path.iterdir()] == []


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
    assert (one.pattern, one.flags, one.groups, one.groupindex) == (
        other.pattern, other.flags, other.groups, other.groupindex
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


NAMED = """# Two machines

A {dgx} has 8 GPUs and a {hgx} 640 GB of memory; the RTX 9{number} of {name} draws 1{number} W.
At $2.{number} an hour each, {number} of them for 1{number} hours come to ${number}1.50. {name}-{number}B
fits in {number}9 GB.

| Machine | Memory | Price per hour |
|---|---|---|
| {dgx} | 1{number} GB | $3{number}.00 |
| NVIDIA {hgx} (1{number} GB) | 2{number} GB | $4{number}.00 |
"""


def test_auditing_keeps_no_word_of_a_text(monkeypatch, tmp_path):
    """Neither names nor figures: machines, models, sizes, numbers of GPUs."""
    known = Kept(tmp_path / "kept", ())
    monkeypatch.setattr(patterns, "_known", lambda: known)
    # What other tests compiled in this process is not asked for again; what a text brings would be.
    first = {"dgx": "DGX Q777", "hgx": "HGX Z991", "name": "Qwert", "number": "37"}
    other = {"dgx": "DGX X888", "hgx": "HGX Y992", "name": "Asdfg", "number": "53"}
    for words in (first, other):
        audited(NAMED.format(**words).encode(), "a.md", catalogue(), date(2026, 1, 1))
    before = {key for found in known._tables.values() for key in found}
    for word in ("q777", "z991", "x888", "y992", "qwert", "asdfg"):
        assert word not in str(before).lower()
    audited(NAMED.format(**{**other, "number": "41"}).encode(), "a.md", catalogue(), date(2026, 1, 1))
    assert "41" not in str({key for found in known._tables.values() for key in found} - before)


def test_only_who_may_write_keeps(monkeypatch, tmp_path):
    """A request from afar writes nothing, nor what is of a user's own data."""
    path = tmp_path / "kept"
    text = "The A10 has 48 GB of memory."
    monkeypatch.setattr(patterns, "_known", lambda: known)
    known, told = Kept(path, ()), []
    for number in range(50):
        known.of("squares", number, lambda number=number: (number * number,))
    child._audit({"text": text, "name": "a.md", "form": ""}, told.append)
    assert told
    assert not path.exists()
    monkeypatch.setenv("WHICHGPU_DATA", str(tmp_path))
    patterns.keep()
    assert not path.exists()
    monkeypatch.delenv("WHICHGPU_DATA")
    audited(text.encode(), "a.md", catalogue(), date(2026, 1, 1))
    whole = path.read_bytes()
    assert Kept(path, ())._tables == known._tables
    for at in (5, 40, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        assert Kept(path, ())._tables == {}


def test_a_question_of_the_web_opens_no_file_to_write_it():
    own = Path(child.__file__).parents[1] / "data" / "bundle" / "patterns"
    child._guard("open", (str(own), "rb", os.O_RDONLY))
    child._guard("open", (os.devnull, "w", os.O_WRONLY))
    for mode, flags in (("wb", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), (None, os.O_RDWR), ("a", os.O_APPEND)):
        with pytest.raises(PermissionError, match="writes no files"):
            child._guard("open", (str(own), mode, flags))


def test_threads_that_ask_for_several_texts_find_what_is_there():
    """What is remembered of the text that was asked for last is of one text."""
    zebra = patterns.compile(r"zebras? grazed\w* thrice")
    texts = [f"{number} zebras grazed thrice" if number % 2 else f"{number} lions" for number in range(40)]
    wrong: list[str] = []

    def ask() -> None:
        for _ in range(200):
            wrong.extend(each for each in texts if bool(zebra.search(each)) is not ("zebra" in each))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    finally:
        sys.setswitchinterval(before)
    assert not wrong
