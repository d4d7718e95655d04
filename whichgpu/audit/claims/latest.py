"""What is called the newest of its maker's: "NVIDIA's latest architecture", "the current flagship"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.families import architectures, is_of
from whichgpu.audit.fields import ITS_OWN
from whichgpu.audit.findings import made
from whichgpu.audit.roles import told
from whichgpu.audit.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_LATEST = re.compile(
    r"\b(?P<whose>(?:nvidia|amd|intel)[\u2019']s|the|its|their)\s+(?:(?:very|absolute)\s+)?"
    r"(?:(?:latest|newest|most recent)(?:[- ]and[- ]greatest)?|current(?=[\w -]*\bflagship\b)|"
    r"(?<=[\u2019']s )(?P<top>flagship))[ -]"
    r"(?P<words>(?:[\w.-]+\s+){0,4}?)(?P<what>architecture|generation|flagship|gpu|card|accelerator|chip)\b"
    r"(?!\s+(?:drivers?|prices?|models?|offers?|offerings?|releases?|lineup|line-up|architecture))",
    re.IGNORECASE,
)
#: Words by which something was, will be or is not the newest, or is one of several that are.
_UNLESS = re.compile(
    r"\b(?:was|were|been|then|at (?:the|that) time|at launch|when|until|before|once|one of|among|not|"
    r"no longer|never|than|unlike|versus|vs|compared|if|future|upcoming|will|would|could|used to|"
    r"budget|mid-range|entry-level)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: What may stand between the name of an architecture or a device and what it is called.
_IS = re.compile(
    r"(?:[ -](?:architecture|generation|gpus?|cards?|based))*\s*(?:\([^()]{0,60})?\)?\s*"
    r"(?:,|\(|:|[\u2013\u2014-]|(?:is|are|remains?|represents?|being|as)(?:\s+(?:currently|still|also))?)\s*$",
    re.IGNORECASE,
)
#: "NVIDIA's latest generation of graphics cards, built on the Ada architecture".
_BUILT = re.compile(
    r"(?:\s+(?:of|for)(?:\s+\w+){1,3})?s?,?\s+(?:(?:is|are|which is)\s+)?(?:built|based)\s+(?:on|around)\s+"
    r"(?:the\s+|nvidia[\u2019']s\s+|amd[\u2019']s\s+)?",
    re.IGNORECASE,
)
_NEAR = 90
#: Markets whose parts follow one another.
_MARKETS = ("datacenter", "geforce", "workstation")


def find(context: Context) -> Iterator[Finding]:
    """Every architecture or device that is called the newest though a later one of its market is out."""
    for passage, sentence, who in told(context, _LATEST):
        yield from _of_sentence(passage, sentence, who, context)


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for match in _LATEST.finditer(passage.text, sentence.start, sentence.end):
        clause = passage.text[max(sentence.start, match.start() - _NEAR) : match.end()]
        called = [] if _UNLESS.search(clause) else _called(passage.text, sentence, match, who, context)
        later = _later(called, context)
        if later is None:
            continue
        born = max(called, key=_born)
        because = f"{later.id} ({_born(later)[:4]}) came after {born.id} ({_born(born)[:4]})"
        yield made(context, passage, match.span(), "identity", "outdated", subject=born.id,
                   attribute="release_date", because=because,
                   evidence=(source_of(later, "release_date"), source_of(born, "release_date")))  # fmt: skip


def _called(text: str, sentence: Sentence, match: re.Match[str], who: Spoken, context: Context) -> list[Gpu]:
    """The devices of what is called the newest: of an architecture by its name, or the one spoken of."""
    named = architectures().search(text, match.start("words"), match.end("words"))
    if named and match["top"]:
        # "NVIDIA's flagship Blackwell GPU" is that of its kin.
        return []
    before = list(architectures().finditer(text, sentence.start, match.start()))
    if named is None and before and _IS.fullmatch(text, before[-1].end(), match.start()):
        named = before[-1]
    built = _BUILT.match(text, match.end(), sentence.end) if named is None else None
    named = architectures().match(text, built.end()) if built else named
    if named and not any(each.start <= named.start() < each.end for each in who.here):
        return [gpu for gpu in context.catalogue.values() if is_of(gpu, named[0]) and gpu.segment in _MARKETS]
    mention = who.owner(match.start())
    if mention is None or mention in who.against or match["what"].lower() == "generation":
        return []
    if mention in who.here and not _IS.search(text, mention.end, match.start()):
        return []
    if mention not in who.here and not (who.certain and ITS_OWN.match(sentence.text)):
        return []
    return [context.catalogue[key] for key in mention.ids]


def _born(gpu: Gpu) -> str:
    return str(gpu.value("release_date") or "")


def _later(called: Sequence[Gpu], context: Context) -> Gpu | None:
    """The first device of a newer architecture of the same maker and market that is out, if there is one."""
    known = [gpu for gpu in called if _born(gpu)]
    if not known:
        return None
    newest = max(map(_born, known))
    markets, families = {gpu.segment for gpu in known}, {gpu.family for gpu in known}
    every = (
        gpu
        for gpu in context.catalogue.values()
        if gpu.vendor == known[0].vendor and gpu.segment in markets and gpu.family not in families
    )
    return min(
        (gpu for gpu in every if newest < _born(gpu) <= context.today.isoformat()), key=_born, default=None
    )
