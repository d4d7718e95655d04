"""Sizes that a family of models does not come in: "LLaMA 3 7B", "Gemma 2 13B"."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: Families whose makers alone name their sizes, with the generation and the size.
_NAMED = r"(?P<family>llama|gemma|falcon)[ -]?(?P<generation>\d)(?P<point>\.\d)?[ -](?:it-|instruct-|base-)?"
_MODEL = re.compile(
    rf"\b{_NAMED}(?P<size>\d{{1,3}}(?:\.\d)?)[ -]?B\b(?![- ]?(?:tokens|class|scale|range))", re.IGNORECASE
)
#: Words of models that others made of them, which have sizes of their own.
_MADE = re.compile(
    r"\b(?:mo(?:e|dels? derived)|prun\w+|merg\w+|distill?\w*|minitron|nemotron|hypothetical\w*|mythical|"
    r"assum\w+|imagine|suppose)\b",
    re.IGNORECASE,
)
#: A model that was described and never released, and of how many sizes a family is taken for complete.
_UNRELEASED, _FEW = ("llama-2-34b",), 3
#: Sizes are rounded: 65B and 70B are not one, 8B and 8.03B are.
_ROUNDED = 0.08


def find(context: Context) -> Iterator[Finding]:
    """Every model of a size that its generation has not."""
    told: set[str] = set()
    for passage in context.document.passages:
        for match in _MODEL.finditer(passage.text) if passage.kind != "code" else ():
            if match[0].lower() not in told and not _MADE.search(passage.text):
                told.add(match[0].lower())
                yield from _judged(passage, match, context)


def _judged(passage: Passage, match: re.Match[str], context: Context) -> Iterator[Finding]:
    generation = f"{match['family'].lower()}-{match['generation']}"
    sizes = _sizes().get(generation, frozenset())
    told = float(match["size"])
    # A generation is told without its point: "Llama 3 405B".
    if len(sizes) < _FEW or any(abs(told / each - 1) <= _ROUNDED for each in sizes):
        return
    shown = ", ".join(f"{each:g}B" for each in sorted(sizes))
    because = f"{match['family']} {match['generation']} comes in {shown}"
    yield made(
        context, passage, match.span(), "identity", "contradicted", subject=match[0], attribute="size",
        because=because, expected=f"{min(sizes, key=lambda each: abs(each - told)):g}B",
        evidence=(Evidence(because, "zoo"),),
    )  # fmt: skip


@cache
def _sizes() -> Mapping[str, frozenset[float]]:
    """Billions of parameters of every generation of the families in the zoo, all its points together."""
    from whichgpu.workloads.zoo import workloads

    found: dict[str, set[float]] = {}
    for key in (*workloads(), *_UNRELEASED):
        match = _MODEL.match(key)
        if match:
            generation = f"{match['family'].lower()}-{match['generation']}"
            found.setdefault(generation, set()).add(float(match["size"]))
    return {key: frozenset(sizes) for key, sizes in found.items()}
