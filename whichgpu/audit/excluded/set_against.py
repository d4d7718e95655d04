"""An amount that is told beside what a named device has: "575 W, 75 W more than the 4090".

Behind an amount stands by how much, or how many times, it is more or less than another device's: "1.8 TB/s,
three times what Hopper had", "$1,999, or $300 more than the 4090 cost when it came out". Whatever the amount
is of, it is wrong where nothing on file of that device in the unit, and no amount told around, is so far off.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_indicative
from whichgpu.audit.comparisons.multiple import Multiple
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.said import Claim, claims, is_near
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import RATES, attributes, named
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: Dimensions of which a device has values on file.
_OF = frozenset({"memory", "bandwidth", "power", "money", "count", *RATES})
#: Between an amount and by how much it is more.
_THAT_IS = re.compile(
    r"[\s,;:(\u2013\u2014.-]*(?:(?:(?:and\s+)?(?:that|this|which|it)\s*(?:is|are|was|[\u2019']s|makes|means|"
    r"comes to|works out (?:at|to))|i\.e\.|or|so|thus|hence|in other words|therefore|about|around|roughly|"
    r"some|just|only|nearly|almost|exactly|an?|full|good|whopping|mere|meagre|still|well|more than|over|"
    r"close to|no less than|whole|of (?:GDDR\d\w?|HBM\d?\w?|ECC|(?:device |video )?memory|VRAM)(?: memory)?|"
    r"(?:with|and) ECC(?: memory)?|(?:CUDA |shader )?(?:cores|shaders)|"
    r"(?:for|on|of|in|with)\s+(?:the\s+|its\s+|this\s+)?\u0001+|\()[\s,:(]*)*",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\s*(?:of (?:memory|vram|power|bandwidth) )?(?:more|less|fewer|higher|lower|above|below|cheaper|dearer|"
    r"pricier|extra|over|on top of|under)\b",
    re.IGNORECASE,
)
#: Between that and the device.
_TO = re.compile(
    r"(?:[^.;,:()\d]|(?<=(?:essor|bling|ousin|rival)),(?=\sthe\s)){0,44}?(?:\b(?:than|of|what|as|over|above|below|to|with|that|"
    r"the|its)\s+|^\s*)(?:(?:the|an?|its|in|on|with|for|nvidia[\u2019']s|nvidia|old|older|amd)\s+)*$",
    re.IGNORECASE,
)
#: Behind a multiple, that it is of what no amount of a device says alone: "450 W. 2x the compute of a 3090".
_OF_WORK = re.compile(
    r"\s*(?:the\s+|as\s+much\s+)?(?:raw\s+)?(?:compute|computing|speed|performance|throughput|work|muscle)\b",
    re.IGNORECASE,
)
_LAUNCH = re.compile(
    r"\b(?:launch\w*|came out|msrp|list price|at its (?:debut|introduction)|recommended|originally|cost when|"
    r"introduc\w+|debut\w*|start(?:ed|ing) (?:price|at))\b",
    re.IGNORECASE,
)
#: What makes an amount one of something else than a device as it is sold.
_ELSE = re.compile(
    r"\b(?:measur\w+|tests?|tested|idle|idles|idling|average\w*|limit\w*|capped|undervolt\w*|wall|systems?|"
    r"supply|psu|used|second[- ]hand|rent\w*|hour\w*|month\w*|per|both|two|three|four|six|eight|pairs?|"
    r"together|combined|total\w*|slices?|effective\w*|free|left|leav\w+|spare|needs?|requires?|weights?|model|"
    r"cache|left over|would|could|if|overclock\w*|street|ebay|current\w*|today|now|our|we|my|tokens?|"
    r"images?)\b",
    re.IGNORECASE,
)
#: As much as another has.
_SAME = re.compile(
    r"\b(?:exactly |just |precisely )?(?:the (?:very )?same(?: (?:amount|rate|speed|number|figure|capacity|"
    r"bandwidth|power|value))?|as (?:much|many|fast))(?: as| that|(?= the\b))",
    re.IGNORECASE,
)
_NEAR = 0.04


class _Said(NamedTuple):
    """By how much, or how many times, an amount is more than what a device has."""

    start: int
    end: int
    by: Quantity | None
    claim: Claim | None


def set_against(context: Context) -> Iterator[Finding]:
    """Every such difference or ratio that neither what is on file nor what is told around bears out."""
    for index, passage in context.document.running():
        told = sentences(passage.text)
        for before, sentence in zip((None, *told), told, strict=False):
            if "?" in sentence.text or _ELSE.search(_TWICE.sub(" ", sentence.text)):
                continue
            if is_indicative(sentence.text):
                start = before.start if before else sentence.start
                for said in _said(passage.text, sentence, context.fraction):
                    yield from _judged(said, (index, passage, start), sentence, context)


#: Numbers of times, and no devices.
_TWICE = re.compile(r"\b(?:two|three|four|six|eight|two and a half)(?: times|-fold|fold)\b", re.IGNORECASE)


def _said(text: str, sentence: Sentence, fraction: str) -> Iterator[_Said]:
    for each in within(quantities(text, fraction), sentence.start, sentence.end):
        if each.dimension in _OF and each.high == each.value > 0 and (more := _MORE.match(text, each.end)):
            yield _Said(each.start, more.end(), each, None)
    every = claims(text, sentence, fraction)
    for claim in every:
        yield _Said(claim.start, claim.end, None, claim)
    for same in _SAME.finditer(text, sentence.start, sentence.end):
        if not any(each.start < same.end() and same.start() < each.end + len(" as much") for each in every):
            yield _Said(*same.span(), None, Claim(*same.span(), (Multiple(*same.span(), 1.0, ""),)))


def _judged(
    said: _Said, at: tuple[int, Passage, int], sentence: Sentence, context: Context
) -> Iterator[Finding]:
    index, passage, start = at
    text = passage.text
    one = _amount(said, passage, start, context)
    until, against = _against(said, index, passage, sentence, context) if one else (0, ())
    if one is None or not against or (said.by and said.by.dimension != one.dimension):
        return
    of_else = {each.attribute.dimension for each in within(named(text), said.start, until)}
    if of_else - {one.dimension} or _OF_WORK.match(text, said.end):
        # "600 GB/s, half as much memory again as the T4".
        return
    if one.dimension == "money" and not _LAUNCH.search(text, said.end, sentence.end):
        return
    known = _values(against, one.dimension)
    around = [each.value for each in _amounts(text, context.fraction)
              if each.dimension == one.dimension and each.value > 0 and each is not said.by]  # fmt: skip
    pairs = [(one.value, value) for value in known] + [*permutations(dict.fromkeys(around[:24]), 2)]
    if not known or any(_is_so(said, a, b) for a, b in pairs):
        return
    shown = text[one.start : one.end]
    of = ", ".join(dict.fromkeys(f"{gpu.id} has {_shown(gpu, one.dimension)}" for gpu in against[:3]))
    end = said.by.end if said.by else said.end
    because = f"{shown} against what is on file: {of}"
    yield made(
        context, passage, (said.start, end), "ratio", "contradicted", attribute=one.dimension,
        subject=", ".join(gpu.id for gpu in against[:3]), because=because, evidence=(Evidence(because),),
    )  # fmt: skip


def _amount(said: _Said, passage: Passage, start: int, context: Context) -> Quantity | None:
    """The amount right before, of which a difference or a ratio is told."""
    text = passage.text
    near = within(quantities(text, context.fraction), start, said.start)
    before = [each for each in _counted(near, text) if each.end <= said.start and each.dimension in _OF]
    one = before[-1] if before else None
    plain = one is not None and one.high == one.value > 0 and one.limit in ("", "about")
    if not plain or one is None:
        return None
    between = list(text[one.end : said.start])
    for each in within(context.mentions.get(context.place(passage), ()), one.end, said.start):
        between[each.start - one.end : each.end - one.end] = "\u0001" * (each.end - each.start)
    return one if _THAT_IS.fullmatch("".join(between)) else None


#: Behind a number, that cores are counted.
_CORES = re.compile(r"\s+(?:(?:CUDA|shader|stream|FP32)\s+)?(?:cores|shaders|processors)\b", re.IGNORECASE)


def _amounts(text: str, fraction: str) -> Sequence[Quantity]:
    """The amounts of a text; numbers of cores are a count."""
    return _counted(quantities(text, fraction), text)


def _counted(every: Iterable[Quantity], text: str) -> list[Quantity]:
    """Amounts of a text, those of cores as a count."""
    return [
        each._replace(dimension="count")
        if each.dimension == "number" and _CORES.match(text, each.end)
        else each
        for each in every
    ]


def _against(
    said: _Said, index: int, passage: Passage, sentence: Sentence, context: Context
) -> tuple[int, Sequence[Gpu]]:
    """Where the name stands, or the generation, that an amount is set against, and its devices."""
    text, names = passage.text, within(context.mentions.get(index, ()), said.end, sentence.end)
    first = names[0] if names else None
    if first and _TO.fullmatch(text, said.end, first.start) and counted(text, said.end, first.start) <= 1:
        return first.start, [context.catalogue[key] for key in first.ids]
    family = architectures().search(text, said.end, sentence.end)
    if family and _TO.fullmatch(text, said.end, family.start()) and (not first or first.start > family.end()):
        every = (context.catalogue[key] for key in context.catalogue)
        return family.start(), [gpu for gpu in every if is_of(gpu, family[0])]
    return 0, ()


def _values(gpus: Sequence[Gpu], dimension: str) -> list[float]:
    """All that is on file of some devices in a unit; peaks with sparsity, too."""
    keys = [each for each in attributes().values() if each.dimension == dimension]
    keys = [attributes()["cores"]] if dimension == "count" else keys
    found = [value for gpu in gpus for key in keys for value in key.amounts(gpu)]
    if dimension == "memory":
        found += [(nominal_gb(value) or 0) * 1e9 for value in found]
    if dimension in RATES:
        found += [value * by for value in found for by in (2.0, 0.5)]
    return [each for each in dict.fromkeys(found) if each]


def _is_so(said: _Said, a: float, b: float) -> bool:
    """Whether two amounts differ as is said, either way round."""
    if said.claim:
        return any(is_near(way, real) for way in said.claim.ways for real in (a / b, b / a))
    by = said.by.value if said.by else 0.0
    return bool(by) and abs(abs(a - b) / by - 1) <= _NEAR


def _shown(gpu: Gpu, dimension: str) -> str:
    """What a device has in a unit, as it is written."""
    fields = (key.fields[0] for key in attributes().values() if key.dimension == dimension)
    return " or ".join([gpu.display(field) for field in fields if gpu.value(field) is not None][:2])
