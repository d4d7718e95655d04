"""Sentences about an architecture, a chip or a series: "Ampere GPUs have fourth-generation tensor cores".

The name stands for all devices of its kind, as "the A100" does for its variants: what is said is wrong where
it is so of none of them. Such sentences are read by themselves, so that the names tell nothing of others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.families import anywhere, called, is_of
from whichgpu.audit.devices.mentions import Mention
from whichgpu.audit.devices.series import SERIES
from whichgpu.audit.devices.series import is_of as is_of_series
from whichgpu.audit.document import RUNNING
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.attributes import CHIP
from whichgpu.audit.values.fields import same_chip
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from whichgpu.audit.document import Document, Passage
    from whichgpu.audit.findings import Finding
    from whichgpu.hardware.catalogue import Catalogue

#: Kinds of claims that can be of an architecture, a chip or a series as a whole.
KINDS = (
    "generation", "nvlink", "foundry", "capability", "compute_capability", "ages", "identity", "memory_type",
)  # fmt: skip
_OF = r"(?:gpus?|cards?|chips?|parts?|models?|devices?|products?)"
#: All that names a kind, with the words for it: "GPUs of the Ampere generation", "the GA102 chip".
_NAME = re.compile(
    rf"(?:\b{_OF}\s+(?:of|from|in|based\s+on|built\s+on|with)\s+(?:the\s+|nvidia[\u2019']s\s+)*)?"
    rf"(?<![\w-])(?:(?P<family>{anywhere()})|(?P<chip>{CHIP.pattern})|(?P<series>{SERIES.pattern}))"
    rf"(?:[- ]based)?(?![\w-])"
    rf"(?:\s+(?:gpu\s+)?(?:{_OF}|family|generation|(?:micro-?)?architecture|series|die|silicon|accelerators?)\b)?",
    re.IGNORECASE,
)
#: Before a name, that others are spoken of: "cards before Blackwell", "unlike Ampere".
_OTHERS = re.compile(
    r"\b(?:before|after|since|until|than|unlike|prior to|older|newer|except|beyond|starting with|from|like|"
    r"not|no|neither|nor|without|pre)(?:\s+(?:the|nvidia[\u2019']s|any|all))?[\s-]+$",
    re.IGNORECASE,
)
#: More names in one sentence are a survey.
_MOST = 2


class Told(NamedTuple):
    """A document of sentences about kinds, and the kinds that each passage names."""

    document: Document
    names: Mapping[int, tuple[Mention, ...]]


def told(document: Document, named: Mapping[int, Sequence[Mention]], catalogue: Catalogue) -> Told | None:
    """The sentences of running text that name one or two kinds and no device; None where there are none."""
    passages: list[Passage] = []
    names: dict[int, tuple[Mention, ...]] = {}
    for index, passage in enumerate(document.passages):
        if passage.kind not in RUNNING or not _NAME.search(passage.text):
            continue
        devices = named.get(index, ())
        for sentence in sentences(passage.text):
            here = any(sentence.start <= each.start < sentence.end for each in devices)
            found = () if here else tuple(_kinds(sentence.text, catalogue))
            of_others = found and _OTHERS.search(sentence.text, 0, found[0].start)
            if 0 < len(found) <= _MOST and not of_others:
                names[len(passages)] = found
                passages.append(passage.part(sentence.start, sentence.end)._replace(section=()))
    return Told(document._replace(passages=tuple(passages), tables=(), title=""), names) if passages else None


def _kinds(text: str, catalogue: Catalogue) -> Iterator[Mention]:
    """The names of architectures, chips and series in a sentence, each with all its devices."""
    found = list(_NAME.finditer(text))
    # "The RTX 30 series is based on Turing": what follows is told of the series.
    for match in [each for each in found if each["series"]] or found:
        family = match["family"]
        if family and not family[0].isupper():
            continue
        named = match["chip"]
        of_series = SERIES.match(text, match.start("series")) if match["series"] else None
        if of_series:
            ids = tuple(key for key in catalogue if is_of_series(key, of_series))
        else:
            ids = tuple(_of_family(family, catalogue) if family else _of_chip(named, catalogue))
        if ids:
            yield Mention(match.start(), match.end(), match[0], ids, ids)


def _of_family(name: str, catalogue: Catalogue) -> Iterator[str]:
    return (key for key in catalogue if is_of(catalogue[key], name))


def _of_chip(name: str, catalogue: Catalogue) -> Iterator[str]:
    return (key for key in catalogue if same_chip(name, str(catalogue[key].value("chip") or "")))


def unless_so(found: Iterable[Finding], again: Sequence[Finding]) -> list[Finding]:
    """Findings without the accusations of a device for what is so of the kind that the sentence names."""
    right = {(each.kind, each.start, each.end) for each in again if each.verdict == "confirmed"}
    return [each for each in found if not (each.accuses and (each.kind, each.start, each.end) in right)]


def accusing(found: Iterable[Finding], catalogue: Catalogue) -> Iterator[Finding]:
    """The accusations of such sentences, which none of the devices bears out, by the name of their kind."""
    for each in found:
        keys = [key for key in each.subject.split(", ") if key in catalogue]
        names = {called(catalogue[key]) for key in keys}
        of_one = len(keys) > _MOST and len(names) == 1 and "" not in names
        if each.accuses:
            yield each._replace(subject=names.pop()) if of_one else each
