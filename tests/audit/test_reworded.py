"""Turns of phrase as what they say (`audit/text/reworded.py`), and what is so of none that is spoken of."""

import re
from string import Formatter

import pytest

from tests.audit import corpus
from whichgpu.audit.document import Passage
from whichgpu.audit.text.reworded import reworded
from whichgpu.facts import store

FILES = store.load("rewordings")
TURNS = [(name, row) for name in sorted(FILES) for row in FILES[name].get("turn", ())]


@pytest.mark.parametrize(("name", "turn"), TURNS, ids=[f"{name}-{at}" for at, (name, _) in enumerate(TURNS)])
def test_a_turn_keeps_what_it_names_in_the_order_of_the_text(name, turn):
    groups = re.findall(r"\?P<(\w+)>", turn["find"])
    kept = [group for _, group, _, _ in Formatter().parse(turn["says"]) if group]
    # One that is said again is repeated as words.
    once = list(dict.fromkeys(kept))
    assert once == sorted(once, key=groups.index)


def test_what_is_put_in_stands_where_its_turn_does():
    text = "Since an A10G reads its memory at 1.6 TB/s, it is fast."
    found = reworded(Passage("paragraph", text, ((0, 100),), 100 + len(text)))
    assert found.text == "Since an A10G has a memory bandwidth of 1.6 TB/s, it is fast."
    at = found.text.index("1.6")
    assert found.span(at, at + 8) == (100 + text.index("1.6"), 100 + text.index("1.6") + 8)
    assert found.span(0, len(found.text)) == (100, 100 + len(text))


def test_what_no_turn_is_in_stays_as_it_is():
    passage = Passage("paragraph", "The A10 has 24 GB.", ((0, 7),), 25)
    assert reworded(passage) is passage


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Against the H100 SXM you get 43 % more memory with the H200.", {"43 % more"}),
        ("A V100 has 5,120 CUDA cores. On board are 640 second-generation Tensor Cores.", {"second"}),
        (
            "T4: Turing, 2018. L4: Ada, 2023. In those years came Tensor Cores of the fifth generation.",
            {"fifth"},
        ),
        (
            "T4: Turing, 2018. L4: Ada, 2023. In those years came Tensor Cores of the fourth generation.",
            set(),
        ),
    ],
)
def test_what_is_so_of_none_that_is_spoken_of_is_accused(text, wrong):
    assert set(corpus.accused(text)) == wrong
