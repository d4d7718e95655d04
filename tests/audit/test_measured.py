"""Results that an article measured: ratios that no two of them have, rates that no request can have."""

from __future__ import annotations

import datetime

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

TABLE = """# RTX A6000 vs A100 80GB

| Benchmark | RTX A6000 | A100 80GB |
| --- | --- | --- |
| ResNet-50 training (images/s) | 1,150 | 2,300 |
| BERT-large fine-tuning (sequences/s) | 58 | 116 |
| Stable Diffusion 1.5 (images/min) | 18 | 31 |

"""


def accused(sentence: str, table: str = TABLE) -> list[str]:
    found = audited(
        (table + sentence + "\n").encode(), "a.md", catalogue(), datetime.date(2026, 11, 29)
    ).findings
    return [each.quote for each in found if each.accuses]


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("The A100 pushes three times as many images through ResNet-50 as its sibling.", "three times"),
        ("In ResNet-50 it processes nearly four times as many images.", "four times"),
        ("For ResNet-50 that is a gain of 40 % in throughput.", "40 %"),
    ],
)
def test_a_ratio_that_no_two_results_have(sentence: str, quote: str) -> None:
    assert any(quote in each for each in accused(sentence)), accused(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "The A100 pushes twice as many images through ResNet-50 as its sibling.",
        "In ResNet-50 it processes half as many images.",
        "With larger batches ResNet-50 would be three times as fast.",
        "NVIDIA claims that ResNet-50 is three times as fast.",
        "ResNet-50 is three times as fast in FP16 than in FP32.",
        "In VGG-16, which we did not test, it is three times as fast.",
    ],
)
def test_what_is_right_or_of_something_else_is_not_accused(sentence: str) -> None:
    assert accused(sentence) == []


@pytest.mark.parametrize(
    ("label", "wrong"),
    [
        ("Llama 2 70B inference, output tokens/s", []),
        ("Llama 2 7B in FP16, batch 1, tokens/s", ["1,900"]),
        ("Llama 2 7B in FP16, 32 users, tokens/s", []),
    ],
)
def test_a_rate_far_above_the_bound_of_one_request_is_of_many_unless_it_says_so(
    label: str, wrong: list[str]
) -> None:
    table = f"# One H100\n\n| Benchmark | H100 SXM |\n|---|---|\n| {label} | 1,900 |\n\n"
    assert accused("It was a quick test.", table) == wrong


def test_of_very_many_results_nothing_is_said() -> None:
    rows = "".join(f"| ResNet-50 training, set {n} (images/s) | 1,150 | 2,300 |\n" for n in range(30))
    table = f"# RTX A6000 vs A100 80GB\n\n| Benchmark | RTX A6000 | A100 80GB |\n|---|---|---|\n{rows}\n"
    assert accused("In ResNet-50 it processes nearly four times as many images.", table) == []
