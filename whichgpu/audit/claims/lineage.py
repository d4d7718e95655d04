"""Which architecture came after which: "Hopper, the successor of Ampere", "Volta was followed by Turing"."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.families import architectures, family_of
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sentences import sentences
from whichgpu.hardware.architecture import families

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.architecture import Family

_ITS = (
    r"\s+(?:the\s+|its\s+|nvidia(?:[\u2019']s)?\s+|amd(?:[\u2019']s)?\s+|older\s+|newer\s+|previous\s+|earlier\s+|"
    r"aging\s+|popular\s+){0,4}"
)
_KIND = r"(?:[ -](?:micro)?(?:architecture|generation|family|platform|series|gpus?)){0,2}"
#: What a text without any of which tells no succession.
_SAYS = re.compile(r"\b(?:succe|follow|replac|supersed|predecessor|heir)", re.IGNORECASE)
#: Between two architectures: what says that the first came right after the second, or right before it.
_AFTER = re.compile(
    rf"{_KIND},?(?:\s+(?:is|was|which (?:is|was)|as|being))?(?:\s+(?:the|a|its|direct|immediate|true|"
    rf"worthy|long-awaited)){{0,3}}\s+(?:(?:successor|follow-up|replacement|heir) (?:to|of|for)|"
    rf"succeed(?:s|ed|ing)|replac(?:es|ed|ing)|supersed(?:es|ed|ing)|follow(?:s|ed|ing)(?: on from)?){_ITS}",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"{_KIND},?(?:\s+(?:is|was|which (?:is|was)|as|being))?(?:\s+(?:the|a|its|direct|immediate)){{0,3}}\s+"
    rf"(?:predecessor (?:to|of)|(?:succeeded|replaced|superseded|followed) by){_ITS}",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every stated succession of two architectures: wrong where others came between in every line."""
    for _, passage in context.document.running():
        for sentence in sentences(passage.text) if _SAYS.search(passage.text) else ():
            named = list(architectures().finditer(passage.text, sentence.start, sentence.end))
            for one, other in pairwise(named):
                later = _AFTER.fullmatch(passage.text, one.end(), other.start())
                if not later and not _BEFORE.fullmatch(passage.text, one.end(), other.start()):
                    continue
                new, old = (family_of(each[0]) for each in ((one, other) if later else (other, one)))
                known = families().get(new)
                if known is None or old == new or old not in families():
                    continue
                before = [each for each in families().values() if _came_before(each, known)]
                because = (
                    f"{known.name} ({known.year}) came after {' and '.join(each.name for each in before)}"
                )
                verdict = "confirmed" if families()[old] in before else "contradicted"
                yield made(
                    context, passage, (one.start(), other.end()), "identity", verdict, subject=known.name,
                    attribute="architecture", because=because, evidence=(Evidence(because),),
                )  # fmt: skip


def _came_before(family: Family, other: Family) -> bool:
    """Whether one family came right before another in some line of products."""
    return family.id in other.predecessors or other.id in family.successors
