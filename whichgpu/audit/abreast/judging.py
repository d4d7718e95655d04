"""Whether what a paragraph says of two of its devices is so of any two that can be meant."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.abreast.sides import clause_of
from whichgpu.audit.devices.as_stated import as_stated
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.attributes import attributes
from whichgpu.audit.values.certainty import certain
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.abreast.sayings import Saying
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: What makes an amount one of something else than of two devices as they are sold.
_ELSE = re.compile(
    r"\b(?:both|together|combined|total\w*|pairs?|nodes?|servers?|systems?|clusters?|racks?|machines?|used|"
    r"second[- ]hand|two|three|four|six|eight|several|"
    r"rent\w*|hour\w*|month\w*|year\w*|days?|tokens?|images?|requests?|speed-?ups?|throughput|"
    r"latenc\w+|training|inference|performance|sparse|sparsity|slices?|instances?|measured|"
    r"tests?|tested|benchmark\w*|weights?|parameters?|models?|cache|batch\w*|context|effective\w*|"
    r"idl\w+|load|"
    r"overclock\w*|undervolt\w*|efficien\w+|value|street|today|now|current\w*|if|would|could|might|cooler|"
    r"host|cpu|games?|gaming|fps|frames?|resolution|versions?|variants?|usable|free|left|remain\w*|"
    r"generations?|predecessors?|successors?|previous|next (?:\w+ )?(?:card|gpu|one|step|size)|others?|"
    r"any|every|most|average|family|series|line-?up|"
    r"you|your|not|never|neither|nor|no longer|per (?:watt|dollar|core|euro)|nvlink|links?|interconnect|"
    r"l2|clock\w*|"
    r"dies|quanti\w+|limit\w*|i|we|my|our)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_SET_OFF = re.compile(
    r"\b(?:one another|each other|in other words|per (?:gpu|card)|more than|no more)\b", re.IGNORECASE
)
#: In its sentence: what money or a watt buys of each is no amount of either: "a dollar buys 2.3x the memory".
_BOUGHT = re.compile(
    r"\b(?:dollars?|euros?|money|buck|USD|EUR|watts?|joules?|penn(?:y|ies)|price)\s(?:\w+\s){0,2}?"
    r"(?:buys?|gets?|gives?|brings?|goes)\b|"
    r"\bfor (?:the same|every|each|a) (?:money|price|dollar|euro|watt)\b",
    re.IGNORECASE,
)
#: Before it, that several of one are spoken of; of which forms of one.
_SEVERAL = re.compile(r"\b(?:together|combined|pair of|pairs|two of|both of)\b", re.IGNORECASE)
_FORMS = re.compile(
    r"\b(?:versions?|variants?|editions?|revisions?)\b|"
    r"\b\d{1,3}\s?GB\s(?=(?:RTX\s|GTX\s|RX\s)?\d{4}\b|(?-i:[A-Z]+\d))",
    re.IGNORECASE,
)
_BACK = 130


def accused(
    saying: Saying, pairs: Sequence[tuple[list[Gpu], list[Gpu]]], passage: Passage, sentence: Sentence,
    context: Context,
) -> Finding | None:  # fmt: skip
    """The accusation of a saying that is so of none of the pairs, nor of what is told around it."""
    start, end = clause_of(saying, sentence)
    words = f"{saying.masked[start : saying.start]} {saying.masked[saying.end : end]}"
    before = saying.masked[max(0, sentence.start - _BACK) : saying.start]
    if (
        _ELSE.search(_SET_OFF.sub(" ", words))
        or _BOUGHT.search(sentence.text)
        or _SEVERAL.search(before)
        or _FORMS.search(passage.text, max(0, sentence.start - _BACK), sentence.end)
    ):
        return None
    field = attributes()[saying.key].fields[0]
    real: list[tuple[float, float]] = []
    for one, other in pairs:
        stated = set(as_stated([gpu.id for gpu in (*one, *other)], field, context))
        sides = [
            [value for gpu in side if gpu.id in stated for value in _values(gpu, saying.key)]
            for side in (one, other)
        ]
        if not all(sides) or not all(certain(gpu, field) for gpu in (*one, *other)):
            return None
        real += [(a, b) for a in sides[0] for b in sides[1]]
    told = _told(passage.text, saying, context)
    if any(saying.holds(a, b) or saying.holds(b, a) for a, b in (*real, *told)):
        return None
    shown = dict.fromkeys(
        f"{gpu.id} has {gpu.display(field)}" for two in pairs for side in two for gpu in side
    )
    because = f"of those that the paragraph speaks of, {'; '.join([*shown][:5])}"
    return made(
        context, passage, (saying.start, saying.end), "ratio", "contradicted", attribute=saying.key,
        subject=", ".join(dict.fromkeys(gpu.id for two in pairs for side in two for gpu in side)),
        because=because,
        evidence=(Evidence(because),),
    )  # fmt: skip


def _values(gpu: Gpu, key: str) -> list[float]:
    found = attributes()[key].amounts(gpu)
    return [*found, *((nominal_gb(each) or 0) * 1e9 for each in found)] if key == "memory" else found


def _told(text: str, saying: Saying, context: Context) -> list[tuple[float, float]]:
    """Each two amounts of the kind that the paragraph tells."""
    of = attributes()[saying.key].dimension
    every = [
        each.value
        for each in quantities(text, context.fraction)
        if each.dimension == of and each.value > 0 and not saying.start <= each.start < saying.end
    ]
    # What a level saying is wrong of may be told at another place of one device twice.
    return [(a, b) for a, b in permutations(dict.fromkeys(every[:16]), 2)]
