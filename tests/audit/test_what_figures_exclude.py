"""What the figures of a text exclude, whichever words say it: ceilings, feeds, prices, pins, pools, what is granted."""

import pytest

from tests.audit import corpus

_PRICES = "# H100 or L40S\n\n| Provider | H100 (per hour) | L40S (per hour) |\n|---|---|---|\n| One | $2.79 | $0.99 |\n\n"
_USED = "# RTX 3090 or 4090\n\nA used RTX 3090 costs $700 to $800, a new RTX 4090 $1,800. For the price of one 4090 you get"
_RACK = "# DGX\n\nA DGX B200 takes up to 14.3 kW. A rack with 40 kW can hold"
_PINS = "# A40 or A6000\n\nThe memory of the RTX A6000 runs at 16 Gbps. That of the A40 runs at 14.5 Gbps, which gives"
_BOUND = "# RTX 4060 Ti 16GB or RTX 3060 12GB\n\nWith a model of 5 GB the RTX 3060 makes at most 72 tokens per second and the RTX 4060 Ti at most"
_SPARSE = "# RTX 4080 or A4500\n\nBoth are tested. On the RTX A4500,"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f"{_PRICES}You can rent five L40S for the price of one H100.", {"five"}),
        (f"{_PRICES}You can rent nearly three L40S for the price of one H100.", set()),
        (f"{_USED} four used 3090s.", {"four"}),
        (f"{_USED} two used 3090s.", set()),
        (f"{_RACK} four DGX B200 systems.", {"four"}),
        (f"{_RACK} two DGX B200 systems.", set()),
        (f"{_PINS} 580 GB/s.", {"580 GB/s"}),
        (f"{_PINS} 696 GB/s.", set()),
        (f"{_BOUND} 110.", {"110"}),
        (f"{_BOUND} 57.", set()),
        ("# PRO\n\nA 70B model in 8 bits can't exceed about 52 tokens per second on the RTX PRO 6000.",
         {"52 tokens per second"}),
        ("# PRO\n\nA 70B model in 8 bits can't exceed about 25 tokens per second on the RTX PRO 6000.", set()),
        ("# PRO\n\nA 70B model in 8 bits can reach 500 tokens per second on the RTX PRO 6000 with 64 users.",
         set()),
        ("# 3060\n\nTwo used RTX 3060 12GB cost $420 and have 32 GB in total.", {"32 GB"}),
        ("# 3060\n\nTwo used RTX 3060 12GB cost $420 and have 24 GB in total.", set()),
        ("# A40\n\nA server takes up to eight A40s, offering 364 GB of VRAM.", {"364 GB"}),
        ("# A40\n\nA server takes up to eight A40s, offering 384 GB of VRAM.", set()),
    ],
)  # fmt: skip
def test_amounts_that_those_around_exclude(text, wrong):
    assert set(corpus.accused(text)) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("# RTX 6000 Ada or A100\n\nThe A100 needs a driver update for FP8.", {"FP8"}),
        ("# RTX 6000 Ada or A100\n\nThe RTX 6000 Ada needs a driver update for FP8.", set()),
        ("# T4 or L4\n\nFlashAttention 2, on the other hand, runs on the T4.",
         {"FlashAttention 2, on the other hand, runs on the T4"}),
        ("# T4 or L4\n\nFlashAttention 2, on the other hand, runs on the L4.", set()),
        ("# T4 or L4\n\nThe T4 has one encoder, which also does AV1.", {"AV1"}),
        ("# T4 or L4\n\nThe L4 has two encoders, which also do AV1.", set()),
        ("# RTX 3090 or 4090\n\nThe RTX 3090 and the RTX 4090 differ. BF16 works on the 4090 only.", {" only"}),
        ("# RTX 3090 or 4090\n\nThe RTX 3090 and the RTX 4090 differ. FP8 works on the 4090 only.", set()),
        (f"{_SPARSE} sparsity isn't available.", {"sparsity"}),
        (f"{_SPARSE} frame generation isn't available.", set()),
        ("# H200 or B200\n\n* **H200**: for those who need FP4 inference.", {"FP4"}),
        ("# H200 or B200\n\n* **B200**: for those who need FP4 inference.", set()),
        ("# H200 or B200\n\n* **H200**: not for those who need FP4 inference.", set()),
        ("# T4 or L4\n\nAWS offers the T4 as g5.xlarge and the L4 as g6.xlarge.", {"g5.xlarge"}),
        ("# T4 or L4\n\nAWS offers the T4 as g4dn.xlarge and the L4 as g6.xlarge.", set()),
    ],
)  # fmt: skip
def test_what_is_granted_or_withheld(text, wrong):
    assert set(corpus.accused(text)) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("# RTX 6000 Ada or A100\n\n- 13B in FP16: 26 GB, fits both.\n- 34B in FP16: 68 GB, fits both.", {"fits"}),
        ("# T4 or L4\n\nIf you want Llama 2 13B in FP16, you'll need 26 GB, and so one L4 suffices.",
         {" suffices"}),
        ("# T4 or L4\n\nIf you want Llama 2 13B in INT8, you'll need 13 GB, and so one L4 suffices.", set()),
        ("# A100\n\nA 7B model at 16 bytes needs 112 GB: an A100 80GB has enough if you use small batches.",
         {"has enough"}),
        ("# PRO\n\nThe RTX PRO 6000 runs Llama 3.3 70B in 8 bits (70 GB). In FP16, the same model fits as well.",
         {"fits"}),
        ("# PRO\n\nThe RTX PRO 6000 runs Llama 3.3 70B in 8 bits (70 GB). In INT4, the same model fits as well.",
         set()),
    ],
)  # fmt: skip
def test_fits_of_what_was_told_to_be_needed(text, wrong):
    assert {each.split(" (")[0] for each in corpus.accused(text)} == wrong


@pytest.mark.parametrize(
    "text",
    [
        "# H100\n\nThe H100 is a Hopper GPU. It succeeded the A100 and was announced in March 2022.",
        "# H200 or B200\n\nThe H200 is a Hopper GPU with more memory.",
        "# H200 or B200\n\nThe B200 joins two dies, with a link of 10 TB/s between them.",
        "# 5090\n\nTwo RTX 5090 draw 1,150 W. An outlet of 120 V and 15 A delivers 1,800 W, 1,440 W continuously.",
    ],
)
def test_what_is_right_is_not_accused(text):
    assert corpus.accused(text) == []
