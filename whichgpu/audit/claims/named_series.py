"""Architectures of every module of a series that goes by one word of their names: "all Orin modules carry an Ada GPU"."""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.families import called, is_of
from whichgpu.audit.findings import made
from whichgpu.audit.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_FAMILY = r"(?P<family>Maxwell|Pascal|Volta|Turing|Ampere|Ada|Hopper|Blackwell)(?: Lovelace)?\b"
#: A series, and the architecture that all of it is said to be of.
_SAID = re.compile(
    r"\b(?:(?:all(?: of the| the)?|every|each|both|the|these)\s+)?(?:NVIDIA[\u2019']s\s+)?(?:Jetson\s+)?"
    r"(?P<series>Orin|Xavier|Thor)\s+(?:modules?|boards?|series|family|line|generation|kits?|devices?|systems?)\s+"
    r"(?:all\s+)?(?:carry|carries|has|have|uses?|comes? with|contains?|includes?|gets?|"
    r"(?:is|are)\s+(?:all\s+)?(?:built|based)\s+(?:on|around))\s+"
    rf"(?:an?|the|nvidia[\u2019']s)?\s*(?:older |newer |integrated )?{_FAMILY}"
    r"(?!\s+(?:cpu|encoder|decoder))",
    re.IGNORECASE,
)
_OPEN = re.compile(r"\b(?:if|would|could|not|never|no|myth|next|will)\b|n[\u2019']t\b|\?", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every such statement with its verdict, where all devices of the series on file are of one family."""
    for _, passage in context.document.running():
        for match in _SAID.finditer(passage.text):
            word = match["series"].lower()
            gpus = [
                gpu
                for gpu in context.catalogue.values()
                if gpu.segment == "edge" and word in gpu.id.split("-")
            ]
            if not gpus or _OPEN.search(match[0]) or len({gpu.family for gpu in gpus}) != 1:
                continue
            right = is_of(gpus[0], match["family"])
            because = f"{gpus[0].id} is of {called(gpus[0])}"
            yield made(context, passage, match.span("family"), "identity",
                       "confirmed" if right else "contradicted", subject=gpus[0].id, attribute="architecture",
                       because=because, expected="" if right else called(gpus[0]),
                       evidence=(source_of(gpus[0], "compute_capability"),))  # fmt: skip
