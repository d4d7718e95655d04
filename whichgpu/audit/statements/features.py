"""Features that a sentence says its device has, or each of several: "both accept FP8"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.comparisons.pairs import devices
from whichgpu.audit.devices.mentions import mentions, model
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.findings import made
from whichgpu.audit.known.store import store
from whichgpu.audit.statements.things import clause_at, is_none, subject, things
from whichgpu.audit.text.denials import SET_OFF
from whichgpu.audit.text.sentences import one_before, sentences, within
from whichgpu.audit.values.capabilities import CAPABILITIES
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.capabilities import Capability

    _Ids = tuple[str, ...]

_KEYS = frozenset({"fp8", "fp4", "bf16", "tf32", "nvlink", "mig", "transformer_engine", "av1_encode", "ecc",
                   "tensor_cores"})  # fmt: skip
_EXTRA = {
    "av1_encode": r"|(?<=encode )av1|(?<=encodes )av1",
    "nvlink": "",
    "mig": r"|mig instances|multi-instance gpu",
}
_NAMED = tuple(
    (each, re.compile(rf"\b(?:{each.names}{_EXTRA.get(each.key, '')})\b", re.IGNORECASE))
    for each in CAPABILITIES if each.key in _KEYS
)  # fmt: skip
_HAS = re.compile(
    r"\b(?:supports?|has|have|offers?|includes?|features?|comes? with|brings?|gets?|keeps?|kept|retains?|"
    r"accepts?|handles?|"
    r"understands?|executes?|process(?:es)?|computes? in|multipl(?:y|ies)|encodes?|joined|linked|bridged|"
    r"connected|"
    r"(?:talk|communicate|exchange\s\w+|run|work) (?:to each other |with each other )?(?:over|via|through|"
    r"in)|"
    r"can (?:do|use|run|be)|"
    r"protects?|split|divided?|partitioned|cut)\b",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\b(?:no|not|cannot|doesnt|dont|cant|nothing|nicht|pas|never|neither|nor|without|lacks?|lacking|miss\w*|than|like|unlike|instead|if|"
    r"whether|would|could|should|"
    r"emulat\w+|software|store[sd]?|storage|weights?|checkpoints?|only|except|but|needs?|requires?|until|"
    r"before|"
    r"driver|officially|some|most|(?<!as )many|other|consumer|switch\w*|via pcie|over pcie|cast|convert\w*|"
    r"per|used to|where|which|that)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_GROUP = re.compile(
    r"(?:\W|\b(?:and|but|so|as|since|because|while|also|here|in practice|today|like)\b)*"
    r"(?P<what>both(?: of them| cards| gpus| of these)?|they|these(?: cards| gpus)?|the pair|"
    r"either(?: card| of them| one)?|"
    r"(?:all |the |these |those )+(?P<n>two|three|four|five)(?: of them)?(?: (?:cards|gpus|boards|"
    r"of them))?|the cards|each(?: of them)?)\b"
    # "Both A-cards", "both Ampere cards": of those of a kind.
    r"(?!\s+(?:[\w-]+[ -])?(?:cards?|karten?|gpus?|boards?|parts?|chips?|models?)\b)",
    re.IGNORECASE,
)
COUNT = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}


def features(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """What a passage says devices to have, one of which lacks it."""
    for sentence in sentences(passage.text):
        for capability, names in _NAMED:
            for match in names.finditer(passage.text, sentence.start, sentence.end):
                yield from _told(index, passage, sentence, capability, match, context)
        yield from _too(index, passage, sentence, context)


#: "The A100 supports it too": of the one feature that the sentence before names.
_IT_TOO = re.compile(
    r"\b(?P<also>also )?(?:supports?|has|handles?|accepts?|offers?|does|can do)\s+(?:it|this|that|"
    r"the same)(?P<too>,? (?:too|as well)|,? natively| in hardware)?\b",
    re.IGNORECASE,
)


def _too(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """What a sentence says of a device and the feature that the sentence before is about."""
    text = passage.text
    match = _IT_TOO.search(text, sentence.start, sentence.end)
    before = one_before(text, sentence.start)
    if match is None or not before or not (match["also"] or match["too"]):
        return
    told = [(capability, one) for capability, names in _NAMED if capability.key != "tensor_cores"
            for one in names.finditer(text, before[0].start, before[0].end)]  # fmt: skip
    if len({capability.key for capability, _ in told}) == 1 and not _NO.search(before[0].text):
        yield from _told(index, passage, sentence, told[0][0], match, context)


def _told(  # noqa: PLR0917
    index: int,
    passage: Passage,
    sentence: Sentence,
    capability: Capability,
    match: re.Match[str],
    context: Context,
) -> Iterator[Finding]:
    text = passage.text
    start, end = clause_at(text, sentence, match.start())
    led = _LED.match(text, start, match.start())
    start = led.end() if led else start
    before = text[start : match.end()]
    if (
        not _HAS.search(before)
        or not is_asserted(text[start:end])
        or is_none(sentence)
        or _NO.search(text, start, min(end, match.end() + 40))
        or SET_OFF.match(text, end)
    ):
        return
    every = _whose(index, passage, sentence, start, match.start(), context)
    for ids in every:
        gpus = [context.catalogue[key] for key in ids]
        if gpus and all(capability.has(gpu) is False for gpu in gpus):
            best, field = gpus[0], capability.field
            because = f"{best.id}: {field.replace('_', ' ')} {best.display(field)}"
            yield made(
                context,
                passage,
                (start, match.end()),
                "capability",
                "contradicted",
                subject=", ".join(ids),
                attribute=capability.key,
                because=because,
                expected="no",
                evidence=(source_of(best, field),),
            )
            return


#: What a sentence begins with for whom it is: "If you want to serve several models, ..".
_LED = re.compile(
    r"\W*(?:if you (?:want|need|plan|intend|wish|care)|for those who|as for|when it comes to)\b"
    r"[^,;:]{3,90},\s",
    re.IGNORECASE,
)
#: "MIG is offered only on the SXM version".
_ONLY_ON = re.compile(
    r"\s+(?:is|was|comes|works)\s+(?:offered |available |supported |found |possible |enabled |present )?"
    r"(?:only|exclusively)\s+(?:on|with|in|by|for)\s+(?:the\s+)?",
    re.IGNORECASE,
)
_ONLY = re.compile(
    r"(?:\b(?:is|was|remains)|[\u2019']s) (?:also |still |thus )?the only (?:one|card|gpu|accelerator|"
    r"model|device|part|chip)\b"
    r"(?: (?:of|among) (?:the|these|those|all|our) (?P<n>two|three|four|five|six)(?: cards)?|(?: here|"
    r" in (?:our|the|this) (?:table|list|comparison|test)))?"
    r" (?:with|that (?:still )?(?:has|supports|offers)|which (?:has|supports|offers)|to (?:have|support|"
    r"offer))\b",
    re.IGNORECASE,
)

#: Behind a feature, a kind of it that others may lack: "an NVLink connector of the third generation".
_NARROWED = re.compile(
    r"(?:\s+(?:connectors?|bridges?|ports?|links?|support|units?))?\s+(?:at|above|over|beyond|between|"
    r"of (?:at least|more than|up to|\d|the (?:first|second|third|fourth|fifth|latest|newest|older|same)))\b",
    re.IGNORECASE,
)


def only(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """Who is said to be the only one of so many with a feature that another of them has."""
    text = passage.text
    for sentence in sentences(text):
        match = _ONLY.search(text, sentence.start, sentence.end)
        if match is None or not is_asserted(sentence.text):
            continue
        told = [(one.end(), capability) for capability, names in _NAMED
                for one in names.finditer(text, match.end(), min(sentence.end, match.end() + 40))
                if capability.key != "tensor_cores"]  # fmt: skip
        every = things(index, passage, sentence, context)
        one = subject(index, passage, sentence, sentence.start, match.start(), every, context)
        if not told or one is None or not one.ids:
            continue
        end, capability = min(told, key=lambda each: each[0])
        if _NARROWED.match(text, end):
            continue
        among = _among(index, passage, sentence, COUNT.get((match["n"] or "").lower(), 0), context)
        yield from _another_has(passage, (match.start(), end), capability, one.ids, among, context)


def only_on(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """A feature that is said to be on one device alone, and that another one of the tables has too."""
    text = passage.text
    for sentence in sentences(text):
        for capability, names in _NAMED if is_asserted(sentence.text) else ():
            for match in names.finditer(text, sentence.start, sentence.end):
                behind = _ONLY_ON.match(text, match.end(), sentence.end)
                every = things(index, passage, sentence, context) if behind else ()
                meant = [each for each in every if behind and each.start >= behind.end()]
                if behind and meant and meant[0].ids and meant[0].start - behind.end() <= _BESIDE:
                    ids = frozenset[str]().union(*(each.ids for each in meant))
                    place, among = (match.start(), meant[0].end), _among(index, passage, sentence, 0, context)
                    yield from _another_has(passage, place, capability, ids, among, context)


#: Letters between "only on the" and the device.
_BESIDE = 12


def _another_has(  # noqa: PLR0917
    passage: Passage, place: tuple[int, int], capability: Capability, ids: frozenset[str],
    among: Sequence[_Ids], context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """The finding on a feature that some are said to have alone, where another one has it."""
    for other in among:
        gpus = [context.catalogue[key] for key in other]
        if not ids & {*other} and gpus and all(capability.has(gpu) for gpu in gpus):
            field = capability.field
            because = f"{gpus[0].id}: {field.replace('_', ' ')} {gpus[0].display(field)}"
            yield made(context, passage, place, "capability", "contradicted", subject=", ".join(sorted(ids)),
                       attribute=capability.key, because=because, expected="",
                       evidence=(source_of(gpus[0], field),))  # fmt: skip
            return


def _among(index: int, passage: Passage, sentence: Sentence, many: int, context: Context) -> list[_Ids]:
    """The devices that are so many, or all of the tables where no number is told."""
    if many and (found := group(index, passage, sentence.start, many, context)):
        return found
    tables = [
        {each.ids for each in series.amounts if each.ids} for series in store(context) if not series.derived
    ]
    sized = [each for each in tables if len(each) == many] if many else tables
    return [tuple(sorted(ids)) for ids in max(sized, key=len, default=set())]


def _whose(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, start: int, at: int, context: Context
) -> list[_Ids]:
    """The devices that a clause up to a place is about; none where that is not certain."""
    text = passage.text
    who = spoken(index, passage, sentence, context)
    own = [each for each in within(who.here, start, at)]
    if own:
        return [each.named for each in own] if not any(each in who.against for each in own) else []
    several = _GROUP.match(text, start, at)
    if several:
        many = COUNT.get(
            (several["n"] or "").lower(),
            2 if several["what"].lower().startswith(("both", "either", "the pair")) else 0,
        )
        return group(index, passage, start, many, context)
    return []


def group(index: int, passage: Passage, at: int, many: int, context: Context) -> list[_Ids]:
    """The devices that a word for several means: the nearest before it that are so many."""
    here = [each for each in context.mentions.get(index, ()) if each.end <= at]
    starts = [each.start for each in sentences(passage.text) if each.start <= at]
    for back in range(1, min(len(starts), 3) + 1):
        found = _distinct([each for each in here if each.start >= starts[-back]], context)
        if (many and len(found) == many) or (not many and len(found) > 1):
            return found
        if found and not many:
            return found
    if not many:
        return []
    above = (
        here,
        *([*mentions(line, context.catalogue)] for line in (*passage.section[-1:], context.document.title)),
    )
    for scope in above:
        found = _distinct(scope, context)
        if len(found) == many:
            return found
    every = devices(context)
    return every if len(every) == many else []


def _distinct(found: Sequence[Mention], context: Context) -> list[_Ids]:
    return list({model(each.named[0], context.catalogue): each.named for each in found}.values())
