"""Into how many instances a GPU can be divided: "MIG with up to seven instances", "Yes (up to 7)"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import told
from whichgpu.audit.findings import made
from whichgpu.audit.text.quantities import SPELLED, read_number
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.fields import ITS_OWN, headed
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: Into how many instances a GPU is divided; "7 instances" of what each is does not count.
_NUMBER = rf"(\d{{1,2}}|{'|'.join(SPELLED)})"
_MOST = r"(?:up to|at most|as many as|(?:a )?maximum of|no more than)"
_SHARES = r"(?:instances|partitions|parts|slices|gpus|ways|workloads|users|jobs|tenants)\b"
_CUT = r"(?:split|partition(?:ed|s)?|divid(?:ed|es?)|slic(?:ed|es?)|carv(?:ed|es?)|cut|subdivid(?:ed|es?))"
_ACTIVE = r"(?:split|partition|divide|slice|carve|cut|subdivide)"
_PARTS = re.compile(
    r"(?:\b(?:MIG|Multi-Instance GPU)\b[^.;:]{0,60}?"
    rf"|\b(?={_CUT}\b[^.;:]{{0,50}}\bMIG\b)\w+ (?:up )?(?:in )?"
    rf"|\b(?:can|could) (?:also )?be {_CUT}(?: up)? (?=in(?:to)? [^.;:]{{2,40}}\b(?:instances|slices|"
    rf"partitions)\b)"
    r"(?:in(?:to)? (?=up|at|as|a max|max|no))?"
    # "You can cut it into as many as seven instances", "lets you slice the card into".
    rf"|\b(?:can|could|to|you) (?:also )?{_ACTIVE} (?:it|them|this|"
    r"(?:the|a|one|each) (?:single )?(?:card|gpu|board)|(?:the|an?|one|each) [A-Z]+\d+\w*)"
    r"(?: up)? (?:in(?:to)? (?=up|at|as|a max|max|no))?)"
    rf"\b(?:{_MOST}|into(?: up to)?)\s+{_NUMBER}\s+(?:\w+\s+){{0,3}}?{_SHARES}",
    re.IGNORECASE,
)
#: A number that a device has, told as the most or not: "offers 8 MIG instances".
_HAS = re.compile(
    rf"\b(?:supports?|offers?|provides?|allows?(?: for)?|gives|enables|runs?|hosts?|creates?|with)\s+"
    rf"(?:you\s+)?(?:{_MOST}\s+)?{_NUMBER}\s+(?:\w+\s+){{0,2}}?MIG\s+{_SHARES}",
    re.IGNORECASE,
)
#: The most of them in a list: "933 GB/s, MIG up to seven", "MIG (x7)".
_SHORT = re.compile(
    rf"\bMIG\b\s*[(:]?\s*(?:up to\s+|[x\u00d7]\s?){_NUMBER}(?=\s*(?:[.,;)]|$))", re.IGNORECASE
)
#: The same in a cell: "Up to 7 instances", "Yes (up to 7)".
CELL_PARTS = re.compile(
    r"\bup to (\d)\b(?!\s*(?:g\b|GB))|\b(\d)\s*(?:mig\s+)?(?:instances?|slices?|"
    r"partitions?)\b",
    re.IGNORECASE,
)
#: In brackets behind the device: "the A30 (four instances)".
_ASIDE = re.compile(
    rf"\s\((?:up to |into |with )?(\d{{1,2}}|{'|'.join(SPELLED)})\s+(?:mig\s+|gpu\s+)?"
    r"(?:instances|partitions|slices)\)",
    re.IGNORECASE,
)
#: What leaves open whose instances they are.
_HEDGED = re.compile(
    r"\b(?:if|whether|may|might|some|unlike|other|newer|older|previous|next|future|need\w*|require\w*|"
    r"should|would|than|only)\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every number of instances that is said of a device, with its verdict."""
    yield from _asides(context)
    for pattern in (_PARTS, _HAS, _SHORT):
        for passage, sentence, who in told(context, pattern):
            for match in pattern.finditer(passage.text, sentence.start, sentence.end):
                yield from _of_match(passage, sentence, who, match, context)


def _of_match(
    passage: Passage, sentence: Sentence, who: Spoken, match: re.Match[str], context: Context
) -> Iterator[Finding]:
    inside = within(who.here, *match.span())
    mention = inside[-1] if inside else who.owner(match.start())
    its = mention in who.here or ITS_OWN.match(passage.text, sentence.start) or headed(passage, who, context)
    if mention is None or not its or _HEDGED.search(match[0]):
        return
    number = int(read_number(match[1]))
    gpus = [context.catalogue[key] for key in mention.ids]
    found = of_parts(passage, match.span(1), number, gpus, context)
    if re.search(_MOST, match[0]) or _SHORT.fullmatch(match[0]):
        yield from found
        return
    # "We run three MIG instances" says nothing of how many there could be.
    most = max((int(gpu.value("mig_max") or 0) for gpu in gpus), default=0)
    yield from found if number >= most else ()


def _asides(context: Context) -> Iterator[Finding]:
    """A number of instances in brackets right behind a device."""
    for index, passage in context.document.running():
        for mention in context.mentions.get(index, ()):
            if match := _ASIDE.match(passage.text, mention.end):
                number = int(read_number(match[1]))
                gpus = [context.catalogue[key] for key in mention.ids]
                yield from of_parts(passage, match.span(1), number, gpus, context)


def of_parts(
    passage: Passage, place: tuple[int, int], number: int, gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    """Whether a GPU can be divided into so many instances."""
    known = [gpu for gpu in gpus if gpu.value("mig_max") is not None and gpu.confidence != "low"]
    right = [gpu for gpu in known if int(gpu.need("mig_max")) == number]
    if not known:
        return
    best = (right or known)[0]
    yield made(context, passage, place, "capability", "confirmed" if right else "contradicted",
               subject=best.id, attribute="mig", because=f"{best.id}: mig max {best.display('mig_max')}",
               expected="" if right else best.display("mig_max"),
               evidence=(source_of(best, "mig_max"),))  # fmt: skip
