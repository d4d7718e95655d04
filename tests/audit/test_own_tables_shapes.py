"""Own tables in milliseconds and by the minute, on several terms, in several sections: what is right."""

from __future__ import annotations

import corpus
import pytest

LOADS = """## Latency

| Concurrency | TTFT p50 (ms) | TTFT p95 (ms) | Throughput (tokens/s) |
|---|---|---|---|
| 1 | 41 | 55 | 72 |
| 8 | 66 | 120 | 510 |
| 32 | 140 | 410 | 1,640 |
| 128 | 720 | 2,900 | 3,050 |
"""
MINUTES = """## Units differ

| GPU | Throughput (images/min) | Latency p99 (ms) |
|---|---|---|
| L4 | 410 | 240 |
| A10 | 620 | 165 |
| L40S | 1,450 | 92 |
| H100 NVL | 2,300 | 71 |
"""
TWO = """## Results

Training throughput:

| GPU | ResNet-50 (images/s) | ViT-B (images/s) |
|---|---|---|
| RTX 4090 | 1,720 | 640 |
| A100 40GB | 2,480 | 910 |

Inference latency:

| GPU | ResNet-50 (ms) | ViT-B (ms) |
|---|---|---|
| RTX 4090 | 1.9 | 4.4 |
| A100 40GB | 2.3 | 5.1 |
"""
EPOCHS = """## By the epoch

| GPU | Time per epoch | Cost per epoch |
|---|---|---|
| V100 16GB | 2.5 h | $6.10 |
| A100 40GB | 58 min | $3.20 |
| H100 SXM5 | 31 min | $2.10 |
"""
SECTIONS = """## Small servers

### Language

| Setup | Prompt, tokens/s | Output, tokens/s |
|---|---|---|
| RTX 3090 | 1,150 | 19.8 |
| RTX 4090 | 2,400 | 22.5 |
| RTX A6000 | 900 | 14.2 |

### Pictures

| Setup | SDXL, seconds per image | FLUX.1, seconds per image |
|---|---|---|
| RTX 3090 | 8.9 | 41 |
| RTX 4090 | 4.6 | 19 |
| RTX A6000 | 7.4 | 33 |
"""
PLANS = """## Rent

| Plan | L40S | A100 80GB | H100 SXM5 |
|---|---|---|---|
| By the hour | EUR 1.05 | EUR 1.95 | EUR 2.95 |
| Month | EUR 620 | EUR 1,150 | EUR 1,800 |
"""
HEARD = """## At home

| | RTX 4060 Ti 16GB | RTX 4090 |
|---|---|---|
| Whisper large-v3 (x real time) | 21 | 62 |
| ResNet-50 training (images/s) | 490 | 1,720 |
"""
FORMATS = """## Formats

| Format | A100: BERT (seq/s) | A100: GPT-2 (tokens/s) | H100: BERT (seq/s) | H100: GPT-2 (tokens/s) |
|---|---|---|---|---|
| TF32 | 190 | 11,000 | 330 | 19,500 |
| FP16 | 420 | 24,000 | 760 | 44,000 |
| BF16 | 415 | 23,800 | 755 | 44,200 |
"""
RIGHT = (
    (LOADS, "Three of the four loads stay below 500 ms at p95."),
    (LOADS, "Only 128 requests take longer than half a second."),
    (MINUTES, "Three of the four cards answer within 200 ms at p99."),
    (MINUTES, "Only the H100 NVL makes more than 2,000 images per minute."),
    (MINUTES, "Only the H100 NVL makes more than 30 images per second."),
    (TWO, "For inference, the RTX 4090 beats the A100 in both networks."),
    (EPOCHS, "The H100 is the cheapest per epoch, although it costs the most by the hour."),
    (SECTIONS, "The RTX A6000 is the slowest in language, but beats the RTX 3090 in pictures."),
    (PLANS, "Two of the three cards cost less than 2 euros an hour."),
    (HEARD, "The RTX 4090 wins every test."),
    (HEARD, "The RTX 4090 idles at twice the power of the 4060 Ti."),
    (FORMATS, "TF32 is the slowest format on both cards."),
)
WRONG = (
    (LOADS, "Two of the four loads stay below 500 ms at p95."),
    (MINUTES, "Two of the four cards answer within 200 ms at p99."),
    (MINUTES, "Only the L40S makes more than 2,000 images per minute."),
    (TWO, "For training, the RTX 4090 beats the A100 in both networks."),
    (EPOCHS, "The A100 has the lowest cost of the three."),
    (SECTIONS, "The RTX A6000 is the slowest with SDXL."),
    (PLANS, "One of the three cards costs less than 2 euros an hour."),
    (HEARD, "The RTX 4060 Ti wins both tests."),
)


def accused(table: str, said: str) -> list[str]:
    return corpus.accused(f"{table}\n{said}\n", "page.md")


@pytest.mark.parametrize(("table", "said"), RIGHT)
def test_what_is_right_in_its_unit_on_its_terms_and_in_its_section_is_not_accused(table, said):
    assert accused(table, said) == []


@pytest.mark.parametrize(("table", "said"), WRONG)
def test_what_is_wrong_in_them_is_found(table, said):
    assert any(quote in said for quote in accused(table, said))
