"""Results in forms of words that are data (`whichgpu/audit/clauses/forms.py`)."""

import re

import pytest

from tests.audit import corpus
from whichgpu.audit.clauses.forms import FORMS_NEED, forms, worked

FORMS = list(enumerate(forms()))


@pytest.mark.parametrize(("at", "form"), FORMS, ids=[str(at) for at, _ in FORMS])
def test_a_form_names_all_that_its_formula_is_of(at, form):
    groups = {*re.compile(form.pattern.pattern).groupindex}
    assert {each.split("_")[0] for each in form.needed} <= groups | FORMS_NEED
    assert bool(form.right) != bool(form.holds)
    assert ("r" in groups) is bool(form.right)
    assert ("what" in groups) is bool(form.holds)
    assert {*form.alike, *form.same} <= groups


def test_a_formula_is_worked_out_of_its_values():
    assert worked("a * (1 - b)", {"a": 98.32, "b": 0.6}) == pytest.approx(39.328)
    assert worked("ceil(a / b)", {"a": 10.0, "b": 4.0}) == 3.0


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        # A share of what is left, by the words between the two.
        ("The price is $4.00 an hour; a discount of 30 % brings the $4.00 down to $3.20.", {"$3.20"}),
        # By the memory on file, in each form of the name.
        ("A 4090 for $1,800 works out at $75 per gigabyte.", set()),
        ("A 4090 for $1,800 works out at $95 per gigabyte.", {"$95"}),
        ("Eight A100 have 320 GB of memory.", set()),
        ("Eight A100 have 640 GB of memory.", set()),
        # By the one tariff that a document tells, wherever that is.
        ("We pay $0.20 per kWh.\n\nIn May we used 600 kWh. That's $180.", {"$180"}),
        ("We pay $0.20 per kWh, or $0.30 per kWh in winter.\n\nIn May we used 600 kWh. That's $180.", set()),
        # The sum that a form tells comes before one that is found by chance.
        ("The RTX 3090 draws 350 W. We tried 300 W per card, so 1,400 W for the four, in May.", {"1,400 W"}),
        # Which is less, at the words that say so.
        ("The weights are 9 GB, too large for 12 GB.", {"too large"}),
        ("The weights are 11 GB, too large for 12 GB.", set()),
        ("At launch the RTX 4080 was cheaper than the RTX 3080.", {"cheaper"}),
    ],
)  # fmt: skip
def test_results_are_held_against_what_they_follow_from(text, wrong):
    assert set(corpus.accused(text)) == wrong


def test_cells_that_say_what_does_not_fit_are_held_against_their_row():
    table = "| Model | RTX 3060 |\n|---|---|\n| Qwen 14B (9 GB) | {} |\n"
    assert corpus.accused(table.format("too large for 12 GB")) == ["too large for 12 GB"]
    assert not corpus.accused(table.format("fits in 12 GB"))
