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
