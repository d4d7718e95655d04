"""Superlatives of one amount per unit of another, held against the document's own amounts."""

from __future__ import annotations

import corpus
import pytest

CARDS = """## Used cards

| GPU | VRAM | Price | $/GB | Tokens/s |
|---|---|---|---|---|
| Tesla M40 | 24GB | $80 | $3.33/GB | 12 |
| Tesla P40 | 24GB | $150 | $6.25/GB | 40 |
| RTX 3090 | 24GB | $700 | $29.17/GB | 110 |

"""
#: The prices stand in a list, the rates in a table of another section.
RENTED = """## Prices

- H100 SXM: $2.25/hour
- A100 PCIe: $1.35/hour
- L40S: $0.87/hour

## Rates

| | H100 SXM | A100 PCIe | L40S |
|---|---|---|---|
| Batch 1 (tokens/s) | 93 | 80 | 44 |
| Batch 32 (tokens/s) | 2,462 | 1,879 | 1,124 |

## Verdict

"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CARDS, "The P40 has the lowest price per GB."),
        (CARDS, "The P40 offers the best VRAM per dollar."),
        (CARDS, "For pure VRAM-per-dollar, nothing beats the P40."),
        (CARDS, "The P40 is slow, but its price per GB of VRAM is unmatched."),
        (CARDS, "The RTX 3090 has the lowest cost per token."),
        (CARDS, "The RTX 3090 delivers the best performance per dollar."),
        (RENTED, "The L40S delivers the lowest cost-per-token."),
        (RENTED, "The H100 gives the most tokens per dollar."),
    ],
)
def test_who_is_not_first_per_unit_is_inconsistent(text, said):
    assert any(quote in said for quote in corpus.accused(f"{text}{said}\n", "page.md"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CARDS, "The M40 has the lowest price per GB."),
        (CARDS, "The M40 offers the best VRAM per dollar."),
        (CARDS, "For pure VRAM-per-dollar, nothing beats the M40."),
        (CARDS, "The P40 has the lowest cost per token."),
        (CARDS, "The P40 offers the best VRAM per dollar of cards with decent drivers."),
        (CARDS, "The RTX 3090 has the second lowest price per GB of newer cards."),
        (CARDS, "The RTX 3090 delivers the best performance per watt."),
        (RENTED, "The A100 PCIe delivers the lowest cost-per-token."),
        # At batch 1 and at batch 32 alike it is not; of other batches nothing is told, nor of the L4.
        (RENTED, "The L4 delivers the lowest cost-per-token."),
    ],
)
def test_who_is_first_per_unit_or_may_be_is_not_accused(text, said):
    assert corpus.accused(f"{text}{said}\n", "page.md") == []
