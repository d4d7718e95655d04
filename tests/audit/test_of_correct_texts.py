"""Sentences of correct articles that were once accused, and what stands wrong in their place."""

from __future__ import annotations

import corpus
import pytest

PAIRS = [
    # A rate with sparsity beside one that is called dense.
    ("In FP16 the MI300X reaches 1,307 TFLOPS dense; the H100 SXM has 989 TFLOPS dense, or 1,979 TFLOPS with "
     "structured sparsity.",
     "In FP16 the H100 SXM has 1,979 TFLOPS dense.", "1,979 TFLOPS"),
    ("In FP16 the H100 SXM reaches 1,979 TFLOPS with structured sparsity.",
     "In FP16 the H100 SXM reaches 1,979 TFLOPS.", "1,979 TFLOPS"),
    # What it comes to stands behind "it".
    ("INT8 doubles that to 130 TOPS and INT4 doubles it again to 260 TOPS.",
     "INT8 doubles that to 130 TOPS and INT4 doubles it again to 390 TOPS.", "doubles"),
    # Behind a semicolon it goes on about who stands before it, not about the two of the title.
    ("# MI300X vs H100\n\nThe MI300X has 5.3 TB/s, the H100 SXM 3.35 TB/s.\n\nThe H200 uses the same GH100 "
     "silicon as the H100; what changes is the memory: 76% more of it and 43% more bandwidth.",
     "# MI300X vs H100\n\nThe MI300X has 5.3 TB/s, the H100 SXM 3.35 TB/s.\n\nThe MI300X has 43% more "
     "bandwidth than the H100 SXM.", "43% more"),
    # "That is" is of the sentence before, whatever form of a card it is set against.
    ("The RTX 4090 has 16,384 cores and 1,008 GB/s.\n\nThe M4 Max with its 40-core GPU has 546 GB/s. That is "
     "more memory than in any GeForce laptop, but less bandwidth than the RTX 4090 Laptop's 576 GB/s.",
     "The RTX 4090 Laptop GPU has 576 GB/s. That is more bandwidth than the desktop RTX 4090 has.", "more"),
    # Of the one size that stands behind it.
    ("The smallest slice of an A100 40GB has 5 GB.\n\nStacked memory, as in the A100 (HBM2 in the 40 GB "
     "model, HBM2e in the 80 GB one).",
     "Stacked memory, as in the A100 (HBM2 in the 40 GB model, HBM3 in the 80 GB one).", "HBM3"),
    # The next step from the one before.
    ("Bandwidth rose by 27% from the GTX 1080 Ti to the RTX 2080 Ti, by 52% to the RTX 3090.",
     "Bandwidth rose by 87% from the GTX 1080 Ti to the RTX 2080 Ti.", "87%"),
    # A kind of a feature that others have too.
    ("Of the RTX 2080 Ti and the RTX 3090, the RTX 3090 is the only one of the two with an NVLink connector "
     "of the third generation.",
     "Of the RTX 2080 Ti and the RTX 3090, the RTX 3090 is the only one of the two with NVLink.", "only one"),
    # What a colon leads in is of what stands right before it.
    ("GA100 has fast FP64 and HBM, GA102 has more FP32 lanes: 31.2 TFLOPS on the A10 against 19.5 TFLOPS on "
     "the A100.",
     "The RTX 4090 has 9.7 TFLOPS of FP64 performance.", "9.7 TFLOPS"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "quote"), PAIRS)
def test_a_correct_sentence_is_not_accused_and_a_wrong_one_is(right, wrong, quote):
    assert not corpus.accused(right)
    assert any(quote in each for each in corpus.accused(wrong))


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        ("- **TDP.** 350 W for the RTX 3090, 320 W for the RTX 3080.", ["confirmed", "confirmed"]),
        ("- **Memory bus.** 384 bits on the RTX 3090 and 256 bits on the RTX 3060 12GB.",
         ["confirmed", "contradicted"]),
        ("- **Compute capability.** 7.0 for the V100, 8.1 for the A100.", ["confirmed", "contradicted"]),
    ],
)  # fmt: skip
def test_an_attribute_that_heads_an_entry_like_a_sentence_is_that_of_its_values(text, verdicts):
    assert [*corpus.verdicts(text).values()] == verdicts
