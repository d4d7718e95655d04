"""However large or strange a document is, so much of it is read and no more, and the rest is told of."""

import re
from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.audit.readers import _bounds, read
from whichgpu.hardware.catalogue import catalogue
from whichgpu.report.audit import report
from whichgpu.report.audit_page import page

pytestmark = pytest.mark.slow

CLAIM = "The A100 80GB PCIe has 24 GB of memory.\n\n"
HEADER = "| GPU | Memory |\n|---|---|\n"


def audit(text, form="markdown"):
    return audited(text.encode(), "a.md", catalogue(()), date(2026, 11, 20), form)


def wrong(found):
    return [found.document.original[each.start : each.end] for each in found.accusations]


def test_an_article_is_read_to_its_end():
    found = audit(CLAIM + HEADER + "| A10 | 24 GB |\n" * 40 + "\n" + "A sentence of it. " * 500)
    assert found.document.unread == ()
    assert wrong(found) == ["24 GB"]


def test_a_long_text_is_read_as_far_as_is_told(monkeypatch):
    monkeypatch.setattr(_bounds, "PROSE", 3_000)
    monkeypatch.setattr(_bounds, "PASSAGES", 50)
    long = audit("Words. " * 300 + "\n\n" + CLAIM + "Words. " * 300 + "\n\n" + CLAIM)
    assert wrong(long) == ["24 GB"]
    (told,) = long.document.unread
    assert told.startswith("the text from line 5 on")
    assert "3,000 characters" in told
    many = audit(CLAIM + "- A10\n" * _bounds.PASSAGES + "\n" + CLAIM)
    assert wrong(many) == ["24 GB"]
    assert "paragraphs" in many.document.unread[0]


def test_a_file_of_lines_is_looked_at_so_far():
    found = audit(CLAIM + "\n" * _bounds.LINES + CLAIM)
    assert wrong(found) == ["24 GB"]
    assert found.document.unread[0].startswith("what is behind line 20,001")
    assert found.document.original.endswith(CLAIM.strip() + "\n\n")


def test_of_a_wide_table_the_first_columns_are_read():
    cells = ["80 GB"] * 99 + ["24 GB"] + ["80 GB"] * 9_900
    found = audit(
        "|GPU" + "|A100 80GB PCIe" * 10_000 + "|\n" + "|---" * 10_001 + "|\n|Memory|" + "|".join(cells)
    )
    assert found.document.unread == ("a table of 10,001 columns at line 1: its first 200 are read",)
    assert len(found.findings) > 150
    assert wrong(found) == ["24 GB"]


def test_a_cell_that_is_a_heap_is_no_value_and_one_of_prose_is_read():
    heap = "| GPU | Memory |\n|---|---|\n| A10 | 24 GB |\n| A10 | " + "24 / " * 800 + "|\n\n"
    found = audit(heap + CLAIM)
    assert found.document.unread == ("a cell of 3,999 characters at line 4: it is no value",)
    assert [each.quote for each in found.findings if each.verdict == "confirmed"] == ["24 GB"]
    prose = "The A100 80GB PCIe has 24 GB of memory. Much is said of it elsewhere, and rightly so. " * 30
    assert "24 GB" in wrong(audit(f"<table><tr><td>{prose}</td><td>x</td></tr></table>", "html"))


def test_of_long_tables_the_first_rows_are_read(monkeypatch):
    monkeypatch.setattr(_bounds, "CELLS", 1_000)
    rows = "| A10 | 24 GB |\n" * 400
    found = audit(HEADER + rows + "\nText.\n\n" + HEADER + rows)
    (told,) = found.document.unread
    assert told.startswith("a table of 401 rows at line 406: its first 99 are read")
    assert sum(map(len, (table.rows for table in found.document.tables))) == 500


def test_amounts_and_cells_take_more_of_what_is_read_than_prose():
    """A word with a digit costs what a line of prose does, so that dense claims end as soon."""

    def kept(text):
        return sum(len(each.text) for each in read(text.encode(), form="markdown").passages)

    assert kept("Plain words of a text about computers. " * 4_000) > 100_000
    assert 20_000 < kept(CLAIM * 4_000) < 50_000
    table = HEADER + "| A10 | 24 GB |\n" * 2_000 + "\n"
    assert kept(table + CLAIM * 4_000) < kept(table) + 15_000


def test_prose_behind_as_many_cells_as_are_read_is_read_too():
    """An article of many tables is read on behind them, for tens of thousands of characters."""
    cells = HEADER + "| A10 | 24 GB |\n" * (_bounds.CELLS // 2) + "\n"
    found = read((cells + "Plain words of a text about computers. " * 4_000).encode(), form="markdown")
    assert sum(len(each.text) for each in found.prose()) > 30_000


def test_of_many_tables_few_are_named():
    found = read((HEADER + "| A10 | 24 GB |\n" * 40 + "\nText.\n\n").encode() * 200, form="markdown")
    assert len(found.unread) == 4
    assert found.unread[-1].endswith("more tables behind the first cells that are read")


@pytest.mark.parametrize("unit", ["$1 ", "80 GB ", "A100 ", "A100 80 GB ", "A100/", "8 x 8 "])
def test_a_heap_of_amounts_is_no_sentence(unit):
    found = audit(unit * 4_000 + "\n\n" + CLAIM)
    assert any("is no sentence" in each for each in found.document.unread)
    assert wrong(found) == ["24 GB"]


def test_sentences_full_of_figures_are_no_heap():
    dense = "The A100 80GB PCIe has 80 GB of HBM2e at 1,935 GB/s, 6,912 CUDA cores and 300 W. "
    assert audit(dense * 40).document.unread == ()


def test_what_is_not_read_is_told_in_every_form():
    found = audit(CLAIM + "A10 " * 1_000)
    told = found.document.unread[0]
    assert found.summary()["unread"] == [told]
    assert f"not read: {told}" in str(found)
    assert f"Not read: {told}." in report([found], (), everything=False).blocks
    assert f"Not read: {told}." in page([found])


def test_a_part_of_a_passage_stands_where_it_stood():
    file = "a &amp; b **bold** c [d](e) &lt;f&gt; g"
    (whole,) = read(file.encode(), form="markdown").passages
    for start in range(len(whole.text)):
        for end in range(start + 1, len(whole.text) + 1):
            part = whole.part(start, end)
            places = [whole.place(at) for at in range(start, end)]
            assert [part.place(at) for at in range(end - start)] == places
            assert all(0 <= at < end - start for at, _ in part.runs)
    assert re.sub(r"\s", "", whole.text) == "a&bboldcd<f>g"


def test_a_script_without_blanks_has_words():
    """A heap of amounts in Chinese is one; sentences are read, and count by the amounts that they hold."""
    heap = read(("A100的显存是80GB，" * 20_000).encode(), "a.md")
    assert "heap of amounts" in heap.unread[0]
    told = read(
        ("A100的显存是80GB，带宽为1,555 GB/s，是数据中心里最常见的一种加速卡。" * 5_000).encode(), "a.md"
    )
    assert 10_000 < sum(len(each.text) for each in told.prose()) < 60_000


def test_of_a_language_that_is_read_twice_less_is_read():
    german = read(
        ("Die Karte ist doppelt so schnell wie die andere und hat mehr Speicher. " * 4_000).encode(), "a.md"
    )
    english = read(
        ("The card is twice as fast as the other one and has more memory. " * 4_000).encode(), "a.md"
    )
    lengths = [sum(len(each.text) for each in one.prose()) for one in (german, english)]
    assert lengths[0] == pytest.approx(_bounds.FOREIGN, rel=0.05)
    assert lengths[1] == pytest.approx(_bounds.PROSE, rel=0.05)
    assert f"{_bounds.FOREIGN:,} characters" in german.unread[0]
