"""What several devices have together, and prices per gigabyte, against the text's own figures."""

from __future__ import annotations

import corpus
import pytest

AMOUNTS = (
    ("# T4\n\nA T4 is EUR 550. Ten of these little boards draw {}, hold 160 GB and cost EUR 5,500.",
     "950 W", "700 W"),
    ("# T4\n\nA T4 is EUR 550. Ten of these little boards draw 700 W and cost {}.", "EUR 6,500", "EUR 5,500"),
    ("The RTX 4000 Ada is rated at 130 W. Four of them add up to 80 GB and {}.", "620 watts", "520 watts"),
    ("**Tesla P40 24GB, EUR 240.** Three of them give you 72 GB for {}.", "EUR 690", "EUR 720"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "wrong", "right"), AMOUNTS)
def test_an_amount_is_wrong_where_no_figure_of_the_text_gives_it(text, wrong, right):
    assert corpus.accused(text.format(wrong))
    assert not corpus.accused(text.format(right))


@pytest.mark.parametrize(
    "text",
    [
        # Used and new, whose prices are not told.
        "The RTX 3090 (24 GB) beats the RTX 5090 on price per gigabyte ($37/GB used vs $78/GB new).",
        # Of each of them.
        "The A40 has 48 GB. Four of them have 48 GB each.",
        # A number with a fraction is no number of devices.
        "On two A100s it takes 39.3 GiB for 43.3 at two sequences.",
        # A reading at work is less than what they may draw.
        "The RTX 3090 is rated for 350 W. Two of them drew 480 W at the wall when idle.",
    ],
)
def test_what_is_of_something_else_is_not_accused(text):
    assert corpus.accused(text) == []
