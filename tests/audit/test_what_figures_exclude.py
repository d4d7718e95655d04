"""What the figures of a text exclude, whichever words say it, and what is granted to a device."""

import pytest

from tests.audit import corpus

_PRICES = (
    "# H100 or L40S\n\n| Provider | H100 (per hour) | L40S (per hour) |\n|---|---|---|\n"
    "| One | $2.79 | $0.99 |\n\n"
)
_USED = (
    "# RTX 3090 or 4090\n\nA used RTX 3090 costs $700 to $800, a new RTX 4090 $1,800. "
    "For the price of one 4090 you get"
)
_RACK = "# DGX\n\nA DGX B200 takes up to 14.3 kW. A rack with 40 kW can hold"
_PINS = (
    "# A40 or A6000\n\nThe memory of the RTX A6000 runs at 16 Gbps. "
    "That of the A40 runs at 14.5 Gbps, which gives"
)
_BOUND = (
    "# RTX 4060 Ti 16GB or RTX 3060 12GB\n\nWith a model of 5 GB the RTX 3060 makes at most 72 tokens per "
    "second and the RTX 4060 Ti at most"
)
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
        ("# PRO\n\nA 70B model in 8 bits can't exceed about 25 tokens per second on the RTX PRO 6000.",
         set()),
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
        ("# RTX 3090 or 4090\n\nThe RTX 3090 and the RTX 4090 differ. BF16 works on the 4090 only.",
         {" only"}),
        ("# RTX 3090 or 4090\n\nThe RTX 3090 and the RTX 4090 differ. FP8 works on the 4090 only.", set()),
        (f"{_SPARSE} sparsity isn't available.", {"sparsity"}),
        (f"{_SPARSE} frame generation isn't available.", set()),
        ("# H200 or B200\n\n* **H200**: for those who need FP4 inference.", {"FP4"}),
        ("# H200 or B200\n\n* **B200**: for those who need FP4 inference.", set()),
        ("# H200 or B200\n\n* **H200**: not for those who need FP4 inference.", set()),
        ("# Servers\n\nThe L40, the L40S and the A40 have 48 GB. NVLink is available on all three.",
         {"NVLink is available on all three"}),
        ("# Servers\n\nThe L40, the L40S and the A40 have 48 GB. BF16 is available on all three.", set()),
        ("# T4 or L4\n\nAWS offers the T4 as g5.xlarge and the L4 as g6.xlarge.", {"g5.xlarge"}),
        ("# T4 or L4\n\nAWS offers the T4 as g4dn.xlarge and the L4 as g6.xlarge.", set()),
    ],
)  # fmt: skip
def test_what_is_granted_or_withheld(text, wrong):
    assert set(corpus.accused(text)) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("# RTX 6000 Ada or A100\n\n- 13B in FP16: 26 GB, fits both.\n- 34B in FP16: 68 GB, fits both.",
         {"fits"}),
        ("# T4 or L4\n\nIf you want Llama 2 13B in FP16, you'll need 26 GB, and so one L4 suffices.",
         {" suffices"}),
        ("# T4 or L4\n\nIf you want Llama 2 13B in INT8, you'll need 13 GB, and so one L4 suffices.", set()),
        ("# A100\n\nA 7B model at 16 bytes needs 112 GB: an A100 80GB has enough if you use small batches.",
         {"has enough"}),
        ("# PRO\n\nThe RTX PRO 6000 runs Llama 3.3 70B in 8 bits (70 GB). "
         "In FP16, the same model fits as well.",
         {"fits"}),
        ("# PRO\n\nThe RTX PRO 6000 runs Llama 3.3 70B in 8 bits (70 GB). "
         "In INT4, the same model fits as well.",
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
        "# 5090\n\nTwo RTX 5090 draw 1,150 W. An outlet of 120 V and 15 A delivers 1,800 W, "
        "1,440 W continuously.",
    ],
)
def test_what_is_right_is_not_accused(text):
    assert corpus.accused(text) == []


@pytest.mark.parametrize(
    "text",
    [
        # By another price, the device's own memory, what an outlet gives, another need, another edition.
        "# A\n\nWe pay $0.99 for the L40S and $1.69 for the A100 per hour; over 730 hours that's $722.70 and "
        "$1,233.70.",
        "# B\n\nThe Quadro RTX 8000 has NVLink with 100 GB/s. A 70B model in 4 bits (40 GB) generates up to "
        "16.8 tokens per second on the Quadro RTX 8000, which has 672 GB/s.",
        "# C\n\nWith LoRA you need the 14 GB of the weights. With QLoRA 6 to 8 GB will do, "
        "and then an RTX 3060 with 12 GB is enough.",
        "# D\n\nThe RTX A6000, the RTX 6000 Ada and the RTX PRO 6000 were tested. "
        "Of the three, only the PRO 6000 supports MIG.",
        "# F\n\nThe RTX 3060 8GB is slow. Nobody should buy a GTX 1080 Ti any more: it has 11 GB.",
        "# G\n\nThe 4090 has 16,384 CUDA cores and 512 tensor cores, the A6000 10,752 and 336.",
        "# H\n\nWith offloading to LPDDR5X the GH200 can run models beyond its HBM.",
        "# I\n\n**How much memory does a DGX H100 have?** 640 GB of HBM3 on its eight GPUs.",
        "# J\n\n## P100 (2016)\n\nGP100 chip, 3,584 CUDA cores, 732 GB/s, 250 W as a PCIe card.",
        "# K\n\nIf you do not need NVLink, take the L40S.",
        "# L\n\nWhoever needs over 100 GB should take the Mac; "
        "whoever wants images should take the RTX 4090.",
        "# M\n\nThe L40S holds the FP16 model with 22 GB to spare, the H100 PCIe with 54 GB.",
        "# N\n\nOur circuit gives 3.6 kW. "
        "Ten RTX A5000 at 230 W each would fit with 1.3 kW left for the hosts.",
        "# O\n\nA P4 has 8 GB at 192 GB/s, "
        "so a 7B model in 4 bits fits and gives at most 52 tokens per second.",
    ],
)
def test_what_is_right_beside_other_figures_is_not_accused(text):
    assert corpus.accused(text) == []


_LEADS = (
    "# TITAN RTX or A5000\n\n| Model | TITAN RTX | RTX A5000 | A5000 / TITAN |\n|---|---|---|---|\n"
    "| ResNet-50 | 740 | 960 | 1.30 |\n| VGG-16 | 380 | 500 | 1.32 |\n| AlexNet | 5,900 | 7,100 | 1.20 |\n\n"
)
_USERS = (
    "# L4 or A10\n\n| Users | A10 | L4 |\n|---|---|---|\n| 1 | 38 | 19 |\n| 8 | 270 | 140 |\n"
    "| 64 | 980 | 610 |\n\n"
)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f"{_LEADS}The largest lead is with AlexNet.", ["AlexNet"]),
        (f"{_LEADS}The largest lead is with VGG-16. The smallest lead is in AlexNet.", []),
        (f"{_USERS}The lead of the A10 grows with the number of users.", ["grows"]),
        (f"{_USERS}The lead of the A10 shrinks with the number of users.", []),
        ("# V100\n\nFlashAttention 2? On the V100, yes.", ["V100, yes"]),
        ("# V100\n\nFlashAttention 2? On the A100, yes.", []),
        ("# A5000\n\nPer gigabyte, an RTX A5000 at $1,200 costs $80.", ["$80"]),
        ("# A5000\n\nPer gigabyte, an RTX A5000 at $1,200 costs $50.", []),
    ],
)
def test_leads_answers_and_gigabytes(text, wrong):
    assert corpus.accused(text) == wrong


_SOLD = "# RTX 5070 Ti or 4090\n\nA used RTX 4090 is $1,650, an RTX 5070 Ti $750. For one 4090 you could buy"
_BOUNDS = (
    "# RTX 4060 Ti or 3090\n\nThe bounds with 18 GB are 16 and 52 tokens per second. With 10 GB, "
    "the bounds are 29 on the RTX 4060 Ti 16GB and"
)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f"{_SOLD} three 5070 Tis.", ["three"]),
        (f"{_SOLD} two 5070 Tis.", []),
        (f"{_BOUNDS} 126 on the RTX 3090.", ["126"]),
        (f"{_BOUNDS} 94 on the RTX 3090.", []),
        ("# RTX A6000 or A100\n\n- Bandwidth-bound inference: A6000\n- Training: A100\n", ["A6000"]),
        ("# RTX A6000 or A100\n\n- Bandwidth-bound inference: A100\n- Graphics: A6000\n", []),
        ("# 3090\n\nFor the RTX 3090 with a CPU we need 580 W, so a 550 W unit is enough.", ["550 W"]),
        ("# 3090\n\nFor the RTX 3090 with a CPU we need 580 W, so a 750 W unit is enough.", []),
        # Prices and sizes that are of something else than what is named last.
        ("# A6000 or A100\n\nAt $0.49 and $1.64 per hour, the run costs $2.94 on the RTX A6000 and "
         "$5.25 on the A100.",
         []),
        ("# 5070 Ti or 4090\n\nThe RTX 5070 Ti is new. With 14 GB to read, the bounds are 64 and 72 tokens "
         "per second.", []),
    ],
)  # fmt: skip
def test_what_is_had_for_one_and_bounds_in_turn(text, wrong):
    assert corpus.accused(text) == wrong
