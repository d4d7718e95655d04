"""Language models that a text names, and what is on file of each: "Llama 3 8B", "Llama 2", "the 70B".

A name without a size means every size that was published under it; a size by itself is of the lineage that
was named last. What is told of several is wrong only where it is so of none of them.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.parameters import named_in, resolved
from whichgpu.audit.patterns import MANY
from whichgpu.facts import store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.workloads.workload import Workload

_SIZE = r"(?:\d{1,2}x)?\d{1,3}(?:\.\d)?[BM]"
#: Behind the name of a model that is another one, made of it.
_MADE_OF = re.compile(
    r"[- ](?:distill\w*|nemotron|minitron|prun\w+|merge\w*|draft|vision|guard|coder|math|moe|vl|"
    r"embedding|a\d+b)\b",
    re.IGNORECASE,
)
#: A size that stands for a model of the lineage before it: "the 70B".
_THE_SIZE = re.compile(rf"\b(?:the|its|only) (?P<size>{_SIZE})\b(?! (?:of|parameters))", re.IGNORECASE)


#: "The 7B of the Llama 2 family".
_SIZE_OF = re.compile(
    rf"\b(?P<size>{_SIZE})(?: model| version| variant)? (?:of|in|from) (?:the )?$", re.IGNORECASE
)


class Lineage(NamedTuple):
    """Models of one name: the pattern of it, their sizes, whether they have one context, and a source."""

    key: str
    names: re.Pattern[str]
    sizes: tuple[str, ...]
    window: bool
    title: str
    url: str


class Named(NamedTuple):
    """A model, or all of a lineage, in a text: its place, what is on file of it, and the size as written."""

    start: int
    end: int
    name: str
    models: tuple[Workload, ...]
    lineage: Lineage | None = None
    size: str = ""


@cache
def lineages() -> tuple[Lineage, ...]:
    """Every lineage on file."""
    files = store.load("lineages")["lineages"]
    sources: Mapping[str, Mapping[str, str]] = files["source"]
    return tuple(
        Lineage(
            key,
            # "Llama 3" is no part of "Llama 3.1", and "Qwen2" none of "Qwen2.5".
            re.compile(rf"(?<![\w-]){row['names']}(?![\d.]\d|\d)(?:[- ](?P<size>{_SIZE})\b)?", re.IGNORECASE),
            tuple(row["sizes"]),
            bool(row.get("window")),
            sources[row["source"]]["title"],
            sources[row["source"]]["url"],
        )
        for key, row in files["lineage"].items()
    )


@lru_cache(maxsize=MANY)
def models_in(text: str) -> tuple[Named, ...]:
    """The models that a text names, in order."""
    found = [each for each in _of_lineages(text) if not _MADE_OF.match(text, each.end)]
    for start, name in named_in(text, 0, len(text)):
        inside = any(each.start < start + len(name) and start < each.end for each in found)
        model = resolved(name.strip(" -.*"))
        if not inside and model is not None and not _MADE_OF.match(text, start + len(name)):
            found.append(Named(start, start + len(name.rstrip(" -.*")), name.strip(" -.*"), (model,)))
    found.sort()
    return tuple(sorted([*found, *_by_size(text, found)], key=lambda each: each.start))


def _of_lineages(text: str) -> Iterator[Named]:
    lower = text.lower()
    for lineage in lineages():
        if lineage.key.split("-")[0][:4] not in lower:
            continue
        for match in lineage.names.finditer(text):
            before = None if match["size"] else _SIZE_OF.search(text, 0, match.start())
            size = match["size"] or (before["size"] if before else "")
            start = before.start("size") if before else match.start()
            yield _named(start, match.end(), text[start : match.end()], lineage, size)


def _named(start: int, end: int, name: str, lineage: Lineage, size: str) -> Named:
    sizes = [size] if size else lineage.sizes
    first = lineage.key.replace("llama-3-", "llama-3.").replace("qwen2-", "qwen2.")
    made = (resolved(f"{first}-{each.lower()}") for each in sizes)
    # A size that was never released may stand for another model that has it: "Llama 2 34B".
    models = tuple(model for model in made if model and model.id.startswith(first))
    return Named(start, end, name, models, lineage, size)


def _by_size(text: str, found: Sequence[Named]) -> Iterator[Named]:
    """Sizes by themselves, each of the one lineage that is named before it."""
    for match in _THE_SIZE.finditer(text):
        before = [each for each in found if each.end <= match.start()]
        lineage = before[-1].lineage if before else None
        inside = any(each.start <= match.start("size") < each.end for each in found)
        if lineage and not inside and match["size"].upper() in (each.upper() for each in lineage.sizes):
            yield _named(match.start("size"), match.end(), match["size"], lineage, match["size"])
