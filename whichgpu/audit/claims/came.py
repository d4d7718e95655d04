"""With what a capability came: "FP4 came with the RTX 40 series", "TF32 is available from Volta on".

What came with a generation is lacked by none of it, and by every older one of the same market.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capabilities import CAPABILITIES, capability_of, named_in
from whichgpu.audit.claims.asserted import of_kind
from whichgpu.audit.findings import made
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.capabilities import Capability
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_NAMES = "|".join(
    each.names for each in CAPABILITIES if each.key not in ("cuda", "rocm", "tensorrt", "cudnn", "vgpu")
)
_CAME = (
    r"(?:introduced|added|debuted|arrived|appeared|came(?: along| about)?|premiered|launched|brought(?: in)?|"
    r"made (?:its|their) (?:debut|appearance)|started|began|first appeared|first seen|new)"
)
_GROUP = (
    r"(?:the\s+|nvidia[\u2019']s\s+|amd[\u2019']s\s+|its\s+)?"
    r"(?P<who>[A-Z0-9][\w.+-]*(?:[ -](?!and\b|or\b|on\b|in\b|as\b|but\b)[\w.+-]+){0,3})"
)
#: The capability first, then what it came with; what came with it first.
_WITH = re.compile(
    rf"\b(?P<what>{_NAMES})\b(?:,\s+which\s[^.;:,]{{3,60}},)?(?:\s+(?:was|were|is|are|has been|"
    rf"have been|only|first|natively|support|"
    rf"supported|available|there|"
    rf"present|works?|usable|exists?|existed|possible|been|around|known|both|all|{_CAME}|to|in|into|on|"
    r"for|the|geforce|consumer|gaming|line|lines|cards?|range|series|"
    rf"workstation|data[- ]cent(?:er|re)s?|gpus?|hardware|desktop|market))*?"
    rf"\s+(?:(?P<first>{_CAME})\s+(?:[^.;:,]{{0,40}}?\s)??(?:with|in|by|on)(?!\s+(?:the\s+)?(?:geforce|"
    rf"consumer|gaming|desktop|workstation)\b)|(?:since|from|starting with|beginning with|"
    rf"as of))\s+{_GROUP}",
    re.IGNORECASE,
)
_BROUGHT = re.compile(
    rf"\b(?P<who>Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada(?: Lovelace)?|Hopper|Blackwell|(?:RTX|GTX)"
    rf" ?\d\d[ -]series)\s+"
    rf"(?:(?:was|is) the (?:first|generation|architecture) (?:[\w-]+ ){{0,3}}?(?:with|to (?:have|support|"
    rf"bring|offer|include|"
    rf"introduce)|that (?:had|brought|introduced|supported))|introduced|brought|added|debuted|pioneered)\s+"
    rf"(?:native\s+|hardware\s+|support for\s+|the\s+|an?\s+)*(?P<what>{_NAMES})\b",
    re.IGNORECASE,
)
#: "BF16 needs at least an Ampere card", "TF32 only works from".
_ASKS = re.compile(
    rf"\b(?P<what>{_NAMES})\b(?:\s+(?:support|itself|still|also|natively)){{0,2}}\s+(?:needs?|requires?|"
    r"takes?|demands?|"
    rf"calls for)\s+(?:(?:at least|a minimum of|no less than)\s+)?(?:an?\s+)?{_GROUP}",
    re.IGNORECASE,
)
#: What leaves open what is said, or says more of it than that it came.
_OPEN = re.compile(
    r"\b(?:not|no|never|if|whether|until|before|would|could|rumou?r\w*|third|second|fourth|fifth|sixth|"
    r"[2-6](?:nd|rd|th)|"
    r"new|improved|better|faster|version|software|drivers?|cuda \d|again|back|pro|titan|only)\b|"
    r"n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: What is new with something came with it.
_IS_NEW = re.compile(r"\b(?:is|are|was|were)\s+new\s+(?=(?:with|in|on)\b)", re.IGNORECASE)
_GEFORCE = "geforce"
_MARKETS = {
    _GEFORCE: re.compile(r"\b(?:geforce|consumer|gaming|desktop)\b", re.IGNORECASE),
    "workstation": re.compile(r"\b(?:workstations?|professional|quadro)\b", re.IGNORECASE),
    "datacenter": re.compile(r"\b(?:data[- ]?cent(?:er|re)s?|servers?)\b", re.IGNORECASE),
    "laptop": re.compile(r"\b(?:laptops?|notebooks?|mobile)\b", re.IGNORECASE),
}
_NEAR, _IN_FORMAT = (
    12,
    re.compile(
        # "INT8 has been in the tensor cores since Turing" is of INT8.
        r"\b(?:(?:FP|BF|TF|INT|E\dM)\d{1,2}|(?:in|on|by|of) (?:the|its|their))\s+$",
        re.IGNORECASE,
    ),
)
#: "FP64 on Tensor Cores": what is done there, and not they themselves.
_ON_IT = re.compile(r"\b(?:on|in|by|through)\s+(?:(?:the|its|their|all)\s+)?$", re.IGNORECASE)
_SINCE_CAN = re.compile(
    r"\b(?:since|from)\s+\w+(?: on)?,?\s+(?:can|may|have|support|skip|do|are|will|could)\b", re.IGNORECASE
)
#: What an older device must be by, in years.
_OLDER = 0.75


def find(context: Context) -> Iterator[Finding]:
    """Every capability that is said to have come with what lacks it, or long after it came."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            if named_in(passage.text, sentence.start, sentence.end):
                yield from _of_sentence(index, passage, sentence, context)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    for pattern in (_WITH, _BROUGHT, _ASKS):
        for match in pattern.finditer(passage.text, sentence.start, sentence.end):
            words = re.split(r"[;:,]", passage.text[sentence.start : match.start()])[-1] + match[0]
            before = passage.text[max(sentence.start, match.start() - _NEAR) : match.start()]
            if _SINCE_CAN.search(match[0]):
                # "Tensor cores since Ampere can skip zeros": those of it and later.
                continue
            said = _IS_NEW.sub(" ", words.replace(match["what"], " "))
            if _OPEN.search(said) or _IN_FORMAT.search(before) or _ON_IT.search(before):
                # "INT4 tensor cores came with Turing": no word of tensor cores by themselves.
                continue
            named = within(context.mentions.get(index, ()), *match.span("who"))
            own = [context.catalogue[key] for each in named[:1] for key in each.ids]
            gpus = own if named and named[0].start == match.start("who") else _of_words(match["who"], context)
            if gpus and len(named) < 2:
                what = capability_of(match, "what")
                name = own[0].id if own else match["who"].rstrip(".")
                yield from _judged(passage, match, what, (name, gpus), context)


def _of_words(words: str, context: Context) -> Sequence[Gpu]:
    """The devices of the first words of a stretch that name an architecture or a series."""
    parts = words.rstrip(".").split(" ")
    for many in range(len(parts), 0, -1):
        if found := of_kind(re.sub(r"-(?:based|generation|era)$", "", " ".join(parts[:many])), context):
            return found
    return ()


def _judged(
    passage: Passage,
    match: re.Match[str],
    what: Capability,
    group: tuple[str, Sequence[Gpu]],
    context: Context,
) -> Iterator[Finding]:
    """Contradicted where none of them has it, or where an older one of their market has."""
    name, gpus = group
    known = [(gpu, has) for gpu in gpus if (has := what.has(gpu)) is not None]
    market = next((each for each, names in _MARKETS.items() if names.search(match[0])), "")
    if not market and all(gpu.segment == _GEFORCE for gpu in gpus):
        market = _GEFORCE
    if not known:
        return
    older = _older(gpus, what, market, context) if any(has for _, has in known) else None
    best = known[0][0]
    if not any(has for _, has in known):
        verdict, because = "contradicted", f"{best.id} has none itself"
    elif older:
        verdict, because = "contradicted", f"{older.id} of {older.display('release_date')} has it too"
    else:
        verdict, because = "confirmed", f"{best.id} has it, and none of its market before"
    yield made(
        context, passage, match.span(), "capability", verdict, subject=name, attribute=what.key,
        because=because, evidence=(source_of(older or best, what.field),),
    )  # fmt: skip


def _older(gpus: Sequence[Gpu], what: Capability, market: str, context: Context) -> Gpu | None:
    """The first device of the same maker that has something and is of well before all of these."""
    markets = {market} if market else {gpu.segment for gpu in gpus}
    born = min((day for gpu in gpus if (day := _born(gpu))), default=0.0)
    every = (
        gpu
        for gpu in context.catalogue.values()
        if born and gpu.vendor == gpus[0].vendor and gpu.family != gpus[0].family and gpu.confidence != "low"
        and gpu.segment in markets and "titan" not in gpu.id
        and what.has(gpu) is True and 0 < _born(gpu) < born - _OLDER
    )  # fmt: skip
    return min(every, key=_born, default=None)


def _born(gpu: Gpu) -> float:
    """The day of a device's release in years; 0 where it is not known."""
    day = str(gpu.value("release_date") or "")
    return int(day[:4]) + (int(day[5:7]) - 1) / 12 if re.fullmatch(r"\d{4}-\d\d.*", day) else 0.0
