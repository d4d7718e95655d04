"""Generations of NVLink: "with fourth-generation NVLink", "it uses NVLink 3", "and the H100 the fifth"."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import told
from whichgpu.audit.findings import Evidence, made
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_NUMBERS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6}
_NTH = r"(?:first|second|third|fourth|fifth|sixth|[1-6](?:st|nd|rd|th))"
_NVLINK = re.compile(
    rf"\b(?P<a>{_NTH})[ -]gen(?:eration)?\.?\s+(?:nvidia\s+)?nvlink\b|\bNVLink\s?(?:v|"
    rf"gen(?:eration)?\s?)?(?P<b>[1-6])(?:\.0)?(?![\w-])"
    rf"(?!\s*(?:x|\u00d7|GB|TB|links?|bridges?|GPUs?|-?way|ports?|[.,]\d))|"
    rf"\bNVLink,?\s+(?:\(|of the\s+|in (?:its|the)\s+)(?P<c>{_NTH})\s+gen(?:eration)?\b|"
    r"\bgen(?:eration)?[ -]?(?P<d>[1-6])\s+(?:nvidia\s+)?nvlink\b",
    re.IGNORECASE,
)
#: Of a further device of the sentence, the same: "and the H100 the fifth".
_FURTHER = re.compile(
    rf"\s*(?:has|uses|offers|comes with|got|,)?\s*(?:the|its)\s+(?P<n>{_NTH})"
    rf"(?:\s+gen(?:eration)?)?\s*(?=[.,;)]|$|and\b|but\b)",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:not|no|if|than|future|next|switch|until|earlier|previous|before)\b|n[\u2019']t\b", re.IGNORECASE
)
#: Behind a generation, that it was another machine's: "over NVLink 2 at 300 GB/s each before".
_ONCE = re.compile(r"[^,;:.]*\b(?:before|then|earlier|previously|formerly)\b", re.IGNORECASE)
_ANY = re.compile(r"\bnvlink", re.IGNORECASE)
#: Between a generation and the device that it is told of: "NVLink 4.0 (H100)".
_BEHIND = re.compile(r"\s*\((?:the\s+|nvidia\s+)*", re.IGNORECASE)
#: What a generation of links does.
_DOES = re.compile(
    r"\s+(?:then\s+|again\s+)?(?:doubl|tripl|rais|lift|double|bring|brought|rose|r[ai]n|took|take|add|"
    r"reach|mov|carr|giv|offer|provid|introduc|came|arriv|follow)\w*\b",
    re.IGNORECASE,
)
#: Of generations themselves: "NVLink 4.0's 900 GB/s", "NVLink 2.0, 3.0 and 4.0 all have".
_OF_LINKS = re.compile(r"[\u2019']s\b|\s*(?:,|/|and|or|to|&)\s*(?:NVLink\s?)?[1-6]\.0\b", re.IGNORECASE)
#: What one does that a clause begins with: "In 2020, NVLink 3.0 increases the data rate".
_HEADS = re.compile(
    r"\s+(?:increas|halv|us|keep|kept|has|had|deliver|enabl|allow|remain|need)\w*\b", re.IGNORECASE
)


@cache
def generations() -> Mapping[str, int]:
    """Which generation of NVLink the GPUs of a family have, where they have one."""
    known: Mapping[str, int] = store.load("audit")["audit"]["nvlink_generations"]["of"]
    return known


def find(context: Context) -> Iterator[Finding]:
    """Every generation of NVLink that is said of a device, with its verdict."""
    for passage, sentence, who in told(context, _ANY):
        yield from _of_sentence(passage, sentence, who, context)


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    last = _ANY.search(passage.text, sentence.start, sentence.end)
    for match in _NVLINK.finditer(passage.text, sentence.start, sentence.end):
        behind = _BEHIND.match(passage.text, match.end(), sentence.end)
        owner = next((each for each in who.here if behind and each.start == behind.end()), None)
        owner = owner or who.owner(match.start())
        group = match.lastgroup or "a"
        clause = re.split(r"[;:,]", passage.text[sentence.start : match.start()])[-1]
        # "And NVLink 5 doubles it once more": of the link itself; the devices before have older ones.
        by_itself = _DOES.match(passage.text, match.end(), sentence.end)
        heads = not clause.strip() and _HEADS.match(passage.text, match.end(), sentence.end)
        by_itself = by_itself or heads or _OF_LINKS.match(passage.text, match.end(), sentence.end)
        once = by_itself or _ONCE.match(passage.text, match.end(), sentence.end)
        if owner and (owner in who.here or who.certain) and not once and not _OPEN.search(clause):
            yield from _judged(passage, match.span(), match[group], owner, context)
        last = match
    for each in who.here if last else ():
        further = _FURTHER.match(passage.text, each.end, sentence.end)
        if further and last and each.start >= last.end():
            yield from _judged(passage, further.span("n"), further["n"], each, context)


def _judged(
    passage: Passage, place: tuple[int, int], words: str, mention: Mention, context: Context
) -> Iterator[Finding]:
    number = _NUMBERS.get(words.lower()) or int(words[0])
    gpus = [context.catalogue[key] for key in mention.ids]
    yield from of_generation(passage, place, number, gpus, context)


def of_generation(
    passage: Passage, place: tuple[int, int], number: int, gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    """The finding on a generation of NVLink that is told of these devices; none where they have no NVLink."""
    linked = [gpu for gpu in gpus if gpu.value("nvlink")]
    known = {gpu.id: generations()[gpu.family] for gpu in linked if gpu.family in generations()}
    if not known:
        return
    right = number in known.values()
    first = next(iter(known))
    because = f"{first} has NVLink of generation {known[first]}"
    yield made(
        context, passage, place, "identity", "confirmed" if right else "contradicted", subject=first,
        attribute="nvlink", because=because, expected="" if right else str(known[first]),
        evidence=(Evidence(because, store.load("audit")["audit"]["nvlink_generations"]["source"]),),
    )  # fmt: skip
