"""What is said of all devices of a group, or of none: "no consumer card has more than 16 GB".

The group is told by its maker, market, architecture, series or age, and the catalogue has its devices: one
of them for which it is not so is enough.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.only import OWNED, segment_of
from whichgpu.audit.devices.families import architectures, called, is_of
from whichgpu.audit.findings import made
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.capabilities import named_in
from whichgpu.audit.values.sourced import source_of
from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_NOUN = r"(?:gpus?|(?:graphics )?cards?|accelerators?|boards?|models?|chips?|geforces?|quadros?|radeons?)"
_FAMILY = r"(?:ampere|ada(?: lovelace)?|hopper|turing|volta|pascal|blackwell|maxwell|kepler)"
_LEAD = (
    r"(?:nvidia|amd|intel|nvidia[\u2019']s|amd[\u2019']s|intel[\u2019']s|geforce|radeon|quadro|consumer|"
    r"gaming|gamer|"
    r"professional|workstation|pro|server|data[- ]?cent(?:er|re)|desktop|graphics|"
    rf"{_FAMILY}(?:[- ](?:generation|based|era))?|"
    r"(?:rtx|gtx)[- ]?(?:10|16|20|30|40|50)(?:[- ]?(?:series|generation))?)"
)
_NO = (
    r"(?:there (?:is|are|isn[\u2019']t|aren[\u2019']t|was|were) )?(?:no|not (?:a single|one|any)|a single)|"
    r"none of (?:the|all)"
)
#: Who all is meant, or none of whom; or a group of which what follows tells that.
_GROUP = re.compile(
    rf"\b(?:(?P<none>{_NO}|(?:has|have) (?:yet to|never) (?:\w+ ){{1,2}}an?)|"
    r"(?P<all>every(?: single)?|each|all(?: of)?(?: the)?|what(?:so)?ever|whichever|the (?:whole|entire))|"
    r"(?P<among>among|amongst|of all(?: the)?)|"
    r"(?P<never>never (?:\w+ ){0,4}?(?:on|in|by|with|to)(?: an?| any)?))\s+"
    rf"(?:the\s+)?(?P<lead>(?:{_LEAD}\s+){{0,4}})(?:{_NOUN}|(?:family|generation|line-?up|range|series))\b"
    rf"(?P<of>\s+(?:of|in|from|by)\s+(?:the\s+)?(?:{_LEAD}\s*){{1,3}}(?:series|generation|family|"
    rf"line-?up|line|range)?)?",
    re.IGNORECASE,
)
#: Of a group by its plural: "GeForce cards have always lacked NVLink".
_PLURAL = re.compile(
    rf"(?P<none>\0)?(?P<among>\0)?(?P<never>\0)?(?P<all>)(?<![\w-])(?P<lead>(?:{_LEAD}\s+){{1,4}}){_NOUN}s?\b(?P<of>)"
    r"(?=\s+(?:(?:have|do|are|come|carry)\s+)?(?:always|without exception|invariably|all|have all|"
    r"one and all)\b)",
    re.IGNORECASE,
)
#: Of no others than a group.
_ONLY_OF = re.compile(
    rf"(?:\b(?:(?:only|exclusively|solely)(?: \w+){{0,2}}? (?:on|in|by|with|to|for)|(?:reserved|limited|"
    rf"restricted|confined|exclusive|"
    rf"unique) (?:for|to)|(?:privilege|preserve|domain|"
    rf"monopoly) of)\s+(?:the\s+)?(?P<lead>(?:{_LEAD}\s+){{0,4}}){_NOUN}\b(?P<of>)|"
    rf"\b(?:on|in|by|with|to)\s+(?:the\s+)?(?P<lead2>(?:{_LEAD}\s+){{0,4}}){_NOUN}\s+(?:only|alone|"
    rf"exclusively)\b)",
    re.IGNORECASE,
)
#: Of a group, behind its name: "among consumer cards none has".
_OF_THEM = re.compile(
    r",?\s+(?:(?P<none>none|not (?:a single )?one|no (?:card|gpu|model)s?)|(?P<all>each|every(?: one)?|"
    r"all))\b",
    re.I,
)
_AGE = re.compile(
    rf"\b(?P<when>before|prior to|until|older than|earlier than|after|since|newer than|from)\s+(?:the\s+)?"
    rf"(?:(?P<year>20[012]\d)|(?P<family>{_FAMILY}))\b",
    re.IGNORECASE,
)
#: What narrows a group to what no catalogue has, or makes a claim of part of it.
_NARROWED = re.compile(
    r"\b(?:here|these|those|this|we|our|my|almost|nearly|practically|virtually|not (?:every|all|each)|"
    r"most|list(?:ed)?|"
    r"compare[ds]?|table|current(?:ly)?|today|modern|cheap\w*|affordable|below|under|budget|other|else|"
    r"except|besides|"
    r"apart from|but the|save for|laptops?|notebooks?|mobile|back then|at the time|"
    r"(?<!has )(?<!have )yet|so far|with (?:a|an|more|less|at "
    r"least)\b.*\b(?:has|have|is|are)|(?<!card )(?<!gpu )(?<!one )that (?:has|have|can|fits?)|whose|of them|"
    r"of the (?:two|three|four))\b",
    re.IGNORECASE,
)
_LACKS = re.compile(
    r"\b(?:lacks?|without|misses|is missing|do(?:es)? without|has no|have no|not|no|never|none)\b|"
    r"n[\u2019']t\b",
    re.IGNORECASE,
)
_MORE = re.compile(r"\b(?:more than|over|above|beyond|exceeds?|upwards of|tops?)\s+$", re.IGNORECASE)
_LESS = re.compile(r"\b(?:less than|fewer than|under|below)\s+$", re.IGNORECASE)
_LEAST = re.compile(r"\b(?:at least|no less than|a minimum of)\s+$", re.IGNORECASE)
_TYPE = re.compile(r"\b(?:HBM(?:\d[a-z]?)?|GDDR\d\w?)\b", re.IGNORECASE)
_MEMORY = re.compile(r"\b(?:memory|vram|gb|gigabytes?|gigs?)\b", re.IGNORECASE)
_SERIES = re.compile(r"\b(?P<line>rtx|gtx)[- ]?(?P<n>10|16|20|30|40|50)\b", re.IGNORECASE)
_MAKER = re.compile(r"\b(nvidia|amd|intel|geforce|radeon|quadro|rtx|gtx)\b", re.IGNORECASE)
_MAKERS = {"geforce": "nvidia", "quadro": "nvidia", "rtx": "nvidia", "gtx": "nvidia", "radeon": "amd"}
MARKETS = ("datacenter", "geforce", "workstation")
#: What software gives, or maker and age alone.
_OF_SOFTWARE = frozenset(
    {"cuda", "vgpu", "rocm", "dlss", "av1_decode", "tensorrt", "cudnn", "fp16", "int8", "hbm"}
)
_BEFORE = re.compile(r"before|prior to|until|older than|earlier than", re.IGNORECASE)
#: So large a part of a group is no oddity of it.
_A_PART, _ONE, _FEW = 0.08, 1, 4
#: How far a size may be off that is told by rounding.
_ROUND = 0.03


class _Property(NamedTuple):
    """What is said to be had: its place, its key, the field it is told by, and whether a device has it."""

    start: int
    end: int
    key: str
    field: str
    has: Callable[[Gpu], bool | None]


def of_all(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """Each claim of all or of none of a group that a device of it refutes."""
    if _NARROWED.search(sentence.text) or OWNED.search(sentence.text):
        return
    yield from _of_no_others(passage, sentence, context)
    plural = _PLURAL.finditer(passage.text, sentence.start, sentence.end)
    for match in (*_GROUP.finditer(passage.text, sentence.start, sentence.end), *plural):
        start, end = (sentence.start, match.start()) if match["never"] else (match.end(), sentence.end)
        of_none = match["none"] is not None or match["never"] is not None
        if match["among"]:
            told = _OF_THEM.match(passage.text, start, end)
            if told is None:
                continue
            of_none, start = told["none"] is not None, told.end()
        named = context.mentions.get(context.place(passage), ())
        if within(named, sentence.start, sentence.end):
            continue
        said = property_said(passage.text, start, end, context)
        if said is None and match["all"] is not None:
            # "GDDR6 is used by every card".
            start, end = sentence.start, match.start()
            said = property_said(passage.text, start, end, context)
        # "No card lacks it", "every card lacks it".
        wanted = of_none is (_LACKS.search(passage.text, start, end) is not None)
        group = _members(match, sentence, context) if said else []
        against = [gpu for gpu in group if said and said.has(gpu) is (not wanted)]
        # One of them refutes "none", of "all" no oddity does.
        if said is None or len(against) <= (_ONE if of_none else _A_PART * len(group)):
            continue
        shown = max(against, key=lambda gpu: (gpu.segment in MARKETS, str(gpu.value("release_date") or "")))
        value = shown.display(said.field) if shown.value(said.field) is not None else "it"
        lacks = wanted and said.field not in ("memory", "memory_type")
        because = f"{shown.id} has none" if lacks else f"{shown.id} is one of them, and has {value}"
        kind = architectures().search(match[0])
        subject = called(shown) if kind else shown.id
        place = (min(match.start(), said.start), max(match.end(), said.end))
        yield made(context, passage, place, "absolute", "contradicted", subject=subject,
                   attribute=said.field, because=because,
                   evidence=(source_of(shown, said.field),))  # fmt: skip


def _of_no_others(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """A claim that no device outside a group has something, which several have."""
    match = _ONLY_OF.search(passage.text, sentence.start, sentence.end)
    if match is None or within(
        context.mentions.get(context.place(passage), ()), sentence.start, sentence.end
    ):
        return
    said = property_said(passage.text, sentence.start, match.start(), context)
    group = {gpu.id for gpu in _members(match, sentence, context)} if said else {*context.catalogue}
    vendors = {gpu.vendor for key in group for gpu in (context.catalogue[key],)}
    others = [
        gpu
        for key, gpu in context.catalogue.items()
        if key not in group and gpu.segment in MARKETS and gpu.confidence != "low" and gpu.vendor in vendors
    ]
    against = [gpu for gpu in others if said and said.has(gpu) is True]
    if said is None or said.key in ("memory", "ecc") or _LACKS.search(sentence.text) or len(against) <= _FEW:
        return
    shown = max(against, key=lambda gpu: str(gpu.value("release_date") or ""))
    because = f"{shown.id} has it too, as {len(against)} others"
    yield made(context, passage, (said.start, match.end()), "absolute", "contradicted", subject=shown.id,
               attribute=said.field, because=because, evidence=(source_of(shown, said.field),))  # fmt: skip


def _members(match: re.Match[str], sentence: Sentence, context: Context) -> list[Gpu]:
    """The devices of a group."""
    words = f"{match[0]} "
    if match.groupdict().get("none") and not _MAKER.search(words):
        # "NVIDIA has never built a card with".
        words += " ".join(
            each[0] for each in _MAKER.finditer(sentence.text[: match.start() - sentence.start])
        )
    segment = segment_of(words)
    family, series, maker = architectures().search(words), _SERIES.search(words), _MAKER.search(words)
    bounds = [*_AGE.finditer(sentence.text)]
    since = _SINCE.search(sentence.text)
    if not (segment or family or series or maker or bounds) or len(bounds) > 1:
        # Of all there are: too many to be meant.
        return []
    if since and (bounds or _BEFORE.fullmatch(since["when"])):
        return []
    vendor = _MAKERS.get(maker[1].lower(), maker[1].lower()) if maker else ""
    if bounds and bounds[0]["family"]:
        vendor = vendor or "nvidia"
    born = _bound(bounds[0], context) if bounds else ("", "9")
    return [
        gpu
        for gpu in _sold(context)
        if gpu.segment == (segment or gpu.segment)
        and (not vendor or gpu.vendor.lower() == vendor)
        and born[0] <= str(gpu.value("release_date")) < born[1]
        and (series is None or gpu.id.startswith(f"{series['line'].lower()}-{series['n']}"))
        and (since is None or _is_since(gpu, since))
        and (family is None or is_of(gpu, family[0]))
    ]


def _sold(context: Context) -> Iterator[Gpu]:
    """The devices of the markets, of which it is known when they came out."""
    for gpu in context.catalogue.values():
        if gpu.confidence != "low" and gpu.value("release_date") and gpu.segment in MARKETS:
            yield gpu


#: From a series of cards on, whenever one of an older series came: "since the RTX 40 series".
_SINCE = re.compile(
    r"\b(?P<when>before|prior to|until|older than|earlier than|after|since|newer than|from)\s+(?:the\s+)?"
    r"(?:geforce\s+|radeon\s+)?(?P<line>rtx|gtx|rx)[- ]?(?P<n>\d{2,4})(?:[- ]series)?\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?:rtx|gtx|rx)-(?P<n>\d{4})\b")


def _is_since(gpu: Gpu, since: re.Match[str]) -> bool:
    """Whether a card is of a series or of a later one, by the number of its name."""
    own = _NUMBERED.match(gpu.id)
    least = int(since["n"].ljust(4, "0"))
    first = gpu.id.partition("-")[0] == since["line"].lower() or gpu.segment == "geforce"
    return own is not None and first and int(own["n"]) // 1000 * 1000 >= least // 1000 * 1000


def _bound(match: re.Match[str], context: Context) -> tuple[str, str]:
    """From when and until when what an age tells came out."""
    if match["year"]:
        day = match["year"]
    else:
        every = (gpu for gpu in context.catalogue.values() if is_of(gpu, match["family"]))
        day = min((str(gpu.value("release_date")) for gpu in every if gpu.value("release_date")), default="")
    return ("", day) if _BEFORE.fullmatch(match["when"]) else (day, "9")


def property_said(text: str, start: int, end: int, context: Context) -> _Property | None:
    """What a stretch of a text says to be had, if that is one thing."""
    sizes = [each for each in quantities(text, context.fraction) if start <= each.start < end]
    sizes = [each for each in sizes if each.dimension != "number"]
    caps = [each for each in named_in(text, start, end) if each.key not in _OF_SOFTWARE]
    kind = _TYPE.search(text, start, end)
    if len(caps) == 1 and not any(each.dimension == "memory" for each in sizes):
        one = caps[0]
        return _Property(start, end, one.key, one.field, one.has)
    if kind and not sizes and not caps:
        return _Property(kind.start(), kind.end(), "memory_type", "memory_type", _of_type(kind[0].lower()))
    if len(sizes) != 1 or caps or sizes[0].dimension != "memory" or not _MEMORY.search(text, start, end):
        return None
    size, before = sizes[0], text[start : sizes[0].start]
    more, less, least = (each.search(before) is not None for each in (_MORE, _LESS, _LEAST))
    has = _of_size(size.value, more=more, less=less, least=least)
    return _Property(size.start, size.end, "memory", "memory", has)


@lru_cache(maxsize=64)
def _of_type(told: str) -> Callable[[Gpu], bool | None]:
    def has(gpu: Gpu) -> bool | None:
        known = str(gpu.value("memory_type") or "").lower()
        return known.startswith(told) if known else None

    return has


def _of_size(size: float, *, more: bool, less: bool, least: bool) -> Callable[[Gpu], bool | None]:
    """Whether a device has more memory than so much, less, at least, or just as much."""

    def has(gpu: Gpu) -> bool | None:
        value = gpu.value("memory")
        if not value:
            return None
        # Gigabytes of memory are binary, and those of a text may be.
        gb = float(value) / GIB
        told = size / 1e9
        if more:
            return gb > told * (1 + _ROUND)
        if less:
            return gb < told * (1 - _ROUND)
        return gb >= told * (1 - _ROUND) if least else abs(gb / told - 1) <= _ROUND

    return has
