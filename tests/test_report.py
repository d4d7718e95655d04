"""Tables and how they are drawn."""

from __future__ import annotations

import io
import json
import math
import textwrap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.facts.model import Interval
from whichgpu.report import markdown, text
from whichgpu.report.json import dumps, plain
from whichgpu.report.table import Bullets, Column, Heading, Report, Table, in_short, layout
from whichgpu.report.wrapping import wrap

pytestmark = pytest.mark.slow

CARDS = Table.of(
    "Two cards",
    ["GPU", ">Memory", Column("Note", optional=True)],
    [("a10", "24 GB", "quiet"), ("a100-80gb-sxm", "80 GB", None)],
    ["One note."],
)


def test_plain_text_is_aligned_and_numbers_stand_right():
    assert text.render([CARDS]) == (
        "Two cards\n"
        "\n"
        "GPU            Memory  Note\n"
        "-------------  ------  -----\n"
        "a10             24 GB  quiet\n"
        "a100-80gb-sxm   80 GB  -\n"
        "\n"
        "One note.\n"
    )


def test_a_terminal_has_the_first_blocks_and_what_the_others_are_of():
    blocks = ("The answer.", CARDS, Heading("Who sells it"), Bullets(("One of two.",)), CARDS)
    assert in_short(Report({}, blocks, first=2)) == (*blocks[:2], "More with --all: who sells it, two cards.")
    assert in_short(Report({}, blocks)) == blocks
    assert in_short(Report({}, (), first=2)) == ()


def test_a_row_of_one_cell_is_a_heading():
    grouped = Table.of("", ["Field", "Value"], [("memory",), ("Bus", "384 bit")])
    assert "memory\nBus" in text.render([grouped])
    assert "| **memory** |  |" in markdown.render([grouped])


def test_optional_columns_go_first_and_the_note_names_them():
    drawn = text.render([CARDS], width=22)
    assert "Left out at this width: Note; a" in drawn.replace("\n", " ")
    assert max(len(line) for line in drawn.split("\n\n")[1].splitlines()) <= 22


def test_long_text_wraps_and_numbers_do_not():
    table = Table.of(
        "", ["What", ">Value"], [("a sentence that goes on and on for a while", "1,234,567 GB/s")]
    )
    drawn = text.render([table], width=40).splitlines()
    assert max(map(len, drawn)) <= 40
    assert any(line.endswith("1,234,567 GB/s") for line in drawn)


def test_paragraphs_headings_and_bullets():
    drawn = text.render([Heading("Why"), "word " * 40, Bullets(("one", "two " * 40))], width=60)
    assert drawn.startswith("Why\n===\n\nword")
    assert "\n- one\n- two" in drawn
    assert "\n  two" in drawn
    assert max(map(len, drawn.splitlines())) <= 60
    assert markdown.render([Heading("Why"), "x", Bullets(("one",))]) == "## Why\n\nx\n\n- one\n"


@given(
    st.lists(st.text("ab-\t\n \xa0", max_size=30), max_size=6).map(" ".join),
    st.integers(5, 40), st.booleans(), st.sampled_from(["", "- ", "    "]),
)  # fmt: skip
def test_lines_are_those_of_the_library(words, width, cut, rest):
    known = textwrap.wrap(
        words,
        width,
        initial_indent="- ",
        subsequent_indent=rest,
        break_long_words=cut,
        break_on_hyphens=False,
    )
    assert wrap(words, width, "- ", rest, cut=cut) == known


def test_markdown_keeps_every_column_and_escapes():
    table = Table.of("T", ["A", ">B"], [("x|y", "1")])
    assert markdown.render([table]) == "**T**\n\n| A | B |\n| --- | ---: |\n| x\\|y | 1 |\n"


def test_the_terminal_shows_the_same_words():
    from whichgpu.report import terminal

    out = io.StringIO()
    terminal.show([CARDS], 80, out)
    plain = text.render([CARDS], width=80).replace("-" * 13, "─" * 13).replace("-" * 6, "─" * 6)
    assert out.getvalue().replace("─", "-") == plain.replace("─", "-")


class Screen(io.StringIO):
    """A terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("variables", "title", "rule"),
    [
        ({}, "\x1b[1mTwo cards\x1b[0m", "\x1b[90m───"),
        ({"NO_COLOR": "1"}, "\x1b[1mTwo cards\x1b[0m", "\n───"),
        ({"TERM": "dumb"}, "Two cards", "\n───"),
    ],
)
def test_a_terminal_gets_the_colours_that_it_is_asked_for(monkeypatch, variables, title, rule):
    from whichgpu.report import terminal

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    screen = Screen()
    terminal.show([CARDS], 80, screen)
    drawn = screen.getvalue()
    assert drawn.startswith(f"{title}\n")
    assert rule in drawn


def test_long_work_shows_a_bar_and_leaves_nothing(monkeypatch):
    from whichgpu.report import terminal

    now, screen = iter([0.0, 0.5, 2.0, 2.05, 4.0]), Screen()
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(now))
    monkeypatch.setattr("sys.stderr", screen)
    with terminal.progress("rows", 4) as advance:
        for _ in range(4):
            advance(1)
    shown = screen.getvalue().split("\r\x1b[K")
    assert shown == ["", f"rows 2/4 0:00:02 {'━' * 20}", f"rows 4/4 0:00:00 {'━' * 40}", ""]


def test_a_row_must_fit_its_columns():
    with pytest.raises(ValueError, match="2 columns"):
        Table.of("t", ["a", "b"], [("1", "2", "3")])


def test_a_table_is_plain_data_too():
    assert json.loads(dumps(CARDS.to_dict()))["rows"][1] == ["a100-80gb-sxm", "80 GB", None]


words = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=12)
cells = st.lists(words, min_size=0, max_size=8).map(" ".join)


@given(st.lists(st.tuples(cells, cells, cells), max_size=6), st.integers(40, 140))
def test_any_table_loses_no_word_and_keeps_to_the_width(rows, width):
    table = Table.of("", ["One", "Two", ">Three"], rows)
    plan = layout(table, width)
    drawn = text.render([table], width)
    for row in rows:
        for cell in row:
            assert all(word in drawn for word in cell.split())
    fixed = max((len(row[2]) for row in rows), default=0)
    if fixed + 2 * 14 <= width - 4:
        assert sum(plan.widths) + 4 <= width


def test_json_has_a_schema_version_si_numbers_and_no_nan():
    document = {
        "nan": math.nan, "inf": float("inf"), "array": np.array([1.0, np.nan]), "scalar": np.float64(2.5),
        "count": np.int64(3), "flag": np.bool_(True), "set": {"b", "a"}, "interval": Interval(1, 2, 3, "s"),
    }  # fmt: skip
    read = json.loads(dumps(document))
    assert read == {
        "schema_version": 1, "nan": None, "inf": None, "array": [1.0, None], "scalar": 2.5, "count": 3,
        "flag": True, "set": ["a", "b"], "interval": {"low": 1, "mid": 2, "high": 3, "unit": "s"},
    }  # fmt: skip
    assert dumps(document) == dumps(document)


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
_DOCUMENTS = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)


@given(st.dictionaries(st.text(max_size=8), _DOCUMENTS, max_size=4))
def test_json_says_what_the_document_holds(document):
    text = dumps(document)
    assert json.loads(text) == {"schema_version": 1, **plain(document)}
    assert max(map(len, text.splitlines())) < 200 or len(str(document)) > 100


def test_progress_is_silent_where_nobody_looks(capfd):
    from whichgpu.cli.options import progress

    with progress("working", 3) as advance:
        for _ in range(3):
            advance(1)
    assert capfd.readouterr() == ("", "")


def test_a_long_name_of_an_instance_is_broken_at_its_underscores_where_nothing_else_helps():
    names = ("Azure Standard_ND96isr_H100_v5 (8)", "Azure Standard_ND96isr_H200_v5 (8)")
    table = Table.of("", ["What", "One", "Other"], [("Types", *names)])
    drawn = text.render([table], width=52)
    assert max(map(len, drawn.splitlines())) <= 52
    assert "Standard_ND96isr_ " in drawn, "not within ND96isr"
    assert "Standard_ND96isr_H100_v5" in text.render([table], width=100), "whole where there is room"


def test_a_column_that_may_go_goes_before_a_name_is_broken():
    columns = ["GPU", ">Bandwidth", Column("Remark", optional=True)]
    table = Table.of("", columns, [("radeon-ai-pro-r9700s", "644.6 GB/s", "low confidence")])
    for width in range(36, 60):
        assert "radeon-ai-pro-r9700s" in text.render([table], width=width), width
