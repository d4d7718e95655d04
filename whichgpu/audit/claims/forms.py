"""Forms of which there is none: "the H100 SXM4", "B200 PCIe cards".

A module's socket has the generation of its chip, and what is sold as a module alone is on no card.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.sourced import source_of
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: The socket or the card that a name says, itself or right behind it.
_FORM = re.compile(
    r"(?:\s+\d{2,3}\s?GB)?\s*\b(?:SXM(?P<generation>\d)\b|(?P<card>PCIe)\b(?!\s*(?:\d|gen|x\d|[/)]|switch|host|"
    r"link|interface|slot|lane|bus|connect|bandwidth|express|support|traffic|root|-)))",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:no|not|never|neither|nor|without|lacks?|if|exists?|instead|unlike|wrong|mistake|rumou?r\w*)\b|"
    r"n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: Forms that are sold for a baseboard alone.
_MODULES = ("SXM module", "OAM module")


def find(context: Context) -> Iterator[Finding]:
    """Every form that no device of the name has."""
    for index, passage in context.document.running():
        if passage.kind not in RUNNING:
            continue
        for mention in context.mentions.get(index, ()):
            match = _FORM.search(passage.text, mention.start, mention.end + 14)
            here = match and (match.start() <= mention.end or match.end() <= mention.end)
            if match and here and not _is_denied(passage, mention):
                place = (mention.start, max(mention.end, match.end()))
                yield from _judged(passage, place, mention, match, context)
        yield from _apart(passage, context.mentions.get(index, ()), context)


def _apart(passage: Passage, found: Sequence[Mention], context: Context) -> Iterator[Finding]:
    """A socket that a sentence tells of the only device that it names: "the H200 is an SXM4 module"."""
    for sentence in sentences(passage.text) if _SOCKET.search(passage.text) else ():
        here = within(found, sentence.start, sentence.end)
        match = _SOCKET.search(passage.text, sentence.start, sentence.end)
        if match is None or len({each.named for each in here}) != 1 or _NOT.search(sentence.text):
            continue
        of = here[0]
        if of.end < match.start() and not _OF_ELSE.search(passage.text, of.end, match.start()):
            yield from _judged(passage, match.span(), of, match, context)


_SOCKET = re.compile(r"\bSXM(?P<generation>\d)\b", re.IGNORECASE)
#: Between a device and a socket that is not said of it.
_OF_ELSE = re.compile(r"\b(?:than|like|from|as|of|versus|vs|before|after|replac\w+|succe\w+)\b", re.I)


def _is_denied(passage: Passage, mention: Mention) -> bool:
    said = [each for each in sentences(passage.text) if each.start <= mention.start < each.end]
    return not said or _NOT.search(said[0].text) is not None


def _judged(
    passage: Passage, place: tuple[int, int], mention: Mention, match: re.Match[str], context: Context
) -> Iterator[Finding]:  # fmt: skip
    gpus = [context.catalogue[key] for key in mention.named]
    forms = {str(gpu.value("form_factor")) for gpu in gpus}
    known = store.load("audit")["audit"]["sockets"]["of"]
    if not match["generation"]:
        wrong = bool(forms) and forms <= {*_MODULES}
        because = (
            f"{gpus[0].name} is an {gpus[0].display('form_factor')}; there is no card of it" if wrong else ""
        )
    else:
        sockets = [known.get(gpu.family) for gpu in gpus]
        wrong = None not in sockets and int(match["generation"]) not in sockets
        because = f"modules of {gpus[0].family} have SXM{sockets[0]}" if wrong else ""
    if wrong:
        evidence = (source_of(gpus[0], "form_factor"), Evidence(because))
        yield made(
            context, passage, place, "identity", "contradicted",
            attribute="form_factor", subject=", ".join(gpu.id for gpu in gpus), because=because,
            evidence=evidence,
        )  # fmt: skip
