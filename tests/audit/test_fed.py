"""Rates in tables that the memory of their devices cannot feed, or that their units cannot work out."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

BY_SIZE = """# Quiet cards

llama.cpp, token generation, short context, Q4_K_M everywhere:

| setup | 9B | 72B |
| --- | --- | --- |
| RTX A4000 | 61 | - |
| 3x RTX A4000 | 60 | 9 |
| RTX A5000 | 99 | {alone} |
| 2x RTX A5000 | 97 | {two} |
| RTX A6000 | 98 | 15 |
"""
BY_BATCH = """# Served

Llama 3.1 8B in BF16 with vLLM, tokens per second:

| GPU | Batch 1 | Batch 16 |
| --- | --- | --- |
| A10 | 30 | 420 |
| A30 | {one} | 620 |
| RTX 6000 Ada | 51 | 760 |
"""
SERVED = """# Big ones

Throughput in tokens per second, Llama 3.1 70B in FP8

| GPU | tok/s |
| --- | --- |
| 4x H100 SXM | 2,900 |
| 8x H100 SXM | 5,100 |
"""


def accused(text: str, name: str = "a.md") -> list[str]:
    found = audited(text.encode(), name, catalogue(), corpus.TODAY).findings
    return [each.quote for each in found if each.accuses]


@pytest.mark.parametrize(
    ("alone", "two", "wrong"),
    [
        # 2 x 768 GB/s over 40 GB are 38 a second.
        ("-", "14", []),
        ("-", "46", ["46"]),
        # 24 GB of 40 are in its memory, and a host reads the rest.
        ("2.3", "14", []),
        ("out of memory", "14", []),
        ("17", "14", ["17"]),
    ],
)
def test_columns_of_models_are_bound_by_the_memory_of_so_many(alone, two, wrong):
    assert accused(BY_SIZE.format(alone=alone, two=two)) == wrong


@pytest.mark.parametrize(("one", "wrong"), [("46", []), ("148", ["148"])])
def test_a_column_of_batch_one_is_bound_whatever_serves_it(one, wrong):
    assert accused(BY_BATCH.format(one=one)) == wrong


def test_what_several_serve_to_many_has_no_such_bound():
    assert accused(SERVED) == []


PICTURES = """# Training on old cards

ResNet-101 on one GPU, training with synthetic data, in images per second.

| GPU | FP32 | FP16 |
| --- | --- | --- |
| Quadro RTX 5000 | {single} | 205 |
| Tesla V100 PCIe 16GB | 210 | {half} |
| RTX A5000 | 230 | 310 |
| A30 | {other} | 410 |
"""


@pytest.mark.parametrize(
    ("single", "half", "other", "wrong"),
    [
        ("120", "430", "240", []),
        # 11.2 TFLOPS over 3 x 15.6 GFLOP are 239 a second.
        ("390", "430", "240", ["390"]),
        # TF32 goes beyond the peak of FP32.
        ("120", "430", "350", []),
        ("120", "3,100", "240", ["3,100"]),
        ("120", "430", "620", ["620"]),
    ],
)
def test_images_are_bound_by_the_peak_of_their_column(single, half, other, wrong):
    assert accused(PICTURES.format(single=single, half=half, other=other)) == wrong
    small = PICTURES.replace("synthetic data", "CIFAR-10")
    assert "390" not in accused(small.format(single="390", half="430", other="240").replace("205", "640"))


UNITS = """# Units

| GPU | CUDA cores per board | SMs per board | Tensor cores per board | Rent per hour |
| --- | --- | --- | --- | --- |
| L4 | 7,424 | 58 | 232 | $0.70 |
| L40S | 18,176 | 142 | 568 | $1.80 |
| A10 | 9,216 | 72 | 288 | $0.80 |
| A100 80GB SXM | 6,912 | 108 | 432 | $2.00 |
| H100 SXM | 16,896 | 132 | 528 | $3.00 |
"""


def test_specifications_need_not_follow_from_each_other():
    assert accused(UNITS) == []


BY_STROKES = """Small racks at home

What we measured
Each box got the same cooler, and we left the clocks alone.
llama-bench on Linux, tokens generated per second, no offloading to the processor:
Setup / Mistral 7B Q4_K_M / Qwen2.5 72B Q4_K_M
1x RTX A5000 / 117.2 / {alone}
2x RTX A5000 / 114.9 / 14.8
1x RTX A6000 / 116.3 / 14.1
The second card only makes the larger model fit.
"""
BY_BLANKS = """Three cards on a shelf

How they serve
We ran vLLM 0.8 with Llama 3.1 8B Instruct in BF16 on one card. Output tokens per second:
Card Batch 1 Batch 8
A10 29 {many}
A30 {one} 390
RTX 6000 Ada 50 372
With more requests at once all of them get more done.
"""


@pytest.mark.parametrize(("alone", "wrong"), [("out of memory", []), ("1.9", []), ("27.5", ["27.5"])])
def test_lines_with_strokes_are_a_table(alone, wrong):
    assert accused(BY_STROKES.format(alone=alone), "a.txt") == wrong


@pytest.mark.parametrize(("one", "many", "wrong"), [("45", "212", []), ("145", "212", ["145"])])
def test_lines_with_blanks_are_a_table(one, many, wrong):
    assert accused(BY_BLANKS.format(one=one, many=many), "a.txt") == wrong


COUNTED = """Training ResNet-101, images per second

| GPU | 1 GPU | 4 GPUs | 8 GPUs |
| --- | --- | --- | --- |
| Quadro RTX 5000 | 110 | 425 | 830 |
| A30 | 390 | 1,510 | 2,950 |
"""


def test_columns_of_several_are_not_bound_by_one():
    assert accused(COUNTED) == []
