"""Absolutes: "the only viable option", "undisputed champion", against every device of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.only import segment_of
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.document import HEADED
from whichgpu.audit.findings import made
from whichgpu.audit.text.models import models
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes, named
from whichgpu.audit.values.offers import common
from whichgpu.audit.values.sourced import on_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.gpu import Gpu

_ABSOLUTE = re.compile(
    r"\b(?:the\s+)?(?:only\s+(?:(?:viable|real|sensible|reasonable|serious|realistic|good|valid|possible|"
    r"practical|"
    r"suitable|true|sane|logical|available)\s+)?(?:option|choice|gpu|card|way|solution)"
    r"(?!\s+(?:of (?:the|these|those|all|them)\b\s*(?:\w+\s+){0,2}?)?(?:with|that|to|which|whose|"
    r"(?:cap|avail)able))|undisputed\s+\w+|"
    r"(?:nvidia|amd)[\u2019']s\s+(?:(?:latest|newest)\s+and\s+)?"
    r"(?:fastest|most (?:powerful|potent|capable|advanced)|best|top)\s+(?:\w+\s+){0,2}(?:gpu|card|"
    r"accelerator)(?!\s+(?:offerings|options|choices|models|line|lines|series|makers?|vendors?))|"
    r"(?:unrivall?ed|unmatched|unparalleled|unsurpassed|unequall?ed|unbeatable|second to none|"
    r"without equal)"
    r"(?!\s+(?:\w+\s+)?(?:ecosystem|software|support|value|efficiency|flexibility|reliability|"
    r"availability|versatility|"
    r"community|tool\w*|drivers?|ease|experience|price\w*)\b)|"
    r"world[\u2019']s\s+(?:fastest|most powerful|highest|largest)\s+(?:\w+\s+){0,2}(?:gpu|card|accelerator|"
    r"(?:memory )?bandwidth)|"
    r"(?:fastest|most powerful|best)\s+(?:\w+\s+){0,2}(?:gpu|card|accelerator)\s+(?:ever|in the world|"
    r"available|on the market|today|money can buy|(?:that )?(?:nvidia|amd) (?:offers|makes|sells|has)|"
    r"(?:that )?you can (?:buy|rent)))\b",
    re.IGNORECASE,
)
#: "The only GPU that can run a 70B model": others hold as much.
_ONLY_RUNS = re.compile(
    r"\bthe only (?:gpu|card|accelerator|one)\s+(?:capable of|able to|that (?:can|is able to)|which can)\s+"
    r"(?:run|serv|train|host|hold|handl|load|fine-?tun)(?:e|ing|ning)?\s+(?P<model>[^.;,]{2,40})",
    re.IGNORECASE,
)
#: What is unmatched, where it is no device's figure.
_OF_ELSE = re.compile(
    r"\s+(?:[\w-]+\s+)?(?:(?:and\s+)?(?:graphics|visual\w*|rendering|media|video)\b|ecosystem|software|"
    r"support|driver|tool|library|framework|community|availability|flexib\w+|versatil\w+)",
    re.IGNORECASE,
)
_SCOPED = re.compile(
    r"\b(?:of the two|here|(?:in|on|of) (?:this|our) (?:comparison|page|guide|article|list|test|round-?up)|"
    r"consumer|gaming|of (?:its|their|the) (?:day|time|era|age)|was|were|at the time|at launch|"
    r"(?:up)?on (?:its )?(?:release|launch|arrival)|when (?:it )?(?:was )?(?:launch|releas|introduc)ed|"
    r"(?:for|to) (?:us|me|my|our|you|your)|because (?:our|my|we|I|of (?:our|my|the))|"
    r"(?:in|of) (?:the|my|our) (?:\w+ )?(?:cluster|lab|office|rack|box|rig|fleet|pool|department|house|"
    r"building|farm|data ?center)|(?:that )?(?:I|we) (?:can|could|have|had|own|got|tried|tested)|"
    r"in an?\s(?:[\w-]+\s){0,3}(?:chassis|case|server|rack|"
    r"workstation|slot|laptop|node|setup|build)|"
    r"not|far from|hardly|barely|by no means|anything but|in its class|per (?:dollar|euro|watt)|"
    r"(?:dollars?|euros?|watts?|joules?) per|price|costs?|budget|under \$|for the money|arguably|"
    r"perhaps)\b",
    re.IGNORECASE,
)
_AMONG = re.compile(
    r"\bof (?:the|these|those|all|them)\b|\bamong\b|\bin (?:this|our)\b|\blist\b", re.IGNORECASE
)
_OF_SEVERAL = re.compile(r"\b(?:one of|among|some of)\b", re.IGNORECASE)
#: What was so on a day, whatever came since.
_OF_A_DAY = re.compile(r"\b(?:(?:in|of|until|before|for) (?:19|20)\d\d|had|was|were)\b", re.IGNORECASE)
#: "The second-fastest GPU ever made", "the next best": another is before it.
_BEHIND = re.compile(r"\b(?:second|third|fourth|fifth|2nd|3rd|4th|5th|next)[- \u2010\u2011]$", re.IGNORECASE)
#: "The highest memory bandwidth of any workstation card", "more VRAM than any other GPU".
_OF_ANY = re.compile(
    r"\b(?:the\s+(?:highest|largest|most|biggest|greatest|fastest|widest)|more|higher|larger|greater)\s+"
    r"(?P<what>(?:[\w-]+\s+){0,3}?[\w-]+)\s+(?:(?:of|than|among|across)\s+(?:any|all|every)\s+(?:other\s+)?"
    r"(?:[\w-]+\s+){0,2}?(?:gpus?|cards?|accelerators?)\b"
    r"(?!\s+(?:here|in this|in our|tested|under|we|from|at|which|with|without|below|that (?!nvidia|amd|"
    r"money|you)))"
    r"|(?:ever|currently|in the world|on the market|in the industry)\b)",
    re.IGNORECASE,
)
#: Of all there are, and not only of those that play games.
_ANYWHERE = re.compile(
    r"\b(?:gpu|accelerator)\s+(?:ever|in the world)|\b(?:any|all)\s+(?:other\s+)?(?:gpu|card|accelerator)",
    re.IGNORECASE,
)
_MAKER = re.compile(r"\b(nvidia|amd)\b", re.IGNORECASE)
#: What a GPU is judged by where an absolute names nothing: it must be surpassed in all of these.
_OVERALL = ("fp16", "bandwidth", "memory")
_JUDGED = ("flop rate", "bandwidth", "memory")
#: Makers and markets of cards, among which one is the best; others build chips with memory of the CPU's.
_CARDS, _MARKETS = ("NVIDIA", "AMD", "INTEL"), ("datacenter", "geforce", "workstation")
_FAR = 120


def find(context: Context) -> Iterator[Finding]:
    """Every absolute with its verdict."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in HEADED:
            continue
        for sentence in sentences(passage.text):
            for match in _ABSOLUTE.finditer(passage.text, sentence.start, sentence.end):
                mention = _whose(index, passage, sentence, match, context)
                quoted = passage.text[max(0, match.start() - 1) : match.start()] in ('"', "\u201c")
                other = _OF_ELSE.match(passage.text, match.end())
                if mention and not quoted and not other and not _is_scoped(sentence, match):
                    said = [one for one in named(sentence.text) if one.attribute.dimension in _JUDGED]
                    asked = [one.attribute for one in said[:1]] or [attributes()[key] for key in _OVERALL]
                    yield _judged(passage, match.span(), mention, asked, context)
            for match in _ONLY_RUNS.finditer(passage.text, sentence.start, sentence.end):
                mention = _whose(index, passage, sentence, match, context)
                scoped = _SCOPED.search(sentence.text) or _AMONG.search(sentence.text)
                if mention and models(match["model"]) and not scoped:
                    yield from _alone(passage, match.span(), mention, context)
            for match in _OF_ANY.finditer(passage.text, sentence.start, sentence.end):
                who = spoken(index, passage, sentence, context)
                # Where several are named it is the best of these.
                mention = who.owner(match.start()) if len({each.named for each in who.here}) < 2 else None
                said = [one for one in named(match["what"]) if one.attribute.dimension in (*_JUDGED, "count")]
                narrowed = _OF_SEVERAL.search(sentence.text) or _OF_A_DAY.search(sentence.text)
                if mention and len(said) == 1 and not narrowed:
                    yield _judged(passage, match.span(), mention, [said[0].attribute], context)


def _alone(passage: Passage, place: tuple[int, int], mention: Mention, context: Context) -> Iterator[Finding]:
    """The only one that can run a model: contradicted where another device of its day holds as much."""
    memory = attributes()["memory"]
    best = max((context.catalogue[key] for key in mention.ids), key=lambda gpu: _value(gpu, memory))
    day = context.document.written or _later(str(best.value("release_date") or "9997"))
    others = [
        gpu
        for gpu in context.catalogue.values()
        if gpu.confidence != "low"
        and gpu.segment in _MARKETS
        and gpu.id not in {*mention.ids, *mention.named}
        and str(gpu.value("release_date") or "9999") <= day
        and _value(gpu, memory) >= _value(best, memory) > 0
    ]
    if others:
        other = max(others, key=lambda gpu: _value(gpu, memory))
        because = f"{other.id} has {other.display('memory')}; {best.id} has {best.display('memory')}"
        yield made(context, passage, place, "absolute", "contradicted", subject=best.id, attribute="memory",
                   because=because, evidence=(on_file(other, memory), on_file(best, memory)))  # fmt: skip


def _whose(
    index: int, passage: Passage, sentence: Sentence, match: re.Match[str], context: Context
) -> Mention | None:
    """The device that an absolute is of: the last before it, else the next, else what the text is about."""
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    near = [m for m in here if m.end <= match.start() and match.start() - m.end < _FAR]
    if here:
        return near[-1] if near else next((m for m in here if m.start >= match.end()), None)
    who = spoken(index, passage, sentence, context)
    if _OF_ANOTHER.fullmatch(passage.text, sentence.start, match.start()):
        return None
    return next(iter(who.topic), None) if who.certain else None


#: What is the only one or the best that is no device: "Water cooling is the only".
_OF_ANOTHER = re.compile(
    r"\W*(?!(?:It|This|That|Th(?:is|at|e) (?:\w+ )?(?:card|gpu|chip|board|part|accelerator|model)|"
    r"Here|There)\b)"
    r"[A-Z][\w-]*(?:\s[\w-]+){0,4}\s(?:is|are|was|remains?|stays?|becomes?)\s+(?:[a-z]+\s+){0,2}"
)


def _is_scoped(sentence: Sentence, match: re.Match[str]) -> bool:
    """Whether a sentence says of what an absolute is one, or its clause that it is of several or no first."""
    at = match.start() - sentence.start
    clause = sentence.text[sentence.text.rfind(",", 0, at) + 1 : match.end() - sentence.start]
    behind = _BEHIND.search(sentence.text[:at])
    return bool(behind or _SCOPED.search(sentence.text) or _OF_SEVERAL.search(clause))


def _judged(
    passage: Passage, place: tuple[int, int], mention: Mention, asked: list[Attribute], context: Context
) -> Finding:
    """Contradicted where another device of its day is better at it, outdated where a later one is."""
    gpus = [context.catalogue[key] for key in common(mention.ids)]
    best = max(gpus, key=lambda gpu: _value(gpu, asked[0]))
    maker = _MAKER.search(passage.text, *place)
    # What one maker counts is no other's: a stream processor is no CUDA core.
    vendors = (
        [best.vendor.upper()] if asked[0].dimension == "count" else [maker[1].upper()] if maker else _CARDS
    )
    better = [
        gpu
        for gpu in context.catalogue.values()
        if gpu.confidence != "low"
        and gpu.segment in _MARKETS
        and not str(gpu.value("memory_type")).startswith("LPDDR")
        and gpu.vendor.upper() in vendors
        and _surpasses(gpu, best, asked)
    ]
    anywhere = _ANYWHERE.search(passage.text, *place) is not None
    segment = segment_of(passage.text[slice(*place)]) or best.segment
    named_too = [gpu for gpu in better if (anywhere or gpu.segment == segment) and gpu.value("release_date")]
    if not named_too:
        return made(context, passage, place, "absolute", "unverifiable", subject=best.id,
                    because="no device on file is better at it")  # fmt: skip
    born = str(best.value("release_date") or "9999")
    day = context.document.written or _later(born)
    of_its_day = [gpu for gpu in named_too if str(gpu.value("release_date")) <= day]
    other = max(of_its_day or named_too, key=lambda gpu: _value(gpu, asked[0]))
    verdict = "contradicted" if of_its_day else "outdated"
    shown = ", ".join(other.display(each.fields[0]) for each in asked)
    own = ", ".join(best.display(each.fields[0]) for each in asked)
    because = f"{other.id} ({str(other.value('release_date'))[:4]}) has {shown}; {best.id} has {own}"
    return made(context, passage, place, "absolute", verdict, subject=best.id, attribute=asked[0].key,
                because=because, evidence=(on_file(other, asked[0]), on_file(best, asked[0])))  # fmt: skip


def _later(day: str) -> str:
    """Two years after a day: devices from then on are of another time."""
    return f"{int(day[:4]) + 2}{day[4:]}"


def _value(gpu: Gpu, attribute: Attribute) -> float:
    value = gpu.value(attribute.fields[0])
    return float(value) if isinstance(value, int | float) else 0.0


def _surpasses(gpu: Gpu, best: Gpu, asked: list[Attribute]) -> bool:
    """Whether a device is at least as good at all that is asked, and better at the first."""
    at_least = all(_value(gpu, each) >= _value(best, each) > 0 for each in asked)
    # "The most powerful", of nothing that is named, leaves more open than a figure does.
    more = _MORE if len(asked) == 1 else _MUCH_MORE
    return at_least and _value(gpu, asked[0]) > more * _value(best, asked[0]) and gpu.id != best.id


_MORE, _MUCH_MORE = 1.05, 1.2
