"""Forms that are not sold, devices alike in everything, spans of power, GPUs for loads and users."""

from __future__ import annotations

import corpus
import pytest

#: What is right, what is wrong beside it, and where.
PAIRS = [
    ("The H100 SXM5 has 80 GB of memory.", "The H100 SXM4 has 80 GB of memory.", "H100 SXM4"),
    ("There is no B200 PCIe card. The H100 PCIe takes 350 W.", "B200 PCIe cards fit in any server.",
     "B200 PCIe"),
    ("The B200 uses PCIe 5.0 x16.", "The MI300X PCIe has 192 GB of memory.", "MI300X PCIe"),
    ("The A100 has no RT cores.", "The A100 includes second-generation RT Cores.",
     "second-generation RT Cores"),
    ("The RTX 4080 Laptop GPU draws between 60 and 150 W.",
     "Depending on the model the RTX 4080 Laptop GPU draws between 60 and 320 W.", "60 and 320 W"),
    ("The A10 and the A10G have nearly the same specs, except in power.",
     "The A10G and the A10 have identical specifications.", "identical specifications"),
    ("The P100 has good FP16 performance.", "The P40 has good FP16 performance.", "good FP16 performance"),
    ("The A100 offers strong FP64 performance.", "The RTX 4090 offers strong FP64 performance.",
     "strong FP64 performance"),
    ("An A100 makes 115,200 images a day. For one million images a day we need 9 GPUs.",
     "An H100 makes 205,714 images a day. For one million images a day we need 4 GPUs.", "4"),
    ("To serve 420 requests per second at 50 requests per second from each GPU we need 10 of them.",
     "Our A10G handles 50 requests per second. To serve 420 requests per second we need 6 of them.", "6"),
    ("We have to serve 10,000 tokens per second. One L4 gives 850 tokens/s, so we need 15 L4s for headroom.",
     "We have to serve 10,000 tokens per second. One L4 gives 850 tokens/s, so we need 7 L4s.", "7"),
    ("It has to generate one million SD 1.5 images (512x512) every day. That's about 694 images per minute.",
     "It has to generate one million SD 1.5 images (512x512) every day. That's 12,000 images per minute.",
     "12,000 images per minute"),
    ("An A100 costs $1.79 per hour and an H100 $2.99. The H100 is the cheaper choice whenever your job runs "
     "more than 1.67 times as fast.",
     "At $3 per hour for an H100 and $6 for a B200, the B200 is the cheaper one as soon as it is more than "
     "three times as fast.", "three times"),
    ("At $2 and $3 an hour: if the H100 is twice as fast, it is cheaper.",
     "At $2 an hour for an A100 and $3 for an H100, the H100 is cheaper only if it is twice as fast.",
     "twice"),
    ("ECC costs some bandwidth. A laptop GPU gives the same results, though it lacks ECC.",
     "A laptop GPU gives less accurate results because it lacks ECC.", "less accurate"),
    ("It succeeds Hopper, which was itself the successor of Ampere in the data center.",
     "It succeeds Hopper, which was itself the successor of Turing in the data center.", "Turing"),
    ("With FP4 it doubles the throughput of FP8: 9 PFLOPS dense per B200 against 4.5 dense FP8.",
     "The B200 reaches 9 PFLOPS of dense FP8.", "9 PFLOPS"),
    ("A B200 has a TDP of up to 1,000 W. A DGX B200 with eight of them needs about 14.3 kW.",
     "A B200 has a TDP of up to 1,000 W. Eight of them draw 14.3 kW.", "14.3 kW"),
    ("RTX 4090 - 24 GB, 450 W. 2x the compute of a 3090, so prompts are processed much faster.",
     "The RTX 4090 draws 450 W, 2x the power of a 3090.", "2x"),
    ("The B200 has 208 billion transistors, 2.6 times the 80 billion of the H100.",
     "The B200 has 208 billion transistors, more than three times the 80 billion of the H100. It moves 8 "
     "TB/s, the A100 PCIe 2.4 times less than the H200.", "three times"),
    ("The L40S supports FP8 but not NVLink.", "The L40S supports FP8 but not BF16.", "but not BF16"),
    ("Of the H100 SXM, the L40S and the RTX 6000 Ada the H100 is the most power-hungry.",
     "We compare the H100 SXM, the L40S and the RTX 6000 Ada. At 300 W the RTX 6000 Ada is the most "
     "power-hungry card on this list.", "the most"),
    ("The A100 uses HBM2e instead of GDDR6.", "The RTX 6000 Ada uses HBM2e instead of GDDR6.", "HBM2e"),
    ("The H100 PCIe is limited to 350 W, the H100 SXM5 to 700 W. Both have 80 GB.",
     "The H100 PCIe is limited to 350 W, the H100 SXM5 to 700 W. Both deliver the same tensor performance of "
     "989 TFLOPS in BF16.", "989 TFLOPS"),
    ("The A30 costs $5,000, the A100 $15,000. Three A30s cost $15,000.",
     "The A30 costs $5,000, the A100 $15,000. Three A30s cost $12,000.", "$12,000"),
    ("8,192 tokens of context take 1 GiB. On an L4 with 24 GB, 16 GB go to FP16 weights; about 6 GB are left "
     "for the cache, enough for 5 users with full context.",
     "8,192 tokens of context take 1 GiB. On an L4 about 6 GB are left for the cache, enough for 60 users "
     "with full context.", "60"),
    ("If a model needs 20 GB, an RTX A5000 will do.", "If a model needs 30 GB, an RTX A5000 will do.",
     "RTX A5000 will do"),
    ("A full context of 4,096 tokens takes 2 GiB, and 32 of them need 64 GiB. Each token takes 512 KiB.",
     "A full context takes 2 GiB. 32 of them need 96 GiB.", "96 GiB"),
    ("Each token takes 512 KiB of cache. A context of 4,096 tokens takes 2 GiB.",
     "Each token takes 512 KiB of cache. A context of 4,096 tokens takes 1 GiB.", "1 GiB"),
    ("CUDA doesn't run on Apple GPUs; Metal does.", "CUDA runs on Apple GPUs through Metal.", "CUDA runs on"),
    ("Two RTX 3090s can be bridged by NVLink, but that doesn't merge their memory into a single one.",
     "They can be bridged by NVLink, which merges their memory into a single 48 GB GPU.", "merges their"),
    ("Prices: $4,650 for the A6000 and $1,599 for the 4090. Six 4090s would cost $9,594.",
     "Prices: $4,650 for the A6000 and $1,599 for the 4090. Six 4090s would cost $8,594.", "$8,594"),
    ("# NVIDIA A100\n\nFP16 performance: 312 TFLOPS (dense)",
     "# NVIDIA A100\n\nFP16 performance: 312 TFLOPS (sparse)", "312 TFLOPS"),
    ("| \u53c2\u6570 | NVIDIA A10 |\n|---|---|\n| \u63d2\u69fd | \u5355\u69fd |\n| TDP | 150W |",
     "| \u53c2\u6570 | NVIDIA A10 |\n|---|---|\n| \u63d2\u69fd | \u53cc\u69fd |\n| TDP | 150W |",
     "\u53cc\u69fd"),
    ("In memory bandwidth the V100 leads the RTX 3080 by 18 % and the T4 by a factor of 2.8.",
     "The V100 has four times the memory bandwidth of the T4.", "four times"),
    ("# NVIDIA A40\n\n- CUDA cores: 10,752\n- Tensor cores: 336 (third generation)\n- Cooling: passive",
     "# NVIDIA A40\n\n- CUDA cores: 10,752\n- Tensor cores: 336 (fourth generation)\n- Cooling: passive",
     "fourth generation"),
    ("| | A40 |\n|---|---|\n| CUDA cores | 10,752 |\n| Cooling | Passive |",
     "| | A40 |\n|---|---|\n| CUDA cores | 10,752 |\n| Cooling | Active |", "Active"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "quote"), PAIRS)
def test_what_is_right_is_not_accused_and_what_is_wrong_is(right, wrong, quote):
    assert not corpus.accused(right)
    assert any(quote in each for each in corpus.accused(wrong))
