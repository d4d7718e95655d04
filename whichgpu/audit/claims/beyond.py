"""Values said to be more or less than another's: "750 W, less than the H100's 700 W"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.audit.attributes import BY_UNIT, RATES, attributes, named
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.judging import on_file
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

_WORDS = re.compile(
    r"\b(?:(?P<less>less|lower|fewer|slower|smaller|weniger|niedriger|geringer|moins|menos)"
    r"|(?P<more>more|higher|greater|larger|bigger|faster|quicker|mehr|h\u00f6her|gr\u00f6\u00dfer|plus|m\u00e1s))\s+"
    r"(?P<what>(?:\w+\s+){0,3}?)(?:than|als|que)\s+(?:both\s+)?(?:the\s+|an?\s+|die\s+|der\s+|das\s+|eine?\s+|la\s+|le\s+|el\s+)?"
    r"(?:nvidia\s+|amd\s+|geforce\s+)*$"
    r"|\b(?:(?P<below>below|under|short of|shy of|behind)|(?P<above>above|ahead of|beyond|exceeding|"
    r"beating|topping))\s+"
    r"(?:both\s+)?(?:the\s+|an?\s+|that of the\s+)?(?:nvidia\s+|amd\s+|geforce\s+)*$",
    re.IGNORECASE,
)
#: What may stand between the first value and the word: it is said of the same device, and of nothing else.
_GAP = re.compile(
    r"(?!\s*$)(?:\s+(?:of\s+)?\w+){0,2}\s*,?\s*(?:(?:the\s+)?[\w-]+\s+(?:needs|uses|draws|has|offers|braucht|hat|consomme|consume)\s+|"
    r"(?:it\s+)?(?:needs|uses|draws|has|offers|is|a bit|which is|that is|even|slightly|much|far|"
    r"significantly|still|just|also|noch|"
    r"deutlich|etwas)\s+|\()*",
    re.IGNORECASE,
)
#: Before a value that is the device's own: "braucht mit 400 W mehr Strom als".
_WITH = re.compile(r"\b(?:mit|with|avec|con)\s+$", re.IGNORECASE)
_NAMES = {
    "power": re.compile(r"(?:power|energy|electricity|strom|leistung|energie|courant|energ\u00eda)?", re.I),
    "memory": re.compile(r"(?:memory|vram|video memory|speicher|m\u00e9moire|memoria)?", re.I),
    "bandwidth": re.compile(r"(?:(?:memory )?bandwidth|(?:speicher)?bandbreite|bande passante)?", re.I),
}  # fmt: skip
#: How far back from a name the words that set something against it can begin.
_REACH = 90
_EQUAL = 0.02
_RATE_KEYS = ("fp64", "fp64_tensor", "fp32", "tf32", "fp16", "bf16", "fp8", "fp4", "int8", "int4")
_GB = 1e9


def find(context: Context) -> Iterator[Finding]:
    """Every value that is set above or below another one, with its verdict."""
    for index, passage in enumerate(context.document.passages):
        here = context.mentions.get(index, ())
        if passage.kind in ("paragraph", "item", "caption") and here:
            for sentence in sentences(passage.text):
                for mention in within(here, sentence.start, sentence.end):
                    yield from _set_against(passage, sentence, mention, context)


def _set_against(
    passage: Passage, sentence: Sentence, mention: Mention, context: Context
) -> Iterator[Finding]:
    text = passage.text
    words = _WORDS.search(text, max(sentence.start, mention.start - _REACH), mention.start)
    if words is None:
        return
    found = within(quantities(text, context.fraction), sentence.start, sentence.end)
    before = [each for each in found if each.end <= words.start() and each.dimension in (*BY_UNIT, *RATES)]
    if not before or before[-1].high != before[-1].value or "%" in before[-1].unit:
        return
    own = before[-1]
    gap = text[own.end : words.start()]
    with_it = _WITH.search(text, max(0, own.start - 8), own.start) and not gap.strip()
    key = (own.dimension if own.dimension in BY_UNIT else "") or _rate(text, sentence)
    less, more = bool(words["less"] or words["below"]), bool(words["more"] or words["above"])
    what = (words["what"] or "").strip()
    if re.match(r"faster|quicker|slower", words[0], re.IGNORECASE) and own.dimension != "bandwidth":
        return
    plain = own.dimension in RATES or _NAMES[own.dimension].fullmatch(what)
    if not key or not plain or not (with_it or _GAP.fullmatch(gap)):
        return
    other = _stated(text, mention, own, found) or _on_file(mention, key, more, context)
    if other is None:
        return
    value, because, evidence = other
    ratio = own.value / value
    ratio = 1 / ratio if less else ratio
    # Of sizes of memory none is nearly another.
    fails = ratio < 1 - _EQUAL or (own.dimension == "memory" and ratio == 1)
    holds = ratio > 1 + _EQUAL
    verdict = "confirmed" if holds else "inconsistent" if fails else "unverifiable"
    yield made(
        context, passage, (words.start(), mention.end), "ordering", verdict, subject=", ".join(mention.ids),
        attribute=key, because=f"{text[own.start : own.end]} against {because}",
        evidence=evidence,
    )  # fmt: skip


def _rate(text: str, sentence: Sentence) -> str:
    """The one precision that a sentence names, whose rate its values are."""
    keys = {
        each.attribute.key
        for each in within(named(text), sentence.start, sentence.end)
        if each.attribute.dimension in RATES
    }
    return keys.pop() if len(keys) == 1 else ""


def _plain(value: float, key: str) -> float:
    """A size of memory as it is sold, in decimal gigabytes."""
    return (nominal_gb(value) or value / _GB) * _GB if key == "memory" else value


def _stated(
    text: str, mention: Mention, own: Quantity, found: object
) -> tuple[float, str, tuple[Evidence, ...]] | None:
    """The other's value where it stands right behind its name."""
    for each in found:  # type: ignore[attr-defined]
        tied = each.start >= mention.end and re.fullmatch(
            r"(?:[\u2019']s?)?\s*(?:\(|with\s+|mit\s+|at\s+)?(?:only\s+|its\s+)?",
            text[mention.end : each.start],
        )
        if tied and each.dimension == own.dimension and each.value > 0:
            words = text[each.start : each.end]
            return each.value, words, (Evidence(f"{text[own.start : own.end]}, {words}"),)
    return None


def _on_file(
    mention: Mention, key: str, more: bool, context: Context
) -> tuple[float, str, tuple[Evidence, ...]] | None:
    """The value of the other on file; of several devices that it can mean the one that holds soonest."""
    gpus = [context.catalogue[one] for one in mention.ids]
    known = [
        (_plain(float(gpu.need(key)), key), gpu) for gpu in gpus if gpu.value(key) and gpu.confidence != "low"
    ]
    if not known or (key not in _RATE_KEYS and len({value for value, _ in known}) != 1):
        return None
    value, gpu = (min if more else max)(known, key=lambda one: one[0])
    return value, f"{gpu.id}'s {gpu.display(key)}", (on_file(gpu, attributes()[key]),)
