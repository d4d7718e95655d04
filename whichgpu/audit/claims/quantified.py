"""What is said of every device of a kind, of none, or of one alone: "every Ada card supports MIG".

A quantifier, a kind of devices and what they are said to have make one statement, which is held against every
device of the catalogue, whatever words it is put in: "no GPU before the V100 had tensor cores", "there is no
48 GB card", "it is the only GeForce ever with more than 20 GB", "none but the H100 supports FP8".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capabilities import named_in
from whichgpu.audit.capable.words import NAMES, capability_at
from whichgpu.audit.claims.only import OWNED
from whichgpu.audit.families import is_of
from whichgpu.audit.findings import made
from whichgpu.audit.pairs import devices
from whichgpu.audit.quantified.properties import HAS, LACKS, Property, property_at
from whichgpu.audit.quantified.scopes import PHRASE, Scope, of_text, scope
from whichgpu.audit.roles import told
from whichgpu.audit.sentences import sentences
from whichgpu.audit.sourced import source_of
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_EVERY, _NONE = (
    r"every(?: single)?|each|all(?: of the| the)?|any",
    r"no(?: other| single)?|not a single|none of the",
)
_QUANTIFIER = rf"\b(?:(?P<every>{_EVERY})|(?P<none>{_NONE}))\s+"
#: "Every Ada card supports", "no GPU before the A100 had".
_SAID = re.compile(
    rf"{_QUANTIFIER}{PHRASE},?\s+(?:also\s+|still\s+|ever\s+|now\s+|actually\s+)?(?:(?P<lacks>{LACKS})|{HAS})\s+",
    re.IGNORECASE,
)
#: "There is no 48 GB card in NVIDIA's line-up".
_THERE = re.compile(
    rf"\bthere (?:is|are|was|were|[\u2019']s)\s+(?:still\s+)?no\s+(?P<size>\d{{1,3}}\s?-?GB)\s+{PHRASE}",
    re.IGNORECASE,
)
#: "MIG works on every Ada card", "tensor cores are found in all GeForce GPUs".
_ON = re.compile(
    r"\s+(?:is|are|was|were|works?|runs?|comes?|can be)\s+(?:also\s+|natively\s+)?(?:(?:available|"
    r"supported|present|found|"
    r"included|enabled|used|possible|offered)\s+)?(?:on|in|by|with)\s+"
    + rf"{_QUANTIFIER}{PHRASE}(?=\s*[.,;)]|\s+(?:and|but|so)\b)",
    re.IGNORECASE,
)
#: "RT cores are present on both cards", "FP8 is supported by neither".
_ON_BOTH = re.compile(
    r"\s+(?:is|are|was|were|works?|runs?|comes?)(?P<denied>n[\u2019']t|\s+not)?\s+(?:also\s+|natively\s+)?"
    r"(?:(?:available|supported|present|found|"
    r"included|possible|offered|(?P<gone>missing|absent|gone))\s+)?(?:on|in|by|with|from)\s+"
    r"(?:the\s+tensor cores\s+(?:of|in|on)\s+)?"
    r"(?:(?P<every>both|all)|(?P<none>neither|none|(?P<any>either|any)))"
    r"(?:\s+(?:of\s+)?(?:(?:them|the|these)\b\s*)?(?P<n>two|three|four|five)?\s*(?:cards?|gpus?|of "
    r"them)?)?(?=\s*[.,;)])",
    re.IGNORECASE,
)
#: "FP8 training is available on Ampere", "BF16 already works with Turing".
_ON_FAMILY = re.compile(
    rf"\b(?P<what>{NAMES})\s+(?:is|was|works?|worked|runs?|ran)\s+(?:already\s+|also\s+|even\s+|natively\s+)*"
    r"(?:(?:available|supported|present|possible|accelerated)\s+)?(?:natively\s+|in hardware\s+)?(?:on|"
    r"with|in|by)\s+"
    r"(?P<family>Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada(?: Lovelace)?|Hopper)"
    r"(?:\s+(?:gpus?|cards?|hardware|parts?|chips?))?(?=\s*[.,;)]|\s+(?:and|but|so|too|already|as well)\b)",
    re.IGNORECASE,
)
_NOT_SAID = re.compile(
    r"\b(?:not|never|no|if|unless|emulat\w*|software|only|neither|nor|whether|except|from|since|via|through)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: "The only GeForce ever with more than 20 GB", "the only one with".
_ONLY = re.compile(
    rf"\b(?:the|(?P<maker>NVIDIA|AMD)[\u2019']s)\s+(?:(?:one and )?only|single|sole)"
    rf"\s+{PHRASE},?\s+(?:(?P<lacks>without|lacking|"
    rf"(?:that|which|to) {LACKS})|with|featuring|offering|supporting|carrying|to (?:support|have|offer|"
    rf"feature|"
    rf"carry|get|use)|(?:that|which) {HAS})\s+",
    re.IGNORECASE,
)
#: Words that make of a sentence no statement on all of a kind as they are.
_HEDGED = re.compile(
    r"\b(?:if|whether|should|would|may|might|almost|nearly|practically|virtually|most|if not|not "
    r"(?:every|all|any)|"
    r"hardly|barely|price|budget|affordable|cheap\w*|under \$|rent\w*|software|emulat\w*|driver|wish|imagine|"
    r"until|till|at the time|back then|in those days|as if|arguably|perhaps|rumou?r\w*|expected)\b|\?|\$\d",
    re.IGNORECASE,
)
#: What narrows the property behind it: "with HBM2 in this price class", "supports FP8 at that rate".
_NARROWER = re.compile(
    r"\s*(?:(?:and|or|but|for|at|below|under|that|which|per|plus|alongside|together|without|in (?:a|this|"
    r"that|its|"
    r"such)|on (?:a|such)|with(?! (?:a|the) (?:exception)))\b|[/+-]\w|tensor|performance|throughput)",
    re.IGNORECASE,
)
_AMONG = re.compile(
    r"\b(?:of|among|out of|between) (?:the|these|those|all) (?P<n>two|three|four|five|six)\b", re.IGNORECASE
)
_NOT = re.compile(r"\b(?:not|never|no longer|hardly)\s+$|n[\u2019']t\s+(?:be\s+)?$", re.IGNORECASE)
_ANY_OF = re.compile(
    r"\b(?:every|each|all|any|none|no|only|sole|single|both|neither|on|with|in|by)\b", re.IGNORECASE
)
_BACK, _TWO = 14, 2


class Claim(NamedTuple):
    """What is said of the devices of a kind: what they have, and whether each has it, or none."""

    scope: Scope
    what: Property
    #: What each device of the kind must be for the claim to hold.
    has: bool
    #: What those that are left out, or the only one, must be.
    alone: Sequence[Gpu]
    #: The kind by its name; empty where it is one device of which something is said.
    kind: str = ""


def find(context: Context) -> Iterator[Finding]:
    """Every such statement with its verdict."""
    for passage, sentence, who in told(context, _ANY_OF):
        if not _ANY_OF.search(sentence.text) or _HEDGED.search(sentence.text):
            continue
        for place, claim in _claims(passage, sentence, who, context):
            yield from of_kind_judged(passage, place, claim, context)


def _claims(
    passage: Passage, sentence: Sentence, who: Spoken, context: Context
) -> Iterator[tuple[tuple[int, int], Claim]]:
    text = passage.text
    for match in _SAID.finditer(text, sentence.start, sentence.end):
        what = property_at(text, match.end(), context) or _taken_up(text, match.end(), sentence)
        besides = who.owner(match.start()) if _OTHER.search(match["none"] or "") else None
        found = scope(match, besides.named if besides else (), context)
        if found and not (besides or found.but) and _OTHER.search(match["none"] or ""):
            # Than which, nothing says.
            continue
        if what and found and not _NARROWER.match(text, what.end) and what.end <= sentence.end:
            has = (match["every"] is not None) is (match["lacks"] is None)
            yield (match.start(), what.end), Claim(found, what, has, found.but, _kind(match))
    for match in _THERE.finditer(text, sentence.start, sentence.end):
        what, found = property_at(text, match.start("size"), context), scope(match, (), context)
        if what and found:
            yield match.span(), Claim(found, what, False, found.but, _kind(match))
    yield from _alone(passage, sentence, who, context)
    yield from _on_each(passage, sentence, context)
    yield from _of_families(passage, sentence, context)


def _taken_up(text: str, at: int, sentence: Sentence) -> Property | None:
    """The one capability that the sentence before names: "all Turing cards have them"."""
    pronoun = _THEM.match(text, at)
    before = next((one for one in reversed(sentences(text)) if one.end <= sentence.start), None)
    every = [each for each in named_in(text, before.start, before.end)] if pronoun and before else []
    found = [each for each in every if each.key in _TAKEN]
    if pronoun is None or len(found) != 1:
        return None
    return Property(pronoun.end(), found[0].key, found[0].field, found[0].has)


#: "No other GPU has it": than the one that is spoken of.
_OTHER = re.compile(r"other", re.IGNORECASE)
_THEM = re.compile(r"(?:them|it|that|this)\b(?=\s*[.,;!)])", re.IGNORECASE)
_TAKEN = frozenset(
    ("fp8", "fp4", "bf16", "tf32", "nvlink", "mig", "ray_tracing", "av1_encode", "transformer_engine")
)


def _kind(match: re.Match[str]) -> str:
    """The kind of devices of a match by its words, as a name."""
    words = match[0].strip() if "noun" not in match.re.groupindex else f"{match['mods'] or ''}{match['noun']}"
    return words[:1].upper() + words[1:]


def _alone(
    passage: Passage, sentence: Sentence, who: Spoken, context: Context
) -> Iterator[tuple[tuple[int, int], Claim]]:
    """The only device of a kind, or of those that a text compares, that has something."""
    text = passage.text
    for match in _ONLY.finditer(text, sentence.start, sentence.end):
        if OWNED.search(sentence.text):
            # "In our shop the A100 is the only GPU with MIG": of what somebody has.
            continue
        mention, what = who.owner(match.start()), property_at(text, match.end(), context)
        if mention is None or what is None or what.end > sentence.end or _NARROWER.match(text, what.end):
            continue
        if _NOT.search(text, max(sentence.start, match.start() - _BACK), match.start()) or (
            mention not in who.here and not who.certain
        ):
            continue
        among = _AMONG.search(text, sentence.start, match.start()) or _AMONG.match(text, what.end + 1)
        own = [context.catalogue[key] for key in mention.ids]
        found = of_text(among, mention.named, (), context) if among else scope(match, mention.named, context)
        if found:
            yield (match.start(), what.end), Claim(found, what, match["lacks"] is not None, own)


def _on_each(
    passage: Passage, sentence: Sentence, context: Context
) -> Iterator[tuple[tuple[int, int], Claim]]:
    """What works on every device of a kind, or on none."""
    text = passage.text
    kinds = [(match, scope(match, (), context)) for match in _ON.finditer(text, sentence.start, sentence.end)]
    both = [
        (match, _of_both(match, context)) for match in _ON_BOTH.finditer(text, sentence.start, sentence.end)
    ]
    for match, found in kinds + both:
        if found is None:
            continue
        gone = match.re.groupindex.get("gone") is not None and match["gone"] is not None
        for at in range(max(sentence.start, match.start() - 2 * _BACK), match.start()):
            what = capability_at(text, at) if at == sentence.start or not text[at - 1].isalnum() else None
            if what and at + what[1] == match.start():
                each = Property(match.start(), what[0].key, what[0].field, what[0].has)
                yield (
                    (at, match.end()),
                    Claim(found, each, (match["every"] is not None) is not gone, found.but, _kind(match)),
                )
                break


def _of_families(
    passage: Passage, sentence: Sentence, context: Context
) -> Iterator[tuple[tuple[int, int], Claim]]:
    """What is available on an architecture of which no device has it: "FP8 is available on Ampere"."""
    text = passage.text
    for match in _ON_FAMILY.finditer(text, sentence.start, sentence.end):
        if _NOT_SAID.search(text, sentence.start, match.end()) or _NOT_SAID.search(
            text, match.end(), min(sentence.end, match.end() + _BACK)
        ):
            continue
        gpus = [gpu for gpu in context.catalogue.values() if is_of(gpu, match["family"])]
        what = capability_at(text, match.start())
        none = what and gpus and all(what[0].has(gpu) is False for gpu in gpus)
        if what and none:
            each = Property(match.end("what"), what[0].key, what[0].field, what[0].has)
            yield match.span(), Claim(Scope(gpus, ()), each, True, (), match["family"])


def _of_both(match: re.Match[str], context: Context) -> Scope | None:
    """The two that a text compares, or as many as are counted; "not by either" and "by neither" are none."""
    if (match["denied"] is None) is not (match["any"] is None):
        return None
    found = of_text(match, (), (), context)
    both = "both" in match[0].lower() or "either" in match[0].lower()
    return found if found and (match["n"] or (both and len(devices(context)) == _TWO)) else None


def of_kind_judged(
    passage: Passage, place: tuple[int, int], claim: Claim, context: Context
) -> Iterator[Finding]:
    """Contradicted where a device of the kind is not so, or one that is left out is as the rest."""
    what = claim.what
    others = [gpu for gpu in claim.scope.gpus if what.has(gpu) is not claim.has and what.has(gpu) is not None]
    unlike = [gpu for gpu in claim.alone if what.has(gpu) is claim.has]
    left = [gpu for gpu in claim.alone if what.has(gpu) is not None]
    itself = bool(left) and len(unlike) == len(left)
    known = [gpu for gpu in claim.scope.gpus if what.has(gpu) is not None]
    if not others and not itself and not known:
        return
    best = unlike[0] if itself else (others or known)[0]
    says = "has it" if what.has(best) else "has none"
    because = f"{best.id} {says}" if others or itself else "so is every one on file"
    if what.field in ("memory", "memory_type") and (others or itself):
        because = f"{best.id} has {best.display(what.field)}"
    yield made(
        context, passage, place, "absolute", "contradicted" if others or itself else "confirmed",
        subject=claim.kind or best.id, attribute=what.key, because=because,
        evidence=(source_of(best, what.field),),
    )  # fmt: skip
