"""The devices that a noun phrase means by its kind: "GeForce cards before the RTX 3090", "an Ada GPU".

A phrase of which any word is not known means nothing certain, and is not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.only import segment_of
from whichgpu.audit.families import architectures, family_of, is_of
from whichgpu.audit.pairs import devices
from whichgpu.audit.subjects import mentions, model
from whichgpu.hardware.architecture import families
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context
    from whichgpu.hardware.gpu import Gpu

#: A kind of devices: words before the noun, the noun, and what narrows it behind.
PHRASE = (
    r"(?P<mods>(?:[\w.\u2019'-]+\s+){0,4}?)"
    r"(?P<noun>GPUs?|(?:graphics )?cards?|accelerators?|chips?|boards?|parts?|products?|models?|one|"
    r"GeForces?|"
    r"Quadros?|Teslas?|Radeons?|Instincts?)\b"
    r"(?P<post>(?:,?\s+(?:ever|yet|so far|today|currently|on the market|(?:you can|that (?:you )?can be) "
    r"(?:buy|"
    r"bought)|made|sold|around|out there|from NVIDIA|from AMD|"
    r"(?:in|from) (?:NVIDIA|AMD)[\u2019']s (?:line-?up|portfolio|range|stable|catalogue|catalog)|"
    r"(?:before|since|after|until) (?:the |NVIDIA[\u2019']s )?[A-Z][\w -]{1,24}?(?=,|\s+(?:had|has|have|"
    r"was|were|"
    r"did|supports?|supported|offered|came|could|can|with|that|to)\b)|"
    r"(?:of|from|in) (?:the )?(?P<of>Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada|Hopper|Blackwell)(?: "
    r"Lovelace)?"
    r"(?: (?:generation|family|architecture|line-?up))?|"
    r"of (?:the|these|those|its) (?:two|three|four|five|six|generation|kind|era|family)|"
    r"(?:in|on) (?:this|our|the) (?:list|comparison|article|guide|round-?up|table)|here|"
    r"(?:but|except(?: for)?|other than|besides|apart from|save(?: for)?) (?:the |NVIDIA[\u2019']s )?"
    r"[A-Z][\w -]{1,24}?(?=,|\s+(?:had|has|have|was|were|did|supports?|supported|offered|offers?|came|"
    r"could|can|"
    r"knows?|gets?)\b)))*)"
)
#: Words before the noun that narrow nothing, or only to what is sold for machine learning.
_FILL = frozenset(
    ("a", "an", "the", "single", "other", "existing", "available", "discrete", "desktop",
     "graphics", "of", "these", "those", "such"),
)  # fmt: skip
_MAKERS = {"nvidia": "NVIDIA", "amd": "AMD", "intel": "Intel"}
_BRANDS = {"geforce": "geforce", "quadro": "workstation", "tesla": "datacenter", "instinct": "datacenter"}
_SEGMENT_WORDS = re.compile(
    r"professional|workstation|consumer|gaming|desktop|data-?cent(?:er|re)|data|cent(?:er|re)|server",
    re.IGNORECASE,
)
_MARKETS = ("datacenter", "geforce", "workstation", "radeon")
_SINCE = re.compile(
    r"(?P<way>before|since|after|until) (?:the |NVIDIA[\u2019']s )?(?P<what>[A-Z][\w -]{1,24})", re.IGNORECASE
)
_BUT = re.compile(
    r"(?:but|except(?: for)?|other than|besides|apart from|save(?: for)?) (?P<what>.*)", re.IGNORECASE
)
_OF_TEXT = re.compile(
    r"of (?:the|these|those) (?P<n>two|three|four|five|six)\b|\bhere\b|(?:in|on) (?:this|our|the) (?:list|"
    r"comparison|article|guide|round-?up|table)",
    re.IGNORECASE,
)
_TWO = 2
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_UNKNOWN = re.compile(r"\b(?:generation|kind|era|family)\b", re.IGNORECASE)


class Scope(NamedTuple):
    """The devices of a kind, and those that are left out of what is said of it."""

    gpus: Sequence[Gpu]
    but: Sequence[Gpu]
    #: Whether they are those that a text compares, and not all of a kind.
    of_text: bool = False


def scope(match: re.Match[str], own: Sequence[str], context: Context) -> Scope | None:
    """The devices of a phrase that `PHRASE` found; None where a word leaves open which.

    `own` are the ids of the device that alone is so, whose model is no other.
    """
    post = match["post"] or ""
    if _UNKNOWN.search(post) and not match["of"]:
        return None
    but = _devices(said["what"], context) if (said := _BUT.search(post)) else []
    if said and not but:
        return None
    if _OF_TEXT.search(post):
        return of_text(
            _OF_TEXT.search(match.string, match.start("post"), match.end("post")), own, but, context
        )
    maker = f"{match['maker'] or ''} " if "maker" in match.re.groupindex else ""
    maker += f"{match['of']} " if match["of"] else ""
    kind = _kind((maker + match["mods"] + match["noun"]).split(), context)
    period = _SINCE.search(_BUT.sub("", post))
    if kind is None or match["noun"].lower() == "one" or not _narrows(match):
        return None
    dated = _of_period(kind, period, context) if period else list(kind)
    left = others(dated or (), (*own, *(gpu.id for gpu in but)), context)
    return Scope(left, but) if left else None


def others(kind: Sequence[Gpu], own: Sequence[str], context: Context) -> list[Gpu]:
    """Those of a kind that were out when a text was written and are of no model of some ids."""
    today = context.document.written or context.today.isoformat()
    same = {model(key, context.catalogue) for key in own}
    return [
        gpu for gpu in kind if str(gpu.value("release_date") or "9") <= today
        and model(gpu.id, context.catalogue) not in same
    ]  # fmt: skip


def _narrows(match: re.Match[str]) -> bool:
    """Whether a phrase says of which kind: "each GPU" and "no card" may be of what was spoken of before."""
    return any(word.lower() not in _FILL for word in match["mods"].split()) or bool(
        _brand(match["noun"]) or match["post"] or _OTHER.search(match[0])
    )


_OTHER = re.compile(
    r"\bother\b|\bever\b|[\u2019']s only\b|\bthe (?:\w+ )?only\b|\bsole\b|\bthere (?:is|are|was|were)\b",
    re.IGNORECASE,
)


def of_text(
    said: re.Match[str] | None, own: Sequence[str], but: Sequence[Gpu], context: Context
) -> Scope | None:
    """The devices that a text compares up to there, as many as are counted; None where these are others."""
    every = devices(context)
    at = context.place_of_text(said.string) if said else -1
    if at >= 0 and len(list(mentions(context.document.title, context.catalogue))) < _TWO:
        named = {
            one
            for place, found in context.mentions.items()
            if place <= at
            for each in found
            for one in each.named
        }
        every = [ids for ids in every if named & set(ids)]
    count = _COUNTS.get((said["n"] or "").lower(), 0) if said else 0
    if count and count != len(every):
        return None
    same = {model(key, context.catalogue) for key in (*own, *(gpu.id for gpu in but))}
    gpus = [
        context.catalogue[key] for ids in every for key in ids if model(ids[0], context.catalogue) not in same
    ]
    return Scope(gpus, but, of_text=True) if gpus else None


def _kind(words: Sequence[str], context: Context) -> Sequence[Gpu] | None:
    """Devices of a kind by all of its words; None where one of them is not known."""
    maker, market, family = "", "", ""
    text = " ".join(words)
    for word in words[:-1] if not _brand(words[-1]) else words:
        plain = re.sub(r"[\u2019']s$|-(?:based|generation|series)$", "", word.lower()).rstrip(",")
        if plain in _MAKERS:
            maker = _MAKERS[plain]
        elif _brand(plain):
            market = _brand(plain)
        elif architectures().fullmatch(plain) or plain == "lovelace":
            family = family or plain
        elif _SEGMENT_WORDS.fullmatch(plain):
            market = segment_of(text)
        elif plain not in _FILL:
            return None
    return of_kind(context, maker, market, family)


def _brand(word: str) -> str:
    return _BRANDS.get(word.lower().removesuffix("s"), "")


def of_kind(context: Context, maker: str, market: str, family: str) -> Sequence[Gpu]:
    """The devices of a maker, a market and an architecture by their names; an empty one leaves that open."""
    key = f"kind {maker} {market} {family}"
    if key not in context.memo:
        context.memo[key] = [
            gpu for gpu in context.catalogue.values()
            if gpu.confidence != "low" and gpu.segment in _MARKETS and gpu.value("release_date")
            and not str(gpu.value("memory_type")).startswith("LPDDR")
            and (not maker or gpu.vendor == maker) and (not market or gpu.segment == market)
            and (not family or is_of(gpu, family))
        ]  # fmt: skip
    found: Sequence[Gpu] = context.memo[key]
    return found


def _of_period(kind: Sequence[Gpu], period: re.Match[str], context: Context) -> list[Gpu] | None:
    """Those of a kind that came out before, or since, a device or an architecture."""
    named = _devices(period["what"], context)
    family = families().get(family_of(period["what"].strip())) if not named else None
    born = min((str(gpu.value("release_date")) for gpu in named if gpu.value("release_date")), default="")
    born = born or (f"{family.year}" if family and family.year else "")
    if not born:
        return None
    way, own = period["way"].lower(), {gpu.architecture for gpu in named} | ({family.id} if family else set())

    def inside(gpu: Gpu) -> bool:
        day = str(gpu.value("release_date"))
        if gpu.family in own or gpu.architecture in own:
            return way == "since"
        return day[:4] < born[:4] if way in ("before", "until") else day[:4] > born[:4]

    return [gpu for gpu in kind if inside(gpu)]


def _devices(words: str, context: Context) -> list[Gpu]:
    return [context.catalogue[key] for each in mentions(words, context.catalogue) for key in each.named]
