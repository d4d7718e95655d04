"""What fits where, and capabilities, followed over sentences: pronouns, ellipses and denials."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

#: A passage, what of it is told, and whether it is wrong, right, or accused of nothing.
HELD = [
    ("A 70B in 4 bits takes 40 GB. A single RTX 3090 swallows that whole.", "RTX 3090", "wrong"),
    ("A 70B in 4 bits takes 40 GB. A pair of RTX 3090s swallows that whole.", "", "none"),
    (
        # Of several devices no room is held against a need: which of them is meant is seldom certain.
        "I'd look at used 3090s. A 70B at Q4 takes 40 GB. Two of those won't be enough for it.",
        "",
        "none",
    ),
    ("A 13B model in FP16 takes 26 GB. It can't be loaded on a V100 32GB.", "loaded on a V100", "wrong"),
    ("A 13B model in FP16 takes 26 GB. It can't be trained on a V100 32GB.", "", "none"),
    ("In FP8 a 70B takes 70 GB. The A6000 has 48 GB, which is enough for it.", "which is enough", "wrong"),
    ("An A6000 holds a 70B in 4 bits, and even in BF16.", "even in BF16", "wrong"),
    ("An A6000 holds a 70B in 4 bits, but not in BF16.", "", "none"),
    ("A 27B in FP16 is 54 GB. One L40S holds it. In FP8 it doesn't.", "it doesn't", "wrong"),
    ("It needs 68 GB, which the A100 40GB can provide with two GPUs.", "", "none"),
    ("A 12B at Q8 runs on a 4060 Ti 16GB with nothing left.", "with nothing left", "wrong"),
    ("A 12B at Q8 runs on a 4060 Ti 16GB with 3 GB left.", "", "none"),
    ("A 70B at Q4 takes 40 GB. On one 4090 it runs but crawls.", "", "none"),
    ("A 70B at Q4 takes 40 GB, so you need two GPUs. The L4 is small.", "", "none"),
    ("Needs two 24 GB cards like the 3090: a 70B at Q4.", "", "none"),
    ("The H100's 32 GB memory advantage over the V100 lets a 30B in FP16 fit.", "", "none"),
]
ABLE = [
    ("The RTX 4090 supports FP8. The RTX 3090 does not support it.", "", "none"),
    ("The RTX 4090 supports FP8. The RTX 3090 has it, too.", "RTX 3090 has it", "wrong"),
    ("NVLink links cards. HBM2e is fast. The L40S has it.", "", "none"),
    ("FP4 was introduced with the RTX 50 series.", "", "none"),
    ("MIG came to the workstation with the Blackwell generation.", "", "none"),
    ("TF32 is available from the V100 on.", "TF32 is available", "wrong"),
    ("The H100 uses NVLink 3 and 900 GB/s.", "NVLink 3", "wrong"),
    ("The A100 has third-generation NVLink, and the H100 the fourth.", "", "none"),
    ("Turing, named for Alan Turing, followed in 2018.", "", "none"),
    ("The T4 is small. The tensor cores of Ampere know TF32.", "", "none"),
    ("The A40 is quiet. Nvidia dropped NVLink from later boards.", "", "none"),
    ("An A100 can be divided into at most four instances.", "four", "wrong"),
    ("On the A6000 it runs. With FP8 weights it halves.", "", "none"),
]
SHARED = [
    ("All users share one KV cache.", "share one KV cache", "wrong"),
    ("Users with the same system prompt share one KV cache.", "", "none"),
    ("A job can use several MIG instances as if they were one GPU.", "several", "wrong"),
    ("Prompts are bound by arithmetic, and generation of tokens by memory bandwidth.", "", "none"),
    ("Generation of tokens is bound by arithmetic.", "by arithmetic", "wrong"),
    ("A larger batch makes the weights larger.", "makes the weights larger", "wrong"),
]


@pytest.mark.parametrize(("text", "quote", "told"), [*HELD, *ABLE, *SHARED])
def test_what_is_said_over_sentences(text, quote, told):
    found = audited(f"# On cards\n\n{text}\n".encode(), "a.md", catalogue(), corpus.TODAY)
    accused = [each.quote for each in found.accusations]
    if told == "none":
        assert not accused
    else:
        assert any(quote in each for each in accused)
