"""What says the same in more words is read as what says it."""

from __future__ import annotations

import random

import pytest
import rewordings

from whichgpu.audit.text.plainly import plain, third


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The L4 is able to deliver 485 TFLOPS.", "The L4 delivers 485 TFLOPS."),
        ("Additionally, it has 80 GB.", "It has 80 GB."),
        ("It is worth noting that the T4 happens to have 16 GB.", "The T4 has 16 GB."),
        ("It is small. However, it manages to reach 1 TB/s.", "It is small. It reaches 1 TB/s."),
        # Of another device, and against what was said.
        ("It is small. However, the T4 has 16 GB.", "It is small. However, the T4 has 16 GB."),
        # No more than a purpose or a hope.
        ("It is meant to deliver 40.", "It is meant to deliver 40."),
        ("They are able to carry more than 700 W.", "They carry over 700 W."),
    ],
)  # fmt: skip
def test_words_that_change_nothing_are_blank_at_their_place(text, words):
    read = plain(text)
    assert len(read) == len(text)
    assert read.split() == words.split()


@pytest.mark.parametrize(
    ("verb", "he"), [("have", "has"), ("carry", "carries"), ("match", "matches"), ("stay", "stays")]
)
def test_third_persons(verb, he):
    assert third(verb) == he


@pytest.mark.parametrize(
    "way",
    ["chained", "In addition, ..", "It is worth noting that ..", "The {X} is well known. However, it {R}"],
)
@pytest.mark.thorough(every=2)
def test_an_error_is_found_in_whatever_words(way):
    wrong = [
        text for text in random.Random(7).sample(rewordings.single("wrong"), 60) if rewordings.accused(text)
    ]
    gone, every = rewordings.lost(way, wrong)
    assert every > 5
    assert len(gone) <= every * 0.1, gone
