"""Wherever the text of a passage came from, its characters stand in the file where it says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whichgpu.audit.readers import read

pytestmark = pytest.mark.slow

WORDS = st.sampled_from(
    ["A100", "80 GB", "1,935 GB/s", "Größe", "naïve", "显存", "ذاكرة", "🚀", "x²", "TDP:", "a|b", "&amp;",
     "&#65;", "**bold**", "`code`", "[link](http://x.y)", "![alt A10](a.png)", "<b>L4</b>", "<br>", "\\*",
     "\\_", "e\u0301", "it's", "“quoted”", "3.5", "...", "—", "\u00a0", "\u202f", "<sup>1</sup>",
     "<!-- no -->"]
)  # fmt: skip
LINES = st.sampled_from(
    ["{}", "# {}", "- {}", "  - {}", "    1. {}", "> {}", "| {} | {} |", "|---|---|", "{}: {}",
     "{}    {}    {}", "Term\n: {}", "{} ..... {}",
     "<table><tr><td>{}</td><td colspan=2>{}</td></tr></table>", "<p>{}</p>",
     "<div class=a><span>{}</span><span class=b>{}</span></div>",
     "<div><div>{}</div><div class=b>7 {}</div></div>", "<nav><div><b>{}</b><b>{}</b></div></nav>",
     "<ul><li>{}<li>{}</ul>", "<dl><dt>{}</dt><dd>{}</dd></dl>", "<script>{}</script>", "---", "```", "",
     "{}-\n{}", "+---+---+", "\t{}\t{}", "{};{};{}", "\f{}", '<img alt="{}">', "<figcaption>{}</figcaption>",
     "title: {}"]
)  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> str:
    lines = []
    for line in draw(st.lists(LINES, min_size=1, max_size=14)):
        parts = iter(draw(st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=4, max_size=4)))
        lines.append(re.sub(r"\{\}", lambda _, parts=parts: " ".join(next(parts)), line))
    return draw(st.sampled_from(["\n", "\r\n", "\r"])).join(lines)


@pytest.mark.parametrize("form", ["markdown", "html", "text", "pdf"])
@given(text=documents())
@settings(max_examples=150, deadline=None)
def test_every_character_stands_where_its_passage_says(form: str, text: str) -> None:
    if not text.strip():
        return
    document = read(text.encode(), form=form)
    assert document.original == text
    for passage in document.passages:
        places = [passage.place(at) for at in range(len(passage.text))]
        assert places == sorted(places)
        for at, place in enumerate(places):
            assert 0 <= place < len(text)
            letter = passage.text[at]
            if letter.isalnum() and letter.isascii() and text[place] != "&":
                assert text[place] == letter, (passage.text, at)
        for start in range(0, len(passage.text), 7):
            first, last = passage.span(start, min(start + 5, len(passage.text)))
            assert 0 <= first <= last <= len(text)
