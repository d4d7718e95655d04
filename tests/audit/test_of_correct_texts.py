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
    # Lines of devices go by their names, and a part of a memory is no other device's.
    ("The RX 9070 XT is the first Radeon with FP8 support, and the MI300X no Radeon.",
     "The RTX 5090 is the first GeForce card with FP8 support.", "the first GeForce"),
    ("# RTX 3080 or RTX 3090\n\nThe RTX 3090 has half of its memory on the back of the board.",
     "# RTX 3080 or RTX 3090\n\nThe RTX 3090 has half the memory of the RTX 3080 10GB.", "half"),
    # A share of another rate, and a size in parameters, in German.
    ("Die L40S rechnet FP64 nur mit 1/64 der FP32-Rate, also mit etwa 1,4 TFLOPS.",
     "Die L40S rechnet FP64 nur mit 1/64 der FP32-Rate, also mit etwa 9,4 TFLOPS.", "9,4 TFLOPS"),
    ("Llama 3.1 8B passt bequem in den Speicher der Karte. Ein Modell mit 70 Milliarden Parametern braucht "
     "in 4 Bit rund 40 GB und passt auch.",
     "Das Modell mit 70 Milliarden Parametern braucht in FP16 rund 40 GB, und das ist nicht viel.", "40 GB"),
    # A cell that names its format, in a table whose columns were parted where they stand by chance.
    ("   7B ->  14 GB FP16,   7 GB INT8,  3.5 GB 4 bit\n  13B ->  26 GB FP16,  13 GB INT8,  6.5 GB 4 bit\n"
     "  70B -> 140 GB FP16,  70 GB INT8,   35 GB 4 bit\n 180B -> 360 GB FP16, 180 GB INT8,   90 GB 4 bit\n",
     "A 70B model takes 70 GB in FP16.", "70 GB"),
    # So many of one are level with the other.
    ("In dense FP16 an RTX A6000 has 155 TFLOPS, half of the A100's 312, so two of them are on par.",
     "In dense FP16 the RTX A6000 and the A100 are on par.", "on par"),
    # What succeeds an architecture is one.
    ("The A10 and the A100 are built on NVIDIA's Ampere microarchitecture. Named after a physicist, the "
     "Ampere microarchitecture is the successor to NVIDIA's Turing microarchitecture.",
     "The A10 is built on NVIDIA's Turing microarchitecture.", "Turing"),
    # What is divided is no rate, and what was before is of another machine.
    ("The RTX 3060 Ti has 448 GB/s, the RTX 4060 Ti 288 GB/s. A 4-bit 7B model has about 4 GB of weights: "
     "448 / 4 = 112 tokens per second at best on the older card, 288 / 4 = 72 on the newer one.",
     "The RTX 3060 Ti has 448 GB/s. A model of 4 GB runs at 160 tokens per second at best on it.",
     "160"),
    ("The H100 has 80 GB. Eight GPUs exchanged over NVLink 2 at 300 GB/s each before, two over NVLink 4 "
     "at 900 GB/s now.",
     "The H100 has NVLink 2.", "NVLink 2"),
    # A card by its memory and bandwidth is no model of that size.
    ("One card, 96 GB at 1,792 GB/s: at most 45 tokens per second for a single user in 4 bits.",
     "With 1,792 GB/s a model of 40 GB is read at most 90 times a second.", "90"),
    # Slices have units and memory of their own.
    ("On an A100 80GB the smallest profile, 1g.10gb, has 14 SMs and 10 GB; 2g.20gb has 28 SMs and 20 GB.",
     "The 1g.10gb profile of the A100 80GB has 24 SMs.", "24"),
    # The format of a model's weights is no feature of the card.
    ("The RTX 3090 has 24 GB. Examples are FLUX.1-dev in FP8 with its text encoder, and SDXL.",
     "The RTX 3090 has 24 GB. It has FP8 as well.", "FP8"),
    # "At $3.00 an hour" is what is gone out from, and half an hour is an amount of its own.
    ("At $1.80 an hour for the A100, 1.6 hours are $2.88. At $3.00 an hour the H100 costs $1.50 for "
     "its half hour.",
     "At $1.80 an hour for the A100, 1.6 hours are $3.88.", "$3.88"),
    # What a colon leads in is of what stands right before it.
    ("GA100 has fast FP64 and HBM, GA102 has more FP32 lanes: 31.2 TFLOPS on the A10 against 19.5 TFLOPS on "
     "the A100.",
     "The RTX 4090 has 9.7 TFLOPS of FP64 performance.", "9.7 TFLOPS"),
    # A percentage is of the two counts right before it, whatever is told behind.
    ("Across the fleet we went from 240 cards to 130, so about 46 % fewer, and saved 7.4 kW (16.8 before).",
     "We need 46 % less power: 7.4 kW instead of 16.8 kW.", "46 %"),
    # So many watts as several of what was spoken of draw when each is held back.
    ("RTX 3090s: 350 W each though. Four of them is 1400 W. Power limit them to 250 W and it's 1000 W.",
     "The RTX 3090 draws 350 W. Four of them draw 2000 W.", "2000 W"),
    # What a maker calls 80 GB has as many GiB, and a board is one card.
    ("Why does nvidia-smi show 81559 MiB on the H100? The board has 80 GiB; a part of it is taken by the "
     "driver. A node has four.",
     "The H100 has 120 GB of memory.", "120 GB"),
    # Behind brackets a multiple is of what stands before them.
    ("The RTX 6000 Ada has 48 GB of GDDR6 (960 GB/s, 300 W), twice as much as the RTX 4090.",
     "The RTX 6000 Ada has 48 GB of GDDR6, three times as much as the RTX 4090.", "three times"),
    # What is left is of as many as hold it.
    ("In BF16 its weights take 93.4 GB, so a single 80 GB card doesn't hold them; two do, with 66 GB left.",
     "In BF16 its weights take 93.4 GB, so a single 80 GB card doesn't hold them; two do, with 146 GB left.",
     "146 GB"),
    # Values in a row are of the devices that the sentence before named, one each.
    ("The cheapest: two P40s, two 3090s, or one RTX A6000. In bandwidth: 346, 936 and 768 GB/s per card.",
     "The cheapest: the RTX A6000. It has a bandwidth of 868 GB/s.", "868 GB/s"),
    # A card in the plural is any number of them.
    ("A 70B model in 8 bits takes 70 GB. To hold it on RTX 5090s you need three of them.",
     "A 70B model in 8 bits fits on one RTX 5090.", "RTX 5090"),
    # What a run needed at its peak is what no card has.
    ("We rented an RTX 4090 and an A100 80GB. Peak memory was 13.8 GB on the RTX 4090 with batch 2, 41 GB on "
     "the A100 with batch 16.",
     "We rented an RTX 4090 and an A100 80GB. Memory is 24 GB on the RTX 4090, 41 GB on the A100.", "41 GB"),
    # What is done at a power is no ratio of it.
    ("The RTX A2000 12GB and the RTX 4000 SFF Ada draw 70 W. The 4000 SFF has more than twice its compute at "
     "the same power.",
     "The RTX A2000 12GB draws 70 W. The RTX 4000 SFF Ada draws twice the power of the RTX A2000 12GB.",
     "twice"),
    # A card of two sizes is the larger one where the text speaks of that.
    ("RTX A2000 12GB, RTX 2000 Ada, RTX 4000 SFF Ada: Llama 3 8B in 8 bits (8.5 GB) fits on all three. The "
     "A2000 came as a 6 GB version first.",
     "RTX 3060 8GB, RTX 2000 Ada, RTX 4000 SFF Ada: Llama 3 8B in FP16 fits on all three.", "fits on"),
    # What software made of a module that was sold before.
    ("In December 2024 NVIDIA gave the Orin Nano a higher power mode by software, Super: 25 W. The Jetson "
     "Orin Nano 8GB then has 102 GB/s of bandwidth.",
     "The Jetson Orin Nano 8GB has 136 GB/s of bandwidth.", "136 GB/s"),
    # What is so under a condition is not so at once.
    ("An H100 is $2.60 an hour, an MI300X $3.20. The MI300X is the cheaper one as soon as it is more than "
     "1.23 times as fast.",
     "An H100 is $2.60 an hour, an MI300X $3.20. The MI300X is the cheaper one.", "cheaper"),
    # An item of a list and what it has; the sum stands behind the last of them.
    ("Is the supply large enough? Two cards, 700 W; host, 500 W; 1.2 kW therefore, and a supply of 1.6 kW is "
     "loaded to three quarters.",
     "Two cards at 700 W each, so 500 W.", "500 W"),
    # "Its Ti version" is none of a Ti.
    ("It is with the RTX 4070 that the bus grows to 192 bits. 504 GB/s: that is 1.75 times what the 4060 Ti "
     "has. Its Ti version adds cores, 7,680 in place of 5,888, not gigabytes.",
     "The RTX 4070 has 5,888 cores. Its Ti version adds cores, 8,680 in place of 5,888.", "8,680"),
    # What is swapped for another.
    ("Hopper's last big part, the H200, swaps HBM3 for HBM3e.",
     "Hopper's last big part, the H200, swaps HBM3 for HBM4.", "HBM4"),
    # In single precision matrix units compute in TF32.
    ("In single precision the tensor cores of the A100 reach 156 TFLOPS.",
     "In single precision the A100 reaches 312 TFLOPS.", "312 TFLOPS"),
    # Behind a comparison a value is of the one compared.
    ("The H100 SXM outdoes the L40S in bandwidth, and yet the L40S is quicker than it in single precision: "
     "91.6 teraflops.",
     "The H100 SXM is quick in single precision: 91.6 teraflops.", "91.6 teraflops"),
    # What takes so much in a format is a model.
    ("And for 70B? Two A100 80GB are enough in FP16. In 4 bits it is 35 GB, which an A6000 or an L40S takes.",
     "The A100 80GB is large. It has 35 GB.", "35 GB"),
    # One card is like another but for what stands behind.
    ("What I like is the A2. It is, if you like, the T4 with BF16 and two thirds of its bandwidth, less a "
     "little.",
     "What I like is the T4. It is a card with BF16.", "BF16"),
    # Whose card took whose place in a cluster is no line of cards.
    ("In our cluster the A100 replaced the T4.", "The A100 was the successor of the T4.", "successor"),
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
