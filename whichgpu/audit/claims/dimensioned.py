"""Dimensions of models: "BERT-Large has 24 layers and 16 heads", columns of layers and hidden sizes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.parameters import named_in, resolved
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

_N = r"(?P<n>\d{1,3}(?:,\d{3})+|\d{1,6})"
_LED = (
    r"\b(?:has|have|had|with|and|its|of|over|uses?|counts?|contains?|stacks?)\s+"
    r"(?:an?\s+|its\s+|the\s+|all\s+)?"
)
#: What a sentence tells of a model, by the dimension of a workload that holds it.
_TOLD = {
    "layers": rf"(?:{_LED}|,\s+){_N}\s+(?:(?:transformer|encoder|hidden|decoder)\s+)?(?:layers|blocks)\b",
    "hidden": rf"\bhidden\s+(?:size|dimension|width)\s+(?:of|is|=)?\s*{_N}\b",
    "heads": rf"(?:{_LED}|,\s+){_N}\s+(?:attention\s+|query\s+)?heads\b",
    "kv_heads": rf"(?:{_LED}|,\s+){_N}\s+(?:kv|key[-/ ]value)\s+heads\b",
    "experts": rf"(?:{_LED}|,\s+){_N}\s+(?:routed\s+)?experts\b(?! per)",
}
_SAID = {key: re.compile(words, re.IGNORECASE) for key, words in _TOLD.items()}
#: How a column or a row of them is headed.
_HEADS = {
    "layers": re.compile(r"\W*(?:num(?:ber)? of )?(?:transformer |hidden )?layers\W*", re.IGNORECASE),
    "hidden": re.compile(
        r"\W*(?:hidden(?: (?:size|dim(?:ension)?|units))?|d_model|embedding (?:size|dim))\W*", re.IGNORECASE
    ),
    "heads": re.compile(r"\W*(?:num(?:ber)? of )?(?:attention |query )?heads\W*", re.IGNORECASE),
    "kv_heads": re.compile(r"\W*(?:kv|key[-/ ]value) heads\W*", re.IGNORECASE),
}
_NUMBER = re.compile(rf"\s*{_N}\s*")
#: Layers that are put somewhere, and not all that there are.
_SOME = re.compile(
    r"\b(?:offload\w*|first|last|some|half|only|remaining|rest|on the (?:gpu|cpu)|gpu layers|skip\w*|up to|"
    r"if|per|each|every|not|freez\w*|unfreez\w*|prun\w*|other)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every dimension that is told of the only model of a sentence, or in a table of models."""
    for _, passage in context.document.running():
        for sentence in sentences(passage.text):
            if not _SOME.search(sentence.text):
                yield from _of_sentence(passage, sentence, context)
    for table in context.document.tables:
        yield from _of_table(table, context)


def _of_sentence(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    place = (sentence.start, sentence.end)
    every = {key: list(way.finditer(passage.text, *place)) for key, way in _SAID.items()}
    if not any(every.values()):
        return
    names = named_in(passage.text, *place)
    if len({name for _, name in names}) != 1:
        return
    start, name = names[0]
    for key, found in every.items():
        for match in found if len(found) == 1 else ():
            if match.start("n") > start:
                yield from _judged(passage, name, key, match, context)


def _of_table(table: Table, context: Context) -> Iterator[Finding]:
    for at, row in enumerate(table.rows):
        for column, cell in enumerate(row[1:] if at else (), 1):
            match = _NUMBER.fullmatch(cell.text) if cell else None
            side, top = row[0], table.cell(0, column)
            if cell is None or match is None or side is None or top is None:
                continue
            for name, label in ((side, top), (top, side)):
                key = next((each for each, way in _HEADS.items() if way.fullmatch(label.text)), "")
                if key and named_in(name.text, 0, len(name.text))[:1]:
                    yield from _judged(cell, name.text, key, match, context)


def _judged(
    passage: Passage, name: str, key: str, match: re.Match[str], context: Context
) -> Iterator[Finding]:
    """The verdict on a dimension; none of a model whose parts have several of it."""
    dims = _dims(name.strip(" -.*"))
    known = dims.get(key)
    if not isinstance(known, int):
        return
    right = int(match["n"].replace(",", "")) == known
    words = key.replace("kv_", "KV ").replace("hidden", "of hidden size")
    because = f"{name} is {words} {known:,}" if key == "hidden" else f"{name} has {known:,} {words}"
    yield made(context, passage, match.span("n"), "specification", "confirmed" if right else "contradicted",
               subject=name, attribute=key, because=because, expected="" if right else f"{known:,}",
               evidence=(Evidence(because, str(dims.get("source") or "zoo")),))  # fmt: skip


@lru_cache(maxsize=256)
def _dims(name: str) -> Mapping[str, object]:
    """The dimensions of the workload of exactly this name; none of one whose encoder and decoder differ."""
    workload = resolved(name)
    dims = dict(workload.dims) if workload is not None else {}
    return {} if "decoder_layers" in dims or "encoder" in dims else dims
