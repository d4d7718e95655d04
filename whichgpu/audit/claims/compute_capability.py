"""Compute capabilities: of a device, of a chip, of an architecture, and in the cells of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.document import HEADED
from whichgpu.audit.tables.variants import cells
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.fields import of_field, same_chip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell
    from whichgpu.hardware.gpu import Gpu

_CAPABILITY = re.compile(
    r"\bcomput(?:e|ing) capability\b[\s:*|of]{0,6}(?:is )?(\d{1,2}\.\d)\b"
    r"(?! (?:for|on|with|of) (?:the|both|all|every)\b)",
    re.IGNORECASE,
)
#: Before a compute capability, what is built for it or asks for it.
_OF_CODE = re.compile(
    r"\b(?:built|builds?|compiled?|compiles|target\w*|ptx|kernels?|binar\w+|cubins?|wheels?|require\w*|"
    r"needs?|wants?|asks?|expects?|insists?|"
    r"at least|minimum|from|since|below|above)\b[^.;,]{0,24}$",
    re.IGNORECASE,
)
_OR_MORE = re.compile(
    r"\s*(?:\+|(?:or|and) (?:higher|newer|later|above|better|up|greater|more)\b)", re.IGNORECASE
)
_OF_COMPUTE = re.compile(r"\bcompute capabilit", re.IGNORECASE)
_OF_CHIP = re.compile(
    r"\b(?:(?P<family>Maxwell|Pascal|Volta|Turing|Ampere|Ada(?: Lovelace)?|Hopper|Blackwell)\s*)?"
    r"\(?(?P<chip>(?:G[APHVKMB]\d{3}|AD10\d|TU1\d{2})\b)?\)?(?<=[a-z\d)])"
    r"\s+(?:(?:has|have|is|of|with|comes?|at|GPUs?|gpus?|cards?|chips?|"
    r"compute capability)\s+){1,4}(?P<n>\d{1,2}\.\d)\b"
    r"(?!\s*(?:x\b|times|[TG]|\d))",
)
#: Behind each of several devices, where a sentence is of it: "the V100's is 7.0 and the A10's 8.6".
_EACH = re.compile(
    r"(?:[\u2019']s)?\s+(?:(?:is|has|at|only|with)\s+){0,2}(\d{1,2}\.\d)(?=\s*(?:[.;:)]|,(?!\d)|$|and\b|"
    r"but\b))"
)
#: Before each of several devices: "7.0 on the V100 and 8.6 on the A10".
_ON_EACH = re.compile(
    r"(?<![\d.,])(\d{1,2}\.\d)\s+(?:on|for|with|in the case of)\s+(?:the\s+|an?\s+|nvidia\s+)*$",
    re.IGNORECASE,
)
_NEAR = 40
_CAPABILITY_HEAD = re.compile(
    r"(?:cuda )?comput(?:e|ing)[ _](?:capability|cap\b\.?)|cuda (?:capability|cc)\b|sm version\b|cc$",
    re.IGNORECASE,
)
#: Headers that are of the compute capability where the cells show it: CUDA has releases too.
_CUDA_HEAD = re.compile(r"cuda(?: version)?$", re.IGNORECASE)
_VERSION = re.compile(r"\s*(?:sm_?)?(\d{1,2}\.\d)\s*")


def find(context: Context) -> Iterator[Finding]:
    """Every compute capability that is told, with its verdict."""
    for table in context.document.tables:
        found = cells(table, context)
        versions = _capability_heads(found, context)
        for cell in found:
            if _CAPABILITY_HEAD.match(cell.label.lower()) or cell.label in versions:
                gpus = [context.catalogue[key] for key in cell.ids]
                yield from _of_capability(cell.passage, _VERSION.fullmatch(cell.passage.text), gpus, context)
    for index, passage in enumerate(context.document.passages):
        told = _OF_COMPUTE.search(passage.text) or _CAPABILITY.search(passage.text)
        for sentence in sentences(passage.text) if passage.kind in HEADED and told else ():
            place = (sentence.start, sentence.end)
            who = spoken(index, passage, sentence, context)
            yield from _compute(passage, place, who.own or who.topic, context)
            yield from _capabilities(passage, place, context)


_CARDS = re.compile(r"\s+(?:cards|gpus|chips|parts|ones|boards|models)\b", re.IGNORECASE)


def _capability_heads(found: Sequence[Cell], context: Context) -> frozenset[str]:
    """The headers "CUDA" under which as many cells are a device's compute capability as are not."""
    told: dict[str, list[bool]] = {}
    for cell in found:
        version = _VERSION.fullmatch(cell.passage.text) if _CUDA_HEAD.match(cell.label.strip(" :*")) else None
        known = [value for key in cell.ids if (value := context.catalogue[key].value("compute_capability"))]
        if version and known:
            told.setdefault(cell.label, []).append(version[1] in map(str, known))
    return frozenset(label for label, each in told.items() if 2 * sum(each) >= len(each))


def _compute(
    passage: Passage, place: tuple[int, int], meant: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """The compute capability of the one device that a sentence speaks of, or of each of several."""
    if len({each.named for each in meant}) != 1:
        for each in meant if _OF_COMPUTE.search(passage.text, *place) else ():
            gpus = [context.catalogue[key] for key in each.ids]
            told = _EACH.match(passage.text, each.end, place[1])
            told = told or _ON_EACH.search(passage.text, max(place[0], each.start - _NEAR), each.start)
            yield from _of_capability(passage, told, gpus, context)
        return
    for match in _CAPABILITY.finditer(passage.text, *place):
        least = _OR_MORE.match(passage.text, match.end())
        if least or _OF_CODE.search(passage.text, place[0], match.start()):
            # "PTX built for compute capability 8.0 runs on it": of the code.
            continue
        gpus = [context.catalogue[key] for key in meant[0].ids]
        family = [*architectures().finditer(passage.text, place[0], match.start())][-1:]
        others = family and _CARDS.match(passage.text, family[0].end())
        if others and not any(is_of(gpu, family[0][0]) for gpu in gpus):
            # "The Ampere cards with compute capability 8.6": of others than the one that is spoken of.
            continue
        yield from _of_capability(passage, match, gpus, context)


def _capabilities(passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    """Compute capabilities that are told of chips or architectures: "Volta has 7.0, Ampere GA102 8.0"."""
    if not _OF_COMPUTE.search(passage.text, *place):
        return
    for match in _OF_CHIP.finditer(passage.text, *place):
        chip, name = match["chip"], (match["family"] or "").lower()
        of_it = [
            gpu
            for gpu in context.catalogue.values()
            if gpu.value("compute_capability")
            and (same_chip(chip, str(gpu.value("chip") or "")) if chip else is_of(gpu, name))
        ]
        right = [gpu for gpu in of_it if str(gpu.value("compute_capability")) == match["n"]]
        if of_it:
            verdict, field = ("confirmed" if right else "contradicted"), "compute_capability"
            found = (right or of_it)[:1]
            yield of_field(passage, match.span("n"), "identity", field, found, verdict, context)


def _of_capability(
    passage: Passage, match: re.Match[str] | None, gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    known = [gpu for gpu in gpus if gpu.value("compute_capability")]
    if match is None or not known:
        return
    right = [gpu for gpu in known if str(gpu.value("compute_capability")) == match[1]]
    verdict = "confirmed" if right else "contradicted"
    yield of_field(passage, match.span(1), "identity", "compute_capability", right or known, verdict, context)
