"""Exclusive claims: "the only GPU that supports MIG", "the only one of the three with ECC"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.words import NAMES, capability_at
from whichgpu.audit.comparisons.pairs import ONE_OF_TWO, devices, other_of_two
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.devices.mentions import mentions, model
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.document import HEADED
from whichgpu.audit.findings import made
from whichgpu.audit.text.quantities import SPELLED
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.capabilities import Capability
from whichgpu.audit.values.sourced import source_of
from whichgpu.hardware.architecture import families
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_ONLY = re.compile(
    r"\bthe only\s+(?P<scope>[\w -]{0,45}?)\s*\b(?P<verb>with|without|lacking|"
    r"that (?:supports?|has|offers?|lacks)|to (?:support|offer|have|feature)|supporting|featuring|offering|"
    r"which (?:supports?|has|offers?))\s+"
    r"(?:native\s+|hardware\s+|support for\s+|the\s+)?",
    re.IGNORECASE,
)
#: "The only Ada Lovelace GPU for data centers".
_FIRST = re.compile(
    r"\b(?:the (?:company[\u2019']s |maker[\u2019']s )?|(?P<maker>nvidia|amd|intel)[\u2019']s (?:very "
    r")?)first\s+(?:[\w-]+\s+){0,3}?(?:with|to support|"
    r"to offer|to have|to feature|that supports|that has|supporting|featuring|offering)\s+(?:native\s+|"
    r"hardware\s+|support for\s+|the\s+)?",
    re.IGNORECASE,
)
#: "Among the first with Tensor Cores" leaves room for one before it.
_OF_FIRSTS = re.compile(
    r"\b(?:among|amongst|one of|some of|not|hardly|far from|by no means)\s+(?:nvidia[\u2019']s\s+)?$",
    re.IGNORECASE,
)
_ONLY_OF = re.compile(
    r"\bthe only\s+(?:[\w-]+\s+){0,2}?(?P<family>Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada Lovelace|"
    r"Ada|Hopper|Blackwell)"
    r"(?:-based)?\s+(?:[\w-]+\s+){0,2}?(?:gpus?|cards?|accelerators?)\b(?:\s+(?:for|in|from|"
    r"of)\s+(?:the\s+)?(?:[\w-]+\s?){1,2})?",
    re.IGNORECASE,
)
#: What narrows an exclusive claim, behind it.
_NARROWER = re.compile(
    r"\s*(?:except|besides|apart|other than|that|which|with|to)\b",
    re.IGNORECASE,
)
#: "With NVLink (the Ti aside)".
_EXCEPTED = re.compile(r"\s*[(,][^().;]{2,30}\b(?:aside|excepted|excluded)\b", re.IGNORECASE)
_OF_A_KIND = re.compile(r"\s*(?:in|for|on|among|of)\b", re.IGNORECASE)
_AMONG = re.compile(
    r"\b(?:of (?:the|these|all)?\s*(?:two|three|four|five|six|bunch|group|lot|trio|pair|them|these|cards|"
    r"gpus)|here|one)\s*(?:$|(?:that|which|to|in|of)\b)",
    re.IGNORECASE,
)
#: Segments by the words that name them.
_SEGMENTS = (
    (re.compile(r"\b(?:professional|workstation|quadro|pro)\b", re.IGNORECASE), "workstation"),
    (re.compile(r"\b(?:consumer|gaming|geforce|desktop)\b", re.IGNORECASE), "geforce"),
    (re.compile(r"\b(?:data[- ]?cent(?:er|re)s?|servers?)\b", re.IGNORECASE), "datacenter"),
)
#: Scopes that are of a time, or of what no catalogue holds.
_OF_A_TIME = re.compile(
    r"\b(?:currently|so far|at the time|back then|affordable|cheap|card here|slot|vendor)\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every claim that a device alone has, or lacks, a capability."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in HEADED:
            continue
        for sentence in sentences(passage.text):
            for match in _ONLY_OF.finditer(passage.text, sentence.start, sentence.end):
                yield from _of_family(passage, match, spoken(index, passage, sentence, context), context)
            for match in _FIRST.finditer(passage.text, sentence.start, sentence.end):
                what = capability_at(passage.text, match.end())
                mention = _owner(index, passage, sentence, match.start(), context)
                narrow = what and _OF_A_KIND.match(passage.text, match.end() + what[1])
                # "Only the first can be bridged" is of one of several.
                one_of = _ONLY_ONE.search(passage.text, sentence.start, match.start())
                among = _OF_FIRSTS.search(passage.text, sentence.start, match.start())
                if what and mention and not (narrow or one_of or among) and not _CUDA.search(what[0].key):
                    yield from _first(
                        passage, (match.start(), match.end() + what[1]), (mention, what[0]), context
                    )
            who = spoken(index, passage, sentence, context)
            yield from _of_size(passage, sentence, who, context)
            yield from _alone(passage, sentence, who, context)
            yield from _exclusive(passage, sentence, who, context)


def _owner(index: int, passage: Passage, sentence: Sentence, at: int, context: Context) -> Mention | None:
    """Whose a claim is; nobody's where its sentence names generations: "Ada and Hopper are the first"."""
    who = spoken(index, passage, sentence, context)
    mention = who.owner(at)
    of_family = mention not in who.here and architectures().search(passage.text, sentence.start, at)
    return None if of_family else mention


def _exclusive(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for match in _ONLY.finditer(passage.text, sentence.start, sentence.end):
        what = capability_at(passage.text, match.end()) or _memory_at(passage.text, match.end())
        mention = who.owner(match.start())
        denied = _NOT.search(passage.text, max(0, match.start() - _CLOSE_BY), match.start())
        if what is None or mention is None or denied or _FIGURE.search(match["scope"]):
            continue
        end = match.end() + what[1]
        if _EXCEPTED.match(passage.text, end) or OWNED.search(sentence.text):
            continue
        if _LISTED.search(match["scope"]) or _LISTED.match(passage.text, end):
            yield from _listed(passage, (match.start(), end), match, (mention, what[0]), context)
        elif not _OF_A_TIME.search(sentence.text):
            but = _left_out(passage.text, sentence, who)
            # "The only one with FP8 besides the H100" is quoted with what it leaves out.
            end = max([end, *(each.end for each in but if each.start - end < _CLOSE_BEHIND)])
            yield from _judged(passage, (match.start(), end), match, (mention, what[0]), context, but=but)


#: "The only card below 75 W with FP8": of a class that this does not read.
_FIGURE = re.compile(r"\d\s?(?:W|watts?|GB|TB)\b|\bslots?\b", re.IGNORECASE)
#: Before a device that an exclusive claim leaves out, and how far behind it the device may stand.
_BUT = re.compile(
    r"\b(?:besides|apart from|aside from|other than|except(?: for)?|next to|along with|save for|"
    r"together with)\s+(?:the\s+|an?\s+|nvidia[\u2019']s\s+|amd[\u2019']s\s+)*$",
    re.IGNORECASE,
)
_AND_IT = re.compile(r"(?:,?\s+and|,)\s+(?:the\s+|an?\s+)?", re.IGNORECASE)
_CLOSE_BEHIND = 40


def _left_out(text: str, sentence: Sentence, who: Spoken) -> list[Mention]:
    """The devices that a sentence leaves out of what is one's alone: "besides the H100 and the L4"."""
    found: list[Mention] = []
    for each in sorted(who.here, key=lambda one: one.start):
        on = found and _AND_IT.fullmatch(text, found[-1].end, each.start)
        if on or _BUT.search(text, sentence.start, each.start):
            found.append(each)
    return found


_MEMORY = re.compile(
    r"(?P<type>HBM(?:\d[a-z]?)?|GDDR\d\w?)(?:\s+memory)?(?=\s*(?:[.,;)]|$|on the market\b))", re.IGNORECASE
)


def _memory_at(text: str, at: int) -> tuple[Capability, int] | None:
    """A type of memory at a place, as what a device can have, and its length."""
    match = _MEMORY.match(text, at)
    if match is None:
        return None
    told = match["type"].lower()
    any_of = told if told == "hbm" else ""

    def has(gpu: Gpu) -> bool | None:
        known = str(gpu.value("memory_type") or "").lower()
        return (known.startswith(any_of) if any_of else known == told) if known else None

    return Capability("memory_type", "", "memory_type", has), len(match[0])


#: What narrows an exclusive claim to what somebody has: "the only one of my machines with FP4".
OWNED = re.compile(
    r"\b(?:of|in|among|from) (?:my|our|your|his|her|their)\s|\bof (?:ours|mine|yours|theirs)\b|"
    r"\bthat (?:I|we|you|they) (?:have|had|own|owned|got|could|can|use[ds]?|tried|tested|rent|run)\b|"
    r"\b(?:in|on) (?:stock|hand|the (?:shop|shelf|rack|lab|office|house|cluster|fleet|pool))\b|"
    r"\bin (?:the|this) (?:\w+ )?(?:cluster|lab|office|rack|box|rig|fleet|pool|department|building|farm|"
    r"house)\b|\b(?:I|we) (?:have|had|own|got|tried|tested|could)\b",
    re.IGNORECASE,
)
#: What narrows an exclusive claim to the devices of the document: "the only card here with MIG".
_LISTED = re.compile(
    r"\s*(?:\b(?:cards?|gpus?|ones?|models?|options?|accelerators?|parts?)\s+)?\b(?:here|(?:in|on|of|from)\s+"
    r"(?:this|our|the)\s+(?:list|comparison|line-?up|guide|page|ranking|round-?up|article|selection)|"
    r"we (?:compare|list|look at))\b",
    re.IGNORECASE,
)


def _listed(
    passage: Passage, place: tuple[int, int], match: re.Match[str], claim: tuple[Mention, Capability],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """The same among those that the document has a heading of each of; others may only be spoken of."""
    mention, what = claim
    own = model(mention.named[0], context.catalogue)
    heads = [each for each in context.document.passages if each.kind == "heading"]
    named = [each.named for head in heads for each in mentions(head.text, context.catalogue)]
    models = {model(ids[0], context.catalogue): context.catalogue[ids[0]] for ids in named}
    if own not in models:
        return
    has = not _DENIES.match(match["verb"])
    rival = next((gpu for key, gpu in models.items() if key != own and what.has(gpu) is has), None)
    if rival:
        because = f"{rival.id} {'has it' if has else 'has none'} too"
        yield made(context, passage, place, "absolute", "contradicted", subject=mention.ids[0],
                   attribute=what.key, because=because, evidence=(source_of(rival, what.field),))  # fmt: skip


_DENIES = re.compile(r"without|lacking|that lacks", re.IGNORECASE)


#: "The only GPU with more than 48 GB of memory", of whatever there is.
_WITH_SIZE = re.compile(
    r"\bthe (?:only|(?:very )?first)\s+(?P<scope>[\w -]{0,30}?\b(?:gpu|card|accelerator|geforce))\s+"
    r"(?:(?:(?:that|which)\s+(?:was|is|has been)\s+)?(?:ever\s+)?(?:sold|made|built|released|shipped|"
    r"launched)\s+)?"
    r"(?:with|that has|offering|to offer)\s+(?P<more>(?:more than|over)\s+)?(?P<size>\d{2,3})\s?GB"
    r"(?:(?:\s+of)?\s+(?:\w+\s+)?(?:memory|vram))?"
    r"(?=\s*(?:[.,;)]|$|on the market\b|and (?:it|is|was|the)\b))",
    re.IGNORECASE,
)


_NOT, _CLOSE_BY = re.compile(r"\b(?:not|never|no longer|hardly)\s+$|n[\u2019']t\s+$", re.IGNORECASE), 12


_MOBILE = re.compile(r"\b(?:mobile|laptop|notebook)\b", re.IGNORECASE)


def _of_size(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """Contradicted where an earlier device within the scope has as much memory."""
    match = _WITH_SIZE.search(passage.text, sentence.start, sentence.end)
    mention = who.owner(match.start()) if match else None
    if match is None or mention is None or _OF_A_TIME.search(match[0]):
        return
    if _NOT.search(passage.text, max(0, match.start() - _CLOSE_BY), match.start()):
        return
    own = context.catalogue[mention.ids[0]]
    least = float(match["size"]) + bool(match["more"])
    # A Titan is sold as no GeForce.
    geforce = "geforce" in match["scope"].lower()
    mobile = _MOBILE.search(match["scope"]) is not None
    rivals = [
        gpu
        for gpu in _scope(match["scope"], mention, context)
        if not (geforce and gpu.id.startswith("titan"))
        and (not mobile or "laptop" in gpu.id)
        and (nominal_gb(float(gpu.value("memory") or 0)) or 0) >= least
        # What shares the memory of its machine is no card with so much.
        and str(gpu.value("memory_type")).startswith(("GDDR", "HBM"))
        and str(gpu.value("release_date") or "9") < str(own.value("release_date") or "9")
    ]
    if rivals:
        rival = max(rivals, key=lambda gpu: float(gpu.value("memory") or 0))
        because = f"{rival.id} of {rival.display('release_date')} has {rival.display('memory')}"
        yield made(context, passage, match.span(), "absolute", "contradicted", subject=own.id,
                   attribute="memory", because=because, evidence=(source_of(rival, "memory"),))  # fmt: skip


#: "Only the H100 has a Transformer Engine".
_ONLY_IT = re.compile(
    r"(?:(?<![^\s*])|[,:;]\s+(?:and|but)?\s*)only\s+(?:the\s+|nvidia[\u2019']s\s+|an?\s+)?$", re.IGNORECASE
)
_HAS_IT = re.compile(
    r"\s+(?:supports?|has|offers?|features?|comes with|can (?:do|use|handle|run)|provides?|knows?|gets?"
    r"|carries)\s+(?:native\s+|hardware\s+|"
    r"an?\s+|the\s+)?",
    re.IGNORECASE,
)


#: What leaves others out of an exclusive claim; so few devices are those that a document compares.
_OF_SOME = re.compile(
    rf"{_OF_A_TIME.pattern}|\b(?:among|of (?:the|these|those|all|them|our)|consumers?|geforce|gaming|"
    rf"workstations?|"
    r"data[- ]?cent\w+|here|in (?:this|our|the)|until|before|back|two|three|cards|gpus)\b",
    re.IGNORECASE,
)
_FEW = 4
#: Before "only": of those that are named there, or of as many as were spoken of.
_OF_THESE = re.compile(
    r"\b(?:among|amongst|of|out of|between)\s+(?:(?:these|those|the|all|our)\s+)?"
    r"(?:(?P<n>two|three|four|five|six)(?:\s+(?:cards|gpus|accelerators|models|of them))?"
    r"|(?P<named>[^.;]*?)),?\s*$",
    re.IGNORECASE,
)
#: What is asked in a word or two, right before the answer.
_ASKED = re.compile(r"(?:^|[.!?]\s+)[\w -]{2,30}\?\s*$")


def asked_shortly(text: str, at: int) -> bool:
    """Whether a question of a word or two stands right before a place."""
    return _ASKED.search(text, 0, at) is not None


_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}


def _set_out(
    passage: Passage, sentence: Sentence, at: int, who: Spoken, context: Context
) -> list[str] | None:
    """The devices among which one alone is so, where a sentence sets them out before it; else None.

    "Among the L4, the A10 and the H100, only .."; "of these four, only ..", where the text spoke of four.
    """
    match = _OF_THESE.search(passage.text, sentence.start, at)
    if match is None:
        return None
    before = [each for each in who.here if match.start() <= each.start < at]
    if match["named"]:
        return [key for each in before for key in each.ids] if len(before) > 1 else None
    every = {model(ids[0], context.catalogue): ids for ids in devices(context)}
    return (
        [key for ids in every.values() for key in ids] if len(every) == _NUMBERS[match["n"].lower()] else None
    )


#: "FP8 is exclusive to the H100", "MIG is available only on the A100".
_RESERVED = re.compile(
    rf"\b(?P<what>{NAMES})(?:\s+support)?\s+(?:is|are|remains)\s+(?:(?:exclusive|unique|reserved|"
    rf"restricted|limited|"
    r"confined)\s+(?:to|for)|(?:(?:available|supported|offered|found|possible|present|provided)\s+)?(?:only|"
    r"exclusively)\s+(?:(?:available|supported|offered|found|possible|present|provided)\s+)?(?:on|by|in|"
    r"with|to))\s+"
    r"(?:the\s+|nvidia[\u2019']s\s+|an?\s+)?$",
    re.IGNORECASE,
)


def _said_alone(
    text: str, sentence: Sentence, mention: Mention
) -> tuple[re.Match[str], tuple[Capability, int], tuple[int, int]] | None:
    """What a device alone is said to have: where that begins, the capability, and the place of the claim."""
    only = _ONLY_IT.search(text, sentence.start, mention.start)
    has = _HAS_IT.match(text, mention.end, sentence.end) if only else None
    what = capability_at(text, has.end()) if has else None
    if only and has and what:
        return only, what, (only.start() + len(only[0]) - len(only[0].lstrip(" ,:;")), has.end() + what[1])
    reserved = _RESERVED.search(text, sentence.start, mention.start)
    what = capability_at(text, reserved.start("what")) if reserved else None
    return (reserved, what, (reserved.start(), mention.end)) if reserved and what else None


def _alone(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """Contradicted where another device that the document compares, or that stands beside it, has it too."""
    for mention in who.here:
        said = _said_alone(passage.text, sentence, mention)
        if said is None:
            continue
        only, what, place = said
        among = _set_out(passage, sentence, only.start(), who, context)
        if ONE_OF_TWO.search(mention.text):
            among = list(other_of_two(passage, mention.ids, context)) or None
        if among is None and _OF_SOME.search(sentence.text):
            continue
        # A Max-Q edition goes by the same name.
        own = {model(key, context.catalogue) for key in (*mention.named, *mention.ids)}
        compared = devices(context) if len(devices(context)) <= _FEW else ()
        beside = [each.ids for each in context.mentions.get(context.place(passage), ())]
        if among is None and len(beside) > 1 and asked_shortly(passage.text, only.start()):
            # "Ray tracing? Only the A10 has it": of those that the answer speaks of.
            compared = ()
        keys = among or {key for ids in (*compared, *beside) for key in ids}
        others = [context.catalogue[key] for key in sorted({*keys})]
        rivals = [
            gpu for gpu in others if model(gpu.id, context.catalogue) not in own and what[0].has(gpu) is True
        ]
        family = set() if among else {context.catalogue[key].architecture for key in mention.named}
        if rivals and not all(gpu.architecture in family for gpu in rivals):
            rival = next(gpu for gpu in rivals if gpu.architecture not in family)
            yield made(context, passage, place, "absolute", "contradicted", subject=mention.ids[0],
                       attribute=what[0].key, because=f"{rival.id} has it too",
                       evidence=(source_of(rival, what[0].field),))  # fmt: skip


_ONLY_ONE = re.compile(r"\bonly\s+$", re.IGNORECASE)
#: What devices of every maker and age have in some way.
_CUDA = re.compile(r"^(?:cuda|rocm|ecc|vgpu|av1_decode)$")


def segment_of(words: str) -> str:
    """The segment that words narrow devices to: "consumer cards"; "" where they do not."""
    return next((name for pattern, name in _SEGMENTS if pattern.search(words)), "")


#: Lines of devices that their names begin with: "the first Radeon with FP8" is no Instinct.
_LINE = re.compile(r"\b(?:Radeon|GeForce|Instinct|Quadro|Tesla|Titan|Arc|Jetson)\b", re.IGNORECASE)


def _first(
    passage: Passage, place: tuple[int, int], claim: tuple[Mention, Capability], context: Context
) -> Iterator[Finding]:
    """Contradicted where a device of the same maker, of another family, had it a year before."""
    mention, what = claim
    own = [gpu for gpu in (context.catalogue[key] for key in mention.ids) if gpu.value("release_date")]
    words = passage.text[slice(*place)]
    segment, line = segment_of(words), _LINE.search(words)
    born = min((str(gpu.value("release_date")) for gpu in own), default="")
    rivals = [
        gpu
        for gpu in context.catalogue.values()
        if born
        and gpu.vendor == own[0].vendor
        and gpu.architecture != own[0].architecture
        and gpu.confidence != "low"
        and gpu.segment == (segment or gpu.segment)
        and (line is None or line[0].lower() in gpu.name.lower())
        and what.has(gpu) is True
        and str(gpu.value("release_date") or "9") < f"{int(born[:4]) - 1}{born[4:]}"
    ]
    if own and all(what.has(gpu) is False for gpu in own):
        yield made(context, passage, place, "absolute", "contradicted", subject=own[0].id, attribute=what.key,
                   because=f"{own[0].id} has none itself",
                   evidence=(source_of(own[0], what.field),))  # fmt: skip
    elif rivals and any(what.has(gpu) for gpu in own):
        rival = min(rivals, key=lambda gpu: str(gpu.value("release_date")))
        because = f"{rival.id} of {rival.display('release_date')} has it too"
        yield made(context, passage, place, "absolute", "contradicted", subject=own[0].id, attribute=what.key,
                   because=because, evidence=(source_of(rival, what.field),))  # fmt: skip


def _of_family(passage: Passage, match: re.Match[str], who: Spoken, context: Context) -> Iterator[Finding]:
    """A device that is called the only one of its architecture, in a segment."""
    mention = who.owner(match.start())
    segment = segment_of(match[0])
    family = next(
        (key for key, each in families().items() if each.name.lower().startswith(match["family"].lower())), ""
    )
    if mention is None or not segment or not family or _NARROWER.match(passage.text, match.end()):
        return
    rivals = [
        gpu
        for key, gpu in context.catalogue.items()
        if gpu.family == family
        and gpu.segment == segment
        and gpu.confidence != "low"
        and gpu.value("chip") != context.catalogue[mention.named[0]].value("chip")
        and model(key, context.catalogue) != model(mention.named[0], context.catalogue)
    ]
    if rivals:
        because = f"{rivals[0].id} is one of {match['family']} too"
        evidence = (source_of(rivals[0], "chip"),)
        yield made(context, passage, match.span(), "absolute", "contradicted", subject=mention.ids[0],
                   attribute="architecture", because=because, evidence=evidence)  # fmt: skip


def _judged(
    passage: Passage, place: tuple[int, int], match: re.Match[str], claim: tuple[Mention, Capability],
    context: Context, *, but: Sequence[Mention] = (),
) -> Iterator[Finding]:  # fmt: skip
    """Contradicted where the device is not so, or another within the scope is so too."""
    mention, what = claim
    has = not _DENIES.match(match["verb"])
    own = [context.catalogue[key] for key in mention.ids]
    known = [gpu for gpu in own if what.has(gpu) is not None]
    if not known:
        return
    itself = [gpu for gpu in known if what.has(gpu) is has]
    # A form of the device itself is no rival of it, nor is one that is named as another which is so.
    others = {model(key, context.catalogue) for each in but for key in each.ids}
    rivals = [
        gpu
        for gpu in _scope(match["scope"], mention, context)
        if what.has(gpu) is has
        and gpu.id not in mention.named
        and model(gpu.id, context.catalogue) not in others
    ]
    shown = (itself or known)[0]
    if not itself:
        because = f"{shown.id} {'has none' if has else 'has it'} itself"
    elif rivals:
        because = f"{rivals[0].id} {'has it' if has else 'has none'} too"
    else:
        because = "no other device on file" if has else "every other device on file has it"
    verdict = "contradicted" if rivals or not itself else "confirmed"
    best = rivals[0] if rivals and itself else shown
    yield made(context, passage, place, "absolute", verdict, subject=shown.id, attribute=what.key,
               because=because, evidence=(source_of(best, what.field),))  # fmt: skip


#: How many an exclusive claim is among.
_SO_MANY = re.compile(r"\b(two|three|four|five|six)\b", re.IGNORECASE)


def _groups(context: Context) -> list[list[tuple[str, ...]]]:
    """What devices a text may be of, each by the ids that its names mean: of its title, its headings, all."""
    document = context.document
    heads = (each.text for each in document.passages if each.kind == "heading")
    texts = (document.title, " | ".join(heads))
    named = [[each.ids for each in mentions(text, context.catalogue)] for text in texts]
    return [*named, list(devices(context))]


def _scope(words: str, mention: Mention, context: Context) -> list[Gpu]:
    """The other devices that an exclusive claim excludes."""
    if _AMONG.search(words):
        own = model(mention.named[0], context.catalogue)
        told = _SO_MANY.search(words)
        groups = _groups(context) if told else [devices(context)]
        for group in groups:
            keys = {key for ids in group for key in ids}
            models = {model(key, context.catalogue) for key in keys}
            # "Of the three" are those that a title, the headings or the text name, if these are three.
            if not told or (own in models and len(models) == SPELLED[told[1].lower()]):
                others = {key for key in keys if model(key, context.catalogue) != own}
                return [context.catalogue[key] for key in sorted(others)]
        return []
    segment = segment_of(words)
    # "The only Ampere GPU with MIG": of those of the architecture.
    family = architectures().search(words)
    return [
        gpu
        for key, gpu in context.catalogue.items()
        if key not in mention.named
        and gpu.confidence != "low"
        and gpu.segment == (segment or gpu.segment)
        and (family is None or is_of(gpu, family[0]))
    ]
