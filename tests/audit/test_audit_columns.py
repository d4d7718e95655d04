"""What of columns and lists follows from what else they say: caches, rates, rents, winners."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

CACHES = """# Caches

| Model | Context | KV cache |
|---|---|---|
| Llama 3 70B | 8K tokens | {} |
| Llama 3 8B | 128K | 17.2 GB |
"""
REVERSE = """# Pictures

| GPU | Seconds per image | Images per hour | $/hour |
|---|---|---|---|
| T4 | 36 | 100 | 0.35 |
| L4 | 12 | 300 | 0.70 |
| A10 | 8 | {} | 0.90 |

{}
"""
MINUTES = """# Pictures

| GPU | images/min | Price/hr | Cost/1,000 images |
|---|---|---|---|
| RTX 3090 | 3.1 | $0.22 | ${} |
| RTX 4090 | 4.2 | $0.44 | ${} |
| L40S | 6.1 | $0.95 | ${} |
"""
TUNED = """# Tokens

| Job | RTX 4090 | A100 80GB |
|---|---|---|
| Llama 2 7B {} (BF16) | {} tok/s | 120 tok/s |
"""
TIMES = """# Training

| Card | Images/sec | {} |
|---|---|---|
| V100 | 706 | 1.00x |
| RTX 3090 | 937 | {} |
| RTX A6000 | 1,015 | {} |
"""


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        (TUNED.format("fine-tune", "1,850"), []),
        (TUNED.format("chat, batch 1", "1,850"), ["1,850 tok/s"]),
        (TIMES.format("Relative", "1.33x", "1.44x"), []),
        (TIMES.format("Relative", "1.33x", "1.54x"), ["1.54x"]),
        (TIMES.format("Speedup vs V100", "1.3x", "1.4x"), []),
        # Of what it is a multiple no column says.
        (TIMES.format("Relative", "1.51x", "1.77x"), []),
        (TIMES.format("Relative FP32", "1.2x", "1.6x"), []),
        (CACHES.format("2.7 GB"), []),
        (CACHES.format("3.9 GB"), ["3.9 GB"]),
        (REVERSE.format(450, ""), []),
        (REVERSE.format(540, ""), ["540"]),
        (REVERSE.format(450, "Ten L4s cost $7.00 an hour."), []),
        # Since what prose works out must be accounted for beside it, tables alone make nothing wrong there.
        (REVERSE.format(450, "Ten L4s cost $6.00 an hour."), []),
        (MINUTES.format("1.18", "1.75", "2.60"), []),
        # All rows by the minute for the hour.
        (MINUTES.format("70.97", "104.8", "155.7"), ["70.97", "104.8", "155.7"]),
    ],
)
def test_columns_that_follow_from_their_rows(page, wrong):
    found = audited(page.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.stated for each in found.accusations] == wrong


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("The H200 costs 2.1 times what the A100 does.", ["2.1 times"]),
        ("The H200 costs 2.5 times what the A100 does.", []),
        ("The H100 costs 45 % less than the H200.", ["45 %"]),
        ("The H100 costs 26 % less than the H200.", []),
        ("Compared with the A100, the H100 costs a third more.", ["a third more"]),
        ("The A100 is the most expensive.", ["A100"]),
        ("A 100-hour run on eight of each is $1,120, $2,080 and $2,800.", []),
    ],
)
def test_what_is_said_of_prices_that_a_list_told(said, wrong):
    prices = "- A100 80 GB: $1.40 per hour\n- H100 SXM: $2.60 per hour\n- H200: $3.50 per hour"
    text = f"# A100 vs H100 vs H200\n\n## Prices\n\n{prices}\n\n## Verdict\n\n{said}\n"
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations if each.kind != "price"] == wrong
