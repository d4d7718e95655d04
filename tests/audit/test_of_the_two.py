"""Values that are set against each other where only two devices are in question."""

import corpus
import pytest


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        ("# T4 or L4\n\n- Bandwidth: 320 GB/s against 600 GB/s.", ["confirmed", "contradicted"]),
        ("# T4 or L4\n\n- Bandwidth: 320 GB/s against 300 GB/s.", ["confirmed", "confirmed"]),
        ("# T4 or L4\n\n- Bandwidth: 300 GB/s against 320 GB/s.", ["confirmed", "confirmed"]),
        ("# L4 or T4\n\nBandwidth: 320 against 350 GB/s.", ["confirmed", "contradicted"]),
        ("# T4 or L4\n\nPower: 70 W vs 92 W.", ["confirmed", "contradicted"]),
        # Neither is on file: of something else.
        ("# T4 or L4\n\n- Power: 61 W against 58 W.", []),
        ("# T4 or L4\n\n- Power, measured: 70 W against 58 W.", []),
        # Of three it is not known which two are meant.
        ("# T4, L4 or A10\n\n- Bandwidth: 320 GB/s against 500 GB/s.", []),
    ],
)
def test_two_values_are_those_of_the_only_two_devices(text, verdicts):
    assert [*corpus.verdicts(text).values()] == verdicts


def test_an_item_is_of_the_heading_that_is_a_name_below_a_question():
    text = "## A10G, L4 or T4?\n\n### L4\n\n- 24 GB GDDR6\n- Ampere architecture\n"
    assert corpus.verdicts(text)["Ampere"] == "contradicted"
    assert "contradicted" not in corpus.verdicts(text.replace("Ampere", "Ada Lovelace")).values()
