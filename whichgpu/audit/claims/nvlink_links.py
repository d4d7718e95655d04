"""Links of NVLink: how many a device has, and what one of them moves: "18 links of 50 GB/s each"."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.nvlink import generations
from whichgpu.audit.devices.roles import told
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import read_number
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_ANY = re.compile(
    r"\bnvlink[^.;]{0,90}\b(?:links?|connections)\b|\b(?:links?|connections)\b[^.;]{0,90}\bnvlink",
    re.IGNORECASE,
)
_NUMBER = (
    r"\d{1,2}|two|three|four|six|eight|nine|ten|twelve|fourteen|fifteen|sixteen|eighteen|twenty(?:-four)?"
)
#: "18 NVLink links", "twelve third-generation NVLink links", "NVLink with 18 links".
_COUNT = re.compile(
    rf"(?<![\d.,-])\b(?P<n>{_NUMBER})\s+(?:[\w-]+[- ]generation\s+)?(?:NVLink(?:\s?\d(?:\.0)?)?\s+)?"
    r"(?:links|connections)\b",
    re.IGNORECASE,
)
#: What one link moves: "900 GB/s bidirectional per link", "links of 50 GB/s each", "each link runs at".
_EACH = re.compile(
    r"\blinks\s+(?:of|at|with|running at|that (?:run|move|carry))\s+(?P<a>\d{2,4}(?:\.\d+)?)\s?GB/s\s+each\b"
    r"|(?<![\d.,])(?P<b>\d{2,4}(?:\.\d+)?)\s?GB/s\s+(?:(?:of\s+)?(?:bi-?directional|bidirectionally|bandwidth|"
    r"total|in (?:both|each) directions?)\s+){0,2}(?:per|for each|on each|over each|a|each)\s+"
    r"(?:NVLink\s+)?link\b"
    r"|\b(?:each|every|a single|one)\s+(?:NVLink(?:\s?\d(?:\.0)?)?\s+)?link\s+(?:[\w-]+\s+){0,6}?"
    r"(?P<c>\d{2,4}(?:\.\d+)?)\s?GB/s",
    re.IGNORECASE,
)
_VERSION = re.compile(r"\bNVLink\s?(?:v|gen\s?)?(?P<n>[1-6])(?:\.0)?\b", re.IGNORECASE)
#: Of a switch, of a server, or of what others have.
_NOT_ITS = re.compile(
    r"\b(?:switch\w*|system|server|node|rack|bridge[ds]?|per pair|in pairs|than|if|not|no)\b|n[\u2019']t\b",
    re.I,
)
_SLACK = 0.04


@cache
def _rates() -> Mapping[str, float]:
    known: Mapping[str, float] = store.load("audit")["audit"]["nvlink_links"]["of"]
    return known


def find(context: Context) -> Iterator[Finding]:
    """Every number of links, and every rate of one, that is said of a device or of a generation."""
    for passage, sentence, who in told(context, _ANY):
        if _NOT_ITS.search(sentence.text):
            continue
        for match in _EACH.finditer(passage.text, sentence.start, sentence.end):
            found = _of_rate(passage, match, _devices(match, sentence, who, context), context)
            version = _VERSION.search(sentence.text)
            yield from (
                each._replace(subject=version[0]) if version and not who.here else each for each in found
            )
        for match in _COUNT.finditer(passage.text, sentence.start, sentence.end):
            owner = _owner(match.start(), who)
            yield from _of_number(passage, match, _known(owner, context), context)


def _owner(at: int, who: Spoken) -> Mention | None:
    owner = who.owner(at)
    return owner if owner and (owner in who.here or who.certain) else None


def _known(owner: Mention | None, context: Context) -> list[Gpu]:
    gpus = [context.catalogue[key] for key in owner.ids] if owner else []
    return [gpu for gpu in gpus if gpu.value("nvlink") and str(gpu.value("chip")) in _rates()]


def _devices(match: re.Match[str], sentence: Sentence, who: Spoken, context: Context) -> list[Gpu]:
    """The devices that a link is of: those of the name, else all of the generation that is named."""
    version = _VERSION.search(sentence.text)
    if version and not who.here:
        every = map(context.catalogue.__getitem__, context.catalogue)
        gpus = [gpu for gpu in every if generations().get(gpu.family) == int(version["n"])]
        return [gpu for gpu in gpus if gpu.value("nvlink") and str(gpu.value("chip")) in _rates()]
    # "NVLink 4 (H100) runs at": right behind what it is of.
    here = [each for each in who.here if each.end <= match.start()][-1:] or who.here[:1]
    return _known(here[0] if here else _owner(match.start(), who), context)


def _of_rate(
    passage: Passage, match: re.Match[str], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    if not gpus:
        return
    group = match.lastgroup or "a"
    rate = float(match[group])
    # Makers tell a link's rate in both directions, or in one.
    ways = {gpu.id: (_rates()[str(gpu.value("chip"))], _rates()[str(gpu.value("chip"))] / 2) for gpu in gpus}
    right = [key for key, both in ways.items() if any(abs(rate / one - 1) < _SLACK for one in both)]
    key = (right or [gpus[0].id])[0]
    because = f"a link of {key} moves {ways[key][0]:g} GB/s in both directions together"
    yield _made(passage, match.span(group), (key, because, f"{ways[key][0]:g}"), right=bool(right),
                context=context)  # fmt: skip


def _of_number(
    passage: Passage, match: re.Match[str], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    if not gpus:
        return
    number = read_number(match["n"])
    links = {
        gpu.id: round(float(gpu.need("nvlink")) / 1e9 / _rates()[str(gpu.value("chip"))]) for gpu in gpus
    }
    right = [key for key, count in links.items() if count == number]
    key = (right or [gpus[0].id])[0]
    because = f"{key} has {links[key]} links of NVLink"
    yield _made(passage, match.span("n"), (key, because, str(links[key])), right=bool(right), context=context)


def _made(
    passage: Passage, place: tuple[int, int], told_of: tuple[str, str, str], *, right: bool, context: Context
) -> Finding:
    key, because, expected = told_of
    return made(
        context, passage, place, "specification", "confirmed" if right else "contradicted", subject=key,
        attribute="nvlink", because=because, expected="" if right else expected,
        evidence=(Evidence(because, store.load("audit")["audit"]["nvlink_links"]["source"]),),
    )  # fmt: skip
