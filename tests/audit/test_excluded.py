"""What is so of no device that a sentence can be about (`audit/excluded/`)."""

import pytest

from tests.audit import corpus

_ONE = "# Cards\n\nThe RTX 3060 12 GB and the RTX 4080 were tested.\n\n"
_LAPTOP = "# Cards\n\nThe RTX 4090 Laptop GPU against the RTX 4090.\n\n"

_PAIR = "# T4 or L4\n\nWith 24 GB, the L4 offers more room than the T4."
_WEIGHTS = "The H100 SXM is fast. At 8 bits the weights are 405 GB; in that form the model fits on"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        # Values beside the name of their attribute.
        (f"{_ONE}On the older board a bus of 384 bits feeds the chip.", {"384 bits"}),
        (f"{_ONE}On the older board a bus of 192 bits feeds the chip.", set()),
        # Capabilities that none has.
        ("The T4 and the V100 are cheap. As a step towards small formats they also bring FP8.", {"FP8"}),
        ("The T4 and the L4 are cheap. As a step towards small formats they also bring FP8.", set()),
        ("The T4 and the V100 are cheap. FP8 came with Hopper.", set()),
        # Architectures that none is of.
        ("The A10 and the A30 are cheap. Both cards use chips of the Hopper generation.", {"Hopper"}),
        ("The A10 and the A30 are cheap. Both cards use chips of the Ampere generation.", set()),
        # What both are said to have.
        ("# T4 or L4\n\nThe T4 and the L4 are small. AV1 encoding works on either card.",
         {"AV1 encoding works on either card"}),
        ("# T4 or L4\n\nThe T4 and the L4 are small. H.265 encoding works on either card.", set()),
        ("# A30 or L4\n\nFP8 likewise runs on both, the A30 and the L4.", {"FP8 likewise runs on both"}),
        ("# L40S or L4\n\nFP8 likewise runs on both, the L40S and the L4.", set()),
        ("# T4 or L4\n\nThe T4 and the L4 are small. FP8 does not run on both.", set()),
        ("# RTX 4090 or 3090\n\nThe RTX 4090 and the RTX 3090. Both are PCIe 5.0 cards.", {"PCIe 5.0 cards"}),
        ("# RTX 4090 or 3090\n\nThe RTX 4090 and the RTX 3090. Both are PCIe 4.0 cards.", set()),
        # Who is ahead, without the other's name.
        (f"{_PAIR} On top of that, its memory is also the faster of the two.",
         {"memory is also the faster of the two"}),
        (f"{_PAIR} On top of that, its memory is also the larger of the two.", set()),
        # More instances than there can be.
        ("The RTX PRO 6000 Blackwell has MIG. It can be split seven ways.", {"seven ways"}),
        ("The RTX PRO 6000 Blackwell has MIG. It can be split four ways.", set()),
        ("The A100 40GB has MIG. As its memory has eight slices, you get seven 1g.5gb instances.", set()),
        # Models that none holds.
        (f"{_LAPTOP}13B in FP16 loads on both.", {"loads on both"}),
        (f"{_LAPTOP}13B in 4 bits loads on both.", set()),
        ("The A100 80GB is common. A 7B in training takes 112 GB, which one A100 80GB can still take.",
         {"can still take"}),
        ("The A100 80GB is common. A 7B in LoRA takes 18 GB, which one A100 80GB can still take.", set()),
        (f"{_WEIGHTS} four H100s.", {"fits on four H100s"}),
        (f"{_WEIGHTS} eight H100s.", set()),
        ("The RTX 4090 is fast. Llama 3 70B in FP16 runs on it with most layers on the CPU.", set()),
        ("The RTX 4090 is fast. Can it hold Llama 3 70B in FP16?", set()),
    ],
)  # fmt: skip
def test_what_is_so_of_none_is_accused(text, wrong):
    assert set(corpus.accused(text)) == wrong
