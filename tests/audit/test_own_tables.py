# ruff: noqa: E501
"""What a text says of its own tables: who is first, ahead, by how much, and of how many something is so."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

GPUS = """## Benchmarks

| GPU | Batch 1 (tokens/s) | Batch 64 (tokens/s) | Power (W) | Price per hour |
|---|---|---|---|---|
| A10 | 31 | 610 | 148 | $0.75 |
| L40S | 47 | 1,240 | 310 | $1.10 |
| A100 80GB | 83 | 2,050 | 350 | $1.90 |
| H100 PCIe | 98 | 3,300 | 340 | $2.60 |
"""
WORK = """## Our own test

| Test | RTX 4090 | A100 40GB |
|---|---|---|
| Stable Diffusion, images/min | 62 | 57 |
| BERT-base fine-tuning, samples/s | 150 | 410 |
| ResNet-50 training, images/s | 1,720 | 2,480 |
| Whisper, minutes per hour of audio (less is better) | 2.1 | 2.6 |
"""
MODELS = """## Model scores

| Model | Size | Score of the testers (max. 5) | Seconds per answer |
|---|---|---|---|
| Small | 8B | 3.1 | 2.4 |
| Medium | 32B | 4.2 | 6.0 |
| Large | 70B | 4.4 | 13.5 |
"""
SCALING = """## Scaling

| GPUs | H100 SXM5 (tokens/s) | H100 PCIe (tokens/s) |
|---|---|---|
| 1 | 8,400 | 5,900 |
| 2 | 16,500 | 11,300 |
| 4 | 32,100 | 20,400 |
| 8 | 63,000 | 35,900 |
"""
JOBS = """## What we measured

| | RTX 3090 | RTX 4080 Super | RTX 4090 |
|---|---|---|---|
| Flux dev, seconds per image | 31.0 | 21.4 | 14.2 |
| Llama 3 8B, tok/s | 98 | 84 | 125 |
| LoRA of SDXL, it/s | 1.15 | 1.62 | 2.31 |
| Wall power, watts | 410 | 385 | 520 |
"""
RENTS = """## Prices in October

| Provider | H100 per hour | A100 80GB per hour | Minimum term |
|---|---|---|---|
| Northwind | $2.29 | $1.35 | none |
| BlueRack | $1.99 | $1.49 | 1 month |
| Kelvin Cloud | $3.10 | $1.79 | none |
"""
LATENCY = """## Inference latency

| Batch | T4 (ms) | L4 (ms) | A10G (ms) |
|---|---|---|---|
| 1 | 6.1 | 3.4 | 2.9 |
| 8 | 31 | 14 | 10.5 |
| 32 | 118 | 52 | 37 |
"""
WRONG = (
    (GPUS, "The L40S is the slowest of the four at batch 1."),
    (GPUS, "At batch 64 the A100 comes out ahead of the H100."),
    (GPUS, "The A100 already outruns the H100 PCIe."),
    (GPUS, "In our table the A10 draws the most power."),
    (GPUS, "The L40S has the lowest price of all."),
    (GPUS, "With 64 requests the A100 makes three times as many tokens as the L40S."),
    (GPUS, "Nothing in the list draws less than the L40S."),
    (GPUS, "The cheapest card by the hour is the L40S."),
    (GPUS, "First place in both columns goes to the A100."),
    (GPUS, "At the bottom of the table stands the L40S."),
    (GPUS, "Going from batch 1 to batch 64 makes the A10 ten times as fast."),
    (GPUS, "The H100 is slower than the A100 with a single request."),
    (GPUS, "The H100 more than doubles the A100 at both batch sizes."),
    (GPUS, "Only the H100 gets beyond 1,000 tokens per second."),
    (GPUS, "Three of the four cards stay below 300 W in our test."),
    (
        GPUS,
        "An hour on the H100 costs twice as much as one on the L40S, and the A10 is the dearest of the lot.",
    ),
    (GPUS, "The A10 beats the L40S at batch 1."),
    (GPUS, "At a single request the ranking is reversed, with the A10 in front."),
    (WORK, "In Stable Diffusion the A100 comes out slightly ahead."),
    (WORK, "The A100 wins all four tests."),
    (
        WORK,
        "With BERT-base the RTX 4090 turns the tables and processes more samples per second than its big rival.",
    ),
    (WORK, "The RTX 4090 trains ResNet-50 faster than the A100."),
    (WORK, "As the table shows, the A100 trains ResNet-50 twice as fast."),
    (WORK, "In three of the four tests the RTX 4090 is ahead."),
    (WORK, "For Whisper the A100 is the quicker of the two."),
    (WORK, "BERT-base is where the RTX 4090 shines: it leads by a wide margin."),
    (WORK, "The RTX 4090 needs more time than the A100 to transcribe an hour of audio."),
    (WORK, "Stable Diffusion is the only test that the A100 loses."),
    (WORK, "The two are level in BERT-base."),
    (MODELS, "The medium model got the best score of the three."),
    (MODELS, "The large model answers the quickest."),
    (MODELS, "Testers liked the small model best."),
    (MODELS, "The medium model needs twice the time of the large one."),
    (SCALING, "From two to eight GPUs, the PCIe system speeds up by a factor of 3.9."),
    (SCALING, "With eight GPUs the PCIe system is ahead."),
    (SCALING, "With four GPUs, SXM5 is twice as fast."),
    (SCALING, "Eight SXM5 cards reach nine times the throughput of one."),
    (SCALING, "From one GPU to eight the PCIe system gains a factor of 7.5."),
    (JOBS, "For Flux the RTX 3090 needs the least time."),
    (JOBS, "At Llama 3 8B, the RTX 4080 Super edges out the older RTX 3090."),
    (JOBS, "The RTX 4090 leads in two of the three speed tests only, since Flux goes to the 4080 Super."),
    (JOBS, "It is the RTX 3090 that pulls the most from the wall."),
    (JOBS, "A picture with Flux takes three times as long on the 3090 as on the 4090."),
    (JOBS, "The RTX 4080 Super beats the RTX 3090 in every test."),
    (JOBS, "None of the three stays below 400 watts."),
    (JOBS, "Interestingly, the 3090 finishes a Flux image sooner than the 4080 Super."),
    (JOBS, "The slowest card for LoRA is the RTX 4080 Super."),
    (RENTS, "Northwind has the lowest H100 price."),
    (RENTS, "The cheapest A100 is found at BlueRack."),
    (RENTS, "Kelvin Cloud undercuts Northwind for the H100."),
    (RENTS, "At Kelvin Cloud an H100 costs twice what BlueRack asks."),
    (RENTS, "All three ask more than $2 for an H100."),
    (RENTS, "Only Northwind rents the A100 out for less than $1.50."),
    (LATENCY, "At batch 32 the T4 answers faster than the L4."),
    (LATENCY, "With a batch of 8 the T4 is twice as slow as the A10G."),
    (LATENCY, "Going from batch 1 to 32, the L4's latency grows tenfold."),
    (LATENCY, "At batch 1, the A10G has the highest latency."),
    (LATENCY, "The L4 has the lowest latency at all batch sizes."),
    (LATENCY, "Two of the three stay under 10 ms at batch 8."),
    (LATENCY, "The T4 is ahead of the L4 at batch 1 but falls behind from batch 8 on."),
)
RIGHT = (
    (GPUS, "The A10 is the slowest of the four at batch 1."),
    (GPUS, "At batch 64 the H100 comes out ahead of the A100."),
    (GPUS, "The H100 PCIe already outruns the A100."),
    (GPUS, "In our table the A100 draws the most power."),
    (GPUS, "The A10 has the lowest price of all."),
    (GPUS, "With 64 requests the H100 makes 2.7 times as many tokens as the L40S."),
    (GPUS, "Nothing in the list draws less than the A10."),
    (GPUS, "The cheapest card by the hour is the A10."),
    (GPUS, "First place in both columns goes to the H100."),
    (GPUS, "At the bottom of the table stands the A10."),
    (GPUS, "Going from batch 1 to batch 64 makes the A10 twenty times as fast."),
    (GPUS, "The A100 is slower than the H100 with a single request."),
    (GPUS, "The A100 more than triples the A10 at batch 64."),
    (GPUS, "Only the A10 stays below 1,000 tokens per second at batch 64."),
    (GPUS, "Three of the four cards draw more than 300 W in our test."),
    (
        GPUS,
        "An hour on the H100 costs more than twice as much as one on the L40S, and the A10 is the cheapest of the lot.",
    ),
    (GPUS, "The L40S beats the A10 at batch 1."),
    (GPUS, "By tokens per dollar at batch 1 the H100 is the worst and the L40S is no better than the A100."),
    (GPUS, "The A100 would come out ahead of the H100 if the price fell to a dollar."),
    (GPUS, "Per watt the A10 isn't the best, although it draws the least."),
    (WORK, "In Stable Diffusion the RTX 4090 comes out slightly ahead."),
    (WORK, "The A100 wins two of the four tests."),
    (
        WORK,
        "With BERT-base the A100 turns the tables and processes more samples per second than its small rival.",
    ),
    (WORK, "The A100 trains ResNet-50 faster than the RTX 4090."),
    (WORK, "As the table shows, the A100 trains BERT almost three times as fast."),
    (WORK, "In two of the four tests the RTX 4090 is ahead."),
    (WORK, "For Whisper the RTX 4090 is the quicker of the two."),
    (WORK, "BERT-base is where the A100 shines: it leads by a wide margin."),
    (WORK, "The A100 needs more time than the RTX 4090 to transcribe an hour of audio."),
    (WORK, "In memory bandwidth the A100 is ahead, which explains BERT."),
    (WORK, "In games the RTX 4090 leads, of course."),
    (MODELS, "The large model got the best score of the three."),
    (MODELS, "The small model answers the quickest."),
    (MODELS, "Testers liked the large model best."),
    (MODELS, "The large model needs more than twice the time of the medium one."),
    (SCALING, "From two to eight GPUs, the PCIe system speeds up by a factor of 3.2."),
    (SCALING, "With eight GPUs the SXM5 system is ahead."),
    (SCALING, "With eight GPUs, SXM5 is 75 percent faster."),
    (SCALING, "Eight SXM5 cards reach 7.5 times the throughput of one."),
    (SCALING, "From one GPU to eight the PCIe system gains a factor of 6.1."),
    (JOBS, "For Flux the RTX 4090 needs the least time."),
    (JOBS, "The RTX 4090 tops the chart in LoRA training."),
    (JOBS, "At Llama 3 8B, the RTX 3090 edges out the newer RTX 4080 Super."),
    (JOBS, "The RTX 4090 leads in all three speed tests, and it also draws the most."),
    (JOBS, "It is the RTX 4090 that pulls the most from the wall."),
    (JOBS, "A picture with Flux takes more than twice as long on the 3090 as on the 4090."),
    (JOBS, "The RTX 4080 Super beats the RTX 3090 in two of the three speed tests."),
    (JOBS, "Only the RTX 4080 Super stays below 400 watts."),
    (JOBS, "The 4080 Super finishes a Flux image sooner than the 3090."),
    (JOBS, "The slowest card for LoRA is the RTX 3090."),
    (JOBS, "The 3090 has more memory than the 4080 Super, so it is ahead with large models."),
    (JOBS, "Used, the 3090 is the cheapest of the three."),
    (JOBS, "At 4K the 4080 Super is faster than the 3090 in games by a third."),
    (RENTS, "BlueRack has the lowest H100 price."),
    (RENTS, "The cheapest A100 is found at Northwind."),
    (RENTS, "Northwind undercuts Kelvin Cloud for the H100."),
    (RENTS, "At Kelvin Cloud an H100 costs 56 percent more than BlueRack asks."),
    (RENTS, "All three ask less than $2 for an A100."),
    (RENTS, "Kelvin Cloud was the cheapest a year ago."),
    (RENTS, "With a commitment of a year, Kelvin Cloud is the cheapest."),
    (LATENCY, "At batch 32 the L4 answers faster than the T4."),
    (LATENCY, "The A10G cuts the latency of the T4 to a third at batch 8."),
    (LATENCY, "With a batch of 8 the T4 is almost three times as slow as the A10G."),
    (LATENCY, "Going from batch 1 to 32, the L4's latency grows fifteenfold."),
    (LATENCY, "At batch 1, the T4 has the highest latency."),
    (LATENCY, "The A10G has the lowest latency at all batch sizes."),
    (LATENCY, "None of the three stays under 10 ms at batch 8."),
    (LATENCY, "Per watt the T4 isn't far behind the L4, and it is the cheapest to rent."),
    (LATENCY, "In throughput per dollar the L4 is ahead of the A10G."),
)


def accused(table: str, said: str) -> list[str]:
    return corpus.accused(f"{table}\n{said}\n", "page.md")


@pytest.mark.parametrize(("table", "said"), WRONG)
def test_what_no_cell_bears_out_is_inconsistent(table, said):
    assert any(quote in said for quote in accused(table, said))


@pytest.mark.parametrize(("table", "said"), RIGHT)
def test_what_the_table_says_is_not_accused(table, said):
    assert accused(table, said) == []


_SECONDS = """# Three cards

## Results

| Work | RTX A4000 | RTX A5000 | RTX 4080 |
| --- | --- | --- | --- |
| Blender, Monster (s, lower is better) | 30.0 | 22.0 | 11.8 |
| Octane, Kitchen (s, lower is better) | 210 | 160 | 80 |
| ResNet-50 training, FP16 (images/s) | 700 | 890 | 1,100 |

"""


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("In Blender the 4080 finishes in less than a third of the A4000's time.", True),
        ("In Octane the A5000 needs half of the A4000's time.", True),
        ("In Octane the 4080 is three times as fast as the A5000.", True),
        ("In Blender the 4080 is done in less than half of the A4000's time.", False),
        ("In Octane the 4080 needs half the time of the A5000.", False),
        ("In Octane the 4080 is twice as fast as the A5000.", False),
    ],
)
def test_rows_of_seconds_beside_rows_of_rates(said, wrong):
    found = audited(f"{_SECONDS}{said}\n".encode(), "a.md", catalogue(), corpus.TODAY).findings
    told = [each for each in found if each.quote in said and each.start > len(_SECONDS)]
    assert any(each.accuses for each in told) is wrong


def test_a_thing_against_itself_is_no_order_of_two():
    said = "In a laptop that gives it 60 W, the RTX 4090 is 3 % slower than in one that gives it 70 W."
    assert accused(WORK, said) == []


def test_the_only_one_with_an_amount_that_others_have_is_wrong():
    cards = "## Cards\n\n| Card | VRAM |\n|---|---|\n| RTX 4060 Ti 16GB | 16 GB |\n| RTX 4070 Ti Super | 16 GB |\n| RTX 4090 | 24 GB |\n"
    assert accused(cards, "The RTX 4070 Ti Super is the only card here with 16 GB.")
    assert accused(cards, "The RTX 4090 is the only card here with 24 GB.") == []
