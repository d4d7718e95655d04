"""A device or a chip that a clause sets in an architecture or a process, by whichever verb it does.

"The H100s were made with the Ampere architecture", "the GB203 die, a chip of the Ada generation", "the GA100
is etched in 5 nm". People have a hundred verbs for what a device is of, and few for what it is not of: those
that speak of others, and nothing else, excuse what stands between the two names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.identity import of_family
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.values.attributes import CHIP
from whichgpu.audit.values.fields import of_field, same_chip
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

#: What an architecture is called right behind its name, and what leads to the name.
_KIND = re.compile(
    r"(?: Lovelace)?[ -](?:GPU\s+)?(?:(?:micro-?)?architecture|generation|family|silicon|design|series)\b",
    re.IGNORECASE,
)
_LEADS = re.compile(
    r"\b(?:of|on|with|from|to|in|using|uses?|its|as)\s+(?:the|an?|its|nvidia[\u2019']s|amd[\u2019']s|then-new|new|"
    r"older|old|newer|same|late|early|\s)*$",
    re.IGNORECASE,
)
#: A process with the maker of the chip or a word for it.
_NODE = re.compile(
    r"(?<![\d.,-])(?P<nm>\d{1,2})[ -]?nm\b(?!\s*(?:tall|thick|apart))"
    r"(?=[^.;]{0,30}(?:[.;,)]|$|\b(?:process|node)\b))",
    re.IGNORECASE,
)
#: What speaks of another than the one that is named before: nothing is set into what comes behind these.
_OF_OTHERS = re.compile(
    r"\b(?:not?|nor|never|neither|none|than|before|after|until|since|over|beyond|against|versus|vs|unlike|like|"
    r"between|toward\w*|instead|rather|besides?|alongside|next|other|another|both|"
    r"(?:out)?(?:perform|sell|run|pace|do)\w*|beat\w*|surpass\w*|exceed\w*|eclips\w*|dwarf\w*|match\w*|"
    r"replac\w*|succe\w*|preced\w*|predecess\w*|follow\w*|supersed\w*|improv\w*|refin\w*|extend\w*|inherit\w*|"
    r"derive\w*|evol\w*|borrow\w*|compar\w*|contrast\w*|differ\w*|contrary|support\w*|compatib\w*|runs?|ran|"
    r"compil\w*|target\w*|optimi\w*|tuned|written|code|kernels?|drivers?|drop\w*|abandon\w*|left|leav\w*|skip\w*|"
    r"mov\w*|switch\w*|chang\w*|gave|went|wait\w*|competes?|competed|rival\w*|ends?|ended|saw|seen|knew?|known|"
    r"would|could|might|should|if|planned|rumou?r\w*|first|last|introduc\w*|brought|came|debut\w*|arriv\w*|"
    r"bring\w*|add\w*|feature of|cores?|memory|hbm\w*|cache|nvlink|link\w*|card\w* of|gpus? of|one of|some|"
    r"back|older than|newer than|and|or|but|while|whereas|which)\b|n[\u2019']t\b|"
    r"[;:?\u2192]|\s[\u2013\u2014-]\s",
    re.IGNORECASE,
)
#: Behind the name, that it is another's: "the Ampere architecture of the A100".
_ANOTHERS = re.compile(
    r"\s*(?:(?:GPU\s+)?(?:(?:micro-?)?architecture|generation|family|silicon|design|series)\s*)?"
    r"(?:of|in|behind|before|after|did|had|was|were|[\u2019']s)\b",
    re.IGNORECASE,
)
_SUCCEEDS = re.compile(r"(?:success|predecess)ors?", re.IGNORECASE)
#: How far behind a name it is set in something.
_FAR = 70


class _Named(NamedTuple):
    """A device, or all devices of a chip, by the place of the name."""

    start: int
    end: int
    gpus: tuple[Gpu, ...]


def memberships(scope: Scope, context: Context) -> Iterator[Finding]:
    """The architecture and the process that a clause sets a device in that is of none such."""
    text, end = scope.passage.text, scope.sentence.end
    names = _named(scope, context)
    for at, one in enumerate(names):
        stop = min([end, one.end + _FAR, *(each.start for each in names[at + 1 :])])
        for match in architectures().finditer(text, one.end, min(end, stop + 1)):
            yield from _of_family(scope, one, match, context)
            break
        for match in _NODE.finditer(text, one.end, stop):
            yield from _of_node(scope, one, match, context)
            break


def _named(scope: Scope, context: Context) -> list[_Named]:
    """The devices and chips that a sentence names, in order."""
    catalogue, text, sentence = context.catalogue, scope.passage.text, scope.sentence
    found = [_Named(each.start, each.end, tuple(catalogue[key] for key in each.named)) for each in scope.here]
    for match in CHIP.finditer(text, sentence.start, sentence.end):
        gpus = tuple(
            gpu for key in catalogue if same_chip(match[0], str((gpu := catalogue[key]).value("chip") or ""))
        )
        if gpus:
            found.append(_Named(*match.span(), gpus))
    return sorted(found, key=lambda each: each.start)


def _of_family(scope: Scope, one: _Named, match: re.Match[str], context: Context) -> Iterator[Finding]:
    text = scope.passage.text
    between = text[one.end : match.start()]
    certain = _KIND.match(text, match.end()) and _LEADS.search(between) and not _OF_OTHERS.search(between)
    # "Ampere is the successor to the Turing architecture" is of no device.
    of_family_itself = _SUCCEEDS.fullmatch(text, one.start, one.end)
    if (
        certain
        and not of_family_itself
        and not _ANOTHERS.match(text, match.end())
        and not _is_of(one.gpus, match[0])
    ):
        yield of_family(scope.passage, match.span(), match[0], _few(one.gpus), context)


def _of_node(scope: Scope, one: _Named, match: re.Match[str], context: Context) -> Iterator[Finding]:
    between = scope.passage.text[one.end : match.start()]
    known = [gpu for gpu in one.gpus if gpu.value("process")]
    if (
        not known
        or _OF_OTHERS.search(between)
        or not re.search(r"\b(?:in|on|at|with|using)\s[^,;]{0,30}$", between)
    ):
        return
    told = float(match["nm"])
    # A process that makers call by another's number is within one of it.
    if all(abs(_nanometres(gpu) - told) > 1 for gpu in known):
        yield of_field(
            scope.passage, match.span(), "specification", "process", _few(known), "contradicted", context
        )


def _nanometres(gpu: Gpu) -> float:
    """The number in the name of a process, in nm: 4 of "TSMC 4N", 7 of "7 nm"."""
    found = re.search(r"\d{1,2}", str(gpu.display("process")))
    return float(found[0]) if found else 0.0


def _is_of(gpus: Sequence[Gpu], name: str) -> bool:
    return any(is_of(gpu, name) for gpu in gpus)


def _few(gpus: Sequence[Gpu]) -> Sequence[Gpu]:
    """The first of many, which stand for all."""
    return gpus[:3]
