"""Rules: "if it is memory-bound, the A6000", against the rate that decides; at which price it flips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import devices, facts, pair, ratios
from whichgpu.audit.comparisons.recommended import preferred, recommended
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.devices.roles import Spoken
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes, named
from whichgpu.audit.values.offers import on_offer
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.comparisons.pairs import Pair
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.values.attributes import Attribute

_IF = re.compile(r"\b(?:if|when|where|for|wer|wenn|who|whoever|anyone|everyone)\b", re.IGNORECASE)
_BOUND = re.compile(
    r"\b(?:memory|bandwidth|memory[- ]bandwidth)[- ](?:bound|limited|intensive)\b|"
    r"\b(?:bound|limited|dominated) by (?:the |your )?memory(?:[- ]bandwidth)?\b(?! (?:size|"
    r"capacity))",
    re.IGNORECASE,
)
_COMPUTE = re.compile(r"\bcompute[- ](?:bound|limited)\b", re.IGNORECASE)
_CRITICAL = re.compile(
    r"\b(?:is|are)\s+(?:\w+\s+)?(?:critical|crucial|essential|important|needed|required|paramount|vital)\b"
    r"|\bis (?:the |your )?(?:main |primary |key )?(?:bottleneck|limiting factor|priority|concern)\b"
    r"|\b(?:sensitive to|needs?|requires?|rel(?:y|ies) on|depends? on|counts|is what|prioriti[sz]e|"
    r"matters)\b",
    re.IGNORECASE,
)
_CHOOSE = re.compile(
    r"\b(?:choose|pick|go with|opt for|(?:should|can|must) (?:get|buy|take|use|stay with)|strong contender|"
    r"(?:strong|good|great|solid|excellent|fine|safe|natural|perfect|sensible) (?:choice|option|pick|fit)|"
    r"better choice|best choice|way to go|right choice|"
    r"ideal|(?:clear )?winner|recommended|option|prefer\w*|is better|rely on[^.;]{0,40}\bwith|wins|can "
    r"save|beats?|outruns?|"
    r"outperforms?)\b",
    re.IGNORECASE,
)
_THEN = re.compile(r"(?:,|;)\s+(?:and|but|while|whereas)\s+(?:for|if|when)\b", re.IGNORECASE)
_OVER = re.compile(r"\s*(?:over|rather than|instead of)\s+(?:an?|the)?\s*", re.IGNORECASE)
#: An entry of a list of work with the device for it: "Scientific codes in FP64: L40S".
_NEED = re.compile(r"[^:.;]{4,90}(?::|\u2192|->|=>|\u2013)")
_FOR_FP64 = re.compile(r"\b(?:for|in|with)\s+(?:[\w-]+\s+){0,3}(?:FP64|double[- ]precision)\b", re.IGNORECASE)
OF_FP64 = re.compile(r"\b(?:FP64|double[- ]precision)\b", re.IGNORECASE)
_BY_ITSELF = re.compile(r"[\s*_]*(?:the\s+|an?\s+|choose\s+|pick\s+|nvidia\s+)*", re.IGNORECASE)
_END = re.compile(r"[\s*_]*(?:[.,;(!]|$)")
#: A smaller share of FP32 than this is FP64 for compatibility only.
_LITTLE = 1 / 16
#: Attributes that a rule may turn on.
_RATES = ("bandwidth", "memory", "fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "int8", "nvlink")


def find(context: Context) -> Iterator[Finding]:
    """Every rule with its verdict."""
    for table in context.document.tables:
        yield from _of_table(table, context)
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in ("paragraph", "item"):
            continue
        found = context.mentions.get(index, ())
        for sentence in sentences(passage.text):
            # "Get the RTX 4090, and for large-scale training rent H100s" goes on with another rule.
            then = _THEN.search(passage.text, sentence.start, sentence.end)
            here = within(found, sentence.start, then.start() if then else sentence.end)
            if passage.kind == "item" and len(here) == 1 and _is_for_fp64(passage.text, here[0]):
                yield from without_fp64(passage, (0, here[0].end), here[0], context)
                continue
            if not here or not _IF.search(sentence.text):
                continue
            if not _CHOOSE.search(sentence.text) and not recommended(passage.text, sentence.start, here):
                continue
            chosen = _chosen(passage.text, sentence.start, here)
            if chosen is not None:
                yield from _judged(passage, (sentence.start, sentence.end), chosen, context)


def _of_table(table: Table, context: Context) -> Iterator[Finding]:
    """Work in FP64 in the rows of a table, with the one device that it recommends for it."""
    heads = [cell.text if cell else "" for cell in table.rows[0][:_COLUMNS]]
    columns = [i for i, head in enumerate(heads) if i and _RECOMMENDS.search(head)]
    for row in range(1, min(len(table.rows), _ROWS) if columns else 0):
        first = table.cell(row, 0)
        for column in columns if first and OF_FP64.search(first.text) else ():
            cell = table.cell(row, column)
            named_there = list(mentions(cell.text, context.catalogue)) if cell else []
            if cell and len(named_there) == 1:
                yield from without_fp64(cell, (0, len(cell.text)), named_there[0], context)


#: Headers of what is recommended; columns and rows that are looked at.
_RECOMMENDS = re.compile(r"\b(?:recommend\w*|best (?:gpu|card|choice)|our pick|choose)\b", re.IGNORECASE)
_COLUMNS, _ROWS = 8, 60


def _is_for_fp64(text: str, chosen: Mention) -> bool:
    """Whether an entry of a list names a device alone for work in FP64: "Scientific codes in FP64: L40S"."""
    need = _NEED.match(text)
    if need is None or not OF_FP64.search(need[0]) or not _END.match(text, chosen.end):
        return False
    return _BY_ITSELF.fullmatch(text, need.end(), chosen.start) is not None


def _chosen(text: str, start: int, here: Sequence[Mention]) -> tuple[Mention, Sequence[Mention]] | None:
    """The device that a rule names, and the one that it names it over."""
    if len({each.named for each in here}) == 1:
        return here[-1], [here[-1]]
    if len(here) == 2 and _OVER.fullmatch(text[here[0].end : here[1].start]):
        return here[0], here
    if len({each.named for each in here}) == 2:
        chosen = recommended(text, start, here)
        other = preferred(text, here, chosen[0]) if chosen else None
        return (chosen[0], [chosen[0], other]) if other else None
    return None


def _judged(
    passage: Passage, place: tuple[int, int], named_here: tuple[Mention, Sequence[Mention]], context: Context
) -> Iterator[Finding]:
    """Confirmed where the chosen device is the better at what decides, contradicted where it is the worse."""
    chosen, here = named_here
    text = passage.text[place[0] : chosen.start]
    attribute = _decisive(text)
    if attribute and attribute.key == "fp64":
        yield from without_fp64(passage, (place[0], chosen.end), chosen, context)
    condition = _BOUND.search(text) or _CRITICAL.search(text)
    start = place[0] + condition.start() if condition else place[0]
    both = pair(chosen.end, chosen.end, Spoken(here, (), (), passage.text), context)
    values = ratios(attribute, both, context) if attribute and both else []
    if attribute is None or both is None or not values:
        return
    if len(here) < _TWO != len(devices(context)) and _GOOD.search(passage.text, chosen.end, place[1]):
        # "The A100 is a great pick" leaves room for a better one.
        return
    ratio = min(values, key=lambda one: abs(one[0] - 1)) if _wins(values) else max(values)
    because = f"{ratio[1]}: {ratio[0]:.2g} times; {_flip(ratio[0], both)}"
    verdict = "confirmed" if _wins(values) else "contradicted" if ratio[0] < 0.95 else "unverifiable"
    yield made(context, passage, (start, chosen.end), "rule", verdict, subject=both.subject,
               attribute=attribute.key, because=because,
               evidence=(*facts(attribute, both, context), Evidence(because)))  # fmt: skip


def without_fp64(
    passage: Passage, place: tuple[int, int], chosen: Mention, context: Context
) -> Iterator[Finding]:
    """A card that runs FP64 at a small share of FP32 is the choice for FP64 under no condition."""
    gpus = [context.catalogue[key] for key in chosen.ids]
    shares = [gpu.need("fp64") / gpu.need("fp32") for gpu in gpus if gpu.value("fp64") and gpu.value("fp32")]
    if not shares or max(shares) > _LITTLE:
        return
    because = f"{gpus[0].id} runs FP64 at 1/{1 / max(shares):.0f} of FP32"
    yield made(context, passage, place, "rule", "contradicted", subject=gpus[0].id, attribute="fp64",
               because=because, evidence=(source_of(gpus[0], "fp64"), Evidence(because)))  # fmt: skip


_GOOD = re.compile(
    r"\s+(?:is|are|remains|would be|makes)\s+(?:also\s+|still\s+)?an?\s+(?:[\w-]+\s+){0,2}(?:choice|"
    r"option|pick|fit|contender|bet)\b",
    re.IGNORECASE,
)
_TWO = 2


def _wins(values: list[tuple[float, str]]) -> bool:
    return any(value > 1.0 for value, _ in values)


def _decisive(text: str) -> Attribute | None:
    """The attribute that a rule's condition turns on."""
    if _BOUND.search(text):
        return attributes()["bandwidth"]
    if _COMPUTE.search(text):
        return None
    if not _CRITICAL.search(text) and not _FOR_FP64.search(text):
        return None
    found = [each.attribute for each in named(text) if each.attribute.key in _RATES]
    return found[0] if found else None


def _flip(ratio: float, both: Pair) -> str:
    """At which ratio of prices the choice flips, and what the offers on file are."""
    words = f"per dollar it flips where the one costs {ratio:.2g} times the other"
    own, other = on_offer(both.first), on_offer(both.second)
    if own is None or other is None:
        return words
    asked = [f"{each.low:.2f} to {each.high:.2f}" for each in (own, other)]
    return f"{words} (offers on file: {asked[0]} against {asked[1]} USD/h)"
