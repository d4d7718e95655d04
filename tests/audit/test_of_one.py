"""What several of a device cost, do and draw, and how many it takes, by what the text tells of one."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

RENTS = "An A10 rents for $0.75 per hour and an A100 for $1.89. "
SPEEDS = "An A10 makes 18.75 images per minute, an A100 37.5.\n\n"
WATTS = "An A10 is rated at 150 W and an A100 PCIe at 300 W. "


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (RENTS + "54 A10s cost $40.50 per hour and 27 A100s $51.03.", ()),
        (SPEEDS + "For 1,000 images per minute you need 54 A10s or 27 A100s.", ()),
        (SPEEDS + "For 1,000 images per minute with a reserve you need 64 A10s.", ()),
        (SPEEDS + "The load is 1,000 images per minute; for this we need 54 A10s.", ()),
        # What several do is no rate of one.
        (
            SPEEDS
            + "Eight A10s make 150 images per minute. We have 200 images per minute, so we need 11 A10s.",
            (),
        ),
        (SPEEDS + "Eight A10s make 150 images per minute.", ()),
        ("An L4 rents for $0.71 per hour. Twenty L4 cost $14.20 an hour.", ()),
        ("An L4 rents for $0.71 per hour. Twenty L4 cost $12.40 an hour.", ("$12.40",)),
        (WATTS + "54 A10s thus draw 8.1 kW.", ()),
    ],
)
def test_several_by_what_one_does(text, wrong):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
    assert tuple(each.quote for each in found) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("The group costs $7,008 a month. Over a quarter that is $21,024.", ()),
        ("The group costs $7,008 a month. Over a quarter that is $24,021.", ("$24,021",)),
        ("One costs $1,168 a month of 730 hours, all six $7,008. Over a quarter that is $21,024.", ()),
        ("We pay $9,000 per quarter, that is $36,000 per year.", ()),
        # A share is none.
        ("The rent fell by a quarter from $4.00 to $3.00.", ()),
    ],
)
def test_a_quarter_has_three_months(text, wrong):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
    assert tuple(each.quote for each in found) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("The H100 is $2.79 per hour. A job costs $4.10. It is 70 percent more expensive per hour.", ()),
        ("The A100 is $1.64 and the H100 $2.79 per hour. It is 70 percent more expensive per hour.", ()),
    ],
)
def test_a_change_per_hour_is_of_amounts_per_hour(text, wrong):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
    assert tuple(each.quote for each in found) == wrong


def test_a_text_that_ends_with_several_of_a_device_is_read():
    found = audited(
        b"An RTX 3090 costs $700.\n\n- Machine B: two RTX 3090\n", "a.md", catalogue(), corpus.TODAY
    )
    assert not found.accusations
