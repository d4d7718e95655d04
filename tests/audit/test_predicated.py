"""What clauses say of a device with what they leave out, in the clauses before."""

from __future__ import annotations

import corpus
import pytest


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        # An attribute, and whom it is against, from the clause before.
        ("The RTX 4090 packs 16,384 CUDA cores; the RTX A6000 has barely half as many.", ["half"]),
        ("The RTX 4090 draws 450 W. The RTX A6000 is content with 300 W, a saving of 100 W.", ["100 W"]),
        ("The RTX 4090 moves 1,008 GB/s, whereas the RTX A6000 has to make do with half of that.", ["half"]),
        # A number without a unit.
        ("The RTX 4090 comes with 24 GB, the RTX A6000 with 32.", ["32"]),
        # An order in what the clause before is about.
        (
            "In bandwidth the H200 leads the H100 SXM. The MI300X falls behind the H200 in this respect.",
            ["behind"],
        ),
        (
            "The reason is the bus, 384 bits wide on the RTX A5000 and 128 on the RTX 4000 Ada.",
            ["128"],
        ),
        (
            "The RTX 5090 moves 1,792 GB/s, the RTX 4090's GDDR6X 1,008 and the RTX 3090's just 448.",
            ["448"],
        ),
        ("The T4 draws 70 W. The P40 has 250 W, 100 W more than the T4.", ["100 W more"]),
        # The predicate of the clause before.
        ("The RTX 4090 relies on GDDR6X, and so does the RTX A6000.", ["so does the RTX A6000"]),
        ("TF32 came with Ampere, so it's missing on the A10.", ["it's missing on the A10"]),
        (
            "Two RTX A6000s are joined by an NVLink bridge. The RTX 4090 kept the connector.",
            ["The RTX 4090 kept the connector"],
        ),
        (
            "The A10 has ECC. The RTX 3080 supports it on its GDDR6X.",
            ["The RTX 3080 supports it on its GDDR6X"],
        ),
    ],
)
def test_what_a_clause_leaves_out_is_that_of_the_one_before(text, wrong):
    assert corpus.accused(text) == wrong


@pytest.mark.parametrize(
    "text",
    [
        "The RTX 4090 packs 16,384 CUDA cores; the RTX A6000 has about two thirds as many.",
        "The RTX 4090 draws 450 W. The RTX A6000 is content with 300 W, a saving of 150 W.",
        "The RTX 4090 comes with 24 GB, the RTX A6000 with 48.",
        "The RTX 4090 relies on GDDR6X, and so does the RTX 3090.",
        # Another device than the one of the clause before.
        "From the RTX 3090 to the RTX 4090, bandwidth grew by 8 %, from there to the RTX 5090 by 78 %.",
        "Two RTX 6000 Ada offer 96 GB in total, 16 GB more than a single A100 80GB.",
        # Of which of two a fragment is, or "that".
        "The L4 needs 72 W and the A10 150 W, about half of it.",
        "The RTX 5090 draws 575 W, the RTX 4090 450 W, the RTX 3090 350 W. That is 125 W more than the 4090.",
        "The RTX 4090 idles at twice the power of the RTX 4060 Ti 16GB.",
        "The RTX 4090 has 24 GB. The RTX A6000 never has more.",
        "The RTX 4090 has 24 GB, and its production ended in late 2024.",
        # "That" is what was said of two, in whichever order.
        "The MI300X offers 192 GB where the H100 SXM has 80 GB, which is 2.4 times as much.",
        "The A40 moves 696 GB/s against the T4's 320, that is an increase of 118 percent.",
        # A multiple of something else than what was told.
        "The H200 has 1.4 times the bandwidth of the H100 SXM and 1.8 times its capacity.",
        "The RTX 4060 Ti 16GB runs Flux with far less memory juggling than the RTX 3060 12GB.",
        "FP8 weights halve the memory. The A40 supports it as well, by unpacking them.",
    ],
)
def test_what_is_so_is_not_accused(text):
    assert corpus.accused(text) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            "A 13B model in FP16 needs 26 GB, so it squeezes into the RTX 4090.",
            ["squeezes into the RTX 4090"],
        ),
        (
            "A 70B model in 4 bits takes 35 GB. That is too much for the RTX 4090, but also more than a "
            "single RTX A6000 can hold.",
            ["more than a single RTX A6000 can hold"],
        ),
        ("A 7B model in FP16 takes 14 GB. On the T4 some 8 GB remain for the cache.", ["8 GB"]),
        (
            "# T4, L4 and A10\n\nThe T4, the L4 and the A10 run models. Llama 2 13B in FP16 fits the two "
            "larger cards.",
            ["Llama 2 13B in FP16 fits"],
        ),
    ],
)
def test_a_need_is_carried_to_the_room_that_a_clause_names(text, wrong):
    assert corpus.accused(text) == wrong


@pytest.mark.parametrize(
    "text",
    [
        "A 13B model in FP16 needs 26 GB, so it squeezes into the RTX A6000, not into the RTX 4090.",
        "A 70B model in FP16 needs about 140 GB: no single H100 can hold it.",
        "DeepSeek-V3 with its 671 billion parameters in FP8 fits on an H200 node.",
        "An HGX board carries eight GPUs. DeepSeek-V3 takes about 671 GB in FP8. The B200 board takes it.",
        # A second need beside the first, of which the sum is not told.
        "An 8B base in BF16 adds 16 GB, so together they fill 48 GB. An A100 80GB has 32 GB left.",
    ],
)
def test_what_fits_is_not_accused(text):
    assert corpus.accused(text) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("# RTX A5000\n\nIts predecessor was the Quadro RTX 4000.", True),
        ("The T4 is based on Turing and was, at its launch, the replacement for the Tesla V100.", True),
        ("The RTX 4070 Ti Super is new. This one replaced the RTX 4080.", True),
        ("The RTX 4070 is the successor to the RTX 3070. The L4 replaced the T4.", False),
        ("The RTX 4070 Ti Super replaced the RTX 4070 Ti.", False),
        ("The RTX A6000 succeeded the Quadro RTX 8000.", False),
        ("We replaced the RTX 3090 by an RTX 4080.", False),
    ],
)
def test_who_takes_whose_place(text, wrong):
    assert bool(corpus.accused(text)) is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            "The A100 costs $1.60 an hour and the H100 $2.50. Compared to the A100, the H100 costs 36 "
            "percent more.",
            ["36 percent"],
        ),
        ("An A10 rents at $0.75 an hour and an L40 at $1.00. The L40 is a third more expensive.", []),
        # What it comes to for other work than an hour.
        ("The A100 costs $1.49 an hour and the H100 $2.69. For us the H100 is cheaper.", []),
    ],
)
def test_prices_of_two_by_what_is_told_of_both(text, wrong):
    assert corpus.accused(text) == wrong


@pytest.mark.parametrize(
    "text",
    [
        # "So" takes up its own sentence.
        "FP8 works on both, FP4 on the RTX 5080 only. The RTX 4080 Super is connected by PCIe 4.0, and so is "
        "the RTX 4070 Ti Super.",
        # "It" is what the text is about, and not whose cores it has a part of.
        "# The A30\n\nThe A30 is the little brother of the A100. Of the A100's 6,912 cores it has 3,584, a "
        "little more than half. It has 24 GB at 933 GB/s and draws 165 W.",
    ],
)
def test_what_is_taken_up_is_not_of_another(text):
    assert corpus.accused(text) == []
