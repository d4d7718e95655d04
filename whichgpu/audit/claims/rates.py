"""What several make: "ten GPUs at 67 images/min each give 670"; at 67 each, 1,000 take 15 of them.

"Seven links at 128 GB/s each", "one user takes 1 GB, 32 of them 32 GB" are products as well.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import SPELLED, quantities, read_number
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

_COUNT = (
    r"(?P<n>\d{1,5}|"
    + "|".join(SPELLED)
    + r")\s+(?:of them|of these|(?:nvidia\s+)?(?:[A-Z]+\w*\d\w*|gpus?|cards|"
    r"instances|replicas|servers|nodes|workers|machines|links|lanes|stacks|users|requests|sessions|streams)\b)"
)
_SEVERAL = re.compile(rf"\b{_COUNT}", re.IGNORECASE)
_NEED = re.compile(
    rf"\b(?:needs?|requires?|takes?|use|rent|order)\s+(?:about\s+|roughly\s+|at least\s+)?{_COUNT}",
    re.IGNORECASE,
)
_OF_ONE = {
    "rate": re.compile(
        r"\b(?:each|apiece|per (?:gpu|card|instance|replica|server|node|one))\b", re.IGNORECASE
    ),
    "bandwidth": re.compile(
        r"\b(?:(?:links|lanes|stacks)\b[^.;]{0,30}\beach|per (?:link|lane|stack))\b", re.IGNORECASE
    ),
    "memory": re.compile(
        r"\b(?:one|a single|each|every) (?:user|request|session|stream|conversation|sequence) (?:takes?|"
        r"needs?|uses?)\b",
        re.IGNORECASE,
    ),
}
_GIVE = re.compile(
    r"\b(?:gives?|yields?|makes?|delivers?|produces?|reach|total\w*|together|combined|for|so|takes?|needs?|=|is|are)\b",
    re.IGNORECASE,
)
#: Words of rates that no multiple of one is.
_NOT_LINEAR = re.compile(
    r"\b(?:measured|scal\w+|efficien\w+|overhead|headroom|redundan\w+|spare|n\+1|nvlink)\b", re.IGNORECASE
)
_WITHIN = 0.015


def find(context: Context) -> Iterator[Finding]:
    """Every product of a count and a rate, and every count for a rate, with its verdict."""
    for passage in context.document.passages:
        if passage.kind in RUNNING:
            for sentence in sentences(passage.text):
                for dimension, each in _OF_ONE.items():
                    linear = dimension != "rate" or not _NOT_LINEAR.search(sentence.text)
                    if linear and each.search(sentence.text):
                        yield from _of_sentence(passage, sentence, dimension, context)


def _of_sentence(passage: Passage, sentence: Sentence, dimension: str, context: Context) -> Iterator[Finding]:
    found = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
    rates = [each for each in found if each.dimension == dimension and each.high == each.value > 0]
    counts = list(_SEVERAL.finditer(passage.text, sentence.start, sentence.end))
    if len(rates) != 2 or len(counts) != 1:
        return
    one, all_of = sorted(rates, key=lambda each: each.value)
    need = _NEED.search(passage.text, sentence.start, sentence.end) if dimension == "rate" else None
    if need:
        yield _needed(passage, need, (one, all_of), context)
    elif counts[0].start() < all_of.start and _GIVE.search(passage.text, sentence.start, all_of.start):
        yield _product(passage, counts[0], (one, all_of), context)


def _number(match: re.Match[str]) -> int:
    return int(read_number(match["n"]))


def _needed(
    passage: Passage, need: re.Match[str], rates: tuple[Quantity, Quantity], context: Context
) -> Finding:
    """A count for a rate: the rate over that of one, rounded up; more of them also do."""
    one, all_of = rates
    real = math.ceil(all_of.value / one.value - 1e-9)
    told = _number(need)
    because = f"{all_of.value / one.value:.4g} of them, so {real}"
    verdict = "confirmed" if told == real else "inconsistent" if told < real else "unverifiable"
    return made(context, passage, need.span("n"), "arithmetic", verdict, attribute="ceiling", because=because,
                expected="" if told == real else str(real), evidence=(Evidence(because),))  # fmt: skip


def _product(
    passage: Passage, count: re.Match[str], rates: tuple[Quantity, Quantity], context: Context
) -> Finding:
    one, all_of = rates
    real = _number(count) * one.value / all_of.value
    # A link has as much in each direction.
    ways = (real, 2 * real, real / 2) if one.dimension == "bandwidth" else (real,)
    right = any(abs(each - 1) <= _WITHIN for each in ways)
    because = f"{_number(count)} times that of one is {real:.3g} times what is stated"
    return made(context, passage, (all_of.start, all_of.end), "arithmetic",
                "confirmed" if right else "inconsistent", attribute="product", because=because,
                evidence=(Evidence(because),))  # fmt: skip
