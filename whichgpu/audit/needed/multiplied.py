"""What so many bytes a parameter, or so many bits, come to; what training of all weights takes at least."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.holding.ways import trained
from whichgpu.audit.needed.verdict import UNLIKE, only_size
from whichgpu.audit.text.models import models
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity


NEEDS = re.compile(
    r"\b(?:requir\w+|needs?|necessitat\w+|demands?|takes?|wants?|swallows?|eats?|fills?|calls? for|uses?|"
    r"consumes?|occup\w+|weighs?|minimum|at least|"
    r"(?:is|are)(?: roughly| about| around| approximately)?(?= ~?\d))\b",
    re.IGNORECASE,
)

#: Behind what it takes so much: "Full fine-tuning of an 8B with Adam: about 128 GB".
_LABELS = re.compile(r"[^.;:]{0,60}:\s*(?:about |around |roughly |at least |some |~|\u2248)*$", re.IGNORECASE)
#: Training of every parameter, and what trains few of them.
_FULL = re.compile(
    r"\b(?:full(?:y|-parameter)?[ -](?:parameter )?(?:fine[ -]?tun\w*|ft\b)|(?:fine[ -]?tun\w*|trained?|"
    r"training) in full|from scratch|(?:with )?full adam\w*|"
    r"weights, (?:their )?gradients,? and (?:the |adam[\u2019']s )?(?:optimi[sz]er )?states)\b",
    re.IGNORECASE,
)

_ADAPTERS = re.compile(
    r"\b(?:q?lora|adapters?|peft|offload\w*|per gpu|each|galore|8-bit|4-bit|int8|nf4|zero|fsdp|shard\w*|"
    r"checkpoint\w*)\b",
    re.IGNORECASE,
)

#: "16 bytes per parameter", and what goes on with what that makes.
_BYTES = re.compile(
    r"(?<![\d.])(?P<n>\d{1,2}(?:\.\d{1,3})?)\s?(?:bytes?|B)\s*(?:per|/|an?|each|for each|"
    r"for every)\s*(?:parameter|param|"
    r"weight)s?\b",
    re.I,
)

_SO = re.compile(
    r"[\s,;:(]*(?:(?:i\.e\.|that is|that makes|which is|which makes|or|so|=|for|about|roughly|around|some|"
    r"a total of|(?:that|this) (?:is|means|makes)|(?:an?\s+)?\d[\d.]*B\s+model(?:\s+(?:this|"
    r"that))?(?:\s+(?:is|means|makes))?|"
    r"totall?ing|giving|makes?|in total|\w+ needs?|(?:an?\s+)?\d[\d.]*B\s+(?:model\s+)?(?:needs?|takes?|"
    r"requires?))[\s,]*){0,4}~?",
    re.IGNORECASE,
)

#: "For 3B parameters that's 48 GB", of the bytes that were told before.
_FOR_SIZE = re.compile(
    r"\s*(?:So |Thus )?(?:for|with) (?:an? |our |the )?(?P<n>\d{1,3}(?:\.\d{1,2})?)\s?(?:B|billion)"
    r"[- ](?:parameters?|params?|weights|models?)[\w -]{0,12}?,? "
    r"(?:that[\u2019']?s?(?: is| makes| means)?|it[\u2019']?s|this is)\s+"
    r"(?:about |around |roughly |~)?(?P<size>\d{1,4}(?:\.\d)?)\s?GB\b",
    re.IGNORECASE,
)

#: "7B needs 14 GB", one model after another.
_TAKES = re.compile(
    r"\b(?P<n>\d{1,3}(?:\.\d)?)B(?: model)?\s+(?:needs?|takes?|requires?|is|uses?|=)\s+(?:about |around |"
    r"roughly |~)?"
    r"(?P<size>\d{1,4}(?:\.\d)?)\s?GB\b(?!\s+(?:card|gpu))",
    re.IGNORECASE,
)

_ROUNDED, _MISSED, _BACK = 0.08, 0.15, 200


def by_bits(passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    """What one model takes at several widths: "16 GB at 16 bits, 8 GB at 8 bits, and 4 GB at 4"."""
    found = models(passage.text[slice(*place)])
    told = list(_AT_BITS.finditer(passage.text, *place))
    if len({each.parameters for each in found}) != 1 or len(told) < 2 or not told[0]["word"]:
        return
    for match in told:
        real = found[0].parameters * float(match["bits"]) / 8
        size = float(match["size"]) * 1e9
        # Files of so many bits have scales beside the weights.
        wrong = not (1 - UNLIKE) * real < size < (1 + UNLIKE) * real + _SCALES
        because = (
            f"{found[0].parameters / 1e9:.4g} billion weights of {match['bits']} bits are {real / 1e9:.3g} GB"
        )
        yield made(
            context, passage, match.span("size"), "memory", "contradicted" if wrong else "confirmed",
            subject=found[0].name.strip(), attribute="weights", because=because,
            expected=f"{real / 1e9:.3g}" if wrong else "", evidence=(Evidence(because),),
        )  # fmt: skip


#: A size and the width of its weights; what scales add to small models.
_AT_BITS = re.compile(
    r"(?<![\d.,])(?P<size>\d{1,4}(?:\.\d{1,2})?) ?GB (?:at|in|with) (?P<bits>16|8|6|5|4|3|2)"
    r"(?P<word>[ -]?bits?)?(?=\s*(?:[,;.)]|and\b|$))",
    re.IGNORECASE,
)

_SCALES = 0.5e9


def of_training(passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    """What fine-tuning in full is said to need: less than its weights, gradients and states is wrong."""
    text = passage.text[place[0] : place[1]]
    found = models(text) if not _ADAPTERS.search(text) else ()
    full = _FULL.search(text) if len(found) == 1 else None
    start = place[0] + max(full.end(), found[0].end) if full else place[1]
    quantity = next(
        (each for each in within(quantities(passage.text, context.fraction), start, place[1])
         if each.dimension == "memory"), None,
    )  # fmt: skip
    if quantity is None or not (
        NEEDS.search(passage.text, place[0], quantity.start)
        or _LABELS.search(passage.text, place[0] + found[0].end, quantity.start)
    ):
        return
    way = trained(text)
    least = way.least * found[0].parameters
    wrong = quantity.high < 0.95 * least
    because = f"{found[0].parameters / 1e9:.4g} billion parameters {way.words} take {least / 1e9:,.3g} GB"
    verdict = "contradicted" if wrong else "unverifiable"
    yield made(
        context, passage, (quantity.start, quantity.end), "memory", verdict, subject=found[0].name,
        attribute="required memory", because=because,
        expected=f"at least {least / 1e9:,.3g} GB" if wrong else "", evidence=(Evidence(because),),
    )  # fmt: skip


def of_bytes(passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    """What so many bytes a parameter come to: "16 bytes per parameter, i.e. 112 GB" of a 7B model."""
    text = passage.text
    match = _BYTES.search(text, *place)
    sized = None if match else _FOR_SIZE.match(text, *place)
    told = _BYTES.search(text, max(0, place[0] - _BACK), place[0]) if sized else None
    size = only_size(passage, (sized.start("size") - 1, sized.end()), context) if sized and told else None
    if sized and told and size:
        yield _times(passage, size, float(told["n"]), float(sized["n"]) * 1e9, context)
        for one in _TAKES.finditer(text, sized.end(), place[1]):
            also = only_size(passage, (one.start("size") - 1, one.end()), context)
            if also:
                yield _times(passage, also, float(told["n"]), float(one["n"]) * 1e9, context)
    found = (models(text[place[0] : place[1]]) or models(text[: place[0]])[-1:]) if match else ()
    if match is None or not found:
        return
    if len({each.parameters for each in found}) > 1:
        for one in _TAKES.finditer(text, match.end(), place[1]):
            size = only_size(passage, (one.start("size") - 1, one.end()), context)
            if size:
                yield _times(passage, size, float(match["n"]), float(one["n"]) * 1e9, context)
        return
    result = next(
        (each for each in within(quantities(text, context.fraction), match.end(), place[1])
         if each.dimension == "memory"), None,
    )  # fmt: skip
    if result is None or result.high != result.value or not _SO.fullmatch(text, match.end(), result.start):
        return
    yield _times(passage, result, float(match["n"]), found[0].parameters, context)


def _times(passage: Passage, result: Quantity, each: float, parameters: float, context: Context) -> Finding:
    """The verdict on a size that so many bytes for each of some parameters make."""
    real = each * parameters
    off = abs(result.value / real - 1) if real else math.inf
    because = f"{each:g} B for each of {parameters / 1e9:.4g} billion parameters are {real / 1e9:,.3g} GB"
    verdict = "confirmed" if off <= _ROUNDED else "inconsistent" if off > _MISSED else "unverifiable"
    return made(
        context, passage, (result.start, result.end), "memory", verdict,
        subject=f"{parameters / 1e9:g}B", attribute="required memory", because=because,
        evidence=(Evidence(because),), expected="" if verdict == "confirmed" else f"{real / 1e9:,.3g} GB",
    )  # fmt: skip


#: Adapters beside frozen weights: in how many bytes these are kept.
_FROZEN = (
    (0.5, re.compile(r"\bq-?lora\b", re.IGNORECASE)),
    (2.0, re.compile(r"\blora\b", re.IGNORECASE)),
)
#: What takes more than weights and adapters do, or is not told as a need.
_BESIDE = re.compile(
    r"\b(?:context\w*|batch\w*|sequence\w*|tokens?|long|users?|images?|full|merg\w*|sav\w*|load\w*|host|"
    r"system|ram|disk|"
    r"not|never|no|without|than|instead|if|would|could|comfortabl\w*|recommend\w*|free|spare|left)\b|"
    r"n[\u2019']t\b",
    re.IGNORECASE,
)
#: So many times frozen weights and some GB of adapters, states and activations no usual run takes.
_MANY_TIMES, _ROOM = 4.0, 6e9


def of_adapters(passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    """What training adapters is said to need: many times the frozen weights is no requirement."""
    text = passage.text[slice(*place)]
    width = next((each for each, words in _FROZEN if words.search(text)), 0.0)
    found = models(text) if width else ()
    if len(found) != 1 or _BESIDE.search(text):
        return
    told = [
        each
        for each in within(quantities(passage.text, context.fraction), *place)
        if each.dimension == "memory"
    ]
    if len(told) != 1 or not NEEDS.search(passage.text, place[0], told[0].start):
        return
    frozen = width * found[0].parameters
    if told[0].value <= _MANY_TIMES * (frozen + _ROOM):
        return
    because = (
        f"{found[0].parameters / 1e9:.4g} billion frozen weights of {width:g} B are {frozen / 1e9:,.3g} GB; "
        f"{told[0].value / 1e9:,.3g} GB is {told[0].value / frozen:.0f} times that, and no requirement"
    )
    yield made(
        context, passage, (told[0].start, told[0].end), "memory", "contradicted", subject=found[0].name,
        attribute="required memory", because=because, evidence=(Evidence(because),),
    )  # fmt: skip
