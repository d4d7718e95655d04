"""Who is ahead, how long work takes and what it costs, by tables that the document tells itself."""

from __future__ import annotations

import corpus

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

_SPEEDS = """
| Test | RTX 4080 | RX 7900 XTX |
|---|---|---|
| Llama 3 8B Q4, tokens/s | 93 | 98 |
| SDXL, it/s | 6.9 | 4.1 |
"""
_TIMES = """
| Task | RTX 4070 | RTX 4090 |
|---|---|---|
| SDXL LoRA, 1,500 steps (minutes) | 62 | 29 |
"""
_TRAINING = """
| Workload | A4000 | A5000 |
|---|---|---|
| ResNet-50 training (images/s) | 510 | 690 |
| BERT-base fine-tuning (sequences/s) | 95 | 128 |
"""
_JOBS = """
| GPU | Hours | Total cost |
|---|---|---|
| V100 | 20 | $12 |
| A100 | 8 | $10 |
| H100 | 4 | $11 |
"""
_WORK = """
| GPU | Tokens/s | Hours for 40M tokens |
|---|---|---|
| RTX 3090 | 1,200 | 9.3 |
| L40S | 2,400 | {} |
| A100 | 3,800 | 2.9 |
"""
_RUNS = """
| GPU | sequences/s | $ per million |
|---|---|---|
| T4 | 520 | 0.281 |
| A10G | 1,050 | 0.266 |
| L4 | 1,270 | 0.176 |
"""
_TOKENS = """
| Card | $/hour | Tokens/s | $ per 1M tokens |
|---|---|---|---|
| L40S | 1.10 | 900 | 0.34 |
| H100 | 2.60 | 3,100 | 0.23 |
| B200 | 4.90 | 5,200 | 0.26 |
"""
#: What stands above a sentence, the sentence that is right, and the one that is wrong.
_CASES = (
    (_SPEEDS, "For pictures the 4080 has the edge.", None),
    (_SPEEDS, "With the 8B in Q4 it is the other way round: the 7900 XTX wins by 5%.", None),
    (_TIMES, "Moving to the 4090 cuts the training time by 53%.", None),
    (_TRAINING, "In ResNet training the A5000 is 35% faster.", "In ResNet training the A5000 is 55% faster."),
    (_JOBS, "The A100 remains the cheapest way to run it.", None),
    (_WORK.format("4.6"), "", None),
    (_RUNS, "The L4 is the cheapest per sequence.", "The T4 remains the cheapest per sequence."),
    (_RUNS, "The T4 is the cheapest per hour.", "The A10G is the cheapest per sequence, by far."),
    (_RUNS, "The T4 is the cheapest per token.", "The L4 is the most expensive per sequence."),
    (_TOKENS, "The H100 is the cheapest per token.", "The L40S is the cheapest per token."),
    (_TOKENS, "The L40S is the cheapest per hour.", "The H100 is the cheapest per hour."),
    (_TOKENS, "The L40S is the most expensive per token.", "The B200 is the most expensive per token."),
)  # fmt: skip


def _accused(table: str, sentence: str) -> list[str]:
    text = f"# On cards\n{table}\n{sentence}\n"
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).findings
    return [each.quote for each in found if each.accuses]


def test_what_tables_tell_of_two_or_more_is_held_against_what_is_said_of_them():
    for table, right, wrong in _CASES:
        assert right is None or not _accused(table, right), right
        assert wrong is None or _accused(table, wrong), wrong
