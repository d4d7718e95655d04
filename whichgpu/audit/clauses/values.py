"""Values that a clause states of its device: memory, bandwidth, cores, power, rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_its_own
from whichgpu.audit.devices.machine import is_machine
from whichgpu.audit.review.understood import KEPT_FOR
from whichgpu.audit.tables.variants import finding_on, verdict_on
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import one_before, within
from whichgpu.audit.values.attributes import ACCUMULATES, CHIP, attributes, named, qualifiers
from whichgpu.audit.values.binding import is_change
from whichgpu.audit.values.no_value import MODIFIED, is_nobodys, is_none

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.clauses.parts import Clause
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.gpu import Gpu

#: Rates, each of a precision that the clause must name.
_RATES = frozenset({"fp64", "fp32", "fp16", "tf32", "bf16", "fp8", "fp4", "int8", "int4"})
#: Counts, each named right behind its number.
_COUNTS = frozenset({"cores", "tensor_cores", "rt_cores", "sms"})
#: So many times what is on file, or a part of it, is of something else.
FAR = 12.0
#: Letters between a count and what it counts, and behind a value that may still say what it is.
_BEHIND, _AFTER = 12, 24
_OF_MEMORY = re.compile(r"\b(?:memory|vram|hbm\w*|gddr\w*|capacity|frame ?buffer)\b", re.IGNORECASE)
_OF_POWER = re.compile(
    r"\b(?:tdp|tgp|tbp|rated|power (?:went up|goes up|rises|rose)|(?:board|thermal|design|graphics) power|"
    r"power (?:rating|is|of|to))\b",
    re.IGNORECASE,
)
_OF_BUS = re.compile(r"[ -]?bits?[ -](?:wide |memory )*(?:bus|interface|memory)\b", re.IGNORECASE)
_HAS = re.compile(
    r"(?:\b(?:has|have|had|with|carries|packs|offers?|comes? with|gets|brings|its)|"
    r"(?<!that)(?<!what)(?<!it)(?<!there)(?<!here)[\u2019']s)\s+"
    r"(?:only |just |a |an |full |whole |\w+ly )*$",
    re.IGNORECASE,
)
#: "With 16 GB you can": what one would need.
_IF_GIVEN = re.compile(r"\W*with\s[^,;]{1,24}\s(?:you|we|one|i|it|they)\b", re.IGNORECASE)
_OF_BANDWIDTH = re.compile(rf"{_OF_MEMORY.pattern}|\bbandwidth\b", re.IGNORECASE)
_PER_ONE = re.compile(r"\bper (?:gpu|card|device|accelerator|board|module)\b", re.IGNORECASE)
#: "1,676 TFLOPS in that format": in what another sentence names.
IN_THAT = re.compile(
    r"\s+(?:in|at|with) (?:that|this|the same|either) (?:format|precision|mode|type)\b", re.IGNORECASE
)
_LINK = re.compile(r"\b(?:nvlink|links?|bridges?|bridged|interconnect|fabric|pcie|infinity)\b", re.IGNORECASE)


def values(clause: Clause, here: Sequence[Mention], context: Context) -> Iterator[Finding]:
    """The values of a clause that are not its device's."""
    text = clause.passage.text
    every = within(quantities(text, context.fraction), clause.start, clause.end)
    gpus = [context.catalogue[key] for key in clause.subject.named]
    if clause.named and is_machine(text, clause.subject.end):
        return
    if not within(here, clause.sentence.start, clause.end) and _ON_ANOTHER.match(clause.sentence.text):
        # "On B, with 36.5 GB per card, it is 7.6 ms": of what no name of the catalogue stands for.
        return
    for quantity in every:
        if any(each.start <= quantity.start < each.end for each in here):
            continue
        if not clause.named and _LAST_OF.search(text, clause.sentence.start, quantity.start):
            # "346, 936 and 768 GB/s per card": of several that were told before, one each.
            continue
        if any(each.named != clause.subject.named for each in within(here, clause.start, quantity.start)):
            # "52 % less bandwidth than the RTX 3090 has (936 GB/s)".
            continue
        attribute = _attribute(clause, quantity)
        if attribute is None or not _is_plain(clause, quantity, every):
            continue
        bound = (attribute, clause.subject)
        if not is_nobodys(text, clause.sentence, quantity, attribute) and not is_none(
            text, clause.sentence, quantity, bound, values=every, context=context
        ):
            yield from _wrong(clause, quantity, attribute, gpus, context)


_LAST_OF = re.compile(r"(?<![\w.,])\d[\d.,]*,?\s(?:and|or|&|und|et|y)\s$")
_ON_ANOTHER = re.compile(r"\W*(?:On|With|For|In|At)\s(?:the\s)?[A-Z]\w*,")


def _is_plain(clause: Clause, quantity: Quantity, every: Sequence[Quantity]) -> bool:
    """Whether a value is told as it is, and nothing up to it or right behind it says otherwise."""
    text = clause.passage.text
    if is_change(text, quantity) or quantity.high != quantity.value or quantity.limit not in ("", "about"):
        return False
    end = min(clause.end, quantity.end + _AFTER)
    words = list(text[clause.start : end])
    blanked = [(each.start, each.end) for each in every]
    blanked += [(clause.subject.start, clause.subject.end)] if clause.named else []
    for first, last in blanked:
        for at in range(max(first, clause.start), min(last, end)):
            words[at - clause.start] = " "
    return is_its_own(_PER_ONE.sub(" ", "".join(words)))


def _attribute(clause: Clause, quantity: Quantity) -> Attribute | None:
    """What a value is of, by its unit and the words of its clause; None where they leave it open."""
    text, told = clause.text, attributes()
    before = clause.passage.text[clause.start : quantity.start]
    if quantity.dimension == "bandwidth":
        of_memory = _OF_BANDWIDTH.search(clause.sentence.text) and not _LINK.search(clause.sentence.text)
        return told["bandwidth"] if of_memory else None
    if quantity.dimension == "memory":
        # "It has 32 GB for everything else" is what is left.
        given = _IF_GIVEN.match(text) or KEPT_FOR.match(clause.passage.text, quantity.end)
        plainly = _OF_MEMORY.search(text) or (_HAS.search(before) and not given)
        return told["memory"] if plainly and not MODIFIED.search(clause.passage.text) else None
    if quantity.dimension == "power":
        return told["power"] if _OF_POWER.search(text) else None
    if quantity.dimension in ("number", "count", "bits"):
        return _counted(clause, quantity)
    if quantity.dimension in ("flop rate", "op rate") and not IN_THAT.match(
        clause.passage.text, quantity.end
    ):
        return _rate(clause)
    return None


def _counted(clause: Clause, quantity: Quantity) -> Attribute | None:
    """The units that a number counts, which stand right behind it, or the bits of a bus."""
    text = clause.passage.text
    if CHIP.search(text, clause.start, quantity.start):
        # Of the whole chip.
        return None
    if _OF_BUS.match(text, quantity.end) or (
        quantity.dimension == "bits"
        and re.match(r"\s(?:bus|interface)\b", text[quantity.end : quantity.end + _BEHIND])
    ):
        return attributes()["memory_bus"]
    behind = within(named(text), quantity.end, quantity.end + _BEHIND)[:1]
    tied = [each.attribute for each in behind if not text[quantity.end : each.start].strip()]
    return tied[0] if tied and tied[0].key in _COUNTS else None


def _rate(clause: Clause) -> Attribute | None:
    """The one precision that a clause names, where it is plain whether zeros are skipped."""
    text = clause.text
    # "165 TFLOPS dense with FP32 accumulation" is a rate of FP16.
    every = (each.attribute for each in named(text) if not ACCUMULATES.match(text, each.end))
    of = {each.key: each for each in every if each.key in _RATES}
    open_ = "spars" in clause.passage.text and not qualifiers(clause.text) & {"dense"}
    return next(iter(of.values())) if len(of) == 1 and not open_ else None


def _wrong(
    clause: Clause, quantity: Quantity, attribute: Attribute, gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    said = qualifiers(clause.text)
    found = verdict_on(clause.passage.text, quantity, attribute, gpus, said=said, context=context)
    of_one = shares(quantity, attribute, gpus)
    near = any(1 / FAR < each < FAR for each in of_one)
    if found.verdict != "contradicted" or not near or _is_a_share(clause, quantity, of_one, context):
        return
    if clause.named or not _is_of_one_before(clause, found.true_for, context):
        yield finding_on(clause.passage, quantity, attribute, gpus, found=found, context=context)


def _is_of_one_before(clause: Clause, other: str, context: Context) -> bool:
    """Whether the sentence before one that goes on names the device of which a value is, and not its own."""
    before = one_before(clause.passage.text, clause.sentence.start)
    here = context.mentions.get(context.place(clause.passage), ())
    told = [one.named for each in before for one in within(here, each.start, each.end)]
    return bool(other) and clause.subject.named not in told and any(other in named for named in told)


def _is_a_share(clause: Clause, quantity: Quantity, of_one: Sequence[float], context: Context) -> bool:
    """Whether a size is a share of the memory that was told before: "90 % of the card .. has 72 GB"."""
    told = [each.value for each in quantities(clause.passage.text, context.fraction)
            if each.dimension == "percent" and each.start < quantity.start]  # fmt: skip
    return quantity.dimension == "memory" and any(
        abs(each / (share * by) - 1) < _SHARE
        for each in of_one
        for share in told
        # Of binary gigabytes, which catalogues give, and of decimal ones.
        for by in (1.0, (1e3 / 1024) ** 3)
        if share
    )


#: What rounding makes of a share.
_SHARE = 0.012


def shares(quantity: Quantity, attribute: Attribute, gpus: Sequence[Gpu]) -> list[float]:
    """A value over each one that is on file of it."""
    return [quantity.value / each for gpu in gpus for each in attribute.amounts(gpu)]
