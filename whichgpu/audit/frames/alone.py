"""What one device alone is said to have, of all there are: "HBM is found exclusively on the H100"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.only import OWNED, segment_of
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.findings import made
from whichgpu.audit.frames.quantified import MARKETS, property_said
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_NOUN = (
    r"(?:gpus?|(?:graphics )?cards?|accelerators?|graphics processors?|chips?|boards?|products?|devices?|"
    r"models?)"
)
#: What excludes all others, whatever a text speaks of.
_ANYWHERE = re.compile(
    rf"\b(?:nowhere else|(?<!and )nothing else(?! (?:is|to|in|but|was|matters))|(?:on |by |"
    rf"in )?no other (?:[\w-]+ ){{0,2}}{_NOUN}|none but|nobody but|"
    rf"the (?:one|sole|single) (?:[\w-]+ ){{0,2}}{_NOUN}(?: on the market| anywhere| in the world)?\s+"
    r"(?:with|that|to|which|equipped|offering|having))\b",
    re.IGNORECASE,
)
#: What excludes others of those that a text speaks of, or all where it speaks of no other.
_ALONE = re.compile(
    r"\b(?:exclusive(?:ly)?|unique (?:to|among)|solely|alone)\b|"
    r"(?<!not )\bonly (?:(?:available |supported |found |offered |present )?(?:on |with |in ))?"
    r"(?:the |an? |nvidia[\u2019']s |nvidia )*(?=(?-i:[A-Z]))",
    re.IGNORECASE,
)
#: The devices among which one alone is so, where these are a class and not those of the text.
_OF_A_CLASS = re.compile(
    r"\b(?:among|of|across)\s+(?:all\s+|the\s+|nvidia[\u2019']?s?\s+|desktop\s+)*"
    r"(?:consumer|gaming|geforce|workstation|professional|data[- ]?cent(?:er|re))\s+"
    r"(?:gpus|cards|graphics cards|accelerators)\b",
    re.IGNORECASE,
)
#: What narrows that to some, to a time, or to what no catalogue holds.
_AMONG = re.compile(
    # "On a cloud, MIG is only available on the A100".
    r"(?-i:^\s*(?:On|At|With|In|For)\s[^,.;]{2,40},)|"
    r"\b(?:(?:not|no longer|hardly|nor) (?:the )?(?:exclusive|unique|only|alone|sole|one|single)|"
    r"among (?:the|these|those)|of (?:these|those|all|them|our)|of the (?:two|three|four|five|six|cards|"
    r"gpus|lot|bunch|list|above|contenders|candidates)|here(?! is\b|[\u2019']s\b)|"
    r"in (?:this|our)|in the (?:list|table|comparison|test|group|line-?up|lab|rack|cluster)|until|"
    r"before|back|then|at the time|currently|so far|was|were|two|three|four|ours?|my|we|table|list|"
    r"in (?:its|their) (?:class|range|segment|price)|price|under|affordable|cheap\w*|comparison|"
    r"compared?|single[- ]slot|"
    r"low[- ]profile|passive\w*|(?:more|less|better|faster|cheaper|higher|larger) than|let alone|almost|"
    r"nearly|never|cannot|combin\w+|both|together|at (?:this|that)|laptops?|"
    r"software|licen[cs]e\w*|driver|exclusive access|leave alone|alone (?:takes?|costs?|needs?|"
    r"is enough|uses?|draws?|makes?))\b|"
    r"n[\u2019']t\b",
    re.IGNORECASE,
)
_KEYS = frozenset({"mig", "nvlink", "fp8", "fp4", "bf16", "tf32", "ecc", "tensor_cores", "sparsity",
                   "transformer_engine",
                   "ray_tracing", "av1_encode", "memory_type", "dpx", "memory"})  # fmt: skip


def alone(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """A claim that no other device has something, which another has."""
    if OWNED.search(sentence.text) or _AMONG.search(sentence.text):
        return
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    said = _ANYWHERE.search(passage.text, sentence.start, sentence.end)
    anywhere = said is not None
    if (
        said is None
        and here
        and (
            len({each.named for found in context.mentions.values() for each in found}) == 1
            or (len({each.named for each in here}) == 1 and _OF_A_CLASS.search(sentence.text))
        )
    ):
        said = _ALONE.search(passage.text, sentence.start, sentence.end)
    if said is None:
        return
    # Of several devices the clause of the claim has what is claimed.
    start = said.start() if len({each.named for each in here}) > 1 else sentence.start
    what = property_said(passage.text, start, sentence.end, context)
    if what is None or what.key not in _KEYS or (what.key == "memory" and not anywhere):
        return
    words = passage.text[start : sentence.end]
    for each in here:
        # "6000 Ada" narrows nothing to Ada.
        words = words.replace(each.text, " ")
    rivals = _rivals(words, here, what.has, context)
    # Whichever device is meant where the sentence names none, it is not alone if two have it.
    if len({gpu.value("chip") for gpu in rivals}) < (_SOME if here else _TWO):
        return
    rival = min(rivals, key=lambda gpu: str(gpu.value("release_date") or "9"))
    because = f"{rival.id} has it too"
    if rival.value(what.field) is not None and what.field != "compute_capability":
        because += f": {rival.display(what.field)}"
    names = within(here, start, sentence.end)
    place = (
        min([said.start(), *(each.start for each in names)]),
        max([said.end(), *(each.end for each in names)]),
    )
    subject = names[0].ids[0] if names else rival.id
    yield made(context, passage, place, "absolute", "contradicted", subject=subject,
               attribute=what.key, because=because, evidence=(source_of(rival, what.field),))  # fmt: skip


#: Chips that have it too.
_SOME, _TWO = 1, 2


def _rivals(
    words: str, own: Sequence[Mention], has: Callable[[Gpu], bool | None], context: Context
) -> list[Gpu]:
    """The devices that are so within what the words narrow the claim to, of other chips than those named."""
    segment, family = segment_of(words), architectures().search(words)
    named = {key for each in own for key in each.named}
    chips = {context.catalogue[key].value("chip") for key in named}
    models = {model(key, context.catalogue) for key in named}
    vendors = {context.catalogue[key].vendor for key in named} or {"NVIDIA"}
    return [
        gpu
        for gpu in context.catalogue.values()
        if gpu.confidence != "low"
        and gpu.segment in MARKETS
        and gpu.segment == (segment or gpu.segment)
        and gpu.vendor in vendors
        and (family is None or is_of(gpu, family[0]))
        and gpu.value("chip") not in chips
        and model(gpu.id, context.catalogue) not in models
        and has(gpu) is True
    ]
